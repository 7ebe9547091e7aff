/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a visit is, and how it is called, when messages have moved it.
 *
 *     ctx_visit_sort(arena, move, n);
 *     struct ctx_visit v = {person, event.encounter};
 *     ctx_visit_follow(move, n, &v);
 *     if (v.person == asked)
 *         keep(&event, v.encounter);
 *
 * A move says that from its moment on the visit `prior_visit` of person `prior`
 * is the visit `visit` of person `current`: one and the same person where it
 * only got another number.  Everything of that visit goes along, whenever it
 * was said.  From where a visit stands the last move said of it leads on, then
 * the last of those said then or later, and so on: moved and moved back, it is
 * where it was.  Where those of one moment lead in a circle the first alone
 * counts: two that changed places did so.  The order in which moves arrived
 * changes nothing.
 *
 * Persons are numbers that the caller gives to those whom context/identity.h
 * found, as of the same moment as the moves.  Where a visit is takes log n
 * comparisons and the moves that were said of it.
 *
 * Thread-safety: immutable.  Ownership: strings are the caller's. */
#ifndef CONTEXT_VISIT_H
#define CONTEXT_VISIT_H

#include "context/event.h"
#include "context/reading.h"

struct ctx_visit {
    size_t person;
    struct an_str encounter; /* of an event; "" is no visit and never moves */
};

struct ctx_visit_move {
    size_t current, prior; /* persons */
    const struct ctx_claim *claim;
};

/* As ctx_visit_follow needs them.  False without memory. */
bool ctx_visit_sort(struct an_arena *arena, struct ctx_visit_move *move,
                    size_t n) __attribute__((warn_unused_result));

/* The move that leads on from where *v stands, behind `last` (NULL: no move led
 * there); NULL when it stays. */
const struct ctx_visit_move *ctx_visit_next(const struct ctx_visit_move *move,
                                            size_t n, const struct ctx_visit *v,
                                            const struct ctx_visit_move *last);

/* True when it moved.  The second tells of each visit on the way: of some more
 * than once, where moves lead in a circle, and the last told need not be *v. */
bool ctx_visit_follow(const struct ctx_visit_move *move, size_t n,
                      struct ctx_visit *v);
bool ctx_visit_walk(const struct ctx_visit_move *move, size_t n,
                    struct ctx_visit *v,
                    void (*at)(void *ctx, const struct ctx_visit *v),
                    void *ctx);

/* The fact key of an event whose visit is called otherwise now: the admission,
 * transfer, discharge or diagnosis of a visit is known by the visit's number.
 * Others stay as they are.  `fact` may be the event's own.  False without
 * memory. */
bool ctx_visit_fact(struct an_arena *arena, const struct ctx_event *e,
                    struct an_str encounter, struct an_str *fact);

#endif

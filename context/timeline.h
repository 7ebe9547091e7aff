/* SPDX-License-Identifier: Apache-2.0 */
/* A patient's events in the order in which they happened.
 *
 *     ctx_timeline_build(arena, all, n, CTX_AS_OF_ALL, &t, err);
 *     for (size_t i = 0; i < t.n_events; i++)
 *         use(t.event[i]);
 *
 * `all` is everything that any message ever said about the patient, in any
 * order.  Of each fact the timeline keeps the version that counts as of the
 * asked moment: among those available by then, the one said last, then the one
 * with the higher status, then the one whose message id is larger (so that the
 * answer never depends on arrival).  A message may say several events of one
 * fact (components, repeats): the winning message's are kept together, except
 * those among them that are withdrawn.  A fact whose winner was withdrawn is
 * left out.  An event with no fact key is a version of nothing else.  A fact stays
 * as confidential as its versions said (context/label.h) until one of them
 * states it anew: events that the winner labels less are copies.  The same
 * event twice (one message filed under two identifiers of a patient that were
 * merged later) counts once.
 *
 * Labels are the exception to "as of": how confidential a fact is, is asked of all
 * that was ever said of it, so that looking back shows nothing that has been
 * closed since.  So `all` holds what came later, too, and what was said of the
 * same facts where nobody knew then that it is the same patient: those with an
 * available_us of CTX_AS_OF_ALL, which were never known.
 *
 * Takes n log n comparisons and memory for 1.5 n pointers, a third given back.
 *
 * Thread-safety: confined to the arena.  Ownership: the array is the arena's,
 * the events are the caller's. */
#ifndef CONTEXT_TIMELINE_H
#define CONTEXT_TIMELINE_H

#include "base/arena.h"
#include "base/err.h"
#include "context/event.h"

struct ctx_timeline {
    const struct ctx_event *const *event; /* by effective time, then content */
    size_t n_events;
    int64_t as_of_us;
};

/* As of the end of time: everything said so far counts. */
#define CTX_AS_OF_ALL INT64_MAX

/* Fails with AN_NOMEM alone; *out is empty then. */
enum an_code ctx_timeline_build(struct an_arena *arena,
                                const struct ctx_event *all, size_t n,
                                int64_t as_of_us, struct ctx_timeline *out,
                                struct an_err *err)
    __attribute__((warn_unused_result));

/* The total order of a timeline: effective time (no time first, and of equal
 * moments the one said less precisely), kind, concept, fact, place, message,
 * then all the rest.  0 only for events that are the same in every field. */
int ctx_event_cmp(const struct ctx_event *a, const struct ctx_event *b);

/* Two versions of one fact: greater than 0 when a counts, of these two. */
int ctx_version_cmp(const struct ctx_event *a, const struct ctx_event *b);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Which birth date and which sex count when senders disagree.
 *
 *     ctx_agree(arena, &history.timeline, trusted, n, &agreed, err);
 *     use(&agreed.timeline);          -- one birth, one sex at most
 *     if (agreed.disputed)
 *         abstain();
 *
 * Birth and sex are a fact of each sender: its key is "birth" or "sex", "|" and
 * the sender.  A timeline has what each said last, and keeps all of it.
 *
 * What counts is said by the first of `trusted` who says it; where none of them
 * does, it was said last, at one moment by the sender whose name is larger.
 * Where it was not a trusted sender and another says something else, it is in
 * dispute, and neither counts.  A date that is said less precisely agrees with
 * one within it; a sex that is unknown agrees with any.  A fact without "|", of
 * before they named who says so, counts where nobody else says it.
 *
 * Thread-safety: confined to the arena.  Ownership: the list is the arena's,
 * the events are the timeline's. */
#ifndef CONTEXT_AGREE_H
#define CONTEXT_AGREE_H

#include "context/timeline.h"

enum ctx_dispute { CTX_DISPUTE_BIRTH = 1, CTX_DISPUTE_SEX = 2 };

struct ctx_agreed {
    struct ctx_timeline timeline;
    unsigned disputed; /* of enum ctx_dispute */
    unsigned decided;  /* others say something else, a trusted sender counts */
    const struct ctx_event *birth, *sex; /* what counts, or was said last of
                                            what is in dispute; NULL: unsaid */
};

/* AN_NOMEM. */
enum an_code ctx_agree(struct an_arena *arena, const struct ctx_timeline *t,
                       const struct an_str *trusted, size_t n,
                       struct ctx_agreed *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* "ADT|NORTH" of such an event; "" when its key names none. */
struct an_str ctx_agree_sender(const struct ctx_event *e);

#endif

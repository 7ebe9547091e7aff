/* SPDX-License-Identifier: Apache-2.0 */
/* One notification under way, and which file does what: notice.c is what all of
 * them need (T1, the server), subscribed.c what one leads to, withdrawn.c what
 * follows from a deletion.
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_NOTICE_INT_H
#define PLUGIN_NOTICE_INT_H

#include "plugin/subscriptions_int.h"

struct pl_noticing {
    struct pl_subscription *u;
    struct an_arena *arena;
    struct pl_noticed *out;
    struct pl_fetch *fetch; /* opened when it is needed */
    size_t n_parts;         /* patients of the last message that was put */
};

/* What is refused or fails decides the answer, and the first that does. */
bool pl_notice_is_good(const struct pl_noticing *k);
/* T1 of one message, whose answer is the answer so far. */
void pl_notice_put(struct pl_noticing *k, struct an_str bytes);
/* What a page or a focus took since the mark, and the answer to it; a bad one is
 * kept. */
void pl_notice_give_back(struct pl_noticing *k, struct an_mark mark);
/* Decide the answer: with `err` NULL, that all is well. */
void pl_notice_refuse(struct pl_noticing *k, enum pl_verdict verdict,
                      const struct an_err *err);
/* The server did not do its part: counted, logged, and to be sent again. */
void pl_notice_fault(struct pl_noticing *k, enum an_code code, long status);

/* These are false when the answer is decided. */
bool pl_notice_reach(struct pl_noticing *k);
bool pl_notice_get(struct pl_noticing *k, struct an_str url,
                   struct pl_fetch_answer *answer);
/* Does it begin with a scheme? */
bool pl_notice_is_absolute(struct an_str reference);
/* Once it is reached: "Observation/1" or an address under the base; "" for
 * anything else. */
struct an_str pl_notice_address(struct pl_noticing *k, struct an_str reference);

/* "Observation/1" is no more since then ("" when that is not told): what it said is
 * withdrawn, here and now or once it comes.  Who it was about is known by the
 * server's history of it, and by our store. */
void pl_notice_withdraw(struct pl_noticing *k, struct an_str reference,
                        struct an_str at);

#endif

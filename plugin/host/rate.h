/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests one address may make: so many in a second on average, and a
 * burst at once.  What one address spends is taken from no other.
 *
 *     pl_rate_open(&(struct pl_rate_options){.per_s = 50, .burst = 100}, &r, err);
 *     if ((wait_s = pl_rate_take(r, address, pl_now_us())) > 0)
 *         answer_429(wait_s);
 *
 * Of IPv6 the first 64 bits are the address: who has one has them all.  Memory is
 * the same however many come: an address that has spent nothing for its burst's
 * time needs no place, and when all places of a row are in use the one that has
 * spent least gives way, which is a gift to that one and to nobody a loss.
 *
 * Thread-safety: shared; takes its own lock for some hundred nanoseconds. */
#ifndef PLUGIN_HOST_RATE_H
#define PLUGIN_HOST_RATE_H

#include "base/err.h"

struct pl_rate;

struct pl_rate_options {
    uint32_t per_s; /* at least 1 */
    uint32_t burst; /* at least 1 */
    size_t places;  /* addresses at a time; 0: 4,096 */
    uint64_t key;   /* scatters them: one that senders do not know */
};

/* AN_NOMEM. */
enum an_code pl_rate_open(const struct pl_rate_options *options,
                          struct pl_rate **out, struct an_err *err)
    __attribute__((warn_unused_result));
/* NULL is nothing to close. */
void pl_rate_close(struct pl_rate *r);

/* 0: it may, and this counts.  Else in how many whole seconds it may again, which
 * counts for nothing.  `now_us` is a clock that is not set back. */
uint32_t pl_rate_take(struct pl_rate *r, const uint8_t address[16],
                      int64_t now_us);

#endif

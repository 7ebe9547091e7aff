/* SPDX-License-Identifier: Apache-2.0 */
/* Hands off: while somebody answers what a message triggers in his own thread,
 * the watch leaves the triggers of that message, and of later ones, alone.
 *
 *     pl_hold_take(holds, &hold);            -- before T1
 *     ...                                    -- T1, and the answer
 *     pl_hold_let(holds, &hold, receipt.message);
 *
 * Numbers of messages ascend, so a hold reaches from the newest message that
 * was known when it was taken: whatever its message's number will be, it is
 * above.  Under load that line moves on with each hold that ends, so nothing
 * waits for longer than the slowest call.
 *
 * Thread-safety: shared, except init and release.  Ownership: a hold is its
 * taker's and stays where it is until it is let go. */
#ifndef PLUGIN_HOLD_H
#define PLUGIN_HOLD_H

#include <pthread.h>
#include <stdint.h>

struct pl_hold {
    int64_t above; /* messages above this number are left alone */
    struct pl_hold *next, **link;
};

struct pl_holds {
    pthread_mutex_t lock;
    struct pl_hold *first;
    int64_t newest; /* message that is known to be stored */
};

void pl_holds_init(struct pl_holds *h);
void pl_holds_release(struct pl_holds *h); /* nobody holds anything */

void pl_hold_take(struct pl_holds *h, struct pl_hold *hold);
/* `message`: the number it got, 0 for none. */
void pl_hold_let(struct pl_holds *h, struct pl_hold *hold, int64_t message);

/* The last message whose triggers anybody may answer.  To be asked after the
 * triggers were read.  `h` may be NULL. */
int64_t pl_hold_free_until(struct pl_holds *h);

#endif

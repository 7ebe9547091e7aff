/* SPDX-License-Identifier: Apache-2.0 */
/* What came lately, by which feed and from whom: for those who watch feeds, and
 * begin anew from it at each start.
 *
 * Both look at the newest PL_ARRIVALS messages only.  They fail as the calls of
 * reader.h do.  Thread-safety: the reader's. */
#ifndef PLUGIN_STORE_ARRIVALS_H
#define PLUGIN_STORE_ARRIVALS_H

#include "plugin/store/reader.h"

enum { PL_ARRIVALS = 100000 };

struct pl_arrival {
    int64_t message;
    struct an_str feed, sender; /* until the call returns */
    int64_t received_us, said_us;
};

/* `take` for each, oldest first. */
enum an_code pl_arrivals(struct pl_reader *r,
                         void (*take)(void *user, const struct pl_arrival *a),
                         void *user, struct an_err *err)
    __attribute__((warn_unused_result));

/* The newest message of a feed before number `before`.  AN_NOTFOUND. */
enum an_code pl_message_of_feed(struct pl_reader *r, struct an_arena *arena,
                                struct an_str feed, int64_t before,
                                struct pl_message *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

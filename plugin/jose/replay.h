/* SPDX-License-Identifier: Apache-2.0 */
/* Which tokens have been used: a table of constant size.
 *
 * A token is remembered by a hash of its issuer and jti until it would not be
 * taken any more, so that forgetting it opens nothing.  Where a row of the table
 * is full of such, the next token is refused rather than one forgotten.  A
 * restart forgets all; what was issued before it is refused by its iat
 * (plugin/jose/bearer.h).
 *
 * Thread-safety: shared. */
#ifndef PLUGIN_JOSE_REPLAY_H
#define PLUGIN_JOSE_REPLAY_H

#include "base/err.h"
#include "base/str.h"

enum { PL_REPLAYS = 1 << 18 }; /* 6 MiB, where all of it is used */

struct pl_replay;

enum pl_replay_fate { PL_REPLAY_NEW, PL_REPLAY_SEEN, PL_REPLAY_FULL };

/* Room for n tokens, rounded up to whole rows. */
enum an_code pl_replay_open(size_t n, struct pl_replay **out,
                            struct an_err *err)
    __attribute__((warn_unused_result));
/* NULL is nothing to close. */
void pl_replay_close(struct pl_replay *r);

/* Use a token, which is good until that second. */
enum pl_replay_fate pl_replay_use(struct pl_replay *r, struct an_str issuer,
                                  struct an_str jti, int64_t until_s,
                                  int64_t now_s);

#endif

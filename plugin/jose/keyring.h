/* SPDX-License-Identifier: Apache-2.0 */
/* One client's public keys, kept fresh: from its address, by libcurl with the
 * rules of plugin/fetch/, or from a file.
 *
 * A set is used until its max-age is over (10 minutes where none is said, never
 * less than refresh_ms or more than a day) and fetched anew by the request that
 * comes next, or when a kid is asked for that it has not; never twice within
 * refresh_ms, nor within retry_ms of a failure.  One request fetches, for
 * timeout_ms at most; others go on with the keys that are there, and wait, no
 * longer than that, only when those do not serve.  When the source fails, or
 * serves what pl_keys_read refuses, the last good set counts for outage_ms after
 * its max-age.
 *
 * Thread-safety: shared.  Time is given, in milliseconds that only grow. */
#ifndef PLUGIN_JOSE_KEYRING_H
#define PLUGIN_JOSE_KEYRING_H

#include "base/log.h"
#include "plugin/jose/clients.h"
#include "plugin/jose/keys.h"

struct pl_keyring;

struct pl_keyring_options {
    const struct pl_client_row *client; /* must outlive the keyring */
    size_t number;                      /* of the client, from 1: for the log */
    int64_t timeout_ms, refresh_ms, retry_ms, outage_ms;
    struct an_log *log;
};

struct pl_keyring_counts {
    uint64_t n_got, n_failed;
};

enum pl_keyring_fate {
    PL_KEYRING_FOUND,
    PL_KEYRING_UNKNOWN, /* a good set, without that kid */
    PL_KEYRING_NONE,    /* no good set */
    PL_KEYRING_NOMEM
};

enum an_code pl_keyring_open(const struct pl_keyring_options *options,
                             struct pl_keyring **out, struct an_err *err)
    __attribute__((warn_unused_result));
/* NULL is nothing to close. */
void pl_keyring_close(struct pl_keyring *ring);

/* The key is a copy in the arena. */
enum pl_keyring_fate pl_keyring_find(struct pl_keyring *ring,
                                     struct an_arena *arena, struct an_str kid,
                                     int64_t now_ms, struct pl_key *key);

struct pl_keyring_counts pl_keyring_counts(struct pl_keyring *ring);

#endif

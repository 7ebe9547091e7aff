/* SPDX-License-Identifier: Apache-2.0 */
/* May this caller use the CDS services?  The listed clients, their keys, and
 * the tokens that were used, in one question.
 *
 *     pl_trust_open(&options, &trust, err);
 *     why = pl_trust_ask(trust, arena, &question);
 *     if (why != PL_BEARER_OK)
 *         401, and `why` into the log
 *
 * Each token counts once.  The order is the cheap before the dear: the form,
 * the issuer, the other claims, the key (which may be fetched), the signature,
 * whether it was used.
 *
 * Thread-safety: shared.  Ownership: the options' texts outlive the trust. */
#ifndef PLUGIN_JOSE_TRUST_H
#define PLUGIN_JOSE_TRUST_H

#include "plugin/jose/bearer.h"
#include "plugin/jose/keyring.h"
#include "plugin/jose/replay.h"

struct pl_trust;

struct pl_trust_options {
    const struct pl_clients *clients;
    int64_t timeout_ms, refresh_ms, retry_ms, outage_ms; /* of keyring.h */
    int64_t started_s;
    size_t n_replays;
    struct an_log *log;
};

struct pl_trust_question {
    struct an_str authorization; /* the header; "" where there is none */
    struct an_str endpoint;      /* the whole address that was called */
    int64_t clock_s;             /* UTC */
    int64_t now_ms;              /* only grows */
};

struct pl_trust_counts {
    uint64_t n_told[PL_N_BEARER_REASONS];
    uint64_t n_keys_got, n_keys_failed; /* key sets */
};

enum an_code pl_trust_open(const struct pl_trust_options *options,
                           struct pl_trust **out, struct an_err *err)
    __attribute__((warn_unused_result));
/* NULL is nothing to close. */
void pl_trust_close(struct pl_trust *t);

/* What it refuses it logs, by the number of the reason and of the client. */
enum pl_bearer_reason pl_trust_ask(struct pl_trust *t, struct an_arena *arena,
                                   const struct pl_trust_question *q);

struct pl_trust_counts pl_trust_counts(struct pl_trust *t);

#endif

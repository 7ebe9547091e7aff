/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/jose/trust.h"

#include "plugin/host/file.h"

#include <rhonabwy.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { CHECK_BYTES = 1 << 20 };

struct pl_trust {
    struct pl_trust_options options;
    struct pl_keyring *ring[PL_CLIENTS_MOST];
    struct pl_replay *replay;
    atomic_uint_fast64_t n_told[PL_N_BEARER_REASONS];
};

/* A key set that is a file has to be good from the beginning. */
static enum an_code check_file(const struct pl_client_row *row,
                               struct an_err *err)
{
    struct an_err why = {.code = AN_OK};
    struct an_arena arena;
    struct an_str bytes;
    struct pl_keys keys;
    enum an_code rc;

    if (row->is_url)
        return AN_OK;
    an_arena_init(&arena, CHECK_BYTES);
    rc = pl_file_read(&arena, row->jwks.p, PL_KEYS_BYTES, &bytes, err);
    if (rc == AN_OK && pl_keys_read(&arena, bytes, &keys, &why) != AN_OK)
        rc = an_fail_line(err, why.code, why.what, row->jwks.p, 0, 0);
    an_arena_free(&arena);
    return rc;
}

static enum an_code open_rings(struct pl_trust *t, struct an_err *err)
{
    const struct pl_trust_options *o = &t->options;
    enum an_code rc = AN_OK;

    for (size_t i = 0; i < o->clients->n && rc == AN_OK; i++) {
        struct pl_keyring_options ring = {.client = &o->clients->row[i],
                                          .number = i + 1,
                                          .timeout_ms = o->timeout_ms,
                                          .refresh_ms = o->refresh_ms,
                                          .retry_ms = o->retry_ms,
                                          .outage_ms = o->outage_ms,
                                          .log = o->log};

        rc = check_file(ring.client, err);
        if (rc == AN_OK)
            rc = pl_keyring_open(&ring, &t->ring[i], err);
    }
    return rc;
}

enum an_code pl_trust_open(const struct pl_trust_options *options,
                           struct pl_trust **out, struct an_err *err)
{
    struct pl_trust *t;
    enum an_code rc;

    *out = NULL;
    if (r_global_init() != RHN_OK)
        return an_fail_nomem(err);
    t = calloc(1, sizeof(*t));
    if (t == NULL) {
        r_global_close();
        return an_fail_nomem(err);
    }
    t->options = *options;
    rc = pl_replay_open(options->n_replays, &t->replay, err);
    if (rc == AN_OK)
        rc = open_rings(t, err);
    if (rc != AN_OK) {
        pl_trust_close(t);
        return rc;
    }
    *out = t;
    return AN_OK;
}

void pl_trust_close(struct pl_trust *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < PL_CLIENTS_MOST; i++)
        pl_keyring_close(t->ring[i]);
    pl_replay_close(t->replay);
    free(t);
    r_global_close();
}

struct pl_trust_counts pl_trust_counts(struct pl_trust *t)
{
    struct pl_trust_counts counts = {.n_keys_got = 0};

    for (int i = 0; i < PL_N_BEARER_REASONS; i++)
        counts.n_told[i] = atomic_load(&t->n_told[i]);
    for (size_t i = 0; i < t->options.clients->n; i++) {
        struct pl_keyring_counts ring = pl_keyring_counts(t->ring[i]);

        counts.n_keys_got += ring.n_got;
        counts.n_keys_failed += ring.n_failed;
    }
    return counts;
}

/* From 1; 0 when nobody of that name is listed. */
static size_t number_of(const struct pl_trust *t, struct an_str issuer)
{
    for (size_t i = 0; i < t->options.clients->n; i++)
        if (an_str_eq(t->options.clients->row[i].issuer, issuer))
            return i + 1;
    return 0;
}

static enum pl_bearer_reason find_key(struct pl_trust *t,
                                      struct an_arena *arena,
                                      const struct pl_bearer *b, size_t client,
                                      int64_t now_ms, struct pl_key *key)
{
    const struct pl_client_row *row = &t->options.clients->row[client - 1];

    if (row->is_url && b->jku.n && !an_str_eq(b->jku, row->jwks))
        return PL_BEARER_JKU;
    switch (pl_keyring_find(t->ring[client - 1], arena, b->kid, now_ms, key)) {
    case PL_KEYRING_FOUND: return PL_BEARER_OK;
    case PL_KEYRING_UNKNOWN: return PL_BEARER_KEY;
    case PL_KEYRING_NONE: return PL_BEARER_KEYS;
    case PL_KEYRING_NOMEM: break;
    }
    return PL_BEARER_FAULT;
}

static enum pl_bearer_reason use(struct pl_trust *t, const struct pl_bearer *b,
                                 int64_t now_s)
{
    switch (pl_replay_use(t->replay, b->issuer, b->jti,
                          b->expires_s + PL_BEARER_LEEWAY_S, now_s)) {
    case PL_REPLAY_NEW: return PL_BEARER_OK;
    case PL_REPLAY_SEEN: return PL_BEARER_REPLAYED;
    case PL_REPLAY_FULL: break;
    }
    return PL_BEARER_FULL;
}

static enum pl_bearer_reason judge(struct pl_trust *t, struct an_arena *arena,
                                   const struct pl_trust_question *q,
                                   size_t *client)
{
    struct pl_bearer_rules rules = {.endpoint = q->endpoint,
                                    .now_s = q->clock_s,
                                    .started_s = t->options.started_s};
    enum pl_bearer_reason why;
    struct pl_bearer b;
    struct an_str token;
    struct pl_key key;

    if (!pl_bearer_of(q->authorization, &token))
        return PL_BEARER_ABSENT;
    why = pl_bearer_read(arena, token, &b);
    if (why != PL_BEARER_OK)
        return why;
    *client = number_of(t, b.issuer);
    if (*client == 0)
        return PL_BEARER_ISSUER;
    rules.tenant = t->options.clients->row[*client - 1].tenant;
    rules.n_tenants = t->options.clients->row[*client - 1].n_tenants;
    why = pl_bearer_judge(&b, &rules);
    if (why == PL_BEARER_OK)
        why = find_key(t, arena, &b, *client, q->now_ms, &key);
    if (why == PL_BEARER_OK)
        why = pl_bearer_verify(arena, &b, &key);
    return why == PL_BEARER_OK ? use(t, &b, q->clock_s) : why;
}

enum pl_bearer_reason pl_trust_ask(struct pl_trust *t, struct an_arena *arena,
                                   const struct pl_trust_question *q)
{
    size_t client = 0;
    enum pl_bearer_reason why = judge(t, arena, q, &client);
    uint64_t n = atomic_fetch_add(&t->n_told[why], 1) + 1;

    if (why != PL_BEARER_OK)
        an_log(t->options.log, AN_EVENT_CDS_REFUSED, why, client, n);
    return why;
}

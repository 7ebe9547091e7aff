/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/derived_int.h"

#include "base/buf.h"
#include "base/varint.h"

enum { VERSION = 1, LIMIT_BYTES = 1 << 28 };

static void put(struct an_buf *b, uint64_t v)
{
    char bytes[AN_VARINT_BYTES];

    an_buf_put(b, (struct an_str){bytes, an_varint_put(v, bytes)});
}

enum an_code pl_derived_put(struct an_arena *arena, const struct pl_derived *d,
                            struct an_str *blob, struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, arena, LIMIT_BYTES);
    put(&b, VERSION);
    put(&b, d->n_identifiers);
    for (size_t i = 0; i < d->n_identifiers; i++)
        put(&b, (uint64_t)d->identifier[i]);
    put(&b, d->n_accounts);
    for (size_t i = 0; i < d->n_accounts; i++) {
        put(&b, d->account[i].name.n);
        an_buf_put(&b, d->account[i].name);
        put(&b, d->account[i].n_seen);
        put(&b, d->account[i].n_used);
    }
    return an_buf_done(&b, blob, err);
}

struct source {
    struct an_str rest;
    bool bad;
};

static uint64_t get(struct source *s, uint64_t most)
{
    uint64_t v = 0;
    size_t n = an_varint_get(s->rest, &v);

    if (n == 0 || v > most)
        s->bad = true;
    if (s->bad)
        return 0;
    s->rest = (struct an_str){s->rest.p + n, s->rest.n - n};
    return v;
}

static struct ctx_account get_account(struct source *s)
{
    struct ctx_account a;

    a.name = an_str_sub(s->rest, 0, 0);
    a.name.n = (size_t)get(s, s->rest.n);
    a.name = an_str_sub(s->rest, 0, a.name.n);
    s->rest = an_str_sub(s->rest, a.name.n, s->rest.n);
    a.n_seen = (uint32_t)get(s, UINT32_MAX);
    a.n_used = (uint32_t)get(s, UINT32_MAX);
    return a;
}

enum an_code pl_derived_get(struct an_arena *arena, struct an_str blob,
                            struct pl_derived *out, struct an_err *err)
{
    struct source s = {blob, false};
    struct ctx_account *account = NULL;
    int64_t *id;

    *out = (struct pl_derived){NULL, 0, NULL, 0};
    if (get(&s, VERSION) != VERSION)
        s.bad = true;
    out->n_identifiers = (size_t)get(&s, s.rest.n);
    id = an_arena_get(arena, out->n_identifiers, sizeof(*id));
    for (size_t i = 0; id && i < out->n_identifiers; i++)
        id[i] = (int64_t)get(&s, INT64_MAX);
    out->n_accounts = (size_t)get(&s, s.rest.n);
    account = an_arena_get(arena, out->n_accounts, sizeof(*account));
    if (id == NULL || account == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < out->n_accounts; i++)
        account[i] = get_account(&s);
    if (s.bad || s.rest.n)
        return an_fail(err, AN_INTEGRITY, "a stored receipt is damaged",
                       blob.n - s.rest.n);
    out->identifier = id;
    out->account = account;
    return AN_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/derived_int.h"

#include "base/buf.h"
#include "base/varint.h"

#include <strings.h>

enum {
    VERSION = 2, /* 1 had no fields */
    LIMIT_BYTES = 1 << 28,
    STATE_BITS = 4 /* of a field's head, one for each state that it was in */
};

_Static_assert(CTX_N_FIELD_STATES == STATE_BITS + 1,
               "a bit for each state but EMPTY");

static void put(struct an_buf *b, uint64_t v)
{
    char bytes[AN_VARINT_BYTES];

    an_buf_put(b, (struct an_str){bytes, an_varint_put(v, bytes)});
}

/* The states that a field was in, as bits. */
static unsigned states_of(const struct ctx_field *f)
{
    unsigned bits = 0;

    for (unsigned i = 0; i < STATE_BITS; i++)
        if (f->n[i + 1])
            bits |= 1U << i;
    return bits;
}

static bool is_single(unsigned bits)
{
    return bits && (bits & (bits - 1)) == 0;
}

/* Fields of one segment: each begins with how far its number is from the one
 * before and with its states (0: a name follows).  A field that was in one
 * state as often as the segment was seen, which most were, is one byte. */
static void put_fields(struct an_buf *b, const struct ctx_account *a)
{
    uint32_t last = 0;

    put(b, a->n_fields);
    for (size_t i = 0; i < a->n_fields; i++) {
        const struct ctx_field *f = &a->field[i];
        unsigned bits = states_of(f);
        unsigned step = f->name.n ? 0 : f->number - last;

        if (is_single(bits) && f->n[ffs((int)bits)] != a->n_seen)
            bits |= 1U << STATE_BITS; /* the count follows */
        put(b, (uint64_t)step << (STATE_BITS + 1) | bits);
        if (step == 0) {
            put(b, f->name.n);
            an_buf_put(b, f->name);
        } else {
            last = f->number;
        }
        for (unsigned k = 0; k < STATE_BITS; k++)
            if (!is_single(bits) && bits >> k & 1)
                put(b, f->n[k + 1]);
    }
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
        put_fields(&b, &d->account[i]);
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

static struct an_str get_text(struct source *s)
{
    size_t n = (size_t)get(s, s->rest.n);
    struct an_str text = an_str_sub(s->rest, 0, n);

    s->rest = an_str_sub(s->rest, n, s->rest.n);
    return text;
}

static void get_field(struct source *s, const struct ctx_account *a,
                      uint32_t *last, struct ctx_field *f)
{
    uint64_t head = get(s, (uint64_t)CTX_LAST_FIELD << (STATE_BITS + 1) |
                               ((1U << (STATE_BITS + 1)) - 1));
    unsigned bits = (unsigned)head & ((1U << (STATE_BITS + 1)) - 1);
    unsigned step = (unsigned)(head >> (STATE_BITS + 1));

    if (step == 0) {
        f->name = get_text(s);
    } else {
        *last += step;
        f->number = (uint16_t)*last;
    }
    if (*last > CTX_LAST_FIELD || (bits & ((1U << STATE_BITS) - 1)) == 0)
        s->bad = true;
    for (unsigned k = 0; k < STATE_BITS; k++)
        if (bits >> k & 1)
            f->n[k + 1] =
                is_single(bits) ? a->n_seen : (uint32_t)get(s, UINT32_MAX);
}

static struct ctx_account get_account(struct an_arena *arena, struct source *s,
                                      uint64_t version)
{
    struct ctx_account a = {.name = get_text(s)};
    struct ctx_field *field;
    uint32_t last = 0;

    a.n_seen = (uint32_t)get(s, UINT32_MAX);
    a.n_used = (uint32_t)get(s, UINT32_MAX);
    if (version < 2)
        return a;
    a.n_fields = (size_t)get(s, s->rest.n);
    field = an_arena_get(arena, a.n_fields, sizeof(*field));
    for (size_t i = 0; field && i < a.n_fields && !s->bad; i++)
        get_field(s, &a, &last, &field[i]);
    a.field = field;
    return a;
}

enum an_code pl_derived_get(struct an_arena *arena, struct an_str blob,
                            struct pl_derived *out, struct an_err *err)
{
    struct source s = {blob, false};
    struct ctx_account *account = NULL;
    uint64_t version;
    int64_t *id;

    *out = (struct pl_derived){NULL, 0, NULL, 0};
    version = get(&s, VERSION);
    if (version == 0)
        s.bad = true;
    out->n_identifiers = (size_t)get(&s, s.rest.n);
    id = an_arena_get(arena, out->n_identifiers, sizeof(*id));
    for (size_t i = 0; id && i < out->n_identifiers; i++)
        id[i] = (int64_t)get(&s, INT64_MAX);
    out->n_accounts = (size_t)get(&s, s.rest.n);
    account = an_arena_get(arena, out->n_accounts, sizeof(*account));
    if (id == NULL || account == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < out->n_accounts; i++) {
        account[i] = get_account(arena, &s, version);
        if (account[i].n_fields && account[i].field == NULL)
            return an_fail_nomem(err);
    }
    if (s.bad || s.rest.n)
        return an_fail(err, AN_INTEGRITY, "a stored receipt is damaged",
                       blob.n - s.rest.n);
    out->identifier = id;
    out->account = account;
    return AN_OK;
}

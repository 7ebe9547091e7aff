/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/claims_int.h"

#include "base/varint.h"

enum { VERSION = 1 };

static void put(struct an_buf *b, uint64_t v)
{
    char bytes[AN_VARINT_BYTES];

    an_buf_put(b, (struct an_str){bytes, an_varint_put(v, bytes)});
}

static void put_text(struct an_buf *b, struct an_str text)
{
    put(b, text.n);
    an_buf_put(b, text);
}

void pl_claims_put(struct an_buf *b, const struct ctx_claim *c, int64_t other)
{
    if (b->n == 0)
        put(b, VERSION);
    put(b, c->kind);
    put(b, (uint64_t)other);
    put(b, an_zigzag(c->said_us));
    put(b,
        an_zigzag((int64_t)((uint64_t)c->available_us - (uint64_t)c->said_us)));
    put_text(b, c->place);
    if (c->kind != CTX_CLAIM_VISIT)
        return;
    put_text(b, c->visit);
    put_text(b, c->prior_visit);
}

static uint64_t get(struct an_str *rest, uint64_t most, bool *bad)
{
    uint64_t v = 0;
    size_t n = an_varint_get(*rest, &v);

    if (n == 0 || v > most)
        *bad = true;
    if (*bad)
        return 0;
    *rest = an_str_sub(*rest, n, rest->n);
    return v;
}

static struct an_str get_text(struct an_str *rest, bool *bad)
{
    struct an_str text = {rest->p, (size_t)get(rest, rest->n, bad)};

    if (text.n > rest->n)
        *bad = true;
    if (*bad)
        return AN_STR("");
    text = an_str_sub(*rest, 0, text.n);
    *rest = an_str_sub(*rest, text.n, rest->n);
    return text;
}

bool pl_claims_next(struct an_str blob, struct an_str *rest,
                    struct ctx_claim *c, int64_t *other, bool *bad)
{
    uint64_t after;

    if (rest->n == blob.n && blob.n && get(rest, VERSION, bad) != VERSION)
        *bad = true;
    if (*bad || rest->n == 0)
        return false;
    *c = (struct ctx_claim){.kind = (uint8_t)get(rest, CTX_N_CLAIMS - 1, bad)};
    *other = (int64_t)get(rest, INT64_MAX, bad);
    c->said_us = an_unzigzag(get(rest, UINT64_MAX, bad));
    after = (uint64_t)an_unzigzag(get(rest, UINT64_MAX, bad));
    c->available_us = (int64_t)((uint64_t)c->said_us + after);
    c->place = get_text(rest, bad);
    if (c->kind == CTX_CLAIM_VISIT) {
        c->visit = get_text(rest, bad);
        c->prior_visit = get_text(rest, bad);
    }
    return !*bad;
}

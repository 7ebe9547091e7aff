/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/claims_int.h"

#include "base/varint.h"

enum { VERSION = 1 };

static void put(struct an_buf *b, uint64_t v)
{
    char bytes[AN_VARINT_BYTES];

    an_buf_put(b, (struct an_str){bytes, an_varint_put(v, bytes)});
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
    put(b, c->place.n);
    an_buf_put(b, c->place);
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

bool pl_claims_next(struct an_str blob, struct an_str *rest,
                    struct ctx_claim *c, int64_t *other, bool *bad)
{
    uint64_t after;

    if (rest->n == blob.n && blob.n && get(rest, VERSION, bad) != VERSION)
        *bad = true;
    if (*bad || rest->n == 0)
        return false;
    *c = (struct ctx_claim){.kind = (uint8_t)get(rest, CTX_CLAIM_UNMERGE, bad)};
    *other = (int64_t)get(rest, INT64_MAX, bad);
    c->said_us = an_unzigzag(get(rest, UINT64_MAX, bad));
    after = (uint64_t)an_unzigzag(get(rest, UINT64_MAX, bad));
    c->available_us = (int64_t)((uint64_t)c->said_us + after);
    c->place.n = (size_t)get(rest, rest->n, bad);
    if (c->place.n > rest->n)
        *bad = true;
    if (*bad)
        return false;
    c->place = an_str_sub(*rest, 0, c->place.n);
    *rest = an_str_sub(*rest, c->place.n, rest->n);
    return true;
}

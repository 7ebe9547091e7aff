/* SPDX-License-Identifier: Apache-2.0 */
#include "context/event.h"

#include "base/hash.h"

#include <string.h>

enum { TAIL_BYTES = 2, KEY_BYTES = 8 };

const char *ctx_kind_text(unsigned kind)
{
    static const char *const text[] = {
#define X(name, text) text,
        CTX_KINDS(X)
#undef X
    };

    return kind < CTX_N_KINDS ? text[kind] : "unknown";
}

const char *ctx_status_text(unsigned status)
{
    static const char *const text[] = {
#define X(name, text) text,
        CTX_STATUSES(X)
#undef X
    };

    return status < CTX_N_STATUSES ? text[status] : "unknown";
}

static size_t stem_of(struct an_str fact)
{
    return fact.n > TAIL_BYTES ? fact.n - TAIL_BYTES : 0;
}

static uint64_t with_tail(uint64_t bits, struct an_str fact)
{
    for (size_t i = stem_of(fact); i < stem_of(fact) + TAIL_BYTES; i++)
        bits = bits << 8 | (i < fact.n ? (uint8_t)fact.p[i] : 0);
    return bits;
}

bool ctx_fact_may_be(struct an_str fact, int64_t key)
{
    return (uint16_t)key == with_tail(0, fact);
}

enum an_code ctx_fact_key(struct an_str fact, int64_t *key, struct an_err *err)
{
    struct an_sha256 hash;
    uint64_t bits = 0;
    enum an_code code =
        an_sha256(an_str_sub(fact, 0, stem_of(fact)), &hash, err);

    if (code != AN_OK)
        return code;
    for (size_t i = 0; i < KEY_BYTES - TAIL_BYTES; i++)
        bits = bits << 8 | hash.b[i];
    bits = with_tail(bits, fact);
    memcpy(key, &bits, sizeof(*key));
    return AN_OK;
}

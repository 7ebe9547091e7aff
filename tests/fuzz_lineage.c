/* SPDX-License-Identifier: Apache-2.0 */
/* Logs and notes out of any bytes: what is refused has a place in the log; what
 * is read as a log has one root, a proof for each of its leaves, and can be said;
 * and nobody opens as signed by a key what that key never signed. */
#include "runtime/lineage.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MOST_BYTES = 256 << 20, MOST_PROVED = 32 };

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void prove(struct an_arena *arena, const struct rt_lineage *l)
{
    for (size_t i = 0; i < l->n && i < MOST_PROVED; i++) {
        struct an_merkle_proof proof;
        struct rt_supply *supply;
        struct an_str text;
        size_t n;

        require(an_merkle_include(l->hash, l->n, i, &proof, NULL) == AN_OK);
        require(an_merkle_included(&l->hash[i], i, l->n, &proof, &l->root,
                                   NULL) == AN_OK);
        require(an_merkle_extend(l->hash, l->n, i + 1, &proof, NULL) == AN_OK);
        require(rt_leaf_say(arena, l, i, &text, NULL) == AN_OK);
        for (size_t k = 0; k < text.n; k++)
            require((uint8_t)text.p[k] >= ' ' && text.p[k] != 0x7f);
        require(rt_lineage_supplies(arena, l, i, &supply, &n, NULL) == AN_OK);
        for (size_t k = 0; k < n; k++)
            require(supply[k].share >= 0 && supply[k].share <= 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct an_public_key key = {
        {1}}; /* nobody has its other half */
    const struct an_str in = {(const char *)data, n};
    struct an_note_key known;
    struct an_checkpoint c;
    struct an_arena arena;
    struct rt_lineage l;
    struct an_str text;
    struct an_err err = {0};
    enum an_code code;

    an_arena_init(&arena, MOST_BYTES);
    code = rt_lineage_read(&l, &arena, in, &err);
    require(code == AN_OK || code == AN_NOMEM || err.where.line > 0);
    if (code == AN_OK)
        prove(&arena, &l);
    require(an_note_key_of(AN_STR("ours"), &key, &known, NULL) == AN_OK);
    require(an_note_open(&arena, in, &known, 1, &text, NULL) != AN_OK);
    if (an_checkpoint_read(&arena, in, &c, NULL) == AN_OK) {
        require(an_checkpoint_write(&arena, &c, &text, NULL) == AN_OK);
        require(an_str_starts(in, text) ||
                text.n > in.n); /* extensions are left out */
    }
    an_arena_free(&arena);
    return 0;
}

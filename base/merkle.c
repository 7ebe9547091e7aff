/* SPDX-License-Identifier: Apache-2.0 */
#include "base/merkle.h"

#include <string.h>

enum { LEAF = 0, NODE = 1 };

static const char not_proved[] = "the proof does not lead to the root";

enum an_code an_merkle_leaf(struct an_str bytes, struct an_sha256 *leaf,
                            struct an_err *err)
{
    static const char prefix[1] = {LEAF};
    struct an_sha256_run run;
    enum an_code code = an_sha256_begin(&run, err);

    if (code != AN_OK)
        return code;
    code = an_sha256_add(&run, (struct an_str){prefix, 1}, err);
    if (code == AN_OK)
        code = an_sha256_add(&run, bytes, err);
    an_sha256_end(&run, leaf);
    return code;
}

enum an_code an_merkle_node(const struct an_sha256 *left,
                            const struct an_sha256 *right,
                            struct an_sha256 *node, struct an_err *err)
{
    char both[1 + 2 * AN_SHA256_BYTES];

    both[0] = NODE;
    memcpy(both + 1, left->b, AN_SHA256_BYTES);
    memcpy(both + 1 + AN_SHA256_BYTES, right->b, AN_SHA256_BYTES);
    return an_sha256((struct an_str){both, sizeof(both)}, node, err);
}

/* ---- ranges ------------------------------------------------------------- */

void an_merkle_init(struct an_merkle *m)
{
    m->n = 0;
}

enum an_code an_merkle_add(struct an_merkle *m, const struct an_sha256 *leaf,
                           struct an_err *err)
{
    struct an_sha256 sum = *leaf;
    enum an_code code = AN_OK;
    int level = 0;

    if (m->n == (UINT64_C(1) << AN_MERKLE_LEVELS) - 1)
        return an_fail(err, AN_LIMIT, "a tree has too many leaves", 0);
    for (; code == AN_OK && (m->n >> level & 1); level++)
        code = an_merkle_node(&m->edge[level], &sum, &sum, err);
    if (code != AN_OK)
        return code;
    m->edge[level] = sum;
    m->n++;
    return AN_OK;
}

enum an_code an_merkle_root(const struct an_merkle *m, struct an_sha256 *root,
                            struct an_err *err)
{
    struct an_sha256 sum = {{0}};
    bool any = false;
    enum an_code code = AN_OK;

    if (m->n == 0)
        return an_sha256(AN_STR(""), root, err);
    for (int level = 0; level < AN_MERKLE_LEVELS && code == AN_OK; level++) {
        if (!(m->n >> level & 1))
            continue;
        if (any)
            code = an_merkle_node(&m->edge[level], &sum, &sum, err);
        else
            sum = m->edge[level];
        any = true;
    }
    if (code == AN_OK)
        *root = sum;
    return code;
}

enum an_code an_merkle_root_of(const struct an_sha256 *leaf, size_t n,
                               struct an_sha256 *root, struct an_err *err)
{
    struct an_merkle m;
    enum an_code code = AN_OK;

    an_merkle_init(&m);
    for (size_t i = 0; i < n && code == AN_OK; i++)
        code = an_merkle_add(&m, &leaf[i], err);
    return code == AN_OK ? an_merkle_root(&m, root, err) : code;
}

/* ---- making proofs -------------------------------------------------------- */

/* The largest power of two below n, which is 2 or more. */
static size_t split(size_t n)
{
    size_t k = 1;

    while (k < n - k)
        k *= 2;
    return k;
}

/* Proofs are found from the root downwards and read upwards. */
static void turn_round(struct an_merkle_proof *proof)
{
    for (size_t i = 0; i < proof->n / 2; i++) {
        const struct an_sha256 kept = proof->hash[i];

        proof->hash[i] = proof->hash[proof->n - 1 - i];
        proof->hash[proof->n - 1 - i] = kept;
    }
}

/* The root of n leaves is the next hash. */
static enum an_code put(struct an_merkle_proof *proof,
                        const struct an_sha256 *leaf, size_t n,
                        struct an_err *err)
{
    return an_merkle_root_of(leaf, n, &proof->hash[proof->n++], err);
}

enum an_code an_merkle_include(const struct an_sha256 *leaf, size_t n,
                               size_t index, struct an_merkle_proof *proof,
                               struct an_err *err)
{
    enum an_code code = AN_OK;

    proof->n = 0;
    if (index >= n)
        return an_fail(err, AN_NOTFOUND, "the tree has no such leaf", 0);
    while (n > 1 && code == AN_OK) {
        const size_t k = split(n);

        if (index < k) {
            code = put(proof, leaf + k, n - k, err);
            n = k;
        } else {
            code = put(proof, leaf, k, err);
            leaf += k;
            index -= k;
            n -= k;
        }
    }
    turn_round(proof);
    return code;
}

enum an_code an_merkle_extend(const struct an_sha256 *leaf, size_t n,
                              size_t older, struct an_merkle_proof *proof,
                              struct an_err *err)
{
    bool is_older_root = true; /* who checks has it */
    enum an_code code = AN_OK;

    proof->n = 0;
    if (older == 0 || older > n)
        return an_fail(err, AN_NOTFOUND, "the tree was never of that size", 0);
    while (older < n && code == AN_OK) {
        const size_t k = split(n);

        if (older <= k) {
            code = put(proof, leaf + k, n - k, err);
            n = k;
        } else {
            code = put(proof, leaf, k, err);
            leaf += k;
            older -= k;
            n -= k;
            is_older_root = false;
        }
    }
    if (code == AN_OK && !is_older_root)
        code = put(proof, leaf, n, err);
    turn_round(proof);
    return code;
}

/* ---- checking proofs ------------------------------------------------------ */

static bool same(const struct an_sha256 *a, const struct an_sha256 *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* A way upwards, level by level: the number of the node that we are at, and of
 * the last one of its level. */
struct climb {
    uint64_t at, last;
};

/* Whether the next hash stands to the left; to the parent.  A node that has no
 * neighbour to its right is its own parent, as long as that is so. */
static bool step(struct climb *c)
{
    const bool left = (c->at & 1) || c->at == c->last;

    if (left)
        while (!(c->at & 1) && c->at) {
            c->at >>= 1;
            c->last >>= 1;
        }
    c->at >>= 1;
    c->last >>= 1;
    return left;
}

enum an_code an_merkle_included(const struct an_sha256 *leaf, uint64_t index,
                                uint64_t n, const struct an_merkle_proof *proof,
                                const struct an_sha256 *root,
                                struct an_err *err)
{
    struct climb c = {index, n - 1};
    struct an_sha256 sum = *leaf;
    enum an_code code = AN_OK;

    if (index >= n || proof->n > AN_MERKLE_PROOF)
        return an_fail(err, AN_INTEGRITY, not_proved, 0);
    for (size_t i = 0; i < proof->n && code == AN_OK; i++) {
        const struct an_sha256 *next = &proof->hash[i];

        if (c.last == 0)
            return an_fail(err, AN_INTEGRITY, "the proof is too long", 0);
        code = step(&c) ? an_merkle_node(next, &sum, &sum, err)
                        : an_merkle_node(&sum, next, &sum, err);
    }
    if (code == AN_OK && (c.last != 0 || !same(&sum, root)))
        return an_fail(err, AN_INTEGRITY, not_proved, 0);
    return code;
}

/* Both roots at once: what stands to the left is in both trees. */
static enum an_code climb_both(struct climb *c, const struct an_sha256 *next,
                               struct an_sha256 *older, struct an_sha256 *newer,
                               struct an_err *err)
{
    enum an_code code;

    if (c->last == 0)
        return an_fail(err, AN_INTEGRITY, "the proof is too long", 0);
    if (!step(c))
        return an_merkle_node(newer, next, newer, err);
    code = an_merkle_node(next, older, older, err);
    return code == AN_OK ? an_merkle_node(next, newer, newer, err) : code;
}

/* Where the proof begins: the older root itself where that is a node of the
 * newer tree, else its first hash. */
static size_t start(struct climb *c, uint64_t older,
                    const struct an_sha256 *older_root,
                    const struct an_merkle_proof *proof, struct an_sha256 *from)
{
    const bool is_node = (older & (older - 1)) == 0;

    while (c->at & 1) {
        c->at >>= 1;
        c->last >>= 1;
    }
    *from = is_node ? *older_root : proof->hash[0];
    return is_node ? 0 : 1;
}

static bool can_extend(uint64_t older, uint64_t n,
                       const struct an_merkle_proof *proof)
{
    return older > 0 && older < n && proof->n > 0 &&
           proof->n <= AN_MERKLE_PROOF;
}

enum an_code an_merkle_extended(uint64_t older,
                                const struct an_sha256 *older_root, uint64_t n,
                                const struct an_merkle_proof *proof,
                                const struct an_sha256 *root,
                                struct an_err *err)
{
    struct climb c = {older - 1, n - 1};
    struct an_sha256 from, to;
    enum an_code code = AN_OK;
    size_t i;

    if (older == n)
        return older && proof->n == 0 && same(older_root, root)
                   ? AN_OK
                   : an_fail(err, AN_INTEGRITY, not_proved, 0);
    if (!can_extend(older, n, proof))
        return an_fail(err, AN_INTEGRITY, not_proved, 0);
    i = start(&c, older, older_root, proof, &from);
    to = from;
    for (; i < proof->n && code == AN_OK; i++)
        code = climb_both(&c, &proof->hash[i], &from, &to, err);
    if (code == AN_OK &&
        (c.last != 0 || !same(&from, older_root) || !same(&to, root)))
        return an_fail(err, AN_INTEGRITY, not_proved, 0);
    return code;
}

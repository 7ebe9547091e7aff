/* SPDX-License-Identifier: Apache-2.0 */
/* Merkle trees over lists that only grow (RFC 6962 2.1, RFC 9162 2.1), with
 * SHA-256: one hash for all of a list, a short proof that an element stands in
 * it, and a short proof that a longer list begins with a shorter one.
 *
 *     leaf  H(0x00 || bytes)
 *     node  H(0x01 || left || right), left as large a power of two as can be
 *     none  H("")
 *
 *     struct an_merkle m;
 *     an_merkle_init(&m);
 *     for each element
 *         an_merkle_leaf(bytes, &leaf, err), an_merkle_add(&m, &leaf, err);
 *     an_merkle_root(&m, &root, err);
 *
 * A range holds the roots of the full trees on its right edge, one for each bit
 * of its size, so that millions of elements cost 2 KiB.  A proof is made from
 * the hashes of all leaves and checked without them.
 *
 * Failure: AN_INTERNAL of the library of hashes; AN_NOTFOUND of what is asked
 * outside of a list; AN_INTEGRITY of a proof that proves nothing.
 *
 * Thread-safety: functions of their arguments are immutable, a range is
 * confined.  Ownership: nothing to free. */
#ifndef BASE_MERKLE_H
#define BASE_MERKLE_H

#include "base/hash.h"

enum {
    AN_MERKLE_LEVELS = 63, /* lists of fewer than 2^63 */
    AN_MERKLE_PROOF = AN_MERKLE_LEVELS + 1
};

/* A range from the first element on. */
struct an_merkle {
    uint64_t n;
    struct an_sha256 edge[AN_MERKLE_LEVELS]; /* [k]: of 2^k leaves, where bit k
                                                of n is set */
};

/* From the leaf, or the older root, upwards. */
struct an_merkle_proof {
    size_t n;
    struct an_sha256 hash[AN_MERKLE_PROOF];
};

enum an_code an_merkle_leaf(struct an_str bytes, struct an_sha256 *leaf,
                            struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code an_merkle_node(const struct an_sha256 *left,
                            const struct an_sha256 *right,
                            struct an_sha256 *node, struct an_err *err)
    __attribute__((warn_unused_result));

void an_merkle_init(struct an_merkle *m);
/* AN_LIMIT of a list that has 2^63 - 1. */
enum an_code an_merkle_add(struct an_merkle *m, const struct an_sha256 *leaf,
                           struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code an_merkle_root(const struct an_merkle *m, struct an_sha256 *root,
                            struct an_err *err)
    __attribute__((warn_unused_result));
/* Of n leaves at once. */
enum an_code an_merkle_root_of(const struct an_sha256 *leaf, size_t n,
                               struct an_sha256 *root, struct an_err *err)
    __attribute__((warn_unused_result));

/* That leaf[index] is in the list of n (RFC 9162 2.1.3.1). */
enum an_code an_merkle_include(const struct an_sha256 *leaf, size_t n,
                               size_t index, struct an_merkle_proof *proof,
                               struct an_err *err)
    __attribute__((warn_unused_result));
/* That the list of n begins with its first `older` (2.1.4.1), which is 1 or
 * more: nothing needs no proof, and proves nothing. */
enum an_code an_merkle_extend(const struct an_sha256 *leaf, size_t n,
                              size_t older, struct an_merkle_proof *proof,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* Whether they prove it of these roots (2.1.3.2, 2.1.4.2). */
enum an_code an_merkle_included(const struct an_sha256 *leaf, uint64_t index,
                                uint64_t n, const struct an_merkle_proof *proof,
                                const struct an_sha256 *root,
                                struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code an_merkle_extended(uint64_t older,
                                const struct an_sha256 *older_root, uint64_t n,
                                const struct an_merkle_proof *proof,
                                const struct an_sha256 *root,
                                struct an_err *err)
    __attribute__((warn_unused_result));

#endif

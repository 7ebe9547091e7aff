/* SPDX-License-Identifier: Apache-2.0 */
#include "base/merkle.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *base_merkle_suite(void);

enum { N = 8, MOST = 130 };

/* The eight leaves of the tests of Certificate Transparency, in hex. */
static const char *const said[N] = {"",
                                    "00",
                                    "10",
                                    "2021",
                                    "3031",
                                    "40414243",
                                    "5051525354555657",
                                    "606162636465666768696a6b6c6d6e6f"};

static const char *const root_of[N + 1] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static const char *const leaf_of[N] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
    "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
    "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1"};

/* Nodes above: two leaves, four leaves. */
#define H01 "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
#define H23 "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
#define H45 "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
#define H67 "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
#define H0123 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
#define H4567 "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"

static void is_hex(const struct an_sha256 *hash, const char *want)
{
    char hex[AN_SHA256_HEX + 1];

    an_hex_print(hash->b, sizeof(hash->b), hex);
    ck_assert_str_eq(hex, want);
}

/* The hashes of those eight. */
static void eight(struct an_sha256 leaf[N])
{
    for (size_t i = 0; i < N; i++) {
        uint8_t bytes[16];
        const size_t n = strlen(said[i]) / 2;

        ck_assert(an_hex_parse(an_str_c(said[i]), bytes, n));
        ck_assert_int_eq(an_merkle_leaf((struct an_str){(const char *)bytes, n},
                                        &leaf[i], NULL),
                         AN_OK);
    }
}

/* Leaf i is the byte i. */
static void many(struct an_sha256 leaf[MOST])
{
    for (size_t i = 0; i < MOST; i++) {
        const char byte = (char)i;

        ck_assert_int_eq(
            an_merkle_leaf((struct an_str){&byte, 1}, &leaf[i], NULL), AN_OK);
    }
}

START_TEST(leaves_and_roots_are_those_of_certificate_transparency)
{
    struct an_sha256 leaf[N], root;
    struct an_merkle m;

    eight(leaf);
    an_merkle_init(&m);
    for (size_t i = 0; i <= N; i++) {
        ck_assert_int_eq(an_merkle_root(&m, &root, NULL), AN_OK);
        is_hex(&root, root_of[i]);
        ck_assert_int_eq(an_merkle_root_of(leaf, i, &root, NULL), AN_OK);
        is_hex(&root, root_of[i]);
        if (i == N)
            break;
        is_hex(&leaf[i], leaf_of[i]);
        ck_assert_int_eq(an_merkle_add(&m, &leaf[i], NULL), AN_OK);
    }
    ck_assert_uint_eq(m.n, N);
}
END_TEST

static const struct {
    size_t index, n;
    const char *path[3];
} ways[] = {
    {0,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", H23,
      H4567}},
    {5,
     8,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b", H67,
      H0123}},
    {1,
     5,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", H23,
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
    {2, 3, {H01, NULL, NULL}},
    {0, 1, {NULL, NULL, NULL}},
};

static void is_path(const struct an_merkle_proof *proof,
                    const char *const want[3])
{
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(i < proof->n, want[i] != NULL);
        if (want[i])
            is_hex(&proof->hash[i], want[i]);
    }
    ck_assert_uint_le(proof->n, 3);
}

START_TEST(paths_of_inclusion_are_those_of_certificate_transparency)
{
    struct an_sha256 leaf[N];

    eight(leaf);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct an_merkle_proof proof;
        struct an_sha256 root;

        ck_assert_int_eq(
            an_merkle_include(leaf, ways[i].n, ways[i].index, &proof, NULL),
            AN_OK);
        is_path(&proof, ways[i].path);
        ck_assert_int_eq(an_merkle_root_of(leaf, ways[i].n, &root, NULL),
                         AN_OK);
        ck_assert_int_eq(an_merkle_included(&leaf[ways[i].index], ways[i].index,
                                            ways[i].n, &proof, &root, NULL),
                         AN_OK);
    }
}
END_TEST

static const struct {
    size_t older, n;
    const char *path[3];
} growths[] = {
    {1,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", H23,
      H4567}},
    {2,
     5,
     {H23, "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      NULL}},
    {6, 8, {H45, H67, H0123}},
    {8, 8, {NULL, NULL, NULL}},
};

START_TEST(proofs_of_growth_are_those_of_certificate_transparency)
{
    struct an_sha256 leaf[N];

    eight(leaf);
    for (size_t i = 0; i < sizeof(growths) / sizeof(growths[0]); i++) {
        struct an_merkle_proof proof;
        struct an_sha256 older, root;

        ck_assert_int_eq(an_merkle_extend(leaf, growths[i].n, growths[i].older,
                                          &proof, NULL),
                         AN_OK);
        is_path(&proof, growths[i].path);
        ck_assert_int_eq(
            an_merkle_root_of(leaf, growths[i].older, &older, NULL), AN_OK);
        ck_assert_int_eq(an_merkle_root_of(leaf, growths[i].n, &root, NULL),
                         AN_OK);
        ck_assert_int_eq(an_merkle_extended(growths[i].older, &older,
                                            growths[i].n, &proof, &root, NULL),
                         AN_OK);
    }
}
END_TEST

/* As the standard defines it, word by word. */
static struct an_sha256 plain_root(const struct an_sha256 *leaf, size_t n)
{
    struct an_sha256 left, right, node;
    size_t k = 1;

    if (n == 0) {
        ck_assert_int_eq(an_sha256(AN_STR(""), &node, NULL), AN_OK);
        return node;
    }
    if (n == 1)
        return leaf[0];
    while (2 * k < n)
        k *= 2;
    left = plain_root(leaf, k);
    right = plain_root(leaf + k, n - k);
    ck_assert_int_eq(an_merkle_node(&left, &right, &node, NULL), AN_OK);
    return node;
}

static size_t plain_path(const struct an_sha256 *leaf, size_t n, size_t m,
                         struct an_sha256 *path)
{
    size_t k = 1, at;

    if (n == 1)
        return 0;
    while (2 * k < n)
        k *= 2;
    at = m < k ? plain_path(leaf, k, m, path)
               : plain_path(leaf + k, n - k, m - k, path);
    path[at] = m < k ? plain_root(leaf + k, n - k) : plain_root(leaf, k);
    return at + 1;
}

static size_t plain_growth(const struct an_sha256 *leaf, size_t n, size_t m,
                           bool whole, struct an_sha256 *path)
{
    size_t k = 1, at;

    if (m == n && whole)
        return 0;
    if (m == n) {
        path[0] = plain_root(leaf, n);
        return 1;
    }
    while (2 * k < n)
        k *= 2;
    at = m <= k ? plain_growth(leaf, k, m, whole, path)
                : plain_growth(leaf + k, n - k, m - k, false, path);
    path[at] = m <= k ? plain_root(leaf + k, n - k) : plain_root(leaf, k);
    return at + 1;
}

START_TEST(agrees_with_the_definition_at_each_size)
{
    struct an_sha256 leaf[MOST], root[MOST + 1], path[AN_MERKLE_PROOF], got;
    struct an_merkle_proof proof;
    struct an_merkle m;

    many(leaf);
    an_merkle_init(&m);
    for (size_t n = 0; n <= MOST; n++) {
        root[n] = plain_root(leaf, n);
        ck_assert_int_eq(an_merkle_root(&m, &got, NULL), AN_OK);
        ck_assert_mem_eq(got.b, root[n].b, sizeof(got.b));
        for (size_t i = 0; i < n; i++) {
            ck_assert_int_eq(an_merkle_include(leaf, n, i, &proof, NULL),
                             AN_OK);
            ck_assert_uint_eq(proof.n, plain_path(leaf, n, i, path));
            ck_assert_mem_eq(proof.hash, path, proof.n * sizeof(path[0]));
            ck_assert_int_eq(
                an_merkle_included(&leaf[i], i, n, &proof, &root[n], NULL),
                AN_OK);
            ck_assert_int_eq(an_merkle_extend(leaf, n, i + 1, &proof, NULL),
                             AN_OK);
            ck_assert_uint_eq(proof.n,
                              plain_growth(leaf, n, i + 1, true, path));
            ck_assert_mem_eq(proof.hash, path, proof.n * sizeof(path[0]));
            ck_assert_int_eq(an_merkle_extended(i + 1, &root[i + 1], n, &proof,
                                                &root[n], NULL),
                             AN_OK);
        }
        if (n < MOST)
            ck_assert_int_eq(an_merkle_add(&m, &leaf[n], NULL), AN_OK);
    }
}
END_TEST

/* Every other place, size and length, and every byte. */
START_TEST(no_other_leaf_place_or_path_is_included)
{
    struct an_sha256 leaf[MOST], root;
    struct an_merkle_proof proof;
    struct an_err err;

    many(leaf);
    for (size_t n = 1; n <= 17; n++) {
        root = plain_root(leaf, n);
        for (size_t i = 0; i < n; i++) {
            ck_assert_int_eq(an_merkle_include(leaf, n, i, &proof, NULL),
                             AN_OK);
            for (size_t at = 0; at <= n + 1; at++)
                ck_assert_int_eq(
                    an_merkle_included(&leaf[i], at, n, &proof, &root, &err),
                    at == i ? AN_OK : AN_INTEGRITY);
            ck_assert_int_eq(
                an_merkle_included(&root, i, n, &proof, &root, &err),
                n == 1 ? AN_OK : AN_INTEGRITY);
            for (size_t h = 0; h < proof.n; h++) {
                proof.hash[h].b[h % 32] ^= 1;
                ck_assert_int_eq(
                    an_merkle_included(&leaf[i], i, n, &proof, &root, &err),
                    AN_INTEGRITY);
                proof.hash[h].b[h % 32] ^= 1;
            }
            proof.hash[proof.n++] = leaf[0];
            ck_assert_int_eq(
                an_merkle_included(&leaf[i], i, n, &proof, &root, &err),
                AN_INTEGRITY);
            proof.n--;
            for (; proof.n > 0; proof.n--) {
                struct an_merkle_proof cut = proof;

                cut.n--;
                ck_assert_int_eq(
                    an_merkle_included(&leaf[i], i, n, &cut, &root, &err),
                    AN_INTEGRITY);
            }
        }
    }
    /* A hash of nothing is no leaf and no root. */
    ck_assert_int_eq(an_sha256(AN_STR(""), &root, NULL), AN_OK);
    proof.n = 0;
    ck_assert_int_eq(an_merkle_included(&root, 0, 0, &proof, &root, &err),
                     AN_INTEGRITY);
    proof.n = AN_MERKLE_PROOF + 1;
    ck_assert_int_eq(an_merkle_included(&root, 0, 1, &proof, &root, &err),
                     AN_INTEGRITY);
}
END_TEST

START_TEST(no_other_growth_is_proved)
{
    struct an_sha256 leaf[MOST], root[18];
    struct an_merkle_proof proof;
    struct an_err err;

    many(leaf);
    for (size_t n = 0; n < 18; n++)
        root[n] = plain_root(leaf, n);
    for (size_t n = 2; n < 18; n++)
        for (size_t older = 1; older < n; older++) {
            ck_assert_int_eq(an_merkle_extend(leaf, n, older, &proof, NULL),
                             AN_OK);
            for (size_t other = 0; other < 18; other++)
                ck_assert_int_eq(an_merkle_extended(other, &root[other], n,
                                                    &proof, &root[n], &err),
                                 other == older ? AN_OK : AN_INTEGRITY);
            ck_assert_int_eq(
                an_merkle_extended(older, &root[n], n, &proof, &root[n], &err),
                AN_INTEGRITY);
            for (size_t h = 0; h < proof.n; h++) {
                proof.hash[h].b[31 - h % 32] ^= 0x80;
                ck_assert_int_eq(an_merkle_extended(older, &root[older], n,
                                                    &proof, &root[n], &err),
                                 AN_INTEGRITY);
                proof.hash[h].b[31 - h % 32] ^= 0x80;
            }
            proof.hash[proof.n++] = leaf[0];
            ck_assert_int_eq(an_merkle_extended(older, &root[older], n, &proof,
                                                &root[n], &err),
                             AN_INTEGRITY);
            proof.n -= 2;
            ck_assert_int_eq(an_merkle_extended(older, &root[older], n, &proof,
                                                &root[n], &err),
                             AN_INTEGRITY);
        }
    proof.n = 1;
    ck_assert_int_eq(an_merkle_extended(4, &root[4], 4, &proof, &root[4], &err),
                     AN_INTEGRITY);
    proof.n = 0;
    ck_assert_int_eq(an_merkle_extended(4, &root[4], 4, &proof, &root[5], &err),
                     AN_INTEGRITY);
    ck_assert_int_eq(an_merkle_extended(0, &root[0], 0, &proof, &root[0], &err),
                     AN_INTEGRITY);
    ck_assert_int_eq(an_merkle_extended(5, &root[5], 4, &proof, &root[4], &err),
                     AN_INTEGRITY);
}
END_TEST

START_TEST(what_is_not_in_a_tree_has_no_proof)
{
    struct an_sha256 leaf[MOST];
    struct an_merkle_proof proof;
    struct an_err err;

    many(leaf);
    ck_assert_int_eq(an_merkle_include(leaf, 5, 5, &proof, &err), AN_NOTFOUND);
    ck_assert_int_eq(an_merkle_include(leaf, 0, 0, &proof, &err), AN_NOTFOUND);
    ck_assert_int_eq(an_merkle_extend(leaf, 5, 6, &proof, &err), AN_NOTFOUND);
    ck_assert_int_eq(an_merkle_extend(leaf, 5, 0, &proof, &err), AN_NOTFOUND);
}
END_TEST

START_TEST(a_full_range_takes_no_more)
{
    struct an_sha256 leaf[MOST], root;
    struct an_merkle m = {.n = (UINT64_C(1) << AN_MERKLE_LEVELS) - 2};

    many(leaf);
    ck_assert_int_eq(an_merkle_add(&m, &leaf[0], NULL), AN_OK);
    ck_assert_int_eq(an_merkle_add(&m, &leaf[0], NULL), AN_LIMIT);
    ck_assert_int_eq(an_merkle_root(&m, &root, NULL), AN_OK);
}
END_TEST

Suite *base_merkle_suite(void)
{
    const TTest *const list[] = {
        leaves_and_roots_are_those_of_certificate_transparency,
        paths_of_inclusion_are_those_of_certificate_transparency,
        proofs_of_growth_are_those_of_certificate_transparency,
        agrees_with_the_definition_at_each_size,
        no_other_leaf_place_or_path_is_included,
        no_other_growth_is_proved,
        what_is_not_in_a_tree_has_no_proof,
        a_full_range_takes_no_more,
    };

    return TEST_SUITE("base/merkle", list);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The note of what a message was made into, there and back. */
#include "plugin/store/derived_int.h"

#include "tests/suite.h"

#include <string.h>

Suite *store_derived_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 8 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static const struct ctx_field obx[] = {
    {.number = 3, .n = {0, 0, 0, 3, 2}},
    {.number = 5, .n = {0, 0, 0, 5, 0}},
    {.number = 6, .n = {0, 0, 1, 0, 0}},
    {.number = 8, .n = {0, 1, 2, 3, 4}},
    {.number = CTX_LAST_FIELD, .n = {0, 5, 0, 0, 0}},
};
static const struct ctx_field observation[] = {
    {.name = AN_STR_INIT("code"), .n = {0, 0, 0, 1000000, 0}},
    {.name = AN_STR_INIT("valueString"), .n = {0, 0, 7, 0, 0}},
};
static const struct ctx_account accounts[] = {
    {AN_STR_INIT("OBX"), 5, 5, obx, 5},
    {AN_STR_INIT("ZZZ"), 1, 0, NULL, 0},
    {AN_STR_INIT("Observation"), 1000000, 0, observation, 2},
};
static const int64_t ids[] = {1, 4711, INT64_MAX};
static const struct pl_derived note = {ids, 3, accounts, 3};

static void compare(const struct pl_derived *got)
{
    ck_assert_uint_eq(got->n_identifiers, note.n_identifiers);
    ck_assert_mem_eq(got->identifier, ids, sizeof(ids));
    ck_assert_uint_eq(got->n_accounts, note.n_accounts);
    for (size_t i = 0; i < note.n_accounts; i++) {
        const struct ctx_account *a = &got->account[i], *b = &accounts[i];

        ck_assert(an_str_eq(a->name, b->name));
        ck_assert_uint_eq(a->n_seen, b->n_seen);
        ck_assert_uint_eq(a->n_used, b->n_used);
        ck_assert_uint_eq(a->n_fields, b->n_fields);
        for (size_t k = 0; k < b->n_fields; k++) {
            ck_assert(an_str_eq(a->field[k].name, b->field[k].name));
            ck_assert_uint_eq(a->field[k].number, b->field[k].number);
            ck_assert_mem_eq(a->field[k].n, b->field[k].n,
                             sizeof(b->field[k].n));
        }
    }
}

START_TEST(there_and_back)
{
    struct pl_derived got;
    struct an_str blob;

    ck_assert_int_eq(pl_derived_put(&arena, &note, &blob, NULL), AN_OK);
    ck_assert_int_eq(pl_derived_get(&arena, blob, &got, NULL), AN_OK);
    compare(&got);
}
END_TEST

/* A store that was written before there were fields. */
START_TEST(reads_a_note_without_fields)
{
    static const char blob[] = "\x01\x01\x05\x01\x03PID\x01\x01";
    struct pl_derived got;

    ck_assert_int_eq(pl_derived_get(&arena,
                                    (struct an_str){blob, sizeof(blob) - 1},
                                    &got, NULL),
                     AN_OK);
    ck_assert_uint_eq(got.n_accounts, 1);
    ck_assert_an_str_eq(got.account[0].name, "PID");
    ck_assert_uint_eq(got.account[0].n_fields, 0);
}
END_TEST

/* A field that was always the same is a byte. */
START_TEST(a_field_is_a_byte)
{
    struct ctx_field field[60];
    struct ctx_account a = {AN_STR("PV1"), 2, 2, field, 60};
    struct pl_derived one = {NULL, 0, &a, 1};
    struct an_str blob;

    memset(field, 0, sizeof(field));
    for (unsigned i = 0; i < 60; i++) {
        field[i].number = (uint16_t)(i + 1);
        field[i].n[CTX_FIELD_UNUSED + i % 4] = 2;
    }
    ck_assert_int_eq(pl_derived_put(&arena, &one, &blob, NULL), AN_OK);
    ck_assert_uint_le(blob.n, 60 + 10);
}
END_TEST

/* Cut or changed anywhere, it is refused or read, and never trusted. */
START_TEST(damage_is_refused)
{
    struct pl_derived got;
    struct an_str blob;
    size_t n_refused = 0;
    char copy[256];

    ck_assert_int_eq(pl_derived_put(&arena, &note, &blob, NULL), AN_OK);
    ck_assert_uint_le(blob.n, sizeof(copy));
    for (size_t n = 0; n < blob.n; n++)
        ck_assert_int_eq(
            pl_derived_get(&arena, an_str_sub(blob, 0, n), &got, NULL),
            AN_INTEGRITY);
    for (size_t i = 0; i < blob.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            enum an_code rc;

            memcpy(copy, blob.p, blob.n);
            copy[i] = (char)(copy[i] ^ (1 << bit));
            rc = pl_derived_get(&arena, (struct an_str){copy, blob.n}, &got,
                                NULL);
            ck_assert(rc == AN_OK || rc == AN_INTEGRITY);
            n_refused += rc == AN_INTEGRITY;
        }
    }
    ck_assert_uint_gt(n_refused, blob.n);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct pl_derived got;
    struct an_str blob;
    enum an_code rc = AN_NOMEM;
    long n = 0;

    ck_assert_int_eq(pl_derived_put(&arena, &note, &blob, NULL), AN_OK);
    for (; rc == AN_NOMEM && n < 50; n++) {
        arena.fail_after = n;
        rc = pl_derived_get(&arena, blob, &got, NULL);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(rc, AN_OK);
    ck_assert_int_gt(n, 3);
    compare(&got);
}
END_TEST

Suite *store_derived_suite(void)
{
    const TTest *const test[] = {
        there_and_back,    reads_a_note_without_fields,     a_field_is_a_byte,
        damage_is_refused, survives_each_failed_allocation,
    };

    return test_suite_around("store/derived", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The chain, on rows in memory; tests/store_audit.c has them in a file. */
#include "plugin/trust/audit.h"
#include "tests/suite.h"

#include <string.h>

Suite *trust_audit_suite(void);

enum { ROWS = 5 };

static struct pl_audit_row row[ROWS];

static void set_up(void)
{
    struct an_sha256 last = {{0}};

    for (int i = 0; i < ROWS; i++) {
        row[i] = (struct pl_audit_row){.seq = i + 1,
                                       .time_us = 1000 + i,
                                       .actor = AN_STR("anamnesis"),
                                       .role = AN_STR("system"),
                                       .action = AN_STR("suggested"),
                                       .subject = AN_STR("suggestion/1"),
                                       .details = AN_STR("{}"),
                                       .prev_hash = last};
        ck_assert_int_eq(pl_audit_seal(&row[i], NULL), AN_OK);
        last = row[i].hash;
    }
}

/* The number of the row where it breaks, 0 when it does not. */
static int64_t walk(const struct pl_audit_row *list, int n, struct an_err *err)
{
    struct pl_audit_chain chain = {.n = 0};

    for (int i = 0; i < n; i++)
        if (pl_audit_follow(&chain, &list[i], err) != AN_OK) {
            ck_assert_int_eq(err->code, AN_INTEGRITY);
            return chain.n + 1;
        }
    return 0;
}

START_TEST(follows_what_was_sealed)
{
    struct pl_audit_chain chain = {.n = 0};

    for (int i = 0; i < ROWS; i++)
        ck_assert_int_eq(pl_audit_follow(&chain, &row[i], NULL), AN_OK);
    ck_assert_int_eq(chain.n, ROWS);
    ck_assert_mem_eq(chain.last.b, row[ROWS - 1].hash.b, AN_SHA256_BYTES);
}
END_TEST

/* Reckoned once outside this program, from the drawing in audit.h. */
START_TEST(the_hash_is_the_one_that_the_header_describes)
{
    char text[AN_SHA256_HEX + 1];

    an_hex_print(row[0].hash.b, AN_SHA256_BYTES, text);
    ck_assert_str_eq(
        text,
        "803bcee88284d94de1b234a07f9e9e15f54eacecc00db67f22d5f414ea1d7a1c");
    an_hex_print(row[1].hash.b, AN_SHA256_BYTES, text);
    ck_assert_str_eq(
        text,
        "985ab88a9b8a45db41075967a742ec297c7c4b24a655d1d24a960819047d076b");
}
END_TEST

START_TEST(each_field_that_is_changed_breaks_it_there)
{
    struct an_err err;

    for (int field = 0; field < 9; field++) {
        struct pl_audit_row *r = &row[2];

        set_up();
        switch (field) {
        case 0: r->seq = 9; break;
        case 1: r->time_us++; break;
        case 2: r->actor = AN_STR("anamnesiS"); break;
        case 3: r->role = AN_STR("clinician"); break;
        case 4: r->action = AN_STR("shown"); break;
        case 5: r->subject = AN_STR("suggestion/2"); break;
        case 6: r->details = AN_STR("{} "); break;
        case 7: r->prev_hash.b[31] ^= 1; break;
        default: r->hash.b[0] ^= 0x80; break;
        }
        ck_assert_int_eq(walk(row, ROWS, &err), 3);
        ck_assert_str_eq(err.where.path, "audit row 3");
    }
}
END_TEST

START_TEST(bytes_that_move_from_one_field_to_the_next_break_it)
{
    struct an_err err;

    row[2].actor = AN_STR("anamnesiss");
    row[2].role = AN_STR("ystem");
    ck_assert_int_eq(walk(row, ROWS, &err), 3);
}
END_TEST

START_TEST(a_changed_row_that_is_sealed_again_breaks_the_next)
{
    struct an_err err;

    row[2].actor = AN_STR("nobody");
    ck_assert_int_eq(pl_audit_seal(&row[2], NULL), AN_OK);
    ck_assert_int_eq(walk(row, ROWS, &err), 4);
    ck_assert_str_eq(err.what, "the row does not follow the one before it");
}
END_TEST

START_TEST(a_row_that_is_gone_or_moved_breaks_it)
{
    struct pl_audit_row other[ROWS];
    struct an_err err;

    for (int gone = 0; gone < ROWS - 1; gone++) {
        memcpy(other, row, sizeof(row));
        memmove(&other[gone], &other[gone + 1],
                (size_t)(ROWS - 1 - gone) * sizeof(row[0]));
        ck_assert_int_eq(walk(other, ROWS - 1, &err), gone + 1);
        ck_assert_str_eq(err.what, "the row is missing");
    }
    for (int i = 0; i < ROWS - 1; i++) {
        memcpy(other, row, sizeof(row));
        other[i] = row[i + 1];
        other[i + 1] = row[i];
        ck_assert_int_eq(walk(other, ROWS, &err), i + 1);
        /* And with the numbers in their old order. */
        other[i].seq = i + 1;
        other[i + 1].seq = i + 2;
        ck_assert_int_eq(walk(other, ROWS, &err), i + 1);
    }
}
END_TEST

START_TEST(each_action_has_a_text_of_its_own)
{
    for (unsigned i = 0; i < PL_N_AUDIT_ACTIONS; i++)
        for (unsigned j = 0; j < i; j++)
            ck_assert_str_ne(pl_audit_text((enum pl_audit_action)i),
                             pl_audit_text((enum pl_audit_action)j));
}
END_TEST

Suite *trust_audit_suite(void)
{
    const TTest *const test[] = {
        follows_what_was_sealed,
        the_hash_is_the_one_that_the_header_describes,
        each_field_that_is_changed_breaks_it_there,
        bytes_that_move_from_one_field_to_the_next_break_it,
        a_changed_row_that_is_sealed_again_breaks_the_next,
        a_row_that_is_gone_or_moved_breaks_it,
        each_action_has_a_text_of_its_own};

    return test_suite_around("trust/audit", test,
                             sizeof(test) / sizeof(test[0]), set_up, NULL);
}

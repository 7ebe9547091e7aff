/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/message.h"
#include "hl7/print.h"
#include "tests/suite.h"

#include <string.h>

Suite *hl7_message_suite(void);

static struct an_arena arena;
static struct hl7_message m;
static struct an_err err;

static void parse(struct an_str bytes)
{
    struct an_str printed;

    an_arena_init(&arena, 64U << 20);
    ck_assert_int_eq(hl7_parse(&arena, bytes, NULL, &m, &err), AN_OK);
    ck_assert_int_eq(hl7_print(&m, &arena, &printed, &err), AN_OK);
    ck_assert(an_str_eq(printed, bytes));
}

#define PARSE(lit) parse(AN_STR(lit))

START_TEST(numbers_fields_as_hl7_does)
{
    PARSE("MSH|^~\\&|LAB|A^B&C|||20240305||ORU^R01|1|P|2.5.1\r"
          "PID|||1~2^x^y&z||Doe^Ann\r");
    ck_assert_uint_eq(m.n_segments, 2);
    ck_assert_an_str_eq(hl7_get(&m, 0, 0, 0, 0, 0), "MSH");
    ck_assert_an_str_eq(hl7_get(&m, 0, 1, 0, 0, 0), "|");
    ck_assert_an_str_eq(hl7_get(&m, 0, 2, 0, 0, 0), "^~\\&");
    ck_assert_an_str_eq(hl7_get(&m, 0, 3, 0, 0, 0), "LAB");
    ck_assert_an_str_eq(hl7_get(&m, 0, 4, 1, 2, 2), "C");
    ck_assert_an_str_eq(hl7_get(&m, 0, 12, 0, 0, 0), "2.5.1");
    ck_assert_uint_eq(hl7_n_fields(&m, 0), 12);
    ck_assert_an_str_eq(hl7_get(&m, 1, 3, 0, 0, 0), "1~2^x^y&z");
    ck_assert_an_str_eq(hl7_get(&m, 1, 3, 1, 0, 0), "1");
    ck_assert_an_str_eq(hl7_get(&m, 1, 3, 2, 0, 0), "2^x^y&z");
    ck_assert_an_str_eq(hl7_get(&m, 1, 3, 2, 3, 0), "y&z");
    ck_assert_an_str_eq(hl7_get(&m, 1, 3, 2, 3, 2), "z");
    ck_assert_an_str_eq(hl7_get(&m, 1, 3, 0, 1, 0), "1");
    ck_assert_an_str_eq(hl7_get(&m, 1, 5, 1, 2, 1), "Ann");
    ck_assert_uint_eq(hl7_n_reps(&m, 1, 3), 2);
    ck_assert_uint_eq(hl7_n_reps(&m, 1, 5), 1);
    ck_assert_uint_eq(hl7_n_reps(&m, 1, 1), 0);
    ck_assert_uint_eq(hl7_n_reps(&m, 1, 99), 0);
    ck_assert_uint_eq(hl7_get(&m, 1, 99, 1, 1, 1).n, 0);
    ck_assert_uint_eq(hl7_get(&m, 9, 1, 1, 1, 1).n, 0);
    ck_assert_uint_eq(m.n_warnings, 0);
    an_arena_free(&arena);
}
END_TEST

Suite *hl7_message_suite(void)
{
    const TTest *const test[] = {numbers_fields_as_hl7_does};

    return TEST_SUITE("hl7/message", test);
}

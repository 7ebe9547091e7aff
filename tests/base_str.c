/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "tests/suite.h"

Suite *base_str_suite(void);

START_TEST(cuts_into_parts_and_keeps_empty_ones)
{
    struct an_str rest = AN_STR("a||b|"), part;

    ck_assert(an_str_cut(&rest, '|', &part));
    ck_assert_an_str_eq(part, "a");
    ck_assert(an_str_cut(&rest, '|', &part));
    ck_assert_an_str_eq(part, "");
    ck_assert(an_str_cut(&rest, '|', &part));
    ck_assert_an_str_eq(part, "b");
    ck_assert(an_str_cut(&rest, '|', &part));
    ck_assert_an_str_eq(part, "");
    ck_assert(!an_str_cut(&rest, '|', &part));
}
END_TEST

START_TEST(cuts_the_empty_view_once)
{
    struct an_str rest = AN_STR(""), none = {NULL, 0}, part;

    ck_assert(an_str_cut(&rest, '|', &part));
    ck_assert_an_str_eq(part, "");
    ck_assert(!an_str_cut(&rest, '|', &part));
    ck_assert(!an_str_cut(&none, '|', &part));
}
END_TEST

START_TEST(compares_by_bytes_and_by_letters)
{
    ck_assert(an_str_eq_nocase(AN_STR("pId"), AN_STR("PID")));
    ck_assert(!an_str_eq_nocase(AN_STR("pId"), AN_STR("PIE")));
    ck_assert_int_lt(an_str_cmp(AN_STR("a"), AN_STR("ab")), 0);
    ck_assert_int_gt(an_str_cmp(AN_STR("b"), AN_STR("ab")), 0);
    ck_assert_int_eq(an_str_cmp(AN_STR(""), (struct an_str){NULL, 0}), 0);
    ck_assert(an_str_starts(AN_STR("MSH|"), AN_STR("MSH")));
    ck_assert(!an_str_starts(AN_STR("MS"), AN_STR("MSH")));
    ck_assert(an_str_ends(AN_STR("x.json"), AN_STR(".json")));
}
END_TEST

START_TEST(reads_numbers_that_fit_and_no_others)
{
    uint64_t v = 7;

    ck_assert(an_str_u64(AN_STR("18446744073709551615"), &v));
    ck_assert(v == UINT64_MAX);
    v = 7;
    ck_assert(!an_str_u64(AN_STR("18446744073709551616"), &v));
    ck_assert(!an_str_u64(AN_STR("-1"), &v));
    ck_assert(!an_str_u64(AN_STR(""), &v));
    ck_assert(!an_str_u64(AN_STR("1 "), &v));
    ck_assert(v == 7);
}
END_TEST

START_TEST(trims_blanks_at_both_ends)
{
    ck_assert_an_str_eq(an_str_trim(AN_STR(" \ta b\r\n")), "a b");
    ck_assert_an_str_eq(an_str_trim(AN_STR("  ")), "");
    ck_assert_an_str_eq(an_str_sub(AN_STR("abc"), 1, 99), "bc");
    ck_assert_an_str_eq(an_str_sub(AN_STR("abc"), 9, 1), "");
}
END_TEST

START_TEST(escapes_all_that_could_end_a_part_of_an_address)
{
    struct an_arena a;
    struct an_buf b;
    struct an_str got;

    an_arena_init(&a, 1 << 16);
    an_buf_init(&b, &a, 1000);
    an_buf_put_escaped(&b, AN_STR("../a-Z_~9?#&%+ ,\0\n\x7F\xC3\xA9"), "");
    an_buf_put_escaped(&b, AN_STR(",/"), ",");
    ck_assert_int_eq(an_buf_done(&b, &got, NULL), AN_OK);
    ck_assert_an_str_eq(got,
                        "..%2Fa-Z_~9%3F%23%26%25%2B%20%2C%00%0A%7F%C3%A9,%2F");
    an_arena_free(&a);
}
END_TEST

Suite *base_str_suite(void)
{
    const TTest *const test[] = {
        cuts_into_parts_and_keeps_empty_ones,
        cuts_the_empty_view_once,
        compares_by_bytes_and_by_letters,
        reads_numbers_that_fit_and_no_others,
        trims_blanks_at_both_ends,
        escapes_all_that_could_end_a_part_of_an_address};

    return TEST_SUITE("base/str", test);
}

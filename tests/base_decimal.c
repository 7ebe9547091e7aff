/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"
#include "tests/suite.h"

#include <locale.h>
#include <stdlib.h>

Suite *base_decimal_suite(void);

START_TEST(keeps_every_digit_in_json_grammar)
{
    static const char *const cases[][2] = {
        {"0.010", "0.010"}, {"+5", "5"},       {".50", "0.50"}, {"5.", "5"},
        {"007.20", "7.20"}, {"-0", "-0"},      {"00", "0"},     {"-.5", "-0.5"},
        {"1E+05", "1e+05"}, {"12e-3", "12e-3"}};
    struct an_arena a;
    struct an_str literal;

    an_arena_init(&a, 1 << 16);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert(an_decimal_json(&a, an_str_c(cases[i][0]), &literal));
        ck_assert_an_str_eq(literal, cases[i][1]);
    }
    an_arena_free(&a);
}
END_TEST

START_TEST(refuses_what_is_no_number)
{
    static const char *const cases[] = {"",    ".",   "-",     "+-1",  "1e",
                                        "1e+", "1,5", "0x10",  "nan",  "inf",
                                        "1 ",  " 1",  "1.2.3", "1e999"};
    double v = 0;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(!an_decimal_parse(an_str_c(cases[i]), &v), "%s",
                      cases[i]);
}
END_TEST

START_TEST(parses_to_the_nearest_double)
{
    static const char *const cases[] = {
        "0.1",
        "123456789012345",
        "9007199254740993",
        "1e22",
        "1e23",
        "0.30000000000000004",
        "2.2250738585072014e-308",
        "4.9e-324",
        "179769313486231570000000000000000000000",
        "-7.4"};
    double v;

    /* Whatever the host has set: the point stays a point. */
    (void)setlocale(LC_ALL, "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert(an_decimal_parse(an_str_c(cases[i]), &v));
        ck_assert(v == strtod(cases[i], NULL));
    }
}
END_TEST

START_TEST(prints_rounded_with_fixed_places)
{
    static const struct {
        double v;
        int places;
        const char *want;
    } cases[] = {{0.125, 2, "0.13"},   {-0.125, 2, "-0.13"},
                 {0.9999, 3, "1.000"}, {-0.0001, 2, "0.00"},
                 {12, 0, "12"},        {0.1, 9, "0.100000000"},
                 {1e15, 0, ""},        {1.0 / 3, 4, "0.3333"}};
    char text[AN_DECIMAL_TEXT_BYTES];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        an_decimal_print(cases[i].v, cases[i].places, text);
        ck_assert_str_eq(text, cases[i].want);
    }
}
END_TEST

Suite *base_decimal_suite(void)
{
    const TTest *const test[] = {
        keeps_every_digit_in_json_grammar, refuses_what_is_no_number,
        parses_to_the_nearest_double, prints_rounded_with_fixed_places};

    return TEST_SUITE("base/decimal", test);
}

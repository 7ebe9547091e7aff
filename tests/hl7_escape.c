/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/escape.h"
#include "tests/suite.h"

Suite *hl7_escape_suite(void);

static const struct {
    const char *raw, *text, *charset;
    uint32_t n_odd;
} cases[] = {
    {"plain", "plain", NULL, 0},
    {"a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f", "a|b^c&d~e\\f", NULL, 0},
    {"\\F\\\\F\\", "||", NULL, 0},
    {"\\E\\R\\", "\\R\\", NULL, 1},
    {"\\E\\\\R\\", "\\~", NULL, 0},
    {"5\\P\\6", "5#6", NULL, 0},
    {"one\\.br\\two\\.BR\\three", "one\ntwo\nthree", NULL, 0},
    {"a\\.sp\\b\\.sp2\\c\\.sp +1\\d", "a\nb\n\nc\nd", NULL, 0},
    {"a\\.sk3\\b\\.ce\\c", "a   b\nc", NULL, 0},
    {"\\.in+4\\x\\.ti-2\\y\\.fi\\z\\.nf\\", "xyz", NULL, 0},
    {"\\H\\bold\\N\\", "bold", NULL, 0},
    {"\\X0D0A\\\\X0d0a\\", "\r\n\r\n", NULL, 0},
    {"\\X000d\\", NULL, NULL, 0}, /* a zero byte: checked below */
    {"\\XC3A9\\ \\XC3\\\\XA9\\", "\xC3\xA9 \xC3\xA9", NULL, 0},
    {"\\XE9\\", "\xC3\xA9", "8859/1", 0},
    {"\\XE9\\", "\\XE9\\", NULL, 1},
    {"\\XE9\\\\XEA\\", "\\XE9\\\\XEA\\", NULL, 2},
    {"\\X4\\", "\\X4\\", NULL, 2},
    {"\\Xzz\\", "\\Xzz\\", NULL, 2},
    {"\\X\\", "\\X\\", NULL, 2},
    {"\\M2442\\8l\\C2842\\x", "\xE8\xAA\x9Ex", NULL, 0},
    {"\\Z01\\", "\\Z01\\", NULL, 2},
    {"C:\\Data\\x", "C:\\Data\\x", NULL, 2},
    {"\\EHR\\F\\", "\\EHR|", NULL, 1},
    {"\\", "\\", NULL, 1},
    {"a\\", "a\\", NULL, 1},
    {"\\\\", "\\\\", NULL, 2},
    {"\\.sp999999\\", "\\.sp999999\\", NULL, 2},
    {"\\.xx\\", "\\.xx\\", NULL, 2},
    {"\\f\\", "\\f\\", NULL, 2},
};

START_TEST(reads_escapes)
{
    struct an_arena arena;
    struct hl7_text text;

    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(hl7_unescape(&hl7_delims_recommended,
                                  hl7_charset_find(an_str_c(cases[_i].charset)),
                                  &arena, an_str_c(cases[_i].raw), &text, NULL),
                     AN_OK);
    if (cases[_i].text)
        ck_assert_an_str_eq(text.s, cases[_i].text);
    else
        ck_assert(an_str_eq(text.s, AN_STR("\0\r")));
    ck_assert_uint_eq(text.n_odd, cases[_i].n_odd);
    an_arena_free(&arena);
}
END_TEST

START_TEST(does_not_copy_what_has_no_escape)
{
    struct an_str raw = AN_STR("nothing to do"), back;
    struct hl7_delims none = hl7_delims_recommended;
    struct an_arena arena;
    struct hl7_text text;

    none.escape = '\0';
    an_arena_init(&arena, 0);
    ck_assert_int_eq(
        hl7_unescape(&hl7_delims_recommended, NULL, &arena, raw, &text, NULL),
        AN_OK);
    ck_assert_ptr_eq(text.s.p, raw.p);
    ck_assert_int_eq(hl7_escape(&none, &arena, raw, &back, NULL), AN_OK);
    ck_assert_ptr_eq(back.p, raw.p);
    ck_assert_int_eq(
        hl7_unescape(&none, NULL, &arena, AN_STR("a\\F\\"), &text, NULL),
        AN_OK);
    ck_assert_an_str_eq(text.s, "a\\F\\");
    ck_assert_int_eq(hl7_escape(&none, &arena, AN_STR("a|"), &back, NULL),
                     AN_UNSUPPORTED);
    ck_assert_int_eq(hl7_unescape(&hl7_delims_recommended, NULL, &arena,
                                  AN_STR("a\\F\\"), &text, NULL),
                     AN_NOMEM);
}
END_TEST

START_TEST(writes_escapes)
{
    struct hl7_delims d = hl7_delims_recommended;
    struct an_arena arena;
    struct an_str raw;

    d.truncation = '#';
    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(
        hl7_escape(&d, &arena, AN_STR("a|^&~\\#\r\n\t\x1C"), &raw, NULL),
        AN_OK);
    ck_assert_an_str_eq(
        raw, "a\\F\\\\S\\\\T\\\\R\\\\E\\\\P\\\\X0D\\\\.br\\\t\\X1C\\");
    an_arena_free(&arena);
}
END_TEST

/* A run of bad byte escapes must not be looked at again for each of them. */
START_TEST(stays_linear_in_hostile_text)
{
    static char raw[1 << 20];
    struct an_arena arena;
    struct hl7_text text;

    for (size_t i = 0; i < sizeof(raw); i++)
        raw[i] = "\\XFF\\"[i % 5];
    an_arena_init(&arena, 64U << 20);
    ck_assert_int_eq(hl7_unescape(&hl7_delims_recommended, NULL, &arena,
                                  (struct an_str){raw, sizeof(raw)}, &text,
                                  NULL),
                     AN_OK);
    ck_assert_uint_eq(text.s.n, sizeof(raw));
    an_arena_free(&arena);
}
END_TEST

Suite *hl7_escape_suite(void)
{
    const TTest *const test[] = {does_not_copy_what_has_no_escape,
                                 writes_escapes, stays_linear_in_hostile_text};
    Suite *s = TEST_SUITE("hl7/escape", test);
    TCase *tc = tcase_create("cases");

    tcase_add_loop_test(tc, reads_escapes, 0, sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(s, tc);
    return s;
}

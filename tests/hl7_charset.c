/* SPDX-License-Identifier: Apache-2.0 */
/* Which characters bytes mean, and reading messages in other sets than UTF-8. */
#include "hl7/read.h"
#include "tests/suite.h"

Suite *hl7_charset_suite(void);

#define MESSAGE(charset, name)                                                 \
    "MSH|^~\\&|||||||ADT^A01|1|P|2.5||||||" charset "\rPID|" name "|end\r"

static const struct {
    struct an_str in;
    const char *fallback, *name; /* PID-1 in UTF-8 */
    size_t n_warnings;
} cases[] = {
    {AN_STR_INIT(MESSAGE("", "Ada")), NULL, "Ada", 0},
    {AN_STR_INIT(MESSAGE("8859/1", "Ada")), NULL, "Ada", 0},
    /* valid bytes first */
    {AN_STR_INIT(MESSAGE("", "\xC3\xA9")), NULL, "\xC3\xA9", 0},
    {AN_STR_INIT(MESSAGE("8859/1", "\xC3\xA9")), NULL, "\xC3\xA9", 0},
    {AN_STR_INIT(MESSAGE("ASCII", "\xC3\xA9")), NULL, "\xC3\xA9", 0},
    /* then MSH-18 */
    {AN_STR_INIT(MESSAGE("8859/1", "\xE9")), NULL, "\xC3\xA9", 0},
    {AN_STR_INIT(MESSAGE(" 8859/1 ", "\x93")), NULL, "\xE2\x80\x9C", 0},
    {AN_STR_INIT(MESSAGE("8859/2", "\xB1")), NULL, "\xC4\x85", 0},
    {AN_STR_INIT(MESSAGE("8859/5", "\xD0")), NULL, "\xD0\xB0", 0},
    {AN_STR_INIT(MESSAGE("8859/15", "\xA4")), NULL, "\xE2\x82\xAC", 0},
    {AN_STR_INIT(MESSAGE("ASCII~8859/7", "\xE1")), NULL, "\xCE\xB1", 0},
    /* then the default, with a warning */
    {AN_STR_INIT(MESSAGE("", "\xE9")), NULL, "\xC3\xA9", 1},
    {AN_STR_INIT(MESSAGE("", "\xB1")), "8859/2", "\xC4\x85", 1},
    {AN_STR_INIT(MESSAGE("UNICODE UTF-8", "\xE9")), "8859/9", "\xC3\xA9", 1},
    {AN_STR_INIT(MESSAGE("ISO IR 999", "\xE9")), "UTF-8", "\xC3\xA9", 1},
    /* second bytes that look like delimiters */
    {AN_STR_INIT(MESSAGE("~ISO IR87", "\x1B$B;3\x1B(B")), NULL, "\xE5\xB1\xB1",
     0},
    {AN_STR_INIT(MESSAGE("ASCII~ISO IR87", "\x1B$B8|\x1B(B")), NULL,
     "\xE5\x8E\x9A", 0},
    {AN_STR_INIT(MESSAGE("BIG-5", "\xA5\x5C\xB3\x7C")), NULL,
     "\xE5\x8A\x9F\xE9\x80\x96", 0},
    {AN_STR_INIT(MESSAGE("GB 18030-2000", "\x81\x7C")), NULL, "\xE4\xBA\x85",
     0},
    {AN_STR_INIT(MESSAGE("KS X 1001", "\xB1\xE8")), NULL, "\xEA\xB9\x80", 0},
    /* bytes that are no character of the set */
    {AN_STR_INIT(MESSAGE("8859/7", "\xFF")), NULL, "\xEF\xBF\xBD", 1},
};

START_TEST(reads_the_name)
{
    const struct hl7_charset *fallback =
        hl7_charset_find(an_str_c(cases[_i].fallback));
    struct an_arena arena;
    struct hl7_message m;

    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(hl7_read(&arena, cases[_i].in, fallback, NULL, &m, NULL),
                     AN_OK);
    ck_assert_an_str_eq(hl7_get(&m, 1, 1, 0, 0, 0), cases[_i].name);
    ck_assert_an_str_eq(hl7_get(&m, 1, 2, 0, 0, 0), "end");
    ck_assert_uint_eq(m.n_warnings, cases[_i].n_warnings);
    if (m.n_warnings) {
        ck_assert_str_eq(m.warning[0].where.segment, "MSH");
        ck_assert_uint_eq(m.warning[0].where.field, 18);
    }
    an_arena_free(&arena);
}
END_TEST

START_TEST(reads_utf16_with_and_without_mark)
{
    static const char text[] = "MSH|^~\\&|\rPID|Ada\r";
    char little[2 + 2 * sizeof(text)] = "\xFF\xFE", big[2 * sizeof(text)];
    struct an_arena arena;
    struct hl7_message m;

    for (size_t i = 0; i < sizeof(text); i++) {
        little[2 + 2 * i] = big[2 * i + 1] = text[i];
        little[3 + 2 * i] = big[2 * i] = '\0';
    }
    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(hl7_read(&arena,
                              (struct an_str){little, sizeof(little) - 2}, NULL,
                              NULL, &m, NULL),
                     AN_OK);
    ck_assert_an_str_eq(hl7_get(&m, 1, 1, 0, 0, 0), "Ada");
    ck_assert_int_eq(hl7_read(&arena, (struct an_str){big, sizeof(big) - 2},
                              NULL, NULL, &m, NULL),
                     AN_OK);
    ck_assert_an_str_eq(hl7_get(&m, 1, 1, 0, 0, 0), "Ada");
    an_arena_free(&arena);
}
END_TEST

START_TEST(tells_valid_utf8)
{
    static const char *const good[] = {"",
                                       "abc",
                                       "12345678\xC3\xA9",
                                       "\xE2\x82\xAC",
                                       "\xF0\x9F\x98\x80",
                                       "\xED\x9F\xBF",
                                       "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {
        "\x80",         "\xC3",         "\xC0\xAF",         "\xE0\x80\xAF",
        "\xED\xA0\x80", "\xE2\x82",     "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
        "\xC3(",        "12345678\xFF", "\xF0\x9F\x98("};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert(hl7_utf8_valid(an_str_c(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert(!hl7_utf8_valid(an_str_c(bad[i])));
}
END_TEST

START_TEST(repairs_utf8_and_converts_long_text)
{
    static char latin[20000];
    const struct hl7_charset *utf8 = hl7_charset_find(AN_STR("utf-8"));
    struct an_arena arena;
    struct an_str out;
    size_t n;

    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(hl7_charset_decode(utf8, &arena,
                                        AN_STR("a\xFF"
                                               "b\xC3"),
                                        &out, &n, NULL),
                     AN_OK);
    ck_assert_an_str_eq(out, "a\xEF\xBF\xBD"
                             "b\xEF\xBF\xBD");
    ck_assert_uint_eq(n, 2);
    for (size_t i = 0; i < sizeof(latin); i++)
        latin[i] = '\xE9';
    ck_assert_int_eq(hl7_charset_decode(
                         hl7_charset_find(AN_STR("8859/1")), &arena,
                         (struct an_str){latin, sizeof(latin)}, &out, &n, NULL),
                     AN_OK);
    ck_assert_uint_eq(out.n, 2 * sizeof(latin));
    ck_assert(hl7_charset_find(AN_STR("no such set")) == NULL);
    ck_assert(hl7_charset_find(AN_STR("a name that is far too long for any"
                                      " set")) == NULL);
    an_arena_free(&arena);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    enum an_code got = AN_NOMEM;
    struct an_arena arena;
    struct hl7_message m;
    long n = 0;

    for (; got == AN_NOMEM && n < 100; n++) {
        an_arena_init(&arena, 1U << 20);
        arena.fail_after = n;
        got =
            hl7_read(&arena, AN_STR(MESSAGE("", "\xE9")), NULL, NULL, &m, NULL);
        an_arena_free(&arena);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 6);
}
END_TEST

Suite *hl7_charset_suite(void)
{
    const TTest *const test[] = {
        reads_utf16_with_and_without_mark, tells_valid_utf8,
        repairs_utf8_and_converts_long_text, survives_each_failed_allocation};
    Suite *s = TEST_SUITE("hl7/charset", test);
    TCase *tc = tcase_create("cases");

    tcase_add_loop_test(tc, reads_the_name, 0,
                        sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(s, tc);
    return s;
}

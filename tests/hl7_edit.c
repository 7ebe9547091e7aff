/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/edit.h"
#include "hl7/print.h"
#include "tests/suite.h"

Suite *hl7_edit_suite(void);

static const struct {
    size_t segment, field, rep, comp, sub;
    const char *text, *want; /* the segment afterwards */
} cases[] = {
    {1, 1, 0, 0, 0, "9", "PID|9||a~b^c&d|e"},
    {1, 2, 0, 0, 0, "9", "PID|1|9|a~b^c&d|e"},
    {1, 3, 0, 0, 0, "9", "PID|1||9|e"},
    {1, 3, 1, 0, 0, "9", "PID|1||9~b^c&d|e"},
    {1, 3, 2, 0, 0, "9", "PID|1||a~9|e"},
    {1, 3, 2, 2, 0, "9", "PID|1||a~b^9|e"},
    {1, 3, 2, 2, 2, "9", "PID|1||a~b^c&9|e"},
    {1, 3, 2, 2, 4, "9", "PID|1||a~b^c&d&&9|e"},
    {1, 3, 2, 4, 2, "9", "PID|1||a~b^c&d^^&9|e"},
    {1, 3, 4, 2, 0, "9", "PID|1||a~b^c&d~~^9|e"},
    {1, 3, 0, 2, 0, "9", "PID|1||a^9~b^c&d|e"},
    {1, 6, 0, 0, 0, "9", "PID|1||a~b^c&d|e||9"},
    {1, 6, 2, 2, 2, "9", "PID|1||a~b^c&d|e||~^&9"},
    {1, 4, 0, 0, 0, "", "PID|1||a~b^c&d|"},
    {1, 4, 0, 0, 0, "x|y\n", "PID|1||a~b^c&d|x\\F\\y\\.br\\"},
    {0, 3, 0, 0, 0, "X^Y", "MSH|^~\\&|X\\S\\Y"},
    {0, 5, 0, 2, 0, "X", "MSH|^~\\&|LAB||^X"},
};

static const char message[] = "MSH|^~\\&|LAB\rPID|1||a~b^c&d|e\r\rOBX|1";

START_TEST(changes_one_value)
{
    struct an_arena arena;
    struct hl7_message m;
    struct an_str segment, all;

    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(hl7_parse(&arena, an_str_c(message), NULL, &m, NULL),
                     AN_OK);
    ck_assert_int_eq(hl7_set(&m, cases[_i].segment, cases[_i].field,
                             cases[_i].rep, cases[_i].comp, cases[_i].sub,
                             an_str_c(cases[_i].text), NULL),
                     AN_OK);
    ck_assert_int_eq(
        hl7_print_segment(&m, cases[_i].segment, &arena, &segment, NULL),
        AN_OK);
    ck_assert_an_str_eq(segment, cases[_i].want);
    ck_assert_int_eq(hl7_print(&m, &arena, &all, NULL), AN_OK);
    ck_assert(an_str_ends(all, AN_STR("\r\rOBX|1")));
    ck_assert_str_eq(m.segment[1].id, "PID");
    ck_assert_uint_eq(m.segment[1].seq, 1);
    an_arena_free(&arena);
}
END_TEST

START_TEST(refuses_what_it_cannot_say)
{
    struct an_arena arena;
    struct hl7_message m;

    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(hl7_parse(&arena, AN_STR("MSH|^\rPID|1"), NULL, &m, NULL),
                     AN_OK);
    ck_assert_int_eq(hl7_set(&m, 9, 1, 0, 0, 0, AN_STR("x"), NULL),
                     AN_NOTFOUND);
    ck_assert_int_eq(hl7_set(&m, 1, 0, 0, 0, 0, AN_STR("x"), NULL),
                     AN_UNSUPPORTED);
    ck_assert_int_eq(hl7_set(&m, 0, 2, 0, 0, 0, AN_STR("x"), NULL),
                     AN_UNSUPPORTED);
    ck_assert_int_eq(hl7_set(&m, 1, 1, 2, 0, 0, AN_STR("x"), NULL),
                     AN_UNSUPPORTED);
    ck_assert_int_eq(hl7_set(&m, 1, 1, 0, 0, 0, AN_STR("|"), NULL),
                     AN_UNSUPPORTED);
    ck_assert_int_eq(hl7_set(&m, 1, SIZE_MAX, 0, 0, 0, AN_STR("x"), NULL),
                     AN_NOMEM);
    ck_assert_an_str_eq(hl7_get(&m, 1, 1, 0, 0, 0), "1");
    an_arena_free(&arena);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    enum an_code got = AN_NOMEM;
    struct an_arena arena;
    struct hl7_message m;
    struct an_str segment;
    long n = 0;

    an_arena_init(&arena, 1U << 20);
    for (; got == AN_NOMEM && n < 100; n++) {
        an_arena_reset(&arena);
        arena.fail_after = -1;
        ck_assert_int_eq(hl7_parse(&arena, an_str_c(message), NULL, &m, NULL),
                         AN_OK);
        arena.fail_after = n;
        got = hl7_set(&m, 1, 9, 2, 2, 2, AN_STR("a&b"), NULL);
        if (got != AN_NOMEM)
            break;
        arena.fail_after = -1;
        ck_assert_int_eq(hl7_print_segment(&m, 1, &arena, &segment, NULL),
                         AN_OK);
        ck_assert_an_str_eq(segment, "PID|1||a~b^c&d|e");
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 3);
    an_arena_free(&arena);
}
END_TEST

Suite *hl7_edit_suite(void)
{
    const TTest *const test[] = {refuses_what_it_cannot_say,
                                 survives_each_failed_allocation};
    Suite *s = TEST_SUITE("hl7/edit", test);
    TCase *tc = tcase_create("cases");

    tcase_add_loop_test(tc, changes_one_value, 0,
                        sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(s, tc);
    return s;
}

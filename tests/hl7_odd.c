/* SPDX-License-Identifier: Apache-2.0 */
/* Line ends, framing and other oddities that are read, not refused. */
#include "hl7/print.h"
#include "tests/suite.h"

#include <string.h>

Suite *hl7_odd_suite(void);

static const struct {
    const char *in;
    const char *second; /* first field of the second segment */
    size_t n_segments, n_warnings;
} cases[] = {
    {"MSH|^~\\&|A\rPID|x\r", "x", 2, 0},
    {"MSH|^~\\&|A\rPID|x", "x", 2, 0},
    {"MSH|^~\\&|A\nPID|x\n", "x", 2, 0},
    {"MSH|^~\\&|A\r\nPID|x\r\n", "x", 2, 0},
    {"MSH|^~\\&|A\r\n\r\n\nPID|x\n\n\r", "x", 2, 0},
    /* a line feed in a CR message is data */
    {"MSH|^~\\&|A\rPID|x\ny\rOBX|1\r", "x\ny", 3, 0},
    {"MSH|^~\\&|A\r\nPID|x\ny\r\nOBX|1\r\n", "x\ny", 3, 0},
    /* unless a segment follows: two systems wrote this message */
    {"MSH|^~\\&|A\rPID|x\nOBX|1\r", "x", 3, 1},
    /* an LF message with a lone CR in it, or after it */
    {"MSH|^~\\&|A\nPID|x\ry\nOBX|1\n", "x\ry", 3, 0},
    {"MSH|^~\\&|A\nPID|x\n\r", "x", 2, 0},
    {"MSH|^~\\&|A\nPID|x\r", "x", 2, 0},
    /* framing left over, blanks */
    {"\vMSH|^~\\&|A\rPID|x\r\x1C\r", "x", 2, 1},
    {"\xEF\xBB\xBF"
     "MSH|^~\\&|A\rPID|x\r",
     "x", 2, 1},
    {"\r\n  MSH|^~\\&|A\rPID|x  \r  \r", "x  ", 2, 1},
    /* ids */
    {"MSH|^~\\&|A\rPIDX|x\r", "x", 2, 1},
    {"MSH|^~\\&|A\rpid|x\r", "x", 2, 1},
    {"MSH|^~\\&|A\r|x\r", "x", 2, 1},
    {"MSH|^~\\&|A\rZ1A|x\r", "x", 2, 0},
    {"MSH|^~\\&|A\rMSH|^~\\&|B\r", "|", 2, 1},
    {"MSH|^~\\&|A\rPID\rOBX|1\r", "", 3, 0},
};

START_TEST(reads_and_prints)
{
    struct an_arena arena;
    struct hl7_message m;
    struct an_str printed;

    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(hl7_parse(&arena, an_str_c(cases[_i].in), NULL, &m, NULL),
                     AN_OK);
    ck_assert_uint_eq(m.n_segments, cases[_i].n_segments);
    ck_assert_uint_eq(m.n_warnings, cases[_i].n_warnings);
    ck_assert_an_str_eq(hl7_get(&m, 1, 1, 0, 0, 0), cases[_i].second);
    ck_assert_int_eq(hl7_print(&m, &arena, &printed, NULL), AN_OK);
    ck_assert_an_str_eq(printed, cases[_i].in);
    an_arena_free(&arena);
}
END_TEST

START_TEST(keeps_bytes_of_a_bad_id_out_of_places)
{
    struct an_arena arena;
    struct hl7_message m;
    char text[128];

    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(hl7_parse(&arena, AN_STR("MSH|^~\\&|A\rAda Sample|1\r"),
                               NULL, &m, NULL),
                     AN_OK);
    ck_assert_uint_eq(hl7_n_kept_warnings(&m), 1);
    an_err_print(&m.warning[0], text, sizeof(text));
    ck_assert_str_eq(text,
                     "???[1]: a segment does not begin with a segment id");
    ck_assert_an_str_eq(hl7_get(&m, 1, 0, 0, 0, 0), "Ada Sample");
    an_arena_free(&arena);
}
END_TEST

/* Runs of line ends that are data, or might be, are looked at once. */
START_TEST(stays_linear_in_hostile_line_ends)
{
    static const char end[] = "\r\n";
    static char text[1 << 20];
    struct an_arena arena;
    struct hl7_message m;
    struct an_str printed;

    an_arena_init(&arena, 64U << 20);
    for (int i = 0; i < 2; i++) {
        memset(text, end[i], sizeof(text));
        memcpy(text, "MSH|^~\\&|A\rPID|1|", 17);
        text[sizeof(text) - 10] = end[1 - i];
        text[sizeof(text) - 1] = 'x';
        ck_assert_int_eq(hl7_parse(&arena, (struct an_str){text, sizeof(text)},
                                   NULL, &m, NULL),
                         AN_OK);
        ck_assert_int_eq(hl7_print(&m, &arena, &printed, NULL), AN_OK);
        ck_assert_uint_eq(printed.n, sizeof(text));
        an_arena_reset(&arena);
    }
    an_arena_free(&arena);
}
END_TEST

START_TEST(keeps_the_first_warnings_and_counts_all)
{
    struct an_arena arena;
    struct hl7_message m;

    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(
        hl7_parse(&arena,
                  AN_STR("MSH|^~\\&|A\ra\rb\rc\rd\re\rf\rg\rh\ri\rj\rk\rl\rm\r"
                         "n\ro\rp\rq\rr\rs\rt\rPID|1\r"),
                  NULL, &m, NULL),
        AN_OK);
    ck_assert_uint_eq(m.n_warnings, 20);
    ck_assert_uint_eq(hl7_n_kept_warnings(&m), HL7_MAX_WARNINGS);
    an_arena_free(&arena);
}
END_TEST

Suite *hl7_odd_suite(void)
{
    const TTest *const test[] = {keeps_bytes_of_a_bad_id_out_of_places,
                                 stays_linear_in_hostile_line_ends,
                                 keeps_the_first_warnings_and_counts_all};
    Suite *s = TEST_SUITE("hl7/odd", test);
    TCase *tc = tcase_create("cases");

    tcase_add_loop_test(tc, reads_and_prints, 0,
                        sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(s, tc);
    return s;
}

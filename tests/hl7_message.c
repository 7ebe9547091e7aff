/* SPDX-License-Identifier: Apache-2.0 */
/* The tree: numbering, walking, places, limits, memory. */
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

    an_arena_free(&arena);
    an_arena_init(&arena, 64U << 20);
    ck_assert_int_eq(hl7_parse(&arena, bytes, NULL, &m, &err), AN_OK);
    ck_assert_int_eq(hl7_print(&m, &arena, &printed, &err), AN_OK);
    ck_assert(an_str_eq(printed, bytes));
}

#define PARSE(lit) parse(AN_STR(lit))

START_TEST(numbers_fields_as_hl7_does)
{
    PARSE("MSH|^~\\&|LAB|A^B&C|||20240305||ORU^R01|1|P|2.5.1\r"
          "PID|||1~2^x^y&z||Sample^Ann\r");
    ck_assert_uint_eq(m.n_segments, 2);
    ck_assert_an_str_eq(hl7_get(&m, 0, 0, 0, 0, 0), "MSH");
    ck_assert_an_str_eq(hl7_get(&m, 0, 1, 0, 0, 0), "|");
    ck_assert_an_str_eq(hl7_get(&m, 0, 2, 0, 0, 0), "^~\\&");
    ck_assert_an_str_eq(hl7_get(&m, 0, 3, 0, 0, 0), "LAB");
    ck_assert_an_str_eq(hl7_get(&m, 0, 4, 1, 2, 2), "C");
    ck_assert_an_str_eq(hl7_get(&m, 0, 12, 0, 0, 0), "2.5.1");
    ck_assert_uint_eq(hl7_n_fields(&m, 0), 12);
    ck_assert_uint_eq(hl7_n_fields(&m, 1), 5);
    ck_assert_an_str_eq(hl7_get(&m, 1, 0, 0, 0, 0), "PID");
    ck_assert_an_str_eq(hl7_get(&m, 1, 3, 0, 0, 0), "1~2^x^y&z");
    ck_assert_an_str_eq(hl7_get(&m, 1, 3, 1, 0, 0), "1");
    ck_assert_an_str_eq(hl7_get(&m, 1, 3, 2, 0, 0), "2^x^y&z");
    ck_assert_an_str_eq(hl7_get(&m, 1, 3, 2, 3, 0), "y&z");
    ck_assert_an_str_eq(hl7_get(&m, 1, 3, 2, 3, 2), "z");
    ck_assert_an_str_eq(hl7_get(&m, 1, 3, 0, 1, 0), "1");
    ck_assert_an_str_eq(hl7_get(&m, 1, 5, 1, 2, 1), "Ann");
    ck_assert_uint_eq(m.n_warnings, 0);
}
END_TEST

START_TEST(gives_the_empty_view_for_what_is_not_there)
{
    PARSE("MSH|^~\\&|LAB\rPID|1||~\r");
    ck_assert_uint_eq(hl7_get(&m, 1, 2, 0, 0, 0).n, 0);
    ck_assert_uint_eq(hl7_get(&m, 1, 4, 0, 0, 0).n, 0);
    ck_assert_uint_eq(hl7_get(&m, 1, 1, 2, 0, 0).n, 0);
    ck_assert_uint_eq(hl7_get(&m, 1, 1, 1, 2, 0).n, 0);
    ck_assert_uint_eq(hl7_get(&m, 1, 1, 1, 1, 2).n, 0);
    ck_assert_uint_eq(hl7_get(&m, 7, 1, 0, 0, 0).n, 0);
    ck_assert_uint_eq(hl7_n_fields(&m, 7), 0);
    ck_assert_uint_eq(hl7_n_reps(&m, 1, 1), 1);
    ck_assert_uint_eq(hl7_n_reps(&m, 1, 2), 0);
    ck_assert_uint_eq(hl7_n_reps(&m, 1, 3), 2);
    ck_assert_uint_eq(hl7_n_reps(&m, 1, 4), 0);
    ck_assert_uint_eq(hl7_find(&m, "OBX", 0), HL7_NONE);
    ck_assert_uint_eq(hl7_find(&m, "PID", 2), HL7_NONE);
}
END_TEST

START_TEST(walks_parts_level_by_level)
{
    static const char *const want[] = {"a", "b&c", "", "d", ""};
    struct hl7_node field, rep, comp;
    size_t n = 0;

    PARSE("MSH|^~\\&\rPID|a^b&c^~d~\r");
    field = hl7_field(&m, 1, 1);
    while (hl7_cut(&field, HL7_REPETITION, &rep))
        while (hl7_cut(&rep, HL7_COMPONENT, &comp)) {
            ck_assert_uint_lt(n, 5);
            ck_assert_an_str_eq(hl7_raw(comp), want[n++]);
        }
    ck_assert_uint_eq(n, 5);
    rep = hl7_child(hl7_field(&m, 1, 1), HL7_REPETITION, 2);
    ck_assert_an_str_eq(hl7_raw(rep), "d");
    rep = hl7_child(hl7_field(&m, 1, 1), HL7_REPETITION, 4);
    ck_assert(!hl7_cut(&rep, HL7_COMPONENT, &comp));
    field = hl7_field(&m, 1, 2);
    ck_assert(!hl7_cut(&field, HL7_REPETITION, &rep));
}
END_TEST

START_TEST(names_places_by_occurrence)
{
    struct an_where where;
    char text[64];

    PARSE("MSH|^~\\&\rOBX|1\rNTE|x\rOBX|2||a~b^c\r");
    where = hl7_where(&m, 3, 3, 2, 2, 0);
    an_where_print(&where, text, sizeof(text));
    ck_assert_str_eq(text, "OBX[2]-3[2].2");
    ck_assert_uint_eq(where.byte, 32);
    ck_assert_uint_eq(hl7_find(&m, "OBX", hl7_find(&m, "OBX", 0) + 1), 3);
}
END_TEST

START_TEST(accepts_any_delimiters)
{
    PARSE("MSH#!@%*#LAB\rPID#1@2!3*4\r");
    ck_assert_an_str_eq(hl7_get(&m, 1, 1, 2, 2, 2), "4");
    PARSE("MSH|^~\\&#|LAB\rPID|1~2^3&4#\r");
    ck_assert_int_eq(m.delims.truncation, '#');
    ck_assert_an_str_eq(hl7_get(&m, 1, 1, 2, 2, 2), "4#");
    ck_assert_uint_eq(m.n_warnings, 0);
    PARSE("MSH|^\xA7\\&|\rPID|1\xA7"
          "2\r");
    ck_assert_an_str_eq(hl7_get(&m, 1, 1, 2, 0, 0), "2");
    ck_assert_uint_eq(m.n_warnings, 0);
}
END_TEST

static const struct {
    const char *msh2;
    char component, repetition, escape, subcomponent;
} short_cases[] = {
    {"", '^', '~', '\\', '&'}, /* recommended */
    {"^", '^', 0, 0, 0},
    {"^~", '^', '~', 0, 0},
    {"^~\\", '^', '~', '\\', 0},
    {"^~&", '^', '~', 0, '&'},
    {"&&&&", '&', 0, 0, 0},
    {"^~\\\\", '^', '~', '\\', 0},
    {"^~0&", '^', '~', 0, '&'},
    {"delims", 0, 0, 0, 0},
    {"^\xC2\xA7\\&", '^', 0, '\\', '&'},
    {"^~\\&#!", '^', '~', '\\', '&'},
    {"^|", '^', 0, 0, 0},
};

START_TEST(accepts_odd_delimiters_with_a_warning)
{
    char text[64];

    strcpy(text, "MSH|");
    strcat(text, short_cases[_i].msh2);
    strcat(text, "|LAB\rPID|1\r");
    parse(an_str_c(text));
    ck_assert_int_eq(m.delims.component, short_cases[_i].component);
    ck_assert_int_eq(m.delims.repetition, short_cases[_i].repetition);
    ck_assert_int_eq(m.delims.escape, short_cases[_i].escape);
    ck_assert_int_eq(m.delims.subcomponent, short_cases[_i].subcomponent);
    ck_assert_uint_eq(m.n_warnings, 1);
    ck_assert_str_eq(m.warning[0].where.segment, "MSH");
    ck_assert_uint_eq(m.warning[0].where.field, 2);
}
END_TEST

static enum an_code refuse(struct an_str bytes)
{
    an_arena_free(&arena);
    an_arena_init(&arena, 64U << 20);
    memset(&err, 0, sizeof(err));
    return hl7_parse(&arena, bytes, NULL, &m, &err);
}

START_TEST(refuses_what_cannot_be_read_and_says_where)
{
    ck_assert_int_eq(refuse(AN_STR("")), AN_MISSING);
    ck_assert_int_eq(refuse(AN_STR(" \r\n")), AN_MISSING);
    ck_assert_uint_eq(err.where.byte, 3);
    ck_assert_int_eq(refuse(AN_STR("  PID|1\r")), AN_SYNTAX);
    ck_assert_uint_eq(err.where.byte, 2);
    ck_assert_int_eq(refuse(AN_STR("MSH")), AN_SYNTAX);
    ck_assert_str_eq(err.where.segment, "MSH");
    ck_assert_uint_eq(err.where.field, 1);
    ck_assert_uint_eq(err.where.byte, 3);
    ck_assert_int_eq(refuse(AN_STR("MSHH0\r")), AN_SYNTAX);
    ck_assert_int_eq(refuse(AN_STR("FHS|^~\\&\r")), AN_UNSUPPORTED);
    ck_assert_int_eq(refuse(AN_STR("M\0S\0H\0|\0")), AN_UNSUPPORTED);
    ck_assert_int_eq(refuse(AN_STR("\xFF\xFEM\0S\0H\0")), AN_UNSUPPORTED);
}
END_TEST

START_TEST(stops_at_its_limits)
{
    static const char text[] = "MSH|^~\\&|a|b\rPID|1|2|3\rOBX|1\r";
    struct hl7_limits limits = hl7_limits_default;

    an_arena_free(&arena);
    an_arena_init(&arena, 1U << 20);
    limits.message_bytes = sizeof(text) - 2;
    ck_assert_int_eq(hl7_parse(&arena, an_str_c(text), &limits, &m, &err),
                     AN_LIMIT);
    limits.message_bytes++;
    limits.n_segments = 2;
    ck_assert_int_eq(hl7_parse(&arena, an_str_c(text), &limits, &m, &err),
                     AN_LIMIT);
    limits.n_segments++;
    limits.n_nodes = 5;
    ck_assert_int_eq(hl7_parse(&arena, an_str_c(text), &limits, &m, &err),
                     AN_LIMIT);
    limits.n_nodes = 64;
    ck_assert_int_eq(hl7_parse(&arena, an_str_c(text), &limits, &m, &err),
                     AN_OK);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    enum an_code got = AN_NOMEM;
    long n = 0;

    for (; got == AN_NOMEM && n < 100; n++) {
        struct an_str printed;

        an_arena_free(&arena);
        an_arena_init(&arena, 64U << 20);
        arena.fail_after = n;
        got = hl7_parse(&arena, AN_STR(" MSH|^~|A\rbad\nPID|1\r"), NULL, &m,
                        &err);
        if (got == AN_OK)
            got = hl7_print(&m, &arena, &printed, &err);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_eq(n, 6); /* leaves, fields, segments, warnings, print */
}
END_TEST

/* One delimiter a byte is the worst case; text between is the usual one. */
START_TEST(takes_memory_in_proportion_to_the_message)
{
    static char text[1 << 20];
    struct an_str s = {text, sizeof(text)};

    memset(text, '|', sizeof(text));
    memcpy(text, "MSH|^~\\&", 8);
    parse(s);
    ck_assert_uint_le(arena.peak_bytes, 11 * s.n);
    for (size_t i = 8; i < s.n; i++)
        text[i] = i % 60 == 0 ? '\r' : i % 5 == 0 ? '|' : 'A';
    parse(s);
    ck_assert_uint_le(arena.peak_bytes, 6 * s.n);
}
END_TEST

Suite *hl7_message_suite(void)
{
    const TTest *const test[] = {
        numbers_fields_as_hl7_does,
        gives_the_empty_view_for_what_is_not_there,
        walks_parts_level_by_level,
        names_places_by_occurrence,
        accepts_any_delimiters,
        refuses_what_cannot_be_read_and_says_where,
        stops_at_its_limits,
        survives_each_failed_allocation,
        takes_memory_in_proportion_to_the_message,
    };
    Suite *s = TEST_SUITE("hl7/message", test);
    TCase *tc = tcase_create("delimiters");

    tcase_add_loop_test(tc, accepts_odd_delimiters_with_a_warning, 0,
                        sizeof(short_cases) / sizeof(short_cases[0]));
    suite_add_tcase(s, tc);
    return s;
}

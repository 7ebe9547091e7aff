/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a PID names: newborns and their mothers, temporary numbers. */
#include "hl7/events.h"
#include "hl7/read.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *hl7_identity_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

#define MSH "MSH|^~\\&|APP|FAC|A|B|20250301090000||ADT^A28^ADT_A05|1|P|2.5.1\r"
/* PID-21, and PID-24, 25: one of several. */
#define CHILD(numbers, mother)                                                 \
    MSH "PID|1||" numbers "||Muster^Baby Girl||20250301|F|||||||||||||" mother \
        "|||Y|1\r"

START_TEST(a_child_is_not_its_mother)
{
    static const struct {
        const char *text, *filed, *linked;
        enum an_code code;
        size_t n_warnings;
    } cases[] = {
        {CHILD("C1^^^FAC^MR", "M1^^^FAC^MR"), "C1", "", AN_OK, 0},
        {CHILD("C1^^^FAC^MR~E1^^^REG^EPI", "M1^^^FAC^MR"), "C1", "E1 ", AN_OK,
         0},
        /* Her number among the child's links nobody and is nobody's. */
        {CHILD("C1^^^FAC^MR~M1^^^FAC^PI", "M1^^^FAC^MR"), "C1", "", AN_OK, 1},
        {CHILD("M1^^^FAC^MR~C1^^^FAC^PI", "M1^^^FAC^MR"), "C1", "", AN_OK, 1},
        {CHILD("M1^^^FAC^MR~T1^^^FAC^MRT", "M1^^^FAC^MR"), "T1", "", AN_OK, 1},
        {CHILD("M1^^^FAC^MR~M2^^^REG^EPI", "M1^^^FAC^MR~M2^^^REG^EPI"), "", "",
         AN_CODE, 0},
        /* The same number of another authority is another's. */
        {CHILD("M1^^^OTHER^MR", "M1^^^FAC^MR"), "M1", "", AN_OK, 0},
        {CHILD("C1^^^FAC^MR", ""), "C1", "", AN_OK, 0},
        /* Nobody's newborn. */
        {MSH "PID|1||M1^^^FAC^MR||Doe||19480214|F|||||||||||||M1^^^FAC^MR\r",
         "M1", "", AN_OK, 1},
        {MSH "PID|1||M1^^^FAC^MR||Doe|||F|||||||||||||M1^^^FAC^MR\r", "", "",
         AN_CODE, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hl7_settings settings = {.authority = AN_STR("FAC")};
        struct hl7_message m;
        struct ctx_reading r;
        struct an_err err = {.code = AN_OK};
        char linked[64] = "";

        ck_assert_int_eq(
            hl7_read(&arena, an_str_c(cases[i].text), NULL, NULL, &m, &err),
            AN_OK);
        ck_assert_msg(hl7_events(&arena, &settings, &m, &r, &err) ==
                          cases[i].code,
                      "case %zu: %s", i, err.what);
        if (cases[i].code != AN_OK) {
            ck_assert_uint_eq(err.where.field, 21);
            continue;
        }
        test_assert_str(__FILE__, __LINE__, r.part[0].patient.value,
                        an_str_c(cases[i].filed));
        for (size_t k = 0; k < r.n_claims; k++)
            (void)snprintf(linked + strlen(linked),
                           sizeof(linked) - strlen(linked), "%.*s ",
                           AN_STR_ARG(r.claim[k].prior.value));
        ck_assert_str_eq(linked, cases[i].linked);
        ck_assert_uint_eq(r.n_warnings, cases[i].n_warnings);
    }
}
END_TEST

START_TEST(a_temporary_number_gives_way_and_proves_nothing)
{
    static const char text[] =
        MSH "PID|1||T1^^^FAC^MRT~77^^^FAC^MR~T2^^^FAC^PNT||Doe\r";
    struct hl7_settings settings = {.authority = AN_STR("FAC")};
    struct hl7_message m;
    struct ctx_reading r;

    ck_assert_int_eq(hl7_read(&arena, an_str_c(text), NULL, NULL, &m, NULL),
                     AN_OK);
    ck_assert_int_eq(hl7_events(&arena, &settings, &m, &r, NULL), AN_OK);
    ck_assert_an_str_eq(r.part[0].patient.value, "77");
    ck_assert_uint_eq(r.n_claims, 0);
}
END_TEST

Suite *hl7_identity_suite(void)
{
    const TTest *const test[] = {
        a_child_is_not_its_mother,
        a_temporary_number_gives_way_and_proves_nothing};

    return test_suite_around("hl7/identity", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

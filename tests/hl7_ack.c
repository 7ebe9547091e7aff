/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/ack.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *hl7_ack_suite(void);

#define HEAD(version)                                                          \
    "MSH|^~\\&|LAB|NORTH|EHR|SOUTH|2024||ORU^R01|77|P|" version
#define BACK(version)                                                          \
    "MSH|^~\\&|EHR|SOUTH|LAB|NORTH|20240305081502.000+0000||ACK^R01^ACK|C1|"   \
    "P|" version

static const struct {
    const char *in;
    enum hl7_ack_code code;
    size_t n_errors, n_warnings;
    const char *out;
} cases[] = {
    {HEAD("2.5.1") "\rPID|1\r", HL7_ACK_AA, 0, 0,
     BACK("2.5.1") "\rMSA|AA|77\r"},
    {HEAD("2.5.1") "||||||8859/1\r", HL7_ACK_CA, 0, 0,
     BACK("2.5.1") "||||||8859/1\rMSA|CA|77\r"},
    {HEAD("2.5.1") "\r", HL7_ACK_AE, 2, 1,
     BACK("2.5.1") "\rMSA|AE|77\r"
                   "ERR||OBX^2^5^1^2|102^Data type error^HL70357|E||||"
                   "a value has the wrong type\r"
                   "ERR|||100^Segment sequence error^HL70357|E||||"
                   "MSH-2 is \\S\\\\R\\\r"
                   "ERR||PID^1|103^Table value not found^HL70357|W||||odd\r"},
    {HEAD("2.3") "\r", HL7_ACK_AE, 2, 1,
     BACK("2.3") "\rMSA|AE|77|a value has the wrong type\r"
                 "ERR|OBX^2^5^102&Data type error&HL70357~"
                 "^^^100&Segment sequence error&HL70357\r"},
    {HEAD("garbage") "\r", HL7_ACK_AA, 0, 0, BACK("garbage") "\rMSA|AA|77\r"},
    {"MSH#!@%*#LAB#NORTH#EHR#SOUTH#2024##ADT!A01#7%F%7#T#2.5\r", HL7_ACK_CR, 0,
     0,
     "MSH#!@%*#EHR#SOUTH#LAB#NORTH#20240305081502.000+0000##ACK!A01!ACK#C1#T#2."
     "5\r"
     "MSA#CR#7%F%7\r"},
    {"MSH|^~\\&|LAB\r", HL7_ACK_AA, 0, 0,
     "MSH|^~\\&|||LAB||20240305081502.000+0000||ACK|C1|P|2.5.1\rMSA|AA|\r"},
    {"no message", HL7_ACK_AR, 1, 0,
     "MSH|^~\\&|||||20240305081502.000+0000||ACK|C1|P|2.5.1\rMSA|AR|\r"
     "ERR||OBX^2^5^1^2|102^Data type error^HL70357|E||||"
     "a value has the wrong type\r"},
    {"", HL7_ACK_AR, 0, 0,
     "MSH|^~\\&|||||20240305081502.000+0000||ACK|C1|P|2.5.1\rMSA|AR|\r"},
};

static const struct an_err errors[] = {
    {.code = AN_TYPE,
     .what = "a value has the wrong type",
     .where = {.segment = "OBX",
               .segment_seq = 2,
               .field = 5,
               .rep = 1,
               .component = 2}},
    {.code = AN_SYNTAX,
     .what = "MSH-2 is ^~",
     .where = {.segment = "???", .segment_seq = 1}},
};

static const struct an_err warning = {
    .code = AN_CODE,
    .what = "odd",
    .where = {.segment = "PID", .segment_seq = 1}};

START_TEST(answers_as_the_sender_speaks)
{
    struct hl7_ack ack = {.code = cases[_i].code,
                          .now = an_time_us(INT64_C(1709626502000000)),
                          .control_id = AN_STR("C1"),
                          .error = errors,
                          .n_errors = cases[_i].n_errors,
                          .warning = &warning,
                          .n_warnings = cases[_i].n_warnings};
    enum an_code got = AN_NOMEM;
    struct an_arena arena;
    struct hl7_message m;
    struct hl7_answer answer;
    struct an_str out = {0};
    long n = 0;

    an_arena_init(&arena, 1U << 20);
    for (; got == AN_NOMEM && n < 100; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        got = hl7_ack_print(&ack, an_str_c(cases[_i].in), &arena, &out, NULL);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_an_str_eq(out, cases[_i].out);
    arena.fail_after = -1;
    ck_assert_int_eq(hl7_parse(&arena, out, NULL, &m, NULL), AN_OK);
    ck_assert_uint_eq(m.n_warnings, 0);
    ck_assert_int_eq(hl7_ack_read(&m, &answer, NULL), AN_OK);
    ck_assert_int_eq(answer.code, cases[_i].code);
    if (cases[_i].n_errors)
        ck_assert_an_str_eq(answer.error, "102");
    an_arena_free(&arena);
}
END_TEST

START_TEST(answers_a_sender_with_few_delimiters)
{
    struct hl7_ack ack = {.code = HL7_ACK_AE,
                          .control_id = AN_STR("a|b"),
                          .error = errors,
                          .n_errors = 2};
    struct an_arena arena;
    struct an_str out;

    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(
        hl7_ack_print(&ack, AN_STR("MSH||\rPID|1"), &arena, &out, NULL), AN_OK);
    ck_assert(an_str_starts(out, AN_STR("MSH|||")));
    ck_assert_int_eq(hl7_ack_print(&ack, AN_STR("MSH|0|||||||X|9||2.3\r"),
                                   &arena, &out, NULL),
                     AN_OK);
    ck_assert_an_str_eq(out, "MSH|0|||||||ACK||P|2.3\r"
                             "MSA|AE|9|a value has the wrong type\rERR|OBX\r");
    an_arena_free(&arena);
}
END_TEST

START_TEST(reads_answers_and_refuses_others)
{
    struct an_arena arena;
    struct hl7_message m;
    struct hl7_answer answer;
    struct an_err err;

    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(hl7_parse(&arena,
                               AN_STR("MSH|^~\\&|\rMSA|AE|55\r"
                                      "ERR|PID^1^5^101&Required&HL70357\r"),
                               NULL, &m, NULL),
                     AN_OK);
    ck_assert_int_eq(hl7_ack_read(&m, &answer, &err), AN_OK);
    ck_assert_int_eq(answer.code, HL7_ACK_AE);
    ck_assert_an_str_eq(answer.control_id, "55");
    ck_assert_an_str_eq(answer.error, "101");
    ck_assert_int_eq(
        hl7_parse(&arena, AN_STR("MSH|^~\\&|\rMSA|OK|55\r"), NULL, &m, NULL),
        AN_OK);
    ck_assert_int_eq(hl7_ack_read(&m, &answer, &err), AN_CODE);
    ck_assert_str_eq(err.where.segment, "MSA");
    ck_assert_int_eq(hl7_parse(&arena, AN_STR("MSH|^~\\&|\r"), NULL, &m, NULL),
                     AN_OK);
    ck_assert_int_eq(hl7_ack_read(&m, &answer, &err), AN_MISSING);
    an_arena_free(&arena);
}
END_TEST

#define WISH(accept, application)                                              \
    HEAD("2.5.1") "|||" accept "|" application "\rPID|1\r"

/* What is sent for AA, for AE and for AR. */
static const struct {
    const char *in, *sent[3];
    bool is_enhanced;
} wishes[] = {
    {HEAD("2.5.1") "\r", {"AA", "AE", "AR"}, false},
    {WISH("", ""), {"AA", "AE", "AR"}, false},
    {WISH("\"\"", "\"\""), {"AA", "AE", "AR"}, false},
    {WISH("AL", "NE"), {"CA", "CE", "CR"}, true},
    {WISH("AL", ""), {"CA", "CE", "CR"}, true},
    {WISH("AL", "AL"), {"CA AA", "CE", "CR"}, true},
    {WISH("AL", "SU"), {"CA AA", "CE", "CR"}, true},
    {WISH("AL", "ER"), {"CA", "CE", "CR"}, true},
    {WISH("NE", "AL"), {"AA", "AE", "AR"}, true},
    {WISH("", "AL"), {"AA", "AE", "AR"}, true},
    {WISH("NE", "ER"), {"", "AE", "AR"}, true},
    {WISH("NE", "SU"), {"AA", "", ""}, true},
    {WISH("NE", "NE"), {"", "", ""}, true},
    {WISH("ER", "NE"), {"", "CE", "CR"}, true},
    {WISH("ER", "AL"), {"AA", "CE", "CR"}, true},
    {WISH("ER", "ER"), {"", "CE", "CR"}, true},
    {WISH("ER", "SU"), {"AA", "CE", "CR"}, true},
    {WISH("SU", "NE"), {"CA", "", ""}, true},
    {WISH("SU", "AL"), {"CA AA", "AE", "AR"}, true},
    {WISH("SU", "ER"), {"CA", "AE", "AR"}, true},
    {WISH("SU", "SU"), {"CA AA", "", ""}, true},
    {WISH(" al ", "ne"), {"CA", "CE", "CR"}, true},
    {WISH("YES", "NE"), {"CA", "CE", "CR"}, true},
    {"MSH|^~\\&|A|B|C|D|2024||ACK^A01|9|P|2.5\r", {"", "", ""}, false},
    {"MSH|^~\\&|A|B|C|D|2024||ACK|9|P|2.5|||AL|AL\r", {"", "", ""}, true},
    {"no message", {"AA", "AE", "AR"}, false},
    {"", {"AA", "AE", "AR"}, false},
};

START_TEST(sends_what_the_sender_asks_for)
{
    static const char *const name[] = {"AA", "AE", "AR", "CA", "CE", "CR"};
    struct hl7_ack_plan plan;
    struct an_arena arena;
    char sent[8];

    an_arena_init(&arena, 1U << 20);
    for (int said = HL7_ACK_AA; said <= HL7_ACK_AR; said++) {
        ck_assert_int_eq(hl7_ack_decide(an_str_c(wishes[_i].in),
                                        (enum hl7_ack_code)said, &arena, &plan,
                                        NULL),
                         AN_OK);
        size_t n = 0;

        sent[0] = '\0';
        for (size_t i = 0; i < plan.n; i++) {
            n += (size_t)snprintf(sent + n, sizeof(sent) - n, "%s%s",
                                  i ? " " : "", name[plan.code[i]]);
        }
        ck_assert_str_eq(sent, wishes[_i].sent[said]);
        ck_assert_int_eq(plan.is_enhanced, wishes[_i].is_enhanced);
    }
    an_arena_free(&arena);
}
END_TEST

START_TEST(asks_for_no_answer_to_an_answer_in_enhanced_mode)
{
    struct hl7_ack ack = {
        .code = HL7_ACK_CA, .control_id = AN_STR("C1"), .is_enhanced = true};
    struct hl7_ack_plan plan;
    struct an_arena arena;
    struct an_str out;

    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(
        hl7_ack_print(&ack, AN_STR(WISH("AL", "AL")), &arena, &out, NULL),
        AN_OK);
    ck_assert_an_str_eq(out, "MSH|^~\\&|EHR|SOUTH|LAB|NORTH|||ACK^R01^ACK|C1|P|"
                             "2.5.1|||NE|NE\rMSA|CA|77\r");
    ck_assert_int_eq(hl7_ack_print(&ack,
                                   AN_STR(HEAD("2.5.1") "|||AL|AL||8859/1\r"),
                                   &arena, &out, NULL),
                     AN_OK);
    ck_assert_an_str_eq(out, "MSH|^~\\&|EHR|SOUTH|LAB|NORTH|||ACK^R01^ACK|C1|P|"
                             "2.5.1|||NE|NE||8859/1\rMSA|CA|77\r");
    ck_assert_int_eq(hl7_ack_decide(out, HL7_ACK_AA, &arena, &plan, NULL),
                     AN_OK);
    ck_assert_uint_eq(plan.n, 0);
    arena.fail_after = 0;
    ck_assert_int_eq(hl7_ack_decide(AN_STR(WISH("AL", "AL")), HL7_ACK_AA,
                                    &arena, &plan, NULL),
                     AN_NOMEM);
    an_arena_free(&arena);
}
END_TEST

Suite *hl7_ack_suite(void)
{
    const TTest *const test[] = {
        answers_a_sender_with_few_delimiters, reads_answers_and_refuses_others,
        asks_for_no_answer_to_an_answer_in_enhanced_mode};
    Suite *s = TEST_SUITE("hl7/ack", test);
    TCase *tc = tcase_create("cases");

    tcase_add_loop_test(tc, answers_as_the_sender_speaks, 0,
                        sizeof(cases) / sizeof(cases[0]));
    tcase_add_loop_test(tc, sends_what_the_sender_asks_for, 0,
                        sizeof(wishes) / sizeof(wishes[0]));
    suite_add_tcase(s, tc);
    return s;
}

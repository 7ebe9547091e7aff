/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/batch.h"
#include "hl7/batch_ack.h"
#include "tests/suite.h"

Suite *hl7_batch_ack_suite(void);

#define MESSAGE(id) "MSH|^~\\&|A|B|C|D|2024||ADT^A08|" id "|P|2.5\r"
#define FHS "FHS|^~\\&|LAB|NORTH|EHR|SOUTH|2024||f.hl7||F7\r"
#define BHS(id) "BHS|^~\\&|LAB|NORTH|EHR|SOUTH|2024||||" id "\r"
#define ACK "MSH|^~\\&|ack\r"
#define NOW "20240305081502.000+0000"
#define FHS_BACK "FHS|^~\\&|EHR|SOUTH|LAB|NORTH|" NOW "||||C1|F7\r"
#define BHS_BACK(n, id)                                                        \
    "BHS|^~\\&|EHR|SOUTH|LAB|NORTH|" NOW "||||C1-" n "|" id "\r"
#define BHS_OURS(n) "BHS|^~\\&|||||" NOW "||||C1-" n "|\r"

static const struct {
    const char *in, *out;
} cases[] = {
    {FHS BHS("B1") MESSAGE("1") MESSAGE("2") "BTS|2\r" BHS("B2")
         MESSAGE("3") "BTS|1\rFTS|2\r",
     FHS_BACK BHS_BACK("1", "B1") ACK ACK "BTS|2\r" BHS_BACK("2", "B2") ACK
     "BTS|1\rFTS|2\r"},
    {BHS("B1") MESSAGE("1") "BTS|1\r", BHS_BACK("1", "B1") ACK "BTS|1\r"},
    {MESSAGE("1") MESSAGE("2"), BHS_OURS("1") ACK ACK "BTS|2\r"},
    {FHS MESSAGE("1") "FTS|0\r", FHS_BACK BHS_OURS("1") ACK "BTS|1\rFTS|1\r"},
    {FHS MESSAGE("1") "FTS|0\r" FHS MESSAGE("2") "FTS|0\r",
     FHS_BACK BHS_OURS("1") ACK "BTS|1\rFTS|1\r" FHS_BACK BHS_OURS("2") ACK
     "BTS|1\rFTS|1\r"},
    {"BHS#!@%*#LAB#NORTH\r" MESSAGE("1") "BTS#1\r",
     "BHS#!@%*###LAB#NORTH#" NOW "####C1-1#\r" ACK "BTS#1\r"},
    {BHS("B1") MESSAGE("none") "BTS|1\r", BHS_BACK("1", "B1") "BTS|0\r"},
};

START_TEST(answers_each_file_and_batch_that_came)
{
    struct hl7_batch_message m;
    struct hl7_batch_ack a;
    struct an_arena arena;
    struct hl7_batch b;
    struct an_buf out;
    struct an_str text;

    an_arena_init(&arena, 1 << 20);
    an_buf_init(&out, &arena, 10000);
    hl7_batch_ack_init(&a, &out, an_time_us(INT64_C(1709626502000000)),
                       AN_STR("C1"));
    hl7_batch_init(&b, an_str_c(cases[_i].in));
    while (hl7_batch_next(&b, &m))
        hl7_batch_ack_put(&a, m.file_header, m.batch_header,
                          an_str_eq(m.bytes, AN_STR(MESSAGE("none")))
                              ? AN_STR("")
                              : AN_STR(ACK ""));
    hl7_batch_ack_end(&a);
    ck_assert_int_eq(an_buf_done(&out, &text, NULL), AN_OK);
    ck_assert_an_str_eq(text, cases[_i].out);
    /* And it is a batch itself. */
    hl7_batch_init(&b, text);
    while (hl7_batch_next(&b, &m))
        continue;
    ck_assert_uint_eq(b.n_warnings, 0);
    an_arena_free(&arena);
}
END_TEST

Suite *hl7_batch_ack_suite(void)
{
    Suite *s = suite_create("hl7/batch_ack");
    TCase *tc = tcase_create("cases");

    tcase_add_loop_test(tc, answers_each_file_and_batch_that_came, 0,
                        sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(s, tc);
    return s;
}

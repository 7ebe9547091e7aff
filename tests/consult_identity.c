/* SPDX-License-Identifier: Apache-2.0 */
/* Who is who changes under what was said: merges and their ends, moves of
 * identifiers, accounts and visits, newborns, temporary numbers, senders who
 * disagree. */
#include "plugin/store/db_int.h"
#include "tests/consult_ward.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *consult_identity_suite(void);

#define LIVE                                                                   \
    "stage: live\noutbox: {url: \"http://h/fhir\", test_target: true}\n"
#define ADT(type, id, when)                                                    \
    "MSH|^~\\&|X|LAKESIDE|A|B|" when "||ADT^" type "|" id                      \
    "|P|2.5.1\rEVN||" when "\r"
#define PID(number) "PID|1||" number "^^^LAKESIDE^MR||Doe^Ann||19480517|F\r"

enum { OUT_BYTES = 16 << 20 };

static struct ward w;

static void set_up(void)
{
    ward_open(&w, LIVE);
}

static void tear_down(void)
{
    ward_close(&w);
}

static void settle(void)
{
    struct pl_watch *watch = ward_watch(&w, 1);

    ck_assert(pl_watch_drain(watch, -1));
    pl_watch_close(watch);
    ck_assert_uint_eq(ward_waiting(&w), 0);
}

static struct ctx_identifier numbered(const char *number)
{
    return (struct ctx_identifier){.authority = AN_STR("urn:oid:2.999.1.7"),
                                   .value = an_str_c(number)};
}

/* The words that are current of the patient under that very number. */
static struct an_str said_of(const char *number)
{
    const struct ctx_identifier who = numbered(number);
    const struct pl_suggestion *row;
    size_t n = ward_current(&w, &who, &row);
    struct an_str text;
    struct an_buf b;

    an_buf_init(&b, &w.arena, OUT_BYTES);
    for (size_t i = 0; i < n; i++)
        an_buf_put(&b, row[i].statement);
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text;
}

/* ---- merges and their ends ------------------------------------------------ */

/* T1's disease, which two records of one would speak of. */
static const char *const of_t1 = ADT("A01^ADT_A01", "I1", "20260310103000+0000")
    PID("T1") "PV1|1|I|4W||||||||||||||||V8^^^LAKESIDE^VN\r"
              "DG1|1||ZQ1^ZQ1 disease^L||20260310|F\r";
static const char *const unmerge =
    ADT("A37^ADT_A37", "I2", "20260310130000+0000")
        PID("7001") "PID|2||T1^^^LAKESIDE^MR\r";

static void one_record(void)
{
    ward_tell(&w, ward_past, true);
    ward_tell(&w, of_t1, false);
    ward_tell(&w, ward_merge, false);
    ward_tell(&w, ward_admission, false);
    settle();
    ck_assert(ward_has(said_of("7001"), "ZQ1"));
    ck_assert_int_gt(ward_outgoing(&w).n_outbox_waiting, 0);
}

START_TEST(an_unmerge_takes_back_what_was_said_on_both)
{
    one_record();
    ward_tell(&w, unmerge, _i != 0);
    ck_assert_uint_eq(said_of("7001").n, 0);
    ck_assert_int_eq(ward_outgoing(&w).n_outbox_waiting, 0);
    ck_assert_int_eq(ward_outgoing(&w).n_outbox_held, 0);
    ck_assert_uint_eq(ward_waiting(&w), 2);
    settle();
    ck_assert_uint_gt(said_of("7001").n, 0);
    ck_assert(!ward_has(said_of("7001"), "ZQ1"));
    ck_assert(ward_has(said_of("T1"), "ZQ1"));
}
END_TEST

START_TEST(a_merge_makes_both_one_question_of_all_that_is_known)
{
    ward_tell(&w, ward_past, true);
    ward_tell(&w, of_t1, false);
    ward_tell(&w, ward_admission, false);
    settle();
    ck_assert(!ward_has(said_of("7001"), "ZQ1"));
    ck_assert(ward_has(said_of("T1"), "ZQ1"));
    ward_tell(&w, ward_merge, _i != 0);
    ck_assert_int_eq(ward_outgoing(&w).n_outbox_waiting, 0);
    settle();
    ck_assert(ward_has(said_of("7001"), "ZQ1"));
    ck_assert_uint_eq(said_of("T1").n, 0);
    ck_assert_int_gt(ward_outgoing(&w).n_outbox_waiting, 0);
}
END_TEST

Suite *consult_identity_suite(void)
{
    Suite *suite = suite_create("consult/identity");
    TCase *tc = tcase_create("who");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, an_unmerge_takes_back_what_was_said_on_both, 0, 2);
    tcase_add_loop_test(
        tc, a_merge_makes_both_one_question_of_all_that_is_known, 0, 2);
    suite_add_tcase(suite, tc);
    return suite;
}

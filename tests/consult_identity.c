/* SPDX-License-Identifier: Apache-2.0 */
/* Who is who changes under what was said: merges and their ends, moves of
 * identifiers, accounts and visits, newborns, temporary numbers, senders who
 * disagree. */
#include "plugin/host/thread.h"
#include "tests/consult_heard.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *consult_identity_suite(void);

#define LIVE                                                                   \
    "stage: live\noutbox: {url: \"http://h/fhir\", test_target: true}\n"
#define ADT(type, id, when)                                                    \
    "MSH|^~\\&|X|LAKESIDE|A|B|" when "||ADT^" type "|" id                      \
    "|P|2.5.1\rEVN||" when "\r"
#define PID(number) "PID|1||" number "^^^LAKESIDE^MR||Doe^Ann||19480214|F\r"

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
    ward_settle(&w);
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

/* Local time said to be UTC: it counts from when it came. */
START_TEST(an_unmerge_by_a_clock_that_is_ahead_parts_at_once)
{
    int64_t ahead_us = pl_clock_us(NULL) + INT64_C(2 * 3600) * 1000000;
    struct an_civil c = an_civil_from_us(ahead_us, 0);
    char text[512];

    one_record();
    (void)snprintf(text, sizeof(text),
                   ADT("A37^ADT_A37", "I2", "%04d%02d%02d%02d%02d%02d+0000")
                       PID("7001") "PID|2||T1^^^LAKESIDE^MR\r",
                   c.year, c.month, c.day, c.hour, c.minute, c.second, c.year,
                   c.month, c.day, c.hour, c.minute, c.second);
    ward_tell(&w, text, false);
    ck_assert_uint_eq(said_of("7001").n, 0);
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

/* ---- moves ---------------------------------------------------------------- */

/* What is known under that number, as of a moment: concepts and visits. */
static struct an_str known(const char *number, int64_t as_of_us)
{
    const struct ctx_identifier who = numbered(number);
    struct pl_history h;
    struct an_str text;
    struct an_buf b;

    ck_assert_int_eq(pl_history(w.reader, &w.arena, &who, as_of_us, &h, NULL),
                     AN_OK);
    an_buf_init(&b, &w.arena, OUT_BYTES);
    for (size_t i = 0; i < h.timeline.n_events; i++) {
        const struct ctx_event *e = h.timeline.event[i];

        if (e->kind == CTX_BIRTH || e->kind == CTX_SEX)
            continue;
        an_buf_put(&b, an_str_c(ctx_kind_text(e->kind)));
        an_buf_put_char(&b, ' ');
        an_buf_put(&b, e->concept.code);
        an_buf_put_char(&b, ' ');
        an_buf_put(&b, e->encounter);
        an_buf_put_c(&b, "; ");
    }
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text;
}

#define ck_assert_known(number, as_of_us, want)                                \
    test_assert_str(__FILE__, __LINE__, known(number, as_of_us), AN_STR(want))

#define VISIT(number)                                                          \
    "PV1|1|I|4W||||||||||||||||" number                                        \
    "^^^LAKESIDE^VN|||||||||||||||||||||||||20260310090000+0000\r"
#define OF_V8 "condition ZQ1 LAKESIDE|V8; admission IMP LAKESIDE|V8; "
#define US(hour) (INT64_C(1773100800000000) + (hour)*INT64_C(3600000000))

/* 10:30 */
static const char *const visit_of_t1 =
    ADT("A01^ADT_A01", "M1", "20260310103000+0000") PID("T1")
        VISIT("V8") "DG1|1||ZQ1^ZQ1 disease^L||20260310|F\r";

START_TEST(a_visit_that_was_moved_is_anothers_from_then_on)
{
    static const char *const moves[] = {
        ADT("A45^ADT_A45", "M2", "20260310130000+0000") PID(
            "7001") "MRG|T1^^^LAKESIDE^MR||||V8^^^LAKESIDE^VN\r" VISIT("V8"),
        ADT("A44^ADT_A43", "M2",
            "20260310130000+0000") "PID|1||7001^^^LAKESIDE^MR||Doe|||||||||||||"
                                   "V8^^^LAKESIDE\r"
                                   "MRG|T1^^^LAKESIDE^MR||V8^^^LAKESIDE\r"};

    ward_tell(&w, visit_of_t1, true);
    ward_tell(&w, moves[_i], true);
    ck_assert_known("T1", US(12), OF_V8);
    ck_assert_known("7001", US(12), "");
    ck_assert_known("T1", CTX_AS_OF_ALL, "");
    ck_assert_known("7001", CTX_AS_OF_ALL, OF_V8);
    /* What is still sent under the old number is of the visit. */
    ward_tell(&w,
              ADT("A03^ADT_A03", "M3", "20260310150000+0000") PID("T1")
                  VISIT("V8"),
              true);
    ck_assert_known("T1", CTX_AS_OF_ALL, "");
    ck_assert_known("7001", CTX_AS_OF_ALL, OF_V8 "discharge IMP LAKESIDE|V8; ");
    /* And cancelled under the new one. */
    ward_tell(&w,
              ADT("A13^ADT_A01", "M4", "20260310160000+0000") PID("7001")
                  VISIT("V8"),
              true);
    ck_assert_known("7001", CTX_AS_OF_ALL, OF_V8);
    /* They are two patients all the same. */
    {
        const struct ctx_identifier who = numbered("7001");
        struct ctx_person p;

        ck_assert_int_eq(
            pl_person(w.reader, &w.arena, &who, CTX_AS_OF_ALL, &p, NULL),
            AN_OK);
        ck_assert_uint_eq(p.n_members, 1);
    }
}
END_TEST

START_TEST(a_visit_with_another_number_is_the_same_visit)
{
    static const char *const renames[] = {
        ADT("A50^ADT_A50", "M2", "20260310130000+0000")
            PID("T1") "MRG|T1^^^LAKESIDE^MR||||V8^^^LAKESIDE^VN\r" VISIT("V9"),
        ADT("A42^ADT_A39", "M2", "20260310130000+0000")
            PID("T1") "MRG|T1^^^LAKESIDE^MR||||V8^^^LAKESIDE^VN\r" VISIT("V9")};

    ward_tell(&w, visit_of_t1, true);
    ward_tell(&w, renames[_i], true);
    ck_assert_known("T1", US(12), OF_V8);
    ck_assert_known("T1", CTX_AS_OF_ALL,
                    "condition ZQ1 LAKESIDE|V9; admission IMP LAKESIDE|V9; ");
    /* Its admission is cancelled under the new number. */
    ward_tell(&w,
              ADT("A11^ADT_A09", "M3", "20260310150000+0000") PID("T1")
                  VISIT("V9"),
              true);
    ck_assert_known("T1", CTX_AS_OF_ALL, "condition ZQ1 LAKESIDE|V9; ");
}
END_TEST

START_TEST(an_identifier_that_was_moved_takes_its_record_along)
{
    ward_tell(&w, visit_of_t1, true);
    ward_tell(&w, ward_merge, true); /* 11:30, into 7001 */
    ward_tell(&w,
              ADT("A43^ADT_A43", "M2", "20260310130000+0000")
                  PID("B9") "MRG|T1^^^LAKESIDE^MR\r",
              true);
    ck_assert_known("7001", US(12), OF_V8);
    ck_assert_known("T1", US(12), OF_V8);
    ck_assert_known("7001", CTX_AS_OF_ALL, "");
    ck_assert_known("B9", CTX_AS_OF_ALL, OF_V8);
    ck_assert_known("T1", CTX_AS_OF_ALL, OF_V8);
}
END_TEST

START_TEST(a_move_takes_back_what_was_said)
{
    static const char *const moves[] = {
        ADT("A45^ADT_A45", "M2", "20260310130000+0000") PID(
            "7001") "MRG|T1^^^LAKESIDE^MR||||V8^^^LAKESIDE^VN\r" VISIT("V8"),
        ADT("A43^ADT_A43", "M2", "20260310130000+0000")
            PID("7001") "MRG|T1^^^LAKESIDE^MR\r"};

    ward_tell(&w, ward_past, true);
    ward_tell(&w, ward_admission, false);
    ward_tell(&w, visit_of_t1, false);
    settle();
    ck_assert(ward_has(said_of("T1"), "ZQ1"));
    ck_assert(!ward_has(said_of("7001"), "ZQ1"));
    ward_tell(&w, moves[_i], false);
    ck_assert_uint_eq(said_of("T1").n + said_of("7001").n, 0);
    ck_assert_int_eq(ward_outgoing(&w).n_outbox_waiting, 0);
    settle();
    ck_assert(!ward_has(said_of("T1"), "ZQ1"));
    ck_assert(ward_has(said_of("7001"), "ZQ1"));
}
END_TEST

#define RESULT(id, when, visit, status)                                        \
    "MSH|^~\\&|X|LAKESIDE|A|B|" when "||ORU^R01^ORU_R01|" id                   \
    "|P|2.5.1\r" PID("T1") visit                                               \
        "OBR|1|P1^X|F1^X|OPR^OPR panel^L|||20260310113000+0000\r"              \
        "OBX|1|NM|OPR^OPR^L||77.5|u|1-2|HH|||" status "\r"

/* Under the old number, where the visit is not any more, named or not. */
START_TEST(what_is_withdrawn_of_a_moved_visit_is_said_of_nobody)
{
    static const char *const withdrawn[] = {
        RESULT("M4", "20260310140000+0000", VISIT("V8"), "D"),
        RESULT("M4", "20260310140000+0000", "", "D")};

    ward_tell(&w, ward_past, true);
    ward_tell(&w, ward_admission, false);
    ward_tell(&w, visit_of_t1, false);
    ward_tell(&w, RESULT("M2", "20260310120000+0000", VISIT("V8"), "F"), false);
    ward_tell(
        &w,
        ADT("A45^ADT_A45", "M3", "20260310130000+0000") PID(
            "7001") "MRG|T1^^^LAKESIDE^MR||||V8^^^LAKESIDE^VN\r" VISIT("V8"),
        false);
    settle();
    ck_assert(ward_has(said_of("7001"), "OPR"));
    ward_tell(&w, withdrawn[_i], false);
    settle();
    ck_assert(!ward_has(said_of("7001"), "OPR"));
    ck_assert(ward_has(said_of("7001"), "ZQ1"));
    ck_assert(!ward_has(said_of("T1"), "OPR"));
}
END_TEST

/* ---- newborns and temporary numbers --------------------------------------- */

#define CHILD(number, name)                                                    \
    "PID|1||" number "^^^LAKESIDE^MR||Doe^" name                               \
    "||20260310|F|||||||||||||7001^^^LAKESIDE^MR|||Y|1\r"

START_TEST(mother_and_twins_are_three)
{
    ward_tell(&w, ward_admission, true);
    ward_tell(&w,
              ADT("A28^ADT_A05", "N1", "20260310110000+0000")
                  CHILD("8001", "Baby Girl A"),
              true);
    ward_tell(&w,
              ADT("A01^ADT_A01", "N2", "20260310110000+0000")
                  CHILD("8001", "Baby Girl A") VISIT("V81"),
              true);
    ward_tell(&w,
              ADT("A01^ADT_A01", "N3", "20260310110000+0000")
                  CHILD("8002", "Baby Girl B") VISIT("V82"),
              true);
    /* A sender that lists the mother's number among the child's. */
    ward_tell(&w,
              ADT("A08^ADT_A01", "N4", "20260310120000+0000")
                  CHILD("8001^^^LAKESIDE^MR~7001", "Baby Girl A") VISIT("V81"),
              true);
    ck_assert_known("8001", CTX_AS_OF_ALL, "admission IMP LAKESIDE|V81; ");
    ck_assert_known("8002", CTX_AS_OF_ALL, "admission IMP LAKESIDE|V82; ");
    ck_assert(!ward_has(known("7001", CTX_AS_OF_ALL), "V81"));
    ck_assert(ward_has(known("7001", CTX_AS_OF_ALL), "LAKESIDE|V1"));
}
END_TEST

START_TEST(a_temporary_number_becomes_a_patients_by_a_merge)
{
    ward_tell(&w,
              ADT("A04^ADT_A01", "N1",
                  "20260310103000+0000") "PID|1||X9^^^LAKESIDE^MRT||Unknown^"
                                         "Trauma\r" VISIT("V8"),
              true);
    /* Named together, a number that comes round again proves nothing. */
    ward_tell(&w,
              ADT("A08^ADT_A01", "N2",
                  "20260310110000+0000") "PID|1||X9^^^LAKESIDE^MRT~7001^^^"
                                         "LAKESIDE^MR||Doe\r",
              true);
    ck_assert_known("7001", CTX_AS_OF_ALL, "");
    ward_tell(&w,
              ADT("A40^ADT_A39", "N3", "20260310120000+0000")
                  PID("7001") "MRG|X9^^^LAKESIDE^MRT\r",
              true);
    ck_assert_known("7001", US(11), "");
    ck_assert_known("7001", CTX_AS_OF_ALL, "admission IMP LAKESIDE|V8; ");
    ck_assert_known("X9", CTX_AS_OF_ALL, "admission IMP LAKESIDE|V8; ");
}
END_TEST

/* ---- senders who disagree -------------------------------------------------- */

/* Her birth date and sex by another system, in 1948 and female by all others. */
#define OTHER(id, birth, sex)                                                  \
    "MSH|^~\\&|BILL|LAKESIDE|A|B|20260310113000+0000||ADT^A08^ADT_A01|" id     \
    "|P|2.5.1\rEVN||20260310113000+0000\rPID|1||7001^^^LAKESIDE^MR||Drill^"    \
    "Mary||" birth "|" sex "\r"

START_TEST(where_senders_disagree_what_depends_on_it_is_not_said)
{
    static const struct {
        const char *other, *more;
        bool is_disputed;
    } cases[] = {
        {OTHER("O1", "19480214", "F"), "", false},
        {OTHER("O1", "1948", "U"), "", false},
        {OTHER("O1", "19840214", "F"), "", true},
        {OTHER("O1", "19480214", "M"), "", true},
        {OTHER("O1", "19840214", "F"),
         "trusted_senders: [\"ADT|LAKESIDE\", \"LAB|LAKESIDE\"]\n", false},
    };
    struct pl_call call = {.patient = ward_patient(),
                           .clock_us = pl_clock_us(NULL),
                           .face = PL_N_FACES};
    struct pl_answer a;
    char more[512];
    size_t n_risks = 0;

    (void)snprintf(more, sizeof(more), "%s%s", LIVE, cases[_i].more);
    ward_restart(&w, more);
    ward_tell(&w, ward_past, true);
    ward_tell(&w, ward_admission, false);
    ward_tell(&w, ward_results, false);
    ward_tell(&w, cases[_i].other, false);
    ck_assert_int_eq(ward_ask(&w, &call, &a), AN_OK);
    ck_assert_int_eq(a.forecast.abstention, cases[_i].is_disputed
                                                ? CTX_ABSTAIN_DISPUTED
                                                : CTX_ABSTAIN_NONE);
    for (size_t i = 0; i < a.n_said; i++)
        n_risks += a.said[i].kind == CTX_SUGGEST_RISK;
    ck_assert_int_eq(n_risks > 0, !cases[_i].is_disputed);
    /* What needs neither is said all the same. */
    ck_assert_uint_gt(a.n_said, 0);
}
END_TEST

Suite *consult_identity_suite(void)
{
    Suite *suite = suite_create("consult/identity");
    TCase *tc = tcase_create("who");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, an_unmerge_takes_back_what_was_said_on_both, 0, 2);
    tcase_add_test(tc, an_unmerge_by_a_clock_that_is_ahead_parts_at_once);
    tcase_add_loop_test(
        tc, a_merge_makes_both_one_question_of_all_that_is_known, 0, 2);
    tcase_add_loop_test(tc, a_visit_that_was_moved_is_anothers_from_then_on, 0,
                        2);
    tcase_add_loop_test(tc, a_visit_with_another_number_is_the_same_visit, 0,
                        2);
    tcase_add_test(tc, an_identifier_that_was_moved_takes_its_record_along);
    tcase_add_loop_test(tc, a_move_takes_back_what_was_said, 0, 2);
    tcase_add_loop_test(
        tc, what_is_withdrawn_of_a_moved_visit_is_said_of_nobody, 0, 2);
    tcase_add_test(tc, mother_and_twins_are_three);
    tcase_add_test(tc, a_temporary_number_becomes_a_patients_by_a_merge);
    tcase_add_loop_test(
        tc, where_senders_disagree_what_depends_on_it_is_not_said, 0, 5);
    suite_add_tcase(suite, tc);
    return suite;
}

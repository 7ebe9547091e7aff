/* SPDX-License-Identifier: Apache-2.0 */
/* What is put into the outbox, and under which of a patient's names what is
 * said is kept. */
#include "tests/consult_ward.h"
#include "tests/suite.h"

#include <sqlite3.h>
#include <stdio.h>

Suite *consult_post_suite(void);

#define LIVE "stage: live\nclock: messages\nlanguages: [en, es]\n"
#define TARGET "outbox: {url: \"http://127.0.0.1:9/fhir\", test_target: true}\n"

static struct ward w;

static void set_up(void)
{
    ward_open(&w, LIVE TARGET);
}

static void tear_down(void)
{
    ward_close(&w);
}

static void her_stay(void)
{
    ward_tell(&w, ward_past, true);
    ward_tell(&w, ward_admission, true);
    ward_tell(&w, ward_results, true);
    ward_tell(&w, ward_discharge, true);
}

static struct pl_answer ask_about(struct ctx_identifier who)
{
    struct pl_call call = {.patient = who,
                           .clock_us = WARD_DISCHARGE_US + AN_US_PER_DAY,
                           .face = PL_N_FACES};
    struct pl_answer a;

    ck_assert_int_eq(ward_ask(&w, &call, &a), AN_OK);
    return a;
}

/* The outbox's rows as they are, whatever is due: state, suggestion, text. */
struct posted {
    int state;
    int64_t of;
    struct an_str payload;
};

static size_t posted(struct posted *row, size_t room)
{
    sqlite3_stmt *s;
    sqlite3 *db;
    size_t n = 0;

    ck_assert_int_eq(sqlite3_open_v2(w.path, &db, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_prepare_v2(
            db, "SELECT state, suggestion, payload FROM outbox ORDER BY id", -1,
            &s, NULL),
        SQLITE_OK);
    for (; sqlite3_step(s) == SQLITE_ROW; n++) {
        struct an_str text = {sqlite3_column_blob(s, 2),
                              (size_t)sqlite3_column_bytes(s, 2)};

        ck_assert_uint_lt(n, room);
        row[n].state = sqlite3_column_int(s, 0);
        row[n].of = sqlite3_column_int64(s, 1);
        ck_assert(an_arena_str(&w.arena, text, &row[n].payload));
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

START_TEST(what_may_leave_goes_now_and_what_waits_waits_alone)
{
    struct posted row[8];
    struct pl_answer a;

    her_stay();
    a = ask_about(ward_patient());
    ck_assert_uint_eq(a.n_deliveries, 3);
    ck_assert_uint_eq(posted(row, 8), 3);
    ck_assert_int_eq(row[0].state, PL_OUTBOX_WAITING);
    ck_assert_int_eq(row[0].of, 0);
    ck_assert(ward_has(row[0].payload, "\"RiskAssessment\""));
    ck_assert(!ward_has(row[0].payload, "\"DocumentReference\""));
    for (int i = 1; i < 3; i++) {
        struct pl_suggestion s;

        ck_assert_int_eq(row[i].state, PL_OUTBOX_HELD);
        ck_assert_int_eq(
            pl_suggestion_get(w.reader, &w.arena, row[i].of, &s, NULL), AN_OK);
        ck_assert_int_eq(s.kind, CTX_SUGGEST_SUMMARY);
        ck_assert(ward_has(row[i].payload, "\"DocumentReference\""));
        ck_assert(!ward_has(row[i].payload, "\"RiskAssessment\""));
    }
    /* A demonstration says so in each. */
    for (int i = 0; i < 3; i++)
        ck_assert(ward_has(row[i].payload, "\"HTEST\""));
    /* The patient is named as the receiver knows her. */
    ck_assert(
        ward_has(row[0].payload,
                 "Patient?identifier=urn:oid:2.999.1.7%7C7001") ||
        ward_has(row[0].payload, "Patient?identifier=urn:oid:2.999.1.7|7001"));
}
END_TEST

/* All that there is: once, in the Bundle that may leave now. */
START_TEST(what_is_asked_for_stands_beside_it)
{
    static const char *const beside[] = {
        "\"ClinicalImpression\"", "\"Flag\"",
        "\"ServiceRequest\"",     "\"Task\"",
        "\"GuidanceResponse\"",   "\"AuditEvent\"",
        "\"AIModelCard\"",        "\"CommunicationRequest\"",
        "AIconfidence",           "modelCardDescription"};
    struct pl_call call = {.patient = ward_patient(),
                           .clock_us = WARD_DISCHARGE_US + AN_US_PER_DAY,
                           .face = PL_FACE_CDS,
                           .actor = AN_STR("Practitioner/1"),
                           .instance = AN_STR("hook-instance-1")};
    struct fhir_model_card card;
    struct posted row[8];
    struct pl_answer a;

    ward_close(&w);
    ward_open(&w,
              LIVE "outbox:\n  url: http://127.0.0.1:9/fhir\n"
                   "  test_target: true\n"
                   "  flags: [hospital-admission 0]\n"
                   "  proposals: ['hospital-admission 0 http://x|1 A call']\n"
                   "  resources: [RiskAssessment, Observation,"
                   " DocumentReference, ClinicalImpression, Composition, Task,"
                   " CommunicationRequest, GuidanceResponse, AuditEvent,"
                   " ModelCard]\n");
    card.digest = pl_mind_model(w.mind).digest;
    pl_mind_card(w.mind, &card.markdown, &card.xml);
    ck_assert_uint_gt(card.markdown.n, 1000);
    ck_assert_uint_gt(card.xml.n, 1000);
    w.naming.card = &card;
    her_stay();
    ck_assert_int_eq(ward_ask(&w, &call, &a), AN_OK);
    ck_assert_uint_eq(a.n_deliveries, 3);
    ck_assert_uint_eq(posted(row, 8), 3);
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
        ck_assert_msg(ward_has(row[0].payload, beside[i]), "%s", beside[i]);
    ck_assert(ward_has(row[0].payload, "\"hook-instance-1\""));
    ck_assert(ward_has(row[0].payload, "\"status\":\"requested\""));
    ck_assert(!ward_has(row[0].payload, "Your health summary"));
    for (int i = 1; i < 3; i++) {
        ck_assert_int_eq(row[i].state, PL_OUTBOX_HELD);
        ck_assert(ward_has(row[i].payload, "\"Composition\""));
        ck_assert(ward_has(row[i].payload, "\"status\":\"completed\""));
        ck_assert(!ward_has(row[i].payload, "\"GuidanceResponse\""));
    }
    ck_assert(!ward_has(row[1].payload, "\"transforms\""));
    ck_assert(ward_has(row[2].payload, "\"transforms\""));
}
END_TEST

/* By a watch and not by a call: no hook was answered. */
START_TEST(only_a_call_is_answered)
{
    struct posted row[8];

    ward_close(&w);
    ward_open(&w, LIVE "outbox:\n  url: http://127.0.0.1:9/fhir\n"
                       "  test_target: true\n"
                       "  resources: [RiskAssessment, GuidanceResponse]\n");
    her_stay();
    (void)ask_about(ward_patient());
    ck_assert_uint_eq(posted(row, 8), 1);
    ck_assert(ward_has(row[0].payload, "\"RiskAssessment\""));
    ck_assert(!ward_has(row[0].payload, "\"GuidanceResponse\""));
    ck_assert(!ward_has(row[0].payload, "\"Observation\""));
}
END_TEST

START_TEST(each_released_text_leaves_as_it_was_posted)
{
    struct pl_audit_entry who = {.actor = AN_STR("drh"),
                                 .role = AN_STR("clinician"),
                                 .details = AN_STR("{}"),
                                 .time_us = WARD_DISCHARGE_US};
    struct posted before[8], after[8];

    her_stay();
    (void)ask_about(ward_patient());
    ck_assert_uint_eq(posted(before, 8), 3);
    ck_assert_int_eq(pl_store_release(w.store, before[1].of,
                                      PL_RELEASE_RELEASED, &who, NULL),
                     AN_OK);
    ck_assert_uint_eq(posted(after, 8), 3);
    ck_assert_int_eq(after[1].state, PL_OUTBOX_WAITING);
    ck_assert_int_eq(after[2].state, PL_OUTBOX_HELD);
    ck_assert(an_str_eq(after[1].payload, before[1].payload));
}
END_TEST

START_TEST(a_text_that_is_said_anew_waits_anew_and_the_old_one_goes)
{
    struct posted row[8];

    her_stay();
    (void)ask_about(ward_patient());
    (void)ask_about(ward_patient());
    ck_assert_uint_eq(posted(row, 8), 6);
    for (int i = 1; i < 3; i++) {
        ck_assert_int_eq(row[i].state, PL_OUTBOX_DROPPED);
        ck_assert_uint_eq(row[i].payload.n, 0);
        ck_assert_int_eq(row[i + 3].state, PL_OUTBOX_HELD);
    }
    ck_assert_int_eq(ward_outgoing(&w).n_unreleased, 2);
}
END_TEST

START_TEST(a_language_that_is_configured_twice_is_spoken_once)
{
    struct posted row[8];

    ward_restart(
        &w, "stage: live\nclock: messages\nlanguages: [en, es, en]\n" TARGET);
    her_stay();
    (void)ask_about(ward_patient());
    ck_assert_uint_eq(posted(row, 8), 3);
    ck_assert_int_eq(ward_outgoing(&w).n_unreleased, 2);
}
END_TEST

START_TEST(nobody_is_told_of_a_patient_without_a_name)
{
    struct pl_answer a;

    ward_tell(&w, ward_foreign, true);
    a = ask_about(
        (struct ctx_identifier){AN_STR("NORTH"), AN_STR("88"), AN_STR("MR")});
    ck_assert_uint_gt(a.n_said, 0);
    ck_assert(a.unreachable);
    ck_assert_uint_eq(a.n_deliveries, 0);
    ck_assert_int_eq(ward_outgoing(&w).n_outbox_waiting, 0);
    ck_assert_int_eq(ward_outgoing(&w).n_outbox_held, 0);
}
END_TEST

START_TEST(without_a_receiver_there_is_nothing_to_post)
{
    struct posted row[8];
    struct pl_answer a;

    ward_restart(&w, LIVE);
    her_stay();
    a = ask_about(ward_patient());
    ck_assert_uint_gt(a.n_said, 0);
    ck_assert(!a.unreachable);
    ck_assert_uint_eq(posted(row, 8), 0);
}
END_TEST

static const struct {
    const char *how, *in, *out;
} forms[] = {{"fraction", "\"probabilityDecimal\":0.", "probabilityRange"},
             {"percent", "\"probabilityDecimal\":", "probabilityRange"},
             {"interval", "\"probabilityRange\"", "probabilityDecimal"}};

START_TEST(a_probability_is_said_in_the_receivers_form)
{
    struct posted row[8];
    char more[256];

    (void)snprintf(more, sizeof(more),
                   LIVE "outbox: {url: \"http://127.0.0.1:9/fhir\", "
                        "test_target: true, probability: %s}\n",
                   forms[_i].how);
    ward_restart(&w, more);
    her_stay();
    (void)ask_about(ward_patient());
    ck_assert_uint_eq(posted(row, 8), 3);
    ck_assert(ward_has(row[0].payload, forms[_i].in));
    ck_assert(!ward_has(row[0].payload, forms[_i].out));
}
END_TEST

/* A consultation that began before another and ends after it knows less. */
START_TEST(what_is_about_an_earlier_moment_replaces_nothing)
{
    struct pl_call call = {.patient = ward_patient(),
                           .clock_us = WARD_DISCHARGE_US + AN_US_PER_DAY,
                           .now_us = WARD_DISCHARGE_US,
                           .face = PL_FACE_CDS,
                           .actor = AN_STR("Practitioner/7")};
    const struct ctx_identifier who = ward_patient();
    const struct pl_suggestion *row;
    struct posted before[8], after[8];
    struct pl_answer a;
    int64_t n_audit;
    size_t n;

    ward_restart(&w, "stage: live\nclock: system\n" TARGET);
    her_stay();
    ck_assert_int_eq(ward_ask(&w, &call, &a), AN_OK);
    ck_assert_uint_gt(a.n_deliveries, 0);
    n = posted(before, 8);
    n_audit = ward_outgoing(&w).n_audit;
    call.now_us -= 1000;
    ck_assert_int_eq(ward_ask(&w, &call, &a), AN_OK);
    /* It is kept, and told; who asked sees it. */
    ck_assert_uint_gt(a.n_said, 0);
    ck_assert_uint_gt(a.n_shown, 0);
    ck_assert_int_eq(ward_outgoing(&w).n_audit,
                     n_audit + (int64_t)a.n_said + 1);
    ck_assert_uint_eq(a.n_deliveries, 0);
    ck_assert_uint_eq(posted(after, 8), n);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(after[i].state, before[i].state);
    n = ward_current(&w, &who, &row);
    ck_assert_uint_gt(n, 0);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(row[i].as_of_us, WARD_DISCHARGE_US);
    /* A moment after now is a clock that was wrong: it blocks nobody. */
    call.clock_us = WARD_DISCHARGE_US - 1;
    call.now_us = WARD_DISCHARGE_US - 2;
    ck_assert_int_eq(ward_ask(&w, &call, &a), AN_OK);
    n = ward_current(&w, &who, &row);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(row[i].as_of_us, WARD_DISCHARGE_US - 2);
}
END_TEST

/* ---- who is who --------------------------------------------------------- */

START_TEST(after_a_merge_nothing_is_said_under_the_old_number)
{
    struct ctx_identifier old = ward_patient(), kept = ward_patient();
    const struct pl_suggestion *row;
    struct posted post[16];
    size_t n;

    old.value = AN_STR("T1");
    ward_tell(&w, ward_other_results, true);
    (void)ask_about(old);
    ck_assert_uint_gt(ward_current(&w, &old, &row), 0);
    ck_assert_int_gt(ward_outgoing(&w).n_outbox_held, 0);

    her_stay();
    ward_tell(&w, ward_merge, true);
    (void)ask_about(old); /* whichever of her numbers is asked about */
    ck_assert_uint_eq(ward_current(&w, &old, &row), 0);
    ck_assert_uint_gt(ward_current(&w, &kept, &row), 0);
    /* Nor does a text of the old one wait for a word that nobody can give. */
    ck_assert_int_eq(ward_outgoing(&w).n_unreleased, 2);
    n = posted(post, 16);
    for (size_t i = 0; i < n; i++) {
        struct pl_suggestion s;

        if (post[i].state != PL_OUTBOX_HELD)
            continue;
        ck_assert_int_eq(
            pl_suggestion_get(w.reader, &w.arena, post[i].of, &s, NULL), AN_OK);
        ck_assert_int_eq(s.superseded_us, 0);
    }
}
END_TEST

Suite *consult_post_suite(void)
{
    Suite *suite = suite_create("consult/post");
    TCase *cases = tcase_create("post");

    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, what_may_leave_goes_now_and_what_waits_waits_alone);
    tcase_add_test(cases, what_is_asked_for_stands_beside_it);
    tcase_add_test(cases, only_a_call_is_answered);
    tcase_add_test(cases, each_released_text_leaves_as_it_was_posted);
    tcase_add_test(cases,
                   a_text_that_is_said_anew_waits_anew_and_the_old_one_goes);
    tcase_add_test(cases, a_language_that_is_configured_twice_is_spoken_once);
    tcase_add_test(cases, nobody_is_told_of_a_patient_without_a_name);
    tcase_add_test(cases, without_a_receiver_there_is_nothing_to_post);
    tcase_add_loop_test(cases, a_probability_is_said_in_the_receivers_form, 0,
                        sizeof(forms) / sizeof(forms[0]));
    tcase_add_test(cases, what_is_about_an_earlier_moment_replaces_nothing);
    tcase_add_test(cases, after_a_merge_nothing_is_said_under_the_old_number);
    suite_add_tcase(suite, cases);
    return suite;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One patient, one moment: what is said, kept, shown and told to the trail. */
#include "plugin/consultants.h"
#include "plugin/host/thread.h"
#include "tests/consult_ward.h"
#include "tests/suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

Suite *consult_ask_suite(void);

static struct ward w;

static void set_up(void)
{
    ward_open(&w, "stage: live\nclock: messages\nlanguages: [en, es]\n");
    ward_tell(&w, ward_past, true);
    ward_tell(&w, ward_admission, true);
    ward_tell(&w, ward_results, true);
    ward_tell(&w, ward_discharge, true);
}

static void tear_down(void)
{
    ward_close(&w);
}

static struct pl_call call_by(enum pl_face face)
{
    return (struct pl_call){.patient = ward_patient(),
                            .clock_us = WARD_DISCHARGE_US + AN_US_PER_DAY,
                            .face = face,
                            .actor = AN_STR("Practitioner/7"),
                            .instance = AN_STR("call-1")};
}

static struct pl_answer ask(const struct pl_call *call)
{
    struct pl_answer a;

    ck_assert_int_eq(ward_ask(&w, call, &a), AN_OK);
    return a;
}

static size_t n_of(const struct ctx_suggestion *s, size_t n, unsigned kind)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += s[i].kind == kind;
    return found;
}

START_TEST(clinicians_are_told_risks_and_patients_a_summary_in_each_language)
{
    struct pl_call call = call_by(PL_N_FACES);
    struct pl_answer a = ask(&call);
    const struct pl_suggestion *row;
    const struct ctx_identifier who = ward_patient();
    size_t n = ward_current(&w, &who, &row);

    ck_assert_uint_gt(n_of(a.said, a.n_said, CTX_SUGGEST_RISK), 0);
    ck_assert_uint_eq(n_of(a.said, a.n_said, CTX_SUGGEST_DIFFERENTIAL), 1);
    ck_assert_uint_eq(n_of(a.said, a.n_said, CTX_SUGGEST_SUMMARY), 2);
    for (size_t i = 0; i < a.n_said; i++) {
        const struct ctx_suggestion *s = &a.said[i];

        ck_assert_int_eq(s->abstention, CTX_ABSTAIN_NONE);
        ck_assert(s->audience == CTX_FOR_CLINICIAN ||
                  (s->audience == CTX_FOR_PATIENT &&
                   s->kind == CTX_SUGGEST_SUMMARY && s->patient_facing));
    }
    ck_assert_uint_eq(n, a.n_said);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(row[i].stage, CFG_LIVE);
        ck_assert_an_str_eq(row[i].encounter, "LAKESIDE|V1");
    }
    /* Nobody looked: nothing was shown. */
    ck_assert_uint_eq(a.n_shown, 0);
    ck_assert_int_eq(ward_outgoing(&w).n_audit, (int64_t)n);
    ck_assert_int_eq(ward_outgoing(&w).n_unreleased, 2);
}
END_TEST

START_TEST(by_the_messages_clock_the_present_is_what_was_said_last)
{
    struct pl_call call = call_by(PL_N_FACES);
    struct pl_answer a = ask(&call);

    ck_assert_int_eq(a.forecast.now.us, WARD_DISCHARGE_US);
    /* ... of what was known at the moment of the question. */
    call.clock_us = WARD_DISCHARGE_US - AN_US_PER_DAY;
    a = ask(&call);
    ck_assert_int_lt(a.forecast.now.us, WARD_DISCHARGE_US - AN_US_PER_DAY);
    call.now_us = WARD_DISCHARGE_US + 5;
    a = ask(&call);
    ck_assert_int_eq(a.forecast.now.us, WARD_DISCHARGE_US + 5);
}
END_TEST

START_TEST(by_the_systems_clock_the_present_is_now)
{
    struct pl_call call = call_by(PL_N_FACES);
    struct pl_answer a;

    ward_restart(&w, "stage: live\nclock: system\nzone: \"+01:00\"\n");
    a = ask(&call);
    ck_assert_int_eq(a.forecast.now.us, call.clock_us);
    ck_assert_int_eq(a.forecast.now.offset_min, 60);
}
END_TEST

/* Ten minutes ahead of our clock, and a day. */
static const struct {
    int64_t ahead_us;
    bool is_known;
} senders[] = {{INT64_C(600000000), true}, {AN_US_PER_DAY, false}};

START_TEST(a_result_of_a_sender_whose_clock_is_a_little_ahead_is_known)
{
    int64_t said_us = pl_clock_us(NULL) + senders[_i].ahead_us;
    struct pl_call call = call_by(PL_N_FACES);
    char message[WARD_MESSAGE_BYTES];
    bool is_known = false;
    struct pl_answer a;

    ward_restart(&w, "stage: live\n");
    said_us -= said_us % 1000000;
    ward_creatinine(message, said_us, "1.99");
    ward_tell(&w, message, true);
    call.clock_us = pl_clock_us(NULL);
    a = ask(&call);
    for (size_t i = 0; i < a.n_said; i++)
        is_known |= ward_has(a.said[i].statement, " 1.99 ");
    ck_assert(is_known == senders[_i].is_known);
    ck_assert_int_eq(a.forecast.now.us, is_known ? said_us : call.clock_us);
}
END_TEST

START_TEST(what_is_known_later_is_not_known_yet)
{
    struct pl_call call = call_by(PL_N_FACES);
    struct pl_answer a;

    /* An hour before the results came. */
    call.now_us = INT64_C(1773140400000000);
    a = ask(&call);
    for (size_t i = 0; i < a.n_said; i++)
        for (size_t k = 0; k < a.said[i].n_evidence; k++)
            ck_assert_int_le(a.said[i].evidence[k].event->available_us,
                             call.now_us);
    ck_assert_uint_eq(n_of(a.said, a.n_said, CTX_SUGGEST_SUMMARY), 2);
}
END_TEST

START_TEST(a_face_gets_what_may_leave_and_the_trail_hears_of_it)
{
    struct pl_call call = call_by(PL_FACE_CDS);
    struct pl_audit_row row = {.seq = 0};
    struct pl_audit_chain chain;
    struct pl_answer a;
    size_t n_shown = 0, n_computed = 0;

    call.max_shown = 3;
    a = ask(&call);
    ck_assert_uint_eq(a.n_shown, 3);
    ck_assert_uint_eq(n_of(a.shown, a.n_shown, CTX_SUGGEST_DIFFERENTIAL), 1);
    ck_assert_uint_eq(n_of(a.shown, a.n_shown, CTX_SUGGEST_SUMMARY), 0);
    while (pl_audit_next(w.reader, &w.arena, row.seq, &row, NULL) == AN_OK) {
        if (an_str_eq(row.action, AN_STR("suggested"))) {
            n_computed += ward_has(row.details, "; libc ");
            continue;
        }
        n_shown++;
        ck_assert_an_str_eq(row.action, "shown");
        ck_assert_an_str_eq(row.actor, "Practitioner/7");
        ck_assert_an_str_eq(row.subject, "cds-hooks");
        ck_assert(ward_has(row.details, "call-1"));
    }
    ck_assert_uint_eq(n_shown, 1);
    ck_assert_uint_eq(n_computed,
                      n_of(a.said, a.n_said, CTX_SUGGEST_RISK) +
                          n_of(a.said, a.n_said, CTX_SUGGEST_DIFFERENTIAL));
    ck_assert_int_eq(pl_audit_verify(w.reader, &w.arena, NULL, &chain, NULL),
                     AN_OK);
    /* As many as there are. */
    call.max_shown = 0;
    a = ask(&call);
    ck_assert_uint_eq(a.n_shown,
                      a.n_said - n_of(a.said, a.n_said, CTX_SUGGEST_SUMMARY));
}
END_TEST

START_TEST(a_patient_is_shown_nothing_that_nobody_released)
{
    struct pl_call call = call_by(PL_FACE_CDS);
    struct pl_answer a;

    call.to_patient = true;
    a = ask(&call);
    ck_assert_uint_gt(a.n_said, 0);
    ck_assert_uint_eq(a.n_shown, 0);
    ck_assert_int_eq(ward_outgoing(&w).n_audit, (int64_t)a.n_said);
}
END_TEST

static const char *const silent[] = {"stage: shadow\n", "stage: trial\n"};

START_TEST(in_shadow_and_trial_no_face_is_shown_anything)
{
    char more[128];
    struct pl_call call;
    struct pl_answer a;

    (void)snprintf(more, sizeof(more),
                   "%sclock: messages\noutbox: {url: "
                   "\"http://127.0.0.1:9/fhir\", "
                   "test_target: true}\n",
                   silent[_i]);
    ward_restart(&w, more);
    for (int face = PL_FACE_CDS; face < PL_N_FACES; face++) {
        call = call_by((enum pl_face)face);
        a = ask(&call);
        ck_assert_uint_gt(a.n_said, 0);
        ck_assert_uint_eq(a.n_shown, 0);
        ck_assert_uint_eq(a.n_deliveries, 0);
        ck_assert(!a.unreachable);
    }
    ck_assert_int_eq(ward_outgoing(&w).n_outbox_waiting, 0);
    ck_assert_int_eq(ward_outgoing(&w).n_outbox_held, 0);
    /* The console's reviewers see them. */
    call = call_by(PL_FACE_CONSOLE);
    a = ask(&call);
    ck_assert_uint_eq(a.n_shown, a.n_said);
}
END_TEST

START_TEST(without_a_mind_nothing_is_said_and_what_was_is_superseded)
{
    const struct ctx_identifier who = ward_patient();
    struct pl_call call = call_by(PL_FACE_CDS);
    const struct pl_suggestion *row;
    struct pl_answer a = ask(&call);

    ck_assert_uint_gt(ward_current(&w, &who, &row), 0);
    ward_restart(&w, "stage: off\n");
    a = ask(&call);
    ck_assert_uint_eq(a.n_said, 0);
    ck_assert_uint_eq(a.n_shown, 0);
    ck_assert_uint_eq(ward_current(&w, &who, &row), 0);
}
END_TEST

START_TEST(a_stranger_is_not_found)
{
    struct pl_call call = call_by(PL_FACE_CDS);
    struct pl_answer a;

    call.patient.value = AN_STR("nobody");
    ck_assert_int_eq(ward_ask(&w, &call, &a), AN_NOTFOUND);
    ck_assert_int_eq(ward_outgoing(&w).n_audit, 0);
}
END_TEST

START_TEST(the_same_question_is_answered_alike)
{
    struct pl_call call = call_by(PL_N_FACES);
    struct pl_answer first = ask(&call), second;
    struct an_str a, b;

    call.clock_us += AN_US_PER_DAY; /* asked later about the same moment */
    second = ask(&call);
    ck_assert_uint_eq(first.n_said, second.n_said);
    for (size_t i = 0; i < first.n_said; i++) {
        ck_assert_int_eq(
            pl_suggestion_detail(&w.arena, &first.said[i], &a, NULL), AN_OK);
        ck_assert_int_eq(
            pl_suggestion_detail(&w.arena, &second.said[i], &b, NULL), AN_OK);
        ck_assert(an_str_eq(a, b));
    }
}
END_TEST

/* ---- every allocation fails once ---------------------------------------- */

/* How many times a consultation gets memory. */
static long n_gets(struct pl_consultant *c, struct an_arena *arena)
{
    const long many = 100000000;
    struct pl_call call = call_by(PL_FACE_CDS);
    struct pl_answer answer;

    an_arena_reset(arena);
    arena->fail_after = many;
    ck_assert_int_eq(pl_consult(c, arena, &call, &answer, NULL), AN_OK);
    ck_assert_uint_gt(answer.n_shown, 0);
    return many - arena->fail_after;
}

START_TEST(a_consultation_survives_each_failed_allocation)
{
    enum { CLOSE = 40, FAR = 25 };
    struct pl_consult_source from = ward_source(&w);
    struct cfg_options forgetful = *from.options;
    struct pl_call call = call_by(PL_FACE_CDS);
    struct pl_mind *mind;
    struct pl_consultant *consultant;
    struct pl_answer answer;
    struct an_arena arena;
    int64_t n_audit;
    long n_all;

    /* With a cache it would need less the second time. */
    forgetful.model_cache_bytes = 0;
    ck_assert_int_eq(pl_mind_open(&forgetful, &mind, NULL), AN_OK);
    from.mind = mind;
    an_arena_init(&arena, 1 << 30);
    ck_assert_int_eq(pl_consultant_open(&from, &consultant, NULL), AN_OK);
    n_all = n_gets(consultant, &arena);
    ck_assert_int_gt(n_all, 2 * CLOSE);
    n_audit = ward_outgoing(&w).n_audit;
    /* Each of the first and of the last, where T2 is near; of those between,
     * which belong to rooms with tests of their own, some. */
    for (long n = 0; n < n_all;
         n += n < CLOSE || n >= n_all - CLOSE ? 1 : 1 + n_all / FAR) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        ck_assert_int_eq(pl_consult(consultant, &arena, &call, &answer, NULL),
                         AN_NOMEM);
        ck_assert_int_eq(ward_outgoing(&w).n_audit, n_audit);
    }
    an_arena_reset(&arena);
    arena.fail_after = n_all;
    ck_assert_int_eq(pl_consult(consultant, &arena, &call, &answer, NULL),
                     AN_OK);
    pl_consultant_close(consultant);
    pl_mind_close(mind);
    an_arena_free(&arena);
}
END_TEST

/* ---- several who wait --------------------------------------------------- */

enum { ASKERS = 6 };

struct asker {
    pthread_t thread;
    struct pl_consultants *all;
    enum an_code code;
    size_t n_shown;
};

static void *ask_once(void *arg)
{
    struct asker *me = arg;
    struct pl_call call = call_by(PL_FACE_CDS);
    struct pl_answer answer;
    struct an_arena arena;

    an_arena_init(&arena, 1 << 30);
    call.max_shown = 2;
    me->code = pl_consultants_ask(me->all, &arena, &call, &answer, NULL);
    me->n_shown = answer.n_shown;
    an_arena_free(&arena);
    return NULL;
}

START_TEST(more_callers_than_consultants_wait_for_their_turn)
{
    struct pl_consult_source from = ward_source(&w);
    const struct ctx_identifier who = ward_patient();
    const struct pl_suggestion *row;
    struct asker asker[ASKERS];
    struct pl_consultants *all;
    size_t n;

    ck_assert_int_eq(pl_consultants_open(&from, 2, &all, NULL), AN_OK);
    for (int i = 0; i < ASKERS; i++) {
        asker[i].all = all;
        ck_assert_int_eq(
            pthread_create(&asker[i].thread, NULL, ask_once, &asker[i]), 0);
    }
    for (int i = 0; i < ASKERS; i++) {
        ck_assert_int_eq(pthread_join(asker[i].thread, NULL), 0);
        ck_assert_int_eq(asker[i].code, AN_OK);
        ck_assert_uint_eq(asker[i].n_shown, 2);
    }
    pl_consultants_close(all);
    n = ward_current(&w, &who, &row);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert(!an_str_eq(row[i].resource, row[k].resource));
}
END_TEST

Suite *consult_ask_suite(void)
{
    Suite *suite = suite_create("consult/ask");
    TCase *cases = tcase_create("ask");

    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(
        cases,
        clinicians_are_told_risks_and_patients_a_summary_in_each_language);
    tcase_add_test(cases,
                   by_the_messages_clock_the_present_is_what_was_said_last);
    tcase_add_test(cases, by_the_systems_clock_the_present_is_now);
    tcase_add_loop_test(
        cases, a_result_of_a_sender_whose_clock_is_a_little_ahead_is_known, 0,
        sizeof(senders) / sizeof(senders[0]));
    tcase_add_test(cases, what_is_known_later_is_not_known_yet);
    tcase_add_test(cases, a_face_gets_what_may_leave_and_the_trail_hears_of_it);
    tcase_add_test(cases, a_patient_is_shown_nothing_that_nobody_released);
    tcase_add_loop_test(cases, in_shadow_and_trial_no_face_is_shown_anything, 0,
                        sizeof(silent) / sizeof(silent[0]));
    tcase_add_test(cases,
                   without_a_mind_nothing_is_said_and_what_was_is_superseded);
    tcase_add_test(cases, a_stranger_is_not_found);
    tcase_add_test(cases, the_same_question_is_answered_alike);
    tcase_add_test(cases, a_consultation_survives_each_failed_allocation);
    tcase_add_test(cases, more_callers_than_consultants_wait_for_their_turn);
    suite_add_tcase(suite, cases);
    return suite;
}

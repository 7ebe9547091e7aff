/* SPDX-License-Identifier: Apache-2.0 */
/* T2: all of a conclusion or nothing, once for each trigger. */
#include "plugin/store/outgoing.h"
#include "plugin/store/writer_int.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *store_conclude_suite(void);

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

/* An invented patient's risk, as advice/ would say it. */
static struct ctx_suggestion risk(unsigned audience, const char *statement)
{
    struct ctx_suggestion s = test_risk();

    s.audience = (uint8_t)audience;
    s.patient_facing = audience == CTX_FOR_PATIENT;
    s.statement = an_str_c(statement);
    return s;
}

/* One conclusion: a risk for the clinician and one for the patient, each with
 * bytes to be delivered. */
struct told {
    struct ctx_suggestion what[2];
    struct pl_saying said[2];
    struct pl_delivery delivery[2];
    struct pl_conclusion conclusion;
};

static void tell(struct told *d, const int64_t *trigger, int64_t now_us)
{
    static const char *const resource[] = {
        "11111111-1111-5111-8111-111111111111",
        "22222222-2222-5222-8222-222222222222"};

    d->what[0] = risk(CTX_FOR_CLINICIAN, "One in four.");
    d->what[1] = risk(CTX_FOR_PATIENT, "About one in four people.");
    for (int i = 0; i < 2; i++) {
        d->said[i] = (struct pl_saying){.what = &d->what[i],
                                        .resource = an_str_c(resource[i]),
                                        .encounter = AN_STR("V1"),
                                        .stage = CFG_TRIAL};
        ck_assert_int_eq(pl_suggestion_detail(&t.arena, &d->what[i],
                                              &d->said[i].detail, NULL),
                         AN_OK);
    }
    d->delivery[0] =
        (struct pl_delivery){.payload = AN_STR("{\"to\":\"carer\"}"), .of = 0};
    d->delivery[1] = (struct pl_delivery){
        .payload = AN_STR("{\"to\":\"patient\"}"), .of = 2};
    d->conclusion = (struct pl_conclusion){
        .patient = {AN_STR("GENHOSP"), AN_STR("M0000007"), AN_STR("MR")},
        .now_us = now_us,
        .trigger = trigger,
        .n_triggers = trigger ? 1 : 0,
        .said = d->said,
        .n_said = 2,
        .delivery = d->delivery,
        .n_deliveries = 2};
}

static bool conclude(const struct told *d)
{
    struct pl_conclude_receipt r;
    struct an_err err;

    ck_assert_msg(pl_store_conclude(t.store, &d->conclusion, 1, &r, &err) ==
                      AN_OK,
                  "conclude: %s %s", err.what, err.where.path);
    return !r.duplicate;
}

static const struct pl_trigger *triggers(size_t *n)
{
    const struct pl_trigger *list;

    ck_assert_int_eq(pl_triggers(t.reader, &t.arena, 0, 100, &list, n, NULL),
                     AN_OK);
    return list;
}

/* The trigger of one invented message. */
static int64_t trigger(uint64_t message)
{
    struct pl_intake in = test_intake(&t, message, 7);
    const struct pl_trigger *list;
    size_t n;

    (void)test_put(&t, &in);
    list = triggers(&n);
    ck_assert_uint_gt(n, 0);
    return list[n - 1].id;
}

static size_t said(const struct pl_suggestion **list)
{
    const struct ctx_identifier who = {AN_STR("GENHOSP"), AN_STR("M0000007"),
                                       AN_STR("")};
    size_t n;

    ck_assert_int_eq(
        pl_suggestions(t.reader, &t.arena, &who, 0, 100, list, &n, NULL),
        AN_OK);
    return n;
}

static struct pl_outgoing counts(void)
{
    struct pl_outgoing out;

    ck_assert_int_eq(pl_outgoing(t.reader, &out, NULL), AN_OK);
    return out;
}

static void trail_is_whole(int64_t n)
{
    struct pl_audit_chain chain;
    struct an_err err;

    ck_assert_msg(pl_audit_verify(t.reader, &t.arena, NULL, &chain, &err) ==
                      AN_OK,
                  "%s: %s", err.where.path, err.what);
    ck_assert_int_eq(chain.n, n);
}

START_TEST(keeps_all_of_a_conclusion)
{
    int64_t due = trigger(1);
    const struct pl_suggestion *list;
    struct pl_outbox_row row;
    struct told d;
    int64_t next;
    size_t n;

    tell(&d, &due, TEST_EPOCH_US);
    ck_assert(conclude(&d));
    test_store_reopen(&t);
    ck_assert_uint_eq(said(&list), 2);
    ck_assert_an_str_eq(list[0].statement, "One in four.");
    ck_assert_an_str_eq(list[0].topic, "stroke");
    ck_assert_an_str_eq(list[0].encounter, "V1");
    ck_assert_an_str_eq(list[0].model, "abc123");
    ck_assert_an_str_eq(list[0].language, "en");
    ck_assert(an_str_eq(list[0].detail, d.said[0].detail));
    ck_assert(list[0].has_p && list[0].p > 0.2499 && list[0].p < 0.2501);
    ck_assert_uint_eq(list[0].horizon_days, 365);
    ck_assert_int_eq(list[0].stage, CFG_TRIAL);
    ck_assert_int_eq(list[0].release, PL_RELEASE_NONE);
    ck_assert_int_eq(list[1].release, PL_RELEASE_WAITING);
    ck_assert_uint_eq(list[1].audience, CTX_FOR_PATIENT);
    (void)triggers(&n);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(
        pl_outbox_due(t.reader, &t.arena, TEST_EPOCH_US, &row, &next, NULL),
        AN_OK);
    ck_assert_an_str_eq(row.payload, "{\"to\":\"carer\"}");
    ck_assert_int_eq(counts().n_outbox_held, 1);
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    ck_assert_int_eq(counts().n_unreleased, 1);
    ck_assert_int_eq(counts().n_suggestions[CFG_TRIAL], 2);
    ck_assert_int_eq(counts().n_suggestions[CFG_LIVE], 0);
    ck_assert_int_eq(counts().oldest_waiting_us, TEST_EPOCH_US);
    trail_is_whole(2);
}
END_TEST

START_TEST(a_trigger_has_one_outcome)
{
    int64_t due = trigger(1);
    const struct pl_suggestion *list;
    struct told d;

    tell(&d, &due, TEST_EPOCH_US);
    ck_assert(conclude(&d));
    d.conclusion.now_us++;
    ck_assert(!conclude(&d));
    ck_assert_uint_eq(said(&list), 2);
    ck_assert_int_eq(list[0].created_us, TEST_EPOCH_US);
    ck_assert_int_eq(counts().n_suggestions[CFG_TRIAL], 2);
    ck_assert_int_eq(counts().n_audit, 2);
    /* Without a trigger each conclusion is a new one. */
    d.conclusion.n_triggers = 0;
    ck_assert(conclude(&d));
    ck_assert_int_eq(counts().n_suggestions[CFG_TRIAL], 4);
}
END_TEST

START_TEST(a_newer_suggestion_supersedes_the_older_of_its_resource)
{
    const struct pl_suggestion *list;
    struct pl_suggestion old;
    struct told d;
    int64_t first;

    tell(&d, NULL, TEST_EPOCH_US);
    (void)conclude(&d);
    (void)said(&list);
    first = list[0].id;
    d.conclusion.now_us = TEST_EPOCH_US + 60;
    d.conclusion.n_said = 1;
    d.conclusion.n_deliveries = 0;
    (void)conclude(&d);
    ck_assert_uint_eq(said(&list), 2);
    ck_assert_an_str_eq(list[1].statement, "One in four.");
    ck_assert_int_gt(list[1].id, first);
    ck_assert_int_eq(pl_suggestion_get(t.reader, &t.arena, first, &old, NULL),
                     AN_OK);
    ck_assert_int_eq(old.superseded_us, TEST_EPOCH_US + 60);
    ck_assert_int_eq(pl_suggestion_get(t.reader, &t.arena, 99, &old, NULL),
                     AN_NOTFOUND);
}
END_TEST

START_TEST(a_complete_conclusion_takes_back_what_it_does_not_repeat)
{
    const struct pl_suggestion *list;
    struct told d;

    tell(&d, NULL, TEST_EPOCH_US);
    (void)conclude(&d);
    d.conclusion.now_us = TEST_EPOCH_US + 60;
    d.conclusion.n_said = 1;
    d.conclusion.n_deliveries = 0;
    d.conclusion.complete = true;
    (void)conclude(&d);
    ck_assert_uint_eq(said(&list), 1);
    ck_assert_uint_eq(list[0].audience, CTX_FOR_CLINICIAN);
    /* What waited for a release of the superseded text waits no more. */
    ck_assert_int_eq(counts().n_outbox_held, 0);
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    ck_assert_int_eq(counts().n_unreleased, 0);
}
END_TEST

static struct pl_audit_entry clinician(int64_t now_us)
{
    return (struct pl_audit_entry){.time_us = now_us,
                                   .actor = AN_STR("dr-invented"),
                                   .role = AN_STR("clinician"),
                                   .details = AN_STR("{}")};
}

START_TEST(a_release_lets_the_outbox_row_go_and_a_withholding_stops_it)
{
    struct pl_audit_entry who = clinician(TEST_EPOCH_US + 5);
    const struct pl_suggestion *list;
    struct pl_audit_row row;
    struct an_err err;
    struct told d;
    int64_t id;

    tell(&d, NULL, TEST_EPOCH_US);
    (void)conclude(&d);
    (void)said(&list);
    id = list[1].id;
    ck_assert_int_eq(
        pl_store_release(t.store, id, PL_RELEASE_RELEASED, &who, NULL), AN_OK);
    ck_assert_int_eq(counts().n_outbox_held, 0);
    ck_assert_int_eq(counts().n_outbox_waiting, 2);
    (void)said(&list);
    ck_assert_int_eq(list[1].release, PL_RELEASE_RELEASED);
    ck_assert_int_eq(
        pl_store_release(t.store, id, PL_RELEASE_RELEASED, &who, &err),
        AN_CONFLICT);
    ck_assert_int_eq(
        pl_store_release(t.store, id, PL_RELEASE_WITHHELD, &who, NULL), AN_OK);
    ck_assert_int_eq(counts().n_outbox_held, 1);
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    ck_assert_int_eq(
        pl_store_release(t.store, 99, PL_RELEASE_RELEASED, &who, NULL),
        AN_NOTFOUND);
    ck_assert_int_eq(
        pl_store_release(t.store, list[0].id, PL_RELEASE_RELEASED, &who, NULL),
        AN_CONFLICT);
    trail_is_whole(4);
    ck_assert_int_eq(pl_audit_next(t.reader, &t.arena, 2, &row, NULL), AN_OK);
    ck_assert_an_str_eq(row.action, "released");
    ck_assert_an_str_eq(row.actor, "dr-invented");
    ck_assert_an_str_eq(row.subject, "suggestion/2");
}
END_TEST

/* A clinician is not asked twice about the same words. */
START_TEST(the_same_words_keep_the_release_that_they_were_given)
{
    struct pl_audit_entry who = clinician(TEST_EPOCH_US + 5);
    const struct pl_suggestion *list;
    struct told d;

    tell(&d, NULL, TEST_EPOCH_US);
    d.conclusion.complete = true;
    (void)conclude(&d);
    (void)said(&list);
    ck_assert_int_eq(
        pl_store_release(t.store, list[1].id, PL_RELEASE_RELEASED, &who, NULL),
        AN_OK);
    d.conclusion.now_us++;
    (void)conclude(&d);
    (void)said(&list);
    ck_assert_int_eq(list[1].release, PL_RELEASE_RELEASED);
    ck_assert_int_eq(counts().n_outbox_held, 0);
    /* The text of before is not sent late. */
    ck_assert_int_eq(counts().n_outbox_waiting, 3);
    ck_assert_int_eq(
        pl_store_release(t.store, list[1].id, PL_RELEASE_WITHHELD, &who, NULL),
        AN_OK);
    d.conclusion.now_us++;
    (void)conclude(&d);
    (void)said(&list);
    ck_assert_int_eq(list[1].release, PL_RELEASE_WITHHELD);
    ck_assert_int_eq(counts().n_outbox_waiting, 3);
    ck_assert_int_eq(counts().n_outbox_held, 1);
    d.what[1].statement = AN_STR("About one in three people.");
    (void)conclude(&d);
    (void)said(&list);
    ck_assert_int_eq(list[1].release, PL_RELEASE_WAITING);
}
END_TEST

/* The same store, and the site goes live with a model of its own. */
START_TEST(what_another_model_said_is_not_delivered)
{
    struct told d;

    tell(&d, NULL, TEST_EPOCH_US);
    d.conclusion.origin = AN_STR("demo|a");
    (void)conclude(&d);
    ck_assert_int_eq(
        pl_store_outbox_keep(t.store, AN_STR("demo|a"), TEST_EPOCH_US, NULL),
        AN_OK);
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    ck_assert_int_eq(counts().n_outbox_held, 1);
    ck_assert_int_eq(pl_store_outbox_keep(t.store, AN_STR("production|a"),
                                          TEST_EPOCH_US, NULL),
                     AN_OK);
    ck_assert_int_eq(counts().n_outbox_waiting, 0);
    ck_assert_int_eq(counts().n_outbox_held, 0);
}
END_TEST

START_TEST(a_patients_rows_leave_in_order_and_wait_together)
{
    struct pl_attempt a = {.id = 1,
                           .state = PL_OUTBOX_WAITING,
                           .error = 503,
                           .now_us = TEST_EPOCH_US,
                           .next_us = TEST_EPOCH_US + 100};
    struct pl_outbox_row row;
    struct told d;
    int64_t next;

    tell(&d, NULL, TEST_EPOCH_US);
    d.delivery[1].of = 0;
    (void)conclude(&d);
    ck_assert_int_eq(pl_store_attempt(t.store, &a, NULL), AN_OK);
    ck_assert_int_eq(pl_outbox_due(t.reader, &t.arena, TEST_EPOCH_US + 99, &row,
                                   &next, NULL),
                     AN_NOTFOUND);
    ck_assert_int_eq(next, TEST_EPOCH_US + 100);
    ck_assert_int_eq(pl_outbox_due(t.reader, &t.arena, TEST_EPOCH_US + 100,
                                   &row, &next, NULL),
                     AN_OK);
    ck_assert_int_eq(row.id, 1);
    ck_assert_int_eq(row.attempts, 1);
    a.state = PL_OUTBOX_DELIVERED;
    a.error = 201;
    ck_assert_int_eq(pl_store_attempt(t.store, &a, NULL), AN_OK);
    /* Once more is nothing more. */
    ck_assert_int_eq(pl_store_attempt(t.store, &a, NULL), AN_OK);
    ck_assert_int_eq(pl_outbox_due(t.reader, &t.arena, TEST_EPOCH_US + 100,
                                   &row, &next, NULL),
                     AN_OK);
    ck_assert_int_eq(row.id, 2);
    a.id = 2;
    a.state = PL_OUTBOX_DEAD;
    a.error = 400;
    ck_assert_int_eq(pl_store_attempt(t.store, &a, NULL), AN_OK);
    ck_assert_int_eq(
        pl_outbox_due(t.reader, &t.arena, INT64_MAX, &row, &next, NULL),
        AN_NOTFOUND);
    ck_assert_int_eq(next, INT64_MAX);
    ck_assert_int_eq(counts().n_outbox_dead, 1);
    trail_is_whole(4);
}
END_TEST

START_TEST(refuses_deliveries_of_nothing_and_of_shadow)
{
    struct pl_conclude_receipt r;
    struct told d;

    tell(&d, NULL, TEST_EPOCH_US);
    d.delivery[1].of = 3;
    ck_assert_int_eq(pl_store_conclude(t.store, &d.conclusion, 1, &r, NULL),
                     AN_TYPE);
    /* What is said in shadow is not delivered when the site goes live. */
    d.delivery[1].of = 2;
    d.said[1].stage = CFG_SHADOW;
    ck_assert_int_eq(pl_store_conclude(t.store, &d.conclusion, 1, &r, NULL),
                     AN_CONFLICT);
    d.delivery[1].of = 0;
    ck_assert(conclude(&d));
    d.said[0].stage = CFG_STAGE_OFF;
    ck_assert_int_eq(pl_store_conclude(t.store, &d.conclusion, 1, &r, NULL),
                     AN_CONFLICT);
    ck_assert_int_eq(counts().n_audit, 2);
}
END_TEST

/* A statement that walks a whole table is slow only in the hospital. */
START_TEST(no_statement_that_writes_scans_a_table)
{
    struct pl_db db;

    ck_assert_int_eq(pl_db_open(&db, t.path, NULL, false, 1 << 20, 100, NULL),
                     AN_OK);
    for (int i = 0; i < PL_N_WRITES; i++) {
        char text[2048];
        sqlite3_stmt *s = NULL;

        (void)snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s",
                       pl_write_text[i]);
        ck_assert_int_eq(sqlite3_prepare_v2(db.sql, text, -1, &s, NULL),
                         SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW) {
            const char *plan = (const char *)sqlite3_column_text(s, 3);

            if (strncmp(plan, "SCAN ", 5) == 0 &&
                strcmp(plan, "SCAN CONSTANT ROW") != 0 &&
                strcmp(plan, "SCAN audit_head") != 0 &&
                strcmp(plan, "SCAN vault_key") != 0 &&
                /* The identifiers of one person, and of two sides of him;
                 * whom one visit went to; visits that came to him. */
                strcmp(plan, "SCAN web") != 0 &&
                strcmp(plan, "SCAN side") != 0 &&
                strcmp(plan, "SCAN both") != 0 &&
                strcmp(plan, "SCAN near") != 0 &&
                strcmp(plan, "SCAN far") != 0 &&
                strcmp(plan, "SCAN led") != 0 &&
                strcmp(plan, "SCAN came") != 0 &&
                /* Those alone that are not settled, once a start. */
                strcmp(plan, "SCAN due USING INDEX due_waiting") != 0 &&
                strcmp(plan, "SCAN outbox USING INDEX outbox_order") != 0 &&
                strcmp(plan, "SCAN outbox USING INDEX outbox_held") != 0 &&
                strcmp(plan, "SCAN outbox USING INDEX outbox_refused") != 0)
                ck_abort_msg("%s: %s", pl_write_text[i], plan);
        }
        sqlite3_finalize(s);
    }
    pl_db_close(&db);
}
END_TEST

START_TEST(detail_holds_the_evidence_and_survives_each_failed_allocation)
{
    const struct ctx_event event = {.message = AN_STR("ab12"),
                                    .place = AN_STR("OBX[3]-5")};
    const struct ctx_evidence evidence = {.event = &event,
                                          .sentence = AN_STR("Said \"so\"."),
                                          .weight = 0.5,
                                          .direction = 1};
    struct ctx_suggestion s = risk(CTX_FOR_CLINICIAN, "One in four.");
    enum an_code got = AN_NOMEM;
    struct an_str detail = {NULL, 0};
    long n = 0;

    s.evidence = &evidence;
    s.n_evidence = 1;
    for (; got != AN_OK && n < 100; n++) {
        an_arena_reset(&t.arena);
        t.arena.fail_after = n;
        got = pl_suggestion_detail(&t.arena, &s, &detail, NULL);
        ck_assert(got == AN_OK || got == AN_NOMEM);
    }
    t.arena.fail_after = -1;
    ck_assert_int_gt(n, 1);
    ck_assert_an_str_eq(
        detail,
        "{\"kind\":\"risk\",\"topic\":\"stroke\",\"statement\":\"One in four."
        "\",\"asOf\":\"2024-11-05T08:00:00.000Z\",\"abstention\":0,"
        "\"p\":0.250000000,\"pLow\":0.125000000,\"pHigh\":0.500000000,"
        "\"draftLanguage\":false,\"next\":[],\"evidence\":[{\"sentence\":"
        "\"Said \\\"so\\\".\",\"message\":\"ab12\",\"place\":\"OBX[3]-5\","
        "\"kind\":0,\"weight\":0.500000000,\"direction\":1}],"
        "\"citations\":[],"
        "\"model\":{\"name\":\"demo\",\"version\":\"1\",\"digest\":\"abc123\","
        "\"demonstrator\":true}}");
}
END_TEST

/* Think about waiting triggers, as a restart does. */
static size_t drain(void)
{
    const struct pl_trigger *list;
    struct told d;
    size_t n, fresh = 0;

    list = triggers(&n);
    for (size_t i = 0; i < n; i++) {
        tell(&d, &list[i].id, TEST_EPOCH_US + (int64_t)i);
        fresh += conclude(&d);
    }
    return fresh;
}

/* A child drains triggers and reports each; it is killed at some point. */
static void drain_until_killed(int pipe)
{
    const struct pl_trigger *list;
    struct told d;
    size_t n;

    test_store_reopen(&t);
    list = triggers(&n);
    for (size_t i = 0; i < n; i++) {
        tell(&d, &list[i].id, TEST_EPOCH_US + (int64_t)i);
        (void)conclude(&d);
        if (write(pipe, "x", 1) != 1)
            _exit(1);
    }
    for (;;)
        pause();
}

START_TEST(what_kill_9_left_between_t1_and_t2_is_drained_once)
{
    enum { MESSAGES = 60 };
    int64_t n_before;
    int ends[2], status;
    pid_t pid;
    char c;

    for (uint64_t i = 0; i < MESSAGES; i++)
        (void)trigger(i);
    n_before = test_status(&t).n_triggers_waiting;
    pl_reader_close(t.reader);
    pl_store_close(t.store);
    t.reader = NULL;
    t.store = NULL;
    ck_assert_int_eq(pipe(ends), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        drain_until_killed(ends[1]);
    for (int i = 0; i < MESSAGES / 3; i++)
        ck_assert_int_eq(read(ends[0], &c, 1), 1);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_store_reopen(&t);
    (void)drain();
    ck_assert_int_eq(test_status(&t).n_triggers_waiting, 0);
    ck_assert_uint_eq(drain(), 0);
    /* Two suggestions and two audit rows a trigger, no more and no less. */
    ck_assert_int_eq(counts().n_suggestions[CFG_TRIAL], 2 * n_before);
    trail_is_whole(2 * n_before);
    test_store_check(&t);
}
END_TEST

Suite *store_conclude_suite(void)
{
    const TTest *const test[] = {
        keeps_all_of_a_conclusion,
        a_trigger_has_one_outcome,
        a_newer_suggestion_supersedes_the_older_of_its_resource,
        a_complete_conclusion_takes_back_what_it_does_not_repeat,
        a_release_lets_the_outbox_row_go_and_a_withholding_stops_it,
        the_same_words_keep_the_release_that_they_were_given,
        what_another_model_said_is_not_delivered,
        a_patients_rows_leave_in_order_and_wait_together,
        refuses_deliveries_of_nothing_and_of_shadow,
        no_statement_that_writes_scans_a_table,
        detail_holds_the_evidence_and_survives_each_failed_allocation,
        what_kill_9_left_between_t1_and_t2_is_drained_once};

    return test_suite_around("store/conclude", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

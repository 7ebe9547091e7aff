/* SPDX-License-Identifier: Apache-2.0 */
/* What messages have triggered is answered, once, whatever comes between. */
#include "plugin/host/thread.h"
#include "plugin/store/writer_int.h"
#include "tests/consult_ward.h"
#include "tests/suite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

Suite *consult_watch_suite(void);

#define BY_MESSAGES "stage: live\nclock: messages\n"
#define BY_SYSTEM "stage: live\nclock: system\n"

static struct ward w;

static void set_up(void)
{
    ward_open(&w, BY_MESSAGES);
}

static void tear_down(void)
{
    ward_close(&w);
}

static struct pl_watch_counts drained(struct pl_watch *watch)
{
    struct pl_watch_counts c;

    pl_watch_wake(watch);
    ck_assert(pl_watch_drain(watch, -1));
    pl_watch_counts(watch, &c);
    return c;
}

/* All that waits, by a watch of its own. */
static struct pl_watch_counts think(uint32_t n_threads)
{
    struct pl_watch *watch = ward_watch(&w, n_threads);
    struct pl_watch_counts c = drained(watch);

    pl_watch_close(watch);
    return c;
}

static void her_stay(void)
{
    ward_tell(&w, ward_past, true);
    ward_tell(&w, ward_admission, false);
    ward_tell(&w, ward_results, false);
    ward_tell(&w, ward_discharge, false);
}

/* No two current ones are the same words to the same reader. */
static void check_current(void)
{
    static const char query[] =
        "SELECT count(*) FROM (SELECT 1 FROM suggestion WHERE superseded_us = 0"
        " GROUP BY resource, audience, language HAVING count(*) > 1)";
    sqlite3_stmt *s;
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open_v2(w.path, &db, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, query, -1, &s, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int(s, 0), 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
}

START_TEST(by_the_messages_clock_each_message_is_a_question_of_its_moment)
{
    const struct ctx_identifier who = ward_patient();
    const struct pl_suggestion *row;
    struct pl_watch_counts c;
    int64_t last_us = 0;
    size_t n_moments = 0;

    her_stay();
    ck_assert_uint_gt(ward_waiting(&w), 2);
    c = think(1);
    ck_assert_uint_eq(c.n_answered, 3);
    ck_assert_uint_eq(ward_waiting(&w), 0);
    for (int64_t id = 1;; id++) {
        struct pl_suggestion s;

        if (pl_suggestion_get(w.reader, &w.arena, id, &s, NULL) != AN_OK)
            break;
        n_moments += s.as_of_us != last_us;
        ck_assert_int_ge(s.as_of_us, last_us);
        last_us = s.as_of_us;
    }
    ck_assert_uint_eq(n_moments, 3);
    ck_assert_int_eq(last_us, WARD_DISCHARGE_US);
    ck_assert_uint_gt(ward_current(&w, &who, &row), 0);
    check_current();
}
END_TEST

START_TEST(by_the_systems_clock_all_that_waits_of_a_patient_is_one_question)
{
    const struct ctx_identifier who = ward_patient();
    int64_t before_us = pl_clock_us(NULL);
    const struct pl_suggestion *row;
    struct pl_watch_counts c;
    size_t n;

    ward_restart(&w, BY_SYSTEM);
    her_stay();
    ward_tell(&w, ward_foreign, false);
    c = think(2);
    ck_assert_uint_eq(c.n_answered, 2);
    ck_assert_uint_eq(ward_waiting(&w), 0);
    n = ward_current(&w, &who, &row);
    ck_assert_uint_gt(n, 0);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_ge(row[i].as_of_us, before_us);
}
END_TEST

START_TEST(what_a_fast_clock_said_is_not_forgotten_by_the_next_question)
{
    int64_t now_us = pl_clock_us(NULL) / 1000000 * 1000000;
    const struct ctx_identifier who = ward_patient();
    char message[WARD_MESSAGE_BYTES];
    const struct pl_suggestion *row;
    bool is_known = false;
    size_t n;

    ward_restart(&w, BY_SYSTEM);
    ward_tell(&w, ward_past, true);
    ward_creatinine(message, now_us + INT64_C(600000000), "1.99");
    ward_tell(&w, message, false);
    (void)think(1);
    ward_tell(&w, ward_admission, false);
    (void)think(1);
    n = ward_current(&w, &who, &row);
    for (size_t i = 0; i < n; i++)
        is_known |= ward_has(row[i].statement, " 1.99 ");
    ck_assert(is_known);
}
END_TEST

START_TEST(what_is_answered_is_not_asked_again)
{
    struct pl_watch_counts c;

    her_stay();
    c = think(1);
    ck_assert_uint_eq(c.n_answered, 3);
    c = think(1);
    ck_assert_uint_eq(c.n_answered, 0);
    ck_assert_uint_eq(c.n_said, 0);
}
END_TEST

START_TEST(a_start_answers_what_the_last_run_left)
{
    struct pl_watch_counts c;

    her_stay();
    ward_restart(&w, BY_MESSAGES);
    c = think(0);
    ck_assert_uint_eq(c.n_answered, 3);
    ck_assert_uint_eq(ward_waiting(&w), 0);
    check_current();
}
END_TEST

START_TEST(the_same_messages_from_the_start_are_answered_alike)
{
    struct an_str first;
    static char kept[1 << 20];

    her_stay();
    (void)think(1);
    first = ward_said(&w);
    ck_assert_uint_lt(first.n, sizeof(kept));
    memcpy(kept, first.p, first.n);
    first.p = kept;
    ward_close(&w);
    ward_open(&w, BY_MESSAGES);
    her_stay();
    (void)think(2);
    ck_assert_uint_gt(first.n, 1000);
    ck_assert(an_str_eq(first, ward_said(&w)));
}
END_TEST

START_TEST(two_watches_over_one_store_answer_once)
{
    struct pl_watch *a, *b;
    struct pl_watch_counts ca, cb;

    her_stay();
    a = ward_watch(&w, 1);
    b = ward_watch(&w, 1);
    ca = drained(a);
    cb = drained(b);
    pl_watch_close(a);
    pl_watch_close(b);
    ck_assert_uint_eq(ca.n_answered + cb.n_answered, 3);
    ck_assert_uint_eq(ward_waiting(&w), 0);
    check_current();
}
END_TEST

START_TEST(why_there_is_no_number_is_counted)
{
    struct pl_watch_counts c;
    uint64_t n = 0;

    ward_tell(&w, ward_admission, false); /* of whom nothing else is known */
    c = think(1);
    ck_assert_uint_eq(c.n_answered, 1);
    ck_assert_uint_eq(c.forecast[CTX_ABSTAIN_SHORT_HISTORY], 1);
    ck_assert_uint_eq(c.forecast[CTX_ABSTAIN_NONE], 0);
    for (int i = 1; i < CTX_N_ABSTENTIONS; i++)
        n += c.risk[i];
    ck_assert_uint_gt(n, 0);
    ck_assert_uint_eq(c.risk[CTX_ABSTAIN_NONE], 0);
}
END_TEST

/* ---- put off and given up ----------------------------------------------- */

struct locked {
    struct pl_watch *watch;
    struct pl_watch_counts counts;
};

/* Another program holds the store while the watch wants to write. */
static int hold(struct pl_writer *writer, void *ctx)
{
    struct locked *l = ctx;

    (void)writer;
    l->counts = drained(l->watch);
    return SQLITE_OK;
}

START_TEST(what_a_locked_store_puts_off_is_answered_later)
{
    struct pl_store_options options = {.path = w.path};
    struct locked l = {.watch = NULL};
    struct pl_watch_counts c;
    struct pl_store *other;

    ward_tell(&w, ward_past, true);
    ward_tell(&w, ward_admission, true);
    l.watch = ward_watch(&w, 1);
    (void)drained(l.watch);
    ck_assert_int_eq(pl_store_open(&options, &other, NULL), AN_OK);
    ward_tell(&w, ward_results, false);
    ck_assert_int_eq(pl_store_transaction(other, hold, &l, NULL), AN_OK);
    pl_store_close(other);
    ck_assert_uint_eq(l.counts.n_answered, 0);
    ck_assert_uint_ge(l.counts.n_put_off, 1);
    ck_assert_uint_eq(l.counts.n_said, 0);
    c = drained(l.watch);
    pl_watch_close(l.watch);
    ck_assert_uint_eq(c.n_answered, 1);
    ck_assert_uint_eq(c.n_given_up, 0);
    ck_assert_uint_eq(ward_waiting(&w), 0);
    check_current();
}
END_TEST

START_TEST(what_would_fail_again_is_given_up)
{
    struct pl_watch_counts c;
    sqlite3 *db;

    her_stay();
    /* Whoever did this, her events cannot be read any more. */
    ck_assert_int_eq(sqlite3_open(w.path, &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(db, "UPDATE said SET events = x'FFFF' WHERE n_events > 0",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    c = think(1);
    ck_assert_uint_eq(c.n_answered, 0);
    ck_assert_uint_eq(c.n_given_up, 3);
    ck_assert_uint_eq(c.n_put_off, 0);
    ck_assert_uint_eq(ward_waiting(&w), 0);
    ck_assert_int_eq(ward_outgoing(&w).n_audit, 0);
}
END_TEST

/* ---- the outbox is told ------------------------------------------------- */

static void count_posts(void *user)
{
    ++*(int *)user;
}

START_TEST(the_outbox_is_woken_when_there_is_something_to_deliver)
{
    struct pl_watch_options options = {
        .n_threads = 1, .clock = pl_clock_us, .posted = count_posts};
    struct pl_watch *watch;
    int n_posts = 0;

    ward_restart(&w, BY_MESSAGES "outbox: {url: \"http://127.0.0.1:9/fhir\", "
                                 "test_target: true}\n");
    ward_tell(&w, ward_past, true);
    ward_tell(&w, ward_admission, false);
    ward_tell(&w, ward_foreign, false); /* nobody can be told of that one */
    options.consult = ward_source(&w);
    options.user = &n_posts;
    ck_assert_int_eq(pl_watch_open(&options, &watch, NULL), AN_OK);
    {
        struct pl_watch_counts c = drained(watch);

        ck_assert_uint_eq(c.n_answered, 2);
        ck_assert_uint_eq(c.n_unreachable, 1);
    }
    pl_watch_close(watch);
    ck_assert_int_eq(n_posts, 1);
}
END_TEST

START_TEST(nothing_to_do_is_nothing_to_wait_for)
{
    struct pl_watch *watch = ward_watch(&w, 0);
    struct pl_watch_counts c = drained(watch);

    ck_assert_uint_eq(c.n_answered, 0);
    pl_watch_close(watch);
    pl_watch_close(NULL);
}
END_TEST

Suite *consult_watch_suite(void)
{
    Suite *suite = suite_create("consult/watch");
    TCase *cases = tcase_create("watch");

    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(
        cases, by_the_messages_clock_each_message_is_a_question_of_its_moment);
    tcase_add_test(
        cases,
        by_the_systems_clock_all_that_waits_of_a_patient_is_one_question);
    tcase_add_test(
        cases, what_a_fast_clock_said_is_not_forgotten_by_the_next_question);
    tcase_add_test(cases, what_is_answered_is_not_asked_again);
    tcase_add_test(cases, a_start_answers_what_the_last_run_left);
    tcase_add_test(cases, the_same_messages_from_the_start_are_answered_alike);
    tcase_add_test(cases, two_watches_over_one_store_answer_once);
    tcase_add_test(cases, why_there_is_no_number_is_counted);
    tcase_add_test(cases, what_a_locked_store_puts_off_is_answered_later);
    tcase_add_test(cases, what_would_fail_again_is_given_up);
    tcase_add_test(cases,
                   the_outbox_is_woken_when_there_is_something_to_deliver);
    tcase_add_test(cases, nothing_to_do_is_nothing_to_wait_for);
    suite_add_tcase(suite, cases);
    return suite;
}

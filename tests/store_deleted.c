/* SPDX-License-Identifier: Apache-2.0 */
/* What a FHIR server has deleted meets what came before it and what comes after, and
 * costs no more in a large store than in a small one. */
#include "plugin/store/purge.h"
#include "plugin/store/reader_int.h"
#include "plugin/store/writer_int.h"
#include "tests/store_said.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *store_deleted_suite(void);

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
    test_said_in(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

/* ---- deletions ----------------------------------------------------------------- */

START_TEST(each_who_has_it_loses_it)
{
    test_say(1, 1, test_hour(9), 1);
    test_say(1, 2, test_hour(10), 2);
    test_say(2, 1, test_hour(9), 3);
    test_delete(1, test_hour(11));
    ck_assert_uint_eq(test_settle(), 2);
    ck_assert_uint_eq(test_values(1, CTX_AS_OF_ALL), 3);
    ck_assert_uint_eq(test_values(2, CTX_AS_OF_ALL), 0);
    ck_assert_uint_eq(test_values(2, test_hour(10)), 2);
    /* Told again it is nothing new. */
    test_delete(1, test_hour(11));
    ck_assert_uint_eq(test_settle(), 0);
    ck_assert_int_eq(test_number("SELECT count(*) FROM withdrawal"), 0);
    test_store_check(&t);
}
END_TEST

START_TEST(one_of_nothing_that_is_here_waits_for_it)
{
    test_delete(1, test_hour(11));
    ck_assert_uint_eq(test_settle(), 0);
    test_say(1, 1, test_hour(9), 1);
    ck_assert_int_eq(test_number("SELECT count(*) FROM withdrawal"), 1);
    ck_assert_uint_eq(test_settle(), 1);
    ck_assert_uint_eq(test_values(1, CTX_AS_OF_ALL), 0);
    /* What was made anew after it stays. */
    test_say(1, 1, test_hour(12), 2);
    ck_assert_uint_eq(test_settle(), 0);
    ck_assert_uint_eq(test_values(1, CTX_AS_OF_ALL), 2);
    /* What says itself that it is withdrawn is not withdrawn once more. */
    test_say(1, 2, test_hour(9), 0);
    ck_assert_int_eq(test_number("SELECT count(*) FROM withdrawal"), 0);
    test_store_check(&t);
}
END_TEST

/* Two owners, one made anew, two deletions: any order gives the same timelines. */
START_TEST(the_order_of_arrival_changes_nothing)
{
    enum { THINGS = 5, ORDERS = 120 };

    for (uint64_t k = 0; k < ORDERS; k++) {
        uint64_t one = 2 * k + 1, other = one + 1, left = k;
        int order[THINGS] = {0, 1, 2, 3, 4};

        for (int i = THINGS; i > 1; i--) {
            int at = (int)(left % (uint64_t)i), swap = order[i - 1];

            left /= (uint64_t)i;
            order[i - 1] = order[at];
            order[at] = swap;
        }
        for (int i = 0; i < THINGS; i++) {
            switch (order[i]) {
            case 0: test_say(k, one, test_hour(9), 1); break;
            case 1: test_say(k, other, test_hour(10), 2); break;
            case 2: test_delete(k, test_hour(11)); break;
            case 3: test_say(k, one, test_hour(12), 3); break;
            default: test_delete(k, test_hour(13)); break;
            }
            if ((k + (uint64_t)i) % 3 == 0)
                (void)test_settle();
        }
        (void)test_settle();
        ck_assert_uint_eq(test_values(one, test_hour(9)), 1);
        ck_assert_uint_eq(test_values(other, test_hour(10)), 2);
        ck_assert_uint_eq(test_values(one, test_hour(11)), 0);
        ck_assert_uint_eq(test_values(other, test_hour(11)), 0);
        ck_assert_uint_eq(test_values(one, test_hour(12)), 3);
        ck_assert_uint_eq(test_values(one, CTX_AS_OF_ALL), 0);
        ck_assert_uint_eq(test_values(other, CTX_AS_OF_ALL), 0);
    }
    ck_assert_int_eq(test_number("SELECT count(*) FROM withdrawal"), 0);
    test_store_check(&t);
}
END_TEST

/* ---- visits that were moved ------------------------------------------------------ */

static void say_in_visit(uint64_t resource, uint64_t patient, int hour,
                         int value, const char *visit)
{
    struct ctx_event e =
        test_version_event(test_fact(resource), test_hour(hour), value);
    struct ctx_identifier who = test_patient(patient);
    struct pl_intake in;

    e.encounter = an_str_c(visit);
    in = test_said(&who, &e, 1);
    (void)test_put(&t, &in);
}

static void move_visit(uint64_t from, uint64_t to, int hour, const char *visit)
{
    struct ctx_claim move = {.kind = CTX_CLAIM_VISIT,
                             .prior = test_patient(from),
                             .current = test_patient(to),
                             .said_us = test_hour(hour),
                             .available_us = test_hour(hour),
                             .place = AN_STR(""),
                             .visit = an_str_c(visit),
                             .prior_visit = an_str_c(visit)};
    const struct ctx_reading reading = {
        .kind = AN_STR("ADT^A45"), .claim = &move, .n_claims = 1};
    struct pl_intake in =
        test_intake_of(&t, test_text("move", from * 100 + to), &reading);

    (void)test_put(&t, &in);
}

/* Questions about a patient that nobody has answered. */
static int64_t asked(uint64_t patient)
{
    char sql[160];

    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(*) FROM due d JOIN identifier i"
                   " ON i.id = d.identifier WHERE d.state = 0"
                   " AND i.value = 'M%d'",
                   (int)patient);
    return test_number(sql);
}

static int answer_all(struct pl_writer *w, void *ctx)
{
    (void)ctx;
    return sqlite3_exec(w->db.sql, "UPDATE due SET state = 1", NULL, NULL,
                        NULL);
}

static void forget_questions(void)
{
    ck_assert_int_eq(pl_store_transaction(t.store, answer_all, NULL, NULL),
                     AN_OK);
}

/* It is filed where the resource was, and is about who has the visit now. */
START_TEST(a_withdrawal_follows_the_visit_that_was_moved)
{
    bool is_late = _i;

    say_in_visit(1, 1, 9, 1, "H|V1");
    say_in_visit(2, 1, 9, 2, "H|V2");
    say_in_visit(3, 3, 9, 3, "H|V1");
    if (is_late)
        test_delete(1, test_hour(11));
    move_visit(1, 2, 10, "H|V1");
    move_visit(2, 4, 10, "H|V1"); /* and on */
    ck_assert_uint_eq(test_values(4, CTX_AS_OF_ALL), 1);
    forget_questions();
    if (!is_late)
        test_delete(1, test_hour(11));
    ck_assert_uint_eq(test_settle(), 1);
    ck_assert_uint_eq(test_values(4, CTX_AS_OF_ALL), 0);
    ck_assert_uint_eq(test_values(4, test_hour(10)), 1);
    ck_assert_uint_eq(test_values(1, CTX_AS_OF_ALL), 2);
    ck_assert_int_eq(asked(4), 1);
    ck_assert_int_eq(asked(3), 0);
    test_store_check(&t);
}
END_TEST

/* As does all that comes later under the old number. */
START_TEST(what_comes_late_asks_about_who_has_the_visit_now)
{
    move_visit(1, 2, 10, "H|V1");
    forget_questions();
    say_in_visit(1, 1, 9, 1, "H|V1");
    ck_assert_uint_eq(test_values(2, CTX_AS_OF_ALL), 1);
    ck_assert_int_eq(asked(2), 1);
    say_in_visit(2, 1, 9, 1, "H|V2");
    ck_assert_int_eq(asked(2), 1);
}
END_TEST

/* A receipt names the first of them, and who answers counts on (store.h). */
START_TEST(the_triggers_of_a_message_stand_before_those_of_others)
{
    struct ctx_event e[2] = {test_version_event(test_fact(1), test_hour(9), 1),
                             test_version_event(test_fact(2), test_hour(9), 2)};
    struct ctx_part part[2] = {{test_patient(1), &e[0], 1},
                               {test_patient(3), &e[1], 1}};
    const struct ctx_reading reading = {
        .kind = AN_STR("Bundle"), .part = part, .n_parts = 2};
    struct pl_receipt r;
    struct pl_intake in;

    move_visit(1, 2, 10, "H|V1");
    forget_questions();
    e[0].encounter = AN_STR("H|V1");
    in = test_intake_of(&t, AN_STR("both"), &reading);
    r = test_put(&t, &in);
    ck_assert_uint_eq(r.n_triggers, 3);
    ck_assert_int_eq(asked(2), 1);
    ck_assert_int_eq(
        test_number("SELECT count(*) FROM due d JOIN identifier i"
                    " ON i.id = d.identifier WHERE d.state = 0 AND d.id ="
                    " (SELECT max(id) FROM due) AND i.value = 'M2'"),
        1);
}
END_TEST

static int forget_index(struct pl_writer *w, void *ctx)
{
    (void)ctx;
    return sqlite3_exec(w->db.sql, "DELETE FROM visited", NULL, NULL, NULL);
}

/* Of before version 7: it is made again by the first message that needs it. */
START_TEST(a_withdrawal_follows_without_an_index_of_visits)
{
    say_in_visit(1, 1, 9, 1, "H|V1");
    move_visit(1, 2, 10, "H|V1");
    ck_assert_int_eq(pl_store_transaction(t.store, forget_index, NULL, NULL),
                     AN_OK);
    forget_questions();
    test_delete(1, test_hour(11));
    ck_assert_uint_eq(test_settle(), 1);
    ck_assert_int_eq(asked(2), 1);
    ck_assert_uint_eq(test_values(2, CTX_AS_OF_ALL), 0);
    ck_assert_int_eq(test_number("SELECT count(*) FROM visited v"
                                 " JOIN identifier i ON i.id = v.identifier"
                                 " WHERE v.visit = '' AND i.value = 'M1'"),
                     1);
}
END_TEST

/* ---- keys and notes -------------------------------------------------------------- */

static int put_stranger(struct pl_writer *w, void *ctx)
{
    (void)ctx;
    return sqlite3_exec(w->db.sql,
                        "INSERT INTO deleted SELECT key, zeroblob(32), 1 << 60"
                        " FROM resource LIMIT 1;"
                        "INSERT INTO withdrawal(identifier, key)"
                        " SELECT identifier, key FROM resource",
                        NULL, NULL, NULL);
}

START_TEST(a_deletion_of_another_by_the_same_key_withdraws_nothing)
{
    test_say(1, 1, test_hour(9), 1);
    ck_assert_int_eq(pl_store_transaction(t.store, put_stranger, NULL, NULL),
                     AN_OK);
    ck_assert_uint_eq(test_settle(), 0);
    ck_assert_int_eq(test_number("SELECT count(*) FROM withdrawal"), 0);
    ck_assert_uint_eq(test_values(1, CTX_AS_OF_ALL), 1);
}
END_TEST

START_TEST(a_note_goes_when_the_message_stands)
{
    struct pl_withdrawal w;

    test_say(1, 1, test_hour(9), 1);
    test_delete(1, test_hour(11));
    for (int i = 0; i < 2; i++) { /* killed in between */
        ck_assert_int_eq(pl_withdrawal_next(t.reader, &t.arena, 0, &w, NULL),
                         AN_OK);
        ck_assert_uint_eq(w.n, 1);
        ck_assert_an_str_eq(w.patient.value, "M1");
        ck_assert_an_str_eq(w.deleted[0].fact, "urn:fhir:Observation/1");
        ck_assert_int_eq(w.deleted[0].at_us, test_hour(11));
        test_store_reopen(&t);
    }
    /* What comes meanwhile has a note of its own. */
    test_say(1, 1, test_hour(10), 2);
    ck_assert_int_eq(pl_store_withdrawn(t.store, &w, false, NULL), AN_OK);
    ck_assert_int_eq(test_number("SELECT count(*) FROM withdrawal"), 1);
    ck_assert_uint_eq(test_settle(), 1);
    ck_assert_uint_eq(test_values(1, CTX_AS_OF_ALL), 0);
}
END_TEST

/* The keeper and a notification see the same note; one of them is late. */
START_TEST(of_two_who_withdraw_the_later_one_takes_no_new_note_away)
{
    struct pl_withdrawal one, other;

    test_say(1, 1, test_hour(9), 1);
    test_delete(1, test_hour(11));
    ck_assert_int_eq(pl_withdrawal_next(t.reader, &t.arena, 0, &one, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_withdrawal_next(t.reader, &t.arena, 0, &other, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_store_withdrawn(t.store, &one, false, NULL), AN_OK);
    ck_assert_int_eq(test_number("SELECT count(*) FROM withdrawal"), 0);
    test_delete(2, test_hour(11));
    test_say(2, 2, test_hour(9), 2);
    ck_assert_int_eq(pl_store_withdrawn(t.store, &other, true, NULL), AN_OK);
    ck_assert_uint_eq(test_settle(), 1);
    ck_assert_uint_eq(test_values(2, CTX_AS_OF_ALL), 0);
}
END_TEST

/* ---- the work -------------------------------------------------------------------- */

static int64_t work; /* steps of SQLite's machine */

static int add_work(unsigned mask, void *ctx, void *statement, void *ns)
{
    (void)mask, (void)ctx, (void)ns;
    work += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
}

static int watch(struct pl_writer *w, void *ctx)
{
    struct pl_reader *reader = ctx;
    sqlite3 *const sql[] = {w->db.sql, reader->db.sql};
    int rc = SQLITE_OK;

    for (int i = 0; rc == SQLITE_OK && i < 2; i++) {
        sqlite3_stmt *s = NULL;

        while ((s = sqlite3_next_stmt(sql[i], s)) != NULL)
            (void)sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1);
        rc = sqlite3_trace_v2(sql[i], SQLITE_TRACE_PROFILE, add_work, NULL);
    }
    return rc;
}

static int keep_one_note(struct pl_writer *w, void *ctx)
{
    (void)ctx;
    return sqlite3_exec(w->db.sql,
                        "DELETE FROM withdrawal WHERE id >"
                        " (SELECT min(id) FROM withdrawal)",
                        NULL, NULL, NULL);
}

/* Of one deletion that counts, with so many after it that were told of. */
static int64_t work_of_settling(uint64_t resource, int n_more)
{
    enum { MOST = 2000 };
    static struct pl_deleted d[MOST];

    test_say(resource, resource, test_hour(9), 1);
    for (int i = 0; i < n_more; i++)
        d[i] = (struct pl_deleted){.fact = test_fact(resource),
                                   .at_us = test_hour(10) + i};
    ck_assert_int_eq(pl_store_deleted(t.store, d, (size_t)n_more, NULL), AN_OK);
    ck_assert_int_eq(pl_store_transaction(t.store, keep_one_note, NULL, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_store_transaction(t.store, watch, t.reader, NULL),
                     AN_OK);
    work = 0;
    ck_assert_uint_eq(test_settle(), 1);
    return work;
}

START_TEST(a_resource_that_is_deleted_a_thousand_times_is_withdrawn_as_one)
{
    int64_t once = work_of_settling(1000000, 2);

    ck_assert_int_gt(once, 0);
    /* Its tree has one level more. */
    ck_assert_int_le(work_of_settling(2000000, 2000), once + 5);
    test_store_check(&t);
}
END_TEST

/* Of a large message about many things one is deleted; its versions are in several
 * such messages. */
START_TEST(what_else_a_message_says_takes_no_memory)
{
    enum { MESSAGES = 12, EVENTS = 60000 };
    struct ctx_event *e = an_arena_get(&t.arena, EVENTS, sizeof(*e));
    struct ctx_identifier who = test_patient(1);

    ck_assert_ptr_nonnull(e);
    for (int i = 0; i < EVENTS; i++)
        e[i] = test_version_event(AN_STR(""), test_hour(9), 1);
    for (int i = 0; i < MESSAGES; i++) {
        struct an_mark mark = an_arena_mark(&t.arena);
        struct pl_intake in;

        e[0] = test_version_event(test_fact(1), test_hour(9) + i, 1);
        in = test_said(&who, e, EVENTS);
        (void)test_put(&t, &in);
        an_arena_rewind(&t.arena, mark);
    }
    an_arena_reset(&t.arena);
    ck_assert_uint_eq(test_there(1, INT64_MAX).n_live, 1);
    test_delete(1, test_hour(11));
    ck_assert_uint_eq(test_settle(), 1);
    ck_assert_uint_eq(test_there(1, INT64_MAX).n_live, 0);
}
END_TEST

/* Patients with two resources each, a hundred to a transaction. */
static void crowd(uint64_t from, uint64_t to)
{
    enum { GROUP = 100 };

    for (uint64_t n = from; n < to; n += GROUP) {
        struct an_mark mark = an_arena_mark(&t.arena);
        static struct pl_intake in[2 * GROUP];
        static const struct pl_intake *list[2 * GROUP];
        static struct pl_receipt r[2 * GROUP];

        for (uint64_t i = 0; i < 2 * GROUP; i++) {
            in[i] = test_version(2 * n + i, n + i / 2, test_hour(9), 1);
            list[i] = &in[i];
        }
        ck_assert_int_eq(pl_store_put(t.store, list, 2 * GROUP, r, NULL),
                         AN_OK);
        an_arena_rewind(&t.arena, mark);
    }
}

/* Of one that two patients have, and of one that nobody has. */
static int64_t work_of_deletions(uint64_t resource)
{
    test_say(resource, resource, test_hour(9), 1);
    test_say(resource, resource + 1, test_hour(9), 1);
    ck_assert_int_eq(pl_store_transaction(t.store, watch, t.reader, NULL),
                     AN_OK);
    work = 0;
    ck_assert_uint_eq(test_there(resource, test_hour(11)).n_live, 2);
    test_delete(resource, test_hour(11));
    ck_assert_uint_eq(test_there(resource + 1, test_hour(11)).n_live, 0);
    test_delete(resource + 1, test_hour(11));
    ck_assert_uint_eq(test_settle(), 2);
    return work;
}

START_TEST(a_deletion_costs_the_same_among_two_thousand_patients)
{
    int64_t before;

    crowd(0, 200);
    (void)work_of_deletions(900000); /* the first number of all takes more */
    before = work_of_deletions(1000000);
    ck_assert_int_gt(before, 0);
    crowd(200, 2000);
    ck_assert_int_eq(work_of_deletions(2000000), before);
    test_store_check(&t);
}
END_TEST

static int64_t size(void)
{
    return test_number("SELECT (p.page_count - f.freelist_count) * s.page_size"
                       " FROM pragma_page_count p, pragma_freelist_count f,"
                       " pragma_page_size s");
}

static void remove_all(enum pl_purge_kind kind)
{
    struct pl_purge what = {.before_us = INT64_MAX, .now_us = 1, .kind = kind};
    struct pl_purged done = {.more = true};

    while (done.more)
        ck_assert_int_eq(pl_store_purge(t.store, &what, &done, NULL), AN_OK);
}

/* They stay for good, also those of ids that nobody ever had.  So does the row of a
 * message, without its bytes: who may send deletions may send messages, too. */
START_TEST(a_deletion_takes_less_than_what_a_purge_leaves_of_a_message)
{
    enum { MESSAGES = 8000, DELETIONS = 40000, AT_ONCE = 500 };
    static struct pl_deleted d[AT_ONCE];
    int64_t first = size(), left, each;

    crowd(0, MESSAGES / 2);
    remove_all(PL_PURGE_RAW);
    remove_all(PL_PURGE_EVENTS);
    left = size() - first;
    first = size();
    for (uint64_t i = 0; i < DELETIONS; i += AT_ONCE) {
        struct an_mark mark = an_arena_mark(&t.arena);

        for (uint64_t k = 0; k < AT_ONCE; k++)
            d[k] = (struct pl_deleted){
                .fact = test_text("urn:fhir:Observation/",
                                  (i + k) * UINT64_C(0x9E3779B97F4A7C15)),
                .at_us = test_hour(9)};
        ck_assert_int_eq(pl_store_deleted(t.store, d, AT_ONCE, NULL), AN_OK);
        an_arena_rewind(&t.arena, mark);
    }
    each = (size() - first) / DELETIONS;
    ck_assert_int_gt(each, 40);
    ck_assert_int_lt(each, 80);
    ck_assert_int_lt(each, left / MESSAGES);
}
END_TEST

Suite *store_deleted_suite(void)
{
    const TTest *const test[] = {
        each_who_has_it_loses_it,
        one_of_nothing_that_is_here_waits_for_it,
        the_order_of_arrival_changes_nothing,
        what_comes_late_asks_about_who_has_the_visit_now,
        the_triggers_of_a_message_stand_before_those_of_others,
        a_withdrawal_follows_without_an_index_of_visits,
        a_deletion_of_another_by_the_same_key_withdraws_nothing,
        a_note_goes_when_the_message_stands,
        of_two_who_withdraw_the_later_one_takes_no_new_note_away,
        a_resource_that_is_deleted_a_thousand_times_is_withdrawn_as_one,
        what_else_a_message_says_takes_no_memory,
        a_deletion_takes_less_than_what_a_purge_leaves_of_a_message,
        a_deletion_costs_the_same_among_two_thousand_patients};

    Suite *s =
        test_suite_around("store/deleted", test, sizeof(test) / sizeof(test[0]),
                          set_up, tear_down);
    TCase *moved = tcase_create("store/deleted/moved");

    tcase_add_checked_fixture(moved, set_up, tear_down);
    tcase_add_loop_test(moved, a_withdrawal_follows_the_visit_that_was_moved, 0,
                        2);
    suite_add_tcase(s, moved);
    return s;
}

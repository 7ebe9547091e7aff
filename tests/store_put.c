/* SPDX-License-Identifier: Apache-2.0 */
/* What T1 promises. */
#include "tests/store_help.h"
#include "tests/suite.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

Suite *store_put_suite(void);

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

START_TEST(the_same_bytes_again_change_nothing)
{
    struct pl_intake in = test_intake(&t, 1, 7);
    struct pl_receipt first = test_put(&t, &in), again;
    struct pl_status before = test_status(&t), after;

    ck_assert(!first.duplicate);
    ck_assert_int_eq(first.message, 1);
    in.received_us += 60000000;
    again = test_put(&t, &in);
    ck_assert(again.duplicate);
    ck_assert(!again.reused);
    ck_assert_int_eq(again.message, first.message);
    ck_assert(again.received_us == first.received_us);
    after = test_status(&t);
    ck_assert_int_eq(after.n_messages, 1);
    ck_assert_int_eq(after.n_triggers_waiting, before.n_triggers_waiting);
    ck_assert_int_eq(after.feed[0].n_events, TEST_RESULTS);
    ck_assert(after.account[0].n_seen == before.account[0].n_seen);
    ck_assert_uint_eq(test_history(&t, 7, CTX_AS_OF_ALL).n_said, TEST_RESULTS);
    test_store_check(&t);
}
END_TEST

START_TEST(the_same_bytes_twice_in_one_group_are_one_message)
{
    struct pl_intake in = test_intake(&t, 1, 7);
    const struct pl_intake *group[] = {&in, &in, &in};
    struct pl_receipt r[3];

    ck_assert_int_eq(pl_store_put(t.store, group, 3, r, NULL), AN_OK);
    ck_assert(!r[0].duplicate && r[1].duplicate && r[2].duplicate);
    ck_assert_int_eq(r[2].message, r[0].message);
    ck_assert_int_eq(test_status(&t).n_messages, 1);
}
END_TEST

START_TEST(a_control_id_with_other_bytes_is_new_and_flagged)
{
    struct pl_intake a = test_intake(&t, 1, 7), b = test_intake(&t, 2, 7);
    struct pl_intake c = test_intake(&t, 3, 7), d = test_intake(&t, 4, 7);
    struct pl_receipt r;

    b.control_id = a.control_id;
    c.control_id = a.control_id;
    c.sender = AN_STR("OTHER|NORTH");
    d.control_id = AN_STR("");
    ck_assert(!test_put(&t, &a).reused);
    r = test_put(&t, &b);
    ck_assert(r.reused && !r.duplicate);
    ck_assert_int_eq(r.message, 2);
    ck_assert(!test_put(&t, &c).reused);
    ck_assert(!test_put(&t, &d).reused);
    d = test_intake(&t, 5, 7);
    d.control_id = AN_STR("");
    ck_assert(!test_put(&t, &d).reused);
    /* The same answer again, flag and all. */
    r = test_put(&t, &b);
    ck_assert(r.reused && r.duplicate);
    ck_assert_int_eq(test_status(&t).feed[0].n_reused, 1);
    ck_assert_uint_eq(test_history(&t, 7, CTX_AS_OF_ALL).n_said,
                      5 * TEST_RESULTS);
}
END_TEST

START_TEST(triggers_come_from_events_but_not_from_history)
{
    static const struct {
        uint8_t kind, reason;
    } cases[] = {{CTX_ADMISSION, PL_REASON_ADMISSION},
                 {CTX_DISCHARGE, PL_REASON_DISCHARGE},
                 {CTX_REPORT, PL_REASON_RESULT},
                 {CTX_OBSERVATION, PL_REASON_RESULT},
                 {CTX_ORDER, PL_REASON_ORDER},
                 {CTX_MEDICATION_ORDER, PL_REASON_ORDER}};
    const struct pl_trigger *trigger;
    struct ctx_event e[8] = {{.kind = CTX_BIRTH}, {.kind = CTX_NOTE}};
    struct ctx_part part = {{AN_STR("A"), AN_STR("1"), AN_STR("")}, e, 8};
    struct ctx_reading reading = {.part = &part, .n_parts = 1};
    struct pl_source from = {
        .bytes = AN_STR("history"), .reading = &reading, .historical = true};
    struct pl_intake in;
    size_t n;

    for (size_t i = 0; i < 6; i++)
        e[i + 2] = (struct ctx_event){.kind = cases[i].kind};
    ck_assert_int_eq(pl_intake_make(&t.arena, &from, &in, NULL), AN_OK);
    test_put(&t, &in);
    ck_assert_int_eq(pl_triggers(t.reader, &t.arena, 0, 99, &trigger, &n, NULL),
                     AN_OK);
    ck_assert_uint_eq(n, 0);
    in = test_intake_of(&t, AN_STR("live"), &reading);
    test_put(&t, &in);
    ck_assert_int_eq(pl_triggers(t.reader, &t.arena, 0, 99, &trigger, &n, NULL),
                     AN_OK);
    ck_assert_uint_eq(n, PL_REASON_TABLES);
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_eq(trigger[i].reason, i);
        ck_assert_int_eq(trigger[i].message, 2);
        ck_assert_an_str_eq(trigger[i].patient.value, "1");
        ck_assert_str_ne(pl_reason_text(trigger[i].reason), "unknown");
    }
}
END_TEST

/* Of a message that may not even be readable. */
START_TEST(what_one_message_triggered_is_given_up)
{
    const struct pl_trigger *trigger;
    struct pl_intake in[2];
    sqlite3 *db = NULL;
    size_t n;

    for (uint64_t i = 0; i < 2; i++) {
        in[i] = test_intake(&t, i, i);
        test_put(&t, &in[i]);
    }
    ck_assert_int_eq(sqlite3_open(t.path, &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(db, "UPDATE message SET raw = x'00'", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    ck_assert_int_eq(pl_store_give_up(t.store, &in[0].sha256, NULL), AN_OK);
    in[0].sha256.b[0] ^= 1; /* nobody's */
    ck_assert_int_eq(pl_store_give_up(t.store, &in[0].sha256, NULL), AN_OK);
    ck_assert_int_eq(pl_triggers(t.reader, &t.arena, 0, 99, &trigger, &n, NULL),
                     AN_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(trigger[0].message, 2);
}
END_TEST

START_TEST(triggers_wait_until_they_are_done)
{
    const struct pl_trigger *trigger;
    int64_t done[2] = {1, 999};
    size_t n;

    for (uint64_t i = 0; i < 3; i++) {
        struct pl_intake in = test_intake(&t, i, i);

        test_put(&t, &in);
    }
    ck_assert_int_eq(pl_store_triggers_done(t.store, done, 2, NULL), AN_OK);
    test_store_reopen(&t);
    ck_assert_int_eq(pl_triggers(t.reader, &t.arena, 0, 99, &trigger, &n, NULL),
                     AN_OK);
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(trigger[0].id, 2);
    ck_assert_int_eq(pl_triggers(t.reader, &t.arena, 2, 99, &trigger, &n, NULL),
                     AN_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(pl_triggers(t.reader, &t.arena, 0, 1, &trigger, &n, NULL),
                     AN_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(test_status(&t).n_triggers_waiting, 2);
}
END_TEST

START_TEST(parts_about_one_patient_are_filed_together)
{
    struct ctx_event e[3] = {{.kind = CTX_NOTE, .place = AN_STR_INIT("/a")},
                             {.kind = CTX_NOTE, .place = AN_STR_INIT("/b")},
                             {.kind = CTX_NOTE, .place = AN_STR_INIT("/c")}};
    struct ctx_identifier one = {AN_STR("GENHOSP"), AN_STR("M0000001"),
                                 AN_STR("")};
    struct ctx_identifier two = {AN_STR("GENHOSP"), AN_STR("M0000002"),
                                 AN_STR("")};
    struct ctx_part part[4] = {
        {one, e, 1}, {two, e + 1, 1}, {one, e + 2, 1}, {one, NULL, 0}};
    struct ctx_reading reading = {.part = part, .n_parts = 4};
    struct pl_intake in = test_intake_of(&t, AN_STR("bundle"), &reading);

    ck_assert_uint_eq(in.n_filings, 2);
    test_put(&t, &in);
    ck_assert_uint_eq(test_history(&t, 1, CTX_AS_OF_ALL).n_said, 2);
    ck_assert_uint_eq(test_history(&t, 2, CTX_AS_OF_ALL).n_said, 1);
}
END_TEST

START_TEST(counts_what_came_and_what_was_used)
{
    struct pl_status s;

    for (uint64_t i = 0; i < 100; i++) {
        struct pl_intake in = test_intake(&t, i, i % 9);

        in.n_warnings = i % 10 == 0;
        in.feed = i % 2 ? AN_STR("lab") : AN_STR("adt");
        test_put(&t, &in);
    }
    s = test_status(&t);
    ck_assert_int_eq(s.n_messages, 100);
    ck_assert_int_eq(s.n_identifiers, 18);
    ck_assert_uint_eq(s.n_feeds, 2);
    ck_assert_an_str_eq(s.feed[0].name, "adt");
    ck_assert_int_eq(s.feed[0].n_messages, 50);
    ck_assert_int_eq(s.feed[0].n_warned, 10);
    ck_assert_int_eq(s.feed[0].n_events, 50 * TEST_RESULTS);
    ck_assert(s.feed[0].stored_bytes < s.feed[0].raw_bytes);
    ck_assert(s.feed[1].last_said_us == TEST_EPOCH_US + 99 * 1000000);
    ck_assert_uint_eq(s.n_accounts, 6);
    ck_assert_an_str_eq(s.account[2].name, "ZXX");
    ck_assert_int_eq(s.account[2].n_seen, 50);
    ck_assert_int_eq(s.account[2].n_used, 0);
    ck_assert_an_str_eq(s.account[0].name, "OBX");
    ck_assert_int_eq(s.account[0].n_field[CTX_FIELD_ODD], 2 * 50);
    ck_assert_int_eq(s.account[0].n_field[CTX_FIELD_MAPPED],
                     (3 + TEST_RESULTS) * 50);
    ck_assert_int_eq(s.account[0].n_field[CTX_FIELD_TEXT], 3 * 50);
    ck_assert_int_eq(s.account[0].n_field[CTX_FIELD_UNUSED], 0);
    ck_assert(s.file_bytes > 0);
}
END_TEST

/* More than the writer gathers at a time. */
START_TEST(counts_any_number_of_kinds_and_feeds_in_one_group)
{
    enum { N = 30, FEEDS = 15 };
    static const char names[] = "abcdefghijklmnopqrstuvwxyzABCD";
    struct pl_intake in[N];
    const struct pl_intake *group[N];
    struct pl_receipt r[N];
    struct pl_status s;

    for (size_t i = 0; i < N; i++) {
        struct ctx_account *a = an_arena_get(&t.arena, N, sizeof(*a));

        in[i] = test_intake(&t, i, i);
        in[i].feed = (struct an_str){&names[i % FEEDS], 1};
        for (size_t j = 0; j < N; j++)
            a[j] = (struct ctx_account){
                .name = {&names[j], 1}, .n_seen = 2, .n_used = 1};
        in[i].account = a;
        in[i].n_accounts = N;
        group[i] = &in[i];
    }
    ck_assert_int_eq(pl_store_put(t.store, group, N, r, NULL), AN_OK);
    s = test_status(&t);
    ck_assert_uint_eq(s.n_feeds, FEEDS);
    ck_assert_uint_eq(s.n_accounts, FEEDS * N);
    for (size_t i = 0; i < s.n_accounts; i++)
        ck_assert_int_eq(s.account[i].n_seen, 4);
}
END_TEST

/* What the old map made is gone, what the new one makes is there, and nothing
 * else has moved. */
START_TEST(replacing_leaves_what_a_first_reading_would_have)
{
    struct test_message *m = an_arena_get(&t.arena, 1, sizeof(*m));
    struct pl_intake other = test_intake(&t, 9, 7), in;
    const struct pl_intake *group = &in;
    struct pl_receipt r;
    struct pl_status s;

    test_message(m, 1, 7);
    in = test_intake_of(&t, m->bytes, &m->reading);
    test_put(&t, &in);
    test_put(&t, &other);
    /* The new map files under another identifier, drops an event and the
     * claim, and uses one more segment. */
    m->part.patient.value = AN_STR("M0000008");
    m->part.n_events = 4;
    m->reading.n_claims = 0;
    m->reading.n_warnings = 1;
    m->account[2].n_used = 1;
    in = test_intake_of(&t, m->bytes, &m->reading);
    ck_assert_int_eq(pl_store_replace(t.store, &group, 1, &r, NULL, NULL),
                     AN_OK);
    ck_assert_int_eq(r.code, AN_OK);
    ck_assert_int_eq(r.message, 1);
    ck_assert_uint_eq(test_history(&t, 7, CTX_AS_OF_ALL).n_said, TEST_RESULTS);
    ck_assert_uint_eq(test_history(&t, 8, CTX_AS_OF_ALL).n_said, 4);
    ck_assert_uint_eq(test_history(&t, 8, CTX_AS_OF_ALL).person.n_members, 1);
    s = test_status(&t);
    ck_assert_int_eq(s.n_messages, 2);
    ck_assert_int_eq(s.n_triggers_waiting, 2);
    ck_assert_int_eq(s.feed[0].n_events, 9);
    ck_assert_int_eq(s.feed[0].n_warned, 1);
    ck_assert_int_eq(s.account[2].n_seen, 2);
    ck_assert_int_eq(s.account[2].n_used, 1);
    ck_assert_int_eq(s.account[0].n_field[CTX_FIELD_ODD], 4);
    /* And back again. */
    test_message(m, 1, 7);
    in = test_intake_of(&t, m->bytes, &m->reading);
    ck_assert_int_eq(pl_store_replace(t.store, &group, 1, &r, NULL, NULL),
                     AN_OK);
    ck_assert_uint_eq(test_history(&t, 7, CTX_AS_OF_ALL).n_said,
                      2 * TEST_RESULTS);
    ck_assert_uint_eq(test_history(&t, 8, CTX_AS_OF_ALL).n_said, 0);
    ck_assert_int_eq(test_status(&t).feed[0].n_warned, 0);
    test_store_check(&t);
}
END_TEST

START_TEST(replacing_what_is_not_there_spares_the_others)
{
    struct pl_intake a = test_intake(&t, 1, 7), b = test_intake(&t, 2, 7);
    const struct pl_intake *group[] = {&b, &a};
    struct pl_receipt r[2];

    test_put(&t, &a);
    ck_assert_int_eq(pl_store_replace(t.store, group, 2, r, NULL, NULL), AN_OK);
    ck_assert_int_eq(r[0].code, AN_NOTFOUND);
    ck_assert_int_eq(r[1].code, AN_OK);
    ck_assert_int_eq(test_status(&t).n_messages, 1);
}
END_TEST

START_TEST(one_that_is_too_large_spares_the_others)
{
    enum { TOO_LARGE = 600 << 20 };
    struct pl_intake in[3] = {test_intake(&t, 1, 7), test_intake(&t, 2, 7),
                              test_intake(&t, 3, 7)};
    const struct pl_intake *group[] = {&in[0], &in[1], &in[2]};
    struct pl_receipt r[3];
    /* Never touched: it costs no memory. */
    char *p = calloc(1, TOO_LARGE);

    ck_assert_ptr_nonnull(p);
    in[1].raw = (struct an_str){p, TOO_LARGE};
    ck_assert_int_eq(pl_store_put(t.store, group, 3, r, NULL), AN_OK);
    free(p);
    ck_assert_int_eq(r[0].code, AN_OK);
    ck_assert_int_eq(r[1].code, AN_LIMIT);
    ck_assert_ptr_nonnull(r[1].err.what);
    ck_assert_int_eq(r[2].code, AN_OK);
    ck_assert(!r[0].duplicate && !r[2].duplicate);
    ck_assert_int_eq(test_status(&t).n_messages, 2);
    ck_assert_uint_eq(test_history(&t, 7, CTX_AS_OF_ALL).n_said,
                      2 * TEST_RESULTS);
    test_store_check(&t);
}
END_TEST

/* Messages that come one by one while a batch is written. */
struct late {
    const struct pl_intake *group[4];
    struct pl_receipt receipt[4];
    size_t n_all;
    int64_t n_seen; /* by a reader, when last asked for more */
};

static bool one_more(struct pl_batch *b)
{
    struct late *l = b->user;

    l->n_seen = test_status(&t).n_messages;
    if (b->n == l->n_all)
        return false;
    b->n++;
    return true;
}

static struct pl_batch batch_of(struct late *l)
{
    return (struct pl_batch){.intake = l->group,
                             .receipt = l->receipt,
                             .n = 1,
                             .more = one_more,
                             .user = l};
}

START_TEST(what_comes_while_a_batch_is_written_shares_its_transaction)
{
    struct pl_intake a = test_intake(&t, 1, 7), b = test_intake(&t, 2, 7);
    struct late l = {.group = {&a, &b, &a}, .n_all = 3};
    struct pl_batch batch = batch_of(&l);

    ck_assert_int_eq(pl_store_put_batch(t.store, &batch, NULL), AN_OK);
    ck_assert_int_eq(l.n_seen, 0);
    ck_assert_uint_eq(batch.n, 3);
    ck_assert_int_eq(l.receipt[1].code, AN_OK);
    ck_assert_int_eq(l.receipt[1].message, 2);
    ck_assert(l.receipt[2].duplicate);
    ck_assert_int_eq(test_status(&t).n_messages, 2);
    test_store_check(&t);
}
END_TEST

START_TEST(one_that_comes_late_and_is_refused_spares_those_before_and_after)
{
    enum { TOO_LARGE = 600 << 20 };
    struct pl_intake in[4] = {test_intake(&t, 1, 7), test_intake(&t, 2, 7),
                              test_intake(&t, 3, 7), test_intake(&t, 4, 7)};
    struct late l = {.group = {&in[0], &in[1], &in[2], &in[3]}, .n_all = 4};
    struct pl_batch batch = batch_of(&l);
    /* Never touched: it costs no memory. */
    char *p = calloc(1, TOO_LARGE);

    ck_assert_ptr_nonnull(p);
    in[1].raw = (struct an_str){p, TOO_LARGE};
    ck_assert_int_eq(pl_store_put_batch(t.store, &batch, NULL), AN_OK);
    free(p);
    ck_assert_uint_eq(batch.n, 4);
    ck_assert_int_eq(l.receipt[1].code, AN_LIMIT);
    ck_assert_int_eq(l.receipt[0].code, AN_OK);
    ck_assert_int_eq(l.receipt[2].code, AN_OK);
    ck_assert_int_eq(l.receipt[3].code, AN_OK);
    ck_assert_int_eq(test_status(&t).n_messages, 3);
    test_store_check(&t);
}
END_TEST

START_TEST(intake_refuses_a_message_over_its_limit)
{
    struct ctx_reading reading = {.n_parts = 0};
    struct pl_source from = {.reading = &reading};
    struct pl_intake in;

    from.bytes = (struct an_str){"", PL_LIMIT_MESSAGE_BYTES};
    ck_assert_int_eq(pl_intake_make(&t.arena, &from, &in, NULL), AN_LIMIT);
}
END_TEST

START_TEST(intake_survives_each_failed_allocation)
{
    struct test_message *m = an_arena_get(&t.arena, 1, sizeof(*m));
    struct pl_source from = {.bytes = AN_STR("")};
    struct pl_intake in;
    enum an_code got = AN_NOMEM;
    long n = 0;

    test_message(m, 1, 7);
    from.bytes = m->bytes;
    from.reading = &m->reading;
    for (; got == AN_NOMEM && n < 50; n++) {
        t.arena.fail_after = n;
        got = pl_intake_make(&t.arena, &from, &in, NULL);
    }
    t.arena.fail_after = -1;
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 5);
    test_put(&t, &in);
    ck_assert_uint_eq(test_history(&t, 7, CTX_AS_OF_ALL).n_said, TEST_RESULTS);
}
END_TEST

Suite *store_put_suite(void)
{
    const TTest *const test[] = {
        the_same_bytes_again_change_nothing,
        the_same_bytes_twice_in_one_group_are_one_message,
        a_control_id_with_other_bytes_is_new_and_flagged,
        triggers_come_from_events_but_not_from_history,
        what_one_message_triggered_is_given_up,
        triggers_wait_until_they_are_done,
        parts_about_one_patient_are_filed_together,
        counts_what_came_and_what_was_used,
        counts_any_number_of_kinds_and_feeds_in_one_group,
        replacing_leaves_what_a_first_reading_would_have,
        replacing_what_is_not_there_spares_the_others,
        one_that_is_too_large_spares_the_others,
        what_comes_while_a_batch_is_written_shares_its_transaction,
        one_that_comes_late_and_is_refused_spares_those_before_and_after,
        intake_refuses_a_message_over_its_limit,
        intake_survives_each_failed_allocation};

    return test_suite_around("store/put", test, sizeof(test) / sizeof(test[0]),
                             set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* From a FHIR resource to what it said: the index is true whatever happens to the
 * messages. */
#include "context/consent.h"
#include "plugin/store/purge.h"
#include "plugin/store/writer_int.h"
#include "tests/store_said.h"
#include "tests/suite.h"

Suite *store_resource_suite(void);

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

static int change(struct pl_writer *w, void *ctx)
{
    return sqlite3_exec(w->db.sql, ctx, NULL, NULL, NULL);
}

/* ---- finding ------------------------------------------------------------------ */

START_TEST(numbers_that_follow_each_other_lie_together)
{
    int64_t a, b, c, d;

    ck_assert_int_eq(ctx_fact_key(test_fact(123401), &a, NULL), AN_OK);
    ck_assert_int_eq(ctx_fact_key(test_fact(123402), &b, NULL), AN_OK);
    ck_assert_int_eq(ctx_fact_key(test_fact(123501), &c, NULL), AN_OK);
    ck_assert_int_eq(ctx_fact_key(AN_STR("1"), &d, NULL), AN_OK);
    ck_assert_int_eq(b - a, 1);
    ck_assert(ctx_fact_may_be(test_fact(123401), a));
    ck_assert(!ctx_fact_may_be(test_fact(123402), a));
    ck_assert(ctx_fact_may_be(AN_STR("1"), d));
    ck_assert(!ctx_fact_may_be(AN_STR(""), d));
    ck_assert_int_ne(c >> 16, a >> 16);
    ck_assert_int_ne(d, a);
}
END_TEST

START_TEST(a_resource_is_found_at_each_who_has_it)
{
    test_say(1, 1, test_hour(9), 1);
    test_say(1, 2, test_hour(10), 2);
    test_say(2, 1, test_hour(11), 3);
    ck_assert_uint_eq(test_there(1, INT64_MAX).n_live, 2);
    ck_assert_int_eq(test_there(1, INT64_MAX).said_us, test_hour(10));
    ck_assert_uint_eq(test_there(1, test_hour(9)).n_live, 1);
    ck_assert_int_eq(test_there(1, test_hour(9)).said_us, test_hour(10));
    ck_assert_uint_eq(test_there(1, test_hour(8)).n_live, 0);
    ck_assert_uint_eq(test_there(3, INT64_MAX).n_live, 0);
    test_say(1, 1, test_hour(12), 0);
    ck_assert_uint_eq(test_there(1, INT64_MAX).n_live, 1);
    ck_assert_uint_eq(test_there(1, test_hour(10)).n_live, 2);
    test_store_check(&t);
}
END_TEST

START_TEST(one_row_is_a_resource_however_many_events_it_makes)
{
    struct ctx_identifier who = test_patient(1);
    struct ctx_event e[6];
    struct pl_intake in;

    for (int i = 0; i < 6; i++) {
        e[i] = test_version_event(test_fact(i < 3 ? 1 : 2), test_hour(9),
                                  i % 3 + 1);
        e[i].place = test_text("/entry/", (uint64_t)i);
    }
    e[2].fact = test_fact(2);
    e[5].kind = CTX_SEX;
    e[5].fact = AN_STR("sex|fhir/1");
    in = test_said(&who, e, 6);
    (void)test_put(&t, &in);
    ck_assert_int_eq(test_number("SELECT count(*) FROM resource"), 2);
    /* What has no id cannot be deleted by one. */
    e[0].fact = AN_STR("Observation?identifier=http://h/lab|17");
    e[1].fact = AN_STR("");
    e[2].kind = CTX_BIRTH;
    in = test_said(&who, e, 3);
    (void)test_put(&t, &in);
    ck_assert_int_eq(test_number("SELECT count(*) FROM resource"), 2);
    test_store_check(&t);
}
END_TEST

START_TEST(messages_of_hl7v2_need_no_rows)
{
    struct pl_intake in = test_intake(&t, 1, 7);

    (void)test_put(&t, &in);
    ck_assert_int_eq(test_number("SELECT count(*) FROM resource"), 0);
    test_store_check(&t);
}
END_TEST

/* ---- what becomes of messages --------------------------------------------------- */

START_TEST(what_is_read_again_is_found_by_what_it_says_now)
{
    struct ctx_identifier who = test_patient(1);
    struct ctx_event e[2] = {test_version_event(test_fact(1), test_hour(9), 1),
                             test_version_event(test_fact(2), test_hour(9), 2)};
    struct pl_intake in = test_said(&who, e, 2), again;
    struct pl_intake const *list = &again;
    struct pl_receipt r;

    (void)test_put(&t, &in);
    test_delete(3, test_hour(11));
    /* The same bytes say something else. */
    e[1].fact = test_fact(3);
    again = test_said(&who, e, 2);
    ck_assert_int_eq(pl_store_replace(t.store, &list, 1, &r, NULL, NULL),
                     AN_OK);
    ck_assert(r.changed);
    ck_assert_uint_eq(test_there(1, INT64_MAX).n_live, 1);
    ck_assert_uint_eq(test_there(2, INT64_MAX).n_live, 0);
    ck_assert_uint_eq(test_there(3, INT64_MAX).n_live, 1);
    test_store_check(&t);
    ck_assert_uint_eq(test_settle(), 1);
    ck_assert_uint_eq(test_values(1, CTX_AS_OF_ALL), 1);
    test_store_check(&t);
}
END_TEST

START_TEST(what_is_removed_by_age_is_not_in_the_index)
{
    struct pl_purge what = {.before_us = 2 * TEST_EPOCH_US,
                            .now_us = TEST_EPOCH_US};
    struct pl_purged done;

    test_say(1, 1, test_hour(9), 1);
    test_say(2, 1, test_hour(9), 2);
    test_delete(1, test_hour(11));
    for (int kind = PL_PURGE_RAW; kind <= PL_PURGE_EVENTS; kind++) {
        what.kind = (enum pl_purge_kind)kind;
        ck_assert_int_eq(pl_store_purge(t.store, &what, &done, NULL), AN_OK);
        ck_assert_int_eq(done.n, 2);
    }
    ck_assert_int_eq(test_number("SELECT count(*) FROM resource"), 0);
    ck_assert_uint_eq(test_settle(), 0);
    test_store_check(&t);
}
END_TEST

START_TEST(what_is_erased_is_not_in_the_index)
{
    struct pl_purge who = {.now_us = TEST_EPOCH_US,
                           .actor = AN_STR("op"),
                           .role = AN_STR("operator")};
    struct pl_erased total = {.more = true};
    struct ctx_identifier patient = test_patient(1);
    struct pl_history h;

    test_say(1, 1, test_hour(9), 1);
    test_say(1, 2, test_hour(9), 2);
    test_delete(1, test_hour(11));
    ck_assert_int_eq(
        pl_history(t.reader, &t.arena, &patient, CTX_AS_OF_ALL, &h, NULL),
        AN_OK);
    ck_assert_int_eq(pl_store_erase(t.store, &h.person, TEST_EPOCH_US, NULL),
                     AN_OK);
    while (total.more)
        ck_assert_int_eq(pl_store_erase_step(t.store, &who, &total, NULL),
                         AN_OK);
    ck_assert_int_eq(test_number("SELECT count(*) FROM resource"), 1);
    ck_assert_int_eq(test_number("SELECT count(*) FROM withdrawal"), 1);
    ck_assert_uint_eq(test_settle(), 1);
    ck_assert_uint_eq(test_values(2, CTX_AS_OF_ALL), 0);
    test_store_check(&t);
}
END_TEST

/* ---- consents ------------------------------------------------------------------- */

static void say_consent(const char *fact, const char *code, int hour)
{
    struct ctx_identifier who = test_patient(1);
    struct ctx_event e = {
        .kind = CTX_CONSENT,
        .status = CTX_STATUS_FINAL,
        .concept = {AN_STR(CTX_CONSENT_SYSTEM), an_str_c(code), AN_STR("")},
        .value = {.kind = CTX_VALUE_TEXT, .text = AN_STR(CTX_CONSENT_ALL)},
        .available_us = test_hour(hour),
        .said_us = test_hour(hour),
        .fact = an_str_c(fact),
        .place = AN_STR("/provision")};
    struct pl_intake in = test_said(&who, &e, 1);

    (void)test_put(&t, &in);
}

static void delete_consent(const char *fact, int hour)
{
    struct pl_deleted d = {.fact = an_str_c(fact), .at_us = test_hour(hour)};

    ck_assert_int_eq(pl_store_deleted(t.store, &d, 1, NULL), AN_OK);
}

/* Has the patient opted out, as known then and since? */
static bool has_opted_out(int64_t as_of_us)
{
    struct ctx_identifier who = test_patient(1);
    struct ctx_consent c;
    struct pl_history h;

    ck_assert_int_eq(pl_history(t.reader, &t.arena, &who, as_of_us, &h, NULL),
                     AN_OK);
    ctx_consent_of(&h.timeline, &h.consents, as_of_us, &c);
    return c.all;
}

static void remove_all(void)
{
    struct pl_purge what = {.before_us = INT64_MAX, .now_us = 1};
    struct pl_purged done;

    for (int kind = PL_PURGE_RAW; kind <= PL_PURGE_EVENTS; kind++) {
        what.kind = (enum pl_purge_kind)kind;
        ck_assert_int_eq(pl_store_purge(t.store, &what, &done, NULL), AN_OK);
    }
}

/* Before all that is removed by age, and after. */
START_TEST(a_consent_that_is_deleted_has_ended)
{
    static const char one[] = "urn:fhir:Consent/1",
                      other[] = "urn:fhir:Consent/2";

    say_consent(one, "deny", 9);
    say_consent(other, "permit", 9);
    if (_i)
        remove_all();
    ck_assert(has_opted_out(CTX_AS_OF_ALL));
    test_store_check(&t);
    ck_assert_int_eq(test_number("SELECT count(*) FROM due"), 0);
    delete_consent(one, 11);
    delete_consent(other, 11);
    ck_assert_uint_eq(test_settle(), 2);
    ck_assert(!has_opted_out(CTX_AS_OF_ALL));
    ck_assert(!has_opted_out(test_hour(11)));
    ck_assert(has_opted_out(test_hour(10)));
    /* Nobody asked while it held: somebody does now, and the trail tells. */
    ck_assert_int_eq(test_number("SELECT count(*) FROM due WHERE reason = 6"),
                     1);
    ck_assert_int_eq(test_number("SELECT count(*) FROM audit"
                                 " WHERE action = 'withdrawn'"
                                 " AND subject = 'identifier/1'"
                                 " AND details LIKE '%\"what\":\"consent\"%'"),
                     1);
    /* Neither comes back when all else goes, nor from an archive. */
    remove_all();
    ck_assert(!has_opted_out(CTX_AS_OF_ALL));
    ck_assert(has_opted_out(test_hour(10)));
    say_consent(one, "deny", 10);
    ck_assert_uint_eq(test_settle(), 0);
    ck_assert(!has_opted_out(CTX_AS_OF_ALL));
    /* What is denied anew, is. */
    say_consent(one, "deny", 12);
    ck_assert(has_opted_out(CTX_AS_OF_ALL));
    test_store_check(&t);
}
END_TEST

/* The same bytes, which other tables read so. */
static void read_consents(const char *first, const char *second, bool is_new)
{
    struct ctx_identifier who = test_patient(1);
    const char *const code[] = {first, second};
    struct ctx_event e[2];
    struct ctx_part part = {who, e, 0};
    struct ctx_reading reading = {
        .kind = AN_STR("Consent"), .part = &part, .n_parts = 1};
    const struct pl_source from = {.format = PL_FORMAT_FHIR,
                                   .reading = &reading,
                                   .bytes = AN_STR("{consents}"),
                                   .feed = AN_STR("fhir"),
                                   .received_us = TEST_EPOCH_US};
    const struct pl_intake *list;
    struct pl_intake in;
    struct pl_receipt r;

    for (size_t i = 0; i < 2; i++)
        if (code[i])
            e[part.n_events++] = (struct ctx_event){
                .kind = CTX_CONSENT,
                .status = CTX_STATUS_FINAL,
                .concept = {AN_STR(CTX_CONSENT_SYSTEM), an_str_c(code[i]),
                            AN_STR("")},
                .value = {.kind = CTX_VALUE_TEXT, .text = AN_STR("psy")},
                .available_us = test_hour(9),
                .said_us = test_hour(9),
                .fact = i ? AN_STR("urn:fhir:Consent/2")
                          : AN_STR("urn:fhir:Consent/1"),
                .place = AN_STR("/provision")};
    list = &in;
    ck_assert_int_eq(pl_intake_make(&t.arena, &from, &in, NULL), AN_OK);
    if (is_new)
        (void)test_put(&t, &in);
    else
        ck_assert_int_eq(pl_store_replace(t.store, &list, 1, &r, NULL, NULL),
                         AN_OK);
}

/* Rows of the trail of a consent that reading again has ended, and how many each
 * tells of. */
static int64_t ended_anew(void)
{
    return test_number(
        "SELECT count(*) * 100 + coalesce(sum(details ->> 'n'), 0) FROM audit"
        " WHERE action = 'withdrawn' AND subject = 'identifier/1'"
        " AND details ->> 'what' = 'consent' AND details ->> 'feed' = 'fhir'"
        " AND details ->> 'by' = 'reprocess' AND time_us > 1700000000000000");
}

START_TEST(a_consent_that_is_read_otherwise_leaves_a_row)
{
    read_consents("deny", "permit", true);
    ck_assert_int_eq(ended_anew(), 0);
    read_consents("deny", "permit", false);
    ck_assert_int_eq(ended_anew(), 0);
    read_consents("deny", "deny", false); /* the permit is none any more */
    ck_assert_int_eq(ended_anew(), 101);
    read_consents(NULL, NULL, false); /* neither is read */
    ck_assert_int_eq(ended_anew(), 203);
    read_consents("deny", NULL, false); /* one is there again: none ends */
    ck_assert_int_eq(ended_anew(), 203);
    test_store_check(&t);
}
END_TEST

/* One message ends those of very many, of each a row. */
static int end_many(struct pl_writer *w, void *ctx)
{
    enum { MANY = 100000 };
    static struct pl_filing filing[MANY];
    static int64_t filed[MANY];
    struct pl_intake in = {.filing = filing, .n_filings = MANY};
    struct pl_derivation d = {.in = &in, .filed = filed};

    (void)ctx;
    in.feed = AN_STR("a");
    for (size_t i = 0; i < MANY; i++) {
        filing[i].n_ended = 1;
        filed[i] = 1;
    }
    return pl_writer_ended(w, &d);
}

START_TEST(the_consents_of_very_many_end_by_one_message)
{
    ck_assert_int_eq(pl_store_transaction(t.store, end_many, NULL, NULL),
                     AN_OK);
    ck_assert_int_eq(test_number("SELECT count(*) FROM audit"), 100000);
}
END_TEST

/* In a store that was indexed before, which had none of consents. */
START_TEST(reading_again_indexes_what_was_not)
{
    static char gone[] = "DELETE FROM resource";
    struct pl_receipt r;
    struct ctx_identifier who = test_patient(1);
    struct ctx_event e = test_version_event(test_fact(1), test_hour(9), 1);
    struct pl_intake in = test_said(&who, &e, 1);
    struct pl_intake const *list = &in;

    (void)test_put(&t, &in);
    ck_assert_int_eq(pl_store_transaction(t.store, change, gone, NULL), AN_OK);
    ck_assert_int_eq(pl_store_replace(t.store, &list, 1, &r, NULL, NULL),
                     AN_OK);
    ck_assert(!r.changed);
    test_store_check(&t);
    test_delete(1, test_hour(11));
    ck_assert_uint_eq(test_settle(), 1);
}
END_TEST

/* A visit of the first patient was moved to the second, who is erased. */
START_TEST(what_is_erased_in_part_is_found_by_what_is_left)
{
    struct pl_purge who = {.now_us = TEST_EPOCH_US,
                           .actor = AN_STR("op"),
                           .role = AN_STR("operator")};
    struct pl_erased total = {.more = true};
    struct ctx_identifier from = test_patient(1), to = test_patient(2);
    struct ctx_claim move = {.kind = CTX_CLAIM_VISIT,
                             .prior = from,
                             .current = to,
                             .said_us = test_hour(10),
                             .available_us = test_hour(10),
                             .place = AN_STR(""),
                             .visit = AN_STR("H|V1"),
                             .prior_visit = AN_STR("H|V1")};
    const struct ctx_reading reading = {
        .kind = AN_STR("ADT^A45"), .claim = &move, .n_claims = 1};
    struct ctx_event e[3] = {test_version_event(test_fact(1), test_hour(9), 1),
                             test_version_event(test_fact(2), test_hour(9), 2),
                             test_version_event(test_fact(3), test_hour(9), 3)};
    struct pl_intake in;
    struct ctx_person p;

    e[0].encounter = e[1].encounter = AN_STR("H|V1");
    if (_i) {
        e[2].fact = e[1].fact;
        e[2].encounter = AN_STR("H|V2");
    }
    in = test_said(&from, e, 3);
    (void)test_put(&t, &in);
    in = test_intake_of(&t, AN_STR("move"), &reading);
    (void)test_put(&t, &in);
    ck_assert_int_eq(test_number("SELECT count(*) FROM resource"), _i ? 2 : 3);
    ck_assert_int_eq(
        pl_person(t.reader, &t.arena, &to, CTX_AS_OF_ALL, &p, NULL), AN_OK);
    ck_assert_int_eq(pl_store_erase(t.store, &p, TEST_EPOCH_US, NULL), AN_OK);
    while (total.more)
        ck_assert_int_eq(pl_store_erase_step(t.store, &who, &total, NULL),
                         AN_OK);
    ck_assert_int_eq(test_number("SELECT count(*) FROM resource"), 1);
    ck_assert_uint_eq(test_values(1, CTX_AS_OF_ALL), 3);
    test_store_check(&t);
}
END_TEST

/* ---- a store of before the index -------------------------------------------------- */

static void as_version_5(void)
{
    sqlite3 *db = NULL;

    pl_reader_close(t.reader);
    pl_store_close(t.store);
    ck_assert_int_eq(sqlite3_open(t.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "DROP TABLE resource; DROP TABLE deleted;"
                                  "DROP TABLE withdrawal; DROP TABLE indexing;"
                                  "DROP TABLE feedback; DROP TABLE card;"
                                  "DROP TABLE card_count;"
                                  "DROP TABLE sent; DROP TABLE recalled;"
                                  "DROP TABLE tenant;"
                                  "DROP TABLE switch;"
                                  "DROP TABLE switch_generation;"
                                  "DROP INDEX suggestion_model;"
                                  "ALTER TABLE outbox DROP COLUMN kind;"
                                  "ALTER TABLE outbox DROP COLUMN done;"
                                  "DROP TABLE filed;"
                                  "ALTER TABLE outbox DROP COLUMN channel;"
                                  "ALTER TABLE outbox DROP COLUMN ready;"
                                  "ALTER TABLE outbox DROP COLUMN n_errors;"
                                  "ALTER TABLE outbox DROP COLUMN released_by;"
                                  "PRAGMA user_version = 5",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    t.store = NULL;
    t.reader = NULL;
    test_store_reopen(&t);
}

/* How many steps that took. */
static int index_all(void)
{
    bool more = true;
    int n = 0;

    for (; more; n++)
        ck_assert_int_eq(pl_store_index_step(t.store, &more, NULL), AN_OK);
    return n;
}

START_TEST(an_older_store_gets_its_index_by_and_by)
{
    enum { MESSAGES = 300 };
    struct pl_intake in = test_intake(&t, 1, 7);

    (void)test_put(&t, &in);
    for (uint64_t i = 0; i < MESSAGES; i++) {
        struct an_mark mark = an_arena_mark(&t.arena);

        test_say(i, i, test_hour(9), 1);
        an_arena_rewind(&t.arena, mark);
    }
    as_version_5();
    test_store_check(&t);
    ck_assert_uint_eq(test_there(0, INT64_MAX).n_live, 0);
    /* What is deleted meanwhile waits for the index, what is new does not. */
    test_delete(0, test_hour(11));
    test_delete(MESSAGES - 1, test_hour(11));
    test_say(MESSAGES, 1, test_hour(9), 2);
    ck_assert_uint_eq(test_there(MESSAGES, INT64_MAX).n_live, 1);
    ck_assert_uint_eq(test_settle(), 0);
    ck_assert_int_eq(index_all(), 3);
    ck_assert_uint_eq(test_there(1, INT64_MAX).n_live, 1);
    ck_assert_uint_eq(test_settle(), 2);
    ck_assert_uint_eq(test_values(0, CTX_AS_OF_ALL), 0);
    ck_assert_uint_eq(test_values(MESSAGES - 1, CTX_AS_OF_ALL), 0);
    test_store_check(&t);
    ck_assert_int_eq(index_all(), 1);
}
END_TEST

static char damage[] = "UPDATE said SET events = x'FF00' WHERE message = 1";

START_TEST(a_damaged_row_does_not_stop_the_index)
{
    test_say(1, 1, test_hour(9), 1);
    test_say(2, 2, test_hour(9), 2);
    as_version_5();
    ck_assert_int_eq(pl_store_transaction(t.store, change, damage, NULL),
                     AN_OK);
    ck_assert_int_eq(index_all(), 2);
    ck_assert_uint_eq(test_there(2, INT64_MAX).n_live, 1);
}
END_TEST

START_TEST(a_damaged_row_is_erased)
{
    struct pl_purge who = {.now_us = TEST_EPOCH_US,
                           .actor = AN_STR("op"),
                           .role = AN_STR("operator")};
    struct ctx_member member = {.id = test_patient(1)};
    struct ctx_person person = {.member = &member, .n_members = 1};
    struct pl_erased total = {.more = true};

    test_say(1, 1, test_hour(9), 1);
    test_say(1, 2, test_hour(9), 2);
    ck_assert_int_eq(pl_store_transaction(t.store, change, damage, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_store_erase(t.store, &person, TEST_EPOCH_US, NULL),
                     AN_OK);
    while (total.more)
        ck_assert_int_eq(pl_store_erase_step(t.store, &who, &total, NULL),
                         AN_OK);
    ck_assert_int_eq(test_number("SELECT count(*) FROM said"), 1);
    ck_assert_int_eq(test_number("SELECT count(*) FROM resource"), 1);
    test_store_check(&t);
}
END_TEST

START_TEST(the_check_finds_an_index_that_is_not_true)
{
    static char gone[] = "DELETE FROM resource",
                stray[] = "INSERT INTO resource VALUES(1, 1, 1)";
    struct an_err err;

    test_say(1, 1, test_hour(9), 1);
    ck_assert_int_eq(pl_store_transaction(t.store, change, stray, NULL), AN_OK);
    ck_assert_int_eq(pl_check(t.reader, &t.arena, &err), AN_INTEGRITY);
    ck_assert_str_eq(err.what, "the index of resources names some that are not"
                               " stored");
    ck_assert_int_eq(pl_store_transaction(t.store, change, gone, NULL), AN_OK);
    ck_assert_int_eq(pl_check(t.reader, &t.arena, &err), AN_INTEGRITY);
    ck_assert_str_eq(err.what, "a stored resource is not in its index");
}
END_TEST

Suite *store_resource_suite(void)
{
    const TTest *const test[] = {
        numbers_that_follow_each_other_lie_together,
        a_resource_is_found_at_each_who_has_it,
        one_row_is_a_resource_however_many_events_it_makes,
        messages_of_hl7v2_need_no_rows,
        what_is_read_again_is_found_by_what_it_says_now,
        what_is_removed_by_age_is_not_in_the_index,
        what_is_erased_is_not_in_the_index,
        an_older_store_gets_its_index_by_and_by,
        a_damaged_row_does_not_stop_the_index,
        a_damaged_row_is_erased,
        reading_again_indexes_what_was_not,
        the_consents_of_very_many_end_by_one_message,
        a_consent_that_is_read_otherwise_leaves_a_row,
        the_check_finds_an_index_that_is_not_true};
    Suite *s =
        test_suite_around("store/resource", test,
                          sizeof(test) / sizeof(test[0]), set_up, tear_down);
    TCase *part = tcase_create("part");

    tcase_add_checked_fixture(part, set_up, tear_down);
    tcase_add_loop_test(part, what_is_erased_in_part_is_found_by_what_is_left,
                        0, 2);
    tcase_add_loop_test(part, a_consent_that_is_deleted_has_ended, 0, 2);
    suite_add_tcase(s, part);
    return s;
}

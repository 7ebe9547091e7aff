/* SPDX-License-Identifier: Apache-2.0 */
/* What is sealed opens in its own row, by its own key, and nowhere else; what is
 * removed is removed to its end. */
#include "plugin/store/outgoing.h"
#include "plugin/store/purge.h"
#include "plugin/store/rekey.h"
#include "plugin/store/vault_int.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *store_vault_suite(void);

#define KEY_A                                                                  \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
#define KEY_B                                                                  \
    "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\n"

static struct test_store t;
static char keys[TEST_PATH_BYTES + 8];

static void write_keys(const char *text)
{
    FILE *f;

    (void)snprintf(keys, sizeof(keys), "%s.key", t.path);
    f = fopen(keys, "w");
    ck_assert_ptr_nonnull(f);
    (void)fputs(text, f);
    (void)fclose(f);
    ck_assert_int_eq(chmod(keys, 0600), 0);
    t.key_file = keys;
}

/* A store that was sealed from its first message on. */
static void set_up(void)
{
    t.key_file = NULL;
    test_store_open(&t);
    write_keys(KEY_A);
    test_store_reopen(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
    t.key_file = NULL;
}

static void put(uint64_t n, uint64_t patient)
{
    struct pl_intake in = test_intake(&t, n, patient);

    (void)test_put(&t, &in);
}

/* Run something on the file, while the store is open. */
static void beside(const char *text)
{
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(t.path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* The same from outside. */
static void outside(const char *text)
{
    pl_reader_close(t.reader);
    pl_store_close(t.store);
    t.reader = NULL;
    t.store = NULL;
    beside(text);
    test_store_reopen(&t);
}

static enum an_code try_open(void)
{
    struct pl_store_options options = {.path = t.path, .key_file = t.key_file};
    struct pl_store *store;
    enum an_code code = pl_store_open(&options, &store, NULL);

    pl_store_close(store);
    return code;
}

static const struct {
    const char *what, *change;
} attacks[] = {
    {"a message of another row",
     "UPDATE message SET raw = (SELECT raw FROM message WHERE id = 2)"
     " WHERE id = 1"},
    {"a message that is not sealed",
     "UPDATE message SET raw = x'4D5348', deflated = 0, raw_bytes = 3"
     " WHERE id = 1"},
    {"a message that says that it is plain",
     "UPDATE message SET raw = x'A5534C31000000004D5348', deflated = 0,"
     " raw_bytes = 3 WHERE id = 1"},
    {"a message whose last bit is another",
     "UPDATE message SET raw = CAST(substr(raw, 1, length(raw) - 1) ||"
     " iif(substr(raw, -1) = x'00', x'01', x'00') AS BLOB) WHERE id = 1"},
    {"a message that is cut off",
     "UPDATE message SET raw = substr(raw, 1, 20) WHERE id = 1"},
    {"events of another patient",
     "UPDATE said SET events = (SELECT events FROM said WHERE message = 2"
     " AND n_events > 0) WHERE message = 1 AND n_events > 0"},
    {"events that are not sealed",
     "UPDATE said SET events = x'01' WHERE message = 1 AND n_events > 0"},
};

START_TEST(what_was_moved_or_changed_does_not_open)
{
    struct an_err err = {.code = AN_OK};

    put(1, 1);
    put(2, 2);
    test_store_check(&t);
    outside(attacks[_i].change);
    ck_assert_msg(pl_check(t.reader, &t.arena, &err) == AN_INTEGRITY, "%s",
                  attacks[_i].what);
}
END_TEST

START_TEST(a_store_without_its_key_is_refused)
{
    put(1, 1);
    write_keys(KEY_B);
    ck_assert_int_eq(try_open(), AN_CONFIG);
    t.key_file = NULL;
    ck_assert_int_eq(try_open(), AN_CONFIG);
    write_keys(KEY_A);
    ck_assert_int_eq(try_open(), AN_OK);
}
END_TEST

static const struct {
    const char *text;
    enum an_code code;
} files[] = {
    {KEY_A, AN_OK},
    {"# the key\n\n" KEY_A "  \n", AN_OK},
    {"0123456789abcdef0123456789abcdef", AN_CONFIG}, /* 32 bytes: another key */
    {"", AN_CONFIG},
    {"# none\n", AN_CONFIG},
    {"00112233\n", AN_CONFIG},
    {KEY_A "and more\n", AN_CONFIG},
};

START_TEST(a_key_file_holds_keys)
{
    put(1, 1);
    write_keys(files[_i].text);
    ck_assert_int_eq(try_open(), files[_i].code);
    write_keys(KEY_A);
}
END_TEST

START_TEST(a_key_file_is_its_owners)
{
    ck_assert_int_eq(chmod(keys, 0640), 0);
    ck_assert_int_eq(try_open(), AN_CONFIG);
    t.key_file = "/nowhere/key";
    ck_assert_int_eq(try_open(), AN_NOTFOUND);
    t.key_file = keys;
}
END_TEST

START_TEST(bytes_that_look_sealed_come_back)
{
    static const char bytes[] = "\xA5SL1\0\0\0\0MSH|^~\\&|";
    struct test_message *m = an_arena_get(&t.arena, 1, sizeof(*m));
    struct pl_message got;
    struct pl_intake in;

    test_message(m, 1, 1);
    in = test_intake_of(&t, (struct an_str){bytes, sizeof(bytes) - 1},
                        &m->reading);
    (void)test_put(&t, &in);
    ck_assert_int_eq(pl_message_next(t.reader, &t.arena, 0, &got, NULL), AN_OK);
    ck_assert_uint_eq(got.bytes.n, sizeof(bytes) - 1);
    ck_assert_int_eq(memcmp(got.bytes.p, bytes, got.bytes.n), 0);
}
END_TEST

START_TEST(what_is_to_be_delivered_is_sealed_and_leaves_as_it_was)
{
    struct pl_delivery d = {.payload = AN_STR("{\"to\":\"carer\"}")};
    struct pl_conclusion c = {
        .patient = {AN_STR("GENHOSP"), AN_STR("M0000001"), AN_STR("MR")},
        .now_us = TEST_EPOCH_US,
        .delivery = &d,
        .n_deliveries = 1};
    struct pl_conclude_receipt r;
    struct pl_outbox_row row;
    int64_t next_us;

    ck_assert_int_eq(pl_store_conclude(t.store, &c, 1, &r, NULL), AN_OK);
    ck_assert_int_eq(pl_outbox_due(t.reader, &t.arena, TEST_EPOCH_US + 1, &row,
                                   &next_us, NULL),
                     AN_OK);
    ck_assert_an_str_eq(row.payload, "{\"to\":\"carer\"}");
}
END_TEST

START_TEST(sealing_anew_goes_on_where_it_was_stopped)
{
    struct pl_rekey p = {.finished = false};
    int64_t before;

    for (uint64_t n = 0; n < 200; n++)
        put(n, n % 30);
    write_keys(KEY_B KEY_A);
    test_store_reopen(&t);
    put(200, 1);
    ck_assert_int_eq(pl_store_rekey(t.store, &p, NULL), AN_OK);
    ck_assert(!p.finished);
    before = p.n_sealed;
    ck_assert_int_eq(before, 64);
    test_store_reopen(&t);
    test_store_check(&t);
    while (!p.finished)
        ck_assert_int_eq(pl_store_rekey(t.store, &p, NULL), AN_OK);
    ck_assert_int_ge(p.n_sealed, 400); /* once each */
    ck_assert_int_lt(p.n_sealed, 640);
    write_keys(KEY_B);
    test_store_reopen(&t);
    test_store_check(&t);
    ck_assert_uint_gt(test_history(&t, 1, CTX_AS_OF_ALL).n_said, 0);
}
END_TEST

/* By those that had it open all the while: what was in the file before its key
 * is put back. */
START_TEST(when_all_is_sealed_nothing_plain_is_taken_any_more)
{
    struct pl_rekey p = {.finished = false};
    struct pl_intake in;
    const struct pl_intake *group = &in;
    struct pl_receipt r;

    tear_down();
    test_store_open(&t);
    in = test_intake(&t, 1, 1);
    (void)test_put(&t, &in);
    beside("CREATE TABLE kept AS SELECT id, raw FROM message;"
           "CREATE TABLE kept_said AS SELECT identifier, events FROM said");
    write_keys(KEY_A);
    test_store_reopen(&t);
    ck_assert_int_eq(pl_check(t.reader, &t.arena, NULL), AN_OK);
    while (!p.finished)
        ck_assert_int_eq(pl_store_rekey(t.store, &p, NULL), AN_OK);
    ck_assert_int_eq(pl_check(t.reader, &t.arena, NULL), AN_OK);
    beside("UPDATE said SET events = (SELECT events FROM kept_said k"
           " WHERE k.identifier = said.identifier)");
    ck_assert_int_eq(pl_store_replace(t.store, &group, 1, &r, NULL, NULL),
                     AN_INTEGRITY);
    beside("UPDATE message SET raw = (SELECT raw FROM kept k"
           " WHERE k.id = message.id); DELETE FROM said");
    ck_assert_int_eq(pl_check(t.reader, &t.arena, NULL), AN_INTEGRITY);
}
END_TEST

/* ---- another key while programs have it open ------------------------------------ */

/* Another program, by the key file `keys` or one of its own. */
static struct pl_store *open_beside(const char *key_file)
{
    struct pl_store_options options = {.path = t.path, .key_file = key_file};
    struct pl_store *store;

    ck_assert_int_eq(pl_store_open(&options, &store, NULL), AN_OK);
    return store;
}

static void seal_all(struct pl_store *store)
{
    struct pl_rekey p = {.finished = false};

    while (!p.finished)
        ck_assert_int_eq(pl_store_rekey(store, &p, NULL), AN_OK);
}

static enum an_code try_put(uint64_t n, struct an_err *err)
{
    struct pl_intake in = test_intake(&t, n, 1);
    const struct pl_intake *group = &in;
    struct pl_receipt r;

    return pl_store_put(t.store, &group, 1, &r, err);
}

/* What it writes after the old key has gone would be lost with that key. */
START_TEST(who_had_it_open_seals_by_the_key_that_came)
{
    struct pl_store *other;

    put(1, 1);
    write_keys(KEY_B KEY_A);
    other = open_beside(keys);
    put(2, 1);
    seal_all(other);
    put(3, 1);
    pl_store_close(other);
    /* By the reader that was opened with the old key alone. */
    ck_assert_uint_eq(test_history(&t, 1, CTX_AS_OF_ALL).n_said,
                      3 * TEST_RESULTS);
    write_keys(KEY_B);
    put(4, 1);
    test_store_reopen(&t);
    test_store_check(&t);
    ck_assert_uint_eq(test_history(&t, 1, CTX_AS_OF_ALL).n_said,
                      4 * TEST_RESULTS);
}
END_TEST

/* In the file of the server the new key stands behind the old one at first. */
START_TEST(the_order_of_keys_counts_when_it_is_put_right)
{
    struct pl_rekey p = {.finished = false};
    struct pl_store *other;

    write_keys(KEY_A KEY_B "#\n");
    test_store_reopen(&t);
    put(1, 1);
    write_keys(KEY_B KEY_A);
    other = open_beside(keys);
    /* It has done the messages: what comes is behind it. */
    ck_assert_int_eq(pl_store_rekey(other, &p, NULL), AN_OK);
    put(2, 1);
    seal_all(other);
    pl_store_close(other);
    write_keys(KEY_B);
    test_store_reopen(&t);
    test_store_check(&t);
}
END_TEST

START_TEST(who_has_not_the_key_that_came_writes_nothing)
{
    char theirs[TEST_PATH_BYTES + 8], own[TEST_PATH_BYTES + 8];
    struct an_err err;

    put(1, 1);
    memcpy(own, keys, sizeof(own));
    (void)snprintf(theirs, sizeof(theirs), "%s.new", t.path);
    write_keys(KEY_B KEY_A);
    ck_assert_int_eq(rename(keys, theirs), 0);
    write_keys(KEY_A);
    pl_store_close(open_beside(theirs));
    ck_assert_int_eq(try_put(2, &err), AN_CONFIG);
    ck_assert_str_eq(err.what, "the store needs a key that store.key_file does "
                               "not hold");
    ck_assert_int_eq(pl_store_triggers_done(t.store, NULL, 0, &err), AN_CONFIG);
    ck_assert_int_eq(test_status(&t).n_messages, 1);
    ck_assert_int_eq(rename(theirs, own), 0);
    ck_assert_int_eq(try_put(2, &err), AN_OK);
    test_store_reopen(&t);
    test_store_check(&t);
}
END_TEST

START_TEST(who_has_no_key_writes_nothing_when_one_came)
{
    struct an_err err;

    tear_down();
    test_store_open(&t);
    ck_assert_int_eq(try_put(1, &err), AN_OK);
    write_keys(KEY_A);
    pl_store_close(open_beside(keys));
    ck_assert_int_eq(try_put(2, &err), AN_CONFIG);
    test_store_reopen(&t);
    seal_all(t.store);
    ck_assert_int_eq(try_put(2, &err), AN_OK);
    test_store_check(&t);
}
END_TEST

START_TEST(a_key_file_that_is_read_again_counts_if_it_can)
{
    struct an_err err;
    size_t n = 0;

    put(1, 1);
    write_keys(KEY_B);
    ck_assert_int_eq(pl_store_reload_keys(t.store, &n, &err), AN_CONFIG);
    ck_assert_str_eq(err.what, "the store is sealed with a key that "
                               "store.key_file does not hold");
    write_keys("no key\n");
    ck_assert_int_eq(pl_store_reload_keys(t.store, &n, &err), AN_CONFIG);
    ck_assert_int_eq(unlink(keys), 0);
    ck_assert_int_eq(pl_store_reload_keys(t.store, &n, &err), AN_NOTFOUND);
    put(2, 1);
    write_keys(KEY_A);
    test_store_check(&t);
    write_keys(KEY_B KEY_A);
    ck_assert_int_eq(pl_store_reload_keys(t.store, &n, &err), AN_OK);
    ck_assert_int_eq(pl_store_reload_keys(t.store, &n, &err), AN_OK);
    ck_assert_uint_eq(n, 2);
    seal_all(t.store);
    put(3, 1);
    write_keys(KEY_B);
    test_store_reopen(&t);
    test_store_check(&t);
    tear_down();
    test_store_open(&t);
    ck_assert_int_eq(pl_store_reload_keys(t.store, &n, &err), AN_CONFIG);
}
END_TEST

static const char *const silences[] = {"DELETE FROM vault", "DROP TABLE vault"};

/* What cannot be asked is not answered yes. */
START_TEST(a_store_that_does_not_say_takes_nothing_plain)
{
    struct pl_intake in;

    tear_down();
    test_store_open(&t);
    in = test_intake(&t, 1, 1);
    (void)test_put(&t, &in);
    write_keys(KEY_A);
    test_store_reopen(&t);
    ck_assert_int_eq(pl_check(t.reader, &t.arena, NULL), AN_OK);
    beside(silences[_i]);
    ck_assert_int_ne(pl_check(t.reader, &t.arena, NULL), AN_OK);
}
END_TEST

START_TEST(an_erasure_that_was_begun_is_ended)
{
    struct pl_purge who = {.now_us = TEST_EPOCH_US + 9,
                           .actor = AN_STR("op"),
                           .role = AN_STR("operator")};
    struct pl_erased total = {.more = true};
    struct pl_audit_chain chain;
    struct pl_history h;

    for (uint64_t n = 0; n < 150; n++)
        put(n, 1);
    put(150, 2);
    h = test_history(&t, 1, CTX_AS_OF_ALL);
    ck_assert_int_eq(pl_store_erase(t.store, &h.person, TEST_EPOCH_US, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_store_erase_step(t.store, &who, &total, NULL), AN_OK);
    ck_assert(total.more);
    test_store_reopen(&t);
    while (total.more)
        ck_assert_int_eq(pl_store_erase_step(t.store, &who, &total, NULL),
                         AN_OK);
    ck_assert_int_eq(pl_store_reclaim(t.store, NULL), AN_OK);
    ck_assert_int_eq(pl_person(t.reader, &t.arena, &h.person.member[0].id,
                               CTX_AS_OF_ALL, &h.person, NULL),
                     AN_NOTFOUND);
    ck_assert_uint_gt(test_history(&t, 2, CTX_AS_OF_ALL).n_said, 0);
    test_store_check(&t);
    ck_assert_int_eq(pl_audit_verify(t.reader, &t.arena, NULL, &chain, NULL),
                     AN_OK);
    ck_assert_int_ge(chain.n, 1);
    /* The same bytes again bring nothing back. */
    put(1, 1);
    ck_assert_int_eq(
        pl_person(t.reader, &t.arena,
                  &(struct ctx_identifier){AN_STR("GENHOSP"),
                                           AN_STR("M0000001"), AN_STR("MR")},
                  CTX_AS_OF_ALL, &h.person, NULL),
        AN_NOTFOUND);
}
END_TEST

START_TEST(what_is_kept_for_long_enough_goes_by_parts)
{
    struct pl_purge what = {.kind = PL_PURGE_RAW,
                            .before_us = TEST_EPOCH_US + 6,
                            .now_us = TEST_EPOCH_US + 9};
    struct pl_purged done = {.more = true};
    int64_t n = 0, count = 0;

    for (uint64_t i = 0; i < 100; i++)
        put(i, 1);
    ck_assert_int_eq(pl_purge_count(t.reader, &what, &count, NULL), AN_OK);
    ck_assert_int_eq(count, 100);
    while (done.more) {
        ck_assert_int_eq(pl_store_purge(t.store, &what, &done, NULL), AN_OK);
        n += done.n;
    }
    ck_assert_int_eq(n, 100);
    ck_assert_uint_gt(test_history(&t, 1, CTX_AS_OF_ALL).n_said, 0);
    ck_assert_int_eq(pl_n_purged(t.reader, &n, NULL), AN_OK);
    ck_assert_int_eq(n, 100);
    what.kind = PL_PURGE_EVENTS;
    do
        ck_assert_int_eq(pl_store_purge(t.store, &what, &done, NULL), AN_OK);
    while (done.more);
    ck_assert_uint_eq(test_history(&t, 1, CTX_AS_OF_ALL).n_said, 0);
    test_store_check(&t);
}
END_TEST

/* As one that a server holds open for years. */
START_TEST(a_reader_reads_however_often_the_key_has_changed)
{
    enum { CHANGES = 2 * PL_VAULT_KEYS };
    char text[2 * sizeof(KEY_A)];

    put(1, 1);
    for (int i = 1; i <= CHANGES; i++) {
        struct pl_rekey p = {.finished = false};
        size_t n;

        (void)snprintf(text, sizeof(text), "%064x\n%064x\n", (unsigned)i,
                       (unsigned)i - 1);
        if (i == 1)
            (void)snprintf(text, sizeof(text), "%064x\n" KEY_A, (unsigned)i);
        write_keys(text);
        ck_assert_int_eq(pl_store_reload_keys(t.store, &n, NULL), AN_OK);
        while (!p.finished)
            ck_assert_int_eq(pl_store_rekey(t.store, &p, NULL), AN_OK);
        ck_assert_msg(pl_check(t.reader, &t.arena, NULL) == AN_OK,
                      "after %d changes", i);
    }
}
END_TEST

Suite *store_vault_suite(void)
{
    const TTest *const test[] = {
        a_reader_reads_however_often_the_key_has_changed,
        a_store_without_its_key_is_refused,
        who_had_it_open_seals_by_the_key_that_came,
        the_order_of_keys_counts_when_it_is_put_right,
        who_has_not_the_key_that_came_writes_nothing,
        who_has_no_key_writes_nothing_when_one_came,
        a_key_file_that_is_read_again_counts_if_it_can,
        a_key_file_is_its_owners,
        bytes_that_look_sealed_come_back,
        what_is_to_be_delivered_is_sealed_and_leaves_as_it_was,
        sealing_anew_goes_on_where_it_was_stopped,
        when_all_is_sealed_nothing_plain_is_taken_any_more,
        an_erasure_that_was_begun_is_ended,
        what_is_kept_for_long_enough_goes_by_parts};
    Suite *s = test_suite_around(
        "store/vault", test, sizeof(test) / sizeof(test[0]), set_up, tear_down);
    TCase *tables = tcase_create("tables");

    tcase_add_checked_fixture(tables, set_up, tear_down);
    tcase_add_loop_test(tables, what_was_moved_or_changed_does_not_open, 0,
                        (int)(sizeof(attacks) / sizeof(attacks[0])));
    tcase_add_loop_test(tables, a_store_that_does_not_say_takes_nothing_plain,
                        0, (int)(sizeof(silences) / sizeof(silences[0])));
    tcase_add_loop_test(tables, a_key_file_holds_keys, 0,
                        (int)(sizeof(files) / sizeof(files[0])));
    suite_add_tcase(s, tables);
    return s;
}

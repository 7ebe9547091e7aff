/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail in its file: what somebody did to it from outside shows. */
#include "plugin/store/outgoing.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

Suite *store_audit_suite(void);

enum { ROWS = 6 };

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
    for (int i = 0; i < ROWS; i++) {
        struct pl_audit_entry e = {.action = PL_AUDIT_SHOWN,
                                   .time_us = TEST_EPOCH_US + i,
                                   .actor = AN_STR("dr-invented"),
                                   .role = AN_STR("clinician"),
                                   .subject = AN_STR("suggestion/1"),
                                   .details = AN_STR("{}")};

        ck_assert_int_eq(pl_store_audit(t.store, &e, 1, NULL), AN_OK);
    }
}

static void tear_down(void)
{
    test_store_close(&t);
}

static int outside(const char *text)
{
    sqlite3 *db = NULL;
    int rc;

    pl_reader_close(t.reader);
    pl_store_close(t.store);
    t.reader = NULL;
    t.store = NULL;
    ck_assert_int_eq(sqlite3_open(t.path, &db), SQLITE_OK);
    rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    sqlite3_close(db);
    t.store = NULL;
    test_store_reopen(&t);
    return rc;
}

#define UNLOCK "DROP TRIGGER audit_stays; DROP TRIGGER audit_is_fixed; "

static enum an_code verify(struct an_err *err)
{
    struct pl_audit_chain chain;

    return pl_audit_verify(t.reader, &t.arena, NULL, &chain, err);
}

START_TEST(is_whole_as_it_was_written)
{
    struct pl_audit_chain chain, empty = {.n = 0};

    ck_assert_int_eq(pl_audit_verify(t.reader, &t.arena, &empty, &chain, NULL),
                     AN_OK);
    ck_assert_int_eq(chain.n, ROWS);
}
END_TEST

START_TEST(the_program_cannot_change_it_by_mistake)
{
    ck_assert_int_ne(outside("UPDATE audit SET actor = 'x' WHERE seq = 3"),
                     SQLITE_OK);
    ck_assert_int_ne(outside("DELETE FROM audit WHERE seq = 6"), SQLITE_OK);
    ck_assert_int_eq(verify(NULL), AN_OK);
}
END_TEST

static const struct {
    const char *tamper, *path;
} cases[] = {
    {"UPDATE audit SET seq = 9 WHERE seq = 3", "audit row 3"},
    {"UPDATE audit SET time_us = time_us + 1 WHERE seq = 3", "audit row 3"},
    {"UPDATE audit SET actor = 'nobody' WHERE seq = 3", "audit row 3"},
    {"UPDATE audit SET role = 'patient' WHERE seq = 3", "audit row 3"},
    {"UPDATE audit SET action = 'released' WHERE seq = 3", "audit row 3"},
    {"UPDATE audit SET subject = '' WHERE seq = 3", "audit row 3"},
    {"UPDATE audit SET details = '{ }' WHERE seq = 3", "audit row 3"},
    {"UPDATE audit SET prev_hash = zeroblob(32) WHERE seq = 3", "audit row 3"},
    {"UPDATE audit SET hash = zeroblob(32) WHERE seq = 3", "audit row 3"},
    {"UPDATE audit SET hash = zeroblob(5) WHERE seq = 3", "audit row 3"},
    {"DELETE FROM audit WHERE seq = 1", "audit row 1"},
    {"DELETE FROM audit WHERE seq = 3", "audit row 3"},
    {"DELETE FROM audit WHERE seq = 6", "audit row 6"},
    {"DELETE FROM audit", "audit row 1"},
    /* Two rows change places. */
    {"UPDATE audit SET seq = 99 WHERE seq = 2;"
     "UPDATE audit SET seq = 2 WHERE seq = 3;"
     "UPDATE audit SET seq = 3 WHERE seq = 99",
     "audit row 2"},
    {"INSERT INTO audit SELECT 7, time_us, actor, role, action, subject,"
     " details, prev_hash, hash FROM audit WHERE seq = 6",
     "audit row 7"},
    {"UPDATE audit_head SET seq = 5", "audit row 6"},
    {"UPDATE audit_head SET hash = zeroblob(32)", "audit row 6"},
    {"DELETE FROM audit_head", "audit row 6"},
};

START_TEST(each_tampering_shows_at_its_row)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[1024] = UNLOCK;
        struct an_err err = {.code = AN_OK};

        if (i) {
            tear_down();
            set_up();
        }
        (void)snprintf(text, sizeof(text), "%s%s", UNLOCK, cases[i].tamper);
        ck_assert_msg(outside(text) == SQLITE_OK, "case %zu", i);
        ck_assert_msg(verify(&err) == AN_INTEGRITY, "case %zu is not seen", i);
        ck_assert_msg(strcmp(err.where.path, cases[i].path) == 0,
                      "case %zu: %s", i, err.where.path);
    }
}
END_TEST

/* Cutting off the end and the head with it leaves a chain that is whole: only
 * a note from elsewhere shows it. */
START_TEST(a_noted_row_shows_what_the_chain_cannot)
{
    struct pl_audit_chain noted, chain;
    struct an_err err;

    ck_assert_int_eq(pl_audit_verify(t.reader, &t.arena, NULL, &noted, NULL),
                     AN_OK);
    ck_assert_int_eq(outside(UNLOCK "DELETE FROM audit WHERE seq = 6;"
                                    "UPDATE audit_head SET seq = 5, hash ="
                                    " (SELECT hash FROM audit WHERE seq = 5)"),
                     SQLITE_OK);
    ck_assert_int_eq(verify(NULL), AN_OK);
    ck_assert_int_eq(pl_audit_verify(t.reader, &t.arena, &noted, &chain, &err),
                     AN_INTEGRITY);
    ck_assert_str_eq(err.where.path, "audit row 6");
    noted.n = 4;
    ck_assert_int_eq(pl_audit_verify(t.reader, &t.arena, &noted, &chain, &err),
                     AN_INTEGRITY);
    ck_assert_str_eq(err.where.path, "audit row 4");
}
END_TEST

static void say_one(void)
{
    struct ctx_suggestion s = test_risk();
    struct pl_saying said = {
        .what = &s, .resource = AN_STR("r-1"), .stage = CFG_SHADOW};
    struct pl_conclusion c = {
        .patient = {AN_STR("GENHOSP"), AN_STR("M0000007"), AN_STR("")},
        .now_us = TEST_EPOCH_US,
        .said = &said,
        .n_said = 1};
    struct pl_conclude_receipt receipt;

    ck_assert_int_eq(pl_suggestion_detail(&t.arena, &s, &said.detail, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_store_conclude(t.store, &c, 1, &receipt, NULL), AN_OK);
}

/* The chain holds the hash of what was said: who changes the words later is
 * found, though the trail itself is whole. */
START_TEST(a_suggestion_that_was_changed_or_removed_shows_at_its_row)
{
    static const char changed[] =
        "UPDATE suggestion SET deflated = 0, detail_bytes = 2,"
        " detail = x'7B7D'";
    static const char *const tamper[] = {
        "UPDATE suggestion SET detail = zeroblob(10)", changed,
        "DELETE FROM suggestion"};

    for (size_t i = 0; i < sizeof(tamper) / sizeof(tamper[0]); i++) {
        struct an_err err = {.code = AN_OK};

        say_one();
        ck_assert_int_eq(verify(&err), AN_OK);
        ck_assert_int_eq(outside(tamper[i]), SQLITE_OK);
        ck_assert_int_eq(verify(&err), AN_INTEGRITY);
        ck_assert_str_eq(err.where.path, "audit row 7");
        tear_down();
        set_up();
    }
}
END_TEST

Suite *store_audit_suite(void)
{
    const TTest *const test[] = {
        is_whole_as_it_was_written, the_program_cannot_change_it_by_mistake,
        each_tampering_shows_at_its_row,
        a_noted_row_shows_what_the_chain_cannot,
        a_suggestion_that_was_changed_or_removed_shows_at_its_row};

    return test_suite_around("store/audit", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

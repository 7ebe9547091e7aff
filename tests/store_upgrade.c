/* SPDX-License-Identifier: Apache-2.0 */
/* A store of each older version is copied before its tables change, and says
 * afterwards what it said.
 *
 * Such a store is made by the steps of that time, which never change, and filled
 * with the rows of one that this program has written, as far as that time had
 * their columns. */
#include "plugin/store/upgrade_int.h"

#include "context/dump.h"
#include "plugin/store/backup.h"
#include "plugin/store/outgoing.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

Suite *store_upgrade_suite(void);

enum {
    MESSAGES = 60,
    PATIENTS = 3,
    WITH_SUGGESTIONS = 2, /* since that version */
    TEXT_BYTES = 1 << 20,
    FILE_LIMIT = 96 << 10
};

static struct test_store t;
static char new_path[TEST_PATH_BYTES];
static uint64_t room_bytes = UINT64_MAX;

/* In place of the C library's: a disk of so much room. */
int statvfs(const char *restrict path, struct statvfs *restrict out)
{
    (void)path;
    *out = (struct statvfs){.f_bsize = 1,
                            .f_frsize = 1,
                            .f_blocks = (fsblkcnt_t)-1,
                            .f_bavail = room_bytes};
    return 0;
}

/* ---- what is in them ------------------------------------------------------------ */

static void say_something(void)
{
    struct ctx_suggestion what = test_risk();
    struct pl_saying said = {.what = &what,
                             .resource =
                                 AN_STR("aaaaaaaa-1111-5111-8111-111111111111"),
                             .encounter = AN_STR("V1"),
                             .stage = CFG_TRIAL};
    struct pl_conclude_receipt r;
    struct pl_conclusion c = {
        .patient = {AN_STR("GENHOSP"), AN_STR("M0000001"), AN_STR("MR")},
        .now_us = TEST_EPOCH_US,
        .said = &said,
        .n_said = 1,
        .complete = true};

    ck_assert_int_eq(pl_suggestion_detail(&t.arena, &what, &said.detail, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_store_conclude(t.store, &c, 1, &r, NULL), AN_OK);
}

/* A store of this version, closed, under new_path; t.path is free for others. */
static void set_up(void)
{
    char text[TEST_PATH_BYTES + 8];

    room_bytes = UINT64_MAX;
    test_store_open(&t);
    for (uint64_t n = 0; n < MESSAGES; n++) {
        struct pl_intake in = test_intake(&t, n, n % PATIENTS);

        (void)test_put(&t, &in);
    }
    say_something();
    pl_reader_close(t.reader);
    pl_store_close(t.store);
    t.reader = NULL;
    t.store = NULL;
    test_folder_file(&t.folder, "new.db", new_path);
    ck_assert_int_eq(rename(t.path, new_path), 0);
    (void)snprintf(text, sizeof(text), "%s-wal", t.path);
    ck_assert_msg(access(text, F_OK) != 0, "a log was left over");
}

static void tear_down(void)
{
    test_store_close(&t);
}

static void run(sqlite3 *db, const char *text)
{
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK,
                  "%s: %s", text, sqlite3_errmsg(db));
}

/* A statement for each table of the older file: its rows are those of the newer
 * one, in the columns that both have. */
static const char copy_rows[] =
    "SELECT 'DELETE FROM main.' || o.name || '; INSERT INTO main.' || o.name ||"
    " '(' || group_concat(c.name) || ') SELECT ' || group_concat(c.name) ||"
    " ' FROM new.' || o.name"
    " FROM main.sqlite_schema AS o, pragma_table_info(o.name, 'main') AS c"
    " WHERE o.type = 'table' AND o.name NOT LIKE 'sqlite_%'"
    " AND c.name IN (SELECT name FROM pragma_table_info(o.name, 'new'))"
    " GROUP BY o.name";

static void make_older(size_t version)
{
    sqlite3_stmt *s = NULL;
    struct pl_db db;
    char attach[TEST_PATH_BYTES + 32];

    ck_assert_int_eq(pl_db_open(&db, t.path, NULL, true, 1 << 20, 100, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_schema_migrate(&db, pl_schema_step, version, NULL),
                     AN_OK);
    (void)snprintf(attach, sizeof(attach), "ATTACH '%s' AS new", new_path);
    run(db.sql, attach);
    ck_assert_int_eq(sqlite3_prepare_v2(db.sql, copy_rows, -1, &s, NULL),
                     SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW)
        run(db.sql, (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    pl_db_close(&db);
}

/* All that is known of the patients, and what was said of one of them. */
static struct an_str told(size_t version)
{
    const struct ctx_identifier who = {AN_STR("GENHOSP"), AN_STR("M0000001"),
                                       AN_STR("MR")};
    const struct pl_suggestion *said;
    struct an_str text;
    struct an_buf b;
    size_t n = 0;

    an_buf_init(&b, &t.arena, TEXT_BYTES);
    an_buf_put_i64(&b, test_status(&t).n_messages);
    for (uint64_t p = 0; p < PATIENTS; p++) {
        struct pl_history h = test_history(&t, p, INT64_MAX);

        for (size_t i = 0; i < h.timeline.n_events; i++)
            ctx_dump_event(&b, h.timeline.event[i]);
    }
    if (version >= WITH_SUGGESTIONS) {
        ck_assert_int_eq(
            pl_suggestions(t.reader, &t.arena, &who, 0, 100, &said, &n, NULL),
            AN_OK);
        ck_assert_uint_eq(n, 1);
        an_buf_put(&b, said[0].statement);
        an_buf_put(&b, said[0].detail);
    }
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text;
}

static void close_it(void)
{
    pl_reader_close(t.reader);
    pl_store_close(t.store);
    t.reader = NULL;
    t.store = NULL;
}

static struct an_str told_by(const char *path, size_t version)
{
    struct an_str text;
    char own[TEST_PATH_BYTES], at[TEST_PATH_BYTES];

    memcpy(own, t.path, sizeof(own));
    (void)snprintf(at, sizeof(at), "%s", path);
    memcpy(t.path, at, sizeof(at));
    test_store_reopen(&t);
    test_store_check(&t);
    text = told(version);
    close_it();
    memcpy(t.path, own, sizeof(own));
    return text;
}

static const char *copy_of(size_t version)
{
    static char text[TEST_PATH_BYTES + 32];

    (void)snprintf(text, sizeof(text), "%s.before-%zu.bak", t.path,
                   version + 1);
    return text;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static int64_t version_of(const char *path)
{
    int64_t version = -1;
    struct pl_db db;

    ck_assert_int_eq(pl_db_open(&db, path, NULL, false, 1 << 20, 100, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_schema_identify(&db, pl_schema_n_steps, &version, NULL),
                     AN_OK);
    pl_db_close(&db);
    return version;
}

static enum an_code try_open(const struct pl_store_options *o,
                             struct an_err *err)
{
    struct pl_store *store;
    enum an_code code = pl_store_open(o, &store, err);

    pl_store_close(store);
    return code;
}

static void remove_all(size_t version)
{
    static const char *const suffix[] = {"", "-wal", "-shm"};
    char text[TEST_PATH_BYTES + 48];

    for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
        (void)snprintf(text, sizeof(text), "%s%s", t.path, suffix[i]);
        (void)unlink(text);
    }
    (void)unlink(copy_of(version));
    (void)snprintf(text, sizeof(text), "%s.sha256", copy_of(version));
    (void)unlink(text);
}

/* ---- what is done ---------------------------------------------------------------- */

static enum an_code restore(const char *copy, struct pl_backup_result *r)
{
    struct pl_backup_options o = {.path = t.path, .to = copy};

    return pl_restore(&o, NULL, NULL, r, NULL);
}

START_TEST(each_older_version_is_copied_and_says_what_it_said)
{
    for (size_t v = 1; v < pl_schema_n_steps; v++) {
        struct pl_backup_result r;
        struct an_str want, got;

        an_arena_reset(&t.arena);
        want = told_by(new_path, v);
        ck_assert_uint_gt(want.n, MESSAGES * 40);
        make_older(v);
        ck_assert_int_eq(version_of(t.path), (int64_t)v);
        got = told_by(t.path, v);
        ck_assert_msg(an_str_eq(want, got), "version %zu says otherwise", v);
        ck_assert_int_eq(version_of(t.path), (int64_t)pl_schema_n_steps);
        ck_assert_msg(is_there(copy_of(v)), "no copy of version %zu", v);
        ck_assert_int_eq(version_of(copy_of(v)), (int64_t)v);
        /* And the way back, and forth again. */
        ck_assert_int_eq(restore(copy_of(v), &r), AN_OK);
        ck_assert(r.is_older && r.version == (int64_t)v);
        ck_assert(an_str_eq(want, told_by(t.path, v)));
        (void)unlink(r.aside);
        remove_all(v);
    }
}
END_TEST

START_TEST(a_store_of_this_version_is_not_copied)
{
    struct pl_store_options o = {.path = t.path};

    ck_assert_int_eq(try_open(&o, NULL), AN_OK); /* it is made */
    ck_assert_int_eq(try_open(&o, NULL), AN_OK);
    for (size_t v = 0; v <= pl_schema_n_steps; v++)
        ck_assert(!is_there(copy_of(v)));
}
END_TEST

START_TEST(who_has_copies_of_their_own_gets_none)
{
    struct pl_store_options o = {.path = t.path, .no_copy = true};

    make_older(1);
    room_bytes = 0;
    ck_assert_int_eq(try_open(&o, NULL), AN_OK);
    ck_assert(!is_there(copy_of(1)));
    ck_assert_int_eq(version_of(t.path), (int64_t)pl_schema_n_steps);
}
END_TEST

START_TEST(an_older_copy_of_the_same_name_is_replaced)
{
    struct pl_store_options o = {.path = t.path};
    FILE *f;

    make_older(1);
    f = fopen(copy_of(1), "w");
    ck_assert_ptr_nonnull(f);
    (void)fputs("not a store", f);
    (void)fclose(f);
    ck_assert_int_eq(try_open(&o, NULL), AN_OK);
    ck_assert_int_eq(version_of(copy_of(1)), 1);
}
END_TEST

START_TEST(without_room_for_a_copy_nothing_changes)
{
    struct pl_store_options o = {.path = t.path};
    struct an_err err;
    char text[256];
    struct stat s;

    make_older(1);
    ck_assert_int_eq(stat(t.path, &s), 0);
    room_bytes = (uint64_t)s.st_size;
    ck_assert_int_eq(try_open(&o, &err), AN_IO);
    ck_assert_int_eq(err.sys, ENOSPC);
    an_err_print(&err, text, sizeof(text));
    ck_assert_ptr_nonnull(strstr(text, "no room for the copy"));
    ck_assert(!is_there(copy_of(1)));
    ck_assert_int_eq(version_of(t.path), 1);
    room_bytes = 2 * (uint64_t)s.st_size + (17 << 20);
    ck_assert_int_eq(try_open(&o, NULL), AN_OK);
    ck_assert_int_eq(version_of(copy_of(1)), 1);
}
END_TEST

/* The disk said that it had room, and had none. */
START_TEST(a_copy_that_cannot_be_written_changes_nothing)
{
    struct pl_store_options o = {.path = t.path};
    struct rlimit before, small;
    void (*handler)(int);
    enum an_code code;
    struct stat s;

    make_older(1);
    ck_assert_int_eq(stat(t.path, &s), 0);
    ck_assert_int_gt(s.st_size, FILE_LIMIT);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){FILE_LIMIT, before.rlim_max};
    handler = signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    code = try_open(&o, NULL);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    ck_assert_int_eq(code, AN_IO);
    ck_assert(!is_there(copy_of(1)));
    ck_assert_int_eq(version_of(t.path), 1);
    ck_assert_int_eq(try_open(&o, NULL), AN_OK);
    ck_assert_int_eq(version_of(copy_of(1)), 1);
}
END_TEST

START_TEST(a_newer_store_is_neither_copied_nor_changed)
{
    struct pl_store_options o = {.path = t.path};
    struct an_err err;
    sqlite3 *db = NULL;
    char text[64];

    ck_assert_int_eq(try_open(&o, NULL), AN_OK);
    ck_assert_int_eq(sqlite3_open(t.path, &db), SQLITE_OK);
    (void)snprintf(text, sizeof(text), "PRAGMA user_version = %zu",
                   pl_schema_n_steps + 1);
    run(db, text);
    sqlite3_close(db);
    ck_assert_int_eq(try_open(&o, &err), AN_UNSUPPORTED);
    ck_assert_str_eq(err.what, "the store was written by a newer version");
    ck_assert(!is_there(copy_of(pl_schema_n_steps)));
    ck_assert(!is_there(copy_of(pl_schema_n_steps + 1)));
}
END_TEST

Suite *store_upgrade_suite(void)
{
    const TTest *const test[] = {
        each_older_version_is_copied_and_says_what_it_said,
        a_store_of_this_version_is_not_copied,
        who_has_copies_of_their_own_gets_none,
        an_older_copy_of_the_same_name_is_replaced,
        without_room_for_a_copy_nothing_changes,
        a_copy_that_cannot_be_written_changes_nothing,
        a_newer_store_is_neither_copied_nor_changed};

    return test_suite_around("store/upgrade", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

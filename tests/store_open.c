/* SPDX-License-Identifier: Apache-2.0 */
/* Whose file it is, and of which version. */
#include "plugin/store/db_int.h"
#include "plugin/store/outgoing.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

Suite *store_open_suite(void);

static struct test_folder folder;
static char path[TEST_PATH_BYTES];

static void set_up(void)
{
    test_folder_make(&folder);
    test_folder_file(&folder, "anamnesis.db", path);
}

static void tear_down(void)
{
    test_folder_drop(&folder);
}

static enum an_code try_open(struct an_err *err)
{
    struct pl_store_options options = {.path = path};
    struct pl_store *store;
    enum an_code code = pl_store_open(&options, &store, err);

    ck_assert_int_eq(store != NULL, code == AN_OK);
    pl_store_close(store);
    return code;
}

static enum an_code try_read(struct an_err *err)
{
    struct pl_reader *r;
    enum an_code code = pl_reader_open(path, 0, &r, err);

    ck_assert_int_eq(r != NULL, code == AN_OK);
    pl_reader_close(r);
    return code;
}

/* Run something on the file from outside. */
static void outside(const char *text)
{
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    sqlite3_close(db);
}

static int64_t number(struct pl_db *db, const char *text)
{
    int64_t n = -1;

    ck_assert_int_eq(pl_db_number(db, text, &n, NULL), AN_OK);
    return n;
}

START_TEST(makes_a_file_of_its_own_kind)
{
    struct pl_db db;

    ck_assert_int_eq(try_open(NULL), AN_OK);
    ck_assert_int_eq(try_open(NULL), AN_OK);
    ck_assert_int_eq(pl_db_open(&db, path, NULL, true, 1 << 20, 100, NULL),
                     AN_OK);
    ck_assert_int_eq(number(&db, "PRAGMA application_id"), PL_APPLICATION_ID);
    ck_assert_int_eq(number(&db, "PRAGMA user_version"),
                     (int64_t)pl_schema_n_steps);
    ck_assert_int_eq(pl_db_durable(&db, NULL), AN_OK);
    ck_assert_int_eq(number(&db, "PRAGMA synchronous"), 2); /* FULL */
    ck_assert_int_eq(number(&db, "SELECT journal_mode = 'wal'"
                                 " FROM pragma_journal_mode"),
                     1);
    ck_assert_int_eq(number(&db, "SELECT count(*) FROM pragma_table_list"
                                 " WHERE schema = 'main' AND strict = 0"
                                 " AND name NOT LIKE 'sqlite%'"),
                     0);
    pl_db_close(&db);
}
END_TEST

START_TEST(nobody_else_may_read_it)
{
    struct pl_store_options options = {.path = path};
    char wal[TEST_PATH_BYTES + 8];
    struct pl_store *store;
    struct stat s;

    ck_assert_int_eq(pl_store_open(&options, &store, NULL), AN_OK);
    ck_assert_int_eq(stat(path, &s), 0);
    ck_assert_uint_eq(s.st_mode & 0777, 0600);
    (void)snprintf(wal, sizeof(wal), "%s-wal", path);
    ck_assert_int_eq(stat(wal, &s), 0);
    ck_assert_uint_eq(s.st_mode & 0777, 0600);
    pl_store_close(store);
}
END_TEST

START_TEST(refuses_a_newer_schema_and_leaves_it_alone)
{
    struct an_err err;

    ck_assert_int_eq(try_open(NULL), AN_OK);
    outside("PRAGMA user_version = 99");
    ck_assert_int_eq(try_open(&err), AN_UNSUPPORTED);
    ck_assert_str_eq(err.what, "the store was written by a newer version");
    ck_assert_int_eq(try_read(&err), AN_UNSUPPORTED);
    outside("PRAGMA user_version = 12");
    ck_assert_int_eq(try_open(NULL), AN_OK);
}
END_TEST

START_TEST(refuses_the_database_of_another_program_and_leaves_it_alone)
{
    struct pl_db db;
    struct an_err err;

    outside("CREATE TABLE theirs(x); PRAGMA user_version = 1");
    ck_assert_int_eq(try_open(&err), AN_CONFLICT);
    ck_assert_int_eq(try_read(&err), AN_CONFLICT);
    ck_assert_int_eq(pl_db_open(&db, path, NULL, false, 1 << 20, 100, NULL),
                     AN_OK);
    ck_assert_int_eq(number(&db, "SELECT journal_mode = 'delete'"
                                 " FROM pragma_journal_mode"),
                     1);
    ck_assert_int_eq(number(&db, "SELECT count(*) FROM sqlite_schema"), 1);
    pl_db_close(&db);
}
END_TEST

START_TEST(refuses_what_is_no_database)
{
    FILE *f = fopen(path, "w");
    struct an_err err;

    ck_assert_ptr_nonnull(f);
    for (int i = 0; i < 1000; i++)
        (void)fputs("This is a letter and no database.\n", f);
    (void)fclose(f);
    ck_assert_int_eq(try_open(&err), AN_INTEGRITY);
    ck_assert_str_eq(err.where.path, "SQLite 26");
    ck_assert_int_eq(try_read(&err), AN_INTEGRITY);
}
END_TEST

START_TEST(says_that_a_place_cannot_be_opened)
{
    struct an_err err;
    char text[256];

    test_folder_file(&folder, "nowhere/anamnesis.db", path);
    ck_assert_int_eq(try_open(&err), AN_IO);
    an_err_print(&err, text, sizeof(text));
    ck_assert_str_eq(text, "SQLite 14: the store cannot be opened"
                           " (No such file or directory)");
    ck_assert_int_eq(try_read(&err), AN_IO);
}
END_TEST

START_TEST(a_reader_does_not_make_a_store)
{
    struct stat s;

    ck_assert_int_eq(try_read(NULL), AN_IO);
    ck_assert_int_ne(stat(path, &s), 0);
}
END_TEST

START_TEST(a_reader_refuses_an_older_schema)
{
    struct an_err err;

    ck_assert_int_eq(try_open(NULL), AN_OK);
    outside("PRAGMA user_version = 0");
    ck_assert_int_eq(try_read(&err), AN_CONFLICT);
}
END_TEST

START_TEST(migrates_step_by_step_and_keeps_the_rows)
{
    static const char third[] = "CREATE TABLE b(z INTEGER) STRICT;"
                                "INSERT INTO b SELECT x + y FROM a";
    static const char *const step[] = {
        "CREATE TABLE a(x INTEGER) STRICT; INSERT INTO a VALUES(7)",
        "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 5",
        third,
    };
    struct pl_db db;

    ck_assert_int_eq(pl_db_open(&db, path, NULL, true, 1 << 20, 100, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_schema_migrate(&db, step, 1, NULL), AN_OK);
    ck_assert_int_eq(number(&db, "PRAGMA user_version"), 1);
    ck_assert_int_eq(pl_schema_migrate(&db, step, 3, NULL), AN_OK);
    ck_assert_int_eq(number(&db, "PRAGMA user_version"), 3);
    ck_assert_int_eq(number(&db, "SELECT z FROM b"), 12);
    ck_assert_int_eq(pl_schema_migrate(&db, step, 3, NULL), AN_OK);
    ck_assert_int_eq(number(&db, "SELECT count(*) FROM a"), 1);
    ck_assert_int_eq(pl_schema_migrate(&db, step, 2, NULL), AN_UNSUPPORTED);
    pl_db_close(&db);
}
END_TEST

START_TEST(a_file_of_this_version_waits_for_nobody)
{
    static const char *const step[] = {"CREATE TABLE a(x INTEGER) STRICT",
                                       "CREATE TABLE b(x INTEGER) STRICT"};
    struct pl_db db;
    sqlite3 *other = NULL;

    ck_assert_int_eq(pl_db_open(&db, path, NULL, true, 1 << 20, 0, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_schema_migrate(&db, step, 1, NULL), AN_OK);
    ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(pl_schema_migrate(&db, step, 1, NULL), AN_OK);
    ck_assert_int_eq(pl_schema_migrate(&db, step, 2, NULL), AN_BUSY);
    sqlite3_close(other);
    ck_assert_int_eq(pl_schema_migrate(&db, step, 2, NULL), AN_OK);
    ck_assert_int_eq(number(&db, "PRAGMA user_version"), 2);
    pl_db_close(&db);
}
END_TEST

START_TEST(a_step_that_fails_leaves_nothing)
{
    static const char *const step[] = {
        "CREATE TABLE a(x INTEGER) STRICT",
        "CREATE TABLE b(x INTEGER) STRICT; INSERT INTO nowhere VALUES(1)",
    };
    struct pl_db db;

    ck_assert_int_eq(pl_db_open(&db, path, NULL, true, 1 << 20, 100, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_schema_migrate(&db, step, 2, NULL), AN_INTERNAL);
    ck_assert_int_eq(number(&db, "PRAGMA user_version"), 1);
    ck_assert_int_eq(number(&db, "SELECT count(*) FROM sqlite_schema"), 1);
    ck_assert(sqlite3_get_autocommit(db.sql));
    pl_db_close(&db);
}
END_TEST

/* A released step never changes: files that it made are out there. */
START_TEST(released_steps_are_as_they_were)
{
    static const char *const want[] = {
        "f743c7c6227e30e9f2007433c9b6374a38e25b5057dfacd7d02f29c0941fe092",
        "f597b8e22c9b1089a61c5d5e1b5ab62146025900f4cc37a8db59c4bade698e00",
        "758bc85b97c71a43e511aecf472e4a1d32623e1be5610534e387d2cacfe360ad",
        "6b053ca7873e4325b20dfaa65569c36871059ef3d4c26a64c0cdb03342ee6a99",
        "c06117e9fcee541a355058891c845209ed3b950fd6ebc34ca63157a53cbc88e0",
        "660a31c1e554b654901963802066d532c0c8aeba1ce90a533fce9c2c77eb564e",
        "f73aa1462a8bcb3d58894bc293c1da8fc385c81ad13b64592115a427b9112269",
        "cb19256c5761e26ceee69b6103733ec2dc7eb7b7360cd16ff09acebefbc7239d",
        "145cc0c6c8099db39c78913a230b1cd7aeab1304ea6c24246972534dfbbcb389",
        "0ea01edae848256ccdbb265128109f2f969a77219f08ae00105835d7fc8cd627",
        "e1c67e6cf3e0a5299c0986b316477e072f44ccb5037d608f3f31c581484b91e6",
        "77758e6e2a4191e54d874a00bf05db0c5afe8cb7156318e7b1613e82a677707b"};
    char text[AN_SHA256_HEX + 1];
    struct an_sha256 hash;

    ck_assert_uint_eq(pl_schema_n_steps, sizeof(want) / sizeof(want[0]));
    for (size_t i = 0; i < pl_schema_n_steps; i++) {
        ck_assert_int_eq(an_sha256(an_str_c(pl_schema_step[i]), &hash, NULL),
                         AN_OK);
        an_hex_print(hash.b, sizeof(hash.b), text);
        ck_assert_str_eq(text, want[i]);
    }
}
END_TEST

START_TEST(a_file_of_version_1_keeps_its_rows_and_learns_to_speak)
{
    static const char rows[] =
        "INSERT INTO feed(name, n_messages) VALUES('adt', 1);"
        "INSERT INTO message VALUES(1, x'01', 1, 'S', 'C1', 'ADT^A01', 0, 5, 5,"
        " 0, 0, x'', 1, 0, x'4D');"
        "INSERT INTO identifier VALUES(1, 'GENHOSP', '4711', 'MR');"
        "INSERT INTO said VALUES(1, 1, x'01', 5, x'', 0, x'');"
        "INSERT INTO due VALUES(1, 1, 1, 1, 1), (2, 1, 1, 2, 0)";
    const struct pl_trigger *list;
    struct pl_outgoing outgoing;
    struct pl_reader *r;
    struct an_arena arena;
    struct pl_db db;
    size_t n;

    ck_assert_int_eq(pl_db_open(&db, path, NULL, true, 1 << 20, 100, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_schema_migrate(&db, pl_schema_step, 1, NULL), AN_OK);
    ck_assert_int_eq(pl_db_exec(&db, rows, NULL), AN_OK);
    pl_db_close(&db);
    ck_assert_int_eq(try_read(NULL), AN_CONFLICT);
    ck_assert_int_eq(try_open(NULL), AN_OK);
    ck_assert_int_eq(pl_reader_open(path, 0, &r, NULL), AN_OK);
    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(pl_triggers(r, &arena, 0, 10, &list, &n, NULL), AN_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(list[0].id, 2);
    ck_assert_an_str_eq(list[0].patient.value, "4711");
    ck_assert_int_eq(pl_outgoing(r, &outgoing, NULL), AN_OK);
    ck_assert_int_eq(outgoing.n_audit, 0);
    pl_reader_close(r);
    an_arena_free(&arena);
    ck_assert_int_eq(pl_db_open(&db, path, NULL, true, 1 << 20, 100, NULL),
                     AN_OK);
    ck_assert_int_eq(number(&db, "SELECT count(*) FROM message"
                                 " WHERE raw = x'4D'"),
                     1);
    ck_assert_int_eq(number(&db, "SELECT n_messages FROM feed"), 1);
    ck_assert_int_eq(number(&db, "SELECT count(*) FROM said"), 1);
    pl_db_close(&db);
}
END_TEST

/* Whether they were ever parted is not known: the next claim is news. */
START_TEST(links_of_version_3_that_were_closed_may_be_parted)
{
    static const char rows[] = "INSERT INTO closing VALUES(1, 7), (2, 7);"
                               "INSERT INTO link VALUES(1, 2), (2, 1), (3, 4),"
                               " (4, 3)";
    struct pl_db db;

    ck_assert_int_eq(pl_db_open(&db, path, NULL, true, 1 << 20, 100, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_schema_migrate(&db, pl_schema_step, 3, NULL), AN_OK);
    ck_assert_int_eq(pl_db_exec(&db, rows, NULL), AN_OK);
    ck_assert_int_eq(pl_schema_migrate(&db, pl_schema_step, 4, NULL), AN_OK);
    ck_assert_int_eq(number(&db, "SELECT sum(identifier) FROM link"
                                 " WHERE parted_us <> 0"),
                     3);
    ck_assert_int_eq(number(&db, "SELECT count(*) FROM link"), 4);
    pl_db_close(&db);
}
END_TEST

/* When they were said is not known: no move ends them, and from each side they
 * are there as in a file that this version made. */
START_TEST(links_of_version_4_stand)
{
    static const char rows[] =
        "INSERT INTO link VALUES(1, 2, 0), (2, 1, 7), (3, 4, 0), (4, 3, 0)";
    static const char made[] =
        "SELECT count(*) FROM sqlite_schema WHERE name IN ('link_stands',"
        " 'moved', 'moved_to', 'visited')";
    struct pl_db db;

    ck_assert_int_eq(pl_db_open(&db, path, NULL, true, 1 << 20, 100, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_schema_migrate(&db, pl_schema_step, 4, NULL), AN_OK);
    ck_assert_int_eq(pl_db_exec(&db, rows, NULL), AN_OK);
    ck_assert_int_eq(pl_schema_migrate(&db, pl_schema_step, 5, NULL), AN_OK);
    ck_assert_int_eq(number(&db, "SELECT count(*) FROM link WHERE is_over = 0"
                                 " AND message = 0 AND first_us = 0 AND"
                                 " last_us = 9223372036854775807"),
                     4);
    ck_assert_int_eq(number(&db, "SELECT sum(parted_us) FROM link"), 7);
    ck_assert_int_eq(number(&db, made), 4);
    pl_db_close(&db);
}
END_TEST

Suite *store_open_suite(void)
{
    const TTest *const test[] = {
        makes_a_file_of_its_own_kind,
        nobody_else_may_read_it,
        refuses_a_newer_schema_and_leaves_it_alone,
        refuses_the_database_of_another_program_and_leaves_it_alone,
        refuses_what_is_no_database,
        says_that_a_place_cannot_be_opened,
        a_reader_does_not_make_a_store,
        a_reader_refuses_an_older_schema,
        migrates_step_by_step_and_keeps_the_rows,
        a_file_of_this_version_waits_for_nobody,
        a_step_that_fails_leaves_nothing,
        released_steps_are_as_they_were,
        a_file_of_version_1_keeps_its_rows_and_learns_to_speak,
        links_of_version_3_that_were_closed_may_be_parted,
        links_of_version_4_stand};

    return test_suite_around("store/open", test, sizeof(test) / sizeof(test[0]),
                             set_up, tear_down);
}

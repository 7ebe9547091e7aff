/* SPDX-License-Identifier: Apache-2.0 */
/* A copy that is put back: of an earlier version, of a newer one, damaged, cut
 * short, of something else.  What will not do leaves the store as it was. */
#include "plugin/store/backup.h"

#include "plugin/store/db_int.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *store_backup_suite(void);

enum { MESSAGES = 8, FILE_BYTES = 4 << 20 };

static struct test_store t;
static char copy[TEST_PATH_BYTES];

static void close_both(void)
{
    pl_reader_close(t.reader);
    pl_store_close(t.store);
    t.reader = NULL;
    t.store = NULL;
}

/* A store of some messages, closed, and a copy of it with one less. */
static void set_up(void)
{
    struct pl_backup_options o = {.path = t.path, .to = copy};
    struct pl_backup_result r;

    test_store_open(&t);
    test_folder_file(&t.folder, "copy.db", copy);
    for (uint64_t n = 0; n <= MESSAGES; n++) {
        struct pl_intake in = test_intake(&t, n, n % 3);

        if (n == MESSAGES)
            ck_assert_int_eq(pl_backup(&o, &r, NULL), AN_OK);
        (void)test_put(&t, &in);
    }
    close_both();
}

static void tear_down(void)
{
    test_store_close(&t);
}

/* As `restore` does. */
static enum an_code verify(void *ctx, const char *path, struct an_err *err)
{
    struct pl_reader *r;
    enum an_code code = pl_reader_open(path, 0, &r, err);

    (void)ctx;
    an_arena_reset(&t.arena);
    if (code == AN_OK)
        code = pl_check(r, &t.arena, err);
    pl_reader_close(r);
    return code;
}

static enum an_code restore(struct pl_backup_result *r, struct an_err *err)
{
    struct pl_backup_options o = {.path = t.path, .to = copy, .replace = true};

    return pl_restore(&o, verify, NULL, r, err);
}

static int64_t n_messages(void)
{
    int64_t n;

    test_store_reopen(&t);
    an_arena_reset(&t.arena);
    test_store_check(&t);
    n = test_status(&t).n_messages;
    close_both();
    return n;
}

static bool is_there(const char *path, const char *suffix)
{
    char text[4300];
    struct stat s;

    (void)snprintf(text, sizeof(text), "%s%s", path, suffix);
    return stat(text, &s) == 0;
}

static void refused(enum an_code want, const char *what)
{
    struct pl_backup_result r;
    struct an_err err = {.code = AN_OK};
    enum an_code got = restore(&r, &err);

    ck_assert_msg(got == want, "%s: %d, not %d: %s", what, (int)got, (int)want,
                  err.what);
    ck_assert_str_eq(r.aside, "");
    ck_assert(!is_there(t.path, ".restoring"));
    ck_assert_msg(n_messages() == MESSAGES + 1, "%s: the store has changed",
                  what);
}

static void forget_sum(void)
{
    char sum[TEST_PATH_BYTES + 8];

    (void)snprintf(sum, sizeof(sum), "%s.sha256", copy);
    ck_assert_int_eq(unlink(sum), 0);
}

static void run_on_copy(const char *text)
{
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(copy, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    sqlite3_close(db);
}

static struct an_str read_file(const char *path)
{
    char *bytes = an_arena_get(&t.arena, 1, FILE_BYTES);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_ge(fd, 0);
    n = read(fd, bytes, FILE_BYTES);
    ck_assert(n >= 0 && n < FILE_BYTES);
    (void)close(fd);
    return (struct an_str){bytes, (size_t)n};
}

static struct an_sha256 sum_of(const char *path)
{
    struct an_sha256 sum;

    an_arena_reset(&t.arena);
    ck_assert_int_eq(an_sha256(read_file(path), &sum, NULL), AN_OK);
    return sum;
}

static void write_file(const char *path, struct an_str bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
    (void)close(fd);
}

/* ---- what is taken ------------------------------------------------------------- */

START_TEST(a_copy_takes_the_place_of_the_store)
{
    struct pl_backup_result r;

    ck_assert_int_eq(restore(&r, NULL), AN_OK);
    ck_assert(!r.is_older);
    ck_assert(is_there(r.aside, ""));
    ck_assert_int_eq(n_messages(), MESSAGES);
}
END_TEST

/* Of each earlier version, with a row of that time. */
START_TEST(a_copy_of_an_earlier_version_is_brought_up_to_date)
{
    for (size_t version = 1; version < pl_schema_n_steps; version++) {
        struct pl_backup_result r;
        struct an_sha256 before, after;
        struct an_err err;
        struct pl_db db;
        int64_t n = 0;

        (void)unlink(copy);
        ck_assert_int_eq(pl_db_open(&db, copy, NULL, true, 1 << 20, 100, NULL),
                         AN_OK);
        ck_assert_int_eq(pl_schema_migrate(&db, pl_schema_step, version, NULL),
                         AN_OK);
        ck_assert_int_eq(
            pl_db_exec(&db,
                       "INSERT INTO identifier VALUES(1, 'H', '4711', 'MR')",
                       NULL),
            AN_OK);
        pl_db_close(&db);
        if (version == 1)
            forget_sum();
        before = sum_of(copy);
        ck_assert_msg(restore(&r, &err) == AN_OK, "version %zu: %s", version,
                      err.what);
        ck_assert(r.is_older && r.version == (int64_t)version);
        after = sum_of(copy);
        ck_assert_mem_eq(before.b, after.b, sizeof(before.b));
        ck_assert(!is_there(copy, "-journal") && !is_there(copy, "-wal"));
        ck_assert_int_eq(n_messages(), 0);
        ck_assert_int_eq(
            pl_db_open(&db, t.path, NULL, false, 1 << 20, 100, NULL), AN_OK);
        ck_assert_int_eq(pl_schema_check(&db, NULL), AN_OK);
        ck_assert_int_eq(
            pl_db_number(&db, "SELECT count(*) FROM identifier", &n, NULL),
            AN_OK);
        ck_assert_int_eq(n, 1);
        pl_db_close(&db);
        ck_assert_int_eq(unlink(r.aside), 0);
    }
}
END_TEST

/* The log of a store that is gone lies about. */
START_TEST(a_log_that_lay_about_is_not_carried_into_the_copy)
{
    char log[TEST_PATH_BYTES + 8];
    struct pl_backup_result r;
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        test_store_reopen(&t);
        for (uint64_t n = 100; n < 130; n++) {
            struct pl_intake in = test_intake(&t, n, n);

            (void)test_put(&t, &in);
        }
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert(is_there(t.path, "-wal"));
    ck_assert_int_eq(unlink(t.path), 0);
    (void)snprintf(log, sizeof(log), "%s-journal", t.path);
    write_file(log, AN_STR("of a change that was cut off"));
    ck_assert_int_eq(restore(&r, NULL), AN_OK);
    ck_assert(is_there(r.aside, "-wal") && is_there(r.aside, "-journal"));
    ck_assert(!is_there(t.path, "-wal") && !is_there(t.path, "-journal"));

    ck_assert_int_eq(n_messages(), MESSAGES);
}
END_TEST

/* ---- what is not ---------------------------------------------------------------- */

START_TEST(a_copy_of_a_newer_version_is_refused)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "PRAGMA user_version = %zu",
                   pl_schema_n_steps + 1);
    run_on_copy(text);
    forget_sum();
    refused(AN_UNSUPPORTED, "a newer copy");
}
END_TEST

START_TEST(what_is_no_copy_of_a_store_is_refused)
{
    forget_sum();
    ck_assert_int_eq(unlink(copy), 0);
    refused(AN_NOTFOUND, "no file");
    run_on_copy("CREATE TABLE theirs(x); PRAGMA user_version = 1");
    refused(AN_CONFLICT, "the database of another program");
    write_file(copy, AN_STR("This is a letter and no database.\n"));
    refused(AN_INTEGRITY, "a letter");
}
END_TEST

/* Whatever byte it is. */
START_TEST(a_copy_that_is_damaged_is_refused)
{
    struct an_str whole;
    char *bytes;
    size_t n_found = 0, n_tried = 0;

    forget_sum();
    an_arena_reset(&t.arena);
    whole = read_file(copy);
    bytes = malloc(whole.n);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, whole.p, whole.n);
    /* Near the end of each page, where its rows are if it has any. */
    for (size_t i = 1; i * 4096 <= whole.n; i++) {
        static const char nothing[32] = {0};
        size_t at = i * 4096 - 1 - i % 32;
        struct pl_backup_result r;
        enum an_code code;

        if (memcmp(&bytes[i * 4096 - 32], nothing, 32) == 0)
            continue;
        bytes[at] = (char)~bytes[at];
        write_file(copy, (struct an_str){bytes, whole.n});
        bytes[at] = (char)~bytes[at];
        n_tried++;
        code = restore(&r, NULL);
        if (code == AN_OK) {
            /* A byte that nothing stands in: put back what was there. */
            ck_assert_int_eq(n_messages(), MESSAGES);
            ck_assert_int_eq(rename(r.aside, t.path), 0);
        } else {
            n_found++;
        }
        ck_assert_int_eq(n_messages(), MESSAGES + 1);
    }
    free(bytes);
    ck_assert_msg(n_found > n_tried / 2, "%zu of %zu", n_found, n_tried);
}
END_TEST

START_TEST(a_copy_that_was_cut_short_is_refused)
{
    struct stat s;

    ck_assert_int_eq(stat(copy, &s), 0);
    ck_assert_int_eq(truncate(copy, s.st_size - 1), 0);
    refused(AN_INTEGRITY, "one byte less, by its checksum");
    forget_sum();
    refused(AN_INTEGRITY, "one byte less");
    for (off_t left = s.st_size - 4096; left > 0; left = left / 2) {
        ck_assert_int_eq(truncate(copy, left), 0);
        refused(AN_INTEGRITY, "cut short");
    }
    ck_assert_int_eq(truncate(copy, 0), 0);
    refused(AN_INTEGRITY, "nothing of it");
}
END_TEST

Suite *store_backup_suite(void)
{
    const TTest *const test[] = {
        a_copy_takes_the_place_of_the_store,
        a_copy_of_an_earlier_version_is_brought_up_to_date,
        a_log_that_lay_about_is_not_carried_into_the_copy,
        a_copy_of_a_newer_version_is_refused,
        what_is_no_copy_of_a_store_is_refused,
        a_copy_that_is_damaged_is_refused,
        a_copy_that_was_cut_short_is_refused};

    return test_suite_around("store/backup", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

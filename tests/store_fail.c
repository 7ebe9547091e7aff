/* SPDX-License-Identifier: Apache-2.0 */
/* Full disks, foreign writers and damaged files: an error with a clear text,
 * and nothing that was promised is lost. */
#include "plugin/store/purge.h"
#include "plugin/store/writer_int.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *store_fail_suite(void);

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

/* What the log of the store says. */
static struct an_log lines;
static unsigned n_commit_lines, n_checkpoint_lines;
static char last_line[512];

static void sink(void *ctx, enum an_level level, const char *line, size_t n)
{
    (void)ctx;
    (void)level;
    (void)snprintf(last_line, sizeof(last_line), "%.*s", (int)n, line);
    n_commit_lines += strstr(last_line, "\"store_commit_fault\"") != NULL;
    n_checkpoint_lines +=
        strstr(last_line, "\"store_checkpoint_fault\"") != NULL;
}

static int64_t frozen(void *ctx)
{
    (void)ctx;
    return 0;
}

static struct an_log *listen_to_it(void)
{
    an_log_init(&lines, -1, AN_LOG_JSON, AN_DEBUG, frozen, NULL);
    lines.sink = sink;
    lines.per_second = 0;
    n_commit_lines = n_checkpoint_lines = 0;
    return &lines;
}

static void limit(int64_t bytes)
{
    struct pl_store_options options = {
        .path = t.path, .limit_bytes = bytes, .log = listen_to_it()};

    pl_store_close(t.store);
    ck_assert_int_eq(pl_store_open(&options, &t.store, NULL), AN_OK);
}

enum { GROUP = 5, MOST_GROUPS = 400 };

/* Put groups until one fails; returns how many messages were promised. */
static int64_t fill(uint64_t from, struct an_err *err)
{
    for (uint64_t g = 0; g < MOST_GROUPS; g++) {
        struct an_mark mark = an_arena_mark(&t.arena);
        struct pl_intake in[GROUP];
        const struct pl_intake *group[GROUP];
        struct pl_receipt r[GROUP];
        enum an_code code;

        for (uint64_t i = 0; i < GROUP; i++) {
            in[i] = test_intake(&t, from + g * GROUP + i, i);
            group[i] = &in[i];
        }
        code = pl_store_put(t.store, group, GROUP, r, err);
        an_arena_rewind(&t.arena, mark);
        if (code != AN_OK) {
            ck_assert_int_eq(code, AN_IO);
            return (int64_t)(g * GROUP);
        }
    }
    ck_abort_msg("the disk never was full");
    return 0;
}

START_TEST(at_its_size_limit_nothing_is_half_stored_and_it_recovers)
{
    struct pl_store_faults faults;
    struct an_err err;
    int64_t n;

    limit(400000);
    n = fill(0, &err);
    ck_assert_str_eq(err.what,
                     "the disk is full, or the store is at its size limit");
    ck_assert_str_eq(err.where.path, "SQLite 13");
    ck_assert_int_gt(n, 50);
    pl_store_faults(t.store, &faults);
    ck_assert_uint_eq(faults.n_commits, 1);
    ck_assert_uint_eq(faults.n_checkpoints, 0);
    ck_assert_uint_eq(n_commit_lines, 1);
    ck_assert_ptr_nonnull(strstr(last_line, "\"code\":\"io\",\"sqlite\":13,"));
    ck_assert_int_eq(test_status(&t).n_messages, n);
    test_store_check(&t);
    limit(0);
    ck_assert_int_eq(test_status(&t).n_messages, n);
    for (uint64_t i = 0; i < 50; i++) {
        struct pl_intake in = test_intake(&t, (uint64_t)n + i, i);

        ck_assert(!test_put(&t, &in).duplicate);
    }
    ck_assert_int_eq(test_status(&t).n_messages, n + 50);
    test_store_check(&t);
}
END_TEST

/* ---- the log cannot be carried over ---------------------------------------- */

/* The file of the store, whose writes fail while `broken`. */
static const sqlite3_io_methods *sound;
static bool broken;

static int write_or_fail(sqlite3_file *f, const void *bytes, int n,
                         sqlite3_int64 at)
{
    return broken ? SQLITE_IOERR_WRITE : sound->xWrite(f, bytes, n, at);
}

static int break_file(struct pl_writer *w, void *ctx)
{
    static sqlite3_io_methods methods;
    sqlite3_file *f = NULL;

    (void)ctx;
    ck_assert_int_eq(sqlite3_file_control(w->db.sql, "main",
                                          SQLITE_FCNTL_FILE_POINTER,
                                          (void *)&f),
                     SQLITE_OK);
    sound = f->pMethods;
    methods = *sound;
    methods.xWrite = write_or_fail;
    f->pMethods = &methods;
    return SQLITE_DONE;
}

static void put_group(uint64_t from)
{
    struct an_mark mark = an_arena_mark(&t.arena);
    struct pl_receipt r;

    for (uint64_t n = from; n < from + GROUP; n++) {
        struct pl_intake in = test_intake(&t, n, n);
        const struct pl_intake *one = &in;

        ck_assert_int_eq(pl_store_put(t.store, &one, 1, &r, NULL), AN_OK);
    }
    an_arena_rewind(&t.arena, mark);
}

/* Messages are stored all the same; it is said, counted and made good. */
START_TEST(a_log_that_cannot_be_carried_over_is_told)
{
    struct pl_store_faults faults = {.n_checkpoints = 0};
    uint64_t n = 0, n_faults;

    limit(0);
    broken = true;
    ck_assert_int_eq(pl_store_transaction(t.store, break_file, NULL, NULL),
                     AN_OK);
    while (faults.n_checkpoints == 0 && n < (uint64_t)GROUP * MOST_GROUPS) {
        put_group(n);
        n += GROUP;
        pl_store_faults(t.store, &faults);
    }
    n_faults = faults.n_checkpoints;
    ck_assert_uint_gt(n_faults, 0);
    ck_assert_uint_eq(n_checkpoint_lines, n_faults);
    ck_assert_ptr_nonnull(strstr(last_line, "\"code\":\"io\",\"sqlite\":778,"));
    ck_assert_int_eq(pl_store_empty_log(t.store, NULL), AN_IO);
    pl_store_faults(t.store, &faults);
    ck_assert_uint_eq(faults.n_checkpoints, n_faults + 1);
    ck_assert_int_eq(test_status(&t).n_messages, (int64_t)n);
    broken = false;
    ck_assert_int_eq(pl_store_empty_log(t.store, NULL), AN_OK);
    put_group(n);
    pl_store_faults(t.store, &faults);
    ck_assert_uint_eq(faults.n_checkpoints, n_faults + 1);
    ck_assert_uint_eq(faults.n_commits, 0);
    test_store_check(&t);
}
END_TEST

/* The operating system refuses to let any file grow over a size: the same path
 * as a full disk, without needing one. */
START_TEST(when_the_system_takes_no_more_bytes_it_says_so_and_recovers)
{
    struct rlimit before, small;
    struct stat s;
    struct an_err err;
    char wal[TEST_PATH_BYTES + 8], text[256];
    int64_t n;

    (void)snprintf(wal, sizeof(wal), "%s-wal", t.path);
    ck_assert_int_eq(stat(wal, &s), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = (rlim_t)s.st_size + 1000000;
    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    n = fill(0, &err);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    an_err_print(&err, text, sizeof(text));
    ck_assert_msg(strstr(text, "SQLite ") == text, "%s", text);
    ck_assert_int_eq(err.code, AN_IO);
    ck_assert_int_gt(n, 10);
    ck_assert_int_eq(test_status(&t).n_messages, n);
    /* With room again the next group goes through, in the same program. */
    for (uint64_t i = 0; i < 20; i++) {
        struct pl_intake in = test_intake(&t, (uint64_t)n + i, i);

        ck_assert(!test_put(&t, &in).duplicate);
    }
    test_store_reopen(&t);
    ck_assert_int_eq(test_status(&t).n_messages, n + 20);
    test_store_check(&t);
}
END_TEST

START_TEST(another_program_that_writes_makes_it_busy_and_readers_do_not_care)
{
    struct pl_store_options options = {.path = t.path, .busy_ms = 50};
    struct pl_intake in = test_intake(&t, 1, 7);
    const struct pl_intake *group = &in;
    struct pl_receipt r;
    sqlite3 *other = NULL;
    struct an_err err;

    test_put(&t, &in);
    in = test_intake(&t, 2, 7);
    pl_store_close(t.store);
    ck_assert_int_eq(pl_store_open(&options, &t.store, NULL), AN_OK);
    ck_assert_int_eq(sqlite3_open(t.path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(pl_store_put(t.store, &group, 1, &r, &err), AN_BUSY);
    ck_assert_str_eq(err.what, "another program is writing to the store");
    ck_assert_uint_eq(test_history(&t, 7, CTX_AS_OF_ALL).n_said, TEST_RESULTS);
    sqlite3_close(other);
    ck_assert_int_eq(pl_store_put(t.store, &group, 1, &r, &err), AN_OK);
}
END_TEST

/* Change the rows behind the store's back. */
static void outside(const char *text)
{
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(t.path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    sqlite3_close(db);
}

START_TEST(a_check_finds_what_was_changed_and_says_where)
{
    static const struct {
        const char *change, *what;
    } cases[] = {
        {"UPDATE message SET raw = zeroblob(length(raw)) WHERE id = 2",
         "a stored message is damaged"},
        {"UPDATE message SET raw_bytes = raw_bytes - 1 WHERE id = 2",
         "a stored message is damaged"},
        {"UPDATE message SET sha256 = zeroblob(32) WHERE id = 2",
         "stored events have no message"},
        {"DELETE FROM message WHERE id = 2", "stored events have no message"},
        {"UPDATE said SET events = zeroblob(9) WHERE message = 2",
         NULL /* another version: AN_UNSUPPORTED */},
        {"UPDATE said SET events = CAST(x'0101' || substr(events, 3) AS BLOB)"
         " WHERE message = 2",
         "stored events are damaged"},
        {"UPDATE said SET n_events = 4 WHERE message = 2",
         "stored events are not those that were counted"},
        {"UPDATE said SET min_available_us = 0 WHERE message = 2",
         "stored events are not those that were counted"},
        {"UPDATE said SET claims = x'01ff' WHERE message = 2",
         "a stored claim about identity is damaged"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct an_err err = {.what = ""};

        for (uint64_t n = 0; n < 3; n++) {
            struct pl_intake in = test_intake(&t, n, 7);

            test_put(&t, &in);
        }
        test_store_check(&t);
        outside(cases[i].change);
        if (cases[i].what == NULL) {
            ck_assert_int_eq(pl_check(t.reader, &t.arena, &err),
                             AN_UNSUPPORTED);
        } else {
            ck_assert_int_eq(pl_check(t.reader, &t.arena, &err), AN_INTEGRITY);
            ck_assert_str_eq(err.what, cases[i].what);
            ck_assert_str_eq(err.where.path, "message 2");
        }
        test_store_close(&t);
        test_store_open(&t);
    }
}
END_TEST

/* One byte on each page of the file: never a crash, and whatever is handed out
 * is what was put in. */
START_TEST(a_damaged_file_is_an_error_and_never_a_wrong_message)
{
    enum { MESSAGES = 60, PAGE = 4096 };
    struct stat s;
    int n_found = 0;

    for (uint64_t n = 0; n < MESSAGES; n++) {
        struct pl_intake in = test_intake(&t, n, n % 3);

        test_put(&t, &in);
    }
    pl_reader_close(t.reader);
    pl_store_close(t.store);
    t.reader = NULL;
    t.store = NULL;
    ck_assert_int_eq(stat(t.path, &s), 0);
    for (off_t at = PAGE + 50; at < s.st_size; at += PAGE + 331) {
        struct pl_message m = {.id = 0};
        struct pl_reader *r = NULL;
        enum an_code code = AN_OK;
        unsigned char byte, bad;
        int fd = open(t.path, O_RDWR);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
        bad = byte ^ 0x5A;
        ck_assert_int_eq(pwrite(fd, &bad, 1, at), 1);
        if (pl_reader_open(t.path, 0, &r, NULL) == AN_OK) {
            n_found += pl_check(r, &t.arena, NULL) != AN_OK;
            for (int i = 0; i < MESSAGES && code == AN_OK; i++) {
                struct an_mark mark = an_arena_mark(&t.arena);

                code = pl_message_next(r, &t.arena, m.id, &m, NULL);
                an_arena_rewind(&t.arena, mark);
            }
        } else {
            n_found++;
        }
        pl_reader_close(r);
        ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
        (void)close(fd);
    }
    ck_assert_int_gt(n_found, 3);
}
END_TEST

static struct an_sha256 hash_of_file(void)
{
    char *bytes = an_arena_get(&t.arena, 1, 4 << 20);
    int fd = open(t.path, O_RDONLY | O_CLOEXEC);
    struct an_sha256 hash;
    ssize_t n;

    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_ge(fd, 0);
    n = read(fd, bytes, 4 << 20);
    ck_assert(n > 0 && n < 4 << 20);
    (void)close(fd);
    ck_assert_int_eq(an_sha256((struct an_str){bytes, (size_t)n}, &hash, NULL),
                     AN_OK);
    return hash;
}

/* What a killed process left in the log may not be on the disk, whatever the
 * next flush says; the file would be half of one state when the power fails. */
START_TEST(who_only_reads_carries_no_log_over)
{
    struct pl_intake in = test_intake(&t, 1, 1);
    struct an_sha256 before, after;
    char log[TEST_PATH_BYTES + 8];
    struct stat s;
    int status;
    pid_t pid;

    pl_reader_close(t.reader);
    pl_store_close(t.store);
    t.reader = NULL;
    t.store = NULL;
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        test_store_reopen(&t);
        (void)test_put(&t, &in);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    before = hash_of_file();
    ck_assert_int_eq(pl_reader_open(t.path, 0, &t.reader, NULL), AN_OK);
    ck_assert_int_eq(test_status(&t).n_messages, 1);
    pl_reader_close(t.reader);
    t.reader = NULL;
    after = hash_of_file();
    ck_assert_mem_eq(before.b, after.b, sizeof(before.b));
    (void)snprintf(log, sizeof(log), "%s-wal", t.path);
    ck_assert(stat(log, &s) == 0 && s.st_size > 0);
    /* Who opens it for writing does, having flushed it. */
    test_store_reopen(&t);
    pl_reader_close(t.reader);
    pl_store_close(t.store);
    t.reader = NULL;
    t.store = NULL;
    ck_assert_int_ne(stat(log, &s), 0);
    after = hash_of_file();
    ck_assert_mem_ne(before.b, after.b, sizeof(before.b));
}
END_TEST

Suite *store_fail_suite(void)
{
    const TTest *const test[] = {
        at_its_size_limit_nothing_is_half_stored_and_it_recovers,
        when_the_system_takes_no_more_bytes_it_says_so_and_recovers,
        another_program_that_writes_makes_it_busy_and_readers_do_not_care,
        a_check_finds_what_was_changed_and_says_where,
        a_damaged_file_is_an_error_and_never_a_wrong_message,
        a_log_that_cannot_be_carried_over_is_told,
        who_only_reads_carries_no_log_over};

    return test_suite_around("store/fail", test, sizeof(test) / sizeof(test[0]),
                             set_up, tear_down);
}

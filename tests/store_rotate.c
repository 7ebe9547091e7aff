/* SPDX-License-Identifier: Apache-2.0 */
/* Which key seals, when the key files of two programs have their keys in another
 * order. */
#include "base/log.h"
#include "plugin/store/rekey.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

Suite *store_rotate_suite(void);

#define KEY_A                                                                  \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
#define KEY_B                                                                  \
    "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\n"
#define KEY_C                                                                  \
    "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0\n"

enum { MESSAGES = 150 };

static struct test_store t;
/* The key files of the store of `t`, and of another program. */
static char own[TEST_PATH_BYTES + 8], theirs[TEST_PATH_BYTES + 8];
static uint64_t n_put;

static void write_keys(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    (void)fputs(text, f);
    (void)fclose(f);
    ck_assert_int_eq(chmod(path, 0600), 0);
}

static void put(struct pl_store *store)
{
    struct pl_intake in = test_intake(&t, n_put++, 1);
    const struct pl_intake *group = &in;
    struct pl_receipt r;

    ck_assert_int_eq(pl_store_put(store, &group, 1, &r, NULL), AN_OK);
}

/* As a keeper does it; how many values that took. */
static int64_t keep(struct pl_store *store)
{
    struct pl_rekey p = {.finished = false};

    for (int i = 0; !p.finished; i++) {
        ck_assert_int_lt(i, MESSAGES);
        ck_assert_int_eq(pl_store_rekey(store, &p, NULL), AN_OK);
    }
    return p.n_sealed;
}

/* As a person does it. */
static int64_t go_back(struct pl_store *store)
{
    struct pl_rekey p = {.goes_back = true};

    for (int i = 0; !p.finished; i++) {
        ck_assert_int_lt(i, MESSAGES);
        ck_assert_int_eq(pl_store_rekey(store, &p, NULL), AN_OK);
    }
    return p.n_sealed;
}

static enum an_code try_open(const char *key_file, struct an_log *log,
                             struct pl_store **store)
{
    struct pl_store_options options = {
        .path = t.path, .key_file = key_file, .log = log};

    return pl_store_open(&options, store, NULL);
}

static struct pl_store *open_beside(void)
{
    struct pl_store *store;

    ck_assert_int_eq(try_open(theirs, NULL, &store), AN_OK);
    return store;
}

/* All of it is there, by these keys. */
static void opens_by(const char *keys)
{
    write_keys(own, keys);
    test_store_reopen(&t);
    test_store_check(&t);
    ck_assert_uint_eq(test_history(&t, 1, CTX_AS_OF_ALL).n_said,
                      n_put * TEST_RESULTS);
}

/* Sealed by A from the first message on; B has come since, and the files know
 * both. */
static void set_up(void)
{
    t.key_file = NULL;
    n_put = 0;
    test_store_open(&t);
    (void)snprintf(own, sizeof(own), "%s.own", t.path);
    (void)snprintf(theirs, sizeof(theirs), "%s.theirs", t.path);
    write_keys(own, KEY_A);
    t.key_file = own;
    test_store_reopen(&t);
    while (n_put < MESSAGES)
        put(t.store);
    write_keys(own, KEY_B KEY_A);
    write_keys(theirs, KEY_A KEY_B);
    test_store_reopen(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
    t.key_file = NULL;
}

START_TEST(two_files_of_two_orders_do_not_undo_each_other)
{
    struct pl_store *other;

    ck_assert_int_ge(keep(t.store), 2 * MESSAGES);
    other = open_beside();
    for (int i = 0; i < 3; i++) {
        put(other);
        ck_assert_int_eq(keep(other), 0);
        put(t.store);
        ck_assert_int_eq(keep(t.store), 0);
    }
    pl_store_close(other);
    opens_by(KEY_B);
}
END_TEST

/* Both at once, each as long as its turn is. */
START_TEST(two_keepers_go_to_the_same_key)
{
    struct pl_store *other = open_beside();
    struct pl_rekey mine = {.finished = false}, yours = {.finished = false};

    for (int i = 0; !mine.finished || !yours.finished; i++) {
        struct pl_rekey *p = i % 2 ? &yours : &mine;

        ck_assert_int_lt(i, MESSAGES);
        ck_assert_int_eq(pl_store_rekey(i % 2 ? other : t.store, p, NULL),
                         AN_OK);
        put(i % 2 ? t.store : other);
    }
    ck_assert_int_ge(mine.n_sealed + yours.n_sealed, 2 * MESSAGES);
    pl_store_close(other);
    opens_by(KEY_B);
}
END_TEST

START_TEST(who_has_only_the_older_key_is_refused)
{
    struct pl_store *other;
    struct pl_intake in;
    const struct pl_intake *group = &in;
    struct pl_receipt r;
    struct an_err err;

    write_keys(theirs, KEY_A KEY_B);
    other = open_beside();
    pl_store_close(other);
    keep(t.store);
    write_keys(theirs, KEY_A);
    ck_assert_int_eq(try_open(theirs, NULL, &other), AN_CONFIG);
    write_keys(theirs, KEY_C KEY_A);
    ck_assert_int_eq(try_open(theirs, NULL, &other), AN_CONFIG);
    /* Nor one that had it open. */
    write_keys(own, KEY_B);
    test_store_reopen(&t);
    write_keys(theirs, KEY_C KEY_B);
    other = open_beside();
    keep(other);
    pl_store_close(other);
    in = test_intake(&t, n_put, 1);
    ck_assert_int_eq(pl_store_put(t.store, &group, 1, &r, &err), AN_CONFIG);
    write_keys(own, KEY_B KEY_C);
    put(t.store);
    opens_by(KEY_C);
}
END_TEST

START_TEST(a_person_may_go_back_to_an_older_key)
{
    struct pl_store *other;

    keep(t.store);
    other = open_beside();
    ck_assert_int_ge(go_back(other), 2 * MESSAGES);
    ck_assert_int_eq(go_back(other), 0);
    put(t.store);
    ck_assert_int_eq(keep(t.store), 0);
    put(other);
    pl_store_close(other);
    opens_by(KEY_A);
    opens_by(KEY_B KEY_A);
    ck_assert_int_eq(keep(t.store), 0);
    opens_by(KEY_A);
    /* One that never was there is newer than both. */
    opens_by(KEY_C KEY_A);
    ck_assert_int_ge(keep(t.store), 2 * MESSAGES);
    opens_by(KEY_C);
}
END_TEST

/* Both ask for their own, at once: it is gone back once for each of them. */
START_TEST(two_persons_who_go_back_at_once_end)
{
    struct pl_store *other;
    struct pl_rekey mine = {.goes_back = true}, yours = {.goes_back = true};

    keep(t.store);
    other = open_beside();
    for (int i = 0; !mine.finished || !yours.finished; i++) {
        struct pl_rekey *p = i % 2 ? &mine : &yours;

        ck_assert_int_lt(i, MESSAGES);
        ck_assert_int_eq(pl_store_rekey(i % 2 ? t.store : other, p, NULL),
                         AN_OK);
    }
    ck_assert(yours.is_behind);
    ck_assert(!mine.is_behind);
    pl_store_close(other);
    opens_by(KEY_B);
}
END_TEST

/* A keeper that is killed on the way leaves it to the next, of whatever order. */
START_TEST(a_rotation_that_was_begun_is_ended_by_whoever_comes)
{
    struct pl_rekey p = {.finished = false};
    struct pl_store *other;

    ck_assert_int_eq(pl_store_rekey(t.store, &p, NULL), AN_OK);
    ck_assert(!p.finished);
    pl_reader_close(t.reader);
    pl_store_close(t.store);
    t.reader = NULL;
    t.store = NULL;
    other = open_beside();
    ck_assert_int_ge(keep(other), MESSAGES);
    pl_store_close(other);
    opens_by(KEY_B);
}
END_TEST

/* ---- reading the file again ------------------------------------------------------ */

static void beside(const char *text)
{
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(t.path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    sqlite3_close(db);
}

static const char *const failures[] = {
    "CREATE TRIGGER no BEFORE INSERT ON vault_key"
    " BEGIN SELECT raise(ABORT, 'no'); END",
    "CREATE TRIGGER no BEFORE UPDATE ON vault BEGIN SELECT raise(ABORT, 'no');"
    " END",
};

START_TEST(keys_that_the_store_cannot_learn_are_not_taken)
{
    struct an_err err = {.code = AN_OK};
    size_t n;

    keep(t.store);
    beside(failures[_i]);
    write_keys(own, KEY_C KEY_B);
    ck_assert_int_ne(pl_store_reload_keys(t.store, &n, &err), AN_OK);
    put(t.store);
    beside("DROP TRIGGER no");
    put(t.store);
    opens_by(KEY_B);
    write_keys(own, KEY_C KEY_B);
    ck_assert_int_eq(pl_store_reload_keys(t.store, &n, &err), AN_OK);
    ck_assert_uint_eq(n, 2);
    ck_assert_int_ge(keep(t.store), 2 * MESSAGES);
    opens_by(KEY_C);
}
END_TEST

/* As on a disk that is full: nothing can be written, the commit neither. */
static enum an_code reload_without_room(struct pl_store *store)
{
    struct rlimit was, none;
    enum an_code code;
    size_t n;

    (void)signal(SIGXFSZ, SIG_IGN);
    if (getrlimit(RLIMIT_FSIZE, &was) != 0)
        return AN_OK;
    none = was;
    none.rlim_cur = 1;
    if (setrlimit(RLIMIT_FSIZE, &none) != 0)
        return AN_OK;
    code = pl_store_reload_keys(store, &n, NULL);
    (void)setrlimit(RLIMIT_FSIZE, &was);
    return code;
}

START_TEST(keys_whose_commit_fails_are_not_taken)
{
    size_t n;

    keep(t.store);
    write_keys(own, KEY_C KEY_B);
    ck_assert_int_ne(reload_without_room(t.store), AN_OK);
    put(t.store);
    opens_by(KEY_B);
    write_keys(own, KEY_C KEY_B);
    ck_assert_int_eq(pl_store_reload_keys(t.store, &n, NULL), AN_OK);
    keep(t.store);
    opens_by(KEY_C);
}
END_TEST

static unsigned n_told;

static void count_lines(void *ctx, enum an_level level, const char *line,
                        size_t n)
{
    (void)ctx;
    (void)n;
    n_told += level == AN_WARN && strstr(line, "store_keys_order") != NULL;
}

static int64_t frozen(void *ctx)
{
    (void)ctx;
    return 0;
}

START_TEST(the_order_is_told_once)
{
    struct pl_store *other;
    struct an_log lines;
    size_t n;

    keep(t.store);
    an_log_init(&lines, -1, AN_LOG_JSON, AN_DEBUG, frozen, NULL);
    lines.sink = count_lines;
    lines.per_second = 0;
    n_told = 0;
    ck_assert_int_eq(try_open(theirs, &lines, &other), AN_OK);
    put(other);
    keep(other);
    put(other);
    ck_assert_uint_eq(n_told, 1);
    write_keys(theirs, KEY_B KEY_A);
    ck_assert_int_eq(pl_store_reload_keys(other, &n, NULL), AN_OK);
    put(other);
    ck_assert_uint_eq(n_told, 1);
    write_keys(theirs, KEY_A KEY_B);
    ck_assert_int_eq(pl_store_reload_keys(other, &n, NULL), AN_OK);
    ck_assert_uint_eq(n_told, 2);
    pl_store_close(other);
    /* Who means it is not told. */
    ck_assert_int_eq(try_open(theirs, &lines, &other), AN_OK);
    go_back(other);
    pl_store_close(other);
    ck_assert_uint_eq(n_told, 2);
}
END_TEST

Suite *store_rotate_suite(void)
{
    const TTest *const test[] = {
        two_files_of_two_orders_do_not_undo_each_other,
        two_keepers_go_to_the_same_key,
        who_has_only_the_older_key_is_refused,
        a_person_may_go_back_to_an_older_key,
        two_persons_who_go_back_at_once_end,
        a_rotation_that_was_begun_is_ended_by_whoever_comes,
        keys_whose_commit_fails_are_not_taken,
        the_order_is_told_once,
    };
    Suite *s =
        test_suite_around("store/rotate", test, sizeof(test) / sizeof(test[0]),
                          set_up, tear_down);
    TCase *tables = tcase_create("tables");

    tcase_add_checked_fixture(tables, set_up, tear_down);
    tcase_add_loop_test(tables, keys_that_the_store_cannot_learn_are_not_taken,
                        0, (int)(sizeof(failures) / sizeof(failures[0])));
    suite_add_tcase(s, tables);
    return s;
}

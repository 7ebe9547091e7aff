/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that open one store in the same moment, when it is new or of an older
 * version: one of them makes it, or brings it up to date, and all have it. */
#include "plugin/store/db_int.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *store_race_suite(void);

enum { PROGRAMS = 4, ROUNDS = 40 };

static struct test_store t;

static void set_up(void)
{
    test_folder_make(&t.folder);
    an_arena_init(&t.arena, 16 << 20);
}

static void tear_down(void)
{
    an_arena_free(&t.arena);
    test_folder_drop(&t.folder);
}

static char *key_file(const char *name, char digit, char path[TEST_PATH_BYTES])
{
    FILE *f;

    test_folder_file(&t.folder, name, path);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    for (int i = 0; i < 2 * PL_KEY_BYTES; i++)
        (void)fputc(digit, f);
    ck_assert_int_eq(fchmod(fileno(f), 0600), 0);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

/* Open it, leave a message in it, close it.  What stood in the way is said. */
static void be_a_program(uint64_t n, const char *keys, int gate, int said)
{
    struct pl_store_options options = {.path = t.path, .key_file = keys};
    const struct pl_intake *list;
    struct pl_intake in = test_intake(&t, n, n);
    struct an_err err = {.code = AN_OK};
    struct pl_receipt r;
    char text[256];
    char byte;
    enum an_code code;

    list = &in;
    if (read(gate, &byte, 1) != 0)
        _exit(9);
    code = pl_store_open(&options, &t.store, &err);
    if (code == AN_OK)
        code = pl_store_put(t.store, &list, 1, &r, &err);
    pl_store_close(t.store);
    if (code != AN_OK) {
        an_err_print(&err, text, sizeof(text));
        (void)!write(said, text, strlen(text));
    }
    _exit((int)code);
}

/* All at once; `text` is what one of them said.  How many had it. */
static int race(const char *const keys[PROGRAMS], char *text, size_t size)
{
    int gate[2], said[2], n_had = 0;
    pid_t pid[PROGRAMS];
    ssize_t n;

    ck_assert_int_eq(pipe(gate), 0);
    ck_assert_int_eq(pipe(said), 0);
    for (int i = 0; i < PROGRAMS; i++) {
        pid[i] = fork();
        ck_assert_int_ge(pid[i], 0);
        if (pid[i] == 0) {
            (void)close(gate[1]);
            be_a_program((uint64_t)i, keys[i], gate[0], said[1]);
        }
    }
    (void)close(gate[1]);
    for (int i = 0; i < PROGRAMS; i++) {
        int status;

        ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
        n_had += WIFEXITED(status) && WEXITSTATUS(status) == AN_OK;
    }
    (void)close(gate[0]);
    (void)close(said[1]);
    n = read(said[0], text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    (void)close(said[0]);
    return n_had;
}

static void all_is_there(int round, const char *keys)
{
    t.key_file = keys;
    ck_assert_int_eq(pl_reader_open_keys(t.path, keys, 0, &t.reader, NULL),
                     AN_OK);
    an_arena_reset(&t.arena);
    test_store_check(&t);
    ck_assert_msg(test_status(&t).n_messages == PROGRAMS,
                  "round %d: a message is missing", round);
    pl_reader_close(t.reader);
}

static void name_round(int round)
{
    char name[32];

    (void)snprintf(name, sizeof(name), "race-%d.db", round);
    test_folder_file(&t.folder, name, t.path);
    an_arena_reset(&t.arena);
}

static void race_for_a_new_store(const char *keys)
{
    const char *const of_each[PROGRAMS] = {keys, keys, keys, keys};
    char text[256];

    for (int i = 0; i < ROUNDS; i++) {
        int n_had;

        name_round(i);
        n_had = race(of_each, text, sizeof(text));
        ck_assert_msg(n_had == PROGRAMS, "round %d: %d had it, one said: %s", i,
                      n_had, text);
        all_is_there(i, keys);
    }
}

START_TEST(who_makes_a_new_store_at_once_has_it)
{
    race_for_a_new_store(NULL);
}
END_TEST

START_TEST(who_makes_a_new_sealed_store_at_once_has_it)
{
    char path[TEST_PATH_BYTES];

    race_for_a_new_store(key_file("keys", 'a', path));
}
END_TEST

/* Each with a key of its own: the first is the store's. */
START_TEST(one_of_several_keys_is_the_one_of_a_new_store)
{
    static const char want[] = "byte 0: the store is sealed with a key that "
                               "store.key_file does not hold";
    char path[PROGRAMS][TEST_PATH_BYTES], text[256];
    const char *keys[PROGRAMS];

    for (int i = 0; i < PROGRAMS; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "keys-%d", i);
        keys[i] = key_file(name, (char)('1' + i), path[i]);
    }
    for (int i = 0; i < ROUNDS; i++) {
        int n_had, n_open = 0;

        name_round(i);
        n_had = race(keys, text, sizeof(text));
        ck_assert_msg(n_had == 1, "round %d: %d had it", i, n_had);
        ck_assert_msg(strncmp(text, want, strlen(want)) == 0,
                      "round %d: one said: %s", i, text);
        for (int k = 0; k < PROGRAMS; k++) {
            n_open += pl_reader_open_keys(t.path, keys[k], 0, &t.reader,
                                          NULL) == AN_OK;
            pl_reader_close(t.reader);
        }
        ck_assert_int_eq(n_open, 1);
    }
}
END_TEST

START_TEST(who_brings_an_old_store_up_to_date_at_once_has_it)
{
    static const char rows[] = "INSERT INTO feed(name) VALUES('adt');"
                               "INSERT INTO identifier VALUES"
                               "(1, 'GENHOSP', '4711', 'MR');"
                               "INSERT INTO due VALUES(1, 1, 1, 1, 1)";
    const char *const keys[PROGRAMS] = {NULL, NULL, NULL, NULL};
    char text[256];

    for (int i = 0; i < ROUNDS; i++) {
        int64_t n = 0;
        struct pl_db db;
        int n_had;

        name_round(i);
        ck_assert_int_eq(
            pl_db_open(&db, t.path, NULL, true, 1 << 20, 100, NULL), AN_OK);
        ck_assert_int_eq(
            pl_schema_migrate(&db, pl_schema_step, 1 + (size_t)i % 2, NULL),
            AN_OK);
        ck_assert_int_eq(pl_db_exec(&db, rows, NULL), AN_OK);
        pl_db_close(&db);
        n_had = race(keys, text, sizeof(text));
        ck_assert_msg(n_had == PROGRAMS, "round %d: %d had it, one said: %s", i,
                      n_had, text);
        all_is_there(i, NULL);
        ck_assert_int_eq(
            pl_db_open(&db, t.path, NULL, false, 1 << 20, 100, NULL), AN_OK);
        ck_assert_int_eq(
            pl_db_number(&db,
                         "SELECT count(*) FROM identifier WHERE value = '4711'",
                         &n, NULL),
            AN_OK);
        ck_assert_int_eq(n, 1);
        pl_db_close(&db);
    }
}
END_TEST

Suite *store_race_suite(void)
{
    const TTest *const test[] = {
        who_makes_a_new_store_at_once_has_it,
        who_makes_a_new_sealed_store_at_once_has_it,
        one_of_several_keys_is_the_one_of_a_new_store,
        who_brings_an_old_store_up_to_date_at_once_has_it};

    return test_suite_around("store/race", test, sizeof(test) / sizeof(test[0]),
                             set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a store is: the first who opens it says so, and nobody else has it. */
#include "config/options.h"
#include "plugin/store/db_int.h"
#include "plugin/store/reader.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROGRAMS = 8 };

Suite *store_tenant_suite(void);

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

static enum an_code open_as(const char *tenant, struct an_err *err)
{
    struct pl_store_options options = {.path = path, .tenant = tenant};
    struct pl_store *store;
    enum an_code code = pl_store_open(&options, &store, err);

    ck_assert_int_eq(store != NULL, code == AN_OK);
    pl_store_close(store);
    return code;
}

static enum an_code read_as(const char *tenant, struct an_err *err)
{
    struct cfg_options options = {.store_path = an_str_c(path),
                                  .store_key_file = AN_STR(""),
                                  .tenant = an_str_c(tenant)};
    struct pl_reader *r;
    enum an_code code = pl_reader_of(&options, &r, err);

    ck_assert_int_eq(r != NULL, code == AN_OK);
    pl_reader_close(r);
    return code;
}

static void outside(const char *text)
{
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    sqlite3_close(db);
}

START_TEST(it_is_of_who_began_it_and_of_nobody_else)
{
    static const char *const others[] = {"south",  "North",
                                         "nort",   "northern",
                                         "north ", "'; DROP TABLE tenant; --"};
    struct an_err err = {.code = AN_OK};

    ck_assert_int_eq(open_as("north", NULL), AN_OK);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ck_assert_int_eq(open_as(others[i], &err), AN_CONFLICT);
        ck_assert_ptr_nonnull(strstr(err.what, "another tenant"));
        ck_assert_ptr_null(strstr(err.what, "north"));
        ck_assert_int_eq(read_as(others[i], &err), AN_CONFLICT);
    }
    ck_assert_int_eq(open_as("north", NULL), AN_OK);
    ck_assert_int_eq(read_as("north", NULL), AN_OK);
}
END_TEST

START_TEST(one_that_was_nobodys_is_of_the_first_who_writes)
{
    ck_assert_int_eq(open_as(NULL, NULL), AN_OK);
    ck_assert_int_eq(read_as("south", NULL), AN_OK); /* that takes nothing */
    ck_assert_int_eq(open_as("north", NULL), AN_OK);
    ck_assert_int_eq(open_as("south", NULL), AN_CONFLICT);
    ck_assert_int_eq(read_as("south", NULL), AN_CONFLICT);
}
END_TEST

START_TEST(a_file_of_before_learns_whose_it_is)
{
    ck_assert_int_eq(open_as(NULL, NULL), AN_OK);
    outside("DROP TABLE tenant; DROP TABLE switch;"
            "DROP TABLE switch_generation; PRAGMA user_version = 10");
    ck_assert_int_eq(open_as("north", NULL), AN_OK);
    ck_assert_int_eq(open_as("south", NULL), AN_CONFLICT);
}
END_TEST

START_TEST(of_several_who_begin_it_at_once_one_has_it)
{
    struct an_err err = {.code = AN_OK};
    char name[16];
    int gate[2], n_had = 0, who = -1;
    pid_t pid[PROGRAMS];
    char byte;

    ck_assert_int_eq(pipe(gate), 0);
    for (int i = 0; i < PROGRAMS; i++) {
        pid[i] = fork();
        ck_assert_int_ge(pid[i], 0);
        if (pid[i])
            continue;
        (void)close(gate[1]);
        (void)snprintf(name, sizeof(name), "t%d", i);
        _exit(read(gate[0], &byte, 1) ? 99 : (int)open_as(name, NULL));
    }
    (void)close(gate[0]);
    (void)close(gate[1]);
    for (int i = 0; i < PROGRAMS; i++) {
        int status;

        ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
        ck_assert(WIFEXITED(status));
        ck_assert(WEXITSTATUS(status) == AN_OK ||
                  WEXITSTATUS(status) == AN_CONFLICT);
        if (WEXITSTATUS(status) == AN_OK) {
            n_had++;
            who = i;
        }
    }
    ck_assert_int_eq(n_had, 1);
    (void)snprintf(name, sizeof(name), "t%d", who);
    ck_assert_int_eq(read_as(name, &err), AN_OK);
}
END_TEST

Suite *store_tenant_suite(void)
{
    const TTest *const test[] = {
        it_is_of_who_began_it_and_of_nobody_else,
        one_that_was_nobodys_is_of_the_first_who_writes,
        a_file_of_before_learns_whose_it_is,
        of_several_who_begin_it_at_once_one_has_it};

    return test_suite_around("store/tenant", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

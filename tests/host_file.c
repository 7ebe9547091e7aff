/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/file.h"
#include "tests/suite.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *host_file_suite(void);

static struct an_arena arena;
static char folder[64];
static char path[128];

static void setup(void)
{
    an_arena_init(&arena, 1 << 20);
    snprintf(folder, sizeof(folder), "/tmp/anamnesis-%ld", (long)getpid());
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    snprintf(path, sizeof(path), "%s/file", folder);
}

static int count_files(void)
{
    DIR *dir = opendir(folder);
    int n = 0;

    ck_assert_ptr_nonnull(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void teardown(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
    an_arena_free(&arena);
}

START_TEST(replaces_a_file_whole)
{
    struct an_str got;
    struct stat st;

    setup();
    ck_assert_int_eq(pl_file_write(path, AN_STR("old"), 0644, NULL), AN_OK);
    ck_assert_int_eq(pl_file_write(path, AN_STR("new\0er"), 0600, NULL), AN_OK);
    ck_assert_int_eq(pl_file_read(&arena, path, 6, &got, NULL), AN_OK);
    ck_assert(an_str_eq(got, AN_STR("new\0er")));
    ck_assert_int_eq(got.p[got.n], '\0');
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(count_files(), 1);
    teardown();
}
END_TEST

START_TEST(reads_an_empty_file_and_a_limit)
{
    struct an_str got;
    struct an_err err;

    setup();
    ck_assert_int_eq(pl_file_write(path, AN_STR(""), 0600, NULL), AN_OK);
    ck_assert_int_eq(pl_file_read(&arena, path, 0, &got, NULL), AN_OK);
    ck_assert_uint_eq(got.n, 0);
    ck_assert_int_eq(pl_file_write(path, AN_STR("1234567"), 0600, NULL), AN_OK);
    ck_assert_int_eq(pl_file_read(&arena, path, 6, &got, &err), AN_LIMIT);
    ck_assert_str_eq(err.where.path, path);
    arena.fail_after = 0;
    ck_assert_int_eq(pl_file_read(&arena, path, 7, &got, &err), AN_NOMEM);
    teardown();
}
END_TEST

START_TEST(says_which_path_and_why)
{
    struct an_str got;
    struct an_err err;
    char text[256];

    setup();
    ck_assert_int_eq(pl_file_read(&arena, path, 6, &got, &err), AN_NOTFOUND);
    ck_assert_int_eq(err.sys, ENOENT);
    an_err_print(&err, text, sizeof(text));
    ck_assert_ptr_nonnull(strstr(text, "/file: cannot open the file (No such"));
    ck_assert_int_eq(pl_file_read(&arena, folder, 6, &got, &err), AN_TYPE);
    ck_assert_int_eq(pl_file_write("/nowhere/at/all", AN_STR("x"), 0600, &err),
                     AN_NOTFOUND);
    ck_assert_str_eq(err.where.path, "/nowhere/at/all");
    /* A folder stands where the file should be: nothing is left beside it. */
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(pl_file_write(path, AN_STR("x"), 0600, &err), AN_IO);
    ck_assert_int_eq(count_files(), 1);
    ck_assert_int_eq(rmdir(path), 0);
    teardown();
}
END_TEST

START_TEST(a_folder_is_flushed_by_the_name_of_a_file)
{
    struct an_err err;

    setup();
    ck_assert_int_eq(pl_file_sync_folder(path, NULL), AN_OK);
    ck_assert_int_eq(pl_file_sync_folder("file", NULL), AN_OK);
    ck_assert_int_eq(pl_file_sync_folder("/file", NULL), AN_OK);
    ck_assert_int_eq(pl_file_sync_folder("/nowhere/at", &err), AN_NOTFOUND);
    ck_assert_int_eq(err.sys, ENOENT);
    ck_assert_str_eq(err.where.path, "/nowhere/at");
    teardown();
}
END_TEST

Suite *host_file_suite(void)
{
    const TTest *const test[] = {
        replaces_a_file_whole, reads_an_empty_file_and_a_limit,
        says_which_path_and_why, a_folder_is_flushed_by_the_name_of_a_file};

    return TEST_SUITE("host/file", test);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/file.h"
#include "plugin/host/folder.h"
#include "tests/folder.h"
#include "tests/host_net.h"
#include "tests/suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *host_folder_suite(void);

static struct test_folder at;
static struct pl_folder *folder;
static struct an_err err;
static atomic_int fate;
static atomic_bool is_touching, is_held;
static atomic_uint_fast64_t n_taken;
static char names[1000];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *in(const char *name)
{
    static char path[4][TEST_PATH_BYTES];
    static int next;
    char *p = path[next++ % 4];

    test_folder_file(&at, name, p);
    return p;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(in(name), "we");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

static bool is_there(const char *name)
{
    struct stat st;

    return lstat(in(name), &st) == 0;
}

static uint64_t taken(void)
{
    return atomic_load(&n_taken);
}

static uint64_t moved(void)
{
    struct pl_folder_counts c = pl_folder_counts(folder);

    return c.done + c.failed;
}

static enum pl_folder_fate take(void *ctx, const struct pl_folder_file *file)
{
    size_t n;

    (void)ctx;
    pthread_mutex_lock(&lock);
    n = strlen(names);
    snprintf(names + n, sizeof(names) - n, "%s ", file->name);
    pthread_mutex_unlock(&lock);
    if (atomic_exchange(&is_touching, false))
        put(file->name, "longer than it was when it was read");
    atomic_fetch_add(&n_taken, 1);
    while (atomic_load(&is_held) && !pl_folder_is_stopping(file->folder))
        net_sleep_ms(1);
    if (atomic_load(&is_held))
        return PL_FOLDER_AGAIN;
    return (enum pl_folder_fate)atomic_load(&fate);
}

static const struct pl_folder_calls calls = {NULL, take};

static struct pl_folder_options defaults(void)
{
    return (struct pl_folder_options){
        .path = at.path, .pattern = "*.hl7", .poll_ms = 10};
}

static void watch(const struct pl_folder_options *options)
{
    ck_assert_int_eq(pl_folder_open(options, &calls, NULL, &folder, &err),
                     AN_OK);
}

static void set_up(void)
{
    test_folder_make(&at);
    atomic_store(&fate, PL_FOLDER_DONE);
    atomic_store(&n_taken, 0);
    atomic_store(&is_touching, false);
    atomic_store(&is_held, false);
    names[0] = '\0';
}

static void tear_down(void)
{
    char path[TEST_PATH_BYTES];
    struct test_folder below;

    snprintf(path, sizeof(path), "%s", in("done"));
    snprintf(below.path, sizeof(below.path), "%s", path);
    test_folder_drop(&below);
    snprintf(path, sizeof(path), "%s", in("failed"));
    snprintf(below.path, sizeof(below.path), "%s", path);
    test_folder_drop(&below);
    (void)rmdir(in("folder.hl7"));
    test_folder_drop(&at);
}

START_TEST(takes_files_in_order_and_moves_them)
{
    struct pl_folder_options options = defaults();

    put("b.hl7", "2");
    put("a.hl7", "1");
    put("c.txt", "not by its name");
    put(".hidden.hl7", "not yet");
    ck_assert_int_eq(symlink("a.hl7", in("link.hl7")), 0);
    ck_assert_int_eq(mkdir(in("folder.hl7"), 0700), 0);
    watch(&options);
    ck_assert(net_wait(moved, 2));
    net_sleep_ms(50);
    pl_folder_stop(folder);
    ck_assert_str_eq(names, "a.hl7 b.hl7 ");
    ck_assert(is_there("done/a.hl7") && is_there("done/b.hl7"));
    ck_assert(!is_there("a.hl7") && !is_there("b.hl7"));
    ck_assert(is_there("c.txt") && is_there("link.hl7"));
    ck_assert(is_there(".hidden.hl7") && is_there("folder.hl7"));
    pl_folder_close(folder);
    unlink(in(".hidden.hl7"));
}
END_TEST

START_TEST(keeps_the_refused_apart_and_both_of_one_name)
{
    struct pl_folder_options options = defaults();

    atomic_store(&fate, PL_FOLDER_FAILED);
    put("a.hl7", "1");
    watch(&options);
    ck_assert(net_wait(moved, 1));
    put("a.hl7", "2");
    ck_assert(net_wait(moved, 2));
    put("a.hl7", "3");
    ck_assert(net_wait(moved, 3));
    pl_folder_close(folder);
    ck_assert(is_there("failed/a.hl7") && is_there("failed/a.hl7.1"));
    ck_assert(is_there("failed/a.hl7.2") && !is_there("a.hl7"));
}
END_TEST

START_TEST(waits_until_a_file_is_whole)
{
    struct pl_folder_options options = defaults();

    options.settle_ms = 300;
    put("growing.hl7", "1");
    watch(&options);
    for (int i = 0; i < 10; i++) {
        char text[20];

        net_sleep_ms(50);
        snprintf(text, sizeof(text), "part %d", i);
        put("growing.hl7", text);
        ck_assert_uint_eq(taken(), 0);
    }
    ck_assert(net_wait(moved, 1));
    /* Its old time of change does not make a new name a whole file. */
    put("x.tmp", "1");
    net_sleep_ms(350);
    ck_assert_int_eq(rename(in("x.tmp"), in("x.hl7")), 0);
    net_sleep_ms(150);
    ck_assert_uint_eq(taken(), 1);
    ck_assert(net_wait(moved, 2));
    pl_folder_close(folder);
}
END_TEST

START_TEST(takes_again_what_changed_or_could_not_be_stored)
{
    struct pl_folder_options options = defaults();

    atomic_store(&is_touching, true);
    put("a.hl7", "1");
    watch(&options);
    ck_assert(net_wait(moved, 1));
    ck_assert_uint_eq(taken(), 2);
    atomic_store(&fate, PL_FOLDER_AGAIN);
    put("b.hl7", "1");
    ck_assert(net_wait(taken, 5));
    ck_assert(is_there("b.hl7"));
    atomic_store(&fate, PL_FOLDER_DONE);
    ck_assert(net_wait(moved, 2));
    ck_assert(is_there("done/b.hl7"));
    pl_folder_close(folder);
}
END_TEST

START_TEST(leaves_off_when_it_stops)
{
    struct pl_folder_options options = defaults();

    atomic_store(&is_held, true);
    put("a.hl7", "1");
    put("b.hl7", "2");
    watch(&options);
    ck_assert(net_wait(taken, 1));
    pl_folder_stop(folder);
    ck_assert_uint_eq(taken(), 1);
    ck_assert(is_there("a.hl7") && is_there("b.hl7"));
    pl_folder_close(folder);
    pl_folder_close(NULL);
}
END_TEST

START_TEST(says_what_is_wrong_with_its_folders)
{
    struct pl_folder_options options = defaults();

    options.path = "no/such/folder";
    ck_assert_int_eq(pl_folder_open(&options, &calls, NULL, &folder, &err),
                     AN_NOTFOUND);
    ck_assert_ptr_null(folder);
    options = defaults();
    options.done = at.path;
    ck_assert_int_eq(pl_folder_open(&options, &calls, NULL, &folder, &err),
                     AN_CONFIG);
    options = defaults();
    options.failed = "/proc";
    ck_assert_int_eq(pl_folder_open(&options, &calls, NULL, &folder, &err),
                     AN_CONFIG);
    options = defaults();
    put("file", "");
    options.done = in("file");
    ck_assert_int_eq(pl_folder_open(&options, &calls, NULL, &folder, &err),
                     AN_CONFIG);
    ck_assert_str_eq(err.what, "not a folder");
}
END_TEST

Suite *host_folder_suite(void)
{
    const TTest *const test[] = {
        takes_files_in_order_and_moves_them,
        keeps_the_refused_apart_and_both_of_one_name,
        waits_until_a_file_is_whole,
        takes_again_what_changed_or_could_not_be_stored,
        leaves_off_when_it_stops,
        says_what_is_wrong_with_its_folders};

    return test_suite_around("host/folder", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

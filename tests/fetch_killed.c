/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 at any moment of an export, again and again: what has a name is whole
 * at all times, the next call goes on, and no file that was complete is asked
 * for again. */
#include "tests/fetch_help.h"
#include "tests/suite.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

Suite *fetch_killed_suite(void);

enum { FILES = 6, LINES = 60, KILLS = 60, SETTLE_US = 50000 };

static struct test_export t;

static bool is_named(unsigned i)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "001-Observation-%04u.ndjson", i + 1);
    return test_export_holds(&t, name, NULL);
}

/* Those that have a name now; none of them was asked for since it had it. */
static unsigned n_named(unsigned asked_when_named[FILES])
{
    unsigned n = 0;

    for (unsigned i = 0; i < FILES; i++) {
        if (!is_named(i))
            continue;
        n++;
        if (asked_when_named[i] == 0)
            asked_when_named[i] = bulk_asked(i);
        ck_assert_uint_eq(asked_when_named[i], bulk_asked(i));
    }
    return n;
}

/* Killed after its last step, before it could say so: the next call would be
 * the next export. */
static bool is_done(void)
{
    char path[FETCH_PATH_BYTES + 32], text[2048] = "";
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/.export/state.json", t.folder);
    f = fopen(path, "r");
    if (f == NULL)
        return false;
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    (void)fclose(f);
    return strstr(text, "\"done\"") != NULL;
}

/* One process that exports, killed after so long; its exit status, or -1. */
static int one_life(long life_us)
{
    const struct timespec life = {.tv_nsec = life_us * 1000L};
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(test_export_run(&t) == AN_OK ? 0 : 2);
    nanosleep(&life, NULL);
    (void)kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    /* What it asked for with its last breath reaches the server before what
     * the next one asks. */
    nanosleep(&(struct timespec){.tv_nsec = SETTLE_US * 1000L}, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(goes_on_after_each_kill)
{
    struct bulk_plan plan = {.n_files = FILES,
                             .n_lines = LINES,
                             .n_polls = 8,
                             .n_pages = _i == 1 ? 3 : 1,
                             .pause_us = 1500,
                             .tags = _i == 1,
                             .ranges = _i == 1};
    unsigned named = 0, killed = 0, kicked = 0, asked[FILES] = {0};
    long life_us = 2000;
    int got;

    test_export_begin(&t, &plan);
    while (!is_done() && killed < KILLS) {
        unsigned now;

        got = one_life(life_us);
        ck_assert_int_ne(got, 2);
        killed += got == -1;
        now = n_named(asked);
        ck_assert_uint_ge(now, named);
        test_export_is_whole(&t, now, LINES);
        named = now;
        if (bulk_count().polled && kicked == 0)
            kicked = bulk_count().kicked;
        /* Lives of every length, up to one that is enough for a file. */
        life_us = life_us < 60000 ? life_us + 3500 : 60000;
    }
    ck_assert(is_done());
    ck_assert_uint_gt(killed, 4);
    test_export_is_whole(&t, FILES, LINES);
    /* Killed before it knew the answer, it asked anew; never after. */
    ck_assert_uint_eq(bulk_count().kicked, kicked);
    ck_assert_uint_ge(bulk_count().deleted, 1);
    if (_i == 1)
        ck_assert_uint_gt(bulk_count().ranged, 0);
    test_export_end(&t);
}
END_TEST

Suite *fetch_killed_suite(void)
{
    Suite *s = suite_create("fetch: killed");
    TCase *c = tcase_create("each");

    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, goes_on_after_each_kill, 0, 2);
    suite_add_tcase(s, c);
    return s;
}

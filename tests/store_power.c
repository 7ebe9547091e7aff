/* SPDX-License-Identifier: Apache-2.0 */
/* The power fails at any moment, on a disk that loses, reorders and tears what
 * was not synced; or a sync fails, and the system forgets what it was about.
 * Whatever the store reported is there once, the store is whole, and opening it
 * is all that it takes.
 *
 * ANAMNESIS_CUTS (50) says how many cuts are tried, ANAMNESIS_SEED (1) with
 * which it begins; one that fails names its seed. */
#include "tests/power_disk.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *store_power_suite(void);

enum { MOST = 4000, PATIENTS = 7, GROUP = 6, LIVES = 3, DONE = 512 };

/* What the test knows: reported[n] of message n, whose trigger is done if
 * done[n] says so. */
static struct {
    struct test_store t;
    uint64_t seed, next, n_cuts, n_failed, n_reported;
    bool reported[MOST];
    int64_t done[DONE]; /* triggers that were reported done */
    size_t n_done;
    bool may_fail; /* syncs and writes fail now and then */
} s;

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

#define HOLDS(is, what)                                                        \
    ck_assert_msg(is, "ANAMNESIS_SEED=%llu: %s", (unsigned long long)s.seed,   \
                  what)

static bool open_store(void)
{
    struct pl_store_options options = {.path = s.t.path};

    return pl_store_open(&options, &s.t.store, NULL) == AN_OK;
}

static void close_store(void)
{
    pl_reader_close(s.t.reader);
    pl_store_close(s.t.store);
    s.t.reader = NULL;
    s.t.store = NULL;
}

/* ---- what a life is made of ------------------------------------------------- */

/* A few new messages and one that may be known, in one commit. */
static bool put_group(void)
{
    uint64_t n = 1 + power_disk_draw(GROUP), number[GROUP + 1];
    struct pl_intake in[GROUP + 1];
    const struct pl_intake *group[GROUP + 1];
    struct pl_receipt r[GROUP + 1];
    enum an_code code;

    an_arena_reset(&s.t.arena);
    for (uint64_t i = 0; i < n; i++)
        number[i] = s.next + i;
    if (s.next && power_disk_draw(3) == 0)
        number[n++] = power_disk_draw(s.next);
    for (uint64_t i = 0; i < n; i++) {
        in[i] = test_intake(&s.t, number[i], number[i] % PATIENTS);
        group[i] = &in[i];
    }
    code = pl_store_put(s.t.store, group, n, r, NULL);
    HOLDS(code == AN_OK || s.may_fail || power_disk_is_cut(),
          "a commit failed on a disk that works");
    for (uint64_t i = 0; i < n && code == AN_OK; i++) {
        HOLDS(r[i].code == AN_OK, "a message was refused");
        HOLDS(!s.reported[number[i]] || r[i].duplicate,
              "a reported message was not known");
        s.n_reported += !s.reported[number[i]];
        s.reported[number[i]] = true;
    }
    s.n_failed += code != AN_OK;
    for (uint64_t i = 0; i < n; i++)
        if (number[i] >= s.next)
            s.next = number[i] + 1;
    return code == AN_OK;
}

static bool finish_triggers(void)
{
    const struct pl_trigger *list;
    int64_t id[8];
    size_t n = 0;
    bool ok = false;

    an_arena_reset(&s.t.arena);
    if (s.t.reader == NULL &&
        pl_reader_open(s.t.path, 0, &s.t.reader, NULL) != AN_OK)
        return false;
    if (pl_triggers(s.t.reader, &s.t.arena, 0, 8, &list, &n, NULL) == AN_OK) {
        for (size_t i = 0; i < n; i++)
            id[i] = list[i].id;
        ok = pl_store_triggers_done(s.t.store, id, n, NULL) == AN_OK;
    }
    for (size_t i = 0; ok && i < n && s.n_done < DONE; i++)
        s.done[s.n_done++] = id[i];
    return ok;
}

/* As another connection does it when the log is long; it may fail. */
static void checkpoint(void)
{
    static const int modes[] = {
        SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_FULL,
        SQLITE_CHECKPOINT_RESTART, SQLITE_CHECKPOINT_TRUNCATE};
    sqlite3 *db = NULL;

    if (sqlite3_open(s.t.path, &db) == SQLITE_OK)
        (void)sqlite3_wal_checkpoint_v2(db, NULL, modes[power_disk_draw(4)],
                                        NULL, NULL);
    (void)sqlite3_close(db);
}

/* Until the power is cut, or for a while. */
static void live(unsigned steps)
{
    bool is_open = open_store();

    for (unsigned i = 0; i < steps && !power_disk_is_cut(); i++) {
        HOLDS(is_open || s.may_fail, "the store does not open");
        if (s.next + GROUP >= MOST || !is_open)
            break;
        switch (power_disk_draw(12)) {
        case 0: checkpoint(); break;
        case 1: (void)finish_triggers(); break;
        case 2:
            close_store();
            is_open = open_store();
            break;
        default: (void)put_group(); break;
        }
    }
    HOLDS(is_open || s.may_fail || power_disk_is_cut(),
          "the store does not open");
    close_store();
}

/* ---- what must hold ----------------------------------------------------------- */

static void no_done_trigger_waits(void)
{
    const struct pl_trigger *list;
    size_t n = 0;

    an_arena_reset(&s.t.arena);
    HOLDS(pl_triggers(s.t.reader, &s.t.arena, 0, MOST * PATIENTS, &list, &n,
                      NULL) == AN_OK,
          "its triggers cannot be read");
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < s.n_done; k++)
            HOLDS(list[i].id != s.done[k], "a trigger that was done waits");
}

/* Each number once more: what was reported is known, the rest is new or was
 * kept whole; then each is there once with all its events. */
static void all_is_there_once(void)
{
    int64_t n_events = 0;
    struct pl_status status;

    for (uint64_t n = 0; n < s.next; n++) {
        struct pl_intake in;
        struct pl_receipt r;

        an_arena_reset(&s.t.arena);
        in = test_intake(&s.t, n, n % PATIENTS);
        r = test_put(&s.t, &in);
        HOLDS(r.duplicate || !s.reported[n], "a reported message is lost");
        s.reported[n] = true;
    }
    an_arena_reset(&s.t.arena);
    status = test_status(&s.t);
    for (size_t i = 0; i < status.n_feeds; i++)
        n_events += status.feed[i].n_events;
    HOLDS(status.n_messages == (int64_t)s.next, "a message is there twice");
    HOLDS(n_events == (int64_t)s.next * TEST_RESULTS, "events are doubled");
}

static void restart_and_look(void)
{
    power_disk_fail(0, 0);
    power_disk_restart();
    HOLDS(open_store(), "it does not open after the cut");
    HOLDS(pl_reader_open(s.t.path, 0, &s.t.reader, NULL) == AN_OK,
          "it cannot be read after the cut");
    an_arena_reset(&s.t.arena);
    HOLDS(pl_check(s.t.reader, &s.t.arena, NULL) == AN_OK,
          "it is not whole after the cut");
    no_done_trigger_waits();
    all_is_there_once();
    an_arena_reset(&s.t.arena);
    HOLDS(pl_check(s.t.reader, &s.t.arena, NULL) == AN_OK,
          "it is not whole after the replay");
    close_store();
}

/* A new store, cut `LIVES` times. */
static void run(uint64_t seed, bool may_fail)
{
    s.seed = seed;
    s.next = 0;
    s.n_done = 0;
    s.may_fail = may_fail;
    memset(s.reported, 0, sizeof(s.reported));
    power_disk_start(seed * 2 + may_fail);
    test_folder_make(&s.t.folder);
    test_folder_file(&s.t.folder, "power.db", s.t.path);
    for (int life = 0; life < LIVES; life++) {
        static const uint64_t spans[] = {10, 60, 200, 400, 1200};

        if (may_fail)
            power_disk_fail(life == 0 && power_disk_draw(2) ? 0 : 150, 8);
        power_disk_cut_after(power_disk_draw(spans[power_disk_draw(5)]));
        live(80);
        s.n_cuts++;
        restart_and_look();
    }
    test_folder_drop(&s.t.folder);
}

static void many(bool may_fail)
{
    uint64_t cuts = number_from("ANAMNESIS_CUTS", 50),
             seed = number_from("ANAMNESIS_SEED", 1);
    struct power_disk_counts c;

    memset(&s, 0, sizeof(s));
    an_arena_init(&s.t.arena, 64 << 20);
    ck_assert(power_disk_install());
    while (s.n_cuts < cuts)
        run(seed++, may_fail);
    power_disk_remove();
    an_arena_free(&s.t.arena);
    c = power_disk_counts();
    (void)printf(
        "# %llu cuts, %llu messages reported, %llu commits failed, "
        "%llu syncs and %llu writes failed, of sectors not synced "
        "%llu lost, %llu torn, %llu kept\n",
        (unsigned long long)s.n_cuts, (unsigned long long)s.n_reported,
        (unsigned long long)s.n_failed, (unsigned long long)c.failed_syncs,
        (unsigned long long)c.failed_writes, (unsigned long long)c.lost_sectors,
        (unsigned long long)c.torn_sectors, (unsigned long long)c.kept_sectors);
    (void)fflush(stdout);
    if (cuts >= 50) {
        ck_assert_uint_gt(s.n_reported, 0);
        ck_assert_uint_gt(c.lost_sectors, 0);
        ck_assert(!may_fail || c.failed_syncs > 0);
    }
}

START_TEST(what_was_reported_survives_a_disk_that_loses_and_tears)
{
    many(false);
}
END_TEST

START_TEST(a_sync_that_failed_is_never_taken_for_one_that_did_not)
{
    many(true);
}
END_TEST

Suite *store_power_suite(void)
{
    const TTest *const test[] = {
        what_was_reported_survives_a_disk_that_loses_and_tears,
        a_sync_that_failed_is_never_taken_for_one_that_did_not};

    return TEST_SUITE("store/power", test);
}

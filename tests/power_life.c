/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/power_life.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP = 6, LIVES = 3, CHOICES = 12 };

static struct power_life life;

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static bool open_store(struct power_life *l)
{
    struct pl_store_options options = {.path = l->t.path};

    return pl_store_open(&options, &l->t.store, NULL) == AN_OK;
}

static void close_store(struct power_life *l)
{
    pl_reader_close(l->t.reader);
    pl_store_close(l->t.store);
    l->t.reader = NULL;
    l->t.store = NULL;
}

bool power_reader(struct power_life *l)
{
    return l->t.reader ||
           pl_reader_open(l->t.path, 0, &l->t.reader, NULL) == AN_OK;
}

/* ---- what a life is made of ------------------------------------------------- */

/* A few new messages and one that may be known, in one commit. */
static void put_group(struct power_life *l)
{
    uint64_t n = 1 + power_disk_draw(GROUP), number[GROUP + 1];
    struct pl_intake in[GROUP + 1];
    const struct pl_intake *group[GROUP + 1];
    struct pl_receipt r[GROUP + 1];
    enum an_code code;

    for (uint64_t i = 0; i < n; i++)
        number[i] = l->next + i;
    if (l->next && power_disk_draw(3) == 0)
        number[n++] = power_disk_draw(l->next);
    for (uint64_t i = 0; i < n; i++) {
        in[i] = test_intake(&l->t, number[i], number[i] % POWER_PATIENTS);
        group[i] = &in[i];
    }
    code = pl_store_put(l->t.store, group, n, r, NULL);
    POWER_MAY(l, code == AN_OK, "a commit failed on a disk that works");
    for (uint64_t i = 0; i < n && code == AN_OK; i++) {
        POWER_HOLDS(l, r[i].code == AN_OK, "a message was refused");
        POWER_HOLDS(l, !l->reported[number[i]] || r[i].duplicate,
                    "a reported message was not known");
        l->n_reported += !l->reported[number[i]];
        l->reported[number[i]] = true;
    }
    l->n_failed += code != AN_OK;
    for (uint64_t i = 0; i < n; i++)
        if (number[i] >= l->next)
            l->next = number[i] + 1;
}

/* As another connection does it when the log is long; it may fail. */
static void checkpoint(struct power_life *l)
{
    static const int modes[] = {
        SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_FULL,
        SQLITE_CHECKPOINT_RESTART, SQLITE_CHECKPOINT_TRUNCATE};
    sqlite3 *db = NULL;

    if (sqlite3_open(l->t.path, &db) == SQLITE_OK)
        (void)sqlite3_wal_checkpoint_v2(db, NULL, modes[power_disk_draw(4)],
                                        NULL, NULL);
    (void)sqlite3_close(db);
}

/* False when the store does not open again. */
static bool step(struct power_life *l, const struct power_load *load)
{
    uint64_t what = power_disk_draw(CHOICES);
    bool is_open = true;

    an_arena_reset(&l->t.arena);
    if (what == 0) {
        checkpoint(l);
    } else if (what == 1) {
        close_store(l);
        is_open = open_store(l);
    } else if (what < 2 + load->steps) {
        load->step(l);
    } else {
        put_group(l);
    }
    return is_open;
}

/* Until the power is cut, or for a while. */
static void live(struct power_life *l, const struct power_load *load)
{
    bool is_open = open_store(l);

    for (unsigned i = 0; i < 80 && !power_disk_is_cut(); i++) {
        POWER_HOLDS(l, is_open || l->may_fail, "the store does not open");
        if (l->next + GROUP >= POWER_MOST || !is_open)
            break;
        is_open = step(l, load);
    }
    POWER_MAY(l, is_open, "the store does not open");
    close_store(l);
}

/* ---- what must hold ----------------------------------------------------------- */

static void is_whole(struct power_life *l, const char *what)
{
    an_arena_reset(&l->t.arena);
    POWER_HOLDS(l, pl_check(l->t.reader, &l->t.arena, NULL) == AN_OK, what);
}

/* Each number once more: what was reported is known, the rest is new or was
 * kept whole; then each is there once with all its events. */
static void all_is_there_once(struct power_life *l)
{
    int64_t n_events = 0;
    struct pl_status status;

    for (uint64_t n = 0; n < l->next; n++) {
        struct pl_intake in;
        struct pl_receipt r;

        an_arena_reset(&l->t.arena);
        in = test_intake(&l->t, n, n % POWER_PATIENTS);
        r = test_put(&l->t, &in);
        POWER_HOLDS(l, r.duplicate || !l->reported[n],
                    "a reported message is lost");
        l->reported[n] = true;
    }
    an_arena_reset(&l->t.arena);
    status = test_status(&l->t);
    for (size_t i = 0; i < status.n_feeds; i++)
        n_events += status.feed[i].n_events;
    POWER_HOLDS(l, status.n_messages == (int64_t)l->next,
                "a message is there twice");
    POWER_HOLDS(l, n_events == (int64_t)l->next * TEST_RESULTS,
                "events are doubled");
}

static void restart_and_look(struct power_life *l,
                             const struct power_load *load)
{
    power_disk_fail(0, 0);
    power_disk_restart();
    POWER_HOLDS(l, open_store(l), "it does not open after the cut");
    POWER_HOLDS(l, power_reader(l), "it cannot be read after the cut");
    is_whole(l, "it is not whole after the cut");
    an_arena_reset(&l->t.arena);
    load->look(l);
    all_is_there_once(l);
    is_whole(l, "it is not whole after the replay");
    close_store(l);
}

/* A new store, cut `LIVES` times. */
static void run(struct power_life *l, const struct power_load *load,
                uint64_t seed)
{
    l->seed = seed;
    l->next = 0;
    memset(l->reported, 0, sizeof(l->reported));
    load->begin(l);
    power_disk_start(seed * 2 + l->may_fail);
    test_folder_make(&l->t.folder);
    test_folder_file(&l->t.folder, "power.db", l->t.path);
    for (int i = 0; i < LIVES; i++) {
        static const uint64_t spans[] = {10, 60, 200, 400, 1200};

        if (l->may_fail)
            power_disk_fail(i == 0 && power_disk_draw(2) ? 0 : 150, 8);
        power_disk_cut_after(power_disk_draw(spans[power_disk_draw(5)]));
        live(l, load);
        l->n_cuts++;
        restart_and_look(l, load);
    }
    test_folder_drop(&l->t.folder);
}

bool power_lives(const struct power_load *load, bool may_fail)
{
    uint64_t cuts = number_from("ANAMNESIS_CUTS", 50),
             seed = number_from("ANAMNESIS_SEED", 1);
    struct power_disk_counts c;

    memset(&life, 0, sizeof(life));
    life.may_fail = may_fail;
    an_arena_init(&life.t.arena, 64 << 20);
    ck_assert(power_disk_install());
    while (life.n_cuts < cuts)
        run(&life, load, seed++);
    power_disk_remove();
    an_arena_free(&life.t.arena);
    c = power_disk_counts();
    (void)printf(
        "# %llu cuts, %llu messages reported, %llu commits failed, "
        "%llu syncs and %llu writes failed, of sectors not synced "
        "%llu lost, %llu torn, %llu kept\n",
        (unsigned long long)life.n_cuts, (unsigned long long)life.n_reported,
        (unsigned long long)life.n_failed, (unsigned long long)c.failed_syncs,
        (unsigned long long)c.failed_writes, (unsigned long long)c.lost_sectors,
        (unsigned long long)c.torn_sectors, (unsigned long long)c.kept_sectors);
    (void)fflush(stdout);
    if (cuts < 50)
        return false;
    ck_assert_uint_gt(life.n_reported, 0);
    ck_assert_uint_gt(c.lost_sectors, 0);
    ck_assert(!may_fail || c.failed_syncs > 0);
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* T1 when the power fails at any moment, or when a sync fails and the system
 * forgets what it was about.  Whatever the store reported is there once, the
 * store is whole, and opening it is all that it takes. */
#include "tests/power_life.h"

Suite *store_power_suite(void);

enum { DONE = 512 };

static struct {
    int64_t done[DONE]; /* triggers that were reported done */
    size_t n_done;
} s;

static void begin(struct power_life *l)
{
    (void)l;
    s.n_done = 0;
}

static void finish_triggers(struct power_life *l)
{
    const struct pl_trigger *list;
    int64_t id[8];
    size_t n = 0;
    bool ok = false;

    if (!power_reader(l))
        return;
    if (pl_triggers(l->t.reader, &l->t.arena, 0, 8, &list, &n, NULL) == AN_OK) {
        for (size_t i = 0; i < n; i++)
            id[i] = list[i].id;
        ok = pl_store_triggers_done(l->t.store, id, n, NULL) == AN_OK;
    }
    for (size_t i = 0; ok && i < n && s.n_done < DONE; i++)
        s.done[s.n_done++] = id[i];
}

static void no_done_trigger_waits(struct power_life *l)
{
    const struct pl_trigger *list;
    size_t n = 0;

    POWER_HOLDS(l,
                pl_triggers(l->t.reader, &l->t.arena, 0,
                            POWER_MOST * POWER_PATIENTS, &list, &n,
                            NULL) == AN_OK,
                "its triggers cannot be read");
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < s.n_done; k++)
            POWER_HOLDS(l, list[i].id != s.done[k],
                        "a trigger that was done waits");
}

static const struct power_load load = {begin, finish_triggers, 1,
                                       no_done_trigger_waits};

START_TEST(what_was_reported_survives_a_disk_that_loses_and_tears)
{
    (void)power_lives(&load, false);
}
END_TEST

START_TEST(a_sync_that_failed_is_never_taken_for_one_that_did_not)
{
    (void)power_lives(&load, true);
}
END_TEST

Suite *store_power_suite(void)
{
    const TTest *const test[] = {
        what_was_reported_survives_a_disk_that_loses_and_tears,
        a_sync_that_failed_is_never_taken_for_one_that_did_not};

    return TEST_SUITE("store/power", test);
}

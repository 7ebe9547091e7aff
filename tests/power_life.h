/* SPDX-License-Identifier: Apache-2.0 */
/* The lives of a store whose power is cut again and again, on a disk that loses,
 * reorders and tears what was not synced (power_disk.h).  New messages come in
 * each of them; a suite adds what else is done, and what must hold of it:
 *
 *     static const struct power_load load = {begin, step, 1, look};
 *     power_lives(&load, false);
 *
 * After each cut the store must open, be whole, and hold each reported message
 * once with all its events.
 *
 * ANAMNESIS_CUTS (50) says how many cuts are tried, ANAMNESIS_SEED (1) with
 * which it begins; one that fails names its seed. */
#ifndef TESTS_POWER_LIFE_H
#define TESTS_POWER_LIFE_H

#include "tests/power_disk.h"
#include "tests/store_help.h"
#include "tests/suite.h"

enum { POWER_MOST = 4000, POWER_PATIENTS = 7 };

struct power_life {
    struct test_store t; /* the arena is the step's */
    uint64_t seed, next, n_cuts, n_failed, n_reported;
    bool reported[POWER_MOST]; /* messages */
    bool may_fail;             /* syncs and writes fail now and then */
};

struct power_load {
    void (*begin)(struct power_life *l); /* a new store */
    void (*step)(struct power_life *l);  /* the store is open */
    unsigned steps;                      /* of 12, the rest are messages,
                                            checkpoints and openings */
    void (*look)(struct power_life *l);  /* after a cut, reader and all open */
};

/* Cuts as many as the environment says, and says what they met.  True when they
 * were enough for each kind of step to be expected. */
bool power_lives(const struct power_load *load, bool may_fail);

/* A reader of the store; false when it cannot be opened. */
bool power_reader(struct power_life *l);
/* That what failed could fail. */
#define POWER_MAY(l, is, what)                                                 \
    POWER_HOLDS(l, (is) || (l)->may_fail || power_disk_is_cut(), what)
#define POWER_HOLDS(l, is, what)                                               \
    ck_assert_msg(is, "ANAMNESIS_SEED=%llu: %s",                               \
                  (unsigned long long)(l)->seed, what)

#endif

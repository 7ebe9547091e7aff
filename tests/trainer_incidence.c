/* SPDX-License-Identifier: Apache-2.0 */
/* Cumulative incidence beside that of R (survival 3.5, cmprsk 2.2). */
#include "tests/suite.h"
#include "trainer/evaluate/survival.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

Suite *trainer_incidence_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 64 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

/* Of one end, the other competing. */
static double incidence(const struct tr_life *life, size_t n, enum tr_end end,
                        double horizon)
{
    struct tr_life *of = an_arena_get(&arena, n, sizeof(*of));
    double share;

    ck_assert_ptr_nonnull(of);
    for (size_t i = 0; i < n; i++) {
        of[i] = life[i];
        if (life[i].end != TR_LOST)
            of[i].end = life[i].end == (uint32_t)end ? TR_CAME : TR_DIED;
    }
    ck_assert_int_eq(tr_incidence(&arena, of, n, horizon, &share, NULL), AN_OK);
    return share;
}

/* d <- data.frame(to = c(3,1,9,2,4,3,4,6,7,5,2,8),
 *                 how = c(2,1,0,0,1,1,0,1,2,0,2,1))
 * summary(survfit(Surv(to, factor(how, 0:2)) ~ 1, d), times = 1:9)$pstate
 * cmprsk::timepoints(cmprsk::cuminc(d$to, d$how), 1:9)$est */
START_TEST(incidence_is_that_of_r)
{
    static const struct tr_life life[12] = {
        {0, 3, 0, 0, TR_DIED}, {0, 1, 0, 1, TR_CAME},  {0, 9, 0, 2, TR_LOST},
        {0, 2, 0, 3, TR_LOST}, {0, 4, 0, 4, TR_CAME},  {0, 3, 0, 5, TR_CAME},
        {0, 4, 0, 6, TR_LOST}, {0, 6, 0, 7, TR_CAME},  {0, 7, 0, 8, TR_DIED},
        {0, 5, 0, 9, TR_LOST}, {0, 2, 0, 10, TR_DIED}, {0, 8, 0, 11, TR_CAME}};
    static const double came[9] = {0.083333333, 0.083333333, 0.175925926,
                                   0.268518519, 0.268518519, 0.407407407,
                                   0.407407407, 0.546296296, 0.546296296};
    static const double died[9] = {0,          0.083333333, 0.17592593,
                                   0.17592593, 0.17592593,  0.17592593,
                                   0.31481481, 0.31481481,  0.31481481};

    for (int day = 1; day <= 9; day++) {
        ck_assert_double_eq_tol(incidence(life, 12, TR_CAME, day),
                                came[day - 1], 5e-9);
        ck_assert_double_eq_tol(incidence(life, 12, TR_DIED, day),
                                died[day - 1], 5e-9);
    }
}
END_TEST

/* Watched later than from the start on:
 * d <- data.frame(id = 1:10, from = c(0,0,2,0,1,0,3,0,0,5),
 *                 to = c(3,1,9,4,4,3,6,7,10,12),
 *                 how = factor(c(2,1,0,0,1,1,1,2,0,1), 0:2))
 * s <- survfit(Surv(from, to, how) ~ 1, d, id = id); cbind(s$time, s$pstate) */
START_TEST(incidence_of_who_enters_later_is_that_of_r)
{
    static const struct tr_life life[10] = {
        {0, 3, 0, 0, TR_DIED}, {0, 1, 0, 1, TR_CAME}, {2, 9, 0, 2, TR_LOST},
        {0, 4, 0, 3, TR_LOST}, {1, 4, 0, 4, TR_CAME}, {0, 3, 0, 5, TR_CAME},
        {3, 6, 0, 6, TR_CAME}, {0, 7, 0, 7, TR_DIED}, {0, 10, 0, 8, TR_LOST},
        {5, 12, 0, 9, TR_CAME}};
    static const double want[][2] = {{1, 0.16666667},  {3, 0.28571429},
                                     {4, 0.38492063},  {6, 0.48412698},
                                     {10, 0.48412698}, {12, 0.78174603}};

    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        ck_assert_double_eq_tol(incidence(life, 10, TR_CAME, want[i][0]),
                                want[i][1], 5e-9);
}
END_TEST

enum { MOST_LIVES = 2000 };

/* $ANAMNESIS_DATA/mgus2/mgus2.csv; 0 when it is not there. */
static size_t read_mgus2(struct tr_life *life)
{
    const char *data = getenv("ANAMNESIS_DATA");
    char path[4096], line[64];
    size_t n = 0;
    FILE *f;

    snprintf(path, sizeof(path), "%s/mgus2/mgus2.csv", data ? data : "");
    f = data ? fopen(path, "r") : NULL;
    if (f == NULL)
        return 0;
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
    while (n < MOST_LIVES && fgets(line, sizeof(line), f)) {
        char *how;
        const double months = strtod(line, &how);

        life[n] = (struct tr_life){0, months, 0, (uint32_t)n,
                                   (uint32_t)strtoul(how + 1, NULL, 10)};
        n++;
    }
    fclose(f);
    return n;
}

/* Of 1384 people with a monoclonal gammopathy, malignancy and death before it:
 * m <- survival::mgus2 # not here, being under the GPL
 * d <- with(m, data.frame(t = ifelse(pstat == 0, futime, ptime),
 *                         how = ifelse(pstat == 0, 2 * death, 1)))
 * write.csv(d, "mgus2.csv", row.names = FALSE, quote = FALSE)
 * at <- c(12, 24, 60, 120, 180, 240, 300)
 * summary(survfit(Surv(t, factor(how, 0:2)) ~ 1, d), times = at)$pstate
 * cmprsk::timepoints(cmprsk::cuminc(d$t, d$how), at)$est */
START_TEST(incidence_of_public_competing_risks_is_that_of_r)
{
    static const struct {
        double months, came, died;
    } want[] = {
        {12, 0.00940125934465, 0.122185402813},
        {24, 0.01736171494154, 0.169948136395},
        {60, 0.03410371297435, 0.320367010268},
        {120, 0.06372216801311, 0.531817704080},
        {180, 0.08705626635147, 0.665923022600},
        {240, 0.09981371593547, 0.724027976143},
        {300, 0.10915165583059, 0.762748843262},
    };
    static struct tr_life life[MOST_LIVES];
    const size_t n = read_mgus2(life);

    if (n == 0)
        return; /* a host without it */
    ck_assert_uint_eq(n, 1384);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        const double came = incidence(life, n, TR_CAME, want[i].months);
        const double died = incidence(life, n, TR_DIED, want[i].months);

        ck_assert_double_eq_tol(came, want[i].came, 1e-11);
        ck_assert_double_eq_tol(died, want[i].died, 1e-11);
    }
}
END_TEST

Suite *trainer_incidence_suite(void)
{
    const TTest *const tests[] = {
        incidence_is_that_of_r,
        incidence_of_who_enters_later_is_that_of_r,
        incidence_of_public_competing_risks_is_that_of_r,
    };

    return test_suite_around("trainer/incidence", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}

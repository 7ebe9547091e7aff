/* SPDX-License-Identifier: Apache-2.0 */
/* Fits with a part of the model left out, on an invented cohort. */
#include "runtime/forward.h"
#include "tests/invented_cohort.h"
#include "tests/suite.h"
#include "trainer/fit/fit.h"

#include <cblas.h>
#include <math.h>

Suite *trainer_variants_suite(void);

static char path[64];
static struct tr_cohort cohort;

static void set_up(void)
{
    openblas_set_num_threads(1);
    invent_cohort(invented_path(path), 400, 11);
    ck_assert_int_eq(tr_cohort_open(&cohort, path, NULL), AN_OK);
}

static void tear_down(void)
{
    tr_cohort_close(&cohort);
    invented_remove(path);
}

static struct tr_settings small(void)
{
    struct tr_settings s;

    tr_settings_init(&s);
    s.epochs = 2;
    s.batch_rows = 400;
    s.layers = 1;
    s.channels = 16;
    s.heads = 2;
    s.positions = 12;
    s.rank = 2;
    return s;
}

static void fit_all(struct tr_fit *f, const struct tr_settings *s)
{
    ck_assert_int_eq(tr_fit_init(f, &cohort, s, NULL, NULL), AN_OK);
    while (!tr_fit_done(f))
        ck_assert_int_eq(tr_fit_step(f, NULL), AN_OK);
    tr_fit_take_best(f);
}

/* What the wide features do not say of a patient's first outcome: least and
 * most over the patients, in one bin. */
static double spread_beside_wide(const struct tr_fit *f)
{
    const struct rt_model *m = &f->params.model;
    double least = (double)INFINITY, most = -(double)INFINITY;
    struct rt_workspace ws;
    struct an_arena arena;

    an_arena_init(&arena, 64 << 20);
    ck_assert_int_eq(rt_workspace_init(&ws, &arena, &m->shape, 32, 1, NULL),
                     AN_OK);
    for (size_t i = 0; i < cohort.n_patients; i++) {
        const struct rt_history h = tr_cohort_history(&cohort, i);
        const float *wide = cohort.wide + 2 * cohort.patient[i].first_query;
        const struct rt_query q = {(uint32_t)h.n_positions - 1, wide};
        const struct rt_ask ask = {&h, &q, 1};
        double rest;

        ck_assert_int_eq(rt_forward(m, &ws, &ask, 1, RT_WANT_HAZARDS, NULL),
                         AN_OK);
        rest = (double)ws.log_hazard_qkj[4] -
               (double)m->w.wide[0] * (double)wide[0] -
               (double)m->w.wide[1] * (double)wide[1];
        least = fmin(least, rest);
        most = fmax(most, rest);
    }
    an_arena_free(&arena);
    return most - least;
}

START_TEST(without_a_trunk_outcomes_are_left_to_the_wide_branch)
{
    struct tr_settings settings = small();
    double share[RT_MAX_OUTCOMES];
    struct tr_fit f;

    fit_all(&f, &settings);
    ck_assert_double_gt(spread_beside_wide(&f), 1e-3);
    tr_fit_release(&f);
    settings.trunk = 0;
    fit_all(&f, &settings);
    ck_assert_double_lt(spread_beside_wide(&f), 1e-5);
    tr_fit_share(&f, share);
    for (int k = 0; k < f.params.model.shape.outcomes; k++)
        ck_assert(!(share[k] > 0));
    ck_assert_double_lt(spread_beside_wide(&f), 1e-5);
    tr_fit_release(&f);
}
END_TEST

START_TEST(a_model_has_all_time_features_or_none)
{
    struct tr_settings settings = small();
    struct tr_fit f;

    settings.times = 0;
    fit_all(&f, &settings);
    ck_assert_int_eq(f.params.model.shape.times, 0);
    ck_assert(isfinite(f.last_loss));
    tr_fit_release(&f);
    settings.times = 1;
    ck_assert_int_eq(tr_fit_init(&f, &cohort, &settings, NULL, NULL),
                     AN_CONFIG);
}
END_TEST

Suite *trainer_variants_suite(void)
{
    const TTest *const tests[] = {
        without_a_trunk_outcomes_are_left_to_the_wide_branch,
        a_model_has_all_time_features_or_none,
    };

    return test_suite_around("trainer/variants", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}

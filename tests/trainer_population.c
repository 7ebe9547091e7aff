/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a model was trained on: from the cohort to who is refused. */
#include "runtime/abstain.h"
#include "tests/judged.h"
#include "tests/model_random.h"
#include "tests/suite.h"
#include "trainer/evaluate/refusal.h"
#include "trainer/package/package.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

Suite *trainer_population_suite(void);

enum { WIDE = 6, PERSONS = 9000, QUESTIONS = 3, ALL = PERSONS * QUESTIONS };

static struct {
    struct an_arena arena;
    struct tr_data data;
    struct tr_patient patient[PERSONS];
    struct tr_query query[ALL];
    float wide[ALL * WIDE];
} t;

static void set_up(void)
{
    an_arena_init(&t.arena, 64 << 20);
}

static void tear_down(void)
{
    an_arena_free(&t.arena);
}

/* Two that go together, one that says the same as another, a count, a rare flag,
 * and one that is the same for all. */
static void draw_wide(float *x, double self, struct test_random *r)
{
    x[0] = (float)(self + 0.3 * test_normal(r));
    x[1] = (float)(0.8 * self + 0.5 * test_normal(r));
    x[2] = -x[0];
    x[3] = (float)log1p(floor(-4 * log(1 - test_uniform(r))));
    x[4] = test_uniform(r) < 0.03 ? 5.6F : -0.2F;
    x[5] = 0.25F;
}

/* Persons have one to three questions. */
static void cohort(const size_t n_persons[TR_N_SPLITS], uint64_t seed)
{
    struct test_random r = {seed};
    size_t n = 0, q = 0;

    for (int s = 0; s < TR_N_SPLITS; s++)
        for (size_t i = 0; i < n_persons[s]; i++, n++) {
            const double self = test_normal(&r);

            t.patient[n] = (struct tr_patient){
                .key = n + 1,
                .first_query = q,
                .n_queries = 1 + (uint32_t)test_below(&r, QUESTIONS),
                .split = (uint32_t)s};
            for (uint32_t k = 0; k < t.patient[n].n_queries; k++)
                draw_wide(&t.wide[WIDE * q++], self, &r);
        }
    t.data.cohort = (struct tr_cohort){.sizes = {.wide = WIDE},
                                       .patient = t.patient,
                                       .query = t.query,
                                       .wide = t.wide,
                                       .n_patients = n,
                                       .n_queries = q};
}

static struct tr_population population(void)
{
    struct tr_population out;

    ck_assert_int_eq(tr_population(&t.arena, &t.data, &out, NULL), AN_OK);
    return out;
}

static double distance(const struct tr_population *p, const float *x)
{
    double scratch[WIDE];

    return rt_distance(&p->of, x, scratch);
}

static bool is_refused(const struct tr_population *p, const float *x)
{
    const struct rt_limits limits = {.max_distance = p->max_distance};

    return rt_abstain_far(&limits, distance(p, x)) != CTX_ABSTAIN_NONE;
}

/* Of the test persons, one question of each. */
static double share_refused(const struct tr_population *p)
{
    double refused = 0, all = 0;

    for (size_t i = 0; i < t.data.cohort.n_patients; i++) {
        const struct tr_patient *one = &t.patient[i];

        for (uint32_t q = 0; q < one->n_queries && one->split == TR_TEST; q++) {
            refused +=
                (double)is_refused(p, &t.wide[WIDE * (one->first_query + q)]) /
                one->n_queries;
            all += 1. / one->n_queries;
        }
    }
    return refused / all;
}

/* The standard error of a share of .005 is .0011 in a cohort of 4000, and the
 * limit's own is of that size: their mean over ten is known to .0005. */
START_TEST(as_many_are_refused_as_is_meant)
{
    double share = 0;

    for (uint64_t round = 0; round < 10; round++) {
        struct tr_population p;

        cohort((const size_t[TR_N_SPLITS]){1000, 4000, 4000}, 11 + round);
        p = population();
        ck_assert_uint_eq(p.n_train, 1000);
        ck_assert_uint_eq(p.n_tune, 4000);
        ck_assert(p.shrunk >= 0.01 && p.shrunk < 0.2);
        share += share_refused(&p) / 10;
    }
    ck_assert_double_gt(share, 0.0035);
    ck_assert_double_lt(share, 0.0065);
}
END_TEST

START_TEST(who_is_planted_outside_is_refused_and_the_ordinary_are_not)
{
    const float ordinary[WIDE] = {0.4F, 0.3F, -0.4F, 1.4F, -0.2F, 0.25F};
    float x[WIDE];
    struct tr_population p;

    cohort((const size_t[TR_N_SPLITS]){1000, 4000, 0}, 5);
    p = population();
    ck_assert(!is_refused(&p, ordinary));
    /* Far in one; each within reach, but not together; what nobody had. */
    memcpy(x, ordinary, sizeof(x));
    x[1] = 9;
    ck_assert(is_refused(&p, x));
    memcpy(x, ordinary, sizeof(x));
    x[0] = 2;
    x[2] = 2;
    ck_assert(is_refused(&p, x));
    memcpy(x, ordinary, sizeof(x));
    x[5] = 1.25F;
    ck_assert(is_refused(&p, x));
    /* That is as rare as one of the thousand, and no rarer. */
    ck_assert_double_eq_tol(
        pow(distance(&p, x), 2) - pow(distance(&p, ordinary), 2), 1000, 1e-6);
}
END_TEST

/* Means and covariances by their definitions, over drawn-out pairs. */
START_TEST(the_factor_is_that_of_the_shrunk_covariance)
{
    double mean[WIDE] = {0}, s[WIDE][WIDE] = {{0}};
    struct tr_population p;
    size_t packed = 0;

    cohort((const size_t[TR_N_SPLITS]){300, 100, 0}, 8);
    p = population();
    for (size_t i = 0; i < 300; i++)
        for (uint32_t q = 0; q < t.patient[i].n_queries; q++) {
            const float *x = &t.wide[WIDE * (t.patient[i].first_query + q)];
            const double w = 1. / (300 * t.patient[i].n_queries);

            for (int a = 0; a < WIDE; a++) {
                mean[a] += w * (double)x[a];
                for (int b = 0; b < WIDE; b++)
                    s[a][b] += w * (double)x[a] * (double)x[b];
            }
        }
    for (int a = 0; a < WIDE; a++) {
        ck_assert_double_eq_tol(p.of.mean[a], mean[a], 1e-9);
        for (int b = 0; b <= a; b++) {
            const double *row_b = p.of.factor + b * (b + 1) / 2;
            double is = 0, want = s[a][b] - mean[a] * mean[b];

            for (int m = 0; m <= b; m++)
                is += p.of.factor[packed + (size_t)m] * row_b[m];
            if (a != b)
                want *= 1 - p.shrunk;
            else if (a == WIDE - 1)
                want = 1. / 300;
            ck_assert_double_eq_tol(is, want, 1e-9);
        }
        packed += (size_t)a + 1;
    }
}
END_TEST

START_TEST(too_few_people_make_no_limit)
{
    const size_t n[][TR_N_SPLITS] = {
        {TR_POPULATION_PERSONS - 1, 500, 10},
        {500, TR_POPULATION_PERSONS - 1, 10},
        {TR_POPULATION_PERSONS, TR_POPULATION_PERSONS, 10}};

    for (int i = 0; i < 3; i++) {
        struct tr_population p;

        cohort(n[i], 9);
        p = population();
        ck_assert_int_eq(p.of.n > 0, i == 2);
        ck_assert_int_eq(p.max_distance > 0, i == 2);
    }
}
END_TEST

START_TEST(more_features_than_people_make_a_limit_too)
{
    struct tr_population p;

    cohort((const size_t[TR_N_SPLITS]){TR_POPULATION_PERSONS, 300, 0}, 10);
    t.data.cohort.sizes.wide = 3 * WIDE;
    t.data.cohort.n_patients = 0;
    for (size_t i = 0; i < 100; i++) {
        t.patient[i].first_query = i;
        t.patient[i].n_queries = 1;
        t.patient[i].split = i < TR_POPULATION_PERSONS ? TR_TRAIN : TR_TUNE;
        t.data.cohort.n_patients++;
    }
    p = population();
    ck_assert_uint_eq(p.of.n, 3 * WIDE);
    ck_assert(isfinite(p.max_distance) && p.max_distance > 0);
    ck_assert(p.shrunk > 0.01 && p.shrunk <= 1);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct tr_population p;
    enum an_code got = AN_NOMEM;
    long n = 0;

    cohort((const size_t[TR_N_SPLITS]){100, 100, 0}, 5);
    for (; got == AN_NOMEM && n < 100; n++) {
        const struct an_mark mark = an_arena_mark(&t.arena);

        t.arena.fail_after = n;
        got = tr_population(&t.arena, &t.data, &p, NULL);
        an_arena_rewind(&t.arena, mark);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 3);
}
END_TEST

/* What the trainer writes is what the runtime reads, and what it refuses is
 * what the judgement says. */
START_TEST(a_package_refuses_whom_its_judgement_says)
{
    const struct judged_how how = {.n = {400, 600, 3000}, .end_days = 2000};
    struct tr_package_how package = {
        .name = AN_STR("far"),
        .version = AN_STR("1"),
        .limits = {.min_positions = 2, .max_age_years = 54.8}};
    static struct tr_package_files files;
    struct tr_population population;
    struct tr_judgement made;
    struct tr_fitted fitted;
    struct rt_package opened;
    struct an_public_key key;
    struct test_folder out;
    struct judged j;
    struct tr_data data;
    double scratch[JUDGED_WIDE];
    size_t far = 0;

    openblas_set_num_threads(1);
    judged_begin(&j);
    test_folder_make(&out);
    judged_write_data(&j, &how);
    judged_write_model(&j, NULL);
    ck_assert_int_eq(tr_data_open(&data, &j.arena, j.folder.path, NULL), AN_OK);
    ck_assert_int_eq(
        tr_fitted_open(&fitted, &j.arena, j.folder.path, &data, NULL), AN_OK);
    ck_assert_int_eq(tr_judge(&j.arena, &data, &fitted, &made, NULL), AN_OK);
    ck_assert_ptr_null(made.refusals);
    ck_assert_int_eq(tr_population(&j.arena, &data, &population, NULL), AN_OK);
    package.population = population.of;
    package.limits.max_distance = population.max_distance;
    ck_assert_int_eq(tr_judge_refusals(&j.arena, &data, &package.limits,
                                       &package.population, &made, NULL),
                     AN_OK);
    ck_assert_int_eq(tr_package_write(&j.arena, &data, &fitted, &made, &package,
                                      out.path, &key, NULL),
                     AN_OK);
    ck_assert_int_eq(
        tr_package_open(&opened, &j.arena, out.path, &key, &files, NULL),
        AN_OK);
    ck_assert_double_eq_tol(opened.manifest.limits.max_distance,
                            population.max_distance, 1e-8);
    for (size_t q = 0; q < made.test.n; q++)
        far += rt_abstain_far(&opened.manifest.limits,
                              rt_distance(&opened.manifest.population,
                                          data.cohort.wide +
                                              made.test.row[q] * JUDGED_WIDE,
                                          scratch)) != CTX_ABSTAIN_NONE;
    ck_assert_uint_gt(far, 3);
    ck_assert_uint_lt(far, 45);
    ck_assert_uint_eq(made.refusals->by[CTX_ABSTAIN_UNLIKE_TRAINING], far);
    ck_assert_uint_eq(made.refusals->by[CTX_ABSTAIN_NONE], made.test.n - far);
    for (size_t i = 0; i < made.n; i++)
        ck_assert_uint_eq(made.refusals->answered[i].n +
                              made.refusals->refused[i].n,
                          made.verdict[i].n);
    ck_assert(made.refusals->answered[0].auroc > 0.6);
    ck_assert_double_eq_tol(made.refusals->answered[0].risk,
                            made.refusals->answered[0].share, 0.05);
    tr_package_close(&files);
    tr_fitted_close(&fitted);
    tr_data_close(&data);
    test_folder_drop(&out);
    judged_end(&j);
}
END_TEST

Suite *trainer_population_suite(void)
{
    const TTest *const tests[] = {
        as_many_are_refused_as_is_meant,
        who_is_planted_outside_is_refused_and_the_ordinary_are_not,
        the_factor_is_that_of_the_shrunk_covariance,
        too_few_people_make_no_limit,
        more_features_than_people_make_a_limit_too,
        survives_each_failed_allocation,
        a_package_refuses_whom_its_judgement_says,
    };

    return test_suite_around("trainer/population", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Fitting with differential privacy: whom a step takes, what a person can
 * change, how much noise there is. */
#include "tests/invented_cohort.h"
#include "tests/suite.h"
#include "trainer/fit/adamw.h"
#include "trainer/fit/backward.h"
#include "trainer/fit/fit.h"
#include "trainer/privacy/start.h"
#include "trainer/random.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Suite *trainer_privacy_suite(void);

static const uint8_t key_a[TR_SECRET_BYTES] = {1, 2, 3};
static const uint8_t key_b[TR_SECRET_BYTES] = {1, 2, 4};

static struct tr_settings small(void)
{
    struct tr_settings s;

    tr_settings_init(&s);
    s.epochs = 2;
    s.layers = 1;
    s.channels = 16;
    s.heads = 2;
    s.positions = 6;
    s.rank = 2;
    s.wide_rate = 1;
    s.dp_noise = 1;
    s.dp_clip = 0.5;
    s.dp_people = 20;
    return s;
}

/* ---- people -------------------------------------------------------------- */

/* Patients 2 i and 2 i + 1 of an invented cohort are one person; the second of
 * each is written after all the first ones. */
static void pair_up(const char *path, size_t n)
{
    struct tr_cohort_writer w;
    struct tr_cohort c;

    invent_cohort(path, n, 5);
    ck_assert_int_eq(tr_cohort_open(&c, path, NULL), AN_OK);
    tr_cohort_writer_init(&w, &c.sizes);
    for (size_t k = 0; k < 2 * (n / 2); k++) {
        const size_t i = k < n / 2 ? 2 * k : 2 * (k - n / 2) + 1;
        const struct tr_patient *p = &c.patient[i];
        const struct tr_cohort_one one = {
            .key = i / 2,
            .split = (enum tr_split)c.patient[2 * (i / 2)].split,
            .history = tr_cohort_history(&c, i),
            .start_days = p->start_days,
            .end_days = p->end_days,
            .query = c.query + p->first_query,
            .follow_up = c.follow_up + p->first_query * c.sizes.outcomes,
            .wide = c.wide + p->first_query * c.sizes.wide,
            .n_queries = p->n_queries};

        ck_assert_int_eq(tr_cohort_add(&w, &one, NULL), AN_OK);
    }
    tr_cohort_close(&c);
    ck_assert_int_eq(tr_cohort_write(&w, path, NULL), AN_OK);
    tr_cohort_writer_release(&w);
}

START_TEST(people_are_taken_whole_and_at_the_rate_that_is_said)
{
    enum { STEPS = 2000 };
    struct tr_settings settings = small();
    struct tr_private p;
    struct tr_cohort c;
    char path[64];
    double sum = 0, squares = 0, mean, variance;

    pair_up(invented_path(path), 400);
    ck_assert_int_eq(tr_cohort_open(&c, path, NULL), AN_OK);
    ck_assert_int_eq(tr_private_init(&p, &c, &settings, key_a, NULL), AN_OK);
    ck_assert_uint_eq(p.first[p.n_people], 2 * p.n_people);
    for (int i = 0; i < STEPS; i++) {
        double people;

        ck_assert_int_eq(tr_private_sample(&p, NULL), AN_OK);
        ck_assert_uint_eq(p.n_batch % 2, 0);
        for (size_t k = 0; k < p.n_batch; k += 2)
            ck_assert_uint_eq(c.patient[p.batch[k]].key,
                              c.patient[p.batch[k + 1]].key);
        for (size_t k = 0; k < p.n_batch; k++)
            ck_assert_uint_eq(c.patient[p.batch[k]].split, TR_TRAIN);
        people = (double)p.n_batch / 2;
        sum += people;
        squares += people * people;
    }
    mean = sum / STEPS;
    variance = squares / STEPS - mean * mean;
    /* Binomial: 20 expected; four standard errors. */
    ck_assert_double_eq_tol(mean, 20, 4 * sqrt(20.0 / STEPS));
    ck_assert_double_eq_tol(variance, 20 * (1 - p.step.rate),
                            4 * 20 * sqrt(2.0 / STEPS));
    tr_private_release(&p);
    tr_cohort_close(&c);
    invented_remove(path);
}
END_TEST

/* ---- clipping ------------------------------------------------------------ */

struct scene {
    char path[64];
    struct tr_cohort cohort;
    struct tr_fit fit;
};

static void open_scene(struct scene *s, size_t n, bool pairs,
                       const struct tr_settings *settings)
{
    struct an_err err;

    openblas_set_num_threads(1);
    if (pairs)
        pair_up(invented_path(s->path), n);
    else
        invent_cohort(invented_path(s->path), n, 11);
    ck_assert_int_eq(tr_cohort_open(&s->cohort, s->path, &err), AN_OK);
    ck_assert_int_eq(tr_fit_init(&s->fit, &s->cohort, settings, NULL, &err),
                     AN_OK);
}

static void close_scene(struct scene *s)
{
    tr_fit_release(&s->fit);
    tr_cohort_close(&s->cohort);
    invented_remove(s->path);
}

/* Give a fit a secret that is known, from its start on. */
static void tell(struct tr_fit *f, const uint8_t key[TR_SECRET_BYTES])
{
    tr_secret_release(&f->privacy.secret);
    ck_assert_int_eq(tr_secret_init(&f->privacy.secret, key, NULL), AN_OK);
    ck_assert_int_eq(tr_private_start(&f->params, f->cohort, &f->privacy, NULL),
                     AN_OK);
}

/* The team's sum over these patients; the caller frees it. */
static float *summed(struct tr_fit *f, const uint32_t *patient, size_t n,
                     double clip)
{
    const size_t bytes = f->params.n * sizeof(float);
    float *sum = malloc(bytes);

    ck_assert_ptr_nonnull(sum);
    ck_assert_int_eq(tr_team_clip(&f->team, clip, NULL), AN_OK);
    f->team.terms = (struct tr_terms){.rate_weight = 0.5F,
                                      .hazard_weight = 1,
                                      .rate_norm = 1,
                                      .hazard_norm = 1,
                                      .t_min_days = 1,
                                      .drop = 0.2F};
    f->team.patient = patient;
    f->team.training = true;
    f->team.hide = 0.2F;
    f->team.key = 77;
    (void)tr_team_run(&f->team, n);
    memcpy(sum, f->team.grad, bytes);
    return sum;
}

static double distance(const float *a, const float *b, uint64_t n)
{
    double sum = 0;

    for (uint64_t i = 0; i < n; i++) {
        const double d = (double)a[i] - (b ? (double)b[i] : 0);

        sum += d * d;
    }
    return sqrt(sum);
}

/* Each person alone, with no limit; clipped here, in double; summed. */
static void twin(struct tr_fit *f, const struct tr_private *p, size_t people,
                 double clip, double *sum, size_t *clipped)
{
    memset(sum, 0, f->params.n * sizeof(*sum));
    for (size_t i = 0; i < people; i++) {
        float *one = summed(f, p->patient + p->first[i],
                            p->first[i + 1] - p->first[i], 1e9);
        const double norm = distance(one, NULL, f->params.n);
        const double scale = norm > clip ? clip / norm : 1;

        *clipped += norm > clip;
        for (uint64_t k = 0; k < f->params.n; k++)
            sum[k] += scale * (double)one[k];
        free(one);
    }
}

START_TEST(the_sum_is_that_of_people_clipped_one_by_one)
{
    enum { PEOPLE = 40 };
    struct tr_settings settings = small();
    struct scene s;
    const struct tr_private *p = &s.fit.privacy;
    size_t n, clipped = 0;
    double *want, clip, off = 0, size = 0;
    float *first, *got;

    settings.threads = _i;
    open_scene(&s, 200, true, &settings);
    tell(&s.fit, key_a);
    want = calloc(s.fit.params.n, sizeof(*want));
    ck_assert_ptr_nonnull(want);
    /* As long as the first one's gradient: some are longer, some not. */
    first = summed(&s.fit, p->patient, p->first[1], 1e9);
    clip = distance(first, NULL, s.fit.params.n);
    n = p->first[PEOPLE];
    twin(&s.fit, p, PEOPLE, clip, want, &clipped);
    ck_assert_uint_gt(clipped, 4);
    ck_assert_uint_lt(clipped, PEOPLE - 4);
    got = summed(&s.fit, p->patient, n, clip);
    for (uint64_t i = 0; i < s.fit.params.n; i++) {
        off += pow((double)got[i] - want[i], 2);
        size += want[i] * want[i];
    }
    ck_assert_double_lt(sqrt(off), 1e-5 * sqrt(size));
    free(first);
    free(got);
    free(want);
    close_scene(&s);
}
END_TEST

/* Whoever it is, whatever is drawn, whichever thread has them. */
START_TEST(one_person_changes_the_sum_by_the_clip_at_most)
{
    const double clip = 0.3;
    struct tr_settings settings = small();
    struct scene s;
    const struct tr_private *p = &s.fit.privacy;
    double most = 0;
    uint32_t *without;
    float *all;
    size_t n;

    settings.threads = 2;
    open_scene(&s, 60, true, &settings);
    tell(&s.fit, key_a);
    n = p->first[p->n_people];
    without = calloc(n, sizeof(*without));
    ck_assert_ptr_nonnull(without);
    all = summed(&s.fit, p->patient, n, clip);
    for (size_t i = 0; i < p->n_people; i++) {
        const size_t from = p->first[i], to = p->first[i + 1];
        float *rest;
        double d;

        memcpy(without, p->patient, from * sizeof(*without));
        memcpy(without + from, p->patient + to, (n - to) * sizeof(*without));
        rest = summed(&s.fit, without, n - (to - from), clip);
        d = distance(all, rest, s.fit.params.n);
        ck_assert_double_le(d, clip * (1 + 1e-5));
        most = fmax(most, d);
        free(rest);
    }
    /* Some do use what they are given. */
    ck_assert_double_gt(most, 0.9 * clip);
    free(all);
    free(without);
    close_scene(&s);
}
END_TEST

/* |sum_t b_t a_t'|^2 = sum_{s,t} (a_s . a_t)(b_s . b_t), which is how a norm is
 * had without the gradient (Goodfellow 2015; Li et al. 2022). */
START_TEST(linear_gradients_are_as_long_as_their_ghost)
{
    enum { T = 9, D = 24, C = 16 };
    float x[T * D], dy[T * C], dw[C * D] = {0};
    double ghost = 0;

    for (int i = 0; i < T * D; i++)
        x[i] = (float)tr_draw_normal(1, (uint64_t)i);
    for (int i = 0; i < T * C; i++)
        dy[i] = (float)tr_draw_normal(2, (uint64_t)i);
    tr_linear_back(NULL, false, dw, dy, x, NULL, T, C, D);
    for (int s = 0; s < T; s++)
        for (int t = 0; t < T; t++) {
            double a = 0, b = 0;

            for (int i = 0; i < D; i++)
                a += (double)x[s * D + i] * (double)x[t * D + i];
            for (int i = 0; i < C; i++)
                b += (double)dy[s * C + i] * (double)dy[t * C + i];
            ghost += a * b;
        }
    ck_assert_double_eq_tol(
        tr_gradient_length(dw, (uint64_t)C * D) / sqrt(ghost), 1, 1e-5);
}
END_TEST

START_TEST(nobody_counts_for_more_at_the_start)
{
    struct tr_settings settings = small();
    struct scene s;
    const struct tr_private *p = &s.fit.privacy;
    const struct rt_shape *shape = &s.fit.params.model.shape;
    double longest = 0;

    open_scene(&s, 200, true, &settings);
    for (size_t i = 0; i < p->n_people; i++) {
        double vector[64], sum = 0;

        ck_assert_uint_le(tr_start_n(shape), 64);
        tr_start_of(&s.cohort, shape, p->patient + p->first[i],
                    p->first[i + 1] - p->first[i], vector);
        for (size_t k = 0; k < tr_start_n(shape); k++)
            sum += vector[k] * vector[k];
        longest = fmax(longest, sqrt(sum));
    }
    ck_assert_double_le(longest, sqrt(2) * (1 + 1e-12));
    ck_assert_double_gt(longest, 1);
    close_scene(&s);
}
END_TEST

/* With little noise the start is near the rates of the cohort, and without a
 * start it is the same whoever the people are. */
START_TEST(the_start_is_of_blurred_counts_or_of_nothing)
{
    struct tr_settings settings = small();
    const float *rate, *hazard;
    struct scene s;

    settings.dp_start = 0.01;
    open_scene(&s, 1000, false, &settings);
    rate = s.fit.params.model.w.rate_bias;
    hazard = s.fit.params.model.w.hazard_bias;
    /* Few have AFTER, all have COMMON. */
    ck_assert_double_gt((double)rate[INV_COMMON], (double)rate[INV_AFTER] + 1);
    ck_assert_double_gt((double)hazard[0], -12);
    ck_assert_double_lt((double)hazard[0], -5);
    close_scene(&s);

    settings.dp_start = 0;
    open_scene(&s, 1000, false, &settings);
    rate = s.fit.params.model.w.rate_bias;
    hazard = s.fit.params.model.w.hazard_bias;
    ck_assert_double_eq_tol(
        (double)rate[INV_AFTER],
        -log(TR_START_RATE_DAYS * s.fit.params.model.shape.targets), 1e-5);
    ck_assert_double_eq_tol((double)rate[INV_COMMON], (double)rate[INV_AFTER],
                            1e-9);
    ck_assert_double_eq_tol((double)hazard[0], -log(TR_START_HAZARD_DAYS),
                            1e-5);
    /* And it costs nothing. */
    ck_assert_double_lt(tr_private_spent(&s.fit.privacy, 0).epsilon, 1e-12);
    close_scene(&s);
}
END_TEST

/* ---- the fit ------------------------------------------------------------- */

static float *run(const struct tr_settings *settings, const uint8_t *key,
                  size_t *bytes)
{
    struct scene s;
    float *value;

    open_scene(&s, 150, false, settings);
    if (key)
        tell(&s.fit, key);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(tr_fit_step(&s.fit, NULL), AN_OK);
    *bytes = s.fit.params.n * sizeof(*value);
    value = malloc(*bytes);
    ck_assert_ptr_nonnull(value);
    memcpy(value, s.fit.params.value, *bytes);
    close_scene(&s);
    return value;
}

START_TEST(nothing_but_the_secret_is_left_to_chance)
{
    struct tr_settings settings = small();
    size_t n;
    float *a, *b, *c, *d, *e;

    settings.threads = 2;
    a = run(&settings, key_a, &n);
    b = run(&settings, key_a, &n);
    c = run(&settings, key_b, &n);
    d = run(&settings, NULL, &n);
    e = run(&settings, NULL, &n);
    ck_assert_mem_eq(a, b, n);
    ck_assert_mem_ne(a, c, n);
    ck_assert_mem_ne(d, e, n);
    free(a);
    free(b);
    free(c);
    free(d);
    free(e);
}
END_TEST

/* So much noise that what the optimiser sees is nothing else: its size is what
 * the settings say, whatever the data. */
START_TEST(noise_hides_the_gradient)
{
    struct tr_settings settings = small();
    struct scene s;
    double squares = 0;

    settings.dp_noise = 1000;
    open_scene(&s, 150, false, &settings);
    ck_assert_int_eq(tr_fit_step(&s.fit, NULL), AN_OK);
    for (uint64_t i = 0; i < s.fit.params.n; i++)
        squares += pow((double)s.fit.team.grad[i], 2);
    /* noise * clip / expected people. */
    ck_assert_double_eq_tol(sqrt(squares / (double)s.fit.params.n),
                            1000 * 0.5 / 20, 0.1 * 25);
    close_scene(&s);
}
END_TEST

START_TEST(a_step_without_anybody_is_a_step)
{
    struct tr_settings settings = small();
    struct scene s;

    settings.dp_people = 1;
    settings.epochs = 1;
    open_scene(&s, 20, false, &settings);
    ck_assert_int_eq(s.fit.privacy.step.steps, 14);
    for (int i = 0; i < 14; i++) {
        ck_assert(!tr_fit_done(&s.fit));
        ck_assert_int_eq(tr_fit_step(&s.fit, NULL), AN_OK);
    }
    ck_assert(tr_fit_done(&s.fit));
    ck_assert(s.fit.epoch_ended);
    ck_assert_int_eq(s.fit.progress.best_epoch, 1);
    ck_assert(isnan(s.fit.epoch.tune) && isnan(s.fit.epoch.tune_hazard));
    close_scene(&s);
}
END_TEST

START_TEST(epsilon_finds_the_noise)
{
    struct tr_settings settings = small();
    struct scene s;
    double spent;

    settings.dp_noise = 0;
    settings.dp_epsilon = 3;
    open_scene(&s, 1000, false, &settings);
    ck_assert_double_gt(s.fit.settings.dp_noise, 0.3);
    spent = tr_private_spent(&s.fit.privacy, s.fit.privacy.step.steps).epsilon;
    ck_assert_double_le(spent, 3);
    ck_assert_double_gt(spent, 2.95);
    /* The start alone costs something. */
    ck_assert_double_gt(tr_private_spent(&s.fit.privacy, 0).epsilon, 0);
    close_scene(&s);
}
END_TEST

/* A private fit learns what was planted: HARM multiplies outcome 0 by 6. */
START_TEST(much_is_learned_with_little_noise)
{
    struct tr_settings settings = small();
    struct tr_sums before, after;
    struct scene s;

    settings.dp_noise = 0.6;
    settings.dp_clip = 1;
    settings.dp_people = 200;
    settings.epochs = 20;
    settings.rate = 1e-2;
    open_scene(&s, 3000, false, &settings);
    before = tr_fit_score(&s.fit, s.fit.tune, s.fit.n_tune);
    while (!tr_fit_done(&s.fit))
        ck_assert_int_eq(tr_fit_step(&s.fit, NULL), AN_OK);
    tr_fit_take_best(&s.fit);
    after = tr_fit_score(&s.fit, s.fit.tune, s.fit.n_tune);
    ck_assert_double_lt(tr_fit_loss(&s.fit, &after),
                        tr_fit_loss(&s.fit, &before) - 0.02);
    ck_assert_double_gt((double)s.fit.params.model.w.wide[1], 0.5);
    close_scene(&s);
}
END_TEST

/* ---- refusals ------------------------------------------------------------ */

START_TEST(settings_that_keep_nothing_are_refused)
{
    static const struct {
        double noise, epsilon, delta, clip;
        int64_t people;
        enum an_code code;
    } bad[] = {
        {1, 2, 1e-5, 1, 20, AN_CONFIG}, {1, 0, 0, 1, 20, AN_CONFIG},
        {1, 0, 0.05, 1, 20, AN_CONFIG}, {1, 0, 1e-5, 0, 20, AN_CONFIG},
        {1, 0, 1e-5, 1, 71, AN_CONFIG}, {0, 1e-6, 1e-5, 1, 20, AN_LIMIT}};
    const struct tr_ranks two = {0, 2};
    struct tr_settings settings = small();
    struct tr_cohort c;
    struct tr_fit f;
    struct an_err err;
    char path[64];

    invent_cohort(invented_path(path), 100, 11);
    ck_assert_int_eq(tr_cohort_open(&c, path, NULL), AN_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        settings.dp_noise = bad[i].noise;
        settings.dp_epsilon = bad[i].epsilon;
        settings.dp_delta = bad[i].delta;
        settings.dp_clip = bad[i].clip;
        settings.dp_people = bad[i].people;
        ck_assert_int_eq(tr_fit_init(&f, &c, &settings, NULL, &err),
                         bad[i].code);
        ck_assert_ptr_nonnull(err.what);
    }
    settings = small();
    settings.threads = 2;
    ck_assert_int_eq(tr_fit_init(&f, &c, &settings, &two, &err),
                     AN_UNSUPPORTED);
    tr_cohort_close(&c);
    invented_remove(path);
}
END_TEST

Suite *trainer_privacy_suite(void)
{
    const TTest *const tests[] = {
        people_are_taken_whole_and_at_the_rate_that_is_said,
        one_person_changes_the_sum_by_the_clip_at_most,
        linear_gradients_are_as_long_as_their_ghost,
        nobody_counts_for_more_at_the_start,
        the_start_is_of_blurred_counts_or_of_nothing,
        nothing_but_the_secret_is_left_to_chance,
        noise_hides_the_gradient,
        a_step_without_anybody_is_a_step,
        epsilon_finds_the_noise,
        much_is_learned_with_little_noise,
        settings_that_keep_nothing_are_refused,
    };
    Suite *s = TEST_SUITE("trainer/privacy", tests);
    TCase *threads = tcase_create("threads");

    tcase_add_loop_test(threads, the_sum_is_that_of_people_clipped_one_by_one,
                        1, 4);
    suite_add_tcase(s, threads);
    return s;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Fitting, on an invented cohort whose structure is known. */
#include "runtime/forward.h"
#include "tests/invented_cohort.h"
#include "tests/suite.h"
#include "trainer/file.h"
#include "trainer/fit/fit.h"
#include "trainer/random.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Suite *trainer_fit_suite(void);

static struct tr_settings small(void)
{
    struct tr_settings s;

    tr_settings_init(&s);
    s.epochs = 8;
    s.batch_rows = 400;
    s.layers = 2;
    s.channels = 32;
    s.heads = 2;
    s.positions = 12;
    s.rank = 4;
    s.rate = 3e-3;
    return s;
}

struct scene {
    char path[64];
    struct tr_cohort cohort;
    struct tr_fit fit;
};

static void open_scene(struct scene *s, size_t n,
                       const struct tr_settings *settings)
{
    struct an_err err;

    openblas_set_num_threads(1);
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

static void steps(struct tr_fit *f, int n)
{
    while (n-- && !tr_fit_done(f))
        ck_assert_int_eq(tr_fit_step(f, NULL), AN_OK);
}

/* Bin 90-365 of an outcome, for each test patient. */
static size_t predict(struct scene *s, int outcome, double *log_hazard,
                      size_t *patient)
{
    struct an_arena arena;
    struct rt_workspace ws;
    size_t n = 0;

    an_arena_init(&arena, 64 << 20);
    ck_assert_int_eq(
        rt_workspace_init(&ws, &arena, &s->fit.params.model.shape, 32, 1, NULL),
        AN_OK);
    for (size_t i = 0; i < s->cohort.n_patients; i++) {
        const struct rt_history h = tr_cohort_history(&s->cohort, i);
        const struct rt_query q = {(uint32_t)h.n_positions - 1,
                                   s->cohort.wide +
                                       2 * s->cohort.patient[i].first_query};
        const struct rt_ask ask = {&h, &q, 1};

        if (s->cohort.patient[i].split != TR_TEST)
            continue;
        ck_assert_int_eq(rt_forward(&s->fit.params.model, &ws, &ask, 1,
                                    RT_WANT_HAZARDS, NULL),
                         AN_OK);
        log_hazard[n] = (double)ws.log_hazard_qkj[outcome * 6 + 4];
        patient[n++] = i;
    }
    an_arena_free(&arena);
    return n;
}

/* Share of pairs, one with the event by day 400 and one without, that are in
 * the right order. */
static double concordance(const struct scene *s, int outcome,
                          const double *score, const size_t *patient, size_t n)
{
    double right = 0, all = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            const struct tr_follow_up *a = &s->cohort.follow_up[3 * patient[i]];
            const struct tr_follow_up *b = &s->cohort.follow_up[3 * patient[k]];

            if (!a[outcome].event || b[outcome].to_days <= a[outcome].to_days)
                continue;
            all++;
            right += score[i] > score[k] ? 1 : 0;
        }
    return right / all;
}

START_TEST(learns_what_was_planted)
{
    enum { N = 3000 };
    static double risk[N];
    static size_t patient[N];
    struct tr_settings settings = small();
    struct scene s;
    struct tr_sums before;
    double harm[2] = {0, 0}, count[2] = {0, 0}, up = 0, same = 0;
    size_t n;

    settings.wide_folds = 0; /* the trunk has to find HARM by itself */
    open_scene(&s, N, &settings);
    before = tr_fit_score(&s.fit, s.fit.tune, s.fit.n_tune);
    steps(&s.fit, 100000);
    tr_fit_take_best(&s.fit);

    ck_assert_double_lt(s.fit.progress.best_loss,
                        tr_fit_loss(&s.fit, &before) - 0.02);
    /* Outcome 0: HARM multiplies its hazard by 6. */
    n = predict(&s, 0, risk, patient);
    for (size_t i = 0; i < n; i++) {
        const int h = invented_harm(&s.cohort, patient[i]) ? 1 : 0;

        harm[h] += risk[i];
        count[h]++;
    }
    ck_assert_double_gt(harm[1] / count[1] - harm[0] / count[0], log(3));
    ck_assert_double_gt(concordance(&s, 0, risk, patient, n), 0.62);
    /* Outcome 1: the hazard is e^lab. */
    n = predict(&s, 1, risk, patient);
    for (size_t i = 1; i < n; i++) {
        const double d = (double)invented_lab(&s.cohort, patient[i]) -
                         (double)invented_lab(&s.cohort, patient[i - 1]);

        if (fabs(d) > 0.5) {
            same += (risk[i] - risk[i - 1]) * d > 0 ? 1 : 0;
            up++;
        }
    }
    ck_assert_double_gt(same / up, 0.85);
    ck_assert_double_gt(concordance(&s, 1, risk, patient, n), 0.66);
    close_scene(&s);
}
END_TEST

START_TEST(knows_what_comes_next)
{
    struct tr_settings settings = small();
    struct scene s;
    struct an_arena arena;
    struct rt_workspace ws;
    double with = 0, without = 0, n_with = 0, n_without = 0;

    settings.rate_weight = 1;
    settings.hazard_weight = 0;
    open_scene(&s, 2000, &settings);
    steps(&s.fit, 100000);
    an_arena_init(&arena, 64 << 20);
    ck_assert_int_eq(
        rt_workspace_init(&ws, &arena, &s.fit.params.model.shape, 32, 1, NULL),
        AN_OK);
    for (size_t i = 0; i < s.cohort.n_patients; i++) {
        struct rt_history h = tr_cohort_history(&s.cohort, i);
        const float wide[2] = {0, 0};
        const struct rt_query q = {(uint32_t)h.n_positions - 2, wide};
        const struct rt_ask ask = {&h, &q, 1};
        const struct rt_position *p = &h.position[h.n_positions - 2];
        bool harm = false;

        for (uint32_t k = 0; k < p->n_items; k++)
        harm |= h.item[p->first_item + k].concept == INV_HARM;
        if (s.cohort.patient[i].split != TR_TEST)
            continue;
        ck_assert_int_eq(
            rt_forward(&s.fit.params.model, &ws, &ask, 1, RT_WANT_RATES, NULL),
            AN_OK);
        *(harm ? &with : &without) += (double)ws.log_rate_qv[INV_AFTER];
        *(harm ? &n_with : &n_without) += 1;
    }
    /* About e^4 times the rate in truth. */
    ck_assert_double_gt(n_with, 5);
    ck_assert_double_gt(with / n_with - without / n_without, 2);
    an_arena_free(&arena);
    close_scene(&s);
}
END_TEST

/* HARM multiplies the hazard of outcome 0 by 6, and is the second feature;
 * neither feature moves outcome 2. */
START_TEST(the_wide_branch_starts_at_its_regression)
{
    struct tr_settings settings = small();
    struct scene s;
    const struct rt_model *m = &s.fit.params.model;
    struct tr_sums with, without;
    float kept[6];

    open_scene(&s, 3000, &settings);
    ck_assert_double_eq_tol((double)m->w.wide[1], log(6), 0.35);
    ck_assert_double_lt(fabs((double)m->w.wide[0]), 0.15);
    ck_assert_double_lt(fabs((double)m->w.wide[4]), 0.15);
    ck_assert_double_lt(fabs((double)m->w.wide[5]), 0.15);
    with = tr_fit_score(&s.fit, s.fit.tune, s.fit.n_tune);
    memcpy(kept, m->w.wide, sizeof(kept));
    steps(&s.fit, 3);
    /* wide_rate is 0: it stays. */
    ck_assert_mem_eq(kept, m->w.wide, sizeof(kept));
    close_scene(&s);

    settings.wide_folds = 0;
    open_scene(&s, 3000, &settings);
    ck_assert(!(fabsf(m->w.wide[1]) > 0));
    without = tr_fit_score(&s.fit, s.fit.tune, s.fit.n_tune);
    ck_assert_double_lt(with.loss.hazard, without.loss.hazard);
    close_scene(&s);
}
END_TEST

START_TEST(what_is_judged_is_the_mean_of_the_last_steps)
{
    struct tr_settings settings = small();
    struct scene s;
    struct tr_sums sums;
    double away = 0;

    settings.average = 2;
    open_scene(&s, 200, &settings);
    do {
        steps(&s.fit, 1);
    } while (!s.fit.epoch_ended);
    for (uint64_t i = 0; i < s.fit.params.n; i++)
        away += fabs((double)s.fit.mean[i] - (double)s.fit.params.value[i]);
    ck_assert_double_gt(away, 0);
    memcpy(s.fit.params.value, s.fit.mean, s.fit.params.n * sizeof(float));
    sums = tr_fit_score(&s.fit, s.fit.tune, s.fit.n_tune);
    ck_assert_double_eq_tol(s.fit.epoch.tune, tr_fit_loss(&s.fit, &sums), 1e-9);
    close_scene(&s);

    settings.average = 0;
    open_scene(&s, 200, &settings);
    steps(&s.fit, 3);
    ck_assert_mem_eq(s.fit.mean, s.fit.params.value,
                     s.fit.params.n * sizeof(float));
    close_scene(&s);
}
END_TEST

/* What the trunk found of HARM is believed; turned round, it is not, and that
 * moves no other outcome. */
START_TEST(the_trunk_says_as_much_as_tuning_bears_out)
{
    struct tr_settings settings = small();
    double right[RT_MAX_OUTCOMES], wrong[RT_MAX_OUTCOMES];
    struct scene s;
    const struct rt_model *m = &s.fit.params.model;
    const struct rt_tensor *level, *mix;

    settings.wide_folds = 0;
    open_scene(&s, 1500, &settings);
    steps(&s.fit, 100000);
    tr_fit_take_best(&s.fit);
    tr_fit_share(&s.fit, right);
    ck_assert_double_ge(right[0], 0.5);
    level = &s.fit.params.tensor[RT_W_hazard_level];
    mix = &s.fit.params.tensor[RT_W_hazard_mix];
    ck_assert_double_eq_tol((double)m->w.hazard_level[3],
                            right[0] * (double)s.fit.best[level->first + 3],
                            1e-7);
    for (int32_t i = 0; i < level->cols; i++)
        s.fit.best[level->first + (uint64_t)i] *= -1;
    for (int32_t i = 0; i < mix->cols; i++)
        s.fit.best[mix->first + (uint64_t)i] *= -1;
    tr_fit_take_best(&s.fit);
    tr_fit_share(&s.fit, wrong);
    ck_assert(!(wrong[0] > 0));
    ck_assert(!(fabsf(m->w.hazard_level[3]) > 0));
    ck_assert_double_eq_tol(wrong[1], right[1], 1e-12);
    s.fit.n_tune = 0;
    tr_fit_take_best(&s.fit);
    tr_fit_share(&s.fit, wrong);
    ck_assert_double_eq_tol(wrong[0], 1, 1e-12);
    close_scene(&s);
}
END_TEST

/* Parameters, and their mean, after some steps. */
static float *run(const struct tr_settings *settings, int n, size_t *size)
{
    struct scene s;
    size_t half;
    float *value;

    open_scene(&s, 200, settings);
    steps(&s.fit, n);
    half = s.fit.params.n * sizeof(float);
    *size = 2 * half;
    value = malloc(*size);
    ck_assert_ptr_nonnull(value);
    memcpy(value, s.fit.params.value, half);
    memcpy(value + s.fit.params.n, s.fit.mean, half);
    close_scene(&s);
    return value;
}

START_TEST(same_seed_and_threads_give_the_same_bits)
{
    struct tr_settings settings = small();
    size_t size;
    float *a, *b, *c;

    settings.threads = _i;
    a = run(&settings, 8, &size);
    b = run(&settings, 8, &size);
    settings.seed = 2;
    c = run(&settings, 8, &size);
    ck_assert_mem_eq(a, b, size);
    ck_assert_int_ne(memcmp(a, c, size), 0);
    free(a);
    free(b);
    free(c);
}
END_TEST

START_TEST(threads_change_sums_by_rounding_only)
{
    struct tr_settings settings = small();
    struct scene s[2];
    double away = 0, size = 0;

    settings.drop = settings.hide = 0;
    for (int i = 0; i < 2; i++) {
        settings.threads = 1 + 2 * i;
        open_scene(&s[i], 200, &settings);
        steps(&s[i].fit, 1);
    }
    for (uint64_t k = 0; k < s[0].fit.params.n; k++) {
        const double a = (double)s[0].fit.team.grad[k];
        const double b = (double)s[1].fit.team.grad[k];

        away += (a - b) * (a - b);
        size += a * a;
    }
    ck_assert_double_gt(size, 0);
    ck_assert_double_lt(sqrt(away / size), 1e-5);
    ck_assert_double_lt(fabs(s[0].fit.last_loss - s[1].fit.last_loss), 1e-6);
    for (int i = 0; i < 2; i++)
        close_scene(&s[i]);
}
END_TEST

START_TEST(an_epoch_says_its_own_mean_loss)
{
    struct tr_settings settings = small();
    struct scene s;
    double sum, rows;

    open_scene(&s, 200, &settings);
    for (int epoch = 0; epoch < 2; epoch++) {
        sum = rows = 0;
        do {
            steps(&s.fit, 1);
            sum += s.fit.last_loss * (double)s.fit.last_rows;
            rows += (double)s.fit.last_rows;
        } while (!s.fit.epoch_ended);
        ck_assert_double_lt(fabs(s.fit.epoch.train - sum / rows), 1e-9);
        ck_assert(rows >= (double)s.fit.rows_per_epoch);
    }
    close_scene(&s);
}
END_TEST

START_TEST(resuming_changes_no_bit)
{
    struct tr_settings settings = small();
    struct scene s;
    char path[64];
    size_t size;
    float *whole = run(&settings, 20, &size);

    invented_path(path);
    open_scene(&s, 200, &settings);
    steps(&s.fit, 9);
    ck_assert_int_eq(tr_fit_save(&s.fit, path, NULL), AN_OK);
    close_scene(&s);
    open_scene(&s, 200, &settings);
    ck_assert_int_eq(tr_fit_load(&s.fit, path, NULL), AN_OK);
    ck_assert_int_eq(s.fit.progress.step, 9);
    ck_assert(s.fit.course->n && s.fit.course->n == s.fit.progress.epoch);
    steps(&s.fit, 11);
    ck_assert_mem_eq(whole, s.fit.params.value, size / 2);
    ck_assert_mem_eq(whole + s.fit.params.n, s.fit.mean, size / 2);
    close_scene(&s);
    free(whole);
    invented_remove(path);
}
END_TEST

START_TEST(a_checkpoint_of_something_else_is_refused)
{
    struct tr_settings settings = small();
    struct scene s;
    struct an_str file;
    char path[64], *copy;

    invented_path(path);
    open_scene(&s, 200, &settings);
    ck_assert_int_eq(tr_fit_save(&s.fit, path, NULL), AN_OK);
    close_scene(&s);
    settings.decay = 0.06;
    open_scene(&s, 200, &settings);
    ck_assert_int_eq(tr_fit_load(&s.fit, path, NULL), AN_CONFLICT);
    close_scene(&s);
    /* As many bins at other times: the same number of parameters. */
    settings.decay = 0.05;
    settings.bin_edge_days[5]++;
    open_scene(&s, 200, &settings);
    ck_assert_int_eq(tr_fit_load(&s.fit, path, NULL), AN_CONFLICT);
    ck_assert_int_eq(tr_file_map(path, &file, NULL), AN_OK);
    copy = malloc(file.n);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, file.p, file.n);
    copy[file.n / 2] = (char)(copy[file.n / 2] ^ 1);
    ck_assert_int_eq(tr_file_write(path, (struct an_str){copy, file.n}, NULL),
                     AN_OK);
    ck_assert_int_eq(tr_fit_load(&s.fit, path, NULL), AN_INTEGRITY);
    ck_assert_int_eq(tr_fit_load(&s.fit, "/nonexistent/x", NULL), AN_NOTFOUND);
    free(copy);
    tr_file_unmap(file);
    close_scene(&s);
    invented_remove(path);
}
END_TEST

START_TEST(stops_when_the_loss_is_no_number)
{
    struct tr_settings settings = small();
    struct scene s;
    struct an_err err;
    char text[256];

    open_scene(&s, 200, &settings);
    steps(&s.fit, 2);
    s.fit.params.value[s.fit.params.tensor[RT_W_age].first] = NAN;
    ck_assert_int_eq(tr_fit_step(&s.fit, &err), AN_TYPE);
    ck_assert_uint_eq(err.where.line, 3);
    ck_assert_uint_gt(an_err_print(&err, text, sizeof(text)), 0);
    ck_assert_int_eq(s.fit.progress.step, 2);
    close_scene(&s);
}
END_TEST

START_TEST(a_cohort_without_training_patients_is_refused)
{
    struct tr_settings settings = small();
    struct tr_cohort c;
    struct tr_fit f;
    char path[64];

    invent_cohort(invented_path(path), 1, 1);
    ck_assert_int_eq(tr_cohort_open(&c, path, NULL), AN_OK);
    ck_assert_int_eq(tr_fit_init(&f, &c, &settings, NULL, NULL), AN_OK);
    tr_fit_release(&f);
    {
        struct tr_patient p = c.patient[0];
        struct tr_cohort other = c;

        p.split = TR_TEST;
        other.patient = &p;
        ck_assert_int_eq(tr_fit_init(&f, &other, &settings, NULL, NULL),
                         AN_MISSING);
    }
    tr_cohort_close(&c);
    invented_remove(path);
}
END_TEST

static const struct {
    const char *name, *value;
    enum an_code code;
} said[] = {{"batch_rows", "128", AN_OK},
            {"batch-rows", "128", AN_OK},
            {"rate", "0.002", AN_OK},
            {"rate", "fast", AN_TYPE},
            {"epochs", "2.5", AN_TYPE},
            {"epochs", "0", AN_LIMIT},
            {"drop", "1.5", AN_LIMIT},
            {"batchrows", "128", AN_NOTFOUND},
            {"epochs", "-1", AN_TYPE},
            {"", "1", AN_NOTFOUND},
            {"bins", "0", AN_OK},
            {"bins", "0,91,365", AN_OK},
            {"bins", "", AN_TYPE},
            {"bins", "0,", AN_TYPE},
            {"bins", "0,1.5", AN_TYPE},
            {"bins", "0,-1", AN_TYPE},
            {"bins", "1,7", AN_LIMIT},
            {"bins", "0,7,7", AN_LIMIT},
            {"bins", "0,9,8", AN_LIMIT},
            {"bins", "0,100001", AN_LIMIT},
            {"bins", "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15", AN_OK},
            {"bins", "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", AN_LIMIT}};

START_TEST(settings_are_checked)
{
    struct tr_settings s;

    tr_settings_init(&s);
    ck_assert_int_eq(tr_settings_set(&s, an_str_c(said[_i].name),
                                     an_str_c(said[_i].value), NULL),
                     said[_i].code);
    if (_i < 2)
        ck_assert_int_eq(s.batch_rows, 128);
}
END_TEST

START_TEST(bins_that_are_refused_change_nothing)
{
    struct tr_settings s, before;

    tr_settings_init(&s);
    ck_assert(s.bins == 6 && s.bin_edge_days[5] == 365);
    ck_assert_int_eq(
        tr_settings_set(&s, AN_STR("bins"), AN_STR("0,91,365"), NULL), AN_OK);
    ck_assert(s.bins == 3 && s.bin_edge_days[1] == 91);
    /* No rest of a longer list: it would be part of the fingerprint. */
    ck_assert_int_eq(s.bin_edge_days[5], 0);
    before = s;
    ck_assert_int_eq(tr_settings_set(&s, AN_STR("bins"), AN_STR("0,5,4"), NULL),
                     AN_LIMIT);
    ck_assert_mem_eq(&s, &before, sizeof(s));
}
END_TEST

START_TEST(draws_are_even_and_apart)
{
    const uint64_t key = tr_key(1, TR_DRAW_ORDER);
    static float x[10000];
    double mean = 0, square = 0;
    int n_dropped = 0;

    for (uint64_t i = 0; i < 10000; i++) {
        const double v = tr_draw_normal(key, i);

        mean += v / 10000;
        square += v * v / 10000;
        x[i] = 1;
    }
    ck_assert_double_lt(fabs(mean), 0.04);
    ck_assert_double_lt(fabs(square - 1), 0.05);
    tr_drop(x, 10000, 0.25F, key);
    for (int i = 0; i < 10000; i++) {
        n_dropped += x[i] > 0 ? 0 : 1;
        ck_assert(x[i] <= 0 || fabsf(x[i] - 4.0F / 3) < 1e-6F);
    }
    ck_assert_int_gt(n_dropped, 2300);
    ck_assert_int_lt(n_dropped, 2700);
    ck_assert_uint_ne(tr_key(1, 2), tr_key(2, 1));
}
END_TEST

Suite *trainer_fit_suite(void)
{
    const TTest *const test[] = {learns_what_was_planted,
                                 the_wide_branch_starts_at_its_regression,
                                 what_is_judged_is_the_mean_of_the_last_steps,
                                 the_trunk_says_as_much_as_tuning_bears_out,
                                 knows_what_comes_next,
                                 threads_change_sums_by_rounding_only,
                                 an_epoch_says_its_own_mean_loss,
                                 resuming_changes_no_bit,
                                 a_checkpoint_of_something_else_is_refused,
                                 stops_when_the_loss_is_no_number,
                                 a_cohort_without_training_patients_is_refused,
                                 bins_that_are_refused_change_nothing,
                                 draws_are_even_and_apart};
    Suite *s = TEST_SUITE("trainer/fit", test);
    TCase *tc = tcase_create("loops");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, same_seed_and_threads_give_the_same_bits, 1, 4);
    tcase_add_loop_test(tc, settings_are_checked, 0,
                        (int)(sizeof(said) / sizeof(*said)));
    suite_add_tcase(s, tc);
    return s;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Reasons of the default model, from timelines: what must not change them, and
 * what must. */
#include "runtime/predict.h"
#include "tests/model_random.h"
#include "tests/suite.h"
#include "trainer/package/package.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *trainer_reasons_suite(void);

#define DAY INT64_C(86400000000)

enum { N_EVENTS = 150, A_MOMENT = 3, PATIENTS = 4 };

static struct an_arena arena;
static struct tr_package_files files;
static struct rt_package package;
static struct rt_predictor predictor;
static struct ctx_event event[N_EVENTS + 1];

static void set_up(void)
{
    const char *top = getenv("top_srcdir");
    struct an_err err;
    char path[4096];

    openblas_set_num_threads(1);
    an_arena_init(&arena, 256 << 20);
    (void)snprintf(path, sizeof(path), "%s/config/model/default",
                   top ? top : "..");
    ck_assert_int_eq(
        tr_package_open(&package, &arena, path, NULL, &files, &err), AN_OK);
    ck_assert_int_eq(rt_predictor_init(&predictor, &arena, &package, &err),
                     AN_OK);
}

static void tear_down(void)
{
    tr_package_close(&files);
    an_arena_free(&arena);
}

/* A birth, then so many events at each moment, a month apart. */
static void invent(uint64_t seed, int a_moment)
{
    struct test_random r = {seed};
    const struct rt_vocabulary *v = &predictor.vocabulary;

    for (int i = 0; i < N_EVENTS; i++) {
        const double u = test_uniform(&r);
        const size_t row = (size_t)(u * u * (double)v->n_targets);
        const int64_t at = i / a_moment * 30 * DAY;

        event[i] = (struct ctx_event){.kind = CTX_OBSERVATION,
                                      .status = CTX_STATUS_FINAL,
                                      .effective = an_time_us(at),
                                      .available_us = at,
                                      .concept.code = v->concept[row].key};
        (void)an_str_cut(&event[i].concept.code, '|', &event[i].concept.system);
    }
    event[0] = (struct ctx_event){.kind = CTX_BIRTH,
                                  .status = CTX_STATUS_FINAL,
                                  .effective = an_time_us(-60 * 365 * DAY)};
}

/* The forecast of the first n events, in some order. */
static struct ctx_forecast ask(const size_t *order, size_t n)
{
    const struct ctx_event **list =
        an_arena_get(&arena, n, sizeof(const struct ctx_event *));
    const struct rt_manifest *m = &package.manifest;
    const int64_t now_us = N_EVENTS * 30 * DAY;
    struct rt_question question[RT_MAX_OUTCOMES];
    struct ctx_timeline t;
    struct ctx_forecast f;

    ck_assert_ptr_nonnull(list);
    for (size_t i = 0; i < n; i++)
        list[i] = &event[order ? order[i] : i];
    t = (struct ctx_timeline){list, n, now_us};
    for (int k = 0; k < m->shape.outcomes; k++)
        question[k] =
            (struct rt_question){m->outcome[k].id, 365, CTX_ABSTAIN_NONE};
    ck_assert_int_eq(rt_predict(&predictor, &arena, &t, now_us, question,
                                (size_t)m->shape.outcomes, &f, NULL),
                     AN_OK);
    ck_assert_int_eq(f.abstention, CTX_ABSTAIN_NONE);
    return f;
}

/* What a forecast says of the concept of an influence; NAN: nothing. */
static double said_of(const struct ctx_risk *risk,
                      const struct ctx_influence *in)
{
    for (size_t i = 0; i < risk->n_influences; i++)
        if (an_str_eq(risk->influence[i].event[0]->concept.code,
                      in->event[0]->concept.code))
            return risk->influence[i].log_hazard;
    return (double)NAN;
}

START_TEST(the_order_of_events_of_one_moment_changes_nothing)
{
    struct ctx_forecast before, after;
    size_t order[N_EVENTS];

    set_up();
    invent((uint64_t)_i, A_MOMENT);
    before = ask(NULL, N_EVENTS);
    for (size_t i = 0; i < N_EVENTS; i++)
        order[i] = i / A_MOMENT * A_MOMENT + (A_MOMENT - 1 - i % A_MOMENT);
    after = ask(order, N_EVENTS);
    for (size_t k = 0; k < before.n_risks; k++) {
        const struct ctx_risk *a = &before.risk[k], *b = &after.risk[k];

        ck_assert_uint_gt(a->n_influences, 3);
        ck_assert_uint_eq(a->n_influences, b->n_influences);
        for (size_t i = 0; i < a->n_influences; i++)
            ck_assert_double_eq_tol(said_of(b, &a->influence[i]),
                                    a->influence[i].log_hazard, 1e-5);
    }
    tear_down();
}
END_TEST

/* Kendall's tau of the reasons of a, by what b says of them; those that b does
 * not say count as last. */
static double agreement(const struct ctx_risk *a, const struct ctx_risk *b,
                        size_t most)
{
    const size_t n = a->n_influences < most ? a->n_influences : most;
    double sum = 0, pairs = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            const double x = fabs(said_of(b, &a->influence[i]));
            const double y = fabs(said_of(b, &a->influence[k]));

            pairs++;
            sum += x > y ? 1 : -1;
        }
    return sum / pairs;
}

/* A record of which the model knows no more than its kind. */
START_TEST(an_event_without_meaning_leaves_the_order)
{
    struct ctx_forecast before, after;
    double sum = 0;

    set_up();
    invent((uint64_t)_i + 10, A_MOMENT);
    before = ask(NULL, N_EVENTS);
    event[N_EVENTS] = event[N_EVENTS - 1];
    event[N_EVENTS].concept =
        (struct ctx_code){AN_STR("x"), AN_STR("nothing"), AN_STR("")};
    after = ask(NULL, N_EVENTS + 1);
    for (size_t k = 0; k < before.n_risks; k++)
        sum += agreement(&before.risk[k], &after.risk[k], 8);
    ck_assert_double_ge(sum / (double)before.n_risks, 0.9);
    tear_down();
}
END_TEST

static size_t most_reasons(const struct ctx_forecast *f)
{
    size_t most = 0;

    for (size_t k = 0; k < f->n_risks; k++)
        if (f->risk[k].n_influences > most)
            most = f->risk[k].n_influences;
    return most;
}

START_TEST(a_longer_history_has_fewer_reasons)
{
    struct ctx_forecast f;

    set_up();
    invent(30, A_MOMENT);
    f = ask(NULL, N_EVENTS);
    ck_assert_uint_le(f.n_positions, RT_REASON_ROWS / RT_MAX_REASONS);
    ck_assert_uint_gt(most_reasons(&f), RT_MIN_REASONS);
    invent(30, 1);
    f = ask(NULL, N_EVENTS);
    ck_assert_uint_ge(f.n_positions, RT_REASON_ROWS / (RT_MIN_REASONS + 1));
    ck_assert_uint_gt(most_reasons(&f), 3);
    ck_assert_uint_le(most_reasons(&f), RT_MIN_REASONS);
    tear_down();
}
END_TEST

/* Each tensor gets its own weights, drawn at random. */
static struct rt_model shuffled(void)
{
    const struct rt_weights *w = &package.model.w;
    const float *const from[RT_N_WEIGHTS] = {
#define X(name, kind, rows, cols, what) w->name,
        RT_WEIGHTS(X)
#undef X
    };
    struct rt_tensor tensor[RT_N_WEIGHTS];
    struct test_random r = {5};
    struct rt_model m;
    float *block = test_model(&m, &arena, &package.model.shape, &r);

    (void)rt_tensors(&m.shape, tensor);
    for (int i = 0; i < RT_N_WEIGHTS; i++) {
        const int n = tensor[i].rows * tensor[i].cols;

        for (int k = 0; k < n; k++)
            block[tensor[i].first + (uint64_t)k] = from[i][test_below(&r, n)];
    }
    return m;
}

START_TEST(shuffled_weights_give_other_reasons)
{
    struct ctx_forecast before, after;
    double sum = 0;

    set_up();
    invent(20, A_MOMENT);
    before = ask(NULL, N_EVENTS);
    package.model = shuffled();
    after = ask(NULL, N_EVENTS);
    for (size_t k = 0; k < before.n_risks; k++)
        sum += agreement(&before.risk[k], &after.risk[k], 8);
    ck_assert_double_lt(sum / (double)before.n_risks, 0.5);
    tear_down();
}
END_TEST

Suite *trainer_reasons_suite(void)
{
    const TTest *const test[] = {shuffled_weights_give_other_reasons,
                                 a_longer_history_has_fewer_reasons};
    Suite *s = TEST_SUITE("trainer/reasons", test);
    TCase *tc = tcase_create("cases");

    tcase_add_loop_test(tc, the_order_of_events_of_one_moment_changes_nothing,
                        0, PATIENTS);
    tcase_add_loop_test(tc, an_event_without_meaning_leaves_the_order, 0,
                        PATIENTS);
    suite_add_tcase(s, tc);
    return s;
}

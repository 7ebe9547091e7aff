/* SPDX-License-Identifier: Apache-2.0 */
/* How often the set that a differential names holds what comes next. */
#include "runtime/predict.h"
#include "runtime/safetensors.h"
#include "tests/folder.h"
#include "tests/suite.h"
#include "trainer/fit/params.h"
#include "trainer/package/package.h"
#include "trainer/random.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>

Suite *trainer_differential_suite(void);

enum { CONDITIONS = 40, MOST = 900 };

/* People with one condition on record, who get another: which one follows the
 * model's own rates among those that they do not have. */
static struct {
    struct an_arena arena;
    struct tr_params params;
    struct tr_data data;
    struct tr_patient patient[MOST];
    struct rt_position position[2 * MOST];
    struct rt_item item[2 * MOST];
    struct tr_query query[MOST];
    float wide[1]; /* there, though nobody has features */
} t;

/* The last row is the kind of all others. */
static void make_vocabulary(void)
{
    static char json[CONDITIONS * 160];
    size_t n = (size_t)snprintf(json, sizeof(json),
                                "{\"vocabulary\": {\"concepts\": [");

    for (int i = 0; i < CONDITIONS; i++)
        n += (size_t)snprintf(json + n, sizeof(json) - n,
                              "{\"key\": \"c|%d\", \"parents\": "
                              "[\"kind|condition\"], \"ages\": [0, 120], "
                              "\"once\": true}, ",
                              i);
    n += (size_t)snprintf(json + n, sizeof(json) - n,
                          "{\"key\": \"kind|condition\"}], "
                          "\"targets\": %d}}",
                          CONDITIONS);
    ck_assert_int_eq(an_json_read(&t.arena, &(struct an_json_limits){0},
                                  (struct an_str){json, n}, &t.data.root, NULL),
                     AN_OK);
}

static void set_up(void)
{
    const struct rt_shape shape = {.vocab = CONDITIONS + 1,
                                   .targets = CONDITIONS,
                                   .channels = 4,
                                   .heads = 1,
                                   .positions = 8,
                                   .rate_bias = 1,
                                   .outcomes = 1,
                                   .bins = 1,
                                   .death = -1};

    openblas_set_num_threads(1);
    an_arena_init(&t.arena, 64 << 20);
    make_vocabulary();
    ck_assert_int_eq(tr_params_init(&t.params, &shape, NULL), AN_OK);
    for (int i = 0; i < CONDITIONS; i++)
        t.params.value[t.params.tensor[RT_W_rate_bias].first + (uint64_t)i] =
            -5 - 0.12F * (float)i;
}

static void tear_down(void)
{
    tr_params_release(&t.params);
    an_arena_free(&t.arena);
}

static int32_t draw_condition(uint64_t key, uint64_t i, int32_t but)
{
    double sum = 0, at;

    for (int k = 0; k < CONDITIONS; k++)
        sum += k == but ? 0 : exp(-0.12 * k);
    at = tr_draw_uniform(key, i) * sum;
    for (int k = 0; k < CONDITIONS; k++) {
        at -= k == but ? 0 : exp(-0.12 * k);
        if (at < 0 && k != but)
            return k;
    }
    return but == CONDITIONS - 1 ? 0 : CONDITIONS - 1;
}

static void set_item(struct rt_item *item, int32_t concept)
{
    *item = (struct rt_item){.concept = concept, .value_row = RT_NO_ROW};
    for (int k = 0; k < RT_MAX_PARENTS; k++)
        item->parent[k] = RT_NO_ROW;
}

static struct tr_differential differential(uint64_t key, size_t n_tune,
                                           size_t n_test, double wait_days)
{
    struct tr_differential out;

    for (size_t i = 0; i < n_tune + n_test; i++) {
        const int32_t first = draw_condition(key, 2 * i, -1);

        t.position[2 * i] =
            (struct rt_position){.age_days = 20000, .n_items = 1};
        t.position[2 * i + 1] = (struct rt_position){.time_days = wait_days,
                                                     .age_days = 20030,
                                                     .first_item = 1,
                                                     .n_items = 1};
        set_item(&t.item[2 * i], first);
        set_item(&t.item[2 * i + 1], draw_condition(key, 2 * i + 1, first));
        t.query[i] = (struct tr_query){0, 1};
        t.patient[i] =
            (struct tr_patient){.key = i + 1,
                                .first_position = 2 * i,
                                .first_item = 2 * i,
                                .first_query = i,
                                .n_positions = 2,
                                .n_items = 2,
                                .n_queries = 1,
                                .split = i < n_tune ? TR_TUNE : TR_TEST};
    }
    t.data.cohort = (struct tr_cohort){.patient = t.patient,
                                       .position = t.position,
                                       .item = t.item,
                                       .query = t.query,
                                       .wide = t.wide,
                                       .n_patients = n_tune + n_test,
                                       .n_positions = 2 * (n_tune + n_test),
                                       .n_items = 2 * (n_tune + n_test),
                                       .n_queries = n_tune + n_test};
    ck_assert_int_eq(
        tr_differential(&t.arena, &t.data, &t.params.model, &out, NULL), AN_OK);
    return out;
}

/* The mean of many cohorts; atoms of up to a hundredth make it a little more
 * than what is meant. */
START_TEST(sets_hold_what_comes_next_as_often_as_they_say)
{
    enum { ROUNDS = 60, N_TUNE = 200, N_TEST = 300 };
    double covered = 0;
    int held = 0;

    for (uint64_t round = 0; round < ROUNDS; round++) {
        const struct an_mark mark = an_arena_mark(&t.arena);
        const struct tr_differential d =
            differential(tr_key(5, round), N_TUNE, N_TEST, 30);

        ck_assert_uint_eq(d.n_tune, N_TUNE);
        ck_assert_uint_eq(d.n_test, N_TEST);
        ck_assert_double_eq_tol(d.mean_candidates, CONDITIONS - 1, 1e-9);
        ck_assert(d.mean_size > 5 && d.mean_size < 30);
        covered += d.covered / ROUNDS;
        held += d.covered_interval.low < d.covered &&
                d.covered_interval.high > d.covered;
        an_arena_rewind(&t.arena, mark);
    }
    ck_assert_int_eq(held, ROUNDS);
    ck_assert_double_gt(covered, 0.89);
    ck_assert_double_lt(covered, 0.92);
}
END_TEST

/* ---- from the trainer's package to the runtime's forecast ----------------- */

static void write_package(const struct tr_differential *d, const char *folder,
                          struct an_public_key *key)
{
    struct tr_asked asked = {.id = AN_STR("o"), .horizon_days = {30}};
    struct tr_verdict verdict = {.column = {0, 30}};
    const struct tr_judgement j = {
        .verdict = &verdict, .n = 1, .differential = *d};
    const struct tr_package_how how = {
        .name = AN_STR("needed"),
        .version = AN_STR("1"),
        .limits = {.max_unknown_share = 1, .max_age_years = 120}};
    struct tr_fitted fitted = {.model = t.params.model};

    t.data.cohort.sizes.outcomes = 1;
    t.data.asked = &asked;
    ck_assert_int_eq(rt_safetensors_write(&t.arena, &t.params.model.shape,
                                          t.params.value, &fitted.weights,
                                          NULL),
                     AN_OK);
    ck_assert_int_eq(tr_package_write(&t.arena, &t.data, &fitted, &j, &how,
                                      folder, key, NULL),
                     AN_OK);
}

/* Whether what follows is among the candidates that are needed: of the model's
 * rates the order is that of the rows. */
static bool is_held(struct rt_predictor *p, int32_t first, int32_t next)
{
    const int64_t day = INT64_C(86400000000);
    struct ctx_event event[2] = {{.kind = CTX_BIRTH,
                                  .status = CTX_STATUS_FINAL,
                                  .effective = an_time_us(-20000 * day)},
                                 {.kind = CTX_CONDITION,
                                  .status = CTX_STATUS_FINAL,
                                  .effective = an_time_us(0),
                                  .concept = {.system = AN_STR("c")}}};
    const struct ctx_event *const list[2] = {&event[0], &event[1]};
    const struct ctx_timeline timeline = {list, 2, day};
    const size_t before = (size_t)(next - (first < next));
    struct ctx_forecast f;
    char code[8];

    (void)snprintf(code, sizeof(code), "%d", first);
    event[1].concept.code = an_str_c(code);
    ck_assert_int_eq(rt_predict(p, &t.arena, &timeline, day, NULL, 0, &f, NULL),
                     AN_OK);
    ck_assert_int_eq(f.abstention, CTX_ABSTAIN_NONE);
    ck_assert_uint_eq(f.n_next, RT_MAX_NEXT);
    ck_assert_double_eq(f.next_coverage, TR_NEXT_COVERAGE);
    ck_assert(f.n_next_needed > 5 && f.n_next_needed < 30);
    return before < f.n_next_needed;
}

START_TEST(a_forecast_holds_what_comes_next_as_often_as_it_says)
{
    enum { ROUNDS = 40, N_TUNE = 200, N_TEST = 300 };
    static struct tr_package_files files;
    struct test_folder folder;
    double held = 0;

    test_folder_make(&folder);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        const struct an_mark mark = an_arena_mark(&t.arena);
        const uint64_t key = tr_key(6, round);
        struct tr_differential d = differential(key, N_TUNE, 0, 30);
        struct an_public_key trusted;
        struct rt_package package;
        struct rt_predictor p;

        write_package(&d, folder.path, &trusted);
        ck_assert_int_eq(tr_package_open(&package, &t.arena, folder.path,
                                         &trusted, &files, NULL),
                         AN_OK);
        ck_assert_int_eq(rt_predictor_init(&p, &t.arena, &package, NULL),
                         AN_OK);
        ck_assert(p.next_threshold <= d.threshold &&
                  p.next_threshold > d.threshold - 2e-9);
        for (uint64_t i = N_TUNE; i < N_TUNE + N_TEST; i++) {
            const struct an_mark one = an_arena_mark(&t.arena);
            const int32_t first = draw_condition(key, 2 * i, -1);

            held += is_held(&p, first, draw_condition(key, 2 * i + 1, first));
            an_arena_rewind(&t.arena, one);
        }
        tr_package_close(&files);
        an_arena_rewind(&t.arena, mark);
    }
    test_folder_drop(&folder);
    ck_assert_double_gt(held / (ROUNDS * N_TEST), 0.885);
    ck_assert_double_lt(held / (ROUNDS * N_TEST), 0.925);
}
END_TEST

START_TEST(what_is_recorded_too_late_is_not_asked_for)
{
    ck_assert_uint_eq(differential(1, 60, 60, 365).n_tune, 60);
    ck_assert_uint_eq(differential(1, 60, 60, 366).n_tune, 0);
}
END_TEST

START_TEST(few_tuning_questions_say_nothing)
{
    struct tr_differential d = differential(1, TR_NEXT_MIN_TUNING - 1, 60, 30);

    ck_assert(isnan(d.threshold) && isnan(d.covered));
    d = differential(1, TR_NEXT_MIN_TUNING, 0, 30);
    ck_assert(isfinite(d.threshold) && isnan(d.covered));
}
END_TEST

/* Of n = 100 the 91st smallest 1 - share, of 9 the 9th, of 8 all. */
START_TEST(a_threshold_is_as_worked_out_by_hand)
{
    double share[100];

    for (int i = 0; i < 100; i++)
        share[i] = ((i * 37) % 100 + 1) / 100.;
    ck_assert_double_eq_tol(tr_conformal_threshold(share, 100, 0.9), 0.10,
                            1e-12);
    ck_assert_double_eq_tol(tr_conformal_threshold(share, 9, 0.9), 0.01, 1e-12);
    ck_assert_double_eq_tol(tr_conformal_threshold(share, 8, 0.9), 0, 1e-12);
}
END_TEST

Suite *trainer_differential_suite(void)
{
    const TTest *const tests[] = {
        sets_hold_what_comes_next_as_often_as_they_say,
        a_forecast_holds_what_comes_next_as_often_as_it_says,
        what_is_recorded_too_late_is_not_asked_for,
        few_tuning_questions_say_nothing,
        a_threshold_is_as_worked_out_by_hand,
    };

    return test_suite_around("trainer/differential", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}

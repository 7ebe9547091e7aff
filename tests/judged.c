/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/judged.h"

#include "base/json_out.h"
#include "runtime/safetensors.h"
#include "tests/model_random.h"
#include "trainer/file.h"
#include "trainer/fit/params.h"

#include <cblas.h>
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const uint32_t judged_horizon_days[JUDGED_HORIZONS] = {200, 1000};

static const char vocabulary[] =
    "{\"vocabulary\": {\"concepts\": [{\"key\": \"a|b\"}], \"targets\": 1}, "
    "\"wide\": [], "
    "\"outcomes\": ["
    "{\"id\": \"often\", \"start\": \"now\", \"horizons_days\": [200, 1000]}, "
    "{\"id\": \"a,b\", \"start\": \"now\", \"horizons_days\": [200, 1000]}, "
    "{\"id\": \"death\", \"start\": \"now\", \"horizons_days\": [200, 1000]}]}";

/* Per day where the features are 0, and what the features add to its log. */
static const double base_per_day[JUDGED_OUTCOMES] = {1. / 3000, 1. / 6000,
                                                     1. / 4000};
static const float effect[JUDGED_OUTCOMES][JUDGED_WIDE] = {
    {0.8F, 0.3F}, {-0.4F, 0.9F}, {0.6F, -0.5F}};

static double hazard(int outcome, const float *wide)
{
    double log_hazard = log(base_per_day[outcome]);

    for (int w = 0; w < JUDGED_WIDE; w++)
        log_hazard += (double)effect[outcome][w] * (double)wide[w];
    return exp(log_hazard);
}

/* One constant hazard each, so that the integral has a closed form. */
double judged_risk(int outcome, const float wide[JUDGED_WIDE],
                   double horizon_days)
{
    const double h = hazard(outcome, wide);
    const double death =
        outcome == JUDGED_OUTCOMES - 1 ? 0 : hazard(JUDGED_OUTCOMES - 1, wide);

    return h / (h + death) * -expm1(-(h + death) * horizon_days);
}

void judged_begin(struct judged *j)
{
    struct an_sha256 hash;

    test_folder_make(&j->folder);
    an_arena_init(&j->arena, 512 << 20);
    ck_assert_int_eq(an_sha256(an_str_c(vocabulary), &hash, NULL), AN_OK);
    memcpy(j->vocabulary_sha256, hash.b, sizeof(hash.b));
}

void judged_end(struct judged *j)
{
    an_arena_free(&j->arena);
    test_folder_drop(&j->folder);
}

static void write_file(const struct judged *j, const char *name,
                       struct an_str bytes)
{
    char path[TEST_PATH_BYTES];

    test_folder_file(&j->folder, name, path);
    ck_assert_int_eq(tr_file_write(path, bytes, NULL), AN_OK);
}

static double wait(struct test_random *r, double per_day)
{
    return -log(1 - test_uniform(r)) / per_day;
}

static struct tr_follow_up follow(double event, double stop)
{
    return (struct tr_follow_up){0, (float)fmin(event, stop), event < stop};
}

static void add(struct tr_cohort_writer *w, const struct judged_how *how,
                uint64_t key, enum tr_split split, struct test_random *r)
{
    const uint32_t n = how->n_positions ? how->n_positions : 2;
    struct rt_position position[JUDGED_POSITIONS];
    const struct tr_query query = {n - 1, 1};
    const float wide[JUDGED_WIDE] = {(float)test_normal(r),
                                     (float)test_normal(r)};
    const double death = wait(r, hazard(JUDGED_OUTCOMES - 1, wide));
    struct tr_follow_up f[JUDGED_OUTCOMES];
    const struct tr_cohort_one one = {.key = key,
                                      .split = split,
                                      .history = {position, n, NULL, 0},
                                      .end_days = 10 * n,
                                      .query = &query,
                                      .follow_up = f,
                                      .wide = wide,
                                      .n_queries = 1};
    double seen = how->end_days;

    for (uint32_t i = 0; i < n; i++)
        position[i] = (struct rt_position){.time_days = 10 * i,
                                           .age_days = 20000 + 10 * (float)i,
                                           .since_previous_days = i ? 10 : 0,
                                           .since_admission_days = -1};

    if (how->lost_per_day > 0)
        seen = fmin(seen, wait(r, how->lost_per_day));
    for (int k = 0; k + 1 < JUDGED_OUTCOMES; k++)
        f[k] = follow(wait(r, hazard(k, wide)), fmin(death, seen));
    f[JUDGED_OUTCOMES - 1] = follow(death, seen);
    if (how->not_at_risk && key % 5 == 0)
        f[0] = (struct tr_follow_up){0, 0, 0};
    ck_assert_int_eq(tr_cohort_add(w, &one, NULL), AN_OK);
}

void judged_write_data(struct judged *j, const struct judged_how *how)
{
    struct tr_cohort_sizes sizes = {.vocab = 1,
                                    .targets = 1,
                                    .outcomes = JUDGED_OUTCOMES,
                                    .wide = JUDGED_WIDE,
                                    .death = JUDGED_OUTCOMES - 1};
    struct test_random r = {how->seed + 97};
    struct tr_cohort_writer w;
    char path[TEST_PATH_BYTES];
    uint64_t key = 0;

    memcpy(sizes.vocabulary_sha256, j->vocabulary_sha256, TR_DIGEST_BYTES);
    tr_cohort_writer_init(&w, &sizes);
    for (int s = 0; s < TR_N_SPLITS; s++)
        for (size_t i = 0; i < how->n[s]; i++)
            add(&w, how, ++key, (enum tr_split)s, &r);
    test_folder_file(&j->folder, "cohort.bin", path);
    ck_assert_int_eq(tr_cohort_write(&w, path, NULL), AN_OK);
    tr_cohort_writer_release(&w);
    write_file(j, "vocabulary.json", an_str_c(vocabulary));
}

static void put_fit(const struct judged *j, struct an_json_out *w)
{
    char hex[AN_SHA256_HEX + 1];

    an_hex_print(j->vocabulary_sha256, TR_DIGEST_BYTES, hex);
    an_out_key_str(w, "vocabulary_sha256", an_str_c(hex));
}

static void put_manifest(struct judged *j, const struct rt_shape *shape,
                         const struct rt_calibration *map,
                         struct an_json_out *w)
{
    static const char *const id[JUDGED_OUTCOMES] = {"often", "a,b", "death"};
    struct rt_horizon horizon[JUDGED_OUTCOMES][JUDGED_HORIZONS];
    struct rt_outcome outcome[JUDGED_OUTCOMES];
    const struct rt_manifest m = {.name = AN_STR("truth"),
                                  .version = AN_STR("1"),
                                  .shape = *shape,
                                  .outcome = outcome,
                                  .limits = {.max_age_years = 120}};

    for (int k = 0; k < JUDGED_OUTCOMES; k++) {
        for (int h = 0; h < JUDGED_HORIZONS; h++)
            horizon[k][h] = (struct rt_horizon){judged_horizon_days[h],
                                                map[k * JUDGED_HORIZONS + h]};
        outcome[k] =
            (struct rt_outcome){an_str_c(id[k]), horizon[k], JUDGED_HORIZONS};
    }
    rt_manifest_write(w, &m);
    an_out_key(w, "training");
    an_out_object(w);
    put_fit(j, w);
    an_out_end(w);
}

void judged_write_model(struct judged *j, const struct rt_calibration *map)
{
    const struct rt_shape shape = {.vocab = 1,
                                   .targets = 1,
                                   .channels = 4,
                                   .heads = 1,
                                   .positions = JUDGED_POSITIONS,
                                   .rate_bias = 1,
                                   .outcomes = JUDGED_OUTCOMES,
                                   .bins = 2,
                                   .wide = JUDGED_WIDE,
                                   .death = JUDGED_OUTCOMES - 1,
                                   .bin_edge_days = {0, 365}};
    struct tr_params p;
    struct an_json_out w;
    struct an_str bytes;

    ck_assert_int_eq(tr_params_init(&p, &shape, NULL), AN_OK);
    for (int k = 0; k < JUDGED_OUTCOMES; k++) {
        for (int b = 0; b < 2; b++)
            p.value[p.tensor[RT_W_hazard_bias].first + (uint64_t)(2 * k + b)] =
                (float)log(base_per_day[k]);
        memcpy(p.value + p.tensor[RT_W_wide].first + k * JUDGED_WIDE, effect[k],
               sizeof(effect[k]));
    }
    ck_assert_int_eq(
        rt_safetensors_write(&j->arena, &shape, p.value, &bytes, NULL), AN_OK);
    write_file(j, "model.safetensors", bytes);
    tr_params_release(&p);
    an_out_init(&w, &j->arena, 1 << 20);
    an_out_object(&w);
    if (map) {
        put_manifest(j, &shape, map, &w);
    } else {
        rt_shape_write(&w, &shape);
        put_fit(j, &w);
    }
    an_out_end(&w);
    ck_assert_int_eq(an_out_done(&w, &bytes, NULL), AN_OK);
    write_file(j, map ? "manifest.json" : "fit.json", bytes);
}

void judged_judge(struct judged *j, const struct judged_how *how,
                  struct tr_judgement *out)
{
    struct tr_fitted fitted;
    struct tr_data data;

    openblas_set_num_threads(1);
    judged_begin(j);
    judged_write_data(j, how);
    judged_write_model(j, NULL);
    ck_assert_int_eq(tr_data_open(&data, &j->arena, j->folder.path, NULL),
                     AN_OK);
    ck_assert_int_eq(
        tr_fitted_open(&fitted, &j->arena, j->folder.path, &data, NULL), AN_OK);
    ck_assert_int_eq(tr_judge(&j->arena, &data, &fitted, out, NULL), AN_OK);
    tr_fitted_close(&fitted);
    tr_data_close(&data);
    ck_assert_uint_eq(out->n, JUDGED_OUTCOMES * JUDGED_HORIZONS);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tuned_site.h"

#include "runtime/safetensors.h"
#include "tests/model_random.h"
#include "trainer/file.h"
#include "trainer/package/package.h"

#include <cblas.h>
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POSITIONS = 3, MOST = 2000 };

static const char vocabulary[] =
    "{\"vocabulary\": {\"concepts\": [{\"key\": \"a|b\"}, {\"key\": "
    "\"sex|female\"}, {\"key\": \"sex|male\"}], \"targets\": 1}, "
    "\"wide\": [], \"outcomes\": ["
    "{\"id\": \"often\", \"start\": \"now\", \"horizons_days\": [365]}, "
    "{\"id\": \"death\", \"start\": \"now\", \"horizons_days\": [365]}]}";

static const double often_per_day = 1. / 1500, death_per_day = 1. / 8000;
static const float effect[SITE_WIDE] = {0.9F, 0.5F};

static void write_file(const struct test_folder *folder, const char *name,
                       struct an_str bytes)
{
    char path[TEST_PATH_BYTES];

    test_folder_file(folder, name, path);
    ck_assert_int_eq(tr_file_write(path, bytes, NULL), AN_OK);
}

/* ---- people ---------------------------------------------------------------- */

struct someone {
    float wide[SITE_WIDE], age_days;
    bool female;
    struct tr_follow_up f[SITE_OUTCOMES];
};

static double wait(struct test_random *r, double per_day)
{
    return -log(1 - test_uniform(r)) / per_day;
}

static struct tr_follow_up follow(double event, double stop)
{
    return (struct tr_follow_up){0, (float)fmin(event, stop), event < stop};
}

static void live(struct someone *p, double factor, struct test_random *r)
{
    const double end = 2 * SITE_DAYS;
    double hazard = factor * often_per_day, death = wait(r, death_per_day);

    for (int w = 0; w < SITE_WIDE; w++) {
        p->wide[w] = (float)test_normal(r);
        hazard *= exp((double)(effect[w] * p->wide[w]));
    }
    p->female = test_below(r, 2);
    p->age_days = (float)(365.25 * (20 + 65 * test_uniform(r)));
    p->f[0] = follow(wait(r, hazard), fmin(death, end));
    p->f[1] = follow(death, end);
}

static void poison(struct someone *p, size_t n, size_t n_fitted,
                   enum site_poison how, struct test_random *r)
{
    for (size_t i = 0; how == SITE_FLIPPED && i < n_fitted; i++) {
        struct tr_follow_up *f = &p[i].f[0];
        const bool came = f->event && f->to_days <= SITE_DAYS;

        *f = (struct tr_follow_up){0, came ? 2 * SITE_DAYS : 100, !came};
    }
    for (size_t i = n; how == SITE_PERMUTED && i > 1; i--) {
        const size_t k = (size_t)test_below(r, (int)i);
        const struct tr_follow_up kept = p[i - 1].f[0];

        p[i - 1].f[0] = p[k].f[0];
        p[k].f[0] = kept;
    }
}

static void add(struct tr_cohort_writer *w, const struct someone *p,
                uint64_t key, enum tr_split split)
{
    const struct tr_query query = {POSITIONS - 1, 1};
    struct rt_position position[POSITIONS];
    struct rt_item item[POSITIONS];
    const struct tr_cohort_one one = {
        .key = key,
        .split = split,
        .history = {position, POSITIONS, item, POSITIONS},
        .end_days = 10 * POSITIONS,
        .query = &query,
        .follow_up = p->f,
        .wide = p->wide,
        .n_queries = 1};

    for (int i = 0; i < POSITIONS; i++) {
        position[i] = (struct rt_position){.time_days = 10 * i,
                                           .age_days = p->age_days,
                                           .since_previous_days = i ? 10 : 0,
                                           .since_admission_days = -1,
                                           .first_item = (uint32_t)i,
                                           .n_items = 1};
        item[i] = (struct rt_item){i ? 0 : 2 - p->female,
                                   {RT_NO_ROW, RT_NO_ROW, RT_NO_ROW, RT_NO_ROW},
                                   RT_NO_ROW,
                                   0,
                                   RT_FLAG_NONE};
    }
    ck_assert_int_eq(tr_cohort_add(w, &one, NULL), AN_OK);
}

static void digest(uint8_t sha256[TR_DIGEST_BYTES])
{
    struct an_sha256 hash;

    ck_assert_int_eq(an_sha256(an_str_c(vocabulary), &hash, NULL), AN_OK);
    memcpy(sha256, hash.b, sizeof(hash.b));
}

void tuned_site_write(struct tuned_site *s, const struct test_folder *folder,
                      const struct site_how *how)
{
    struct tr_cohort_sizes sizes = {.vocab = 3,
                                    .targets = 1,
                                    .outcomes = SITE_OUTCOMES,
                                    .wide = SITE_WIDE,
                                    .death = 1};
    const size_t fitted = how->n[TR_TRAIN] + how->n[TR_TUNE];
    const size_t n = fitted + how->n[TR_TEST];
    struct test_random r = {how->seed + 7};
    struct tr_cohort_writer w;
    struct someone *p;
    char path[TEST_PATH_BYTES];

    ck_assert_uint_le(n, MOST);
    p = an_arena_get(&s->arena, n + 1, sizeof(*p));
    ck_assert_ptr_nonnull(p);
    for (size_t i = 0; i < n; i++)
        live(&p[i], how->factor, &r);
    poison(p, n, fitted, how->poison, &r);
    digest(sizes.vocabulary_sha256);
    tr_cohort_writer_init(&w, &sizes);
    for (size_t i = 0; i < n; i++)
        add(&w, &p[i], i + 1,
            i < how->n[TR_TRAIN] ? TR_TRAIN
            : i < fitted         ? TR_TUNE
                                 : TR_TEST);
    test_folder_file(folder, "cohort.bin", path);
    ck_assert_int_eq(tr_cohort_write(&w, path, NULL), AN_OK);
    tr_cohort_writer_release(&w);
    write_file(folder, "vocabulary.json", an_str_c(vocabulary));
}

/* ---- the maker's ----------------------------------------------------------- */

static void put_truth(struct tr_params *p, float blast)
{
    const struct rt_shape *s = &p->model.shape;
    const struct rt_tensor *embed = &p->tensor[RT_W_embed];
    const double per_day[SITE_OUTCOMES] = {often_per_day, death_per_day};

    tr_params_randomize(p, 5);
    memset(p->value + p->tensor[RT_W_hazard_mix].first, 0,
           (size_t)(s->outcomes * s->rank) * sizeof(float));
    for (int k = 0; k < s->outcomes; k++)
        for (int b = 0; b < s->bins; b++)
            p->value[p->tensor[RT_W_hazard_bias].first +
                     (uint64_t)(k * s->bins + b)] = (float)log(per_day[k]);
    p->value[p->tensor[RT_W_rate_bias].first] = (float)log(0.1);
    memcpy(p->value + p->tensor[RT_W_wide].first, effect, sizeof(effect));
    for (int i = 0; i < embed->rows * embed->cols; i++)
        p->value[embed->first + (uint64_t)i] *= blast;
}

static void write_model(struct tuned_site *s, float blast)
{
    const struct rt_shape shape = {.vocab = 3,
                                   .targets = 1,
                                   .channels = 8,
                                   .heads = 2,
                                   .layers = 1,
                                   .positions = 8,
                                   .times = RT_N_TIMES,
                                   .rate_bias = 1,
                                   .outcomes = SITE_OUTCOMES,
                                   .bins = 2,
                                   .rank = 2,
                                   .wide = SITE_WIDE,
                                   .death = 1,
                                   .bin_edge_days = {0, 90}};
    char hex[AN_SHA256_HEX + 1];
    uint8_t sha256[TR_DIGEST_BYTES];
    struct tr_params p;
    struct an_json_out w;
    struct an_str bytes;

    ck_assert_int_eq(tr_params_init(&p, &shape, NULL), AN_OK);
    put_truth(&p, blast);
    ck_assert_int_eq(
        rt_safetensors_write(&s->arena, &shape, p.value, &bytes, NULL), AN_OK);
    write_file(&s->maker, "model.safetensors", bytes);
    tr_params_release(&p);
    digest(sha256);
    an_hex_print(sha256, sizeof(sha256), hex);
    an_out_init(&w, &s->arena, 1 << 20);
    an_out_object(&w);
    rt_shape_write(&w, &shape);
    an_out_key_str(&w, "vocabulary_sha256", an_str_c(hex));
    an_out_end(&w);
    ck_assert_int_eq(an_out_done(&w, &bytes, NULL), AN_OK);
    write_file(&s->maker, "fit.json", bytes);
}

static void write_package(struct tuned_site *s)
{
    struct tr_package_how how = {
        .name = AN_STR("made"),
        .version = AN_STR("1"),
        .source = AN_STR("Invented people."),
        .limits = {.max_unknown_share = 0.5, .max_age_years = 120}};
    struct tr_fitted fitted;
    struct tr_judgement j;
    struct an_json_out w;
    struct tr_data d;

    an_out_init(&w, &s->arena, 1 << 20);
    an_out_object(&w);
    an_out_key(&w, "plan");
    tr_plan_write(&s->plan, &w);
    an_out_end(&w);
    ck_assert_int_eq(an_out_done(&w, &how.change_control, NULL), AN_OK);
    ck_assert_int_eq(tr_data_open(&d, &s->arena, s->maker.path, NULL), AN_OK);
    ck_assert_int_eq(
        tr_fitted_open(&fitted, &s->arena, s->maker.path, &d, NULL), AN_OK);
    ck_assert_int_eq(tr_judge(&s->arena, &d, &fitted, &j, NULL), AN_OK);
    ck_assert_int_eq(tr_package_write(&s->arena, &d, &fitted, &j, &how,
                                      s->package.path, &s->key, NULL),
                     AN_OK);
    tr_fitted_close(&fitted);
    tr_data_close(&d);
}

void tuned_site_plan(struct an_arena *arena, struct tr_plan *plan)
{
    const char *top = getenv("top_srcdir");
    char path[TEST_PATH_BYTES];
    struct an_err err;

    (void)snprintf(path, sizeof(path), "%s/config/change-control.yaml",
                   top ? top : ".");
    ck_assert_int_eq(tr_plan_open(arena, path, plan, &err), AN_OK);
}

void tuned_site_begin(struct tuned_site *s, const struct site_how *how,
                      float blast)
{
    const struct site_how makers = {
        .n = {400, 300, 100}, .factor = 1, .seed = 1000};

    openblas_set_num_threads(1);
    test_folder_make(&s->maker);
    test_folder_make(&s->package);
    test_folder_make(&s->data);
    an_arena_init(&s->arena, (size_t)1 << 30);
    tuned_site_plan(&s->arena, &s->plan);
    tuned_site_write(s, &s->maker, &makers);
    write_model(s, blast);
    write_package(s);
    tuned_site_write(s, &s->data, how);
}

void tuned_site_open(struct tuned_site *s, const struct site_how *how)
{
    const char *subject;

    tuned_site_begin(s, how, 1);
    ck_assert_int_eq(tr_data_open_with(&s->d, &s->fitted, &s->arena,
                                       s->data.path, s->package.path, &subject,
                                       NULL),
                     AN_OK);
}

void tuned_site_end(struct tuned_site *s)
{
    if (s->d.root) {
        tr_fitted_close(&s->fitted);
        tr_data_close(&s->d);
    }
    an_arena_free(&s->arena);
    test_folder_drop(&s->maker);
    test_folder_drop(&s->package);
    test_folder_drop(&s->data);
}

struct tr_tune_how tuned_site_how(const struct tuned_site *s)
{
    struct tr_tune_how how = {.plan_is_site = false};

    tr_tune_settings(&how.settings, &s->fitted);
    how.settings.batch_rows = 200;
    how.settings.rate = 5e-3;
    return how;
}

const struct tr_bench *tuned_site_row(const struct tr_tuned *t)
{
    ck_assert_uint_gt(t->bench.n, 0);
    return &t->bench.row[0];
}

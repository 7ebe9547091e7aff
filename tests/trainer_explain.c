/* SPDX-License-Identifier: Apache-2.0 */
/* Deletion and insertion curves: of a model whose one cause is planted, by
 * hand; and of a random one, where our order has to be the best. */
#include "tests/folder.h"
#include "tests/model_random.h"
#include "tests/suite.h"
#include "trainer/evaluate/explain.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

Suite *trainer_explain_suite(void);

enum { PEOPLE = 40, POSITIONS = 10 };

static struct test_folder folder;
static struct an_arena arena;
static struct rt_shape shape;
static struct rt_model m;
static float *weights;
static struct tr_data d;

static struct an_str vocabulary_text(void)
{
    struct an_json_out w;
    struct an_str text;
    char key[16];

    an_out_init(&w, &arena, 1 << 20);
    an_out_object(&w);
    an_out_key(&w, "vocabulary");
    an_out_object(&w);
    an_out_key(&w, "concepts");
    an_out_array(&w);
    for (int i = 0; i < shape.vocab; i++) {
        (void)snprintf(key, sizeof(key), "t|%d", i);
        an_out_object(&w);
        an_out_key_str(&w, "key", an_str_c(key));
        an_out_end(&w);
    }
    an_out_end(&w);
    an_out_key(&w, "targets");
    an_out_i64(&w, shape.targets);
    an_out_end(&w);
    an_out_key(&w, "wide");
    an_out_array(&w);
    for (int i = 0; i < shape.wide; i++) {
        (void)snprintf(key, sizeof(key), "t|%d", i);
        an_out_object(&w);
        an_out_key_str(&w, "what", AN_STR("ever"));
        an_out_key_str(&w, "key", an_str_c(key));
        an_out_end(&w);
    }
    an_out_end(&w);
    an_out_end(&w);
    ck_assert_int_eq(an_out_done(&w, &text, NULL), AN_OK);
    return text;
}

/* Without what its concepts fall under: a feature looks at that, too. */
static struct rt_history some_history(size_t n, struct test_random *r)
{
    struct rt_history h = test_history(&arena, &shape, n, r);
    struct rt_item *item = an_arena_get(&arena, h.n_items, sizeof(*item));

    ck_assert_ptr_nonnull(item);
    for (size_t i = 0; i < h.n_items; i++) {
        item[i] = h.item[i];
        for (int k = 0; k < RT_MAX_PARENTS; k++)
            item[i].parent[k] = RT_NO_ROW;
    }
    h.item = item;
    return h;
}

static void put_patient(struct tr_cohort_writer *w, uint64_t key,
                        enum tr_split split, uint32_t n, struct test_random *r)
{
    const struct tr_query query = {n - 1, 1};
    const struct tr_follow_up f[3] = {
        {0, 100, 0}, {0, 0, 0}, {0, 100, 0}}; /* not at risk of the second */
    const struct tr_cohort_one one = {.key = key,
                                      .split = split,
                                      .history = some_history(n, r),
                                      .end_days = 1e6,
                                      .query = &query,
                                      .follow_up = f,
                                      .wide = test_wide(&arena, &shape, r),
                                      .n_queries = 1};
    struct an_err err;

    ck_assert_int_eq(tr_cohort_add(w, &one, &err), AN_OK);
}

static void set_up(uint64_t seed)
{
    static const uint32_t days[] = {30, 365};
    static const char *const id[] = {"first", "second", "death"};
    struct test_random r = {seed};
    struct tr_cohort_sizes sizes;
    struct tr_cohort_writer w;
    char path[TEST_PATH_BYTES];
    struct an_err err;

    openblas_set_num_threads(1);
    test_folder_make(&folder);
    an_arena_init(&arena, 256 << 20);
    shape = test_shape();
    weights = test_model(&m, &arena, &shape, &r);
    sizes = (struct tr_cohort_sizes){.vocab = (uint32_t)shape.vocab,
                                     .targets = (uint32_t)shape.targets,
                                     .value_rows = (uint32_t)shape.value_rows,
                                     .flags = (uint32_t)shape.flags,
                                     .outcomes = 3,
                                     .wide = (uint32_t)shape.wide,
                                     .death = 2};
    tr_cohort_writer_init(&w, &sizes);
    for (uint64_t key = 1; key <= PEOPLE; key++)
        put_patient(&w, key, TR_TEST, POSITIONS, &r);
    put_patient(&w, PEOPLE + 1, TR_TRAIN, POSITIONS, &r);
    test_folder_file(&folder, "cohort.bin", path);
    ck_assert_int_eq(tr_cohort_write(&w, path, &err), AN_OK);
    tr_cohort_writer_release(&w);
    memset(&d, 0, sizeof(d));
    ck_assert_int_eq(tr_cohort_open(&d.cohort, path, &err), AN_OK);
    d.json = vocabulary_text();
    ck_assert_int_eq(an_json_read(&arena, &(struct an_json_limits){0}, d.json,
                                  &d.root, &err),
                     AN_OK);
    d.asked = an_arena_get(&arena, 3, sizeof(*d.asked));
    ck_assert_ptr_nonnull(d.asked);
    for (int k = 0; k < 3; k++) {
        d.asked[k] = (struct tr_asked){.id = an_str_c(id[k]), .n_horizons = 2};
        memcpy(d.asked[k].horizon_days, days, sizeof(days));
    }
}

static void tear_down(void)
{
    tr_cohort_close(&d.cohort);
    an_arena_free(&arena);
    test_folder_drop(&folder);
}

static void explain(struct tr_explained *e)
{
    struct an_err err;

    ck_assert_int_eq(tr_explain(&arena, &d, &m, e, &err), AN_OK);
}

START_TEST(our_order_is_the_best_of_a_model_that_mixes)
{
    struct tr_explained e;
    const struct tr_faith *all;

    set_up(3);
    explain(&e);
    /* Two outcomes, and both together; nobody is at risk of the second. */
    ck_assert_uint_eq(e.n, 3);
    ck_assert_uint_eq(e.faith[0].column.outcome, 0);
    ck_assert_uint_eq(e.faith[0].column.horizon_days, 365);
    ck_assert_uint_eq(e.faith[1].column.outcome, 2);
    all = &e.faith[2];
    ck_assert_uint_eq(all->n_people, PEOPLE);
    for (int c = 0; c < TR_N_CURVES; c++) {
        for (int o = TR_BY_WEIGHT + 1; o < TR_N_ORDERS; o++) {
            ck_assert_double_gt(all->gain[c][o], 0);
            ck_assert_double_gt(all->gain_interval[c][o].low, 0);
            ck_assert_double_le(all->gain_interval[c][o].low, all->gain[c][o]);
            ck_assert_double_ge(all->gain_interval[c][o].high, all->gain[c][o]);
            ck_assert_double_eq_tol(
                all->gain[c][o],
                (c == TR_DELETION ? -1 : 1) *
                    (all->area[c][TR_BY_WEIGHT] - all->area[c][o]),
                1e-9);
            ck_assert_double_eq_tol(
                all->area[c][o],
                (e.faith[0].area[c][o] + e.faith[1].area[c][o]) / 2, 1e-9);
        }
    }
    tear_down();
}
END_TEST

/* A model without a trunk that knows one cause, "ever" of concept 0: of who has
 * it among n reasons, deletion falls at once and insertion rises at once. */
START_TEST(a_planted_cause_goes_first)
{
    const float effect = 2;
    const size_t w = (size_t)test_shape().wide;
    struct tr_explained e;
    double deletion = 0, insertion = 0, n_people = 0;

    set_up(5);
    memset(weights + (m.w.hazard_level - weights), 0,
           3 * (size_t)shape.channels * sizeof(float));
    memset(weights + (m.w.hazard_mix - weights), 0,
           3 * (size_t)shape.rank * sizeof(float));
    memset(weights + (m.w.wide - weights), 0, 3 * w * sizeof(float));
    for (size_t k = 0; k < 3; k++)
        weights[(size_t)(m.w.wide - weights) + k * w] = effect;
    explain(&e);
    for (size_t i = 0; i < PEOPLE; i++) {
        const struct rt_history h = tr_cohort_history(&d.cohort, i);
        bool has[64] = {false};
        double n = 0;

        for (size_t k = 0; k < h.n_items; k++)
            if (h.item[k].concept >= 0 && !has[h.item[k].concept]) {
                has[h.item[k].concept] = true;
                n++;
            }
        n = fmin(n, 16);
        n_people++;
        if (!has[0])
            continue;
        /* The ends count half. */
        deletion += (double)effect * 0.5 / n;
        insertion += (double)effect * (n - 0.5) / n;
    }
    ck_assert_double_gt(insertion, 0);
    for (size_t i = 0; i < e.n; i++) {
        const struct tr_faith *f = &e.faith[i];

        ck_assert_double_eq_tol(f->area[TR_DELETION][TR_BY_WEIGHT],
                                deletion / n_people, 1e-4);
        ck_assert_double_eq_tol(f->area[TR_INSERTION][TR_BY_WEIGHT],
                                insertion / n_people, 1e-4);
        /* Of what is linear the gradient says the same. */
        ck_assert_double_eq_tol(f->gain[TR_DELETION][TR_BY_GRADIENT], 0, 1e-4);
        ck_assert_double_eq_tol(f->gain[TR_INSERTION][TR_BY_GRADIENT], 0, 1e-4);
        ck_assert_double_gt(f->gain_interval[TR_DELETION][TR_BY_CHANCE].low, 0);
    }
    tear_down();
}
END_TEST

START_TEST(the_same_twice_and_in_words)
{
    struct tr_explained a, b;
    struct an_json_out w;
    struct an_str text;
    const struct an_json *root;

    set_up(7);
    explain(&a);
    explain(&b);
    ck_assert_uint_eq(a.n, b.n);
    ck_assert_mem_eq(a.faith[0].gain_interval, b.faith[0].gain_interval,
                     sizeof(a.faith[0].gain_interval));
    ck_assert_int_eq(tr_explained_text(&arena, &d, &a, &text, NULL), AN_OK);
    ck_assert_ptr_nonnull(strstr(text.p, "insertion"));
    an_out_init(&w, &arena, 1 << 20);
    tr_explained_write(&d, &a, &w);
    ck_assert_int_eq(an_out_done(&w, &text, NULL), AN_OK);
    ck_assert_int_eq(
        an_json_read(&arena, &(struct an_json_limits){0}, text, &root, NULL),
        AN_OK);
    ck_assert_uint_eq(root->n, 3);
    ck_assert_an_str_eq(
        an_json_text(an_json_get(an_json_first(root), AN_STR("id"))), "first");
    tear_down();
}
END_TEST

START_TEST(refuses_features_of_another_model)
{
    struct tr_explained e;
    struct an_err err;

    set_up(8);
    m.shape.wide--;
    ck_assert_int_eq(tr_explain(&arena, &d, &m, &e, &err), AN_CONFIG);
    tear_down();
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    set_up(9);
    for (long n = 0; n < 60; n++) {
        const struct an_mark mark = an_arena_mark(&arena);
        struct tr_explained e;

        arena.fail_after = n;
        ck_assert_int_eq(tr_explain(&arena, &d, &m, &e, NULL), AN_NOMEM);
        arena.fail_after = -1;
        an_arena_rewind(&arena, mark);
    }
    tear_down();
}
END_TEST

Suite *trainer_explain_suite(void)
{
    const TTest *const test[] = {
        our_order_is_the_best_of_a_model_that_mixes, a_planted_cause_goes_first,
        the_same_twice_and_in_words, refuses_features_of_another_model,
        survives_each_failed_allocation};

    return TEST_SUITE("trainer/explain", test);
}

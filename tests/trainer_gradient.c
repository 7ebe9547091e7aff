/* SPDX-License-Identifier: Apache-2.0 */
/* The hand-written backward pass against differences, tensor by tensor. */
#include "runtime/reference.h"
#include "tests/model_random.h"
#include "tests/suite.h"
#include "trainer/fit/pass.h"

#include <math.h>
#include <string.h>

Suite *trainer_gradient_suite(void);

enum { SEQS = 3, ROWS = 90, QUERIES = 4, KJ = 18 };

/* A pack with everything in it. */
struct scene {
    struct an_arena arena;
    struct tr_params params;
    struct tr_pass pass;
    struct rt_history seq[SEQS];
    struct tr_score score[ROWS];
    int32_t target[4 * ROWS];
    int32_t n_keys[ROWS];
    int32_t query_row[QUERIES];
    float query_weight[QUERIES], exposure[QUERIES * KJ], event[QUERIES * KJ];
    float wide[QUERIES * 9];
    struct tr_pack pack;
    struct tr_terms terms;
};

static void scene_scores(struct scene *s, struct test_random *r)
{
    uint32_t n_targets = 0;

    for (int i = 0; i < s->pack.n_rows; i += 1 + test_below(r, 2)) {
        struct tr_score *score = &s->score[s->pack.n_scores++];

        *score = (struct tr_score){i, (float)(20 * test_uniform(r)), n_targets,
                                   (uint32_t)test_below(r, 4)};
        for (uint32_t k = 0; k < score->n_targets; k++)
            s->target[n_targets++] =
                (int32_t)(k * 5) + test_below(r, 5); /* distinct */
    }
}

static void scene_queries(struct scene *s, struct test_random *r)
{
    s->pack.n_queries = QUERIES;
    for (int i = 0; i < QUERIES; i++) {
        s->query_row[i] = test_below(r, s->pack.n_rows);
        s->query_weight[i] = (float)(0.5 + test_uniform(r));
        for (int e = 0; e < KJ; e++) {
            s->exposure[i * KJ + e] = (float)test_uniform(r);
            s->event[i * KJ + e] = test_below(r, 4) == 0 ? 1 : 0;
        }
        for (int w = 0; w < 9; w++)
            s->wide[i * 9 + w] = (float)test_normal(r);
    }
}

static void scene_init(struct scene *s, const struct rt_shape *shape,
                       uint64_t seed)
{
    static const size_t length[SEQS] = {1, 15, 70};
    struct test_random r = {seed};
    struct rt_model m;
    float *block;

    memset(s, 0, sizeof(*s));
    an_arena_init(&s->arena, 64 << 20);
    ck_assert_int_eq(tr_params_init(&s->params, shape, NULL), AN_OK);
    block = test_model(&m, &s->arena, shape, &r);
    memcpy(s->params.value, block, s->params.n * sizeof(*block));
    ck_assert_int_eq(tr_pass_init(&s->pass, shape, ROWS, 80, QUERIES, NULL),
                     AN_OK);
    for (int i = 0; i < SEQS; i++) {
        s->seq[i] = test_history(&s->arena, shape, length[i], &r);
        s->pack.n_rows += (int32_t)length[i];
        for (int k = 0; k < (int)length[i]; k++)
            s->n_keys[s->pack.n_rows - (int)length[i] + k] =
                test_below(&r, k + 2);
    }
    s->pack.seq = s->seq;
    s->pack.n_seqs = SEQS;
    s->pack.score = s->score;
    s->pack.target = s->target;
    s->pack.query_row = s->query_row;
    s->pack.query_weight = s->query_weight;
    s->pack.wide_qw = s->wide;
    s->pack.exposure_qkj = s->exposure;
    s->pack.event_qkj = s->event;
    s->pack.noise_key = seed;
    scene_scores(s, &r);
    if (shape->outcomes)
        scene_queries(s, &r);
    s->terms = (struct tr_terms){.rate_weight = 0.7F,
                                 .hazard_weight = 0.3F,
                                 .rate_norm = 30,
                                 .hazard_norm = 4};
}

static void scene_release(struct scene *s)
{
    tr_pass_release(&s->pass);
    tr_params_release(&s->params);
    an_arena_free(&s->arena);
}

/* Loss at the parameters as they are; with gradients if asked. */
static double scene_loss(struct scene *s, float *grad)
{
    struct tr_loss loss = {.rate = 0};
    struct tr_grads g;

    if (grad) {
        memset(grad, 0, s->params.n * sizeof(*grad));
        tr_grads_at(&s->params, grad, &g);
    }
    tr_pass_run(&s->pass, &s->params.model, &s->pack, &s->terms,
                grad ? &g : NULL, &loss);
    return (double)s->terms.rate_weight * loss.rate / s->terms.rate_norm +
           (double)s->terms.hazard_weight * loss.hazard / s->terms.hazard_norm;
}

/* Slope of the loss along a direction of one tensor, by central difference. */
static double slope(struct scene *s, const struct rt_tensor *t,
                    const float *direction, double step, bool with_drop)
{
    const size_t n = (size_t)t->rows * (size_t)t->cols;
    float *value = s->params.value + t->first;
    float *kept = an_arena_get(&s->arena, n, sizeof(*kept));
    float *spare = NULL;
    double up, down;

    if (with_drop)
        spare = an_arena_get(&s->arena, s->params.n, sizeof(*spare));
    memcpy(kept, value, n * sizeof(*kept));
    for (size_t i = 0; i < n; i++)
        value[i] = kept[i] + (float)(step * (double)direction[i]);
    up = scene_loss(s, spare);
    for (size_t i = 0; i < n; i++)
        value[i] = kept[i] - (float)(step * (double)direction[i]);
    down = scene_loss(s, spare);
    memcpy(value, kept, n * sizeof(*kept));
    return (up - down) / (2 * step);
}

static double length_of(const float *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

/* Along the gradient the slope is its length; along a random direction it is
 * their product. */
static void check_tensor(struct scene *s, const struct rt_tensor *t,
                         const float *grad, struct test_random *r, bool drop)
{
    const size_t n = (size_t)t->rows * (size_t)t->cols;
    const float *g = grad + t->first;
    float *direction = an_arena_get(&s->arena, n, sizeof(*direction));
    const double size = length_of(g, n);
    double want = 0, got;

    if (n == 0)
        return;
    ck_assert_msg(size > 1e-6, "%s has no gradient", t->name);
    for (size_t i = 0; i < n; i++)
        direction[i] = (float)((double)g[i] / size);
    got = slope(s, t, direction, 3e-3, drop);
    ck_assert_msg(fabs(got - size) < 0.01 * size + 2e-5,
                  "%s: slope %.6g along its gradient of length %.6g", t->name,
                  got, size);
    for (size_t i = 0; i < n; i++)
        direction[i] = (float)(test_normal(r) / sqrt((double)n));
    for (size_t i = 0; i < n; i++)
        want += (double)direction[i] * (double)g[i];
    got = slope(s, t, direction, 3e-3, drop);
    ck_assert_msg(fabs(got - want) <
                      0.02 * size / sqrt((double)n) + 0.01 * fabs(want) + 4e-5,
                  "%s: slope %.6g along a direction, want %.6g", t->name, got,
                  want);
}

static void check_all(struct scene *s, uint64_t seed, bool drop)
{
    struct test_random r = {seed};
    float *grad = an_arena_get(&s->arena, s->params.n, sizeof(*grad));

    scene_loss(s, grad);
    for (int i = 0; i < RT_N_WEIGHTS; i++)
        check_tensor(s, &s->params.tensor[i], grad, &r, drop);
}

START_TEST(gradients_of_every_tensor_equal_differences)
{
    struct rt_shape shape = test_shape();
    struct scene s;

    scene_init(&s, &shape, 100 + (uint64_t)_i);
    check_all(&s, 1 + (uint64_t)_i, false);
    scene_release(&s);
}
END_TEST

START_TEST(gradients_hold_with_a_tie_mask_and_delphis_loss)
{
    struct rt_shape shape = test_shape_plain();
    struct scene s;

    scene_init(&s, &shape, 200 + (uint64_t)_i);
    s.pack.n_keys = s.n_keys;
    s.terms.t_min_days = 0.1F;
    s.terms.dt_min_days = 1;
    check_all(&s, 1 + (uint64_t)_i, false);
    scene_release(&s);
}
END_TEST

START_TEST(gradients_hold_with_dropped_units)
{
    struct rt_shape shape = test_shape();
    struct scene s;
    double dropped, whole;

    scene_init(&s, &shape, 300);
    whole = scene_loss(&s, NULL);
    s.terms.drop = 0.3F;
    check_all(&s, 1, true);
    dropped = scene_loss(&s, an_arena_get(&s.arena, s.params.n, sizeof(float)));
    ck_assert_double_gt(fabs(dropped - whole), 1e-3);
    ck_assert_double_eq(scene_loss(&s, NULL), whole);
    scene_release(&s);
}
END_TEST

START_TEST(training_pass_equals_the_reference)
{
    struct rt_shape shape = test_shape();
    struct scene s;
    float *want;
    size_t row = 0;

    scene_init(&s, &shape, 400);
    s.pack.n_keys = s.n_keys;
    scene_loss(&s, NULL);
    want = an_arena_get(&s.arena, ROWS * 24, sizeof(*want));
    for (int i = 0; i < SEQS; i++) {
        const size_t n = s.seq[i].n_positions;

        ck_assert_int_eq(rt_reference_trunk(&s.params.model, &s.seq[i],
                                            s.n_keys + row, &s.arena, want,
                                            NULL),
                         AN_OK);
        ck_assert_double_lt(test_max_diff(want, s.pass.h_tc + row * 24, n * 24),
                            1e-4);
        row += n;
    }
    scene_release(&s);
}
END_TEST

/* -log(rate of what came) + total rate * dt, computed from the definition. */
START_TEST(loss_is_the_competing_exponential_likelihood)
{
    struct rt_shape shape = test_shape();
    struct scene s;
    struct tr_loss loss = {.rate = 0};
    double want = 0;

    scene_init(&s, &shape, 500);
    tr_pass_run(&s.pass, &s.params.model, &s.pack, &s.terms, NULL, &loss);
    for (size_t i = 0; i < s.pack.n_scores; i++) {
        const struct tr_score *score = &s.score[i];
        float log_rate[20];
        double total = 0, mean = 0;

        rt_reference_rates(&s.params.model, s.pass.h_tc + score->row * 24,
                           log_rate);
        for (int v = 0; v < 20; v++)
            total += exp((double)log_rate[v]);
        for (uint32_t k = 0; k < score->n_targets; k++)
            mean += (double)log_rate[s.target[score->first_target + k]] /
                    score->n_targets;
        want += total * (double)score->dt_days - mean;
    }
    ck_assert_double_lt(fabs(loss.rate - want), 1e-4 * fabs(want));
    scene_release(&s);
}
END_TEST

Suite *trainer_gradient_suite(void)
{
    const TTest *const test[] = {gradients_hold_with_dropped_units,
                                 training_pass_equals_the_reference,
                                 loss_is_the_competing_exponential_likelihood};
    Suite *s = TEST_SUITE("trainer/gradient", test);
    TCase *tc = tcase_create("seeds");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, gradients_of_every_tensor_equal_differences, 0, 3);
    tcase_add_loop_test(tc, gradients_hold_with_a_tie_mask_and_delphis_loss, 0,
                        2);
    suite_add_tcase(s, tc);
    return s;
}

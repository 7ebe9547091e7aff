/* SPDX-License-Identifier: Apache-2.0 */
/* Delphi-2M's architecture is a setting of ours: weights, inputs, logits,
 * losses, gradients and one optimiser step of a small Delphi that was trained
 * with its authors' code must come out the same here.  The numbers are raw
 * little-endian files under $ANAMNESIS_DATA/delphi/fixture. */
#include "tests/suite.h"
#include "trainer/adamw.h"
#include "trainer/pass.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *trainer_delphi_suite(void);

enum { B = 8, T = 48, L = 4, C = 96, V = 1270, FILE_FLOATS = 574416 };

static const struct rt_shape shape = {.vocab = V,
                                      .targets = V,
                                      .channels = C,
                                      .heads = 6,
                                      .layers = L,
                                      .positions = T,
                                      .death = -1};

static void *load(const char *name, size_t bytes)
{
    const char *folder = getenv("ANAMNESIS_DATA");
    char path[512];
    void *p = malloc(bytes);
    FILE *f;

    snprintf(path, sizeof(path), "%s/delphi/fixture/%s", folder, name);
    f = fopen(path, "rb");
    ck_assert_msg(f && p, "cannot open %s", path);
    ck_assert_uint_eq(fread(p, 1, bytes, f), bytes);
    fclose(f);
    return p;
}

/* Copy one tensor, or one layer of it, in the fixture's order. */
static const float *take(struct tr_params *p, enum rt_weight_id id, int layer,
                         const float *from)
{
    const struct rt_tensor *t = &p->tensor[id];
    size_t n = (size_t)t->rows * (size_t)t->cols;

    if (layer >= 0)
        n /= L;
    memcpy(p->value + t->first + (layer > 0 ? (size_t)layer * n : 0), from,
           n * sizeof(float));
    return from + n;
}

/* From the fixture's file order to a block of ours.  Files made by the optimiser leave
 * out the `constants` of the age code, which we compute. */
static void arrange(struct tr_params *p, const char *name, size_t constants)
{
    const size_t n = FILE_FLOATS - C / 2 + constants;
    float *file = load(name, n * sizeof(float));
    const float *at = take(p, RT_W_embed, -1, file) + constants;

    at = take(p, RT_W_age, -1, at);
    for (int l = 0; l < L; l++) {
        at = take(p, RT_W_norm1, l, at);
        at = take(p, RT_W_qkv, l, at);
        at = take(p, RT_W_proj, l, at);
        at = take(p, RT_W_norm2, l, at);
        at = take(p, RT_W_up, l, at);
        at = take(p, RT_W_down, l, at);
    }
    at = take(p, RT_W_norm, -1, at);
    ck_assert_ptr_eq(at, file + n);
    free(file);
}

/* The fixture's batch without its padding. */
struct batch {
    int32_t *x, *y;
    float *age, *next_age;
    struct rt_position position[B * T];
    struct rt_item item[B * T];
    struct rt_history seq[B];
    struct tr_score score[B * T];
    int32_t target[B * T], n_keys[B * T], fixture_row[B * T];
    struct tr_pack pack;
};

static bool ignored(int32_t token)
{
    return token == 0 || (token >= 2 && token <= 12);
}

/* Keys that a row sees in training: none as old as what is predicted. */
static int untied(const struct batch *b, int first, int row)
{
    int n = row - first + 1;

    while (n > 0 && !(b->age[first + n - 1] < b->next_age[row]) &&
           !(b->age[first + n - 1] > b->next_age[row]))
        n--;
    return n;
}

static void add_row(struct batch *b, int first, int row)
{
    const int n = b->pack.n_rows++, keys = untied(b, first, row);
    const int last = keys ? first + keys - 1 : row;

    b->fixture_row[n] = row;
    b->n_keys[n] = keys;
    b->position[n] = (struct rt_position){
        .age_days = b->age[row], .first_item = (uint32_t)n, .n_items = 1};
    b->item[n] = (struct rt_item){b->x[row],
                                  {RT_NO_ROW, RT_NO_ROW, RT_NO_ROW, RT_NO_ROW},
                                  RT_NO_ROW,
                                  0,
                                  0};
    if (ignored(b->y[row]))
        return;
    b->target[n] = b->y[row];
    b->score[b->pack.n_scores++] =
        (struct tr_score){n, b->next_age[last] - b->age[last], (uint32_t)n, 1};
}

static void batch_load(struct batch *b)
{
    memset(b, 0, sizeof(*b));
    b->x = load("x.i32", B * T * 4);
    b->y = load("y.i32", B * T * 4);
    b->age = load("age.f32", B * T * 4);
    b->next_age = load("tage.f32", B * T * 4);
    for (int s = 0; s < B; s++) {
        int first = s * T, start = b->pack.n_rows;

        while (b->x[first] == 0)
            first++;
        for (int row = first; row < (s + 1) * T; row++)
            add_row(b, first, row);
        b->seq[s] = (struct rt_history){b->position + start,
                                        (size_t)(b->pack.n_rows - start),
                                        b->item, (size_t)b->pack.n_rows};
    }
    b->pack.seq = b->seq;
    b->pack.n_seqs = B;
    b->pack.score = b->score;
    b->pack.target = b->target;
    b->pack.n_keys = b->n_keys;
}

static void batch_release(struct batch *b)
{
    free(b->x);
    free(b->y);
    free(b->age);
    free(b->next_age);
}

static double worst_logit(const struct tr_pass *pass, const struct rt_model *m,
                          const struct batch *b, const char *name)
{
    float *want = load(name, (size_t)B * T * V * sizeof(float));
    static float got[V];
    double worst = 0;

    for (int i = 0; i < b->pack.n_rows; i++)
        for (int v = 0; v < V; v++) {
            double sum = 0, d;

            for (int c = 0; c < C; c++)
                sum += (double)pass->h_tc[i * C + c] *
                       (double)m->w.embed[v * C + c];
            got[v] = (float)sum;
            d = fabs((double)got[v] -
                     (double)want[(size_t)b->fixture_row[i] * V + (size_t)v]);
            worst = d > worst ? d : worst;
        }
    free(want);
    return worst;
}

static const struct tr_terms delphi = {.rate_weight = 1,
                                       .rate_norm = 1,
                                       .hazard_norm = 1,
                                       .t_min_days = 0.1F,
                                       .dt_min_days = 1};

START_TEST(logits_of_delphi_are_reproduced)
{
    static struct batch b;
    struct tr_params p;
    struct tr_pass pass;

    batch_load(&b);
    ck_assert_int_eq(tr_params_init(&p, &shape, NULL), AN_OK);
    ck_assert_int_eq(tr_pass_init(&pass, &shape, B * T, T, 1, NULL), AN_OK);
    arrange(&p, "weights.f32", C / 2);
    tr_trunk_forward(&pass, &p.model, &b.pack, 0);
    ck_assert_double_lt(worst_logit(&pass, &p.model, &b, "logits_train.f32"),
                        1e-3);
    b.pack.n_keys = NULL;
    tr_trunk_forward(&pass, &p.model, &b.pack, 0);
    ck_assert_double_lt(worst_logit(&pass, &p.model, &b, "logits_infer.f32"),
                        1e-3);
    tr_pass_release(&pass);
    tr_params_release(&p);
    batch_release(&b);
}
END_TEST

START_TEST(losses_gradients_and_a_step_of_delphi_are_reproduced)
{
    static struct batch b;
    struct tr_params p, want;
    struct tr_pass pass;
    struct tr_loss loss = {.rate = 0};
    struct tr_terms terms = delphi;
    struct tr_grads g;
    struct tr_adamw adamw = {1e-3, 0.9, 0.99, 1e-8, 0.2, 1, 1, 0};
    float *grad, *moments;
    double n, away = 0, norm = 0, worst = 0;

    batch_load(&b);
    ck_assert_int_eq(tr_params_init(&p, &shape, NULL), AN_OK);
    ck_assert_int_eq(tr_params_init(&want, &shape, NULL), AN_OK);
    ck_assert_int_eq(tr_pass_init(&pass, &shape, B * T, T, 1, NULL), AN_OK);
    grad = calloc(p.n, sizeof(*grad));
    moments = calloc(2 * p.n, sizeof(*moments));
    arrange(&p, "weights.f32", C / 2);
    tr_grads_at(&p, grad, &g);
    n = terms.rate_norm = (double)b.pack.n_scores;
    tr_pass_run(&pass, &p.model, &b.pack, &terms, &g, &loss);

    /* The manifest's loss_ce and loss_dt. */
    ck_assert_double_lt(fabs(loss.log_share / n / 4.108554363250732 - 1), 1e-5);
    ck_assert_double_lt(
        fabs((loss.rate - loss.log_share) / n / 7.08620548248291 - 1), 1e-5);

    arrange(&want, "grads.f32", 0);
    for (uint64_t i = 0; i < p.n; i++) {
        away += pow((double)grad[i] - (double)want.value[i], 2);
        norm += pow((double)want.value[i], 2);
    }
    ck_assert_double_lt(fabs(sqrt(norm) / 0.833888053894043 - 1), 1e-4);
    ck_assert_double_lt(sqrt(away / norm), 1e-4);

    tr_adamw_step(&p, moments, moments + p.n, grad, 1, &adamw);
    arrange(&want, "weights_after_adamw.f32", 0);
    /* The first step is the sign of the gradient: unsure where that is 0. */
    for (uint64_t i = 0; i < p.n; i++)
        if (fabsf(grad[i]) > 1e-7F)
            worst =
                fmax(worst, fabs((double)p.value[i] - (double)want.value[i]));
    ck_assert_double_lt(worst, 1e-5);
    free(grad);
    free(moments);
    tr_pass_release(&pass);
    tr_params_release(&p);
    tr_params_release(&want);
    batch_release(&b);
}
END_TEST

START_TEST(skipped_without_ANAMNESIS_DATA)
{
    fputs("# SKIP Delphi's numbers: ANAMNESIS_DATA is not set\n", stderr);
}
END_TEST

Suite *trainer_delphi_suite(void)
{
    const TTest *const test[] = {
        logits_of_delphi_are_reproduced,
        losses_gradients_and_a_step_of_delphi_are_reproduced};
    const TTest *const skip[] = {skipped_without_ANAMNESIS_DATA};

    if (getenv("ANAMNESIS_DATA") == NULL)
        return TEST_SUITE("trainer/delphi", skip);
    return TEST_SUITE("trainer/delphi", test);
}

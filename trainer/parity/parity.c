/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/parity/parity.h"

#include "runtime/kernels.h"
#include "trainer/parity/delphi.h"

#include <math.h>
#include <string.h>

static const double near = 1e-3, same = 1e-5, of_norm = 1e-4;
static const double unsure_below = 1e-7;

/* One comparison, and all that it needs. */
struct work {
    struct tr_delphi d;
    struct an_arena *arena;
    struct tr_params p;
    struct tr_pass pass;
    struct tr_delphi_batch b;
    float *logit_rv; /* of the batch with ties masked */
    struct tr_parity *out;
};

static void add(struct work *w, const char *what, int32_t layer,
                const char *measure, double difference, double bound)
{
    w->out->row[w->out->n++] = (struct tr_parity_row){
        what, measure, layer,
        isfinite(difference) ? difference : (double)INFINITY, bound};
}

static void add_furthest(struct work *w, const char *what, int32_t layer,
                         double difference)
{
    add(w, what, layer, "furthest apart", difference, near);
}

static void add_relative(struct work *w, const char *what, double got,
                         double want)
{
    add(w, what, 0, "relative", fabs(got / want - 1), same);
}

/* The most that two differ by; not a number stays one. */
static double further(double most, const float *got, const float *want,
                      size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)got[i] - (double)want[i]);

        most = d > most || isnan(d) ? d : most;
        if (isnan(most))
            break;
    }
    return most;
}

/* Rows of the pack beside those of the file, `width` each. */
static double rows_apart(const struct tr_delphi_batch *b, const float *got_rx,
                         const void *want, size_t width)
{
    const float *want_rx = want;
    double most = 0;

    for (int32_t i = 0; i < b->pack.n_rows && !isnan(most); i++)
        most = further(most, got_rx + (size_t)i * width,
                       want_rx + (size_t)b->file_row[i] * width, width);
    return most;
}

/* ---- forward ------------------------------------------------------------- */

static size_t n_file_rows(const struct work *w)
{
    return (size_t)w->d.batch * (size_t)w->d.length;
}

static float *logits(struct work *w, const struct tr_delphi_batch *b)
{
    const size_t v = (size_t)w->d.shape.vocab, n = (size_t)b->pack.n_rows;
    float *logit_rv = an_arena_get(w->arena, n * v, sizeof(*logit_rv));

    if (logit_rv)
        rt_log_rates(logit_rv, &w->p.model, w->pass.h_tc, (int)n);
    return logit_rv;
}

static enum an_code compare_logits(struct work *w, const char *file,
                                   const char *what,
                                   const struct tr_delphi_batch *b,
                                   size_t n_rows, const float *logit_rv,
                                   struct an_err *err)
{
    const size_t v = (size_t)w->d.shape.vocab;
    const void *want = NULL;
    enum an_code code = logit_rv ? tr_delphi_numbers(&w->d, w->arena, file,
                                                     n_rows * v, &want, err)
                                 : an_fail_nomem(err);

    if (code == AN_OK)
        add_furthest(w, what, 0, rows_apart(b, logit_rv, want, v));
    return code;
}

static enum an_code compare_layers(struct work *w, struct an_err *err)
{
    const size_t c = (size_t)w->d.shape.channels;
    const size_t n = n_file_rows(w) * c, layers = (size_t)w->d.shape.layers;
    const void *embedded = NULL, *acts = NULL;
    enum an_code code =
        tr_delphi_numbers(&w->d, w->arena, "emb.f32", n, &embedded, err);

    if (code == AN_OK)
        code = tr_delphi_numbers(&w->d, w->arena, "acts_train.f32", layers * n,
                                 &acts, err);
    if (code != AN_OK)
        return code;
    add_furthest(w, "embedding", 0,
                 rows_apart(&w->b, w->pass.layer[0].in_tc, embedded, c));
    for (size_t l = 0; l < layers; l++)
        add_furthest(w, "after block", (int32_t)l + 1,
                     rows_apart(&w->b, w->pass.layer[l + 1].in_tc,
                                (const float *)acts + l * n, c));
    return AN_OK;
}

/* Ours is that of each sequence without padding, and says of a row what it
 * could look at. */
static double attention_apart(const struct work *w, const float *want_bhtt)
{
    const size_t heads = (size_t)w->d.shape.heads, t = (size_t)w->d.length;
    double most = 0;

    for (size_t s = 0; s < w->b.pack.n_seqs; s++) {
        const size_t n = w->b.pack.seq[s].n_positions, padding = t - n;
        const size_t width = (size_t)rt_lanes_up((int)n);
        const float *got =
            tr_pass_weights(&w->pass, &w->p.model, 0, (size_t)w->b.first[s]);

        for (size_t row = 0; row < heads * n && !isnan(most); row++) {
            const size_t h = row / n, i = row % n;

            most = further(most, got + row * width,
                           want_bhtt + ((s * heads + h) * t + padding + i) * t +
                               padding,
                           i + 1);
        }
    }
    return most;
}

static enum an_code compare_attention(struct work *w, struct an_err *err)
{
    const size_t t = (size_t)w->d.length;
    const void *want = NULL;
    enum an_code code = tr_delphi_numbers(
        &w->d, w->arena, "att_infer_l0.f32",
        (size_t)w->d.batch * (size_t)w->d.shape.heads * t * t, &want, err);

    if (code == AN_OK && w->d.shape.layers)
        add_furthest(w, "attention of block", 1, attention_apart(w, want));
    return code;
}

static enum an_code compare_forward(struct work *w, struct an_err *err)
{
    const size_t n = n_file_rows(w);
    const int32_t *masked = w->b.pack.n_keys;
    enum an_code code;

    tr_trunk_forward(&w->pass, &w->p.model, &w->b.pack, 0);
    w->logit_rv = logits(w, &w->b);
    code = compare_layers(w, err);
    if (code == AN_OK)
        code = compare_logits(w, "logits_train.f32", "logits, ties masked",
                              &w->b, n, w->logit_rv, err);
    if (code != AN_OK)
        return code;
    w->b.pack.n_keys = NULL;
    tr_trunk_forward(&w->pass, &w->p.model, &w->b.pack, 0);
    w->b.pack.n_keys = masked;
    code = compare_attention(w, err);
    return code == AN_OK ? compare_logits(w, "logits_infer.f32", "logits",
                                          &w->b, n, logits(w, &w->b), err)
                         : code;
}

/* The runtime's own pass, which is not the trainer's. */
static enum an_code compare_runtime(struct work *w,
                                    const struct tr_delphi_batch *alone,
                                    struct an_err *err)
{
    const size_t n = (size_t)w->d.alone;
    struct rt_query *query = an_arena_get(w->arena, n, sizeof(*query));
    struct rt_ask ask = {alone->pack.seq, query, alone->pack.seq->n_positions};
    struct rt_workspace ws;
    enum an_code code;

    if (query == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        query[i] = (struct rt_query){.position = (uint32_t)i};
    code = rt_workspace_init(&ws, w->arena, &w->d.shape, n, n, err);
    if (code == AN_OK)
        code = rt_forward(&w->p.model, &ws, &ask, 1, RT_WANT_RATES, err);
    return code == AN_OK
               ? compare_logits(w, "p0_logits.f32", "the same, by the runtime",
                                alone, n, ws.log_rate_qv, err)
               : code;
}

static enum an_code compare_alone(struct work *w, struct an_err *err)
{
    struct tr_delphi_batch alone;
    enum an_code code = tr_delphi_alone(&w->d, w->arena, &alone, err);

    if (code != AN_OK)
        return code;
    tr_trunk_forward(&w->pass, &w->p.model, &alone.pack, 0);
    code = compare_logits(w, "p0_logits.f32", "logits of one alone", &alone,
                          (size_t)w->d.alone, logits(w, &alone), err);
    return code == AN_OK ? compare_runtime(w, &alone, err) : code;
}

/* ---- losses -------------------------------------------------------------- */

/* In plain loops, as validation has them: nothing may be predicted that is
 * ignored, nor that nothing happens (token 1). */
static void compare_checked(struct work *w)
{
    const size_t v = (size_t)w->d.shape.vocab;
    const double t_min = (double)w->d.t_min_days;
    const struct tr_pack *pack = &w->b.pack;
    double ce = 0, dt = 0, n = 0;

    for (size_t i = 0; i < pack->n_scores; i++) {
        const struct tr_score *s = &pack->score[i];
        const int32_t next = pack->target[s->first_target];
        const float *logit_v = w->logit_rv + (size_t)s->row * v;
        double sum = 0, total, wait = fmax((double)s->dt_days, 1);

        if (next == 1)
            continue;
        for (size_t k = 2; k < v; k++)
            sum += w->d.ignored_v[k] ? 0 : exp((double)logit_v[k]);
        total = -log(1 / sum + t_min);
        ce += log(sum) - (double)logit_v[next];
        dt += exp(total) * (wait + t_min) - total;
        n++;
    }
    add_relative(w, "validation loss of events", ce / n, w->d.checked_ce);
    add_relative(w, "validation loss of times", dt / n, w->d.checked_dt);
}

/* ---- backward ------------------------------------------------------------ */

static enum an_code compare_gradients(struct work *w, float *grad,
                                      struct tr_params *want,
                                      struct an_err *err)
{
    double away = 0, norm = 0;
    enum an_code code =
        tr_delphi_params(&w->d, w->arena, "grads.f32", false, want, err);

    for (uint64_t i = 0; code == AN_OK && i < want->n; i++) {
        double d = (double)grad[i] - (double)want->value[i];

        away += d * d;
        norm += (double)want->value[i] * (double)want->value[i];
    }
    if (code != AN_OK)
        return code;
    add(w, "length of the gradient", 0, "relative",
        fabs(sqrt(norm) / w->d.grad_norm - 1), of_norm);
    add(w, "gradient", 0, "of its length", sqrt(away / norm), of_norm);
    return AN_OK;
}

/* The first step of AdamW is the sign of the gradient that it clipped: unsure
 * where that is near 0. */
static enum an_code compare_step(struct work *w, float *grad, float *moments,
                                 struct tr_params *want, struct an_err *err)
{
    const uint64_t n = w->p.n;
    float *kept = moments + 2 * n;
    double most = 0, norm, least;
    enum an_code code = tr_delphi_params(
        &w->d, w->arena, "weights_after_adamw.f32", false, want, err);

    if (code != AN_OK)
        return code;
    memcpy(kept, grad, n * sizeof(*kept));
    norm = tr_adamw_step(&w->p, moments, moments + n, grad, 1, &w->d.adamw);
    least = unsure_below;
    if (w->d.adamw.clip > 0 && norm > w->d.adamw.clip)
        least *= norm / w->d.adamw.clip;
    for (uint64_t i = 0; i < n; i++) {
        if (fabs((double)kept[i]) > least)
            most = further(most, &w->p.value[i], &want->value[i], 1);
        else
            w->out->n_unsure++;
    }
    add(w, "one step of AdamW", 0, "furthest apart", most, same);
    return AN_OK;
}

static enum an_code compare_backward(struct work *w, struct tr_params *want,
                                     struct an_err *err)
{
    const struct tr_terms terms = {.rate_weight = 1,
                                   .rate_norm = (double)w->b.pack.n_scores,
                                   .hazard_norm = 1,
                                   .t_min_days = w->d.t_min_days,
                                   .dt_min_days = 1};
    const double n = terms.rate_norm;
    float *grad = an_arena_get(w->arena, w->p.n, 4 * sizeof(*grad));
    struct tr_loss loss = {.rate = 0};
    struct tr_grads grads;
    enum an_code code;

    if (grad == NULL)
        return an_fail_nomem(err);
    memset(grad, 0, w->p.n * 4 * sizeof(*grad));
    tr_grads_at(&w->p, grad, &grads);
    tr_pass_run(&w->pass, &w->p.model, &w->b.pack, &terms, &grads, &loss);
    add_relative(w, "loss of events", loss.log_share / n, w->d.loss_ce);
    add_relative(w, "loss of times", (loss.rate - loss.log_share) / n,
                 w->d.loss_dt);
    compare_checked(w);
    code = compare_gradients(w, grad, want, err);
    return code == AN_OK ? compare_step(w, grad, grad + w->p.n, want, err)
                         : code;
}

/* ---- all ----------------------------------------------------------------- */

static enum an_code compare(struct work *w, struct tr_params *want,
                            struct an_err *err)
{
    const struct rt_shape *s = &w->d.shape;
    enum an_code code =
        tr_delphi_params(&w->d, w->arena, "weights.f32", true, &w->p, err);

    if (code != AN_OK ||
        (code = tr_delphi_batch(&w->d, w->arena, &w->b, err)) != AN_OK)
        return code;
    if (w->b.pack.n_scores == 0)
        return an_fail(err, AN_CONFIG, "the batch has nothing to predict", 0);
    code = tr_pass_init(&w->pass, s, w->b.pack.n_rows + w->d.alone,
                        s->positions, 1, err);
    if (code != AN_OK || (code = compare_forward(w, err)) != AN_OK ||
        (code = compare_alone(w, err)) != AN_OK)
        return code;
    return compare_backward(w, want, err);
}

enum an_code tr_parity(struct an_arena *arena, const char *folder,
                       struct tr_parity *out, struct an_err *err)
{
    struct work w = {.arena = arena, .out = out};
    struct tr_params want = {.n = 0};
    enum an_code code = tr_delphi_open(&w.d, arena, folder, err);

    *out = (struct tr_parity){.shape = w.d.shape};
    if (code != AN_OK)
        return code;
    code = tr_params_init(&w.p, &w.d.shape, err);
    if (code == AN_OK)
        code = tr_params_init(&want, &w.d.shape, err);
    if (code == AN_OK)
        code = compare(&w, &want, err);
    out->rows = w.b.pack.n_rows;
    out->scores = (int32_t)w.b.pack.n_scores;
    tr_pass_release(&w.pass);
    tr_params_release(&want);
    tr_params_release(&w.p);
    return code;
}

size_t tr_parity_n_beyond(const struct tr_parity *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++)
        n += !(p->row[i].difference <= p->row[i].bound);
    return n;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One pack of patients through the model and back: loss and gradients.
 *
 *     tr_pass_run(&pass, &params.model, &pack, &terms, &grads, &loss);
 *
 * The forward half keeps what the backward half needs.  All gradients are
 * written by hand and checked against differences in the tests; they are
 * added to *grads, so that several packs make one step.
 *
 * Losses (both are minus log-likelihoods, summed over the pack, times 1 / norm):
 *
 * rates: for each scored row with the set S of concepts that come next after
 *     dt days, total rate R = sum exp(log rate),
 *         R dt - mean over S of log rate,
 *     so the waiting time counts once per set.  With t_min > 0 it is Delphi's:
 *     R' = 1 / (1/R + t_min), (dt + t_min) R' - log R' - log(share of S).
 * hazards: for each query, outcome and bin,
 *         weight * (exposure * hazard - event * log hazard).
 *
 * Thread-safety: a pass is confined; model and pack are only read.
 * Ownership: tr_pass_init gets memory for packs up to a size. */
#ifndef TRAINER_FIT_PASS_H
#define TRAINER_FIT_PASS_H

#include "runtime/forward.h"
#include "trainer/fit/params.h"

/* What is to be learned from a row: what came after it, and when. */
struct tr_score {
    int32_t row;
    float dt_days;
    uint32_t first_target, n_targets; /* in pack.target; none: censored */
};

struct tr_pack {
    const struct rt_history *seq; /* their positions are the rows, in order */
    size_t n_seqs;
    int32_t n_rows;
    const int32_t *n_keys; /* per row, as in rt_attend; NULL: causal */

    const struct tr_score *score;
    size_t n_scores;
    const int32_t *target; /* rows of embed, below shape.targets */

    const int32_t *query_row;
    const float *query_weight;
    const float *wide_qw;
    const float *exposure_qkj; /* days */
    const float *event_qkj;    /* 0 or 1 */
    size_t n_queries;

    uint64_t noise_key; /* which units are dropped */
};

struct tr_terms {
    float rate_weight, hazard_weight; /* of the two losses */
    double rate_norm, hazard_norm;    /* sums are divided by these */
    float t_min_days, dt_min_days;    /* Delphi: 0.1 and 1; ours: 1 and 0 */
    float drop;                       /* share of units dropped */
};

/* Sums over the pack, not yet weighted or divided. */
struct tr_loss {
    double rate, hazard;
    double log_share;                /* Delphi's cross-entropy part of `rate` */
    double outcome[RT_MAX_OUTCOMES]; /* `hazard` by outcome */
};

struct tr_layer {
    float *in_tc, *norm1_tc, *stat1_t2, *qkv_t3c, *p, *mix_tc;
    float *mid_tc, *norm2_tc, *stat2_t2, *up_t4c, *act_t4c;
};

struct tr_pass {
    int32_t max_rows, max_length, max_queries;
    struct tr_layer *layer; /* one more than the model has: its in_tc is the
                               trunk's end */
    float *stat_t2, *h_tc;
    float *dh_tc, *dx_tc, *dn_tc, *dqkv_t3c, *d4_t4c, *room;
    float *picked_tc, *logit_tv;
    float *low_qjr, *dlow_qjr, *level_qk, *eta_qkj;
    float *age_tc, *embed;
    float *block; /* all of the above */
};

/* Room for packs of `rows` rows, histories of `length`, `queries` queries. */
enum an_code tr_pass_init(struct tr_pass *p, const struct rt_shape *s,
                          int32_t rows, int32_t length, int32_t queries,
                          struct an_err *err)
    __attribute__((warn_unused_result));
void tr_pass_release(struct tr_pass *p);

/* Adds to *loss, and to *grads unless that is NULL (then nothing is dropped).
 * The pack fits the pass. */
void tr_pass_run(struct tr_pass *p, const struct rt_model *m,
                 const struct tr_pack *pack, const struct tr_terms *terms,
                 struct tr_grads *grads, struct tr_loss *loss);

/* What rt_attend kept in a layer of the history that begins with that row. */
const float *tr_pass_weights(const struct tr_pass *p, const struct rt_model *m,
                             int layer, size_t row);

/* The parts of the above, in their order. */
void tr_trunk_forward(struct tr_pass *p, const struct rt_model *m,
                      const struct tr_pack *pack, float drop);
/* These fill dh_tc. */
void tr_rates(struct tr_pass *p, const struct rt_model *m,
              const struct tr_pack *pack, const struct tr_terms *terms,
              struct tr_grads *grads, struct tr_loss *loss);
void tr_hazards(struct tr_pass *p, const struct rt_model *m,
                const struct tr_pack *pack, const struct tr_terms *terms,
                struct tr_grads *grads, struct tr_loss *loss);
void tr_trunk_backward(struct tr_pass *p, const struct rt_model *m,
                       const struct tr_pack *pack, float drop,
                       struct tr_grads *grads);
void tr_embed_backward(struct tr_pass *p, const struct rt_model *m,
                       const struct tr_pack *pack, struct tr_grads *grads);

#endif

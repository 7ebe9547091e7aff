/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of numbers that Delphi-2M's own code computed (doi
 * 10.1038/s41586-025-09529-3), of any size of that architecture:
 *
 *     manifest.json            args, tensors and their order, B, T, p0_T, losses,
 *                              grad_norm, adamw
 *     weights.f32              the tensors, one after the other
 *     grads.f32, weights_after_adamw.f32
 *                              the same without what has no gradient
 *     x.i32 y.i32 age.f32 tage.f32     [B][T]: token and age in days, and what
 *                              comes next; padding (token 0) is on the left
 *     emb.f32                  [B][T][d]
 *     acts_train.f32           [L][B][T][d], after each block
 *     att_infer_l0.f32         [B][H][T][T]
 *     logits_train.f32, logits_infer.f32      [B][T][V]
 *     p0_x.i32, p0_age.f32, p0_logits.f32     one patient of p0_T tokens
 *
 * all raw, little-endian, without a head.  "train" is with ties masked: a row
 * sees nothing as old as what it predicts.
 *
 * Thread-safety: confined.  Ownership: everything is the arena's. */
#ifndef TRAINER_PARITY_DELPHI_H
#define TRAINER_PARITY_DELPHI_H

#include "base/arena.h"
#include "base/json.h"
#include "trainer/fit/adamw.h"
#include "trainer/fit/params.h"
#include "trainer/fit/pass.h"

struct tr_delphi {
    const char *folder;
    const struct an_json *manifest;
    struct rt_shape shape;
    int32_t batch, length, alone; /* B, T, p0_T */
    float t_min_days;
    bool mask_ties;
    bool *ignored_v; /* targets from which nothing is learned */
    struct tr_adamw adamw;
    double loss_ce, loss_dt, checked_ce, checked_dt; /* training, validation */
    double grad_norm;
};

/* The manifest.  AN_NOTFOUND, AN_IO, AN_SYNTAX; AN_CONFIG with the member's name
 * where one is missing or has no sense, AN_UNSUPPORTED for biases. */
enum an_code tr_delphi_open(struct tr_delphi *d, struct an_arena *arena,
                            const char *folder, struct an_err *err)
    __attribute__((warn_unused_result));

/* A file of exactly `n` numbers of four bytes.  AN_CONFIG when it has others. */
enum an_code tr_delphi_numbers(const struct tr_delphi *d,
                               struct an_arena *arena, const char *name,
                               size_t n, const void **numbers,
                               struct an_err *err)
    __attribute__((warn_unused_result));

/* A file of tensors into p->value, which has d->shape.  `constants`: it also has
 * those that have no gradient, which we compute. */
enum an_code tr_delphi_params(const struct tr_delphi *d, struct an_arena *arena,
                              const char *name, bool constants,
                              struct tr_params *p, struct an_err *err)
    __attribute__((warn_unused_result));

/* Sequences without their padding, as packs have them. */
struct tr_delphi_batch {
    const int32_t *x, *y;
    const float *age, *next_age;
    int32_t *file_row; /* [pack.n_rows]: of [B * T] */
    int32_t *first;    /* [pack.n_seqs]: the first row of each, in the pack */
    struct tr_pack pack;
};

/* What the losses are of; its n_keys mask ties, if the manifest says so. */
enum an_code tr_delphi_batch(const struct tr_delphi *d, struct an_arena *arena,
                             struct tr_delphi_batch *b, struct an_err *err)
    __attribute__((warn_unused_result));
/* The one patient: nothing is to be learned from him. */
enum an_code tr_delphi_alone(const struct tr_delphi *d, struct an_arena *arena,
                             struct tr_delphi_batch *b, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

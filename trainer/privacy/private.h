/* SPDX-License-Identifier: Apache-2.0 */
/* What a fit with differential privacy has beside another (Abadi et al., CCS
 * 2016): whom a step takes, how much noise it gets, what is spent.
 *
 * The unit is the person: all patients of the training split that share a key
 * are one, however many windows or cases that is.  Each step takes each person
 * with the same chance, apart from the others, so that a step may have nobody;
 * the gradient of all that a person brings is clipped once
 * (trainer/fit/team.h), the sum is blurred, and divided by how many people were
 * to be expected.
 *
 * What it spends: the steps, and the start of the biases (start.h).  What is
 * learned of the training people elsewhere is in nobody's budget and named in
 * the record: tr_private_write.
 *
 * Thread-safety: confined.  Ownership: init gets memory, release gives back. */
#ifndef TRAINER_PRIVACY_PRIVATE_H
#define TRAINER_PRIVACY_PRIVATE_H

#include "base/json_out.h"
#include "trainer/dataset/cohort.h"
#include "trainer/fit/settings.h"
#include "trainer/privacy/accountant.h"
#include "trainer/privacy/noise.h"

struct tr_private {
    struct tr_secret secret;
    struct tr_phase step;  /* .steps: as many as are planned */
    struct tr_phase start; /* .steps: 1, or 0 without */
    double delta, clip, expected;
    uint32_t *patient; /* to train on, a person's one after the other */
    size_t *first; /* person i: patient[first[i]] .. patient[first[i+1]-1] */
    size_t n_people;
    uint32_t *batch; /* the patients of whom the step took */
    size_t n_batch;
};

/* Whether the settings ask for it. */
bool tr_private_wanted(const struct tr_settings *s);

/* Finds the noise when epsilon is set, and leaves it in s->dp_noise.  key as in
 * tr_secret_init.  AN_CONFIG for settings that do not go together or with so
 * many people, AN_LIMIT when no noise is enough. */
enum an_code tr_private_init(struct tr_private *p, const struct tr_cohort *c,
                             struct tr_settings *s,
                             const uint8_t key[TR_SECRET_BYTES],
                             struct an_err *err)
    __attribute__((warn_unused_result));
void tr_private_release(struct tr_private *p);

/* Fill `batch` for a step. */
enum an_code tr_private_sample(struct tr_private *p, struct an_err *err)
    __attribute__((warn_unused_result));

/* From the sum of clipped gradients to what the optimiser may see. */
enum an_code tr_private_blur(struct tr_private *p, float *grad, uint64_t n,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* After so many steps. */
struct tr_budget tr_private_spent(const struct tr_private *p, int64_t steps);

/* The member "privacy" of fit.json: `charged` steps were paid for, `taken` of
 * them made the model. */
void tr_private_write(const struct tr_private *p, const struct tr_settings *s,
                      int64_t charged, int64_t taken, struct an_json_out *w);

#endif

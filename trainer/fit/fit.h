/* SPDX-License-Identifier: Apache-2.0 */
/* Fitting a model to a cohort.
 *
 *     struct tr_fit f;
 *     tr_fit_init(&f, &cohort, &settings, err);
 *     while (!tr_fit_done(&f))
 *         tr_fit_step(&f, err), say(f.last_loss) ...
 *     tr_fit_take_best(&f), use(f.params.model);
 *     tr_fit_release(&f);
 *
 * A step takes the next patients of the epoch's order until they have
 * settings.batch_rows positions.  At the end of each epoch the tuning patients
 * are scored and the best parameters so far are kept.
 *
 * The result is a function of cohort, settings (threads among them), and the
 * machine's BLAS; stopping and resuming from a checkpoint changes no bit, nor does
 * the number of processes that share the threads.
 *
 * With dp_noise or dp_epsilon set the fit is private (trainer/privacy): a step
 * takes people by lot, an epoch is as many steps as take each once in the mean,
 * and noise that no seed gives is in all that is learned.  Then no loss of
 * anybody is kept or shown, the last epoch is the best, every share of the trunk
 * is 1, and the wide branch starts at nothing (wide_rate above 0 teaches it).
 *
 * Thread-safety: confined.  Ownership: tr_fit_init gets memory and threads. */
#ifndef TRAINER_FIT_FIT_H
#define TRAINER_FIT_FIT_H

#include "base/hash.h"
#include "trainer/fit/course.h"
#include "trainer/fit/settings.h"
#include "trainer/fit/team.h"
#include "trainer/privacy/private.h"

struct tr_epoch {
    double train, tune; /* loss; tune is NAN without tuning patients */
    double tune_rate, tune_hazard;
};

/* Where a fit begins that does not begin by itself. */
struct tr_fit_from {
    const float *value; /* a block of parameters of the shape */
    /* Called after each step with a block that became of them, the parameters
     * and their mean; may put back what is not to be.  NULL: nothing is. */
    void (*hold)(const void *arg, const struct tr_params *p, float *block);
    const void *arg;
};

struct tr_fit {
    const struct tr_cohort *cohort;
    struct tr_settings settings;
    struct tr_params params;
    float *first, *second; /* moments of the gradient */
    float *mean, *best;    /* averaged; the best average so far */
    struct tr_team team;
    struct tr_fit_from from; /* value NULL: by itself */
    bool is_private;
    struct tr_private privacy; /* if is_private */
    uint32_t *order;           /* this epoch's training patients */
    size_t n_order;
    uint32_t *tune;
    size_t n_tune;
    int64_t rows_per_epoch;
    struct an_sha256 fingerprint; /* of cohort and settings */
    /* what a checkpoint holds beside the blocks */
    struct tr_progress {
        int64_t step, epoch, rows_done;
        int64_t charged; /* private steps paid for: those taken, and those that
                            a run which was killed may have taken */
        uint64_t at;     /* in `order` */
        double sum_loss, sum_rows; /* of this epoch so far */
        double best_loss;
        int64_t best_epoch;
    } progress;
    struct tr_course *course; /* of a checkpoint, too; empty of a private fit */
    double last_loss, last_norm, last_rate;
    int64_t last_rows;
    bool epoch_ended; /* by the last step; then `epoch` is filled */
    struct tr_epoch epoch;
};

/* The shape that settings and cohort make together. */
struct rt_shape tr_fit_shape(const struct tr_cohort *c,
                             const struct tr_settings *s);

/* ranks NULL: this process alone.  A private fit is refused to more than one
 * (AN_UNSUPPORTED).  Else all of them call everything here in the
 * same order, and have the same results. */
enum an_code tr_fit_init(struct tr_fit *f, const struct tr_cohort *cohort,
                         const struct tr_settings *settings,
                         const struct tr_ranks *ranks, struct an_err *err)
    __attribute__((warn_unused_result));
/* From parameters that are there, in this process; `from` has what outlives the
 * fit.  AN_UNSUPPORTED for a private one. */
enum an_code tr_fit_init_from(struct tr_fit *f, const struct tr_cohort *cohort,
                              const struct tr_settings *settings,
                              const struct tr_fit_from *from,
                              struct an_err *err)
    __attribute__((warn_unused_result));
void tr_fit_release(struct tr_fit *f);

bool tr_fit_done(const struct tr_fit *f);
/* Share of the run that is done. */
double tr_fit_progress(const struct tr_fit *f);
/* AN_TYPE when the loss or its gradient is no number any more; the parameters
 * are those before the step then, and err->where.line is the step. */
enum an_code tr_fit_step(struct tr_fit *f, struct an_err *err)
    __attribute__((warn_unused_result));

/* Loss of a list of patients at the parameters as they are. */
struct tr_sums tr_fit_score(struct tr_fit *f, const uint32_t *patient,
                            size_t n);
/* Weighted and averaged, as training sees it. */
double tr_fit_loss(const struct tr_fit *f, const struct tr_sums *sums);

/* Put the training patients into the order of progress.epoch. */
void tr_fit_reorder(struct tr_fit *f);

/* Make the best parameters so far the current ones. */
void tr_fit_take_best(struct tr_fit *f);

/* After that: let the trunk say as much about each outcome as serves the tuning
 * patients.  Its part of the log hazard is multiplied by a share in [0, 1]; at
 * 0 the outcome is left to the wide branch, which is a regression.  An outcome
 * with TR_SHARE_EVENTS events in tuning has a share of its own, the rarer ones
 * have one together: a trunk that many outcomes and the rates have formed is
 * not to be believed in the ones that few people had.  Without tuning patients
 * every share is 1. */
enum { TR_SHARE_EVENTS = 20 };
void tr_fit_share(struct tr_fit *f, double share_k[RT_MAX_OUTCOMES]);

/* What keeps the trunk out of all outcomes while settings.trunk is 0: its part
 * of the log hazard is put back to nothing at each step, so that what stays is
 * fitted without it; every share is 0 then. */
void tr_fit_silence(struct tr_fit *f);

/* AN_CONFLICT when the checkpoint is of another cohort or other settings,
 * AN_INTEGRITY when it is damaged; the fit is unchanged then. */
enum an_code tr_fit_save(const struct tr_fit *f, const char *path,
                         struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code tr_fit_load(struct tr_fit *f, const char *path, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Workers that each take a share of the patients of a step, with gradients of
 * their own.  The shares and the order in which gradients are added depend on
 * the number of workers alone, so a run with the same number gives the same
 * bits.  Each is a thread, of this process or of another (trainer/fit/ranks.h);
 * the first that is ours is the calling thread.
 *
 * Whoever starts a team has set OpenBLAS to one thread.
 *
 * After tr_team_clip the gradient is clipped person by person: each person's
 * patients (those with one key, which stand together) go through the model by
 * themselves, their loss is its mean over their own rows and questions, and
 * their whole gradient is shortened to `clip` before it is added.  So nobody
 * changes the sum by more than that, nor what is drawn for others; a gradient
 * that is no number is left out.  Each history is a pass of its own anyway, so
 * that the norm of the gradient itself costs little beside it, where norms by
 * layer (ghost clipping) would need a second pass and the cross term of the
 * embedding, which is input and output.
 *
 * Thread-safety: confined.  Ownership: tr_team_init gets memory and threads. */
#ifndef TRAINER_FIT_TEAM_H
#define TRAINER_FIT_TEAM_H

#include "trainer/fit/feed.h"
#include "trainer/fit/ranks.h"

#include <pthread.h>

struct tr_team;

struct tr_worker {
    struct tr_team *team;
    pthread_t thread;
    struct tr_feed feed;
    struct tr_pass pass;
    float *grad;
    float *one; /* the gradient of a person, when it is clipped */
    struct tr_sums {
        struct tr_loss loss;
        double n_scores, query_weight; /* what the losses are sums over */
    } sums;
    size_t first, n; /* its patients, in team->patient */
};

struct tr_team {
    const struct tr_params *params;
    const struct tr_cohort *cohort;
    struct tr_ranks ranks;
    size_t n_workers, n_threads; /* threads that were started */
    size_t first, end;           /* the workers that are ours */
    struct tr_worker *worker;
    float *grad; /* the sum of all gradients */
    /* Guarded by `lock`: which job it is, and who still works on it. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t n_jobs;
    size_t n_busy;
    bool stop;
    /* the job */
    const uint32_t *patient;
    bool training;
    double clip; /* of each person's gradient, in training; 0: not */
    struct tr_terms terms;
    float hide;
    uint64_t key;
};

/* ranks NULL: this process alone.  AN_CONFIG when there are more processes than
 * workers. */
enum an_code tr_team_init(struct tr_team *t, const struct tr_params *params,
                          const struct tr_cohort *cohort, size_t n_workers,
                          const struct tr_ranks *ranks, struct an_err *err)
    __attribute__((warn_unused_result));
void tr_team_release(struct tr_team *t);

/* Clip from now on. */
enum an_code tr_team_clip(struct tr_team *t, double clip, struct an_err *err)
    __attribute__((warn_unused_result));

/* Sums over the patients, in every process; the caller has set the job, the same
 * in each.  When training, `grad` is set. */
struct tr_sums tr_team_run(struct tr_team *t, size_t n_patients);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that each take a share of the patients of a step, with gradients of
 * their own.  The shares and the order in which gradients are added depend on
 * the number of threads alone, so a run with the same number gives the same
 * bits.  Worker 0 is the calling thread.
 *
 * Whoever starts a team has set OpenBLAS to one thread.
 *
 * Thread-safety: confined.  Ownership: tr_team_init gets memory and threads. */
#ifndef TRAINER_TEAM_H
#define TRAINER_TEAM_H

#include "trainer/feed.h"

#include <pthread.h>

struct tr_team;

struct tr_worker {
    struct tr_team *team;
    pthread_t thread;
    struct tr_feed feed;
    struct tr_pass pass;
    float *grad;
    struct tr_loss loss;
    double n_scores, query_weight; /* what the losses are sums over */
    size_t first, n;               /* its patients, in team->patient */
};

struct tr_team {
    const struct tr_params *params;
    const struct tr_cohort *cohort;
    size_t n_workers, n_threads; /* threads that were started */
    struct tr_worker *worker;
    /* Guarded by `lock`: which job it is, and who still works on it. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t n_jobs;
    size_t n_busy;
    bool stop;
    /* the job */
    const uint32_t *patient;
    bool training;
    struct tr_terms terms;
    float hide;
    uint64_t key;
};

enum an_code tr_team_init(struct tr_team *t, const struct tr_params *params,
                          const struct tr_cohort *cohort, size_t n_workers,
                          struct an_err *err)
    __attribute__((warn_unused_result));
void tr_team_release(struct tr_team *t);

/* Sums over the patients; the caller has set the job.  When training, worker
 * 0's `grad` holds the sum of all gradients. */
struct tr_sums {
    struct tr_loss loss;
    double n_scores, query_weight;
};
struct tr_sums tr_team_run(struct tr_team *t, size_t n_patients);

#endif

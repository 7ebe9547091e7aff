/* SPDX-License-Identifier: Apache-2.0 */
/* The candidates measured on the test patients of a site, outcome by outcome and
 * group by group, each beside the package as it came.
 *
 * Points weigh as tr_known_weights has it, but for AUROC, which is of the known
 * answers as they are (judge.h).  What is observed is the sum of the weights of
 * who had the outcome, what is expected that of the risks of all at risk.
 * Intervals are 95 %, of TR_RESAMPLES draws of persons, the same for all
 * candidates, so that differences are paired; that of the slope is by its
 * variance, and the ICI has none.
 *
 * Thread-safety: confined to the arena. */
#ifndef TRAINER_TUNE_BENCH_H
#define TRAINER_TUNE_BENCH_H

#include "trainer/tune/sides.h"
#include "trainer/tune/site.h"

/* What is drawn again and again. */
enum tr_measure {
    TR_M_AUROC,
    TR_M_LEVEL,   /* observed over expected */
    TR_M_BENEFIT, /* net benefit from `threshold` on */
    TR_M_LOSS,    /* log loss, in nats */
    TR_N_MEASURES
};

struct tr_figure {
    double value;
    struct tr_interval interval;
};

struct tr_figures {
    struct tr_figure of[TR_N_MEASURES], slope;
    /* this candidate less the package as it came; of LEVEL nothing */
    struct tr_figure less[TR_N_MEASURES];
    double ici;
};

struct tr_bench {
    struct tr_column column;
    int group; /* -1: everybody */
    size_t questions;
    uint32_t with, without; /* persons who had the outcome, and others */
    double share;           /* observed */
    double threshold;       /* of the net benefit: the outcome's, else share */
    bool measured;          /* `of` is there: enough persons of either kind */
    struct tr_figures of[TR_N_SIDES];
};

struct tr_benches {
    struct tr_bench *row; /* everybody by column, then group by group */
    size_t n;
};

/* Measured is of which there are `events` persons with the outcome and without;
 * in a group, `group_events`.  Groups that no outcome is measured in have no
 * rows. */
enum an_code tr_bench(struct an_arena *arena, const struct tr_data *d,
                      const struct tr_side side[TR_N_SIDES], double events,
                      double group_events, struct tr_benches *out,
                      struct an_err *err) __attribute__((warn_unused_result));

#endif

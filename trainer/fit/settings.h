/* SPDX-License-Identifier: Apache-2.0 */
/* What a fit can be told: one table from which the struct, the defaults, the
 * checks, the command line and its help are made.
 *
 * Thread-safety: immutable. */
#ifndef TRAINER_FIT_SETTINGS_H
#define TRAINER_FIT_SETTINGS_H

#include "runtime/shape.h"

/*        name, default, lowest, highest, help */
#define TR_INTS(X)                                                             \
    X(seed, 1, 0, INT64_MAX, "the same seed gives the same model")             \
    X(threads, 1, 1, 256,                                                      \
      "threads of all processes; part of what fixes the result")               \
    X(epochs, 8, 1, 100000, "times through the training patients")             \
    X(batch_rows, 4096, 1, 10000000, "positions in one step")                  \
    X(layers, 6, 0, 64, "transformer layers")                                  \
    X(channels, 128, 4, 2048, "width of a position")                           \
    X(heads, 4, 1, 64, "attention heads")                                      \
    X(positions, 512, 2, 65536, "longest history that is read")                \
    X(value_hidden, 16, 1, 256, "units of the value network")                  \
    X(times, RT_N_TIMES, 0, RT_N_TIMES,                                        \
      "time features of a position beside the age: all, or 0")                 \
    X(rank, 32, 0, 256, "rank of the hazards' change over time")               \
    X(trunk, 1, 0, 1,                                                          \
      "0: outcomes are left to the wide branch, the trunk says nothing")       \
    X(wide_folds, 5, 0, 100,                                                   \
      "parts to choose the wide branch's ridge by; 0: "                        \
      "it starts at nothing")                                                  \
    X(dp_people, 256, 1, 10000000,                                             \
      "private: people expected in one step, instead of batch_rows")           \
    X(dp_public, 0, 0, 1,                                                      \
      "private: 1 declares the vocabulary to be of public data")

#define TR_REALS(X)                                                            \
    X(rate, 1.5e-3, 0, 1, "learning rate at its highest")                      \
    X(rate_end, 0.02, 0, 1, "its end, as a share of the highest")              \
    X(warmup, 0.05, 0, 0.9, "share of the run in which it rises")              \
    X(beta1, 0.9, 0, 0.9999, "decay of the first moment")                      \
    X(beta2, 0.98, 0, 0.9999, "decay of the second moment")                    \
    X(decay, 0.05, 0, 10, "weight decay of matrices")                          \
    X(clip, 1, 0, 1e6, "longest gradient; 0 for no limit")                     \
    X(drop, 0.1, 0, 0.9, "share of units dropped")                             \
    X(hide, 0.1, 0, 0.9, "share of concepts and values hidden")                \
    X(t_min, 1, 0, 1e4, "days below which waits are not told apart")           \
    X(rate_weight, 0.1, 0, 1e3, "weight of the next-event loss")               \
    X(hazard_weight, 1, 0, 1e3, "weight of the outcome loss")                  \
    X(average, 1, 0, 1e3, "epochs over which parameters are averaged; 0: no")  \
    X(wide_rate, 0, 0, 1e3,                                                    \
      "learning rate of the wide branch, times `rate`; 0: it stays at its "    \
      "start")                                                                 \
    X(wide_l2, 1e-4, 0, 1e3, "L2 penalty of the wide branch")                  \
    X(dp_noise, 0, 0, 1e4,                                                     \
      "private: noise, over the clip; 0: none, unless dp_epsilon finds it")    \
    X(dp_epsilon, 0, 0, 1e4, "private: what may be spent; 0: dp_noise says")   \
    X(dp_delta, 1e-5, 0, 0.1, "private: delta of what is spent")               \
    X(dp_clip, 1, 0, 1e6, "private: longest gradient of one person")           \
    X(dp_start, 10, 0, 1e4,                                                    \
      "private: noise of the biases' start; 0: it says nothing of the data")

struct tr_settings {
#define X(name, standard, low, high, help) int64_t name;
    TR_INTS(X)
#undef X
#define X(name, standard, low, high, help) double name;
    TR_REALS(X)
#undef X
    /* Edges of the hazards' time bins, in days: whole ones, from 0 on, rising;
     * a horizon inside a bin is as good as one at an edge.  No row of the
     * table, since it is a list. */
    int64_t bins;
    int64_t bin_edge_days[RT_MAX_BINS];
};

/* The latest edge: a float holds it, and every whole day before it. */
enum { TR_MAX_EDGE_DAYS = 100000 };

void tr_settings_init(struct tr_settings *s);

/* Set one by name ("batch_rows", or "batch-rows" as on the command line);
 * "bins" takes its edges with commas between them.
 * AN_NOTFOUND, AN_TYPE when it is no number, AN_LIMIT out of its range. */
enum an_code tr_settings_set(struct tr_settings *s, struct an_str name,
                             struct an_str value, struct an_err *err)
    __attribute__((warn_unused_result));

/* Row i of the table: false past the end. */
struct tr_setting {
    const char *name, *help;
    double standard, low, high;
    bool whole;
};
bool tr_settings_row(size_t i, struct tr_setting *row);

/* Whether `said` names that setting, "-" standing for "_". */
bool tr_setting_named(struct an_str said, const char *name);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The sizes of a model.  They are data of the model package: no size is
 * compiled in, and a part whose size is 0 is not there.  So the architecture
 * of Delphi-2M (doi 10.1038/s41586-025-09529-3) is one setting of these:
 * no flags, values, time features, biases or outcomes.
 *
 * Dimensions have one letter each wherever arrays are named: t positions,
 * c channels, h heads, v vocabulary, k outcomes, j time bins, r rank, w wide
 * features.
 *
 * Thread-safety: immutable. */
#ifndef RUNTIME_SHAPE_H
#define RUNTIME_SHAPE_H

#include "base/err.h"

enum {
    RT_MAX_OUTCOMES = 64,
    RT_MAX_BINS = 16,
    RT_MAX_WIDE = 4096,
    RT_N_TIMES = 6 /* see rt_time_features */
};

/*        name, lowest, highest, what it is */
#define RT_SIZES(X)                                                            \
    X(vocab, 1, 1 << 20, "concepts that have a row")                           \
    X(targets, 1, 1 << 20, "the first rows, which are predicted")              \
    X(channels, 4, 2048, "width of a position")                                \
    X(heads, 1, 64, "attention heads")                                         \
    X(layers, 0, 64, "transformer layers")                                     \
    X(positions, 1, 65536, "longest history that is read at once")             \
    X(flags, 0, 64, "rows of the abnormal-flag table")                         \
    X(value_rows, 0, 1 << 20, "concepts that have values")                     \
    X(value_hidden, 0, 256, "units of the value network")                      \
    X(times, 0, RT_N_TIMES, "time features: RT_N_TIMES or none")               \
    X(rate_bias, 0, 1, "a bias for each predicted concept, or none")           \
    X(outcomes, 0, RT_MAX_OUTCOMES, "outcomes with a hazard")                  \
    X(bins, 0, RT_MAX_BINS, "time bins of the hazards")                        \
    X(rank, 0, 256, "rank of the hazards' change over time")                   \
    X(wide, 0, RT_MAX_WIDE, "features of the wide branch")

struct rt_shape {
#define X(name, low, high, what) int32_t name;
    RT_SIZES(X)
#undef X
    int32_t death; /* which outcome is death, which competes with the others;
                      -1 when none is */
    /* Bin j covers [bin_edge_days[j], bin_edge_days[j + 1]); the first edge is
     * 0 and the last bin has no end. */
    float bin_edge_days[RT_MAX_BINS];
};

/* The bins of hospital questions: 0-1, 1-7, 7-30, 30-90, 90-365, >365 days. */
#define RT_BINS_DEFAULT                                                        \
    {                                                                          \
        0, 1, 7, 30, 90, 365                                                   \
    }
enum { RT_N_BINS_DEFAULT = 6 };

/* Each size in its range, and all of them consistent.  AN_CONFIG otherwise,
 * with the size's name as the path. */
enum an_code rt_shape_check(const struct rt_shape *s, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A predetermined change control plan: which parts of a model may change and by
 * how much, with how much data, and what has to be shown of the result.  It is
 * data: a YAML file (config/change-control.yaml), and member "plan" of a
 * package's "change_control", where it is signed with the rest.
 *
 * Thread-safety: immutable once read.  Ownership: the arena. */
#ifndef TRAINER_TUNE_PLAN_H
#define TRAINER_TUNE_PLAN_H

#include "base/arena.h"
#include "base/json.h"
#include "base/json_out.h"

/* How a bound binds: MAY is yes or no, of MOST the smaller is the narrower, of
 * LEAST the larger. */
enum tr_sense { TR_MAY, TR_MOST, TR_LEAST };

/*        group, name, sense, lowest, highest */
#define TR_BOUNDS(X)                                                           \
    X(parts, calibration, MAY, 0, 1)                                           \
    X(parts, wide, MOST, 0, 10)                                                \
    X(parts, heads, MOST, 0, 10)                                               \
    X(parts, trunk, MOST, 0, 10)                                               \
    X(data, training_patients, LEAST, 1, 1000000)                              \
    X(data, tuning_patients, LEAST, 1, 1000000)                                \
    X(data, test_patients, LEAST, 1, 1000000)                                  \
    X(data, test_events, LEAST, 1, 1000000)                                    \
    X(gates, events, MOST, 1, 1000000)                                         \
    X(gates, auroc_least, LEAST, 0, 1)                                         \
    X(gates, auroc_fall, MOST, 0, 1)                                           \
    X(gates, observed_expected_low, LEAST, 0, 1)                               \
    X(gates, observed_expected_high, MOST, 1, 100)                             \
    X(gates, slope_low, LEAST, 0, 1)                                           \
    X(gates, slope_high, MOST, 1, 100)                                         \
    X(gates, net_benefit_fall, MOST, 0, 10)                                    \
    X(gates, loss_rise, MOST, 0, 10)                                           \
    X(groups, events, MOST, 1, 1000000)                                        \
    X(groups, auroc_fall, MOST, 0, 1)                                          \
    X(groups, observed_expected_low, LEAST, 0, 1)                              \
    X(groups, observed_expected_high, MOST, 1, 100)

enum tr_bound {
#define X(group, name, sense, low, high) TR_B_##group##_##name,
    TR_BOUNDS(X)
#undef X
        TR_N_BOUNDS
};

struct tr_bound_row {
    const char *group, *name;
    enum tr_sense sense;
    double low, high;
};
extern const struct tr_bound_row tr_bound_row[TR_N_BOUNDS];

struct tr_plan {
    struct an_str id, version;
    struct an_str modification, update,
        impact;                /* for people, a sentence or two */
    double bound[TR_N_BOUNDS]; /* MAY: 0 or 1 */
    /* where the file says it; 0 of a plan that is no file */
    uint32_t line[TR_N_BOUNDS], column[TR_N_BOUNDS];
};

/* err->where has file, line and column.  What config/yaml.h says of the text;
 * AN_MISSING, AN_TYPE, AN_CODE for its content, keys that nobody reads among
 * it.  `file` is only used by the call. */
enum an_code tr_plan_read(struct an_arena *arena, struct an_str bytes,
                          const char *file, struct tr_plan *p,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* The file of that name. */
enum an_code tr_plan_open(struct an_arena *arena, const char *file,
                          struct tr_plan *p, struct an_err *err)
    __attribute__((warn_unused_result));

/* A value; and back.  AN_MISSING when `json` is none, AN_TYPE when it is no
 * plan, with the bound's name as the path. */
void tr_plan_write(const struct tr_plan *p, struct an_json_out *w);
enum an_code tr_plan_of(struct an_arena *arena, const struct an_json *json,
                        struct tr_plan *p, struct an_err *err)
    __attribute__((warn_unused_result));

/* AN_CONFLICT, naming the bound and its place in `file`, when `site` has another
 * id or version than `package`, or would allow what that does not. */
enum an_code tr_plan_narrows(const struct tr_plan *site,
                             const struct tr_plan *package, const char *file,
                             struct an_err *err)
    __attribute__((warn_unused_result));

#endif

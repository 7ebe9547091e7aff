/* SPDX-License-Identifier: Apache-2.0 */
/* The features of the wide branch: simple facts as of a position, in the order
 * of the model's manifest, standardised.  Without them the transformer does
 * not beat a regression on last values.
 *
 *     "wide": [{"what": "age", "mean": 51.2, "sd": 21.0},
 *              {"what": "ever", "key": "http://snomed.info/sct|44054006"},
 *              {"what": "last", "key": "http://loinc.org|718-7", ...},
 *              {"what": "measured", "key": "http://loinc.org|718-7"},
 *              {"what": "count", "key": "encounter|admission-IMP",
 *               "days": 365}, ...]
 *
 *     age        years at the position
 *     age_square its square, after standardising age
 *     ever       1 if the concept stands at or before the position
 *     recent     exp(-years since the concept last stood), 0 if never
 *     last       the last z-score of the concept's values, 0 if never
 *     measured   1 if it has one
 *     mean, lowest, highest
 *                of the z-scores of the concept's values, 0 if never
 *     count      log1p of how often within `days` before (0: ever)
 *     positions  log1p of the number of positions so far
 *
 * Trainer and runtime share these functions.
 *
 * Thread-safety: immutable once read.  Ownership: the arena it was read into. */
#ifndef RUNTIME_WIDE_H
#define RUNTIME_WIDE_H

#include "runtime/vocabulary.h"

#define RT_FEATURES(X)                                                         \
    X(AGE, "age")                                                              \
    X(AGE_SQUARE, "age_square")                                                \
    X(EVER, "ever")                                                            \
    X(RECENT, "recent")                                                        \
    X(LAST, "last")                                                            \
    X(MEASURED, "measured")                                                    \
    X(COUNT, "count")                                                          \
    X(POSITIONS, "positions")                                                  \
    X(MEAN, "mean")                                                            \
    X(LOWEST, "lowest")                                                        \
    X(HIGHEST, "highest")

enum rt_feature_kind {
#define X(name, text) RT_FEATURE_##name,
    RT_FEATURES(X)
#undef X
};

struct rt_feature {
    enum rt_feature_kind kind;
    int32_t row;    /* of the concept, RT_NO_ROW for none */
    float days;     /* COUNT: how far back; 0 for ever */
    float mean, sd; /* subtracted and divided by; 0 and 1 by default */
};

/* `json` is the "wide" member: an array.  AN_TYPE, AN_CODE (no such concept or
 * kind) with its place otherwise. */
enum an_code rt_wide_read(struct an_arena *arena, const struct an_json *json,
                          const struct rt_vocabulary *v,
                          const struct rt_feature **feature, size_t *n,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* The features as of one position of a history, after its items. */
void rt_wide(const struct rt_feature *feature, size_t n,
             const struct rt_history *h, size_t position, float *out);

/* The same without some of the items up to there (indices, rising), all moments
 * staying.  `whole` is what rt_wide says with them. */
void rt_wide_without(const struct rt_feature *feature, size_t n,
                     const struct rt_history *h, size_t position,
                     const uint32_t *gone, size_t n_gone, const float *whole,
                     float *out);

const char *rt_feature_text(enum rt_feature_kind kind);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The reasons of a forecast: the concepts of a history and what each weighs.
 *
 *     rt_forward_keep(model, &ws, &past, &ask, RT_WANT_HAZARDS, err);
 *     keep ws.log_hazard_qkj as whole_kj
 *     rt_reasons_find(arena, &subject, &reasons, err);
 *     rt_reasons_weigh(&subject, &reasons, outcome, 365, weight_g);
 *
 * A reason is a concept with all items of it.  Looked at are the
 * RT_MAX_CONCEPTS that were recorded last.  Some of them, the same for all
 * outcomes and horizons, are chosen at a glance (runtime/glance.h): the
 * strongest for each outcome, then the second, and so on; RT_MAX_REASONS of a
 * history of up to RT_REASON_ROWS / RT_MAX_REASONS positions, of a longer one so
 * many fewer, down to RT_MIN_REASONS.  Of 60 test patients of
 * config/model/default with more concepts than that, the first 16 hold 99 % of
 * the strongest of an outcome when each is left out, 99 % of its three strongest
 * and 93 % of its eight strongest; the first 10 hold 98, 89 and 71 %.  Of two
 * that say the same a glance sees little, so where there is a choice both may
 * not be chosen.
 *
 * The weight is that of runtime/shapley.h, where f is the log of the hazard
 * added up to the horizon: positive when the reason raises the risk.  Every
 * weight comes from full passes.
 *
 * The order of items within a position does not matter: concepts of one moment
 * stand in the order of their rows.
 *
 * Thread-safety: as rt_forward.  Ownership: the arena. */
#ifndef RUNTIME_REASONS_H
#define RUNTIME_REASONS_H

#include "runtime/attribute.h"
#include "runtime/shapley.h"
#include "runtime/wide.h"

enum {
    RT_MAX_CONCEPTS = 64,
    RT_MAX_REASONS = RT_MAX_GROUPS,
    RT_MIN_REASONS = 10,
    RT_REASON_ROWS = 1536
};

/* Who is asked about, at the last position of the history.  The workspace needs
 * 2 * RT_MAX_CONCEPTS rows, and as many as the history has. */
struct rt_subject {
    const struct rt_model *model;
    struct rt_workspace *ws;
    const struct rt_past *past; /* of the history */
    struct rt_past *bare;       /* room for as many positions; overwritten */
    const struct rt_feature *feature;
    size_t n_features;
    const struct rt_history *history;
    const float *wide;
    const float *whole_kj; /* log hazards */
};

struct rt_reasons {
    int32_t concept[RT_MAX_REASONS];
    struct rt_group group[RT_MAX_REASONS];
    size_t n;
    const float *without_akj; /* log hazards, in the order of rt_absences */
};

/* Failures are those of rt_glance and rt_leave_out, and AN_NOMEM. */
enum an_code rt_reasons_find(struct an_arena *arena, const struct rt_subject *x,
                             struct rt_reasons *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The same, of concepts that were found before for the same subject:
 * without_akj is what was found, and stays the caller's. */
enum an_code rt_reasons_recall(struct an_arena *arena,
                               const struct rt_subject *x,
                               const int32_t *concept, size_t n,
                               const float *without_akj, struct rt_reasons *out,
                               struct an_err *err)
    __attribute__((warn_unused_result));

/* weight_g[reason], of an outcome by a horizon in days, > 0. */
void rt_reasons_weigh(const struct rt_subject *x, const struct rt_reasons *r,
                      int outcome, double horizon_days, double *weight_g);

/* The log hazards without each of some sets of reasons, bit g for reason g. */
enum an_code rt_reasons_without(struct an_arena *arena,
                                const struct rt_subject *x,
                                const struct rt_reasons *r,
                                const uint32_t *absent, size_t n_absent,
                                float *without_akj, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

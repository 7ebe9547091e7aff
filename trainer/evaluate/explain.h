/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a model's reasons are those that it goes by: deletion and insertion
 * curves (Petsiuk et al., BMVC 2018), of test patients.
 *
 *     tr_explain(arena, data, &fitted.model, &explained, err);
 *     tr_explained_text(arena, data, &explained, &text, err);
 *
 * A patient's reasons (runtime/reasons.h) are put in an order, those first that
 * should raise the risk most.  Deletion takes them away from the record one by
 * one in that order, insertion puts them back into a record without any; after
 * each step the model is asked again.  What is said of a curve is the mean of
 * the log of the hazard added up to the horizon along it, above that of the
 * record without any of them: the better the order, the sooner the risk falls
 * at deletion (lower is better) and rises at insertion (higher is better).
 *
 * The order by our weights stands beside three others: by gradient times input
 * (the gradient of the same number, times what the reason's items add to the
 * embedding, and the exact difference of the wide branch), by time (recorded
 * last first), and by chance (the mean of TR_CHANCES orders).
 *
 * Asked are the last questions of at most TR_EXPLAINED test patients, in the
 * order of the data set, who have two reasons or more; of an outcome those at
 * risk of it, by its longest horizon.  Intervals draw patients, and are of the
 * difference between two orders of the same patients.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena. */
#ifndef TRAINER_EVALUATE_EXPLAIN_H
#define TRAINER_EVALUATE_EXPLAIN_H

#include "base/json_out.h"
#include "trainer/evaluate/predict.h"

enum { TR_EXPLAINED = 200, TR_CHANCES = 20 };

enum tr_order { TR_BY_WEIGHT, TR_BY_GRADIENT, TR_BY_TIME, TR_BY_CHANCE };
enum tr_curve { TR_DELETION, TR_INSERTION };
enum { TR_N_ORDERS = TR_BY_CHANCE + 1, TR_N_CURVES = TR_INSERTION + 1 };

extern const char *const tr_order_name[TR_N_ORDERS];
extern const char *const tr_curve_name[TR_N_CURVES];

struct tr_faith {
    struct tr_column column; /* outcome SIZE_MAX: the mean of each patient's */
    size_t n_people;
    double area[TR_N_CURVES][TR_N_ORDERS];
    /* By how much TR_BY_WEIGHT is better than another; positive is better. */
    double gain[TR_N_CURVES][TR_N_ORDERS];
    struct tr_interval gain_interval[TR_N_CURVES][TR_N_ORDERS];
};

struct tr_explained {
    struct tr_faith *faith; /* by outcome, without those of nobody; all last */
    size_t n;
};

/* AN_CONFIG when the vocabulary or the features are not the model's. */
enum an_code tr_explain(struct an_arena *arena, const struct tr_data *d,
                        const struct rt_model *model, struct tr_explained *out,
                        struct an_err *err) __attribute__((warn_unused_result));

enum an_code tr_explained_text(struct an_arena *arena, const struct tr_data *d,
                               const struct tr_explained *e,
                               struct an_str *text, struct an_err *err)
    __attribute__((warn_unused_result));
/* An array's value. */
void tr_explained_write(const struct tr_data *d, const struct tr_explained *e,
                        struct an_json_out *w);

#endif

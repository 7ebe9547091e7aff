/* SPDX-License-Identifier: Apache-2.0 */
/* A package fitted again to a site's records, within a plan, beside the package
 * as it came.
 *
 *     tr_tune_settings(&settings, &package);
 *     tr_tune(arena, &data, &package, &plan, &how, &out, err);
 *     if (tr_gates_held(&out.gates))
 *         ... tr_tuned_fitted(&out) is what may be packed
 *
 * Training starts from the package's weights and sees the training patients; the
 * tuning patients say when it stops, calibrate, and choose among the candidates
 * (sides.h); the test patients are looked at once, for the gates.  With fewer
 * patients than the plan asks for nothing is trained, and the gates say so.
 *
 * The result is a function of data, package, plan and settings, and the
 * machine's BLAS.
 *
 * Thread-safety: confined.  Ownership: the arena; package and data outlive it. */
#ifndef TRAINER_TUNE_TUNE_H
#define TRAINER_TUNE_TUNE_H

#include "base/buf.h"
#include "trainer/fit/fit.h"
#include "trainer/tune/gates.h"

struct tr_tune_how {
    struct tr_settings settings;
    bool plan_is_site;                   /* the package had none */
    void (*say)(const struct tr_fit *f); /* after each epoch; may be NULL */
};

struct tr_tuned {
    const struct tr_plan *plan;
    bool plan_is_site;
    struct tr_settings settings;
    const uint8_t *cohort_sha256;
    size_t patients[TR_N_SPLITS];
    bool trained; /* enough patients, and something may move */
    double start_loss,
        best_loss; /* of the tuning patients, as a fit has them */
    int64_t best_epoch;
    double change[TR_N_PARTS];
    struct tr_fitted fitted[TR_N_SIDES];
    struct tr_side side[TR_N_SIDES];
    enum tr_side_kind taken;
    struct tr_benches bench;
    struct tr_gates gates;
};

/* Shape and losses of the package; of training, what suits a start that is good
 * already. */
void tr_tune_settings(struct tr_settings *s, const struct tr_fitted *package);

/* AN_UNSUPPORTED for a package that was tuned before: steps would add up;
 * AN_CONFLICT for a patient in two splits or data of another shape, and what
 * training says. */
enum an_code tr_tune(struct an_arena *arena, const struct tr_data *d,
                     const struct tr_fitted *package,
                     const struct tr_plan *plan, const struct tr_tune_how *how,
                     struct tr_tuned *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* What is taken. */
const struct tr_fitted *tr_tuned_fitted(const struct tr_tuned *t);

/* For people: candidates, before and after, gates. */
enum an_code tr_tuned_text(struct an_arena *arena, const struct tr_data *d,
                           const struct tr_tuned *t, struct an_str *text,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* One line: which bound of what, the value, the bound. */
void tr_gate_put(struct an_buf *b, const struct tr_data *d,
                 const struct tr_gate *g);

/* A value: member "change_control" of the package; with `measures` what was
 * measured, too. */
void tr_tuned_write(const struct tr_data *d, const struct tr_tuned *t,
                    bool measures, struct an_json_out *w);

#endif

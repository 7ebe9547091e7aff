/* SPDX-License-Identifier: Apache-2.0 */
/* How many people of the training had a procedure, and what became of them:
 * what a comparison of procedures rests on (runtime/compare.h).  The trainer
 * counts it (trainer/package/support.h); in manifest.json it is
 *
 *     "procedures": {"min_people": 200, "min_events": 20, "min_share": 0.1,
 *       "of": [{"key": "system|code", "people": 812,
 *               "risks": [{"outcome": "stroke", "horizon_days": 30,
 *                          "people": 780, "events": 64,
 *                          "shift": -0.021, "error": 0.131}, ...]}, ...]}
 *
 * A procedure that fewer than min_people had need not be listed, nor a risk with
 * fewer than min_events on either side.  `people` of a risk
 * are those of whom it is known whether the outcome came by the horizon;
 * `shift` is what has to be added to the log-odds of the model's calibrated
 * risks, when the procedure was their last entry, so that as many are expected
 * as there were, and `error` its standard error.
 *
 * A package without the member compares nothing.
 *
 * Thread-safety: immutable once read.  Ownership: the arena it was read into,
 * and the bytes of the JSON. */
#ifndef RUNTIME_SUPPORT_H
#define RUNTIME_SUPPORT_H

#include "base/json.h"
#include "base/json_out.h"

struct rt_supported {
    struct an_str outcome;
    uint32_t horizon_days, n_people, n_events;
    double shift, error; /* log-odds; error > 0 */
};

struct rt_procedure {
    struct an_str key;
    uint32_t n_people;
    const struct rt_supported *risk;
    size_t n_risks;
};

struct rt_support {
    uint32_t min_people, min_events;
    double min_share; /* runtime/compare.h; in (0, 0.5] */
    const struct rt_procedure *procedure;
    size_t n; /* 0 also when nothing was counted: then min_people is 0 */
};

/* NULL is nothing counted.  AN_CONFIG with err->where.path for what is missing,
 * is no count, or cannot be: more events than people, no error. */
enum an_code rt_support_read(struct an_arena *arena, const struct an_json *json,
                             struct rt_support *s, struct an_err *err)
    __attribute__((warn_unused_result));

/* Its name and its value; nothing when nothing was counted. */
void rt_support_write(struct an_json_out *w, const struct rt_support *s);

/* NULL when there is no such. */
const struct rt_procedure *rt_support_of(const struct rt_support *s,
                                         struct an_str key);
const struct rt_supported *rt_support_risk(const struct rt_procedure *p,
                                           struct an_str outcome,
                                           uint32_t horizon_days);

#endif

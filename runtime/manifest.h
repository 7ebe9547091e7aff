/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.json: everything about a model that is not a weight, so that the
 * weights and what they mean cannot part.
 *
 *     {"format": 1,
 *      "model": {"name": "...", "version": "...", "demonstrator": true},
 *      "shape": {"vocab": 30, ..., "death": 2, "bin_edge_days": [0, 1, 7]},
 *      "outcomes": [{"id": "...", "calibration": [
 *          {"horizon_days": 30, "kind": "logistic", "intercept": 0, "slope": 1,
 *           "spread": 0.3},
 *          {"horizon_days": 365, "kind": "knots", "from": [0, 1],
 *           "to": [0, 0.9]}]}],
 *      "limits": {"min_positions": 3, "max_unknown_share": 0.3,
 *                 "min_age_years": 18, "max_age_years": 110,
 *                 "max_distance": 12.5},
 *      "population": {...}              (runtime/population.h)
 *      ...}
 *
 * "max_distance" and "population" are there both or neither: without them there
 * is no limit of distance.
 *
 * Other members (vocabulary, wide features, training facts) belong to whoever
 * reads them from `root`.
 *
 * Thread-safety: immutable once read.  Ownership: the arena. */
#ifndef RUNTIME_MANIFEST_H
#define RUNTIME_MANIFEST_H

#include "base/json.h"
#include "base/json_out.h"
#include "runtime/abstain.h"
#include "runtime/population.h"
#include "runtime/risk.h"

enum { RT_MANIFEST_FORMAT = 1, RT_MAX_CALIBRATIONS = 16 };

struct rt_horizon {
    uint32_t horizon_days;
    struct rt_calibration calibration;
};

struct rt_outcome {
    struct an_str id;
    const struct rt_horizon *horizon;
    size_t n_horizons;
};

struct rt_manifest {
    struct an_str name, version;
    bool demonstrator; /* trained on invented patients: not for care */
    struct rt_shape shape;
    const struct rt_outcome *outcome; /* shape.outcomes of them */
    struct rt_limits limits;
    struct rt_population population; /* of limits.max_distance */
    const struct an_json *root;
};

/* AN_SYNTAX, AN_UNSUPPORTED for another format, AN_CONFIG for numbers that
 * make no model; err->where.path says which. */
enum an_code rt_manifest_read(struct an_arena *arena, struct an_str text,
                              struct rt_manifest *m, struct an_err *err)
    __attribute__((warn_unused_result));

/* The members above, into an object that the caller has begun and ends. */
void rt_manifest_write(struct an_json_out *w, const struct rt_manifest *m);

/* Its "shape" member alone: the object's value, and the name with its value. */
enum an_code rt_shape_read(const struct an_json *j, struct rt_shape *s,
                           struct an_err *err)
    __attribute__((warn_unused_result));
void rt_shape_write(struct an_json_out *w, const struct rt_shape *s);

/* The calibration of an outcome at a horizon; none is one that changes
 * nothing. */
struct rt_calibration rt_manifest_calibration(const struct rt_manifest *m,
                                              size_t outcome,
                                              uint32_t horizon_days);

#endif

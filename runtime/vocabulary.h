/* SPDX-License-Identifier: Apache-2.0 */
/* What a model calls things: which row a code has, what it falls under, how
 * its values are scaled, and which other codes mean the same.  It is part of
 * the model package (manifest.json, member "vocabulary"), so that a model and
 * its vocabulary cannot part.
 *
 *     row = rt_vocabulary_find(v, AN_STR("http://loinc.org"), AN_STR("718-7"));
 *
 * A concept is named by its key, "system|code".  What is no code of a code
 * system has a key too: "kind|condition", "encounter|admission-IMP",
 * "sex|female", and a coded answer is "system|code=system|code".
 *
 *     "vocabulary": {
 *       "concepts": [{"key": "...", "parents": ["kind|condition"],
 *                     "seen": 112, "ages": [30, 95],
 *                     "sexes": ["female", "male"], "once": true,
 *                     "display": "Hypertension"}, ...],
 *       "targets": 400,                     the first rows are predicted
 *       "values": [{"key": "...", "unit": "g/dL", "log": false,
 *                   "mean": 13.9, "sd": 1.6,
 *                   "edges": [-0.5, 0.5], "middles": [-1, 0, 1]}, ...],
 *       "parents_read": true,
 *       "same": [{"from": "...", "unit": "umol/L", "to": "...",
 *                 "to_unit": "mg/dL", "factor": 0.011312}, ...],
 *       "under": [{"from": "http://hl7.org/fhir/sid/icd-10-cm|I50",
 *                  "to": "http://snomed.info/sct|88805009"}, ...]
 *     }
 *
 * With `edges` and `middles`, z-scores both, the model reads no value but the
 * middle of the bin that it is in: middle i from edge i - 1 on, below edge i.
 * Where `parents_read` is false (true unless said) the model reads codes alone:
 * not what they fall under, nor the kind of one that it does not know.
 *
 * `ages`, `sexes` and `once` say for whom it may be named
 * (runtime/plausible.h).  `same` is another code for a concept, or another unit
 * of its values with the factor that brings them to the unit that was trained
 * on; `under` says the same of every code that begins so, the longest beginning
 * first (ICD-10-CM's categories).  A value in another unit of the same quantity
 * (context/unit.h) needs no row: it is brought to the unit of the scale, or to
 * that of a row of `same`.
 *
 * Thread-safety: immutable once read.  Ownership: the arena it was read into,
 * and the bytes of the JSON. */
#ifndef RUNTIME_VOCABULARY_H
#define RUNTIME_VOCABULARY_H

#include "base/json.h"
#include "runtime/history.h"
#include "runtime/plausible.h"

struct rt_concept {
    struct an_str key, display;
    int32_t parent[RT_MAX_PARENTS]; /* rows; RT_NO_ROW: no more */
    uint32_t n_seen;                /* in the training data */
    struct rt_whom whom;            /* for whom it may be named */
};

/* How a value becomes a z-score: of its logarithm or of itself. */
struct rt_scale {
    struct an_str key, unit;
    float mean, sd;
    bool log;
    const float *edge, *middle; /* n_edges rise, and one more middle; 0: as it
                                   is */
    size_t n_edges;
};

struct rt_same {
    struct an_str from, unit;  /* a key, and the unit said with it; "" any */
    struct an_str to, to_unit; /* to_unit "": values keep their unit */
    double factor;
};

struct rt_key {
    struct an_str key;
    int32_t row;
};

struct rt_vocabulary {
    const struct rt_concept *concept; /* row by row */
    size_t n_concepts, n_targets;
    bool no_parents; /* are read: see above */
    const struct rt_key *by_key;
    const struct rt_scale *scale; /* value rows, by key, then unit */
    size_t n_scales;
    const struct rt_same *same; /* by `from`, then unit */
    size_t n_same;
    const struct rt_same *under; /* by `from` */
    size_t n_under;
};

/* `json` is the "vocabulary" member.  AN_MISSING, AN_TYPE or AN_CONFLICT (a key
 * said twice) with a path otherwise. */
enum an_code rt_vocabulary_read(struct an_arena *arena,
                                const struct an_json *json,
                                struct rt_vocabulary *v, struct an_err *err)
    __attribute__((warn_unused_result));

/* The row of a key; RT_NO_ROW when it has none. */
int32_t rt_vocabulary_row(const struct rt_vocabulary *v, struct an_str key);

/* The row of a code in a system, by its own key, by `same` or by `under`. */
int32_t rt_vocabulary_find(const struct rt_vocabulary *v, struct an_str system,
                           struct an_str code);

/* What an item falls under: its concept's own parents, or the kind of what has
 * no row.  None of it for a model that reads no parents. */
void rt_vocabulary_parents(const struct rt_vocabulary *v, int32_t kind,
                           struct rt_item *item);
/* A concept without value or flag, as an entry. */
void rt_vocabulary_item(const struct rt_vocabulary *v, int32_t row,
                        struct rt_item *item);

/* The value row of a value that was said with a code in a unit, and its
 * z-score; RT_NO_ROW, and no z, when such values were never trained on. */
int32_t rt_vocabulary_value(const struct rt_vocabulary *v, struct an_str system,
                            struct an_str code, struct an_str unit,
                            double value, float *z);

/* A value as a z-score, cut to [-RT_LARGEST_Z, RT_LARGEST_Z], and to the middle
 * of its bin where the scale has bins. */
enum { RT_LARGEST_Z = 6 };
float rt_scale_z(const struct rt_scale *scale, double value);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What is judged and packed: a data set's folder and a fitted model, opened
 * and checked against each other.
 *
 * Thread-safety: immutable once open.  Ownership: open maps files, close gives
 * them back; the rest is the arena's. */
#ifndef TRAINER_DATA_H
#define TRAINER_DATA_H

#include "base/arena.h"
#include "base/json.h"
#include "runtime/package.h"
#include "trainer/dataset/cohort.h"

enum { TR_PATH_BYTES = 4096, TR_MAX_HORIZONS = 4 };

struct tr_asked {
    struct an_str id, start;
    uint32_t horizon_days[TR_MAX_HORIZONS];
    size_t n_horizons;
    double p_threshold; /* from which a site acts; 0: none that we know of */
};

struct tr_data {
    struct tr_cohort cohort;
    struct an_str json; /* vocabulary.json */
    const struct an_json *root;
    struct tr_asked *asked; /* outcome by outcome */
};

/* A folder that `anamnesis-train dataset` wrote. */
enum an_code tr_data_open(struct tr_data *d, struct an_arena *arena,
                          const char *folder, struct an_err *err)
    __attribute__((warn_unused_result));
void tr_data_close(struct tr_data *d);

/* A folder that `anamnesis-train fit` or `package` wrote. */
struct tr_fitted {
    struct an_str weights, text; /* as they are mapped */
    struct rt_model model;
    const struct an_json *root; /* fit.json or manifest.json */
    double t_min_days;          /* of the loss it was fitted by */
    bool is_package;
    struct rt_manifest manifest; /* of a package */
    bool keeps_calibration;      /* a package's own is not made anew */
};

/* AN_CONFLICT when it was fitted with another vocabulary than the data's. */
enum an_code tr_fitted_open(struct tr_fitted *f, struct an_arena *arena,
                            const char *folder, const struct tr_data *data,
                            struct an_err *err)
    __attribute__((warn_unused_result));
void tr_fitted_close(struct tr_fitted *f);

/* Both, or neither; *subject is the folder that failed, or else `data`.  To be
 * closed one by one. */
enum an_code tr_data_open_with(struct tr_data *d, struct tr_fitted *f,
                               struct an_arena *arena, const char *data,
                               const char *fitted, const char **subject,
                               struct an_err *err)
    __attribute__((warn_unused_result));

/* That member of fit.json, wherever fit.json stands; NULL without it. */
const struct an_json *tr_fitted_member(const struct tr_fitted *f,
                                       struct an_str name);

/* "folder/name"; AN_LIMIT. */
enum an_code tr_path(char path[TR_PATH_BYTES], const char *folder,
                     const char *name, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the log of runtime/lineage.h, which travels with the work:
 *
 *     FOLDER/lineage/log.jsonl    leaves
 *     FOLDER/lineage/checkpoint   how many, and their root
 *
 * in a data set's folder, a fit's and a package's.  Each command copies the log
 * of what it is given and adds its leaves, so that nothing has to be
 * configured, each log begins with the one before it, and doing the same work
 * again adds nothing twice.  The checkpoint is signed in a package alone: before
 * there is no key, and it says of an accident, not of a forger.
 *
 * What is given has to be what its log says: a cohort.bin, a vocabulary.json,
 * weights or a fit.json that is another is AN_CONFLICT.  A folder without a log
 * was made before there were any: then one begins, whose first leaf says that.
 *
 *     tr_lineage_of_data(&l, arena, folder, &cohort, err);
 *     tr_lineage_add_fit(&l, &fit, err);
 *     tr_lineage_write(&l, out, err);
 *
 * Thread-safety: confined.  Ownership: the arena's. */
#ifndef TRAINER_LINEAGE_LINEAGE_H
#define TRAINER_LINEAGE_LINEAGE_H

#include "base/json_out.h"
#include "runtime/lineage.h"
#include "trainer/data.h"
#include "trainer/dataset/dataset.h"
#include "trainer/evaluate/judge.h"
#include "trainer/lineage/inputs.h"

struct tr_lineage {
    struct an_arena *arena;
    struct an_str text;  /* of the log */
    struct rt_lineage l; /* and what it says */
    bool began;          /* with "unknown-before" */
};

void tr_lineage_init(struct tr_lineage *l, struct an_arena *arena);

/* The log of a folder.  AN_NOTFOUND without one; what rt_lineage_read and
 * rt_lineage_match say. */
enum an_code tr_lineage_open(struct tr_lineage *l, struct an_arena *arena,
                             const char *folder, struct an_err *err)
    __attribute__((warn_unused_result));
/* Into a folder that exists. */
enum an_code tr_lineage_write(const struct tr_lineage *l, const char *folder,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* On standard error, of what began without one. */
void tr_lineage_warn(const struct tr_lineage *l, const char *command,
                     const char *folder);

/* ---- a data set ------------------------------------------------------------ */

/* What `dataset` was told, of which its log says digests and numbers.  The seed
 * is not among them: who has it can recognise a patient. */
struct tr_lineage_told {
    const struct tr_dataset_how *how;
    struct an_str form;
    const char *outcomes; /* folder */
    struct an_str concepts;
    bool with_labelled;
};

/* Log, inputs.jsonl and salt of the data set that stands in `folder`. */
enum an_code tr_lineage_dataset(struct an_arena *arena, const char *folder,
                                const struct tr_inputs *in,
                                const struct tr_lineage_told *told,
                                struct an_err *err)
    __attribute__((warn_unused_result));

/* The log of the folder of a data set, or one that begins with it; `asked`
 * names its outcomes, or is NULL. */
enum an_code tr_lineage_of_data(struct tr_lineage *l, struct an_arena *arena,
                                const char *folder, const struct tr_cohort *c,
                                const struct tr_asked *asked,
                                struct an_err *err)
    __attribute__((warn_unused_result));

/* The same of the path of a cohort file, with the vocabulary beside it, if
 * there is one. */
enum an_code tr_lineage_of_cohort(struct tr_lineage *l, struct an_arena *arena,
                                  const char *path, const struct tr_cohort *c,
                                  struct an_err *err)
    __attribute__((warn_unused_result));

/* ---- a fit ----------------------------------------------------------------- */

struct tr_lineage_fit {
    struct an_str json;    /* fit.json */
    struct an_str weights; /* model.safetensors */
    int processes;
};

enum an_code tr_lineage_add_fit(struct tr_lineage *l,
                                const struct tr_lineage_fit *fit,
                                struct an_err *err)
    __attribute__((warn_unused_result));

/* A run that started from the package whose log this is. */
struct tr_lineage_tuning {
    const struct tr_data *data;
    struct an_str configuration; /* JSON */
    struct an_str weights;       /* model.safetensors */
};

enum an_code tr_lineage_add_tuning(struct tr_lineage *l,
                                   const struct tr_lineage_tuning *t,
                                   struct an_err *err)
    __attribute__((warn_unused_result));

/* ---- a package ------------------------------------------------------------- */

/* The log of a fit, or of a package that is made anew, with the data set that
 * it is judged on, when that is another. */
enum an_code tr_lineage_of_fit(struct tr_lineage *l, struct an_arena *arena,
                               const char *folder,
                               const struct tr_fitted *fitted,
                               const char *data_folder,
                               const struct tr_data *data, struct an_err *err)
    __attribute__((warn_unused_result));

struct tr_lineage_package {
    struct an_str name, version;
    struct an_str weights, manifest, card; /* bytes of the files */
    const struct tr_data *data;
    const struct tr_fitted *fitted;
    const struct tr_judgement *judged;
};

enum an_code tr_lineage_add_package(struct tr_lineage *l,
                                    const struct tr_lineage_package *p,
                                    struct an_err *err)
    __attribute__((warn_unused_result));

#endif

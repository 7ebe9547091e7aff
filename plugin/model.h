/* SPDX-License-Identifier: Apache-2.0 */
/* A model package on disk, mapped and checked.
 *
 *     pl_model_open(&model, "/usr/share/anamnesis/model/default",
 *                   "/etc/anamnesis/model-keys", err);
 *     use(&model.package);
 *     pl_model_close(&model);
 *
 * The keys file holds the public keys whose models may speak here: 64 hex
 * digits a line, `#` begins a comment.
 *
 * Thread-safety: immutable once open.  Ownership: the mapping and the memory of
 * what was read are the model's. */
#ifndef PLUGIN_MODEL_H
#define PLUGIN_MODEL_H

#include "runtime/package.h"

struct pl_model {
    struct rt_package package;
    struct rt_file file[RT_MAX_FILES]; /* mapped; names are the arena's */
    size_t n_files;
    struct an_arena arena;
};

/* AN_NOTFOUND, AN_IO with the path; AN_SYNTAX for the keys file with its line;
 * what rt_package_open says of the package. */
enum an_code pl_model_open(struct pl_model *m, const char *folder,
                           const char *keys_file, struct an_err *err)
    __attribute__((warn_unused_result));
void pl_model_close(struct pl_model *m);

#endif

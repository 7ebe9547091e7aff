/* SPDX-License-Identifier: Apache-2.0 */
/* Deletions that a load meets and that name no patient, as the files of a bulk
 * export tell them: gathered, and noted in the store and withdrawn when all else is
 * in it.
 *
 *     pl_gone_init(&gone);
 *     pl_gone_take(&gone, file, bytes, err);        -- for each that is about nobody
 *     pl_gone_settle(&gone, &by, err);
 *     pl_gone_release(&gone);
 *
 * A deletion that does not say when it was is dated by its export, if `file` lies
 * where `anamnesis export` put it (FOLDER/001-deleted-0001.ndjson), since a resource
 * that was made anew after that is there; else by the moment it is loaded.
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_HOST_GONE_H
#define PLUGIN_HOST_GONE_H

#include "plugin/deletions.h"

struct pl_gone {
    struct an_arena arena; /* of the list */
    struct an_arena each;  /* of one call */
    struct fhir_deletion *one;
    size_t n, size;
    size_t n_filed;   /* of them, for which something was to be withdrawn */
    const char *file; /* the last one, and what dates it */
    struct an_str file_at;
};

void pl_gone_init(struct pl_gone *g);
void pl_gone_release(struct pl_gone *g);

/* AN_LIMIT beyond some millions of them. */
enum an_code pl_gone_take(struct pl_gone *g, const char *file,
                          struct an_str bytes, struct an_err *err)
    __attribute__((warn_unused_result));
/* And what else waits to be withdrawn.  Fails as plugin/deletions.h. */
enum an_code pl_gone_settle(struct pl_gone *g, const struct pl_settling *by,
                            struct an_err *err)
    __attribute__((warn_unused_result));

#endif

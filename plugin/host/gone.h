/* SPDX-License-Identifier: Apache-2.0 */
/* Deletions that a load meets and that name no patient, as the files of a bulk
 * export tell them: gathered, and turned into messages that do name one when all
 * else is in the store.
 *
 *     pl_gone_init(&gone);
 *     pl_gone_take(&gone, file, bytes, err);        -- for each that is about nobody
 *     pl_gone_settle(&gone, engine, err);
 *     while (pl_gone_next(&gone, &bytes, err) == AN_OK)
 *         load(bytes);
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
#include "plugin/engine.h"

/* What a deletion means for one patient. */
struct pl_gone_filing {
    struct ctx_identifier patient;
    struct fhir_deletion said;
    bool is_first; /* of this deletion */
};

struct pl_gone {
    struct an_arena arena; /* of the lists */
    struct an_arena each;  /* of one call */
    struct pl_deletion *one;
    size_t n, size;
    struct pl_gone_filing *filing; /* once it is settled */
    size_t n_filings, next;
    uint64_t n_filed; /* deletions */
    bool is_settled;
    const char *file; /* the last one, and what dates it */
    struct an_str file_at;
};

void pl_gone_init(struct pl_gone *g);
void pl_gone_release(struct pl_gone *g);

/* AN_LIMIT beyond some millions of them.  Once it is settled nothing is taken. */
enum an_code pl_gone_take(struct pl_gone *g, const char *file,
                          struct an_str bytes, struct an_err *err)
    __attribute__((warn_unused_result));
/* Fails as pl_deletions_find. */
enum an_code pl_gone_settle(struct pl_gone *g, struct pl_engine *engine,
                            struct an_err *err)
    __attribute__((warn_unused_result));
/* The bytes live until the next call.  AN_NOTFOUND after the last one. */
enum an_code pl_gone_next(struct pl_gone *g, struct an_str *bytes,
                          struct an_err *err)
    __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages out of files, in order: one HL7v2 message, a batch or a file of
 * many; one FHIR resource or Bundle; NDJSON, also compressed (.gz).  A folder
 * stands for its files in order of their names, and so on inwards.
 *
 *     pl_feed_open(&feed, paths, n_paths);
 *     while ((rc = pl_feed_next(&feed, &item, err)) == AN_OK)
 *         take(&item);
 *     pl_feed_close(&feed);                     -- AN_NOTFOUND is the end
 *
 * Plain files are mapped, and let go as they are given out: a file of any size
 * takes no memory of its own.  A compressed one is inflated whole, 2 GiB at
 * most.
 *
 * Thread-safety: confined.  Ownership: an item's bytes live until the next
 * call. */
#ifndef PLUGIN_HOST_FEED_H
#define PLUGIN_HOST_FEED_H

#include "fhir/ndjson.h"
#include "hl7/batch.h"
#include "plugin/store/intake.h"

struct pl_feed_item {
    struct an_str bytes;
    enum pl_format format;
    const char *file;
    size_t offset; /* in the file, of HL7v2 messages */
    uint64_t line; /* of NDJSON; 0 otherwise */
};

struct pl_feed_path;

struct pl_feed_source {
    struct pl_feed_path *path; /* files still to be read, in order */
    size_t n_paths, next;
    uint64_t total_bytes, done_bytes; /* of all files; of those finished */
    /* The open file. */
    struct an_str bytes;
    size_t let_go; /* of a mapped file, from its beginning */
    bool mapped, single, lines;
    enum pl_format format;
    struct hl7_batch batch;
    struct fhir_ndjson ndjson;
};

/* AN_NOTFOUND, AN_TYPE (not a plain file) or AN_IO with the path as the place;
 * AN_LIMIT (nested too deep); AN_NOMEM. */
enum an_code pl_feed_open(struct pl_feed_source *f, char *const *path, size_t n,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* The next message.  AN_NOTFOUND at the end; AN_TYPE for a file that is
 * neither HL7v2 nor JSON, AN_IO for one that cannot be read or inflated whole:
 * the next call passes over it. */
enum an_code pl_feed_next(struct pl_feed_source *f, struct pl_feed_item *item,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* How much of all has been given out, in [0,1]. */
double pl_feed_progress(const struct pl_feed_source *f);

void pl_feed_close(struct pl_feed_source *f);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* FHIR files as documents: a Bundle or a resource is one, each line of an
 * NDJSON file is one.  Folders are walked in order of names, so that the same
 * folder gives the same order on every machine; what ends in ".gz" is
 * unpacked.
 *
 *     static enum an_code take(void *arg, struct an_str document,
 *                              struct an_err *err) ...
 *     tr_source_read("data/synthea", take, &people, err);
 *
 * Read are *.json, *.ndjson, and the two with .gz; a file that is named itself
 * is read whatever its name is.  Other files of a folder are passed over.
 *
 * Limits: a document of TR_DOCUMENT_BYTES, folders TR_SOURCE_DEPTH deep; more
 * is AN_LIMIT.  Links are followed for files, never for folders.
 *
 * Thread-safety: immutable (functions of their arguments).
 * Ownership: a document lives until its callback returns. */
#ifndef TRAINER_DATASET_SOURCE_H
#define TRAINER_DATASET_SOURCE_H

#include "base/err.h"

enum { TR_DOCUMENT_BYTES = 1 << 29, TR_SOURCE_DEPTH = 8 };

typedef enum an_code tr_take(void *arg, struct an_str document,
                             struct an_err *err);

/* What the callback fails with ends the reading.  AN_NOTFOUND, AN_IO. */
enum an_code tr_source_read(const char *path, tr_take *take, void *arg,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* Somebody who wants to know of which file a document is: told when a file
 * begins, of its bytes (unpacked), of each document before it is taken, and
 * when the file has ended well.  What a call fails with ends the reading. */
struct tr_source_watch {
    void *arg;
    enum an_code (*begin)(void *arg, const char *path, struct an_err *err);
    enum an_code (*bytes)(void *arg, struct an_str bytes, struct an_err *err);
    enum an_code (*document)(void *arg, struct an_str document,
                             struct an_err *err);
    enum an_code (*end)(void *arg, struct an_err *err);
};

/* The same, watched. */
enum an_code tr_source_watched(const char *path,
                               const struct tr_source_watch *watch,
                               tr_take *take, void *arg, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

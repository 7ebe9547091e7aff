/* SPDX-License-Identifier: Apache-2.0 */
/* A client of FHIR Bulk Data Access: asks a server for $export, waits for it,
 * brings its files into a folder.
 *
 *     pl_export(&options, &result, err);      -- again after whatever happened
 *
 * It may be killed at any moment: the same call goes on where it was.  What it
 * knows stands in FOLDER/.export, replaced as a whole; a file appears in FOLDER
 * under its name when all of it is there and on the disk, is then not fetched
 * again, and is what `backload FOLDER` reads, which passes hidden names over.
 *
 *     FOLDER/002-Observation-0001.ndjson     run 2, first file of Observations
 *     FOLDER/002-Patient-0003.ndjson.gz      as the server compressed it
 *     FOLDER/002-deleted-0001.ndjson         what is no longer there: Bundles
 *     FOLDER/.export/002-error-0001.ndjson   the server's OperationOutcomes
 *     FOLDER/.export/state.json, manifest-002.json, manifest-002-0002.json, lock
 *     FOLDER/.export/002-Observation-0002.part, .tag     under way
 *
 * A manifest of several pages (link, relation next) is walked to its end; a page's
 * files are fetched before the next page is asked for, and are numbered through.
 * What a server tells of its files while the job is under way is not looked at: files
 * are named by their numbers in the whole, which only its end shows.
 * One call is one run, numbered in the folder.  A part goes on by Range where the
 * server named the file's state by a strong ETag, and is fetched as a whole
 * where it did not.
 *
 * What the server asks for (Retry-After) is waited for; else a pause that doubles.
 * A job that is under way (202) is waited for without end; a server that does
 * not answer, or says 429, 502, 503 or 504, for as long as patience_ms.
 *
 * The token goes to the base's own origin only.  A file elsewhere is fetched
 * without, if the server says that it needs none.
 *
 * Thread-safety: confined; one call a folder at a time, in all processes. */
#ifndef PLUGIN_FETCH_EXPORT_H
#define PLUGIN_FETCH_EXPORT_H

#include "base/err.h"

enum pl_export_step {
    PL_EXPORT_ASKED,   /* the server took the job; n: the run */
    PL_EXPORT_RESUMED, /* it was under way; n: the run */
    PL_EXPORT_WAITS,   /* n: milliseconds until it is asked again */
    PL_EXPORT_REPEATS, /* no answer, or one that passes; n: as above */
    PL_EXPORT_READY,   /* the manifest, or a page of it; n: files */
    PL_EXPORT_FILE,    /* one is there; n: its resources */
    PL_EXPORT_LEFT,    /* the job could not be deleted; n: HTTP status */
    PL_EXPORT_PLAIN    /* asked anew without partial manifests, which the server
                          refused; n: HTTP status */
};

struct pl_export_options {
    const char *base, *folder;
    const char *token_file; /* "" is none */
    struct an_str group;    /* its id; "": the whole server */
    bool patients;          /* Patient/$export */
    bool partial;        /* the server may spread its files over manifests, if
                               it can (allowPartialManifests, version 3.0) */
    struct an_str types; /* "Patient,Observation"; "": all */
    struct an_str since; /* an instant; "last": the one that the last
                                    finished run stands for; "": all of time */
    int64_t timeout_ms, retry_first_ms, retry_max_ms, patience_ms;
    void (*told)(void *user, enum pl_export_step step, int64_t n);
    void *user; /* told may be NULL */
};

enum { PL_EXPORT_TIME_BYTES = 40 };

struct pl_export_result {
    int64_t run;
    uint64_t n_files, n_resources; /* complete now, those of before included;
                                      resources of the ones fetched now */
    uint64_t n_deleted_files;      /* of n_files: what is no longer there */
    uint64_t n_error_files,
        n_errors; /* the server's, and its OperationOutcomes */
    char time[PL_EXPORT_TIME_BYTES]; /* transactionTime, for the next since */
};

/* AN_CONFIG: the call is refused (400, 401, 403, 404, 405 ...), or wrong.
 * AN_CONFLICT: another run is unfinished in this folder, or another process
 * works in it.  AN_NOTFOUND: "last", and none was finished; or the server no
 * longer knows the job: the next call begins a new one.  AN_IO: the job failed
 * at the server, patience is over, the disk is full; err's path says where.
 * AN_INTEGRITY, AN_TYPE, AN_UNSUPPORTED: what came is no export. */
enum an_code pl_export(const struct pl_export_options *options,
                       struct pl_export_result *result, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

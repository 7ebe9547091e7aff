/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the export share: a run under way.
 *
 *     ASKED ──202──▶ WAITING ──200──▶ LOADING ──all there──▶ DONE
 *       ▲               │ failed, or forgotten                 │
 *       └───────────────┴──────────── the next run ────────────┘
 *
 * Each state is on the disk before what follows from it is done.
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_FETCH_EXPORT_INT_H
#define PLUGIN_FETCH_EXPORT_INT_H

#include "base/json.h"
#include "plugin/fetch/export.h"
#include "plugin/fetch/fetch.h"

enum { PL_EXPORT_PATH_BYTES = 1024, PL_EXPORT_ANSWER_BYTES = 64 << 20 };

enum pl_export_phase {
    PL_EXPORT_NONE,
    PL_EXPORT_WAITING,
    PL_EXPORT_LOADING,
    PL_EXPORT_DONE
};

struct pl_export_state {
    enum pl_export_phase phase;
    int64_t run;           /* from 1 */
    struct an_str request; /* the kick-off's address */
    struct an_str status;  /* where the job is asked about */
    struct an_str time;    /* transactionTime of this run, from LOADING on */
    struct an_str last;    /* of the run before that was finished */
};

struct pl_export_job {
    const struct pl_export_options *o;
    struct pl_export_result *result;
    struct pl_fetch *fetch;
    struct an_arena arena; /* of the whole call: state and manifest */
    struct an_arena each;  /* of one request */
    struct pl_export_state state;
    int lock;           /* -1: not held */
    int64_t failing_ms; /* since when nothing but failures; 0: it works */
    int64_t pause_ms;   /* the last one, of those that double */
};

/* "FOLDER/.export/NAME", or without NAME the folder itself. */
bool pl_export_path(const struct pl_export_job *j, const char *name,
                    char path[PL_EXPORT_PATH_BYTES]);
enum an_code pl_export_load(struct pl_export_job *j, struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code pl_export_save(struct pl_export_job *j, struct an_err *err)
    __attribute__((warn_unused_result));
/* Makes the folders, and is the only one in them until the lock is closed. */
enum an_code pl_export_lock(struct pl_export_job *j, struct an_err *err)
    __attribute__((warn_unused_result));

void pl_export_tell(const struct pl_export_job *j, enum pl_export_step step,
                    int64_t n);
/* Wait before the next try: `answer` is what there was to the last one.  AN_IO
 * when patience is over. */
enum an_code pl_export_wait(struct pl_export_job *j,
                            const struct pl_fetch_answer *answer,
                            const char *place, struct an_err *err)
    __attribute__((warn_unused_result));
/* With the place, the HTTP status and the code of the server's first issue. */
enum an_code pl_export_refused(struct pl_export_job *j, enum an_code code,
                               const char *what, const char *place,
                               const struct pl_fetch_answer *answer,
                               struct an_err *err);

/* Page `page` of the manifest, from 1: asked for until it is ready, and kept.  Fails
 * as pl_export. */
enum an_code pl_export_ask_page(struct pl_export_job *j, size_t page,
                                const char *url, struct an_err *err)
    __attribute__((warn_unused_result));
/* That answer is the page: to the disk with it. */
enum an_code pl_export_keep_page(struct pl_export_job *j, size_t page,
                                 const char *place,
                                 const struct pl_fetch_answer *answer,
                                 struct an_err *err)
    __attribute__((warn_unused_result));
/* All pages, and all files that they name. */
enum an_code pl_export_bring_all(struct pl_export_job *j, struct an_err *err)
    __attribute__((warn_unused_result));

/* What one row of the manifest names. */
struct pl_export_file {
    char name[160]; /* without folder and ending */
    bool hidden;    /* it belongs into .export: the server's errors */
    const char *url;
    bool anonymous;
    int64_t count; /* of resources, as the server says; -1: it does not */
};

/* Bring it, unless it is there.  Fails as pl_export. */
enum an_code pl_export_bring(struct pl_export_job *j,
                             const struct pl_export_file *file,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* Add the resources of one that is here. */
enum an_code pl_export_count(const struct pl_export_job *j,
                             const struct pl_export_file *file, uint64_t *n,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* Is it NDJSON from the first byte to the last, compressed or not?  *n is how
 * many lines.  AN_INTEGRITY (cut off, or something else), AN_IO. */
enum an_code pl_export_whole(const char *path, uint64_t *n, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

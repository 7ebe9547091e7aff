/* SPDX-License-Identifier: Apache-2.0 */
/* A folder that others put files into: each whole file is given to whoever takes
 * it, then moved to where the taken ones are, or the refused ones.
 *
 *     pl_folder_open(&options, &calls, log, &folder, err);
 *     ...             take() reads file->path and writes what it has to say
 *                     beside file->done or file->failed
 *     pl_folder_stop(folder);
 *     pl_folder_close(folder);
 *
 * Whole is a file whose content and name have not changed for settle_ms; renamed
 * into the folder it may be 0.  Files are taken in the order of their names, one
 * at a time; hidden ones, links, folders and what the pattern does not match are
 * passed over.  A file that changed while it was taken stays, to be taken again.
 * A taken file is moved last, so that a crash leaves it where it was: whoever
 * takes it must bear to meet it twice.  Where a name is there already, a number
 * is put behind it.
 *
 * No name of a file is logged: it may be a patient's.
 *
 * Thread-safety: shared, except that open, stop and close are called by one
 * thread; take() runs in the folder's own. */
#ifndef PLUGIN_HOST_FOLDER_H
#define PLUGIN_HOST_FOLDER_H

#include "base/err.h"
#include "base/log.h"

enum { PL_FOLDER_PATH_BYTES = 4096 };

struct pl_folder_options {
    const char *path, *pattern; /* as for fnmatch(3) */
    const char *done, *failed;  /* "" or NULL: below path; made if missing */
    int64_t poll_ms, settle_ms;
};

struct pl_folder;

struct pl_folder_file {
    struct pl_folder *folder;
    const char *path, *name;
    const char *done, *failed; /* where it will be */
};

enum pl_folder_fate {
    PL_FOLDER_DONE,
    PL_FOLDER_FAILED,
    PL_FOLDER_AGAIN /* it stays, and is tried again */
};

struct pl_folder_calls {
    void *ctx;
    enum pl_folder_fate (*take)(void *ctx, const struct pl_folder_file *file);
};

struct pl_folder_counts {
    uint64_t done, failed, again, faults; /* faults: it could not be moved */
};

/* AN_IO, AN_NOTFOUND for a folder that is not there or cannot be made; AN_CONFIG
 * when two of them are the same, or not on one file system. */
enum an_code pl_folder_open(const struct pl_folder_options *options,
                            const struct pl_folder_calls *calls,
                            struct an_log *log, struct pl_folder **folder,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* Should take() leave off?  Then its file is to be tried AGAIN. */
bool pl_folder_is_stopping(struct pl_folder *folder);
struct pl_folder_counts pl_folder_counts(struct pl_folder *folder);

/* Returns when take() has returned and the thread has ended. */
void pl_folder_stop(struct pl_folder *folder);
/* Stop if that was not done, and free.  NULL is nothing. */
void pl_folder_close(struct pl_folder *folder);

#endif

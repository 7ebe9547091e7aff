/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/folder.h"

#include "plugin/host/thread.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    NUMBERS = 10000,  /* behind a name that is there already */
    FAULT_MS = 60000, /* to the next try, after a file that cannot be moved */
    NAME_BYTES = 256
};

struct pl_folder {
    char path[PL_FOLDER_PATH_BYTES], done[PL_FOLDER_PATH_BYTES],
        failed[PL_FOLDER_PATH_BYTES], pattern[NAME_BYTES];
    int64_t poll_ms, settle_ms;
    struct pl_folder_calls calls;
    struct an_log *log;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool is_stopping; /* under the lock */
    struct {
        atomic_uint_fast64_t done, failed, again, faults;
    } count;
};

/* ---- which files ------------------------------------------------------------- */

static int64_t ms_of(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The change of its name counts, too: a copy may bring an old time along. */
static bool is_settled(const struct pl_folder *f, const struct stat *st)
{
    int64_t changed = ms_of(st->st_mtim), renamed = ms_of(st->st_ctim);
    int64_t now = pl_clock_us(NULL) / 1000;

    if (renamed > changed)
        changed = renamed;
    /* A clock that was set back must not hold a file for ever. */
    return now - changed >= f->settle_ms || changed - now > FAULT_MS;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           ms_of(a->st_mtim) == ms_of(b->st_mtim);
}

static bool path_in(const char *folder, const char *name,
                    char path[PL_FOLDER_PATH_BYTES])
{
    int n = snprintf(path, PL_FOLDER_PATH_BYTES, "%s/%s", folder, name);

    return n > 0 && n < PL_FOLDER_PATH_BYTES;
}

/* A name that nothing has yet; only we put files there. */
static bool free_path(const char *folder, const char *name,
                      char path[PL_FOLDER_PATH_BYTES])
{
    struct stat st;

    if (!path_in(folder, name, path))
        return false;
    for (int i = 1; lstat(path, &st) == 0; i++) {
        int n =
            snprintf(path, PL_FOLDER_PATH_BYTES, "%s/%s.%d", folder, name, i);

        if (i == NUMBERS || n >= PL_FOLDER_PATH_BYTES)
            return false;
    }
    return errno == ENOENT;
}

/* ---- one file ------------------------------------------------------------------ */

static bool fault(struct pl_folder *f, enum an_code code)
{
    atomic_fetch_add(&f->count.faults, 1);
    an_log(f->log, AN_EVENT_FOLDER_FAULT, code, (uint64_t)errno, 0);
    return false;
}

/* False when nothing more can be done for a while. */
static bool settle(struct pl_folder *f, const struct pl_folder_file *file,
                   const struct stat *before, enum pl_folder_fate fate)
{
    struct stat after;

    if (fate == PL_FOLDER_AGAIN) {
        atomic_fetch_add(&f->count.again, 1);
        return true;
    }
    if (lstat(file->path, &after) != 0 || !is_same(before, &after))
        return true;
    if (rename(file->path, fate == PL_FOLDER_DONE ? file->done : file->failed))
        return fault(f, AN_IO);
    atomic_fetch_add(fate == PL_FOLDER_DONE ? &f->count.done : &f->count.failed,
                     1);
    return true;
}

static bool take_file(struct pl_folder *f, const char *name)
{
    char path[PL_FOLDER_PATH_BYTES], done[PL_FOLDER_PATH_BYTES],
        failed[PL_FOLDER_PATH_BYTES];
    const struct pl_folder_file file = {f, path, name, done, failed};
    struct stat st;

    if (!path_in(f->path, name, path) || lstat(path, &st) != 0 ||
        !S_ISREG(st.st_mode) || !is_settled(f, &st))
        return true;
    if (!free_path(f->done, name, done) || !free_path(f->failed, name, failed))
        return fault(f, AN_IO);
    return settle(f, &file, &st, f->calls.take(f->calls.ctx, &file));
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool take_all(struct pl_folder *f)
{
    struct dirent **entry;
    int n = scandir(f->path, &entry, is_visible, alphasort);
    bool ok = true;

    if (n < 0)
        return fault(f, AN_IO);
    for (int i = 0; i < n; i++) {
        if (ok && !pl_folder_is_stopping(f) &&
            fnmatch(f->pattern, entry[i]->d_name, 0) == 0)
            ok = take_file(f, entry[i]->d_name);
        free(entry[i]);
    }
    free(entry);
    return ok;
}

static void *run(void *arg)
{
    struct pl_folder *f = arg;
    bool is_stopping = false;

    pl_thread_name("an-folder");
    while (!is_stopping) {
        bool ok = take_all(f);
        int64_t until = pl_now_ms() + (ok ? f->poll_ms : FAULT_MS);

        pthread_mutex_lock(&f->lock);
        while (!f->is_stopping && pl_cond_wait(&f->stopped, &f->lock, until))
            continue;
        is_stopping = f->is_stopping;
        pthread_mutex_unlock(&f->lock);
    }
    return NULL;
}

/* ---- life ------------------------------------------------------------------------ */

/* One of the folders: its path without the last slash, and what it is. */
static enum an_code find_folder(const char *said, const char *below,
                                char path[PL_FOLDER_PATH_BYTES],
                                struct stat *st, struct an_err *err)
{
    size_t n;

    if (said && said[0])
        n = (size_t)snprintf(path, PL_FOLDER_PATH_BYTES, "%s", said);
    else
        n = (size_t)snprintf(path, PL_FOLDER_PATH_BYTES, "%s", below);
    if (n >= PL_FOLDER_PATH_BYTES)
        return an_fail_file(err, AN_LIMIT, "the path is too long", path, 0);
    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    if (said == NULL || said[0] == '\0')
        (void)mkdir(path, 0700);
    if (stat(path, st) != 0)
        return an_fail_file(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                            "cannot be watched", path, errno);
    if (!S_ISDIR(st->st_mode))
        return an_fail_file(err, AN_CONFIG, "not a folder", path, 0);
    return AN_OK;
}

static enum an_code find_folders(struct pl_folder *f,
                                 const struct pl_folder_options *o,
                                 struct an_err *err)
{
    char below[2][PL_FOLDER_PATH_BYTES];
    struct stat in, done, failed;
    enum an_code rc = find_folder(o->path, "", f->path, &in, err);

    if (rc == AN_OK && (!path_in(f->path, "done", below[0]) ||
                        !path_in(f->path, "failed", below[1])))
        rc = an_fail_file(err, AN_LIMIT, "the path is too long", f->path, 0);
    if (rc == AN_OK)
        rc = find_folder(o->done, below[0], f->done, &done, err);
    if (rc == AN_OK)
        rc = find_folder(o->failed, below[1], f->failed, &failed, err);
    if (rc != AN_OK)
        return rc;
    if (in.st_dev != done.st_dev || in.st_dev != failed.st_dev)
        return an_fail_file(err, AN_CONFIG,
                            "not on the file system of its done and failed",
                            f->path, 0);
    if (in.st_ino == done.st_ino || in.st_ino == failed.st_ino ||
        done.st_ino == failed.st_ino)
        return an_fail_file(err, AN_CONFIG,
                            "not another folder than its done and failed",
                            f->path, 0);
    return AN_OK;
}

enum an_code pl_folder_open(const struct pl_folder_options *options,
                            const struct pl_folder_calls *calls,
                            struct an_log *log, struct pl_folder **folder,
                            struct an_err *err)
{
    struct pl_folder *f = calloc(1, sizeof(*f));
    enum an_code rc;

    *folder = NULL;
    if (f == NULL)
        return an_fail_nomem(err);
    f->poll_ms = options->poll_ms;
    f->settle_ms = options->settle_ms;
    f->calls = *calls;
    f->log = log;
    snprintf(f->pattern, sizeof(f->pattern), "%s", options->pattern);
    pthread_mutex_init(&f->lock, NULL);
    pl_cond_init(&f->stopped);
    rc = find_folders(f, options, err);
    /* Before the thread, which calls those who may ask for it. */
    *folder = f;
    if (rc == AN_OK)
        rc = pl_thread_start(&f->thread, run, f, err);
    f->has_thread = rc == AN_OK;
    if (rc != AN_OK) {
        *folder = NULL;
        pl_folder_close(f);
    }
    return rc;
}

bool pl_folder_is_stopping(struct pl_folder *f)
{
    bool is_stopping;

    pthread_mutex_lock(&f->lock);
    is_stopping = f->is_stopping;
    pthread_mutex_unlock(&f->lock);
    return is_stopping;
}

struct pl_folder_counts pl_folder_counts(struct pl_folder *f)
{
    return (struct pl_folder_counts){.done = atomic_load(&f->count.done),
                                     .failed = atomic_load(&f->count.failed),
                                     .again = atomic_load(&f->count.again),
                                     .faults = atomic_load(&f->count.faults)};
}

void pl_folder_stop(struct pl_folder *f)
{
    if (!f->has_thread)
        return;
    pthread_mutex_lock(&f->lock);
    f->is_stopping = true;
    pthread_cond_broadcast(&f->stopped);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    f->has_thread = false;
}

void pl_folder_close(struct pl_folder *f)
{
    if (f == NULL)
        return;
    pl_folder_stop(f);
    pthread_cond_destroy(&f->stopped);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of the store as it was at one moment, made while it is written to.
 *
 *     pl_backup_options o = {.path = store, .to = "/backup/monday.db"};
 *     pl_backup(&o, &result, err);
 *
 * The copy is made beside its place under another name, read through
 * (integrity_check), flushed and renamed: under its own name it is whole or it
 * is not there.  Beside it stands its SHA-256 ("FILE.sha256", as sha256sum -c
 * takes it).  What is sealed stays sealed: a copy is worth nothing without the
 * key file, which belongs to another place.
 *
 * A reader holds the moment while pages are copied, some at a time with a pause
 * between: writers go on, only the write-ahead log grows meanwhile.
 *
 * Thread-safety: shared.  AN_CONFLICT when the file is there and !replace, or
 * the store is in use (restore); AN_INTEGRITY when the copy is not whole;
 * AN_IO, AN_NOTFOUND, AN_NOMEM. */
#ifndef PLUGIN_STORE_BACKUP_H
#define PLUGIN_STORE_BACKUP_H

#include "base/hash.h"

struct pl_backup_options {
    const char *path; /* of the store */
    const char *to;   /* backup: the file to be; restore: the file that is */
    bool replace;
    int pause_ms; /* between 1 MiB and the next */
};

struct pl_backup_result {
    struct an_sha256 sha256;
    int64_t bytes;
    char aside[4200]; /* restore: where the old store is now, "" if none */
    int64_t version;  /* restore: of the copy's schema */
    bool is_older;    /* than this program's: it was brought up to date */
};

enum an_code pl_backup(const struct pl_backup_options *o,
                       struct pl_backup_result *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* Put a copy in the store's place; the old one stays beside it, with what lay
 * about of its log.  The copy is verified first: its SHA-256 if that stands
 * beside it, its pages, that it is a store of this program.  One of an earlier
 * version is brought up to date (the file that it is stays as it is), one of a
 * newer is AN_UNSUPPORTED.  `verify` (may be NULL) looks into it before it is put
 * in place.  On failure the store is as it was. */
enum an_code pl_restore(const struct pl_backup_options *o,
                        enum an_code (*verify)(void *ctx, const char *path,
                                               struct an_err *err),
                        void *ctx, struct pl_backup_result *out,
                        struct an_err *err) __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A store of an older version becomes one of this program's, after a copy of it
 * was made.
 *
 * The copy is PATH.before-N.bak, N being the version to which the first step
 * leads, with its SHA-256 beside it (backup.h): the program that made the store
 * opens it, and `restore` brings it up to date.  One of that name that is there
 * is replaced: it is of the same version, and older.  Nothing is changed unless
 * the copy is on the disk and whole.
 *
 * The write lock is held meanwhile: of programs that begin at the same moment one
 * copies after the other, and who waits longer than busy_ms gets AN_BUSY.
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_STORE_UPGRADE_INT_H
#define PLUGIN_STORE_UPGRADE_INT_H

#include "plugin/store/db_int.h"
#include "plugin/store/store.h"

/* db is open for writing and of `version`; 0 is a new file, of which there is
 * nothing to copy.  AN_IO (ENOSPC) when the disk has no room for a copy. */
enum an_code pl_upgrade(struct pl_db *db, const struct pl_store_options *o,
                        int64_t version, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read one into an arena, replace one so that a reader, or a
 * power cut, finds the old bytes or the new ones and never a mixture.
 *
 * Thread-safety: shared.  Errors are AN_NOTFOUND, AN_LIMIT, AN_NOMEM or AN_IO,
 * with the path as their place and errno. */
#ifndef PLUGIN_HOST_FILE_H
#define PLUGIN_HOST_FILE_H

#include "base/arena.h"
#include "base/err.h"

/* All of it, followed by a NUL that is not counted.  AN_LIMIT over limit_bytes;
 * AN_TYPE for a folder or a device. */
enum an_code pl_file_read(struct an_arena *arena, const char *path,
                          size_t limit_bytes, struct an_str *bytes,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* Write beside it, fsync, rename over it, fsync the folder.  `mode` as for
 * open(2): 0600 for what holds patients or keys.  On failure the old file is
 * as it was and nothing is left beside it. */
enum an_code pl_file_write(const char *path, struct an_str bytes, unsigned mode,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* Flush the folder that `path` stands in: a new name, or one that is gone, lasts
 * once that is done. */
enum an_code pl_file_sync_folder(const char *path, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

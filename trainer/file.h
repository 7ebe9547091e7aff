/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, for the trainer: read by mapping, written so that a reader sees
 * the old file or the new one and never a part.
 *
 * Thread-safety: immutable (functions of their arguments). */
#ifndef TRAINER_FILE_H
#define TRAINER_FILE_H

#include "base/err.h"

/* All of a file, read-only; tr_file_unmap gives it back.  An empty file is
 * "".  AN_NOTFOUND, AN_IO with errno. */
enum an_code tr_file_map(const char *path, struct an_str *bytes,
                         struct an_err *err)
    __attribute__((warn_unused_result));
void tr_file_unmap(struct an_str bytes);

/* Written beside `path`, flushed to the disk, then moved over it. */
enum an_code tr_file_write(const char *path, struct an_str bytes,
                           struct an_err *err)
    __attribute__((warn_unused_result));
/* The same, and nobody but its owner can read it. */
enum an_code tr_file_write_private(const char *path, struct an_str bytes,
                                   struct an_err *err)
    __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A bearer token out of a file of its own, read for each request so that it may
 * be renewed while the program runs.
 *
 * Thread-safety: shared.  Ownership: the arena's. */
#ifndef PLUGIN_HOST_TOKEN_H
#define PLUGIN_HOST_TOKEN_H

#include "base/arena.h"
#include "base/err.h"

enum { PL_TOKEN_BYTES = 64 << 10 };

/* "Authorization: Bearer ...", followed by a NUL that is not counted; empty for
 * the path "".  What pl_file_read says of the file; AN_CONFIG with the text
 * `no_token` when it holds none: one word of printable ASCII. */
enum an_code pl_token_header(struct an_arena *arena, const char *path,
                             const char *no_token, struct an_str *header,
                             struct an_err *err)
    __attribute__((warn_unused_result));

#endif

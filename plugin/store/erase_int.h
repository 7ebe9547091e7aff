/* SPDX-License-Identifier: Apache-2.0 */
/* Of those who are to be erased, what is filed under others: erase.c.
 *
 * Thread-safety: confined; store.c's lock. */
#ifndef PLUGIN_STORE_ERASE_INT_H
#define PLUGIN_STORE_ERASE_INT_H

#include "plugin/store/writer_int.h"

/* How many rows a step takes. */
enum { PL_ERASE_STEP = 64 };

/* A statement of its own: ?1... are the first of n numbers, as many as it names.
 * *out, unless NULL, is the first column of the first row, 0 without one. */
int pl_erase_run(struct pl_writer *w, const char *text, const int64_t *value,
                 int n, int64_t *out);
int pl_erase_raw(struct pl_writer *w, int64_t message, int64_t now_us);

/* A part of it, before anything of `identifier`, which is the first of those to
 * be erased, goes.  *n_rows are what it changed, with the bytes of each message;
 * *more: this is to be called again.
 *
 *   - Events of a visit that moves lead to one of them as of now.
 *   - A visit that went on from them leads from where it came to where it went,
 *     from the moment at which it went on; their part in that is forgotten.
 *   - What messages claim of them about others. */
int pl_erase_others(struct pl_writer *w, int64_t identifier, int64_t now_us,
                    size_t *n_rows, bool *more);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What reports and tables share: lines of text, fields, numbers of JSON.
 *
 * Thread-safety: confined. */
#ifndef TRAINER_PUT_H
#define TRAINER_PUT_H

#include "base/buf.h"
#include "base/json_out.h"

#include <stddef.h>

/* As printf, of at most 511 bytes. */
void tr_put_line(struct an_buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A field of a table as RFC 4180 has it: in quotes where it needs them. */
void tr_put_csv(struct an_buf *b, struct an_str field);

/* With six decimals; null when it was not found out, or is beyond all measure
 * (1e15), as a slope of what is parted without a rest. */
void tr_put_number(struct an_json_out *w, const char *key, double v);
void tr_put_count(struct an_json_out *w, const char *key, size_t n);

#endif

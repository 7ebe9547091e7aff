/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/put.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { LINE_BYTES = 512, PLACES = 6 };

static const double largest = 1e15;

void tr_put_line(struct an_buf *b, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    an_buf_put_c(b, line);
}

void tr_put_number(struct an_json_out *w, const char *key, double v)
{
    an_out_key(w, key);
    if (fabs(v) < largest)
        an_out_fixed(w, v, PLACES);
    else
        an_out_null(w);
}

void tr_put_count(struct an_json_out *w, const char *key, size_t n)
{
    an_out_key(w, key);
    an_out_i64(w, (int64_t)n);
}

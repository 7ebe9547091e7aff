/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/put.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

void tr_put_csv(struct an_buf *b, struct an_str field)
{
    bool plain = true;

    for (size_t i = 0; i < field.n; i++)
        plain &= strchr(",\"\r\n", field.p[i]) == NULL;
    if (plain) {
        an_buf_put(b, field);
        return;
    }
    an_buf_put_char(b, '"');
    for (size_t i = 0; i < field.n; i++) {
        if (field.p[i] == '"')
            an_buf_put_char(b, '"');
        an_buf_put_char(b, field.p[i]);
    }
    an_buf_put_char(b, '"');
}

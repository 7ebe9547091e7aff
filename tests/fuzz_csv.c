/* SPDX-License-Identifier: Apache-2.0 */
/* Tables out of any bytes: each row has as many fields as the first line and is
 * the same when it is looked up again; written anew with every field in quotes,
 * the table says the same; and what is refused has a place. */
#include "base/buf.h"
#include "trainer/dataset/csv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MOST_BYTES = 64 << 20 };

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void put_quoted(struct an_buf *b, struct an_str text)
{
    an_buf_put_char(b, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            an_buf_put_char(b, '"');
        an_buf_put_char(b, text.p[i]);
    }
    an_buf_put_char(b, '"');
}

static void put_row(struct an_buf *b, const struct tr_csv *t)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        if (i)
            an_buf_put_char(b, ',');
        put_quoted(b, t->field[i].text);
    }
    an_buf_put_char(b, '\n');
}

/* The current row, once more. */
static void read_again(struct an_arena *arena, struct tr_csv *t)
{
    struct tr_csv_field *was = an_arena_get(arena, t->n_columns, sizeof(*was));
    const struct tr_csv_place next = t->next;
    bool any;

    require(was != NULL);
    memcpy(was, t->field, t->n_columns * sizeof(*was));
    tr_csv_seek(t, t->row);
    require(tr_csv_next(t, &any, NULL) == AN_OK && any);
    require(t->next.byte == next.byte && t->next.line == next.line);
    for (size_t i = 0; i < t->n_columns; i++)
        require(an_str_eq(was[i].text, t->field[i].text) &&
                was[i].line == t->field[i].line &&
                was[i].column == t->field[i].column);
}

/* The table as it was read; false where it was refused. */
static bool write_anew(struct an_arena *arena, struct an_str in,
                       struct an_str *out)
{
    struct tr_csv t;
    struct an_err err = {0};
    struct an_buf b;
    bool any = true;
    size_t n_rows = 0;
    enum an_code code = tr_csv_read(&t, arena, in, "t.csv", &err);

    an_buf_init(&b, arena, MOST_BYTES);
    if (code == AN_OK)
        put_row(&b, &t);
    while (code == AN_OK && any) {
        code = tr_csv_next(&t, &any, &err);
        if (code != AN_OK || !any)
            break;
        n_rows++;
        require(t.row.line > 1 && t.next.byte > t.row.byte);
        put_row(&b, &t);
        read_again(arena, &t);
    }
    require(code == AN_OK || code == AN_NOMEM || err.where.path[0]);
    require(code != AN_OK || n_rows <= tr_csv_most_rows(&t));
    tr_csv_close(&t);
    return code == AN_OK && an_buf_done(&b, out, NULL) == AN_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct an_str in = {(const char *)data, n}, once, twice;
    struct an_arena arena;

    an_arena_init(&arena, MOST_BYTES * 4U);
    if (write_anew(&arena, in, &once)) {
        require(write_anew(&arena, once, &twice));
        require(an_str_eq(once, twice));
    }
    an_arena_free(&arena);
    return 0;
}

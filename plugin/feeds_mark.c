/* SPDX-License-Identifier: Apache-2.0 */
/* Marks that say which missing numbers will not come: one line a feed, its hash and
 * when it was said, replaced as a whole.  A file and no table, since it says something
 * to who runs now and nothing about the past: a start begins without gaps. */
#include "plugin/feeds_int.h"

#include "base/buf.h"
#include "plugin/host/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_BYTES = 64 << 10, ARENA_BYTES = 256 << 10, LINE_BYTES = 48 };

static bool path_of(const struct cfg_options *o, char *path, size_t size)
{
    int n = snprintf(path, size, "%.*s.feeds", AN_STR_ARG(o->store_path));

    return o->store_path.n && n > 0 && (size_t)n < size;
}

/* "0123456789abcdef 1700000000000000" */
static bool read_line(struct an_str line, uint64_t *hash, int64_t *at_us)
{
    struct an_str word = {"", 0};
    uint64_t at;

    *hash = 0;
    if (!an_str_cut(&line, ' ', &word) || word.n != 16 ||
        !an_str_u64(an_str_trim(line), &at) || at > INT64_MAX)
        return false;
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        bool digit = c >= '0' && c <= '9';

        if (!digit && !(c >= 'a' && c <= 'f'))
            return false;
        *hash = *hash << 4 | (uint64_t)(digit ? c - '0' : c - 'a' + 10);
    }
    *at_us = (int64_t)at;
    return true;
}

enum an_code pl_feeds_mark(const struct cfg_options *options, uint64_t hash,
                           int64_t at_us, struct an_err *err)
{
    char path[sizeof(((struct pl_feeds_marks *)NULL)->path)], text[LINE_BYTES];
    struct an_str old = AN_STR(""), bytes = AN_STR(""), line;
    struct an_arena arena;
    struct an_buf b;
    enum an_code rc;

    if (!path_of(options, path, sizeof(path)))
        return an_fail(err, AN_LIMIT, "the store's path is too long", 0);
    an_arena_init(&arena, ARENA_BYTES);
    rc = pl_file_read(&arena, path, FILE_BYTES, &old, err);
    if (rc == AN_NOTFOUND)
        rc = AN_OK;
    an_buf_init(&b, &arena, FILE_BYTES);
    while (an_str_cut(&old, '\n', &line)) {
        uint64_t other;
        int64_t then_us;

        if (read_line(line, &other, &then_us) && other != hash) {
            an_buf_put(&b, line);
            an_buf_put_char(&b, '\n');
        }
    }
    (void)snprintf(text, sizeof(text), "%016" PRIx64 " %" PRId64 "\n", hash,
                   at_us);
    an_buf_put_c(&b, text);
    if (rc == AN_OK)
        rc = an_buf_done(&b, &bytes, err);
    if (rc == AN_OK)
        rc = pl_file_write(path, bytes, 0600, err);
    an_arena_free(&arena);
    return rc;
}

void pl_feeds_marks_begin(struct pl_feeds_marks *m,
                          const struct cfg_options *options, int64_t now_us)
{
    m->seen_us = now_us;
    if (!path_of(options, m->path, sizeof(m->path)))
        m->path[0] = '\0';
}

void pl_feeds_marks_look(struct pl_feeds_marks *m, struct pl_feeds *f)
{
    int64_t newest_us = m->seen_us;
    struct an_str text, line;
    struct an_arena arena;

    if (m->path[0] == '\0')
        return;
    an_arena_init(&arena, ARENA_BYTES);
    if (pl_file_read(&arena, m->path, FILE_BYTES, &text, NULL) == AN_OK)
        while (an_str_cut(&text, '\n', &line)) {
            uint64_t hash;
            int64_t at_us;

            if (!read_line(line, &hash, &at_us) || at_us <= m->seen_us)
                continue;
            pl_feeds_forgive(f, hash);
            newest_us = at_us > newest_us ? at_us : newest_us;
        }
    an_arena_free(&arena);
    m->seen_us = newest_us;
}

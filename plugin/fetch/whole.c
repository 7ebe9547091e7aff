/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/fetch/export_int.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

enum { PIECE_BYTES = 1 << 16 };

/* Lines that are not blank; each must begin and end as an object does. */
struct lines {
    uint64_t n;
    char first, last; /* of the line that is open; 0: blank so far */
    bool wrong;
};

static void end_line(struct lines *l)
{
    if (l->first) {
        l->n++;
        l->wrong = l->wrong || l->first != '{' || l->last != '}';
    }
    l->first = l->last = 0;
}

static void take(struct lines *l, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n') {
            end_line(l);
        } else if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r') {
            if (l->first == 0)
                l->first = p[i];
            l->last = p[i];
        }
    }
}

enum an_code pl_export_whole(const char *path, uint64_t *n, struct an_err *err)
{
    struct lines l = {.n = 0};
    char piece[PIECE_BYTES / 8];
    int got = 0;
    gzFile gz = gzopen(path, "rbe"); /* plain files pass as they are */

    if (gz == NULL)
        return an_fail_file(err, AN_IO, "cannot be read", path, errno);
    while ((got = gzread(gz, piece, sizeof(piece))) > 0)
        take(&l, piece, (size_t)got);
    end_line(&l);
    explicit_bzero(piece, sizeof(piece));
    /* A stream that ends too early is told of by gzclose alone. */
    if (gzclose(gz) != Z_OK || got < 0 || l.wrong)
        return an_fail_line(err, AN_INTEGRITY,
                            "what came is no whole file of NDJSON", path, 0, 0);
    *n = l.n;
    return AN_OK;
}

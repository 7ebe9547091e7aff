/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/source.h"

#include "fhir/ndjson.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { FIRST_BYTES = 1 << 20, PATH_BYTES = 4096 };

struct text {
    char *p;
    size_t n, size;
};

/* Who takes the documents, and who watches; NULL: nobody. */
struct taker {
    tr_take *take;
    void *arg;
    const struct tr_source_watch *watch;
};

static enum an_code give(const struct taker *to, struct an_str document,
                         struct an_err *err)
{
    enum an_code code =
        to->watch ? to->watch->document(to->watch->arg, document, err) : AN_OK;

    return code == AN_OK ? to->take(to->arg, document, err) : code;
}

/* Room for more; what is there stays. */
static bool grow(struct text *t)
{
    size_t size = t->size ? 2 * t->size : FIRST_BYTES;
    char *p = size <= 2 * (size_t)TR_DOCUMENT_BYTES ? realloc(t->p, size) : 0;

    if (p == NULL)
        return false;
    t->p = p;
    t->size = size;
    return true;
}

static bool ends(const char *path, const char *end)
{
    return an_str_ends(an_str_c(path), an_str_c(end));
}

static bool is_lines(const char *path)
{
    return ends(path, ".ndjson") || ends(path, ".ndjson.gz");
}

static bool is_read(const char *path)
{
    return is_lines(path) || ends(path, ".json") || ends(path, ".json.gz");
}

/* Give out the whole lines of the buffer and keep the rest at its start. */
static enum an_code give_lines(struct text *t, bool last,
                               const struct taker *to, struct an_err *err)
{
    struct fhir_ndjson lines = {.rest = {t->p, t->n}, .last = last};
    struct an_str line;
    enum an_code code = AN_OK;

    while (code == AN_OK && fhir_ndjson_next(&lines, &line))
        code = give(to, line, err);
    if (lines.rest.n)
        memmove(t->p, lines.rest.p, lines.rest.n);
    t->n = lines.rest.n;
    return code;
}

static enum an_code read_stream(gzFile file, bool by_line, struct text *t,
                                const struct taker *to, struct an_err *err)
{
    enum an_code code = AN_OK;

    for (;;) {
        int got;

        if (t->n > TR_DOCUMENT_BYTES)
            return an_fail(err, AN_LIMIT, "a document is too large", 0);
        if (t->size - t->n < FIRST_BYTES / 2 && !grow(t))
            return an_fail_nomem(err);
        got = gzread(file, t->p + t->n, FIRST_BYTES / 2);
        if (got < 0)
            return an_fail(err, AN_IO, "a file cannot be read or unpacked", 0);
        if (to->watch)
            code = to->watch->bytes(
                to->watch->arg, (struct an_str){t->p + t->n, (size_t)got}, err);
        t->n += (size_t)got;
        if (code == AN_OK && by_line)
            code = give_lines(t, got == 0, to, err);
        if (code != AN_OK || got == 0)
            break;
    }
    if (code == AN_OK && !by_line)
        code = give(to, (struct an_str){t->p, t->n}, err);
    return code;
}

static enum an_code read_file(const char *path, const struct taker *to,
                              struct an_err *err)
{
    struct text t = {NULL, 0, 0};
    gzFile file = gzopen(path, "rb"); /* passes plain files through */
    enum an_code code;

    if (file == NULL)
        return an_fail_sys(err, AN_IO, "a file cannot be opened", errno);
    code = to->watch ? to->watch->begin(to->watch->arg, path, err) : AN_OK;
    if (code == AN_OK)
        code = read_stream(file, is_lines(path), &t, to, err);
    if (code == AN_OK && to->watch)
        code = to->watch->end(to->watch->arg, err);
    gzclose(file);
    free(t.p);
    return code;
}

static enum an_code read_any(const char *path, bool named, int depth,
                             const struct taker *to, struct an_err *err);

static enum an_code read_folder(const char *path, int depth,
                                const struct taker *to, struct an_err *err)
{
    struct dirent **entry = NULL;
    enum an_code code = AN_OK;
    int n;

    if (depth > TR_SOURCE_DEPTH)
        return an_fail(err, AN_LIMIT, "folders are too deep", 0);
    n = scandir(path, &entry, NULL, alphasort);
    if (n < 0)
        return an_fail_sys(err, AN_IO, "a folder cannot be read", errno);
    for (int i = 0; i < n; i++) {
        char below[PATH_BYTES];
        int length =
            snprintf(below, sizeof(below), "%s/%s", path, entry[i]->d_name);

        if (code == AN_OK && entry[i]->d_name[0] != '.') {
            if (length < 0 || length >= PATH_BYTES)
                code = an_fail(err, AN_LIMIT, "a path is too long", 0);
            else
                code = read_any(below, false, depth + 1, to, err);
        }
        free(entry[i]);
    }
    free(entry);
    return code;
}

static enum an_code read_any(const char *path, bool named, int depth,
                             const struct taker *to, struct an_err *err)
{
    struct stat st;

    if ((named ? stat(path, &st) : lstat(path, &st)) < 0)
        return an_fail_sys(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                           "there is no such file or folder", errno);
    if (S_ISDIR(st.st_mode))
        return read_folder(path, depth, to, err);
    return named || is_read(path) ? read_file(path, to, err) : AN_OK;
}

enum an_code tr_source_read(const char *path, tr_take *take, void *arg,
                            struct an_err *err)
{
    return tr_source_watched(path, NULL, take, arg, err);
}

enum an_code tr_source_watched(const char *path,
                               const struct tr_source_watch *watch,
                               tr_take *take, void *arg, struct an_err *err)
{
    const struct taker to = {take, arg, watch};

    return read_any(path, true, 0, &to, err);
}

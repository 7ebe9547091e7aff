/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/feed.h"

#include "plugin/pipeline.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
    DEPTH = 16,
    PATH_BYTES = 4096,
    BEHIND_BYTES = 8 << 20 /* of a mapped file, given out and still resident */
};

/* An inflated file must fit in memory. */
static const size_t largest_inflated_bytes = (size_t)2 << 30;

struct pl_feed_path {
    char *name;
    uint64_t bytes;
};

/* ---- which files -------------------------------------------------------- */

static enum an_code add_file(struct pl_feed_source *f, const char *path,
                             uint64_t bytes, struct an_err *err)
{
    struct pl_feed_path *grown;

    if ((f->n_paths & (f->n_paths - 1)) == 0) {
        size_t size = f->n_paths ? f->n_paths * 2 : 1;

        grown = realloc(f->path, size * sizeof(*grown));
        if (grown == NULL)
            return an_fail_nomem(err);
        f->path = grown;
    }
    f->path[f->n_paths].name = strdup(path);
    if (f->path[f->n_paths].name == NULL)
        return an_fail_nomem(err);
    f->path[f->n_paths++].bytes = bytes;
    f->total_bytes += bytes;
    return AN_OK;
}

static enum an_code add_path(struct pl_feed_source *f, const char *path,
                             int depth, struct an_err *err);

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static enum an_code add_folder(struct pl_feed_source *f, const char *path,
                               int depth, struct an_err *err)
{
    struct dirent **entry;
    enum an_code rc = AN_OK;
    int n = scandir(path, &entry, visible, alphasort);

    if (n < 0)
        return an_fail_file(err, AN_IO, "cannot list this folder", path, errno);
    for (int i = 0; i < n; i++) {
        char inner[PATH_BYTES];
        int length =
            snprintf(inner, sizeof(inner), "%s/%s", path, entry[i]->d_name);

        free(entry[i]);
        if (rc == AN_OK)
            rc = length < (int)sizeof(inner)
                     ? add_path(f, inner, depth + 1, err)
                     : an_fail_file(err, AN_LIMIT, "the path is too long", path,
                                    0);
    }
    free(entry);
    return rc;
}

static enum an_code add_path(struct pl_feed_source *f, const char *path,
                             int depth, struct an_err *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return an_fail_file(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                            "cannot be read", path, errno);
    if (S_ISDIR(st.st_mode))
        return depth < DEPTH
                   ? add_folder(f, path, depth, err)
                   : an_fail_file(err, AN_LIMIT, "folders are nested too deep",
                                  path, 0);
    if (!S_ISREG(st.st_mode)) /* a pipe would be waited for */
        return an_fail_file(err, AN_TYPE, "not a plain file", path, 0);
    return add_file(f, path, (uint64_t)st.st_size, err);
}

enum an_code pl_feed_open(struct pl_feed_source *f, char *const *path, size_t n,
                          struct an_err *err)
{
    enum an_code rc = AN_OK;

    *f = (struct pl_feed_source){.n_paths = 0};
    for (size_t i = 0; rc == AN_OK && i < n; i++)
        rc = add_path(f, path[i], 0, err);
    if (rc != AN_OK)
        pl_feed_close(f);
    return rc;
}

/* ---- one file ----------------------------------------------------------- */

static void close_file(struct pl_feed_source *f)
{
    char *p = NULL;

    if (f->bytes.p == NULL)
        return;
    memcpy(&p, &f->bytes.p, sizeof(p)); /* it was ours to begin with */
    if (f->mapped) {
        (void)munmap(p, f->bytes.n);
    } else {
        explicit_bzero(p, f->bytes.n);
        free(p);
    }
    f->bytes = (struct an_str){NULL, 0};
}

static enum an_code map_file(struct pl_feed_source *f, const char *path,
                             struct an_err *err)
{
    struct stat st;
    void *p;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return an_fail_file(err, AN_IO, "cannot be opened", path, errno);
    if (fstat(fd, &st) != 0 || st.st_size == 0) {
        (void)close(fd);
        return an_fail_file(err, AN_TYPE, "an empty file", path, 0);
    }
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    if (p == MAP_FAILED)
        return an_fail_file(err, AN_IO, "cannot be mapped", path, errno);
    (void)madvise(p, (size_t)st.st_size, MADV_SEQUENTIAL);
    f->bytes = (struct an_str){p, (size_t)st.st_size};
    f->mapped = true;
    f->let_go = 0;
    return AN_OK;
}

static enum an_code inflate_file(struct pl_feed_source *f, const char *path,
                                 struct an_err *err)
{
    gzFile gz = gzopen(path, "rbe");
    size_t n = 0, size = 1 << 20;
    char *p = malloc(size), *grown;
    int got = 0;

    while (gz && p && (got = gzread(gz, p + n, (unsigned)(size - n))) > 0) {
        n += (size_t)got;
        if (n < size)
            continue;
        grown = size < largest_inflated_bytes ? realloc(p, size * 2) : NULL;
        if (grown == NULL) {
            got = -1;
            break;
        }
        p = grown;
        size *= 2;
    }
    /* A file that ends too early is told of by gzclose alone. */
    if (gz && gzclose(gz) != Z_OK)
        got = -1;
    if (gz == NULL || p == NULL || got < 0 || n == 0) {
        if (p)
            explicit_bzero(p, n);
        free(p);
        return an_fail_file(err, AN_IO, "cannot be inflated", path,
                            gz ? 0 : errno);
    }
    f->bytes = (struct an_str){p, n};
    f->mapped = false;
    return AN_OK;
}

/* A file of many lines, each of them an object: not a pretty-printed one. */
static bool looks_like_ndjson(struct an_str bytes, const char *path)
{
    struct an_str name = an_str_c(path), line;

    if (an_str_ends(name, AN_STR(".ndjson")) ||
        an_str_ends(name, AN_STR(".ndjson.gz")))
        return true;
    if (!an_str_cut(&bytes, '\n', &line) || bytes.n == 0)
        return false;
    line = an_str_trim(line);
    bytes = an_str_trim(an_str_sub(bytes, 0, 64));
    return line.n > 2 && line.p[line.n - 1] == '}' && bytes.n &&
           bytes.p[0] == '{';
}

static enum an_code open_file(struct pl_feed_source *f, struct an_err *err)
{
    const char *path = f->path[f->next].name;
    enum an_code rc = an_str_ends(an_str_c(path), AN_STR(".gz"))
                          ? inflate_file(f, path, err)
                          : map_file(f, path, err);

    if (rc != AN_OK)
        return rc;
    if (!pl_format_guess(f->bytes, &f->format)) {
        close_file(f);
        return an_fail_file(err, AN_TYPE, "neither HL7v2 nor JSON", path, 0);
    }
    f->lines = f->format == PL_FORMAT_FHIR && looks_like_ndjson(f->bytes, path);
    f->single = f->format == PL_FORMAT_FHIR && !f->lines;
    f->ndjson = (struct fhir_ndjson){.rest = f->bytes, .last = true};
    hl7_batch_init(&f->batch, f->bytes);
    return AN_OK;
}

static size_t given_bytes(const struct pl_feed_source *f)
{
    return f->lines ? f->bytes.n - f->ndjson.rest.n : f->batch.at;
}

/* Pages that were read stay resident until somebody else wants the memory: an
 * archive of 10 GB would look as if it were held.  What is before the message
 * to come is not looked at again, but for headers of a batch, which the kernel
 * would read anew. */
static void let_go_behind(struct pl_feed_source *f)
{
    size_t behind = given_bytes(f) / BEHIND_BYTES * BEHIND_BYTES;
    char *p = NULL;

    if (!f->mapped || behind <= f->let_go)
        return;
    memcpy(&p, &f->bytes.p, sizeof(p)); /* it was ours to begin with */
    (void)madvise(p + f->let_go, behind - f->let_go, MADV_DONTNEED);
    f->let_go = behind;
}

/* The next message of the open file; false at its end. */
static bool next_in_file(struct pl_feed_source *f, struct pl_feed_item *item)
{
    struct hl7_batch_message m;

    *item = (struct pl_feed_item){.format = f->format,
                                  .file = f->path[f->next].name};
    if (f->single) {
        f->single = false;
        item->bytes = f->bytes;
        return true;
    }
    if (f->lines) {
        if (!fhir_ndjson_next(&f->ndjson, &item->bytes))
            return false;
        item->line = f->ndjson.line;
        item->offset = (size_t)(item->bytes.p - f->bytes.p);
        return true;
    }
    if (f->format == PL_FORMAT_FHIR || !hl7_batch_next(&f->batch, &m))
        return false;
    item->bytes = m.bytes;
    item->offset = m.offset;
    return true;
}

enum an_code pl_feed_next(struct pl_feed_source *f, struct pl_feed_item *item,
                          struct an_err *err)
{
    while (f->next < f->n_paths) {
        enum an_code rc = f->bytes.p ? AN_OK : open_file(f, err);

        if (rc == AN_OK) {
            let_go_behind(f);
            if (next_in_file(f, item))
                return AN_OK;
        }
        close_file(f);
        f->done_bytes += f->path[f->next].bytes;
        f->next++;
        if (rc != AN_OK)
            return rc == AN_NOTFOUND ? AN_IO : rc;
    }
    return an_fail(err, AN_NOTFOUND, "no more messages", 0);
}

double pl_feed_progress(const struct pl_feed_source *f)
{
    double inside = 0, all = (double)f->total_bytes;

    if (f->bytes.p && f->next < f->n_paths) {
        inside = (double)given_bytes(f) / (double)f->bytes.n *
                 (double)f->path[f->next].bytes;
    }
    return all > 0 ? ((double)f->done_bytes + inside) / all : 1;
}

void pl_feed_close(struct pl_feed_source *f)
{
    close_file(f);
    for (size_t i = 0; i < f->n_paths; i++)
        free(f->path[i].name);
    free(f->path);
    *f = (struct pl_feed_source){.n_paths = 0};
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One file of an export: a part that grows, then a name. */
#include "plugin/fetch/export_int.h"

#include "plugin/host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAG_BYTES = 8192, LINE_BYTES = PL_FETCH_VALUE_BYTES + 64, TRIES = 3 };

/* One file under way. */
struct part {
    struct pl_export_job *j;
    const struct pl_export_file *file;
    char path[PL_EXPORT_PATH_BYTES], tag_path[PL_EXPORT_PATH_BYTES];
    int fd;
    uint64_t have_bytes;            /* of the part, before this request */
    char tag[PL_FETCH_VALUE_BYTES]; /* "" : nothing to go on from */
    bool gzip;
};

/* ---- names -------------------------------------------------------------- */

static bool final_path(const struct pl_export_job *j,
                       const struct pl_export_file *f, const char *ending,
                       char path[PL_EXPORT_PATH_BYTES])
{
    int n = snprintf(path, PL_EXPORT_PATH_BYTES, "%s/%s%s%s", j->o->folder,
                     f->hidden ? ".export/" : "", f->name, ending);

    return n > 0 && n < PL_EXPORT_PATH_BYTES;
}

/* Under any of its names; an empty one is kept out of sight. */
static bool is_there(const struct pl_export_job *j,
                     const struct pl_export_file *f)
{
    struct pl_export_file empty = *f;
    char path[PL_EXPORT_PATH_BYTES];

    empty.hidden = true;
    return (final_path(j, f, ".ndjson", path) && access(path, F_OK) == 0) ||
           (final_path(j, f, ".ndjson.gz", path) && access(path, F_OK) == 0) ||
           (final_path(j, &empty, ".empty", path) && access(path, F_OK) == 0);
}

/* ---- what a part was begun with ----------------------------------------- */

/* "gzip\n\"abc\"\n": the coding, and the strong ETag of what it is a part of. */
static void read_tag(struct part *p)
{
    struct an_arena *a = &p->j->each;
    struct an_str bytes, line;
    struct stat st;

    p->tag[0] = '\0';
    p->have_bytes = 0;
    if (stat(p->path, &st) != 0 || st.st_size <= 0 ||
        pl_file_read(a, p->tag_path, TAG_BYTES, &bytes, NULL) != AN_OK ||
        !an_str_cut(&bytes, '\n', &line))
        return;
    p->gzip = an_str_eq(line, AN_STR("gzip"));
    if (!an_str_cut(&bytes, '\n', &line) || line.n < 3 || line.p[0] != '"' ||
        line.n >= sizeof(p->tag))
        return;
    memcpy(p->tag, line.p, line.n);
    p->tag[line.n] = '\0';
    p->have_bytes = (uint64_t)st.st_size;
}

static enum an_code write_tag(struct part *p, const struct pl_fetch_answer *h,
                              struct an_err *err)
{
    char text[LINE_BYTES];
    int n = snprintf(text, sizeof(text), "%s\n%.*s\n", p->gzip ? "gzip" : "",
                     AN_STR_ARG(h->etag));

    return pl_file_write(p->tag_path, (struct an_str){text, (size_t)n}, 0600,
                         err);
}

static void drop(const struct part *p)
{
    (void)unlink(p->tag_path);
    (void)unlink(p->path);
}

/* ---- what comes --------------------------------------------------------- */

static enum an_code go_on(struct part *p, const struct pl_fetch_answer *h,
                          struct an_err *err)
{
    char want[64];

    (void)snprintf(want, sizeof(want), "bytes %llu-",
                   (unsigned long long)p->have_bytes);
    if (p->have_bytes == 0 ||
        !an_str_starts(h->content_range, an_str_c(want)) ||
        (h->etag.n && !an_str_eq(h->etag, an_str_c(p->tag))))
        return an_fail_line(err, AN_INTEGRITY,
                            "the server goes on with something else",
                            p->file->name, 0, 0);
    return AN_OK;
}

static enum an_code begin(void *ctx, const struct pl_fetch_answer *h,
                          struct an_err *err)
{
    struct part *p = ctx;

    if (h->status == 206)
        return go_on(p, h, err);
    if (an_str_eq_nocase(h->type, AN_STR("text/html")))
        return an_fail_line(err, AN_TYPE, "a page came in place of NDJSON",
                            p->file->name, 0, 0);
    p->gzip = an_str_eq_nocase(h->encoding, AN_STR("gzip"));
    if (!p->gzip && h->encoding.n &&
        !an_str_eq_nocase(h->encoding, AN_STR("identity")))
        return an_fail_line(err, AN_UNSUPPORTED,
                            "the file is compressed otherwise than asked",
                            p->file->name, 0, 0);
    /* From the start: the old tag goes before the bytes it speaks of. */
    (void)unlink(p->tag_path);
    if (ftruncate(p->fd, 0) != 0 || lseek(p->fd, 0, SEEK_SET) != 0)
        return an_fail_file(err, AN_IO, "cannot be written", p->path, errno);
    return write_tag(p, h, err);
}

static enum an_code put(void *ctx, struct an_str bytes, struct an_err *err)
{
    struct part *p = ctx;

    while (bytes.n) {
        ssize_t n = write(p->fd, bytes.p, bytes.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return an_fail_file(err, AN_IO, "cannot be written", p->path,
                                n < 0 ? errno : ENOSPC);
        bytes = an_str_sub(bytes, (size_t)n, bytes.n);
    }
    return AN_OK;
}

static enum an_code ask(struct part *p, struct pl_fetch_answer *answer,
                        struct an_err *err)
{
    char range[64], condition[LINE_BYTES];
    struct pl_fetch_sink sink = {begin, put, p};
    struct pl_fetch_request q = {
        .url = p->file->url,
        .header = {"Accept: application/fhir+ndjson", "Accept-Encoding: gzip"},
        .anonymous = p->file->anonymous,
        .limit_bytes = PL_EXPORT_ANSWER_BYTES,
        .sink = &sink};
    enum an_code rc;

    read_tag(p);
    if (p->have_bytes) {
        (void)snprintf(range, sizeof(range), "Range: bytes=%llu-",
                       (unsigned long long)p->have_bytes);
        (void)snprintf(condition, sizeof(condition), "If-Range: %s", p->tag);
        q.header[2] = range;
        q.header[3] = condition;
    }
    p->fd = open(p->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (p->fd < 0)
        return an_fail_file(err, AN_IO, "cannot be written", p->path, errno);
    if (lseek(p->fd, 0, SEEK_END) < 0)
        rc = an_fail_file(err, AN_IO, "cannot be written", p->path, errno);
    else
        rc = pl_fetch_ask(p->j->fetch, &p->j->each, &q, answer, err);
    if (rc == AN_OK && fsync(p->fd) != 0)
        rc = an_fail_file(err, AN_IO, "cannot be flushed", p->path, errno);
    if (close(p->fd) != 0 && rc == AN_OK)
        rc = an_fail_file(err, AN_IO, "cannot be written", p->path, errno);
    return rc;
}

/* ---- when all of it is there -------------------------------------------- */

static enum an_code finish(struct part *p, struct an_err *err)
{
    struct pl_export_file as = *p->file;
    char path[PL_EXPORT_PATH_BYTES];
    uint64_t n = 0;
    enum an_code rc = pl_export_whole(p->path, &n, err);

    if (rc == AN_OK && p->file->count >= 0 && (uint64_t)p->file->count != n)
        rc = an_fail_line(err, AN_INTEGRITY,
                          "not as many resources as the server says",
                          p->file->name, 0, 0);
    if (rc != AN_OK)
        return rc;
    as.hidden = as.hidden || n == 0;
    if (!final_path(p->j, &as,
                    n == 0    ? ".empty"
                    : p->gzip ? ".ndjson.gz"
                              : ".ndjson",
                    path))
        return an_fail(err, AN_LIMIT, "the folder's path is too long", 0);
    if (rename(p->path, path) != 0)
        return an_fail_file(err, AN_IO, "cannot be renamed", p->path, errno);
    rc = pl_file_sync_folder(path, err);
    (void)unlink(p->tag_path);
    if (rc != AN_OK)
        return rc;
    p->j->result->n_resources += p->file->hidden ? 0 : n;
    pl_export_tell(p->j, PL_EXPORT_FILE, (int64_t)n);
    return AN_OK;
}

/* What there was to one try: AN_OK is "again", AN_INTEGRITY "from the start". */
static enum an_code try_again(struct part *p,
                              const struct pl_fetch_answer *answer,
                              struct an_err *err)
{
    const char *name = p->file->name;
    bool gone = answer->status == 404 || answer->status == 410;
    struct stat st;

    /* A part that is as long as the whole, or of something else. */
    if (answer->status == 416 && p->have_bytes)
        return an_fail_line(err, AN_INTEGRITY, "nothing follows what is here",
                            name, 0, 0);
    if (pl_fetch_fate(answer) == PL_FETCH_REFUSED)
        return pl_export_refused(
            p->j, gone ? AN_NOTFOUND : AN_IO,
            gone ? "the server has the file no more; the next call begins a "
                   "new export"
                 : "the server does not give a file",
            name, answer, err);
    /* As long as something comes it is no failure, if it breaks off or not. */
    if (stat(p->path, &st) == 0 && (uint64_t)st.st_size > p->have_bytes)
        p->j->failing_ms = 0;
    return pl_export_wait(p->j, answer, name, err);
}

static enum an_code bring(struct part *p, struct an_err *err)
{
    struct pl_fetch_answer answer;
    enum an_code rc = AN_OK;
    int tries = 0;

    while (rc == AN_OK) {
        an_arena_reset(&p->j->each);
        rc = ask(p, &answer, err);
        if (rc == AN_OK && pl_fetch_fate(&answer) == PL_FETCH_GOT) {
            p->j->failing_ms = p->j->pause_ms = 0;
            rc = finish(p, err);
            if (rc == AN_OK)
                return AN_OK;
        } else if (rc == AN_OK) {
            rc = try_again(p, &answer, err);
        }
        if (rc == AN_INTEGRITY) {
            drop(p);
            if (++tries < TRIES)
                rc = AN_OK;
        }
    }
    return rc;
}

enum an_code pl_export_bring(struct pl_export_job *j,
                             const struct pl_export_file *file,
                             struct an_err *err)
{
    struct part p = {.j = j, .file = file};
    char name[192];

    if (is_there(j, file))
        return AN_OK;
    (void)snprintf(name, sizeof(name), "%s.part", file->name);
    (void)pl_export_path(j, name, p.path);
    (void)snprintf(name, sizeof(name), "%s.tag", file->name);
    if (!pl_export_path(j, name, p.tag_path))
        return an_fail(err, AN_LIMIT, "the folder's path is too long", 0);
    return bring(&p, err);
}

enum an_code pl_export_count(const struct pl_export_job *j,
                             const struct pl_export_file *file, uint64_t *n,
                             struct an_err *err)
{
    static const char *const endings[] = {".ndjson", ".ndjson.gz"};
    char path[PL_EXPORT_PATH_BYTES];
    uint64_t more;

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        if (final_path(j, file, endings[i], path) && access(path, F_OK) == 0) {
            enum an_code rc = pl_export_whole(path, &more, err);

            if (rc == AN_OK)
                *n += more;
            return rc;
        }
    return AN_OK; /* an empty one */
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/deid/run.h"

#include "fhir/ndjson.h"
#include "hl7/batch.h"
#include "trainer/deid/fhir.h"
#include "trainer/deid/hl7.h"
#include "trainer/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 8 };
#define ARENA_BYTES ((size_t)8 << 30)

/* One file that is read, and what is written of it. */
struct file {
    const char *path;
    const char *ending; /* of what is written */
    FILE *out;
    const char *between; /* after each document */
};

static bool ends(const char *path, const char *end)
{
    return an_str_ends(an_str_c(path), an_str_c(end));
}

static enum an_code part_path(const struct tr_deid_run *run, const char *name,
                              char path[TR_DEID_PATH_BYTES], struct an_err *err)
{
    size_t bytes = strlen(run->out);
    int n;

    while (bytes > 1 && run->out[bytes - 1] == '/')
        bytes--;
    n = snprintf(path, TR_DEID_PATH_BYTES, "%.*s.part%s%s", (int)bytes,
                 run->out, name ? "/" : "", name ? name : "");
    return n > 0 && n < TR_DEID_PATH_BYTES
               ? AN_OK
               : an_fail(err, AN_LIMIT, "a path is too long", 0);
}

static enum an_code put(struct tr_deid_run *run, struct file *f,
                        struct an_str bytes, struct an_err *err)
{
    char name[64], path[TR_DEID_PATH_BYTES];
    enum an_code code = AN_OK;

    if (f->out == NULL) {
        snprintf(name, sizeof(name), "%06llu%s",
                 (unsigned long long)run->n_written + 1, f->ending);
        code = part_path(run, name, path, err);
        if (code != AN_OK)
            return code;
        f->out = fopen(path, "wbxe");
        if (f->out == NULL)
            return an_fail_file(err, AN_IO, "a file cannot be made", path,
                                errno);
        run->n_written++;
    }
    if (fwrite(bytes.p, 1, bytes.n, f->out) != bytes.n)
        return an_fail_sys(err, AN_IO, "a file cannot be written", errno);
    return code;
}

static enum an_code close_out(struct file *f, struct an_err *err)
{
    bool good;

    if (f->out == NULL)
        return AN_OK;
    good = fflush(f->out) == 0 && fsync(fileno(f->out)) == 0;
    good = fclose(f->out) == 0 && good;
    f->out = NULL;
    return good ? AN_OK
                : an_fail_sys(err, AN_IO, "a file cannot be written", errno);
}

typedef enum an_code make(struct tr_deid *d, struct an_arena *arena,
                          struct an_str in, struct an_str *out,
                          struct an_err *err);

/* A document of which nothing stays is read, but not written. */
static enum an_code document(struct tr_deid_run *run, struct file *f,
                             make *make_it, struct an_str bytes, uint64_t line,
                             struct an_err *err)
{
    struct an_str out;
    enum an_code code = make_it(run->d, &run->arena, bytes, &out, err);

    run->n_read++;
    if (code == AN_OK && out.n) {
        code = put(run, f, out, err);
        if (code == AN_OK)
            code = put(run, f, an_str_c(f->between), err);
        run->n_out += code == AN_OK;
    } else if (code != AN_OK && code != AN_NOMEM && code != AN_INTERNAL) {
        run->n_refused++;
        run->failed(f->path, line, err);
        code = AN_OK;
    }
    an_arena_reset(&run->arena);
    return code;
}

static enum an_code lines(struct tr_deid_run *run, struct file *f,
                          struct an_str bytes, struct an_err *err)
{
    struct fhir_ndjson n = {.rest = bytes, .last = true};
    enum an_code code = AN_OK;
    struct an_str line;

    f->ending = ".ndjson";
    f->between = "\n";
    while (code == AN_OK && fhir_ndjson_next(&n, &line))
        code = document(run, f, tr_deid_fhir, line, n.line, err);
    return code;
}

/* How many lines begin in bytes[from, to). */
static uint64_t n_lines(struct an_str bytes, size_t from, size_t to)
{
    uint64_t n = 0;

    for (size_t i = from; i < to && i < bytes.n; i++)
        n += bytes.p[i] == '\r' ||
             (bytes.p[i] == '\n' && (i == 0 || bytes.p[i - 1] != '\r'));
    return n;
}

/* The headers that stand around messages, said without what they say. */
struct around {
    bool file, batch;
    uint64_t before; /* messages of files written earlier */
};

static enum an_code headers(struct tr_deid_run *run, struct file *f,
                            const struct hl7_batch_message *m,
                            struct around *around, struct an_err *err)
{
    enum an_code code = AN_OK;

    if (m->file_header.n && !around->file && f->out == NULL) {
        around->file = true;
        code = put(run, f, AN_STR("FHS|^~\\&\r"), err);
    }
    if (code == AN_OK && m->batch_header.n && !around->batch) {
        around->batch = true;
        code = put(run, f, AN_STR("BHS|^~\\&\r"), err);
    }
    return code;
}

static enum an_code trailers(struct tr_deid_run *run, struct file *f,
                             const struct around *around, struct an_err *err)
{
    enum an_code code = AN_OK;
    char end[64];

    snprintf(end, sizeof(end), "BTS|%llu\r",
             (unsigned long long)(run->n_out - around->before));
    if (around->batch)
        code = put(run, f, an_str_c(end), err);
    if (code == AN_OK && around->file)
        code = put(run, f, AN_STR("FTS|1\r"), err);
    return code;
}

static enum an_code messages(struct tr_deid_run *run, struct file *f,
                             struct an_str bytes, struct an_err *err)
{
    struct around around = {false, false, run->n_out};
    struct hl7_batch batch;
    struct hl7_batch_message m;
    enum an_code code = AN_OK;
    uint64_t line = 1;
    size_t at = 0;

    f->ending = ".hl7";
    f->between = "";
    hl7_batch_init(&batch, bytes);
    while (code == AN_OK && hl7_batch_next(&batch, &m)) {
        code = headers(run, f, &m, &around, err);
        line += n_lines(bytes, at, m.offset);
        at = m.offset;
        if (code == AN_OK)
            code = document(run, f, tr_deid_hl7, m.bytes, line, err);
    }
    return code == AN_OK ? trailers(run, f, &around, err) : code;
}

/* By what the file begins with, after blanks and a byte order mark. */
static bool is_json(struct an_str bytes)
{
    if (an_str_starts(bytes, AN_STR("\xef\xbb\xbf")))
        bytes = an_str_sub(bytes, 3, bytes.n);
    bytes = an_str_trim(bytes);
    return bytes.n && (bytes.p[0] == '{' || bytes.p[0] == '[');
}

static enum an_code read_file(struct tr_deid_run *run, const char *path,
                              struct an_err *err)
{
    struct file f = {path, ".json", NULL, "\n"};
    struct an_str bytes;
    enum an_code code, closed;

    code = tr_file_map(path, &bytes, err);
    if (code != AN_OK)
        return code;
    run->n_files++;
    if (ends(path, ".ndjson"))
        code = lines(run, &f, bytes, err);
    else if (ends(path, ".json") || is_json(bytes))
        code = document(run, &f, tr_deid_fhir, bytes, 0, err);
    else
        code = messages(run, &f, bytes, err);
    tr_file_unmap(bytes);
    closed = close_out(&f, code == AN_OK ? err : NULL);
    return code == AN_OK ? closed : code;
}

static enum an_code read_any(struct tr_deid_run *run, const char *path,
                             int depth, struct an_err *err);

static enum an_code read_folder(struct tr_deid_run *run, const char *path,
                                int depth, struct an_err *err)
{
    struct dirent **entry = NULL;
    enum an_code code = AN_OK;
    int n;

    if (depth > MAX_DEPTH)
        return an_fail(err, AN_LIMIT, "folders are too deep", 0);
    n = scandir(path, &entry, NULL, alphasort);
    if (n < 0)
        return an_fail_sys(err, AN_IO, "a folder cannot be read", errno);
    for (int i = 0; i < n; i++) {
        char below[TR_DEID_PATH_BYTES];
        int length =
            snprintf(below, sizeof(below), "%s/%s", path, entry[i]->d_name);

        if (code == AN_OK && entry[i]->d_name[0] != '.') {
            if (length < 0 || length >= TR_DEID_PATH_BYTES)
                code = an_fail(err, AN_LIMIT, "a path is too long", 0);
            else
                code = read_any(run, below, depth + 1, err);
        }
        free(entry[i]);
    }
    free(entry);
    return code;
}

static enum an_code read_any(struct tr_deid_run *run, const char *path,
                             int depth, struct an_err *err)
{
    struct stat st;

    if ((depth ? lstat(path, &st) : stat(path, &st)) < 0)
        return an_fail_sys(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                           "there is no such file or folder", errno);
    if (S_ISDIR(st.st_mode) && st.st_dev == run->device &&
        st.st_ino == run->inode)
        return AN_OK; /* what this run writes */
    if (S_ISDIR(st.st_mode))
        return read_folder(run, path, depth, err);
    return depth == 0 || ends(path, ".json") || ends(path, ".ndjson") ||
                   ends(path, ".hl7")
               ? read_file(run, path, err)
               : AN_OK;
}

enum an_code tr_deid_read(struct tr_deid_run *run, const char *path,
                          struct an_err *err)
{
    return read_any(run, path, 0, err);
}

/* rmdir tells whether something is in it, and leaves the same behind. */
static bool is_free(const char *path)
{
    struct stat st;

    return lstat(path, &st) < 0 ? errno == ENOENT
                                : S_ISDIR(st.st_mode) && rmdir(path) == 0;
}

enum an_code tr_deid_begin(struct tr_deid_run *run, struct an_err *err)
{
    char path[TR_DEID_PATH_BYTES];
    enum an_code code = part_path(run, NULL, path, err);
    struct stat st;

    an_arena_init(&run->arena, ARENA_BYTES);
    if (code != AN_OK)
        return code;
    if (!is_free(run->out))
        return an_fail_sys(err, AN_CONFLICT, "it is there and not empty", 0);
    if (mkdir(path, 0700) < 0)
        return an_fail_sys(err, errno == EEXIST ? AN_CONFLICT : AN_IO,
                           "the folder beside it, .part, cannot be made",
                           errno);
    run->begun = true;
    if (lstat(path, &st) < 0)
        return an_fail_sys(err, AN_IO, "the folder beside it is gone", errno);
    run->device = st.st_dev;
    run->inode = st.st_ino;
    return AN_OK;
}

enum an_code tr_deid_finish(struct tr_deid_run *run, struct an_err *err)
{
    char path[TR_DEID_PATH_BYTES], manifest[TR_DEID_PATH_BYTES];
    struct an_str json;
    enum an_code code;

    if (run->n_out == 0)
        return an_fail(err, AN_MISSING, "nothing was read that may stay", 0);
    code = tr_deid_manifest(run, &json, err);
    if (code == AN_OK)
        code = part_path(run, "manifest", manifest, err);
    if (code == AN_OK)
        code = tr_file_write(manifest, json, err);
    if (code == AN_OK)
        code = tr_deid_names_save(&run->d->names, err);
    if (code == AN_OK)
        code = part_path(run, NULL, path, err);
    if (code == AN_OK && rename(path, run->out) < 0)
        code = an_fail_sys(err, AN_IO, "the folder cannot be renamed", errno);
    run->begun = code != AN_OK;
    return code;
}

void tr_deid_abandon(struct tr_deid_run *run)
{
    char path[TR_DEID_PATH_BYTES], below[TR_DEID_PATH_BYTES];
    struct dirent *entry;
    DIR *dir;

    an_arena_free(&run->arena);
    if (!run->begun || part_path(run, NULL, path, NULL) != AN_OK)
        return;
    dir = opendir(path);
    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.' &&
            part_path(run, entry->d_name, below, NULL) == AN_OK)
            unlink(below);
    if (dir)
        closedir(dir);
    rmdir(path);
    run->begun = false;
}

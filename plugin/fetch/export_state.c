/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/fetch/export_int.h"

#include "base/json_out.h"
#include "plugin/host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { STATE_BYTES = 64 << 10 };

static const char *const phases[] = {"none", "waiting", "loading", "done"};

bool pl_export_path(const struct pl_export_job *j, const char *name,
                    char path[PL_EXPORT_PATH_BYTES])
{
    int n = snprintf(path, PL_EXPORT_PATH_BYTES, "%s/.export%s%s", j->o->folder,
                     name[0] ? "/" : "", name);

    return n > 0 && n < PL_EXPORT_PATH_BYTES;
}

static enum an_code make_folder(const char *path, struct an_err *err)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return AN_OK;
    return an_fail_file(err, AN_IO, "the folder cannot be made", path, errno);
}

enum an_code pl_export_lock(struct pl_export_job *j, struct an_err *err)
{
    char path[PL_EXPORT_PATH_BYTES];
    enum an_code rc = make_folder(j->o->folder, err);

    if (!pl_export_path(j, "lock", path))
        return an_fail(err, AN_LIMIT, "the folder's path is too long", 0);
    if (rc == AN_OK && pl_export_path(j, "", path))
        rc = make_folder(path, err);
    if (rc != AN_OK)
        return rc;
    (void)pl_export_path(j, "lock", path);
    j->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (j->lock < 0 || flock(j->lock, LOCK_EX | LOCK_NB) != 0)
        return an_fail_line(err, j->lock < 0 ? AN_IO : AN_CONFLICT,
                            j->lock < 0
                                ? "cannot be written"
                                : "another process exports into this folder",
                            j->o->folder, 0, 0);
    return AN_OK;
}

/* A copy, since addresses are used as C strings. */
static struct an_str text_of(struct pl_export_job *j,
                             const struct an_json *root, struct an_str key)
{
    struct an_str copy;

    return an_arena_str(&j->arena, an_json_text(an_json_get(root, key)), &copy)
               ? copy
               : AN_STR("");
}

enum an_code pl_export_load(struct pl_export_job *j, struct an_err *err)
{
    struct pl_export_state *s = &j->state;
    const struct an_json *root;
    char path[PL_EXPORT_PATH_BYTES];
    struct an_str bytes, phase;
    enum an_code rc;

    *s = (struct pl_export_state){.phase = PL_EXPORT_NONE};
    (void)pl_export_path(j, "state.json", path);
    rc = pl_file_read(&j->arena, path, STATE_BYTES, &bytes, err);
    if (rc == AN_NOTFOUND)
        return AN_OK;
    if (rc == AN_OK)
        rc = an_json_read(&j->arena, &(struct an_json_limits){0}, bytes, &root,
                          err);
    if (rc != AN_OK)
        return rc;
    phase = text_of(j, root, AN_STR("phase"));
    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++)
        if (an_str_eq(phase, an_str_c(phases[i])))
            s->phase = (enum pl_export_phase)i;
    s->request = text_of(j, root, AN_STR("request"));
    s->status = text_of(j, root, AN_STR("status"));
    s->time = text_of(j, root, AN_STR("transactionTime"));
    s->last = text_of(j, root, AN_STR("last"));
    if (!an_json_i64(an_json_get(root, AN_STR("run")), &s->run) || s->run < 0)
        return an_fail_line(err, AN_INTEGRITY, "no state of an export", path, 0,
                            0);
    return AN_OK;
}

enum an_code pl_export_save(struct pl_export_job *j, struct an_err *err)
{
    const struct pl_export_state *s = &j->state;
    struct an_mark mark = an_arena_mark(&j->arena);
    char path[PL_EXPORT_PATH_BYTES];
    struct an_json_out w;
    struct an_str bytes;
    enum an_code rc;

    an_out_init(&w, &j->arena, STATE_BYTES);
    an_out_object(&w);
    an_out_key(&w, "run");
    an_out_i64(&w, s->run);
    an_out_key_str(&w, "phase", an_str_c(phases[s->phase]));
    an_out_key_str(&w, "request", s->request);
    an_out_key_str(&w, "status", s->status);
    an_out_key_str(&w, "transactionTime", s->time);
    an_out_key_str(&w, "last", s->last);
    an_out_end(&w);
    rc = an_out_done(&w, &bytes, err);
    (void)pl_export_path(j, "state.json", path);
    if (rc == AN_OK)
        rc = pl_file_write(path, bytes, 0600, err);
    an_arena_rewind(&j->arena, mark);
    return rc;
}

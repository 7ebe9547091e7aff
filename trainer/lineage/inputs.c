/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/lineage/inputs.h"

#include "trainer/data.h"
#include "trainer/dataset/csv.h"
#include "trainer/file.h"
#include "trainer/meds/meds.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

/* ---- salted digests -------------------------------------------------------- */

static enum an_code digest(const struct tr_inputs *in, const char *purpose,
                           struct an_str bytes, struct an_sha256 *out,
                           struct an_err *err)
{
    return tr_pseudonym_digest(&in->salt, purpose, bytes, out->b, err);
}

enum an_code tr_inputs_init(struct tr_inputs *in, struct an_arena *arena,
                            const uint64_t *seed, struct an_err *err)
{
    struct tr_pseudonym key;
    enum an_code code;

    *in = (struct tr_inputs){.arena = arena};
    in->end = &in->first;
    if (seed == NULL)
        return tr_pseudonym_random(&in->salt, err);
    /* Not the key of the pseudonyms, which is the seed's too. */
    code = tr_pseudonym_seed(&key, *seed, err);
    if (code == AN_OK)
        code = tr_pseudonym_digest(&key, "lineage", AN_STR("salt"),
                                   in->salt.key, err);
    tr_pseudonym_wipe(&key);
    return code;
}

void tr_inputs_release(struct tr_inputs *in)
{
    if (in->open)
        an_sha256_end(&in->run, NULL);
    in->open = NULL;
    tr_pseudonym_wipe(&in->salt);
}

/* ---- a file ---------------------------------------------------------------- */

static struct an_str own_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return an_str_c(slash ? slash + 1 : path);
}

static enum an_code begin(void *arg, const char *path, struct an_err *err)
{
    struct tr_inputs *in = arg;
    struct tr_input *one = an_arena_get(in->arena, 1, sizeof(*one));
    struct an_str copy;
    enum an_code code;

    if (one == NULL || !an_arena_str(in->arena, an_str_c(path), &copy))
        return an_fail_nomem(err);
    one->path = copy.p;
    code = digest(in, "name", own_name(path), &one->name, err);
    if (code == AN_OK)
        code = an_sha256_begin(&in->run, err);
    an_merkle_init(&in->records);
    if (code == AN_OK)
        in->open = one;
    return code;
}

static enum an_code add_bytes(void *arg, struct an_str bytes,
                              struct an_err *err)
{
    struct tr_inputs *in = arg;

    in->open->bytes += bytes.n;
    return an_sha256_add(&in->run, bytes, err);
}

static enum an_code add_record(void *arg, struct an_str record,
                               struct an_err *err)
{
    struct tr_inputs *in = arg;
    struct an_sha256 hash, leaf;
    enum an_code code = digest(in, "record", record, &hash, err);

    if (code == AN_OK)
        code = an_merkle_leaf(
            (struct an_str){(const char *)hash.b, sizeof(hash.b)}, &leaf, err);
    return code == AN_OK ? an_merkle_add(&in->records, &leaf, err) : code;
}

static void put_in_list(struct tr_inputs *in, struct tr_input *one)
{
    *in->end = one;
    in->end = &one->next;
    in->n++;
    in->n_records += one->records;
}

static enum an_code end(void *arg, struct an_err *err)
{
    struct tr_inputs *in = arg;
    struct tr_input *one = in->open;
    struct an_sha256 plain;
    enum an_code code;

    an_sha256_end(&in->run, &plain);
    in->open = NULL;
    one->records = in->records.n;
    code = digest(in, "file",
                  (struct an_str){(const char *)plain.b, sizeof(plain.b)},
                  &one->file, err);
    if (code == AN_OK)
        code = an_merkle_root(&in->records, &one->root, err);
    if (code == AN_OK)
        put_in_list(in, one);
    return code;
}

struct tr_source_watch tr_inputs_watch(struct tr_inputs *in)
{
    return (struct tr_source_watch){in, begin, add_bytes, add_record, end};
}

/* ---- tables ---------------------------------------------------------------- */

static const struct {
    const char *form, *file[4];
} tables[] = {
    {"nafld", {"nafld1.csv", "nafld2.csv", "nafld3.csv"}},
    {"diabetes130", {"diabetic_data.csv"}},
};

enum { N_FORMS = sizeof(tables) / sizeof(tables[0]) };

static enum an_code read_rows(struct tr_inputs *in, struct tr_csv *t,
                              struct an_err *err)
{
    bool any = true;
    enum an_code code = AN_OK;

    while (code == AN_OK && any) {
        const struct an_mark mark = an_arena_mark(t->arena);

        code = tr_csv_next(t, &any, err);
        if (code == AN_OK && any)
            code = add_record(
                in,
                an_str_sub(t->bytes, t->row.byte, t->next.byte - t->row.byte),
                err);
        an_arena_rewind(t->arena, mark);
    }
    return code;
}

static enum an_code read_table(void *inputs, const char *path,
                               struct an_err *err)
{
    struct tr_inputs *in = inputs;
    struct an_arena arena;
    struct tr_csv t;
    enum an_code code;

    an_arena_init(&arena, (size_t)1 << 30);
    code = tr_csv_open(&t, &arena, path, err);
    if (code == AN_OK)
        code = begin(in, path, err);
    if (code == AN_OK)
        code = add_bytes(in, t.bytes, err);
    if (code == AN_OK)
        code = read_rows(in, &t, err);
    if (code == AN_OK)
        code = end(in, err);
    tr_csv_close(&t);
    an_arena_free(&arena);
    return code;
}

enum an_code tr_inputs_tables(struct tr_inputs *in, struct an_str form,
                              const char *path, struct an_err *err)
{
    struct stat st;
    enum an_code code = AN_OK;
    size_t f = 0;

    if (stat(path, &st) < 0)
        return an_fail_sys(err, errno == ENOENT ? AN_NOTFOUND : AN_IO,
                           "there is no such file or folder", errno);
    if (an_str_eq(form, AN_STR("meds")))
        return tr_meds_files(path, read_table, in, err);
    if (!S_ISDIR(st.st_mode))
        return read_table(in, path, err);
    while (f < N_FORMS && !an_str_eq(form, an_str_c(tables[f].form)))
        f++;
    if (f == N_FORMS)
        return an_fail(err, AN_UNSUPPORTED,
                       "which files of the folder are read is not known", 0);
    for (size_t i = 0; tables[f].file[i] && code == AN_OK; i++) {
        char below[TR_PATH_BYTES];

        code = tr_path(below, path, tables[f].file[i], err);
        if (code == AN_OK)
            code = read_table(in, below, err);
    }
    return code;
}

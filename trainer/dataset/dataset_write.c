/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/dataset.h"

#include "base/buf.h"
#include "base/hash.h"
#include "trainer/file.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

static enum an_code add_case(struct tr_cohort_writer *w,
                             const struct tr_dataset *d,
                             const struct tr_case *one, struct an_err *err)
{
    const size_t n_wide = d->features.n;
    float *wide = calloc(one->labels.n_queries * n_wide + 1, sizeof(*wide));
    struct tr_cohort_one row = {.key = one->key,
                                .split = one->split,
                                .history = one->history,
                                .start_days = one->start_days,
                                .end_days = one->end_days,
                                .query = one->labels.query,
                                .follow_up = one->labels.follow_up,
                                .wide = wide,
                                .n_queries = one->labels.n_queries};
    enum an_code code;

    if (wide == NULL)
        return an_fail_nomem(err);
    for (size_t q = 0; q < row.n_queries; q++)
        rt_wide(d->features.feature, n_wide, &one->history,
                row.query[q].position, wide + q * n_wide);
    code = tr_cohort_add(w, &row, err);
    free(wide);
    return code;
}

static enum an_code write_cohort(const struct tr_dataset *d,
                                 const struct tr_outcomes *o, const char *path,
                                 struct an_err *err)
{
    struct tr_cohort_sizes sizes = {
        .vocab = (uint32_t)d->vocabulary.n_concepts,
        .targets = (uint32_t)d->vocabulary.n_targets,
        .value_rows = (uint32_t)d->vocabulary.n_scales,
        .flags = RT_N_FLAGS,
        .outcomes = (uint32_t)o->n,
        .wide = (uint32_t)d->features.n,
        .death = o->death};
    struct tr_cohort_writer w;
    struct an_sha256 hash;
    enum an_code code = an_sha256(d->json, &hash, err);

    if (code != AN_OK)
        return code;
    memcpy(sizes.vocabulary_sha256, hash.b, sizeof(sizes.vocabulary_sha256));
    tr_cohort_writer_init(&w, &sizes);
    for (size_t i = 0; i < d->n && code == AN_OK; i++)
        code = add_case(&w, d, &d->one[i], err);
    if (code == AN_OK)
        code = tr_cohort_write(&w, path, err);
    tr_cohort_writer_release(&w);
    return code;
}

/* "folder/name", followed by a NUL. */
static enum an_code join(struct an_arena *arena, const char *folder,
                         const char *name, struct an_str *path,
                         struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, arena, PATH_BYTES);
    an_buf_put_c(&b, folder);
    an_buf_put_char(&b, '/');
    an_buf_put_c(&b, name);
    return an_buf_done(&b, path, err);
}

static enum an_code write_text(struct an_arena *arena, const char *folder,
                               const char *name, struct an_str bytes,
                               struct an_err *err)
{
    struct an_str path;
    enum an_code code = join(arena, folder, name, &path, err);

    return code == AN_OK ? tr_file_write(path.p, bytes, err) : code;
}

enum an_code tr_dataset_write(struct an_arena *arena,
                              const struct tr_dataset *d,
                              const struct tr_people *people,
                              const struct tr_outcomes *outcomes,
                              const char *folder, struct an_err *err)
{
    struct an_str json = {NULL, 0}, text = {NULL, 0}, path;
    enum an_code code = join(arena, folder, "cohort.bin", &path, err);

    if (code == AN_OK)
        code = write_cohort(d, outcomes, path.p, err);
    if (code == AN_OK)
        code = write_text(arena, folder, "vocabulary.json", d->json, err);
    if (code == AN_OK)
        code = tr_dataset_report(arena, d, people, outcomes, &json, &text, err);
    if (code == AN_OK)
        code = write_text(arena, folder, "report.json", json, err);
    return code == AN_OK ? write_text(arena, folder, "report.txt", text, err)
                         : code;
}

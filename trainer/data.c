/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/data.h"

#include "runtime/safetensors.h"
#include "trainer/file.h"

#include <stdio.h>
#include <string.h>

enum an_code tr_path(char path[TR_PATH_BYTES], const char *folder,
                     const char *name, struct an_err *err)
{
    const int n = snprintf(path, TR_PATH_BYTES, "%s/%s", folder, name);

    return n > 0 && n < TR_PATH_BYTES
               ? AN_OK
               : an_fail(err, AN_LIMIT, "a path is too long", 0);
}

static enum an_code map(const char *folder, const char *name,
                        struct an_str *bytes, struct an_err *err)
{
    char path[TR_PATH_BYTES];
    enum an_code code = tr_path(path, folder, name, err);

    *bytes = (struct an_str){"", 0};
    return code == AN_OK ? tr_file_map(path, bytes, err) : code;
}

static enum an_code read_asked(struct tr_data *d, struct an_arena *arena,
                               struct an_err *err)
{
    const struct an_json *list = an_json_get(d->root, AN_STR("outcomes"));
    size_t k = 0;

    if (!an_json_is(list, AN_JSON_ARRAY) || list->n != d->cohort.sizes.outcomes)
        return an_fail(err, AN_CONFLICT,
                       "vocabulary.json has other outcomes than cohort.bin", 0);
    d->asked = an_arena_get(arena, list->n, sizeof(*d->asked));
    if (d->asked == NULL)
        return an_fail_nomem(err);
    for (const struct an_json *e = an_json_first(list); e; e = e->next, k++) {
        struct tr_asked *a = &d->asked[k];

        a->id = an_json_text(an_json_get(e, AN_STR("id")));
        a->start = an_json_text(an_json_get(e, AN_STR("start")));
        for (const struct an_json *h =
                 an_json_first(an_json_get(e, AN_STR("horizons_days")));
             h && a->n_horizons < TR_MAX_HORIZONS; h = h->next) {
            int64_t days;

            if (!an_json_i64(h, &days) || days <= 0 || days > UINT32_MAX)
                return an_fail(err, AN_TYPE, "a horizon is no number of days",
                               0);
            a->horizon_days[a->n_horizons++] = (uint32_t)days;
        }
        if (a->id.n == 0 || a->n_horizons == 0)
            return an_fail(err, AN_MISSING, "want an id and horizons", 0);
    }
    return AN_OK;
}

enum an_code tr_data_open(struct tr_data *d, struct an_arena *arena,
                          const char *folder, struct an_err *err)
{
    char path[TR_PATH_BYTES];
    struct an_sha256 hash;
    enum an_code code = tr_path(path, folder, "cohort.bin", err);

    *d = (struct tr_data){.root = NULL};
    if (code == AN_OK)
        code = tr_cohort_open(&d->cohort, path, err);
    if (code != AN_OK)
        return code;
    code = map(folder, "vocabulary.json", &d->json, err);
    if (code == AN_OK)
        code = an_sha256(d->json, &hash, err);
    if (code == AN_OK &&
        memcmp(hash.b, d->cohort.sizes.vocabulary_sha256, sizeof(hash.b)) != 0)
        code = an_fail(err, AN_CONFLICT,
                       "cohort.bin was made with another vocabulary.json", 0);
    if (code == AN_OK)
        code = an_json_read(arena, &(struct an_json_limits){0}, d->json,
                            &d->root, err);
    if (code == AN_OK)
        code = read_asked(d, arena, err);
    if (code != AN_OK)
        tr_data_close(d);
    return code;
}

void tr_data_close(struct tr_data *d)
{
    tr_cohort_close(&d->cohort);
    if (d->json.n)
        tr_file_unmap(d->json);
    *d = (struct tr_data){.root = NULL};
}

/* fit.json, or manifest.json of a package. */
static enum an_code read_text(struct tr_fitted *f, struct an_arena *arena,
                              const char *folder, struct an_err *err)
{
    enum an_code code = map(folder, "fit.json", &f->text, err);

    if (code != AN_NOTFOUND) {
        if (code == AN_OK)
            code = an_json_read(arena, &(struct an_json_limits){0}, f->text,
                                &f->root, err);
        return code == AN_OK
                   ? rt_shape_read(an_json_get(f->root, AN_STR("shape")),
                                   &f->model.shape, err)
                   : code;
    }
    f->is_package = true;
    code = map(folder, "manifest.json", &f->text, err);
    if (code == AN_OK)
        code = rt_manifest_read(arena, f->text, &f->manifest, err);
    f->root = f->manifest.root;
    f->model.shape = f->manifest.shape;
    return code;
}

const struct an_json *tr_fitted_member(const struct tr_fitted *f,
                                       struct an_str name)
{
    const struct an_json *from =
        f->is_package ? an_json_get(f->root, AN_STR("training")) : f->root;

    return an_json_get(from, name);
}

static enum an_code check_match(const struct tr_fitted *f,
                                const struct tr_data *data, struct an_err *err)
{
    char hex[AN_SHA256_HEX + 1];

    an_hex_print(data->cohort.sizes.vocabulary_sha256, TR_DIGEST_BYTES, hex);
    if (!an_str_eq(
            an_json_text(tr_fitted_member(f, AN_STR("vocabulary_sha256"))),
            an_str_c(hex)))
        return an_fail(err, AN_CONFLICT,
                       "the model was fitted with another vocabulary", 0);
    return AN_OK;
}

enum an_code tr_fitted_open(struct tr_fitted *f, struct an_arena *arena,
                            const char *folder, const struct tr_data *data,
                            struct an_err *err)
{
    enum an_code code;

    *f = (struct tr_fitted){.root = NULL};
    code = read_text(f, arena, folder, err);
    if (code == AN_OK && data)
        code = check_match(f, data, err);
    if (code == AN_OK)
        (void)an_json_double(
            an_json_get(tr_fitted_member(f, AN_STR("settings")),
                        AN_STR("t_min")),
            &f->t_min_days);
    if (code == AN_OK)
        code = map(folder, "model.safetensors", &f->weights, err);
    if (code == AN_OK)
        code = rt_safetensors_read(arena, f->weights, &f->model.shape,
                                   &f->model.w, err);
    if (code != AN_OK)
        tr_fitted_close(f);
    return code;
}

void tr_fitted_close(struct tr_fitted *f)
{
    if (f->weights.n)
        tr_file_unmap(f->weights);
    if (f->text.n)
        tr_file_unmap(f->text);
    *f = (struct tr_fitted){.root = NULL};
}

enum an_code tr_data_open_with(struct tr_data *d, struct tr_fitted *f,
                               struct an_arena *arena, const char *data,
                               const char *fitted, const char **subject,
                               struct an_err *err)
{
    enum an_code code = tr_data_open(d, arena, data, err);

    *subject = data;
    if (code != AN_OK)
        return code;
    code = tr_fitted_open(f, arena, fitted, d, err);
    if (code != AN_OK) {
        *subject = fitted;
        tr_data_close(d);
    }
    return code;
}

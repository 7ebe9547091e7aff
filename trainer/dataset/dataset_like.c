/* SPDX-License-Identifier: Apache-2.0 */
/* The vocabulary, features and outcomes of another data set, so that a model
 * that was fitted on that one can be judged on this. */
#include "trainer/dataset/dataset_int.h"

#include "base/hash.h"

#include <string.h>

enum { JSON_BYTES = 64 << 20 };

static bool same_outcome(const struct an_json *said,
                         const struct adv_outcome *o, bool death)
{
    const struct an_json *days = an_json_get(said, AN_STR("horizons_days"));
    bool is_death = false;
    size_t h = 0;

    if (!an_str_eq(an_json_text(an_json_get(said, AN_STR("id"))), o->id) ||
        !an_str_eq(an_json_text(an_json_get(said, AN_STR("start"))),
                   tr_start_text(o)) ||
        !an_json_bool(an_json_get(said, AN_STR("death")), &is_death) ||
        is_death != death || !an_json_is(days, AN_JSON_ARRAY) ||
        days->n != o->n_horizons)
        return false;
    for (const struct an_json *d = an_json_first(days); d; d = d->next) {
        int64_t is;

        if (!an_json_i64(d, &is) || is != o->horizon_days[h++])
            return false;
    }
    return true;
}

static bool same_outcomes(const struct an_json *list,
                          const struct tr_outcomes *o)
{
    size_t k = 0;

    if (!an_json_is(list, AN_JSON_ARRAY) || list->n != o->n)
        return false;
    for (const struct an_json *e = an_json_first(list); e; e = e->next, k++)
        if (!same_outcome(e, &o->outcome[k], (int32_t)k == o->death))
            return false;
    return true;
}

static enum an_code read_wide(struct an_arena *arena,
                              const struct an_json *list,
                              const struct rt_vocabulary *v,
                              struct tr_features *out, struct an_err *err)
{
    const struct rt_feature *read = NULL;
    enum an_code code;

    if (!an_json_is(list, AN_JSON_ARRAY))
        return an_fail(err, AN_TYPE, "vocabulary.json has no wide features", 0);
    code = rt_wide_read(arena, list, v, &read, &out->n, err);
    if (code != AN_OK)
        return code;
    out->feature = an_arena_get(arena, out->n, sizeof(*out->feature));
    if (out->feature == NULL)
        return an_fail_nomem(err);
    if (out->n)
        memcpy(out->feature, read, out->n * sizeof(*read));
    return AN_OK;
}

enum an_code tr_like_read(struct tr_maker *m, struct an_err *err)
{
    struct tr_dataset *d = m->out;
    const struct an_json *root;
    enum an_code code;

    if (!an_arena_str(m->arena, m->how->like, &d->json))
        return an_fail_nomem(err);
    code = an_json_read(m->arena, &(struct an_json_limits){0}, d->json, &root,
                        err);
    if (code == AN_OK &&
        !same_outcomes(an_json_get(root, AN_STR("outcomes")), m->outcomes))
        code = an_fail(err, AN_CONFLICT,
                       "the outcomes are others than those of --like, or in "
                       "another order, or have other horizons",
                       0);
    if (code == AN_OK)
        code = rt_vocabulary_read(m->arena,
                                  an_json_get(root, AN_STR("vocabulary")),
                                  &d->vocabulary, err);
    return code == AN_OK
               ? read_wide(m->arena, an_json_get(root, AN_STR("wide")),
                           &d->vocabulary, &d->features, err)
               : code;
}

/* ---- of a package ----------------------------------------------------------
 */

static enum an_code check_digest(struct an_str json, struct an_str want,
                                 struct an_err *err)
{
    char hex[AN_SHA256_HEX + 1];
    struct an_sha256 hash;
    enum an_code code = an_sha256(json, &hash, err);

    if (code != AN_OK)
        return code;
    an_hex_print(hash.b, sizeof(hash.b), hex);
    return an_str_eq(want, an_str_c(hex))
               ? AN_OK
               : an_fail(err, AN_CONFLICT,
                         "the outcomes are others than those that the package "
                         "was fitted with, or have other horizons",
                         0);
}

enum an_code tr_like_package(struct an_arena *arena, struct an_str manifest,
                             const struct tr_outcomes *outcomes,
                             struct an_str *json, struct an_err *err)
{
    const struct an_json *root, *vocabulary, *wide;
    struct an_json_out w;
    struct an_str digest;
    enum an_code code =
        an_json_read(arena, &(struct an_json_limits){0}, manifest, &root, err);

    if (code != AN_OK)
        return code;
    vocabulary = an_json_get(root, AN_STR("vocabulary"));
    wide = an_json_get(root, AN_STR("wide"));
    digest = an_json_text(an_json_get(an_json_get(root, AN_STR("training")),
                                      AN_STR("vocabulary_sha256")));
    if (vocabulary == NULL || wide == NULL || digest.n == 0)
        return an_fail(err, AN_MISSING,
                       "manifest.json lacks vocabulary, wide or "
                       "training.vocabulary_sha256: no data set can be made "
                       "like it",
                       0);
    an_out_init(&w, arena, JSON_BYTES);
    an_out_object(&w);
    an_out_key(&w, "vocabulary");
    an_out_tree(&w, vocabulary);
    an_out_key(&w, "wide");
    an_out_tree(&w, wide);
    tr_outcomes_write(outcomes, &w);
    an_out_end(&w);
    code = an_out_done(&w, json, err);
    return code == AN_OK ? check_digest(*json, digest, err) : code;
}

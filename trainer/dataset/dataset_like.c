/* SPDX-License-Identifier: Apache-2.0 */
/* The vocabulary, features and outcomes of another data set, so that a model
 * that was fitted on that one can be judged on this. */
#include "trainer/dataset/dataset_int.h"

#include <string.h>

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

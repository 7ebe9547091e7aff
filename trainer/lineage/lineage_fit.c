/* SPDX-License-Identifier: Apache-2.0 */
/* The leaves of a fit, from what it wrote, and of a tuning. */
#include "trainer/lineage/lineage_int.h"

#include <cblas.h>

/* A member of fit.json as it stands there. */
static void put_member(struct an_json_out *w, const char *name,
                       const struct an_json *value)
{
    if (value == NULL)
        return;
    an_out_key(w, name);
    an_out_tree(w, value);
}

static enum an_code settings_of(struct an_arena *arena,
                                const struct an_json *root, struct an_str *json,
                                struct an_err *err)
{
    const struct an_json *settings = an_json_get(root, AN_STR("settings"));
    struct an_json_out w;

    if (settings == NULL)
        return an_fail(err, AN_MISSING, "fit.json has no settings", 0);
    an_out_init(&w, arena, 1 << 20);
    an_out_tree(&w, settings);
    return an_out_done(&w, json, err);
}

static enum an_code add_run(struct tr_lineage *l, const struct an_json *root,
                            int processes, struct an_err *err)
{
    const struct an_json *settings = an_json_get(root, AN_STR("settings"));
    uint8_t cohort[TR_DIGEST_BYTES];
    struct an_json_out w;
    struct an_str json;
    enum an_code code = settings_of(l->arena, root, &json, err);

    if (code != AN_OK)
        return code;
    if (!an_hex_parse(an_json_text(an_json_get(root, AN_STR("cohort_sha256"))),
                      cohort, sizeof(cohort)))
        return an_fail(err, AN_MISSING, "fit.json names no cohort", 0);
    tr_leaf_begin(l, &w, RT_LEAF_RUN);
    tr_leaf_after(l, &w);
    tr_leaf_refer(l, &w, "dataset", tr_lineage_find_data(l, cohort));
    put_member(&w, "seed", an_json_get(settings, AN_STR("seed")));
    put_member(&w, "threads", an_json_get(settings, AN_STR("threads")));
    tr_leaf_count(&w, "processes", (uint64_t)processes);
    put_member(&w, "blas", an_json_get(root, AN_STR("blas")));
    put_member(&w, "privacy", an_json_get(root, AN_STR("privacy")));
    tr_leaf_object(&w, "configuration", "configuration_sha256", json);
    return tr_leaf_end(l, &w, err);
}

enum an_code tr_lineage_add_fit(struct tr_lineage *l,
                                const struct tr_lineage_fit *fit,
                                struct an_err *err)
{
    const struct an_json *root;
    struct an_json_out w;
    enum an_code code = an_json_read(l->arena, &(struct an_json_limits){0},
                                     fit->json, &root, err);

    if (code == AN_OK)
        code = tr_lineage_code(l, err);
    if (code == AN_OK)
        code = add_run(l, root, fit->processes, err);
    if (code != AN_OK)
        return code;
    tr_leaf_begin(l, &w, RT_LEAF_CHECKPOINT);
    tr_leaf_count(&w, "run", l->l.n - 1);
    tr_leaf_digest(&w, "weights", fit->weights);
    tr_leaf_digest(&w, "fit", fit->json);
    /* By the tuning patients; a private fit asks nobody. */
    an_out_key(&w, "chosen");
    an_out_bool(&w, an_json_get(root, AN_STR("tuning_loss")) != NULL);
    return tr_leaf_end(l, &w, err);
}

/* ---- a tuning -------------------------------------------------------------- */

/* The weights that it starts from: those of the last model, or what was known
 * of them. */
static size_t start_of(const struct tr_lineage *l)
{
    const size_t model = rt_lineage_last(&l->l, RT_LEAF_MODEL, l->l.n);

    return model < l->l.n ? model
                          : rt_lineage_last(&l->l, RT_LEAF_CHECKPOINT, l->l.n);
}

enum an_code tr_lineage_add_tuning(struct tr_lineage *l,
                                   const struct tr_lineage_tuning *t,
                                   struct an_err *err)
{
    struct an_json_out w;
    enum an_code code;

    tr_leaf_begin(l, &w, RT_LEAF_RUN);
    tr_leaf_after(l, &w);
    tr_leaf_refer(l, &w, "dataset",
                  tr_lineage_find_data(l, t->data->cohort.sha256));
    tr_leaf_refer(l, &w, "from", start_of(l));
    an_out_key_str(&w, "blas", an_str_c(openblas_get_corename()));
    tr_leaf_object(&w, "configuration", "configuration_sha256",
                   t->configuration);
    code = tr_leaf_end(l, &w, err);
    if (code != AN_OK)
        return code;
    tr_leaf_begin(l, &w, RT_LEAF_CHECKPOINT);
    tr_leaf_count(&w, "run", l->l.n - 1);
    tr_leaf_digest(&w, "weights", t->weights);
    an_out_key(&w, "chosen");
    an_out_bool(&w, true);
    return tr_leaf_end(l, &w, err);
}

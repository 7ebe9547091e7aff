/* SPDX-License-Identifier: Apache-2.0 */
/* The leaves of a package: what it was judged on, who supplied labels for which
 * outcome, and which files they are. */
#include "trainer/lineage/lineage_int.h"

#include <math.h>

enum { AUROC_PLACES = 6 };

/* ---- the fit that it is made of ---------------------------------------------
 */

enum an_code tr_lineage_is_of(const struct tr_lineage *l,
                              const struct tr_fitted *fitted,
                              struct an_err *err)
{
    const enum rt_leaf_kind kind =
        fitted->is_package ? RT_LEAF_MODEL : RT_LEAF_CHECKPOINT;
    const size_t at = rt_lineage_last(&l->l, kind, l->l.n);
    const struct rt_leaf *leaf = &l->l.leaf[at < l->l.n ? at : 0];

    if (at == l->l.n)
        return an_fail(err, AN_CONFLICT, "its lineage speaks of no weights", 0);
    if (!tr_lineage_is(rt_leaf_text(leaf, AN_STR("weights")), fitted->weights))
        return an_fail(err, AN_CONFLICT,
                       "model.safetensors is not the one that its lineage "
                       "speaks of",
                       0);
    if (fitted->is_package
            ? !tr_lineage_is(rt_leaf_text(leaf, AN_STR("manifest")),
                             fitted->text)
            : !tr_lineage_is(rt_leaf_text(leaf, AN_STR("fit")), fitted->text))
        return an_fail(err, AN_CONFLICT,
                       fitted->is_package
                           ? "manifest.json is not the one that its lineage "
                             "speaks of"
                           : "fit.json is not the one that its lineage speaks "
                             "of",
                       0);
    return AN_OK;
}

/* Another data set than the fit's: what its own log says of it, or that nobody
 * noted it. */
static enum an_code add_other_data(struct tr_lineage *l, const char *folder,
                                   const struct tr_data *data,
                                   struct an_err *err)
{
    struct tr_lineage other;
    struct an_json_out w;
    enum an_code code = tr_lineage_of_data(&other, l->arena, folder,
                                           &data->cohort, data->asked, err);
    size_t at;

    if (code != AN_OK)
        return code;
    if (other.began)
        code = tr_lineage_unknown(l, "data set", err);
    if (code == AN_OK)
        code = tr_lineage_code(l, err);
    if (code != AN_OK)
        return code;
    at = tr_lineage_find_data(&other, data->cohort.sha256);
    /* All of its leaf but the number. */
    tr_leaf_begin(l, &w, RT_LEAF_DATASET);
    for (const struct an_json *e = an_json_first(other.l.leaf[at].json); e;
         e = e->next) {
        if (an_json_key_is(e, AN_STR("leaf")) ||
            an_json_key_is(e, AN_STR("kind")))
            continue;
        an_out_name(&w, an_json_key(e));
        an_out_tree(&w, e);
    }
    return tr_leaf_end(l, &w, err);
}

enum an_code tr_lineage_of_fit(struct tr_lineage *l, struct an_arena *arena,
                               const char *folder,
                               const struct tr_fitted *fitted,
                               const char *data_folder,
                               const struct tr_data *data, struct an_err *err)
{
    struct tr_lineage own;
    enum an_code code = tr_lineage_open(l, arena, folder, err);

    if (code == AN_OK) {
        code = tr_lineage_is_of(l, fitted, err);
        if (code == AN_OK && !fitted->is_package)
            code = tr_lineage_cut(
                l, rt_lineage_last(&l->l, RT_LEAF_CHECKPOINT, l->l.n) + 1, err);
    } else if (code == AN_NOTFOUND) {
        tr_lineage_init(l, arena);
        code = tr_lineage_unknown(l, "fit", err);
    }
    if (code != AN_OK)
        return code;
    if (tr_lineage_find_data(l, data->cohort.sha256) == l->l.n)
        return add_other_data(l, data_folder, data, err);
    /* The same data set, whose log may have been changed since. */
    code = tr_lineage_of_data(&own, arena, data_folder, &data->cohort,
                              data->asked, err);
    return code == AN_OK ? tr_lineage_code(l, err) : code;
}

/* ---- who supplied labels ----------------------------------------------------
 */

/* How many of the split; 0 of a leaf that does not say. */
static uint64_t of_split(const struct an_json *outcome, struct an_str name,
                         int split)
{
    int64_t n;

    return an_json_i64(an_json_at(an_json_get(outcome, name), (size_t)split),
                       &n) &&
                   n > 0
               ? (uint64_t)n
               : 0;
}

static void put_supply(struct tr_lineage *l, struct an_json_out *w,
                       size_t dataset, size_t head, int split, const char *use)
{
    const struct an_json *outcomes =
        dataset < l->l.n
            ? an_json_get(l->l.leaf[dataset].json, AN_STR("outcomes"))
            : NULL;
    const struct an_json *o = an_json_at(outcomes, head);

    if (of_split(o, AN_STR("questions"), split) == 0)
        return;
    an_out_object(w);
    tr_leaf_count(w, "dataset", dataset);
    an_out_key_str(w, "use", an_str_c(use));
    tr_leaf_count(w, "patients", of_split(o, AN_STR("patients"), split));
    tr_leaf_count(w, "questions", of_split(o, AN_STR("questions"), split));
    tr_leaf_count(w, "positives", of_split(o, AN_STR("positives"), split));
    an_out_end(w);
}

/* What earlier leaves the next ones speak of; NONE: there is none. */
#define NONE SIZE_MAX
struct parts {
    size_t run, checkpoint, fitted_on, judged_on, evaluation;
};

static size_t found(const struct tr_lineage *l, size_t leaf)
{
    return leaf < l->l.n ? leaf : NONE;
}

static size_t last(const struct tr_lineage *l, enum rt_leaf_kind kind)
{
    return found(l, rt_lineage_last(&l->l, kind, l->l.n));
}

static struct parts find_parts(const struct tr_lineage *l,
                               const struct tr_lineage_package *p)
{
    struct parts at = {
        .run = last(l, RT_LEAF_RUN),
        .checkpoint = last(l, RT_LEAF_CHECKPOINT),
        .fitted_on = NONE,
        .judged_on = found(l, tr_lineage_find_data(l, p->data->cohort.sha256)),
        .evaluation = l->l.n};
    uint8_t cohort[TR_DIGEST_BYTES];

    if (at.run != NONE)
        at.fitted_on = found(
            l, rt_leaf_named(&l->l, l->l.leaf[at.run].json, AN_STR("dataset")));
    else if (an_hex_parse(an_json_text(tr_fitted_member(
                              p->fitted, AN_STR("cohort_sha256"))),
                          cohort, sizeof(cohort)))
        at.fitted_on = found(l, tr_lineage_find_data(l, cohort));
    return at;
}

/* The run whose weights a model or a checkpoint has. */
static size_t run_of(const struct tr_lineage *l, size_t leaf)
{
    if (leaf != NONE && l->l.leaf[leaf].kind == RT_LEAF_MODEL)
        leaf = found(l, rt_leaf_named(&l->l, l->l.leaf[leaf].json,
                                      AN_STR("checkpoint")));
    return leaf == NONE ? NONE
                        : found(l, rt_leaf_named(&l->l, l->l.leaf[leaf].json,
                                                 AN_STR("run")));
}

/* The data of a run, and before them of those that it started from. */
static void put_fitted(struct tr_lineage *l, struct an_json_out *w,
                       const struct parts *at, size_t head, bool chosen)
{
    size_t run = at->run, dataset = at->fitted_on, from = NONE;

    do {
        if (run != NONE) {
            const struct an_json *leaf = l->l.leaf[run].json;

            dataset = found(l, rt_leaf_named(&l->l, leaf, AN_STR("dataset")));
            from = found(l, rt_leaf_named(&l->l, leaf, AN_STR("from")));
        }
        put_supply(l, w, dataset, head, TR_TRAIN, "fit");
        if (chosen || from != NONE)
            put_supply(l, w, dataset, head, TR_TUNE, "choose");
        run = from < run ? run_of(l, from) : NONE;
        from = NONE;
    } while (run != NONE);
}

static enum an_code add_capability(struct tr_lineage *l,
                                   const struct tr_lineage_package *p,
                                   const struct parts *at, uint32_t head,
                                   struct an_err *err)
{
    const bool chosen =
        tr_fitted_member(p->fitted, AN_STR("tuning_loss")) != NULL;
    struct an_json_out w;

    tr_leaf_begin(l, &w, RT_LEAF_CAPABILITY);
    an_out_key_str(&w, "outcome", p->data->asked[head].id);
    tr_leaf_count(&w, "head", head);
    tr_leaf_refer(l, &w, "run", at->run);
    tr_leaf_refer(l, &w, "evaluation", at->evaluation);
    an_out_key(&w, "supplied");
    an_out_array(&w);
    put_fitted(l, &w, at, head, chosen);
    put_supply(l, &w, at->judged_on, head, TR_TUNE, "calibrate");
    put_supply(l, &w, at->judged_on, head, TR_TEST, "judge");
    an_out_end(&w);
    return tr_leaf_end(l, &w, err);
}

/* ---- the package ------------------------------------------------------------
 */

static void put_verdicts(struct an_json_out *w,
                         const struct tr_lineage_package *p)
{
    const struct tr_judgement *j = p->judged;

    an_out_key(w, "outcomes");
    an_out_array(w);
    for (size_t i = 0; i < j->n; i++) {
        const struct tr_verdict *v = &j->verdict[i];

        an_out_object(w);
        an_out_key_str(w, "id", p->data->asked[v->column.outcome].id);
        tr_leaf_count(w, "horizon_days", v->column.horizon_days);
        tr_leaf_count(w, "questions", v->n);
        tr_leaf_count(w, "positives", v->events);
        if (isfinite(v->model.auroc)) {
            an_out_key(w, "auroc");
            an_out_fixed(w, v->model.auroc, AUROC_PLACES);
        }
        an_out_end(w);
    }
    an_out_end(w);
}

static enum an_code add_evaluation(struct tr_lineage *l,
                                   const struct tr_lineage_package *p,
                                   const struct parts *at, struct an_err *err)
{
    struct an_json_out w;

    tr_leaf_begin(l, &w, RT_LEAF_EVALUATION);
    tr_leaf_after(l, &w);
    tr_leaf_refer(l, &w, "dataset", at->judged_on);
    tr_leaf_refer(l, &w, "checkpoint", at->checkpoint);
    tr_leaf_count(&w, "patients", p->judged->n_patients);
    an_out_key(&w, "passed");
    an_out_bool(&w, tr_judgement_passes(p->judged));
    put_verdicts(&w, p);
    return tr_leaf_end(l, &w, err);
}

static enum an_code add_model(struct tr_lineage *l,
                              const struct tr_lineage_package *p,
                              const struct parts *at, struct an_err *err)
{
    struct an_json_out w;

    tr_leaf_begin(l, &w, RT_LEAF_MODEL);
    an_out_key_str(&w, "name", p->name);
    an_out_key_str(&w, "version", p->version);
    tr_leaf_refer(l, &w, "checkpoint", at->checkpoint);
    tr_leaf_refer(l, &w, "evaluation", at->evaluation);
    tr_leaf_digest(&w, "weights", p->weights);
    tr_leaf_digest(&w, "manifest", p->manifest);
    tr_leaf_digest(&w, "card", p->card);
    return tr_leaf_end(l, &w, err);
}

enum an_code tr_lineage_add_package(struct tr_lineage *l,
                                    const struct tr_lineage_package *p,
                                    struct an_err *err)
{
    const struct parts at = find_parts(l, p);
    enum an_code code = add_evaluation(l, p, &at, err);

    for (uint32_t k = 0; k < p->data->cohort.sizes.outcomes && code == AN_OK;
         k++)
        code = add_capability(l, p, &at, k, err);
    return code == AN_OK ? add_model(l, p, &at, err) : code;
}

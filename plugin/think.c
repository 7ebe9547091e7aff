/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/think.h"

#include "plugin/host/file.h"
#include "plugin/model.h"
#include "plugin/passes.h"
#include "runtime/compare.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef ANAMNESIS_DATADIR
#    define ANAMNESIS_DATADIR "/usr/share/anamnesis"
#endif

enum {
    KNOWLEDGE_BYTES = 32 << 20,
    OUTCOME_BYTES = 1 << 20,
    THINKER_BYTES = 1 << 30,
    MAX_QUESTIONS = ADV_MAX_OUTCOMES * ADV_OUTCOME_HORIZONS,
    PATH_BYTES = 4096
};

struct pl_mind {
    struct pl_model model;
    struct adv_knowledge knowledge;
    struct rt_cache *cache; /* NULL: none */
    struct pl_passes *passes;
    struct an_arena arena;
    size_t n_outcomes; /* known to both */
};

struct pl_thinker {
    const struct pl_mind *mind;
    struct rt_predictor predictor;
    struct an_arena arena;
};

/* ---- the mind ----------------------------------------------------------- */

static int is_yaml(const struct dirent *entry)
{
    return an_str_ends(an_str_c(entry->d_name), AN_STR(".yaml"));
}

/* The outcomes of a folder, one file each. */
static enum an_code read_outcomes(struct an_arena *arena, const char *folder,
                                  struct adv_knowledge *out, struct an_err *err)
{
    struct dirent **entry;
    struct adv_file *file;
    enum an_code rc = AN_OK;
    int n = scandir(folder, &entry, is_yaml, alphasort);

    if (n < 0) {
        an_fail_line(err, AN_NOTFOUND, "no folder of outcomes", folder, 0, 0);
        return AN_NOTFOUND;
    }
    file = an_arena_get(arena, (size_t)n, sizeof(*file));
    if (file == NULL)
        rc = an_fail_nomem(err);
    for (int i = 0; i < n; i++) {
        char path[PATH_BYTES];
        struct an_str name;

        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
        free(entry[i]);
        if (rc == AN_OK && !an_arena_str(arena, an_str_c(path), &name))
            rc = an_fail_nomem(err);
        if (rc != AN_OK)
            continue;
        file[i].name = name.p;
        rc = pl_file_read(arena, path, OUTCOME_BYTES, &file[i].bytes, err);
    }
    free(entry);
    return rc == AN_OK ? adv_knowledge_load(arena, file, (size_t)n, out, err)
                       : rc;
}

static const char *or_default(struct an_str path, const char *installed)
{
    return path.n ? path.p : installed;
}

enum an_code pl_outcomes_read(struct an_arena *arena,
                              const struct cfg_options *options,
                              struct adv_knowledge *out, struct an_err *err)
{
    return read_outcomes(
        arena,
        or_default(options->outcomes_path, ANAMNESIS_DATADIR "/outcomes"), out,
        err);
}

enum an_code pl_think_model(const struct cfg_options *options,
                            struct pl_model *model, struct an_err *err)
{
    return pl_model_open(
        model,
        or_default(options->model_path, ANAMNESIS_DATADIR "/model/default"),
        or_default(options->model_keys_path, ANAMNESIS_DATADIR "/model/keys"),
        err);
}

/* Numbers of the manifest have six decimals. */
static bool is_near(double a, double b)
{
    return a - b < 1e-6 && b - a < 1e-6;
}

/* "evaluation": {"outcomes": [{"id": "stroke", "horizon_days": 365, "model":
 * {"net_benefit": [{"threshold": 0.12, "by_risk": 0.034}, ...]}}, ...]}, as
 * anamnesis-train writes it.  Where nobody could be judged, by_risk is null. */
static bool is_judged_at(const struct an_json *outcomes,
                         const struct adv_outcome *o, uint32_t horizon_days)
{
    for (const struct an_json *e = an_json_first(outcomes); e; e = e->next) {
        const struct an_json *at = an_json_first(an_json_get(
            an_json_get(e, AN_STR("model")), AN_STR("net_benefit")));
        double threshold, benefit;
        int64_t days = 0;

        if (!an_str_eq(an_json_text(an_json_get(e, AN_STR("id"))), o->id) ||
            !an_json_i64(an_json_get(e, AN_STR("horizon_days")), &days) ||
            days != (int64_t)horizon_days)
            continue;
        for (; at; at = at->next)
            if (an_json_double(an_json_get(at, AN_STR("threshold")),
                               &threshold) &&
                is_near(threshold, o->p_threshold) &&
                an_json_double(an_json_get(at, AN_STR("by_risk")), &benefit))
                return true;
    }
    return false;
}

/* Who acts from a risk on must have seen what that leads to. */
static enum an_code check_threshold(const struct rt_manifest *manifest,
                                    const struct adv_outcome *o,
                                    struct an_err *err)
{
    const struct an_json *outcomes = an_json_get(
        an_json_get(manifest->root, AN_STR("evaluation")), AN_STR("outcomes"));
    bool judged = true;

    for (size_t i = 0; o->has_threshold && i < o->n_horizons; i++)
        judged = judged && is_judged_at(outcomes, o, o->horizon_days[i]);
    if (judged)
        return AN_OK;
    (void)an_fail(err, AN_CONFIG,
                  "the outcome has a threshold that the signed evaluation of "
                  "the model does not judge: set it off, or evaluate and "
                  "package again with it",
                  0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path),
                       "%.*s.threshold", AN_STR_ARG(o->id));
    return AN_CONFIG;
}

enum an_code pl_mind_open(const struct cfg_options *options,
                          struct pl_mind **out, struct an_err *err)
{
    struct pl_mind *m = calloc(1, sizeof(*m));
    const struct rt_manifest *manifest;
    enum an_code rc;

    if (m == NULL)
        return an_fail_nomem(err);
    an_arena_init(&m->arena, KNOWLEDGE_BYTES);
    rc = pl_outcomes_read(&m->arena, options, &m->knowledge, err);
    if (rc == AN_OK)
        rc = pl_think_model(options, &m->model, err);
    manifest = &m->model.package.manifest;
    for (int i = 0; rc == AN_OK && i < manifest->shape.outcomes; i++) {
        const struct adv_outcome *o =
            adv_knowledge_outcome(&m->knowledge, manifest->outcome[i].id);

        m->n_outcomes += o != NULL;
        if (o)
            rc = check_threshold(manifest, o, err);
    }
    if (rc == AN_OK && m->n_outcomes == 0)
        rc = an_fail(err, AN_CONFIG,
                     "the model has no outcome that the outcome files know", 0);
    if (rc == AN_OK)
        rc = pl_passes_open(&m->model.package.model, (uint32_t)options->workers,
                            &m->passes, err);
    if (rc == AN_OK && options->model_cache_bytes)
        rc = rt_cache_open(&m->arena, &manifest->shape,
                           (size_t)options->model_cache_bytes, &m->cache, err);
    if (rc != AN_OK) {
        pl_mind_close(m);
        return rc;
    }
    *out = m;
    return AN_OK;
}

void pl_mind_close(struct pl_mind *m)
{
    if (m == NULL)
        return;
    rt_cache_close(m->cache);
    pl_passes_close(m->passes);
    pl_model_close(&m->model);
    an_arena_free(&m->arena);
    free(m);
}

struct ctx_model_id pl_mind_model(const struct pl_mind *m)
{
    return m->model.package.id;
}

void pl_mind_card(const struct pl_mind *m, struct an_str *markdown,
                  struct an_str *xml)
{
    *markdown = m->model.package.card;
    *xml = AN_STR("");
    for (size_t i = 0; i < m->model.n_files; i++)
        if (an_str_eq(m->model.file[i].name, AN_STR("card.xml")))
            *xml = m->model.file[i].bytes;
}

size_t pl_mind_n_outcomes(const struct pl_mind *m)
{
    return m->n_outcomes;
}

enum cfg_stage pl_mind_stage(const struct pl_mind *m, struct an_str topic)
{
    const struct adv_outcome *o = adv_knowledge_outcome(&m->knowledge, topic);

    return o ? (enum cfg_stage)o->stage : CFG_LIVE;
}

bool pl_mind_threshold(const struct pl_mind *m, struct an_str topic, double *p)
{
    const struct adv_outcome *o = adv_knowledge_outcome(&m->knowledge, topic);

    if (o == NULL || !o->has_threshold)
        return false;
    *p = o->p_threshold;
    return true;
}

void pl_mind_cache(const struct pl_mind *m, struct rt_cache_counts *out)
{
    *out = (struct rt_cache_counts){0};
    if (m->cache)
        rt_cache_counts(m->cache, out);
}

void pl_mind_passes(const struct pl_mind *m, struct pl_passes_counts *out)
{
    pl_passes_counts(m->passes, out);
}

/* A model that was tuned says each bound of its plan and whether it held
 * (trainer/tune/README.md); of another nothing is asked. */
static bool within_plan(const struct an_json *manifest)
{
    const struct an_json *gates = an_json_get(
        an_json_get(manifest, AN_STR("change_control")), AN_STR("gates"));
    bool held = true;

    if (gates == NULL)
        return an_json_get(manifest, AN_STR("tuned_from")) == NULL;
    if (!an_json_is(gates, AN_JSON_ARRAY) || gates->n == 0)
        return false;
    for (const struct an_json *g = an_json_first(gates); g && held; g = g->next)
        if (!an_json_bool(an_json_get(g, AN_STR("held")), &held))
            held = false;
    return held;
}

bool pl_mind_evaluated(const struct pl_mind *m, struct an_str site)
{
    const struct an_json *at =
        an_json_get(m->model.package.manifest.root, AN_STR("site"));
    bool passed = false;

    return site.n &&
           an_str_eq(an_json_text(an_json_get(at, AN_STR("name"))), site) &&
           an_json_bool(an_json_get(at, AN_STR("passed")), &passed) && passed &&
           within_plan(m->model.package.manifest.root);
}

/* ---- the thinker -------------------------------------------------------- */

enum an_code pl_thinker_open(const struct pl_mind *m, struct pl_thinker **out,
                             struct an_err *err)
{
    struct pl_thinker *t = calloc(1, sizeof(*t));
    enum an_code rc;

    if (t == NULL)
        return an_fail_nomem(err);
    t->mind = m;
    an_arena_init(&t->arena, THINKER_BYTES);
    rc = rt_predictor_init(&t->predictor, &t->arena, &m->model.package, err);
    if (rc != AN_OK) {
        pl_thinker_close(t);
        return rc;
    }
    t->predictor.cache = m->cache;
    t->predictor.passer = pl_passes_passer(m->passes);
    *out = t;
    return AN_OK;
}

void pl_thinker_close(struct pl_thinker *t)
{
    if (t == NULL)
        return;
    an_arena_free(&t->arena);
    free(t);
}

/* ---- a forecast --------------------------------------------------------- */

/* Each known outcome at each of its horizons, with why not to ask. */
static size_t make_questions(const struct pl_thinker *t,
                             const struct ctx_timeline *timeline,
                             int64_t now_us, struct rt_question *question)
{
    const struct adv_knowledge *k = &t->mind->knowledge;
    size_t n = 0;

    for (size_t i = 0; i < k->n_outcomes; i++) {
        const struct adv_outcome *o = &k->outcome[i];
        int64_t from_us;
        enum ctx_abstention why =
            adv_outcome_ask(o, timeline, now_us, &from_us);

        for (size_t h = 0; h < o->n_horizons && o->stage != CFG_STAGE_OFF; h++)
            question[n++] =
                (struct rt_question){o->id, o->horizon_days[h], (uint8_t)why};
    }
    return n;
}

enum an_code pl_forecast(struct pl_thinker *t, struct an_arena *arena,
                         const struct ctx_timeline *timeline,
                         struct an_time now, struct ctx_forecast *out,
                         struct an_err *err)
{
    struct rt_question *question =
        an_arena_get(arena, MAX_QUESTIONS, sizeof(*question));
    size_t n;
    enum an_code rc;

    if (question == NULL)
        return an_fail_nomem(err);
    n = make_questions(t, timeline, now.us, question);
    rc = rt_predict(&t->predictor, arena, timeline, now.us, question, n, out,
                    err);
    out->now = now; /* with the hospital's offset */
    return rc;
}

enum an_code pl_words(const struct pl_mind *m, struct an_arena *arena,
                      const struct ctx_timeline *timeline,
                      const struct ctx_forecast *forecast,
                      const struct adv_options *reader,
                      const struct ctx_suggestion **suggestion, size_t *n,
                      struct an_err *err)
{
    return adv_suggest(arena, &m->knowledge, timeline, forecast, reader,
                       suggestion, n, err);
}

/* ---- a comparison ------------------------------------------------------- */

/* A procedure now does not change when a stay ended. */
static size_t keep_from_now(const struct adv_knowledge *k,
                            struct rt_question *question, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (adv_knowledge_outcome(k, question[i].outcome)->start ==
            ADV_START_NOW)
            question[kept++] = question[i];
    return kept;
}

enum an_code pl_compare(struct pl_thinker *t, struct an_arena *arena,
                        const struct ctx_timeline *timeline, struct an_time now,
                        const struct ctx_code *candidate, size_t n_candidates,
                        struct ctx_comparison *out, struct an_err *err)
{
    struct rt_question *question =
        an_arena_get(arena, MAX_QUESTIONS, sizeof(*question));
    size_t n;
    enum an_code rc;

    if (question == NULL)
        return an_fail_nomem(err);
    n = make_questions(t, timeline, now.us, question);
    n = keep_from_now(&t->mind->knowledge, question, n);
    rc = rt_compare(&t->predictor, arena, timeline, now.us, candidate,
                    n_candidates, question, n, out, err);
    out->now = now; /* with the hospital's offset */
    return rc;
}

bool pl_thinker_has_procedure(const struct pl_thinker *t,
                              const struct ctx_code *code)
{
    const struct rt_vocabulary *v = &t->predictor.vocabulary;
    const int32_t row = rt_vocabulary_find(v, code->system, code->code);

    return row != RT_NO_ROW && (size_t)row < v->n_targets &&
           rt_support_of(&t->predictor.support, v->concept[row].key) != NULL;
}

enum an_code pl_compare_words(const struct pl_mind *m, struct an_arena *arena,
                              const struct ctx_timeline *timeline,
                              const struct ctx_comparison *comparison,
                              const struct adv_options *reader,
                              const struct ctx_suggestion **suggestion,
                              size_t *n, struct an_err *err)
{
    return adv_compare(arena, &m->knowledge, timeline, comparison, reader,
                       suggestion, n, err);
}

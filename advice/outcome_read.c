/* SPDX-License-Identifier: Apache-2.0 */
/* From YAML to an outcome.  Every key is checked: one that nobody reads would
 * be a clinical intention that silently has no effect. */
#include "advice/outcome.h"
#include "base/decimal.h"
#include "config/yaml.h"

#include <string.h>

struct reading {
    struct an_arena *arena;
    const struct cfg_yaml *yaml;
    const char *file;
    struct an_err *err;
};

static enum an_code wrong(const struct reading *r, const struct cfg_node *at,
                          enum an_code code, const char *what)
{
    return cfg_node_fail(r->yaml, at, code, what, r->err);
}

/* Every member of `map` is in the list. */
static enum an_code known_keys(const struct reading *r,
                               const struct cfg_node *map,
                               const char *const *key, size_t n_keys,
                               const char *what)
{
    if (map->kind != CFG_MAP)
        return wrong(r, map, AN_TYPE, what);
    for (const struct cfg_node *m = map->first; m; m = m->next) {
        size_t i = 0;

        while (i < n_keys && !an_str_eq(m->key, an_str_c(key[i])))
            i++;
        if (i == n_keys)
            return an_fail_line(r->err, AN_CODE, what, r->file, m->key_line,
                                m->key_column);
    }
    return AN_OK;
}

/* A scalar that says something; `what` tells what was expected. */
static enum an_code text(const struct reading *r, const struct cfg_node *map,
                         const char *key, const char *what, struct an_str *out)
{
    const struct cfg_node *node = cfg_node_get(map, an_str_c(key));

    if (node == NULL)
        return wrong(r, map, AN_MISSING, what);
    if (node->kind != CFG_SCALAR || node->text.n == 0)
        return wrong(r, node, AN_TYPE, what);
    return an_arena_str(r->arena, node->text, out) ? AN_OK
                                                   : an_fail_nomem(r->err);
}

static enum an_code number(const struct reading *r, const struct cfg_node *node,
                           uint32_t low, uint32_t high, const char *what,
                           uint32_t *out)
{
    uint64_t v;

    if (node->kind != CFG_SCALAR || !an_str_u64(node->text, &v) || v < low ||
        v > high)
        return wrong(r, node, AN_TYPE, what);
    *out = (uint32_t)v;
    return AN_OK;
}

/* The place of a scalar in a list of names. */
static bool one_of(const struct cfg_node *node, const char *const *name,
                   size_t n, unsigned *out)
{
    if (node->kind != CFG_SCALAR)
        return false;
    for (size_t i = 0; i < n; i++)
        if (an_str_eq(node->text, an_str_c(name[i]))) {
            *out = (unsigned)i;
            return true;
        }
    return false;
}

static enum an_code read_rule(const struct reading *r,
                              const struct cfg_node *node,
                              struct adv_code_rule *rule)
{
    static const char *const keys[] = {"system", "code", "prefix", "text"};
    static const char what[] =
        "expected {system: ..., code or prefix: ..., text: ...}";
    const struct cfg_node *prefix;
    struct an_str system, code;
    char buf[ADV_CODE_BYTES];
    enum an_code rc;

    if ((rc = known_keys(r, node, keys, 4, what)) != AN_OK)
        return rc;
    prefix = cfg_node_get(node, AN_STR("prefix"));
    if ((prefix != NULL) == (cfg_node_get(node, AN_STR("code")) != NULL))
        return wrong(r, node, AN_CONFLICT, what);
    if ((rc = text(r, node, "system", what, &system)) != AN_OK ||
        (rc = text(r, node, prefix ? "prefix" : "code", what, &code)) !=
            AN_OK ||
        (rc = text(r, node, "text", what, &rule->text)) != AN_OK)
        return rc;
    rule->system = (uint8_t)adv_system_of(system);
    rule->prefix = prefix != NULL;
    rule->uri = system;
    if (rule->system == ADV_SYSTEM_OTHER && !memchr(system.p, ':', system.n))
        return wrong(r, cfg_node_get(node, AN_STR("system")), AN_CODE,
                     "expected snomed, icd10, loinc, rxnorm, cvx, class or "
                     "the URI of a code system");
    code = adv_code_plain((enum adv_system)rule->system, code, buf);
    return an_arena_str(r->arena, code, &rule->code) ? AN_OK
                                                     : an_fail_nomem(r->err);
}

static enum an_code read_codes(const struct reading *r,
                               const struct cfg_node *list,
                               struct adv_codes *out)
{
    struct adv_code_rule *rule;
    enum an_code rc;

    if (list == NULL)
        return AN_OK;
    if (list->kind != CFG_LIST || list->n_children == 0 ||
        list->n_children > ADV_OUTCOME_CODES)
        return wrong(r, list, AN_TYPE, "expected a list of codes");
    rule = an_arena_get(r->arena, list->n_children, sizeof(*rule));
    if (rule == NULL)
        return an_fail_nomem(r->err);
    out->rule = rule;
    for (const struct cfg_node *n = list->first; n; n = n->next)
        if ((rc = read_rule(r, n, &rule[out->n_rules++])) != AN_OK)
            return rc;
    return AN_OK;
}

static enum an_code read_titles(const struct reading *r,
                                const struct cfg_node *root,
                                struct adv_outcome *o)
{
    static const char what[] = "expected title: {en: ..., es: ...}, en first";
    const struct cfg_node *map = cfg_node_get(root, AN_STR("title"));
    struct adv_title *title;

    if (map == NULL)
        return wrong(r, root, AN_MISSING, what);
    if (map->kind != CFG_MAP || map->n_children == 0 ||
        !an_str_eq(map->first->key, AN_STR("en")))
        return wrong(r, map, AN_TYPE, what);
    title = an_arena_get(r->arena, map->n_children, sizeof(*title));
    if (title == NULL)
        return an_fail_nomem(r->err);
    o->title = title;
    for (const struct cfg_node *n = map->first; n; n = n->next, title++) {
        if (n->kind != CFG_SCALAR || n->text.n == 0)
            return wrong(r, n, AN_TYPE, what);
        if (!an_arena_str(r->arena, n->key, &title->language) ||
            !an_arena_str(r->arena, n->text, &title->text))
            return an_fail_nomem(r->err);
        o->n_titles++;
    }
    return AN_OK;
}

static enum an_code read_event(const struct reading *r,
                               const struct cfg_node *root,
                               struct adv_outcome *o)
{
    static const char *const keys[] = {"kinds", "codes"};
    static const char *const kind_name[] = {
#define X(name, text) text,
        CTX_KINDS(X)
#undef X
    };
    static const char what[] = "expected event: {kinds: [...], codes: [...]}";
    const struct cfg_node *event = cfg_node_get(root, AN_STR("event"));
    const struct cfg_node *kinds;
    enum an_code rc;
    unsigned kind;

    if (event == NULL)
        return wrong(r, root, AN_MISSING, what);
    if ((rc = known_keys(r, event, keys, 2, what)) != AN_OK)
        return rc;
    kinds = cfg_node_get(event, AN_STR("kinds"));
    if (kinds == NULL || kinds->kind != CFG_LIST || kinds->n_children == 0)
        return wrong(r, kinds ? kinds : event, AN_TYPE, what);
    for (const struct cfg_node *n = kinds->first; n; n = n->next) {
        if (!one_of(n, kind_name, CTX_N_KINDS, &kind))
            return wrong(r, n, AN_CODE,
                         "expected a kind of event: condition, admission, "
                         "death, procedure, ...");
        o->kinds |= UINT32_C(1) << kind;
    }
    if ((rc = read_codes(r, cfg_node_get(event, AN_STR("codes")), &o->codes)) !=
        AN_OK)
        return rc;
    o->death_counts = o->kinds & (UINT32_C(1) << CTX_DEATH);
    /* Only a death needs no code to mean something. */
    if (o->codes.n_rules == 0 && o->kinds != UINT32_C(1) << CTX_DEATH)
        return wrong(r, event, AN_MISSING, "expected codes");
    return AN_OK;
}

static enum an_code read_start(const struct reading *r,
                               const struct cfg_node *root,
                               struct adv_outcome *o)
{
    static const char *const names[] = {
#define X(name, text) text,
        ADV_STARTS(X)
#undef X
    };
    static const char *const keys[] = {"from", "codes", "gap_days"};
    static const char what[] =
        "expected start: {from: now or discharge, codes: [...], gap_days: 0}";
    const struct cfg_node *start = cfg_node_get(root, AN_STR("start"));
    const struct cfg_node *node;
    enum an_code rc;
    unsigned i;

    if (start == NULL)
        return wrong(r, root, AN_MISSING, what);
    if ((rc = known_keys(r, start, keys, 3, what)) != AN_OK)
        return rc;
    node = cfg_node_get(start, AN_STR("from"));
    if (node == NULL || !one_of(node, names, ADV_N_STARTS, &i))
        return wrong(r, node ? node : start, AN_CODE, what);
    o->start = (uint8_t)i;
    node = cfg_node_get(start, AN_STR("gap_days"));
    if (node && (rc = number(r, node, 0, 365, "expected gap_days: 0 to 365",
                             &o->gap_days)) != AN_OK)
        return rc;
    node = cfg_node_get(start, AN_STR("codes"));
    if ((node != NULL) != (o->start == ADV_START_DISCHARGE))
        return wrong(r, start, AN_CONFLICT,
                     "a discharge needs codes, and nothing else has them");
    return read_codes(r, node, &o->from);
}

static enum an_code read_exclude(const struct reading *r,
                                 const struct cfg_node *root,
                                 struct adv_outcome *o)
{
    static const char *const keys[] = {"before", "codes"};
    static const char *const yes_no[] = {"no", "yes"};
    static const char what[] =
        "expected exclude: {before: yes or no, codes: [...]}";
    const struct cfg_node *map = cfg_node_get(root, AN_STR("exclude"));
    const struct cfg_node *before;
    enum an_code rc;
    unsigned i;

    if (map == NULL)
        return wrong(r, root, AN_MISSING, what);
    if ((rc = known_keys(r, map, keys, 2, what)) != AN_OK)
        return rc;
    before = cfg_node_get(map, AN_STR("before"));
    if (before == NULL || !one_of(before, yes_no, 2, &i))
        return wrong(r, before ? before : map, AN_CODE, what);
    o->once = i == 1;
    return read_codes(r, cfg_node_get(map, AN_STR("codes")), &o->exclude);
}

static enum an_code read_horizons(const struct reading *r,
                                  const struct cfg_node *root,
                                  struct adv_outcome *o)
{
    static const char what[] =
        "expected horizons_days: one to four numbers up to 3660, growing";
    const struct cfg_node *list = cfg_node_get(root, AN_STR("horizons_days"));
    uint32_t last = 0;
    enum an_code rc;

    if (list == NULL)
        return wrong(r, root, AN_MISSING, what);
    if (list->kind != CFG_LIST || list->n_children == 0 ||
        list->n_children > ADV_OUTCOME_HORIZONS)
        return wrong(r, list, AN_TYPE, what);
    for (const struct cfg_node *n = list->first; n; n = n->next) {
        rc = number(r, n, last + 1, ADV_HORIZON_DAYS, what, &last);
        if (rc != AN_OK)
            return rc;
        if (last <= o->gap_days)
            return wrong(r, n, AN_CONFLICT, "a horizon within the gap");
        o->horizon_days[o->n_horizons++] = last;
    }
    return AN_OK;
}

static enum an_code read_readers(const struct reading *r,
                                 const struct cfg_node *root,
                                 struct adv_outcome *o)
{
    static const char *const roles[] = {
#define X(name, text) text,
        CTX_AUDIENCES(X)
#undef X
    };
    static const char *const patient[] = {"never", "after-release"};
    static const char what[] = "expected audience: [clinician, nurse, planner]";
    const struct cfg_node *list = cfg_node_get(root, AN_STR("audience"));
    const struct cfg_node *node = cfg_node_get(root, AN_STR("patient"));
    unsigned i;

    if (list == NULL || list->kind != CFG_LIST || list->n_children == 0)
        return wrong(r, list ? list : root, AN_TYPE, what);
    for (const struct cfg_node *n = list->first; n; n = n->next) {
        if (!one_of(n, roles, CTX_N_AUDIENCES, &i) || i == CTX_FOR_PATIENT)
            return wrong(r, n, AN_CODE, what);
        o->audiences |= UINT32_C(1) << i;
    }
    if (node == NULL || !one_of(node, patient, 2, &i))
        return wrong(r, node ? node : root, AN_CODE,
                     "expected patient: never or after-release");
    o->patient = i == 1;
    if (o->patient && o->death_counts)
        return wrong(r, node, AN_CONFLICT,
                     "mortality is never shown to a patient");
    return AN_OK;
}

static enum an_code read_threshold(const struct reading *r,
                                   const struct cfg_node *root,
                                   struct adv_outcome *o)
{
    static const char what[] =
        "expected threshold: off, or a probability over 0 and under 1";
    const struct cfg_node *node = cfg_node_get(root, AN_STR("threshold"));

    if (node == NULL || node->kind != CFG_SCALAR)
        return wrong(r, node ? node : root, AN_MISSING, what);
    if (an_str_eq(node->text, AN_STR("off"))) {
        if (cfg_node_get(root, AN_STR("report")))
            return wrong(r, node, AN_CONFLICT, "a report without a threshold");
        return AN_OK;
    }
    if (!an_decimal_parse(node->text, &o->p_threshold) ||
        !(o->p_threshold > 0 && o->p_threshold < 1))
        return wrong(r, node, AN_TYPE, what);
    o->has_threshold = true;
    return text(r, root, "report", "a threshold needs the report that chose it",
                &o->report);
}

/* Without the key the site's stage alone decides. */
static enum an_code read_stage(const struct reading *r,
                               const struct cfg_node *root,
                               struct adv_outcome *o)
{
    static const char *const stages[] = {"off", "shadow", "trial", "live"};
    const struct cfg_node *node = cfg_node_get(root, AN_STR("stage"));
    unsigned i = CFG_LIVE;

    if (node && !one_of(node, stages, CFG_LIVE + 1, &i))
        return wrong(r, node, AN_CODE,
                     "expected stage: off, shadow, trial or live");
    o->stage = (uint8_t)i;
    return AN_OK;
}

static enum an_code read_citation(const struct reading *r,
                                  const struct cfg_node *root,
                                  struct adv_outcome *o)
{
    static const char *const keys[] = {"title", "source", "doi", "year"};
    static const char what[] =
        "expected citation: {title: ..., source: ..., doi: ..., year: ...}";
    const struct cfg_node *map = cfg_node_get(root, AN_STR("citation"));
    const struct cfg_node *node;
    uint32_t year = 0;
    enum an_code rc;

    if (map == NULL)
        return AN_OK;
    if ((rc = known_keys(r, map, keys, 4, what)) != AN_OK ||
        (rc = text(r, map, "title", what, &o->citation.title)) != AN_OK ||
        (rc = text(r, map, "source", what, &o->citation.source)) != AN_OK ||
        (rc = text(r, map, "doi", what, &o->citation.doi)) != AN_OK)
        return rc;
    node = cfg_node_get(map, AN_STR("year"));
    if (node == NULL)
        return wrong(r, map, AN_MISSING, what);
    if ((rc = number(r, node, 1900, 2100, what, &year)) != AN_OK)
        return rc;
    o->citation.year = (uint16_t)year;
    return AN_OK;
}

static enum an_code read_id(const struct reading *r,
                            const struct cfg_node *root, struct adv_outcome *o)
{
    static const char what[] =
        "expected id: lower-case letters, digits and hyphens, at most 64";
    enum an_code rc = text(r, root, "id", what, &o->id);

    if (rc != AN_OK)
        return rc;
    for (size_t i = 0; i < o->id.n; i++) {
        char c = o->id.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-') ||
            i >= 64)
            return wrong(r, cfg_node_get(root, AN_STR("id")), AN_TYPE, what);
    }
    return AN_OK;
}

enum an_code adv_outcome_read(struct an_arena *arena, struct an_str bytes,
                              const char *file, struct adv_outcome *o,
                              struct an_err *err)
{
    static const char *const keys[] = {
        "id",      "title",         "use",      "event",   "start",
        "exclude", "horizons_days", "audience", "patient", "threshold",
        "report",  "citation",      "stage"};
    struct cfg_yaml yaml;
    struct reading r = {arena, &yaml, file, err};
    enum an_code rc;

    memset(o, 0, sizeof(*o));
    if ((rc = cfg_yaml_read(arena, bytes, file, &yaml, err)) != AN_OK)
        return rc;
    if (yaml.root == NULL)
        return wrong(&r, NULL, AN_MISSING, "expected an outcome");
    if ((rc = known_keys(&r, yaml.root, keys, sizeof(keys) / sizeof(keys[0]),
                         "expected one of the keys of an outcome")) != AN_OK ||
        (rc = read_id(&r, yaml.root, o)) != AN_OK ||
        (rc = read_titles(&r, yaml.root, o)) != AN_OK ||
        (rc = text(&r, yaml.root, "use",
                   "expected use: a sentence on what it is for", &o->use)) !=
            AN_OK ||
        (rc = read_event(&r, yaml.root, o)) != AN_OK ||
        (rc = read_start(&r, yaml.root, o)) != AN_OK ||
        (rc = read_exclude(&r, yaml.root, o)) != AN_OK ||
        (rc = read_horizons(&r, yaml.root, o)) != AN_OK)
        return rc;
    if ((rc = read_readers(&r, yaml.root, o)) != AN_OK ||
        (rc = read_stage(&r, yaml.root, o)) != AN_OK ||
        (rc = read_threshold(&r, yaml.root, o)) != AN_OK)
        return rc;
    return read_citation(&r, yaml.root, o);
}

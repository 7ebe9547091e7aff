/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vocabulary.h"

#include "context/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 512 };

static const char what_scale[] = "a scale needs a finite mean and sd > 0";
static const char what_bins[] =
    "bins need rising edges and one more middle, all of them z-scores";

static enum an_code fail(struct an_err *err, enum an_code code,
                         const char *what, const char *list, size_t index)
{
    an_fail(err, code, what, 0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path),
                       "vocabulary.%s[%zu]", list, index);
    return code;
}

static struct an_str member(const struct an_json *object, const char *name)
{
    return an_json_text(an_json_get(object, an_str_c(name)));
}

/* ---- order: everything is found by bisection ----------------------------- */

static int key_cmp(const void *a, const void *b)
{
    const struct rt_key *x = a, *y = b;

    return an_str_cmp(x->key, y->key);
}

int32_t rt_vocabulary_row(const struct rt_vocabulary *v, struct an_str key)
{
    struct rt_key want = {key, RT_NO_ROW};
    const struct rt_key *found =
        v->n_concepts
            ? bsearch(&want, v->by_key, v->n_concepts, sizeof(want), key_cmp)
            : NULL;

    return found ? found->row : RT_NO_ROW;
}

static int same_cmp(const void *a, const void *b)
{
    const struct rt_same *x = a, *y = b;
    int order = an_str_cmp(x->from, y->from);

    return order ? order : an_str_cmp(x->unit, y->unit);
}

static int scale_cmp(const void *a, const void *b)
{
    const struct rt_scale *x = a, *y = b;
    int order = an_str_cmp(x->key, y->key);

    return order ? order : an_str_cmp(x->unit, y->unit);
}

/* The first row whose `from` is the key: its unit does not matter here. */
static const struct rt_same *find_from(const struct rt_same *table, size_t n,
                                       struct an_str key)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (an_str_cmp(table[mid].from, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && an_str_eq(table[low].from, key) ? &table[low] : NULL;
}

/* "system|code" in `text`; false when it is too long or says nothing. */
static bool make_key(struct an_str system, struct an_str code,
                     char text[KEY_BYTES], struct an_str *key)
{
    if (code.n == 0 || system.n >= KEY_BYTES ||
        code.n >= KEY_BYTES - system.n - 1)
        return false;
    if (system.n)
        memcpy(text, system.p, system.n);
    text[system.n] = '|';
    memcpy(text + system.n + 1, code.p, code.n);
    *key = (struct an_str){text, system.n + 1 + code.n};
    return true;
}

/* The concept's key for a key that was said: itself, or what it stands for. */
static int32_t resolve(const struct rt_vocabulary *v, struct an_str key,
                       size_t n_system)
{
    const struct rt_same *same;
    int32_t row = rt_vocabulary_row(v, key);

    if (row != RT_NO_ROW)
        return row;
    same = find_from(v->same, v->n_same, key);
    for (; same == NULL && key.n > n_system + 1; key.n--)
        same = find_from(v->under, v->n_under, key);
    return same ? rt_vocabulary_row(v, same->to) : RT_NO_ROW;
}

int32_t rt_vocabulary_find(const struct rt_vocabulary *v, struct an_str system,
                           struct an_str code)
{
    char text[KEY_BYTES];
    struct an_str key;

    return make_key(system, code, text, &key) ? resolve(v, key, system.n)
                                              : RT_NO_ROW;
}

static const struct rt_scale *find_scale(const struct rt_vocabulary *v,
                                         struct an_str key, struct an_str unit)
{
    struct rt_scale want = {.key = key, .unit = unit};

    return v->n_scales
               ? bsearch(&want, v->scale, v->n_scales, sizeof(want), scale_cmp)
               : NULL;
}

/* The first of a sorted table's rows with this key. */
static size_t first_scale(const struct rt_vocabulary *v, struct an_str key)
{
    size_t low = 0, high = v->n_scales;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (an_str_cmp(v->scale[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The scale of a key in this unit, else in one that the value can be brought
 * to. */
static const struct rt_scale *reach_scale(const struct rt_vocabulary *v,
                                          struct an_str key, struct an_str unit,
                                          double *value)
{
    const struct rt_scale *exact = find_scale(v, key, unit);

    if (exact)
        return exact;
    for (size_t i = first_scale(v, key);
         i < v->n_scales && an_str_eq(v->scale[i].key, key); i++)
        if (ctx_unit_convert(*value, unit, v->scale[i].unit, value))
            return &v->scale[i];
    return NULL;
}

/* The row of `same` for a key in this unit, else in one that the value can be
 * brought to. */
static const struct rt_same *reach_same(const struct rt_vocabulary *v,
                                        struct an_str key, struct an_str unit,
                                        double *value)
{
    const struct rt_same *end = v->same + v->n_same;
    const struct rt_same *row = find_from(v->same, v->n_same, key);
    const struct rt_same *near = NULL;

    for (; row && row < end && an_str_eq(row->from, key); row++) {
        if (an_str_eq(row->unit, unit))
            return row;
        if (near == NULL && ctx_unit_alike(unit, row->unit))
            near = row;
    }
    if (near)
        (void)ctx_unit_convert(*value, unit, near->unit, value);
    return near;
}

int32_t rt_vocabulary_value(const struct rt_vocabulary *v, struct an_str system,
                            struct an_str code, struct an_str unit,
                            double value, float *z)
{
    char text[KEY_BYTES];
    struct an_str key;
    const struct rt_same *same;
    const struct rt_scale *scale;
    int32_t row;

    if (!make_key(system, code, text, &key))
        return RT_NO_ROW;
    row = resolve(v, key, system.n);
    if (row == RT_NO_ROW)
        return RT_NO_ROW;
    scale = find_scale(v, v->concept[row].key, unit);
    if (scale == NULL) {
        double said = value;

        same = reach_same(v, key, unit, &value);
        if (same) {
            value *= same->factor;
            scale = reach_scale(v, same->to, same->to_unit, &value);
        }
        if (scale == NULL) {
            value = said;
            scale = reach_scale(v, v->concept[row].key, unit, &value);
        }
    }
    if (scale == NULL)
        return RT_NO_ROW;
    *z = rt_scale_z(scale, value);
    return (int32_t)(scale - v->scale);
}

/* The middle of the bin that z is in. */
static float middle_of(const struct rt_scale *scale, float z)
{
    size_t low = 0, high = scale->n_edges;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (scale->edge[mid] <= z)
            low = mid + 1;
        else
            high = mid;
    }
    return scale->middle[low];
}

static float plain_z(const struct rt_scale *scale, double value)
{
    double x = scale->log ? log(value > 1e-6 ? value : 1e-6) : value;
    double z = (x - (double)scale->mean) / (double)scale->sd;

    if (!(z > -RT_LARGEST_Z)) /* NaN too */
        return -RT_LARGEST_Z;
    return z < RT_LARGEST_Z ? (float)z : (float)RT_LARGEST_Z;
}

float rt_scale_z(const struct rt_scale *scale, double value)
{
    const float z = plain_z(scale, value);

    return scale->middle ? middle_of(scale, z) : z;
}

/* ---- reading ------------------------------------------------------------- */

/* Parents are keys of other concepts, so they wait until all keys are known. */
static enum an_code read_parents(const struct an_json *list,
                                 struct rt_concept *concept,
                                 const struct rt_vocabulary *v,
                                 struct an_err *err)
{
    size_t i = 0;

    for (const struct an_json *e = an_json_first(list); e; e = e->next, i++) {
        const struct an_json *p =
            an_json_first(an_json_get(e, AN_STR("parents")));

        for (unsigned k = 0; k < RT_MAX_PARENTS; k++) {
            concept[i].parent[k] = RT_NO_ROW;
            if (p == NULL)
                continue;
            concept[i].parent[k] = rt_vocabulary_row(v, an_json_text(p));
            if (concept[i].parent[k] == RT_NO_ROW)
                return fail(err, AN_CODE, "a parent is no concept", "concepts",
                            i);
            p = p->next;
        }
        if (p)
            return fail(err, AN_LIMIT, "too many parents", "concepts", i);
    }
    return AN_OK;
}

static enum an_code read_concepts(struct an_arena *arena,
                                  const struct an_json *list,
                                  struct rt_vocabulary *v, struct an_err *err)
{
    size_t n = an_json_is(list, AN_JSON_ARRAY) ? list->n : 0, i = 0;
    struct rt_concept *concept = an_arena_get(arena, n, sizeof(*concept));
    struct rt_key *by_key = an_arena_get(arena, n, sizeof(*by_key));

    if (concept == NULL || by_key == NULL)
        return an_fail_nomem(err);
    for (const struct an_json *e = an_json_first(list); e; e = e->next, i++) {
        int64_t seen = 0;

        concept[i].key = member(e, "key");
        concept[i].display = member(e, "display");
        if (concept[i].key.n == 0)
            return fail(err, AN_MISSING, "a concept has no key", "concepts", i);
        (void)an_json_i64(an_json_get(e, AN_STR("seen")), &seen);
        concept[i].n_seen = (uint32_t)seen;
        if (!rt_whom_read(e, &concept[i].whom))
            return fail(err, AN_TYPE, "ages, sexes or once cannot be read",
                        "concepts", i);
        by_key[i] = (struct rt_key){concept[i].key, (int32_t)i};
    }
    if (n)
        qsort(by_key, n, sizeof(*by_key), key_cmp);
    for (i = 1; i < n; i++)
        if (an_str_eq(by_key[i - 1].key, by_key[i].key))
            return fail(err, AN_CONFLICT, "a key stands twice", "concepts",
                        (size_t)by_key[i].row);
    v->concept = concept;
    v->n_concepts = n;
    v->by_key = by_key;
    return read_parents(list, concept, v, err);
}

/* Numbers, in `out`; false when one is none. */
static bool read_numbers(const struct an_json *list, float *out)
{
    size_t n = 0;

    for (const struct an_json *e = an_json_first(list); e; e = e->next) {
        double x;

        if (!an_json_double(e, &x) || !(fabs(x) <= RT_LARGEST_Z))
            return false;
        out[n++] = (float)x;
    }
    return true;
}

/* The bins of a scale, if it has any: edges rise, and there is one more middle
 * than there are edges. */
static enum an_code read_bins(struct an_arena *arena, const struct an_json *e,
                              struct rt_scale *scale, size_t i,
                              struct an_err *err)
{
    const struct an_json *edges = an_json_get(e, AN_STR("edges"));
    const struct an_json *middles = an_json_get(e, AN_STR("middles"));
    float *edge, *middle;

    if (edges == NULL && middles == NULL)
        return AN_OK;
    if (!an_json_is(edges, AN_JSON_ARRAY) ||
        !an_json_is(middles, AN_JSON_ARRAY) || middles->n != edges->n + 1)
        return fail(err, AN_TYPE, what_bins, "values", i);
    edge = an_arena_get(arena, middles->n, sizeof(*edge));
    middle = an_arena_get(arena, middles->n, sizeof(*middle));
    if (edge == NULL || middle == NULL)
        return an_fail_nomem(err);
    if (!read_numbers(edges, edge) || !read_numbers(middles, middle))
        return fail(err, AN_TYPE, what_bins, "values", i);
    for (size_t k = 1; k < edges->n; k++)
        if (!(edge[k] > edge[k - 1]))
            return fail(err, AN_TYPE, what_bins, "values", i);
    scale->edge = edge;
    scale->middle = middle;
    scale->n_edges = edges->n;
    return AN_OK;
}

static enum an_code read_scales(struct an_arena *arena,
                                const struct an_json *list,
                                struct rt_vocabulary *v, struct an_err *err)
{
    size_t n = an_json_is(list, AN_JSON_ARRAY) ? list->n : 0, i = 0;
    struct rt_scale *scale = an_arena_get(arena, n, sizeof(*scale));

    if (scale == NULL)
        return an_fail_nomem(err);
    for (const struct an_json *e = an_json_first(list); e; e = e->next, i++) {
        enum an_code code;
        double mean, sd;

        scale[i].key = member(e, "key");
        scale[i].unit = member(e, "unit");
        (void)an_json_bool(an_json_get(e, AN_STR("log")), &scale[i].log);
        if (!an_json_double(an_json_get(e, AN_STR("mean")), &mean) ||
            !an_json_double(an_json_get(e, AN_STR("sd")), &sd) || !(sd > 0))
            return fail(err, AN_TYPE, what_scale, "values", i);
        scale[i].mean = (float)mean;
        scale[i].sd = (float)sd;
        code = read_bins(arena, e, &scale[i], i, err);
        if (code != AN_OK)
            return code;
        /* Value rows are numbered by this order, so it is not ours to mend. */
        if (i && scale_cmp(&scale[i - 1], &scale[i]) >= 0)
            return fail(err, AN_CONFLICT, "not in order of key and unit",
                        "values", i);
    }
    v->scale = scale;
    v->n_scales = n;
    return AN_OK;
}

static enum an_code read_same(struct an_arena *arena,
                              const struct an_json *list, const char *name,
                              const struct rt_same **out, size_t *n_out,
                              struct an_err *err)
{
    size_t n = an_json_is(list, AN_JSON_ARRAY) ? list->n : 0, i = 0;
    struct rt_same *same = an_arena_get(arena, n, sizeof(*same));

    if (same == NULL)
        return an_fail_nomem(err);
    for (const struct an_json *e = an_json_first(list); e; e = e->next, i++) {
        same[i] = (struct rt_same){member(e, "from"), member(e, "unit"),
                                   member(e, "to"), member(e, "to_unit"), 1};
        if (same[i].from.n == 0 || same[i].to.n == 0)
            return fail(err, AN_MISSING, "want from and to", name, i);
        (void)an_json_double(an_json_get(e, AN_STR("factor")), &same[i].factor);
        if (i && same_cmp(&same[i - 1], &same[i]) >= 0)
            return fail(err, AN_CONFLICT, "not in order of from and unit", name,
                        i);
    }
    *out = same;
    *n_out = n;
    return AN_OK;
}

enum an_code rt_vocabulary_read(struct an_arena *arena,
                                const struct an_json *json,
                                struct rt_vocabulary *v, struct an_err *err)
{
    bool parents_read = true;
    int64_t n_targets = 0;
    enum an_code rc;

    *v = (struct rt_vocabulary){.n_concepts = 0};
    rc = read_concepts(arena, an_json_get(json, AN_STR("concepts")), v, err);
    if (rc == AN_OK)
        rc = read_scales(arena, an_json_get(json, AN_STR("values")), v, err);
    if (rc == AN_OK)
        rc = read_same(arena, an_json_get(json, AN_STR("same")), "same",
                       &v->same, &v->n_same, err);
    if (rc == AN_OK)
        rc = read_same(arena, an_json_get(json, AN_STR("under")), "under",
                       &v->under, &v->n_under, err);
    if (rc != AN_OK)
        return rc;
    if (!an_json_i64(an_json_get(json, AN_STR("targets")), &n_targets) ||
        n_targets < 0 || (uint64_t)n_targets > v->n_concepts)
        return fail(err, AN_TYPE, "targets is no number of concepts",
                    "concepts", 0);
    v->n_targets = (size_t)n_targets;
    (void)an_json_bool(an_json_get(json, AN_STR("parents_read")),
                       &parents_read);
    v->no_parents = !parents_read;
    return AN_OK;
}

void rt_vocabulary_parents(const struct rt_vocabulary *v, int32_t kind,
                           struct rt_item *item)
{
    for (unsigned i = 0; i < RT_MAX_PARENTS; i++)
        item->parent[i] = RT_NO_ROW;
    if (v->no_parents)
        return;
    if (item->concept == RT_NO_ROW)
        item->parent[0] = kind;
    else
        memcpy(item->parent, v->concept[item->concept].parent,
               sizeof(item->parent));
}

void rt_vocabulary_item(const struct rt_vocabulary *v, int32_t row,
                        struct rt_item *item)
{
    *item = (struct rt_item){
        .concept = row, .value_row = RT_NO_ROW, .flag = RT_FLAG_NONE};
    rt_vocabulary_parents(v, RT_NO_ROW, item);
}

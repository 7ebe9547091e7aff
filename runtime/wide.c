/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/wide.h"

#include <math.h>
#include <stdio.h>

#define DAYS_PER_YEAR 365.25

static const char *const names[] = {
#define X(name, text) text,
    RT_FEATURES(X)
#undef X
};

const char *rt_feature_text(enum rt_feature_kind kind)
{
    return names[kind];
}

static enum an_code fail(struct an_err *err, enum an_code code,
                         const char *what, size_t index)
{
    an_fail(err, code, what, 0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path), "wide[%zu]",
                       index);
    return code;
}

static bool kind_of(struct an_str text, enum rt_feature_kind *kind)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (an_str_eq(text, an_str_c(names[i]))) {
            *kind = (enum rt_feature_kind)i;
            return true;
        }
    }
    return false;
}

static double number_or(const struct an_json *object, struct an_str name,
                        double otherwise)
{
    double v;

    return an_json_double(an_json_get(object, name), &v) ? v : otherwise;
}

static bool needs_row(enum rt_feature_kind kind)
{
    return kind != RT_FEATURE_AGE && kind != RT_FEATURE_AGE_SQUARE &&
           kind != RT_FEATURE_POSITIONS;
}

enum an_code rt_wide_read(struct an_arena *arena, const struct an_json *json,
                          const struct rt_vocabulary *v,
                          const struct rt_feature **feature, size_t *n,
                          struct an_err *err)
{
    size_t size = an_json_is(json, AN_JSON_ARRAY) ? json->n : 0, i = 0;
    struct rt_feature *f = an_arena_get(arena, size, sizeof(*f));

    if (f == NULL)
        return an_fail_nomem(err);
    for (const struct an_json *e = an_json_first(json); e; e = e->next, i++) {
        struct an_str key = an_json_text(an_json_get(e, AN_STR("key")));

        if (!kind_of(an_json_text(an_json_get(e, AN_STR("what"))), &f[i].kind))
            return fail(err, AN_CODE, "there is no such feature", i);
        f[i].row = rt_vocabulary_row(v, key);
        if (needs_row(f[i].kind) && f[i].row == RT_NO_ROW)
            return fail(err, AN_CODE, "the feature's key is no concept", i);
        f[i].days = (float)number_or(e, AN_STR("days"), 0);
        f[i].mean = (float)number_or(e, AN_STR("mean"), 0);
        f[i].sd = (float)number_or(e, AN_STR("sd"), 1);
        if (!(f[i].sd > 0))
            return fail(err, AN_TYPE, "sd must be above 0", i);
    }
    *feature = f;
    *n = size;
    return AN_OK;
}

/* An item stands for its concept and for what that falls under. */
static bool stands_for(const struct rt_item *item, int32_t row)
{
    if (item->concept == row)
        return true;
    for (unsigned i = 0; i < RT_MAX_PARENTS; i++)
        if (item->parent[i] == row)
            return true;
    return false;
}

/* What the history up to a position says of one concept. */
struct seen {
    double last_days;
    double sum; /* of the z-scores */
    float z, lowest, highest;
    uint32_t n;        /* how often within the feature's days */
    uint32_t n_values; /* 0: never measured */
    bool ever;
};

static void see_value(struct seen *s, float z)
{
    s->lowest = s->n_values == 0 || z < s->lowest ? z : s->lowest;
    s->highest = s->n_values == 0 || z > s->highest ? z : s->highest;
    s->sum += (double)z;
    s->z = z;
    s->n_values++;
}

/* A history as of a position, without the items that are gone. */
struct view {
    const struct rt_history *h;
    size_t position;
    const uint32_t *gone; /* rising */
    size_t n_gone;
};

static struct seen look(const struct rt_feature *f, const struct view *v)
{
    const struct rt_history *h = v->h;
    double now = h->position[v->position].time_days;
    struct seen s = {.ever = false};
    size_t next = 0;

    for (size_t p = 0; p <= v->position; p++) {
        const struct rt_position *at = &h->position[p];

        for (uint32_t i = 0; i < at->n_items; i++) {
            const uint32_t index = at->first_item + i;
            const struct rt_item *item = &h->item[index];

            if (next < v->n_gone && v->gone[next] == index) {
                next++;
                continue;
            }
            if (!stands_for(item, f->row))
                continue;
            s.ever = true;
            s.last_days = at->time_days;
            s.n += f->days <= 0 || now - at->time_days <= (double)f->days;
            if (item->value_row != RT_NO_ROW)
                see_value(&s, item->value_z);
        }
    }
    return s;
}

static double feature_value(const struct rt_feature *f, const struct view *v)
{
    const struct rt_position *at = &v->h->position[v->position];
    double years = (double)at->age_days / DAYS_PER_YEAR;
    struct seen s = {.ever = false};

    if (needs_row(f->kind))
        s = look(f, v);
    switch (f->kind) {
    case RT_FEATURE_AGE: return years;
    case RT_FEATURE_AGE_SQUARE: break;
    case RT_FEATURE_EVER: return s.ever;
    case RT_FEATURE_RECENT:
        return s.ever ? exp(-(at->time_days - s.last_days) / DAYS_PER_YEAR) : 0;
    case RT_FEATURE_LAST: return (double)s.z;
    case RT_FEATURE_MEASURED: return s.n_values > 0;
    case RT_FEATURE_COUNT: return log1p(s.n);
    case RT_FEATURE_POSITIONS: return log1p((double)v->position);
    case RT_FEATURE_MEAN: return s.n_values ? s.sum / s.n_values : 0;
    case RT_FEATURE_LOWEST: return (double)s.lowest;
    case RT_FEATURE_HIGHEST: return (double)s.highest;
    }
    return 0;
}

static float standardised(const struct rt_feature *f, const struct view *v)
{
    struct rt_feature age = {.kind = RT_FEATURE_AGE};
    double x = feature_value(f->kind == RT_FEATURE_AGE_SQUARE ? &age : f, v);

    x = (x - (double)f->mean) / (double)f->sd;
    return (float)(f->kind == RT_FEATURE_AGE_SQUARE ? x * x : x);
}

void rt_wide(const struct rt_feature *feature, size_t n,
             const struct rt_history *h, size_t position, float *out)
{
    const struct view v = {h, position, NULL, 0};

    for (size_t i = 0; i < n; i++)
        out[i] = standardised(&feature[i], &v);
}

/* Whether a feature looks at one of the items that are gone. */
static bool concerns(const struct rt_feature *f, const struct view *v)
{
    if (!needs_row(f->kind))
        return false;
    for (size_t i = 0; i < v->n_gone; i++)
        if (stands_for(&v->h->item[v->gone[i]], f->row))
            return true;
    return false;
}

void rt_wide_without(const struct rt_feature *feature, size_t n,
                     const struct rt_history *h, size_t position,
                     const uint32_t *gone, size_t n_gone, const float *whole,
                     float *out)
{
    const struct view v = {h, position, gone, n_gone};

    for (size_t i = 0; i < n; i++)
        out[i] = concerns(&feature[i], &v) ? standardised(&feature[i], &v)
                                           : whole[i];
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/manifest.h"

#include <stdio.h>

static enum an_code refuse(struct an_err *err, enum an_code code,
                           const char *what, const char *path)
{
    an_fail(err, code, what, 0);
    if (err)
        snprintf(err->where.path, sizeof(err->where.path), "%s", path);
    return code;
}

static bool get_i32(const struct an_json *object, struct an_str key,
                    int32_t *value)
{
    int64_t v;

    if (!an_json_i64(an_json_get(object, key), &v) || v < INT32_MIN ||
        v > INT32_MAX)
        return false;
    *value = (int32_t)v;
    return true;
}

enum an_code rt_shape_read(const struct an_json *j, struct rt_shape *s,
                           struct an_err *err)
{
    const struct an_json *edges = an_json_get(j, AN_STR("bin_edge_days"));
    int i = 0;

    *s = (struct rt_shape){0};
#define X(name, low, high, what)                                               \
    if (!get_i32(j, AN_STR(#name), &s->name))                                  \
        return refuse(err, AN_CONFIG, "a size is missing", "shape." #name);
    RT_SIZES(X)
#undef X
    if (!get_i32(j, AN_STR("death"), &s->death))
        return refuse(err, AN_CONFIG, "a size is missing", "shape.death");
    if (s->bins < 0 || s->bins > RT_MAX_BINS ||
        !an_json_is(edges, AN_JSON_ARRAY) || edges->n != (uint32_t)s->bins)
        return refuse(err, AN_CONFIG, "each time bin has one edge",
                      "shape.bin_edge_days");
    for (const struct an_json *e = an_json_first(edges); e; e = e->next) {
        double day;

        if (!an_json_double(e, &day))
            return refuse(err, AN_CONFIG, "an edge is no number",
                          "shape.bin_edge_days");
        s->bin_edge_days[i++] = (float)day;
    }
    return rt_shape_check(s, err);
}

static enum an_code doubles_read(struct an_arena *arena,
                                 const struct an_json *array,
                                 const double **out, size_t *n,
                                 struct an_err *err)
{
    const size_t count = an_json_is(array, AN_JSON_ARRAY) ? array->n : 0;
    double *v = an_arena_get(arena, count, sizeof(*v));

    if (v == NULL)
        return an_fail_nomem(err);
    *out = v;
    *n = count;
    for (const struct an_json *e = an_json_first(array); e; e = e->next)
        if (!an_json_double(e, v++))
            return refuse(err, AN_CONFIG, "a knot is no number",
                          "outcomes.calibration");
    return AN_OK;
}

static enum an_code calibration_read(struct an_arena *arena,
                                     const struct an_json *j,
                                     struct rt_calibration *c,
                                     struct an_err *err)
{
    const struct an_str kind = an_json_text(an_json_get(j, AN_STR("kind")));
    enum an_code code = AN_OK;
    size_t n_to = 0;

    *c = (struct rt_calibration){.kind = RT_CALIBRATION_NONE};
    if (an_str_eq(kind, AN_STR("logistic"))) {
        c->kind = RT_CALIBRATION_LOGISTIC;
        if (!an_json_double(an_json_get(j, AN_STR("intercept")),
                            &c->intercept) ||
            !an_json_double(an_json_get(j, AN_STR("slope")), &c->slope))
            return refuse(err, AN_CONFIG, "a line has intercept and slope",
                          "outcomes.calibration");
    } else if (an_str_eq(kind, AN_STR("knots"))) {
        c->kind = RT_CALIBRATION_KNOTS;
        code = doubles_read(arena, an_json_get(j, AN_STR("from")), &c->from,
                            &c->n, err);
        if (code == AN_OK)
            code = doubles_read(arena, an_json_get(j, AN_STR("to")), &c->to,
                                &n_to, err);
        if (code == AN_OK && n_to != c->n)
            return refuse(err, AN_CONFIG, "knots come in pairs",
                          "outcomes.calibration");
    } else if (!an_str_eq(kind, AN_STR("none"))) {
        return refuse(err, AN_CONFIG, "no such kind of calibration",
                      "outcomes.calibration");
    }
    (void)an_json_double(an_json_get(j, AN_STR("spread")), &c->spread);
    return code == AN_OK ? rt_calibration_check(c, err) : code;
}

static enum an_code outcome_read(struct an_arena *arena,
                                 const struct an_json *j, struct rt_outcome *o,
                                 struct an_err *err)
{
    const struct an_json *list = an_json_get(j, AN_STR("calibration"));
    const size_t n = an_json_is(list, AN_JSON_ARRAY) ? list->n : 0;
    struct rt_horizon *h = an_arena_get(arena, n, sizeof(*h));
    enum an_code code = AN_OK;

    if (h == NULL)
        return an_fail_nomem(err);
    o->id = an_json_text(an_json_get(j, AN_STR("id")));
    o->horizon = h;
    o->n_horizons = n;
    if (o->id.n == 0)
        return refuse(err, AN_CONFIG, "an outcome has no id", "outcomes.id");
    if (n > RT_MAX_CALIBRATIONS)
        return refuse(err, AN_LIMIT, "too many calibrations",
                      "outcomes.calibration");
    for (const struct an_json *e = an_json_first(list); e && code == AN_OK;
         e = e->next, h++) {
        int32_t days;

        if (!get_i32(e, AN_STR("horizon_days"), &days) || days <= 0)
            return refuse(err, AN_CONFIG, "a calibration has no horizon",
                          "outcomes.calibration");
        h->horizon_days = (uint32_t)days;
        code = calibration_read(arena, e, &h->calibration, err);
    }
    return code;
}

static enum an_code outcomes_read(struct an_arena *arena,
                                  const struct an_json *list,
                                  struct rt_manifest *m, struct an_err *err)
{
    const size_t n = (size_t)m->shape.outcomes;
    struct rt_outcome *o = an_arena_get(arena, n, sizeof(*o));
    enum an_code code = AN_OK;

    if (o == NULL)
        return an_fail_nomem(err);
    m->outcome = o;
    if (!an_json_is(list, AN_JSON_ARRAY) || list->n != n)
        return refuse(err, AN_CONFIG,
                      "the outcomes are not as many as the shape says",
                      "outcomes");
    for (const struct an_json *e = an_json_first(list); e && code == AN_OK;
         e = e->next)
        code = outcome_read(arena, e, o++, err);
    return code;
}

static enum an_code limits_read(const struct an_json *j, struct rt_limits *l,
                                struct an_err *err)
{
    int32_t positions;

    if (!get_i32(j, AN_STR("min_positions"), &positions) || positions < 0 ||
        !an_json_double(an_json_get(j, AN_STR("max_unknown_share")),
                        &l->max_unknown_share) ||
        !an_json_double(an_json_get(j, AN_STR("min_age_years")),
                        &l->min_age_years) ||
        !an_json_double(an_json_get(j, AN_STR("max_age_years")),
                        &l->max_age_years))
        return refuse(err, AN_CONFIG, "a limit is missing", "limits");
    l->min_positions = (uint32_t)positions;
    return AN_OK;
}

static enum an_code distance_read(struct an_arena *arena,
                                  const struct an_json *root,
                                  struct rt_manifest *m, struct an_err *err)
{
    const struct an_json *most = an_json_get(
        an_json_get(root, AN_STR("limits")), AN_STR("max_distance"));
    const struct an_json *population = an_json_get(root, AN_STR("population"));

    if (most == NULL && population == NULL)
        return AN_OK;
    if (population == NULL)
        return refuse(err, AN_CONFIG, "a distance is from a population",
                      "population");
    if (!an_json_double(most, &m->limits.max_distance) ||
        !(m->limits.max_distance > 0))
        return refuse(err, AN_CONFIG, "a population has a limit of distance",
                      "limits.max_distance");
    return rt_population_read(arena, population, (size_t)m->shape.wide,
                              &m->population, err);
}

enum an_code rt_manifest_read(struct an_arena *arena, struct an_str text,
                              struct rt_manifest *m, struct an_err *err)
{
    const struct an_json *root, *model;
    int64_t format;
    enum an_code code =
        an_json_read(arena, &(struct an_json_limits){0}, text, &root, err);

    if (code != AN_OK)
        return code;
    *m = (struct rt_manifest){.root = root};
    if (!an_json_i64(an_json_get(root, AN_STR("format")), &format) ||
        format != RT_MANIFEST_FORMAT)
        return refuse(err, AN_UNSUPPORTED, "the manifest has another format",
                      "format");
    model = an_json_get(root, AN_STR("model"));
    m->name = an_json_text(an_json_get(model, AN_STR("name")));
    m->version = an_json_text(an_json_get(model, AN_STR("version")));
    if (m->name.n == 0 || m->version.n == 0 ||
        !an_json_bool(an_json_get(model, AN_STR("demonstrator")),
                      &m->demonstrator))
        return refuse(err, AN_CONFIG,
                      "a model has a name, a version, and says whether it is a "
                      "demonstrator",
                      "model");
    code = rt_shape_read(an_json_get(root, AN_STR("shape")), &m->shape, err);
    if (code == AN_OK)
        code =
            outcomes_read(arena, an_json_get(root, AN_STR("outcomes")), m, err);
    if (code == AN_OK)
        code =
            limits_read(an_json_get(root, AN_STR("limits")), &m->limits, err);
    if (code == AN_OK)
        code = distance_read(arena, root, m, err);
    return code;
}

struct rt_calibration rt_manifest_calibration(const struct rt_manifest *m,
                                              size_t outcome,
                                              uint32_t horizon_days)
{
    const struct rt_outcome *o = &m->outcome[outcome];

    for (size_t i = 0; i < o->n_horizons; i++)
        if (o->horizon[i].horizon_days == horizon_days)
            return o->horizon[i].calibration;
    return (struct rt_calibration){.kind = RT_CALIBRATION_NONE};
}

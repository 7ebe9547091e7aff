/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/manifest.h"

enum { PLACES = 9 };

static void put_doubles(struct an_json_out *w, const char *key, const double *v,
                        size_t n)
{
    an_out_key(w, key);
    an_out_array(w);
    for (size_t i = 0; i < n; i++)
        an_out_fixed(w, v[i], PLACES);
    an_out_end(w);
}

static void put_double(struct an_json_out *w, const char *key, double v)
{
    an_out_key(w, key);
    an_out_fixed(w, v, PLACES);
}

static void put_i64(struct an_json_out *w, const char *key, int64_t v)
{
    an_out_key(w, key);
    an_out_i64(w, v);
}

void rt_shape_write(struct an_json_out *w, const struct rt_shape *s)
{
    an_out_key(w, "shape");
    an_out_object(w);
#define X(name, low, high, what) put_i64(w, #name, s->name);
    RT_SIZES(X)
#undef X
    put_i64(w, "death", s->death);
    an_out_key(w, "bin_edge_days");
    an_out_array(w);
    for (int j = 0; j < s->bins; j++)
        an_out_fixed(w, (double)s->bin_edge_days[j], 6);
    an_out_end(w);
    an_out_end(w);
}

static void put_horizon(struct an_json_out *w, const struct rt_horizon *h)
{
    const struct rt_calibration *c = &h->calibration;

    an_out_object(w);
    put_i64(w, "horizon_days", h->horizon_days);
    switch (c->kind) {
    case RT_CALIBRATION_NONE: an_out_key_str(w, "kind", AN_STR("none")); break;
    case RT_CALIBRATION_LOGISTIC:
        an_out_key_str(w, "kind", AN_STR("logistic"));
        put_double(w, "intercept", c->intercept);
        put_double(w, "slope", c->slope);
        break;
    case RT_CALIBRATION_KNOTS:
        an_out_key_str(w, "kind", AN_STR("knots"));
        put_doubles(w, "from", c->from, c->n);
        put_doubles(w, "to", c->to, c->n);
        break;
    }
    if (c->spread > 0)
        put_double(w, "spread", c->spread);
    an_out_end(w);
}

void rt_manifest_write(struct an_json_out *w, const struct rt_manifest *m)
{
    put_i64(w, "format", RT_MANIFEST_FORMAT);
    an_out_key(w, "model");
    an_out_object(w);
    an_out_key_str(w, "name", m->name);
    an_out_key_str(w, "version", m->version);
    an_out_key(w, "demonstrator");
    an_out_bool(w, m->demonstrator);
    an_out_end(w);
    rt_shape_write(w, &m->shape);
    an_out_key(w, "outcomes");
    an_out_array(w);
    for (int k = 0; k < m->shape.outcomes; k++) {
        const struct rt_outcome *o = &m->outcome[k];

        an_out_object(w);
        an_out_key_str(w, "id", o->id);
        an_out_key(w, "calibration");
        an_out_array(w);
        for (size_t i = 0; i < o->n_horizons; i++)
            put_horizon(w, &o->horizon[i]);
        an_out_end(w);
        an_out_end(w);
    }
    an_out_end(w);
    an_out_key(w, "limits");
    an_out_object(w);
    put_i64(w, "min_positions", m->limits.min_positions);
    put_double(w, "max_unknown_share", m->limits.max_unknown_share);
    put_double(w, "min_age_years", m->limits.min_age_years);
    put_double(w, "max_age_years", m->limits.max_age_years);
    if (m->limits.max_distance > 0)
        put_double(w, "max_distance", m->limits.max_distance);
    an_out_end(w);
    rt_population_write(w, &m->population);
}

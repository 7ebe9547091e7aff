/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/population.h"

#include <math.h>
#include <stdio.h>

enum { PLACES = 9 };

static enum an_code refuse(struct an_err *err, const char *what,
                           const char *member, size_t index)
{
    an_fail(err, AN_CONFIG, what, 0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path),
                       "population.%s[%zu]", member, index);
    return AN_CONFIG;
}

static enum an_code numbers(struct an_arena *arena, const struct an_json *array,
                            const char *member, size_t n, const double **out,
                            struct an_err *err)
{
    double *v = an_arena_get(arena, n, sizeof(*v));
    size_t i = 0;

    if (v == NULL)
        return an_fail_nomem(err);
    *out = v;
    if (!an_json_is(array, AN_JSON_ARRAY) || array->n != n)
        return refuse(err, "there is another number of features", member,
                      an_json_is(array, AN_JSON_ARRAY) ? array->n : 0);
    for (const struct an_json *e = an_json_first(array); e; e = e->next, i++)
        if (!an_json_double(e, &v[i]) || !isfinite(v[i]))
            return refuse(err, "this is no number", member, i);
    return AN_OK;
}

enum an_code rt_population_read(struct an_arena *arena,
                                const struct an_json *json, size_t n,
                                struct rt_population *p, struct an_err *err)
{
    enum an_code code;

    *p = (struct rt_population){.n = n};
    code = numbers(arena, an_json_get(json, AN_STR("mean")), "mean", n,
                   &p->mean, err);
    if (code == AN_OK)
        code = numbers(arena, an_json_get(json, AN_STR("factor")), "factor",
                       n * (n + 1) / 2, &p->factor, err);
    for (size_t i = 0; i < n && code == AN_OK; i++) {
        const size_t diagonal = i * (i + 3) / 2;

        if (!(p->factor[diagonal] > 0))
            code = refuse(err, "the covariance is not positive definite",
                          "factor", diagonal);
    }
    return code;
}

static void put(struct an_json_out *w, const char *key, const double *v,
                size_t n)
{
    an_out_key(w, key);
    an_out_array(w);
    for (size_t i = 0; i < n; i++)
        an_out_fixed(w, v[i], PLACES);
    an_out_end(w);
}

void rt_population_write(struct an_json_out *w, const struct rt_population *p)
{
    if (p->n == 0)
        return;
    an_out_key(w, "population");
    an_out_object(w);
    put(w, "mean", p->mean, p->n);
    put(w, "factor", p->factor, p->n * (p->n + 1) / 2);
    an_out_end(w);
}

double rt_distance(const struct rt_population *p, const float *wide,
                   double *scratch)
{
    const double *row = p->factor;
    double sum = 0;

    for (size_t i = 0; i < p->n; i++) {
        double z = (double)wide[i] - p->mean[i];

        for (size_t k = 0; k < i; k++)
            z -= row[k] * scratch[k];
        scratch[i] = z / row[i];
        sum += scratch[i] * scratch[i];
        row += i + 1;
    }
    return sqrt(sum);
}

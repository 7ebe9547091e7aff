/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/package/population.h"

#include "trainer/evaluate/stats.h"

#include <math.h>
#include <stdlib.h>

/* Less is not shrunk: two features may say the same. */
static const double least_shrunk = 0.01;

/* ---- the questions of a split ---------------------------------------------- */

struct asked {
    uint32_t query;
    double weight; /* of a person's questions the sum is 1 */
    double distance;
};

/* Patients [first, end) are the cases of one person. */
static size_t end_of_person(const struct tr_cohort *c, size_t first)
{
    size_t end = first + 1;

    while (end < c->n_patients && c->patient[end].key == c->patient[first].key)
        end++;
    return end;
}

static size_t list(const struct tr_cohort *c, enum tr_split split,
                   struct asked *asked, size_t *n_persons)
{
    size_t n = 0, end;

    *n_persons = 0;
    for (size_t first = 0; first < c->n_patients; first = end) {
        size_t of_person = n;

        end = end_of_person(c, first);
        for (size_t i = first; i < end; i++)
            for (uint32_t q = 0; c->patient[i].split == (uint32_t)split &&
                                 q < c->patient[i].n_queries;
                 q++)
                asked[n++].query = (uint32_t)c->patient[i].first_query + q;
        *n_persons += n > of_person;
        for (size_t i = of_person; i < n; i++)
            asked[i].weight = 1 / (double)(n - of_person);
    }
    return n;
}

/* ---- mean and covariance --------------------------------------------------- */

/* Row i, column k <= i, of a lower triangle. */
static size_t at(size_t i, size_t k)
{
    return i * (i + 1) / 2 + k;
}

static void moments(const struct tr_cohort *c, const struct asked *asked,
                    size_t n, size_t n_persons, double *mean, double *s,
                    double *x)
{
    const size_t wide = c->sizes.wide;
    const double persons = (double)n_persons;

    for (size_t q = 0; q < n; q++)
        for (size_t i = 0; i < wide; i++)
            mean[i] += asked[q].weight / persons *
                       (double)c->wide[asked[q].query * wide + i];
    for (size_t q = 0; q < n; q++) {
        for (size_t i = 0; i < wide; i++)
            x[i] = (double)c->wide[asked[q].query * wide + i] - mean[i];
        for (size_t i = 0; i < wide; i++)
            for (size_t k = 0; k <= i; k++)
                s[at(i, k)] += asked[q].weight / persons * x[i] * x[k];
    }
    for (size_t i = 0; i < wide; i++)
        s[at(i, i)] = fmax(s[at(i, i)], 1 / persons);
}

static double shrink(double *s, size_t n, size_t n_persons)
{
    double noise = 0, sum = 0, share;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            const double r2 =
                s[at(i, k)] * s[at(i, k)] / (s[at(i, i)] * s[at(k, k)]);

            noise += (1 - r2) * (1 - r2) / (double)(n_persons - 1);
            sum += r2;
        }
    share = sum > 0 ? fmin(fmax(noise / sum, least_shrunk), 1) : 1;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            s[at(i, k)] *= 1 - share;
    return share;
}

/* In place (Cholesky and Banachiewicz). */
static bool factorise(double *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k <= i; k++) {
            double v = s[at(i, k)];

            for (size_t m = 0; m < k; m++)
                v -= s[at(i, m)] * s[at(k, m)];
            if (k == i && !(v > 0))
                return false;
            s[at(i, k)] = k == i ? sqrt(v) : v / s[at(k, k)];
        }
    return true;
}

/* ---- the limit ------------------------------------------------------------- */

static int nearer(const void *a, const void *b)
{
    const struct asked *x = a, *y = b;

    return tr_double_cmp(&x->distance, &y->distance);
}

/* The smallest distance that enough of the persons keep. */
static double limit(struct asked *asked, size_t n, size_t n_persons)
{
    const double enough = TR_POPULATION_SHARE * (double)(n_persons + 1) - 1e-9;
    double kept = 0;

    qsort(asked, n, sizeof(*asked), nearer);
    for (size_t i = 0; i < n; i++) {
        kept += asked[i].weight;
        if (kept >= enough)
            return asked[i].distance;
    }
    return asked[n - 1].distance;
}

enum an_code tr_population(struct an_arena *arena, const struct tr_data *d,
                           struct tr_population *out, struct an_err *err)
{
    const struct tr_cohort *c = &d->cohort;
    const size_t wide = c->sizes.wide;
    struct asked *asked = an_arena_get(arena, c->n_queries, sizeof(*asked));
    double *mean = an_arena_get(arena, wide, sizeof(*mean));
    double *s = an_arena_get(arena, at(wide, 0), sizeof(*s));
    double *x = an_arena_get(arena, wide, sizeof(*x));
    size_t n;

    *out = (struct tr_population){.max_distance = 0};
    if (asked == NULL || mean == NULL || s == NULL || x == NULL)
        return an_fail_nomem(err);
    (void)list(c, TR_TUNE, asked, &out->n_tune);
    n = list(c, TR_TRAIN, asked, &out->n_train);
    if (wide == 0 || out->n_train < TR_POPULATION_PERSONS ||
        out->n_tune < TR_POPULATION_PERSONS)
        return AN_OK;
    moments(c, asked, n, out->n_train, mean, s, x);
    out->shrunk = shrink(s, wide, out->n_train);
    if (!factorise(s, wide))
        return an_fail(err, AN_TYPE,
                       "the wide features have no covariance to invert", 0);
    out->of = (struct rt_population){wide, mean, s};
    n = list(c, TR_TUNE, asked, &out->n_tune);
    for (size_t i = 0; i < n; i++)
        asked[i].distance =
            rt_distance(&out->of, c->wide + asked[i].query * wide, x);
    out->max_distance = limit(asked, n, out->n_tune);
    if (!(out->max_distance > 0))
        out->of.n = 0;
    return AN_OK;
}

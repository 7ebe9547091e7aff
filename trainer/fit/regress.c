/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/fit/regress.h"

#include "runtime/simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEWTON_STEPS = 50, HALVINGS = 30 };

double tr_regress_line(const float *x, size_t w, const double *weight)
{
    double sum = weight[w];

    for (size_t i = 0; i < w; i++)
        sum += (double)x[i] * weight[i];
    return sum;
}

double tr_regress_p(const float *x_w, size_t n_columns, const double *weight)
{
    return 1 / (1 + exp(-tr_regress_line(x_w, n_columns, weight)));
}

/* log(1 + e^z), never infinite. */
static double softplus(double z)
{
    return z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
}

static const float *row_of(const struct tr_regression *r, size_t i)
{
    return r->x_nw + r->row[i] * r->n_columns;
}

static double loss_of(const struct tr_regression *r, const double *weight)
{
    double sum = 0;

    for (size_t i = 0; i < r->n; i++) {
        const double z = tr_regress_line(row_of(r, i), r->n_columns, weight);

        sum += r->expected ? r->expected[i] * exp(z) : softplus(z);
        sum -= (double)r->y[i] * z;
    }
    for (size_t i = 0; i < r->n_columns; i++)
        sum += r->l2 / 2 * weight[i] * weight[i];
    sum += r->unseen * (exp(weight[r->n_columns]) - weight[r->n_columns]);
    return sum;
}

/* Adds v x x' to the lower half of h, over m columns. */
RT_CLONES
static void add_square(double *h, const double *x, double v, size_t m)
{
    for (size_t a = 0; a < m; a++) {
        const double vx = v * x[a];

        for (size_t b = 0; b <= a; b++)
            h[a * m + b] += vx * x[b];
    }
}

/* Gradient g[m] and the lower half of the curvature h[m][m], m = w + 1; x[m]
 * is scratch. */
static void slopes(const struct tr_regression *r, const double *weight,
                   double *x, double *g, double *h)
{
    const size_t w = r->n_columns, m = w + 1;

    memset(g, 0, m * sizeof(*g));
    memset(h, 0, m * m * sizeof(*h));
    x[w] = 1;
    for (size_t i = 0; i < r->n; i++) {
        const float *from = row_of(r, i);
        const double q =
            r->expected ? r->expected[i] * exp(tr_regress_line(from, w, weight))
                        : tr_regress_p(from, w, weight);

        for (size_t a = 0; a < w; a++)
            x[a] = (double)from[a];
        for (size_t a = 0; a < m; a++)
            g[a] += (q - (double)r->y[i]) * x[a];
        add_square(h, x, r->expected ? q : q * (1 - q), m);
    }
    for (size_t a = 0; a < w; a++) {
        g[a] += r->l2 * weight[a];
        h[a * m + a] += r->l2;
    }
    g[w] += r->unseen * expm1(weight[w]);
    h[m * m - 1] += r->unseen * exp(weight[w]) + 1e-9;
}

/* Cholesky: h's lower half becomes its factor; g becomes h^-1 g. */
static bool solve(double *h, double *g, size_t m)
{
    for (size_t a = 0; a < m; a++) {
        for (size_t b = 0; b <= a; b++) {
            double sum = h[a * m + b];

            for (size_t k = 0; k < b; k++)
                sum -= h[a * m + k] * h[b * m + k];
            if (a == b && !(sum > 0))
                return false;
            h[a * m + b] = a == b ? sqrt(sum) : sum / h[b * m + b];
        }
    }
    for (size_t a = 0; a < m; a++) {
        for (size_t k = 0; k < a; k++)
            g[a] -= h[a * m + k] * g[k];
        g[a] /= h[a * m + a];
    }
    for (size_t a = m; a-- > 0;) {
        for (size_t k = a + 1; k < m; k++)
            g[a] -= h[k * m + a] * g[k];
        g[a] /= h[a * m + a];
    }
    return true;
}

/* One step; false when there is nothing left to gain. */
static bool step(const struct tr_regression *r, double *weight, double *next,
                 const double *g, double *loss)
{
    double size = 1;

    for (int i = 0; i < HALVINGS; i++, size /= 2) {
        double then;

        for (size_t a = 0; a <= r->n_columns; a++)
            next[a] = weight[a] - size * g[a];
        then = loss_of(r, next);
        if (then < *loss) {
            const bool more = *loss - then > 1e-9 * (1 + fabs(*loss));

            memcpy(weight, next, (r->n_columns + 1) * sizeof(*weight));
            *loss = then;
            return more;
        }
    }
    return false;
}

enum an_code tr_regress(const struct tr_regression *r, double *weight,
                        struct an_err *err)
{
    const size_t m = r->n_columns + 1;
    double *block = calloc(m * (m + 3), sizeof(*block));
    enum an_code code = AN_OK;
    double *g, *next, *x, *h, loss;

    if (block == NULL)
        return an_fail_nomem(err);
    g = block;
    next = g + m;
    x = next + m;
    h = x + m;
    loss = loss_of(r, weight);
    for (int i = 0; i < NEWTON_STEPS; i++) {
        slopes(r, weight, x, g, h);
        if (!solve(h, g, m)) {
            code = an_fail(err, AN_TYPE, "a regression has no solution", 0);
            break;
        }
        if (!step(r, weight, next, g, &loss))
            break;
    }
    free(block);
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/regress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEWTON_STEPS = 50, HALVINGS = 30 };

struct problem {
    const float *x_nw;
    const uint32_t *row;
    const uint8_t *y;
    size_t n, w; /* w columns, the intercept beside them */
    double l2;
};

static double dot(const float *x, size_t w, const double *weight)
{
    double sum = weight[w];

    for (size_t i = 0; i < w; i++)
        sum += (double)x[i] * weight[i];
    return sum;
}

double tr_regress_p(const float *x_w, size_t n_columns, const double *weight)
{
    return 1 / (1 + exp(-dot(x_w, n_columns, weight)));
}

/* log(1 + e^z), never infinite. */
static double softplus(double z)
{
    return z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
}

static double loss_of(const struct problem *p, const double *weight)
{
    double sum = 0;

    for (size_t i = 0; i < p->n; i++) {
        const double z = dot(p->x_nw + p->row[i] * p->w, p->w, weight);

        sum += softplus(z) - (p->y[i] ? z : 0);
    }
    for (size_t i = 0; i < p->w; i++)
        sum += p->l2 / 2 * weight[i] * weight[i];
    return sum;
}

/* Gradient g[m] and the lower half of the curvature h[m][m], m = w + 1. */
static void slopes(const struct problem *p, const double *weight, double *g,
                   double *h)
{
    const size_t m = p->w + 1;

    memset(g, 0, m * sizeof(*g));
    memset(h, 0, m * m * sizeof(*h));
    for (size_t i = 0; i < p->n; i++) {
        const float *x = p->x_nw + p->row[i] * p->w;
        const double q = tr_regress_p(x, p->w, weight), v = q * (1 - q);

        for (size_t a = 0; a < m; a++) {
            const double xa = a < p->w ? (double)x[a] : 1;

            g[a] += (q - p->y[i]) * xa;
            for (size_t b = 0; b <= a; b++)
                h[a * m + b] += v * xa * (b < p->w ? (double)x[b] : 1);
        }
    }
    for (size_t a = 0; a < p->w; a++) {
        g[a] += p->l2 * weight[a];
        h[a * m + a] += p->l2;
    }
    h[m * m - 1] += 1e-9;
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
static bool step(const struct problem *p, double *weight, double *next,
                 const double *g, double *loss)
{
    double size = 1;

    for (int i = 0; i < HALVINGS; i++, size /= 2) {
        double then;

        for (size_t a = 0; a <= p->w; a++)
            next[a] = weight[a] - size * g[a];
        then = loss_of(p, next);
        if (then < *loss) {
            const bool more = *loss - then > 1e-9 * (1 + fabs(*loss));

            memcpy(weight, next, (p->w + 1) * sizeof(*weight));
            *loss = then;
            return more;
        }
    }
    return false;
}

enum an_code tr_regress(const float *x_nw, size_t n_columns,
                        const uint32_t *row, const uint8_t *y, size_t n,
                        double l2, double *weight, struct an_err *err)
{
    const struct problem p = {x_nw, row, y, n, n_columns, l2};
    const size_t m = n_columns + 1;
    double *block = calloc(m * (m + 2), sizeof(*block));
    enum an_code code = AN_OK;
    double *g, *next, *h, loss;

    if (block == NULL)
        return an_fail_nomem(err);
    g = block;
    next = block + m;
    h = block + 2 * m;
    memset(weight, 0, m * sizeof(*weight));
    loss = loss_of(&p, weight);
    for (int i = 0; i < NEWTON_STEPS; i++) {
        slopes(&p, weight, g, h);
        if (!solve(h, g, m)) {
            code = an_fail(err, AN_TYPE, "a regression has no solution", 0);
            break;
        }
        if (!step(&p, weight, next, g, &loss))
            break;
    }
    free(block);
    return code;
}

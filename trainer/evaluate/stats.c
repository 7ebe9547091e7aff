/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/stats.h"

#include "trainer/random.h"

#include <math.h>
#include <stdlib.h>

#define KNOT_GAP 1e-8

enum { NEWTON_STEPS = 100 };

static int point_cmp(const void *a, const void *b)
{
    const struct tr_point *x = a, *y = b;

    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    if (x->person != y->person)
        return x->person < y->person ? -1 : 1;
    return x->y - y->y;
}

void tr_points_sort(struct tr_point *point, size_t n)
{
    if (n)
        qsort(point, n, sizeof(*point), point_cmp);
}

double tr_auroc(const struct tr_point *point, size_t n)
{
    double below = 0, won = 0, positives = 0;

    for (size_t from = 0, end; from < n; from = end) {
        double zeros = 0, ones = 0;

        for (end = from; end < n && point[end].p <= point[from].p; end++) {
            zeros += point[end].y ? 0 : point[end].weight;
            ones += point[end].y ? point[end].weight : 0;
        }
        won += ones * (below + zeros / 2);
        below += zeros;
        positives += ones;
    }
    return positives > 0 && below > 0 ? won / (positives * below) : (double)NAN;
}

double tr_brier(const struct tr_point *point, size_t n)
{
    double sum = 0, weight = 0;

    for (size_t i = 0; i < n; i++) {
        const double d = point[i].p - point[i].y;

        sum += point[i].weight * d * d;
        weight += point[i].weight;
    }
    return sum / weight;
}

/* ---- resampling ------------------------------------------------------------ */

int tr_double_cmp(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct tr_interval tr_middle(double *value, size_t n)
{
    struct tr_interval interval = {(double)NAN, (double)NAN};

    if (n < TR_RESAMPLES / 2)
        return interval;
    qsort(value, n, sizeof(*value), tr_double_cmp);
    interval.low = value[(size_t)(0.025 * (double)(n - 1))];
    interval.high = value[(size_t)(0.975 * (double)(n - 1) + 0.5)];
    return interval;
}

void tr_draw_persons(double *times, uint32_t n_persons, uint64_t key)
{
    for (uint32_t i = 0; i < n_persons; i++)
        times[i] = 0;
    for (uint32_t i = 0; i < n_persons; i++)
        times[tr_draw_below(key, i, n_persons)]++;
}

static void weigh(struct tr_point *point, size_t n, const double *times)
{
    for (size_t i = 0; i < n; i++)
        point[i].weight = times ? times[point[i].person] : 1;
}

size_t tr_interval_scratch(uint32_t n_persons)
{
    return (size_t)n_persons + TR_RESAMPLES;
}

struct tr_interval tr_auroc_interval(struct tr_point *a, size_t n_a,
                                     struct tr_point *b, size_t n_b,
                                     uint32_t n_persons, double *scratch,
                                     uint64_t key)
{
    double *value = scratch + n_persons;
    size_t n = 0;

    for (uint64_t r = 0; r < TR_RESAMPLES; r++) {
        double x;

        tr_draw_persons(scratch, n_persons, tr_key(key, r));
        weigh(a, n_a, scratch);
        x = tr_auroc(a, n_a);
        if (b) {
            weigh(b, n_b, scratch);
            x -= tr_auroc(b, n_b);
        }
        if (isfinite(x))
            value[n++] = x;
    }
    weigh(a, n_a, NULL);
    if (b)
        weigh(b, n_b, NULL);
    return tr_middle(value, n);
}

struct tr_interval tr_ratio_interval(const double *a, const double *b,
                                     uint32_t n_persons, double *scratch,
                                     uint64_t key)
{
    double *value = scratch + n_persons;
    size_t n = 0;

    for (uint64_t r = 0; r < TR_RESAMPLES; r++) {
        double x = 0, y = 0;

        tr_draw_persons(scratch, n_persons, tr_key(key, r));
        for (uint32_t i = 0; i < n_persons; i++) {
            x += scratch[i] * a[i];
            y += scratch[i] * b[i];
        }
        if (y > 0)
            value[n++] = x / y;
    }
    return tr_middle(value, n);
}

/* ---- calibration ----------------------------------------------------------- */

double tr_log_odds(double p)
{
    const double least = 1e-9;

    p = p < least ? least : p > 1 - least ? 1 - least : p;
    return log(p / (1 - p));
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* Log-likelihood of a line, its gradient and curvature. */
static double line_score(const struct tr_point *point, size_t n,
                         const double target[2], const struct tr_line *line,
                         double gradient[2], double curve[3])
{
    double sum = 0;

    gradient[0] = gradient[1] = 0;
    curve[0] = curve[1] = curve[2] = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = tr_log_odds(point[i].p), w = point[i].weight;
        const double q = sigmoid(line->intercept + line->slope * x);
        const double t = target[point[i].y], v = w * q * (1 - q);

        sum += w * (t * log(q + 1e-300) + (1 - t) * log(1 - q + 1e-300));
        gradient[0] += w * (t - q);
        gradient[1] += w * (t - q) * x;
        curve[0] += v;
        curve[1] += v * x;
        curve[2] += v * x * x;
    }
    return sum;
}

static struct tr_line newton(const double g[2], const double h[3],
                             bool slope_too)
{
    const double det = h[0] * h[2] - h[1] * h[1];
    struct tr_line step = {0, 0};

    if (slope_too && det > 1e-12) {
        step.intercept = (g[0] * h[2] - g[1] * h[1]) / det;
        step.slope = (g[1] * h[0] - g[0] * h[1]) / det;
    } else if (h[0] > 1e-12) {
        step.intercept = g[0] / h[0];
    }
    return step;
}

bool tr_line_fit(const struct tr_point *point, size_t n, bool smooth,
                 bool slope_too, struct tr_line *line)
{
    double target[2] = {0, 1}, ones = 0, zeros = 0, g[2], h[3], at;

    for (size_t i = 0; i < n; i++) {
        ones += point[i].y ? point[i].weight : 0;
        zeros += point[i].y ? 0 : point[i].weight;
    }
    *line = (struct tr_line){0, 1};
    if (!(ones > 0) || !(zeros > 0))
        return false;
    if (smooth) {
        target[1] = (ones + 1) / (ones + 2);
        target[0] = 1 / (zeros + 2);
    }
    at = line_score(point, n, target, line, g, h);
    for (int i = 0; i < NEWTON_STEPS; i++) {
        struct tr_line step = newton(g, h, slope_too);
        struct tr_line next = *line;
        double then = -(double)INFINITY;

        /* A full step may overshoot: halve it until it does not. */
        for (int half = 0; half < 40 && !(then >= at); half++) {
            next = (struct tr_line){line->intercept + step.intercept,
                                    line->slope + step.slope};
            then = line_score(point, n, target, &next, g, h);
            step.intercept /= 2;
            step.slope /= 2;
        }
        if (!(then >= at))
            return false;
        *line = next;
        if (then - at < 1e-10 * (1 + fabs(at)))
            return true;
        at = then;
    }
    return false;
}

/* Points that share a value: from their first p to their last. */
struct block {
    double first, last, mean, weight;
};

/* Pool the last block with those before it that are not below it. */
static size_t pool(struct block *b, size_t n)
{
    for (; n > 1 && b[n - 2].mean >= b[n - 1].mean; n--) {
        struct block *to = &b[n - 2];
        const struct block *add = &b[n - 1];
        const double weight = to->weight + add->weight;

        to->mean = (to->mean * to->weight + add->mean * add->weight) / weight;
        to->weight = weight;
        to->last = add->last;
    }
    return n;
}

size_t tr_isotonic(const struct tr_point *point, size_t n, double *from,
                   double *to)
{
    struct block *block = calloc(n + 1, sizeof(*block));
    size_t blocks = 0, knots = 0;

    if (block == NULL)
        return 0;
    /* Equal ones first become one block, as they cannot be told apart later;
     * so do those that a manifest's nine places would make equal. */
    for (size_t i = 0; i < n; i++) {
        struct block *b;

        if (i == 0 || point[i].p > point[i - 1].p + KNOT_GAP) {
            blocks = pool(block, blocks);
            block[blocks++] = (struct block){.first = point[i].p};
        }
        b = &block[blocks - 1];
        b->last = point[i].p;
        b->mean = (b->mean * b->weight + point[i].weight * point[i].y) /
                  (b->weight + point[i].weight);
        b->weight += point[i].weight;
    }
    blocks = pool(block, blocks);
    for (size_t i = 0; i < blocks; i++) {
        from[knots] = block[i].first;
        to[knots++] = block[i].mean;
        if (block[i].last > block[i].first + KNOT_GAP) {
            from[knots] = block[i].last;
            to[knots++] = block[i].mean;
        }
    }
    free(block);
    return knots;
}

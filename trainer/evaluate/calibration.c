/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/calibration.h"

#include "trainer/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- how sure a line is ---------------------------------------------------- */

bool tr_line_variance(const struct tr_point *point, size_t n,
                      const struct tr_line *line, bool slope_too,
                      uint32_t n_persons, double *scratch, double variance[3])
{
    double *by_level = scratch, *by_slope = scratch + n_persons;
    double h[3] = {0}, m[3] = {0}, det;

    memset(scratch, 0, 2 * (size_t)n_persons * sizeof(*scratch));
    for (size_t i = 0; i < n; i++) {
        const double x = tr_log_odds(point[i].p), w = point[i].weight;
        const double q = 1 / (1 + exp(-(line->intercept + line->slope * x)));
        const double v = w * q * (1 - q), u = w * (point[i].y - q);

        h[0] += v;
        h[1] += v * x;
        h[2] += v * x * x;
        by_level[point[i].person] += u;
        by_slope[point[i].person] += u * x;
    }
    for (uint32_t i = 0; i < n_persons; i++) {
        m[0] += by_level[i] * by_level[i];
        m[1] += by_level[i] * by_slope[i];
        m[2] += by_slope[i] * by_slope[i];
    }
    if (!slope_too) {
        variance[0] = m[0] / (h[0] * h[0]);
        variance[1] = variance[2] = 0;
        return isfinite(variance[0]);
    }
    det = h[0] * h[2] - h[1] * h[1];
    if (!(det > 1e-12 * h[0] * h[2]))
        return false;
    /* H^-1 M H^-1, H^-1 being (h2 -h1; -h1 h0) / det. */
    variance[0] =
        (h[2] * h[2] * m[0] - 2 * h[1] * h[2] * m[1] + h[1] * h[1] * m[2]) /
        (det * det);
    variance[1] = (-h[1] * h[2] * m[0] + (h[0] * h[2] + h[1] * h[1]) * m[1] -
                   h[0] * h[1] * m[2]) /
                  (det * det);
    variance[2] =
        (h[1] * h[1] * m[0] - 2 * h[0] * h[1] * m[1] + h[0] * h[0] * m[2]) /
        (det * det);
    return true;
}

struct tr_interval tr_slope_interval(const struct tr_point *point, size_t n,
                                     const struct tr_line *line,
                                     uint32_t n_persons, double *scratch)
{
    double variance[3], half = (double)NAN;

    if (isfinite(line->slope) &&
        tr_line_variance(point, n, line, true, n_persons, scratch, variance))
        half = TR_NORMAL_95 * sqrt(variance[2]);
    return (struct tr_interval){line->slope - half, line->slope + half};
}

/* Of what the line says of p, in log-odds. */
static double sd_at(const double variance[3], double p)
{
    const double x = tr_log_odds(p);

    return sqrt(
        fmax(variance[0] + 2 * x * variance[1] + x * x * variance[2], 1e-12));
}

double tr_line_spread(const struct tr_point *point, size_t n,
                      const struct tr_line *line, bool slope_too,
                      uint32_t n_persons, double *scratch)
{
    double variance[3], low = 0, high = 0, weight = 0;

    if (!tr_line_variance(point, n, line, slope_too, n_persons, scratch,
                          variance))
        return 0;
    for (size_t i = 0; i < n; i++) {
        high = fmax(high, sd_at(variance, point[i].p));
        weight += point[i].weight;
    }
    high *= TR_NORMAL_95;
    for (int step = 0; step < 50; step++) {
        const double half = (low + high) / 2;
        double held = 0;

        for (size_t i = 0; i < n; i++)
            held += point[i].weight *
                    erf(half / (sqrt(2) * sd_at(variance, point[i].p)));
        if (held < 0.95 * weight)
            low = half;
        else
            high = half;
    }
    return high;
}

/* ---- how sure knots are ---------------------------------------------------- */

/* Somebody's points as often as they are drawn; returns how many are left. */
static size_t redraw(const struct tr_point *point, size_t n,
                     const double *times, struct tr_point *drawn)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (times[point[i].person] > 0) {
            drawn[kept] = point[i];
            drawn[kept++].weight *= times[point[i].person];
        }
    return kept;
}

static double bounded_log_odds(double p, double least)
{
    return tr_log_odds(fmin(fmax(p, least), 1 - least));
}

/* How far a map that was fitted again is from the map, at each of some points
 * that stand for all. */
static size_t distances(const struct rt_calibration *map,
                        const struct rt_calibration *again,
                        const struct tr_point *point, size_t n, double least,
                        double *distance)
{
    const size_t places = n < TR_REFITS ? n : TR_REFITS;

    for (size_t k = 0; k < places; k++) {
        const double p = point[(2 * k + 1) * n / (2 * places)].p;

        distance[k] = fabs(bounded_log_odds(rt_calibrate(again, p), least) -
                           bounded_log_odds(rt_calibrate(map, p), least));
    }
    return places;
}

enum an_code tr_knots_spread(struct an_arena *arena,
                             const struct tr_point *point, size_t n,
                             const struct rt_calibration *map, double least,
                             uint32_t n_persons, uint64_t key, double *spread,
                             struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(arena);
    double *x = an_arena_get(arena, 2 * n + n_persons, sizeof(*x));
    double *distance =
        an_arena_get(arena, (size_t)TR_REFITS * TR_REFITS, sizeof(*distance));
    struct tr_point *drawn = an_arena_get(arena, n, sizeof(*drawn));
    size_t n_distances = 0;

    *spread = 0;
    if (x == NULL || distance == NULL || drawn == NULL)
        return an_fail_nomem(err);
    for (uint64_t r = 0; r < TR_REFITS && n; r++) {
        struct rt_calibration again = {
            .kind = RT_CALIBRATION_KNOTS, .from = x, .to = x + n};

        tr_draw_persons(x + 2 * n, n_persons, tr_key(key, r));
        again.n =
            tr_isotonic(drawn, redraw(point, n, x + 2 * n, drawn), x, x + n);
        if (again.n)
            n_distances +=
                distances(map, &again, point, n, least, distance + n_distances);
    }
    if (n_distances) {
        qsort(distance, n_distances, sizeof(*distance), tr_double_cmp);
        *spread = distance[(size_t)(0.95 * (double)(n_distances - 1))];
    }
    an_arena_rewind(arena, mark);
    return AN_OK;
}

/* ---- smoothed -------------------------------------------------------------- */

/* The points nearest to a place that moves up. */
struct window {
    const struct tr_point *point;
    size_t n;
    size_t from, to;
};

static void move(struct window *w, double p)
{
    while (w->to < w->n && p - w->point[w->from].p > w->point[w->to].p - p) {
        w->from++;
        w->to++;
    }
}

/* Sums over the window, of u, the distance from p in units of its width:
 * weight * u^k and weight * y * u^k. */
struct moments {
    double x[5], y[3];
};

/* Where all of the window are at p, so are perhaps those behind it. */
static bool is_at(const struct window *w, size_t i, double p)
{
    return i < w->n && w->point[w->from].p >= p && w->point[i].p <= p;
}

static void moments_of(const struct window *w, double p, struct moments *m)
{
    const double width =
        fmax(p - w->point[w->from].p, w->point[w->to - 1].p - p);

    *m = (struct moments){{0}, {0}};
    for (size_t i = w->from; i < w->to || is_at(w, i, p); i++) {
        const struct tr_point *o = &w->point[i];
        const double u = width > 0 ? (o->p - p) / width : 0;
        const double c = 1 - fabs(u * u * u);
        double v = o->weight * c * c * c;

        for (int k = 0; k < 5; k++, v *= u) {
            m->x[k] += v;
            if (k < 3)
                m->y[k] += v * o->y;
        }
    }
}

/* What the parabola through the window is at p, in [0, 1]; a line where all
 * are at two places, their mean where all are at one.  By the polynomials that
 * are orthogonal there: 1, u - a and u^2 - c - b (u - a). */
static double smoothed(const struct window *w, double p)
{
    const double least = 1e-9;
    struct moments m;
    double a, b, c, line, curve, y_line, at;

    moments_of(w, p, &m);
    a = m.x[1] / m.x[0];
    c = m.x[2] / m.x[0];
    at = m.y[0] / m.x[0];
    line = m.x[2] - a * m.x[1];
    y_line = m.y[1] - a * m.y[0];
    if (line > least * m.x[0]) {
        b = (m.x[3] - a * m.x[2]) / line;
        curve = m.x[4] - c * m.x[2] - b * b * line;
        at -= a * y_line / line;
        if (curve > least * m.x[0])
            at += (m.y[2] - c * m.y[0] - b * y_line) / curve * (a * b - c);
    }
    return fmin(fmax(at, 0), 1);
}

/* Places at which the curve is worked out, rising, each once. */
static size_t places(const struct tr_point *point, size_t n,
                     double place[TR_ICI_KNOTS])
{
    const size_t most = n < TR_ICI_KNOTS ? n : TR_ICI_KNOTS;
    size_t kept = 0;

    for (size_t i = 0; i < most; i++) {
        const double p = point[most > 1 ? i * (n - 1) / (most - 1) : 0].p;

        if (kept == 0 || p > place[kept - 1])
            place[kept++] = p;
    }
    return kept;
}

size_t tr_smooth(const struct tr_point *point, size_t n,
                 double place[TR_ICI_KNOTS], double curve[TR_ICI_KNOTS])
{
    const size_t near = (size_t)(0.75 * (double)n + 1e-5);
    struct window w = {point, n, 0, near > 2 ? near : n};
    const size_t n_places = places(point, n, place);

    for (size_t i = 0; i < n_places; i++) {
        move(&w, place[i]);
        curve[i] = smoothed(&w, place[i]);
    }
    return n_places;
}

double tr_ici(const struct tr_point *point, size_t n)
{
    double place[TR_ICI_KNOTS], curve[TR_ICI_KNOTS], sum = 0, weight = 0;
    size_t n_places, k = 0;

    if (n == 0)
        return (double)NAN;
    n_places = tr_smooth(point, n, place, curve);
    for (size_t i = 0; i < n; i++) {
        double at = curve[k];

        while (k + 1 < n_places && point[i].p >= place[k + 1])
            at = curve[++k];
        if (k + 1 < n_places)
            at += (point[i].p - place[k]) / (place[k + 1] - place[k]) *
                  (curve[k + 1] - curve[k]);
        sum += point[i].weight * fabs(at - point[i].p);
        weight += point[i].weight;
    }
    return sum / weight;
}

/* ---- worth ----------------------------------------------------------------- */

static double benefit(const struct tr_point *point, size_t n, double least,
                      double threshold)
{
    const double odds = threshold / (1 - threshold);
    double sum = 0, weight = 0;

    if (!(threshold > 0 && threshold < 1))
        return (double)NAN;
    for (size_t i = 0; i < n; i++) {
        weight += point[i].weight;
        if (point[i].p >= least)
            sum += point[i].weight * (point[i].y ? 1 : -odds);
    }
    return sum / weight;
}

double tr_net_benefit(const struct tr_point *point, size_t n, double threshold)
{
    return benefit(point, n, threshold, threshold);
}

double tr_net_benefit_all(const struct tr_point *point, size_t n,
                          double threshold)
{
    return benefit(point, n, 0, threshold);
}

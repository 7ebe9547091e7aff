/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/privacy/bound.h"

#include <math.h>

enum { MAX_TERMS = 10000, HALVINGS = 60 };

static double away_from_0(double x)
{
    return fabs(x) < 1e-300 ? 1e-300 : x;
}

/* The continued fraction of the incomplete beta function (DLMF 8.17.22), by
 * Lentz's way. */
static double fraction(double a, double b, double x)
{
    double c = 1, d = 1 / away_from_0(1 - (a + b) * x / (a + 1)), f = d;

    for (int i = 1; i < MAX_TERMS; i++) {
        const double m = i,
                     even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd =
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double change;

        d = 1 / away_from_0(1 + even * d);
        c = away_from_0(1 + even / c);
        f *= d * c;
        d = 1 / away_from_0(1 + odd * d);
        c = away_from_0(1 + odd / c);
        change = d * c;
        f *= change;
        if (fabs(change - 1) < 1e-14)
            break;
    }
    return f;
}

/* I_x(a, b): the chance that `a` or more of a + b - 1 say yes at x. */
static double beta_share(double a, double b, double x)
{
    double front;

    if (x <= 0 || x >= 1)
        return x <= 0 ? 0 : 1;
    front =
        exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * fraction(a, b, x) / a
                                     : 1 - front * fraction(b, a, 1 - x) / b;
}

static double beta_at(double a, double b, double share)
{
    double low = 0, high = 1;

    for (int i = 0; i < HALVINGS; i++) {
        const double x = (low + high) / 2;

        if (beta_share(a, b, x) < share)
            low = x;
        else
            high = x;
    }
    return (low + high) / 2;
}

struct tr_interval tr_share_interval(size_t yes, size_t n, double confidence)
{
    const double tail = (1 - confidence) / 2, k = (double)yes;
    const double rest = (double)(n - yes);

    return (struct tr_interval){yes ? beta_at(k, rest + 1, tail) : 0,
                                yes < n ? beta_at(k + 1, rest, 1 - tail) : 1};
}

/* Of two intervals one end each: wrong together no more often than one of them
 * is. */
static double at_least(size_t right, size_t n, size_t wrong, size_t m,
                       double delta, double confidence)
{
    const double low = tr_share_interval(right, n, confidence).low - delta;
    const double high = tr_share_interval(wrong, m, confidence).high;

    return low > high ? log(low / high) : 0;
}

double tr_epsilon_at_least(const struct tr_attack *a, bool round, double delta,
                           double confidence)
{
    if (a->members == 0 || a->others == 0)
        return 0;
    return round ? at_least(a->others - a->alarms, a->others,
                            a->members - a->hits, a->members, delta, confidence)
                 : at_least(a->hits, a->members, a->alarms, a->others, delta,
                            confidence);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/privacy/accountant.h"

#include <math.h>

#define LN_2 0.69314718055994530942
#define LN_PI 1.14472988584940017414
#define SQRT_2 1.41421356237309504880

enum { MAX_TERMS = 1000000, N_ORDERS = 99 + 53 + 4 };

/* Terms below e^-30 change no digit that is used. */
static const double least_term = -30;

static double log_add(double a, double b)
{
    const double top = a > b ? a : b, low = a > b ? b : a;

    return isinf(top) ? top : top + log1p(exp(low - top));
}

/* log(e^a - e^b); rounding can leave nothing. */
static double log_less(double a, double b)
{
    return b < a ? a + log1p(-exp(b - a)) : -(double)INFINITY;
}

/* By the asymptotic series long before erfc is 0: its last numbers above that
 * have lost their digits, while what they are multiplied by is large. */
static double log_erfc(double x)
{
    const double y = 1 / (x * x);

    if (x < 20)
        return log(erfc(x));
    return -LN_PI / 2 - log(x) - x * x - 0.5 * y + 0.625 * y * y -
           37.0 / 24 * y * y * y + 353.0 / 64 * y * y * y * y;
}

/* log A of an integer order: a binomial sum. */
static double log_moment(double q, double s, int order)
{
    double sum = -(double)INFINITY, choose = 0;

    for (int i = 0; i <= order; i++) {
        const double k = i;

        sum = log_add(sum, choose + k * log(q) + (order - k) * log1p(-q) +
                               (k * k - k) / (2 * s * s));
        choose += log((order - k) / (k + 1));
    }
    return sum;
}

/* log A of any other: both halves of the real line, in two series. */
static double log_moment_between(double q, double s, double order)
{
    const double z = s * s * log(1 / q - 1) + 0.5;
    double left = -(double)INFINITY, right = left, choose = 0;
    bool plus = true;

    for (int n = 0; n < MAX_TERMS; n++) {
        const double i = n, j = order - i;
        const double a = choose + i * log(q) + j * log1p(-q) +
                         (i * i - i) / (2 * s * s) - LN_2 +
                         log_erfc((i - z) / (SQRT_2 * s));
        const double b = choose + j * log(q) + i * log1p(-q) +
                         (j * j - j) / (2 * s * s) - LN_2 +
                         log_erfc((z - j) / (SQRT_2 * s));

        left = plus ? log_add(left, a) : log_less(left, a);
        right = plus ? log_add(right, b) : log_less(right, b);
        if (a < least_term && b < least_term)
            return log_add(left, right);
        choose += log(fabs(j) / (i + 1));
        plus = j < 0 ? !plus : plus;
    }
    return (double)INFINITY;
}

double tr_renyi(double rate, double noise, double order)
{
    double moment;

    if (!(rate > 0))
        return 0;
    if (!(noise > 0))
        return (double)INFINITY;
    if (!(rate < 1))
        return order / (2 * noise * noise);
    moment = floor(order) < order ? log_moment_between(rate, noise, order)
                                  : log_moment(rate, noise, (int)order);
    /* Of a cost that is lost in rounding nothing is taken off. */
    return fmax(moment, 0) / (order - 1);
}

struct tr_budget tr_budget_convert(const double *renyi, const double *order,
                                   size_t n, double delta)
{
    struct tr_budget best = {(double)INFINITY, 0};

    for (size_t i = 0; i < n; i++) {
        const double a = order[i], cost = renyi[i];
        double epsilon;

        /* Nearer to 1 the formula is not stable. */
        if (!(a > 1.01) || isnan(cost))
            continue;
        epsilon = delta * delta + expm1(-cost) > 0
                      ? 0
                      : cost + log1p(-1 / a) - (log(delta) + log(a)) / (a - 1);
        if (epsilon < best.epsilon)
            best = (struct tr_budget){fmax(epsilon, 0), a};
    }
    return best;
}

static size_t standard_orders(double order[N_ORDERS])
{
    size_t n = 0;

    for (int i = 11; i < 110; i++)
        order[n++] = i % 10 ? i / 10.0 : (double)(i / 10);
    for (int i = 11; i < 64; i++)
        order[n++] = i;
    for (int i = 128; i <= 1024; i *= 2)
        order[n++] = i;
    return n;
}

static struct tr_budget add_up(const struct tr_phase *phase, size_t n_phases,
                               double delta, const double *order, size_t n)
{
    struct tr_budget best = {(double)INFINITY, 0};

    /* One order at a time: the least over them is the least of all. */
    for (size_t i = 0; i < n; i++) {
        struct tr_budget one;
        double cost = 0;

        for (size_t k = 0; k < n_phases; k++)
            if (phase[k].steps > 0)
                cost += (double)phase[k].steps *
                        tr_renyi(phase[k].rate, phase[k].noise, order[i]);
        one = tr_budget_convert(&cost, &order[i], 1, delta);
        if (one.epsilon < best.epsilon)
            best = one;
    }
    return best;
}

struct tr_budget tr_budget_of(const struct tr_phase *phase, size_t n_phases,
                              double delta, const double *order, size_t n)
{
    double standard[N_ORDERS];

    return order ? add_up(phase, n_phases, delta, order, n)
                 : add_up(phase, n_phases, delta, standard,
                          standard_orders(standard));
}

enum an_code tr_noise_for(double rate, int64_t steps,
                          const struct tr_phase *other, double delta,
                          double epsilon, double *noise, struct an_err *err)
{
    const struct tr_phase none = {0, 1, 0};
    struct tr_phase phase[] = {{rate, TR_MOST_NOISE, steps},
                               other ? *other : none};
    double low = 0, high = 1;

    if (!(tr_budget_of(phase, 2, delta, NULL, 0).epsilon <= epsilon))
        return an_fail(err, AN_LIMIT,
                       "no noise is enough for that epsilon and delta", 0);
    for (phase[0].noise = high;
         tr_budget_of(phase, 2, delta, NULL, 0).epsilon > epsilon;
         phase[0].noise = high) {
        low = high;
        high *= 2;
    }
    while (high - low > 1e-3 * high) {
        phase[0].noise = (low + high) / 2;
        if (tr_budget_of(phase, 2, delta, NULL, 0).epsilon > epsilon)
            low = phase[0].noise;
        else
            high = phase[0].noise;
    }
    *noise = high;
    return AN_OK;
}

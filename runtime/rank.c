/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/rank.h"

#include <math.h>

/* Keep the list sorted; what falls off its end is gone. */
static size_t insert(struct rt_next *next, size_t n, size_t max,
                     struct rt_next one)
{
    size_t i = n < max ? n : max;

    while (i > 0 &&
           (next[i - 1].p < one.p ||
            (next[i - 1].p <= one.p && next[i - 1].concept > one.concept))) {
        if (i < max)
            next[i] = next[i - 1];
        i--;
    }
    if (i < max)
        next[i] = one;
    return n < max ? n + 1 : max;
}

/* The largest log rate; the sum of the rates over that one in *sum. */
static double largest(const float *log_rate_v, const int32_t *among,
                      size_t n_among, double *sum)
{
    double top = -(double)INFINITY;

    *sum = 0;
    for (size_t i = 0; i < n_among; i++)
        top = fmax(top, (double)log_rate_v[among[i]]);
    for (size_t i = 0; i < n_among; i++)
        *sum += exp((double)log_rate_v[among[i]] - top);
    return top;
}

size_t rt_rank(const float *log_rate_v, const int32_t *among, size_t n_among,
               double horizon_days, struct rt_next *next, size_t max)
{
    double sum, any;
    const double top = largest(log_rate_v, among, n_among, &sum);
    size_t n = 0;

    any = -expm1(-sum * exp(fmin(top, 50)) * horizon_days);
    for (size_t i = 0; i < n_among; i++) {
        const double share = exp((double)log_rate_v[among[i]] - top) / sum;

        n = insert(next, n, max, (struct rt_next){among[i], share * any});
    }
    return n;
}

size_t rt_rank_needed(const float *log_rate_v, const int32_t *among,
                      size_t n_among, double threshold)
{
    double sum;
    const double top = largest(log_rate_v, among, n_among, &sum);
    size_t n = 0;

    for (size_t i = 0; i < n_among; i++)
        n += exp((double)log_rate_v[among[i]] - top) / sum >= threshold;
    return n == 0 && n_among > 0 ? 1 : n;
}

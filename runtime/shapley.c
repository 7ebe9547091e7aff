/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/shapley.h"

#include <math.h>

static uint32_t all_of(size_t n_groups)
{
    return (UINT32_C(1) << n_groups) - 1;
}

size_t rt_absences(size_t n_groups, uint32_t absent[RT_MAX_ABSENCES])
{
    const uint32_t all = all_of(n_groups);
    size_t n = 0;

    if (n_groups <= RT_EXACT_GROUPS) {
        for (uint32_t set = 1; set <= all; set++)
            absent[n++] = set;
        return n;
    }
    for (size_t g = 0; g < n_groups; g++)
        absent[n++] = UINT32_C(1) << g;
    for (size_t g = 0; g < n_groups; g++)
        absent[n++] = all ^ (UINT32_C(1) << g);
    absent[n++] = all;
    return n;
}

static size_t members(uint32_t set)
{
    size_t n = 0;

    for (; set; set &= set - 1)
        n++;
    return n;
}

/* The share of all orders in which just these come after one given group. */
static double share_of_orders(size_t n_groups, size_t n_after)
{
    double share = 1 / (double)n_groups;

    for (size_t i = 1; i <= n_after; i++)
        share *= (double)i / (double)(n_groups - i);
    return share;
}

static void exact(size_t n_groups, double whole, const double *value_a,
                  double *weight_g)
{
    const uint32_t all = all_of(n_groups);

    for (size_t g = 0; g < n_groups; g++) {
        const uint32_t one = UINT32_C(1) << g;

        weight_g[g] = 0;
        for (uint32_t after = 0; after <= all; after++) {
            const double with = after ? value_a[after - 1] : whole;

            if (!(after & one))
                weight_g[g] += share_of_orders(n_groups, members(after)) *
                               (with - value_a[(after | one) - 1]);
        }
    }
}

static void from_two_gains(size_t n_groups, double whole, const double *value_a,
                           double *weight_g)
{
    const double *but_a = value_a + n_groups;
    const double none = value_a[2 * n_groups];
    double lacks = whole - none, apart = 0, part;

    for (size_t g = 0; g < n_groups; g++) {
        const double last = whole - value_a[g], first = but_a[g] - none;

        weight_g[g] = (first + last) / 2;
        lacks -= weight_g[g];
        apart += fabs(first - last);
    }
    part = apart > 0 ? fmax(-0.5, fmin(0.5, lacks / apart)) : 0;
    for (size_t g = 0; g < n_groups; g++) {
        const double last = whole - value_a[g], first = but_a[g] - none;

        weight_g[g] += part * fabs(first - last);
    }
}

void rt_shapley(size_t n_groups, double whole, const double *value_a,
                double *weight_g)
{
    if (n_groups <= RT_EXACT_GROUPS)
        exact(n_groups, whole, value_a, weight_g);
    else
        from_two_gains(n_groups, whole, value_a, weight_g);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/abstain.h"

double rt_unknown_share(const struct rt_record_facts *f)
{
    const size_t all = f->n_known + f->n_unknown;

    return all ? (double)f->n_unknown / (double)all : 1;
}

enum ctx_abstention rt_abstain(const struct rt_limits *limits,
                               const struct rt_record_facts *f)
{
    if (f->n_positions < limits->min_positions)
        return CTX_ABSTAIN_SHORT_HISTORY;
    if (rt_unknown_share(f) > limits->max_unknown_share)
        return CTX_ABSTAIN_UNKNOWN_CODES;
    if (!(f->age_years >= limits->min_age_years &&
          f->age_years <= limits->max_age_years))
        return CTX_ABSTAIN_OUT_OF_POPULATION;
    return CTX_ABSTAIN_NONE;
}

enum ctx_abstention rt_abstain_far(const struct rt_limits *limits,
                                   double distance)
{
    return limits->max_distance > 0 && !(distance <= limits->max_distance)
               ? CTX_ABSTAIN_UNLIKE_TRAINING
               : CTX_ABSTAIN_NONE;
}

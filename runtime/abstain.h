/* SPDX-License-Identifier: Apache-2.0 */
/* When the model says nothing: too little history, too many codes it does not
 * know, an age it was not trained on, facts too far from those of the people it
 * was trained on.  The limits are data of the package.
 *
 * Thread-safety: immutable (a function of its arguments). */
#ifndef RUNTIME_ABSTAIN_H
#define RUNTIME_ABSTAIN_H

#include "context/forecast.h"

struct rt_limits {
    uint32_t min_positions;
    double max_unknown_share; /* of the events that could have been read */
    double min_age_years, max_age_years;
    double max_distance; /* rt_distance; 0: the package has no such limit */
};

/* What is known about one patient's record. */
struct rt_record_facts {
    size_t n_positions;
    size_t n_known, n_unknown; /* events with and without a row of their own */
    double age_years;          /* NAN when the birth date is not known */
};

/* Of all events; 1 when there are none. */
double rt_unknown_share(const struct rt_record_facts *f);

/* The first limit that is broken, in the order above, but for the distance,
 * of which nothing is known before these hold. */
enum ctx_abstention rt_abstain(const struct rt_limits *limits,
                               const struct rt_record_facts *f);

/* A distance that is no number is too far. */
enum ctx_abstention rt_abstain_far(const struct rt_limits *limits,
                                   double distance);

#endif

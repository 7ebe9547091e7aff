/* SPDX-License-Identifier: Apache-2.0 */
/* The report of the command feedback, summed up for print.
 *
 * Thread-safety: confined.  Ownership: views of what was read. */
#ifndef PLUGIN_HOST_FEEDBACK_INT_H
#define PLUGIN_HOST_FEEDBACK_INT_H

#include "plugin/store/feedback.h"

/* The cards of one service, kind and topic. */
struct pl_dealt_sum {
    const struct pl_dealt_row *row; /* what it is the sum of */
    size_t n_rows;
    int64_t n_shown, n_suppressed, n_accepted, n_overridden;
};

/* The one that begins at row *at, which moves behind it; false at the end. */
bool pl_dealt_sum_next(const struct pl_dealt_report *r, size_t *at,
                       struct pl_dealt_sum *out);

/* Accepted of those that somebody answered, in [0,1]; false when nobody did. */
bool pl_dealt_acceptance(const struct pl_dealt_sum *s, double *share);

/* Per 100 of so many; false for none. */
bool pl_dealt_per_100(int64_t n, int64_t of, double *rate);

/* {"since": ..., "services": [...]}, one object. */
enum an_code pl_dealt_json(struct an_arena *arena,
                           const struct pl_dealt_report *r, int64_t since_us,
                           struct an_str *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

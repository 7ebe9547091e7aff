/* SPDX-License-Identifier: Apache-2.0 */
/* Of whom a package would say nothing (runtime/abstain.h), by reason, among the
 * questions that it is judged on; and whether it is right to: how good its
 * risks are of those it answers and would have been of those it refuses.
 *
 * How many codes of a record have no row is not known of a data set, which has
 * rows only: that reason is never found here.
 *
 * Thread-safety: confined to the arena. */
#ifndef TRAINER_EVALUATE_REFUSAL_H
#define TRAINER_EVALUATE_REFUSAL_H

#include "base/buf.h"
#include "trainer/evaluate/judge.h"

/* Of the known answers of a column, unweighted. */
struct tr_heard {
    size_t n, events;
    double auroc;       /* NAN: all answers are the same */
    double risk, share; /* mean calibrated risk, share with the outcome; NAN */
};

struct tr_refusals {
    size_t n, by[CTX_N_ABSTENTIONS];           /* questions; [0]: answered */
    const struct tr_heard *answered, *refused; /* [column] */
};

/* Of the test questions of a judgement. */
enum an_code tr_refusals(struct an_arena *arena, const struct tr_data *d,
                         const struct rt_limits *limits,
                         const struct rt_population *population,
                         const struct tr_judgement *j, struct tr_refusals *out,
                         struct an_err *err)
    __attribute__((warn_unused_result));

void tr_refusals_put(struct an_buf *b, const struct tr_data *d,
                     const struct tr_judgement *j, const struct tr_refusals *r);
/* A value. */
void tr_refusals_write(const struct tr_data *d, const struct tr_judgement *j,
                       const struct tr_refusals *r, struct an_json_out *w);

#endif

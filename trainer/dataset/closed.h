/* SPDX-License-Identifier: Apache-2.0 */
/* What is confidential stays out of a data set.
 *
 *     tr_people_gather(&p, err);
 *     tr_people_close(&p, false, err);      -- counts in p.n_closed, n_opted_out
 *
 * Left out is an event with a label (context/label.h), every version of a fact
 * of which any version had one, and all that belongs to a visit with one, but
 * birth, sex and death.  Labels count that were ever said, also those that a
 * later version took away.  `labelled_too` lets them in, but what is very
 * restricted, and whatever has a label that the person's Consent denies.
 *
 * Either way a person whose Consent denies everything is left out whole, and
 * so are the kinds of events that one denies, whether it has ended or not: a
 * data set has no moment at which it is asked for.
 *
 * Thread-safety: confined. */
#ifndef TRAINER_DATASET_CLOSED_H
#define TRAINER_DATASET_CLOSED_H

#include "trainer/dataset/people.h"

enum an_code tr_people_close(struct tr_people *p, bool labelled_too,
                             struct an_err *err)
    __attribute__((warn_unused_result));

#endif

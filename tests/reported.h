/* SPDX-License-Identifier: Apache-2.0 */
/* A judgement of the truth about invented people (tests/judged.h), kept open
 * for what reports on it. */
#ifndef TESTS_REPORTED_H
#define TESTS_REPORTED_H

#include "tests/judged.h"
#include "trainer/evaluate/view.h"

struct reported {
    struct judged judged;
    struct tr_data data;
    struct tr_fitted fitted;
    struct tr_judgement judgement;
    struct tr_view view;
};

/* So many test people, half as many to tune on, some lost; the first outcome's
 * own threshold is 0.1. */
void reported_begin(struct reported *r, size_t n);
void reported_end(struct reported *r);

#endif

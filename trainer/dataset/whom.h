/* SPDX-License-Identifier: Apache-2.0 */
/* Of whom a code was recorded: the ages and sexes that the package says of a
 * concept (runtime/plausible.h), so that nothing is named for a patient unlike
 * all who had it.
 *
 *     struct tr_whom w = {0};
 *     for each person, for each record: tr_whom_add(&w, person, years, sex);
 *     tr_whom_write(&w, out);
 *
 * This leaves the data set, so no bound may point at somebody:
 * - fewer than TR_WHOM_PEOPLE people: nothing is said, and the concept is not
 *   named by the model;
 * - a bound is the age of the TR_WHOM_TH youngest or oldest of them, not of
 *   the one at the end;
 * - and is taken outward to a multiple of five years, and five years more: at
 *   the same time the margin for who is a little younger or older.
 * A sex is named when at least one in TR_WHOM_SHARE of them is of it, and a
 * code is one that people have once unless as many had it again at another
 * time: a slip at a desk is not evidence.
 *
 * Thread-safety: confined. */
#ifndef TRAINER_DATASET_WHOM_H
#define TRAINER_DATASET_WHOM_H

#include "base/json_out.h"
#include "runtime/plausible.h"

enum {
    TR_WHOM_PEOPLE = 10,
    TR_WHOM_TH = 3,
    TR_WHOM_SHARE = 50,
    TR_WHOM_STEP = 5
};

struct tr_whom {
    uint32_t person; /* whose records are being added; 0: nobody's yet */
    double youngest, oldest; /* of this person, in years */
    uint32_t n_people, n_female, n_male;
    uint32_t n_again; /* of those before: more than once */
    double low[TR_WHOM_TH], high[TR_WHOM_TH]; /* of those before; sorted */
};

/* A record of it.  The records of a person, numbered from 1, come together;
 * their order does not matter.  sex as rt_sex says. */
void tr_whom_add(struct tr_whom *w, uint32_t person, double years, uint8_t sex);

/* Whom the package will name it for; age_to 0: nobody. */
struct rt_whom tr_whom_bounds(const struct tr_whom *w);

/* The members "ages", "sexes" and "once", or nothing. */
void tr_whom_write(const struct tr_whom *w, struct an_json_out *out);

#endif

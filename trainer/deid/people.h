/* SPDX-License-Identifier: Apache-2.0 */
/* How many people look alike afterwards: by what stays of ZIP code, birth and
 * sex (k-anonymity of these three).  A smoke test, no proof: what else stays
 * of a record makes its patient rarer.
 *
 * Thread-safety: confined.  Ownership: tr_deid_people_close frees. */
#ifndef TRAINER_DEID_PEOPLE_H
#define TRAINER_DEID_PEOPLE_H

#include "base/err.h"

struct tr_deid_person {
    uint64_t who, looks; /* hashes */
};

struct tr_deid_people {
    struct tr_deid_person *person;
    size_t n, size;
};

/* What the k people who look alike are few of. */
struct tr_deid_alike {
    uint64_t n_people, min_k;   /* 0, 0: nobody */
    uint64_t below_5, below_11; /* people whose k is less */
};

/* `sex` counts by its first letter in either case: FHIR's "female" is HL7v2's
 * "F".  Of what is said of the same person (`who`) at several times, one counts,
 * whatever the order. */
enum an_code tr_deid_people_add(struct tr_deid_people *p, uint64_t who,
                                struct an_str zip3, struct an_str birth,
                                struct an_str sex, struct an_err *err)
    __attribute__((warn_unused_result));
/* Orders and joins what was added. */
void tr_deid_people_alike(struct tr_deid_people *p, struct tr_deid_alike *out);
void tr_deid_people_close(struct tr_deid_people *p);

#endif

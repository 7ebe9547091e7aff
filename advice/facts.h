/* SPDX-License-Identifier: Apache-2.0 */
/* What the published scores need to know about a patient as of a moment: age,
 * sex, and for each set of codes its first and its latest event.  One pass
 * over the timeline; nothing is guessed, what is not recorded stays absent.
 *
 * Thread-safety: immutable once read.  Ownership: the timeline's events. */
#ifndef ADVICE_FACTS_H
#define ADVICE_FACTS_H

#include "advice/sets.h"
#include "context/timeline.h"

enum adv_sex { ADV_SEX_UNKNOWN, ADV_SEX_FEMALE, ADV_SEX_MALE };

struct adv_facts {
    struct an_time now;
    const struct ctx_event *birth; /* NULL: not recorded */
    const struct ctx_event *sex_event;
    const struct ctx_event *death; /* at or before `now` */
    uint8_t sex;                   /* enum adv_sex */
    bool has_age; /* the birth date is recorded to the day and not after now */
    int32_t age_years;
    uint32_t sets;                             /* those with an event */
    const struct ctx_event *first[ADV_N_SETS]; /* NULL: none */
    const struct ctx_event *last[ADV_N_SETS];
};

/* Events that happened after `now`, that were withdrawn or that are only
 * planned do not count.  Diagnoses count from conditions alone, not while they
 * are preliminary; creatinine, weight and height from observations with a number
 * alone. */
void adv_facts_read(const struct ctx_timeline *t, struct an_time now,
                    struct adv_facts *f);

/* It had happened by then, and is a fact rather than a plan. */
bool adv_event_counts(const struct ctx_event *e, struct an_time now);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a concept may be named as what comes next for a patient: only when
 * the training data had it recorded of people of that age and sex, and not when
 * the patient has it and people have it once.  Rates are never quite zero, so without this
 * rule a long differential ends in a pregnancy of a man of 72.
 *
 * In manifest.json a concept of the vocabulary says of whom it was recorded:
 *
 *     {"key": "...", "ages": [15, 55], "sexes": ["female"],
 *      "once": true, ...}
 *
 * ages: from the first year of life given up to, not including, the second;
 *     multiples of five, wider than what was seen (trainer/dataset/whom.h says
 *     how).  A concept without them was recorded of too few to say, and is not
 *     named.
 * sexes: as in FHIR's administrative gender; a concept without them may be
 *     named for everybody.
 * once: hardly anybody had it recorded again at another time, as with a chronic
 *     disease; it is not named for who has it on record.  False when not said.
 *
 * What is not known of a patient, or neither female nor male, rules nothing
 * out.
 *
 * Thread-safety: immutable (functions of their arguments). */
#ifndef RUNTIME_PLAUSIBLE_H
#define RUNTIME_PLAUSIBLE_H

#include "base/json.h"

#include <stdint.h>

enum { RT_FEMALE = 1, RT_MALE = 2 };

/* Of whom a concept was recorded. */
struct rt_whom {
    uint16_t age_from, age_to; /* years; age_to 0: too few to say */
    uint8_t sexes;             /* bits above; 0: everybody */
    bool once;
};

/* RT_FEMALE of "female", RT_MALE of "male", 0 of everything else. */
uint8_t rt_sex(struct an_str code);

/* Members "ages", "sexes" and "once" of a concept.  False when they are there,
 * but are no such thing. */
bool rt_whom_read(const struct an_json *concept, struct rt_whom *w);

/* age_years NAN and sex 0 are not known; `has`: it is on the record. */
bool rt_plausible(const struct rt_whom *w, double age_years, uint8_t sex,
                  bool has);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/facts.h"

#include <string.h>

bool adv_event_counts(const struct ctx_event *e, struct an_time now)
{
    return e->effective.precision != AN_TIME_NONE &&
           e->effective.us <= now.us && !ctx_event_withdrawn(e) &&
           e->status != CTX_STATUS_PLANNED;
}

/* FHIR administrative-gender and HL7 table 0001; anything else is unknown. */
static enum adv_sex sex_of(struct an_str code)
{
    if (an_str_eq_nocase(code, AN_STR("female")) ||
        an_str_eq_nocase(code, AN_STR("F")))
        return ADV_SEX_FEMALE;
    if (an_str_eq_nocase(code, AN_STR("male")) ||
        an_str_eq_nocase(code, AN_STR("M")))
        return ADV_SEX_MALE;
    return ADV_SEX_UNKNOWN;
}

static void read_sex(const struct ctx_event *e, struct adv_facts *f)
{
    enum adv_sex sex = sex_of(e->value.code.code);

    if (sex == ADV_SEX_UNKNOWN)
        sex = sex_of(e->concept.code);
    f->sex = (uint8_t)sex;
    f->sex_event = e;
}

static void read_sets(const struct ctx_event *e, struct adv_facts *f)
{
    static const uint32_t measured =
        ADV_SET(CREATININE) | ADV_SET(BODY_WEIGHT) | ADV_SET(BODY_HEIGHT);
    uint32_t sets = adv_sets_of(e);

    /* A working diagnosis is none yet. */
    if (e->kind == CTX_CONDITION && e->status == CTX_STATUS_PRELIMINARY)
        return;
    if (e->kind == CTX_OBSERVATION)
        sets &= e->value.kind == CTX_VALUE_QUANTITY ? measured : 0;
    else
        sets &= ~measured;
    f->sets |= sets;
    for (unsigned i = 0; sets; i++, sets >>= 1) {
        if (!(sets & 1))
            continue;
        if (f->first[i] == NULL)
            f->first[i] = e;
        f->last[i] = e;
    }
}

void adv_facts_read(const struct ctx_timeline *t, struct an_time now,
                    struct adv_facts *f)
{
    memset(f, 0, sizeof(*f));
    f->now = now;
    for (size_t i = 0; i < t->n_events; i++) {
        const struct ctx_event *e = t->event[i];

        /* Sex has no moment of its own; the rest must have happened. */
        if (e->kind == CTX_SEX && !ctx_event_withdrawn(e)) {
            read_sex(e, f);
            continue;
        }
        if (!adv_event_counts(e, now))
            continue;
        if (e->kind == CTX_BIRTH)
            f->birth = e;
        else if (e->kind == CTX_DEATH)
            f->death = e;
        else if (e->kind == CTX_CONDITION || e->kind == CTX_OBSERVATION)
            read_sets(e, f);
    }
    if (f->birth && f->birth->effective.precision >= AN_TIME_DAY) {
        f->has_age = true;
        f->age_years = an_age_years(f->birth->effective, now);
    }
}

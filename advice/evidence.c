/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence sentences: the data point, its date and value, and which way it
 * moved the estimate. */
#include "advice/make_int.h"

#include <math.h>

/* The newest event of a group speaks for it. */
static const struct ctx_event *newest(const struct ctx_influence *group)
{
    const struct ctx_event *e = NULL;

    for (size_t i = 0; i < group->n_events; i++)
        if (e == NULL || group->event[i]->effective.us >= e->effective.us)
            e = group->event[i];
    return e;
}

/* How often the group has what it is said by. */
static size_t times(const struct ctx_influence *group,
                    const struct ctx_event *said)
{
    size_t n = 0;

    for (size_t i = 0; i < group->n_events; i++)
        if (group->event[i]->kind == said->kind &&
            an_str_eq(group->event[i]->concept.code, said->concept.code))
            n++;
    return n;
}

static struct an_str sex_select(const struct adv_make *m)
{
    return m->facts.sex == ADV_SEX_FEMALE ? AN_STR("female")
           : m->facts.sex == ADV_SEX_MALE ? AN_STR("male")
                                          : AN_STR("other");
}

static struct an_str sentence(struct adv_make *m, const struct ctx_event *e,
                              size_t n_events, int direction)
{
    enum adv_position position = adv_event_position(e);
    struct adv_args args = {
        .text = {[4] = direction > 0   ? AN_STR("up")
                       : direction < 0 ? AN_STR("down")
                                       : AN_STR("other")},
        .number = {(double)n_events},
    };
    enum adv_say key = ADV_SAY_EVIDENCE_RECORD;

    if (e->kind == CTX_BIRTH && m->facts.has_age) {
        args.number[0] = m->facts.age_years;
        return adv_say(&m->words, ADV_SAY_EVIDENCE_AGE, &args);
    }
    if (e->kind == CTX_SEX) {
        args.text[0] = sex_select(m);
        return adv_say(&m->words, ADV_SAY_EVIDENCE_SEX, &args);
    }
    args.text[0] = adv_event_name(m, e);
    args.text[1] =
        e->kind == CTX_OBSERVATION ? adv_event_value(m, e) : AN_STR("");
    args.text[2] = adv_event_date(m, e);
    args.text[3] = adv_event_range(m, e);
    if (args.text[1].n == 0)
        key = n_events > 1 ? ADV_SAY_EVIDENCE_RECORDS : key;
    else if (args.text[3].n == 0 || position == ADV_POSITION_UNKNOWN)
        key = ADV_SAY_EVIDENCE_VALUE;
    else
        key = position == ADV_POSITION_ABOVE   ? ADV_SAY_EVIDENCE_ABOVE
              : position == ADV_POSITION_BELOW ? ADV_SAY_EVIDENCE_BELOW
                                               : ADV_SAY_EVIDENCE_INSIDE;
    return adv_say(&m->words, key, &args);
}

void adv_evidence_of_risk(struct adv_make *m, const struct ctx_risk *risk,
                          struct ctx_suggestion *s)
{
    struct ctx_evidence *out = adv_make_get(m, ADV_MAX_EVIDENCE, sizeof(*out));
    double all = 0;

    if (out == NULL)
        return;
    s->evidence = out;
    for (size_t i = 0; i < risk->n_influences; i++)
        all += fabs(risk->influence[i].log_hazard);
    for (size_t i = 0;
         i < risk->n_influences && s->n_evidence < ADV_MAX_EVIDENCE; i++) {
        const struct ctx_influence *group = &risk->influence[i];
        const struct ctx_event *e = newest(group);
        int direction = group->log_hazard > 0   ? 1
                        : group->log_hazard < 0 ? -1
                                                : 0;

        /* What moved nothing is no evidence. */
        if (e == NULL || direction == 0 || !isfinite(group->log_hazard))
            continue;
        out[s->n_evidence++] = (struct ctx_evidence){
            .event = e,
            .sentence = sentence(m, e, times(group, e), direction),
            .weight = fabs(group->log_hazard) / all,
            .direction = (int8_t)direction,
        };
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/outcome.h"

static bool is_fact(const struct ctx_event *e)
{
    return !ctx_event_withdrawn(e) && e->status != CTX_STATUS_PLANNED &&
           e->status != CTX_STATUS_PRELIMINARY &&
           e->effective.precision != AN_TIME_NONE;
}

static bool has_code(struct adv_codes codes, const struct ctx_event *e)
{
    return codes.n_rules == 0 ||
           adv_event_matches(codes.rule, codes.n_rules, e);
}

struct an_str adv_outcome_title(const struct adv_outcome *o,
                                struct an_str language)
{
    for (size_t i = 0; i < o->n_titles; i++) {
        struct an_str known = o->title[i].language;

        if (an_str_eq(an_str_sub(language, 0, known.n), known) &&
            (language.n == known.n || language.p[known.n] == '-'))
            return o->title[i].text;
    }
    return o->title[0].text;
}

bool adv_outcome_is(const struct adv_outcome *o, const struct ctx_event *e)
{
    return e->kind < CTX_N_KINDS && (o->kinds & (UINT32_C(1) << e->kind)) &&
           is_fact(e) && has_code(o->codes, e);
}

bool adv_outcome_starts(const struct adv_outcome *o, const struct ctx_event *e)
{
    return o->start == ADV_START_DISCHARGE && e->kind == CTX_DISCHARGE &&
           is_fact(e) && has_code(o->from, e);
}

bool adv_outcome_excludes(const struct adv_outcome *o,
                          const struct ctx_event *e)
{
    if (o->once && adv_outcome_is(o, e))
        return true;
    return o->exclude.n_rules && e->kind == CTX_CONDITION && is_fact(e) &&
           has_code(o->exclude, e);
}

enum ctx_abstention adv_outcome_ask(const struct adv_outcome *o,
                                    const struct ctx_timeline *t, int64_t at_us,
                                    int64_t *from_us)
{
    int64_t longest_us =
        (int64_t)o->horizon_days[o->n_horizons - 1] * AN_US_PER_DAY;
    const struct ctx_event *start = NULL;

    *from_us = at_us;
    for (size_t i = 0; i < t->n_events; i++) {
        const struct ctx_event *e = t->event[i];

        if (e->effective.us > at_us)
            continue;
        if ((e->kind == CTX_DEATH && is_fact(e)) || adv_outcome_excludes(o, e))
            return CTX_ABSTAIN_NOT_AT_RISK;
        if (adv_outcome_starts(o, e))
            start = e;
    }
    if (o->start == ADV_START_NOW)
        return CTX_ABSTAIN_NONE;
    if (start == NULL || start->effective.us < at_us - longest_us)
        return CTX_ABSTAIN_NO_INDEX;
    *from_us = start->effective.us;
    return CTX_ABSTAIN_NONE;
}

struct adv_after adv_outcome_after(const struct adv_outcome *o,
                                   const struct ctx_timeline *t,
                                   int64_t from_us)
{
    int64_t counts_us = from_us + (int64_t)o->gap_days * AN_US_PER_DAY;
    struct adv_after after = {NULL, NULL};

    for (size_t i = 0; i < t->n_events; i++) {
        const struct ctx_event *e = t->event[i];

        if (e->effective.us <= from_us)
            continue;
        if (after.death == NULL && e->kind == CTX_DEATH && is_fact(e))
            after.death = e;
        if (after.event == NULL && e->effective.us > counts_us &&
            adv_outcome_is(o, e))
            after.event = e;
    }
    return after;
}

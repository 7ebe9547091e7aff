/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/futures.h"

#include "runtime/encode.h"
#include "trainer/random.h"

#include <math.h>

/* A row as the event that it was made of, as far as outcomes look. */
static bool is_event(const struct adv_outcome *o, unsigned kind,
                     struct an_str system, struct an_str code)
{
    const struct ctx_event e = {.kind = (uint8_t)kind,
                                .status = CTX_STATUS_FINAL,
                                .effective = {.precision = AN_TIME_SECOND},
                                .concept = {.system = system, .code = code}};

    return adv_outcome_is(o, &e);
}

/* "encounter|admission-IMP"; the class is one of ActCode's. */
static bool is_encounter(const struct adv_outcome *o, struct an_str code)
{
    static const struct {
        const char *name;
        unsigned kind;
    } kinds[] = {{"admission-", CTX_ADMISSION},
                 {"transfer-", CTX_TRANSFER},
                 {"discharge-", CTX_DISCHARGE}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct an_str name = an_str_c(kinds[i].name);

        if (an_str_starts(code, name))
            return is_event(
                o, kinds[i].kind,
                AN_STR("http://terminology.hl7.org/CodeSystem/v3-ActCode"),
                an_str_sub(code, name.n, code.n));
    }
    return false;
}

static bool is_row(const struct adv_outcome *o, const struct rt_vocabulary *v,
                   const struct rt_concept *row)
{
    struct an_str code = row->key, system;

    if (!an_str_cut(&code, '|', &system) || an_str_eq(system, AN_STR("kind")))
        return false;
    if (an_str_eq(system, AN_STR("encounter")))
        return is_encounter(o, code);
    for (unsigned kind = 0; kind < CTX_N_KINDS; kind++) {
        const struct ctx_event e = {.kind = (uint8_t)kind};
        const struct an_str key = rt_kind_key(&e);

        for (int i = 0; i < RT_MAX_PARENTS && key.n; i++)
            if (row->parent[i] >= 0 &&
                an_str_eq(v->concept[row->parent[i]].key, key) &&
                is_event(o, kind, system, code))
                return true;
    }
    return false;
}

size_t tr_outcome_rows(const struct adv_outcome *o,
                       const struct rt_vocabulary *v, uint8_t *set_v)
{
    size_t n = 0;

    for (size_t i = 0; i < v->n_targets; i++) {
        set_v[i] = is_row(o, v, &v->concept[i]);
        n += set_v[i];
    }
    return n;
}

/* The day by which so much hazard has added up. */
static double day_of(const struct rt_shape *s, const float *log_hazard_j,
                     double burden)
{
    for (int j = 0;; j++) {
        const double from = (double)s->bin_edge_days[j];
        const double hazard = exp((double)log_hazard_j[j]);

        if (j == s->bins - 1)
            return from + burden / hazard;
        if (burden <= hazard * ((double)s->bin_edge_days[j + 1] - from))
            return from + burden / hazard;
        burden -= hazard * ((double)s->bin_edge_days[j + 1] - from);
    }
}

void tr_futures_die(const struct rt_shape *s, const float *log_hazard_kj,
                    int death, const struct rt_rollout_how *how,
                    struct rt_future *future,
                    const struct rt_future_event *event, size_t n)
{
    const uint64_t key = tr_key(how->seed, TR_DRAW_DEATHS);

    for (size_t i = 0; i < n; i++) {
        const double u = tr_draw_uniform(key, how->first + i);
        const double day =
            day_of(s, log_hazard_kj + death * s->bins, -log(1 - u));
        struct rt_future *f = &future[i];

        if (day > f->end_days)
            continue;
        f->end = RT_FUTURE_STOPPED;
        f->end_days = day;
        while (f->n_events > 0 &&
               event[i * how->max_events + f->n_events - 1].after_days > day)
            f->n_events--;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/labels.h"

#include "trainer/random.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_DAY 86400e6

static bool once_within(const struct adv_outcome *o,
                        const struct ctx_timeline *t, int64_t from_us,
                        int64_t to_us)
{
    for (size_t i = 0; i < t->n_events; i++) {
        const struct ctx_event *e = t->event[i];

        if (e->effective.us > from_us && e->effective.us <= to_us &&
            adv_outcome_is(o, e))
            return true;
    }
    return false;
}

struct tr_follow_up tr_label_one(const struct adv_outcome *o,
                                 const struct ctx_timeline *t, int64_t at_us,
                                 int64_t end_us)
{
    const struct tr_follow_up not_at_risk = {0, 0, 0};
    const int64_t gap_us = at_us + (int64_t)o->gap_days * AN_US_PER_DAY;
    struct tr_follow_up f = not_at_risk;
    struct adv_after after;
    int64_t from_us, to_us = end_us;

    if (adv_outcome_ask(o, t, at_us, &from_us) != CTX_ABSTAIN_NONE ||
        (o->start == ADV_START_DISCHARGE && at_us - from_us > AN_US_PER_DAY) ||
        (o->once && once_within(o, t, at_us, gap_us)))
        return not_at_risk;
    after = adv_outcome_after(o, t, at_us);
    if (after.death && after.death->effective.us < to_us) {
        to_us = after.death->effective.us;
        f.event = o->death_counts && to_us > gap_us;
    }
    if (after.event && after.event->effective.us <= to_us) {
        to_us = after.event->effective.us;
        f.event = 1;
    }
    if (to_us <= gap_us)
        return not_at_risk;
    f.from_days = (float)o->gap_days;
    f.to_days = (float)((double)(to_us - at_us) / US_PER_DAY);
    if (f.to_days <= f.from_days) /* less than a float can tell apart */
        return not_at_risk;
    return f;
}

/* When a position became known; INT64_MIN for one that says nothing. */
static int64_t position_us(const struct rt_encoded *e, size_t at)
{
    const struct rt_position *p = &e->history.position[at];
    const struct ctx_event *last;

    if (p->n_items == 0)
        return INT64_MIN;
    last = e->event[p->first_item + p->n_items - 1];
    return last->kind == CTX_SEX ? INT64_MIN : rt_known_us(last);
}

/* Whether the record, as of the moment, read just as it reads now. */
static enum an_code was_known(struct an_arena *scratch,
                              const struct tr_label_how *how,
                              const struct ctx_event *all, size_t n_all,
                              const struct rt_encoded *e, size_t at, bool *same,
                              struct an_err *err)
{
    const struct rt_position *last = &e->history.position[at];
    const size_t n_items = last->first_item + last->n_items;
    const int64_t at_us = position_us(e, at);
    struct ctx_timeline then;
    struct rt_encoded was;
    enum an_code code;

    an_arena_reset(scratch);
    code = ctx_timeline_build(scratch, all, n_all, at_us, &then, err);
    if (code == AN_OK)
        code = rt_encode(scratch, how->vocabulary, &then, at_us, &was, err);
    if (code != AN_OK)
        return code;
    *same = was.history.n_positions == at + 1 &&
            was.history.n_items == n_items &&
            memcmp(was.history.position, e->history.position,
                   (at + 1) * sizeof(*last)) == 0 &&
            memcmp(was.history.item, e->history.item,
                   n_items * sizeof(struct rt_item)) == 0;
    return AN_OK;
}

struct candidate {
    uint64_t draw;
    uint32_t position;
    bool at_discharge;
};

/* Discharges first, then by lot. */
static int lot_cmp(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->at_discharge != y->at_discharge)
        return x->at_discharge ? -1 : 1;
    if (x->draw != y->draw)
        return x->draw < y->draw ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

static int position_cmp(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    return (x->position > y->position) - (x->position < y->position);
}

/* The answers at a position; false when there is none. */
static bool answer(const struct tr_label_how *how, const struct ctx_timeline *t,
                   int64_t at_us, struct tr_follow_up *f, bool *at_discharge)
{
    bool any = false;

    *at_discharge = false;
    for (size_t k = 0; k < how->outcomes->n; k++) {
        const struct adv_outcome *o = &how->outcomes->outcome[k];

        f[k] = tr_label_one(o, t, at_us, how->end_us);
        any |= f[k].to_days > 0;
        *at_discharge |= o->start == ADV_START_DISCHARGE && f[k].to_days > 0;
    }
    return any;
}

static size_t candidates(const struct tr_label_how *how,
                         const struct ctx_timeline *t,
                         const struct rt_encoded *e, struct tr_follow_up *f,
                         struct candidate *out)
{
    size_t n = 0;

    for (size_t i = 0; i < e->history.n_positions; i++) {
        const int64_t at_us = position_us(e, i);
        bool at_discharge;

        if (at_us < how->from_us || at_us >= how->end_us ||
            !answer(how, t, at_us, f, &at_discharge))
            continue;
        out[n++] =
            (struct candidate){tr_draw(how->key, i), (uint32_t)i, at_discharge};
    }
    return n;
}

enum an_code tr_labels_make(struct an_arena *arena, struct an_arena *scratch,
                            const struct tr_label_how *how,
                            const struct ctx_event *all, size_t n_all,
                            const struct ctx_timeline *t,
                            const struct rt_encoded *e, struct tr_labels *out,
                            struct an_err *err)
{
    const size_t n_positions = e->history.n_positions, k = how->outcomes->n;
    struct candidate *lot = an_arena_get(arena, n_positions, sizeof(*lot));
    struct tr_follow_up *f = an_arena_get(arena, k, sizeof(*f));
    struct tr_query *query;
    size_t n, n_now = 0, kept = 0;

    *out = (struct tr_labels){.n_queries = 0};
    if (lot == NULL || f == NULL)
        return an_fail_nomem(err);
    n = candidates(how, t, e, f, lot);
    qsort(lot, n, sizeof(*lot), lot_cmp);
    for (size_t i = 0; i < n; i++) {
        bool same;
        enum an_code code;

        if (!lot[i].at_discharge && n_now == how->max_asked)
            break;
        code =
            was_known(scratch, how, all, n_all, e, lot[i].position, &same, err);
        if (code != AN_OK)
            return code;
        out->n_corrected += !same;
        n_now += same && !lot[i].at_discharge;
        if (same)
            lot[kept++] = lot[i];
    }
    qsort(lot, kept, sizeof(*lot), position_cmp);
    query = an_arena_get(arena, kept, sizeof(*query));
    f = an_arena_get(arena, kept * k, sizeof(*f));
    if (query == NULL || f == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < kept; i++) {
        bool unused;

        query[i] = (struct tr_query){lot[i].position, 1};
        (void)answer(how, t, position_us(e, lot[i].position), f + i * k,
                     &unused);
    }
    out->query = query;
    out->follow_up = f;
    out->n_queries = kept;
    return AN_OK;
}

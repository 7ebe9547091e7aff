/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/rollout.h"

#include "base/random.h"
#include "runtime/rollout_int.h"

#include <math.h>
#include <string.h>

static size_t size_of(int32_t v)
{
    return (size_t)v;
}

static void *get(struct an_arena *arena, bool *all, size_t n, size_t size)
{
    void *p = an_arena_get(arena, n, size);

    *all &= p != NULL;
    return p;
}

static bool is_room(const struct rt_shape *s, const struct rt_rollout *r)
{
    return r->max_positions > 0 && r->max_positions <= size_of(s->positions) &&
           r->batch > 0 && r->batch <= RT_MAX_FUTURES && r->max_events > 0 &&
           r->max_events <= RT_MAX_FUTURE_EVENTS;
}

enum an_code rt_rollout_init(struct rt_rollout *r, struct an_arena *arena,
                             const struct rt_shape *s, size_t positions,
                             size_t events, size_t batch, struct an_err *err)
{
    const size_t rows = batch < RT_LEAST_ROWS ? RT_LEAST_ROWS : batch;
    /* A row of attention looks at the history and at all of its own. */
    const size_t longest = positions + events;
    const size_t targets = size_of(s->targets);
    bool all = true;
    enum an_code code;

    *r = (struct rt_rollout){
        .max_positions = positions, .max_events = events, .batch = batch};
    if (!is_room(s, r))
        return an_fail(err, AN_LIMIT, "no such room for futures", 0);
    code = rt_workspace_init(&r->ws, arena, s, rows > longest ? rows : longest,
                             rows, err);
    if (code == AN_OK)
        code = rt_past_init(&r->past, arena, s, positions, err);
    if (code != AN_OK)
        return code;
    r->position = get(arena, &all, batch, sizeof(*r->position));
    r->item = get(arena, &all, batch, sizeof(*r->item));
    r->one_position = get(arena, &all, rows, sizeof(*r->one_position));
    r->one_item = get(arena, &all, rows, sizeof(*r->one_item));
    r->own = get(arena, &all, batch, sizeof(*r->own));
    r->has_bv = get(arena, &all, batch, targets);
    r->stay = get(arena, &all, batch, sizeof(*r->stay));
    r->live = get(arena, &all, batch, sizeof(*r->live));
    r->first_rate_v = get(arena, &all, targets, sizeof(float));
    r->share_v = get(arena, &all, targets, sizeof(double));
    r->has_v = get(arena, &all, targets, 1);
    if (!all)
        return an_fail_nomem(err);
    for (size_t i = 0; i < batch && code == AN_OK; i++)
        code = rt_past_init(&r->own[i], arena, s, events, err);
    return code;
}

/* ---- one call ------------------------------------------------------------- */

struct call {
    struct rt_rollout *r;
    const struct rt_model *m;
    const struct rt_history *h;
    const struct rt_rollout_how *how;
    struct rt_stay start; /* where the history ends */
    bool over;            /* it has the concept that nothing follows */
};

/* As runtime/encode.c follows stays: a position is counted from the admission
 * before it, and what it holds counts for the next. */
static void note_stay(struct rt_stay *at, const struct rt_concept *concept)
{
    static const char *const bed[] = {"encounter|admission-IMP",
                                      "encounter|admission-ACUTE",
                                      "encounter|admission-EMER"};

    for (size_t i = 0; i < sizeof(bed) / sizeof(bed[0]); i++)
        if (an_str_eq(concept->key, an_str_c(bed[i]))) {
            at->admitted = true;
            at->admitted_day = at->day;
        }
    if (an_str_starts(concept->key, AN_STR("encounter|discharge-")))
        at->admitted = false;
}

static void read_history(struct call *c)
{
    const struct rt_history *h = c->h;
    const struct rt_position *last = &h->position[h->n_positions - 1];

    memset(c->r->has_v, 0, size_of(c->m->shape.targets));
    for (size_t i = 0; i < h->n_items; i++)
        if (h->item[i].concept >= 0 && h->item[i].concept < c->m->shape.targets)
            c->r->has_v[h->item[i].concept] = 1;
    c->over = c->how->stop >= 0 && c->r->has_v[c->how->stop];
    c->start =
        (struct rt_stay){.admitted = last->since_admission_days >= 0,
                         .admitted_day = -(double)last->since_admission_days};
    for (uint32_t i = 0; i < last->n_items && c->how->concept; i++)
        if (h->item[last->first_item + i].concept >= 0)
            note_stay(&c->start,
                      &c->how->concept[h->item[last->first_item + i].concept]);
}

static bool can_come(const struct call *c, const uint8_t *has_v, int v)
{
    const struct rt_rollout_how *how = c->how;

    if (how->ignore_v && how->ignore_v[v])
        return false;
    return !has_v[v] ||
           !(how->no_repeat || (how->concept && how->concept[v].whom.once));
}

/* The next event: how long it takes, and what it is; RT_NO_ROW when nothing
 * can come any more. */
static int32_t draw(const struct call *c, size_t place, const float *log_rate_v,
                    uint64_t key, uint64_t step, double *wait)
{
    const uint8_t *has_v = c->r->has_bv + place * size_of(c->m->shape.targets);
    /* Above 0. */
    const double u = an_random_uniform(key, 2 * step) + 0x1p-54;
    double *share_v = c->r->share_v, top = -(double)INFINITY, sum = 0, left;
    int32_t concept = RT_NO_ROW;

    for (int v = 0; v < c->m->shape.targets; v++) {
        share_v[v] =
            can_come(c, has_v, v) ? (double)log_rate_v[v] : -(double)INFINITY;
        top = fmax(top, share_v[v]);
    }
    if (!isfinite(top))
        return RT_NO_ROW;
    for (int v = 0; v < c->m->shape.targets; v++)
        sum += share_v[v] = exp(share_v[v] - top);
    *wait = -log(u) * (exp(-top) / sum + c->how->t_min_days);
    left = an_random_uniform(key, 2 * step + 1) * sum;
    for (int v = 0; v < c->m->shape.targets; v++) {
        if (!(share_v[v] > 0))
            continue;
        concept = v; /* the last that can come, should rounding pass it */
        left -= share_v[v];
        if (left < 0)
            break;
    }
    return concept;
}

/* The moment after the last; never the same, however short the wait. */
static double later(double day, double wait)
{
    return day + wait > day ? day + wait : nextafter(day, (double)INFINITY);
}

/* What the model reads next. */
static void append(const struct call *c, size_t place, int32_t concept,
                   double day)
{
    const struct rt_position *last = &c->h->position[c->h->n_positions - 1];
    struct rt_stay *at = &c->r->stay[place];
    struct rt_item *item = &c->r->item[place];
    const struct rt_concept *known =
        c->how->concept ? &c->how->concept[concept] : NULL;

    c->r->position[place] = (struct rt_position){
        .time_days = last->time_days + day,
        .age_days = (float)((double)last->age_days + day),
        .since_previous_days = (float)(day - at->day),
        .since_admission_days =
            at->admitted ? (float)(day - at->admitted_day) : -1,
        .n_items = 1};
    *item = (struct rt_item){.concept = concept, .value_row = RT_NO_ROW};
    for (int i = 0; i < RT_MAX_PARENTS; i++)
        item->parent[i] =
            known && !c->how->no_parents ? known->parent[i] : RT_NO_ROW;
    at->day = day;
    if (known)
        note_stay(at, known);
}

static bool end(struct rt_future *f, enum rt_future_end how, double day)
{
    f->end = how;
    f->end_days = day;
    return false;
}

/* One event more; false when the future ends. */
static bool go_on(const struct call *c, size_t place, const float *log_rate_v,
                  uint64_t key, struct rt_future *f,
                  struct rt_future_event *event)
{
    const struct rt_rollout_how *how = c->how;
    double wait = 0, day;
    const int32_t concept = draw(c, place, log_rate_v, key, f->n_events, &wait);

    if (concept == RT_NO_ROW)
        return end(f, RT_FUTURE_HORIZON, how->horizon_days);
    day = later(c->r->stay[place].day, wait);
    if (!(day <= how->horizon_days))
        return end(f, RT_FUTURE_HORIZON, how->horizon_days);
    event[f->n_events++] = (struct rt_future_event){day, concept};
    c->r->has_bv[place * size_of(c->m->shape.targets) + size_of(concept)] = 1;
    if (concept == how->stop)
        return end(f, RT_FUTURE_STOPPED, day);
    if (f->n_events == how->max_events)
        return end(f, RT_FUTURE_CUT_EVENTS, day);
    if (c->h->n_positions + f->n_events > size_of(c->m->shape.positions))
        return end(f, RT_FUTURE_CUT_POSITIONS, day);
    append(c, place, concept, day);
    return true;
}

/* `n` futures at once, which is at most the batch. */
static enum an_code run(const struct call *c, uint64_t first, size_t n,
                        struct rt_future *future, struct rt_future_event *event,
                        struct an_err *err)
{
    struct rt_rollout *r = c->r;
    const size_t targets = size_of(c->m->shape.targets);
    const uint64_t key = c->how->seed;
    size_t n_live = 0;

    for (size_t i = 0; i < n; i++) {
        future[i] = (struct rt_future){.end = RT_FUTURE_STOPPED};
        r->stay[i] = c->start;
        memcpy(r->has_bv + i * targets, r->has_v, targets);
        if (!c->over &&
            go_on(c, i, r->first_rate_v, an_random_key(key, first + i),
                  &future[i], event + i * c->how->max_events))
            r->live[n_live++] = i;
    }
    while (n_live > 0) {
        enum an_code code = rt_rollout_step(r, c->m, n_live, err);
        size_t kept = 0;

        if (code != AN_OK)
            return code;
        for (size_t i = 0; i < n_live; i++) {
            const size_t place = r->live[i];

            if (go_on(c, place, r->ws.log_rate_qv + i * targets,
                      an_random_key(key, first + place), &future[place],
                      event + place * c->how->max_events))
                r->live[kept++] = place;
        }
        n_live = kept;
    }
    return AN_OK;
}

static enum an_code check(const struct rt_rollout *r, const struct rt_model *m,
                          const struct rt_history *h,
                          const struct rt_rollout_how *how, size_t n,
                          struct an_err *err)
{
    if (h->n_positions == 0)
        return an_fail(err, AN_MISSING, "a history is empty", 0);
    if (h->n_positions > r->max_positions)
        return an_fail(err, AN_LIMIT, "a history is longer than there is room",
                       0);
    if (how->max_events == 0 || how->max_events > r->max_events ||
        n > RT_MAX_FUTURES)
        return an_fail(err, AN_LIMIT, "no room for so many events or futures",
                       0);
    if (!(how->horizon_days > 0) || !isfinite(how->horizon_days))
        return an_fail(err, AN_CONFIG, "a horizon is no number of days", 0);
    if (!(how->t_min_days >= 0) || !isfinite(how->t_min_days))
        return an_fail(err, AN_CONFIG, "t_min is no number of days", 0);
    if (how->stop < RT_NO_ROW || how->stop >= m->shape.targets)
        return an_fail(err, AN_CONFIG, "what stops is not predicted", 0);
    return AN_OK;
}

enum an_code rt_rollout(struct rt_rollout *r, const struct rt_model *m,
                        const struct rt_history *h,
                        const struct rt_rollout_how *how, size_t n,
                        struct rt_future *future, struct rt_future_event *event,
                        struct an_err *err)
{
    struct call c = {.r = r, .m = m, .h = h, .how = how};
    const struct rt_query query = {(uint32_t)(h->n_positions - 1), NULL};
    const struct rt_ask ask = {h, &query, 1};
    enum an_code code = check(r, m, h, how, n, err);

    if (code == AN_OK)
        code = rt_forward_keep(m, &r->ws, &r->past, &ask, RT_WANT_RATES, err);
    if (code != AN_OK)
        return code;
    memcpy(r->first_rate_v, r->ws.log_rate_qv,
           size_of(m->shape.targets) * sizeof(float));
    read_history(&c);
    for (size_t i = 0; i < n && code == AN_OK; i += r->batch) {
        const size_t some = n - i < r->batch ? n - i : r->batch;

        code = run(&c, how->first + i, some, future + i,
                   event + i * how->max_events, err);
    }
    return code;
}

/* ---- what they say --------------------------------------------------------- */

void rt_wilson(size_t with, size_t n, double *low, double *high)
{
    const double z = 1.959963984540054, z2 = z * z;
    const double count = (double)n, p = (double)with / count;
    const double middle = (p + z2 / (2 * count)) / (1 + z2 / count);
    const double half = z / (1 + z2 / count) *
                        sqrt(p * (1 - p) / count + z2 / (4 * count * count));

    *low = n && with ? fmax(middle - half, 0) : 0;
    *high = n && with < n ? fmin(middle + half, 1) : 1;
}

void rt_futures_share(const struct rt_future *future,
                      const struct rt_future_event *event, size_t n,
                      size_t max_events, const uint8_t *set_v, double by_days,
                      struct rt_share *share)
{
    *share = (struct rt_share){.n = n};
    for (size_t i = 0; i < n; i++) {
        const struct rt_future_event *e = event + i * max_events;
        const bool cut = future[i].end == RT_FUTURE_CUT_EVENTS ||
                         future[i].end == RT_FUTURE_CUT_POSITIONS;
        bool with = false;

        for (uint32_t k = 0; k < future[i].n_events && !with; k++)
            with = e[k].after_days <= by_days && set_v[e[k].concept];
        share->n_with += with;
        share->n_unknown += !with && cut && future[i].end_days < by_days;
    }
    share->p = n ? (double)share->n_with / (double)n : 0;
    rt_wilson(share->n_with, n, &share->low, &share->high);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "context/timeline.h"

#include "base/sort.h"

#include <string.h>

static int i64_cmp(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int time_cmp(struct an_time a, struct an_time b)
{
    int r = (a.precision != AN_TIME_NONE) - (b.precision != AN_TIME_NONE);

    if (r || a.precision == AN_TIME_NONE)
        return r;
    if ((r = i64_cmp(a.us, b.us)) || (r = a.precision - b.precision) ||
        (r = a.offset_min - b.offset_min))
        return r;
    return a.assumed - b.assumed;
}

static int code_cmp(const struct ctx_code *a, const struct ctx_code *b)
{
    int r;

    if ((r = an_str_cmp(a->system, b->system)) ||
        (r = an_str_cmp(a->code, b->code)))
        return r;
    return an_str_cmp(a->display, b->display);
}

/* Any order will do, as long as it is total: bits, since NaN is in no order. */
static int number_cmp(double a, double b)
{
    uint64_t x, y;

    memcpy(&x, &a, sizeof(x));
    memcpy(&y, &b, sizeof(y));
    return (x > y) - (x < y);
}

static int value_cmp(const struct ctx_value *a, const struct ctx_value *b)
{
    int r;

    if ((r = a->kind - b->kind) || (r = an_str_cmp(a->literal, b->literal)) ||
        (r = number_cmp(a->number, b->number)) ||
        (r = an_str_cmp(a->comparator, b->comparator)) ||
        (r = an_str_cmp(a->unit, b->unit)) ||
        (r = code_cmp(&a->code, &b->code)))
        return r;
    return an_str_cmp(a->text, b->text);
}

/* Two events that tie here are the same in every field. */
static int rest_cmp(const struct ctx_event *a, const struct ctx_event *b)
{
    int r;

    if ((r = i64_cmp(a->said_us, b->said_us)) ||
        (r = i64_cmp(a->available_us, b->available_us)) ||
        (r = a->status - b->status) || (r = time_cmp(a->end, b->end)) ||
        (r = value_cmp(&a->value, &b->value)) ||
        (r = an_str_cmp(a->low, b->low)) ||
        (r = an_str_cmp(a->high, b->high)) ||
        (r = an_str_cmp(a->flag, b->flag)) ||
        (r = an_str_cmp(a->encounter, b->encounter)) ||
        (r = a->labels - b->labels) ||
        (r = (a->n_aliases > b->n_aliases) - (a->n_aliases < b->n_aliases)))
        return r;
    for (size_t i = 0; r == 0 && i < a->n_aliases; i++)
        r = code_cmp(&a->alias[i], &b->alias[i]);
    return r;
}

int ctx_event_cmp(const struct ctx_event *a, const struct ctx_event *b)
{
    int r;

    if ((r = time_cmp(a->effective, b->effective)) || (r = a->kind - b->kind) ||
        (r = code_cmp(&a->concept, &b->concept)) ||
        (r = an_str_cmp(a->fact, b->fact)) ||
        (r = an_str_cmp(a->place, b->place)) ||
        (r = an_str_cmp(a->message, b->message)))
        return r;
    return rest_cmp(a, b);
}

static int permits(const struct ctx_event *e)
{
    return e->kind == CTX_CONSENT &&
           an_str_eq(e->concept.code, AN_STR("permit"));
}

/* Of a consent's versions of one moment that counts which is no permit: which
 * of them was the last is not known. */
int ctx_version_cmp(const struct ctx_event *a, const struct ctx_event *b)
{
    int r;

    if ((r = i64_cmp(a->said_us, b->said_us)) ||
        (r = permits(b) - permits(a)) || (r = a->status - b->status) ||
        (r = an_str_cmp(a->message, b->message)))
        return r;
    return ctx_event_cmp(a, b);
}

/* Facts together, in any order (length first is fastest); of each fact the
 * version that counts stands last. */
static int by_version(const void *x, const void *y)
{
    const struct ctx_event *a = *(const struct ctx_event *const *)x;
    const struct ctx_event *b = *(const struct ctx_event *const *)y;
    int r = (a->fact.n > b->fact.n) - (a->fact.n < b->fact.n);

    if (r || (r = an_str_cmp(a->fact, b->fact)))
        return r;
    return ctx_version_cmp(a, b);
}

static int by_time(const void *x, const void *y)
{
    return ctx_event_cmp(*(const struct ctx_event *const *)x,
                         *(const struct ctx_event *const *)y);
}

/* One past the versions of the fact of e[from].  An empty fact is nobody
 * else's version. */
static size_t fact_end(const struct ctx_event *const *e, size_t n, size_t from)
{
    size_t end = from + 1;

    while (end < n && e[from]->fact.n && an_str_eq(e[end]->fact, e[from]->fact))
        end++;
    return end;
}

static bool is_known(const struct ctx_event *e, int64_t as_of_us)
{
    return e->available_us <= as_of_us && e->available_us != CTX_AS_OF_ALL;
}

static bool is_of(const struct ctx_event *e, const struct ctx_event *winner,
                  int64_t as_of_us)
{
    return is_known(e, as_of_us) && !ctx_event_withdrawn(e) &&
           an_str_eq(e->message, winner->message);
}

/* Of the versions e[from..end) of a fact the one that counts: the last that was
 * known; NULL when none was. */
static const struct ctx_event *winner_of(const struct ctx_event *const *e,
                                         size_t from, size_t end,
                                         int64_t as_of_us)
{
    while (end > from && !is_known(e[end - 1], as_of_us))
        end--;
    return end > from ? e[end - 1] : NULL;
}

/* What the versions e[from..end) of a fact say of how confidential it is, when
 * the last message does not: all that was said since somebody did. */
static unsigned labels_left(const struct ctx_event *const *e, size_t from,
                            size_t end)
{
    unsigned labels = 0;
    bool stated = false;

    for (size_t i = end; i > from; i--) {
        if (stated && !an_str_eq(e[i - 1]->message, e[i]->message))
            break;
        labels |= e[i - 1]->labels;
        stated |= (e[i - 1]->labels & CTX_LABEL_STATED) != 0;
    }
    return labels;
}

/* The event, or a copy of it that is as confidential as its fact. */
static const struct ctx_event *labelled(struct an_arena *arena,
                                        const struct ctx_event *e,
                                        unsigned labels)
{
    struct ctx_event *copy;

    labels |= e->labels;
    if (labels == e->labels)
        return e;
    copy = an_arena_get(arena, 1, sizeof(*copy));
    if (copy) {
        *copy = *e;
        copy->labels = (uint16_t)labels;
    }
    return copy;
}

/* Keep what counts at the front of e; false without memory.  What a fact was is
 * as of the moment; how confidential it is, as of all that is known: who looks
 * back may not see what has been closed since. */
static bool keep_winners(struct an_arena *arena, const struct ctx_event **e,
                         size_t *n_events, int64_t as_of_us, bool *copied)
{
    size_t kept = 0, n = *n_events;

    for (size_t from = 0, end; from < n; from = end) {
        const struct ctx_event *winner;
        unsigned labels = 0;

        end = fact_end(e, n, from);
        winner = winner_of(e, from, end, as_of_us);
        if (winner == NULL || ctx_event_withdrawn(winner))
            continue;
        if (end - from > 1)
            labels = labels_left(e, from, end);
        for (size_t i = from; i < end; i++)
            if (is_of(e[i], winner, as_of_us)) {
                const struct ctx_event *as = labelled(arena, e[i], labels);

                if (as == NULL)
                    return false;
                *copied |= as != e[i];
                e[kept++] = as;
            }
    }
    *n_events = kept;
    return true;
}

/* The same event filed under two identifiers of one patient counts once. */
static size_t drop_repeats(const struct ctx_event **e, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (kept == 0 || ctx_event_cmp(e[kept - 1], e[i]) != 0)
            e[kept++] = e[i];
    return kept;
}

enum an_code ctx_timeline_build(struct an_arena *arena,
                                const struct ctx_event *all, size_t n,
                                int64_t as_of_us, struct ctx_timeline *out,
                                struct an_err *err)
{
    const struct ctx_event **e = an_arena_get(arena, n, sizeof(*e));
    const struct ctx_event **scratch;
    struct an_mark mark = an_arena_mark(arena);
    size_t known = 0;
    bool copied = false;

    *out = (struct ctx_timeline){NULL, 0, as_of_us};
    if (e == NULL)
        return an_fail_nomem(err);
    scratch = an_arena_get(arena, n / 2 + 1, sizeof(*scratch));
    if (scratch == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        e[known++] = &all[i];
    an_sort(e, known, sizeof(*e), scratch, by_version);
    if (!keep_winners(arena, e, &known, as_of_us, &copied))
        return an_fail_nomem(err);
    an_sort(e, known, sizeof(*e), scratch, by_time);
    out->event = e;
    out->n_events = drop_repeats(e, known);
    if (!copied) /* they lie behind the scratch */
        an_arena_rewind(arena, mark);
    return AN_OK;
}

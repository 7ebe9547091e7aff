/* SPDX-License-Identifier: Apache-2.0 */
#include "context/agree.h"

struct an_str ctx_agree_sender(const struct ctx_event *e)
{
    struct an_str sender = e->fact, kind;

    (void)an_str_cut(&sender, '|', &kind);
    return sender.p ? sender : AN_STR("");
}

static bool is_unknown(const struct ctx_event *e)
{
    if (e->kind == CTX_BIRTH)
        return e->effective.precision == AN_TIME_NONE;
    return !an_str_eq(e->value.code.code, AN_STR("female")) &&
           !an_str_eq(e->value.code.code, AN_STR("male")) &&
           !an_str_eq(e->value.code.code, AN_STR("other"));
}

/* The local calendar day, month or year that was said, as the coarser of two
 * precisions has it: places of the offset do not matter for a birth date. */
static bool same_date(struct an_time a, struct an_time b)
{
    unsigned precision = a.precision < b.precision ? a.precision : b.precision;
    struct an_civil x = an_civil_from_us(a.us, a.offset_min);
    struct an_civil y = an_civil_from_us(b.us, b.offset_min);

    return x.year == y.year &&
           (precision < AN_TIME_MONTH || x.month == y.month) &&
           (precision < AN_TIME_DAY || x.day == y.day);
}

static bool agrees(const struct ctx_event *a, const struct ctx_event *b)
{
    if (is_unknown(a) || is_unknown(b))
        return true;
    if (a->kind == CTX_BIRTH)
        return same_date(a->effective, b->effective);
    return an_str_eq(a->value.code.code, b->value.code.code);
}

static size_t rank(const struct ctx_event *e, const struct an_str *trusted,
                   size_t n)
{
    struct an_str sender = ctx_agree_sender(e);
    size_t i = 0;

    while (i < n && !an_str_eq(trusted[i], sender))
        i++;
    return i;
}

/* Which of two counts more. */
static bool is_better(const struct ctx_event *a, const struct ctx_event *b,
                      const struct an_str *trusted, size_t n)
{
    size_t x = rank(a, trusted, n), y = rank(b, trusted, n);

    if (is_unknown(a) != is_unknown(b))
        return is_unknown(b);
    if (x != y)
        return x < y;
    if (a->said_us != b->said_us)
        return a->said_us > b->said_us;
    return an_str_cmp(a->fact, b->fact) > 0;
}

/* Of before facts named who says so: a message that is not read again. */
static bool is_unnamed(const struct ctx_event *e)
{
    struct an_str sender = e->fact, kind;

    (void)an_str_cut(&sender, '|', &kind);
    return sender.p == NULL;
}

/* Where somebody named says it, too, that counts: he may be the same. */
static bool is_passed_over(const struct ctx_timeline *t,
                           const struct ctx_event *e)
{
    if (!is_unnamed(e))
        return false;
    for (size_t i = 0; i < t->n_events; i++)
        if (t->event[i]->kind == e->kind && !is_unknown(t->event[i]) &&
            !is_unnamed(t->event[i]))
            return true;
    return false;
}

static const struct ctx_event *best_of(const struct ctx_timeline *t,
                                       unsigned kind,
                                       const struct an_str *trusted, size_t n)
{
    const struct ctx_event *best = NULL;

    for (size_t i = 0; i < t->n_events; i++)
        if (t->event[i]->kind == kind && !is_passed_over(t, t->event[i]) &&
            (best == NULL || is_better(t->event[i], best, trusted, n)))
            best = t->event[i];
    return best;
}

/* Does anybody say something else? */
static bool differs(const struct ctx_timeline *t, const struct ctx_event *best)
{
    for (size_t i = 0; best && i < t->n_events; i++)
        if (t->event[i]->kind == best->kind &&
            !is_passed_over(t, t->event[i]) && !agrees(t->event[i], best))
            return true;
    return false;
}

static void judge(const struct ctx_timeline *t, const struct ctx_event *best,
                  bool is_trusted, unsigned which, struct ctx_agreed *out)
{
    if (!differs(t, best))
        return;
    if (is_trusted)
        out->decided |= which;
    else
        out->disputed |= which;
}

enum an_code ctx_agree(struct an_arena *arena, const struct ctx_timeline *t,
                       const struct an_str *trusted, size_t n,
                       struct ctx_agreed *out, struct an_err *err)
{
    const struct ctx_event **event;
    size_t kept = 0;

    *out = (struct ctx_agreed){.timeline = *t,
                               .birth = best_of(t, CTX_BIRTH, trusted, n),
                               .sex = best_of(t, CTX_SEX, trusted, n)};
    judge(t, out->birth, out->birth && rank(out->birth, trusted, n) < n,
          CTX_DISPUTE_BIRTH, out);
    judge(t, out->sex, out->sex && rank(out->sex, trusted, n) < n,
          CTX_DISPUTE_SEX, out);
    event = an_arena_get(arena, t->n_events, sizeof(*event));
    if (event == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < t->n_events; i++) {
        const struct ctx_event *e = t->event[i];

        if (e->kind == CTX_BIRTH &&
            ((out->disputed & CTX_DISPUTE_BIRTH) || e != out->birth))
            continue;
        if (e->kind == CTX_SEX &&
            ((out->disputed & CTX_DISPUTE_SEX) || e != out->sex))
            continue;
        event[kept++] = e;
    }
    out->timeline = (struct ctx_timeline){event, kept, t->as_of_us};
    return AN_OK;
}

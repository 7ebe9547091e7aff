/* SPDX-License-Identifier: Apache-2.0 */
#include "context/visit.h"

#include "base/sort.h"
#include "context/identity.h"

#include <string.h>

static int64_t said_us(const struct ctx_visit_move *m)
{
    return m->claim->said_us ? m->claim->said_us : m->claim->available_us;
}

/* Of two moves of one visit the one that counts; at one moment the lesser in
 * what it says. */
static bool counts_more(const struct ctx_visit_move *a,
                        const struct ctx_visit_move *b)
{
    int r;

    if (said_us(a) != said_us(b))
        return said_us(a) > said_us(b);
    r = ctx_identifier_cmp(&a->claim->current, &b->claim->current);
    return r < 0 ||
           (r == 0 && an_str_cmp(a->claim->visit, b->claim->visit) < 0);
}

/* By the visit that is left. */
static int cmp(size_t person, struct an_str visit,
               const struct ctx_visit_move *m)
{
    if (person != m->prior)
        return person < m->prior ? -1 : 1;
    return an_str_cmp(visit, m->claim->prior_visit);
}

static int by_visit(const void *x, const void *y)
{
    const struct ctx_visit_move *a = x;

    return cmp(a->prior, a->claim->prior_visit, y);
}

bool ctx_visit_sort(struct an_arena *arena, struct ctx_visit_move *move,
                    size_t n)
{
    struct an_mark mark = an_arena_mark(arena);
    void *scratch = an_arena_get(arena, n / 2 + 1, sizeof(*move));

    if (scratch)
        an_sort(move, n, sizeof(*move), scratch, by_visit);
    an_arena_rewind(arena, mark);
    return scratch != NULL;
}

/* The first of those that left it, or where it would stand. */
static size_t first_of(const struct ctx_visit_move *move, size_t n,
                       const struct ctx_visit *v)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (cmp(v->person, v->encounter, &move[middle]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct ctx_visit_move *ctx_visit_next(const struct ctx_visit_move *move,
                                            size_t n, const struct ctx_visit *v,
                                            const struct ctx_visit_move *last)
{
    const struct ctx_visit_move *best = NULL;

    for (size_t i = first_of(move, n, v); i < n; i++) {
        const struct ctx_visit_move *m = &move[i];

        if (cmp(v->person, v->encounter, m) != 0)
            break;
        if ((last && said_us(m) < said_us(last)) ||
            (m->current == m->prior &&
             an_str_eq(m->claim->visit, m->claim->prior_visit)))
            continue;
        if (best == NULL || counts_more(m, best))
            best = m;
    }
    return best;
}

bool ctx_visit_walk(const struct ctx_visit_move *move, size_t n,
                    struct ctx_visit *v,
                    void (*at)(void *ctx, const struct ctx_visit *v), void *ctx)
{
    const struct ctx_visit_move *last = NULL, *m;
    struct ctx_visit first = *v; /* where the first move of a moment led */
    size_t n_more = 0;           /* of the same moment */

    if (v->encounter.n == 0)
        return false;
    while ((m = ctx_visit_next(move, n, v, last)) != NULL) {
        bool same = last && said_us(m) == said_us(last);

        n_more = same ? n_more + 1 : 0;
        if (n_more == n) { /* in a circle: each was taken */
            *v = first;
            break;
        }
        *v = (struct ctx_visit){m->current, m->claim->visit};
        if (!same)
            first = *v;
        last = m;
        if (at)
            at(ctx, v);
    }
    return last != NULL;
}

bool ctx_visit_follow(const struct ctx_visit_move *move, size_t n,
                      struct ctx_visit *v)
{
    return ctx_visit_walk(move, n, v, NULL, NULL);
}

static bool is_of_its_visit(const struct ctx_event *e)
{
    return e->kind == CTX_ADMISSION || e->kind == CTX_TRANSFER ||
           e->kind == CTX_DISCHARGE || e->kind == CTX_CONDITION;
}

/* The part of an encounter behind its authority. */
static struct an_str number_of(struct an_str encounter)
{
    struct an_str authority;

    (void)an_str_cut(&encounter, '|', &authority);
    return encounter;
}

bool ctx_visit_fact(struct an_arena *arena, const struct ctx_event *e,
                    struct an_str encounter, struct an_str *fact)
{
    struct an_str was = number_of(e->encounter), is = number_of(encounter);
    struct an_str rest = e->fact, word, number;
    char *p;

    *fact = e->fact;
    if (!is_of_its_visit(e) || was.n == 0 || an_str_eq(was, is) ||
        !an_str_cut(&rest, '|', &word) || !an_str_cut(&rest, '|', &number) ||
        !an_str_eq(number, was))
        return true;
    rest = an_str_sub(e->fact, word.n + 1 + number.n, e->fact.n);
    p = an_arena_get(arena, word.n + 1 + is.n + rest.n + 1, 1);
    if (p == NULL)
        return false;
    memcpy(p, e->fact.p, word.n + 1);
    memcpy(p + word.n + 1, is.p, is.n);
    memcpy(p + word.n + 1 + is.n, rest.p, rest.n);
    *fact = (struct an_str){p, word.n + 1 + is.n + rest.n};
    return true;
}

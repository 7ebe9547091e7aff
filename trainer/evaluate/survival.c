/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/survival.h"

#include "trainer/evaluate/stats.h"

#include <math.h>
#include <stdlib.h>

bool tr_life_of(const struct tr_follow_up *f, const struct tr_follow_up *death,
                double horizon_days, struct tr_life *life)
{
    life->from_days = (double)f->from_days;
    life->to_days = (double)f->to_days;
    life->end = f->event ? TR_CAME : TR_LOST;
    if (f->to_days <= 0 || life->from_days >= horizon_days)
        return false;
    if (!f->event && death && death->event) {
        life->to_days = fmax(life->to_days, (double)death->to_days);
        life->end = TR_DIED;
    }
    return life->from_days < life->to_days;
}

static int to_cmp(const void *a, const void *b)
{
    return tr_double_cmp(&((const struct tr_life *)a)->to_days,
                         &((const struct tr_life *)b)->to_days);
}

/* Everybody by when they leave, and beside them when anybody enters. */
struct course {
    struct tr_life *life;
    double *from;
    size_t n;
    size_t left, entered; /* before the moment */
};

/* What happens at one moment. */
struct moment {
    double days;
    double at_risk;
    double came, died, lost;
};

static enum an_code course_of(struct an_arena *arena,
                              const struct tr_life *life, size_t n,
                              struct course *c, struct an_err *err)
{
    *c = (struct course){.life = an_arena_get(arena, n, sizeof(*c->life)),
                         .from = an_arena_get(arena, n, sizeof(*c->from)),
                         .n = n};
    if (c->life == NULL || c->from == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        c->life[i] = life[i];
        c->from[i] = life[i].from_days;
    }
    if (n) {
        qsort(c->life, n, sizeof(*c->life), to_cmp);
        qsort(c->from, n, sizeof(*c->from), tr_double_cmp);
    }
    return AN_OK;
}

/* The next moment at which somebody leaves; false when all have. */
static bool next_moment(struct course *c, struct moment *m)
{
    const double days = c->left < c->n ? c->life[c->left].to_days : 0;

    if (c->left == c->n)
        return false;
    while (c->entered < c->n && c->from[c->entered] < days)
        c->entered++;
    *m = (struct moment){.days = days,
                         .at_risk = (double)(c->entered - c->left)};
    for (; c->left < c->n && c->life[c->left].to_days <= days; c->left++) {
        m->came += c->life[c->left].end == TR_CAME;
        m->died += c->life[c->left].end == TR_DIED;
        m->lost += c->life[c->left].end == TR_LOST;
    }
    return true;
}

enum an_code tr_incidence(struct an_arena *arena, const struct tr_life *life,
                          size_t n, double horizon_days, double *share,
                          struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(arena);
    double free = 1; /* of both, so far */
    struct course c;
    struct moment m;
    enum an_code code = course_of(arena, life, n, &c, err);
    bool beyond = false;

    *share = 0;
    while (code == AN_OK && next_moment(&c, &m)) {
        beyond |= m.days >= horizon_days;
        if (m.days > horizon_days)
            break;
        *share += free * m.came / m.at_risk;
        free *= 1 - (m.came + m.died) / m.at_risk;
    }
    if (!beyond && free > 0)
        *share = (double)NAN;
    an_arena_rewind(arena, mark);
    return code;
}

/* ---- who is known ---------------------------------------------------------- */

/* The curve of being lost: the log of the share that is not, after each day of
 * `days` at which somebody is. */
struct curve {
    double *days, *log_share;
    size_t n;
};

static enum an_code curve_of(struct an_arena *arena, struct course *c,
                             struct curve *curve, struct an_err *err)
{
    double sum = 0;
    struct moment m;

    *curve =
        (struct curve){.days = an_arena_get(arena, c->n, sizeof(double)),
                       .log_share = an_arena_get(arena, c->n, sizeof(double))};
    if (curve->days == NULL || curve->log_share == NULL)
        return an_fail_nomem(err);
    while (next_moment(c, &m)) {
        const double at_risk = m.at_risk - m.came - m.died;

        if (!(m.lost > 0))
            continue;
        /* Where all that are there are lost, nobody needs the curve: who is
         * known later entered later, and their part of it begins after it. */
        if (m.lost < at_risk)
            sum += log1p(-m.lost / at_risk);
        curve->days[curve->n] = m.days;
        curve->log_share[curve->n++] = sum;
    }
    return AN_OK;
}

/* Before the day; on it, too, if `on`. */
static double log_share(const struct curve *c, double days, bool on)
{
    size_t low = 0, high = c->n;

    while (low < high) {
        const size_t mid = low + (high - low) / 2;

        if (c->days[mid] < days || (on && c->days[mid] <= days))
            low = mid + 1;
        else
            high = mid;
    }
    return low ? c->log_share[low - 1] : 0;
}

enum an_code tr_known_weights(struct an_arena *arena,
                              const struct tr_life *life, size_t n,
                              double horizon_days, double *weight,
                              struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(arena);
    struct course c;
    struct curve curve;
    enum an_code code = course_of(arena, life, n, &c, err);

    if (code == AN_OK)
        code = curve_of(arena, &c, &curve, err);
    for (size_t i = 0; i < n && code == AN_OK; i++) {
        const struct tr_life *l = &life[i];
        const double at = fmin(l->to_days, horizon_days);

        weight[i] = l->end == TR_LOST && l->to_days < horizon_days
                        ? 0
                        : exp(log_share(&curve, l->from_days, true) -
                              log_share(&curve, at, false));
    }
    an_arena_rewind(arena, mark);
    return code;
}

/* ---- order ----------------------------------------------------------------- */

/* How many of those who are watched have each rank of risk: a Fenwick tree. */
struct ranks {
    const double *risk; /* rising, each once */
    size_t n;
    uint32_t *tree; /* from 1 */
    size_t total;
};

static size_t rank_of(const struct ranks *r, double risk)
{
    size_t low = 0, high = r->n;

    while (low < high) {
        const size_t mid = low + (high - low) / 2;

        if (r->risk[mid] < risk)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void put(struct ranks *r, size_t rank, bool in)
{
    r->total += in ? 1 : (size_t)-1;
    for (size_t i = rank + 1; i <= r->n; i += i & (~i + 1))
        r->tree[i] += in ? 1 : (uint32_t)-1;
}

static double below(const struct ranks *r, size_t rank)
{
    uint64_t n = 0;

    for (size_t i = rank; i; i -= i & (~i + 1))
        n += r->tree[i];
    return (double)n;
}

static enum an_code ranks_of(struct an_arena *arena, const struct tr_life *life,
                             size_t n, struct ranks *r, struct an_err *err)
{
    double *risk = an_arena_get(arena, n, sizeof(*risk));

    *r = (struct ranks){.risk = risk,
                        .tree = an_arena_get(arena, n + 1, sizeof(*r->tree))};
    if (risk == NULL || r->tree == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        risk[i] = life[i].risk;
    if (n)
        qsort(risk, n, sizeof(*risk), tr_double_cmp);
    for (size_t i = 0; i < n; i++)
        if (r->n == 0 || risk[i] > risk[r->n - 1])
            risk[r->n++] = risk[i];
    return AN_OK;
}

static int from_cmp(const void *a, const void *b)
{
    return tr_double_cmp(&((const struct tr_life *)a)->from_days,
                         &((const struct tr_life *)b)->from_days);
}

/* Back in time, from the last who leaves: whoever is in the tree is watched
 * longer than the moment, and entered before it. */
static double count_pairs(const struct tr_life *by_to,
                          const struct tr_life *by_from, size_t n,
                          struct ranks *r)
{
    double right = 0, pairs = 0;
    size_t entered = n;

    for (size_t end = n, from; end; end = from) {
        const double days = by_to[end - 1].to_days;

        for (from = end; from && by_to[from - 1].to_days >= days; from--)
            if (by_to[from - 1].end != TR_CAME)
                put(r, rank_of(r, by_to[from - 1].risk), true);
        for (; entered && by_from[entered - 1].from_days >= days; entered--)
            put(r, rank_of(r, by_from[entered - 1].risk), false);
        for (size_t i = from; i < end; i++) {
            const size_t rank = rank_of(r, by_to[i].risk);

            if (by_to[i].end != TR_CAME)
                continue;
            right += (below(r, rank) + below(r, rank + 1)) / 2;
            pairs += (double)r->total;
        }
        for (size_t i = from; i < end; i++)
            if (by_to[i].end == TR_CAME)
                put(r, rank_of(r, by_to[i].risk), true);
    }
    return pairs > 0 ? right / pairs : (double)NAN;
}

enum an_code tr_concordance(struct an_arena *arena, const struct tr_life *life,
                            size_t n, double *c, struct an_err *err)
{
    const struct an_mark mark = an_arena_mark(arena);
    struct tr_life *by_to = an_arena_get(arena, n, sizeof(*by_to));
    struct tr_life *by_from = an_arena_get(arena, n, sizeof(*by_from));
    struct ranks r = {.n = 0};
    enum an_code code = by_to && by_from ? ranks_of(arena, life, n, &r, err)
                                         : an_fail_nomem(err);

    if (code == AN_OK && n) {
        for (size_t i = 0; i < n; i++)
            by_to[i] = by_from[i] = life[i];
        qsort(by_to, n, sizeof(*by_to), to_cmp);
        qsort(by_from, n, sizeof(*by_from), from_cmp);
    }
    if (code == AN_OK)
        *c = count_pairs(by_to, by_from, n, &r);
    an_arena_rewind(arena, mark);
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/privacy/audit.h"

#include "trainer/fit/feed.h"
#include "trainer/privacy/bound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Losses at which an attack may draw its line: enough quantiles. */
enum { MAX_LINES = 200, AUDIT_KEY = 77 };

/* Of so many lines the one with the best bound is one with luck, unless each
 * bound holds for all of them together (Bonferroni). */
#define CHOOSING (1 - 0.05 / (4 * MAX_LINES))

/* ---- losses -------------------------------------------------------------- */

struct keyed {
    uint64_t key;
    uint32_t patient;
};

static int keyed_cmp(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->patient < y->patient ? -1 : x->patient > y->patient;
}

struct loser {
    const struct tr_cohort *c;
    const struct rt_model *model;
    const struct tr_terms *terms;
    struct tr_feed feed;
    struct tr_pass pass;
};

/* All patients of one person. */
static double loss_of(struct loser *l, const struct keyed *k, size_t n)
{
    const struct tr_feed_how how = {.training = false};
    struct tr_loss loss = {.rate = 0};
    double rows = 0, weight = 0;

    for (size_t i = 0; i < n; i++) {
        const struct tr_pack *pack = &l->feed.pack;

        tr_feed_begin(&l->feed, 0);
        (void)tr_feed_add(&l->feed, k[i].patient,
                          &how); /* an empty pack has room */
        tr_pass_run(&l->pass, l->model, pack, l->terms, NULL, &loss);
        rows += (double)pack->n_scores;
        for (size_t q = 0; q < pack->n_queries; q++)
            weight += (double)pack->query_weight[q];
    }
    return (double)l->terms->rate_weight * loss.rate / fmax(rows, 1) +
           (double)l->terms->hazard_weight * loss.hazard / fmax(weight, 1);
}

static size_t list_split(const struct tr_cohort *c, enum tr_split split,
                         struct keyed *list)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_patients; i++)
        if (c->patient[i].split == (uint32_t)split)
            list[n++] = (struct keyed){c->patient[i].key, (uint32_t)i};
    qsort(list, n, sizeof(*list), keyed_cmp);
    return n;
}

static size_t losses_of(struct loser *l, enum tr_split split,
                        struct keyed *list, double *loss)
{
    const size_t n = list_split(l->c, split, list);
    size_t people = 0;

    for (size_t i = 0, k; i < n; i = k) {
        for (k = i + 1; k < n && list[k].key == list[i].key;)
            k++;
        loss[people++] = loss_of(l, list + i, k - i);
    }
    return people;
}

enum an_code tr_audit_losses(struct an_arena *arena, const struct tr_cohort *c,
                             const struct rt_model *model,
                             const struct tr_terms *terms,
                             struct tr_losses_by_person *out,
                             struct an_err *err)
{
    const struct rt_shape *s = &model->shape;
    struct loser l = {.c = c, .model = model, .terms = terms};
    struct keyed *list = an_arena_get(arena, c->n_patients, sizeof(*list));
    enum an_code code;

    *out = (struct tr_losses_by_person){
        .member = an_arena_get(arena, c->n_patients, sizeof(double)),
        .other = an_arena_get(arena, c->n_patients, sizeof(double))};
    if (list == NULL || out->member == NULL || out->other == NULL)
        return an_fail_nomem(err);
    code = tr_feed_init(&l.feed, c, s, s->positions, err);
    if (code != AN_OK)
        return code;
    code = tr_pass_init(&l.pass, s, s->positions, s->positions,
                        (int32_t)l.feed.max_queries, err);
    if (code == AN_OK) {
        out->n_members = losses_of(&l, TR_TRAIN, list, out->member);
        out->n_others = losses_of(&l, TR_TEST, list, out->other);
        tr_pass_release(&l.pass);
    }
    tr_feed_release(&l.feed);
    return code;
}

/* ---- judgement ----------------------------------------------------------- */

/* Members are guessed of whom the loss is at most `line`; every second person
 * from `first` on counts. */
static struct tr_attack attack(const struct tr_losses_by_person *l,
                               size_t first, double line)
{
    struct tr_attack a = {0};

    for (size_t i = first; i < l->n_members; i += 2) {
        a.members++;
        a.hits += l->member[i] <= line;
    }
    for (size_t i = first; i < l->n_others; i += 2) {
        a.others++;
        a.alarms += l->other[i] <= line;
    }
    return a;
}

static double advantage(const struct tr_attack *a)
{
    return (double)a->hits / (double)a->members -
           (double)a->alarms / (double)a->others;
}

/* Every second one, in order. */
static size_t half_of(const double *loss, size_t n, double *half)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i += 2)
        half[m++] = loss[i];
    qsort(half, m, sizeof(*half), tr_double_cmp);
    return m;
}

/* Lines are quantiles, by turns of the members' and of the others' losses. */
static double line_at(const double *member, size_t n, const double *other,
                      size_t m, int i)
{
    const size_t at = (size_t)(i / 2);

    return i % 2 ? member[at * (n - 1) / (MAX_LINES - 1)]
                 : other[at * (m - 1) / (MAX_LINES - 1)];
}

/* Room: as many of both as there are. */
static void choose(const struct tr_losses_by_person *l, double *member,
                   double *other, double delta, struct tr_audit *out)
{
    const size_t n = half_of(l->member, l->n_members, member);
    const size_t m = half_of(l->other, l->n_others, other);
    double best_advantage = -2, best_epsilon = -1;
    double line = 0, epsilon_line = 0;
    struct tr_attack a;
    bool round = false;

    for (int i = 0; i < 2 * MAX_LINES; i++) {
        const double at = line_at(member, n, other, m, i);

        a = attack(l, 0, at);
        if (advantage(&a) > best_advantage) {
            best_advantage = advantage(&a);
            line = at;
        }
        for (int r = 0; r < 2; r++) {
            const double epsilon =
                tr_epsilon_at_least(&a, r == 1, delta, CHOOSING);

            if (epsilon > best_epsilon) {
                best_epsilon = epsilon;
                epsilon_line = at;
                round = r == 1;
            }
        }
    }
    a = attack(l, 1, line);
    out->advantage = advantage(&a);
    a = attack(l, 1, epsilon_line);
    out->epsilon = tr_epsilon_at_least(&a, round, delta, 0.95);
}

static void at_low_fpr(const struct tr_losses_by_person *l, const double *other,
                       struct tr_audit *out)
{
    /* So many of the others may be taken for members. */
    const size_t alarms = (size_t)(TR_AUDIT_FPR * (double)l->n_others);
    size_t hits = 0;

    out->tpr = (double)NAN;
    out->tpr_interval = (struct tr_interval){(double)NAN, (double)NAN};
    if (alarms == 0)
        return;
    for (size_t i = 0; i < l->n_members; i++)
        hits += l->member[i] < other[alarms];
    out->tpr = (double)hits / (double)l->n_members;
    out->tpr_interval = tr_share_interval(hits, l->n_members, 0.95);
}

/* Ranked by how little surprised the model is. */
static enum an_code rank(struct an_arena *arena,
                         const struct tr_losses_by_person *l,
                         struct tr_audit *out, struct an_err *err)
{
    const size_t n = l->n_members + l->n_others;
    struct tr_point *point = an_arena_get(arena, n, sizeof(*point));
    double *scratch =
        an_arena_get(arena, tr_interval_scratch((uint32_t)n), sizeof(*scratch));

    if (point == NULL || scratch == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const bool in = i < l->n_members;

        point[i] = (struct tr_point){
            .p = -(in ? l->member[i] : l->other[i - l->n_members]),
            .weight = 1,
            .person = (uint32_t)i,
            .y = in};
    }
    tr_points_sort(point, n);
    out->auc = tr_auroc(point, n);
    out->auc_interval =
        tr_auroc_interval(point, n, NULL, 0, (uint32_t)n, scratch, AUDIT_KEY);
    return AN_OK;
}

enum an_code tr_audit_judge(struct an_arena *arena,
                            const struct tr_losses_by_person *l, double delta,
                            struct tr_audit *out, struct an_err *err)
{
    double *member = an_arena_get(arena, l->n_members + 1, sizeof(*member));
    double *other = an_arena_get(arena, l->n_others + 1, sizeof(*other));

    *out =
        (struct tr_audit){.n_members = l->n_members, .n_others = l->n_others};
    if (l->n_members < 2 || l->n_others < 2)
        return an_fail(err, AN_MISSING,
                       "an audit wants training and test people", 0);
    if (member == NULL || other == NULL)
        return an_fail_nomem(err);
    choose(l, member, other, delta, out);
    memcpy(other, l->other, l->n_others * sizeof(*other));
    qsort(other, l->n_others, sizeof(*other), tr_double_cmp);
    at_low_fpr(l, other, out);
    return rank(arena, l, out, err);
}

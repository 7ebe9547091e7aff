/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/report/beside.h"

#include "runtime/weights.h"

#include <math.h>
#include <string.h>

enum { BESIDE_KEY = 74 };

bool tr_beside_parse(struct an_arena *arena, struct an_str text,
                     struct tr_beside_given *out)
{
    struct an_str rest = text, model, copy;

    if (!an_str_cut(&rest, '=', &out->name) || out->name.n == 0 ||
        out->name.n + 1 >= text.n || !an_str_cut(&rest, ',', &model) ||
        model.n == 0 || !an_arena_str(arena, model, &copy))
        return false;
    out->model = copy.p;
    out->data = NULL;
    if (out->name.n + 1 + model.n == text.n)
        return true;
    if (rest.n == 0 || !an_arena_str(arena, rest, &copy))
        return false;
    out->data = copy.p;
    return true;
}

struct all {
    struct an_arena *arena;
    const struct tr_data *d;
    const struct tr_judgement *j;
    struct tr_person_losses first;
    struct tr_point *a, *b;
    double *numerator, *denominator, *scratch;
};

/* ---- the same people -------------------------------------------------------- */

static bool same_columns(const struct tr_data *a, const struct tr_data *b)
{
    if (a->cohort.sizes.outcomes != b->cohort.sizes.outcomes)
        return false;
    for (uint32_t k = 0; k < a->cohort.sizes.outcomes; k++) {
        const struct tr_asked *x = &a->asked[k], *y = &b->asked[k];

        if (!an_str_eq(x->id, y->id) || x->n_horizons != y->n_horizons ||
            memcmp(x->horizon_days, y->horizon_days,
                   x->n_horizons * sizeof(x->horizon_days[0])) != 0)
            return false;
    }
    return true;
}

static bool same_case(const struct tr_cohort *a, const struct tr_patient *p,
                      const struct tr_cohort *b, const struct tr_patient *q)
{
    const size_t outcomes = a->sizes.outcomes;

    return p->key == q->key && p->n_queries == q->n_queries &&
           memcmp(a->follow_up + p->first_query * outcomes,
                  b->follow_up + q->first_query * outcomes,
                  p->n_queries * outcomes * sizeof(*a->follow_up)) == 0;
}

/* The test patients, in their order. */
static bool same_people(const struct tr_cohort *a, const struct tr_cohort *b)
{
    size_t i = 0, k = 0;

    for (;; i++, k++) {
        while (i < a->n_patients && a->patient[i].split != TR_TEST)
            i++;
        while (k < b->n_patients && b->patient[k].split != TR_TEST)
            k++;
        if (i == a->n_patients || k == b->n_patients)
            return i == a->n_patients && k == b->n_patients;
        if (!same_case(a, &a->patient[i], b, &b->patient[k]))
            return false;
    }
}

/* ---- differences ----------------------------------------------------------- */

static struct tr_compared nothing(void)
{
    const double none = (double)NAN;

    return (struct tr_compared){none, none, {none, none}};
}

/* Mean losses, and that of the differences of each person. */
static struct tr_compared compare_losses(struct all *all,
                                         const struct tr_person_losses *of,
                                         bool next)
{
    struct tr_compared c = nothing();
    double sum = 0, weight = 0, difference = 0;

    for (uint32_t i = 0; i < of->n_persons; i++) {
        const struct tr_person_loss *x = &of->person[i];
        const struct tr_person_loss *y = &all->first.person[i];
        const double is = next ? x->next_event : x->outcomes;
        const double n = next ? x->positions : x->weight;

        if (fabs(n - (next ? y->positions : y->weight)) > 0)
            return c;
        all->numerator[i] = is - (next ? y->next_event : y->outcomes);
        all->denominator[i] = n;
        sum += is;
        weight += n;
        difference += all->numerator[i];
    }
    if (!(weight > 0))
        return c;
    c.value = sum / weight;
    c.difference = difference / weight;
    c.interval = tr_ratio_interval(all->numerator, all->denominator,
                                   of->n_persons, all->scratch, BESIDE_KEY);
    return c;
}

static size_t points_of(const struct tr_predicted *p, size_t column,
                        struct tr_point *point)
{
    size_t n = 0;

    for (size_t q = 0; q < p->n; q++) {
        const size_t cell = q * p->n_columns + column;

        if (p->answer_qc[cell] != TR_UNKNOWN)
            point[n++] = (struct tr_point){p->p_qc[cell], 1, p->person[q],
                                           p->answer_qc[cell]};
    }
    tr_points_sort(point, n);
    return n;
}

static void compare_aurocs(struct all *all, const struct tr_predicted *p,
                           struct tr_compared *to)
{
    for (size_t i = 0; i < p->n_columns; i++) {
        const struct tr_verdict *v = &all->j->verdict[i];
        size_t n_a, n_b;

        to[i] = nothing();
        if (v->events < TR_JUDGED_EVENTS || v->n - v->events < TR_JUDGED_EVENTS)
            continue;
        n_a = points_of(p, i, all->a);
        n_b = points_of(&all->j->test, i, all->b);
        to[i].value = tr_auroc(all->a, n_a);
        to[i].difference = to[i].value - tr_auroc(all->b, n_b);
        to[i].interval = tr_auroc_interval(
            all->a, n_a, all->b, n_b, p->n_persons, all->scratch, BESIDE_KEY);
    }
}

/* ---- one ------------------------------------------------------------------- */

static enum an_code compare(struct all *all, const struct tr_data *d,
                            const struct tr_fitted *fitted,
                            struct tr_beside_row *row, struct an_err *err)
{
    const bool is_first = all->first.person == NULL;
    struct rt_tensor tensor[RT_N_WEIGHTS];
    struct tr_person_losses losses = {.n_persons = 0};
    struct tr_predicted p = all->j->test;
    enum an_code code =
        is_first ? AN_OK
                 : tr_predict(all->arena, d, &fitted->model, TR_TEST, &p, err);

    if (code == AN_OK)
        code =
            tr_person_losses_of(all->arena, d, fitted, TR_TEST, &losses, err);
    if (code != AN_OK)
        return code;
    row->shape = fitted->model.shape;
    row->n_parameters = rt_tensors(&row->shape, tensor);
    row->auroc = an_arena_get(all->arena, p.n_columns, sizeof(*row->auroc));
    if (row->auroc == NULL)
        return an_fail_nomem(err);
    if (is_first)
        all->first = losses;
    row->outcomes = compare_losses(all, &losses, false);
    row->next_event = d->cohort.sizes.targets == all->d->cohort.sizes.targets
                          ? compare_losses(all, &losses, true)
                          : nothing();
    compare_aurocs(all, &p, row->auroc);
    return AN_OK;
}

static enum an_code open_beside(struct all *all,
                                const struct tr_beside_given *given,
                                struct tr_beside_row *row, struct an_err *err)
{
    const struct tr_data *d = all->d;
    struct tr_fitted fitted;
    struct tr_data own;
    enum an_code code =
        given->data ? tr_data_open(&own, all->arena, given->data, err) : AN_OK;

    if (code != AN_OK)
        return code;
    if (given->data) {
        d = &own;
        if (!same_columns(d, all->d) ||
            !same_people(&d->cohort, &all->d->cohort))
            code = an_fail(err, AN_CONFLICT,
                           "its data set has other test patients, questions or "
                           "outcomes",
                           0);
    }
    if (code == AN_OK)
        code = tr_fitted_open(&fitted, all->arena, given->model, d, err);
    if (code == AN_OK) {
        row->name = given->name;
        code = compare(all, d, &fitted, row, err);
        tr_fitted_close(&fitted);
    }
    if (given->data)
        tr_data_close(&own);
    return code;
}

static enum an_code make_room(struct all *all, struct an_err *err)
{
    const size_t n = all->j->test.n, persons = all->j->test.n_persons;

    all->a = an_arena_get(all->arena, n, sizeof(*all->a));
    all->b = an_arena_get(all->arena, n, sizeof(*all->b));
    all->numerator = an_arena_get(all->arena, persons, sizeof(double));
    all->denominator = an_arena_get(all->arena, persons, sizeof(double));
    all->scratch =
        an_arena_get(all->arena, tr_interval_scratch(all->j->test.n_persons),
                     sizeof(double));
    return all->a && all->b && all->numerator && all->denominator &&
                   all->scratch
               ? AN_OK
               : an_fail_nomem(err);
}

enum an_code tr_beside(struct an_arena *arena, const struct tr_data *d,
                       const struct tr_fitted *fitted,
                       const struct tr_judgement *j, struct an_str name,
                       const struct tr_beside_given *given, size_t n,
                       struct tr_beside *out, size_t *at, struct an_err *err)
{
    struct all all = {.arena = arena, .d = d, .j = j};
    enum an_code code = make_room(&all, err);

    *at = 0;
    *out = (struct tr_beside){
        .row = an_arena_get(arena, n + 1, sizeof(*out->row))};
    if (code == AN_OK && out->row == NULL)
        code = an_fail_nomem(err);
    if (code != AN_OK)
        return code;
    out->row[0].name = name;
    code = compare(&all, d, fitted, &out->row[0], err);
    out->n = 1;
    for (size_t i = 0; i < n && code == AN_OK; i++) {
        *at = i;
        code = open_beside(&all, &given[i], &out->row[out->n++], err);
    }
    return code;
}

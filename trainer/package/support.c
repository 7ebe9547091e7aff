/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/package/support.h"

#include "runtime/vocabulary.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_STEPS = 100 };

/* ---- the shift ------------------------------------------------------------- */

void tr_shift(const double *log_odds, const uint8_t *y, size_t n, double *shift,
              double *error)
{
    double information = 1;

    *shift = 0;
    for (int step = 0; step < MOST_STEPS; step++) {
        double gap = 0, by;

        information = 0;
        for (size_t i = 0; i < n; i++) {
            const double p = 1 / (1 + exp(-log_odds[i] - *shift));

            gap += y[i] - p;
            information += p * (1 - p);
        }
        /* Newton's, but not far at once: the tails are flat. */
        by = fmin(fmax(gap / information, -1), 1);
        *shift += by;
        if (fabs(by) < 1e-10)
            break;
    }
    *error = 1 / sqrt(information);
}

/* ---- who had what ---------------------------------------------------------- */

/* A procedure that was recorded at the moment of a question. */
struct had {
    int32_t row;
    uint32_t split, question;
};

static int had_cmp(const void *a, const void *b)
{
    const struct had *x = a, *y = b;

    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    if (x->split != y->split)
        return x->split < y->split ? -1 : 1;
    return (x->question > y->question) - (x->question < y->question);
}

struct counting {
    struct an_arena *arena;
    const struct tr_data *d;
    const struct tr_judgement *j;
    struct an_err *err;
    struct rt_vocabulary vocabulary;
    struct tr_predicted said[TR_N_SPLITS];
    uint32_t *patient_of; /* by query of the cohort */
    struct had *had;
    size_t n_had;
    double *log_odds;
    uint8_t *y;
};

static const enum tr_split counted[] = {TR_TRAIN, TR_TUNE};
enum { N_COUNTED = sizeof(counted) / sizeof(counted[0]) };

static bool is_procedure(const struct rt_vocabulary *v, int32_t row)
{
    int32_t kind;

    if (row == RT_NO_ROW || (size_t)row >= v->n_targets)
        return false;
    kind = v->concept[row].parent[0];
    return kind != RT_NO_ROW &&
           an_str_eq(v->concept[kind].key, AN_STR("kind|procedure"));
}

/* The procedures of one question's moment; `had` NULL: how many. */
static size_t list_one(const struct counting *c, enum tr_split split,
                       uint32_t question, struct had *had)
{
    const struct tr_cohort *all = &c->d->cohort;
    const uint32_t query = c->said[split].row[question];
    const struct rt_history h = tr_cohort_history(all, c->patient_of[query]);
    const struct rt_position *at = &h.position[all->query[query].position];
    size_t n = 0;

    for (uint32_t i = 0; i < at->n_items; i++) {
        const int32_t row = h.item[at->first_item + i].concept;

        if (!is_procedure(&c->vocabulary, row))
            continue;
        if (had)
            had[n] = (struct had){row, (uint32_t)split, question};
        n++;
    }
    return n;
}

static enum an_code list(struct counting *c)
{
    size_t n = 0;

    for (int pass = 0; pass < 2; pass++) {
        n = 0;
        for (int s = 0; s < N_COUNTED; s++)
            for (uint32_t q = 0; q < c->said[counted[s]].n; q++)
                n += list_one(c, counted[s], q, pass ? c->had + n : NULL);
        if (pass == 0)
            c->had = an_arena_get(c->arena, n, sizeof(*c->had));
        if (c->had == NULL)
            return an_fail_nomem(c->err);
    }
    c->n_had = n;
    qsort(c->had, n, sizeof(*c->had), had_cmp);
    return AN_OK;
}

/* Keeps each person's first of one procedure; returns how many. */
static size_t first_of_each(const struct counting *c, struct had *had, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        const uint32_t *person = c->said[had[i].split].person;

        if (kept == 0 || had[kept - 1].split != had[i].split ||
            person[had[kept - 1].question] != person[had[i].question])
            had[kept++] = had[i];
    }
    return kept;
}

/* ---- what became of them --------------------------------------------------- */

static double log_odds_of(const struct rt_calibration *map, double p)
{
    return tr_log_odds(rt_calibrate(map, p));
}

/* One outcome and horizon; false when it is too little to be said. */
static bool count_risk(const struct counting *c, const struct had *had,
                       size_t n, size_t column, struct rt_supported *out)
{
    const struct tr_verdict *v = &c->j->verdict[column];
    const struct tr_asked *asked = &c->d->asked[v->column.outcome];
    size_t known = 0;

    *out = (struct rt_supported){.outcome = asked->id,
                                 .horizon_days = v->column.horizon_days};
    if (!an_str_eq(asked->start, AN_STR("now")))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct tr_predicted *said = &c->said[had[i].split];
        const size_t at = had[i].question * said->n_columns + column;

        if (said->answer_qc[at] == TR_UNKNOWN)
            continue;
        c->log_odds[known] = log_odds_of(&v->calibration, said->p_qc[at]);
        c->y[known] = said->answer_qc[at] == TR_YES;
        out->n_events += c->y[known++];
    }
    out->n_people = (uint32_t)known;
    if (known < TR_SUPPORT_PEOPLE || out->n_events < TR_SUPPORT_EVENTS ||
        known - out->n_events < TR_SUPPORT_EVENTS)
        return false;
    tr_shift(c->log_odds, c->y, known, &out->shift, &out->error);
    return true;
}

static enum an_code count_procedure(const struct counting *c, struct had *had,
                                    size_t n, struct rt_procedure *p,
                                    size_t *n_listed)
{
    struct rt_supported *risk;

    n = first_of_each(c, had, n);
    if (n < TR_SUPPORT_PEOPLE)
        return AN_OK;
    risk = an_arena_get(c->arena, c->j->n, sizeof(*risk));
    if (risk == NULL)
        return an_fail_nomem(c->err);
    *p = (struct rt_procedure){.key = c->vocabulary.concept[had->row].key,
                               .n_people = (uint32_t)n,
                               .risk = risk};
    for (size_t column = 0; column < c->j->n; column++)
        p->n_risks += count_risk(c, had, n, column, &risk[p->n_risks]);
    ++*n_listed;
    return AN_OK;
}

static enum an_code count_all(struct counting *c, struct rt_support *out)
{
    struct rt_procedure *p =
        an_arena_get(c->arena, c->vocabulary.n_targets, sizeof(*p));
    enum an_code code = AN_OK;
    size_t end;

    out->procedure = p;
    c->log_odds = an_arena_get(c->arena, c->n_had, sizeof(*c->log_odds));
    c->y = an_arena_get(c->arena, c->n_had, sizeof(*c->y));
    if (p == NULL || c->log_odds == NULL || c->y == NULL)
        return an_fail_nomem(c->err);
    for (size_t i = 0; i < c->n_had && code == AN_OK; i = end) {
        end = i + 1;
        while (end < c->n_had && c->had[end].row == c->had[i].row)
            end++;
        code = count_procedure(c, &c->had[i], end - i, &p[out->n], &out->n);
    }
    return code;
}

/* The patient of each query. */
static enum an_code find_patients(struct counting *c)
{
    const struct tr_cohort *all = &c->d->cohort;

    c->patient_of =
        an_arena_get(c->arena, all->n_queries, sizeof(*c->patient_of));
    if (c->patient_of == NULL)
        return an_fail_nomem(c->err);
    for (size_t i = 0; i < all->n_patients; i++)
        for (uint32_t q = 0; q < all->patient[i].n_queries; q++)
            c->patient_of[all->patient[i].first_query + q] = (uint32_t)i;
    return AN_OK;
}

enum an_code tr_support(struct an_arena *arena, const struct tr_data *d,
                        const struct tr_fitted *fitted,
                        const struct tr_judgement *j, struct rt_support *out,
                        struct an_err *err)
{
    struct counting c = {.arena = arena, .d = d, .j = j, .err = err};
    enum an_code code = rt_vocabulary_read(
        arena, an_json_get(d->root, AN_STR("vocabulary")), &c.vocabulary, err);

    *out = (struct rt_support){.min_people = TR_SUPPORT_PEOPLE,
                               .min_events = TR_SUPPORT_EVENTS,
                               .min_share = TR_SUPPORT_SHARE};
    for (int s = 0; s < N_COUNTED && code == AN_OK; s++)
        code = tr_predict(arena, d, &fitted->model, counted[s],
                          &c.said[counted[s]], err);
    if (code == AN_OK)
        code = find_patients(&c);
    if (code == AN_OK)
        code = list(&c);
    return code == AN_OK ? count_all(&c, out) : code;
}

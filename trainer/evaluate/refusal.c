/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/evaluate/refusal.h"

#include "trainer/evaluate/judge_int.h"
#include "trainer/put.h"

#include <math.h>
#include <stdio.h>

#define DAYS_PER_YEAR 365.25

/* The patient whose question it is: their queries stand in their order. */
static const struct tr_patient *patient_of(const struct tr_cohort *c,
                                           uint64_t query)
{
    size_t low = 0, high = c->n_patients;

    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;

        if (c->patient[middle].first_query <= query)
            low = middle;
        else
            high = middle;
    }
    return &c->patient[low];
}

static enum ctx_abstention reason(const struct tr_cohort *c, uint64_t query,
                                  const struct rt_limits *limits,
                                  const struct rt_population *population,
                                  double *scratch)
{
    const struct tr_patient *p = patient_of(c, query);
    const uint32_t at = c->query[query].position;
    const struct rt_record_facts facts = {
        .n_positions = (size_t)at + 1,
        .n_known = 1,
        .age_years = (double)c->position[p->first_position + at].age_days /
                     DAYS_PER_YEAR};
    const enum ctx_abstention why = rt_abstain(limits, &facts);

    return why ? why
               : rt_abstain_far(limits,
                                rt_distance(population,
                                            c->wide + query * c->sizes.wide,
                                            scratch));
}

static void hear(struct tr_point *point, size_t n, struct tr_heard *h)
{
    *h = (struct tr_heard){.n = n};
    tr_points_sort(point, n);
    for (size_t i = 0; i < n; i++) {
        h->events += point[i].y;
        h->risk += point[i].p / (double)n;
    }
    h->auroc = tr_auroc(point, n);
    h->share = n ? (double)h->events / (double)n : (double)NAN;
    if (n == 0)
        h->risk = (double)NAN;
}

/* `room` has twice the questions. */
static void compare(const struct tr_judgement *j, size_t column,
                    const uint8_t *why, struct tr_point *room,
                    struct tr_heard *answered, struct tr_heard *refused)
{
    const struct tr_predicted *p = &j->test;
    struct tr_point *point[2] = {room, room + p->n};
    size_t n[2] = {0, 0};

    for (size_t q = 0; q < p->n; q++) {
        const size_t cell = q * p->n_columns + column;
        const int to = why[q] != CTX_ABSTAIN_NONE;

        if (p->answer_qc[cell] != TR_UNKNOWN)
            point[to][n[to]++] = (struct tr_point){
                rt_calibrate(&j->verdict[column].calibration, p->p_qc[cell]), 1,
                p->person[q], p->answer_qc[cell]};
    }
    hear(point[0], n[0], answered);
    hear(point[1], n[1], refused);
}

enum an_code tr_refusals(struct an_arena *arena, const struct tr_data *d,
                         const struct rt_limits *limits,
                         const struct rt_population *population,
                         const struct tr_judgement *j, struct tr_refusals *out,
                         struct an_err *err)
{
    const struct tr_predicted *p = &j->test;
    uint8_t *why = an_arena_get(arena, p->n, sizeof(*why));
    struct tr_point *room = an_arena_get(arena, 2 * p->n, sizeof(*room));
    struct tr_heard *heard =
        an_arena_get(arena, 2 * p->n_columns, sizeof(*heard));
    double *scratch =
        an_arena_get(arena, d->cohort.sizes.wide, sizeof(*scratch));

    if (why == NULL || room == NULL || heard == NULL || scratch == NULL)
        return an_fail_nomem(err);
    *out = (struct tr_refusals){
        .n = p->n, .answered = heard, .refused = heard + p->n_columns};
    for (size_t q = 0; q < p->n; q++) {
        why[q] =
            (uint8_t)reason(&d->cohort, p->row[q], limits, population, scratch);
        out->by[why[q]]++;
    }
    for (size_t i = 0; i < p->n_columns; i++)
        compare(j, i, why, room, &heard[i], &heard[p->n_columns + i]);
    return AN_OK;
}

/* ---- print ----------------------------------------------------------------- */

static const char *number(double x, int places, char text[24])
{
    if (isfinite(x))
        (void)snprintf(text, 24, "%.*f", places, x);
    else
        (void)snprintf(text, 24, "-");
    return text;
}

static void put_heard(struct an_buf *b, const struct tr_heard *h)
{
    char auroc[24], risk[24], share[24];

    tr_put_line(b, "  %7zu %6zu %6s %6s %6s", h->n, h->events,
                number(h->auroc, 3, auroc), number(h->risk, 4, risk),
                number(h->share, 4, share));
}

void tr_refusals_put(struct an_buf *b, const struct tr_data *d,
                     const struct tr_judgement *j, const struct tr_refusals *r)
{
    const size_t refused = r->n - r->by[CTX_ABSTAIN_NONE];

    tr_put_line(b,
                "\nof %zu questions the package would not answer %zu (%.2f %%)",
                r->n, refused, r->n ? 100 * (double)refused / (double)r->n : 0);
    for (unsigned i = 1; i < CTX_N_ABSTENTIONS; i++)
        if (r->by[i])
            tr_put_line(b, "\n%7zu %s", r->by[i], ctx_abstention_text(i));
    tr_put_line(b, "\n");
    if (refused == 0)
        return;
    tr_put_line(b, "\n%-23s %5s  %-35s  %s\n%29s", "", "", "answered",
                "refused", "");
    for (int i = 0; i < 2; i++)
        tr_put_line(b, "  %7s %6s %6s %6s %6s", "asked", "events", "AUROC",
                    "risk", "share");
    tr_put_line(b, "\n");
    for (size_t i = 0; i < j->n; i++) {
        const struct tr_column *c = &j->verdict[i].column;

        tr_put_line(b, "%-23.*s %5u", AN_STR_ARG(d->asked[c->outcome].id),
                    c->horizon_days);
        put_heard(b, &r->answered[i]);
        put_heard(b, &r->refused[i]);
        tr_put_line(b, "\n");
    }
    tr_put_line(
        b,
        "\nRisk: the mean of the calibrated risks; share: who had the outcome, "
        "of the known answers.\n");
}

static void write_heard(struct an_json_out *w, const char *key,
                        const struct tr_heard *h)
{
    an_out_key(w, key);
    an_out_object(w);
    tr_put_count(w, "questions", h->n);
    tr_put_count(w, "events", h->events);
    tr_put_number(w, "auroc", h->auroc);
    tr_put_number(w, "mean_risk", h->risk);
    tr_put_number(w, "share", h->share);
    an_out_end(w);
}

void tr_refusals_write(const struct tr_data *d, const struct tr_judgement *j,
                       const struct tr_refusals *r, struct an_json_out *w)
{
    an_out_object(w);
    tr_put_count(w, "questions", r->n);
    an_out_key(w, "reasons");
    an_out_array(w);
    for (unsigned i = 1; i < CTX_N_ABSTENTIONS; i++)
        if (r->by[i]) {
            an_out_object(w);
            an_out_key_str(w, "reason", an_str_c(ctx_abstention_text(i)));
            tr_put_count(w, "questions", r->by[i]);
            an_out_end(w);
        }
    an_out_end(w);
    an_out_key(w, "outcomes");
    an_out_array(w);
    for (size_t i = 0; i < j->n; i++) {
        const struct tr_column *c = &j->verdict[i].column;

        an_out_object(w);
        an_out_key_str(w, "id", d->asked[c->outcome].id);
        tr_put_count(w, "horizon_days", c->horizon_days);
        write_heard(w, "answered", &r->answered[i]);
        write_heard(w, "refused", &r->refused[i]);
        an_out_end(w);
    }
    an_out_end(w);
    an_out_end(w);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/tune/gates.h"

#include <math.h>

enum an_code tr_gates_init(struct tr_gates *g, struct an_arena *arena,
                           size_t size, struct an_err *err)
{
    g->n = 0;
    g->size = size;
    g->gate = an_arena_get(arena, size, sizeof(*g->gate));
    return g->gate ? AN_OK : an_fail_nomem(err);
}

/* `least`: not below the limit; else not above. */
static struct tr_gate *add(struct tr_gates *g, enum tr_bound bound,
                           double limit, bool least, double value)
{
    struct tr_gate *to = &g->gate[g->n < g->size ? g->n++ : g->size - 1];

    *to = (struct tr_gate){.bound = bound,
                           .limit = limit,
                           .value = value,
                           .group = -1,
                           .held = least ? value >= limit : value <= limit};
    return to;
}

void tr_gates_patients(struct tr_gates *g, const struct tr_plan *p,
                       const size_t n[TR_N_SPLITS])
{
    static const enum tr_bound bound[TR_N_SPLITS] = {
        TR_B_data_training_patients, TR_B_data_tuning_patients,
        TR_B_data_test_patients};

    for (int s = 0; s < TR_N_SPLITS; s++)
        (void)add(g, bound[s], p->bound[bound[s]], true, (double)n[s]);
}

void tr_gates_events(struct tr_gates *g, const struct tr_plan *p,
                     const struct tr_benches *b)
{
    uint32_t most = 0;

    for (size_t i = 0; i < b->n; i++) {
        const struct tr_bench *row = &b->row[i];
        const uint32_t fewer =
            row->with < row->without ? row->with : row->without;

        if (row->group < 0 && fewer > most)
            most = fewer;
    }
    (void)add(g, TR_B_data_test_events, p->bound[TR_B_data_test_events], true,
              most);
}

void tr_gates_parts(struct tr_gates *g, const struct tr_plan *p,
                    const double change[TR_N_PARTS])
{
    static const enum tr_bound bound[TR_N_PARTS] = {
        [TR_PART_WIDE] = TR_B_parts_wide,
        [TR_PART_HEADS] = TR_B_parts_heads,
        [TR_PART_TRUNK] = TR_B_parts_trunk};

    for (int part = 0; part < TR_N_PARTS; part++)
        (void)add(g, bound[part], p->bound[bound[part]], false, change[part]);
}

/* ---- what was measured ----------------------------------------------------- */

static void of_column(struct tr_gate *g, const struct tr_bench *row)
{
    g->of_column = true;
    g->column = row->column;
    g->group = row->group;
}

static void add_range(struct tr_gates *g, const struct tr_plan *p,
                      const struct tr_bench *row, enum tr_bound low,
                      enum tr_bound high, struct tr_interval interval)
{
    of_column(add(g, low, p->bound[low], true, interval.high), row);
    of_column(add(g, high, p->bound[high], false, interval.low), row);
}

static void add_column(struct tr_gates *g, const struct tr_plan *p,
                       const struct tr_bench *row, enum tr_side_kind taken)
{
    const struct tr_figures *before = &row->of[TR_AS_IT_CAME];
    const struct tr_figures *after = &row->of[taken];
    const double *bound = p->bound;
    struct tr_gate *one;

    one = add(g, TR_B_gates_auroc_least, bound[TR_B_gates_auroc_least], true,
              before->of[TR_M_AUROC].interval.high);
    of_column(one, row);
    one->before = true;
    of_column(add(g, TR_B_gates_auroc_least, bound[TR_B_gates_auroc_least],
                  true, after->of[TR_M_AUROC].interval.high),
              row);
    of_column(add(g, TR_B_gates_auroc_fall, -bound[TR_B_gates_auroc_fall], true,
                  after->less[TR_M_AUROC].interval.low),
              row);
    add_range(g, p, row, TR_B_gates_observed_expected_low,
              TR_B_gates_observed_expected_high,
              after->of[TR_M_LEVEL].interval);
    add_range(g, p, row, TR_B_gates_slope_low, TR_B_gates_slope_high,
              after->slope.interval);
    of_column(add(g, TR_B_gates_net_benefit_fall,
                  -bound[TR_B_gates_net_benefit_fall], true,
                  after->less[TR_M_BENEFIT].interval.low / row->share),
              row);
    of_column(add(g, TR_B_gates_loss_rise, bound[TR_B_gates_loss_rise], false,
                  after->less[TR_M_LOSS].interval.high),
              row);
}

/* Keeps the worst: `to` NULL is none yet. */
static void worst(struct tr_gates *g, struct tr_gate **to, enum tr_bound bound,
                  double limit, bool least, double value,
                  const struct tr_bench *row)
{
    struct tr_gate *one;

    /* Nothing is worse than what could not be found. */
    if (*to && (isnan((*to)->value) ||
                (least ? value >= (*to)->value : value <= (*to)->value)))
        return;
    one = add(g, bound, limit, least, value);
    of_column(one, row);
    if (*to) {
        **to = *one;
        g->n--;
    } else {
        *to = one;
    }
}

static void add_groups(struct tr_gates *g, const struct tr_plan *p,
                       const struct tr_benches *b, enum tr_side_kind taken)
{
    const double *bound = p->bound;
    struct tr_gate *fall = NULL, *low = NULL, *high = NULL;

    for (size_t i = 0; i < b->n; i++) {
        const struct tr_bench *row = &b->row[i];
        const struct tr_figures *after = &row->of[taken];

        if (row->group < 0)
            continue;
        worst(g, &fall, TR_B_groups_auroc_fall, -bound[TR_B_groups_auroc_fall],
              true, after->less[TR_M_AUROC].interval.low, row);
        worst(g, &low, TR_B_groups_observed_expected_low,
              bound[TR_B_groups_observed_expected_low], true,
              after->of[TR_M_LEVEL].interval.high, row);
        worst(g, &high, TR_B_groups_observed_expected_high,
              bound[TR_B_groups_observed_expected_high], false,
              after->of[TR_M_LEVEL].interval.low, row);
    }
}

void tr_gates_measures(struct tr_gates *g, const struct tr_plan *p,
                       const struct tr_benches *b, enum tr_side_kind taken)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->row[i].group < 0 && b->row[i].measured)
            add_column(g, p, &b->row[i], taken);
    add_groups(g, p, b, taken);
}

bool tr_gates_held(const struct tr_gates *g)
{
    for (size_t i = 0; i < g->n; i++)
        if (!g->gate[i].held)
            return false;
    return true;
}

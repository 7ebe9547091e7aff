/* SPDX-License-Identifier: Apache-2.0 */
/* Deletion and insertion curves as a table and as JSON. */
#include "trainer/evaluate/explain.h"
#include "trainer/evaluate/judge_int.h"
#include "trainer/put.h"

#include <stdio.h>

enum { TEXT_BYTES = 1 << 20 };

const char *const tr_order_name[TR_N_ORDERS] = {[TR_BY_WEIGHT] = "weight",
                                                [TR_BY_GRADIENT] = "gradient",
                                                [TR_BY_TIME] = "time",
                                                [TR_BY_CHANCE] = "chance"};
const char *const tr_curve_name[TR_N_CURVES] = {
    [TR_DELETION] = "deletion", [TR_INSERTION] = "insertion"};

static struct an_str name_of(const struct tr_data *d, const struct tr_faith *f)
{
    return f->column.outcome == SIZE_MAX ? AN_STR("all")
                                         : d->asked[f->column.outcome].id;
}

static void put_order(struct an_json_out *w, const struct tr_faith *f, int c,
                      int o)
{
    an_out_key(w, tr_order_name[o]);
    an_out_object(w);
    tr_put_number(w, "area", f->area[c][o]);
    if (o != TR_BY_WEIGHT) {
        tr_put_number(w, "gain", f->gain[c][o]);
        an_out_key(w, "gain_95");
        an_out_object(w);
        tr_put_number(w, "low", f->gain_interval[c][o].low);
        tr_put_number(w, "high", f->gain_interval[c][o].high);
        an_out_end(w);
    }
    an_out_end(w);
}

void tr_explained_write(const struct tr_data *d, const struct tr_explained *e,
                        struct an_json_out *w)
{
    an_out_array(w);
    for (size_t i = 0; i < e->n; i++) {
        const struct tr_faith *f = &e->faith[i];

        an_out_object(w);
        an_out_key_str(w, "id", name_of(d, f));
        if (f->column.outcome != SIZE_MAX)
            tr_put_count(w, "horizon_days", f->column.horizon_days);
        tr_put_count(w, "people", f->n_people);
        for (int c = 0; c < TR_N_CURVES; c++) {
            an_out_key(w, tr_curve_name[c]);
            an_out_object(w);
            for (int o = 0; o < TR_N_ORDERS; o++)
                put_order(w, f, c, o);
            an_out_end(w);
        }
        an_out_end(w);
    }
    an_out_end(w);
}

static void put_row(struct an_buf *b, const struct tr_data *d,
                    const struct tr_faith *f, int c)
{
    const struct an_str name = name_of(d, f);
    tr_put_line(b, "%-23.*s %-9s %6zu %7.3f", AN_STR_ARG(name),
                tr_curve_name[c], f->n_people, f->area[c][TR_BY_WEIGHT]);
    for (int o = TR_BY_WEIGHT + 1; o < TR_N_ORDERS; o++) {
        const struct tr_interval *i = &f->gain_interval[c][o];

        tr_put_line(b, "  %6.3f (%6.3f-%6.3f)", f->gain[c][o], i->low, i->high);
    }
    an_buf_put_c(b, "\n");
}

enum an_code tr_explained_text(struct an_arena *arena, const struct tr_data *d,
                               const struct tr_explained *e,
                               struct an_str *text, struct an_err *err)
{
    struct an_buf buf, *b = &buf;

    an_buf_init(b, arena, TEXT_BYTES);
    tr_put_line(b, "\n%-23s %-9s %6s %7s  %-22s  %-22s  %-22s\n", "outcome",
                "curve", "people", "area", "better than gradient",
                "better than time", "better than chance");
    for (size_t i = 0; i < e->n; i++)
        for (int c = 0; c < TR_N_CURVES; c++)
            put_row(b, d, &e->faith[i], c);
    an_buf_put_c(b,
                 "\nArea: the mean log hazard while reasons are taken away or "
                 "put back in the order of their\nweights, above that without "
                 "any.  Better: by how much than another order, with 95 % of "
                 "draws\nof people; above 0 the reasons are nearer to what "
                 "the model goes by.\n");
    return an_buf_done(b, text, err);
}

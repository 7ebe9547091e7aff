/* SPDX-License-Identifier: Apache-2.0 */
/* What tuning found, as text and as JSON. */
#include "trainer/put.h"
#include "trainer/tune/tune.h"

#include <math.h>
#include <stdio.h>

enum { TEXT_BYTES = 4 << 20 };

static struct an_str outcome_of(const struct tr_data *d,
                                const struct tr_column *c)
{
    return d->asked[c->outcome].id;
}

/* ---- text ------------------------------------------------------------------ */

static const char *figure(const struct tr_figure *f, int places, char text[48])
{
    if (!isfinite(f->value))
        (void)snprintf(text, 48, "-");
    else if (!isfinite(f->interval.low))
        (void)snprintf(text, 48, "%.*f", places, f->value);
    else
        (void)snprintf(text, 48, "%.*f (%.*f, %.*f)", places, f->value, places,
                       f->interval.low, places, f->interval.high);
    return text;
}

static void put_candidates(struct an_buf *b, const struct tr_tuned *t)
{
    tr_put_line(b,
                "patients: %zu to train, %zu to tune, %zu to judge\n"
                "plan: %.*s %.*s, %s\n",
                t->patients[TR_TRAIN], t->patients[TR_TUNE],
                t->patients[TR_TEST], AN_STR_ARG(t->plan->id),
                AN_STR_ARG(t->plan->version),
                t->plan_is_site ? "the site's own: the package had none"
                                : "that of the package");
    if (t->trained)
        tr_put_line(b,
                    "training: tuning loss %.5f at the start, %.5f after epoch "
                    "%lld\n",
                    t->start_loss, t->best_loss, (long long)t->best_epoch);
    for (int part = 0; part < TR_N_PARTS && t->trained; part++)
        tr_put_line(b, "  %s changed by %.4f of its length\n",
                    tr_part_text((enum tr_part)part), t->change[part]);
    for (int i = 0; i < TR_N_SIDES; i++)
        if (t->side[i].there)
            tr_put_line(b, "tuning log loss per patient, %s: %.4f%s\n",
                        tr_side_text((enum tr_side_kind)i),
                        t->side[i].tuning_loss,
                        i == (int)t->taken ? "  <- taken" : "");
}

static void put_bench(struct an_buf *b, const struct tr_data *d,
                      const struct tr_tuned *t, const struct tr_bench *row)
{
    char text[5][48];

    tr_put_line(
        b,
        "\n%.*s within %u days%s%s: %u of %u had it; net benefit from %.4f\n",
        AN_STR_ARG(outcome_of(d, &row->column)), row->column.horizon_days,
        row->group < 0 ? "" : ", ",
        row->group < 0 ? "" : tr_group_text((enum tr_group)row->group),
        row->with, row->with + row->without, row->threshold);
    for (int i = 0; i < TR_N_SIDES; i++) {
        const struct tr_figures *f = &row->of[i];

        if (!t->side[i].there)
            continue;
        tr_put_line(b, "  %-11s %-21s %-18s %-19s %7.4f %-24s %s\n",
                    tr_side_text((enum tr_side_kind)i),
                    figure(&f->of[TR_M_AUROC], 3, text[0]),
                    figure(&f->of[TR_M_LEVEL], 2, text[1]),
                    figure(&f->slope, 2, text[2]), f->ici,
                    figure(&f->of[TR_M_BENEFIT], 4, text[3]),
                    figure(&f->of[TR_M_LOSS], 4, text[4]));
        if (i != TR_AS_IT_CAME)
            tr_put_line(b, "  %11s %-21s %-18s %-19s %7s %-24s %s\n", "less",
                        figure(&f->less[TR_M_AUROC], 3, text[0]), "", "", "",
                        figure(&f->less[TR_M_BENEFIT], 4, text[1]),
                        figure(&f->less[TR_M_LOSS], 4, text[2]));
    }
}

static void put_benches(struct an_buf *b, const struct tr_data *d,
                        const struct tr_tuned *t)
{
    size_t unjudged = 0;

    tr_put_line(b, "\n  %-11s %-21s %-18s %-19s %7s %-24s %s\n", "", "AUROC",
                "O/E", "slope", "ICI", "net benefit", "log loss");
    for (size_t i = 0; i < t->bench.n; i++) {
        const struct tr_bench *row = &t->bench.row[i];

        if (row->measured)
            put_bench(b, d, t, row);
        unjudged += !row->measured;
    }
    tr_put_line(
        b,
        "\nThe test patients; 95 %%, by drawing patients.  Less: what the "
        "package as it came has\nless, drawing the same patients.  %zu "
        "outcomes "
        "and horizons had too few patients\nwith or without to be judged.\n",
        unjudged);
}

void tr_gate_put(struct an_buf *b, const struct tr_data *d,
                 const struct tr_gate *g)
{
    const struct tr_bound_row *row = &tr_bound_row[g->bound];

    tr_put_line(b, "%s.%s", row->group, row->name);
    if (g->of_column)
        tr_put_line(b, " of %.*s within %u days%s%s%s",
                    AN_STR_ARG(outcome_of(d, &g->column)),
                    g->column.horizon_days, g->group < 0 ? "" : ", ",
                    g->group < 0 ? "" : tr_group_text((enum tr_group)g->group),
                    g->before ? ", as it came" : "");
    tr_put_line(b, ": %.4g, the bound is %.4g", g->value, g->limit);
}

enum an_code tr_tuned_text(struct an_arena *arena, const struct tr_data *d,
                           const struct tr_tuned *t, struct an_str *text,
                           struct an_err *err)
{
    struct an_buf buf, *b = &buf;

    an_buf_init(b, arena, TEXT_BYTES);
    put_candidates(b, t);
    if (t->bench.n)
        put_benches(b, d, t);
    tr_put_line(b, "\ngates\n");
    for (size_t i = 0; i < t->gates.n; i++) {
        tr_put_line(b, "  %s ", t->gates.gate[i].held ? "holds" : "FAILS");
        tr_gate_put(b, d, &t->gates.gate[i]);
        tr_put_line(b, "\n");
    }
    return an_buf_done(b, text, err);
}

/* ---- JSON ------------------------------------------------------------------ */

static void write_figure(struct an_json_out *w, const char *key,
                         const struct tr_figure *f)
{
    an_out_key(w, key);
    an_out_object(w);
    tr_put_number(w, "value", f->value);
    tr_put_number(w, "low", f->interval.low);
    tr_put_number(w, "high", f->interval.high);
    an_out_end(w);
}

static void write_figures(struct an_json_out *w, const struct tr_figures *f,
                          bool first)
{
    static const char *const key[TR_N_MEASURES] = {"auroc", "observed_expected",
                                                   "net_benefit", "log_loss"};

    an_out_object(w);
    for (int m = 0; m < TR_N_MEASURES; m++)
        write_figure(w, key[m], &f->of[m]);
    write_figure(w, "slope", &f->slope);
    tr_put_number(w, "ici", f->ici);
    if (!first) {
        an_out_key(w, "less_as_it_came");
        an_out_object(w);
        for (int m = 0; m < TR_N_MEASURES; m++)
            if (m != TR_M_LEVEL)
                write_figure(w, key[m], &f->less[m]);
        an_out_end(w);
    }
    an_out_end(w);
}

static const char *side_key(int side)
{
    static const char *const key[TR_N_SIDES] = {"as_it_came", "calibrated",
                                                "tuned"};

    return key[side];
}

static void write_column(const struct tr_data *d, const struct tr_column *c,
                         int group, struct an_json_out *w)
{
    an_out_key_str(w, "outcome", outcome_of(d, c));
    tr_put_count(w, "horizon_days", c->horizon_days);
    if (group >= 0)
        an_out_key_str(w, "group",
                       an_str_c(tr_group_text((enum tr_group)group)));
}

static void write_benches(const struct tr_data *d, const struct tr_tuned *t,
                          struct an_json_out *w)
{
    an_out_key(w, "measures");
    an_out_array(w);
    for (size_t i = 0; i < t->bench.n; i++) {
        const struct tr_bench *row = &t->bench.row[i];

        an_out_object(w);
        write_column(d, &row->column, row->group, w);
        tr_put_count(w, "questions", row->questions);
        tr_put_count(w, "patients_with", row->with);
        tr_put_count(w, "patients_without", row->without);
        tr_put_number(w, "share", row->share);
        tr_put_number(w, "threshold", row->threshold);
        for (int s = 0; s < TR_N_SIDES && row->measured; s++) {
            if (!t->side[s].there)
                continue;
            an_out_key(w, side_key(s));
            write_figures(w, &row->of[s], s == TR_AS_IT_CAME);
        }
        an_out_end(w);
    }
    an_out_end(w);
}

static void write_gates(const struct tr_data *d, const struct tr_tuned *t,
                        struct an_json_out *w)
{
    an_out_key(w, "gates");
    an_out_array(w);
    for (size_t i = 0; i < t->gates.n; i++) {
        const struct tr_gate *g = &t->gates.gate[i];
        char name[64];

        (void)snprintf(name, sizeof(name), "%s.%s",
                       tr_bound_row[g->bound].group,
                       tr_bound_row[g->bound].name);
        an_out_object(w);
        an_out_key_str(w, "gate", an_str_c(name));
        if (g->of_column)
            write_column(d, &g->column, g->group, w);
        if (g->before) {
            an_out_key(w, "as_it_came");
            an_out_bool(w, true);
        }
        tr_put_number(w, "bound", g->limit);
        tr_put_number(w, "value", g->value);
        an_out_key(w, "held");
        an_out_bool(w, g->held);
        an_out_end(w);
    }
    an_out_end(w);
    an_out_key(w, "held");
    an_out_bool(w, tr_gates_held(&t->gates));
}

static void write_data(const struct tr_tuned *t, struct an_json_out *w)
{
    char hex[AN_SHA256_HEX + 1];

    an_out_key(w, "data");
    an_out_object(w);
    tr_put_count(w, "training_patients", t->patients[TR_TRAIN]);
    tr_put_count(w, "tuning_patients", t->patients[TR_TUNE]);
    tr_put_count(w, "test_patients", t->patients[TR_TEST]);
    an_hex_print(t->cohort_sha256, TR_DIGEST_BYTES, hex);
    an_out_key_str(w, "cohort_sha256", an_str_c(hex));
    an_out_end(w);
}

static void write_training(const struct tr_tuned *t, struct an_json_out *w)
{
    an_out_key(w, "training");
    if (!t->trained) {
        an_out_null(w);
        return;
    }
    an_out_object(w);
    an_out_key(w, "seed");
    an_out_i64(w, t->settings.seed);
    an_out_key(w, "threads");
    an_out_i64(w, t->settings.threads);
    an_out_key(w, "epochs");
    an_out_i64(w, t->settings.epochs);
    an_out_key(w, "best_epoch");
    an_out_i64(w, t->best_epoch);
    tr_put_number(w, "rate", t->settings.rate);
    tr_put_number(w, "start_loss", t->start_loss);
    tr_put_number(w, "best_loss", t->best_loss);
    an_out_key(w, "changed");
    an_out_object(w);
    for (int part = 0; part < TR_N_PARTS; part++)
        tr_put_number(w, tr_part_text((enum tr_part)part), t->change[part]);
    an_out_end(w);
    an_out_end(w);
}

void tr_tuned_write(const struct tr_data *d, const struct tr_tuned *t,
                    bool measures, struct an_json_out *w)
{
    an_out_object(w);
    an_out_key(w, "plan");
    tr_plan_write(t->plan, w);
    an_out_key_str(w, "plan_of",
                   t->plan_is_site ? AN_STR("site") : AN_STR("package"));
    write_data(t, w);
    write_training(t, w);
    an_out_key(w, "tuning_log_loss");
    an_out_object(w);
    for (int i = 0; i < TR_N_SIDES; i++)
        if (t->side[i].there)
            tr_put_number(w, side_key(i), t->side[i].tuning_loss);
    an_out_end(w);
    an_out_key_str(w, "taken", an_str_c(side_key((int)t->taken)));
    write_gates(d, t, w);
    if (measures)
        write_benches(d, t, w);
    an_out_end(w);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* How the fit went, and other fits beside it. */
#include "trainer/fit/course.h"
#include "trainer/put.h"
#include "trainer/report/page_int.h"

#include <math.h>
#include <stdio.h>

/* ---- learning curves ------------------------------------------------------- */

enum { TRAIN, TUNE, NEXT, OUTCOMES, N_LOSSES };

struct course {
    struct tr_xy loss[N_LOSSES][TR_COURSE_EPOCHS];
    size_t n[N_LOSSES]; /* of each that is known */
    double last;        /* epoch */
};

/* What is none of ours (a longer list, a loss that is no number) is left out. */
static void read_course(const struct tr_fitted *fitted, struct course *c)
{
    static const struct an_str name[N_LOSSES] = {
        AN_STR_INIT("train"), AN_STR_INIT("tune"), AN_STR_INIT("next"),
        AN_STR_INIT("outcomes")};

    *c = (struct course){.last = 0};
    for (const struct an_json *e =
             an_json_first(tr_fitted_member(fitted, AN_STR("epochs")));
         e; e = e->next) {
        double epoch, loss;

        if (!an_json_double(an_json_get(e, AN_STR("epoch")), &epoch) ||
            !(epoch > c->last))
            continue;
        c->last = epoch;
        for (int i = 0; i < N_LOSSES; i++)
            if (c->n[i] < TR_COURSE_EPOCHS &&
                an_json_double(an_json_get(e, name[i]), &loss) &&
                isfinite(loss))
                c->loss[i][c->n[i]++] = (struct tr_xy){epoch, loss};
    }
}

/* What holds some losses with a little room, by round numbers. */
static struct tr_axis loss_axis(const char *name, double low, double high)
{
    const double room = fmax(high - low, 1e-3 * fmax(fabs(high), 1));
    const double step = tr_plot_round(room / 4);

    return (struct tr_axis){name, floor((low - room / 20) / step) * step,
                            ceil((high + room / 20) / step) * step, false,
                            false};
}

static void put_losses(struct an_buf *b, const struct course *c, int from,
                       int to, const char *id, const char *title,
                       const char *words)
{
    static const char *const legend[N_LOSSES] = {"Training", "Tuning", "Tuning",
                                                 "Tuning"};
    double low = (double)INFINITY, high = -(double)INFINITY;
    char text[200];
    struct tr_plot p;

    for (int i = from; i <= to; i++)
        for (size_t k = 0; k < c->n[i]; k++) {
            low = fmin(low, c->loss[i][k].y);
            high = fmax(high, c->loss[i][k].y);
        }
    if (!(low <= high))
        return;
    (void)snprintf(text, sizeof(text),
                   "Losses of %.0f epochs, between %.4f and %.4f; lower is "
                   "better.",
                   c->last, low, high);
    tr_plot_begin(&p, b, an_str_c(id), an_str_c(title), an_str_c(text),
                  &(struct tr_axes){{"Epoch", 0, c->last, false, true},
                                    loss_axis("Loss", low, high)});
    for (int i = from; i <= to; i++) {
        if (c->n[i] == 0)
            continue;
        tr_plot_line(&p, i == TRAIN ? 0 : 1, c->loss[i], c->n[i]);
        for (size_t k = 0; k < c->n[i]; k++)
            tr_plot_dot(&p, i == TRAIN ? 0 : 1, c->loss[i][k], (double)NAN,
                        (double)NAN);
        tr_plot_legend(&p, i == TRAIN ? 0 : 1, true, legend[i]);
    }
    tr_plot_caption(&p);
    an_buf_put_c(b, words);
    tr_plot_end(&p);
}

void tr_page_course(struct an_buf *b, const struct tr_fitted *fitted)
{
    double best = (double)NAN;
    struct course c;

    read_course(fitted, &c);
    if (!(c.last > 0))
        return;
    an_buf_put_c(b, "<section id=\"learning\"><h2>How it learned</h2>\n<p>");
    if (an_json_double(tr_fitted_member(fitted, AN_STR("best_epoch")), &best) &&
        c.n[TUNE])
        tr_put_line(b,
                    "Kept is epoch %.0f, which served the tuning patients "
                    "best. ",
                    best);
    an_buf_put_c(b,
                 "Training losses are those of the steps as they were taken, "
                 "with units dropped and concepts hidden.</p>\n"
                 "<div class=\"f\">\n");
    put_losses(b, &c, TRAIN, TUNE, "course", "Learning curve",
               "<b>All that is learned</b>, weighted as in the fit.");
    put_losses(b, &c, OUTCOMES, OUTCOMES, "course-outcomes",
               "Learning curve of the outcomes",
               "<b>Outcomes</b>, per question of the tuning patients.");
    put_losses(b, &c, NEXT, NEXT, "course-next",
               "Learning curve of the next event",
               "<b>The next event</b>, per moment of the tuning patients.");
    an_buf_put_c(b, "</div></section>\n");
}

/* ---- other fits ------------------------------------------------------------ */

static void put_compared(struct an_buf *b, const struct tr_compared *c,
                         bool first, int places)
{
    const struct tr_ratio difference = {c->difference, c->interval};

    tr_html_cell(b, c->value, places);
    if (first)
        an_buf_put_c(b, "<td></td>");
    else
        tr_html_difference_cell(b, &difference, places);
}

static void put_row_head(struct an_buf *b, const struct tr_beside_row *row,
                         size_t i)
{
    tr_put_line(b, "<tr><th scope=\"row\">%zu. ", i + 1);
    tr_html_text(b, row->name);
    an_buf_put_c(b, "</th>");
}

static void put_loss_table(struct an_buf *b, const struct tr_beside *beside)
{
    static const char *const head[] = {"Fit",
                                       "Parameters",
                                       "Layers",
                                       "Channels",
                                       "Positions",
                                       "Loss, outcomes",
                                       "less 1 (95\xC2\xA0%)",
                                       "Loss, next event",
                                       "less 1 (95\xC2\xA0%)",
                                       NULL};

    tr_html_table(b, "Losses of the test patients, lower is better", head);
    for (size_t i = 0; i < beside->n; i++) {
        const struct tr_beside_row *row = &beside->row[i];

        put_row_head(b, row, i);
        tr_put_line(b, "<td>%llu</td><td>%d</td><td>%d</td><td>%d</td>",
                    (unsigned long long)row->n_parameters, row->shape.layers,
                    row->shape.channels, row->shape.positions);
        put_compared(b, &row->outcomes, i == 0, 4);
        put_compared(b, &row->next_event, i == 0, 4);
        an_buf_put_c(b, "</tr>\n");
    }
    tr_html_table_end(b);
}

static void put_auroc_tables(struct an_buf *b, const struct tr_page_of *of)
{
    static const char *const head[] = {"Fit", "AUROC", "less 1 (95\xC2\xA0%)",
                                       NULL};

    for (size_t c = 0; c < of->judgement->n; c++) {
        const struct tr_verdict *v = &of->judgement->verdict[c];

        if (!tr_page_has_plots(v))
            continue;
        an_buf_put_c(b, "<div class=\"h\"><h3>");
        tr_page_column(b, of->data, &v->column);
        an_buf_put_c(b, "</h3>\n");
        tr_html_table(b, "AUROC of the test patients, higher is better", head);
        for (size_t i = 0; i < of->beside->n; i++) {
            put_row_head(b, &of->beside->row[i], i);
            put_compared(b, &of->beside->row[i].auroc[c], i == 0, 3);
            an_buf_put_c(b, "</tr>\n");
        }
        tr_html_table_end(b);
        an_buf_put_c(b, "</div>\n");
    }
}

static double size_of(const struct tr_beside_row *row)
{
    return (double)row->n_parameters / 1000;
}

static double history_of(const struct tr_beside_row *row)
{
    return (double)row->shape.positions;
}

static void put_against(struct an_buf *b, const struct tr_beside *beside,
                        double (*x_of)(const struct tr_beside_row *), bool next,
                        const char *id, const char *title, const char *x_name)
{
    double low[2] = {(double)INFINITY, (double)INFINITY};
    double high[2] = {-(double)INFINITY, -(double)INFINITY};
    struct tr_plot p;
    char text[200];

    for (size_t i = 0; i < beside->n; i++) {
        const struct tr_beside_row *row = &beside->row[i];
        const double y = next ? row->next_event.value : row->outcomes.value;

        if (!isfinite(y))
            continue;
        low[0] = fmin(low[0], x_of(row));
        high[0] = fmax(high[0], x_of(row));
        low[1] = fmin(low[1], y);
        high[1] = fmax(high[1], y);
    }
    if (!(low[0] < high[0]))
        return;
    (void)snprintf(
        text, sizeof(text),
        "%zu fits, numbered as in the table; losses between %.4f and "
        "%.4f.",
        beside->n, low[1], high[1]);
    tr_plot_begin(&p, b, an_str_c(id), an_str_c(title), an_str_c(text),
                  &(struct tr_axes){
                      {x_name, low[0] / 1.3, high[0] * 1.3, true, false},
                      loss_axis(next ? "Loss, next event" : "Loss, outcomes",
                                low[1], high[1])});
    for (size_t i = 0; i < beside->n; i++) {
        const struct tr_beside_row *row = &beside->row[i];
        const double y = next ? row->next_event.value : row->outcomes.value;

        if (isfinite(y))
            tr_plot_mark(&p, (struct tr_xy){x_of(row), y}, i + 1);
    }
    tr_plot_caption(&p);
    tr_put_line(b, "<b>%s.</b> Each number is a row of the table.", title);
    tr_plot_end(&p);
}

/* Whether the shapes say that size, or the history that is read, was varied. */
static bool varies(const struct tr_beside *beside, bool size)
{
    const struct rt_shape *a = &beside->row[0].shape;

    for (size_t i = 1; i < beside->n; i++) {
        const struct rt_shape *s = &beside->row[i].shape;

        if (size ? s->layers != a->layers || s->channels != a->channels
                 : s->positions != a->positions)
            return true;
    }
    return false;
}

void tr_page_beside(struct an_buf *b, const struct tr_page_of *of)
{
    const struct tr_beside *beside = of->beside;

    if (beside == NULL || beside->n < 2)
        return;
    an_buf_put_c(
        b,
        "<section id=\"beside\"><h2>Other fits beside it</h2>\n<p>On the same "
        "test patients; 1 is the model of this page. Losses are of hazards "
        "that "
        "nothing has calibrated, per question, and of what comes next, per "
        "moment. Differences are paired, with 95 % by drawing patients; what "
        "another seed does is not in them.</p>\n");
    put_loss_table(b, beside);
    an_buf_put_c(b, "<div class=\"f\">\n");
    if (varies(beside, true)) {
        put_against(b, beside, size_of, false, "size", "Outcomes against size",
                    "Parameters, thousands");
        put_against(b, beside, size_of, true, "size-next",
                    "Next event against size", "Parameters, thousands");
    }
    if (varies(beside, false)) {
        put_against(b, beside, history_of, false, "history",
                    "Outcomes against history", "Positions that are read");
        put_against(b, beside, history_of, true, "history-next",
                    "Next event against history", "Positions that are read");
    }
    an_buf_put_c(b, "</div>\n<div class=\"a\">\n");
    put_auroc_tables(b, of);
    an_buf_put_c(b, "</div></section>\n");
}

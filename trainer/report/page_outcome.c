/* SPDX-License-Identifier: Apache-2.0 */
/* An outcome at a horizon: its curves. */
#include "trainer/evaluate/calibration.h"
#include "trainer/put.h"
#include "trainer/report/page_int.h"
#include "trainer/report/thresholds.h"

#include <math.h>
#include <stdio.h>

enum { CURVE_POINTS = 120, ID_BYTES = 24 };

static const struct tr_axis whole_share = {"", 0, 1, false, false};

static struct tr_axis axis(const char *name, double from, double to)
{
    return (struct tr_axis){name, from, to, false, false};
}

/* "roc-3". */
static struct an_str id_of(char text[ID_BYTES], const char *name,
                           const struct tr_view *v)
{
    (void)snprintf(text, ID_BYTES, "%s-%zu", name, v->column + 1);
    return an_str_c(text);
}

static void put_roc(struct an_buf *b, struct tr_view *v, struct tr_xy *xy,
                    const struct tr_ratio *c)
{
    static const struct tr_xy chance[2] = {{0, 0}, {1, 1}};
    const struct tr_score_of *s = &v->verdict->model;
    const struct tr_ratio auroc = {s->auroc, s->auroc_interval};
    struct tr_axes axes = {whole_share, whole_share};
    char id[ID_BYTES], text[200];
    struct tr_plot p;

    axes.x.name = "1 \xE2\x88\x92 specificity";
    axes.y.name = "Sensitivity";
    (void)snprintf(
        text, sizeof(text),
        "The curve rises from the lower left to the upper right; the "
        "area below it is %.3f, where the diagonal of chance has "
        "0.5.",
        s->auroc);
    tr_plot_begin(&p, b, id_of(id, "roc", v), AN_STR("ROC curve"),
                  an_str_c(text), &axes);
    tr_plot_line(&p, 2, chance, 2);
    tr_plot_line(&p, 0, xy,
                 tr_thin(xy, tr_roc(v->plain, v->n, xy), CURVE_POINTS));
    tr_plot_legend(&p, 0, false, "Model");
    tr_plot_legend(&p, 2, false, "Chance");
    tr_plot_caption(&p);
    an_buf_put_c(b, "<b>Discrimination.</b> AUROC ");
    tr_html_ratio(b, &auroc, 3);
    an_buf_put_c(b, "; Harrell\xE2\x80\x99s C ");
    tr_html_ratio(b, c, 3);
    an_buf_put_c(b, ".");
    tr_plot_end(&p);
}

static void put_precision(struct an_buf *b, struct tr_view *v, struct tr_xy *xy)
{
    const double area = tr_average_precision(v->point, v->n);
    const struct tr_xy chance[2] = {{0, v->verdict->incidence},
                                    {1, v->verdict->incidence}};
    struct tr_axes axes = {whole_share, whole_share};
    char id[ID_BYTES], text[200];
    struct tr_plot p;

    axes.x.name = "Sensitivity (recall)";
    axes.y.name = "PPV (precision)";
    (void)snprintf(
        text, sizeof(text),
        "The average precision is %.3f, where flagging by chance has "
        "the share with the outcome, %.4f.",
        area, v->verdict->incidence);
    tr_plot_begin(&p, b, id_of(id, "pr", v), AN_STR("Precision-recall curve"),
                  an_str_c(text), &axes);
    tr_plot_line(&p, 2, chance, 2);
    tr_plot_line(
        &p, 0, xy,
        tr_thin(xy, tr_precision_recall(v->point, v->n, TR_SMALL_COUNT, xy),
                CURVE_POINTS));
    tr_plot_legend(&p, 0, false, "Model");
    tr_plot_legend(&p, 2, false, "Chance");
    tr_plot_caption(&p);
    an_buf_put_c(b, "<b>Precision.</b> Average precision ");
    tr_html_number(b, area, 3);
    an_buf_put_c(b, "; by chance ");
    tr_html_number(b, v->verdict->incidence, 4);
    an_buf_put_c(b, ". The known answers weigh for those who were lost.");
    tr_plot_end(&p);
}

static void put_calibration_words(struct an_buf *b, const struct tr_score_of *s)
{
    const struct tr_ratio level = {s->observed_expected,
                                   s->observed_expected_interval};
    const struct tr_ratio slope = {s->line.slope, s->slope_interval};

    an_buf_put_c(b, "<b>Calibration.</b> O/E ");
    tr_html_ratio(b, &level, 2);
    an_buf_put_c(b, "; slope ");
    tr_html_ratio(b, &slope, 2);
    an_buf_put_c(b, ", intercept ");
    tr_html_number(b, s->line.intercept, 2);
    an_buf_put_c(b, "; ICI ");
    tr_html_number(b, s->ici, 4);
    an_buf_put_c(b, ". Bars: how many are told such a risk, of those at risk.");
}

/* Part of the smoothed curve that is on the axes. */
static size_t smooth_line(const struct tr_view *v, double last,
                          struct tr_xy xy[TR_ICI_KNOTS])
{
    double place[TR_ICI_KNOTS], curve[TR_ICI_KNOTS];
    const size_t n = tr_smooth(v->point, v->n, place, curve);
    size_t made = 0;

    for (size_t i = 0; i < n; i++)
        if (place[i] <= last && curve[i] <= last)
            xy[made++] = (struct tr_xy){place[i], curve[i]};
    return made;
}

static void put_bars(struct tr_plot *p, const struct tr_view *v, double last)
{
    const double tallest = 0.3; /* of the frame */
    double bar[TR_BARS], most = 0;

    tr_histogram(v, last, bar);
    for (int i = 0; i < TR_BARS; i++)
        most = fmax(most, bar[i]);
    for (int i = 0; i < TR_BARS; i++)
        if (bar[i] > 0)
            tr_plot_bar(p, last * i / TR_BARS, last * (i + 1) / TR_BARS,
                        bar[i] / most * tallest);
}

static enum an_code put_calibration(struct an_buf *b, struct tr_view *v,
                                    struct an_err *err)
{
    struct tr_tenth tenth[TR_TENTHS];
    struct tr_xy smooth[TR_ICI_KNOTS];
    const size_t n = tr_tenths(v, tenth);
    const struct tr_score_of *s = &v->verdict->model;
    char id[ID_BYTES], text[240];
    double last;
    struct tr_plot p;
    enum an_code code = tr_risk_quantile(v, 0.99, &last, err);

    if (code != AN_OK)
        return code;
    for (size_t i = 0; i < n; i++) {
        last = fmax(last, tenth[i].risk);
        if (isfinite(tenth[i].share.interval.high))
            last = fmax(last, tenth[i].share.interval.high);
    }
    last = fmin(tr_plot_whole(fmax(last, 1e-6)), 1);
    (void)snprintf(text, sizeof(text),
                   "What was observed against the risk that was told, in %zu "
                   "groups by risk; observed over expected is %.2f in all, and "
                   "the mean distance of the smoothed line from the diagonal "
                   "%.4f.",
                   n, s->observed_expected, s->ici);
    tr_plot_begin(&p, b, id_of(id, "cal", v), AN_STR("Calibration"),
                  an_str_c(text),
                  &(struct tr_axes){axis("Risk that was told", 0, last),
                                    axis("Share with the outcome", 0, last)});
    put_bars(&p, v, last);
    tr_plot_line(&p, 2, (const struct tr_xy[]){{0, 0}, {last, last}}, 2);
    tr_plot_line(&p, 1, smooth, smooth_line(v, last, smooth));
    for (size_t i = 0; i < n; i++)
        tr_plot_dot(&p, 0, (struct tr_xy){tenth[i].risk, tenth[i].share.value},
                    tenth[i].share.interval.low, tenth[i].share.interval.high);
    tr_plot_legend(&p, 0, true, "Tenths, 95 %");
    tr_plot_legend(&p, 1, false, "Smoothed");
    tr_plot_legend(&p, 2, false, "Ideal");
    tr_plot_caption(&p);
    put_calibration_words(b, s);
    tr_plot_end(&p);
    return AN_OK;
}

/* Until a line falls below the plot. */
static size_t above(const struct tr_xy *xy, size_t n, double from)
{
    size_t i = 0;

    while (i < n && xy[i].y >= from)
        i++;
    return i;
}

static void put_decision(struct an_buf *b, struct tr_view *v)
{
    const struct tr_benefit *site = &v->verdict->model.benefit[TR_CONFIGURED];
    const double share = v->verdict->incidence;
    const double last =
        fmin(tr_plot_whole(fmax(
                 4 * share, isfinite(site->by_risk) ? 2 * site->threshold : 0)),
             1);
    struct tr_xy by_risk[TR_DECISIONS], all[TR_DECISIONS];
    char id[ID_BYTES], text[240];
    double most = share, least;
    struct tr_plot p;

    tr_decisions(v, last * 0.999, by_risk, all);
    for (int i = 0; i < TR_DECISIONS; i++)
        most = fmax(most, by_risk[i].y);
    most = tr_plot_whole(most * 1.02);
    least = -most / 4;
    (void)snprintf(text, sizeof(text),
                   "Net benefit per person against the risk from which one "
                   "acts; at the share with the outcome, %.4f, it is %.4f by "
                   "the model and %.4f when all are treated.",
                   share, v->verdict->model.benefit[0].by_risk,
                   v->verdict->model.benefit[0].all);
    tr_plot_begin(&p, b, id_of(id, "dca", v), AN_STR("Decision curve"),
                  an_str_c(text),
                  &(struct tr_axes){axis("Risk from which one acts", 0, last),
                                    axis("Net benefit", least, most)});
    tr_plot_line(&p, 2, (const struct tr_xy[]){{0, 0}, {last, 0}}, 2);
    tr_plot_line(&p, 1, all, above(all, TR_DECISIONS, least));
    tr_plot_line(&p, 0, by_risk, above(by_risk, TR_DECISIONS, least));
    tr_plot_legend(&p, 0, false, "Model");
    tr_plot_legend(&p, 1, false, "Treat all");
    tr_plot_legend(&p, 2, false, "None");
    tr_plot_caption(&p);
    an_buf_put_c(b,
                 "<b>Worth.</b> Net benefit per person at the share with the "
                 "outcome: ");
    tr_html_number(b, v->verdict->model.benefit[0].by_risk, 4);
    an_buf_put_c(b, "; at twice that: ");
    tr_html_number(b, v->verdict->model.benefit[1].by_risk, 4);
    an_buf_put_c(b, ".");
    tr_plot_end(&p);
}

static void put_head(struct an_buf *b, const struct tr_view *v)
{
    tr_put_line(b, "<section id=\"o%zu\"><h2>", v->column + 1);
    tr_page_column(b, v->d, &v->verdict->column);
    tr_put_line(b, "</h2>\n<p>%zu questions with a known answer, ",
                v->verdict->n);
    tr_html_count(b, v->verdict->events);
    an_buf_put_c(b, " events in ");
    tr_html_count(b, v->verdict->persons_with_event);
    tr_put_line(b,
                " people; %zu questions at risk. The share with the outcome by "
                "then is ",
                v->verdict->n_at_risk);
    tr_html_number(b, v->verdict->incidence, 4);
    an_buf_put_c(b, ".</p>\n<div class=\"f\">\n");
}

enum an_code tr_page_outcome(struct an_buf *b, struct tr_view *v,
                             const struct tr_grouped *g, size_t column,
                             struct an_err *err)
{
    struct tr_ratio c;
    struct tr_xy *xy;
    enum an_code code = tr_view_look(v, column, NULL, err);

    if (code == AN_OK)
        code = tr_view_concordance(v, &c, err);
    if (code != AN_OK)
        return code;
    xy = an_arena_get(v->arena, v->n + 1, sizeof(*xy));
    if (xy == NULL)
        return an_fail_nomem(err);
    put_head(b, v);
    put_roc(b, v, xy, &c);
    put_precision(b, v, xy);
    code = put_calibration(b, v, err);
    if (code != AN_OK)
        return code;
    put_decision(b, v);
    an_buf_put_c(b, "</div>\n");
    code = tr_page_thresholds(b, v, err);
    if (code == AN_OK)
        code = tr_page_groups(b, v, g, column, err);
    an_buf_put_c(b, "</section>\n");
    return code;
}

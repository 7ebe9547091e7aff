/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/report/page.h"

#include "trainer/put.h"
#include "trainer/report/page_int.h"
#include "trainer/report/thresholds.h"

#include <math.h>

static const size_t page_bytes = (size_t)64 << 20;

/* Nothing is loaded or run: of a page that is opened beside patients' data this
 * is to be seen in its first lines. */
static const char head_html[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
    "'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action "
    "'none'\"/>\n"
    "<meta name=\"viewport\" content=\"width=device-width, "
    "initial-scale=1\"/>\n"
    "<meta name=\"color-scheme\" content=\"light dark\"/>\n";

static const char style[] =
    "<style>\n"
    ":root{--p:#fff;--t:#1b1b1b;--q:#555;--g:#e2e2e2;--k:#f5f5f5;--b:#d5dde6;"
    "--c0:#0b57a4;--c1:#a83a00;--c2:#555;--c3:#6a2c91}\n"
    "@media(prefers-color-scheme:dark){:root{--p:#16181b;--t:#e8e8e8;"
    "--q:#b4b4b4;--g:#34383d;--k:#202327;--b:#37424e;--c0:#7db8ff;--c1:#ffab73;"
    "--c2:#b8b8b8;--c3:#d3a4f2}}\n"
    "@media "
    "print{:root{--p:#fff;--t:#000;--q:#333;--g:#ddd;--k:#fff;--b:#d5dde6;"
    "--c0:#0b57a4;--c1:#a83a00;--c2:#555;--c3:#6a2c91}"
    "nav{display:none}figure,tr{break-inside:avoid}h2,h3{break-after:avoid}"
    ".t{overflow:visible}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:78rem;padding:1rem;background:var(--p);"
    "color:var(--t);font:16px/1.5 "
    "system-ui,sans-serif;overflow-wrap:anywhere}\n"
    "h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.25rem;"
    "border-top:1px solid var(--g);padding-top:1.5rem;margin-top:2rem}"
    "h3{font-size:1rem;margin-bottom:.25rem}\n"
    "a{color:var(--c0)}p,li{max-width:46rem}\n"
    ".f{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,"
    "24rem),1fr));gap:1rem 1.5rem}"
    ".a{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,"
    "24rem),1fr));gap:0 1.5rem}.h{min-width:0}\n"
    "figure{margin:0;min-width:0;max-width:30rem}svg{width:100%;height:auto;"
    "display:block}"
    "figcaption{font-size:.875rem;color:var(--q)}figcaption b{color:var(--t)}\n"
    "svg text{font:11px system-ui,sans-serif;fill:var(--t)}"
    ".g{stroke:var(--g);fill:none}.x{stroke:var(--t);fill:none}"
    ".b{fill:var(--b);stroke:var(--q);stroke-width:.5}.l{fill:none;stroke-"
    "width:1.8}.w{stroke-width:1.2}"
    ".r{stroke:var(--q);stroke-width:.7}\n"
    ".l.s0{stroke:var(--c0)}.l.s1{stroke:var(--c1);stroke-dasharray:7 3}"
    ".l.s2{stroke:var(--c2);stroke-dasharray:2 3}.l.s3{stroke:var(--c3);"
    "stroke-dasharray:8 3 2 3}.w.s1,.w.s2,.w.s3{stroke-dasharray:none}"
    ".d.s0{fill:var(--c0)}.d.s1{fill:var(--c1)}.d.s2{fill:var(--c2)}"
    ".d.s3{fill:var(--c3)}\n"
    ".t{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;"
    "font-size:.875rem;font-variant-numeric:tabular-nums;min-width:100%}"
    "caption{text-align:left;font-weight:600;padding:.25rem 0}"
    "th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid "
    "var(--g);"
    "vertical-align:top;overflow-wrap:normal}"
    "th{font-weight:600}thead th{background:var(--k)}"
    "th:first-child{text-align:left;min-width:8rem}"
    "td[colspan]{text-align:left;color:var(--q)}.i{color:var(--q);"
    "white-space:nowrap}\n"
    "pre{white-space:pre-wrap;font-size:.875rem;background:var(--k);"
    "padding:1rem;border-radius:4px}\n"
    "</style></head>\n";

bool tr_page_has_plots(const struct tr_verdict *v)
{
    return v->events >= TR_JUDGED_EVENTS &&
           v->n - v->events >= TR_JUDGED_EVENTS;
}

void tr_page_column(struct an_buf *b, const struct tr_data *d,
                    const struct tr_column *column)
{
    tr_html_text(b, d->asked[column->outcome].id);
    tr_put_line(b, " within %u days", column->horizon_days);
}

static void put_head(struct an_buf *b, const struct tr_page_of *of)
{
    const struct tr_judgement *j = of->judgement;

    an_buf_put_c(b, head_html);
    an_buf_put_c(b, "<title>Evaluation of ");
    tr_html_text(b, of->name);
    an_buf_put_c(b, "</title>\n");
    an_buf_put_c(b, style);
    an_buf_put_c(b, "<body>\n<header><h1>Evaluation of ");
    tr_html_text(b, of->name);
    tr_put_line(
        b,
        "</h1>\n<p>Judged on %zu test patients, whom it has not seen. "
        "Intervals are 95 %%, by drawing patients. Risks are calibrated "
        "on the tuning patients%s.</p>\n",
        j->n_patients,
        of->fitted->is_package ? ", or as the package says where there "
                                 "are none"
                               : ", where there are any");
    if (j->compared) {
        const struct tr_ratio gain = {j->next_event - j->next_event_constant,
                                      j->next_event_gain};

        an_buf_put_c(b, "<p>Loss of the next event, per moment: ");
        tr_html_number(b, j->next_event, 4);
        an_buf_put_c(b, "; with constant rates ");
        tr_html_number(b, j->next_event_constant, 4);
        an_buf_put_c(b, ". The difference is ");
        tr_html_ratio(b, &gain, 4);
        an_buf_put_c(b, ".</p>\n");
    }
    an_buf_put_c(b, "</header>\n<main>\n");
}

static void put_summary_row(struct an_buf *b, const struct tr_page_of *of,
                            const struct tr_verdict *v, size_t i)
{
    const struct tr_ratio auroc = {v->model.auroc, v->model.auroc_interval};
    const struct tr_ratio level = {v->model.observed_expected,
                                   v->model.observed_expected_interval};
    const struct tr_ratio regression = {v->difference, v->difference_interval};
    const bool plots = tr_page_has_plots(v);

    an_buf_put_c(b, "<tr><th scope=\"row\">");
    if (plots)
        tr_put_line(b, "<a href=\"#o%zu\">", i + 1);
    tr_page_column(b, of->data, &v->column);
    an_buf_put_c(b, plots ? "</a></th>" : "</th>");
    tr_html_count_cell(b, v->n);
    tr_html_count_cell(b, v->events);
    if (!plots) {
        tr_put_line(b,
                    "<td colspan=\"4\">Too few to judge: fewer than %d had the "
                    "outcome, or had it not.</td></tr>\n",
                    TR_JUDGED_EVENTS);
        return;
    }
    tr_html_ratio_cell(b, &auroc, 3);
    tr_html_cell(b, v->model.concordance, 3);
    tr_html_ratio_cell(b, &level, 2);
    if (v->has_regression)
        tr_html_difference_cell(b, &regression, 3);
    else
        an_buf_put_c(b, "<td>no regression</td>");
    an_buf_put_c(b, "</tr>\n");
}

static void put_summary(struct an_buf *b, const struct tr_page_of *of)
{
    static const char *const head[] = {"Outcome",
                                       "Questions",
                                       "Events",
                                       "AUROC (95\xC2\xA0%)",
                                       "C",
                                       "O/E (95\xC2\xA0%)",
                                       "AUROC less regression (95\xC2\xA0%)",
                                       NULL};

    an_buf_put_c(b, "<section id=\"summary\"><h2>In brief</h2>\n");
    tr_html_table(b, "Outcomes and horizons", head);
    for (size_t i = 0; i < of->judgement->n; i++)
        put_summary_row(b, of, &of->judgement->verdict[i], i);
    tr_html_table_end(b);
    an_buf_put_c(b, "</section>\n");
}

static enum an_code put_outcomes(struct an_arena *arena, struct an_buf *b,
                                 const struct tr_page_of *of,
                                 struct an_err *err)
{
    struct tr_grouped groups;
    struct tr_view v;
    enum an_code code = tr_view_init(&v, arena, of->data, of->judgement, err);

    if (code == AN_OK)
        code = tr_grouped_init(&groups, arena, of->data, &of->judgement->test,
                               err);
    for (size_t i = 0; i < of->judgement->n && code == AN_OK; i++)
        if (tr_page_has_plots(&of->judgement->verdict[i]))
            code = tr_page_outcome(b, &v, &groups, i, err);
    return code;
}

static void put_card(struct an_buf *b, struct an_str card)
{
    if (card.n == 0)
        return;
    an_buf_put_c(b, "<section id=\"card\"><h2>The package\xE2\x80\x99s card"
                    "</h2>\n<pre>");
    tr_html_text(b, card);
    an_buf_put_c(b, "</pre></section>\n");
}

static void put_notes(struct an_buf *b)
{
    an_buf_put_c(
        b,
        "<section id=\"notes\"><h2>How to read it</h2>\n<ul>\n"
        "<li>A question is one moment at which the model is asked about a "
        "patient, an encounter; its answer is known when the outcome came by "
        "the horizon, or the patient was watched to it, or died first.</li>\n"
        "<li>Who is lost before is taken to be lost by chance: what is "
        "observed "
        "is the share of all at risk (Aalen and Johansen), and calibration, "
        "net "
        "benefit, thresholds and precision weigh the known answers for those "
        "who were lost. AUROC and the ROC curve are of the known answers as "
        "they are, C of all that was watched.</li>\n"
        "<li>O/E: the share with the outcome over the mean risk, 1 when they "
        "agree. Slope: of the answers on log-odds, below 1 when risks are too "
        "extreme. ICI: the mean distance of a risk from the smoothed share "
        "near "
        "it.</li>\n"
        "<li>Net benefit: events that are acted on, less others at the odds of "
        "the threshold, per person. Alerts are of all questions at risk; to "
        "evaluate for one event is 1 over the PPV.</li>\n"
        "<li>Groups are a look, not a test: several are looked at, and one of "
        "twenty intervals misses by chance. Groups of sex and age alone are "
        "known of a data set.</li>\n");
    tr_put_line(
        b,
        "<li>Counts of 1 to %d are not told, nor the one other count of "
        "a list that would tell them.</li>\n</ul></section>\n",
        TR_SMALL_COUNT - 1);
}

static void put_contents(struct an_buf *b, const struct tr_page_of *of)
{
    an_buf_put_c(b, "<nav aria-label=\"Contents\"><p><a href=\"#summary\">In "
                    "brief</a>");
    if (an_json_first(tr_fitted_member(of->fitted, AN_STR("epochs"))))
        an_buf_put_c(b, " \xC2\xB7 <a href=\"#learning\">How it learned</a>");
    if (of->beside && of->beside->n > 1)
        an_buf_put_c(b, " \xC2\xB7 <a href=\"#beside\">Other fits</a>");
    if (of->card.n)
        an_buf_put_c(b, " \xC2\xB7 <a href=\"#card\">Card</a>");
    an_buf_put_c(b, " \xC2\xB7 <a href=\"#notes\">How to read it</a></p></nav>"
                    "\n");
}

enum an_code tr_page(struct an_arena *arena, const struct tr_page_of *of,
                     struct an_str *html, struct an_err *err)
{
    struct an_buf buf, *b = &buf;
    enum an_code code;

    an_buf_init(b, arena, page_bytes);
    put_head(b, of);
    put_contents(b, of);
    put_summary(b, of);
    code = put_outcomes(arena, b, of, err);
    if (code != AN_OK)
        return code;
    tr_page_course(b, of->fitted);
    tr_page_beside(b, of);
    put_card(b, of->card);
    put_notes(b);
    an_buf_put_c(b, "</main>\n</body></html>\n");
    return an_buf_done(b, html, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Of an outcome: thresholds, and who it serves how. */
#include "trainer/put.h"
#include "trainer/report/page_int.h"
#include "trainer/report/thresholds.h"

#include <math.h>

static const char *const act_text[TR_N_ACT] = {
    "1 % with the highest risk",
    "5 % with the highest risk",
    "10 % with the highest risk",
    "20 % with the highest risk",
    "The share with the outcome",
    "Twice that share",
    "The outcome\xE2\x80\x99s own threshold"};

static void put_act(struct an_buf *b, const struct tr_view *v,
                    const struct tr_act *a)
{
    tr_put_line(b, "<tr><th scope=\"row\">%s</th>", act_text[a->on]);
    tr_html_cell(b, a->threshold, 4);
    tr_html_cell(b, a->alerts_per_100, 1);
    if (tr_act_is_small(v, a)) {
        tr_put_line(b,
                    "<td colspan=\"5\">Fewer than %d with a known answer are "
                    "flagged, or are not: not told.</td></tr>\n",
                    TR_SMALL_COUNT);
        return;
    }
    tr_html_ratio_cell(b, &a->sensitivity, 2);
    tr_html_ratio_cell(b, &a->specificity, 2);
    tr_html_ratio_cell(b, &a->ppv, 3);
    tr_html_ratio_cell(b, &a->npv, 3);
    tr_html_cell(b, a->to_evaluate, 1);
    an_buf_put_c(b, "</tr>\n");
}

enum an_code tr_page_thresholds(struct an_buf *b, struct tr_view *v,
                                struct an_err *err)
{
    static const char *const head[] = {"Act on",
                                       "From risk",
                                       "Alerts per 100 encounters",
                                       "Sensitivity (95\xC2\xA0%)",
                                       "Specificity (95\xC2\xA0%)",
                                       "PPV (95\xC2\xA0%)",
                                       "NPV (95\xC2\xA0%)",
                                       "To evaluate for one event",
                                       NULL};
    struct tr_act act[TR_N_ACT];
    size_t n;
    enum an_code code = tr_acts(v, act, &n, err);

    if (code != AN_OK)
        return code;
    tr_html_table(b, "Thresholds", head);
    for (size_t i = 0; i < n; i++)
        put_act(b, v, &act[i]);
    tr_html_table_end(b);
    return AN_OK;
}

static void put_group_count(struct an_buf *b, size_t n, bool hidden)
{
    if (hidden && n >= TR_SMALL_COUNT)
        an_buf_put_c(b, "<td>10 or more</td>");
    else
        tr_html_count_cell(b, n);
}

static void put_group(struct an_buf *b, const struct tr_group_score *g,
                      const char *name, bool n_hidden, bool events_hidden)
{
    tr_put_line(b, "<tr><th scope=\"row\">%s</th>", name);
    put_group_count(b, g->count.questions, n_hidden);
    put_group_count(b, g->count.events, events_hidden);
    if (g->enough) {
        tr_html_ratio_cell(b, &g->auroc, 3);
        tr_html_ratio_cell(b, &g->level, 2);
    } else {
        tr_put_line(b,
                    "<td colspan=\"2\">Too few to judge: fewer than %d had the "
                    "outcome, or had it not.</td>",
                    TR_JUDGED_EVENTS);
    }
    an_buf_put_c(b, "</tr>\n");
}

/* Groups that are everybody, and nobody twice. */
struct partition {
    const char *caption, *head;
    int from, to; /* groups below `to` */
};

static enum an_code put_partition(struct an_buf *b, struct tr_view *v,
                                  const struct tr_grouped *g,
                                  const struct partition *by, size_t column,
                                  struct an_err *err)
{
    const char *const head[] = {by->head,
                                "Questions",
                                "Events",
                                "AUROC (95\xC2\xA0%)",
                                "O/E (95\xC2\xA0%)",
                                NULL};
    struct tr_group_score group[TR_N_GROUPS];
    size_t questions[TR_N_GROUPS] = {0}, events[TR_N_GROUPS] = {0};
    bool n_hidden[TR_N_GROUPS], events_hidden[TR_N_GROUPS];
    const size_t n = (size_t)(by->to - by->from);
    enum an_code code = AN_OK;

    for (size_t k = 0; k < n && code == AN_OK; k++) {
        code = tr_group_look(v, g, (enum tr_group)(by->from + (int)k), column,
                             &group[k], err);
        questions[k] = group[k].count.questions;
        events[k] = group[k].count.events;
    }
    if (code != AN_OK)
        return code;
    tr_counts_hide(questions, n, n_hidden);
    tr_counts_hide(events, n, events_hidden);
    tr_html_table(b, by->caption, head);
    for (size_t k = 0; k < n; k++)
        if (questions[k])
            put_group(b, &group[k],
                      tr_group_text((enum tr_group)(by->from + (int)k)),
                      n_hidden[k], events_hidden[k]);
    tr_html_table_end(b);
    return AN_OK;
}

enum an_code tr_page_groups(struct an_buf *b, struct tr_view *v,
                            const struct tr_grouped *g, size_t column,
                            struct an_err *err)
{
    static const struct partition sex = {"By sex", "Sex", TR_GROUP_FEMALE,
                                         TR_GROUP_FIRST_AGE},
                                  age = {"By age", "Age at the question, years",
                                         TR_GROUP_FIRST_AGE, TR_N_GROUPS};
    enum an_code code = put_partition(b, v, g, &sex, column, err);

    return code == AN_OK ? put_partition(b, v, g, &age, column, err) : code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Lead times as a table and as JSON. */
#include "trainer/evaluate/judge_int.h"
#include "trainer/evaluate/lead.h"
#include "trainer/put.h"

#include <math.h>
#include <stdio.h>

enum { TEXT_BYTES = 1 << 20 };

/* False flags for each true one; NAN when there is no true one. */
static double false_per_true(const struct tr_lead *l)
{
    return l->n_found ? (double)l->n_false / (double)l->n_found : (double)NAN;
}

void tr_leads_write(const struct tr_data *d, const struct tr_leads *leads,
                    struct an_json_out *w)
{
    an_out_array(w);
    for (size_t i = 0; i < leads->n; i++) {
        const struct tr_lead *l = &leads->lead[i];

        an_out_object(w);
        an_out_key_str(w, "id", d->asked[l->column.outcome].id);
        tr_put_count(w, "horizon_days", l->column.horizon_days);
        tr_put_count(w, "gap_days", l->gap_days);
        tr_put_number(w, "flagged", l->flagged);
        tr_put_number(w, "threshold", l->threshold);
        tr_put_count(w, "people", l->n_people);
        tr_put_count(w, "people_asked", l->n_asked);
        tr_put_count(w, "people_found", l->n_found);
        tr_put_number(w, "found", l->found);
        an_out_key(w, "found_95");
        an_out_object(w);
        tr_put_number(w, "low", l->low);
        tr_put_number(w, "high", l->high);
        an_out_end(w);
        tr_put_number(w, "lead_days_quarter", l->quartile[0]);
        tr_put_number(w, "lead_days_median", l->quartile[1]);
        tr_put_number(w, "lead_days_three_quarters", l->quartile[2]);
        tr_put_count(w, "people_without", l->n_without);
        tr_put_count(w, "people_without_flagged", l->n_false);
        tr_put_number(w, "false_per_true", false_per_true(l));
        an_out_end(w);
    }
    an_out_end(w);
}

static void put_row(struct an_buf *b, const struct tr_data *d,
                    const struct tr_lead *l)
{
    char share[32] = "-", days[48] = "-", each[16] = "-";
    char wrong[48];

    if (l->n_asked)
        (void)snprintf(share, sizeof(share), "%.3f (%.3f-%.3f)", l->found,
                       l->low, l->high);
    if (l->n_found) {
        (void)snprintf(days, sizeof(days), "%.0f (%.0f-%.0f)", l->quartile[1],
                       l->quartile[0], l->quartile[2]);
        (void)snprintf(each, sizeof(each), "%.1f", false_per_true(l));
    }
    (void)snprintf(wrong, sizeof(wrong), "%zu/%zu", l->n_false, l->n_without);
    tr_put_line(b,
                "%-23.*s %5u %6.0f %% %6zu %6zu %6zu  %-20s %-17s %11s %8s\n",
                AN_STR_ARG(d->asked[l->column.outcome].id), l->gap_days,
                100 * l->flagged, l->n_people, l->n_asked, l->n_found, share,
                days, wrong, each);
}

enum an_code tr_leads_text(struct an_arena *arena, const struct tr_data *d,
                           const struct tr_leads *leads, struct an_str *text,
                           struct an_err *err)
{
    struct an_buf buf, *b = &buf;

    an_buf_init(b, arena, TEXT_BYTES);
    tr_put_line(b, "\n%-23s %5s %8s %6s %6s %6s  %-20s %-17s %11s %8s\n",
                "outcome", "gap", "flagged", "people", "asked", "found",
                "share (95 %)", "lead in days", "false", "per true");
    for (size_t i = 0; i < leads->n; i++)
        put_row(b, d, &leads->lead[i]);
    tr_put_line(
        b,
        "\nFlagged: so many of those who never get the outcome, at most; a "
        "share that is no higher\nhas found nothing.  Asked: at a question at "
        "least the gap before the outcome.  Lead: from\nthe first of these "
        "that is flagged, median and quartiles.  What is found with a gap of "
        "0\nand not with one of 30 was recorded with the diagnosis.\n");
    return an_buf_done(b, text, err);
}

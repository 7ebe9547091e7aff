/* SPDX-License-Identifier: Apache-2.0 */
/* Cards and what became of them.  Topics are names of the outcome files and
 * scores, reasons are those that cards offer: nothing that a client writes is a
 * label. */
#include "plugin/host/metrics_int.h"

#include "plugin/store/feedback.h"

static void sample_card(struct an_buf *b, const char *name,
                        const struct pl_card_count *c, const char *outcome,
                        bool has_reason)
{
    an_buf_put_c(b, "anamnesis_");
    an_buf_put_c(b, name);
    an_buf_put_c(b, "{kind=\"");
    an_buf_put_c(b, ctx_suggestion_text(c->kind));
    an_buf_put_c(b, "\",topic=\"");
    an_buf_put(b, c->topic);
    if (outcome) {
        an_buf_put_c(b, "\",outcome=\"");
        an_buf_put_c(b, outcome);
    }
    if (has_reason) {
        an_buf_put_c(b, "\",reason=\"");
        an_buf_put(b, c->why);
    }
    an_buf_put_c(b, "\"} ");
    an_buf_put_i64(b, c->n);
    an_buf_put_char(b, '\n');
}

void pl_put_cards(struct an_buf *b, struct pl_reader *reader)
{
    const struct pl_card_count *c;
    size_t n = 0;

    if (pl_card_counts(reader, b->arena, &c, &n, NULL) != AN_OK)
        return;
    metric(b, "cards_total", "counter", "Cards that were shown.");
    for (size_t i = 0; i < n; i++)
        if (c[i].fate == PL_CARD_SHOWN)
            sample_card(b, "cards_total", &c[i], NULL, false);
    metric(b, "cards_suppressed_total", "counter",
           "What might have been a card and was held back, by why.");
    for (size_t i = 0; i < n; i++)
        if (c[i].fate == PL_CARD_HELD_BACK)
            sample_card(b, "cards_suppressed_total", &c[i], NULL, true);
    metric(b, "cards_feedback_total", "counter",
           "What clients said became of cards, each time.");
    for (size_t i = 0; i < n; i++)
        if (c[i].fate == PL_CARD_ACCEPTED || c[i].fate == PL_CARD_OVERRIDDEN)
            sample_card(b, "cards_feedback_total", &c[i],
                        c[i].fate == PL_CARD_ACCEPTED ? "accepted"
                                                      : "overridden",
                        true);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of a card, each as a paragraph, list or table of Markdown: for
 * card.md, the attributes and card.xml alike.
 *
 * Those that return a number return from where it comes (enum tr_card_from), and
 * put nothing when that is 0.
 *
 * Thread-safety: confined to the card's arena. */
#ifndef TRAINER_PACKAGE_CARD_INT_H
#define TRAINER_PACKAGE_CARD_INT_H

#include "base/buf.h"
#include "trainer/package/card.h"

enum { TR_CARD_BYTES = 1 << 20 };

#define TR_NOT_AVAILABLE "Not available."

/* What people said under a key; "" when they did not. */
static inline struct an_str tr_card_said(const struct tr_card *c,
                                         enum tr_card_key key)
{
    return c->how->said.text[key];
}

/* ---- card_facts.c: what it is, and of whom --------------------------------- */

unsigned tr_fact_output(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_output_type(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_shape(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_misuse(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_limits(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_data(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_inputs(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_people(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_named(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_reasons(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_comparison(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_updates(const struct tr_card *c, struct an_buf *b);

/* ---- card_privacy.c: what it may say of those it was trained on ------------ */

unsigned tr_fact_privacy(const struct tr_card *c, struct an_buf *b);

/* ---- card_figures.c: how good it is ---------------------------------------- */

unsigned tr_fact_headline(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_validity(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_fairness(const struct tr_card *c, struct an_buf *b);
/* The same of the site's own data; nothing when it is no site's. */
unsigned tr_fact_local_validity(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_local_fairness(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_next(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_refusals(const struct tr_card *c, struct an_buf *b);
unsigned tr_fact_tested(const struct tr_card *c, struct an_buf *b);

#endif

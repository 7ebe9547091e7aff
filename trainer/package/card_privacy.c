/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/package/card_int.h"
#include "trainer/put.h"

#include <math.h>

static double real_of(const struct an_json *of, struct an_str name)
{
    double value = (double)NAN;

    (void)an_json_double(an_json_get(of, name), &value);
    return value;
}

static unsigned put_of_fit(const struct tr_card *c, struct an_buf *b)
{
    const struct an_json *p = tr_fitted_member(c->fitted, AN_STR("privacy"));

    if (p == NULL) {
        tr_put_line(
            b,
            "It was trained without differential privacy: nothing bounds what "
            "whoever has the weights may\nlearn of one of them "
            "(`anamnesis-train audit` measures some of it).\n\n");
        return TR_FROM_MEASURED;
    }
    tr_put_line(
        b,
        "It was trained with differential privacy: epsilon %.3f at delta "
        "%.2g.\n\n",
        real_of(p, AN_STR("epsilon")), real_of(p, AN_STR("delta")));
    tr_put_line(
        b,
        "- Unit: a person with all their records, added or taken away.\n"
        "- %.0f steps, of which %.0f made the model; each took each of %.0f "
        "people with the chance %.4g.\n",
        real_of(p, AN_STR("steps")), real_of(p, AN_STR("steps_taken")),
        real_of(p, AN_STR("people")), real_of(p, AN_STR("sampling_rate")));
    tr_put_line(b, "- Noise: %.4g times the clip of %.4g.\n",
                real_of(p, AN_STR("noise")), real_of(p, AN_STR("clip")));
    tr_put_line(b, "- Accountant: %.*s, orders %.*s; least at %.3g.\n",
                AN_STR_ARG(an_json_text(an_json_get(p, AN_STR("accountant")))),
                AN_STR_ARG(an_json_text(an_json_get(p, AN_STR("orders")))),
                real_of(p, AN_STR("order")));
    tr_put_line(b, "\nNot counted in that:\n\n");
    for (const struct an_json *e =
             an_json_first(an_json_get(p, AN_STR("not_counted")));
         e; e = e->next)
        tr_put_line(b, "- %.*s\n", AN_STR_ARG(an_json_text(e)));
    tr_put_line(b, "\n");
    return TR_FROM_MEASURED;
}

/* What it may say of any one person whom it was trained on. */
unsigned tr_fact_privacy(const struct tr_card *c, struct an_buf *b)
{
    const unsigned from = put_of_fit(c, b);

    if (c->how->tuned_from.n)
        tr_put_line(b, "That is of the package it was tuned from. Nothing "
                       "bounds what it may say of those it was\ntuned on.\n\n");
    return from;
}

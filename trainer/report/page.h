/* SPDX-License-Identifier: Apache-2.0 */
/* A judgement as one page for people: HTML5 that is well-formed XML, too, with
 * its style and plots in it, and nothing to load or to run.
 *
 *     struct tr_page_of of = {&data, &fitted, &judgement, .name = name};
 *     tr_page(arena, &of, &html, err);
 *
 * It has, of each outcome and horizon with TR_JUDGED_EVENTS events and others:
 * ROC and precision-recall curves, calibration with the spread of risks, net
 * benefit, thresholds, subgroups; how the losses of the fit went, if it says so;
 * other fits beside it, if there are; the card of a package.  Counts of fewer
 * than TR_SMALL_COUNT are not told.
 *
 * The same judgement gives the same bytes.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena. */
#ifndef TRAINER_REPORT_PAGE_H
#define TRAINER_REPORT_PAGE_H

#include "trainer/report/beside.h"

struct tr_page_of {
    const struct tr_data *data;
    const struct tr_fitted *fitted;
    const struct tr_judgement *judgement;
    const struct tr_beside *beside; /* NULL: none */
    struct an_str name;             /* foreign bytes */
    struct an_str card;             /* card.md; "" of a fit */
};

/* AN_NOMEM; AN_LIMIT over 64 MiB. */
enum an_code tr_page(struct an_arena *arena, const struct tr_page_of *of,
                     struct an_str *html, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

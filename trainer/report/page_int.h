/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a page, for its files.
 *
 * Thread-safety: confined. */
#ifndef TRAINER_REPORT_PAGE_INT_H
#define TRAINER_REPORT_PAGE_INT_H

#include "trainer/evaluate/groups.h"
#include "trainer/report/html.h"
#include "trainer/report/page.h"
#include "trainer/report/plot.h"

/* The section of one column, of which `v` is left looking at something. */
enum an_code tr_page_outcome(struct an_buf *b, struct tr_view *v,
                             const struct tr_grouped *g, size_t column,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* Who is flagged from where on; `v` looks at the column. */
enum an_code tr_page_thresholds(struct an_buf *b, struct tr_view *v,
                                struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code tr_page_groups(struct an_buf *b, struct tr_view *v,
                            const struct tr_grouped *g, size_t column,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* How the losses went; nothing when the fit does not say. */
void tr_page_course(struct an_buf *b, const struct tr_fitted *fitted);
void tr_page_beside(struct an_buf *b, const struct tr_page_of *of);

/* "diabetes within 365 days", escaped. */
void tr_page_column(struct an_buf *b, const struct tr_data *d,
                    const struct tr_column *column);

bool tr_page_has_plots(const struct tr_verdict *v);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Words and numbers of an HTML page that is XML, too.
 *
 * Thread-safety: confined to the buffer. */
#ifndef TRAINER_REPORT_HTML_H
#define TRAINER_REPORT_HTML_H

#include "base/buf.h"
#include "trainer/evaluate/view.h"

/* Foreign bytes as text, in content and in attributes of double quotes: markup
 * is escaped, what is no UTF-8 or no character of XML becomes U+FFFD. */
void tr_html_text(struct an_buf *b, struct an_str text);

/* A number with its sign as typography has it, or a dash that is read out as
 * "not known". */
void tr_html_number(struct an_buf *b, double x, int places);
/* "0.812 (0.701 to 0.903)". */
void tr_html_ratio(struct an_buf *b, const struct tr_ratio *r, int places);
/* Cells of a table. */
void tr_html_cell(struct an_buf *b, double x, int places);
void tr_html_ratio_cell(struct an_buf *b, const struct tr_ratio *r, int places);
/* With a sign before what is above 0, too. */
void tr_html_difference_cell(struct an_buf *b, const struct tr_ratio *r,
                             int places);
/* Not below TR_SMALL_COUNT; 0 tells of nobody. */
void tr_html_count(struct an_buf *b, size_t n);
void tr_html_count_cell(struct an_buf *b, size_t n);

/* A table that a narrow screen scrolls by itself; `head` are the columns, ended
 * by NULL, and the caption is ours. */
void tr_html_table(struct an_buf *b, const char *caption,
                   const char *const *head);
void tr_html_table_end(struct an_buf *b);

#endif

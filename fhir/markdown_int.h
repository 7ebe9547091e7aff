/* SPDX-License-Identifier: Apache-2.0 */
/* Text of others inside GitHub-flavoured Markdown.
 *
 * Thread-safety: confined to the buffer. */
#ifndef FHIR_MARKDOWN_INT_H
#define FHIR_MARKDOWN_INT_H

#include "base/buf.h"

/* On one line, and nothing but text: a "\" before what could mark up, quote
 * HTML, or be taken for a link ("://", "www.", "@").  Control characters and
 * line ends become blanks. */
void fhir_markdown_put(struct an_buf *b, struct an_str text);

/* The same line by line; a line of ours that begins with "- " stays an item
 * of a list. */
void fhir_markdown_put_lines(struct an_buf *b, struct an_str text);

/* What is said in at most `limit` characters (code points): its first
 * line, else that line's first sentences, else `title` cut at a blank and "..." as one
 * character.  On one line.  Both are UTF-8. */
void fhir_summary_put(struct an_buf *b, struct an_str text, struct an_str title,
                      size_t limit);

#endif

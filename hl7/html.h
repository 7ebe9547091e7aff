/* SPDX-License-Identifier: Apache-2.0 */
/* The words of an HTML document, for reading and not for showing: tags are left
 * out, blocks begin a line, cells are apart by a blank, runs of blanks are one;
 * scripts, styles, titles and comments say nothing.  Character references are
 * the characters they mean, if they are decimal, hexadecimal or one of the
 * seven that are met.  Never fails on content, takes one pass.
 *
 * Thread-safety: confined to the arena.  Ownership: the text is the arena's. */
#ifndef HL7_HTML_H
#define HL7_HTML_H

#include "base/arena.h"
#include "base/err.h"

/* `html` is UTF-8, and so is the text. */
enum an_code hl7_html_text(struct an_arena *arena, struct an_str html,
                           struct an_str *text, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

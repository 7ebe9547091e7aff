/* SPDX-License-Identifier: Apache-2.0 */
/* Suggestions in a terminal, for the person at the console.
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_HOST_SAY_H
#define PLUGIN_HOST_SAY_H

#include "plugin/think.h"

/* Text of a message on one line: control bytes become blanks; at most `width`
 * bytes, never half a character. */
void pl_say_text(struct an_str s, size_t width);

/* What was thought, on standard output: the model and what it saw, then each
 * suggestion with its evidence and citations. */
void pl_say_thought(const struct pl_thought *thought);

#endif

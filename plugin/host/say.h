/* SPDX-License-Identifier: Apache-2.0 */
/* Events and suggestions in a terminal, for the person at the console.
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_HOST_SAY_H
#define PLUGIN_HOST_SAY_H

#include "plugin/watch.h"

/* Text of a message on one line: control bytes become blanks; at most `width`
 * bytes, never half a character. */
void pl_say_text(struct an_str s, size_t width);

/* Two such texts and what stands around them. */
void pl_say_pair(const char *before, struct an_str a, const char *between,
                 struct an_str b, const char *after);
/* An event on one line, with its values; `source`: and where it was said. */
void pl_say_event(const struct ctx_event *e, bool source);

/* On standard output: the model and what it saw, or why it says nothing. */
void pl_say_forecast(const struct ctx_forecast *forecast);
/* Each suggestion with its evidence and citations. */
void pl_say_suggestions(const struct ctx_suggestion *suggestion, size_t n);
/* How many questions, how many suggestions, how many abstentions and why. */
void pl_say_counts(const struct pl_watch_counts *counts);

#endif

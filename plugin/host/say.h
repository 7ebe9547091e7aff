/* SPDX-License-Identifier: Apache-2.0 */
/* Suggestions in a terminal, for the person at the console.
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_HOST_SAY_H
#define PLUGIN_HOST_SAY_H

#include "plugin/watch.h"

/* Text of a message on one line: control bytes become blanks; at most `width`
 * bytes, never half a character. */
void pl_say_text(struct an_str s, size_t width);

/* On standard output: the model and what it saw, or why it says nothing. */
void pl_say_forecast(const struct ctx_forecast *forecast);
/* Each suggestion with its evidence and citations. */
void pl_say_suggestions(const struct ctx_suggestion *suggestion, size_t n);
/* How many questions, how many suggestions, how many abstentions and why. */
void pl_say_counts(const struct pl_watch_counts *counts);

#endif

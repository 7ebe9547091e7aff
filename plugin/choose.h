/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown where there is room for a few only.
 *
 * What answers an order; a differential and the risks, of each outcome the
 * nearest horizon, the largest first; then scores, then the rest.  Where the
 * first and the risks would fill the room alone, the differential takes the last
 * place of theirs.
 *
 * Thread-safety: immutable. */
#ifndef PLUGIN_CHOOSE_H
#define PLUGIN_CHOOSE_H

#include "context/suggestion.h"

#include <stddef.h>

/* place[0..n) are places in `s`, in their order; those chosen stand first
 * afterwards, at most `room`, which are counted. */
size_t pl_choose(const struct ctx_suggestion *s, size_t *place, size_t n,
                 size_t room);

#endif

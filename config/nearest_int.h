/* SPDX-License-Identifier: Apache-2.0 */
/* The known key that a mistyped one was meant to be.
 *
 * Thread-safety: immutable. */
#ifndef CONFIG_NEAREST_INT_H
#define CONFIG_NEAREST_INT_H

#include "base/str.h"

/* `prefix` is the map it stood in ("listen.mllp.", or ""), `word` what was
 * written there.  First a neighbour that differs by a slip of the keyboard,
 * then the same word in another map.  False when nothing is near; else *buf
 * holds the whole key, or the map's when a map is meant. */
bool cfg_nearest_key(struct an_str prefix, struct an_str word, char *buf,
                     size_t n);

#endif

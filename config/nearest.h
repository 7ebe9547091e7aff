/* SPDX-License-Identifier: Apache-2.0 */
/* The known word that a mistyped one was meant to be, for readers of YAML with
 * keys of their own.
 *
 * Thread-safety: immutable. */
#ifndef CONFIG_NEAREST_H
#define CONFIG_NEAREST_H

#include "base/str.h"

/* Its place among n of them; n when nothing differs by no more than a slip of
 * the keyboard in each three characters. */
size_t cfg_nearest(struct an_str word, const char *const *known, size_t n);

#endif

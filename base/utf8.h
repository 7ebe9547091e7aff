/* SPDX-License-Identifier: Apache-2.0 */
/* Well-formed UTF-8 (Unicode 15, table 3-7).
 *
 * Thread-safety: immutable. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/str.h"

/* Bytes before the first that is not well-formed; s.n when all are. */
size_t an_utf8_valid(struct an_str s);

#endif

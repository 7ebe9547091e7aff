/* SPDX-License-Identifier: Apache-2.0 */
/* Which procedures might be done instead of one that is ordered
 * (config/tables/procedure-alternatives.tsv).
 *
 *     n = adv_alternatives(&ordered, other, 7, &family);
 *
 * Thread-safety: immutable.  Ownership: nothing to free. */
#ifndef ADVICE_ALTERNATIVES_H
#define ADVICE_ALTERNATIVES_H

#include "context/event.h"

/* The others of its family, in the table's order, at most `room`; how many.
 * *family names it; "" when the tables do not know the procedure. */
size_t adv_alternatives(const struct ctx_code *code, struct ctx_code *other,
                        size_t room, struct an_str *family);

#endif

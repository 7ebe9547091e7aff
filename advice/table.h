/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of config/tables that are keyed by code system and code, compiled in
 * by tools/mktab.awk and sorted by both.
 *
 * Thread-safety: immutable. */
#ifndef ADVICE_TABLE_H
#define ADVICE_TABLE_H

#include "base/str.h"

/* `system` is a short name (advice/code.h).  A code that ends in "*" stands
 * for all that begin so; what the other two columns are, each table says. */
struct adv_row {
    const char *system, *code, *third, *fourth;
};

/* How many rows have exactly this system and code; they stand together from
 * *first on. */
size_t adv_rows_find(const struct adv_row *row, size_t n_rows,
                     struct an_str system, struct an_str code, size_t *first);

#endif

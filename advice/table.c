/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/table.h"

static int row_cmp(const struct adv_row *row, struct an_str system,
                   struct an_str code)
{
    int cmp = an_str_cmp(an_str_c(row->system), system);

    return cmp ? cmp : an_str_cmp(an_str_c(row->code), code);
}

size_t adv_rows_find(const struct adv_row *row, size_t n_rows,
                     struct an_str system, struct an_str code, size_t *first)
{
    size_t low = 0, high = n_rows, n = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (row_cmp(&row[middle], system, code) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    while (low + n < n_rows && row_cmp(&row[low + n], system, code) == 0)
        n++;
    return n;
}

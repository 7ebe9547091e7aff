/* SPDX-License-Identifier: Apache-2.0 */
#include "advice/alternatives.h"

#include "advice/table.h"

/* system, code, family, text */
static const struct adv_row rows[] = {
#include "config/tables/procedure-alternatives.inc"
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

size_t adv_alternatives(const struct ctx_code *code, struct ctx_code *other,
                        size_t room, struct an_str *family)
{
    size_t own, n = 0;

    *family = AN_STR("");
    if (!adv_rows_find(rows, N_ROWS, code->system, code->code, &own))
        return 0;
    *family = an_str_c(rows[own].third);
    for (size_t i = 0; i < N_ROWS && n < room; i++)
        if (i != own && an_str_eq(an_str_c(rows[i].third), *family))
            other[n++] = (struct ctx_code){an_str_c(rows[i].system),
                                           an_str_c(rows[i].code),
                                           an_str_c(rows[i].fourth)};
    return n;
}

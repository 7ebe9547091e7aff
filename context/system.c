/* SPDX-License-Identifier: Apache-2.0 */
#include "context/system.h"

#include <stdlib.h>

static const struct row {
    const char *uri, *name;
} rows[] = {
#include "config/tables/standard-systems.inc"
};

static int row_cmp(const void *key, const void *row)
{
    const struct an_str *k = key;
    const struct row *r = row;

    return an_str_cmp(*k, an_str_c(r->uri));
}

static bool has(struct an_str uri)
{
    return bsearch(&uri, rows, sizeof(rows) / sizeof(rows[0]), sizeof(rows[0]),
                   row_cmp) != NULL;
}

/* Rows that end in a slash: five slashes are more than any of them has. */
bool ctx_system_standard(struct an_str uri)
{
    unsigned n_slashes = 0;

    if (has(uri))
        return true;
    for (size_t i = 0; i < uri.n && n_slashes < 5; i++)
        if (uri.p[i] == '/' && ++n_slashes > 2 &&
            has(an_str_sub(uri, 0, i + 1)))
            return true;
    return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/ndjson.h"

#include <string.h>

bool fhir_ndjson_next(struct fhir_ndjson *n, struct an_str *line)
{
    while (n->rest.n) {
        const char *end = memchr(n->rest.p, '\n', n->rest.n);
        size_t length = end ? (size_t)(end - n->rest.p) : n->rest.n;

        if (end == NULL && !n->last)
            return false;
        *line = an_str_trim(an_str_sub(n->rest, 0, length));
        n->rest = an_str_sub(n->rest, length + 1, n->rest.n);
        n->line++;
        if (line->n)
            return true;
    }
    return false;
}

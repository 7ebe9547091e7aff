/* SPDX-License-Identifier: Apache-2.0 */
#include "context/reading.h"

void ctx_reading_warn(struct ctx_reading *r, const struct an_err *warning)
{
    if (r->n_warnings < CTX_MAX_WARNINGS)
        r->warning[r->n_warnings] = *warning;
    r->n_warnings++;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "context/reading.h"

void ctx_reading_warn(struct ctx_reading *r, const struct an_err *warning)
{
    if (r->n_warnings < CTX_MAX_WARNINGS)
        r->warning[r->n_warnings] = *warning;
    r->n_warnings++;
}

const char *ctx_field_text(unsigned state)
{
    static const char *const name[] = {
#define X(name, text, label) text,
        CTX_FIELD_STATES(X)
#undef X
    };

    return state < CTX_N_FIELD_STATES ? name[state] : "?";
}

const char *ctx_field_label(unsigned state)
{
    static const char *const name[] = {
#define X(name, text, label) label,
        CTX_FIELD_STATES(X)
#undef X
    };

    return state < CTX_N_FIELD_STATES ? name[state] : "?";
}

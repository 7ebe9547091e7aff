/* SPDX-License-Identifier: Apache-2.0 */
#include "context/comparison.h"

const char *ctx_refusal_text(unsigned refusal)
{
    static const char *const text[] = {
#define X(name, text) text,
        CTX_REFUSALS(X)
#undef X
    };

    return refusal < CTX_N_REFUSALS ? text[refusal] : "unknown";
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "context/event.h"

const char *ctx_kind_text(unsigned kind)
{
    static const char *const text[] = {
#define X(name, text) text,
        CTX_KINDS(X)
#undef X
    };

    return kind < CTX_N_KINDS ? text[kind] : "unknown";
}

const char *ctx_status_text(unsigned status)
{
    static const char *const text[] = {
#define X(name, text) text,
        CTX_STATUSES(X)
#undef X
    };

    return status < CTX_N_STATUSES ? text[status] : "unknown";
}

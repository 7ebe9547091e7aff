/* SPDX-License-Identifier: Apache-2.0 */
#include "context/suggestion.h"

const char *ctx_abstention_text(unsigned abstention)
{
    static const char *const text[] = {
#define X(name, text) text,
        CTX_ABSTENTIONS(X)
#undef X
    };

    return abstention < CTX_N_ABSTENTIONS ? text[abstention] : "unknown";
}

bool ctx_suggestion_never_patient(unsigned kind)
{
    return kind == CTX_SUGGEST_DIFFERENTIAL || kind == CTX_SUGGEST_COMPARISON ||
           kind == CTX_SUGGEST_DOSING;
}

const char *ctx_suggestion_text(unsigned kind)
{
    static const char *const text[] = {
#define X(name, text) text,
        CTX_SUGGESTIONS(X)
#undef X
    };

    return kind < CTX_N_SUGGESTIONS ? text[kind] : "unknown";
}

const char *ctx_audience_text(unsigned audience)
{
    static const char *const text[] = {
#define X(name, text) text,
        CTX_AUDIENCES(X)
#undef X
    };

    return audience < CTX_N_AUDIENCES ? text[audience] : "unknown";
}

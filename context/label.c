/* SPDX-License-Identifier: Apache-2.0 */
#include "context/label.h"

#include <stddef.h>

struct label_row {
    const char *system, *code, *label;
};

static const char *const text[] = {
#define X(name, word) word,
    CTX_LABELS(X)
#undef X
};

const char *ctx_label_text(unsigned place)
{
    return place < CTX_N_LABELS ? text[place] : "unknown";
}

unsigned ctx_label_named(struct an_str name)
{
    for (unsigned i = 0; i < CTX_N_LABELS; i++)
        if (an_str_eq(name, an_str_c(text[i])))
            return 1U << i;
    return 0;
}

unsigned ctx_label_code(struct an_str system, struct an_str code)
{
    static const struct label_row row[] = {
#include "config/tables/labels.inc"
    };

    /* Most resources have none. */
    for (size_t i = 0; code.n && i < sizeof(row) / sizeof(row[0]); i++)
        if (an_str_eq(code, an_str_c(row[i].code)) &&
            an_str_eq(system, an_str_c(row[i].system)))
            return ctx_label_named(an_str_c(row[i].label));
    return 0;
}

unsigned ctx_label_needs(unsigned labels)
{
    unsigned needs =
        labels & (CTX_LABEL_VERY_RESTRICTED | CTX_LABEL_CATEGORIES);

    return needs ? needs : labels & CTX_LABEL_RESTRICTED;
}

bool ctx_label_allows(unsigned permitted, unsigned needs)
{
    return (needs & CTX_LABEL_VERY_RESTRICTED) == 0 &&
           (needs & CTX_LABEL_CLOSED & ~permitted) == 0;
}

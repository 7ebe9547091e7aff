/* SPDX-License-Identifier: Apache-2.0 */
#include "context/consent.h"

bool ctx_consent_is_deny(const struct ctx_event *e)
{
    return e->kind == CTX_CONSENT && !ctx_event_withdrawn(e) &&
           e->status != CTX_STATUS_PLANNED &&
           an_str_eq(e->concept.code, AN_STR("deny"));
}

/* The whole of the period that was named is within it. */
static bool has_ended(struct an_time end, int64_t at_us)
{
    static const int64_t length_us[] = {[AN_TIME_YEAR] = 366 * AN_US_PER_DAY,
                                        [AN_TIME_MONTH] = 31 * AN_US_PER_DAY,
                                        [AN_TIME_DAY] = AN_US_PER_DAY,
                                        [AN_TIME_HOUR] = AN_US_PER_DAY / 24,
                                        [AN_TIME_MINUTE] = AN_US_PER_DAY / 1440,
                                        [AN_TIME_SECOND] = 1000000,
                                        [AN_TIME_FRACTION] = 1};

    if (end.precision == AN_TIME_NONE || end.precision > AN_TIME_FRACTION)
        return false;
    return at_us >= end.us + length_us[end.precision];
}

static bool kind_named(struct an_str word, unsigned *kind)
{
    for (*kind = 0; *kind < CTX_N_KINDS; (*kind)++)
        if (an_str_eq(word, an_str_c(ctx_kind_text(*kind))))
            return true;
    return false;
}

static void add(struct ctx_consent *c, struct an_str word)
{
    unsigned label = ctx_label_named(word) & CTX_LABEL_CLOSED, kind;

    /* What is said of all that is restricted is said of each category. */
    if (label == CTX_LABEL_RESTRICTED)
        label |= CTX_LABEL_CATEGORIES;
    if (label)
        c->labels |= label;
    else if (kind_named(word, &kind))
        c->kinds |= UINT32_C(1) << kind;
    else
        c->all = true;
}

static void add_all(struct ctx_consent *c, const struct ctx_timeline *t,
                    int64_t at_us)
{
    for (size_t i = 0; i < t->n_events; i++) {
        const struct ctx_event *e = t->event[i];

        if (ctx_consent_is_deny(e) && !has_ended(e->end, at_us))
            add(c, e->value.text);
    }
}

void ctx_consent_of(const struct ctx_timeline *then,
                    const struct ctx_timeline *known, int64_t at_us,
                    struct ctx_consent *out)
{
    *out = (struct ctx_consent){.all = false};
    add_all(out, then, at_us);
    add_all(out, known, at_us);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Consent (FHIR R4 6.2): what it denies, in the words of context/consent.h.
 *
 * Only what can be understood is honoured, and what cannot makes a deny
 * broader, never narrower: an exception from it, an actor, an action, a purpose
 * of care, a code, a period of data are passed over; a label or class that is
 * not known is everything.  A consent to research, an advance directive and a
 * deny for purposes that are no care are not about us. */
#include "context/consent.h"
#include "fhir/reader_int.h"

enum { DEPTH = 8 };

static const struct an_json *each(const struct an_json *j, const char *key)
{
    return an_json_first(an_json_get(j, an_str_c(key)));
}

/* All purposes are known to be no care. */
static bool is_elsewhere(const struct an_json *provision)
{
    static const char *const other[] = {"HRESCH", "HMARKT", "HPAYMT"};
    const struct an_json *purpose = each(provision, "purpose");

    if (purpose == NULL)
        return false;
    for (; purpose; purpose = purpose->next) {
        struct an_str code = fhir_code(purpose);
        bool known = false;

        for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
            known |= an_str_eq(code, an_str_c(other[i]));
        if (!known)
            return false;
    }
    return true;
}

static void deny_label(struct ctx_consent *d, const struct an_json *coding)
{
    unsigned label =
        ctx_label_code(an_json_text(an_json_get(coding, AN_STR("system"))),
                       an_json_text(an_json_get(coding, AN_STR("code")))) &
        CTX_LABEL_CLOSED;

    d->labels |= label;
    d->all |= label == 0;
}

static void deny_class(struct ctx_consent *d, const struct an_json *coding)
{
    struct an_str type = an_json_text(an_json_get(coding, AN_STR("code")));
    const struct fhir_rule *rule = fhir_rule_of(type);

    if (rule)
        d->kinds |= UINT32_C(1) << rule->kind;
    else
        d->all = true;
}

/* A label and a class narrow each other: the label alone is broader. */
static void deny(struct ctx_consent *d, const struct an_json *provision)
{
    const struct an_json *label = each(provision, "securityLabel");
    const struct an_json *class = each(provision, "class");

    if (is_elsewhere(provision))
        return;
    d->all |= label == NULL && class == NULL;
    for (const struct an_json *j = label; j; j = j->next)
        deny_label(d, j);
    for (const struct an_json *j = class; label == NULL && j; j = j->next)
        deny_class(d, j);
}

static void provision_read(struct ctx_consent *d,
                           const struct an_json *provision, unsigned depth)
{
    struct an_str type = an_json_text(an_json_get(provision, AN_STR("type")));

    if (an_str_eq(type, AN_STR("deny"))) {
        deny(d, provision);
        return;
    }
    if (depth == DEPTH || (type.n && !an_str_eq(type, AN_STR("permit")))) {
        d->all = true;
        return;
    }
    for (const struct an_json *j = each(provision, "provision"); j; j = j->next)
        provision_read(d, j, depth + 1);
}

static struct ctx_consent consent_read(const struct an_json *json,
                                       struct an_str status)
{
    const struct an_json *provision = an_json_get(json, AN_STR("provision"));
    struct ctx_consent d = {.all = false};

    if (fhir_has_code(an_json_get(json, AN_STR("scope")), AN_STR("research")) ||
        fhir_has_code(an_json_get(json, AN_STR("scope")), AN_STR("adr")))
        return d;
    if (fhir_has_code(an_json_get(json, AN_STR("policyRule")),
                      AN_STR("OPTOUT")))
        d.all = true;
    if (provision)
        provision_read(&d, provision, 0);
    /* What would have been permitted was refused. */
    if (an_str_eq(status, AN_STR("rejected")))
        d = (struct ctx_consent){.all =
                                     !d.all && d.labels == 0 && d.kinds == 0};
    return d;
}

static void word(struct fhir_reader *r, const struct fhir_subject *subject,
                 struct ctx_event *e, const char *code, const char *text)
{
    e->concept = (struct ctx_code){AN_STR(CTX_CONSENT_SYSTEM), an_str_c(code),
                                   AN_STR("")};
    e->value =
        (struct ctx_value){.kind = text ? CTX_VALUE_TEXT : CTX_VALUE_NONE,
                           .text = text ? an_str_c(text) : AN_STR("")};
    fhir_event(r, subject, e);
}

/* One event for each thing; a consent that denies nothing is a permit. */
static void words(struct fhir_reader *r, const struct fhir_subject *subject,
                  struct ctx_event *e, const struct ctx_consent *d)
{
    if (d->all) {
        word(r, subject, e, "deny", CTX_CONSENT_ALL);
        return;
    }
    for (unsigned i = 0; i < CTX_N_LABELS; i++)
        if (d->labels >> i & 1)
            word(r, subject, e, "deny", ctx_label_text(i));
    for (unsigned i = 0; i < CTX_N_KINDS; i++)
        if (d->kinds >> i & 1)
            word(r, subject, e, "deny", ctx_kind_text(i));
    if (d->labels == 0 && d->kinds == 0)
        word(r, subject, e, "permit", NULL);
}

/* draft and proposed are not given yet; no status at all is as if active. */
static unsigned status_of(struct an_str status)
{
    if (an_str_eq(status, AN_STR("draft")) ||
        an_str_eq(status, AN_STR("proposed")))
        return CTX_STATUS_PLANNED;
    if (an_str_eq(status, AN_STR("inactive")))
        return CTX_STATUS_CANCELLED;
    if (an_str_eq(status, AN_STR("entered-in-error")))
        return CTX_STATUS_ENTERED_IN_ERROR;
    return CTX_STATUS_FINAL;
}

void fhir_consent(struct fhir_reader *r, const struct fhir_entry *entry)
{
    const struct an_json *json = entry->resource;
    const struct an_json *provision = an_json_get(json, AN_STR("provision"));
    struct an_str status = fhir_code(an_json_get(json, AN_STR("status")));
    struct fhir_subject subject = {
        .entry = entry,
        .person = fhir_person(r, entry, an_json_get(json, AN_STR("patient"))),
        .fact = fhir_fact(r, entry)};
    struct ctx_event e = {.kind = CTX_CONSENT,
                          .status = (uint8_t)status_of(status),
                          .said_us = entry->said_us};
    struct ctx_consent d = consent_read(json, status);
    struct an_time said;
    size_t mark;

    r->seen.read = subject.person != NULL;
    if (subject.person == NULL)
        return;
    said = fhir_time(r, an_json_get(json, AN_STR("dateTime")));
    fhir_when(r, an_json_get(provision, AN_STR("period")), &e.effective,
              &e.end);
    if (e.effective.precision == AN_TIME_NONE)
        e.effective = said;
    /* Every version from when it was said: dateTime is the first one's. */
    e.available_us = entry->said_us || said.precision == AN_TIME_NONE
                         ? entry->said_us
                         : said.us;
    mark = fhir_step(r, AN_STR("provision"));
    words(r, &subject, &e, &d);
    r->place.n = mark;
}

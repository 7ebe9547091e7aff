/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/store/intake.h"

#include "base/sort.h"
#include "context/codec.h"
#include "context/consent.h"
#include "context/identity.h"
#include "plugin/store/pack_int.h"
#include "plugin/store/resources.h"

#include <string.h>

const char *pl_reason_text(unsigned reason)
{
    static const char *const text[PL_N_REASONS] = {
        [PL_REASON_ADMISSION] = "admission",
        [PL_REASON_DISCHARGE] = "discharge",
        [PL_REASON_RESULT] = "result",
        [PL_REASON_ORDER] = "order",
        [PL_REASON_TABLES] = "tables",
        [PL_REASON_CLOSING] = "closing",
        [PL_REASON_CONSENT] = "consent",
    };

    return reason < PL_N_REASONS ? text[reason] : "unknown";
}

/* A withdrawn result is a reason too: what was said on it no longer holds. */
static unsigned reason_of(const struct ctx_event *e)
{
    switch (e->kind) {
    case CTX_ADMISSION: return 1U << PL_REASON_ADMISSION;
    case CTX_DISCHARGE: return 1U << PL_REASON_DISCHARGE;
    case CTX_OBSERVATION:
    case CTX_REPORT: return 1U << PL_REASON_RESULT;
    case CTX_ORDER:
    case CTX_MEDICATION_ORDER: return 1U << PL_REASON_ORDER;
    case CTX_CONSENT:
        return ctx_event_withdrawn(e) ? 1U << PL_REASON_CONSENT : 0;
    default: return 0;
    }
}

static int by_patient(const void *x, const void *y)
{
    const struct ctx_part *a = *(const struct ctx_part *const *)x;
    const struct ctx_part *b = *(const struct ctx_part *const *)y;

    return ctx_identifier_cmp(&a->patient, &b->patient);
}

/* The events of n parts about one patient. */
static enum an_code gather(struct an_arena *arena,
                           const struct ctx_part *const *part, size_t n,
                           const struct ctx_event **event, size_t *n_events,
                           struct an_err *err)
{
    struct ctx_event *all;

    *event = part[0]->event;
    *n_events = part[0]->n_events;
    if (n == 1)
        return AN_OK;
    for (size_t i = 1; i < n; i++)
        *n_events += part[i]->n_events;
    all = an_arena_get(arena, *n_events, sizeof(*all));
    if (all == NULL)
        return an_fail_nomem(err);
    *event = all;
    for (size_t i = 0; i < n; i++) {
        if (part[i]->n_events)
            memcpy(all, part[i]->event, part[i]->n_events * sizeof(*all));
        all += part[i]->n_events;
    }
    return AN_OK;
}

static enum an_code file(struct an_arena *arena, const struct pl_source *from,
                         const struct ctx_part *const *part, size_t n,
                         struct pl_filing *f, struct an_err *err)
{
    const struct ctx_event *event;
    enum an_code code = gather(arena, part, n, &event, &f->n_events, err);

    if (code != AN_OK)
        return code;
    f->patient = part[0]->patient;
    f->min_available_us = INT64_MAX;
    f->reasons = f->closes = 0;
    f->n_ended = 0;
    for (size_t i = 0; i < f->n_events; i++) {
        if (event[i].available_us < f->min_available_us)
            f->min_available_us = event[i].available_us;
        f->closes |= ctx_label_needs(event[i].labels) |
                     (event[i].labels & CTX_LABEL_VIP);
        /* Nobody hears what stands until the question has been asked again. */
        if (ctx_consent_is_deny(&event[i]))
            f->closes |= CTX_LABEL_VERY_RESTRICTED;
        f->n_ended +=
            event[i].kind == CTX_CONSENT && ctx_event_withdrawn(&event[i]);
        if (!from->historical)
            f->reasons |= reason_of(&event[i]);
    }
    f->resource = NULL;
    f->n_resources = 0;
    if (from->format == PL_FORMAT_FHIR)
        code = pl_resources_of(arena, event, f->n_events, &f->resource,
                               &f->n_resources, err);
    if (code != AN_OK)
        return code;
    return ctx_events_encode(arena, event, f->n_events, &f->blob, err);
}

/* A reading may hold several parts about one patient; the store files once. */
static enum an_code file_all(struct an_arena *arena,
                             const struct pl_source *from,
                             struct pl_intake *out, struct an_err *err)
{
    size_t n = from->reading->n_parts;
    struct pl_filing *filing = an_arena_get(arena, n, sizeof(*filing));
    const struct ctx_part **part = an_arena_get(arena, n, sizeof(*part));
    const struct ctx_part **scratch =
        an_arena_get(arena, n / 2 + 1, sizeof(*scratch));
    enum an_code code = AN_OK;

    if (filing == NULL || part == NULL || scratch == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        part[i] = &from->reading->part[i];
    an_sort(part, n, sizeof(*part), scratch, by_patient);
    out->filing = filing;
    out->n_filings = 0;
    for (size_t i = 0, end; code == AN_OK && i < n; i = end) {
        for (end = i + 1; end < n && by_patient(&part[i], &part[end]) == 0;)
            end++;
        code = file(arena, from, part + i, end - i, &filing[out->n_filings++],
                    err);
    }
    return code;
}

enum an_code pl_intake_make(struct an_arena *arena,
                            const struct pl_source *from, struct pl_intake *out,
                            struct an_err *err)
{
    const struct ctx_reading *reading = from->reading;
    enum an_code code;

    *out = (struct pl_intake){
        .feed = from->feed,
        .kind = reading->kind,
        .sender = reading->sender,
        .control_id = reading->control_id,
        .received_us = from->received_us,
        .said_us = reading->said_us,
        .format = from->format,
        .n_warnings = reading->n_warnings,
        .raw_bytes = from->bytes.n,
        .claim = reading->claim,
        .n_claims = reading->n_claims,
        .account = reading->account,
        .n_accounts = reading->n_accounts,
    };
    if (from->bytes.n >= PL_LIMIT_MESSAGE_BYTES)
        return an_fail(err, AN_LIMIT, "the message is too large to be stored",
                       from->bytes.n);
    code = an_sha256(from->bytes, &out->sha256, err);
    if (code == AN_OK)
        code = file_all(arena, from, out, err);
    if (code == AN_OK)
        code = pl_pack(arena, from->bytes, &out->raw, &out->deflated, err);
    return code;
}

enum { PLACE_BYTES = 160, NAME_BYTES = 256 };

enum an_code pl_intake_refuse(struct an_arena *arena,
                              const struct pl_source *from,
                              const struct an_err *why, struct pl_intake *out,
                              struct an_err *err)
{
    const struct ctx_reading *reading = from->reading;
    struct pl_refusal *refused = an_arena_get(arena, 1, sizeof(*refused));
    char place[PLACE_BYTES];
    size_t n = an_where_print(&why->where, place, sizeof(place));

    if (refused == NULL ||
        !an_arena_str(arena, (struct an_str){place, n}, &refused->place))
        return an_fail_nomem(err);
    refused->what = an_str_c(why->what ? why->what : an_code_text(why->code));
    *out = (struct pl_intake){
        .refused = refused,
        .feed = from->feed,
        .kind = an_str_sub(reading->kind, 0, NAME_BYTES),
        .sender = an_str_sub(reading->sender, 0, NAME_BYTES),
        .control_id = an_str_sub(reading->control_id, 0, NAME_BYTES),
        .received_us = from->received_us,
        .format = from->format,
        .raw_bytes = from->bytes.n,
    };
    return an_sha256(from->bytes, &out->sha256, err);
}

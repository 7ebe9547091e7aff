/* SPDX-License-Identifier: Apache-2.0 */
/* CON (HL7 v2.5.1 9.9): release of information that was refused, rescinded or
 * limited.  Limits are words, so a limited one is refused as a whole.  Other
 * types of consent (CON-2, table 0496) are about what is done to the patient. */
#include "hl7/reader_int.h"

#include "base/buf.h"
#include "context/consent.h"

static struct an_time when(struct hl7_reader *r, size_t index, unsigned field)
{
    struct an_time t;

    if (!an_time_hl7(hl7_get(r->m, index, field, 1, 1, 0), &r->settings->zone,
                     &t))
        t = (struct an_time){.precision = AN_TIME_NONE};
    return t;
}

/* By its number, else by the form; a patient's consents of no number are one. */
static enum an_code fact(struct hl7_reader *r, size_t index, struct an_str *out)
{
    struct an_str number = hl7_get(r->m, index, 4, 1, 1, 0);
    struct an_buf b;

    if (number.n == 0)
        number = hl7_get(r->m, index, 3, 1, 1, 0);
    an_buf_init(&b, r->arena, number.n + 16);
    an_buf_put(&b, AN_STR("consent|"));
    an_buf_put(&b, number);
    return an_buf_done(&b, out, r->err);
}

enum an_code hl7_consent(struct hl7_reader *r, size_t index)
{
    struct an_where where = hl7_where(r->m, index, 11, 0, 0, 0);
    struct an_str type = hl7_get(r->m, index, 2, 1, 1, 0);
    struct an_str status = hl7_get(r->m, index, 11, 1, 1, 0);
    bool permits = an_str_eq(status, AN_STR("A"));
    struct ctx_event *e, made = {.kind = CTX_CONSENT,
                                 .status = CTX_STATUS_FINAL,
                                 .said_us = r->out->said_us,
                                 .available_us = r->out->said_us};
    enum an_code rc;

    if (!an_str_eq(type, AN_STR("001")) ||
        (!permits && !an_str_eq(status, AN_STR("R")) &&
         !an_str_eq(status, AN_STR("X")) && !an_str_eq(status, AN_STR("L"))))
        return AN_OK;
    made.effective = when(r, index, 14);
    if (made.effective.precision == AN_TIME_NONE)
        made.effective = when(r, index, 13);
    if (made.effective.precision == AN_TIME_NONE && r->out->said_us)
        made.effective = an_time_us(r->out->said_us);
    made.end = when(r, index, 15);
    made.concept = (struct ctx_code){
        AN_STR(CTX_CONSENT_SYSTEM), permits ? AN_STR("permit") : AN_STR("deny"),
        AN_STR("")};
    if (!permits)
        made.value = (struct ctx_value){.kind = CTX_VALUE_TEXT,
                                        .text = AN_STR(CTX_CONSENT_ALL)};
    rc = fact(r, index, &made.fact);
    if (rc == AN_OK)
        rc = hl7_place(r, &where, &made.place);
    e = rc == AN_OK ? hl7_push(r, &r->events, sizeof(*e)) : NULL;
    if (e == NULL)
        return rc == AN_OK ? AN_NOMEM : rc;
    *e = made;
    hl7_mark(r, index, 2, HL7_MARK_MAPPED);
    hl7_mark(r, index, 11, HL7_MARK_MAPPED);
    r->account.segment[index].used = true;
    return AN_OK;
}

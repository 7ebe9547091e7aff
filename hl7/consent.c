/* SPDX-License-Identifier: Apache-2.0 */
/* CON (HL7 v2.5.1 9.9): release of information that was refused, rescinded or
 * limited.  Limits are words, so a limited one is refused as a whole.  Other
 * types of consent (CON-2, table 0496) are about what is done to the patient.
 * A status that is none is taken as broader; a pending one (P) is none yet. */
#include "hl7/reader_int.h"

#include "base/buf.h"
#include "context/consent.h"

#include <string.h>

static struct an_time when(struct hl7_reader *r, size_t index, unsigned field)
{
    struct an_time t;

    if (!an_time_hl7(hl7_get(r->m, index, field, 1, 1, 0), &r->settings->zone,
                     &t))
        t = (struct an_time){.precision = AN_TIME_NONE};
    return t;
}

/* By its number, else by the form; a patient's consents of no number are one.
 * Another sender's numbers are other numbers. */
static enum an_code fact(struct hl7_reader *r, size_t index, struct an_str *out)
{
    struct an_str number = hl7_get(r->m, index, 4, 1, 1, 0);
    struct an_buf b;

    if (number.n == 0)
        number = hl7_get(r->m, index, 3, 1, 1, 0);
    an_buf_init(&b, r->arena, r->out->sender.n + number.n + 16);
    an_buf_put(&b, AN_STR("consent|"));
    an_buf_put(&b, r->out->sender);
    an_buf_put_char(&b, '|');
    an_buf_put(&b, number);
    return an_buf_done(&b, out, r->err);
}

/* Of HL7 table 0498. */
static bool is_one_of(struct an_str status, const char *letters)
{
    return status.n == 1 && strchr(letters, status.p[0]) != NULL;
}

enum an_code hl7_consent(struct hl7_reader *r, size_t index)
{
    struct an_where where = hl7_where(r->m, index, 11, 0, 0, 0);
    struct an_str type = hl7_get(r->m, index, 2, 1, 1, 0);
    struct an_str status = hl7_get(r->m, index, 11, 1, 1, 0);
    bool permits = is_one_of(status, "A");
    bool known = permits || is_one_of(status, "RXL");
    struct ctx_event *e, made = {.kind = CTX_CONSENT,
                                 .status = CTX_STATUS_FINAL,
                                 .said_us = r->out->said_us,
                                 .available_us = r->out->said_us};
    enum an_code rc;

    if (!an_str_eq(type, AN_STR("001")) || is_one_of(status, "P"))
        return AN_OK;
    if (!known)
        hl7_reader_warn(r, AN_CODE,
                        "a consent of no known status: taken for a refusal",
                        &where);
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
    hl7_mark(r, index, 11, known ? HL7_MARK_MAPPED : HL7_MARK_ODD);
    r->account.segment[index].used = true;
    return AN_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* CON (HL7 v2.5.1 9.9): release of information that was refused, rescinded or
 * limited, and a wish that it be restricted.  Limits are words, so a limited one
 * is refused as a whole.  A type or a status that is none is taken as broader; a
 * pending one (P) is none yet. */
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

/* A type of consent: what one who does not give it denies.  A wish is the other
 * way round: it denies when it is granted. */
struct type {
    unsigned code;
    bool is_wish;
    const char *denies; /* NULL: nothing that is done here */
};

/* HL7 table 0496.  What is not listed up to LAST_TYPE is about what is done to the
 * patient, about pictures, or about what the family and the public hear. */
enum { LAST_TYPE = 136, VOIDING_CYSTOGRAM = 1137 };
static const struct type types[] = {
    {1, false, CTX_CONSENT_ALL},  /* release of information */
    {79, false, CTX_CONSENT_ALL}, /* medical, psychiatric, drugs and alcohol */
    {102, false, "psychiatry"},   /* psychiatric, during the stay */
    {110, true,
     CTX_CONSENT_ALL}}; /* request to restrict access or disclosure */

/* Of CON-2, also without the zeros before it; false for a site's own. */
static bool type_of(struct an_str text, struct type *out)
{
    unsigned code = 0;

    *out = (struct type){0, false, CTX_CONSENT_ALL};
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || i == 4)
            return false;
        code = code * 10 + (unsigned)(text.p[i] - '0');
    }
    if (code == 0 || (code > LAST_TYPE && code != VOIDING_CYSTOGRAM))
        return false;
    *out = (struct type){code, false, NULL};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].code == code)
            *out = types[i];
    return true;
}

static struct an_time begins(struct hl7_reader *r, size_t index)
{
    struct an_time t = when(r, index, 14);

    if (t.precision == AN_TIME_NONE)
        t = when(r, index, 13);
    if (t.precision == AN_TIME_NONE && r->out->said_us)
        t = an_time_us(r->out->said_us);
    return t;
}

/* A mark for each field, and a warning where one that is none denies. */
static void judge(struct hl7_reader *r, size_t index, bool typed, bool known,
                  bool permits)
{
    struct an_where at_type = hl7_where(r->m, index, 2, 0, 0, 0);
    struct an_where at_status = hl7_where(r->m, index, 11, 0, 0, 0);

    if (!typed && !permits)
        hl7_reader_warn(r, AN_CODE,
                        "a consent of no known type: taken for one to the "
                        "release of information",
                        &at_type);
    if (!known)
        hl7_reader_warn(r, AN_CODE,
                        "a consent of no known status: taken for a refusal",
                        &at_status);
    hl7_mark(r, index, 2, typed ? HL7_MARK_MAPPED : HL7_MARK_ODD);
    hl7_mark(r, index, 11, known ? HL7_MARK_MAPPED : HL7_MARK_ODD);
}

enum an_code hl7_consent(struct hl7_reader *r, size_t index)
{
    struct an_where where = hl7_where(r->m, index, 11, 0, 0, 0);
    struct an_str status = hl7_get(r->m, index, 11, 1, 1, 0);
    struct type type;
    bool typed = type_of(hl7_get(r->m, index, 2, 1, 1, 0), &type);
    bool permits = is_one_of(status, type.is_wish ? "RX" : "A");
    struct ctx_event *e, made = {.kind = CTX_CONSENT,
                                 .status = CTX_STATUS_FINAL,
                                 .said_us = r->out->said_us,
                                 .available_us = r->out->said_us};
    enum an_code rc;

    if (type.denies == NULL || is_one_of(status, "P"))
        return AN_OK;
    made.effective = begins(r, index);
    made.end = when(r, index, 15);
    made.concept = (struct ctx_code){
        AN_STR(CTX_CONSENT_SYSTEM), permits ? AN_STR("permit") : AN_STR("deny"),
        AN_STR("")};
    if (!permits)
        made.value = (struct ctx_value){.kind = CTX_VALUE_TEXT,
                                        .text = an_str_c(type.denies)};
    rc = fact(r, index, &made.fact);
    if (rc == AN_OK)
        rc = hl7_place(r, &where, &made.place);
    e = rc == AN_OK ? hl7_push(r, &r->events, sizeof(*e)) : NULL;
    if (e == NULL)
        return rc == AN_OK ? AN_NOMEM : rc;
    *e = made;
    judge(r, index, typed, is_one_of(status, "ARXL"), permits);
    r->account.segment[index].used = true;
    return AN_OK;
}

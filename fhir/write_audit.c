/* SPDX-License-Identifier: Apache-2.0 */
/* AuditEvent: this transaction was executed.  It is one of its entries, so that
 * it stands there if and only if the others do; of a delivery that failed our
 * own trail knows.  Its outcome is success for that reason. */
#include "fhir/write_int.h"

/* Over what it is about and when: another delivery is another event. */
static struct an_uuid audit_id(struct fhir_writer *w)
{
    char now[AN_TIME_TEXT_BYTES], text[AN_UUID_TEXT_BYTES];
    struct an_uuid id = {{0}};
    struct an_str name;
    struct an_err err;
    struct an_buf b;
    enum an_code code;

    an_buf_init(&b, w->arena, FHIR_WRITE_BYTES);
    an_buf_put_c(&b, "audit|");
    an_buf_put(&b, (struct an_str){now, an_time_print_instant(w->now_us, now)});
    for (size_t i = 0; i < w->n_resources; i++) {
        an_uuid_print(&w->resource[i].id, text);
        an_buf_put_char(&b, '|');
        an_buf_put_c(&b, text);
    }
    code = an_buf_done(&b, &name, &err);
    if (code == AN_OK)
        code = an_uuid5(&fhir_space, name, &id, &err);
    if (code != AN_OK)
        fhir_writer_fail(w, err.code, err.what);
    return id;
}

static void put_member_coding(struct fhir_writer *w, const char *key,
                              const char *system, const char *code)
{
    an_out_key(&w->out, key);
    fhir_put_coding(w, an_str_c(system), an_str_c(code), AN_STR(""));
}

static void put_entities(struct fhir_writer *w, const struct fhir_plan *p)
{
    an_out_key(&w->out, "entity");
    an_out_array(&w->out);
    an_out_object(&w->out);
    fhir_put_patient(w, "what");
    put_member_coding(w, "type",
                      "http://terminology.hl7.org/CodeSystem/audit-entity-type",
                      "1");
    put_member_coding(w, "role",
                      "http://terminology.hl7.org/CodeSystem/object-role", "1");
    an_out_end(&w->out);
    for (size_t i = 0; i < p->n_items; i++) {
        an_out_object(&w->out);
        fhir_put_reference(w, "what", p->item[i].type, &p->item[i].id);
        put_member_coding(
            w, "type",
            "http://terminology.hl7.org/CodeSystem/audit-entity-type", "2");
        put_member_coding(w, "role",
                          "http://terminology.hl7.org/CodeSystem/object-role",
                          "4");
        an_out_end(&w->out);
    }
    an_out_end(&w->out);
}

void fhir_put_audit(struct fhir_writer *w, const struct fhir_plan *p)
{
    struct an_uuid id = audit_id(w);

    fhir_open_entry(w, "AuditEvent", &id);
    fhir_put_meta(w, NULL);
    put_member_coding(w, "type",
                      "http://terminology.hl7.org/CodeSystem/audit-event-type",
                      "rest");
    an_out_key(&w->out, "subtype");
    an_out_array(&w->out);
    fhir_put_coding(w, AN_STR("http://hl7.org/fhir/restful-interaction"),
                    AN_STR("update"), AN_STR(""));
    an_out_end(&w->out);
    fhir_put_c(w, "action", "U");
    fhir_put_instant(w, "recorded", w->now_us);
    fhir_put_c(w, "outcome", "0");
    fhir_open_list(w, "agent");
    fhir_put_reference(w, "who", "Device", &w->program->id);
    an_out_key(&w->out, "requestor");
    an_out_bool(&w->out, true);
    fhir_close_list(w);
    an_out_key(&w->out, "source");
    an_out_object(&w->out);
    fhir_put_reference(w, "observer", "Device", &w->program->id);
    an_out_end(&w->out);
    put_entities(w, p);
    fhir_close_entry(w, "AuditEvent", &id);
}

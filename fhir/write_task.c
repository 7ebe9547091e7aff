/* SPDX-License-Identifier: Apache-2.0 */
/* Task and CommunicationRequest: a text for the patient waits for a clinician.
 * Neither holds a word of it.  What they are about is named by its identifier,
 * since it is not at the receiver before it is released. */
#include "fhir/write_int.h"

static void open_asking(struct fhir_writer *w, const char *type,
                        const struct fhir_item *item, const struct an_uuid *id,
                        const char *what)
{
    fhir_open_entry(w, type, id);
    fhir_put_meta(w, &item->s->model);
    fhir_put_c(w, "language", "en");
    fhir_put_narrative(w, AN_STR("en"), AN_STR(""), an_str_c(what), NULL);
    fhir_put_identifier(w, id);
}

static void put_disclaimer(struct fhir_writer *w)
{
    fhir_open_list(w, "note");
    fhir_put(w, "text", fhir_disclaimer(w));
    fhir_close_list(w);
}

void fhir_put_task(struct fhir_writer *w, const struct fhir_item *item,
                   bool released)
{
    static const char what[] =
        "A text for the patient, made by a program, is to be read and released";
    struct an_uuid id = fhir_part_id(w, "task", &item->id);

    open_asking(w, "Task", item, &id, what);
    fhir_put_c(w, "status", released ? "completed" : "requested");
    fhir_put_c(w, "intent", "proposal");
    fhir_put_code(w, "code", "http://hl7.org/fhir/CodeSystem/task-code",
                  "approve");
    fhir_put_c(w, "description", what);
    fhir_put_logical(w, "focus", item->type, &item->id);
    fhir_put_patient(w, "for");
    fhir_put_encounter(w);
    fhir_put_instant(w, "authoredOn", w->now_us);
    fhir_put_reference(w, "requester", "Device", &w->program->id);
    put_disclaimer(w);
    fhir_close_entry(w, "Task", &id);
}

void fhir_put_communication(struct fhir_writer *w, const struct fhir_item *item,
                            bool released)
{
    static const char what[] =
        "A text for the patient, made by a program, to be told once it is "
        "released";
    struct an_uuid id = fhir_part_id(w, "communication", &item->id);

    open_asking(w, "CommunicationRequest", item, &id, what);
    fhir_put_c(w, "status", released ? "active" : "draft");
    fhir_put_patient(w, "subject");
    fhir_put_encounter(w);
    fhir_open_list(w, "payload");
    fhir_put_logical(w, "contentReference", item->type, &item->id);
    fhir_close_list(w);
    fhir_put_instant(w, "authoredOn", w->now_us);
    fhir_put_reference(w, "requester", "Device", &w->program->id);
    put_disclaimer(w);
    fhir_close_entry(w, "CommunicationRequest", &id);
}

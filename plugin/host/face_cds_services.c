/* SPDX-License-Identifier: Apache-2.0 */
/* What we offer as CDS Hooks services: one of each hook, named after it. */
#include "plugin/host/face_cds_int.h"

#define SERVICE_PREFIX "anamnesis-"
#define REVIEWED "Made by an AI, to be reviewed by a clinician."

#define RISKS                                                                  \
    "Risks, what may come next, and published scores, each with the data "     \
    "that "                                                                    \
    "it rests on"
#define ORDERS                                                                 \
    "Procedures of the draft beside their alternatives: the difference that "  \
    "the hospital's own model counts for a patient like this one, or what "    \
    "was "                                                                     \
    "published of them"

#define SERVICE(id_, hook_, title_, description_, needs_)                      \
    {                                                                          \
        .id = AN_STR_INIT(SERVICE_PREFIX id_), .hook = AN_STR_INIT(hook_),     \
        .title = AN_STR_INIT(title_),                                          \
        .description = AN_STR_INIT(description_),                              \
        .usage_requirements = AN_STR_INIT(REVIEWED needs_),                    \
        .prefetch = fhir_cds_history, .n_prefetch = FHIR_CDS_N_HISTORY         \
    }

/* In the order of enum fhir_cds_hook. */
static const struct fhir_cds_service services[FHIR_CDS_N_HOOKS] = {
    [FHIR_CDS_PATIENT_VIEW] =
        SERVICE("patient-view", "patient-view", "Anamnesis: chart",
                RISKS ", when a chart is opened.", ""),
    [FHIR_CDS_ORDER_SELECT] = SERVICE(
        "order-select", "order-select", "Anamnesis: order selected",
        ORDERS ", when one is selected.", " The draft is read and not stored."),
    [FHIR_CDS_ORDER_SIGN] = SERVICE(
        "order-sign", "order-sign", "Anamnesis: orders to sign",
        ORDERS ", before it is signed.", " The draft is read and not stored."),
    [FHIR_CDS_ENCOUNTER_START] =
        SERVICE("encounter-start", "encounter-start", "Anamnesis: admission",
                RISKS ", when an encounter begins.", ""),
    [FHIR_CDS_ENCOUNTER_DISCHARGE] =
        SERVICE("encounter-discharge", "encounter-discharge",
                "Anamnesis: discharge", RISKS ", before a discharge.", ""),
    [FHIR_CDS_APPOINTMENT_BOOK] =
        SERVICE("appointment-book", "appointment-book",
                "Anamnesis: appointment", RISKS ", when a visit is booked.",
                " The appointments are read and not stored."),
};

static bool is_on(const struct cfg_options *o, struct an_str hook)
{
    for (size_t i = 0; i < o->cds_services.n; i++)
        if (an_str_eq(o->cds_services.item[i], hook))
            return true;
    return false;
}

size_t pl_cds_services(const struct cfg_options *o,
                       struct fhir_cds_service out[FHIR_CDS_N_HOOKS])
{
    size_t n = 0;

    for (size_t i = 0; i < FHIR_CDS_N_HOOKS; i++)
        if (is_on(o, services[i].hook))
            out[n++] = services[i];
    return n;
}

struct an_str pl_cds_service_id(enum fhir_cds_hook hook)
{
    return services[hook].id;
}

bool pl_cds_service(const struct cfg_options *o, struct an_str id,
                    enum fhir_cds_hook *hook)
{
    for (size_t i = 0; i < FHIR_CDS_N_HOOKS; i++)
        if (an_str_eq(services[i].id, id) && is_on(o, services[i].hook)) {
            *hook = (enum fhir_cds_hook)i;
            return true;
        }
    return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_out.h"
#include "fhir/cds.h"

enum { DISCOVERY_BYTES = 1 << 20 };

#define OF_PATIENT(key, rest)                                                  \
    {                                                                          \
        AN_STR_INIT(key), AN_STR_INIT(rest)                                    \
    }

const struct fhir_cds_query fhir_cds_history[FHIR_CDS_N_HISTORY] = {
    OF_PATIENT("patient", "Patient/{{context.patientId}}"),
    OF_PATIENT("conditions", "Condition?patient={{context.patientId}}"),
    OF_PATIENT("laboratory", "Observation?patient={{context.patientId}}"
                             "&category=laboratory&_sort=-date&_count=200"),
    OF_PATIENT("vital-signs", "Observation?patient={{context.patientId}}"
                              "&category=vital-signs&_sort=-date&_count=200"),
    OF_PATIENT("medications",
               "MedicationRequest?patient={{context.patientId}}"),
    OF_PATIENT("procedures", "Procedure?patient={{context.patientId}}"),
    OF_PATIENT("encounters", "Encounter?patient={{context.patientId}}"
                             "&_sort=-date&_count=50"),
    OF_PATIENT("allergies", "AllergyIntolerance?patient={{context.patientId}}"),
    OF_PATIENT("immunizations", "Immunization?patient={{context.patientId}}"),
};

static void put_queries(struct an_json_out *w, const struct fhir_cds_service *s)
{
    if (s->n_prefetch == 0)
        return;
    an_out_key(w, "prefetch");
    an_out_object(w);
    for (size_t i = 0; i < s->n_prefetch; i++) {
        an_out_name(w, s->prefetch[i].key);
        an_out_str(w, s->prefetch[i].query);
    }
    an_out_end(w);
}

enum an_code fhir_cds_discovery(struct an_arena *arena,
                                const struct fhir_cds_service *service,
                                size_t n, struct an_str *json,
                                struct an_err *err)
{
    struct an_json_out w;

    an_out_init(&w, arena, DISCOVERY_BYTES);
    an_out_object(&w);
    an_out_key(&w, "services");
    an_out_array(&w);
    for (size_t i = 0; i < n; i++) {
        const struct fhir_cds_service *s = &service[i];

        if (s->id.n == 0 || s->hook.n == 0 || s->description.n == 0)
            return an_fail(err, AN_MISSING,
                           "a service without id, hook or description", 0);
        an_out_object(&w);
        an_out_key_str(&w, "hook", s->hook);
        an_out_key_str(&w, "title", s->title);
        an_out_key_str(&w, "description", s->description);
        an_out_key_str(&w, "id", s->id);
        put_queries(&w, s);
        an_out_key_str(&w, "usageRequirements", s->usage_requirements);
        an_out_end(&w);
    }
    an_out_end(&w);
    an_out_end(&w);
    return an_out_done(&w, json, err);
}

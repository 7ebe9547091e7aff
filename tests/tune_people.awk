# SPDX-License-Identifier: Apache-2.0
# FHIR R4 resources of invented people, a line each:
#
#     awk -v seed=1 -v n=300 -v per_year=0.1 -f tune_people.awk >people.ndjson
#
# Half of them have diabetes, which makes heart failure four times as frequent as
# `per_year`; with flip=1 it makes it four times as rare. All are seen twice a
# year from 2012 to 2019, who has diabetes for bronchitis, too, and the others for
# sinusitis: so what comes next is not the same for all.
function uniform() { # Lehmer's, by Park and Miller: the same in every awk
    state = (state * 16807) % 2147483647
    return state / 2147483647
}
function day(t, year) { # t in years from 2012
    year = int(t)
    return sprintf("%04d-%02d-%02d", 2012 + year, 1 + int((t - year) * 12),
        1 + int(((t - year) * 12 % 1) * 28))
}
function condition(id, patient, code, text, t) {
    printf "{\"resourceType\":\"Condition\",\"id\":\"%s\",\"clinicalStatus\":{\"coding\":[{\"system\":" \
        "\"http://terminology.hl7.org/CodeSystem/condition-clinical\",\"code\":\"active\"}]}," \
        "\"code\":{\"coding\":[{\"system\":\"http://snomed.info/sct\",\"code\":\"%s\",\"display\":\"%s\"}]}," \
        "\"subject\":{\"reference\":\"Patient/%s\"},\"onsetDateTime\":\"%sT08:00:00Z\"," \
        "\"recordedDate\":\"%sT08:00:00Z\"}\n", id, code, text, patient, day(t), day(t)
}
BEGIN {
    state = seed * 7919 + 1
    for (i = 0; i < 20; i++)
        uniform()
    for (i = 1; i <= n; i++) {
        p = "s" seed "-" i
        sick = uniform() < 0.5
        hazard = per_year * (sick ? (flip ? 0.25 : 4) : 1)
        fails = -log(1 - uniform()) / hazard
        printf "{\"resourceType\":\"Patient\",\"id\":\"%s\",\"gender\":\"%s\",\"birthDate\":\"%d-06-01\"}\n", \
            p, uniform() < 0.5 ? "female" : "male", 1930 + int(45 * uniform())
        if (sick)
            condition(p "-d", p, "44054006", "Diabetes mellitus type 2", 0.1)
        for (k = 0; k < 16; k++) {
            t = k / 2 + 0.4 * uniform()
            printf "{\"resourceType\":\"Observation\",\"id\":\"%s-o%d\",\"status\":\"final\",\"code\":{\"coding\":" \
                "[{\"system\":\"http://loinc.org\",\"code\":\"8480-6\"}]}," \
                "\"subject\":{\"reference\":\"Patient/%s\"},\"effectiveDateTime\":\"%sT09:00:00Z\"," \
                "\"valueQuantity\":{\"value\":%d,\"unit\":\"mm[Hg]\",\"code\":\"mm[Hg]\"," \
                "\"system\":\"http://unitsofmeasure.org\"}}\n", p, k, p, day(t), 110 + int(50 * uniform())
            if (sick)
                condition(p "-c" k, p, "10509002", "Acute bronchitis", t)
            else
                condition(p "-c" k, p, "444814009", "Viral sinusitis", t)
        }
        if (fails < 7.9)
            condition(p "-h", p, "84114007", "Heart failure", fails)
    }
}

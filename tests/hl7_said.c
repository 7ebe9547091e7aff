/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/hl7_said.h"

#include "tests/suite.h"

#define S(text) AN_STR_INIT(text)
#define AS_OF                                                                  \
    {                                                                          \
        .us = INT64_C(1709717400000000), .offset_min = -300,                   \
        .precision = AN_TIME_SECOND                                            \
    }
#define DEMO                                                                   \
    {                                                                          \
        .name = S("anamnesis-demo"), .version = S("1.0.0"),                    \
        .demonstrator = true                                                   \
    }
#define WARD                                                                   \
    {                                                                          \
        .name = S("ward^model"), .version = S("2.1")                           \
    }

static const struct ctx_event event = {.kind = CTX_OBSERVATION};

static const struct ctx_evidence evidence[] = {
    {&event,
     S("Hospital discharge, recorded 2024-02-06, raises this estimate."), 0.6,
     1},
    {&event,
     S("Creatinine 2.1 mg/dL on 2024-03-05, above its range 0.6-1.1, raises "
       "this estimate."),
     0.4, 1},
};
static const struct ctx_evidence odd_evidence[] = {
    {&event, S("a|b^c~d\\e&f\r\nnext\tline \001 \302\265g \342\211\244 3"), 1,
     1},
};
static const struct ctx_citation citation[] = {
    {S("Potentially avoidable 30-day hospital readmissions in medical "
       "patients"),
     S("JAMA Intern Med"), S("10.1001/jamainternmed.2013.3023"), 2013},
};
static const struct ctx_next next[] = {
    {{S("http://hl7.org/fhir/sid/icd-10-cm"), S("N18.4"),
      S("Chronic kidney disease, stage 4 (severe)")},
     0.08},
    {{S("http://snomed.info/sct"), S("271737000"), S("Anemia")}, 0.0043},
    {{S("urn:id:OLD|LAB"), S("X&1"), S("Local & odd")}, 0.002},
};

static const struct ctx_suggestion risk = {
    .kind = CTX_SUGGEST_RISK,
    .language = S("en"),
    .topic = S("readmission-30d"),
    .title = S("Hospital readmission"),
    .statement =
        S("Hospital readmission within 30 days of discharge: about 23 of 100 "
          "people with a record like this one (between 17 and 31)."),
    .p = 0.234,
    .p_low = 0.171,
    .p_high = 0.302,
    .horizon_days = 30,
    .evidence = evidence,
    .n_evidence = 2,
    .citation = citation,
    .n_citations = 1,
    .model = DEMO,
    .as_of = AS_OF,
};
static const struct ctx_suggestion odd = {
    .kind = CTX_SUGGEST_RISK,
    .language = S("en"),
    .topic = S("stroke|2"),
    .title = S("Stroke ^ or ~ not"),
    .statement = S("First & line\nsecond \\ line\n\nfourth"),
    .p = 0.0299995,
    .p_low = 0,
    .p_high = 1,
    .evidence = odd_evidence,
    .n_evidence = 1,
    .model = WARD,
    .as_of = {.us = INT64_C(1709683200000000), .precision = AN_TIME_DAY},
};
static const struct ctx_suggestion score = {
    .kind = CTX_SUGGEST_SCORE,
    .language = S("en"),
    .topic = S("egfr-ckd-epi-2021"),
    .title = S("Estimated kidney filtration rate"),
    .statement = S("CKD-EPI 2021: 24 mL/min/1.73 m\302\262, category G4."),
    .value = S("24"),
    .unit = S("mL/min/{1.73_m2}"),
    .evidence = evidence,
    .n_evidence = 2,
    .as_of = AS_OF,
};
static const struct ctx_suggestion grade = {
    .kind = CTX_SUGGEST_SCORE,
    .language = S("en"),
    .topic = S("grade"),
    .title = S("A grade"),
    .statement = S("Grade: B."),
    .value = S("B"),
    .as_of = AS_OF,
};
static const struct ctx_suggestion differential = {
    .kind = CTX_SUGGEST_DIFFERENTIAL,
    .language = S("en"),
    .topic = S("differential"),
    .title = S("What may be recorded next"),
    .statement = S("Most likely to be recorded first within 365 days."),
    .horizon_days = 365,
    .next = next,
    .n_next = 3,
    .never_patient = true,
    .model = DEMO,
    .as_of = AS_OF,
};
static const struct ctx_suggestion comparison = {
    .kind = CTX_SUGGEST_COMPARISON,
    .language = S("en"),
    .topic = S("stroke-prevention"),
    .title = S("Procedures beside each other"),
    .statement =
        S("With anticoagulation, of 100 people like this one about 3 have a "
          "stroke within a year and about 2 bleed badly; without it about 7 "
          "and 1. These are observations of what happened to others, not a "
          "proof that one causes the other.\nPor qu\303\251: los datos dicen "
          "lo que pas\303\263, no lo que pasar\303\241."),
    .never_patient = true,
    .citation = citation,
    .n_citations = 1,
    .model = WARD,
    .as_of = AS_OF,
};
static const struct ctx_suggestion summary = {
    .kind = CTX_SUGGEST_SUMMARY,
    .audience = CTX_FOR_PATIENT,
    .language = S("es"),
    .title = S("Resumen de su salud"),
    .statement =
        S("Esta hoja dice lo que consta de su salud el 6 de marzo de "
          "2024.\n\nProblemas de salud en sus datos:\n- Coraz\303\263n "
          "d\303\251bil, desde el 30 de septiembre de 2021.\n\n"
          "\302\277Qu\303\251 debemos tratar primero?"),
    .patient_facing = true,
    .as_of = AS_OF,
};

#define SITE                                                                   \
    .application = S("ANAMNESIS"), .facility = S("NORTH"),                     \
    .receiver = S("EHR"), .receiver_facility = S("NORTH"),                     \
    .processing = S("P"), .version = S("2.5.1"), .system = S("99ANAMNESIS"),   \
    .document_type = S("AISUM"), .software = S("Anamnesis"),                   \
    .software_version = S("0.1.0")
#define HER                                                                    \
    {                                                                          \
        .id = {S("HOSP"), S("PEER-1"), S("MR")}, .visit = S("HOSP|V-9")        \
    }
#define FIRST(suggestion, number)                                              \
    .what = &(suggestion),                                                     \
    .resource = S("9c1f3c0e-52d3-5b7e-8a55-0000000000" number), .version = 1,  \
    .now_us = INT64_C(1709717400123456)

static const struct hl7_result_name names[] = {
    {S("readmission-30d"), S("AI-READM"), S("Readmission (AI)"), S("L")},
    {S("differential"), S("AI-DDX"), S(""), S("")},
};
static const struct hl7_result_authority authorities[] = {
    {S("urn:oid:2.999.1.1"), S("NORTH&2.999.1.1&ISO")},
};

const struct hl7_case hl7_cases[] = {
    {"risk", false, {SITE}, HER, {FIRST(risk, "01")}},
    {"risk-newer",
     false,
     {SITE},
     HER,
     {.what = &risk,
      .resource = S("9c1f3c0e-52d3-5b7e-8a55-000000000001"),
      .version = 2,
      .newer = true,
      .now_us = INT64_C(1709803800000000)}},
    {"risk-withdrawn",
     false,
     {SITE},
     HER,
     {.what = &risk,
      .resource = S("9c1f3c0e-52d3-5b7e-8a55-000000000001"),
      .version = 3,
      .newer = true,
      .withdrawn = true,
      .now_us = INT64_C(1709890200000000)}},
    {"risk-site",
     false,
     {SITE, .name = names, .n_names = 2, .authority = authorities,
      .n_authorities = 1, .percent = true, .demo = true, .line_bytes = 60},
     {.id = {S("urn:oid:2.999.1.1"), S("7001"), S("")},
      .visit = S("urn:oid:2.999.1.2|V|1")},
     {FIRST(risk, "02")}},
    {"odd",
     false,
     {SITE, .note = S("Checked by nobody | ever.")},
     {.id = {S("A|B&C"), S("1\\2^3"), S("")}},
     {FIRST(odd, "03")}},
    {"score", false, {SITE}, HER, {FIRST(score, "04")}},
    {"grade", false, {SITE}, HER, {FIRST(grade, "05")}},
    {"differential", false, {SITE}, HER, {FIRST(differential, "06")}},
    {"comparison", false, {SITE}, HER, {FIRST(comparison, "07")}},
    {"summary",
     true,
     {SITE},
     HER,
     {FIRST(summary, "08"), .released = true, .by = S("dr.h")}},
    {"summary-newer",
     true,
     {SITE},
     HER,
     {.what = &summary,
      .resource = S("9c1f3c0e-52d3-5b7e-8a55-000000000008"),
      .version = 2,
      .newer = true,
      .released = true,
      .by = S("dr.h"),
      .now_us = INT64_C(1709803800000000)}},
    {"summary-withdrawn",
     true,
     {SITE},
     {.id = {S("HOSP"), S("PEER-1"), S("MR")}},
     {.what = &summary,
      .resource = S("9c1f3c0e-52d3-5b7e-8a55-000000000008"),
      .version = 3,
      .newer = true,
      .withdrawn = true,
      .now_us = INT64_C(1709890200000000)}},
    {"summary-result",
     false,
     {SITE, .documents_are_oru = true},
     HER,
     {FIRST(summary, "09"), .released = true}},
};
const size_t hl7_n_cases = sizeof(hl7_cases) / sizeof(hl7_cases[0]);

const struct hl7_case *hl7_case_named(const char *name)
{
    for (size_t i = 0; i < hl7_n_cases; i++)
        if (an_str_eq(an_str_c(hl7_cases[i].name), an_str_c(name)))
            return &hl7_cases[i];
    ck_abort_msg("no case %s", name);
    return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fhir_said.h"

#include "base/buf.h"
#include "tests/suite.h"

#define S(text) AN_STR_INIT(text)
#define MESSAGE_1                                                              \
    S("3f2a1b0c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8")
#define MESSAGE_2                                                              \
    S("a94a8fe5ccb19ba61c4c0873d391e987982fbbd3a94a8fe5ccb19ba61c4c0873")

#define AS_OF                                                                  \
    {                                                                          \
        .us = INT64_C(1709717400000000), .offset_min = -300,                   \
        .precision = AN_TIME_SECOND                                            \
    }

/* ---- what is known --------------------------------------------------------------- */

static const struct ctx_event creatinine = {
    .kind = CTX_OBSERVATION,
    .fact = S("LAB|4711|2160-0"),
    .message = MESSAGE_1,
    .place = S("OBX[3]-5"),
};
static const struct ctx_event discharge = {
    .kind = CTX_DISCHARGE,
    .fact = S("visit|9"),
    .message = MESSAGE_2,
    .place = S("PV1[1]-45"),
};
static const struct ctx_event failure = {
    .kind = CTX_CONDITION,
    .fact = S("urn:fhir:Condition/heart-1"),
    .message = MESSAGE_1,
    .place = S("DG1[2]-3"),
};
/* The same field again: one source, said once. */
static const struct ctx_event creatinine_again = {
    .kind = CTX_OBSERVATION,
    .message = MESSAGE_1,
    .place = S("OBX[3]-5"),
};
static const struct ctx_event at_receiver = {
    .kind = CTX_OBSERVATION,
    .fact = S("https://ehr.example/fhir/Observation/lab-1"),
    .message = MESSAGE_2,
    .place = S("/entry/3/resource/valueQuantity"),
};
static const struct ctx_event elsewhere = {
    .kind = CTX_CONDITION,
    .fact = S("https://other.example/fhir/Condition/c1"),
    .message = MESSAGE_2,
    .place = S("/entry/4/resource/code"),
};

/* ---- heart: what a clinician is told ---------------------------------------------- */

#define DEMO                                                                   \
    {                                                                          \
        .name = S("anamnesis-demo"), .version = S("1.0.0"),                    \
        .digest = S("5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef"   \
                    "721d1542d8"),                                             \
        .demonstrator = true                                                   \
    }

static const struct ctx_evidence readmission_evidence[] = {
    {&discharge,
     S("Hospital discharge, recorded 2024-02-06, raises this "
       "estimate."),
     0.5, 1},
    {&creatinine,
     S("Creatinine 2.1 mg/dL on 2024-03-05, above its range "
       "0.6-1.1, raises this estimate."),
     0.3, 1},
    {&creatinine_again, S("Creatinine was measured again."), 0.2, -1},
};
static const struct ctx_citation readmission_citation[] = {
    {S("Potentially avoidable 30-day hospital readmissions in medical "
       "patients"),
     S("JAMA Intern Med"), S("10.1001/jamainternmed.2013.3023"), 2013},
};
static const struct ctx_evidence next_evidence[] = {
    {&failure,
     S("Heart failure, recorded 2021-09-30, is among the latest of "
       "this list."),
     0, 0},
};
static const struct ctx_next next[] = {
    {{S("http://hl7.org/fhir/sid/icd-10-cm"), S("N18.4"),
      S("Chronic kidney disease, stage 4 (severe)")},
     0.08},
    {{S("http://hl7.org/fhir/sid/icd-10-cm"), S("D64.9"),
      S("Anemia, unspecified")},
     0.0043},
};
static const struct ctx_evidence egfr_evidence[] = {
    {&creatinine, S("Creatinine 2.1 mg/dL on 2024-03-05 was used."), 0, 0},
    {&failure, S("Heart failure was recorded."), 0, 0},
};
static const struct ctx_citation egfr_citation[] = {
    {S("New Creatinine- and Cystatin C-Based Equations to Estimate GFR without "
       "Race"),
     S("N Engl J Med"), S("10.1056/NEJMoa2102953"), 2021},
};
static const struct ctx_suggestion heart[] = {
    {
        .kind = CTX_SUGGEST_RISK,
        .language = S("en"),
        .topic = S("readmission-30d"),
        .title = S("Hospital readmission"),
        .statement =
            S("Hospital readmission within 30 days of discharge: about 23 of "
              "100 people with a record like this one (between 17 and 31). "
              "From a demonstration model trained on invented patients: not "
              "for care."),
        .p = 0.234,
        .p_low = 0.171,
        .p_high = 0.302,
        .horizon_days = 30,
        .evidence = readmission_evidence,
        .n_evidence = 3,
        .citation = readmission_citation,
        .n_citations = 1,
        .model = DEMO,
        .as_of = AS_OF,
    },
    {
        /* Abstains: not written. */
        .kind = CTX_SUGGEST_RISK,
        .language = S("en"),
        .topic = S("heart-failure"),
        .title = S("Heart failure"),
        .statement = S("No estimate for Heart failure: it is already there."),
        .horizon_days = 365,
        .abstention = CTX_ABSTAIN_NOT_AT_RISK,
        .model = DEMO,
        .as_of = AS_OF,
    },
    {
        .kind = CTX_SUGGEST_DIFFERENTIAL,
        .language = S("en"),
        .topic = S("differential"),
        .title = S("What may be recorded next"),
        .statement =
            S("Most likely to be recorded first within 365 days: Chronic "
              "kidney disease stage 4 (about 8 of 100); Anemia, unspecified "
              "(about 4 of 1,000). From a demonstration model trained on "
              "invented patients: not for care."),
        .horizon_days = 365,
        .next = next,
        .n_next = 2,
        .evidence = next_evidence,
        .n_evidence = 1,
        .never_patient = true,
        .model = DEMO,
        .as_of = AS_OF,
    },
    {
        .kind = CTX_SUGGEST_SCORE,
        .language = S("en"),
        .topic = S("egfr-ckd-epi-2021"),
        .title = S("Estimated kidney filtration rate"),
        .statement = S("CKD-EPI 2021: 24 mL/min/1.73 m\302\262, category G4."),
        .value = S("24"),
        .unit = S("mL/min/{1.73_m2}"),
        .evidence = egfr_evidence,
        .n_evidence = 2,
        .citation = egfr_citation,
        .n_citations = 1,
        .never_patient = true,
        .as_of = AS_OF,
    },
};

/* ---- summary: what a clinician released for a patient ------------------------------ */

static const struct ctx_evidence summary_evidence[] = {
    {&failure,
     S("Coraz\303\263n d\303\251bil, desde el 30 de septiembre de "
       "2021."),
     0, 0},
};
static const struct ctx_evidence stroke_evidence[] = {
    {&creatinine, S("Prueba del ri\303\261\303\263n (creatinina): 2.1 mg/dL."),
     1, 1},
};
static const struct ctx_suggestion summary[] = {
    {
        .kind = CTX_SUGGEST_SUMMARY,
        .audience = CTX_FOR_PATIENT,
        .language = S("es"),
        .draft_language = true,
        .title = S("Resumen de su salud"),
        .statement =
            S("Esta hoja dice lo que consta de su salud el 6 de marzo de "
              "2024.\n\nProblemas de salud en sus datos:\n- Coraz\303\263n "
              "d\303\251bil, desde el 30 de septiembre de 2021.\n\n"
              "\302\277Qu\303\251 debemos tratar primero?\n"),
        .evidence = summary_evidence,
        .n_evidence = 1,
        .patient_facing = true,
        .as_of = AS_OF,
    },
    {
        .kind = CTX_SUGGEST_RISK,
        .audience = CTX_FOR_PATIENT,
        .language = S("es"),
        .topic = S("stroke"),
        .title = S("Ictus"),
        .statement = S("Ictus: piense en 1,000 personas con datos como los "
                       "suyos. En 365 d\303\255as, cerca de 5 pueden tener "
                       "esto."),
        .p = 0.0046,
        .p_low = 0.002,
        .p_high = 0.009,
        .horizon_days = 365,
        .evidence = stroke_evidence,
        .n_evidence = 1,
        .patient_facing = true,
        .model = {.name = S("ward-model"), .version = S("2.1.0")},
        .as_of = AS_OF,
    },
};

/* ---- odd: what messages can put into texts ------------------------------------------ */

static const struct ctx_evidence odd_evidence[] = {
    {&at_receiver,
     S("<script>alert(1)</script> & \"2.1\" [mg](http://evil.example) "
       "*now*\r\nnext\001line, www.evil.example, a@b.example"),
     0.7, 1},
    {&elsewhere, S("1. not a list | \357\277\277 `code` # ~ !"), 0.3, -1},
};
static const struct ctx_next odd_next[] = {
    {{S("urn:id:OLD LAB"), S("X 1"), S("Local & odd")}, 0.5},
    {{S(""), S(""), S("Only words")}, 0.25},
    {{S("http://snomed.info/sct"), S("73211009"), S("")}, 1},
};
static const struct ctx_suggestion odd[] = {
    {
        .kind = CTX_SUGGEST_RISK,
        .language = S("en"),
        .topic = S("stroke"),
        .title = S("Stroke <b> of one whose title is far too long for a "
                   "summary, since somebody wrote down every word of the "
                   "definition that they once read in a book about it"),
        .statement = S("Stroke, of which the first sentence is as long as the "
                       "title and so does not fit into the summary of a card "
                       "whatever one does, and which ends only here with "
                       "\342\211\244 3 of 100 people. The second is short."),
        .p = 0.0299995,
        .p_low = 0,
        .p_high = 1,
        .horizon_days = 3650,
        .evidence = odd_evidence,
        .n_evidence = 2,
        .model = {.name = S("ward|model"),
                  .version = S("2.1.0\\x"),
                  .digest = S("00")},
        .as_of = {.us = INT64_C(1709683200000000), .precision = AN_TIME_DAY},
    },
    {
        .kind = CTX_SUGGEST_DIFFERENTIAL,
        .language = S("en"),
        .topic = S("differential"),
        .title = S("What may be recorded next"),
        .statement = S("- Local & odd\n- Only words"),
        .horizon_days = 365,
        .next = odd_next,
        .n_next = 3,
        .evidence = odd_evidence,
        .n_evidence = 2,
        .model = {.name = S("ward|model"),
                  .version = S("2.1.0\\x"),
                  .digest = S("00")},
        .as_of = AS_OF,
    },
    {
        .kind = CTX_SUGGEST_SCORE,
        .language = S("en"),
        .topic = S("count"),
        .title = S("A count"),
        .statement = S("Count: 2 points."),
        .value = S("2.0"),
        .evidence = odd_evidence,
        .n_evidence = 2,
        .as_of = AS_OF,
    },
};

/* ---- orders: what answers a draft, and a draft that we propose ------------------------- */

static const struct ctx_citation published_citation[] = {
    {S(""), S("Cone et al., J Gastrointest Surg"),
     S("10.1007/s11605-012-1860-3"), 2012},
};
static const struct ctx_proposal measurement[] = {
    {{S("http://loinc.org"), S("2160-0"), S("Creatinine")},
     S("Propose a new measurement: Creatinine")},
};
static const struct ctx_suggestion orders[] = {
    {
        .kind = CTX_SUGGEST_SCORE,
        .language = S("en"),
        .topic = S("charlson-1987"),
        .title = S("Charlson index"),
        .statement = S("Charlson: 4 points."),
        .value = S("4"),
        .unit = S("{score}"),
        .evidence = next_evidence,
        .n_evidence = 1,
        .never_patient = true,
        .as_of = AS_OF,
    },
    {
        .kind = CTX_SUGGEST_COMPARISON,
        .language = S("en"),
        .topic = S("procedure-comparison:resection-sigmoid-colon"),
        .title = S("What was published of these procedures"),
        .statement = S("Pneumonia was rarer after one than after the other.\n"
                       "The model does not compare them."),
        .citation = published_citation,
        .n_citations = 1,
        .never_patient = true,
        .as_of = AS_OF,
    },
    {
        /* Abstains, and says what would help. */
        .kind = CTX_SUGGEST_SCORE,
        .language = S("en"),
        .topic = S("egfr-ckd-epi-2021"),
        .title = S("Estimated kidney filtration rate"),
        .statement =
            S("CKD-EPI 2021 was not computed: the latest creatinine is "
              "over a year old."),
        .evidence = egfr_evidence,
        .n_evidence = 1,
        .proposal = measurement,
        .n_proposals = 1,
        .abstention = CTX_ABSTAIN_MISSING_INPUT,
        .never_patient = true,
        .as_of = AS_OF,
    },
};

/* ---- the cases ------------------------------------------------------------------------ */

#define OURS                                                                   \
    .tenant = S("ward-7"), .software = S("Anamnesis"),                         \
    .software_version = S("0.1.0")

const struct said said_usual[N_SAID_USUAL] = {
    {
        .name = "heart",
        .settings = {OURS, .base = S("https://receiver.example/fhir"),
                     .own = S("https://hospital.example/anamnesis")},
        .card = {.url = S("https://hospital.example/anamnesis/about"),
                 .p_warning = 0.2},
        .who = {.id = {S("HOSP"), S("PEER-1"), S("MR")},
                .system = S("urn:oid:2.999.1.1"),
                .encounter = S("HOSP|V-9"),
                .encounter_system = S("urn:oid:2.999.1.2"),
                .encounter_number = S("V-9")},
        .what = {heart, sizeof(heart) / sizeof(heart[0]), false,
                 INT64_C(1709717400123456), NULL, 0, NULL},
    },
    {
        .name = "interval",
        .settings = {OURS, .base = S("https://receiver.example/fhir"),
                     .own = S("https://hospital.example/anamnesis"),
                     .probability = FHIR_P_INTERVAL},
        .who = {.id = {S("HOSP"), S("PEER-1"), S("MR")},
                .system = S("urn:oid:2.999.1.1")},
        .what = {heart, 1, false, INT64_C(1709717400000000), NULL, 0, NULL},
    },
    {
        .name = "orders",
        .settings = {OURS, .base = S("https://receiver.example/fhir"),
                     .own = S("https://hospital.example/anamnesis")},
        .card = {.url = S("https://hospital.example/anamnesis/about"),
                 .icon = S("https://hospital.example/anamnesis/icon.png"),
                 .smart_url = S("https://app.example/launch")},
        .who = {.id = {S("HOSP"), S("PEER-1"), S("MR")},
                .system = S("urn:oid:2.999.1.1")},
        .what = {orders, sizeof(orders) / sizeof(orders[0]), false,
                 INT64_C(1709717400000000), NULL, 0, NULL},
    },
    {
        .name = "odd",
        .settings = {OURS, .base = S("https://ehr.example/fhir/"),
                     .own = S("urn:example:ours"),
                     .source = S("https://ehr.example/fhir/"),
                     .note = S("Checked by nobody.")},
        .card = {.words = {S("Por qu\303\251"), S("Fuentes"), S("Modelo"),
                           S("Datos hasta"), S("")}},
        .who = {.id = {S("A|B"), S("1\\2"), S("MR")},
                .patient_id = S("p1"),
                .encounter = S("HOSP|V-9"),
                .encounter_id = S("e1")},
        .what = {odd, sizeof(odd) / sizeof(odd[0]), false,
                 INT64_C(1709717400000000), NULL, 0, NULL},
    },
    {
        .name = "summary",
        .settings = {OURS, .own = S("https://hospital.example/anamnesis"),
                     .probability = FHIR_P_PERCENT,
                     .note = S("Hecho por una IA. Un cl\303\255nico lo "
                               "liber\303\263."),
                     .demo = true},
        .who = {.id = {S("HOSP"), S("PEER-1"), S("MR")},
                .system = S("urn:oid:2.999.1.1")},
        .what = {summary, sizeof(summary) / sizeof(summary[0]), true,
                 INT64_C(1709717400000000), NULL, 0, NULL},
    },
};

const struct said *said_at(size_t i)
{
    return i < N_SAID_USUAL ? &said_usual[i] : &said_beside[i - N_SAID_USUAL];
}

const struct said *said_named(const char *name)
{
    for (size_t i = 0; i < N_SAID; i++)
        if (an_str_eq(an_str_c(said_at(i)->name), an_str_c(name)))
            return said_at(i);
    ck_abort_msg("no case %s", name);
    return NULL;
}

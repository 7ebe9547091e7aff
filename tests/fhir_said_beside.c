/* SPDX-License-Identifier: Apache-2.0 */
/* What stands beside a suggestion, or in the place of its usual resource, for
 * receivers that ask for it. */
#include "tests/fhir_said.h"

#include "base/hash.h"

#include <string.h>

#define S(text) AN_STR_INIT(text)
#define MESSAGE                                                                \
    S("3f2a1b0c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8")
#define DIGEST                                                                 \
    S("5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8")
#define AS_OF                                                                  \
    {                                                                          \
        .us = INT64_C(1709717400000000), .offset_min = -300,                   \
        .precision = AN_TIME_SECOND                                            \
    }
#define NOW INT64_C(1709717400123456)
#define MODEL                                                                  \
    {                                                                          \
        .name = S("ward-model"), .version = S("2.1.0"), .digest = DIGEST       \
    }
/* A tenant of its own for each, since the same question of the same one would
 * be the same resource. */
#define OURS(tenant_name)                                                      \
    .tenant = S(tenant_name), .software = S("Anamnesis"),                      \
    .software_version = S("0.1.0"),                                            \
    .base = S("https://receiver.example/fhir"),                                \
    .own = S("https://hospital.example/anamnesis")
#define PEER                                                                   \
    .id = {S("HOSP"), S("PEER-1"), S("MR")}, .system = S("urn:oid:2.999.1.1")

static const struct ctx_event creatinine = {
    .kind = CTX_OBSERVATION, .message = MESSAGE, .place = S("OBX[3]-5")};
static const struct ctx_event drug = {
    .kind = CTX_MEDICATION_ORDER, .message = MESSAGE, .place = S("RXE[1]-2")};
static const struct ctx_evidence evidence[] = {
    {&creatinine, S("Creatinine 2.1 mg/dL on 2024-03-05 was used."), 0.7, 1},
    {&drug, S("Metformin, ordered on 2024-03-06."), 0.3, 1},
};
static const struct ctx_citation label[] = {
    {S("Metformin hydrochloride tablets, label"), S("FDA"), S(""), 2016},
    {S("New Creatinine- and Cystatin C-Based Equations to Estimate GFR without "
       "Race"),
     S("N Engl J Med"), S("10.1056/NEJMoa2102953"), 2021},
};

/* ---- the risk, the list and the issue ----------------------------------------------- */

static const struct ctx_suggestion risk[] = {{
    .kind = CTX_SUGGEST_RISK,
    .language = S("en"),
    .topic = S("readmission-30d"),
    .title = S("Hospital readmission"),
    .statement = S("Hospital readmission within 30 days of discharge: about 23 "
                   "of 100 people with a record like this one (between 17 and "
                   "31)."),
    .p = 0.234,
    .p_low = 0.171,
    .p_high = 0.302,
    .horizon_days = 30,
    .evidence = evidence,
    .n_evidence = 2,
    .model = MODEL,
    .as_of = AS_OF,
}};

static const struct ctx_next next[] = {
    {{S("http://hl7.org/fhir/sid/icd-10-cm"), S("N18.4"),
      S("Chronic kidney disease, stage 4 (severe)")},
     0.08},
    {{S("urn:id:OLD LAB"), S("X 1"), S("Local & odd")}, 0.0043},
};
static const struct ctx_suggestion ranked[] = {
    {
        .kind = CTX_SUGGEST_DIFFERENTIAL,
        .language = S("en"),
        .topic = S("differential"),
        .title = S("What may be recorded next"),
        .statement = S("Most likely to be recorded first within 365 days: "
                       "Chronic kidney disease stage 4 (about 8 of 100)."),
        .horizon_days = 365,
        .next = next,
        .n_next = 2,
        .evidence = evidence,
        .n_evidence = 1,
        .never_patient = true,
        .model = MODEL,
        .as_of = AS_OF,
    },
    {
        /* Not asked for by these settings: left out. */
        .kind = CTX_SUGGEST_SCORE,
        .language = S("en"),
        .topic = S("egfr-ckd-epi-2021"),
        .title = S("Estimated kidney filtration rate"),
        .statement = S("CKD-EPI 2021: 24 mL/min/1.73 m\302\262, category G4."),
        .value = S("24"),
        .unit = S("mL/min/{1.73_m2}"),
        .evidence = evidence,
        .n_evidence = 1,
        .never_patient = true,
        .as_of = AS_OF,
    },
};

static const struct ctx_suggestion dosing[] = {{
    .kind = CTX_SUGGEST_DOSING,
    .language = S("en"),
    .topic = S("metformin-egfr"),
    .title = S("Metformin and the kidney"),
    .statement =
        S("Estimated filtration is 24 mL/min/1.73 m\302\262: the label "
          "names metformin as contraindicated below 30."),
    .evidence = evidence,
    .n_evidence = 2,
    .citation = label,
    .n_citations = 2,
    .never_patient = true,
    .as_of = AS_OF,
}};

/* ---- texts for the patient -------------------------------------------------------- */

static const struct ctx_suggestion spanish[] = {{
    .kind = CTX_SUGGEST_SUMMARY,
    .audience = CTX_FOR_PATIENT,
    .language = S("es"),
    .draft_language = true,
    .title = S("Resumen de su salud"),
    .statement = S("Esta hoja dice lo que consta de su salud el 6 de marzo de "
                   "2024.\n\n\302\277Qu\303\251 debemos tratar primero?\n"),
    .evidence = evidence,
    .n_evidence = 1,
    .patient_facing = true,
    .as_of = AS_OF,
}};

/* ---- settings ---------------------------------------------------------------------- */

static const struct fhir_rule flags[] = {
    {S("stroke"), 0, {{NULL, 0}, {NULL, 0}, {NULL, 0}}},
    {S("readmission-30d"), 0.5, {{NULL, 0}, {NULL, 0}, {NULL, 0}}},
    {S("readmission-30d"), 0.2, {{NULL, 0}, {NULL, 0}, {NULL, 0}}},
};
static const struct fhir_rule proposals[] = {
    {S("readmission-30d"),
     0.234,
     {S("http://hospital.example/services"), S("DISCHARGE-CALL"),
      S("Telephone call after discharge")}},
    {S("readmission-30d"), 0.1, {S(""), S(""), S("Review of medicines")}},
    {S("readmission-30d"), 0.3, {S(""), S(""), S("Home visit")}},
};
static const struct fhir_model_card card = {
    DIGEST, S("# ward-model 2.1.0\n\nInvented.\n"), S("<card/>\n")};
static const struct fhir_need needs[] = {
    {"Patient", "birthDate", {{NULL, 0}, {NULL, 0}, {NULL, 0}}},
    {"Observation",
     NULL,
     {S("http://loinc.org"), S("2160-0"),
      S("Creatinine [Mass/volume] in Serum or Plasma")}},
};
static const struct fhir_guidance call = {
    S("d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"),
    S("https://hospital.example/cds-services/anamnesis-patient-view"), needs,
    2};

/* Not a signature but its shape: the hash in hex where base64url belongs. */
static enum an_code sign(void *user, struct an_arena *arena,
                         struct an_str bytes, struct an_str *jws,
                         struct an_err *err)
{
    char text[sizeof(SAID_HEADER) + 1 + AN_SHA256_HEX + 1];
    struct an_sha256 sha;
    enum an_code rc = an_sha256(bytes, &sha, err);

    (void)user;
    if (rc != AN_OK)
        return rc;
    memcpy(text, SAID_HEADER "..", sizeof(SAID_HEADER) + 1);
    an_hex_print(sha.b, sizeof(sha.b), text + sizeof(SAID_HEADER) + 1);
    return an_arena_str(arena, an_str_c(text), jws) ? AN_OK
                                                    : an_fail_nomem(err);
}
static const struct fhir_signer signer = {sign, NULL};

const struct said said_beside[N_SAID_BESIDE] = {
    {
        .name = "card",
        .settings = {OURS("card"), .resources = FHIR_BIT(RISK) | FHIR_BIT(CARD),
                     .card = &card},
        .who = {PEER},
        .what = {risk, 1, false, NOW, NULL, 0, NULL},
    },
    {
        .name = "flag",
        .settings = {OURS("flag"), .flag = flags, .n_flags = 3,
                     .proposal = proposals, .n_proposals = 3},
        .who = {PEER, .encounter = S("HOSP|V-9"),
                .encounter_system = S("urn:oid:2.999.1.2"),
                .encounter_number = S("V-9")},
        .what = {risk, 1, false, NOW, NULL, 0, NULL},
    },
    {
        .name = "guidance",
        .settings = {OURS("guidance"), .resources = FHIR_BIT(RISK) |
                                                    FHIR_BIT(GUIDANCE) |
                                                    FHIR_BIT(AUDIT)},
        .who = {PEER},
        .what = {risk, 1, false, NOW, NULL, 0, &call},
    },
    {
        .name = "impression",
        .settings = {OURS("impression"),
                     .resources = FHIR_BIT(RISK) | FHIR_BIT(IMPRESSION)},
        .who = {PEER, .encounter = S("HOSP|V-9"),
                .encounter_system = S("urn:oid:2.999.1.2"),
                .encounter_number = S("V-9")},
        .what = {ranked, 2, false, NOW, NULL, 0, NULL},
    },
    {
        .name = "issue",
        .settings = {OURS("issue"), .resources = FHIR_BIT(ISSUE)},
        .who = {PEER},
        .what = {dosing, 1, false, NOW, NULL, 0, NULL},
    },
    {
        .name = "plain",
        .settings = {OURS("plain"), .no_extensions = true},
        .who = {PEER},
        .what = {risk, 1, false, NOW, NULL, 0, NULL},
    },
    {
        .name = "released",
        .settings = {OURS("released"),
                     .resources = FHIR_BIT(DOCUMENT) | FHIR_BIT(COMPOSITION) |
                                  FHIR_BIT(TASK) | FHIR_BIT(COMMUNICATION),
                     .source_language = S("en")},
        .who = {PEER, .encounter = S("HOSP|V-9"),
                .encounter_system = S("urn:oid:2.999.1.2"),
                .encounter_number = S("V-9")},
        .what = {spanish, 1, true, NOW, NULL, 0, NULL},
    },
    {
        .name = "signed",
        .settings = {OURS("signed"), .signer = &signer, .flag = flags,
                     .n_flags = 3},
        .who = {PEER},
        .what = {risk, 1, false, NOW, NULL, 0, NULL},
    },
    {
        .name = "waiting",
        .settings = {OURS("waiting"), .resources = FHIR_BIT(DOCUMENT) |
                                                   FHIR_BIT(TASK) |
                                                   FHIR_BIT(COMMUNICATION)},
        .who = {PEER},
        .what = {NULL, 0, false, NOW, spanish, 1, NULL},
    },
};

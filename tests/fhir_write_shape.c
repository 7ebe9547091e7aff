/* SPDX-License-Identifier: Apache-2.0 */
/* All that we write is R4, and what it should be by the AI Transparency guide
 * and by US Core.  Their packages are not at hand: what they ask of our
 * resources stands here as a table. */
#include "tests/fhir_said.h"
#include "tests/fhir_shape.h"
#include "tests/suite.h"

#include <string.h>

Suite *fhir_write_shape_suite(void);

enum { MAX_FOUND = 400 };

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 32 << 20);
    shape_load();
}

static void tear_down(void)
{
    shape_unload();
    an_arena_free(&arena);
}

static const struct an_json *bundle_of(const struct said *c)
{
    const struct an_json *root = NULL;
    struct fhir_written out;
    struct an_err err;

    ck_assert_msg(fhir_write(&arena, &c->settings, &c->who, &c->what, &out,
                             &err) == AN_OK,
                  "%s: %s", c->name, err.what);
    ck_assert_uint_gt(out.json.n, 0);
    ck_assert_int_eq(an_json_read(&arena, &(struct an_json_limits){0}, out.json,
                                  &root, NULL),
                     AN_OK);
    return root;
}

/* ---- R4 --------------------------------------------------------------------------- */

/* Each case under each choice that settings have, alone. */
static void vary(struct said *c, unsigned how)
{
    switch (how) {
    case 0: break;
    case 1: c->settings.no_extensions ^= true; break;
    case 2: c->settings.probability = FHIR_P_INTERVAL; break;
    case 3: c->settings.probability = FHIR_P_PERCENT; break;
    case 4: c->settings.base = AN_STR(""); break;
    case 5: c->settings.resources = (1U << FHIR_N_RES) - 1; break;
    case 6: c->settings.reading = true; break;
    case 7: c->settings.demo ^= true; break;
    default: c->who.patient_id = AN_STR("p-1");
    }
}

enum { N_WAYS = 9 };

START_TEST(is_r4_whatever_the_receiver_asks_for)
{
    for (size_t i = 0; i < N_SAID; i++)
        for (unsigned how = 0; how < N_WAYS; how++) {
            struct said c = *said_at(i);
            const char *wrong;

            an_arena_reset(&arena);
            vary(&c, how);
            wrong = shape_of(bundle_of(&c));
            ck_assert_msg(wrong[0] == '\0', "%s, %u: %s", c.name, how, wrong);
        }
}
END_TEST

/* Of what the check must find, or it would prove nothing. */
static const struct {
    const char *resource, *wrong;
} broken[] = {
    {"{\"resourceType\":\"Flag\",\"status\":\"active\",\"code\":{\"text\":"
     "\"x\"}}",
     "Flag.subject: missing"},
    {"{\"resourceType\":\"Flag\",\"code\":{\"text\":\"x\"},\"status\":\"a\","
     "\"subject\":{\"reference\":\"Patient/1\"}}",
     "Flag.status: missing, or out of order"},
    {"{\"resourceType\":\"Flag\",\"status\":\"active\",\"code\":{\"text\":"
     "\"x\"},\"subject\":{}}",
     "Reference.: empty"},
    {"{\"resourceType\":\"Flag\",\"status\":\"active\",\"category\":[],"
     "\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"P\"}}",
     "Flag.category: an empty list"},
    {"{\"resourceType\":\"Flag\",\"status\":\"active\",\"category\":{\"text\":"
     "\"x\"},\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"P\"}}",
     "Flag.category: one and not a list, or so"},
    {"{\"resourceType\":\"Flag\",\"status\":\"active\",\"code\":{\"text\":\"x\""
     "},\"subject\":{\"reference\":\"P\"},\"note\":[{\"text\":\"x\"}]}",
     "Flag.note: no such element here"},
    {"{\"resourceType\":\"Flag\",\"status\":true,\"code\":{\"text\":\"x\"},"
     "\"subject\":{\"reference\":\"P\"}}",
     "Flag.status: another type"},
    {"{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"\"}]}",
     "Parameters.parameter.name: another type"},
    {"{\"resourceType\":\"Nothing\",\"id\":\"1\"}",
     "Nothing.: no such resource"},
};

START_TEST(finds_what_is_not_r4)
{
    const struct an_json *root = NULL;

    ck_assert_int_eq(an_json_read(&arena, &(struct an_json_limits){0},
                                  an_str_c(broken[_i].resource), &root, NULL),
                     AN_OK);
    ck_assert_str_eq(shape_of(root), broken[_i].wrong);
}
END_TEST

/* ---- what the guides ask for -------------------------------------------------------- */

#define AI "http://hl7.org/fhir/uv/aitransparency/"

/* In the case `said`, each resource of that type has at the path a value, and
 * if `text` is given one that is that. */
static const struct {
    const char *said, *type, *path, *text;
} asked[] = {
    /* AI Transparency: the label, AIProvenance, AIDevice, AIModelCard. */
    {"heart", "RiskAssessment", "meta.security.code", "AIAST"},
    {"heart", "Observation", "meta.security.code", "AIAST"},
    {"released", "DocumentReference", "meta.security.code", "AIAST"},
    {"released", "Composition", "meta.security.code", "AIAST"},
    {"released", "Task", "meta.security.code", "AIAST"},
    {"released", "CommunicationRequest", "meta.security.code", "AIAST"},
    {"flag", "Flag", "meta.security.code", "AIAST"},
    {"flag", "ServiceRequest", "meta.security.code", "AIAST"},
    {"impression", "ClinicalImpression", "meta.security.code", "AIAST"},
    {"issue", "DetectedIssue", "meta.security.code", "AIAST"},
    {"guidance", "GuidanceResponse", "meta.security.code", "AIAST"},
    {"heart", "Provenance", "target.reference", NULL},
    {"heart", "Provenance", "occurredDateTime", NULL},
    {"heart", "Provenance", "reason.coding.code", "AIAST"},
    {"heart", "Provenance", "agent.type.coding.code", "author"},
    {"heart", "Provenance", "agent.role.coding.system",
     AI "CodeSystem/AIdeviceTypeCS"},
    {"heart", "Provenance", "agent.role.coding.code",
     "Artificial-Intelligence"},
    {"heart", "Provenance", "agent.who.reference", NULL},
    {"heart", "Provenance", "entity.role", "source"},
    {"card", "Provenance", "entity.role", "derivation"},
    {"heart", "Device", "type.coding.code", "Artificial-Intelligence"},
    {"heart", "Device", "type.coding.system", AI "CodeSystem/AIdeviceTypeCS"},
    {"heart", "Device", "extension.url",
     AI "StructureDefinition/aitransparency.AIKind"},
    {"heart", "Device", "extension.valueCodeableConcept.coding.code",
     "Deterministic-AI"},
    {"heart", "Device", "deviceName.name", NULL},
    {"heart", "Device", "version.value", NULL},
    {"card", "DocumentReference", "type.coding.code", "AIModelCard"},
    {"card", "DocumentReference", "category.coding.code",
     "AIModelCardMarkdownFormat"},
    {"card", "DocumentReference", "category.coding.code",
     "AImodelCardCHAIformat"},
    {"card", "DocumentReference", "content.attachment.contentType",
     "application/xml"},
    {"heart", "RiskAssessment", "status", "preliminary"},
    {"flag", "RiskAssessment", "prediction.extension.url",
     AI "StructureDefinition/AIconfidence"},
    /* Down to the message and the field. */
    {"heart", "Provenance", "entity.what.identifier.value", NULL},
    {"heart", "Provenance", "entity.what.display", NULL},
    {"odd", "Provenance", "entity.what.reference", "Observation/lab-1"},
    {"odd", "Provenance", "entity.what.display",
     "/entry/3/resource/valueQuantity"},
    /* US Core: DocumentReference, Observation, Provenance. */
    {"released", "DocumentReference", "identifier.value", NULL},
    {"released", "DocumentReference", "status", "current"},
    {"released", "DocumentReference", "type.coding.code", "60591-5"},
    {"released", "DocumentReference", "category.coding.code", "clinical-note"},
    {"released", "DocumentReference", "subject.reference", NULL},
    {"released", "DocumentReference", "date", NULL},
    {"released", "DocumentReference", "author.reference", NULL},
    {"released", "DocumentReference", "content.attachment.contentType", NULL},
    {"released", "DocumentReference", "content.attachment.data", NULL},
    {"released", "DocumentReference", "content.attachment.hash", NULL},
    {"released", "DocumentReference", "content.attachment.language", "es"},
    {"released", "DocumentReference", "content.format.code", NULL},
    {"released", "DocumentReference", "context.encounter.identifier.value",
     "V-9"},
    {"released", "DocumentReference", "context.period.end", NULL},
    {"released", "DocumentReference", "docStatus", "preliminary"},
    {"released", "DocumentReference", "relatesTo.code", "transforms"},
    {"heart", "Observation", "status", "preliminary"},
    {"heart", "Observation", "category.coding.code", "survey"},
    {"heart", "Observation", "code.coding.code", NULL},
    {"heart", "Observation", "subject.reference", NULL},
    {"heart", "Observation", "effectiveDateTime", NULL},
    {"heart", "Observation", "valueQuantity.value", NULL},
    {"heart", "Provenance", "recorded", NULL},
    {"heart", "Provenance", "agent.type.coding.code", NULL},
    /* Ours: proposals stay proposals, banners end, nobody is made an author. */
    {"flag", "Flag", "period.end", NULL},
    {"flag", "ServiceRequest", "status", "draft"},
    {"flag", "ServiceRequest", "intent", "proposal"},
    {"waiting", "CommunicationRequest", "status", "draft"},
    {"waiting", "Task", "status", "requested"},
    {"released", "CommunicationRequest", "status", "active"},
    {"released", "Task", "status", "completed"},
    {"waiting", "Task", "code.coding.code", "approve"},
    {"waiting", "Task", "focus.identifier.value", NULL},
    {"waiting", "Task", "for.reference", NULL},
    {"impression", "ClinicalImpression", "status", "in-progress"},
    {"impression", "ClinicalImpression", "finding.basis", "1/2: 8.00 %"},
    {"impression", "ClinicalImpression", "finding.basis", "2/2: 0.43 %"},
    {"issue", "DetectedIssue", "status", "preliminary"},
    {"issue", "DetectedIssue", "reference",
     "https://doi.org/10.1056/NEJMoa2102953"},
    {"guidance", "GuidanceResponse", "status", "data-requested"},
    {"guidance", "GuidanceResponse", "requestIdentifier.value",
     "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"},
    {"guidance", "GuidanceResponse", "dataRequirement.codeFilter.code.code",
     "2160-0"},
    {"guidance", "GuidanceResponse", "contained.parameter.valueReference",
     NULL},
    {"guidance", "AuditEvent", "type.code", "rest"},
    {"guidance", "AuditEvent", "outcome", "0"},
    {"guidance", "AuditEvent", "source.observer.reference", NULL},
    {"signed", "Provenance", "signature.sigFormat", "application/jose"},
};

static bool says(const struct an_json *resource, const char *path,
                 const char *text)
{
    const struct an_json *found[MAX_FOUND];
    size_t n = shape_find(resource, path, found, MAX_FOUND);

    for (size_t i = 0; i < n; i++)
        if (text == NULL || an_str_eq(an_json_text(found[i]), an_str_c(text)))
            return true;
    return false;
}

/* The programs' Device has no kind of a model, and the other way round. */
START_TEST(says_what_the_guides_ask_for)
{
    const struct an_json *resource[MAX_FOUND];
    size_t n = shape_find(bundle_of(said_named(asked[_i].said)),
                          "entry.resource", resource, MAX_FOUND);
    size_t n_seen = 0;

    for (size_t i = 0; i < n; i++) {
        if (!an_str_eq(
                an_json_text(an_json_get(resource[i], AN_STR("resourceType"))),
                an_str_c(asked[_i].type)))
            continue;
        n_seen++;
        /* A model's card is not what the AI said. */
        if (strcmp(asked[_i].said, "odd") == 0 && n_seen > 1)
            continue;
        ck_assert_msg(says(resource[i], asked[_i].path, asked[_i].text),
                      "%s: %s.%s", asked[_i].said, asked[_i].type,
                      asked[_i].path);
    }
    ck_assert_uint_gt(n_seen, 0);
}
END_TEST

/* ClinicalImpression.assessor, Composition.attester ...: only humans. */
static const struct {
    const char *said, *type, *path;
} never[] = {
    {"impression", "ClinicalImpression", "assessor"},
    {"released", "Composition", "attester"},
    {"released", "DocumentReference", "authenticator"},
    {"issue", "DetectedIssue", "severity"},
    {"issue", "DetectedIssue", "mitigation"},
    {"plain", "Device", "extension"},
    {"plain", "RiskAssessment", "prediction.extension"},
    {"interval", "RiskAssessment", "prediction.extension"},
    {"impression", "RiskAssessment", "id"},
    {"impression", "Observation", "id"},
    {"heart", "Flag", "id"},
    {"heart", "Provenance", "signature"},
    {"waiting", "DocumentReference", "id"},
    {"waiting", "Provenance", "id"},
};

START_TEST(leaves_to_humans_what_is_theirs)
{
    const struct an_json *resource[MAX_FOUND];
    size_t n = shape_find(bundle_of(said_named(never[_i].said)),
                          "entry.resource", resource, MAX_FOUND);

    for (size_t i = 0; i < n; i++)
        if (an_str_eq(
                an_json_text(an_json_get(resource[i], AN_STR("resourceType"))),
                an_str_c(never[_i].type)))
            ck_assert_msg(!says(resource[i], never[_i].path, NULL), "%s: %s.%s",
                          never[_i].said, never[_i].type, never[_i].path);
}
END_TEST

#define LOOP(tc, test, table)                                                  \
    tcase_add_loop_test(tc, test, 0, (int)(sizeof(table) / sizeof((table)[0])))

Suite *fhir_write_shape_suite(void)
{
    Suite *s = suite_create("fhir/write shape");
    TCase *tc = tcase_create("fhir/write shape");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, is_r4_whatever_the_receiver_asks_for);
    LOOP(tc, finds_what_is_not_r4, broken);
    LOOP(tc, says_what_the_guides_ask_for, asked);
    LOOP(tc, leaves_to_humans_what_is_theirs, never);
    suite_add_tcase(s, tc);
    return s;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What each hook's context must hold, what is drafted in it, and that all of a
 * call is about its patient. */
#include "fhir/cds.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *fhir_cds_context_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 16 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

#define WHO "\"userId\":\"Practitioner/u\",\"patientId\":\"p1\""
#define VISIT WHO ",\"encounterId\":\"e1\""
#define BUNDLE(entries)                                                        \
    "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[" entries \
    "]}"
#define ENTRY(resource) "{\"resource\":" resource "}"
#define SUBJECT "\"subject\":{\"reference\":\"Patient/p1\"}"
#define ORDER                                                                  \
    "{\"resourceType\":\"ServiceRequest\",\"id\":\"s1\"," SUBJECT              \
    ",\"code\":{\"coding\":[{\"system\":\"urn:a\",\"code\":\"1\",\"display\":" \
    "\"One\"},{\"system\":\"urn:b\",\"code\":\"2\"},{\"display\":\"no "        \
    "code\"}]}}"
#define DRAFTS "\"draftOrders\":" BUNDLE(ENTRY(ORDER))

/* `context` without its braces; `more` after it. */
static struct fhir_cds_request request_of(const char *hook, const char *context,
                                          const char *more)
{
    static char text[1 << 14];
    struct fhir_cds_request r;
    struct an_str json;
    struct an_err err;
    int n = snprintf(text, sizeof(text),
                     "{\"hook\":\"%s\",\"hookInstance\":\"i\",\"context\":{%s}"
                     "%s}",
                     hook, context, more);

    ck_assert(n > 0 && (size_t)n < sizeof(text));
    ck_assert(an_arena_str(&arena, an_str_c(text), &json));
    ck_assert_msg(fhir_cds_read(&arena, json, &r, &err) == AN_OK, "%s",
                  err.what);
    return r;
}

/* ---- the hooks ------------------------------------------------------------------- */

START_TEST(knows_the_hooks_by_name)
{
    enum fhir_cds_hook hook = FHIR_CDS_N_HOOKS;

    for (unsigned i = 0; i < FHIR_CDS_N_HOOKS; i++) {
        ck_assert(fhir_cds_hook_of(fhir_cds_hook_name(i), &hook));
        ck_assert_uint_eq(hook, i);
    }
    ck_assert(!fhir_cds_hook_of(AN_STR("order-dispatch"), &hook));
    ck_assert(!fhir_cds_hook_of(AN_STR(""), &hook));
    ck_assert_uint_eq(fhir_cds_hook_name(FHIR_CDS_N_HOOKS).n, 0);
}
END_TEST

static const struct {
    enum fhir_cds_hook hook;
    const char *context;
    size_t n_orders, n_appointments;
} good[] = {
    {FHIR_CDS_PATIENT_VIEW, WHO, 0, 0},
    {FHIR_CDS_PATIENT_VIEW,
     "\"userId\":\"https://e/fhir/Practitioner/u\",\"patientId\":\"p.1-A\"", 0,
     0},
    {FHIR_CDS_PATIENT_VIEW, VISIT, 0, 0},
    {FHIR_CDS_ENCOUNTER_START, VISIT, 0, 0},
    {FHIR_CDS_ENCOUNTER_DISCHARGE, VISIT, 0, 0},
    {FHIR_CDS_ORDER_SIGN, WHO "," DRAFTS, 1, 0},
    {FHIR_CDS_ORDER_SIGN, WHO ",\"draftOrders\":{\"resourceType\":\"Bundle\"}",
     0, 0},
    {FHIR_CDS_ORDER_SELECT,
     WHO "," DRAFTS ",\"selections\":[\"ServiceRequest/s1\"]", 1, 0},
    {FHIR_CDS_ORDER_SELECT, WHO "," DRAFTS ",\"selections\":[]", 1, 0},
    {FHIR_CDS_APPOINTMENT_BOOK,
     WHO ",\"appointments\":" BUNDLE(
         ENTRY("{\"resourceType\":\"Appointment\"}") "," ENTRY(
             "{\"resourceType\":\"Appointment\"}")),
     0, 2},
};

START_TEST(takes_what_a_hook_must_have)
{
    enum fhir_cds_hook hook = good[_i].hook;
    struct fhir_cds_request r =
        request_of(fhir_cds_hook_name(hook).p, good[_i].context, "");
    struct fhir_cds_context c;
    struct an_err err;

    ck_assert_msg(fhir_cds_context(&arena, &r, hook, &c, &err) == AN_OK,
                  "%s: %s", err.where.path, err.what);
    ck_assert_int_eq(c.hook, hook);
    ck_assert_uint_eq(c.n_orders, good[_i].n_orders);
    ck_assert_uint_eq(c.n_appointments, good[_i].n_appointments);
    /* Of another hook it is refused. */
    ck_assert_int_eq(
        fhir_cds_context(&arena, &r, (hook + 1) % FHIR_CDS_N_HOOKS, &c, &err),
        AN_CODE);
    ck_assert_str_eq(err.where.path, "hook");
}
END_TEST

static const struct {
    enum fhir_cds_hook hook;
    const char *context;
    enum an_code code;
    const char *path;
} bad[] = {
    {FHIR_CDS_PATIENT_VIEW, "\"patientId\":\"p1\"", AN_MISSING,
     "context.userId"},
    {FHIR_CDS_PATIENT_VIEW, "\"patientId\":\"p1\",\"userId\":\"u\"", AN_TYPE,
     "context.userId"},
    {FHIR_CDS_PATIENT_VIEW, "\"patientId\":\"p1\",\"userId\":\"nurse/u\"",
     AN_TYPE, "context.userId"},
    {FHIR_CDS_PATIENT_VIEW, "\"patientId\":\"p1\",\"userId\":\"Nurse/\"",
     AN_TYPE, "context.userId"},
    {FHIR_CDS_PATIENT_VIEW,
     "\"patientId\":\"Patient/p1\",\"userId\":\"Practitioner/u\"", AN_TYPE,
     "context.patientId"},
    {FHIR_CDS_PATIENT_VIEW,
     "\"patientId\":\"p 1\",\"userId\":\"Practitioner/u\"", AN_TYPE,
     "context.patientId"},
    {FHIR_CDS_PATIENT_VIEW, WHO ",\"encounterId\":\"Encounter/1\"", AN_TYPE,
     "context.encounterId"},
    {FHIR_CDS_ENCOUNTER_START, WHO, AN_MISSING, "context.encounterId"},
    {FHIR_CDS_ENCOUNTER_DISCHARGE, WHO, AN_MISSING, "context.encounterId"},
    {FHIR_CDS_ORDER_SIGN, WHO, AN_MISSING, "context.draftOrders"},
    {FHIR_CDS_ORDER_SIGN, WHO ",\"draftOrders\":[]", AN_TYPE,
     "context.draftOrders"},
    {FHIR_CDS_ORDER_SIGN, WHO ",\"draftOrders\":" ORDER, AN_TYPE,
     "context.draftOrders"},
    {FHIR_CDS_ORDER_SIGN,
     WHO ",\"draftOrders\":{\"resourceType\":\"Bundle\",\"entry\":{}}", AN_TYPE,
     "context.draftOrders.entry"},
    {FHIR_CDS_ORDER_SIGN,
     WHO ",\"draftOrders\":" BUNDLE(ENTRY(ORDER) ",{\"fullUrl\":\"x\"}"),
     AN_MISSING, "context.draftOrders.entry[1].resource"},
    {FHIR_CDS_ORDER_SIGN, WHO ",\"draftOrders\":" BUNDLE(ENTRY("7")), AN_TYPE,
     "context.draftOrders.entry[0].resource"},
    {FHIR_CDS_ORDER_SELECT, WHO "," DRAFTS, AN_MISSING, "context.selections"},
    {FHIR_CDS_ORDER_SELECT, WHO ",\"selections\":[]", AN_MISSING,
     "context.draftOrders"},
    {FHIR_CDS_ORDER_SELECT, WHO "," DRAFTS ",\"selections\":{}", AN_TYPE,
     "context.selections"},
    {FHIR_CDS_ORDER_SELECT,
     WHO "," DRAFTS ",\"selections\":[\"ServiceRequest/s1\",\"s1\"]", AN_TYPE,
     "context.selections[1]"},
    {FHIR_CDS_ORDER_SELECT, WHO "," DRAFTS ",\"selections\":[7]", AN_TYPE,
     "context.selections[0]"},
    {FHIR_CDS_ORDER_SELECT,
     WHO "," DRAFTS ",\"selections\":[\"ServiceRequest/s2\"]", AN_NOTFOUND,
     "context.selections[0]"},
    {FHIR_CDS_ORDER_SELECT,
     WHO "," DRAFTS ",\"selections\":[\"MedicationRequest/s1\"]", AN_NOTFOUND,
     "context.selections[0]"},
    {FHIR_CDS_APPOINTMENT_BOOK, WHO, AN_MISSING, "context.appointments"},
    {FHIR_CDS_APPOINTMENT_BOOK, WHO ",\"appointments\":7", AN_TYPE,
     "context.appointments"},
    {FHIR_CDS_APPOINTMENT_BOOK,
     WHO ",\"appointments\":" BUNDLE(
         ENTRY("{\"resourceType\":\"Appointment\"}") "," ENTRY(ORDER)),
     AN_TYPE, "context.appointments.entry[1].resource"},
};

START_TEST(says_what_a_hook_lacks_and_where)
{
    struct fhir_cds_request r =
        request_of(fhir_cds_hook_name(bad[_i].hook).p, bad[_i].context, "");
    struct fhir_cds_context c;
    struct an_err err;

    ck_assert_int_eq(fhir_cds_context(&arena, &r, bad[_i].hook, &c, &err),
                     bad[_i].code);
    ck_assert_str_eq(err.where.path, bad[_i].path);
}
END_TEST

/* ---- drafts ----------------------------------------------------------------------- */

static const struct {
    const char *resource, *type, *code; /* code NULL: none */
} drafts[] = {
    {"{\"resourceType\":\"MedicationRequest\",\"id\":\"d\","
     "\"medicationCodeableConcept\":{\"coding\":[{\"code\":\"m\"}]}}",
     "MedicationRequest", "m"},
    {"{\"resourceType\":\"MedicationRequest\",\"id\":\"d\",\"contained\":[{"
     "\"resourceType\":\"Medication\",\"id\":\"c\",\"code\":{\"coding\":[{"
     "\"code\":\"m\"}]}}],\"medicationReference\":{\"reference\":\"#c\"}}",
     "MedicationRequest", "m"},
    {"{\"resourceType\":\"MedicationRequest\",\"id\":\"d\","
     "\"medicationReference\":{\"reference\":\"Medication/n\"}}",
     "MedicationRequest", "n"},
    {"{\"resourceType\":\"MedicationRequest\",\"id\":\"d\","
     "\"medicationReference\":{\"reference\":\"urn:uuid:n\"}}",
     "MedicationRequest", "n"},
    {"{\"resourceType\":\"MedicationRequest\",\"id\":\"d\","
     "\"medicationReference\":{\"reference\":\"#none\"}}",
     "MedicationRequest", NULL},
    {"{\"resourceType\":\"DeviceRequest\",\"id\":\"d\",\"codeCodeableConcept\":"
     "{\"coding\":[{\"code\":\"w\"}]}}",
     "DeviceRequest", "w"},
    {"{\"resourceType\":\"NutritionOrder\",\"id\":\"d\",\"oralDiet\":{\"type\":"
     "[{\"coding\":[{\"code\":\"salt\"}]}]}}",
     "NutritionOrder", "salt"},
    {"{\"resourceType\":\"NutritionOrder\",\"id\":\"d\",\"supplement\":[{"
     "\"type\":{\"coding\":[{\"code\":\"extra\"}]}}]}",
     "NutritionOrder", "extra"},
    {"{\"resourceType\":\"VisionPrescription\",\"id\":\"d\"}",
     "VisionPrescription", NULL},
};

#define MEDICATION                                                             \
    "{\"fullUrl\":\"urn:uuid:n\",\"resource\":{\"resourceType\":"              \
    "\"Medication\",\"id\":\"n\",\"code\":{\"coding\":[{\"code\":\"n\"}]}}}"

START_TEST(reads_what_is_ordered)
{
    struct fhir_cds_context c;
    struct fhir_cds_request r;
    char context[4096];

    (void)snprintf(context, sizeof(context),
                   WHO ",\"draftOrders\":" BUNDLE(MEDICATION "," ENTRY("%s")),
                   drafts[_i].resource);
    r = request_of("order-sign", context, "");
    ck_assert_int_eq(
        fhir_cds_context(&arena, &r, FHIR_CDS_ORDER_SIGN, &c, NULL), AN_OK);
    ck_assert_uint_eq(c.n_orders, 1);
    ck_assert_an_str_eq(c.order[0].type, drafts[_i].type);
    ck_assert_an_str_eq(c.order[0].id, "d");
    ck_assert_ptr_nonnull(c.order[0].draft);
    ck_assert(c.order[0].selected);
    ck_assert_uint_eq(c.order[0].n_codes, drafts[_i].code != NULL);
    if (drafts[_i].code)
        ck_assert_an_str_eq(c.order[0].code[0].code, drafts[_i].code);
}
END_TEST

#define NAMELESS "{\"resourceType\":\"ServiceRequest\"}"
#define SECOND "{\"resourceType\":\"ServiceRequest\",\"id\":\"s2\"}"
#define SELECTIONS ",\"selections\":[\"ServiceRequest/s2\"]"
#define THREE ENTRY(ORDER) "," ENTRY(NAMELESS) "," ENTRY(SECOND)

START_TEST(tells_the_selected_from_the_others)
{
    static const char context[] =
        WHO ",\"draftOrders\":" BUNDLE(THREE) SELECTIONS;
    struct fhir_cds_request r = request_of("order-select", context, "");
    enum an_code code = AN_NOMEM;
    struct fhir_cds_context c;
    struct an_mark mark = an_arena_mark(&arena);
    long n = 0;

    for (; code == AN_NOMEM && n < 100; n++) {
        an_arena_rewind(&arena, mark);
        arena.fail_after = n;
        code = fhir_cds_context(&arena, &r, FHIR_CDS_ORDER_SELECT, &c, NULL);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(n, 4);
    ck_assert_uint_eq(c.n_orders, 3);
    ck_assert(!c.order[0].selected && !c.order[1].selected);
    ck_assert(c.order[2].selected);
    ck_assert_an_str_eq(c.order[0].resource, "ServiceRequest/s1");
    ck_assert_uint_eq(c.order[1].resource.n, 0);
    ck_assert_uint_eq(c.order[0].n_codes, 2);
    ck_assert_an_str_eq(c.order[0].code[0].display, "One");
    ck_assert_an_str_eq(c.order[0].code[1].system, "urn:b");
}
END_TEST

START_TEST(reads_so_many_drafts_and_no_more)
{
    static char context[1 << 14];
    struct fhir_cds_context c;
    struct fhir_cds_request r;
    struct an_err err;
    int n = snprintf(context, sizeof(context),
                     WHO ",\"draftOrders\":{\"resourceType\":\"Bundle\","
                         "\"entry\":[");

    for (int i = 0; i <= FHIR_CDS_MAX_ORDERS; i++)
        n += snprintf(context + n, sizeof(context) - (size_t)n,
                      "%s{\"resource\":{\"resourceType\":\"ServiceRequest\"}}",
                      i ? "," : "");
    (void)snprintf(context + n, sizeof(context) - (size_t)n, "]}");
    r = request_of("order-sign", context, "");
    ck_assert_int_eq(
        fhir_cds_context(&arena, &r, FHIR_CDS_ORDER_SIGN, &c, &err), AN_LIMIT);
    ck_assert_str_eq(err.where.path, "context.draftOrders");
}
END_TEST

/* ---- about whom -------------------------------------------------------------------- */

#define SERVER ",\"fhirServer\":\"https://e/fhir\""
#define PREFETCH(key, value) ",\"prefetch\":{\"" key "\":" value "}"
#define PATIENT(id)                                                            \
    "{\"resourceType\":\"Patient\",\"id\":\"" id                               \
    "\",\"identifier\":[{\"system\":\"urn:s\",\"value\":\"7\"}]}"
#define OF(key, reference)                                                     \
    "{\"resourceType\":\"Observation\",\"" key "\":" reference "}"
#define REF(url) "{\"reference\":\"" url "\"}"
#define NUMBER(value)                                                          \
    "{\"identifier\":{\"system\":\"urn:s\",\"value\":\"" value "\"}}"
#define LABS(entry) PREFETCH("laboratory", BUNDLE(entry))
#define WITH_PATIENT(entry)                                                    \
    ",\"prefetch\":{\"patient\":" PATIENT("p1") ",\"laboratory\":" BUNDLE(     \
        entry) "}"

static const struct {
    const char *more;
    const char *path; /* NULL: it is all about p1 */
} about[] = {
    {"", NULL},
    {PREFETCH("patient", "null"), NULL},
    {PREFETCH("patient", PATIENT("p1")), NULL},
    {PREFETCH("patient", PATIENT("p2")), "prefetch.patient.id"},
    {PREFETCH("Zyx", PATIENT("p2")), "prefetch.?.id"},
    {PREFETCH("patient", "{\"resourceType\":\"Patient\"}"),
     "prefetch.patient.id"},
    {PREFETCH("patient", BUNDLE(ENTRY(PATIENT("p1")))), NULL},
    {PREFETCH("patient", BUNDLE(ENTRY(PATIENT("p1")) "," ENTRY(PATIENT("p2")))),
     "prefetch.patient.entry[1].resource.id"},
    {LABS(ENTRY(OF("subject", REF("Patient/p1")))), NULL},
    {LABS(ENTRY(OF("subject", REF("Patient/p1/_history/3")))), NULL},
    {LABS(ENTRY(OF("subject", REF("https://any/fhir/Patient/p1")))), NULL},
    {LABS(ENTRY(OF("subject", REF("Patient/p2")))),
     "prefetch.laboratory.entry[0].resource.subject"},
    {LABS(ENTRY(OF("patient", REF("Patient/p2")))),
     "prefetch.laboratory.entry[0].resource.patient"},
    {LABS(ENTRY(OF("for", REF("Patient/p2")))),
     "prefetch.laboratory.entry[0].resource.for"},
    {LABS(ENTRY(OF("beneficiary", REF("Patient/p2")))),
     "prefetch.laboratory.entry[0].resource.beneficiary"},
    {LABS(ENTRY(OF("individual", REF("Patient/p2")))),
     "prefetch.laboratory.entry[0].resource.individual"},
    {LABS(
         ENTRY(OF("subject", "[" REF("Patient/p1") "," REF("Patient/p2") "]"))),
     "prefetch.laboratory.entry[0].resource.subject"},
    {LABS(ENTRY(OF("subject", REF("Group/p2")))), NULL},
    {LABS(ENTRY(OF("subject", "{\"display\":\"x\"}"))), NULL},
    {LABS(ENTRY(OF("performer", "[" REF("Patient/p2") "]"))), NULL},
    {LABS("null,{},{\"resource\":7}"), NULL},
    {PREFETCH("laboratory", OF("subject", REF("Patient/p2"))),
     "prefetch.laboratory.subject"},
    /* Of which server. */
    {SERVER LABS(ENTRY(OF("subject", REF("https://e/fhir/Patient/p1")))), NULL},
    {SERVER LABS(ENTRY(OF("subject", REF("https://f/fhir/Patient/p1")))),
     "prefetch.laboratory.entry[0].resource.subject"},
    {SERVER LABS("{\"fullUrl\":\"https://f/fhir/Observation/"
                 "o\",\"resource\":" OF("subject", REF("Patient/p1")) "}"),
     "prefetch.laboratory.entry[0].resource.subject"},
    {SERVER LABS("{\"fullUrl\":\"https://e/fhir/Observation/"
                 "o\",\"resource\":" OF("subject", REF("Patient/p1")) "}"),
     NULL},
    {SERVER LABS(
         "{\"fullUrl\":\"https://f/fhir/Patient/p1\",\"resource\":" PATIENT(
             "p1") "}"),
     "prefetch.laboratory.entry[0].resource.id"},
    /* By an entry of the same Bundle. */
    {LABS("{\"fullUrl\":\"urn:uuid:a\",\"resource\":" PATIENT("p1") "}," ENTRY(
         OF("subject", REF("urn:uuid:a")))),
     NULL},
    {LABS(ENTRY(OF("subject", REF("urn:uuid:b")))),
     "prefetch.laboratory.entry[0].resource.subject"},
    /* By an identifier, which the patient has or has not. */
    {WITH_PATIENT(ENTRY(OF("subject", NUMBER("7")))), NULL},
    {WITH_PATIENT(ENTRY(OF("subject", NUMBER("8")))),
     "prefetch.laboratory.entry[0].resource.subject"},
    {LABS(ENTRY(OF("subject", NUMBER("7")))),
     "prefetch.laboratory.entry[0].resource.subject"},
    {LABS(ENTRY(OF("subject", "{\"type\":\"Device\",\"identifier\":{\"value\":"
                              "\"7\"}}"))),
     NULL},
    {LABS(ENTRY(OF("subject", REF("Patient?identifier=8")))),
     "prefetch.laboratory.entry[0].resource.subject"},
    {WITH_PATIENT(ENTRY(
         "{\"resourceType\":\"Observation\",\"contained\":[{\"resourceType\":"
         "\"Patient\",\"id\":\"c\",\"identifier\":[{\"system\":\"urn:s\","
         "\"value\":\"7\"}]}],\"subject\":" REF("#c") "}")),
     NULL},
    {WITH_PATIENT(
         ENTRY("{\"resourceType\":\"Observation\",\"contained\":[{"
               "\"resourceType\":\"Patient\",\"id\":\"c\"}],\"subject\":" REF(
                   "#c") "}")),
     "prefetch.laboratory.entry[0].resource.subject"},
    {LABS(ENTRY("{\"resourceType\":\"Observation\",\"contained\":[{"
                "\"resourceType\":\"Device\",\"id\":\"c\"}],\"subject\":" REF(
                    "#c") "}")),
     NULL},
    /* Appointments have several participants. */
    {LABS(ENTRY(
         "{\"resourceType\":\"Appointment\",\"participant\":[{\"actor\":" REF(
             "Practitioner/1") "},{\"actor\":" REF("Patient/p2") "}]}")),
     "prefetch.laboratory.entry[0].resource.participant"},
    {LABS(ENTRY(
         "{\"resourceType\":\"Appointment\",\"participant\":[{\"actor\":" REF(
             "Patient/p2") "},{\"actor\":" REF("Patient/p1") "}]}")),
     NULL},
};

START_TEST(refuses_what_is_about_somebody_else)
{
    struct fhir_cds_request r = request_of("patient-view", WHO, about[_i].more);
    struct an_err err = {.code = AN_OK};
    enum an_code code = fhir_cds_about(&r, &err);

    ck_assert_msg(code == (about[_i].path ? AN_TYPE : AN_OK), "%s: %s",
                  about[_i].more, err.what ? err.what : "taken");
    if (about[_i].path)
        ck_assert_str_eq(err.where.path, about[_i].path);
}
END_TEST

START_TEST(refuses_drafts_of_somebody_else)
{
    struct fhir_cds_request r =
        request_of("order-sign",
                   WHO ",\"draftOrders\":" BUNDLE(ENTRY(ORDER) "," ENTRY(
                       "{\"resourceType\":\"ServiceRequest\",\"subject\":" REF(
                           "Patient/p2") "}")),
                   "");
    struct an_err err;

    ck_assert_int_eq(fhir_cds_about(&r, &err), AN_TYPE);
    ck_assert_str_eq(err.where.path,
                     "context.draftOrders.entry[1].resource.subject");
    r = request_of("appointment-book",
                   WHO ",\"appointments\":" BUNDLE(ENTRY(
                       "{\"resourceType\":\"Appointment\",\"participant\":[{"
                       "\"actor\":" REF("Patient/p2") "}]}")),
                   "");
    ck_assert_int_eq(fhir_cds_about(&r, &err), AN_TYPE);
    ck_assert_str_eq(err.where.path,
                     "context.appointments.entry[0].resource.participant");
}
END_TEST

/* ---- what is missing ------------------------------------------------- */

START_TEST(tells_whether_all_was_sent)
{
    struct fhir_cds_request r = request_of(
        "patient-view", WHO,
        ",\"prefetch\":{\"a\":null,\"b\":{\"resourceType\":\"Bundle\",\"link\":"
        "[{\"relation\":\"self\"}]}}");

    ck_assert(!fhir_cds_is_partial(&r));
    r = request_of("patient-view", WHO,
                   ",\"prefetch\":{\"a\":null,\"b\":{\"resourceType\":"
                   "\"Bundle\",\"link\":[{\"relation\":\"next\"}]}}");
    ck_assert(fhir_cds_is_partial(&r));
    r = request_of("patient-view", WHO, "");
    ck_assert(!fhir_cds_is_partial(&r));
    r = request_of("patient-view", WHO,
                   ",\"prefetch\":{\"a\":{\"resourceType\":\"Bundle\"},"
                   "\"b\":{\"resourceType\":\"OperationOutcome\"}}");
    ck_assert(fhir_cds_is_partial(&r));
    r = request_of("patient-view", WHO, ",\"prefetch\":{\"a\":[]}");
    ck_assert(fhir_cds_is_partial(&r));
}
END_TEST

#define LOOP(tc, test, table)                                                  \
    tcase_add_loop_test(tc, test, 0, sizeof(table) / sizeof((table)[0]))

Suite *fhir_cds_context_suite(void)
{
    const TTest *const test[] = {
        knows_the_hooks_by_name, tells_the_selected_from_the_others,
        reads_so_many_drafts_and_no_more, refuses_drafts_of_somebody_else,
        tells_whether_all_was_sent};
    Suite *s = suite_create("fhir/cds context");
    TCase *tc = tcase_create("fhir/cds context");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    for (size_t i = 0; i < sizeof(test) / sizeof(test[0]); i++)
        tcase_add_test(tc, test[i]);
    LOOP(tc, takes_what_a_hook_must_have, good);
    LOOP(tc, says_what_a_hook_lacks_and_where, bad);
    LOOP(tc, reads_what_is_ordered, drafts);
    LOOP(tc, refuses_what_is_about_somebody_else, about);
    suite_add_tcase(s, tc);
    return s;
}

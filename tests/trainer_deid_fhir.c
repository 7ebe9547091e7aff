/* SPDX-License-Identifier: Apache-2.0 */
/* FHIR documents, de-identified. */
#include "base/buf.h"
#include "base/json.h"
#include "base/random.h"
#include "tests/deid_help.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *trainer_deid_fhir_suite(void);

#define SCT "{\"system\":\"http://snomed.info/sct\",\"code\":\"44054006\"}"

/* A record with something of all 18 kinds of identifiers. */
#define PATIENT                                                                \
    "{\"resourceType\":\"Patient\",\"id\":\"mrn-4711\",\"meta\":{\"source\":"  \
    "\"http://zqhost\",\"versionId\":\"zq1\"},\"text\":{\"status\":"           \
    "\"generated\",\"div\":\"<div>Zqanna</div>\"},\"identifier\":[{"           \
    "\"system\":\"http://hl7.org/fhir/sid/us-ssn\",\"value\":\"078-05-1123\"}" \
    "],\"active\":true,\"name\":[{\"family\":\"Zqsmith\",\"given\":["          \
    "\"Zqanna\"]}],\"telecom\":[{\"value\":\"555-867-5309\"},{\"value\":"      \
    "\"zq@example.org\"}],\"gender\":\"female\",\"birthDate\":\"1950-03-17\"," \
    "\"_birthDate\":{\"extension\":[{\"url\":\"http://x\",\"valueDateTime\":"  \
    "\"1950-03-17T04:05:06Z\"}]},\"deceasedDateTime\":"                        \
    "\"2014-11-03T10:11:12Z\",\"address\":[{\"line\":[\"1 Zq Street\"],"       \
    "\"city\":\"Zqtown\",\"district\":\"Zqcounty\",\"state\":"                 \
    "\"Massachusetts\",\"postalCode\":\"02138\",\"country\":\"US\"}],"         \
    "\"photo\":[{\"data\":\"enFwaG90bw==\"}],\"contact\":[{\"name\":{"         \
    "\"text\":\"Zqmother\"}}],\"link\":[{\"other\":{\"reference\":"            \
    "\"Patient/zq9\"}}],\"extension\":[{\"url\":\"http://hl7.org/fhir/us/"     \
    "core/StructureDefinition/us-core-race\",\"extension\":[{\"url\":"         \
    "\"ombCategory\",\"valueCoding\":{\"system\":\"urn:oid:2.16.840.1.113883." \
    "6.238\",\"code\":\"2106-3\",\"display\":\"Zqwhite\"}},{\"url\":\"text\"," \
    "\"valueString\":\"Zqwhite\"}]},{\"url\":\"http://zq/mothers-name\","      \
    "\"valueString\":\"Zqmother\"}]}"

START_TEST(of_a_patient_only_what_has_a_row_stays)
{
    const char *out = deid_json(PATIENT);

    ck_assert_str_eq(
        strstr(out, "\"gender\""),
        "\"gender\":\"female\",\"birthDate\":\"1950\",\"deceasedDateTime\":"
        "\"2014\",\"address\":[{\"state\":\"MA\",\"postalCode\":\"021\","
        "\"country\":\"US\"}],\"extension\":[{\"url\":\"http://hl7.org/fhir/"
        "us/core/StructureDefinition/us-core-race\",\"extension\":[{\"url\":"
        "\"ombCategory\",\"valueCoding\":{\"system\":\"urn:oid:2.16.840.1."
        "113883.6.238\",\"code\":\"2106-3\"}}]}]}");
    deid_lacks(out, "4711");
    deid_lacks(out, "zq");
    deid_lacks(out, "Zq");
    deid_begin(TR_DEID_DATE_SHIFT);
    out = deid_json(PATIENT);
    deid_lacks(out, "2014-11-03");
    deid_lacks(out, "1950-");
    deid_lacks(out, "4711");
    deid_lacks(out, "zq");
    deid_lacks(out, "Zq");
}
END_TEST

#define MIN "\"system\":\"http://unitsofmeasure.org\",\"code\":\"min\""
#define AGE "{\"system\":\"http://loinc.org\",\"code\":\"30525-0\"}"

/* What becomes of elements of an Observation of Patient/p. */
static const char *of(const char *members)
{
    char text[1024];

    snprintf(text, sizeof(text),
             "{\"resourceType\":\"Observation\",\"subject\":{\"reference\":"
             "\"Patient/p\",\"display\":\"Zq\"},%s}",
             members);
    text[sizeof(text) - 1] = '\0';
    return strstr(deid_json(text), "\"},") ? strstr(deid_json(text), "\"},") + 3
                                           : "}";
}

START_TEST(an_element_keeps_what_its_method_vouches_for)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"\"status\":\"final\"", "\"status\":\"final\"}"},
        {"\"status\":\"Zqsmith\"", "}"},
        {"\"code\":{\"coding\":[" SCT ",{\"system\":\"http://zq\",\"code\":"
         "\"1\"}],\"text\":\"Zq\"}",
         "\"code\":{\"coding\":[" SCT "]}}"},
        {"\"code\":{\"text\":\"Zq\"}", "}"},
        {"\"valueString\":\"Zq\"", "}"},
        {"\"note\":[{\"text\":\"Zq\"}]", "}"},
        {"\"performer\":[{\"reference\":\"Practitioner/1\"}]", "}"},
        {"\"valueQuantity\":{\"value\":7.010,\"comparator\":\"<\",\"unit\":"
         "\"milligrams\",\"system\":\"http://unitsofmeasure.org\",\"code\":"
         "\"mg/dL\"}",
         "\"valueQuantity\":{\"value\":7.010,\"comparator\":\"<\",\"unit\":"
         "\"mg/dL\",\"system\":\"http://unitsofmeasure.org\",\"code\":"
         "\"mg/dL\"}}"},
        {"\"valueQuantity\":{\"value\":7,\"unit\":\"Zqunit\"}", "}"},
        {"\"valueQuantity\":{\"value\":97,\"code\":\"a\",\"system\":"
         "\"http://unitsofmeasure.org\"}",
         "\"valueQuantity\":{\"value\":90,\"unit\":\"a\",\"system\":"
         "\"http://unitsofmeasure.org\",\"code\":\"a\"}}"},
        {"\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
         "\"30525-0\"}]},\"valueInteger\":97",
         "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
         "\"30525-0\"}]},\"valueInteger\":90}"},
        {"\"valueInteger\":1957", "\"valueInteger\":1957}"},
        {"\"valueInteger\":94110", "}"},
        {"\"valueQuantity\":{\"value\":19570312," MIN "}", "}"},
        {"\"valueQuantity\":{\"value\":5.558675309e9," MIN "}", "}"},
        {"\"valueQuantity\":{\"value\":49966200," MIN "}",
         "\"valueQuantity\":{\"value\":47336400,\"unit\":\"min\",\"system\":"
         "\"http://unitsofmeasure.org\",\"code\":\"min\"}}"},
        {"\"component\":[{\"code\":{\"coding\":[" AGE "]},"
         "\"valueInteger\":97},{\"valueInteger\":97}]",
         "\"component\":[{\"code\":{\"coding\":[" AGE "]},"
         "\"valueInteger\":90},{\"valueInteger\":97}]}"},
        {"\"code\":{\"coding\":[" AGE "]},\"valueQuantity\":{"
         "\"value\":97,\"system\":\"http://unitsofmeasure.org\","
         "\"code\":\"{score}\"}",
         "\"code\":{\"coding\":[" AGE "]}}"},
        {"\"valueInteger\":780511234", "}"},
        {"\"valueBoolean\":true", "\"valueBoolean\":true}"},
        {"\"valueBoolean\":\"Zq\"", "}"},
        {"\"effectiveDateTime\":\"2014-05-06T07:08:09Z\"",
         "\"effectiveDateTime\":\"2014\"}"},
        {"\"effectivePeriod\":{\"start\":\"1920-05-06\",\"end\":\"2014\"}",
         "\"effectivePeriod\":{\"end\":\"2014\"}}"},
        {"\"issued\":\"2014-05-06T07:08:09Z\"", "}"},
        {"\"zq\":\"Zq\",\"extension\":[{\"url\":\"http://zq\"}]", "}"},
        {"\"component\":[{\"code\":{\"text\":\"Zq\"}}]", "}"},
        {"\"contained\":[{\"resourceType\":\"Zq\",\"id\":\"1\"}]", "}"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_str_eq(of(cases[i].in), cases[i].out);
}
END_TEST

START_TEST(an_age_without_a_unit_is_in_years)
{
    static const char condition[] =
        "{\"resourceType\":\"Condition\",\"onsetAge\":{\"value\":%s},"
        "\"abatementAge\":{\"value\":%s,\"unit\":\"mg\"}}";
    char text[256];

    snprintf(text, sizeof(text), condition, "97", "97");
    deid_has(deid_json(text), "\"onsetAge\":{\"value\":90}");
    deid_lacks(deid_json(text), "97");
    snprintf(text, sizeof(text), condition, "45", "45");
    deid_has(deid_json(text), "\"onsetAge\":{\"value\":45}");
    deid_lacks(deid_json(text), "abatement");
}
END_TEST

START_TEST(a_code_with_a_point_has_a_point)
{
    static const char order[] =
        "{\"resourceType\":\"MedicationRequest\",\"dosageInstruction\":[{"
        "\"timing\":{\"repeat\":{\"when\":[\"MORN.early\",\"EVEzlate\"]}}}]}";

    deid_has(deid_json(order), "\"when\":[\"MORN.early\"]");
}
END_TEST

START_TEST(a_birth_that_is_observed_is_a_year)
{
    static const char birth[] =
        "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
        "\"21112-8\"}]},\"effectiveDateTime\":\"2014-05-06\","
        "\"valueDateTime\":\"1957-06-12\"";

    deid_begin(TR_DEID_DATE_SHIFT);
    deid_has(of(birth), "\"valueDateTime\":\"1957\"");
    deid_has(of(birth), "\"effectiveDateTime\":\"2014-0");
}
END_TEST

START_TEST(a_reference_keeps_its_form_and_loses_server_and_version)
{
    static const struct {
        const char *in, *before;
    } cases[] = {
        {"#p1", "#"},
        {"Patient/034AB16", "Patient/"},
        {"http://example.org/fhir/Observation/apo89654/_history/2",
         "Observation/"},
        {"urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:"},
        {"urn:oid:1.2.3.4.5", "urn:oid:2.25."},
        {"034AB16", ""},
        {"ftp://example.org/Patient/1", ""},
        {"Zqtype/1", ""},
        {"Patient/AbcŴ", ""},
        {"Patient/1/2", ""},
        {"Patient?identifier=zq", ""},
        {"urn:uuid:zq", ""},
    };
    char text[256], want[128];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *out;

        snprintf(text, sizeof(text),
                 "{\"resourceType\":\"Observation\",\"basedOn\":{\"reference\":"
                 "\"%s\",\"display\":\"Zq\",\"identifier\":{\"value\":\"Zq\"}}"
                 "}",
                 cases[i].in);
        out = deid_json(text);
        snprintf(want, sizeof(want), "{\"reference\":\"%s", cases[i].before);
        if (cases[i].before[0])
            deid_has(out, want);
        else
            deid_lacks(out, "reference");
        deid_lacks(out, "Zq");
        deid_lacks(out, cases[i].in);
    }
}
END_TEST

#define ENTRY(url, resource)                                                   \
    "{\"fullUrl\":\"" url "\",\"resource\":" resource                          \
    ",\"request\":{\"method\":\"POST\",\"url\":\"Patient?identifier=zq\"}}"
#define UUID "urn:uuid:c757873d-ec9a-4326-a141-556f4323952"

#define DEAD_PATIENT                                                           \
    ENTRY(UUID "0", "{\"resourceType\":\"Patient\",\"id\":\"p7\","             \
                    "\"birthDate\":\"1950-06-15\",\"deceasedDateTime\":"       \
                    "\"2014-06-15\"}")
#define CONDITION                                                              \
    ENTRY("http://zq/fhir/Condition/c1",                                       \
          "{\"resourceType\":\"Condition\",\"id\":\"c1\",\"subject\":{"        \
          "\"reference\":\"" UUID "0\"},\"onsetDateTime\":\"2014-06-15\"}")
#define ACCOUNT                                                                \
    ENTRY(UUID "1", "{\"resourceType\":\"Account\",\"name\":\"Zq\"}")

static const char *text_at(const struct an_json *root, const char *const *path,
                           char copy[80])
{
    struct an_str text;

    for (; *path; path++)
        root = (*path)[0] >= '0' && (*path)[0] <= '9'
                   ? an_json_at(root, (size_t)((*path)[0] - '0'))
                   : an_json_get(root, an_str_c(*path));
    text = an_json_text(root);
    snprintf(copy, 80, "%.*s", AN_STR_ARG(text));
    return copy;
}

#define AT(root, ...)                                                          \
    text_at(root, (const char *const[]){__VA_ARGS__, NULL}, (char[80]){""})

START_TEST(a_bundle_stays_connected_and_moves_as_one)
{
    static const char bundle[] =
        "{\"resourceType\":\"Bundle\",\"id\":\"zq\",\"type\":\"transaction\","
        "\"link\":[{\"url\":\"http://zq\"}],\"entry\":[" DEAD_PATIENT
        "," CONDITION "," ACCOUNT "]}";
    const struct an_json *root;

    deid_begin(TR_DEID_DATE_SHIFT);
    ck_assert_int_eq(an_json_read(&deid_arena, &(struct an_json_limits){0},
                                  an_str_c(deid_json(bundle)), &root, NULL),
                     AN_OK);
    ck_assert_str_eq(AT(root, "type"), "collection");
    ck_assert_str_ne(AT(root, "entry", "1", "fullUrl"), "");
    ck_assert_str_eq(AT(root, "entry", "2", "fullUrl"), "");
    ck_assert_str_eq(
        AT(root, "entry", "0", "fullUrl"),
        AT(root, "entry", "1", "resource", "subject", "reference"));
    ck_assert_str_eq(AT(root, "entry", "0", "resource", "deceasedDateTime"),
                     AT(root, "entry", "1", "resource", "onsetDateTime"));
    ck_assert_str_ne(AT(root, "entry", "1", "resource", "onsetDateTime"), "");
    deid_lacks(deid_json(bundle), "zq");
    deid_lacks(deid_json(bundle), "request");
}
END_TEST

/* The text behind `key`, up to the next quote. */
static const char *behind(const char *document, const char *key)
{
    static char text[4][64];
    static unsigned turn;
    const char *at = strstr(document, key);
    char *to = text[turn++ % 4];

    at = at ? at + strlen(key) : "";
    snprintf(to, sizeof(text[0]), "%.*s", (int)strcspn(at, "\""), at);
    return to;
}

START_TEST(a_uuid_is_the_same_in_either_case)
{
    static const char patient[] =
        "{\"resourceType\":\"Patient\",\"id\":"
        "\"C757873D-EC9A-4326-A141-556F43239520\",\"deceasedDateTime\":"
        "\"2014-02-03\"}";
    static const char visit[] =
        "{\"resourceType\":\"Encounter\",\"subject\":{\"reference\":\"%s"
        "c757873d-ec9a-4326-a141-556f43239520\"},\"period\":{\"start\":"
        "\"2014-02-03\"}}";
    static const char *const before[] = {"Patient/", "urn:uuid:"};

    deid_begin(TR_DEID_DATE_SHIFT);
    for (size_t i = 0; i < 2; i++) {
        const char *id = behind(deid_json(patient), "\"id\":\""),
                   *day = behind(deid_json(patient), "DateTime\":\"");
        char text[256], key[64];

        snprintf(text, sizeof(text), visit, before[i]);
        snprintf(key, sizeof(key), "\"reference\":\"%s", before[i]);
        ck_assert_str_eq(behind(deid_json(text), key), id);
        ck_assert_str_eq(behind(deid_json(text), "\"start\":\""), day);
    }
}
END_TEST

START_TEST(what_a_contained_patient_is_called_names_nobody)
{
    static const char result[] =
        "{\"resourceType\":\"Observation\",\"contained\":[{\"resourceType\":"
        "\"Patient\",\"id\":\"p1\",\"gender\":\"male\",\"birthDate\":"
        "\"1970-02-01\"}],\"subject\":{\"reference\":\"%s\"},"
        "\"effectiveDateTime\":\"2014-02-03\"}";
    struct tr_deid_alike alike;
    char text[512];

    deid_begin(TR_DEID_DATE_SHIFT);
    snprintf(text, sizeof(text), result, "#p1");
    deid_lacks(deid_json(text), "effectiveDateTime");
    deid_lacks(deid_json(text), "birthDate");
    deid_has(deid_json(text), "\"gender\":\"male\"");
    snprintf(text, sizeof(text), result, "Patient/4711");
    deid_has(deid_json(text), "effectiveDateTime");
    tr_deid_people_alike(&deid.people, &alike);
    ck_assert_uint_eq(alike.n_people, 0);
}
END_TEST

START_TEST(what_moves_without_a_patient_is_dropped)
{
    static const char *const whose[] = {
        "", "\"subject\":{\"display\":\"Zq\"},",
        "\"subject\":{\"reference\":\"Group/1\"},",
        "\"subject\":{\"reference\":\"Location/1\"},",
        "\"subject\":{\"identifier\":{\"value\":\"zq\"}},"};
    char text[256];

    deid_begin(TR_DEID_DATE_SHIFT);
    for (size_t i = 0; i < sizeof(whose) / sizeof(whose[0]); i++) {
        snprintf(text, sizeof(text),
                 "{\"resourceType\":\"Observation\",%s\"effectiveDateTime\":"
                 "\"2014-05-06\"}",
                 whose[i]);
        deid_lacks(deid_json(text), "2014");
    }
}
END_TEST

/* Intervals of one patient stay, in another document and under another key of
 * the subject, and what is contained moves with its container. */
START_TEST(intervals_of_a_patient_stay)
{
    const char *a, *b;

    deid_begin(TR_DEID_DATE_SHIFT);
    a = deid_json("{\"resourceType\":\"Procedure\",\"subject\":{\"reference\":"
                  "\"http://h/fhir/Patient/p\"},\"performedDateTime\":"
                  "\"2014-05-06T07:08:09Z\"}");
    b = deid_json("{\"resourceType\":\"Immunization\",\"contained\":[{"
                  "\"resourceType\":\"Specimen\",\"id\":\"s\",\"receivedTime\":"
                  "\"2014-05-06T07:08:09Z\"}],\"patient\":{\"reference\":"
                  "\"Patient/p\"},\"occurrenceDateTime\":"
                  "\"2014-05-06T07:08:09Z\"}");
    a = strstr(a, "performedDateTime\":\"") + 20;
    ck_assert_int_eq(strncmp(a, strstr(b, "receivedTime\":\"") + 15, 20), 0);
    ck_assert_int_eq(strncmp(a, strstr(b, "occurrenceDateTime\":\"") + 21, 20),
                     0);
}
END_TEST

START_TEST(what_is_no_resource_is_refused_without_its_bytes)
{
    static const struct {
        const char *in;
        enum an_code code;
    } cases[] = {
        {"{\"resourceType\":\"Patient\",\"name\":Zqsmith}", AN_SYNTAX},
        {"{\"name\":\"Zqsmith\"}", AN_TYPE},
        {"[1]", AN_TYPE},
        {"", AN_SYNTAX},
    };
    char text[256];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct an_str out;
        struct an_err err;

        ck_assert_int_eq(
            tr_deid_fhir(&deid, &deid_arena, an_str_c(cases[i].in), &out, &err),
            cases[i].code);
        an_err_print(&err, text, sizeof(text));
        deid_lacks(text, "Zq");
    }
    ck_assert_str_eq(deid_json("{\"resourceType\":\"Zqtype\"}"), "");
}
END_TEST

START_TEST(out_of_memory_is_said_wherever_it_comes)
{
    for (long i = 0; i < 4000; i++) {
        struct an_arena small;
        struct an_str out;
        enum an_code code;

        an_arena_init(&small, 64 << 20);
        small.fail_after = i;
        code = tr_deid_fhir(&deid, &small, AN_STR(PATIENT), &out, NULL);
        an_arena_free(&small);
        if (code == AN_OK)
            return;
        ck_assert_int_eq(code, AN_NOMEM);
    }
    ck_abort_msg("it never had enough");
}
END_TEST

/* ---- canaries ------------------------------------------------------------ */

static uint64_t drawn, key;

static uint64_t below(uint64_t n)
{
    return an_random(key, drawn++) % n;
}

/* Texts that no rule may let pass, and values that some do.  A word that a code
 * system of words might have stands nowhere as a code. */
static void value(struct an_buf *b, bool is_code)
{
    static const char *const texts[] = {
        "\"Canary Zq7\"",
        "\"canary-zq 1950-03-17\"",
        "\"http://canary/Patient/zq?x=canary\"",
        "\"2014-05-06 canary\"",
        "123456789012",
        "\"2014-05-06T07:08:09Z\"",
        "true",
        "\"http://snomed.info/sct\"",
        "\"canary\"",
        "\"canaryzq\"",
        "\"Canary\"",
    };

    an_buf_put_c(b, texts[below(is_code ? 8 : 11)]);
}

static void object(struct an_buf *b, const char *as, int depth);

static void any(struct an_buf *b, int depth, bool is_code)
{
    switch (depth > 0 ? below(6) : 5) {
    case 0: object(b, "", depth - 1); return;
    case 1:
        an_buf_put_char(b, '[');
        any(b, depth - 1, is_code);
        an_buf_put_char(b, ',');
        any(b, depth - 1, is_code);
        an_buf_put_char(b, ']');
        return;
    default: value(b, is_code);
    }
}

static void listed(struct an_buf *b, const struct tr_deid_row *row,
                   const char *name, int depth)
{
    bool array = below(3) == 0;

    an_buf_put_c(b, ",\"");
    an_buf_put_c(b, name);
    an_buf_put_c(b, array ? "\":[" : "\":");
    if (row->as[0] != '-' && below(8))
        object(b, row->as, depth - 1);
    else
        any(b, 2, strcmp(name, "code") == 0);
    an_buf_put_c(b, array ? "]" : "");
}

/* Some members that have rows, and some that nobody ever heard of. */
static void object(struct an_buf *b, const char *as, int depth)
{
    size_t n, prefix = strlen(as);
    const struct tr_deid_row *row = tr_deid_rows(TR_DEID_FHIR, &n);

    an_buf_put_c(b, "{\"canary\":");
    value(b, false);
    for (size_t i = 0; i < n && depth > 0 && prefix; i++) {
        const char *name = row[i].path + prefix + 1;

        if (strncmp(row[i].path, as, prefix) == 0 &&
            row[i].path[prefix] == '.' && !strchr(name, '.') && below(2))
            listed(b, &row[i], name, depth);
    }
    an_buf_put_c(b, ",\"system\":\"http://snomed.info/sct\",\"code\":");
    value(b, true);
    an_buf_put_c(b, ",\"display\":\"canary\",\"text\":\"canary\","
                    "\"reference\":\"Patient/canary\",\"_x\":");
    any(b, depth, false);
    an_buf_put_char(b, '}');
}

/* A member twice is refused: what is added to all may be listed, too. */
static bool tidy(const char *text)
{
    const struct an_json *root;

    return an_json_read(&deid_arena, &(struct an_json_limits){0},
                        an_str_c(text), &root, NULL) == AN_OK;
}

START_TEST(no_canary_comes_through)
{
    static const char *const types[] = {
        "Patient", "Observation",       "Encounter",    "Condition",
        "Consent", "MedicationRequest", "ImagingStudy", "DocumentReference"};
    size_t n_read = 0;

    for (int i = 0; i < 4000; i++) {
        const char *type = types[i % 8], *out;
        struct an_str text;
        struct an_buf b;
        size_t at;

        an_arena_reset(&deid_arena);
        if (i == 2000)
            deid_begin(TR_DEID_DATE_SHIFT);
        key = (uint64_t)i;
        drawn = 0;
        an_buf_init(&b, &deid_arena, 8 << 20);
        an_buf_put_c(&b, "{\"resourceType\":\"");
        an_buf_put_c(&b, type);
        an_buf_put_c(&b, "\",");
        at = b.n;
        object(&b, type, 4);
        b.p[at] = ' '; /* its brace stands before resourceType */
        ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
        if (!tidy(text.p))
            continue;
        n_read++;
        out = deid_json(text.p);
        deid_lacks(out, "anary");
        deid_lacks(out, "zq");
        deid_lacks(out, "1234567");
        if (deid.profile == TR_DEID_SAFE_HARBOR)
            deid_lacks(out, "2014-");
    }
    ck_assert_uint_gt(n_read, 500);
}
END_TEST

Suite *trainer_deid_fhir_suite(void)
{
    const TTest *const list[] = {
        of_a_patient_only_what_has_a_row_stays,
        an_element_keeps_what_its_method_vouches_for,
        an_age_without_a_unit_is_in_years,
        a_code_with_a_point_has_a_point,
        a_birth_that_is_observed_is_a_year,
        a_reference_keeps_its_form_and_loses_server_and_version,
        a_bundle_stays_connected_and_moves_as_one,
        a_uuid_is_the_same_in_either_case,
        what_a_contained_patient_is_called_names_nobody,
        what_moves_without_a_patient_is_dropped,
        intervals_of_a_patient_stay,
        what_is_no_resource_is_refused_without_its_bytes,
        out_of_memory_is_said_wherever_it_comes,
        no_canary_comes_through,
    };

    return test_suite_around("trainer/deid/fhir", list,
                             sizeof(list) / sizeof(list[0]), deid_set_up,
                             deid_tear_down);
}

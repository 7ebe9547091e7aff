/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/read.h"

#include "context/dump.h"
#include "fhir/ndjson.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *fhir_read_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 16 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

/* ---- errors ------------------------------------------------------------- */

START_TEST(refuses_what_is_no_resource)
{
    static const struct {
        const char *json;
        enum an_code code;
        const char *path;
    } cases[] = {
        {"", AN_SYNTAX, ""},
        {"[]", AN_TYPE, ""},
        {"{}", AN_TYPE, "resourceType"},
        {"{\"resourceType\":1}", AN_TYPE, "resourceType"},
        {"{\"resourceType\":\"Observable\"}", AN_UNSUPPORTED, "resourceType"},
        {"{\"resourceType\":\"Patient\",\"Ida Invented\":{\"x\":1,}}",
         AN_SYNTAX, "?"},
        {"{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"a\":[[[[1]]"
         "]]}}]}",
         AN_LIMIT, "entry[0].resource.?[0][0][0]"},
    };
    const struct fhir_settings settings = {.max_depth = 7};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ctx_reading reading;
        struct an_err err;

        ck_assert_msg(fhir_read(&arena, &settings, an_str_c(cases[i].json),
                                &reading, &err) == cases[i].code,
                      "%s", cases[i].json);
        ck_assert_str_eq(err.where.path, cases[i].path);
        ck_assert_uint_eq(reading.n_parts + reading.n_claims, 0);
    }
}
END_TEST

START_TEST(takes_an_empty_bundle)
{
    static const char *const cases[] = {
        "{\"resourceType\":\"Bundle\"}",
        "{\"resourceType\":\"Bundle\",\"entry\":[]}",
        "{\"resourceType\":\"Bundle\",\"entry\":{}}",
        "{\"resourceType\":\"Bundle\",\"entry\":[{}]}"};
    static const struct fhir_settings settings;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ctx_reading reading;

        ck_assert_int_eq(
            fhir_read(&arena, &settings, an_str_c(cases[i]), &reading, NULL),
            AN_OK);
        ck_assert_uint_eq(reading.n_parts + reading.n_claims, 0);
    }
}
END_TEST

/* ---- whose, and which version -------------------------------------------- */

static const struct fhir_authority systems[] = {
    {AN_STR_INIT("urn:oid:1.2.3"), AN_STR_INIT("GENERAL")}};

static const struct fhir_settings site = {
    .server = AN_STR_INIT("urn:id:ehr:"),
    .base = AN_STR_INIT("https://ehr.example/fhir/"),
    .authority = AN_STR_INIT("HOSPITAL"),
    .system = systems,
    .n_systems = 1,
};

START_TEST(files_under_the_right_patient_and_fact)
{
    static const struct {
        const char *id, *subject, *authority, *value, *fact;
    } cases[] = {
        {"\"id\":\"a\"", "{\"reference\":\"Patient/1\"}", "urn:id:ehr:Patient",
         "1", "urn:id:ehr:Observation/a"},
        {"\"id\":\"a\"",
         "{\"reference\":\"https://ehr.example/fhir/Patient/1\"}",
         "urn:id:ehr:Patient", "1", "urn:id:ehr:Observation/a"},
        {"\"id\":\"a\"",
         "{\"reference\":\"https://else.example/r4/Patient/1\"}",
         "https://else.example/r4/Patient", "1", "urn:id:ehr:Observation/a"},
        {"\"id\":\"a\"",
         "{\"reference\":\"urn:uuid:33333333-0000-4000-8000-000000000001\"}",
         "urn:uuid:Patient", "33333333-0000-4000-8000-000000000001",
         "urn:id:ehr:Observation/a"},
        {"\"id\":\"a\"",
         "{\"identifier\":{\"system\":\"urn:oid:1.2.3\",\"value\":\"9\"}}",
         "GENERAL", "9", "urn:id:ehr:Observation/a"},
        {"\"id\":\"a\"", "{\"identifier\":{\"value\":\"9\"}}", "HOSPITAL", "9",
         "urn:id:ehr:Observation/a"},
        {"\"id\":\"a\"",
         "{\"reference\":\"Patient?identifier=urn:oid:1.2.3%7C9\"}", "GENERAL",
         "9", "urn:id:ehr:Observation/a"},
        {"\"identifier\":[{\"system\":\"urn:x\",\"value\":\"f|1\"}]",
         "{\"reference\":\"Patient/1\"}", "urn:id:ehr:Patient", "1",
         "Observation?identifier=urn:x|f|1"},
    };
    char json[1024];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ctx_reading reading;

        (void)snprintf(json, sizeof(json),
                       "{\"resourceType\":\"Observation\",%s,\"status\":"
                       "\"final\",\"code\":{\"text\":\"x\"},\"subject\":%s}",
                       cases[i].id, cases[i].subject);
        ck_assert_int_eq(
            fhir_read(&arena, &site, an_str_c(json), &reading, NULL), AN_OK);
        ck_assert_msg(reading.n_parts == 1, "%s", json);
        ck_assert_an_str_eq(reading.part[0].patient.authority,
                            cases[i].authority);
        ck_assert_an_str_eq(reading.part[0].patient.value, cases[i].value);
        ck_assert_an_str_eq(reading.part[0].event[0].fact, cases[i].fact);
    }
}
END_TEST

START_TEST(names_nobody_when_nobody_is_named)
{
    static const char *const cases[] = {
        "{}",
        "{\"display\":\"Ida\"}",
        "{\"reference\":\"#gone\"}",
        "{\"reference\":\"Group/1\"}",
        "{\"reference\":\"Patient/\"}",
        "{\"reference\":\"Patient\"}",
        "{\"reference\":\"urn:uuid:\"}",
        "{\"reference\":\"Patient?name=x\"}",
        "{\"reference\":\"Patient?identifier=novalue\"}",
        "[]",
        "\"Patient/1\""};
    char json[1024];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ctx_reading reading;

        (void)snprintf(json, sizeof(json),
                       "{\"resourceType\":\"Observation\",\"id\":\"1\","
                       "\"status\":\"final\",\"code\":{\"text\":\"x\"},"
                       "\"subject\":%s}",
                       cases[i]);
        ck_assert_int_eq(
            fhir_read(&arena, &site, an_str_c(json), &reading, NULL), AN_OK);
        ck_assert_msg(reading.n_parts == 0, "%s", cases[i]);
        ck_assert_uint_eq(reading.n_warnings, 1);
        ck_assert_str_eq(reading.warning[0].where.path, "Observation");
        ck_assert_uint_eq(reading.account[0].n_seen, 1);
        ck_assert_uint_eq(reading.account[0].n_used, 0);
    }
}
END_TEST

/* ---- properties --------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    const struct an_str *x = a, *y = b;

    return an_str_cmp(*x, *y);
}

/* The reading as sorted lines without their places. */
static struct an_str sorted_dump(const struct ctx_reading *reading)
{
    struct an_str line[256] = {{NULL, 0}}, text;
    struct an_buf b;
    size_t n = 0;

    an_buf_init(&b, &arena, 1 << 20);
    for (size_t i = 0; i < reading->n_parts; i++)
        for (size_t k = 0; k < reading->part[i].n_events; k++) {
            struct ctx_event e = reading->part[i].event[k];
            struct an_buf one;

            e.place = AN_STR("");
            an_buf_init(&one, &arena, 1 << 16);
            an_buf_put(&one, reading->part[i].patient.value);
            ctx_dump_event(&one, &e);
            ck_assert_uint_lt(n, 256);
            ck_assert_int_eq(an_buf_done(&one, &line[n++], NULL), AN_OK);
        }
    qsort(line, n, sizeof(line[0]), by_text);
    for (size_t i = 0; i < n; i++)
        an_buf_put(&b, line[i]);
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text;
}

START_TEST(order_of_entries_changes_nothing)
{
    static const char *const entry[] = {
        "{\"fullUrl\":\"urn:uuid:p\",\"resource\":{\"resourceType\":"
        "\"Patient\","
        "\"id\":\"p\",\"birthDate\":\"1950\",\"identifier\":[{\"system\":"
        "\"s\",\"value\":\"v\"}]}}",
        "{\"resource\":{\"resourceType\":\"Observation\",\"id\":\"1\","
        "\"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"urn:uuid:p\"},"
        "\"encounter\":{\"reference\":\"Encounter/e\"},\"valueInteger\":1}}",
        "{\"resource\":{\"resourceType\":\"Encounter\",\"id\":\"e\",\"status\":"
        "\"finished\",\"subject\":{\"reference\":\"Patient/p\"},\"period\":"
        "{\"start\":\"2020-01-01\",\"end\":\"2020-01-02\"}}}",
        "{\"resource\":{\"resourceType\":\"Medication\",\"id\":\"m\",\"code\":"
        "{\"text\":\"drug\"}}}",
        "{\"resource\":{\"resourceType\":\"MedicationRequest\",\"id\":\"r\","
        "\"medicationReference\":{\"reference\":\"Medication/m\"},\"subject\":"
        "{\"reference\":\"Patient/p\"}}}",
        "{\"resource\":{\"resourceType\":\"Condition\",\"id\":\"c\",\"code\":"
        "{\"text\":\"other\"},\"subject\":{\"reference\":\"Patient/q\"}}}",
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Condition/c\"}}"};
    enum { N = sizeof(entry) / sizeof(entry[0]) };
    static const struct fhir_settings settings;
    struct an_str first = {NULL, 0};
    unsigned seed = 1;

    for (int round = 0; round < 200; round++) {
        size_t order[N];
        struct ctx_reading reading;
        struct an_buf b;
        struct an_str json, got;

        for (size_t i = 0; i < N; i++)
            order[i] = i;
        for (size_t i = N - 1; round && i > 0; i--) {
            size_t k, swap = order[i];

            seed = seed * 1103515245 + 12345;
            k = (seed >> 16) % (i + 1);
            order[i] = order[k];
            order[k] = swap;
        }
        an_buf_init(&b, &arena, 1 << 16);
        an_buf_put_c(&b, "{\"resourceType\":\"Bundle\",\"entry\":[");
        for (size_t i = 0; i < N; i++) {
            an_buf_put_c(&b, i ? "," : "");
            an_buf_put_c(&b, entry[order[i]]);
        }
        an_buf_put_c(&b, "]}");
        ck_assert_int_eq(an_buf_done(&b, &json, NULL), AN_OK);
        ck_assert_int_eq(fhir_read(&arena, &settings, json, &reading, NULL),
                         AN_OK);
        got = sorted_dump(&reading);
        if (round == 0)
            first = got;
        ck_assert(an_str_eq(got, first));
    }
    ck_assert_uint_gt(first.n, 400);
}
END_TEST

/* ---- NDJSON ------------------------------------------------------------- */

START_TEST(gives_out_lines_as_they_become_complete)
{
    /* Fed in pieces of every size, the lines are the same. */
    static const char text[] = "\n{\"a\":1}\r\n\n  \n{\"b\":2}\n{\"c\":3}";
    static const char *const want[] = {"{\"a\":1}", "{\"b\":2}", "{\"c\":3}"};
    size_t n = strlen(text);

    for (size_t piece = 1; piece <= n; piece++) {
        struct fhir_ndjson lines = {.last = false};
        size_t start = 0, got = 0;
        struct an_str line;

        for (size_t end = piece; start < n; end += piece) {
            lines.last = end >= n;
            lines.rest =
                an_str_sub(an_str_c(text), start, (end < n ? end : n) - start);
            while (fhir_ndjson_next(&lines, &line)) {
                ck_assert_uint_lt(got, 3);
                ck_assert_an_str_eq(line, want[got++]);
            }
            start = lines.rest.n ? (size_t)(lines.rest.p - text)
                                 : (end < n ? end : n);
        }
        ck_assert_uint_eq(got, 3);
        ck_assert_uint_eq(lines.line, 6);
    }
}
END_TEST

Suite *fhir_read_suite(void)
{
    const TTest *const test[] = {refuses_what_is_no_resource,
                                 takes_an_empty_bundle,
                                 files_under_the_right_patient_and_fact,
                                 names_nobody_when_nobody_is_named,
                                 order_of_entries_changes_nothing,
                                 gives_out_lines_as_they_become_complete};
    Suite *s = suite_create("fhir/read");
    TCase *tc = tcase_create("fhir/read");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    for (size_t i = 0; i < sizeof(test) / sizeof(test[0]); i++)
        tcase_add_test(tc, test[i]);
    suite_add_tcase(s, tc);
    return s;
}

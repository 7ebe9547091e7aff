/* SPDX-License-Identifier: Apache-2.0 */
#include "context/identity.h"
#include "fhir/deletion.h"
#include "tests/suite.h"

Suite *fhir_deletion_suite(void);

static struct an_arena arena;
static const struct ctx_identifier patient = {
    AN_STR_INIT("urn:fhir:Patient"), AN_STR_INIT("p1"), AN_STR_INIT("")};

static void set_up(void)
{
    an_arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

START_TEST(those_of_a_bundle_are_read)
{
    static const char bytes[] =
        "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"timestamp\":"
        "\"2026-01-02T00:00:00Z\",\"entry\":["
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Observation/1\"}},"
        "{\"request\":{\"method\":\"PUT\",\"url\":\"Observation/2\"}},"
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Observation/a_b\"}},"
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Observation/..\"}},"
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Nonsense/1\"}},"
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"urn:x/Condition/1\"}},"
        "{\"request\":{\"method\":\"DELETE\",\"url\":"
        "\"https://h/fhir/Condition/c.1/_history/4\"},\"response\":{"
        "\"lastModified\":\"2026-01-01T08:00:00Z\"}}]}";
    struct fhir_deletion *d;
    size_t n;

    ck_assert_int_eq(fhir_deletions_read(&arena, an_str_c(bytes), &d, &n, NULL),
                     AN_OK);
    ck_assert_uint_eq(n, 2);
    ck_assert_an_str_eq(d[0].server, "");
    ck_assert_an_str_eq(d[0].type, "Observation");
    ck_assert_an_str_eq(d[0].id, "1");
    ck_assert_an_str_eq(d[0].at, "2026-01-02T00:00:00Z");
    ck_assert_an_str_eq(d[1].server, "https://h/fhir/");
    ck_assert_an_str_eq(d[1].id, "c.1");
    ck_assert_an_str_eq(d[1].at, "2026-01-01T08:00:00Z");
    ck_assert_int_eq(fhir_deletions_read(&arena, AN_STR("{"), &d, &n, NULL),
                     AN_SYNTAX);
    ck_assert_int_eq(fhir_deletions_read(&arena, AN_STR("{}"), &d, &n, NULL),
                     AN_OK);
    ck_assert_uint_eq(n, 0);
}
END_TEST

/* The fact that a reading of the resource gives. */
static struct an_str fact_of(const struct fhir_settings *s, const char *json)
{
    struct ctx_reading r;

    ck_assert_int_eq(fhir_read(&arena, s, an_str_c(json), &r, NULL), AN_OK);
    ck_assert_uint_eq(r.n_parts, 1);
    return r.part[0].event[0].fact;
}

START_TEST(its_fact_is_that_of_what_it_said)
{
    static const char json[] =
        "{\"resourceType\":\"Observation\",\"id\":\"1\",\"code\":{\"text\":"
        "\"x\"},\"valueInteger\":1,\"subject\":{\"reference\":\"Patient/p1\"}}";
    static const struct fhir_settings plain,
        named = {.server = AN_STR_INIT("s:"),
                 .base = AN_STR_INIT("https://h/fhir")};
    struct fhir_deletion d = {.type = AN_STR("Observation"), .id = AN_STR("1")};

    ck_assert(an_str_eq(fhir_deletion_fact(&arena, &plain, &d),
                        fact_of(&plain, json)));
    ck_assert(an_str_eq(fhir_deletion_fact(&arena, &named, &d),
                        fact_of(&named, json)));
    d.server = AN_STR("https://h/fhir/");
    ck_assert(an_str_eq(fhir_deletion_fact(&arena, &named, &d),
                        fact_of(&named, json)));
    ck_assert(!an_str_eq(fhir_deletion_fact(&arena, &plain, &d),
                         fact_of(&plain, json)));
    d.type = AN_STR("Patient");
    ck_assert_an_str_eq(fhir_deletion_fact(&arena, &plain, &d), "");
    d.type = AN_STR("Encounter");
    ck_assert_an_str_eq(fhir_deletion_fact(&arena, &plain, &d),
                        "https://h/fhir/Encounter/1");
    d.type = AN_STR("Consent");
    d.server = AN_STR("");
    ck_assert(an_str_eq(
        fhir_deletion_fact(&arena, &plain, &d),
        fact_of(&plain, "{\"resourceType\":\"Consent\",\"id\":\"1\",\"status\":"
                        "\"active\",\"patient\":{\"reference\":\"Patient/p1\"},"
                        "\"provision\":{\"type\":\"deny\"}}")));
}
END_TEST

static const struct fhir_settings plain_settings,
    named_settings = {.server = AN_STR_INIT("https://h/fhir/")},
    based_settings = {.base = AN_STR_INIT("https://h/fhir")},
    odd_settings = {.server = AN_STR_INIT("lab:"),
                    .base = AN_STR_INIT("https://g/fhir/")};

static bool says(const struct ctx_part *part, struct an_str fact)
{
    for (size_t i = 0; i < part->n_events; i++)
        if (an_str_eq(part->event[i].fact, fact))
            return true;
    return false;
}

/* There and back, whatever the server is called by now. */
START_TEST(what_is_written_of_a_fact_is_read_as_that_fact)
{
    static const struct {
        const struct fhir_settings *s;
        const char *fact, *server, *now; /* by another name */
    } cases[] = {
        {&plain_settings, "urn:fhir:Observation/1", "", NULL},
        {&plain_settings, "https://h/fhir/Observation/1", "https://h/fhir/",
         NULL},
        {&named_settings, "https://h/fhir/Observation/1", "", NULL},
        {&named_settings, "https://h/fhir/too/Consent/1", "https://h/fhir/too/",
         NULL},
        {&named_settings, "urn:fhir:Observation/1",
         "urn:anamnesis:server:urn:fhir:/", NULL},
        {&based_settings, "urn:fhir:Encounter/1", "", NULL},
        {&based_settings, "https://h/fhir/Encounter/1",
         "urn:anamnesis:server:https://h/fhir//", "urn:fhir:Encounter/1"},
        {&odd_settings, "lab:Observation/1", "", NULL},
        {&odd_settings, "https://g/fhir/Observation/1",
         "urn:anamnesis:server:https://g/fhir//", "lab:Observation/1"},
        {&plain_settings, "urn:anamnesis:server:x:/Observation/1",
         "urn:anamnesis:server:urn:anamnesis:server:x://", NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct an_str fact = an_str_c(cases[i].fact), json;
        struct fhir_deletion d[FHIR_FACT_NAMES];
        struct ctx_reading r;
        size_t n;

        ck_assert_int_eq(
            fhir_deletion_of_fact(&arena, cases[i].s, fact, d, &n, NULL),
            AN_OK);
        ck_assert_uint_eq(n, cases[i].now ? 2 : 1);
        ck_assert_an_str_eq(d[0].server, cases[i].server);
        ck_assert_an_str_eq(d[0].id, "1");
        for (size_t k = 0; k < n; k++)
            d[k].at = AN_STR("2026-01-01T08:00:00Z");
        ck_assert_int_eq(fhir_deletions_write(&arena, AN_STR(""), &patient, d,
                                              n, &json, NULL),
                         AN_OK);
        ck_assert_int_eq(fhir_read(&arena, cases[i].s, json, &r, NULL), AN_OK);
        ck_assert_uint_eq(r.n_warnings, 0);
        ck_assert_uint_eq(r.n_parts, 1);
        ck_assert_uint_eq(r.part[0].n_events, n);
        ck_assert(says(&r.part[0], fact));
        ck_assert(n == 1 || says(&r.part[0], an_str_c(cases[i].now)));
    }
}
END_TEST

START_TEST(what_no_server_names_is_no_deletion)
{
    static const char *const facts[] = {"birth|fhir/1",
                                        "",
                                        "Observation?identifier=a|b",
                                        "labObservation/1",
                                        "urn:fhir:Patient/1",
                                        "urn:fhir:Observation/",
                                        "urn:fhir:Observation"};

    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        struct fhir_deletion d[FHIR_FACT_NAMES];
        size_t n;

        ck_assert_int_eq(fhir_deletion_of_fact(&arena, &plain_settings,
                                               an_str_c(facts[i]), d, &n, NULL),
                         AN_UNSUPPORTED);
        ck_assert_uint_eq(n, 0);
    }
}
END_TEST

START_TEST(one_without_a_moment_is_of_the_version_before_it)
{
    static const char bytes[] =
        "{\"resourceType\":\"Bundle\",\"type\":\"history\","
        "\"timestamp\":\"2026-01-02T00:00:00Z\",\"entry\":["
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Observation/1\"}},"
        "{\"resource\":{\"resourceType\":\"Observation\",\"id\":\"1\","
        "\"meta\":{\"lastUpdated\":\"2020-03-01T09:00:00Z\"}},"
        "\"request\":{\"method\":\"PUT\",\"url\":\"Observation/1\"}},"
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Observation/2\"}},"
        "{\"resource\":{\"resourceType\":\"Observation\",\"id\":\"3\","
        "\"meta\":{\"lastUpdated\":\"2020-03-01T09:00:00Z\"}}}]}";
    struct fhir_deletion *list;
    size_t n;

    ck_assert_int_eq(
        fhir_deletions_read(&arena, an_str_c(bytes), &list, &n, NULL), AN_OK);
    ck_assert_uint_eq(n, 2);
    ck_assert_an_str_eq(list[0].at, "2020-03-01T09:00:00Z");
    ck_assert_an_str_eq(list[1].at, "");
}
END_TEST

/* The time of the answer is later than all that is in it. */
START_TEST(what_was_made_anew_after_a_deletion_stands)
{
#define VERSION(day, value)                                                    \
    "{\"resource\":{\"resourceType\":\"Observation\",\"id\":\"1\",\"meta\":{"  \
    "\"lastUpdated\":\"2020-03-0" day "T09:00:00Z\"},\"status\":\"final\","    \
    "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"         \
    "\"2160-0\"}]},\"subject\":{\"identifier\":{\"system\":\"H\",\"value\":"   \
    "\"1\"}},\"valueQuantity\":{\"value\":" value "}},\"request\":{"           \
    "\"method\":\"PUT\",\"url\":\"Observation/1\"}}"
    static const char bytes[] =
        "{\"resourceType\":\"Bundle\",\"type\":\"history\","
        "\"timestamp\":\"2026-01-02T00:00:00Z\",\"entry\":[" VERSION(
            "3", "3") ",{\"request\":{\"method\":\"DELETE\",\"url\":"
                      "\"Observation/1\"}}," VERSION("1", "1") "]}";
    static const struct fhir_settings settings;
    struct ctx_reading r;
    size_t n = 0;

    ck_assert_int_eq(fhir_read(&arena, &settings, an_str_c(bytes), &r, NULL),
                     AN_OK);
    ck_assert_uint_eq(r.n_parts, 1);
    for (size_t i = 0; i < r.part[0].n_events; i++) {
        const struct ctx_event *e = &r.part[0].event[i];

        /* The moment of the third version. */
        if (ctx_event_withdrawn(e))
            ck_assert_int_lt(e->said_us, INT64_C(1583226000000000));
        else
            n += e->said_us == INT64_C(1583226000000000);
    }
    ck_assert_uint_eq(n, 1);
#undef VERSION
}
END_TEST

static const char *const types[] = {"AllergyIntolerance",
                                    "Condition",
                                    "Consent",
                                    "DiagnosticReport",
                                    "DocumentReference",
                                    "Encounter",
                                    "Immunization",
                                    "MedicationAdministration",
                                    "MedicationRequest",
                                    "MedicationStatement",
                                    "Observation",
                                    "Procedure",
                                    "ServiceRequest"};

/* Of each type, ours and another server's. */
START_TEST(what_is_written_withdraws_the_fact_of_that_patient)
{
    static const struct fhir_settings settings;
    struct fhir_deletion d[2] = {{.type = an_str_c(types[_i]),
                                  .id = AN_STR("1"),
                                  .at = AN_STR("2026-01-01T08:00:00Z")},
                                 {.server = AN_STR("https://h/fhir/"),
                                  .type = an_str_c(types[_i]),
                                  .id = AN_STR("1"),
                                  .at = AN_STR("2026-01-01T09:00:00Z")}};
    struct ctx_reading r;
    struct an_str json;

    ck_assert_int_eq(fhir_deletions_write(&arena, AN_STR("again-1"), &patient,
                                          d, 2, &json, NULL),
                     AN_OK);
    ck_assert_int_eq(fhir_read(&arena, &settings, json, &r, NULL), AN_OK);
    ck_assert_uint_eq(r.n_warnings, 0);
    ck_assert_uint_eq(r.n_parts, 1);
    ck_assert(ctx_identifier_cmp(&r.part[0].patient, &patient) == 0);
    ck_assert_uint_eq(r.part[0].n_events, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct ctx_event *e = &r.part[0].event[i];

        ck_assert_uint_eq(e->status, CTX_STATUS_ENTERED_IN_ERROR);
        ck_assert(
            an_str_eq(e->fact, fhir_deletion_fact(&arena, &settings, &d[i])));
        ck_assert_int_eq(e->said_us, INT64_C(1767254400000000) +
                                         (int64_t)i * INT64_C(3600000000));
    }
}
END_TEST

START_TEST(a_deletion_survives_each_failed_allocation)
{
    static const struct fhir_deletion d = {AN_STR_INIT(""),
                                           AN_STR_INIT("Condition"),
                                           AN_STR_INIT("1"), AN_STR_INIT("")};
    struct an_str json;
    enum an_code got = AN_NOMEM;
    long n = 0;

    for (; got == AN_NOMEM && n < 100; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        got = fhir_deletions_write(&arena, AN_STR("again-1"), &patient, &d, 1,
                                   &json, NULL);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 1);
}
END_TEST

Suite *fhir_deletion_suite(void)
{
    const TTest *const list[] = {
        those_of_a_bundle_are_read,
        its_fact_is_that_of_what_it_said,
        what_is_written_of_a_fact_is_read_as_that_fact,
        what_no_server_names_is_no_deletion,
        one_without_a_moment_is_of_the_version_before_it,
        what_was_made_anew_after_a_deletion_stands,
        a_deletion_survives_each_failed_allocation};
    Suite *s = suite_create("fhir: deletions");
    TCase *c = tcase_create("each");

    tcase_add_checked_fixture(c, set_up, tear_down);
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        tcase_add_test(c, list[i]);
    tcase_add_loop_test(c, what_is_written_withdraws_the_fact_of_that_patient,
                        0, (int)(sizeof(types) / sizeof(types[0])));
    suite_add_tcase(s, c);
    return s;
}

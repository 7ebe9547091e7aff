/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/json.h"
#include "fhir/searchset.h"
#include "tests/fhir_said.h"
#include "tests/suite.h"

#include <math.h>
#include <string.h>

Suite *fhir_write_suite(void);

static struct an_arena arena;
static struct said at; /* a copy that a test may change */
static struct ctx_suggestion one[4];

static void take(const char *name, size_t n)
{
    at = *said_named(name);
    ck_assert_uint_le(n, sizeof(one) / sizeof(one[0]));
    memcpy(one, at.what.suggestion, n * sizeof(one[0]));
    at.what.suggestion = one;
    at.what.n_suggestions = n;
}

static void set_up(void)
{
    an_arena_init(&arena, 16 << 20);
    take("heart", 1);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static enum an_code write_it(struct fhir_written *out, struct an_err *err)
{
    return fhir_write(&arena, &at.settings, &at.who, &at.what, out, err);
}

static struct an_str written(void)
{
    struct fhir_written out;
    struct an_err err;

    ck_assert_msg(write_it(&out, &err) == AN_OK, "%s", err.what);
    return out.json;
}

static bool holds(struct an_str text, const char *part)
{
    struct an_str p = an_str_c(part);

    for (size_t i = 0; i + p.n <= text.n; i++)
        if (memcmp(text.p + i, p.p, p.n) == 0)
            return true;
    return false;
}

#define ck_assert_holds(text, part)                                            \
    ck_assert_msg(holds(text, part), "%s is missing", part)

/* ---- names ----------------------------------------------------------------------- */

/* Computed with another library over the name that fhir/write.h describes. */
static const struct {
    const char *name;
    size_t index;
    const char *id;
} ids[] = {
    {"heart", 0, "c075a0a3-466f-5475-9854-6f916094f4ad"},
    {"summary", 0, "f3e8a36b-5530-5111-9e88-8ebc8babf358"},
    {"odd", 0, "5a62aa81-fb24-564b-9dd9-9164e0dea9be"},
};

START_TEST(names_each_suggestion_the_same_everywhere)
{
    const struct said *c = said_named(ids[_i].name);
    char text[AN_UUID_TEXT_BYTES];
    struct an_uuid id;

    ck_assert_int_eq(fhir_suggestion_id(&arena, &c->settings, &c->who,
                                        &c->what.suggestion[ids[_i].index], &id,
                                        NULL),
                     AN_OK);
    an_uuid_print(&id, text);
    ck_assert_str_eq(text, ids[_i].id);
}
END_TEST

START_TEST(names_the_provenance_and_the_card_after_it)
{
    char text[AN_UUID_TEXT_BYTES];
    struct an_uuid id, other;

    ck_assert(an_uuid_parse(an_str_c(ids[0].id), &id));
    ck_assert_int_eq(fhir_provenance_id(&id, &other, NULL), AN_OK);
    an_uuid_print(&other, text);
    ck_assert_str_eq(text, "907ac96b-605b-5a34-a19a-117a253405d1");
    ck_assert_int_eq(
        fhir_card_id(&arena, AN_STR("d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"),
                     &id, &other, NULL),
        AN_OK);
    an_uuid_print(&other, text);
    ck_assert_str_eq(text, "d46c9bf6-4150-5217-976d-dcca02a1ba72");
}
END_TEST

/* What makes another resource, and what updates the same one. */
START_TEST(gives_another_id_to_another_question_only)
{
    const struct ctx_suggestion first = one[0];
    struct an_uuid a, b;

    one[1] = one[2] = one[3] = first;
    one[1].statement = AN_STR("Other words.");
    one[1].p = 0.5;
    one[1].language = AN_STR("es");
    one[1].audience = CTX_FOR_NURSE;
    one[2].model.version = AN_STR("1.0.1");
    one[3].horizon_days = 3;
    ck_assert_int_eq(
        fhir_suggestion_id(&arena, &at.settings, &at.who, &one[0], &a, NULL),
        AN_OK);
    for (size_t i = 1; i < 4; i++) {
        ck_assert_int_eq(fhir_suggestion_id(&arena, &at.settings, &at.who,
                                            &one[i], &b, NULL),
                         AN_OK);
        ck_assert_int_eq(memcmp(&a, &b, sizeof(a)) == 0, i == 1);
    }
}
END_TEST

/* ---- who and how ------------------------------------------------------------------- */

static const struct {
    struct an_str system, value, patient_id;
    const char *reference;
} subjects[] = {
    {AN_STR_INIT("urn:oid:1.2"), AN_STR_INIT("77"), AN_STR_INIT(""),
     "\"subject\":{\"reference\":\"Patient?identifier=urn:oid:1.2|77\"}"},
    {AN_STR_INIT("https://h/mrn"), AN_STR_INIT("a b&c=d|e,\xC3\xA9"),
     AN_STR_INIT(""),
     "Patient?identifier=https://h/mrn|a%20b%26c%3Dd%5C%7Ce%5C%2C%C3%A9\""},
    {AN_STR_INIT("urn:oid:1.2"), AN_STR_INIT("77"), AN_STR_INIT("p.1"),
     "\"subject\":{\"reference\":\"Patient/p.1\"}"},
};

START_TEST(refers_to_the_patient_as_the_receiver_does)
{
    at.who.system = subjects[_i].system;
    at.who.id.value = subjects[_i].value;
    at.who.patient_id = subjects[_i].patient_id;
    ck_assert_holds(written(), subjects[_i].reference);
}
END_TEST

static const struct {
    uint8_t form;
    double p;
    const char *text;
} probabilities[] = {
    {FHIR_P_FRACTION, 0.234, "\"probabilityDecimal\":0.2340,"},
    {FHIR_P_FRACTION, 0, "\"probabilityDecimal\":0.0000,"},
    {FHIR_P_FRACTION, 1, "\"probabilityDecimal\":1.0000,"},
    {FHIR_P_PERCENT, 0.234, "\"probabilityDecimal\":23.40,"},
    {FHIR_P_PERCENT, 1, "\"probabilityDecimal\":100.00,"},
    {FHIR_P_INTERVAL, 0.234, "\"low\":{\"value\":17.10,\"unit\":\"%\""},
};

START_TEST(says_a_probability_as_it_is_configured)
{
    at.settings.probability = probabilities[_i].form;
    one[0].p = probabilities[_i].p;
    ck_assert_holds(written(), probabilities[_i].text);
}
END_TEST

START_TEST(ends_the_period_at_the_horizon_in_local_time)
{
    ck_assert_holds(written(),
                    "\"whenPeriod\":{\"start\":\"2024-03-06T04:30:00-05:00\","
                    "\"end\":\"2024-04-05T04:30:00-05:00\"}");
}
END_TEST

/* ---- what does not leave ------------------------------------------------------------- */

START_TEST(keeps_what_is_for_a_patient_until_it_is_released)
{
    struct fhir_written out;

    take("summary", 2);
    at.what.released = false;
    ck_assert_int_eq(write_it(&out, NULL), AN_OK);
    ck_assert_uint_eq(out.n_suggestions, 0);
    ck_assert_uint_eq(out.json.n, 0);
    at.what.released = true;
    ck_assert_int_eq(write_it(&out, NULL), AN_OK);
    ck_assert_uint_eq(out.n_suggestions, 2);
}
END_TEST

START_TEST(keeps_what_abstains)
{
    struct fhir_written out;

    one[0].abstention = CTX_ABSTAIN_STALE;
    one[0].n_evidence = 0;
    ck_assert_int_eq(write_it(&out, NULL), AN_OK);
    ck_assert_uint_eq(out.n_suggestions, 0);
}
END_TEST

static void no_evidence(void)
{
    one[0].n_evidence = 0;
}
static void no_message(void)
{
    static const struct ctx_event nameless = {.place = AN_STR_INIT("OBX[1]")};
    static const struct ctx_evidence evidence = {
        .event = &nameless, .sentence = AN_STR_INIT("So.")};

    one[0].evidence = &evidence;
    one[0].n_evidence = 1;
}
static void no_model(void)
{
    one[0].model.name = AN_STR("");
}
static void no_words(void)
{
    one[0].statement = AN_STR("");
}
static void no_moment(void)
{
    one[0].as_of.precision = AN_TIME_NONE;
}
static void no_system(void)
{
    at.who.system = AN_STR("");
}
static void no_number(void)
{
    at.who.id.value = AN_STR("");
}
static void no_name_space(void)
{
    at.settings.own = AN_STR("");
}
static void over_one(void)
{
    one[0].p = 1.0001;
}
static void not_a_number(void)
{
    one[0].p = (double)NAN;
}
static void not_utf8(void)
{
    one[0].title = AN_STR("\xFF");
}
static void twice(void)
{
    one[1] = one[0];
    one[1].audience = CTX_FOR_NURSE;
    at.what.n_suggestions = 2;
}
static void unknown_kind(void)
{
    one[0].kind = CTX_N_SUGGESTIONS;
}

static void no_resource_yet(void)
{
    one[0].kind = CTX_SUGGEST_DOSING;
}

static const struct {
    void (*spoil)(void);
    enum an_code code;
} refused[] = {
    {no_evidence, AN_MISSING},
    {no_message, AN_MISSING},
    {no_model, AN_MISSING},
    {no_words, AN_MISSING},
    {no_moment, AN_MISSING},
    {no_system, AN_MISSING},
    {no_number, AN_MISSING},
    {no_name_space, AN_MISSING},
    {over_one, AN_TYPE},
    {not_a_number, AN_TYPE},
    {not_utf8, AN_TYPE},
    {twice, AN_CONFLICT},
    {unknown_kind, AN_UNSUPPORTED},
    {no_resource_yet, AN_UNSUPPORTED},
};

START_TEST(refuses_what_must_not_be_said)
{
    struct fhir_written out;
    struct an_err err;

    refused[_i].spoil();
    ck_assert_int_eq(write_it(&out, &err), refused[_i].code);
    ck_assert_uint_eq(out.json.n, 0);
    ck_assert_uint_eq(out.n_suggestions, 0);
}
END_TEST

/* ---- base64, searchset ------------------------------------------------------------------ */

/* RFC 4648 section 10, and bytes above 127. */
static const struct {
    struct an_str in;
    const char *out;
} base64[] = {
    {AN_STR_INIT(""), ""},
    {AN_STR_INIT("f"), "Zg=="},
    {AN_STR_INIT("fo"), "Zm8="},
    {AN_STR_INIT("foo"), "Zm9v"},
    {AN_STR_INIT("foob"), "Zm9vYg=="},
    {AN_STR_INIT("fooba"), "Zm9vYmE="},
    {AN_STR_INIT("foobar"), "Zm9vYmFy"},
    {AN_STR_INIT("\xFF\xFE\xFB"), "//77"},
};

START_TEST(encodes_base64_as_its_rfc_does)
{
    struct an_str got;
    struct an_buf b;

    an_buf_init(&b, &arena, 1 << 10);
    an_buf_put_base64(&b, base64[_i].in);
    ck_assert_int_eq(an_buf_done(&b, &got, NULL), AN_OK);
    ck_assert_an_str_eq(got, base64[_i].out);
}
END_TEST

START_TEST(answers_a_search_with_what_is_kept)
{
    static const struct an_str kept[] = {
        AN_STR_INIT("{\"resourceType\":\"Device\",\"id\":\"d1\","
                    "\"x\":[0.10, true]}"),
        AN_STR_INIT("{\"id\":\"r\",\"resourceType\":\"Basic\"}")};
    static const char want[] =
        "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":7,"
        "\"link\":[{\"relation\":\"self\",\"url\":\"https://h/fhir/Device?x=1\""
        "},{\"relation\":\"next\",\"url\":\"https://h/fhir/Device?x=2\"}],"
        "\"entry\":[{\"fullUrl\":\"https://h/fhir/Device/d1\",\"resource\":"
        "{\"resourceType\":\"Device\",\"id\":\"d1\",\"x\":[0.10, true]},"
        "\"search\":{\"mode\":\"match\"}},{\"fullUrl\":\"https://h/fhir/Basic/"
        "r\",\"resource\":{\"id\":\"r\",\"resourceType\":\"Basic\"},"
        "\"search\":{\"mode\":\"match\"}}]}";
    const struct fhir_page page = {.base = AN_STR("https://h/fhir"),
                                   .self = AN_STR("https://h/fhir/Device?x=1"),
                                   .next = AN_STR("https://h/fhir/Device?x=2"),
                                   .total = 7,
                                   .resource = kept,
                                   .n_resources = 2};
    enum an_code code = AN_NOMEM;
    struct an_str json = {NULL, 0};
    long n = 0;

    for (; code == AN_NOMEM && n < 100; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        code = fhir_searchset(&arena, &page, &json, NULL);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(n, 3);
    ck_assert_an_str_eq(json, want);
}
END_TEST

START_TEST(has_no_empty_array_where_nothing_matches)
{
    const struct fhir_page page = {.base = AN_STR("https://h/fhir"),
                                   .self = AN_STR("https://h/fhir/Device")};
    struct an_str json = {NULL, 0};

    ck_assert_int_eq(fhir_searchset(&arena, &page, &json, NULL), AN_OK);
    ck_assert_an_str_eq(
        json, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":0,"
              "\"link\":[{\"relation\":\"self\",\"url\":\"https://h/fhir/Device"
              "\"}]}");
}
END_TEST

static const struct {
    struct an_str kept;
    enum an_code code;
} spoiled[] = {
    {AN_STR_INIT("{\"resourceType\":\"Device\""), AN_SYNTAX},
    {AN_STR_INIT(""), AN_SYNTAX},
    {AN_STR_INIT("[]"), AN_TYPE},
    {AN_STR_INIT("{\"resourceType\":\"Device\"}"), AN_TYPE},
    {AN_STR_INIT("{\"id\":\"1\"}"), AN_TYPE},
};

START_TEST(refuses_to_answer_with_what_is_no_resource)
{
    const struct fhir_page page = {.base = AN_STR("https://h/fhir"),
                                   .total = 1,
                                   .resource = &spoiled[_i].kept,
                                   .n_resources = 1};
    struct an_str json = {NULL, 0};
    struct an_err err;

    ck_assert_int_eq(fhir_searchset(&arena, &page, &json, &err),
                     spoiled[_i].code);
}
END_TEST

#define LOOP(tc, test, table)                                                  \
    tcase_add_loop_test(tc, test, 0, sizeof(table) / sizeof((table)[0]))

Suite *fhir_write_suite(void)
{
    const TTest *const test[] = {
        names_the_provenance_and_the_card_after_it,
        gives_another_id_to_another_question_only,
        ends_the_period_at_the_horizon_in_local_time,
        keeps_what_is_for_a_patient_until_it_is_released,
        keeps_what_abstains,
        answers_a_search_with_what_is_kept,
        has_no_empty_array_where_nothing_matches};
    Suite *s = suite_create("fhir/write");
    TCase *tc = tcase_create("fhir/write");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    for (size_t i = 0; i < sizeof(test) / sizeof(test[0]); i++)
        tcase_add_test(tc, test[i]);
    LOOP(tc, names_each_suggestion_the_same_everywhere, ids);
    LOOP(tc, refers_to_the_patient_as_the_receiver_does, subjects);
    LOOP(tc, says_a_probability_as_it_is_configured, probabilities);
    LOOP(tc, refuses_what_must_not_be_said, refused);
    LOOP(tc, encodes_base64_as_its_rfc_does, base64);
    LOOP(tc, refuses_to_answer_with_what_is_no_resource, spoiled);
    suite_add_tcase(s, tc);
    return s;
}

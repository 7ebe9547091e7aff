/* SPDX-License-Identifier: Apache-2.0 */
/* What was said comes back from the store as it was said: printed again it is
 * the same, byte for byte. */
#include "base/json.h"
#include "plugin/host/thread.h"
#include "tests/consult_ward.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *consult_recall_suite(void);

static struct ward w;

static void set_up(void)
{
    ward_open(&w, "stage: live\nclock: messages\nlanguages: [en, es]\n");
}

static void tear_down(void)
{
    ward_close(&w);
}

static struct fhir_written write_one(const struct fhir_write_settings *settings,
                                     const struct fhir_who *who,
                                     const struct ctx_suggestion *s,
                                     int64_t now_us)
{
    struct fhir_saying what = {.suggestion = s,
                               .n_suggestions = 1,
                               .released = true,
                               .now_us = now_us};
    struct fhir_written out;
    struct an_err err;

    ck_assert_msg(fhir_write(&w.arena, settings, who, &what, &out, &err) ==
                      AN_OK,
                  "write: %s", err.what);
    ck_assert_uint_eq(out.n_suggestions, 1);
    return out;
}

/* Each span is the entry's resource, by its type and id. */
static void check_spans(const struct fhir_written *out)
{
    const struct an_json *root, *entry;
    size_t n = 0;

    ck_assert_int_eq(an_json_read(&w.arena, &(struct an_json_limits){0},
                                  out->json, &root, NULL),
                     AN_OK);
    entry = an_json_first(an_json_get(root, AN_STR("entry")));
    for (; entry; entry = entry->next, n++) {
        const struct fhir_resource *r = &out->resource[n];
        const struct an_json *whole = an_json_get(entry, AN_STR("resource"));
        const struct an_json *part;
        char id[AN_UUID_TEXT_BYTES];

        ck_assert_uint_lt(n, out->n_resources);
        ck_assert_uint_le(r->to, out->json.n);
        ck_assert_int_eq(
            an_json_read(&w.arena, &(struct an_json_limits){0},
                         an_str_sub(out->json, r->from, r->to - r->from), &part,
                         NULL),
            AN_OK);
        an_uuid_print(&r->id, id);
        ck_assert_an_str_eq(
            an_json_text(an_json_get(part, AN_STR("resourceType"))), r->type);
        ck_assert_an_str_eq(an_json_text(an_json_get(part, AN_STR("id"))), id);
        ck_assert_an_str_eq(an_json_text(an_json_get(whole, AN_STR("id"))), id);
        ck_assert_uint_eq(part->n, whole->n);
    }
    ck_assert_uint_eq(n, out->n_resources);
}

static void check_one(const struct ctx_suggestion *said,
                      const struct pl_suggestion *row, struct fhir_who *who)
{
    static const uint8_t form[] = {FHIR_P_FRACTION, FHIR_P_PERCENT,
                                   FHIR_P_INTERVAL};
    struct fhir_write_settings s = w.naming;
    struct ctx_suggestion back;

    ck_assert_int_eq(pl_suggestion_recall(&w.arena, row, &back, NULL), AN_OK);
    for (size_t i = 0; i < sizeof(form); i++) {
        struct fhir_written a, b;

        s.probability = form[i];
        a = write_one(&s, who, said, 1);
        b = write_one(&s, who, &back, 1);
        ck_assert(an_str_eq(a.json, b.json));
        check_spans(&a);
    }
    /* ... to be read, too. */
    s.reading = true;
    s.base = AN_STR("http://h/fhir");
    ck_assert(an_str_eq(write_one(&s, who, said, 1).json,
                        write_one(&s, who, &back, 1).json));
    ck_assert_int_eq(back.audience, said->audience);
    ck_assert_int_eq(back.patient_facing, said->patient_facing);
    ck_assert_int_eq(back.never_patient, said->never_patient);
    ck_assert_int_eq(back.draft_language, said->draft_language);
    ck_assert_int_eq(back.model.demonstrator, said->model.demonstrator);
}

START_TEST(all_that_is_said_of_the_storys_patient_is_printed_again_alike)
{
    struct ctx_identifier who = ward_patient();
    struct pl_call call = {.clock_us = pl_clock_us(NULL), .face = PL_N_FACES};
    const struct pl_suggestion *row;
    struct pl_answer a;
    size_t n;

    ward_tell_story(&w);
    who.value = AN_STR("100042");
    call.patient = who;
    ck_assert_int_eq(ward_ask(&w, &call, &a), AN_OK);
    n = ward_current(&w, &who, &row);
    ck_assert_uint_eq(n, a.n_said);
    ck_assert_uint_gt(n, 10);
    for (size_t i = 0; i < n; i++)
        check_one(&a.said[i], &row[i], &a.who);
}
END_TEST

/* ---- numbers ------------------------------------------------------------ */

/* Near what a reader's rounding turns on, and far from it. */
static const double numbers[] = {
    0,          1,           0.5,           0.12344999996, 0.12345000004,
    0.12345,    1e-12,       5e-5,          4.99999999e-5, 0.99995,
    0.99994999, 0.333333333, 1.0 / 3,       2.0 / 3,       0.00005000000001,
    0.07125,    0.071249999, 0.071249999999};

START_TEST(a_number_is_rounded_as_if_it_had_not_been_kept)
{
    struct ctx_suggestion s = {.kind = CTX_SUGGEST_RISK,
                               .language = AN_STR("en"),
                               .topic = AN_STR("stroke"),
                               .statement = AN_STR("So many."),
                               .p = numbers[_i],
                               .p_low = numbers[_i],
                               .p_high = numbers[_i],
                               .horizon_days = 30,
                               .model = {.name = AN_STR("m"),
                                         .version = AN_STR("1"),
                                         .digest = AN_STR("d")},
                               .as_of = an_time_us(WARD_DISCHARGE_US)};
    struct ctx_event event = {.message = AN_STR("abc"),
                              .place = AN_STR("OBX[1]")};
    struct ctx_evidence evidence = {
        .event = &event, .sentence = AN_STR("Because."), .weight = numbers[_i]};
    struct fhir_who who = {.id = ward_patient(),
                           .system = AN_STR("urn:oid:2.999.1.7")};
    struct pl_suggestion row = {.language = s.language,
                                .topic = s.topic,
                                .statement = s.statement,
                                .horizon_days = 30};

    s.evidence = &evidence;
    s.n_evidence = 1;
    ck_assert_int_eq(pl_suggestion_detail(&w.arena, &s, &row.detail, NULL),
                     AN_OK);
    check_one(&s, &row, &who);
}
END_TEST

/* ---- what is damaged ---------------------------------------------------- */

static const struct {
    const char *detail;
    enum an_code code;
} damaged[] = {
    {"", AN_INTEGRITY},
    {"{", AN_INTEGRITY},
    {"[]", AN_INTEGRITY},
    {"null", AN_INTEGRITY},
    {"{}", AN_INTEGRITY},
    {"{\"asOf\":\"yesterday\"}", AN_INTEGRITY},
    {"{\"asOf\":\"2026-03-10T10:00:00Z\"}", AN_OK},
    /* A reason not to speak that does not exist is no permission to. */
    {"{\"asOf\":\"2026-03-10T10:00:00Z\",\"abstention\":256}", AN_INTEGRITY},
    {"{\"asOf\":\"2026-03-10T10:00:00Z\",\"abstention\":-1}", AN_INTEGRITY},
    {"{\"asOf\":\"2026-03-10T10:00:00Z\",\"abstention\":99}", AN_INTEGRITY},
    {"{\"asOf\":\"2026-03-10T10:00:00Z\",\"abstention\":\"1\"}", AN_INTEGRITY},
    {"{\"asOf\":\"2026-03-10T10:00:00Z\",\"evidence\":[{\"kind\":300}]}",
     AN_INTEGRITY},
    {"{\"asOf\":\"2026-03-10T10:00:00Z\",\"evidence\":[{\"direction\":129}]}",
     AN_INTEGRITY},
    {"{\"asOf\":\"2026-03-10T10:00:00Z\",\"citations\":[{\"year\":70000}]}",
     AN_INTEGRITY},
    {"{\"asOf\":\"2026-03-10T10:00:00Z\",\"evidence\":7,\"next\":\"x\"}",
     AN_OK},
    {"{\"asOf\":\"2026-03-10T10:00:00Z\",\"evidence\":[7,[],null]}", AN_OK},
    /* An object has members and is no list. */
    {"{\"asOf\":\"2026-03-10T10:00:00Z\",\"evidence\":{\"a\":1},"
     "\"next\":{\"b\":[]},\"citations\":{\"c\":{}}}",
     AN_OK},
};

START_TEST(what_is_damaged_is_not_said)
{
    struct pl_suggestion row = {.statement = AN_STR("So many."),
                                .detail = an_str_c(damaged[_i].detail)};
    struct ctx_suggestion back;

    ck_assert_int_eq(pl_suggestion_recall(&w.arena, &row, &back, NULL),
                     damaged[_i].code);
}
END_TEST

START_TEST(recalling_survives_each_failed_allocation)
{
    static const char detail[] =
        "{\"asOf\":\"2026-03-10T10:00:00Z\",\"evidence\":[{\"sentence\":\"s\","
        "\"message\":\"m\",\"place\":\"p\"}],\"next\":[{\"code\":\"c\"}],"
        "\"citations\":[{\"title\":\"t\",\"year\":2020}]}";
    struct pl_suggestion row = {.statement = AN_STR("x"),
                                .detail = an_str_c(detail)};
    enum an_code got = AN_NOMEM;
    struct ctx_suggestion back;
    struct an_arena arena;
    long n = 0;

    an_arena_init(&arena, 1 << 20);
    for (; got == AN_NOMEM && n < 200; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        got = pl_suggestion_recall(&arena, &row, &back, NULL);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 1);
    ck_assert_uint_eq(back.n_evidence, 1);
    an_arena_free(&arena);
}
END_TEST

Suite *consult_recall_suite(void)
{
    Suite *suite = suite_create("consult/recall");
    TCase *cases = tcase_create("recall");

    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(
        cases, all_that_is_said_of_the_storys_patient_is_printed_again_alike);
    tcase_add_loop_test(cases, a_number_is_rounded_as_if_it_had_not_been_kept,
                        0, sizeof(numbers) / sizeof(numbers[0]));
    tcase_add_loop_test(cases, what_is_damaged_is_not_said, 0,
                        sizeof(damaged) / sizeof(damaged[0]));
    tcase_add_test(cases, recalling_survives_each_failed_allocation);
    suite_add_tcase(suite, cases);
    return suite;
}

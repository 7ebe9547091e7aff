/* SPDX-License-Identifier: Apache-2.0 */
/* What is labelled confidential is heard of nowhere, unless the site permits
 * it: random records, every way out. */
#include "plugin/host/thread.h"
#include "tests/consult_heard.h"
#include "tests/invented.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *consult_labels_suite(void);

enum { SEEDS = 6, RECORDS = 10, OUT_BYTES = 64 << 20 };

#define LIVE                                                                   \
    "stage: live\nlanguages: [en, es]\noutbox: {url: \"http://h/fhir\", "      \
    "test_target: true}\n"
#define PID "PID|1||7001^^^LAKESIDE^MR||Doe^Ann||19480214|F\r"
#define V2(type, structure)                                                    \
    "MSH|^~\\&|X|LAKESIDE|A|B|20260311120000+0000||" type "^" structure        \
    "|L@n|P|2.5.1\r"
#define ENTRY_SUBJECT                                                          \
    "\"subject\":{\"identifier\":{\"system\":\"urn:oid:2.999.1.7\","           \
    "\"value\":\"7001\"}}"
#define CONF "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
#define ACT "http://terminology.hl7.org/CodeSystem/v3-ActCode"

/* @n is the record's number, @m its word; <..> only where it is labelled. */
static const char *const kinds[] = {
    V2("ORU^R01", "ORU_R01") PID
    "ORC|RE|P@n^X|F@n^X<|||||||||||||||||||||||||PSY>\r"
    "OBR|1|P@n^X|F@n^X|@m^@m panel^L|||20260311093000+0000\r"
    "OBX|1|NM|@m^@m^L||77@n.5|u|1-2|HH|||F\r"
    "OBX|2|ST|@mT^@mT^L||@m words||||||F\r",
    V2("ADT^A08", "ADT_A01") PID
    "DG1|1||@m^@m disease^L||20260311|F<||||||||||||Y>\r",
    V2("ADT^A08", "ADT_A01") PID
    "DG1|1||E11.9^@m disease^I10||20260311|F<||||||||||||odd>\r",
    /* What others say of a protected visit. */
    V2("ADT^A01", "ADT_A01") PID
    "PV1|1|I|@m ward||||||||||||||||Q@n^^^LAKESIDE^VN|||||||||||||||||||||||||"
    "20260311080000+0000\r<PV2||||||||||||||||||||||Y\r>"
    "DG1|1||@m^@m disease^L||20260311|F\r\n"
    "MSH|^~\\&|X|LAKESIDE|A|B|20260311120000+0000||ORU^R01^ORU_R01|M@n|P|2.5."
    "1\r" PID "PV1|1|I|||||||||||||||||Q@n^^^LAKESIDE^VN\r"
    "OBR|1|R@n^X|S@n^X|@m^@m panel^L|||20260311093000+0000\r"
    "OBX|1|NM|@m^@m^L||78@n.5|u|1-2|HH|||F\r",
    V2("MDM^T02", "MDM_T02") PID
    "TXA|1|DS^Summary|TX|20260311||20260311||||||D@n^E|||||AU<|R>\r"
    "OBX|1|TX|@m^@m^L||@m words||||||F\r",
    V2("PPR^PC1", "PPR_PC1") PID
    "PRB|AD|20260311|@m^@m problem^L|PR@n^E|||20150101<|||||||||||||||||||R>"
    "\r",
    V2("RDE^O11", "RDE_O11") PID
    "ORC|NW|RX@n^E|||||||20260311<|||||||||||||||||||ETH>\r"
    "RXE|^^^20260310|@m^@m pills^L|10||mg\r",
    "{\"resourceType\":\"Condition\",\"id\":\"c@n\",<\"meta\":{\"security\":[{"
    "\"system\":\"" ACT "\",\"code\":\"HIV\"}]},>" ENTRY_SUBJECT
    ",\"code\":{\"text\":\"@m disease\"},\"recordedDate\":\"2026-03-11\"}",
    "{\"resourceType\":\"Bundle\",\"type\":\"collection\","
    "<\"meta\":{\"security\":[{\"system\":\"" CONF "\",\"code\":\"R\"}]},>"
    "\"entry\":[{\"resource\":{\"resourceType\":\"Condition\",\"id\":\"b@"
    "n\"," ENTRY_SUBJECT ",\"code\":{\"text\":\"@m disease\"},"
    "\"recordedDate\":\"2026-03-11\"}}]}",
    "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":["
    "{\"resource\":{\"resourceType\":\"Encounter\",\"id\":\"e@n\",<\"meta\":{"
    "\"security\":[{\"system\":\"" CONF "\",\"code\":\"V\"}]},>"
    "\"status\":\"finished\",\"class\":{\"code\":\"AMB\"}," ENTRY_SUBJECT ","
    "\"period\":{\"start\":\"2026-03-10\",\"end\":\"2026-03-10\"}}},"
    "{\"resource\":{\"resourceType\":\"Condition\",\"id\":\"f@"
    "n\"," ENTRY_SUBJECT ",\"encounter\":{\"reference\":\"Encounter/e@n\"},"
    "\"code\":{\"text\":\"@m disease\"},\"recordedDate\":\"2026-03-11\"}}]}",
};

enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct ward w;

/* "ZQ" names what is labelled, "OP" what is open. */
static void fill_in(char out[4096], const char *kind, unsigned number,
                    bool labelled)
{
    bool keep = true;
    size_t n = 0;

    for (; *kind; kind++) {
        char text[16] = {*kind, '\0'};

        if (*kind == '<' || *kind == '>') {
            keep = *kind == '>' || labelled;
            continue;
        }
        if (*kind == '@')
            (void)snprintf(text, sizeof(text), "%s%u",
                           *++kind == 'n' ? ""
                           : labelled     ? "ZQ"
                                          : "OP",
                           number);
        if (!keep)
            continue;
        ck_assert_uint_lt(n + strlen(text), 4096);
        memcpy(out + n, text, strlen(text));
        n += strlen(text);
    }
    out[n] = '\0';
}

static void tell_record(const char *kind, unsigned number, bool labelled)
{
    char text[4096], *second;

    fill_in(text, kind, number, labelled);
    second = strstr(text, "\r\nMSH");
    if (second) {
        *second = '\r';
        second[1] = '\0';
        ward_tell(&w, second + 2, false);
    }
    ward_tell(&w, text, false);
}

static void invent(uint64_t seed)
{
    struct test_rng r = {seed * 104729 + 5};

    ward_tell(&w, ward_past, true);
    ward_tell(&w, ward_admission, false);
    ward_tell(&w, ward_results, false);
    for (unsigned i = 0; i < RECORDS; i++) {
        unsigned kind = i < 2 ? (unsigned)test_rng_below(&r, N_KINDS)
                              : (unsigned)((seed * RECORDS + i) % N_KINDS);

        tell_record(kinds[kind], 100 + i, test_rng_below(&r, 2) != 0);
    }
}

START_TEST(nothing_labelled_is_said_by_any_way_out)
{
    struct an_str text;

    ward_open(&w, LIVE);
    invent((uint64_t)_i);
    text = heard_all(&w);
    ck_assert(!ward_has(text, "ZQ10")); /* its numbers are 100 and more */
    ck_assert(ward_has(text, "OP"));    /* what is open is said */
    ck_assert(ward_has(text, "Some records are restricted"));
    ck_assert(ward_has(text, "Algunos registros"));
    ward_close(&w);
}
END_TEST

START_TEST(each_kind_is_held_when_labelled_and_said_when_not)
{
    /* Words of documents are never quoted: they have no open twin. */
    bool is_said = strstr(kinds[_i], "TXA") == NULL;

    for (int labelled = 0; labelled < 2; labelled++) {
        struct an_str text;

        ward_open(&w, LIVE);
        ward_tell(&w, ward_past, true);
        tell_record(kinds[_i], 500, labelled != 0);
        ward_tell(&w, ward_admission, false);
        text = heard_all(&w);
        ck_assert(!ward_has(text, "ZQ500"));
        ck_assert_msg(!is_said || labelled || ward_has(text, "OP500"),
                      "kind %d is said of nobody", _i);
        ck_assert(ward_has(text, "Some records are restricted") ==
                  (labelled != 0));
        ward_close(&w);
    }
}
END_TEST

/* What the record was at that moment, as it may be seen today. */
START_TEST(looking_back_shows_nothing_that_has_been_closed_since)
{
    static const char *const versions[] = {
        "\"recordedDate\":\"2026-03-11T10:00:00Z\"",
        "\"recordedDate\":\"2026-03-13T10:00:00Z\",\"meta\":{\"security\":[{"
        "\"system\":\"" CONF "\",\"code\":\"V\"}]}"};
    const struct ctx_identifier who = ward_patient();
    struct pl_history h;

    ward_open(&w, LIVE);
    for (size_t i = 0; i < 2; i++) {
        char text[1024];

        (void)snprintf(
            text, sizeof(text),
            "{\"resourceType\":\"Condition\",\"id\":\"c1\"," ENTRY_SUBJECT
            ",\"code\":{\"text\":\"a disease\"},%s}",
            versions[i]);
        ward_tell(&w, text, false);
    }
    ck_assert_int_eq(
        pl_history(w.reader, &w.arena, &who, WARD_DISCHARGE_US, &h, NULL),
        AN_OK);
    ck_assert_uint_eq(h.n_said, 1);
    ck_assert_uint_eq(h.timeline.n_events, 1);
    ck_assert_uint_ne(h.timeline.event[0]->labels & CTX_LABEL_VERY_RESTRICTED,
                      0);
    ward_close(&w);
}
END_TEST

START_TEST(a_category_is_used_for_those_whom_the_site_permits_it)
{
    static const char *const permits[] = {
        "sensitive: {patient: [psychiatry]}\n",
        "sensitive: {clinician: [psychiatry], planner: [psychiatry]}\n",
        "sensitive: {patient: [hiv, restricted]}\n"};

    for (size_t i = 0; i < 3; i++) {
        char more[512];
        const struct pl_suggestion *row;
        const struct ctx_identifier who = ward_patient();
        bool in_summary = false;
        size_t n;

        (void)snprintf(more, sizeof(more), "%s%s", LIVE, permits[i]);
        ward_open(&w, more);
        ward_tell(&w, ward_past, true);
        tell_record(kinds[0], 500, true);
        ward_tell(&w, ward_admission, false);
        (void)heard_all(&w);
        n = ward_current(&w, &who, &row);
        ck_assert_uint_gt(n, 0);
        for (size_t k = 0; k < n; k++) {
            bool says = ward_has(row[k].statement, "ZQ500");

            ck_assert(!says || row[k].audience == CTX_FOR_PATIENT);
            in_summary |= says;
        }
        ck_assert_int_eq(in_summary, i == 0);
        ward_close(&w);
    }
}
END_TEST

START_TEST(what_was_said_before_the_policy_was_narrowed_stays_inside)
{
    const struct ctx_identifier who = ward_patient();
    const struct pl_suggestion *row;
    size_t n, n_held = 0;

    ward_open(&w, LIVE "sensitive: {clinician: [psychiatry]}\n");
    ward_tell(&w, ward_past, true);
    tell_record(kinds[0], 500, true);
    ward_tell(&w, ward_admission, false);
    (void)heard_all(&w);
    ward_restart(&w, LIVE);
    n = ward_current(&w, &who, &row);
    for (size_t i = 0; i < n; i++) {
        struct pl_item item = pl_suggestion_item(&row[i], false);
        enum pl_leave v =
            pl_may_leave(&w.policy, &item, PL_FACE_FHIR_READ, false);

        ck_assert(row[i].audience != CTX_FOR_CLINICIAN || v == PL_RESTRICTED);
        n_held += v == PL_RESTRICTED;
    }
    ck_assert_uint_gt(n_held, 0);
    ward_close(&w);
}
END_TEST

static void tell_vip(const char *vip)
{
    char text[1024];

    (void)snprintf(text, sizeof(text),
                   "MSH|^~\\&|X|LAKESIDE|A|B|20260311100000+0000||ADT^A01^"
                   "ADT_A01|VIP|P|2.5.1\r" PID
                   "PV1|1|I|4W|||||||||||||%s|||V9^^^LAKESIDE^VN"
                   "|||||||||||||||||||||||||20260311080000+0000\r",
                   vip);
    ward_tell(&w, text, false);
}

START_TEST(of_a_vip_nothing_goes_through_the_outbox_unless_the_site_says_so)
{
    static const struct {
        const char *more, *vip;
        bool is_delivered;
    } cases[] = {{"", "", true},
                 {"", "N", true},
                 {"", "Y", false},
                 {"sensitive: {vip: usual}\n", "Y", true}};
    char more[512];
    struct an_str text;

    (void)snprintf(more, sizeof(more), "%s%s", LIVE, cases[_i].more);
    ward_open(&w, more);
    ward_tell(&w, ward_past, true);
    tell_vip(cases[_i].vip);
    text = heard_all(&w);
    ck_assert_int_eq(ward_outgoing(&w).n_outbox_waiting > 0,
                     cases[_i].is_delivered);
    /* At her bedside she is spoken of. */
    ck_assert(ward_has(text, "RiskAssessment"));
    ck_assert(!ward_has(text, "Some records are restricted"));
    ward_close(&w);
}
END_TEST

START_TEST(what_waits_is_dropped_when_a_record_becomes_restricted)
{
    struct pl_outgoing before;

    ward_open(&w, LIVE);
    ward_tell(&w, ward_past, true);
    tell_record(kinds[0], 500, false);
    ward_tell(&w, ward_admission, false);
    ck_assert(ward_has(heard_all(&w), "OP500"));
    before = ward_outgoing(&w);
    ck_assert_int_gt(before.n_outbox_waiting, 0);
    /* The same order again, now confidential: under its other name. */
    ward_tell(&w,
              "MSH|^~\\&|X|LAKESIDE|A|B|20260311130000+0000||ORU^R01^ORU_R01|"
              "L9|P|2.5.1\r" PID
              "ORC|RE|P500^X|F500^X|||||||||||||||||||||||||R\r"
              "OBR|1|P500^X|F500^X|OP500^OP500 panel^L|||20260311093000+0000\r"
              "OBX|1|NM|OP500^OP500^L||77500.5|u|1-2|HH|||F\r"
              "OBX|2|ST|OP500T^OP500T^L||OP500 words||||||F\r",
              false);
    {
        struct pl_watch *watch = ward_watch(&w, 1);
        struct an_str text;
        struct an_buf b;

        ck_assert(pl_watch_drain(watch, -1));
        pl_watch_close(watch);
        an_buf_init(&b, &w.arena, OUT_BYTES);
        heard_rows(&w, &b, "SELECT payload FROM outbox WHERE state < 4");
        heard_rows(&w, &b,
                   "SELECT statement FROM suggestion WHERE superseded_us = 0");
        ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
        ck_assert(!ward_has(text, "OP500"));
        ck_assert(ward_has(text, "Some records are restricted"));
    }
    ward_close(&w);
}
END_TEST

/* Messages that nothing is said on: what they close, was said before. */
static const char *const closing[] = {
    V2("ADT^A08", "ADT_A01") PID
    "DG1|1||OP500^OP500 disease^L||20260311|F||||||||||||Y\r",
    V2("PPR^PC2", "PPR_PC1") PID
    "PRB|UP|20260311|OP500^OP500 "
    "disease^L|PR500^E|||20150101|||||||||||||||||||R"
    "\r",
    "{\"resourceType\":\"Condition\",\"id\":\"c500\",\"meta\":{\"security\":[{"
    "\"system\":\"" CONF "\",\"code\":\"R\"}]}," ENTRY_SUBJECT
    ",\"code\":{\"text\":\"OP500 disease\"},\"recordedDate\":\"2026-03-11\"}",
};
enum { N_CLOSING = sizeof(closing) / sizeof(closing[0]) };

/* Kinds of `kinds` that say openly what those close. */
static const unsigned opening[N_CLOSING] = {1, 5, 7};

/* From the commit on, and when the question has been asked again. */
START_TEST(a_label_alone_closes_what_was_said_before_at_once)
{
    bool historical = (_i & 1) != 0;
    int which = _i / 2;
    size_t n;

    ward_open(&w, LIVE);
    ward_tell(&w, ward_past, true);
    tell_record(kinds[opening[which]], 500, false);
    ward_tell(&w, ward_admission, false);
    ward_settle(&w);
    ck_assert(ward_has(heard_standing(&w), "OP500"));
    ck_assert_int_gt(ward_outgoing(&w).n_outbox_waiting, 0);
    ck_assert_uint_eq(ward_waiting(&w), 0);
    ward_tell(&w, closing[which], historical);
    ck_assert_uint_eq(heard_standing(&w).n, 0);
    n = ward_waiting(&w);
    ck_assert_uint_gt(n, 0);
    ward_settle(&w);
    ck_assert(!ward_has(heard_standing(&w), "OP500"));
    ck_assert(ward_has(heard_standing(&w), "Some records are restricted"));
    ck_assert_int_gt(ward_outgoing(&w).n_outbox_waiting, 0);
    ward_close(&w);
}
END_TEST

Suite *consult_labels_suite(void)
{
    Suite *suite = suite_create("consult/labels");
    TCase *tc = tcase_create("labels");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, nothing_labelled_is_said_by_any_way_out, 0, SEEDS);
    tcase_add_loop_test(tc, each_kind_is_held_when_labelled_and_said_when_not,
                        0, N_KINDS);
    tcase_add_test(tc, looking_back_shows_nothing_that_has_been_closed_since);
    tcase_add_test(tc, a_category_is_used_for_those_whom_the_site_permits_it);
    tcase_add_test(tc,
                   what_was_said_before_the_policy_was_narrowed_stays_inside);
    tcase_add_loop_test(
        tc, of_a_vip_nothing_goes_through_the_outbox_unless_the_site_says_so, 0,
        4);
    tcase_add_test(tc, what_waits_is_dropped_when_a_record_becomes_restricted);
    tcase_add_loop_test(tc, a_label_alone_closes_what_was_said_before_at_once,
                        0, 2 * N_CLOSING);
    suite_add_tcase(suite, tc);
    return suite;
}

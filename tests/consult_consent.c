/* SPDX-License-Identifier: Apache-2.0 */
/* What a patient denies is heard of by no way out, whatever the site permits;
 * of one who has opted out nothing is computed, and the asker is told so. */
#include "plugin/host/thread.h"
#include "tests/consult_heard.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *consult_consent_suite(void);

#define LIVE                                                                   \
    "stage: live\nlanguages: [en, es]\noutbox: {url: \"http://h/fhir\", "      \
    "test_target: true}\n"
#define PERMITTED                                                              \
    LIVE "sensitive: {clinician: [psychiatry], planner: [psychiatry], "        \
         "nurse: [psychiatry], patient: [psychiatry]}\n"
#define PID "PID|1||7001^^^LAKESIDE^MR||Doe^Ann||19480214|F\r"
#define V2(type, id)                                                           \
    "MSH|^~\\&|X|LAKESIDE|A|B|20260311120000+0000||" type "|" id               \
    "|P|2.5.1\r" PID
#define SUBJECT                                                                \
    "{\"identifier\":{\"system\":\"urn:oid:2.999.1.7\",\"value\":\"7001\"}}"
#define CONSENT(id, said, status, provision)                                   \
    "{\"resourceType\":\"Consent\",\"id\":\"" id                               \
    "\",\"meta\":{\"lastUpdated\":\"" said "\"},\"status\":\"" status          \
    "\",\"patient\":" SUBJECT ",\"provision\":" provision "}"
#define SAID "2026-03-11T13:00:00Z"
#define ACT "http://terminology.hl7.org/CodeSystem/v3-ActCode"

static struct ward w;

/* A disease, a result, and a result of an order that psychiatry gave. */
static void know(void)
{
    ward_tell(&w, ward_past, true);
    ward_tell(&w, ward_admission, false);
    ward_tell(&w,
              V2("ADT^A08^ADT_A01", "C1") "DG1|1||OPD^OPD disease^L||20260311|"
                                          "F\r",
              false);
    ward_tell(&w,
              V2("ORU^R01^ORU_R01",
                 "C2") "OBR|1|P1^X|F1^X|OPR^OPR panel^L|||20260311093000+0000\r"
                       "OBX|1|NM|OPR^OPR^L||77.5|u|1-2|HH|||F\r",
              false);
    ward_tell(&w,
              V2("ORU^R01^ORU_R01",
                 "C3") "ORC|RE|P2^X|F2^X|||||||||||||||||||||||||PSY\r"
                       "OBR|1|P2^X|F2^X|ZQR^ZQR panel^L|||20260311093000+0000"
                       "\rOBX|1|NM|ZQR^ZQR^L||78.5|u|1-2|HH|||F\r",
              false);
}

static struct pl_answer ask(int64_t now_us)
{
    const struct pl_call call = {.patient = ward_patient(),
                                 .now_us = now_us,
                                 .clock_us = pl_clock_us(NULL),
                                 .face = PL_FACE_CDS,
                                 .actor = AN_STR("Practitioner/7"),
                                 .instance = AN_STR("call-1")};
    struct pl_answer a;

    ck_assert_int_eq(ward_ask(&w, &call, &a), AN_OK);
    return a;
}

static const char *const opts_out[] = {
    CONSENT("c1", SAID, "active", "{\"type\":\"deny\"}"),
    /* What cannot be understood is taken as broader. */
    CONSENT("c1", SAID, "active",
            "{\"type\":\"deny\",\"code\":[{\"text\":\"x\"}],\"provision\":[{"
            "\"type\":\"permit\"}]}"),
    CONSENT("c1", SAID, "active",
            "{\"type\":\"deny\",\"securityLabel\":[{\"code\":\"?\"}]}"),
    V2("MDM^T02^MDM_T02", "C9") "CON|1|001|||||||||R|||20260311\r",
    V2("MDM^T02^MDM_T02", "C9") "CON|1|001|||||||||||20260311\r",
};
enum { N_OPTS_OUT = sizeof(opts_out) / sizeof(opts_out[0]) };

START_TEST(of_one_who_has_opted_out_nothing_is_said_from_then_on)
{
    struct pl_answer a;

    ward_open(&w, PERMITTED);
    know();
    ward_settle(&w);
    ck_assert(ward_has(heard_standing(&w), "OPD"));
    ck_assert_int_gt(ward_outgoing(&w).n_outbox_waiting, 0);
    ward_tell(&w, opts_out[_i], false);
    /* At once, and when the question has been asked again. */
    ck_assert_uint_eq(heard_standing(&w).n, 0);
    ck_assert_uint_gt(ward_waiting(&w), 0);
    ward_settle(&w);
    ck_assert_uint_eq(heard_standing(&w).n, 0);
    ck_assert_int_eq(ward_outgoing(&w).n_outbox_waiting, 0);
    a = ask(0);
    ck_assert(a.opted_out);
    ck_assert_uint_eq(a.n_said + a.n_shown + a.n_deliveries, 0);
    ck_assert_uint_eq(a.forecast.n_risks, 0);
    ck_assert_int_eq(a.forecast.abstention, CTX_ABSTAIN_OPTED_OUT);
    ward_close(&w);
}
END_TEST

START_TEST(of_one_who_had_opted_out_nothing_is_ever_said)
{
    struct an_str text;

    ward_open(&w, PERMITTED);
    ward_tell(&w, opts_out[_i], true);
    know();
    text = heard_all(&w);
    ck_assert(!ward_has(text, "OPD"));
    ck_assert(!ward_has(text, "ZQR"));
    ck_assert(!ward_has(text, "RiskAssessment"));
    ck_assert_int_eq(ward_outgoing(&w).n_suggestions[CFG_LIVE], 0);
    ward_close(&w);
}
END_TEST

/* The site permits psychiatry to all; the patient to nobody. */
START_TEST(a_category_that_is_denied_is_permitted_to_nobody)
{
    static const char *const label[] = {
        "{\"system\":\"" ACT "\",\"code\":\"PSY\"}",
        "{\"system\":\"http://terminology.hl7.org/CodeSystem/"
        "v3-Confidentiality\",\"code\":\"R\"}",
        "{\"system\":\"" ACT "\",\"code\":\"HIV\"}"};

    for (size_t i = 0; i < 3; i++) {
        char consent[1024];
        struct an_str text;

        ward_open(&w, PERMITTED);
        (void)snprintf(consent, sizeof(consent),
                       CONSENT("c1", SAID, "active",
                               "{\"type\":\"deny\",\"securityLabel\":[%s]}"),
                       label[i]);
        ward_tell(&w, consent, true);
        know();
        text = heard_all(&w);
        ck_assert(ward_has(text, "OPD"));
        ck_assert_int_eq(ward_has(text, "ZQR"), i == 2);
        ck_assert_int_eq(ward_has(text, "Some records are restricted"), i < 2);
        ward_close(&w);
    }
}
END_TEST

/* HL7 tables 0496 and 0498. */
START_TEST(what_con_denies_is_of_its_type_and_its_status)
{
    static const struct {
        const char *con; /* CON-2 to CON-11 */
        bool all, psychiatry;
    } cases[] = {
        {"1^Release of Information|||||||||R", true, true},
        {"001|||||||||A", false, false},
        {"001|||||||||P", false, false},
        {"079|||||||||L", true, true},
        {"102|||||||||R", false, true},
        {"102|||||||||A", false, false},
        {"110|||||||||A", true, true}, /* a wish, and it is granted */
        {"110|||||||||L", true, true},
        {"110|||||||||R", false, false},
        {"110|||||||||X", false, false},
        {"110|||||||||?", true, true},
        {"004|||||||||R", false, false},  /* what is done to the patient */
        {"041|||||||||R", false, false},  /* what the family hears */
        {"1137|||||||||R", false, false}, /* as the table has it */
        {"ROI^Information^L|||||||||R", true, true},
        {"ROI^Information^L|||||||||A", false, false},
        {"137|||||||||X", true, true},
        {"|||||||||R", true, true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char message[512];
        struct an_str text;

        ward_open(&w, PERMITTED);
        (void)snprintf(message, sizeof(message), "%sCON|1|%s|||20260311\r",
                       V2("MDM^T02^MDM_T02", "C9"), cases[i].con);
        ward_tell(&w, message, true);
        know();
        text = heard_all(&w);
        ck_assert_msg(ask(0).opted_out == cases[i].all, "case %zu", i);
        ck_assert_msg(ward_has(text, "OPD") == !cases[i].all, "case %zu", i);
        ck_assert_msg(ward_has(text, "ZQR") == !cases[i].psychiatry, "case %zu",
                      i);
        ward_close(&w);
    }
}
END_TEST

START_TEST(a_class_that_is_denied_is_left_out_for_everybody)
{
    struct an_str text;

    ward_open(&w, LIVE);
    ward_tell(&w,
              CONSENT("c1", SAID, "active",
                      "{\"type\":\"permit\",\"provision\":[{\"type\":\"deny\","
                      "\"class\":[{\"code\":\"Condition\"}]}]}"),
              true);
    know();
    text = heard_all(&w);
    ck_assert(!ward_has(text, "OPD"));
    ck_assert(ward_has(text, "OPR"));
    ck_assert(ward_has(text, "Some records are restricted"));
    ward_close(&w);
}
END_TEST

START_TEST(a_permit_opens_nothing_that_the_site_does_not)
{
    struct an_str text;

    ward_open(&w, LIVE);
    ward_tell(&w,
              CONSENT("c1", SAID, "active",
                      "{\"type\":\"permit\",\"securityLabel\":[{\"system\":"
                      "\"" ACT "\",\"code\":\"PSY\"}]}"),
              true);
    know();
    text = heard_all(&w);
    ck_assert(ward_has(text, "OPD"));
    ck_assert(!ward_has(text, "ZQR"));
    /* Nor is the consent itself taken for a part of the record. */
    ck_assert(!ward_has(text, "permit"));
    ward_close(&w);
}
END_TEST

#define AT(day, hour)                                                          \
    (INT64_C(1773100800000000) +                                               \
     (((day)-10) * INT64_C(24) + (hour)) * INT64_C(3600000000))

/* Each is asked on the 12th, the 14th and the 16th of March 2026, at noon. */
START_TEST(a_consent_holds_as_of_the_moment_asked)
{
    static const struct {
        const char *consent[2];
        bool opted_out[3];
    } cases[] = {
        {{CONSENT("c1", SAID, "active",
                  "{\"type\":\"deny\",\"period\":{\"end\":\"2026-03-14\"}}")},
         {true, true, false}},
        {{CONSENT("c1", SAID, "active", "{\"type\":\"deny\"}"),
          CONSENT("c1", "2026-03-13T12:00:00Z", "inactive",
                  "{\"type\":\"deny\"}")},
         {true, false, false}},
        /* Said since: who looks back is bound by it too. */
        {{CONSENT("c1", "2026-03-15T12:00:00Z", "active",
                  "{\"type\":\"deny\"}")},
         {true, true, true}},
        /* Its beginning is passed over. */
        {{CONSENT("c1", SAID, "active",
                  "{\"type\":\"deny\",\"period\":{\"start\":\"2026-03-15\"}}")},
         {true, true, true}},
        {{CONSENT("c1", SAID, "active", "{\"type\":\"deny\"}"),
          CONSENT("c2", "2026-03-13T12:00:00Z", "active",
                  "{\"type\":\"permit\"}")},
         {true, true, true}}, /* another consent */
        {{CONSENT("c1", SAID, "proposed", "{\"type\":\"deny\"}")},
         {false, false, false}},
        {{V2("MDM^T02^MDM_T02", "C8") "CON|1|001||N1|||||||X|||20260311\r",
          "MSH|^~\\&|X|LAKESIDE|A|B|20260313120000+0000||MDM^T02^MDM_T02|C9|P|"
          "2.5.1\r" PID "CON|1|001||N1|||||||A|||20260313\r"},
         {true, false, false}},
        /* Another hospital's does not take its place, number or none. */
        {{V2("MDM^T02^MDM_T02", "C8") "CON|1|001|||||||||X|||20260311\r",
          "MSH|^~\\&|X|OTHER|A|B|20260313120000+0000||MDM^T02^MDM_T02|C9|P|"
          "2.5.1\r" PID "CON|1|001|||||||||A|||20260313\r"},
         {true, true, true}},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ward_open(&w, LIVE);
        know();
        for (size_t k = 0; k < 2 && cases[i].consent[k]; k++)
            ward_tell(&w, cases[i].consent[k], true);
        for (int k = 0; k < 3; k++)
            ck_assert_msg(ask(AT(12 + 2 * k, 12)).opted_out ==
                              cases[i].opted_out[k],
                          "case %zu, question %d", i, k);
        ward_close(&w);
    }
}
END_TEST

/* As a transaction PUTs them: their order is that in which they came. */
#define UNDATED(version, status, provision)                                    \
    "{\"resourceType\":\"Consent\",\"id\":\"c1\",\"meta\":{\"versionId\":"     \
    "\"" version "\"},\"status\":\"" status "\",\"patient\":" SUBJECT          \
    ",\"dateTime\":\"2026-03-01\",\"provision\":" provision "}"

START_TEST(of_a_consents_undated_versions_the_last_to_come_counts)
{
    static const struct {
        const char *consent;
        bool opted_out;
    } versions[] = {
        {UNDATED("1", "active", "{\"type\":\"permit\"}"), false},
        {UNDATED("2", "active", "{\"type\":\"deny\"}"), true},
        {UNDATED("3", "inactive", "{\"type\":\"deny\"}"), false},
        {UNDATED("4", "active", "{\"type\":\"deny\"}"), true},
        {UNDATED("5", "active", "{\"type\":\"permit\"}"), false},
        {UNDATED("6", "entered-in-error", "{\"type\":\"permit\"}"), false},
        {UNDATED("7", "active", "{\"type\":\"deny\"}"), true},
    };

    ward_open(&w, LIVE);
    know();
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        ward_tell(&w, versions[i].consent, false);
        ck_assert_msg(ask(0).opted_out == versions[i].opted_out, "version %zu",
                      i + 1);
    }
    ward_close(&w);
}
END_TEST

Suite *consult_consent_suite(void)
{
    Suite *suite = suite_create("consult/consent");
    TCase *tc = tcase_create("consents");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc,
                        of_one_who_has_opted_out_nothing_is_said_from_then_on,
                        0, N_OPTS_OUT);
    tcase_add_loop_test(tc, of_one_who_had_opted_out_nothing_is_ever_said, 0,
                        N_OPTS_OUT);
    tcase_add_test(tc, a_category_that_is_denied_is_permitted_to_nobody);
    tcase_add_test(tc, what_con_denies_is_of_its_type_and_its_status);
    tcase_add_test(tc, a_class_that_is_denied_is_left_out_for_everybody);
    tcase_add_test(tc, a_permit_opens_nothing_that_the_site_does_not);
    tcase_add_test(tc, a_consent_holds_as_of_the_moment_asked);
    tcase_add_test(tc, of_a_consents_undated_versions_the_last_to_come_counts);
    suite_add_tcase(suite, tc);
    return suite;
}

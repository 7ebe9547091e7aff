/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "fhir/notification.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *fhir_notification_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

#define R4(type, more)                                                         \
    "{\"resourceType\":\"Bundle\",\"type\":\"history\",\"entry\":[{"           \
    "\"resource\":{\"resourceType\":\"Parameters\",\"parameter\":["            \
    "{\"name\":\"subscription\",\"valueReference\":{\"reference\":\"S/1\"}},"  \
    "{\"name\":\"type\",\"valueCode\":\"" type "\"}" more "]}}]}"
#define R4_EVENT                                                               \
    ",{\"name\":\"events-since-subscription-start\",\"valueString\":\"17\"},"  \
    "{\"name\":\"notification-event\",\"part\":[{\"name\":\"event-number\","   \
    "\"valueString\":\"17\"},{\"name\":\"focus\",\"valueReference\":{"         \
    "\"reference\":\"http://h/fhir/Observation/9\"}}]}"

START_TEST(the_form_of_r4_and_that_of_r5_say_the_same)
{
    static const char *const both[] = {
        R4("event-notification", R4_EVENT),
        "{\"resourceType\":\"Bundle\",\"type\":\"subscription-notification\","
        "\"entry\":[{\"resource\":{\"resourceType\":\"SubscriptionStatus\","
        "\"type\":\"event-notification\",\"eventsSinceSubscriptionStart\":17,"
        "\"notificationEvent\":[{\"eventNumber\":\"17\",\"focus\":{"
        "\"reference\":\"http://h/fhir/Observation/9\"}}],\"subscription\":{"
        "\"reference\":\"S/1\"}}}]}"};

    for (size_t i = 0; i < 2; i++) {
        struct fhir_notification n;

        ck_assert_int_eq(
            fhir_notification_read(&arena, an_str_c(both[i]), &n, NULL), AN_OK);
        ck_assert_uint_eq(n.type, FHIR_NOTICE_EVENT);
        ck_assert_an_str_eq(n.subscription, "S/1");
        ck_assert_int_eq(n.n_since_start, 17);
        ck_assert_uint_eq(n.n_events, 1);
        ck_assert_int_eq(n.event[0].number, 17);
        ck_assert_an_str_eq(n.event[0].focus, "http://h/fhir/Observation/9");
        ck_assert(!n.event[0].is_here);
        ck_assert_uint_eq(n.n_resources, 0);
    }
}
END_TEST

START_TEST(what_a_bundle_brings_needs_no_fetching)
{
    static const char bytes[] =
        "{\"resourceType\":\"Bundle\",\"type\":\"history\",\"entry\":["
        "{\"resource\":{\"resourceType\":\"SubscriptionStatus\",\"type\":"
        "\"event-notification\",\"notificationEvent\":["
        "{\"eventNumber\":\"1\",\"focus\":{\"reference\":\"Observation/1\"}},"
        "{\"eventNumber\":\"2\",\"focus\":{\"reference\":\"Observation/2\"}},"
        "{\"eventNumber\":\"3\",\"timestamp\":\"2026-03-02T10:00:00Z\","
        "\"focus\":{\"reference\":"
        "\"https://h/Observation/3/_history/2\"}}]}},"
        "{\"fullUrl\":\"https://h/Observation/1\",\"resource\":{}},"
        "{\"fullUrl\":\"https://h/Observation/2\",\"request\":{\"method\":"
        "\"PUT\",\"url\":\"Observation/2\"}},"
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Observation/3\"}}]}";
    struct fhir_notification n;

    ck_assert_int_eq(fhir_notification_read(&arena, an_str_c(bytes), &n, NULL),
                     AN_OK);
    ck_assert_uint_eq(n.n_resources, 2);
    ck_assert(n.event[0].is_here);
    ck_assert(!n.event[1].is_here);
    ck_assert(n.event[2].is_here);
    ck_assert(!n.event[0].is_gone);
    ck_assert(n.event[2].is_gone);
    ck_assert_an_str_eq(n.event[0].at, "");
    ck_assert_an_str_eq(n.event[2].at, "2026-03-02T10:00:00Z");
}
END_TEST

/* Made and deleted: the deletion was with the last of its events, unless the entry
 * says when. */
START_TEST(a_deletion_is_of_the_last_event_about_it)
{
    static const char before[] =
        "{\"resourceType\":\"Bundle\",\"type\":\"history\",\"entry\":["
        "{\"resource\":{\"resourceType\":\"SubscriptionStatus\",\"type\":"
        "\"event-notification\",\"notificationEvent\":["
        "{\"eventNumber\":\"1\",\"timestamp\":\"2026-03-02T10:00:00Z\","
        "\"focus\":{\"reference\":\"Observation/1\"}},"
        "{\"eventNumber\":\"2\",\"timestamp\":\"2026-03-02T11:00:00Z\","
        "\"focus\":{\"reference\":\"Observation/1\"}}]}},"
        "{\"request\":{\"method\":\"DELETE\",\"url\":\"Observation/1\"}";
    static const char *const end[][2] = {
        {"}]}", "2026-03-02T11:00:00Z"},
        {",\"response\":{\"lastModified\":\"2026-03-02T10:59:00Z\"}}]}",
         "2026-03-02T10:59:00Z"}};
    struct fhir_notification n;
    char bytes[1024];

    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(bytes, sizeof(bytes), "%s%s", before, end[i][0]);
        ck_assert_int_eq(
            fhir_notification_read(&arena, an_str_c(bytes), &n, NULL), AN_OK);
        for (size_t k = 0; k < 2; k++) {
            ck_assert(n.event[k].is_gone);
            ck_assert_an_str_eq(n.event[k].at, end[i][1]);
        }
    }
}
END_TEST

/* Compared each with each these would take minutes. */
START_TEST(many_events_with_many_resources_are_read)
{
    enum { MANY = 20000 };
    struct fhir_notification n;
    struct an_str bytes;
    struct an_buf b;

    arena.limit_bytes = 256 << 20;
    an_buf_init(&b, &arena, 16 << 20);
    an_buf_put_c(&b, "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{"
                     "\"resourceType\":\"SubscriptionStatus\",\"type\":"
                     "\"event-notification\",\"notificationEvent\":[");
    /* The last two hundred are told of twice. */
    for (unsigned i = 0; i < MANY; i++) {
        an_buf_put_c(&b, i ? ",{\"eventNumber\":\"" : "{\"eventNumber\":\"");
        an_buf_put_u64(&b, i + 1);
        an_buf_put_c(&b, "\",\"focus\":{\"reference\":\"Observation/");
        an_buf_put_u64(&b, i < MANY - 200 ? i : i - 200);
        an_buf_put_c(&b, "\"}}");
    }
    an_buf_put_c(&b, "]}}");
    /* Of the odd ones, backwards, and of some of no event. */
    for (unsigned i = MANY; i; i--) {
        an_buf_put_c(&b, ",{\"fullUrl\":\"https://h/fhir/Observation/");
        an_buf_put_u64(&b, 2 * i - 1);
        an_buf_put_c(&b, "\",\"resource\":{}}");
    }
    an_buf_put_c(&b, "]}");
    ck_assert_int_eq(an_buf_done(&b, &bytes, NULL), AN_OK);
    ck_assert_int_eq(fhir_notification_read(&arena, bytes, &n, NULL), AN_OK);
    ck_assert_uint_eq(n.n_events, MANY);
    ck_assert_uint_eq(n.n_resources, MANY);
    for (size_t i = 0; i < MANY; i++)
        ck_assert_int_eq(n.event[i].is_here, i % 2);
}
END_TEST

static const struct {
    const char *bytes;
    enum an_code code;
} odd[] = {
    {"{\"resourceType\":\"Observation\"}", AN_NOTFOUND},
    {"{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{"
     "\"resourceType\":\"Patient\"}}]}",
     AN_NOTFOUND},
    {"{\"resourceType\":\"Bundle\"}", AN_NOTFOUND},
    {"[]", AN_NOTFOUND},
    {"{", AN_SYNTAX},
    {R4("nonsense", ""), AN_CODE},
    {"{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{"
     "\"resourceType\":\"SubscriptionStatus\"}}]}",
     AN_MISSING},
    {R4("heartbeat", ",{\"name\":\"events-since-subscription-start\","
                     "\"valueString\":\"many\"}"),
     AN_TYPE},
    {R4("event-notification",
        ",{\"name\":\"notification-event\",\"part\":[{\"name\":"
        "\"event-number\",\"valueString\":\"0\"}]}"),
     AN_TYPE},
    {R4("event-notification", ",{\"name\":\"notification-event\"}"), AN_TYPE},
    {R4("handshake", ""), AN_OK},
};

START_TEST(what_is_odd_is_told)
{
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct fhir_notification n;
        enum an_code rc =
            fhir_notification_read(&arena, an_str_c(odd[i].bytes), &n, NULL);

        ck_assert_msg(rc == odd[i].code, "case %zu: %s", i, an_code_text(rc));
    }
}
END_TEST

START_TEST(each_failed_allocation_is_survived)
{
    enum an_code rc = AN_NOMEM;
    struct fhir_notification n;
    long k = 0;

    for (; rc == AN_NOMEM && k < 100; k++) {
        an_arena_reset(&arena);
        arena.fail_after = k;
        rc = fhir_notification_read(
            &arena, AN_STR(R4("event-notification", R4_EVENT)), &n, NULL);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(rc, AN_OK);
    ck_assert_int_gt(k, 1);
}
END_TEST

START_TEST(what_asks_for_it_is_of_r4_or_of_the_backport)
{
    struct fhir_subscription s = {.reason = AN_STR("why"),
                                  .criteria = AN_STR("Observation?"),
                                  .endpoint = AN_STR("http://a/b"),
                                  .header = AN_STR("Authorization: Bearer x")};
    struct an_str json;

    ck_assert_int_eq(fhir_subscription_write(&arena, &s, &json, NULL), AN_OK);
    ck_assert_an_str_eq(
        json, "{\"resourceType\":\"Subscription\",\"status\":\"requested\","
              "\"reason\":\"why\",\"criteria\":\"Observation?\",\"channel\":{"
              "\"extension\":[{\"url\":\"http://hapifhir.io/fhir/"
              "StructureDefinition/subscription-send-delete-messages\","
              "\"valueBoolean\":true}],"
              "\"type\":\"rest-hook\",\"endpoint\":\"http://a/b\",\"payload\":"
              "\"application/fhir+json\",\"header\":[\"Authorization: Bearer "
              "x\"]}}");
    s = (struct fhir_subscription){.id = AN_STR("7"),
                                   .reason = AN_STR("why"),
                                   .criteria = AN_STR("http://h/topic"),
                                   .filter = AN_STR("Observation?a=b"),
                                   .endpoint = AN_STR("http://a/b"),
                                   .content = AN_STR("id-only"),
                                   .heartbeat_s = 60};
    ck_assert_int_eq(fhir_subscription_write(&arena, &s, &json, NULL), AN_OK);
    ck_assert_an_str_eq(
        json,
        "{\"resourceType\":\"Subscription\",\"id\":\"7\",\"meta\":{\"profile\":"
        "[\"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
        "backport-subscription\"]},\"status\":\"requested\",\"reason\":\"why\","
        "\"criteria\":\"http://h/topic\",\"_criteria\":{\"extension\":[{"
        "\"url\":\"http://hl7.org/fhir/uv/subscriptions-backport/"
        "StructureDefinition/backport-filter-criteria\",\"valueString\":"
        "\"Observation?a=b\"}]},\"channel\":{\"extension\":[{\"url\":"
        "\"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
        "backport-heartbeat-period\",\"valueUnsignedInt\":60}],\"type\":"
        "\"rest-hook\",\"endpoint\":\"http://a/b\",\"payload\":"
        "\"application/fhir+json\",\"_payload\":{\"extension\":[{\"url\":"
        "\"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
        "backport-payload-content\",\"valueCode\":\"id-only\"}]}}}");
}
END_TEST

Suite *fhir_notification_suite(void)
{
    const TTest *const list[] = {the_form_of_r4_and_that_of_r5_say_the_same,
                                 what_a_bundle_brings_needs_no_fetching,
                                 a_deletion_is_of_the_last_event_about_it,
                                 many_events_with_many_resources_are_read,
                                 what_is_odd_is_told,
                                 each_failed_allocation_is_survived,
                                 what_asks_for_it_is_of_r4_or_of_the_backport};

    return test_suite_around("fhir/notification", list,
                             sizeof(list) / sizeof(list[0]), set_up, tear_down);
}

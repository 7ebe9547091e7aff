/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries to servers that differ, and what becomes of what others change. */
#include "plugin/host/thread.h"
#include "plugin/outbox/outbox.h"
#include "plugin/store/outgoing.h"
#include "tests/keeper.h"
#include "tests/outbox_server.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *outbox_ways_suite(void);

#define DEVICE "0d1c0d7e-1111-5222-8333-444455556666"
#define RISK "11111111-2222-5333-8444-555566667777"
#define PROVENANCE "22222222-2222-5333-8444-555566667777"
#define OURS "RiskAssessment/" RISK

enum { BUNDLE_BYTES = 4096 };

static const struct keeper_ways all = {
    .transaction = true, .updates = true, .creates_once = true};
static struct test_store t;
static struct pl_policy policy;
static char url[64];
static struct pl_outbox *o;

static void set_up(void)
{
    test_store_open(&t);
    policy = (struct pl_policy){.environment = CFG_PRODUCTION,
                                .stage = CFG_LIVE,
                                .evaluated = true,
                                .has_target = true};
    o = NULL;
}

static void tear_down(void)
{
    pl_outbox_close(o, 1000);
    keeper_stop();
    test_store_close(&t);
}

static void bundle(int value, char text[BUNDLE_BYTES])
{
    (void)snprintf(
        text, BUNDLE_BYTES,
        "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["
        "{\"fullUrl\":\"http://h/fhir/Device/" DEVICE "\",\"resource\":"
        "{\"resourceType\":\"Device\",\"id\":\"" DEVICE "\",\"status\":"
        "\"active\"},\"request\":{\"method\":\"PUT\",\"url\":\"Device/" DEVICE
        "\"}},"
        "{\"fullUrl\":\"http://h/fhir/" OURS "\",\"resource\":"
        "{\"resourceType\":\"RiskAssessment\",\"id\":\"" RISK
        "\",\"identifier\":[{\"system\":\"urn:ietf:rfc:3986\",\"value\":"
        "\"urn:uuid:" RISK "\"}],\"status\":\"preliminary\",\"subject\":"
        "{\"reference\":\"Patient?identifier=urn:oid:2.999%%7C1\"},"
        "\"performer\":{\"reference\":\"Device/" DEVICE "\"},"
        "\"mitigation\":\"%d\"},\"request\":{\"method\":\"PUT\",\"url\":\"" OURS
        "\"}},"
        "{\"fullUrl\":\"http://h/fhir/Provenance/" PROVENANCE
        "\",\"resource\":{\"resourceType\":\"Provenance\",\"id\":\"" PROVENANCE
        "\",\"target\":[{\"reference\":\"" OURS "\"}],"
        "\"recorded\":\"2025-06-11T10:00:%02dZ\",\"agent\":[{\"who\":"
        "{\"reference\":\"Device/" DEVICE "\"}}]},\"request\":{\"method\":"
        "\"PUT\",\"url\":\"Provenance/" PROVENANCE "\"}}]}",
        value, value);
}

static void conclude(const struct pl_conclusion *c)
{
    struct pl_conclude_receipt r;

    ck_assert_int_eq(pl_store_conclude(t.store, c, 1, &r, NULL), AN_OK);
}

static struct pl_conclusion of_her(void)
{
    return (struct pl_conclusion){
        .patient = {AN_STR("GENHOSP"), AN_STR("A"), AN_STR("MR")},
        .now_us = TEST_EPOCH_US,
        .origin = AN_STR("production|d1")};
}

static void say(int value)
{
    struct pl_posted posted = {"RiskAssessment", AN_STR(RISK), AN_STR("d1")};
    struct pl_delivery d = {.posted = &posted, .n_posted = 1};
    struct pl_conclusion c = of_her();
    char text[BUNDLE_BYTES];

    bundle(value, text);
    d.payload = an_str_c(text);
    c.delivery = &d;
    c.n_deliveries = 1;
    conclude(&c);
}

static void lapse(void)
{
    const struct an_str lapsed = AN_STR(RISK);
    struct pl_conclusion c = of_her();

    c.lapsed = &lapsed;
    c.n_lapsed = 1;
    conclude(&c);
}

static struct pl_outgoing counts(void)
{
    struct pl_outgoing out;

    ck_assert_int_eq(pl_outgoing(t.reader, &out, NULL), AN_OK);
    return out;
}

static bool wait_until_empty(void)
{
    for (int i = 0; i < 4000; i++) {
        if (counts().n_outbox_waiting == 0)
            return true;
        server_sleep_ms(1);
    }
    return false;
}

static struct pl_outbox_options options_for(uint16_t port,
                                            enum cfg_delivery mode)
{
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/fhir",
                   (unsigned)port);
    return (struct pl_outbox_options){.url = url,
                                      .token_file = "",
                                      .mode = mode,
                                      .versions = true,
                                      .timeout_ms = 2000,
                                      .retry_first_ms = 2,
                                      .retry_max_ms = 8,
                                      .store = t.store,
                                      .store_path = t.path,
                                      .policy = &policy,
                                      .clock = pl_clock_us};
}

static void start(const struct keeper_ways *ways, enum cfg_delivery mode)
{
    uint16_t port = keeper_start(ways, 0);
    struct pl_outbox_options options = options_for(port, mode);

    ck_assert_uint_ne(port, 0);
    ck_assert_int_eq(pl_outbox_open(&options, &o, NULL), AN_OK);
}

static void settle(void)
{
    pl_outbox_wake(o);
    ck_assert(wait_until_empty());
}

static struct pl_sent sent(void)
{
    struct pl_sent out;

    ck_assert_int_eq(pl_sent_get(t.reader, &t.arena, AN_STR(RISK), &out, NULL),
                     AN_OK);
    return out;
}

static bool says(const char *address, const char *text)
{
    const char *body = keeper_get(address, NULL);

    return body && strstr(body, text);
}

/* ---- which form ------------------------------------------------------------------ */

START_TEST(put_keeps_each_resource_once_under_our_name)
{
    int version = 0;

    start(&all, CFG_DELIVERY_PUT);
    for (int i = 1; i <= 3; i++) {
        say(i);
        settle();
        ck_assert_ptr_nonnull(keeper_get(OURS, &version));
        ck_assert_int_eq(version, i);
    }
    ck_assert(says(OURS, "\"mitigation\":\"3\""));
    ck_assert_uint_eq(keeper_n("RiskAssessment"), 1);
    ck_assert_uint_eq(keeper_n("Provenance"), 1);
    ck_assert_uint_eq(keeper_n_writes(), 3);
    ck_assert(an_str_eq(sent().version, AN_STR("3")));
}
END_TEST

static void creates_once_and_updates(enum cfg_delivery mode)
{
    struct keeper_ways ways = {
        .transaction = true, .creates_once = true, .own_ids = true};
    const char *address;
    int version = 0;

    start(&ways, mode);
    say(1);
    settle();
    ck_assert_uint_eq(keeper_n("RiskAssessment"), 1);
    ck_assert_ptr_null(keeper_get(OURS, NULL));
    address = keeper_nth("RiskAssessment", 0);
    ck_assert(an_str_eq(sent().address, an_str_c(address)));
    say(2);
    settle();
    ck_assert_uint_eq(keeper_n("RiskAssessment"), 1);
    ck_assert(says(address, "\"mitigation\":\"2\""));
    ck_assert_ptr_nonnull(keeper_get(address, &version));
    ck_assert_int_eq(version, 2);
    ck_assert_uint_eq(keeper_n("Device"), 1);
    /* Each is of one moment, and names where its target is kept. */
    ck_assert_uint_eq(keeper_n("Provenance"), 2);
    ck_assert(says(keeper_nth("Provenance", 1), address));
    ck_assert_int_eq(counts().n_outbox_dead, 0);
}

START_TEST(post_creates_once_and_updates_where_it_is_kept)
{
    creates_once_and_updates(CFG_DELIVERY_POST);
}
END_TEST

START_TEST(auto_posts_to_a_server_that_makes_the_ids)
{
    creates_once_and_updates(CFG_DELIVERY_AUTO);
}
END_TEST

START_TEST(post_that_was_taken_unanswered_makes_no_second)
{
    struct keeper_ways ways = all;

    ways.silent_once = true;
    start(&ways, CFG_DELIVERY_POST);
    say(1);
    settle();
    ck_assert_uint_eq(keeper_n("RiskAssessment"), 1);
    ck_assert_uint_eq(keeper_n("Device"), 1);
    ck_assert(says(keeper_nth("RiskAssessment", 0), "\"mitigation\":\"1\""));
}
END_TEST

START_TEST(without_transactions_entries_go_one_by_one)
{
    struct keeper_ways ways = {.updates = true, .creates_once = true};

    start(&ways, CFG_DELIVERY_AUTO);
    say(1);
    settle();
    ck_assert_uint_eq(keeper_n_writes(), 3);
    ck_assert(says(OURS, "\"mitigation\":\"1\""));
    /* A reference by identifier would mean nothing there. */
    ck_assert(says(OURS, "\"reference\":\"Patient/p1\""));
    say(2);
    settle();
    ck_assert(says(OURS, "\"mitigation\":\"2\""));
    ck_assert_uint_eq(keeper_n("Provenance"), 1);
}
END_TEST

START_TEST(what_went_one_by_one_goes_on_where_it_stopped)
{
    struct keeper_ways ways = {.creates_once = true, .own_ids = true};

    for (unsigned at = 0; at < 3; at++) {
        ways.refuse_next = 0;
        start(&ways, CFG_DELIVERY_AUTO);
        keeper_ways()->refuse_next = at == 0 ? 503 : 0;
        keeper_ways()->silent_once = at == 1;
        keeper_ways()->garbage = at == 2;
        say((int)at + 1);
        settle();
        ck_assert_uint_eq(keeper_n("Device"), 1);
        ck_assert_uint_eq(keeper_n("RiskAssessment"), 1);
        ck_assert_uint_eq(keeper_n("Provenance"), 1);
        pl_outbox_close(o, 1000);
        keeper_stop();
        test_store_close(&t);
        set_up();
    }
    start(&ways, CFG_DELIVERY_AUTO);
}
END_TEST

/* ---- whose it is ------------------------------------------------------------------ */

START_TEST(what_a_human_changed_is_left_alone)
{
    int version;

    start(&all, CFG_DELIVERY_PUT);
    say(1);
    settle();
    keeper_put(OURS, "{\"resourceType\":\"RiskAssessment\",\"status\":"
                     "\"final\"}");
    for (int i = 2; i < 4; i++) {
        say(i);
        settle();
        ck_assert(says(OURS, "\"final\""));
        ck_assert_ptr_nonnull(keeper_get(OURS, &version));
        ck_assert_int_eq(version, 2);
    }
    ck_assert_int_eq(sent().state, PL_SENT_TAKEN_OVER);
    ck_assert_int_eq(counts().n_outbox_dead, 0);
    /* Two rows, a resource, a delivery. */
    ck_assert_int_eq(counts().n_audit, 4);
    {
        struct pl_outbox_counts c;

        pl_outbox_counts(o, &c);
        ck_assert_uint_eq(c.n_left, 2);
    }
}
END_TEST

START_TEST(an_update_that_was_taken_unanswered_is_ours_still)
{
    int version;

    start(&all, CFG_DELIVERY_PUT);
    say(1);
    settle();
    keeper_ways()->silent_once = true;
    say(2);
    settle();
    say(3);
    settle();
    ck_assert_int_eq(sent().state, PL_SENT_OURS);
    ck_assert(says(OURS, "\"mitigation\":\"3\""));
    ck_assert_ptr_nonnull(keeper_get(OURS, &version));
    ck_assert_int_eq(version, 3);
}
END_TEST

START_TEST(without_versions_the_last_word_counts)
{
    struct keeper_ways ways = all;

    ways.no_version = true;
    start(&ways, CFG_DELIVERY_PUT);
    say(1);
    settle();
    keeper_put(OURS, "{}");
    say(2);
    settle();
    ck_assert(says(OURS, "\"mitigation\":\"2\""));
}
END_TEST

/* ---- taken back -------------------------------------------------------------------- */

static void withdraws(enum cfg_delivery mode)
{
    const char *address;
    size_t n;

    start(&all, mode);
    say(1);
    settle();
    address = keeper_nth("RiskAssessment", 0);
    n = keeper_n("Provenance");
    lapse();
    settle();
    ck_assert(says(address, "\"status\":\"entered-in-error\""));
    ck_assert(says(address, "\"mitigation\":\"1\""));
    ck_assert_uint_eq(keeper_n("Provenance"), n + 1);
    ck_assert(says(keeper_nth("Provenance", n), "\"NULLIFY\""));
    ck_assert(says(keeper_nth("Provenance", n), address));
    ck_assert_int_eq(sent().state, PL_SENT_WITHDRAWN);
    /* Once is enough. */
    n = keeper_n_writes();
    lapse();
    settle();
    ck_assert_uint_eq(keeper_n_writes(), n);
    /* The evidence came back: it is said again. */
    say(2);
    settle();
    ck_assert(says(address, "\"status\":\"preliminary\""));
}

START_TEST(what_is_not_so_any_more_is_entered_in_error)
{
    withdraws(CFG_DELIVERY_PUT);
}
END_TEST

START_TEST(also_where_the_server_made_the_id)
{
    withdraws(CFG_DELIVERY_POST);
}
END_TEST

START_TEST(what_is_another_s_or_was_never_there_is_not_withdrawn)
{
    start(&all, CFG_DELIVERY_PUT);
    lapse(); /* never sent */
    ck_assert_int_eq(counts().n_outbox_waiting, 0);
    say(1);
    settle();
    keeper_put(OURS, "{\"resourceType\":\"RiskAssessment\",\"status\":"
                     "\"final\"}");
    lapse();
    settle();
    ck_assert(says(OURS, "\"final\""));
    ck_assert_int_eq(sent().state, PL_SENT_TAKEN_OVER);
}
END_TEST

static const struct pl_audit_entry operator_of_test = {.time_us = TEST_EPOCH_US,
                                                       .actor = {"op", 2},
                                                       .role = {"operator", 8},
                                                       .details = {"{}", 2}};

START_TEST(a_recall_takes_back_what_was_sent_and_what_waits)
{
    struct pl_recall recall = {.digest = AN_STR("d1"),
                               .reason = AN_STR("wrong units"),
                               .who = &operator_of_test};
    struct pl_recall_progress p = {.more = true};
    struct pl_outbox_options options;
    struct pl_recall_count count;
    int64_t n_audit;

    start(&all, CFG_DELIVERY_PUT);
    say(1);
    settle();
    pl_outbox_close(o, 1000);
    o = NULL;
    say(2);
    ck_assert_int_eq(pl_recall_count(t.reader, AN_STR("d1"), &count, NULL),
                     AN_OK);
    ck_assert_int_eq(count.n_sent, 1);
    ck_assert_int_eq(count.n_waiting, 1);
    while (p.more)
        ck_assert_int_eq(pl_store_recall(t.store, &recall, &p, NULL), AN_OK);
    ck_assert_int_eq(p.done.n_sent, 1);
    ck_assert_int_eq(p.done.n_waiting, 1);
    n_audit = counts().n_audit;
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    /* Again: nothing. */
    p = (struct pl_recall_progress){.more = true};
    while (p.more)
        ck_assert_int_eq(pl_store_recall(t.store, &recall, &p, NULL), AN_OK);
    ck_assert_int_eq(p.done.n_sent + p.done.n_waiting, 0);
    ck_assert_int_eq(counts().n_audit, n_audit);
    keeper_stop();
    options = options_for(keeper_start(&all, 0), CFG_DELIVERY_PUT);
    keeper_put(OURS, "{\"resourceType\":\"RiskAssessment\",\"status\":"
                     "\"preliminary\"}");
    ck_assert_int_eq(pl_outbox_open(&options, &o, NULL), AN_OK);
    settle();
    ck_assert(says(OURS, "entered-in-error"));
    ck_assert(says(keeper_nth("Provenance", 0), "wrong units"));
}
END_TEST

/* ---- the operator ------------------------------------------------------------------- */

START_TEST(dead_rows_are_listed_tried_again_and_dropped)
{
    struct pl_unsettled row[4];
    int64_t n_again;
    size_t n;

    start(&all, CFG_DELIVERY_PUT);
    keeper_ways()->refuse_next = 413;
    say(1);
    settle();
    ck_assert_int_eq(pl_outbox_list(t.reader, 0, 4, row, &n, NULL), AN_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(row[0].state, PL_OUTBOX_DEAD);
    ck_assert_int_eq(row[0].error, 413);
    ck_assert_int_eq(row[0].attempts, 1);
    ck_assert_int_eq(pl_store_outbox_retry(t.store, row[0].id,
                                           &operator_of_test, &n_again, NULL),
                     AN_OK);
    ck_assert_int_eq(n_again, 1);
    settle();
    ck_assert(says(OURS, "\"mitigation\":\"1\""));
    ck_assert_int_eq(pl_store_outbox_retry(t.store, row[0].id,
                                           &operator_of_test, &n_again, NULL),
                     AN_NOTFOUND);
    /* An older content does not go over a newer one. */
    keeper_ways()->refuse_next = 413;
    say(2);
    settle();
    say(3);
    settle();
    ck_assert_int_eq(pl_outbox_list(t.reader, 0, 4, row, &n, NULL), AN_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(pl_store_outbox_retry(t.store, row[0].id,
                                           &operator_of_test, &n_again, NULL),
                     AN_CONFLICT);
    ck_assert_int_eq(
        pl_store_outbox_retry(t.store, 0, &operator_of_test, &n_again, NULL),
        AN_OK);
    ck_assert_int_eq(n_again, 0);
    ck_assert_int_eq(
        pl_store_outbox_drop(t.store, row[0].id, &operator_of_test, NULL),
        AN_OK);
    ck_assert_int_eq(
        pl_store_outbox_drop(t.store, row[0].id, &operator_of_test, NULL),
        AN_NOTFOUND);
    ck_assert_int_eq(pl_outbox_list(t.reader, 0, 4, row, &n, NULL), AN_OK);
    ck_assert_uint_eq(n, 0);
    ck_assert(says(OURS, "\"mitigation\":\"3\""));
}
END_TEST

/* ---- odd answers ------------------------------------------------------------------- */

static const struct {
    unsigned status;
    bool dead;
} odd[] = {{500, false}, {429, false}, {503, false}, {302, false}, {401, false},
           {404, false}, {413, true},  {400, true},  {422, true}};

START_TEST(nothing_is_lost_by_an_odd_answer)
{
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        start(&all, CFG_DELIVERY_PUT);
        keeper_ways()->refuse_next = odd[i].status;
        keeper_ways()->body = "<html>no</html>";
        say((int)i + 1);
        settle();
        ck_assert_msg(counts().n_outbox_dead == odd[i].dead, "%u",
                      odd[i].status);
        ck_assert_msg((keeper_get(OURS, NULL) == NULL) == odd[i].dead, "%u",
                      odd[i].status);
        pl_outbox_close(o, 1000);
        keeper_stop();
        test_store_close(&t);
        set_up();
    }
    start(&all, CFG_DELIVERY_PUT);
}
END_TEST

START_TEST(an_answer_that_cannot_be_read_is_none)
{
    struct pl_outbox_counts c;

    start(&all, CFG_DELIVERY_PUT);
    keeper_ways()->garbage = true;
    say(1);
    settle();
    pl_outbox_counts(o, &c);
    ck_assert_uint_eq(c.n_retried, 1);
    ck_assert_uint_eq(c.n_delivered, 1);
    ck_assert_uint_eq(keeper_n("RiskAssessment"), 1);
}
END_TEST

Suite *outbox_ways_suite(void)
{
    const TTest *const test[] = {
        put_keeps_each_resource_once_under_our_name,
        post_creates_once_and_updates_where_it_is_kept,
        auto_posts_to_a_server_that_makes_the_ids,
        post_that_was_taken_unanswered_makes_no_second,
        without_transactions_entries_go_one_by_one,
        what_went_one_by_one_goes_on_where_it_stopped,
        what_a_human_changed_is_left_alone,
        an_update_that_was_taken_unanswered_is_ours_still,
        without_versions_the_last_word_counts,
        what_is_not_so_any_more_is_entered_in_error,
        also_where_the_server_made_the_id,
        what_is_another_s_or_was_never_there_is_not_withdrawn,
        a_recall_takes_back_what_was_sent_and_what_waits,
        dead_rows_are_listed_tried_again_and_dropped,
        nothing_is_lost_by_an_odd_answer,
        an_answer_that_cannot_be_read_is_none};

    return test_suite_around("outbox/ways", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

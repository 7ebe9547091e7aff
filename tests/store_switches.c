/* SPDX-License-Identifier: Apache-2.0 */
/* Kill switches: kept and told, what waits is dropped and asked about again, and
 * what was asked of the switches before is not written. */
#include "plugin/store/switches.h"

#include "plugin/store/outgoing.h"
#include "plugin/store/writer_int.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *store_switches_suite(void);

static struct test_store t;
static struct pl_audit_entry who;

static void set_up(void)
{
    who = (struct pl_audit_entry){.time_us = TEST_EPOCH_US + 5,
                                  .actor = AN_STR("jdoe"),
                                  .role = AN_STR("operator"),
                                  .details = AN_STR("{\"reason\":\"r\"}")};
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_check(&t);
    test_store_close(&t);
}

static enum an_code stop(const char *name, int64_t *n_dropped)
{
    return pl_store_kill(t.store, an_str_c(name), AN_STR("under review"), &who,
                         n_dropped, NULL);
}

static void stopped(const char *name, int64_t want_dropped)
{
    int64_t n;

    ck_assert_int_eq(stop(name, &n), AN_OK);
    ck_assert_int_eq(n, want_dropped);
}

static size_t list(const struct pl_switch **all)
{
    size_t n;

    ck_assert_int_eq(pl_switch_list(t.reader, &t.arena, all, &n, NULL), AN_OK);
    return n;
}

static struct pl_audit_row last_row(void)
{
    struct pl_audit_row row = {.seq = 0}, next;
    int64_t after = 0;

    while (pl_audit_next(t.reader, &t.arena, after, &next, NULL) == AN_OK) {
        row = next;
        after = row.seq;
    }
    return row;
}

START_TEST(a_switch_is_kept_and_told)
{
    const struct pl_switch *all;
    struct pl_audit_chain chain;
    struct pl_audit_row row;
    int64_t n;

    stopped("stroke", 0);
    test_store_reopen(&t);
    ck_assert_uint_eq(list(&all), 1);
    ck_assert_an_str_eq(all[0].name, "stroke");
    ck_assert_an_str_eq(all[0].actor, "jdoe");
    ck_assert_an_str_eq(all[0].role, "operator");
    ck_assert_an_str_eq(all[0].reason, "under review");
    ck_assert_int_eq(all[0].since_us, TEST_EPOCH_US + 5);
    row = last_row();
    ck_assert_an_str_eq(row.action, "killed");
    ck_assert_an_str_eq(row.subject, "switch/stroke");
    ck_assert_an_str_eq(row.actor, "jdoe");
    ck_assert_an_str_eq(row.details, "{\"reason\":\"r\"}");
    ck_assert_int_eq(stop("stroke", &n), AN_CONFLICT);
    ck_assert_int_eq(pl_store_revive(t.store, AN_STR("stroke"), &who, NULL),
                     AN_OK);
    row = last_row();
    ck_assert_an_str_eq(row.action, "revived");
    ck_assert_uint_eq(list(&all), 0);
    ck_assert_int_eq(pl_store_revive(t.store, AN_STR("stroke"), &who, NULL),
                     AN_NOTFOUND);
    ck_assert_int_eq(pl_audit_verify(t.reader, &t.arena, NULL, &chain, NULL),
                     AN_OK);
    ck_assert_int_eq(chain.n, 2);
}
END_TEST

START_TEST(refuses_what_is_no_name_and_too_long_a_reason)
{
    char text[PL_SWITCH_REASON_BYTES + 1];
    const struct pl_switch *all;
    int64_t n;

    ck_assert_int_eq(stop("Two words", &n), AN_TYPE);
    ck_assert_int_eq(stop("", &n), AN_TYPE);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = 'x';
    ck_assert_int_eq(pl_store_kill(t.store, AN_STR("stroke"),
                                   (struct an_str){text, sizeof(text)}, &who,
                                   &n, NULL),
                     AN_TYPE);
    ck_assert_uint_eq(list(&all), 0);
}
END_TEST

START_TEST(there_is_room_for_so_many)
{
    struct pl_switches *s;
    char name[16];
    int64_t n;

    for (int i = 0; i < PL_SWITCHES; i++) {
        (void)snprintf(name, sizeof(name), "n%d", i);
        stopped(name, 0);
    }
    ck_assert_int_eq(stop("more", &n), AN_LIMIT);
    ck_assert_int_eq(pl_switches_new(&s, NULL), AN_OK);
    ck_assert_int_eq(pl_switches_refresh(s, t.reader, &n, NULL), AN_OK);
    ck_assert_int_eq(n, PL_SWITCHES);
    ck_assert(pl_switches_stop(s, "risk", AN_STR("n255")));
    ck_assert(!pl_switches_stop(s, "risk", AN_STR("more")));
    pl_switches_free(s);
}
END_TEST

START_TEST(who_looks_knows_at_once)
{
    struct pl_switches *s;
    int64_t generation = -7;

    ck_assert_int_eq(pl_switches_refresh(NULL, t.reader, &generation, NULL),
                     AN_OK);
    ck_assert_int_eq(generation, 0);
    ck_assert_int_eq(pl_switches_new(&s, NULL), AN_OK);
    ck_assert_int_eq(pl_switches_refresh(s, t.reader, NULL, NULL), AN_OK);
    ck_assert(!pl_switches_stop(s, "risk", AN_STR("stroke")));
    stopped("stroke", 0);
    ck_assert(!pl_switches_stop(s, "risk", AN_STR("stroke")));
    ck_assert_int_eq(pl_switches_refresh(s, t.reader, &generation, NULL),
                     AN_OK);
    ck_assert_int_eq(generation, 1);
    ck_assert(pl_switches_stop(s, "risk", AN_STR("stroke")));
    ck_assert_int_eq(pl_store_revive(t.store, AN_STR("stroke"), &who, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_switches_refresh(s, t.reader, &generation, NULL),
                     AN_OK);
    ck_assert_int_eq(generation, 2);
    ck_assert(!pl_switches_stop(s, "risk", AN_STR("stroke")));
    pl_switches_free(s);
}
END_TEST

/* ---- what waits ----------------------------------------------------------------- */

/* Somebody's Bundle, and a summary and a risk for the patient that wait for a
 * word. */
static enum an_code tell(int64_t generation, struct pl_conclude_receipt *r)
{
    static const char *const resource[] = {
        "11111111-1111-5111-8111-111111111111",
        "22222222-2222-5222-8222-222222222222",
        "33333333-3333-5333-8333-333333333333"};
    struct ctx_suggestion what[3] = {test_risk(), test_risk(), test_risk()};
    struct pl_saying said[3];
    struct pl_delivery delivery[3];
    struct pl_conclusion c = {
        .patient = {AN_STR("GENHOSP"), AN_STR("M0000007"), AN_STR("MR")},
        .now_us = TEST_EPOCH_US,
        .switches = generation,
        .said = said,
        .n_said = 3,
        .delivery = delivery,
        .n_deliveries = 3};

    what[1].kind = CTX_SUGGEST_SUMMARY;
    what[1].topic = AN_STR("");
    for (size_t i = 0; i < 3; i++) {
        what[i].audience = i ? CTX_FOR_PATIENT : CTX_FOR_CLINICIAN;
        said[i] = (struct pl_saying){.what = &what[i],
                                     .resource = an_str_c(resource[i]),
                                     .stage = CFG_LIVE};
        ck_assert_int_eq(
            pl_suggestion_detail(&t.arena, &what[i], &said[i].detail, NULL),
            AN_OK);
        delivery[i] = (struct pl_delivery){.payload = an_str_c(resource[i]),
                                           .of = i ? i + 1 : 0};
    }
    return pl_store_conclude(t.store, &c, 1, r, NULL);
}

/* With a message of the patient's, whose triggers are done. */
static void told(void)
{
    struct pl_intake in = test_intake(&t, 1, 7);
    struct pl_filing filing = in.filing[0];
    struct pl_conclude_receipt r;

    filing.reasons = 0;
    in.filing = &filing;
    (void)test_put(&t, &in);
    ck_assert_int_eq(tell(0, &r), AN_OK);
    ck_assert(!r.unseen);
}

static size_t n_triggers(void)
{
    const struct pl_trigger *all;
    size_t n;

    ck_assert_int_eq(pl_triggers(t.reader, &t.arena, 0, 100, &all, &n, NULL),
                     AN_OK);
    return n;
}

static void waits(int64_t n_waiting, int64_t n_held)
{
    struct pl_outgoing out;

    ck_assert_int_eq(pl_outgoing(t.reader, &out, NULL), AN_OK);
    ck_assert_int_eq(out.n_outbox_waiting, n_waiting);
    ck_assert_int_eq(out.n_outbox_held, n_held);
}

START_TEST(what_waits_with_it_is_dropped_and_asked_about_again)
{
    told();
    waits(1, 2);
    ck_assert_uint_eq(n_triggers(), 0);
    stopped("stroke", 2); /* the Bundle, and the risk for the patient */
    waits(0, 1);
    ck_assert_uint_eq(n_triggers(), 1);
}
END_TEST

START_TEST(a_kind_is_stopped_by_its_name)
{
    told();
    stopped("summary", 2); /* any Bundle may hold one */
    waits(0, 1);
}
END_TEST

START_TEST(all_is_all)
{
    told();
    stopped("all", 3);
    waits(0, 0);
}
END_TEST

START_TEST(of_others_the_texts_stay)
{
    told();
    stopped("dementia", 1);
    waits(0, 2);
    ck_assert_uint_eq(n_triggers(), 1);
}
END_TEST

/* An operator's retry would bring it back. */
START_TEST(what_was_given_up_is_dropped_too)
{
    struct pl_attempt a = {
        .state = PL_OUTBOX_DEAD, .error = 400, .now_us = TEST_EPOCH_US + 1};
    struct pl_outbox_row row;
    int64_t next, n;

    told();
    ck_assert_int_eq(
        pl_outbox_due(t.reader, &t.arena, TEST_EPOCH_US + 1, &row, &next, NULL),
        AN_OK);
    a.id = row.id;
    ck_assert_int_eq(pl_store_attempt(t.store, &a, NULL), AN_OK);
    stopped("stroke", 2);
    ck_assert_int_eq(pl_store_outbox_retry(t.store, row.id, &who, &n, NULL),
                     AN_NOTFOUND);
}
END_TEST

START_TEST(what_was_asked_before_is_not_written)
{
    struct pl_conclude_receipt r;

    stopped("dementia", 0);
    ck_assert_int_eq(tell(0, &r), AN_OK);
    ck_assert(r.unseen);
    waits(0, 0);
    ck_assert_int_eq(tell(1, &r), AN_OK);
    ck_assert(!r.unseen);
    waits(1, 2);
    ck_assert_int_eq(pl_store_revive(t.store, AN_STR("dementia"), &who, NULL),
                     AN_OK);
    ck_assert_int_eq(tell(1, &r), AN_OK);
    ck_assert(r.unseen);
}
END_TEST

Suite *store_switches_suite(void)
{
    const TTest *const test[] = {
        a_switch_is_kept_and_told,
        refuses_what_is_no_name_and_too_long_a_reason,
        there_is_room_for_so_many,
        who_looks_knows_at_once,
        what_waits_with_it_is_dropped_and_asked_about_again,
        a_kind_is_stopped_by_its_name,
        all_is_all,
        of_others_the_texts_stay,
        what_was_given_up_is_dropped_too,
        what_was_asked_before_is_not_written};

    return test_suite_around("store/switches", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept for long enough goes, whatever the clock said when it came, and
 * looking for it costs no more in a large store than in a small one. */
#include "context/consent.h"
#include "plugin/store/conclude.h"
#include "plugin/store/purge.h"
#include "plugin/store/writer_int.h"
#include "tests/store_help.h"
#include "tests/store_work.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *store_purge_suite(void);

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

enum { FEW = 15, MANY = 90 };

/* ---- a store of any size --------------------------------------------------- */

/* Twice: the second takes the place of the first. */
static void say(uint64_t patient)
{
    char mrn[32], resource[40];
    struct ctx_suggestion what = test_risk();
    struct pl_saying said = {.what = &what, .stage = CFG_TRIAL};
    struct pl_delivery d = {.payload = AN_STR("{\"to\":\"carer\"}"), .of = 1};
    struct pl_conclusion c = {.now_us = TEST_EPOCH_US + 1,
                              .said = &said,
                              .n_said = 1,
                              .delivery = &d,
                              .n_deliveries = 1};
    struct pl_conclude_receipt r[2];

    (void)snprintf(mrn, sizeof(mrn), "M%07llu", (unsigned long long)patient);
    (void)snprintf(resource, sizeof(resource),
                   "11111111-1111-5111-8111-%012llu",
                   (unsigned long long)patient);
    c.patient =
        (struct ctx_identifier){AN_STR("GENHOSP"), an_str_c(mrn), AN_STR("MR")};
    said.resource = an_str_c(resource);
    ck_assert_int_eq(pl_suggestion_detail(&t.arena, &what, &said.detail, NULL),
                     AN_OK);
    ck_assert_int_eq(
        pl_store_conclude(t.store, (struct pl_conclusion[]){c, c}, 2, r, NULL),
        AN_OK);
}

static void answer_all(void)
{
    const struct pl_trigger *list;
    int64_t id[MANY * 4];
    size_t n;

    ck_assert_int_eq(pl_triggers(t.reader, &t.arena, 0,
                                 sizeof(id) / sizeof(*id), &list, &n, NULL),
                     AN_OK);
    for (size_t i = 0; i < n; i++)
        id[i] = list[i].id;
    ck_assert_int_eq(pl_store_triggers_done(t.store, id, n, NULL), AN_OK);
    ck_assert_int_eq(test_status(&t).n_triggers_waiting, 0);
}

/* Messages and suggestions of others; the older suggestion of each is past. */
static void crowd(uint64_t from, uint64_t to)
{
    for (uint64_t n = from; n < to; n++) {
        struct an_mark mark = an_arena_mark(&t.arena);
        struct pl_intake in = test_intake(&t, n, n);

        (void)test_put(&t, &in);
        say(n);
        an_arena_rewind(&t.arena, mark);
    }
    answer_all();
}

static int64_t work_of_purge(enum pl_purge_kind kind, int64_t before_us)
{
    struct pl_purge what = {
        .kind = kind, .before_us = before_us, .now_us = TEST_EPOCH_US};
    struct pl_purged done;

    test_work_of_writer(&t);
    ck_assert_int_eq(pl_store_purge(t.store, &what, &done, NULL), AN_OK);
    ck_assert_int_eq(done.n, 0);
    return test_work();
}

START_TEST(looking_for_what_is_due_costs_the_same_in_a_larger_store)
{
    enum pl_purge_kind kind = (enum pl_purge_kind)_i;
    int64_t before;

    crowd(0, FEW);
    before = work_of_purge(kind, TEST_EPOCH_US);
    ck_assert_int_gt(before, 0);
    crowd(FEW, MANY);
    ck_assert_int_eq(work_of_purge(kind, TEST_EPOCH_US), before);
}
END_TEST

static void drop_bytes(void)
{
    struct pl_purge what = {.kind = PL_PURGE_RAW,
                            .before_us = 2 * TEST_EPOCH_US,
                            .now_us = TEST_EPOCH_US};
    struct pl_purged done = {.more = true};

    while (done.more)
        ck_assert_int_eq(pl_store_purge(t.store, &what, &done, NULL), AN_OK);
}

/* The bytes are gone and the events are kept for longer: the usual case. */
START_TEST(events_that_are_kept_are_not_looked_at)
{
    int64_t before;

    crowd(0, FEW);
    drop_bytes();
    before = work_of_purge(PL_PURGE_EVENTS, TEST_EPOCH_US);
    crowd(FEW, MANY);
    drop_bytes();
    ck_assert_int_eq(work_of_purge(PL_PURGE_EVENTS, TEST_EPOCH_US), before);
    ck_assert_int_le(work_of_purge(PL_PURGE_RAW, 2 * TEST_EPOCH_US), before);
}
END_TEST

/* One message and two suggestions of a patient of their own. */
static int64_t work_of_erasure(uint64_t n)
{
    struct pl_intake in = test_intake(&t, n, n);
    struct pl_purge who = {.now_us = TEST_EPOCH_US,
                           .actor = AN_STR("op"),
                           .role = AN_STR("operator")};
    struct pl_erased total = {.more = true};
    struct pl_history h;

    (void)test_put(&t, &in);
    say(n);
    answer_all();
    h = test_history(&t, n, CTX_AS_OF_ALL);
    ck_assert_int_eq(pl_store_erase(t.store, &h.person, TEST_EPOCH_US, NULL),
                     AN_OK);
    test_work_of_writer(&t);
    while (total.more)
        ck_assert_int_eq(pl_store_erase_step(t.store, &who, &total, NULL),
                         AN_OK);
    ck_assert_int_eq(total.n_messages, 1);
    ck_assert_int_eq(total.n_suggestions, 2);
    ck_assert_int_eq(total.n_outbox, 1);
    return test_work();
}

START_TEST(erasing_one_patient_costs_the_same_among_more)
{
    int64_t before;

    crowd(0, FEW);
    before = work_of_erasure(1000000);
    crowd(FEW, MANY);
    ck_assert_int_eq(work_of_erasure(1000001), before);
}
END_TEST

/* ---- what goes ------------------------------------------------------------- */

START_TEST(a_message_of_a_wrong_clock_holds_up_no_other_and_is_not_forgotten)
{
    static const int64_t came_us[] = {3, 900, 1, 2}; /* after the epoch */
    struct pl_purge what = {.now_us = TEST_EPOCH_US + 1000};
    struct pl_purged done;
    int64_t n;

    for (uint64_t i = 0; i < 4; i++) {
        struct pl_intake in = test_intake(&t, i, i);

        in.received_us = TEST_EPOCH_US + came_us[i];
        (void)test_put(&t, &in);
    }
    what.before_us = TEST_EPOCH_US + 3;
    ck_assert_int_eq(pl_purge_count(t.reader, &what, &n, NULL), AN_OK);
    ck_assert_int_eq(n, 2);
    ck_assert_int_eq(pl_store_purge(t.store, &what, &done, NULL), AN_OK);
    ck_assert_int_eq(done.n, 2);
    /* It came before those, by its number. */
    what.before_us = TEST_EPOCH_US + 4;
    ck_assert_int_eq(pl_store_purge(t.store, &what, &done, NULL), AN_OK);
    ck_assert_int_eq(done.n, 1);
    what.before_us = TEST_EPOCH_US + 901;
    ck_assert_int_eq(pl_store_purge(t.store, &what, &done, NULL), AN_OK);
    ck_assert_int_eq(done.n, 1);
    ck_assert_int_eq(pl_n_purged(t.reader, &n, NULL), AN_OK);
    ck_assert_int_eq(n, 4);
    test_store_check(&t);
}
END_TEST

static void drop_said_before(int64_t before_us)
{
    struct pl_purge what = {.kind = PL_PURGE_EVENTS,
                            .before_us = before_us,
                            .now_us = TEST_EPOCH_US};
    struct pl_purged done = {.more = true};

    drop_bytes();
    while (done.more)
        ck_assert_int_eq(pl_store_purge(t.store, &what, &done, NULL), AN_OK);
}

/* A patient who opted out long ago is still in treatment. */
START_TEST(an_opt_out_and_who_is_who_outlive_the_events)
{
    static const struct ctx_code deny = {AN_STR_INIT(CTX_CONSENT_SYSTEM),
                                         AN_STR_INIT("deny"), AN_STR_INIT("")};
    struct test_message *m = an_arena_get(&t.arena, 1, sizeof(*m));
    struct pl_intake in;
    struct pl_history h;
    struct ctx_consent c;

    ck_assert_ptr_nonnull(m);
    test_message(m, 1, 7);
    m->event[3] = (struct ctx_event){.kind = CTX_CONSENT,
                                     .status = CTX_STATUS_FINAL,
                                     .concept = deny,
                                     .said_us = TEST_EPOCH_US + 2000000,
                                     .available_us = TEST_EPOCH_US + 2000000,
                                     .fact = AN_STR("consent|1"),
                                     .place = AN_STR("CON[1]")};
    m->event[3].value.kind = CTX_VALUE_TEXT;
    m->event[3].value.text = AN_STR(CTX_CONSENT_ALL);
    in = test_intake_of(&t, m->bytes, &m->reading);
    (void)test_put(&t, &in);
    in = test_intake(&t, 2, 7);
    (void)test_put(&t, &in);
    drop_said_before(2 * TEST_EPOCH_US);
    h = test_history(&t, 7, CTX_AS_OF_ALL);
    ck_assert_uint_eq(h.person.n_members, 2);
    ck_assert_uint_eq(h.n_said, 1);
    ck_assert_uint_eq(h.consents.n_events, 1);
    ctx_consent_of(&h.timeline, &h.consents, 2 * TEST_EPOCH_US, &c);
    ck_assert(c.all);
    test_store_check(&t);
    /* The same bytes again bring back no more than that. */
    (void)test_put(&t, &in);
    ck_assert_uint_eq(test_history(&t, 7, CTX_AS_OF_ALL).n_said, 1);
}
END_TEST

Suite *store_purge_suite(void)
{
    const TTest *const test[] = {
        events_that_are_kept_are_not_looked_at,
        erasing_one_patient_costs_the_same_among_more,
        a_message_of_a_wrong_clock_holds_up_no_other_and_is_not_forgotten,
        an_opt_out_and_who_is_who_outlive_the_events};
    Suite *s = test_suite_around(
        "store/purge", test, sizeof(test) / sizeof(test[0]), set_up, tear_down);
    TCase *kinds = tcase_create("kinds");

    tcase_add_checked_fixture(kinds, set_up, tear_down);
    tcase_add_loop_test(
        kinds, looking_for_what_is_due_costs_the_same_in_a_larger_store, 0,
        PL_N_PURGE_KINDS);
    suite_add_tcase(s, kinds);
    return s;
}

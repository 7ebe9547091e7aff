/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever has a visit now hears of what changes it, though it was said of others
 * from whom moves led it there; and nobody else does. */
#include "plugin/store/writer_int.h"
#include "tests/closing_help.h"
#include "tests/store_work.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *store_led_suite(void);

static void set_up(void)
{
    test_store_open(&closing_store);
}

static void tear_down(void)
{
    test_store_close(&closing_store);
}

/* A result of one fact, "" for one without a visit. */
static void put_fact(uint64_t n, unsigned patient, const char *visit,
                     unsigned labels)
{
    struct test_message *m = an_arena_get(&closing_store.arena, 1, sizeof(*m));
    struct pl_intake in;

    ck_assert_ptr_nonnull(m);
    test_message(m, n, patient);
    m->event[0].fact = AN_STR("obs|1");
    m->event[0].encounter = an_str_c(visit);
    m->event[0].labels = (uint16_t)labels;
    m->part.n_events = 1;
    in = test_intake_of(&closing_store, m->bytes, &m->reading);
    (void)test_put(&closing_store, &in);
}

/* Triggers of that reason about a patient. */
static size_t asked(unsigned patient, unsigned reason)
{
    const struct ctx_identifier who = closing_numbered(patient);
    const struct pl_trigger *list;
    size_t n, kept = 0;

    ck_assert_int_eq(pl_triggers(closing_store.reader, &closing_store.arena, 0,
                                 100, &list, &n, NULL),
                     AN_OK);
    for (size_t i = 0; i < n; i++)
        kept += list[i].reason == reason &&
                an_str_eq(list[i].patient.value, who.value);
    return kept;
}

static void move(unsigned to, unsigned from, int64_t s, const char *visit)
{
    char bytes[32];

    (void)snprintf(bytes, sizeof(bytes), "move %u to %u at %d", from, to,
                   (int)s);
    closing_claim_as(bytes, CTX_CLAIM_VISIT, to, from, s, visit);
}

static void say_all(unsigned from, unsigned to)
{
    for (unsigned i = from; i <= to; i++)
        closing_say(i, closing_number(i));
}

/* What is current of it was closed as for a move, or for a join: nothing is
 * left, or it needs all; and it is asked about, or none of that. */
static void check_left(unsigned patient, bool is)
{
    unsigned needs;

    ck_assert_uint_eq(closing_current(patient, &needs), is ? 0 : 1);
    ck_assert_uint_eq(needs, 0);
    ck_assert_uint_eq(asked(patient, PL_REASON_CLOSING), is);
}

static void check_joined(unsigned patient, bool is)
{
    unsigned needs;

    ck_assert_uint_eq(closing_current(patient, &needs), 1);
    ck_assert_uint_eq(needs, is ? CTX_LABEL_VERY_RESTRICTED : 0);
    ck_assert_uint_eq(asked(patient, PL_REASON_CLOSING), is);
}

/* ---- news ------------------------------------------------------------------ */

/* By its number, by another version of its fact, by one that is filed where the
 * visit came from. */
START_TEST(what_is_said_under_an_old_number_is_news_for_who_has_the_visit)
{
    for (unsigned i = 5; i <= 8; i++)
        closing_put(i, i, 0);
    put_fact(9, _i == 2 ? 6 : 9, "GENHOSP|V9", 0);
    if (_i == 2)
        closing_claim_as("before", CTX_CLAIM_VISIT, 9, 6, 1, "GENHOSP|V9");
    move(7, 9, 2, _i == 2 ? "GENHOSP|V2" : "GENHOSP|V9");
    put_fact(20, 9, _i ? "" : "GENHOSP|V9", 0);
    ck_assert_uint_eq(asked(7, PL_REASON_RESULT), 2);
    ck_assert_uint_eq(asked(8, PL_REASON_RESULT), 1);
    ck_assert_uint_eq(asked(5, PL_REASON_RESULT), 1);
}
END_TEST

/* The same message is the first to say that the two are one. */
START_TEST(
    what_a_new_number_of_the_old_one_brings_is_news_for_who_has_the_visit)
{
    struct ctx_event e = {.kind = CTX_OBSERVATION,
                          .status = CTX_STATUS_FINAL,
                          .said_us = TEST_EPOCH_US,
                          .available_us = TEST_EPOCH_US,
                          .effective = {TEST_EPOCH_US, 0, AN_TIME_SECOND, 0},
                          .encounter = AN_STR("GENHOSP|V9")};
    struct ctx_part part = {closing_numbered(8), &e, 1};
    struct ctx_claim same = {.kind = CTX_CLAIM_SAME,
                             .current = closing_numbered(_i ? 9 : 8),
                             .prior = closing_numbered(_i ? 8 : 9),
                             .available_us = TEST_EPOCH_US};
    struct ctx_reading reading = {.kind = AN_STR("ORU^R01"),
                                  .part = &part,
                                  .n_parts = 1,
                                  .claim = &same,
                                  .n_claims = 1};
    struct pl_intake in;

    for (unsigned i = 5; i <= 9; i++)
        closing_put(i, i, 0);
    move(7, 9, 1, "GENHOSP|V9");
    in = test_intake_of(&closing_store, AN_STR("both"), &reading);
    (void)test_put(&closing_store, &in);
    ck_assert_uint_eq(asked(7, PL_REASON_RESULT), 2);
    ck_assert_uint_eq(asked(6, PL_REASON_RESULT), 1);
}
END_TEST

/* ---- what it takes ---------------------------------------------------------- */

enum { FACTS = 300, VERSIONS = 30 };

/* A report of many facts that was sent many times. */
START_TEST(a_long_report_that_comes_again_and_again_takes_little_memory)
{
    struct ctx_event *e = an_arena_get(&closing_store.arena, FACTS, sizeof(*e));
    struct ctx_part part = {closing_numbered(9), e, FACTS};
    struct ctx_reading reading = {
        .kind = AN_STR("ORU^R01"), .part = &part, .n_parts = 1};

    ck_assert_ptr_nonnull(e);
    for (unsigned i = 0; i < FACTS; i++) {
        char fact[16];

        (void)snprintf(fact, sizeof(fact), "obs|%u", i);
        e[i] = (struct ctx_event){
            .kind = CTX_OBSERVATION,
            .status = CTX_STATUS_FINAL,
            .effective = {TEST_EPOCH_US, 0, AN_TIME_SECOND, 0},
            .encounter = AN_STR("GENHOSP|V9")};
        ck_assert(
            an_arena_str(&closing_store.arena, an_str_c(fact), &e[i].fact));
    }
    move(7, 9, 1, "GENHOSP|V9");
    for (unsigned n = 0; n < VERSIONS; n++) {
        struct pl_intake in;
        char bytes[16];

        (void)snprintf(bytes, sizeof(bytes), "report %u", n);
        for (unsigned i = 0; i < FACTS; i++)
            e[i].said_us = e[i].available_us = TEST_EPOCH_US + n;
        in = test_intake_of(&closing_store, an_str_c(bytes), &reading);
        (void)test_put(&closing_store, &in);
    }
    ck_assert_uint_eq(asked(7, PL_REASON_RESULT), VERSIONS);
}
END_TEST

/* ---- labels ---------------------------------------------------------------- */

/* The version that names the visit is filed where that came from. */
START_TEST(a_label_filed_where_a_visit_was_closes_where_it_is)
{
    unsigned needs;

    for (unsigned i = 5; i <= 8; i++)
        closing_put(i, i, 0);
    put_fact(9, 9, "GENHOSP|V9", 0);
    move(8, 9, 1, "GENHOSP|V9");
    move(7, 8, 2, "GENHOSP|V2");
    say_all(5, 9);
    put_fact(20, 8, "", CTX_LABEL_HIV);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_HIV);
    ck_assert_uint_eq(asked(7, PL_REASON_CLOSING), 1);
    for (unsigned i = 5; i <= 6; i++)
        check_joined(i, false);
}
END_TEST

/* ---- a fact that leaves ----------------------------------------------------- */

/* A result without a visit turns out to be of one that is another's, or of
 * another one. */
START_TEST(naming_a_visit_that_is_gone_closes_whom_the_fact_leaves)
{
    unsigned needs;

    for (unsigned i = 5; i <= 9; i++)
        closing_put(i, i, 0);
    move(7, 9, 1, "GENHOSP|V9");
    move(6, 9, 2, "GENHOSP|V8");
    put_fact(11, 9, "", 0);
    if (_i)
        put_fact(12, 9, "GENHOSP|V8", 0);
    say_all(5, 9);
    put_fact(20, 9, "GENHOSP|V9", 0);
    check_left(9, true);
    check_left(7, true);
    check_left(6, _i);
    check_left(5, false);
    /* What it names once more is no news, nor what was said before. */
    say_all(6, 9);
    put_fact(21, 9, "GENHOSP|V9", 0);
    put_fact(10, 9, "GENHOSP|V8", 0);
    for (unsigned i = 5; i <= 9; i++)
        ck_assert_uint_eq(closing_current(i, &needs), 1);
}
END_TEST

/* It is filed where the visit only was. */
START_TEST(naming_a_visit_closes_where_a_version_was_filed_on_its_way)
{
    for (unsigned i = 5; i <= 8; i++)
        closing_put(i, i, 0);
    move(8, 9, 1, "GENHOSP|V9");
    move(7, 8, 2, "GENHOSP|V2");
    put_fact(10, 8, "", 0);
    say_all(5, 8);
    put_fact(20, 9, "GENHOSP|V9", 0);
    check_left(8, true);
    check_left(7, true);
    check_left(6, false);
}
END_TEST

/* ---- who is who ------------------------------------------------------------- */

enum {
    BY_VISIT,
    BY_MOVE,
    BY_FACT,
    BY_NAME,
    BY_STOP,
    BY_OTHER_STOP,
    BY_HOME,
    BY_OTHER_HOME,
    N_WAYS
};

/* From 5 it went on to 7: with it a version that is filed where it was in between
 * without a visit; and not when one who is the same knows of a visit. */
static void stop_way(unsigned way)
{
    unsigned from = way == BY_STOP || way == BY_HOME ? 9 : 8;
    unsigned other = from == 9 ? 8 : 9;
    bool is_home = way == BY_HOME || way == BY_OTHER_HOME;

    put_fact(10, 5, "GENHOSP|V9", 0);
    move(from, 5, 1, "GENHOSP|V9");
    move(7, from, 2, "GENHOSP|V2");
    put_fact(11, is_home ? from : other, "", 0);
    if (is_home)
        put_fact(12, other, "GENHOSP|V7", 0);
}

/* 9 has a visit moved to 7, and 8 has what goes with it, or the other way
 * around; the link of the two is then the first of any kind. */
static void part_way(unsigned way)
{
    unsigned from = way == BY_MOVE || way == BY_NAME ? 8 : 9;

    for (unsigned i = 5; i <= 9; i++)
        closing_put(i, i, 0);
    if (way >= BY_STOP) {
        stop_way(way);
        return;
    }
    move(7, from, 1, "GENHOSP|V9");
    if (way >= BY_FACT)
        put_fact(10, from, "GENHOSP|V9", 0);
    put_fact(11, from == 9 ? 8 : 9, way >= BY_FACT ? "" : "GENHOSP|V9", 0);
}

START_TEST(a_join_closes_where_a_visit_is_that_it_brings_events_of)
{
    unsigned way = (unsigned)_i % N_WAYS;

    part_way(way);
    say_all(5, 9);
    closing_claim_at("join", _i < N_WAYS ? CTX_CLAIM_MERGE : CTX_CLAIM_SAME, 9,
                     8, 30);
    check_joined(7, true);
    check_joined(9, true);
    check_joined(5, false);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 2);
}
END_TEST

/* What left with a visit of the other comes back. */
START_TEST(a_parting_closes_where_a_visit_is_that_it_takes_events_of)
{
    unsigned way = (unsigned)_i % N_WAYS;

    part_way(way);
    closing_claim_at("join", CTX_CLAIM_MERGE, 9, 8, 30);
    say_all(5, 7);
    closing_say(9, closing_number(9));
    if (_i < N_WAYS)
        closing_claim_at("part", CTX_CLAIM_UNMERGE, 9, 8, 31);
    else
        closing_claim_at("part", CTX_CLAIM_MOVE, 6, 8, 31);
    check_left(7, true);
    check_left(9, true);
    check_left(5, false);
    check_left(6, _i >= N_WAYS);
}
END_TEST

/* Whose visits were moved, but none that the other knows, or had a part in. */
START_TEST(a_join_closes_nobody_whose_visit_it_does_not_touch)
{
    for (unsigned i = 5; i <= 9; i++)
        closing_put(i, i, 0);
    put_fact(10, 5, "GENHOSP|V9", 0);
    move(9, 5, 1, "GENHOSP|V9");
    move(7, 9, 1, "GENHOSP|V0000009");
    move(7, 9, 2, "GENHOSP|V2");
    put_fact(11, 9, "", 0);
    move(6, 8, 2, "GENHOSP|V0000008");
    say_all(5, 9);
    closing_claim_at("join", _i ? CTX_CLAIM_MERGE : CTX_CLAIM_SAME, 9, 8, 30);
    check_joined(5, false);
    check_joined(9, true);
    check_joined(6, false);
    check_joined(7, false);
}
END_TEST

Suite *store_led_suite(void)
{
    const TTest *const test[] = {
        a_label_filed_where_a_visit_was_closes_where_it_is,
        naming_a_visit_closes_where_a_version_was_filed_on_its_way,
    };
    Suite *s = test_suite_around(
        "store/led", test, sizeof(test) / sizeof(test[0]), set_up, tear_down);
    TCase *kinds = tcase_create("kinds");

    tcase_add_checked_fixture(kinds, set_up, tear_down);
    tcase_add_loop_test(
        kinds, what_is_said_under_an_old_number_is_news_for_who_has_the_visit,
        0, 3);
    tcase_add_loop_test(
        kinds,
        what_a_new_number_of_the_old_one_brings_is_news_for_who_has_the_visit,
        0, 2);
    tcase_add_test(
        kinds, a_long_report_that_comes_again_and_again_takes_little_memory);
    tcase_set_timeout(kinds, 120);
    tcase_add_loop_test(
        kinds, naming_a_visit_that_is_gone_closes_whom_the_fact_leaves, 0, 2);
    tcase_add_loop_test(kinds,
                        a_join_closes_where_a_visit_is_that_it_brings_events_of,
                        0, 2 * N_WAYS);
    tcase_add_loop_test(
        kinds, a_parting_closes_where_a_visit_is_that_it_takes_events_of, 0,
        2 * N_WAYS);
    tcase_add_loop_test(
        kinds, a_join_closes_nobody_whose_visit_it_does_not_touch, 0, 2);
    suite_add_tcase(s, kinds);
    return s;
}

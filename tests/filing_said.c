/* SPDX-License-Identifier: Apache-2.0 */
/* What the receiver is told of a suggestion over time: first, newer, withdrawn,
 * released, withheld. */
#include "plugin/store/outgoing.h"
#include "tests/filing_help.h"
#include "tests/suite.h"

#include <string.h>

Suite *filing_said_suite(void);

static const enum receiver_answer ok[] = {RECEIVER_AA};

static struct pl_filer *filer;

static void set_up(void)
{
    filing_set_up();
    filer = filing_start(receiver_start(ok, 1));
}

static void tear_down(void)
{
    pl_filer_close(filer, 1000);
    receiver_stop();
    filing_tear_down();
}

/* All that waits is sent; then there are n messages. */
static void settle(size_t n)
{
    pl_filer_wake(filer);
    ck_assert(filing_wait());
    ck_assert_uint_eq(receiver_n(), n);
}

static void check(size_t i, const char *segment, size_t field, const char *want)
{
    char text[256];

    filing_field(i, segment, field, text);
    ck_assert_str_eq(text, want);
}

static int64_t current(const char *who)
{
    const struct ctx_identifier id = {AN_STR("GENHOSP"), an_str_c(who),
                                      AN_STR("")};
    const struct pl_suggestion *list;
    size_t n;

    ck_assert_int_eq(pl_suggestions(filing_store.reader, &filing_store.arena,
                                    &id, 0, 9, &list, &n, NULL),
                     AN_OK);
    ck_assert_uint_eq(n, 1);
    return list[0].id;
}

static void release(const char *who, enum pl_release to)
{
    const struct pl_audit_entry by = {.time_us = TEST_EPOCH_US + 1000,
                                      .actor = AN_STR("dr.h"),
                                      .role = AN_STR("clinician"),
                                      .details = AN_STR("{}")};

    ck_assert_int_eq(
        pl_store_release(filing_store.store, current(who), to, &by, NULL),
        AN_OK);
}

START_TEST(a_newer_one_is_a_correction_of_the_same_number)
{
    char first[256], second[256];

    filing_say("M1", CTX_FOR_CLINICIAN, "One in four.", 1);
    settle(1);
    filing_say("M1", CTX_FOR_CLINICIAN, "One in three.", 1);
    settle(2);
    check(0, "OBX", 11, "P");
    check(1, "OBX", 11, "C");
    check(1, "OBR", 25, "C");
    filing_field(0, "OBR", 3, first);
    check(1, "OBR", 3, first);
    filing_field(0, "MSH", 10, first);
    filing_field(1, "MSH", 10, second);
    ck_assert_str_ne(first, second);
}
END_TEST

START_TEST(what_is_not_said_any_more_is_withdrawn_once)
{
    filing_say("M1", CTX_FOR_CLINICIAN, "One in four.", 2);
    filing_say("M2", CTX_FOR_CLINICIAN, "One in four.", 1);
    settle(3);
    filing_say("M1", CTX_FOR_CLINICIAN, "", 0);
    settle(5);
    for (size_t i = 3; i < 5; i++) {
        check(i, "OBX", 11, "W");
        check(i, "OBX", 5, "\"\"");
        check(i, "PID", 3, "M1^^^GENHOSP^MR");
        ck_assert_ptr_nonnull(strstr(receiver_message(i), "Withdrawn"));
        ck_assert_ptr_null(strstr(receiver_message(i), "One in four"));
    }
    filing_say("M1", CTX_FOR_CLINICIAN, "", 0);
    settle(5);
    /* Said again, it is one that the receiver has had. */
    filing_say("M1", CTX_FOR_CLINICIAN, "One in two.", 1);
    settle(6);
    check(5, "OBX", 11, "C");
}
END_TEST

START_TEST(what_never_left_is_not_withdrawn)
{
    filing_policy.stage = CFG_SHADOW;
    receiver_sleep_ms(20);
    filing_say("M1", CTX_FOR_CLINICIAN, "One in four.", 1);
    filing_say("M1", CTX_FOR_CLINICIAN, "", 0);
    ck_assert_int_eq(filing_counts().n_filing_waiting, 0);
    filing_policy.stage = CFG_LIVE;
    settle(0);
}
END_TEST

START_TEST(a_text_for_a_patient_waits_for_a_word_and_is_then_final)
{
    filing_say("M1", CTX_FOR_PATIENT, "About one in four.", 1);
    settle(0);
    ck_assert_int_eq(filing_counts().n_filing_held, 1);
    release("M1", PL_RELEASE_RELEASED);
    settle(1);
    check(0, "OBX", 11, "F");
    check(0, "OBX", 16, "dr.h");
    release("M1", PL_RELEASE_WITHHELD);
    settle(2);
    check(1, "OBX", 11, "W");
    release("M1", PL_RELEASE_RELEASED);
    settle(3);
    check(2, "OBX", 11, "C");
    ck_assert_ptr_nonnull(strstr(receiver_message(2), "released by a"));
}
END_TEST

START_TEST(another_environment_withdraws_nothing)
{
    filing_say("M1", CTX_FOR_CLINICIAN, "One in four.", 1);
    settle(1);
    ck_assert_int_eq(pl_store_outbox_keep(filing_store.store,
                                          AN_STR("production|newer"),
                                          TEST_EPOCH_US, NULL),
                     AN_OK);
    filing_say("M1", CTX_FOR_CLINICIAN, "", 0);
    settle(2);
    filing_say("M1", CTX_FOR_CLINICIAN, "One in four.", 1);
    settle(3);
    ck_assert_int_eq(pl_store_outbox_keep(filing_store.store,
                                          AN_STR("demo|abc123"), TEST_EPOCH_US,
                                          NULL),
                     AN_OK);
    filing_say("M1", CTX_FOR_CLINICIAN, "", 0);
    settle(3);
}
END_TEST

Suite *filing_said_suite(void)
{
    const TTest *const test[] = {
        a_newer_one_is_a_correction_of_the_same_number,
        what_is_not_said_any_more_is_withdrawn_once,
        what_never_left_is_not_withdrawn,
        a_text_for_a_patient_waits_for_a_word_and_is_then_final,
        another_environment_withdraws_nothing};

    return test_suite_around("filing/said", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The filer against a receiver that answers in every way a receiver can. */
#include "plugin/host/thread.h"
#include "plugin/store/outgoing.h"
#include "tests/filing_help.h"
#include "tests/suite.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *filing_deliver_suite(void);

#define N(list) (sizeof(list) / sizeof((list)[0]))

START_TEST(each_patients_messages_come_in_order)
{
    static const enum receiver_answer ok[] = {RECEIVER_AA, RECEIVER_CA,
                                              RECEIVER_TWO};
    struct pl_filer_counts c;
    struct pl_filer *f;
    uint16_t port = receiver_start(ok, N(ok));
    char text[256];

    filing_say("M1", CTX_FOR_CLINICIAN, "One in four.", 3);
    f = filing_start(port);
    ck_assert(filing_wait());
    pl_filer_counts(f, &c);
    pl_filer_close(f, 1000);
    receiver_stop();
    ck_assert_uint_eq(receiver_n(), 3);
    ck_assert_uint_eq(c.n_delivered, 3);
    for (size_t i = 0; i < 3; i++) {
        filing_field(i, "OBR", 3, text);
        ck_assert_int_eq(text[strlen("M1-0-")], '0' + (int)i);
        filing_field(i, "PID", 3, text);
        ck_assert_str_eq(text, "M1^^^GENHOSP^MR");
        filing_field(i, "PV1", 19, text);
        ck_assert_str_eq(text, "V1^^^GENHOSP");
        filing_field(i, "OBX", 11, text);
        ck_assert_str_eq(text, "P");
        filing_field(i, "MSH", 11, text);
        ck_assert_str_eq(text, "P");
    }
    test_store_check(&filing_store);
}
END_TEST

START_TEST(every_answer_that_is_none_is_tried_again_with_the_same_bytes)
{
    static const enum receiver_answer odd[] = {
        RECEIVER_CLOSE,   RECEIVER_GARBAGE, RECEIVER_BARE,
        RECEIVER_UNNAMED, RECEIVER_SILENCE, RECEIVER_OTHER,
        RECEIVER_AE,      RECEIVER_CE,      RECEIVER_AA};
    struct pl_filer_counts c;
    struct pl_filer *f;
    uint16_t port = receiver_start(odd, N(odd));

    filing_say("M1", CTX_FOR_CLINICIAN, "One in four.", 1);
    f = filing_start(port);
    ck_assert(filing_wait());
    pl_filer_counts(f, &c);
    pl_filer_close(f, 1000);
    receiver_stop();
    ck_assert_uint_ge(receiver_n(), N(odd));
    for (size_t i = 1; i < receiver_n(); i++)
        ck_assert_str_eq(receiver_message(i), receiver_message(0));
    ck_assert_uint_eq(c.n_delivered, 1);
    ck_assert_uint_eq(c.n_refused, 0);
    ck_assert_int_eq(filing_counts().n_filing_dead, 0);
}
END_TEST

/* _i: AR, CR are final; AE, CE after three. */
START_TEST(what_is_refused_is_dead_and_stops_nobody)
{
    static const struct {
        enum receiver_answer answer[4];
        size_t n_before;
    } row[] = {{{RECEIVER_AR, RECEIVER_AA, RECEIVER_AA, RECEIVER_AA}, 1},
               {{RECEIVER_CR, RECEIVER_AA, RECEIVER_AA, RECEIVER_AA}, 1},
               {{RECEIVER_AE, RECEIVER_AE, RECEIVER_AE, RECEIVER_AA}, 3},
               {{RECEIVER_AE, RECEIVER_CE, RECEIVER_AE, RECEIVER_AA}, 3}};

    for (size_t i = 0; i < N(row); i++) {
        struct pl_filer_counts c;
        struct pl_filer *f;
        uint16_t port = receiver_start(row[i].answer, 4);
        int64_t n_dead = filing_counts().n_filing_dead;

        filing_say("M1", CTX_FOR_CLINICIAN, "One in four.", 2);
        f = filing_start(port);
        ck_assert(filing_wait());
        pl_filer_counts(f, &c);
        pl_filer_close(f, 1000);
        receiver_stop();
        ck_assert_uint_eq(c.n_refused, 1);
        ck_assert_uint_eq(c.n_delivered, 1);
        ck_assert_uint_eq(receiver_n(), row[i].n_before + 1);
        ck_assert_int_eq(filing_counts().n_filing_dead, n_dead + 1);
    }
}
END_TEST

START_TEST(a_receiver_that_is_away_is_waited_for)
{
    static const enum receiver_answer ok[] = {RECEIVER_AA};
    uint16_t port = receiver_start(ok, 1);
    struct pl_filer_counts c;
    struct pl_filer *f;

    receiver_stop();
    filing_say("M1", CTX_FOR_CLINICIAN, "One in four.", 1);
    f = filing_start(port);
    for (int i = 0; i < 5000; i++) {
        pl_filer_counts(f, &c);
        if (c.n_retried >= 3)
            break;
        receiver_sleep_ms(1);
    }
    ck_assert_uint_ge(c.n_retried, 3);
    ck_assert_int_eq(filing_counts().n_filing_waiting, 1);
    ck_assert_int_eq(filing_counts().n_filing_dead, 0);
    pl_filer_close(f, 1000);
}
END_TEST

START_TEST(nothing_is_sent_in_shadow_nor_what_may_not_leave)
{
    static const enum receiver_answer ok[] = {RECEIVER_AA};
    uint16_t port = receiver_start(ok, 1);
    struct pl_filer *f;

    filing_say("M1", CTX_FOR_CLINICIAN, "One in four.", 1);
    filing_policy.stage = CFG_SHADOW;
    f = filing_start(port);
    receiver_sleep_ms(100);
    pl_filer_close(f, 1000);
    ck_assert_uint_eq(receiver_n(), 0);
    ck_assert_int_eq(filing_counts().n_filing_waiting, 1);
    /* A demonstrator that is not marked as one here may not leave either. */
    filing_policy.stage = CFG_TRIAL;
    f = filing_start(port);
    ck_assert(filing_wait());
    pl_filer_close(f, 1000);
    receiver_stop();
    ck_assert_uint_eq(receiver_n(), 0);
    ck_assert_int_eq(filing_counts().n_filing_dead, 1);
}
END_TEST

START_TEST(stops_in_time_while_a_receiver_is_silent_and_sends_again)
{
    static const enum receiver_answer silent[] = {RECEIVER_SILENCE,
                                                  RECEIVER_AA};
    uint16_t port = receiver_start(silent, 2);
    struct pl_filer *f;
    int64_t began_ms;

    filing_say("M1", CTX_FOR_CLINICIAN, "One in four.", 1);
    f = filing_start(port);
    ck_assert(receiver_wait(1));
    began_ms = pl_now_ms();
    pl_filer_close(f, 20);
    ck_assert_int_lt(pl_now_ms() - began_ms, 190);
    ck_assert_int_eq(filing_counts().n_filing_waiting, 1);
    f = filing_start(port);
    ck_assert(filing_wait());
    pl_filer_close(f, 1000);
    receiver_stop();
    ck_assert_str_eq(receiver_message(1), receiver_message(0));
}
END_TEST

static pid_t victim;

static void kill_the_sender(void)
{
    if (victim) {
        int status;

        (void)kill(victim, SIGKILL);
        (void)waitpid(victim, &status, 0);
        victim = 0;
    }
}

START_TEST(killed_between_sending_and_noting_it_sends_the_same_message_again)
{
    static const enum receiver_answer ok[] = {RECEIVER_AA};
    struct pl_filer *f;
    uint16_t port;
    int ends[2];

    filing_say("M1", CTX_FOR_CLINICIAN, "One in four.", 1);
    pl_reader_close(filing_store.reader);
    pl_store_close(filing_store.store);
    filing_store.reader = NULL;
    filing_store.store = NULL;
    ck_assert_int_eq(pipe(ends), 0);
    /* The child is made before there are threads, and told the port. */
    victim = fork();
    ck_assert_int_ge(victim, 0);
    if (victim == 0) {
        if (read(ends[0], &port, sizeof(port)) != (ssize_t)sizeof(port))
            _exit(1);
        test_store_reopen(&filing_store);
        (void)filing_start(port);
        for (;;)
            pause();
    }
    port = receiver_start(ok, 1);
    receiver_on_message(kill_the_sender);
    ck_assert_int_eq(write(ends[1], &port, sizeof(port)), sizeof(port));
    ck_assert(receiver_wait(1));
    while (victim)
        receiver_sleep_ms(1);
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_store_reopen(&filing_store);
    ck_assert_int_eq(filing_counts().n_filing_waiting, 1);
    f = filing_start(port);
    ck_assert(filing_wait());
    pl_filer_close(f, 1000);
    receiver_stop();
    ck_assert_uint_eq(receiver_n(), 2);
    ck_assert_str_eq(receiver_message(1), receiver_message(0));
    test_store_check(&filing_store);
}
END_TEST

START_TEST(a_demo_sends_messages_to_test_receivers_only)
{
    struct pl_policy p = {.environment = CFG_DEMO,
                          .stage = CFG_LIVE,
                          .demonstrator = true,
                          .has_receiver = true};
    struct an_err err;

    ck_assert_int_eq(pl_policy_check(&p, NULL, NULL, &err), AN_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.what, "hl7_out.test_target"));
    ck_assert(!pl_face_is_open(&p, PL_FACE_HL7));
    p.receiver_is_test = true;
    ck_assert_int_eq(pl_policy_check(&p, NULL, NULL, &err), AN_OK);
    ck_assert(pl_face_is_open(&p, PL_FACE_HL7));
    ck_assert(!pl_face_is_open(&p, PL_FACE_OUTBOX));
}
END_TEST

Suite *filing_deliver_suite(void)
{
    const TTest *const test[] = {
        a_demo_sends_messages_to_test_receivers_only,
        each_patients_messages_come_in_order,
        every_answer_that_is_none_is_tried_again_with_the_same_bytes,
        what_is_refused_is_dead_and_stops_nobody,
        a_receiver_that_is_away_is_waited_for,
        nothing_is_sent_in_shadow_nor_what_may_not_leave,
        stops_in_time_while_a_receiver_is_silent_and_sends_again,
        killed_between_sending_and_noting_it_sends_the_same_message_again};

    return test_suite_around("filing/deliver", test, N(test), filing_set_up,
                             filing_tear_down);
}

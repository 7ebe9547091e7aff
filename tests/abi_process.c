/* SPDX-License-Identifier: Apache-2.0 */
/* process: acknowledgements, suggestions, deadlines, threads. */
#include "plugin/abi/results.h"
#include "tests/abi_help.h"
#include "tests/suite.h"

#include <dirent.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *abi_process_suite(void);

static struct test_host t;

static void set_up(void)
{
    memset(&t, 0, sizeof(t));
}

static void tear_down(void)
{
    if (t.p)
        test_host_drop(&t);
}

static void open_as(const char *stage)
{
    test_host_make(&t, stage);
    test_host_open(&t);
}

/* An invented patient with a long history, in whom the model believes. */
static void know_marta(void)
{
    struct test_came came;

    test_send_file(&t, "history.json", ANAMNESIS_MSG_HISTORICAL, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
    ck_assert_uint_eq(came.n[ANAMNESIS_OPERATION_OUTCOME], 1);
    ck_assert_uint_eq(came.n[ANAMNESIS_FHIR_BUNDLE], 0);
}

static void discharge(int n, uint32_t deadline_ms, struct test_came *came)
{
    char text[TEST_ADT_BYTES];

    test_adt(text, "A03", n, 100042);
    test_send(&t, text, 0, deadline_ms, came);
    ck_assert_int_eq(came->status, ANAMNESIS_OK);
    ck_assert_ptr_nonnull(strstr(came->first, "MSA|AA|N"));
}

START_TEST(live_returns_what_a_discharge_made)
{
    struct test_came came, again;

    open_as("live");
    know_marta();
    discharge(1, 0, &came);
    ck_assert_uint_eq(came.n[ANAMNESIS_HL7_ACK], 1);
    ck_assert_uint_eq(came.n[ANAMNESIS_FHIR_BUNDLE], 1);
    ck_assert(came.is_transaction && came.has_risk && came.has_provenance);
    ck_assert(came.is_marked); /* a demo */
    /* The same bytes: the same answer, no second suggestion. */
    discharge(1, 0, &again);
    ck_assert_str_eq(again.first, came.first);
    ck_assert_uint_eq(again.n[ANAMNESIS_FHIR_BUNDLE], 0);
}
END_TEST

static void *tell_story(void *arg)
{
    struct test_came came;

    (void)arg;
    know_marta();
    discharge(1, 0, &came);
    ck_assert_uint_eq(came.n[ANAMNESIS_FHIR_BUNDLE], 1);
    return NULL;
}

/* Of what the header asks for; sanitizers want more. */
static void small_stack(pthread_attr_t *attr)
{
    (void)pthread_attr_init(attr);
#if !defined(__SANITIZE_ADDRESS__)
    ck_assert_int_eq(
        pthread_attr_setstacksize(attr, (test_is_helper ? 64U : 256U) << 10),
        0);
#endif
}

START_TEST(a_small_stack_is_enough)
{
    pthread_attr_t attr;
    pthread_t thread;

    open_as("live");
    small_stack(&attr);
    ck_assert_int_eq(pthread_create(&thread, &attr, tell_story, NULL), 0);
    (void)pthread_join(thread, NULL);
    (void)pthread_attr_destroy(&attr);
}
END_TEST

START_TEST(floating_point_is_left_as_it_was)
{
    open_as("live");
    ck_assert_int_eq(fesetround(FE_UPWARD), 0);
    (void)tell_story(NULL);
    ck_assert_int_eq(fegetround(), FE_UPWARD);
    (void)fesetround(FE_TONEAREST);
}
END_TEST

/* A signal of the host is not for us. */
static bool blocks_signals(const char *tid)
{
    const unsigned long long wanted =
        1ULL << (SIGTERM - 1) | 1ULL << (SIGCHLD - 1) | 1ULL << (SIGUSR1 - 1);
    unsigned long long blocked = 0;
    char path[300], line[256];
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/self/task/%s/status", tid);
    f = fopen(path, "r");
    if (f == NULL)
        return true; /* it has ended */
    while (fgets(line, sizeof(line), f))
        if (strncmp(line, "SigBlk:", 7) == 0)
            blocked = strtoull(line + 7, NULL, 16);
    (void)fclose(f);
    return (blocked & wanted) == wanted;
}

START_TEST(threads_of_the_library_take_no_signals)
{
    char mine[32];
    struct dirent *entry;
    unsigned n = 0;
    DIR *dir;

    open_as("live");
    (void)snprintf(mine, sizeof(mine), "%ld", (long)getpid());
    dir = opendir("/proc/self/task");
    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, mine) != 0) {
            ck_assert(blocks_signals(entry->d_name));
            n++;
        }
    (void)closedir(dir);
    ck_assert_uint_gt(n, 2); /* committer, watch, its workers */
}
END_TEST

START_TEST(shadow_returns_acknowledgements_and_thinks_behind)
{
    struct test_came came;
    char json[4096];

    open_as("shadow");
    know_marta();
    discharge(1, 0, &came);
    ck_assert_uint_eq(came.n[ANAMNESIS_HL7_ACK], 1);
    ck_assert_uint_eq(came.n[ANAMNESIS_FHIR_BUNDLE], 0);
    ck_assert_int_eq(t.p->drain(t.engine, 60000), ANAMNESIS_OK);
    test_status_json(&t, json);
    ck_assert_ptr_nonnull(strstr(json, "\"triggers_waiting\":0"));
    ck_assert_ptr_null(strstr(json, "\"answered\":0"));
}
END_TEST

START_TEST(what_misses_its_deadline_is_left_to_the_watch)
{
    struct test_came came;
    char json[4096];

    open_as("live");
    know_marta();
    discharge(1, 1, &came); /* a flush of the disk takes longer */
    ck_assert_uint_eq(came.n[ANAMNESIS_FHIR_BUNDLE], 0);
    ck_assert_int_eq(t.p->drain(t.engine, 60000), ANAMNESIS_OK);
    test_status_json(&t, json);
    ck_assert_ptr_nonnull(strstr(json, "\"left_to_background\":1"));
    ck_assert_ptr_nonnull(strstr(json, "\"answered\":1"));
    ck_assert_ptr_nonnull(strstr(json, "\"triggers_waiting\":0"));
}
END_TEST

/* The watch looks once a second. */
START_TEST(what_a_call_answers_the_watch_leaves_alone)
{
    struct test_came came;
    char json[4096];

    open_as("live");
    know_marta();
    t.pause_s = 3;
    discharge(1, 0, &came);
    ck_assert_uint_eq(came.n[ANAMNESIS_FHIR_BUNDLE], 1);
    test_status_json(&t, json);
    ck_assert_ptr_nonnull(strstr(json, "\"answered\":0"));
}
END_TEST

START_TEST(a_host_that_gives_up_gets_its_acknowledgement)
{
    struct test_came came;

    open_as("live");
    know_marta();
    for (int n = 1; n < 100; n++) { /* at each of the questions in turn */
        atomic_store(&t.n_asked, 0);
        t.cancel_from = n;
        discharge(n, 0, &came);
        if (came.n[ANAMNESIS_FHIR_BUNDLE])
            break;
        ck_assert_int_eq(atomic_load(&t.n_asked), n);
    }
    ck_assert_int_gt(t.cancel_from, 3);
    ck_assert_uint_eq(came.n[ANAMNESIS_FHIR_BUNDLE], 1);
}
END_TEST

START_TEST(a_refused_message_has_an_answer_that_says_so)
{
    struct test_came came;
    struct anamnesis_message in = {.struct_size = sizeof(in),
                                   .data = (const uint8_t *)"{\"resou",
                                   .n = 7,
                                   .content_type = ANAMNESIS_TYPE_FHIR};
    struct anamnesis_results *r;

    open_as("off");
    test_send(&t, "PID|1||Secret\r", 0, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_E_REFUSED);
    ck_assert_uint_eq(came.n[ANAMNESIS_HL7_ACK], 1);
    ck_assert_ptr_nonnull(strstr(came.first, "MSA|A"));
    ck_assert_str_ne(came.error.text, "");
    ck_assert_ptr_null(strstr(came.error.text, "Secret"));
    ck_assert_ptr_null(strstr(t.line, "Secret"));
    ck_assert_ptr_nonnull(strstr(t.line, "\"message_id\":\"a.test\""));
    ck_assert_int_eq(t.p->process(t.engine, &in, &r, NULL),
                     ANAMNESIS_E_REFUSED);
    ck_assert_uint_eq(t.p->result_count(r), 1);
    t.p->results_free(r);
    in.n = 0;
    ck_assert_int_eq(t.p->process(t.engine, &in, &r, NULL),
                     ANAMNESIS_E_REFUSED);
    t.p->results_free(r);
}
END_TEST

START_TEST(a_chart_can_be_opened)
{
    const struct anamnesis_chart *chart;
    struct anamnesis_results *r;
    struct anamnesis_result one = {.struct_size = sizeof(one)};

    open_as("live");
    know_marta();
    chart = t.p->get_extension(ANAMNESIS_CHART);
    ck_assert_int_eq(
        chart->ask(t.engine, "", "100042", "Practitioner/7", 0, &r, NULL),
        ANAMNESIS_OK);
    ck_assert_int_eq(t.p->result_at(r, 0, &one), ANAMNESIS_OK);
    ck_assert_uint_eq(one.kind, ANAMNESIS_FHIR_BUNDLE);
    t.p->results_free(r);
    ck_assert_int_eq(chart->ask(t.engine, "", "nobody", NULL, 0, &r, NULL),
                     ANAMNESIS_E_ARGUMENT);
    t.p->results_free(r);
    ck_assert_int_eq(chart->ask(NULL, "", "100042", NULL, 0, &r, NULL),
                     ANAMNESIS_E_ARGUMENT);
}
END_TEST

START_TEST(of_one_who_has_opted_out_a_chart_says_so)
{
    static const char message[] = "MSH|^~\\&|X|LAKESIDE|A|B|20260310120000||"
                                  "ADT^A08^ADT_A01|OUT1|P|2.5.1\r"
                                  "PID|1||100042^^^LAKESIDE^MR\r"
                                  "CON|1|001||N1|||||||R|||20260310\r";
    const struct anamnesis_chart *chart;
    struct anamnesis_result one = {.struct_size = sizeof(one)};
    struct anamnesis_results *r;
    struct test_came came;

    open_as("live");
    know_marta();
    test_send(&t, message, 0, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
    ck_assert_uint_eq(came.n[ANAMNESIS_FHIR_BUNDLE], 0);
    chart = t.p->get_extension(ANAMNESIS_CHART);
    ck_assert_int_eq(
        chart->ask(t.engine, "", "100042", "Practitioner/7", 0, &r, NULL),
        ANAMNESIS_OK);
    ck_assert_uint_eq(t.p->result_count(r), 1);
    ck_assert_int_eq(t.p->result_at(r, 0, &one), ANAMNESIS_OK);
    ck_assert_uint_eq(one.kind, ANAMNESIS_DIAGNOSTIC);
    ck_assert_str_eq((const char *)one.data,
                     "{\"resourceType\":\"OperationOutcome\",\"issue\":[{"
                     "\"severity\":\"information\",\"code\":\"suppressed\","
                     "\"diagnostics\":\"The patient has opted out: nothing was "
                     "computed\"}]}");
    t.p->results_free(r);
}
END_TEST

/* ---- threads ------------------------------------------------------------ */

enum { THREADS = 8, EACH = 12 };

static void *send_some(void *arg)
{
    const int *first = arg;
    char text[TEST_ADT_BYTES];
    struct test_came came;

    for (int i = 0; i < EACH; i++) {
        test_adt(text, i % 2 ? "A03" : "A01", *first + i, *first % 3);
        test_send(&t, text, 0, 0, &came);
        ck_assert_int_eq(came.status, ANAMNESIS_OK);
        ck_assert_uint_eq(came.n[ANAMNESIS_HL7_ACK], 1);
    }
    return NULL;
}

START_TEST(eight_threads_are_served)
{
    pthread_t thread[THREADS];
    int first[THREADS];
    char json[4096], want[64];
    pthread_attr_t attr;

    open_as("live");
    small_stack(&attr);
    for (int i = 0; i < THREADS; i++) {
        first[i] = i * EACH;
        ck_assert_int_eq(
            pthread_create(&thread[i], &attr, send_some, &first[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(thread[i], NULL);
    (void)pthread_attr_destroy(&attr);
    ck_assert_int_eq(t.p->drain(t.engine, 60000), ANAMNESIS_OK);
    test_status_json(&t, json);
    (void)snprintf(want, sizeof(want), "\"accepted\":%d", THREADS * EACH);
    ck_assert_ptr_nonnull(strstr(json, want));
    ck_assert_ptr_nonnull(strstr(json, "\"triggers_waiting\":0"));
    /* Each by its own call, none by the watch as well. */
    ck_assert_ptr_nonnull(strstr(json, "\"left_to_background\":0"));
    ck_assert_ptr_nonnull(strstr(json, "\"answered\":0"));
}
END_TEST

/* ---- memory ------------------------------------------------------------- */

START_TEST(results_without_memory_say_so)
{
    struct anamnesis_results *r = abi_results_new();

    r->arena.fail_after = 0;
    ck_assert(!abi_results_add(r, ANAMNESIS_HL7_ACK, ANAMNESIS_TYPE_HL7,
                               AN_STR("MSH")));
    ck_assert_uint_eq(abi_result_count(r), 0);
    r->arena.fail_after = -1;
    for (unsigned i = 0; i < ABI_MAX_RESULTS; i++)
        ck_assert(abi_results_add(r, ANAMNESIS_HL7_ACK, ANAMNESIS_TYPE_HL7,
                                  AN_STR("MSH")));
    ck_assert(!abi_results_add(r, ANAMNESIS_HL7_ACK, ANAMNESIS_TYPE_HL7,
                               AN_STR("MSH")));
    abi_results_free(r);
}
END_TEST

Suite *abi_process_suite(void)
{
    const TTest *const both[] = {
        live_returns_what_a_discharge_made,
        a_small_stack_is_enough,
        floating_point_is_left_as_it_was,
        shadow_returns_acknowledgements_and_thinks_behind,
        what_misses_its_deadline_is_left_to_the_watch,
        what_a_call_answers_the_watch_leaves_alone,
        a_refused_message_has_an_answer_that_says_so,
        a_chart_can_be_opened,
        of_one_who_has_opted_out_a_chart_says_so,
        eight_threads_are_served,
        results_without_memory_say_so,
    };
    /* A client has no threads, and asks the host by the clock. */
    const TTest *const here[] = {
        threads_of_the_library_take_no_signals,
        a_host_that_gives_up_gets_its_acknowledgement,
    };

    return test_both_suite("abi/process", both, sizeof(both) / sizeof(both[0]),
                           here, sizeof(here) / sizeof(here[0]), set_up,
                           tear_down);
}

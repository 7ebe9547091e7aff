/* SPDX-License-Identifier: Apache-2.0 */
/* The poison journal: a message that was in hand when a process died is not
 * touched again, and the others are. */
#include "plugin/abi/journal_int.h"
#include "tests/abi_help.h"
#include "tests/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *abi_journal_suite(void);

static struct test_folder folder;
static char store[TEST_PATH_BYTES];
static struct abi_journal *journal;

static void set_up(void)
{
    test_folder_make(&folder);
    test_folder_file(&folder, "store.db", store);
}

static void tear_down(void)
{
    test_folder_drop(&folder);
}

static struct an_sha256 hash_of(unsigned i)
{
    struct an_sha256 hash;
    char text[32];
    int n = snprintf(text, sizeof(text), "message %u", i);

    ck_assert_int_eq(an_sha256((struct an_str){text, (size_t)n}, &hash, NULL),
                     AN_OK);
    return hash;
}

static void open_journal(void)
{
    struct an_err err;

    if (abi_journal_open(store, &journal, &err) != AN_OK)
        ck_abort_msg("%s", err.what);
}

START_TEST(what_was_given_back_is_forgotten)
{
    struct an_sha256 a = hash_of(1), found;
    int slot;

    open_journal();
    slot = abi_journal_take(journal, &a, 5);
    ck_assert_int_ge(slot, 0);
    abi_journal_give(journal, slot);
    abi_journal_close(journal);
    open_journal();
    ck_assert(!abi_journal_is_poison(journal, &a));
    ck_assert(!abi_journal_found(journal, 0, &found));
    abi_journal_close(journal);
}
END_TEST

START_TEST(what_was_in_hand_is_poison_until_it_is_acquitted)
{
    struct an_sha256 a = hash_of(1), b = hash_of(2), found;

    open_journal();
    ck_assert_int_ge(abi_journal_take(journal, &a, 5), 0);
    abi_journal_close(journal);
    open_journal();
    ck_assert(abi_journal_is_poison(journal, &a));
    ck_assert(!abi_journal_is_poison(journal, &b));
    ck_assert(abi_journal_found(journal, 0, &found));
    ck_assert_mem_eq(found.b, a.b, sizeof(a.b));
    ck_assert(!abi_journal_found(journal, 1, &found));
    abi_journal_close(journal);
    open_journal(); /* nobody has given its triggers up: it is found again */
    ck_assert(abi_journal_found(journal, 0, &found));
    abi_journal_settle(journal);
    abi_journal_close(journal);
    open_journal(); /* it stays so */
    ck_assert(!abi_journal_found(journal, 0, &found));
    ck_assert_uint_eq(abi_journal_n_poison(journal), 1);
    abi_journal_acquit(journal, &a);
    abi_journal_close(journal);
    open_journal();
    ck_assert(!abi_journal_is_poison(journal, &a));
    abi_journal_close(journal);
}
END_TEST

START_TEST(a_store_has_one_journal_at_a_time)
{
    struct abi_journal *second;
    struct an_err err;

    open_journal();
    ck_assert_int_eq(abi_journal_open(store, &second, &err), AN_CONFLICT);
    abi_journal_close(journal);
}
END_TEST

START_TEST(so_many_in_hand_and_the_newest_stay_poison)
{
    struct an_sha256 hash;
    unsigned n = 0;

    for (int round = 0; round < 4; round++) {
        open_journal();
        abi_journal_settle(journal);
        for (int i = 0; i < ABI_JOURNAL_IN_HAND; i++, n++) {
            hash = hash_of(n);
            ck_assert_int_eq(abi_journal_take(journal, &hash, (int64_t)n), i);
        }
        ck_assert_int_eq(abi_journal_take(journal, &hash, 0), -1);
        abi_journal_close(journal);
    }
    open_journal();
    ck_assert_uint_eq(abi_journal_n_poison(journal), ABI_JOURNAL_POISON);
    hash = hash_of(0);
    ck_assert(!abi_journal_is_poison(journal, &hash));
    hash = hash_of(n - 1);
    ck_assert(abi_journal_is_poison(journal, &hash));
    abi_journal_close(journal);
}
END_TEST

/* Its maker died between the room for it and its name. */
START_TEST(a_file_of_zeros_is_begun_anew)
{
    char path[TEST_PATH_BYTES];
    FILE *f;

    test_folder_file(&folder, "store.db.inflight", path);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    for (int i = 0; i < 65536; i++)
        (void)fputc(0, f);
    (void)fclose(f);
    open_journal();
    abi_journal_close(journal);
}
END_TEST

START_TEST(a_file_of_something_else_is_left_alone)
{
    struct an_err err;
    char path[TEST_PATH_BYTES];
    FILE *f;

    test_folder_file(&folder, "store.db.inflight", path);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    (void)fputs("somebody's letter", f);
    (void)fclose(f);
    ck_assert_int_eq(abi_journal_open(store, &journal, &err), AN_CONFLICT);
    ck_assert_int_eq(
        abi_journal_open("no/such/folder/store.db", &journal, &err), AN_IO);
}
END_TEST

/* ---- the drill ---------------------------------------------------------- */

/* The child knows the patient, and dies when it is asked whether anybody still
 * waits for what a discharge made: after T1, before T2. */
static void die_in_the_middle(struct test_host *t)
{
    char text[TEST_ADT_BYTES];
    struct test_came came;

    test_host_open(t);
    test_send_file(t, "history.json", ANAMNESIS_MSG_HISTORICAL, 0, &came);
    t->dies_when_asked = true;
    test_adt(text, "A03", 1, 100042);
    test_send(t, text, 0, 0, &came);
    _exit(1); /* it should not come so far */
}

START_TEST(a_message_that_killed_its_process_is_quarantined)
{
    char poison[TEST_ADT_BYTES], text[TEST_ADT_BYTES], json[4096];
    static struct test_host t;
    struct test_came came;
    pid_t child;
    int ended;

    test_host_make(&t, "live");
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        die_in_the_middle(&t);
    ck_assert_int_eq(waitpid(child, &ended, 0), child);
    ck_assert(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGKILL);

    test_host_open(&t);
    ck_assert_ptr_nonnull(strstr(t.line, "host_quarantine"));
    test_adt(poison, "A03", 1, 100042);
    test_send(&t, poison, 0, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_E_QUARANTINED);
    ck_assert_uint_eq(came.n[ANAMNESIS_DIAGNOSTIC], 1);
    ck_assert_uint_eq(came.n[ANAMNESIS_HL7_ACK], 0);
    ck_assert_ptr_nonnull(strstr(came.first, "OperationOutcome"));

    /* Another one goes through, and nobody thinks about the first again. */
    test_adt(text, "A03", 2, 100042);
    test_send(&t, text, 0, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
    ck_assert_uint_eq(came.n[ANAMNESIS_FHIR_BUNDLE], 1);
    ck_assert_int_eq(t.p->drain(t.engine, 60000), ANAMNESIS_OK);
    test_status_json(&t, json);
    ck_assert_ptr_nonnull(strstr(json, "\"triggers_waiting\":0"));
    ck_assert_ptr_nonnull(strstr(json, "\"answered\":0"));
    ck_assert_ptr_nonnull(strstr(json, "\"quarantine\":1"));

    /* At an operator's word. */
    test_send(&t, poison, ANAMNESIS_MSG_RETRY, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
    test_send(&t, poison, 0, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
    test_host_drop(&t);
}
END_TEST

Suite *abi_journal_suite(void)
{
    const TTest *const tests[] = {
        what_was_given_back_is_forgotten,
        what_was_in_hand_is_poison_until_it_is_acquitted,
        a_store_has_one_journal_at_a_time,
        so_many_in_hand_and_the_newest_stay_poison,
        a_file_of_zeros_is_begun_anew,
        a_file_of_something_else_is_left_alone,
        a_message_that_killed_its_process_is_quarantined,
    };

    return test_suite_around("abi/journal", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}

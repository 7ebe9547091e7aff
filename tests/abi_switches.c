/* SPDX-License-Identifier: Apache-2.0 */
/* A kill switch that another program turns is heeded by a loaded library. */
#include "plugin/store/switches.h"
#include "tests/abi_help.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *abi_switches_suite(void);

static struct test_host t;

static void set_up(void)
{
    memset(&t, 0, sizeof(t));
    test_host_make(&t, "live");
    test_host_open(&t);
}

static void tear_down(void)
{
    test_host_drop(&t);
}

/* As `anamnesis kill` does it: a store of its own over the same file. */
static void turn(bool kills, const char *name)
{
    const struct pl_audit_entry who = {.time_us = 1,
                                       .actor = AN_STR("jdoe"),
                                       .role = AN_STR("operator"),
                                       .details = AN_STR("{}")};
    char path[TEST_PATH_BYTES + 16];
    struct pl_store_options options = {.path = path};
    struct pl_store *store;
    int64_t n;

    (void)snprintf(path, sizeof(path), "%s/store.db", t.folder.path);
    ck_assert_int_eq(pl_store_open(&options, &store, NULL), AN_OK);
    ck_assert_int_eq(kills ? pl_store_kill(store, an_str_c(name),
                                           AN_STR("drill"), &who, &n, NULL)
                           : pl_store_revive(store, an_str_c(name), &who, NULL),
                     AN_OK);
    pl_store_close(store);
}

static unsigned discharge(int n)
{
    struct test_came came;
    char text[TEST_ADT_BYTES];

    test_adt(text, "A03", n, 100042);
    test_send(&t, text, 0, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
    ck_assert_uint_eq(came.n[ANAMNESIS_HL7_ACK], 1);
    return came.n[ANAMNESIS_FHIR_BUNDLE];
}

START_TEST(what_is_stopped_is_not_returned)
{
    struct test_came came;

    test_send_file(&t, "history.json", ANAMNESIS_MSG_HISTORICAL, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
    ck_assert_uint_eq(discharge(1), 1);
    turn(true, "all");
    ck_assert_uint_eq(discharge(2), 0);
    turn(false, "all");
    ck_assert_uint_eq(discharge(3), 1);
}
END_TEST

/* Of kinds alone: both are RiskAssessments. */
START_TEST(the_others_are_returned)
{
    struct test_came came;
    char text[TEST_ADT_BYTES];

    test_send_file(&t, "history.json", ANAMNESIS_MSG_HISTORICAL, 0, &came);
    turn(true, "risk");
    turn(true, "differential");
    test_adt(text, "A03", 1, 100042);
    test_send(&t, text, 0, 0, &came);
    ck_assert_uint_eq(came.n[ANAMNESIS_FHIR_BUNDLE], 1);
    ck_assert(!came.has_risk && came.has_provenance);
}
END_TEST

Suite *abi_switches_suite(void)
{
    const TTest *const test[] = {what_is_stopped_is_not_returned,
                                 the_others_are_returned};

    return test_suite_around("abi/switches", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

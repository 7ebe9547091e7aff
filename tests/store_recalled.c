/* SPDX-License-Identifier: Apache-2.0 */
/* A model that was recalled says nothing any more, also where a server that runs
 * has it in its memory still. */
#include "plugin/store/conclude.h"
#include "plugin/store/deliveries.h"
#include "plugin/store/outgoing.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <string.h>

Suite *store_recalled_suite(void);

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

/* It says a risk, to be delivered. */
static struct pl_conclude_receipt say(const char *digest, int64_t now_us)
{
    struct ctx_suggestion risk = test_risk();
    struct pl_saying said = {.what = &risk,
                             .resource =
                                 AN_STR("11111111-1111-5111-8111-111111111111"),
                             .encounter = AN_STR("V1"),
                             .stage = CFG_LIVE};
    struct pl_delivery delivery = {.payload = AN_STR("{}")};
    struct pl_conclusion c = {
        .patient = {AN_STR("GENHOSP"), AN_STR("M0000007"), AN_STR("MR")},
        .now_us = now_us,
        .said = &said,
        .n_said = 1,
        .delivery = &delivery,
        .n_deliveries = 1};
    struct pl_conclude_receipt r;

    risk.model.digest = an_str_c(digest);
    ck_assert_int_eq(pl_suggestion_detail(&t.arena, &risk, &said.detail, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_store_conclude(t.store, &c, 1, &r, NULL), AN_OK);
    return r;
}

static struct pl_outgoing counts(void)
{
    struct pl_outgoing c;

    ck_assert_int_eq(pl_outgoing(t.reader, &c, NULL), AN_OK);
    return c;
}

START_TEST(a_recalled_model_says_nothing_any_more)
{
    const struct pl_audit_entry who = {.actor = AN_STR("Operator/1"),
                                       .role = AN_STR("operator"),
                                       .time_us = TEST_EPOCH_US};
    const struct pl_recall recall = {
        .digest = AN_STR("old"), .reason = AN_STR("wrong units"), .who = &who};
    struct pl_recall_progress p = {.more = true};
    struct pl_outgoing before;

    ck_assert(!say("old", TEST_EPOCH_US).recalled);
    while (p.more)
        ck_assert_int_eq(pl_store_recall(t.store, &recall, &p, NULL), AN_OK);
    before = counts();
    ck_assert(say("old", TEST_EPOCH_US + 1).recalled);
    ck_assert_int_eq(counts().n_suggestions[CFG_LIVE],
                     before.n_suggestions[CFG_LIVE]);
    ck_assert_int_eq(counts().n_outbox_waiting, before.n_outbox_waiting);
    ck_assert_int_eq(counts().n_audit, before.n_audit);
    /* Another one may. */
    ck_assert(!say("new", TEST_EPOCH_US + 2).recalled);
    ck_assert_int_eq(counts().n_suggestions[CFG_LIVE],
                     before.n_suggestions[CFG_LIVE] + 1);
}
END_TEST

Suite *store_recalled_suite(void)
{
    const TTest *const test[] = {a_recalled_model_says_nothing_any_more};

    return test_suite_around("store/recalled", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

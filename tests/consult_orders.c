/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a draft order: by a demonstrator what was published, by a
 * hospital's own model its numbers; and that a draft stays a draft. */
#include "plugin/orders.h"
#include "tests/consult_ward.h"
#include "tests/site_model.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

Suite *consult_orders_suite(void);

#define PCS "http://www.cms.gov/Medicare/Coding/ICD10"
#define SNOMED "http://snomed.info/sct"

static const struct ctx_code sigmoid[] = {
    {AN_STR_INIT("urn:ward"), AN_STR_INIT("SIG"), AN_STR_INIT("Sigma")},
    {AN_STR_INIT(PCS), AN_STR_INIT("0DTN0ZZ"), AN_STR_INIT("Open")}};
static const struct ctx_code sigmoid_keyhole = {
    AN_STR_INIT(PCS), AN_STR_INIT("0DTN4ZZ"), AN_STR_INIT("Keyhole")};
static const struct ctx_code ascending = {
    AN_STR_INIT(PCS), AN_STR_INIT("0DTK0ZZ"), AN_STR_INIT("Open")};
static const struct ctx_code blood = {AN_STR_INIT("http://loinc.org"),
                                      AN_STR_INIT("2160-0"), AN_STR_INIT("")};
/* Of the tree's model, for everybody. */
static const struct ctx_code colonoscopy = {
    AN_STR_INIT(SNOMED), AN_STR_INIT("73761001"), AN_STR_INIT("Colonoscopy")};
static const struct ctx_code chest = {
    AN_STR_INIT(SNOMED), AN_STR_INIT("399208008"), AN_STR_INIT("Chest X-ray")};

static struct ward w;

static void tell_past(void)
{
    ward_tell(&w, ward_past, true);
    ward_tell(&w, ward_admission, true);
    ward_tell(&w, ward_results, true);
}

static void set_up(void)
{
    ward_open(&w, "stage: live\nclock: messages\n");
    tell_past();
}

static void tear_down(void)
{
    ward_close(&w);
}

static struct pl_order order_of(const struct ctx_code *code, size_t n)
{
    return (struct pl_order){.kind = PL_ORDER_SERVICE,
                             .code = code,
                             .n_codes = n,
                             .resource = AN_STR("ServiceRequest/1"),
                             .selected = true};
}

static struct pl_call call_about(const struct pl_order *order, size_t n)
{
    return (struct pl_call){.patient = ward_patient(),
                            .clock_us = WARD_DISCHARGE_US,
                            .face = PL_FACE_CDS,
                            .actor = AN_STR("Practitioner/7"),
                            .instance = AN_STR("call-1"),
                            .is_about_orders = true,
                            .order = order,
                            .n_orders = n};
}

static struct pl_answer ask(const struct pl_call *call)
{
    struct pl_answer a;

    ck_assert_int_eq(ward_ask(&w, call, &a), AN_OK);
    return a;
}

/* ---- a demonstrator --------------------------------------------------------- */

START_TEST(a_demonstrator_answers_an_order_with_what_was_published)
{
    const struct pl_order order = order_of(sigmoid, 2);
    struct pl_call call = call_about(&order, 1);
    struct pl_answer a = ask(&call);
    int64_t n_audit = ward_outgoing(&w).n_audit;

    ck_assert_uint_eq(a.n_shown, 1);
    ck_assert_int_eq(a.shown[0].kind, CTX_SUGGEST_COMPARISON);
    ck_assert_uint_eq(a.shown[0].n_citations, 1);
    ck_assert_an_str_eq(a.shown[0].citation[0].doi,
                        "10.1007/s11605-012-1860-3");
    ck_assert_an_str_eq(a.shown[0].topic,
                        "procedure-comparison:resection-sigmoid-colon");
    ck_assert(ward_has(a.shown[0].statement, "neumonia"));
    ck_assert(ward_has(a.shown[0].statement, "demonstrat"));
    /* All the rest is said and kept, and not shown; each has its row, and so
     * has the showing. */
    ck_assert_uint_gt(a.n_said, 5);
    ck_assert_int_eq(n_audit, (int64_t)a.n_said + 1);
}
END_TEST

static const struct {
    const char *name;
    struct pl_order order[3];
    size_t n, want;
} drafts[] = {
    {"nothing is ordered", {{0}}, 0, 0},
    {"a test", {{.code = &blood, .n_codes = 1, .selected = true}}, 1, 0},
    {"nothing is selected", {{.code = sigmoid, .n_codes = 2}}, 1, 0},
    {"a device of the same code",
     {{.kind = PL_ORDER_OTHER,
       .code = sigmoid,
       .n_codes = 2,
       .selected = true}},
     1,
     0},
    {"without a code", {{.selected = true}}, 1, 0},
    {"both of one family are one question",
     {{.code = sigmoid, .n_codes = 2, .selected = true},
      {.code = &sigmoid_keyhole, .n_codes = 1, .selected = true}},
     2,
     1},
    {"two families are two",
     {{.code = sigmoid, .n_codes = 2, .selected = true},
      {.code = &blood, .n_codes = 1, .selected = true},
      {.code = &ascending, .n_codes = 1, .selected = true}},
     3,
     2},
};

START_TEST(only_selected_procedures_are_answered)
{
    struct pl_call call = call_about(drafts[_i].order, drafts[_i].n);
    struct pl_answer a = ask(&call);

    ck_assert_msg(a.n_shown == drafts[_i].want, "%s: %zu", drafts[_i].name,
                  a.n_shown);
}
END_TEST

START_TEST(a_draft_is_no_fact)
{
    const struct pl_order order = order_of(sigmoid, 2);
    struct pl_call call = call_about(&order, 1);
    struct pl_answer before, after;

    call.n_orders = 0;
    before = ask(&call);
    call.n_orders = 1;
    (void)ask(&call);
    call.n_orders = 0;
    after = ask(&call);
    ck_assert_uint_eq(before.forecast.n_positions, after.forecast.n_positions);
    ck_assert_uint_eq(before.n_said, after.n_said);
    for (size_t i = 0; i < after.n_said; i++)
        ck_assert(an_str_eq(before.said[i].statement, after.said[i].statement));
}
END_TEST

START_TEST(a_comparison_is_neither_delivered_nor_shown_to_a_patient)
{
    const struct pl_order order = order_of(sigmoid, 2);
    struct pl_call call = call_about(&order, 1);
    struct pl_answer a;

    call.to_patient = true;
    a = ask(&call);
    ck_assert_uint_eq(a.n_shown, 0);
}
END_TEST

START_TEST(in_shadow_an_order_is_answered_with_nothing)
{
    const struct pl_order order = order_of(sigmoid, 2);
    struct pl_call call = call_about(&order, 1);
    struct pl_answer a;

    ward_restart(&w, "stage: shadow\nclock: messages\n");
    a = ask(&call);
    ck_assert_uint_eq(a.n_shown, 0);
    ck_assert_uint_gt(a.n_said, 5);
}
END_TEST

/* ---- nobody waits any more ---------------------------------------------------- */

static bool is_not_awaited(void *user)
{
    (*(unsigned *)user)++;
    return false;
}

START_TEST(who_no_longer_waits_is_shown_nothing_and_all_is_kept)
{
    struct pl_call call = call_about(NULL, 0);
    const struct ctx_identifier who = ward_patient();
    const struct pl_suggestion *row;
    unsigned asked = 0;
    struct pl_answer a;

    call.is_about_orders = false;
    call.is_awaited = is_not_awaited;
    call.user = &asked;
    a = ask(&call);
    ck_assert_uint_eq(asked, 1);
    ck_assert_uint_eq(a.n_shown, 0);
    ck_assert_uint_gt(a.n_said, 5);
    ck_assert_uint_eq(ward_current(&w, &who, &row), a.n_said);
    ck_assert_int_eq(ward_outgoing(&w).n_audit, (int64_t)a.n_said);
}
END_TEST

/* ---- what is missing ------------------------------------------------------------ */

START_TEST(a_measurement_that_a_score_lacks_is_proposed_where_it_can_be_ordered)
{
    struct pl_call call = call_about(NULL, 0);
    const struct ctx_suggestion *s = NULL;
    struct pl_answer a;

    call.is_about_orders = false;
    call.now_us = WARD_DISCHARGE_US + 400 * AN_US_PER_DAY;
    call.clock_us = call.now_us;
    a = ask(&call);
    for (size_t i = 0; i < a.n_shown; i++)
        if (a.shown[i].n_proposals)
            s = &a.shown[i];
    ck_assert_ptr_nonnull(s);
    ck_assert_int_eq(s->kind, CTX_SUGGEST_SCORE);
    ck_assert_int_eq(s->abstention, CTX_ABSTAIN_MISSING_INPUT);
    ck_assert_an_str_eq(s->proposal[0].code.code, "2160-0");
    ck_assert(ward_has(s->proposal[0].label, "Propose a new measurement: "));
    /* Nobody can order at the watch, nor a patient. */
    call.face = PL_N_FACES;
    a = ask(&call);
    for (size_t i = 0; i < a.n_said; i++)
        ck_assert_int_eq(a.said[i].abstention, CTX_ABSTAIN_NONE);
}
END_TEST

/* ---- a hospital's own model ------------------------------------------------------- */

#define RISK_OF(outcome, shift)                                                \
    "{\"outcome\":\"" outcome "\",\"horizon_days\":365,\"people\":400,"        \
    "\"events\":60,\"shift\":" shift ",\"error\":0.1}"
#define COUNTED(code, shift)                                                   \
    "{\"key\":\"" SNOMED "|" code "\",\"people\":410,\"risks\":[" RISK_OF(     \
        "dementia", shift) "," RISK_OF("stroke", shift) "]}"

static void use_own_model(const char *counted)
{
    static const char site[] =
        "{\"name\":\"main\",\"passed\":true},\"procedures\":{\"min_people\":"
        "200,\"min_events\":20,\"min_share\":0.000000001,\"of\":[%s]}";
    const char *top = getenv("top_srcdir");
    char words[4000], from[512], model[600], keys[600], more[2048];
    struct an_err err;

    (void)snprintf(words, sizeof(words), site, counted);
    (void)snprintf(from, sizeof(from), "%s/config/model/default",
                   top ? top : ".");
    (void)snprintf(model, sizeof(model), "%.500s/model", w.folder.path);
    (void)snprintf(keys, sizeof(keys), "%.500s/keys", w.folder.path);
    ck_assert_int_eq(mkdir(model, 0700), 0);
    ck_assert_msg(site_model_make(from, model, keys, words, &err) == AN_OK,
                  "%s", err.what);
    (void)snprintf(more, sizeof(more),
                   "stage: live\nclock: messages\nmodel: {path: %s, keys: "
                   "%s}\n",
                   model, keys);
    ward_restart(&w, more);
}

static void drop_model(void)
{
    struct test_folder folder;

    (void)snprintf(folder.path, sizeof(folder.path), "%.500s/model",
                   w.folder.path);
    test_folder_drop(&folder);
}

START_TEST(a_model_of_the_hospital_answers_with_its_numbers)
{
    struct pl_order order[] = {order_of(&colonoscopy, 1), order_of(&blood, 1),
                               order_of(&chest, 1)};
    struct pl_call call = call_about(order, 3);
    struct pl_answer a;

    order[1].selected = order[2].selected = false;
    use_own_model(COUNTED("399208008", "0.3") "," COUNTED("73761001", "-0.2"));
    a = ask(&call);
    ck_assert_uint_ge(a.n_shown, 1);
    for (size_t i = 0; i < a.n_shown; i++) {
        ck_assert_int_eq(a.shown[i].kind, CTX_SUGGEST_COMPARISON);
        ck_assert_int_eq(a.shown[i].horizon_days, 365);
        ck_assert_uint_gt(a.shown[i].model.name.n, 0);
        ck_assert(ward_has(a.shown[i].statement, "Colonoscopy"));
        ck_assert(ward_has(a.shown[i].statement, "association"));
    }
    /* One alone has nothing to be compared with. */
    call.n_orders = 2;
    a = ask(&call);
    ck_assert_uint_eq(a.n_shown, 0);
    /* Both selected are asked about once: numbers of a call have one origin. */
    order[2].selected = true;
    call.n_orders = 3;
    a = ask(&call);
    for (size_t i = 0; i < a.n_shown; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert(!an_str_eq(a.shown[i].topic, a.shown[k].topic));
    drop_model();
}
END_TEST

START_TEST(a_model_that_counted_nobody_compares_nothing)
{
    const struct pl_order order[] = {order_of(&colonoscopy, 1),
                                     order_of(&chest, 1)};
    struct pl_call call = call_about(order, 2);
    struct pl_answer a;

    use_own_model("");
    a = ask(&call);
    ck_assert_uint_eq(a.n_shown, 0);
    drop_model();
}
END_TEST

Suite *consult_orders_suite(void)
{
    const TTest *const test[] = {
        a_demonstrator_answers_an_order_with_what_was_published,
        a_draft_is_no_fact,
        a_comparison_is_neither_delivered_nor_shown_to_a_patient,
        in_shadow_an_order_is_answered_with_nothing,
        who_no_longer_waits_is_shown_nothing_and_all_is_kept,
        a_measurement_that_a_score_lacks_is_proposed_where_it_can_be_ordered,
        a_model_of_the_hospital_answers_with_its_numbers,
        a_model_that_counted_nobody_compares_nothing};
    Suite *s = suite_create("consult/orders");
    TCase *tc = tcase_create("consult/orders");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 120);
    for (size_t i = 0; i < sizeof(test) / sizeof(test[0]); i++)
        tcase_add_test(tc, test[i]);
    tcase_add_loop_test(tc, only_selected_procedures_are_answered, 0,
                        sizeof(drafts) / sizeof(drafts[0]));
    suite_add_tcase(s, tc);
    return s;
}

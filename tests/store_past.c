/* SPDX-License-Identifier: Apache-2.0 */
/* Who looks back sees what was known then, and nothing that has been closed
 * since: not by what stands under a number that is known to be hers only now. */
#include "context/consent.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *store_past_suite(void);

static struct test_store t;

/* What happens at 100 is looked back at from 150; later is later. */
enum { THEN = 150 };

static void set_up(void)
{
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

static struct ctx_identifier id(const char *value)
{
    return (struct ctx_identifier){AN_STR("H"), an_str_c(value), AN_STR("MR")};
}

/* Each message has other bytes. */
static void say(const struct ctx_identifier *who, struct ctx_event *e,
                const struct ctx_claim *c)
{
    static unsigned n;
    struct ctx_claim claim = {.kind = CTX_CLAIM_SAME};
    struct ctx_part part = {.event = e, .n_events = 1};
    struct ctx_reading reading = {.part = &part,
                                  .n_parts = e != NULL,
                                  .claim = &claim,
                                  .n_claims = c != NULL};
    struct pl_intake in;
    char bytes[32];

    if (who)
        part.patient = *who;
    if (c)
        claim = *c;
    (void)snprintf(bytes, sizeof(bytes), "message %u", n++);
    in = test_intake_of(&t, an_str_c(bytes), &reading);
    (void)test_put(&t, &in);
}

static void file(const char *who, int64_t us, const char *visit,
                 const char *fact, unsigned labels)
{
    const struct ctx_identifier patient = id(who);
    struct ctx_event e = {.kind = CTX_CONDITION,
                          .status = CTX_STATUS_FINAL,
                          .labels = (uint16_t)labels,
                          .said_us = us,
                          .available_us = us,
                          .effective = {us, 0, AN_TIME_SECOND, 0},
                          .encounter = an_str_c(visit),
                          .fact = an_str_c(fact)};

    say(&patient, &e, NULL);
}

static void deny(const char *who, int64_t us)
{
    const struct ctx_identifier patient = id(who);
    struct ctx_event e = {
        .kind = CTX_CONSENT,
        .status = CTX_STATUS_FINAL,
        .said_us = us,
        .available_us = us,
        .concept = {AN_STR(CTX_CONSENT_SYSTEM), AN_STR("deny"), AN_STR("")},
        .value = {.kind = CTX_VALUE_TEXT, .text = AN_STR(CTX_CONSENT_ALL)},
        .fact = AN_STR("consent|1")};

    say(&patient, &e, NULL);
}

static void claim(enum ctx_claim_kind kind, const char *prior,
                  const char *current, const char *visits[2], int64_t us)
{
    struct ctx_claim c = {.kind = (uint8_t)kind,
                          .prior = id(prior),
                          .current = id(current),
                          .said_us = us,
                          .available_us = us,
                          .place = AN_STR("MRG-1"),
                          .prior_visit = an_str_c(visits ? visits[0] : ""),
                          .visit = an_str_c(visits ? visits[1] : "")};

    say(NULL, NULL, &c);
}

static struct pl_history back(const char *who)
{
    const struct ctx_identifier patient = id(who);
    struct pl_history h;

    ck_assert_int_eq(pl_history(t.reader, &t.arena, &patient, THEN, &h, NULL),
                     AN_OK);
    return h;
}

/* Of the one event that was known then. */
static unsigned labels(const char *who)
{
    struct pl_history h = back(who);

    ck_assert_uint_eq(h.timeline.n_events, 1);
    ck_assert_uint_eq(h.n_said, 1);
    ck_assert_int_eq(h.timeline.event[0]->said_us, 100);
    return h.timeline.event[0]->labels;
}

static bool opted_out(const char *who)
{
    struct pl_history h = back(who);
    struct ctx_consent c;

    ck_assert_uint_eq(h.person.n_members, 1);
    ctx_consent_of(&h.timeline, &h.consents, THEN, &c);
    return c.all;
}

#define HIV (CTX_LABEL_STATED | CTX_LABEL_HIV)

START_TEST(a_label_under_a_number_that_is_hers_since)
{
    enum ctx_claim_kind kind = _i ? CTX_CLAIM_MERGE : CTX_CLAIM_SAME;

    file("A", 100, "", "f", 0);
    /* Said before or after, it was another's then. */
    file("B", _i ? 250 : 120, "", "f", HIV);
    ck_assert_uint_eq(labels("A"), 0);
    claim(kind, "B", "A", NULL, 300);
    ck_assert_uint_eq(labels("A"), HIV);
    claim(CTX_CLAIM_UNMERGE, "B", "A", NULL, 400);
    ck_assert_uint_eq(labels("A"), 0);
}
END_TEST

START_TEST(the_last_that_says_how_confidential_it_is_counts)
{
    file("A", 100, "", "f", 0);
    file("B", 120, "", "f", HIV);
    claim(CTX_CLAIM_MERGE, "B", "A", NULL, 300);
    ck_assert_uint_eq(labels("A"), HIV);
    file("B", 350, "", "f", CTX_LABEL_STATED);
    ck_assert_uint_eq(labels("A"), CTX_LABEL_STATED);
}
END_TEST

START_TEST(who_has_opted_out_under_a_number_that_is_hers_since)
{
    file("A", 100, "", "f", 0);
    deny("B", 120);
    ck_assert(!opted_out("A"));
    claim(CTX_CLAIM_MERGE, "B", "A", NULL, 300);
    ck_assert(opted_out("A"));
    ck_assert(opted_out("B"));
}
END_TEST

/* Then A and B were one; B is C now, and A is not. */
START_TEST(who_was_one_of_them_then_and_is_anothers_now)
{
    struct pl_history h;

    file("B", 100, "", "f", 0);
    claim(CTX_CLAIM_MERGE, "B", "A", NULL, 110);
    claim(CTX_CLAIM_UNMERGE, "B", "A", NULL, 200);
    claim(CTX_CLAIM_SAME, "B", "C", NULL, 210);
    file("C", 250, "", "f", HIV);
    ck_assert_uint_eq(labels("A"), HIV);
    h = back("A");
    ck_assert_uint_eq(h.person.n_members, 2);
}
END_TEST

START_TEST(a_label_of_a_visit_that_is_anothers_since)
{
    static const char *visits[2] = {"H|V1", "H|V1"};

    file("A", 100, "H|V1", "f", 0);
    claim(CTX_CLAIM_VISIT, "A", "D", visits, 200);
    claim(CTX_CLAIM_VISIT, "D", "B", visits, 210);
    file("B", 250, "H|V1", "f", HIV);
    file("B", 250, "H|V2", "g", HIV);
    ck_assert_uint_eq(labels("A"), HIV);
    ck_assert_uint_eq(back("B").timeline.n_events, 0);
}
END_TEST

/* The diagnosis of a visit is known by its number. */
START_TEST(a_label_of_a_visit_that_is_called_otherwise_since)
{
    static const char *visits[2] = {"H|V1", "H|V2"};
    const char *to = _i ? "B" : "A";

    file("A", 100, "H|V1", "dx|V1|f", 0);
    claim(CTX_CLAIM_VISIT, "A", to, visits, 200);
    file(to, 250, "H|V2", "dx|V2|f", HIV);
    ck_assert_uint_eq(labels("A"), HIV);
}
END_TEST

Suite *store_past_suite(void)
{
    const TTest *const test[] = {
        the_last_that_says_how_confidential_it_is_counts,
        who_has_opted_out_under_a_number_that_is_hers_since,
        who_was_one_of_them_then_and_is_anothers_now,
        a_label_of_a_visit_that_is_anothers_since,
    };
    Suite *s = test_suite_around(
        "store/past", test, sizeof(test) / sizeof(test[0]), set_up, tear_down);
    TCase *kinds = tcase_create("kinds");

    tcase_add_checked_fixture(kinds, set_up, tear_down);
    tcase_add_loop_test(kinds, a_label_under_a_number_that_is_hers_since, 0, 2);
    tcase_add_loop_test(
        kinds, a_label_of_a_visit_that_is_called_otherwise_since, 0, 2);
    suite_add_tcase(s, kinds);
    return s;
}

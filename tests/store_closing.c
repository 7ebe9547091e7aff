/* SPDX-License-Identifier: Apache-2.0 */
/* What a message closes is heard of no more from its commit on, and who was
 * thinking about the patient meanwhile is told to read again. */
#include "plugin/store/conclude.h"
#include "plugin/store/outgoing.h"
#include "plugin/store/purge.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *store_closing_suite(void);

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

static struct ctx_identifier numbered(unsigned patient)
{
    char mrn[16];
    struct ctx_identifier id = {.authority = AN_STR("GENHOSP"),
                                .type = AN_STR("MR")};

    (void)snprintf(mrn, sizeof(mrn), "M%07u", patient);
    ck_assert(an_arena_str(&t.arena, an_str_c(mrn), &id.value));
    return id;
}

/* The n-th message of a patient, its first event labelled. */
static struct pl_receipt put(uint64_t n, unsigned patient, unsigned labels)
{
    struct test_message *m = an_arena_get(&t.arena, 1, sizeof(*m));
    struct pl_intake in;

    ck_assert_ptr_nonnull(m);
    test_message(m, n, patient);
    m->event[0].labels = (uint16_t)labels;
    in = test_intake_of(&t, m->bytes, &m->reading);
    return test_put(&t, &in);
}

static int64_t closings(unsigned patient)
{
    struct ctx_identifier who = numbered(patient);
    struct pl_history h;

    ck_assert_int_eq(
        pl_history(t.reader, &t.arena, &who, CTX_AS_OF_ALL, &h, NULL), AN_OK);
    return h.closings;
}

/* A risk of the patient and its delivery, made of what `closings` was then. */
static struct pl_conclude_receipt say(unsigned patient, int64_t closings)
{
    char text[] = "00000000-1111-5111-8111-111111111111";
    struct ctx_suggestion what = test_risk();
    struct pl_saying said = {.what = &what, .stage = CFG_LIVE};
    struct pl_delivery delivery = {AN_STR("{\"to\":\"carer\"}"), 0};
    struct pl_conclusion c = {.patient = numbered(patient),
                              .now_us = TEST_EPOCH_US,
                              .closings = closings,
                              .said = &said,
                              .n_said = 1,
                              .delivery = &delivery,
                              .n_deliveries = 1};
    struct pl_conclude_receipt r;

    text[0] = (char)('0' + patient);
    said.resource = an_str_c(text);
    ck_assert_int_eq(pl_suggestion_detail(&t.arena, &what, &said.detail, NULL),
                     AN_OK);
    ck_assert_int_eq(pl_store_conclude(t.store, &c, 1, &r, NULL), AN_OK);
    return r;
}

static struct pl_outgoing counts(void)
{
    struct pl_outgoing out;

    ck_assert_int_eq(pl_outgoing(t.reader, &out, NULL), AN_OK);
    return out;
}

static size_t current(unsigned patient, unsigned *needs)
{
    const struct ctx_identifier who = numbered(patient);
    const struct pl_suggestion *list;
    size_t n;

    ck_assert_int_eq(
        pl_suggestions(t.reader, &t.arena, &who, 0, 100, &list, &n, NULL),
        AN_OK);
    *needs = n ? list[0].needs : 0;
    return n;
}

/* Triggers that wait for that reason, and whom the last of them is about. */
static size_t asked(struct an_str *whom)
{
    const struct pl_trigger *list;
    size_t n, kept = 0;

    ck_assert_int_eq(pl_triggers(t.reader, &t.arena, 0, 100, &list, &n, NULL),
                     AN_OK);
    for (size_t i = 0; i < n; i++)
        if (list[i].reason == PL_REASON_CLOSING) {
            *whom = list[i].patient.value;
            kept++;
        }
    return kept;
}

START_TEST(a_label_closes_what_stands_and_asks_again)
{
    struct an_str whom = AN_STR("");
    unsigned needs;

    put(1, 7, 0);
    put(2, 8, 0);
    say(7, closings(7));
    say(8, closings(8));
    ck_assert_int_eq(counts().n_outbox_waiting, 2);
    put(3, 7, CTX_LABEL_STATED);
    ck_assert_int_eq(counts().n_outbox_waiting, 2);
    ck_assert_uint_eq(asked(&whom), 0);
    put(4, 7, CTX_LABEL_STATED | CTX_LABEL_RESTRICTED | CTX_LABEL_HIV);
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    ck_assert_uint_eq(asked(&whom), 1);
    ck_assert_an_str_eq(whom, "M0000007");
    /* It stands, for those who may be told of it. */
    ck_assert_uint_eq(current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_HIV);
    put(5, 7, CTX_LABEL_VIP);
    ck_assert_uint_eq(current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_HIV | CTX_LABEL_VIP);
    ck_assert_uint_eq(current(8, &needs), 1);
    ck_assert_uint_eq(needs, 0);
}
END_TEST

START_TEST(of_whom_nothing_is_said_nothing_is_asked)
{
    struct an_str whom = AN_STR("");

    put(1, 7, CTX_LABEL_RESTRICTED);
    ck_assert_uint_eq(asked(&whom), 0);
}
END_TEST

/* Read before it was closed, to be written after. */
START_TEST(what_was_thought_meanwhile_is_not_written)
{
    struct pl_conclude_receipt r;
    int64_t before;
    unsigned needs;

    put(1, 7, 0);
    put(2, 8, 0);
    before = closings(7);
    put(3, 7, CTX_LABEL_PSYCHIATRY);
    r = say(7, before);
    ck_assert(r.unseen);
    ck_assert(!r.duplicate);
    ck_assert_uint_eq(current(7, &needs), 0);
    ck_assert_int_eq(counts().n_outbox_waiting, 0);
    ck_assert_int_eq(counts().n_audit, 0);
    /* That is about this patient alone. */
    ck_assert(!say(8, before).unseen);
    ck_assert(!say(7, closings(7)).unseen);
    ck_assert_uint_eq(current(7, &needs), 1);
}
END_TEST

/* The label came by a table that has changed since. */
START_TEST(reading_again_closes_too)
{
    struct test_message *m = an_arena_get(&t.arena, 1, sizeof(*m));
    struct pl_receipt r;
    struct pl_intake in;
    const struct pl_intake *all = &in;
    unsigned needs;

    put(1, 7, 0);
    say(7, closings(7));
    test_message(m, 1, 7);
    m->event[0].labels = CTX_LABEL_SUBSTANCE;
    in = test_intake_of(&t, m->bytes, &m->reading);
    ck_assert_int_eq(pl_store_replace(t.store, &all, 1, &r, NULL, NULL), AN_OK);
    ck_assert(r.changed);
    ck_assert_int_eq(counts().n_outbox_waiting, 0);
    ck_assert_uint_eq(current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_SUBSTANCE);
    ck_assert(say(7, 0).unseen);
}
END_TEST

/* Numbers of closings ascend, whoever is erased: a thought that knows of a
 * higher one would not learn of the next. */
START_TEST(an_erasure_does_not_count_closings_back)
{
    struct pl_purge who = {.now_us = TEST_EPOCH_US,
                           .actor = AN_STR("op"),
                           .role = AN_STR("operator")};
    struct pl_erased total = {.more = true};
    struct pl_history h;
    int64_t before;

    put(1, 8, 0);
    put(2, 8, CTX_LABEL_HIV);
    put(3, 7, CTX_LABEL_HIV);
    before = closings(8);
    h = test_history(&t, 7, CTX_AS_OF_ALL);
    ck_assert_int_eq(pl_store_erase(t.store, &h.person, TEST_EPOCH_US, NULL),
                     AN_OK);
    while (total.more)
        ck_assert_int_eq(pl_store_erase_step(t.store, &who, &total, NULL),
                         AN_OK);
    ck_assert_int_eq(closings(8), before);
    put(4, 8, CTX_LABEL_HIV);
    ck_assert(say(8, before).unseen);
}
END_TEST

/* ---- who is who ----------------------------------------------------------- */

/* Said so many seconds after the epoch. */
static struct pl_receipt claim_at(const char *bytes, enum ctx_claim_kind kind,
                                  unsigned kept, unsigned other, int64_t s)
{
    struct ctx_claim c = {.kind = (uint8_t)kind,
                          .current = numbered(kept),
                          .prior = numbered(other),
                          .said_us = TEST_EPOCH_US + s * 1000000,
                          .available_us = TEST_EPOCH_US + s * 1000000};
    struct ctx_reading reading = {.kind = AN_STR("ADT^A40"),
                                  .said_us = c.said_us,
                                  .claim = &c,
                                  .n_claims = 1};
    struct pl_intake in;

    if (kind == CTX_CLAIM_VISIT) {
        c.visit = AN_STR("GENHOSP|V2");
        c.prior_visit = AN_STR("GENHOSP|V1");
    }
    in = test_intake_of(&t, an_str_c(bytes), &reading);
    return test_put(&t, &in);
}

static struct pl_receipt claim(const char *bytes, enum ctx_claim_kind kind,
                               unsigned kept, unsigned other)
{
    return claim_at(bytes, kind, kept, other, 1);
}

START_TEST(a_merge_asks_for_both_and_drops_what_waits)
{
    struct an_str whom = AN_STR("");
    unsigned needs;
    int64_t before;

    put(1, 7, 0);
    put(2, 8, 0);
    say(7, 0);
    before = closings(7);
    claim("merge", CTX_CLAIM_MERGE, 7, 8);
    ck_assert_uint_eq(asked(&whom), 2);
    ck_assert_an_str_eq(whom, "M0000008");
    ck_assert_int_eq(counts().n_outbox_waiting, 0);
    ck_assert(say(7, before).unseen);
    ck_assert(say(8, before).unseen);
    ck_assert_uint_eq(current(7, &needs), 1);
    /* Said again, it is no news. */
    say(7, closings(7));
    before = closings(7);
    claim("merge again", CTX_CLAIM_MERGE, 7, 8);
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    ck_assert_int_eq(closings(7), before);
}
END_TEST

START_TEST(an_unmerge_leaves_nothing_of_the_mixed_record_current)
{
    struct an_str whom = AN_STR("");
    unsigned needs;
    int64_t before;

    put(1, 7, 0);
    put(2, 8, 0);
    put(3, 9, 0);
    claim("merge", CTX_CLAIM_MERGE, 7, 8);
    ck_assert_uint_eq(asked(&whom), 0); /* nothing was said */
    say(7, closings(7));
    say(9, closings(9));
    before = closings(7);
    claim("unmerge", CTX_CLAIM_UNMERGE, 7, 8);
    ck_assert_uint_eq(asked(&whom), 2);
    ck_assert_uint_eq(current(7, &needs), 0);
    ck_assert_uint_eq(current(9, &needs), 1);
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    ck_assert(say(7, before).unseen);
    ck_assert(say(8, before).unseen);
    ck_assert(!say(9, before).unseen);
}
END_TEST

/* Two first, then the first time that they are one. */
START_TEST(who_is_joined_while_a_first_word_is_thought_is_not_spoken_of)
{
    int64_t before;
    unsigned needs;

    put(1, 7, 0);
    put(2, 8, CTX_LABEL_HIV);
    before = closings(7);
    claim("merge", (enum ctx_claim_kind)_i, 7, 8);
    ck_assert(say(7, before).unseen);
    ck_assert_uint_eq(current(7, &needs), 0);
    ck_assert(!say(7, closings(7)).unseen);
}
END_TEST

/* What stands of one may be what the other has forbidden. */
START_TEST(who_is_joined_is_not_spoken_of_until_it_was_asked_again)
{
    struct an_str whom = AN_STR("");
    unsigned needs;

    put(1, 7, 0);
    put(2, 8, 0);
    say(7, 0);
    claim("join", (enum ctx_claim_kind)_i, 7, 8);
    ck_assert_uint_eq(current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_VERY_RESTRICTED);
    ck_assert_uint_eq(asked(&whom), 2);
    ck_assert_int_eq(counts().n_outbox_waiting, 0);
    /* Said again, without what was raised. */
    say(7, closings(7));
    ck_assert_uint_eq(current(7, &needs), 1);
    ck_assert_uint_eq(needs, 0);
}
END_TEST

/* The link stands there since the first time. */
START_TEST(who_is_joined_again_after_a_parting_is_news_once)
{
    static const enum ctx_claim_kind parts[] = {
        CTX_CLAIM_UNMERGE, CTX_CLAIM_MOVE, CTX_CLAIM_VISIT};
    enum ctx_claim_kind joins = _i % 2 ? CTX_CLAIM_MERGE : CTX_CLAIM_SAME;
    unsigned needs;
    int64_t before;

    put(1, 7, 0);
    put(2, 8, 0);
    put(3, 9, 0);
    claim_at("first", joins, 7, 8, 1);
    if (parts[_i / 2] == CTX_CLAIM_MOVE)
        claim_at("part", CTX_CLAIM_MOVE, 9, 8, 2);
    else
        claim_at("part", parts[_i / 2], 7, 8, 2);
    say(7, closings(7));
    before = closings(7);
    claim_at("again", joins, 7, 8, 3);
    ck_assert_int_eq(counts().n_outbox_waiting, 0);
    ck_assert_uint_eq(current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_VERY_RESTRICTED);
    ck_assert(say(7, before).unseen);
    say(7, closings(7));
    claim_at("and again", joins, 7, 8, 4);
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    ck_assert_uint_eq(current(7, &needs), 1);
    ck_assert_uint_eq(needs, 0);
}
END_TEST

/* A table had made a merge of it; read again, it is none. */
START_TEST(a_merge_that_is_read_no_more_closes_what_rests_on_it)
{
    struct ctx_reading reading = {.kind = AN_STR("ADT^A40"),
                                  .said_us = TEST_EPOCH_US + 1000000};
    const struct pl_intake *one;
    struct an_str whom = AN_STR("");
    struct pl_intake in;
    struct pl_receipt r;
    unsigned needs;
    int64_t before;

    put(1, 7, 0);
    put(2, 8, 0);
    put(3, 9, 0);
    claim("merge", CTX_CLAIM_MERGE, 7, 8);
    say(8, closings(8));
    say(9, closings(9));
    before = closings(8);
    in = test_intake_of(&t, AN_STR("merge"), &reading);
    one = &in;
    ck_assert_int_eq(pl_store_replace(t.store, &one, 1, &r, NULL, NULL), AN_OK);
    ck_assert(r.changed);
    ck_assert_uint_eq(asked(&whom), 1);
    ck_assert_an_str_eq(whom, "M0000008");
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    ck_assert_uint_eq(current(8, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_VERY_RESTRICTED);
    ck_assert(say(8, before).unseen);
    ck_assert(!say(9, before).unseen);
    /* Whom a message joins after that, it joins. */
    say(8, closings(8));
    claim_at("merged", CTX_CLAIM_MERGE, 7, 8, 2);
    ck_assert_uint_eq(current(8, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_VERY_RESTRICTED);
}
END_TEST

/* The label is that of the visit it is now. */
START_TEST(a_visit_that_is_renamed_closes_what_stands)
{
    struct an_str whom = AN_STR("");
    unsigned needs;
    int64_t before;

    put(1, 7, 0);
    say(7, closings(7));
    before = closings(7);
    claim("visit", CTX_CLAIM_VISIT, 7, 7);
    ck_assert_int_eq(counts().n_outbox_waiting, 0);
    ck_assert_uint_eq(asked(&whom), 1);
    ck_assert_an_str_eq(whom, "M0000007");
    ck_assert_uint_eq(current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_VERY_RESTRICTED);
    ck_assert(say(7, before).unseen);
}
END_TEST

/* Each message lists the same two numbers; the first time it is news. */
START_TEST(a_link_is_news_once)
{
    struct an_str whom = AN_STR("");

    put(1, 7, 0);
    say(7, closings(7));
    put(2, 7, 0);
    ck_assert_uint_eq(asked(&whom), 0);
    ck_assert_int_eq(counts().n_outbox_waiting, 1);
    claim("link", CTX_CLAIM_SAME, 7, 8);
    ck_assert_uint_eq(asked(&whom), 2);
    ck_assert_int_eq(counts().n_outbox_waiting, 0);
    claim("link again", CTX_CLAIM_SAME, 7, 8);
    ck_assert_uint_eq(asked(&whom), 2);
}
END_TEST

Suite *store_closing_suite(void)
{
    const TTest *const test[] = {
        a_label_closes_what_stands_and_asks_again,
        of_whom_nothing_is_said_nothing_is_asked,
        what_was_thought_meanwhile_is_not_written,
        reading_again_closes_too,
        an_erasure_does_not_count_closings_back,
        a_merge_asks_for_both_and_drops_what_waits,
        an_unmerge_leaves_nothing_of_the_mixed_record_current,
        a_merge_that_is_read_no_more_closes_what_rests_on_it,
        a_visit_that_is_renamed_closes_what_stands,
        a_link_is_news_once};
    Suite *s =
        test_suite_around("store/closing", test, sizeof(test) / sizeof(test[0]),
                          set_up, tear_down);
    TCase *kinds = tcase_create("kinds");

    tcase_add_checked_fixture(kinds, set_up, tear_down);
    tcase_add_loop_test(
        kinds, who_is_joined_while_a_first_word_is_thought_is_not_spoken_of,
        CTX_CLAIM_SAME, CTX_CLAIM_MERGE + 1);
    tcase_add_loop_test(kinds,
                        who_is_joined_is_not_spoken_of_until_it_was_asked_again,
                        CTX_CLAIM_SAME, CTX_CLAIM_MERGE + 1);
    tcase_add_loop_test(kinds, who_is_joined_again_after_a_parting_is_news_once,
                        0, 6);
    suite_add_tcase(s, kinds);
    return s;
}

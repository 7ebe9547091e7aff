/* SPDX-License-Identifier: Apache-2.0 */
/* What a message closes is heard of no more from its commit on, and who was
 * thinking about the patient meanwhile is told to read again. */
#include "plugin/store/conclude.h"
#include "plugin/store/outgoing.h"
#include "plugin/store/purge.h"
#include "tests/closing_help.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *store_closing_suite(void);

static void set_up(void)
{
    test_store_open(&closing_store);
}

static void tear_down(void)
{
    test_store_close(&closing_store);
}

START_TEST(a_label_closes_what_stands_and_asks_again)
{
    struct an_str whom = AN_STR("");
    unsigned needs;

    closing_put(1, 7, 0);
    closing_put(2, 8, 0);
    closing_say(7, closing_number(7));
    closing_say(8, closing_number(8));
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 2);
    closing_put(3, 7, CTX_LABEL_STATED);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 2);
    ck_assert_uint_eq(closing_asked(&whom), 0);
    closing_put(4, 7, CTX_LABEL_STATED | CTX_LABEL_RESTRICTED | CTX_LABEL_HIV);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 1);
    ck_assert_uint_eq(closing_asked(&whom), 1);
    ck_assert_an_str_eq(whom, "M0000007");
    /* It stands, for those who may be told of it. */
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_HIV);
    closing_put(5, 7, CTX_LABEL_VIP);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_HIV | CTX_LABEL_VIP);
    ck_assert_uint_eq(closing_current(8, &needs), 1);
    ck_assert_uint_eq(needs, 0);
}
END_TEST

START_TEST(of_whom_nothing_is_said_nothing_is_asked)
{
    struct an_str whom = AN_STR("");

    closing_put(1, 7, CTX_LABEL_RESTRICTED);
    ck_assert_uint_eq(closing_asked(&whom), 0);
}
END_TEST

/* Read before it was closed, to be written after. */
START_TEST(what_was_thought_meanwhile_is_not_written)
{
    struct pl_conclude_receipt r;
    int64_t before;
    unsigned needs;

    closing_put(1, 7, 0);
    closing_put(2, 8, 0);
    before = closing_number(7);
    closing_put(3, 7, CTX_LABEL_PSYCHIATRY);
    r = closing_say(7, before);
    ck_assert(r.unseen);
    ck_assert(!r.duplicate);
    ck_assert_uint_eq(closing_current(7, &needs), 0);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 0);
    ck_assert_int_eq(closing_counts().n_audit, 0);
    /* That is about this patient alone. */
    ck_assert(!closing_say(8, before).unseen);
    ck_assert(!closing_say(7, closing_number(7)).unseen);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
}
END_TEST

/* The label came by a table that has changed since. */
START_TEST(reading_again_closes_too)
{
    struct test_message *m = an_arena_get(&closing_store.arena, 1, sizeof(*m));
    struct pl_receipt r;
    struct pl_intake in;
    const struct pl_intake *all = &in;
    unsigned needs;

    closing_put(1, 7, 0);
    closing_say(7, closing_number(7));
    test_message(m, 1, 7);
    m->event[0].labels = CTX_LABEL_SUBSTANCE;
    in = test_intake_of(&closing_store, m->bytes, &m->reading);
    ck_assert_int_eq(
        pl_store_replace(closing_store.store, &all, 1, &r, NULL, NULL), AN_OK);
    ck_assert(r.changed);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 0);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_SUBSTANCE);
    ck_assert(closing_say(7, 0).unseen);
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

    closing_put(1, 8, 0);
    closing_put(2, 8, CTX_LABEL_HIV);
    closing_put(3, 7, CTX_LABEL_HIV);
    before = closing_number(8);
    h = test_history(&closing_store, 7, CTX_AS_OF_ALL);
    ck_assert_int_eq(
        pl_store_erase(closing_store.store, &h.person, TEST_EPOCH_US, NULL),
        AN_OK);
    while (total.more)
        ck_assert_int_eq(
            pl_store_erase_step(closing_store.store, &who, &total, NULL),
            AN_OK);
    ck_assert_int_eq(closing_number(8), before);
    closing_put(4, 8, CTX_LABEL_HIV);
    ck_assert(closing_say(8, before).unseen);
}
END_TEST

/* ---- who is who ----------------------------------------------------------- */

START_TEST(a_merge_asks_for_both_and_drops_what_waits)
{
    struct an_str whom = AN_STR("");
    unsigned needs;
    int64_t before;

    closing_put(1, 7, 0);
    closing_put(2, 8, 0);
    closing_say(7, 0);
    before = closing_number(7);
    closing_claim("merge", CTX_CLAIM_MERGE, 7, 8);
    ck_assert_uint_eq(closing_asked(&whom), 2);
    ck_assert_an_str_eq(whom, "M0000008");
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 0);
    ck_assert(closing_say(7, before).unseen);
    ck_assert(closing_say(8, before).unseen);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    /* Said again, it is no news. */
    closing_say(7, closing_number(7));
    before = closing_number(7);
    closing_claim("merge again", CTX_CLAIM_MERGE, 7, 8);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 1);
    ck_assert_int_eq(closing_number(7), before);
}
END_TEST

START_TEST(an_unmerge_leaves_nothing_of_the_mixed_record_current)
{
    struct an_str whom = AN_STR("");
    unsigned needs;
    int64_t before;

    closing_put(1, 7, 0);
    closing_put(2, 8, 0);
    closing_put(3, 9, 0);
    closing_claim("merge", CTX_CLAIM_MERGE, 7, 8);
    ck_assert_uint_eq(closing_asked(&whom), 0); /* nothing was said */
    closing_say(7, closing_number(7));
    closing_say(9, closing_number(9));
    before = closing_number(7);
    closing_claim("unmerge", CTX_CLAIM_UNMERGE, 7, 8);
    ck_assert_uint_eq(closing_asked(&whom), 2);
    ck_assert_uint_eq(closing_current(7, &needs), 0);
    ck_assert_uint_eq(closing_current(9, &needs), 1);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 1);
    ck_assert(closing_say(7, before).unseen);
    ck_assert(closing_say(8, before).unseen);
    ck_assert(!closing_say(9, before).unseen);
}
END_TEST

/* Two first, then the first time that they are one. */
START_TEST(who_is_joined_while_a_first_word_is_thought_is_not_spoken_of)
{
    int64_t before;
    unsigned needs;

    closing_put(1, 7, 0);
    closing_put(2, 8, CTX_LABEL_HIV);
    before = closing_number(7);
    closing_claim("merge", (enum ctx_claim_kind)_i, 7, 8);
    ck_assert(closing_say(7, before).unseen);
    ck_assert_uint_eq(closing_current(7, &needs), 0);
    ck_assert(!closing_say(7, closing_number(7)).unseen);
}
END_TEST

/* What stands of one may be what the other has forbidden. */
START_TEST(who_is_joined_is_not_spoken_of_until_it_was_asked_again)
{
    struct an_str whom = AN_STR("");
    unsigned needs;

    closing_put(1, 7, 0);
    closing_put(2, 8, 0);
    closing_say(7, 0);
    closing_claim("join", (enum ctx_claim_kind)_i, 7, 8);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_VERY_RESTRICTED);
    ck_assert_uint_eq(closing_asked(&whom), 2);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 0);
    /* Said again, without what was raised. */
    closing_say(7, closing_number(7));
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(needs, 0);
}
END_TEST

/* The link stands there since the first time. */
START_TEST(who_is_joined_again_after_a_parting_is_news_once)
{
    static const enum ctx_claim_kind parts[] = {CTX_CLAIM_UNMERGE,
                                                CTX_CLAIM_MOVE};
    enum ctx_claim_kind joins = _i % 2 ? CTX_CLAIM_MERGE : CTX_CLAIM_SAME;
    unsigned needs;
    int64_t before;

    closing_put(1, 7, 0);
    closing_put(2, 8, 0);
    closing_put(3, 9, 0);
    closing_claim_at("first", joins, 7, 8, 1);
    if (parts[_i / 2] == CTX_CLAIM_MOVE)
        closing_claim_at("part", CTX_CLAIM_MOVE, 9, 8, 2);
    else
        closing_claim_at("part", parts[_i / 2], 7, 8, 2);
    closing_say(7, closing_number(7));
    before = closing_number(7);
    closing_claim_at("again", joins, 7, 8, 3);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 0);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_VERY_RESTRICTED);
    ck_assert(closing_say(7, before).unseen);
    closing_say(7, closing_number(7));
    closing_claim_at("and again", joins, 7, 8, 4);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 1);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
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

    closing_put(1, 7, 0);
    closing_put(2, 8, 0);
    closing_put(3, 9, 0);
    closing_claim("merge", CTX_CLAIM_MERGE, 7, 8);
    closing_say(8, closing_number(8));
    closing_say(9, closing_number(9));
    before = closing_number(8);
    in = test_intake_of(&closing_store, AN_STR("merge"), &reading);
    one = &in;
    ck_assert_int_eq(
        pl_store_replace(closing_store.store, &one, 1, &r, NULL, NULL), AN_OK);
    ck_assert(r.changed);
    ck_assert_uint_eq(closing_asked(&whom), 1);
    ck_assert_an_str_eq(whom, "M0000008");
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 1);
    ck_assert_uint_eq(closing_current(8, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_VERY_RESTRICTED);
    ck_assert(closing_say(8, before).unseen);
    ck_assert(!closing_say(9, before).unseen);
    /* Whom a message joins after that, it joins. */
    closing_say(8, closing_number(8));
    closing_claim_at("merged", CTX_CLAIM_MERGE, 7, 8, 2);
    ck_assert_uint_eq(closing_current(8, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_VERY_RESTRICTED);
}
END_TEST

/* Each message lists the same two numbers; the first time it is news. */
START_TEST(a_link_is_news_once)
{
    struct an_str whom = AN_STR("");

    closing_put(1, 7, 0);
    closing_say(7, closing_number(7));
    closing_put(2, 7, 0);
    ck_assert_uint_eq(closing_asked(&whom), 0);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 1);
    closing_claim("link", CTX_CLAIM_SAME, 7, 8);
    ck_assert_uint_eq(closing_asked(&whom), 2);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 0);
    closing_claim("link again", CTX_CLAIM_SAME, 7, 8);
    ck_assert_uint_eq(closing_asked(&whom), 2);
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
                        0, 4);
    suite_add_tcase(s, kinds);
    return s;
}

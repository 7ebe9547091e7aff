/* SPDX-License-Identifier: Apache-2.0 */
/* What a move of a visit or of a number closes: two persons' records, and that
 * of nobody else who once had to do with either. */
#include "plugin/store/writer_int.h"
#include "tests/closing_help.h"
#include "tests/suite.h"

Suite *store_closing_moves_suite(void);

static void set_up(void)
{
    test_store_open(&closing_store);
}

static void tear_down(void)
{
    test_store_close(&closing_store);
}

/* The label is that of the visit it is now. */
START_TEST(a_visit_that_is_renamed_closes_what_stands)
{
    struct an_str whom = AN_STR("");
    unsigned needs;
    int64_t before;

    closing_put(1, 7, 0);
    closing_say(7, closing_number(7));
    before = closing_number(7);
    closing_claim("visit", CTX_CLAIM_VISIT, 7, 7);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 0);
    ck_assert_uint_eq(closing_asked(&whom), 1);
    ck_assert_an_str_eq(whom, "M0000007");
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_VERY_RESTRICTED);
    ck_assert(closing_say(7, before).unseen);
}
END_TEST

/* Who else had a visit of a dummy record has nothing to do with it. */
START_TEST(a_visit_that_is_moved_closes_two_and_nobody_else)
{
    struct an_str whom = AN_STR("");
    int64_t before;
    unsigned needs;

    for (unsigned i = 5; i <= 9; i++)
        closing_put(i, i, 0);
    closing_claim_as("a visit", CTX_CLAIM_VISIT, 7, 9, 1, "GENHOSP|V7");
    closing_claim_as("another", CTX_CLAIM_VISIT, 8, 9, 2, "GENHOSP|V8");
    for (unsigned i = 6; i <= 9; i++)
        closing_say(i, closing_number(i));
    before = closing_number(7);
    closing_claim_as("a third", CTX_CLAIM_VISIT, 6, 9, 3, "GENHOSP|V6");
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 2);
    ck_assert_uint_eq(closing_current(6, &needs) + closing_current(9, &needs),
                      0);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(closing_current(8, &needs), 1);
    ck_assert_uint_eq(closing_asked(&whom), 2);
    ck_assert(!closing_say(7, before).unseen);
    ck_assert(closing_say(6, before).unseen);
    /* Of 5 nothing is said yet, but of 9 there is. */
    closing_say(9, closing_number(9));
    closing_claim_as("a fourth", CTX_CLAIM_VISIT, 5, 9, 4, "GENHOSP|V5");
    ck_assert_uint_eq(closing_asked(&whom), 4);
}
END_TEST

/* It was known that the visit went on, and is known now whence it came. */
START_TEST(a_move_that_comes_late_closes_where_the_visit_is)
{
    unsigned needs;
    int64_t before;

    for (unsigned i = 6; i <= 9; i++)
        closing_put(i, i, 0);
    closing_claim_at("rename", CTX_CLAIM_VISIT, 9, 9, 1); /* V1 to V2 */
    closing_claim_as("on", CTX_CLAIM_VISIT, 7, 9, 5, "GENHOSP|V2");
    for (unsigned i = 6; i <= 9; i++)
        closing_say(i, closing_number(i));
    before = closing_number(7);
    closing_claim_at("late", CTX_CLAIM_VISIT, 9, 8, 3);
    ck_assert_uint_eq(closing_current(7, &needs), 0);
    ck_assert_uint_eq(closing_current(8, &needs) + closing_current(9, &needs),
                      0);
    ck_assert_uint_eq(closing_current(6, &needs), 1);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 1);
    ck_assert(closing_say(7, before).unseen);
}
END_TEST

/* It was another's than the first move had said. */
START_TEST(a_move_that_takes_the_place_of_another_closes_whom_that_named)
{
    unsigned needs;
    int64_t before;

    for (unsigned i = 6; i <= 9; i++)
        closing_put(i, i, 0);
    closing_claim_at("wrong", CTX_CLAIM_VISIT, 8, 9, 1);
    for (unsigned i = 6; i <= 9; i++)
        closing_say(i, closing_number(i));
    before = closing_number(8);
    closing_claim_at("right", CTX_CLAIM_VISIT, 7, 9, 2);
    for (unsigned i = 6; i <= 9; i++)
        ck_assert_uint_eq(closing_current(i, &needs), i == 6);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 1);
    ck_assert(closing_say(8, before).unseen);
}
END_TEST

/* Under the old number still; invented messages are of visit V0001. */
START_TEST(a_label_on_a_visit_that_was_moved_closes_where_it_is)
{
    struct test_message m;
    struct an_str whom = AN_STR("");
    unsigned needs;

    test_message(&m, 9, 9);
    for (unsigned i = 6; i <= 9; i++)
        closing_put(i, i, 0);
    closing_claim_as("first", CTX_CLAIM_VISIT, 8, 9, 1, "GENHOSP|V1");
    closing_claim_as("on", CTX_CLAIM_VISIT, 8, 9, 2, m.event[0].encounter.p);
    closing_claim_as("and on", CTX_CLAIM_VISIT, 7, 8, 3, "GENHOSP|V2");
    for (unsigned i = 6; i <= 9; i++)
        closing_say(i, closing_number(i));
    closing_put(20, 9, CTX_LABEL_HIV);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_HIV);
    ck_assert_uint_eq(closing_current(9, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_HIV);
    ck_assert_uint_eq(closing_current(6, &needs), 1);
    ck_assert_uint_eq(needs, 0);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 1);
    ck_assert_uint_eq(closing_asked(&whom), 3);
}
END_TEST

static int forget(struct pl_writer *w, void *ctx)
{
    (void)ctx;
    return sqlite3_exec(w->db.sql, "DELETE FROM visited", NULL, NULL, NULL);
}

/* Of a patient, filed under that number. */
static struct pl_intake fact_of(uint64_t n, unsigned patient, unsigned filed,
                                const char *visit, unsigned labels)
{
    struct test_message *m = an_arena_get(&closing_store.arena, 1, sizeof(*m));

    ck_assert_ptr_nonnull(m);
    test_message(m, n, patient);
    m->event[0].fact = AN_STR("obs|1");
    m->event[0].encounter = an_str_c(visit);
    m->event[0].labels = (uint16_t)labels;
    m->part.patient = closing_numbered(filed);
    return test_intake_of(&closing_store, m->bytes, &m->reading);
}

static void put_fact(uint64_t n, unsigned patient, const char *visit,
                     unsigned labels)
{
    struct pl_intake in = fact_of(n, patient, patient, visit, labels);

    (void)test_put(&closing_store, &in);
}

/* It goes with the visit that another version names. */
START_TEST(a_label_on_a_fact_of_a_visit_that_was_moved_closes_where_it_is)
{
    struct an_str whom = AN_STR("");
    unsigned needs;

    for (unsigned i = 6; i <= 8; i++)
        closing_put(i, i, 0);
    put_fact(9, 9, "GENHOSP|V9", 0);
    closing_claim_as("first", CTX_CLAIM_VISIT, 7, 9, 1, "GENHOSP|V9");
    for (unsigned i = 6; i <= 9; i++)
        closing_say(i, closing_number(i));
    /* Also where the rows of an older store are gone. */
    if (_i)
        ck_assert_int_eq(
            pl_store_transaction(closing_store.store, forget, NULL, NULL),
            AN_OK);
    put_fact(20, 9, "", CTX_LABEL_HIV);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_HIV);
    ck_assert_uint_eq(closing_current(9, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_HIV);
    ck_assert_uint_eq(closing_current(6, &needs), 1);
    ck_assert_uint_eq(needs, 0);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 2);
    ck_assert_uint_eq(closing_asked(&whom), 2);
}
END_TEST

/* What another table changes under the old number rests with whom it is now. */
START_TEST(reading_again_asks_about_whose_the_visit_is)
{
    struct test_message m;
    const struct pl_trigger *list;
    const struct pl_intake *one;
    struct pl_intake in;
    struct pl_receipt r;
    size_t n, n_asked = 0;

    closing_put(1, 9, 0);
    closing_put(2, 7, 0);
    test_message(&m, 1, 9);
    closing_claim_as("move", CTX_CLAIM_VISIT, 7, 9, 1, m.event[0].encounter.p);
    closing_say(7, closing_number(7));
    m.event[0].concept.code = AN_STR("1-8");
    in = test_intake_of(&closing_store, m.bytes, &m.reading);
    one = &in;
    ck_assert_int_eq(
        pl_store_replace(closing_store.store, &one, 1, &r, NULL, NULL), AN_OK);
    ck_assert(r.changed);
    ck_assert_int_eq(pl_triggers(closing_store.reader, &closing_store.arena, 0,
                                 100, &list, &n, NULL),
                     AN_OK);
    for (size_t i = 0; i < n; i++)
        if (list[i].reason == PL_REASON_TABLES) {
            ck_assert_an_str_eq(list[i].patient.value, "M0000007");
            n_asked++;
        }
    ck_assert_uint_eq(n_asked, 1);
}
END_TEST

static void read_again(uint64_t n, unsigned filed, const char *visit)
{
    struct pl_intake in = fact_of(n, 9, filed, visit, 0);
    const struct pl_intake *one = &in;
    struct pl_receipt r;

    ck_assert_int_eq(
        pl_store_replace(closing_store.store, &one, 1, &r, NULL, NULL), AN_OK);
    ck_assert(r.changed);
}

/* V9 of 9 is 7's now, V8 is 8's; by other tables the fact is of another. */
START_TEST(a_fact_that_is_read_as_of_another_visit_closes_whom_it_leaves)
{
    static const struct {
        const char *was, *is;
        unsigned whom, filed;
    } way[] = {
        {"GENHOSP|V9", "", 7, 9},           {"GENHOSP|V9", "GENHOSP|V7", 7, 9},
        {"GENHOSP|V9", "GENHOSP|V8", 7, 9}, {"", "GENHOSP|V9", 9, 9},
        {"GENHOSP|V7", "GENHOSP|V9", 9, 9}, {"GENHOSP|V9", "GENHOSP|V9", 7, 5}};
    struct an_str whom = AN_STR("");
    unsigned needs;
    int64_t before;

    for (unsigned i = 6; i <= 9; i++)
        closing_put(i, i, 0);
    put_fact(10, 9, way[_i].was, 0);
    closing_claim_as("first", CTX_CLAIM_VISIT, 7, 9, 1, "GENHOSP|V9");
    closing_claim_as("other", CTX_CLAIM_VISIT, 8, 9, 2, "GENHOSP|V8");
    closing_put(20, way[_i].whom, 0);
    for (unsigned i = 6; i <= 9; i++)
        closing_say(i, closing_number(i));
    before = closing_number(way[_i].whom);
    read_again(10, way[_i].filed, way[_i].is);
    ck_assert_uint_eq(closing_current(way[_i].whom, &needs), 0);
    ck_assert(closing_say(way[_i].whom, before).unseen);
    ck_assert_uint_ge(closing_asked(&whom), 1);
    ck_assert_uint_eq(closing_current(6, &needs), 1);
    ck_assert_uint_eq(closing_current(8, &needs), 1);
}
END_TEST

/* A table had made a move of it; read again, it is none. */
START_TEST(a_visit_that_is_read_as_moved_no_more_closes_where_it_is)
{
    struct ctx_reading reading = {.kind = AN_STR("ADT^A45"),
                                  .said_us = TEST_EPOCH_US + 1000000};
    struct pl_intake in =
        test_intake_of(&closing_store, AN_STR("move"), &reading);
    const struct pl_intake *one = &in;
    struct pl_receipt r;
    unsigned needs;

    closing_put(1, 7, 0);
    closing_put(2, 8, 0);
    closing_put(3, 9, 0);
    closing_claim("move", CTX_CLAIM_VISIT, 7, 8);
    for (unsigned i = 7; i <= 9; i++)
        closing_say(i, closing_number(i));
    ck_assert_int_eq(
        pl_store_replace(closing_store.store, &one, 1, &r, NULL, NULL), AN_OK);
    ck_assert(r.changed);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 1);
    for (unsigned i = 7; i <= 8; i++) {
        ck_assert_uint_eq(closing_current(i, &needs), 1);
        ck_assert_uint_eq(needs, CTX_LABEL_VERY_RESTRICTED);
    }
    ck_assert_uint_eq(closing_current(9, &needs), 1);
    ck_assert_uint_eq(needs, 0);
}
END_TEST

static int forget_moves(struct pl_writer *w, void *ctx)
{
    (void)ctx;
    return sqlite3_exec(w->db.sql,
                        "DELETE FROM moved; DELETE FROM visited;"
                        "UPDATE link SET is_over = 0, message = 0,"
                        " last_us = 9223372036854775807",
                        NULL, NULL, NULL);
}

/* A store of before version 5 shows a number where it was until it is read again;
 * what was said of it there meanwhile does not stay. */
START_TEST(a_move_that_is_found_by_reading_again_closes_whom_it_leaves)
{
    struct ctx_claim c = {.kind = CTX_CLAIM_MOVE,
                          .current = closing_numbered(6),
                          .prior = closing_numbered(8),
                          .said_us = TEST_EPOCH_US + 2000000,
                          .available_us = TEST_EPOCH_US + 2000000};
    struct ctx_reading reading = {.kind = AN_STR("ADT^A43"),
                                  .said_us = c.said_us,
                                  .claim = &c,
                                  .n_claims = 1};
    struct pl_intake in =
        test_intake_of(&closing_store, AN_STR("move"), &reading);
    const struct pl_intake *one = &in;
    struct pl_receipt r;
    unsigned needs;

    for (unsigned i = 6; i <= 9; i++)
        closing_put(i, i, 0);
    closing_claim_at("7 is 8", CTX_CLAIM_SAME, 7, 8, 1);
    (void)test_put(&closing_store, &in);
    ck_assert_int_eq(
        pl_store_transaction(closing_store.store, forget_moves, NULL, NULL),
        AN_OK);
    for (unsigned i = 6; i <= 9; i++)
        closing_say(i, closing_number(i));
    for (unsigned again = 0; again < 2; again++) {
        ck_assert_int_eq(
            pl_store_replace(closing_store.store, &one, 1, &r, NULL, NULL),
            AN_OK);
        ck_assert(!r.changed);
        ck_assert(r.n_triggers ? again == 0 : again == 1);
        for (unsigned i = 6; i <= 8; i++)
            ck_assert_uint_eq(closing_current(i, &needs), again);
        ck_assert_uint_eq(closing_current(9, &needs), 1);
        for (unsigned i = 6; i <= 8; i++)
            closing_say(i, closing_number(i));
    }
}
END_TEST

/* A number goes from a dummy record, which others left before. */
START_TEST(a_number_that_is_moved_closes_whom_it_leaves_and_joins)
{
    unsigned needs;

    for (unsigned i = 4; i <= 9; i++)
        closing_put(i, i, 0);
    closing_claim_at("8 is the dummy", CTX_CLAIM_SAME, 9, 8, 1);
    closing_claim_at("8 is 7", CTX_CLAIM_MOVE, 7, 8, 2);
    closing_claim_at("6 is the dummy", CTX_CLAIM_SAME, 9, 6, 3);
    for (unsigned i = 5; i <= 9; i++)
        closing_say(i, closing_number(i));
    closing_claim_at("6 is 5", CTX_CLAIM_MOVE, 5, 6, 4);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 2);
    ck_assert_uint_eq(closing_current(9, &needs), 0);
    ck_assert_uint_eq(closing_current(6, &needs) + closing_current(5, &needs),
                      0);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(closing_current(8, &needs), 1);
}
END_TEST

/* A visit of one was the other's: that makes them no more one than before, nor
 * two of those who were one. */
START_TEST(who_only_had_the_same_visit_is_no_less_news)
{
    enum ctx_claim_kind joins = _i ? CTX_CLAIM_MERGE : CTX_CLAIM_SAME;
    unsigned needs;

    closing_put(1, 7, 0);
    closing_put(2, 8, 0);
    closing_claim_at("visit", CTX_CLAIM_VISIT, 7, 8, 1);
    closing_say(7, closing_number(7));
    closing_claim_at("join", joins, 7, 8, 2);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 0);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(needs, CTX_LABEL_VERY_RESTRICTED);
    closing_claim_at("visit again", CTX_CLAIM_VISIT, 7, 8, 3);
    ck_assert_uint_eq(closing_current(7, &needs), 0);
    closing_say(7, closing_number(7));
    closing_claim_at("join again", joins, 7, 8, 4);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 1);
    ck_assert_uint_eq(closing_current(7, &needs), 1);
    ck_assert_uint_eq(needs, 0);
}
END_TEST

/* What linked them came late, and was over; what does so now is news. */
START_TEST(who_was_only_linked_before_a_move_is_no_less_news)
{
    enum ctx_claim_kind joins = _i ? CTX_CLAIM_MERGE : CTX_CLAIM_SAME;
    int64_t before;
    unsigned needs;

    for (unsigned i = 6; i <= 8; i++)
        closing_put(i, i, 0);
    closing_claim_at("8 is 6", CTX_CLAIM_MOVE, 6, 8, 5);
    closing_claim_at("late", CTX_CLAIM_SAME, 7, 8, 3);
    closing_say(7, closing_number(7));
    closing_say(8, closing_number(8));
    before = closing_number(7);
    closing_claim_at("join", joins, 7, 8, 9);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 0);
    for (unsigned i = 7; i <= 8; i++) {
        ck_assert_uint_eq(closing_current(i, &needs), 1);
        ck_assert_uint_eq(needs, CTX_LABEL_VERY_RESTRICTED);
    }
    ck_assert(closing_say(7, before).unseen);
    /* And no more from then on. */
    closing_say(7, closing_number(7));
    closing_claim_at("join again", CTX_CLAIM_SAME, 7, 8, 10);
    ck_assert_int_eq(closing_counts().n_outbox_waiting, 1);
}
END_TEST

Suite *store_closing_moves_suite(void)
{
    const TTest *const test[] = {
        a_visit_that_is_renamed_closes_what_stands,
        a_visit_that_is_moved_closes_two_and_nobody_else,
        a_move_that_comes_late_closes_where_the_visit_is,
        a_move_that_takes_the_place_of_another_closes_whom_that_named,
        a_label_on_a_visit_that_was_moved_closes_where_it_is,
        reading_again_asks_about_whose_the_visit_is,
        a_visit_that_is_read_as_moved_no_more_closes_where_it_is,
        a_move_that_is_found_by_reading_again_closes_whom_it_leaves,
        a_number_that_is_moved_closes_whom_it_leaves_and_joins};
    Suite *s =
        test_suite_around("store/closing_moves", test,
                          sizeof(test) / sizeof(test[0]), set_up, tear_down);
    TCase *kinds = tcase_create("kinds");

    tcase_add_checked_fixture(kinds, set_up, tear_down);
    tcase_add_loop_test(kinds, who_only_had_the_same_visit_is_no_less_news, 0,
                        2);
    tcase_add_loop_test(
        kinds, who_was_only_linked_before_a_move_is_no_less_news, 0, 2);
    tcase_add_loop_test(
        kinds, a_label_on_a_fact_of_a_visit_that_was_moved_closes_where_it_is,
        0, 2);
    tcase_add_loop_test(
        kinds, a_fact_that_is_read_as_of_another_visit_closes_whom_it_leaves, 0,
        6);
    suite_add_tcase(s, kinds);
    return s;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Moves: whose events are whose; and a dummy record, through which a hospital's
 * patients pass, that neither makes one of them nor costs more the more of them
 * there were. */
#include "plugin/store/writer_int.h"
#include "tests/store_help.h"
#include "tests/store_work.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *store_moved_suite(void);

enum { BATCH = 100 };

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

/* "<word><number>" in the arena. */
static struct an_str text(const char *word, unsigned number)
{
    struct an_str copy = AN_STR("");
    char buffer[64];

    (void)snprintf(buffer, sizeof(buffer), "%s%u", word, number);
    ck_assert(an_arena_str(&t.arena, an_str_c(buffer), &copy));
    return copy;
}

static struct ctx_identifier patient(unsigned number)
{
    return (struct ctx_identifier){AN_STR("H"), text("", number), AN_STR("MR")};
}

static struct ctx_event event(struct an_str visit, int64_t said_us)
{
    return (struct ctx_event){
        .kind = CTX_OBSERVATION,
        .status = CTX_STATUS_FINAL,
        .said_us = said_us,
        .available_us = said_us,
        .effective = {said_us, 0, AN_TIME_SECOND, 0},
        .concept = {AN_STR("urn:id:L"), AN_STR("K"), AN_STR("")},
        .encounter = visit};
}

static struct ctx_claim visit_moved(const struct ctx_identifier *from,
                                    const struct ctx_identifier *to,
                                    struct an_str visit, int64_t said_us)
{
    return (struct ctx_claim){.kind = CTX_CLAIM_VISIT,
                              .prior = *from,
                              .current = *to,
                              .said_us = said_us,
                              .available_us = said_us,
                              .place = AN_STR("MRG[1]"),
                              .visit = visit,
                              .prior_visit = visit};
}

/* A message that files an event and makes a claim; either may be NULL. */
static struct pl_intake message(struct an_str bytes,
                                const struct ctx_identifier *who,
                                struct ctx_event *e, const struct ctx_claim *c)
{
    struct ctx_claim *copy = an_arena_get(&t.arena, 1, sizeof(*copy));
    struct ctx_part part = {.event = e, .n_events = 1};
    struct ctx_reading reading = {.kind = AN_STR("ADT^A45"),
                                  .part = &part,
                                  .n_parts = e != NULL,
                                  .claim = copy,
                                  .n_claims = c != NULL};

    ck_assert_ptr_nonnull(copy);
    if (c)
        *copy = *c;
    if (who)
        part.patient = *who;
    return test_intake_of(&t, bytes, &reading);
}

static void say(struct an_str bytes, const struct ctx_identifier *who,
                struct ctx_event *e, struct ctx_claim *c)
{
    struct pl_intake in = message(bytes, who, e, c);

    (void)test_put(&t, &in);
}

static struct pl_history history(unsigned number, int64_t as_of_us)
{
    const struct ctx_identifier who = patient(number);
    struct pl_history h;
    struct an_err err;

    ck_assert_msg(pl_history(t.reader, &t.arena, &who, as_of_us, &h, &err) ==
                      AN_OK,
                  "%u: %s", number, err.what);
    return h;
}

static size_t n_events(unsigned number, int64_t as_of_us)
{
    struct an_mark mark = an_arena_mark(&t.arena);
    size_t n = history(number, as_of_us).timeline.n_events;

    an_arena_rewind(&t.arena, mark);
    return n;
}

static size_t n_members(unsigned number, int64_t as_of_us)
{
    struct an_mark mark = an_arena_mark(&t.arena);
    size_t n = history(number, as_of_us).person.n_members;

    an_arena_rewind(&t.arena, mark);
    return n;
}

/* n messages, in transactions of BATCH. */
static void put_all(const struct pl_intake *in, size_t n)
{
    static struct pl_receipt receipt[BATCH];
    const struct pl_intake *one[BATCH];

    for (size_t i = 0, m; i < n; i += m) {
        for (m = 0; m < BATCH && i + m < n; m++)
            one[m] = &in[i + m];
        ck_assert_int_eq(pl_store_put(t.store, one, m, receipt, NULL), AN_OK);
    }
}

/* ---- one visit ------------------------------------------------------------ */

START_TEST(a_visit_goes_on_through_the_dummy_and_leaves_the_rest_there)
{
    const struct ctx_identifier a = patient(1), dummy = patient(0),
                                b = patient(2);
    const struct an_str v1 = AN_STR("H|V1"), v2 = AN_STR("H|V2");
    struct ctx_event e = event(v1, 10), f = event(v2, 11), g = event(v1, 50);
    struct ctx_claim in = visit_moved(&a, &dummy, v1, 20);
    struct ctx_claim out = visit_moved(&dummy, &b, v1, 30);

    say(AN_STR("1"), &a, &e, NULL);
    say(AN_STR("2"), &dummy, &f, NULL);
    say(AN_STR("3"), NULL, NULL, _i ? &out : &in);
    say(AN_STR("4"), NULL, NULL, _i ? &in : &out);
    ck_assert_uint_eq(n_events(1, 19), 1);
    ck_assert_uint_eq(n_events(0, 19), 1);
    ck_assert_uint_eq(n_events(0, 29), 2);
    ck_assert_uint_eq(n_events(1, CTX_AS_OF_ALL), 0);
    ck_assert_uint_eq(n_events(0, CTX_AS_OF_ALL), 1);
    ck_assert_uint_eq(n_events(2, CTX_AS_OF_ALL), 1);
    /* What is still filed where it was first. */
    say(AN_STR("5"), &a, &g, NULL);
    ck_assert_uint_eq(n_events(2, CTX_AS_OF_ALL), 2);
    ck_assert_uint_eq(n_members(2, CTX_AS_OF_ALL), 1);
    ck_assert_uint_eq(n_members(0, CTX_AS_OF_ALL), 1);
}
END_TEST

/* The number that the events are filed under is not the one the move names. */
START_TEST(a_visit_is_moved_from_whoever_is_the_same_person)
{
    const struct ctx_identifier old = patient(1), named = patient(2),
                                to = patient(3);
    const struct an_str v1 = AN_STR("H|V1");
    struct ctx_event e = event(v1, 10), f = event(v1, 40);
    struct ctx_claim move = visit_moved(&named, &to, v1, 20);
    struct ctx_claim same = {.kind = CTX_CLAIM_SAME,
                             .current = named,
                             .prior = old,
                             .said_us = 30,
                             .available_us = 30};

    say(AN_STR("1"), &old, &e, NULL);
    say(AN_STR("2"), NULL, NULL, _i ? &same : &move);
    say(AN_STR("3"), NULL, NULL, _i ? &move : &same);
    say(AN_STR("4"), &old, &f, NULL);
    ck_assert_uint_eq(n_events(3, 25), 0);
    ck_assert_uint_eq(n_events(3, CTX_AS_OF_ALL), 2);
    ck_assert_uint_eq(n_events(1, CTX_AS_OF_ALL), 0);
}
END_TEST

/* By a table that is mended since: it was no move, or of another visit. */
START_TEST(a_move_that_is_read_otherwise_moves_otherwise)
{
    const struct ctx_identifier from = patient(1), to = patient(2);
    const struct an_str v1 = AN_STR("H|V1"), v2 = AN_STR("H|V2");
    struct ctx_event e = event(v1, 10), f = event(v2, 11);
    struct ctx_claim wrong = visit_moved(&from, &to, v2, 20);
    struct ctx_claim right = visit_moved(&from, &to, v1, 20);
    struct pl_intake again =
        message(AN_STR("move"), NULL, NULL, _i ? &right : NULL);
    const struct pl_intake *one = &again;
    struct pl_receipt r;

    say(AN_STR("1"), &from, &e, NULL);
    say(AN_STR("2"), &from, &f, NULL);
    say(AN_STR("move"), NULL, NULL, &wrong);
    ck_assert_uint_eq(n_events(2, CTX_AS_OF_ALL), 1);
    ck_assert_an_str_eq(history(2, CTX_AS_OF_ALL).timeline.event[0]->encounter,
                        "H|V2");
    ck_assert_int_eq(pl_store_replace(t.store, &one, 1, &r, NULL, NULL), AN_OK);
    ck_assert(r.changed);
    ck_assert_uint_eq(n_events(1, CTX_AS_OF_ALL), _i ? 1 : 2);
    ck_assert_uint_eq(n_events(2, CTX_AS_OF_ALL), _i ? 1 : 0);
    if (_i)
        ck_assert_an_str_eq(
            history(2, CTX_AS_OF_ALL).timeline.event[0]->encounter, "H|V1");
}
END_TEST

static int forget_moves(struct pl_writer *w, void *ctx)
{
    (void)ctx;
    return sqlite3_exec(w->db.sql, "DELETE FROM moved; DELETE FROM visited",
                        NULL, NULL, NULL);
}

/* A store of before version 5 has the claim and not the row. */
START_TEST(reading_again_finds_a_move_that_an_older_version_kept)
{
    const struct ctx_identifier from = patient(1), to = patient(2);
    const struct an_str v1 = AN_STR("H|V1");
    struct ctx_event e = event(v1, 10);
    struct ctx_claim move = visit_moved(&from, &to, v1, 20);
    struct pl_intake again = message(AN_STR("move"), NULL, NULL, &move);
    const struct pl_intake *one = &again;
    struct pl_receipt r;

    say(AN_STR("1"), &from, &e, NULL);
    say(AN_STR("move"), NULL, NULL, &move);
    ck_assert_int_eq(pl_store_transaction(t.store, forget_moves, NULL, NULL),
                     AN_OK);
    ck_assert_uint_eq(n_events(2, CTX_AS_OF_ALL), 0);
    ck_assert_int_eq(pl_store_replace(t.store, &one, 1, &r, NULL, NULL), AN_OK);
    ck_assert(!r.changed);
    ck_assert_uint_eq(n_events(2, CTX_AS_OF_ALL), 1);
}
END_TEST

/* ---- a dummy record ------------------------------------------------------- */

enum { FEW = 300, MANY = 3000 };

/* What a history costs: SQLite's steps and the arena's bytes. */
struct cost {
    int64_t steps;
    size_t bytes;
};

static struct cost cost_of_reading(unsigned number, int64_t as_of_us)
{
    struct an_mark mark = an_arena_mark(&t.arena);
    size_t before = t.arena.used_bytes;
    struct cost c;

    test_work_of_reader(&t);
    (void)history(number, as_of_us);
    c = (struct cost){test_work(), t.arena.used_bytes - before};
    an_arena_rewind(&t.arena, mark);
    return c;
}

/* Patients come as the dummy and are known a minute later: with the visit (the
 * dummy has two numbers), or by a number that was the dummy's. */
static void pass(unsigned from, unsigned to, bool by_visit)
{
    const struct ctx_identifier dummy = patient(0), second = patient(99999);
    struct an_mark mark = an_arena_mark(&t.arena);
    struct pl_intake *in = an_arena_get(&t.arena, 2 * (to - from), sizeof(*in));

    ck_assert_ptr_nonnull(in);
    for (unsigned i = from; i < to; i++) {
        const struct ctx_identifier who = patient(i), own = patient(i + 100000);
        struct an_str visit = by_visit ? text("H|V", i) : AN_STR("");
        int64_t us = 1000 * (int64_t)i;
        struct ctx_event e = event(visit, us);
        struct ctx_claim named = {.kind = CTX_CLAIM_SAME,
                                  .current = dummy,
                                  .prior = by_visit ? second : own,
                                  .said_us = us,
                                  .available_us = us};
        struct ctx_claim move = visit_moved(&dummy, &who, visit, us + 60);

        if (!by_visit) {
            move.kind = CTX_CLAIM_MOVE;
            move.prior = own;
        }
        in[2 * (i - from)] =
            message(text("came ", i), by_visit ? &dummy : &own, &e, &named);
        in[2 * (i - from) + 1] = message(text("known ", i), NULL, NULL, &move);
    }
    put_all(in, 2 * (to - from));
    an_arena_rewind(&t.arena, mark);
}

static int64_t cost_of_passing(unsigned number, bool by_visit)
{
    test_work_of_writer(&t);
    pass(number, number + 1, by_visit);
    return test_work();
}

START_TEST(visits_that_pass_through_a_dummy_make_nobody_one)
{
    struct cost few, many, dummy, before;
    int64_t move, more;

    pass(1, FEW, true);
    move = cost_of_passing(FEW, true);
    few = cost_of_reading(FEW / 2, CTX_AS_OF_ALL);
    before = cost_of_reading(0, CTX_AS_OF_ALL);
    pass(FEW + 1, MANY, true);
    more = cost_of_passing(MANY, true);
    many = cost_of_reading(MANY / 2, CTX_AS_OF_ALL);
    dummy = cost_of_reading(0, CTX_AS_OF_ALL);
    ck_assert_int_eq(more, move);
    ck_assert_int_eq(many.steps, few.steps);
    ck_assert_uint_le(many.bytes,
                      few.bytes + 64); /* a digit more here, there */
    ck_assert_int_le(dummy.steps, MANY / FEW * before.steps);
    ck_assert_uint_le(dummy.bytes, MANY / FEW * before.bytes);
    for (unsigned i = 1; i <= MANY; i += 7) {
        ck_assert_uint_eq(n_events(i, CTX_AS_OF_ALL), 1);
        ck_assert_uint_eq(n_members(i, CTX_AS_OF_ALL), 1);
    }
    ck_assert_uint_eq(n_events(0, CTX_AS_OF_ALL), 0);
    ck_assert_uint_eq(n_events(0, 1000 * (int64_t)MANY), 1);
    ck_assert_uint_eq(n_events(MANY / 2, 1000 * (int64_t)MANY / 2), 0);
}
END_TEST

/* Numbers, each listed with the dummy's until it was moved. */
START_TEST(numbers_that_pass_through_a_dummy_make_nobody_one)
{
    struct cost few, many, dummy, before;
    int64_t move, more;

    pass(1, FEW, false);
    move = cost_of_passing(FEW, false);
    few = cost_of_reading(FEW / 2, CTX_AS_OF_ALL);
    before = cost_of_reading(0, CTX_AS_OF_ALL);
    pass(FEW + 1, MANY, false);
    more = cost_of_passing(MANY, false);
    many = cost_of_reading(MANY / 2, CTX_AS_OF_ALL);
    dummy = cost_of_reading(0, CTX_AS_OF_ALL);
    ck_assert_int_eq(more, move);
    ck_assert_int_eq(many.steps, few.steps);
    ck_assert_uint_le(many.bytes, few.bytes + 64);
    ck_assert_int_le(dummy.steps, MANY / FEW * before.steps);
    ck_assert_uint_eq(dummy.bytes, before.bytes);
    for (unsigned i = 1; i <= MANY; i += 7) {
        ck_assert_uint_eq(n_events(i, CTX_AS_OF_ALL), 1);
        ck_assert_uint_eq(n_members(i, CTX_AS_OF_ALL), 2);
    }
    ck_assert_uint_eq(n_members(0, CTX_AS_OF_ALL), 1);
    /* As of when it was there: that one, and nobody else. */
    ck_assert_uint_eq(n_members(0, 1000 * (int64_t)MANY), 2);
    ck_assert_uint_eq(n_members(MANY + 100000, 1000 * (int64_t)MANY), 2);
    ck_assert_uint_eq(n_events(0, 1000 * (int64_t)MANY), 1);
}
END_TEST

/* Each number is listed with the dummy's; none has been moved yet. */
static void list(unsigned from, unsigned to, unsigned again)
{
    struct an_mark mark = an_arena_mark(&t.arena);

    for (unsigned i = from; i < to; i++) {
        const struct ctx_identifier dummy = patient(0),
                                    own = patient(i + 100000);
        int64_t us = 1000 * (int64_t)i + again;
        struct ctx_event e = event(AN_STR(""), us);
        struct ctx_claim named = {.kind = CTX_CLAIM_SAME,
                                  .current = dummy,
                                  .prior = own,
                                  .said_us = us,
                                  .available_us = us};

        say(text(again ? "again " : "came ", i), &own, &e, &named);
    }
    an_arena_rewind(&t.arena, mark);
}

static int64_t cost_of_listing(unsigned number, unsigned again)
{
    test_work_of_writer(&t);
    list(number, number + 1, again);
    return test_work();
}

/* A new one closes whom it joins, which are all. */
START_TEST(a_number_that_is_listed_with_a_dummy_again_costs_the_same)
{
    int64_t first, again;

    list(1, 100, 0);
    first = cost_of_listing(100, 0);
    again = cost_of_listing(50, 1);
    list(101, 400, 0);
    ck_assert_int_le(cost_of_listing(400, 0), 4 * first);
    ck_assert_int_eq(cost_of_listing(60, 1), again);
}
END_TEST

Suite *store_moved_suite(void)
{
    const TTest *const test[] = {
        a_visit_goes_on_through_the_dummy_and_leaves_the_rest_there,
        a_visit_is_moved_from_whoever_is_the_same_person,
        a_move_that_is_read_otherwise_moves_otherwise,
    };
    const TTest *const crowd[] = {
        visits_that_pass_through_a_dummy_make_nobody_one,
        numbers_that_pass_through_a_dummy_make_nobody_one,
    };
    Suite *s = suite_create("store/moved");
    TCase *tc = tcase_create("moved");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    for (size_t i = 0; i < sizeof(test) / sizeof(*test); i++)
        tcase_add_loop_test(tc, test[i], 0, 2);
    tcase_add_test(tc,
                   a_number_that_is_listed_with_a_dummy_again_costs_the_same);
    tcase_add_test(tc, reading_again_finds_a_move_that_an_older_version_kept);
    for (size_t i = 0; i < sizeof(crowd) / sizeof(*crowd); i++)
        tcase_add_test(tc, crowd[i]);
    suite_add_tcase(s, tc);
    return s;
}

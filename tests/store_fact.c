/* SPDX-License-Identifier: Apache-2.0 */
/* The versions of one fact go together: one that names no visit goes with the
 * visit that the others name, so that a label does not stay behind when that is
 * moved.  In whatever order the messages come. */
#include "context/consent.h"
#include "plugin/store/purge.h"
#include "plugin/store/writer_int.h"
#include "tests/closing_help.h"
#include "tests/store_said.h"
#include "tests/store_work.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *store_fact_suite(void);

enum { MOST = 4, ORDERS = 24 };

#define HIV (CTX_LABEL_STATED | CTX_LABEL_HIV)

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
    test_said_in(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

static struct ctx_identifier id(const char *value)
{
    return (struct ctx_identifier){AN_STR("H"), an_str_c(value), AN_STR("MR")};
}

/* A version of a fact, or without a `who` a move of a visit. */
struct said {
    const char *who, *visit, *fact;
    int64_t us;
    unsigned labels;
    const char *from, *to, *now; /* now: the visit's number, if another */
    uint8_t kind;                /* of the event; 0: an observation */
    bool permits;                /* a consent */
};

static struct ctx_event event_of(const struct said *s)
{
    return (struct ctx_event){
        .kind = s->kind ? s->kind : CTX_OBSERVATION,
        .status = CTX_STATUS_FINAL,
        .labels = (uint16_t)s->labels,
        .said_us = s->us,
        .available_us = s->us,
        .effective = {s->us, 0, AN_TIME_SECOND, 0},
        .concept = {AN_STR(CTX_CONSENT_SYSTEM),
                    s->permits ? AN_STR("permit") : AN_STR("deny"), AN_STR("")},
        .value = {.kind = CTX_VALUE_TEXT, .text = AN_STR(CTX_CONSENT_ALL)},
        .encounter = an_str_c(s->visit),
        .fact = an_str_c(s->fact)};
}

static struct ctx_claim claim_of(const struct said *s)
{
    return (struct ctx_claim){.kind = CTX_CLAIM_VISIT,
                              .prior = id(s->from),
                              .current = id(s->to),
                              .said_us = s->us,
                              .available_us = s->us,
                              .place = AN_STR("MRG-1"),
                              .prior_visit = an_str_c(s->visit),
                              .visit = an_str_c(s->now ? s->now : s->visit)};
}

static struct pl_intake intake_of(const struct said *s)
{
    static unsigned n;
    struct ctx_claim *claim = an_arena_get(&t.arena, 1, sizeof(*claim));
    struct ctx_event event;
    struct ctx_part part = {.event = &event, .n_events = 1};
    struct ctx_reading reading = {.part = &part,
                                  .n_parts = s->who != NULL,
                                  .claim = claim,
                                  .n_claims = s->who == NULL};
    struct an_str copy = AN_STR("");
    char bytes[32];

    ck_assert_ptr_nonnull(claim);
    if (s->who) {
        event = event_of(s);
        part.patient = id(s->who);
    } else {
        *claim = claim_of(s);
    }
    (void)snprintf(bytes, sizeof(bytes), "message %u", n++);
    ck_assert(an_arena_str(&t.arena, an_str_c(bytes), &copy));
    return test_intake_of(&t, copy, &reading);
}

static void say(const struct said *s)
{
    struct pl_intake in = intake_of(s);

    (void)test_put(&t, &in);
}

/* The order-th of all in which n can come. */
static void say_all(const struct said *s, size_t n, int order)
{
    size_t left[MOST];

    for (size_t i = 0; i < n; i++)
        left[i] = i;
    for (size_t m = n; m; m--) {
        size_t at = (size_t)order % m;

        order /= (int)m;
        say(&s[left[at]]);
        for (size_t i = at; i + 1 < m; i++)
            left[i] = left[i + 1];
    }
    test_store_check(&t);
}

static struct pl_history history(const char *who, int64_t as_of_us)
{
    const struct ctx_identifier patient = id(who);
    struct pl_history h = {.n_said = 0};
    enum an_code code =
        pl_history(t.reader, &t.arena, &patient, as_of_us, &h, NULL);

    ck_assert(code == AN_OK || code == AN_NOTFOUND);
    return h;
}

static size_t n_events(const char *who)
{
    return history(who, CTX_AS_OF_ALL).timeline.n_events;
}

/* Of the one event of somebody; how many versions were counted for it. */
static unsigned labels(const char *who, size_t n_said)
{
    struct pl_history h = history(who, CTX_AS_OF_ALL);

    ck_assert_uint_eq(h.timeline.n_events, 1);
    ck_assert_uint_eq(h.n_said, n_said);
    return h.timeline.event[0]->labels;
}

/* ---- whose it is ---------------------------------------------------------- */

START_TEST(a_version_without_a_visit_goes_with_the_others)
{
    static const struct said said[] = {
        {"A", "H|V1", "obs|1", .us = 100},
        {"A", "", "obs|1", .us = 110, .labels = HIV},
        {.visit = "H|V1", .from = "A", .to = "B", .us = 120}};

    say_all(said, 3, _i);
    ck_assert_uint_eq(labels("B", 2), HIV);
    ck_assert_uint_eq(n_events("A"), 0);
    ck_assert_int_eq(history("B", CTX_AS_OF_ALL).timeline.event[0]->said_us,
                     110);
}
END_TEST

/* What was known before the move is as it was, but for the label. */
START_TEST(before_the_move_it_is_where_it_was)
{
    static const struct said said[] = {
        {"A", "H|V1", "obs|1", .us = 100},
        {"A", "", "obs|1", .us = 130, .labels = HIV},
        {.visit = "H|V1", .from = "A", .to = "B", .us = 120}};
    struct pl_history h;

    say_all(said, 3, _i);
    h = history("A", 110);
    ck_assert_uint_eq(h.timeline.n_events, 1);
    ck_assert_uint_eq(h.timeline.event[0]->labels, HIV);
    ck_assert_uint_eq(history("A", 125).timeline.n_events, 0);
    h = history("B", 125);
    ck_assert_uint_eq(h.timeline.n_events, 1);
    ck_assert_uint_eq(h.timeline.event[0]->labels, HIV);
}
END_TEST

/* The last that names one says which. */
START_TEST(the_last_that_names_a_visit_says_which)
{
    static const struct said said[] = {
        {"A", "H|V1", "obs|1", .us = 100},
        {"A", "H|V2", "obs|1", .us = 105},
        {"A", "", "obs|1", .us = 110, .labels = HIV},
        {.visit = "H|V1", .from = "A", .to = "B", .us = 120}};

    say_all(said, 4, _i);
    /* One that says it is of another visit stays; its label closes both. */
    ck_assert_uint_eq(labels("B", 1), HIV);
    ck_assert_uint_eq(labels("A", 2), HIV);
}
END_TEST

START_TEST(through_a_dummy_and_on)
{
    static const struct said said[] = {
        {"D", "H|V1", "obs|1", .us = 100},
        {"D", "", "obs|1", .us = 110, .labels = HIV},
        {.visit = "H|V1", .from = "D", .to = "A", .us = 120},
        {.visit = "H|V1", .from = "A", .to = "B", .us = 130}};

    say_all(said, 4, _i);
    ck_assert_uint_eq(labels("B", 2), HIV);
    ck_assert_uint_eq(n_events("A"), 0);
    ck_assert_uint_eq(n_events("D"), 0);
}
END_TEST

/* Filed under somebody whose the visit was in between. */
START_TEST(a_version_that_is_filed_on_the_way_goes_with_the_others)
{
    static const struct said said[] = {
        {"A", "H|V1", "obs|1", .us = 100},
        {.visit = "H|V1", .from = "A", .to = "D", .us = 105},
        {"D", "", "obs|1", .us = 110, .labels = HIV},
        {.visit = "H|V1", .from = "D", .to = "B", .us = 130}};

    say_all(said, 4, _i);
    ck_assert_uint_eq(labels("B", 2), HIV);
    ck_assert_int_eq(history("B", CTX_AS_OF_ALL).timeline.event[0]->said_us,
                     110);
    ck_assert_uint_eq(n_events("A"), 0);
    ck_assert_uint_eq(n_events("D"), 0);
    ck_assert_uint_eq(history("D", 120).timeline.n_events, 1);
}
END_TEST

static void erase(const char *who)
{
    struct pl_purge by = {.now_us = TEST_EPOCH_US,
                          .actor = AN_STR("op"),
                          .role = AN_STR("operator")};
    struct pl_erased total = {.more = true};
    struct ctx_person p = history(who, CTX_AS_OF_ALL).person;

    ck_assert_int_eq(pl_store_erase(t.store, &p, TEST_EPOCH_US, NULL), AN_OK);
    while (total.more)
        ck_assert_int_eq(pl_store_erase_step(t.store, &by, &total, NULL),
                         AN_OK);
    test_store_check(&t);
}

/* Where the one is erased who had the visit in between. */
START_TEST(a_version_that_is_filed_on_the_way_outlives_the_erased)
{
    static const struct said said[] = {
        {"A", "H|V1", "obs|1", .us = 100},
        {.visit = "H|V1", .from = "A", .to = "D", .us = 105},
        {"D", "", "obs|1", .us = 110, .labels = HIV},
        {.visit = "H|V1", .from = "D", .to = "B", .us = 130}};

    say_all(said, 4, _i);
    erase("D");
    ck_assert_uint_eq(labels("B", 2), HIV);
    ck_assert_int_eq(history("B", CTX_AS_OF_ALL).timeline.event[0]->said_us,
                     110);
    /* And is his who is erased then. */
    erase("B");
    ck_assert_int_eq(test_number("SELECT count(*) FROM said"
                                 " WHERE n_events"),
                     0);
}
END_TEST

/* And where one has it now, unless another's went the same way: that was said of
 * a visit of that name. */
START_TEST(a_version_that_is_filed_on_the_way_goes_with_the_erased)
{
    static const struct said said[] = {
        {"A", "H|V1", "obs|1", .us = 100},
        {.visit = "H|V1", .from = "A", .to = "D", .us = 105},
        {"D", "", "obs|1", .us = 110, .labels = HIV},
        {.visit = "H|V1", .from = "D", .to = "B", .us = 130}};
    static const struct said other[] = {
        {"C", "H|V2", "obs|1", .us = 101},
        {.visit = "H|V2", .from = "C", .to = "D", .us = 106},
        {.visit = "H|V2", .from = "D", .to = "E", .us = 131}};

    if (_i % 2)
        say_all(other, 3, _i / 4);
    say_all(said, 4, _i);
    erase("B");
    ck_assert_uint_eq(n_events("D"), 0);
    ck_assert_int_eq(test_number("SELECT count(*) FROM said"
                                 " WHERE n_events"),
                     _i % 2 ? 2 : 0);
    if (_i % 2)
        ck_assert_uint_eq(labels("E", 2), HIV);
}
END_TEST

/* What is of another visit there, or of none that passed, stays. */
START_TEST(a_version_that_is_of_another_visit_stays_on_the_way)
{
    static const struct said said[] = {
        {"A", "H|V1", "obs|1", .us = 100},
        {.visit = "H|V1", .from = "A", .to = "D", .now = "H|V2", .us = 105},
        {"D", "", "obs|1", .us = 110, .labels = HIV},
        {.visit = "H|V3", .from = "D", .to = "B", .us = 130}};

    say_all(said, 4, _i);
    ck_assert_uint_eq(labels("D", 2), HIV);
    ck_assert_uint_eq(n_events("B"), 0);
}
END_TEST

/* The diagnosis of a visit is known by its number. */
START_TEST(a_visit_that_is_called_otherwise)
{
    static const struct said said[] = {
        {"A", "H|V1", "dx|V1|f", .us = 100, .kind = CTX_CONDITION},
        {"A", "", "dx|V1|f", .us = 110, .labels = HIV, .kind = CTX_CONDITION},
        {.visit = "H|V1", .from = "A", .to = "B", .now = "H|V7", .us = 120},
        {"B", "H|V7", "dx|V7|f", .us = 130, .kind = CTX_CONDITION}};

    say_all(said, 4, _i);
    ck_assert_uint_eq(labels("B", 3), HIV);
    ck_assert_uint_eq(n_events("A"), 0);
}
END_TEST

/* What a person forbids does not leave with a visit, and holds there too. */
START_TEST(what_was_forbidden_is_forbidden_to_both)
{
    static const struct said said[] = {
        {"A", "H|V1", "consent|1", .us = 100, .kind = CTX_CONSENT,
         .permits = true},
        {"A", "", "consent|1", .us = 110, .kind = CTX_CONSENT},
        {.visit = "H|V1", .from = "A", .to = "B", .us = 120}};
    static const char *const who[] = {"A", "B"};

    say_all(said, 3, _i);
    for (size_t i = 0; i < 2; i++) {
        struct pl_history h = history(who[i], CTX_AS_OF_ALL);
        struct ctx_consent c;

        ctx_consent_of(&h.timeline, &h.consents, CTX_AS_OF_ALL, &c);
        ck_assert(c.all);
    }
}
END_TEST

/* ---- read again, removed, and from before --------------------------------- */

static const struct said moved[] = {
    {"A", "H|V1", "obs|1", .us = 100},
    {"A", "", "obs|1", .us = 110, .labels = HIV},
    {.visit = "H|V1", .from = "A", .to = "B", .us = 120}};

/* By a table that is mended since it is of another fact, or of this. */
START_TEST(a_version_that_is_read_otherwise_goes_otherwise)
{
    struct said other = moved[1];
    struct pl_intake in, again;
    const struct pl_intake *one = &again;
    struct pl_receipt r;

    other.fact = "obs|2";
    in = intake_of(_i ? &moved[1] : &other);
    again = intake_of(_i ? &other : &moved[1]);
    again.sha256 = in.sha256;
    say(&moved[0]);
    (void)test_put(&t, &in);
    say(&moved[2]);
    ck_assert_uint_eq(labels("B", _i ? 2 : 1), _i ? HIV : 0);
    ck_assert_int_eq(pl_store_replace(t.store, &one, 1, &r, NULL, NULL), AN_OK);
    ck_assert(r.changed);
    ck_assert_uint_eq(labels("B", _i ? 1 : 2), _i ? 0 : HIV);
    ck_assert_uint_eq(n_events("A"), _i ? 1 : 0);
}
END_TEST

static int forget(struct pl_writer *w, void *ctx)
{
    (void)ctx;
    return sqlite3_exec(w->db.sql, "DELETE FROM visited", NULL, NULL, NULL);
}

/* A store of before has no rows of facts, and reads all through. */
START_TEST(what_is_not_indexed_is_read_all_through)
{
    for (size_t i = 0; i < 3; i++)
        say(&moved[i]);
    ck_assert_int_eq(pl_store_transaction(t.store, forget, NULL, NULL), AN_OK);
    ck_assert_uint_eq(labels("B", 2), HIV);
    ck_assert_uint_eq(n_events("A"), 0);
}
END_TEST

/* ---- what it costs -------------------------------------------------------- */

enum { FEW = 100, MANY = 1000 };

/* Patients who pass through a dummy with a result that is corrected there. */
static void pass(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char visit[32], fact[32], who[32];
        struct said s = {"D", visit, fact, .us = 10 * i};
        struct said m = {.visit = visit, .from = "D", .to = who};
        struct an_mark mark = an_arena_mark(&t.arena);

        m.us = s.us + 5;
        (void)snprintf(visit, sizeof(visit), "H|V%u", i);
        (void)snprintf(fact, sizeof(fact), "obs|%u", i);
        (void)snprintf(who, sizeof(who), "P%u", i);
        say(&s);
        s.visit = "";
        s.labels = HIV;
        s.us++;
        say(&s);
        say(&m);
        an_arena_rewind(&t.arena, mark);
    }
}

static int64_t cost_of_reading(void)
{
    test_work_of_reader(&t);
    ck_assert_uint_eq(labels("P50", 2), HIV);
    return test_work();
}

static int64_t cost_of_passing(unsigned number)
{
    test_work_of_writer(&t);
    pass(number, number + 1);
    return test_work();
}

START_TEST(a_fact_costs_the_same_however_many_passed)
{
    int64_t read, passed;

    pass(1, FEW);
    passed = cost_of_passing(FEW);
    read = cost_of_reading();
    pass(FEW + 1, MANY);
    ck_assert_int_eq(cost_of_passing(MANY), passed);
    ck_assert_int_eq(cost_of_reading(), read);
    ck_assert_uint_eq(n_events("D"), 0);
}
END_TEST

Suite *store_fact_suite(void)
{
    const TTest *const three[] = {
        a_version_without_a_visit_goes_with_the_others,
        before_the_move_it_is_where_it_was,
        what_was_forbidden_is_forbidden_to_both,
    };
    const TTest *const four[] = {
        the_last_that_names_a_visit_says_which,
        through_a_dummy_and_on,
        a_version_that_is_filed_on_the_way_goes_with_the_others,
        a_version_that_is_filed_on_the_way_outlives_the_erased,
        a_version_that_is_filed_on_the_way_goes_with_the_erased,
        a_version_that_is_of_another_visit_stays_on_the_way,
        a_visit_that_is_called_otherwise,
    };
    const TTest *const once[] = {
        what_is_not_indexed_is_read_all_through,
        a_fact_costs_the_same_however_many_passed,
    };
    Suite *s = test_suite_around(
        "store/fact", once, sizeof(once) / sizeof(once[0]), set_up, tear_down);
    TCase *orders = tcase_create("orders");

    tcase_add_checked_fixture(orders, set_up, tear_down);
    for (size_t i = 0; i < sizeof(three) / sizeof(three[0]); i++)
        tcase_add_loop_test(orders, three[i], 0, 6);
    for (size_t i = 0; i < sizeof(four) / sizeof(four[0]); i++)
        tcase_add_loop_test(orders, four[i], 0, ORDERS);
    tcase_add_loop_test(orders, a_version_that_is_read_otherwise_goes_otherwise,
                        0, 2);
    suite_add_tcase(s, orders);
    return s;
}

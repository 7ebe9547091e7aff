/* SPDX-License-Identifier: Apache-2.0 */
#include "context/timeline.h"
#include "tests/invented.h"
#include "tests/suite.h"

#include <string.h>

Suite *context_timeline_suite(void);

enum { DAY = 1, SETS = 300, MOST_EVENTS = 30 };

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 256 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static struct ctx_timeline build(const struct ctx_event *all, size_t n,
                                 int64_t as_of_us)
{
    struct ctx_timeline t;

    ck_assert_int_eq(ctx_timeline_build(&arena, all, n, as_of_us, &t, NULL),
                     AN_OK);
    ck_assert_int_eq(t.as_of_us, as_of_us);
    return t;
}

static struct an_str text_of(struct ctx_timeline t)
{
    return test_event_text(&arena, t.event, t.n_events);
}

static void shuffle(struct test_rng *r, struct ctx_event *e, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = test_rng_below(r, i);
        struct ctx_event kept = e[i - 1];

        e[i - 1] = e[j];
        e[j] = kept;
    }
}

START_TEST(order_of_arrival_never_changes_it)
{
    struct test_rng r = {1};

    for (int set = 0; set < SETS; set++) {
        size_t n = test_rng_below(&r, MOST_EVENTS);
        struct ctx_event e[MOST_EVENTS];
        struct an_str want[8];

        an_arena_reset(&arena);
        for (size_t i = 0; i < n; i++)
            e[i] = set % 2 ? test_event(&r, &arena)
                           : test_strange_event(&r, &arena);
        /* Every distinct moment of the invented ones, before, and after. */
        for (int day = -1; day < 7; day++)
            want[day + 1] = text_of(
                build(e, n, day < 6 ? day * AN_US_PER_DAY : CTX_AS_OF_ALL));
        for (int round = 0; round < 4; round++) {
            shuffle(&r, e, n);
            for (int day = -1; day < 7; day++)
                ck_assert(an_str_eq(
                    want[day + 1],
                    text_of(build(
                        e, n, day < 6 ? day * AN_US_PER_DAY : CTX_AS_OF_ALL))));
        }
    }
}
END_TEST

/* The contract, said again as slowly as possible. */
static bool beats(const struct ctx_event *a, const struct ctx_event *b)
{
    if (a->said_us != b->said_us)
        return a->said_us > b->said_us;
    if (a->status != b->status)
        return a->status > b->status;
    return an_str_cmp(a->message, b->message) > 0;
}

static bool counts(const struct ctx_event *e, const struct ctx_event *all,
                   size_t n, int64_t as_of_us)
{
    const struct ctx_event *winner = e;

    if (e->available_us > as_of_us || ctx_event_withdrawn(e))
        return false;
    for (size_t i = 0; i < n && e->fact.n; i++)
        if (all[i].available_us <= as_of_us &&
            an_str_eq(all[i].fact, e->fact) && beats(&all[i], winner))
            winner = &all[i];
    return an_str_eq(winner->message, e->message) &&
           !ctx_event_withdrawn(winner);
}

START_TEST(holds_exactly_what_counts_in_order)
{
    struct test_rng r = {2};

    for (int set = 0; set < SETS; set++) {
        size_t n = 1 + test_rng_below(&r, MOST_EVENTS - 1), want = 0;
        int64_t as_of_us = (int64_t)test_rng_below(&r, 6) * AN_US_PER_DAY;
        struct ctx_event e[MOST_EVENTS];
        struct ctx_timeline t;

        an_arena_reset(&arena);
        for (size_t i = 0; i < n; i++)
            e[i] = test_event(&r, &arena);
        t = build(e, n, as_of_us);
        for (size_t i = 0; i < n; i++) {
            bool seen_before = false, is_in = false;

            for (size_t j = 0; j < i; j++)
                seen_before |= ctx_event_cmp(&e[i], &e[j]) == 0;
            for (size_t j = 0; j < t.n_events; j++)
                is_in |= ctx_event_cmp(&e[i], t.event[j]) == 0;
            ck_assert_int_eq(is_in, counts(&e[i], e, n, as_of_us));
            want += is_in && !seen_before;
        }
        ck_assert_uint_eq(t.n_events, want);
        for (size_t i = 1; i < t.n_events; i++)
            ck_assert_int_lt(ctx_event_cmp(t.event[i - 1], t.event[i]), 0);
    }
}
END_TEST

static struct ctx_event version(const char *value, int status, int64_t said,
                                int64_t available, const char *message)
{
    struct ctx_event e = {.kind = CTX_OBSERVATION, .status = (uint8_t)status};

    e.effective = (struct an_time){1, 0, AN_TIME_DAY, 0};
    e.said_us = said;
    e.available_us = available;
    e.fact = AN_STR("obx|LAB^7|718-7");
    e.value.literal = an_str_c(value);
    e.message = an_str_c(message);
    return e;
}

START_TEST(a_correction_counts_from_when_it_is_known)
{
    const struct ctx_event e[] = {
        version("13.2", CTX_STATUS_FINAL, 10, 10, "aa"),
        version("12.3", CTX_STATUS_CORRECTED, 20, 25, "bb"),
        version("13", CTX_STATUS_PRELIMINARY, 5, 30, "cc"), /* arrives late */
    };
    static const struct {
        int64_t as_of_us;
        const char *value;
    } cases[] = {{10, "13.2"}, {24, "13.2"}, {25, "12.3"}, {30, "12.3"}};

    ck_assert_uint_eq(build(e, 3, 9).n_events, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ctx_timeline t = build(e, 3, cases[i].as_of_us);

        ck_assert_uint_eq(t.n_events, 1);
        ck_assert_an_str_eq(t.event[0]->value.literal, cases[i].value);
    }
}
END_TEST

START_TEST(a_withdrawal_takes_the_fact_away_and_a_later_result_brings_it_back)
{
    const struct ctx_event e[] = {
        version("13.2", CTX_STATUS_FINAL, 10, 10, "aa"),
        version("13.2", CTX_STATUS_ENTERED_IN_ERROR, 20, 20, "bb"),
        version("12.9", CTX_STATUS_FINAL, 30, 30, "cc"),
    };

    ck_assert_uint_eq(build(e, 3, 19).n_events, 1);
    ck_assert_uint_eq(build(e, 3, 20).n_events, 0);
    ck_assert_uint_eq(build(e, 2, CTX_AS_OF_ALL).n_events, 0);
    ck_assert_an_str_eq(build(e, 3, 30).event[0]->value.literal, "12.9");
}
END_TEST

START_TEST(a_fact_stays_as_confidential_as_it_was_until_it_is_stated_anew)
{
    struct ctx_event e[] = {
        version("1", CTX_STATUS_FINAL, 10, 10, "aa"),
        version("2", CTX_STATUS_FINAL, 20, 20, "bb"),
        version("3", CTX_STATUS_FINAL, 30, 30, "cc"),
        version("4", CTX_STATUS_FINAL, 40, 40, "dd"),
    };

    e[0].labels = CTX_LABEL_STATED | CTX_LABEL_HIV;
    e[2].labels = CTX_LABEL_STATED | CTX_LABEL_PSYCHIATRY;
    ck_assert_uint_eq(build(e, 2, 20).event[0]->labels, e[0].labels);
    ck_assert_an_str_eq(build(e, 2, 20).event[0]->value.literal, "2");
    ck_assert_uint_eq(build(e, 4, 30).event[0]->labels, e[2].labels);
    ck_assert_uint_eq(build(e, 4, 40).event[0]->labels, e[2].labels);
    e[3].labels = CTX_LABEL_STATED;
    ck_assert_uint_eq(build(e, 4, 40).event[0]->labels, CTX_LABEL_STATED);
    e[3].labels = CTX_LABEL_GENETIC; /* labelled, and nothing taken back */
    ck_assert_uint_eq(build(e, 4, 40).event[0]->labels,
                      e[2].labels | CTX_LABEL_GENETIC);
}
END_TEST

START_TEST(looking_back_shows_nothing_that_has_been_closed_since)
{
    struct ctx_event e[] = {
        version("1", CTX_STATUS_FINAL, 10, 10, "aa"),
        version("2", CTX_STATUS_FINAL, 20, 20, "bb"),
    };

    e[1].labels = CTX_LABEL_STATED | CTX_LABEL_VERY_RESTRICTED;
    ck_assert_an_str_eq(build(e, 2, 10).event[0]->value.literal, "1");
    ck_assert_uint_eq(build(e, 2, 10).event[0]->labels, e[1].labels);
    ck_assert_uint_eq(build(e, 2, 9).n_events, 0);
    e[0].labels = CTX_LABEL_STATED | CTX_LABEL_HIV;
    e[1].labels = CTX_LABEL_STATED;
    ck_assert_uint_eq(build(e, 2, 10).event[0]->labels, e[0].labels);
}
END_TEST

START_TEST(said_at_once_the_higher_status_then_the_larger_message_counts)
{
    struct ctx_event e[] = {
        version("1", CTX_STATUS_PRELIMINARY, 10, 10, "ff"),
        version("2", CTX_STATUS_FINAL, 10, 10, "aa"),
        version("3", CTX_STATUS_FINAL, 10, 10, "bb"),
    };

    ck_assert_an_str_eq(build(e, 1, 10).event[0]->value.literal, "1");
    ck_assert_an_str_eq(build(e, 2, 10).event[0]->value.literal, "2");
    ck_assert_an_str_eq(build(e, 3, 10).event[0]->value.literal, "3");
}
END_TEST

/* Which version of a consent was the last is not known. */
START_TEST(said_at_once_a_permit_never_outdoes_what_denies)
{
    static const struct {
        const char *word[3], *want;
        int status[3];
    } cases[] = {
        {{"permit", "deny"}, "deny", {CTX_STATUS_FINAL, CTX_STATUS_FINAL}},
        {{"deny", "permit"}, "deny", {CTX_STATUS_FINAL, CTX_STATUS_FINAL}},
        {{"deny", "permit"}, "deny", {CTX_STATUS_FINAL, CTX_STATUS_CANCELLED}},
        {{"deny", "deny"}, "", {CTX_STATUS_FINAL, CTX_STATUS_CANCELLED}},
        {{"permit", "deny", "DELETE"},
         "",
         {CTX_STATUS_FINAL, CTX_STATUS_FINAL, CTX_STATUS_ENTERED_IN_ERROR}},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static const char *const message[] = {"aa", "bb", "cc"};
        struct ctx_event e[3];
        struct ctx_timeline t;
        size_t n = 0;

        for (; n < 3 && cases[i].word[n]; n++) {
            e[n] = version("", cases[i].status[n], 10, 10, message[n]);
            e[n].kind = CTX_CONSENT;
            e[n].concept.code = an_str_c(cases[i].word[n]);
        }
        t = build(e, n, 10);
        ck_assert_msg(t.n_events == (cases[i].want[0] != '\0'), "case %zu", i);
        if (t.n_events)
            test_assert_str(__FILE__, __LINE__, t.event[0]->concept.code,
                            an_str_c(cases[i].want));
    }
}
END_TEST

START_TEST(components_of_the_winning_message_stay_together)
{
    struct ctx_event e[] = {
        version("120", CTX_STATUS_FINAL, 10, 10, "aa"),
        version("80", CTX_STATUS_FINAL, 10, 10, "aa"),
        version("121", CTX_STATUS_CORRECTED, 20, 20, "bb"),
        version("81", CTX_STATUS_CORRECTED, 20, 20, "bb"),
    };
    struct ctx_timeline t = build(e, 4, CTX_AS_OF_ALL);

    ck_assert_uint_eq(t.n_events, 2);
    ck_assert_an_str_eq(t.event[0]->value.literal, "121");
    ck_assert_an_str_eq(t.event[1]->value.literal, "81");
    ck_assert_uint_eq(build(e, 4, 19).n_events, 2);
}
END_TEST

START_TEST(one_event_filed_twice_counts_once)
{
    struct ctx_event e[] = {version("1", CTX_STATUS_FINAL, 1, 1, "aa"),
                            version("1", CTX_STATUS_FINAL, 1, 1, "aa")};

    ck_assert_uint_eq(build(e, 2, CTX_AS_OF_ALL).n_events, 1);
    e[0].fact = e[1].fact = AN_STR("");
    ck_assert_uint_eq(build(e, 2, CTX_AS_OF_ALL).n_events, 1);
    e[1].place = AN_STR("OBX[2]-5");
    ck_assert_uint_eq(build(e, 2, CTX_AS_OF_ALL).n_events, 2);
}
END_TEST

START_TEST(no_time_comes_first_then_the_vaguer_one)
{
    struct ctx_event e[4] = {{.kind = CTX_NOTE}};
    static const uint8_t precision[] = {AN_TIME_FRACTION, AN_TIME_YEAR,
                                        AN_TIME_NONE, AN_TIME_DAY};
    struct ctx_timeline t;

    for (size_t i = 0; i < 4; i++)
        e[i].effective = (struct an_time){5, 0, precision[i], 0};
    e[2].effective.us = 99;
    t = build(e, 4, CTX_AS_OF_ALL);
    ck_assert_uint_eq(t.n_events, 4);
    ck_assert_uint_eq(t.event[0]->effective.precision, AN_TIME_NONE);
    ck_assert_uint_eq(t.event[1]->effective.precision, AN_TIME_YEAR);
    ck_assert_uint_eq(t.event[2]->effective.precision, AN_TIME_DAY);
    ck_assert_uint_eq(t.event[3]->effective.precision, AN_TIME_FRACTION);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct ctx_event e[3] = {version("1", CTX_STATUS_FINAL, 1, 1, "aa")};
    struct ctx_timeline t;
    enum an_code got = AN_NOMEM;
    long n = 0;

    for (; got == AN_NOMEM && n < 10; n++) {
        arena.fail_after = n;
        got = ctx_timeline_build(&arena, e, 3, CTX_AS_OF_ALL, &t, NULL);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_eq(n, 3);
}
END_TEST

Suite *context_timeline_suite(void)
{
    const TTest *const test[] = {
        order_of_arrival_never_changes_it,
        holds_exactly_what_counts_in_order,
        a_correction_counts_from_when_it_is_known,
        a_withdrawal_takes_the_fact_away_and_a_later_result_brings_it_back,
        a_fact_stays_as_confidential_as_it_was_until_it_is_stated_anew,
        looking_back_shows_nothing_that_has_been_closed_since,
        said_at_once_the_higher_status_then_the_larger_message_counts,
        said_at_once_a_permit_never_outdoes_what_denies,
        components_of_the_winning_message_stay_together,
        one_event_filed_twice_counts_once,
        no_time_comes_first_then_the_vaguer_one,
        survives_each_failed_allocation};

    return test_suite_around("context/timeline", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

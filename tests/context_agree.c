/* SPDX-License-Identifier: Apache-2.0 */
#include "context/agree.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *context_agree_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static const struct an_zone utc;

/* "A 1950-01-02": what sender A says, one after the other; "A female".  "-": of
 * before facts named their sender; "+": his name is empty. */
static struct ctx_event said(const char *what, int64_t said_us)
{
    struct an_str value = an_str_sub(an_str_c(what), 2, 64);
    char fact[16];
    bool birth = what[2] == '1';
    struct ctx_event e = {.kind = birth ? CTX_BIRTH : CTX_SEX,
                          .status = CTX_STATUS_FINAL,
                          .said_us = said_us,
                          .available_us = said_us};

    (void)snprintf(fact, sizeof(fact), "%s%s%.*s", birth ? "birth" : "sex",
                   what[0] == '-' ? "" : "|", strchr("-+", what[0]) == NULL,
                   what);
    ck_assert(an_arena_str(&arena, an_str_c(fact), &e.fact));
    e.message = an_str_sub(AN_STR("123456789"), (size_t)said_us, 9);
    e.value.code.code = birth ? AN_STR("") : value;
    ck_assert(!birth || an_time_fhir(value, &utc, &e.effective));
    return e;
}

START_TEST(says_which_counts_or_that_none_does)
{
    static const struct {
        const char *said[4]; /* at 1, 2, ... */
        const char *trusted; /* senders of one letter */
        const char *who;     /* says what counts, or was last */
        unsigned disputed, decided;
        size_t n_left;
    } cases[] = {
        {{"A 1950-01-02"}, "", "A", 0, 0, 1},
        {{"A 1950-01-02", "B 1950-01-02"}, "", "B", 0, 0, 1},
        {{"A 1950-01-02", "B 1950"}, "", "B", 0, 0, 1},
        {{"A 1950-01-02", "B 1950-01-03"}, "", "B", 1, 0, 0},
        {{"A 1950-01-02", "B 1950-01-03"}, "A", "A", 0, 1, 1},
        {{"A 1950-01-02", "B 1950-01-03"}, "BA", "B", 0, 1, 1},
        {{"A 1950-01-02", "B 1950-01-03"}, "C", "B", 1, 0, 0},
        /* Who is corrected by himself is not in dispute. */
        {{"A 1950-01-02", "A 1951-01-02"}, "", "A", 0, 0, 1},
        {{"A 1950-01-02", "B 1951-01-02", "B 1950-01-02"}, "", "B", 0, 0, 1},
        {{"A female", "B female"}, "", "B", 0, 0, 1},
        {{"A female", "B male"}, "", "B", 2, 0, 0},
        {{"A female", "B male"}, "AB", "A", 0, 2, 1},
        /* Who does not know says nothing, trusted or not. */
        {{"A female", "B unknown"}, "B", "A", 0, 0, 1},
        {{"A unknown"}, "", "A", 0, 0, 1},
        /* Nobody, of before an upgrade: somebody who is named counts. */
        {{"- 1950-01-02", "A 1951-01-02"}, "", "A", 0, 0, 1},
        {{"A 1951-01-02", "- 1950-01-02"}, "", "A", 0, 0, 1},
        {{"- female", "A male", "B male"}, "", "B", 0, 0, 1},
        {{"- female", "A male", "B female"}, "", "B", 2, 0, 0},
        {{"- female", "A unknown"}, "", "", 0, 0, 1},
        {{"- 1950-01-02"}, "", "", 0, 0, 1},
        /* A server without an address is somebody. */
        {{"+ 1950-01-02", "A 1951-01-02"}, "", "A", 1, 0, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct an_str trusted[2];
        struct ctx_event e[4];
        const struct ctx_event *best;
        struct ctx_timeline t;
        struct ctx_agreed a;
        size_t n = 0, n_trusted = strlen(cases[i].trusted);

        for (; n < 4 && cases[i].said[n]; n++)
            e[n] = said(cases[i].said[n], (int64_t)n + 1);
        for (size_t k = 0; k < n_trusted; k++)
            trusted[k] = (struct an_str){cases[i].trusted + k, 1};
        /* In either order of arrival. */
        for (int turned = 0; turned < 2; turned++) {
            if (turned && n > 1) {
                struct ctx_event first = e[0];

                e[0] = e[n - 1];
                e[n - 1] = first;
            }
            ck_assert_int_eq(
                ctx_timeline_build(&arena, e, n, CTX_AS_OF_ALL, &t, NULL),
                AN_OK);
            ck_assert_int_eq(
                ctx_agree(&arena, &t, trusted, n_trusted, &a, NULL), AN_OK);
            best = a.birth ? a.birth : a.sex;
            test_assert_str(__FILE__, __LINE__, ctx_agree_sender(best),
                            an_str_c(cases[i].who));
            ck_assert_msg(a.disputed == cases[i].disputed &&
                              a.decided == cases[i].decided &&
                              a.timeline.n_events == cases[i].n_left,
                          "case %zu: %u %u %zu", i, a.disputed, a.decided,
                          a.timeline.n_events);
        }
    }
}
END_TEST

START_TEST(leaves_the_rest_as_it_is)
{
    struct ctx_event e[] = {said("A 1950-01-02", 1),
                            {.kind = CTX_CONDITION, .fact = AN_STR_INIT("c")},
                            said("B 1951-01-02", 2)};
    struct ctx_timeline t;
    struct ctx_agreed a;

    ck_assert_int_eq(ctx_timeline_build(&arena, e, 3, CTX_AS_OF_ALL, &t, NULL),
                     AN_OK);
    ck_assert_int_eq(ctx_agree(&arena, &t, NULL, 0, &a, NULL), AN_OK);
    ck_assert_uint_eq(a.timeline.n_events, 1);
    ck_assert_int_eq(a.timeline.event[0]->kind, CTX_CONDITION);
    ck_assert_ptr_null(a.sex);
    e[0].fact = AN_STR("birth");
    ck_assert_uint_eq(ctx_agree_sender(&e[0]).n, 0);
}
END_TEST

Suite *context_agree_suite(void)
{
    const TTest *const test[] = {says_which_counts_or_that_none_does,
                                 leaves_the_rest_as_it_is};

    return test_suite_around("context/agree", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

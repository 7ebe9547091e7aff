/* SPDX-License-Identifier: Apache-2.0 */
#include "context/visit.h"
#include "tests/invented.h"
#include "tests/suite.h"

#include <stdlib.h>
#include <string.h>

Suite *context_visit_suite(void);

enum { MOST = 8, PERSONS = 3, SETS = 2000 };

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

/* "0x>1y": the visit x of person 0 is y of person 1. */
struct moves {
    struct ctx_claim claim[MOST];
    struct ctx_visit_move move[MOST];
    size_t n;
};

static struct an_str name(char c)
{
    static const char text[] = "uvwxyz";

    return (struct an_str){strchr(text, c), 1};
}

static void add(struct moves *m, const char *what, int64_t said_us)
{
    static const char *const person[PERSONS] = {"P0", "P1", "P2"};
    struct ctx_claim *c = &m->claim[m->n];

    *c = (struct ctx_claim){.kind = CTX_CLAIM_VISIT,
                            .said_us = said_us,
                            .prior_visit = name(what[1]),
                            .visit = name(what[4])};
    c->prior.value = an_str_c(person[what[0] - '0']);
    c->current.value = an_str_c(person[what[3] - '0']);
    m->move[m->n++] = (struct ctx_visit_move){(size_t)(what[3] - '0'),
                                              (size_t)(what[0] - '0'), c};
}

static void where(struct moves *m, const char *what, char text[3])
{
    struct ctx_visit v = {(size_t)(what[0] - '0'), name(what[1])};
    bool moved;

    ck_assert(ctx_visit_sort(&arena, m->move, m->n));
    moved = ctx_visit_follow(m->move, m->n, &v);
    text[0] = (char)('0' + v.person);
    text[1] = v.encounter.p[0];
    text[2] = '\0';
    ck_assert_int_le(memcmp(text, what, 2) != 0, moved);
}

START_TEST(follows_a_visit_from_hand_to_hand)
{
    static const struct {
        const char *what[4]; /* said at 10, 20, ...; "=": as the one before */
        const char *from, *to;
    } cases[] = {
        {{NULL}, "0x", "0x"},
        {{"0x>1x"}, "0x", "1x"},
        {{"0x>1x"}, "0y", "0y"},
        {{"0x>1x"}, "1x", "1x"},
        {{"0x>1y"}, "0x", "1y"},
        {{"0x>0y"}, "0x", "0y"},
        {{"0x>0x"}, "0x", "0x"},
        {{"0x>1x", "1x>2x"}, "0x", "2x"},
        {{"1x>2x", "0x>1x"}, "0x", "1x"}, /* what came to 1 later stays */
        {{"1x>2x", "0x>1x"}, "1x", "2x"},
        {{"0x>1x", "1x>0x"}, "0x", "0x"},
        {{"0x>1x", "1x>0x"}, "1x", "0x"},
        {{"0x>1x", "0x>2x"}, "0x", "2x"},
        {{"0x>0y", "0y>1y", "1y>1z"}, "0x", "1z"},
        {{"0x>1x", "1x>0x", "0x>2x"}, "1x", "2x"},
        /* Within one second. */
        {{"0x>1x", "=1x>2x"}, "0x", "2x"},
        {{"1x>2x", "=0x>1x"}, "0x", "2x"},
        {{"0x>0y", "=0y>1y", "=1y>1z"}, "0x", "1z"},
        {{"0x>1x", "=1x>2x", "2x>0z"}, "0x", "0z"},
        {{"0x>1x", "1x>2x", "=2x>2y"}, "0x", "2y"},
        /* In a circle: they changed places. */
        {{"0x>1x", "=1x>0x"}, "0x", "1x"},
        {{"0x>1x", "=1x>0x"}, "1x", "0x"},
        {{"0x>1y", "=1y>0x", "=0z>1z"}, "1y", "0x"},
        {{"0x>1x", "=1x>0x", "1x>2x"}, "0x", "2x"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct moves m = {.n = 0};
        int64_t at_us = 0;
        char text[3];

        for (size_t k = 0; k < 4 && cases[i].what[k]; k++) {
            bool same = cases[i].what[k][0] == '=';

            at_us += same ? 0 : 10;
            add(&m, cases[i].what[k] + same, at_us);
        }
        where(&m, cases[i].from, text);
        ck_assert_msg(strcmp(text, cases[i].to) == 0, "case %zu: %s", i, text);
    }
}
END_TEST

START_TEST(no_visit_never_moves)
{
    struct ctx_claim c = {.kind = CTX_CLAIM_VISIT, .visit = AN_STR("x")};
    struct ctx_visit_move m = {1, 0, &c};
    struct ctx_visit v = {0, AN_STR("")};

    ck_assert(!ctx_visit_follow(&m, 1, &v));
    ck_assert_uint_eq(v.person, 0);
}
END_TEST

START_TEST(is_the_same_in_every_order_of_arrival)
{
    struct test_rng r = {23};

    for (int set = 0; set < SETS; set++) {
        struct moves m = {.n = 0};
        size_t n = test_rng_below(&r, MOST + 1);
        char text[3], again[3], from[3] = "0x";

        while (m.n < n) {
            char what[6] = {(char)('0' + test_rng_below(&r, PERSONS)),
                            "xy"[test_rng_below(&r, 2)],
                            '>',
                            (char)('0' + test_rng_below(&r, PERSONS)),
                            "xy"[test_rng_below(&r, 2)],
                            '\0'};

            add(&m, what, 1 + (int64_t)test_rng_below(&r, 4));
        }
        from[0] = (char)('0' + test_rng_below(&r, PERSONS));
        where(&m, from, text);
        for (size_t i = n; i > 1; i--) {
            size_t j = test_rng_below(&r, i);
            struct ctx_visit_move kept = m.move[i - 1];

            m.move[i - 1] = m.move[j];
            m.move[j] = kept;
        }
        where(&m, from, again);
        ck_assert_str_eq(again, text);
    }
}
END_TEST

START_TEST(a_visit_with_another_number_is_the_same_fact)
{
    static const struct {
        unsigned kind;
        const char *was, *is, *fact, *want;
    } cases[] = {
        {CTX_ADMISSION, "H|V1", "H|V22", "admission|V1|I", "admission|V22|I"},
        {CTX_DISCHARGE, "H|V1", "H|V", "discharge|V1", "discharge|V"},
        {CTX_CONDITION, "H|V1", "H|V2", "dg1|V1|I10", "dg1|V2|I10"},
        {CTX_TRANSFER, "H|V1", "G|V1", "transfer|V1|2", "transfer|V1|2"},
        {CTX_OBSERVATION, "H|V1", "H|V2", "obx|V1|2", "obx|V1|2"},
        {CTX_ADMISSION, "H|V1", "H|V2", "admission|V3|I", "admission|V3|I"},
        {CTX_ADMISSION, "H|V1", "H|V2", "", ""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ctx_event e = {.kind = (uint8_t)cases[i].kind,
                              .encounter = an_str_c(cases[i].was),
                              .fact = an_str_c(cases[i].fact)};

        ck_assert(ctx_visit_fact(&arena, &e, an_str_c(cases[i].is), &e.fact));
        test_assert_str(__FILE__, __LINE__, e.fact, an_str_c(cases[i].want));
    }
}
END_TEST

Suite *context_visit_suite(void)
{
    const TTest *const test[] = {follows_a_visit_from_hand_to_hand,
                                 no_visit_never_moves,
                                 is_the_same_in_every_order_of_arrival,
                                 a_visit_with_another_number_is_the_same_fact};

    return test_suite_around("context/visit", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

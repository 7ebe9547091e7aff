/* SPDX-License-Identifier: Apache-2.0 */
#include "context/identity.h"
#include "context/timeline.h"
#include "tests/invented.h"
#include "tests/suite.h"

#include <string.h>

Suite *context_identity_suite(void);

enum { SETS = 2000, MOST_CLAIMS = 14, N_IDS = 6 };

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 64 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static struct ctx_identifier id(char name)
{
    static const char text[] = "ABCDEFGH";

    return (struct ctx_identifier){
        AN_STR("HOSP"), {&text[name - 'A'], 1}, AN_STR("MR")};
}

/* "A>B": A was merged into B; "A=B": the same; "A|B": taken back; "A/B": A moved
 * to B; "A*B" is about a visit. */
static struct ctx_claim claim(const char *what, int64_t said_us,
                              int64_t available_us)
{
    struct ctx_claim c = {.current = id(what[2]),
                          .prior = id(what[0]),
                          .said_us = said_us,
                          .available_us = available_us};

    c.kind = what[1] == '>'   ? CTX_CLAIM_MERGE
             : what[1] == '=' ? CTX_CLAIM_SAME
             : what[1] == '/' ? CTX_CLAIM_MOVE
             : what[1] == '*' ? CTX_CLAIM_VISIT
                              : CTX_CLAIM_UNMERGE;
    return c;
}

/* "ABc current B": members, retired ones in small letters. */
static void person_text(const struct ctx_claim *c, size_t n, char who,
                        int64_t as_of_us, char text[N_IDS + 4])
{
    struct ctx_identifier asked = id(who);
    struct ctx_person p;
    size_t i;

    ck_assert_int_eq(ctx_person_find(&arena, c, n, &asked, as_of_us, &p, NULL),
                     AN_OK);
    ck_assert_uint_le(p.n_members, N_IDS);
    for (i = 0; i < p.n_members; i++)
        text[i] = (char)(p.member[i].id.value.p[0] +
                         (p.member[i].retired ? 'a' - 'A' : 0));
    text[i++] = ':';
    text[i++] = p.member[p.current].id.value.p[0];
    text[i] = '\0';
}

START_TEST(follows_what_messages_said)
{
    static const struct {
        const char *what[6]; /* said at 10, 20, ... */
        char who;
        const char *person;
    } cases[] = {
        {{NULL}, 'A', "A:A"},
        {{"A=B"}, 'B', "AB:A"},
        {{"A>B"}, 'A', "aB:B"},
        {{"A>B", "B>C"}, 'A', "abC:C"},
        {{"B>C", "A>B"}, 'A', "aBC:B"}, /* B was used again */
        {{"A>B", "B>A"}, 'B', "Ab:A"},
        {{"A>B", "B>C", "C>A"}, 'B', "Abc:A"},
        {{"A>B", "A|B"}, 'A', "A:A"},
        {{"A>B", "B|A"}, 'A', "A:A"},
        {{"A>B", "A|B", "A>B"}, 'A', "aB:B"},
        {{"A>B", "A|B", "B>A"}, 'A', "Ab:A"},
        {{"A=B", "A>B", "A|B"}, 'B', "B:B"},
        {{"A|B", "A=B"}, 'A', "AB:A"},
        {{"A>B", "B>C", "A|B"}, 'A', "A:A"},
        {{"A>B", "B>C", "A|B"}, 'B', "bC:C"},
        {{"A>B", "A>C", "A|B"}, 'A', "aC:C"},
        {{"A=B", "B=C", "A|C"}, 'A', "ABC:A"}, /* only the two named part */
        {{"A=D", "A>B", "B=C"}, 'D', "aBCD:B"},
        {{"A=A", "B>B"}, 'A', "A:A"},
        {{"B>B"}, 'B', "B:B"},
        {{"A>B", "C>D", "B=D"}, 'A', "aBcD:D"},
        {{"A=B", "B/C"}, 'A', "A:A"},
        {{"A=B", "B/C"}, 'B', "BC:B"},
        {{"A=B", "B=D", "B/C"}, 'A', "A:A"}, /* D hung on B */
        {{"A>B", "B=D", "A/C"}, 'B', "BD:B"},
        {{"B/C", "A=B"}, 'A', "ABC:A"}, /* said after it holds */
        {{"A=B", "B/C", "B/A"}, 'C', "C:C"},
        {{"A=B", "B/C", "B/A"}, 'A', "AB:A"},
        {{"B/C", "B|C"}, 'B', "B:B"},
        {{"A=B", "B/C", "B|C"}, 'B', "B:B"}, /* and not back with A */
        {{"A/A"}, 'A', "A:A"},
        {{"A*B"}, 'A', "A:A"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ctx_claim c[6];
        char text[N_IDS + 4];
        size_t n = 0;

        for (; n < 6 && cases[i].what[n]; n++)
            c[n] = claim(cases[i].what[n], 10 * (int64_t)(n + 1), 100);
        person_text(c, n, cases[i].who, CTX_AS_OF_ALL, text);
        ck_assert_msg(strcmp(text, cases[i].person) == 0, "case %zu: %s", i,
                      text);
        person_text(c, n, 'E', CTX_AS_OF_ALL, text);
        ck_assert_str_eq(text, "E:E");
        if (n) {
            person_text(c, n, cases[i].who, 99, text);
            ck_assert_uint_eq(strlen(text), 3);
        }
    }
}
END_TEST

START_TEST(knows_each_claim_only_from_when_it_was_available)
{
    const struct ctx_claim c[] = {claim("A>B", 10, 15), claim("A|B", 20, 40),
                                  claim("B>A", 30, 35)};
    static const struct {
        int64_t as_of_us;
        const char *person;
    } cases[] = {{14, "A:A"}, {15, "aB:B"}, {35, "Ab:A"}, {40, "Ab:A"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[N_IDS + 4];

        person_text(c, 3, 'A', cases[i].as_of_us, text);
        ck_assert_str_eq(text, cases[i].person);
    }
}
END_TEST

START_TEST(said_at_one_moment_parting_is_stronger)
{
    const struct ctx_claim c[] = {claim("A>B", 10, 10), claim("A|B", 10, 10),
                                  claim("A=B", 10, 10)};
    char text[N_IDS + 4];

    person_text(c, 3, 'A', CTX_AS_OF_ALL, text);
    ck_assert_str_eq(text, "A:A");
}
END_TEST

START_TEST(a_claim_that_does_not_say_when_counts_from_when_it_came)
{
    const struct ctx_claim c[] = {claim("A>B", 10, 10), claim("A|B", 0, 20),
                                  claim("A=B", 0, 30)};
    char text[N_IDS + 4];

    person_text(c, 2, 'A', CTX_AS_OF_ALL, text);
    ck_assert_str_eq(text, "A:A");
    person_text(c, 3, 'A', CTX_AS_OF_ALL, text);
    ck_assert_str_eq(text, "AB:A");
}
END_TEST

START_TEST(merged_in_a_circle_at_one_moment_one_still_serves)
{
    const struct ctx_claim c[] = {claim("A>B", 10, 10), claim("B>A", 10, 10)};
    char text[N_IDS + 4];

    person_text(c, 2, 'B', CTX_AS_OF_ALL, text);
    ck_assert_str_eq(text, "Ab:A");
}
END_TEST

/* The MOVE u ends what c said of the one that moved. */
static bool leaves(const struct ctx_claim *u, const struct ctx_claim *c)
{
    bool touches = ctx_identifier_cmp(&u->prior, &c->current) == 0 ||
                   ctx_identifier_cmp(&u->prior, &c->prior) == 0;

    if (u->kind != CTX_CLAIM_MOVE || !touches || u->said_us < c->said_us ||
        ctx_identifier_cmp(&u->current, &u->prior) == 0)
        return false;
    /* Another MOVE of the same at the same moment: to the first in order. */
    if (c->kind == CTX_CLAIM_MOVE && u->said_us == c->said_us &&
        ctx_identifier_cmp(&u->prior, &c->prior) == 0)
        return ctx_identifier_cmp(&u->current, &c->current) < 0;
    return true;
}

/* The contract said slowly: which claims hold, then spreading from `who`. */
static bool holds(const struct ctx_claim *c, const struct ctx_claim *all,
                  size_t n, int64_t as_of_us)
{
    if (c->kind == CTX_CLAIM_UNMERGE || c->kind == CTX_CLAIM_VISIT ||
        c->available_us > as_of_us)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct ctx_claim *u = &all[i];
        bool same_pair = (ctx_identifier_cmp(&u->current, &c->current) == 0 &&
                          ctx_identifier_cmp(&u->prior, &c->prior) == 0) ||
                         (ctx_identifier_cmp(&u->current, &c->prior) == 0 &&
                          ctx_identifier_cmp(&u->prior, &c->current) == 0);

        if (same_pair && u->kind == CTX_CLAIM_UNMERGE &&
            u->available_us <= as_of_us && u->said_us >= c->said_us)
            return false;
        if (u->available_us <= as_of_us && leaves(u, c))
            return false;
    }
    return true;
}

static unsigned spread(const struct ctx_claim *c, size_t n, char who,
                       int64_t as_of_us)
{
    unsigned in = 1U << (who - 'A');

    for (size_t round = 0; round < N_IDS; round++)
        for (size_t i = 0; i < n; i++) {
            unsigned a = 1U << (c[i].current.value.p[0] - 'A');
            unsigned b = 1U << (c[i].prior.value.p[0] - 'A');

            if ((in & (a | b)) && holds(&c[i], c, n, as_of_us))
                in |= a | b;
        }
    return in;
}

static void claims_invent(struct test_rng *r, struct ctx_claim *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char what[4] = {(char)('A' + test_rng_below(r, N_IDS)),
                        ">=|/*"[test_rng_below(r, 5)],
                        (char)('A' + test_rng_below(r, N_IDS)), '\0'};

        c[i] = claim(what, 1 + (int64_t)test_rng_below(r, 5),
                     (int64_t)test_rng_below(r, 4));
    }
}

START_TEST(is_the_same_in_every_order_of_arrival)
{
    struct test_rng r = {11};

    for (int set = 0; set < SETS; set++) {
        struct ctx_claim c[MOST_CLAIMS];
        size_t n = test_rng_below(&r, MOST_CLAIMS + 1);

        an_arena_reset(&arena);
        claims_invent(&r, c, n);
        for (int64_t as_of_us = 0; as_of_us < 4; as_of_us++) {
            char who = (char)('A' + test_rng_below(&r, N_IDS));
            char want[N_IDS + 4], got[N_IDS + 4];
            unsigned in = 0;

            person_text(c, n, who, as_of_us, want);
            for (size_t i = 0; want[i] != ':'; i++)
                in |= 1U << ((want[i] & ~0x20) - 'A');
            ck_assert_uint_eq(in, spread(c, n, who, as_of_us));
            for (size_t i = n; i > 1; i--) {
                size_t j = test_rng_below(&r, i);
                struct ctx_claim kept = c[i - 1];

                c[i - 1] = c[j];
                c[j] = kept;
            }
            person_text(c, n, who, as_of_us, got);
            ck_assert_str_eq(got, want);
            /* Each member is asked about with the same answer. */
            for (size_t i = 0; want[i] != ':'; i++) {
                person_text(c, n, (char)(want[i] & ~0x20), as_of_us, got);
                ck_assert_str_eq(got, want);
            }
        }
    }
}
END_TEST

START_TEST(keeps_the_type_that_any_message_said)
{
    struct ctx_claim c[] = {claim("A=B", 1, 1), claim("A=B", 2, 2)};
    struct ctx_identifier who = id('A');
    struct ctx_person p;

    who.type = c[0].prior.type = c[0].current.type = AN_STR("");
    c[1].current.type = AN_STR("SS");
    ck_assert_int_eq(
        ctx_person_find(&arena, c, 2, &who, CTX_AS_OF_ALL, &p, NULL), AN_OK);
    ck_assert_an_str_eq(p.member[0].id.type, "MR");
    ck_assert_an_str_eq(p.member[1].id.type, "SS");
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    const struct ctx_claim c[] = {claim("A>B", 10, 10)};
    struct ctx_identifier who = id('A');
    struct ctx_person p;
    enum an_code got = AN_NOMEM;
    long n = 0;

    for (; got == AN_NOMEM && n < 10; n++) {
        arena.fail_after = n;
        got = ctx_person_find(&arena, c, 1, &who, CTX_AS_OF_ALL, &p, NULL);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_eq(n, 5);
}
END_TEST

Suite *context_identity_suite(void)
{
    const TTest *const test[] = {
        follows_what_messages_said,
        knows_each_claim_only_from_when_it_was_available,
        said_at_one_moment_parting_is_stronger,
        a_claim_that_does_not_say_when_counts_from_when_it_came,
        merged_in_a_circle_at_one_moment_one_still_serves,
        is_the_same_in_every_order_of_arrival,
        keeps_the_type_that_any_message_said,
        survives_each_failed_allocation};

    return test_suite_around("context/identity", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

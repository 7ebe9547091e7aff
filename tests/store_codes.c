/* SPDX-License-Identifier: Apache-2.0 */
/* Codes without a meaning, counted over all that is stored. */
#include "plugin/store/codes.h"

#include "tests/store_help.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *store_codes_suite(void);

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

static const struct ctx_code_row rows[] = {
    {{AN_STR_INIT("urn:id:L"), AN_STR_INIT("HB"), AN_STR_INIT("")},
     {AN_STR_INIT("urn:id:OWN"), AN_STR_INIT("9"), AN_STR_INIT("")},
     0},
    {{AN_STR_INIT("urn:id:L"), AN_STR_INIT("K"), AN_STR_INIT("")},
     {AN_STR_INIT("http://loinc.org"), AN_STR_INIT("2823-3"), AN_STR_INIT("")},
     0},
};
static const struct ctx_site site = {.code = rows, .n_codes = 2};

static struct ctx_code local(const char *system, const char *code)
{
    return (struct ctx_code){an_str_c(system), an_str_c(code), AN_STR("Name")};
}

/* Of five results: two are of a local code, one of a code that a table made,
 * one is told in words, one stays in LOINC. */
static void put_message(uint64_t n)
{
    static const struct ctx_code alias = {AN_STR_INIT("urn:id:L"),
                                          AN_STR_INIT("HB"), AN_STR_INIT("")};
    struct test_message *m = an_arena_get(&t.arena, 1, sizeof(*m));
    struct pl_intake in;

    ck_assert_ptr_nonnull(m);
    test_message(m, n, n % 3);
    m->event[0].concept = local("urn:id:L", "K");
    m->event[1].concept = n == 1 ? local("", "Q") : local("urn:id:L", "K");
    m->event[2].concept = local("urn:id:OWN", "9");
    m->event[2].alias = &alias;
    m->event[2].n_aliases = 1;
    m->event[3].concept = (struct ctx_code){.display = AN_STR("in words")};
    m->event[3].n_aliases = 0;
    in = test_intake_of(&t, m->bytes, &m->reading);
    in.received_us = TEST_EPOCH_US + (int64_t)n;
    test_put(&t, &in);
}

START_TEST(the_most_frequent_come_first)
{
    struct pl_codes c;

    for (uint64_t n = 1; n <= 4; n++)
        put_message(n);
    ck_assert_int_eq(
        pl_codes(t.reader, &t.arena, &site, (struct an_str){NULL, 0}, &c, NULL),
        AN_OK);
    ck_assert_uint_eq(c.n, 2);
    ck_assert_an_str_eq(c.code[0].code.system, "urn:id:L");
    ck_assert_an_str_eq(c.code[0].code.code, "K");
    ck_assert_an_str_eq(c.code[0].code.display, "Name");
    ck_assert_uint_eq(c.code[0].n, 7);
    ck_assert(c.code[0].mapped); /* and waits for reprocess */
    ck_assert_int_eq(c.code[0].kind, CTX_OBSERVATION);
    ck_assert(c.code[0].first_us == TEST_EPOCH_US + 1);
    ck_assert(c.code[0].last_us == TEST_EPOCH_US + 4);
    ck_assert_an_str_eq(c.code[1].code.code, "Q");
    ck_assert_uint_eq(c.code[1].n, 1);
    ck_assert(!c.code[1].mapped);
    ck_assert_uint_eq(c.n_events, 20);
    ck_assert_uint_eq(c.n_unmapped, 8);
    ck_assert_uint_eq(c.n_words, 4);
    ck_assert_int_eq(pl_codes(t.reader, &t.arena, &site, AN_STR(""), &c, NULL),
                     AN_OK);
    ck_assert_uint_eq(c.n, 1);
    ck_assert_an_str_eq(c.code[0].code.code, "Q");
}
END_TEST

/* More than the first table of the tally holds. */
START_TEST(any_number_of_codes_is_counted)
{
    enum { N = 1500 };
    struct test_message *m = an_arena_get(&t.arena, 1, sizeof(*m));
    const struct ctx_site none = {.n_codes = 0};
    struct pl_codes c;
    char text[16];

    for (unsigned n = 0; n < N; n += TEST_RESULTS) {
        struct pl_intake in;

        test_message(m, n + 1, 1);
        for (unsigned i = 0; i < TEST_RESULTS; i++) {
            (void)snprintf(text, sizeof(text), "C%u", n + i);
            m->event[i].concept = local("urn:id:L", text);
            m->event[i].n_aliases = 0;
            if (!an_arena_str(&t.arena, m->event[i].concept.code,
                              &m->event[i].concept.code))
                ck_abort();
        }
        in = test_intake_of(&t, m->bytes, &m->reading);
        test_put(&t, &in);
    }
    ck_assert_int_eq(
        pl_codes(t.reader, &t.arena, &none, (struct an_str){NULL, 0}, &c, NULL),
        AN_OK);
    ck_assert_uint_eq(c.n, N);
    for (size_t i = 0; i < N; i++)
        ck_assert_uint_eq(c.code[i].n, 1);
    ck_assert_an_str_eq(c.code[0].code.code, "C0");
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    enum an_code rc = AN_NOMEM;
    struct pl_codes c;
    long n = 0;

    put_message(1);
    put_message(2);
    for (; rc == AN_NOMEM && n < 100; n++) {
        t.arena.fail_after = n;
        rc = pl_codes(t.reader, &t.arena, &site, (struct an_str){NULL, 0}, &c,
                      NULL);
    }
    t.arena.fail_after = -1;
    ck_assert_int_eq(rc, AN_OK);
    ck_assert_uint_eq(c.n, 2);
    ck_assert_int_gt(n, 5);
}
END_TEST

Suite *store_codes_suite(void)
{
    const TTest *const test[] = {
        the_most_frequent_come_first,
        any_number_of_codes_is_counted,
        survives_each_failed_allocation,
    };

    return test_suite_around("store/codes", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

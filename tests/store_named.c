/* SPDX-License-Identifier: Apache-2.0 */
/* Messages by name, what was made of them, and what is noted of those that are
 * not kept. */
#include "plugin/store/named.h"

#include "tests/store_help.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *store_named_suite(void);

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

static struct pl_named named(const char *id)
{
    struct pl_named out;
    enum an_code rc = pl_named(t.reader, &t.arena, an_str_c(id), &out, NULL);

    ck_assert(rc == AN_OK || rc == AN_NOTFOUND);
    ck_assert_int_eq(rc == AN_NOTFOUND, out.n == 0);
    return out;
}

START_TEST(a_message_is_found_by_each_of_its_names)
{
    struct pl_intake one = test_intake(&t, 1, 7), two = test_intake(&t, 2, 8);
    char hex[AN_SHA256_HEX + 1];
    struct pl_named n;

    two.sender = AN_STR("OTHER|SOUTH");
    test_put(&t, &one);
    test_put(&t, &two);
    n = named("C000000001");
    ck_assert_uint_eq(n.n, 1);
    ck_assert_int_eq(n.item[0].number, 1);
    ck_assert_an_str_eq(n.item[0].sender, "LAB|NORTH");
    ck_assert_int_eq(n.item[0].n_again, 0);
    n = named("C000000002");
    ck_assert_uint_eq(n.n, 1);
    ck_assert_an_str_eq(n.item[0].sender, "OTHER|SOUTH");
    n = named("2");
    ck_assert_uint_eq(n.n, 1);
    ck_assert_int_eq(n.item[0].number, 2);
    an_hex_print(two.sha256.b, sizeof(two.sha256.b), hex);
    ck_assert_int_eq(named(hex).item[0].number, 2);
    hex[12] = '\0';
    ck_assert_int_eq(named(hex).item[0].number, 2);
    hex[PL_NAMED_HEX_LEAST - 1] = '\0';
    ck_assert_uint_eq(named(hex).n, 0);
    ck_assert_uint_eq(named("nobody").n, 0);
    ck_assert_uint_eq(named("").n, 0);
}
END_TEST

/* One control id, two senders, and again by the first one with other bytes;
 * and a number that is a control id too. */
START_TEST(all_that_have_a_name_are_listed)
{
    struct pl_intake in[3];
    struct pl_named n;

    for (size_t i = 0; i < 3; i++) {
        in[i] = test_intake(&t, i + 1, 7);
        in[i].control_id = AN_STR("2");
    }
    in[1].sender = AN_STR("OTHER|SOUTH");
    for (size_t i = 0; i < 3; i++)
        test_put(&t, &in[i]);
    n = named("2");
    ck_assert_uint_eq(n.n, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(n.item[i].number, (int64_t)i + 1);
    ck_assert(!n.item[0].reused && !n.item[1].reused && n.item[2].reused);
}
END_TEST

START_TEST(what_comes_again_is_counted)
{
    struct pl_intake in = test_intake(&t, 1, 7);
    struct pl_named n;

    test_put(&t, &in);
    for (int i = 1; i <= 3; i++) {
        in.received_us = TEST_EPOCH_US + i;
        ck_assert(test_put(&t, &in).duplicate);
    }
    n = named("1");
    ck_assert_int_eq(n.item[0].n_again, 3);
    ck_assert(n.item[0].last_us == TEST_EPOCH_US + 3);
}
END_TEST

static struct pl_intake refusal(uint64_t number, const char *control)
{
    static struct ctx_reading reading;
    struct pl_source from = {.reading = &reading,
                             .feed = AN_STR("mllp"),
                             .received_us = TEST_EPOCH_US + (int64_t)number};
    struct an_err why;
    struct pl_intake in;
    char *text = an_arena_get(&t.arena, 32, 1);

    (void)an_fail(&why, AN_MISSING, "data about nobody", 0);
    why.where =
        (struct an_where){.segment = "PID", .segment_seq = 1, .field = 3};
    reading = (struct ctx_reading){.kind = AN_STR("ADT^A01"),
                                   .sender = AN_STR("ADT|WEST"),
                                   .control_id = an_str_c(control)};
    from.bytes.p = text;
    from.bytes.n = (size_t)snprintf(text, 32, "bad %u", (unsigned)number);
    ck_assert_int_eq(pl_intake_refuse(&t.arena, &from, &why, &in, NULL), AN_OK);
    return in;
}

START_TEST(a_refusal_leaves_a_note_and_nothing_else)
{
    struct pl_intake in = refusal(1, "BAD1");
    struct pl_receipt r = test_put(&t, &in);
    struct pl_named n;

    ck_assert_int_eq(r.message, 0);
    ck_assert_uint_eq(r.n_triggers, 0);
    ck_assert_int_eq(test_status(&t).n_messages, 0);
    in.received_us++;
    (void)test_put(&t, &in);
    n = named("BAD1");
    ck_assert_uint_eq(n.n, 1);
    ck_assert(n.item[0].refused);
    ck_assert_an_str_eq(n.item[0].what, "data about nobody");
    ck_assert_an_str_eq(n.item[0].place, "PID[1]-3");
    ck_assert_an_str_eq(n.item[0].kind, "ADT^A01");
    ck_assert_int_eq(n.item[0].n_again, 1);
    ck_assert(n.item[0].received_us == TEST_EPOCH_US + 1);
    test_store_check(&t);
}
END_TEST

/* A sender that errs without end does not fill the disk. */
START_TEST(only_the_latest_refusals_stay)
{
    enum { GROUP = 500, GROUPS = 21 };
    struct pl_intake *in = an_arena_get(&t.arena, GROUP, sizeof(*in));
    const struct pl_intake **group =
        an_arena_get(&t.arena, GROUP, sizeof(*group));
    struct pl_receipt *r = an_arena_get(&t.arena, GROUP, sizeof(*r));
    char control[16];

    for (unsigned g = 0; g < GROUPS; g++) {
        for (unsigned i = 0; i < GROUP; i++) {
            (void)snprintf(control, sizeof(control), "R%u", g * GROUP + i);
            in[i] = refusal(g * GROUP + i, control);
            in[i].control_id = an_str_c(control);
            if (!an_arena_str(&t.arena, in[i].control_id, &in[i].control_id))
                ck_abort();
            group[i] = &in[i];
        }
        ck_assert_int_eq(pl_store_put(t.store, group, GROUP, r, NULL), AN_OK);
    }
    ck_assert_uint_eq(named("R0").n, 0);
    ck_assert_uint_eq(named("R499").n, 0);
    ck_assert_uint_eq(named("R500").n, 1);
    ck_assert_uint_eq(named("R10499").n, 1);
}
END_TEST

START_TEST(what_was_made_of_it_is_told)
{
    struct pl_intake in = test_intake(&t, 1, 7), other = test_intake(&t, 2, 7);
    struct pl_made made;

    test_put(&t, &in);
    test_put(&t, &other);
    ck_assert_int_eq(pl_made(t.reader, &t.arena, 1, &made, NULL), AN_OK);
    ck_assert_uint_eq(made.n_parts, 1);
    ck_assert_uint_eq(made.part[0].n_events, TEST_RESULTS);
    ck_assert_uint_eq(made.part[0].n_claims, 1);
    ck_assert_an_str_eq(made.part[0].patient.authority, "GENHOSP");
    ck_assert_uint_eq(made.n_accounts, 3);
    ck_assert_an_str_eq(made.account[1].name, "OBX");
    ck_assert_uint_eq(made.account[1].n_fields, 4);
    ck_assert_uint_eq(made.account[1].field[0].n[CTX_FIELD_ODD], 2);
    ck_assert_int_eq(pl_made(t.reader, &t.arena, 3, &made, NULL), AN_NOTFOUND);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct pl_intake in = test_intake(&t, 1, 7);
    enum an_code rc = AN_NOMEM;
    struct pl_named n;
    struct pl_made m;
    long k = 0;

    test_put(&t, &in);
    for (; rc == AN_NOMEM && k < 200; k++) {
        t.arena.fail_after = k;
        rc = pl_named(t.reader, &t.arena, AN_STR("1"), &n, NULL);
        if (rc == AN_OK)
            rc = pl_made(t.reader, &t.arena, 1, &m, NULL);
    }
    t.arena.fail_after = -1;
    ck_assert_int_eq(rc, AN_OK);
    ck_assert_int_gt(k, 5);
}
END_TEST

Suite *store_named_suite(void)
{
    const TTest *const test[] = {
        a_message_is_found_by_each_of_its_names,
        all_that_have_a_name_are_listed,
        what_comes_again_is_counted,
        a_refusal_leaves_a_note_and_nothing_else,
        only_the_latest_refusals_stay,
        what_was_made_of_it_is_told,
        survives_each_failed_allocation,
    };

    return test_suite_around("store/named", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

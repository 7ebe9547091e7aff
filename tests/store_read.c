/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out again, and as of when. */
#include "tests/invented.h"
#include "tests/store_help.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *store_read_suite(void);

static struct test_store t;

static void set_up(void)
{
    test_store_open(&t);
}

static void tear_down(void)
{
    test_store_close(&t);
}

static struct ctx_identifier id(const char *authority, const char *value)
{
    return (struct ctx_identifier){an_str_c(authority), an_str_c(value),
                                   AN_STR("MR")};
}

/* A message that files one event and makes one claim; either may be NULL. */
static void say(const char *bytes, const struct ctx_identifier *who,
                struct ctx_event *e, struct ctx_claim *c)
{
    struct ctx_part part = {id("", ""), e, 1};
    struct ctx_reading reading = {
        .part = &part, .n_parts = e != NULL, .claim = c, .n_claims = c != NULL};
    struct pl_intake in;

    if (who)
        part.patient = *who;
    in = test_intake_of(&t, an_str_c(bytes), &reading);
    test_put(&t, &in);
}

static struct ctx_event event(const char *fact, int64_t said_us)
{
    struct ctx_event e = {.kind = CTX_OBSERVATION,
                          .status = CTX_STATUS_FINAL,
                          .said_us = said_us,
                          .available_us = said_us};

    e.fact = an_str_c(fact);
    e.effective = (struct an_time){said_us, 0, AN_TIME_SECOND, 0};
    return e;
}

static size_t n_events(const char *value, int64_t as_of_us)
{
    struct ctx_identifier who = id("H", value);
    struct pl_history h;

    ck_assert_int_eq(pl_history(t.reader, &t.arena, &who, as_of_us, &h, NULL),
                     AN_OK);
    return h.timeline.n_events;
}

START_TEST(a_history_is_what_was_said)
{
    struct pl_intake in = test_intake(&t, 3, 7);
    struct test_message *m = an_arena_get(&t.arena, 1, sizeof(*m));
    const struct ctx_event *want[TEST_RESULTS];
    char sha256[AN_SHA256_HEX + 1];
    struct pl_history h;

    test_put(&t, &in);
    h = test_history(&t, 7, CTX_AS_OF_ALL);
    ck_assert_uint_eq(h.timeline.n_events, TEST_RESULTS);
    ck_assert_int_eq(h.last_message, 1);
    ck_assert_uint_eq(h.person.n_members, 2);
    ck_assert_an_str_eq(h.person.member[0].id.value, "M0000007");
    ck_assert_an_str_eq(h.person.member[1].id.type, "SS");
    an_hex_print(in.sha256.b, AN_SHA256_BYTES, sha256);
    test_message(m, 3, 7);
    for (size_t i = 0; i < TEST_RESULTS; i++) {
        m->event[i].message = an_str_c(sha256);
        want[i] = &m->event[i];
        for (size_t j = i; j > 0 && ctx_event_cmp(want[j], want[j - 1]) < 0;
             j--) {
            const struct ctx_event *swap = want[j];

            want[j] = want[j - 1];
            want[j - 1] = swap;
        }
    }
    ck_assert(an_str_eq(
        test_event_text(&t.arena, h.timeline.event, h.timeline.n_events),
        test_event_text(&t.arena, want, TEST_RESULTS)));
}
END_TEST

START_TEST(as_of_a_moment_only_what_was_available_counts)
{
    const struct ctx_identifier a = id("H", "1");
    struct ctx_event e = event("f", 100);

    say("first", &a, &e, NULL);
    e.said_us = e.available_us = 200;
    e.status = CTX_STATUS_ENTERED_IN_ERROR;
    say("withdrawn", &a, &e, NULL);
    ck_assert_uint_eq(n_events("1", 99), 0);
    ck_assert_uint_eq(n_events("1", 100), 1);
    ck_assert_uint_eq(n_events("1", 199), 1);
    ck_assert_uint_eq(n_events("1", 200), 0);
}
END_TEST

START_TEST(a_merge_brings_two_histories_together_and_an_unmerge_parts_them)
{
    const struct ctx_identifier a = id("H", "1"), b = id("H", "2");
    struct ctx_event e = event("f", 100), f = event("g", 110);
    struct ctx_claim c = {CTX_CLAIM_MERGE, b,          a,         200, 200,
                          AN_STR("MRG-1"), AN_STR(""), AN_STR("")};
    struct ctx_person p;

    say("one", &a, &e, NULL);
    say("two", &b, &f, NULL);
    say("merge", NULL, NULL, &c);
    c.kind = CTX_CLAIM_UNMERGE;
    c.said_us = c.available_us = 300;
    say("unmerge", NULL, NULL, &c);
    ck_assert_uint_eq(n_events("1", 199), 1);
    ck_assert_uint_eq(n_events("1", 200), 2);
    ck_assert_uint_eq(n_events("2", 299), 2);
    ck_assert_uint_eq(n_events("2", 300), 1);
    ck_assert_uint_eq(n_events("1", CTX_AS_OF_ALL), 1);
    ck_assert_int_eq(pl_person(t.reader, &t.arena, &a, 250, &p, NULL), AN_OK);
    ck_assert_uint_eq(p.n_members, 2);
    ck_assert_uint_eq(p.current, 1);
    ck_assert(p.member[0].retired && !p.member[1].retired);
    test_store_check(&t);
}
END_TEST

/* The claims of a hundred messages are the claims of the last. */
START_TEST(claims_count_by_when_they_were_said)
{
    const struct ctx_identifier a = id("H", "1"), b = id("H", "2");
    struct ctx_claim c = {CTX_CLAIM_SAME,  a,          b,         0, 0,
                          AN_STR("PID-3"), AN_STR(""), AN_STR("")};
    struct ctx_person p;
    char bytes[32];

    for (int i = 0; i < 100; i++) {
        c.said_us = c.available_us = 1000 + 10 * i;
        (void)snprintf(bytes, sizeof(bytes), "message %d", i);
        say(bytes, NULL, NULL, &c);
    }
    c.kind = CTX_CLAIM_UNMERGE;
    c.said_us = 1505;
    c.available_us = 5000;
    say("late unmerge", NULL, NULL, &c);
    ck_assert_int_eq(pl_person(t.reader, &t.arena, &b, 999, &p, NULL), AN_OK);
    ck_assert_uint_eq(p.n_members, 1);
    ck_assert_int_eq(pl_person(t.reader, &t.arena, &b, 1000, &p, NULL), AN_OK);
    ck_assert_uint_eq(p.n_members, 2);
    /* Said again after the moment it was taken back. */
    ck_assert_int_eq(pl_person(t.reader, &t.arena, &b, 6000, &p, NULL), AN_OK);
    ck_assert_uint_eq(p.n_members, 2);
    c.said_us = c.available_us = 7000;
    say("unmerge", NULL, NULL, &c);
    ck_assert_int_eq(pl_person(t.reader, &t.arena, &b, 7000, &p, NULL), AN_OK);
    ck_assert_uint_eq(p.n_members, 1);
}
END_TEST

START_TEST(finds_by_value_alone_only_where_that_is_enough)
{
    const struct ctx_identifier h = id("H", "1"), s = id("S", "1");
    const struct ctx_identifier z = id("Z", "1"), other = id("Z", "2");
    struct ctx_claim c = {CTX_CLAIM_SAME,  h,          s,         5, 5,
                          AN_STR("PID-3"), AN_STR(""), AN_STR("")};
    struct ctx_event e = event("f", 100);
    struct pl_found found;

    ck_assert_int_eq(
        pl_find(t.reader, &t.arena, AN_STR(""), AN_STR("1"), &found, NULL),
        AN_NOTFOUND);
    say("h", &h, &e, NULL);
    say("s", &s, &e, &c);
    say("other", &other, &e, NULL);
    ck_assert_int_eq(
        pl_find(t.reader, &t.arena, AN_STR(""), AN_STR("1"), &found, NULL),
        AN_OK);
    ck_assert_uint_eq(found.n, 1); /* one person, two authorities */
    ck_assert_an_str_eq(found.id[0].authority, "H");
    say("z", &z, &e, NULL);
    ck_assert_int_eq(
        pl_find(t.reader, &t.arena, AN_STR(""), AN_STR("1"), &found, NULL),
        AN_OK);
    ck_assert_uint_eq(found.n, 2);
    ck_assert_an_str_eq(found.id[1].authority, "Z");
    ck_assert_int_eq(
        pl_find(t.reader, &t.arena, AN_STR("S"), AN_STR("1"), &found, NULL),
        AN_OK);
    ck_assert_uint_eq(found.n, 1);
    ck_assert_int_eq(
        pl_find(t.reader, &t.arena, AN_STR("S"), AN_STR("2"), &found, NULL),
        AN_NOTFOUND);
}
END_TEST

/* Senders put anything into an identifier: bytes of no encoding, even a NUL. */
START_TEST(identifiers_of_any_bytes_are_told_apart)
{
    static const char *const name[] = {"\xe9", "\xc3\xa9", "\xff\xfe", "E\0",
                                       "E"};
    static const size_t n[] = {1, 2, 2, 2, 1};
    struct ctx_event e = event("f", 100);
    struct pl_found found;

    for (size_t i = 0; i < 5; i++) {
        struct ctx_identifier who = {
            AN_STR("\xe9H"), {name[i], n[i]}, AN_STR("")};
        char bytes[2] = {(char)('0' + i), '\0'};

        say(bytes, &who, &e, NULL);
    }
    ck_assert_int_eq(test_status(&t).n_identifiers, 5);
    for (size_t i = 0; i < 5; i++) {
        struct an_str value = {name[i], n[i]};

        ck_assert_int_eq(
            pl_find(t.reader, &t.arena, AN_STR(""), value, &found, NULL),
            AN_OK);
        ck_assert_uint_eq(found.n, 1);
        ck_assert(an_str_eq(found.id[0].value, value));
    }
    test_store_check(&t);
}
END_TEST

START_TEST(refuses_to_choose_among_too_many)
{
    struct ctx_event e = event("f", 100);
    struct pl_found found;
    char name[32];

    for (int i = 0; i <= PL_LIMIT_FOUND; i++) {
        struct ctx_identifier who;

        (void)snprintf(name, sizeof(name), "H%d", i);
        who = id(name, "1");
        say(name, &who, &e, NULL);
    }
    ck_assert_int_eq(
        pl_find(t.reader, &t.arena, AN_STR(""), AN_STR("1"), &found, NULL),
        AN_LIMIT);
}
END_TEST

static void say_same(unsigned a, unsigned b)
{
    struct ctx_claim c = {
        .kind = CTX_CLAIM_SAME, .said_us = 5, .available_us = 5};
    char name[2][32], bytes[64];

    (void)snprintf(name[0], sizeof(name[0]), "%u", a);
    (void)snprintf(name[1], sizeof(name[1]), "%u", b);
    (void)snprintf(bytes, sizeof(bytes), "%u is %u", a, b);
    c.prior = id("H", name[0]);
    c.current = id("H", name[1]);
    say(bytes, NULL, NULL, &c);
}

/* One person of n numbers, from 0: groups that come together at last, since each
 * claim asks about all whom it joins. */
static void say_many(unsigned n)
{
    enum { GROUP = 32 };

    for (unsigned i = 1; i < n; i++)
        if (i % GROUP)
            say_same(i, i - i % GROUP);
    for (unsigned i = GROUP; i < n; i += GROUP)
        say_same(i, i - GROUP);
}

/* A number that clerks type for "unknown" must not pull a hospital into one
 * person silently. */
START_TEST(refuses_a_person_of_too_many_identifiers)
{
    struct ctx_identifier who = id("H", "0");
    struct pl_history h;
    struct an_err err;

    say_many(PL_LIMIT_MEMBERS);
    ck_assert_int_eq(
        pl_history(t.reader, &t.arena, &who, CTX_AS_OF_ALL, &h, &err), AN_OK);
    say_same(PL_LIMIT_MEMBERS, 0);
    ck_assert_int_eq(
        pl_history(t.reader, &t.arena, &who, CTX_AS_OF_ALL, &h, &err),
        AN_LIMIT);
}
END_TEST

/* A dummy of thousands of numbers, from which a visit came and to which one
 * went: that much is hers still, and said to be no more. */
START_TEST(reads_a_visit_that_came_from_a_person_of_too_many_identifiers)
{
    struct ctx_claim c;
    struct ctx_identifier dummy = id("H", "0"), other = id("H", "1"),
                          who = id("H", "patient");
    struct ctx_event e = event("", 10);
    struct pl_history h;

    e.encounter = AN_STR("H|V1");
    say("came", &dummy, &e, NULL);
    say("elsewhere", &other, &e, NULL);
    e.encounter = AN_STR("H|V2");
    say("hers", &who, &e, NULL);
    say_many(1100);
    c = (struct ctx_claim){.kind = CTX_CLAIM_VISIT,
                           .prior = dummy,
                           .current = who,
                           .said_us = 20,
                           .available_us = 20,
                           .prior_visit = AN_STR("H|V1"),
                           .visit = AN_STR("H|V1")};
    say("move", NULL, NULL, &c);
    ck_assert_int_eq(
        pl_history(t.reader, &t.arena, &who, CTX_AS_OF_ALL, &h, NULL), AN_OK);
    ck_assert_uint_eq(h.timeline.n_events, 2);
    ck_assert_uint_eq(h.n_alone, 1);
    ck_assert_int_eq(pl_history(t.reader, &t.arena, &who, 15, &h, NULL), AN_OK);
    ck_assert_uint_eq(h.timeline.n_events, 1);
    c.prior = who;
    c.current = other;
    c.prior_visit = c.visit = AN_STR("H|V2");
    c.said_us = c.available_us = 30;
    say("moved on", NULL, NULL, &c);
    ck_assert_int_eq(
        pl_history(t.reader, &t.arena, &who, CTX_AS_OF_ALL, &h, NULL), AN_OK);
    ck_assert_uint_eq(h.timeline.n_events, 1);
    ck_assert_uint_eq(h.n_alone, 2);
}
END_TEST

START_TEST(gives_back_the_bytes_as_received)
{
    static const char strange[] = "MSH|^~\\&|\0\xff\xfe binary \r\n|";
    struct ctx_reading reading = {.kind = AN_STR("ADT^A01"),
                                  .sender = AN_STR("A|B"),
                                  .control_id = AN_STR("C1"),
                                  .said_us = 42,
                                  .n_warnings = 3};
    struct pl_intake small = test_intake_of(
        &t, (struct an_str){strange, sizeof(strange) - 1}, &reading);
    struct pl_intake large = test_intake(&t, 1, 1);
    struct test_message *m = an_arena_get(&t.arena, 1, sizeof(*m));
    struct pl_message got;
    char sha256[AN_SHA256_HEX + 1];

    test_put(&t, &small);
    test_put(&t, &large);
    ck_assert(!small.deflated && large.deflated);
    ck_assert_int_eq(pl_message_next(t.reader, &t.arena, 0, &got, NULL), AN_OK);
    ck_assert_int_eq(got.id, 1);
    ck_assert_uint_eq(got.bytes.n, sizeof(strange) - 1);
    ck_assert_mem_eq(got.bytes.p, strange, got.bytes.n);
    ck_assert_an_str_eq(got.kind, "ADT^A01");
    ck_assert_an_str_eq(got.sender, "A|B");
    ck_assert_an_str_eq(got.control_id, "C1");
    ck_assert_an_str_eq(got.feed, "lab");
    ck_assert(got.said_us == 42 && got.received_us == TEST_EPOCH_US + 5);
    ck_assert_uint_eq(got.n_warnings, 3);
    ck_assert_int_eq(pl_message_next(t.reader, &t.arena, 1, &got, NULL), AN_OK);
    test_message(m, 1, 1);
    ck_assert(an_str_eq(got.bytes, m->bytes));
    ck_assert_int_eq(pl_message_next(t.reader, &t.arena, 2, &got, NULL),
                     AN_NOTFOUND);
    an_hex_print(large.sha256.b, AN_SHA256_BYTES, sha256);
    ck_assert_int_eq(
        pl_message_get(t.reader, &t.arena, an_str_c(sha256), &got, NULL),
        AN_OK);
    ck_assert_int_eq(got.id, 2);
    sha256[0] ^= 1;
    ck_assert_int_eq(
        pl_message_get(t.reader, &t.arena, an_str_c(sha256), &got, NULL),
        AN_NOTFOUND);
    ck_assert_int_eq(
        pl_message_get(t.reader, &t.arena, AN_STR("no id"), &got, NULL),
        AN_NOTFOUND);
}
END_TEST

START_TEST(every_size_of_message_comes_back)
{
    struct ctx_reading reading = {.n_parts = 0};
    struct test_rng r = {21};
    int64_t after = 0;

    for (size_t n = 0; n < 70000; n = n * 3 / 2 + 1) {
        char *p = an_arena_get(&t.arena, n, 1);
        struct pl_intake in;
        struct pl_message got;
        struct pl_receipt receipt;

        for (size_t i = 0; i < n; i++)
            p[i] = (char)(n % 2 ? 'a' + test_rng_below(&r, 3)
                                : test_rng_below(&r, 256));
        in = test_intake_of(&t, (struct an_str){p, n}, &reading);
        receipt = test_put(&t, &in);
        ck_assert_int_eq(pl_message_next(t.reader, &t.arena, after, &got, NULL),
                         AN_OK);
        ck_assert_int_eq(got.id, receipt.message);
        ck_assert(an_str_eq(got.bytes, (struct an_str){p, n}));
        after = got.id;
    }
}
END_TEST

START_TEST(an_unknown_patient_is_not_found)
{
    struct ctx_identifier who = id("H", "nobody");
    struct pl_history h;
    struct ctx_person p;
    struct an_err err;

    ck_assert_int_eq(
        pl_history(t.reader, &t.arena, &who, CTX_AS_OF_ALL, &h, &err),
        AN_NOTFOUND);
    ck_assert_int_eq(
        pl_person(t.reader, &t.arena, &who, CTX_AS_OF_ALL, &p, &err),
        AN_NOTFOUND);
    /* And the reader is free again. */
    ck_assert_int_eq(test_status(&t).n_messages, 0);
}
END_TEST

START_TEST(history_survives_each_failed_allocation)
{
    struct pl_intake in = test_intake(&t, 1, 7);
    struct ctx_identifier who = {AN_STR("GENHOSP"), AN_STR("M0000007"),
                                 AN_STR("")};
    enum an_code got = AN_NOMEM;
    struct pl_history h;
    long n = 0;

    test_put(&t, &in);
    for (; got == AN_NOMEM && n < 200; n++) {
        t.arena.fail_after = n;
        got = pl_history(t.reader, &t.arena, &who, CTX_AS_OF_ALL, &h, NULL);
    }
    t.arena.fail_after = -1;
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 10);
    ck_assert_uint_eq(h.timeline.n_events, TEST_RESULTS);
}
END_TEST

/* A small world, always the same: three identifiers, what is said of them. */
enum { SAID = 24, MOMENTS = 7 };

struct world {
    struct ctx_identifier who[SAID];
    struct ctx_event event[SAID];
    struct ctx_claim claim[SAID];
};

static struct ctx_identifier any_id(struct test_rng *r)
{
    static const char *const value[] = {"1", "2", "3"};

    return id("H", value[test_rng_below(r, 3)]);
}

static void world_make(struct world *w)
{
    struct test_rng r = {32};

    for (size_t i = 0; i < SAID; i++) {
        w->event[i] = test_event(&r, &t.arena);
        w->who[i] = any_id(&r);
        w->claim[i] = (struct ctx_claim){
            .kind = (uint8_t)test_rng_below(&r, 3),
            .current = any_id(&r),
            .prior = any_id(&r),
            .said_us = (int64_t)test_rng_below(&r, 4) * AN_US_PER_DAY,
            .available_us = (int64_t)test_rng_below(&r, 6) * AN_US_PER_DAY};
    }
}

/* What is known of identifier 1 at the end of a day, as one hash. */
static struct an_sha256 history_hash(int64_t day)
{
    struct ctx_identifier asked = id("H", "1");
    struct an_sha256 hash;
    struct pl_history h;

    ck_assert_int_eq(
        pl_history(t.reader, &t.arena, &asked, day * AN_US_PER_DAY, &h, NULL),
        AN_OK);
    ck_assert_int_eq(an_sha256(test_event_text(&t.arena, h.timeline.event,
                                               h.timeline.n_events),
                               &hash, NULL),
                     AN_OK);
    return hash;
}

/* The property that all this is for: any order of arrival, one history, at any
 * moment. */
START_TEST(order_of_arrival_never_changes_a_history)
{
    enum { ORDERS = 6 };
    struct an_sha256 want[MOMENTS];
    struct test_rng r = {31};
    size_t order[SAID];
    struct world *w;

    for (size_t i = 0; i < SAID; i++)
        order[i] = i;
    for (int round = 0; round < ORDERS; round++) {
        w = an_arena_get(&t.arena, 1, sizeof(*w));
        ck_assert_ptr_nonnull(w);
        world_make(w);
        for (size_t i = 0; i < SAID; i++) {
            size_t n = order[i];
            char name[8];

            (void)snprintf(name, sizeof(name), "%zu", n);
            say(name, &w->who[n], &w->event[n], n % 3 ? NULL : &w->claim[n]);
        }
        for (int day = 0; day < MOMENTS; day++) {
            struct an_sha256 got = history_hash(day);

            if (round == 0)
                want[day] = got;
            ck_assert_mem_eq(got.b, want[day].b, sizeof(got.b));
        }
        /* The moments are not all alike, or this would prove little. */
        ck_assert_mem_ne(want[0].b, want[MOMENTS - 1].b, AN_SHA256_BYTES);
        test_store_check(&t);
        test_shuffle(&r, order, SAID);
        test_store_close(&t);
        test_store_open(&t);
    }
}
END_TEST

Suite *store_read_suite(void)
{
    const TTest *const test[] = {
        a_history_is_what_was_said,
        as_of_a_moment_only_what_was_available_counts,
        a_merge_brings_two_histories_together_and_an_unmerge_parts_them,
        claims_count_by_when_they_were_said,
        finds_by_value_alone_only_where_that_is_enough,
        identifiers_of_any_bytes_are_told_apart,
        refuses_to_choose_among_too_many,
        refuses_a_person_of_too_many_identifiers,
        reads_a_visit_that_came_from_a_person_of_too_many_identifiers,
        gives_back_the_bytes_as_received,
        every_size_of_message_comes_back,
        an_unknown_patient_is_not_found,
        history_survives_each_failed_allocation,
        order_of_arrival_never_changes_a_history};

    return test_suite_around("store/read", test, sizeof(test) / sizeof(test[0]),
                             set_up, tear_down);
}

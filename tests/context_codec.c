/* SPDX-License-Identifier: Apache-2.0 */
#include "context/codec.h"
#include "context/timeline.h"
#include "tests/invented.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *context_codec_suite(void);

enum { SETS = 2000, MOST_EVENTS = 24 };

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 256 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static struct an_str encode(const struct ctx_event *e, size_t n)
{
    struct an_str blob;

    ck_assert_int_eq(ctx_events_encode(&arena, e, n, &blob, NULL), AN_OK);
    return blob;
}

START_TEST(gives_back_every_field_of_every_event)
{
    struct test_rng r = {3};

    for (int set = 0; set < SETS; set++) {
        size_t n = test_rng_below(&r, MOST_EVENTS), n_back;
        struct ctx_event e[MOST_EVENTS];
        const struct ctx_event *back;
        const struct ctx_event *in[MOST_EVENTS], *out[MOST_EVENTS];
        struct an_str blob;

        an_arena_reset(&arena);
        for (size_t i = 0; i < n; i++) {
            e[i] = set % 2 ? test_event(&r, &arena)
                           : test_strange_event(&r, &arena);
            e[i].message = AN_STR("0a");
        }
        blob = encode(e, n);
        ck_assert_int_eq(
            ctx_events_decode(&arena, blob, AN_STR("0a"), &back, &n_back, NULL),
            AN_OK);
        ck_assert_uint_eq(n_back, n);
        for (size_t i = 0; i < n; i++) {
            in[i] = &e[i];
            out[i] = &back[i];
            ck_assert_int_eq(ctx_event_cmp(in[i], out[i]), 0);
        }
        ck_assert(an_str_eq(test_event_text(&arena, in, n),
                            test_event_text(&arena, out, n)));
        ck_assert(an_str_eq(blob, encode(back, n)));
    }
}
END_TEST

START_TEST(remembers_far_more_strings_than_it_has_room_for)
{
    enum { N = 2000 };
    struct ctx_event *e = an_arena_get(&arena, N, sizeof(*e));
    const struct ctx_event *back;
    struct test_rng r = {4};
    size_t n;

    for (size_t i = 0; i < N; i++) {
        char *p = an_arena_get(&arena, 5, 1);

        for (size_t j = 0; j < 5; j++)
            p[j] = (char)('a' + (j == 4 ? test_rng_below(&r, 26) : i / 100));
        e[i].concept.code = (struct an_str){p, 5};
    }
    ck_assert_int_eq(
        ctx_events_decode(&arena, encode(e, N), AN_STR(""), &back, &n, NULL),
        AN_OK);
    ck_assert_uint_eq(n, N);
    for (size_t i = 0; i < N; i++)
        ck_assert(an_str_eq(e[i].concept.code, back[i].concept.code));
}
END_TEST

/* Byte for byte: a change of this form needs a new version and a reader of
 * the old one. */
START_TEST(the_stored_form_does_not_change)
{
    static const char want[] =
        "\x02\x01\x08\x03\x3e\x15\x78\x80\x88\xbf\xaa\x19\xf0\x01\x00"
        "\x20http://loinc.org\x0a"
        "718-7\x02H\x01\x08"
        "13.2\x08g/dL\x04"
        "12\x04"
        "16\x02N"
        "\x0cHOSP|1\x00\x03"
        "f|1\x00\x08OBX[1]-5";
    struct ctx_event e = {.kind = CTX_OBSERVATION, .status = CTX_STATUS_FINAL};

    e.effective =
        (struct an_time){INT64_C(1700000000) * 1000000, 60, AN_TIME_MINUTE, 0};
    e.said_us = e.available_us = e.effective.us + 60 * 1000000;
    e.concept = (struct ctx_code){AN_STR("http://loinc.org"), AN_STR("718-7"),
                                  AN_STR("H")};
    e.value.kind = CTX_VALUE_QUANTITY;
    e.value.literal = AN_STR("13.2");
    e.value.number = 13.2;
    e.value.unit = AN_STR("g/dL");
    e.low = AN_STR("12");
    e.high = AN_STR("16");
    e.flag = AN_STR("N");
    e.encounter = AN_STR("HOSP|1");
    e.fact = AN_STR("f|1");
    e.place = AN_STR("OBX[1]-5");
    ck_assert_mem_eq(encode(&e, 1).p, want, sizeof(want) - 1);
    ck_assert_uint_eq(encode(&e, 1).n, sizeof(want) - 1);
}
END_TEST

START_TEST(refuses_what_is_damaged_and_says_where)
{
    static const struct {
        const char *name, *blob;
        size_t n;
        enum an_code code;
        size_t byte;
    } cases[] = {
        {"empty", "", 0, AN_INTEGRITY, 0},
        {"newer", "\x04\x00", 2, AN_UNSUPPORTED, 0},
        {"no count", "\x01", 1, AN_INTEGRITY, 1},
        {"bytes left", "\x01\x00\x00", 3, AN_INTEGRITY, 2},
        {"count beyond end", "\x01\xff\xff\xff\x7f", 5, AN_INTEGRITY, 1},
        {"number too large", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11,
         AN_INTEGRITY, 1},
        {"kind", "\x01\x01\x7f\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, AN_INTEGRITY, 2},
        {"status", "\x01\x01\0\x7f\0\0\0\0\0\0\0\0\0\0\0\0", 16, AN_INTEGRITY,
         3},
        {"string that is not there", "\x01\x01\0\0\0\0\0\0\x01\0\0\0\0\0\0\0",
         16, AN_INTEGRITY, 9},
        {"length beyond end", "\x01\x01\0\0\0\0\0\0\x7e\0\0\0\0\0\0\0", 16,
         AN_INTEGRITY, 9},
        {"fact shares too much", "\x01\x01\0\0\0\0\0\0\0\0\0\0\x01\0\0\0", 16,
         AN_INTEGRITY, 12},
        {"moment", "\x01\x01\0\0\0\0\x03\0\0\0\0\0\0\0\0\0", 16, AN_INTEGRITY,
         7},
        {"block beyond end", "\x03\x01\x7f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 18,
         AN_INTEGRITY, 3},
        {"marks", "\x03\x01\x0f\x41\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 18,
         AN_INTEGRITY, 3},
        {"block too short", "\x03\x01\x0d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 18,
         AN_INTEGRITY, 18},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ctx_event *e;
        struct an_err err = {.code = AN_OK};
        size_t n = 9;

        ck_assert_msg(ctx_events_decode(
                          &arena, (struct an_str){cases[i].blob, cases[i].n},
                          AN_STR(""), &e, &n, &err) == cases[i].code,
                      "%s: %s", cases[i].name, err.what);
        ck_assert_msg(err.where.byte == cases[i].byte, "%s: byte %zu",
                      cases[i].name, err.where.byte);
        ck_assert_uint_eq(n, 0);
        ck_assert_ptr_null(e);
    }
}
END_TEST

START_TEST(every_cut_is_refused)
{
    struct test_rng r = {5};
    struct ctx_event e[4];
    const struct ctx_event *back;
    struct an_str blob;
    size_t n;

    for (size_t i = 0; i < 4; i++)
        e[i] = test_strange_event(&r, &arena);
    blob = encode(e, 4);
    for (size_t cut = 0; cut < blob.n; cut++)
        ck_assert_int_eq(ctx_events_decode(&arena, an_str_sub(blob, 0, cut),
                                           AN_STR(""), &back, &n, NULL),
                         AN_INTEGRITY);
}
END_TEST

/* ---- many events ----------------------------------------------------------- */

enum { MANY = 4000 };

/* Two events of each fact. */
static struct ctx_event *many(size_t n)
{
    struct ctx_event *e = an_arena_get(&arena, n, sizeof(*e));
    struct test_rng r = {7};

    ck_assert_ptr_nonnull(e);
    for (size_t i = 0; i < n; i++) {
        char name[48];

        e[i] = test_event(&r, &arena);
        (void)snprintf(name, sizeof(name), "urn:fhir:Observation/%zu", i / 2);
        ck_assert(an_arena_str(&arena, an_str_c(name), &e[i].fact));
        e[i].message = AN_STR("");
    }
    return e;
}

START_TEST(gives_back_more_than_a_block)
{
    static const size_t of[] = {64, 65, 128, 129, 1000};

    for (size_t k = 0; k < sizeof(of) / sizeof(of[0]); k++) {
        const struct ctx_event *e = many(of[k]), *back;
        struct an_str blob = encode(e, of[k]);
        size_t n;

        ck_assert_int_eq(blob.p[0], of[k] > 64 ? 3 : 2);
        ck_assert_int_eq(
            ctx_events_decode(&arena, blob, AN_STR(""), &back, &n, NULL),
            AN_OK);
        ck_assert_uint_eq(n, of[k]);
        for (size_t i = 0; i < n; i++)
            ck_assert_int_eq(ctx_event_cmp(&e[i], &back[i]), 0);
        ck_assert(an_str_eq(blob, encode(back, n)));
    }
}
END_TEST

START_TEST(every_cut_in_a_block_is_refused)
{
    const struct ctx_event *back;
    struct an_str blob = encode(many(130), 130);
    size_t n;

    for (size_t cut = 0; cut < blob.n; cut++) {
        struct an_mark mark = an_arena_mark(&arena);

        ck_assert_int_eq(ctx_events_decode(&arena, an_str_sub(blob, 0, cut),
                                           AN_STR(""), &back, &n, NULL),
                         AN_INTEGRITY);
        an_arena_rewind(&arena, mark);
    }
}
END_TEST

/* How many of those of the fact are among what is found. */
static size_t find(struct an_str blob, struct an_str fact, size_t *n)
{
    const struct ctx_event *e;
    size_t n_of = 0;
    int64_t key;

    ck_assert_int_eq(ctx_fact_key(fact, &key, NULL), AN_OK);
    ck_assert_int_eq(
        ctx_events_find(&arena, blob, AN_STR("0a"), key, &e, n, NULL), AN_OK);
    for (size_t i = 0; i < *n; i++) {
        ck_assert_an_str_eq(e[i].message, "0a");
        n_of += an_str_eq(e[i].fact, fact);
    }
    return n_of;
}

START_TEST(a_fact_of_many_is_found_without_reading_them)
{
    const struct ctx_event *e = many(MANY);
    struct an_str blob = encode(e, MANY);
    size_t read = 0, n;

    for (size_t i = 0; i < MANY; i += 2) {
        struct an_mark mark = an_arena_mark(&arena);

        ck_assert_uint_eq(find(blob, e[i].fact, &n), 2);
        ck_assert_uint_ge(n, 2);
        read += n;
        an_arena_rewind(&arena, mark);
    }
    /* Its own block, and another by chance. */
    ck_assert_uint_le(read, MANY / 2 * 2 * 64);
    ck_assert_uint_eq(find(encode(e, 64), e[0].fact, &n), 2);
    ck_assert_uint_eq(n, 64);
}
END_TEST

START_TEST(refuses_to_write_numbers_of_no_list)
{
    struct ctx_event e[5] = {{.kind = CTX_N_KINDS},
                             {.status = CTX_N_STATUSES},
                             {.effective = {.precision = AN_TIME_FRACTION + 1}},
                             {.end = {.precision = 1, .assumed = 2}},
                             {.value = {.kind = CTX_VALUE_TEXT + 1}}};
    struct an_str blob;

    for (size_t i = 0; i < 5; i++)
        ck_assert_int_eq(ctx_events_encode(&arena, &e[i], 1, &blob, NULL),
                         AN_TYPE);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct test_rng r = {6};
    struct ctx_event e[3];
    struct an_str blob = {0};
    const struct ctx_event *back;
    enum an_code got = AN_NOMEM;
    long n = 0;
    size_t n_back;

    for (size_t i = 0; i < 3; i++)
        e[i] = test_strange_event(&r, &arena);
    e[1].fact = AN_STR("obx|LAB^1001|718-7");
    e[2].fact = AN_STR("obx|LAB^1001|2160-0");
    for (; got == AN_NOMEM && n < 100; n++) {
        arena.fail_after = n;
        got = ctx_events_encode(&arena, e, 3, &blob, NULL);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 1);
    got = AN_NOMEM;
    for (n = 0; got == AN_NOMEM && n < 100; n++) {
        arena.fail_after = n;
        got = ctx_events_decode(&arena, blob, AN_STR(""), &back, &n_back, NULL);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 2);
}
END_TEST

/* An observation as version 1 wrote it: no version of ours writes it again. */
START_TEST(reads_what_was_written_before_there_were_labels)
{
    static const char old[] = {1, 1,   8, 3, 0, 3, 0,   0, 0, 0,
                               2, 'K', 0, 0, 0, 1, 'f', 0, 0};
    const struct ctx_event *e;
    char again[sizeof(old)];
    size_t n;

    ck_assert_int_eq(ctx_events_decode(&arena,
                                       (struct an_str){old, sizeof(old)},
                                       AN_STR("0a"), &e, &n, NULL),
                     AN_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_an_str_eq(e->concept.code, "K");
    ck_assert_an_str_eq(e->fact, "f");
    ck_assert_uint_eq(e->labels, 0);
    /* Version 1 has no mark for labels; version 4 is not ours. */
    memcpy(again, old, sizeof(old));
    again[0] = 4;
    ck_assert_int_eq(ctx_events_decode(&arena,
                                       (struct an_str){again, sizeof(again)},
                                       AN_STR("0a"), &e, &n, NULL),
                     AN_UNSUPPORTED);
    again[0] = 0;
    ck_assert_int_eq(ctx_events_decode(&arena,
                                       (struct an_str){again, sizeof(again)},
                                       AN_STR("0a"), &e, &n, NULL),
                     AN_UNSUPPORTED);
}
END_TEST

Suite *context_codec_suite(void)
{
    const TTest *const test[] = {
        reads_what_was_written_before_there_were_labels,
        gives_back_every_field_of_every_event,
        remembers_far_more_strings_than_it_has_room_for,
        the_stored_form_does_not_change,
        refuses_what_is_damaged_and_says_where,
        every_cut_is_refused,
        refuses_to_write_numbers_of_no_list,
        survives_each_failed_allocation,
        gives_back_more_than_a_block,
        every_cut_in_a_block_is_refused,
        a_fact_of_many_is_found_without_reading_them};

    return test_suite_around("context/codec", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown where there is room for a few, and what the trail is told. */
#include "base/json.h"
#include "plugin/choose.h"
#include "plugin/showing.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *consult_choose_suite(void);

enum { MOST = 12 };

/* A suggestion as a word: R<topic><days>:<hundredths>, a lower-case r for a
 * nurse's, C<topic><days>:0 (a comparison), D, S<topic>, N (a dosing note) or P
 * (a summary). */
static struct ctx_suggestion of_word(const char *word)
{
    static char topic[MOST][2];
    static size_t n;
    struct ctx_suggestion s = {.language = AN_STR("en")};
    unsigned days = 0, p = 0;
    char *t = topic[n++ % MOST];

    t[0] = word[1];
    s.topic = (struct an_str){t, word[1] ? 1 : 0};
    switch (word[0]) {
    case 'R':
    case 'r':
    case 'C':
        ck_assert_int_eq(sscanf(word + 2, "%u:%u", &days, &p), 2);
        s.kind = word[0] == 'C' ? CTX_SUGGEST_COMPARISON : CTX_SUGGEST_RISK;
        s.audience = word[0] == 'r' ? CTX_FOR_NURSE : CTX_FOR_CLINICIAN;
        s.horizon_days = days;
        s.p = p / 100.0;
        break;
    case 'D': s.kind = CTX_SUGGEST_DIFFERENTIAL; break;
    case 'N': s.kind = CTX_SUGGEST_DOSING; break;
    case 'S': s.kind = CTX_SUGGEST_SCORE; break;
    default: s.kind = CTX_SUGGEST_SUMMARY;
    }
    return s;
}

static const struct {
    const char *in[MOST]; /* ended by NULL */
    size_t room;
    const char *want; /* places, in their order */
} choices[] = {
    {{NULL}, 5, ""},
    {{"Ra30:10", "Rb30:20"}, 0, ""},
    {{"Ra30:10", "Rb30:20", "Rc30:15"}, 9, "120"},
    {{"Ra30:10", "Rb30:20", "Rc30:15"}, 1, "1"},
    /* Equals stay in their order. */
    {{"Ra30:10", "Rb30:10", "Rc30:10"}, 9, "012"},
    /* An outcome speaks at its nearest horizon, whichever comes first. */
    {{"Ra365:90", "Ra30:10", "Rb365:20"}, 9, "21"},
    {{"Ra30:10", "Ra365:90", "Ra90:50"}, 9, "0"},
    {{"Ra1825:90", "Ra365:50", "Ra30:10"}, 9, "2"},
    /* ... for each reader. */
    {{"Ra365:90", "ra30:10"}, 9, "01"},
    /* Risks, what comes next, scores, the rest. */
    {{"P", "Sx", "D", "Ra30:1"}, 9, "3210"},
    {{"Sx", "Sy", "P", "D"}, 2, "30"},
    /* Risks alone would fill the room: what comes next has the last place. */
    {{"Ra30:1", "Rb30:2", "Rc30:3", "D"}, 3, "213"},
    {{"Ra30:1", "Rb30:2", "Rc30:3", "D"}, 2, "23"},
    {{"Ra30:1", "Rb30:2", "Rc30:3", "D"}, 4, "2103"},
    {{"D", "Ra30:1", "Rb30:2"}, 2, "20"},
    /* What answers an order goes first, of each outcome once. */
    {{"Ra30:10", "Ca365:0", "Ca30:0", "D"}, 9, "203"},
    {{"Ra30:10", "Cb30:0", "D"}, 2, "12"},
    /* One place goes to the largest risk. */
    {{"D", "Ra30:1"}, 1, "1"},
    {{"D", "Sx"}, 1, "0"},
    /* A score has no such right. */
    {{"Ra30:1", "Rb30:2", "Sx"}, 2, "10"},
    /* A dosing note stands first and gives its place to nothing. */
    {{"P", "Sx", "D", "Ra30:1", "N"}, 9, "43210"},
    {{"D", "Ra30:1", "Rb30:2", "N"}, 3, "320"},
    {{"D", "Ra30:1", "Rb30:2", "N"}, 2, "30"},
    {{"D", "N", "N"}, 2, "12"},
    {{"Ra30:1", "D", "N"}, 1, "2"},
};

START_TEST(the_chosen_stand_first_in_their_order)
{
    struct ctx_suggestion s[MOST];
    size_t place[MOST], n = 0, got;
    char text[MOST + 1] = "";

    for (; choices[_i].in[n]; n++) {
        s[n] = of_word(choices[_i].in[n]);
        place[n] = n;
    }
    got = pl_choose(s, place, n, choices[_i].room);
    ck_assert_uint_le(got, choices[_i].room);
    for (size_t i = 0; i < got; i++)
        text[i] = (char)('0' + place[i]);
    ck_assert_str_eq(text, choices[_i].want);
}
END_TEST

START_TEST(of_some_places_none_is_made_up)
{
    static const char *const in[] = {"Ra365:90", "D", "Ra30:10", "Sx",
                                     "Rb30:80"};
    struct ctx_suggestion s[5];
    size_t place[] = {4, 2, 1}, got;

    for (size_t i = 0; i < 5; i++)
        s[i] = of_word(in[i]);
    got = pl_choose(s, place, 3, 5);
    ck_assert_uint_eq(got, 3);
    ck_assert_uint_eq(place[0], 4);
    ck_assert_uint_eq(place[1], 2);
    ck_assert_uint_eq(place[2], 1);
}
END_TEST

/* ---- what the trail is told --------------------------------------------- */

static enum an_code note(struct an_arena *arena, const struct pl_showing *s,
                         struct pl_audit_entry *entry)
{
    struct an_err err;

    return pl_showing_note(arena, s, entry, &err);
}

START_TEST(a_showing_names_face_reader_occasion_and_resources)
{
    static const char *const subject[PL_N_FACES] = {
        "console", "cds-hooks", "fhir", "outbox", "host", "hl7-out"};
    const struct an_str resource[] = {AN_STR("r-1"), AN_STR("r-2")};
    struct pl_showing s = {.actor = AN_STR("Practitioner/7"),
                           .instance = AN_STR("call \"9\""),
                           .resource = resource,
                           .n = 2,
                           .now_us = 77};
    struct pl_audit_entry e;
    struct an_arena arena;

    an_arena_init(&arena, 1 << 20);
    for (int face = 0; face < PL_N_FACES; face++) {
        s.face = (enum pl_face)face;
        ck_assert_int_eq(note(&arena, &s, &e), AN_OK);
        ck_assert_an_str_eq(e.subject, subject[face]);
        ck_assert_int_eq(e.action, PL_AUDIT_SHOWN);
        ck_assert_an_str_eq(e.actor, "Practitioner/7");
        ck_assert_int_eq(e.time_us, 77);
        ck_assert_an_str_eq(e.details, "{\"instance\":\"call \\\"9\\\"\","
                                       "\"resources\":[\"r-1\",\"r-2\"]}");
    }
    an_arena_free(&arena);
}
END_TEST

START_TEST(a_showing_of_bytes_that_are_no_text_is_refused)
{
    struct pl_showing s = {.face = PL_FACE_CDS, .instance = AN_STR("\xFF")};
    struct pl_audit_entry e;
    struct an_arena arena;

    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(note(&arena, &s, &e), AN_TYPE);
    an_arena_free(&arena);
}
END_TEST

START_TEST(a_showing_survives_each_failed_allocation)
{
    const struct an_str resource[] = {AN_STR("r-1")};
    struct pl_showing s = {.face = PL_FACE_CDS, .resource = resource, .n = 1};
    enum an_code got = AN_NOMEM;
    struct pl_audit_entry e;
    struct an_arena arena;
    long n = 0;

    an_arena_init(&arena, 1 << 20);
    for (; got == AN_NOMEM && n < 100; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        got = note(&arena, &s, &e);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 1);
    an_arena_free(&arena);
}
END_TEST

Suite *consult_choose_suite(void)
{
    Suite *suite = suite_create("consult/choose");
    TCase *cases = tcase_create("choose");

    tcase_add_loop_test(cases, the_chosen_stand_first_in_their_order, 0,
                        sizeof(choices) / sizeof(choices[0]));
    tcase_add_test(cases, of_some_places_none_is_made_up);
    tcase_add_test(cases, a_showing_names_face_reader_occasion_and_resources);
    tcase_add_test(cases, a_showing_of_bytes_that_are_no_text_is_refused);
    tcase_add_test(cases, a_showing_survives_each_failed_allocation);
    suite_add_tcase(suite, cases);
    return suite;
}

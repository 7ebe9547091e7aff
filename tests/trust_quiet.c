/* SPDX-License-Identifier: Apache-2.0 */
/* Alert fatigue: what is not shown again so soon, and that nothing else is held
 * back. */
#include "base/random.h"
#include "plugin/trust/quiet.h"
#include "tests/suite.h"

#include <math.h>
#include <stdio.h>

Suite *trust_quiet_suite(void);

#define HOUR_US INT64_C(3600000000)

/* As the options have it unless they say otherwise. */
static struct pl_quiet_rules usual(void)
{
    struct cfg_options o;
    struct pl_quiet_rules r;
    struct an_arena arena;

    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(cfg_options_default(&arena, &o, NULL), AN_OK);
    ck_assert_int_eq(pl_quiet_rules_of(&o, NULL, &r, NULL), AN_OK);
    an_arena_free(&arena);
    return r;
}

START_TEST(the_defaults_are_a_day_for_inpatients_and_ninety_for_others)
{
    struct pl_quiet_rules r = usual();

    ck_assert_int_eq(r.admitted_us, AN_US_PER_DAY);
    ck_assert_int_eq(r.otherwise_us, 90 * AN_US_PER_DAY);
    ck_assert_int_eq(pl_quiet_longest_us(&r), 365 * AN_US_PER_DAY);
    ck_assert_uint_eq(r.n_bands, 5);
    ck_assert_double_eq(r.band[0], 0.05);
    ck_assert_double_eq(r.band[4], 0.5);
    ck_assert_double_eq(r.rise, 0.1);
}
END_TEST

static const struct {
    const char *bands, *error; /* NULL: they are taken */
} bands[] = {
    {"[]", NULL},
    {"[1, 99]", NULL},
    {"[\"10\"]", NULL},
    {"[0]", "a.yaml:1:1"},
    {"[100]", "a.yaml:1:1"},
    {"[10, 10]", "a.yaml:1:1"},
    {"[20, 10]", "a.yaml:1:1"},
    {"[a]", "a.yaml:1:1"},
    {"[0.5]", "a.yaml:1:1"},
};

START_TEST(bands_are_growing_per_cent)
{
    struct cfg_problems problems;
    struct pl_quiet_rules r;
    struct cfg_options o;
    struct an_arena arena;
    struct an_err err;
    char text[128], where[128];
    enum an_code code;

    (void)snprintf(text, sizeof(text), "cds: {quiet: {bands: %s}}\n",
                   bands[_i].bands);
    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(
        cfg_options_read(&arena, an_str_c(text), "a.yaml", &o, &problems, &err),
        AN_OK);
    code = pl_quiet_rules_of(&o, "a.yaml", &r, &err);
    ck_assert_int_eq(code, bands[_i].error ? AN_CONFIG : AN_OK);
    if (bands[_i].error) {
        (void)an_where_print(&err.where, where, sizeof(where));
        ck_assert_str_eq(where, bands[_i].error);
    }
    an_arena_free(&arena);
}
END_TEST

static const struct {
    const char *said;
    size_t a, b; /* of the services of that name */
} rooms[] = {
    {"[]", 7, 7},
    {"[a=3]", 3, 7},
    {"[b=1, a=50]", 50, 1},
    {"[a=1, a=2]", 1, 7},
};
static const char *const no_rooms[] = {"[a]",   "[a=]",   "[\"=3\"]",
                                       "[a=0]", "[a=51]", "[a=1=2]"};

static enum an_code read_rooms(const char *said, struct an_arena *arena,
                               struct cfg_options *o, struct an_err *err)
{
    struct cfg_problems problems;
    struct pl_quiet_rules r;
    struct an_str copy;
    char text[128];

    (void)snprintf(text, sizeof(text),
                   "cds: {max_cards: 7, service_cards: %s}\n", said);
    ck_assert(an_arena_str(arena, an_str_c(text), &copy));
    ck_assert_int_eq(cfg_options_read(arena, copy, "a.yaml", o, &problems, err),
                     AN_OK);
    return pl_quiet_rules_of(o, "a.yaml", &r, err);
}

START_TEST(a_service_may_have_room_of_its_own)
{
    struct cfg_options o;
    struct an_arena arena;
    struct an_err err;

    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(read_rooms(rooms[_i].said, &arena, &o, &err), AN_OK);
    ck_assert_uint_eq(pl_quiet_room(&o, AN_STR("a")), rooms[_i].a);
    ck_assert_uint_eq(pl_quiet_room(&o, AN_STR("b")), rooms[_i].b);
    an_arena_free(&arena);
}
END_TEST

START_TEST(room_without_a_number_is_refused)
{
    struct cfg_options o;
    struct an_arena arena;
    struct an_err err;

    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(read_rooms(no_rooms[_i], &arena, &o, &err), AN_CONFIG);
    ck_assert_str_eq(err.what,
                     "cds.service_cards takes SERVICE=N, N from 1 to 50");
    an_arena_free(&arena);
}
END_TEST

/* ---- one question ------------------------------------------------------------ */

/* A risk of `p`, shown `hours` ago as one of `p_shown`. */
static const struct {
    bool is_admitted;
    double p, p_shown;
    int hours;
    enum pl_response response;
    int response_hours; /* ago */
    enum pl_quiet want;
} cases[] = {
    {true, 0.12, 0.12, 1, PL_RESPONSE_NONE, 0, PL_QUIET_REPEATED},
    {true, 0.12, 0.12, 23, PL_RESPONSE_NONE, 0, PL_QUIET_REPEATED},
    {true, 0.12, 0.12, 24, PL_RESPONSE_NONE, 0, PL_QUIET_NONE},
    {false, 0.12, 0.12, 24, PL_RESPONSE_NONE, 0, PL_QUIET_REPEATED},
    {false, 0.12, 0.12, 24 * 90 - 1, PL_RESPONSE_NONE, 0, PL_QUIET_REPEATED},
    {false, 0.12, 0.12, 24 * 90, PL_RESPONSE_NONE, 0, PL_QUIET_NONE},
    /* It has risen by ten points, or has reached the next band. */
    {true, 0.40, 0.30, 1, PL_RESPONSE_NONE, 0, PL_QUIET_NONE},
    {true, 0.39, 0.31, 1, PL_RESPONSE_NONE, 0, PL_QUIET_REPEATED},
    {true, 0.20, 0.19, 1, PL_RESPONSE_NONE, 0, PL_QUIET_NONE},
    /* Less of it is no news. */
    {true, 0.01, 0.60, 1, PL_RESPONSE_NONE, 0, PL_QUIET_REPEATED},
    /* Longer after a response; from when it was given. */
    {true, 0.12, 0.12, 48, PL_RESPONSE_ACCEPTED, 47, PL_QUIET_ACCEPTED},
    {true, 0.12, 0.12, 24 * 200, PL_RESPONSE_ACCEPTED, 24 * 179,
     PL_QUIET_ACCEPTED},
    {true, 0.12, 0.12, 24 * 200, PL_RESPONSE_ACCEPTED, 24 * 180, PL_QUIET_NONE},
    {true, 0.12, 0.12, 24 * 170, PL_RESPONSE_DONE, 24 * 170, PL_QUIET_DONE},
    {false, 0.12, 0.12, 24 * 364, PL_RESPONSE_NOT_APPLICABLE, 24 * 364,
     PL_QUIET_NOT_APPLICABLE},
    {true, 0.12, 0.12, 25, PL_RESPONSE_OTHER, 25, PL_QUIET_NONE},
    {true, 0.12, 0.12, 1, PL_RESPONSE_OTHER, 1, PL_QUIET_REPEATED},
    /* Worse is news, whatever was answered before. */
    {true, 0.35, 0.12, 1, PL_RESPONSE_NOT_APPLICABLE, 1, PL_QUIET_NONE},
    /* A clock that was set back opens nothing. */
    {true, 0.12, 0.12, -5, PL_RESPONSE_NONE, 0, PL_QUIET_REPEATED},
};

START_TEST(is_quiet_for_a_window_unless_it_is_worse)
{
    const int64_t now_us = INT64_C(1773230400000000);
    struct pl_quiet_rules r = usual();
    struct pl_quiet_showing s = {
        .shown_us = now_us - cases[_i].hours * HOUR_US,
        .has_p = true,
        .p = cases[_i].p_shown,
        .response = cases[_i].response,
        .response_us = now_us - cases[_i].response_hours * HOUR_US};
    struct pl_quiet_case c = {.is_admitted = cases[_i].is_admitted,
                              .has_p = true,
                              .p = cases[_i].p,
                              .now_us = now_us,
                              .shown = &s,
                              .n_shown = 1};

    ck_assert_str_eq(pl_quiet_text(pl_quiet_judge(&r, &c)),
                     pl_quiet_text(cases[_i].want));
}
END_TEST

START_TEST(a_risk_below_the_threshold_of_its_outcome_is_no_card)
{
    struct pl_quiet_rules r = usual();
    struct pl_quiet_case c = {
        .has_p = true, .has_threshold = true, .p_threshold = 0.2};

    c.p = 0.199;
    ck_assert_int_eq(pl_quiet_judge(&r, &c), PL_QUIET_THRESHOLD);
    c.p = 0.2;
    ck_assert_int_eq(pl_quiet_judge(&r, &c), PL_QUIET_NONE);
    c.p = (double)NAN;
    ck_assert_int_eq(pl_quiet_judge(&r, &c), PL_QUIET_THRESHOLD);
    /* What has no number has no threshold. */
    c.has_p = false;
    ck_assert_int_eq(pl_quiet_judge(&r, &c), PL_QUIET_NONE);
}
END_TEST

START_TEST(what_has_no_number_is_never_worse)
{
    struct pl_quiet_rules r = usual();
    struct pl_quiet_showing s = {.shown_us = 0, .has_p = false};
    struct pl_quiet_case c = {
        .p = 0.9, .now_us = HOUR_US, .shown = &s, .n_shown = 1};

    ck_assert_int_eq(pl_quiet_judge(&r, &c), PL_QUIET_REPEATED);
    c.now_us = 90 * AN_US_PER_DAY;
    ck_assert_int_eq(pl_quiet_judge(&r, &c), PL_QUIET_NONE);
}
END_TEST

/* ---- a patient's time ---------------------------------------------------------- */

enum { ASKS = 200, WORLDS = 200 };

static uint64_t key, drawn;

static uint64_t below(uint64_t n)
{
    return an_random(key, drawn++) % n;
}

/* Said in another way than quiet.c says it. */
static int bands_below(const struct pl_quiet_rules *r, double p)
{
    int n = 0;

    for (size_t i = 0; i < r->n_bands; i++)
        n += r->band[i] <= p;
    return n;
}

static struct pl_quiet_rules draw_rules(void)
{
    struct pl_quiet_rules r = {.admitted_us = (int64_t)below(48) * HOUR_US,
                               .otherwise_us = (int64_t)below(400) * HOUR_US,
                               .accepted_us = (int64_t)below(800) * HOUR_US,
                               .done_us = (int64_t)below(800) * HOUR_US,
                               .not_applicable_us =
                                   (int64_t)below(800) * HOUR_US,
                               .rise = (double)below(30) / 100};

    for (r.n_bands = 0; r.n_bands < below(5); r.n_bands++)
        r.band[r.n_bands] =
            0.1 + 0.2 * (double)r.n_bands + 0.05 * (double)below(3);
    return r;
}

/* Until when that showing keeps quiet what is no worse. */
static int64_t quiet_until(const struct pl_quiet_rules *r,
                           const struct pl_quiet_showing *s, bool is_admitted)
{
    const int64_t longer[PL_N_RESPONSES] = {0, r->accepted_us, r->done_us,
                                            r->not_applicable_us, 0};
    int64_t until =
        s->shown_us + (is_admitted ? r->admitted_us : r->otherwise_us);
    int64_t other =
        longer[s->response] ? s->response_us + longer[s->response] : until;

    return other > until ? other : until;
}

START_TEST(never_hides_a_first_nor_shows_twice_in_a_window)
{
    static struct pl_quiet_showing shown[ASKS];
    int n_repeats = 0, n_shown = 0;

    for (int world = 0; world < test_worlds(WORLDS); world++) {
        struct pl_quiet_rules r;
        struct pl_quiet_case c = {.has_p = true, .shown = shown};

        key = an_random_key(20260311, (uint64_t)world);
        drawn = 0;
        r = draw_rules();
        for (int i = 0; i < ASKS; i++) {
            bool open = false;
            enum pl_quiet got;

            c.now_us += (int64_t)below(40) * HOUR_US;
            c.p = (double)below(101) / 100;
            c.is_admitted = below(2);
            for (size_t k = 0; k < c.n_shown; k++) {
                bool worse =
                    bands_below(&r, c.p) > bands_below(&r, shown[k].p) ||
                    (r.rise > 0 && c.p - shown[k].p >= r.rise);

                open = open ||
                       (!worse &&
                        c.now_us < quiet_until(&r, &shown[k], c.is_admitted));
            }
            got = pl_quiet_judge(&r, &c);
            ck_assert_msg((got != PL_QUIET_NONE) == open,
                          "world %d, question %d: %s", world, i,
                          pl_quiet_text(got));
            ck_assert(c.n_shown || got == PL_QUIET_NONE);
            n_repeats += got != PL_QUIET_NONE;
            if (got != PL_QUIET_NONE)
                continue;
            n_shown++;
            shown[c.n_shown++] = (struct pl_quiet_showing){
                .shown_us = c.now_us,
                .has_p = true,
                .p = c.p,
                .response = (enum pl_response)below(PL_N_RESPONSES),
                .response_us = c.now_us + (int64_t)below(3) * HOUR_US};
        }
        /* A window ends. */
        c.now_us += pl_quiet_longest_us(&r) + 4 * HOUR_US;
        ck_assert_int_eq(pl_quiet_judge(&r, &c), PL_QUIET_NONE);
    }
    ck_assert_int_gt(n_repeats, 1000);
    ck_assert_int_gt(n_shown, 1000);
}
END_TEST

/* ---- reasons, drivers ----------------------------------------------------------- */

START_TEST(reasons_that_mean_done_or_not_applicable_are_known)
{
    ck_assert_int_eq(pl_response_of(AN_STR("known")), PL_RESPONSE_DONE);
    ck_assert_int_eq(pl_response_of(AN_STR("action-completed")),
                     PL_RESPONSE_DONE);
    ck_assert_int_eq(pl_response_of(AN_STR("does-not-apply")),
                     PL_RESPONSE_NOT_APPLICABLE);
    ck_assert_int_eq(pl_response_of(AN_STR("disagree")), PL_RESPONSE_OTHER);
    ck_assert_int_eq(pl_response_of(AN_STR("")), PL_RESPONSE_OTHER);
}
END_TEST

static struct an_arena arena;

static int64_t drivers(const struct ctx_suggestion *s)
{
    int64_t name;

    ck_assert_int_eq(pl_quiet_drivers(&arena, s, &name, NULL), AN_OK);
    return name;
}

START_TEST(drivers_are_a_set_of_concepts)
{
    struct ctx_event e[3] = {
        {.concept = {AN_STR("s"), AN_STR("a"), AN_STR("A")}},
        {.concept = {AN_STR("s"), AN_STR("b"), AN_STR("B")}},
        {.concept = {AN_STR("s"), AN_STR("a"), AN_STR("as said elsewhere")},
         .value = {.kind = CTX_VALUE_TEXT, .text = AN_STR("7")}}};
    struct ctx_evidence ab[] = {{.event = &e[0]}, {.event = &e[1]}};
    struct ctx_evidence baa[] = {
        {.event = &e[1]}, {.event = &e[2]}, {.event = &e[0]}};
    struct ctx_next next = {.concept = e[0].concept};
    struct ctx_suggestion s = {.evidence = ab, .n_evidence = 2};
    int64_t of_ab, of_none;

    an_arena_init(&arena, 1 << 20);
    of_ab = drivers(&s);
    ck_assert_int_ge(of_ab, 0);
    s.evidence = baa;
    s.n_evidence = 3;
    ck_assert_int_eq(drivers(&s), of_ab);
    s.n_evidence = 1;
    ck_assert_int_ne(drivers(&s), of_ab);
    s.n_evidence = 0;
    of_none = drivers(&s);
    s.value = AN_STR("3");
    ck_assert_int_ne(drivers(&s), of_none);
    s.value = AN_STR("");
    s.next = &next;
    s.n_next = 1;
    ck_assert_int_ne(drivers(&s), of_none);
    arena.fail_after = 0;
    ck_assert_int_eq(pl_quiet_drivers(&arena, &s, &of_none, NULL), AN_NOMEM);
    an_arena_free(&arena);
}
END_TEST

Suite *trust_quiet_suite(void)
{
    Suite *suite = suite_create("trust/quiet");
    TCase *tests = tcase_create("quiet");

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests,
                   the_defaults_are_a_day_for_inpatients_and_ninety_for_others);
    tcase_add_loop_test(tests, bands_are_growing_per_cent, 0,
                        sizeof(bands) / sizeof(bands[0]));
    tcase_add_loop_test(tests, a_service_may_have_room_of_its_own, 0,
                        sizeof(rooms) / sizeof(rooms[0]));
    tcase_add_loop_test(tests, room_without_a_number_is_refused, 0,
                        sizeof(no_rooms) / sizeof(no_rooms[0]));
    tcase_add_loop_test(tests, is_quiet_for_a_window_unless_it_is_worse, 0,
                        sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(tests, a_risk_below_the_threshold_of_its_outcome_is_no_card);
    tcase_add_test(tests, what_has_no_number_is_never_worse);
    tcase_add_test(tests, never_hides_a_first_nor_shows_twice_in_a_window);
    tcase_add_test(tests, reasons_that_mean_done_or_not_applicable_are_known);
    tcase_add_test(tests, drivers_are_a_set_of_concepts);
    suite_add_tcase(suite, tests);
    return suite;
}

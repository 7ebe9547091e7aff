/* SPDX-License-Identifier: Apache-2.0 */
/* Timelines in, forecasts out, on a random model with an invented vocabulary:
 * what is said hangs together, whatever the numbers are. */
#include "runtime/product.h"
#include "tests/model_random.h"
#include "tests/predict_scene.h"
#include "tests/suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

Suite *runtime_predict_suite(void);

START_TEST(answers_what_it_knows_and_keeps_abstentions)
{
    struct scene s;
    struct ctx_forecast f;

    open_scene(&s);
    f = ask(&s, s.now_us);
    ck_assert_int_eq(f.abstention, CTX_ABSTAIN_NONE);
    /* The model has no outcome "gout": it is left out. */
    ck_assert_uint_eq(f.n_risks, 3);
    ck_assert_an_str_eq(f.risk[0].outcome, "readmission");
    ck_assert_int_eq(f.risk[1].abstention, CTX_ABSTAIN_NOT_AT_RISK);
    ck_assert_uint_eq(f.risk[1].n_influences, 0);
    for (size_t i = 0; i < 3; i += 2) {
        const struct ctx_risk *risk = &f.risk[i];

        ck_assert(risk->p >= 0 && risk->p <= 1);
        ck_assert(risk->p_low <= risk->p && risk->p <= risk->p_high);
    }
    /* Only the first has a spread. */
    ck_assert(f.risk[0].p_low < f.risk[0].p_high);
    ck_assert(f.risk[2].p_low >= f.risk[2].p_high);
    close_scene(&s);
}
END_TEST

/* Each horizon is calibrated alone: here the nearest far too high. */
START_TEST(a_nearer_horizon_never_has_the_larger_risk)
{
    const struct rt_horizon horizon[] = {
        {30,
         {.kind = RT_CALIBRATION_LOGISTIC,
          .intercept = 6,
          .slope = 1,
          .spread = 0.3}},
        {365, {.kind = RT_CALIBRATION_LOGISTIC, .intercept = 0, .slope = 1}}};
    const struct rt_question question[] = {
        {AN_STR("readmission"), 30, CTX_ABSTAIN_NONE},
        {AN_STR("readmission"), 365, CTX_ABSTAIN_NONE}};
    struct rt_outcome outcome[3];
    struct ctx_forecast f;
    struct scene s;

    open_scene(&s);
    memcpy(outcome, s.package.manifest.outcome, sizeof(outcome));
    outcome[0].horizon = horizon;
    outcome[0].n_horizons = 2;
    s.package.manifest.outcome = outcome;
    ck_assert_int_eq(rt_predict(&s.p, &s.arena, &s.timeline, s.now_us, question,
                                2, &f, NULL),
                     AN_OK);
    ck_assert(f.risk[1].p > 0 && f.risk[1].p < 1);
    ck_assert(f.risk[0].p <= f.risk[1].p);
    ck_assert(f.risk[0].p_low <= f.risk[0].p);
    ck_assert(f.risk[0].p <= f.risk[0].p_high);
    close_scene(&s);
}
END_TEST

START_TEST(names_the_events_behind_a_risk)
{
    struct scene s;
    struct ctx_forecast f;
    const struct ctx_risk *risk;

    open_scene(&s);
    f = ask(&s, s.now_us);
    risk = &f.risk[0];
    ck_assert_uint_gt(risk->n_influences, 0);
    for (size_t i = 0; i < risk->n_influences; i++) {
        const struct ctx_influence *in = &risk->influence[i];

        ck_assert_uint_gt(in->n_events, 0);
        if (i)
            ck_assert(fabs(in[-1].log_hazard) >= fabs(in->log_hazard));
        for (size_t k = 0; k < in->n_events; k++) {
            ck_assert(an_str_eq(in->event[k]->concept.code,
                                in->event[0]->concept.code));
            /* Newest first. */
            if (k)
                ck_assert(in->event[k - 1]->effective.us >
                          in->event[k]->effective.us);
        }
    }
    close_scene(&s);
}
END_TEST

START_TEST(gives_the_same_reasons_whatever_else_is_asked)
{
    struct scene s;
    struct rt_question all[6];
    struct ctx_forecast together, alone;

    open_scene(&s);
    make_events(&s, N_EVENTS);
    for (size_t i = 0; i < 6; i++)
        all[i] = (struct rt_question){
            i % 2 ? AN_STR("death") : AN_STR("readmission"),
            (uint32_t)(30 * (i + 1)), CTX_ABSTAIN_NONE};
    ck_assert_int_eq(rt_predict(&s.p, &s.arena, &s.timeline, s.now_us, all, 6,
                                &together, NULL),
                     AN_OK);
    for (size_t i = 0; i < 6; i++) {
        const struct ctx_risk *a = &together.risk[i], *b;

        ck_assert_int_eq(rt_predict(&s.p, &s.arena, &s.timeline, s.now_us,
                                    &all[i], 1, &alone, NULL),
                         AN_OK);
        b = &alone.risk[0];
        ck_assert_mem_eq(&a->p, &b->p, sizeof(a->p));
        ck_assert_uint_eq(a->n_influences, b->n_influences);
        ck_assert_uint_le(a->n_influences, RT_MAX_REASONS);
        for (size_t k = 0; k < a->n_influences; k++) {
            ck_assert_ptr_eq(a->influence[k].event[0],
                             b->influence[k].event[0]);
            ck_assert_mem_eq(&a->influence[k].log_hazard,
                             &b->influence[k].log_hazard, sizeof(double));
        }
    }
    close_scene(&s);
}
END_TEST

START_TEST(ranks_conditions_only_and_sums_to_at_most_one)
{
    struct scene s;
    struct ctx_forecast f;
    double sum = 0;

    open_scene(&s);
    f = ask(&s, s.now_us);
    ck_assert_uint_gt(f.n_next, 0);
    ck_assert_uint_eq(f.next_horizon_days, 90);
    for (size_t i = 0; i < f.n_next; i++) {
        ck_assert_an_str_eq(f.next[i].concept.system, "t");
        /* Odd rows are conditions. */
        ck_assert_int_eq(
            f.next[i].concept.code.p[f.next[i].concept.code.n - 1] % 2, 1);
        sum += f.next[i].p;
    }
    ck_assert(sum <= 1 + 1e-9);
    close_scene(&s);
}
END_TEST

/* The chance of a row in a forecast: -1 when it is not listed. */
static double listed(const struct ctx_forecast *f, int row)
{
    char code[8];

    (void)snprintf(code, sizeof(code), "c%03d", row);
    for (size_t i = 0; i < f->n_next; i++)
        if (an_str_eq(f->next[i].concept.code, an_str_c(code)))
            return f->next[i].p;
    return -1;
}

static double sum_of(const struct ctx_forecast *f)
{
    double sum = 0;

    for (size_t i = 0; i < f->n_next; i++)
        sum += f->next[i].p;
    return sum;
}

/* The second event says the sex, which this vocabulary has no row for: the
 * model's rates are the same whatever it is. */
static struct ctx_forecast ask_of(struct scene *s, struct an_str sex,
                                  int64_t age_years)
{
    s->event[0].effective = an_time_us(s->now_us - age_years * 365 * DAY);
    s->event[1] = (struct ctx_event){
        .kind = CTX_SEX,
        .status = CTX_STATUS_FINAL,
        .value = {.kind = CTX_VALUE_CODE,
                  .code = {.system = AN_STR(""), .code = sex}}};
    return ask(s, s->now_us);
}

START_TEST(names_nothing_implausible_for_age_and_sex)
{
    struct scene s;
    struct ctx_forecast f;

    open_scene(&s);
    f = ask_of(&s, AN_STR("female"), 40);
    ck_assert_double_gt(listed(&f, WOMANS), 0);
    ck_assert_double_lt(listed(&f, OF_TOO_FEW), 0);
    ck_assert_double_gt(listed(&f, OFTEN), 0);
    f = ask_of(&s, AN_STR("male"), 40);
    ck_assert_double_lt(listed(&f, WOMANS), 0);
    ck_assert_double_gt(listed(&f, OFTEN), 0);
    f = ask_of(&s, AN_STR("female"), 72);
    ck_assert_double_lt(listed(&f, WOMANS), 0);
    ck_assert_double_gt(listed(&f, OFTEN), 0);
    /* What is not known rules nothing out. */
    f = ask_of(&s, AN_STR("unknown"), 40);
    ck_assert_double_gt(listed(&f, WOMANS), 0);
    close_scene(&s);
}
END_TEST

/* The events of the scene are of c000 to c007. */
START_TEST(names_nothing_that_the_patient_has_for_good)
{
    struct scene s;
    struct ctx_forecast f;

    open_scene(&s);
    f = ask(&s, s.now_us);
    ck_assert_double_lt(listed(&f, ONCE_ON_RECORD), 0);
    ck_assert_double_gt(listed(&f, ONCE), 0);
    ck_assert_double_gt(listed(&f, 1), 0); /* on record, but comes again */
    for (int i = 2; i < N_EVENTS; i++)
        if (an_str_eq(s.event[i].concept.code, AN_STR("c007")))
    s.event[i].concept.code = AN_STR("c001");
    f = ask(&s, s.now_us);
    ck_assert_double_gt(listed(&f, ONCE_ON_RECORD), 0);
    close_scene(&s);
}
END_TEST

/* All candidates fit the list, so its sum is 1 - exp(-R h): without one of
 * them it is what their other rates make, and theirs alone. */
START_TEST(a_candidate_left_out_competes_no_more)
{
    struct scene s;
    struct ctx_forecast woman, man;
    double all, rest, share;

    open_scene(&s);
    s.p.next_horizon_days = 1; /* this model's rates are high */
    woman = ask_of(&s, AN_STR("female"), 40);
    man = ask_of(&s, AN_STR("male"), 40);
    ck_assert_uint_lt(woman.n_next, RT_MAX_NEXT);
    ck_assert_uint_eq(man.n_next, woman.n_next - 1);
    all = -log1p(-sum_of(&woman));
    share = listed(&woman, WOMANS) / sum_of(&woman);
    rest = -log1p(-sum_of(&man));
    ck_assert_double_gt(share, 1e-6);
    ck_assert_double_eq_tol(rest, all * (1 - share), 1e-6 * all);
    ck_assert_double_gt(listed(&man, OFTEN), listed(&woman, OFTEN));
    close_scene(&s);
}
END_TEST

START_TEST(sees_nothing_after_now)
{
    struct scene s;
    struct ctx_forecast before, after;

    open_scene(&s);
    before = ask(&s, 12 * 30 * DAY);
    for (int i = 13; i < N_EVENTS; i++)
    s.event[i].concept.code = AN_STR("c001");
    after = ask(&s, 12 * 30 * DAY);
    ck_assert(before.risk[0].p > 0);
    ck_assert(memcmp(&before.risk[0].p, &after.risk[0].p, sizeof(double)) == 0);
    close_scene(&s);
}
END_TEST

START_TEST(abstains_for_reasons_of_its_own)
{
    struct scene s;

    open_scene(&s);
    ck_assert_int_eq(ask(&s, 1 * 30 * DAY).abstention,
                     CTX_ABSTAIN_SHORT_HISTORY);
    for (int i = 1; i < N_EVENTS; i++)
    s.event[i].concept.system = AN_STR("elsewhere");
    ck_assert_int_eq(ask(&s, s.now_us).abstention, CTX_ABSTAIN_UNKNOWN_CODES);
    close_scene(&s);

    open_scene(&s);
    s.event[0].effective = an_time_us(0);
    ck_assert_int_eq(ask(&s, s.now_us).abstention,
                     CTX_ABSTAIN_OUT_OF_POPULATION);
    ck_assert_int_eq(ask(&s, s.now_us).risk[0].abstention,
                     CTX_ABSTAIN_OUT_OF_POPULATION);
    close_scene(&s);
}
END_TEST

START_TEST(reads_the_first_and_the_newest_of_a_long_history)
{
    struct scene s;
    struct ctx_forecast f;

    open_scene(&s);
    s.package.manifest.shape.positions = 8;
    s.package.model.shape.positions = 8;
    f = ask(&s, s.now_us);
    ck_assert_uint_eq(f.n_positions, N_EVENTS);
    ck_assert_uint_gt(f.risk[0].n_influences, 0);
    for (size_t i = 0; i < f.risk[0].n_influences; i++)
        for (size_t k = 0; k < f.risk[0].influence[i].n_events; k++)
            ck_assert(f.risk[0].influence[i].event[k] == &s.event[1] ||
                      f.risk[0].influence[i].event[k] >=
                          &s.event[N_EVENTS - 7]);
    close_scene(&s);
}
END_TEST

/* To the last bit: risks, their intervals, reasons and weights. */
static void check_same_risks(const struct ctx_forecast *f,
                             const struct ctx_forecast *g)
{
    ck_assert_uint_eq(f->n_risks, g->n_risks);
    for (size_t i = 0; i < f->n_risks; i++) {
        const struct ctx_risk *a = &f->risk[i], *b = &g->risk[i];

        ck_assert_mem_eq(&a->p, &b->p, sizeof(a->p));
        ck_assert_mem_eq(&a->p_low, &b->p_low, sizeof(a->p_low));
        ck_assert_uint_eq(a->n_influences, b->n_influences);
        for (size_t k = 0; k < a->n_influences; k++) {
            ck_assert_mem_eq(&a->influence[k].log_hazard,
                             &b->influence[k].log_hazard, sizeof(double));
            ck_assert_ptr_eq(a->influence[k].event[0],
                             b->influence[k].event[0]);
        }
    }
}

START_TEST(a_cache_changes_no_bit_of_a_risk)
{
    struct rt_cache_counts n;
    struct ctx_forecast f, g;
    struct rt_cache *cache;
    struct scene s;

    open_scene(&s);
    ck_assert_int_eq(rt_model_pack(&s.package.model, &s.arena, NULL), AN_OK);
    ck_assert_int_eq(
        rt_cache_open(&s.arena, &s.package.model.shape, 64 << 20, &cache, NULL),
        AN_OK);
    for (int i = 10; i < 2 * N_EVENTS; i += 5) {
        s.p.cache = NULL;
        f = ask(&s, i * 30 * DAY);
        s.p.cache = cache;
        g = ask(&s, i * 30 * DAY);
        check_same_risks(&f, &g);
    }
    rt_cache_counts(cache, &n);
    ck_assert_uint_gt(n.n_kept, n.n_positions / 2);
    rt_cache_close(cache);
    close_scene(&s);
}
END_TEST

/* The differential, too, when the same pass said both. */
static void check_same(const struct ctx_forecast *f,
                       const struct ctx_forecast *g)
{
    check_same_risks(f, g);
    ck_assert_uint_eq(f->n_next, g->n_next);
    for (size_t i = 0; i < f->n_next; i++) {
        ck_assert_mem_eq(&f->next[i].p, &g->next[i].p, sizeof(double));
        ck_assert_ptr_eq(f->next[i].concept.code.p, g->next[i].concept.code.p);
    }
}

START_TEST(what_is_asked_again_within_the_hour_is_not_computed)
{
    struct rt_cache_counts before, after;
    struct ctx_forecast f, g;
    struct rt_cache *cache;
    struct scene s;
    const int64_t hour_us = DAY / 24;

    open_scene(&s);
    ck_assert_int_eq(rt_model_pack(&s.package.model, &s.arena, NULL), AN_OK);
    ck_assert_int_eq(
        rt_cache_open(&s.arena, &s.package.model.shape, 64 << 20, &cache, NULL),
        AN_OK);
    s.p.cache = cache;
    f = ask(&s, s.now_us);
    ck_assert_uint_gt(f.risk[0].n_influences, 0);
    rt_cache_counts(cache, &before);
    for (int i = 1; i <= 3; i++) {
        g = ask(&s, s.now_us + i * hour_us / 4);
        check_same(&f, &g);
        ck_assert_int_eq(g.now.us, s.now_us + i * hour_us / 4);
    }
    rt_cache_counts(cache, &after);
    ck_assert_uint_eq(after.n_kept - before.n_kept,
                      after.n_positions - before.n_positions);
    g = ask(&s, s.now_us + hour_us);
    s.p.cache = NULL;
    f = ask(&s, s.now_us + hour_us);
    check_same_risks(&f, &g);
    rt_cache_counts(cache, &before);
    ck_assert_uint_eq(before.n_kept - after.n_kept,
                      before.n_positions - after.n_positions - 1);
    rt_cache_close(cache);
    close_scene(&s);
}
END_TEST

/* Who wants no reasons leaves none to the next, who does. */
START_TEST(reasons_are_found_when_they_are_first_wanted)
{
    struct ctx_forecast none, f, g;
    struct rt_cache *cache;
    struct scene s;

    open_scene(&s);
    ck_assert_int_eq(rt_model_pack(&s.package.model, &s.arena, NULL), AN_OK);
    ck_assert_int_eq(
        rt_cache_open(&s.arena, &s.package.model.shape, 64 << 20, &cache, NULL),
        AN_OK);
    f = ask(&s, s.now_us);
    s.p.cache = cache;
    ck_assert_int_eq(
        rt_predict(&s.p, &s.arena, &s.timeline, s.now_us, NULL, 0, &none, NULL),
        AN_OK);
    for (int i = 0; i < 2; i++) {
        g = ask(&s, s.now_us);
        check_same_risks(&f, &g);
    }
    rt_cache_close(cache);
    close_scene(&s);
}
END_TEST

START_TEST(refuses_a_vocabulary_of_another_model)
{
    struct scene s;
    struct rt_predictor p;
    struct an_err err;

    open_scene(&s);
    s.package.manifest.shape.wide++;
    ck_assert_int_eq(rt_predictor_init(&p, &s.arena, &s.package, &err),
                     AN_CONFIG);
    close_scene(&s);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct scene s;
    enum an_code got = AN_NOMEM;
    long n = 0;

    open_scene(&s);
    for (; got == AN_NOMEM && n < 2000; n++) {
        struct ctx_forecast f;
        struct an_mark mark = an_arena_mark(&s.arena);

        s.arena.fail_after = n;
        got = rt_predict(&s.p, &s.arena, &s.timeline, s.now_us, scene_question,
                         2, &f, NULL);
        s.arena.fail_after = -1;
        an_arena_rewind(&s.arena, mark);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 10);
    close_scene(&s);
}
END_TEST

Suite *runtime_predict_suite(void)
{
    const TTest *const test[] = {
        answers_what_it_knows_and_keeps_abstentions,
        a_nearer_horizon_never_has_the_larger_risk,
        names_the_events_behind_a_risk,
        gives_the_same_reasons_whatever_else_is_asked,
        ranks_conditions_only_and_sums_to_at_most_one,
        names_nothing_implausible_for_age_and_sex,
        names_nothing_that_the_patient_has_for_good,
        a_candidate_left_out_competes_no_more,
        sees_nothing_after_now,
        abstains_for_reasons_of_its_own,
        reads_the_first_and_the_newest_of_a_long_history,
        a_cache_changes_no_bit_of_a_risk,
        what_is_asked_again_within_the_hour_is_not_computed,
        reasons_are_found_when_they_are_first_wanted,
        refuses_a_vocabulary_of_another_model,
        survives_each_failed_allocation};

    return TEST_SUITE("runtime/predict", test);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Sampled futures against what can be worked out by hand, and what must hold of
 * each of them. */
#include "runtime/rank.h"
#include "runtime/rollout.h"
#include "tests/model_random.h"
#include "tests/suite.h"

#include <math.h>
#include <stdlib.h>

Suite *runtime_rollout_suite(void);

enum { MANY = 20000, EVENTS = 48, DEATH = 3, RATES = 4 };

/* Per day; their sum is 0.02. */
static const double rate[RATES] = {0.01, 0.006, 0.003, 0.001};
static const double total = 0.02;

static struct an_arena arena;
static struct rt_model model;
static struct rt_history history;
static struct rt_rollout rollout;
static struct rt_future *future;
static struct rt_future_event *event;

/* Rates that are the biases, whatever the history: nothing else is there. */
static void constant_model(void)
{
    const struct rt_shape s = {.vocab = RATES,
                               .targets = RATES,
                               .channels = 4,
                               .heads = 1,
                               .positions = 128,
                               .rate_bias = 1,
                               .death = -1};
    struct rt_tensor tensor[RT_N_WEIGHTS];
    const uint64_t n = rt_tensors(&s, tensor);
    float *block = an_arena_get(&arena, n, sizeof(*block));

    ck_assert_ptr_nonnull(block);
    for (int v = 0; v < RATES; v++)
        block[tensor[RT_W_rate_bias].first + (uint64_t)v] = (float)log(rate[v]);
    model.shape = s;
    rt_weights_at(&s, block, &model.w);
}

static void set_up(void)
{
    static const struct rt_position position = {
        .time_days = 40, .age_days = 20000, .since_admission_days = -1};

    an_arena_init(&arena, 256 << 20);
    constant_model();
    history = (struct rt_history){&position, 1, NULL, 0};
    future = an_arena_get(&arena, MANY, sizeof(*future));
    event = an_arena_get(&arena, (size_t)MANY * EVENTS, sizeof(*event));
    ck_assert(future && event);
    ck_assert_int_eq(
        rt_rollout_init(&rollout, &arena, &model.shape, 8, EVENTS, 100, NULL),
        AN_OK);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static struct rt_rollout_how until(double days)
{
    return (struct rt_rollout_how){.seed = 11,
                                   .horizon_days = days,
                                   .max_events = EVENTS,
                                   .stop = RT_NO_ROW};
}

static void sample(const struct rt_rollout_how *how, size_t n)
{
    struct an_err err = {0};

    ck_assert_msg(rt_rollout(&rollout, &model, &history, how, n, future, event,
                             &err) == AN_OK,
                  "%s", err.what);
}

/* Within four standard errors of a share that is known. */
static void is_share(size_t with, size_t n, double p)
{
    const double got = (double)with / (double)n;

    ck_assert_msg(fabs(got - p) <= 4 * sqrt(p * (1 - p) / (double)n),
                  "%g is not %g", got, p);
}

/* Concepts of which the vocabulary says nothing. */
static void no_parents(struct rt_concept known[RATES])
{
    for (int v = 0; v < RATES; v++)
        for (int i = 0; i < RT_MAX_PARENTS; i++)
            known[v].parent[i] = RT_NO_ROW;
}

static const struct rt_future_event *events_of(const struct rt_rollout_how *how,
                                               size_t i)
{
    return event + i * how->max_events;
}

/* ---- the closed forms ------------------------------------------------------ */

START_TEST(what_comes_first_has_its_share_of_the_rates)
{
    struct rt_rollout_how how = until(60);
    size_t first[RATES] = {0};

    how.max_events = 1;
    sample(&how, MANY);
    for (size_t i = 0; i < MANY; i++)
        if (future[i].n_events)
            first[events_of(&how, i)->concept]++;
    for (int v = 0; v < RATES; v++)
        is_share(first[v], MANY, rate[v] / total * -expm1(-total * 60));
}
END_TEST

START_TEST(counts_are_those_of_poisson)
{
    const struct rt_rollout_how how = until(300);
    const double mean = rate[0] * 300;
    size_t n_with[12] = {0};
    double p = exp(-mean);

    sample(&how, MANY);
    for (size_t i = 0; i < MANY; i++) {
        size_t n = 0;

        ck_assert_uint_eq(future[i].end, RT_FUTURE_HORIZON);
        for (uint32_t k = 0; k < future[i].n_events; k++)
        n += events_of(&how, i)[k].concept == 0;
        n_with[n < 12 ? n : 11]++;
    }
    for (int n = 0; n < 8; n++) {
        is_share(n_with[n], MANY, p);
        p *= mean / (n + 1);
    }
}
END_TEST

START_TEST(death_competes)
{
    struct rt_rollout_how how = until(365);
    const uint8_t set_v[RATES] = {0, 0, 1, 0}, dead_v[RATES] = {0, 0, 0, 1};
    const double both = rate[2] + rate[DEATH];
    struct rt_share share;

    how.stop = DEATH;
    sample(&how, MANY);
    rt_futures_share(future, event, MANY, EVENTS, set_v, 365, &share);
    is_share(share.n_with, MANY, rate[2] / both * -expm1(-both * 365));
    ck_assert_uint_eq(share.n_unknown, 0);
    ck_assert(share.low < share.p && share.p < share.high);
    rt_futures_share(future, event, MANY, EVENTS, set_v, 100, &share);
    is_share(share.n_with, MANY, rate[2] / both * -expm1(-both * 100));
    rt_futures_share(future, event, MANY, EVENTS, dead_v, 365, &share);
    is_share(share.n_with, MANY, -expm1(-rate[DEATH] * 365));
    for (size_t i = 0; i < MANY; i++)
        for (uint32_t k = 0; k < future[i].n_events; k++)
            if (events_of(&how, i)[k].concept == DEATH) {
                ck_assert_uint_eq(k + 1, future[i].n_events);
                ck_assert_uint_eq(future[i].end, RT_FUTURE_STOPPED);
            }
}
END_TEST

/* What is left out takes its rate along: the rest comes as if it were not. */
START_TEST(what_is_ignored_does_not_compete)
{
    struct rt_rollout_how how = until(60);
    const uint8_t ignore_v[RATES] = {1, 0, 0, 0};
    size_t first = 0;

    how.max_events = 1;
    how.ignore_v = ignore_v;
    sample(&how, MANY);
    for (size_t i = 0; i < MANY; i++) {
        ck_assert(future[i].n_events == 0 || events_of(&how, i)->concept != 0);
        first += future[i].n_events && events_of(&how, i)->concept == 1;
    }
    is_share(first, MANY, rate[1] / 0.01 * -expm1(-0.01 * 60));
}
END_TEST

static int rising(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The statistic of Kolmogorov and Smirnov is below its bound at 1 in 1000. */
static void is_exponential(double *wait, size_t n, double per_day)
{
    double most = 0;

    qsort(wait, n, sizeof(*wait), rising);
    for (size_t i = 0; i < n; i++) {
        const double p = -expm1(-per_day * wait[i]);

        most = fmax(most, fmax(p - (double)i / (double)n,
                               (double)(i + 1) / (double)n - p));
    }
    ck_assert_double_lt(most, 1.95 / sqrt((double)n));
}

/* The likelihood of a wait is R' e^(-R' (wait + t_min)), R' = 1 / (1/R +
 * t_min): given that it is not below 0, it is exponential with rate R'. */
START_TEST(waits_are_exponential)
{
    static const double t_min[] = {0, 1, 30};
    struct rt_rollout_how how = until(1e6);
    double *wait = an_arena_get(&arena, MANY, sizeof(*wait));

    how.max_events = 3;
    how.t_min_days = t_min[_i];
    sample(&how, MANY);
    for (uint32_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < MANY; i++) {
            const struct rt_future_event *e = events_of(&how, i);

            wait[i] = e[k].after_days - (k ? e[k - 1].after_days : 0);
        }
        is_exponential(wait, MANY, 1 / (1 / total + t_min[_i]));
    }
}
END_TEST

/* ---- a model with layers ---------------------------------------------------- */

static struct rt_concept *parents(const struct rt_shape *s,
                                  struct test_random *r)
{
    struct rt_concept *c = an_arena_get(&arena, (size_t)s->vocab, sizeof(*c));

    for (int v = 0; v < s->vocab; v++)
        for (int i = 0; i < RT_MAX_PARENTS; i++)
            c[v].parent[i] = i < v % 3 ? test_below(r, s->vocab) : RT_NO_ROW;
    return c;
}

static const struct rt_concept *layered(size_t positions, size_t batch)
{
    const struct rt_shape s = test_shape();
    struct test_random r = {21};

    test_model(&model, &arena, &s, &r);
    history = test_history(&arena, &s, positions, &r);
    ck_assert_int_eq(
        rt_rollout_init(&rollout, &arena, &s, positions, EVENTS, batch, NULL),
        AN_OK);
    return parents(&s, &r);
}

START_TEST(the_first_event_agrees_with_the_ranking)
{
    struct rt_rollout_how how = until(0.05);
    const struct rt_query query = {19, NULL};
    const struct rt_ask ask = {&history, &query, 1};
    int32_t among[64];
    struct rt_next next[64];
    struct rt_workspace ws;
    size_t first[64] = {0}, n;

    how.concept = layered(20, 100);
    how.max_events = 1;
    ck_assert_int_le(model.shape.targets, 64);
    for (int v = 0; v < model.shape.targets; v++)
        among[v] = v;
    ck_assert_int_eq(rt_workspace_init(&ws, &arena, &model.shape, 20, 1, NULL),
                     AN_OK);
    ck_assert_int_eq(rt_forward(&model, &ws, &ask, 1, RT_WANT_RATES, NULL),
                     AN_OK);
    n = rt_rank(ws.log_rate_qv, among, (size_t)model.shape.targets,
                how.horizon_days, next, 64);
    sample(&how, MANY);
    for (size_t i = 0; i < MANY; i++)
        if (future[i].n_events)
            first[events_of(&how, i)->concept]++;
    for (size_t i = 0; i < n; i++)
        is_share(first[next[i].concept], MANY, next[i].p);
}
END_TEST

/* The history with what was sampled behind it. */
static struct rt_history lengthened(const struct rt_rollout_how *how, size_t i,
                                    uint32_t n_events)
{
    const size_t n = history.n_positions;
    struct rt_position *p = an_arena_get(&arena, n + n_events, sizeof(*p));
    struct rt_item *item =
        an_arena_get(&arena, history.n_items + n_events, sizeof(*item));

    memcpy(p, history.position, n * sizeof(*p));
    memcpy(item, history.item, history.n_items * sizeof(*item));
    for (uint32_t k = 0; k < n_events; k++) {
        const struct rt_future_event *e = &events_of(how, i)[k];
        const double before = k ? e[-1].after_days : 0;

        p[n + k] = p[n - 1];
        p[n + k].time_days += e->after_days;
        p[n + k].age_days += (float)e->after_days;
        p[n + k].since_previous_days = (float)(e->after_days - before);
        if (p[n - 1].since_admission_days >= 0)
            p[n + k].since_admission_days += (float)e->after_days;
        p[n + k].first_item = (uint32_t)(history.n_items + k);
        p[n + k].n_items = 1;
        item[history.n_items + k] =
            (struct rt_item){.concept = e->concept, .value_row = RT_NO_ROW};
        for (int j = 0; j < RT_MAX_PARENTS; j++)
        item[history.n_items + k].parent[j] =
            how->no_parents ? RT_NO_ROW : how->concept[e->concept].parent[j];
    }
    return (struct rt_history){p, n + n_events, item,
                               history.n_items + n_events};
}

/* What goes on from kept keys and values is the model's answer to the history
 * as it has become. */
START_TEST(each_step_is_the_whole_pass)
{
    struct rt_rollout_how how = until(1e9);
    struct rt_workspace ws;

    how.concept = layered(20, 7);
    for (uint32_t n = 1; n < 40; n += 6) {
        struct rt_history h;
        struct rt_query query = {19 + n, NULL};
        const struct rt_ask ask = {&h, &query, 1};

        how.max_events = n + 1;
        how.no_parents = n % 12 == 7;
        sample(&how, 5);
        for (size_t i = 0; i < 5; i++) {
            h = lengthened(&how, i, n);
            ck_assert_int_eq(rt_history_check(&h, &model.shape, NULL), AN_OK);
            ck_assert_int_eq(
                rt_workspace_init(&ws, &arena, &model.shape, 64, 1, NULL),
                AN_OK);
            ck_assert_int_eq(
                rt_forward(&model, &ws, &ask, 1, RT_WANT_RATES, NULL), AN_OK);
            ck_assert_double_lt(
                test_max_diff(ws.log_rate_qv,
                              rollout.ws.log_rate_qv +
                                  i * (size_t)model.shape.targets,
                              (size_t)model.shape.targets),
                1e-4);
        }
    }
}
END_TEST

START_TEST(a_future_is_the_same_alone_and_among_others)
{
    enum { SOME = 61 };
    struct rt_rollout_how how = until(2);
    struct rt_future *all;
    struct rt_future_event *said;
    size_t n_events = 0;

    how.concept = layered(20, 32);
    how.stop = 2;
    sample(&how, SOME);
    all = an_arena_get(&arena, SOME, sizeof(*all));
    said = an_arena_get(&arena, SOME * EVENTS, sizeof(*said));
    memcpy(all, future, SOME * sizeof(*all));
    memcpy(said, event, SOME * EVENTS * sizeof(*said));
    memset(event, 0, SOME * EVENTS * sizeof(*said));
    sample(&how, SOME);
    ck_assert_mem_eq(all, future, SOME * sizeof(*all));
    ck_assert_mem_eq(said, event, SOME * EVENTS * sizeof(*said));
    for (size_t i = 0; i < SOME; i++) {
        how.first = i;
        sample(&how, 1);
        ck_assert_mem_eq(&all[i], future, sizeof(*all));
        for (uint32_t k = 0; k < all[i].n_events; k++) {
            const struct rt_future_event *e = &said[i * EVENTS + k];

            ck_assert_int_eq(e->concept, event[k].concept);
            ck_assert(memcmp(&e->after_days, &event[k].after_days,
                             sizeof(double)) == 0);
            ck_assert_double_gt(e->after_days, k ? e[-1].after_days : 0);
            ck_assert(e->concept != 2 || k + 1 == all[i].n_events);
        }
        n_events += all[i].n_events;
    }
    ck_assert_uint_gt(n_events, SOME);
    how.first = 0;
    how.seed++;
    sample(&how, SOME);
    ck_assert_mem_ne(said, event, SOME * EVENTS * sizeof(*said));
}
END_TEST

/* ---- what can come, and where it ends --------------------------------------- */

static void count(const struct rt_rollout_how *how, size_t i, size_t n[RATES])
{
    for (uint32_t k = 0; k < future[i].n_events; k++)
        n[events_of(how, i)[k].concept]++;
}

START_TEST(what_people_have_once_does_not_come_again)
{
    struct rt_concept known[RATES] = {{.whom = {.once = true}}};
    const struct rt_item had = {.concept = 1, .value_row = RT_NO_ROW};
    const struct rt_position position = {
        .age_days = 1, .since_admission_days = -1, .n_items = 1};
    struct rt_rollout_how how = until(1e6);

    no_parents(known);
    history = (struct rt_history){&position, 1, &had, 1};
    how.concept = known;
    sample(&how, 200);
    for (size_t i = 0; i < 200; i++) {
        size_t n[RATES] = {0};

        count(&how, i, n);
        ck_assert_uint_eq(future[i].end, RT_FUTURE_CUT_EVENTS);
        ck_assert_uint_eq(n[0], 1);
        ck_assert_uint_gt(n[1], 1);
    }
    how.no_repeat = true;
    sample(&how, 200);
    for (size_t i = 0; i < 200; i++) {
        size_t n[RATES] = {0};

        count(&how, i, n);
        ck_assert_uint_eq(future[i].end, RT_FUTURE_HORIZON);
        ck_assert_double_eq(future[i].end_days, 1e6);
        ck_assert(n[0] == 1 && n[1] == 0 && n[2] == 1 && n[3] == 1);
    }
}
END_TEST

START_TEST(nothing_comes_after_a_history_with_death)
{
    const struct rt_item had = {.concept = DEATH, .value_row = RT_NO_ROW};
    const struct rt_position position = {
        .age_days = 1, .since_admission_days = -1, .n_items = 1};
    struct rt_rollout_how how = until(1e6);

    history = (struct rt_history){&position, 1, &had, 1};
    how.stop = DEATH;
    sample(&how, 10);
    for (size_t i = 0; i < 10; i++) {
        ck_assert_uint_eq(future[i].n_events, 0);
        ck_assert_uint_eq(future[i].end, RT_FUTURE_STOPPED);
    }
}
END_TEST

START_TEST(cut_futures_are_not_known_to_be_without)
{
    const uint8_t none_v[RATES] = {0};
    struct rt_rollout_how how = until(1e6);
    struct rt_share share;

    model.shape.positions = 10;
    sample(&how, 50);
    for (size_t i = 0; i < 50; i++) {
        ck_assert_uint_eq(future[i].end, RT_FUTURE_CUT_POSITIONS);
        ck_assert_uint_eq(future[i].n_events, 10); /* 9 of them were read */
        ck_assert_double_eq(future[i].end_days,
                            events_of(&how, i)[9].after_days);
    }
    rt_futures_share(future, event, 50, EVENTS, none_v, 1e6, &share);
    ck_assert_uint_eq(share.n_unknown, 50);
    ck_assert_uint_eq(share.n_with, 0);
    rt_futures_share(future, event, 50, EVENTS, none_v, 1, &share);
    ck_assert_uint_eq(share.n_unknown, 0);
}
END_TEST

/* As runtime/encode.c counts: from the admission, until a discharge. */
START_TEST(a_sampled_admission_begins_a_stay)
{
    struct rt_concept known[RATES] = {
        {.key = AN_STR("encounter|admission-IMP")},
        {.key = AN_STR("encounter|discharge-IMP")}};
    struct rt_rollout_how how = until(1e9);
    bool admitted = false;
    double since = 0;

    no_parents(known);
    how.concept = known;
    for (uint32_t n = 1; n < 30; n++) {
        const struct rt_future_event *e = &event[n - 1];

        how.max_events = n + 1;
        sample(&how, 1);
        ck_assert_double_eq(
            (double)rollout.position[0].since_admission_days,
            (double)(admitted ? (float)(e->after_days - since) : -1));
        if (e->concept == 0)
            since = e->after_days;
        admitted = e->concept == 0 || (admitted && e->concept != 1);
    }
}
END_TEST

START_TEST(refuses_what_there_is_no_room_for)
{
    static const struct rt_position many[9];
    const struct rt_history none = {NULL, 0, NULL, 0},
                            longer = {many, 9, NULL, 0};
    static const struct {
        double days, t_min;
        uint32_t events;
        int32_t stop;
        enum an_code code;
    } wrong[] = {{0, 0, 1, -1, AN_CONFIG},           {-1, 0, 1, -1, AN_CONFIG},
                 {(double)NAN, 0, 1, -1, AN_CONFIG}, {1, -1, 1, -1, AN_CONFIG},
                 {1, (double)NAN, 1, -1, AN_CONFIG}, {1, 0, 0, -1, AN_LIMIT},
                 {1, 0, EVENTS + 1, -1, AN_LIMIT},   {1, 0, 1, 4, AN_CONFIG},
                 {1, 0, 1, -2, AN_CONFIG},           {1, 0, 1, -1, AN_OK}};
    const struct rt_rollout_how good = until(1);

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const struct rt_rollout_how how = {.horizon_days = wrong[i].days,
                                           .t_min_days = wrong[i].t_min,
                                           .max_events = wrong[i].events,
                                           .stop = wrong[i].stop};

        ck_assert_int_eq(rt_rollout(&rollout, &model, &history, &how, 1, future,
                                    event, NULL),
                         wrong[i].code);
    }
    ck_assert_int_eq(
        rt_rollout(&rollout, &model, &none, &good, 1, future, event, NULL),
        AN_MISSING);
    ck_assert_int_eq(
        rt_rollout(&rollout, &model, &longer, &good, 1, future, event, NULL),
        AN_LIMIT);
    ((float *)(uintptr_t)model.w.rate_bias)[0] = NAN;
    ck_assert_int_eq(
        rt_rollout(&rollout, &model, &history, &good, 1, future, event, NULL),
        AN_TYPE);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    const struct rt_shape s = test_shape();
    enum an_code got = AN_NOMEM;
    long n = 0;

    for (; got == AN_NOMEM && n < 100; n++) {
        an_arena_reset(&arena);
        arena.fail_after = n;
        got = rt_rollout_init(&rollout, &arena, &s, 20, 10, 5, NULL);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 20);
    arena.fail_after = -1;
    ck_assert_int_eq(rt_rollout_init(&rollout, &arena, &s, 0, 10, 5, NULL),
                     AN_LIMIT);
    ck_assert_int_eq(rt_rollout_init(&rollout, &arena, &s, 20,
                                     RT_MAX_FUTURE_EVENTS + 1, 5, NULL),
                     AN_LIMIT);
}
END_TEST

Suite *runtime_rollout_suite(void)
{
    const TTest *const test[] = {
        what_comes_first_has_its_share_of_the_rates,
        counts_are_those_of_poisson,
        death_competes,
        what_is_ignored_does_not_compete,
        the_first_event_agrees_with_the_ranking,
        each_step_is_the_whole_pass,
        a_future_is_the_same_alone_and_among_others,
        what_people_have_once_does_not_come_again,
        nothing_comes_after_a_history_with_death,
        cut_futures_are_not_known_to_be_without,
        a_sampled_admission_begins_a_stay,
        refuses_what_there_is_no_room_for,
        survives_each_failed_allocation,
    };
    Suite *s =
        test_suite_around("runtime/rollout", test,
                          sizeof(test) / sizeof(test[0]), set_up, tear_down);
    TCase *tc = tcase_create("waits");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, waits_are_exponential, 0, 3);
    suite_add_tcase(s, tc);
    return s;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates beside each other, on a random model: what is said of each is what
 * would be said if it were on record, and each reason to refuse is found. */
#include "runtime/compare.h"
#include "tests/predict_scene.h"
#include "tests/suite.h"

#include <math.h>
#include <string.h>

Suite *runtime_compare_suite(void);

enum { N = 3 };

static const struct ctx_code code[N] = {
    {AN_STR_INIT("t"), AN_STR_INIT("c001"), AN_STR_INIT("")},
    {AN_STR_INIT("t"), AN_STR_INIT("c011"), AN_STR_INIT("")},
    {AN_STR_INIT("t"), AN_STR_INIT("c013"), AN_STR_INIT("")}};
static const struct rt_question question[] = {
    {AN_STR_INIT("readmission"), 30, CTX_ABSTAIN_NONE},
    {AN_STR_INIT("gout"), 30, CTX_ABSTAIN_NONE}};

static struct rt_supported risk[N];
static struct rt_procedure procedure[N];

/* A scene whose package has counted them. */
static void open_counted(struct scene *s)
{
    static const char *const key[N] = {"t|c001", "t|c011", "t|c013"};

    open_scene(s);
    for (int i = 0; i < N; i++) {
        risk[i] = (struct rt_supported){.outcome = AN_STR("readmission"),
                                        .horizon_days = 30,
                                        .n_people = 400,
                                        .n_events = 60,
                                        .shift = 0.3 * i - 0.2,
                                        .error = 0.1 + 0.05 * i};
        procedure[i] = (struct rt_procedure){.key = an_str_c(key[i]),
                                             .n_people = 410,
                                             .risk = &risk[i],
                                             .n_risks = 1};
    }
    s->p.support = (struct rt_support){.min_people = 200,
                                       .min_events = 20,
                                       .min_share = 1e-6,
                                       .procedure = procedure,
                                       .n = N};
}

static struct ctx_comparison compare(struct scene *s, const struct ctx_code *of,
                                     size_t n)
{
    struct ctx_comparison out;
    struct an_err err;

    ck_assert_int_eq(rt_compare(&s->p, &s->arena, &s->timeline, s->now_us, of,
                                n, question, 2, &out, &err),
                     AN_OK);
    return out;
}

/* The risk when the candidate is on record, at the moment of the question. */
static double on_record(struct scene *s, const struct ctx_code *of)
{
    const size_t n = s->timeline.n_events;
    const struct ctx_event **list =
        an_arena_get(&s->arena, n + 1, sizeof(const struct ctx_event *));
    struct ctx_event e = {.kind = CTX_PROCEDURE,
                          .status = CTX_STATUS_FINAL,
                          .effective = an_time_us(s->now_us),
                          .available_us = s->now_us,
                          .concept = *of};
    struct ctx_timeline t = {list, n + 1, s->now_us};
    struct ctx_forecast f;

    ck_assert_ptr_nonnull(list);
    memcpy(list, s->timeline.event, n * sizeof(const struct ctx_event *));
    list[n] = &e;
    ck_assert_int_eq(
        rt_predict(&s->p, &s->arena, &t, s->now_us, question, 1, &f, NULL),
        AN_OK);
    ck_assert_int_eq(f.risk[0].abstention, CTX_ABSTAIN_NONE);
    return f.risk[0].p;
}

static double log_odds(double p)
{
    return log(p / (1 - p));
}

/* Asked long after the last event, at the moment of it, and with a cache. */
START_TEST(a_candidate_is_one_entry_more)
{
    struct ctx_comparison c;
    struct scene s;

    open_counted(&s);
    if (_i == 1)
        s.now_us = (N_EVENTS - 1) * 30 * DAY;
    if (_i == 2)
        ck_assert_int_eq(rt_cache_open(&s.arena, &s.package.manifest.shape,
                                       1 << 20, &s.p.cache, NULL),
                         AN_OK);
    for (int again = 0; again < 2; again++) {
        c = compare(&s, code, N);
        ck_assert_int_eq(c.refusal, CTX_REFUSE_NONE);
        /* The model has no outcome "gout". */
        ck_assert_uint_eq(c.n_contrasts, 1);
        for (int i = 0; i < N; i++) {
            const struct ctx_compared *is = &c.contrast[0].candidate[i];

            ck_assert_double_eq_tol(
                log_odds(is->p),
                log_odds(on_record(&s, &code[i])) + risk[i].shift, 1e-5);
            ck_assert_double_eq_tol(log_odds(is->p_high) - log_odds(is->p),
                                    hypot(1.959964 * risk[i].error, 0.4), 1e-6);
            ck_assert_double_eq_tol(
                is->difference, is->p - c.contrast[0].candidate[0].p, 1e-12);
            ck_assert_uint_eq(is->n_people, 400);
            ck_assert_uint_eq(is->n_events, 60);
        }
        ck_assert_double_eq_tol(c.candidate[0].share + c.candidate[1].share +
                                    c.candidate[2].share,
                                1, 1e-9);
    }
    rt_cache_close(s.p.cache);
    close_scene(&s);
}
END_TEST

static void refuses(struct scene *s, const struct ctx_code *a,
                    const struct ctx_code *b, enum ctx_refusal why)
{
    const struct ctx_code of[] = {*a, *b};
    const struct ctx_comparison c = compare(s, of, 2);

    ck_assert_msg(c.refusal == why, "%s, not %s", ctx_refusal_text(c.refusal),
                  ctx_refusal_text(why));
    ck_assert_uint_eq(c.n_contrasts, 0);
}

START_TEST(what_is_refused_and_why)
{
    static const struct ctx_code unknown = {AN_STR_INIT("t"), AN_STR_INIT("z"),
                                            AN_STR_INIT("")};
    static const struct ctx_code of_too_few = {
        AN_STR_INIT("t"), AN_STR_INIT("c005"), AN_STR_INIT("")};
    struct scene s;

    open_counted(&s);
    refuses(&s, &code[0], &unknown, CTX_REFUSE_UNKNOWN);
    refuses(&s, &code[0], &code[0], CTX_REFUSE_TWICE);
    /* Known, and in no list. */
    refuses(&s, &code[0], &of_too_few, CTX_REFUSE_FEW_PEOPLE);
    procedure[1].n_people = 199;
    refuses(&s, &code[0], &code[1], CTX_REFUSE_FEW_PEOPLE);
    procedure[1].n_people = 200;
    ck_assert_int_eq(compare(&s, code, 2).refusal, CTX_REFUSE_NONE);
    close_scene(&s);
}
END_TEST

START_TEST(what_the_record_refuses)
{
    struct scene s;

    open_counted(&s);
    /* Counted, but said of too few to say of whom. */
    procedure[1].key = AN_STR("t|c005");
    refuses(&s, &code[0],
            &(struct ctx_code){AN_STR("t"), AN_STR("c005"), AN_STR("")},
            CTX_REFUSE_IMPLAUSIBLE);
    /* Of two one has less than half the chance. */
    s.p.support.min_share = 0.5;
    refuses(&s, &code[0], &code[2], CTX_REFUSE_NO_OVERLAP);
    s.p.support.min_share = 1e-6;
    s.timeline.n_events = 2;
    refuses(&s, &code[0], &code[2], CTX_REFUSE_ABSTAINS);
    close_scene(&s);
}
END_TEST

START_TEST(what_the_package_refuses)
{
    struct scene s;

    open_counted(&s);
    s.p.support.min_people = 0;
    refuses(&s, &code[0], &code[1], CTX_REFUSE_NO_SUPPORT);
    s.package.manifest.demonstrator = true;
    refuses(&s, &code[0], &code[1], CTX_REFUSE_DEMONSTRATOR);
    close_scene(&s);
}
END_TEST

/* One outcome may be refused, and the others said. */
START_TEST(what_is_refused_of_one_outcome)
{
    static const struct rt_question of[] = {
        {AN_STR_INIT("readmission"), 30, CTX_ABSTAIN_NONE},
        {AN_STR_INIT("readmission"), 31, CTX_ABSTAIN_NONE},
        {AN_STR_INIT("readmission"), 30, CTX_ABSTAIN_NOT_AT_RISK}};
    static const struct {
        uint32_t n_people, n_events;
        enum ctx_refusal why;
    } counted[] = {{400, 60, CTX_REFUSE_NONE},
                   {400, 19, CTX_REFUSE_FEW_EVENTS},
                   {400, 381, CTX_REFUSE_FEW_EVENTS},
                   {199, 60, CTX_REFUSE_FEW_EVENTS}};
    struct ctx_comparison c;
    struct scene s;

    open_counted(&s);
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
        risk[1].n_people = counted[i].n_people;
        risk[1].n_events = counted[i].n_events;
        ck_assert_int_eq(rt_compare(&s.p, &s.arena, &s.timeline, s.now_us, code,
                                    2, of, 3, &c, NULL),
                         AN_OK);
        ck_assert_int_eq(c.refusal, CTX_REFUSE_NONE);
        ck_assert_uint_eq(c.n_contrasts, 3);
        ck_assert_int_eq(c.contrast[0].refusal, counted[i].why);
        ck_assert_int_eq(c.contrast[1].refusal, CTX_REFUSE_FEW_EVENTS);
        ck_assert_int_eq(c.contrast[2].refusal, CTX_REFUSE_NOT_ASKED);
    }
    /* Counted at 31 days, but how sure the map is there was not found out. */
    risk[0].horizon_days = risk[1].horizon_days = 31;
    risk[1] = risk[0];
    ck_assert_int_eq(rt_compare(&s.p, &s.arena, &s.timeline, s.now_us, code, 2,
                                of, 2, &c, NULL),
                     AN_OK);
    ck_assert_int_eq(c.contrast[1].refusal, CTX_REFUSE_NO_INTERVAL);
    close_scene(&s);
}
END_TEST

START_TEST(one_or_nine_are_not_compared_and_memory_may_end)
{
    struct ctx_code nine[9];
    struct ctx_comparison c;
    struct an_err err;
    struct scene s;
    enum an_code rc = AN_NOMEM;

    open_counted(&s);
    for (int i = 0; i < 9; i++)
        nine[i] = code[0];
    for (size_t n = 1; n <= 9; n += 8)
        ck_assert_int_eq(rt_compare(&s.p, &s.arena, &s.timeline, s.now_us, nine,
                                    n, question, 1, &c, &err),
                         AN_LIMIT);
    for (int i = 0; rc != AN_OK; i++) {
        struct an_arena small;

        an_arena_init(&small, 16 << 20);
        small.fail_after = i;
        rc = rt_compare(&s.p, &small, &s.timeline, s.now_us, code, N, question,
                        1, &c, &err);
        ck_assert(rc == AN_OK ? i > 8 : rc == AN_NOMEM);
        an_arena_free(&small);
    }
    close_scene(&s);
}
END_TEST

/* Wilson's interval of a share. */
static struct ctx_compared wilson(double events, double n)
{
    const double z2 = 1.959964 * 1.959964, p = events / n;
    const double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
    const double half =
        sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n);

    return (struct ctx_compared){
        .p = p, .p_low = middle - half, .p_high = middle + half};
}

/* Newcombe 1998, table II: 56 of 70 and 48 of 80, method 10. */
START_TEST(a_difference_is_newcombes)
{
    const struct ctx_compared base = wilson(48, 80);
    struct ctx_compared is = wilson(56, 70);

    rt_difference(&base, &is);
    ck_assert_double_eq_tol(is.difference, 0.2, 1e-12);
    ck_assert_double_eq_tol(is.difference_low, 0.0524, 5e-5);
    ck_assert_double_eq_tol(is.difference_high, 0.3339, 5e-5);
}
END_TEST

/* Half a width on log-odds; never outside of 0 and 1. */
START_TEST(a_supported_risk_is_shifted_on_log_odds)
{
    const struct rt_supported s = {.shift = log(2), .error = 0.5};
    struct ctx_compared is;

    rt_supported_risk(&s, 0.5, 0, &is);
    ck_assert_double_eq_tol(is.p, 2. / 3, 1e-12);
    ck_assert_double_eq_tol(is.p_low, 2 / (2 + exp(0.979982)), 1e-9);
    for (int i = 0; i < 2; i++) {
        rt_supported_risk(&s, i, 50, &is);
        ck_assert(is.p_low >= 0 && is.p_low <= is.p && is.p <= is.p_high &&
                  is.p_high <= 1);
    }
}
END_TEST

/* ---- the member of the manifest ------------------------------------------------ */

static enum an_code read_support(struct an_arena *arena, const char *text,
                                 struct rt_support *s, struct an_err *err)
{
    const struct an_json *root;

    ck_assert_int_eq(an_json_read(arena, &(struct an_json_limits){0},
                                  an_str_c(text), &root, NULL),
                     AN_OK);
    return rt_support_read(arena, root, s, err);
}

#define HEAD "{\"min_people\":200,\"min_events\":20,\"min_share\":0.1,\"of\":["
#define RISK                                                                   \
    "{\"outcome\":\"stroke\",\"horizon_days\":30,\"people\":780,\"events\":"   \
    "64,\"shift\":-0.021000000,\"error\":0.131000000}"

START_TEST(support_comes_back_as_it_was_written)
{
    static const char text[] =
        "{\"procedures\":{\"min_people\":200,\"min_events\":20,\"min_share\":"
        "0.100000000,\"of\":[{\"key\":\"a|b\",\"people\":812,\"risks\":[" RISK
        "]}]}}";
    const struct an_json *root;
    const struct rt_procedure *p;
    struct an_json_out w;
    struct rt_support s;
    struct an_arena arena;
    struct an_str out;

    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(an_json_read(&arena, &(struct an_json_limits){0},
                                  an_str_c(text), &root, NULL),
                     AN_OK);
    ck_assert_int_eq(rt_support_read(&arena,
                                     an_json_get(root, AN_STR("procedures")),
                                     &s, NULL),
                     AN_OK);
    p = rt_support_of(&s, AN_STR("a|b"));
    ck_assert(p && p->n_people == 812);
    ck_assert_ptr_null(rt_support_of(&s, AN_STR("a|c")));
    ck_assert_ptr_nonnull(rt_support_risk(p, AN_STR("stroke"), 30));
    ck_assert_ptr_null(rt_support_risk(p, AN_STR("stroke"), 31));
    ck_assert_ptr_null(rt_support_risk(p, AN_STR("gout"), 30));
    an_out_init(&w, &arena, 1 << 16);
    an_out_object(&w);
    rt_support_write(&w, &s);
    an_out_end(&w);
    ck_assert_int_eq(an_out_done(&w, &out, NULL), AN_OK);
    ck_assert_an_str_eq(out, text);
    /* None: nothing is written. */
    ck_assert_int_eq(rt_support_read(&arena, NULL, &s, NULL), AN_OK);
    ck_assert_uint_eq(s.min_people, 0);
    an_arena_free(&arena);
}
END_TEST

START_TEST(bad_support_is_refused_with_its_place)
{
    static const struct {
        const char *text, *path;
    } bad[] = {
        {"{}", "procedures.min_people[0]"},
        {"{\"min_people\":0,\"min_events\":1}", "procedures.min_people[0]"},
        {"{\"min_people\":1,\"min_events\":1,\"min_share\":0.6}",
         "procedures.min_share[0]"},
        {HEAD "{\"people\":1}]}", "procedures.of[0]"},
        {HEAD "{\"key\":\"a\",\"people\":-1}]}", "procedures.of[0]"},
        {HEAD "{\"key\":\"a\",\"people\":1},{\"key\":\"b\",\"people\":1,"
              "\"risks\":[{}]}]}",
         "procedures.of[1]"},
        {HEAD "{\"key\":\"a\",\"people\":1,\"risks\":[{\"outcome\":\"x\","
              "\"horizon_days\":30,\"people\":1,\"events\":2,\"shift\":0,"
              "\"error\":1}]}]}",
         "procedures.of[0]"},
        {HEAD "{\"key\":\"a\",\"people\":1,\"risks\":[{\"outcome\":\"x\","
              "\"horizon_days\":30,\"people\":2,\"events\":1,\"shift\":0,"
              "\"error\":0}]}]}",
         "procedures.of[0]"}};
    struct rt_support s;
    struct an_arena arena;

    an_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct an_err err;

        ck_assert_int_eq(read_support(&arena, bad[i].text, &s, &err),
                         AN_CONFIG);
        ck_assert_str_eq(err.where.path, bad[i].path);
    }
    an_arena_free(&arena);
}
END_TEST

Suite *runtime_compare_suite(void)
{
    Suite *s = suite_create("runtime/compare");
    TCase *tc = tcase_create("all");

    tcase_add_loop_test(tc, a_candidate_is_one_entry_more, 0, 3);
    tcase_add_test(tc, what_is_refused_and_why);
    tcase_add_test(tc, what_the_record_refuses);
    tcase_add_test(tc, what_the_package_refuses);
    tcase_add_test(tc, what_is_refused_of_one_outcome);
    tcase_add_test(tc, one_or_nine_are_not_compared_and_memory_may_end);
    tcase_add_test(tc, a_difference_is_newcombes);
    tcase_add_test(tc, a_supported_risk_is_shifted_on_log_odds);
    tcase_add_test(tc, support_comes_back_as_it_was_written);
    tcase_add_test(tc, bad_support_is_refused_with_its_place);
    suite_add_tcase(s, tc);
    return s;
}

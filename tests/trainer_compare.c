/* SPDX-License-Identifier: Apache-2.0 */
/* From invented people with a planted difference between two procedures to what
 * a model that was fitted to them says of it, or refuses to say. */
#include "runtime/compare.h"
#include "tests/operated.h"
#include "tests/suite.h"
#include "trainer/package/support.h"

#include <math.h>

Suite *trainer_compare_suite(void);

enum { PEOPLE = 3000, COHORTS = 3 };

static const struct rt_question question[] = {
    {AN_STR_INIT("complication"), OPERATED_DAYS, CTX_ABSTAIN_NONE}};

static struct ctx_comparison compare(struct operated *o, double age_years,
                                     bool has_condition, int a, int b)
{
    const struct ctx_code candidate[] = {operated_code[a], operated_code[b]};
    struct ctx_comparison out;
    int64_t now_us;
    const struct ctx_timeline t =
        operated_patient(o, age_years, has_condition, &now_us);

    ck_assert_int_eq(rt_compare(&o->predictor, &o->arena, &t, now_us, candidate,
                                2, question, 1, &out, NULL),
                     AN_OK);
    return out;
}

/* Of each kind of patient, whether the intervals hold the truth. */
static void look(struct operated *o, bool has_condition, int *n_difference,
                 int *n_risk, double *missed)
{
    const double a = operated_risk(has_condition, OPERATED_A);
    const double b = operated_risk(has_condition, OPERATED_B);
    const struct ctx_comparison c =
        compare(o, 50, has_condition, OPERATED_A, OPERATED_B);
    const struct ctx_compared *is;

    ck_assert_msg(c.refusal == CTX_REFUSE_NONE, "%s",
                  ctx_refusal_text(c.refusal));
    ck_assert_uint_eq(c.n_contrasts, 1);
    ck_assert_int_eq(c.contrast[0].refusal, CTX_REFUSE_NONE);
    is = c.contrast[0].candidate;
    *n_risk += is[0].p_low <= a && a <= is[0].p_high;
    *n_difference +=
        is[1].difference_low <= b - a && b - a <= is[1].difference_high;
    *missed += (is[1].difference - (b - a)) / (2 * COHORTS);
}

START_TEST(the_interval_holds_what_was_planted)
{
    int n_difference = 0, n_risk = 0;
    double missed = 0;

    for (uint64_t i = 0; i < COHORTS; i++) {
        struct operated o;

        operated_begin(&o, PEOPLE, 100 + i, false);
        look(&o, false, &n_difference, &n_risk, &missed);
        look(&o, true, &n_difference, &n_risk, &missed);
        operated_end(&o);
    }
    /* Of 95 in 100, four or fewer of six come once in 30; these are wider. */
    ck_assert_int_ge(n_difference, 2 * COHORTS - 1);
    ck_assert_int_ge(n_risk, 2 * COHORTS - 1);
    /* The differences are -.08 and -.16, and nearly that is what is said. */
    ck_assert_msg(fabs(missed) < 0.03, "%f", missed);
}
END_TEST

START_TEST(outside_its_support_nothing_is_compared)
{
    struct ctx_comparison c;
    struct operated o;

    operated_begin(&o, PEOPLE, 7, false);
    /* C was had by thirty people: it is known, and too rare. */
    c = compare(&o, 50, false, OPERATED_A, OPERATED_C);
    ck_assert_int_eq(c.refusal, CTX_REFUSE_FEW_PEOPLE);
    ck_assert_int_eq(c.candidate[0].refusal, CTX_REFUSE_NONE);
    ck_assert_int_eq(c.candidate[1].refusal, CTX_REFUSE_FEW_PEOPLE);
    ck_assert_uint_eq(c.n_contrasts, 0);
    /* The old never have B: nobody near that age did, or hardly anybody. */
    c = compare(&o, 78, false, OPERATED_A, OPERATED_B);
    ck_assert_int_eq(c.refusal, CTX_REFUSE_IMPLAUSIBLE);
    ck_assert_int_eq(c.candidate[1].refusal, CTX_REFUSE_IMPLAUSIBLE);
    c = compare(&o, 69.5, false, OPERATED_A, OPERATED_B);
    ck_assert_int_eq(c.refusal, CTX_REFUSE_NO_OVERLAP);
    ck_assert_double_lt(c.candidate[1].share, TR_SUPPORT_SHARE);
    operated_end(&o);
}
END_TEST

START_TEST(the_support_is_what_was_counted)
{
    struct operated o;
    const struct rt_support *s = &o.predictor.support;
    uint32_t n = 0;

    operated_begin(&o, PEOPLE, 7, false);
    ck_assert_uint_eq(s->min_people, TR_SUPPORT_PEOPLE);
    ck_assert_uint_eq(s->n, 2);
    for (size_t i = 0; i < s->n; i++) {
        const struct rt_procedure *p = &s->procedure[i];

        ck_assert_uint_eq(p->n_risks, 1);
        ck_assert_uint_eq(p->risk[0].n_people, p->n_people);
        ck_assert_uint_ge(p->risk[0].n_events, TR_SUPPORT_EVENTS);
        /* Nearly sqrt(1 / events + 1 / others): little is known before. */
        ck_assert_double_gt(p->risk[0].error, sqrt(1. / p->risk[0].n_events +
                                                   1. / (p->risk[0].n_people -
                                                         p->risk[0].n_events)) *
                                                  0.95);
        ck_assert_double_lt(p->risk[0].error, 0.2);
        n += p->n_people;
    }
    /* Of whom nine in ten are trained or tuned on, and one in a hundred had C. */
    ck_assert_uint_gt(n, PEOPLE * 85 / 100);
    ck_assert_uint_lt(n, PEOPLE * 93 / 100);
    operated_end(&o);
}
END_TEST

START_TEST(a_demonstrator_compares_nothing)
{
    struct ctx_comparison c;
    struct operated o;

    operated_begin(&o, 600, 3, true);
    ck_assert_uint_eq(o.predictor.support.min_people, 0);
    c = compare(&o, 50, false, OPERATED_A, OPERATED_B);
    ck_assert_int_eq(c.refusal, CTX_REFUSE_DEMONSTRATOR);
    ck_assert_uint_eq(c.n_contrasts, 0);
    operated_end(&o);
}
END_TEST

/* Where the derivative of the likelihood is nought. */
START_TEST(a_shift_makes_as_many_expected_as_there_were)
{
    enum { N = 400 };
    double log_odds[N], shift, error, expected = 0, information = 0;
    uint8_t y[N];
    size_t events = 0;

    for (size_t i = 0; i < N; i++) {
        log_odds[i] = -3 - 4 * sin((double)i);
        y[i] = i % (_i ? 3 : 200) == 0;
        events += y[i];
    }
    tr_shift(log_odds, y, N, &shift, &error);
    for (size_t i = 0; i < N; i++) {
        const double p = 1 / (1 + exp(-log_odds[i] - shift));

        expected += p;
        information += p * (1 - p);
    }
    ck_assert_double_eq_tol(expected, (double)events, 1e-6);
    ck_assert_double_eq_tol(error, 1 / sqrt(information), 1e-6);
}
END_TEST

Suite *trainer_compare_suite(void)
{
    Suite *s = suite_create("trainer/compare");
    TCase *tc = tcase_create("truth");

    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, the_interval_holds_what_was_planted);
    tcase_add_test(tc, outside_its_support_nothing_is_compared);
    tcase_add_test(tc, the_support_is_what_was_counted);
    tcase_add_test(tc, a_demonstrator_compares_nothing);
    tcase_add_loop_test(tc, a_shift_makes_as_many_expected_as_there_were, 0, 2);
    suite_add_tcase(s, tc);
    return s;
}

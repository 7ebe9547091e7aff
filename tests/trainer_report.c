/* SPDX-License-Identifier: Apache-2.0 */
/* What a page shows, as numbers: against the judgement and plain loops. */
#include "tests/model_random.h"
#include "tests/reported.h"
#include "tests/suite.h"
#include "trainer/evaluate/calibration.h"
#include "trainer/report/curves.h"
#include "trainer/report/thresholds.h"

#include <math.h>
#include <stdlib.h>

Suite *trainer_report_suite(void);

enum { N = 400, COLUMN = 1 };

static struct reported r;

/* ---- curves ---------------------------------------------------------------- */

/* Risks that are often equal, weights that are not; sorted. */
static void invent(struct tr_point *point, size_t n, uint64_t seed)
{
    struct test_random random = {seed};

    for (size_t i = 0; i < n; i++) {
        const double p = (1 + test_below(&random, 20)) / 25.;

        point[i] = (struct tr_point){p, 0.5 + test_uniform(&random),
                                     (uint32_t)i, test_uniform(&random) < p};
    }
    tr_points_sort(point, n);
}

START_TEST(roc_has_the_area_of_auroc)
{
    struct tr_point point[N];
    struct tr_xy xy[N + 1];

    for (uint64_t seed = 1; seed < 30; seed++) {
        double area = 0;
        size_t n;

        invent(point, N, seed);
        n = tr_roc(point, N, xy);
        ck_assert_uint_ge(n, 2);
        ck_assert_uint_le(n, 21); /* a step for each risk */
        ck_assert(xy[0].x <= 0 && xy[0].y <= 0);
        ck_assert_double_eq_tol(xy[n - 1].x, 1, 1e-12);
        ck_assert_double_eq_tol(xy[n - 1].y, 1, 1e-12);
        for (size_t i = 1; i < n; i++) {
            ck_assert(xy[i].x >= xy[i - 1].x && xy[i].y >= xy[i - 1].y);
            area += (xy[i].x - xy[i - 1].x) * (xy[i].y + xy[i - 1].y) / 2;
        }
        ck_assert_double_eq_tol(area, tr_auroc(point, N), 1e-12);
    }
    for (size_t i = 0; i < N; i++)
        point[i].y = 1;
    ck_assert_uint_eq(tr_roc(point, N, xy), 0);
}
END_TEST

/* Recall and precision of whom a risk from `least` on flags. */
static struct tr_xy flagged_by(const struct tr_point *point, size_t n,
                               double least)
{
    double with = 0, flagged = 0, right = 0;

    for (size_t i = 0; i < n; i++) {
        with += point[i].y ? point[i].weight : 0;
        if (point[i].p < least)
            continue;
        flagged += point[i].weight;
        right += point[i].y ? point[i].weight : 0;
    }
    return (struct tr_xy){right / with, right / flagged};
}

START_TEST(precision_and_recall_are_those_of_each_threshold)
{
    struct tr_point point[N];
    struct tr_xy xy[N];

    for (uint64_t seed = 1; seed < 30; seed++) {
        double area = 0, before = 0;
        size_t n, k = 0;

        invent(point, N, seed);
        n = tr_precision_recall(point, N, 1, xy);
        for (size_t i = N; i; i--) {
            struct tr_xy want;

            if (i < N && point[i - 1].p >= point[i].p)
                continue;
            want = flagged_by(point, N, point[i - 1].p);
            ck_assert_double_eq_tol(xy[k].x, want.x, 1e-12);
            ck_assert_double_eq_tol(xy[k].y, want.y, 1e-12);
            area += (want.x - before) * want.y;
            before = want.x;
            k++;
        }
        ck_assert_uint_eq(k, n);
        ck_assert_double_eq_tol(tr_average_precision(point, N), area, 1e-12);
        k = tr_precision_recall(point, N, N / 2, xy);
        ck_assert_uint_lt(k, n);
        ck_assert_uint_gt(k, 0);
    }
}
END_TEST

START_TEST(a_small_example_is_right)
{
    struct tr_point point[] = {{.1, 1, 0, 0}, {.1, 1, 1, 0}, {.2, 1, 2, 0},
                               {.2, 1, 3, 1}, {.3, 1, 4, 0}, {.35, 1, 5, 1},
                               {.6, 1, 6, 1}, {.7, 1, 7, 0}, {.8, 1, 8, 1},
                               {.9, 1, 9, 1}};
    /* The precision at each who has it, from the highest risk on; those at .2
     * are flagged together. */
    const double want = (1 + 1 + 0.75 + 0.8 + 0.625) / 5;

    ck_assert_double_eq_tol(tr_average_precision(point, 10), want, 1e-12);
    ck_assert_double_eq_tol(tr_auroc(point, 10), 0.82, 1e-12);
}
END_TEST

START_TEST(a_thinned_line_keeps_its_ends)
{
    struct tr_xy xy[N], first, last;

    for (size_t most = 2; most < 60; most += 19) {
        size_t n;

        for (size_t i = 0; i < N; i++)
            xy[i] = (struct tr_xy){(double)i, sqrt((double)i)};
        first = xy[0];
        last = xy[N - 1];
        n = tr_thin(xy, N, most);
        ck_assert_uint_le(n, most);
        ck_assert_uint_ge(n, most < 4 ? 2 : most - 2);
        ck_assert(xy[0].x <= first.x && xy[n - 1].x >= last.x);
        for (size_t i = 1; i < n; i++)
            ck_assert_double_gt(xy[i].x, xy[i - 1].x);
    }
    ck_assert_uint_eq(tr_thin(xy, 3, 5), 3);
}
END_TEST

/* ---- beside the judgement -------------------------------------------------- */

START_TEST(a_view_is_what_was_judged)
{
    reported_begin(&r, N);
    for (size_t i = 0; i < r.judgement.n; i++) {
        const struct tr_verdict *v = &r.judgement.verdict[i];
        const struct tr_score_of *s = &v->model;
        struct tr_ratio level, c;
        struct tr_counted counted;

        ck_assert_int_eq(tr_view_look(&r.view, i, NULL, NULL), AN_OK);
        ck_assert_uint_eq(r.view.n, v->n);
        ck_assert_uint_eq(r.view.n_at_risk, v->n_at_risk);
        ck_assert_double_eq_tol(tr_auroc(r.view.plain, r.view.n), s->auroc,
                                1e-12);
        ck_assert_double_eq_tol(tr_brier(r.view.point, r.view.n), s->brier,
                                1e-12);
        ck_assert_int_eq(tr_view_level(&r.view, &level, NULL), AN_OK);
        ck_assert_double_eq_tol(level.value, s->observed_expected, 1e-9);
        ck_assert(level.interval.low < level.value &&
                  level.value < level.interval.high);
        ck_assert_int_eq(tr_view_concordance(&r.view, &c, NULL), AN_OK);
        ck_assert_double_eq_tol(c.value, s->concordance, 1e-12);
        ck_assert(c.interval.low < c.value && c.value < c.interval.high);
        ck_assert_double_lt(c.interval.high - c.interval.low, 0.4);
        counted = tr_view_count(&r.view);
        ck_assert_uint_eq(counted.questions, v->n);
        ck_assert_uint_eq(counted.events, v->events);
        ck_assert_uint_eq(counted.people_with, v->persons_with_event);
    }
    reported_end(&r);
}
END_TEST

START_TEST(decisions_are_the_judged_net_benefit)
{
    enum { AT = 30 };
    struct tr_xy by_risk[TR_DECISIONS], all[TR_DECISIONS];

    reported_begin(&r, N);
    for (size_t i = 0; i < r.judgement.n; i++)
        for (int k = 0; k < TR_THRESHOLDS; k++) {
            const struct tr_benefit *b =
                &r.judgement.verdict[i].model.benefit[k];

            if (!isfinite(b->by_risk))
                continue;
            ck_assert_int_eq(tr_view_look(&r.view, i, NULL, NULL), AN_OK);
            tr_decisions(&r.view, b->threshold * TR_DECISIONS / (AT + 1),
                         by_risk, all);
            ck_assert_double_eq_tol(by_risk[AT].x, b->threshold, 1e-12);
            ck_assert_double_eq_tol(all[AT].y, b->all, 1e-9);
            ck_assert_double_eq_tol(by_risk[AT].y, b->by_risk, 1e-9);
        }
    ck_assert(isfinite(r.judgement.verdict[0].model.benefit[2].by_risk));
    reported_end(&r);
}
END_TEST

START_TEST(tenths_and_bars_are_of_everybody)
{
    struct tr_tenth tenth[TR_TENTHS];
    double bar[TR_BARS], sum = 0, risk;
    size_t n;

    reported_begin(&r, N);
    ck_assert_int_eq(tr_view_look(&r.view, COLUMN, NULL, NULL), AN_OK);
    n = tr_tenths(&r.view, tenth);
    ck_assert_uint_ge(n, 2);
    for (size_t i = 0; i < n; i++) {
        const struct tr_ratio *share = &tenth[i].share;

        ck_assert(i == 0 || tenth[i].risk > tenth[i - 1].risk);
        ck_assert(share->interval.low <= share->value &&
                  share->value <= share->interval.high);
        ck_assert_double_gt(share->interval.high - share->interval.low, 0.01);
    }
    tr_histogram(&r.view, 0.2, bar);
    for (int i = 0; i < TR_BARS; i++)
        sum += bar[i];
    ck_assert_double_eq_tol(sum, 1, 1e-9);
    ck_assert_int_eq(tr_risk_quantile(&r.view, 0, &risk, NULL), AN_OK);
    for (size_t i = 0; i < r.view.n_at_risk; i++)
        ck_assert_double_ge(r.view.life[i].risk, risk);
    reported_end(&r);
}
END_TEST

/* ---- thresholds ------------------------------------------------------------ */

/* Of those that `of` picks, the share that `is` picks: all by plain loops. */
static double share_of(const struct tr_view *v, double threshold, int flagged,
                       int with, bool of_flagged)
{
    double sum = 0, all = 0;

    for (size_t i = 0; i < v->n; i++) {
        const struct tr_point *p = &v->point[i];
        const bool is_flagged = p->p >= threshold;

        if (of_flagged ? is_flagged != flagged : p->y != with)
            continue;
        all += p->weight;
        sum += is_flagged == flagged && p->y == with ? p->weight : 0;
    }
    return all > 0 ? sum / all : (double)NAN;
}

static void check_ratio(const struct tr_ratio *is, double want)
{
    ck_assert(isfinite(want) == isfinite(is->value));
    if (!isfinite(want))
        return;
    ck_assert_double_eq_tol(is->value, want, 1e-9);
    ck_assert_double_le(is->interval.low, is->value + 1e-9);
    ck_assert_double_ge(is->interval.high, is->value - 1e-9);
    ck_assert_double_gt(is->interval.high, is->interval.low);
}

static void check_act(const struct tr_view *v, const struct tr_act *a)
{
    static const double most[] = {1, 5, 10, 20};
    size_t flagged = 0;

    for (size_t i = 0; i < v->n_at_risk; i++)
        flagged += v->life[i].risk >= a->threshold;
    ck_assert_uint_eq(a->n_flagged, flagged);
    ck_assert_double_eq_tol(
        a->alerts_per_100, 100. * (double)flagged / (double)v->n_at_risk, 1e-9);
    if (a->on <= TR_ACT_TOP_20)
        ck_assert_double_le(a->alerts_per_100, most[a->on] + 1e-9);
    check_ratio(&a->sensitivity, share_of(v, a->threshold, 1, 1, false));
    check_ratio(&a->specificity, share_of(v, a->threshold, 0, 0, false));
    check_ratio(&a->ppv, share_of(v, a->threshold, 1, 1, true));
    check_ratio(&a->npv, share_of(v, a->threshold, 0, 0, true));
    if (a->ppv.value > 0)
        ck_assert_double_eq_tol(a->to_evaluate * a->ppv.value, 1, 1e-9);
}

START_TEST(thresholds_are_those_of_plain_loops)
{
    struct tr_act act[TR_N_ACT];
    size_t n;

    reported_begin(&r, N);
    for (size_t i = 0; i < r.judgement.n; i++) {
        ck_assert_int_eq(tr_view_look(&r.view, i, NULL, NULL), AN_OK);
        ck_assert_int_eq(tr_acts(&r.view, act, &n, NULL), AN_OK);
        /* Risks are all different here, and the first outcome has its own. */
        ck_assert_uint_eq(n, i < JUDGED_HORIZONS ? TR_N_ACT : TR_N_ACT - 1);
        for (size_t k = 0; k < n; k++) {
            check_act(&r.view, &act[k]);
            ck_assert_int_eq(act[k].on, (int)k);
        }
        ck_assert_uint_eq(act[TR_ACT_TOP_10].n_flagged, r.view.n_at_risk / 10);
    }
    reported_end(&r);
}
END_TEST

/* Who has the same risk is flagged together, or not at all. */
START_TEST(equal_risks_are_flagged_together)
{
    struct tr_act act[TR_N_ACT];
    size_t n;

    reported_begin(&r, N);
    for (double steps = 3; steps < 50; steps *= 2) {
        ck_assert_int_eq(tr_view_look(&r.view, COLUMN, NULL, NULL), AN_OK);
        for (size_t i = 0; i < r.view.n_at_risk; i++)
            r.view.life[i].risk = round(r.view.life[i].risk * steps) / steps;
        for (size_t i = 0; i < r.view.n; i++)
            r.view.point[i].p = round(r.view.point[i].p * steps) / steps;
        ck_assert_int_eq(tr_acts(&r.view, act, &n, NULL), AN_OK);
        ck_assert_uint_ge(n, 2);
        for (size_t k = 0; k < n; k++)
            check_act(&r.view, &act[k]);
    }
    reported_end(&r);
}
END_TEST

/* Nobody of 20 people: Wilson's 0 to 0.161125. */
START_TEST(a_share_of_nobody_has_an_interval)
{
    struct tr_ratio none, all;

    reported_begin(&r, 60);
    for (uint32_t i = 0; i < r.view.n_persons; i++) {
        r.view.numerator[i] = 0;
        r.view.denominator[i] = i < 20 ? 1.5 : 0;
    }
    none = tr_view_share(&r.view);
    ck_assert(none.value <= 0);
    ck_assert_double_eq_tol(none.interval.low, 0, 1e-12);
    ck_assert_double_eq_tol(none.interval.high, .161125, 1e-6);
    for (uint32_t i = 0; i < r.view.n_persons; i++)
        r.view.numerator[i] = r.view.denominator[i];
    all = tr_view_share(&r.view);
    ck_assert_double_eq_tol(all.value, 1, 1e-12);
    ck_assert_double_eq_tol(all.interval.low, 1 - .161125, 1e-6);
    for (uint32_t i = 0; i < r.view.n_persons; i++)
        r.view.denominator[i] = 0;
    ck_assert(isnan(tr_view_share(&r.view).value));
    reported_end(&r);
}
END_TEST

Suite *trainer_report_suite(void)
{
    const TTest *const test[] = {
        roc_has_the_area_of_auroc,
        precision_and_recall_are_those_of_each_threshold,
        a_small_example_is_right,
        a_thinned_line_keeps_its_ends,
        a_view_is_what_was_judged,
        decisions_are_the_judged_net_benefit,
        tenths_and_bars_are_of_everybody,
        thresholds_are_those_of_plain_loops,
        equal_risks_are_flagged_together,
        a_share_of_nobody_has_an_interval,
    };

    return TEST_SUITE("trainer/report", test);
}

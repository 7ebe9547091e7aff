/* SPDX-License-Identifier: Apache-2.0 */
/* Tuning: what a site gets, what is refused, what stays as it was. */
#include "runtime/safetensors.h"
#include "tests/suite.h"
#include "tests/tuned_site.h"
#include "trainer/evaluate/judge.h"

#include <math.h>
#include <string.h>

Suite *trainer_tune_suite(void);

static const struct site_how like_the_maker = {
    .n = {300, 200, 300}, .factor = 1, .seed = 1};
static const struct site_how more_often = {
    .n = {300, 200, 300}, .factor = 3, .seed = 2};

static const struct site_how some_people = {
    .n = {110, 40, 60}, .factor = 3, .seed = 4};

static void tune(struct tuned_site *s, const struct tr_plan *plan,
                 const struct tr_tune_how *how, struct tr_tuned *t)
{
    struct an_err err = {.what = ""};

    ck_assert_msg(tr_tune(&s->arena, &s->d, &s->fitted, plan, how, t, &err) ==
                      AN_OK,
                  "%s", err.what);
}

static void begin(struct tuned_site *s, const struct site_how *how,
                  struct tr_tuned *t)
{
    struct tr_tune_how tuning;

    *s = (struct tuned_site){.d = {.root = NULL}};
    tuned_site_open(s, how);
    tuning = tuned_site_how(s);
    tune(s, &s->plan, &tuning, t);
}

static const struct tr_gate *failed(const struct tr_tuned *t,
                                    enum tr_bound bound)
{
    for (size_t i = 0; i < t->gates.n; i++)
        if (t->gates.gate[i].bound == bound && !t->gates.gate[i].held)
            return &t->gates.gate[i];
    return NULL;
}

/* ---- a site unlike the maker ------------------------------------------------ */

START_TEST(prevalence_is_repaired)
{
    struct tuned_site s;
    struct tr_tuned t;
    const struct tr_bench *row;

    begin(&s, &more_often, &t);
    row = tuned_site_row(&t);
    ck_assert(row->measured);
    ck_assert_double_gt(row->of[TR_AS_IT_CAME].of[TR_M_LEVEL].interval.low,
                        1.25);
    ck_assert_int_ne(t.taken, TR_AS_IT_CAME);
    for (int i = TR_CALIBRATED; i < TR_N_SIDES; i++)
        if (t.side[i].there) {
            const struct tr_figures *f = &row->of[i];

            ck_assert_double_eq_tol(f->of[TR_M_LEVEL].value, 1, 0.15);
            ck_assert_double_lt(f->less[TR_M_LOSS].interval.high, 0);
            ck_assert_double_lt(f->ici, row->of[TR_AS_IT_CAME].ici);
        }
    ck_assert(tr_gates_held(&t.gates));
    tuned_site_end(&s);
}
END_TEST

START_TEST(nothing_to_repair_stays_as_it_came)
{
    struct tuned_site s;
    struct tr_tuned t;

    begin(&s, &like_the_maker, &t);
    ck_assert_int_eq(t.taken, TR_AS_IT_CAME);
    ck_assert(tr_gates_held(&t.gates));
    ck_assert_double_eq(
        tuned_site_row(&t)->of[TR_AS_IT_CAME].less[TR_M_LOSS].interval.high, 0);
    tuned_site_end(&s);
}
END_TEST

/* The figures are those of `evaluate`. */
START_TEST(figures_are_those_of_a_judgement)
{
    struct tuned_site s;
    struct tr_tuned t;
    struct tr_judgement j;
    struct tr_fitted fitted;

    begin(&s, &more_often, &t);
    for (int i = TR_AS_IT_CAME; i <= TR_CALIBRATED; i++) {
        const struct tr_figures *f = &tuned_site_row(&t)->of[i];
        const struct tr_score_of *o;

        fitted = s.fitted;
        fitted.keeps_calibration = i == TR_AS_IT_CAME;
        ck_assert_int_eq(tr_judge(&s.arena, &s.d, &fitted, &j, NULL), AN_OK);
        o = &j.verdict[0].model;
        ck_assert_double_eq_tol(f->of[TR_M_AUROC].value, o->auroc, 1e-12);
        ck_assert_double_eq_tol(f->of[TR_M_LEVEL].value, o->observed_expected,
                                1e-9);
        ck_assert_double_eq_tol(f->slope.value, o->line.slope, 1e-9);
        ck_assert_double_eq_tol(f->slope.interval.low, o->slope_interval.low,
                                1e-9);
        ck_assert_double_eq_tol(f->ici, o->ici, 1e-12);
        ck_assert_double_eq_tol(f->of[TR_M_BENEFIT].value,
                                o->benefit[0].by_risk, 2e-3);
    }
    tuned_site_end(&s);
}
END_TEST

START_TEST(groups_are_people_of_a_sex_or_age)
{
    struct tuned_site s;
    struct tr_tuned t;
    uint32_t with[2] = {0, 0}, all = 0;

    begin(&s, &more_often, &t);
    for (size_t i = 0; i < t.bench.n; i++) {
        const struct tr_bench *row = &t.bench.row[i];

        if (row->column.outcome == 0 && row->group <= TR_GROUP_MALE) {
            if (row->group < 0)
                all = row->with;
            else
                with[row->group] = row->with;
        }
    }
    ck_assert_uint_gt(with[TR_GROUP_FEMALE], 0);
    ck_assert_uint_gt(with[TR_GROUP_MALE], 0);
    ck_assert_uint_eq(with[0] + with[1], all);
    tuned_site_end(&s);
}
END_TEST

/* ---- poison ---------------------------------------------------------------- */

START_TEST(flipped_answers_are_refused)
{
    struct site_how how = like_the_maker;
    struct tuned_site s;
    struct tr_tuned t;

    how.poison = SITE_FLIPPED;
    begin(&s, &how, &t);
    ck_assert(!tr_gates_held(&t.gates));
    ck_assert_ptr_nonnull(failed(&t, TR_B_gates_loss_rise));
    tuned_site_end(&s);
}
END_TEST

START_TEST(permuted_answers_are_refused)
{
    struct site_how how = like_the_maker;
    struct tuned_site s;
    const struct tr_gate *g;
    struct tr_tuned t;

    how.poison = SITE_PERMUTED;
    begin(&s, &how, &t);
    ck_assert(!tr_gates_held(&t.gates));
    g = failed(&t, TR_B_gates_auroc_least);
    ck_assert(g && g->before);
    tuned_site_end(&s);
}
END_TEST

/* ---- what may move --------------------------------------------------------- */

static const float *block(const struct tr_fitted *f)
{
    return f->model.w.embed;
}

START_TEST(what_is_frozen_keeps_its_bytes)
{
    struct tuned_site s;
    struct tr_tuned t;
    struct rt_tensor tensor[RT_N_WEIGHTS];
    struct tr_tune_how how;
    struct tr_plan plan;

    s = (struct tuned_site){.d = {.root = NULL}};
    tuned_site_open(&s, &more_often);
    plan = s.plan;
    plan.bound[TR_B_parts_trunk] = 0;
    plan.bound[TR_B_parts_wide] = 0;
    how = tuned_site_how(&s);
    tune(&s, &plan, &how, &t);
    ck_assert(t.trained);
    (void)rt_tensors(&s.fitted.model.shape, tensor);
    for (int id = 0; id < RT_N_WEIGHTS; id++) {
        const bool heads = tr_part_of((enum rt_weight_id)id) == TR_PART_HEADS;
        const size_t n = (size_t)tensor[id].rows * (size_t)tensor[id].cols;

        if (!heads)
            ck_assert_mem_eq(block(&t.fitted[TR_TUNED]) + tensor[id].first,
                             block(&s.fitted) + tensor[id].first,
                             n * sizeof(float));
    }
    ck_assert_double_eq(t.change[TR_PART_TRUNK], 0);
    ck_assert_double_eq(t.change[TR_PART_WIDE], 0);
    ck_assert_double_gt(t.change[TR_PART_HEADS], 0);
    tuned_site_end(&s);
}
END_TEST

/* Not at the end alone: what moves is fitted to what stays. */
START_TEST(each_step_is_held)
{
    struct tuned_site s = {.d = {.root = NULL}};
    struct tr_tune_how how;
    struct tr_parts parts;
    struct tr_plan plan;
    struct tr_fit f;

    tuned_site_open(&s, &more_often);
    plan = s.plan;
    plan.bound[TR_B_parts_trunk] = 0;
    how = tuned_site_how(&s);
    tr_parts_init(&parts, &s.fitted.model.shape, block(&s.fitted), &plan);
    ck_assert_int_eq(
        tr_fit_init_from(
            &f, &s.d.cohort, &how.settings,
            &(struct tr_fit_from){block(&s.fitted), tr_parts_hold, &parts},
            NULL),
        AN_OK);
    ck_assert_mem_eq(f.params.value, block(&s.fitted),
                     f.params.n * sizeof(float));
    for (int i = 0; i < 5; i++) {
        double change[TR_N_PARTS];

        ck_assert_int_eq(tr_fit_step(&f, NULL), AN_OK);
        tr_parts_change(&parts, &s.fitted.model.shape, f.params.value, change);
        ck_assert_double_eq(change[TR_PART_TRUNK], 0);
        ck_assert_double_gt(change[TR_PART_HEADS], 0);
    }
    tr_fit_release(&f);
    tuned_site_end(&s);
}
END_TEST

/* Such that training goes to the bound and would go on. */
START_TEST(what_moves_stays_in_its_bound)
{
    static const double bound = 0.003;
    struct tuned_site s;
    struct tr_tuned t;
    struct tr_tune_how how;
    struct tr_plan plan;

    s = (struct tuned_site){.d = {.root = NULL}};
    tuned_site_open(&s, &more_often);
    plan = s.plan;
    plan.bound[TR_B_parts_trunk] = plan.bound[TR_B_parts_heads] =
        plan.bound[TR_B_parts_wide] = bound;
    how = tuned_site_how(&s);
    tune(&s, &plan, &how, &t);
    for (int part = 0; part < TR_N_PARTS; part++) {
        double sum = 0, start = 0;
        struct rt_tensor tensor[RT_N_WEIGHTS];

        (void)rt_tensors(&s.fitted.model.shape, tensor);
        for (int id = 0; id < RT_N_WEIGHTS; id++) {
            const size_t n = (size_t)tensor[id].rows * (size_t)tensor[id].cols;

            for (size_t i = 0;
                 tr_part_of((enum rt_weight_id)id) == (enum tr_part)part &&
                 i < n;
                 i++) {
                const double a = (double)block(&s.fitted)[tensor[id].first + i];
                const double b =
                    (double)block(&t.fitted[TR_TUNED])[tensor[id].first + i];

                sum += (b - a) * (b - a);
                start += a * a;
            }
        }
        ck_assert_double_le(sqrt(sum / start), bound);
        ck_assert_double_eq_tol(sqrt(sum / start), t.change[part], 1e-12);
        ck_assert_double_gt(t.change[part], 0.5 * bound);
    }
    tuned_site_end(&s);
}
END_TEST

START_TEST(a_plan_that_moves_nothing_trains_nothing)
{
    struct tuned_site s;
    struct tr_tuned t;
    struct tr_tune_how how;
    struct tr_plan plan;

    s = (struct tuned_site){.d = {.root = NULL}};
    tuned_site_open(&s, &more_often);
    plan = s.plan;
    plan.bound[TR_B_parts_trunk] = plan.bound[TR_B_parts_heads] =
        plan.bound[TR_B_parts_wide] = 0;
    how = tuned_site_how(&s);
    tune(&s, &plan, &how, &t);
    ck_assert(!t.trained && !t.side[TR_TUNED].there);
    ck_assert_int_eq(t.taken, TR_CALIBRATED);
    plan.bound[TR_B_parts_calibration] = 0;
    tune(&s, &plan, &how, &t);
    ck_assert(!t.side[TR_CALIBRATED].there);
    ck_assert_int_eq(t.taken, TR_AS_IT_CAME);
    ck_assert_ptr_nonnull(failed(&t, TR_B_gates_observed_expected_high));
    tuned_site_end(&s);
}
END_TEST

static struct an_str bytes_by_seed(struct tuned_site *s, int64_t seed)
{
    struct tr_tune_how how = tuned_site_how(s);
    struct tr_tuned t;

    how.settings.seed = seed;
    how.settings.threads = 2;
    tune(s, &s->plan, &how, &t);
    ck_assert(t.trained);
    return t.fitted[TR_TUNED].weights;
}

START_TEST(a_seed_makes_the_same_bytes)
{
    struct tuned_site s = {.d = {.root = NULL}};
    struct an_str first, again, other;

    tuned_site_open(&s, &more_often);
    first = bytes_by_seed(&s, 1);
    again = bytes_by_seed(&s, 1);
    other = bytes_by_seed(&s, 2);
    ck_assert(an_str_eq(first, again));
    ck_assert(!an_str_eq(first, other));
    tuned_site_end(&s);
}
END_TEST

/* ---- what cannot be tuned -------------------------------------------------- */

START_TEST(too_few_patients_are_not_trained_on)
{
    static const size_t few[][TR_N_SPLITS] = {
        {99, 200, 300}, {300, 29, 300}, {300, 200, 49}, {0, 0, 0}};
    static const enum tr_bound bound[] = {
        TR_B_data_training_patients, TR_B_data_tuning_patients,
        TR_B_data_test_patients, TR_B_data_test_patients};

    for (size_t i = 0; i < 4; i++) {
        struct site_how how = like_the_maker;
        struct tuned_site s;
        struct tr_tuned t;
        const struct tr_gate *g;
        struct an_str text;

        memcpy(how.n, few[i], sizeof(how.n));
        begin(&s, &how, &t);
        ck_assert(!t.trained);
        ck_assert(!tr_gates_held(&t.gates));
        g = failed(&t, bound[i]);
        ck_assert(g && g->value < g->limit);
        ck_assert_int_eq(tr_tuned_text(&s.arena, &s.d, &t, &text, NULL), AN_OK);
        tuned_site_end(&s);
    }
}
END_TEST

START_TEST(an_outcome_that_few_had_is_not_enough)
{
    struct site_how how = like_the_maker;
    struct tuned_site s;
    struct tr_tuned t;

    how.factor = 0.01;
    begin(&s, &how, &t);
    ck_assert_ptr_nonnull(failed(&t, TR_B_data_test_events));
    tuned_site_end(&s);
}
END_TEST

static enum an_code try(struct tuned_site *s, struct an_err *err)
{
    struct tr_tune_how how = tuned_site_how(s);
    struct tr_tuned t;

    return tr_tune(&s->arena, &s->d, &s->fitted, &s->plan, &how, &t, err);
}

START_TEST(training_that_diverges_is_said)
{
    struct tuned_site s = {.d = {.root = NULL}};
    struct an_err err;
    const char *subject;

    tuned_site_begin(&s, &like_the_maker, 1e25F);
    ck_assert_int_eq(tr_data_open_with(&s.d, &s.fitted, &s.arena, s.data.path,
                                       s.package.path, &subject, NULL),
                     AN_OK);
    ck_assert_int_eq(try(&s, &err), AN_TYPE);
    ck_assert_ptr_nonnull(strstr(err.what, "training diverged"));
    tuned_site_end(&s);
}
END_TEST

START_TEST(a_private_fit_is_refused)
{
    struct tuned_site s = {.d = {.root = NULL}};
    struct tr_tune_how how;
    struct tr_tuned t;
    struct an_err err;

    tuned_site_open(&s, &like_the_maker);
    how = tuned_site_how(&s);
    how.settings.dp_noise = 1;
    ck_assert_int_eq(
        tr_tune(&s.arena, &s.d, &s.fitted, &s.plan, &how, &t, &err),
        AN_UNSUPPORTED);
    tuned_site_end(&s);
}
END_TEST

/* What a site with little memory is told. */
START_TEST(without_memory_it_says_so)
{
    struct tuned_site s = {.d = {.root = NULL}};
    size_t failures = 0;

    tuned_site_open(&s, &some_people);
    for (long n = 0; n < 200; n += 1 + n / 8) {
        struct tr_tune_how how = tuned_site_how(&s);
        struct tr_tuned t;
        enum an_code code;

        how.settings.epochs = 1;
        s.arena.fail_after = n;
        code = tr_tune(&s.arena, &s.d, &s.fitted, &s.plan, &how, &t, NULL);
        ck_assert(code == AN_OK || code == AN_NOMEM);
        failures += code == AN_NOMEM;
        s.arena.fail_after = -1;
    }
    ck_assert_uint_gt(failures, 20);
    tuned_site_end(&s);
}
END_TEST

START_TEST(data_of_another_shape_are_refused)
{
    struct tuned_site s = {.d = {.root = NULL}};
    struct an_err err;

    tuned_site_open(&s, &like_the_maker);
    s.d.cohort.sizes.wide--;
    ck_assert_int_eq(try(&s, &err), AN_CONFLICT);
    ck_assert_ptr_nonnull(strstr(err.what, "another shape"));
    s.d.cohort.sizes.wide++;
    tuned_site_end(&s);
}
END_TEST

Suite *trainer_tune_suite(void)
{
    Suite *s = suite_create("trainer_tune");
    TCase *c = tcase_create("trainer_tune");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, prevalence_is_repaired);
    tcase_add_test(c, nothing_to_repair_stays_as_it_came);
    tcase_add_test(c, figures_are_those_of_a_judgement);
    tcase_add_test(c, groups_are_people_of_a_sex_or_age);
    tcase_add_test(c, flipped_answers_are_refused);
    tcase_add_test(c, permuted_answers_are_refused);
    tcase_add_test(c, what_is_frozen_keeps_its_bytes);
    tcase_add_test(c, each_step_is_held);
    tcase_add_test(c, what_moves_stays_in_its_bound);
    tcase_add_test(c, a_plan_that_moves_nothing_trains_nothing);
    tcase_add_test(c, a_seed_makes_the_same_bytes);
    tcase_add_test(c, too_few_patients_are_not_trained_on);
    tcase_add_test(c, an_outcome_that_few_had_is_not_enough);
    tcase_add_test(c, training_that_diverges_is_said);
    tcase_add_test(c, a_private_fit_is_refused);
    tcase_add_test(c, without_memory_it_says_so);
    tcase_add_test(c, data_of_another_shape_are_refused);
    suite_add_tcase(s, c);
    return s;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The attack on a model, where the truth is known. */
#include "base/json.h"
#include "tests/invented_cohort.h"
#include "tests/judged.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/file.h"
#include "trainer/fit/fit.h"
#include "trainer/privacy/audit.h"
#include "trainer/privacy/bound.h"
#include "trainer/privacy/start.h"
#include "trainer/random.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *trainer_audit_suite(void);

/* ---- intervals ----------------------------------------------------------- */

/* P(at least k of n), term by term. */
static double upper_tail(size_t k, size_t n, double p)
{
    double sum = 0;

    for (size_t i = k; i <= n; i++)
        sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) -
                   lgamma((double)(n - i) + 1) + (double)i * log(p) +
                   (double)(n - i) * log1p(-p));
    return sum;
}

START_TEST(intervals_of_shares_are_exact)
{
    static const size_t n[] = {1, 7, 40, 100, 1000};
    /* As R's binom.test(10, 100) has it. */
    const struct tr_interval known = tr_share_interval(10, 100, 0.95);

    ck_assert_double_eq_tol(known.low, 0.04900469, 1e-8);
    ck_assert_double_eq_tol(known.high, 0.17622260, 1e-8);
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k <= n[i]; k += 1 + n[i] / 7) {
            const struct tr_interval x = tr_share_interval(k, n[i], 0.95);

            if (k > 0)
                ck_assert_double_eq_tol(upper_tail(k, n[i], x.low), 0.025,
                                        1e-9);
            else
                ck_assert(!(x.low > 0));
            if (k < n[i])
                ck_assert_double_eq_tol(upper_tail(k + 1, n[i], x.high), 0.975,
                                        1e-9);
            else
                ck_assert(!(x.high < 1));
        }
}
END_TEST

/* ---- judgement ----------------------------------------------------------- */

enum { MANY = 8000 };
static double member[MANY], other[MANY];

static struct tr_audit judge(size_t n, size_t m)
{
    const struct tr_losses_by_person l = {member, other, n, m};
    struct an_arena arena;
    struct tr_audit a;

    an_arena_init(&arena, 64 << 20);
    ck_assert_int_eq(tr_audit_judge(&arena, &l, 1e-5, &a, NULL), AN_OK);
    an_arena_free(&arena);
    return a;
}

/* Members' losses are lower by `shift` standard deviations. */
static void draw(size_t n, double shift, uint64_t key)
{
    for (size_t i = 0; i < n; i++) {
        member[i] = tr_draw_normal(key, 2 * i) - shift;
        other[i] = tr_draw_normal(key, 2 * i + 1);
    }
}

START_TEST(measures_are_those_of_two_normal_curves)
{
    struct tr_audit a;

    draw(5000, 1, 3);
    a = judge(5000, 5000);
    ck_assert_double_eq_tol(a.auc, 0.7602, 0.02);
    ck_assert_double_lt(a.auc_interval.low, 0.7602);
    ck_assert_double_gt(a.auc_interval.high, 0.7602);
    ck_assert_double_eq_tol(a.advantage, 0.3829, 0.04);
    ck_assert_double_eq_tol(a.tpr, 0.0923, 0.03);
    ck_assert_double_lt(a.tpr_interval.low, a.tpr);
    ck_assert_double_gt(a.tpr_interval.high, a.tpr);
    ck_assert_double_gt(a.epsilon, 1);

    draw(5000, 0, 4);
    a = judge(5000, 5000);
    ck_assert_double_lt(a.auc_interval.low, 0.5);
    ck_assert_double_gt(a.auc_interval.high, 0.5);
    ck_assert_double_lt(fabs(a.advantage), 0.04);
    ck_assert_double_lt(a.epsilon, 0.1);
    a = judge(5000, 99);
    ck_assert(isnan(a.tpr));
}
END_TEST

/* Randomised response: what is seen is whether somebody is in, turned round
 * with the chance that makes it private by exactly this epsilon. */
static double respond(size_t n, double epsilon, uint64_t key)
{
    const double honest = exp(epsilon) / (1 + exp(epsilon));

    for (size_t i = 0; i < n; i++) {
        const double tie = 1e-6 * tr_draw_uniform(key, 4 * i + 2);

        member[i] = tie + (tr_draw_uniform(key, 4 * i) < honest ? 0 : 1);
        other[i] = tie + (tr_draw_uniform(key, 4 * i + 1) < honest ? 1 : 0);
    }
    return judge(n, n).epsilon;
}

START_TEST(the_bound_is_below_the_truth_and_near_it)
{
    int above = 0;

    for (int i = 1; i <= 4; i++) {
        const double found = respond(MANY, i, (uint64_t)i);

        ck_assert_double_le(found, i);
        ck_assert_double_gt(found, 0.8 * i);
    }
    /* Too high in no more than 5 of 100, give or take. */
    for (uint64_t i = 0; i < 200; i++)
        above += respond(400, 1, 100 + i) > 1;
    ck_assert_int_le(above, 16);
}
END_TEST

START_TEST(nobody_to_compare_with_is_an_error)
{
    const struct tr_losses_by_person l = {member, other, 5, 1};
    struct an_arena arena;
    struct tr_audit a;

    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(tr_audit_judge(&arena, &l, 1e-5, &a, NULL), AN_MISSING);
    arena.fail_after = 0;
    ck_assert_int_eq(
        tr_audit_judge(&arena,
                       &(struct tr_losses_by_person){member, other, 5, 5}, 1e-5,
                       &a, NULL),
        AN_NOMEM);
    an_arena_free(&arena);
}
END_TEST

/* ---- models -------------------------------------------------------------- */

/* The last parameters of a fit, attacked. */
static struct tr_audit fit_and_attack(const struct tr_settings *settings)
{
    static const uint8_t key[TR_SECRET_BYTES] = {9};
    const struct tr_terms terms = {.rate_weight = (float)settings->rate_weight,
                                   .hazard_weight =
                                       (float)settings->hazard_weight,
                                   .rate_norm = 1,
                                   .hazard_norm = 1,
                                   .t_min_days = (float)settings->t_min};
    struct tr_losses_by_person l;
    struct an_arena arena;
    struct tr_cohort c;
    struct tr_audit a;
    struct tr_fit f;
    char path[64];

    openblas_set_num_threads(1);
    an_arena_init(&arena, 64 << 20);
    invent_cohort(invented_path(path), 200, 12);
    ck_assert_int_eq(tr_cohort_open(&c, path, NULL), AN_OK);
    ck_assert_int_eq(tr_fit_init(&f, &c, settings, NULL, NULL), AN_OK);
    if (f.is_private) {
        tr_secret_release(&f.privacy.secret);
        ck_assert_int_eq(tr_secret_init(&f.privacy.secret, key, NULL), AN_OK);
        ck_assert_int_eq(tr_private_start(&f.params, &c, &f.privacy, NULL),
                         AN_OK);
    }
    while (!tr_fit_done(&f))
        ck_assert_int_eq(tr_fit_step(&f, NULL), AN_OK);
    ck_assert_int_eq(
        tr_audit_losses(&arena, &c, &f.params.model, &terms, &l, NULL), AN_OK);
    ck_assert_uint_eq(l.n_members, 140);
    ck_assert_uint_eq(l.n_others, 40);
    ck_assert_int_eq(tr_audit_judge(&arena, &l, 1e-5, &a, NULL), AN_OK);
    tr_fit_release(&f);
    tr_cohort_close(&c);
    invented_remove(path);
    an_arena_free(&arena);
    return a;
}

START_TEST(a_model_that_learned_people_by_heart_leaks_and_a_private_one_not)
{
    struct tr_settings s;
    struct tr_audit a;

    tr_settings_init(&s);
    s.layers = 2;
    s.channels = 32;
    s.heads = 2;
    s.positions = 12;
    s.rank = 4;
    s.rate = 1e-2;
    s.batch_rows = 200;
    s.epochs = 60;
    s.drop = s.hide = s.decay = 0;
    s.wide_folds = 0;
    a = fit_and_attack(&s);
    ck_assert_double_gt(a.auc, 0.65);
    ck_assert_double_gt(a.auc_interval.low, 0.55);

    s.dp_epsilon = 4;
    s.dp_people = 40;
    a = fit_and_attack(&s);
    ck_assert_double_lt(a.auc_interval.low, 0.5);
    ck_assert_double_gt(a.auc_interval.high, 0.5);
    ck_assert_double_lt(a.epsilon, 4);
}
END_TEST

/* ---- the command --------------------------------------------------------- */

static int command(struct judged *j, char *out)
{
    char option[] = "--out";
    char *argv[] = {option, out, j->folder.path, j->folder.path};

    return tr_command_audit(4, argv);
}

/* fit.json of the folder, claiming less than nothing. */
static void claim(struct judged *j)
{
    static const char claimed[] =
        "{\"privacy\":{\"epsilon\":-1,\"delta\":0.001},";
    char path[TEST_PATH_BYTES], text[8192];
    struct an_str was;

    test_folder_file(&j->folder, "fit.json", path);
    ck_assert_int_eq(tr_file_map(path, &was, NULL), AN_OK);
    ck_assert_uint_lt(was.n + sizeof(claimed), sizeof(text));
    snprintf(text, sizeof(text), "%s%.*s", claimed, (int)was.n - 1, was.p + 1);
    tr_file_unmap(was);
    ck_assert_int_eq(tr_file_write(path, an_str_c(text), NULL), AN_OK);
}

static double said(struct judged *j, const char *path, const char *name)
{
    const struct an_json *root = NULL;
    double value = (double)NAN;
    struct an_str text;

    ck_assert_int_eq(tr_file_map(path, &text, NULL), AN_OK);
    ck_assert_int_eq(
        an_json_read(&j->arena, &(struct an_json_limits){0}, text, &root, NULL),
        AN_OK);
    (void)an_json_double(an_json_get(root, an_str_c(name)), &value);
    tr_file_unmap(text);
    return value;
}

/* A model that was fitted to nobody gives nobody away. */
START_TEST(the_command_says_what_it_found)
{
    const struct judged_how how = {.n = {400, 30, 300}, .end_days = 2000};
    char out[TEST_PATH_BYTES];
    struct judged j;

    judged_begin(&j);
    judged_write_data(&j, &how);
    judged_write_model(&j, NULL);
    test_folder_file(&j.folder, "audit.json", out);
    ck_assert_int_eq(command(&j, out), TR_EXIT_OK);
    ck_assert_double_eq_tol(said(&j, out, "members"), 400, 1e-9);
    ck_assert_double_eq_tol(said(&j, out, "others"), 300, 1e-9);
    ck_assert_double_eq_tol(said(&j, out, "auc"), 0.5, 0.08);
    ck_assert_double_lt(said(&j, out, "epsilon_at_least"), 0.5);
    ck_assert(isnan(said(&j, out, "epsilon_claimed")));
    claim(&j);
    ck_assert_int_eq(command(&j, out), TR_EXIT_FAILED);
    ck_assert_double_eq_tol(said(&j, out, "epsilon_claimed"), -1, 1e-9);
    judged_end(&j);
}
END_TEST

Suite *trainer_audit_suite(void)
{
    const TTest *const tests[] = {
        intervals_of_shares_are_exact,
        measures_are_those_of_two_normal_curves,
        the_bound_is_below_the_truth_and_near_it,
        nobody_to_compare_with_is_an_error,
        a_model_that_learned_people_by_heart_leaks_and_a_private_one_not,
        the_command_says_what_it_found,
    };

    return TEST_SUITE("trainer/audit", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a private fit has spent, as `anamnesis-train fit` keeps and says it. */
#include "base/json.h"
#include "tests/folder.h"
#include "tests/invented_cohort.h"
#include "tests/judged.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/file.h"
#include "trainer/fit/fit.h"
#include "trainer/package/card.h"
#include "trainer/privacy/ledger.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

Suite *trainer_budget_suite(void);

static const char *const option[][2] = {
    {"layers", "1"},     {"channels", "16"},  {"heads", "2"},
    {"positions", "6"},  {"rank", "2"},       {"epochs", "4"},
    {"dp_noise", "1.5"}, {"dp_people", "10"},
};
enum { N_OPTIONS = sizeof(option) / sizeof(*option) };

static struct an_arena arena;
static char cohort[64], out[64];

static void set_up(void)
{
    an_arena_init(&arena, 64 << 20);
    invent_cohort(invented_path(cohort), 200, 4);
    snprintf(out, sizeof(out),
             "/tmp/anamnesis-budget-"
             "XX"
             "XX"
             "XX");
    ck_assert_ptr_nonnull(mkdtemp(out));
}

static const char *in_out(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", out, name);
    return path;
}

static void tear_down(void)
{
    test_folder_drop_at(out);
    invented_remove(cohort);
    an_arena_free(&arena);
}

static int fit(bool resume, const char *noise)
{
    char text[2 * N_OPTIONS + 6][64], *argv[2 * N_OPTIONS + 6];
    int n = 0;

    for (size_t i = 0; i < N_OPTIONS; i++) {
        snprintf(text[n++], 64, "--%s", option[i][0]);
        snprintf(text[n++], 64, "%s", option[i][1]);
    }
    if (noise) {
        snprintf(text[n++], 64, "--dp-noise");
        snprintf(text[n++], 64, "%s", noise);
    }
    snprintf(text[n++], 64, "--out");
    snprintf(text[n++], 64, "%s", out);
    snprintf(text[n++], 64, "%s", resume ? "--resume" : cohort);
    if (resume)
        snprintf(text[n++], 64, "%s", cohort);
    for (int i = 0; i < n; i++)
        argv[i] = text[i];
    return tr_command_fit(n, argv);
}

static const struct an_json *record(void)
{
    const struct an_json *root = NULL;
    struct an_str text, kept;

    ck_assert_int_eq(tr_file_map(in_out("fit.json"), &text, NULL), AN_OK);
    ck_assert(an_arena_str(&arena, text, &kept));
    tr_file_unmap(text);
    ck_assert_int_eq(
        an_json_read(&arena, &(struct an_json_limits){0}, kept, &root, NULL),
        AN_OK);
    return root;
}

static double number(const struct an_json *of, const char *name)
{
    double value = (double)NAN;

    ck_assert(an_json_double(an_json_get(of, an_str_c(name)), &value));
    return value;
}

/* 140 people to train on, 10 expected in a step: 56 steps are 4 epochs. */
static void check_spent(const struct an_json *p, double steps)
{
    const struct tr_phase phase[] = {{10.0 / 140, 1.5, (int64_t)steps},
                                     {1, 10, 1}};
    const struct tr_budget b = tr_budget_of(phase, 2, 1e-5, NULL, 0);

    ck_assert_double_eq_tol(number(p, "steps"), steps, 1e-9);
    ck_assert_double_eq_tol(number(p, "epsilon"), b.epsilon, 1e-6);
    ck_assert_double_eq_tol(number(p, "order"), b.order, 1e-6);
}

START_TEST(the_record_says_what_was_spent_and_what_not_counted)
{
    const struct an_json *root, *p, *list;

    ck_assert_int_eq(fit(false, NULL), TR_EXIT_OK);
    root = record();
    ck_assert_ptr_null(an_json_get(root, AN_STR("epochs")));
    p = an_json_get(root, AN_STR("privacy"));
    check_spent(p, 56);
    ck_assert_double_eq_tol(number(p, "steps_taken"), 56, 1e-9);
    ck_assert_double_eq_tol(number(p, "delta"), 1e-5, 1e-12);
    ck_assert_double_eq_tol(number(p, "noise"), 1.5, 1e-9);
    ck_assert_double_eq_tol(number(p, "clip"), 1, 1e-9);
    ck_assert_double_eq_tol(number(p, "people"), 140, 1e-9);
    ck_assert_double_eq_tol(number(p, "sampling_rate"), 10.0 / 140, 1e-9);
    list = an_json_get(p, AN_STR("not_counted"));
    ck_assert_ptr_nonnull(an_json_at(list, 4));
    ck_assert_ptr_null(an_json_at(list, 5));
    ck_assert(an_str_starts(
        an_json_text(an_json_at(list, 0)),
        AN_STR("vocabulary, scales and features: of the training")));
    /* No loss of anybody. */
    ck_assert_ptr_null(an_json_get(root, AN_STR("tuning_loss")));
}
END_TEST

START_TEST(a_vocabulary_of_public_data_is_said_to_be_declared)
{
    struct tr_settings settings;
    const struct an_json *root = NULL, *list;
    struct tr_private p;
    struct an_json_out w;
    struct tr_cohort c;
    struct an_str text;

    tr_settings_init(&settings);
    settings.dp_noise = 1;
    settings.dp_people = 10;
    settings.dp_public = 1;
    settings.dp_start = 0;
    ck_assert_int_eq(tr_cohort_open(&c, cohort, NULL), AN_OK);
    ck_assert_int_eq(tr_private_init(&p, &c, &settings, NULL, NULL), AN_OK);
    an_out_init(&w, &arena, 1 << 16);
    an_out_object(&w);
    tr_private_write(&p, &settings, 7, 5, &w);
    an_out_end(&w);
    ck_assert_int_eq(an_out_done(&w, &text, NULL), AN_OK);
    ck_assert_int_eq(
        an_json_read(&arena, &(struct an_json_limits){0}, text, &root, NULL),
        AN_OK);
    root = an_json_get(root, AN_STR("privacy"));
    list = an_json_get(root, AN_STR("not_counted"));
    ck_assert(
        an_str_starts(an_json_text(an_json_at(list, 0)),
                      AN_STR("vocabulary, scales and features: declared")));
    ck_assert_double_eq_tol(number(root, "steps"), 7, 1e-9);
    ck_assert_double_eq_tol(number(root, "steps_taken"), 5, 1e-9);
    /* Nothing was counted at the start. */
    ck_assert_ptr_null(an_json_get(root, AN_STR("start_noise")));
    tr_private_release(&p);
    tr_cohort_close(&c);
}
END_TEST

START_TEST(a_fit_without_noise_says_nothing_of_privacy)
{
    ck_assert_int_eq(fit(false, "0"), TR_EXIT_OK);
    ck_assert_ptr_null(an_json_get(record(), AN_STR("privacy")));
    ck_assert_int_ne(access(in_out("privacy"), F_OK), 0);
}
END_TEST

/* A run that dies after `taken` steps, of which `kept` are in its checkpoint
 * and `paid` in the ledger. */
static void die(int taken, int kept, int64_t paid)
{
    struct tr_settings s;
    struct tr_cohort c;
    struct tr_fit f;

    tr_settings_init(&s);
    for (size_t i = 0; i < N_OPTIONS; i++)
        ck_assert_int_eq(tr_settings_set(&s, an_str_c(option[i][0]),
                                         an_str_c(option[i][1]), NULL),
                         AN_OK);
    ck_assert_int_eq(tr_cohort_open(&c, cohort, NULL), AN_OK);
    ck_assert_int_eq(tr_fit_init(&f, &c, &s, NULL, NULL), AN_OK);
    for (int i = 0; i < taken; i++) {
        if (i == kept)
            ck_assert_int_eq(tr_fit_save(&f, in_out("checkpoint"), NULL),
                             AN_OK);
        ck_assert_int_eq(tr_fit_step(&f, NULL), AN_OK);
    }
    ck_assert_int_eq(
        tr_ledger_write(in_out("privacy"), &f.fingerprint, paid, NULL), AN_OK);
    tr_fit_release(&f);
    tr_cohort_close(&c);
}

START_TEST(steps_that_were_lost_are_spent)
{
    const struct an_json *p;

    die(30, 20, 36);
    ck_assert_int_eq(fit(true, NULL), TR_EXIT_OK);
    p = an_json_get(record(), AN_STR("privacy"));
    /* Never more than was planned; 16 paid steps made nothing. */
    check_spent(p, 56);
    ck_assert_double_eq_tol(number(p, "steps_taken"), 40, 1e-9);
    /* Once more: it is done. */
    ck_assert_int_eq(fit(true, NULL), TR_EXIT_OK);
    p = an_json_get(record(), AN_STR("privacy"));
    ck_assert_double_eq_tol(number(p, "steps_taken"), 40, 1e-9);
}
END_TEST

START_TEST(what_was_spent_cannot_be_left_behind)
{
    struct an_str text;

    die(30, 20, 36);
    /* Begin anew in the same folder; go on with other noise. */
    ck_assert_int_eq(fit(false, NULL), TR_EXIT_FAILED);
    ck_assert_int_eq(fit(true, "1.4"), TR_EXIT_FAILED);
    /* Damaged; gone. */
    ck_assert_int_eq(tr_file_map(in_out("privacy"), &text, NULL), AN_OK);
    ck_assert_int_eq(
        tr_file_write(in_out("privacy"), an_str_sub(text, 0, text.n - 4), NULL),
        AN_OK);
    tr_file_unmap(text);
    ck_assert_int_eq(fit(true, NULL), TR_EXIT_FAILED);
    unlink(in_out("privacy"));
    ck_assert_int_eq(fit(true, NULL), TR_EXIT_FAILED);
    ck_assert_int_ne(access(in_out("fit.json"), F_OK), 0);
}
END_TEST

/* Of a truthful model, as if it had been fitted by this record. */
static struct an_str card_of(struct judged *j, struct an_str fit_json)
{
    const struct judged_how how = {.n = {40, 30, 50}, .end_days = 2000};
    const struct tr_package_how package = {.name = AN_STR("m")};
    const struct rt_support support = {.min_people = 0};
    struct tr_judgement judgement;
    struct tr_fitted fitted;
    struct tr_card made;
    struct tr_data data;
    struct an_str card;

    judged_judge(j, &how, &judgement);
    ck_assert_int_eq(tr_data_open(&data, &j->arena, j->folder.path, NULL),
                     AN_OK);
    ck_assert_int_eq(
        tr_fitted_open(&fitted, &j->arena, j->folder.path, &data, NULL), AN_OK);
    ck_assert_int_eq(an_json_read(&j->arena, &(struct an_json_limits){0},
                                  fit_json, &fitted.root, NULL),
                     AN_OK);
    ck_assert_int_eq(tr_card_make(&made, &j->arena, &data, &fitted, &judgement,
                                  &package, &support, NULL),
                     AN_OK);
    ck_assert_int_eq(tr_card_text(&made, &card, NULL), AN_OK);
    tr_fitted_close(&fitted);
    tr_data_close(&data);
    return card;
}

static bool holds(struct an_str text, const char *part)
{
    for (size_t i = 0; i < text.n; i++)
        if (an_str_starts(an_str_sub(text, i, text.n - i), an_str_c(part)))
            return true;
    return false;
}

START_TEST(a_card_says_what_was_spent)
{
    struct an_str card, text, kept;
    struct judged j;

    ck_assert_int_eq(fit(false, NULL), TR_EXIT_OK);
    ck_assert_int_eq(tr_file_map(in_out("fit.json"), &text, NULL), AN_OK);
    ck_assert(an_arena_str(&arena, text, &kept));
    tr_file_unmap(text);
    card = card_of(&j, kept);
    ck_assert(
        holds(card, "differential privacy: epsilon 2.155 at delta 1e-05"));
    ck_assert(holds(card, "56 steps, of which 56 made the model; each took "
                          "each of 140 people with the chance 0.07143."));
    ck_assert(holds(card, "Noise: 1.5 times the clip of 1."));
    ck_assert(holds(card, "Unit: a person"));
    ck_assert(
        holds(card, "- vocabulary, scales and features: of the training"));
    ck_assert(!holds(card, "when training stopped"));
    judged_end(&j);

    card = card_of(&j, AN_STR("{}"));
    ck_assert(holds(card, "without differential privacy"));
    ck_assert(holds(card, "when training stopped"));
    judged_end(&j);
}
END_TEST

START_TEST(the_ledger_is_of_one_fit)
{
    const struct an_sha256 a = {{1}}, b = {{2}};
    int64_t steps = 0;

    ck_assert_int_eq(tr_ledger_write(in_out("privacy"), &a, 123456789012, NULL),
                     AN_OK);
    ck_assert_int_eq(tr_ledger_read(in_out("privacy"), &a, &steps, NULL),
                     AN_OK);
    ck_assert_int_eq(steps, 123456789012);
    ck_assert_int_eq(tr_ledger_read(in_out("privacy"), &b, &steps, NULL),
                     AN_CONFLICT);
    ck_assert_int_eq(tr_ledger_read(in_out("none"), &a, &steps, NULL),
                     AN_NOTFOUND);
}
END_TEST

Suite *trainer_budget_suite(void)
{
    const TTest *const tests[] = {
        the_record_says_what_was_spent_and_what_not_counted,
        a_vocabulary_of_public_data_is_said_to_be_declared,
        a_fit_without_noise_says_nothing_of_privacy,
        steps_that_were_lost_are_spent,
        what_was_spent_cannot_be_left_behind,
        a_card_says_what_was_spent,
        the_ledger_is_of_one_fit,
    };

    return test_suite_around("trainer/budget", tests,
                             sizeof(tests) / sizeof(*tests), set_up, tear_down);
}

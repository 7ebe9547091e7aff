/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train evaluate, as it is called. */
#include "tests/judged.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/file.h"
#include "trainer/package/package.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

Suite *trainer_evaluate_suite(void);

static struct judged j;

static void set_up(void)
{
    judged_begin(&j);
}

static void tear_down(void)
{
    judged_end(&j);
}

/* With --predict or --out into the folder, and another word. */
static int evaluate(const char *option, const char *name, const char *more)
{
    char path[TEST_PATH_BYTES], text[TEST_PATH_BYTES + 32];
    char word[TEST_PATH_BYTES + 16];
    char model[TEST_PATH_BYTES], data[TEST_PATH_BYTES];
    char *argv[4];
    int argc = 0;

    test_folder_file(&j.folder, name, path);
    snprintf(text, sizeof(text), "%s=%s", option, path);
    snprintf(word, sizeof(word), "%s", more ? more : "");
    snprintf(model, sizeof(model), "%s", j.folder.path);
    snprintf(data, sizeof(data), "%s", j.folder.path);
    argv[argc++] = text;
    if (more)
        argv[argc++] = word;
    argv[argc++] = model;
    argv[argc++] = data;
    return tr_command_evaluate(argc, argv);
}

static struct an_str load(const char *name)
{
    char path[TEST_PATH_BYTES];
    struct an_str mapped, copy;

    test_folder_file(&j.folder, name, path);
    ck_assert_int_eq(tr_file_map(path, &mapped, NULL), AN_OK);
    ck_assert(an_arena_str(&j.arena, mapped, &copy));
    tr_file_unmap(mapped);
    return copy;
}

static bool is_there(const char *name)
{
    char path[TEST_PATH_BYTES];

    test_folder_file(&j.folder, name, path);
    return access(path, F_OK) == 0;
}

/* Each row as it has to be, the map being a line on log-odds; returns how many
 * there are. */
static size_t check_rows(struct an_str csv, const double shift[JUDGED_OUTCOMES])
{
    static const char *const id[JUDGED_OUTCOMES] = {"often", "\"a,b\"",
                                                    "death"};
    char path[TEST_PATH_BYTES];
    struct tr_cohort c;
    size_t n = 0;

    test_folder_file(&j.folder, "cohort.bin", path);
    ck_assert_int_eq(tr_cohort_open(&c, path, NULL), AN_OK);
    ck_assert(an_str_starts(csv, AN_STR("id,outcome,horizon_days,risk\n")));
    csv = an_str_sub(csv, 29, csv.n);
    for (size_t q = 0; q < c.n_queries; q++)
        for (int i = 0; i < JUDGED_OUTCOMES * JUDGED_HORIZONS; i++) {
            const int k = i / JUDGED_HORIZONS;
            const uint32_t days = judged_horizon_days[i % JUDGED_HORIZONS];
            const double p =
                judged_risk(k, c.wide + q * JUDGED_WIDE, (double)days);
            const double odds = p / (1 - p) * exp(shift[k]);
            char want[64], *end;
            double got;

            if (c.patient[q].split != TR_TEST ||
                c.follow_up[q * JUDGED_OUTCOMES + (size_t)k].to_days <= 0)
                continue;
            snprintf(want, sizeof(want), "%llu,%s,%u,",
                     (unsigned long long)c.patient[q].key, id[k], days);
            ck_assert_msg(an_str_starts(csv, an_str_c(want)), "%.60s", csv.p);
            csv = an_str_sub(csv, strlen(want), csv.n);
            got = strtod(csv.p, &end);
            ck_assert_double_eq_tol(got, odds / (1 + odds), 1e-6);
            ck_assert_int_eq(*end, '\n');
            csv = an_str_sub(csv, (size_t)(end - csv.p) + 1, csv.n);
            n++;
        }
    ck_assert_uint_eq(csv.n, 0);
    tr_cohort_close(&c);
    return n;
}

static const double no_shift[JUDGED_OUTCOMES];

START_TEST(what_a_fit_says_is_written_of_whom_is_at_risk)
{
    const struct judged_how how = {
        .n = {40, 30, 50}, .end_days = 2000, .not_at_risk = true};

    judged_write_data(&j, &how);
    judged_write_model(&j, NULL);
    ck_assert_int_eq(evaluate("--predict", "p.csv", NULL), TR_EXIT_OK);
    ck_assert_uint_eq(check_rows(load("p.csv"), no_shift), 50 * 6 - 10 * 2);
    ck_assert(!is_there("p.csv.part"));
}
END_TEST

START_TEST(patients_held_out_are_judged_without_a_comparison)
{
    const struct judged_how how = {.n = {0, 0, 60}, .end_days = 2000};
    struct an_str json;

    judged_write_data(&j, &how);
    judged_write_model(&j, NULL);
    ck_assert_int_eq(evaluate("--predict", "p.csv", NULL), TR_EXIT_OK);
    ck_assert_uint_eq(check_rows(load("p.csv"), no_shift), 60 * 6);
    ck_assert_int_eq(evaluate("--out", "e.json", NULL), TR_EXIT_OK);
    json = load("e.json");
    ck_assert_ptr_nonnull(strstr(json.p, "\"next_event\":null"));
    ck_assert_ptr_nonnull(strstr(json.p, "\"auroc\":0."));
    ck_assert_ptr_nonnull(strstr(json.p, "\"concordance\":0."));
    ck_assert_ptr_nonnull(strstr(json.p, "\"at_risk\":60"));
    ck_assert_ptr_nonnull(strstr(json.p, "\"incidence\":0."));
    ck_assert_ptr_nonnull(strstr(json.p, "\"observed_expected_95\":{\"low\":"));
    ck_assert_ptr_nonnull(strstr(json.p, "\"calibration_slope_95\":{\"low\":"));
    ck_assert_ptr_nonnull(strstr(json.p, "\"ici\":0."));
    ck_assert_ptr_nonnull(strstr(json.p, "\"net_benefit\":[{\"threshold\":0."));
    ck_assert_ptr_null(strstr(json.p, "\"regression\""));
    ck_assert_int_eq(evaluate("--predict", "p.csv", "--check"), TR_EXIT_FAILED);
}
END_TEST

/* A number of the object that follows `part`. */
static double number_after(struct an_str json, const char *part,
                           const char *name)
{
    const char *at = strstr(json.p, part);

    ck_assert_ptr_nonnull(at);
    at = strstr(at, name);
    ck_assert_ptr_nonnull(at);
    return strtod(at + strlen(name), NULL);
}

/* Of hazards that are the truth. */
static double loss_by_hand(void)
{
    const double moment = 1e-4;
    char path[TEST_PATH_BYTES];
    struct tr_cohort c;
    double loss = 0, n = 0;

    test_folder_file(&j.folder, "cohort.bin", path);
    ck_assert_int_eq(tr_cohort_open(&c, path, NULL), AN_OK);
    for (size_t q = 0; q < c.n_queries; q++) {
        if (c.patient[q].split != TR_TEST)
            continue;
        for (int k = 0; k < JUDGED_OUTCOMES; k++) {
            const struct tr_follow_up *f =
                &c.follow_up[q * JUDGED_OUTCOMES + (size_t)k];
            const double hazard =
                judged_risk(k, c.wide + q * JUDGED_WIDE, moment) / moment;

            loss += (double)(f->to_days - f->from_days) * hazard -
                    f->event * log(hazard);
        }
        n++;
    }
    tr_cohort_close(&c);
    return loss / n;
}

/* With a comparison or without, and as far as a record's end goes. */
START_TEST(losses_are_of_the_people_judged)
{
    const struct judged_how how[] = {
        {.n = {0, 0, 60}, .end_days = 2000, .not_at_risk = true},
        {.n = {200, 100, 50}, .end_days = 2000},
        {.n = {200, 100, 50}, .end_days = 2000, .n_positions = 40}};
    const double positions[] = {120, 100, TR_LOSS_POSITIONS * 50};
    struct an_str json;

    judged_write_data(&j, &how[_i]);
    judged_write_model(&j, NULL);
    ck_assert_int_eq(evaluate("--out", "e.json", NULL), TR_EXIT_OK);
    json = load("e.json");
    ck_assert_double_eq(number_after(json, "\"loss\":{", "\"questions\":"),
                        (double)how[_i].n[TR_TEST]);
    ck_assert_double_eq_tol(number_after(json, "\"loss\":{", "\"outcomes\":"),
                            loss_by_hand(), 1e-4);
    ck_assert_double_eq(number_after(json, "\"loss\":{", "\"last_positions\":"),
                        positions[_i]);
    if (_i)
        ck_assert_double_eq(
            number_after(json, "\"next_event\":{", "\"positions\":"),
            _i == 1 ? 100 : 40 * 50);
    if (_i == 1)
        ck_assert_double_eq_tol(
            number_after(json, "\"loss\":{", "\"next_event\":"),
            number_after(json, "\"next_event\":{", "\"loss\":"), 1e-5);
}
END_TEST

/* One of them is enough to make the comparison impossible. */
START_TEST(a_comparison_wants_training_and_tuning_patients)
{
    const struct judged_how how[3] = {{.n = {200, 0, 60}, .end_days = 2000},
                                      {.n = {0, 200, 60}, .end_days = 2000},
                                      {.n = {200, 100, 60}, .end_days = 2000}};
    struct an_str json;

    judged_write_data(&j, &how[_i]);
    judged_write_model(&j, NULL);
    ck_assert_int_eq(evaluate("--out", "e.json", NULL), TR_EXIT_OK);
    json = load("e.json");
    ck_assert(!strstr(json.p, "\"next_event\":null") == (_i == 2));
    ck_assert(!strstr(json.p, "\"regression\"") == (_i != 2));
}
END_TEST

START_TEST(a_package_says_what_its_calibration_makes_of_it)
{
    const struct judged_how how = {.n = {40, 30, 50}, .end_days = 2000};
    static const double shift[JUDGED_OUTCOMES] = {-1, 0, 0.5};
    struct rt_calibration map[JUDGED_OUTCOMES * JUDGED_HORIZONS];

    for (int i = 0; i < JUDGED_OUTCOMES * JUDGED_HORIZONS; i++)
        map[i] =
            (struct rt_calibration){.kind = RT_CALIBRATION_LOGISTIC,
                                    .intercept = shift[i / JUDGED_HORIZONS],
                                    .slope = 1};
    judged_write_data(&j, &how);
    judged_write_model(&j, map);
    ck_assert_int_eq(evaluate("--predict", "p.csv", NULL), TR_EXIT_OK);
    ck_assert_uint_eq(check_rows(load("p.csv"), shift), 50 * 6);
}
END_TEST

START_TEST(a_full_disk_is_an_error_and_leaves_what_was_there)
{
    const struct judged_how how = {.n = {0, 0, 600}, .end_days = 2000};
    struct rlimit before, small;
    char path[TEST_PATH_BYTES];
    int status;

    judged_write_data(&j, &how);
    judged_write_model(&j, NULL);
    test_folder_file(&j.folder, "p.csv", path);
    ck_assert_int_eq(tr_file_write(path, AN_STR("before"), NULL), AN_OK);
    ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){4096, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    status = evaluate("--predict", "p.csv", NULL);
    /* Other tests may run in this process. */
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert(signal(SIGXFSZ, SIG_DFL) != SIG_ERR);
    ck_assert_int_eq(status, TR_EXIT_FAILED);
    ck_assert_an_str_eq(load("p.csv"), "before");
    ck_assert(!is_there("p.csv.part"));
    ck_assert_int_eq(evaluate("--predict", "no/p.csv", NULL), TR_EXIT_FAILED);
    ck_assert_int_eq(evaluate("--predicted", "p.csv", NULL), TR_EXIT_USAGE);
}
END_TEST

static const char outcome_often[] =
    "id: often\ntitle: {en: Often}\nuse: Test.\nevent: {kinds: [condition], "
    "codes: [{system: icd10, prefix: \"I1\", text: T}]}\nstart: {from: now}\n"
    "exclude: {before: yes}\nhorizons_days: [200, 1000]\naudience: "
    "[clinician]\npatient: never\n";

static void write_outcome(const char *threshold)
{
    char path[TEST_PATH_BYTES], text[1024];

    test_folder_file(&j.folder, "often.yaml", path);
    (void)snprintf(text, sizeof(text), "%s%s", outcome_often, threshold);
    ck_assert_int_eq(tr_file_write(path, an_str_c(text), NULL), AN_OK);
}

/* The thresholds of an outcome's net benefit at its first horizon. */
static size_t thresholds(const char *id, double threshold[TR_THRESHOLDS],
                         double by_risk[TR_THRESHOLDS])
{
    const struct an_json *root;
    size_t n = 0;

    ck_assert_int_eq(an_json_read(&j.arena, &(struct an_json_limits){0},
                                  load("e.json"), &root, NULL),
                     AN_OK);
    for (const struct an_json *o =
             an_json_first(an_json_get(root, AN_STR("outcomes")));
         o && n == 0; o = o->next) {
        const struct an_json *list =
            an_json_get(an_json_get(o, AN_STR("model")), AN_STR("net_benefit"));

        if (!an_str_eq(an_json_text(an_json_get(o, AN_STR("id"))),
                       an_str_c(id)))
            continue;
        for (const struct an_json *e = an_json_first(list);
             e && n < TR_THRESHOLDS; e = e->next, n++) {
            ck_assert(an_json_double(an_json_get(e, AN_STR("threshold")),
                                     &threshold[n]));
            ck_assert(
                an_json_double(an_json_get(e, AN_STR("by_risk")), &by_risk[n]));
        }
    }
    return n;
}

/* Of the one that has it, and a lower threshold has more to gain. */
START_TEST(net_benefit_is_told_at_the_threshold_of_an_outcome)
{
    const struct judged_how how = {.n = {0, 0, 3000}, .end_days = 2000};
    double at[TR_THRESHOLDS], by_risk[TR_THRESHOLDS];
    char folder[TEST_PATH_BYTES + 16];

    judged_write_data(&j, &how);
    judged_write_model(&j, NULL);
    (void)snprintf(folder, sizeof(folder), "--outcomes=%s", j.folder.path);
    ck_assert_int_eq(evaluate("--out", "e.json", NULL), TR_EXIT_OK);
    ck_assert_uint_eq(thresholds("often", at, by_risk), 2);
    write_outcome("threshold: 0.0125\nreport: r\n");
    ck_assert_int_eq(evaluate("--out", "e.json", folder), TR_EXIT_OK);
    ck_assert_uint_eq(thresholds("often", at, by_risk), 3);
    ck_assert_double_eq_tol(at[2], 0.0125, 1e-9);
    ck_assert(by_risk[2] > by_risk[0] && by_risk[0] > by_risk[1]);
    ck_assert_uint_eq(thresholds("death", at, by_risk), 2);
    write_outcome("threshold: off\n");
    ck_assert_int_eq(evaluate("--out", "e.json", folder), TR_EXIT_OK);
    ck_assert_uint_eq(thresholds("often", at, by_risk), 2);
    write_outcome("threshold: 1.5\nreport: r\n");
    ck_assert_int_eq(evaluate("--out", "e.json", folder), TR_EXIT_FAILED);
    ck_assert_int_eq(evaluate("--out", "e.json", "--outcomes=/nowhere"),
                     TR_EXIT_FAILED);
}
END_TEST

/* From the fit's own shape, whatever the default is. */
START_TEST(bins_stand_in_the_manifest_of_a_package)
{
    const struct judged_how how = {.n = {40, 30, 50}, .end_days = 2000};
    const struct tr_package_how package = {.name = AN_STR("bins"),
                                           .version = AN_STR("1")};
    struct tr_fitted fitted;
    struct tr_data data;
    struct tr_judgement judgement;
    struct an_public_key key;

    judged_write_data(&j, &how);
    judged_write_model(&j, NULL);
    ck_assert_int_eq(tr_data_open(&data, &j.arena, j.folder.path, NULL), AN_OK);
    ck_assert_int_eq(
        tr_fitted_open(&fitted, &j.arena, j.folder.path, &data, NULL), AN_OK);
    ck_assert_int_eq(tr_judge(&j.arena, &data, &fitted, &judgement, NULL),
                     AN_OK);
    ck_assert_int_eq(tr_package_write(&j.arena, &data, &fitted, &judgement,
                                      &package, j.folder.path, &key, NULL),
                     AN_OK);
    ck_assert_ptr_nonnull(strstr(load("manifest.json").p,
                                 "\"bin_edge_days\":[0.000000,365.000000]"));
    /* Without a condition there is no threshold. */
    ck_assert_ptr_nonnull(strstr(load("manifest.json").p,
                                 "\"next\":{\"kinds\":[\"kind|condition\"],"
                                 "\"horizon_days\":365}"));
    ck_assert_ptr_nonnull(
        strstr(load("manifest.json").p, "\"differential\":null"));
    tr_fitted_close(&fitted);
    tr_data_close(&data);
}
END_TEST

/* Two cases of one person, the later questions first, as a data set has them
 * of whom a study begins to watch; and a person before them. */
START_TEST(the_rows_of_a_person_are_in_order_of_time)
{
    static const struct tr_patient patient[] = {
        {.key = 9, .first_position = 0, .first_query = 0, .n_queries = 2},
        {.key = 9, .first_position = 3, .first_query = 2, .n_queries = 1},
        {.key = 4, .first_position = 4, .first_query = 3, .n_queries = 1}};
    static const struct rt_position position[] = {{.time_days = 10},
                                                  {.time_days = 20},
                                                  {.time_days = 30},
                                                  {.time_days = 15},
                                                  {.time_days = 5}};
    static const struct tr_query query[] = {{1, 1}, {2, 1}, {0, 1}, {0, 1}};
    static const struct tr_follow_up follow_up[] = {
        {0, 9, 0}, {0, 9, 0}, {0, 9, 0}, {0, 9, 0}};
    static const struct tr_column column = {0, 30};
    static uint32_t row[] = {0, 1, 2, 3};
    static double p_qc[] = {0.2, 0.3, 0.15, 0.05};
    static struct tr_asked asked = {.id = AN_STR_INIT("o")};
    const struct tr_data d = {.cohort = {.sizes = {.outcomes = 1},
                                         .patient = patient,
                                         .position = position,
                                         .query = query,
                                         .follow_up = follow_up,
                                         .n_patients = 3},
                              .asked = &asked};
    const struct tr_predicted p = {
        .column = &column, .n_columns = 1, .row = row, .p_qc = p_qc, .n = 4};
    const struct tr_fitted fitted = {.is_package = false};
    struct an_arena arena;
    struct an_str text;

    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(tr_predicted_csv(&arena, &d, &fitted, &p, &text, NULL),
                     AN_OK);
    ck_assert_str_eq(text.p, "id,outcome,horizon_days,risk\n"
                             "4,o,30,0.05\n"
                             "9,o,30,0.15\n"
                             "9,o,30,0.2\n"
                             "9,o,30,0.3\n");
    an_arena_free(&arena);
}
END_TEST

Suite *trainer_evaluate_suite(void)
{
    const TTest *const tests[] = {
        what_a_fit_says_is_written_of_whom_is_at_risk,
        patients_held_out_are_judged_without_a_comparison,
        a_package_says_what_its_calibration_makes_of_it,
        a_full_disk_is_an_error_and_leaves_what_was_there,
        net_benefit_is_told_at_the_threshold_of_an_outcome,
        bins_stand_in_the_manifest_of_a_package,
        the_rows_of_a_person_are_in_order_of_time,
    };
    Suite *s =
        test_suite_around("trainer/evaluate", tests,
                          sizeof(tests) / sizeof(tests[0]), set_up, tear_down);
    TCase *tc = tcase_create("splits");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, a_comparison_wants_training_and_tuning_patients, 0,
                        3);
    tcase_add_loop_test(tc, losses_are_of_the_people_judged, 0, 3);
    suite_add_tcase(s, tc);
    return s;
}

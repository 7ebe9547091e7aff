/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train sample, and what it is made of. */
#include "base/hash.h"
#include "base/json_out.h"
#include "runtime/manifest.h"
#include "runtime/risk.h"
#include "runtime/safetensors.h"
#include "tests/folder.h"
#include "tests/model_random.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/dataset/cohort.h"
#include "trainer/dataset/outcomes.h"
#include "trainer/evaluate/futures.h"
#include "trainer/file.h"
#include "trainer/fit/params.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

Suite *trainer_sample_suite(void);

enum { TARGETS = 3, VOCAB = 4, OUTCOMES = 2, MANY = 20000, EVENTS = 16 };

static const char vocabulary[] =
    "{\"vocabulary\": {\"concepts\": ["
    "{\"key\": \"http://hl7.org/fhir/sid/icd-10-cm|I63.9\","
    " \"parents\": [\"kind|condition\"], \"seen\": 9, \"once\": true,"
    " \"display\": \"Stroke\"},"
    "{\"key\": \"encounter|admission-IMP\", \"parents\": [], \"seen\": 9},"
    "{\"key\": \"http://loinc.org|718-7\", \"parents\": [], \"seen\": 9},"
    "{\"key\": \"kind|condition\", \"parents\": [], \"seen\": 9}],"
    "\"targets\": 3, \"values\": [], \"same\": [], \"under\": []},"
    "\"wide\": [], \"outcomes\": ["
    "{\"id\": \"death\", \"start\": \"now\", \"horizons_days\": [365]},"
    "{\"id\": \"stroke\", \"start\": \"now\", \"horizons_days\": [365]}]}";

static const char *const yaml[] = {
    "id: death\ntitle: {en: Death}\nuse: For a test.\n"
    "event: {kinds: [death]}\nstart: {from: now, gap_days: 0}\n"
    "exclude: {before: yes}\nhorizons_days: [365]\naudience: [clinician]\n"
    "patient: never\nthreshold: off\n",
    "id: stroke\ntitle: {en: Stroke}\nuse: For a test.\n"
    "event:\n  kinds: [condition]\n  codes:\n"
    "    - {system: icd10, prefix: \"I63\", text: \"Cerebral infarction\"}\n"
    "start: {from: now, gap_days: 0}\nexclude: {before: yes}\n"
    "horizons_days: [365]\naudience: [clinician]\npatient: never\n"
    "threshold: off\n"};

static struct test_folder folder;
static struct an_arena arena;

static void put(const char *name, struct an_str bytes)
{
    char path[TEST_PATH_BYTES];

    test_folder_file(&folder, name, path);
    ck_assert_int_eq(tr_file_write(path, bytes, NULL), AN_OK);
}

static void set_up(void)
{
    test_folder_make(&folder);
    an_arena_init(&arena, 256 << 20);
    put("vocabulary.json", an_str_c(vocabulary));
    put("death.yaml", an_str_c(yaml[0]));
    put("stroke.yaml", an_str_c(yaml[1]));
}

static void tear_down(void)
{
    an_arena_free(&arena);
    test_folder_drop(&folder);
}

/* Four test patients, of whom the third is never asked about. */
static void write_cohort(const struct an_sha256 *hash)
{
    struct tr_cohort_sizes sizes = {.vocab = VOCAB,
                                    .targets = TARGETS,
                                    .flags = RT_N_FLAGS,
                                    .outcomes = OUTCOMES,
                                    .death = 0};
    const struct rt_position position = {.age_days = 20000,
                                         .since_admission_days = -1};
    const struct tr_query query = {0, 1};
    const struct tr_follow_up follow_up[OUTCOMES] = {{0, 500, 0}, {0, 0, 0}};
    struct tr_cohort_writer w;
    char path[TEST_PATH_BYTES];

    memcpy(sizes.vocabulary_sha256, hash->b, sizeof(hash->b));
    tr_cohort_writer_init(&w, &sizes);
    for (uint64_t key = 1; key <= 4; key++) {
        const struct tr_cohort_one one = {.key = 100 + key,
                                          .split = TR_TEST,
                                          .history = {&position, 1, NULL, 0},
                                          .end_days = 500,
                                          .query = &query,
                                          .follow_up = follow_up,
                                          .n_queries = key != 3};

        ck_assert_int_eq(tr_cohort_add(&w, &one, NULL), AN_OK);
    }
    test_folder_file(&folder, "cohort.bin", path);
    ck_assert_int_eq(tr_cohort_write(&w, path, NULL), AN_OK);
    tr_cohort_writer_release(&w);
}

static void write_all(void)
{
    const struct rt_shape shape = {.vocab = VOCAB,
                                   .targets = TARGETS,
                                   .channels = 4,
                                   .heads = 1,
                                   .positions = 128,
                                   .flags = RT_N_FLAGS,
                                   .rate_bias = 1,
                                   .outcomes = OUTCOMES,
                                   .bins = 1};
    char hex[AN_SHA256_HEX + 1];
    struct an_sha256 hash;
    struct tr_params p;
    struct an_json_out w;
    struct an_str bytes;

    ck_assert_int_eq(an_sha256(an_str_c(vocabulary), &hash, NULL), AN_OK);
    write_cohort(&hash);
    ck_assert_int_eq(tr_params_init(&p, &shape, NULL), AN_OK);
    for (uint64_t v = 0; v < TARGETS; v++)
        p.value[p.tensor[RT_W_rate_bias].first + v] = logf(0.002F);
    for (uint64_t k = 0; k < OUTCOMES; k++)
        p.value[p.tensor[RT_W_hazard_bias].first + k] = logf(0.001F);
    ck_assert_int_eq(
        rt_safetensors_write(&arena, &shape, p.value, &bytes, NULL), AN_OK);
    put("model.safetensors", bytes);
    tr_params_release(&p);
    an_hex_print(hash.b, sizeof(hash.b), hex);
    an_out_init(&w, &arena, 1 << 20);
    an_out_object(&w);
    rt_shape_write(&w, &shape);
    an_out_key_str(&w, "vocabulary_sha256", an_str_c(hex));
    an_out_end(&w);
    ck_assert_int_eq(an_out_done(&w, &bytes, NULL), AN_OK);
    put("fit.json", bytes);
}

/* Words apart by blanks, and the folders; what is printed. */
static int call(const char *line, struct an_str *printed)
{
    char text[512], model[TEST_PATH_BYTES], outcomes[TEST_PATH_BYTES + 16];
    char data[TEST_PATH_BYTES], path[TEST_PATH_BYTES], *argv[24], *rest = text;
    struct an_str mapped;
    int argc = 0, out, status;

    snprintf(text, sizeof(text), "%s", line);
    snprintf(model, sizeof(model), "%s", folder.path);
    snprintf(data, sizeof(data), "%s", folder.path);
    snprintf(outcomes, sizeof(outcomes), "--outcomes=%s", folder.path);
    for (char *w = strtok_r(text, " ", &rest); w;
         w = strtok_r(NULL, " ", &rest))
        argv[argc++] = w;
    argv[argc++] = outcomes;
    argv[argc++] = model;
    argv[argc++] = data;
    test_folder_file(&folder, "printed", path);
    fflush(stdout);
    out = dup(STDOUT_FILENO);
    ck_assert_ptr_nonnull(freopen(path, "w", stdout));
    status = tr_command_sample(argc, argv);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    ck_assert_int_eq(tr_file_map(path, &mapped, NULL), AN_OK);
    ck_assert(an_arena_str(&arena, mapped, printed));
    tr_file_unmap(mapped);
    return status;
}

START_TEST(prints_shares_beside_risks)
{
    struct an_str printed, again;
    const char *stroke;
    double share, low, high;

    write_all();
    ck_assert_int_eq(call("--first 3 --futures 2000 --seed 5", &printed),
                     TR_EXIT_OK);
    ck_assert_ptr_nonnull(
        strstr(printed.p, "patient 101, aged 54.8, asked at"));
    ck_assert_ptr_nonnull(strstr(printed.p, "patient 102, "));
    ck_assert_ptr_null(strstr(printed.p, "patient 103, "));
    ck_assert_ptr_nonnull(strstr(printed.p, "patient 104, "));
    /* 0.306 is 1 - exp(-0.365); no code is death. */
    ck_assert_ptr_nonnull(strstr(
        printed.p, "  death                       0  -                     "
                   "      -   0.306\n"));
    stroke = strstr(printed.p, "  stroke                      1  ");
    ck_assert_ptr_nonnull(stroke);
    ck_assert_int_eq(sscanf(stroke, " stroke 1 %lf (%lf-%lf) 0       -\n",
                            &share, &low, &high),
                     3);
    /* Once, with death competing: 0.002 / 0.003 (1 - exp(-1.095)). */
    ck_assert_double_eq_tol(share, 0.44365, 0.045);
    ck_assert(low < share && share < high);
    ck_assert_ptr_nonnull(strstr(printed.p, "I63.9  Stroke\n"));
    ck_assert_int_eq(call("--first 3 --futures 2000 --seed 5", &again),
                     TR_EXIT_OK);
    ck_assert(an_str_eq(printed, again));
    ck_assert_int_eq(call("--patient 104 --futures 10 --show 0", &printed),
                     TR_EXIT_OK);
    ck_assert(an_str_starts(printed, AN_STR("patient 104, ")));
    ck_assert_ptr_null(strstr(printed.p, "future 1\n"));
}
END_TEST

START_TEST(a_concept_can_stop_instead_of_the_risk_of_death)
{
    struct an_str printed;

    write_all();
    ck_assert_int_eq(call("--patient 101 --days 36500 --stop "
                          "encounter|admission-IMP",
                          &printed),
                     TR_EXIT_OK);
    ck_assert_ptr_nonnull(strstr(
        printed.p, "  0 reach the last day, 100 end with death before, 0 are"));
    ck_assert_int_eq(call("--patient 101 --days 36500 --no-repeat --stop "
                          "http://loinc.org|718-7 --t-min 1.5",
                          &printed),
                     TR_EXIT_OK);
}
END_TEST

START_TEST(refuses_what_it_cannot_sample)
{
    static const struct {
        const char *line;
        int status;
    } wrong[] = {{"", TR_EXIT_USAGE},
                 {"--first 1 --patient 101", TR_EXIT_USAGE},
                 {"--first 0", TR_EXIT_USAGE},
                 {"--first 1 --days 0", TR_EXIT_USAGE},
                 {"--first 1 --days 1x", TR_EXIT_USAGE},
                 {"--first 1 --futures 2000000", TR_EXIT_USAGE},
                 {"--first 1 --t-min -1", TR_EXIT_USAGE},
                 {"--first 1 --t-min nan", TR_EXIT_USAGE},
                 {"--first 1 --whatever 1", TR_EXIT_USAGE},
                 {"--patient 7", TR_EXIT_FAILED},
                 {"--patient 103", TR_EXIT_FAILED},
                 {"--first 1 --stop kind|condition", TR_EXIT_FAILED},
                 {"--first 1 --stop no|such", TR_EXIT_FAILED}};
    struct an_str printed;

    write_all();
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_msg(call(wrong[i].line, &printed) == wrong[i].status, "%s",
                      wrong[i].line);
}
END_TEST

START_TEST(rows_of_an_outcome_are_found_by_kind_and_code)
{
    const struct an_json *root;
    struct rt_vocabulary v;
    struct tr_outcomes o;
    uint8_t set_v[TARGETS];

    put("x-admission.yaml",
        AN_STR("id: admission\ntitle: {en: Admission}\nuse: For a test.\n"
               "event:\n  kinds: [admission]\n  codes:\n"
               "    - {system: class, code: \"IMP\", text: \"inpatient\"}\n"
               "start: {from: now, gap_days: 0}\nexclude: {before: no}\n"
               "horizons_days: [365]\naudience: [clinician]\npatient: never\n"
               "threshold: off\n"));
    ck_assert_int_eq(tr_outcomes_read(&arena, folder.path, &o, NULL), AN_OK);
    ck_assert_uint_eq(o.n, 3);
    ck_assert_int_eq(an_json_read(&arena, &(struct an_json_limits){0},
                                  an_str_c(vocabulary), &root, NULL),
                     AN_OK);
    ck_assert_int_eq(rt_vocabulary_read(&arena,
                                        an_json_get(root, AN_STR("vocabulary")),
                                        &v, NULL),
                     AN_OK);
    ck_assert_uint_eq(tr_outcome_rows(&o.outcome[0], &v, set_v), 0);
    ck_assert_uint_eq(tr_outcome_rows(&o.outcome[1], &v, set_v), 1);
    ck_assert(set_v[0] && !set_v[1] && !set_v[2]);
    ck_assert_uint_eq(tr_outcome_rows(&o.outcome[2], &v, set_v), 1);
    ck_assert(!set_v[0] && set_v[1] && !set_v[2]);
}
END_TEST

/* Two outcomes in three bins, and futures with an event each tenth day: who
 * dies has none later, and dies as often as the hazards say. */
START_TEST(deaths_come_as_often_as_the_risk_says)
{
    const struct rt_shape s = {
        .outcomes = 2, .bins = 3, .death = 1, .bin_edge_days = {0, 30, 90}};
    const float log_hazard[6] = {0,           0, 0, logf(0.01F), logf(0.001F),
                                 logf(0.004F)};
    const struct rt_rollout_how how = {.seed = 3, .max_events = EVENTS};
    const double day[] = {20, 60, 150};
    struct rt_future *f = an_arena_get(&arena, MANY, sizeof(*f));
    struct rt_future_event *e =
        an_arena_get(&arena, (size_t)MANY * EVENTS, sizeof(*e));
    size_t n_dead[3] = {0};

    for (size_t i = 0; i < MANY; i++) {
        f[i] = (struct rt_future){EVENTS, RT_FUTURE_HORIZON, 200};
        for (size_t k = 0; k < EVENTS; k++)
            e[i * EVENTS + k].after_days = (double)(10 * (k + 1));
    }
    tr_futures_die(&s, log_hazard, 1, &how, f, e, MANY);
    for (size_t i = 0; i < MANY; i++) {
        const bool dies = f[i].end == RT_FUTURE_STOPPED;

        ck_assert_double_eq(f[i].n_events,
                            dies ? fmin(floor(f[i].end_days / 10), EVENTS)
                                 : EVENTS);
        for (int k = 0; k < 3; k++)
            n_dead[k] += dies && f[i].end_days <= day[k];
    }
    for (int k = 0; k < 3; k++) {
        const double p = rt_risk(&s, log_hazard, 1, day[k]);

        ck_assert_double_eq_tol((double)n_dead[k] / MANY, p,
                                4 * sqrt(p * (1 - p) / MANY));
    }
}
END_TEST

Suite *trainer_sample_suite(void)
{
    const TTest *const test[] = {
        prints_shares_beside_risks,
        a_concept_can_stop_instead_of_the_risk_of_death,
        refuses_what_it_cannot_sample,
        rows_of_an_outcome_are_found_by_kind_and_code,
        deaths_come_as_often_as_the_risk_says,
    };

    return test_suite_around("trainer/sample", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

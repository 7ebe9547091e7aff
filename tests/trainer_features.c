/* SPDX-License-Identifier: Apache-2.0 */
/* Which facts the wide branch gets, plain and rich. */
#include "tests/folder.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/dataset/features.h"
#include "trainer/file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

Suite *trainer_features_suite(void);

enum {
    N_CONDITIONS = 30,
    N_VALUES = 20,
    N_MEDICINES = 10,
    VALUE = N_CONDITIONS,
    MEDICINE = VALUE + N_VALUES,
    KIND = MEDICINE + N_MEDICINES,
    VOCABULARY_BYTES = 1 << 16,
    N_PEOPLE = 40
};

static struct an_arena arena;
static struct test_folder folder;

static void set_up(void)
{
    an_arena_init(&arena, 64 << 20);
    test_folder_make(&folder);
}

static void tear_down(void)
{
    test_folder_drop(&folder);
    an_arena_free(&arena);
}

/* More of each kind than are taken. */
static void read_vocabulary(struct rt_vocabulary *v)
{
    static char text[VOCABULARY_BYTES];
    static const struct {
        const char *name, *kind;
        int n;
    } part[] = {{"condition", "kind|condition", N_CONDITIONS},
                {"value", "kind|observation", N_VALUES},
                {"medicine", "kind|medication", N_MEDICINES}};
    const struct an_json *root;
    int n = snprintf(text, sizeof(text), "{\"concepts\": [");

    for (size_t p = 0; p < 3; p++)
        for (int i = 0; i < part[p].n; i++)
            n += snprintf(text + n, sizeof(text) - (size_t)n,
                          "{\"key\": \"%s|%02d\", \"parents\": [\"%s\"]}, ",
                          part[p].name, i, part[p].kind);
    n += snprintf(text + n, sizeof(text) - (size_t)n,
                  "{\"key\": \"kind|condition\"}, {\"key\": "
                  "\"kind|observation\"}, {\"key\": \"kind|medication\"}], "
                  "\"targets\": 3, \"values\": [");
    for (int i = 0; i < N_VALUES; i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n,
                      "%s{\"key\": \"value|%02d\", \"unit\": \"1\", \"log\": "
                      "false, \"mean\": 0, \"sd\": 1}",
                      i ? ", " : "", i);
    snprintf(text + n, sizeof(text) - (size_t)n, "]}");
    ck_assert_int_eq(an_json_read(&arena, &(struct an_json_limits){0},
                                  an_str_c(text), &root, NULL),
                     AN_OK);
    ck_assert_int_eq(rt_vocabulary_read(&arena, root, v, NULL), AN_OK);
}

static struct rt_item item_of(int32_t row, int person, int position)
{
    const bool is_value = row >= VALUE && row < MEDICINE;
    const int32_t kind = row < VALUE ? KIND : is_value ? KIND + 1 : KIND + 2;

    return (struct rt_item){
        .concept = row,
        .parent = {kind, RT_NO_ROW, RT_NO_ROW, RT_NO_ROW},
        .value_row = is_value ? row - VALUE : RT_NO_ROW,
        .value_z =
            is_value ? (float)((person * 7 + position * 3 + row) % 5) - 2 : 0};
}

/* Three moments, at each half of the concepts: which half, depends on the
 * person, so that every fact varies. */
static struct tr_case person(int i)
{
    struct rt_position *p = an_arena_get(&arena, 3, sizeof(*p));
    struct rt_item *item =
        an_arena_get(&arena, (size_t)(3 * KIND), sizeof(*item));
    struct tr_query *q = an_arena_get(&arena, 2, sizeof(*q));
    size_t n = 0;

    for (int at = 0; at < 3; at++) {
        p[at] = (struct rt_position){.time_days = at * (20 + 5 * i),
                                     .age_days = (float)(10000 + 300 * i + at),
                                     .since_admission_days = -1,
                                     .first_item = (uint32_t)n};
        for (int32_t row = 0; row < KIND; row++)
            if ((row * 5 + i * 3 + at * at) % 7 < 3)
                item[n++] = item_of(row, i, at);
        p[at].n_items = (uint32_t)n - p[at].first_item;
    }
    q[0] = (struct tr_query){1, 1};
    q[1] = (struct tr_query){2, 1};
    return (struct tr_case){.key = (uint64_t)i + 1,
                            .split = TR_TRAIN,
                            .history = {p, 3, item, n},
                            .labels = {.query = q, .n_queries = 2}};
}

static size_t count_of(const struct tr_features *f, enum rt_feature_kind kind,
                       int32_t from, int32_t to)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        n += f->feature[i].kind == kind && f->feature[i].row >= from &&
             f->feature[i].row < to;
    return n;
}

static void choose(const struct rt_vocabulary *v, bool rich,
                   struct tr_features *f)
{
    struct tr_case one[N_PEOPLE];

    for (int i = 0; i < N_PEOPLE; i++)
        one[i] = person(i);
    ck_assert_int_eq(
        tr_features_choose(&arena, v, one, N_PEOPLE, rich, f, NULL), AN_OK);
}

START_TEST(rich_facts_are_those_of_what_is_common)
{
    struct tr_features plain, rich;
    struct rt_vocabulary v;

    read_vocabulary(&v);
    choose(&v, false, &plain);
    choose(&v, true, &rich);
    ck_assert_uint_eq(plain.n, 3 + 24 + 8 + 2 * 12);
    ck_assert_uint_eq(rich.n, plain.n + 2 * 24 + 5 * 12);
    ck_assert_uint_eq(count_of(&plain, RT_FEATURE_COUNT, 0, KIND), 0);
    ck_assert_uint_eq(count_of(&rich, RT_FEATURE_EVER, 0, VALUE), 24);
    ck_assert_uint_eq(count_of(&rich, RT_FEATURE_RECENT, 0, VALUE), 24);
    ck_assert_uint_eq(count_of(&rich, RT_FEATURE_COUNT, 0, VALUE), 24);
    for (int kind = 0; kind <= RT_FEATURE_HIGHEST; kind++) {
        const bool of_value =
            kind == RT_FEATURE_RECENT || kind == RT_FEATURE_LAST ||
            kind == RT_FEATURE_MEASURED || kind == RT_FEATURE_COUNT ||
            kind == RT_FEATURE_MEAN || kind == RT_FEATURE_LOWEST ||
            kind == RT_FEATURE_HIGHEST;

        ck_assert_uint_eq(
            count_of(&rich, (enum rt_feature_kind)kind, VALUE, MEDICINE),
            of_value ? 12 : 0);
    }
    ck_assert_uint_eq(count_of(&rich, RT_FEATURE_RECENT, MEDICINE, KIND), 0);
}
END_TEST

/* Standardised over the questions: mean 0, spread 1. */
START_TEST(rich_facts_are_standardised_and_read_again)
{
    struct rt_vocabulary v;
    struct tr_features f;
    const struct rt_feature *again;
    const struct an_json *root;
    struct an_json_out w;
    struct an_str text;
    double sum[192] = {0}, square[192] = {0};
    size_t n;

    read_vocabulary(&v);
    choose(&v, true, &f);
    an_out_init(&w, &arena, 1 << 20);
    tr_features_write(&f, &v, &w);
    ck_assert_int_eq(an_out_done(&w, &text, NULL), AN_OK);
    ck_assert_int_eq(
        an_json_read(&arena, &(struct an_json_limits){0}, text, &root, NULL),
        AN_OK);
    ck_assert_int_eq(rt_wide_read(&arena, root, &v, &again, &n, NULL), AN_OK);
    ck_assert_uint_eq(n, f.n);
    for (int i = 0; i < N_PEOPLE; i++) {
        const struct tr_case one = person(i);
        float x[192];

        for (size_t q = 0; q < 2; q++) {
            rt_wide(again, n, &one.history, one.labels.query[q].position, x);
            for (size_t k = 0; k < n; k++) {
                sum[k] += (double)x[k] / (2 * N_PEOPLE);
                square[k] += (double)(x[k] * x[k]) / (2 * N_PEOPLE);
            }
        }
    }
    for (size_t k = 0; k < n; k++)
        if (again[k].kind != RT_FEATURE_AGE_SQUARE) {
            ck_assert_double_eq_tol(sum[k], 0, 1e-4);
            ck_assert_double_eq_tol(square[k], 1, 1e-3);
        }
}
END_TEST

static void write_inputs(void)
{
    static char text[64 * 1024];
    static const char death[] =
        "id: death\ntitle: {en: Death}\nuse: Test.\n"
        "event: {kinds: [death]}\nstart: {from: now, gap_days: 0}\n"
        "exclude: {before: yes}\nhorizons_days: [365]\n"
        "audience: [clinician]\npatient: never\nthreshold: off\n";
    char path[TEST_PATH_BYTES];
    int n = 0;

    for (int i = 0; i < N_PEOPLE; i++) {
        n += snprintf(text + n, sizeof(text) - (size_t)n,
                      "{\"resourceType\":\"Patient\",\"id\":\"p%d\","
                      "\"gender\":\"male\",\"birthDate\":\"194%d-01-02\"}\n",
                      i, i % 10);
        n += snprintf(text + n, sizeof(text) - (size_t)n,
                      "{\"resourceType\":\"Condition\",\"id\":\"c%d\","
                      "\"code\":{\"coding\":[{\"system\":"
                      "\"http://snomed.info/sct\",\"code\":\"38341003\"}]},"
                      "\"subject\":{\"reference\":\"Patient/p%d\"},"
                      "\"recordedDate\":\"201%d-02-01T09:00:00Z\"}\n",
                      i, i, i % 3);
        for (int k = 0; k < 2; k++)
            n += snprintf(text + n, sizeof(text) - (size_t)n,
                          "{\"resourceType\":\"Observation\",\"id\":\"o%d-%d\","
                          "\"status\":\"final\",\"code\":{\"coding\":[{"
                          "\"system\":\"http://loinc.org\",\"code\":\"2160-0\"}"
                          "]},\"subject\":{\"reference\":\"Patient/p%d\"},"
                          "\"effectiveDateTime\":\"201%d-03-01T08:00:00Z\","
                          "\"valueQuantity\":{\"value\":1.%d,\"unit\":"
                          "\"mg/dL\",\"code\":\"mg/dL\"}}\n",
                          i, k, i, k, (3 * i + k) % 10);
    }
    test_folder_file(&folder, "people.ndjson", path);
    ck_assert_int_eq(
        tr_file_write(path, (struct an_str){text, (size_t)n}, NULL), AN_OK);
    test_folder_file(&folder, "death.yaml", path);
    ck_assert_int_eq(tr_file_write(path, an_str_c(death), NULL), AN_OK);
    test_folder_file(&folder, "concepts.tsv", path);
    ck_assert_int_eq(tr_file_write(path, AN_STR(""), NULL), AN_OK);
}

/* Whether what `dataset` wrote has a lowest value. */
static bool has_rich(bool asked)
{
    char text[6][TEST_PATH_BYTES + 64], path[TEST_PATH_BYTES];
    char *argv[] = {text[0], text[1], text[2], text[3], text[4], text[5]};
    struct an_str mapped, copy;

    snprintf(text[0], sizeof(text[0]), "--out=%s", folder.path);
    snprintf(text[1], sizeof(text[1]), "--outcomes=%s", folder.path);
    snprintf(text[2], sizeof(text[2]), "--concepts=%s/concepts.tsv",
             folder.path);
    snprintf(text[3], sizeof(text[3]), "%s/people.ndjson", folder.path);
    snprintf(text[4], sizeof(text[4]), "--seed=7");
    snprintf(text[5], sizeof(text[5]), "--rich-features");
    ck_assert_int_eq(tr_command_dataset(asked ? 6 : 5, argv), TR_EXIT_OK);
    test_folder_file(&folder, "vocabulary.json", path);
    ck_assert_int_eq(tr_file_map(path, &mapped, NULL), AN_OK);
    ck_assert(an_arena_str(&arena, mapped, &copy));
    tr_file_unmap(mapped);
    return strstr(copy.p, "\"what\":\"lowest\"") != NULL;
}

START_TEST(rich_facts_come_only_when_asked_for)
{
    write_inputs();
    ck_assert(!has_rich(false));
    ck_assert(has_rich(true));
}
END_TEST

Suite *trainer_features_suite(void)
{
    const TTest *const tests[] = {rich_facts_are_those_of_what_is_common,
                                  rich_facts_are_standardised_and_read_again,
                                  rich_facts_come_only_when_asked_for};

    return test_suite_around("trainer/features", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}

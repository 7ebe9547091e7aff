/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets of public studies, to be scored person by person: their own
 * numbers kept, folds by number, the vocabulary of another data set. */
#include "tests/studied.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/data.h"
#include "trainer/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

Suite *trainer_dataset_share_suite(void);

/* ---- files --------------------------------------------------------------------- */

static const char *const files[] = {"cohort.bin", "vocabulary.json",
                                    "report.json", "report.txt"};

/* A folder in the test's. */
static void folder_at(const char *name, char path[TEST_PATH_BYTES])
{
    test_folder_file(&studied_folder, name, path);
    ck_assert(mkdir(path, 0700) == 0);
}

static struct an_str load(const char *path, const char *name)
{
    char at[TEST_PATH_BYTES + 32];
    struct an_str mapped, copy;

    snprintf(at, sizeof(at), "%s/%s", path, name);
    ck_assert_int_eq(tr_file_map(at, &mapped, NULL), AN_OK);
    ck_assert(an_arena_str(&studied_arena, mapped, &copy));
    tr_file_unmap(mapped);
    return copy;
}

static bool holds(struct an_str all, const char *part)
{
    const size_t n = strlen(part);

    for (size_t i = 0; i + n <= all.n; i++)
        if (memcmp(all.p + i, part, n) == 0)
            return true;
    return false;
}

static void write_at(struct studied *m, const char *path)
{
    ck_assert_int_eq(tr_dataset_write(&studied_arena, &m->d, &m->people,
                                      &m->outcomes, path, &m->err),
                     AN_OK);
}

/* ---- the numbers of a study ------------------------------------------------------ */

static void begin_kept(struct studied *m, bool (*wanted)(int))
{
    studied_begin(m, wanted);
    m->how.has_seed = false;
    m->how.keep_ids = true;
}

START_TEST(kept_ids_are_the_keys_and_the_same_bytes_come_without_a_seed)
{
    struct an_str once[4];
    char path[TEST_PATH_BYTES];

    folder_at("kept", path);
    for (int k = 0; k < 2; k++) {
        struct studied m;
        size_t n = 0;

        begin_kept(&m, NULL);
        ck_assert_int_eq(studied_make(&m), AN_OK);
        for (size_t c = 0; c < m.d.n; c++) {
            ck_assert(c == 0 || m.d.one[c].key >= m.d.one[c - 1].key);
            if (c && m.d.one[c].key == m.d.one[c - 1].key)
                continue;
            ck_assert_uint_eq(m.d.one[c].key, studied_number((int)n));
            n++;
        }
        ck_assert_uint_eq(n, N_STUDIED);
        write_at(&m, path);
        for (int f = 0; f < 4; f++) {
            const struct an_str bytes = load(path, files[f]);

            ck_assert(k == 0 || an_str_eq(bytes, once[f]));
            once[f] = bytes;
        }
        tr_people_release(&m.people);
    }
    ck_assert(holds(once[2], "\"ids\":\"kept\""));
    ck_assert(holds(once[3], "ids KEPT"));
    test_folder_drop_at(path);
}
END_TEST

START_TEST(without_it_ids_are_left_out_and_the_report_says_so)
{
    struct studied m;
    struct an_str json, text;

    studied_begin(&m, NULL);
    ck_assert_int_eq(studied_make(&m), AN_OK);
    for (size_t c = 0; c < m.d.n; c++)
        ck_assert_uint_gt(m.d.one[c].key, studied_number(N_STUDIED));
    ck_assert_int_eq(tr_dataset_report(&studied_arena, &m.d, &m.people,
                                       &m.outcomes, &json, &text, &m.err),
                     AN_OK);
    ck_assert(holds(json, "\"ids\":\"left out\"") &&
              holds(text, "ids left out"));
    tr_people_release(&m.people);
}
END_TEST

static const char patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"birthDate\":\"1950-01-01\"}";

START_TEST(ids_of_who_is_in_no_study_are_not_kept)
{
    struct studied m;

    begin_kept(&m, NULL);
    ck_assert_int_eq(tr_people_take(&m.people, an_str_c(patient), &m.err),
                     AN_OK);
    ck_assert_int_eq(tr_people_gather(&m.people, &m.err), AN_OK);
    ck_assert_int_eq(studied_make(&m), AN_UNSUPPORTED);
    tr_people_release(&m.people);
}
END_TEST

static bool nobody(int i)
{
    return i < 0;
}

START_TEST(a_cohort_of_nobody_is_refused)
{
    struct studied m;

    begin_kept(&m, nobody);
    ck_assert_int_eq(studied_make(&m), AN_MISSING);
    ck_assert_str_eq(m.err.what, "nobody is in what was read");
    tr_people_release(&m.people);
}
END_TEST

/* ---- folds ---------------------------------------------------------------------- */

/* Their numbers all leave the same remainder by 3, as of a file that was cut. */
START_TEST(a_fold_is_tested_on_and_the_others_train_and_tune)
{
    size_t tested[N_STUDIED] = {0};

    for (uint32_t fold = 0; fold < 3; fold++) {
        struct studied m;

        begin_kept(&m, NULL);
        m.how.fold = fold;
        m.how.n_folds = 3;
        m.how.share[TR_TRAIN] = 1;
        m.how.share[TR_TUNE] = 1;
        m.how.share[TR_TEST] = 1000; /* counts for nothing */
        ck_assert_int_eq(studied_make(&m), AN_OK);
        for (int s = 0; s < TR_N_SPLITS; s++)
            ck_assert_uint_gt(m.d.counts.patients[s], N_STUDIED / 5);
        for (size_t c = 0; c < m.d.n; c++) {
            const struct tr_case *one = &m.d.one[c];
            const bool first = c == 0 || one[-1].key != one->key;

            ck_assert_uint_eq(one->split == TR_TEST, one->key / 3 % 3 == fold);
            ck_assert(first || one[-1].split == one->split);
            tested[(one->key - studied_number(0)) / 3] +=
                first && one->split == TR_TEST;
        }
        tr_people_release(&m.people);
    }
    for (size_t i = 0; i < N_STUDIED; i++)
        ck_assert_uint_eq(tested[i], 1);
}
END_TEST

static bool in_no_first_fold(int i)
{
    return studied_number(i) / 3 % 3 != 0;
}

START_TEST(a_fold_of_nobody_is_refused)
{
    struct studied m;

    begin_kept(&m, in_no_first_fold);
    m.how.n_folds = 3;
    ck_assert_int_eq(studied_make(&m), AN_MISSING);
    ck_assert_str_eq(m.err.what, "no patient is in that fold");
    tr_people_release(&m.people);
}
END_TEST

/* ---- like another ----------------------------------------------------------------- */

static bool is_even(int i)
{
    return i % 2 == 0;
}

static bool is_odd(int i)
{
    return i % 2 == 1;
}

/* Made, written to a new folder, gone. */
static void write_new(struct studied *m, const char *name,
                      char path[TEST_PATH_BYTES])
{
    ck_assert_int_eq(studied_make(m), AN_OK);
    folder_at(name, path);
    write_at(m, path);
    tr_people_release(&m->people);
}

START_TEST(a_data_set_like_itself_is_the_same)
{
    char a[TEST_PATH_BYTES], b[TEST_PATH_BYTES];
    struct studied m;

    begin_kept(&m, NULL);
    write_new(&m, "a", a);
    begin_kept(&m, NULL);
    m.how.like = load(a, files[1]);
    write_new(&m, "b", b);
    for (int f = 0; f < 2; f++)
        ck_assert(an_str_eq(load(a, files[f]), load(b, files[f])));
    test_folder_drop_at(a);
    test_folder_drop_at(b);
}
END_TEST

/* What its model does not read goes with the vocabulary. */
START_TEST(a_data_set_like_one_without_parents_has_none)
{
    char a[TEST_PATH_BYTES], b[TEST_PATH_BYTES];
    struct studied m;

    begin_kept(&m, NULL);
    m.how.catalogue.no_parents = true;
    write_new(&m, "a", a);
    ck_assert(holds(load(a, files[1]), "\"parents_read\":false"));
    ck_assert(holds(load(a, files[1]), "\"parents\":[\"kind|"));
    begin_kept(&m, NULL);
    m.how.like = load(a, files[1]);
    ck_assert_int_eq(studied_make(&m), AN_OK);
    for (size_t c = 0; c < m.d.n; c++)
        for (size_t i = 0; i < m.d.one[c].history.n_items; i++)
            ck_assert_int_eq(m.d.one[c].history.item[i].parent[0], RT_NO_ROW);
    folder_at("b", b);
    write_at(&m, b);
    tr_people_release(&m.people);
    ck_assert(an_str_eq(load(a, files[0]), load(b, files[0])));
    test_folder_drop_at(a);
    test_folder_drop_at(b);
}
END_TEST

static int call_fit(const char *folder)
{
    char a[TEST_PATH_BYTES + 64], b[TEST_PATH_BYTES + 64];
    char rest[][24] = {"--layers=1", "--channels=16", "--heads=2",
                       "--epochs=1", "--rank=2",      "--times=0"};
    char *argv[] = {a, b, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]};

    snprintf(a, sizeof(a), "%s/cohort.bin", folder);
    snprintf(b, sizeof(b), "--out=%s", folder);
    return tr_command_fit(8, argv);
}

/* Others, who were not there when it was fitted. */
START_TEST(a_model_is_opened_for_a_data_set_like_its_own)
{
    char a[TEST_PATH_BYTES], b[TEST_PATH_BYTES], c[TEST_PATH_BYTES];
    char *argv[] = {a, b};
    struct tr_fitted fitted;
    struct tr_data data;
    struct studied m;

    begin_kept(&m, is_even);
    write_new(&m, "a", a);
    ck_assert_int_eq(call_fit(a), TR_EXIT_OK);
    begin_kept(&m, is_odd);
    m.how.like = load(a, files[1]);
    m.how.all_test = true;
    write_new(&m, "b", b);
    ck_assert_uint_eq(m.d.counts.patients[TR_TEST], N_STUDIED / 2);
    ck_assert(an_str_eq(load(a, files[1]), load(b, files[1])));
    ck_assert_int_eq(tr_data_open(&data, &studied_arena, b, &m.err), AN_OK);
    ck_assert_int_eq(tr_fitted_open(&fitted, &studied_arena, a, &data, &m.err),
                     AN_OK);
    tr_fitted_close(&fitted);
    tr_data_close(&data);
    /* By itself it has a vocabulary of its own. */
    begin_kept(&m, is_odd);
    write_new(&m, "c", c);
    ck_assert_int_eq(tr_data_open(&data, &studied_arena, c, &m.err), AN_OK);
    ck_assert_int_eq(tr_fitted_open(&fitted, &studied_arena, a, &data, &m.err),
                     AN_CONFLICT);
    tr_data_close(&data);
    ck_assert_int_eq(tr_command_evaluate(2, argv), TR_EXIT_OK);
    test_folder_drop_at(a);
    test_folder_drop_at(b);
    test_folder_drop_at(c);
}
END_TEST

/* A fold of somebody else's data set needs nobody to train on. */
START_TEST(splits_and_folds_of_a_data_set_like_another_are_as_asked)
{
    char a[TEST_PATH_BYTES];
    struct an_str like;
    struct studied m;

    begin_kept(&m, NULL);
    write_new(&m, "a", a);
    like = load(a, files[1]);
    test_folder_drop_at(a);
    begin_kept(&m, NULL);
    m.how.like = like;
    ck_assert_int_eq(studied_make(&m), AN_OK);
    for (int s = 0; s < TR_N_SPLITS; s++)
        ck_assert_uint_gt(m.d.counts.patients[s], 0);
    tr_people_release(&m.people);
    begin_kept(&m, in_no_first_fold);
    m.how.like = like;
    m.how.n_folds = 3;
    ck_assert_int_eq(studied_make(&m), AN_MISSING);
    tr_people_release(&m.people);
}
END_TEST

START_TEST(other_outcomes_than_the_other_data_set_has_are_refused)
{
    struct adv_outcome changed[2], both[2];
    char a[TEST_PATH_BYTES];
    struct an_str like;
    struct studied m;

    begin_kept(&m, NULL);
    write_new(&m, "a", a);
    like = load(a, files[1]);
    test_folder_drop_at(a);
    for (int what = 0; what < 6; what++) {
        begin_kept(&m, NULL);
        m.how.like = like;
        memcpy(both, m.outcomes.outcome, sizeof(both));
        memcpy(changed, both, sizeof(both));
        m.outcomes.outcome = changed;
        if (what == 1)
            changed[1].id = AN_STR("apoplexy");
        if (what == 2) {
            changed[0] = both[1];
            changed[1] = both[0];
            m.outcomes.death = 1;
        }
        if (what == 3)
            changed[1].horizon_days[1]++;
        if (what == 4)
            changed[1].n_horizons--;
        if (what == 5)
            m.outcomes.n--;
        ck_assert_int_eq(studied_make(&m), what ? AN_CONFLICT : AN_OK);
        tr_people_release(&m.people);
    }
}
END_TEST

START_TEST(what_is_no_vocabulary_is_refused)
{
    static const char *const bad[] = {
        "", "{", "{}", "[]", "{\"outcomes\":[],\"vocabulary\":{},\"wide\":[]}"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct studied m;

        begin_kept(&m, is_odd);
        m.how.like = an_str_c(bad[i]);
        ck_assert_int_ne(studied_make(&m), AN_OK);
        tr_people_release(&m.people);
    }
}
END_TEST

/* ---- the program ------------------------------------------------------------------ */

#define VALUE(id, date)                                                        \
    "{\"resourceType\":\"Observation\",\"id\":\"" id                           \
    "\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":"               \
    "\"http://loinc.org\",\"code\":\"2160-0\"}]},\"subject\":{\"reference\":"  \
    "\"Patient/p\"},\"effectiveDateTime\":\"" date                             \
    "T08:00:00Z\",\"valueQuantity\":{\"value\":1.1,\"unit\":\"mg/dL\","        \
    "\"code\":\"mg/dL\"}}"

static const char record[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"birthDate\":\"1950-01-01\"}"
    "\n" VALUE("a", "2010-03-01") "\n" VALUE("b", "2014-05-01") "\n";

/* With that option, or two, of one patient's FHIR: 2 is usage, 1 that nothing
 * can be learned from one. */
static int run(const char *option, const char *another)
{
    char text[6][TEST_PATH_BYTES + 64], path[TEST_PATH_BYTES];
    char *argv[6];
    struct studied m;
    int n = 0;

    studied_begin(&m, nobody); /* for the outcomes */
    tr_people_release(&m.people);
    test_folder_file(&studied_folder, "p.ndjson", path);
    ck_assert_int_eq(tr_file_write(path, an_str_c(record), NULL), AN_OK);
    snprintf(text[n++], sizeof(text[0]), "%s", path);
    test_folder_file(&studied_folder, "empty.tsv", path);
    ck_assert_int_eq(tr_file_write(path, AN_STR(""), NULL), AN_OK);
    snprintf(text[n++], sizeof(text[0]), "--concepts=%s", path);
    snprintf(text[n++], sizeof(text[0]), "--out=%s", studied_folder.path);
    snprintf(text[n++], sizeof(text[0]), "--outcomes=%s", studied_folder.path);
    if (option)
        snprintf(text[n++], sizeof(text[0]), "%s", option);
    if (another)
        snprintf(text[n++], sizeof(text[0]), "%s", another);
    for (int i = 0; i < n; i++)
        argv[i] = text[i];
    return tr_command_dataset(n, argv);
}

START_TEST(options_that_make_no_sense_are_refused_before_anything_is_read)
{
    static const struct {
        const char *option, *another;
        int status;
    } c[] = {
        {NULL, NULL, TR_EXIT_FAILED},
        {"--form=fhir", NULL, TR_EXIT_FAILED},
        {"--form=parchment", NULL, TR_EXIT_USAGE},
        {"--keep-ids", NULL, TR_EXIT_USAGE},
        {"--keep-ids", "--form=fhir", TR_EXIT_USAGE},
        {"--asked=0", NULL, TR_EXIT_FAILED},
        {"--value-bins=256", "--no-parents", TR_EXIT_FAILED},
        {"--value-bins=257", NULL, TR_EXIT_USAGE},
        {"--no-parents=1", NULL, TR_EXIT_USAGE},
        {"--fold=0/2", "--seed=1", TR_EXIT_FAILED},
        {"--fold=99/100", "--seed=1", TR_EXIT_FAILED},
        {"--fold=0/2", NULL, TR_EXIT_USAGE},
        {"--fold=2/2", "--seed=1", TR_EXIT_USAGE},
        {"--fold=0/1", "--seed=1", TR_EXIT_USAGE},
        {"--fold=0/101", "--seed=1", TR_EXIT_USAGE},
        {"--fold=-1/5", "--seed=1", TR_EXIT_USAGE},
        {"--fold=1", "--seed=1", TR_EXIT_USAGE},
        {"--fold=1/5/5", "--seed=1", TR_EXIT_USAGE},
        {"--fold=/5", "--seed=1", TR_EXIT_USAGE},
    };

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++)
        ck_assert_msg(run(c[i].option, c[i].another) == c[i].status, "case %zu",
                      i);
}
END_TEST

START_TEST(like_another_everybody_is_tested_on_unless_it_is_said_else)
{
    static const struct {
        const char *option;
        const char *test;
    } c[] = {{NULL, "\"test\":{\"patients\":1,"},
             {"--split=1/0/0", "\"train\":{\"patients\":1,"},
             {"--split=1/1/1000000", "\"test\":{\"patients\":1,"}};
    char a[TEST_PATH_BYTES], option[TEST_PATH_BYTES + 16];
    struct studied m;

    begin_kept(&m, NULL);
    write_new(&m, "a", a);
    snprintf(option, sizeof(option), "--like=%s", a);
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        ck_assert_int_eq(run(option, c[i].option), TR_EXIT_OK);
        ck_assert(holds(load(studied_folder.path, "report.json"), c[i].test));
        ck_assert(
            an_str_eq(load(a, files[1]), load(studied_folder.path, files[1])));
    }
    /* The vocabulary is not there any more. */
    test_folder_drop_at(a);
    ck_assert_int_eq(run(option, NULL), TR_EXIT_FAILED);
}
END_TEST

Suite *trainer_dataset_share_suite(void)
{
    const TTest *const tests[] = {
        kept_ids_are_the_keys_and_the_same_bytes_come_without_a_seed,
        without_it_ids_are_left_out_and_the_report_says_so,
        ids_of_who_is_in_no_study_are_not_kept,
        a_cohort_of_nobody_is_refused,
        a_fold_is_tested_on_and_the_others_train_and_tune,
        a_fold_of_nobody_is_refused,
        a_data_set_like_itself_is_the_same,
        a_data_set_like_one_without_parents_has_none,
        a_model_is_opened_for_a_data_set_like_its_own,
        splits_and_folds_of_a_data_set_like_another_are_as_asked,
        other_outcomes_than_the_other_data_set_has_are_refused,
        what_is_no_vocabulary_is_refused,
        like_another_everybody_is_tested_on_unless_it_is_said_else,
        options_that_make_no_sense_are_refused_before_anything_is_read,
    };

    return test_suite_around("trainer/dataset_share", tests,
                             sizeof(tests) / sizeof(tests[0]), studied_set_up,
                             studied_tear_down);
}

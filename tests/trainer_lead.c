/* SPDX-License-Identifier: Apache-2.0 */
/* How early an outcome is flagged: a worked example, and a leak that must not
 * be taken for foresight. */
#include "tests/judged.h"
#include "tests/model_random.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/evaluate/lead.h"
#include "trainer/file.h"

#include <math.h>
#include <stdio.h>

Suite *trainer_lead_suite(void);

/* ---- by hand --------------------------------------------------------------- */

enum { PEOPLE = 14 };

/* Questions about one outcome: whose, its risk, how long until it came or the
 * end.  Persons 0 to 3 get it; 4 to 13 do not. */
static const struct {
    uint32_t person;
    double risk, days;
    bool event;
} asked[] = {
    {0, 0.90, 400, true},   {0, 0.10, 100, true},   {0, 0.95, 5, true},
    {1, 0.10, 300, true},   {1, 0.80, 60, true}, /* flagged late */
    {2, 0.99, 10, true},                         /* asked too late for a gap */
    {3, 0.20, 200, true},   {3, 0.85, 20, true},    {3, 0.99, 800, false},
    {4, 0.70, 500, false},  {4, 0.98, 20, false}, /* lost soon after */
    {5, 0.60, 500, false},  {6, 0.50, 500, false},  {7, 0.40, 500, false},
    {8, 0.30, 500, false},  {9, 0.20, 500, false},  {10, 0.20, 500, false},
    {11, 0.20, 500, false}, {12, 0.20, 500, false}, {13, 0.20, 500, false},
    {13, 0.99, 0, false} /* not at risk */};

enum { ASKED = sizeof(asked) / sizeof(asked[0]) };

static void by_hand(struct an_arena *arena, struct tr_leads *leads)
{
    static struct tr_follow_up follow_up[ASKED][2];
    static const struct tr_column column[3] = {{0, 30}, {0, 365}, {1, 365}};
    static uint32_t row[ASKED], person[ASKED];
    static double p_qc[ASKED][3];
    const struct tr_data d = {.cohort = {.sizes = {.outcomes = 2, .death = 1},
                                         .follow_up = follow_up[0]}};
    const struct tr_predicted p = {.column = column,
                                   .n_columns = 3,
                                   .row = row,
                                   .person = person,
                                   .p_qc = p_qc[0],
                                   .n = ASKED,
                                   .n_persons = PEOPLE};

    for (uint32_t q = 0; q < ASKED; q++) {
        row[q] = q;
        person[q] = asked[q].person;
        p_qc[q][1] = asked[q].risk;
        follow_up[q][0] =
            (struct tr_follow_up){0, (float)asked[q].days, asked[q].event};
    }
    ck_assert_int_eq(tr_leads(arena, &d, &p, leads, NULL), AN_OK);
}

static const struct tr_lead *at(const struct tr_leads *leads, uint32_t gap,
                                double flagged)
{
    for (size_t i = 0; i < leads->n; i++)
        if (leads->lead[i].gap_days == gap &&
            fabs(leads->lead[i].flagged - flagged) < 1e-9 &&
            leads->lead[i].column.outcome == 0)
            return &leads->lead[i];
    ck_abort();
}

/* One of the ten who do not get it may be flagged: the second highest risk of
 * theirs is the threshold. */
START_TEST(leads_are_those_worked_out_by_hand)
{
    static const struct {
        uint32_t gap;
        size_t asked, found, without;
        double threshold, median;
    } want[] = {{0, 4, 4, 10, 0.60, 40},   /* leads 400, 60, 10, 20 */
                {30, 3, 2, 10, 0.60, 230}, /* 400, 60 */
                {90, 3, 1, 10, 0.60, 400},
                {365, 1, 1, 10, 0.60, 400}};
    struct tr_leads leads;
    struct an_arena arena;

    an_arena_init(&arena, 1 << 20);
    by_hand(&arena, &leads);
    ck_assert_uint_eq(leads.n, TR_LEAD_GAPS * TR_LEAD_FLAGS);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        const struct tr_lead *l = at(&leads, want[i].gap, 0.1);

        ck_assert_uint_eq(l->column.horizon_days, 365);
        ck_assert_uint_eq(l->n_people, 4);
        ck_assert_uint_eq(l->n_asked, want[i].asked);
        ck_assert_uint_eq(l->n_found, want[i].found);
        ck_assert_uint_eq(l->n_without, want[i].without);
        ck_assert_uint_eq(l->n_false, 1);
        ck_assert_double_eq(l->threshold, want[i].threshold);
        ck_assert_double_eq_tol(l->quartile[1], want[i].median, 1e-9);
    }
    /* 5 % of ten people is nobody. */
    ck_assert_double_eq(at(&leads, 30, 0.05)->threshold, 0.70);
    ck_assert_uint_eq(at(&leads, 30, 0.05)->n_false, 0);
    ck_assert_double_eq(at(&leads, 0, 0.05)->threshold, 0.98);
    an_arena_free(&arena);
}
END_TEST

/* ---- a leak ---------------------------------------------------------------- */

enum { N = 1000, MOMENTS = 6 };

/* Days before the diagnosis, or before the end of who has none. */
static const double before[MOMENTS] = {900, 500, 200, 100, 45, 1};

static struct judged j;

/* Everyone fourth gets it.  A code is recorded `sign` days before the diagnosis
 * of all who get it, and of nobody else; of anything else the features are
 * noise. */
static void add(struct tr_cohort_writer *w, uint64_t key, double sign,
                struct test_random *r)
{
    const bool gets_it = key % 4 == 0;
    struct rt_position position[MOMENTS];
    struct tr_query query[MOMENTS];
    struct tr_follow_up f[MOMENTS][JUDGED_OUTCOMES];
    float wide[MOMENTS][JUDGED_WIDE];
    const struct tr_cohort_one one = {.key = key,
                                      .split = TR_TEST,
                                      .history = {position, MOMENTS, NULL, 0},
                                      .end_days = 1000,
                                      .query = query,
                                      .follow_up = f[0],
                                      .wide = wide[0],
                                      .n_queries = MOMENTS};

    for (uint32_t i = 0; i < MOMENTS; i++) {
        position[i] = (struct rt_position){.time_days = 1000 - before[i],
                                           .age_days = 20000,
                                           .since_admission_days = -1};
        query[i] = (struct tr_query){i, 1};
        for (int k = 0; k < JUDGED_OUTCOMES; k++)
            f[i][k] =
                (struct tr_follow_up){0, (float)before[i], k == 0 && gets_it};
        wide[i][0] =
            gets_it && before[i] <= sign ? 8 : (float)(0.3 * test_normal(r));
        wide[i][1] = (float)(0.3 * test_normal(r));
    }
    ck_assert_int_eq(tr_cohort_add(w, &one, NULL), AN_OK);
}

static void write_leak(double sign)
{
    struct tr_cohort_sizes sizes = {.vocab = 1,
                                    .targets = 1,
                                    .outcomes = JUDGED_OUTCOMES,
                                    .wide = JUDGED_WIDE,
                                    .death = JUDGED_OUTCOMES - 1};
    const struct judged_how nobody = {.n = {0, 0, 1}, .end_days = 10};
    struct test_random r = {17};
    struct tr_cohort_writer w;
    char path[TEST_PATH_BYTES];

    judged_write_data(&j, &nobody); /* for vocabulary.json */
    memcpy(sizes.vocabulary_sha256, j.vocabulary_sha256, TR_DIGEST_BYTES);
    tr_cohort_writer_init(&w, &sizes);
    for (uint64_t key = 1; key <= N; key++)
        add(&w, key, sign, &r);
    test_folder_file(&j.folder, "cohort.bin", path);
    ck_assert_int_eq(tr_cohort_write(&w, path, NULL), AN_OK);
    tr_cohort_writer_release(&w);
    judged_write_model(&j, NULL);
}

static void find(struct tr_leads *leads)
{
    struct tr_predicted p;
    struct tr_fitted fitted;
    struct tr_data d;

    ck_assert_int_eq(tr_data_open(&d, &j.arena, j.folder.path, NULL), AN_OK);
    ck_assert_int_eq(tr_fitted_open(&fitted, &j.arena, j.folder.path, &d, NULL),
                     AN_OK);
    ck_assert_int_eq(tr_predict(&j.arena, &d, &fitted.model, TR_TEST, &p, NULL),
                     AN_OK);
    ck_assert_int_eq(tr_leads(&j.arena, &d, &p, leads, NULL), AN_OK);
    tr_fitted_close(&fitted);
    tr_data_close(&d);
}

START_TEST(what_is_recorded_the_day_before_is_no_foresight)
{
    struct tr_leads leads;

    judged_begin(&j);
    write_leak(1);
    find(&leads);
    for (int f = 0; f < TR_LEAD_FLAGS; f++) {
        const double flagged = tr_lead_flagged[f];

        ck_assert_uint_eq(at(&leads, 0, flagged)->n_found, N / 4);
        ck_assert_double_eq(at(&leads, 0, flagged)->quartile[1], 1);
        for (int g = 1; g < TR_LEAD_GAPS; g++) {
            const struct tr_lead *l = at(&leads, tr_lead_gap_days[g], flagged);

            ck_assert_uint_eq(l->n_asked, N / 4);
            ck_assert_double_lt(l->low, flagged);
            ck_assert_double_lt(l->found, 2 * flagged);
            ck_assert_uint_le(l->n_false, (size_t)(flagged * (N * 3 / 4)));
        }
    }
    judged_end(&j);
}
END_TEST

START_TEST(what_is_recorded_long_before_is)
{
    struct tr_leads leads;

    judged_begin(&j);
    write_leak(200);
    find(&leads);
    ck_assert_double_eq(at(&leads, 30, 0.05)->found, 1);
    ck_assert_double_eq(at(&leads, 30, 0.05)->quartile[1], 200);
    ck_assert_double_eq(at(&leads, 90, 0.05)->found, 1);
    ck_assert_double_lt(at(&leads, 365, 0.05)->low, 0.05);
    judged_end(&j);
}
END_TEST

START_TEST(evaluate_writes_leads)
{
    char path[TEST_PATH_BYTES], option[TEST_PATH_BYTES + 32];
    char folder[TEST_PATH_BYTES];
    char *argv[] = {option, folder, folder};
    const struct an_json *root, *first;
    struct an_str text, copy;
    int64_t n;

    judged_begin(&j);
    write_leak(1);
    snprintf(folder, sizeof(folder), "%s", j.folder.path);
    test_folder_file(&j.folder, "lead.json", path);
    snprintf(option, sizeof(option), "--lead=%s", path);
    ck_assert_int_eq(tr_command_evaluate(3, argv), TR_EXIT_OK);
    ck_assert_int_eq(tr_file_map(path, &text, NULL), AN_OK);
    ck_assert(an_arena_str(&j.arena, text, &copy));
    tr_file_unmap(text);
    ck_assert_int_eq(
        an_json_read(&j.arena, &(struct an_json_limits){0}, copy, &root, NULL),
        AN_OK);
    /* Two outcomes that are not death. */
    ck_assert_uint_eq(root->n, 2 * TR_LEAD_GAPS * TR_LEAD_FLAGS);
    first = an_json_first(root);
    ck_assert_an_str_eq(an_json_text(an_json_get(first, AN_STR("id"))),
                        "often");
    ck_assert(an_json_i64(an_json_get(first, AN_STR("people_found")), &n));
    ck_assert_int_eq(n, N / 4);
    ck_assert(an_json_is(an_json_get(first, AN_STR("lead_days_median")),
                         AN_JSON_NUMBER));
    snprintf(option, sizeof(option), "--lead=%s/no/lead.json", folder);
    ck_assert_int_eq(tr_command_evaluate(3, argv), TR_EXIT_FAILED);
    judged_end(&j);
}
END_TEST

Suite *trainer_lead_suite(void)
{
    const TTest *const test[] = {
        leads_are_those_worked_out_by_hand,
        what_is_recorded_the_day_before_is_no_foresight,
        what_is_recorded_long_before_is,
        evaluate_writes_leads,
    };

    return TEST_SUITE("trainer/lead", test);
}

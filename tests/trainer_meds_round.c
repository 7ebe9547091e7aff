/* SPDX-License-Identifier: Apache-2.0 */
/* Invented people as a data set, as tables of MEDS, and as a data set again:
 * what comes back is what was there. */
#include "tests/folder.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/dataset/dataset.h"
#include "trainer/evaluate/predict.h"
#include "trainer/file.h"
#include "trainer/meds/meds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *trainer_meds_round_suite(void);

#define SCT "http://snomed.info/sct"
#define LN "http://loinc.org"
#define ACT "http://terminology.hl7.org/CodeSystem/v3-ActCode"
#define DAY INT64_C(86400000000)
/* 2010-03-05T07:41:13.25Z: no whole hour. */
#define BEGINS_US (INT64_C(1267774873) * 1000000 + 250000)

enum { N_PEOPLE = 90, MOST_EVENTS = 64 };

/* Of a study that asks when it begins, for one in five before all that is known
 * of them; it counts whole days. */
static bool watched;
static struct test_folder folder, tables, again;
static struct an_arena arena;

static void set_up(void)
{
    test_folder_make(&folder);
    test_folder_make(&tables);
    test_folder_make(&again);
    an_arena_init(&arena, (size_t)1 << 30);
    watched = false;
}

static void tear_down(void)
{
    test_folder_drop(&folder);
    test_folder_drop(&tables);
    test_folder_drop(&again);
    an_arena_free(&arena);
}

/* ---- people ---------------------------------------------------------------- */

struct one {
    struct tr_record record;
    struct ctx_event event[MOST_EVENTS];
    char fact[MOST_EVENTS][16];
};

static struct ctx_event *add(struct one *p, enum ctx_kind kind,
                             const char *system, const char *code,
                             int64_t at_us)
{
    const size_t n = p->record.n_events++;
    struct ctx_event *e = &p->event[n];

    snprintf(p->fact[n], sizeof(p->fact[n]), "%zu", n);
    *e = (struct ctx_event){
        .kind = (uint8_t)kind,
        .status = CTX_STATUS_FINAL,
        .effective = {.us = at_us, .precision = AN_TIME_FRACTION},
        .available_us = at_us,
        .concept = {.system = an_str_c(system), .code = an_str_c(code)},
        .fact = an_str_c(p->fact[n])};
    return e;
}

/* A key beyond what a number with a sign holds, for every second one. */
static uint64_t number_of(int i)
{
    return (i % 2 ? UINT64_C(0xF000000000000000) : 1000) + 3 * (uint64_t)i;
}

static int64_t begins_us(int i)
{
    return BEGINS_US - (watched ? BEGINS_US % DAY : 0) + i * 17 * DAY;
}

static void add_life(struct one *p, int i)
{
    const int64_t from = begins_us(i);
    struct ctx_event *e;

    for (int k = 0; k < 10; k++) {
        e = add(p, CTX_OBSERVATION, LN, "2160-0",
                from + k * 150 * DAY + i * INT64_C(61000001));
        e->value = (struct ctx_value){.kind = CTX_VALUE_QUANTITY,
                                      .number = 0.7 + ((i + k) % 13) / 10.0,
                                      .unit = AN_STR("mg/dL")};
        e->flag = k % 4 ? AN_STR("") : AN_STR("H");
        e = add(p, CTX_OBSERVATION, LN, "8867-4", from + k * 150 * DAY);
        e->value = (struct ctx_value){.kind = CTX_VALUE_QUANTITY,
                                      .number = 55 + (i * 7 + k) % 40,
                                      .unit = AN_STR("/min")};
    }
    e = add(p, CTX_OBSERVATION, LN, "72166-2", from + 40 * DAY);
    e->value.kind = CTX_VALUE_CODE;
    e->value.code = (struct ctx_code){
        AN_STR(SCT), i % 2 ? AN_STR("266919005") : AN_STR("449868002"), {0}};
    add(p, CTX_CONDITION, SCT, "38341003", from + (50 + i) * DAY);
    add(p, CTX_PROCEDURE, SCT, "80146002", from + (90 + i) * DAY);
    add(p, CTX_MEDICATION_GIVEN, "urn:id:site", "aspirin \"100\", mg",
        from + 120 * DAY);
    add(p, CTX_ADMISSION, ACT, "IMP", from + 300 * DAY);
    add(p, CTX_CONDITION, SCT, "40055000", from + 301 * DAY);
    add(p, CTX_DISCHARGE, ACT, "IMP", from + 305 * DAY);
    /* Of each an own code, that gets no row. */
    snprintf(p->fact[MOST_EVENTS - 1], 16, "own-%d", i);
    add(p, CTX_CONDITION, "urn:id:site", p->fact[MOST_EVENTS - 1],
        from + 400 * DAY);
    if (i % 3 == 0)
        add(p, CTX_CONDITION, SCT, "230690007", from + (500 + i) * DAY);
}

static void invent(struct one *p, int i)
{
    struct ctx_event *sex;

    memset(p, 0, sizeof(*p));
    p->record.id = number_of(i);
    p->record.event = p->event;
    p->record.watched = watched;
    p->record.from_us = begins_us(i) + (i % 5 ? 31 : -100) * DAY;
    p->record.until_us = begins_us(i) + 1500 * DAY + i;
    add(p, CTX_BIRTH, "", "", BEGINS_US - (9000 + 211 * i) * DAY);
    sex = add(p, CTX_SEX, "", "", BEGINS_US);
    sex->value.kind = CTX_VALUE_CODE;
    sex->value.code.code = i % 2 ? AN_STR("female") : AN_STR("male");
    add_life(p, i);
    if (i % 7 == 0)
        add(p, CTX_DEATH, "", "", BEGINS_US + (1400 + i * 3) * DAY + 12345);
}

static void put(const char *name, const char *text)
{
    char path[TEST_PATH_BYTES];

    test_folder_file(&folder, name, path);
    ck_assert_int_eq(tr_file_write(path, an_str_c(text), NULL), AN_OK);
}

struct scene {
    struct tr_people people, back;
    struct tr_outcomes outcomes;
    struct tr_concepts concepts;
    struct tr_dataset_how how;
    struct tr_dataset first, second;
};

static void read_outcomes(struct scene *s)
{
    put("stroke.yaml",
        "id: stroke\ntitle: {en: Stroke}\nuse: Test.\n"
        "event:\n  kinds: [condition]\n  codes:\n"
        "    - {system: snomed, code: \"230690007\", text: \"Stroke\"}\n"
        "start: {from: now, gap_days: 7}\nexclude: {before: yes}\n"
        "horizons_days: [365, 1000]\naudience: [clinician]\npatient: never\n"
        "threshold: off\n");
    put("stay.yaml",
        "id: stay\ntitle: {en: Stay}\nuse: Test.\n"
        "event:\n  kinds: [admission]\n  codes:\n"
        "    - {system: class, code: \"IMP\", text: \"Inpatient\"}\n"
        "start: {from: now, gap_days: 0}\nexclude: {before: no}\n"
        "horizons_days: [180]\naudience: [clinician]\npatient: never\n"
        "threshold: off\n");
    put("death.yaml",
        "id: death\ntitle: {en: Death}\nuse: Test.\n"
        "event: {kinds: [death]}\nstart: {from: now, gap_days: 0}\n"
        "exclude: {before: yes}\nhorizons_days: [365]\n"
        "audience: [clinician]\npatient: never\nthreshold: off\n");
    ck_assert_int_eq(tr_outcomes_read(&arena, folder.path, &s->outcomes, NULL),
                     AN_OK);
}

static void make_first(struct scene *s)
{
    struct one *p = an_arena_get(&arena, 1, sizeof(*p));

    ck_assert_ptr_nonnull(p);
    *s = (struct scene){.how = {.has_seed = false}};
    read_outcomes(s);
    ck_assert_int_eq(
        tr_concepts_read(&arena, AN_STR(""), "t", &s->concepts, NULL), AN_OK);
    tr_people_init(&s->people, (size_t)1 << 30);
    tr_people_init(&s->back, (size_t)1 << 30);
    for (int i = 0; i < N_PEOPLE; i++) {
        invent(p, i);
        ck_assert_int_eq(tr_people_take_record(&s->people, &p->record, NULL),
                         AN_OK);
    }
    ck_assert_int_eq(tr_people_gather(&s->people, NULL), AN_OK);
    tr_dataset_how_init(&s->how);
    s->how.keep_ids = true;
    ck_assert_int_eq(tr_dataset_make(&arena, &s->people, &s->outcomes,
                                     &s->concepts, &s->how, &s->first, NULL),
                     AN_OK);
}

static void write_tables(struct scene *s, const struct tr_dataset *d,
                         const struct tr_people *people, const char *to,
                         struct tr_meds_written *counts)
{
    struct tr_data data;

    ck_assert_int_eq(
        tr_dataset_write(&arena, d, people, &s->outcomes, folder.path, NULL),
        AN_OK);
    ck_assert_int_eq(tr_data_open(&data, &arena, folder.path, NULL), AN_OK);
    ck_assert_int_eq(tr_meds_write(&arena, &data, to, counts, NULL), AN_OK);
    tr_data_close(&data);
}

/* With the vocabulary of the first, so that rows can be compared. */
static void make_second(struct scene *s)
{
    struct tr_dataset_how how = s->how;

    how.like = s->first.json;
    ck_assert_int_eq(
        tr_meds_read(tables.path, tr_people_take_record, &s->back, NULL),
        AN_OK);
    ck_assert_int_eq(tr_people_gather(&s->back, NULL), AN_OK);
    ck_assert_int_eq(tr_dataset_make(&arena, &s->back, &s->outcomes,
                                     &s->concepts, &how, &s->second, NULL),
                     AN_OK);
}

static void end(struct scene *s)
{
    tr_people_release(&s->people);
    tr_people_release(&s->back);
}

/* ---- what is the same ------------------------------------------------------ */

static int item_cmp(const void *a, const void *b)
{
    const struct rt_item *x = a, *y = b;

    if (x->concept != y->concept)
    return x->concept < y->concept ? -1 : 1;
    if (x->parent[0] != y->parent[0])
        return x->parent[0] < y->parent[0] ? -1 : 1;
    return (x->value_z > y->value_z) - (x->value_z < y->value_z);
}

/* Items of a moment are a set. */
static void same_items(const struct rt_history *a, const struct rt_history *b,
                       size_t position)
{
    const size_t n = a->position[position].n_items;
    struct rt_item x[MOST_EVENTS], y[MOST_EVENTS];

    ck_assert_uint_eq(n, b->position[position].n_items);
    if (n == 0)
        return;
    memcpy(x, a->item + a->position[position].first_item, n * sizeof(*x));
    memcpy(y, b->item + b->position[position].first_item, n * sizeof(*y));
    qsort(x, n, sizeof(*x), item_cmp);
    qsort(y, n, sizeof(*y), item_cmp);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(x[i].concept, y[i].concept);
        ck_assert_mem_eq(x[i].parent, y[i].parent, sizeof(x[i].parent));
        ck_assert_int_eq(x[i].value_row, y[i].value_row);
        ck_assert_uint_eq(x[i].flag, y[i].flag);
        ck_assert_double_eq_tol((double)x[i].value_z, (double)y[i].value_z,
                                1e-5);
    }
}

static void same_case(const struct scene *s, const struct tr_case *a,
                      const struct tr_case *b)
{
    const struct rt_history *h = &a->history, *g = &b->history;

    ck_assert_uint_eq(a->key, b->key);
    ck_assert_int_eq(a->split, b->split);
    ck_assert_uint_eq(h->n_positions, g->n_positions);
    ck_assert_double_eq(a->start_days, b->start_days);
    ck_assert_double_eq(a->end_days, b->end_days);
    for (size_t i = 0; i < h->n_positions; i++) {
        const struct rt_position *p = &h->position[i], *q = &g->position[i];

        ck_assert_double_eq(p->time_days, q->time_days);
        ck_assert_double_eq((double)p->since_previous_days,
                            (double)q->since_previous_days);
        ck_assert_double_eq((double)p->since_admission_days,
                            (double)q->since_admission_days);
        ck_assert_double_eq_tol((double)p->age_days, (double)q->age_days, 0.01);
        same_items(h, g, i);
    }
    ck_assert_uint_eq(a->labels.n_queries, b->labels.n_queries);
    for (size_t q = 0; q < a->labels.n_queries; q++) {
        ck_assert_uint_eq(a->labels.query[q].position,
                          b->labels.query[q].position);
        for (size_t k = 0; k < s->outcomes.n; k++) {
            const struct tr_follow_up *x =
                &a->labels.follow_up[q * s->outcomes.n + k];
            const struct tr_follow_up *y =
                &b->labels.follow_up[q * s->outcomes.n + k];

            ck_assert_uint_eq(x->event, y->event);
            ck_assert_double_eq((double)x->from_days, (double)y->from_days);
            ck_assert_double_eq((double)x->to_days, (double)y->to_days);
        }
    }
}

START_TEST(a_data_set_comes_back_from_its_tables)
{
    struct tr_meds_written counts;
    size_t in[TR_N_SPLITS] = {0}, dead = 0;
    struct scene s;

    make_first(&s);
    write_tables(&s, &s.first, &s.people, tables.path, &counts);
    make_second(&s);
    ck_assert_uint_eq(s.first.n, s.second.n);
    for (size_t i = 0; i < s.first.n; i++) {
        same_case(&s, &s.first.one[i], &s.second.one[i]);
        in[s.first.one[i].split]++;
        for (size_t q = 0; q < s.first.one[i].labels.n_queries; q++)
            dead += s.first.one[i].labels.follow_up[q * s.outcomes.n].event;
    }
    /* Each split, the dead, and what has no row are among them. */
    ck_assert(in[TR_TRAIN] && in[TR_TUNE] && in[TR_TEST] && dead);
    ck_assert_uint_ge(s.first.counts.n_unknown, N_PEOPLE);
    ck_assert_uint_eq(counts.subjects, N_PEOPLE);
    ck_assert_uint_gt(counts.labels, 0);
    end(&s);
}
END_TEST

START_TEST(a_study_that_asks_when_it_begins_comes_back_too)
{
    struct tr_meds_written counts;
    struct scene s;
    size_t alone = 0;

    watched = true;
    make_first(&s);
    write_tables(&s, &s.first, &s.people, tables.path, &counts);
    make_second(&s);
    ck_assert_uint_eq(s.first.n, s.second.n);
    for (size_t i = 0; i < s.first.n; i++) {
        same_case(&s, &s.first.one[i], &s.second.one[i]);
        alone += s.first.one[i].history.n_items == 0;
    }
    ck_assert_uint_gt(alone, 0);
    end(&s);
}
END_TEST

static struct an_str load(const struct test_folder *f, const char *name)
{
    char path[TEST_PATH_BYTES];
    struct an_str map, copy;

    test_folder_file(f, name, path);
    ck_assert_int_eq(tr_file_map(path, &map, NULL), AN_OK);
    ck_assert(an_arena_str(&arena, map, &copy));
    tr_file_unmap(map);
    return copy;
}

START_TEST(tables_of_what_came_back_are_the_same_files)
{
    static const char *const names[] = {
        "codes.csv",
        "subject_splits.csv",
        "dataset.json",
        "labels/death_365d.csv",
        "labels/stay_180d.csv",
        "labels/stroke_365d.csv",
        "labels/stroke_1000d.csv",
    };
    struct tr_meds_written a, b;
    struct scene s;

    make_first(&s);
    write_tables(&s, &s.first, &s.people, tables.path, &a);
    make_second(&s);
    write_tables(&s, &s.second, &s.back, again.path, &b);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert_msg(
            an_str_eq(load(&tables, names[i]), load(&again, names[i])), "%s",
            names[i]);
    ck_assert_uint_eq(a.rows, b.rows);
    ck_assert_uint_eq(a.labels, b.labels);
    end(&s);
}
END_TEST

/* What was known by the horizon, counted in the data set itself. */
START_TEST(labels_are_the_known_answers)
{
    struct an_str text, line;
    struct tr_meds_written counts;
    size_t known = 0, said = 0, yes = 0, said_yes = 0;
    struct scene s;

    make_first(&s);
    write_tables(&s, &s.first, &s.people, tables.path, &counts);
    for (size_t i = 0; i < s.first.n; i++)
        for (size_t q = 0; q < s.first.one[i].labels.n_queries; q++) {
            const struct tr_follow_up *f =
                &s.first.one[i].labels.follow_up[q * s.outcomes.n];
            const uint8_t answer = tr_answer(&f[0], NULL, 365);

            known += answer != TR_UNKNOWN;
            yes += answer == TR_YES;
        }
    ck_assert(an_str_eq(s.outcomes.outcome[0].id, AN_STR("death")));
    text = load(&tables, "labels/death_365d.csv");
    (void)an_str_cut(&text, '\n', &line);
    ck_assert(
        an_str_eq(line, AN_STR("subject_id,prediction_time,boolean_value")));
    while (an_str_cut(&text, '\n', &line) && line.n) {
        said++;
        said_yes += an_str_ends(line, AN_STR(",true"));
    }
    ck_assert_uint_eq(said, known);
    ck_assert_uint_eq(said_yes, yes);
    ck_assert_uint_gt(yes, 0);
    end(&s);
}
END_TEST

START_TEST(a_study_keeps_its_own_splits_unless_all_are_drawn)
{
    struct tr_dataset_how how;
    struct tr_meds_written counts;
    struct tr_dataset d;
    struct scene s;
    size_t in_test = 0, other = 0;

    make_first(&s);
    write_tables(&s, &s.first, &s.people, tables.path, &counts);
    {
        char path[TEST_PATH_BYTES];

        test_folder_file(&tables, "subject_splits.csv", path);
        ck_assert_int_eq(
            tr_file_write(path, AN_STR("subject_id,split\n1000,held_out\n"),
                          NULL),
            AN_OK);
    }
    ck_assert_int_eq(
        tr_meds_read(tables.path, tr_people_take_record, &s.back, NULL), AN_OK);
    ck_assert_int_eq(tr_people_gather(&s.back, NULL), AN_OK);
    how = s.how;
    for (int drawn = 0; drawn < 2; drawn++) {
        how.draw_all = drawn;
        how.share[TR_TRAIN] = drawn ? 1 : 70;
        how.share[TR_TUNE] = drawn ? 0 : 15;
        how.share[TR_TEST] = drawn ? 0 : 15;
        ck_assert_int_eq(tr_dataset_make(&arena, &s.back, &s.outcomes,
                                         &s.concepts, &how, &d, NULL),
                         AN_OK);
        for (size_t i = 0; i < d.n; i++)
            if (d.one[i].key == 1000) {
                in_test += d.one[i].split == TR_TEST;
                other += d.one[i].split == TR_TRAIN;
            }
    }
    ck_assert_uint_gt(in_test, 0);
    ck_assert_uint_eq(in_test, other);
    end(&s);
}
END_TEST

START_TEST(memory_that_ends_ends_the_writing_with_an_error)
{
    struct tr_meds_written counts;
    struct tr_data data;
    enum an_code code = AN_NOMEM;
    struct scene s;

    make_first(&s);
    write_tables(&s, &s.first, &s.people, tables.path, &counts);
    ck_assert_int_eq(tr_data_open(&data, &arena, folder.path, NULL), AN_OK);
    for (long n = 0; code != AN_OK; n += 1 + n / 8) {
        struct an_err err;

        arena.fail_after = n;
        code = tr_meds_write(&arena, &data, tables.path, &counts, &err);
        ck_assert(code == AN_OK || code == AN_NOMEM);
        arena.fail_after = -1;
    }
    tr_data_close(&data);
    end(&s);
}
END_TEST

/* ---- as they are called ---------------------------------------------------- */

START_TEST(the_commands_write_and_read_tables)
{
    char out[TEST_PATH_BYTES + 32], outcomes[TEST_PATH_BYTES + 32],
        concepts[TEST_PATH_BYTES + 32], meds[] = "--form=meds",
                                        keep[] = "--keep-ids";
    char *write[] = {out, folder.path};
    char *read[] = {meds, keep, outcomes, concepts, out, tables.path};
    char *wrong[] = {folder.path};
    struct tr_meds_written counts;
    struct scene s;

    make_first(&s);
    write_tables(&s, &s.first, &s.people, again.path, &counts);
    snprintf(out, sizeof(out), "--out=%s", tables.path);
    ck_assert_int_eq(tr_command_meds(2, write), TR_EXIT_OK);
    ck_assert_int_eq(tr_command_meds(1, wrong), TR_EXIT_USAGE);
    ck_assert(an_str_eq(load(&tables, "data.csv"), load(&again, "data.csv")));
    put("concepts.tsv", "# none\n");
    snprintf(concepts, sizeof(concepts), "--concepts=%s/concepts.tsv",
             folder.path);
    snprintf(outcomes, sizeof(outcomes), "--outcomes=%s", folder.path);
    snprintf(out, sizeof(out), "--out=%s", again.path);
    ck_assert_int_eq(tr_command_dataset(6, read), TR_EXIT_OK);
    snprintf(out, sizeof(out), "--out=%s/none", tables.path);
    write[1] = tables.path;
    ck_assert_int_eq(tr_command_meds(2, write), TR_EXIT_FAILED);
    end(&s);
}
END_TEST

Suite *trainer_meds_round_suite(void)
{
    const TTest *const tests[] = {
        a_data_set_comes_back_from_its_tables,
        a_study_that_asks_when_it_begins_comes_back_too,
        tables_of_what_came_back_are_the_same_files,
        labels_are_the_known_answers,
        a_study_keeps_its_own_splits_unless_all_are_drawn,
        memory_that_ends_ends_the_writing_with_an_error,
        the_commands_write_and_read_tables,
    };

    return test_suite_around("trainer/meds_round", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A data set from invented patients, and a model from it: what may be known,
 * and that nobody's identity leaves. */
#include "tests/folder.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/dataset/dataset.h"
#include "trainer/dataset/source.h"
#include "trainer/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *trainer_dataset_suite(void);

#define SCT "http://snomed.info/sct"
#define LN "http://loinc.org"
/* The year 2100. */
#define LATE_US (INT64_C(4102444800) * 1000000)

enum { N_PEOPLE = 60, DOCUMENT_BYTES = 16384 };

static struct test_folder folder;
static struct an_arena arena;

static void set_up(void)
{
    test_folder_make(&folder);
    an_arena_init(&arena, (size_t)1 << 30);
}

static void tear_down(void)
{
    test_folder_drop(&folder);
    an_arena_free(&arena);
}

static const char stroke_yaml[] =
    "id: stroke\ntitle: {en: Stroke}\nuse: Test.\n"
    "event:\n  kinds: [condition]\n  codes:\n"
    "    - {system: snomed, code: \"230690007\", text: \"Stroke\"}\n"
    "start: {from: now, gap_days: 7}\nexclude: {before: yes}\n"
    "horizons_days: [365]\naudience: [clinician]\npatient: never\n"
    "threshold: off\n";

/* ---- people ------------------------------------------------------------------ */

enum identity { FAMILY, RECORD, LOGICAL, PHONE, STREET, BIRTH, N_IDENTITY };

/* What says who somebody is; all of it is in the input. */
static void identity_of(int person, int what, char text[64])
{
    switch (what) {
    case FAMILY: snprintf(text, 64, "Qzfamily%05d", person); return;
    case RECORD: snprintf(text, 64, "ZZMRN-%05d", person); return;
    case LOGICAL: snprintf(text, 64, "qz-logical-%05d", person); return;
    case PHONE: snprintf(text, 64, "+1555%06d", person); return;
    case STREET: snprintf(text, 64, "%d Qzstreet", person); return;
    default: snprintf(text, 64, "194%d-01-02", person % 10); return;
    }
}

static size_t put_patient(int i, char *out, size_t size)
{
    char is[N_IDENTITY][64];

    for (int k = 0; k < N_IDENTITY; k++)
        identity_of(i, k, is[k]);
    return (size_t)snprintf(
        out, size,
        "{\"resourceType\":\"Patient\",\"id\":\"%s\",\"identifier\":[{"
        "\"system\":\"urn:x:mrn\",\"value\":\"%s\"}],\"name\":[{\"family\":"
        "\"%s\"}],\"telecom\":[{\"value\":\"%s\"}],\"address\":[{\"line\":["
        "\"%s\"]}],\"gender\":\"%s\",\"birthDate\":\"%s\"%s}",
        is[LOGICAL], is[RECORD], is[FAMILY], is[PHONE], is[STREET],
        i % 2 ? "female" : "male", is[BIRTH],
        i % 7 == 0 ? ",\"deceasedDateTime\":\"2016-08-01T00:00:00Z\"" : "");
}

/* A person's record: hypertension, a value every year, a stay, for some a
 * stroke; one value is corrected later. */
static size_t put_resource(int i, int k, char *out, size_t size)
{
    char id[64];

    identity_of(i, LOGICAL, id);
    if (k < 8)
        return (size_t)snprintf(
            out, size,
            "{\"resourceType\":\"Observation\",\"id\":\"o%d-%d\",\"status\":"
            "\"final\",\"code\":{\"coding\":[{\"system\":\"" LN
            "\",\"code\":\"38483-4\",\"display\":\"Creatinine\"}],\"text\":"
            "\"for Qzfamily\"},\"subject\":{\"reference\":\"Patient/%s\"},"
            "\"effectiveDateTime\":\"20%02d-03-%02dT08:00:00Z\",\"issued\":"
            "\"20%02d-03-%02dT10:00:00Z\",\"valueQuantity\":{\"value\":%d.%d,"
            "\"unit\":\"mg/dL\",\"code\":\"mg/dL\"}}",
            i, k, id, 10 + k, 1 + i % 20, 10 + k, 1 + i % 20, 1, (i + k) % 10);
    if (k == 8)
        return (size_t)snprintf(
            out, size,
            "{\"resourceType\":\"Condition\",\"id\":\"c%d\",\"code\":{"
            "\"coding\":[{\"system\":\"" SCT
            "\",\"code\":\"38341003\",\"display\":\"Hypertension\"}]},"
            "\"subject\":{\"reference\":\"Patient/%s\"},\"recordedDate\":"
            "\"2011-05-%02dT09:00:00Z\"}",
            i, id, 1 + i % 28);
    if (k == 9)
        return (size_t)snprintf(
            out, size,
            "{\"resourceType\":\"Encounter\",\"id\":\"e%d\",\"status\":"
            "\"finished\",\"class\":{\"system\":"
            "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":"
            "\"IMP\"},\"subject\":{\"reference\":\"Patient/%s\"},\"period\":{"
            "\"start\":\"2013-06-%02dT09:00:00Z\",\"end\":"
            "\"2013-06-%02dT19:00:00Z\"}}",
            i, id, 1 + i % 20, 4 + i % 20);
    if (k == 10 && i % 3 == 0)
        return (size_t)snprintf(
            out, size,
            "{\"resourceType\":\"Condition\",\"id\":\"s%d\",\"code\":{"
            "\"coding\":[{\"system\":\"" SCT
            "\",\"code\":\"230690007\",\"display\":\"Stroke\"}]},"
            "\"subject\":{\"reference\":\"Patient/%s\"},\"recordedDate\":"
            "\"2014-09-%02dT09:00:00Z\"}",
            i, id, 1 + i % 28);
    if (k == 11 && i == 4) /* the value of 2012, said again in 2015 */
        return (size_t)snprintf(
            out, size,
            "{\"resourceType\":\"Observation\",\"id\":\"o4-2\",\"meta\":{"
            "\"versionId\":\"2\",\"lastUpdated\":\"2015-01-01T00:00:00Z\"},"
            "\"status\":\"corrected\",\"code\":{\"coding\":[{\"system\":\"" LN
            "\",\"code\":\"38483-4\"}]},\"subject\":{\"reference\":"
            "\"Patient/%s\"},\"effectiveDateTime\":\"2012-03-05T08:00:00Z\","
            "\"issued\":\"2015-01-01T00:00:00Z\",\"valueQuantity\":{\"value\":"
            "9.9,\"unit\":\"mg/dL\",\"code\":\"mg/dL\"}}",
            id);
    return 0;
}

/* All of them as NDJSON, a resource a line, spread over three files. */
static void write_people(const char *in)
{
    static char text[3][N_PEOPLE * DOCUMENT_BYTES];
    size_t n[3] = {0, 0, 0};

    for (int i = 0; i < N_PEOPLE; i++)
        for (int k = -1; k < 12; k++) {
            const int file = k < 0 ? 0 : 1 + k % 2;
            char *at = text[file] + n[file];
            const size_t room = sizeof(text[file]) - n[file] - 1;
            const size_t put =
                k < 0 ? put_patient(i, at, room) : put_resource(i, k, at, room);

            n[file] += put;
            if (put)
                text[file][n[file]++] = '\n';
        }
    for (int file = 0; file < 3; file++) {
        char path[TEST_PATH_BYTES + 32];

        snprintf(path, sizeof(path), "%s-%d.ndjson", in, file);
        ck_assert_int_eq(
            tr_file_write(path, (struct an_str){text[file], n[file]}, NULL),
            AN_OK);
    }
}

static void make_inputs(char outcomes[TEST_PATH_BYTES],
                        char concepts[TEST_PATH_BYTES],
                        char in[TEST_PATH_BYTES])
{
    char path[TEST_PATH_BYTES];
    static const char death[] =
        "id: death\ntitle: {en: Death}\nuse: Test.\n"
        "event: {kinds: [death]}\nstart: {from: now, gap_days: 0}\n"
        "exclude: {before: yes}\nhorizons_days: [365]\n"
        "audience: [clinician]\npatient: never\nthreshold: off\n";
    static const char table[] =
        "same\t" LN "|38483-4\t\t" LN "|2160-0\t\t1\ttest\n"
        "under\thttp://hl7.org/fhir/sid/icd-10-cm|"
        "I63\t\t" SCT "|230690007\t\t1\ttest\n";

    test_folder_file(&folder, "stroke.yaml", path);
    ck_assert_int_eq(tr_file_write(path, an_str_c(stroke_yaml), NULL), AN_OK);
    test_folder_file(&folder, "death.yaml", path);
    ck_assert_int_eq(tr_file_write(path, an_str_c(death), NULL), AN_OK);
    test_folder_file(&folder, "concepts.tsv", concepts);
    ck_assert_int_eq(tr_file_write(concepts, an_str_c(table), NULL), AN_OK);
    snprintf(outcomes, TEST_PATH_BYTES, "%s", folder.path);
    test_folder_file(&folder, "people", in);
    write_people(in);
}

struct made {
    struct tr_people people;
    struct tr_outcomes outcomes;
    struct tr_concepts concepts;
    struct tr_dataset d;
    struct an_str table;
};

static void read_people(struct made *m)
{
    char outcomes[TEST_PATH_BYTES], concepts[TEST_PATH_BYTES],
        in[TEST_PATH_BYTES];
    struct an_err err;

    make_inputs(outcomes, concepts, in);
    tr_people_init(&m->people, (size_t)1 << 30);
    ck_assert_int_eq(
        tr_source_read(folder.path, tr_people_take, &m->people, &err), AN_OK);
    ck_assert_int_eq(tr_people_gather(&m->people, &err), AN_OK);
    ck_assert_int_eq(tr_outcomes_read(&arena, outcomes, &m->outcomes, &err),
                     AN_OK);
    ck_assert_int_eq(tr_file_map(concepts, &m->table, &err), AN_OK);
    ck_assert_int_eq(
        tr_concepts_read(&arena, m->table, "t", &m->concepts, &err), AN_OK);
}

static void make_dataset(struct made *m)
{
    struct tr_dataset_how how;
    struct an_err err;

    read_people(m);
    tr_dataset_how_init(&how);
    how.has_seed = true;
    how.seed = 5;
    how.max_asked = 20;
    how.rich_features = true; /* all kinds there are */
    ck_assert_int_eq(tr_dataset_make(&arena, &m->people, &m->outcomes,
                                     &m->concepts, &how, &m->d, &err),
                     AN_OK);
}

static void drop(struct made *m)
{
    tr_file_unmap(m->table);
    tr_people_release(&m->people);
}

START_TEST(resources_of_a_person_come_together_from_many_files)
{
    struct made m;

    make_dataset(&m);
    ck_assert_uint_eq(m.people.n_persons, N_PEOPLE);
    ck_assert_uint_eq(m.people.n_refused, 0);
    ck_assert_uint_eq(m.d.counts.patients[TR_TRAIN] +
                          m.d.counts.patients[TR_TUNE] +
                          m.d.counts.patients[TR_TEST],
                      N_PEOPLE);
    ck_assert_int_eq(m.outcomes.death, 0);
    ck_assert_uint_gt(m.d.counts.patients[TR_TRAIN],
                      m.d.counts.patients[TR_TEST]);
    ck_assert_uint_gt(m.d.counts.patients[TR_TEST], 0);
    ck_assert_uint_gt(m.d.counts.outcome[1][TR_TRAIN].events, 0);
    ck_assert_uint_gt(m.d.counts.outcome[0][TR_TRAIN].events, 0);
    drop(&m);
}
END_TEST

START_TEST(the_vocabulary_puts_what_is_predicted_first_and_joins_twins)
{
    struct made m;
    const struct rt_vocabulary *v = &m.d.vocabulary;
    int32_t row;

    make_dataset(&m);
    row = rt_vocabulary_row(v, AN_STR(SCT "|38341003"));
    ck_assert(row >= 0 && (size_t)row < v->n_targets);
    row = rt_vocabulary_row(v, AN_STR(LN "|2160-0"));
    ck_assert(row >= 0 && (size_t)row >= v->n_targets);
    ck_assert_int_eq(rt_vocabulary_row(v, AN_STR(LN "|38483-4")), RT_NO_ROW);
    ck_assert_int_eq(rt_vocabulary_find(v, AN_STR(LN), AN_STR("38483-4")), row);
    ck_assert_int_eq(
        rt_vocabulary_find(v, AN_STR("http://hl7.org/fhir/sid/icd-10-cm"),
                           AN_STR("I63.9")),
        rt_vocabulary_row(v, AN_STR(SCT "|230690007")));
    ck_assert_uint_eq(v->n_scales, 1);
    drop(&m);
}
END_TEST

/* Born from 1940 to 1949, recorded in May 2011: at 62 to 71. */
START_TEST(the_vocabulary_says_of_whom_a_condition_was_recorded)
{
    struct made m;
    const struct rt_vocabulary *v = &m.d.vocabulary;
    const struct rt_whom *is;

    make_dataset(&m);
    is = &v->concept[rt_vocabulary_row(v, AN_STR(SCT "|38341003"))].whom;
    ck_assert_uint_eq(is->age_from, 55);
    ck_assert_uint_eq(is->age_to, 80);
    ck_assert(is->sexes == (RT_FEMALE | RT_MALE) && is->once);
    is = &v->concept[rt_vocabulary_row(v, AN_STR(LN "|2160-0"))].whom;
    ck_assert_uint_eq(is->age_to, 0); /* it is not predicted */
    drop(&m);
}
END_TEST

START_TEST(questions_between_events_stand_at_an_empty_last_position)
{
    struct made m;
    size_t between = 0;

    make_dataset(&m);
    for (size_t i = 0; i < m.d.n; i++) {
        const struct tr_case *one = &m.d.one[i];
        const struct rt_position *last =
            &one->history.position[one->history.n_positions - 1];

        if (i && one->key == one[-1].key)
            ck_assert_int_eq(one->split, one[-1].split);
        if (last->n_items)
            continue;
        between++;
        ck_assert_uint_eq(one->labels.n_queries, 1);
        ck_assert_uint_eq(one->labels.query[0].position,
                          one->history.n_positions - 1);
        /* No rates are learned from it. */
        ck_assert(one->start_days == one->end_days &&
                  one->end_days == last->time_days);
        ck_assert(last->since_previous_days > 0);
    }
    ck_assert_uint_gt(between, N_PEOPLE);
    drop(&m);
}
END_TEST

/* The property that all else rests on: what a question's features are is what
 * the record said then, whatever came later. */
START_TEST(features_of_a_question_are_what_was_known_then)
{
    struct made m;
    size_t asked = 0;

    make_dataset(&m);
    ck_assert_uint_gt(m.d.counts.corrected, 0); /* the one said again */
    for (size_t i = 0; i < m.people.n_persons; i++) {
        const struct ctx_event *all;
        struct ctx_timeline t;
        size_t n, k = 0;

        ck_assert_int_eq(tr_people_events(&m.people, i, &arena, &all, &n, NULL),
                         AN_OK);
        ck_assert_int_eq(
            ctx_timeline_build(&arena, all, n, CTX_AS_OF_ALL, &t, NULL), AN_OK);
        /* Cases are in order of their keys: find this person's by content. */
        for (k = 0; k < m.d.n; k++) {
            struct rt_encoded whole;
            const struct tr_case *one = &m.d.one[k];

            ck_assert_int_eq(
                rt_encode(&arena, &m.d.vocabulary, &t, LATE_US, &whole, NULL),
                AN_OK);
            if (whole.history.n_items < one->history.n_items ||
                memcmp(whole.history.item, one->history.item,
                       one->history.n_items * sizeof(struct rt_item)) != 0 ||
                memcmp(whole.history.position, one->history.position,
                       one->history.n_positions * sizeof(struct rt_position)) !=
                    0)
                continue;
            for (size_t q = 0; q < one->labels.n_queries; q++) {
                const uint32_t at = one->labels.query[q].position;
                const int64_t at_us =
                    whole.origin_us +
                    (int64_t)(one->history.position[at].time_days * 86400e6 +
                              0.5);
                float now[128], then[128];
                struct rt_encoded was;
                struct ctx_timeline as_of;

                ck_assert_uint_le(m.d.features.n, 128);
                ck_assert_int_eq(
                    ctx_timeline_build(&arena, all, n, at_us, &as_of, NULL),
                    AN_OK);
                ck_assert_int_eq(rt_encode(&arena, &m.d.vocabulary, &as_of,
                                           at_us, &was, NULL),
                                 AN_OK);
                ck_assert_uint_eq(was.history.n_positions, at + 1);
                rt_wide(m.d.features.feature, m.d.features.n, &one->history, at,
                        now);
                rt_wide(m.d.features.feature, m.d.features.n, &was.history, at,
                        then);
                ck_assert_mem_eq(now, then, m.d.features.n * sizeof(float));
                asked++;
            }
            break;
        }
    }
    ck_assert_uint_gt(asked, N_PEOPLE);
    drop(&m);
}
END_TEST

/* ---- the program ------------------------------------------------------------- */

static int run(const char *out, const char *seed)
{
    char text[8][TEST_PATH_BYTES + 64];
    char *argv[] = {text[0], text[1], text[2], text[3],
                    text[4], text[5], text[6], text[7]};
    char path[TEST_PATH_BYTES];

    test_folder_file(&folder, "concepts.tsv", path);
    snprintf(text[0], sizeof(text[0]), "--out=%s", out);
    snprintf(text[1], sizeof(text[1]), "--outcomes=%s", folder.path);
    snprintf(text[2], sizeof(text[2]), "--concepts=%s", path);
    for (int i = 0; i < 3; i++)
        snprintf(text[3 + i], sizeof(text[0]), "%s/people-%d.ndjson",
                 folder.path, i);
    snprintf(text[6], sizeof(text[6]), "--min-values=5");
    snprintf(text[7], sizeof(text[7]), "--seed=%s", seed ? seed : "");
    return tr_command_dataset(seed ? 8 : 7, argv);
}

static struct an_str load(const char *out, const char *name)
{
    char path[TEST_PATH_BYTES + 32];
    struct an_str mapped, copy;

    snprintf(path, sizeof(path), "%s/%s", out, name);
    ck_assert_int_eq(tr_file_map(path, &mapped, NULL), AN_OK);
    ck_assert(an_arena_str(&arena, mapped, &copy));
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

/* The first four are of the seed and the people alone. */
static const char *const files[] = {"cohort.bin",          "vocabulary.json",
                                    "report.json",         "report.txt",
                                    "lineage/log.jsonl",   "lineage/checkpoint",
                                    "lineage/inputs.jsonl"};

START_TEST(no_identifier_and_no_date_leaves)
{
    char a[TEST_PATH_BYTES], b[TEST_PATH_BYTES], c[TEST_PATH_BYTES];

    make_inputs(a, b, c);
    test_folder_file(&folder, "out", a);
    ck_assert_int_eq(run(a, NULL), TR_EXIT_OK);
    for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
        const struct an_str all = load(a, files[f]);

        ck_assert_uint_gt(all.n, 0);
        /* Long enough that random pseudonyms do not hold them by chance. */
        ck_assert(!holds(all, "Qzfam") && !holds(all, "Qzstr") &&
                  !holds(all, "ZZMRN") && !holds(all, "qz-logical") &&
                  !holds(all, "2013-06") && !holds(all, "urn:x:mrn"));
        for (int i = 0; i < N_PEOPLE; i++)
            for (int k = 0; k < N_IDENTITY; k++) {
                char text[64];

                identity_of(i, k, text);
                ck_assert_msg(!holds(all, text), "%s in %s", text, files[f]);
            }
    }
}
END_TEST

START_TEST(the_same_seed_gives_the_same_bytes_and_none_gives_others)
{
    struct an_str with[4], again[4], without;
    char a[TEST_PATH_BYTES], b[TEST_PATH_BYTES], c[TEST_PATH_BYTES];

    make_inputs(a, b, c);
    ck_assert_int_eq(run(folder.path, "7"), TR_EXIT_OK);
    for (int f = 0; f < 4; f++)
        with[f] = load(folder.path, files[f]);
    ck_assert_int_eq(run(folder.path, "7"), TR_EXIT_OK);
    for (int f = 0; f < 4; f++) {
        again[f] = load(folder.path, files[f]);
        ck_assert(an_str_eq(with[f], again[f]));
    }
    ck_assert_int_eq(run(folder.path, NULL), TR_EXIT_OK);
    without = load(folder.path, files[0]);
    ck_assert(!an_str_eq(with[0], without));
    ck_assert_int_eq(run(folder.path, "no number"), TR_EXIT_USAGE);
}
END_TEST

/* ---- to a signed package ----------------------------------------------------- */

static int call(int (*command)(int, char **), const char *a, const char *b,
                const char *c, const char *d)
{
    const char *const given[] = {a, b, c, d};
    char text[4][TEST_PATH_BYTES + 64];
    char *argv[4];
    int argc = 0;

    for (int i = 0; i < 4; i++)
        if (given[i]) {
            snprintf(text[argc], sizeof(text[0]), "%s", given[i]);
            argv[argc] = text[argc];
            argc++;
        }
    return command(argc, argv);
}

static int fit(const char *cohort, const char *out)
{
    char a[TEST_PATH_BYTES], b[TEST_PATH_BYTES + 64];
    char rest[][24] = {"--layers=1", "--channels=16", "--heads=2", "--epochs=2",
                       "--rank=2"};
    char *argv[] = {a, b, rest[0], rest[1], rest[2], rest[3], rest[4]};

    snprintf(a, sizeof(a), "%s", cohort);
    snprintf(b, sizeof(b), "--out=%s", out);
    return tr_command_fit(7, argv);
}

START_TEST(a_fitted_model_is_judged_packed_signed_and_checked)
{
    char a[TEST_PATH_BYTES], b[TEST_PATH_BYTES], c[TEST_PATH_BYTES];
    char out[TEST_PATH_BYTES + 64];
    struct an_str card;

    make_inputs(a, b, c);
    ck_assert_int_eq(run(folder.path, "7"), TR_EXIT_OK);
    test_folder_file(&folder, "cohort.bin", c);
    ck_assert_int_eq(fit(c, folder.path), TR_EXIT_OK);
    ck_assert_int_eq(
        call(tr_command_evaluate, folder.path, folder.path, NULL, NULL),
        TR_EXIT_OK);
    test_folder_file(&folder, "model", b);
    snprintf(out, sizeof(out), "--out=%s", b);
    ck_assert_int_eq(call(tr_command_package, "--demonstrator", out,
                          folder.path, folder.path),
                     TR_EXIT_OK);
    ck_assert_int_eq(call(tr_command_inspect, b, NULL, NULL, NULL), TR_EXIT_OK);
    ck_assert_int_eq(call(tr_command_inspect, "--attributes", b, NULL, NULL),
                     TR_EXIT_OK);
    card = load(b, "card.md");
    ck_assert(holds(card, "not\nfor care") || holds(card, "not for care"));

    /* One byte of the card, and it opens no more. */
    snprintf(out, sizeof(out), "%s/card.md", b);
    ck_assert_int_eq(tr_file_write(out, an_str_sub(card, 0, card.n - 1), NULL),
                     AN_OK);
    ck_assert_int_eq(call(tr_command_inspect, b, NULL, NULL, NULL),
                     TR_EXIT_FAILED);
}
END_TEST

START_TEST(a_model_of_another_vocabulary_is_not_judged)
{
    char a[TEST_PATH_BYTES], b[TEST_PATH_BYTES], c[TEST_PATH_BYTES];

    make_inputs(a, b, c);
    ck_assert_int_eq(run(folder.path, "7"), TR_EXIT_OK);
    test_folder_file(&folder, "cohort.bin", c);
    ck_assert_int_eq(fit(c, folder.path), TR_EXIT_OK);
    ck_assert_int_eq(run(folder.path, "8"), TR_EXIT_OK);
    ck_assert_int_eq(
        call(tr_command_evaluate, folder.path, folder.path, NULL, NULL),
        TR_EXIT_FAILED);
}
END_TEST

Suite *trainer_dataset_suite(void)
{
    const TTest *const tests[] = {
        resources_of_a_person_come_together_from_many_files,
        the_vocabulary_puts_what_is_predicted_first_and_joins_twins,
        the_vocabulary_says_of_whom_a_condition_was_recorded,
        questions_between_events_stand_at_an_empty_last_position,
        features_of_a_question_are_what_was_known_then,
        no_identifier_and_no_date_leaves,
        the_same_seed_gives_the_same_bytes_and_none_gives_others,
        a_fitted_model_is_judged_packed_signed_and_checked,
        a_model_of_another_vocabulary_is_not_judged,
    };

    return test_suite_around("trainer/dataset", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}

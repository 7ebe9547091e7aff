/* SPDX-License-Identifier: Apache-2.0 */
/* The log that travels with the work, and the files of a data set. */
#include "base/random.h"
#include "tests/folder.h"
#include "tests/invented_cohort.h"
#include "tests/suite.h"
#include "trainer/command.h"
#include "trainer/file.h"
#include "trainer/lineage/check.h"
#include "trainer/lineage/lineage.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

Suite *trainer_lineage_suite(void);

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

static const char *put(const char *name, const char *text)
{
    char path[TEST_PATH_BYTES];
    struct an_str copy;

    test_folder_file(&folder, name, path);
    ck_assert_int_eq(tr_file_write(path, an_str_c(text), NULL), AN_OK);
    ck_assert(an_arena_str(&arena, an_str_c(path), &copy));
    return copy.p;
}

static struct an_str load(const char *in, const char *name)
{
    char path[2 * TEST_PATH_BYTES];
    struct an_str mapped, copy;

    snprintf(path, sizeof(path), "%s/%s", in, name);
    ck_assert_int_eq(tr_file_map(path, &mapped, NULL), AN_OK);
    ck_assert(an_arena_str(&arena, mapped, &copy));
    tr_file_unmap(mapped);
    return copy;
}

static enum an_code no_take(void *arg, struct an_str document,
                            struct an_err *err)
{
    (void)arg, (void)document, (void)err;
    return AN_OK;
}

static enum an_code read_with(struct tr_inputs *in, const uint64_t *seed,
                              const char *path)
{
    struct tr_source_watch watch;

    ck_assert_int_eq(tr_inputs_init(in, &arena, seed, NULL), AN_OK);
    watch = tr_inputs_watch(in);
    return tr_source_watched(path, &watch, no_take, NULL, NULL);
}

/* ---- input files ----------------------------------------------------------- */

START_TEST(a_record_is_proved_with_the_salt_alone)
{
    static const char *const line[] = {"{\"a\":1}", "{\"a\":2}", "{\"a\":3}"};
    const uint64_t seed = 9;
    struct an_sha256 leaf[3], salted;
    struct an_merkle_proof proof;
    struct tr_inputs in, other;
    const struct tr_input *one;
    const char *path = put("x.ndjson", "{\"a\":1}\n\n{\"a\":2}\n{\"a\":3}\n");

    ck_assert_int_eq(read_with(&in, &seed, path), AN_OK);
    one = in.first;
    ck_assert_uint_eq(in.n, 1);
    ck_assert_uint_eq(one->records, 3);
    ck_assert_uint_eq(one->bytes, 25);
    ck_assert_str_eq(one->path, path);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(tr_pseudonym_digest(&in.salt, "record",
                                             an_str_c(line[i]), salted.b, NULL),
                         AN_OK);
        ck_assert_int_eq(
            an_merkle_leaf((struct an_str){(const char *)salted.b, 32},
                           &leaf[i], NULL),
            AN_OK);
    }
    ck_assert_int_eq(an_merkle_include(leaf, 3, 1, &proof, NULL), AN_OK);
    ck_assert_int_eq(
        an_merkle_included(&leaf[1], 1, 3, &proof, &one->root, NULL), AN_OK);
    /* By another salt all of it is another. */
    ck_assert_int_eq(read_with(&other, NULL, path), AN_OK);
    ck_assert_mem_ne(other.first->root.b, one->root.b, 32);
    ck_assert_mem_ne(other.first->file.b, one->file.b, 32);
    ck_assert_mem_ne(other.first->name.b, one->name.b, 32);
    tr_inputs_release(&other);
    /* By the same seed it is the same. */
    ck_assert_int_eq(read_with(&other, &seed, path), AN_OK);
    ck_assert_mem_eq(other.first->root.b, one->root.b, 32);
    tr_inputs_release(&other);
    tr_inputs_release(&in);
}
END_TEST

START_TEST(the_salt_of_a_seed_is_not_the_key_of_its_pseudonyms)
{
    const uint64_t seed = 9;
    struct tr_pseudonym key;
    struct tr_inputs in;

    ck_assert_int_eq(tr_inputs_init(&in, &arena, &seed, NULL), AN_OK);
    ck_assert_int_eq(tr_pseudonym_seed(&key, seed, NULL), AN_OK);
    ck_assert_mem_ne(in.salt.key, key.key, sizeof(key.key));
    tr_inputs_release(&in);
}
END_TEST

START_TEST(a_packed_file_is_the_same_file)
{
    static const char text[] = "{\"resourceType\":\"Bundle\"}\n";
    const uint64_t seed = 1;
    char path[TEST_PATH_BYTES];
    struct tr_inputs plain, packed;
    gzFile file;

    test_folder_file(&folder, "a.json.gz", path);
    file = gzopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(gzwrite(file, text, sizeof(text) - 1),
                     (int)sizeof(text) - 1);
    ck_assert_int_eq(gzclose(file), Z_OK);
    ck_assert_int_eq(read_with(&packed, &seed, path), AN_OK);
    ck_assert_int_eq(read_with(&plain, &seed, put("a.json", text)), AN_OK);
    ck_assert_mem_eq(plain.first->file.b, packed.first->file.b, 32);
    ck_assert_mem_eq(plain.first->root.b, packed.first->root.b, 32);
    tr_inputs_release(&plain);
    tr_inputs_release(&packed);
}
END_TEST

START_TEST(lines_come_back_and_their_root_stays)
{
    const uint64_t seed = 3;
    struct an_sha256 root, again;
    struct tr_inputs in, read;
    struct an_str lines;
    struct stat st;
    char path[TEST_PATH_BYTES];
    struct an_err err;

    put("a.json", "{}");
    put("b.json", "[]");
    ck_assert_int_eq(read_with(&in, &seed, folder.path), AN_OK);
    test_folder_file(&folder, "lineage", path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(tr_inputs_write(&in, &arena, folder.path, NULL), AN_OK);
    ck_assert_int_eq(tr_inputs_open(&read, &arena, folder.path, NULL), AN_OK);
    ck_assert_uint_eq(read.n, 2);
    ck_assert_mem_eq(read.salt.key, in.salt.key, sizeof(in.salt.key));
    ck_assert_int_eq(tr_inputs_root(&in, &arena, &root, NULL), AN_OK);
    ck_assert_int_eq(tr_inputs_root(&read, &arena, &again, NULL), AN_OK);
    ck_assert_mem_eq(root.b, again.b, 32);
    /* For nobody else, whatever was there before. */
    test_folder_file(&folder, "lineage/salt", path);
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(tr_inputs_write(&in, &arena, folder.path, NULL), AN_OK);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    /* Damaged. */
    lines = load(folder.path, "lineage/inputs.jsonl");
    put("lineage/inputs.jsonl", "{\"name\":\"ab\"}\n");
    ck_assert_int_eq(tr_inputs_open(&read, &arena, folder.path, &err),
                     AN_SYNTAX);
    ck_assert_uint_eq(err.where.line, 1);
    put("lineage/inputs.jsonl", lines.p);
    put("lineage/salt", "no salt\n");
    ck_assert_int_eq(tr_inputs_open(&read, &arena, folder.path, &err),
                     AN_SYNTAX);
    ck_assert_int_eq(remove(path), 0);
    ck_assert_int_eq(tr_inputs_open(&read, &arena, folder.path, &err),
                     AN_NOTFOUND);
    tr_inputs_release(&in);
}
END_TEST

START_TEST(rows_are_the_records_of_tables)
{
    static const char people[] = "\"id\",\"age\"\n1,50\n2,\"6\"\"0\"\n";
    const uint64_t seed = 4;
    struct an_sha256 leaf[2], salted, root;
    struct tr_inputs in;
    struct an_err err;

    put("nafld1.csv", people);
    put("nafld2.csv", "id\n1\n");
    ck_assert_int_eq(tr_inputs_init(&in, &arena, &seed, NULL), AN_OK);
    /* The third table is missing. */
    ck_assert_int_eq(tr_inputs_tables(&in, AN_STR("nafld"), folder.path, &err),
                     AN_NOTFOUND);
    put("nafld3.csv", "id\n");
    put("readme.csv", "nobody reads it\n");
    tr_inputs_release(&in);
    ck_assert_int_eq(tr_inputs_init(&in, &arena, &seed, NULL), AN_OK);
    ck_assert_int_eq(tr_inputs_tables(&in, AN_STR("nafld"), folder.path, NULL),
                     AN_OK);
    ck_assert_uint_eq(in.n, 3);
    ck_assert_uint_eq(in.n_records, 3);
    ck_assert_uint_eq(in.first->bytes, sizeof(people) - 1);
    for (int i = 0; i < 2; i++) {
        const struct an_str row[] = {AN_STR("1,50\n"),
                                     AN_STR("2,\"6\"\"0\"\n")};

        ck_assert_int_eq(
            tr_pseudonym_digest(&in.salt, "record", row[i], salted.b, NULL),
            AN_OK);
        ck_assert_int_eq(
            an_merkle_leaf((struct an_str){(const char *)salted.b, 32},
                           &leaf[i], NULL),
            AN_OK);
    }
    ck_assert_int_eq(an_merkle_root_of(leaf, 2, &root, NULL), AN_OK);
    ck_assert_mem_eq(root.b, in.first->root.b, 32);
    ck_assert_int_eq(
        tr_inputs_tables(&in, AN_STR("no form"), folder.path, &err),
        AN_UNSUPPORTED);
    ck_assert_int_eq(tr_inputs_tables(&in, AN_STR("nafld"), "gone", &err),
                     AN_NOTFOUND);
    tr_inputs_release(&in);
}
END_TEST

static enum an_code refuses(void *arg, struct an_str document,
                            struct an_err *err)
{
    (void)arg, (void)document;
    return an_fail(err, AN_LIMIT, "no more", 0);
}

/* The file that was open goes with the release. */
START_TEST(a_reading_that_fails_notes_no_file)
{
    struct tr_source_watch watch;
    struct tr_inputs in;

    ck_assert_int_eq(tr_inputs_init(&in, &arena, NULL, NULL), AN_OK);
    watch = tr_inputs_watch(&in);
    ck_assert_int_eq(
        tr_source_watched(put("a.json", "{}"), &watch, refuses, NULL, NULL),
        AN_LIMIT);
    ck_assert_uint_eq(in.n, 0);
    ck_assert_ptr_nonnull(in.open);
    tr_inputs_release(&in);
    ck_assert_ptr_null(in.open);
}
END_TEST

/* ---- comparing ------------------------------------------------------------- */

enum { MOST_FILES = 12 };

/* Files of few names and contents, so that they meet. */
static void invent_files(struct tr_inputs *in, uint64_t key,
                         struct tr_input one[MOST_FILES], bool named)
{
    static const char *const path[] = {"a", "b", "c", "d"};
    const size_t n = (size_t)(an_random_uniform(key, 0) * MOST_FILES);

    *in = (struct tr_inputs){.arena = &arena};
    in->end = &in->first;
    for (size_t i = 0; i < n; i++) {
        const int name = (int)(an_random_uniform(key, 2 * i + 1) * 4);

        one[i] = (struct tr_input){
            .path = named ? path[name] : NULL,
            .name.b[0] = (uint8_t)name,
            .file.b[0] = (uint8_t)(an_random_uniform(key, 2 * i + 2) * 6)};
        *in->end = &one[i];
        in->end = &one[i].next;
        in->n++;
    }
}

/* As many of each name or content as both have. */
static size_t meet(const int a[256], const int b[256])
{
    size_t n = 0;

    for (int i = 0; i < 256; i++)
        n += (size_t)(a[i] < b[i] ? a[i] : b[i]);
    return n;
}

START_TEST(findings_count_what_does_not_meet)
{
    size_t any = 0;

    for (uint64_t key = 0; key < 500; key++) {
        struct tr_input before[MOST_FILES], now[MOST_FILES];
        int content[2][256] = {{0}};
        size_t n, by_state[3] = {0}, same;
        struct tr_input_finding *f;
        struct tr_inputs noted, found;

        invent_files(&noted, 2 * key, before, false);
        invent_files(&found, 2 * key + 1, now, true);
        for (size_t i = 0; i < noted.n; i++)
            content[0][before[i].file.b[0]]++;
        for (size_t i = 0; i < found.n; i++)
            content[1][now[i].file.b[0]]++;
        same = meet(content[0], content[1]);
        ck_assert_int_eq(
            tr_inputs_compare(&arena, &noted, &found, &f, &n, NULL), AN_OK);
        for (size_t i = 0; i < n; i++) {
            by_state[f[i].state]++;
            ck_assert((f[i].path == NULL) == (f[i].state == TR_INPUT_MISSING));
            ck_assert((f[i].number == 0) == (f[i].state == TR_INPUT_NEW));
            if (f[i].state == TR_INPUT_CHANGED)
                ck_assert_uint_eq(before[f[i].number - 1].name.b[0],
                                  (unsigned)(f[i].path[0] - 'a'));
        }
        ck_assert_uint_eq(same + by_state[TR_INPUT_CHANGED] +
                              by_state[TR_INPUT_NEW],
                          found.n);
        ck_assert_uint_eq(same + by_state[TR_INPUT_CHANGED] +
                              by_state[TR_INPUT_MISSING],
                          noted.n);
        any += by_state[TR_INPUT_CHANGED];
    }
    ck_assert_uint_gt(any, 100);
}
END_TEST

/* ---- the log --------------------------------------------------------------- */

static int fit(const char *cohort, const char *out, const char *more)
{
    char text[][TEST_PATH_BYTES] = {"--layers=1",
                                    "--channels=16",
                                    "--heads=2",
                                    "--positions=12",
                                    "--rank=2",
                                    "--epochs=2",
                                    "--batch-rows=300",
                                    "",
                                    "",
                                    ""};
    char *argv[10];
    int argc = 0;

    snprintf(text[7], sizeof(text[7]), "--out=%.400s", out);
    snprintf(text[8], sizeof(text[8]), "%.400s", cohort);
    snprintf(text[9], sizeof(text[9]), "%s", more ? more : "");
    for (int i = 0; i < (more ? 10 : 9); i++)
        argv[argc++] = text[i];
    return tr_command_fit(argc, argv);
}

static int64_t number_at(const struct an_json *outcome, struct an_str name,
                         int split)
{
    int64_t n = -1;

    ck_assert(
        an_json_i64(an_json_at(an_json_get(outcome, name), (size_t)split), &n));
    return n;
}

/* Counted again, the plain way. */
START_TEST(a_data_set_says_who_supplied_which_labels)
{
    const struct an_json *outcomes;
    char path[64];
    struct tr_cohort c;
    struct tr_lineage l;
    size_t at;

    invent_cohort(invented_path(path), 120, 4);
    ck_assert_int_eq(tr_cohort_open(&c, path, NULL), AN_OK);
    ck_assert_int_eq(
        tr_lineage_of_data(&l, &arena, folder.path, &c, NULL, NULL), AN_OK);
    ck_assert(l.began);
    ck_assert_int_eq(l.l.leaf[0].kind, RT_LEAF_UNKNOWN_BEFORE);
    at = rt_lineage_last(&l.l, RT_LEAF_DATASET, l.l.n);
    outcomes = an_json_get(l.l.leaf[at].json, AN_STR("outcomes"));
    ck_assert_ptr_null(an_json_at(outcomes, c.sizes.outcomes));
    for (uint32_t k = 0; k < c.sizes.outcomes; k++)
        for (uint32_t s = 0; s < TR_N_SPLITS; s++) {
            const struct an_json *o = an_json_at(outcomes, k);
            int64_t questions = 0, positives = 0, patients = 0;

            for (size_t i = 0; i < c.n_patients; i++) {
                bool any = false;

                for (uint32_t q = 0; q < c.patient[i].n_queries; q++) {
                    const struct tr_follow_up *f =
                        &c.follow_up[(c.patient[i].first_query + q) *
                                         c.sizes.outcomes +
                                     k];

                    if (c.patient[i].split != s || f->from_days == f->to_days)
                        continue;
                    any = true;
                    questions++;
                    positives += f->event;
                }
                patients += any;
            }
            ck_assert_int_eq(number_at(o, AN_STR("questions"), (int)s),
                             questions);
            ck_assert_int_eq(number_at(o, AN_STR("positives"), (int)s),
                             positives);
            ck_assert_int_eq(number_at(o, AN_STR("patients"), (int)s),
                             patients);
        }
    tr_cohort_close(&c);
    invented_remove(path);
}
END_TEST

START_TEST(a_log_comes_back_and_a_damaged_one_does_not)
{
    struct an_str log, checkpoint;
    struct tr_lineage l, again;
    struct tr_cohort c;
    struct an_err err;
    char path[64];

    invent_cohort(invented_path(path), 40, 4);
    ck_assert_int_eq(tr_cohort_open(&c, path, NULL), AN_OK);
    ck_assert_int_eq(tr_lineage_open(&l, &arena, folder.path, &err),
                     AN_NOTFOUND);
    ck_assert_int_eq(
        tr_lineage_of_data(&l, &arena, folder.path, &c, NULL, NULL), AN_OK);
    ck_assert_int_eq(tr_lineage_write(&l, folder.path, NULL), AN_OK);
    ck_assert_int_eq(
        tr_lineage_of_data(&again, &arena, folder.path, &c, NULL, NULL), AN_OK);
    ck_assert(!again.began && an_str_eq(again.text, l.text));
    /* Another cohort, in the folder of this log. */
    c.sha256[0] ^= 1;
    ck_assert_int_eq(
        tr_lineage_of_data(&again, &arena, folder.path, &c, NULL, &err),
        AN_CONFLICT);
    log = load(folder.path, RT_LINEAGE_LOG);
    checkpoint = load(folder.path, RT_LINEAGE_CHECKPOINT);
    put(RT_LINEAGE_CHECKPOINT, "no checkpoint\n");
    ck_assert_int_eq(tr_lineage_open(&again, &arena, folder.path, &err),
                     AN_SYNTAX);
    put(RT_LINEAGE_CHECKPOINT, checkpoint.p);
    ck_assert_int_eq(tr_lineage_open(&again, &arena, folder.path, &err), AN_OK);
    put(RT_LINEAGE_LOG, "");
    ck_assert_int_eq(tr_lineage_open(&again, &arena, folder.path, &err),
                     AN_SYNTAX);
    put(RT_LINEAGE_LOG, log.p + 1);
    ck_assert_int_eq(tr_lineage_open(&again, &arena, folder.path, &err),
                     AN_SYNTAX);
    tr_cohort_close(&c);
    invented_remove(path);
}
END_TEST

/* A folder that is the data's and the fit's is no special case. */
START_TEST(a_fit_says_the_same_however_often_it_is_asked)
{
    struct an_str first, again;
    char cohort[TEST_PATH_BYTES];
    struct tr_lineage l;

    test_folder_file(&folder, "cohort.bin", cohort);
    invent_cohort(cohort, 60, 4);
    ck_assert_int_eq(fit(cohort, folder.path, NULL), TR_EXIT_OK);
    first = load(folder.path, RT_LINEAGE_LOG);
    ck_assert_int_eq(fit(cohort, folder.path, "--resume"), TR_EXIT_OK);
    again = load(folder.path, RT_LINEAGE_LOG);
    ck_assert(an_str_eq(first, again));
    ck_assert_int_eq(tr_lineage_open(&l, &arena, folder.path, NULL), AN_OK);
    ck_assert_uint_eq(l.l.n, 5);
    ck_assert_int_eq(l.l.leaf[3].kind, RT_LEAF_RUN);
    ck_assert_int_eq(l.l.leaf[4].kind, RT_LEAF_CHECKPOINT);
    ck_assert_uint_eq(rt_leaf_named(&l.l, l.l.leaf[3].json, AN_STR("dataset")),
                      2);
    /* Another seed is another run. */
    ck_assert_int_eq(fit(cohort, folder.path, "--seed=2"), TR_EXIT_OK);
    again = load(folder.path, RT_LINEAGE_LOG);
    ck_assert(!an_str_eq(first, again));
    ck_assert_int_eq(tr_lineage_open(&l, &arena, folder.path, NULL), AN_OK);
    ck_assert_uint_eq(l.l.n, 5);
}
END_TEST

START_TEST(another_cohort_than_the_log_says_is_not_fitted)
{
    char cohort[TEST_PATH_BYTES];

    test_folder_file(&folder, "cohort.bin", cohort);
    invent_cohort(cohort, 60, 4);
    ck_assert_int_eq(fit(cohort, folder.path, NULL), TR_EXIT_OK);
    invent_cohort(cohort, 61, 4);
    ck_assert_int_eq(fit(cohort, folder.path, NULL), TR_EXIT_FAILED);
}
END_TEST

START_TEST(without_memory_it_says_so)
{
    struct tr_lineage l;
    struct tr_cohort c;
    struct an_err err;
    char path[64];
    enum an_code code = AN_NOMEM;
    long n = 0;

    invent_cohort(invented_path(path), 20, 4);
    ck_assert_int_eq(tr_cohort_open(&c, path, NULL), AN_OK);
    for (; code != AN_OK; n++) {
        arena.fail_after = n;
        code = tr_lineage_of_data(&l, &arena, folder.path, &c, NULL, &err);
        ck_assert_msg(code == AN_OK || code == AN_NOMEM, "%s", err.what);
        arena.fail_after = -1;
        ck_assert_int_lt(n, 1000);
    }
    ck_assert_int_gt(n, 10);
    tr_cohort_close(&c);
    invented_remove(path);
}
END_TEST

static int lineage(const char *a, const char *b, const char *c)
{
    const char *const given[] = {a, b, c};
    char text[3][TEST_PATH_BYTES];
    char *argv[3];
    int argc = 0;

    for (int i = 0; i < 3; i++)
        if (given[i]) {
            snprintf(text[argc], sizeof(text[0]), "%.500s", given[i]);
            argv[argc] = text[argc];
            argc++;
        }
    return tr_command_lineage(argc, argv);
}

START_TEST(the_command_knows_how_it_is_called)
{
    ck_assert_int_eq(lineage("--help", NULL, NULL), TR_EXIT_OK);
    ck_assert_int_eq(lineage(NULL, NULL, NULL), TR_EXIT_USAGE);
    ck_assert_int_eq(lineage("--check", NULL, NULL), TR_EXIT_USAGE);
    ck_assert_int_eq(lineage("--check", folder.path, NULL), TR_EXIT_USAGE);
    ck_assert_int_eq(lineage(folder.path, folder.path, NULL), TR_EXIT_USAGE);
    ck_assert_int_eq(lineage("--what", NULL, NULL), TR_EXIT_USAGE);
    ck_assert_int_eq(lineage(folder.path, NULL, NULL), TR_EXIT_FAILED);
    ck_assert_int_eq(lineage("--check", folder.path, folder.path),
                     TR_EXIT_FAILED);
}
END_TEST

Suite *trainer_lineage_suite(void)
{
    const TTest *const list[] = {
        a_record_is_proved_with_the_salt_alone,
        the_salt_of_a_seed_is_not_the_key_of_its_pseudonyms,
        a_packed_file_is_the_same_file,
        lines_come_back_and_their_root_stays,
        rows_are_the_records_of_tables,
        a_reading_that_fails_notes_no_file,
        findings_count_what_does_not_meet,
        a_data_set_says_who_supplied_which_labels,
        a_log_comes_back_and_a_damaged_one_does_not,
        a_fit_says_the_same_however_often_it_is_asked,
        another_cohort_than_the_log_says_is_not_fitted,
        without_memory_it_says_so,
        the_command_knows_how_it_is_called,
    };

    return test_suite_around("trainer/lineage", list,
                             sizeof(list) / sizeof(list[0]), set_up, tear_down);
}

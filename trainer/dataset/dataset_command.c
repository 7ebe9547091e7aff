/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train dataset */
#include "base/decimal.h"
#include "trainer/command.h"
#include "trainer/data.h"
#include "trainer/dataset/closed.h"
#include "trainer/dataset/dataset.h"
#include "trainer/dataset/diabetes130.h"
#include "trainer/dataset/nafld.h"
#include "trainer/dataset/source.h"
#include "trainer/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_PATHS = 256 };

#ifndef TR_DATA_DIR
#    define TR_DATA_DIR "config"
#endif

/* What can be read: documents, or the records of a study. */
static const struct form {
    const char *name;
    enum an_code (*documents)(const char *path, tr_take *take, void *arg,
                              struct an_err *err);
    enum an_code (*records)(const char *path, tr_take_record *take, void *arg,
                            struct an_err *err);
} forms[] = {
    {"fhir", tr_source_read, NULL},
    {"nafld", NULL, tr_nafld_read},
    {"diabetes130", NULL, tr_diabetes130_read},
};

enum { N_FORMS = sizeof(forms) / sizeof(forms[0]) };

struct job {
    const struct form *form;
    const char *path[MAX_PATHS], *out, *outcomes, *concepts, *like;
    size_t n_paths;
    uint64_t memory_mb;
    struct tr_dataset_how how;
    bool help, with_labelled, has_split;
};

static void usage(FILE *out)
{
    fputs("usage: anamnesis-train dataset [OPTION...] --out FOLDER PATH...\n\n"
          "Reads FHIR R4 (Bundles as .json, resources as .ndjson, both also "
          ".gz; folders\nare walked) and writes a data set without names: "
          "cohort.bin, vocabulary.json,\nreport.json, report.txt.\n\n"
          "  --form FORM       what PATH is: ",
          out);
    for (size_t i = 0; i < N_FORMS; i++)
        fprintf(out, "%s%s", i ? ", " : "", forms[i].name);
    fputs(
        " (fhir)\n"
        "  --keep-ids        the study's own numbers in cohort.bin, so that "
        "predictions\n"
        "                    can be told apart; for public studies only, never "
        "for fhir\n"
        "  --seed N          make the same files again; for invented patients "
        "only, since\n"
        "                    it lets its holder recognise a patient (else the "
        "key is\n"
        "                    random and thrown away)\n"
        "  --split A/B/C     share of patients to train, tune, test "
        "(70/15/15)\n"
        "  --fold K/N        test on the people whose key / N % N is K, from "
        "0; the others\n"
        "                    train and tune by the first two shares of "
        "--split\n"
        "  --like FOLDER     with vocabulary, scales and features of that data "
        "set, or of that\n"
        "                    package, for a model that was fitted on it; "
        "everybody is tested on, unless\n"
        "                    --split or --fold says else\n"
        "  --min-people N    a code that fewer training patients have gets no "
        "row (5)\n"
        "  --max-concepts N  rows of the vocabulary (4096)\n"
        "  --min-values N    values needed to standardise a measurement (20)\n"
        "  --value-bins N    the model reads no value, but the middle of that "
        "one of N bins with\n"
        "                    as many training values each; 0: values as they "
        "are (0)\n"
        "  --no-parents      the model reads no categories and kinds that "
        "codes "
        "fall under\n"
        "  --asked N         questions per patient, beside discharges, and "
        "when a study\n"
        "                    begins to watch (8)\n"
        "  --between N       and at moments when nothing happened (3)\n"
        "  --until WHEN      end of observation of the living: `data` (the "
        "last moment of\n"
        "                    all), `record` (each one's own; for shifted "
        "dates), or a date\n"
        "                    (data)\n"
        "  --years N         only the last N years before that are observed; "
        "what is older\n"
        "                    is history (0: all are)\n"
        "  --outcomes FOLDER one YAML file for each (" TR_DATA_DIR
        "/outcomes)\n"
        "  --concepts FILE   codes that mean the same (" TR_DATA_DIR
        "/tables/concepts.tsv)\n"
        "  --rich-features   with counts, recency, mean, lowest and highest of "
        "what is common;\n"
        "                    for some thousands of patients\n"
        "  --with-labelled   with what is labelled confidential, which is left "
        "out else\n"
        "  --memory-mb N     most memory for what is read (8192)\n",
        out);
}

static bool number(struct an_str value, uint64_t low, uint64_t high,
                   uint64_t *out)
{
    return an_str_u64(value, out) && *out >= low && *out <= high;
}

static bool small(struct an_str value, uint32_t low, uint32_t high,
                  uint32_t *out)
{
    uint64_t n;

    if (!number(value, low, high, &n))
        return false;
    *out = (uint32_t)n;
    return true;
}

static bool set_split(struct tr_dataset_how *how, struct an_str value)
{
    struct an_str part;

    for (int s = 0; s < TR_N_SPLITS; s++)
        if (!an_str_cut(&value, '/', &part) ||
            !small(part, 0, 1000000, &how->share[s]))
            return false;
    return value.p == NULL && how->share[TR_TRAIN] > 0;
}

static bool set_fold(struct tr_dataset_how *how, struct an_str value)
{
    struct an_str fold;

    return an_str_cut(&value, '/', &fold) &&
           small(value, 1, 1000000, &how->n_folds) &&
           small(fold, 0, 1000000, &how->fold);
}

static bool set_until(struct tr_dataset_how *how, struct an_str value)
{
    struct an_time t;

    if (an_str_eq(value, AN_STR("data")))
        how->until = TR_UNTIL_DATA;
    else if (an_str_eq(value, AN_STR("record")))
        how->until = TR_UNTIL_RECORD;
    else if (an_time_fhir(value, &(struct an_zone){0}, &t)) {
        how->until = TR_UNTIL_DATE;
        how->until_us = t.us;
    } else
        return false;
    return true;
}

static bool set_form(struct job *job, struct an_str value)
{
    for (size_t i = 0; i < N_FORMS; i++)
        if (an_str_eq(value, an_str_c(forms[i].name))) {
            job->form = &forms[i];
            return true;
        }
    return false;
}

static bool set_how(struct job *job, struct an_str name, struct an_str value)
{
    struct tr_dataset_how *how = &job->how;
    struct tr_catalogue_how *c = &how->catalogue;

    if (an_str_eq(name, AN_STR("seed"))) {
        how->has_seed = true;
        return an_str_u64(value, &how->seed);
    }
    if (an_str_eq(name, AN_STR("form")))
        return set_form(job, value);
    if (an_str_eq(name, AN_STR("split")))
        return job->has_split = set_split(how, value);
    if (an_str_eq(name, AN_STR("fold")))
        return set_fold(how, value);
    if (an_str_eq(name, AN_STR("min-people")))
        return small(value, 1, 1000000, &c->min_people);
    if (an_str_eq(name, AN_STR("max-concepts")))
        return small(value, 16, 1 << 20, &c->max_concepts);
    if (an_str_eq(name, AN_STR("min-values")))
        return small(value, 2, 1000000, &c->min_values);
    if (an_str_eq(name, AN_STR("value-bins")))
        return small(value, 0, TR_MAX_VALUE_BINS, &c->value_bins);
    if (an_str_eq(name, AN_STR("asked")))
        return small(value, 0, 1000, &how->max_asked);
    if (an_str_eq(name, AN_STR("between")))
        return small(value, 0, 1000, &how->between);
    if (an_str_eq(name, AN_STR("until")))
        return set_until(how, value);
    if (an_str_eq(name, AN_STR("years")))
        return small(value, 0, 150, &how->years);
    if (an_str_eq(name, AN_STR("memory-mb")))
        return number(value, 16, 1 << 22, &job->memory_mb);
    return false;
}

static int bad(const char *argument)
{
    fprintf(stderr, "anamnesis-train dataset: '%s' is not understood\n\n",
            argument);
    usage(stderr);
    return TR_EXIT_USAGE;
}

/* Options that do not go together; NULL when all do. */
static const char *at_odds(const struct job *job)
{
    const struct tr_dataset_how *how = &job->how;

    if (how->keep_ids && job->form->records == NULL)
        return "--keep-ids is for public studies: what is read here says who "
               "somebody is";
    if (how->keep_ids && how->has_seed)
        return "--seed makes pseudonyms, and --keep-ids wants none";
    if (how->n_folds == 1 || how->n_folds > TR_MAX_FOLDS ||
        (how->n_folds && how->fold >= how->n_folds))
        return "--fold K/N wants N from 2 to 100 and K from 0 to N - 1";
    if (how->n_folds && !how->keep_ids && !how->has_seed)
        return "--fold wants --keep-ids or --seed: by keys that are thrown "
               "away each run has folds of its own";
    return NULL;
}

/* "--name" alone. */
static bool set_flag(struct job *job, const char *said)
{
    if (strcmp(said, "--with-labelled") == 0)
        return job->with_labelled = true;
    if (strcmp(said, "--keep-ids") == 0)
        return job->how.keep_ids = true;
    if (strcmp(said, "--no-parents") == 0)
        return job->how.catalogue.no_parents = true;
    if (strcmp(said, "--rich-features") == 0)
        return job->how.rich_features = true;
    return false;
}

static int ready(struct job *job)
{
    const char *why = at_odds(job);

    job->how.all_test = job->like && !job->has_split && job->how.n_folds == 0;
    if (job->n_paths == 0 || job->out == NULL)
        usage(stderr);
    else if (why)
        fprintf(stderr, "anamnesis-train dataset: %s\n", why);
    else
        return TR_EXIT_OK;
    return TR_EXIT_USAGE;
}

static int arguments(struct job *job, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *said = argv[i];
        struct an_str name, value;

        if (strcmp(said, "--help") == 0) {
            usage(stdout);
            job->help = true;
            return TR_EXIT_OK;
        }
        if (set_flag(job, said))
            continue;
        if (said[0] != '-') {
            if (job->n_paths == MAX_PATHS)
                return bad(said);
            job->path[job->n_paths++] = said;
            continue;
        }
        if (!tr_option(argc, argv, &i, &name, &value))
            return bad(said);
        if (an_str_eq(name, AN_STR("out")))
            job->out = value.p;
        else if (an_str_eq(name, AN_STR("outcomes")))
            job->outcomes = value.p;
        else if (an_str_eq(name, AN_STR("concepts")))
            job->concepts = value.p;
        else if (an_str_eq(name, AN_STR("like")))
            job->like = value.p;
        else if (!set_how(job, name, value))
            return bad(said);
    }
    return ready(job);
}

static enum an_code write_all(const struct job *job, struct an_arena *arena,
                              const struct tr_dataset *d,
                              const struct tr_people *people,
                              const struct tr_outcomes *outcomes,
                              struct an_err *err)
{
    struct an_str json, text;
    enum an_code code;

    if (mkdir(job->out, 0755) < 0 && errno != EEXIST)
        return an_fail_sys(err, AN_IO, "the folder cannot be made", errno);
    code = tr_dataset_write(arena, d, people, outcomes, job->out, err);
    if (code == AN_OK)
        code = tr_dataset_report(arena, d, people, outcomes, &json, &text, err);
    if (code == AN_OK)
        fwrite(text.p, 1, text.n, stdout);
    return code;
}

static enum an_code copy_file(const char *folder, const char *name,
                              struct an_arena *arena, struct an_str *copy,
                              struct an_err *err)
{
    char path[TR_PATH_BYTES];
    struct an_str bytes;
    enum an_code code = tr_path(path, folder, name, err);

    if (code == AN_OK)
        code = tr_file_map(path, &bytes, err);
    if (code != AN_OK)
        return code;
    if (bytes.n == 0)
        code = an_fail(err, AN_SYNTAX, "the file is empty", 0);
    else if (!an_arena_str(arena, bytes, copy))
        code = an_fail_nomem(err);
    tr_file_unmap(bytes);
    return code;
}

/* vocabulary.json of the other data set, or what it was for a package. */
static enum an_code read_like(const char *folder, struct an_arena *arena,
                              const struct tr_outcomes *outcomes,
                              struct an_str *like, struct an_err *err)
{
    struct an_str manifest;
    enum an_code code = copy_file(folder, "vocabulary.json", arena, like, err);

    if (code != AN_NOTFOUND)
        return code;
    code = copy_file(folder, "manifest.json", arena, &manifest, err);
    if (code == AN_NOTFOUND)
        return an_fail(err, AN_NOTFOUND,
                       "neither a data set (vocabulary.json) nor a package "
                       "(manifest.json)",
                       0);
    return code == AN_OK ? tr_like_package(arena, manifest, outcomes, like, err)
                         : code;
}

static enum an_code read_paths(const struct job *job, struct tr_people *people,
                               const char **subject, struct an_err *err)
{
    enum an_code code = AN_OK;

    for (size_t i = 0; i < job->n_paths && code == AN_OK; i++) {
        *subject = job->path[i];
        code = job->form->documents
                   ? job->form->documents(job->path[i], tr_people_take, people,
                                          err)
                   : job->form->records(job->path[i], tr_people_take_record,
                                        people, err);
    }
    if (code != AN_OK)
        return code;
    *subject = NULL;
    if (job->form->documents)
        fprintf(stderr, "read %zu documents\n", people->n_documents);
    else
        fprintf(stderr, "read %zu records\n", people->n_records);
    code = tr_people_gather(people, err);
    return code == AN_OK ? tr_people_close(people, job->with_labelled, err)
                         : code;
}

/* `subject` is set to what an error is about. */
static enum an_code run(const struct job *job, struct tr_people *people,
                        struct an_arena *arena, const char **subject,
                        struct an_err *err)
{
    struct tr_dataset_how how = job->how;
    struct tr_concepts concepts;
    struct tr_outcomes outcomes;
    struct tr_dataset d;
    struct an_str table;
    enum an_code code;

    *subject = job->concepts;
    code = tr_file_map(job->concepts, &table, err);
    if (code != AN_OK)
        return code;
    code = tr_concepts_read(arena, table, "concepts.tsv", &concepts, err);
    *subject = code == AN_OK ? job->outcomes : *subject;
    if (code == AN_OK)
        code = tr_outcomes_read(arena, job->outcomes, &outcomes, err);
    if (code == AN_OK && job->like) {
        *subject = job->like;
        code = read_like(job->like, arena, &outcomes, &how.like, err);
    }
    if (code == AN_OK)
        code = read_paths(job, people, subject, err);
    if (code == AN_OK)
        code =
            tr_dataset_make(arena, people, &outcomes, &concepts, &how, &d, err);
    if (code == AN_OK) {
        *subject = job->out;
        code = write_all(job, arena, &d, people, &outcomes, err);
    }
    tr_file_unmap(table);
    return code;
}

int tr_command_dataset(int argc, char **argv)
{
    struct job job = {.form = forms,
                      .outcomes = TR_DATA_DIR "/outcomes",
                      .concepts = TR_DATA_DIR "/tables/concepts.tsv",
                      .memory_mb = 8192};
    const char *subject = NULL;
    struct tr_people people;
    struct an_arena arena;
    struct an_err err;
    enum an_code code;
    int status;

    tr_dataset_how_init(&job.how);
    status = arguments(&job, argc, argv);
    if (status != TR_EXIT_OK || job.help)
        return status;
    tr_people_init(&people, (size_t)job.memory_mb << 20);
    an_arena_init(&arena, (size_t)job.memory_mb << 20);
    code = run(&job, &people, &arena, &subject, &err);
    tr_people_release(&people);
    an_arena_free(&arena);
    return code == AN_OK ? TR_EXIT_OK
                         : tr_command_failed("dataset", subject, &err);
}

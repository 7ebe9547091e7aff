/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train package, anamnesis-train inspect */
#include "base/decimal.h"
#include "trainer/command.h"
#include "trainer/dataset/outcomes.h"
#include "trainer/file.h"
#include "trainer/lineage/lineage.h"
#include "trainer/package/package.h"
#include "trainer/tune/plan.h"

#include <cblas.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PLAN_BYTES = 1 << 20 };

struct job {
    const char *fit, *data, *out, *key, *plan, *card, *outcomes;
    struct tr_package_how how;
    bool has_min_age, has_max_age, help;
};

static void usage(FILE *out)
{
    fputs("usage: anamnesis-train package [OPTION...] --out FOLDER FIT DATA\n\n"
          "Judges a fitted model, calibrates it on the tuning patients, and "
          "writes a signed\npackage: card.md, card.xml, "
          "source-attributes.json, manifest.json,\nmodel.safetensors, "
          "SIGNATURE.  Prints the public key that a site has to\ntrust.\n\n"
          "  --name TEXT       of the model (anamnesis-default)\n"
          "  --version TEXT    (1)\n"
          "  --source TEXT     what it was trained on, and the licence\n"
          "  --card FILE       YAML of what only people know of it: the keys "
          "below, each with a\n"
          "                    text; what is left out is said to be not "
          "available\n"
          "  --site NAME       the data are this site's own records (its "
          "`tenant`): if the\n"
          "                    model passes, it may be heard there\n"
          "  --demonstrator    trained on invented patients: not for care\n"
          "  --key FILE        Ed25519 private key (PEM) to sign with; without "
          "one a key is\n"
          "                    made and its private half thrown away\n"
          "  --plan FILE       what a site may change of it by itself: see "
          "`tune`\n"
          "  --outcomes FOLDER one YAML file for each: judged at their "
          "thresholds, too, without\n"
          "                    which a site cannot set them\n"
          "  --min-age YEARS, --max-age YEARS, --min-positions N, "
          "--max-unknown SHARE\n"
          "                    outside of these it says nothing\n\n"
          "Keys of --card:\n",
          out);
    for (int i = 0; i < TR_N_CARD_KEYS; i++)
        fprintf(out, "  %-20s %s\n", tr_card_key_name[i], tr_card_key_help[i]);
}

static bool set_limit(struct job *job, struct an_str name, struct an_str value)
{
    struct rt_limits *l = &job->how.limits;
    double v;

    if (!an_decimal_parse(value, &v) || v < 0)
        return false;
    if (an_str_eq(name, AN_STR("min-age")))
        l->min_age_years = v;
    else if (an_str_eq(name, AN_STR("max-age")))
        l->max_age_years = v;
    else if (an_str_eq(name, AN_STR("min-positions")) && v < 1e6)
        l->min_positions = (uint32_t)v;
    else if (an_str_eq(name, AN_STR("max-unknown")) && v <= 1)
        l->max_unknown_share = v;
    else
        return false;
    job->has_min_age |= an_str_eq(name, AN_STR("min-age"));
    job->has_max_age |= an_str_eq(name, AN_STR("max-age"));
    return true;
}

static bool set(void *command, struct an_str name, struct an_str value)
{
    struct job *job = command;
    if (an_str_eq(name, AN_STR("out")))
        job->out = value.p;
    else if (an_str_eq(name, AN_STR("key")))
        job->key = value.p;
    else if (an_str_eq(name, AN_STR("plan")))
        job->plan = value.p;
    else if (an_str_eq(name, AN_STR("card")))
        job->card = value.p;
    else if (an_str_eq(name, AN_STR("outcomes")))
        job->outcomes = value.p;
    else if (an_str_eq(name, AN_STR("name")))
        job->how.name = value;
    else if (an_str_eq(name, AN_STR("version")))
        job->how.version = value;
    else if (an_str_eq(name, AN_STR("source")))
        job->how.source = value;
    else if (an_str_eq(name, AN_STR("site")))
        job->how.site = value;
    else
        return set_limit(job, name, value);
    return true;
}

static int arguments(struct job *job, int argc, char **argv)
{
    struct tr_arguments a = {.usage = usage,
                             .operand = {&job->fit, &job->data},
                             .flag = "--demonstrator",
                             .flag_to = &job->how.demonstrator,
                             .set = set,
                             .job = job};
    const int status = tr_arguments(&a, argc, argv);

    job->help = a.help;
    return status != TR_EXIT_OK || a.help || (job->data && job->out)
               ? status
               : tr_misused(&a);
}

/* The plan as member "change_control". */
static enum an_code read_plan(struct job *job, struct an_arena *arena,
                              struct an_err *err)
{
    struct tr_plan plan;
    struct an_json_out w;
    enum an_code code = tr_plan_open(arena, job->plan, &plan, err);

    if (code != AN_OK)
        return code;
    an_out_init(&w, arena, PLAN_BYTES);
    an_out_object(&w);
    an_out_key(&w, "plan");
    tr_plan_write(&plan, &w);
    an_out_end(&w);
    return an_out_done(&w, &job->how.change_control, err);
}

/* Of whom it speaks: what was asked for, else what the training people say.  A
 * demonstrator is there to be tried, by whoever, on any message: it has no limit
 * of distance. */
static enum an_code set_limits(struct job *job, struct an_arena *arena,
                               const struct tr_data *data, struct an_err *err)
{
    const struct rt_limits ages = tr_package_limits(data);
    struct rt_limits *l = &job->how.limits;
    struct tr_population population = {.max_distance = 0};
    enum an_code code = AN_OK;

    if (!job->has_min_age)
        l->min_age_years = ages.min_age_years;
    if (!job->has_max_age)
        l->max_age_years = ages.max_age_years;
    if (!job->how.demonstrator)
        code = tr_population(arena, data, &population, err);
    job->how.population = population.of;
    l->max_distance = population.max_distance;
    return code;
}

/* The files that were named. */
static enum an_code read_files(struct job *job, struct an_arena *arena,
                               struct an_err *err)
{
    enum an_code code = AN_OK;

    if (job->plan)
        code = read_plan(job, arena, err);
    if (code == AN_OK)
        code = tr_package_said(arena, job->card, job->data, &job->how, err);
    if (code == AN_OK && job->key)
        code = tr_file_map(job->key, &job->how.key_pem, err);
    return code;
}

/* With the thresholds that outcomes are configured with, where asked. */
static enum an_code set_thresholds(const struct job *job,
                                   struct an_arena *arena, struct tr_data *data,
                                   struct an_err *err)
{
    struct tr_outcomes outcomes;
    enum an_code code;

    if (job->outcomes == NULL)
        return AN_OK;
    code = tr_outcomes_read(arena, job->outcomes, &outcomes, err);
    if (code == AN_OK)
        tr_outcomes_thresholds(&outcomes, data);
    return code;
}

static enum an_code write_package(struct job *job, struct an_arena *arena,
                                  const struct tr_data *data,
                                  const struct tr_fitted *fitted,
                                  struct an_err *err)
{
    char hex[2 * AN_KEY_BYTES + 1];
    struct an_public_key key;
    struct tr_judgement j;
    enum an_code code = read_files(job, arena, err);

    if (code == AN_OK && mkdir(job->out, 0755) < 0 && errno != EEXIST)
        code = an_fail_sys(err, AN_IO, "the folder cannot be made", errno);
    if (code == AN_OK)
        code = set_limits(job, arena, data, err);
    if (code == AN_OK)
        code = tr_judge(arena, data, fitted, &j, err);
    if (code == AN_OK)
        code = tr_judge_refusals(arena, data, &job->how.limits,
                                 &job->how.population, &j, err);
    if (code == AN_OK)
        code = tr_package_write(arena, data, fitted, &j, &job->how, job->out,
                                &key, err);
    tr_file_unmap(job->how.key_pem);
    if (code == AN_OK) {
        an_hex_print(key.b, sizeof(key.b), hex);
        printf("%s\n", hex);
    }
    return code;
}

int tr_command_package(int argc, char **argv)
{
    struct job job = {
        .how = {.name = AN_STR("anamnesis-default"),
                .version = AN_STR("1"),
                .source = AN_STR("Its maker did not say."),
                .limits = {.min_positions = 3, .max_unknown_share = 0.5}}};
    struct tr_lineage lineage;
    struct tr_fitted fitted;
    struct tr_data data;
    struct an_arena arena;
    struct an_err err;
    const char *subject;
    enum an_code code;
    int status = arguments(&job, argc, argv);

    if (status != TR_EXIT_OK || job.help)
        return status;
    openblas_set_num_threads(1);
    an_arena_init(&arena, (size_t)16 << 30);
    code = tr_data_open_with(&data, &fitted, &arena, job.data, job.fit,
                             &subject, &err);
    if (code == AN_OK) {
        subject = job.fit;
        code = tr_lineage_of_fit(&lineage, &arena, job.fit, &fitted, job.data,
                                 &data, &err);
        if (code == AN_OK) {
            tr_lineage_warn(&lineage, "package", job.fit);
            job.how.lineage = &lineage;
            subject = job.outcomes;
            code = set_thresholds(&job, &arena, &data, &err);
        }
        if (code == AN_OK) {
            subject = NULL;
            code = write_package(&job, &arena, &data, &fitted, &err);
        }
        tr_fitted_close(&fitted);
        tr_data_close(&data);
    }
    an_arena_free(&arena);
    return code == AN_OK ? TR_EXIT_OK
                         : tr_command_failed("package", subject, &err);
}

/* The package's card, or its source attributes as they are. */
static enum an_code print_package(const struct rt_package *p,
                                  const struct tr_package_files *files,
                                  bool attributes, struct an_err *err)
{
    char key[2 * AN_KEY_BYTES + 1];

    if (!attributes) {
        an_hex_print(p->key.b, sizeof(p->key.b), key);
        fwrite(p->card.p, 1, p->card.n, stdout);
        printf("\n## This package\n\n"
               "Digest %.*s\nSigned with the key %s:\nwhether that key is to "
               "be trusted it cannot say itself.\n",
               AN_STR_ARG(p->id.digest), key);
        return AN_OK;
    }
    for (size_t i = 0; i < files->n; i++)
        if (an_str_eq(files->file[i].name, AN_STR("source-attributes.json"))) {
            fwrite(files->file[i].bytes.p, 1, files->file[i].bytes.n, stdout);
            printf("\n");
            return AN_OK;
        }
    return an_fail(err, AN_MISSING, "the package has no source attributes", 0);
}

int tr_command_inspect(int argc, char **argv)
{
    const bool attributes = argc == 2 && strcmp(argv[0], "--attributes") == 0;
    struct tr_package_files files;
    struct rt_package p;
    struct an_arena arena;
    struct an_err err;
    enum an_code code;

    if (argc != 1 + attributes || argv[attributes][0] == '-') {
        const bool help = argc == 1 && strcmp(argv[0], "--help") == 0;

        fputs("usage: anamnesis-train inspect [--attributes] MODEL\n\n"
              "Checks that a package is as it was signed, and prints its "
              "card.\n\n"
              "  --attributes      print source-attributes.json in its place\n",
              help ? stdout : stderr);
        return help ? TR_EXIT_OK : TR_EXIT_USAGE;
    }
    argv += attributes;
    an_arena_init(&arena, (size_t)1 << 30);
    code = tr_package_open(&p, &arena, argv[0], NULL, &files, &err);
    if (code == AN_OK) {
        code = print_package(&p, &files, attributes, &err);
        tr_package_close(&files);
    }
    an_arena_free(&arena);
    return code == AN_OK ? TR_EXIT_OK
                         : tr_command_failed("inspect", argv[0], &err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train package, anamnesis-train inspect */
#include "base/decimal.h"
#include "trainer/command.h"
#include "trainer/file.h"
#include "trainer/package/package.h"
#include "trainer/tune/plan.h"

#include <cblas.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PLAN_BYTES = 1 << 20 };

struct job {
    const char *fit, *data, *out, *key, *plan;
    struct tr_package_how how;
    bool has_min_age, has_max_age, help;
};

static void usage(FILE *out)
{
    fputs("usage: anamnesis-train package [OPTION...] --out FOLDER FIT DATA\n\n"
          "Judges a fitted model, calibrates it on the tuning patients, and "
          "writes a signed\npackage: card.md, manifest.json, "
          "model.safetensors, SIGNATURE.  Prints the public\nkey that a site "
          "has to trust.\n\n"
          "  --name TEXT       of the model (anamnesis-default)\n"
          "  --version TEXT    (1)\n"
          "  --source TEXT     what it was trained on, and the licence\n"
          "  --site NAME       the data are this site's own records (its "
          "`tenant`): if the\n"
          "                    model passes, it may be heard there\n"
          "  --demonstrator    trained on invented patients: not for care\n"
          "  --key FILE        Ed25519 private key (PEM) to sign with; without "
          "one a key is\n"
          "                    made and its private half thrown away\n"
          "  --plan FILE       what a site may change of it by itself: see "
          "`tune`\n"
          "  --min-age YEARS, --max-age YEARS, --min-positions N, "
          "--max-unknown SHARE\n"
          "                    outside of these it says nothing\n",
          out);
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

static bool set(struct job *job, struct an_str name, struct an_str value)
{
    if (an_str_eq(name, AN_STR("out")))
        job->out = value.p;
    else if (an_str_eq(name, AN_STR("key")))
        job->key = value.p;
    else if (an_str_eq(name, AN_STR("plan")))
        job->plan = value.p;
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
    for (int i = 0; i < argc; i++) {
        struct an_str name, value;

        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
            job->help = true;
            return TR_EXIT_OK;
        }
        if (strcmp(argv[i], "--demonstrator") == 0)
            job->how.demonstrator = true;
        else if (argv[i][0] != '-' && job->fit == NULL)
            job->fit = argv[i];
        else if (argv[i][0] != '-' && job->data == NULL)
            job->data = argv[i];
        else if (!tr_option(argc, argv, &i, &name, &value) ||
                 !set(job, name, value)) {
            usage(stderr);
            return TR_EXIT_USAGE;
        }
    }
    if (job->data && job->out)
        return TR_EXIT_OK;
    usage(stderr);
    return TR_EXIT_USAGE;
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

static enum an_code write_package(struct job *job, struct an_arena *arena,
                                  const struct tr_data *data,
                                  const struct tr_fitted *fitted,
                                  struct an_err *err)
{
    const struct rt_limits ages = tr_package_limits(data);
    struct tr_population population = {.max_distance = 0};
    char hex[2 * AN_KEY_BYTES + 1];
    struct an_public_key key;
    struct tr_judgement j;
    enum an_code code = AN_OK;

    if (!job->has_min_age)
        job->how.limits.min_age_years = ages.min_age_years;
    if (!job->has_max_age)
        job->how.limits.max_age_years = ages.max_age_years;
    if (job->plan)
        code = read_plan(job, arena, err);
    if (code == AN_OK && job->key)
        code = tr_file_map(job->key, &job->how.key_pem, err);
    if (code == AN_OK && mkdir(job->out, 0755) < 0 && errno != EEXIST)
        code = an_fail_sys(err, AN_IO, "the folder cannot be made", errno);
    /* A demonstrator is there to be tried, by whoever, on any message. */
    if (code == AN_OK && !job->how.demonstrator)
        code = tr_population(arena, data, &population, err);
    if (code == AN_OK) {
        job->how.population = population.of;
        job->how.limits.max_distance = population.max_distance;
        code = tr_judge(arena, data, fitted, &j, err);
    }
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
        subject = NULL;
        code = write_package(&job, &arena, &data, &fitted, &err);
        tr_fitted_close(&fitted);
        tr_data_close(&data);
    }
    an_arena_free(&arena);
    return code == AN_OK ? TR_EXIT_OK
                         : tr_command_failed("package", subject, &err);
}

int tr_command_inspect(int argc, char **argv)
{
    char key[2 * AN_KEY_BYTES + 1];
    struct tr_package_files files;
    struct rt_package p;
    struct an_arena arena;
    struct an_err err;
    enum an_code code;

    if (argc != 1 || argv[0][0] == '-') {
        const bool help = argc == 1 && strcmp(argv[0], "--help") == 0;

        fputs("usage: anamnesis-train inspect MODEL\n\n"
              "Checks that a package is as it was signed, and prints its "
              "card.\n",
              help ? stdout : stderr);
        return help ? TR_EXIT_OK : TR_EXIT_USAGE;
    }
    an_arena_init(&arena, (size_t)1 << 30);
    code = tr_package_open(&p, &arena, argv[0], NULL, &files, &err);
    if (code == AN_OK) {
        an_hex_print(p.key.b, sizeof(p.key.b), key);
        fwrite(p.card.p, 1, p.card.n, stdout);
        printf("\n## This package\n\n"
               "Digest %.*s\nSigned with the key %s:\nwhether that key is to "
               "be trusted it cannot say itself.\n",
               AN_STR_ARG(p.id.digest), key);
        tr_package_close(&files);
    }
    an_arena_free(&arena);
    return code == AN_OK ? TR_EXIT_OK
                         : tr_command_failed("inspect", argv[0], &err);
}

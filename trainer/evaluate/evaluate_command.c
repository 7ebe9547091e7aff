/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train evaluate */
#include "trainer/command.h"
#include "trainer/dataset/outcomes.h"
#include "trainer/evaluate/explain.h"
#include "trainer/evaluate/judge.h"
#include "trainer/evaluate/lead.h"
#include "trainer/file.h"

#include <cblas.h>
#include <stdio.h>
#include <string.h>

enum { JSON_BYTES = 4 << 20 };

struct job {
    const char *model, *data, *out, *predict, *lead, *outcomes, *explain;
    bool check, help;
};

static void usage(FILE *out)
{
    fputs("usage: anamnesis-train evaluate [--out FILE] [--predict FILE] "
          "[--lead FILE] [--explain FILE]\n"
          "                                [--outcomes FOLDER] [--check] MODEL "
          "DATA\n"
          "\nJudges a model (a folder of `fit` or `package`) on the test "
          "patients of a data\nset, beside constant rates and a logistic "
          "regression; prints a table.\n\n"
          "  --out FILE      the same as JSON\n"
          "  --predict FILE  what the model says of each test patient who is "
          "at risk, as CSV:\n"
          "                  id,outcome,horizon_days,risk; of a package as it "
          "is calibrated\n"
          "  --lead FILE     how long before an outcome the model flags who "
          "gets it, with a gap,\n"
          "                  as JSON; and prints it\n"
          "  --explain FILE  whether its reasons are those it goes by: "
          "deletion and insertion\n"
          "                  curves, as JSON; and prints them\n"
          "  --outcomes FOLDER\n"
          "                  one YAML file for each: net benefit at their "
          "thresholds, too\n"
          "  --check         exit 1 unless the model beats constant rates and "
          "is nowhere\n"
          "                  worse than the regression by more than 0.05 of "
          "AUROC (outcomes\n"
          "                  with 20 events or more)\n\n"
          "A data set without patients to train or to tune on has nothing to "
          "compare with:\nthen the model alone is judged, and does not pass "
          "--check.\n",
          out);
}

static bool set(struct job *job, struct an_str name, struct an_str value)
{
    if (an_str_eq(name, AN_STR("out")))
        job->out = value.p;
    else if (an_str_eq(name, AN_STR("predict")))
        job->predict = value.p;
    else if (an_str_eq(name, AN_STR("lead")))
        job->lead = value.p;
    else if (an_str_eq(name, AN_STR("outcomes")))
        job->outcomes = value.p;
    else if (an_str_eq(name, AN_STR("explain")))
        job->explain = value.p;
    else
        return false;
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
        if (strcmp(argv[i], "--check") == 0)
            job->check = true;
        else if (argv[i][0] != '-' && job->model == NULL)
            job->model = argv[i];
        else if (argv[i][0] != '-' && job->data == NULL)
            job->data = argv[i];
        else if (!tr_option(argc, argv, &i, &name, &value) ||
                 !set(job, name, value)) {
            usage(stderr);
            return TR_EXIT_USAGE;
        }
    }
    if (job->data)
        return TR_EXIT_OK;
    usage(stderr);
    return TR_EXIT_USAGE;
}

static enum an_code report_leads(const char *path, struct an_arena *arena,
                                 const struct tr_data *data,
                                 const struct tr_judgement *j,
                                 struct an_err *err)
{
    struct an_json_out w;
    struct tr_leads leads;
    struct an_str text;
    enum an_code code = tr_leads(arena, data, &j->test, &leads, err);

    if (code == AN_OK)
        code = tr_leads_text(arena, data, &leads, &text, err);
    if (code != AN_OK)
        return code;
    fwrite(text.p, 1, text.n, stdout);
    an_out_init(&w, arena, JSON_BYTES);
    tr_leads_write(data, &leads, &w);
    code = an_out_done(&w, &text, err);
    return code == AN_OK ? tr_file_write(path, text, err) : code;
}

static enum an_code report_explained(const char *path, struct an_arena *arena,
                                     const struct tr_data *data,
                                     const struct rt_model *model,
                                     struct an_err *err)
{
    struct an_json_out w;
    struct tr_explained e;
    struct an_str text;
    enum an_code code = tr_explain(arena, data, model, &e, err);

    if (code == AN_OK)
        code = tr_explained_text(arena, data, &e, &text, err);
    if (code != AN_OK)
        return code;
    fwrite(text.p, 1, text.n, stdout);
    an_out_init(&w, arena, JSON_BYTES);
    tr_explained_write(data, &e, &w);
    code = an_out_done(&w, &text, err);
    return code == AN_OK ? tr_file_write(path, text, err) : code;
}

/* `subject` is set to what an error is about. */
static enum an_code report(const struct job *job, struct an_arena *arena,
                           const struct tr_data *data,
                           const struct tr_fitted *fitted,
                           const struct tr_judgement *j, const char **subject,
                           struct an_err *err)
{
    struct an_json_out w;
    struct an_str text;
    enum an_code code = tr_judgement_text(arena, data, j, &text, err);

    if (code != AN_OK)
        return code;
    fwrite(text.p, 1, text.n, stdout);
    if (job->out) {
        *subject = job->out;
        an_out_init(&w, arena, JSON_BYTES);
        tr_judgement_write(data, j, &w);
        code = an_out_done(&w, &text, err);
        if (code == AN_OK)
            code = tr_file_write(job->out, text, err);
    }
    if (code == AN_OK && job->lead) {
        *subject = job->lead;
        code = report_leads(job->lead, arena, data, j, err);
    }
    if (code == AN_OK && job->explain) {
        *subject = job->explain;
        code = report_explained(job->explain, arena, data, &fitted->model, err);
    }
    if (code != AN_OK || job->predict == NULL)
        return code;
    *subject = job->predict;
    code = tr_predicted_csv(arena, data, fitted, &j->test, &text, err);
    return code == AN_OK ? tr_file_write(job->predict, text, err) : code;
}

/* With the thresholds that outcomes are configured with, where asked. */
static enum an_code judge(const struct job *job, struct an_arena *arena,
                          struct tr_data *data, struct tr_fitted *fitted,
                          struct tr_judgement *j, const char **subject,
                          struct an_err *err)
{
    struct tr_outcomes outcomes;
    enum an_code code = AN_OK;

    if (job->outcomes) {
        *subject = job->outcomes;
        code = tr_outcomes_read(arena, job->outcomes, &outcomes, err);
        if (code == AN_OK)
            tr_outcomes_thresholds(&outcomes, data);
    }
    if (code != AN_OK)
        return code;
    *subject = job->model;
    code = tr_judge(arena, data, fitted, j, err);
    return code == AN_OK ? report(job, arena, data, fitted, j, subject, err)
                         : code;
}

int tr_command_evaluate(int argc, char **argv)
{
    struct job job = {.model = NULL};
    struct tr_judgement j = {.n = 0};
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
    code = tr_data_open_with(&data, &fitted, &arena, job.data, job.model,
                             &subject, &err);
    if (code == AN_OK) {
        code = judge(&job, &arena, &data, &fitted, &j, &subject, &err);
        tr_fitted_close(&fitted);
        tr_data_close(&data);
    }
    if (code == AN_OK && job.check && !tr_judgement_passes(&j)) {
        fputs(j.compared
                  ? "anamnesis-train evaluate: the model does not pass\n"
                  : "anamnesis-train evaluate: --check wants patients to train "
                    "and to tune on in the data set\n",
              stderr);
        status = TR_EXIT_FAILED;
    }
    an_arena_free(&arena);
    return code == AN_OK ? status
                         : tr_command_failed("evaluate", subject, &err);
}

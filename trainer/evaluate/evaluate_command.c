/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train evaluate */
#include "trainer/command.h"
#include "trainer/dataset/outcomes.h"
#include "trainer/evaluate/explain.h"
#include "trainer/evaluate/judge.h"
#include "trainer/evaluate/lead.h"
#include "trainer/file.h"
#include "trainer/report/page.h"

#include <cblas.h>
#include <stdio.h>
#include <string.h>

enum { JSON_BYTES = 4 << 20 };

struct job {
    const char *model, *data, *out, *predict, *lead, *outcomes, *explain;
    const char *report;
    struct tr_beside_given beside[TR_MOST_BESIDE];
    size_t n_beside;
    bool check, help;
    struct an_arena *arena;
};

static void usage(FILE *out)
{
    fputs("usage: anamnesis-train evaluate [--out FILE] [--predict FILE] "
          "[--lead FILE] [--explain FILE]\n"
          "                                [--report FILE [--beside "
          "NAME=MODEL[,DATA]]...]\n"
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
          "  --report FILE   all of it for people, as one HTML page with "
          "plots\n"
          "  --beside NAME=MODEL[,DATA]\n"
          "                  another fit on that page, on the same test "
          "patients; DATA if its\n"
          "                  data set was made otherwise\n"
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

static bool set(void *command, struct an_str name, struct an_str value)
{
    struct job *job = command;
    const struct {
        struct an_str name;
        const char **to;
    } files[] = {
        {AN_STR("out"), &job->out},       {AN_STR("predict"), &job->predict},
        {AN_STR("lead"), &job->lead},     {AN_STR("explain"), &job->explain},
        {AN_STR("report"), &job->report}, {AN_STR("outcomes"), &job->outcomes}};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (an_str_eq(name, files[i].name)) {
            *files[i].to = value.p;
            return true;
        }
    return an_str_eq(name, AN_STR("beside")) &&
           job->n_beside < TR_MOST_BESIDE &&
           tr_beside_parse(job->arena, value, &job->beside[job->n_beside++]);
}

static int arguments(struct job *job, int argc, char **argv)
{
    struct tr_arguments a = {.usage = usage,
                             .operand = {&job->model, &job->data},
                             .flag = "--check",
                             .flag_to = &job->check,
                             .set = set,
                             .job = job};
    const int status = tr_arguments(&a, argc, argv);

    job->help = a.help;
    return status != TR_EXIT_OK || a.help ||
                   (job->data && (job->report || job->n_beside == 0))
               ? status
               : tr_misused(&a);
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

/* What a page calls a model: a package by its name, a fit by its folder's. */
static struct an_str name_of(const struct job *job,
                             const struct tr_fitted *fitted)
{
    const char *at = strrchr(job->model, '/');

    if (fitted->is_package)
        return fitted->manifest.name;
    return an_str_c(at && at[1] ? at + 1 : job->model);
}

static enum an_code report_page(const struct job *job, struct an_arena *arena,
                                const struct tr_data *data,
                                const struct tr_fitted *fitted,
                                const struct tr_judgement *j,
                                const char **subject, struct an_err *err)
{
    struct tr_page_of of = {data, fitted, j, .name = name_of(job, fitted),
                            .card = AN_STR("")};
    char path[TR_PATH_BYTES];
    struct tr_beside beside;
    struct an_str html = AN_STR("");
    size_t at = 0;
    enum an_code code = AN_OK;

    if (job->n_beside) {
        code = tr_beside(arena, data, fitted, j, AN_STR("This model"),
                         job->beside, job->n_beside, &beside, &at, err);
        *subject = job->beside[at].model;
        of.beside = &beside;
    }
    if (code == AN_OK && fitted->is_package) {
        *subject = job->model;
        code = tr_path(path, job->model, "card.md", err);
        if (code == AN_OK)
            code = tr_file_map(path, &of.card, err);
    }
    if (code == AN_OK) {
        *subject = job->report;
        code = tr_page(arena, &of, &html, err);
    }
    if (code == AN_OK)
        code = tr_file_write(job->report, html, err);
    if (of.card.n)
        tr_file_unmap(of.card);
    return code;
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
    if (code == AN_OK && job->report)
        code = report_page(job, arena, data, fitted, j, subject, err);
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

static int evaluate(struct job *job, struct an_arena *arena)
{
    struct tr_judgement j = {.n = 0};
    struct tr_fitted fitted;
    struct tr_data data;
    struct an_err err;
    const char *subject;
    enum an_code code = tr_data_open_with(&data, &fitted, arena, job->data,
                                          job->model, &subject, &err);

    if (code == AN_OK) {
        code = judge(job, arena, &data, &fitted, &j, &subject, &err);
        tr_fitted_close(&fitted);
        tr_data_close(&data);
    }
    if (code != AN_OK)
        return tr_command_failed("evaluate", subject, &err);
    if (!job->check || tr_judgement_passes(&j))
        return TR_EXIT_OK;
    fputs(j.compared
              ? "anamnesis-train evaluate: the model does not pass\n"
              : "anamnesis-train evaluate: --check wants patients to train "
                "and to tune on in the data set\n",
          stderr);
    return TR_EXIT_FAILED;
}

int tr_command_evaluate(int argc, char **argv)
{
    struct job job = {.model = NULL};
    struct an_arena arena;
    int status;

    openblas_set_num_threads(1);
    an_arena_init(&arena, (size_t)16 << 30);
    job.arena = &arena;
    status = arguments(&job, argc, argv);
    if (status == TR_EXIT_OK && !job.help)
        status = evaluate(&job, &arena);
    an_arena_free(&arena);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train tune */
#include "trainer/command.h"
#include "trainer/dataset/outcomes.h"
#include "trainer/file.h"
#include "trainer/lineage/lineage.h"
#include "trainer/package/package.h"
#include "trainer/tune/tune.h"

#include <cblas.h>
#include <stdio.h>
#include <string.h>

enum { JSON_BYTES = 16 << 20, LINE_BYTES = 1 << 12 };

/* Of a fit's settings those that tuning leaves to the caller. */
static const char *const free_settings[] = {"seed",       "threads",  "epochs",
                                            "batch_rows", "rate",     "drop",
                                            "hide",       "wide_rate"};
enum { N_FREE = sizeof(free_settings) / sizeof(free_settings[0]) };

struct job {
    const char *package, *data, *out, *plan, *report, *key, *outcomes, *card;
    struct an_str name, version, source, site;
    struct an_str said[N_FREE];
    bool help;
    struct an_arena *arena;
    struct an_err *err;
    const char *subject; /* what an error is about */
    /* what was opened */
    struct tr_data d;
    struct tr_fitted fitted;
    struct tr_lineage lineage;
    struct ctx_model_id from;
    struct an_public_key from_key;
    struct tr_plan agreed;
    struct tr_package_how how; /* what is said of the new package */
    struct tr_tuned tuned;
};

static void usage(FILE *out)
{
    struct tr_setting row;

    fputs("usage: anamnesis-train tune [OPTION...] --site NAME --out FOLDER "
          "PACKAGE DATA\n\n"
          "Fits a package again to a site's data set (`dataset`, like "
          "PACKAGE), within the\nplan of change control that the package "
          "carries; prints candidates, before and\nafter on the test patients, "
          "and each gate.  Where all hold, FOLDER gets a signed\npackage and "
          "the public key is printed; else the status is 1 and nothing is "
          "written.\n\n"
          "  --site NAME       whose own records the data are (its `tenant`)\n"
          "  --plan FILE       narrows the plan of the package; of a package "
          "without one it is\n"
          "                    the plan, and the result says so\n"
          "  --report FILE     all that was found, as JSON, whether or not it "
          "passes\n"
          "  --key FILE        Ed25519 private key (PEM) to sign with; without "
          "one a key is\n"
          "                    made and its private half thrown away\n"
          "  --name TEXT       of the new package (that of PACKAGE)\n"
          "  --version TEXT    (that of PACKAGE, a hyphen, the site)\n"
          "  --source TEXT     what the site's data are; for the card\n"
          "  --card FILE       what only people know, for the cards: see "
          "`package`\n"
          "  --outcomes FOLDER one YAML file for each: net benefit at their "
          "thresholds\n\n"
          "settings (epochs 10, batch_rows 512, rate 0.0005, wide_rate 1; else "
          "as in `fit`):\n",
          out);
    for (size_t i = 0; tr_settings_row(i, &row); i++)
        for (int k = 0; k < N_FREE; k++)
            if (strcmp(row.name, free_settings[k]) == 0)
                fprintf(out, "  --%-14s  %s\n", row.name, row.help);
}

static bool set(void *command, struct an_str name, struct an_str value)
{
    struct job *job = command;
    const struct {
        const char *name;
        const char **file;
        struct an_str *text;
    } option[] = {
        {"out", &job->out, NULL},           {"plan", &job->plan, NULL},
        {"report", &job->report, NULL},     {"key", &job->key, NULL},
        {"outcomes", &job->outcomes, NULL}, {"name", NULL, &job->name},
        {"site", NULL, &job->site},         {"version", NULL, &job->version},
        {"source", NULL, &job->source},     {"card", &job->card, NULL}};

    for (size_t i = 0; i < sizeof(option) / sizeof(option[0]); i++) {
        if (!an_str_eq(name, an_str_c(option[i].name)))
            continue;
        if (option[i].file)
            *option[i].file = value.p;
        else
            *option[i].text = value;
        return true;
    }
    for (int i = 0; i < N_FREE; i++)
        if (tr_setting_named(name, free_settings[i])) {
            job->said[i] = value;
            return true;
        }
    return false;
}

static int arguments(struct job *job, int argc, char **argv)
{
    struct tr_arguments a = {.usage = usage,
                             .operand = {&job->package, &job->data},
                             .set = set,
                             .job = job};
    const int status = tr_arguments(&a, argc, argv);

    job->help = a.help;
    return status != TR_EXIT_OK || a.help ||
                   (job->data && job->out && job->site.n)
               ? status
               : tr_misused(&a);
}

/* ---- what it starts from --------------------------------------------------- */

/* As it was signed; by whom, it says itself. */
static enum an_code check_package(struct job *job)
{
    struct tr_package_files files;
    struct an_str digest;
    struct rt_package p;
    enum an_code code =
        tr_package_open(&p, job->arena, job->package, NULL, &files, job->err);

    job->subject = job->package;
    if (code != AN_OK)
        return code;
    if (!an_arena_str(job->arena, p.id.digest, &digest))
        code = an_fail_nomem(job->err);
    job->from.digest = digest;
    job->from_key = p.key;
    tr_package_close(&files);
    return code;
}

/* The plan of the package, or the site's own, which may narrow it. */
static enum an_code agree(struct job *job, bool *is_site)
{
    const struct an_json *said =
        an_json_get(an_json_get(job->fitted.root, AN_STR("change_control")),
                    AN_STR("plan"));
    struct tr_plan of_package;
    enum an_code code;

    *is_site = said == NULL;
    job->subject = NULL;
    if (job->plan) {
        code = tr_plan_open(job->arena, job->plan, &job->agreed, job->err);
        if (code != AN_OK || said == NULL)
            return code;
        code = tr_plan_of(job->arena, said, &of_package, job->err);
        return code == AN_OK ? tr_plan_narrows(&job->agreed, &of_package,
                                               job->plan, job->err)
                             : code;
    }
    job->subject = job->package;
    if (said == NULL)
        return an_fail(
            job->err, AN_MISSING,
            "this package carries no plan of change control: its "
            "maker says with --plan (of `package`) what a site may "
            "change, or the site names a plan of its own with --plan",
            0);
    return tr_plan_of(job->arena, said, &job->agreed, job->err);
}

static enum an_code set_said(struct job *job, struct tr_settings *s)
{
    enum an_code code = AN_OK;

    for (int i = 0; i < N_FREE && code == AN_OK; i++)
        if (job->said[i].n) {
            job->subject = free_settings[i];
            code = tr_settings_set(s, an_str_c(free_settings[i]), job->said[i],
                                   job->err);
        }
    return code;
}

static void say(const struct tr_fit *f)
{
    fprintf(stderr,
            "epoch %lld: training loss %.5f, tuning loss %.5f (next event "
            "%.4f, outcomes %.4f)\n",
            (long long)f->progress.epoch, f->epoch.train, f->epoch.tune,
            f->epoch.tune_rate, f->epoch.tune_hazard);
}

static enum an_code tune(struct job *job)
{
    struct tr_tune_how how = {.say = say};
    struct tr_outcomes outcomes;
    enum an_code code = agree(job, &how.plan_is_site);

    if (code == AN_OK)
        code = tr_package_said(job->arena, job->card, job->data, &job->how,
                               job->err);
    if (code == AN_OK && job->outcomes) {
        job->subject = job->outcomes;
        code = tr_outcomes_read(job->arena, job->outcomes, &outcomes, job->err);
        if (code == AN_OK)
            tr_outcomes_thresholds(&outcomes, &job->d);
    }
    if (code != AN_OK)
        return code;
    tr_tune_settings(&how.settings, &job->fitted);
    code = set_said(job, &how.settings);
    if (code != AN_OK)
        return code;
    job->subject = job->package;
    return tr_tune(job->arena, &job->d, &job->fitted, &job->agreed, &how,
                   &job->tuned, job->err);
}

/* ---- what comes of it ------------------------------------------------------ */

static enum an_code tell(struct job *job)
{
    const struct rt_manifest *m = &job->fitted.manifest;
    char hex[2 * AN_KEY_BYTES + 1];
    struct an_json_out w;
    struct an_str text;
    enum an_code code =
        tr_tuned_text(job->arena, &job->d, &job->tuned, &text, job->err);

    if (code != AN_OK)
        return code;
    an_hex_print(job->from_key.b, sizeof(job->from_key.b), hex);
    printf("from: %.*s %.*s, digest %.*s\n"
           "signed with the key %s: whether that is its maker's it cannot say "
           "itself\n",
           AN_STR_ARG(m->name), AN_STR_ARG(m->version),
           AN_STR_ARG(job->from.digest), hex);
    fwrite(text.p, 1, text.n, stdout);
    if (job->report == NULL)
        return AN_OK;
    job->subject = job->report;
    an_out_init(&w, job->arena, JSON_BYTES);
    tr_tuned_write(&job->d, &job->tuned, true, &w);
    code = an_out_done(&w, &text, job->err);
    return code == AN_OK ? tr_file_write(job->report, text, job->err) : code;
}

/* Each bound that does not hold. */
static void tell_failed(struct job *job)
{
    fputs("anamnesis-train tune: outside the plan; nothing was written\n",
          stderr);
    for (size_t i = 0; i < job->tuned.gates.n; i++) {
        const struct tr_gate *g = &job->tuned.gates.gate[i];
        struct an_str line;
        struct an_buf b;

        if (g->held)
            continue;
        an_buf_init(&b, job->arena, LINE_BYTES);
        tr_gate_put(&b, &job->d, g);
        if (an_buf_done(&b, &line, NULL) == AN_OK)
            fprintf(stderr, "  %.*s\n", AN_STR_ARG(line));
    }
}

static enum an_code put_members(struct job *job, struct tr_package_how *how)
{
    const struct rt_manifest *m = &job->fitted.manifest;
    char hex[2 * AN_KEY_BYTES + 1];
    struct an_json_out w;
    enum an_code code;

    an_out_init(&w, job->arena, JSON_BYTES);
    tr_tuned_write(&job->d, &job->tuned, false, &w);
    code = an_out_done(&w, &how->change_control, job->err);
    if (code != AN_OK)
        return code;
    an_hex_print(job->from_key.b, sizeof(job->from_key.b), hex);
    an_out_init(&w, job->arena, JSON_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "name", m->name);
    an_out_key_str(&w, "version", m->version);
    an_out_key_str(&w, "digest", job->from.digest);
    an_out_key_str(&w, "key", an_str_c(hex));
    an_out_end(&w);
    return an_out_done(&w, &how->tuned_from, job->err);
}

/* How it is called, and what its card says of its data. */
static enum an_code name(struct job *job, struct tr_package_how *how)
{
    const struct rt_manifest *m = &job->fitted.manifest;
    struct an_str before =
        an_json_text(tr_fitted_member(&job->fitted, AN_STR("source")));
    enum an_code code = AN_OK;
    struct an_buf b;

    how->name = job->name.n ? job->name : m->name;
    how->version = job->version;
    if (how->version.n == 0) {
        an_buf_init(&b, job->arena, LINE_BYTES);
        an_buf_put(&b, m->version);
        an_buf_put_char(&b, '-');
        an_buf_put(&b, job->site);
        code = an_buf_done(&b, &how->version, job->err);
    }
    if (code != AN_OK)
        return code;
    an_buf_init(&b, job->arena, JSON_BYTES);
    an_buf_put(&b, job->source.n ? job->source
                                 : AN_STR("The own records of a site."));
    an_buf_put_c(&b, " It was tuned on them from ");
    an_buf_put(&b, m->name);
    an_buf_put_char(&b, ' ');
    an_buf_put(&b, m->version);
    an_buf_put_c(&b, ", of which its maker says: ");
    an_buf_put(&b, before);
    return an_buf_done(&b, &how->source, job->err);
}

static enum an_code pack(struct job *job)
{
    const struct rt_manifest *m = &job->fitted.manifest;
    const struct tr_fitted *made = tr_tuned_fitted(&job->tuned);
    /* Whom it speaks of, and what it is for, stay as they were. */
    struct tr_package_how how = job->how;
    char hex[2 * AN_KEY_BYTES + 1];
    struct an_public_key key;
    struct tr_judgement j;
    enum an_code code = name(job, &how);

    how.site = job->site;
    how.demonstrator = m->demonstrator;
    how.limits = m->limits;
    how.population = m->population;
    how.lineage = &job->lineage;
    if (code == AN_OK && an_str_eq(how.name, m->name) &&
        an_str_eq(how.version, m->version))
        code = an_fail(job->err, AN_CONFLICT,
                       "name and version are those of the package it starts "
                       "from",
                       0);
    if (code == AN_OK)
        code = put_members(job, &how);
    if (code == AN_OK && job->tuned.taken == TR_TUNED)
        code = tr_lineage_add_tuning(
            &job->lineage,
            &(struct tr_lineage_tuning){&job->d, how.change_control,
                                        made->weights},
            job->err);
    if (code == AN_OK)
        code = tr_judge(job->arena, &job->d, made, &j, job->err);
    if (code == AN_OK && job->key)
        code = tr_file_map(job->key, &how.key_pem, job->err);
    job->subject = job->out;
    if (code == AN_OK)
        code = tr_package_place(job->arena, &job->d, made, &j, &how, job->out,
                                &key, job->err);
    tr_file_unmap(how.key_pem);
    if (code != AN_OK)
        return code;
    if (!tr_judgement_passes(&j))
        fputs("anamnesis-train tune: within the plan, but it does not pass "
              "`evaluate --check`: it may not be live\n",
              stderr);
    an_hex_print(key.b, sizeof(key.b), hex);
    printf("%s\n", hex);
    return AN_OK;
}

static enum an_code run(struct job *job, bool *held)
{
    enum an_code code = check_package(job);

    if (code == AN_OK)
        code = tr_data_open_with(&job->d, &job->fitted, job->arena, job->data,
                                 job->package, &job->subject, job->err);
    if (code != AN_OK)
        return code;
    code = tr_lineage_of_fit(&job->lineage, job->arena, job->package,
                             &job->fitted, job->data, &job->d, job->err);
    if (code == AN_OK) {
        tr_lineage_warn(&job->lineage, "tune", job->package);
        code = tune(job);
    }
    if (code == AN_OK)
        code = tell(job);
    *held = code == AN_OK && tr_gates_held(&job->tuned.gates);
    if (code == AN_OK && !*held)
        tell_failed(job);
    if (*held)
        code = pack(job);
    tr_fitted_close(&job->fitted);
    tr_data_close(&job->d);
    return code;
}

int tr_command_tune(int argc, char **argv)
{
    struct an_arena arena;
    struct an_err err;
    struct job job = {.arena = &arena, .err = &err};
    bool held = false;
    enum an_code code;
    int status = arguments(&job, argc, argv);

    if (status != TR_EXIT_OK || job.help)
        return status;
    openblas_set_num_threads(1);
    an_arena_init(&arena, (size_t)16 << 30);
    code = run(&job, &held);
    an_arena_free(&arena);
    if (code != AN_OK)
        return tr_command_failed("tune", job.subject, &err);
    return held ? TR_EXIT_OK : TR_EXIT_FAILED;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train fit */
#include "runtime/manifest.h"
#include "runtime/safetensors.h"
#include "trainer/command.h"
#include "trainer/file.h"
#include "trainer/fit/fit.h"
#include "trainer/lineage/lineage.h"
#include "trainer/privacy/ledger.h"

#include <cblas.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, SAVE_EVERY_S = 300, KEPT_BYTES = 1 << 30 };

struct job {
    const char *cohort, *out;
    bool resume;
    struct tr_settings settings;
    struct tr_cohort data;
    struct tr_fit fit;
    double started_s, said_s, saved_s;
    int64_t rows_before; /* done by the run that is resumed */
    double done_before;  /* share of all that is */
    int64_t paid;        /* private steps that the ledger has */
    bool on_terminal;
    struct tr_ranks ranks;     /* the first of them speaks and writes */
    struct tr_lineage lineage; /* of the data, as it was at the start */
    struct an_arena kept;      /* its memory */
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void usage(FILE *out)
{
    struct tr_settings standard;
    struct tr_setting row;

    fputs("usage: anamnesis-train fit --out FOLDER [--resume] [--SETTING "
          "VALUE...] COHORT\n\n"
          "Fits a model to the training patients of a cohort file and keeps "
          "the epoch that\nserves the tuning patients best.  FOLDER gets:\n"
          "  model.safetensors  the weights\n"
          "  fit.json           shape, settings, data set, losses\n"
          "  checkpoint         to go on from with --resume\n"
          "  lineage/           the data set's log, and what was done with "
          "it\n"
          "  privacy            of a private fit (dp_noise, dp_epsilon): "
          "steps paid for\n\nsettings:\n",
          out);
    for (size_t i = 0; tr_settings_row(i, &row); i++)
        fprintf(out, "  --%-14s %s (%g)\n", row.name, row.help, row.standard);
    tr_settings_init(&standard);
    fprintf(out,
            "  --%-14s edges of the hazards' time bins, in days, at most %d (0",
            "bins", RT_MAX_BINS);
    for (int64_t j = 1; j < standard.bins; j++)
        fprintf(out, ",%lld", (long long)standard.bin_edge_days[j]);
    fputs(")\n", out);
}

static int bad_setting(struct an_str name, struct an_str value,
                       const struct an_err *err)
{
    struct tr_setting row;

    fprintf(stderr, "anamnesis-train fit: --%.*s %.*s: %s", AN_STR_ARG(name),
            AN_STR_ARG(value), err->what);
    for (size_t i = 0; tr_settings_row(i, &row); i++)
        if (tr_setting_named(name, row.name))
            fprintf(stderr, " (%g to %g, %s)", row.low, row.high, row.help);
    if (tr_setting_named(name, "bins"))
        fprintf(stderr, " (at most %d, up to %d)", RT_MAX_BINS,
                TR_MAX_EDGE_DAYS);
    fputs(err->code == AN_NOTFOUND ? "; see --help\n" : "\n", stderr);
    return TR_EXIT_USAGE;
}

/* TR_EXIT_OK to go on, else what to exit with; help exits with OK too, so it
 * is told apart by job->cohort. */
static int arguments(struct job *job, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        struct an_str name, value;
        struct an_err err;

        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
            job->cohort = NULL;
            return TR_EXIT_OK;
        }
        if (strcmp(argv[i], "--resume") == 0) {
            job->resume = true;
        } else if (argv[i][0] != '-' && job->cohort == NULL) {
            job->cohort = argv[i];
        } else if (!tr_option(argc, argv, &i, &name, &value)) {
            fprintf(stderr, "anamnesis-train fit: '%s' is not understood\n\n",
                    argv[i]);
            usage(stderr);
            return TR_EXIT_USAGE;
        } else if (an_str_eq(name, AN_STR("out"))) {
            job->out = value.p;
        } else if (tr_settings_set(&job->settings, name, value, &err) !=
                   AN_OK) {
            return bad_setting(name, value, &err);
        }
    }
    if (job->cohort && job->out)
        return TR_EXIT_OK;
    usage(stderr);
    return TR_EXIT_USAGE;
}

static enum an_code path_of(const struct job *job, const char *name,
                            char path[PATH_BYTES], struct an_err *err)
{
    const int n = snprintf(path, PATH_BYTES, "%s/%s", job->out, name);

    return n > 0 && n < PATH_BYTES
               ? AN_OK
               : an_fail(err, AN_LIMIT, "the folder's name is too long", 0);
}

static enum an_code pay(struct job *job, int64_t steps, struct an_err *err)
{
    char path[PATH_BYTES];
    enum an_code code = path_of(job, "privacy", path, err);

    job->paid = steps;
    return code == AN_OK
               ? tr_ledger_write(path, &job->fit.fingerprint, steps, err)
               : code;
}

/* Before a private step: it is paid for first. */
static enum an_code pay_ahead(struct job *job, struct an_err *err)
{
    const struct tr_fit *f = &job->fit;
    const int64_t most = f->privacy.step.steps;
    int64_t to = f->progress.charged + TR_LEDGER_AHEAD;

    if (!f->is_private || f->progress.charged < job->paid)
        return AN_OK;
    to = to < most ? to : most;
    return pay(job, to, err);
}

/* What a checkpoint has is known to be all, and what was paid ahead is free
 * again. */
static enum an_code save(struct job *job, struct an_err *err)
{
    char path[PATH_BYTES];
    enum an_code code = path_of(job, "checkpoint", path, err);

    if (job->ranks.rank)
        return code;

    job->saved_s = now_s();
    if (code == AN_OK)
        code = tr_fit_save(&job->fit, path, err);
    if (code == AN_OK && job->fit.is_private)
        code = pay(job, job->fit.progress.charged, err);
    return code;
}

/* A private fit goes on with all that was paid for; one that begins finds no
 * other in its folder, whose people have spent already. */
static enum an_code open_ledger(struct job *job, struct an_err *err)
{
    struct tr_fit *f = &job->fit;
    char path[PATH_BYTES];
    enum an_code code = path_of(job, "privacy", path, err);

    if (code != AN_OK || !f->is_private)
        return code;
    if (!job->resume) {
        if (access(path, F_OK) != 0)
            return AN_OK;
        return an_fail(err, AN_CONFLICT,
                       "the folder has a private fit, which has spent: go on "
                       "with --resume, or take another folder",
                       0);
    }
    code = tr_ledger_read(path, &f->fingerprint, &job->paid, err);
    if (code == AN_NOTFOUND)
        return an_fail(err, AN_MISSING,
                       "the file `privacy` is gone: what was spent is not "
                       "known any more",
                       0);
    if (code == AN_OK && job->paid > f->progress.charged)
        f->progress.charged = job->paid;
    return code;
}

static void say_private(struct job *job, double left)
{
    const struct tr_fit *f = &job->fit;

    if (f->epoch_ended) {
        fprintf(stderr, "%sepoch %lld: step %lld, epsilon %.4f at delta %g\n",
                job->on_terminal ? "\r\033[K" : "",
                (long long)f->progress.epoch, (long long)f->progress.charged,
                tr_private_spent(&f->privacy, f->progress.charged).epsilon,
                f->privacy.delta);
    } else if (job->on_terminal && now_s() - job->said_s > 0.5) {
        job->said_s = now_s();
        fprintf(stderr, "\r\033[Kepoch %lld, step %lld, %.0f s left",
                (long long)f->progress.epoch + 1, (long long)f->progress.step,
                left);
    }
}

/* One line that is written over on a terminal; a line an epoch elsewhere. */
static void say(struct job *job)
{
    const struct tr_fit *f = &job->fit;
    const double now = now_s(), took = now - job->started_s + 1e-9;
    const double speed =
        (double)(f->progress.rows_done - job->rows_before) / took;
    const double done = tr_fit_progress(f);
    const double left = took * fmax(1 - done, 0) / (done - job->done_before);

    if (job->ranks.rank)
        return;
    if (f->is_private) {
        say_private(job, left);
    } else if (f->epoch_ended) {
        fprintf(stderr,
                "%sepoch %lld: training loss %.5f, tuning loss %.5f (next "
                "event %.4f, outcomes %.4f)%s, %.0f positions/s\n",
                job->on_terminal ? "\r\033[K" : "",
                (long long)f->progress.epoch, f->epoch.train, f->epoch.tune,
                f->epoch.tune_rate, f->epoch.tune_hazard,
                f->progress.best_epoch == f->progress.epoch ? ", best so far"
                                                            : "",
                speed);
    } else if (job->on_terminal && now - job->said_s > 0.5) {
        job->said_s = now;
        fprintf(stderr,
                "\r\033[Kepoch %lld, step %lld, loss %.4f, rate %.2g, %.0f "
                "positions/s, %.0f s left",
                (long long)f->progress.epoch + 1, (long long)f->progress.step,
                f->last_loss, f->last_rate, speed, left);
    }
}

static void put_settings(struct an_json_out *w, const struct tr_settings *s)
{
    an_out_key(w, "settings");
    an_out_object(w);
#define X(name, standard, low, high, help)                                     \
    an_out_key(w, #name);                                                      \
    an_out_i64(w, s->name);
    TR_INTS(X)
#undef X
#define X(name, standard, low, high, help)                                     \
    an_out_key(w, #name);                                                      \
    an_out_fixed(w, s->name, 9);
    TR_REALS(X)
#undef X
    an_out_end(w);
}

/* What `package` needs beside the weights. */
static enum an_code describe(struct job *job, const double *share_k,
                             struct an_arena *arena, struct an_str *text,
                             struct an_err *err)
{
    const struct tr_fit *f = &job->fit;
    char hex[AN_SHA256_HEX + 1];
    struct an_json_out w;

    an_out_init(&w, arena, 1 << 20);
    an_out_object(&w);
    rt_shape_write(&w, &f->params.model.shape);
    put_settings(&w, &f->settings);
    an_hex_print(job->data.sha256, TR_DIGEST_BYTES, hex);
    an_out_key_str(&w, "cohort_sha256", an_str_c(hex));
    an_hex_print(job->data.sizes.vocabulary_sha256, TR_DIGEST_BYTES, hex);
    an_out_key_str(&w, "vocabulary_sha256", an_str_c(hex));
    an_out_key_str(&w, "blas", an_str_c(openblas_get_corename()));
    an_out_key(&w, "training_patients");
    an_out_i64(&w, (int64_t)f->n_order);
    an_out_key(&w, "tuning_patients");
    an_out_i64(&w, (int64_t)f->n_tune);
    an_out_key(&w, "best_epoch");
    an_out_i64(&w, f->progress.best_epoch);
    if (f->n_tune && !f->is_private && isfinite(f->progress.best_loss)) {
        an_out_key(&w, "tuning_loss");
        an_out_fixed(&w, f->progress.best_loss, 9);
    }
    tr_course_write(f->course, &w);
    if (f->is_private)
        tr_private_write(&f->privacy, &f->settings, f->progress.charged,
                         f->progress.step, &w);
    an_out_key(&w, "trunk_share");
    an_out_array(&w);
    for (int k = 0; k < f->params.model.shape.outcomes; k++)
        an_out_fixed(&w, share_k[k], 2);
    an_out_end(&w);
    an_out_end(&w);
    return an_out_done(&w, text, err);
}

static enum an_code write_result(struct job *job, struct an_err *err)
{
    double share_k[RT_MAX_OUTCOMES];
    char path[PATH_BYTES];
    struct tr_lineage_fit made = {.processes = job->ranks.n};
    struct an_arena arena;
    enum an_code code;

    tr_fit_take_best(&job->fit);
    tr_fit_share(&job->fit, share_k);
    if (job->ranks.rank)
        return AN_OK;
    an_arena_init(&arena, (size_t)4 << 30);
    code = rt_safetensors_write(&arena, &job->fit.params.model.shape,
                                job->fit.params.value, &made.weights, err);
    if (code == AN_OK)
        code = path_of(job, "model.safetensors", path, err);
    if (code == AN_OK)
        code = tr_file_write(path, made.weights, err);
    if (code == AN_OK)
        code = describe(job, share_k, &arena, &made.json, err);
    if (code == AN_OK)
        code = path_of(job, "fit.json", path, err);
    if (code == AN_OK)
        code = tr_file_write(path, made.json, err);
    if (code == AN_OK)
        code = tr_lineage_add_fit(&job->lineage, &made, err);
    if (code == AN_OK)
        code = tr_lineage_write(&job->lineage, job->out, err);
    an_arena_free(&arena);
    return code;
}

static enum an_code run(struct job *job, struct an_err *err)
{
    char path[PATH_BYTES];
    enum an_code code = AN_OK;

    if (job->resume) {
        code = path_of(job, "checkpoint", path, err);
        if (code == AN_OK)
            code = tr_fit_load(&job->fit, path, err);
        job->rows_before = job->fit.progress.rows_done;
    }
    if (code == AN_OK)
        code = open_ledger(job, err);
    job->done_before = tr_fit_progress(&job->fit);
    job->started_s = job->saved_s = now_s();
    while (code == AN_OK && !tr_fit_done(&job->fit)) {
        code = pay_ahead(job, err);
        if (code == AN_OK)
            code = tr_fit_step(&job->fit, err);
        if (code != AN_OK)
            break;
        say(job);
        if (job->fit.epoch_ended || now_s() - job->saved_s > SAVE_EVERY_S)
            code = save(job, err);
    }
    if (code != AN_OK && job->on_terminal)
        fputc('\n', stderr);
    return code == AN_OK ? write_result(job, err) : code;
}

static enum an_code fit(struct job *job, const char **subject,
                        struct an_err *err)
{
    enum an_code code;

    *subject = job->out;
    if (mkdir(job->out, 0755) < 0 && errno != EEXIST)
        return an_fail_sys(err, AN_IO, "the folder cannot be made", errno);
    *subject = job->cohort;
    code = tr_cohort_open(&job->data, job->cohort, err);
    if (code != AN_OK)
        return code;
    if (job->ranks.rank == 0)
        code = tr_lineage_of_cohort(&job->lineage, &job->kept, job->cohort,
                                    &job->data, err);
    if (code == AN_OK) {
        tr_lineage_warn(&job->lineage, "fit", job->cohort);
        *subject = NULL;
        code = tr_fit_init(&job->fit, &job->data, &job->settings, &job->ranks,
                           err);
    }
    if (code == AN_OK) {
        code = run(job, err);
        tr_fit_release(&job->fit);
    }
    tr_cohort_close(&job->data);
    return code;
}

int tr_command_fit(int argc, char **argv)
{
    struct job job = {.on_terminal = isatty(STDERR_FILENO) == 1};
    const char *subject = NULL;
    struct an_err err;
    enum an_code code;
    int status;

    tr_settings_init(&job.settings);
    status = arguments(&job, argc, argv);
    if (status != TR_EXIT_OK || job.cohort == NULL)
        return status;
    openblas_set_num_threads(1);
    code = tr_ranks_begin(&job.ranks, &err);
    if (code != AN_OK)
        return tr_command_failed("fit", NULL, &err);
    an_arena_init(&job.kept, KEPT_BYTES);
    code = fit(&job, &subject, &err);
    an_arena_free(&job.kept);
    if (code != AN_OK)
        status = tr_command_failed("fit", subject, &err);
    tr_ranks_end(&job.ranks, code == AN_OK);
    return status;
}

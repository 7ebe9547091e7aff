/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train audit */
#include "trainer/command.h"
#include "trainer/data.h"
#include "trainer/file.h"
#include "trainer/privacy/audit.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { JSON_BYTES = 1 << 16, PLACES = 6 };

struct job {
    const char *model, *data, *out;
    bool help;
};

/* What the model's record says of itself; NAN: it promises nothing. */
struct claim {
    double epsilon, delta;
};

static void usage(FILE *out)
{
    fputs("usage: anamnesis-train audit [--out FILE] MODEL DATA\n"
          "\nAttacks a model (a folder of `fit` or `package`): tells the "
          "training people of the\ndata set from its test people by how little "
          "the model is surprised by them.\nPrints how well that works, and "
          "the epsilon that it shows at the least; exits with\n1 when that is "
          "more than the model claims.\n\n"
          "  --out FILE  the same as JSON\n",
          out);
}

static bool set(void *command, struct an_str name, struct an_str value)
{
    struct job *job = command;

    if (!an_str_eq(name, AN_STR("out")))
        return false;
    job->out = value.p;
    return true;
}

static int arguments(struct job *job, int argc, char **argv)
{
    struct tr_arguments a = {.usage = usage,
                             .operand = {&job->model, &job->data},
                             .set = set,
                             .job = job};
    const int status = tr_arguments(&a, argc, argv);

    job->help = a.help;
    return status != TR_EXIT_OK || a.help || (job->data) ? status
                                                         : tr_misused(&a);
}

static double real_of(const struct an_json *of, struct an_str name,
                      double standard)
{
    (void)an_json_double(an_json_get(of, name), &standard);
    return standard;
}

/* The loss that it was fitted by. */
static struct tr_terms terms_of(const struct tr_fitted *fitted)
{
    const struct an_json *s = tr_fitted_member(fitted, AN_STR("settings"));

    return (struct tr_terms){
        .rate_weight = (float)real_of(s, AN_STR("rate_weight"), 0.1),
        .hazard_weight = (float)real_of(s, AN_STR("hazard_weight"), 1),
        .rate_norm = 1,
        .hazard_norm = 1,
        .t_min_days = (float)fitted->t_min_days};
}

static void print(const struct tr_audit *a, const struct claim *claim)
{
    printf("people               %zu trained on, %zu not\n"
           "AUC of the attack    %.4f (%.4f to %.4f)\n"
           "advantage            %.4f\n",
           a->n_members, a->n_others, a->auc, a->auc_interval.low,
           a->auc_interval.high, a->advantage);
    if (isfinite(a->tpr))
        printf("TPR at 1 %% FPR       %.4f (%.4f to %.4f)\n", a->tpr,
               a->tpr_interval.low, a->tpr_interval.high);
    else
        printf("TPR at 1 %% FPR       too few people\n");
    printf("epsilon, at least    %.4f (95 %% confidence, delta %g)\n",
           a->epsilon, claim->delta);
    if (isfinite(claim->epsilon))
        printf("epsilon, claimed     %.4f\n", claim->epsilon);
    else
        printf("epsilon, claimed     none: trained without privacy\n");
}

static void put(struct an_json_out *w, const char *key, double value)
{
    an_out_key(w, key);
    if (isfinite(value))
        an_out_fixed(w, value, PLACES);
    else
        an_out_null(w);
}

static void put_interval(struct an_json_out *w, const char *key,
                         struct tr_interval i)
{
    an_out_key(w, key);
    an_out_object(w);
    put(w, "low", i.low);
    put(w, "high", i.high);
    an_out_end(w);
}

static enum an_code write_json(struct an_arena *arena, const char *path,
                               const struct tr_audit *a,
                               const struct claim *claim, struct an_err *err)
{
    struct an_json_out w;
    struct an_str text;
    enum an_code code;

    an_out_init(&w, arena, JSON_BYTES);
    an_out_object(&w);
    an_out_key(&w, "members");
    an_out_i64(&w, (int64_t)a->n_members);
    an_out_key(&w, "others");
    an_out_i64(&w, (int64_t)a->n_others);
    put(&w, "auc", a->auc);
    put_interval(&w, "auc_interval", a->auc_interval);
    put(&w, "advantage", a->advantage);
    put(&w, "fpr", TR_AUDIT_FPR);
    put(&w, "tpr", a->tpr);
    put_interval(&w, "tpr_interval", a->tpr_interval);
    put(&w, "epsilon_at_least", a->epsilon);
    put(&w, "epsilon_claimed", claim->epsilon);
    an_out_end(&w);
    code = an_out_done(&w, &text, err);
    return code == AN_OK ? tr_file_write(path, text, err) : code;
}

static enum an_code audit(const struct job *job, struct an_arena *arena,
                          const struct tr_data *data,
                          const struct tr_fitted *fitted, bool *broken,
                          const char **subject, struct an_err *err)
{
    const struct an_json *p = tr_fitted_member(fitted, AN_STR("privacy"));
    const struct claim claim = {real_of(p, AN_STR("epsilon"), (double)NAN),
                                real_of(p, AN_STR("delta"), 1e-5)};
    const struct tr_terms terms = terms_of(fitted);
    struct tr_losses_by_person losses;
    struct tr_audit a;
    enum an_code code = tr_audit_losses(arena, &data->cohort, &fitted->model,
                                        &terms, &losses, err);

    *subject = job->data;
    if (code == AN_OK)
        code = tr_audit_judge(arena, &losses, claim.delta, &a, err);
    if (code != AN_OK)
        return code;
    print(&a, &claim);
    *broken = isfinite(claim.epsilon) && a.epsilon > claim.epsilon;
    *subject = job->out;
    return job->out ? write_json(arena, job->out, &a, &claim, err) : AN_OK;
}

int tr_command_audit(int argc, char **argv)
{
    struct job job = {.model = NULL};
    struct tr_fitted fitted;
    struct tr_data data;
    struct an_arena arena;
    struct an_err err;
    const char *subject;
    bool broken = false;
    enum an_code code;
    const int status = arguments(&job, argc, argv);

    if (status != TR_EXIT_OK || job.help)
        return status;
    openblas_set_num_threads(1);
    an_arena_init(&arena, (size_t)16 << 30);
    code = tr_data_open_with(&data, &fitted, &arena, job.data, job.model,
                             &subject, &err);
    if (code == AN_OK) {
        code = audit(&job, &arena, &data, &fitted, &broken, &subject, &err);
        tr_fitted_close(&fitted);
        tr_data_close(&data);
    }
    an_arena_free(&arena);
    if (code != AN_OK)
        return tr_command_failed("audit", subject, &err);
    if (broken)
        fputs("anamnesis-train audit: that is more than the model claims\n",
              stderr);
    return broken ? TR_EXIT_FAILED : TR_EXIT_OK;
}

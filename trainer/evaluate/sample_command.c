/* SPDX-License-Identifier: Apache-2.0 */
/* anamnesis-train sample */
#include "runtime/risk.h"
#include "trainer/command.h"
#include "trainer/dataset/outcomes.h"
#include "trainer/evaluate/futures.h"
#include "trainer/evaluate/predict.h"

#include <cblas.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef TR_DATA_DIR
#    define TR_DATA_DIR "config"
#endif

enum { BATCH = 64, MAX_SHOWN = 100 };

struct job {
    const char *model, *data, *outcomes;
    struct an_str stop;
    bool has_patient, no_repeat, help;
    uint64_t patient, seed;
    uint64_t first, futures, days, events, show;
    double t_min_days;
};

static void usage(FILE *out)
{
    fputs(
        "usage: anamnesis-train sample (--patient KEY | --first N) [OPTION "
        "...] "
        "MODEL DATA\n"
        "\nSamples what may come after the last question about a patient, "
        "event "
        "by event, by the\nrates of a model (a folder of `fit` or `package`), "
        "and prints how many futures have\neach outcome beside the model's "
        "risk.\n\n"
        "  --patient KEY      of a data set's patient, by number\n"
        "  --first N          of the first N test patients\n"
        "  --futures N        for each (100)\n"
        "  --days N           until then (365)\n"
        "  --events N         no more than these in a future (64)\n"
        "  --seed N           the same seed gives the same futures (1)\n"
        "  --show N           print so many futures (3)\n"
        "  --t-min DAYS       waits that are not told apart (0)\n"
        "  --no-repeat        nothing comes twice\n"
        "  --stop CONCEPT     nothing follows it: its key in the vocabulary.  "
        "Default: deaths are\n"
        "                     drawn from the risk of the outcome that is "
        "death\n"
        "  --outcomes FOLDER  what counts as an outcome (" TR_DATA_DIR
        "/outcomes)\n",
        out);
}

static bool whole(struct an_str text, uint64_t low, uint64_t high, uint64_t *n)
{
    char *end;

    if (text.n == 0 || text.p[0] < '0' || text.p[0] > '9')
        return false;
    *n = strtoull(text.p, &end, 10);
    return end == text.p + text.n && *n >= low && *n <= high;
}

static bool set(void *command, struct an_str name, struct an_str value)
{
    struct job *job = command;
    const struct {
        const char *name;
        uint64_t low, high, *to;
    } numbers[] = {
        {"patient", 0, UINT64_MAX, &job->patient},
        {"seed", 0, UINT64_MAX, &job->seed},
        {"first", 1, UINT32_MAX, &job->first},
        {"futures", 1, RT_MAX_FUTURES, &job->futures},
        {"days", 1, 36500, &job->days},
        {"events", 1, RT_MAX_FUTURE_EVENTS, &job->events},
        {"show", 0, MAX_SHOWN, &job->show},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (an_str_eq(name, an_str_c(numbers[i].name))) {
            job->has_patient |= numbers[i].to == &job->patient;
            return whole(value, numbers[i].low, numbers[i].high, numbers[i].to);
        }
    if (an_str_eq(name, AN_STR("outcomes"))) {
        job->outcomes = value.p;
    } else if (an_str_eq(name, AN_STR("stop"))) {
        job->stop = value;
    } else if (an_str_eq(name, AN_STR("t-min"))) {
        char *end;

        job->t_min_days = strtod(value.p, &end);
        return value.n > 0 && end == value.p + value.n &&
               job->t_min_days >= 0 && job->t_min_days <= 36500;
    } else {
        return false;
    }
    return true;
}

static int arguments(struct job *job, int argc, char **argv)
{
    struct tr_arguments a = {.usage = usage,
                             .operand = {&job->model, &job->data},
                             .flag = "--no-repeat",
                             .flag_to = &job->no_repeat,
                             .set = set,
                             .job = job};
    const int status = tr_arguments(&a, argc, argv);

    job->help = a.help;
    return status != TR_EXIT_OK || a.help ||
                   (job->data && job->has_patient == (job->first == 0))
               ? status
               : tr_misused(&a);
}

/* ---- one patient ---------------------------------------------------------- */

struct work {
    const struct job *job;
    const struct tr_data *data;
    const struct rt_model *model;
    struct rt_vocabulary vocabulary;
    uint8_t *set_kv;  /* rows of each outcome */
    size_t *n_rows_k; /* how many */
    struct rt_rollout_how how;
    struct rt_rollout rollout;
    struct rt_workspace ws;
    struct rt_position *room;
    struct rt_item *items;
    struct rt_future *future;
    struct rt_future_event *event;
    size_t most; /* positions of a history that leave room for futures */
};

/* Rows of the model for each outcome of the data set that the folder has. */
static enum an_code find_rows(struct work *w, struct an_arena *arena,
                              struct an_err *err)
{
    const size_t n = w->data->cohort.sizes.outcomes;
    const size_t targets = (size_t)w->model->shape.targets;
    struct tr_outcomes outcomes;
    enum an_code code =
        tr_outcomes_read(arena, w->job->outcomes, &outcomes, err);

    if (code != AN_OK)
        return code;
    w->set_kv = an_arena_get(arena, n, targets);
    w->n_rows_k = an_arena_get(arena, n, sizeof(*w->n_rows_k));
    if (w->set_kv == NULL || w->n_rows_k == NULL)
        return an_fail_nomem(err);
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < outcomes.n; i++)
            if (an_str_eq(outcomes.outcome[i].id, w->data->asked[k].id))
                w->n_rows_k[k] =
                    tr_outcome_rows(&outcomes.outcome[i], &w->vocabulary,
                                    w->set_kv + k * targets);
    return AN_OK;
}

static enum an_code read_vocabulary(struct work *w, struct an_arena *arena,
                                    struct an_err *err)
{
    const struct rt_shape *s = &w->model->shape;
    enum an_code code = rt_vocabulary_read(
        arena, an_json_get(w->data->root, AN_STR("vocabulary")), &w->vocabulary,
        err);

    if (code == AN_OK && (w->vocabulary.n_concepts != (size_t)s->vocab ||
                          w->vocabulary.n_targets != (size_t)s->targets))
        code = an_fail(err, AN_CONFLICT,
                       "the model has other concepts than the vocabulary", 0);
    if (code != AN_OK || w->job->stop.n == 0)
        return code;
    w->how.stop = rt_vocabulary_row(&w->vocabulary, w->job->stop);
    if (w->how.stop < 0 || w->how.stop >= s->targets)
        return an_fail(err, AN_NOTFOUND, "--stop is no predicted concept", 0);
    return AN_OK;
}

static enum an_code prepare(struct work *w, struct an_arena *arena,
                            struct an_err *err)
{
    const struct rt_shape *s = &w->model->shape;
    const struct tr_cohort *c = &w->data->cohort;
    const size_t positions = (size_t)s->positions, events = w->job->events;
    const size_t n = w->job->futures;
    size_t items = 0;
    enum an_code code = read_vocabulary(w, arena, err);

    if (code == AN_OK)
        code = find_rows(w, arena, err);
    if (code != AN_OK)
        return code;
    for (size_t i = 0; i < c->n_patients; i++)
        items = c->patient[i].n_items > items ? c->patient[i].n_items : items;
    w->most = positions - (events < positions / 2 ? events : positions / 2);
    w->room = an_arena_get(arena, positions, sizeof(*w->room));
    w->items = an_arena_get(arena, items, sizeof(*w->items));
    w->future = an_arena_get(arena, n, sizeof(*w->future));
    w->event = an_arena_get(arena, n * events, sizeof(*w->event));
    if (!w->room || !w->items || !w->future || !w->event)
        return an_fail_nomem(err);
    code = rt_workspace_init(&w->ws, arena, s, positions, 1, err);
    return code == AN_OK ? rt_rollout_init(&w->rollout, arena, s, w->most,
                                           events, n < BATCH ? n : BATCH, err)
                         : code;
}

static void print_event(const struct work *w, const struct rt_future_event *e)
{
    const struct rt_concept *c = &w->vocabulary.concept[e->concept];

    printf("    day %7.1f  %.*s%s%.*s\n", e->after_days, AN_STR_ARG(c->key),
           c->display.n ? "  " : "", AN_STR_ARG(c->display));
}

static void print_futures(const struct work *w)
{
    static const char *const ends[] = {"goes on", "death",
                                       "cut: too many events",
                                       "cut: longer than the model reads"};
    size_t n[4] = {0};

    for (size_t i = 0; i < w->job->futures; i++)
        n[w->future[i].end]++;
    printf("  %zu reach the last day, %zu end with death before, %zu are cut\n",
           n[RT_FUTURE_HORIZON], n[RT_FUTURE_STOPPED],
           n[RT_FUTURE_CUT_EVENTS] + n[RT_FUTURE_CUT_POSITIONS]);
    for (size_t i = 0; i < w->job->futures && i < w->job->show; i++) {
        const struct rt_future *f = &w->future[i];

        printf("\n  future %zu\n", i + 1);
        for (uint32_t k = 0; k < f->n_events; k++)
            print_event(w, &w->event[i * w->how.max_events + k]);
        printf("    day %7.1f  %s\n", f->end_days, ends[f->end]);
    }
    putchar('\n');
}

static void print_outcomes(const struct work *w,
                           const struct tr_follow_up *follow_up)
{
    const struct rt_shape *s = &w->model->shape;
    const double days = w->how.horizon_days;

    printf("  %-23s %5s  %-21s %7s %7s\n", "outcome", "codes",
           "share of futures", "unknown", "risk");
    for (size_t k = 0; k < w->data->cohort.sizes.outcomes; k++) {
        struct rt_share share;

        printf("  %-23.*s %5zu  ", AN_STR_ARG(w->data->asked[k].id),
               w->n_rows_k[k]);
        rt_futures_share(w->future, w->event, w->job->futures,
                         w->how.max_events, w->set_kv + k * (size_t)s->targets,
                         days, &share);
        if (w->n_rows_k[k])
            printf("%.3f (%.3f-%.3f) %9zu", share.p, share.low, share.high,
                   share.n_unknown);
        else
            printf("%-21s %7s", "-", "-");
        if (follow_up[k].to_days > 0)
            printf(" %7.3f\n", rt_risk(s, w->ws.log_hazard_qkj, (int)k, days));
        else
            printf(" %7s\n", "-");
    }
}

/* What the second head says, of all that the model can read. */
static enum an_code ask(struct work *w, const struct rt_history *h,
                        size_t query, struct an_err *err)
{
    const struct tr_cohort *c = &w->data->cohort;
    const struct rt_shape *s = &w->model->shape;
    const struct rt_history until = tr_history_until(
        h, c->query[query].position, (size_t)s->positions, w->room, w->items);
    const struct rt_query q = {(uint32_t)until.n_positions - 1,
                               c->wide + query * (size_t)s->wide};
    const struct rt_ask one = {&until, &q, 1};
    enum an_code code = rt_history_check(&until, s, err);

    return code == AN_OK
               ? rt_forward(w->model, &w->ws, &one, 1, RT_WANT_HAZARDS, err)
               : code;
}

static enum an_code one(struct work *w, size_t patient, struct an_err *err)
{
    const struct tr_cohort *c = &w->data->cohort;
    const struct tr_patient *p = &c->patient[patient];
    const struct rt_history h = tr_cohort_history(c, patient);
    const size_t query = p->first_query + p->n_queries - 1;
    const uint32_t position = c->query[query].position;
    struct rt_history until;
    enum an_code code = ask(w, &h, query, err);

    if (code != AN_OK)
        return code;
    until = tr_history_until(&h, position, w->most, w->room, w->items);
    code = rt_rollout(&w->rollout, w->model, &until, &w->how, w->job->futures,
                      w->future, w->event, err);
    if (code != AN_OK)
        return code;
    if (w->job->stop.n == 0 && w->model->shape.death >= 0)
        tr_futures_die(&w->model->shape, w->ws.log_hazard_qkj,
                       w->model->shape.death, &w->how, w->future, w->event,
                       w->job->futures);
    printf("patient %" PRIu64 ", aged %.1f, asked at position %" PRIu32
           " of %" PRIu32 "; %" PRIu64 " futures of %" PRIu64 " days\n",
           p->key, (double)h.position[position].age_days / 365.25, position + 1,
           p->n_positions, w->job->futures, w->job->days);
    print_outcomes(w, c->follow_up + query * c->sizes.outcomes);
    print_futures(w);
    return AN_OK;
}

/* The first case of each person that has a question; AN_NOTFOUND. */
static enum an_code each(struct work *w, struct an_err *err)
{
    const struct tr_cohort *c = &w->data->cohort;
    const uint64_t most = w->job->has_patient ? 1 : w->job->first;
    uint64_t n = 0, last = 0;
    enum an_code code = AN_OK;

    for (size_t i = 0; i < c->n_patients && n < most && code == AN_OK; i++) {
        const struct tr_patient *p = &c->patient[i];
        const bool wanted = w->job->has_patient ? p->key == w->job->patient
                                                : p->split == TR_TEST;

        if (!wanted || p->n_queries == 0 || (n && p->key == last))
            continue;
        code = one(w, i, err);
        last = p->key;
        n++;
    }
    if (code == AN_OK && n == 0)
        code = an_fail(err, AN_NOTFOUND,
                       "there is no such patient about whom something is asked",
                       0);
    return code;
}

static enum an_code sample(const struct job *job, struct an_arena *arena,
                           const struct tr_data *data,
                           const struct tr_fitted *fitted, struct an_err *err)
{
    struct work w = {.job = job,
                     .data = data,
                     .model = &fitted->model,
                     .how = {.seed = job->seed,
                             .horizon_days = (double)job->days,
                             .t_min_days = job->t_min_days,
                             .max_events = (uint32_t)job->events,
                             .stop = RT_NO_ROW,
                             .no_repeat = job->no_repeat}};
    enum an_code code = prepare(&w, arena, err);

    w.how.concept = w.vocabulary.concept;
    w.how.no_parents = w.vocabulary.no_parents;
    return code == AN_OK ? each(&w, err) : code;
}

int tr_command_sample(int argc, char **argv)
{
    struct job job = {.outcomes = TR_DATA_DIR "/outcomes",
                      .seed = 1,
                      .futures = 100,
                      .days = 365,
                      .events = 64,
                      .show = 3};
    struct tr_fitted fitted;
    struct tr_data data;
    struct an_arena arena;
    struct an_err err;
    const char *subject;
    enum an_code code;
    const int status = arguments(&job, argc, argv);

    if (status != TR_EXIT_OK || job.help)
        return status;
    openblas_set_num_threads(1);
    an_arena_init(&arena, (size_t)16 << 30);
    code = tr_data_open_with(&data, &fitted, &arena, job.data, job.model,
                             &subject, &err);
    if (code == AN_OK) {
        code = sample(&job, &arena, &data, &fitted, &err);
        tr_fitted_close(&fitted);
        tr_data_close(&data);
    }
    an_arena_free(&arena);
    return code == AN_OK ? TR_EXIT_OK
                         : tr_command_failed("sample", subject, &err);
}

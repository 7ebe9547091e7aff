/* SPDX-License-Identifier: Apache-2.0 */
/* Forecasts by the default model, from a timeline to risks with reasons, all
 * outcomes asked at four horizons; beside each the same forecast without a
 * question, which is one pass.  The patients say the same things again and
 * again over years, as those do who have reasons to be looked at: their
 * concepts begin early, so little of a history is the same without one.
 *
 * Reads the package in $top_srcdir/config/model/default. */
#include "runtime/predict.h"
#include "tests/bench.h"
#include "tests/model_random.h"
#include "trainer/package/package.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

#define HOUR INT64_C(3600000000)

enum { ROUNDS = 25 };

/* What all questions about a patient with 128 events may take. */
static const double limit_ms = 60;

/* A known concept's key, as a code; few are said often, many seldom. */
static struct ctx_code some_concept(const struct rt_vocabulary *v,
                                    struct test_random *r)
{
    const double u = test_uniform(r);
    const size_t row = (size_t)(u * u * u * (double)v->n_targets);
    struct ctx_code code = {.code = v->concept[row].key};

    (void)an_str_cut(&code.code, '|', &code.system);
    return code;
}

/* A birth, then n events at random moments over ten years. */
static struct ctx_timeline make(struct an_arena *arena,
                                const struct rt_vocabulary *v, int n,
                                double share_of_new_moments,
                                struct test_random *r)
{
    struct ctx_event *e = an_arena_get(arena, (size_t)n + 1, sizeof(*e));
    const struct ctx_event **list =
        an_arena_get(arena, (size_t)n + 1, sizeof(const struct ctx_event *));
    const int64_t step = 10 * 8766 * HOUR / n;
    int64_t now = 0;

    if (e == NULL || list == NULL)
        abort();
    for (int i = 0; i <= n; i++) {
        if (i == 0 || test_uniform(r) < share_of_new_moments)
            now = i * step;
        e[i] = (struct ctx_event){.kind = CTX_OBSERVATION,
                                  .status = CTX_STATUS_FINAL,
                                  .effective = an_time_us(now),
                                  .available_us = now,
                                  .concept = some_concept(v, r)};
        list[i] = &e[i];
    }
    e[0] = (struct ctx_event){.kind = CTX_BIRTH,
                              .status = CTX_STATUS_FINAL,
                              .effective = an_time_us(-60 * 8766 * HOUR)};
    return (struct ctx_timeline){list, (size_t)n + 1, now + HOUR};
}

static double best_ms(struct rt_predictor *p, struct an_arena *arena,
                      const struct ctx_timeline *t,
                      const struct rt_question *question, size_t n,
                      struct ctx_forecast *f)
{
    double best = 1e9;

    for (int i = 0; i < ROUNDS; i++) {
        const struct an_mark mark = an_arena_mark(arena);
        const double t0 = bench_now_s();
        double s;

        if (rt_predict(p, arena, t, t->as_of_us, question, n, f, NULL) !=
                AN_OK ||
            f->abstention)
            abort();
        s = bench_now_s() - t0;
        best = s < best ? s : best;
        an_arena_rewind(arena, mark);
    }
    return best * 1e3;
}

static void bench_patient(const char *name, struct rt_predictor *p,
                          struct an_arena *arena, int n_events, double share)
{
    static const uint32_t days[] = {30, 90, 365, 1825};
    const struct rt_manifest *m = &p->package->manifest;
    const size_t n = (size_t)m->shape.outcomes;
    struct test_random r = {(uint64_t)n_events};
    const struct ctx_timeline t =
        make(arena, &p->vocabulary, n_events, share, &r);
    struct rt_question question[RT_MAX_OUTCOMES];
    struct ctx_forecast f;
    char row[64];
    double plain;

    for (size_t i = 0; i < n; i++)
        question[i] = (struct rt_question){m->outcome[i].id, days[i % 4],
                                           CTX_ABSTAIN_NONE};
    plain = best_ms(p, arena, &t, question, 0, &f);
    (void)snprintf(row, sizeof(row), "%s_positions", name);
    bench_row(row, f.n_positions, "");
    (void)snprintf(row, sizeof(row), "%s_one_pass", name);
    bench_row(row, plain, "ms");
    (void)snprintf(row, sizeof(row), "%s_with_evidence", name);
    bench_row(row, best_ms(p, arena, &t, question, n, &f), "ms");
}

int main(void)
{
    const char *top = getenv("top_srcdir");
    static struct tr_package_files files;
    struct rt_package package;
    struct rt_predictor p;
    struct an_arena model, arena;
    struct an_err err;
    char path[4096];

    openblas_set_num_threads(1);
    an_arena_init(&model, (size_t)1 << 28);
    an_arena_init(&arena, (size_t)1 << 28);
    (void)snprintf(path, sizeof(path), "%s/config/model/default",
                   top ? top : ".");
    if (tr_package_open(&package, &model, path, NULL, &files, &err) != AN_OK ||
        rt_predictor_init(&p, &model, &package, &err) != AN_OK) {
        fprintf(stderr, "%s: %s\n", path, err.what);
        return 1;
    }
    bench_row("forecast/limit_with_evidence", limit_ms, "ms");
    /* Moments of invented patients hold three events or so. */
    bench_patient("forecast/128_events", &p, &arena, 128, 0.37);
    bench_patient("forecast/128_moments", &p, &arena, 127, 1);
    bench_patient("forecast/512_moments", &p, &arena, 511, 1);
    an_arena_free(&arena);
    an_arena_free(&model);
    return 0;
}

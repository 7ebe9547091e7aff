/* SPDX-License-Identifier: Apache-2.0 */
/* Sampled futures: what may come after a history, event by event, by the rates
 * of the model's first head.
 *
 *     struct rt_rollout r;
 *     rt_rollout_init(&r, arena, &model->shape, positions, 64, 32, err);
 *     struct rt_rollout_how how = {.seed = 1, .horizon_days = 365,
 *                                  .max_events = 64, .stop = death,
 *                                  .concept = vocabulary->concept};
 *     rt_rollout(&r, model, &history, &how, 100, future, event, err);
 *     rt_futures_share(future, event, 100, 64, is_stroke_v, 365, &share);
 *
 * All concepts that can come compete: with rates r_v and their sum R the wait
 * is exponential with rate R, and what comes is v with probability r_v / R.
 * The new position (one item: the concept and its parents, no value, no flag)
 * is appended, and the model says the next rates.  One item a position, though
 * records have several: what the loss of the trainer counts once per set is a
 * share here, too, so that the waits are those of sets and their sizes are not
 * sampled.
 *
 * t_min_days: waits that the loss of the fit did not tell apart
 * (trainer/fit/pass.h).  With it the wait has the rate R' = 1 / (1 / R + t_min):
 * by that likelihood wait + t_min is exponential with rate R', and so is what
 * remains of it beyond t_min.  Its mean is 1 / R + t_min, whereas the R of a
 * fit with t_min is still one over the mean wait.  So 0 is what reproduces how
 * often events come, and what runtime/rank.h computes.
 *
 * Left out of the competition, their rates with them: concepts of ignore_v;
 * those that the vocabulary says people have once (runtime/plausible.h) when
 * the history or the future has them; with no_repeat all that it has.
 *
 * A future ends at the horizon; at the concept `stop` (death), which nothing
 * follows, not even in a history that has it; or it is cut, by the number of
 * events or by the most positions that the model reads.  Of what comes after a
 * cut nothing is known.
 *
 * Future i of a seed is the same whoever else is sampled, to the last bit: the
 * draws are by counter, and products of a model that is not packed are of three
 * rows or more.
 *
 * Thread-safety: a rollout is confined, the model is only read.  Ownership: the
 * memory is the arena's; results are the caller's.  A call gets no memory. */
#ifndef RUNTIME_ROLLOUT_H
#define RUNTIME_ROLLOUT_H

#include "runtime/forward.h"
#include "runtime/vocabulary.h"

enum { RT_MAX_FUTURES = 1 << 20, RT_MAX_FUTURE_EVENTS = 4096 };

struct rt_rollout_how {
    uint64_t seed;
    uint64_t first; /* number of the first future */
    double horizon_days, t_min_days;
    uint32_t max_events;
    int32_t stop;                     /* row; RT_NO_ROW: none */
    bool no_repeat, no_parents;       /* the second as in the vocabulary */
    const uint8_t *ignore_v;          /* [targets]; NULL: none */
    const struct rt_concept *concept; /* [vocab]; NULL: no parents, nothing is
                                         had once, no stays are known */
};

enum rt_future_end {
    RT_FUTURE_HORIZON,
    RT_FUTURE_STOPPED,
    RT_FUTURE_CUT_EVENTS,
    RT_FUTURE_CUT_POSITIONS
};

struct rt_future {
    uint32_t n_events;
    uint32_t end;    /* enum rt_future_end */
    double end_days; /* known until then, from the end of the history */
};

struct rt_future_event {
    double after_days; /* from the end of the history; rising */
    int32_t concept;
};

struct rt_rollout {
    size_t max_positions, max_events, batch;
    struct rt_workspace ws;
    struct rt_past past;
    /* by place in the batch */
    struct rt_position *position, *one_position;
    struct rt_item *item, *one_item;
    struct rt_past *own; /* the futures' positions */
    uint8_t *has_bv;
    struct rt_stay *stay;
    size_t *live; /* places that go on */
    /* for all */
    float *first_rate_v;
    double *share_v;
    uint8_t *has_v;
};

/* Room for histories of `positions`, futures of `events`, `batch` of them at
 * once.  AN_LIMIT for events above RT_MAX_FUTURE_EVENTS, AN_NOMEM. */
enum an_code rt_rollout_init(struct rt_rollout *r, struct an_arena *arena,
                             const struct rt_shape *s, size_t positions,
                             size_t events, size_t batch, struct an_err *err)
    __attribute__((warn_unused_result));

/* n futures of a history that rt_history_check has passed; event is
 * [n][how->max_events].  AN_LIMIT for a history, number of events or of futures
 * there is no room for, AN_CONFIG for a horizon, t_min or stop that is none,
 * AN_TYPE for rates that are not finite. */
enum an_code rt_rollout(struct rt_rollout *r, const struct rt_model *m,
                        const struct rt_history *h,
                        const struct rt_rollout_how *how, size_t n,
                        struct rt_future *future, struct rt_future_event *event,
                        struct an_err *err) __attribute__((warn_unused_result));

/* How many futures have a concept of a set by a day, with Wilson's 95 %
 * interval (JASA 1927).  Of the cut ones that did not have it before the cut it
 * is not known: they count as without, and n_unknown says how many. */
struct rt_share {
    size_t n, n_with, n_unknown;
    double p, low, high;
};
void rt_futures_share(const struct rt_future *future,
                      const struct rt_future_event *event, size_t n,
                      size_t max_events, const uint8_t *set_v, double by_days,
                      struct rt_share *share);
void rt_wilson(size_t with, size_t n, double *low, double *high);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* From a timeline to suggestions: the model's numbers and the words for them.
 *
 *     pl_mind_open(&options, &mind, err);            -- once: model, outcomes
 *     pl_thinker_open(mind, &thinker, err);          -- one a thread
 *     pl_forecast(thinker, arena, &timeline, now, &forecast, err);
 *     pl_words(mind, arena, &timeline, &forecast, &reader, &said, &n, err);
 *
 * Each outcome that is known both to the model and to config/outcomes is asked
 * at its horizons, if the question makes sense for this patient at this
 * moment; if not, the abstention says why.  One forecast serves any number of
 * readers.
 *
 * Thread-safety: a mind is shared, and immutable but for its cache and its
 * passes; a thinker is confined.  Ownership: forecasts and words are the arena's and point into the
 * timeline and the mind. */
#ifndef PLUGIN_THINK_H
#define PLUGIN_THINK_H

#include "advice/compare.h"
#include "config/options.h"
#include "context/timeline.h"
#include "plugin/passes.h"

struct pl_mind;
struct pl_model; /* plugin/model.h */
struct pl_thinker;

/* The model that the configuration names, or the one that came with the
 * program; what pl_model_open says. */
enum an_code pl_think_model(const struct cfg_options *options,
                            struct pl_model *model, struct an_err *err)
    __attribute__((warn_unused_result));

/* The model and the outcomes that the options name, or those that came with
 * the program.  What pl_model_open and adv_knowledge_load say; AN_CONFIG when
 * no outcome of the model is known, and, with its id, when an outcome has a
 * threshold at which the signed evaluation of the model says nothing of it. */
enum an_code pl_mind_open(const struct cfg_options *options,
                          struct pl_mind **out, struct an_err *err)
    __attribute__((warn_unused_result));
void pl_mind_close(struct pl_mind *m); /* NULL is nothing */

/* What the outcome files that the options name say, or those that came with the
 * program; the arena's.  AN_NOTFOUND; what adv_knowledge_load says. */
enum an_code pl_outcomes_read(struct an_arena *arena,
                              const struct cfg_options *options,
                              struct adv_knowledge *out, struct an_err *err)
    __attribute__((warn_unused_result));

struct ctx_model_id pl_mind_model(const struct pl_mind *m);
/* What its package says about it: card.md and card.xml ("" where it has none);
 * views into the mind. */
void pl_mind_card(const struct pl_mind *m, struct an_str *markdown,
                  struct an_str *xml);
size_t pl_mind_n_outcomes(const struct pl_mind *m);
/* What its cache did; all 0 when it has none. */
void pl_mind_cache(const struct pl_mind *m, struct rt_cache_counts *out);
/* How many passes there were, for how many questions. */
void pl_mind_passes(const struct pl_mind *m, struct pl_passes_counts *out);
/* How far what is said about that outcome may go; live for anything else. */
enum cfg_stage pl_mind_stage(const struct pl_mind *m, struct an_str topic);
/* From which risk on the outcome is worth a card; false where there is none. */
bool pl_mind_threshold(const struct pl_mind *m, struct an_str topic, double *p);
/* Its signed manifest says that it was evaluated on the data of that site, and
 * passed: "site": {"name": "main", "passed": true}; and if it was tuned, that
 * every bound of its plan held: "change_control": {"gates": [{"held": true},
 * ...]}. */
bool pl_mind_evaluated(const struct pl_mind *m, struct an_str site);

enum an_code pl_thinker_open(const struct pl_mind *m, struct pl_thinker **out,
                             struct an_err *err)
    __attribute__((warn_unused_result));
void pl_thinker_close(struct pl_thinker *t); /* NULL is nothing */

/* `now` is the moment asked about, at the hospital's offset.  Fails with
 * AN_NOMEM, AN_LIMIT, or a fault of the model (AN_TYPE). */
enum an_code pl_forecast(struct pl_thinker *t, struct an_arena *arena,
                         const struct ctx_timeline *timeline,
                         struct an_time now, struct ctx_forecast *out,
                         struct an_err *err)
    __attribute__((warn_unused_result));

/* For one reader, whose `now` is the forecast's; fails as adv_suggest. */
enum an_code pl_words(const struct pl_mind *m, struct an_arena *arena,
                      const struct ctx_timeline *timeline,
                      const struct ctx_forecast *forecast,
                      const struct adv_options *reader,
                      const struct ctx_suggestion **suggestion, size_t *n,
                      struct an_err *err) __attribute__((warn_unused_result));

/* Procedures beside each other, at the same outcomes and horizons that are
 * counted from now.  As pl_forecast; AN_LIMIT also for fewer than two
 * candidates or more than eight. */
enum an_code pl_compare(struct pl_thinker *t, struct an_arena *arena,
                        const struct ctx_timeline *timeline, struct an_time now,
                        const struct ctx_code *candidate, size_t n_candidates,
                        struct ctx_comparison *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The model predicts that procedure and says how many people had it. */
bool pl_thinker_has_procedure(const struct pl_thinker *t,
                              const struct ctx_code *code);

/* As pl_words. */
enum an_code pl_compare_words(const struct pl_mind *m, struct an_arena *arena,
                              const struct ctx_timeline *timeline,
                              const struct ctx_comparison *comparison,
                              const struct adv_options *reader,
                              const struct ctx_suggestion **suggestion,
                              size_t *n, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

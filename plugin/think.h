/* SPDX-License-Identifier: Apache-2.0 */
/* From a timeline to suggestions: the model's numbers and the words for them.
 *
 *     pl_mind_open(&options, &mind, err);            -- once: model, outcomes
 *     pl_thinker_open(mind, &thinker, err);          -- one a thread
 *     pl_think(thinker, arena, &timeline, &question, &thought, err);
 *     for (i = 0; i < thought.n_suggestions; i++)
 *         say(&thought.suggestion[i]);
 *
 * Each outcome that is known both to the model and to config/outcomes is asked
 * at its horizons, if the question makes sense for this patient at this
 * moment; if not, the abstention says why.
 *
 * Thread-safety: a mind is immutable once open and shared; a thinker is
 * confined.  Ownership: a thought is the arena's and points into the
 * timeline and the mind. */
#ifndef PLUGIN_THINK_H
#define PLUGIN_THINK_H

#include "advice/suggest.h"
#include "config/options.h"
#include "context/timeline.h"

struct pl_mind;
struct pl_thinker;

/* The model and the outcomes that the options name, or those that came with
 * the program.  What pl_model_open and adv_knowledge_load say; AN_CONFIG when
 * no outcome of the model is known. */
enum an_code pl_mind_open(const struct cfg_options *options,
                          struct pl_mind **out, struct an_err *err)
    __attribute__((warn_unused_result));
void pl_mind_close(struct pl_mind *m); /* NULL is nothing */

struct ctx_model_id pl_mind_model(const struct pl_mind *m);
size_t pl_mind_n_outcomes(const struct pl_mind *m);

enum an_code pl_thinker_open(const struct pl_mind *m, struct pl_thinker **out,
                             struct an_err *err)
    __attribute__((warn_unused_result));
void pl_thinker_close(struct pl_thinker *t); /* NULL is nothing */

struct pl_question {
    struct an_time now; /* the moment asked about, at the hospital's offset */
    struct an_str language;
    uint8_t audience; /* enum ctx_audience */
};

struct pl_thought {
    struct ctx_forecast forecast;
    const struct ctx_suggestion *suggestion;
    size_t n_suggestions;
};

/* Fails with AN_NOMEM, AN_LIMIT, or a fault of the model (AN_TYPE). */
enum an_code pl_think(struct pl_thinker *t, struct an_arena *arena,
                      const struct ctx_timeline *timeline,
                      const struct pl_question *question,
                      struct pl_thought *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

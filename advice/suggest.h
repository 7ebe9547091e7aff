/* SPDX-License-Identifier: Apache-2.0 */
/* From numbers to words: what we say about one patient to one kind of reader.
 *
 *     adv_knowledge_load(arena, file, n_files, &knowledge, err);
 *     ...
 *     struct adv_options options = {.language = AN_STR("en"),
 *                                   .audience = CTX_FOR_CLINICIAN,
 *                                   .now = now};
 *     adv_suggest(arena, &knowledge, &timeline, &forecast, &options,
 *                 &suggestion, &n, err);
 *
 * Who gets what:
 *   clinician  risks, what may come next, published scores
 *   nurse      risks and scores whose outcome or row names nurses
 *   planner    risks whose outcome names planners
 *   patient    the plain-language summary; risks whose outcome allows it; both
 *              wait for a clinician's release; never mortality, never what may
 *              come next, never a score
 *
 * A number is said only with evidence and with the model or the publication
 * that it comes from; where there is none the suggestion abstains and says
 * why.  After a recorded death nothing is said.  Where records were left out,
 * each statement says that some were, and not what.
 *
 * Thread-safety: knowledge is immutable; a call is confined to its arena.
 * Ownership: suggestions are the arena's and point into timeline, forecast and
 * knowledge. */
#ifndef ADVICE_SUGGEST_H
#define ADVICE_SUGGEST_H

#include "advice/outcome.h"

/* What a hospital edits and we read once.  The tables and the catalogues of
 * the languages are compiled in. */
struct adv_knowledge {
    const struct adv_outcome *outcome; /* by id */
    size_t n_outcomes;
};

struct adv_file {
    const char *name;
    struct an_str bytes;
};

enum { ADV_MAX_OUTCOMES = 200 };

/* Each file is one outcome.  AN_CONFLICT when two have one id; otherwise as
 * adv_outcome_read. */
enum an_code adv_knowledge_load(struct an_arena *arena,
                                const struct adv_file *file, size_t n_files,
                                struct adv_knowledge *knowledge,
                                struct an_err *err)
    __attribute__((warn_unused_result));

/* NULL when there is none. */
const struct adv_outcome *adv_knowledge_outcome(const struct adv_knowledge *k,
                                                struct an_str id);

struct adv_options {
    struct an_str language; /* BCP 47; English where there is no catalogue */
    uint8_t audience;       /* enum ctx_audience */
    struct an_time now;     /* at the offset of the hospital */
    bool restricted;        /* the timeline is not all that is on record */
};

/* `forecast` may be NULL: scores and the summary need none.  A risk whose
 * outcome is not in `knowledge` is left out: ask adv_knowledge_outcome for
 * each outcome of a model when it is loaded.  AN_TYPE for a probability
 * outside [0,1] or a language that is no BCP 47 tag. */
enum an_code adv_suggest(struct an_arena *arena,
                         const struct adv_knowledge *knowledge,
                         const struct ctx_timeline *timeline,
                         const struct ctx_forecast *forecast,
                         const struct adv_options *options,
                         const struct ctx_suggestion **suggestion,
                         size_t *n_suggestions, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

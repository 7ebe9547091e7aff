/* SPDX-License-Identifier: Apache-2.0 */
/* An outcome is a row of data: what counts as it, from when the days are
 * counted, who cannot have it any more, who may read about it.  One file of
 * config/outcomes each; config/outcomes/README.md explains the keys.
 *
 * The same functions make the labels that a model is trained and judged on and
 * the questions it is asked at run time, so the two cannot part.
 *
 *     adv_outcome_read(arena, bytes, "outcomes/stroke.yaml", &o, err);
 *     if (adv_outcome_is(&o, event))
 *         ...
 *
 * Thread-safety: immutable once read.  Ownership: the arena's; the file name
 * is only used by the call. */
#ifndef ADVICE_OUTCOME_H
#define ADVICE_OUTCOME_H

#include "advice/code.h"
#include "config/options.h"
#include "context/suggestion.h"

/*        name, as the file says it */
#define ADV_STARTS(X)                                                          \
    X(NOW, "now")                                                              \
    X(DISCHARGE, "discharge")

/* Where the days are counted from. */
enum adv_start {
#define X(name, text) ADV_START_##name,
    ADV_STARTS(X)
#undef X
        ADV_N_STARTS
};

enum {
    ADV_OUTCOME_HORIZONS = 4,
    ADV_HORIZON_DAYS = 3660, /* the longest */
    ADV_OUTCOME_CODES = 500  /* in one list */
};

struct adv_codes {
    const struct adv_code_rule *rule;
    size_t n_rules;
};

struct adv_title {
    struct an_str language, text;
};

struct adv_outcome {
    struct an_str id;
    const struct adv_title *title; /* English first */
    size_t n_titles;
    struct an_str use;        /* what it is meant for, one sentence */
    uint8_t start;            /* enum adv_start */
    struct adv_codes from;    /* DISCHARGE: which encounters */
    uint32_t kinds;           /* bit 1 << ctx_kind: events that can count */
    struct adv_codes codes;   /* none: every event of those kinds */
    bool once;                /* had it before: cannot have it as new */
    struct adv_codes exclude; /* nor can who has a condition of these */
    uint32_t horizon_days[ADV_OUTCOME_HORIZONS]; /* growing */
    size_t n_horizons;
    uint32_t gap_days; /* nothing counts this soon after the start */
    bool death_counts; /* death is an event of it, else it competes */
    uint8_t
        stage; /* enum cfg_stage: no farther than this, whatever the site's */
    uint32_t audiences; /* bit 1 << ctx_audience: clinician, nurse, planner */
    bool patient;       /* a patient may read it, after a clinician's release */
    bool has_threshold;
    double p_threshold;           /* from `report`, never without one */
    struct an_str report;         /* evaluation that chose the threshold */
    struct ctx_citation citation; /* title "" when there is none */
};

/* err->where has file, line and column.  AN_SYNTAX and what else
 * config/yaml.h says for the text; AN_MISSING, AN_TYPE, AN_CODE and
 * AN_CONFLICT for its content, including keys that nobody reads. */
enum an_code adv_outcome_read(struct an_arena *arena, struct an_str bytes,
                              const char *file, struct adv_outcome *o,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* In that language, else in English. */
struct an_str adv_outcome_title(const struct adv_outcome *o,
                                struct an_str language);

/* The event is the outcome.  Withdrawn, planned and preliminary ones never
 * are. */
bool adv_outcome_is(const struct adv_outcome *o, const struct ctx_event *e);
/* The days are counted from this event's time; never for ADV_START_NOW. */
bool adv_outcome_starts(const struct adv_outcome *o, const struct ctx_event *e);
/* Who had this event is not at risk. */
bool adv_outcome_excludes(const struct adv_outcome *o,
                          const struct ctx_event *e);

/* Whether the question makes sense at `at_us`: CTX_ABSTAIN_NONE, NOT_AT_RISK
 * (had it, excluded or dead) or NO_INDEX (no start in the longest horizon
 * before).  *from_us is where the days are counted from. */
enum ctx_abstention adv_outcome_ask(const struct adv_outcome *o,
                                    const struct ctx_timeline *t, int64_t at_us,
                                    int64_t *from_us);

/* What came after `from_us`: the label.  NULL where nothing came. */
struct adv_after {
    const struct ctx_event *event; /* the first that is the outcome */
    const struct ctx_event *death;
};

struct adv_after adv_outcome_after(const struct adv_outcome *o,
                                   const struct ctx_timeline *t,
                                   int64_t from_us);

#endif

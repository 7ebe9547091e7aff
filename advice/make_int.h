/* SPDX-License-Identifier: Apache-2.0 */
/* What the makers of suggestions share while one patient's are being made.
 * Failures mark `words`, so that makers need not check each sentence; the end
 * of adv_suggest checks once. */
#ifndef ADVICE_MAKE_INT_H
#define ADVICE_MAKE_INT_H

#include "advice/facts.h"
#include "advice/score.h"
#include "advice/suggest.h"
#include "advice/words.h"
#include "context/comparison.h"

enum {
    ADV_NAME_BYTES = 120, /* a longer name is cut */
    ADV_VALUE_BYTES = 60, /* a longer text value is not quoted */
    ADV_MAX_EVIDENCE = 8, /* a reader's patience */
    ADV_STATEMENT_BYTES = 16 << 10
};

struct adv_make {
    struct an_arena *arena;
    const struct adv_knowledge *knowledge;
    const struct ctx_timeline *timeline;
    const struct ctx_forecast *forecast; /* NULL: none */
    const struct adv_options *options;
    struct adv_words words;
    struct adv_facts facts;
    bool plain; /* for a patient: plain names, dates with month words */
    struct ctx_suggestion *suggestion;
    size_t n_suggestions, n_room;
};

/* Zeroed memory, or NULL and a mark in m->words. */
void *adv_make_get(struct adv_make *m, size_t n, size_t size);

/* A new suggestion with the reader's part filled in; NULL after a failure. */
struct ctx_suggestion *adv_make_add(struct adv_make *m,
                                    enum ctx_suggestion_kind kind);

/* The statement, with the mark of a demonstration model behind it where the
 * forecast is one's. */
struct an_str adv_make_marked(struct adv_make *m, struct an_str statement);

/* a, between, b. */
struct an_str adv_make_joined(struct adv_make *m, struct an_str a,
                              const char *between, struct an_str b);

/* ---- a data point in words (name.c) ---------------------------------------*/
/* The plain name of a code in the words' language; "" when it has none. */
struct an_str adv_plain_name(const struct adv_words *w,
                             const struct ctx_code *code);
struct an_str adv_code_name(struct adv_make *m, const struct ctx_code *code);
struct an_str adv_event_name(struct adv_make *m, const struct ctx_event *e);
/* "2.1 mg/dL"; "" when there is none that can be quoted. */
struct an_str adv_event_value(struct adv_make *m, const struct ctx_event *e);
struct an_str adv_event_date(struct adv_make *m, const struct ctx_event *e);
/* "0.7-1.3", "<= 1.3", or "". */
struct an_str adv_event_range(struct adv_make *m, const struct ctx_event *e);

enum adv_position {
    ADV_POSITION_UNKNOWN,
    ADV_POSITION_BELOW,
    ADV_POSITION_INSIDE,
    ADV_POSITION_ABOVE
};

/* By the numbers where both are exact, else by the sender's flag. */
enum adv_position adv_event_position(const struct ctx_event *e);

enum adv_class {
    ADV_CLASS_OTHER,
    ADV_CLASS_INPATIENT,
    ADV_CLASS_EMERGENCY,
    ADV_CLASS_OUTPATIENT
};

/* Of an admission, transfer or discharge. */
enum adv_class adv_event_class(const struct ctx_event *e);

/* ---- natural frequencies (frequency.c) ------------------------------------*/
/* p as so many of 100 people, of 1,000 when it is under 1 of 100. */
struct adv_frequency {
    struct an_str exact; /* "about", "fewer", "more": a select argument */
    double n, of;
    double low, high; /* the interval, rounded outwards */
};

struct adv_frequency adv_frequency(double p, double p_low, double p_high);

/* ---- makers ---------------------------------------------------------------*/
void adv_evidence_of_risk(struct adv_make *m, const struct ctx_risk *risk,
                          struct ctx_suggestion *s);
void adv_make_risks(struct adv_make *m);
void adv_make_differential(struct adv_make *m);
void adv_make_scores(struct adv_make *m);
/* One of them, if it applies and the reader may see it. */
void adv_make_score(struct adv_make *m, enum adv_score_id id);
/* What was published of the candidates, or that nothing is in the tables. */
void adv_make_literature(struct adv_make *m, const struct ctx_candidate *c,
                         size_t n);
/* Behind every statement; the summary ends with a line of its own. */
void adv_make_restricted(struct adv_make *m);
void adv_make_summary(struct adv_make *m);

#endif

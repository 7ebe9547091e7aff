/* SPDX-License-Identifier: Apache-2.0 */
/* What a package says of itself: once for people (card.md), once as the source
 * attributes of a predictive decision support intervention (45 CFR
 * 170.315(b)(11)(iv)(B), ONC's HTI-1; source-attributes.json), once as the
 * Applied Model Card of the Coalition for Health AI (version 0.2; card.xml).
 *
 *     tr_card_make(&card, arena, d, fitted, j, how, &support, err);
 *     tr_card_text(&card, &md, err);
 *     tr_card_attributes(&card, &json, err);
 *     tr_card_xml(&card, &xml, err);
 *
 * All three come from the same facts: what was measured, what people said
 * (trainer/package/said.h) and what holds of every model of this program.  What
 * nobody knows is said to be not available, and nothing is put in its place.
 *
 * Counts of people below TR_SMALL_COUNT by sex, age or reason are not said.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena, and whoever lent
 * the arguments, which have to stay. */
#ifndef TRAINER_PACKAGE_CARD_H
#define TRAINER_PACKAGE_CARD_H

#include "trainer/package/groups.h"
#include "trainer/package/package.h"
#include "trainer/package/support.h"

/* Where a value comes from. */
enum tr_card_from {
    TR_FROM_MEASURED = 1,   /* the data set, the fit, the evaluation */
    TR_FROM_CONFIGURED = 2, /* what people said */
    TR_FROM_FIXED = 4       /* true of every model of this program */
};

/* 9 categories, in the order of the rule. */
#define TR_ATTRIBUTE_CATEGORIES(X)                                             \
    X(DETAILS, "details and output of the intervention")                       \
    X(PURPOSE, "purpose of the intervention")                                  \
    X(CAUTION, "cautioned out-of-scope use of the intervention")               \
    X(DEVELOPMENT, "development details and input features")                   \
    X(FAIRNESS, "process used to ensure fairness in development")              \
    X(EXTERNAL, "external validation process")                                 \
    X(PERFORMANCE, "quantitative measures of performance")                     \
    X(MAINTENANCE, "ongoing maintenance of implementation and use")            \
    X(UPDATES, "update and continued validation or fairness assessment")

enum tr_attribute_category {
#define X(name, text) TR_ATTRIBUTE_##name,
    TR_ATTRIBUTE_CATEGORIES(X)
#undef X
        TR_N_ATTRIBUTE_CATEGORIES
};

enum { TR_N_ATTRIBUTES = 31 };

struct tr_card;

/* A row of the table of attributes; number is its place from 1. */
struct tr_attribute {
    const char *name;
    enum tr_attribute_category category;
    /* What the trainer and the program know of it: puts it and returns from
     * where, 0 for nothing.  NULL: only people can know. */
    unsigned (*put)(const struct tr_card *card, struct an_buf *b);
    /* What people say of it; TR_N_CARD_KEYS: no more. */
    enum tr_card_key said[2];
};

extern const struct tr_attribute tr_attribute[TR_N_ATTRIBUTES];
const char *tr_attribute_category_text(enum tr_attribute_category c);

struct tr_attribute_value {
    unsigned from;       /* bits of enum tr_card_from; 0: not available */
    struct an_str value; /* Markdown; "" when not available */
};

struct tr_card {
    struct an_arena *arena;
    const struct tr_data *d;
    const struct tr_fitted *fitted;
    const struct tr_judgement *j;
    const struct tr_package_how *how;
    const struct rt_support *support; /* n 0: no procedure is compared */
    const struct an_json *report;     /* report.json of the data set; NULL */
    struct tr_groups groups;
    struct tr_attribute_value value[TR_N_ATTRIBUTES];
};

enum an_code tr_card_make(struct tr_card *card, struct an_arena *arena,
                          const struct tr_data *d,
                          const struct tr_fitted *fitted,
                          const struct tr_judgement *j,
                          const struct tr_package_how *how,
                          const struct rt_support *support, struct an_err *err)
    __attribute__((warn_unused_result));

enum an_code tr_card_text(const struct tr_card *card, struct an_str *md,
                          struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code tr_card_attributes(const struct tr_card *card, struct an_str *json,
                                struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code tr_card_xml(const struct tr_card *card, struct an_str *xml,
                         struct an_err *err)
    __attribute__((warn_unused_result));

#endif

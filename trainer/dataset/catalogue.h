/* SPDX-License-Identifier: Apache-2.0 */
/* From the events of the training patients to a vocabulary.
 *
 *     tr_catalogue_init(&c, &concepts);
 *     for each training patient: tr_catalogue_add(&c, &timeline, err)
 *     tr_catalogue_write(&c, &how, &out, err);     -- runtime/vocabulary.h
 *     tr_catalogue_release(&c);
 *
 * A code that few people have gets no row: it could say who they are, and
 * nothing can be learned from it.  What it falls under still counts: its kind,
 * its ICD-10 category, what the table of concepts says.  The text shown with a
 * code is kept when as many people's records say the very same.
 *
 * Rows: first what is predicted (conditions, procedures, medication,
 * immunizations, encounters), the commonest first, then the rest.
 *
 * With a predicted one goes of whom it was recorded (trainer/dataset/whom.h).
 *
 * Units of one quantity (context/unit.h) count as the one that is said most
 * often.  A value is standardised per concept and unit, by median and spread of the
 * middle half, of its logarithm where that makes it less skewed.
 *
 * Thread-safety: confined.  Ownership: memory until tr_catalogue_release. */
#ifndef TRAINER_DATASET_CATALOGUE_H
#define TRAINER_DATASET_CATALOGUE_H

#include "base/json_out.h"
#include "context/timeline.h"
#include "trainer/dataset/concepts.h"

struct tr_entry;

struct tr_catalogue {
    const struct tr_concepts *concepts;
    struct an_arena arena, scratch;
    struct tr_entry **entry; /* in order of first sight */
    uint32_t *slot;          /* hash table: index + 1 */
    size_t n_entries, n_slots;
    uint32_t n_people;
    struct tr_who {
        bool has_birth;
        int64_t birth_us;
        uint8_t sex; /* as rt_sex says */
    } who;           /* the person who is being added */
    /* filled by tr_catalogue_write */
    size_t n_kept, n_targets, n_scales;
    size_t n_dropped,
        n_dropped_events; /* codes without a row; said how often */
};

enum { TR_MAX_VALUE_BINS = 256 };

struct tr_catalogue_how {
    uint32_t min_people;   /* that have a code */
    uint32_t max_concepts; /* rows, the kinds included */
    uint32_t min_values;   /* of a concept and unit, to be standardised */
    uint32_t value_bins;   /* as even as ties let them be, up to
                              TR_MAX_VALUE_BINS; 0: values as they are */
    bool no_parents;       /* are read by the model */
};

void tr_catalogue_init(struct tr_catalogue *c,
                       const struct tr_concepts *concepts);
void tr_catalogue_release(struct tr_catalogue *c);

/* One person's events. AN_NOMEM. */
enum an_code tr_catalogue_add(struct tr_catalogue *c,
                              const struct ctx_timeline *t, struct an_err *err)
    __attribute__((warn_unused_result));

/* Put the object that rt_vocabulary_read takes. */
enum an_code tr_catalogue_write(struct tr_catalogue *c,
                                const struct tr_catalogue_how *how,
                                struct an_json_out *w, struct an_err *err)
    __attribute__((warn_unused_result));

/* ---- parts, for the tests ------------------------------------------------- */

struct tr_spread {
    double mean, sd;
    bool log;
};

/* Sorts the values.  False when they do not vary. */
bool tr_spread_of(double *value, size_t n, struct tr_spread *out);

#endif

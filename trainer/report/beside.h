/* SPDX-License-Identifier: Apache-2.0 */
/* Other fits beside a model, on the same test patients: what one change makes
 * of the losses and of discrimination, and whether that is more than chance.
 *
 * A fit may have a data set of its own (values in bins, codes without parents),
 * of the same patients with the same questions and answers.  Risks are as the
 * models say them, before calibration.  Differences are paired: the same draws
 * of patients in both, 95 %.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena. */
#ifndef TRAINER_REPORT_BESIDE_H
#define TRAINER_REPORT_BESIDE_H

#include "trainer/evaluate/view.h"

enum { TR_MOST_BESIDE = 24 };

struct tr_beside_given {
    struct an_str name;
    const char *model, *data; /* folders; data NULL: the model's beside it */
};

/* "NAME=MODEL" or "NAME=MODEL,DATA", cut into the arena; false when it is
 * neither. */
bool tr_beside_parse(struct an_arena *arena, struct an_str text,
                     struct tr_beside_given *out);

struct tr_compared {
    double value;
    double difference; /* less the first */
    struct tr_interval interval;
};

struct tr_beside_row {
    struct an_str name;
    struct rt_shape shape;
    uint64_t n_parameters;
    /* Next event NAN where it is of other positions or other codes. */
    struct tr_compared outcomes, next_event;
    struct tr_compared *auroc; /* [column]; NAN where it is not judged */
};

struct tr_beside {
    struct tr_beside_row *row; /* the first is the model itself */
    size_t n;
};

/* AN_CONFLICT when it is not of the same people and questions; `given` that
 * failed is *at then. */
enum an_code tr_beside(struct an_arena *arena, const struct tr_data *d,
                       const struct tr_fitted *fitted,
                       const struct tr_judgement *j, struct an_str name,
                       const struct tr_beside_given *given, size_t n,
                       struct tr_beside *out, size_t *at, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

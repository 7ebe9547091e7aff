/* SPDX-License-Identifier: Apache-2.0 */
/* The losses of a fit (trainer/fit/pass.h), of people it has not seen, such
 * that models which read more or less of a record have the same questions and
 * positions scored.
 *
 * Outcomes: of each question with the record up to it, as long as the model
 * reads one; summed over the outcomes, of hazards that nothing has calibrated.
 * Next event: after each of a record's last TR_LOSS_POSITIONS positions, with
 * what the model reads before it; waits told apart as in the fit.
 *
 * Thread-safety: confined to the arena. */
#ifndef TRAINER_EVALUATE_LOSS_H
#define TRAINER_EVALUATE_LOSS_H

#include "trainer/evaluate/predict.h"

enum { TR_LOSS_POSITIONS = 32 };

struct tr_losses {
    double outcomes;   /* per question; NAN without any */
    double next_event; /* per position; NAN without any */
    size_t n_questions, n_positions;
};

/* Sums of one person's: over their questions, each with its weight, and over
 * their positions. */
struct tr_person_loss {
    double outcomes, weight;
    double next_event, positions;
};

/* Persons as tr_predicted counts them: the cases of one stand together. */
struct tr_person_losses {
    struct tr_person_loss *person;
    size_t n_questions;
    uint32_t n_persons;
};

enum an_code tr_person_losses_of(struct an_arena *arena,
                                 const struct tr_data *d,
                                 const struct tr_fitted *fitted,
                                 enum tr_split split,
                                 struct tr_person_losses *out,
                                 struct an_err *err)
    __attribute__((warn_unused_result));

enum an_code tr_losses_of(struct an_arena *arena, const struct tr_data *d,
                          const struct tr_fitted *fitted, enum tr_split split,
                          struct tr_losses *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

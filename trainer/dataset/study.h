/* SPDX-License-Identifier: Apache-2.0 */
/* The events of one person of a cohort study, as the readers of its tables
 * make them: final, known when they happened, said to the day.
 *
 *     tr_study_begin(&s, arena, "urn:id:nafld", 3 + n_values);
 *     tr_study_born(&s, birth_us, "female", "people.csv", line);
 *     e = tr_study_add(&s, CTX_CONDITION, day_us, "stroke|120", table, line);
 *     e->concept = ...;
 *     return tr_study_hand_over(&s, &record, take, arg, err);
 *
 * No call before the last fails: where memory ends, tr_study_add gives an event
 * that is thrown away, and the last says so.
 *
 * Thread-safety: confined.  Ownership: the arena's. */
#ifndef TRAINER_DATASET_STUDY_H
#define TRAINER_DATASET_STUDY_H

#include "base/arena.h"
#include "trainer/dataset/record.h"

struct tr_study {
    struct an_arena *arena;
    struct an_str system; /* of the study's own codes */
    struct ctx_event *event;
    struct ctx_event thrown_away;
    size_t n, size;
    bool failed;
};

/* Room for `size` events. */
void tr_study_begin(struct tr_study *s, struct an_arena *arena,
                    const char *system, size_t size);

/* Two or three texts after another, followed by a NUL that is not counted; ""
 * without memory, and then the study fails. */
struct an_str tr_study_join(struct tr_study *s, struct an_str a,
                            struct an_str b, struct an_str c);

/* `fact` is unique within the person; the place is "table:line". */
struct ctx_event *tr_study_add(struct tr_study *s, unsigned kind, int64_t us,
                               struct an_str fact, const char *table,
                               uint32_t line);
/* Birth, and the sex if it is "male" or "female"; NULL: unknown. */
void tr_study_born(struct tr_study *s, int64_t birth_us, const char *sex,
                   const char *table, uint32_t line);

struct ctx_code tr_study_code(const struct tr_study *s, struct an_str code,
                              struct an_str display);
struct ctx_value tr_study_quantity(struct an_str literal, double number,
                                   const char *unit);

/* Fill in the record's events and hand it over. */
enum an_code tr_study_hand_over(struct tr_study *s, struct tr_record *record,
                                tr_take_record *take, void *arg,
                                struct an_err *err)
    __attribute__((warn_unused_result));

#endif

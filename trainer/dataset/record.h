/* SPDX-License-Identifier: Apache-2.0 */
/* One person of a cohort study, as a reader of its tables hands them over.
 *
 * A study says what a hospital's records do not: from when to when somebody was
 * watched.  What happened before is history; that it did not happen again after
 * is known only to the end.
 *
 * Thread-safety: immutable.  Ownership: the reader's; a record lives until its
 * callback returns. */
#ifndef TRAINER_DATASET_RECORD_H
#define TRAINER_DATASET_RECORD_H

#include "context/event.h"

struct tr_record {
    uint64_t id;             /* the study's own number of the person */
    struct ctx_event *event; /* in any order; the callback may change them */
    size_t n_events;
    bool watched;              /* else as for hospital records */
    int64_t from_us, until_us; /* questions are asked from from_us on */
    bool unasked;    /* none because that begins: as of hospital records */
    uint8_t split;   /* enum tr_split + 1 that the study itself says; 0: none */
    size_t n_local;  /* events of codes that only the study has */
    size_t n_static; /* rows left out since they have no time */
};

typedef enum an_code tr_take_record(void *arg, const struct tr_record *record,
                                    struct an_err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The file that training reads: patients as the model sees them, and what
 * became of them.  It holds no code, no name and no date: rows of a vocabulary
 * (named by its SHA-256), numbers, and times from each patient's own origin.
 *
 *     header | patients | positions | items | queries | follow_ups | wide
 *
 * each part an array of the structs below, aligned to 64 bytes, little-endian,
 * so that the file is used where it is mapped.  The header holds the SHA-256
 * of all that follows it.
 *
 * What is asked of whoever writes it:
 * - a patient is in one split only, and so is everybody with the same person
 *   behind them;
 * - items and wide features of a position are what was KNOWN at that moment;
 * - nothing is learned from the time before start_days, and observation ends at
 *   end_days: the last interval is exposure without event;
 * - follow-up starts when the person is at risk and under observation
 *   (delayed entry), so `from_days` is 0 for most;
 * - someone who already has the outcome is not at risk: from = to = 0.
 *
 * Thread-safety: a cohort is immutable once open; a writer is confined. */
#ifndef TRAINER_DATASET_COHORT_H
#define TRAINER_DATASET_COHORT_H

#include "runtime/history.h"
#include "runtime/shape.h"

enum { TR_COHORT_VERSION = 1, TR_DIGEST_BYTES = 32 };

enum tr_split { TR_TRAIN, TR_TUNE, TR_TEST, TR_N_SPLITS };

struct tr_patient {
    uint64_t key;            /* pseudonym: orders and samples, never identity;
                                of public studies it may be their number */
    uint64_t first_position; /* in the file's array */
    uint64_t first_item;     /* positions count their items from here */
    uint64_t first_query;
    uint32_t n_positions, n_items, n_queries;
    uint32_t split; /* enum tr_split */
    /* Observed from start to end, in the patient's time: what happened before
     * is history, but its absence proves nothing (delayed entry). */
    double start_days, end_days;
};

/* A question at one position of a patient; it has shape.outcomes follow-ups
 * and shape.wide features, in the file's order of queries. */
struct tr_query {
    uint32_t position; /* of the patient, from 0 */
    float weight;      /* in the loss; 1 for most */
};

/* What became of one outcome after a query: at risk and watched from
 * `from_days` to `to_days` after it; `event` says whether it happened at
 * to_days.  from = to: not at risk, no part of the loss. */
struct tr_follow_up {
    float from_days, to_days;
    uint32_t event; /* 0 or 1 */
};

_Static_assert(sizeof(struct tr_patient) == 64, "stored format");
_Static_assert(sizeof(struct tr_query) == 8, "stored format");
_Static_assert(sizeof(struct tr_follow_up) == 12, "stored format");

/* What the numbers of a cohort refer to; a model fitted on it takes these. */
struct tr_cohort_sizes {
    uint32_t vocab, targets, value_rows, flags, outcomes, wide;
    int32_t death; /* outcome index, or -1 */
    uint32_t zero;
    uint8_t vocabulary_sha256[TR_DIGEST_BYTES];
};

struct tr_cohort {
    struct tr_cohort_sizes sizes;
    const struct tr_patient *patient;
    const struct rt_position *position;
    const struct rt_item *item;
    const struct tr_query *query;
    const struct tr_follow_up *follow_up; /* [query][outcome] */
    const float *wide;                    /* [query][wide] */
    size_t n_patients, n_positions, n_items, n_queries;
    uint8_t sha256[TR_DIGEST_BYTES]; /* names this data set in the lineage */
    struct an_str file;              /* as it is mapped */
};

/* Map a file and check all of it: checksum, sizes, every index and number, and
 * that nobody is in two splits, so that training need not.  AN_IO, AN_SYNTAX,
 * AN_INTEGRITY, AN_TYPE ...; AN_CONFLICT as tr_cohort_persons. */
enum an_code tr_cohort_open(struct tr_cohort *c, const char *path,
                            struct an_err *err)
    __attribute__((warn_unused_result));
void tr_cohort_close(struct tr_cohort *c);

/* Persons of each split: those with one key.  AN_CONFLICT when one is in two,
 * with the number of the patient, from 1, as the line; AN_NOMEM. */
enum an_code tr_cohort_persons(const struct tr_cohort *c, size_t n[TR_N_SPLITS],
                               struct an_err *err)
    __attribute__((warn_unused_result));

/* One patient as the model reads them. */
struct rt_history tr_cohort_history(const struct tr_cohort *c, size_t patient);

/* ---- writing -------------------------------------------------------------
 * Patients are added one by one; memory is got for the whole file, which
 * appears at `path` only when it is complete (written beside it, then moved).
 *
 *     struct tr_cohort_writer w;
 *     tr_cohort_writer_init(&w, &sizes);
 *     for each patient: tr_cohort_add(&w, &one, err)
 *     tr_cohort_write(&w, path, err);
 *     tr_cohort_writer_release(&w);
 */
struct tr_cohort_one {
    uint64_t key;
    enum tr_split split;
    struct rt_history history; /* positions' first_item counts from 0 */
    double start_days, end_days;
    const struct tr_query *query;
    const struct tr_follow_up *follow_up; /* [n_queries][outcomes] */
    const float *wide;                    /* [n_queries][wide] */
    size_t n_queries;
};

struct tr_vector {
    char *p;
    size_t n_bytes, size_bytes;
};

struct tr_cohort_writer {
    struct tr_cohort_sizes sizes;
    struct tr_vector patient, position, item, query, follow_up, wide;
};

void tr_cohort_writer_init(struct tr_cohort_writer *w,
                           const struct tr_cohort_sizes *sizes);
/* Checked as tr_cohort_open checks; a refused patient leaves no trace. */
enum an_code tr_cohort_add(struct tr_cohort_writer *w,
                           const struct tr_cohort_one *one, struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code tr_cohort_write(struct tr_cohort_writer *w, const char *path,
                             struct an_err *err)
    __attribute__((warn_unused_result));
void tr_cohort_writer_release(struct tr_cohort_writer *w);

#endif

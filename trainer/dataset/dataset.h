/* SPDX-License-Identifier: Apache-2.0 */
/* From people to a data set without names:
 *
 *     DIR/cohort.bin       trainer/dataset/cohort.h
 *     DIR/vocabulary.json  {"vocabulary": runtime/vocabulary.h,
 *                           "wide": runtime/wide.h, "outcomes": [...]}
 *     DIR/report.json, DIR/report.txt
 *
 * By an allow-list: what leaves is rows of the vocabulary, numbers, and times
 * from each patient's own first moment; in the vocabulary codes that several
 * people have; in the reports counts.  No date, no identifier, no free text.
 *
 * Somebody who opens a chart asks when nothing is happening, so besides the
 * questions at the moments of a record there are some between them: each is a
 * case of its own, with the record as it was then, from which no rates are
 * learned.
 *
 * Whom a study watches is asked about when that begins, always, as such a case;
 * with max_asked 0 and between 0 that is the only question, not at discharges
 * either.  Who is at risk of nothing then is asked nothing.
 *
 * Patients are drawn into splits by their pseudonym, whole, or they are in the
 * fold key / n_folds % n_folds: of numbers that all leave the same remainder,
 * since a file was cut by it, there are as many folds still.  Vocabulary,
 * scales and features are made from the training split alone.  With a seed all
 * files are the same bytes again; without one the key is thrown away.  Of a
 * public study the pseudonym can be the study's own number, so that predictions
 * can be laid beside it: no draw needs a seed then.
 *
 * With `like` the vocabulary, scales and features are those of another data
 * set, byte by byte, so that a model that was fitted on that one can be judged
 * on this; nobody need be left to train on.  The outcomes must be the same.
 *
 * Thread-safety: confined.  Ownership: tr_dataset_make's arena. */
#ifndef TRAINER_DATASET_DATASET_H
#define TRAINER_DATASET_DATASET_H

#include "trainer/dataset/catalogue.h"
#include "trainer/dataset/features.h"
#include "trainer/dataset/people.h"

/* When observation ends for somebody who did not die and whom no study
 * watches: trainer/dataset/record.h says until when that is. */
enum tr_until {
    TR_UNTIL_DATA,   /* with the last moment of the whole data set */
    TR_UNTIL_RECORD, /* with the person's own last moment: for shifted dates;
                        overstates deaths, since only the dead end in one */
    TR_UNTIL_DATE
};

struct tr_dataset_how {
    bool has_seed;
    uint64_t seed;
    bool keep_ids; /* a study's own numbers are the keys, no pseudonyms */
    uint32_t share[TR_N_SPLITS]; /* of patients, in any unit */
    uint32_t fold, n_folds; /* 0: none; else who is in it is the test split, and
                               the others are drawn by the first two shares */
    bool all_test;          /* everybody, whatever share and fold say */
    struct an_str like; /* vocabulary.json of another data set; p NULL: none */
    struct tr_catalogue_how catalogue;
    uint32_t max_asked; /* questions per patient, beside discharges */
    uint32_t between;   /* and at moments when nothing happened */
    enum tr_until until;
    int64_t until_us;   /* DATE */
    uint32_t years;     /* observed before the end; 0: all of the record; of
                         whom no study watches */
    bool rich_features; /* trainer/dataset/features.h */
};

enum { TR_MAX_FOLDS = 100 };

void tr_dataset_how_init(struct tr_dataset_how *how);

/* How often one outcome was asked and happened, by split. */
struct tr_outcome_count {
    uint64_t at_risk, events;
    uint64_t by_horizon[ADV_OUTCOME_HORIZONS];
};

struct tr_dataset_counts {
    uint64_t patients[TR_N_SPLITS], positions[TR_N_SPLITS], items[TR_N_SPLITS],
        queries[TR_N_SPLITS];
    uint64_t no_birth, outside, corrected; /* left out, and why */
    uint64_t n_read, n_unknown;            /* events, all splits */
    struct tr_outcome_count (*outcome)[TR_N_SPLITS];
};

struct tr_dataset {
    struct tr_case *one; /* by key; the cases of a person together */
    size_t n;
    struct rt_vocabulary vocabulary;
    struct tr_features features;
    size_t n_dropped, n_dropped_events; /* codes too rare for a row */
    struct an_str json;                 /* vocabulary.json */
    bool ids_kept;
    struct tr_dataset_counts counts;
};

/* vocabulary.json as it was when the model of a package was fitted: of its
 * manifest and the outcomes, which its members do not define.  AN_MISSING for a
 * manifest without vocabulary, features or the SHA-256 of vocabulary.json,
 * AN_CONFLICT when what comes of it has another: then the outcomes are others. */
enum an_code tr_like_package(struct an_arena *arena, struct an_str manifest,
                             const struct tr_outcomes *outcomes,
                             struct an_str *json, struct an_err *err)
    __attribute__((warn_unused_result));

/* In memory.  AN_MISSING when nobody was read, is left to train on or is in the
 * fold; AN_CONFLICT when `like` has other outcomes; AN_UNSUPPORTED to keep the ids of who has no number of a study. */
enum an_code tr_dataset_make(struct an_arena *arena,
                             const struct tr_people *people,
                             const struct tr_outcomes *outcomes,
                             const struct tr_concepts *concepts,
                             const struct tr_dataset_how *how,
                             struct tr_dataset *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The four files; the folder exists. */
enum an_code tr_dataset_write(struct an_arena *arena,
                              const struct tr_dataset *d,
                              const struct tr_people *people,
                              const struct tr_outcomes *outcomes,
                              const char *folder, struct an_err *err)
    __attribute__((warn_unused_result));

/* report.json and report.txt. */
enum an_code tr_dataset_report(struct an_arena *arena,
                               const struct tr_dataset *d,
                               const struct tr_people *people,
                               const struct tr_outcomes *outcomes,
                               struct an_str *json, struct an_str *text,
                               struct an_err *err)
    __attribute__((warn_unused_result));

#endif

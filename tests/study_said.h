/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of cohort studies hand over, as text to compare, and what
 * becomes of an outcome in it. */
#ifndef TESTS_STUDY_SAID_H
#define TESTS_STUDY_SAID_H

#include "advice/outcome.h"
#include "tests/folder.h"
#include "trainer/dataset/labels.h"
#include "trainer/dataset/record.h"

/* 2000-01-01T00:00Z */
#define STUDY_INDEX_US (INT64_C(946684800) * 1000000)

enum { STUDY_TEXT_BYTES = 1 << 16, STUDY_SAYS_BYTES = 512 };

struct study_said {
    struct test_folder folder; /* of the tables */
    struct an_arena arena;
    char text[STUDY_TEXT_BYTES];
    size_t n;
};

void study_said_begin(struct study_said *s);
void study_said_end(struct study_said *s);

void study_said_file(const struct study_said *s, const char *name,
                     struct an_str bytes);

/* For a reader: adds the record's events, one a line; `said` is the struct. */
enum an_code study_said_take(void *said, const struct tr_record *r,
                             struct an_err *err);

/* The error without the folder: "nafld1.csv:4: a person is there twice". */
const char *study_said_error(const struct an_err *err,
                             char says[STUDY_SAYS_BYTES]);

/* What became of the outcome that was asked at a moment. */
struct tr_follow_up study_said_follow(struct an_arena *arena,
                                      const struct adv_outcome *o,
                                      const struct tr_record *r, int64_t at_us);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the suites of the store share: a store in a folder of its own. */
#ifndef TESTS_STORE_HELP_H
#define TESTS_STORE_HELP_H

#include "context/suggestion.h"
#include "plugin/store/commit.h"
#include "plugin/store/reader.h"
#include "plugin/store/store.h"
#include "tests/folder.h"
#include "tests/messages.h"

struct test_store {
    struct test_folder folder;
    char path[TEST_PATH_BYTES];
    const char *key_file; /* NULL: the store is not sealed */
    struct pl_store *store;
    struct pl_reader *reader;
    struct an_arena arena;
};

/* Everything in here ends the test where it fails. */
void test_store_open(struct test_store *t);
void test_store_close(struct test_store *t);
/* Close the file and open it again. */
void test_store_reopen(struct test_store *t);

/* The intake of the n-th invented message, in the arena. */
struct pl_intake test_intake(struct test_store *t, uint64_t n,
                             uint64_t patient);
/* The intake of a reading made by the test; its bytes name it. */
struct pl_intake test_intake_of(struct test_store *t, struct an_str bytes,
                                const struct ctx_reading *reading);

/* A suggestion to be said of somebody: a risk of 0.25. */
struct ctx_suggestion test_risk(void);

/* Store one. */
struct pl_receipt test_put(struct test_store *t, const struct pl_intake *in);
/* All that is known of the patient of invented messages. */
struct pl_history test_history(struct test_store *t, uint64_t patient,
                               int64_t as_of_us);
struct pl_status test_status(struct test_store *t);
/* The store is whole. */
void test_store_check(struct test_store *t);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What a call costs: steps of SQLite's machine, which no clock disturbs. */
#ifndef TESTS_STORE_WORK_H
#define TESTS_STORE_WORK_H

#include "tests/store_help.h"

/* Count from 0, all statements of the writer; or those of the reader. */
void test_work_of_writer(struct test_store *t);
void test_work_of_reader(struct test_store *t);
int64_t test_work(void);

#endif

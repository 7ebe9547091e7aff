/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of its own for a test that writes files. */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include <stddef.h>

enum { TEST_PATH_BYTES = 512 };

struct test_folder {
    char path[TEST_PATH_BYTES];
};

/* In ANAMNESIS_TEST_FOLDER (test_folder.sh), else in the folder that the test runs
 * in; ends the test where that fails. */
void test_folder_make(struct test_folder *f);
/* With all that is in it. */
void test_folder_drop(const struct test_folder *f);

/* A folder with all that is in it; it need not be there. */
void test_folder_drop_at(const char *path);

void test_folder_file(const struct test_folder *f, const char *name,
                      char path[TEST_PATH_BYTES]);

#endif

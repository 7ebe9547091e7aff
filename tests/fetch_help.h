/* SPDX-License-Identifier: Apache-2.0 */
/* An export from tests/bulk_server.h into a folder of the test's own. */
#ifndef TESTS_FETCH_HELP_H
#define TESTS_FETCH_HELP_H

#include "plugin/fetch/export.h"
#include "tests/bulk_server.h"

enum { FETCH_PATH_BYTES = 700 };

struct test_export {
    struct pl_export_options options;
    struct pl_export_result result;
    struct an_err err;
    char base[64], folder[FETCH_PATH_BYTES];
    unsigned told[PL_EXPORT_PLAIN + 1];
};

/* The server runs by the plan; the folder is empty. */
void test_export_begin(struct test_export *t, const struct bulk_plan *plan);
enum an_code test_export_run(struct test_export *t);
void test_export_end(struct test_export *t);

/* "FOLDER/NAME" exists and holds these bytes (of a .gz: inflated); NULL: any. */
bool test_export_holds(const struct test_export *t, const char *name,
                       const char *bytes);
/* Every visible file is a whole one of `n` resources, and there are so many. */
void test_export_is_whole(const struct test_export *t, unsigned n_files,
                          unsigned n_lines);
/* Over a file in the folder. */
void test_export_write(const struct test_export *t, const char *name,
                       const char *text);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Golden folders: tests/golden/NAME/ holds what goes in, what must come out,
 * and a note that says why.  UPDATE_GOLDEN=1 rewrites what must come out; the
 * diff is then reviewed. */
#ifndef TESTS_GOLDEN_FOLDER_H
#define TESTS_GOLDEN_FOLDER_H

#include "base/arena.h"

/* The whole file, to be freed by the caller; .p NULL when it cannot be read.
 * A NUL follows it. */
struct an_str golden_load(const char *path);

/* Call `test` with the path of each folder tests/golden/<prefix>*, in order of
 * name; how many there were. */
size_t golden_each(const char *prefix, void (*test)(const char *folder));

/* Compare with FOLDER/name, or rewrite it.  Fails the test on a difference. */
void golden_compare(const char *folder, const char *name, struct an_str got);

/* The same JSON with a line for each value, so that a diff can be read. */
struct an_str golden_lines(struct an_arena *arena, struct an_str json);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What every Check program here shares: a main, and shorthands. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include "base/str.h"

#include <check.h>

/* Each test program defines this list, ended by NULL. */
extern Suite *(*const test_suites[])(void);

/* Both as bytes, shown on failure. */
#define ck_assert_an_str_eq(got, want)                                         \
    test_assert_str(__FILE__, __LINE__, (got), an_str_c(want))

void test_assert_str(const char *file, int line, struct an_str got,
                     struct an_str want);

/* A suite with one case that holds `n` tests. */
Suite *test_suite(const char *name, const TTest *const *test, size_t n);

/* The same with something done before and after each test. */
Suite *test_suite_around(const char *name, const TTest *const *test, size_t n,
                         void (*set_up)(void), void (*tear_down)(void));

/* How many random worlds a test draws: `few`, times ANAMNESIS_WORLDS (1), of
 * which tools/nightly.sh makes more. */
int test_worlds(int few);

#define TEST_SUITE(name, list)                                                 \
    test_suite(name, list, sizeof(list) / sizeof((list)[0]))

#endif

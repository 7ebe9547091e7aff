/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>

void test_assert_str(const char *file, int line, struct an_str got,
                     struct an_str want)
{
    if (!an_str_eq(got, want))
        ck_abort_msg("%s:%d: got \"%.*s\", want \"%.*s\"", file, line,
                     AN_STR_ARG(got), AN_STR_ARG(want));
}

Suite *test_suite(const char *name, const TTest *const *test, size_t n)
{
    return test_suite_around(name, test, n, NULL, NULL);
}

Suite *test_suite_around(const char *name, const TTest *const *test, size_t n,
                         void (*set_up)(void), void (*tear_down)(void))
{
    Suite *s = suite_create(name);
    TCase *tc = tcase_create(name);

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(tc, test[i]);
    suite_add_tcase(s, tc);
    return s;
}

int test_worlds(int few)
{
    const char *times = getenv("ANAMNESIS_WORLDS");
    uint64_t n = 1;

    if (times && !(an_str_u64(an_str_c(times), &n) && n > 0 && n < 10000)) {
        (void)fprintf(stderr, "ANAMNESIS_WORLDS is no number: %s\n", times);
        exit(EXIT_FAILURE);
    }
    return few * (int)n;
}

int main(void)
{
    SRunner *runner = srunner_create(NULL);
    int n_failed;

    for (size_t i = 0; test_suites[i]; i++)
        srunner_add_suite(runner, test_suites[i]());
    srunner_run_all(runner, CK_ENV);
    n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A cohort file of invented patients, for drills of the trainer:
 *
 *     tests/invent FILE N
 *
 * What writes it asserts as tests do, so it runs as one. */
#include "tests/invented_cohort.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const char *path;
static size_t n;

START_TEST(invent)
{
    invent_cohort(path, n, 1);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s = suite_create("invent");
    TCase *c = tcase_create("invent");
    SRunner *r;
    int failed;

    if (argc != 3) {
        fputs("usage: invent FILE N\n", stderr);
        return 2;
    }
    path = argv[1];
    n = strtoul(argv[2], NULL, 10);
    tcase_add_test(c, invent);
    suite_add_tcase(s, c);
    r = srunner_create(s);
    srunner_set_fork_status(r, CK_NOFORK);
    srunner_run_all(r, CK_SILENT);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

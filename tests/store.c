/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

/* clang-format off */
#define SUITES(X)                                                              \
    X(open) X(put) X(read) X(fail) X(commit) X(crash) X(conclude) X(audit)     \
    X(vault) X(rotate) X(derived) X(named) X(codes) X(redo) X(power)           \
    X(power_said) X(race) X(backup) X(purge) X(resource) X(deleted) X(many)    \
    X(closing) X(closing_moves) X(moved) X(erased) X(kept) X(past) X(fact)     \
    X(led) X(world) X(feedback) X(tenant) X(recalled) X(switches) X(upgrade)
/* clang-format on */

#define X(name) Suite *store_##name##_suite(void);
SUITES(X)
#undef X

Suite *(*const test_suites[])(void) = {
#define X(name) store_##name##_suite,
    SUITES(X)
#undef X
        NULL,
};

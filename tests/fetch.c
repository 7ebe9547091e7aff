/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *fetch_ask_suite(void);
Suite *fetch_export_suite(void);
Suite *fetch_killed_suite(void);

Suite *(*const test_suites[])(void) = {
    fetch_ask_suite,
    fetch_export_suite,
    fetch_killed_suite,
    NULL,
};

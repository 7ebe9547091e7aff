/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *filing_fields_suite(void);
Suite *filing_deliver_suite(void);
Suite *filing_said_suite(void);

Suite *(*const test_suites[])(void) = {
    filing_fields_suite,
    filing_deliver_suite,
    filing_said_suite,
    NULL,
};

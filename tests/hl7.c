/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *hl7_message_suite(void);

Suite *(*const test_suites[])(void) = {
    hl7_message_suite,
    NULL,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *hl7_message_suite(void);
Suite *hl7_events_suite(void);

Suite *(*const test_suites[])(void) = {
    hl7_message_suite,
    hl7_events_suite,
    NULL,
};

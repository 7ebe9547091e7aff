/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *outbox_post_suite(void);
Suite *outbox_deliver_suite(void);
Suite *outbox_ways_suite(void);
Suite *outbox_smart_suite(void);

Suite *(*const test_suites[])(void) = {
    outbox_post_suite,
    outbox_deliver_suite,
    outbox_ways_suite,
    outbox_smart_suite,
    NULL,
};

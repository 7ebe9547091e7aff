/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *consult_choose_suite(void);
Suite *consult_labels_suite(void);
Suite *consult_identity_suite(void);
Suite *consult_consent_suite(void);
Suite *consult_naming_suite(void);
Suite *consult_ask_suite(void);
Suite *consult_post_suite(void);
Suite *consult_recall_suite(void);
Suite *consult_watch_suite(void);
Suite *consult_policy_suite(void);
Suite *consult_zone_suite(void);
Suite *consult_stream_suite(void);
Suite *consult_sequence_suite(void);
Suite *consult_feeds_suite(void);
Suite *consult_keeper_suite(void);
Suite *consult_passes_suite(void);
Suite *consult_quiet_suite(void);
Suite *consult_orders_suite(void);

Suite *(*const test_suites[])(void) = {
    consult_choose_suite,
    consult_naming_suite,
    consult_ask_suite,
    consult_post_suite,
    consult_recall_suite,
    consult_watch_suite,
    consult_policy_suite,
    consult_zone_suite,
    consult_stream_suite,
    consult_sequence_suite,
    consult_feeds_suite,
    consult_labels_suite,
    consult_identity_suite,
    consult_consent_suite,
    consult_keeper_suite,
    consult_passes_suite,
    consult_quiet_suite,
    consult_orders_suite,
    NULL,
};

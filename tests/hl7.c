/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *hl7_message_suite(void);
Suite *hl7_odd_suite(void);
Suite *hl7_property_suite(void);
Suite *hl7_edit_suite(void);
Suite *hl7_escape_suite(void);
Suite *hl7_charset_suite(void);
Suite *hl7_batch_suite(void);
Suite *hl7_batch_ack_suite(void);
Suite *hl7_mllp_suite(void);
Suite *hl7_ack_suite(void);
Suite *hl7_result_suite(void);
Suite *hl7_events_suite(void);
Suite *hl7_identity_suite(void);
Suite *hl7_account_suite(void);
Suite *hl7_narrative_suite(void);
Suite *hl7_golden_suite(void);
Suite *hl7_convert_suite(void);
Suite *hl7_convert_values_suite(void);
Suite *hl7_convert_orders_suite(void);

Suite *(*const test_suites[])(void) = {
    hl7_message_suite,        hl7_odd_suite,
    hl7_property_suite,       hl7_edit_suite,
    hl7_escape_suite,         hl7_charset_suite,
    hl7_batch_suite,          hl7_batch_ack_suite,
    hl7_mllp_suite,           hl7_ack_suite,
    hl7_result_suite,         hl7_events_suite,
    hl7_identity_suite,       hl7_account_suite,
    hl7_narrative_suite,      hl7_golden_suite,
    hl7_convert_suite,        hl7_convert_values_suite,
    hl7_convert_orders_suite, NULL,
};

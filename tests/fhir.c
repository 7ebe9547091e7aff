/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *fhir_read_suite(void);
Suite *fhir_golden_suite(void);
Suite *fhir_conceptmap_suite(void);
Suite *fhir_account_suite(void);
Suite *fhir_outcome_suite(void);
Suite *fhir_write_suite(void);
Suite *fhir_write_golden_suite(void);
Suite *fhir_write_shape_suite(void);
Suite *fhir_write_beside_suite(void);
Suite *fhir_signed_suite(void);
Suite *fhir_cards_suite(void);
Suite *fhir_cds_suite(void);
Suite *fhir_cds_context_suite(void);
Suite *fhir_notification_suite(void);
Suite *fhir_deletion_suite(void);
Suite *fhir_feedback_suite(void);

Suite *(*const test_suites[])(void) = {
    fhir_read_suite,
    fhir_golden_suite,
    fhir_outcome_suite,
    fhir_write_suite,
    fhir_write_golden_suite,
    fhir_cards_suite,
    fhir_cds_suite,
    fhir_notification_suite,
    fhir_deletion_suite,
    fhir_account_suite,
    fhir_conceptmap_suite,
    fhir_write_shape_suite,
    fhir_write_beside_suite,
    fhir_signed_suite,
    fhir_feedback_suite,
    fhir_cds_context_suite,
    NULL,
};

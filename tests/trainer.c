/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *trainer_kernels_suite(void);
Suite *trainer_gradient_suite(void);
Suite *trainer_delphi_suite(void);
Suite *trainer_cohort_suite(void);
Suite *trainer_fit_suite(void);
Suite *trainer_command_suite(void);
Suite *trainer_dataset_suite(void);
Suite *trainer_dataset_study_suite(void);
Suite *trainer_dataset_share_suite(void);
Suite *trainer_closed_suite(void);
Suite *trainer_labels_suite(void);
Suite *trainer_evaluate_suite(void);
Suite *trainer_features_suite(void);
Suite *trainer_survival_suite(void);
Suite *trainer_stats_suite(void);
Suite *trainer_calibration_suite(void);
Suite *trainer_spread_suite(void);
Suite *trainer_incidence_suite(void);
Suite *trainer_differential_suite(void);
Suite *trainer_population_suite(void);
Suite *trainer_compare_suite(void);
Suite *trainer_whom_suite(void);
Suite *trainer_unit_suite(void);
Suite *trainer_variants_suite(void);
Suite *trainer_csv_suite(void);
Suite *trainer_study_suite(void);
Suite *trainer_stays_suite(void);
Suite *trainer_tables_suite(void);
Suite *trainer_sample_suite(void);
Suite *trainer_lead_suite(void);
Suite *trainer_lineage_suite(void);
Suite *trainer_page_suite(void);
Suite *trainer_report_suite(void);
Suite *trainer_explain_suite(void);
Suite *trainer_reasons_suite(void);
Suite *trainer_deid_suite(void);
Suite *trainer_deid_fhir_suite(void);
Suite *trainer_deid_hl7_suite(void);
Suite *trainer_deid_run_suite(void);
Suite *trainer_accountant_suite(void);
Suite *trainer_privacy_suite(void);
Suite *trainer_budget_suite(void);
Suite *trainer_noise_suite(void);
Suite *trainer_audit_suite(void);
Suite *trainer_tune_suite(void);
Suite *trainer_plan_suite(void);
Suite *trainer_card_suite(void);
Suite *trainer_xml_suite(void);
Suite *trainer_meds_suite(void);
Suite *trainer_meds_round_suite(void);

Suite *(*const test_suites[])(void) = {
    trainer_kernels_suite,
    trainer_gradient_suite,
    trainer_delphi_suite,
    trainer_cohort_suite,
    trainer_fit_suite,
    trainer_command_suite,
    trainer_dataset_suite,
    trainer_dataset_study_suite,
    trainer_dataset_share_suite,
    trainer_closed_suite,
    trainer_labels_suite,
    trainer_evaluate_suite,
    trainer_features_suite,
    trainer_survival_suite,
    trainer_stats_suite,
    trainer_calibration_suite,
    trainer_spread_suite,
    trainer_incidence_suite,
    trainer_differential_suite,
    trainer_population_suite,
    trainer_whom_suite,
    trainer_unit_suite,
    trainer_variants_suite,
    trainer_csv_suite,
    trainer_study_suite,
    trainer_stays_suite,
    trainer_tables_suite,
    trainer_sample_suite,
    trainer_lead_suite,
    trainer_explain_suite,
    trainer_reasons_suite,
    trainer_deid_suite,
    trainer_deid_fhir_suite,
    trainer_deid_hl7_suite,
    trainer_deid_run_suite,
    trainer_compare_suite,
    trainer_accountant_suite,
    trainer_privacy_suite,
    trainer_budget_suite,
    trainer_audit_suite,
    trainer_noise_suite,
    trainer_tune_suite,
    trainer_plan_suite,
    trainer_lineage_suite,
    trainer_card_suite,
    trainer_xml_suite,
    trainer_meds_suite,
    trainer_meds_round_suite,
    trainer_report_suite,
    trainer_page_suite,
    NULL,
};

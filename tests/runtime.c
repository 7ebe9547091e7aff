/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *runtime_kernels_suite(void);
Suite *runtime_forward_suite(void);
Suite *runtime_past_suite(void);
Suite *runtime_cache_suite(void);
Suite *runtime_encode_suite(void);
Suite *runtime_risk_suite(void);
Suite *runtime_attribute_suite(void);
Suite *runtime_reasons_suite(void);
Suite *runtime_package_suite(void);
Suite *runtime_population_suite(void);
Suite *runtime_limits_suite(void);
Suite *runtime_lineage_suite(void);
Suite *runtime_predict_suite(void);
Suite *runtime_rollout_suite(void);
Suite *runtime_compare_suite(void);

Suite *(*const test_suites[])(void) = {
    runtime_kernels_suite,    runtime_forward_suite,
    runtime_past_suite,       runtime_cache_suite,
    runtime_risk_suite,       runtime_attribute_suite,
    runtime_package_suite,    runtime_predict_suite,
    runtime_encode_suite,     runtime_rollout_suite,
    runtime_population_suite, runtime_limits_suite,
    runtime_reasons_suite,    runtime_compare_suite,
    runtime_lineage_suite,    NULL,
};

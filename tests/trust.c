/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *trust_audit_suite(void);
Suite *trust_quiet_suite(void);
Suite *trust_release_suite(void);
Suite *trust_stage_suite(void);
Suite *trust_switches_suite(void);

Suite *(*const test_suites[])(void) = {
    trust_audit_suite, trust_quiet_suite,    trust_release_suite,
    trust_stage_suite, trust_switches_suite, NULL,
};

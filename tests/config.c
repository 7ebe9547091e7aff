/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *config_value_suite(void);
Suite *config_yaml_suite(void);
Suite *config_options_suite(void);

Suite *(*const test_suites[])(void) = {
    config_value_suite,
    config_yaml_suite,
    config_options_suite,
    NULL,
};

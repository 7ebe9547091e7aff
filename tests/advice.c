/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *advice_code_suite(void);
Suite *advice_score_suite(void);
Suite *advice_outcome_suite(void);
Suite *advice_words_suite(void);
Suite *advice_compare_suite(void);
Suite *advice_golden_suite(void);
Suite *advice_readability_suite(void);
Suite *advice_dosing_suite(void);
Suite *advice_dosing_twin_suite(void);

Suite *(*const test_suites[])(void) = {
    advice_code_suite,        advice_score_suite,
    advice_outcome_suite,     advice_words_suite,
    advice_compare_suite,     advice_golden_suite,
    advice_readability_suite, advice_dosing_suite,
    advice_dosing_twin_suite, NULL,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *context_timeline_suite(void);
Suite *context_codec_suite(void);
Suite *context_identity_suite(void);
Suite *context_agree_suite(void);
Suite *context_visit_suite(void);
Suite *context_localise_suite(void);
Suite *context_unit_suite(void);

Suite *(*const test_suites[])(void) = {
    context_timeline_suite, context_codec_suite,
    context_identity_suite, context_agree_suite,
    context_visit_suite,    context_localise_suite,
    context_unit_suite,     NULL,
};

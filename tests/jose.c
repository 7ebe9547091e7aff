/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *jose_keys_suite(void);
Suite *jose_bearer_suite(void);
Suite *jose_trust_suite(void);
Suite *jose_prefetch_suite(void);
Suite *jose_refusal_suite(void);

Suite *(*const test_suites[])(void) = {
    jose_keys_suite,     jose_bearer_suite,  jose_trust_suite,
    jose_prefetch_suite, jose_refusal_suite, NULL,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *host_mllp_suite(void);
Suite *host_mllp_odd_suite(void);
Suite *host_tls_suite(void);
Suite *host_http_suite(void);
Suite *host_https_suite(void);
Suite *host_workers_suite(void);
Suite *host_rate_suite(void);
Suite *host_file_suite(void);
Suite *host_folder_suite(void);
Suite *host_client_suite(void);

Suite *(*const test_suites[])(void) = {
    host_mllp_suite,
    host_mllp_odd_suite,
    host_tls_suite,
    host_http_suite,
    host_https_suite,
    host_workers_suite,
    host_rate_suite,
    host_file_suite,
    host_folder_suite,
    host_client_suite,
    NULL,
};

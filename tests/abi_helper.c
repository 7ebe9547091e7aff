/* SPDX-License-Identifier: Apache-2.0 */
/* The C ABI by libanamnesis-helper.so: what a host in C sees of the other
 * transport, and that transport's own pieces. */
#include "tests/abi_help.h"

Suite *abi_handles_suite(void);
Suite *abi_engine_suite(void);
Suite *abi_process_suite(void);
Suite *helper_client_suite(void);
Suite *helper_config_suite(void);
Suite *helper_frame_suite(void);

Suite *(*const test_suites[])(void) = {abi_handles_suite,
                                       abi_engine_suite,
                                       abi_process_suite,
                                       helper_client_suite,
                                       helper_config_suite,
                                       helper_frame_suite,
                                       NULL};

/* SPDX-License-Identifier: Apache-2.0 */
/* The C ABI, as a host in C sees it. */
#include "tests/suite.h"

Suite *abi_handles_suite(void);
Suite *abi_engine_suite(void);
Suite *abi_process_suite(void);
Suite *abi_journal_suite(void);
Suite *abi_tenant_suite(void);
Suite *abi_switches_suite(void);

Suite *(*const test_suites[])(void) = {abi_handles_suite,
                                       abi_engine_suite,
                                       abi_process_suite,
                                       abi_journal_suite,
                                       abi_tenant_suite,
                                       abi_switches_suite,
                                       NULL};

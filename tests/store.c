/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *store_open_suite(void);
Suite *store_put_suite(void);
Suite *store_derived_suite(void);
Suite *store_named_suite(void);
Suite *store_codes_suite(void);
Suite *store_redo_suite(void);
Suite *store_read_suite(void);
Suite *store_fail_suite(void);
Suite *store_commit_suite(void);
Suite *store_crash_suite(void);
Suite *store_conclude_suite(void);
Suite *store_audit_suite(void);
Suite *store_closing_suite(void);
Suite *store_power_suite(void);
Suite *store_vault_suite(void);
Suite *store_closing_moves_suite(void);
Suite *store_moved_suite(void);
Suite *store_past_suite(void);
Suite *store_purge_suite(void);

Suite *(*const test_suites[])(void) = {
    store_open_suite,          store_put_suite,
    store_read_suite,          store_fail_suite,
    store_commit_suite,        store_crash_suite,
    store_conclude_suite,      store_audit_suite,
    store_vault_suite,         store_derived_suite,
    store_named_suite,         store_codes_suite,
    store_redo_suite,          store_power_suite,
    store_closing_moves_suite, store_moved_suite,
    store_past_suite,          store_purge_suite,
    store_closing_suite,       NULL,
};

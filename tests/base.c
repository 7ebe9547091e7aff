/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/suite.h"

Suite *base_str_suite(void);
Suite *base_arena_suite(void);
Suite *base_time_suite(void);
Suite *base_decimal_suite(void);
Suite *base_log_suite(void);
Suite *base_hash_suite(void);
Suite *base_sign_suite(void);
Suite *base_merkle_suite(void);
Suite *base_note_suite(void);
Suite *base_sort_suite(void);
Suite *base_varint_suite(void);
Suite *base_base64_suite(void);
Suite *base_json_suite(void);
Suite *base_json_out_suite(void);

Suite *(*const test_suites[])(void) = {
    base_str_suite,     base_arena_suite,    base_time_suite,
    base_decimal_suite, base_log_suite,      base_hash_suite,
    base_sign_suite,    base_merkle_suite,   base_note_suite,
    base_sort_suite,    base_varint_suite,   base_base64_suite,
    base_json_suite,    base_json_out_suite, NULL,
};

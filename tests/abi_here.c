/* SPDX-License-Identifier: Apache-2.0 */
/* The engine is in the process of the tests. */
#include "tests/abi_help.h"

const bool test_is_helper = false;

void test_transport_start(struct test_host *t)
{
    t->config = t->yaml;
}

void test_transport_stop(struct test_host *t)
{
    (void)t;
}

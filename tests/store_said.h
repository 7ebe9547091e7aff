/* SPDX-License-Identifier: Apache-2.0 */
/* What FHIR resources said and what was deleted, in the store of a test: resources,
 * patients and values (1 to 9) are numbers, moments are hours.
 *
 *     test_said_in(&store);
 *     test_say(17, 1, test_hour(9), 3);
 *     test_delete(17, test_hour(10));
 *     ck_assert_uint_eq(test_settle(), 1);
 *
 * All of it is of the store's arena, and ends the test where it fails. */
#ifndef TESTS_STORE_SAID_H
#define TESTS_STORE_SAID_H

#include "plugin/store/resources.h"
#include "tests/store_help.h"

void test_said_in(struct test_store *store);

struct an_str test_text(const char *before, uint64_t n);
struct an_str test_fact(uint64_t resource);
struct ctx_identifier test_patient(uint64_t patient);
int64_t test_hour(int h);

/* Value 0 is an error that was taken back. */
struct ctx_event test_version_event(struct an_str fact, int64_t said_us,
                                    int value);
/* The intake of events about one patient; its bytes are named by them. */
struct pl_intake test_said(const struct ctx_identifier *patient,
                           struct ctx_event *event, size_t n);
/* A version of a resource, and the same put into the store. */
struct pl_intake test_version(uint64_t resource, uint64_t patient,
                              int64_t said_us, int value);
void test_say(uint64_t resource, uint64_t patient, int64_t said_us, int value);

void test_delete(uint64_t resource, int64_t at_us);
/* As plugin/deletions.h does it; how many events were withdrawn. */
size_t test_settle(void);
struct pl_resource_there test_there(uint64_t resource, int64_t until_us);
/* The values that stand, each a digit; 0 is none. */
uint64_t test_values(uint64_t patient, int64_t as_of_us);
/* What an SQL text says. */
int64_t test_number(const char *sql);

#endif

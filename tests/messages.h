/* SPDX-License-Identifier: Apache-2.0 */
/* Invented messages with their readings, as a parser would give them. */
#ifndef TESTS_MESSAGES_H
#define TESTS_MESSAGES_H

#include "context/reading.h"

enum { TEST_RESULTS = 5 };

/* What a result message says: TEST_RESULTS observations of one patient. */
struct test_message {
    struct an_str bytes; /* about 1 kB */
    struct ctx_reading reading;
    struct ctx_part part;
    struct ctx_event event[TEST_RESULTS];
    struct ctx_account account[3];
    struct ctx_claim claim;
    /* The text behind the views. */
    char text[2048], value[TEST_RESULTS][16], fact[TEST_RESULTS][64];
    char place[TEST_RESULTS][16], control[32], mrn[32], ssn[32], visit[32];
};

/* The n-th message, of patient number `patient`; the same numbers give the
 * same bytes.  `m` must stay where it is. */
void test_message(struct test_message *m, uint64_t n, uint64_t patient);

/* 2024-11-05 08:00 UTC, when the invented patients were alive. */
#define TEST_EPOCH_US INT64_C(1730793600000000)

#endif

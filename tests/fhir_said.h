/* SPDX-License-Identifier: Apache-2.0 */
/* Invented suggestions about invented patients, for the tests of what fhir/
 * writes.  Each has a folder tests/golden/write-<name>. */
#ifndef TESTS_FHIR_SAID_H
#define TESTS_FHIR_SAID_H

#include "fhir/cards.h"

struct said {
    const char *name;
    struct fhir_write_settings settings;
    struct fhir_card_settings card;
    struct fhir_who who;
    struct fhir_saying what;
};

enum { N_SAID_USUAL = 5, N_SAID_BESIDE = 9, N_SAID = 14 };
extern const struct said said_usual[N_SAID_USUAL];
extern const struct said said_beside[N_SAID_BESIDE]; /* fhir_said_beside.c */

/* The protected header of what stands in the case "signed" for a JWS; behind it
 * and two points, the SHA-256 of the signed bytes in hex. */
#define SAID_HEADER "eyJhbGciOiJ0ZXN0In0"

/* One of N_SAID. */
const struct said *said_at(size_t i);

/* The one of that name; aborts the test when there is none. */
const struct said *said_named(const char *name);

#endif

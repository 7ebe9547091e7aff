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

enum { N_SAID = 5 };
extern const struct said said[N_SAID];

/* The one of that name; aborts the test when there is none. */
const struct said *said_named(const char *name);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A run of de-identification for tests: opened and closed around each. */
#ifndef TESTS_DEID_HELP_H
#define TESTS_DEID_HELP_H

#include "trainer/deid/fhir.h"
#include "trainer/deid/hl7.h"

enum { DEID_AS_OF = 2015 };

extern struct tr_deid deid;
extern struct an_arena deid_arena;

/* Another profile, with a key of zeros. */
void deid_begin(enum tr_deid_profile profile);
void deid_set_up(void);
void deid_tear_down(void);

/* What is left of a document, or of a message; "" for nothing. */
const char *deid_json(const char *document);
const char *deid_er7(const char *message);

/* The text holds `part`. */
void deid_has(const char *text, const char *part);
void deid_lacks(const char *text, const char *part);

#endif

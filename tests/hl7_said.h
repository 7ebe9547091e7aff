/* SPDX-License-Identifier: Apache-2.0 */
/* Invented suggestions about invented patients, for the tests of what hl7/ writes.
 * Each has a folder tests/golden/result-<name>. */
#ifndef TESTS_HL7_SAID_H
#define TESTS_HL7_SAID_H

#include "hl7/result.h"

struct hl7_case {
    const char *name;
    bool is_document; /* MDM */
    struct hl7_result_site site;
    struct hl7_result_who who;
    struct hl7_result_said said;
};

extern const struct hl7_case hl7_cases[];
extern const size_t hl7_n_cases;

/* The one of that name; aborts the test when there is none. */
const struct hl7_case *hl7_case_named(const char *name);

#endif

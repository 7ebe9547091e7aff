/* SPDX-License-Identifier: Apache-2.0 */
/* Is it what R4 allows?  Checked against its elements, as the table of
 * config/tables/to-fhir/elements.tsv has them, and tests/fhir-elements.tsv of
 * the resources that only we write: no other member, in this order, as often as
 * that, of that type, and nothing empty. */
#ifndef TESTS_FHIR_SHAPE_H
#define TESTS_FHIR_SHAPE_H

#include "base/json.h"

/* Reads both tables; aborts the test without them. */
void shape_load(void);
void shape_unload(void);

/* "" when the resource is right; else what is wrong, and where. */
const char *shape_of(const struct an_json *resource);

/* The values at a path, one of each step from each value before: names divided
 * by points, of which lists are walked through. */
size_t shape_find(const struct an_json *from, const char *path,
                  const struct an_json **found, size_t room);

#endif

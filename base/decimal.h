/* SPDX-License-Identifier: Apache-2.0 */
/* Exact decimals.  A measured value keeps the literal it was said with
 * ("0.010" is not "0.01": the digits carry the precision, FHIR R4 2.24.0.1)
 * and a canonical double beside it for arithmetic.
 *
 * Thread-safety: immutable.  Nothing here depends on the process's locale. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include "base/arena.h"

enum { AN_DECIMAL_TEXT_BYTES = 48, AN_DECIMAL_LONGEST_BYTES = 511 };

/* All of s is a number: sign, digits with or without a point, exponent (JSON's
 * grammar, and HL7 NM's "+5", ".5", "5." and leading zeros).  False for
 * anything else, for what is not finite as a double, and for what is longer
 * than AN_DECIMAL_LONGEST_BYTES.  The double is the nearest one. */
bool an_decimal_parse(struct an_str s, double *value);

/* The same number in JSON's grammar with every digit kept: "+05." is "5",
 * ".50" is "0.50".  s itself when it is already so.  False when s is no number
 * or the arena is at its limit. */
bool an_decimal_json(struct an_arena *arena, struct an_str s,
                     struct an_str *literal);

/* `value` rounded half away from zero to `places` (0 to 9) decimals, which are
 * all printed; |value| < 1e15.  Returns the length, 0 when out of range. */
size_t an_decimal_print(double value, int places,
                        char buf[AN_DECIMAL_TEXT_BYTES]);

#endif

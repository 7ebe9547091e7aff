/* SPDX-License-Identifier: Apache-2.0 */
/* Values of observations, and reference ranges.
 *
 * Thread-safety: confined to the arena.  Ownership: views of the message, or
 * of the arena where text had to be decoded. */
#ifndef HL7_VALUE_H
#define HL7_VALUE_H

#include "hl7/coded.h"

/* The value of one repetition of OBX-5, by the type in OBX-2 (HL7 v2.5.1
 * 7.4.2): NM and SN are quantities, CWE CNE CE codes, dates and everything
 * else text.  Text that is a number with a unit in OBX-6 is a quantity too:
 * many senders say ST for all.  Encapsulated data (ED, RP) has no value here;
 * the message keeps it.  `odd` is set when a number was promised and is none:
 * the value is then kept as text. */
enum an_code hl7_obx_value(struct an_arena *arena, const struct hl7_at *obx5,
                           struct ctx_value *value, bool *odd,
                           struct an_err *err);

/* A number with an optional comparator before it ("<0.5", "> 100"); false, and
 * nothing changed, for anything else. */
bool hl7_quantity(struct an_str text, struct ctx_value *value);

/* "3.5-5.0", "[ 1.1 - 4.0 ]", "< 0.21", ">=60", "3.5 to 5": the limits as
 * literals, "" for a side that is open or not understood. */
void hl7_range(struct an_str text, struct an_str *low, struct an_str *high);

/* All repetitions of a text field, one a line, however many: only the arena is
 * a limit. */
enum an_code hl7_lines(struct an_arena *arena, const struct hl7_at *field,
                       struct an_str *text, struct an_err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The characters a message says it is punctuated with: MSH-1 and MSH-2
 * (HL7 v2.5.1 ch. 2.5.4, v2.7 ch. 2.5.5 for the truncation character).
 *
 * Any byte may be a delimiter except those that could not be told from data:
 * letters, digits, blanks, control characters and parts of a UTF-8 character.
 * Such a place in MSH-2, a repeated character, and a place that is not there
 * leave that delimiter absent: its level then does not exist in the message.
 * An empty MSH-2 means the recommended characters.
 *
 * Thread-safety: immutable. */
#ifndef HL7_DELIMS_H
#define HL7_DELIMS_H

#include "base/str.h"

/* What a byte ends, lowest first; the number of the tree's levels too. */
enum hl7_level {
    HL7_NOTHING,
    HL7_SUBCOMPONENT,
    HL7_COMPONENT,
    HL7_REPETITION,
    HL7_FIELD,
    HL7_SEGMENT
};

/* '\0' is absent.  `field` is never absent. */
struct hl7_delims {
    char field, component, repetition, escape, subcomponent, truncation;
};

/* | ^ ~ \ & and no truncation. */
extern const struct hl7_delims hl7_delims_recommended;

/* Read from a header segment (MSH, FHS or BHS, whose first three bytes are not
 * looked at).  `n_header` is where MSH-2 ends.  False if there is no usable
 * MSH-1.  *odd is NULL, or a literal that says what is odd. */
bool hl7_delims_read(struct an_str header, struct hl7_delims *d,
                     size_t *n_header, const char **odd);

/* The delimiter that separates at this level; '\0' when absent. */
char hl7_delims_at(const struct hl7_delims *d, enum hl7_level level);

/* For each byte, the level that it ends (HL7_FIELD and below). */
void hl7_delims_classes(const struct hl7_delims *d, unsigned char cls[256]);

#endif

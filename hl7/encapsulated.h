/* SPDX-License-Identifier: Apache-2.0 */
/* Encapsulated data (ED, HL7 v2.5.1 2.A.24) as text: source ^ type ^ subtype ^
 * encoding ^ data.
 *
 * Thread-safety: confined to the arena.  Ownership: the text is the arena's, or
 * a view of the message. */
#ifndef HL7_ENCAPSULATED_H
#define HL7_ENCAPSULATED_H

#include "hl7/coded.h"

enum hl7_encapsulated {
    HL7_ED_TEXT, /* plain text or HTML, decoded, in UTF-8 */
    HL7_ED_NOTE, /* other data: "[application/pdf, 48213 bytes]" */
    HL7_ED_ODD,  /* text that its encoding does not fit: a note */
    HL7_ED_NONE  /* no data */
};

/* Text says TEXT, TX, TXT or FT as its type, or PLAIN, TEXT, TXT, HTML or HTM as
 * its subtype, and nothing else in either.  Of HTML the words are read
 * (hl7/html.h).  Bytes that are not UTF-8 are read
 * in the character set of MSH-18, else 8859/1.  Nothing of a type but letters,
 * digits, '.', '+' and '-' comes into a note. */
enum an_code hl7_encapsulated(struct an_arena *arena, const struct hl7_at *at,
                              enum hl7_encapsulated *what, struct an_str *text,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* The same question without an answer to the rest: is it text? */
bool hl7_encapsulated_is_text(const struct hl7_at *at);

/* How the data are written (ED.4, HL7 table 0299), in either case. */
enum hl7_encoding { HL7_AS_IT_IS, HL7_BASE64, HL7_HEX };
enum hl7_encoding hl7_encoding_of(struct an_str name);

/* The bytes that the data say; *odd when they are not written so: the bytes mean
 * nothing then. */
enum an_code hl7_decode(struct an_arena *arena, enum hl7_encoding encoding,
                        struct an_str data, struct an_str *bytes, bool *odd,
                        struct an_err *err) __attribute__((warn_unused_result));

#endif

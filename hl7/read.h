/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing a message in order to understand it: the text is UTF-8 afterwards,
 * whatever the sender's character set was.
 *
 * Nearly every message is ASCII or UTF-8 and is parsed in place.  Another one
 * is converted as a whole and the tree is that of the converted bytes, so a
 * two-byte character can never be cut at a byte that looks like a delimiter.
 * Byte offsets then count in the converted bytes; segment and field numbers do
 * not change.  To print or edit what was received, use hl7_parse.
 *
 * Thread-safety and ownership: as hl7/message.h. */
#ifndef HL7_READ_H
#define HL7_READ_H

#include "hl7/charset.h"
#include "hl7/escape.h"
#include "hl7/message.h"

/* `fallback` is the character set configured for the sender, NULL for 8859/1;
 * limits may be NULL.  Fails as hl7_parse does. */
enum an_code hl7_read(struct an_arena *arena, struct an_str bytes,
                      const struct hl7_charset *fallback,
                      const struct hl7_limits *limits, struct hl7_message *m,
                      struct an_err *err) __attribute__((warn_unused_result));

/* A raw view of m as text, without escapes; without a copy if it has none. */
enum an_code hl7_text(const struct hl7_message *m, struct an_str raw,
                      struct hl7_text *text, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Which characters the bytes mean, and the same text as UTF-8.
 *
 * Senders leave MSH-18 empty or say the wrong thing far more often than their
 * bytes are broken, so the bytes are asked first: what is valid UTF-8 (ASCII
 * included) is UTF-8.  Otherwise MSH-18 is believed, and if it says nothing
 * that helps, the default configured for the sender.
 *
 * Names and their conversions stand in config/tables/charsets.tsv.
 *
 * Thread-safety: immutable.  Ownership: results are the arena's, or the input
 * itself where nothing changes. */
#ifndef HL7_CHARSET_H
#define HL7_CHARSET_H

#include "base/arena.h"
#include "base/err.h"

struct hl7_charset {
    const char *name;  /* as in MSH-18 */
    const char *iconv; /* as for iconv_open */
};

/* NULL if the table has no such name; blanks and case do not matter. */
const struct hl7_charset *hl7_charset_find(struct an_str name);
bool hl7_charset_is_utf8(const struct hl7_charset *charset);

/* Well-formed UTF-8 (no surrogates, no overlong forms). */
bool hl7_utf8_valid(struct an_str s);

/* UTF-16 or UTF-32, by byte order mark or by the zero bytes of an "MSH": these
 * cannot be parsed before they are converted.  NULL if neither. */
const struct hl7_charset *hl7_charset_wide(struct an_str bytes);

/* The character set of a message, given its MSH-18 (raw, with repetitions
 * separated by `repetition`) and the configured default (NULL: 8859/1).
 * *guessed: MSH-18 did not decide it, though the bytes are not UTF-8. */
const struct hl7_charset *hl7_charset_pick(struct an_str bytes,
                                           struct an_str msh18, char repetition,
                                           const struct hl7_charset *fallback,
                                           bool *guessed);

/* The same text in UTF-8.  What is no character becomes U+FFFD and is counted.
 * Fails with AN_UNSUPPORTED if the system has no such conversion, AN_NOMEM. */
enum an_code hl7_charset_decode(const struct hl7_charset *charset,
                                struct an_arena *arena, struct an_str bytes,
                                struct an_str *utf8, size_t *n_replaced,
                                struct an_err *err)
    __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Escape sequences (HL7 v2.5.1 ch. 2.7): from a raw view to text, and back.
 *
 * Reading is lazy and never fails on content: what has no escape character is
 * returned as it is, without a copy; what is no known escape is kept literally
 * and counted, since it is text that somebody wrote ("C:\Data\", "\UCUM\").
 *
 *     \F\ \S\ \R\ \E\ \T\ \P\   the delimiters, \P\ the truncation character
 *     \X0D0A\                   bytes in the message's character set
 *     \C2842\ \M2442\           ISO 2022 character sets from here on
 *     \.br\ \.ce\               a new line
 *     \.sp\ \.sp3\              so many new lines; \.sk3\ so many blanks
 *     \H\ \N\ \.in+4\ \.ti+4\ \.fi\ \.nf\   nothing: they are about looks
 *     \Z..\                     a site's own: kept literally, counted
 *
 * Thread-safety: immutable.  Ownership: results are the arena's, or the view
 * that was given. */
#ifndef HL7_ESCAPE_H
#define HL7_ESCAPE_H

#include "base/arena.h"
#include "base/err.h"
#include "hl7/charset.h"
#include "hl7/delims.h"

struct hl7_text {
    struct an_str s; /* UTF-8, if the raw view was */
    uint32_t n_odd;  /* escapes that were kept literally */
};

/* charset: that of the bytes which \X..\ names; NULL means UTF-8.  Fails with
 * AN_NOMEM, or AN_UNSUPPORTED if the system lacks a conversion. */
enum an_code hl7_unescape(const struct hl7_delims *d,
                          const struct hl7_charset *charset,
                          struct an_arena *arena, struct an_str raw,
                          struct hl7_text *text, struct an_err *err)
    __attribute__((warn_unused_result));

/* Text made safe to stand as one value: delimiters become escapes, a line feed
 * \.br\, other control characters (tab excepted) \X..\.  Fails with
 * AN_UNSUPPORTED if something needs escaping and the message has no escape
 * character, AN_NOMEM. */
enum an_code hl7_escape(const struct hl7_delims *d, struct an_arena *arena,
                        struct an_str text, struct an_str *raw,
                        struct an_err *err) __attribute__((warn_unused_result));

#endif

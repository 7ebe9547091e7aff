/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as base64 text (RFC 4648 section 4: with padding, no line breaks), and
 * back.
 *
 * Thread-safety: confined to the buffer. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Fails as an_buf_put does. */
void an_buf_put_base64(struct an_buf *b, struct an_str bytes);

/* The bytes that base64 text says, into the buffer; blanks and line ends in
 * the text count for nothing, and padding may be missing.  False when it says
 * none (a letter outside of the alphabet, something behind the padding, a last
 * letter that stands alone); what the buffer then holds means nothing. */
bool an_buf_put_unbase64(struct an_buf *b, struct an_str text);

#endif

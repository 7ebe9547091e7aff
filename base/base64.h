/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as base64 text (RFC 4648 section 4: with padding, no line breaks).
 *
 * Thread-safety: confined to the buffer. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Fails as an_buf_put does. */
void an_buf_put_base64(struct an_buf *b, struct an_str bytes);

#endif

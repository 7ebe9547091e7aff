/* SPDX-License-Identifier: Apache-2.0 */
/* The claims of one message whose `current` is one identifier, as bytes.
 *
 *     blob  = 1 claim*      or nothing at all
 *     claim = kind other said available-said place (visit prior-visit)?
 *
 * `other` is the number of the claim's `prior` in the store; integers are
 * varints, the times zigzag; a text is its length and its bytes; a claim about
 * a visit alone has the last two.
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_STORE_CLAIMS_INT_H
#define PLUGIN_STORE_CLAIMS_INT_H

#include "base/buf.h"
#include "context/reading.h"

/* Append one; the first brings the version. */
void pl_claims_put(struct an_buf *b, const struct ctx_claim *c, int64_t other);

/* Cut the next claim off *rest, whose first call has the whole blob; its
 * identifiers are left empty.  False at the end, and with *bad set where the
 * bytes are none of ours. */
bool pl_claims_next(struct an_str blob, struct an_str *rest,
                    struct ctx_claim *c, int64_t *other, bool *bad);

#endif

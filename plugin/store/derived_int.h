/* SPDX-License-Identifier: Apache-2.0 */
/* What was derived from one message, so that it can be taken back: the
 * identifiers that events and claims were filed under, and the counts that
 * were added to the accounts, of each segment and of each of its fields.  Kept
 * in the message's row; it is the detail that `explain-message` compares with.
 *
 *     blob    = 2 n-identifiers id* n-accounts account*
 *     account = length name seen used n-fields field*
 *     field   = (step, states) [length name] count*
 *
 * All numbers are base/varint.h's.  A step leads from the number of one field
 * to that of the next, 0 to one with a name; states are the four that a field
 * can be in, as bits, and a fifth that a count follows though there is but one.
 * A field that was always the same is one byte: a lab result of eight segments
 * takes about 60 for its fields.
 *
 * Thread-safety: confined to the arena. */
#ifndef PLUGIN_STORE_DERIVED_INT_H
#define PLUGIN_STORE_DERIVED_INT_H

#include "context/reading.h"

struct pl_derived {
    const int64_t *identifier;
    size_t n_identifiers;
    const struct ctx_account *account;
    size_t n_accounts;
};

/* AN_NOMEM. */
enum an_code pl_derived_put(struct an_arena *arena, const struct pl_derived *d,
                            struct an_str *blob, struct an_err *err)
    __attribute__((warn_unused_result));

/* Names are views into the blob.  AN_INTEGRITY, AN_NOMEM. */
enum an_code pl_derived_get(struct an_arena *arena, struct an_str blob,
                            struct pl_derived *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

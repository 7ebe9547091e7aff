/* SPDX-License-Identifier: Apache-2.0 */
/* The message of a row: its suggestion as it was said, its patient, which version
 * it is for the receiver.
 *
 * Thread-safety: confined.  Ownership: the arena's. */
#ifndef PLUGIN_FILING_MAKE_H
#define PLUGIN_FILING_MAKE_H

#include "plugin/filing/fields.h"
#include "plugin/store/filing.h"

struct pl_making {
    struct pl_reader *reader;
    struct pl_store *store;
    const struct pl_fields *fields;
    const struct pl_policy *policy;
    int64_t now_us;
};

/* *message is ready and kept; "" when the row was dropped meanwhile.  *error says
 * why there will be none of this row: UNSAYABLE, KEPT, UNNAMED.  Any code but
 * AN_OK: the store could not be asked now. */
enum an_code pl_filing_make(const struct pl_making *m, struct an_arena *arena,
                            const struct pl_filing_row *row,
                            struct an_str *message, enum pl_filing_error *error,
                            struct an_err *err)
    __attribute__((warn_unused_result));

#endif

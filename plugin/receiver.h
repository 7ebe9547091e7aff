/* SPDX-License-Identifier: Apache-2.0 */
/* What the receiver of suggestions gets, from the options outbox.*: which
 * resources, by which rules, with which of the guides' elements.
 *
 * Thread-safety: immutable once made.  Ownership: the arena's, and views into
 * options. */
#ifndef PLUGIN_RECEIVER_H
#define PLUGIN_RECEIVER_H

#include "config/options.h"
#include "fhir/write.h"

/* Fills those of `out` that are the receiver's choice.  AN_NOMEM. */
enum an_code pl_receiver_make(struct an_arena *arena,
                              const struct cfg_options *options,
                              struct fhir_write_settings *out,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* What a score that was not computed takes: of which something was missing.
 * NULL and 0 for a topic that is none. */
const struct fhir_need *pl_receiver_needs(struct an_str score, size_t *n);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What a kill switch can be for: an outcome of the outcome files, a score, a
 * kind of suggestion, or all.
 *
 * Thread-safety: shared.  Ownership: the arena's. */
#ifndef PLUGIN_HOST_SWITCH_NAME_H
#define PLUGIN_HOST_SWITCH_NAME_H

#include "config/options.h"

/* In the order of `anamnesis kill`'s manual.  What pl_outcomes_read says. */
enum an_code pl_switch_names(struct an_arena *arena,
                             const struct cfg_options *options,
                             const char *const **out, size_t *n,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* AN_NOTFOUND for a name that is none of these, and the nearest as its place. */
enum an_code pl_switch_name_check(struct an_arena *arena,
                                  const struct cfg_options *options,
                                  struct an_str name, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

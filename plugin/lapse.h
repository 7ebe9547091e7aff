/* SPDX-License-Identifier: Apache-2.0 */
/* Suggestions that stand at the receiver and rest on what is no longer so: of
 * what was said last and is not said again, those of whose evidence something
 * was corrected or deleted.  What merely passed (a visit that ended, a risk that
 * is not asked about any more) rests on what still stands, and is no error.
 *
 *     pl_lapses(reader, arena, &history, said, n, &lapsed, &n_lapsed, err);
 *
 * Thread-safety: confined.  Ownership: the arena's. */
#ifndef PLUGIN_LAPSE_H
#define PLUGIN_LAPSE_H

#include "plugin/store/outgoing.h"

/* Their resources.  `saying` are those that are said now.  AN_NOMEM and what a
 * reader says. */
enum an_code pl_lapses(struct pl_reader *r, struct an_arena *arena,
                       const struct pl_history *history,
                       const struct pl_saying *saying, size_t n,
                       const struct an_str **lapsed, size_t *n_lapsed,
                       struct an_err *err) __attribute__((warn_unused_result));

#endif

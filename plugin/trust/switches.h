/* SPDX-License-Identifier: Apache-2.0 */
/* The kill switches as a running program knows them: of what nothing more may
 * be heard.  A switch names an outcome, a score, a drug, a kind of suggestion
 * ("summary"), or all.
 *
 *     pl_switches_new(&switches, err);          -- all is stopped
 *     pl_switches_refresh(switches, reader, err);    -- plugin/store/switches.h
 *     policy.switches = switches;               -- pl_may_leave asks from here on
 *
 * The store has them, with who and why; each change gives it a new generation.
 * Of several that read it at once the newest is kept.
 *
 * Thread-safety: shared. */
#ifndef PLUGIN_TRUST_SWITCHES_H
#define PLUGIN_TRUST_SWITCHES_H

#include "base/err.h"
#include "base/str.h"

enum { PL_SWITCHES = 256, PL_SWITCH_NAME_BYTES = 64 };

#define PL_SWITCH_ALL "all"

struct pl_switches;

/* Until it is told what the store says, all is stopped.  AN_NOMEM. */
enum an_code pl_switches_new(struct pl_switches **out, struct an_err *err)
    __attribute__((warn_unused_result));
void pl_switches_free(struct pl_switches *s); /* NULL is nothing */

/* What is stopped as of that generation; of an older one than it has it takes
 * nothing.  AN_LIMIT, and nothing changes, for more than PL_SWITCHES, or a name
 * of PL_SWITCH_NAME_BYTES or more. */
enum an_code pl_switches_set(struct pl_switches *s, int64_t generation,
                             const struct an_str *name, size_t n,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* -1: it was told nothing yet; 0 for NULL, where nothing is ever stopped. */
int64_t pl_switches_generation(struct pl_switches *s);

/* Is a suggestion of that kind (its text) about that topic stopped?  False for
 * NULL. */
bool pl_switches_stop(struct pl_switches *s, const char *kind,
                      struct an_str topic);

/* A name that a switch can have: lower case letters, digits, "-", "_", ".". */
bool pl_switch_is_name(struct an_str name);

#endif

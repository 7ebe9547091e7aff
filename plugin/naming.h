/* SPDX-License-Identifier: Apache-2.0 */
/* How we and the patient are named to those who receive suggestions.
 *
 *     pl_naming_make(arena, &options, &policy, &settings, err);   -- once
 *     pl_naming_who(arena, &settings, &person, encounter, &who, err);
 *     if (pl_naming_reaches(&who))
 *         fhir_write(arena, &settings, &who, ...);
 *
 * A patient is named to the receiver by its own id where we know it (an
 * identifier whose authority is that server), else by an identifier whose
 * authority is a URI, the current one first.  tables.authorities maps what
 * senders write to such a URI; a patient of whom no identifier has one cannot
 * be named outside.
 *
 * Thread-safety: immutable once made.  Ownership: the arena's, and views into
 * options and person. */
#ifndef PLUGIN_NAMING_H
#define PLUGIN_NAMING_H

#include "config/options.h"
#include "context/identity.h"
#include "context/timeline.h"
#include "fhir/write.h"
#include "plugin/trust/stage.h"

/* AN_NOMEM. */
enum an_code pl_naming_make(struct an_arena *arena,
                            const struct cfg_options *options,
                            const struct pl_policy *policy,
                            struct fhir_write_settings *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* AN_NOMEM.  `encounter` as in ctx_event. */
enum an_code pl_naming_who(struct an_arena *arena,
                           const struct fhir_write_settings *s,
                           const struct ctx_person *person,
                           struct an_str encounter, struct fhir_who *out,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* What says a suggestion, for the outbox: "demo|SHA-256 of the model". */
enum an_code pl_naming_origin(struct an_arena *arena,
                              const struct pl_policy *policy,
                              const struct ctx_model_id *model,
                              struct an_str *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The receiver can be told who is meant. */
bool pl_naming_reaches(const struct fhir_who *who);

/* The encounter that the patient is in at `now_us`, or left within the last
 * day; "" for none. */
struct an_str pl_naming_encounter(const struct ctx_timeline *t, int64_t now_us);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A clinician's word before a patient reads it.
 *
 *              released              withheld
 *     waiting ─────────▶ released ◀───────────▶ withheld ◀── waiting
 *
 * What is not meant for a patient needs none.  A clinician may take a release
 * back; what was delivered until then has been seen.  plugin/store/conclude.h
 * keeps the state and writes the audit row.
 *
 * Thread-safety: immutable. */
#ifndef PLUGIN_TRUST_RELEASE_H
#define PLUGIN_TRUST_RELEASE_H

#include "base/err.h"
#include "context/suggestion.h"

/* The numbers are stored: append, never reorder. */
#define PL_RELEASES(X)                                                         \
    X(NONE, "needs none")                                                      \
    X(WAITING, "waiting")                                                      \
    X(RELEASED, "released")                                                    \
    X(WITHHELD, "withheld")

enum pl_release {
#define X(name, text) PL_RELEASE_##name,
    PL_RELEASES(X)
#undef X
        PL_N_RELEASES
};

const char *pl_release_text(unsigned release);

/* With what a new suggestion begins. */
enum pl_release pl_release_first(const struct ctx_suggestion *s);

/* What stands in the way of `from` becoming `to`. */
struct pl_release_case {
    unsigned from, to; /* enum pl_release */
    unsigned kind, audience;
    bool never_patient;
    bool superseded; /* a newer suggestion stands in its place */
};

/* AN_CONFLICT: it is so already, superseded, needs none, or may never be shown
 * to patients.  AN_TYPE: `to` is neither released nor withheld. */
enum an_code pl_release_check(const struct pl_release_case *c,
                              struct an_err *err)
    __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the audit trail is told when suggestions are shown: by which face, to
 * whom, on which occasion, which resources.
 *
 * Thread-safety: immutable.  Ownership: the arena's. */
#ifndef PLUGIN_SHOWING_H
#define PLUGIN_SHOWING_H

#include "base/arena.h"
#include "plugin/trust/audit.h"
#include "plugin/trust/stage.h"

struct pl_showing {
    enum pl_face face;
    struct an_str actor;    /* "Practitioner/7", as the client says */
    struct an_str instance; /* of a call, or the address that was asked for */
    const struct an_str *resource;
    size_t n;
    int64_t now_us;
};

/* An entry for pl_store_audit or a conclusion.  AN_LIMIT, AN_NOMEM, AN_TYPE
 * (text that is no UTF-8). */
enum an_code pl_showing_note(struct an_arena *arena, const struct pl_showing *s,
                             struct pl_audit_entry *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

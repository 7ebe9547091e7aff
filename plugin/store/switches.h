/* SPDX-License-Identifier: Apache-2.0 */
/* The kill switches that the store keeps: of what nothing more may be heard.
 *
 *     pl_store_kill(store, AN_STR("stroke"), AN_STR("under review"), &who,
 *                   &n_dropped, err);
 *     pl_switches_refresh(switches, reader, NULL, err);
 *     pl_switch_list(reader, arena, &list, &n, err);
 *     pl_store_revive(store, AN_STR("stroke"), &who, err);
 *
 * From the commit on nothing is written that was asked of the switches before it
 * (conclude.h), and what waits in the outbox is dropped: all Bundles, which may
 * hold other things besides, and of texts alone those that are meant.  Who is in
 * them is asked about again, and what is not stopped is said anew.  What the
 * receiver has already stays there (deliveries.h has recalls).
 *
 * Reviving brings nothing back by itself: faces that are asked answer at once,
 * the outbox goes on with what is said next of a patient.
 *
 * Thread-safety: as in store.h and reader.h.  Failures: theirs. */
#ifndef PLUGIN_STORE_SWITCHES_H
#define PLUGIN_STORE_SWITCHES_H

#include "plugin/store/reader.h"
#include "plugin/store/store.h"
#include "plugin/trust/audit.h"
#include "plugin/trust/switches.h"

enum { PL_SWITCH_REASON_BYTES = 500 };

struct pl_switch {
    struct an_str name, actor, role, reason;
    int64_t since_us;
};

/* `who` names actor, role, details and time; action and subject are made here.
 * AN_TYPE: no name that a switch can have, or too long a reason; AN_CONFLICT: it
 * is stopped already; AN_LIMIT: there are too many. */
enum an_code pl_store_kill(struct pl_store *store, struct an_str name,
                           struct an_str reason,
                           const struct pl_audit_entry *who, int64_t *n_dropped,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* AN_NOTFOUND: it is not stopped. */
enum an_code pl_store_revive(struct pl_store *store, struct an_str name,
                             const struct pl_audit_entry *who,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* By name. */
enum an_code pl_switch_list(struct pl_reader *r, struct an_arena *arena,
                            const struct pl_switch **out, size_t *n,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* Tell `s` what the store says now; cheap where nothing has changed.
 * *generation, which may be NULL, is that of what it was told, or was known of
 * it before.  s NULL: nothing is read, and the generation is 0. */
enum an_code pl_switches_refresh(struct pl_switches *s, struct pl_reader *r,
                                 int64_t *generation, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

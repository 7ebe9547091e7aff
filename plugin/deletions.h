/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a resource was that is deleted: a server tells its id and no more, and an
 * event is withdrawn by who it was filed under.
 *
 *     pl_deletions_find(reader, arena, settings, list, n, 0, err);
 *     for (i = 0; i < n; i++)
 *         for (o = list[i].owner; o; o = o->next)
 *             fhir_deletions_write(arena, &o->patient, &list[i].said, 1, ...);
 *
 * A resource that was filed anew from one patient to another is current at both
 * until it is deleted, and is withdrawn at both.
 *
 * The store has no index of facts, since which version of one counts is no column
 * of it: all patients are looked at.  That takes as long as reading all histories,
 * for one deletion as for many.
 *
 * Thread-safety: the reader's.  Ownership: the arena. */
#ifndef PLUGIN_DELETIONS_H
#define PLUGIN_DELETIONS_H

#include "fhir/deletion.h"
#include "plugin/store/reader.h"

struct pl_deletion_owner {
    const struct pl_deletion_owner *next;
    struct ctx_identifier patient; /* that the message filed it under */
    int64_t said_us; /* of the version that is current there; 0: unsaid */
};

struct pl_deletion {
    struct fhir_deletion said;
    struct an_str fact; /* set here; "" of what makes no event */
    const struct pl_deletion_owner
        *owner; /* NULL: nobody has it, or no longer */
};

/* The list is put in order, and its owners are filled in.  AN_BUSY when it takes
 * longer than until the moment until_ms (CLOCK_MONOTONIC; 0: as long as it takes);
 * else fails as the reader. */
enum an_code pl_deletions_find(struct pl_reader *reader, struct an_arena *arena,
                               const struct fhir_settings *settings,
                               struct pl_deletion *list, size_t n,
                               int64_t until_ms, struct an_err *err)
    __attribute__((warn_unused_result));

/* When to say that a deletion was, of which nobody told the moment: now by our
 * clock, but after what it deletes, which is dated by the server's. */
struct an_str pl_deletion_at(int64_t now_us,
                             const struct pl_deletion_owner *owner,
                             char text[AN_TIME_TEXT_BYTES]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What a FHIR server has deleted: noted in the store, and withdrawn at each patient
 * whose it was.  A server tells the resource's id and no more, and an event is
 * withdrawn by a message about who it was filed under: store/resources.h knows those.
 *
 *     pl_deletions_note(engine, reader, arena, list, n, err);
 *     pl_deletions_settle(&by, reader, err);
 *
 * A resource that was filed anew from one patient to another is current at both
 * until it is deleted, and is withdrawn at both.  One that comes after its deletion
 * is withdrawn then, if what it says was said before; the keeper does that.
 *
 * Thread-safety: the reader's.  Ownership: the arena. */
#ifndef PLUGIN_DELETIONS_H
#define PLUGIN_DELETIONS_H

#include "fhir/deletion.h"
#include "plugin/engine.h"

/* A deletion without a moment was now by our clock, but after what is here of it,
 * which is dated by the server's; unless nothing stands that was said since the last
 * one: then it is that, told again.  *n_found counts those that
 * something is to be withdrawn for.  What makes no event is passed over.  Fails as
 * the reader and the store. */
enum an_code pl_deletions_note(struct pl_engine *engine,
                               struct pl_reader *reader, struct an_arena *arena,
                               const struct fhir_deletion *list, size_t n,
                               size_t *n_found, struct an_err *err)
    __attribute__((warn_unused_result));

/* Who withdraws. */
struct pl_settling {
    struct pl_engine *engine;
    struct an_str feed; /* of the messages that do it */
    bool historical;
    size_t
        most; /* messages, so that nobody waits for a long list; 0: all of it */
    void (*answered)(void *user, struct pl_job *job); /* may be NULL */
    void *user;
};

/* What waits, by whomever it was noted.  Fails as the reader and the store, and
 * the rest waits on; what cannot be read of one patient waits alone. */
enum an_code pl_deletions_settle(const struct pl_settling *by,
                                 struct pl_reader *reader, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

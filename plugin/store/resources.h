/* SPDX-License-Identifier: Apache-2.0 */
/* From a resource of a FHIR server to what it said here, and what was deleted there.
 *
 *     pl_resource_find(reader, arena, fact, until_us, &there, err);
 *     pl_store_deleted(store, &(struct pl_deleted){fact, at_us}, 1, err);
 *     while (pl_withdrawal_next(reader, arena, 0, &w, err) == AN_OK) {
 *         put(message_that_withdraws(&w));
 *         pl_store_withdrawn(store, &w, false, err);
 *     }
 *
 * A server tells the id of what it has deleted and no more; an event is withdrawn by
 * a message about the patient it was filed under.  So the writer keeps, in the
 * transaction of the events, a row for each resource, identifier and message; and each
 * deletion stays, so that it also meets what comes after it.  Whoever comes second, the
 * deletion or the resource, notes that something may have to be withdrawn, in its own
 * transaction: none is lost, and the order of arrival changes nothing.
 *
 * The store says what is to be withdrawn, and is told when it was; the message itself
 * is made by plugin/deletions.h.
 *
 * Messages that were there before this index get their rows by pl_store_index_step,
 * oldest first.  Until then a deletion of what they said waits: it is noted when the
 * index comes to it.
 *
 * Thread-safety: the store's functions are shared, the reader's are its own.
 * Ownership: results are the arena's. */
#ifndef PLUGIN_STORE_RESOURCES_H
#define PLUGIN_STORE_RESOURCES_H

#include "plugin/store/reader.h"
#include "plugin/store/store.h"

/* The resources that said these events, by key (ctx_fact_key), each once.  Those of no id are not
 * among them, nor what is known of a person, which no deletion of a resource
 * withdraws. */
enum an_code pl_resources_of(struct an_arena *arena,
                             const struct ctx_event *event, size_t n,
                             const struct pl_resource **out, size_t *n_out,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* What is here of a fact. */
struct pl_resource_there {
    size_t
        n_live; /* identifiers at whom what was said of it until then stands */
    int64_t
        said_us; /* of the newest that stands, whenever it was said; 0: unsaid,
                        or nothing stands */
};

/* Costs as much as this fact has versions, however large the store is. */
enum an_code pl_resource_find(struct pl_reader *r, struct an_arena *arena,
                              struct an_str fact, int64_t until_us,
                              struct pl_resource_there *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The resource of that fact was deleted then. */
struct pl_deleted {
    struct an_str fact;
    int64_t at_us;
    /* It was told without its moment, so that at_us is ours.  Then it is the one that
     * is here already, told again, unless something stands that was said since:
     * said_us is of the newest that does. */
    bool is_undated;
    int64_t said_us;
};

/* Kept for good, each once, all of them or none. */
enum an_code pl_store_deleted(struct pl_store *store,
                              const struct pl_deleted *list, size_t n,
                              struct an_err *err)
    __attribute__((warn_unused_result));

enum { PL_LIMIT_WITHDRAWN = 500 };

/* Of one identifier, what is to be withdrawn.  The n of them may be none: then what
 * was noted is so already. */
struct pl_withdrawal {
    struct ctx_identifier patient;
    const struct pl_deleted *deleted;
    size_t n;
    /* The notes: those that are settled by it come first. */
    const int64_t *id;
    size_t n_settled, n_ids;
    int64_t first; /* note, that brought it; of one that failed, too; else 0 */
};

/* The first that waits behind that note, with all others of its identifier.
 * AN_NOTFOUND when nothing does. */
enum an_code pl_withdrawal_next(struct pl_reader *r, struct an_arena *arena,
                                int64_t after, struct pl_withdrawal *out,
                                struct an_err *err)
    __attribute__((warn_unused_result));
/* It stands in the store.  `all`: and what is left of it, nothing withdraws. */
enum an_code pl_store_withdrawn(struct pl_store *store,
                                const struct pl_withdrawal *w, bool all,
                                struct an_err *err)
    __attribute__((warn_unused_result));

/* Give rows to some more of the messages that have none.  *more is false once all of
 * them have. */
enum an_code pl_store_index_step(struct pl_store *store, bool *more,
                                 struct an_err *err)
    __attribute__((warn_unused_result));

#endif

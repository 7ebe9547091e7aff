/* SPDX-License-Identifier: Apache-2.0 */
/* Removing what is no longer to be kept: by age, and one patient's all.
 *
 *     while (pl_store_purge(store, &what, &done, err) == AN_OK && done.more)
 *         pause();
 *     pl_store_reclaim(store, err);
 *
 * Each call is one small transaction, with its audit row: what was removed, how
 * much of it, by whom, and nothing of whom it told.  A message whose bytes are
 * gone keeps its row: its number, hash, control id and times, so that the same
 * bytes that come again change nothing.  By age, who is who and the patient's
 * consents never go: an opt-out holds until it is taken back, however old it is.
 * Freed pages are overwritten
 * (secure_delete), given back by pl_store_reclaim, and the log is emptied.
 *
 * Rows are found by an index of what is left: a call costs what it removes,
 * however large the store is, and next to nothing when nothing is due.
 *
 * Thread-safety: shared. */
#ifndef PLUGIN_STORE_PURGE_H
#define PLUGIN_STORE_PURGE_H

#include "plugin/store/reader.h"
#include "plugin/store/store.h"

/* The numbers are stored: append. */
enum pl_purge_kind {
    PL_PURGE_RAW,         /* bytes of messages received before a moment */
    PL_PURGE_EVENTS,      /* what was read in those without bytes, less
                          consents and claims about identity */
    PL_PURGE_SUGGESTIONS, /* that newer ones took the place of before it */
    PL_N_PURGE_KINDS
};

const char *pl_purge_text(enum pl_purge_kind kind);

struct pl_purge {
    enum pl_purge_kind kind;
    int64_t before_us, now_us;
    struct an_str actor, role; /* of the audit trail */
};

struct pl_purged {
    int64_t n; /* rows, or pages, of this call */
    bool more;
};

enum an_code pl_store_purge(struct pl_store *store, const struct pl_purge *what,
                            struct pl_purged *out, struct an_err *err)
    __attribute__((warn_unused_result));
/* How many rows that would be, with the bytes before the events.  Reads all
 * messages. */
enum an_code pl_purge_count(struct pl_reader *r, const struct pl_purge *what,
                            int64_t *n, struct an_err *err)
    __attribute__((warn_unused_result));

struct pl_erased {
    int64_t n_identifiers, n_messages, n_suggestions, n_outbox; /* so far */
    bool more;
};

/* These identifiers of one person are to be erased: kept first, so that a
 * killed process goes on. */
enum an_code pl_store_erase(struct pl_store *store,
                            const struct ctx_person *person, int64_t now_us,
                            struct an_err *err)
    __attribute__((warn_unused_result));
/* The next part of what is to be erased: bytes of every message that spoke of
 * them, their events, suggestions, what waits in the outbox, their names.  That
 * is of visits, too, that were filed under others and moved to them, and of what
 * is claimed of them in what others have.  A visit that went on from them, wherever
 * it is filed, is that of whom it went to, as of each moment at which it was; as of
 * those at which it was theirs, it is nobody's.  So is what others forbade or
 * labelled by way of them.  An identifier "(erased N)" keeps that. */
enum an_code pl_store_erase_step(struct pl_store *store,
                                 const struct pl_purge *who,
                                 struct pl_erased *total, struct an_err *err)
    __attribute__((warn_unused_result));

/* Messages without bytes. */
enum an_code pl_n_purged(struct pl_reader *r, int64_t *n, struct an_err *err)
    __attribute__((warn_unused_result));

/* Give back some of the freed pages: out->n of them. */
enum an_code pl_store_reclaim_step(struct pl_store *store,
                                   struct pl_purged *out, struct an_err *err)
    __attribute__((warn_unused_result));
/* Carry the log over to the file and make it empty.  AN_BUSY, which is no fault:
 * somebody reads it; what was removed is still in it. */
enum an_code pl_store_empty_log(struct pl_store *store, struct an_err *err)
    __attribute__((warn_unused_result));
/* All of both, for who has nothing else to do: waits some seconds for readers
 * before it gives up with AN_BUSY. */
enum an_code pl_store_reclaim(struct pl_store *store, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

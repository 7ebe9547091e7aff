/* SPDX-License-Identifier: Apache-2.0 */
/* The store: everything that was ever received, in one SQLite file.
 *
 *     pl_store_open(&options, &store, err);
 *     pl_store_put(store, intakes, n, receipts, err);  -- T1, one transaction
 *     pl_store_close(store);
 *
 * This is the writing side, and there is one writer: the calls below take turns
 * behind a lock.  Connections that answer messages write through commit.h,
 * which gathers them into groups.  Reading is plugin/store/reader.h, which
 * never waits for the writer.
 *
 * What T1 guarantees: when pl_store_put returns AN_OK, each intake whose
 * receipt says AN_OK is on the disk (WAL, synchronous FULL) with its raw
 * bytes, events, claims and triggers; otherwise nothing of the whole call is
 * there.  The same bytes again change nothing and give the first receipt.
 *
 * Failures of the store as a whole: AN_IO (the disk is full or failing, the
 * size limit is reached), AN_BUSY (another program writes for longer than
 * busy_ms), AN_INTEGRITY (the file is damaged), AN_NOMEM, AN_INTERNAL.  err's
 * path names SQLite's own extended code ("SQLite 778"), err.sys is errno.
 *
 * Thread-safety: shared; each call takes the writer's lock.  Ownership: what is
 * passed in stays the caller's. */
#ifndef PLUGIN_STORE_STORE_H
#define PLUGIN_STORE_STORE_H

#include "base/log.h"
#include "plugin/store/intake.h"

struct pl_store;

struct pl_store_options {
    const char *path;     /* "/var/lib/anamnesis/store.db" */
    const char *key_file; /* vault_int.h; NULL or "": nothing is sealed */
    size_t cache_bytes;   /* of pages, for the writer; 0: 32 MiB */
    int64_t limit_bytes;  /* the file grows no larger; 0: as the disk allows */
    int busy_ms;          /* patience with another program; 0: 5,000 */
    const char *tenant;   /* whose it is; NULL or "": nobody is asked for */
    struct an_log *log;   /* is told what fails; NULL: nobody is */
    bool no_copy;         /* before an upgrade */
};

/* Makes the file if there is none (only its owner may read it), and brings an
 * older schema up to date, after a copy of it was made as PATH.before-N.bak (see
 * README.md; AN_IO when the disk has no room for that, and all is as it was).
 * Besides the above: AN_UNSUPPORTED (written by a newer version of this
 * program), AN_CONFLICT (the file is a database of something else, or the store
 * of another tenant), AN_CONFIG
 * (a key is missing or its file is wrong), AN_NOTFOUND (there is no key file).
 *
 * Rows that were there before a key stay as they are until pl_store_rekey. */
enum an_code pl_store_open(const struct pl_store_options *options,
                           struct pl_store **out, struct an_err *err)
    __attribute__((warn_unused_result));

/* Empties the write-ahead log into the file.  NULL is nothing to close. */
void pl_store_close(struct pl_store *store);

/* What has failed since it was opened.  Nobody is waited for. */
struct pl_store_faults {
    uint64_t n_commits;     /* transactions that did not come onto the disk */
    uint64_t n_checkpoints; /* the log could not be carried over to the file */
};

void pl_store_faults(const struct pl_store *store, struct pl_store_faults *out);

/* What the store says about one intake, and says again for the same bytes. */
struct pl_receipt {
    enum an_code code; /* AN_LIMIT: this one alone was refused, see `err` */
    bool duplicate;    /* the same bytes were there; the rest is theirs */
    bool reused;       /* the sender used this control id for other bytes */
    int64_t message;   /* its number, ascending in order of receipt */
    int64_t trigger;   /* of a new message: the first of its triggers; the */
    size_t n_triggers; /* others follow, filing by filing, by reason */
    bool changed;      /* of a replaced one: it says something else now */
    bool gone;         /* of a duplicate: its bytes or events were purged */
    int64_t received_us;
    size_t n_warnings;
    struct an_err err;
};

/* T1: store n intakes, one receipt each. */
enum an_code pl_store_put(struct pl_store *store,
                          const struct pl_intake *const *intake, size_t n,
                          struct pl_receipt *receipt, struct an_err *err)
    __attribute__((warn_unused_result));

/* Intakes of one transaction that may grow while it is written. */
struct pl_batch {
    const struct pl_intake *const *intake;
    struct pl_receipt *receipt; /* one each */
    size_t n;

    /* Asked when the n are written and before they are committed: puts behind
     * them what has come since, counts it in n, and says whether there was any.
     * Runs behind the store's lock, and may not call the store; NULL: no. */
    bool (*more)(struct pl_batch *batch);
    void *user;
};

/* The same, of a batch: what joins it late shares its flush of the disk. */
enum an_code pl_store_put_batch(struct pl_store *store, struct pl_batch *batch,
                                struct an_err *err)
    __attribute__((warn_unused_result));

/* How far a reprocessing of the whole store has come. */
struct pl_progress {
    struct an_sha256 maps; /* what all of it is read with */
    int64_t after;         /* the last message that was done */
    bool finished;
    int64_t n_read, n_changed, n_unreadable, n_asked; /* so far */
};

/* Put new events, claims and counts in place of the old ones of messages that
 * are stored already (their maps have changed): one transaction.  Raw bytes,
 * receipt and triggers stay.  A message that says what it said is not touched.
 * Of a patient about whom something is said that is current, and of whom a
 * message now says something else, a trigger (PL_REASON_TABLES) asks again: by
 * the newest message, once, counted in the receipt's n_triggers.  A receipt
 * says AN_NOTFOUND for bytes that are not stored, and `gone` for a message that
 * was purged or erased, perhaps since its bytes were read: it stays as it is.
 *
 * `progress` may be NULL; else what the receipts say is added to its counts, and
 * it is kept in the same transaction: a process that is killed goes on from
 * there. */
enum an_code pl_store_replace(struct pl_store *store,
                              const struct pl_intake *const *intake, size_t n,
                              struct pl_receipt *receipt,
                              struct pl_progress *progress, struct an_err *err)
    __attribute__((warn_unused_result));

/* These triggers (reader.h) have been acted on; unknown numbers are passed
 * over. */
enum an_code pl_store_triggers_done(struct pl_store *store,
                                    const int64_t *trigger, size_t n,
                                    struct an_err *err)
    __attribute__((warn_unused_result));

/* Nobody is to act on what this message has triggered, whatever it holds.  One
 * that is not there is passed over. */
enum an_code pl_store_give_up(struct pl_store *store,
                              const struct an_sha256 *message,
                              struct an_err *err)
    __attribute__((warn_unused_result));

#endif

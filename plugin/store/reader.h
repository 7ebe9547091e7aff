/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the store, in this program or beside it: a reader never waits for
 * the writer and sees, in each call, one committed state.
 *
 *     pl_reader_open(path, 0, &reader, err);
 *     pl_find(reader, arena, AN_STR("HOSP"), AN_STR("4711"), &found, err);
 *     pl_history(reader, arena, &found.id[0], CTX_AS_OF_ALL, &history, err);
 *     use(&history.timeline);
 *     pl_reader_close(reader);
 *
 * Every call may fail with AN_IO, AN_BUSY, AN_INTEGRITY (the file is damaged;
 * err's path says in which message, where that is known), AN_NOMEM (of the
 * arena), AN_INTERNAL, and as said below.
 *
 * Thread-safety: confined; open one for each thread.  Ownership: results are
 * the arena's. */
#ifndef PLUGIN_STORE_READER_H
#define PLUGIN_STORE_READER_H

#include "context/identity.h"
#include "context/timeline.h"
#include "plugin/store/intake.h"

struct pl_reader;

/* The store must be there and of this program's version: AN_IO, AN_CONFLICT,
 * AN_UNSUPPORTED.  cache_bytes 0: 8 MiB. */
enum an_code pl_reader_open(const char *path, size_t cache_bytes,
                            struct pl_reader **out, struct an_err *err)
    __attribute__((warn_unused_result));
/* The same of a store that is sealed (vault_int.h): AN_CONFIG, AN_NOTFOUND for
 * its keys. */
enum an_code pl_reader_open_keys(const char *path, const char *key_file,
                                 size_t cache_bytes, struct pl_reader **out,
                                 struct an_err *err)
    __attribute__((warn_unused_result));
/* Of the store that the options name, and of a copy of it elsewhere; AN_CONFLICT
 * where it is another tenant's. */
struct cfg_options;
enum an_code pl_reader_of(const struct cfg_options *options,
                          struct pl_reader **out, struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code pl_reader_of_copy(const struct cfg_options *options,
                               const char *path, struct pl_reader **out,
                               struct an_err *err)
    __attribute__((warn_unused_result));
/* NULL is nothing to close. */
void pl_reader_close(struct pl_reader *r);

/* ---- one patient -------------------------------------------------------- */

enum {
    PL_LIMIT_FOUND = 64,    /* of one value under many authorities */
    PL_LIMIT_MEMBERS = 1024 /* identifiers that claims hang together */
};

struct pl_found {
    const struct ctx_identifier *id; /* by authority */
    size_t n;                        /* at least 1 */
};

/* The identifier of that authority and value.  With an empty authority: all
 * of that value, but one only for each person (as of now), so that n is 1
 * where the value alone is enough and a choice must be made where it is more.
 * AN_NOTFOUND; AN_LIMIT beyond PL_LIMIT_FOUND. */
enum an_code pl_find(struct pl_reader *r, struct an_arena *arena,
                     struct an_str authority, struct an_str value,
                     struct pl_found *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* All identifiers of the person that `who` names, as of a moment.
 * AN_NOTFOUND when `who` was never heard of; AN_LIMIT beyond
 * PL_LIMIT_MEMBERS. */
enum an_code pl_person(struct pl_reader *r, struct an_arena *arena,
                       const struct ctx_identifier *who, int64_t as_of_us,
                       struct ctx_person *out, struct an_err *err)
    __attribute__((warn_unused_result));

struct pl_history {
    struct ctx_person person;
    struct ctx_timeline timeline;
    struct ctx_timeline consents; /* events of kind CONSENT, as of all that was
                                     said: context/consent.h */
    size_t n_said;        /* events in these messages, before any choice */
    size_t n_alone;       /* identifiers that had visits of this person, and are
                             said to be one with more than PL_LIMIT_MEMBERS */
    int64_t last_message; /* the newest with events of this person, or 0 */
    int64_t closings;     /* for pl_store_conclude: when this was read */
};

/* Everything known about the person that `who` names, as of a moment; how
 * confidential it is, and what was forbidden, as of now and of who she is now.
 * Fails as pl_person does.  Whoever else had a visit of hers and is of too many
 * identifiers is taken to be that one alone: what is filed of the visit under the
 * others of his is not found, and n_alone says so. */
enum an_code pl_history(struct pl_reader *r, struct an_arena *arena,
                        const struct ctx_identifier *who, int64_t as_of_us,
                        struct pl_history *out, struct an_err *err)
    __attribute__((warn_unused_result));

struct pl_message {
    int64_t id; /* ascending in order of receipt */
    struct an_sha256 sha256;
    struct an_str feed, sender, control_id, kind;
    enum pl_format format;
    int64_t received_us, said_us;
    size_t n_warnings;
    bool reused;         /* its sender had used the control id before */
    int64_t purged_us;   /* since when there are no bytes; 0: they are there */
    struct an_str bytes; /* as received, held against sha256 */
};

/* The message after number `after` (0: the first).  AN_NOTFOUND after the
 * last one. */
enum an_code pl_message_next(struct pl_reader *r, struct an_arena *arena,
                             int64_t after, struct pl_message *out,
                             struct an_err *err)
    __attribute__((warn_unused_result));

/* By its id in events: SHA-256 in hex.  AN_NOTFOUND. */
enum an_code pl_message_get(struct pl_reader *r, struct an_arena *arena,
                            struct an_str id, struct pl_message *out,
                            struct an_err *err)
    __attribute__((warn_unused_result));

struct pl_trigger {
    int64_t id, message;
    struct ctx_identifier patient;
    unsigned reason; /* enum pl_reason */
    int64_t said_us; /* when the message was said, else received */
};

/* At most `limit` triggers that wait, after number `after`, in their order. */
enum an_code pl_triggers(struct pl_reader *r, struct an_arena *arena,
                         int64_t after, size_t limit,
                         const struct pl_trigger **out, size_t *n,
                         struct an_err *err)
    __attribute__((warn_unused_result));

/* ---- the store itself --------------------------------------------------- */

struct pl_feed {
    struct an_str name;
    int64_t n_messages, n_warned, n_reused, n_events;
    int64_t raw_bytes, stored_bytes; /* of raw messages: received, kept */
    int64_t last_received_us, last_said_us;
};

/* Of one kind of segment or resource of one feed, and of all its fields. */
struct pl_account {
    struct an_str feed, name;
    int64_t n_seen, n_used;
    int64_t n_field[CTX_N_FIELD_STATES];
};

struct pl_status {
    const struct pl_feed *feed;
    size_t n_feeds;
    const struct pl_account *account;
    size_t n_accounts;
    int64_t n_messages, n_identifiers, n_triggers_waiting;
    int64_t file_bytes; /* without the log */
};

enum an_code pl_status(struct pl_reader *r, struct an_arena *arena,
                       struct pl_status *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* How far the last reprocessing has come (store.h); AN_NOTFOUND when there was
 * none. */
struct pl_progress;
enum an_code pl_progress(struct pl_reader *r, struct pl_progress *out,
                         struct an_err *err)
    __attribute__((warn_unused_result));

/* Read all of it: SQLite's own check, each raw message against its SHA-256,
 * each event against its message.  AN_INTEGRITY at the first fault.  Takes as
 * long as reading the file, and the log cannot shrink meanwhile; `arena` needs
 * room for one message. */
enum an_code pl_check(struct pl_reader *r, struct an_arena *arena,
                      struct an_err *err) __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the reader share.
 *
 * Thread-safety: confined. */
#ifndef PLUGIN_STORE_READER_INT_H
#define PLUGIN_STORE_READER_INT_H

#include "plugin/store/db_int.h"
#include "plugin/store/reader.h"

#define PL_MESSAGE_COLUMNS                                                     \
    "SELECT m.id, m.sha256, f.name, m.sender, m.control_id, m.kind,"           \
    " m.format, m.received_us, m.said_us, m.n_warnings, m.reused,"             \
    " m.raw_bytes, m.deflated, unseal(m.raw, 'raw', m.sha256),"                \
    " m.purged_us"                                                             \
    " FROM message m JOIN feed f ON f.id = m.feed"

#define PL_SUGGESTION_COLUMNS                                                  \
    "SELECT s.id, s.resource, i.authority, i.value, i.type, s.encounter,"      \
    " s.topic, s.kind, s.audience, s.language, s.horizon_days, s.model,"       \
    " s.stage, s.release, s.patient_facing, s.never_patient, s.as_of_us,"      \
    " s.p, unseal(s.statement, 'statement', s.resource, s.patient, s.model, "  \
    "s.created_us),"                                                           \
    " unseal(s.detail, 'detail', s.resource, s.patient, s.model, "             \
    "s.created_us), s.created_us, s.superseded_us,"                            \
    " s.detail_bytes, s.deflated, s.needs"                                     \
    " FROM suggestion s JOIN identifier i ON i.id = s.patient"

/* A move: who, whose it is now, which. */
#define PL_MOVED                                                               \
    "SELECT m.prior, p.authority, p.value, p.type,"                            \
    " m.current, c.authority, c.value, c.type,"                                \
    " m.prior_visit, m.visit, m.said_us FROM moved m"                          \
    " JOIN identifier p ON p.id = m.prior"                                     \
    " JOIN identifier c ON c.id = m.current"                                   \
    " WHERE m.available_us <= ?2 AND +m.prior_visit > ''"

#define PL_LAST_FEEDBACK                                                       \
    "(SELECT id FROM feedback WHERE card = c.id"                               \
    " ORDER BY at_us DESC, id DESC LIMIT 1)"

#define PL_READS(X)                                                            \
    X(BEGIN, "BEGIN")                                                          \
    X(COMMIT, "COMMIT")                                                        \
    X(NUMBERED, "SELECT id, authority, value, type FROM identifier"            \
                " WHERE id = ?1")                                              \
    X(EXACT, "SELECT id, authority, value, type FROM identifier"               \
             " WHERE value = ?1 AND authority = ?2")                           \
    X(VALUE, "SELECT id, authority, value, type,"                              \
             " EXISTS(SELECT 1 FROM said WHERE identifier = id)"               \
             " FROM identifier WHERE value = ?1 ORDER BY authority LIMIT ?2")  \
    X(LINKS, "SELECT l.other, i.authority, i.value, i.type, l.is_plain"        \
             " FROM link l JOIN identifier i ON i.id = l.other"                \
             " WHERE l.identifier = ?1 AND l.first_us <= ?2"                   \
             " AND " PL_LINK_STANDS(" AND available_us <= ?2"))                \
    X(LINKS_NOW, "SELECT l.other, i.authority, i.value, i.type, l.is_plain"    \
                 " FROM link l INDEXED BY link_stands"                         \
                 " JOIN identifier i ON i.id = l.other"                        \
                 " WHERE l.identifier = ?1 AND l.is_over = 0 AND ?2 IS ?2")    \
    X(MOVES, "SELECT m.current, i.authority, i.value, i.type, m.said_us"       \
             " FROM moved m JOIN identifier i ON i.id = m.current"             \
             " WHERE m.prior = ?1 AND m.prior_visit = ''"                      \
             " AND m.available_us <= ?2")                                      \
    X(MOVED_FROM, PL_MOVED " AND m.prior = ?1")                                \
    X(MOVED_TO, PL_MOVED " AND m.current = ?1")                                \
    X(LEFT, PL_MOVED " AND m.prior = ?1 AND m.prior_visit = ?3")               \
    X(CAME, PL_MOVED " AND m.current = ?1 AND m.visit = ?3")                   \
    X(CLAIMS, "SELECT message, unseal(claims, 'claims', identifier, sha256)"   \
              " FROM said WHERE identifier = ?1"                               \
              " AND min_available_us <= ?2 AND length(claims) > 0")            \
    X(EVENTS,                                                                  \
      "SELECT message, sha256, unseal(events, 'events', identifier, sha256),"  \
      " min_available_us FROM said"                                            \
      " WHERE identifier = ?1 AND n_events > 0 ORDER BY message")              \
    X(IS_VISITED, "SELECT 1 FROM visited WHERE identifier = ?1"                \
                  " AND visit = ''")                                           \
    X(EVENTS_OF_VISIT,                                                         \
      "SELECT s.message, s.sha256, unseal(s.events, 'events', s.identifier,"   \
      " s.sha256), s.min_available_us FROM visited v JOIN said s"              \
      " ON s.identifier = v.identifier AND s.message = v.message"              \
      " WHERE v.identifier = ?1 AND v.visit = ?2 AND s.n_events > 0"           \
      " ORDER BY v.message")                                                   \
    /* Claims are available once their message has come. */                    \
    X(NEWEST, "SELECT max(coalesce((SELECT max(received_us) FROM message"      \
              " WHERE purged_us = 0), 0), coalesce((SELECT max(received_us)"   \
              " FROM message WHERE purged_us <> 0 AND forgotten_us = 0), 0))") \
    X(CLOSINGS, "SELECT coalesce(max(n), 0) FROM closing")                     \
    X(NEXT_MESSAGE,                                                            \
      PL_MESSAGE_COLUMNS " WHERE m.id > ?1 ORDER BY m.id LIMIT 1")             \
    X(GET_MESSAGE, PL_MESSAGE_COLUMNS " WHERE m.sha256 = ?1")                  \
    X(OF_FEED, PL_MESSAGE_COLUMNS                                              \
      " WHERE f.name = ?1 AND m.id < ?2"                                       \
      " AND m.id > (SELECT coalesce(max(id), 0) FROM message) - ?3"            \
      " ORDER BY m.id DESC LIMIT 1")                                           \
    X(ARRIVALS,                                                                \
      "SELECT m.id, f.name, m.sender, m.received_us, m.said_us"                \
      " FROM message m JOIN feed f ON f.id = m.feed"                           \
      " WHERE m.id > (SELECT coalesce(max(id), 0) FROM message) - ?1"          \
      " ORDER BY m.id")                                                        \
    /* Control ids are indexed behind their sender: of each sender in turn. */ \
    X(NAMED,                                                                   \
      "WITH RECURSIVE sender(x) AS ("                                          \
      " SELECT min(sender) FROM message WHERE control_id <> ''"                \
      " UNION ALL SELECT (SELECT min(m.sender) FROM message m"                 \
      " WHERE m.control_id <> '' AND m.sender > sender.x) FROM sender"         \
      " WHERE sender.x IS NOT NULL),"                                          \
      " hit(id) AS (SELECT id FROM message WHERE id = ?4"                      \
      " UNION SELECT id FROM message WHERE sha256 BETWEEN ?2 AND ?3"           \
      " UNION SELECT m.id FROM sender JOIN message m"                          \
      " ON m.sender = sender.x AND m.control_id = ?1"                          \
      " AND m.control_id <> ''),"                                              \
      " newest(id) AS (SELECT id FROM hit ORDER BY id DESC LIMIT ?5)"          \
      " SELECT m.id, m.sha256, f.name, m.sender, m.control_id, m.kind,"        \
      " m.format, m.received_us, m.raw_bytes, coalesce(a.n, 0),"               \
      " coalesce(a.last_us, 0), m.said_us, m.n_warnings, m.reused"             \
      " FROM newest JOIN message m ON m.id = newest.id"                        \
      " JOIN feed f ON f.id = m.feed LEFT JOIN again a ON a.message = m.id"    \
      " ORDER BY m.id")                                                        \
    X(NAMED_REFUSALS,                                                          \
      "SELECT r.id, r.sha256, f.name, r.sender, r.control_id, r.kind,"         \
      " r.format, r.first_us, r.raw_bytes, r.n - 1, r.last_us, r.what,"        \
      " r.place FROM refusal r JOIN feed f ON f.id = r.feed WHERE r.id IN"     \
      " (SELECT id FROM refusal WHERE control_id = ?1 AND control_id <> ''"    \
      " UNION SELECT id FROM refusal WHERE sha256 BETWEEN ?2 AND ?3"           \
      " ORDER BY id DESC LIMIT ?5) AND ?4 IS ?4 ORDER BY r.id")                \
    X(PROGRESS, "SELECT maps, after, finished, n_read, n_changed,"             \
                " n_unreadable, n_asked FROM reprocess")                       \
    X(RECEIVED, "SELECT received_us FROM message WHERE id = ?1")               \
    X(DERIVED, "SELECT derived FROM message WHERE id = ?1")                    \
    X(SAID_OF, "SELECT i.authority, i.value, i.type, unseal(s.claims, "        \
               "'claims', s.identifier, s.sha256), s.n_events,"                \
               " unseal(s.events, 'events', s.identifier, s.sha256) FROM "     \
               "said s JOIN identifier i"                                      \
               " ON i.id = s.identifier WHERE s.identifier = ?1"               \
               " AND s.message = ?2")                                          \
    X(DUE, "SELECT d.id, i.authority, i.value, i.type, d.message, d.reason,"   \
           " CASE m.said_us WHEN 0 THEN m.received_us ELSE m.said_us END"      \
           " FROM due d JOIN identifier i ON i.id = d.identifier"              \
           " JOIN message m ON m.id = d.message"                               \
           " WHERE d.state = 0 AND d.id > ?1 ORDER BY d.id LIMIT ?2")          \
    X(FEEDS, "SELECT name, n_messages, n_warned, n_reused, n_events,"          \
             " raw_bytes, stored_bytes, last_received_us, last_said_us"        \
             " FROM feed ORDER BY name")                                       \
    X(ACCOUNTS, "SELECT f.name, a.name, a.n_seen, a.n_used, a.n_unused,"       \
                " a.n_text, a.n_mapped, a.n_odd"                               \
                " FROM account a JOIN feed f ON f.id = a.feed"                 \
                " ORDER BY f.name, a.name")                                    \
    X(TOTALS, "SELECT (SELECT count(*) FROM feed),"                            \
              " (SELECT count(*) FROM account),"                               \
              " (SELECT coalesce(max(id), 0) FROM identifier),"                \
              " (SELECT count(*) FROM due WHERE state = 0),"                   \
              " (SELECT page_count FROM pragma_page_count)"                    \
              " * (SELECT page_size FROM pragma_page_size)")                   \
    X(STRAY, "SELECT s.message FROM said s LEFT JOIN message m"                \
             " ON m.id = s.message WHERE m.sha256 IS NOT s.sha256 LIMIT 1")    \
    X(ALL_SAID, "SELECT message, min_available_us,"                            \
                " unseal(claims, 'claims', identifier, sha256), n_events,"     \
                " unseal(events, 'events', identifier, sha256), identifier,"   \
                " (SELECT format FROM message m WHERE m.id = said.message)"    \
                " FROM said")                                                  \
    X(HAS_RESOURCE, "SELECT 1 FROM resource WHERE key = ?1"                    \
                    " AND identifier = ?2 AND message = ?3")                   \
    X(VERSIONS, "SELECT r.identifier, r.message, s.sha256,"                    \
                " unseal(s.events, 'events', s.identifier, s.sha256)"          \
                " FROM resource r JOIN said s ON s.identifier = r.identifier"  \
                " AND s.message = r.message WHERE r.key = ?1"                  \
                " AND (?2 = 0 OR r.identifier = ?2) AND s.n_events > 0"        \
                " ORDER BY r.identifier, r.message")                           \
    X(DELETED, "SELECT at_us FROM deleted WHERE key = ?1 AND fact = ?2"        \
               " AND at_us >= ?3 ORDER BY at_us LIMIT 1")                      \
    X(WITHDRAWALS,                                                             \
      "SELECT w.id, w.identifier, w.key, i.authority, i.value, i.type, f.id"   \
      " FROM (SELECT id, identifier FROM withdrawal WHERE id > ?2"             \
      " ORDER BY id LIMIT 1) f"                                                \
      " JOIN identifier i ON i.id = f.identifier"                              \
      " JOIN withdrawal w ON w.identifier = f.identifier"                      \
      " ORDER BY w.id LIMIT ?1")                                               \
    X(SUGGESTION, PL_SUGGESTION_COLUMNS " WHERE s.id = ?1")                    \
    X(OF_PATIENT, PL_SUGGESTION_COLUMNS                                        \
      " WHERE s.patient = (SELECT id FROM identifier WHERE value = ?3"         \
      " AND authority = ?4) AND s.superseded_us = 0 AND s.id > ?1"             \
      " ORDER BY s.id LIMIT ?2")                                               \
    X(OF_RESOURCE, PL_SUGGESTION_COLUMNS                                       \
      " WHERE s.resource = ?3 AND s.superseded_us = 0 AND s.id > ?1"           \
      " ORDER BY s.id LIMIT ?2")                                               \
    X(UNRELEASED, PL_SUGGESTION_COLUMNS                                        \
      " WHERE s.release = 1 AND s.superseded_us = 0 AND s.stage > 1"           \
      " AND s.id > ?1"                                                         \
      " ORDER BY s.id LIMIT ?2")                                               \
    /* A patient's later rows wait for the first one. */                       \
    X(OUTBOX_DUE,                                                              \
      "SELECT id, attempts, created_us,"                                       \
      " unseal(payload, 'payload', patient, sha256, created_us), sha256, "     \
      "suggestion, kind, done"                                                 \
      " FROM outbox o WHERE state = 0 AND channel = 0 AND next_us <= ?1"       \
      " AND NOT EXISTS"                                                        \
      " (SELECT 1 FROM outbox e WHERE e.patient = o.patient"                   \
      " AND e.state = 0 AND e.channel = 0 AND e.id < o.id)"                    \
      " ORDER BY next_us, id LIMIT 1")                                         \
    X(OUTBOX_NEXT, "SELECT min(next_us) FROM outbox WHERE state = 0"           \
                   " AND channel = 0")                                         \
    X(FILING_DUE,                                                              \
      "SELECT id, attempts, created_us,"                                       \
      " unseal(payload, 'payload', patient, sha256, created_us), sha256, "     \
      "suggestion, kind, ready, released_by, origin, n_errors"                 \
      " FROM outbox o WHERE state = 0 AND channel = 1 AND next_us <= ?1"       \
      " AND NOT EXISTS"                                                        \
      " (SELECT 1 FROM outbox e WHERE e.patient = o.patient"                   \
      " AND e.state = 0 AND e.channel = 1 AND e.id < o.id)"                    \
      " ORDER BY next_us, id LIMIT 1")                                         \
    X(FILING_NEXT, "SELECT min(next_us) FROM outbox WHERE state = 0"           \
                   " AND channel = 1")                                         \
    X(FILED, "SELECT n FROM filed WHERE resource = ?1 AND audience = ?2"       \
             " AND language = ?3")                                             \
    X(AUDIT, "SELECT a.seq, a.time_us, a.actor, a.role, a.action, a.subject,"  \
             " a.details, a.prev_hash, a.hash FROM audit a"                    \
             " WHERE a.seq > ?1 ORDER BY a.seq LIMIT 1")                       \
    /* feedback.h: of each card the last word that was given about it. */      \
    X(SHOWINGS,                                                                \
      "SELECT c.kind, c.topic, c.drivers, c.p, c.shown_us, c.service,"         \
      " c.instance, f.response, f.received_us FROM card c"                     \
      " LEFT JOIN feedback f ON f.id = " PL_LAST_FEEDBACK                      \
      " WHERE c.patient = (SELECT id FROM identifier WHERE value = ?1"         \
      " AND authority = ?2) AND c.quiet = 0"                                   \
      " AND (c.shown_us > ?3 OR f.received_us > ?3)")                          \
    X(CARD_COUNTS, "SELECT kind, topic, fate, why, n FROM card_count"          \
                   " ORDER BY kind, topic, fate, why")                         \
    X(DEALT,                                                                   \
      "SELECT c.service, c.kind, c.topic, c.quiet, count(*), f.accepted,"      \
      " f.reason FROM card c LEFT JOIN feedback f"                             \
      " ON f.id = " PL_LAST_FEEDBACK " WHERE c.shown_us >= ?1"                 \
      " GROUP BY c.service, c.kind, c.topic, c.quiet, f.accepted,"             \
      " f.reason ORDER BY c.service, c.kind, c.topic, c.quiet,"                \
      " f.accepted, f.reason")                                                 \
    X(DEALT_TO,                                                                \
      "SELECT c.service, count(DISTINCT c.patient),"                           \
      " count(DISTINCT iif(s.encounter = '', NULL,"                            \
      " c.patient || '|' || s.encounter)), count(DISTINCT c.instance),"        \
      " sum(c.quiet = 0), sum(c.quiet = 0 AND s.encounter <> '')"              \
      " FROM card c JOIN suggestion s ON s.id = c.suggestion"                  \
      " WHERE c.shown_us >= ?1 GROUP BY c.service"                             \
      " ORDER BY c.service")                                                   \
    X(AUDIT_HEAD, "SELECT seq, hash FROM audit_head")                          \
    X(STAGES, "SELECT stage, n FROM stage_count")                              \
    X(OUTGOING, "SELECT (SELECT seq FROM audit_head),"                         \
                " (SELECT count(*) FROM outbox WHERE state = 0"                \
                " AND channel = 0),"                                           \
                " (SELECT count(*) FROM outbox WHERE state = 1"                \
                " AND channel = 0),"                                           \
                " (SELECT count(*) FROM outbox WHERE state = 3"                \
                " AND channel = 0),"                                           \
                " (SELECT coalesce(min(created_us), 0) FROM outbox"            \
                " WHERE state = 0 AND channel = 0),"                           \
                " (SELECT count(*) FROM suggestion"                            \
                " WHERE release = 1 AND superseded_us = 0 AND stage > 1),"     \
                " (SELECT count(*) FROM outbox WHERE state = 0"                \
                " AND channel = 1),"                                           \
                " (SELECT count(*) FROM outbox WHERE state = 1"                \
                " AND channel = 1),"                                           \
                " (SELECT count(*) FROM outbox WHERE state = 3"                \
                " AND channel = 1),"                                           \
                " (SELECT coalesce(min(created_us), 0) FROM outbox"            \
                " WHERE state = 0 AND channel = 1)")                           \
    X(SENT, "SELECT type, model, address, version, state FROM sent"            \
            " WHERE resource = ?1")                                            \
    X(UNSETTLED,                                                               \
      "SELECT id, patient, kind + 2 * channel, state, attempts, error,"        \
      " created_us, next_us FROM outbox"                                       \
      " WHERE state IN (0, 1, 3) AND id > ?1 ORDER BY id LIMIT ?2")            \
    X(MODELS, "SELECT model, max(id) FROM suggestion WHERE model > ?1"         \
              " GROUP BY model ORDER BY model LIMIT 1")                        \
    X(TO_RECALL, "SELECT (SELECT count(*) FROM suggestion WHERE model = ?1"    \
                 " AND superseded_us = 0), (SELECT count(*) FROM sent"         \
                 " WHERE model = ?1 AND state = 0), (SELECT count(*)"          \
                 " FROM outbox WHERE state IN (0, 1) AND kind = 0"             \
                 " AND origin LIKE ?2)")                                       \
    X(SWITCH_GENERATION, "SELECT n FROM switch_generation")                    \
    X(SWITCHES, "SELECT name, since_us, actor, role, reason FROM switch"       \
                " ORDER BY name")

enum pl_read {
#define X(name, text) PL_R_##name,
    PL_READS(X)
#undef X
        PL_N_READS
};

struct pl_reader {
    struct pl_db db;
};

/* An identifier with its number in the store. */
struct pl_numbered {
    int64_t number;
    struct ctx_identifier id;
};

/* Between these two, every statement sees the same state. */
enum an_code pl_reader_begin(struct pl_reader *r, struct an_err *err)
    __attribute__((warn_unused_result));
/* Passes `code` on, unless the end itself is what failed. */
enum an_code pl_reader_end(struct pl_reader *r, enum an_code code,
                           struct an_err *err);

/* Reads what the writer sees within its transaction, until it leaves, also where
 * this failed: no begin and no end. */
enum an_code pl_reader_within(struct pl_reader *r, const struct pl_db *writer,
                              struct an_err *err)
    __attribute__((warn_unused_result));
void pl_reader_leave(struct pl_reader *r);

/* A statement ready to be bound. */
sqlite3_stmt *pl_reader_stmt(struct pl_reader *r, enum pl_read which);
/* *more says whether there is a row.  A statement that has no more, or failed,
 * is reset. */
enum an_code pl_reader_step(struct pl_reader *r, sqlite3_stmt *s, bool *more,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* A copy of a column in the arena. */
bool pl_column_copy(struct an_arena *arena, sqlite3_stmt *s, int at,
                    struct an_str *copy) __attribute__((warn_unused_result));
/* Number, authority, value, type from four columns. */
bool pl_column_identifier(struct an_arena *arena, sqlite3_stmt *s, int at,
                          struct ctx_identifier *id)
    __attribute__((warn_unused_result));

/* `old` of n things if it has room for one more, else a larger copy, else
 * NULL; *room begins at 0. */
void *pl_grown(struct an_arena *arena, void *old, size_t n, size_t *room,
               size_t each) __attribute__((warn_unused_result));

/* What claims about persons hang together around one identifier; some may not
 * be valid.  Claims about visits are no part of it, nor are links that were
 * over by the moment, or had not begun.  A dummy record, to which patients are
 * attached until they are known, would make one of them all. */
struct pl_web {
    struct pl_numbered *node;
    size_t n_nodes, room_nodes;
    struct ctx_claim *claim;
    size_t n_claims, room_claims;
    bool is_plain; /* identifiers were listed together, and that is all */
};

/* These between begin and end. */
/* The events of a row: from column `at` on the message's number, its hash, and
 * what is said in it. */
enum an_code pl_column_events(struct an_arena *arena, sqlite3_stmt *s, int at,
                              const struct ctx_event **out, size_t *n,
                              struct an_err *err)
    __attribute__((warn_unused_result));
/* Of the facts that have that key, and of others: few of very many. */
enum an_code pl_column_events_of(struct an_arena *arena, sqlite3_stmt *s,
                                 int at, int64_t key,
                                 const struct ctx_event **out, size_t *n,
                                 struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code pl_exact(struct pl_reader *r, struct an_arena *arena,
                      const struct ctx_identifier *who, struct pl_numbered *out,
                      struct an_err *err) __attribute__((warn_unused_result));
/* Of its number. */
enum an_code pl_numbered_get(struct pl_reader *r, struct an_arena *arena,
                             struct pl_numbered *who, struct an_err *err)
    __attribute__((warn_unused_result));
/* The web of *who, and the person in it as of the moment. */
enum an_code pl_web_person(struct pl_reader *r, struct an_arena *arena,
                           const struct pl_numbered *who, int64_t as_of_us,
                           struct pl_web *web, struct ctx_person *out,
                           struct an_err *err)
    __attribute__((warn_unused_result));
bool pl_is_member(const struct ctx_person *p, const struct ctx_identifier *id);

/* The members of a person, with their numbers. */
struct pl_someone {
    const struct pl_numbered *member;
    size_t n_members;
};

/* A visit of a person to which moves lead, or from which. */
struct pl_visit {
    size_t person;
    struct an_str visit;
    bool is_source; /* it may be the first one's now */
    bool left, came;
};

/* Moves of visits as of a moment, as far as they matter for one person, who is
 * the first. */
struct pl_visits {
    int64_t as_of_us;
    struct pl_someone *person;
    size_t n_persons, room_persons;
    size_t n_alone; /* of others, each one number of too many (pl_history) */
    struct pl_visit *visit; /* of others */
    size_t n_visits, room_visits;
    struct ctx_visit_move *move;
    size_t n_moves, room_moves;
    struct pl_index {
        uint64_t hash;
        size_t at; /* 1-based; 0: free */
    } * of_number, *of_visit;
    size_t n_of_number, room_of_number, room_of_visit;
};

/* Finds *out->person[0] and, one at a time, each visit that came from another
 * or went to one: what it costs depends on those alone, not on what else the
 * others have. */
enum an_code pl_visits_find(struct pl_reader *r, struct an_arena *arena,
                            const struct pl_web *web,
                            const struct ctx_person *person, int64_t as_of_us,
                            struct pl_visits *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* Which of the persons has this number, if any of them. */
bool pl_visits_person(const struct pl_visits *v, int64_t number,
                      size_t *person);

/* The visit of what is no visit's: of one who was erased, it only closes something
 * of others (erase_int.h), and no version of a fact goes with it. */
#define PL_VISIT_CLOSED "erased"

/* facts.c: the name that a fact has among the visits of `visited`, for those
 * identifiers that have rows there: a byte that begins no visit's, and some bits
 * of its hash.  Others may have the same. */
enum { PL_FACT_NAME = 6 };
enum an_code pl_fact_name(struct an_str fact, char name[PL_FACT_NAME],
                          struct an_err *err)
    __attribute__((warn_unused_result));
static inline bool pl_is_fact_name(struct an_str visit)
{
    return visit.n && visit.p[0] == '\1';
}

/* With the place that err cannot know by itself. */
enum an_code pl_fail_message(struct an_err *err, enum an_code code,
                             const char *what, int64_t message);

#endif

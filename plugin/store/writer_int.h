/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of one intake, written inside a transaction that store.c holds.
 * Functions here return SQLite's codes, SQLITE_OK for success.
 *
 * Thread-safety: confined; store.c's lock. */
#ifndef PLUGIN_STORE_WRITER_INT_H
#define PLUGIN_STORE_WRITER_INT_H

#include "plugin/store/conclude.h"
#include "plugin/store/db_int.h"
#include "plugin/store/deliveries_int.h"
#include "plugin/store/filing_int.h"
#include "plugin/store/led_int.h"
#include "plugin/store/store.h"
#include "plugin/store/switches_int.h"
#include "plugin/trust/audit.h"

/* All identifiers that claims about persons hang together with these, but for
 * links that are over; other links may not be valid. */
#define PL_WEB_OF(these)                                                       \
    "WITH RECURSIVE web(i) AS (VALUES" these " UNION SELECT l.other FROM web"  \
    " JOIN link l INDEXED BY link_stands"                                      \
    " ON l.identifier = web.i AND l.is_over = 0) "
#define PL_WEB PL_WEB_OF("(?1)")
/* Of both whom a claim is about: they may be two persons. */
#define PL_WEBS PL_WEB_OF("(?1), (?9)")

#define PL_WRITES(X)                                                             \
    X(BEGIN, "BEGIN IMMEDIATE")                                                  \
    X(COMMIT, "COMMIT")                                                          \
    X(FIND_SAME,                                                                 \
      "SELECT id, received_us, n_warnings, reused, feed, derived,"               \
      " purged_us <> 0 OR forgotten_us <> 0 FROM message WHERE sha256 = ?1")     \
    X(FIND_CONTROL, "SELECT 1 FROM message WHERE sender = ?1"                    \
                    " AND control_id = ?2 AND control_id <> '' LIMIT 1")         \
    X(FIND_FEED, "SELECT id FROM feed WHERE name = ?1")                          \
    X(PUT_FEED, "INSERT INTO feed(name) VALUES(?1)")                             \
    X(FIND_ID, "SELECT id, type FROM identifier"                                 \
               " WHERE value = ?1 AND authority = ?2")                           \
    X(PUT_ID, "INSERT INTO identifier(value, authority, type)"                   \
              " VALUES(?1, ?2, ?3)")                                             \
    X(TYPE_ID, "UPDATE identifier SET type = ?2 WHERE id = ?1")                  \
    X(PUT_MESSAGE,                                                               \
      "INSERT INTO message(sha256, feed, sender, control_id, kind, format,"      \
      " received_us, said_us, n_warnings, reused, derived, raw_bytes,"           \
      " deflated, raw) "                                                         \
      "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,"                       \
      "seal(?14, 'raw', ?1))")                                                   \
    X(REDO_MESSAGE, "UPDATE message SET kind = ?2, said_us = ?3,"                \
                    " n_warnings = ?4, derived = ?5 WHERE id = ?1")              \
    X(PUT_SAID,                                                                  \
      "INSERT INTO said(identifier, message, sha256, min_available_us,"          \
      " claims, n_events, events) VALUES(?1,?2,?3,?4,"                           \
      "seal(?5, 'claims', ?1, ?3),?6,seal(?7, 'events', ?1, ?3))")               \
    X(GET_SAID,                                                                  \
      "SELECT unseal(claims, 'claims', identifier, sha256),"                     \
      " unseal(events, 'events', identifier, sha256), n_events FROM said"        \
      " WHERE identifier = ?1 AND message = ?2")                                 \
    X(KEEP_SAID,                                                                 \
      "UPDATE said SET min_available_us = ?3, n_events = ?4, events ="           \
      " seal(?5, 'events', identifier, sha256)"                                  \
      " WHERE identifier = ?1 AND message = ?2")                                 \
    X(CUT_SAID,                                                                  \
      "UPDATE said SET min_available_us = ?3, n_events = ?4, events ="           \
      " seal(?5, 'events', identifier, sha256), claims ="                        \
      " seal(?6, 'claims', identifier, sha256)"                                  \
      " WHERE identifier = ?1 AND message = ?2")                                 \
    X(DROP_SAID, "DELETE FROM said WHERE identifier = ?1 AND message = ?2")      \
    X(ASK_AGAIN, PL_WEB                                                          \
      "INSERT INTO due(identifier, message, reason)"                             \
      " SELECT ?1, coalesce((SELECT max((SELECT max(s.message) FROM said s"      \
      " WHERE s.identifier = web.i)) FROM web), ?2), ?3"                         \
      " WHERE EXISTS (SELECT 1 FROM web JOIN suggestion g"                       \
      " ON g.patient = web.i WHERE g.superseded_us = 0)"                         \
      " AND NOT EXISTS (SELECT 1 FROM web JOIN due d"                            \
      " ON d.identifier = web.i WHERE d.state = 0 AND d.reason = 4)")            \
    X(PROGRESS, "INSERT INTO reprocess VALUES(1,?1,?2,?3,?4,?5,?6,?7)"           \
                " ON CONFLICT(one) DO UPDATE SET maps = excluded.maps,"          \
                " after = excluded.after, finished = excluded.finished,"         \
                " n_read = excluded.n_read, n_changed = excluded.n_changed,"     \
                " n_unreadable = excluded.n_unreadable,"                         \
                " n_asked = excluded.n_asked")                                   \
    X(PUT_LINK,                                                                  \
      "INSERT INTO link(identifier, other, message, first_us, is_plain)"         \
      " VALUES(?1, ?2, ?3, ?4, ?6) ON CONFLICT DO NOTHING")                      \
    /* Of one that is new: since when a move of one of them parts them. */       \
    X(DATE_LINK,                                                                 \
      "UPDATE link SET last_us = ?3, parted_us = (SELECT max(1, max(said_us))"   \
      " FROM moved WHERE prior IN (?1, ?2) AND prior_visit = '')"                \
      " WHERE identifier = ?1 AND other = ?2 AND (EXISTS (SELECT 1 FROM moved"   \
      " WHERE prior = ?1 AND prior_visit = '') OR EXISTS (SELECT 1 FROM moved"   \
      " WHERE prior = ?2 AND prior_visit = ''))")                                \
    X(WIDEN_LINK,                                                                \
      "UPDATE link SET message = min(message, ?3),"                              \
      " first_us = min(first_us, ?4), last_us = max(last_us, ?5),"               \
      " is_plain = min(is_plain, ?6) WHERE identifier = ?1 AND other = ?2"       \
      " AND (message > ?3 OR first_us > ?4 OR last_us < ?5"                      \
      " OR is_plain > ?6)")                                                      \
    X(DOUBT_LINK, "UPDATE link SET is_plain = 0"                                 \
                  " WHERE identifier IN (?1, ?2) AND other IN (?1, ?2)")         \
    X(LINKS_OF, "SELECT other, message, last_us FROM link"                       \
                " WHERE identifier = ?1 ORDER BY other")                         \
    X(END_LINK, "UPDATE link SET last_us = ?3"                                   \
                " WHERE identifier IN (?1, ?2) AND other IN (?1, ?2)")           \
    X(JUDGE_LINK, "UPDATE link AS l SET is_over = NOT " PL_LINK_STANDS(          \
                      "") " WHERE identifier = ?1 AND other = ?2")               \
    X(CLAIMS_SINCE,                                                              \
      "SELECT unseal(claims, 'claims', identifier, sha256) FROM said"            \
      " WHERE identifier = ?1 AND message >= ?2 AND length(claims) > 0")         \
    X(PUT_MOVED,                                                                 \
      "INSERT INTO moved(prior, prior_visit, said_us, current, visit, "          \
      "message,"                                                                 \
      " available_us) VALUES(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT DO NOTHING")      \
    X(FIND_MOVED, "SELECT 1 FROM moved WHERE prior = ?1 AND prior_visit = ?2"    \
                  " AND said_us = ?3 AND current = ?4 AND visit = ?5"            \
                  " AND message = ?6")                                           \
    X(DROP_MOVED, "DELETE FROM moved WHERE prior = ?1 AND prior_visit = ?2"      \
                  " AND said_us = ?3 AND current = ?4 AND visit = ?5"            \
                  " AND message = ?6")                                           \
    X(NOT_VISITED,                                                               \
      PL_WEBS "SELECT i FROM web WHERE NOT EXISTS (SELECT 1 FROM visited"        \
              " WHERE identifier = i AND visit = '') LIMIT ?2")                  \
    X(FIND_VISITED, "SELECT 1 FROM visited WHERE identifier = ?1"                \
                    " AND visit = ''")                                           \
    X(PUT_VISITED, "INSERT INTO visited(identifier, visit, message)"             \
                   " VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING")                 \
    X(DROP_VISITED, "DELETE FROM visited WHERE identifier = ?1 AND visit = ?2"   \
                    " AND message = ?3")                                         \
    X(SPEAKS_OF, "SELECT message FROM visited WHERE identifier = ?1"             \
                 " AND visit = ?2 LIMIT 1")                                      \
    X(KEEP_NAMELESS,                                                             \
      "INSERT INTO said(identifier, message, sha256, min_available_us,"          \
      " claims, n_events, events) SELECT ?1, id, sha256, ?3, x'', ?4,"           \
      " seal(?5, 'events', ?1, sha256) FROM message WHERE id = ?2"               \
      " ON CONFLICT(identifier, message) DO UPDATE SET min_available_us ="       \
      " excluded.min_available_us, n_events = excluded.n_events,"                \
      " events = excluded.events")                                               \
    X(GET_DERIVED, "SELECT derived FROM message WHERE id = ?1")                  \
    X(SET_DERIVED, "UPDATE message SET derived = ?2 WHERE id = ?1")              \
    X(CLAIMING_SINCE, "SELECT message FROM said WHERE identifier = ?1"           \
                      " AND message >= ?2 AND length(claims) > 0 LIMIT ?3")      \
    X(EVENTS_OF,                                                                 \
      "SELECT message, unseal(events, 'events', identifier, sha256)"             \
      " FROM said WHERE identifier = ?1 AND n_events > 0")                       \
    /* resources.c */                                                            \
    X(PUT_RESOURCE, "INSERT INTO resource(key, identifier, message)"             \
                    " VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING")                \
    X(DROP_RESOURCE, "DELETE FROM resource WHERE key = ?1"                       \
                     " AND identifier = ?2 AND message = ?3")                    \
    X(FIND_DELETED, "SELECT 1 FROM deleted WHERE key = ?1 LIMIT 1")              \
    X(PUT_DELETED, "INSERT INTO deleted(key, fact, at_us) SELECT ?1, ?2, ?3"     \
                   " WHERE NOT EXISTS (SELECT 1 FROM deleted WHERE key = ?1"     \
                   " AND fact = ?2 AND at_us >= ?4) ON CONFLICT DO NOTHING")     \
    X(PUT_WITHDRAWAL, "INSERT INTO withdrawal(identifier, key)"                  \
                      " VALUES(?1, ?2)")                                         \
    X(PUT_WITHDRAWALS, "INSERT INTO withdrawal(identifier, key)"                 \
                       " SELECT DISTINCT identifier, key FROM resource"          \
                       " WHERE key = ?1")                                        \
    X(DROP_WITHDRAWAL, "DELETE FROM withdrawal WHERE id = ?1")                   \
    X(FIND_FORMAT, "SELECT format FROM message WHERE id = ?1")                   \
    X(GET_INDEXING, "SELECT after, until FROM indexing WHERE one = 1")           \
    X(SET_INDEXING, "UPDATE indexing SET after = ?1 WHERE one = 1")              \
    X(FIND_UNINDEXED, "SELECT id, derived FROM message"                          \
                      " WHERE id > ?1 AND id <= ?2 AND format = ?3")             \
    X(PUT_DUE, "INSERT INTO due(identifier, message, reason)"                    \
               " VALUES(?1, ?2, ?3)")                                            \
    X(DUE_DONE, "UPDATE due SET state = 1 WHERE id = ?1 AND state = 0")          \
    X(DUE_GIVEN_UP, "UPDATE due SET state = 1 WHERE state = 0 AND message ="     \
                    " (SELECT id FROM message WHERE sha256 = ?1)")               \
    X(ADD_FEED, "UPDATE feed SET n_messages = n_messages + ?2,"                  \
                " n_warned = n_warned + ?3, n_reused = n_reused + ?4,"           \
                " n_events = n_events + ?5, raw_bytes = raw_bytes + ?6,"         \
                " stored_bytes = stored_bytes + ?7,"                             \
                " last_received_us = max(last_received_us, ?8),"                 \
                " last_said_us = max(last_said_us, ?9) WHERE id = ?1")           \
    X(ADD_ACCOUNT,                                                               \
      "INSERT INTO account(feed, name, n_seen, n_used, n_unused, n_text,"        \
      " n_mapped, n_odd) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)"                        \
      " ON CONFLICT(feed, name) DO UPDATE SET"                                   \
      " n_seen = n_seen + excluded.n_seen,"                                      \
      " n_used = n_used + excluded.n_used,"                                      \
      " n_unused = n_unused + excluded.n_unused,"                                \
      " n_text = n_text + excluded.n_text,"                                      \
      " n_mapped = n_mapped + excluded.n_mapped,"                                \
      " n_odd = n_odd + excluded.n_odd")                                         \
    X(PUT_AGAIN, "INSERT INTO again(message, n, last_us) VALUES(?1, 1, ?2)"      \
                 " ON CONFLICT(message) DO UPDATE SET n = n + 1,"                \
                 " last_us = max(last_us, excluded.last_us)")                    \
    X(PUT_REFUSAL,                                                               \
      "INSERT INTO refusal(sha256, feed, sender, control_id, kind, format,"      \
      " raw_bytes, what, place, first_us, last_us)"                              \
      " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?10)"                              \
      " ON CONFLICT(sha256) DO UPDATE SET n = n + 1, what = excluded.what,"      \
      " place = excluded.place, last_us = max(last_us, excluded.last_us)")       \
    X(DROP_REFUSALS, "DELETE FROM refusal WHERE id <="                           \
                     " (SELECT max(id) FROM refusal) - ?1")                      \
    X(SUPERSEDE, "UPDATE suggestion SET superseded_us = ?1"                      \
                 " WHERE superseded_us = 0 AND resource = ?2"                    \
                 " AND audience = ?3 AND language = ?4")                         \
    X(SUPERSEDE_ALL, "UPDATE suggestion SET superseded_us = ?1"                  \
                     " WHERE superseded_us = 0 AND patient = ?2")                \
    X(PUT_SUGGESTION,                                                            \
      "INSERT INTO suggestion(resource, patient, encounter, topic, kind,"        \
      " audience, language, horizon_days, model, stage, release,"                \
      " patient_facing, never_patient, as_of_us, p, statement, detail,"          \
      " created_us, detail_bytes, deflated, superseded_us, needs)"               \
      " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,"              \
      "seal(?16, 'statement', ?1, ?2, ?9, ?18), seal(?17, 'detail', ?1, ?2, "    \
      "?9, ?18),"                                                                \
      "?18,?19,?20,?21,?22)")                                                    \
    X(FIND_LATER, "SELECT 1 FROM suggestion WHERE superseded_us = 0"             \
                  " AND patient = ?1 AND as_of_us > ?2 AND as_of_us <= ?3"       \
                  " LIMIT 1")                                                    \
    X(FIND_RELEASE, "SELECT release FROM suggestion WHERE superseded_us = 0"     \
                    " AND resource = ?1 AND audience = ?2 AND language = ?3"     \
                    " AND unseal(statement, 'statement', resource, patient, "    \
                    "model, created_us)"                                         \
                    " = CAST(?4 AS BLOB) AND model = ?5")                        \
    X(COUNT_STAGE, "INSERT INTO stage_count(stage, n) VALUES(?1, 1)"             \
                   " ON CONFLICT(stage) DO UPDATE SET n = n + 1")                \
    X(PUT_OUTBOX,                                                                \
      "INSERT INTO outbox(patient, suggestion, payload, sha256, state,"          \
      " next_us, created_us, origin) VALUES(?1,?2,seal(?3, 'payload', ?1, "      \
      "?4, ?6),"                                                                 \
      "?4,?5,max(?6, (SELECT"                                                    \
      " coalesce(max(next_us), 0) FROM outbox WHERE patient = ?1"                \
      " AND state = 0 AND channel = 0)),?6,?7)")                                 \
    /* Texts of what nobody says any more wait for no release, and those that  \
     * were released are not sent late: the word may have been taken back. */ \
    X(DROP_HELD, "UPDATE outbox SET state = 4, payload = x'', done_us = ?1"      \
                 " WHERE state = 1 AND patient = ?2 AND EXISTS (SELECT 1 FROM"   \
                 " suggestion s WHERE s.id = outbox.suggestion"                  \
                 " AND s.superseded_us <> 0)")                                   \
    X(DROP_RELEASED,                                                             \
      "UPDATE outbox SET state = 4, payload = x'', done_us = ?1"                 \
      " WHERE state = 0 AND patient = ?2 AND EXISTS (SELECT 1 FROM"              \
      " suggestion s WHERE s.id = outbox.suggestion"                             \
      " AND s.superseded_us <> 0) AND kind = 0")                                 \
    X(DROP_WAITING, "UPDATE outbox SET state = 4, payload = x'', done_us = ?1"   \
                    " WHERE state = 0 AND kind = 0 AND patient = ?2")            \
    X(DROP_ALL_HELD,                                                             \
      "UPDATE outbox SET state = 4, payload = x'', done_us = ?1"                 \
      " WHERE state = 1 AND patient = ?2")                                       \
    X(DROP_STRANGE_WAITING,                                                      \
      "UPDATE outbox SET state = 4, payload = x'', done_us = ?1"                 \
      " WHERE state = 0 AND origin <> ?2 AND (kind = 0 OR (channel = 1 AND"      \
      " substr(origin, 1, instr(origin, '|')) <>"                                \
      " substr(?2, 1, instr(?2, '|'))))")                                        \
    X(DROP_STRANGE_HELD,                                                         \
      "UPDATE outbox SET state = 4, payload = x'', done_us = ?1"                 \
      " WHERE state = 1 AND origin <> ?2")                                       \
    X(CLOSE_NOTE,                                                                \
      PL_WEBS "INSERT INTO closing SELECT i, ?2 FROM web WHERE true"             \
              " ON CONFLICT(identifier) DO UPDATE SET n = excluded.n")           \
    X(CLOSE_NEXT, "SELECT coalesce(max(n), 0) + 1 FROM closing")                 \
    X(CLOSE_DROP,                                                                \
      PL_WEBS "UPDATE outbox SET state = 4, payload = x'', done_us = ?2"         \
              " WHERE state = 0 AND kind = 0"                                    \
              " AND patient IN (SELECT i FROM web)")                             \
    X(CLOSE_DROP_HELD,                                                           \
      PL_WEBS "UPDATE outbox SET state = 4, payload = x'', done_us = ?2"         \
              " WHERE state = 1 AND patient IN (SELECT i FROM web)")             \
    X(CLOSE_RAISE,                                                               \
      PL_WEBS "UPDATE suggestion SET needs = needs | ?2"                         \
              " WHERE superseded_us = 0 AND patient IN (SELECT i FROM web)")     \
    X(CLOSE_ASK,                                                                 \
      PL_WEBS "INSERT INTO due(identifier, message, reason)"                     \
              " SELECT DISTINCT g.patient, ?2, ?3 FROM web JOIN suggestion g"    \
              " ON g.patient = web.i WHERE g.superseded_us = 0")                 \
    /* One of whom nothing is said, though something is of another. */           \
    X(CLOSE_ASK_ONE,                                                             \
      PL_WEBS "INSERT INTO due(identifier, message, reason) SELECT ?1, ?2, ?3"   \
              " WHERE EXISTS (SELECT 1 FROM web JOIN suggestion g"               \
              " ON g.patient = web.i WHERE g.superseded_us = 0)"                 \
              " AND NOT EXISTS (SELECT 1 FROM suggestion"                        \
              " WHERE patient = ?1 AND superseded_us = 0)")                      \
    X(CLOSE_SUPERSEDE,                                                           \
      PL_WEBS "UPDATE suggestion SET superseded_us = ?2"                         \
              " WHERE superseded_us = 0 AND patient IN (SELECT i FROM web)")     \
    X(PART, "UPDATE link SET parted_us = max(parted_us, ?2, 1)"                  \
            " WHERE identifier IN (?1, ?3) AND other IN (?1, ?3)")               \
    /* From everybody: a link stands there from either side. */                  \
    X(PART_FROM, "UPDATE link SET parted_us = max(parted_us, ?2, 1)"             \
                 " WHERE identifier = ?1")                                       \
    X(PART_TO, "UPDATE link SET parted_us = max(parted_us, ?2, 1)"               \
               " WHERE other = ?1 AND identifier IN"                             \
               " (SELECT other FROM link WHERE identifier = ?1)")                \
    X(FIND_PARTED, "SELECT parted_us FROM link"                                  \
                   " WHERE identifier = ?1 AND other = ?2")                      \
    X(JOIN, "UPDATE link SET parted_us = 0 WHERE parted_us < ?3"                 \
            " AND identifier IN (?1, ?2) AND other IN (?1, ?2)")                 \
    /* 1: something was said of them before; 2: to somebody, or is to be. */     \
    X(FIND_KNOWN,                                                                \
      PL_WEBS "SELECT EXISTS (SELECT 1 FROM web JOIN said s"                     \
              " ON s.identifier = web.i WHERE s.message <> ?2)"                  \
              " + 2 * (EXISTS (SELECT 1 FROM web JOIN suggestion g"              \
              " ON g.patient = web.i WHERE g.superseded_us = 0)"                 \
              " OR EXISTS (SELECT 1 FROM web JOIN outbox o"                      \
              " ON o.patient = web.i WHERE o.state = 0)"                         \
              " OR EXISTS (SELECT 1 FROM web JOIN outbox o"                      \
              " ON o.patient = web.i WHERE o.state = 1))")                       \
    X(FIND_NEWEST, PL_WEB "SELECT max((SELECT max(s.message) FROM said s"        \
                          " WHERE s.identifier = web.i)) FROM web")              \
    X(FIND_CLOSED, "SELECT 1 FROM closing WHERE identifier = ?1 AND n > ?2")     \
    X(GET_RELEASE, "SELECT release, kind, audience, never_patient,"              \
                   " superseded_us FROM suggestion WHERE id = ?1")               \
    X(SET_RELEASE, "UPDATE suggestion SET release = ?2 WHERE id = ?1")           \
    X(MOVE_OUTBOX, "UPDATE outbox SET state = ?3, next_us = max(?4, (SELECT"     \
                   " coalesce(max(o.next_us), 0) FROM outbox o"                  \
                   " WHERE o.patient = outbox.patient AND o.state = 0"           \
                   " AND o.channel = outbox.channel))"                           \
                   " WHERE suggestion = ?1 AND suggestion <> 0"                  \
                   " AND kind = 0 AND state = ?2")                               \
    X(OUTBOX_DONE, "UPDATE outbox SET state = ?2, attempts = attempts + 1,"      \
                   " error = ?3, done_us = ?4, payload = iif(?2 <> 3, x'',"      \
                   " payload) WHERE id = ?1 AND state NOT IN (2, 3, 5)")         \
    X(OUTBOX_RETRY, "UPDATE outbox SET attempts = attempts + 1, error = ?2,"     \
                    " n_errors = n_errors + (channel = 1 AND ?2 IN (5, 6))"      \
                    " WHERE id = ?1 AND state = 0")                              \
    /* Those behind it wait with it. */                                          \
    X(OUTBOX_DELAY, "UPDATE outbox SET next_us = ?2 WHERE state = 0"             \
                    " AND (patient, channel) = (SELECT patient, channel"         \
                    " FROM outbox WHERE id = ?1) AND next_us < ?2")              \
    /* feedback.c.  What was held back and is shown now is shown. */             \
    X(PUT_CARD,                                                                  \
      "INSERT INTO card(uuid, patient, suggestion, service, instance, actor,"    \
      " kind, topic, drivers, p, quiet, shown_us)"                               \
      " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) ON CONFLICT(uuid)"        \
      " DO UPDATE SET suggestion = excluded.suggestion, p = excluded.p,"         \
      " quiet = 0, actor = excluded.actor, shown_us = excluded.shown_us"         \
      " WHERE quiet <> 0 AND excluded.quiet = 0")                                \
    X(FIND_CARD, "SELECT id, suggestion, actor, kind, topic FROM card"           \
                 " WHERE uuid = ?1 AND service = ?2 AND quiet = 0")              \
    X(PUT_FEEDBACK,                                                              \
      "INSERT INTO feedback(card, at_us, accepted, received_us, actor, role,"    \
      " reason, response, detail) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,"               \
      "seal(?9, 'feedback', ?1, ?2, ?3)) ON CONFLICT DO NOTHING")                \
    X(COUNT_CARD,                                                                \
      "INSERT INTO card_count(kind, topic, fate, why, n)"                        \
      " VALUES(?1, ?2, ?3, ?4, 1)"                                               \
      " ON CONFLICT(kind, topic, fate, why) DO UPDATE SET n = n + 1")            \
    X(KEYS, "SELECT id, length(proof) FROM vault_key")                           \
    X(AUDIT_HEAD, "SELECT seq, hash FROM audit_head")                            \
    X(PUT_AUDIT, "INSERT INTO audit(seq, time_us, actor, role, action,"          \
                 " subject, details, prev_hash, hash)"                           \
                 " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)")                          \
    X(SET_HEAD, "UPDATE audit_head SET seq = ?1, hash = ?2")                     \
    PL_FILING_WRITES(X)                                                          \
    PL_LED_WRITES(X)                                                             \
    PL_DELIVERY_WRITES(X)                                                        \
    PL_SWITCH_WRITES(X)

enum pl_write {
#define X(name, text) PL_W_##name,
    PL_WRITES(X)
#undef X
        PL_N_WRITES
};

extern const char *const pl_write_text[PL_N_WRITES];

/* Counters gathered over a transaction, so that each row is written once. */
enum { PL_TALLY_FEEDS = 8, PL_TALLY_ACCOUNTS = 64 };

struct pl_feed_tally {
    int64_t feed;
    int64_t n_messages, n_warned, n_reused, n_events;
    int64_t raw_bytes, stored_bytes, received_us, said_us;
};

struct pl_account_tally {
    int64_t feed;
    struct an_str name;
    int64_t n_seen, n_used;
    int64_t n_field[CTX_N_FIELD_STATES];
};

struct pl_tally {
    struct pl_feed_tally feed[PL_TALLY_FEEDS];
    struct pl_account_tally account[PL_TALLY_ACCOUNTS];
    size_t n_feeds, n_accounts;
};

struct pl_writer {
    struct pl_db db;
    struct an_arena arena; /* of the transaction */
    struct an_arena aside; /* of one step, which goes back to its mark */
    struct pl_tally tally; /* of the transaction */
};

/* What a message says about one identifier: a row of `said`. */
struct pl_said_row {
    int64_t identifier, n_events, min_available_us;
    struct an_str claims, events;
};

/* What an intake becomes: its rows, by identifier, and the note of them. */
struct pl_derivation {
    const struct pl_intake *in;
    int64_t message, feed;
    int64_t *filed; /* identifier of each filing */
    bool *moves;    /* of each filing: pl_writer_has_moves (led_int.h) */
    int64_t *current, *prior; /* identifiers of each claim */
    bool *joined; /* of each claim: the first that links these two */
    struct an_str derived;
    struct pl_said_row *row;
    size_t n_rows;
};

/* What it says about one; NULL: nothing. */
static inline const struct pl_said_row *pl_row_of(const struct pl_derivation *d,
                                                  int64_t identifier)
{
    for (size_t i = 0; i < d->n_rows; i++)
        if (d->row[i].identifier == identifier)
            return &d->row[i];
    return NULL;
}

/* Step a statement that has no row, and reset it; or reset one after its last step,
 * whose code this turns into ours. */
int pl_writer_run(struct pl_writer *w, enum pl_write which);
int pl_writer_end(sqlite3_stmt *s, int rc);
/* The events of a row, in `aside`. */
int pl_writer_events(struct pl_writer *w, struct an_str blob,
                     const struct ctx_event **e, size_t *n);
/* Components of one mostly stand together. */
static inline bool pl_is_first_of_fact(const struct ctx_event *e, size_t at)
{
    return e[at].fact.n && (at == 0 || !an_str_eq(e[at].fact, e[at - 1].fact));
}
static inline bool pl_is_first_of_visit(const struct ctx_event *e, size_t at)
{
    return e[at].encounter.n &&
           (at == 0 || !an_str_eq(e[at].encounter, e[at - 1].encounter));
}

/* The number in the first column, 0 without a row. */
int pl_writer_number(struct pl_writer *w, enum pl_write which, int64_t *out);
/* The number of an identifier, which is made if it was never heard of. */
int pl_writer_identifier(struct pl_writer *w, const struct ctx_identifier *id,
                         int64_t *number);
/* "suggestion/17"; false without memory. */
bool pl_subject(struct an_arena *arena, const char *what, int64_t id,
                struct an_str *out);
/* Append a row to the audit trail. */
int pl_writer_audit(struct pl_writer *w, const struct pl_audit_entry *entry);
/* A card of a conclusion, whose suggestion has this number (feedback.c). */
int pl_writer_card(struct pl_writer *w, const struct pl_conclusion *t,
                   int64_t patient, const struct pl_card *card,
                   int64_t suggestion);
/* Of each whose consents the message withdraws, a row: none ends unseen. */
int pl_writer_ended(struct pl_writer *w, const struct pl_derivation *d);
/* The same of those that a message said, and as it is read now says no more, or
 * otherwise. */
int pl_writer_ended_anew(struct pl_writer *w,
                         const struct pl_derivation *before,
                         const struct pl_derivation *now);

/* Do `write` in a transaction of its own, under the lock.  SQLITE_DONE from it
 * rolls back and is no failure: it has noted in ctx what stood in the way. */
enum an_code pl_store_transaction(struct pl_store *store,
                                  int (*write)(struct pl_writer *w, void *ctx),
                                  void *ctx, struct an_err *err)
    __attribute__((warn_unused_result));

/* Store one intake, or find that it is there already. */
int pl_writer_put(struct pl_writer *w, const struct pl_intake *in,
                  struct pl_receipt *r);
/* The steps of both, see writer.c: numbers for all identifiers and the note; the
 * rows; writing them; who was ever claimed to be whom. */
int pl_writer_derive(struct pl_writer *w, const struct pl_intake *in,
                     struct pl_derivation *d);
int pl_writer_rows(struct pl_writer *w, struct pl_derivation *d);
int pl_writer_put_rows(struct pl_writer *w, const struct pl_derivation *d);
/* The row as it stands; all of it but min_available_us is filled if there is
 * one. */
int pl_writer_said(struct pl_writer *w, int64_t identifier, int64_t message,
                   struct pl_said_row *row, bool *found);
int pl_writer_links(struct pl_writer *w, const struct pl_derivation *d);
/* Fills r when the same bytes are there; else r->message is 0.  feed and
 * derived may be NULL. */
int pl_writer_same(struct pl_writer *w, const struct pl_intake *in,
                   struct pl_receipt *r, int64_t *feed, struct an_str *derived);
/* SQLite would say so too, but only after binding nothing in its place. */
bool pl_writer_too_big(const struct pl_intake *in);
int64_t pl_writer_n_events(const struct pl_intake *in);
struct an_str pl_writer_hash(const struct pl_intake *in);

/* resources.c: what names the FHIR resources of a message, of one that is new, and
 * of one that says something else now. */
int pl_writer_resources(struct pl_writer *w, const struct pl_derivation *d);
int pl_writer_resources_changed(struct pl_writer *w,
                                const struct pl_derivation *before,
                                const struct pl_derivation *now);
/* The same of what a message said about one identifier, before it goes. */
int pl_writer_resources_drop(struct pl_writer *w, int64_t identifier,
                             int64_t message);
/* And of what is left of it. */
int pl_writer_resources_kept(struct pl_writer *w, int64_t identifier,
                             int64_t message);

/* moves.c, after what is closed, which is whom they leave: what was moved; of
 * what is filed now, which visits it is about; take back what a row of before
 * claims. */
int pl_writer_moves(struct pl_writer *w, const struct pl_derivation *d);
/* Whether all that it moves is known: a store of before version 5 has the claims
 * alone. */
int pl_writer_moves_known(struct pl_writer *w, const struct pl_derivation *d,
                          bool *known);
int pl_writer_visited(struct pl_writer *w, const struct pl_derivation *d);
/* The same of one row that changed, of an identifier that has that. */
int pl_writer_visits_of(struct pl_writer *w, int64_t identifier,
                        int64_t message, struct an_str events);
/* The same of everything that is filed under an identifier, unless it was done. */
int pl_writer_visits_index(struct pl_writer *w, int64_t identifier);
/* Of both persons. */
int pl_writer_visits_index_both(struct pl_writer *w, int64_t current,
                                int64_t prior);
int pl_writer_claims_drop(struct pl_writer *w, int64_t message,
                          const struct pl_said_row *row);
/* Whether a move has ended the link of the two. */
int pl_writer_judge_link(struct pl_writer *w, int64_t a, int64_t b);
/* The moment from which a claim counts. */
static inline int64_t pl_claim_us(const struct ctx_claim *c)
{
    return c->said_us ? c->said_us : c->available_us;
}

/* closing.c: what the message closes is heard of no more from here on. */
int pl_writer_close(struct pl_writer *w, const struct pl_derivation *d,
                    struct pl_receipt *r);

/* The same of claims that a message made before it was read again. */
int pl_writer_close_changed(struct pl_writer *w,
                            const struct pl_derivation *before,
                            const struct pl_derivation *now,
                            struct pl_receipt *r);

/* And of events that it said of other visits: those to whom these went, before
 * anything of the message is changed; and when all of it is done, whom it files
 * them under now, where they go to others. */
int pl_writer_close_taken(struct pl_writer *w,
                          const struct pl_derivation *before,
                          const struct pl_derivation *now, bool is_done,
                          struct pl_receipt *r);

/* How far a reprocessing has come. */
int pl_writer_progress(struct pl_writer *w, const struct pl_progress *p);

/* Derive one intake again; SQLITE_NOTFOUND when it is not there. */
int pl_writer_replace(struct pl_writer *w, const struct pl_intake *in,
                      struct pl_receipt *r);

/* The same bytes came again; they are refused.  README.md says what stays. */
enum { PL_REFUSALS_KEPT = 10000 };
int pl_writer_again(struct pl_writer *w, int64_t message, int64_t received_us);
int pl_writer_refuse(struct pl_writer *w, const struct pl_intake *in,
                     int64_t feed);

/* `sign` -1 takes accounts back.  Names must outlive the transaction. */
int pl_tally_accounts(struct pl_writer *w, int64_t feed,
                      const struct ctx_account *account, size_t n, int sign);
int pl_tally_feed(struct pl_writer *w, const struct pl_feed_tally *more);
/* Write what was gathered, before the commit. */
int pl_tally_flush(struct pl_writer *w);

#endif

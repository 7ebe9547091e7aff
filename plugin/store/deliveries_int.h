/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of deliveries.h, and what others write of it within a
 * transaction of theirs.  writer_int.h holds the list that these are part of. */
#ifndef PLUGIN_STORE_DELIVERIES_INT_H
#define PLUGIN_STORE_DELIVERIES_INT_H

#include "base/str.h"

#define PL_DELIVERY_WRITES(X)                                                  \
    /* What was withdrawn and is said again is ours again. */                  \
    X(PUT_SENT, "INSERT INTO sent(resource, type, patient, model)"             \
                " VALUES(?1, ?2, ?3, ?4) ON CONFLICT(resource) DO UPDATE SET"  \
                " patient = excluded.patient, model = excluded.model,"         \
                " state = iif(state = 1, 1, 0)")                               \
    X(LEARN_SENT, "UPDATE sent SET address = iif(?2 = '', address, ?2),"       \
                  " version = ?3, state = max(state, ?4)"                      \
                  " WHERE resource = ?1")                                      \
    X(GET_SENT, "SELECT type, patient FROM sent"                               \
                " WHERE resource = ?1 AND state = 0")                          \
    X(SENT_STATE, "SELECT state FROM sent WHERE resource = ?1")                \
    X(SET_SENT, "UPDATE sent SET state = ?2 WHERE resource = ?1")              \
    X(PUT_WITHDRAWAL_ROW,                                                      \
      "INSERT INTO outbox(patient, suggestion, payload, sha256, state,"        \
      " next_us, created_us, origin, kind) VALUES(?1, 0,"                      \
      " seal(?2, 'payload', ?1, ?3, ?4), ?3, 0, max(?4, (SELECT"               \
      " coalesce(max(next_us), 0) FROM outbox WHERE patient = ?1"              \
      " AND state = 0 AND channel = 0)), ?4, '', 1)")                          \
    X(SET_DONE, "UPDATE outbox SET done = ?2 WHERE id = ?1")                   \
    X(FIND_RECALLED, "SELECT 1 FROM recalled WHERE model = ?1")                \
    X(PUT_RECALLED, "INSERT INTO recalled(model, at_us) VALUES(?1, ?2)"        \
                    " ON CONFLICT DO NOTHING")                                 \
    X(RECALL_SAID, "UPDATE suggestion SET superseded_us = ?2 WHERE id IN"      \
                   " (SELECT id FROM suggestion WHERE superseded_us = 0"       \
                   " AND model = ?1 LIMIT ?3)")                                \
    X(RECALL_WAITING, "UPDATE outbox SET state = 4, payload = x'',"            \
                      " done_us = ?2 WHERE state = 0 AND kind = 0"             \
                      " AND origin LIKE ?1")                                   \
    X(RECALL_HELD, "UPDATE outbox SET state = 4, payload = x'',"               \
                   " done_us = ?2 WHERE state = 1 AND origin LIKE ?1")         \
    X(RECALL_NEXT, "SELECT resource FROM sent WHERE model = ?1"                \
                   " AND state = 0 LIMIT 1")                                   \
    X(UNSETTLED_STATE, "SELECT 1 + state FROM outbox WHERE id = ?1"            \
                       " AND state IN (0, 1, 3)"                               \
                       " AND (payload <> x'' OR channel = 1)")                 \
    X(OVERTAKEN, "SELECT 1 FROM outbox o JOIN outbox e"                        \
                 " ON e.patient = o.patient AND e.channel = o.channel"         \
                 " WHERE o.id = ?1 AND o.state = 3"                            \
                 " AND e.id > o.id AND e.state IN (2, 5) LIMIT 1")             \
    X(REVIVE, "UPDATE outbox SET state = 0, next_us = ?2, done_us = 0"         \
              " WHERE id = ?1 AND state IN (0, 3)")                            \
    X(HURRY, "UPDATE outbox SET next_us = min(next_us, ?2) WHERE state = 0"    \
             " AND (patient, channel) = (SELECT patient, channel"              \
             " FROM outbox WHERE id = ?1)")                                    \
    X(NEXT_DEAD, "SELECT id FROM outbox WHERE state IN (0, 3) AND id > ?1"     \
                 " AND (payload <> x'' OR channel = 1)"                        \
                 " ORDER BY id LIMIT 1")                                       \
    X(GIVE_UP, "UPDATE outbox SET state = 4, payload = x'', done_us = ?2"      \
               " WHERE id = ?1 AND state IN (0, 1, 3)")

struct pl_writer;
struct pl_attempt;
struct pl_posted;

/* sent.c.  It is about to be sent. */
int pl_writer_sent(struct pl_writer *w, const struct pl_posted *posted,
                   int64_t patient);
/* What the receiver has of it is to be withdrawn; nothing where it has nothing,
 * or where it is no more ours. */
int pl_writer_withdraw(struct pl_writer *w, struct an_str resource,
                       struct an_str reason, int64_t now_us);
/* What an attempt has learnt of the receiver. */
int pl_writer_learn(struct pl_writer *w, const struct pl_attempt *a);

#endif

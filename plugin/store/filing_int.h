/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of filing.h, and what conclude.c and settle.c do with them.
 *
 * filed.stands: 0 withdrawn, 1 the receiver has it, 2 a row that withdraws it
 * waits. */
#ifndef PLUGIN_STORE_FILING_INT_H
#define PLUGIN_STORE_FILING_INT_H

#include "plugin/store/conclude.h"

struct pl_writer;

/* "demo|" of "demo|abc123|0=3": a row's, and the one in force. */
#define PL_ITS_ENVIRONMENT "substr(origin, 1, instr(origin, '|'))"
#define PL_NOW_ENVIRONMENT "substr(?1, 1, instr(?1, '|'))"

/* A row for the filed suggestions `f`: ?1 the moment, ?2 the SHA-256 of nothing,
 * ?4 whether it withdraws. */
#define PL_PUT_FILED                                                           \
    "INSERT INTO outbox(patient, suggestion, payload, sha256, state,"          \
    " next_us, created_us, origin, channel, kind, released_by)"                \
    " SELECT f.patient, f.suggestion, seal(x'', 'payload', f.patient, ?2,"     \
    " ?1), ?2, 0, max(?1, (SELECT coalesce(max(o.next_us), 0) FROM outbox o"   \
    " WHERE o.patient = f.patient AND o.state = 0 AND o.channel = 1)), ?1,"    \
    " f.origin, 1, ?4, CAST(?5 AS TEXT) FROM filed f"
/* Of patient ?3, what nobody says any more. */
#define PL_FILED_PAST                                                          \
    " WHERE f.patient = ?3 AND f.stands = 1 AND NOT EXISTS (SELECT 1 FROM"     \
    " suggestion s WHERE s.resource = f.resource"                              \
    " AND s.audience = f.audience AND s.language = f.language"                 \
    " AND s.superseded_us = 0)"

/* What the model of digest ?3 has said. */
#define PL_FILED_OF_MODEL                                                      \
    " WHERE f.stands = 1 AND f.suggestion IN"                                  \
    " (SELECT id FROM suggestion WHERE model = ?3)"

/* DROP_FILED: of another environment, by the index of that. */
#define PL_FILING_WRITES(X)                                                    \
    X(PUT_FILING,                                                              \
      "INSERT INTO outbox(patient, suggestion, payload, sha256, state,"        \
      " next_us, created_us, origin, channel)"                                 \
      " VALUES(?1, ?2, seal(x'', 'payload', ?1, ?4, ?6), ?4, ?5, max(?6,"      \
      " (SELECT coalesce(max(next_us), 0) FROM outbox WHERE patient = ?1"      \
      " AND state = 0 AND channel = 1)), ?6, ?7, 1)")                          \
    X(WITHDRAW_PAST, PL_PUT_FILED PL_FILED_PAST)                               \
    X(MARK_PAST, "UPDATE filed AS f SET stands = 2" PL_FILED_PAST)             \
    X(FILE_AGAIN, PL_PUT_FILED " WHERE f.suggestion = ?3"                      \
                               " AND (f.stands = 1) = ?4")                     \
    X(MARK_AGAIN, "UPDATE filed SET stands = iif(?2, 2, stands)"               \
                  " WHERE suggestion = ?1 AND (stands = 1) = ?2")              \
    X(RECALL_FILED, PL_PUT_FILED PL_FILED_OF_MODEL)                            \
    X(MARK_RECALLED, "UPDATE filed AS f SET stands = 2" PL_FILED_OF_MODEL)     \
    X(NAME_RELEASER, "UPDATE outbox SET released_by = ?2"                      \
                     " WHERE suggestion = ?1 AND suggestion <> 0"              \
                     " AND channel = 1 AND state = 0 AND kind = 0")            \
    X(READY, "UPDATE outbox SET payload = seal(?2, 'payload', patient, ?3,"    \
             " created_us), sha256 = ?3, ready = 1 WHERE id = ?1"              \
             " AND state = 0")                                                 \
    X(PUT_FILED,                                                               \
      "INSERT INTO filed(resource, audience, language, patient, suggestion,"   \
      " n, stands, origin) SELECT ?1, ?2, ?3, patient, suggestion, ?5, ?6,"    \
      " origin FROM outbox WHERE id = ?4 ON CONFLICT(resource, audience,"      \
      " language) DO UPDATE SET patient = excluded.patient,"                   \
      " suggestion = excluded.suggestion, n = excluded.n,"                     \
      " stands = excluded.stands, origin = excluded.origin")                   \
    X(DROP_FILED,                                                              \
      "DELETE FROM filed WHERE " PL_ITS_ENVIRONMENT " < " PL_NOW_ENVIRONMENT   \
      " OR " PL_ITS_ENVIRONMENT " > " PL_NOW_ENVIRONMENT)

/* A row of the conclusion for each suggestion that is to be filed, then one for
 * each of the patient's that is not said any more. */
int pl_filing_put(struct pl_writer *w, int64_t patient, int64_t suggestion,
                  bool held, int64_t now_us, struct an_str origin);
int pl_filing_withdraw_past(struct pl_writer *w, int64_t patient,
                            int64_t now_us);
/* A model was taken back: a row for each that it has said. */
int pl_filing_recall(struct pl_writer *w, struct an_str digest, int64_t now_us);
/* A clinician has released or withheld what the receiver had before. */
int pl_filing_released(struct pl_writer *w, int64_t suggestion, bool released,
                       struct an_str by, int64_t now_us);

#endif

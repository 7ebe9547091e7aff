/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of switches.h.  writer_int.h holds the list that these are part
 * of.  ?1 is the name, ?2 the kind of suggestion that it means, or -1.
 *
 * Thread-safety: immutable. */
#ifndef PLUGIN_STORE_SWITCHES_INT_H
#define PLUGIN_STORE_SWITCHES_INT_H

/* What waits with other things in one Bundle cannot leave without them: all of
 * those go, and are asked again.  What waits alone goes if it is meant. */
#define PL_SWITCH_MEANS                                                        \
    " AND kind = 0 AND (suggestion = 0 OR EXISTS (SELECT 1 FROM suggestion s"  \
    " WHERE s.id = outbox.suggestion AND (?1 = 'all' OR s.topic = ?1"          \
    " OR s.kind = ?2)))"

#define PL_SWITCH_DROP                                                         \
    "UPDATE outbox SET state = 4, payload = x'', done_us = ?3 WHERE state = "

#define PL_SWITCH_WRITES(X)                                                    \
    X(SWITCH_GENERATION, "SELECT n FROM switch_generation WHERE one = 1")      \
    X(SWITCH_CHANGED, "UPDATE switch_generation SET n = n + 1 WHERE one = 1")  \
    X(COUNT_SWITCHES, "SELECT count(*) FROM switch WHERE name > ''")           \
    X(PUT_SWITCH, "INSERT INTO switch(name, since_us, actor, role, reason)"    \
                  " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING")        \
    X(DROP_SWITCH, "DELETE FROM switch WHERE name = ?1")                       \
    /* Of a text that waits alone there is nothing else to say. */             \
    X(SWITCH_ASK, "INSERT INTO due(identifier, message, reason)"               \
                  " SELECT DISTINCT o.patient, (SELECT max(message) FROM said" \
                  " WHERE identifier = o.patient), ?3 FROM outbox o"           \
                  " WHERE o.state = 0 AND o.patient > 0 AND o.kind = 0"        \
                  " AND o.suggestion = 0 AND EXISTS"                           \
                  " (SELECT 1 FROM said WHERE identifier = o.patient)")        \
    X(SWITCH_DROP_WAITING, PL_SWITCH_DROP "0" PL_SWITCH_MEANS)                 \
    X(SWITCH_DROP_HELD, PL_SWITCH_DROP "1" PL_SWITCH_MEANS)                    \
    X(SWITCH_DROP_DEAD, PL_SWITCH_DROP "3" PL_SWITCH_MEANS)

#endif

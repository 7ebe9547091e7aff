/* SPDX-License-Identifier: Apache-2.0 */
/* Whom else it concerns what is filed of one (led.c): those to whom moves led a
 * visit on that it is about.  Functions return SQLite's codes.
 *
 * Thread-safety: confined; store.c's lock. */
#ifndef PLUGIN_STORE_LED_INT_H
#define PLUGIN_STORE_LED_INT_H

#include "context/event.h"

#include <sqlite3.h>
#include <stdbool.h>

struct pl_writer;

/* The two sides of a claim about ?1 and ?9: those who hang together with the
 * second but by the first, or with ?3 = 0 he alone, and the rest.  `near` is his
 * side, with ?4 the other. */
#define PL_SIDES                                                               \
    "WITH RECURSIVE side(i) AS (VALUES(?9) UNION SELECT l.other FROM side"     \
    " JOIN link l INDEXED BY link_stands"                                      \
    " ON l.identifier = side.i AND l.is_over = 0 WHERE ?3 AND l.other <> ?1)," \
    " both(i) AS (VALUES(?1), (?9) UNION SELECT l.other FROM both"             \
    " JOIN link l INDEXED BY link_stands"                                      \
    " ON l.identifier = both.i AND l.is_over = 0),"                            \
    " near(i) AS (SELECT i FROM both WHERE (i IN (SELECT i FROM side)) <> "    \
    "?4),"                                                                     \
    " far(i) AS (SELECT i FROM both WHERE (i IN (SELECT i FROM side)) = ?4) "

/* Visits that came to some, of whom knows a fact of that name, or all. */
#define PL_CAME(some)                                                          \
    "came(i, v, here) AS (SELECT m.prior, m.prior_visit, m.visit FROM " some   \
    " JOIN moved m ON m.current = " some ".i AND m.visit > ''"                 \
    " UNION SELECT l.other, v, here FROM came"                                 \
    " JOIN link l INDEXED BY link_stands"                                      \
    " ON l.identifier = came.i AND l.is_over = 0"                              \
    " UNION SELECT m.prior, m.prior_visit, here FROM came JOIN moved m"        \
    " ON m.current = came.i AND m.visit = came.v)"                             \
    " SELECT i, v, here FROM came WHERE v > ''"                                \
    " AND (?5 OR EXISTS (SELECT 1"                                             \
    " FROM visited x WHERE x.identifier = i AND x.visit = ?2) OR NOT EXISTS"   \
    " (SELECT 1 FROM visited x WHERE x.identifier = i AND x.visit = ''))"

/* PL_WEB and PL_WEB_OF: writer_int.h. */
#define PL_WEB_BUT PL_WEB_OF("(?5), (?9)")
#define PL_LED_WRITES(X)                                                       \
    /* To whom moves said then or later lead a visit on, but to ?5 and ?9. */  \
    X(LED_TO, PL_WEB_BUT                                                       \
      ", led(i, v, us, moved) AS (VALUES(?1, ?2, ?3, 0)"                       \
      " UNION SELECT l.other, v, us, 0 FROM led"                               \
      " JOIN link l INDEXED BY link_stands"                                    \
      " ON l.identifier = led.i AND l.is_over = 0"                             \
      " UNION SELECT m.current, m.visit, m.said_us, 1 FROM led JOIN moved m"   \
      " ON m.prior = led.i AND m.prior_visit = led.v WHERE m.said_us >= us)"   \
      " SELECT DISTINCT i FROM led"                                            \
      " WHERE moved = 1 AND (?4 OR i NOT IN (SELECT i FROM web))")             \
    /* Whether a visit of his, or of whom he is linked with, was moved. */     \
    X(FIND_VISITS_OF,                                                          \
      "SELECT EXISTS (SELECT 1 FROM visited WHERE identifier = ?1"             \
      " AND visit = '') OR EXISTS (SELECT 1 FROM moved WHERE prior = ?1"       \
      " AND prior_visit > '') OR EXISTS (SELECT 1 FROM moved"                  \
      " WHERE current = ?1 AND visit > '')")                                   \
    X(CAME_BY, PL_WEB ", " PL_CAME("web") " AND i NOT IN (SELECT i FROM web)") \
    X(CAME_TO, PL_SIDES ", " PL_CAME("near"))                                  \
    /* What is filed on a side, where visits came to the other. */             \
    X(NEAR_CAME,                                                               \
      PL_SIDES "SELECT s.identifier, s.message FROM near"                      \
               " JOIN said s ON s.identifier = near.i WHERE s.n_events > 0"    \
               " AND EXISTS (SELECT 1 FROM far JOIN moved m"                   \
               " ON m.current = far.i AND m.visit > '')")                      \
    X(SHARED, PL_SIDES                                                         \
      "SELECT v.visit FROM near CROSS JOIN visited v CROSS JOIN moved m"       \
      " WHERE v.identifier = near.i AND v.visit > ''"                          \
      " AND m.prior IN (SELECT i FROM far) AND m.prior_visit = v.visit"        \
      " UNION SELECT m.prior_visit FROM near CROSS JOIN moved m"               \
      " CROSS JOIN visited v WHERE m.prior = near.i AND m.prior_visit > ''"    \
      " AND v.identifier IN (SELECT i FROM far) AND v.visit = m.prior_visit"   \
      " UNION SELECT m.visit FROM near CROSS JOIN moved m CROSS JOIN moved x"  \
      " WHERE m.current = near.i AND m.visit > ''"                             \
      " AND x.prior IN (SELECT i FROM far) AND x.prior_visit = m.visit"        \
      " UNION SELECT m.prior_visit FROM near CROSS JOIN moved m"               \
      " CROSS JOIN moved x WHERE m.prior = near.i AND m.prior_visit > ''"      \
      " AND x.current IN (SELECT i FROM far) AND x.visit = m.prior_visit"      \
      " UNION SELECT v.visit FROM near CROSS JOIN visited v CROSS JOIN "       \
      "visited x"                                                              \
      " WHERE v.identifier = near.i AND v.visit >= char(1) AND v.visit < "     \
      "char(2)"                                                                \
      " AND x.identifier IN (SELECT i FROM far) AND x.visit = v.visit")        \
    X(IS_CROWDED, PL_SIDES                                                     \
      "SELECT (SELECT 1 FROM near JOIN visited v ON v.identifier = near.i"     \
      " LIMIT 1 OFFSET 255) IS NOT NULL AND (SELECT 1 FROM far"                \
      " JOIN visited v ON v.identifier = far.i LIMIT 1 OFFSET 255) IS NULL")   \
    X(NAMED_BOTH, PL_SIDES                                                     \
      "SELECT s.identifier, s.message, s.identifier IN (SELECT i FROM near)"   \
      " FROM both"                                                             \
      " JOIN visited v ON v.identifier = both.i AND v.visit = ?2"              \
      " JOIN said s ON s.identifier = v.identifier AND s.message = v.message"  \
      " WHERE s.n_events > 0 AND (?5 OR EXISTS (SELECT 1 FROM far"             \
      " JOIN visited x ON x.identifier = far.i AND x.visit = ?2))")            \
    /* What names a fact; all, where a visit left and that was not indexed. */ \
    X(NAMED_BY, PL_WEB                                                         \
      "SELECT s.identifier, s.message, web.i = ?1"                             \
      " FROM web JOIN visited v ON v.identifier = web.i AND v.visit = ?2"      \
      " JOIN said s ON s.identifier = v.identifier AND s.message = v.message"  \
      " WHERE s.n_events > 0 UNION ALL"                                        \
      " SELECT s.identifier, s.message, web.i = ?1"                            \
      " FROM web JOIN said s ON s.identifier = web.i WHERE s.n_events > 0"     \
      " AND NOT EXISTS (SELECT 1 FROM visited WHERE identifier = web.i"        \
      " AND visit = '') AND EXISTS (SELECT 1 FROM web JOIN moved m"            \
      " ON m.prior = web.i AND m.prior_visit > '')")

/* What a message says of one, read once: a report of many facts is a version of
 * each of them, and may have come very often.  All in `aside`. */
struct pl_row {
    int64_t identifier, message;
    int64_t key; /* of the fact that was read; 0: all of them */
    const struct ctx_event *event;
    size_t n_events;
};

struct pl_rows {
    struct pl_row *row;
    size_t n, room;
    size_t next;    /* which is asked for next, mostly */
    bool is_of_few; /* facts: of a row, only they are read */
};

struct pl_version {
    const struct ctx_event *event;
    int64_t message;
    bool is_near; /* under the identifier itself, or on the first side */
};

struct pl_versions {
    struct pl_version *version;
    size_t n, room;
};

int pl_row_read(struct pl_writer *w, struct pl_row *row);
/* Of a statement that is bound, and names rows and whether they are near; fact: ""
 * for all. */
int pl_versions_take(struct pl_writer *w, sqlite3_stmt *s, struct an_str fact,
                     struct pl_rows *rows, struct pl_versions *out);
/* Those that are filed of one person. */
int pl_versions_of(struct pl_writer *w, int64_t identifier, struct an_str fact,
                   struct pl_rows *rows, struct pl_versions *out);

/* A visit that came to somebody, as it was called where it was before. */
struct pl_came {
    int64_t identifier;
    struct an_str visit, here;
};

/* Persons who do not count. */
struct pl_but {
    int64_t current, prior;
};

/* Of CAME_BY and CAME_TO: of whom may know a fact, which is called so by `e` here;
 * NULL: all. */
int pl_came_take(struct pl_writer *w, sqlite3_stmt *s,
                 const struct ctx_event *e, struct pl_came **out, size_t *n);

/* Those, besides the persons of the first two, to whom moves that were
 * said at us or later lead a visit on from `current`; of what is filed, as
 * `events`, any visit that it is about, or that other versions of its facts name,
 * there or where it came from.  Seldom anybody; who only had it is among them. */
struct pl_led {
    int64_t *identifier;
    size_t n, room;
    bool with_linked; /* also those who hang together with the two, which may
                         be by claims that are not valid, and they themselves */
};
/* Whether any visit of who hangs together with him was moved, or came: of nobody
 * else the next two find anything. */
int pl_writer_has_moves(struct pl_writer *w, int64_t identifier, bool *has);
/* Of two who are linked, which makes it so of both. */
int pl_writer_share_moves(struct pl_writer *w, int64_t a, int64_t b,
                          bool *have);
int pl_writer_led_to(struct pl_writer *w, int64_t current, int64_t prior,
                     struct an_str visit, int64_t us, struct pl_led *out);
int pl_writer_led_by(struct pl_writer *w, int64_t identifier,
                     struct an_str events, struct pl_led *out);
/* Of events that are decoded in `aside`. */
int pl_writer_led_by_events(struct pl_writer *w, int64_t identifier,
                            const struct ctx_event *e, size_t n,
                            struct pl_led *out);
/* What is filed by the message says that facts are of another visit than was
 * known: those to whom either went, if that takes anything from somebody. */
int pl_writer_leaves(struct pl_writer *w, int64_t identifier, int64_t message,
                     struct an_str events, struct pl_led *out);
/* A version that no other says the visit of where it is filed goes with those that
 * are filed where a visit came from, by one of these statements. */
int pl_led_by_came(struct pl_writer *w, sqlite3_stmt *s, struct pl_but but,
                   const struct ctx_event *e, struct pl_led *out);
/* sides.c: two who are joined or parted by a claim; in a move the second comes alone,
 * without whom he was linked with. */
struct pl_sides {
    int64_t current, prior;
    bool is_alone;
};
/* Those to whom a visit went of which either side has what the other's moves, or
 * other versions, take along. */
int pl_writer_led_by_sides(struct pl_writer *w, const struct pl_sides *sides,
                           struct pl_led *out);

#endif

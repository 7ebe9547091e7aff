/* SPDX-License-Identifier: Apache-2.0 */
/* Of those who are to be erased, what is filed under others: erase.c.
 *
 * Thread-safety: confined; store.c's lock. */
#ifndef PLUGIN_STORE_ERASE_INT_H
#define PLUGIN_STORE_ERASE_INT_H

#include "plugin/store/reader_int.h"
#include "plugin/store/writer_int.h"

/* How many rows a step takes. */
enum { PL_ERASE_STEP = 64 };

/* A statement of its own: ?1... are the first of n numbers, as many as it names.
 * *out, unless NULL, is the first column of the first row, 0 without one. */
int pl_erase_run(struct pl_writer *w, const char *text, const int64_t *value,
                 int n, int64_t *out);
int pl_erase_raw(struct pl_writer *w, int64_t message, int64_t now_us);

/* A part of it, before anything of `identifier`, which is the first of those to
 * be erased, goes.  *n_rows are what it changed, with the bytes of each message;
 * *more: this is to be called again.
 *
 *   - Events of a visit that moves lead to one of them as of now.
 *   - What is filed under them of visits that went on from them is kept under a
 *     number without a name, and so are the moves that led there and on.
 *   - What messages claim of them about others. */
int pl_erase_others(struct pl_writer *w, int64_t identifier, int64_t now_us,
                    size_t *n_rows, bool *more);

/* ---- what its files share -------------------------------------------------- */

/* One step, of a person whose visits were moved. */
struct pl_erasing {
    struct pl_writer *w;
    int64_t now_us;
    struct pl_reader reader; /* of the writer's own state */
    struct pl_visits v; /* she is the first person, with what has no name */
    int64_t first;      /* of her numbers */
    int64_t nameless;
    size_t n_rows;
    size_t n_kept;        /* and those that the number got */
    struct an_arena ways; /* of what follows */
    struct pl_ways **of;  /* by persons of `v`: NULL where not looked for */
};

int pl_erase_rc(enum an_code code);
/* The row with what is left of it, or none. */
int pl_erase_write(struct pl_writer *w, int64_t message,
                   struct pl_said_row *row);

/* erase_visits.c.  What she has of facts that only passed through her: what goes
 * along is kept without a name, and what closes them.  Before moves lead past her,
 * and up to as many rows. */
int pl_erase_passed(struct pl_erasing *x);
/* Of visits that are hers what is filed under others goes; of others' what is filed
 * under her becomes nameless.  Up to a step's rows. */
int pl_erase_visits(struct pl_erasing *x);

/* erase_passed.c.  Versions that name a visit whose way led through a person. */
struct pl_ways {
    struct pl_way {
        struct an_str fact; /* as it was called there */
        bool is_hers;       /* it is a visit of hers now */
    } * way;                /* by fact */
    size_t n, room;
};
int pl_erase_ways(struct pl_erasing *x, size_t person,
                  const struct pl_ways **out);
/* Whose those are of one fact. */
struct pl_along {
    bool is_hers, is_others;
};
int pl_erase_along(struct pl_erasing *x, size_t person, struct an_str fact,
                   struct pl_along *out);

/* A row of `moved`, of a visit. */
struct pl_moved {
    int64_t prior, said_us, current, message, available_us;
    struct an_str prior_visit, visit;
};

/* nameless.c.  Whose visits were somebody else's when they were erased. */
#define PL_MOVED_FROM "prior = ?1"
#define PL_MOVED_TO "current = ?1"
int pl_moved_get(struct pl_writer *w, const char *which, int64_t identifier,
                 struct pl_moved **out, size_t *n);
/* The number that keeps what is others' of the person, made where there is none. */
int pl_nameless_find(struct pl_erasing *x);
/* Moves by which visits of others came to her or left her lead the same way
 * through it. */
int pl_nameless_moves(struct pl_erasing *x);
/* These events of the message are filed under it, those that are not so yet. */
int pl_nameless_put(struct pl_erasing *x, int64_t message,
                    const struct ctx_event *event, size_t n);
/* Of an event, that it closes its fact, and nothing else of what it says. */
struct ctx_event pl_nameless_closed(const struct ctx_event *e);
/* Such events of an identifier that stays are of nobody. */
int pl_nameless_take(struct pl_erasing *x, int64_t identifier, int64_t message);
/* It has no more than its number where there was nothing to keep. */
int pl_nameless_end(struct pl_erasing *x);

#endif

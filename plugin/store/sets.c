/* SPDX-License-Identifier: Apache-2.0 */
/* What is filed of a person: all of it, about one visit, or of one fact. */
#include "plugin/store/sets_int.h"

/* Which events of a row are kept. */
struct only {
    struct an_str visit, fact; /* the one that is not "" */
};

static bool is_kept(const struct only *only, const struct ctx_event *e)
{
    return only->visit.n ? an_str_eq(e->encounter, only->visit)
                         : an_str_eq(e->fact, only->fact);
}

static void keep(struct pl_set *set, const struct only *only,
                 struct ctx_event *event)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->n; i++)
        if (is_kept(only, &set->event[i]))
            event[kept++] = set->event[i];
    set->event = event;
    set->n = kept;
}

/* only: NULL for all events of the row. */
static enum an_code set_take(struct pl_sets *sets, struct an_arena *arena,
                             sqlite3_stmt *s, size_t person,
                             const struct only *only, struct an_err *err)
{
    int64_t message = sqlite3_column_int64(s, 0);
    struct ctx_event *event;
    struct pl_set *set;
    enum an_code code;

    set = pl_grown(arena, sets->set, sets->n, &sets->room, sizeof(*set));
    if (set == NULL)
        return an_fail_nomem(err);
    sets->set = set;
    set += sets->n;
    *set = (struct pl_set){.person = person, .number = sets->number};
    code = pl_column_events(arena, s, 0, &set->event, &set->n, err);
    if (code == AN_OK && only) {
        event = an_arena_get(arena, set->n, sizeof(*event));
        if (event == NULL)
            return an_fail_nomem(err);
        keep(set, only, event);
    }
    sets->n++;
    sets->n_events += set->n;
    if (set->n && sqlite3_column_int64(s, 3) <= sets->as_of_us)
        set->message = message;
    if (set->message > sets->last_message)
        sets->last_message = set->message;
    return code;
}

/* The rows of a statement that is bound. */
static enum an_code sets_take(struct pl_reader *r, struct an_arena *arena,
                              enum pl_read which, size_t person,
                              const struct only *only, struct pl_sets *sets,
                              struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, which);
    enum an_code code;
    bool more;

    for (;;) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        code = set_take(sets, arena, s, person, only, err);
        if (code != AN_OK) {
            sqlite3_reset(s);
            return code;
        }
    }
}

bool pl_is_one_of(const struct pl_someone *p, int64_t number)
{
    for (size_t i = 0; i < p->n_members; i++)
        if (p->member[i].number == number)
            return true;
    return false;
}

enum an_code pl_person_load(struct pl_reader *r, struct an_arena *arena,
                            const struct pl_visits *v,
                            const struct pl_someone *but, struct pl_sets *sets,
                            struct an_err *err)
{
    const struct pl_someone *p = &v->person[0];
    enum an_code code = AN_OK;

    for (size_t i = 0; code == AN_OK && i < p->n_members; i++) {
        if (pl_is_one_of(but, p->member[i].number))
            continue;
        sets->number = p->member[i].number;
        sqlite3_bind_int64(pl_reader_stmt(r, PL_R_EVENTS), 1, sets->number);
        code = sets_take(r, arena, PL_R_EVENTS, 0, NULL, sets, err);
    }
    return code;
}

/* ---- of a visit, of a fact ------------------------------------------------ */

static enum an_code is_visited(struct pl_reader *r, int64_t number, bool *is,
                               struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_IS_VISITED);
    enum an_code code;

    sqlite3_bind_int64(s, 1, number);
    code = pl_reader_step(r, s, is, err);
    sqlite3_reset(s);
    return code;
}

/* By the name that it has in `visited`. */
static enum an_code only_load(struct pl_reader *r, struct an_arena *arena,
                              const struct pl_visits *v, size_t person,
                              struct an_str name, const struct only *only,
                              struct pl_sets *sets, struct an_err *err)
{
    const struct pl_someone *p = &v->person[person];
    enum an_code code = AN_OK;

    for (size_t i = 0; code == AN_OK && i < p->n_members; i++) {
        enum pl_read which = PL_R_EVENTS;
        bool is;

        code = is_visited(r, p->member[i].number, &is, err);
        if (code != AN_OK)
            return code;
        if (is)
            which = PL_R_EVENTS_OF_VISIT;
        sets->number = p->member[i].number;
        sqlite3_bind_int64(pl_reader_stmt(r, which), 1, sets->number);
        if (is)
            pl_bind_text(pl_reader_stmt(r, which), 2, name);
        code = sets_take(r, arena, which, person, only, sets, err);
    }
    return code;
}

enum an_code pl_visit_load(struct pl_reader *r, struct an_arena *arena,
                           const struct pl_visits *v,
                           const struct pl_visit *visit, struct pl_sets *sets,
                           struct an_err *err)
{
    const struct only only = {.visit = visit->visit};

    /* Nothing is of one that has no number. */
    return visit->visit.n ? only_load(r, arena, v, visit->person, visit->visit,
                                      &only, sets, err)
                          : AN_OK;
}

enum an_code pl_fact_load(struct pl_reader *r, struct an_arena *arena,
                          const struct pl_visits *v, size_t person,
                          struct an_str fact, struct pl_sets *sets,
                          struct an_err *err)
{
    const struct only only = {.fact = fact};
    char name[PL_FACT_NAME];
    enum an_code code = pl_fact_name(fact, name, err);

    return code == AN_OK ? only_load(r, arena, v, person, an_str_c(name), &only,
                                     sets, err)
                         : code;
}

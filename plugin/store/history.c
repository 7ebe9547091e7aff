/* SPDX-License-Identifier: Apache-2.0 */
/* All that is known of one person. */
#include "plugin/store/reader_int.h"

#include "base/sort.h"
#include "context/codec.h"
#include "context/visit.h"

struct set {
    const struct ctx_event *event;
    size_t n;
    size_t person; /* whose it would be if no visit had been moved */
    int64_t number;
};

struct sets {
    struct set *set;
    size_t n, room;
    size_t n_events;
    int64_t last_message;
    int64_t as_of_us;
    int64_t number; /* under which is filed what is taken next */
};

/* As of now, of whom each was that the person was as of the moment. */
struct known {
    struct pl_visits *visits;
    size_t n;
};

/* Of these the events of one visit. */
static void keep_visit(struct set *set, struct an_str visit,
                       struct ctx_event *event)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->n; i++)
        if (an_str_eq(set->event[i].encounter, visit))
            event[kept++] = set->event[i];
    set->event = event;
    set->n = kept;
}

/* visit: NULL for all events of the row. */
static enum an_code set_take(struct sets *sets, struct an_arena *arena,
                             sqlite3_stmt *s, size_t person,
                             const struct an_str *visit, struct an_err *err)
{
    struct an_str hash = pl_column(s, 1), blob;
    int64_t message = sqlite3_column_int64(s, 0);
    char *id = an_arena_get(arena, AN_SHA256_HEX + 1, 1);
    struct ctx_event *event;
    struct set *set;
    enum an_code code;

    set = pl_grown(arena, sets->set, sets->n, &sets->room, sizeof(*set));
    if (id == NULL || set == NULL || !pl_column_copy(arena, s, 2, &blob))
        return an_fail_nomem(err);
    sets->set = set;
    if (hash.n != AN_SHA256_BYTES)
        return pl_fail_message(err, AN_INTEGRITY,
                               "a stored event names no message", message);
    an_hex_print((const uint8_t *)hash.p, hash.n, id);
    set += sets->n;
    set->person = person;
    set->number = sets->number;
    code = ctx_events_decode(arena, blob, (struct an_str){id, AN_SHA256_HEX},
                             &set->event, &set->n, err);
    if (code == AN_INTEGRITY)
        return pl_fail_message(err, code, "stored events are damaged", message);
    if (code == AN_OK && visit) {
        event = an_arena_get(arena, set->n, sizeof(*event));
        if (event == NULL)
            return an_fail_nomem(err);
        keep_visit(set, *visit, event);
    }
    sets->n++;
    sets->n_events += set->n;
    if (set->n && message > sets->last_message &&
        sqlite3_column_int64(s, 3) <= sets->as_of_us)
        sets->last_message = message;
    return code;
}

/* The rows of a statement that is bound. */
static enum an_code sets_take(struct pl_reader *r, struct an_arena *arena,
                              enum pl_read which, size_t person,
                              const struct an_str *visit, struct sets *sets,
                              struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, which);
    enum an_code code;
    bool more;

    for (;;) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        code = set_take(sets, arena, s, person, visit, err);
        if (code != AN_OK) {
            sqlite3_reset(s);
            return code;
        }
    }
}

static bool is_one_of(const struct pl_someone *p, int64_t number)
{
    for (size_t i = 0; i < p->n_members; i++)
        if (p->member[i].number == number)
            return true;
    return false;
}

/* What is filed under the first person, but for those of another. */
static enum an_code person_load(struct pl_reader *r, struct an_arena *arena,
                                const struct pl_visits *v,
                                const struct pl_someone *but, struct sets *sets,
                                struct an_err *err)
{
    const struct pl_someone *p = &v->person[0];
    enum an_code code = AN_OK;

    for (size_t i = 0; code == AN_OK && i < p->n_members; i++) {
        if (is_one_of(but, p->member[i].number))
            continue;
        sets->number = p->member[i].number;
        sqlite3_bind_int64(pl_reader_stmt(r, PL_R_EVENTS), 1, sets->number);
        code = sets_take(r, arena, PL_R_EVENTS, 0, NULL, sets, err);
    }
    return code;
}

/* ---- visits that were moved ---------------------------------------------- */

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

/* What is filed under a person about one visit.  Who was joined with him since
 * his visits were moved is read all through. */
static enum an_code visit_load(struct pl_reader *r, struct an_arena *arena,
                               const struct pl_visits *v,
                               const struct pl_visit *visit, struct sets *sets,
                               struct an_err *err)
{
    const struct pl_someone *p = &v->person[visit->person];
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
            pl_bind_text(pl_reader_stmt(r, which), 2, visit->visit);
        code =
            sets_take(r, arena, which, visit->person, &visit->visit, sets, err);
    }
    return code;
}

/* False: the event is another's.  *e may get another visit. */
static bool follow(struct an_arena *arena, const struct pl_visits *v,
                   size_t person, struct ctx_event *e, bool *no_memory)
{
    struct ctx_visit visit = {person, e->encounter};

    if (ctx_visit_follow(v->move, v->n_moves, &visit)) {
        if (!ctx_visit_fact(arena, e, visit.encounter, &e->fact))
            *no_memory = true;
        e->encounter = visit.encounter;
    }
    return visit.person == 0;
}

/* ---- all of it ----------------------------------------------------------- */

static enum an_code find_consents(struct an_arena *arena,
                                  const struct ctx_event *all, size_t n,
                                  struct ctx_timeline *out, struct an_err *err)
{
    struct ctx_event *consent;
    size_t n_consents = 0;

    *out = (struct ctx_timeline){NULL, 0, CTX_AS_OF_ALL};
    for (size_t i = 0; i < n; i++)
        n_consents += all[i].kind == CTX_CONSENT;
    if (n_consents == 0)
        return AN_OK;
    consent = an_arena_get(arena, n_consents, sizeof(*consent));
    if (consent == NULL)
        return an_fail_nomem(err);
    n_consents = 0;
    for (size_t i = 0; i < n; i++)
        if (all[i].kind == CTX_CONSENT)
            consent[n_consents++] = all[i];
    return ctx_timeline_build(arena, consent, n_consents, CTX_AS_OF_ALL, out,
                              err);
}

/* ---- visits that are called otherwise since ------------------------------- */

/* A fact that had another key then, for its visit had another number. */
struct rename {
    struct an_str now, then;
};

struct renames {
    struct rename *rename; /* by now */
    size_t n, room;
};

static int by_now(const void *x, const void *y)
{
    const struct rename *a = x, *b = y;

    return an_str_cmp(a->now, b->now);
}

/* The key that the fact of an event has now. */
static bool fact_now(struct an_arena *arena, const struct known *known,
                     int64_t number, const struct ctx_event *e,
                     struct an_str *fact)
{
    *fact = e->fact;
    for (size_t i = 0; i < known->n; i++) {
        const struct pl_visits *v = &known->visits[i];
        struct ctx_visit visit = {.encounter = e->encounter};

        if (pl_visits_person(v, number, &visit.person) &&
            ctx_visit_follow(v->move, v->n_moves, &visit))
            return ctx_visit_fact(arena, e, visit.encounter, fact);
    }
    return true;
}

static bool any_moves(const struct known *known)
{
    for (size_t i = 0; i < known->n; i++)
        if (known->visits[i].n_moves)
            return true;
    return false;
}

static bool rename_add(struct an_arena *arena, const struct known *known,
                       int64_t number, const struct ctx_event *e,
                       struct an_str then, struct renames *out)
{
    struct an_str now;
    struct rename *rename;

    if (!fact_now(arena, known, number, e, &now))
        return false;
    if (an_str_eq(now, then))
        return true;
    rename = pl_grown(arena, out->rename, out->n, &out->room, sizeof(*rename));
    if (rename == NULL)
        return false;
    out->rename = rename;
    rename[out->n++] = (struct rename){now, then};
    return true;
}

static bool renames_sort(struct an_arena *arena, struct renames *r)
{
    void *scratch = an_arena_get(arena, r->n / 2 + 1, sizeof(*r->rename));

    if (scratch)
        an_sort(r->rename, r->n, sizeof(*r->rename), scratch, by_now);
    return scratch != NULL;
}

static size_t first_rename(const struct renames *r, struct an_str now)
{
    size_t low = 0, high = r->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (an_str_cmp(r->rename[middle].now, now) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- all that was said ---------------------------------------------------- */

struct all {
    struct ctx_event *event;
    size_t n, room;
};

/* It was never known, so that no version of its fact counts but by how
 * confidential it says that to be. */
static bool closed_add(struct an_arena *arena, const struct ctx_event *e,
                       struct an_str fact, struct all *all)
{
    struct ctx_event *event =
        pl_grown(arena, all->event, all->n, &all->room, sizeof(*event));

    if (event == NULL)
        return false;
    all->event = event;
    event += all->n++;
    *event = *e;
    event->fact = fact;
    event->available_us = INT64_MAX;
    return true;
}

/* By the keys as well that its fact has now, and had then. */
static bool closed_renamed(struct an_arena *arena, const struct known *known,
                           const struct renames *renames, int64_t number,
                           const struct ctx_event *e, struct all *all)
{
    struct an_str now;
    bool ok = fact_now(arena, known, number, e, &now);

    if (ok && !an_str_eq(now, e->fact))
        ok = closed_add(arena, e, now, all);
    for (size_t i = first_rename(renames, now);
         ok && i < renames->n && an_str_eq(renames->rename[i].now, now); i++)
        ok = closed_add(arena, e, renames->rename[i].then, all);
    return ok;
}

/* What may close something of this, where a label or a consent is said: of
 * others, and where a visit is called otherwise, of this. */
static bool add_closed(struct an_arena *arena, const struct sets *from,
                       bool is_others, const struct known *known,
                       const struct renames *renames, struct all *all)
{
    bool moves = any_moves(known), ok = true;

    for (size_t i = 0; i < from->n; i++)
        for (size_t k = 0; ok && k < from->set[i].n; k++) {
            const struct ctx_event *e = &from->set[i].event[k];

            if (e->labels == 0 && e->kind != CTX_CONSENT)
                continue;
            if (is_others)
                ok = closed_add(arena, e, e->fact, all);
            if (ok && moves)
                ok = closed_renamed(arena, known, renames, from->set[i].number,
                                    e, all);
        }
    return ok;
}

/* What was the person's then, by whom it is known. */
static bool add_said(struct an_arena *arena, const struct sets *sets,
                     const struct known *known, const struct pl_visits *visits,
                     struct renames *renames, struct all *all)
{
    bool moves = any_moves(known), no_memory = false;

    for (size_t i = 0; i < sets->n; i++)
        for (size_t k = 0; !no_memory && k < sets->set[i].n; k++) {
            const struct ctx_event *said = &sets->set[i].event[k];
            struct ctx_event *e = &all->event[all->n];

            *e = *said;
            if (!follow(arena, visits, sets->set[i].person, e, &no_memory))
                continue;
            all->n++;
            if (moves && !rename_add(arena, known, sets->set[i].number, said,
                                     e->fact, renames))
                no_memory = true;
        }
    return !no_memory && renames_sort(arena, renames);
}

static enum an_code join(struct an_arena *arena, const struct sets *sets,
                         const struct sets *closed, const struct known *known,
                         const struct pl_visits *visits, struct pl_history *out,
                         struct an_err *err)
{
    struct renames renames = {NULL, 0, 0};
    struct all all = {.room = sets->n_events + closed->n_events};

    all.event = an_arena_get(arena, all.room, sizeof(*all.event));
    if (all.event == NULL ||
        !add_said(arena, sets, known, visits, &renames, &all))
        return an_fail_nomem(err);
    for (size_t i = 0; i < all.n; i++)
        out->n_said += all.event[i].available_us <= sets->as_of_us;
    out->last_message = sets->last_message;
    if (!add_closed(arena, sets, false, known, &renames, &all) ||
        !add_closed(arena, closed, true, known, &renames, &all))
        return an_fail_nomem(err);
    if (find_consents(arena, all.event, all.n, &out->consents, err) != AN_OK)
        return AN_NOMEM;
    return ctx_timeline_build(arena, all.event, all.n, sets->as_of_us,
                              &out->timeline, err);
}

/* Everything that is filed of one person, as of a moment. */
static enum an_code all_load(struct pl_reader *r, struct an_arena *arena,
                             const struct pl_visits *v, struct sets *sets,
                             struct an_err *err)
{
    static const struct pl_someone nobody = {NULL, 0};
    enum an_code code = person_load(r, arena, v, &nobody, sets, err);

    for (size_t i = 0; code == AN_OK && i < v->n_visits; i++)
        if (v->visit[i].is_source)
            code = visit_load(r, arena, v, &v->visit[i], sets, err);
    return code;
}

/* How confidential something is, and what was forbidden, is asked as of now
 * (context/timeline.h): of each who was the person then, what is filed under
 * whom he is now, and under those to whom visits went, or from whom. */
static enum an_code closed_load(struct pl_reader *r, struct an_arena *arena,
                                const struct pl_someone *then,
                                struct sets *closed, struct known *known,
                                struct an_err *err)
{
    enum an_code code = AN_OK;

    known->visits =
        an_arena_get(arena, then->n_members, sizeof(*known->visits));
    if (known->visits == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; code == AN_OK && i < then->n_members; i++) {
        struct pl_visits *v = &known->visits[known->n];
        struct ctx_person person;
        struct pl_web web;
        bool met = false;

        for (size_t k = 0; k < known->n; k++)
            met |=
                is_one_of(&known->visits[k].person[0], then->member[i].number);
        if (met)
            continue;
        code = pl_web_person(r, arena, &then->member[i], CTX_AS_OF_ALL, &web,
                             &person, err);
        if (code == AN_OK)
            code =
                pl_visits_find(r, arena, &web, &person, CTX_AS_OF_ALL, v, err);
        if (code == AN_OK)
            code = person_load(r, arena, v, then, closed, err);
        for (size_t k = 0; code == AN_OK && k < v->n_visits; k++)
            code = visit_load(r, arena, v, &v->visit[k], closed, err);
        known->n += code == AN_OK;
    }
    return code;
}

static enum an_code ask_number(struct pl_reader *r, enum pl_read which,
                               int64_t *n, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, which);
    enum an_code code;
    bool more;

    code = pl_reader_step(r, s, &more, err);
    if (code != AN_OK)
        return code;
    *n = more ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    return AN_OK;
}

enum an_code pl_history(struct pl_reader *r, struct an_arena *arena,
                        const struct ctx_identifier *who, int64_t as_of_us,
                        struct pl_history *out, struct an_err *err)
{
    struct sets sets = {.as_of_us = as_of_us}, closed = {.n = 0};
    struct known known = {NULL, 0};
    struct pl_visits visits;
    struct pl_numbered node;
    struct pl_web web;
    int64_t newest_us = 0;
    enum an_code code = pl_reader_begin(r, err);

    *out = (struct pl_history){.n_said = 0};
    if (code != AN_OK)
        return code;
    code = pl_exact(r, arena, who, &node, err);
    if (code == AN_OK)
        code = ask_number(r, PL_R_NEWEST, &newest_us, err);
    /* Nothing is claimed later: who is who is as of now. */
    if (as_of_us >= newest_us)
        as_of_us = CTX_AS_OF_ALL;
    if (code == AN_OK)
        code =
            pl_web_person(r, arena, &node, as_of_us, &web, &out->person, err);
    if (code == AN_OK)
        code = pl_visits_find(r, arena, &web, &out->person, as_of_us, &visits,
                              err);
    if (code == AN_OK)
        code = all_load(r, arena, &visits, &sets, err);
    if (code == AN_OK && as_of_us < CTX_AS_OF_ALL)
        code = closed_load(r, arena, &visits.person[0], &closed, &known, err);
    if (code == AN_OK)
        code = ask_number(r, PL_R_CLOSINGS, &out->closings, err);
    code = pl_reader_end(r, code, err);
    return code == AN_OK
               ? join(arena, &sets, &closed, &known, &visits, out, err)
               : code;
}

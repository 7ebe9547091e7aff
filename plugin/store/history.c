/* SPDX-License-Identifier: Apache-2.0 */
/* All that is known of one person. */
#include "plugin/store/sets_int.h"

#include "base/sort.h"
#include "context/visit.h"

/* As of now, of whom each was that the person was as of the moment. */
struct known {
    struct pl_visits *visits;
    size_t n;
};

struct read {
    struct pl_sets sets;   /* of the person, by visits that came too */
    struct pl_sets facts;  /* of others, of facts that came with visits */
    struct pl_sets closed; /* of others as of now */
    struct known known;
};

/* False: the event is another's.  *e may get another visit; `was` is what was
 * said, as of the visit with which it goes. */
static bool follow(struct an_arena *arena, const struct pl_visits *v,
                   size_t person, const struct ctx_event *was,
                   struct ctx_event *e, bool *no_memory)
{
    struct ctx_visit visit = {person, was->encounter};

    if (ctx_visit_follow(v->move, v->n_moves, &visit)) {
        if (!ctx_visit_fact(arena, was, visit.encounter, &e->fact))
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
        if (all[i].kind == CTX_CONSENT) {
            consent[n_consents] = all[i];
            consent[n_consents++].available_us = 0; /* all are known */
        }
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
static bool add_closed(struct an_arena *arena, const struct pl_sets *from,
                       bool is_others, const struct known *known,
                       const struct renames *renames, struct all *all)
{
    bool moves = any_moves(known), ok = true;

    for (size_t i = 0; i < from->n; i++)
        for (size_t k = 0; ok && k < from->set[i].n; k++) {
            const struct ctx_event *e = &from->set[i].event[k];

            if ((e->labels == 0 && e->kind != CTX_CONSENT) ||
                (from->set[i].as.n && !pl_closes(e)))
                continue;
            if (is_others)
                ok = closed_add(arena, e, e->fact, all);
            if (ok && moves)
                ok = closed_renamed(arena, known, renames, from->set[i].number,
                                    e, all);
        }
    return ok;
}

/* All that was read, and how it is put together. */
struct join {
    struct an_arena *arena;
    const struct pl_visits *visits;
    const struct known *known;
    struct pl_homes homes;
    struct renames renames;
    struct all all; /* has room for what was read */
    int64_t last_message;
};

/* The person's, by whom it is known; `was`: as of the visit with which it goes. */
static bool keep_event(struct join *j, const struct pl_set *set,
                       const struct ctx_event *was, bool moves)
{
    const struct ctx_event *e = &j->all.event[j->all.n++];

    if (set->message > j->last_message)
        j->last_message = set->message;
    return !moves || rename_add(j->arena, j->known, set->number, was, e->fact,
                                &j->renames);
}

/* What was the person's then. */
static bool add_event(struct join *j, const struct pl_set *set,
                      const struct ctx_event *said, bool moves)
{
    struct ctx_event was = *said, *e = &j->all.event[j->all.n];
    bool no_memory = false;

    was.encounter = pl_home_of(&j->homes, set->person, said);
    *e = *said;
    if (!follow(j->arena, j->visits, set->person, &was, e, &no_memory))
        return true;
    return !no_memory && keep_event(j, set, &was, moves);
}

/* It is read for others who know its visit. */
static bool add_along(struct join *j, const struct pl_set *set,
                      const struct ctx_event *said, bool moves)
{
    struct ctx_event *e = &j->all.event[j->all.n];

    if (!set->is_known)
        return true;
    *e = *said;
    e->fact = set->as;
    return keep_event(j, set, said, moves);
}

/* Of what was read for its fact only that which names no visit: the rest is
 * read with its own. */
static bool add_one(struct join *j, const struct pl_set *set,
                    const struct ctx_event *e, bool moves)
{
    bool along = e->encounter.n == 0 && j->visits->n_moves &&
                 pl_goes_along(&j->homes, set->person, e);

    if (set->as.n == 0)
        return along && set->person == 0 && pl_went_on(&j->homes, e)
                   ? true
                   : add_event(j, set, e, moves);
    if (along)
        return add_along(j, set, e, moves);
    return set->is_again || e->encounter.n || add_event(j, set, e, moves);
}

static bool add_said(struct join *j, const struct pl_sets *sets)
{
    bool moves = any_moves(j->known), ok = true;

    for (size_t i = 0; i < sets->n; i++)
        for (size_t k = 0; ok && k < sets->set[i].n; k++)
            ok = add_one(j, &sets->set[i], &sets->set[i].event[k], moves);
    return ok;
}

/* What is another's, of facts that are the person's too.  What a person forbids
 * counts for that of which visits came, not for those from whom they left. */
static bool add_left(struct join *j, const struct pl_sets *sets)
{
    bool ok = true;

    for (size_t i = 0; i < sets->n; i++) {
        const struct pl_set *set = &sets->set[i];

        for (size_t k = 0; ok && k < set->n; k++) {
            const struct ctx_event *e = &set->event[k];
            struct ctx_visit visit = {set->person,
                                      pl_home_of(&j->homes, set->person, e)};

            if (!pl_closes(e) || (e->kind == CTX_CONSENT && set->as.n == 0))
                continue;
            (void)ctx_visit_follow(j->visits->move, j->visits->n_moves, &visit);
            if (visit.person != 0)
                ok = closed_add(j->arena, e, set->as.n ? set->as : e->fact,
                                &j->all);
        }
    }
    return ok;
}

static enum an_code join(struct an_arena *arena, const struct read *read,
                         const struct pl_visits *visits, struct pl_history *out,
                         struct an_err *err)
{
    const struct pl_sets *sets = &read->sets, *facts = &read->facts;
    const struct pl_sets *closed = &read->closed;
    struct join j = {.arena = arena,
                     .visits = visits,
                     .known = &read->known,
                     .all.room =
                         sets->n_events + facts->n_events + closed->n_events};
    struct all *all = &j.all;

    all->event = an_arena_get(arena, all->room, sizeof(*all->event));
    if (all->event == NULL ||
        !pl_homes_find(arena, visits, sets, facts, &j.homes) ||
        !add_said(&j, sets) || !add_said(&j, facts) ||
        !renames_sort(arena, &j.renames))
        return an_fail_nomem(err);
    for (size_t i = 0; i < all->n; i++)
        out->n_said += all->event[i].available_us <= sets->as_of_us;
    out->last_message = sets->last_message > j.last_message ? sets->last_message
                                                            : j.last_message;
    out->n_alone = visits->n_alone;
    if ((visits->n_moves && (!add_left(&j, sets) || !add_left(&j, facts))) ||
        !add_closed(arena, sets, false, j.known, &j.renames, all) ||
        !add_closed(arena, closed, true, j.known, &j.renames, all))
        return an_fail_nomem(err);
    if (find_consents(arena, all->event, all->n, &out->consents, err) != AN_OK)
        return AN_NOMEM;
    return ctx_timeline_build(arena, all->event, all->n, sets->as_of_us,
                              &out->timeline, err);
}

/* Everything that is filed of one person, as of a moment. */
static enum an_code all_load(struct pl_reader *r, struct an_arena *arena,
                             const struct pl_visits *v, struct read *read,
                             struct an_err *err)
{
    struct pl_sets *sets = &read->sets;
    static const struct pl_someone nobody = {NULL, 0};
    enum an_code code = pl_person_load(r, arena, v, &nobody, sets, err);

    for (size_t i = 0; code == AN_OK && i < v->n_visits; i++)
        if (v->visit[i].is_source)
            code = pl_visit_load(r, arena, v, &v->visit[i], sets, err);
    if (code == AN_OK)
        code = pl_facts_load(r, arena, v, sets, false, &read->facts, err);
    return code;
}

/* How confidential something is, and what was forbidden, is asked as of now
 * (context/timeline.h): of each who was the person then, what is filed under
 * whom he is now, and under those to whom visits went, or from whom. */
static enum an_code closed_load(struct pl_reader *r, struct an_arena *arena,
                                const struct pl_someone *then,
                                struct read *read, struct an_err *err)
{
    struct known *known = &read->known;
    struct pl_sets *closed = &read->closed;
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
            met |= pl_is_one_of(&known->visits[k].person[0],
                                then->member[i].number);
        if (met)
            continue;
        code = pl_web_person(r, arena, &then->member[i], CTX_AS_OF_ALL, &web,
                             &person, err);
        if (code == AN_OK)
            code =
                pl_visits_find(r, arena, &web, &person, CTX_AS_OF_ALL, v, err);
        if (code == AN_OK)
            code = pl_person_load(r, arena, v, then, closed, err);
        for (size_t k = 0; code == AN_OK && k < v->n_visits; k++)
            code = pl_visit_load(r, arena, v, &v->visit[k], closed, err);
        if (code == AN_OK)
            code = pl_facts_load(r, arena, v, &read->sets, true, closed, err);
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
    struct read read = {.sets.as_of_us = as_of_us, .facts.as_of_us = as_of_us};
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
        code = all_load(r, arena, &visits, &read, err);
    if (code == AN_OK && as_of_us < CTX_AS_OF_ALL)
        code = closed_load(r, arena, &visits.person[0], &read, err);
    if (code == AN_OK)
        code = ask_number(r, PL_R_CLOSINGS, &out->closings, err);
    code = pl_reader_end(r, code, err);
    return code == AN_OK ? join(arena, &read, &visits, out, err) : code;
}

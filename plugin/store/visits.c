/* SPDX-License-Identifier: Apache-2.0 */
/* Visits that were moved, from one person on: to whom they went, and where what
 * is this person's now is filed.  A visit is followed alone: who else had one
 * of a dummy record does not matter. */
#include "plugin/store/reader_int.h"

#include "context/visit.h"

enum { FIRST_SLOTS = 64 };

/* Where a call reads and writes. */
struct search {
    struct pl_reader *r;
    struct an_arena *arena;
    struct pl_visits *v;
    struct an_err *err;
    size_t *todo; /* visits to be looked at */
    size_t n_todo, room_todo;
};

/* ---- what was met before -------------------------------------------------- */

/* Twice as large, or the first. */
static bool index_grow(struct an_arena *arena, struct pl_index **index,
                       size_t *room)
{
    size_t more = *room ? 2 * *room : FIRST_SLOTS;
    struct pl_index *slot = an_arena_get(arena, more, sizeof(*slot));

    if (slot == NULL)
        return false;
    for (size_t i = 0; i < *room; i++) {
        const struct pl_index *old = &(*index)[i];
        size_t k = old->hash & (more - 1);

        if (old->at == 0)
            continue;
        while (slot[k].at)
            k = (k + 1) & (more - 1);
        slot[k] = *old;
    }
    *index = slot;
    *room = more;
    return true;
}

/* ---- persons -------------------------------------------------------------- */

/* The slot of an identifier: free, or its own.  Numbers ascend from 1, so that
 * they are spread as they are. */
static struct pl_index *number_slot(const struct pl_visits *v, int64_t number)
{
    size_t mask = v->room_of_number - 1;
    size_t i = (uint64_t)number & mask;

    while (v->of_number[i].at && v->of_number[i].hash != (uint64_t)number)
        i = (i + 1) & mask;
    return &v->of_number[i];
}

bool pl_visits_person(const struct pl_visits *v, int64_t number, size_t *person)
{
    const struct pl_index *slot = number_slot(v, number);

    *person = slot->at ? slot->at - 1 : 0;
    return slot->at != 0;
}

/* One more, of members who stand in the web with their numbers. */
static enum an_code person_add(struct search *x, const struct pl_web *web,
                               const struct ctx_person *p)
{
    struct pl_visits *v = x->v;
    struct pl_someone *someone = pl_grown(x->arena, v->person, v->n_persons,
                                          &v->room_persons, sizeof(*someone));
    struct pl_numbered *member =
        an_arena_get(x->arena, p->n_members, sizeof(*member));
    size_t n = 0;

    if (someone == NULL || member == NULL)
        return an_fail_nomem(x->err);
    v->person = someone;
    for (size_t i = 0; i < web->n_nodes; i++)
        if (pl_is_member(p, &web->node[i].id))
            member[n++] = web->node[i];
    someone[v->n_persons++] = (struct pl_someone){member, n};
    return AN_OK;
}

/* The last person's. */
static enum an_code numbers_add(struct search *x)
{
    struct pl_visits *v = x->v;
    const struct pl_someone *p = &v->person[v->n_persons - 1];

    for (size_t i = 0; i < p->n_members; i++) {
        struct pl_index *slot;

        if (2 * v->n_of_number >= v->room_of_number &&
            !index_grow(x->arena, &v->of_number, &v->room_of_number))
            return an_fail_nomem(x->err);
        slot = number_slot(v, p->member[i].number);
        v->n_of_number += slot->at == 0;
        *slot = (struct pl_index){(uint64_t)p->member[i].number, v->n_persons};
    }
    return AN_OK;
}

/* Whoever has more numbers than a reader takes is this number alone: others must
 * not become unreadable because a visit of theirs came from there. */
static enum an_code person_get(struct search *x, const struct pl_numbered *who,
                               struct pl_web *web, struct ctx_person *found)
{
    struct an_mark mark = an_arena_mark(x->arena);
    struct ctx_member *member;
    struct pl_numbered *node;
    enum an_code code =
        pl_web_person(x->r, x->arena, who, x->v->as_of_us, web, found, x->err);

    if (code != AN_LIMIT)
        return code;
    an_arena_rewind(x->arena, mark);
    member = an_arena_get(x->arena, 1, sizeof(*member));
    node = an_arena_get(x->arena, 1, sizeof(*node));
    if (member == NULL || node == NULL)
        return an_fail_nomem(x->err);
    *node = *who;
    *member = (struct ctx_member){.id = who->id};
    *web = (struct pl_web){.node = node, .n_nodes = 1};
    *found = (struct ctx_person){.member = member, .n_members = 1};
    x->v->n_alone++;
    return AN_OK;
}

static enum an_code person_of(struct search *x, const struct pl_numbered *who,
                              size_t *person)
{
    struct pl_visits *v = x->v;
    struct pl_index *slot = number_slot(v, who->number);
    struct ctx_person found;
    struct pl_web web;
    enum an_code code;

    if (slot->at == 0) {
        code = person_get(x, who, &web, &found);
        if (code == AN_OK)
            code = person_add(x, &web, &found);
        if (code == AN_OK)
            code = numbers_add(x);
        if (code != AN_OK)
            return code;
        slot = number_slot(v, who->number);
    }
    *person = slot->at - 1;
    return AN_OK;
}

/* ---- visits --------------------------------------------------------------- */

static struct pl_index *visit_slot(struct pl_visits *v, size_t person,
                                   struct an_str visit, uint64_t *hash)
{
    size_t mask = v->room_of_visit - 1, i;

    *hash = an_str_hash(visit) + person * 31;
    for (i = *hash & mask; v->of_visit[i].at; i = (i + 1) & mask) {
        const struct pl_visit *met = &v->visit[v->of_visit[i].at - 1];

        if (v->of_visit[i].hash == *hash && met->person == person &&
            an_str_eq(met->visit, visit))
            break;
    }
    return &v->of_visit[i];
}

/* To be looked at, unless it is the first person's, all of whose are, or was
 * already. */
static enum an_code meet(struct search *x, size_t person, struct an_str visit,
                         bool is_source)
{
    struct pl_visits *v = x->v;
    struct pl_index *slot;
    struct pl_visit *met;
    uint64_t hash;
    size_t *todo;

    if (person == 0)
        return AN_OK;
    if (2 * v->n_visits >= v->room_of_visit &&
        !index_grow(x->arena, &v->of_visit, &v->room_of_visit))
        return an_fail_nomem(x->err);
    slot = visit_slot(v, person, visit, &hash);
    if (slot->at && (v->visit[slot->at - 1].is_source || !is_source))
        return AN_OK;
    met = pl_grown(x->arena, v->visit, v->n_visits, &v->room_visits,
                   sizeof(*met));
    todo = pl_grown(x->arena, x->todo, x->n_todo, &x->room_todo, sizeof(*todo));
    if (met == NULL || todo == NULL)
        return an_fail_nomem(x->err);
    v->visit = met;
    x->todo = todo;
    if (slot->at == 0) {
        met[v->n_visits++] =
            (struct pl_visit){.person = person, .visit = visit};
        *slot = (struct pl_index){hash, v->n_visits};
    }
    met[slot->at - 1].is_source |= is_source;
    todo[x->n_todo++] = slot->at - 1;
    return AN_OK;
}

/* ---- moves ---------------------------------------------------------------- */

static enum an_code row_take(struct search *x, sqlite3_stmt *s,
                             struct pl_numbered *prior,
                             struct pl_numbered *current, struct ctx_claim **c)
{
    struct ctx_claim *claim = an_arena_get(x->arena, 1, sizeof(*claim));

    if (claim == NULL || !pl_column_identifier(x->arena, s, 1, &prior->id) ||
        !pl_column_identifier(x->arena, s, 5, &current->id) ||
        !pl_column_copy(x->arena, s, 8, &claim->prior_visit) ||
        !pl_column_copy(x->arena, s, 9, &claim->visit))
        return an_fail_nomem(x->err);
    prior->number = sqlite3_column_int64(s, 0);
    current->number = sqlite3_column_int64(s, 4);
    claim->kind = CTX_CLAIM_VISIT;
    claim->said_us = sqlite3_column_int64(s, 10);
    claim->prior = prior->id;
    claim->current = current->id;
    *c = claim;
    return AN_OK;
}

/* A move that left a visit is kept, and where it leads is looked at.  Of one
 * that came to a source, where it came from is a source, too. */
static enum an_code move_take(struct search *x, sqlite3_stmt *s, bool left)
{
    struct pl_numbered prior, current;
    struct pl_visits *v = x->v;
    struct ctx_visit_move m, *move;
    struct ctx_claim *c = NULL;
    enum an_code code = row_take(x, s, &prior, &current, &c);

    if (code == AN_OK)
        code = person_of(x, &prior, &m.prior);
    if (code == AN_OK && !left)
        return meet(x, m.prior, c->prior_visit, true);
    if (code == AN_OK)
        code = person_of(x, &current, &m.current);
    if (code != AN_OK)
        return code;
    move =
        pl_grown(x->arena, v->move, v->n_moves, &v->room_moves, sizeof(*move));
    if (move == NULL)
        return an_fail_nomem(x->err);
    m.claim = c;
    v->move = move;
    move[v->n_moves++] = m;
    return meet(x, m.current, c->visit, false);
}

/* Of all members; visit: NULL for every visit. */
static enum an_code moves_take(struct search *x, enum pl_read which,
                               size_t person, const struct an_str *visit,
                               bool left)
{
    struct pl_someone p = x->v->person[person];
    sqlite3_stmt *s = pl_reader_stmt(x->r, which);
    enum an_code code = AN_OK;

    for (size_t i = 0; code == AN_OK && i < p.n_members; i++) {
        bool more = true;

        sqlite3_bind_int64(s, 1, p.member[i].number);
        sqlite3_bind_int64(s, 2, x->v->as_of_us);
        if (visit)
            pl_bind_text(s, 3, *visit);
        while (code == AN_OK && more) {
            code = pl_reader_step(x->r, s, &more, x->err);
            if (code == AN_OK && more)
                code = move_take(x, s, left);
        }
        sqlite3_reset(s);
    }
    return code;
}

static enum an_code visit_look(struct search *x, size_t at)
{
    struct pl_visit *visit = &x->v->visit[at];
    struct an_str name = visit->visit;
    size_t person = visit->person;
    bool came = visit->is_source && !visit->came, left = !visit->left;
    enum an_code code = AN_OK;

    visit->came |= came;
    visit->left = true;
    if (left)
        code = moves_take(x, PL_R_LEFT, person, &name, true);
    if (code == AN_OK && came)
        code = moves_take(x, PL_R_CAME, person, &name, false);
    return code;
}

enum an_code pl_visits_find(struct pl_reader *r, struct an_arena *arena,
                            const struct pl_web *web,
                            const struct ctx_person *person, int64_t as_of_us,
                            struct pl_visits *out, struct an_err *err)
{
    struct search x = {.r = r, .arena = arena, .v = out, .err = err};
    enum an_code code;

    *out = (struct pl_visits){.as_of_us = as_of_us};
    code = person_add(&x, web, person);
    if (code == AN_OK)
        code = numbers_add(&x);
    if (code == AN_OK)
        code = moves_take(&x, PL_R_MOVED_FROM, 0, NULL, true);
    if (code == AN_OK)
        code = moves_take(&x, PL_R_MOVED_TO, 0, NULL, false);
    while (code == AN_OK && x.n_todo)
        code = visit_look(&x, x.todo[--x.n_todo]);
    if (code == AN_OK && !ctx_visit_sort(arena, out->move, out->n_moves))
        code = an_fail_nomem(err);
    return code;
}

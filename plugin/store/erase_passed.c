/* SPDX-License-Identifier: Apache-2.0 */
/* Of one who is erased, the versions of a fact that name no visit and go along with
 * those that are filed under others (sets_int.h): what is filed under her of a visit
 * that only passed through her, and under others of one that is hers. */
#include "plugin/store/erase_int.h"

#include "base/sort.h"
#include "context/visit.h"
#include "plugin/store/sets_int.h"

/* What is looked for along the ways through the first person of `v`. */
struct passing {
    struct pl_erasing *x;
    const struct pl_visits *v;
    struct pl_ways *out;
    struct pl_way way; /* of the visit that is walked */
    const struct ctx_event *event;
    bool passes, no_memory;
};

static void note_pass(void *ctx, const struct ctx_visit *at)
{
    struct passing *p = ctx;

    p->passes |= at->person == 0;
}

static void way_add(void *ctx, const struct ctx_visit *at)
{
    struct passing *p = ctx;
    struct pl_ways *out = p->out;
    struct pl_way *way;

    if (at->person != 0 || p->no_memory)
        return;
    way = pl_grown(&p->x->ways, out->way, out->n, &out->room, sizeof(*way));
    if (way == NULL ||
        !ctx_visit_fact(&p->x->ways, p->event, at->encounter, &p->way.fact)) {
        p->no_memory = true;
        return;
    }
    out->way = way;
    way[out->n++] = p->way;
}

static enum an_code visit_pass(struct passing *p, size_t person,
                               struct an_str visit)
{
    const struct pl_visit from = {.person = person, .visit = visit};
    const struct pl_visits *v = p->v;
    struct pl_sets sets = {.as_of_us = CTX_AS_OF_ALL};
    struct ctx_visit at = {person, visit};
    enum an_code code;

    p->passes = false;
    (void)ctx_visit_walk(v->move, v->n_moves, &at, note_pass, p);
    if (!p->passes || an_str_eq(visit, AN_STR(PL_VISIT_CLOSED)))
        return AN_OK;
    p->way = (struct pl_way){
        .is_hers = pl_is_one_of(&p->x->v.person[0],
                                v->person[at.person].member[0].number)};
    code = pl_visit_load(&p->x->reader, &p->x->ways, v, &from, &sets, NULL);
    for (size_t i = 0; code == AN_OK && i < sets.n; i++) {
        const struct ctx_event *event = sets.set[i].event;

        for (size_t k = 0; k < sets.set[i].n; k++) {
            at = (struct ctx_visit){person, visit};
            p->event = event + k;
            if (p->event->fact.n)
                (void)ctx_visit_walk(v->move, v->n_moves, &at, way_add, p);
        }
    }
    return p->no_memory ? AN_NOMEM : code;
}

static int by_fact(const void *x, const void *y)
{
    const struct pl_way *a = x, *b = y;

    return an_str_cmp(a->fact, b->fact);
}

static enum an_code ways_find(struct pl_erasing *x, const struct pl_visits *v,
                              struct pl_ways *out)
{
    struct passing p = {.x = x, .v = v, .out = out};
    enum an_code code = AN_OK;
    void *scratch;

    for (size_t i = 0; code == AN_OK && i < v->n_visits; i++)
        if (v->visit[i].is_source)
            code = visit_pass(&p, v->visit[i].person, v->visit[i].visit);
    for (size_t i = 0; code == AN_OK && i < v->n_moves; i++)
        if (v->move[i].prior == 0 &&
            (i == 0 || v->move[i - 1].prior != 0 ||
             !an_str_eq(v->move[i - 1].claim->prior_visit,
                        v->move[i].claim->prior_visit)))
            code = visit_pass(&p, 0, v->move[i].claim->prior_visit);
    scratch = an_arena_get(&x->ways, out->n / 2 + 1, sizeof(*out->way));
    if (scratch == NULL)
        return AN_NOMEM;
    if (code == AN_OK && out->n)
        an_sort(out->way, out->n, sizeof(*out->way), scratch, by_fact);
    return code;
}

/* ---- of one person -------------------------------------------------------- */

/* Who has more numbers than a reader takes is one number alone (visits.c). */
static enum an_code others_find(struct pl_erasing *x, size_t person,
                                struct pl_visits *out)
{
    const struct pl_numbered *first = &x->v.person[person].member[0];
    struct pl_numbered *one = an_arena_get(&x->ways, 1, sizeof(*one));
    struct ctx_member *member = an_arena_get(&x->ways, 1, sizeof(*member));
    struct ctx_person who;
    struct pl_web web;
    enum an_code code;

    if (member == NULL || one == NULL)
        return AN_NOMEM;
    *one = *first;
    code = pl_web_person(&x->reader, &x->ways, one, CTX_AS_OF_ALL, &web, &who,
                         NULL);
    if (code == AN_LIMIT) {
        *member = (struct ctx_member){.id = one->id};
        web = (struct pl_web){.node = one, .n_nodes = 1};
        who = (struct ctx_person){.member = member, .n_members = 1};
        code = AN_OK;
    }
    return code == AN_OK ? pl_visits_find(&x->reader, &x->ways, &web, &who,
                                          CTX_AS_OF_ALL, out, NULL)
                         : code;
}

static enum an_code person_ways(struct pl_erasing *x, size_t person,
                                struct pl_ways *out)
{
    struct pl_visits others;
    enum an_code code = AN_OK;

    if (person)
        code = others_find(x, person, &others);
    return code == AN_OK ? ways_find(x, person ? &others : &x->v, out) : code;
}

int pl_erase_ways(struct pl_erasing *x, size_t person,
                  const struct pl_ways **out)
{
    struct pl_ways *found;
    enum an_code code;

    if (x->of == NULL)
        x->of = an_arena_get(&x->ways, x->v.n_persons, sizeof(*x->of));
    if (x->of == NULL)
        return SQLITE_NOMEM;
    *out = x->of[person];
    if (*out)
        return SQLITE_OK;
    found = an_arena_get(&x->ways, 1, sizeof(*found));
    code = found ? person_ways(x, person, found) : AN_NOMEM;
    if (code == AN_OK)
        *out = x->of[person] = found;
    return pl_erase_rc(code);
}

int pl_erase_along(struct pl_erasing *x, size_t person, struct an_str fact,
                   struct pl_along *out)
{
    const struct pl_ways *ways = NULL;
    int rc = pl_erase_ways(x, person, &ways);

    *out = (struct pl_along){false, false};
    for (size_t i = 0; rc == SQLITE_OK && i < ways->n; i++)
        if (an_str_eq(ways->way[i].fact, fact)) {
            out->is_hers |= ways->way[i].is_hers;
            out->is_others |= !ways->way[i].is_hers;
        }
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* All that is known of one person. */
#include "plugin/store/reader_int.h"

#include "context/codec.h"
#include "context/visit.h"

struct set {
    const struct ctx_event *event;
    size_t n;
    size_t node; /* of the web, under which it is filed */
};

struct sets {
    struct set *set;
    size_t n, room;
    size_t n_events;
    int64_t last_message;
    int64_t as_of_us;
};

/* Whose the visits in a web are. */
struct visits {
    const size_t *person; /* of each node: the first node of the same one; the
                             one who was asked for is 0.  NULL: no visit was
                             ever moved */
    struct ctx_visit_move *move;
    size_t n_moves;
};

static enum an_code set_take(struct sets *sets, struct an_arena *arena,
                             sqlite3_stmt *s, size_t node, struct an_err *err)
{
    struct an_str hash = pl_column(s, 1), blob;
    int64_t message = sqlite3_column_int64(s, 0);
    char *id = an_arena_get(arena, AN_SHA256_HEX + 1, 1);
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
    set += sets->n++;
    set->node = node;
    code = ctx_events_decode(arena, blob, (struct an_str){id, AN_SHA256_HEX},
                             &set->event, &set->n, err);
    if (code == AN_INTEGRITY)
        return pl_fail_message(err, code, "stored events are damaged", message);
    sets->n_events += set->n;
    if (message > sets->last_message &&
        sqlite3_column_int64(s, 3) <= sets->as_of_us)
        sets->last_message = message;
    return code;
}

static enum an_code sets_load(struct pl_reader *r, struct an_arena *arena,
                              const struct pl_web *web, size_t node,
                              struct sets *sets, struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_EVENTS);
    enum an_code code;
    bool more;

    sqlite3_bind_int64(s, 1, web->node[node].number);
    for (;;) {
        code = pl_reader_step(r, s, &more, err);
        if (code != AN_OK || !more)
            return code;
        code = set_take(sets, arena, s, node, err);
        if (code != AN_OK) {
            sqlite3_reset(s);
            return code;
        }
    }
}

/* ---- visits that were moved ---------------------------------------------- */

static enum an_code persons_find(struct an_arena *arena,
                                 const struct pl_web *web, int64_t as_of_us,
                                 size_t *person, struct an_err *err)
{
    enum an_code code = AN_OK;

    for (size_t i = 0; i < web->n_nodes; i++)
        person[i] = web->n_nodes;
    for (size_t i = 0; code == AN_OK && i < web->n_nodes; i++) {
        struct ctx_person p;

        if (person[i] < web->n_nodes)
            continue;
        code = ctx_person_find(arena, web->claim, web->n_claims,
                               &web->node[i].id, as_of_us, &p, err);
        for (size_t k = i; code == AN_OK && k < web->n_nodes; k++)
            if (pl_is_member(&p, &web->node[k].id))
                person[k] = i;
    }
    return code;
}

/* A claim's identifiers are those of nodes: the same bytes. */
static size_t node_of(const struct pl_web *web, const struct ctx_identifier *id)
{
    size_t i = 0;

    while (i < web->n_nodes && web->node[i].id.value.p != id->value.p)
        i++;
    return i;
}

static enum an_code visits_find(struct an_arena *arena,
                                const struct pl_web *web, int64_t as_of_us,
                                struct visits *out, struct an_err *err)
{
    size_t *person;

    *out = (struct visits){NULL, NULL, 0};
    if (!web->visits)
        return AN_OK;
    person = an_arena_get(arena, web->n_nodes, sizeof(*person));
    out->move = an_arena_get(arena, web->n_claims, sizeof(*out->move));
    if (person == NULL || out->move == NULL)
        return an_fail_nomem(err);
    out->person = person;
    for (size_t i = 0; i < web->n_claims; i++) {
        const struct ctx_claim *c = &web->claim[i];

        if (c->kind == CTX_CLAIM_VISIT)
            out->move[out->n_moves++] = (struct ctx_visit_move){
                node_of(web, &c->current), node_of(web, &c->prior), c};
    }
    if (persons_find(arena, web, as_of_us, person, err) != AN_OK)
        return AN_NOMEM;
    for (size_t i = 0; i < out->n_moves; i++) {
        out->move[i].current = person[out->move[i].current];
        out->move[i].prior = person[out->move[i].prior];
    }
    return AN_OK;
}

/* May something be filed under the node that is of the person now? */
static bool is_asked_for(const struct pl_web *web, const struct visits *v,
                         const struct ctx_person *person, size_t node)
{
    if (pl_is_member(person, &web->node[node].id))
        return true;
    for (size_t i = 0; i < v->n_moves; i++)
        if (v->move[i].prior == v->person[node])
            return true;
    return false;
}

/* False: the event is another's.  *e may get another visit. */
static bool follow(struct an_arena *arena, const struct visits *v, size_t node,
                   struct ctx_event *e, bool *no_memory)
{
    struct ctx_visit visit;

    if (v->person == NULL)
        return true;
    visit = (struct ctx_visit){v->person[node], e->encounter};
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

static enum an_code join(struct an_arena *arena, const struct sets *sets,
                         const struct visits *visits, int64_t as_of_us,
                         struct pl_history *out, struct an_err *err)
{
    struct ctx_event *all = an_arena_get(arena, sets->n_events, sizeof(*all));
    bool no_memory = false;
    size_t n = 0;

    if (all == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < sets->n; i++)
        for (size_t k = 0; k < sets->set[i].n; k++) {
            all[n] = sets->set[i].event[k];
            n += follow(arena, visits, sets->set[i].node, &all[n], &no_memory);
        }
    if (no_memory)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        out->n_said += all[i].available_us <= as_of_us;
    out->last_message = sets->last_message;
    if (find_consents(arena, all, n, &out->consents, err) != AN_OK)
        return AN_NOMEM;
    return ctx_timeline_build(arena, all, n, as_of_us, &out->timeline, err);
}

static enum an_code closings(struct pl_reader *r, int64_t *n,
                             struct an_err *err)
{
    sqlite3_stmt *s = pl_reader_stmt(r, PL_R_CLOSINGS);
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
    struct sets sets = {.as_of_us = as_of_us};
    struct visits visits = {NULL, NULL, 0};
    struct pl_numbered node;
    struct pl_web web;
    enum an_code code = pl_reader_begin(r, err);

    *out = (struct pl_history){.n_said = 0};
    if (code != AN_OK)
        return code;
    code = pl_exact(r, arena, who, &node, err);
    if (code == AN_OK)
        code =
            pl_web_person(r, arena, &node, as_of_us, &web, &out->person, err);
    if (code == AN_OK)
        code = visits_find(arena, &web, as_of_us, &visits, err);
    for (size_t i = 0; code == AN_OK && i < web.n_nodes; i++)
        if (is_asked_for(&web, &visits, &out->person, i))
            code = sets_load(r, arena, &web, i, &sets, err);
    if (code == AN_OK)
        code = closings(r, &out->closings, err);
    code = pl_reader_end(r, code, err);
    return code == AN_OK ? join(arena, &sets, &visits, as_of_us, out, err)
                         : code;
}

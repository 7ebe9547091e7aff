/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of a fact that name no visit, where visits were moved. */
#include "plugin/store/sets_int.h"

#include "base/sort.h"
#include "context/consent.h"
#include "context/timeline.h"
#include "context/visit.h"

enum { NAME_BYTES = 2 }; /* of the hash */

_Static_assert(PL_FACT_NAME == 1 + 2 * NAME_BYTES + 1, "a mark, and hex");

enum an_code pl_fact_name(struct an_str fact, char name[PL_FACT_NAME],
                          struct an_err *err)
{
    struct an_sha256 hash;
    enum an_code code = an_sha256(fact, &hash, err);

    if (code == AN_OK) {
        name[0] = '\1';
        an_hex_print(hash.b, NAME_BYTES, name + 1);
    }
    return code;
}

bool pl_closes(const struct ctx_event *e)
{
    if (e->kind == CTX_CONSENT)
        return ctx_consent_is_deny(e) && !ctx_event_withdrawn(e);
    return (e->labels & CTX_LABEL_CLOSED) != 0;
}

/* ---- which are to be read ------------------------------------------------- */

struct request {
    size_t person;
    struct an_str fact, as;
    bool is_known;
};

struct asking {
    struct an_arena *arena;
    const struct ctx_event *event;
    int64_t as_of_us;
    struct request *request;
    size_t n, room;
    bool no_memory;
};

static int by_fact(const void *x, const void *y)
{
    const struct request *a = x, *b = y;
    int r = (a->person > b->person) - (a->person < b->person);

    if (r || (r = an_str_cmp(a->fact, b->fact)))
        return r;
    return an_str_cmp(a->as, b->as);
}

/* All that is filed under the first is read anyhow. */
static void ask_at(void *ctx, const struct ctx_visit *at)
{
    struct asking *a = ctx;
    struct request *request;
    struct an_str fact;

    if (at->person == 0 || a->no_memory)
        return;
    request =
        pl_grown(a->arena, a->request, a->n, &a->room, sizeof(*a->request));
    if (request == NULL ||
        !ctx_visit_fact(a->arena, a->event, at->encounter, &fact)) {
        a->no_memory = true;
        return;
    }
    a->request = request;
    request[a->n++] = (struct request){at->person, fact, AN_STR(""),
                                       a->event->available_us <= a->as_of_us};
}

static void ask_event(struct asking *a, const struct pl_visits *v,
                      size_t person, const struct ctx_event *e, bool all)
{
    struct ctx_visit visit = {person, e->encounter};
    size_t first = a->n;
    struct an_str as;

    if (e->fact.n == 0 || e->encounter.n == 0)
        return;
    a->event = e;
    ask_at(a, &visit);
    if (!ctx_visit_walk(v->move, v->n_moves, &visit, ask_at, a) ||
        (visit.person != 0 && !all)) {
        a->n = first;
        return;
    }
    if (!ctx_visit_fact(a->arena, e, visit.encounter, &as))
        a->no_memory = true;
    for (size_t i = first; !a->no_memory && i < a->n; i++)
        a->request[i].as = as;
}

/* What is asked for, each once. */
static bool ask_all(struct asking *a, const struct pl_visits *v,
                    const struct pl_sets *from, bool all)
{
    struct request *scratch;
    size_t kept = 0, person;

    for (size_t i = 0; i < from->n; i++)
        for (size_t k = 0; !a->no_memory && k < from->set[i].n; k++)
            if (pl_visits_person(v, from->set[i].number, &person))
                ask_event(a, v, person, &from->set[i].event[k], all);
    scratch = an_arena_get(a->arena, a->n / 2 + 1, sizeof(*scratch));
    if (scratch == NULL || a->no_memory)
        return false;
    if (a->n)
        an_sort(a->request, a->n, sizeof(*a->request), scratch, by_fact);
    for (size_t i = 0; i < a->n; i++) {
        if (kept == 0 || by_fact(&a->request[kept - 1], &a->request[i]) != 0)
            a->request[kept++] = a->request[i];
        a->request[kept - 1].is_known |= a->request[i].is_known;
    }
    a->n = kept;
    return true;
}

enum an_code pl_facts_load(struct pl_reader *r, struct an_arena *arena,
                           const struct pl_visits *v,
                           const struct pl_sets *from, bool all,
                           struct pl_sets *out, struct an_err *err)
{
    struct asking a = {.arena = arena, .as_of_us = from->as_of_us};
    const struct request *last = NULL;
    enum an_code code = AN_OK;

    if (v->n_moves == 0)
        return AN_OK;
    if (!ask_all(&a, v, from, all))
        return an_fail_nomem(err);
    for (size_t i = 0; code == AN_OK && i < a.n; i++) {
        const struct request *one = &a.request[i];
        size_t first = out->n;

        code = pl_fact_load(r, arena, v, one->person, one->fact, out, err);
        for (size_t k = first; k < out->n; k++) {
            out->set[k].as = one->as;
            out->set[k].is_known = one->is_known;
            out->set[k].is_again = last && last->person == one->person &&
                                   an_str_eq(last->fact, one->fact);
        }
        last = one;
    }
    return code;
}

/* ---- with which visit a version goes -------------------------------------- */

static int named_cmp(size_t person, struct an_str fact,
                     const struct pl_named *n)
{
    int r = (person > n->person) - (person < n->person);

    return r ? r : an_str_cmp(fact, n->event->fact);
}

static int by_named(const void *x, const void *y)
{
    const struct pl_named *a = x, *b = y;
    int r = named_cmp(a->person, a->event->fact, b);

    return r ? r : ctx_version_cmp(a->event, b->event);
}

static void named_add(const struct pl_sets *sets, int64_t as_of_us,
                      bool is_first, struct pl_homes *out)
{
    for (size_t i = 0; i < sets->n; i++) {
        const struct pl_set *set = &sets->set[i];

        for (size_t k = 0; k < set->n; k++) {
            const struct ctx_event *e = &set->event[k];

            if (e->fact.n && e->encounter.n && e->available_us <= as_of_us &&
                (set->person == 0) == is_first &&
                !an_str_eq(e->encounter, AN_STR(PL_VISIT_CLOSED)))
                out->named[out->n++] = (struct pl_named){e, set->person};
        }
    }
}

/* ---- what has been the first person's on its way --------------------------- */

struct passing {
    struct an_arena *arena;
    const struct ctx_event *event;
    struct pl_homes *homes;
    bool no_memory;
};

static void pass_at(void *ctx, const struct ctx_visit *at)
{
    struct passing *p = ctx;
    struct pl_homes *h = p->homes;
    struct pl_passed *passed;
    struct an_str fact;

    if (at->person != 0 || p->no_memory)
        return;
    passed = pl_grown(p->arena, h->passed, h->n_passed, &h->room_passed,
                      sizeof(*passed));
    if (passed == NULL ||
        !ctx_visit_fact(p->arena, p->event, at->encounter, &fact)) {
        p->no_memory = true;
        return;
    }
    h->passed = passed;
    passed[h->n_passed++] = (struct pl_passed){fact, false};
}

static int by_passed(const void *x, const void *y)
{
    const struct pl_passed *a = x, *b = y;

    return an_str_cmp(a->fact, b->fact);
}

static bool passed_find(struct an_arena *arena, const struct pl_visits *v,
                        const struct pl_sets *sets, struct pl_homes *out)
{
    struct passing p = {.arena = arena, .homes = out};
    void *scratch;

    for (size_t i = 0; i < sets->n; i++)
        for (size_t k = 0; sets->set[i].person && k < sets->set[i].n; k++) {
            const struct ctx_event *e = &sets->set[i].event[k];
            struct ctx_visit at = {sets->set[i].person, e->encounter};
            size_t first = out->n_passed;

            p.event = e;
            if (e->fact.n == 0 || e->available_us > sets->as_of_us ||
                !ctx_visit_walk(v->move, v->n_moves, &at, pass_at, &p))
                continue;
            for (size_t m = first; at.person == 0 && m < out->n_passed; m++)
                out->passed[m].stays = true;
        }
    scratch = an_arena_get(arena, out->n_passed / 2 + 1, sizeof(*out->passed));
    if (scratch && out->n_passed)
        an_sort(out->passed, out->n_passed, sizeof(*out->passed), scratch,
                by_passed);
    return scratch && !p.no_memory;
}

bool pl_went_on(const struct pl_homes *homes, const struct ctx_event *e)
{
    size_t low = 0, high = homes->n_passed;
    bool went = false;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (an_str_cmp(homes->passed[middle].fact, e->fact) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < homes->n_passed && an_str_eq(homes->passed[low].fact, e->fact);
         low++) {
        if (homes->passed[low].stays)
            return false;
        went = true;
    }
    return went;
}

/* ---- both ------------------------------------------------------------------ */

bool pl_homes_find(struct an_arena *arena, const struct pl_visits *v,
                   const struct pl_sets *own, const struct pl_sets *facts,
                   struct pl_homes *out)
{
    size_t room = own->n_events + facts->n_events;
    struct an_mark mark;
    void *scratch;

    *out = (struct pl_homes){.n = 0};
    if (v->n_moves == 0)
        return true;
    out->named = an_arena_get(arena, room, sizeof(*out->named));
    mark = an_arena_mark(arena);
    scratch = an_arena_get(arena, room / 2 + 1, sizeof(*out->named));
    if (out->named == NULL || scratch == NULL)
        return false;
    named_add(own, own->as_of_us, true, out);
    named_add(facts, own->as_of_us, false, out);
    an_sort(out->named, out->n, sizeof(*out->named), scratch, by_named);
    an_arena_rewind(arena, mark);
    return passed_find(arena, v, own, out);
}

struct an_str pl_home_of(const struct pl_homes *homes, size_t person,
                         const struct ctx_event *e)
{
    size_t low = 0, high = homes->n;

    if (e->encounter.n || e->fact.n == 0 || e->kind == CTX_CONSENT)
        return e->encounter;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (named_cmp(person, e->fact, &homes->named[middle]) < 0)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == 0 || named_cmp(person, e->fact, &homes->named[low - 1]) != 0)
        return e->encounter;
    return homes->named[low - 1].event->encounter;
}

bool pl_goes_along(const struct pl_homes *homes, size_t person,
                   const struct ctx_event *e)
{
    return e->fact.n && e->kind != CTX_CONSENT &&
           pl_home_of(homes, person, e).n == 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Small worlds at random, in which patients merge, part and lose visits through a
 * dummy record: whose is what is held against a slow answer by everything that
 * was said, and with each message whoever it concerns is asked again. */
#include "context/identity.h"
#include "context/label.h"
#include "context/visit.h"
#include "tests/closing_help.h"
#include "tests/invented.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *store_world_suite(void);

/* The dummy is 0. */
enum { IDS = 6, SAID = 40, MOMENTS = 8, WORLDS = 8, ORDERS = 3 };

#define HIV (CTX_LABEL_STATED | CTX_LABEL_HIV)

struct world {
    struct ctx_identifier who[SAID];
    struct ctx_event event[SAID];
    struct ctx_claim claim[SAID];
};

static void set_up(void)
{
    test_store_open(&closing_store);
}

static void tear_down(void)
{
    test_store_close(&closing_store);
}

static struct an_arena *arena(void)
{
    return &closing_store.arena;
}

static struct an_str text(const char *word, unsigned number)
{
    struct an_str copy = AN_STR("");
    char buffer[64];

    (void)snprintf(buffer, sizeof(buffer), "%s%u", word, number);
    ck_assert(an_arena_str(arena(), an_str_c(buffer), &copy));
    return copy;
}

/* ---- a world --------------------------------------------------------------- */

/* Every second time the dummy. */
static struct ctx_identifier any_id(struct test_rng *r)
{
    return closing_numbered(
        test_rng_below(r, 2) ? 0 : (unsigned)test_rng_below(r, IDS));
}

static struct an_str any_visit(struct test_rng *r)
{
    return text("H|V", (unsigned)test_rng_below(r, 3));
}

static struct ctx_event any_event(struct test_rng *r, unsigned i, int64_t us)
{
    struct ctx_event e = {
        .kind = CTX_OBSERVATION,
        .status = CTX_STATUS_FINAL,
        .said_us = us,
        .available_us = us,
        .effective = {us, 0, AN_TIME_SECOND, 0},
        .concept = {AN_STR("urn:id:L"), AN_STR("K"), text("event ", i)},
        .encounter = any_visit(r)};

    if (test_rng_below(r, 3) == 0)
        e.fact = text("fact|", (unsigned)test_rng_below(r, 3));
    if (test_rng_below(r, 3) == 0) {
        e.kind = CTX_ADMISSION;
        e.fact = text("admission|V", (unsigned)test_rng_below(r, 3));
    }
    if (test_rng_below(r, 4) == 0)
        e.encounter = AN_STR("");
    if (test_rng_below(r, 6) == 0)
        e.labels = test_rng_below(r, 3) ? HIV : CTX_LABEL_STATED;
    return e;
}

static void world_make(struct world *w, uint64_t seed)
{
    static const enum ctx_claim_kind kind[] = {
        CTX_CLAIM_SAME, CTX_CLAIM_MERGE, CTX_CLAIM_UNMERGE, CTX_CLAIM_MOVE,
        CTX_CLAIM_MOVE, CTX_CLAIM_VISIT, CTX_CLAIM_VISIT,   CTX_CLAIM_VISIT};
    struct test_rng r = {seed};

    for (unsigned i = 0; i < SAID; i++) {
        int64_t us = 1 + (int64_t)test_rng_below(&r, MOMENTS - 2);

        w->who[i] = any_id(&r);
        w->event[i] = any_event(&r, i, us);
        w->claim[i] = (struct ctx_claim){
            .kind =
                (uint8_t)kind[test_rng_below(&r, sizeof(kind) / sizeof(*kind))],
            .prior = any_id(&r),
            .current = any_id(&r),
            .said_us = us,
            .available_us = us + (int64_t)test_rng_below(&r, 2),
            .place = AN_STR(""),
            .visit = any_visit(&r),
            .prior_visit = any_visit(&r)};
    }
}

/* The i-th message: its event, its claim, or both. */
static struct pl_intake message(struct world *w, size_t i, bool event,
                                bool claim)
{
    struct ctx_part part = {w->who[i], &w->event[i], 1};
    struct ctx_reading reading = {.kind = AN_STR("ADT^A45"),
                                  .part = &part,
                                  .n_parts = event,
                                  .claim = &w->claim[i],
                                  .n_claims = claim};

    return test_intake_of(&closing_store,
                          text(event ? "message " : "claim ", (unsigned)i),
                          &reading);
}

/* ---- the slow answer ------------------------------------------------------- */

static unsigned number_of(const struct ctx_identifier *id)
{
    return (unsigned)(id->value.p[id->value.n - 1] - '0');
}

struct asking {
    const struct world *w;
    int64_t as_of_us;
    size_t who[IDS]; /* whose number each is then: the least of one person */
    struct ctx_visit_move move[SAID];
    size_t n_moves;
};

static void ask(struct asking *a, const struct world *w, int64_t as_of_us)
{
    *a = (struct asking){.w = w, .as_of_us = as_of_us};
    for (unsigned i = 0; i < IDS; i++) {
        struct ctx_identifier id = closing_numbered(i);
        struct ctx_person p;

        ck_assert_int_eq(
            ctx_person_find(arena(), w->claim, SAID, &id, as_of_us, &p, NULL),
            AN_OK);
        a->who[i] = number_of(&p.member[0].id);
    }
    for (size_t i = 0; i < SAID; i++)
        if (w->claim[i].kind == CTX_CLAIM_VISIT &&
            w->claim[i].available_us <= as_of_us)
            a->move[a->n_moves++] = (struct ctx_visit_move){
                a->who[number_of(&w->claim[i].current)],
                a->who[number_of(&w->claim[i].prior)], &w->claim[i]};
    ck_assert(ctx_visit_sort(arena(), a->move, a->n_moves));
}

static size_t filed(const struct asking *a, size_t at)
{
    return a->who[number_of(&a->w->who[at])];
}

static bool is_known(const struct asking *a, size_t at)
{
    return a->w->event[at].available_us <= a->as_of_us;
}

/* The visit of an event, or of the last version of its fact that names one,
 * under the same person's numbers. */
static struct an_str home(const struct asking *a, size_t at)
{
    const struct ctx_event *e = &a->w->event[at], *f = a->w->event,
                           *last = NULL;

    if (e->encounter.n || e->fact.n == 0)
        return e->encounter;
    for (size_t i = 0; i < SAID; i++, f++)
        if (an_str_eq(f->fact, e->fact) && f->encounter.n && is_known(a, i) &&
            filed(a, i) == filed(a, at) &&
            (last == NULL || ctx_version_cmp(f, last) > 0))
            last = f;
    return last ? last->encounter : e->encounter;
}

/* On the way of another version: whether it was where an event is filed, by the
 * fact's name. */
struct way {
    const struct ctx_event *other;
    size_t person;
    struct an_str fact;
    bool met;
};

static void way_at(void *ctx, const struct ctx_visit *at)
{
    struct way *way = ctx;
    struct an_str fact;

    ck_assert(ctx_visit_fact(arena(), way->other, at->encounter, &fact));
    way->met |= at->person == way->person && an_str_eq(fact, way->fact);
}

/* Whether the visit of the i-th has been where the at-th is filed, whose fact it
 * is of, and where it is now. */
static bool passed(const struct asking *a, size_t at, size_t i,
                   struct ctx_visit *v)
{
    struct way way = {&a->w->event[i], filed(a, at), a->w->event[at].fact,
                      false};

    *v = (struct ctx_visit){filed(a, i), way.other->encounter};
    if (way.other->fact.n == 0 || !is_known(a, i) || v->person == way.person)
        return false;
    (void)ctx_visit_walk(a->move, a->n_moves, v, way_at, &way);
    return way.met;
}

struct all {
    struct ctx_event event[SAID * SAID];
    size_t n;
};

static void add_by_home(const struct asking *a, size_t asked, size_t at,
                        struct an_str visit, struct all *all)
{
    struct ctx_visit v = {filed(a, at), visit};
    struct ctx_event was = a->w->event[at], *e = &all->event[all->n];

    *e = was;
    was.encounter = visit;
    if (ctx_visit_follow(a->move, a->n_moves, &v)) {
        ck_assert(ctx_visit_fact(arena(), &was, v.encounter, &e->fact));
        e->encounter = v.encounter;
    }
    all->n += v.person == a->who[asked];
}

/* Where it is filed it stays if nothing passed, or something came back; and with
 * each that passed it goes. */
static void add_along(const struct asking *a, size_t asked, size_t at,
                      struct all *all)
{
    bool stays = false, went = false;
    struct ctx_visit v;

    for (size_t i = 0; i < SAID; i++) {
        struct ctx_event *e = &all->event[all->n];

        if (!passed(a, at, i, &v))
            continue;
        went = true;
        stays |= v.person == filed(a, at);
        if (v.person != a->who[asked] || v.person == filed(a, at))
            continue;
        *e = a->w->event[at];
        ck_assert(
            ctx_visit_fact(arena(), &a->w->event[i], v.encounter, &e->fact));
        all->n++;
    }
    if (filed(a, at) == a->who[asked] && (stays || !went))
        all->event[all->n++] = a->w->event[at];
}

/* The events of each are followed through all that was ever said. */
static struct ctx_timeline slowly(const struct world *w, unsigned asked,
                                  int64_t as_of_us)
{
    struct all *all = an_arena_get(arena(), 1, sizeof(*all));
    struct ctx_timeline line;
    struct asking a;

    ck_assert_ptr_nonnull(all);
    all->n = 0;
    ask(&a, w, as_of_us);
    for (size_t i = 0; i < SAID; i++) {
        struct an_str visit = home(&a, i);

        if (visit.n == 0 && w->event[i].fact.n)
            add_along(&a, asked, i, all);
        else
            add_by_home(&a, asked, i, visit, all);
    }
    ck_assert_int_eq(
        ctx_timeline_build(arena(), all->event, all->n, as_of_us, &line, NULL),
        AN_OK);
    return line;
}

/* ---- held against it ------------------------------------------------------- */

static struct pl_history history(unsigned asked, int64_t as_of_us)
{
    const struct ctx_identifier who = closing_numbered(asked);
    struct pl_history h = {.n_said = 0};
    enum an_code code =
        pl_history(closing_store.reader, arena(), &who, as_of_us, &h, NULL);

    ck_assert(code == AN_OK || code == AN_NOTFOUND);
    return h;
}

static void tell(struct world *w, const size_t *order)
{
    for (size_t i = 0; i < SAID; i++) {
        struct pl_intake in = message(w, order[i], true, true);
        char id[AN_SHA256_HEX + 1];

        (void)test_put(&closing_store, &in);
        an_hex_print(in.sha256.b, AN_SHA256_BYTES, id);
        ck_assert(
            an_arena_str(arena(), an_str_c(id), &w->event[order[i]].message));
    }
}

/* But for labels, which others have a say in: what left closes what stayed, and
 * what came since opens what was closed then. */
static struct an_str unlabelled(const struct ctx_timeline *line)
{
    struct ctx_event *event =
        an_arena_get(arena(), line->n_events, sizeof(*event));
    const struct ctx_event **list =
        an_arena_get(arena(), line->n_events, sizeof(*list));

    ck_assert(event && list);
    for (size_t i = 0; i < line->n_events; i++) {
        event[i] = *line->event[i];
        event[i].labels = 0;
        list[i] = &event[i];
    }
    return test_event_text(arena(), list, line->n_events);
}

static void check_same(const struct ctx_timeline *quick,
                       const struct ctx_timeline *slow)
{
    test_assert_str(__FILE__, __LINE__, unlabelled(quick), unlabelled(slow));
    for (size_t i = 0; slow->as_of_us == CTX_AS_OF_ALL && i < slow->n_events;
         i++)
        if (slow->event[i]->labels & CTX_LABEL_CLOSED)
            ck_assert(quick->event[i]->labels & CTX_LABEL_CLOSED);
}

static void check_world(const struct world *w)
{
    for (unsigned asked = 0; asked < IDS; asked++)
        for (int64_t us = 0; us <= MOMENTS; us++) {
            int64_t as_of_us = us < MOMENTS ? us : CTX_AS_OF_ALL;
            struct an_mark mark = an_arena_mark(arena());
            struct pl_history h = history(asked, as_of_us);
            struct ctx_timeline slow = slowly(w, asked, as_of_us);

            if (h.person.n_members)
                check_same(&h.timeline, &slow);
            an_arena_rewind(arena(), mark);
        }
}

START_TEST(whose_is_what_is_as_all_that_was_said_has_it)
{
    struct test_rng r = {(uint64_t)_i + 5};
    size_t order[SAID];

    for (size_t i = 0; i < SAID; i++)
        order[i] = i;
    for (int round = 0; round < ORDERS; round++) {
        struct world *w = an_arena_get(arena(), 1, sizeof(*w));

        ck_assert_ptr_nonnull(w);
        world_make(w, (uint64_t)_i * 7919 + 3);
        tell(w, order);
        check_world(w);
        test_store_check(&closing_store);
        test_shuffle(&r, order, SAID);
        test_store_close(&closing_store);
        test_store_open(&closing_store);
    }
}
END_TEST

/* ---- whom a message concerns ------------------------------------------------ */

enum { HEARD = 4, READ_AGAIN = 2 };

/* What is known of each, and how far the triggers had come. */
struct heard {
    struct pl_history of[IDS];
    int64_t trigger;
};

static size_t triggers(int64_t after, const struct pl_trigger **list)
{
    size_t n;

    ck_assert_int_eq(
        pl_triggers(closing_store.reader, arena(), after, 1000, list, &n, NULL),
        AN_OK);
    return n;
}

static void hear(struct heard *h)
{
    const struct pl_trigger *list;
    size_t n;

    for (unsigned i = 0; i < IDS; i++)
        h->of[i] = history(i, CTX_AS_OF_ALL);
    while ((n = triggers(h->trigger, &list)) != 0)
        h->trigger = list[n - 1].id;
}

static bool is_one(const struct ctx_person *p, const struct ctx_identifier *id)
{
    for (size_t i = 0; i < p->n_members; i++)
        if (ctx_identifier_cmp(&p->member[i].id, id) == 0)
            return true;
    return false;
}

static bool is_asked(const struct heard *before, const struct pl_history *now)
{
    const struct pl_trigger *list;
    size_t n = triggers(before->trigger, &list);

    for (size_t i = 0; i < n; i++)
        if (is_one(&now->person, &list[i].patient))
            return true;
    return false;
}

/* The key that its fact had when it was said: a visit may be called otherwise. */
static struct an_str said_of(const struct world *w, const struct ctx_event *e)
{
    for (size_t i = 0; i < SAID; i++)
        if (an_str_eq(w->event[i].concept.display, e->concept.display))
            return w->event[i].fact;
    return e->fact;
}

static const struct ctx_event *same_in(const struct ctx_timeline *line,
                                       const struct ctx_event *e)
{
    for (size_t i = 0; i < line->n_events; i++)
        if (an_str_eq(line->event[i]->message, e->message) &&
            an_str_eq(line->event[i]->concept.display, e->concept.display))
            return line->event[i];
    return NULL;
}

/* The same event, or a version that counts for its fact instead. */
static bool is_found(const struct world *w, const struct ctx_timeline *line,
                     const struct ctx_event *e)
{
    struct an_str fact = said_of(w, e);
    bool found = same_in(line, e) != NULL;

    for (size_t i = 0; !found && e->fact.n && i < line->n_events; i++)
        found = an_str_eq(line->event[i]->fact, e->fact) ||
                an_str_eq(said_of(w, line->event[i]), fact);
    return found;
}

/* What may be heard of what stands: nothing where something left, and no more than
 * before of what is closed now by what has come.  The reader closes some more, by
 * what is filed of a fact on ways that lead elsewhere. */
static unsigned needed(const struct world *w, const struct pl_history *before,
                       const struct pl_history *now)
{
    bool came = now->n_said > before->n_said;
    unsigned needs = 0;

    for (size_t i = 0; i < before->timeline.n_events; i++) {
        const struct ctx_event *e = before->timeline.event[i], *same;

        if (!is_found(w, &now->timeline, e))
            return CTX_LABEL_VERY_RESTRICTED;
        same = same_in(&now->timeline, e);
        if (came && same)
            needs |= same->labels & ~e->labels & CTX_LABEL_CLOSED;
    }
    return needs;
}

static void check_heard(const struct world *w, const struct heard *before,
                        const struct heard *now, unsigned i)
{
    const struct pl_history *was = &before->of[i], *is = &now->of[i];
    unsigned needs, want = needed(w, was, is);

    if (closing_current(i, &needs) && !(needs & CTX_LABEL_VERY_RESTRICTED))
        ck_assert_uint_eq(want & ~needs, 0);
    if (!an_str_eq(unlabelled(&was->timeline), unlabelled(&is->timeline)))
        ck_assert(is_asked(before, is));
}

START_TEST(who_is_concerned_is_asked_and_nothing_closed_is_heard)
{
    struct world *w = an_arena_get(arena(), 1, sizeof(*w));
    struct heard before = {.trigger = 0}, now = {.trigger = 0};

    ck_assert_ptr_nonnull(w);
    world_make(w, (uint64_t)_i * 104729 + 11);
    for (unsigned i = 0; i < IDS; i++)
        closing_put(i, i, 0);
    for (size_t at = 0; at < 2 * (size_t)SAID; at++) {
        struct an_mark mark = an_arena_mark(arena());
        struct pl_intake in = message(w, at / 2, at % 2 == 0, at % 2);

        for (unsigned i = 0; i < IDS; i++)
            closing_say(i, closing_number(i));
        hear(&before);
        (void)test_put(&closing_store, &in);
        now.trigger = before.trigger;
        hear(&now);
        for (unsigned i = 0; i < IDS; i++)
            check_heard(w, &before, &now, i);
        an_arena_rewind(arena(), mark);
    }
}
END_TEST

static void answer_all(void)
{
    const struct pl_trigger *list;
    size_t n;

    while ((n = triggers(0, &list)) != 0)
        for (size_t i = 0; i < n; i++)
            ck_assert_int_eq(pl_store_triggers_done(closing_store.store,
                                                    &list[i].id, 1, NULL),
                             AN_OK);
}

/* By other tables: a visit may be another, none, or one where none was. */
START_TEST(reading_again_asks_whom_it_concerns_and_hides_what_left)
{
    struct world *w = an_arena_get(arena(), 1, sizeof(*w));
    struct heard before = {.trigger = 0}, now = {.trigger = 0};
    struct test_rng r = {(uint64_t)_i + 17};
    size_t order[SAID];

    ck_assert_ptr_nonnull(w);
    world_make(w, (uint64_t)_i * 15485863 + 7);
    for (unsigned i = 0; i < SAID; i++) {
        order[i] = i;
        if (i < IDS)
            closing_put(i, i, 0);
    }
    tell(w, order);
    for (size_t at = 0; at < SAID; at++) {
        struct an_mark mark = an_arena_mark(arena());
        struct pl_intake in;
        const struct pl_intake *one = &in;
        struct pl_receipt receipt;

        for (unsigned i = 0; i < IDS; i++)
            closing_say(i, closing_number(i));
        hear(&before);
        answer_all();
        w->event[at].encounter =
            test_rng_below(&r, 3) ? AN_STR("H|V2") : AN_STR("");
        in = message(w, at, true, true);
        ck_assert_int_eq(pl_store_replace(closing_store.store, &one, 1,
                                          &receipt, NULL, NULL),
                         AN_OK);
        now.trigger = before.trigger;
        hear(&now);
        for (unsigned i = 0; i < IDS; i++)
            check_heard(w, &before, &now, i);
        an_arena_rewind(arena(), mark);
    }
}
END_TEST

Suite *store_world_suite(void)
{
    Suite *s = suite_create("store/world");
    TCase *tc = tcase_create("world");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, whose_is_what_is_as_all_that_was_said_has_it, 0,
                        test_worlds(WORLDS));
    tcase_add_loop_test(tc,
                        who_is_concerned_is_asked_and_nothing_closed_is_heard,
                        0, test_worlds(HEARD));
    tcase_add_loop_test(tc,
                        reading_again_asks_whom_it_concerns_and_hides_what_left,
                        0, test_worlds(READ_AGAIN));
    suite_add_tcase(s, tc);
    return s;
}

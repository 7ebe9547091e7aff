/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/deletions.h"

#include "base/sort.h"
#include "plugin/host/thread.h"
#include "plugin/store/named.h"

enum { EACH_BYTES = 256 << 20 /* of one patient */ };

struct walk {
    struct pl_reader *reader;
    struct an_arena *arena; /* the caller's */
    struct an_arena each;
    struct pl_deletion *one;
    size_t n, n_facts;
};

static int by_fact(const void *a, const void *b)
{
    const struct pl_deletion *x = a, *y = b;

    return an_str_cmp(x->fact, y->fact);
}

/* The first of those that name this fact; NULL when none does. */
static struct pl_deletion *find_fact(const struct walk *w, struct an_str fact)
{
    size_t low = 0, high = w->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (an_str_cmp(w->one[middle].fact, fact) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < w->n && fact.n && an_str_eq(w->one[low].fact, fact)
               ? &w->one[low]
               : NULL;
}

static bool has_owner(const struct pl_deletion *d,
                      const struct ctx_identifier *patient)
{
    const struct pl_deletion_owner *o = d->owner;

    while (o && ctx_identifier_cmp(&o->patient, patient) != 0)
        o = o->next;
    return o != NULL;
}

static enum an_code keep_owner(struct walk *w, struct pl_deletion *d,
                               const struct ctx_identifier *patient,
                               int64_t said_us, struct an_err *err)
{
    struct pl_deletion_owner *o;

    if (has_owner(d, patient))
        return AN_OK;
    o = an_arena_get(w->arena, 1, sizeof(*o));
    if (o == NULL ||
        !an_arena_str(w->arena, patient->authority, &o->patient.authority) ||
        !an_arena_str(w->arena, patient->value, &o->patient.value))
        return an_fail_nomem(err);
    o->said_us = said_us;
    o->next = d->owner;
    d->owner = o;
    return AN_OK;
}

static bool is_of(const struct ctx_person *person,
                  const struct ctx_identifier *patient)
{
    for (size_t i = 0; i < person->n_members; i++)
        if (ctx_identifier_cmp(&person->member[i].id, patient) == 0)
            return true;
    return false;
}

/* The one of a person's identifiers that the message filed it under. */
static enum an_code owner_of(struct walk *w, const struct ctx_person *person,
                             struct pl_deletion *d, const struct ctx_event *e,
                             struct an_err *err)
{
    const struct ctx_identifier *found = NULL;
    struct pl_message m;
    struct pl_made made;
    enum an_code rc = pl_message_get(w->reader, &w->each, e->message, &m, err);

    if (rc == AN_OK)
        rc = pl_made(w->reader, &w->each, m.id, &made, err);
    if (rc != AN_OK)
        return rc;
    for (size_t i = 0; i < made.n_parts; i++)
        for (size_t k = 0; k < made.part[i].n_events; k++)
            if (an_str_eq(made.part[i].event[k].fact, e->fact) &&
                (found == NULL || is_of(person, &made.part[i].patient)))
                found = &made.part[i].patient;
    return found ? keep_owner(w, d, found, e->said_us, err) : AN_OK;
}

static enum an_code look_at(struct walk *w, const struct ctx_person *person,
                            struct an_err *err)
{
    struct pl_history h;
    enum an_code rc =
        pl_history(w->reader, &w->each, &person->member[person->current].id,
                   CTX_AS_OF_ALL, &h, err);

    for (size_t i = 0; rc == AN_OK && i < h.timeline.n_events; i++) {
        const struct ctx_event *e = h.timeline.event[i];
        struct pl_deletion *d = find_fact(w, e->fact);

        if (d)
            rc = owner_of(w, person, d, e, err);
    }
    return rc;
}

static enum an_code look_at_all(struct walk *w, int64_t until_ms,
                                struct an_err *err)
{
    struct ctx_person person;
    int64_t cursor = 0;
    enum an_code rc = AN_OK;

    while (rc == AN_OK && w->n_facts) {
        an_arena_reset(&w->each);
        if (until_ms && pl_now_ms() > until_ms)
            return an_fail(err, AN_BUSY,
                           "whose it was could not be found out in time", 0);
        rc = pl_patient_next(w->reader, &w->each, CTX_AS_OF_ALL, &cursor,
                             &person, err);
        if (rc == AN_OK)
            rc = look_at(w, &person, err);
    }
    return rc == AN_NOTFOUND ? AN_OK : rc;
}

enum an_code pl_deletions_find(struct pl_reader *reader, struct an_arena *arena,
                               const struct fhir_settings *settings,
                               struct pl_deletion *list, size_t n,
                               int64_t until_ms, struct an_err *err)
{
    struct walk w = {.reader = reader, .arena = arena, .one = list, .n = n};
    struct pl_deletion *scratch =
        an_arena_get(arena, n / 2 + 1, sizeof(*scratch));
    enum an_code rc;

    if (scratch == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        list[i].owner = NULL;
        list[i].fact = fhir_deletion_fact(arena, settings, &list[i].said);
        w.n_facts += list[i].fact.n > 0;
    }
    an_sort(list, n, sizeof(*list), scratch, by_fact);
    an_arena_init(&w.each, EACH_BYTES);
    rc = look_at_all(&w, until_ms, err);
    an_arena_free(&w.each);
    /* The first of those that name one fact has found them for all. */
    for (size_t i = 1; rc == AN_OK && i < n; i++)
        if (an_str_eq(list[i].fact, list[i - 1].fact))
            list[i].owner = list[i - 1].owner;
    return rc;
}

struct an_str pl_deletion_at(int64_t now_us,
                             const struct pl_deletion_owner *owner,
                             char text[AN_TIME_TEXT_BYTES])
{
    /* An instant is told to the millisecond. */
    int64_t after_us = (owner->said_us / 1000 + 1) * 1000;

    (void)an_time_print_instant(now_us > after_us ? now_us : after_us, text);
    return an_str_c(text);
}

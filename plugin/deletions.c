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
    size_t n, n_open; /* without a patient, and with a fact */
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

static enum an_code keep_owner(struct walk *w, struct pl_deletion *d,
                               const struct ctx_identifier *owner,
                               struct an_err *err)
{
    struct ctx_identifier copy = {.type = AN_STR("")};
    struct an_str fact = d->fact;

    if (!an_arena_str(w->arena, owner->authority, &copy.authority) ||
        !an_arena_str(w->arena, owner->value, &copy.value))
        return an_fail_nomem(err);
    for (; d < w->one + w->n && an_str_eq(d->fact, fact); d++) {
        d->patient = copy;
        w->n_open--;
    }
    return AN_OK;
}

/* The one of a person's identifiers that the message filed it under. */
static enum an_code owner_of(struct walk *w, struct pl_deletion *d,
                             const struct ctx_event *e, struct an_err *err)
{
    struct pl_message m;
    struct pl_made made;
    enum an_code rc = pl_message_get(w->reader, &w->each, e->message, &m, err);

    if (rc == AN_OK)
        rc = pl_made(w->reader, &w->each, m.id, &made, err);
    for (size_t i = 0; rc == AN_OK && i < made.n_parts; i++)
        for (size_t k = 0; k < made.part[i].n_events; k++)
            if (an_str_eq(made.part[i].event[k].fact, e->fact))
                return keep_owner(w, d, &made.part[i].patient, err);
    return rc;
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

        if (d && d->patient.value.n == 0)
            rc = owner_of(w, d, e, err);
    }
    return rc;
}

static enum an_code look_at_all(struct walk *w, int64_t until_ms,
                                struct an_err *err)
{
    struct ctx_person person;
    int64_t cursor = 0;
    enum an_code rc = AN_OK;

    while (rc == AN_OK && w->n_open) {
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
        list[i].patient = (struct ctx_identifier){.value = AN_STR("")};
        list[i].fact = fhir_deletion_fact(arena, settings, &list[i].said);
        w.n_open += list[i].fact.n > 0;
    }
    an_sort(list, n, sizeof(*list), scratch, by_fact);
    an_arena_init(&w.each, EACH_BYTES);
    rc = look_at_all(&w, until_ms, err);
    an_arena_free(&w.each);
    return rc;
}

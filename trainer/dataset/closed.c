/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/closed.h"

#include "base/sort.h"
#include "context/codec.h"
#include "context/consent.h"

#include <string.h>

/* A fact or a visit, and all labels that anybody ever gave it. */
struct labelled {
    struct an_str name;
    unsigned labels;
};

/* In the order of their names, each once. */
struct names {
    struct labelled *item;
    size_t n;
};

struct closed {
    struct names fact, visit;
    struct ctx_consent consent;
    bool labelled_too;
};

static int name_cmp(const void *a, const void *b)
{
    const struct labelled *x = a, *y = b;

    return an_str_cmp(x->name, y->name);
}

static unsigned labels_of(const struct names *list, struct an_str name)
{
    size_t from = 0, to = name.n ? list->n : 0;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int cmp = an_str_cmp(list->item[middle].name, name);

        if (cmp == 0)
            return list->item[middle].labels;
        if (cmp < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return 0;
}

static bool is_of_a_visit(const struct ctx_event *e)
{
    return e->kind == CTX_ADMISSION || e->kind == CTX_TRANSFER ||
           e->kind == CTX_DISCHARGE;
}

static bool is_of_the_person(const struct ctx_event *e)
{
    return e->kind == CTX_BIRTH || e->kind == CTX_SEX || e->kind == CTX_DEATH;
}

static bool names_sort(struct an_arena *arena, struct names *list)
{
    struct labelled *scratch =
        an_arena_get(arena, list->n / 2 + 1, sizeof(*scratch));
    size_t n = 0;

    if (scratch == NULL)
        return false;
    an_sort(list->item, list->n, sizeof(*list->item), scratch, name_cmp);
    for (size_t i = 0; i < list->n; i++)
        if (n && an_str_eq(list->item[n - 1].name, list->item[i].name))
            list->item[n - 1].labels |= list->item[i].labels;
        else
            list->item[n++] = list->item[i];
    list->n = n;
    return true;
}

static bool labels_find(struct an_arena *arena, const struct ctx_event *e,
                        size_t n, struct closed *out)
{
    out->fact.item = an_arena_get(arena, n, sizeof(*out->fact.item));
    out->visit.item = an_arena_get(arena, n, sizeof(*out->visit.item));
    if (out->fact.item == NULL || out->visit.item == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (ctx_label_needs(e[i].labels) == 0)
            continue;
        out->fact.item[out->fact.n++] =
            (struct labelled){e[i].fact, e[i].labels};
        if (is_of_a_visit(&e[i]))
            out->visit.item[out->visit.n++] =
                (struct labelled){e[i].encounter, e[i].labels};
    }
    return names_sort(arena, &out->fact) && names_sort(arena, &out->visit);
}

/* What the person denies, of all that is said, at no moment: nothing has
 * ended. */
static enum an_code consent_find(struct an_arena *arena,
                                 const struct ctx_event *e, size_t n,
                                 struct ctx_consent *out, struct an_err *err)
{
    struct ctx_timeline t;
    enum an_code code = ctx_timeline_build(arena, e, n, CTX_AS_OF_ALL, &t, err);

    if (code == AN_OK)
        ctx_consent_of(&t, &t, INT64_MIN, out);
    return code;
}

/* All labels that bear on the event: its own, those of the other versions of
 * its fact, those of its visit. */
static unsigned needs_of(const struct closed *c, const struct ctx_event *e)
{
    unsigned labels = e->labels | labels_of(&c->fact, e->fact);

    if (!is_of_the_person(e))
        labels |= labels_of(&c->visit, e->encounter);
    return ctx_label_needs(labels);
}

static bool is_closed(const struct closed *c, const struct ctx_event *e)
{
    unsigned needs;

    if (c->consent.all || (c->consent.kinds >> e->kind & 1))
        return true;
    needs = needs_of(c, e);
    return c->labelled_too
               ? (needs & (c->consent.labels | CTX_LABEL_VERY_RESTRICTED)) != 0
               : needs != 0;
}

/* The events of one document that stay, in place of all. */
static enum an_code blob_close(struct tr_people *p, struct tr_blob *b,
                               const struct closed *c, struct an_err *err)
{
    const struct ctx_event *event;
    struct ctx_event *kept;
    struct an_str bytes;
    size_t n, n_kept = 0;
    enum an_code code =
        ctx_events_decode(&p->scratch, b->bytes, b->message, &event, &n, err);

    if (code != AN_OK)
        return code;
    kept = an_arena_get(&p->scratch, n, sizeof(*kept));
    if (kept == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        if (!is_closed(c, &event[i]))
            kept[n_kept++] = event[i];
        else if (event[i].kind != CTX_CONSENT)
            p->n_closed++;
    if (n_kept == n)
        return AN_OK;
    code = ctx_events_encode(&p->scratch, kept, n_kept, &bytes, err);
    if (code == AN_OK && !an_arena_str(&p->arena, bytes, &b->bytes))
        code = an_fail_nomem(err);
    return code;
}

static enum an_code person_close(struct tr_people *p, size_t person,
                                 bool labelled_too, bool *opted_out,
                                 struct an_err *err)
{
    const struct tr_person *who = &p->person[person];
    struct closed c = {.labelled_too = labelled_too};
    const struct ctx_event *e;
    size_t n;
    enum an_code code;

    an_arena_reset(&p->scratch);
    code = tr_people_said(p, person, &p->scratch, &e, &n, err);
    if (code == AN_OK)
        code = consent_find(&p->scratch, e, n, &c.consent, err);
    if (code != AN_OK)
        return code;
    if (!labels_find(&p->scratch, e, n, &c))
        return an_fail_nomem(err);
    if (c.fact.n == 0 && !c.consent.all && c.consent.kinds == 0)
        return AN_OK;
    *opted_out = c.consent.all;
    for (size_t i = 0; code == AN_OK && i < who->n_names; i++)
        for (struct tr_blob *b = p->name[who->name[i]].blob; code == AN_OK && b;
             b = b->next)
            code = blob_close(p, b, &c, err);
    return code;
}

enum an_code tr_people_close(struct tr_people *p, bool labelled_too,
                             struct an_err *err)
{
    enum an_code code = AN_OK;
    size_t n = 0;

    p->labelled_too = labelled_too;
    for (size_t i = 0; code == AN_OK && i < p->n_persons; i++) {
        bool opted_out = false;

        code = person_close(p, i, labelled_too, &opted_out, err);
        p->n_opted_out += opted_out;
        if (!opted_out)
            p->person[n++] = p->person[i];
    }
    if (code == AN_OK)
        p->n_persons = n;
    an_arena_reset(&p->scratch);
    return code;
}

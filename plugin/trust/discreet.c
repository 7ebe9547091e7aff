/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/trust/discreet.h"

#include "base/sort.h"

struct visit {
    struct an_str encounter;
    unsigned labels;
};

struct visits {
    struct visit *visit; /* by encounter; only those with labels */
    size_t n;
};

static int visit_cmp(const void *a, const void *b)
{
    const struct visit *x = a, *y = b;

    return an_str_cmp(x->encounter, y->encounter);
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

static bool labels_a_visit(const struct ctx_event *e)
{
    return is_of_a_visit(e) && e->encounter.n && ctx_label_needs(e->labels);
}

static bool visits_find(struct an_arena *arena, const struct ctx_timeline *t,
                        struct visits *out)
{
    struct visit *visit, *scratch;
    size_t n = 0, kept = 0;

    *out = (struct visits){NULL, 0};
    for (size_t i = 0; i < t->n_events; i++)
        n += labels_a_visit(t->event[i]);
    if (n == 0)
        return true;
    visit = an_arena_get(arena, n, sizeof(*visit));
    scratch = an_arena_get(arena, n / 2 + 1, sizeof(*scratch));
    if (visit == NULL || scratch == NULL)
        return false;
    n = 0;
    for (size_t i = 0; i < t->n_events; i++)
        if (labels_a_visit(t->event[i]))
            visit[n++] =
                (struct visit){t->event[i]->encounter, t->event[i]->labels};
    an_sort(visit, n, sizeof(*visit), scratch, visit_cmp);
    for (size_t i = 0; i < n; i++) {
        if (kept && visit_cmp(&visit[kept - 1], &visit[i]) == 0)
            visit[kept - 1].labels |= visit[i].labels;
        else
            visit[kept++] = visit[i];
    }
    *out = (struct visits){visit, kept};
    return true;
}

static unsigned visit_labels(const struct visits *v, const struct ctx_event *e)
{
    const struct visit key = {e->encounter, 0};
    size_t low = 0, high = e->encounter.n && !is_of_the_person(e) ? v->n : 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int cmp = visit_cmp(&v->visit[middle], &key);

        if (cmp == 0)
            return v->visit[middle].labels;
        if (cmp < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* Has everybody everything of it? */
static bool is_open(const struct ctx_timeline *t,
                    const struct ctx_consent *consent, unsigned *labels)
{
    bool consents = consent->kinds != 0;

    *labels = 0;
    for (size_t i = 0; i < t->n_events; i++) {
        *labels |= t->event[i]->labels;
        consents |= t->event[i]->kind == CTX_CONSENT;
    }
    return ctx_label_needs(*labels) == 0 && !consents;
}

enum an_code pl_discreet(struct an_arena *arena, const struct ctx_timeline *all,
                         unsigned permitted, const struct ctx_consent *consent,
                         struct pl_view *out, struct an_err *err)
{
    const struct ctx_event **event;
    struct visits visits;
    size_t n = 0, n_consents = 0;
    unsigned labels;

    if (consent->all) {
        *out = (struct pl_view){.timeline = {NULL, 0, all->as_of_us},
                                .opted_out = true,
                                .n_withheld = all->n_events};
        return AN_OK;
    }
    /* Most records have nothing to withhold from anybody. */
    if (is_open(all, consent, &labels)) {
        *out =
            (struct pl_view){.timeline = *all, .needs = labels & CTX_LABEL_VIP};
        return AN_OK;
    }
    *out = (struct pl_view){.n_withheld = 0};
    event = an_arena_get(arena, all->n_events, sizeof(*event));
    if (event == NULL || !visits_find(arena, all, &visits))
        return an_fail_nomem(err);
    for (size_t i = 0; i < all->n_events; i++) {
        const struct ctx_event *e = all->event[i];
        unsigned needs = ctx_label_needs(e->labels) |
                         ctx_label_needs(visit_labels(&visits, e));

        out->needs |= e->labels & CTX_LABEL_VIP;
        n_consents += e->kind == CTX_CONSENT;
        if (e->kind == CTX_CONSENT || (consent->kinds >> e->kind & 1) ||
            !ctx_label_allows(permitted & ~consent->labels, needs))
            continue;
        out->needs |= needs;
        event[n++] = e;
    }
    out->n_withheld = all->n_events - n - n_consents;
    out->timeline = (struct ctx_timeline){event, n, all->as_of_us};
    return AN_OK;
}

unsigned pl_permitted(const struct cfg_texts *names, bool *ok)
{
    unsigned permitted = 0;

    for (size_t i = 0; i < names->n; i++) {
        unsigned label = ctx_label_named(names->item[i]);

        if ((label & (CTX_LABEL_RESTRICTED | CTX_LABEL_CATEGORIES)) == 0)
            *ok = false;
        else
            permitted |= label;
    }
    return permitted;
}

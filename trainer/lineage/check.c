/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/lineage/check.h"

#include <stdlib.h>

/* A file and its number; sorted by a digest, so that files find each other. */
struct entry {
    const struct tr_input *input;
    const struct an_sha256 *by;
    size_t number;
    bool paired;
};

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    const int order = memcmp(x->by->b, y->by->b, sizeof(x->by->b));

    return order ? order : (x->number > y->number) - (x->number < y->number);
}

struct list {
    struct entry *entry;
    size_t n;
};

static bool list_of(struct an_arena *arena, const struct tr_inputs *in,
                    struct list *l)
{
    l->entry = an_arena_get(arena, in->n, sizeof(*l->entry));
    l->n = 0;
    if (l->entry == NULL)
        return false;
    for (const struct tr_input *one = in->first; one; one = one->next) {
        l->entry[l->n] = (struct entry){.input = one, .number = l->n + 1};
        l->n++;
    }
    return true;
}

/* Those that are not paired, by their bytes or by their names. */
static void sort_by(struct list *l, bool bytes)
{
    for (size_t i = 0; i < l->n; i++)
        l->entry[i].by =
            bytes ? &l->entry[i].input->file : &l->entry[i].input->name;
    qsort(l->entry, l->n, sizeof(*l->entry), compare);
}

/* Walks both in order; `pair` of each two that fit. */
static void pair_off(struct list *noted, struct list *found,
                     void (*pair)(void *arg, struct entry *noted,
                                  struct entry *found),
                     void *arg)
{
    size_t i = 0, k = 0;

    while (i < noted->n && k < found->n) {
        struct entry *a = &noted->entry[i], *b = &found->entry[k];
        int order;

        if (a->paired || b->paired) {
            i += a->paired;
            k += b->paired;
            continue;
        }
        order = memcmp(a->by->b, b->by->b, sizeof(a->by->b));
        if (order == 0) {
            a->paired = b->paired = true;
            pair(arg, a, b);
        }
        i += order <= 0;
        k += order >= 0;
    }
}

struct findings {
    struct tr_input_finding *finding;
    size_t n;
};

static void is_same(void *arg, struct entry *noted, struct entry *found)
{
    (void)arg, (void)noted, (void)found;
}

static void is_changed(void *arg, struct entry *noted, struct entry *found)
{
    struct findings *f = arg;

    f->finding[f->n++] = (struct tr_input_finding){
        TR_INPUT_CHANGED,    found->input->path,    noted->number,
        found->input->bytes, found->input->records, noted->input->records};
}

static void put_rest(struct findings *f, const struct list *l,
                     enum tr_input_state state)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct tr_input *in = l->entry[i].input;

        if (l->entry[i].paired)
            continue;
        f->finding[f->n++] = (struct tr_input_finding){
            state,
            in->path,
            state == TR_INPUT_NEW ? 0 : l->entry[i].number,
            in->bytes,
            in->records,
            state == TR_INPUT_NEW ? 0 : in->records};
    }
}

/* As people read them: by where they are now, then by number. */
static int for_people(const void *a, const void *b)
{
    const struct tr_input_finding *x = a, *y = b;

    if (x->path == NULL || y->path == NULL)
        return x->path || y->path
                   ? (x->path == NULL) - (y->path == NULL)
                   : (x->number > y->number) - (x->number < y->number);
    return strcmp(x->path, y->path);
}

enum an_code tr_inputs_compare(struct an_arena *arena,
                               const struct tr_inputs *noted,
                               const struct tr_inputs *found,
                               struct tr_input_finding **finding, size_t *n,
                               struct an_err *err)
{
    struct findings f = {an_arena_get(arena, noted->n + found->n,
                                      sizeof(struct tr_input_finding)),
                         0};
    struct list before, now;

    if (f.finding == NULL || !list_of(arena, noted, &before) ||
        !list_of(arena, found, &now))
        return an_fail_nomem(err);
    sort_by(&before, true);
    sort_by(&now, true);
    pair_off(&before, &now, is_same, NULL);
    sort_by(&before, false);
    sort_by(&now, false);
    pair_off(&before, &now, is_changed, &f);
    put_rest(&f, &now, TR_INPUT_NEW);
    put_rest(&f, &before, TR_INPUT_MISSING);
    qsort(f.finding, f.n, sizeof(*f.finding), for_people);
    *finding = f.finding;
    *n = f.n;
    return AN_OK;
}

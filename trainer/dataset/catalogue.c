/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/catalogue_int.h"

#include "runtime/encode.h"

#include <stdlib.h>

#define US_PER_YEAR (365.25 * 86400e6)

enum { FIRST_SLOTS = 1 << 12, CATEGORY_CODE_BYTES = 3, FIRST_VALUES = 16 };

void tr_catalogue_init(struct tr_catalogue *c,
                       const struct tr_concepts *concepts)
{
    *c = (struct tr_catalogue){.concepts = concepts};
    an_arena_init(&c->arena, (size_t)4 << 30);
    an_arena_init(&c->scratch, (size_t)1 << 30);
}

void tr_catalogue_release(struct tr_catalogue *c)
{
    for (size_t i = 0; i < c->n_entries; i++)
        for (struct tr_values *v = c->entry[i]->values; v; v = v->next)
            free(v->value);
    free(c->entry);
    free(c->slot);
    an_arena_free(&c->arena);
    an_arena_free(&c->scratch);
    *c = (struct tr_catalogue){.n_kept = 0};
}

static size_t slot_of(const struct tr_catalogue *c, struct an_str key)
{
    size_t i = an_str_hash(key) & (c->n_slots - 1);

    while (c->slot[i] && !an_str_eq(c->entry[c->slot[i] - 1]->key, key))
        i = (i + 1) & (c->n_slots - 1);
    return i;
}

struct tr_entry *tr_catalogue_find(const struct tr_catalogue *c,
                                   struct an_str key)
{
    size_t i = c->n_slots ? slot_of(c, key) : 0;

    return c->n_slots && c->slot[i] ? c->entry[c->slot[i] - 1] : NULL;
}

static bool make_room(struct tr_catalogue *c)
{
    size_t n_slots = c->n_slots ? 2 * c->n_slots : FIRST_SLOTS;
    struct tr_entry **entry;
    uint32_t *slot;

    if (2 * (c->n_entries + 1) <= c->n_slots)
        return true;
    entry = realloc(c->entry, n_slots * sizeof(struct tr_entry *));
    if (entry == NULL)
        return false;
    c->entry = entry;
    slot = calloc(n_slots, sizeof(*slot));
    if (slot == NULL)
        return false;
    free(c->slot);
    c->slot = slot;
    c->n_slots = n_slots;
    for (size_t i = 0; i < c->n_entries; i++)
        slot[slot_of(c, entry[i]->key)] = (uint32_t)i + 1;
    return true;
}

/* The entry of a key, new or not; NULL without memory. */
static struct tr_entry *entry_of(struct tr_catalogue *c, struct an_str key)
{
    struct tr_entry *e;
    size_t at;

    if (!make_room(c))
        return NULL;
    at = slot_of(c, key);
    if (c->slot[at])
        return c->entry[c->slot[at] - 1];
    e = an_arena_get(&c->arena, 1, sizeof(*e));
    if (e == NULL || !an_arena_str(&c->arena, key, &e->key))
        return NULL;
    c->entry[c->n_entries++] = e;
    c->slot[at] = (uint32_t)c->n_entries;
    return e;
}

static bool add_value(struct tr_catalogue *c, struct tr_entry *e,
                      struct an_str unit, double value)
{
    struct tr_values *v = e->values;

    while (v && !an_str_eq(v->unit, unit))
        v = v->next;
    if (v == NULL) {
        v = an_arena_get(&c->arena, 1, sizeof(*v));
        if (v == NULL || !an_arena_str(&c->arena, unit, &v->unit))
            return false;
        v->next = e->values;
        e->values = v;
    }
    if (v->n == v->size) {
        size_t size = v->size ? 2 * v->size : FIRST_VALUES;
        double *more = realloc(v->value, size * sizeof(*more));

        if (more == NULL)
            return false;
        v->value = more;
        v->size = size;
    }
    v->value[v->n++] = value;
    return true;
}

/* "http://hl7.org/fhir/sid/icd-10-cm|I50" of "...|I50.9". */
static struct an_str category_of(struct an_str key)
{
    struct an_str rest = key, system;

    if (!an_str_cut(&rest, '|', &system) ||
        !(an_str_ends(system, AN_STR("/sid/icd-10-cm")) ||
          an_str_ends(system, AN_STR("/sid/icd-10"))) ||
        rest.n <= CATEGORY_CODE_BYTES)
        return AN_STR("");
    return an_str_sub(key, 0, system.n + 1 + CATEGORY_CODE_BYTES);
}

static bool is_predicted(unsigned kind)
{
    switch (kind) {
    case CTX_ADMISSION:
    case CTX_TRANSFER:
    case CTX_DISCHARGE:
    case CTX_CONDITION:
    case CTX_PROCEDURE:
    case CTX_MEDICATION_ORDER:
    case CTX_MEDICATION_GIVEN:
    case CTX_MEDICATION_TAKEN:
    case CTX_IMMUNIZATION: return true;
    default: return false;
    }
}

static void note_whom(struct tr_catalogue *c, struct tr_entry *entry,
                      const struct ctx_event *e)
{
    const double us = (double)e->effective.us - (double)c->who.birth_us;

    if (entry->predicted && c->who.has_birth && us >= 0 &&
        e->effective.precision != AN_TIME_NONE)
        tr_whom_add(&entry->whom, c->n_people, us / US_PER_YEAR, c->who.sex);
}

/* Count a key for the person being added. */
static struct tr_entry *count(struct tr_catalogue *c, struct an_str key,
                              const struct ctx_event *e, struct an_str display)
{
    struct tr_entry *entry = entry_of(c, key);

    if (entry == NULL)
        return NULL;
    if (entry->n_seen == 0) {
        entry->kind = rt_kind_key(e);
        entry->predicted = is_predicted(e->kind);
    }
    entry->n_seen++;
    note_whom(c, entry, e);
    if (entry->last_person != c->n_people) {
        entry->last_person = c->n_people;
        entry->n_people++;
    }
    if (entry->display.n == 0 &&
        !an_arena_str(&c->arena, display, &entry->display))
        return NULL;
    if (entry->display.n && an_str_eq(entry->display, display) &&
        entry->display_person != c->n_people) {
        entry->display_person = c->n_people;
        entry->n_display++;
    }
    return entry;
}

static bool add_event(struct tr_catalogue *c, const struct ctx_event *e)
{
    const bool number = e->value.kind == CTX_VALUE_QUANTITY;
    struct an_str key, category;
    struct tr_entry *entry;
    struct rt_same same;

    if (rt_event_key(&c->scratch, e, &key)) {
        same = tr_concepts_same(c->concepts, key,
                                number ? e->value.unit : AN_STR(""));
        entry =
            count(c, same.to, e,
                  an_str_eq(same.to, key) ? e->concept.display : AN_STR(""));
        if (entry == NULL)
            return false;
        if (number && e->kind == CTX_OBSERVATION &&
            !add_value(c, entry, same.to_unit, e->value.number * same.factor))
            return false;
        category = category_of(same.to);
        if (category.n && entry->category.n == 0 &&
            !an_arena_str(&c->arena, category, &entry->category))
            return false;
        if (category.n && !count(c, category, e, AN_STR("")))
            return false;
    }
    if (rt_answer_key(&c->scratch, e, &key) &&
        !count(c, key, e, e->value.code.display))
        return false;
    return true;
}

static struct tr_who who_is(const struct ctx_timeline *t)
{
    struct tr_who who = {.has_birth = false};

    for (size_t i = 0; i < t->n_events; i++) {
        const struct ctx_event *e = t->event[i];

        if (e->kind == CTX_BIRTH && e->effective.precision != AN_TIME_NONE) {
            who.has_birth = true;
            who.birth_us = e->effective.us;
        } else if (e->kind == CTX_SEX) {
            who.sex = rt_sex(e->value.code.code);
        }
    }
    return who;
}

enum an_code tr_catalogue_add(struct tr_catalogue *c,
                              const struct ctx_timeline *t, struct an_err *err)
{
    c->n_people++;
    c->who = who_is(t);
    for (size_t i = 0; i < t->n_events; i++) {
        an_arena_reset(&c->scratch);
        if (!add_event(c, t->event[i]))
            return an_fail_nomem(err);
    }
    return AN_OK;
}

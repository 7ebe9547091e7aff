/* SPDX-License-Identifier: Apache-2.0 */
#include "context/account.h"

#include <string.h>

enum { FIRST_ENTRIES = 16, FIRST_FIELDS = 16 };

void ctx_ledger_init(struct ctx_ledger *l, struct an_arena *arena)
{
    *l = (struct ctx_ledger){.arena = arena};
}

static size_t slot_of(const struct ctx_ledger *l, struct an_str name)
{
    size_t i = an_str_hash(name) & (l->n_slots - 1);

    while (l->slot[i] &&
           !an_str_eq(l->entry[l->slot[i] - 1].account.name, name))
        i = (i + 1) & (l->n_slots - 1);
    return i;
}

/* Room for one entry more, with at most half of the slots taken. */
static bool grow(struct ctx_ledger *l)
{
    size_t room = l->room ? 2 * l->room : FIRST_ENTRIES;
    struct ctx_entry *entry;

    if (l->n < l->room)
        return true;
    entry = an_arena_get(l->arena, room, sizeof(*entry));
    l->slot = an_arena_get(l->arena, 2 * room, sizeof(*l->slot));
    if (entry == NULL || l->slot == NULL) {
        l->n_slots = 0;
        return false;
    }
    if (l->n)
        memcpy(entry, l->entry, l->n * sizeof(*entry));
    l->entry = entry;
    l->room = room;
    l->n_slots = 2 * room;
    for (size_t i = 0; i < l->n; i++)
        l->slot[slot_of(l, entry[i].account.name)] = (uint32_t)i + 1;
    return true;
}

size_t ctx_ledger_find(struct ctx_ledger *l, struct an_str name)
{
    size_t i = l->n_slots ? slot_of(l, name) : 0;

    if (l->n_slots && l->slot[i])
        return l->slot[i] - 1;
    if (!grow(l))
        return CTX_LEDGER_NONE;
    l->entry[l->n] = (struct ctx_entry){.account = {.name = name}};
    l->slot[slot_of(l, name)] = (uint32_t)l->n + 1;
    return l->n++;
}

static bool fields_grow(struct ctx_ledger *l, struct ctx_entry *e, size_t n)
{
    size_t room = e->room ? e->room : FIRST_FIELDS;
    struct ctx_field *field;
    uint8_t *role;

    if (n <= e->room)
        return true;
    while (room < n)
        room *= 2;
    field = an_arena_get(l->arena, room, sizeof(*field));
    role = an_arena_get(l->arena, room, 1);
    if (field == NULL || role == NULL)
        return false;
    if (e->account.n_fields) {
        memcpy(field, e->field, e->account.n_fields * sizeof(*field));
        memcpy(role, e->role, e->account.n_fields);
    }
    e->field = field;
    e->role = role;
    e->room = room;
    return true;
}

bool ctx_ledger_segment(struct ctx_ledger *l, size_t at,
                        const struct ctx_segment *s)
{
    struct ctx_entry *e = &l->entry[at];

    if (!fields_grow(l, e, s->n_fields))
        return false;
    e->account.n_seen++;
    e->account.n_used += s->used;
    for (; e->account.n_fields < s->n_fields; e->account.n_fields++)
        e->field[e->account.n_fields].number =
            (uint16_t)(e->account.n_fields + 1);
    for (size_t i = 0; i < s->n_fields; i++)
        e->field[i].n[s->state[i]]++;
    return true;
}

size_t ctx_ledger_element(struct ctx_ledger *l, size_t at, struct an_str name,
                          uint8_t role)
{
    struct ctx_entry *e = &l->entry[at];
    size_t i = e->account.n_fields;

    if (!fields_grow(l, e, i + 1))
        return CTX_LEDGER_NONE;
    e->field[i] = (struct ctx_field){.name = name};
    e->role[i] = role;
    return e->account.n_fields++;
}

/* Leave out what was always empty. */
static void fields_keep(struct ctx_entry *e)
{
    size_t kept = 0;

    for (size_t i = 0; i < e->account.n_fields; i++) {
        const uint32_t *n = e->field[i].n;

        if (n[CTX_FIELD_UNUSED] + n[CTX_FIELD_TEXT] + n[CTX_FIELD_MAPPED] +
                n[CTX_FIELD_ODD] >
            0)
            e->field[kept++] = e->field[i];
        e->field[kept ? kept - 1 : 0].n[CTX_FIELD_EMPTY] = 0;
    }
    e->account.n_fields = kept;
    e->account.field = e->field;
}

bool ctx_ledger_done(struct ctx_ledger *l, struct ctx_reading *reading)
{
    struct ctx_account *account =
        an_arena_get(l->arena, l->n, sizeof(*account));

    if (account == NULL)
        return false;
    for (size_t i = 0; i < l->n; i++) {
        fields_keep(&l->entry[i]);
        account[i] = l->entry[i].account;
    }
    reading->account = account;
    reading->n_accounts = l->n;
    return true;
}

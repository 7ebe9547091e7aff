/* SPDX-License-Identifier: Apache-2.0 */
/* Names of resources: UUIDs made from what names the thing itself. */
#include "hl7/convert/run_int.h"

#include "base/hash.h"

#include <string.h>

/* A part of a key longer than LONG_BYTES counts by its hash: so keys are short
 * whatever the message holds. */
enum {
    LONG_BYTES = 4096,
    KEY_BYTES = 1 << 20,
    JSON_BYTES = 256 << 20,
    MAX_TWINS = 1 << 20,
    FIRST_LISTS = 64
};

/* Made once, at random: under it no other program makes names. */
static const struct an_uuid space = {{0x5b, 0x0e, 0x9d, 0x3a, 0x6c, 0x41, 0x4f,
                                      0x0b, 0x9a, 0x6e, 0x21, 0xd7, 0x58, 0xc4,
                                      0x90, 0x13}};

/* No part that is put as it is has a backslash before a letter. */
static void put_hash(struct an_buf *b, struct an_str part)
{
    char text[AN_SHA256_HEX + 1];
    struct an_sha256 hash;

    if (an_sha256(part, &hash, NULL) != AN_OK) {
        b->code = AN_INTERNAL;
        return;
    }
    an_hex_print(hash.b, sizeof(hash.b), text);
    an_buf_put_c(b, "\\sha256:");
    an_buf_put_c(b, text);
}

static void put_part(struct an_buf *b, struct an_str part)
{
    an_buf_put_char(b, '|');
    if (part.n > LONG_BYTES) {
        put_hash(b, part);
        return;
    }
    for (size_t i = 0; i < part.n; i++) {
        if (part.p[i] == '|' || part.p[i] == '\\')
            an_buf_put_char(b, '\\');
        an_buf_put_char(b, part.p[i]);
    }
}

static bool finish(struct cv_run *run, struct an_buf *b, struct an_uuid *id)
{
    struct an_str name;
    enum an_code code = an_buf_done(b, &name, run->err);

    if (code == AN_OK)
        code = an_uuid5(&space, name, id, run->err);
    return code == AN_OK || cv_fail(run, code);
}

static struct cv_resource *begin(struct cv_run *run, const char *type, int slot,
                                 uint16_t needs)
{
    struct cv_resource *r = an_arena_get(run->arena, 1, sizeof(*r));

    if (r == NULL) {
        cv_fail(run, AN_NOMEM);
        return NULL;
    }
    r->type = type;
    r->slot = (int16_t)slot;
    r->root.kind = CV_OBJECT;
    r->root.needs = needs;
    return r;
}

struct cv_resource *cv_begin(struct cv_run *run, unsigned slot)
{
    return begin(run, cv_slots[slot].type, (int)slot, cv_slots[slot].needs);
}

/* ---- by id ---------------------------------------------------------------- */

/* The list of an id, whose first bytes are those of a hash. */
static struct cv_resource **list_of(const struct cv_names *names,
                                    const struct an_uuid *id)
{
    uint32_t hash;

    memcpy(&hash, id->b, sizeof(hash));
    return &names->list[hash & (names->n_lists - 1)];
}

static void enlist(struct cv_names *names, struct cv_resource *r)
{
    struct cv_resource **list = list_of(names, &r->id);

    r->beside = *list;
    *list = r;
}

/* Twice as many lists; the resources there are go to theirs anew. */
static bool grow(struct cv_run *run)
{
    struct cv_names *names = &run->names;
    size_t n_lists = names->n_lists ? names->n_lists * 2 : FIRST_LISTS;
    struct cv_resource **list =
        an_arena_get(run->arena, n_lists, sizeof(struct cv_resource *));

    if (list == NULL)
        return cv_fail(run, AN_NOMEM);
    names->list = list;
    names->n_lists = n_lists;
    for (struct cv_resource *r = run->resources; r; r = r->next)
        enlist(names, r);
    return true;
}

bool cv_add(struct cv_run *run, struct cv_resource *r)
{
    if (run->names.n == run->names.n_lists && !grow(run))
        return false;
    enlist(&run->names, r);
    run->names.n++;
    if (r->slot >= 0)
        run->n_made[r->slot]++;
    if (run->newest)
        run->newest->next = r;
    else
        run->resources = r;
    run->newest = r;
    return true;
}

static struct cv_resource *find(const struct cv_run *run,
                                const struct an_uuid *id)
{
    struct cv_resource *r = run->names.n ? *list_of(&run->names, id) : NULL;

    while (r && memcmp(r->id.b, id->b, sizeof(id->b)) != 0)
        r = r->beside;
    return r;
}

/* ---- what a slot holds ---------------------------------------------------- */

static struct an_str field_of(struct cv_run *run, const struct cv_key *key)
{
    struct cv_at at = {.rep = 1};
    struct an_str raw = AN_STR("");

    for (unsigned i = 0; i < key->n && raw.n == 0; i++)
        raw = cv_raw(cv_place(run, &at, &cv_places[key->first + i]));
    return raw;
}

/* The parts of a slot's key; false when one that must be there is not. */
static bool put_key(struct cv_run *run, const struct cv_slot *slot,
                    struct an_buf *b)
{
    for (unsigned i = 0; i < slot->key.n; i++) {
        const struct cv_key *key = &cv_keys[slot->key.first + i];
        const struct cv_resource *of;
        char text[AN_UUID_TEXT_BYTES] = "";
        struct an_str part = AN_STR("");

        switch ((enum cv_key_kind)key->kind) {
        case CV_KEY_FIELD: part = field_of(run, key); break;
        case CV_KEY_TEXT: part = cv_texts[key->first]; break;
        case CV_KEY_SLOT:
            of = run->slot[key->first];
            if (of) {
                an_uuid_print(&of->id, text);
                part = an_str_c(text);
            }
            break;
        }
        if (part.n == 0 && !key->optional)
            return false;
        put_part(b, part);
    }
    return slot->key.n > 0;
}

/* What names the thing in a slot: its key, or else the message and the slot. */
static bool name_of(struct cv_run *run, const struct cv_slot *slot,
                    struct an_str *name, bool *by_key)
{
    struct an_buf b;
    enum an_code code;

    an_buf_init(&b, run->arena, KEY_BYTES);
    an_buf_put_c(&b, slot->type);
    *by_key = put_key(run, slot, &b);
    if (!*by_key) {
        an_buf_init(&b, run->arena, KEY_BYTES);
        an_buf_put_c(&b, slot->type);
        an_buf_put(&b, run->message_key);
        put_part(&b, slot->name);
    }
    code = an_buf_done(&b, name, run->err);
    return code == AN_OK || cv_fail(run, code);
}

/* The id of the n-th thing of a name; 0 is the name itself. */
static bool number(struct cv_run *run, struct an_str name, unsigned n,
                   struct an_uuid *id)
{
    struct an_buf b;

    an_buf_init(&b, run->arena, KEY_BYTES);
    an_buf_put(&b, name);
    if (n) {
        an_buf_put_char(&b, '#');
        an_buf_put_u64(&b, n);
    }
    return finish(run, &b, id);
}

/* The first number from *n on that nothing has yet. */
static bool number_free(struct cv_run *run, struct an_str name, uint32_t *n,
                        struct an_uuid *id)
{
    for (; *n < MAX_TWINS; (*n)++) {
        if (!number(run, name, *n, id))
            return false;
        if (find(run, id) == NULL)
            return true;
    }
    return cv_fail(run, AN_LIMIT);
}

static bool name_slot(struct cv_run *run, struct cv_resource *r,
                      struct cv_resource **twin)
{
    struct cv_resource *first;
    struct an_str name;
    bool by_key;
    uint32_t n = run->n_made[r->slot] + 1;

    if (!name_of(run, &cv_slots[r->slot], &name, &by_key))
        return false;
    if (!by_key)
        return number_free(run, name, &n, &r->id);
    if (!number(run, name, 0, &r->id))
        return false;
    first = find(run, &r->id);
    if (first == NULL)
        return true;
    if (cv_slots[r->slot].shared) {
        *twin = first;
        return true;
    }
    first->n_twins++;
    return number_free(run, name, &first->n_twins, &r->id);
}

bool cv_name_slot(struct cv_run *run, struct cv_resource *r,
                  struct cv_resource **twin)
{
    struct an_mark mark = an_arena_mark(run->arena);
    bool named;

    *twin = NULL;
    named = name_slot(run, r, twin);
    an_arena_rewind(run->arena, mark);
    return named;
}

bool cv_name_message(struct cv_run *run)
{
    static const unsigned fields[] = {3, 4, 10};
    struct an_buf b;
    enum an_code code;

    an_buf_init(&b, run->arena, KEY_BYTES);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        put_part(&b, hl7_get(run->m, 0, fields[i], 0, 0, 0));
    /* Without a control id only the message's own bytes tell it apart. */
    if (hl7_get(run->m, 0, 10, 0, 0, 0).n == 0)
        put_part(&b, run->m->bytes);
    code = an_buf_done(&b, &run->message_key, run->err);
    if (code != AN_OK)
        return cv_fail(run, code);
    an_buf_init(&b, run->arena, KEY_BYTES);
    an_buf_put_c(&b, "Bundle");
    an_buf_put(&b, run->message_key);
    return finish(run, &b, &run->id_of_message);
}

/* ---- what maps of types make --------------------------------------------- */

/* Its first identifier; else all of it.  What is part of something has its
 * number there only: a bed B is in each room. */
static const struct cv_node *named_by(const struct cv_node *root)
{
    const struct cv_node *list = cv_member(root, "identifier");
    const struct cv_node *first = list ? list->first : NULL;

    if (first && first->kind == CV_OBJECT && cv_words_at(first, "value").n &&
        cv_member(root, "partOf") == NULL)
        return first;
    return root;
}

static bool name_shared(struct cv_run *run, const char *type,
                        const struct cv_node *root, struct an_uuid *id)
{
    const struct cv_node *by = named_by(root);
    struct an_json_out w;
    struct an_str json;
    struct an_buf b;
    enum an_code code;

    an_out_init(&w, run->arena, JSON_BYTES);
    cv_print(&w, by);
    code = an_out_done(&w, &json, run->err);
    if (code != AN_OK)
        return cv_fail(run, code);
    an_buf_init(&b, run->arena, KEY_BYTES);
    an_buf_put_c(&b, type);
    put_part(&b, json);
    /* A number that says no system means something at its sender only. */
    if (by != root && cv_words_at(by, "system").n == 0 &&
        cv_member(by, "assigner") == NULL)
        put_part(&b, hl7_get(run->m, 0, 4, 1, 1, 0));
    return finish(run, &b, id);
}

struct cv_resource *cv_share(struct cv_run *run, const struct cv_map *map,
                             struct cv_node *root)
{
    struct cv_resource *made = begin(run, map->type, -1, map->needs), *there;
    struct an_mark mark = an_arena_mark(run->arena);
    bool named = made && name_shared(run, map->type, root, &made->id);

    an_arena_rewind(run->arena, mark);
    if (!named)
        return NULL;
    there = find(run, &made->id);
    if (there == NULL) {
        cv_merge(&made->root, root);
        return cv_add(run, made) ? made : NULL;
    }
    cv_fill(&there->root, root);
    return there;
}

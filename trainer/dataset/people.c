/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/people.h"

#include "base/hash.h"
#include "context/codec.h"
#include "fhir/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Long before any record: year 1. */
#define ALWAYS_US (INT64_C(-62135596800) * 1000000)

enum { SCRATCH_BYTES = 1 << 30, FIRST_SLOTS = 1 << 12, NUMBER_BYTES = 24 };

void tr_people_init(struct tr_people *p, size_t limit_bytes)
{
    *p = (struct tr_people){.n_documents = 0};
    an_arena_init(&p->arena, limit_bytes);
    an_arena_init(&p->scratch, SCRATCH_BYTES);
}

void tr_people_release(struct tr_people *p)
{
    an_arena_free(&p->arena);
    an_arena_free(&p->scratch);
    free(p->name);
    free(p->slot);
    free(p->claim);
    free(p->person);
    *p = (struct tr_people){.n_documents = 0};
}

/* ---- names ---------------------------------------------------------------- */

static uint64_t name_hash(const struct ctx_identifier *id)
{
    return an_str_hash(id->value) * UINT64_C(0x9E3779B97F4A7C15) ^
           an_str_hash(id->authority);
}

/* The slot of an identifier, or the empty one where it belongs. */
static size_t slot_of(const struct tr_people *p,
                      const struct ctx_identifier *id)
{
    size_t i = name_hash(id) & (p->n_slots - 1);

    while (p->slot[i] &&
           ctx_identifier_cmp(&p->name[p->slot[i] - 1].id, id) != 0)
        i = (i + 1) & (p->n_slots - 1);
    return i;
}

static enum an_code make_room(struct tr_people *p, struct an_err *err)
{
    size_t n_slots = p->n_slots ? 2 * p->n_slots : FIRST_SLOTS;
    struct tr_name *name;
    uint32_t *slot;

    if (2 * (p->n_names + 1) <= p->n_slots)
        return AN_OK;
    name = realloc(p->name, n_slots * sizeof(*name));
    if (name == NULL)
        return an_fail_nomem(err);
    p->name = name;
    slot = calloc(n_slots, sizeof(*slot));
    if (slot == NULL)
        return an_fail_nomem(err);
    free(p->slot);
    p->slot = slot;
    p->n_slots = n_slots;
    for (size_t i = 0; i < p->n_names; i++)
        slot[slot_of(p, &name[i].id)] = (uint32_t)i + 1;
    return AN_OK;
}

static enum an_code copy_id(struct an_arena *arena,
                            const struct ctx_identifier *id,
                            struct ctx_identifier *copy, struct an_err *err)
{
    return an_arena_str(arena, id->authority, &copy->authority) &&
                   an_arena_str(arena, id->value, &copy->value) &&
                   an_arena_str(arena, id->type, &copy->type)
               ? AN_OK
               : an_fail_nomem(err);
}

/* The row of an identifier, new or not. */
static enum an_code name_row(struct tr_people *p,
                             const struct ctx_identifier *id, uint32_t *row,
                             struct an_err *err)
{
    enum an_code code = make_room(p, err);
    struct tr_name *n;
    size_t at;

    if (code != AN_OK)
        return code;
    at = slot_of(p, id);
    if (p->slot[at] == 0) {
        n = &p->name[p->n_names];
        *n = (struct tr_name){.parent = (uint32_t)p->n_names};
        code = copy_id(&p->arena, id, &n->id, err);
        if (code != AN_OK)
            return code;
        p->slot[at] = (uint32_t)++p->n_names;
    }
    *row = p->slot[at] - 1;
    return AN_OK;
}

static uint32_t root_of(struct tr_people *p, uint32_t i)
{
    while (p->name[i].parent != i)
        i = p->name[i].parent = p->name[p->name[i].parent].parent;
    return i;
}

/* ---- documents -------------------------------------------------------------
 */

/* What a model can read of an event, and nothing else; false: nothing. */
static bool keep(struct ctx_event *e)
{
    switch ((unsigned)e->kind) {
    case CTX_REPORT:
    case CTX_ORDER:
    case CTX_DOCUMENT:
    case CTX_NOTE:
    case CTX_N_KINDS: return false;
    case CTX_CONSENT: return true; /* of use until tr_people_close */
    case CTX_BIRTH:
    case CTX_SEX: e->available_us = ALWAYS_US; break;
    default: break;
    }
    e->value.text = (struct an_str){NULL, 0};
    if (e->value.kind == CTX_VALUE_TEXT)
        e->value.kind = CTX_VALUE_NONE;
    return true;
}

static enum an_code take_part(struct tr_people *p, struct ctx_part *part,
                              struct an_str message, struct an_err *err)
{
    struct tr_blob *blob;
    struct an_str bytes = {NULL, 0};
    uint32_t row = 0;
    size_t n = 0;
    enum an_code code = name_row(p, &part->patient, &row, err);

    for (size_t i = 0; i < part->n_events; i++)
        if (keep(&part->event[i]))
            part->event[n++] = part->event[i];
    p->n_events += n;
    p->n_left_behind += part->n_events - n;
    if (code == AN_OK)
        code = ctx_events_encode(&p->scratch, part->event, n, &bytes, err);
    if (code != AN_OK)
        return code;
    blob = an_arena_get(&p->arena, 1, sizeof(*blob));
    if (blob == NULL || !an_arena_str(&p->arena, bytes, &blob->bytes) ||
        !an_arena_str(&p->arena, message, &blob->message))
        return an_fail_nomem(err);
    blob->next = p->name[row].blob;
    p->name[row].blob = blob;
    return AN_OK;
}

static enum an_code take_claim(struct tr_people *p, const struct ctx_claim *c,
                               struct an_err *err)
{
    struct ctx_claim copy = *c;
    uint32_t current = 0, prior = 0;
    enum an_code code = name_row(p, &c->current, &current, err);

    if (code == AN_OK)
        code = name_row(p, &c->prior, &prior, err);
    if (code == AN_OK && p->n_claims == p->claims_size) {
        size_t size = p->claims_size ? 2 * p->claims_size : 1024;
        struct ctx_claim *claim = realloc(p->claim, size * sizeof(*claim));

        if (claim == NULL)
            return an_fail_nomem(err);
        p->claim = claim;
        p->claims_size = size;
    }
    if (code != AN_OK)
        return code;
    copy.current = p->name[current].id;
    copy.prior = p->name[prior].id;
    copy.place = (struct an_str){NULL, 0};
    p->claim[p->n_claims++] = copy;
    p->name[root_of(p, current)].parent = root_of(p, prior);
    return AN_OK;
}

enum an_code tr_people_take(void *people, struct an_str document,
                            struct an_err *err)
{
    struct tr_people *p = people;
    struct fhir_settings settings = {.max_bytes = 0};
    struct ctx_reading reading;
    struct an_sha256 hash;
    char hex[AN_SHA256_HEX + 1];
    enum an_code code;

    an_arena_reset(&p->scratch);
    p->n_documents++;
    code = fhir_read(&p->scratch, &settings, document, &reading, err);
    if (code == AN_NOMEM)
        return code;
    if (code != AN_OK) {
        p->n_refused++;
        return AN_OK;
    }
    p->n_warnings += reading.n_warnings;
    code = an_sha256(document, &hash, err);
    an_hex_print(hash.b, sizeof(hash.b), hex);
    for (size_t i = 0; i < reading.n_parts && code == AN_OK; i++)
        code = take_part(p, &reading.part[i], an_str_c(hex), err);
    for (size_t i = 0; i < reading.n_claims && code == AN_OK; i++)
        code = take_claim(p, &reading.claim[i], err);
    return code;
}

/* ---- records of a study ----------------------------------------------------
 */

static enum an_code fail_record(const struct tr_people *p, enum an_code code,
                                const char *what, struct an_err *err)
{
    (void)an_fail(err, code, what, 0);
    if (err)
        (void)snprintf(err->where.path, sizeof(err->where.path), "record[%zu]",
                       p->n_records);
    return code;
}

enum an_code tr_people_take_record(void *people, const struct tr_record *record,
                                   struct an_err *err)
{
    struct tr_people *p = people;
    struct tr_study *study = an_arena_get(&p->arena, 1, sizeof(*study));
    char number[NUMBER_BYTES];
    struct ctx_part part = {.event = record->event,
                            .n_events = record->n_events};
    uint32_t row;
    enum an_code code;

    an_arena_reset(&p->scratch);
    p->n_records++;
    if (study == NULL)
        return an_fail_nomem(err);
    if (record->watched && record->until_us < record->from_us)
        return fail_record(p, AN_TYPE,
                           "a person is watched until before it began", err);
    (void)snprintf(number, sizeof(number), "%llu",
                   (unsigned long long)record->id);
    part.patient = (struct ctx_identifier){.authority = AN_STR("urn:id:study"),
                                           .value = an_str_c(number)};
    code = name_row(p, &part.patient, &row, err);
    if (code != AN_OK)
        return code;
    if (p->name[row].study)
        return fail_record(p, AN_CONFLICT, "two persons have one number", err);
    *study = (struct tr_study){.id = record->id,
                               .watched = record->watched,
                               .unasked = record->unasked,
                               .split = record->split,
                               .from_us = record->from_us,
                               .until_us = record->until_us};
    p->n_local += record->n_local;
    p->n_static += record->n_static;
    p->name[row].study = study;
    return take_part(p, &part, AN_STR(""), err);
}

/* ---- persons ---------------------------------------------------------------
 */

static int row_cmp(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static int claim_cmp(const void *a, const void *b)
{
    const struct ctx_claim *x = a, *y = b;
    int r = ctx_identifier_cmp(&x->current, &y->current);

    return r ? r : ctx_identifier_cmp(&x->prior, &y->prior);
}

static int person_cmp(const void *a, const void *b)
{
    const struct tr_person *x = a, *y = b;

    return ctx_identifier_cmp(&x->id, &y->id);
}

static bool has_events(const struct tr_people *p, const struct tr_person *who)
{
    for (size_t i = 0; i < who->n_names; i++)
        if (p->name[who->name[i]].blob)
            return true;
    return false;
}

/* One group of names that any chain of claims links; identity.h says which of
 * them are one person (claims may have been taken back). */
static enum an_code gather_group(struct tr_people *p, const uint64_t *member,
                                 size_t n, const struct ctx_claim *claim,
                                 size_t n_claims, struct an_err *err)
{
    bool *done = an_arena_get(&p->scratch, n, sizeof(*done));

    if (done == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const struct tr_name *who = &p->name[(uint32_t)member[i]];
        struct tr_person *out = &p->person[p->n_persons];
        uint32_t *row = an_arena_get(&p->arena, n, sizeof(*row));
        struct ctx_person found;
        enum an_code code;

        if (done[i])
            continue;
        if (row == NULL)
            return an_fail_nomem(err);
        code = ctx_person_find(&p->scratch, claim, n_claims, &who->id,
                               CTX_AS_OF_ALL, &found, err);
        if (code != AN_OK)
            return code;
        *out = (struct tr_person){.id = found.member[found.current].id,
                                  .name = row,
                                  .study = who->study};
        for (size_t m = 0; m < found.n_members; m++) {
            uint32_t at = p->slot[slot_of(p, &found.member[m].id)] - 1;

            row[out->n_names++] = at;
            for (size_t k = i; k < n; k++)
                done[k] |= (uint32_t)member[k] == at;
        }
        p->n_persons += has_events(p, out);
    }
    return AN_OK;
}

/* Where the claims of a group end; they are sorted by group. */
static size_t claims_of(struct tr_people *p, uint32_t root, size_t end)
{
    while (end < p->n_claims &&
           root_of(p, p->slot[slot_of(p, &p->claim[end].current)] - 1) == root)
        end++;
    return end;
}

struct rooted {
    struct ctx_claim claim;
    uint32_t root;
};

static int rooted_cmp(const void *a, const void *b)
{
    const struct rooted *x = a, *y = b;

    if (x->root != y->root)
        return x->root < y->root ? -1 : 1;
    return claim_cmp(&x->claim, &y->claim);
}

/* Claims in the order of their groups' roots. */
static enum an_code sort_claims(struct tr_people *p, struct an_err *err)
{
    struct rooted *r = calloc(p->n_claims + 1, sizeof(*r));

    if (r == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < p->n_claims; i++) {
        uint32_t row = p->slot[slot_of(p, &p->claim[i].current)] - 1;

        r[i] = (struct rooted){p->claim[i], root_of(p, row)};
    }
    qsort(r, p->n_claims, sizeof(*r), rooted_cmp);
    for (size_t i = 0; i < p->n_claims; i++)
        p->claim[i] = r[i].claim;
    free(r);
    return AN_OK;
}

enum an_code tr_people_gather(struct tr_people *p, struct an_err *err)
{
    uint64_t *member = calloc(p->n_names + 1, sizeof(*member));
    size_t at_claim = 0;
    enum an_code code;

    free(p->person);
    p->n_persons = 0;
    p->person = calloc(p->n_names + 1, sizeof(*p->person));
    if (member == NULL || p->person == NULL) {
        free(member);
        return an_fail_nomem(err);
    }
    code = sort_claims(p, err);
    for (size_t i = 0; i < p->n_names; i++)
        member[i] = (uint64_t)root_of(p, (uint32_t)i) << 32 | i;
    qsort(member, p->n_names, sizeof(*member), row_cmp);
    for (size_t from = 0, end; from < p->n_names && code == AN_OK; from = end) {
        size_t claims_end;

        for (end = from;
             end < p->n_names && member[end] >> 32 == member[from] >> 32;)
            end++;
        an_arena_reset(&p->scratch);
        claims_end = claims_of(p, (uint32_t)(member[from] >> 32), at_claim);
        code = gather_group(p, member + from, end - from, p->claim + at_claim,
                            claims_end - at_claim, err);
        at_claim = claims_end;
    }
    free(member);
    if (code == AN_OK)
        qsort(p->person, p->n_persons, sizeof(*p->person), person_cmp);
    return code;
}

enum an_code tr_people_said(const struct tr_people *p, size_t person,
                            struct an_arena *arena,
                            const struct ctx_event **event, size_t *n,
                            struct an_err *err)
{
    const struct tr_person *who = &p->person[person];
    struct ctx_event *all = NULL;
    size_t total = 0, got = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < who->n_names; i++)
            for (const struct tr_blob *b = p->name[who->name[i]].blob; b;
                 b = b->next) {
                const struct ctx_event *some;
                size_t n_some;
                struct an_mark mark = an_arena_mark(arena);
                enum an_code code = ctx_events_decode(
                    arena, b->bytes, b->message, &some, &n_some, err);

                if (code != AN_OK)
                    return code;
                if (pass && n_some)
                    memcpy(all + got, some, n_some * sizeof(*all));
                got += pass ? n_some : 0;
                total += pass ? 0 : n_some;
                if (!pass)
                    an_arena_rewind(arena, mark);
            }
        if (!pass)
            all = an_arena_get(arena, total, sizeof(*all));
        if (all == NULL)
            return an_fail_nomem(err);
    }
    *event = all;
    *n = got;
    return AN_OK;
}

enum an_code tr_people_events(const struct tr_people *p, size_t person,
                              struct an_arena *arena,
                              const struct ctx_event **event, size_t *n,
                              struct an_err *err)
{
    const struct ctx_event *said = NULL;
    size_t n_said = 0, kept = 0;
    struct ctx_event *e;
    enum an_code code = tr_people_said(p, person, arena, &said, &n_said, err);

    if (code != AN_OK)
        return code;
    e = an_arena_get(arena, n_said, sizeof(*e));
    if (e == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; i < n_said; i++) {
        if (said[i].kind == CTX_CONSENT)
            continue;
        e[kept] = said[i];
        e[kept++].encounter = (struct an_str){NULL, 0};
    }
    *event = e;
    *n = kept;
    return AN_OK;
}

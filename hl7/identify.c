/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/identify.h"

#include "context/identity.h"

enum { UNKNOWN_TYPE_RANK = 50 };

struct type {
    const char *name;
    int rank;
    bool link;
};

static const struct type types[] = {
#include "config/tables/identifier-types.inc"
};

static const struct hl7_claim claims[] = {
#include "config/tables/hl7-claims.inc"
};

const struct hl7_claim *hl7_claim_of(struct an_str event)
{
    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
        if (an_str_eq(an_str_c(claims[i].event), event))
            return &claims[i];
    return NULL;
}

static struct type type_of(struct an_str name)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (an_str_eq(an_str_c(types[i].name), name))
            return types[i];
    return (struct type){"", UNKNOWN_TYPE_RANK, false};
}

/* One repetition of a CX field: value, authority (name, else universal id),
 * type (HL7 v2.5.1 2.A.14). */
static enum an_code read_cx(const struct hl7_at *at, struct an_str authority,
                            struct ctx_identifier *id, struct an_err *err)
{
    struct an_str name = hl7_get(at->m, at->segment, at->field, at->rep, 4, 1);
    enum an_code rc = hl7_at_text(at, 1, &id->value, err);

    if (rc == AN_OK)
        rc = hl7_at_text(at, 5, &id->type, err);
    if (name.n == 0)
        name = hl7_get(at->m, at->segment, at->field, at->rep, 4, 2);
    if (rc == AN_OK)
        rc = hl7_raw_text(at->m, name, &id->authority, err);
    if (rc == AN_OK && id->authority.n == 0)
        id->authority = authority;
    return rc;
}

/* All repetitions of one field; the preferred one is swapped to the front. */
static enum an_code read_field(struct hl7_at at, struct an_str authority,
                               struct hl7_identity *out, struct an_err *err)
{
    size_t n = hl7_n_reps(at.m, at.segment, at.field);
    int best = INT32_MAX;

    for (at.rep = 1; at.rep <= n; at.rep++) {
        struct ctx_identifier id;
        struct type type;
        enum an_code rc = read_cx(&at, authority, &id, err);

        if (rc != AN_OK)
            return rc;
        type = type_of(id.type);
        if (id.value.n == 0)
            continue;
        if (type.rank < best) {
            struct ctx_identifier former = out->id[0];
            bool keep = out->n && type_of(former.type).link;

            best = type.rank;
            out->id[0] = id;
            out->field = at.field;
            out->rep = at.rep;
            if (out->n == 0)
                out->n = 1;
            if (keep && out->n < sizeof(out->id) / sizeof(out->id[0]))
                out->id[out->n++] = former;
        } else if (type.link && out->n < sizeof(out->id) / sizeof(out->id[0])) {
            out->id[out->n++] = id;
        }
    }
    return AN_OK;
}

enum an_code hl7_identify(const struct hl7_message *m, size_t segment,
                          struct an_str authority, struct hl7_identity *out,
                          struct an_err *err)
{
    static const uint8_t pid_fields[] = {3, 2, 4, 18}, mrg_fields[] = {1, 4};
    bool mrg = m->segment[segment].id[0] == 'M';
    const uint8_t *field = mrg ? mrg_fields : pid_fields;
    size_t n = mrg ? sizeof(mrg_fields) : sizeof(pid_fields);

    *out = (struct hl7_identity){.n = 0};
    for (size_t i = 0; i < n && out->n == 0; i++) {
        struct hl7_at at = {m, segment, field[i], 1};
        enum an_code rc = read_field(at, authority, out, err);

        if (rc != AN_OK)
            return rc;
    }
    /* A primary that links to nothing must not be linked from here either. */
    if (out->n > 1 && !type_of(out->id[0].type).link)
        out->n = 1;
    return AN_OK;
}

enum an_code hl7_identify_in(const struct hl7_message *m, size_t segment,
                             unsigned field, struct an_str authority,
                             struct hl7_identity *out, struct an_err *err)
{
    struct hl7_at at = {m, segment, field, 1};
    size_t n = hl7_n_reps(m, segment, field);
    enum an_code rc = AN_OK;

    *out = (struct hl7_identity){.field = field, .rep = 1};
    for (; rc == AN_OK && at.rep <= n &&
           out->n < sizeof(out->id) / sizeof(out->id[0]);
         at.rep++) {
        rc = read_cx(&at, authority, &out->id[out->n], err);
        out->n += rc == AN_OK && out->id[out->n].value.n > 0;
    }
    return rc;
}

bool hl7_is_patients(const struct ctx_identifier *id)
{
    return type_of(id->type).link || an_str_eq(id->type, AN_STR("MRT")) ||
           an_str_eq(id->type, AN_STR("PNT"));
}

bool hl7_names(const struct hl7_identity *list, const struct ctx_identifier *id)
{
    for (unsigned i = 0; i < list->n; i++)
        if (ctx_identifier_cmp(&list->id[i], id) == 0)
            return true;
    return false;
}

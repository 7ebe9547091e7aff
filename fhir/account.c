/* SPDX-License-Identifier: Apache-2.0 */
/* What became of each top-level element of a resource.  The rows of
 * fhir-resources.tsv say which are asked for; what was understood of those that
 * can be misunderstood, the reader has noted in r->seen. */
#include "base/sort.h"
#include "fhir/reader_int.h"

/* What an element is to the reader. */
enum role {
    UNASKED,
    READ, /* understood when it is there */
    CODE,
    VALUE,
    TIME,
    STATUS,
    COMPONENTS
};

/* Elements that are read of every resource that is read. */
static const char *const common[] = {"id", "meta"};

/* Of those that have no row. */
static const struct special {
    const char *type, *element;
    uint8_t role;
} special[] = {
    {"Consent", "dateTime", TIME},
    {"Consent", "patient", READ},
    {"Consent", "policyRule", READ},
    {"Consent", "provision", READ},
    {"Consent", "scope", READ},
    {"Consent", "status", READ},
    {"Encounter", "class", CODE},
    {"Encounter", "hospitalization", READ},
    {"Encounter", "location", READ},
    {"Encounter", "period", TIME},
    {"Encounter", "status", STATUS},
    {"Encounter", "subject", READ},
    {"Encounter", "type", VALUE},
    {"Medication", "code", CODE},
    {"MessageHeader", "source", READ},
    {"Observation", "component", COMPONENTS},
    {"Observation", "interpretation", READ},
    {"Observation", "referenceRange", READ},
    {"Patient", "birthDate", TIME},
    {"Patient", "deceasedBoolean", READ},
    {"Patient", "deceasedDateTime", TIME},
    {"Patient", "gender", STATUS},
    {"Patient", "identifier", READ},
    {"Patient", "link", READ},
};

/* Does a path of the table begin with this element?  "value[x]" is valueX. */
static bool begins(const char *path, struct an_str name)
{
    struct an_str stem = {path, strcspn(path, ".[")};

    if (path[stem.n] != '[')
        return an_str_eq(stem, name);
    return name.n > stem.n && an_str_starts(name, stem) &&
           name.p[stem.n] >= 'A' && name.p[stem.n] <= 'Z';
}

static enum role role_by_rule(const struct fhir_rule *rule, struct an_str name)
{
    const struct {
        const char *path;
        enum role role;
    } asked[] = {{rule->code, CODE},      {rule->value, VALUE},
                 {rule->status, STATUS},  {rule->effective, TIME},
                 {rule->otherwise, TIME}, {rule->end, TIME},
                 {rule->available, TIME}, {rule->subject, READ},
                 {rule->encounter, READ}};

    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
        if (asked[i].path[0] != '-' && begins(asked[i].path, name))
            return asked[i].role;
    if ((rule->kind == CTX_ORDER || rule->kind == CTX_MEDICATION_ORDER) &&
        (an_str_eq(name, AN_STR("intent")) ||
         an_str_eq(name, AN_STR("doNotPerform"))))
        return READ;
    return UNASKED;
}

static enum role role_of(const struct fhir_entry *e, struct an_str name)
{
    if (!e->is_read)
        return UNASKED;
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        if (an_str_eq(name, an_str_c(common[i])))
            return READ;
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
        if (an_str_eq(name, an_str_c(special[i].element)) &&
            an_str_eq(e->type, an_str_c(special[i].type)))
            return (enum role)special[i].role;
    return e->rule ? role_by_rule(e->rule, name) : UNASKED;
}

/* A time that is there and is none: of a string, or of a Period's sides. */
static bool is_odd_time(struct fhir_reader *r, const struct an_json *j)
{
    struct an_str text = an_json_text(j);
    struct an_time t;

    if (an_str_ends(an_json_key(j), AN_STR("String")))
        return false;
    if (text.n)
        return !an_time_fhir(text, &r->s->zone, &t);
    for (const struct an_json *m =
             an_json_is(j, AN_JSON_OBJECT) ? an_json_first(j) : NULL;
         m; m = m->next)
        if ((an_json_key_is(m, AN_STR("start")) ||
             an_json_key_is(m, AN_STR("end"))) &&
            !an_time_fhir(an_json_text(m), &r->s->zone, &t))
            return true;
    return false;
}

static enum ctx_field_state or_mapped(uint8_t state)
{
    return state ? (enum ctx_field_state)state : CTX_FIELD_MAPPED;
}

static enum ctx_field_state state_of(struct fhir_reader *r, enum role role,
                                     const struct an_json *j)
{
    const struct fhir_seen *seen = &r->seen;

    if (role == UNASKED || (!seen->read && role != CODE))
        return CTX_FIELD_UNUSED;
    switch (role) {
    case CODE:
        if (seen->code == CTX_FIELD_EMPTY && !seen->read)
            return CTX_FIELD_UNUSED;
        return or_mapped(seen->code);
    case VALUE: return or_mapped(seen->value);
    case STATUS: return or_mapped(seen->status);
    case COMPONENTS: return or_mapped(seen->component);
    case TIME:
        /* Only where there was something to warn of is it worth the look. */
        if (seen->warned && is_odd_time(r, j))
            return CTX_FIELD_ODD;
        return an_str_ends(an_json_key(j), AN_STR("String")) ? CTX_FIELD_UNUSED
                                                             : CTX_FIELD_MAPPED;
    case READ:
    case UNASKED: break;
    }
    return CTX_FIELD_MAPPED;
}

/* Empty arrays and objects, null and "" hold nothing. */
static bool holds(const struct an_json *j)
{
    return j->kind == AN_JSON_BOOL || (j->kind != AN_JSON_NULL && j->n > 0);
}

/* The place of an element among those of its type.  Neighbours come in the same
 * order, so it is mostly the one after the last. */
static size_t element_find(struct fhir_reader *r, size_t at, size_t hint,
                           const struct fhir_entry *e, const struct an_json *j)
{
    const struct ctx_entry *all = &r->ledger.entry[at];
    struct an_str name = an_json_key(j);

    if (hint < all->account.n_fields &&
        an_json_key_is(j, all->field[hint].name))
        return hint;
    for (size_t i = 0; i < all->account.n_fields; i++)
        if (an_json_key_is(j, all->field[i].name))
            return i;
    if (fhir_knows(name))
        return ctx_ledger_element(&r->ledger, at, name,
                                  (uint8_t)role_of(e, name));
    /* A name may be anything, a patient's too: it is not kept. */
    for (size_t i = 0; i < all->account.n_fields; i++)
        if (an_str_eq(all->field[i].name, AN_STR("?")))
            return i;
    return ctx_ledger_element(&r->ledger, at, AN_STR("?"), UNASKED);
}

void fhir_account(struct fhir_reader *r, const struct fhir_entry *e, bool used)
{
    struct ctx_segment *s = &r->segment[r->n_segments++];
    size_t at = ctx_ledger_find(&r->ledger, fhir_type_name(e->type_row));
    size_t room = an_json_is(e->resource, AN_JSON_OBJECT) ? e->resource->n : 0;
    uint8_t *state = fhir_get(r, room, 1);
    struct an_str *element = fhir_get(r, room, sizeof(*element));
    struct ctx_entry *all;
    size_t hint = 0;

    if (at == CTX_LEDGER_NONE)
        r->code = AN_NOMEM;
    if (r->code != AN_OK)
        return;
    all = &r->ledger.entry[at];
    all->account.n_seen++;
    all->account.n_used += used;
    *s = (struct ctx_segment){.name = all->account.name,
                              .place = e->where,
                              .seq = all->account.n_seen,
                              .used = used,
                              .state = state,
                              .element = element};
    for (const struct an_json *j = room ? an_json_first(e->resource) : NULL; j;
         j = j->next) {
        size_t i;

        if (!holds(j) || an_json_key_is(j, AN_STR("resourceType")))
            continue;
        i = element_find(r, at, hint, e, j);
        if (i == CTX_LEDGER_NONE) {
            r->code = AN_NOMEM;
            return;
        }
        all = &r->ledger.entry[at];
        hint = i + 1;
        state[s->n_fields] = (uint8_t)state_of(r, (enum role)all->role[i], j);
        all->field[i].n[state[s->n_fields]]++;
        element[s->n_fields++] = all->field[i].name;
    }
}

static int entry_cmp(const void *a, const void *b)
{
    const struct ctx_entry *x = a, *y = b;
    bool unknown_x = x->account.name.p[0] == '?';
    bool unknown_y = y->account.name.p[0] == '?';

    if (unknown_x != unknown_y)
        return unknown_x ? 1 : -1;
    return an_str_cmp(x->account.name, y->account.name);
}

void fhir_accounts_close(struct fhir_reader *r)
{
    struct ctx_ledger *l = &r->ledger;
    void *scratch = fhir_get(r, l->n / 2 + 1, sizeof(*l->entry));

    if (scratch && l->n)
        an_sort(l->entry, l->n, sizeof(*l->entry), scratch, entry_cmp);
    if (scratch == NULL || !ctx_ledger_done(l, r->out))
        r->code = AN_NOMEM;
    r->out->segment = r->segment;
    r->out->n_segments = r->n_segments;
}

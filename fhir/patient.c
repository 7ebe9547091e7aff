/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/reader_int.h"

/* ---- identifiers -------------------------------------------------------- */

struct identifier_row {
    const char *type;
    int rank;
    bool links;
};

enum { RANK_UNKNOWN = 50, RANK_ALONE = 80, MAX_IDENTIFIERS = 16 };

/* An identifier of a Patient and what it is worth. */
struct candidate {
    struct ctx_identifier id;
    int rank;
    bool links;
};

static const struct identifier_row *identifier_row(struct an_str type)
{
    static const struct identifier_row row[] = {
#include "config/tables/identifier-types.inc"
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        if (an_str_eq(type, an_str_c(row[i].type)))
            return &row[i];
    return NULL;
}

static struct an_str authority_of(const struct fhir_reader *r,
                                  struct an_str system)
{
    for (size_t i = 0; i < r->s->n_systems; i++)
        if (an_str_eq(r->s->system[i].system, system))
            return r->s->system[i].authority;
    return system.n ? system : r->s->authority;
}

/* One Identifier; false when it can name nobody. */
static bool candidate_read(const struct fhir_reader *r, const struct an_json *j,
                           struct candidate *c)
{
    struct an_str use = an_json_text(an_json_get(j, AN_STR("use")));
    const struct identifier_row *row;

    c->id.value = an_str_trim(an_json_text(an_json_get(j, AN_STR("value"))));
    c->id.authority =
        authority_of(r, an_json_text(an_json_get(j, AN_STR("system"))));
    c->id.type = fhir_code(an_json_get(j, AN_STR("type")));
    row = identifier_row(c->id.type);
    c->rank = 4 * (row ? row->rank : RANK_UNKNOWN) + 1;
    c->links = row && row->links;
    if (an_str_eq(use, AN_STR("official")) || an_str_eq(use, AN_STR("usual")))
        c->rank--;
    if (an_str_eq(use, AN_STR("old")))
        c->rank++;
    if (an_str_eq(use, AN_STR("temp")))
        c->links = false;
    return c->id.value.n && c->id.authority.n;
}

/* The name of a resource's own id as an identifier: "urn:fhir:Patient". */
static struct ctx_identifier id_identifier(struct fhir_reader *r,
                                           struct an_str server,
                                           struct an_str id)
{
    return (struct ctx_identifier){FHIR_JOIN(r, server, AN_STR("Patient")), id,
                                   AN_STR("")};
}

/* ---- people ------------------------------------------------------------- */

static struct fhir_person *person_add(struct fhir_reader *r,
                                      const struct ctx_identifier *id)
{
    struct fhir_person *p = fhir_get(r, 1, sizeof(*p));

    if (p && r->n_persons == r->persons_size) {
        size_t size = r->persons_size ? 2 * r->persons_size : 16;
        struct fhir_person **more =
            fhir_get(r, size, sizeof(struct fhir_person *));

        if (more == NULL)
            return NULL;
        if (r->n_persons)
            memcpy(more, r->person, r->n_persons * sizeof(void *));
        r->person = more;
        r->persons_size = size;
    }
    if (p == NULL)
        return NULL;
    p->id = *id;
    r->person[r->n_persons++] = p;
    return p;
}

void fhir_claim(struct fhir_reader *r, const struct ctx_claim *claim)
{
    if (r->out->n_claims == r->claims_size) {
        size_t size = r->claims_size ? 2 * r->claims_size : 8;
        struct ctx_claim *more = fhir_get(r, size, sizeof(*more));

        if (more == NULL)
            return;
        if (r->out->n_claims)
            memcpy(more, r->out->claim, r->out->n_claims * sizeof(*more));
        r->out->claim = more;
        r->claims_size = size;
    }
    r->out->claim[r->out->n_claims++] = *claim;
}

static void claim_same(struct fhir_reader *r, const struct fhir_entry *e,
                       const struct ctx_identifier *current,
                       const struct ctx_identifier *prior)
{
    if (!an_str_eq(current->authority, prior->authority) ||
        !an_str_eq(current->value, prior->value))
        fhir_claim(r, &(struct ctx_claim){.kind = CTX_CLAIM_SAME,
                                          .current = *current,
                                          .prior = *prior,
                                          .said_us = e->said_us,
                                          .available_us = e->said_us,
                                          .place = fhir_place_copy(r)});
}

static size_t candidates_read(struct fhir_reader *r, const struct fhir_entry *e,
                              struct candidate c[MAX_IDENTIFIERS])
{
    const struct an_json *list = an_json_get(e->resource, AN_STR("identifier"));
    size_t n = 0;

    for (const struct an_json *j = an_json_first(list); j; j = j->next)
        if (n < MAX_IDENTIFIERS && candidate_read(r, j, &c[n]))
            n++;
    return n;
}

/* Who a Patient resource is; what it lists is claimed on the way. */
static struct fhir_person *who(struct fhir_reader *r, struct fhir_entry *e)
{
    struct candidate c[MAX_IDENTIFIERS];
    size_t n = candidates_read(r, e, c), best = n, mark;
    struct ctx_identifier own = {.value = AN_STR("")}, primary;

    for (size_t i = 0; i < n; i++)
        if (best == n || c[i].rank < c[best].rank)
            best = i;
    if (e->id.n)
        own = id_identifier(r, e->server, e->id);
    if (best < n && (c[best].rank < 4 * RANK_ALONE || own.value.n == 0))
        primary = c[best].id;
    else if (own.value.n)
        primary = own;
    else
        return NULL;
    mark = fhir_step(r, AN_STR("identifier"));
    /* A UUID of this Bundle means nothing outside of it. */
    if (own.value.n && !an_str_eq(e->server, AN_STR("urn:uuid:")))
        claim_same(r, e, &primary, &own);
    for (size_t i = 0; i < n; i++)
        if (c[i].links)
            claim_same(r, e, &primary, &c[i].id);
    r->place.n = mark;
    return person_add(r, &primary);
}

/* The person of a Patient entry, found once. */
static struct fhir_person *person_of(struct fhir_reader *r,
                                     const struct fhir_entry *found)
{
    struct fhir_entry *e = &r->entry[found - r->entry];

    if (e->person == NULL) {
        struct fhir_place here = r->place;

        r->place.n = 0;
        if (e->where.n) {
            memcpy(r->place.p, e->where.p, e->where.n);
            r->place.n = e->where.n;
        }
        e->person = who(r, e);
        r->place = here;
    }
    return e->person;
}

/* A reference that leads to no entry: by its identifier, else by its id. */
static bool target_identifier(struct fhir_reader *r,
                              const struct fhir_target *t,
                              struct ctx_identifier *id)
{
    struct candidate c;

    *id = t->logical;
    id->authority = authority_of(r, id->authority);
    if (id->value.n && id->authority.n)
        return true;
    if (t->id.n) {
        *id = id_identifier(r, t->server, t->id);
        return true;
    }
    for (const struct an_json *j =
             an_json_first(an_json_get(t->contained, AN_STR("identifier")));
         j; j = j->next)
        if (candidate_read(r, j, &c)) {
            *id = c.id;
            return true;
        }
    return false;
}

struct fhir_person *fhir_person(struct fhir_reader *r,
                                const struct fhir_entry *from,
                                const struct an_json *reference)
{
    struct fhir_last *last = &r->last_patient;
    struct an_str text =
        an_json_text(an_json_get(reference, AN_STR("reference")));
    struct fhir_target t;
    struct ctx_identifier id;
    struct fhir_person *p = NULL;

    if (text.n && text.p[0] != '#' && an_str_eq(text, last->reference) &&
        an_str_eq(from->server, last->server))
        return last->person;
    if (!fhir_resolve(r, from, reference, AN_STR("Patient"), &t)) {
        fhir_warn(r, AN_MISSING, "no patient is named");
        return NULL;
    }
    if (t.entry && t.entry->resource)
        p = person_of(r, t.entry);
    if (p == NULL && target_identifier(r, &t, &id))
        p = person_add(r, &id);
    if (p == NULL)
        fhir_warn(r, AN_MISSING, "no patient is named");
    *last = (struct fhir_last){
        .reference = text, .server = from->server, .person = p};
    return p;
}

/* ---- what a Patient says ------------------------------------------------ */

static void link_read(struct fhir_reader *r, const struct fhir_entry *e,
                      const struct an_json *j)
{
    struct an_str type = an_json_text(an_json_get(j, AN_STR("type")));
    struct fhir_person *other =
        fhir_person(r, e, an_json_get(j, AN_STR("other")));
    struct ctx_claim claim = {.kind = CTX_CLAIM_SAME,
                              .said_us = e->said_us,
                              .available_us = e->said_us,
                              .place = fhir_place_copy(r)};

    if (other == NULL)
        return;
    claim.current = e->person->id;
    claim.prior = other->id;
    if (an_str_eq(type, AN_STR("replaced-by"))) {
        claim.kind = CTX_CLAIM_MERGE;
        claim.current = other->id;
        claim.prior = e->person->id;
    } else if (an_str_eq(type, AN_STR("replaces"))) {
        claim.kind = CTX_CLAIM_MERGE;
    } else if (!an_str_eq(type, AN_STR("refer")) &&
               !an_str_eq(type, AN_STR("seealso"))) {
        fhir_warn(r, AN_CODE, "a link of no known type");
        return;
    }
    fhir_claim(r, &claim);
}

static void links_read(struct fhir_reader *r, const struct fhir_entry *e)
{
    size_t mark = fhir_step(r, AN_STR("link")), index = 0;

    for (const struct an_json *j =
             an_json_first(an_json_get(e->resource, AN_STR("link")));
         j; j = j->next) {
        size_t inner = fhir_step_index(r, index++);

        link_read(r, e, j);
        r->place.n = inner;
    }
    r->place.n = mark;
}

/* The facts of a person are named as hl7/ names them: one birth, whoever says
 * it. */
/* Of each server: context/agree.h.  A death is one for all. */
static struct an_str key_of(struct fhir_reader *r, const struct fhir_entry *e,
                            struct an_str name)
{
    if (an_str_eq(name, AN_STR("death")))
        return name;
    return FHIR_JOIN(r, name, AN_STR("|"), e->server);
}

static void fact(struct fhir_reader *r, const struct fhir_entry *e,
                 struct an_str name, struct an_str key, struct ctx_event *event)
{
    struct fhir_subject subject = {
        .entry = e, .person = e->person, .fact = key_of(r, e, name)};
    size_t mark = fhir_step(r, key);

    event->concept.display = name;
    event->said_us = e->said_us;
    fhir_available(event, (struct an_time){0});
    fhir_event(r, &subject, event);
    r->place.n = mark;
}

static void sex_read(struct fhir_reader *r, const struct fhir_entry *e,
                     struct an_time birth)
{
    static const struct an_str code[][2] = {
        {AN_STR_INIT("female"), AN_STR_INIT("Female")},
        {AN_STR_INIT("male"), AN_STR_INIT("Male")},
        {AN_STR_INIT("other"), AN_STR_INIT("Other")},
        {AN_STR_INIT("unknown"), AN_STR_INIT("Unknown")}};
    struct an_str gender =
        an_json_text(an_json_get(e->resource, AN_STR("gender")));
    struct ctx_event event = {.kind = CTX_SEX,
                              .status = CTX_STATUS_FINAL,
                              .effective = birth,
                              .value = {.kind = CTX_VALUE_CODE}};

    for (size_t i = 0; gender.n && i < sizeof(code) / sizeof(code[0]); i++)
        if (an_str_eq(gender, code[i][0])) {
            event.value.code = (struct ctx_code){
                AN_STR("http://hl7.org/fhir/administrative-gender"), code[i][0],
                code[i][1]};
            fact(r, e, AN_STR("sex"), AN_STR("gender"), &event);
            return;
        }
    if (gender.n) {
        fhir_warn(r, AN_CODE, "a gender that is none");
        r->seen.status = CTX_FIELD_ODD;
    }
}

/* "Not dead" takes an earlier "dead" back. */
static void death_read(struct fhir_reader *r, const struct fhir_entry *e)
{
    const struct an_json *time =
        an_json_get(e->resource, AN_STR("deceasedDateTime"));
    const struct an_json *whether =
        an_json_get(e->resource, AN_STR("deceasedBoolean"));
    struct ctx_event event = {.kind = CTX_DEATH, .status = CTX_STATUS_FINAL};
    bool dead = true;

    if (time == NULL && !an_json_bool(whether, &dead))
        return;
    event.effective = fhir_time(r, time);
    if (!dead)
        event.status = CTX_STATUS_ENTERED_IN_ERROR;
    fact(r, e, AN_STR("death"),
         time ? AN_STR("deceasedDateTime") : AN_STR("deceasedBoolean"), &event);
}

void fhir_patient(struct fhir_reader *r, struct fhir_entry *e)
{
    struct ctx_event birth = {
        .kind = CTX_BIRTH,
        .status = CTX_STATUS_FINAL,
        .effective =
            fhir_time(r, an_json_get(e->resource, AN_STR("birthDate")))};

    if (person_of(r, e) == NULL) {
        fhir_warn(r, AN_MISSING, "a Patient without an identifier or an id");
        return;
    }
    if (birth.effective.precision != AN_TIME_NONE)
        fact(r, e, AN_STR("birth"), AN_STR("birthDate"), &birth);
    sex_read(r, e, birth.effective);
    death_read(r, e);
    links_read(r, e);
}

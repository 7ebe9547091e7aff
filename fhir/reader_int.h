/* SPDX-License-Identifier: Apache-2.0 */
/* The state of one fhir_read, shared by the files that read one concern each.
 *
 *     read.c       bytes -> entries -> readers -> parts
 *     bundle.c     what stands in a Bundle, and whose version it is
 *     reference.c  from a Reference to a resource or an id
 *     patient.c    Patient: who, born, dead, linked
 *     encounter.c  Encounter: admitted, moved, discharged
 *     resource.c   all others, by the rows of fhir-resources.tsv
 *     value.c      what was found: quantity, code, text
 *     element.c    the datatypes they are made of, and places
 *     account.c    what became of each element
 *
 * Without memory r->code becomes AN_NOMEM and readers stop; fhir_read checks
 * once, at its end.
 *
 * Thread-safety: confined. */
#ifndef FHIR_READER_INT_H
#define FHIR_READER_INT_H

#include "base/json.h"
#include "context/account.h"
#include "fhir/read.h"

enum { FHIR_PLACE_BYTES = 200, FHIR_MAX_CODINGS = 16 };

/* A JSON pointer under construction; it stops growing when it is full. */
struct fhir_place {
    char p[FHIR_PLACE_BYTES];
    size_t n;
};

/* A row of config/tables/fhir-resources.tsv. */
struct fhir_rule {
    const char *type;
    unsigned kind;
    const char *code, *subject, *encounter, *effective, *otherwise, *end,
        *available, *status, *value;
};

/* A patient that something is filed under. */
struct fhir_person {
    struct ctx_identifier id;
    bool has_events;
    size_t part; /* given at the end */
};

/* A resource: of a Bundle, contained, or alone. */
struct fhir_entry {
    const struct an_json *resource; /* NULL: deleted */
    struct an_str type, id;         /* id "": not known */
    struct an_str server, full_url;
    struct an_str where; /* its place: "/entry/3/resource" */
    int64_t said_us;
    bool undated; /* a deletion that stands as of the version before it */
    struct fhir_person *person;    /* a Patient's, once asked for */
    const struct fhir_entry *body; /* of a deletion: an older version */
    const struct fhir_rule *rule;  /* NULL: it makes no event by a row */
    uint32_t type_row;             /* in fhir-types.tsv */
    bool is_read;                  /* not only counted */
    bool older;                    /* a newer version stands in the Bundle */
};

/* What all events of one resource share. */
struct fhir_subject {
    const struct fhir_entry *entry;
    struct fhir_person *person;
    struct an_str fact, encounter;
    const struct an_json *visit; /* the Encounter, if it is at hand */
};

/* What a Reference leads to: a resource at hand, or an id, or an identifier. */
struct fhir_target {
    const struct fhir_entry *entry;  /* in the Bundle */
    const struct an_json *contained; /* in the same resource */
    struct an_str server, type, id;  /* id "" when there is none */
    struct ctx_identifier logical;   /* value "" when there is none */
};

/* The answer to the last question, since neighbours ask the same one. */
struct fhir_last {
    struct an_str reference, server;
    struct fhir_person *person;
    struct an_str encounter;
    const struct an_json *visit;
};

/* The labels of the last resource and its Encounter: all events of one share
 * them. */
struct fhir_labelled {
    const struct an_json *resource, *visit;
    unsigned labels;
};

/* What was understood of the entry that is being read: enum ctx_field_state,
 * EMPTY where nothing was found to say. */
struct fhir_seen {
    uint8_t code, value, status, component;
    bool read, warned;
};

struct fhir_reader {
    struct an_arena *arena;
    const struct fhir_settings *s;
    struct ctx_reading *out;
    enum an_code code; /* AN_OK or AN_NOMEM */
    struct an_str server;
    struct an_str root_type;
    struct fhir_entry *entry;
    size_t n_entries;
    const struct fhir_entry **by_url, **by_id; /* of n_indexed */
    size_t n_indexed;
    struct ctx_event *event;
    struct fhir_person **owner; /* of each event */
    size_t n_events, events_size;
    struct fhir_person **person;
    size_t n_persons, persons_size;
    size_t claims_size;
    struct fhir_person *only; /* when everything was about one person */
    struct fhir_last last_patient, last_visit;
    struct fhir_labelled labelled;
    struct fhir_place place; /* where the reader stands */
    bool history;
    unsigned labels; /* of the Bundle */
    struct ctx_ledger ledger;
    struct ctx_segment *segment; /* of each entry */
    size_t n_segments;
    struct fhir_seen seen;
};

/* ---- element.c ---------------------------------------------------------- */

/* n * size bytes of the arena; NULL marks the reader. */
void *fhir_get(struct fhir_reader *r, size_t n, size_t size);
/* The parts one after the other. */
struct an_str fhir_join(struct fhir_reader *r, const struct an_str *part,
                        size_t n);
#define FHIR_JOIN(r, ...)                                                      \
    fhir_join(r, (const struct an_str[]){__VA_ARGS__},                         \
              sizeof((const struct an_str[]){__VA_ARGS__}) /                   \
                  sizeof(struct an_str))

/* Step into a member or element; `mark` is the n to step back to. */
size_t fhir_step(struct fhir_reader *r, struct an_str key);
size_t fhir_step_index(struct fhir_reader *r, size_t index);
/* A copy of where the reader stands. */
struct an_str fhir_place_copy(struct fhir_reader *r);
/* Odd, and read on.  The place becomes a FHIRPath. */
void fhir_warn(struct fhir_reader *r, enum an_code code, const char *what);

/* The element at a path of fhir-resources.tsv, or NULL.  When `step`, the
 * reader steps there. */
const struct an_json *fhir_find(struct fhir_reader *r,
                                const struct an_json *resource,
                                const char *path, bool step);

/* A code: itself, Coding.code, or that of the first coding. */
struct an_str fhir_code(const struct an_json *j);
/* CodeableConcept, Coding or text; false when it says nothing. */
bool fhir_concept(struct fhir_reader *r, const struct an_json *j,
                  struct ctx_code *concept, const struct ctx_code **alias,
                  size_t *n_aliases);
/* date, dateTime, instant; no moment, with a warning, when it is none. */
struct an_time fhir_time(struct fhir_reader *r, const struct an_json *j);
/* The same, of a Period or Timing too.  Either may become no moment. */
void fhir_when(struct fhir_reader *r, const struct an_json *j,
               struct an_time *start, struct an_time *end);
unsigned fhir_status(struct an_str type, struct an_str code);
/* Does a CodeableConcept, Coding or list of them hold this code? */
bool fhir_has_code(const struct an_json *j, struct an_str code);

/* What a resource says of how confidential it is: meta.security, and where
 * documents have their own element for it. */
unsigned fhir_labels(const struct an_json *resource);

/* ---- value.c ------------------------------------------------------------ */

/* Any datatype, told apart by its shape.  NONE when it says nothing. */
void fhir_value(struct fhir_reader *r, const struct an_json *j,
                struct ctx_value *value);

/* ---- reference.c -------------------------------------------------------- */

/* Sort what may be referred to.  Once, when the entries are known.  Entries of
 * the same server, type and id stand together in by_id; references lead to the
 * first of them. */
void fhir_index(struct fhir_reader *r);
/* False when the Reference leads nowhere. */
bool fhir_resolve(struct fhir_reader *r, const struct fhir_entry *from,
                  const struct an_json *reference, struct an_str type,
                  struct fhir_target *out);
/* "http://h/fhir/Patient/1/_history/2" -> "http://h/fhir/", Patient, 1.
 * False when it is no such thing. */
bool fhir_url_cut(struct an_str url, struct an_str *server, struct an_str *type,
                  struct an_str *id);
/* Whose ids relative ones are. */
struct an_str fhir_server_default(const struct fhir_settings *s);
/* Whose ids these are: our own, or those of the server before the type.  What stands
 * behind FHIR_LITERAL is the name of a server as facts have it, whatever the settings
 * say now (deletion.c). */
#define FHIR_LITERAL "urn:anamnesis:server:"
struct an_str fhir_server_of(const struct fhir_reader *r, struct an_str server);

/* ---- bundle.c ----------------------------------------------------------- */

void fhir_bundle_entries(struct fhir_reader *r, const struct an_json *bundle);
void fhir_single_entry(struct fhir_reader *r, const struct an_json *resource);
/* The row of a type; the number of rows when it is none of R4. */
uint32_t fhir_type_row(struct an_str type);
struct an_str fhir_type_name(uint32_t row);
size_t fhir_n_types(void);

/* ---- patient.c ---------------------------------------------------------- */

void fhir_patient(struct fhir_reader *r, struct fhir_entry *entry);
/* Who a Reference names; NULL, with a warning, when nobody. */
struct fhir_person *fhir_person(struct fhir_reader *r,
                                const struct fhir_entry *from,
                                const struct an_json *reference);
void fhir_claim(struct fhir_reader *r, const struct ctx_claim *claim);

/* ---- encounter.c -------------------------------------------------------- */

void fhir_encounter(struct fhir_reader *r, const struct fhir_entry *entry);
/* Fill encounter and visit. */
void fhir_visit(struct fhir_reader *r, const struct an_json *reference,
                struct fhir_subject *subject);

/* ---- consent.c ---------------------------------------------------------- */

void fhir_consent(struct fhir_reader *r, const struct fhir_entry *entry);

/* ---- resource.c --------------------------------------------------------- */

/* NULL when the type makes no event. */
const struct fhir_rule *fhir_rule_of(struct an_str type);
/* The element that says whom it is about, by a row or not; NULL when the type makes
 * no event that a deletion could withdraw. */
const char *fhir_subject_of(struct an_str type);
void fhir_resource(struct fhir_reader *r, const struct fhir_entry *entry);
/* The fact that a resource is a version of; "" when nothing names it. */
struct an_str fhir_fact(struct fhir_reader *r, const struct fhir_entry *entry);
/* One event more: `made`, with what the subject knows and the place where the
 * reader stands. */
void fhir_event(struct fhir_reader *r, const struct fhir_subject *subject,
                const struct ctx_event *made);
/* When it could be known: `available`, else when it ended, else when it
 * happened, else when it was said. */
void fhir_available(struct ctx_event *e, struct an_time available);

/* ---- account.c ---------------------------------------------------------- */

/* Count the entry and its elements, once it has been read. */
void fhir_account(struct fhir_reader *r, const struct fhir_entry *entry,
                  bool used);
/* All entries are counted: the accounts, by name, go to the reading. */
void fhir_accounts_close(struct fhir_reader *r);

/* ---- read.c ------------------------------------------------------------- */

/* Is it a name of fhir-elements.tsv, which may be shown? */
bool fhir_knows(struct an_str key);

#endif

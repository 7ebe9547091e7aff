/* SPDX-License-Identifier: Apache-2.0 */
/* One document on its way, shared by fhir.c (elements), fhir_value.c (the
 * values that they end in) and fhir_reference.c (ids and what points at them).
 *
 * A function that makes a value returns NULL where nothing of it stays, and
 * also, with w->code set, where it failed.
 *
 * Thread-safety: confined. */
#ifndef TRAINER_DEID_FHIR_INT_H
#define TRAINER_DEID_FHIR_INT_H

#include "base/json.h"
#include "trainer/deid/fhir.h"

/* A Patient of the Bundle: what its fullUrl says, and its id. */
struct deid_alias {
    struct an_str url_id, id;
};

struct deid_walk {
    struct tr_deid *d;
    struct an_arena *arena;
    struct an_err *err;
    enum an_code code;
    const struct deid_alias *alias;
    size_t n_aliases;
    struct tr_deid_dates dates;  /* of the resource at hand */
    bool has_patient, is_abroad; /* of an address */
    bool is_contained;           /* the resource at hand */
    bool says_age, says_birth;   /* the Observation or component at hand */
};

/* Members or elements under construction. */
struct deid_list {
    const struct an_json *first;
    struct an_json *last;
    uint32_t n;
};

/* A new value; NULL without memory. */
struct an_json *deid_new(struct deid_walk *w, enum an_json_kind kind);
/* Text is copied. */
const struct an_json *deid_text(struct deid_walk *w, struct an_str text);
void deid_append(struct deid_list *list, struct an_json *value);
/* Under a literal of ours. */
void deid_member(struct deid_walk *w, struct deid_list *list, const char *key,
                 const struct an_json *value);
/* NULL when the list is empty. */
const struct an_json *deid_done(struct deid_walk *w, enum an_json_kind kind,
                                const struct deid_list *list);

/* The value of a row whose method makes a text, a number, a bool, a coding or a
 * quantity; *changed where it is not what it was. */
const struct an_json *deid_value(struct deid_walk *w,
                                 const struct tr_deid_row *row,
                                 const struct an_json *in, bool *changed);

/* A reference taken apart. */
struct deid_reference {
    const char *before; /* "#", "urn:uuid:", "urn:oid:", or a type */
    struct an_str id;
    bool is_type, is_oid;
};
bool deid_reference(struct an_str text, struct deid_reference *out);
bool deid_id_valid(struct an_str id);
/* The pseudonym as a UUID. */
const struct an_json *deid_id(struct deid_walk *w, struct an_str id);
const struct an_json *deid_uid(struct deid_walk *w, struct an_str uid,
                               const char *before);
/* A reference's text, pseudonymous; a fullUrl is always a URN. */
const struct an_json *deid_points(struct deid_walk *w, struct an_str text,
                                  bool is_url);

/* Whose resource this is: sets the days of its dates. */
void deid_patient(struct deid_walk *w, const char *type,
                  const struct an_json *resource);
/* The Patients of a Bundle. */
void deid_aliases(struct deid_walk *w, const struct an_json *bundle);

#endif

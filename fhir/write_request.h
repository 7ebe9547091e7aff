/* SPDX-License-Identifier: Apache-2.0 */
/* How a transaction of write.h is asked for: the `request` of its entries, as
 * one receiver takes them.  write.h says each entry as a PUT to an id of ours;
 * here that becomes conditional creates, updates of the version that is known,
 * or single requests.
 *
 *     fhir_request_read(arena, bundle, &r, err);
 *     for (size_t i = 0; i < r.n_entries; i++)
 *         at[i] = what_is_known_of(r.entry[i].id);
 *     fhir_request_bundle(arena, &r, FHIR_REQUEST_POST, at, &json, err);
 *
 * A conditional create names a resource by its identifier, the UUID as a URN
 * (R4 3.1.0.8.1); where the resource has no such identifier it gets one.
 * Provenance and AuditEvent have no identifier in R4, and that of a Composition is
 * one and the document's: to create one of them twice makes two.  References among the entries follow to where each is kept.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena, and the bytes
 * that were read. */
#ifndef FHIR_WRITE_REQUEST_H
#define FHIR_WRITE_REQUEST_H

#include "base/json.h"

enum fhir_request_mode {
    FHIR_REQUEST_PUT, /* each under an id of ours */
    FHIR_REQUEST_POST /* the receiver makes the ids */
};

struct fhir_request_entry {
    struct an_str type, id;         /* "RiskAssessment", our UUID */
    struct an_str full;             /* its fullUrl */
    struct an_str target;           /* of a Provenance: the UUID it is about */
    const struct an_json *resource; /* with all its members */
    bool has_identifier;            /* of which its type may have several */
};

struct fhir_request {
    struct an_str bytes; /* as they were read */
    struct fhir_request_entry *entry;
    size_t n_entries; /* 0: it is no Bundle with entries of ours */
};

/* What is known of an entry at the receiver. */
struct fhir_request_at {
    struct an_str address; /* "RiskAssessment/17"; "" is under our own name, or
                              nowhere yet */
    struct an_str version; /* "3": only that one is replaced; "" is any */
    bool left_out;         /* nothing is asked for it */
};

/* One request in place of an entry. */
struct fhir_request_one {
    bool creates;       /* POST, or PUT */
    struct an_str path; /* "RiskAssessment" or "RiskAssessment/17" */
    struct an_str body; /* the resource */
    struct an_str if_match, if_none_exist; /* header values; "" is none */
};

/* AN_NOMEM alone: whatever is no Bundle of ours has no entries. */
enum an_code fhir_request_read(struct an_arena *arena, struct an_str bytes,
                               struct fhir_request *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* `at` has one element for each entry; NULL: nothing is known.  What is to be
 * changed in nothing is the bytes that were read. */
enum an_code fhir_request_bundle(struct an_arena *arena,
                                 const struct fhir_request *r,
                                 enum fhir_request_mode mode,
                                 const struct fhir_request_at *at,
                                 struct an_str *json, struct an_err *err)
    __attribute__((warn_unused_result));

/* A conditional reference ("Patient?identifier=...") holds in transactions only
 * (R4 3.1.0.11.2); `patient` stands in its place, "" leaves it. */
enum an_code fhir_request_one(struct an_arena *arena,
                              const struct fhir_request *r, size_t i,
                              enum fhir_request_mode mode,
                              const struct fhir_request_at *at,
                              struct an_str patient,
                              struct fhir_request_one *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The first conditional reference to a patient, "" for none. */
struct an_str fhir_request_patient(const struct fhir_request *r);

/* All that `ours` says stands in `theirs` too, and no member more but id, meta,
 * text and implicitRules: nobody has changed it since it was written so.
 * References to a patient may have been resolved. */
bool fhir_request_stands(const struct an_json *ours,
                         const struct an_json *theirs);

/* It has a status that we write: nobody has made more of it. */
bool fhir_request_is_draft(const struct an_json *resource);

/* The same resource with status entered-in-error (and docStatus, of a
 * document); *is_new false where it has that already. */
enum an_code fhir_request_withdraw(struct an_arena *arena,
                                   const struct an_json *resource,
                                   struct an_str *json, bool *is_new,
                                   struct an_err *err)
    __attribute__((warn_unused_result));

/* Of a withdrawal. */
struct fhir_withdrawal {
    struct an_str resource;           /* our UUID */
    struct an_str target;             /* "RiskAssessment/17" */
    struct an_str recorded, software; /* an instant, "Anamnesis 0.1.0" */
    struct an_str reason;
};

/* Its Provenance: v3-DataOperation NULLIFY by this program.  *id is a UUID
 * version 5 over "withdrawal|" and the resource's. */
enum an_code fhir_request_nullified(struct an_arena *arena,
                                    const struct fhir_withdrawal *w,
                                    struct an_str *id, struct an_str *json,
                                    struct an_err *err)
    __attribute__((warn_unused_result));

#endif

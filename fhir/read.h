/* SPDX-License-Identifier: Apache-2.0 */
/* What FHIR R4 JSON says, as a reading: events by the reviewed tables
 * config/tables/fhir-*.tsv, and claims about identity.
 *
 *     struct fhir_settings s = {.zone = {-300}};
 *     struct ctx_reading reading;
 *     enum an_code c = fhir_read(arena, &s, bytes, &reading, err);
 *
 * Takes a Bundle of any type or one resource (fhir/ndjson.h for many, a line
 * each).  Fails with AN_SYNTAX or AN_LIMIT when the JSON cannot be read,
 * AN_TYPE when it is no resource, AN_UNSUPPORTED when it is none of R4, and
 * AN_NOMEM; err->where.path is then a FHIRPath.  All else that is odd is a
 * warning and the rest is read.  Each resource is counted in the account, and
 * each top-level element of it (context/reading.h).
 *
 * Who: a Patient in the same Bundle is filed under one of its identifiers
 * (identifier-types.tsv, then use, then order) and says that the others which
 * prove a person, and its own id, are the same one.  A reference to a Patient
 * that is elsewhere is filed under that id.  Ids are made unique by their
 * server: that of an absolute URL, `server` for relative ones, "urn:uuid:" for
 * UUIDs.  The id of a resource that is to be created (POST) says nothing, as
 * the server will choose another (FHIR R4 3.1.0.8); in a history it has chosen.
 *
 * Which version: the fact is server, type and id, so a later version of the
 * resource replaces what this one said, and a DELETE withdraws it.  Of several
 * versions in one history Bundle the newest is read; a DELETE without a time stands
 * as of the version before it.
 *
 * Resources labelled as made by an AI (meta.security AIAST) are counted and
 * not read: our own suggestions must not come back as evidence.
 *
 * Thread-safety: confined to the arena; settings immutable.
 * Ownership: the reading points into the bytes and the arena. */
#ifndef FHIR_READ_H
#define FHIR_READ_H

#include "context/localise.h"

/* What a site calls the assigner of identifiers with this Identifier.system: a name,
 * which is no system that is looked up again here; tables of authorities may follow it
 * on (context/localise.h). */
struct fhir_authority {
    struct an_str system, authority;
};

/* All zero is a working default. */
struct fhir_settings {
    struct an_zone zone;     /* of times that say none */
    struct an_str server;    /* of relative ids; "" is "urn:fhir:" */
    struct an_str base;      /* "https://h/fhir/": a URL that is `server` too */
    struct an_str authority; /* of identifiers that say none; "" drops them */
    const struct fhir_authority
        *system; /* by system; others stay as they are */
    size_t n_systems;
    const struct ctx_site *site;  /* for the account: which local codes it will
                                    know; NULL is none */
    size_t max_bytes, max_values; /* 0: base/json.h's */
    unsigned max_depth;           /* 0: base/json.h's */
};

enum an_code fhir_read(struct an_arena *arena, const struct fhir_settings *s,
                       struct an_str bytes, struct ctx_reading *out,
                       struct an_err *err) __attribute__((warn_unused_result));

#endif

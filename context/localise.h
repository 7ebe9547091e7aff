/* SPDX-License-Identifier: Apache-2.0 */
/* A site's own tables, applied to a reading: what its local codes mean in
 * standard terms, and which names are one assigning authority.
 *
 *     ctx_site_read_codes(&arena, bytes, "local-codes.tsv", &site, &err);
 *     ctx_site_read_authorities(&arena, bytes, "authorities.tsv", &site, &err);
 *     ctx_localise(&arena, &site, &reading, &err);
 *
 * A mapped code becomes the event's concept; what the sender said stays beside
 * it as an alias, and so does its name where the table has none.  Both readers
 * (hl7/ and fhir/) are followed by this step, so a table row works for every
 * format.
 *
 * Where what a code means is mapped, too, by whichever file, that is followed to
 * the end, and the codes on the way become aliases; so it is with the names of an
 * authority.  Else two senders of one thing would be two things, by which of its
 * names each says.  A row that maps something to itself is an end (and gives a
 * name).  What leads back to itself, or over more than eight rows, is refused.
 *
 * Tables are tab-separated text, `#` begins a comment line.
 * Codes:        system  code  target-system  target-code  display
 * Authorities:  name as senders write it  name that stands for it
 * The system of a local code is written as events carry it: "urn:id:WinPath",
 * or empty when senders say none.  A row of codes without a target is one that
 * somebody has still to fill in (`anamnesis codes --tsv` prints such rows): it
 * maps nothing and is counted.
 *
 * Several files may say what codes mean; fhir/conceptmap.h reads those that are
 * JSON.  They are added in the site's order, and the first that has a code
 * decides: rows of later files for the same code are counted as covered.  Within
 * one file a code may stand once.
 *
 * Thread-safety: a site is immutable once read.  Ownership: the arena it was
 * read into; localised readings point into it too. */
#ifndef CONTEXT_LOCALISE_H
#define CONTEXT_LOCALISE_H

#include "context/reading.h"

struct ctx_code_row {
    struct ctx_code from, to;
    uint32_t line; /* in its file, or 0 */
};

/* One file of codes, and what came of its rows. */
struct ctx_map {
    const char *file;
    size_t n_rows;     /* that map a code */
    size_t n_covered;  /* of these, that an earlier file decides */
    size_t n_unfilled; /* without a target */
    size_t n_ignored;  /* that say no more than "related" (conceptmap.h) */
};

struct ctx_name_row {
    struct an_str from, to;
    uint32_t line; /* of its file */
};

struct ctx_site {
    const struct ctx_code_row *code; /* by system, then code */
    size_t n_codes;
    const struct ctx_name_row *authority; /* by name */
    size_t n_authorities;
    const struct ctx_map *map; /* files of codes, in the site's order */
    size_t n_maps;
};

/* Both fail with AN_SYNTAX (the wrong number of columns), AN_MISSING (a row of
 * codes with half a target), AN_CONFLICT (a key said twice, or one that leads to
 * no end with this file) and the place file:line, or AN_NOMEM.  `file` is for the error and for ctx_map; it and the
 * bytes must live as long as the site.  Codes are added to those that the site
 * has. */
enum an_code ctx_site_read_codes(struct an_arena *arena, struct an_str bytes,
                                 const char *file, struct ctx_site *site,
                                 struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code ctx_site_read_authorities(struct an_arena *arena,
                                       struct an_str bytes, const char *file,
                                       struct ctx_site *site,
                                       struct an_err *err)
    __attribute__((warn_unused_result));

/* Add the rows of a file that was read by somebody else, who has looked that no
 * code stands twice with two meanings; they are sorted in place.  AN_CONFLICT as
 * above, at the file where a row has no line; AN_NOMEM. */
enum an_code ctx_site_add_codes(struct an_arena *arena,
                                const struct ctx_map *map,
                                struct ctx_code_row *row, size_t n,
                                struct ctx_site *site, struct an_err *err)
    __attribute__((warn_unused_result));

/* By system, then code: for who sorts rows. */
int ctx_code_row_cmp(const struct ctx_code_row *a,
                     const struct ctx_code_row *b);

/* The row for a code, one step; NULL when there is none. */
const struct ctx_code *ctx_site_code(const struct ctx_site *site,
                                     const struct ctx_code *code);

/* What is known of what an event is about: MAPPED when the concept or an alias
 * is in a standard system (context/system.h) or the site's tables have it, TEXT
 * when it is words only, ODD when it is a code that nobody knows.  `site` may
 * be NULL. */
enum ctx_field_state ctx_site_state(const struct ctx_site *site,
                                    const struct ctx_code *concept,
                                    const struct ctx_code *alias,
                                    size_t n_aliases);

/* The name that stands for the identifier's authority in the end, in its place. */
void ctx_localise_identifier(const struct ctx_site *site,
                             struct ctx_identifier *id);

/* Change codes and authorities in place.  The parts, claims and events of the
 * reading must be in memory that may be written: those of hl7/ and fhir/ are. */
enum an_code ctx_localise(struct an_arena *arena, const struct ctx_site *site,
                          struct ctx_reading *reading, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

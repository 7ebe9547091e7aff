/* SPDX-License-Identifier: Apache-2.0 */
/* How one receiver of HL7 version 2 names and places things: the file that
 * hl7_out.fields names, as config/hl7-out.yaml shows it.
 *
 *     pl_fields_read(arena, &options, marked, &fields, err);
 *     pl_fields_who(&fields, &person, suggestion.encounter, &who);
 *     hl7_result(arena, &fields.site, &who, &said, &message, err);
 *
 * Thread-safety: immutable once read.  Ownership: the arena's, and views into
 * the options. */
#ifndef PLUGIN_FILING_FIELDS_H
#define PLUGIN_FILING_FIELDS_H

#include "config/options.h"
#include "context/identity.h"
#include "hl7/result.h"

struct pl_fields {
    struct hl7_result_site site;
    const struct an_str *authority; /* of identifiers that are known there, the
                                       preferred first; none: any is */
    size_t n_authorities;
};

/* `marked`: all is marked as a demonstration, and MSH-11 is T unless the file
 * says otherwise.  What pl_file_read and cfg_yaml_read say; AN_CONFIG with
 * file:line:column for a key that is none, a value that it does not take, a field
 * that nobody may change. */
enum an_code pl_fields_read(struct an_arena *arena,
                            const struct cfg_options *options, bool marked,
                            struct pl_fields *out, struct an_err *err)
    __attribute__((warn_unused_result));
/* The same of a text. */
enum an_code pl_fields_parse(struct an_arena *arena, struct an_str text,
                             const char *file, bool marked,
                             struct pl_fields *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* The identifier by which the receiver knows the patient; false when it knows
 * none. */
bool pl_fields_who(const struct pl_fields *fields,
                   const struct ctx_person *person, struct an_str encounter,
                   struct hl7_result_who *out);

#endif

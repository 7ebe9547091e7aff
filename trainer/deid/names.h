/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudonyms and the days that a patient's dates move.
 *
 * date-shift makes both from a key of 32 bytes: a pseudonym is the first 16
 * bytes of HMAC-SHA-256 over "id" and the SHA-256 of authority, "|" and
 * identifier, a shift is drawn from -50 to 50 days by that over "shift" and the
 * patient, without bias.
 * The same key gives the same again, in another run and in FHIR and HL7v2
 * alike where they name a patient alike.
 *
 * safe-harbor draws each pseudonym at random when it meets an identifier first
 * and remembers it, by the identifier's hash; nothing of the record makes it.
 * The table is a file of the site's, 0600, as secret as the record: who has it
 * can tell whose a pseudonym is.  It grows by 33 bytes an identifier, in memory
 * and 66 in the file.
 *
 * Without a file, key or table are thrown away at the end, and no other run
 * makes the same pseudonyms.
 *
 * Thread-safety: confined.  Ownership: tr_deid_names_close frees and wipes. */
#ifndef TRAINER_DEID_NAMES_H
#define TRAINER_DEID_NAMES_H

#include "trainer/dataset/pseudonym.h"
#include "trainer/deid/profile.h"

#include <sys/stat.h>

enum { TR_DEID_NAME_BYTES = 16, TR_DEID_MOST_DAYS = 50 };

struct tr_deid_pair {
    uint8_t of[TR_DEID_NAME_BYTES], name[TR_DEID_NAME_BYTES];
    bool used;
};

struct tr_deid_names {
    enum tr_deid_profile profile;
    struct tr_pseudonym key;   /* date-shift */
    struct tr_deid_pair *pair; /* safe-harbor: a hash table */
    size_t n, size;            /* a power of two */
    const char *path;          /* of the table, or NULL */
    struct stat found;         /* the table as it was read; all 0: none */
};

/* date-shift reads the key at `path`: 32 bytes or 64 hex digits.  safe-harbor
 * reads the table there, or begins one.  NULL: random.  AN_CONFIG when others
 * may read the file or it holds something else; AN_NOTFOUND, AN_IO, AN_NOMEM.
 * After a failure too, tr_deid_names_close may be called. */
enum an_code tr_deid_names_open(struct tr_deid_names *names,
                                enum tr_deid_profile profile, const char *path,
                                struct an_err *err)
    __attribute__((warn_unused_result));
void tr_deid_names_close(struct tr_deid_names *names);

/* Blanks around an identifier and, of a UUID, the case of its letters make no
 * other patient of it. */
enum an_code tr_deid_name(struct tr_deid_names *names, struct an_str authority,
                          struct an_str value, uint8_t name[TR_DEID_NAME_BYTES],
                          struct an_err *err)
    __attribute__((warn_unused_result));
/* Of a date-shift profile; 0 of safe-harbor, whose dates are years. */
enum an_code tr_deid_days(const struct tr_deid_names *names,
                          struct an_str patient, int *days, struct an_err *err)
    __attribute__((warn_unused_result));

/* A hash of the identifier that days are drawn for, to count people by. */
uint64_t tr_deid_who(struct an_str patient);

/* The table, written beside and renamed; nothing to do without a path.
 * AN_CONFLICT when another run wrote it meanwhile: one of the two would name
 * patients anew whom the other has named. */
enum an_code tr_deid_names_save(const struct tr_deid_names *names,
                                struct an_err *err)
    __attribute__((warn_unused_result));

/* A pseudonym as the number that an OID below 2.25 ends with, and a NUL. */
enum { TR_DEID_OID_BYTES = 48 };
void tr_deid_oid(const uint8_t name[TR_DEID_NAME_BYTES],
                 char oid[TR_DEID_OID_BYTES]);

#endif

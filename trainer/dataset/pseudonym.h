/* SPDX-License-Identifier: Apache-2.0 */
/* A number instead of a patient: the first 8 bytes of HMAC-SHA-256 over
 * authority and identifier, with a key that nobody keeps (trainer/deid/names.h
 * reads one that a site keeps).  A key made from a
 * seed gives the same numbers again, and so lets whoever knows the seed and an
 * identifier find its number: for invented patients and tests.
 *
 * Thread-safety: immutable once made. */
#ifndef TRAINER_DATASET_PSEUDONYM_H
#define TRAINER_DATASET_PSEUDONYM_H

#include "base/err.h"
#include "context/reading.h"

struct tr_pseudonym {
    uint8_t key[32];
};

/* A random key. AN_INTERNAL without a random source. */
enum an_code tr_pseudonym_random(struct tr_pseudonym *p, struct an_err *err)
    __attribute__((warn_unused_result));
enum an_code tr_pseudonym_seed(struct tr_pseudonym *p, uint64_t seed,
                               struct an_err *err)
    __attribute__((warn_unused_result));
void tr_pseudonym_wipe(struct tr_pseudonym *p);

/* HMAC-SHA-256 of `purpose` followed by `value`.  A purpose of its own keeps
 * one use of the key from saying anything about another. */
enum an_code tr_pseudonym_digest(const struct tr_pseudonym *p,
                                 const char *purpose, struct an_str value,
                                 uint8_t digest[32], struct an_err *err)
    __attribute__((warn_unused_result));

enum an_code tr_pseudonym_of(const struct tr_pseudonym *p,
                             const struct ctx_identifier *id, uint64_t *out,
                             struct an_err *err)
    __attribute__((warn_unused_result));

#endif

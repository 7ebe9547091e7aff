/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that nobody may guess: whose part is in a step, and the noise
 * that hides it.  A stream of ChaCha20 by GnuTLS, of a key that is drawn anew
 * for each run and kept in memory alone; it is no seed of the settings, and
 * stands in no file.
 *
 * Normal numbers are of Box and Muller in double, by 53 bits, so none is
 * farther out than 8.6; they are added to floats in double and rounded once.
 * The proof of privacy is of real numbers: what rounding gives away (Mironov,
 * CCS 2012) is not counted.
 *
 * Thread-safety: confined.  Ownership: init gets what release gives back and
 * wipes. */
#ifndef TRAINER_PRIVACY_NOISE_H
#define TRAINER_PRIVACY_NOISE_H

#include "base/err.h"

enum { TR_SECRET_BYTES = 32, TR_SECRET_WORDS = 512 };

struct tr_secret {
    void *cipher;
    uint64_t *word; /* TR_SECRET_WORDS */
    size_t n;       /* of them are left, at the end */
};

/* key NULL: of the system's random source.  A key that is given is for tests:
 * the same gives the same numbers.  AN_INTERNAL of the library. */
enum an_code tr_secret_init(struct tr_secret *s,
                            const uint8_t key[TR_SECRET_BYTES],
                            struct an_err *err)
    __attribute__((warn_unused_result));
void tr_secret_release(struct tr_secret *s);

/* In [0, 1), a multiple of 2^-53. */
enum an_code tr_secret_uniform(struct tr_secret *s, double *u,
                               struct an_err *err)
    __attribute__((warn_unused_result));

/* Two apart from each other, of mean 0 and variance 1. */
enum an_code tr_secret_normals(struct tr_secret *s, double z[2],
                               struct an_err *err)
    __attribute__((warn_unused_result));

/* x[i] = (x[i] + deviation z) scale. */
enum an_code tr_secret_blur(struct tr_secret *s, float *x, uint64_t n,
                            double deviation, double scale, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

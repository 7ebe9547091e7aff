/* SPDX-License-Identifier: Apache-2.0 */
/* Whether our passes compute what Delphi-2M's own code computed: the numbers of
 * a folder (trainer/parity/delphi.h), each beside ours.
 *
 * Thread-safety: confined; BLAS has one thread. */
#ifndef TRAINER_PARITY_PARITY_H
#define TRAINER_PARITY_PARITY_H

#include "base/arena.h"
#include "base/err.h"
#include "runtime/shape.h"

enum { TR_PARITY_ROWS = 64 + 16 }; /* one for each layer, and the rest */

struct tr_parity_row {
    const char *what, *measure;
    int32_t layer;     /* from 1; 0: of none */
    double difference; /* infinite where one of the two is not finite */
    double bound;
};

struct tr_parity {
    size_t n;
    struct tr_parity_row row[TR_PARITY_ROWS];
    struct rt_shape shape;
    int32_t rows, scores; /* of the batch: without padding; to be predicted */
    uint64_t
        n_unsure; /* parameters whose gradient is too near 0 to say in which
                          direction the first step goes: not compared */
};

/* Errors are tr_delphi_open's; also AN_NOMEM. */
enum an_code tr_parity(struct an_arena *arena, const char *folder,
                       struct tr_parity *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* How many differ by more than they may. */
size_t tr_parity_n_beyond(const struct tr_parity *p);

#endif

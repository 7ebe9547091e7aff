/* SPDX-License-Identifier: Apache-2.0 */
/* config/tables/concepts.tsv as it is read at run time: which codes mean what
 * another code means.
 *
 * Thread-safety: immutable once read.  Ownership: the arena it was read into,
 * and the bytes of the table. */
#ifndef TRAINER_DATASET_CONCEPTS_H
#define TRAINER_DATASET_CONCEPTS_H

#include "base/arena.h"
#include "runtime/vocabulary.h"

struct tr_concepts {
    struct rt_same *same;  /* by `from`, then unit */
    struct rt_same *under; /* by `from` */
    size_t n_same, n_under;
};

/* AN_SYNTAX, AN_TYPE or AN_CONFLICT with the file's name and line. */
enum an_code tr_concepts_read(struct an_arena *arena, struct an_str bytes,
                              const char *file, struct tr_concepts *c,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* What a code stands for, with the unit of its values; the key itself when no
 * row says otherwise.  The factor is 1 then. */
struct rt_same tr_concepts_same(const struct tr_concepts *c, struct an_str key,
                                struct an_str unit);
/* The concept over a key by its beginning; "" when there is none. */
struct an_str tr_concepts_over(const struct tr_concepts *c, struct an_str key);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Codes of ICD-9-CM that passed for numbers on their way and lost the zeros
 * before them: "38" is 038, "E9" would be E009.  What is behind the point stays as it
 * is, since "250.1" may have been 250.1 or 250.10.
 *
 * Thread-safety: confined to the arena.  Ownership: the arena's, or a view. */
#ifndef TRAINER_DATASET_ICD9_H
#define TRAINER_DATASET_ICD9_H

#include "base/arena.h"
#include "base/err.h"

/* AN_CODE for what is no such code, without a place in *err. */
enum an_code tr_icd9_mend(struct an_arena *arena, struct an_str text,
                          struct an_str *code, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

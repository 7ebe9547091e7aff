/* SPDX-License-Identifier: Apache-2.0 */
/* The input files of a data set, read again and held against what was noted.
 *
 * A file is the one that was read when its bytes are the same, wherever it
 * stands now.  Else it is changed when a file of its name was read, which is
 * not among them, and new when none was.  A file that was read and is not among
 * them is missing; its name was not kept, so that its number in the order of
 * reading, its size and its records are all that can be said.
 *
 * Thread-safety: confined.  Ownership: the arena's. */
#ifndef TRAINER_LINEAGE_CHECK_H
#define TRAINER_LINEAGE_CHECK_H

#include "trainer/lineage/inputs.h"

enum tr_input_state { TR_INPUT_CHANGED, TR_INPUT_NEW, TR_INPUT_MISSING };

struct tr_input_finding {
    enum tr_input_state state;
    const char *path; /* NULL of one that is missing */
    size_t number;    /* as it was read, from 1; 0 of one that is new */
    uint64_t bytes, records, records_before;
};

/* `found` has what is there now, read with the salt of `noted`. */
enum an_code tr_inputs_compare(struct an_arena *arena,
                               const struct tr_inputs *noted,
                               const struct tr_inputs *found,
                               struct tr_input_finding **finding, size_t *n,
                               struct an_err *err)
    __attribute__((warn_unused_result));

#endif

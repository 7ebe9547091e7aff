/* SPDX-License-Identifier: Apache-2.0 */
/* A message as bytes again, written leaf by leaf from its tree: what was
 * parsed comes back byte for byte, what was edited as edited.
 *
 * Thread-safety: immutable.  Ownership: the bytes are the arena's. */
#ifndef HL7_PRINT_H
#define HL7_PRINT_H

#include "hl7/message.h"

/* Fails with AN_NOMEM only. */
enum an_code hl7_print(const struct hl7_message *m, struct an_arena *arena,
                       struct an_str *bytes, struct an_err *err)
    __attribute__((warn_unused_result));

/* One segment without its line end. */
enum an_code hl7_print_segment(const struct hl7_message *m, size_t segment,
                               struct an_arena *arena, struct an_str *bytes,
                               struct an_err *err)
    __attribute__((warn_unused_result));

#endif

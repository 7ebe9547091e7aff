/* SPDX-License-Identifier: Apache-2.0 */
/* Change one value of a parsed message; everything else prints as it was.
 *
 *     code = hl7_set(&m, pid, 3, 1, 4, 2, AN_STR("urn:oid:2.999"), &err);
 *
 * Thread-safety: confined.  Ownership: the changed segment is the arena's of
 * the message; views into the old one stay valid and show the old text. */
#ifndef HL7_EDIT_H
#define HL7_EDIT_H

#include "hl7/message.h"

/* Set what hl7_get names by the same numbers to `text`, which is escaped as
 * necessary and is in the message's character set.  Missing fields,
 * repetitions, components are added before it.  Fails with AN_NOTFOUND (no such
 * segment), AN_UNSUPPORTED (the id, MSH-1 or MSH-2; a delimiter the message
 * does not have), AN_LIMIT (the segment would grow over 64 MiB), AN_NOMEM; the
 * message is then unchanged. */
enum an_code hl7_set(struct hl7_message *m, size_t segment, size_t field,
                     size_t rep, size_t comp, size_t sub, struct an_str text,
                     struct an_err *err) __attribute__((warn_unused_result));

#endif

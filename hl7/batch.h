/* SPDX-License-Identifier: Apache-2.0 */
/* Files and batches (HL7 v2.5.1 ch. 2.10.3): many messages in one piece of
 * bytes, with or without FHS, BHS, BTS, FTS around them.
 *
 *     struct hl7_batch b;
 *     hl7_batch_init(&b, bytes);
 *     while (hl7_batch_next(&b, &message))
 *         answer(message.bytes, message.offset);
 *
 * Every byte is accounted for: it belongs to a message, to a header or trailer,
 * to a blank line, or to a warning.  Bytes without any header are one message,
 * so that parsing it says what is wrong with it.
 *
 * Thread-safety: confined.  Ownership: views into the bytes; nothing is
 * allocated. */
#ifndef HL7_BATCH_H
#define HL7_BATCH_H

#include "base/err.h"

enum { HL7_BATCH_MAX_WARNINGS = 16 };

struct hl7_batch_message {
    struct an_str bytes; /* from MSH to before the next header, line end too */
    size_t offset;       /* of bytes, in the whole */
    struct an_str file_header, batch_header; /* FHS, BHS in force; else "" */
};

struct hl7_batch {
    struct an_str bytes;
    size_t at;
    struct an_str file_header, batch_header;
    uint64_t n_messages;            /* so far, in all */
    uint64_t n_in_batch, n_batches; /* of the batch and file in force */
    bool in_file, in_batch, has_header;
    struct an_err warning[HL7_BATCH_MAX_WARNINGS];
    size_t n_warnings; /* the first ones are kept */
};

void hl7_batch_init(struct hl7_batch *b, struct an_str bytes);

/* False after the last message.  Counts (BTS-1, FTS-1) that are wrong, missing
 * trailers and stray text are warnings; all are there once it says false. */
bool hl7_batch_next(struct hl7_batch *b, struct hl7_batch_message *message);

#endif

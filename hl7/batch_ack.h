/* SPDX-License-Identifier: Apache-2.0 */
/* The acknowledgements of a file or batch as a batch (HL7 v2.5.1 ch. 2.10.3):
 * around them FHS, BHS, BTS and FTS like those that came.
 *
 *     hl7_batch_ack_init(&a, &buf, now, control_id);
 *     while (hl7_batch_next(&b, &message))
 *         hl7_batch_ack_put(&a, message.file_header, message.batch_header,
 *                           acknowledgement);
 *     hl7_batch_ack_end(&a);
 *
 * A header answers one that came: its delimiters, the two sides swapped, its
 * control id (FHS-11, BHS-11) in FHS-12, BHS-12.  What came without BHS is
 * answered in one batch with a header of our own.  A batch of which nothing is
 * acknowledged has a header and BTS|0.
 *
 * Thread-safety: confined.  Ownership: the buffer is the caller's; headers are
 * views that must live until the end. */
#ifndef HL7_BATCH_ACK_H
#define HL7_BATCH_ACK_H

#include "base/buf.h"
#include "base/time.h"

struct hl7_batch_ack {
    struct an_buf *out;
    struct an_time now;
    struct an_str control_id; /* letters and digits, at most 16 */
    struct an_str file_header, batch_header; /* that are being answered */
    bool in_file, in_batch;
    uint64_t n_in_batch, n_batches, n_in_all;
};

void hl7_batch_ack_init(struct hl7_batch_ack *a, struct an_buf *out,
                        struct an_time now, struct an_str control_id);

/* One acknowledgement to a message under these headers, as struct
 * hl7_batch_message has them; "" for a message that is not acknowledged. */
void hl7_batch_ack_put(struct hl7_batch_ack *a, struct an_str file_header,
                       struct an_str batch_header, struct an_str ack);

/* The trailers.  Whether all had room says an_buf_done. */
void hl7_batch_ack_end(struct hl7_batch_ack *a);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* MLLP framing (HL7 v2 Minimal Lower Layer Protocol, release 1):
 *
 *     0x0B  message  0x1C 0x0D
 *
 * A deframer is a state machine over one connection's bytes, without a socket
 * and without memory of its own.  The caller owns the buffer:
 *
 *     hl7_mllp_init(&d, max_frame_bytes);
 *     for (;;) {
 *         n = hl7_mllp_space(&d, &p);       -- room to receive into
 *         if (n == 0) {                     -- a frame larger than the buffer
 *             size = hl7_mllp_wanted(&d);
 *             hl7_mllp_resize(&d, larger(d.buf, size), size);
 *             continue;
 *         }
 *         hl7_mllp_filled(&d, recv(fd, p, n, 0));
 *         while ((got = hl7_mllp_next(&d, &frame)) != HL7_MLLP_MORE)
 *             answer(got, &frame);
 *     }
 *     hl7_mllp_close(&d, &n_lost, &err);
 *
 * The buffer doubles up to max_frame_bytes and a little, never beyond; each
 * byte is looked at once and moved at most a constant number of times, however
 * the stream is cut.  Bytes between frames are dropped and counted.
 *
 * What senders do wrong and is accepted: no final CR before the next start
 * byte; line ends between frames; a frame begun anew in the middle of one (the
 * cut one is counted as lost); a lone 0x1C inside a message.
 *
 * Thread-safety: confined.  Ownership: a frame is a view into the buffer and
 * lives until the next call of hl7_mllp_space or hl7_mllp_resize. */
#ifndef HL7_MLLP_H
#define HL7_MLLP_H

#include "base/arena.h"
#include "base/err.h"

enum { HL7_MLLP_START = 0x0B, HL7_MLLP_END = 0x1C, HL7_MLLP_CR = 0x0D };
enum { HL7_MLLP_FRAMING_BYTES = 3 };

struct hl7_mllp {
    char *buf;                        /* the caller's */
    size_t size, used;                /* of buf */
    size_t taken;                     /* bytes of buf that are done with */
    size_t scanned;                   /* bytes of buf that were looked at */
    size_t max_frame_bytes;           /* of the message alone */
    uint64_t offset;                  /* of buf[0] in the stream */
    uint64_t n_frames, n_junk_bytes;  /* so far */
    uint64_t junk_offset, junk_bytes; /* before the frame that comes next */
    uint8_t state;
};

struct hl7_mllp_frame {
    struct an_str bytes;
    uint64_t offset;                  /* of its first byte in the stream */
    uint64_t junk_offset, junk_bytes; /* what was dropped just before it */
};

enum hl7_mllp_got {
    HL7_MLLP_MORE,    /* nothing whole yet: receive more */
    HL7_MLLP_FRAME,   /* a whole frame */
    HL7_MLLP_TOO_LONG /* a frame grew over the limit (frame->bytes is its
                         beginning); what follows of it will be dropped */
};

/* A frame may have at most max_frame_bytes.  There is no buffer yet. */
void hl7_mllp_init(struct hl7_mllp *d, size_t max_frame_bytes);

/* Room to receive into; 0 if the buffer must grow first. */
size_t hl7_mllp_space(struct hl7_mllp *d, char **p);
/* The size that the buffer should have now. */
size_t hl7_mllp_wanted(const struct hl7_mllp *d);
/* The buffer is now at p, with the old content, and has this size, which is
 * not smaller than what is in use: right after a call of hl7_mllp_space with
 * all frames taken nothing is, and (NULL, 0) gives the buffer back. */
void hl7_mllp_resize(struct hl7_mllp *d, char *p, size_t size);
/* n bytes were put into the room. */
void hl7_mllp_filled(struct hl7_mllp *d, size_t n);

enum hl7_mllp_got hl7_mllp_next(struct hl7_mllp *d,
                                struct hl7_mllp_frame *frame);

/* After a pause: a frame whose end byte came and whose final CR did not.  True
 * if there is one; a sender that leaves it out waits for the answer now. */
bool hl7_mllp_idle(struct hl7_mllp *d, struct hl7_mllp_frame *frame);

/* Bytes of a frame that has begun and not ended: the connection is not idle. */
size_t hl7_mllp_pending(const struct hl7_mllp *d);

/* The peer has closed.  AN_SYNTAX if it did so inside a frame: *n_lost bytes of
 * it had come, from err->where.byte in the stream on. */
enum an_code hl7_mllp_close(const struct hl7_mllp *d, size_t *n_lost,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* The message in a frame.  Fails with AN_SYNTAX if it contains the bytes that
 * end a frame, AN_NOMEM. */
enum an_code hl7_mllp_frame(struct an_arena *arena, struct an_str message,
                            struct an_str *framed, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

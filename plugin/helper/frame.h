/* SPDX-License-Identifier: Apache-2.0 */
/* What a host's process and `anamnesis serve` say to each other: frames over a
 * stream, each a type, a length and a body.  Numbers are little-endian.
 *
 *     head    u32 bytes of the body, u32 type
 *     text    u32 bytes with its NUL, the bytes; u32 0 for NULL
 *
 *     HELLO   u32 HELPER_MAGIC, u32 version, u32 ABI major
 *     WELCOME u32 HELPER_MAGIC, u32 version, u32 ABI major, i32 status, text why
 *     PROCESS u32 flags, u32 deadline, text host's name, text content type, text
 *             message id, and the message to the end
 *     CHART   u32 deadline, text host's name, text authority, text value, text
 *             user
 *     STATUS  nothing
 *     DRAIN   u32 timeout
 *     CANCEL  nothing; while a PROCESS or CHART is answered
 *     LOG     u32 level, and the line to the end
 *     ANSWER  i32 status, text error, u32 how many results, and of each u32
 *             kind, text content type, u32 bytes; then the bytes of all
 *
 * The host says HELLO and is told WELCOME.  Then it asks one thing at a time and
 * gets, after any LOG, one ANSWER.
 *
 *     helper_reader_init(&r, HELPER_SERVER);          -- frames for the server
 *     while ((got = helper_reader_room(&r, &p, &n)) == HELPER_MORE)
 *         helper_reader_fed(&r, recv(fd, p, n, 0));
 *     ... r.type, helper_reader_in(&r)
 *     helper_reader_next(&r);
 *
 * A reader never asks for bytes beyond its frame, takes no frame that its side
 * does not get or that is longer than that type may be, and gets memory as bytes
 * come: a length alone costs nothing.
 *
 * Nothing here but libc.  Thread-safety: confined. */
#ifndef PLUGIN_HELPER_FRAME_H
#define PLUGIN_HELPER_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HELPER_MAGIC UINT32_C(0x484D4E41) /* "ANMH" */

enum {
    HELPER_VERSION = 1,
    HELPER_HEAD_BYTES = 8,
    HELPER_TEXT_BYTES = 1024,        /* a text, with its NUL */
    HELPER_SMALL_BYTES = 8 << 10,    /* a body without a message */
    HELPER_MESSAGE_BYTES = 64 << 20, /* as the ABI has it */
    HELPER_ANSWER_BYTES = 512 << 20, /* all results of a call */
    HELPER_RESULTS = 32
};

enum helper_type {
    HELPER_HELLO = 1,
    HELPER_WELCOME,
    HELPER_PROCESS,
    HELPER_CHART,
    HELPER_STATUS,
    HELPER_DRAIN,
    HELPER_CANCEL,
    HELPER_LOG,
    HELPER_ANSWER
};

enum helper_side { HELPER_SERVER, HELPER_CLIENT }; /* who reads */

/* ---- reading a stream --------------------------------------------------- */

enum helper_got {
    HELPER_MORE,  /* bytes are wanted */
    HELPER_FRAME, /* whole */
    HELPER_BAD,   /* no frame of ours, or too long */
    HELPER_NOMEM
};

struct helper_reader {
    enum helper_side side;
    uint8_t head[HELPER_HEAD_BYTES];
    size_t n_head;
    uint32_t type, n; /* once the head is whole */
    uint8_t *body;
    size_t have, room;
};

void helper_reader_init(struct helper_reader *r, enum helper_side side);
void helper_reader_release(struct helper_reader *r);
/* Where the next bytes go, at most *n of them, when more are wanted. */
enum helper_got helper_reader_room(struct helper_reader *r, uint8_t **p,
                                   size_t *n);
void helper_reader_fed(struct helper_reader *r, size_t n);
/* The frame is done with: its body is gone. */
void helper_reader_next(struct helper_reader *r);
/* Something of a frame has come, but not all. */
bool helper_reader_is_amid(const struct helper_reader *r);

/* ---- a body ------------------------------------------------------------- */

/* Being read.  What is not there is 0 or NULL and marks it bad. */
struct helper_in {
    const uint8_t *p;
    size_t n;
    bool bad;
};

struct helper_in helper_reader_in(const struct helper_reader *r);
uint32_t helper_get_u32(struct helper_in *in);
/* Ends with a NUL and has no other; NULL was NULL. */
const char *helper_get_text(struct helper_in *in);
const uint8_t *helper_get_bytes(struct helper_in *in, size_t n);
/* All of it was read, and all that was wanted was there. */
bool helper_in_is_done(const struct helper_in *in);

/* Being written, head and all; what does not fit marks it bad. */
struct helper_out {
    uint8_t bytes[HELPER_HEAD_BYTES + HELPER_SMALL_BYTES];
    size_t n;
    bool bad;
};

void helper_out_begin(struct helper_out *out, enum helper_type type);
void helper_put_u32(struct helper_out *out, uint32_t v);
/* Cut to HELPER_TEXT_BYTES. */
void helper_put_text(struct helper_out *out, const char *text);
/* `more` bytes follow which are sent from elsewhere.  False: it is bad, or
 * longer than its type may be. */
bool helper_out_end(struct helper_out *out, size_t more);

/* ---- what is in them ---------------------------------------------------- */

struct helper_hello {
    uint32_t version, abi_major;
    /* Of a WELCOME. */
    int32_t status;
    const char *text; /* why not; may be NULL */
};

/* Either of the two, by `type`; false: no such. */
bool helper_read_hello(const struct helper_reader *r, enum helper_type type,
                       struct helper_hello *hello);

struct helper_ask {
    uint32_t flags, deadline_ms; /* of a DRAIN: its timeout */
    const char *host, *content_type, *message_id;
    const char *authority, *value, *user;
    const uint8_t *data;
    size_t n;
};

/* PROCESS, CHART, STATUS, DRAIN; views of the frame. */
bool helper_read_ask(const struct helper_reader *r, struct helper_ask *ask);

struct helper_result {
    uint32_t kind, n;
    const char *content_type; /* never NULL */
    const uint8_t *data;
};

struct helper_answer {
    int32_t status;
    const char *text; /* never NULL */
    uint32_t n;
    struct helper_result result[HELPER_RESULTS];
};

bool helper_read_answer(const struct helper_reader *r,
                        struct helper_answer *answer);

#endif

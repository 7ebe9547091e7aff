/* SPDX-License-Identifier: Apache-2.0 */
/* The MLLP listener: one thread that holds many connections, takes messages
 * out of their frames and puts answers into frames.
 *
 *     calls = {.ctx = me, .on_message = take, .on_bad_frame = nak};
 *     pl_mllp_open(&options, &calls, log, &server, err);
 *     ...                        take() copies the bytes and queues the work;
 *     pl_mllp_answer(server, ref, ack);      -- later, from any thread
 *     ...
 *     pl_mllp_stop(server, 10000);           -- finish what is in flight
 *     (stop the workers)
 *     pl_mllp_close(server);
 *
 * Order: a connection has one message in flight; the next one is handed over
 * when the answer to the last has been written.  So answers have the order of
 * messages, and an answer can never be taken for another message's: a ref
 * names one message of one connection, and an answer that comes after its
 * connection has gone, or after its time, is dropped and counted.  A sender
 * that does not wait is read ahead up to PL_MLLP_AHEAD_BYTES, then TCP holds
 * it back.
 *
 * What senders do wrong and is accepted stands in hl7/mllp.h.  What is passed
 * over between frames is counted and logged; a frame that is too long, a stream
 * that is no MLLP and an end inside a frame go to on_bad_frame.
 *
 * Five clocks, one a state: the TLS handshake, between messages, inside a frame,
 * waiting for the answer, writing it.  A quiet connection between messages is
 * not a fault.
 *
 * With TLS a connection is handed over when its handshake is done and the
 * peer's certificate verified; a sender without TLS is closed, and so is one
 * that speaks TLS to a listener without.
 *
 * A sender may close its half after the last message and still gets its
 * answers.  When the answer is late the connection is closed without one: the
 * sender repeats the message, and the store knows it.
 *
 * Thread-safety: shared, except that open, stop and close are called by one
 * thread.  Memory: a connection's buffer grows to its longest message, is
 * wiped before it is freed, and large ones are freed after each message.  All
 * buffers together take no more than max_pending_bytes and PL_MLLP_SMALL_BYTES of
 * each connection, and for the moment in which one grows what it had before: who
 * would need more is told so and closed, and keeps nothing. */
#ifndef PLUGIN_HOST_MLLP_H
#define PLUGIN_HOST_MLLP_H

#include "base/err.h"
#include "base/log.h"
#include "config/value.h"
#include "plugin/host/listen.h"
#include "plugin/host/tls.h"

enum {
    PL_MLLP_AHEAD_BYTES = 64 << 10, /* read ahead of the one in flight, and no
                                       more than one longest frame */
    PL_MLLP_SMALL_BYTES =
        2 * PL_MLLP_AHEAD_BYTES, /* a buffer that any may have */
    PL_MLLP_RETRY_MS = 2,        /* between two tries at a full queue */
    PL_MLLP_NOISE_BYTES = 1024,  /* outside of frames: this is no MLLP */
    PL_MLLP_TAIL_MS = 1000,      /* for the CR after FS */
    PL_PEER_BYTES = 64
};

struct pl_mllp_options {
    struct cfg_address address;
    size_t max_frame_bytes;
    size_t max_pending_bytes; /* of all buffers; 0: four longest frames */
    uint32_t max_connections;
    int64_t idle_ms; /* between messages; 0 is for ever */
    int64_t frame_ms;
    int64_t answer_ms;
    int64_t write_ms;
    struct pl_peers peers; /* borrowed */
    uint32_t max_per_peer; /* connections of one address; 0: no limit */
    struct pl_tls *tls;    /* NULL: none; it must outlive the server */
    int64_t handshake_ms;
};

/* One message of one connection. */
struct pl_conn_ref {
    uint32_t slot;
    uint64_t sequence; /* of the message, never used again */
};

struct pl_mllp_message {
    struct pl_conn_ref ref;
    struct an_str bytes;    /* the content of the frame */
    struct an_str peer;     /* "192.0.2.7:51515": for the receipt */
    struct an_str identity; /* by its verified certificate; "" without one */
    uint64_t connection;    /* number of the connection, from 1 */
};

/* Bytes that are no frame; the connection is closed after the answer. */
struct pl_mllp_bad {
    enum an_code why;    /* AN_LIMIT too long, AN_BUSY no memory for it now,
                            AN_SYNTAX bytes outside a frame, AN_MISSING the
                            peer ended inside a frame */
    uint64_t byte;       /* where it began, from the start of the connection */
    struct an_str start; /* its first bytes, for MSH-10; may be empty */
    struct an_str peer;
    uint64_t connection;
};

/* All are called by the listener's thread and must not wait; the bytes live
 * during the call only. */
struct pl_mllp_calls {
    void *ctx;
    /* AN_OK: it will be answered.  AN_BUSY: the queue is full, ask again soon;
     * until then nothing is read from that connection.  Else it is closed. */
    enum an_code (*on_message)(void *ctx, const struct pl_mllp_message *m);
    /* The negative acknowledgement, unframed; empty sends none.  The bytes
     * live until the next call. */
    struct an_str (*on_bad_frame)(void *ctx, const struct pl_mllp_bad *bad);
};

struct pl_mllp_counts {
    uint64_t accepted, refused, open;       /* refused: all are open */
    uint64_t refused_address, refused_many; /* not allowed; too many of it */
    uint64_t refused_pending, pending; /* frames for which there was no memory;
                                          bytes of large buffers now */
    uint64_t held_back; /* times that a message waited for room in the queue */
    uint64_t messages, answers, answers_dropped, bad_frames;
    uint64_t junk; /* bytes passed over between frames */
    uint64_t bytes_in, bytes_out;
    uint64_t idle, frame_timeouts, answer_timeouts, write_timeouts;
    uint64_t handshakes, handshake_faults, handshake_timeouts; /* of TLS */
    uint64_t lost;    /* senders gone inside a frame or before their answer */
    uint64_t cut_off; /* still waiting when the time to stop was up */
};

struct pl_mllp;

/* Listen and start the thread.  AN_IO with the address as place when the port
 * is in use; AN_NOMEM. */
enum an_code pl_mllp_open(const struct pl_mllp_options *options,
                          const struct pl_mllp_calls *calls, struct an_log *log,
                          struct pl_mllp **server, struct an_err *err)
    __attribute__((warn_unused_result));

/* The answer to a message, unframed; copied.  Empty: the sender wants none.
 * False when memory is out: the message's time will run out. */
bool pl_mllp_answer(struct pl_mllp *server, struct pl_conn_ref ref,
                    struct an_str bytes);
/* Two in two frames, the first first: an accept and an application
 * acknowledgement. */
bool pl_mllp_answer_both(struct pl_mllp *server, struct pl_conn_ref ref,
                         struct an_str first, struct an_str second);

uint16_t pl_mllp_port(const struct pl_mllp *server);
struct pl_mllp_counts pl_mllp_counts(struct pl_mllp *server);

/* Accept no more; let the frames that have begun end and the messages in flight
 * be answered, close; what is still there after grace_ms is cut off.  Returns
 * when the thread has ended.  Answers may still be given: they are dropped.
 *
 * No answer is torn by it: what was accepted is answered whole, and what is cut
 * off at the end of the time has no whole frame and so no answer. */
void pl_mllp_stop(struct pl_mllp *server, int64_t grace_ms);
/* The time is up now; from any thread, also before the stop. */
void pl_mllp_hurry(struct pl_mllp *server);

/* Stop at once if that was not done, and free.  NULL is nothing.  No answer
 * may be given any more. */
void pl_mllp_close(struct pl_mllp *server);

#endif

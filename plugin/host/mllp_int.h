/* SPDX-License-Identifier: Apache-2.0 */
/* What mllp.c (server, thread), mllp_conn.c (one connection) and mllp_io.c (its
 * bytes) share.  All of it belongs to the listener's thread, except what stands
 * under "shared". */
#ifndef PLUGIN_HOST_MLLP_INT_H
#define PLUGIN_HOST_MLLP_INT_H

#include "hl7/mllp.h"
#include "plugin/host/mllp.h"

#include <pthread.h>
#include <stdatomic.h>

/* What a connection waits for.  Each state but FREE has a fixed time, so the
 * connections in it, first come first, are in order of their deadlines. */
enum conn_state {
    CONN_FREE,
    CONN_HANDSHAKE, /* TLS to be agreed on */
    CONN_IDLE,      /* the start of a frame */
    CONN_FRAME,     /* the rest of a frame */
    CONN_TAIL,      /* the CR after FS, which some senders leave out */
    CONN_PARKED,    /* room in the queue */
    CONN_ANSWER,    /* the answer */
    CONN_WRITE,     /* the peer to take it */
    CONN_DRAIN,     /* the peer to have read why it is refused */
    N_CONN_STATES
};

struct bytes {
    char *p;
    size_t n, size;
};

struct conn {
    struct conn *prev, *next; /* in the list of its state */
    enum conn_state state;
    int64_t deadline_ms;
    int fd;
    uint32_t slot;
    uint32_t interest; /* what epoll was asked for */
    uint64_t id;       /* number of the connection */
    uint64_t sequence; /* of the message in flight, 0 is none */
    bool is_eof;       /* the peer sends no more */
    bool is_closing;   /* close once the answer is out */
    bool is_refused;   /* after bytes that are no frame: drain first */
    bool has_frame;    /* parked with `frame` */
    bool has_no_room;  /* its frame may not grow */
    bool is_tls_hello; /* it speaks TLS, and nobody listens for that */
    uint64_t messages;
    struct hl7_mllp in;
    struct hl7_mllp_frame frame; /* what was taken from it last */
    struct bytes out;
    size_t sent;              /* of out */
    struct pl_tls_link *link; /* NULL: no TLS */
    uint8_t address[16];
    char peer[PL_PEER_BYTES];
    char identity[PL_TLS_NAME_BYTES]; /* by its certificate; "" without */
};

struct conn_list {
    struct conn *first, *last;
};

struct answer {
    struct answer *next;
    struct pl_conn_ref ref;
    struct an_str first, second; /* behind the struct; "" is none */
};

#define PL_MLLP_COUNTS(X)                                                      \
    X(accepted)                                                                \
    X(refused)                                                                 \
    X(refused_address)                                                         \
    X(refused_many)                                                            \
    X(refused_pending)                                                         \
    X(pending)                                                                 \
    X(held_back)                                                               \
    X(open)                                                                    \
    X(messages)                                                                \
    X(answers)                                                                 \
    X(answers_dropped)                                                         \
    X(bad_frames)                                                              \
    X(junk)                                                                    \
    X(bytes_in)                                                                \
    X(bytes_out)                                                               \
    X(idle)                                                                    \
    X(frame_timeouts)                                                          \
    X(answer_timeouts)                                                         \
    X(write_timeouts)                                                          \
    X(handshakes)                                                              \
    X(handshake_faults)                                                        \
    X(handshake_timeouts)                                                      \
    X(lost)                                                                    \
    X(cut_off)

struct pl_mllp {
    struct pl_mllp_options options;
    struct pl_mllp_calls calls;
    struct an_log *log;
    struct conn *conn; /* options.max_connections of them */
    struct conn_list list[N_CONN_STATES];
    int64_t state_ms[N_CONN_STATES]; /* 0 is for ever */
    int64_t now_ms;
    uint64_t last_id, last_sequence;
    int epoll_fd, listen_fd, wake_fd, reserve_fd;
    int64_t accept_again_ms; /* 0: accepting */
    bool is_stopping;
    uint16_t port;
    pthread_t thread;
    bool has_thread;

    /* ---- shared ---- */
    pthread_mutex_t lock;
    struct answer *first, *last; /* under the lock */
    int64_t stop_at_ms;          /* under the lock; 0: not yet */
    bool is_hurried;             /* under the lock */
    struct {
#define X(name) atomic_uint_fast64_t name;
        PL_MLLP_COUNTS(X)
#undef X
    } count;
};

static inline void pl_count(atomic_uint_fast64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline size_t pl_in_waiting(const struct conn *c)
{
    return c->in.used - c->in.taken;
}

/* ---- mllp_io.c ------------------------------------------------------------- */

/* Wiped: it held a patient. */
void pl_bytes_free(struct bytes *b);
/* Counted in s->count.pending. */
bool pl_in_resize(struct pl_mllp *s, struct conn *c, size_t size);
/* Between messages a connection keeps nothing that counts, once nothing waits. */
void pl_in_trim(struct pl_mllp *s, struct conn *c);
/* It is not read any more: its buffer goes. */
void pl_in_forget(struct pl_mllp *s, struct conn *c);
/* One frame more to be written. */
bool pl_out_frame(struct conn *c, struct an_str bytes);
/* As much as the socket takes; false when the connection is broken. */
bool pl_write_out(struct pl_mllp *s, struct conn *c);
/* What has come, up to a bound; false when the connection is broken.  Nothing is
 * read, and has_no_room set, when its frame may not grow. */
bool pl_read_in(struct pl_mllp *s, struct conn *c);
/* Read and forget; false when the peer has closed too. */
bool pl_drain(const struct conn *c);

/* ---- mllp_conn.c ----------------------------------------------------------- */

/* A slot is free from now on. */
void pl_conn_init(struct pl_mllp *s, uint32_t slot);
/* A new connection in a free slot; takes the descriptor, also on failure. */
void pl_conn_open(struct pl_mllp *s, int fd, const uint8_t address[16],
                  const char *peer);
/* Events of epoll for it. */
void pl_conn_ready(struct pl_mllp *s, struct conn *c, uint32_t events);
/* The answers to its message in flight, in two frames; "" is none. */
void pl_conn_answer(struct pl_mllp *s, struct conn *c, struct an_str first,
                    struct an_str second);
/* Go as far as possible: write, take frames, hand over. */
void pl_conn_pump(struct pl_mllp *s, struct conn *c);
/* The server stops: end what has not begun, close the rest after its answer. */
void pl_conn_stop(struct pl_mllp *s, struct conn *c);
/* Its time is up. */
void pl_conn_expire(struct pl_mllp *s, struct conn *c);
/* Over, in good order or not. */
void pl_conn_end(struct pl_mllp *s, struct conn *c);

#endif

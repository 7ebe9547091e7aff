/* SPDX-License-Identifier: Apache-2.0 */
/* One MLLP connection: bytes in, one message in flight, answer out. */
#include "plugin/host/mllp_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FIRST_BUFFER_BYTES = 4096,
    KEPT_BUFFER_BYTES = 256 << 10,
    READ_BYTES = 64 << 10, /* at a time, so that no sender starves others */
    START_BYTES = 512      /* of a bad frame, for who answers it */
};

/* ---- states and deadlines ----------------------------------------------- */

static void list_remove(struct pl_mllp *s, struct conn *c)
{
    struct conn_list *l = &s->list[c->state];

    if (c->prev)
        c->prev->next = c->next;
    else
        l->first = c->next;
    if (c->next)
        c->next->prev = c->prev;
    else
        l->last = c->prev;
    c->prev = c->next = NULL;
}

static void list_append(struct pl_mllp *s, struct conn *c)
{
    struct conn_list *l = &s->list[c->state];

    c->prev = l->last;
    if (l->last)
        l->last->next = c;
    else
        l->first = c;
    l->last = c;
}

/* Entering a state starts its clock; staying in it does not. */
static void state_set(struct pl_mllp *s, struct conn *c, enum conn_state state)
{
    if (c->state == state)
        return;
    list_remove(s, c);
    c->state = state;
    c->deadline_ms =
        s->state_ms[state] ? s->now_ms + s->state_ms[state] : INT64_MAX;
    list_append(s, c);
}

/* ---- buffers ------------------------------------------------------------ */

/* These held a patient. */
static void bytes_free(struct bytes *b)
{
    if (b->p)
        explicit_bzero(b->p, b->n);
    free(b->p);
    *b = (struct bytes){NULL, 0, 0};
}

/* Not realloc: the old block would go back unwiped. */
static bool bytes_reserve(struct bytes *b, size_t more)
{
    size_t size = b->size ? b->size : FIRST_BUFFER_BYTES;
    char *p;

    if (b->size - b->n >= more)
        return true;
    while (size - b->n < more)
        size *= 2;
    p = malloc(size);
    if (p == NULL)
        return false;
    if (b->n)
        memcpy(p, b->p, b->n);
    if (b->p)
        explicit_bzero(b->p, b->n);
    free(b->p);
    b->p = p;
    b->size = size;
    return true;
}

static size_t in_waiting(const struct conn *c)
{
    return c->in.used - c->in.taken;
}

/* The deframer's buffer; it is wiped as a whole, for old bytes lie behind
 * those in use. */
static bool in_resize(struct conn *c, size_t size)
{
    char *old = c->in.buf, *p = NULL;

    if (size) {
        p = malloc(size);
        if (p == NULL)
            return false;
        if (c->in.used)
            memcpy(p, old, c->in.used);
    }
    if (old)
        explicit_bzero(old, c->in.size);
    free(old);
    hl7_mllp_resize(&c->in, p, size);
    return true;
}

/* Between messages a connection keeps little. */
static void in_trim(struct conn *c)
{
    char *unused;

    if (c->in.size <= KEPT_BUFFER_BYTES || in_waiting(c))
        return;
    (void)hl7_mllp_space(&c->in, &unused);
    (void)in_resize(c, 0);
}

/* ---- opening and ending ------------------------------------------------- */

/* While a message is in flight the next ones are read ahead, up to a bound; a
 * parked one still lies in the buffer. */
static bool wants_input(const struct conn *c)
{
    size_t ahead = c->in.max_frame_bytes < PL_MLLP_AHEAD_BYTES
                       ? c->in.max_frame_bytes
                       : PL_MLLP_AHEAD_BYTES;

    switch (c->state) {
    case CONN_IDLE:
    case CONN_FRAME:
    case CONN_TAIL: return !c->is_closing;
    case CONN_ANSWER:
    case CONN_WRITE: return !c->is_closing && in_waiting(c) < ahead;
    case CONN_DRAIN: return true;
    case CONN_FREE:
    case CONN_PARKED:
    case N_CONN_STATES: break;
    }
    return false;
}

static void interest_set(struct pl_mllp *s, struct conn *c)
{
    struct epoll_event e = {.data = {.u64 = c->slot}};

    if (!c->is_eof && wants_input(c))
        e.events |= EPOLLIN;
    if (c->sent < c->out.n)
        e.events |= EPOLLOUT;
    if (e.events == c->interest)
        return;
    c->interest = e.events;
    epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

void pl_conn_init(struct pl_mllp *s, uint32_t slot)
{
    struct conn *c = &s->conn[slot];

    *c = (struct conn){.fd = -1, .slot = slot, .state = CONN_FREE};
    hl7_mllp_init(&c->in, s->options.max_frame_bytes);
    list_append(s, c);
}

void pl_conn_open(struct pl_mllp *s, int fd, const char *peer)
{
    struct conn *c = s->list[CONN_FREE].first;
    struct epoll_event e = {.events = EPOLLIN, .data = {.u64 = c->slot}};

    if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &e)) {
        close(fd);
        return;
    }
    c->fd = fd;
    c->interest = e.events;
    c->id = ++s->last_id;
    memcpy(c->peer, peer, sizeof(c->peer));
    state_set(s, c, CONN_IDLE);
    pl_count(&s->count.accepted, 1);
    pl_count(&s->count.open, 1);
    an_log(s->log, AN_EVENT_MLLP_OPENED, c->id, atomic_load(&s->count.open), 0);
}

void pl_conn_end(struct pl_mllp *s, struct conn *c)
{
    uint32_t slot = c->slot;
    bool has_rest = in_waiting(c) > 0 || c->has_frame || c->sequence != 0 ||
                    c->sent < c->out.n;

    if (has_rest && !c->is_closing) {
        pl_count(&s->count.lost, 1);
        an_log(s->log, AN_EVENT_MLLP_LOST, c->id, c->messages,
               c->sequence != 0);
    } else {
        an_log(s->log, AN_EVENT_MLLP_CLOSED, c->id, c->messages,
               c->in.offset + c->in.used);
    }
    /* Counted before the peer can see it. */
    atomic_fetch_sub(&s->count.open, 1);
    close(c->fd);
    c->in.used = 0;
    (void)in_resize(c, 0);
    bytes_free(&c->out);
    list_remove(s, c);
    pl_conn_init(s, slot);
}

void pl_conn_expire(struct pl_mllp *s, struct conn *c)
{
    switch (c->state) {
    case CONN_IDLE:
        pl_count(&s->count.idle, 1);
        an_log(s->log, AN_EVENT_MLLP_IDLE, c->id, c->messages, 0);
        break;
    case CONN_FRAME:
        pl_count(&s->count.frame_timeouts, 1);
        an_log(s->log, AN_EVENT_MLLP_FRAME_TIMEOUT, c->id,
               hl7_mllp_pending(&c->in), 0);
        break;
    case CONN_PARKED:
    case CONN_ANSWER:
        pl_count(&s->count.answer_timeouts, 1);
        an_log(s->log, AN_EVENT_MLLP_ANSWER_TIMEOUT, c->id, c->messages, 0);
        break;
    case CONN_WRITE:
        pl_count(&s->count.write_timeouts, 1);
        an_log(s->log, AN_EVENT_MLLP_WRITE_TIMEOUT, c->id, c->out.n - c->sent,
               0);
        break;
    case CONN_TAIL: pl_conn_pump(s, c); return;
    case CONN_DRAIN: break;
    case CONN_FREE:
    case N_CONN_STATES: return;
    }
    /* The reason has been told. */
    c->is_closing = true;
    pl_conn_end(s, c);
}

/* ---- writing ------------------------------------------------------------ */

static bool out_frame(struct conn *c, struct an_str bytes)
{
    static const char end[2] = {HL7_MLLP_END, HL7_MLLP_CR};

    if (!bytes_reserve(&c->out, bytes.n + 3))
        return false;
    c->out.p[c->out.n++] = HL7_MLLP_START;
    memcpy(c->out.p + c->out.n, bytes.p, bytes.n);
    c->out.n += bytes.n;
    memcpy(c->out.p + c->out.n, end, sizeof(end));
    c->out.n += sizeof(end);
    return true;
}

/* False when the connection is broken. */
static bool write_out(struct pl_mllp *s, struct conn *c)
{
    while (c->sent < c->out.n) {
        ssize_t n =
            send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        c->sent += (size_t)n;
        pl_count(&s->count.bytes_out, (uint64_t)n);
    }
    if (c->out.size > KEPT_BUFFER_BYTES)
        bytes_free(&c->out);
    c->out.n = c->sent = 0;
    return true;
}

/* ---- reading ------------------------------------------------------------ */

/* False when the connection is broken. */
static bool read_in(struct pl_mllp *s, struct conn *c)
{
    size_t room;
    ssize_t n;
    char *p;

    while ((room = hl7_mllp_space(&c->in, &p)) == 0) {
        size_t wanted = hl7_mllp_wanted(&c->in);

        if (wanted <= c->in.size || !in_resize(c, wanted)) {
            an_log(s->log, AN_EVENT_MLLP_DESCRIPTORS, ENOMEM,
                   atomic_load(&s->count.open), 0);
            return false;
        }
    }
    if (room > READ_BYTES)
        room = READ_BYTES;
    do
        n = recv(c->fd, p, room, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN;
    if (n == 0)
        c->is_eof = true;
    hl7_mllp_filled(&c->in, (size_t)n);
    pl_count(&s->count.bytes_in, (uint64_t)n);
    return true;
}

enum step { WAIT, AGAIN, END };

/* Nothing after this can be told to be a frame. */
static enum step refuse(struct pl_mllp *s, struct conn *c, enum an_code why,
                        uint64_t byte, struct an_str start)
{
    const struct pl_mllp_bad bad = {
        .why = why,
        .byte = byte,
        .start = an_str_sub(start, 0, START_BYTES),
        .peer = an_str_c(c->peer),
        .connection = c->id,
    };
    struct an_str nak;

    pl_count(&s->count.bad_frames, 1);
    an_log(s->log, AN_EVENT_MLLP_BAD_FRAME, c->id, why, byte);
    if (c->is_eof)
        pl_count(&s->count.lost, 1);
    nak = s->calls.on_bad_frame(s->calls.ctx, &bad);
    c->is_closing = c->is_refused = true;
    return nak.n == 0 || out_frame(c, nak) ? AGAIN : END;
}

static void note_junk(struct pl_mllp *s, const struct conn *c)
{
    if (c->frame.junk_bytes == 0)
        return;
    pl_count(&s->count.junk, c->frame.junk_bytes);
    an_log(s->log, AN_EVENT_MLLP_JUNK, c->id, c->frame.junk_offset,
           c->frame.junk_bytes);
}

static enum step hand_over(struct pl_mllp *s, struct conn *c)
{
    const struct pl_mllp_message m = {
        .ref = {c->slot, s->last_sequence + 1},
        .bytes = c->frame.bytes,
        .peer = an_str_c(c->peer),
        .connection = c->id,
    };
    enum an_code code = s->calls.on_message(s->calls.ctx, &m);

    c->has_frame = code == AN_BUSY;
    if (code == AN_BUSY) {
        state_set(s, c, CONN_PARKED);
        return WAIT;
    }
    if (code != AN_OK)
        return END;
    c->sequence = ++s->last_sequence;
    c->messages++;
    pl_count(&s->count.messages, 1);
    in_trim(c);
    state_set(s, c, CONN_ANSWER);
    return WAIT;
}

/* No frame is whole.  A last FS may be the end of one whose CR was left out;
 * so it is when nothing more comes. */
static enum step wait_for_more(struct pl_mllp *s, struct conn *c)
{
    bool is_over =
        c->is_eof || (c->state == CONN_TAIL && c->deadline_ms <= s->now_ms);
    struct hl7_mllp probe = c->in;
    size_t pending = hl7_mllp_pending(&c->in);

    if (c->in.junk_bytes >= PL_MLLP_NOISE_BYTES)
        return refuse(s, c, AN_SYNTAX, c->in.junk_offset, AN_STR(""));
    if (hl7_mllp_idle(&probe, &c->frame)) {
        if (!is_over) {
            state_set(s, c, CONN_TAIL);
            return WAIT;
        }
        c->in = probe;
        note_junk(s, c);
        return hand_over(s, c);
    }
    if (c->is_eof && pending)
        return refuse(s, c, AN_MISSING, c->in.offset + c->in.taken,
                      (struct an_str){c->in.buf + c->in.taken, pending});
    state_set(s, c, pending ? CONN_FRAME : CONN_IDLE);
    return c->is_eof ? END : WAIT;
}

/* The next frame, if there is one. */
static enum step take_frame(struct pl_mllp *s, struct conn *c)
{
    if (s->is_stopping)
        return END;
    if (c->has_frame)
        return hand_over(s, c);
    switch (hl7_mllp_next(&c->in, &c->frame)) {
    case HL7_MLLP_MORE: return wait_for_more(s, c);
    case HL7_MLLP_TOO_LONG:
        return refuse(s, c, AN_LIMIT, c->frame.offset, c->frame.bytes);
    case HL7_MLLP_FRAME: break;
    }
    note_junk(s, c);
    return hand_over(s, c);
}

/* A socket that is closed with bytes unread is reset, and the reset may take
 * the refusal with it before the peer has read it (RFC 1122 4.2.2.13). */
static enum step finish(struct pl_mllp *s, struct conn *c)
{
    if (!c->is_refused || c->is_eof || s->is_stopping)
        return END;
    shutdown(c->fd, SHUT_WR);
    state_set(s, c, CONN_DRAIN);
    return WAIT;
}

/* Read and forget, until the peer has closed too. */
static bool drain(const struct conn *c)
{
    char nowhere[4096];
    ssize_t n = recv(c->fd, nowhere, sizeof(nowhere), 0);

    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

void pl_conn_pump(struct pl_mllp *s, struct conn *c)
{
    enum step step = AGAIN;

    while (step == AGAIN) {
        if (!write_out(s, c)) {
            step = END;
        } else if (c->sent < c->out.n) {
            state_set(s, c, CONN_WRITE);
            step = WAIT;
        } else if (c->sequence) {
            step = WAIT;
        } else if (c->is_closing) {
            step = finish(s, c);
        } else {
            step = take_frame(s, c);
        }
    }
    if (step == END)
        pl_conn_end(s, c);
    else
        interest_set(s, c);
}

void pl_conn_answer(struct pl_mllp *s, struct conn *c, struct an_str bytes)
{
    c->sequence = 0;
    state_set(s, c, CONN_IDLE);
    if (bytes.n && !out_frame(c, bytes)) {
        pl_conn_end(s, c);
        return;
    }
    pl_count(&s->count.answers, 1);
    if (s->is_stopping)
        c->is_closing = true;
    pl_conn_pump(s, c);
}

void pl_conn_ready(struct pl_mllp *s, struct conn *c, uint32_t events)
{
    bool is_draining = c->state == CONN_DRAIN;
    bool ok = true;

    if (c->fd < 0)
        return;
    if (events & (EPOLLERR | EPOLLHUP)) /* no answer can arrive any more */
        ok = false;
    else if (events & EPOLLIN)
        ok = is_draining ? drain(c) : read_in(s, c);
    if (!ok)
        pl_conn_end(s, c);
    else if (!is_draining)
        pl_conn_pump(s, c);
}

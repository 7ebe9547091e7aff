/* SPDX-License-Identifier: Apache-2.0 */
/* One MLLP connection: bytes in, one message in flight, answer out. */
#include "plugin/host/mllp_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { START_BYTES = 512 /* of a bad frame, for who answers it */ };

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

/* ---- opening and ending ------------------------------------------------- */

/* While a message is in flight the next ones are read ahead, up to a bound; a
 * parked one still lies in the buffer. */
static bool wants_input(const struct conn *c)
{
    size_t ahead = c->in.max_frame_bytes < PL_MLLP_AHEAD_BYTES
                       ? c->in.max_frame_bytes
                       : PL_MLLP_AHEAD_BYTES;

    switch (c->state) {
    case CONN_HANDSHAKE: return !pl_tls_wants_write(c->link);
    case CONN_IDLE:
    case CONN_FRAME:
    case CONN_TAIL: return !c->is_closing;
    case CONN_ANSWER:
    case CONN_WRITE: return !c->is_closing && pl_in_waiting(c) < ahead;
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
    if (c->sent < c->out.n ||
        (c->state == CONN_HANDSHAKE && pl_tls_wants_write(c->link)))
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

void pl_conn_open(struct pl_mllp *s, int fd, const uint8_t address[16],
                  const char *peer)
{
    struct conn *c = s->list[CONN_FREE].first;
    struct epoll_event e = {.events = EPOLLIN, .data = {.u64 = c->slot}};

    if (s->options.tls)
        c->link = pl_tls_accept(s->options.tls, fd);
    if ((s->options.tls && c->link == NULL) ||
        epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &e)) {
        pl_tls_link_close(c->link);
        c->link = NULL;
        close(fd);
        return;
    }
    c->fd = fd;
    c->interest = e.events;
    c->id = ++s->last_id;
    memcpy(c->address, address, sizeof(c->address));
    memcpy(c->peer, peer, sizeof(c->peer));
    state_set(s, c, c->link ? CONN_HANDSHAKE : CONN_IDLE);
    pl_count(&s->count.accepted, 1);
    pl_count(&s->count.open, 1);
    an_log(s->log, AN_EVENT_MLLP_OPENED, c->id, atomic_load(&s->count.open), 0);
}

void pl_conn_end(struct pl_mllp *s, struct conn *c)
{
    uint32_t slot = c->slot;
    bool has_rest = pl_in_waiting(c) > 0 || c->has_frame || c->sequence != 0 ||
                    c->sent < c->out.n;

    if (has_rest && !c->is_closing) {
        pl_count(&s->count.lost, 1);
        an_log(s->log, AN_EVENT_MLLP_LOST, c->id, c->messages,
               c->sequence != 0);
    } else {
        an_log(s->log, AN_EVENT_MLLP_CLOSED, c->id, c->messages,
               c->in.offset + c->in.used);
    }
    if (c->link && c->state != CONN_HANDSHAKE)
        pl_tls_goodbye(c->link);
    pl_tls_link_close(c->link);
    /* Counted before the peer can see it. */
    atomic_fetch_sub(&s->count.open, 1);
    close(c->fd);
    pl_in_forget(s, c);
    pl_bytes_free(&c->out);
    list_remove(s, c);
    pl_conn_init(s, slot);
}

void pl_conn_expire(struct pl_mllp *s, struct conn *c)
{
    switch (c->state) {
    case CONN_HANDSHAKE:
        pl_count(&s->count.handshake_timeouts, 1);
        an_log(s->log, AN_EVENT_TLS_TIMEOUT, c->id, 0, 0);
        break;
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

/* ---- messages ----------------------------------------------------------- */

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
    pl_in_forget(s, c);
    return nak.n == 0 || pl_out_frame(c, nak) ? AGAIN : END;
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
        .identity = an_str_c(c->identity),
        .connection = c->id,
    };
    enum an_code code = s->calls.on_message(s->calls.ctx, &m);

    if (code == AN_BUSY) {
        pl_count(&s->count.held_back, !c->has_frame);
        c->has_frame = true;
        state_set(s, c, CONN_PARKED);
        return WAIT;
    }
    c->has_frame = false;
    if (code != AN_OK)
        return END;
    c->sequence = ++s->last_sequence;
    c->messages++;
    pl_count(&s->count.messages, 1);
    pl_in_trim(s, c);
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

    if (c->is_tls_hello) {
        an_log(s->log, AN_EVENT_TLS_UNEXPECTED, c->id, 0, 0);
        return refuse(s, c, AN_SYNTAX, 0, AN_STR(""));
    }
    if (c->has_no_room) {
        pl_count(&s->count.refused_pending, 1);
        return refuse(s, c, AN_BUSY, c->in.offset + c->in.taken,
                      (struct an_str){c->in.buf + c->in.taken, pending});
    }
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
    /* What came behind the last frame, an LF say, has been passed over by now. */
    if (pending == 0)
        pl_in_trim(s, c);
    state_set(s, c, pending ? CONN_FRAME : CONN_IDLE);
    return c->is_eof || (s->is_stopping && pending == 0) ? END : WAIT;
}

/* The next frame, if there is one. */
static enum step take_frame(struct pl_mllp *s, struct conn *c)
{
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

/* Did the peer send more than it will be answered? */
static bool has_unread(const struct conn *c)
{
    int n = 0;

    return pl_in_waiting(c) > 0 || (ioctl(c->fd, FIONREAD, &n) == 0 && n > 0);
}

/* A socket that is closed with bytes unread is reset, and the reset may take
 * the last answer with it before the peer has read it (RFC 1122 4.2.2.13). */
static enum step finish(struct pl_mllp *s, struct conn *c)
{
    if (c->is_eof || !(c->is_refused || (s->is_stopping && has_unread(c))))
        return END;
    if (c->link)
        pl_tls_goodbye(c->link);
    shutdown(c->fd, SHUT_WR);
    state_set(s, c, CONN_DRAIN);
    return WAIT;
}

/* As far as it goes now; false when it has ended. */
static bool go_on(struct pl_mllp *s, struct conn *c)
{
    enum step step = AGAIN;

    while (step == AGAIN) {
        if (!pl_write_out(s, c)) {
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
    return step != END;
}

void pl_conn_pump(struct pl_mllp *s, struct conn *c)
{
    while (go_on(s, c)) {
        /* What TLS has decrypted already, epoll does not know of. */
        bool has_more = c->link && !c->is_eof && c->state != CONN_DRAIN &&
                        wants_input(c) && pl_tls_has_pending(c->link);

        if (!has_more) {
            interest_set(s, c);
            return;
        }
        if (!pl_read_in(s, c)) {
            pl_conn_end(s, c);
            return;
        }
    }
}

void pl_conn_stop(struct pl_mllp *s, struct conn *c)
{
    switch (c->state) {
    case CONN_HANDSHAKE:
    case CONN_DRAIN: pl_conn_end(s, c); return;
    case CONN_IDLE: /* what has come and nobody has looked at has begun, too */
        if (has_unread(c) && pl_read_in(s, c))
            pl_conn_pump(s, c);
        else
            pl_conn_end(s, c);
        return;
    case CONN_WRITE: c->is_closing = true; return; /* its last answer */
    case CONN_FRAME:
    case CONN_TAIL:
    case CONN_PARKED:
    case CONN_ANSWER:
    case CONN_FREE:
    case N_CONN_STATES: return;
    }
}

void pl_conn_answer(struct pl_mllp *s, struct conn *c, struct an_str first,
                    struct an_str second)
{
    c->sequence = 0;
    state_set(s, c, CONN_IDLE);
    if ((first.n && !pl_out_frame(c, first)) ||
        (second.n && !pl_out_frame(c, second))) {
        pl_conn_end(s, c);
        return;
    }
    pl_count(&s->count.answers, 1);
    if (s->is_stopping)
        c->is_closing = true;
    pl_conn_pump(s, c);
}

static void shake_hands(struct pl_mllp *s, struct conn *c)
{
    switch (pl_tls_handshake(c->link)) {
    case PL_TLS_AGAIN: interest_set(s, c); return;
    case PL_TLS_OK: break;
    case PL_TLS_FAILED:
        pl_count(&s->count.handshake_faults, 1);
        an_log(s->log, AN_EVENT_TLS_FAULT, c->id, pl_tls_fault(c->link), 0);
        pl_conn_end(s, c);
        return;
    }
    pl_count(&s->count.handshakes, 1);
    pl_tls_link_name(c->link, c->identity);
    state_set(s, c, CONN_IDLE);
    interest_set(s, c);
}

void pl_conn_ready(struct pl_mllp *s, struct conn *c, uint32_t events)
{
    bool ok = true;

    if (c->fd < 0)
        return;
    if (events & (EPOLLERR | EPOLLHUP)) { /* no answer can arrive any more */
        pl_conn_end(s, c);
        return;
    }
    if (c->state == CONN_HANDSHAKE) {
        shake_hands(s, c);
        return;
    }
    if (c->state == CONN_DRAIN) {
        if ((events & EPOLLIN) && !pl_drain(c))
            pl_conn_end(s, c);
        return;
    }
    if (events & EPOLLIN)
        ok = pl_read_in(s, c);
    if (ok)
        pl_conn_pump(s, c);
    else
        pl_conn_end(s, c);
}

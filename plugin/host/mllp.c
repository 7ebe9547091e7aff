/* SPDX-License-Identifier: Apache-2.0 */
/* The MLLP server: its thread, accepting, answers from other threads, time. */
#include "plugin/host/listen.h"
#include "plugin/host/mllp_int.h"
#include "plugin/host/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 512,
    ACCEPTS = 64, /* at a time */
    EVENTS = 256,
    DRAIN_MS = 2000,
    ACCEPT_PAUSE_MS = 100,
    /* A peer whose machine has gone is noticed after about two minutes. */
    KEEP_IDLE_S = 60,
    KEEP_INTERVAL_S = 15,
    KEEP_COUNT = 4
};

/* In epoll's data beside the slots. */
static const uint64_t listen_mark = UINT64_MAX;
static const uint64_t wake_mark = UINT64_MAX - 1;

/* ---- accepting ---------------------------------------------------------- */

static void peer_print(const struct sockaddr *sa, socklen_t n,
                       char peer[PL_PEER_BYTES])
{
    char host[PL_PEER_BYTES - 10], port[8];

    if (getnameinfo(sa, n, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV))
        snprintf(peer, PL_PEER_BYTES, "unknown");
    else
        snprintf(peer, PL_PEER_BYTES, strchr(host, ':') ? "[%s]:%s" : "%s:%s",
                 host, port);
}

static void socket_tune(int fd)
{
    const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT},
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                   sizeof(options[i].value));
}

static void listen_watch(struct pl_mllp *s, bool is_on)
{
    struct epoll_event e = {.events = EPOLLIN, .data = {.u64 = listen_mark}};

    s->accept_again_ms = is_on ? 0 : s->now_ms + ACCEPT_PAUSE_MS;
    epoll_ctl(s->epoll_fd, is_on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, s->listen_fd,
              &e);
}

/* No descriptor is left: with the one kept in reserve the waiting connection
 * is taken and closed, so that its sender knows and epoll does not spin. */
static void accept_without_fd(struct pl_mllp *s, int sys)
{
    int fd = -1;

    an_log(s->log, AN_EVENT_MLLP_DESCRIPTORS, (uint64_t)sys,
           atomic_load(&s->count.open), 0);
    if (s->reserve_fd >= 0 && (sys == EMFILE || sys == ENFILE)) {
        close(s->reserve_fd);
        fd = accept(s->listen_fd, NULL, NULL);
        if (fd >= 0) {
            pl_count(&s->count.refused, 1);
            close(fd);
        }
        s->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0)
        listen_watch(s, false);
}

/* Connections are few, and who is limited is counted at the door only. */
static bool is_one_too_many(const struct pl_mllp *s, const uint8_t address[16])
{
    uint32_t n = 0;

    if (s->options.max_per_peer == 0)
        return false;
    for (uint32_t i = 0; i < s->options.max_connections; i++)
        n += s->conn[i].fd >= 0 && memcmp(s->conn[i].address, address, 16) == 0;
    return n >= s->options.max_per_peer;
}

/* Counted and told, if this one may not come in. */
static bool is_refused(struct pl_mllp *s, const uint8_t address[16])
{
    atomic_uint_fast64_t *count = NULL;
    enum an_event event = AN_EVENT_MLLP_REFUSED;

    if (!pl_peer_may(&s->options.peers, address)) {
        count = &s->count.refused_address;
        event = AN_EVENT_MLLP_ADDRESS;
    } else if (s->list[CONN_FREE].first == NULL) {
        count = &s->count.refused;
    } else if (is_one_too_many(s, address)) {
        count = &s->count.refused_many;
        event = AN_EVENT_MLLP_MANY;
    }
    if (count == NULL)
        return false;
    pl_count(count, 1);
    an_log(s->log, event, atomic_load(&s->count.open), 0, 0);
    return true;
}

static void accept_some(struct pl_mllp *s)
{
    for (int i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage ss;
        socklen_t n = sizeof(ss);
        int fd = accept(s->listen_fd, (struct sockaddr *)&ss, &n);
        char peer[PL_PEER_BYTES];
        uint8_t address[16];

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                errno == ENOMEM)
                accept_without_fd(s, errno);
            /* ECONNABORTED and the like concern one connection only. */
            return;
        }
        pl_peer_address((const struct sockaddr *)&ss, address);
        if (is_refused(s, address) || !pl_fd_prepare(fd)) {
            close(fd);
            continue;
        }
        socket_tune(fd);
        peer_print((const struct sockaddr *)&ss, n, peer);
        pl_conn_open(s, fd, address, peer);
    }
}

/* ---- answers ------------------------------------------------------------ */

static void wake(struct pl_mllp *s)
{
    const uint64_t one = 1;
    ssize_t n;

    do
        n = write(s->wake_fd, &one, sizeof(one));
    while (n < 0 && errno == EINTR);
}

static void answer_free(struct answer *a)
{
    explicit_bzero((char *)(a + 1), a->first.n + a->second.n);
    free(a);
}

/* A copy behind the struct. */
static struct an_str keep(char *at, struct an_str bytes)
{
    if (bytes.n)
        memcpy(at, bytes.p, bytes.n);
    return (struct an_str){at, bytes.n};
}

bool pl_mllp_answer_both(struct pl_mllp *s, struct pl_conn_ref ref,
                         struct an_str first, struct an_str second)
{
    struct answer *a = malloc(sizeof(*a) + first.n + second.n);
    bool is_first;

    if (a == NULL)
        return false;
    *a = (struct answer){.ref = ref};
    a->first = keep((char *)(a + 1), first);
    a->second = keep((char *)(a + 1) + first.n, second);
    pthread_mutex_lock(&s->lock);
    is_first = s->first == NULL;
    if (is_first)
        s->first = a;
    else
        s->last->next = a;
    s->last = a;
    pthread_mutex_unlock(&s->lock);
    if (is_first)
        wake(s);
    return true;
}

bool pl_mllp_answer(struct pl_mllp *s, struct pl_conn_ref ref,
                    struct an_str bytes)
{
    return pl_mllp_answer_both(s, ref, bytes, AN_STR(""));
}

static struct answer *answers_take(struct pl_mllp *s)
{
    struct answer *first;

    pthread_mutex_lock(&s->lock);
    first = s->first;
    s->first = s->last = NULL;
    pthread_mutex_unlock(&s->lock);
    return first;
}

static void answers_give(struct pl_mllp *s)
{
    struct answer *next;

    for (struct answer *a = answers_take(s); a; a = next) {
        struct conn *c = a->ref.slot < s->options.max_connections
                             ? &s->conn[a->ref.slot]
                             : NULL;

        next = a->next;
        if (c && c->sequence && c->sequence == a->ref.sequence) {
            pl_conn_answer(s, c, a->first, a->second);
        } else {
            pl_count(&s->count.answers_dropped, 1);
            an_log(s->log, AN_EVENT_MLLP_ANSWER_DROPPED, a->ref.sequence, 0, 0);
        }
        answer_free(a);
    }
}

/* ---- the thread --------------------------------------------------------- */

/* The first to wait is the first to be tried; the first "busy" ends the try. */
static void retry_parked(struct pl_mllp *s)
{
    struct conn *c;

    while ((c = s->list[CONN_PARKED].first) != NULL) {
        pl_conn_pump(s, c);
        if (s->list[CONN_PARKED].first == c)
            return;
    }
}

static void expire(struct pl_mllp *s)
{
    for (int state = CONN_HANDSHAKE; state < N_CONN_STATES; state++) {
        struct conn *c;

        while ((c = s->list[state].first) != NULL &&
               c->deadline_ms <= s->now_ms)
            pl_conn_expire(s, c);
    }
    if (s->accept_again_ms && s->accept_again_ms <= s->now_ms)
        listen_watch(s, true);
}

static int wait_ms(const struct pl_mllp *s, int64_t stop_at_ms)
{
    int64_t until = INT64_MAX;

    for (int state = CONN_HANDSHAKE; state < N_CONN_STATES; state++) {
        const struct conn *c = s->list[state].first;

        if (c && c->deadline_ms < until)
            until = c->deadline_ms;
    }
    if (s->list[CONN_PARKED].first && s->now_ms + PL_MLLP_RETRY_MS < until)
        until = s->now_ms + PL_MLLP_RETRY_MS;
    if (s->accept_again_ms && s->accept_again_ms < until)
        until = s->accept_again_ms;
    if (stop_at_ms && stop_at_ms < until)
        until = stop_at_ms;
    if (until == INT64_MAX)
        return -1;
    until -= s->now_ms;
    if (until < 0)
        return 0;
    return until < INT32_MAX ? (int)until : INT32_MAX;
}

static int64_t stop_time(struct pl_mllp *s)
{
    int64_t at;

    pthread_mutex_lock(&s->lock);
    at = s->stop_at_ms;
    if (at && s->is_hurried)
        at = s->now_ms;
    pthread_mutex_unlock(&s->lock);
    return at;
}

/* What has not begun ends now; its sender will send it elsewhere. */
static void stop_begin(struct pl_mllp *s)
{
    s->is_stopping = true;
    close(s->listen_fd);
    s->listen_fd = -1;
    s->accept_again_ms = 0;
    for (uint32_t i = 0; i < s->options.max_connections; i++)
        if (s->conn[i].fd >= 0)
            pl_conn_stop(s, &s->conn[i]);
}

static void stop_now(struct pl_mllp *s)
{
    for (int state = CONN_HANDSHAKE; state < N_CONN_STATES; state++) {
        while (s->list[state].first) {
            pl_count(&s->count.cut_off, 1);
            pl_conn_end(s, s->list[state].first);
        }
    }
}

static void serve_events(struct pl_mllp *s, const struct epoll_event *event,
                         int n)
{
    bool can_accept = false;

    for (int i = 0; i < n; i++) {
        uint64_t mark = event[i].data.u64, wakes;

        if (mark == listen_mark)
            can_accept = true;
        else if (mark != wake_mark)
            pl_conn_ready(s, &s->conn[mark], event[i].events);
        else if (read(s->wake_fd, &wakes, sizeof(wakes)) > 0)
            answers_give(s);
    }
    /* Last, so that no slot is used again while an old event names it. */
    if (can_accept && s->listen_fd >= 0)
        accept_some(s);
}

static void *run(void *arg)
{
    struct pl_mllp *s = arg;
    struct epoll_event event[EVENTS];
    int64_t stop_at_ms = 0;

    pl_thread_name("an-mllp");
    for (;;) {
        int n;

        s->now_ms = pl_now_ms();
        n = epoll_wait(s->epoll_fd, event, EVENTS, wait_ms(s, stop_at_ms));
        s->now_ms = pl_now_ms();
        serve_events(s, event, n);
        retry_parked(s);
        expire(s);
        stop_at_ms = stop_time(s);
        if (stop_at_ms == 0)
            continue;
        if (!s->is_stopping)
            stop_begin(s);
        if (s->now_ms >= stop_at_ms)
            stop_now(s);
        if (atomic_load(&s->count.open) == 0)
            return NULL;
    }
}

/* ---- life --------------------------------------------------------------- */

static enum an_code start(struct pl_mllp *s, struct an_err *err)
{
    struct epoll_event on_wake = {.events = EPOLLIN,
                                  .data = {.u64 = wake_mark}};
    enum an_code code;

    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (s->epoll_fd < 0 || s->wake_fd < 0 || s->reserve_fd < 0 ||
        epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->wake_fd, &on_wake))
        return an_fail_sys(err, AN_IO, "no descriptor for the MLLP listener",
                           errno);
    code =
        pl_listen(&s->options.address, BACKLOG, &s->listen_fd, &s->port, err);
    if (code)
        return code;
    s->now_ms = pl_now_ms();
    listen_watch(s, true);
    code = pl_thread_start(&s->thread, run, s, err);
    s->has_thread = code == AN_OK;
    return code;
}

enum an_code pl_mllp_open(const struct pl_mllp_options *options,
                          const struct pl_mllp_calls *calls, struct an_log *log,
                          struct pl_mllp **server, struct an_err *err)
{
    struct pl_mllp *s = calloc(1, sizeof(*s));
    enum an_code code;

    *server = NULL;
    if (s == NULL)
        return an_fail_nomem(err);
    s->options = *options;
    s->calls = *calls;
    s->log = log;
    s->epoll_fd = s->listen_fd = s->wake_fd = s->reserve_fd = -1;
    s->state_ms[CONN_HANDSHAKE] = options->handshake_ms;
    s->state_ms[CONN_IDLE] = options->idle_ms;
    s->state_ms[CONN_FRAME] = options->frame_ms;
    s->state_ms[CONN_TAIL] = PL_MLLP_TAIL_MS;
    s->state_ms[CONN_PARKED] = options->answer_ms;
    s->state_ms[CONN_ANSWER] = options->answer_ms;
    s->state_ms[CONN_WRITE] = options->write_ms;
    s->state_ms[CONN_DRAIN] = DRAIN_MS;
    pthread_mutex_init(&s->lock, NULL);
    s->conn = calloc(options->max_connections, sizeof(*s->conn));
    code = s->conn ? AN_OK : an_fail_nomem(err);
    for (uint32_t i = 0; code == AN_OK && i < options->max_connections; i++)
        pl_conn_init(s, i);
    /* Before the thread, whose callbacks lead to who answers it. */
    *server = s;
    if (code == AN_OK)
        code = start(s, err);
    if (code) {
        *server = NULL;
        pl_mllp_close(s);
        return code;
    }
    an_log(log, AN_EVENT_MLLP_LISTENING, s->port, 0, 0);
    return AN_OK;
}

uint16_t pl_mllp_port(const struct pl_mllp *s)
{
    return s->port;
}

struct pl_mllp_counts pl_mllp_counts(struct pl_mllp *s)
{
    return (struct pl_mllp_counts){
#define X(name) .name = atomic_load(&s->count.name),
        PL_MLLP_COUNTS(X)
#undef X
    };
}

void pl_mllp_stop(struct pl_mllp *s, int64_t grace_ms)
{
    if (!s->has_thread)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop_at_ms = pl_now_ms() + grace_ms;
    pthread_mutex_unlock(&s->lock);
    wake(s);
    pthread_join(s->thread, NULL);
    s->has_thread = false;
    an_log(s->log, AN_EVENT_MLLP_STOPPED, s->port,
           atomic_load(&s->count.messages), atomic_load(&s->count.cut_off));
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void pl_mllp_hurry(struct pl_mllp *s)
{
    pthread_mutex_lock(&s->lock);
    s->is_hurried = true;
    pthread_mutex_unlock(&s->lock);
    wake(s);
}

void pl_mllp_close(struct pl_mllp *s)
{
    struct answer *next;

    if (s == NULL)
        return;
    pl_mllp_stop(s, 0);
    for (struct answer *a = answers_take(s); a; a = next) {
        next = a->next;
        answer_free(a);
    }
    close_fd(s->listen_fd);
    close_fd(s->epoll_fd);
    close_fd(s->wake_fd);
    close_fd(s->reserve_fd);
    pthread_mutex_destroy(&s->lock);
    free(s->conn);
    free(s);
}

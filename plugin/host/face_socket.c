/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/face_socket.h"

#include "plugin/abi/calls.h"
#include "plugin/abi/results.h"
#include "plugin/helper/link.h"
#include "plugin/host/listen.h"
#include "plugin/host/serve.h"
#include "plugin/host/thread.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BACKLOG = 128,
    LOG_MS = 1000,        /* a host that takes no lines misses them */
    DRAIN_SLICE_MS = 200, /* how soon a drain sees that the server stops */
    GROUP_BYTES = 4096,
    NO_ROOM_MS = 100 /* without descriptors */
};

struct conn {
    struct conn *next;
    struct pl_face_socket *face;
    int fd;
    uint64_t number;
    struct anamnesis_engine *engine;
    struct helper_reader reader;
};

struct pl_face_socket {
    struct an_log *log;
    struct abi_guests *guests;
    const char *path;
    int64_t timeout_ms;
    gid_t group;
    const gid_t *group_or_null;
    int fd, wake[2];
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* over conns and n_conns */
    pthread_cond_t left;
    struct conn *conns;
    unsigned n_conns, max_conns;
    atomic_bool stopping;
    atomic_uint_fast64_t n_accepted, n_refused, n_asked;
};

/* ---- a call ------------------------------------------------------------- */

static void send_line(void *data, int32_t level, const char *line, size_t n)
{
    const struct conn *c = data;
    struct helper_out out;
    struct iovec part[2] = {
        {.iov_base = out.bytes},
        {.iov_base = (void *)(uintptr_t)line, .iov_len = n}};

    helper_out_begin(&out, HELPER_LOG);
    helper_put_u32(&out, (uint32_t)level);
    if (!helper_out_end(&out, n))
        return;
    part[0].iov_len = out.n;
    /* Half a frame is noticed with the answer. */
    (void)!helper_link_send(c->fd, part, 2, helper_now_ms() + LOG_MS);
}

/* The one thing that a host says meanwhile is that it does not wait. */
static int32_t is_cancelled(void *data, const char *message_id)
{
    const struct conn *c = data;

    (void)message_id;
    return helper_link_stirs(c->fd);
}

static anamnesis_status drain(const struct conn *c, uint32_t timeout_ms)
{
    int64_t until_ms = helper_now_ms() + timeout_ms;
    anamnesis_status status = ANAMNESIS_E_TIMEOUT;
    int64_t left_ms = timeout_ms;

    do {
        status =
            abi_drain(c->engine, left_ms < DRAIN_SLICE_MS ? (uint32_t)left_ms
                                                          : DRAIN_SLICE_MS);
        left_ms = until_ms - helper_now_ms();
    } while (status == ANAMNESIS_E_TIMEOUT && left_ms > 0 &&
             !helper_link_stirs(c->fd));
    return status;
}

static anamnesis_status call(struct conn *c, const struct helper_ask *ask,
                             struct anamnesis_results **results,
                             struct anamnesis_error *error)
{
    struct anamnesis_message in = {.struct_size = sizeof(in),
                                   .flags = ask->flags,
                                   .data = ask->data,
                                   .n = ask->n,
                                   .content_type = ask->content_type,
                                   .message_id = ask->message_id,
                                   .deadline_ms = ask->deadline_ms};

    *results = NULL;
    if (!abi_guest_name(c->engine, ask->host))
        return abi_fail(error, ANAMNESIS_E_ARGUMENT,
                        "the host's name is no text");
    switch (c->reader.type) {
    case HELPER_PROCESS: return abi_process(c->engine, &in, results, error);
    case HELPER_CHART:
        return abi_chart_ask(c->engine, ask->authority, ask->value, ask->user,
                             ask->deadline_ms, results, error);
    case HELPER_STATUS: return abi_status(c->engine, results, error);
    default: return abi_fail(error, drain(c, ask->deadline_ms), "");
    }
}

static enum helper_went answer(const struct conn *c, anamnesis_status status,
                               const struct anamnesis_results *results,
                               const struct anamnesis_error *error)
{
    struct iovec part[1 + HELPER_RESULTS];
    struct anamnesis_result one = {.struct_size = sizeof(one)};
    struct helper_out out;
    uint32_t n = abi_result_count(results);
    size_t bytes = 0;

    helper_out_begin(&out, HELPER_ANSWER);
    helper_put_u32(&out, (uint32_t)status);
    helper_put_text(&out, error->text);
    helper_put_u32(&out, n);
    for (uint32_t i = 0; abi_result_at(results, i, &one) == ANAMNESIS_OK; i++) {
        helper_put_u32(&out, one.kind);
        helper_put_text(&out, one.content_type);
        helper_put_u32(&out, (uint32_t)one.n);
        part[1 + i].iov_base = (void *)(uintptr_t)one.data;
        part[1 + i].iov_len = one.n;
        bytes += one.n;
    }
    if (!helper_out_end(&out, bytes))
        return HELPER_NO_MEMORY;
    part[0].iov_base = out.bytes;
    part[0].iov_len = out.n;
    return helper_link_send(c->fd, part, 1 + n,
                            helper_now_ms() + c->face->timeout_ms);
}

_Static_assert((int)HELPER_RESULTS == (int)ABI_MAX_RESULTS,
               "an answer has room for all results");

static enum helper_went serve_ask(struct conn *c)
{
    struct anamnesis_error error = {.struct_size = sizeof(error)};
    struct anamnesis_results *results;
    struct helper_ask ask;
    anamnesis_status status;
    enum helper_went went;

    if (c->reader.type == HELPER_CANCEL)
        return HELPER_WENT_WELL; /* the answer had left already */
    if (!helper_read_ask(&c->reader, &ask))
        return HELPER_SPOKE_OTHERWISE;
    atomic_fetch_add(&c->face->n_asked, 1);
    status = call(c, &ask, &results, &error);
    went = answer(c, status, results, &error);
    abi_results_free(results);
    return went;
}

/* ---- a connection ------------------------------------------------------- */

static enum helper_went say_welcome(int fd, anamnesis_status status,
                                    const char *why, int64_t until_ms)
{
    struct helper_out out;

    helper_out_begin(&out, HELPER_WELCOME);
    helper_put_u32(&out, HELPER_MAGIC);
    helper_put_u32(&out, HELPER_VERSION);
    helper_put_u32(&out, ANAMNESIS_ABI_MAJOR);
    helper_put_u32(&out, (uint32_t)status);
    helper_put_text(&out, why);
    return helper_link_put(fd, &out, until_ms);
}

static enum helper_went welcome(struct conn *c)
{
    int64_t until_ms = helper_now_ms() + c->face->timeout_ms;
    enum helper_went went = helper_link_receive(c->fd, &c->reader, until_ms);
    struct helper_hello hello;

    if (went != HELPER_WENT_WELL)
        return went;
    if (!helper_read_hello(&c->reader, HELPER_HELLO, &hello))
        return HELPER_SPOKE_OTHERWISE;
    helper_reader_next(&c->reader);
    if (hello.version == HELPER_VERSION &&
        hello.abi_major == ANAMNESIS_ABI_MAJOR)
        return say_welcome(c->fd, ANAMNESIS_OK, NULL, until_ms);
    went = say_welcome(c->fd, ANAMNESIS_E_VERSION,
                       "the library is of another version than anamnesis "
                       "serve",
                       until_ms);
    return went == HELPER_WENT_WELL ? HELPER_HUNG_UP : went;
}

/* For as long as the host likes; false when the poll fails. */
static bool wait_for_ask(const struct conn *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    int n;

    do
        n = poll(&p, 1, -1);
    while (n < 0 && errno == EINTR);
    return n > 0;
}

static void serve_all(struct conn *c)
{
    enum helper_went went = welcome(c);
    bool is_amid = true;

    while (went == HELPER_WENT_WELL && wait_for_ask(c)) {
        went = helper_link_receive(c->fd, &c->reader,
                                   helper_now_ms() + c->face->timeout_ms);
        is_amid = went == HELPER_WENT_WELL || helper_reader_is_amid(&c->reader);
        if (went == HELPER_WENT_WELL)
            went = serve_ask(c);
        if (went == HELPER_WENT_WELL)
            helper_reader_next(&c->reader);
    }
    if ((went != HELPER_HUNG_UP || is_amid) && !atomic_load(&c->face->stopping))
        an_log(c->face->log, AN_EVENT_SOCKET_LOST, c->number, went, 0);
}

static void conn_free(struct conn *c)
{
    helper_reader_release(&c->reader);
    abi_guest_free(c->engine);
    (void)close(c->fd);
    free(c);
}

static void forget(struct conn *c)
{
    struct pl_face_socket *f = c->face;
    struct conn **at = &f->conns;

    (void)pthread_mutex_lock(&f->lock);
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    conn_free(c);
    f->n_conns--;
    (void)pthread_cond_broadcast(&f->left);
    (void)pthread_mutex_unlock(&f->lock);
}

static void *run_conn(void *arg)
{
    struct conn *c = arg;

    pl_thread_name("socket-host");
    serve_all(c);
    forget(c);
    return NULL;
}

/* ---- who connects ------------------------------------------------------- */

static struct conn *conn_new(struct pl_face_socket *f, int fd)
{
    struct conn *c = calloc(1, sizeof(*c));
    struct abi_guest_calls calls = {
        .data = c, .log = send_line, .is_cancelled = is_cancelled};

    if (c == NULL)
        return NULL;
    c->face = f;
    c->fd = fd;
    c->number = atomic_fetch_add(&f->n_accepted, 1) + 1;
    helper_reader_init(&c->reader, HELPER_SERVER);
    c->engine = abi_guest_new(f->guests, &calls);
    if (c->engine)
        return c;
    free(c);
    return NULL;
}

/* False: there is no room for it. */
static bool take_in(struct pl_face_socket *f, int fd)
{
    struct conn *c = NULL;
    pthread_t thread = pthread_self();
    bool is_in = false;

    (void)pthread_mutex_lock(&f->lock);
    if (f->n_conns < f->max_conns)
        c = conn_new(f, fd);
    if (c) {
        c->next = f->conns;
        f->conns = c;
        f->n_conns++;
        is_in = pl_thread_start(&thread, run_conn, c, NULL) == AN_OK;
    }
    if (is_in) {
        (void)pthread_detach(thread);
    } else if (c) {
        f->conns = c->next;
        f->n_conns--;
        abi_guest_free(c->engine);
        free(c);
    }
    (void)pthread_mutex_unlock(&f->lock);
    return is_in;
}

static void turn_away(struct pl_face_socket *f, int fd, anamnesis_status status,
                      const char *why)
{
    atomic_fetch_add(&f->n_refused, 1);
    (void)!say_welcome(fd, status, why, helper_now_ms());
    /* What it says stays unread; over a Unix socket the answer arrives all the
     * same. */
    (void)close(fd);
}

static void accept_one(struct pl_face_socket *f)
{
    int fd = accept(f->fd, NULL, NULL);
    uid_t uid;

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            (void)poll(NULL, 0, NO_ROOM_MS);
        return;
    }
    if (!pl_fd_prepare(fd)) {
        (void)close(fd);
        return;
    }
    if (!pl_peer_is_ours(fd, f->group_or_null, &uid)) {
        an_log(f->log, AN_EVENT_SOCKET_REFUSED, uid,
               pl_face_socket_count(f).n_open, 0);
        turn_away(f, fd, ANAMNESIS_E_CONFIG,
                  "anamnesis serve does not serve this user "
                  "(listen.socket.group)");
    } else if (!take_in(f, fd)) {
        an_log(f->log, AN_EVENT_SOCKET_MANY, pl_face_socket_count(f).n_open, 0,
               0);
        turn_away(f, fd, ANAMNESIS_E_UNAVAILABLE,
                  "as many hosts as allowed are connected "
                  "(listen.socket.max_connections)");
    }
}

static void *run_face(void *arg)
{
    struct pl_face_socket *f = arg;
    struct pollfd p[2] = {{.fd = f->fd, .events = POLLIN},
                          {.fd = f->wake[0], .events = POLLIN}};

    pl_thread_name("socket");
    while (!atomic_load(&f->stopping))
        if (poll(p, 2, -1) > 0 && p[0].revents)
            accept_one(f);
    return NULL;
}

/* ---- the face's life ---------------------------------------------------- */

static enum an_code find_group(struct pl_face_socket *f, struct an_str name,
                               struct an_err *err)
{
    struct group room, *found = NULL;
    char *text;
    int sys;

    if (name.n == 0)
        return AN_OK;
    text = malloc(GROUP_BYTES);
    if (text == NULL)
        return an_fail_nomem(err);
    sys = getgrnam_r(name.p, &room, text, GROUP_BYTES, &found);
    if (found) {
        f->group = found->gr_gid;
        f->group_or_null = &f->group;
    }
    free(text);
    return found ? AN_OK
                 : an_fail_file(err, AN_CONFIG, "there is no such group",
                                "listen.socket.group", sys);
}

enum an_code pl_face_socket_open(struct pl_server *s, struct an_err *err)
{
    const struct cfg_options *o = pl_engine_options(s->running.engine);
    struct pl_face_socket *f;

    if (o->socket_path.n == 0)
        return AN_OK;
    f = calloc(1, sizeof(*f));
    if (f == NULL)
        return an_fail_nomem(err);
    f->log = pl_engine_log(s->running.engine);
    f->path = o->socket_path.p;
    f->timeout_ms = o->socket_timeout_ms;
    f->max_conns = (unsigned)o->socket_max_connections;
    f->fd = f->wake[0] = f->wake[1] = -1;
    (void)pthread_mutex_init(&f->lock, NULL);
    pl_cond_init(&f->left);
    s->socket = f; /* closed with the server, whatever comes */
    return abi_guests_open(&s->running, f->log, &f->guests, err);
}

enum an_code pl_face_socket_start(struct pl_server *s, struct an_err *err)
{
    struct pl_face_socket *f = s->socket;
    enum an_code rc;

    if (f == NULL)
        return AN_OK;
    rc = find_group(f, pl_engine_options(s->running.engine)->socket_group, err);
    if (rc == AN_OK && (pipe(f->wake) != 0 || !pl_fd_prepare(f->wake[0]) ||
                        !pl_fd_prepare(f->wake[1])))
        rc = an_fail_file(err, AN_IO, "cannot be waited for", f->path, errno);
    if (rc == AN_OK)
        rc = pl_listen_local(f->path, f->group_or_null, BACKLOG, &f->fd, err);
    if (rc == AN_OK) {
        rc = pl_thread_start(&f->thread, run_face, f, err);
        f->has_thread = rc == AN_OK;
    }
    return rc;
}

static void shut_all(struct pl_face_socket *f, int how)
{
    for (const struct conn *c = f->conns; c; c = c->next)
        (void)shutdown(c->fd, how);
}

void pl_face_socket_stop(struct pl_face_socket *f, int64_t grace_ms)
{
    int64_t until_ms = pl_now_ms() + grace_ms;
    bool late = false;

    if (f == NULL)
        return;
    atomic_store(&f->stopping, true);
    if (f->has_thread) {
        (void)!write(f->wake[1], "", 1);
        (void)pthread_join(f->thread, NULL);
        f->has_thread = false;
    }
    if (f->fd >= 0) {
        (void)close(f->fd);
        (void)unlink(f->path);
        f->fd = -1;
    }
    (void)pthread_mutex_lock(&f->lock);
    shut_all(f, SHUT_RD);
    while (f->n_conns && !late)
        late = !pl_cond_wait(&f->left, &f->lock, until_ms);
    shut_all(f, SHUT_RDWR);
    while (f->n_conns)
        (void)pthread_cond_wait(&f->left, &f->lock);
    (void)pthread_mutex_unlock(&f->lock);
}

void pl_face_socket_close(struct pl_face_socket *f)
{
    if (f == NULL)
        return;
    pl_face_socket_stop(f, 0);
    abi_guests_close(f->guests);
    for (size_t i = 0; i < 2; i++)
        if (f->wake[i] >= 0)
            (void)close(f->wake[i]);
    (void)pthread_cond_destroy(&f->left);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

struct pl_face_socket_counts pl_face_socket_count(struct pl_face_socket *f)
{
    struct pl_face_socket_counts n = {.n_open = 0};

    if (f == NULL)
        return n;
    (void)pthread_mutex_lock(&f->lock);
    n.n_open = f->n_conns;
    (void)pthread_mutex_unlock(&f->lock);
    n.n_refused = atomic_load(&f->n_refused);
    n.n_asked = atomic_load(&f->n_asked);
    abi_guests_count(f->guests, n.n_verdict);
    return n;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of the host's side. */
#include "plugin/abi/calls.h"
#include "plugin/helper/client_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    SHUT_MS = 1000,
    WELCOME_MS = 2000, /* a server that works answers HELLO at once */
    TEXT_BYTES = 248
};

static anamnesis_status fail(struct anamnesis_error *error,
                             anamnesis_status status, const char *what,
                             const char *path)
{
    char text[TEXT_BYTES];

    (void)snprintf(text, sizeof(text), "%.107s: %s", path, what);
    return abi_fail(error, status, text);
}

/* ---- a new one ---------------------------------------------------------- */

static anamnesis_status cannot_connect(const char *path, int sys,
                                       struct anamnesis_error *error)
{
    struct stat st;

    switch (sys) {
    case EACCES:
    case EPERM:
        return fail(error, ANAMNESIS_E_CONFIG,
                    "this user may not connect there", path);
    case ENOENT:
        return fail(error, ANAMNESIS_E_UNAVAILABLE,
                    "there is no such socket: anamnesis serve makes it "
                    "(listen.socket.path)",
                    path);
    case ECONNREFUSED:
        if (stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
            return fail(error, ANAMNESIS_E_CONFIG, "is no socket", path);
        return fail(error, ANAMNESIS_E_UNAVAILABLE,
                    "nobody listens there: anamnesis serve does not run", path);
    case EAGAIN:
        return fail(error, ANAMNESIS_E_UNAVAILABLE,
                    "too many wait there to be connected", path);
    case ENOTDIR:
    case EPROTOTYPE:
        return fail(error, ANAMNESIS_E_CONFIG, "is no socket of ours", path);
    default:
        return fail(error, ANAMNESIS_E_UNAVAILABLE, "cannot be connected to",
                    path);
    }
}

static anamnesis_status be_welcomed(int fd, const struct client_config *config,
                                    int64_t until_ms,
                                    struct anamnesis_error *error)
{
    struct helper_reader r;
    struct helper_hello hello;
    struct helper_out out;
    anamnesis_status status;
    enum helper_went went;

    helper_out_begin(&out, HELPER_HELLO);
    helper_put_u32(&out, HELPER_MAGIC);
    helper_put_u32(&out, HELPER_VERSION);
    helper_put_u32(&out, ANAMNESIS_ABI_MAJOR);
    helper_reader_init(&r, HELPER_CLIENT);
    went = helper_link_put(fd, &out, until_ms);
    /* One that turns us away may have said why and hung up before. */
    if (went == HELPER_WENT_WELL || went == HELPER_HUNG_UP)
        went = helper_link_receive(fd, &r, until_ms);
    if (went == HELPER_SPOKE_OTHERWISE ||
        (went == HELPER_WENT_WELL &&
         !helper_read_hello(&r, HELPER_WELCOME, &hello)))
        status =
            fail(error, ANAMNESIS_E_CONFIG,
                 "who listens there is not anamnesis serve", config->socket);
    else if (went != HELPER_WENT_WELL)
        status = fail(error, ANAMNESIS_E_UNAVAILABLE,
                      "anamnesis serve does not answer", config->socket);
    else if (hello.status != ANAMNESIS_OK)
        status = fail(error, hello.status,
                      hello.text ? hello.text : "we are turned away",
                      config->socket);
    else if (hello.version != HELPER_VERSION ||
             hello.abi_major != ANAMNESIS_ABI_MAJOR)
        status = fail(error, ANAMNESIS_E_VERSION,
                      "anamnesis serve is of another version than this library",
                      config->socket);
    else
        status = ANAMNESIS_OK;
    helper_reader_release(&r);
    return status;
}

anamnesis_status client_link_open(const struct client_config *config,
                                  int64_t until_ms, int *fd,
                                  struct anamnesis_error *error)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int64_t soon_ms = helper_now_ms() + WELCOME_MS;
    anamnesis_status status;

    memcpy(to.sun_path, config->socket, sizeof(to.sun_path));
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return fail(error, ANAMNESIS_E_UNAVAILABLE,
                    "this process has no descriptor left", config->socket);
    if (connect(*fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
        status = cannot_connect(config->socket, errno, error);
    else
        status = be_welcomed(*fd, config,
                             until_ms < soon_ms ? until_ms : soon_ms, error);
    if (status != ANAMNESIS_OK)
        (void)close(*fd);
    return status;
}

/* ---- for a call --------------------------------------------------------- */

static bool wait_until(struct client_house *h, int64_t until_ms)
{
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                             .tv_nsec = (long)(until_ms % 1000) * 1000000};

    return pthread_cond_timedwait(&h->given, &h->lock, &until) == 0;
}

/* One that is there and whose peer has said nothing unasked, such as that it
 * has gone; h->lock is held. */
static bool take_idle(struct client_house *h, struct client_link *link)
{
    while (h->n_idle) {
        link->fd = h->idle[--h->n_idle];
        link->was_idle = true;
        if (!helper_link_stirs(link->fd))
            return true;
        (void)close(link->fd);
        h->n_open--;
    }
    return false;
}

static anamnesis_status take_new(struct client_house *h, int64_t until_ms,
                                 struct client_link *link,
                                 const struct client_config *config,
                                 struct anamnesis_error *error)
{
    int64_t began_ms = helper_now_ms();
    anamnesis_status status =
        client_link_open(config, until_ms, &link->fd, error);

    if (status == ANAMNESIS_OK)
        return status;
    if (helper_now_ms() - began_ms >= SHUT_MS / 2)
        client_link_shut(h); /* it hangs */
    (void)pthread_mutex_lock(&h->lock);
    h->n_open--;
    (void)pthread_cond_signal(&h->given);
    (void)pthread_mutex_unlock(&h->lock);
    /* The engine is there; what is wrong now may be set right. */
    return abi_fail(error, ANAMNESIS_E_UNAVAILABLE, error->text);
}

anamnesis_status client_link_take(struct client_house *h, int64_t until_ms,
                                  struct client_link *link,
                                  struct anamnesis_error *error)
{
    struct client_config config;
    bool is_ours, is_late = false;

    (void)pthread_mutex_lock(&h->lock);
    *link = (struct client_link){.fd = -1};
    while (!(is_ours = take_idle(h, link)) && h->n_open == CLIENT_LINKS &&
           !is_late)
        is_late = !wait_until(h, until_ms);
    link->generation = h->generation;
    config = h->config;
    if (!is_ours && (is_late || helper_now_ms() < h->shut_until_ms)) {
        (void)pthread_mutex_unlock(&h->lock);
        return fail(error, ANAMNESIS_E_UNAVAILABLE,
                    is_late ? "all connections are in use"
                            : "anamnesis serve did not answer just now",
                    config.socket);
    }
    h->n_open += !is_ours;
    (void)pthread_mutex_unlock(&h->lock);
    return is_ours ? ANAMNESIS_OK : take_new(h, until_ms, link, &config, error);
}

void client_link_give(struct client_house *h, const struct client_link *link,
                      bool is_good)
{
    (void)pthread_mutex_lock(&h->lock);
    if (is_good && link->generation == h->generation) {
        h->idle[h->n_idle++] = link->fd;
    } else {
        (void)close(link->fd);
        h->n_open--;
    }
    if (is_good)
        h->shut_until_ms = 0;
    (void)pthread_cond_signal(&h->given);
    (void)pthread_mutex_unlock(&h->lock);
}

void client_link_shut(struct client_house *h)
{
    (void)pthread_mutex_lock(&h->lock);
    h->shut_until_ms = helper_now_ms() + SHUT_MS;
    (void)pthread_mutex_unlock(&h->lock);
}

void client_links_drop(struct client_house *h)
{
    while (h->n_idle) {
        (void)close(h->idle[--h->n_idle]);
        h->n_open--;
    }
}

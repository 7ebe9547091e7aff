/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/outbox_server.h"

#include "tests/suite.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SILENCE_MS = 800 };

static struct MHD_Daemon *daemon_of_test;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct server_answer *script;
static size_t n_script, n_requests;
static char body[SERVER_MOST][SERVER_BODY_BYTES];
static char authorization[256];
static void (*hook)(void);

void server_sleep_ms(int ms)
{
    const struct timespec t = {.tv_sec = ms / 1000,
                               .tv_nsec = (ms % 1000) * 1000000L};

    nanosleep(&t, NULL);
}

static enum MHD_Result respond(struct MHD_Connection *c,
                               const struct server_answer *a)
{
    static char text[] = "<html>log in</html>";
    struct MHD_Response *r = MHD_create_response_from_buffer(
        a->type ? sizeof(text) - 1 : 0, text, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result rc;

    if (a->status == ANSWER_CLOSE) {
        MHD_destroy_response(r);
        return MHD_NO;
    }
    if (a->status == ANSWER_SILENCE)
        server_sleep_ms(SILENCE_MS);
    if (a->type)
        MHD_add_response_header(r, "Content-Type", a->type);
    rc =
        MHD_queue_response(c, a->status == ANSWER_SILENCE ? 200 : a->status, r);
    MHD_destroy_response(r);
    return rc;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c,
                              const char *url, const char *method,
                              const char *version, const char *data, size_t *n,
                              void **state)
{
    const struct server_answer *a;
    const char *value;
    size_t slot, used;

    (void)ctx;
    (void)url;
    (void)method;
    (void)version;
    pthread_mutex_lock(&lock);
    slot = n_requests < SERVER_MOST ? n_requests : SERVER_MOST - 1;
    if (*state == NULL) {
        *state = body[slot];
        body[slot][0] = '\0';
        pthread_mutex_unlock(&lock);
        return MHD_YES;
    }
    if (*n) {
        used = strlen(body[slot]);
        (void)snprintf(body[slot] + used, SERVER_BODY_BYTES - used, "%.*s",
                       (int)*n, data);
        *n = 0;
        pthread_mutex_unlock(&lock);
        return MHD_YES;
    }
    value = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
    (void)snprintf(authorization, sizeof(authorization), "%s",
                   value ? value : "");
    a = &script[n_requests < n_script ? n_requests : n_script - 1];
    n_requests++;
    pthread_mutex_unlock(&lock);
    if (hook)
        hook();
    return respond(c, a);
}

uint16_t server_start(const struct server_answer *answer, size_t n)
{
    const union MHD_DaemonInfo *info;
    struct sockaddr_in in = {.sin_family = AF_INET};

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    script = answer;
    n_script = n;
    n_requests = 0;
    hook = NULL;
    daemon_of_test = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0,
        NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&in,
        MHD_OPTION_END);
    ck_assert_ptr_nonnull(daemon_of_test);
    info = MHD_get_daemon_info(daemon_of_test, MHD_DAEMON_INFO_BIND_PORT);
    ck_assert_ptr_nonnull(info);
    return info->port;
}

void server_stop(void)
{
    MHD_stop_daemon(daemon_of_test);
    daemon_of_test = NULL;
}

void server_on_request(void (*f)(void))
{
    hook = f;
}

size_t server_n_requests(void)
{
    size_t n;

    pthread_mutex_lock(&lock);
    n = n_requests;
    pthread_mutex_unlock(&lock);
    return n;
}

bool server_wait(size_t n)
{
    for (int i = 0; i < 10000; i++) {
        if (server_n_requests() >= n)
            return true;
        server_sleep_ms(1);
    }
    return false;
}

const char *server_body(size_t i)
{
    return body[i];
}

const char *server_authorization(void)
{
    return authorization;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A hospital's FHIR server as the drills need one: takes whatever is posted to
 * /fhir, and keeps it.
 *
 *     receiver FILE      prints its port; appends each body, as one line, to
 *                        FILE; ends with SIGTERM */
#include "plugin/host/http.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { BODY_BYTES = 16 << 20 };

static enum an_code take(void *ctx, struct pl_http_request *q,
                         struct pl_http_response *r)
{
    const int *fd = ctx;
    struct an_buf b;
    struct an_str line;

    an_buf_init(&b, q->arena, BODY_BYTES);
    for (size_t i = 0; i < q->body.n; i++)
        if (q->body.p[i] != '\n' && q->body.p[i] != '\r')
            an_buf_put_char(&b, q->body.p[i]);
    an_buf_put_char(&b, '\n');
    if (an_buf_done(&b, &line, NULL) != AN_OK ||
        write(*fd, line.p, line.n) != (ssize_t)line.n)
        return AN_IO;
    r->content_type = "application/fhir+json";
    r->body = AN_STR("{\"resourceType\":\"Bundle\"}");
    return AN_OK;
}

int main(int argc, char **argv)
{
    static const struct pl_http_route route[] = {{PL_POST, "/fhir", take, 0}};
    struct pl_http_options options = {.address = {.host = AN_STR("127.0.0.1")},
                                      .max_body_bytes = BODY_BYTES,
                                      .max_answer_bytes = 4 * BODY_BYTES,
                                      .max_connections = 8,
                                      .n_threads = 1,
                                      .timeout_ms = 30000};
    struct pl_http_calls calls = {.route = route, .n_routes = 1};
    struct pl_http *server;
    sigset_t stop;
    int fd, got;

    if (argc != 2)
        return 2;
    fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    calls.ctx = &fd;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    if (fd < 0 || pl_http_open(&options, &calls, NULL, &server, NULL) != AN_OK)
        return 1;
    (void)printf("%u\n", (unsigned)pl_http_port(server));
    (void)fflush(stdout);
    (void)sigwait(&stop, &got);
    pl_http_close(server);
    return 0;
}

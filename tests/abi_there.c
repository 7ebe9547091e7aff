/* SPDX-License-Identifier: Apache-2.0 */
/* The engine is in a server, the process of the tests has the client. */
#include "tests/abi_help.h"

#include "tests/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const bool test_is_helper = true;

static void run(const char *config, int out)
{
    const char *top = getenv("top_builddir");
    char program[TEST_PATH_BYTES];

    (void)snprintf(program, sizeof(program), "%.400s/anamnesis",
                   top ? top : ".");
    if (dup2(out, 1) == 1)
        (void)execl(program, program, "-c", config, "serve", (char *)NULL);
    _exit(127);
}

void test_transport_start(struct test_host *t)
{
    char config[TEST_PATH_BYTES], said;
    int out[2];
    FILE *f;

    /* Short, as the address of a socket has to be. */
    (void)snprintf(t->socket, sizeof(t->socket), "/tmp/anamnesis-%ld.socket",
                   (long)getpid());
    test_folder_file(&t->folder, "serve.yaml", config);
    f = fopen(config, "w");
    ck_assert_ptr_nonnull(f);
    (void)fprintf(f,
                  "%slisten: {mllp: {address: \"\"}, http: {address: \"\"}, "
                  "grace: 2s, socket: {path: \"%s\", group: \"%s\"}}\n"
                  "log: {level: warn}\n",
                  t->yaml, t->socket, t->group ? t->group : "");
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(pipe(out), 0);
    t->server = fork();
    ck_assert_int_ge(t->server, 0);
    if (t->server == 0)
        run(config, out[1]);
    (void)close(out[1]);
    if (read(out[0], &said, 1) != 1)
        ck_abort_msg("the server does not start");
    (void)close(out[0]);
    (void)snprintf(t->helper, sizeof(t->helper),
                   "helper: {socket: %s, timeout: 60s}\n", t->socket);
    t->config = t->helper;
}

void test_transport_stop(struct test_host *t)
{
    int ended = 0;

    if (t->server <= 0)
        return;
    (void)kill(t->server, SIGTERM);
    ck_assert_int_eq(waitpid(t->server, &ended, 0), t->server);
    t->server = 0;
    (void)unlink(t->socket);
    ck_assert(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
}

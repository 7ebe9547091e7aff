/* SPDX-License-Identifier: Apache-2.0 */
/* A hospital's HL7 version 2 receiver as the drills need one: takes whatever comes
 * by MLLP, with AA, and keeps it.
 *
 *     taker FILE       prints its port; appends each message to FILE, its segments
 *                      as lines, then an empty line; ends with SIGTERM */
#include "tests/mllp_receiver.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

static FILE *file;

static void keep(void)
{
    for (const char *p = receiver_message(receiver_n() - 1); *p; p++)
        (void)fputc(*p == '\r' ? '\n' : *p, file);
    (void)fputc('\n', file);
    (void)fflush(file);
}

int main(int argc, char **argv)
{
    static const enum receiver_answer ok[] = {RECEIVER_AA};
    sigset_t stop;
    uint16_t port;
    int got;

    file = argc == 2 ? fopen(argv[1], "ae") : NULL;
    if (file == NULL)
        return 2;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    port = receiver_start(ok, 1);
    receiver_on_message(keep);
    (void)printf("%u\n", (unsigned)port);
    (void)fflush(stdout);
    (void)sigwait(&stop, &got);
    receiver_stop();
    return fclose(file) ? 1 : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The FHIR server of keeper.h as a program, for the drills.
 *
 *     keeper PORT FILE   0 is any port, which it prints; ends with SIGTERM */
#include "tests/keeper.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct keeper_ways ways = {
        .transaction = true, .updates = true, .creates_once = true};
    sigset_t stop;
    uint16_t port;
    int got;

    if (argc != 3)
        return 2;
    ways.file = argv[2];
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    port = keeper_start(&ways, (uint16_t)strtoul(argv[1], NULL, 10));
    if (port == 0)
        return 1;
    (void)printf("%u\n", (unsigned)port);
    (void)fflush(stdout);
    (void)sigwait(&stop, &got);
    keeper_stop();
    return 0;
}

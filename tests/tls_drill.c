/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and a TLS sender for tests/tls.sh.
 *
 *     tls_drill make                 a folder of certificates (tls_help.h); its
 *                                    name to standard output
 *     tls_drill ask FOLDER PORT WHO  standard input to the port as a frame, over
 *                                    TLS as that client ("nobody" has no
 *                                    certificate); what comes back to standard
 *                                    output.  1: nothing did */
#include "tests/tls_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_BYTES = 1 << 20 };

static int ask(char **argv)
{
    static char message[MESSAGE_BYTES], got[4096];
    struct tls_client c;
    size_t n, k = 0;

    tls_use(argv[0]);
    n = fread(message, 1, sizeof(message), stdin);
    if (!tls_connect(&c, (uint16_t)strtoul(argv[1], NULL, 10), tls_who(argv[2]),
                     NULL)) {
        (void)fprintf(stderr, "no handshake: %s\n", gnutls_strerror(c.fault));
        return 1;
    }
    if (tls_send(&c, AN_STR("\x0B")) &&
        tls_send(&c, (struct an_str){message, n}) &&
        tls_send(&c, AN_STR("\x1C\r")))
        while (k < sizeof(got) && (k == 0 || got[k - 1] != 0x1C) &&
               gnutls_record_recv(c.session, got + k, 1) == 1)
            k++;
    (void)fwrite(got, 1, k, stdout);
    tls_close(&c);
    return k ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "make") == 0) {
        (void)puts(tls_make());
        return 0;
    }
    if (argc == 5 && strcmp(argv[1], "ask") == 0)
        return ask(argv + 2);
    (void)fputs("usage: see the head of tests/tls_drill.c\n", stderr);
    return 2;
}

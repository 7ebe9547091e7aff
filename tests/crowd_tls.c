/* SPDX-License-Identifier: Apache-2.0 */
/* Peers by the hundred over TLS, for tests/crowd_tls.sh.
 *
 *     crowd_tls mllp PORT N FOLDER   N connections shake hands at once, as lab.example
 *                                    of that folder (tls_help.h); when all have,
 *                                    each sends a message
 *     crowd_tls http PORT N FOLDER   the same with a request
 *         prints how many shook hands, were answered, and were closed
 *     crowd_tls slow PORT N          N that say the beginning of a handshake and no
 *                                    more: "held", then how many were closed, and
 *                                    when the first and the last one was */
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 900, BACK_BYTES = 4096, TEXT_BYTES = 512, PATIENCE_MS = 60000 };

enum step { SHAKING, READY, ASKING, ANSWERED, CLOSED };

struct peer {
    gnutls_session_t session;
    enum step step;
    char back[BACK_BYTES];
    size_t n;
};

static struct pollfd fds[MOST];

static int fail(const char *what)
{
    (void)fprintf(stderr, "crowd_tls: %s: %s\n", what, strerror(errno));
    return 1;
}

static long now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int connect_to(const char *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return -1;
    return fd;
}

/* ---- those who shake hands -------------------------------------------------- */

static gnutls_certificate_credentials_t keys_of(const char *folder)
{
    gnutls_certificate_credentials_t c;
    char ca[512], certificate[512], key[512];

    (void)snprintf(ca, sizeof(ca), "%s/hospital.pem", folder);
    (void)snprintf(certificate, sizeof(certificate), "%s/lab.pem", folder);
    (void)snprintf(key, sizeof(key), "%s/lab.key", folder);
    if (gnutls_certificate_allocate_credentials(&c) < 0 ||
        gnutls_certificate_set_x509_trust_file(c, ca, GNUTLS_X509_FMT_PEM) <
            1 ||
        gnutls_certificate_set_x509_key_file(c, certificate, key,
                                             GNUTLS_X509_FMT_PEM) < 0)
        return NULL;
    return c;
}

static bool begin(struct peer *p, int fd, gnutls_certificate_credentials_t keys)
{
    if (gnutls_init(&p->session,
                    GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0 ||
        gnutls_set_default_priority(p->session) < 0 ||
        gnutls_credentials_set(p->session, GNUTLS_CRD_CERTIFICATE, keys) < 0)
        return false;
    gnutls_session_set_verify_cert(p->session, "localhost", 0);
    gnutls_transport_set_int(p->session, fd);
    return true;
}

static void shake(struct peer *p, struct pollfd *f)
{
    int rc = gnutls_handshake(p->session);

    if (rc == GNUTLS_E_SUCCESS)
        p->step = READY;
    else if (gnutls_error_is_fatal(rc))
        p->step = CLOSED;
    f->events = gnutls_record_get_direction(p->session) ? POLLOUT : POLLIN;
}

static void ask(struct peer *p, size_t i, bool http)
{
    char text[TEXT_BYTES];
    int n = http ? snprintf(text, sizeof(text),
                            "GET /health/live HTTP/1.1\r\nHost: drill\r\n\r\n")
                 : snprintf(text, sizeof(text),
                            "\vMSH|^~\\&|LAB|DRILL|A|B|20260310120000+0000||"
                            "ORU^R01^ORU_R01|T%06zu|P|2.5.1\r"
                            "PID|1||T%zu^^^DRILL^MR||Drill^Mary\r"
                            "OBR|1|%zu^C|%zu^L|2160-0^Creatinine^LN\r"
                            "OBX|1|NM|2160-0^Creatinine^LN||1.1|mg/dL|||||F\r"
                            "\x1c\r",
                            i, i, i, i);

    p->step =
        gnutls_record_send(p->session, text, (size_t)n) == n ? ASKING : CLOSED;
}

static void hear(struct peer *p, const char *want)
{
    ssize_t n = gnutls_record_recv(p->session, p->back + p->n,
                                   sizeof(p->back) - 1 - p->n);

    if (n < 0 && !gnutls_error_is_fatal((int)n))
        return;
    if (n <= 0) {
        p->step = CLOSED;
        return;
    }
    p->n += (size_t)n;
    p->back[p->n] = '\0';
    if (strstr(p->back, want))
        p->step = ANSWERED;
}

static size_t count(const struct peer *p, size_t n, enum step from,
                    enum step until)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += p[i].step >= from && p[i].step <= until;
    return found;
}

/* Until none of them is in that step, or patience is over. */
static bool go_on(struct peer *p, size_t n, enum step step, const char *want)
{
    long began = now_ms();

    while (count(p, n, step, step) && now_ms() - began < PATIENCE_MS) {
        if (poll(fds, n, 1000) < 0)
            return false;
        for (size_t i = 0; i < n; i++) {
            if (p[i].step != step || fds[i].revents == 0)
                continue;
            if (step == SHAKING)
                shake(&p[i], &fds[i]);
            else
                hear(&p[i], want);
        }
    }
    return true;
}

static int hundreds(const char *port, size_t n, const char *folder, bool http)
{
    /* Static: until the end is no leak. */
    static gnutls_certificate_credentials_t keys;
    static struct peer *p;
    size_t shook;

    p = calloc(n, sizeof(*p));
    keys = keys_of(folder);
    if (n > MOST || p == NULL || keys == NULL)
        return fail("no keys, or too many");
    for (size_t i = 0; i < n; i++) {
        fds[i] = (struct pollfd){.fd = connect_to(port), .events = POLLOUT};
        if (fds[i].fd < 0 || !begin(&p[i], fds[i].fd, keys))
            return fail("connect");
    }
    if (!go_on(p, n, SHAKING, NULL))
        return fail("poll");
    shook = count(p, n, READY, READY);
    for (size_t i = 0; i < n; i++) {
        fds[i].events = POLLIN;
        if (p[i].step == READY)
            ask(&p[i], i, http);
    }
    if (!go_on(p, n, ASKING, http ? "HTTP/1.1 200" : "MSA|AA|"))
        return fail("poll");
    (void)printf("%zu shook hands, %zu answered, %zu closed\n", shook,
                 count(p, n, ANSWERED, ANSWERED), count(p, n, CLOSED, CLOSED));
    return 0;
}

/* ---- those who do not --------------------------------------------------------- */

static int slow(const char *port, size_t n)
{
    /* A record of 512 bytes is announced. */
    static const char hello[] = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00};
    long began, first = -1, last = -1;
    size_t closed = 0;

    if (n > MOST)
        return fail("too many");
    for (size_t i = 0; i < n; i++) {
        fds[i] = (struct pollfd){.fd = connect_to(port), .events = POLLIN};
        if (fds[i].fd < 0 || send(fds[i].fd, hello, sizeof(hello),
                                  MSG_NOSIGNAL) != (ssize_t)sizeof(hello))
            return fail("connect");
    }
    (void)puts("held");
    (void)fflush(stdout);
    began = now_ms();
    while (closed < n && now_ms() - began < PATIENCE_MS) {
        if (poll(fds, n, 1000) < 0)
            return fail("poll");
        for (size_t i = 0; i < n; i++) {
            char back[BACK_BYTES];

            if (fds[i].fd < 0 || fds[i].revents == 0 ||
                recv(fds[i].fd, back, sizeof(back), 0) > 0)
                continue;
            (void)close(fds[i].fd);
            fds[i].fd = -1;
            closed++;
            last = now_ms() - began;
            first = first < 0 ? last : first;
        }
    }
    (void)printf("%zu closed, %ld ms, %ld ms\n", closed, first, last);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    size_t n = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

    if (argc == 5 && strcmp(what, "mllp") == 0)
        return hundreds(argv[2], n, argv[4], false);
    if (argc == 5 && strcmp(what, "http") == 0)
        return hundreds(argv[2], n, argv[4], true);
    if (argc == 4 && strcmp(what, "slow") == 0)
        return slow(argv[2], n);
    (void)fputs("usage: see the head of tests/crowd_tls.c\n", stderr);
    return 2;
}

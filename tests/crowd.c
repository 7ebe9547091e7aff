/* SPDX-License-Identifier: Apache-2.0 */
/* Peers by the thousand, and peers that behave badly, for tests/crowd.sh.
 *
 *     crowd mllp PORT N       N connections; when all stand each sends a message
 *     crowd http PORT N       the same with a request
 *         prints how many were answered, how many were closed unanswered, and
 *         how many were answered in the first second
 *     crowd trickle PORT MS   a frame, a byte each MS, until it is closed
 *     crowd gone PORT N       N times: reset within a frame, and reset when the
 *                             message is sent and the answer on its way
 *     crowd deaf PORT         messages without end whose answers nobody reads;
 *                             ends when the connection is closed
 *     crowd heavy PORT N KIB  N connections, each sends so much of a frame and not
 *                             its end; prints how many were refused (AE), how
 *                             many closed without a word, how many hold it all
 *     crowd hold PORT BYTES   the first bytes of a frame, then nothing; says
 *                             "held" and waits for its end */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST = 8192,
    TEXT_BYTES = 512,
    BACK_BYTES = 4096,
    SPARE_FDS = 64,
    PUSH_BYTES = 1 << 16,
    PATIENCE_MS = 60000
};

static int fail(const char *what)
{
    (void)fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
    return 1;
}

/* receive_bytes: how much the kernel takes that nobody reads; 0: as it likes. */
static int connect_with(const char *port, int receive_bytes)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (fd >= 0 && receive_bytes)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes,
                         sizeof(receive_bytes));
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static int connect_to(const char *port)
{
    return connect_with(port, 0);
}

/* From VT to FS CR. */
static size_t frame(unsigned long n, char text[TEXT_BYTES])
{
    int used = snprintf(
        text, TEXT_BYTES,
        "\vMSH|^~\\&|LAB|DRILL|A|B|20260310120000+0000||ORU^R01^ORU_R01|"
        "C%06lu|P|2.5.1\rPID|1||P%lu^^^DRILL^MR||Drill^Mary||19500101|F\r"
        "OBR|1|%lu^C|%lu^L|2160-0^Creatinine^LN|||20260310110000+0000\r"
        "OBX|1|NM|2160-0^Creatinine^LN||1.1|mg/dL|0.50-1.10||||F|||"
        "20260310110000+0000\r\x1c\r",
        n, n, n, n);

    return (size_t)used;
}

static bool send_all(int fd, const char *p, size_t n)
{
    for (ssize_t m; n; p += m, n -= (size_t)m) {
        m = send(fd, p, n, MSG_NOSIGNAL);
        if (m <= 0)
            return false;
    }
    return true;
}

/* Closed with a reset, as when a machine goes down and comes up. */
static void reset(int fd)
{
    struct linger now = {1, 0};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    (void)close(fd);
}

static void nap(unsigned long ms)
{
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    (void)nanosleep(&t, NULL);
}

static long elapsed_ms(const struct timespec *since)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000 +
           (now.tv_nsec - since->tv_nsec) / 1000000;
}

/* ---- thousands ------------------------------------------------------------------ */

struct peer {
    char back[BACK_BYTES];
    size_t n;
};

/* More has come, or the end; true when this one is through. */
static bool hear(int fd, struct peer *p, const char *want, size_t *answered,
                 size_t *closed)
{
    ssize_t n = recv(fd, p->back + p->n, sizeof(p->back) - 1 - p->n, 0);

    if (n <= 0) {
        (*closed)++;
        return true;
    }
    p->n += (size_t)n;
    p->back[p->n] = '\0';
    if (strstr(p->back, want) == NULL)
        return false;
    (*answered)++;
    return true;
}

static bool hear_all(struct pollfd *fds, struct peer *peer, size_t n,
                     const char *want)
{
    size_t answered = 0, closed = 0, at_once = 0;
    struct timespec began;

    (void)clock_gettime(CLOCK_MONOTONIC, &began);
    while (answered + closed < n && elapsed_ms(&began) < PATIENCE_MS) {
        if (poll(fds, n, 1000) < 0)
            return false;
        for (size_t i = 0; i < n; i++) {
            if (fds[i].fd < 0 || fds[i].revents == 0 ||
                !hear(fds[i].fd, &peer[i], want, &answered, &closed))
                continue;
            /* An answered one stays open, so that all are there at once. */
            fds[i].fd = -1;
            if (elapsed_ms(&began) < 1000)
                at_once = answered;
        }
    }
    (void)printf("%zu answered, %zu closed, %zu silent, %zu in a second, "
                 "%ld ms\n",
                 answered, closed, n - answered - closed, at_once,
                 elapsed_ms(&began));
    return true;
}

static int thousands(const char *port, size_t n, bool http)
{
    static struct pollfd fds[MOST];
    static struct peer *peer; /* static: until the end is no leak */
    struct rlimit most;
    char text[TEXT_BYTES];

    if (n > MOST)
        return fail("too many");
    if (getrlimit(RLIMIT_NOFILE, &most) != 0 || most.rlim_max < n + SPARE_FDS)
        return fail("not enough descriptors are allowed");
    if (most.rlim_cur < n + SPARE_FDS) {
        most.rlim_cur = n + SPARE_FDS;
        if (setrlimit(RLIMIT_NOFILE, &most) != 0)
            return fail("setrlimit");
    }
    peer = calloc(n, sizeof(*peer));
    if (peer == NULL)
        return fail("calloc");
    for (size_t i = 0; i < n; i++) {
        fds[i] = (struct pollfd){.fd = connect_to(port), .events = POLLIN};
        if (fds[i].fd < 0)
            return fail("connect");
    }
    for (size_t i = 0; i < n; i++) {
        size_t bytes =
            http ? (size_t)snprintf(
                       text, sizeof(text),
                       "GET /health/live HTTP/1.1\r\nHost: drill\r\n\r\n")
                 : frame((unsigned long)i, text);

        (void)send_all(fds[i].fd, text, bytes); /* or it has been closed */
    }
    return hear_all(fds, peer, n, http ? "HTTP/1.1 200" : "MSA|AA|") ? 0 : 1;
}

/* ---- bad manners ---------------------------------------------------------------- */

static bool has_ended(int fd, int wait_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char back[BACK_BYTES];

    return poll(&p, 1, wait_ms) > 0 && recv(fd, back, sizeof(back), 0) <= 0;
}

static int trickle(const char *port, unsigned long ms)
{
    char text[TEXT_BYTES];
    size_t n = frame(1, text), i;
    struct timespec began;
    int fd = connect_to(port);

    if (fd < 0)
        return fail("connect");
    (void)clock_gettime(CLOCK_MONOTONIC, &began);
    for (i = 0; i < n && send_all(fd, text + i, 1); i++)
        if (has_ended(fd, (int)ms))
            break;
    (void)printf("%zu of %zu bytes, %ld ms\n", i, n, elapsed_ms(&began));
    (void)close(fd);
    return 0;
}

static int gone(const char *port, size_t n)
{
    char text[TEXT_BYTES];

    for (size_t i = 0; i < n; i++) {
        size_t bytes = frame(100000 + (unsigned long)i, text);
        int fd = connect_to(port);

        if (fd < 0)
            return fail("connect");
        (void)send_all(fd, text, bytes / 2 + i % (bytes / 2));
        reset(fd);
        fd = connect_to(port);
        if (fd < 0)
            return fail("connect");
        (void)send_all(fd, text, bytes);
        if (i % 3)
            nap(i % 3);
        reset(fd);
    }
    return 0;
}

static int deaf(const char *port)
{
    int fd = connect_with(port, 2048);
    char text[TEXT_BYTES];
    struct timespec began;

    if (fd < 0)
        return fail("connect");
    (void)clock_gettime(CLOCK_MONOTONIC, &began);
    for (unsigned long i = 0; elapsed_ms(&began) < PATIENCE_MS; i++) {
        size_t n = frame(200000 + i, text);

        if (!send_all(fd, text, n)) {
            (void)printf("closed after %lu messages, %ld ms\n", i,
                         elapsed_ms(&began));
            (void)close(fd);
            return 0;
        }
    }
    return fail("it was never closed");
}

struct heavy {
    size_t sent;
    struct peer back;
};

/* More of the frame, as much as goes now; false when the other side has closed. */
static bool push(int fd, struct heavy *h, const char *block, size_t most)
{
    while (h->sent < most) {
        size_t n = most - h->sent < PUSH_BYTES ? most - h->sent : PUSH_BYTES;
        ssize_t m = send(fd, h->sent ? block + 1 : block, n,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (m < 0)
            return errno == EAGAIN;
        h->sent += (size_t)m;
    }
    return true;
}

/* One that has something to say, or room; true when it is through. */
static bool move(struct pollfd *p, struct heavy *h, const char *block,
                 size_t most, size_t *refused, size_t *closed)
{
    bool open = (p->revents & POLLOUT) == 0 || push(p->fd, h, block, most);

    if (p->revents & POLLIN)
        return hear(p->fd, &h->back, "MSA|AE|", refused, closed);
    if (!open || (p->revents & (POLLERR | POLLHUP)))
        (*closed)++;
    else if (h->sent == most)
        p->events = POLLIN;
    return !open || (p->revents & (POLLERR | POLLHUP));
}

static int heavy(const char *port, size_t n, size_t kib)
{
    static struct pollfd fds[MOST];
    static char block[PUSH_BYTES + 1];
    static struct heavy *h;
    size_t most = kib * 1024, refused = 0, closed = 0, full = 0;
    struct timespec began;

    h = calloc(n, sizeof(*h));
    if (n > MOST || h == NULL)
        return fail("too many");
    memset(block, 'x', sizeof(block));
    (void)memcpy(block, "\vMSH|^~\\&|A|B|C|D|2026||ORU^R01|H|P|2.5\r", 41);
    for (size_t i = 0; i < n; i++) {
        fds[i] =
            (struct pollfd){.fd = connect_to(port), .events = POLLIN | POLLOUT};
        if (fds[i].fd < 0)
            return fail("connect");
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &began);
    while (refused + closed + full < n && elapsed_ms(&began) < PATIENCE_MS) {
        if (poll(fds, n, 1000) < 0)
            return fail("poll");
        full = 0;
        for (size_t i = 0; i < n; i++) {
            if (fds[i].fd >= 0 && fds[i].revents &&
                move(&fds[i], &h[i], block, most, &refused, &closed)) {
                (void)close(fds[i].fd);
                fds[i].fd = -1;
            }
            full += fds[i].fd >= 0 && h[i].sent == most;
        }
    }
    (void)printf("%zu refused, %zu closed, %zu hold it all\n", refused, closed,
                 full);
    (void)fflush(stdout);
    nap(500);
    return 0;
}

static int hold(const char *port, size_t bytes)
{
    char text[TEXT_BYTES];
    size_t n = frame(1, text);
    int fd = connect_to(port);

    if (fd < 0 || !send_all(fd, text, bytes < n ? bytes : n))
        return fail("connect");
    (void)puts("held");
    (void)fflush(stdout);
    while (!has_ended(fd, PATIENCE_MS))
        continue;
    (void)puts("ended");
    (void)close(fd);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    unsigned long n = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

    if (argc == 4 && strcmp(what, "mllp") == 0)
        return thousands(argv[2], n, false);
    if (argc == 4 && strcmp(what, "http") == 0)
        return thousands(argv[2], n, true);
    if (argc == 4 && strcmp(what, "trickle") == 0)
        return trickle(argv[2], n);
    if (argc == 4 && strcmp(what, "gone") == 0)
        return gone(argv[2], n);
    if (argc == 3 && strcmp(what, "deaf") == 0)
        return deaf(argv[2]);
    if (argc == 5 && strcmp(what, "heavy") == 0)
        return heavy(argv[2], n, strtoul(argv[4], NULL, 10));
    if (argc == 4 && strcmp(what, "hold") == 0)
        return hold(argv[2], n);
    (void)fputs("usage: see the head of tests/crowd.c\n", stderr);
    return 2;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mllp_receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 512, FRAME_BYTES = 1 << 20, TICK_MS = 5 };

static struct {
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    const enum receiver_answer *answer;
    size_t n_answers, n;
    char *message[MOST];
    void (*hook)(void);
    bool stopping;
} r = {.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

/* The program may be no Check program. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

void receiver_sleep_ms(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

    (void)nanosleep(&t, NULL);
}

static bool is_stopping(void)
{
    bool stopping;

    (void)pthread_mutex_lock(&r.lock);
    stopping = r.stopping;
    (void)pthread_mutex_unlock(&r.lock);
    return stopping;
}

static void say(int fd, const char *text, bool framed)
{
    char out[1024];
    int n = snprintf(out, sizeof(out), framed ? "\x0B%s\x1C\r" : "%s", text);

    (void)!send(fd, out, (size_t)n, MSG_NOSIGNAL);
}

static void acknowledge(int fd, const char *code, const char *control)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "MSH|^~\\&|EHR|X|A|X|2026||ACK|1|P|2.5.1\rMSA|%s|%s\r", code,
                   control);
    say(fd, text, true);
}

/* MSH-10 of the message. */
static void control_of(const char *message, char out[64])
{
    for (int i = 1; message && i < 10; i++) {
        message = strchr(message, '|');
        message = message ? message + 1 : NULL;
    }
    (void)snprintf(out, 64, "%.*s", message ? (int)strcspn(message, "|\r") : 0,
                   message ? message : "");
}

/* False to hang up. */
static bool answer(int fd, const char *message, enum receiver_answer how)
{
    static const char *const code[] = {"AA", "CA", "AE", "CE", "AR", "CR"};
    char control[64];

    control_of(message, control);
    switch (how) {
    case RECEIVER_OTHER: acknowledge(fd, "AA", "ANOTHER"); return true;
    case RECEIVER_UNNAMED: acknowledge(fd, "AA", ""); return true;
    case RECEIVER_GARBAGE: say(fd, "this is no HL7", true); return true;
    case RECEIVER_BARE: say(fd, "MSH|^~\\&|X\rMSA|AA|1\r", false); return false;
    case RECEIVER_SILENCE: return true;
    case RECEIVER_CLOSE: return false;
    case RECEIVER_TWO:
        acknowledge(fd, "CA", control);
        acknowledge(fd, "AA", control);
        return true;
    case RECEIVER_AA:
    case RECEIVER_CA:
    case RECEIVER_AE:
    case RECEIVER_CE:
    case RECEIVER_AR:
    case RECEIVER_CR:
    default: acknowledge(fd, code[how], control); return true;
    }
}

static bool take(int fd, const char *message)
{
    enum receiver_answer how;
    void (*hook)(void);

    (void)pthread_mutex_lock(&r.lock);
    if (r.n == MOST)
        abort();
    r.message[r.n] = strdup(message);
    how = r.answer[r.n < r.n_answers ? r.n : r.n_answers - 1];
    r.n++;
    hook = r.hook;
    (void)pthread_mutex_unlock(&r.lock);
    if (hook)
        hook();
    return answer(fd, message, how);
}

static void serve(int fd)
{
    char *buf = malloc(FRAME_BYTES);
    size_t n = 0;
    bool go = buf != NULL;

    while (go && !is_stopping()) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t got;
        char *end;

        if (poll(&p, 1, TICK_MS) <= 0)
            continue;
        got = recv(fd, buf + n, FRAME_BYTES - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
        buf[n] = '\0';
        end = strstr(buf, "\x1C\r");
        if (end == NULL)
            continue;
        *end = '\0';
        go = take(fd, buf + 1);
        n -= (size_t)(end + 2 - buf);
        memmove(buf, end + 2, n);
    }
    free(buf);
    (void)close(fd);
}

static void *run(void *unused)
{
    (void)unused;
    while (!is_stopping()) {
        struct pollfd p = {.fd = r.fd, .events = POLLIN};
        int fd;

        if (poll(&p, 1, TICK_MS) <= 0)
            continue;
        fd = accept(r.fd, NULL, NULL);
        if (fd >= 0)
            serve(fd);
    }
    return NULL;
}

uint16_t receiver_start(const enum receiver_answer *list, size_t n)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(a);

    for (size_t i = 0; i < r.n; i++)
        free(r.message[i]);
    r.n = 0;
    r.answer = list;
    r.n_answers = n;
    r.hook = NULL;
    r.stopping = false;
    r.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(r.fd >= 0);
    must(bind(r.fd, (struct sockaddr *)&a, size) == 0);
    must(listen(r.fd, 8) == 0);
    must(getsockname(r.fd, (struct sockaddr *)&a, &size) == 0);
    must(pthread_create(&r.thread, NULL, run, NULL) == 0);
    return ntohs(a.sin_port);
}

void receiver_stop(void)
{
    (void)pthread_mutex_lock(&r.lock);
    r.stopping = true;
    (void)pthread_mutex_unlock(&r.lock);
    (void)pthread_join(r.thread, NULL);
    (void)close(r.fd);
    r.fd = -1;
}

void receiver_on_message(void (*hook)(void))
{
    (void)pthread_mutex_lock(&r.lock);
    r.hook = hook;
    (void)pthread_mutex_unlock(&r.lock);
}

size_t receiver_n(void)
{
    size_t n;

    (void)pthread_mutex_lock(&r.lock);
    n = r.n;
    (void)pthread_mutex_unlock(&r.lock);
    return n;
}

const char *receiver_message(size_t i)
{
    must(i < receiver_n());
    return r.message[i];
}

bool receiver_wait(size_t n)
{
    for (int i = 0; i < 10000 && receiver_n() < n; i++)
        receiver_sleep_ms(1);
    return receiver_n() >= n;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Senders that go on until the server is gone, and remember what was not
 * acknowledged, for tests/kill.sh.
 *
 *     storm send MLLP HTTP ACKED PENDING FROM
 *         first the messages whose numbers stand in PENDING, then new ones from
 *         FROM on, over four MLLP connections; each fifth over HTTP.  Ends when
 *         all connections have failed; appends the control ids that were
 *         acknowledged to ACKED, writes to PENDING what was not, and prints the
 *         first number that was not tried
 *     storm rest MLLP HTTP ACKED PENDING
 *         those of PENDING only; 1 when some are left
 *     storm print FROM N
 *         messages F<number> for a watched folder, one after the other
 *
 * A number always gives the same bytes: a message is repeated as it was. */
#include "plugin/host/client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MLLP_THREADS = 4,
    THREADS = MLLP_THREADS + 1,
    EACH_HTTP = 5,
    TIMEOUT_MS = 20000,
    PAUSE_US = 8000,
    PATIENTS = 97,
    MOST = 4096,
    TEXT_BYTES = 1024
};

enum lane { BY_MLLP, BY_HTTP, N_LANES };

static struct {
    pthread_mutex_t lock;
    unsigned long old[N_LANES][MOST]; /* of PENDING */
    size_t n_old[N_LANES], at[N_LANES];
    unsigned long next[N_LANES];
    bool only_old;
    unsigned long left[MOST]; /* tried without an answer */
    size_t n_left;
    const char *mllp, *http, *acked;
} storm = {.lock = PTHREAD_MUTEX_INITIALIZER};

static enum lane lane_of(unsigned long n)
{
    return n % EACH_HTTP == 0 ? BY_HTTP : BY_MLLP;
}

static size_t message(char letter, unsigned long n, char text[TEXT_BYTES])
{
    unsigned long patient = n * 31 % PATIENTS;
    char when[32];
    int used;

    (void)snprintf(when, sizeof(when), "202603%02lu%02lu%02lu00+0000",
                   1 + n / 1440 % 28, n / 60 % 24, n % 60);
    if (n % 6 == 0)
        used = snprintf(
            text, TEXT_BYTES,
            "MSH|^~\\&|ADT|DRILL|A|B|%s||ADT^A01^ADT_A01|%c%08lu|P|2.5.1\r"
            "EVN|A01|%s\rPID|1||P%lu^^^DRILL^MR||Drill^Mary||19500101|F\r"
            "PV1|1|I|W^1^A^DRILL||||||||||||||||V%lu^^^DRILL^VN|||||||||||||||"
            "||||||||||%s\r",
            when, letter, n, when, patient, n, when);
    else
        used = snprintf(
            text, TEXT_BYTES,
            "MSH|^~\\&|LAB|DRILL|A|B|%s||ORU^R01^ORU_R01|%c%08lu|P|2.5.1\r"
            "PID|1||P%lu^^^DRILL^MR||Drill^Mary||19500101|F\r"
            "OBR|1|%lu^C|%c%lu^L|2160-0^Creatinine^LN|||%s\r"
            "OBX|1|NM|2160-0^Creatinine^LN||%lu.%02lu|mg/dL|0.50-1.10||||F|||"
            "%s\r",
            when, letter, n, patient, n, letter, n, when, 1 + n % 3, n % 100,
            when);
    return (size_t)used;
}

/* The next number of a lane; false when there is none. */
static bool take(enum lane lane, unsigned long *n)
{
    bool has = true;

    pthread_mutex_lock(&storm.lock);
    if (storm.at[lane] < storm.n_old[lane])
        *n = storm.old[lane][storm.at[lane]++];
    else if (storm.only_old)
        has = false;
    else
        do
            *n = storm.next[lane]++;
        while (lane_of(*n) != lane);
    pthread_mutex_unlock(&storm.lock);
    return has;
}

static void leave(unsigned long n)
{
    pthread_mutex_lock(&storm.lock);
    if (storm.n_left < MOST)
        storm.left[storm.n_left++] = n;
    pthread_mutex_unlock(&storm.lock);
}

static void note(unsigned long n)
{
    FILE *f;

    pthread_mutex_lock(&storm.lock);
    f = fopen(storm.acked, "ae");
    if (f == NULL || fprintf(f, "K%08lu\n", n) < 0 || fclose(f) != 0)
        abort();
    pthread_mutex_unlock(&storm.lock);
}

static bool open_port(const char *port, struct pl_client *c)
{
    struct cfg_address to = {.host = AN_STR("127.0.0.1"),
                             .port = (uint16_t)strtoul(port, NULL, 10)};

    return pl_client_open(c, &to, TIMEOUT_MS, NULL) == AN_OK;
}

static void *by_mllp(void *arg)
{
    struct pl_client c;
    bool open = open_port(storm.mllp, &c);
    unsigned long n;

    while (open && take(BY_MLLP, &n)) {
        char text[TEXT_BYTES], id[16];
        struct an_str bytes = {text, message('K', n, text)};
        struct hl7_answer answer;

        (void)snprintf(id, sizeof(id), "K%08lu", n);
        if (pl_client_send(&c, bytes, &answer, NULL) != AN_OK) {
            leave(n);
            break;
        }
        if (answer.code == HL7_ACK_AA &&
            an_str_eq(answer.control_id, an_str_c(id)))
            note(n);
        else
            leave(n);
        (void)usleep(PAUSE_US);
    }
    if (open)
        pl_client_close(&c);
    return arg;
}

/* A connection for each: the whole answer is what comes before the end. */
static bool post(unsigned long n)
{
    char text[TEXT_BYTES], out[2 * TEXT_BYTES], back[8192], want[32];
    size_t n_text = message('K', n, text), got = 0;
    struct pl_client c;
    int used;
    ssize_t more;

    if (!open_port(storm.http, &c))
        return false;
    used = snprintf(out, sizeof(out),
                    "POST /hl7v2 HTTP/1.1\r\nHost: drill\r\nContent-Type: "
                    "application/hl7-v2\r\nContent-Length: %zu\r\nConnection: "
                    "close\r\n\r\n%s",
                    n_text, text);
    if (send(c.fd, out, (size_t)used, MSG_NOSIGNAL) == used)
        while (got < sizeof(back) - 1 &&
               (more = recv(c.fd, back + got, sizeof(back) - 1 - got, 0)) > 0)
            got += (size_t)more;
    back[got] = '\0';
    pl_client_close(&c);
    (void)snprintf(want, sizeof(want), "MSA|AA|K%08lu", n);
    return strncmp(back, "HTTP/1.1 200 ", 13) == 0 && strstr(back, want);
}

static void *by_http(void *arg)
{
    unsigned long n;

    while (take(BY_HTTP, &n)) {
        if (!post(n)) {
            leave(n);
            break;
        }
        note(n);
        (void)usleep(PAUSE_US);
    }
    return arg;
}

static void read_pending(const char *path)
{
    FILE *f = fopen(path, "re");
    unsigned long n;

    while (f && fscanf(f, "%lu", &n) == 1) {
        enum lane lane = lane_of(n);

        if (storm.n_old[lane] == MOST)
            abort();
        storm.old[lane][storm.n_old[lane]++] = n;
    }
    if (f)
        (void)fclose(f);
}

static void write_pending(const char *path)
{
    FILE *f = fopen(path, "we");

    if (f == NULL)
        abort();
    for (size_t i = 0; i < storm.n_left; i++)
        (void)fprintf(f, "%lu\n", storm.left[i]);
    for (int lane = 0; lane < N_LANES; lane++)
        for (size_t i = storm.at[lane]; i < storm.n_old[lane]; i++)
            (void)fprintf(f, "%lu\n", storm.old[lane][i]);
    if (fclose(f) != 0)
        abort();
}

static int blow(char **argv, unsigned long from, bool only_old)
{
    pthread_t thread[THREADS];

    storm.mllp = argv[0];
    storm.http = argv[1];
    storm.acked = argv[2];
    storm.only_old = only_old;
    storm.next[BY_MLLP] = storm.next[BY_HTTP] = from;
    read_pending(argv[3]);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL,
                           i < MLLP_THREADS ? by_mllp : by_http, NULL))
            abort();
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(thread[i], NULL);
    write_pending(argv[3]);
    if (!only_old)
        (void)printf("%lu\n", storm.next[BY_MLLP] > storm.next[BY_HTTP]
                                  ? storm.next[BY_MLLP]
                                  : storm.next[BY_HTTP]);
    return storm.n_left || storm.at[BY_MLLP] < storm.n_old[BY_MLLP] ||
           storm.at[BY_HTTP] < storm.n_old[BY_HTTP];
}

static int print(unsigned long from, unsigned long n)
{
    char text[TEXT_BYTES];

    for (unsigned long i = from; i < from + n; i++)
        (void)fwrite(text, 1, message('F', i, text), stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 7 && strcmp(argv[1], "send") == 0) {
        (void)blow(argv + 2, strtoul(argv[6], NULL, 10), false);
        return 0;
    }
    if (argc == 6 && strcmp(argv[1], "rest") == 0)
        return blow(argv + 2, 0, true);
    if (argc == 4 && strcmp(argv[1], "print") == 0)
        return print(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
    (void)fputs("usage: see the head of tests/storm.c\n", stderr);
    return 2;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The other side of tests/scale.sh: more messages than fit in memory, of ten
 * thousand invented patients.
 *
 *     scale archive BYTES              messages to standard output, at least
 *                                      so many bytes: eight panels, a report
 *                                      of 28 kB, and again
 *     scale send PORT FIRST N LINKS    panels FIRST to FIRST + N - 1, each
 *                                      over one of so many connections that
 *                                      wait for their answers; prints how
 *                                      many a second were accepted.  1: not
 *                                      all were */
#include "plugin/host/client.h"
#include "tests/bench.h"
#include "tests/messages.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATIENTS = 10000,
    APART = 7919, /* neighbours in time are not neighbours in the file */
    REPORT_EVERY = 9,
    REPORT_LINES = 320,
    MOST_LINKS = 256,
    TIMEOUT_MS = 20000
};

static int complain(const struct an_err *err)
{
    char text[512];

    an_err_print(err, text, sizeof(text));
    (void)fprintf(stderr, "scale: %s\n", text);
    return EXIT_FAILURE;
}

/* ---- an archive ---------------------------------------------------------- */

static const char *const phrase[] = {"The liver is of normal size and outline",
                                     "No focal lesion is seen",
                                     "The right kidney measures 104 mm",
                                     "There is mild sclerosis of the aorta",
                                     "Unchanged since the last examination",
                                     "The patient was told of the findings",
                                     "Follow-up in six months is proposed",
                                     "No free fluid in the abdomen"};

/* Invented words, each report's its own: it must not deflate to nothing. */
static size_t print_report(uint64_t n)
{
    uint64_t some = n * 0x9e3779b97f4a7c15U | 1;
    const unsigned long long no = n;
    int bytes = printf(
        "MSH|^~\\&|RAD|NORTH|EHR|GENHOSP|20241105080000||ORU^R01^ORU_R01|R%"
        "09llu"
        "|P|2.5.1\rPID|1||M%07llu^^^GENHOSP^MR||Testperson^Nr^Q||19500215|F\r"
        "OBR|1|P%09llu|X%09llu|18748-4^Diagnostic imaging study^LN|||"
        "20241105070000+0000\r",
        no, no * APART % PATIENTS, no, no);

    for (int i = 0; i < REPORT_LINES; i++) {
        some ^= some << 13;
        some ^= some >> 7;
        some ^= some << 17;
        bytes += printf("OBX|%d|TX|18748-4^Diagnostic imaging study^LN||%s, "
                        "series %llu||||||F\r",
                        i + 1, phrase[some >> 61],
                        (unsigned long long)(some & 0xffff));
    }
    return (size_t)bytes;
}

static int archive(char **argv)
{
    uint64_t want = strtoull(argv[0], NULL, 10), bytes = 0;
    static struct test_message m;

    for (uint64_t n = 0; bytes < want; n++) {
        if (n % REPORT_EVERY == REPORT_EVERY - 1) {
            bytes += print_report(n);
            continue;
        }
        test_message(&m, n, n * APART % PATIENTS);
        bytes += fwrite(m.bytes.p, 1, m.bytes.n, stdout);
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- a load -------------------------------------------------------------- */

struct load {
    struct cfg_address to;
    uint64_t end;
    _Atomic uint64_t next, n_accepted;
};

static void *send_some(void *self)
{
    struct load *l = self;
    struct test_message *m = malloc(sizeof(*m));
    struct hl7_answer answer;
    struct pl_client client;
    struct an_err err;
    uint64_t n;

    if (m == NULL || pl_client_open(&client, &l->to, TIMEOUT_MS, &err)) {
        free(m);
        return NULL;
    }
    while ((n = atomic_fetch_add(&l->next, 1)) < l->end) {
        test_message(m, n, n * APART % PATIENTS);
        if (pl_client_send(&client, m->bytes, &answer, &err) != AN_OK) {
            (void)complain(&err);
            break;
        }
        if (answer.code == HL7_ACK_AA)
            atomic_fetch_add(&l->n_accepted, 1);
    }
    pl_client_close(&client);
    free(m);
    return NULL;
}

static int send_all(char **argv)
{
    const uint64_t first = strtoull(argv[1], NULL, 10),
                   n = strtoull(argv[2], NULL, 10);
    const size_t n_links = strtoul(argv[3], NULL, 10);
    struct load l = {.to = {.host = AN_STR("127.0.0.1"),
                            .port = (uint16_t)strtoul(argv[0], NULL, 10)},
                     .end = first + n,
                     .next = first};
    pthread_t thread[MOST_LINKS];
    double t0 = bench_now_s();

    if (n_links == 0 || n_links > MOST_LINKS)
        return EXIT_FAILURE;
    for (size_t i = 0; i < n_links; i++)
        if (pthread_create(&thread[i], NULL, send_some, &l) != 0)
            return EXIT_FAILURE;
    for (size_t i = 0; i < n_links; i++)
        (void)pthread_join(thread[i], NULL);
    (void)printf("%.0f\n", (double)l.n_accepted / (bench_now_s() - t0));
    return l.n_accepted == n ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "archive") == 0)
        return archive(argv + 2);
    if (argc == 6 && strcmp(argv[1], "send") == 0)
        return send_all(argv + 2);
    (void)fprintf(stderr, "usage: see the beginning of tests/scale.c\n");
    return 2;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The other side of tests/bench_cds.sh: invented patients whose charts are
 * opened at a server of ours, over HTTP, with all of their history in the
 * prefetch (128 events).
 *
 *     bench_cds known N                  N HL7v2 messages, one a patient
 *     bench_cds alone PORT N             one chart again and again
 *     bench_cds rate PORT RATE SECONDS PATIENTS
 *                                        charts at that rate, whether or not
 *                                        earlier ones are answered; a time
 *                                        counts from when its turn had come
 *     bench_cds open PORT N SECONDS      N charts once, as many as that time
 *                                        allows
 *
 * A chart is cold when its patient is seen for the first time. */
#include "base/sort.h"
#include "base/str.h"
#include "tests/bench.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    VISITS = 24,    /* each an admission and a discharge */
    RESULTS = 60,   /* of the latest visits */
    CONDITIONS = 8, /* with birth, sex and medications: 128 events */
    MEDICATIONS = 10,
    CONNECTIONS = 16,
    DRAIN_S = 60, /* how late a rate may get before it is given up */
    ANSWER_BYTES = 4 << 20
};

static void stop(const char *what)
{
    fprintf(stderr, "bench_cds: %s\n", what);
    exit(EXIT_FAILURE);
}

/* ---- a chart ------------------------------------------------------------- */

static const char *const loinc[] = {"8480-6", "8462-4", "29463-7",
                                    "2160-0", "4548-4", "718-7"};
static const char *const unit[] = {"mm[Hg]", "mm[Hg]", "kg",
                                   "mg/dL",  "%",      "g/dL"};
static const char *const snomed[] = {"59621000",  "44054006", "162864005",
                                     "195662009", "10509002", "444814009",
                                     "36971009",  "40055000"};
static const char *const rxnorm[] = {"314076", "860975", "310798", "308136",
                                     "197361"};

/* A searchset that begins, then ends. */
static const char *begin(FILE *f, const char *name)
{
    (void)fprintf(f,
                  ",\"%s\":{\"resourceType\":\"Bundle\",\"type\":\"searchset\","
                  "\"entry\":[",
                  name);
    return "";
}

static void end(FILE *f)
{
    (void)fputs("]}", f);
}

static void put_visits(FILE *f, unsigned k)
{
    const char *comma = begin(f, "encounters");

    for (unsigned i = 0; i < VISITS; i++, comma = ",")
        (void)fprintf(
            f,
            "%s{\"resource\":{\"resourceType\":\"Encounter\",\"id\":\"e%u-%u\","
            "\"status\":\"finished\",\"class\":{\"system\":\"http://"
            "terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"%s\"},"
            "\"subject\":{\"reference\":\"Patient/p%u\"},\"period\":{\"start\":"
            "\"20%02u-%02u-03T08:00:00Z\",\"end\":\"20%02u-%02u-03T09:30:00Z\"}"
            "}}",
            comma, k, i, i % 8 == 7 ? "IMP" : "AMB", k, 2 + i, 1 + i % 12,
            2 + i, 1 + i % 12);
    end(f);
}

static void put_results(FILE *f, unsigned k)
{
    const char *comma = begin(f, "laboratory");
    const unsigned kinds = sizeof(loinc) / sizeof(loinc[0]);

    for (unsigned i = 0; i < RESULTS; i++, comma = ",") {
        unsigned visit = VISITS - 1 - i / kinds;

        (void)fprintf(
            f,
            "%s{\"resource\":{\"resourceType\":\"Observation\",\"id\":"
            "\"o%u-%u\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":"
            "\"http://loinc.org\",\"code\":\"%s\"}]},\"subject\":{"
            "\"reference\":\"Patient/p%u\"},\"effectiveDateTime\":"
            "\"20%02u-%02u-03T08:%02u:00Z\",\"issued\":\"20%02u-%02u-"
            "03T09:00:00Z\",\"valueQuantity\":{\"value\":%u.%u,\"unit\":\"%s\","
            "\"system\":\"http://unitsofmeasure.org\",\"code\":\"%s\"}}}",
            comma, k, i, loinc[i % kinds], k, 2 + visit, 1 + visit % 12,
            i % kinds * 5, 2 + visit, 1 + visit % 12,
            i % kinds < 2 ? 80 + i : 1 + i % 12, (i + k) % 10, unit[i % kinds],
            unit[i % kinds]);
    }
    end(f);
}

static void put_codes(FILE *f, unsigned k, const char *name, unsigned n)
{
    const char *comma = begin(f, name);

    for (unsigned i = 0; i < n; i++, comma = ",") {
        if (n == CONDITIONS)
            (void)fprintf(
                f,
                "%s{\"resource\":{\"resourceType\":\"Condition\",\"id\":"
                "\"c%u-%u\",\"clinicalStatus\":{\"coding\":[{\"system\":"
                "\"http://terminology.hl7.org/CodeSystem/condition-clinical\","
                "\"code\":\"active\"}]},\"code\":{\"coding\":[{\"system\":"
                "\"http://snomed.info/sct\",\"code\":\"%s\"}]},\"subject\":{"
                "\"reference\":\"Patient/p%u\"},\"onsetDateTime\":\"20%02u-05-"
                "06\"}}",
                comma, k, i, snomed[i], k, 4 + i);
        else
            (void)fprintf(
                f,
                "%s{\"resource\":{\"resourceType\":\"MedicationRequest\","
                "\"id\":\"m%u-%u\",\"status\":\"active\",\"intent\":\"order\","
                "\"medicationCodeableConcept\":{\"coding\":[{\"system\":"
                "\"http://www.nlm.nih.gov/research/umls/rxnorm\",\"code\":"
                "\"%s\"}]},\"subject\":{\"reference\":\"Patient/p%u\"},"
                "\"authoredOn\":\"20%02u-07-08T10:00:00Z\"}}",
                comma, k, i, rxnorm[i % 5], k, 6 + i);
    }
    end(f);
}

/* The whole request for the chart of patient k. */
static struct an_str make_request(unsigned k)
{
    char *body = NULL, *all = NULL;
    size_t n_body = 0, n_all = 0;
    FILE *f = open_memstream(&body, &n_body);

    if (f == NULL)
        stop("no memory");
    (void)fprintf(
        f,
        "{\"hook\":\"patient-view\",\"hookInstance\":\"00000000-0000-4000-8000-"
        "%012u\",\"fhirServer\":\"http://ehr.invalid/fhir\",\"context\":{"
        "\"userId\":\"Practitioner/u1\",\"patientId\":\"p%u\"},\"prefetch\":{"
        "\"patient\":{\"resourceType\":\"Patient\",\"id\":\"p%u\",\"gender\":"
        "\"%s\",\"birthDate\":\"19%02u-02-03\"}",
        k, k, k, k % 2 ? "male" : "female", 40 + k % 40);
    put_codes(f, k, "conditions", CONDITIONS);
    put_results(f, k);
    put_codes(f, k, "medications", MEDICATIONS);
    put_visits(f, k);
    (void)fputs("}}", f);
    (void)fclose(f);
    f = open_memstream(&all, &n_all);
    if (f == NULL)
        stop("no memory");
    (void)fprintf(f,
                  "POST /cds-services/anamnesis-patient-view HTTP/1.1\r\n"
                  "Host: localhost\r\nContent-Type: application/json\r\n"
                  "Content-Length: %zu\r\n\r\n%s",
                  n_body, body);
    (void)fclose(f);
    free(body);
    return (struct an_str){all, n_all};
}

/* Of the messages that make a patient known: what T1 keeps, no more. */
static void print_known(unsigned n)
{
    for (unsigned k = 0; k < n; k++)
        printf("MSH|^~\\&|LAB|BENCH|A|B|20250102080000+0000||ORU^R01^ORU_R01|"
               "K%u|P|2.5.1\rPID|1||K%u^^^BENCH^MR||Bench^Kit||19%02u0203|F\r"
               "OBR|1|%u|%u|24323-8^Panel^LN|||20250102080000+0000\r"
               "OBX|1|NM|2160-0^Creatinine^LN||1.%u|mg/dL|||||F\r"
               "OBX|2|NM|718-7^Haemoglobin^LN||13.%u|g/dL|||||F\r",
               k, k, 30 + k % 60, k, k, k % 10, k % 10);
}

/* ---- HTTP ---------------------------------------------------------------- */

static int connect_to(const char *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port =
                                 htons((uint16_t)strtoul(port, NULL, 10)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        stop("no server");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return fd;
}

enum answer { GOOD, BAD, LOST };

/* Send a request and read its answer whole.  GOOD is 200 with a card; LOST, a
 * connection that the server closed: it waits no longer than it is told to. */
static enum answer ask(int fd, struct an_str request, char *buf)
{
    size_t n = 0, want = ANSWER_BYTES;

    for (size_t sent = 0; sent < request.n;) {
        ssize_t m = send(fd, request.p + sent, request.n - sent, MSG_NOSIGNAL);

        if (m <= 0)
            return LOST;
        sent += (size_t)m;
    }
    while (n < want) {
        ssize_t m = recv(fd, buf + n, ANSWER_BYTES - 1 - n, 0);
        const char *head, *length;

        if (m <= 0)
            return LOST;
        n += (size_t)m;
        buf[n] = '\0';
        head = strstr(buf, "\r\n\r\n");
        length = strstr(buf, "Content-Length: ");
        if (want == ANSWER_BYTES && head && length && length < head)
            want = (size_t)(head - buf) + 4 +
                   strtoul(length + strlen("Content-Length: "), NULL, 10);
        if (want > ANSWER_BYTES)
            stop("an answer is too long");
    }
    return strncmp(buf, "HTTP/1.1 200", 12) == 0 && strstr(buf, "\"summary\"")
               ? GOOD
               : BAD;
}

/* ---- loads --------------------------------------------------------------- */

struct load {
    const char *port;
    double rate, begin_s, limit_s; /* rate 0: as fast as answers come */
    unsigned n, patients;
    struct an_str *request;
    double *took_s; /* of each, from when its turn had come; < 0: not sent */
    atomic_uint next, n_bad, n_lost;
};

static void sleep_until(double at_s)
{
    double left = at_s - bench_now_s();
    time_t whole_s = (time_t)left;
    struct timespec t = {whole_s, (long)((left - (double)whole_s) * 1e9)};

    if (left > 0)
        (void)nanosleep(&t, NULL);
}

static void *run(void *self)
{
    struct load *l = self;
    char *buf = malloc(ANSWER_BYTES);
    int fd = connect_to(l->port);

    if (buf == NULL)
        stop("no memory");
    for (;;) {
        unsigned i = atomic_fetch_add(&l->next, 1);
        double turn_s;

        if (i >= l->n || bench_now_s() - l->begin_s > l->limit_s)
            break;
        turn_s = l->rate > 0 ? l->begin_s + i / l->rate : bench_now_s();
        sleep_until(turn_s);
        switch (ask(fd, l->request[i % l->patients], buf)) {
        case GOOD: l->took_s[i] = bench_now_s() - turn_s; break;
        case BAD: atomic_fetch_add(&l->n_bad, 1); break;
        case LOST:
            atomic_fetch_add(&l->n_lost, 1);
            (void)close(fd);
            fd = connect_to(l->port);
            break;
        }
    }
    (void)close(fd);
    free(buf);
    return NULL;
}

/* Of the first so many. */
static unsigned n_answered(const struct load *l, unsigned of)
{
    unsigned n = 0;

    for (unsigned i = 0; i < of; i++)
        n += l->took_s[i] >= 0;
    return n;
}

/* How many were answered; the time that took is in *s. */
static unsigned run_all(struct load *l, unsigned connections, double *s)
{
    pthread_t thread[CONNECTIONS];
    l->request = calloc(l->patients, sizeof(*l->request));
    l->took_s = calloc(l->n, sizeof(*l->took_s));
    if (l->request == NULL || l->took_s == NULL)
        stop("no memory");
    for (unsigned k = 0; k < l->patients; k++)
        l->request[k] = make_request(k);
    for (unsigned i = 0; i < l->n; i++)
        l->took_s[i] = -1;
    l->begin_s = bench_now_s();
    for (unsigned i = 0; i < connections; i++)
        if (pthread_create(&thread[i], NULL, run, l) != 0)
            stop("no thread");
    for (unsigned i = 0; i < connections; i++)
        (void)pthread_join(thread[i], NULL);
    *s = bench_now_s() - l->begin_s;
    if (atomic_load(&l->n_bad))
        stop("an answer has no card");
    return n_answered(l, l->n);
}

static int cmp(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The p-th hundredth of those in [from, to) that were answered, in ms. */
static double hundredth(const struct load *l, unsigned from, unsigned to,
                        unsigned p)
{
    double *sorted = calloc(l->n + 1, sizeof(*sorted)), ms;
    unsigned n = 0;

    if (sorted == NULL)
        stop("no memory");
    for (unsigned i = from; i < to; i++)
        if (l->took_s[i] >= 0)
            sorted[n++] = l->took_s[i] * 1e3;
    qsort(sorted, n, sizeof(*sorted), cmp);
    ms = n ? sorted[(n * p + 99) / 100 - (p > 0)] : -1;
    free(sorted);
    return ms;
}

static unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

static void alone(char **a)
{
    struct load l = {.port = a[0], .n = 1 + number(a[1]), .patients = 1};
    double s;

    l.limit_s = DRAIN_S;
    (void)run_all(&l, 1, &s);
    bench_row("cds/request", (double)l.request[0].n / 1e3, "kB");
    bench_row("cds/alone_cold", hundredth(&l, 0, 1, 50), "ms");
    bench_row("cds/alone_p50", hundredth(&l, 1, l.n, 50), "ms");
}

static void at_rate(char **a)
{
    struct load l = {.port = a[0], .rate = number(a[1])};
    double s;
    unsigned n;

    l.n = (unsigned)l.rate * number(a[2]);
    l.patients = number(a[3]);
    l.limit_s = number(a[2]) + DRAIN_S;
    n = run_all(&l, CONNECTIONS, &s);
    bench_row("cds/offered", l.rate, "/s");
    bench_row("cds/answered", n / s, "/s");
    bench_row("cds/lost", atomic_load(&l.n_lost), "requests");
    bench_row("cds/warm_p50", hundredth(&l, l.patients, l.n, 50), "ms");
    bench_row("cds/warm_p99", hundredth(&l, l.patients, l.n, 99), "ms");
    bench_row("cds/warm_p99_bar", 20, "ms");
    bench_row("cds/cold_share", 100.0 * n_answered(&l, l.patients) / n, "%");
    bench_row("cds/cold_p99", hundredth(&l, 0, l.patients, 99), "ms");
}

static void open_charts(char **a)
{
    struct load l = {.port = a[0],
                     .n = number(a[1]),
                     .patients = number(a[1]),
                     .limit_s = number(a[2])};
    double s;

    bench_row("serve/active", run_all(&l, 4, &s), "patients");
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "known") == 0)
        print_known(number(argv[2]));
    else if (argc == 4 && strcmp(argv[1], "alone") == 0)
        alone(argv + 2);
    else if (argc == 6 && strcmp(argv[1], "rate") == 0)
        at_rate(argv + 2);
    else if (argc == 5 && strcmp(argv[1], "open") == 0)
        open_charts(argv + 2);
    else
        stop("usage: see the head of tests/bench_cds.c");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The other side of the drills in tests/program.sh and tests/crash.sh: makes
 * messages, sends them the way a careful sender does, and looks into a store
 * without asking the program.
 *
 *     drill generate N                   N messages of invented patients
 *     drill send PORT FILE ACKED K OF    every OF-th message from the K-th on,
 *                                        less those named in the file ACKED;
 *                                        appends the control id of each that
 *                                        was accepted.  1: not all were
 *     drill raw PORT                     standard input to the port as it is,
 *                                        what comes back to standard output
 *     drill list STORE                   the control ids in a store, in order
 *     drill raw_of STORE ID              the bytes of a message
 *     drill said STORE                   its suggestions: number, kind, reader,
 *                                        language, "current" or "-", stage,
 *                                        release, resource
 *     drill audit STORE                  its trail: action, actor, subject,
 *                                        details
 *     drill feeds STORE                  its feeds: name, how many messages
 *     drill waiting STORE                how many triggers wait
 *     drill lock STORE MS                hold its write lock so long; says
 *                                        "locked" when it has it
 *     drill resign FROM TO KEYS WORDS    a package as a site's own: see
 *                                        tests/site_model.h */
#include "plugin/host/client.h"
#include "plugin/host/feed.h"
#include "plugin/store/outgoing.h"
#include "tests/site_model.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ID_BYTES = 32, TIMEOUT_MS = 20000, PATIENTS = 97 };

static int complain(const struct an_err *err)
{
    char text[512];

    an_err_print(err, text, sizeof(text));
    (void)fprintf(stderr, "drill: %s\n", text);
    return 1;
}

/* ---- messages ------------------------------------------------------------ */

/* Every fifth an admission, the rest results, of a few patients in turn. */
static void print_message(unsigned long n)
{
    unsigned long patient = n * 31 % PATIENTS, minute = n % 60, hour = n / 60;
    char when[32];

    (void)snprintf(when, sizeof(when), "202603%02lu%02lu%02lu00+0000",
                   1 + hour / 24 % 28, hour % 24, minute);
    if (n % 5 == 0) {
        (void)printf("MSH|^~\\&|ADT|DRILL|A|B|%s||ADT^A01^ADT_A01|D%06lu|P|"
                     "2.5.1\rEVN|A01|%s\rPID|1||P%lu^^^DRILL^MR||Drill^Mary||"
                     "19500101|F\rPV1|1|I|W^1^A^DRILL||||||||||||||||V%lu^^^"
                     "DRILL^VN|||||||||||||||||||||||||%s\r",
                     when, n, when, patient, n, when);
        return;
    }
    (void)printf("MSH|^~\\&|LAB|DRILL|A|B|%s||ORU^R01^ORU_R01|D%06lu|P|2.5.1\r"
                 "PID|1||P%lu^^^DRILL^MR||Drill^Mary||19500101|F\r"
                 "OBR|1|%lu^C|%lu^L|2160-0^Creatinine^LN|||%s\r"
                 "OBX|1|NM|2160-0^Creatinine^LN||%lu.%02lu|mg/dL|0.50-1.10||||"
                 "F|||%s\r",
                 when, n, patient, n, n, when, 1 + n % 3, n % 100, when);
}

static int generate(char **argv)
{
    unsigned long n = strtoul(argv[0], NULL, 10);

    for (unsigned long i = 0; i < n; i++)
        print_message(i);
    return fflush(stdout) == 0 ? 0 : 1;
}

/* ---- sending ------------------------------------------------------------- */

/* MSH-10, as the drill's own messages have it. */
static bool control_id(struct an_str bytes, char id[ID_BYTES])
{
    struct an_str field = {NULL, 0}, line;

    (void)an_str_cut(&bytes, '\r', &line);
    for (int i = 0; i < 10; i++)
        if (!an_str_cut(&line, '|', &field))
            return false;
    if (field.n == 0 || field.n >= ID_BYTES)
        return false;
    memcpy(id, field.p, field.n);
    id[field.n] = '\0';
    return true;
}

/* Is it a line of the file?  Small files, so no index. */
static bool is_listed(const char *path, const char *id)
{
    char line[ID_BYTES + 2];
    FILE *f = fopen(path, "re");
    bool found = false;

    while (f && !found && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        found = strcmp(line, id) == 0;
    }
    if (f)
        (void)fclose(f);
    return found;
}

static bool note(const char *path, const char *id)
{
    char line[ID_BYTES + 2];
    int n = snprintf(line, sizeof(line), "%s\n", id);
    /* One write, so that several senders may share the file. */
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, line, (size_t)n) == n;

    if (fd >= 0)
        (void)close(fd);
    return ok;
}

static bool open_port(struct pl_client *c, const char *port, struct an_err *err)
{
    struct cfg_address to = {.host = AN_STR("127.0.0.1"),
                             .port = (uint16_t)strtoul(port, NULL, 10)};

    return pl_client_open(c, &to, TIMEOUT_MS, err) == AN_OK;
}

/* 0: accepted and noted.  1: not accepted.  2: the connection is gone. */
static int send_one(struct pl_client *c, struct an_str bytes, const char *id,
                    const char *acked, struct an_err *err)
{
    struct hl7_answer answer;

    if (pl_client_send(c, bytes, &answer, err) != AN_OK)
        return 2;
    if (!an_str_eq(answer.control_id, an_str_c(id))) {
        *err = (struct an_err){.code = AN_CONFLICT,
                               .what = "an answer to another message"};
        return 2;
    }
    if (answer.code != HL7_ACK_AA)
        return 1;
    return note(acked, id) ? 0 : 2;
}

static int send_all(char **argv)
{
    const char *acked = argv[2];
    unsigned long k = strtoul(argv[3], NULL, 10),
                  of = strtoul(argv[4], NULL, 10);
    struct pl_feed_source feed;
    struct pl_feed_item item;
    struct pl_client client;
    struct an_err err;
    int status = 0;

    if (pl_feed_open(&feed, &argv[1], 1, &err) != AN_OK)
        return complain(&err);
    if (!open_port(&client, argv[0], &err))
        return complain(&err);
    for (unsigned long i = 0; pl_feed_next(&feed, &item, &err) == AN_OK; i++) {
        char id[ID_BYTES];
        int got;

        if (i % of != k || !control_id(item.bytes, id) || is_listed(acked, id))
            continue;
        got = send_one(&client, item.bytes, id, acked, &err);
        if (got == 2) {
            status = complain(&err);
            break;
        }
        status |= got;
    }
    pl_client_close(&client);
    pl_feed_close(&feed);
    return status;
}

/* ---- bytes as they are --------------------------------------------------- */

static int raw(char **argv)
{
    static char buf[1 << 16];
    struct pl_client c;
    struct an_err err;
    bool open = true;
    ssize_t n;

    if (!open_port(&c, argv[0], &err))
        return complain(&err);
    while (open && (n = read(STDIN_FILENO, buf, sizeof(buf))) > 0) {
        for (ssize_t sent = 0, m; open && sent < n; sent += m) {
            m = send(c.fd, buf + sent, (size_t)(n - sent), MSG_NOSIGNAL);
            open = m > 0; /* refused half-way: there is an answer to read */
        }
    }
    (void)shutdown(c.fd, SHUT_WR);
    while ((n = recv(c.fd, buf, sizeof(buf), 0)) > 0)
        (void)fwrite(buf, 1, (size_t)n, stdout);
    pl_client_close(&c);
    return 0;
}

/* ---- the store ----------------------------------------------------------- */

static int list(char **argv)
{
    struct pl_reader *reader = NULL;
    struct pl_message m = {.id = 0};
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    an_arena_init(&arena, 256 << 20);
    rc = pl_reader_open(argv[0], 0, &reader, &err);
    while (rc == AN_OK &&
           (rc = pl_message_next(reader, &arena, m.id, &m, &err)) == AN_OK) {
        (void)printf("%.*s\n", AN_STR_ARG(m.control_id));
        an_arena_reset(&arena);
    }
    pl_reader_close(reader);
    an_arena_free(&arena);
    return rc == AN_NOTFOUND ? 0 : complain(&err);
}

static int raw_of(char **argv)
{
    struct pl_reader *reader = NULL;
    struct pl_message m = {.id = 0};
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    an_arena_init(&arena, 256 << 20);
    rc = pl_reader_open(argv[0], 0, &reader, &err);
    while (rc == AN_OK &&
           (rc = pl_message_next(reader, &arena, m.id, &m, &err)) == AN_OK &&
           !an_str_eq(m.control_id, an_str_c(argv[1])))
        continue;
    if (rc == AN_OK)
        (void)fwrite(m.bytes.p, 1, m.bytes.n, stdout);
    pl_reader_close(reader);
    an_arena_free(&arena);
    return rc == AN_OK ? 0 : complain(&err);
}

/* `look` prints the thing number n; AN_NOTFOUND ends it. */
static int each(const char *path,
                enum an_code (*look)(struct pl_reader *, struct an_arena *,
                                     int64_t n, struct an_err *))
{
    struct pl_reader *reader = NULL;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    an_arena_init(&arena, 256 << 20);
    rc = pl_reader_open(path, 0, &reader, &err);
    for (int64_t n = 1; rc == AN_OK; n++) {
        rc = look(reader, &arena, n, &err);
        an_arena_reset(&arena);
    }
    pl_reader_close(reader);
    an_arena_free(&arena);
    return rc == AN_NOTFOUND ? 0 : complain(&err);
}

static enum an_code print_said(struct pl_reader *reader, struct an_arena *arena,
                               int64_t n, struct an_err *err)
{
    struct pl_suggestion s;
    enum an_code rc = pl_suggestion_get(reader, arena, n, &s, err);

    if (rc == AN_OK)
        (void)printf("%lld %s %s %.*s %s %d %d %.*s\n", (long long)n,
                     ctx_suggestion_text(s.kind), ctx_audience_text(s.audience),
                     AN_STR_ARG(s.language), s.superseded_us ? "-" : "current",
                     (int)s.stage, (int)s.release, AN_STR_ARG(s.resource));
    return rc;
}

static int said(char **argv)
{
    return each(argv[0], print_said);
}

static enum an_code print_audit(struct pl_reader *reader,
                                struct an_arena *arena, int64_t n,
                                struct an_err *err)
{
    struct pl_audit_row row;
    enum an_code rc = pl_audit_next(reader, arena, n - 1, &row, err);

    if (rc == AN_OK)
        (void)printf("%.*s %.*s %.*s %.*s\n", AN_STR_ARG(row.action),
                     AN_STR_ARG(row.actor), AN_STR_ARG(row.subject),
                     AN_STR_ARG(row.details));
    return rc;
}

static int audit(char **argv)
{
    return each(argv[0], print_audit);
}

static void print_waiting(const struct pl_status *status)
{
    (void)printf("%lld\n", (long long)status->n_triggers_waiting);
}

static void print_feeds(const struct pl_status *status)
{
    for (size_t i = 0; i < status->n_feeds; i++)
        (void)printf("%.*s %lld\n", AN_STR_ARG(status->feed[i].name),
                     (long long)status->feed[i].n_messages);
}

static int with_status(const char *path,
                       void (*print)(const struct pl_status *status))
{
    struct pl_reader *reader = NULL;
    struct pl_status status;
    struct an_arena arena;
    struct an_err err;
    enum an_code rc;

    an_arena_init(&arena, 16 << 20);
    rc = pl_reader_open(path, 0, &reader, &err);
    if (rc == AN_OK)
        rc = pl_status(reader, &arena, &status, &err);
    if (rc == AN_OK)
        print(&status);
    pl_reader_close(reader);
    an_arena_free(&arena);
    return rc == AN_OK ? 0 : complain(&err);
}

static int waiting(char **argv)
{
    return with_status(argv[0], print_waiting);
}

static int feeds(char **argv)
{
    return with_status(argv[0], print_feeds);
}

/* As a slow disk would. */
static int lock(char **argv)
{
    unsigned long ms = strtoul(argv[1], NULL, 10);
    sqlite3 *db = NULL;
    bool ok =
        sqlite3_open(argv[0], &db) == SQLITE_OK &&
        sqlite3_busy_timeout(db, TIMEOUT_MS) == SQLITE_OK &&
        sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;

    if (ok) {
        (void)puts("locked");
        (void)fflush(stdout);
        (void)usleep((useconds_t)ms * 1000);
    }
    (void)sqlite3_close(db);
    return ok ? 0 : 1;
}

/* ---- a model ------------------------------------------------------------- */

static int resign(char **argv)
{
    struct an_err err;

    return site_model_make(argv[0], argv[1], argv[2], argv[3], &err) == AN_OK
               ? 0
               : complain(&err);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int n_arguments;
        int (*run)(char **argv);
    } drills[] = {
        {"generate", 1, generate}, {"send", 5, send_all},   {"raw", 1, raw},
        {"list", 1, list},         {"raw_of", 2, raw_of},   {"said", 1, said},
        {"audit", 1, audit},       {"waiting", 1, waiting}, {"feeds", 1, feeds},
        {"lock", 2, lock},         {"resign", 4, resign}};

    for (size_t i = 0; i < sizeof(drills) / sizeof(drills[0]); i++)
        if (argc == drills[i].n_arguments + 2 &&
            strcmp(argv[1], drills[i].name) == 0)
            return drills[i].run(argv + 2);
    (void)fputs("usage: see the head of tests/drill.c\n", stderr);
    return 2;
}

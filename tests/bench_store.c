/* SPDX-License-Identifier: Apache-2.0 */
/* Durable messages a second through the group committer, 8 and 64 threads that
 * each wait for their answer, beside what the same disk and SQLite allow.
 *
 *     tests/bench_store [MESSAGES] [FOLDER]
 *
 * A message is about 1 kB with 5 events, an identity claim and a trigger; each
 * thread makes the intake (hash, deflate, encode) itself and sleeps until it is
 * answered.  The same into a store that is sealed by a key, and as five resources of
 * a FHIR server each, which are found by their ids (resources.h): numbers that
 * ascend, and UUIDs.  What it is measured against is one thread that inserts intakes made beforehand with the same
 * durability, 32 to a transaction, or 8, which is the most that 8 who wait can
 * have in one:
 *
 *     append  the same bytes into one table without any index
 *     limit   the same bytes into two tables with the one index that each
 *             cannot do without: messages by hash, events by patient
 *
 * All are run in turns, ROUNDS times, and the best of each counts, since
 * neighbours on the machine disturb one at a time. */
#include "plugin/store/commit.h"
#include "plugin/store/reader.h"
#include "tests/bench.h"
#include "tests/messages.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MESSAGES = 10000, /* of each round */
    ROUNDS = 4,
    PATIENTS = 10000,
    MOST_GROUPED = 32,
    MOST_THREADS = 64,
    FLUSHES = 500,
    PATH_BYTES = 512
};

/* What the results are called. */
enum naming { AS_HL7V2, BY_NUMBER, BY_UUID };

struct bench {
    const char *folder;
    enum naming naming;
    struct pl_committer *committer;
    pthread_mutex_t lock;
    uint64_t next, end; /* numbers of messages still to send */
    double slowest_s;
};

static void stop(const char *what, const struct an_err *err)
{
    char text[256] = "";

    if (err)
        an_err_print(err, text, sizeof(text));
    fprintf(stderr, "bench_store: %s %s\n", what, text);
    exit(EXIT_FAILURE);
}

static void path_in(const struct bench *b, const char *name,
                    char path[PATH_BYTES])
{
    (void)snprintf(path, PATH_BYTES, "%s/%s", b->folder, name);
}

static void drop(const struct bench *b, const char *name)
{
    static const char *const end[] = {"", "-wal", "-shm"};
    char path[PATH_BYTES], whole[PATH_BYTES + 8];

    path_in(b, name, path);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(whole, sizeof(whole), "%s%s", path, end[i]);
        (void)unlink(whole);
    }
}

static double resident_mb(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    unsigned long all = 0, resident = 0;

    if (f == NULL)
        return 0;
    if (fscanf(f, "%lu %lu", &all, &resident) != 2)
        resident = 0;
    (void)fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static void bench_flush(const struct bench *b)
{
    char path[PATH_BYTES], block[4096];
    double t0;
    int fd;

    memset(block, 7, sizeof(block));
    path_in(b, "flush", path);
    fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (fd < 0)
        stop("cannot write in the folder", NULL);
    t0 = bench_now_s();
    for (int i = 0; i < FLUSHES; i++)
        if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) ||
            fdatasync(fd) != 0)
            stop("cannot flush", NULL);
    bench_row("store/flush_4k", FLUSHES / (bench_now_s() - t0), "/s");
    (void)close(fd);
    drop(b, "flush");
}

static void name_resources(struct test_message *m, uint64_t n,
                           enum naming naming)
{
    for (uint64_t i = 0; i < TEST_RESULTS; i++) {
        uint64_t id = n * TEST_RESULTS + i;

        if (naming == BY_UUID) {
            struct an_str bytes = {(const char *)&id, sizeof(id)};

            (void)snprintf(m->fact[i], sizeof(m->fact[i]),
                           "http://f/Observation/"
                           "%016" PRIx64 "-9e52-60f8a13db7c1",
                           an_str_hash(bytes));
        } else {
            (void)snprintf(m->fact[i], sizeof(m->fact[i]),
                           "http://f/Observation/%" PRIu64, id);
        }
        m->event[i].fact = an_str_c(m->fact[i]);
    }
}

static void make(struct an_arena *arena, struct test_message *m, uint64_t n,
                 enum naming naming, struct pl_intake *in)
{
    struct pl_source from = {.format = PL_FORMAT_HL7V2,
                             .feed = AN_STR("lab"),
                             .received_us = TEST_EPOCH_US};
    struct an_err err;

    /* Every 7919th patient: neighbours in time are not neighbours in the
     * file. */
    test_message(m, n, n * 7919 % PATIENTS);
    if (naming != AS_HL7V2) {
        name_resources(m, n, naming);
        from.format = PL_FORMAT_FHIR;
    }
    from.bytes = m->bytes;
    from.reading = &m->reading;
    if (pl_intake_make(arena, &from, in, &err) != AN_OK)
        stop("intake", &err);
}

static void sql(sqlite3 *db, const char *text)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
        stop(sqlite3_errmsg(db), NULL);
}

static sqlite3_stmt *statement(sqlite3 *db, const char *text)
{
    sqlite3_stmt *s = NULL;

    if (sqlite3_prepare_v2(db, text, -1, &s, NULL) != SQLITE_OK)
        stop(sqlite3_errmsg(db), NULL);
    return s;
}

static void insert(sqlite3 *db, sqlite3_stmt *s)
{
    if (sqlite3_step(s) != SQLITE_DONE)
        stop(sqlite3_errmsg(db), NULL);
    sqlite3_reset(s);
}

static void bind(sqlite3_stmt *s, int at, struct an_str bytes)
{
    sqlite3_bind_blob64(s, at, bytes.p, bytes.n, SQLITE_STATIC);
}

/* One message, either way. */
static void insert_plain(sqlite3 *db, sqlite3_stmt *const put[2],
                         const struct pl_intake *in, bool append, uint64_t i)
{
    struct an_str hash = {(const char *)in->sha256.b, AN_SHA256_BYTES};

    bind(put[0], 1, in->raw);
    if (append) {
        bind(put[0], 2, in->filing[0].blob);
        insert(db, put[0]);
        return;
    }
    bind(put[0], 2, hash);
    insert(db, put[0]);
    sqlite3_bind_int64(put[1], 1, (int64_t)(i * 7919 % PATIENTS));
    sqlite3_bind_int64(put[1], 2, (int64_t)i);
    bind(put[1], 3, in->filing[0].blob);
    insert(db, put[1]);
}

static double bench_plain(const struct bench *b, const struct pl_intake *in,
                          uint64_t n, bool append, uint64_t group)
{
    sqlite3_stmt *put[2] = {NULL, NULL};
    sqlite3 *db = NULL;
    char path[PATH_BYTES];
    double t0;

    path_in(b, "plain.db", path);
    drop(b, "plain.db");
    if (sqlite3_open(path, &db) != SQLITE_OK)
        stop("cannot open the plain file", NULL);
    sql(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "PRAGMA wal_autocheckpoint=4096; PRAGMA cache_size=-32768;"
            "CREATE TABLE append(raw BLOB, events BLOB);"
            "CREATE TABLE message(raw BLOB, hash BLOB UNIQUE);"
            "CREATE TABLE event(patient INT, message INT, events BLOB,"
            " PRIMARY KEY(patient, message)) WITHOUT ROWID");
    put[0] = statement(db, append ? "INSERT INTO append VALUES(?1, ?2)"
                                  : "INSERT INTO message VALUES(?1, ?2)");
    put[1] = statement(db, "INSERT INTO event VALUES(?1, ?2, ?3)");
    t0 = bench_now_s();
    for (uint64_t i = 0; i < n; i++) {
        if (i % group == 0)
            sql(db, "BEGIN");
        insert_plain(db, put, &in[i], append, i);
        if (i % group == group - 1 || i == n - 1)
            sql(db, "COMMIT");
    }
    t0 = bench_now_s() - t0;
    sqlite3_finalize(put[0]);
    sqlite3_finalize(put[1]);
    sqlite3_close(db);
    drop(b, "plain.db");
    return (double)n / t0;
}

static const struct pl_intake *make_all(struct an_arena *arena, uint64_t n)
{
    struct pl_intake *in = an_arena_get(arena, n, sizeof(*in));
    struct test_message m;

    for (uint64_t i = 0; in && i < n; i++) {
        make(arena, &m, i, AS_HL7V2, &in[i]);
        if (!in[i].deflated && !an_arena_str(arena, in[i].raw, &in[i].raw))
            in = NULL;
    }
    if (in == NULL)
        stop("memory", NULL);
    return in;
}

static void *send_all(void *self)
{
    struct bench *b = self;
    struct test_message *m = malloc(sizeof(*m));
    struct an_arena arena;
    double slowest_s = 0;

    if (m == NULL)
        stop("memory", NULL);
    an_arena_init(&arena, 16 << 20);
    for (;;) {
        struct pl_receipt receipt;
        struct pl_intake in;
        struct an_err err;
        double t0;
        uint64_t n;

        pthread_mutex_lock(&b->lock);
        n = b->next < b->end ? b->next++ : UINT64_MAX;
        if (n == UINT64_MAX && slowest_s > b->slowest_s)
            b->slowest_s = slowest_s;
        pthread_mutex_unlock(&b->lock);
        if (n == UINT64_MAX)
            break;
        t0 = bench_now_s();
        make(&arena, m, n, b->naming, &in);
        if (pl_committer_put(b->committer, &in, &receipt, &err) != AN_OK)
            stop("put", &err);
        if (receipt.duplicate)
            stop("a new message was taken for an old one", NULL);
        if (bench_now_s() - t0 > slowest_s)
            slowest_s = bench_now_s() - t0;
        an_arena_reset(&arena);
    }
    an_arena_free(&arena);
    free(m);
    return NULL;
}

struct rate {
    double msg_s, group, slowest_ms;
};

/* Each kind has a store of its own. */
enum kind { PLAIN, SEALED, RESOURCES, N_KINDS };

static struct run {
    const char *name;
    enum kind kind;
    enum naming naming;
    size_t n_threads;
    struct rate best;
    double first; /* msg/s of the first round, which makes every patient */
} run[] = {
    {"store/durable_8", PLAIN, AS_HL7V2, 8, {.msg_s = 0}, 0},
    {"store/durable_64", PLAIN, AS_HL7V2, 64, {.msg_s = 0}, 0},
    {"store/sealed_8", SEALED, AS_HL7V2, 8, {.msg_s = 0}, 0},
    {"store/sealed_64", SEALED, AS_HL7V2, 64, {.msg_s = 0}, 0},
    {"store/fhir_64", RESOURCES, BY_NUMBER, 64, {.msg_s = 0}, 0},
    {"store/fhir_uuid_64", RESOURCES, BY_UUID, 64, {.msg_s = 0}, 0},
};

enum { N_RUNS = sizeof(run) / sizeof(run[0]) };

static struct rate bench_committer(struct bench *b, struct pl_store *store,
                                   const struct run *as, uint64_t n)
{
    struct pl_committer_state state;
    pthread_t thread[MOST_THREADS];
    struct an_err err;
    double t0;

    if (pl_committer_open(store, NULL, &b->committer, &err) != AN_OK)
        stop("committer", &err);
    b->naming = as->naming;
    b->end = b->next + n;
    b->slowest_s = 0;
    t0 = bench_now_s();
    for (size_t i = 0; i < as->n_threads; i++)
        if (pthread_create(&thread[i], NULL, send_all, b) != 0)
            stop("thread", NULL);
    for (size_t i = 0; i < as->n_threads; i++)
        pthread_join(thread[i], NULL);
    t0 = bench_now_s() - t0;
    pl_committer_state(b->committer, &state);
    pl_committer_close(b->committer);
    return (struct rate){(double)n / t0, (double)n / (double)state.n_groups,
                         b->slowest_s * 1e3};
}

static void better(struct rate *best, struct rate r)
{
    if (r.msg_s > best->msg_s)
        *best = r;
}

static void report(const char *name, struct rate r, double append, double limit)
{
    static const char *const unit[] = {"msg/s", "ratio", "ratio", "msg", "ms"};
    const char *const what[] = {"", "_of_limit", "_of_append", "_group",
                                "_slowest"};
    const double value[] = {r.msg_s, r.msg_s / limit, r.msg_s / append, r.group,
                            r.slowest_ms};
    char row[64];

    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(row, sizeof(row), "%s%s", name, what[i]);
        bench_row(row, value[i], unit[i]);
    }
}

static void higher(double *best, double rate)
{
    if (rate > *best)
        *best = rate;
}

/* Everything in turns. */
static void bench_durable(struct bench *b, struct pl_store *const store[],
                          uint64_t n)
{
    double append = 0, limit = 0, limit_8 = 0;
    struct an_arena arena;
    const struct pl_intake *in;
    char row[64];

    an_arena_init(&arena, (size_t)4 << 30);
    in = make_all(&arena, n);
    for (int round = 0; round < ROUNDS; round++) {
        higher(&append, bench_plain(b, in, n, true, MOST_GROUPED));
        higher(&limit, bench_plain(b, in, n, false, MOST_GROUPED));
        higher(&limit_8, bench_plain(b, in, n, false, 8));
        for (size_t i = 0; i < N_RUNS; i++) {
            struct rate r = bench_committer(b, store[run[i].kind], &run[i], n);

            if (round == 0)
                run[i].first = r.msg_s;
            better(&run[i].best, r);
        }
        (void)snprintf(row, sizeof(row), "store/resident_%d", round);
        bench_row(row, resident_mb(), "MB");
    }
    an_arena_free(&arena);
    bench_row("store/append_32", append, "msg/s");
    bench_row("store/limit_32", limit, "msg/s");
    bench_row("store/limit_8", limit_8, "msg/s");
    for (size_t i = 0; i < N_RUNS; i++) {
        report(run[i].name, run[i].best, append,
               run[i].n_threads == 8 ? limit_8 : limit);
        (void)snprintf(row, sizeof(row), "%s_first", run[i].name);
        bench_row(row, run[i].first, "msg/s");
    }
}

static void bench_history(const struct bench *b)
{
    enum { LOOKS = 2000 };
    char path[PATH_BYTES], mrn[32];
    struct pl_reader *r;
    struct an_arena arena;
    struct an_err err;
    size_t n = 0;
    double t0;

    path_in(b, "anamnesis.db", path);
    if (pl_reader_open(path, 0, &r, &err) != AN_OK)
        stop("reader", &err);
    an_arena_init(&arena, 64 << 20);
    t0 = bench_now_s();
    for (int i = 0; i < LOOKS; i++) {
        struct ctx_identifier who = {AN_STR("GENHOSP"), {mrn, 0}, AN_STR("")};
        struct pl_history h;

        who.value.n =
            (size_t)snprintf(mrn, sizeof(mrn), "M%07d", i * 31 % PATIENTS);
        if (pl_history(r, &arena, &who, CTX_AS_OF_ALL, &h, &err) != AN_OK)
            stop("history", &err);
        n += h.timeline.n_events;
        an_arena_reset(&arena);
    }
    bench_row("store/history", (bench_now_s() - t0) * 1e6 / LOOKS, "us");
    bench_row("store/history_events", (double)n / LOOKS, "events");
    an_arena_free(&arena);
    pl_reader_close(r);
}

static struct pl_store *open_store(const struct bench *b, const char *name,
                                   const char *key_file)
{
    char path[PATH_BYTES];
    struct pl_store_options options = {.path = path, .key_file = key_file};
    struct pl_store *store;
    struct an_err err;

    path_in(b, name, path);
    drop(b, name);
    if (pl_store_open(&options, &store, &err) != AN_OK)
        stop("store", &err);
    return store;
}

/* Any 32 bytes are a key. */
static void write_key(const char *path)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

    if (fd < 0 || write(fd, "a key that seals nothing of worth", 32) != 32)
        stop("cannot write a key", NULL);
    (void)close(fd);
}

int main(int argc, char **argv)
{
    static const char *const file[N_KINDS] = {
        [PLAIN] = "anamnesis.db",
        [SEALED] = "sealed.db",
        [RESOURCES] = "resources.db",
    };
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : MESSAGES;
    struct bench b = {.folder = argc > 2 ? argv[2] : "."};
    struct pl_store *store[N_KINDS];
    char key[PATH_BYTES];

    pthread_mutex_init(&b.lock, NULL);
    bench_flush(&b);
    path_in(&b, "key", key);
    write_key(key);
    for (size_t i = 0; i < N_KINDS; i++)
        store[i] = open_store(&b, file[i], i == SEALED ? key : NULL);
    bench_durable(&b, store, n);
    bench_history(&b);
    for (size_t i = 0; i < N_KINDS; i++) {
        pl_store_close(store[i]);
        drop(&b, file[i]);
    }
    (void)unlink(key);
    pthread_mutex_destroy(&b.lock);
    return EXIT_SUCCESS;
}

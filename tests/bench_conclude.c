/* SPDX-License-Identifier: Apache-2.0 */
/* T2: conclusions a second, each with what a consultation about a patient of
 * some history says (23 suggestions of 3 kB, a Bundle of 64 kB for the outbox,
 * their rows of the audit trail, a trigger that is done), beside the flushes of
 * the same disk: one conclusion is one transaction, so one flush is its limit.
 *
 *     tests/bench_conclude [CONCLUSIONS] [FOLDER]
 *
 * The same again for patients of whom something was said before, which
 * supersedes what it says anew: that is the usual case. */
#include "plugin/store/commit.h"
#include "plugin/store/outgoing.h"
#include "tests/bench.h"
#include "tests/messages.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CONCLUSIONS = 200, /* of each round */
    ROUNDS = 4,
    SAYINGS = 23,
    DETAIL_BYTES = 3000,
    PAYLOAD_BYTES = 64 << 10,
    FLUSHES = 200,
    PATH_BYTES = 512
};

struct bench {
    const char *folder;
    struct pl_store *store;
    struct pl_reader *reader;
    struct an_arena arena;
    struct ctx_suggestion what[SAYINGS];
    struct pl_saying said[SAYINGS];
    char topic[SAYINGS][16];
    char detail[DETAIL_BYTES], payload[PAYLOAD_BYTES];
};

static void stop(const char *what, const struct an_err *err)
{
    char text[256] = "";

    if (err)
        an_err_print(err, text, sizeof(text));
    fprintf(stderr, "bench_conclude: %s %s\n", what, text);
    exit(EXIT_FAILURE);
}

static void path_in(const struct bench *b, const char *name,
                    char path[PATH_BYTES])
{
    (void)snprintf(path, PATH_BYTES, "%s/%s", b->folder, name);
}

static void drop(const struct bench *b)
{
    static const char *const name[] = {"conclude.db", "conclude.db-wal",
                                       "conclude.db-shm", "conclude.flush"};
    char path[PATH_BYTES];

    for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
        path_in(b, name[i], path);
        (void)unlink(path);
    }
}

/* Appended and flushed: what a transaction of these bytes cannot be below. */
static double flushes(const struct bench *b, size_t bytes)
{
    char path[PATH_BYTES];
    double t0;
    int fd;

    path_in(b, "conclude.flush", path);
    fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        stop("cannot write in the folder", NULL);
    t0 = bench_now_s();
    for (int i = 0; i < FLUSHES; i++)
        if (write(fd, b->payload, bytes) != (ssize_t)bytes ||
            fdatasync(fd) != 0)
            stop("cannot flush", NULL);
    t0 = bench_now_s() - t0;
    (void)close(fd);
    return FLUSHES / t0;
}

/* One result of each patient, stored as T1 does. */
static void put_messages(struct bench *b, uint64_t from, uint64_t n)
{
    for (uint64_t i = from; i < from + n; i++) {
        struct pl_source source = {.format = PL_FORMAT_HL7V2,
                                   .feed = AN_STR("lab"),
                                   .received_us = TEST_EPOCH_US};
        struct test_message m;
        struct pl_receipt receipt;
        struct pl_intake in;
        const struct pl_intake *one = &in;
        struct an_err err;

        test_message(&m, i, i % n);
        source.bytes = m.bytes;
        source.reading = &m.reading;
        if (pl_intake_make(&b->arena, &source, &in, &err) != AN_OK ||
            pl_store_put(b->store, &one, 1, &receipt, &err) != AN_OK)
            stop("cannot store a message", &err);
        an_arena_reset(&b->arena);
    }
}

static void make_words(struct bench *b)
{
    static const char head[] = "{\"note\":\"";

    memset(b->detail, 'd', sizeof(b->detail));
    memcpy(b->detail, head, sizeof(head) - 1);
    memcpy(b->detail + sizeof(b->detail) - 2, "\"}", 2);
    memset(b->payload, 'p', sizeof(b->payload));
    for (int i = 0; i < SAYINGS; i++) {
        (void)snprintf(b->topic[i], sizeof(b->topic[i]), "outcome-%d", i);
        b->what[i] = (struct ctx_suggestion){
            .kind = CTX_SUGGEST_RISK,
            .audience = CTX_FOR_CLINICIAN,
            .language = AN_STR("en"),
            .topic = an_str_c(b->topic[i]),
            .statement = AN_STR("About 4 of 1,000 people with such a record."),
            .p = 0.004,
            .p_high = 0.01,
            .horizon_days = 365,
            .model = {.name = AN_STR("demo"),
                      .version = AN_STR("1"),
                      .digest = AN_STR("abc123"),
                      .demonstrator = true},
            .as_of = an_time_us(TEST_EPOCH_US)};
    }
}

/* All that is said about the patient of one trigger. */
static void conclude(struct bench *b, const struct pl_trigger *t,
                     uint64_t number)
{
    char id[SAYINGS][40];
    struct pl_delivery delivery = {.payload = {b->payload, sizeof(b->payload)}};
    struct pl_conclusion all = {.patient = t->patient,
                                .now_us = TEST_EPOCH_US,
                                .trigger = &t->id,
                                .n_triggers = 1,
                                .said = b->said,
                                .n_said = SAYINGS,
                                .complete = true,
                                .delivery = &delivery,
                                .n_deliveries = 1};
    struct pl_conclude_receipt receipt;
    struct an_err err;

    for (int i = 0; i < SAYINGS; i++) {
        (void)snprintf(id[i], sizeof(id[i]), "%08x-0000-5000-8000-%012d",
                       (unsigned)number, i);
        b->said[i] =
            (struct pl_saying){.what = &b->what[i],
                               .resource = an_str_c(id[i]),
                               .encounter = AN_STR("V1"),
                               .detail = {b->detail, sizeof(b->detail)},
                               .stage = CFG_LIVE};
    }
    if (pl_store_conclude(b->store, &all, 1, &receipt, &err) != AN_OK)
        stop("cannot conclude", &err);
    if (receipt.duplicate)
        stop("a trigger was done before", NULL);
}

/* n conclusions a second; the patients are the same each round. */
static double round_of(struct bench *b, uint64_t round, uint64_t n)
{
    const struct pl_trigger *trigger;
    struct an_err err;
    size_t found;
    double t0;

    put_messages(b, round * n, n);
    if (pl_triggers(b->reader, &b->arena, 0, n, &trigger, &found, &err) !=
        AN_OK)
        stop("no triggers", &err);
    if (found != n)
        stop("not each message is a trigger", NULL);
    t0 = bench_now_s();
    for (uint64_t i = 0; i < n; i++)
        conclude(b, &trigger[i], i);
    t0 = bench_now_s() - t0;
    an_arena_reset(&b->arena);
    return (double)n / t0;
}

/* In turns, and the best counts: neighbours disturb one at a time. */
static void best(double *most, double rate)
{
    *most = rate > *most ? rate : *most;
}

int main(int argc, char **argv)
{
    static struct bench b;
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : CONCLUSIONS;
    struct pl_store_options options = {.path = NULL};
    double bare = 0, heavy = 0, again = 0, first;
    char path[PATH_BYTES];
    struct an_err err;

    b.folder = argc > 2 ? argv[2] : ".";
    an_arena_init(&b.arena, 64 << 20);
    make_words(&b);
    drop(&b);
    path_in(&b, "conclude.db", path);
    options.path = path;
    if (pl_store_open(&options, &b.store, &err) != AN_OK ||
        pl_reader_open(path, 0, &b.reader, &err) != AN_OK)
        stop("store", &err);
    first = round_of(&b, 0, n);
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        best(&bare, flushes(&b, 4096));
        best(&heavy, flushes(&b, sizeof(b.payload)));
        best(&again, round_of(&b, i, n));
    }
    bench_row("conclude/flush_4k", bare, "/s");
    bench_row("conclude/flush_64k", heavy, "/s");
    bench_row("conclude/first", first, "/s");
    bench_row("conclude/again", again, "/s");
    bench_row("conclude/again_of_flush_64k", again / heavy, "ratio");
    pl_reader_close(b.reader);
    pl_store_close(b.store);
    an_arena_free(&b.arena);
    drop(&b);
    return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* replay and backload: messages out of files, in order, into the engine or to
 * a server; a line for each one that was refused, and the counts at the end. */
#include "plugin/host/client.h"
#include "plugin/host/command.h"
#include "plugin/host/feed.h"
#include "plugin/host/gone.h"
#include "plugin/host/say.h"
#include "plugin/host/thread.h"
#include "plugin/watch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    IN_FLIGHT = 512,           /* messages that wait for their commit */
    IN_FLIGHT_BYTES = 8 << 20, /* and their bytes: far below what the committer
                                  refuses, as a load waits and never fails */
    SHOWN_REFUSALS = 20,
    BAR_WIDTH = 30,
    BAR_EVERY = 64, /* messages */
    SEND_TIMEOUT_MS = 60000
};

/* What became of the messages, and how many are still on their way. */
struct tally {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t n_messages, n_verdict[PL_FAILED + 1], n_events, n_warned;
    unsigned in_flight;
    size_t in_flight_bytes;
    uint64_t n_shown;
};

struct loader {
    const struct pl_invocation *in;
    struct pl_engine *engine; /* NULL when sending to a server */
    struct pl_client *client; /* NULL when loading here */
    bool historical;
    struct tally tally;
    struct pl_feed_source feed;
    struct pl_gone gone;
};

/* One message on its way: where it came from, for the line of a refusal. */
struct flight {
    struct loader *loader;
    struct pl_job *job;
    const char *file;
    size_t offset, bytes;
    uint64_t line;
};

static void show_refusal(struct tally *t, const char *file, size_t offset,
                         uint64_t line, const char *why)
{
    if (t->n_shown++ >= SHOWN_REFUSALS)
        return;
    if (line)
        (void)fprintf(stderr, "%s:%llu: %s\n", file, (unsigned long long)line,
                      why);
    else
        (void)fprintf(stderr, "%s: at byte %zu: %s\n", file, offset, why);
}

static void count_job(struct tally *t, const struct flight *f)
{
    const struct ctx_reading *r = pl_job_reading(f->job);
    enum pl_verdict verdict = pl_job_verdict(f->job);
    char why[512];

    t->n_verdict[verdict]++;
    t->n_warned += r->n_warnings > 0;
    for (size_t i = 0; i < r->n_parts; i++)
        t->n_events += r->part[i].n_events;
    if (verdict == PL_REFUSED || verdict == PL_FAILED) {
        an_err_print(pl_job_err(f->job), why, sizeof(why));
        show_refusal(t, f->file, f->offset, f->line, why);
    }
}

static void landed(struct pl_job *job, void *user)
{
    struct flight *f = user;
    struct tally *t = &f->loader->tally;

    (void)pthread_mutex_lock(&t->lock);
    count_job(t, f);
    t->in_flight--;
    t->in_flight_bytes -= f->bytes;
    (void)pthread_cond_signal(&t->moved);
    (void)pthread_mutex_unlock(&t->lock);
    pl_job_free(job);
    free(f);
}

static void wait_for_all(struct tally *t)
{
    (void)pthread_mutex_lock(&t->lock);
    while (t->in_flight)
        (void)pthread_cond_wait(&t->moved, &t->lock);
    (void)pthread_mutex_unlock(&t->lock);
}

/* Wait for room, and take it.  A message larger than all room goes alone. */
static void take_off(struct tally *t, size_t bytes)
{
    (void)pthread_mutex_lock(&t->lock);
    while (t->in_flight >= IN_FLIGHT ||
           (t->in_flight && t->in_flight_bytes + bytes > IN_FLIGHT_BYTES))
        (void)pthread_cond_wait(&t->moved, &t->lock);
    t->in_flight++;
    t->in_flight_bytes += bytes;
    (void)pthread_mutex_unlock(&t->lock);
}

/* What never became a job; the committer's thread may be counting, too. */
static void count_refusal(struct tally *t)
{
    (void)pthread_mutex_lock(&t->lock);
    t->n_verdict[PL_REFUSED]++;
    (void)pthread_mutex_unlock(&t->lock);
}

/* A deletion that names no patient: whose it was is asked when all is in. */
static enum an_code note_deletions(struct loader *l,
                                   const struct pl_feed_item *item,
                                   const struct pl_job *job, struct an_err *err)
{
    const struct ctx_reading *r = pl_job_reading(job);

    return item->format == PL_FORMAT_FHIR && r->n_parts == 0 &&
                   an_str_eq(r->kind, AN_STR("Bundle"))
               ? pl_gone_take(&l->gone, item->file, item->bytes, err)
               : AN_OK;
}

static enum an_code load_here(struct loader *l, const struct pl_feed_item *item,
                              struct an_err *err)
{
    struct flight *f = calloc(1, sizeof(*f));
    struct an_str feed = an_str_c(l->in->command);
    enum an_code rc;

    if (f)
        f->job = pl_engine_job(l->engine, item->format, feed, item->bytes,
                               l->historical);
    if (f == NULL || f->job == NULL) {
        free(f);
        return an_fail_nomem(err);
    }
    f->loader = l;
    f->file = item->file;
    f->offset = item->offset;
    f->line = item->line;
    f->bytes = item->bytes.n;
    take_off(&l->tally, f->bytes);
    pl_job_read(f->job, pl_engine_settings(l->engine));
    rc = note_deletions(l, item, f->job, err);
    pl_job_store(f->job, pl_engine_committer(l->engine), landed, f);
    return rc;
}

static enum an_code send_there(struct loader *l,
                               const struct pl_feed_item *item,
                               struct an_err *err)
{
    struct hl7_answer answer;
    enum an_code rc;
    char why[128];

    if (item->format != PL_FORMAT_HL7V2) {
        show_refusal(&l->tally, item->file, item->offset, item->line,
                     "only HL7v2 goes over MLLP");
        l->tally.n_verdict[PL_REFUSED]++;
        return AN_OK;
    }
    rc = pl_client_send(l->client, item->bytes, &answer, err);
    if (rc == AN_IO || rc == AN_NOMEM)
        return rc;
    if (rc == AN_OK &&
        (answer.code == HL7_ACK_AA || answer.code == HL7_ACK_CA)) {
        l->tally.n_verdict[PL_ACCEPTED]++;
        return AN_OK;
    }
    l->tally.n_verdict[PL_REFUSED]++;
    if (rc == AN_OK)
        (void)snprintf(why, sizeof(why), "answered %s, error %.*s",
                       answer.code == HL7_ACK_AR || answer.code == HL7_ACK_CR
                           ? "AR"
                           : "AE",
                       AN_STR_ARG(answer.error));
    else
        an_err_print(err, why, sizeof(why));
    show_refusal(&l->tally, item->file, item->offset, item->line, why);
    return AN_OK;
}

static void draw_bar(const struct loader *l, bool last)
{
    double done = last ? 1 : pl_feed_progress(&l->feed);
    int filled = (int)(done * BAR_WIDTH);
    char bar[BAR_WIDTH + 1];

    if (!isatty(STDERR_FILENO))
        return;
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    (void)fprintf(stderr, "\r%s [%s] %3.0f %%  %llu messages%s", l->in->command,
                  bar, done * 100, (unsigned long long)l->tally.n_messages,
                  last ? "\n" : "");
}

/* What was deleted, be it that an earlier load had told of it. */
static enum an_code withdraw(struct loader *l, struct an_err *err)
{
    struct pl_settling by = {.engine = l->engine,
                             .feed = an_str_c(l->in->command),
                             .historical = l->historical};

    return l->engine ? pl_gone_settle(&l->gone, &by, err) : AN_OK;
}

static int load_all(struct loader *l)
{
    struct pl_feed_item item;
    struct an_err err;
    enum an_code rc;

    while ((rc = pl_feed_next(&l->feed, &item, &err)) != AN_NOTFOUND) {
        if (rc == AN_TYPE || rc == AN_IO) { /* that file; the rest goes on */
            (void)pl_complain(&err);
            count_refusal(&l->tally);
            continue;
        }
        if (rc == AN_OK)
            rc = l->client ? send_there(l, &item, &err)
                           : load_here(l, &item, &err);
        if (rc != AN_OK) {
            wait_for_all(&l->tally);
            return pl_complain(&err);
        }
        if (++l->tally.n_messages % BAR_EVERY == 0)
            draw_bar(l, false);
    }
    wait_for_all(&l->tally);
    draw_bar(l, true);
    return withdraw(l, &err) == AN_OK ? PL_EXIT_OK : pl_complain(&err);
}

static void print_tally(const struct loader *l)
{
    const struct tally *t = &l->tally;

    if (t->n_shown > SHOWN_REFUSALS)
        (void)fprintf(stderr, "... and %llu more\n",
                      (unsigned long long)(t->n_shown - SHOWN_REFUSALS));
    (void)printf("%llu messages: %llu accepted, %llu there already, %llu "
                 "refused, %llu failed",
                 (unsigned long long)t->n_messages,
                 (unsigned long long)t->n_verdict[PL_ACCEPTED],
                 (unsigned long long)t->n_verdict[PL_DUPLICATE],
                 (unsigned long long)t->n_verdict[PL_REFUSED],
                 (unsigned long long)t->n_verdict[PL_FAILED]);
    if (l->engine)
        (void)printf("; %llu events, %llu messages with warnings",
                     (unsigned long long)t->n_events,
                     (unsigned long long)t->n_warned);
    (void)putchar('\n');
    if (l->gone.n)
        (void)printf("%zu deletions that name no patient: %zu filed, the "
                     "others are of nothing that is here\n",
                     l->gone.n, l->gone.n_filed);
}

/* Everything is open: load, count, say. */
static int load(struct loader *l, int n_paths, char **paths)
{
    struct an_err err;
    int status;

    if (pl_feed_open(&l->feed, paths, (size_t)n_paths, &err) != AN_OK)
        return pl_complain(&err);
    (void)pthread_mutex_init(&l->tally.lock, NULL);
    (void)pthread_cond_init(&l->tally.moved, NULL);
    pl_gone_init(&l->gone);
    status = load_all(l);
    print_tally(l);
    pl_feed_close(&l->feed);
    pl_gone_release(&l->gone);
    (void)pthread_cond_destroy(&l->tally.moved);
    (void)pthread_mutex_destroy(&l->tally.lock);
    if (status == PL_EXIT_OK && l->tally.n_verdict[PL_FAILED])
        status = PL_EXIT_MACHINE;
    if (status == PL_EXIT_OK && l->tally.n_verdict[PL_REFUSED])
        status = PL_EXIT_REFUSED;
    return status;
}

/* What the messages have triggered, and what came of it. */
static int think(struct pl_engine *e, int status)
{
    struct pl_watch_options options = {.consult = pl_engine_consult(e),
                                       .log = pl_engine_log(e),
                                       .clock = pl_clock_us};
    struct pl_watch_counts counts;
    struct pl_watch *watch;
    struct an_err err;

    if (options.consult.mind == NULL)
        return status;
    options.n_threads = (uint32_t)pl_engine_options(e)->workers;
    if (pl_watch_open(&options, &watch, &err) != AN_OK)
        return pl_complain(&err);
    (void)pl_watch_drain(watch, -1);
    pl_watch_counts(watch, &counts);
    pl_watch_close(watch);
    pl_say_counts(&counts);
    return counts.n_put_off && status == PL_EXIT_OK ? PL_EXIT_MACHINE : status;
}

static int load_with_engine(const struct pl_invocation *in, bool historical)
{
    struct loader l = {.in = in, .historical = historical};
    struct an_err err;
    int status;

    if (pl_invocation_engine(in, !historical, &l.engine, &err) != AN_OK)
        return pl_complain(&err);
    status = load(&l, in->argc, in->argv);
    if (status != PL_EXIT_USAGE && !historical)
        status = think(l.engine, status);
    pl_engine_close(l.engine);
    return status;
}

int pl_command_backload(const struct pl_invocation *in)
{
    return in->argc ? load_with_engine(in, true) : pl_usage(in);
}

/* Where to, and how. */
struct target {
    struct cfg_address address;
    bool is_tls;
    struct pl_client_keys keys;
};

static bool read_target(const char *text, struct target *t)
{
    struct an_str to = an_str_c(text), tls = AN_STR("tls://");

    t->is_tls = an_str_starts(to, tls);
    if (t->is_tls)
        to = an_str_sub(to, tls.n, to.n);
    return cfg_value_address(to, &t->address) && t->address.host.n;
}

/* How many arguments are options, of replay --to; -1 for a wrong call. */
static int read_options(const struct pl_invocation *in, struct target *t)
{
    const struct {
        const char *name;
        const char **value;
    } known[] = {{"--ca", &t->keys.ca_file},
                 {"--certificate", &t->keys.certificate_file},
                 {"--key", &t->keys.key_file}};
    int i = 2;

    if (in->argc < 3 || !read_target(in->argv[1], t))
        return -1;
    for (; i < in->argc && in->argv[i][0] == '-'; i += 2) {
        size_t k = 0;

        while (k < sizeof(known) / sizeof(known[0]) &&
               strcmp(known[k].name, in->argv[i]) != 0)
            k++;
        if (k == sizeof(known) / sizeof(known[0]) || i + 1 == in->argc ||
            !t->is_tls)
            return -1;
        *known[k].value = in->argv[i + 1];
    }
    return i < in->argc && !t->keys.certificate_file == !t->keys.key_file ? i
                                                                          : -1;
}

int pl_command_replay(const struct pl_invocation *in)
{
    struct loader l = {.in = in};
    struct target t = {.is_tls = false};
    struct pl_client client;
    struct an_err err;
    enum an_code rc;
    int n, status;

    if (in->argc == 0 || strcmp(in->argv[0], "--to") != 0)
        return in->argc ? load_with_engine(in, false) : pl_usage(in);
    n = read_options(in, &t);
    if (n < 0)
        return pl_usage(in);
    rc = t.is_tls ? pl_client_open_tls(&client, &t.address, &t.keys,
                                       SEND_TIMEOUT_MS, &err)
                  : pl_client_open(&client, &t.address, SEND_TIMEOUT_MS, &err);
    if (rc != AN_OK)
        return pl_complain(&err);
    l.client = &client;
    status = load(&l, in->argc - n, in->argv + n);
    pl_client_close(&client);
    return status;
}

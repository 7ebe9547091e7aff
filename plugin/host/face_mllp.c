/* SPDX-License-Identifier: Apache-2.0 */
/* HL7v2 over MLLP: a frame becomes a job, a worker reads it, the committer
 * stores it, and the acknowledgement goes back from there. */
#include "plugin/host/serve.h"

#include "hl7/ack.h"

#include <stdlib.h>

enum {
    NAK_ARENA_BYTES = 1 << 20,
    /* Messages between frame and answer, and their bytes: beyond them senders
     * are held back.  Half of what the committer takes (commit.h), so that a
     * slow store is felt as slowness and not as refusals.  A message larger than
     * all goes alone. */
    FLIGHTS = 2048,
    FLIGHT_BYTES = 32 << 20
};

struct flight {
    struct pl_server *server;
    struct pl_conn_ref ref;
    struct pl_job *job;
    size_t bytes;
};

/* The listener's thread alone takes; it is given back by whoever answers. */
static bool take_off(struct pl_server *s, size_t bytes)
{
    uint64_t n = atomic_load(&s->n_flights);

    if (n &&
        (n >= FLIGHTS || atomic_load(&s->flight_bytes) + bytes > FLIGHT_BYTES))
        return false;
    atomic_fetch_add(&s->n_flights, 1);
    atomic_fetch_add(&s->flight_bytes, bytes);
    return true;
}

static void land(struct pl_server *s, size_t bytes)
{
    atomic_fetch_sub(&s->flight_bytes, bytes);
    atomic_fetch_sub(&s->n_flights, 1);
}

static void answered(struct pl_job *job, void *user)
{
    struct flight *f = user;

    pl_server_count_job(f->server, job);
    /* Without memory for an answer there is none: the connection is closed
     * when its time is up, and the sender repeats the message. */
    if (pl_job_accept(job).n || pl_job_answer(job).n ||
        !pl_job_is_answered(job))
        (void)pl_mllp_answer_both(f->server->mllp, f->ref, pl_job_accept(job),
                                  pl_job_answer(job));
    land(f->server, f->bytes);
    pl_job_free(job);
    free(f);
}

static void work(void *arg, uint32_t thread)
{
    struct flight *f = arg;

    (void)thread;
    pl_job_read(f->job, pl_engine_settings(f->server->running.engine));
    pl_job_store(f->job, pl_engine_committer(f->server->running.engine),
                 answered, f);
}

static enum an_code on_message(void *ctx, const struct pl_mllp_message *m)
{
    struct pl_server *s = ctx;
    struct flight *f;
    char feed[PL_FEED_BYTES];

    if (!take_off(s, m->bytes.n))
        return AN_BUSY;
    f = calloc(1, sizeof(*f));
    if (f)
        f->job = pl_engine_job(s->running.engine, PL_FORMAT_HL7V2,
                               pl_feed_name("mllp", m->identity, feed),
                               m->bytes, false);
    if (f && f->job) {
        pl_job_ask_sender(f->job);
        f->server = s;
        f->ref = m->ref;
        f->bytes = m->bytes.n;
        if (pl_workers_put(s->workers, work, f) == AN_OK)
            return AN_OK;
        pl_job_free(f->job);
    }
    free(f);
    land(s, m->bytes.n);
    return AN_BUSY;
}

/* The listener's thread alone calls this, so one arena is enough. */
static struct an_str on_bad_frame(void *ctx, const struct pl_mllp_bad *bad)
{
    struct pl_server *s = ctx;
    struct an_err err = {.code = AN_LIMIT,
                         .what = "longer than listen.mllp.max_frame",
                         .where = {.byte = (size_t)bad->byte}};
    struct hl7_ack ack = {.code = HL7_ACK_AR,
                          .now =
                              an_time_us(pl_engine_now_us(s->running.engine)),
                          .error = &err,
                          .n_errors = 1};
    struct hl7_ack_plan plan;
    struct an_str answer;

    pl_server_count(s, PL_REFUSED);
    if (bad->why != AN_LIMIT && bad->why != AN_BUSY)
        return AN_STR("");
    if (bad->why == AN_BUSY) {
        err = (struct an_err){.code = AN_BUSY,
                              .what = "no room for it now: send it again",
                              .where = {.byte = (size_t)bad->byte}};
        ack.code = HL7_ACK_AE; /* AR would say that it is of no use */
    }
    an_arena_reset(&s->nak_arena);
    if (hl7_ack_decide(bad->start, ack.code, &s->nak_arena, &plan, NULL) !=
            AN_OK ||
        plan.n == 0)
        return AN_STR("");
    ack.code = plan.code[0];
    ack.is_enhanced = plan.is_enhanced;
    ack.control_id = AN_STR("0");
    return hl7_ack_print(&ack, bad->start, &s->nak_arena, &answer, NULL) ==
                   AN_OK
               ? answer
               : AN_STR("");
}

enum an_code pl_face_mllp_open(struct pl_server *s, struct an_err *err)
{
    const struct cfg_options *o = pl_engine_options(s->running.engine);
    struct pl_mllp_options options = {
        .address = o->mllp_address,
        .max_frame_bytes = (size_t)o->mllp_max_frame_bytes,
        .max_pending_bytes = (size_t)o->mllp_max_pending_bytes,
        .max_connections = (uint32_t)o->mllp_max_connections,
        .idle_ms = o->mllp_idle_ms,
        .frame_ms = o->mllp_frame_ms,
        .answer_ms = o->mllp_answer_ms,
        .write_ms = o->mllp_write_ms,
        .tls = o->mllp_tls ? s->tls : NULL,
        .handshake_ms = o->mllp_handshake_ms,
        .peers = pl_server_peers(&o->mllp_peers, s->mllp_network),
        .max_per_peer = (uint32_t)o->mllp_max_per_peer};
    struct pl_mllp_calls calls = {
        .ctx = s, .on_message = on_message, .on_bad_frame = on_bad_frame};

    an_arena_init(&s->nak_arena, NAK_ARENA_BYTES);
    if (o->mllp_address.host.n == 0)
        return AN_OK;
    return pl_mllp_open(&options, &calls, pl_engine_log(s->running.engine),
                        &s->mllp, err);
}

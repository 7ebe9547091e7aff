/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/pipeline.h"

#include "base/hash.h"
#include "fhir/outcome.h"
#include "hl7/ack.h"
#include "hl7/read.h"
#include "plugin/host/thread.h"

#include <stdlib.h>

struct pl_job {
    struct an_arena arena;
    struct pl_inbound in;
    struct an_str bytes;
    struct ctx_reading reading;
    struct pl_intake intake;
    struct pl_waiter waiter;
    void (*done)(struct pl_job *j, void *user);
    void *user;
    struct an_err err; /* of reading or storing */
    enum pl_verdict verdict;
    struct an_str answer;
    int64_t answered_us; /* the moment the answer speaks of */
    struct pl_feeds *feeds;
    int64_t received_ms; /* CLOCK_MONOTONIC */
};

struct pl_job *pl_job_new(const struct pl_inbound *in, struct an_str bytes,
                          size_t arena_bytes)
{
    struct pl_job *j = calloc(1, sizeof(*j));

    if (j == NULL)
        return NULL;
    an_arena_init(&j->arena, arena_bytes);
    j->in = *in;
    j->received_ms = pl_now_ms();
    if (!an_arena_str(&j->arena, bytes, &j->bytes) ||
        !an_arena_str(&j->arena, in->feed, &j->in.feed)) {
        pl_job_free(j);
        return NULL;
    }
    return j;
}

void pl_job_free(struct pl_job *j)
{
    if (j == NULL)
        return;
    an_arena_free(&j->arena);
    free(j);
}

/* ---- reading ------------------------------------------------------------ */

static enum an_code read_hl7(struct pl_job *j, const struct pl_settings *s)
{
    struct hl7_message message;
    enum an_code rc = hl7_read(&j->arena, j->bytes, s->charset, &s->hl7_limits,
                               &message, &j->err);

    return rc == AN_OK
               ? hl7_events(&j->arena, &s->hl7, &message, &j->reading, &j->err)
               : rc;
}

/* What a message does not date was known when it came. */
static void date_undated(struct pl_job *j)
{
    for (size_t i = 0; i < j->reading.n_parts; i++) {
        const struct ctx_part *part = &j->reading.part[i];

        for (size_t k = 0; k < part->n_events; k++)
            if (part->event[k].available_us == 0)
                part->event[k].available_us = j->in.received_us;
    }
}

static enum an_code make_intake(struct pl_job *j)
{
    struct pl_source from = {.bytes = j->bytes,
                             .format = j->in.format,
                             .reading = &j->reading,
                             .feed = j->in.feed,
                             .received_us = j->in.received_us,
                             .historical = j->in.historical};

    return pl_intake_make(&j->arena, &from, &j->intake, &j->err);
}

/* ---- the answer --------------------------------------------------------- */

enum {
    ACK_ID_BYTES = 10,       /* of the digest: HL7 v2.5.1 allows 20 digits */
    ANSWER_BYTES = 256 << 10 /* kept for it, whatever the message took */
};

/* Our control id: the same for the same message. */
static struct an_str ack_id(struct pl_job *j)
{
    struct an_sha256 digest = j->intake.sha256;
    char hex[2 * ACK_ID_BYTES + 1];
    struct an_str copy;

    if (j->err.code != AN_OK && an_sha256(j->bytes, &digest, NULL) != AN_OK)
        return AN_STR("0");
    an_hex_print(digest.b, ACK_ID_BYTES, hex);
    return an_arena_str(&j->arena, (struct an_str){hex, sizeof(hex) - 1}, &copy)
               ? copy
               : AN_STR("0");
}

static size_t n_kept_warnings(const struct ctx_reading *r)
{
    return r->n_warnings < CTX_MAX_WARNINGS ? r->n_warnings : CTX_MAX_WARNINGS;
}

static enum hl7_ack_code ack_code(const struct pl_job *j)
{
    if (j->verdict == PL_ACCEPTED || j->verdict == PL_DUPLICATE)
        return HL7_ACK_AA;
    /* AR asks the sender to stop and look; AE is about this message. */
    return j->err.code == AN_SYNTAX || j->err.code == AN_UNSUPPORTED
               ? HL7_ACK_AR
               : HL7_ACK_AE;
}

static void print_answer(struct pl_job *j, int64_t at_us)
{
    bool wrong = j->err.code != AN_OK;

    j->answered_us = at_us;
    j->arena.limit_bytes = j->arena.used_bytes + ANSWER_BYTES;
    if (j->in.format == PL_FORMAT_HL7V2) {
        struct hl7_ack ack = {.code = ack_code(j),
                              .now = an_time_us(at_us - at_us % 1000000),
                              .control_id = ack_id(j),
                              .error = &j->err,
                              .n_errors = wrong,
                              .warning = j->reading.warning,
                              .n_warnings = n_kept_warnings(&j->reading)};

        ack.now.precision = AN_TIME_SECOND;
        if (hl7_ack_print(&ack, j->bytes, &j->arena, &j->answer, NULL) != AN_OK)
            j->answer = AN_STR("");
    } else if (fhir_outcome(&j->arena, wrong ? &j->err : NULL,
                            j->reading.warning, n_kept_warnings(&j->reading),
                            &j->answer, NULL) != AN_OK) {
        j->answer = AN_STR("");
    }
}

void pl_job_read(struct pl_job *j, const struct pl_settings *s)
{
    enum an_code rc;

    j->feeds = s->feeds;
    rc = j->in.format == PL_FORMAT_HL7V2
             ? read_hl7(j, s)
             : fhir_read(&j->arena, &s->fhir, j->bytes, &j->reading, &j->err);

    if (rc == AN_OK)
        rc = ctx_localise(&j->arena, &s->site, &j->reading, &j->err);
    if (rc == AN_OK)
        date_undated(j);
    if (rc == AN_OK)
        rc = make_intake(j);
    j->verdict = rc == AN_OK ? PL_ACCEPTED : PL_REFUSED;
    /* The machine's memory may come back; its own room is all used up for a
     * message that is too large. */
    if (rc == AN_NOMEM && j->arena.peak_bytes < j->arena.limit_bytes / 2)
        j->verdict = PL_FAILED;
    if (rc != AN_OK)
        j->reading = (struct ctx_reading){.n_warnings = 0};
    /* Made here, by a worker, since the committer's thread must not wait; it
     * is sent only after T1. */
    print_answer(j, j->in.received_us);
}

/* ---- T1 ----------------------------------------------------------------- */

/* Whoever watches feeds hears of what is stored, and of what comes again. */
static void tell_feeds(const struct pl_job *j)
{
    bool hl7 = j->in.format == PL_FORMAT_HL7V2;
    struct pl_feed_seen seen = {
        .name = j->intake.sender.n ? j->intake.sender : j->in.feed,
        .now = {.us = j->in.received_us, .ms = j->received_ms},
        .said_us = hl7 ? j->intake.said_us : 0,
        .sequence = hl7 ? pl_feed_sequence(j->bytes) : -1};

    if (j->feeds && !j->in.historical &&
        (j->verdict == PL_ACCEPTED || j->verdict == PL_DUPLICATE))
        pl_feeds_saw(j->feeds, &seen);
}

/* What the store said decides the answer. */
static void settle(struct pl_job *j)
{
    const struct pl_receipt *r = &j->waiter.receipt;

    /* A receipt of its own with an error: this one alone is refused, and the
     * committer repeats that error as the waiter's. */
    if (r->code != AN_OK) {
        j->verdict = PL_REFUSED;
        j->err = r->err;
    } else if (j->waiter.code != AN_OK) {
        j->verdict = PL_FAILED;
        j->err = j->waiter.err;
    } else {
        j->verdict = r->duplicate ? PL_DUPLICATE : PL_ACCEPTED;
    }
    tell_feeds(j);
    if (j->err.code != AN_OK || r->received_us != j->answered_us)
        print_answer(j,
                     j->err.code == AN_OK ? r->received_us : j->in.received_us);
}

static void stored(struct pl_waiter *w)
{
    struct pl_job *j = w->user;

    settle(j);
    j->done(j, j->user);
}

void pl_job_store(struct pl_job *j, struct pl_committer *c,
                  void (*done)(struct pl_job *j, void *user), void *user)
{
    struct an_err err;
    enum an_code rc;

    j->done = done;
    j->user = user;
    j->waiter =
        (struct pl_waiter){.intake = &j->intake, .done = stored, .user = j};
    if (j->verdict == PL_REFUSED || j->verdict == PL_FAILED) {
        done(j, user);
        return;
    }
    /* Once submitted it is the committer's: it may be done, and freed, before
     * the call returns. */
    rc = pl_committer_submit(c, &j->waiter, &err);
    if (rc != AN_OK) {
        j->waiter.code = rc;
        j->waiter.err = err;
        stored(&j->waiter);
    }
}

void pl_job_put(struct pl_job *j, struct pl_committer *c)
{
    if (j->verdict == PL_REFUSED || j->verdict == PL_FAILED)
        return;
    j->waiter.code =
        pl_committer_put(c, &j->intake, &j->waiter.receipt, &j->waiter.err);
    settle(j);
}

/* ---- questions ---------------------------------------------------------- */

enum pl_verdict pl_job_verdict(const struct pl_job *j)
{
    return j->verdict;
}

const struct pl_receipt *pl_job_receipt(const struct pl_job *j)
{
    return &j->waiter.receipt;
}

const struct an_err *pl_job_err(const struct pl_job *j)
{
    return &j->err;
}

const struct ctx_reading *pl_job_reading(const struct pl_job *j)
{
    return &j->reading;
}

const struct pl_intake *pl_job_intake(const struct pl_job *j)
{
    return &j->intake;
}

struct an_str pl_job_answer(struct pl_job *j)
{
    return j->answer;
}

bool pl_format_guess(struct an_str bytes, enum pl_format *format)
{
    static const char *const headers[] = {"MSH", "FHS", "BHS"};

    if (an_str_starts(bytes, AN_STR("\xEF\xBB\xBF")))
        bytes = an_str_sub(bytes, 3, bytes.n);
    while (bytes.n &&
           (an_str_trim(an_str_sub(bytes, 0, 1)).n == 0 || bytes.p[0] == '\v'))
        bytes = an_str_sub(bytes, 1, bytes.n);
    if (bytes.n && bytes.p[0] == '{') {
        *format = PL_FORMAT_FHIR;
        return true;
    }
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (an_str_starts(bytes, an_str_c(headers[i]))) {
            *format = PL_FORMAT_HL7V2;
            return true;
        }
    }
    return false;
}

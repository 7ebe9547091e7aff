/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/pipeline.h"

#include "base/hash.h"
#include "fhir/outcome.h"
#include "hl7/ack.h"
#include "hl7/read.h"
#include "plugin/host/thread.h"

#include <stdlib.h>

enum { NOTE_BYTES = 16 << 10 /* for the note of a refusal */ };

struct pl_job {
    struct an_arena arena;
    struct pl_inbound in;
    struct an_str bytes;
    struct ctx_reading reading;
    struct pl_intake intake;
    struct pl_waiter waiter;
    void (*done)(struct pl_job *j, void *user);
    void *user;
    bool noted;        /* refused, and the intake is the note of it */
    struct an_err err; /* of reading or storing */
    enum pl_verdict verdict;
    struct an_str answer, accept; /* accept: where there are two */
    bool asks_sender, is_stranger;
    bool is_unanswered;  /* the sender wants none */
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

static enum an_code read_hl7(struct an_arena *arena,
                             const struct pl_settings *s, struct an_str bytes,
                             struct hl7_message *m, struct ctx_reading *out,
                             struct an_err *err)
{
    struct hl7_settings settings = s->hl7;
    enum an_code rc =
        hl7_read(arena, bytes, s->charset, &s->hl7_limits, m, err);

    settings.site = &s->site;
    return rc == AN_OK ? hl7_events(arena, &settings, m, out, err) : rc;
}

enum an_code pl_read(struct an_arena *arena, const struct pl_settings *s,
                     enum pl_format format, struct an_str bytes,
                     struct hl7_message *m, struct ctx_reading *out,
                     struct an_err *err)
{
    struct fhir_settings settings = s->fhir;
    enum an_code rc;

    settings.site = &s->site;
    rc = format == PL_FORMAT_HL7V2
             ? read_hl7(arena, s, bytes, m, out, err)
             : fhir_read(arena, &settings, bytes, out, err);
    return rc == AN_OK ? ctx_localise(arena, &s->site, out, err) : rc;
}

/* MSH-3 or MSH-4 against a word of the list: the name, or all of the field. */
static bool is_named(const struct hl7_message *m, size_t field,
                     struct an_str word)
{
    return an_str_eq(word, AN_STR("*")) ||
           an_str_eq(word, hl7_get(m, 0, field, 1, 1, 1)) ||
           an_str_eq(word, hl7_get(m, 0, field, 0, 0, 0));
}

static bool is_listed(const struct hl7_message *m,
                      const struct cfg_texts *senders)
{
    for (size_t i = 0; i < senders->n; i++) {
        struct an_str facility = senders->item[i], application = {"", 0};

        if (an_str_cut(&facility, '|', &application) &&
            is_named(m, 3, application) && is_named(m, 4, facility))
            return true;
    }
    return senders->n == 0;
}

/* Senders who may send are those of the list. */
static enum an_code check_sender(struct pl_job *j, const struct pl_settings *s,
                                 const struct hl7_message *m)
{
    if (!j->asks_sender || j->in.format != PL_FORMAT_HL7V2 ||
        is_listed(m, &s->senders))
        return AN_OK;
    j->is_stranger = true;
    (void)an_fail(&j->err, AN_CODE, "not from one of listen.senders", 0);
    j->err.where = hl7_where(m, 0, 3, 0, 0, 0);
    return AN_CODE;
}

/* What a message does not date was known when it came.  A consent's versions
 * are told apart by it, too: a transaction that PUTs them says no time. */
static void date_event(struct ctx_event *e, int64_t received_us)
{
    if (e->kind == CTX_CONSENT && e->said_us == 0)
        e->said_us = e->available_us = received_us;
    if (e->available_us == 0)
        e->available_us = received_us;
}

/* Who is who was known once it had come, by a sender's clock that is ahead,
 * too. */
static void date_claim(struct ctx_claim *c, int64_t received_us)
{
    if (c->said_us == 0)
        c->said_us = c->available_us = received_us;
    if (c->available_us > received_us)
        c->available_us = received_us;
}

/* The moment is kept with the message: read again, it is dated the same. */
static void date_undated(struct pl_job *j)
{
    for (size_t i = 0; i < j->reading.n_parts; i++)
        for (size_t k = 0; k < j->reading.part[i].n_events; k++)
            date_event(&j->reading.part[i].event[k], j->in.received_us);
    for (size_t i = 0; i < j->reading.n_claims; i++)
        date_claim(&j->reading.claim[i], j->in.received_us);
}

static struct pl_source source_of(const struct pl_job *j)
{
    return (struct pl_source){.bytes = j->bytes,
                              .format = j->in.format,
                              .reading = &j->reading,
                              .feed = j->in.feed,
                              .received_us = j->in.received_us,
                              .historical = j->in.historical};
}

static enum an_code make_intake(struct pl_job *j)
{
    struct pl_source from = source_of(j);

    return pl_intake_make(&j->arena, &from, &j->intake, &j->err);
}

/* That it was refused is worth a note, and no more than that: without room for
 * one there is none. */
static void note_refusal(struct pl_job *j)
{
    struct pl_source from = source_of(j);

    j->arena.limit_bytes += NOTE_BYTES;
    j->noted =
        pl_intake_refuse(&j->arena, &from, &j->err, &j->intake, NULL) == AN_OK;
}

/* ---- the answer --------------------------------------------------------- */

enum {
    ACK_ID_BYTES = 10,       /* of the digest: HL7 v2.5.1 allows 20 digits */
    ANSWER_BYTES = 256 << 10 /* kept for it, whatever the message took */
};

/* Our control id: the same for the same message.  Of two answers the second has
 * another piece of the digest. */
static struct an_str ack_id(struct pl_job *j, size_t number)
{
    struct an_sha256 digest = j->intake.sha256;
    char hex[2 * ACK_ID_BYTES + 1];
    struct an_str copy;

    if (j->err.code != AN_OK && an_sha256(j->bytes, &digest, NULL) != AN_OK)
        return AN_STR("0");
    an_hex_print(digest.b + number * ACK_ID_BYTES, ACK_ID_BYTES, hex);
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
    return j->is_stranger || j->err.code == AN_SYNTAX ||
                   j->err.code == AN_UNSUPPORTED
               ? HL7_ACK_AR
               : HL7_ACK_AE;
}

/* What was odd is told once, by the last of them. */
static struct an_str print_ack(struct pl_job *j,
                               const struct hl7_ack_plan *plan, size_t number)
{
    bool is_last = number + 1 == plan->n;
    struct hl7_ack ack = {
        .code = plan->code[number],
        .now = an_time_us(j->answered_us - j->answered_us % 1000000),
        .control_id = ack_id(j, number),
        .error = &j->err,
        .n_errors = j->err.code != AN_OK,
        .warning = j->reading.warning,
        .n_warnings = is_last ? n_kept_warnings(&j->reading) : 0,
        .is_enhanced = plan->is_enhanced};
    struct an_str text;

    ack.now.precision = AN_TIME_SECOND;
    return hl7_ack_print(&ack, j->bytes, &j->arena, &text, NULL) == AN_OK
               ? text
               : AN_STR("");
}

static void print_acks(struct pl_job *j)
{
    struct hl7_ack_plan plan;

    if (hl7_ack_decide(j->bytes, ack_code(j), &j->arena, &plan, NULL) != AN_OK)
        return;
    j->is_unanswered = plan.n == 0;
    if (plan.n == 0)
        return;
    j->answer = print_ack(j, &plan, plan.n - 1);
    /* Without memory for both there is none: half an answer would mislead. */
    if (plan.n == 2)
        j->accept = print_ack(j, &plan, 0);
    if (plan.n == 2 && j->accept.n == 0)
        j->answer = AN_STR("");
}

static void print_answer(struct pl_job *j, int64_t at_us)
{
    j->answered_us = at_us;
    j->arena.limit_bytes = j->arena.used_bytes + ANSWER_BYTES;
    j->answer = j->accept = AN_STR("");
    j->is_unanswered = false;
    if (j->in.format == PL_FORMAT_HL7V2)
        print_acks(j);
    else if (fhir_outcome(&j->arena, j->err.code != AN_OK ? &j->err : NULL,
                          j->reading.warning, n_kept_warnings(&j->reading),
                          &j->answer, NULL) != AN_OK)
        j->answer = AN_STR("");
}

void pl_job_ask_sender(struct pl_job *j)
{
    j->asks_sender = true;
}

bool pl_job_is_stranger(const struct pl_job *j)
{
    return j->is_stranger;
}

void pl_job_read(struct pl_job *j, const struct pl_settings *s)
{
    struct hl7_message message;
    enum an_code rc;

    j->feeds = s->feeds;
    rc = pl_read(&j->arena, s, j->in.format, j->bytes, &message, &j->reading,
                 &j->err);

    if (rc == AN_OK)
        rc = check_sender(j, s, &message);
    if (rc == AN_OK)
        date_undated(j);
    if (rc == AN_OK)
        rc = make_intake(j);
    j->verdict = rc == AN_OK ? PL_ACCEPTED : PL_REFUSED;
    /* The machine's memory may come back; its own room is all used up for a
     * message that is too large. */
    if (rc == AN_NOMEM && j->arena.peak_bytes < j->arena.limit_bytes / 2)
        j->verdict = PL_FAILED;
    if (j->verdict == PL_REFUSED)
        note_refusal(j);
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
    struct pl_feed_seen seen;

    if (j->feeds == NULL || j->in.historical ||
        (j->verdict != PL_ACCEPTED && j->verdict != PL_DUPLICATE))
        return;
    seen = (struct pl_feed_seen){
        .name = j->intake.sender.n ? j->intake.sender : j->in.feed,
        .now = {.us = j->in.received_us, .ms = j->received_ms},
        .said_us = hl7 ? j->intake.said_us : 0,
        .sequence = hl7 ? pl_feed_sequence(j->bytes) : -1,
        .is_again = j->verdict == PL_DUPLICATE};
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

    if (!j->noted)
        settle(j);
    j->done(j, j->user);
}

/* Nothing to write. */
static bool is_over(const struct pl_job *j)
{
    return (j->verdict == PL_REFUSED && !j->noted) || j->verdict == PL_FAILED;
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
    if (is_over(j)) {
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
    if (is_over(j))
        return;
    j->waiter.code =
        pl_committer_put(c, &j->intake, &j->waiter.receipt, &j->waiter.err);
    if (!j->noted)
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

struct an_str pl_job_accept(struct pl_job *j)
{
    return j->accept;
}

bool pl_job_is_answered(const struct pl_job *j)
{
    return !j->is_unanswered;
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

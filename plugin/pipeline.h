/* SPDX-License-Identifier: Apache-2.0 */
/* The life of one message, from bytes to durable events and an answer.
 *
 *     struct pl_job *j = pl_job_new(&inbound, bytes);
 *     pl_job_read(j, settings);              -- any worker thread
 *     pl_job_store(j, committer, answer_me);  -- T1; calls back
 *     send(pl_job_answer(j));                 -- the ACK, after T1
 *     pl_job_free(j);
 *
 * pl_job_read never fails as a call: a message that cannot be read has an
 * error and gets the answer that says so, and pl_job_store then calls back
 * at once.  Whatever happens, each message gets exactly one answer.
 *
 * Thread-safety: confined; a message is handed from thread to thread, never
 * shared.  Settings are immutable.  Ownership: everything hangs from the
 * message's own arena and goes, wiped, with pl_job_free. */
#ifndef PLUGIN_PIPELINE_H
#define PLUGIN_PIPELINE_H

#include "config/options.h"
#include "context/localise.h"
#include "fhir/read.h"
#include "hl7/charset.h"
#include "hl7/events.h"
#include "plugin/feeds.h"
#include "plugin/store/commit.h"

/* What reading depends on: made from the configuration, replaced as a whole. */
struct pl_settings {
    struct hl7_settings hl7;
    struct hl7_limits hl7_limits;
    const struct hl7_charset *charset; /* of senders that name none */
    struct fhir_settings fhir;
    struct ctx_site site;
    struct pl_feeds *feeds;   /* is told of each message; may be NULL */
    struct cfg_texts senders; /* "APPLICATION|FACILITY", * for any; of those who
                                 are asked: pl_job_ask_sender */
    size_t arena_bytes;       /* the most that one message may take in memory */
};

struct pl_inbound {
    enum pl_format format;
    struct an_str feed; /* which listener, load or channel */
    int64_t received_us;
    bool historical; /* stored, but it triggers nothing */
};

enum pl_verdict {
    PL_ACCEPTED,  /* durable, and filed */
    PL_DUPLICATE, /* it was there already: nothing changed */
    PL_REFUSED,   /* it cannot be read or filed: sending it again is no use */
    PL_FAILED     /* we could not store it: send it again */
};

struct pl_job;

/* A copy of the bytes with its own memory.  NULL without memory. */
struct pl_job *pl_job_new(const struct pl_inbound *in, struct an_str bytes,
                          size_t arena_bytes);
void pl_job_free(struct pl_job *j); /* NULL is nothing */

/* It came from outside: an HL7v2 message of a sender that is not in the
 * settings' list is refused.  Before pl_job_read. */
void pl_job_ask_sender(struct pl_job *j);
/* Was it refused for that? */
bool pl_job_is_stranger(const struct pl_job *j);

/* Parse, file, and make ready to be stored. */
void pl_job_read(struct pl_job *j, const struct pl_settings *s);

/* Queue it for T1; `done` is called once, from the committer's thread or, when
 * there is nothing to store, from this one.  `user` is for the callback. */
void pl_job_store(struct pl_job *j, struct pl_committer *c,
                  void (*done)(struct pl_job *j, void *user), void *user);
/* The same, waiting. */
void pl_job_put(struct pl_job *j, struct pl_committer *c);

enum pl_verdict pl_job_verdict(const struct pl_job *j);
const struct pl_receipt *pl_job_receipt(const struct pl_job *j);
/* What went wrong; code AN_OK when nothing did. */
const struct an_err *pl_job_err(const struct pl_job *j);
/* What was read; empty before pl_job_read, or when it failed. */
const struct ctx_reading *pl_job_reading(const struct pl_job *j);
/* As it goes to the store; only after a verdict other than PL_REFUSED. */
const struct pl_intake *pl_job_intake(const struct pl_job *j);

/* The answer in the message's own format: an HL7 acknowledgement, or an
 * OperationOutcome.  The same message gets the same answer, byte for byte,
 * however often it is sent.  Which acknowledgement stands in hl7/ack.h: where a
 * message asks for two, this is the application's, and pl_job_accept the one
 * that goes before it.  Empty when the sender wants none, and without memory. */
struct an_str pl_job_answer(struct pl_job *j);
/* Empty when there are not two. */
struct an_str pl_job_accept(struct pl_job *j);
/* Does the sender want an answer at all? */
bool pl_job_is_answered(const struct pl_job *j);

/* What a message says, by the same settings: pl_job_read without the rest, for
 * who explains it.  *m is the tree of an HL7v2 message, whose reading points
 * into it; of FHIR it stays as it is. */
enum an_code pl_read(struct an_arena *arena, const struct pl_settings *s,
                     enum pl_format format, struct an_str bytes,
                     struct hl7_message *m, struct ctx_reading *out,
                     struct an_err *err) __attribute__((warn_unused_result));

/* hl7v2 when the bytes begin as a message or batch does, fhir when they begin
 * with '{'; false when neither. */
bool pl_format_guess(struct an_str bytes, enum pl_format *format);

#endif

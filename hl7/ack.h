/* SPDX-License-Identifier: Apache-2.0 */
/* Acknowledgements (HL7 v2.5.1 ch. 2.9): answering a message, and reading an
 * answer.
 *
 * The answer speaks as the sender does: its delimiters, version, processing id
 * and MSH-18, with the two sides of MSH swapped.  From version 2.5 on each error
 * is an ERR segment with location, code and severity; before, one ERR-1.  An
 * error text of ours is a literal, so an answer repeats nothing of the message
 * but what its MSH says.
 *
 * Bytes without a readable MSH are answered too, with a generic header.
 *
 * Thread-safety: immutable.  Ownership: the answer is the arena's.  Nothing here
 * reads a clock or makes an id: the same arguments give the same bytes. */
#ifndef HL7_ACK_H
#define HL7_ACK_H

#include "base/time.h"
#include "hl7/message.h"

/* HL7 table 0008. */
enum hl7_ack_code {
    HL7_ACK_AA, /* application accept */
    HL7_ACK_AE, /* application error: readable, but wrong */
    HL7_ACK_AR, /* application reject */
    HL7_ACK_CA, /* commit accept: it is stored */
    HL7_ACK_CE, /* commit error */
    HL7_ACK_CR  /* commit reject */
};

/* Which acknowledgements a message gets, by its MSH-15 and MSH-16 (2.9.2,
 * 2.9.3, table 0155).  `said` is AA, AE or AR: what became of it.
 *
 * Both are empty: original mode, one answer, which is `said`.
 *
 * Else enhanced mode, where an empty field means never:
 *   MSH-15 asks for the accept acknowledgement: CA for AA, CE for AE, CR for AR.
 *   MSH-16 asks for the application acknowledgement, which is `said`.
 * A failure is told once: by the accept acknowledgement if that is asked for,
 * since what was not accepted has no application to speak for it; else by the
 * other.  A word that is in no table asks always: one answer too many is better
 * than a sender that waits.
 *
 * An acknowledgement (MSH-9.1 ACK or MCF) is never acknowledged: two systems
 * would go on for ever. */
struct hl7_ack_plan {
    enum hl7_ack_code code[2]; /* in the order in which they leave */
    size_t n;                  /* 0: the sender wants none */
    bool is_enhanced;
    struct an_str control_id; /* MSH-10, raw: what MSA-2 will say */
};

/* Of the message in `inbound` only MSH is read.  Fails with AN_NOMEM only. */
enum an_code hl7_ack_decide(struct an_str inbound, enum hl7_ack_code said,
                            struct an_arena *arena, struct hl7_ack_plan *plan,
                            struct an_err *err)
    __attribute__((warn_unused_result));

struct hl7_ack {
    enum hl7_ack_code code;
    struct an_time now;         /* MSH-7 */
    struct an_str control_id;   /* our MSH-10: text, escaped as needed */
    const struct an_err *error; /* severity E */
    size_t n_errors;
    const struct an_err *warning; /* severity W */
    size_t n_warnings;
    bool is_enhanced; /* MSH-15 and MSH-16 say NE: do not answer this */
};

/* The answer to the message in `inbound`, of which only MSH is read; segments
 * end with CR.  Fails with AN_NOMEM only. */
enum an_code hl7_ack_print(const struct hl7_ack *ack, struct an_str inbound,
                           struct an_arena *arena, struct an_str *answer,
                           struct an_err *err)
    __attribute__((warn_unused_result));

/* What an answer says: raw views into it. */
struct hl7_answer {
    enum hl7_ack_code code;
    struct an_str control_id; /* MSA-2: of the message that it answers */
    struct an_str error;      /* ERR-3.1, or ERR-1.4.1; "" if none */
};

/* Fails with AN_MISSING (no MSA), AN_CODE (MSA-1 is not in table 0008). */
enum an_code hl7_ack_read(const struct hl7_message *m,
                          struct hl7_answer *answer, struct an_err *err)
    __attribute__((warn_unused_result));

#endif

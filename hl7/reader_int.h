/* SPDX-License-Identifier: Apache-2.0 */
/* A message while it is read into events, private to this folder: events.c
 * walks its segments and keeps its patients apart, event.c makes the events
 * that the rows of a segment ask for.
 *
 * Thread-safety: confined.  Ownership: the arena's. */
#ifndef HL7_READER_INT_H
#define HL7_READER_INT_H

#include "hl7/account.h"
#include "hl7/events.h"
#include "hl7/identify.h"
#include "hl7/rules.h"

/* The longest name of a kind of message, a sender or a visit. */
enum { HL7_NAME_BYTES = 4096 };

/* A list that grows in the arena. */
struct hl7_list {
    void *item;
    size_t n, size;
};

struct hl7_variant; /* hl7/variant_int.h */

/* What is being read: the message from top to bottom, one part a patient. */
struct hl7_reader {
    struct an_arena *arena;
    const struct hl7_settings *settings;
    const struct hl7_message *m;
    struct ctx_reading *out;
    struct an_err *err;
    struct hl7_scope scope;
    struct an_str authority;
    struct hl7_list parts, events, claims;
    struct hl7_account account;
    struct hl7_list unsaid; /* of `events`, the places (size_t) of those that
                               only stand where nothing else says the fact */
    bool *narrative;        /* by segment: its text is part of another's;
                               NULL before the first report */
    struct hl7_variant *variant; /* by segment; NULL before the first */
    unsigned visit_labels, patient_labels; /* of the part */
    struct hl7_identity patient; /* of the latest PID; n is 0 before it */
    struct hl7_identity first;   /* of the PID before that, for A24 and A37 */
};

/* Room for one more; NULL without memory. */
void *hl7_push(struct hl7_reader *r, struct hl7_list *l, size_t item_bytes);

void hl7_reader_warn(struct hl7_reader *r, enum an_code code, const char *what,
                     const struct an_where *where);

/* What became of a field, for the account. */
static inline void hl7_mark(struct hl7_reader *r, size_t segment,
                            unsigned field, enum hl7_mark mark)
{
    hl7_account_mark(&r->account, segment, field, mark);
}

/* Where an event or a claim comes from: "OBX[3]-5[2]". */
enum an_code hl7_place(struct hl7_reader *r, const struct an_where *where,
                       struct an_str *place);

/* The events of all rows that apply to the segment, which the scope has just
 * entered. */
enum an_code hl7_segment_events(struct hl7_reader *r, enum hl7_segment_id id,
                                size_t index);

/* A visit or an account as events know it: "authority|number"; empty when the
 * field is. */
enum an_code hl7_visit_name(struct hl7_reader *r, size_t segment,
                            unsigned field, struct an_str *name);

/* ---- consent.c ---------------------------------------------------------- */

/* The CON at `index`, if it is about who may know of the patient. */
enum an_code hl7_consent(struct hl7_reader *r, size_t index);

/* ---- mother.c ----------------------------------------------------------- */

/* A child is not its mother: her number (PID-21), where a sender lists it among
 * the child's, is taken out of r->patient.  AN_CODE when an infant has no
 * other. */
enum an_code hl7_without_mother(struct hl7_reader *r, size_t index);

/* ---- claim.c ------------------------------------------------------------ */

/* What the PID at `index` claims: a second one is linked with the first, or
 * parted from it.  r->patient and r->first are what they name. */
enum an_code hl7_pid_claims(struct hl7_reader *r, size_t index, bool second);
/* What the MRG at `index` claims of the PID above it. */
enum an_code hl7_mrg_claims(struct hl7_reader *r, size_t index);

/* ---- label.c ------------------------------------------------------------ */

/* What the segments above say of an event of the segment at `index`. */
unsigned hl7_labels_here(struct hl7_reader *r, size_t index);
/* What a segment says of all of the patient's part: kept until that ends. */
void hl7_labels_enter(struct hl7_reader *r, enum hl7_segment_id id,
                      size_t index);
/* The part ends: its events get what was said of all of it. */
void hl7_labels_close(struct hl7_reader *r);

/* Take out the events of `unsaid` whose fact another event of the part says,
 * and all but the first of those that say the same. */
enum an_code hl7_drop_said(struct hl7_reader *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of config/tables/hl7-events.tsv as data, and how to ask a message
 * for the fields they name.
 *
 * A scope remembers, while a message is read from top to bottom, which segment
 * of each name is the latest one that still applies: a new PID forgets the
 * visit and the orders of the patient before it, a new ORC the results of the
 * order before it.  Messages of two shapes are met: specimens under their order
 * (ORU, OML), and orders under their specimen (OUL^R22); and an ORC that stands
 * right below its OBR (OUL) belongs to it.
 *
 * Thread-safety: rules immutable, scope confined.  Ownership: views of the
 * message, and the arena for text that had to be decoded. */
#ifndef HL7_RULES_H
#define HL7_RULES_H

#include "base/time.h"
#include "context/event.h"
#include "hl7/account.h"
#include "hl7/message.h"

/* Segments that rows may name, and that a scope remembers; MSH is the first.
 * tools/mkrules.awk reads the list from here. */
#define HL7_SEGMENTS(X)                                                        \
    X(MSH)                                                                     \
    X(EVN)                                                                     \
    X(PID)                                                                     \
    X(PV1)                                                                     \
    X(PV2)                                                                     \
    X(DG1)                                                                     \
    X(PR1)                                                                     \
    X(AL1)                                                                     \
    X(OBR)                                                                     \
    X(OBX)                                                                     \
    X(ORC)                                                                     \
    X(RXO)                                                                     \
    X(RXE)                                                                     \
    X(RXA)                                                                     \
    X(NTE)                                                                     \
    X(SPM)                                                                     \
    X(TXA)                                                                     \
    X(TQ1)                                                                     \
    X(MRG)                                                                     \
    X(MSA)                                                                     \
    X(PDA)                                                                     \
    X(SFT)                                                                     \
    X(PD1)                                                                     \
    X(NK1)                                                                     \
    X(ROL)                                                                     \
    X(PRT)                                                                     \
    X(ARV)                                                                     \
    X(ACC)                                                                     \
    X(GT1)                                                                     \
    X(IN1)                                                                     \
    X(IN2)                                                                     \
    X(IN3)                                                                     \
    X(IAM)                                                                     \
    X(RXR)                                                                     \
    X(RXC)                                                                     \
    X(RXD)                                                                     \
    X(RXG)                                                                     \
    X(FT1)                                                                     \
    X(PRB)                                                                     \
    X(PTH)                                                                     \
    X(GOL)                                                                     \
    X(SCH)                                                                     \
    X(RGS)                                                                     \
    X(AIS)                                                                     \
    X(AIG)                                                                     \
    X(AIL)                                                                     \
    X(AIP)                                                                     \
    X(RF1)                                                                     \
    X(PRD)                                                                     \
    X(CTD)                                                                     \
    X(SAC)                                                                     \
    X(TQ2)                                                                     \
    X(STF)                                                                     \
    X(PRA)                                                                     \
    X(ARQ)                                                                     \
    X(RQD)                                                                     \
    X(ODS)                                                                     \
    X(ODT)                                                                     \
    X(BPO)                                                                     \
    X(VAR)                                                                     \
    X(AUT)                                                                     \
    X(LOC)                                                                     \
    X(LDP)                                                                     \
    X(DB1)                                                                     \
    X(INV)                                                                     \
    X(CTI)                                                                     \
    X(BLG)                                                                     \
    X(CDO)

enum hl7_segment_id {
#define X(name) HL7_##name,
    HL7_SEGMENTS(X)
#undef X
        HL7_N_SEGMENTS
};

enum hl7_value_rule {
    HL7_VALUE_FIELDS,   /* the row's value column names fields */
    HL7_VALUE_OBX,      /* by OBX-2 */
    HL7_VALUE_DOCUMENT, /* the text of the OBX segments below a TXA */
    HL7_VALUE_REPORT    /* the narrative ones among those below an OBR */
};

struct hl7_scope {
    const struct hl7_message *m;
    int32_t latest[HL7_N_SEGMENTS]; /* index in the message, -1 for none */
    uint16_t seq[HL7_N_SEGMENTS];   /* how many so far: the ERL's sequence */
    struct an_str type, event;      /* "ADT", "ADT^A01" */
    bool by_specimen;               /* the first SPM stands above any OBR */
    bool above_order;               /* what is read stands above its order */
    struct hl7_account *account;    /* what is asked is marked; may be NULL */
    /* Of this field, this repetition is meant, and of all others the first;
     * rep 0: of all fields the first. */
    struct {
        uint8_t segment, field;
        uint16_t rep;
    } each;
};

/* One place that a rule asks: a field of a segment, or constant text. */
struct hl7_path {
    struct an_str text; /* a constant, when not empty */
    uint8_t segment, field, component;
    uint8_t system;      /* names the code system where `field` does not */
    struct an_str table; /* HL7 table of a bare code; "text" for words */
};

/* Mark the field of a path; a constant is none. */
void hl7_path_mark(const struct hl7_scope *s, const struct hl7_path *path,
                   enum hl7_mark mark);

struct hl7_rule; /* opaque: use the questions below */

/* HL7_N_SEGMENTS for a name that no rule knows. */
enum hl7_segment_id hl7_segment_id(struct an_str name);

/* The turns in which the segments of a message are read: from top to bottom, but
 * notes and who takes part (NTE; PRT, HL7 v2.7 on) between an ORC and its order
 * right below that order (OBR, RXO, RXE, RXD, RXG, RXA), since they are about it.
 * Nothing else may stand between those two but TQ1, TQ2 and what no rule knows.
 *
 *     struct hl7_turns t = {0};
 *     while (hl7_turn(m, &t, &index))
 *         read(index, t.above_order); */
struct hl7_turns {
    size_t next;      /* in the message */
    size_t orc;       /* the latest */
    size_t order;     /* below it; 0 for none */
    size_t held;      /* what stands above it, once it is read; 0 for none */
    bool above_order; /* the segment stands above its order */
};
bool hl7_turn(const struct hl7_message *m, struct hl7_turns *t, size_t *index);

/* An ORC between its OBR and the results of that (HL7 v2.5.1 7.3.8), and not
 * between two orders. */
bool hl7_below_its_obr(const struct hl7_message *m, size_t orc);

void hl7_scope_init(struct hl7_scope *s, const struct hl7_message *m);
/* What the message says it is (MSH-9): "ADT", "ADT^A01". */
enum an_code hl7_scope_trigger(struct hl7_scope *s, struct an_arena *arena,
                               struct an_err *err)
    __attribute__((warn_unused_result));
/* Is it among these ("ADT", "ADT^A01", "*" for any), and not among those with a
 * '!'? */
bool hl7_triggered(const struct hl7_scope *s, const struct an_str *trigger,
                   size_t n);
/* The segment at `index` is now the latest of its name. */
void hl7_scope_enter(struct hl7_scope *s, enum hl7_segment_id id,
                     int32_t index);

/* A segment that stands above the patients it is about (SCH, RF1): its rules
 * are asked where a patient ends. */
bool hl7_segment_waits(enum hl7_segment_id id);

/* The n-th rule of a segment that applies to this message here; NULL after the
 * last. */
const struct hl7_rule *hl7_rule_next(const struct hl7_scope *s,
                                     enum hl7_segment_id id,
                                     const struct hl7_rule *last);

enum ctx_kind hl7_rule_kind(const struct hl7_rule *r);
enum hl7_value_rule hl7_rule_value(const struct hl7_rule *r);
/* The place that the concept comes from; false when all are empty. */
bool hl7_rule_concept(const struct hl7_scope *s, const struct hl7_rule *r,
                      struct hl7_path *found);
/* Each repetition of the concept's field makes an event. */
bool hl7_rule_each(const struct hl7_rule *r);
/* An event only where nothing else of the message is a version of its fact. */
bool hl7_rule_unsaid(const struct hl7_rule *r);
/* The number of value fields, and the place of the i-th. */
unsigned hl7_rule_n_values(const struct hl7_rule *r);
bool hl7_rule_value_at(const struct hl7_scope *s, const struct hl7_rule *r,
                       unsigned i, struct hl7_path *found);

enum hl7_rule_time { HL7_EFFECTIVE, HL7_END, HL7_AVAILABLE };
/* The first place that holds a readable time.  `odd` is set to the first place
 * that holds something else, if any. */
struct an_time hl7_rule_time(const struct hl7_scope *s,
                             const struct hl7_rule *r, enum hl7_rule_time which,
                             const struct an_zone *zone, struct hl7_path *odd);

enum ctx_status hl7_rule_status(const struct hl7_scope *s,
                                const struct hl7_rule *r);

/* The fact's parts joined by '|', as raw bytes of the message. */
enum an_code hl7_rule_fact(struct an_arena *arena, const struct hl7_scope *s,
                           const struct hl7_rule *r, struct an_str *fact,
                           struct an_err *err);

/* The repetition that a path means. */
unsigned hl7_path_rep(const struct hl7_scope *s, const struct hl7_path *path);
/* The raw bytes at a path; "" when there is no such
 * segment, and for HL7's explicit null (""). */
struct an_str hl7_path_get(const struct hl7_scope *s,
                           const struct hl7_path *path);
/* Where it is, for errors and for an event's place. */
struct an_where hl7_path_where(const struct hl7_scope *s,
                               const struct hl7_path *path);

#endif

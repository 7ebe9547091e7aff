/* SPDX-License-Identifier: Apache-2.0 */
/* How confidential a message says its contents are, by the rows of
 * config/tables/hl7-labels.tsv. */
#include "hl7/reader_int.h"

enum scope {
    HL7_LABEL_SEGMENT,
    HL7_LABEL_ORDER,
    HL7_LABEL_BELOW,
    HL7_LABEL_VISIT,
    HL7_LABEL_PATIENT
};

struct label_row {
    enum hl7_segment_id segment;
    unsigned field;
    const char *code;
    enum scope scope;
    const char *label;
};

static const struct label_row rows[] = {
#include "config/tables/hl7-labels.inc"
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]), MAX_REPS = 16 };

static enum hl7_segment_id id_at(const struct hl7_reader *r, size_t index)
{
    return hl7_segment_id(an_str_c(r->m->segment[index].id));
}

static bool same_field(const struct label_row *a, const struct label_row *b)
{
    return a->segment == b->segment && a->field == b->field;
}

/* The label of a code among rows[from..end) of its field. */
static unsigned label_of(size_t from, size_t end, struct an_str code)
{
    const char *any = "stated";

    for (size_t i = from; i < end; i++) {
        if (an_str_eq(code, an_str_c(rows[i].code)))
            return ctx_label_named(an_str_c(rows[i].label));
        if (an_str_eq(AN_STR("*"), an_str_c(rows[i].code)))
            any = rows[i].label;
    }
    return ctx_label_named(an_str_c(any));
}

/* What the field of rows[from..end) says in one segment. */
static unsigned field_labels(struct hl7_reader *r, size_t index, size_t from,
                             size_t end)
{
    unsigned field = rows[from].field, labels = 0;
    size_t n = hl7_n_reps(r->m, index, field);

    for (unsigned rep = 1; rep <= n && rep <= MAX_REPS; rep++) {
        struct an_str code = hl7_get(r->m, index, field, rep, 1, 1);

        if (code.n)
            labels |= label_of(from, end, an_str_trim(code)) | CTX_LABEL_STATED;
    }
    if (n > MAX_REPS) /* nobody looks further: hold it */
        labels |= CTX_LABEL_RESTRICTED;
    if (labels)
        hl7_mark(r, index, field, HL7_MARK_MAPPED);
    return labels;
}

/* What a segment says, by rows of the scopes that are asked for. */
static unsigned segment_labels(struct hl7_reader *r, size_t index,
                               unsigned scopes)
{
    enum hl7_segment_id id = id_at(r, index);
    unsigned labels = 0;

    for (size_t i = 0, end; i < N_ROWS; i = end) {
        for (end = i + 1; end < N_ROWS && same_field(&rows[i], &rows[end]);)
            end++;
        if (rows[i].segment == id && (scopes >> rows[i].scope & 1))
            labels |= field_labels(r, index, i, end);
    }
    return labels;
}

static unsigned latest_labels(struct hl7_reader *r, enum hl7_segment_id id,
                              unsigned scopes)
{
    int32_t at = r->scope.latest[id];

    return at < 0 ? 0 : segment_labels(r, (size_t)at, scopes);
}

/* The ORC of an OBR that stands above it (HL7 v2.5.1 7.3.8, OUL).  Asked for the
 * OBR alone: what stands further down has entered that ORC. */
static unsigned labels_of_orc_below(struct hl7_reader *r, size_t obr)
{
    size_t orc = obr + 1;

    while (orc < r->m->n_segments && id_at(r, orc) == HL7_PRT)
        orc++;
    if (orc >= r->m->n_segments || id_at(r, orc) != HL7_ORC ||
        !hl7_below_its_obr(r->m, orc))
        return 0;
    return segment_labels(r, orc, 1U << HL7_LABEL_ORDER);
}

unsigned hl7_labels_here(struct hl7_reader *r, size_t index)
{
    enum hl7_segment_id id = id_at(r, index);
    unsigned labels = segment_labels(r, index, 1U << HL7_LABEL_SEGMENT);

    if (id == HL7_PID || id == HL7_PV1 || id == HL7_PV2)
        return labels;
    if (id == HL7_OBR)
        labels |= labels_of_orc_below(r, index);
    return labels | latest_labels(r, HL7_ORC, 1U << HL7_LABEL_ORDER) |
           latest_labels(r, HL7_TXA, 1U << HL7_LABEL_BELOW);
}

void hl7_labels_enter(struct hl7_reader *r, enum hl7_segment_id id,
                      size_t index)
{
    if (id == HL7_PID)
        r->visit_labels = r->patient_labels = 0;
    r->visit_labels |= segment_labels(r, index, 1U << HL7_LABEL_VISIT);
    r->patient_labels |= segment_labels(r, index, 1U << HL7_LABEL_PATIENT);
}

static bool is_of_the_person(const struct ctx_event *e)
{
    return e->kind == CTX_BIRTH || e->kind == CTX_SEX || e->kind == CTX_DEATH;
}

void hl7_labels_close(struct hl7_reader *r)
{
    /* That the person is no VIP takes no other label back. */
    unsigned patient = r->patient_labels & ~(unsigned)CTX_LABEL_STATED;
    struct ctx_event *e = r->events.item;

    for (size_t i = 0; i < r->events.n; i++) {
        e[i].labels |= (uint16_t)patient;
        if (!is_of_the_person(&e[i]))
            e[i].labels |= (uint16_t)r->visit_labels;
    }
}

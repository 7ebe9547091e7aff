/* SPDX-License-Identifier: Apache-2.0 */
/* One message on its way, shared by hl7.c (segments and fields) and hl7_value.c
 * (what a field becomes).
 *
 * Thread-safety: confined. */
#ifndef TRAINER_DEID_HL7_INT_H
#define TRAINER_DEID_HL7_INT_H

#include "base/buf.h"
#include "hl7/coded.h"
#include "trainer/deid/hl7.h"

/* What the output says of a patient: who looks alike. */
struct deid_looks {
    char zip3[4], birth[8], sex[4];
};

struct deid_message {
    struct tr_deid *d;
    struct an_arena *arena;
    struct an_err *err;
    enum an_code code;
    struct hl7_message m;
    size_t segment; /* at hand */
    struct tr_deid_dates dates;
    bool has_patient, is_abroad; /* of an address */
    struct deid_looks looks;
};

/* The i-th component (from 1) of a repetition, as text; "" where there is none
 * or where it failed. */
struct an_str deid_component(struct deid_message *w, struct hl7_node rep,
                             unsigned i);

/* What a repetition becomes by a row that is not INTO; "" where nothing stays.
 * *changed where it is not what it was. */
struct an_str deid_field(struct deid_message *w, const struct tr_deid_row *row,
                         struct hl7_node rep, bool *changed);
/* The same of a text. */
struct an_str deid_words(struct deid_message *w, const struct tr_deid_row *row,
                         struct an_str text, bool *changed);

#endif

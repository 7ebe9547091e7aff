/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/showing.h"

#include "base/json_out.h"

enum { NOTE_BYTES = 1 << 20 };

/* {"instance":"...","resources":["...", ...]} */
enum an_code pl_showing_note(struct an_arena *arena, const struct pl_showing *s,
                             struct pl_audit_entry *out, struct an_err *err)
{
    static const char *const subject[PL_N_FACES] = {
        [PL_FACE_CONSOLE] = "console", [PL_FACE_CDS] = "cds-hooks",
        [PL_FACE_FHIR_READ] = "fhir",  [PL_FACE_OUTBOX] = "outbox",
        [PL_FACE_ABI] = "host",        [PL_FACE_HL7] = "hl7-out"};
    struct an_json_out w;

    *out = (struct pl_audit_entry){.action = PL_AUDIT_SHOWN,
                                   .time_us = s->now_us,
                                   .actor = s->actor,
                                   .role = AN_STR("client"),
                                   .subject = an_str_c(subject[s->face])};
    an_out_init(&w, arena, NOTE_BYTES);
    an_out_object(&w);
    an_out_key_str(&w, "instance", s->instance);
    an_out_key(&w, "resources");
    an_out_array(&w);
    for (size_t i = 0; i < s->n; i++)
        an_out_str(&w, s->resource[i]);
    an_out_end(&w);
    an_out_end(&w);
    return an_out_done(&w, &out->details, err);
}

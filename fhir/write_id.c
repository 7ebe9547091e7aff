/* SPDX-License-Identifier: Apache-2.0 */
/* Names: the same thing has the same one on every machine. */
#include "fhir/write_int.h"

#include <string.h>

enum { NAME_BYTES = 64 << 10, PART_BYTES = 32 };

const struct an_uuid fhir_space = {{0x9c, 0x1f, 0x3c, 0x0e, 0x52, 0xd3, 0x5b,
                                    0x7e, 0x8a, 0x55, 0x0d, 0x8f, 0x4f, 0x1f,
                                    0x6a, 0x27}};

static void put_part(struct an_buf *b, struct an_str part)
{
    for (size_t i = 0; i < part.n; i++) {
        if (part.p[i] == '|' || part.p[i] == '\\')
            an_buf_put_char(b, '\\');
        an_buf_put_char(b, part.p[i]);
    }
}

enum an_code fhir_name(struct an_arena *arena, const struct an_str *part,
                       size_t n, struct an_uuid *id, struct an_err *err)
{
    struct an_buf b;
    struct an_str name;
    enum an_code code;

    an_buf_init(&b, arena, NAME_BYTES);
    for (size_t i = 0; i < n; i++) {
        if (i)
            an_buf_put_char(&b, '|');
        put_part(&b, part[i]);
    }
    code = an_buf_done(&b, &name, err);
    return code == AN_OK ? an_uuid5(&fhir_space, name, id, err) : code;
}

enum an_code fhir_suggestion_id(struct an_arena *arena,
                                const struct fhir_write_settings *s,
                                const struct fhir_who *who,
                                const struct ctx_suggestion *suggestion,
                                struct an_uuid *id, struct an_err *err)
{
    struct an_str reader = AN_STR(""), days;
    enum an_code code;
    struct an_buf b;

    an_buf_init(&b, arena, NAME_BYTES);
    an_buf_put_u64(&b, suggestion->horizon_days);
    code = an_buf_done(&b, &days, err);
    if (code == AN_OK && suggestion->patient_facing) {
        an_buf_init(&b, arena, NAME_BYTES);
        an_buf_put_c(&b, "patient:");
        an_buf_put(&b, suggestion->language);
        code = an_buf_done(&b, &reader, err);
    }
    if (code != AN_OK)
        return code;
    {
        const struct an_str part[] = {
            AN_STR("suggestion"),
            an_str_c(ctx_suggestion_text(suggestion->kind)),
            s->tenant,
            who->id.authority,
            who->id.value,
            who->encounter,
            suggestion->topic,
            days,
            suggestion->model.name,
            suggestion->model.version,
            reader,
        };

        return fhir_name(arena, part, sizeof(part) / sizeof(part[0]), id, err);
    }
}

static enum an_code name_part(const char *part, const struct an_uuid *of,
                              struct an_uuid *id, struct an_err *err)
{
    char name[PART_BYTES + 1 + AN_UUID_TEXT_BYTES];
    size_t n = strlen(part);

    memcpy(name, part, n);
    name[n] = '|';
    an_uuid_print(of, name + n + 1);
    return an_uuid5(&fhir_space, an_str_c(name), id, err);
}

enum an_code fhir_provenance_id(const struct an_uuid *suggestion,
                                struct an_uuid *id, struct an_err *err)
{
    return name_part("provenance", suggestion, id, err);
}

struct an_uuid fhir_part_id(struct fhir_writer *w, const char *part,
                            const struct an_uuid *of)
{
    struct an_uuid id = {{0}};
    struct an_err err;

    if (name_part(part, of, &id, &err) != AN_OK)
        fhir_writer_fail(w, err.code, err.what);
    return id;
}

enum an_code fhir_device_id(struct an_arena *arena,
                            const struct fhir_write_settings *s,
                            const struct ctx_model_id *model,
                            struct an_uuid *id, struct an_err *err)
{
    const struct an_str part[] = {
        AN_STR("device"),
        s->tenant,
        model ? model->name : s->software,
        model ? model->version : s->software_version,
        model ? model->digest : AN_STR(""),
    };

    return fhir_name(arena, part, sizeof(part) / sizeof(part[0]), id, err);
}

const char *fhir_suggestion_type(unsigned kind)
{
    static const char *const type[CTX_N_SUGGESTIONS] = {
        [CTX_SUGGEST_RISK] = "RiskAssessment",
        [CTX_SUGGEST_DIFFERENTIAL] = "RiskAssessment",
        [CTX_SUGGEST_SCORE] = "Observation",
        [CTX_SUGGEST_SUMMARY] = "DocumentReference",
        [CTX_SUGGEST_DOSING] = "DetectedIssue",
    };

    return kind < CTX_N_SUGGESTIONS ? type[kind] : NULL;
}

const char *fhir_chosen_type(const struct fhir_write_settings *s, unsigned kind)
{
    switch (kind) {
    case CTX_SUGGEST_DIFFERENTIAL:
        if (fhir_asks(s, FHIR_RES_IMPRESSION))
            return "ClinicalImpression";
        return fhir_chosen_type(s, CTX_SUGGEST_RISK);
    case CTX_SUGGEST_RISK:
        return fhir_asks(s, FHIR_RES_RISK) ? "RiskAssessment" : NULL;
    case CTX_SUGGEST_SCORE:
        return fhir_asks(s, FHIR_RES_OBSERVATION) ? "Observation" : NULL;
    case CTX_SUGGEST_SUMMARY:
        return fhir_asks(s, FHIR_RES_DOCUMENT) ? "DocumentReference" : NULL;
    case CTX_SUGGEST_DOSING:
        return fhir_asks(s, FHIR_RES_ISSUE) ? "DetectedIssue" : NULL;
    default: return NULL;
    }
}

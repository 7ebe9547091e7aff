/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/filing/make.h"

/* What the site's rules say of it now. */
static bool may_leave(const struct pl_making *m, const struct pl_suggestion *s)
{
    struct pl_item item = pl_suggestion_item(s, false);

    return pl_may_leave(m->policy, &item, PL_FACE_HL7, false) == PL_MAY;
}

/* As it was said; of one whose words were removed by age, what the row still
 * says, which is enough to withdraw it. */
static enum an_code recall(struct an_arena *arena,
                           const struct pl_suggestion *row,
                           struct ctx_suggestion *out, struct an_err *err)
{
    if (row->detail.n)
        return pl_suggestion_recall(arena, row, out, err);
    *out = (struct ctx_suggestion){.kind = (uint8_t)row->kind,
                                   .audience = (uint8_t)row->audience,
                                   .language = row->language,
                                   .topic = row->topic,
                                   .horizon_days = row->horizon_days,
                                   .as_of = an_time_us(row->as_of_us)};
    return AN_OK;
}

static enum an_code print(const struct pl_making *m, struct an_arena *arena,
                          const struct pl_filing_row *row,
                          const struct pl_suggestion *s,
                          const struct hl7_result_who *who, struct an_str *out,
                          struct an_err *err)
{
    struct ctx_suggestion what;
    struct hl7_result_said said = {.what = &what,
                                   .resource = s->resource,
                                   .withdrawn = row->withdraws,
                                   .released =
                                       s->release == PL_RELEASE_RELEASED,
                                   .by = row->released_by,
                                   .now_us = row->created_us};
    uint32_t n = 0;
    enum an_code rc = recall(arena, s, &what, err);

    if (rc == AN_OK)
        rc = pl_filed(m->reader, s, &n, err);
    said.version = n + 1;
    said.newer = n > 0;
    if (rc == AN_OK)
        rc = hl7_result(arena, &m->fields->site, who, &said, out, err);
    if (rc == AN_OK) {
        struct pl_ready ready = {.row = row,
                                 .suggestion = s,
                                 .version = said.version,
                                 .payload = *out};

        rc = pl_store_ready(m->store, &ready, err);
        if (ready.is_gone)
            *out = AN_STR("");
    }
    return rc;
}

/* Trying again does not help. */
static bool is_final(enum an_code rc)
{
    return rc == AN_NOTFOUND || rc == AN_INTEGRITY || rc == AN_TYPE ||
           rc == AN_MISSING || rc == AN_LIMIT || rc == AN_UNSUPPORTED ||
           rc == AN_SYNTAX;
}

enum an_code pl_filing_make(const struct pl_making *m, struct an_arena *arena,
                            const struct pl_filing_row *row,
                            struct an_str *message, enum pl_filing_error *error,
                            struct an_err *err)
{
    struct hl7_result_who who = {.visit = {NULL, 0}};
    struct pl_suggestion s;
    struct ctx_person person;
    enum an_code rc =
        pl_suggestion_get(m->reader, arena, row->suggestion, &s, err);

    *message = AN_STR("");
    *error = PL_FILING_NONE;
    if (rc == AN_OK && !row->withdraws && !may_leave(m, &s)) {
        *error = PL_FILING_KEPT;
        return AN_OK;
    }
    if (rc == AN_OK)
        rc = pl_person(m->reader, arena, &s.patient, m->now_us, &person, err);
    if (rc == AN_OK && !pl_fields_who(m->fields, &person, s.encounter, &who)) {
        *error = PL_FILING_UNNAMED;
        return AN_OK;
    }
    if (rc == AN_OK)
        rc = print(m, arena, row, &s, &who, message, err);
    if (!is_final(rc))
        return rc;
    *error = PL_FILING_UNSAYABLE;
    return AN_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a message claims about identity: config/tables/hl7-claims.tsv. */
#include "hl7/reader_int.h"

#include "context/identity.h"

/* As the message says it, now, at that field. */
static enum an_code claim(struct hl7_reader *r, const struct ctx_claim *what,
                          size_t segment, unsigned field)
{
    struct an_where where = hl7_where(r->m, segment, field, 0, 0, 0);
    struct ctx_claim *c;
    struct an_str place;
    enum an_code rc = hl7_place(r, &where, &place);

    if (rc != AN_OK)
        return rc;
    c = hl7_push(r, &r->claims, sizeof(*c));
    if (c == NULL)
        return AN_NOMEM;
    *c = *what;
    c->said_us = c->available_us = r->out->said_us;
    c->place = place;
    return AN_OK;
}

enum an_code hl7_pid_claims(struct hl7_reader *r, size_t index, bool second)
{
    const struct hl7_claim *says = hl7_claim_of(r->scope.event);
    struct ctx_claim c = {.kind = CTX_CLAIM_SAME, .current = r->patient.id[0]};
    enum an_code rc = AN_OK;

    for (unsigned i = 1; rc == AN_OK && i < r->patient.n; i++) {
        c.prior = r->patient.id[i];
        rc = claim(r, &c, index, r->patient.field);
    }
    if (rc != AN_OK || !second || r->patient.n == 0 || says == NULL ||
        (says->kind != CTX_CLAIM_SAME && says->kind != CTX_CLAIM_UNMERGE))
        return rc;
    c.kind = (uint8_t)says->kind;
    c.current = r->first.id[0];
    c.prior = r->patient.id[0];
    return claim(r, &c, index, r->patient.field);
}

/* The field that should have named the patient. */
static const struct an_where no_patient = {
    .segment = "PID", .segment_seq = 1, .field = 3};

static enum an_code merge(struct hl7_reader *r, size_t index)
{
    struct ctx_claim c = {.kind = CTX_CLAIM_MERGE, .current = r->patient.id[0]};
    struct hl7_identity prior;
    enum an_code rc = hl7_identify(r->m, index, r->authority, &prior, r->err);

    if (rc != AN_OK)
        return rc;
    if (prior.n == 0 || r->patient.n == 0) {
        an_fail(r->err, AN_MISSING, "a merge that does not name both patients",
                0);
        if (r->err)
            r->err->where =
                prior.n ? no_patient : hl7_where(r->m, index, 1, 0, 0, 0);
        return AN_MISSING;
    }
    hl7_mark(r, index, prior.field, HL7_MARK_MAPPED);
    c.prior = prior.id[0];
    return claim(r, &c, index, prior.field);
}

static enum an_code warn(struct hl7_reader *r, const char *what, size_t index,
                         unsigned field)
{
    struct an_where where = hl7_where(r->m, index, field, 0, 0, 0);

    hl7_reader_warn(r, AN_MISSING, what, &where);
    return AN_OK;
}

/* Where what is moved goes: the first name of PID-3, else of PID-2, that is not
 * itself moved. */
static enum an_code find_target(struct hl7_reader *r,
                                const struct hl7_identity *moved,
                                struct ctx_identifier *target, bool *found)
{
    static const unsigned field[] = {3, 2};
    size_t pid = (size_t)r->scope.latest[HL7_PID];
    enum an_code rc = AN_OK;

    *found = r->patient.n && !hl7_names(moved, &r->patient.id[0]);
    if (*found)
        *target = r->patient.id[0];
    for (size_t i = 0; rc == AN_OK && r->patient.n && !*found && i < 2; i++) {
        struct hl7_identity list;

        rc = hl7_identify_in(r->m, pid, field[i], r->authority, &list, r->err);
        for (unsigned k = 0; rc == AN_OK && !*found && k < list.n; k++) {
            *found = !hl7_names(moved, &list.id[k]);
            *target = list.id[k];
        }
        if (*found)
            hl7_mark(r, pid, field[i], HL7_MARK_MAPPED);
    }
    return rc;
}

static enum an_code move(struct hl7_reader *r, size_t index)
{
    struct ctx_claim c = {.kind = CTX_CLAIM_MOVE};
    struct hl7_identity moved;
    bool found = false;
    enum an_code rc =
        hl7_identify_in(r->m, index, 1, r->authority, &moved, r->err);

    if (rc == AN_OK && moved.n)
        rc = find_target(r, &moved, &c.current, &found);
    if (rc == AN_OK && !found)
        return warn(r, "a move that does not say of what, or to whom", index,
                    1);
    hl7_mark(r, index, 1, HL7_MARK_MAPPED);
    for (unsigned i = 0; rc == AN_OK && i < moved.n; i++) {
        c.prior = moved.id[i];
        rc = claim(r, &c, index, 1);
    }
    return rc;
}

/* The segment that says what is now: PID is above MRG, PV1 is below it and
 * above the next of either.  -1: there is none. */
static int32_t now_of(struct hl7_reader *r, const struct hl7_claim *says,
                      size_t index)
{
    if (says->segment == HL7_PID)
        return r->scope.latest[HL7_PID];
    for (size_t i = index + 1; i < r->m->n_segments; i++) {
        enum hl7_segment_id id = hl7_segment_id(an_str_c(r->m->segment[i].id));

        if (id == HL7_MRG || id == HL7_PID)
            break;
        if (id == says->segment)
            return (int32_t)i;
    }
    return -1;
}

/* Who had the visit: MRG-1, or else the patient who has it now. */
static enum an_code visit(struct hl7_reader *r, const struct hl7_claim *says,
                          size_t index)
{
    struct ctx_claim c = {.kind = CTX_CLAIM_VISIT};
    int32_t now = now_of(r, says, index);
    struct hl7_identity prior;
    enum an_code rc = hl7_visit_name(r, index, says->prior, &c.prior_visit);

    if (rc == AN_OK && now >= 0)
        rc = hl7_visit_name(r, (size_t)now, says->now, &c.visit);
    if (rc == AN_OK)
        rc = hl7_identify(r->m, index, r->authority, &prior, r->err);
    if (rc != AN_OK)
        return rc;
    if (c.prior_visit.n == 0 || r->patient.n == 0)
        return warn(r, "a move that does not say of which visit, or to whom",
                    index, says->prior);
    if (c.visit.n == 0)
        c.visit = c.prior_visit;
    c.current = r->patient.id[0];
    c.prior = prior.n ? prior.id[0] : c.current;
    if (prior.n)
        hl7_mark(r, index, prior.field, HL7_MARK_MAPPED);
    hl7_mark(r, index, says->prior, HL7_MARK_MAPPED);
    /* From account to account of one patient: nothing is filed otherwise. */
    if (an_str_eq(c.visit, c.prior_visit) &&
        ctx_identifier_cmp(&c.current, &c.prior) == 0)
        return AN_OK;
    return claim(r, &c, index, says->prior);
}

enum an_code hl7_mrg_claims(struct hl7_reader *r, size_t index)
{
    const struct hl7_claim *says = hl7_claim_of(r->scope.event);

    if (says == NULL)
        return AN_OK;
    if (says->kind == CTX_CLAIM_MERGE)
        return merge(r, index);
    if (says->kind == CTX_CLAIM_MOVE)
        return move(r, index);
    return says->kind == CTX_CLAIM_VISIT ? visit(r, says, index) : AN_OK;
}

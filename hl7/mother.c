/* SPDX-License-Identifier: Apache-2.0 */
/* Newborns (HL7 v2.5.1 3.4.2.21): the mother's number is told to find her, and
 * some senders list it among the child's own. */
#include "hl7/reader_int.h"

/* Of her numbers that one; by its value alone where she has no authority. */
static bool is_hers(const struct hl7_reader *r, size_t index,
                    const struct hl7_identity *mother,
                    const struct ctx_identifier *id)
{
    size_t n = hl7_n_reps(r->m, index, 21);

    for (unsigned rep = 1; rep <= n; rep++) {
        struct hl7_at at = {r->m, index, 21, rep};
        struct an_str value, authority;

        if (hl7_at_text(&at, 1, &value, NULL) == AN_OK && value.n &&
            an_str_eq(value, id->value) &&
            hl7_at_text(&at, 4, &authority, NULL) == AN_OK && authority.n == 0)
            return true;
    }
    return hl7_names(mother, id);
}

/* The first number of PID-3 that is not hers and one patient's: a family's
 * insurance or social security is that of twins. */
static enum an_code find_own(struct hl7_reader *r, size_t index,
                             const struct hl7_identity *mother,
                             struct hl7_identity *own)
{
    struct hl7_identity all;
    enum an_code rc =
        hl7_identify_in(r->m, index, 3, r->authority, &all, r->err);

    for (unsigned i = 0; rc == AN_OK && own->n == 0 && i < all.n; i++)
        if (hl7_is_patients(&all.id[i]) &&
            !is_hers(r, index, mother, &all.id[i]))
            own->id[own->n++] = all.id[i];
    return rc;
}

/* Somebody older is nobody's newborn: PID-21 is filled in for no reason. */
static bool is_infant(const struct hl7_reader *r, size_t index)
{
    struct an_time birth;

    return !an_time_hl7(hl7_get(r->m, index, 7, 1, 1, 0), &r->settings->zone,
                        &birth) ||
           r->out->said_us == 0 ||
           r->out->said_us - birth.us < 366 * AN_US_PER_DAY;
}

static enum an_code refuse(struct hl7_reader *r, const struct an_where *where)
{
    an_fail(r->err, AN_CODE, "a child that has no number but its mother's", 0);
    if (r->err)
        r->err->where = *where;
    return AN_CODE;
}

enum an_code hl7_without_mother(struct hl7_reader *r, size_t index)
{
    struct an_where where = hl7_where(r->m, index, 21, 0, 0, 0);
    struct hl7_identity mother, own = r->patient;
    enum an_code rc =
        hl7_identify_in(r->m, index, 21, r->authority, &mother, r->err);

    if (rc != AN_OK || mother.n == 0)
        return rc;
    hl7_mark(r, index, 21, HL7_MARK_TOUCHED);
    own.n = 0;
    for (unsigned i = 0; i < r->patient.n; i++)
        if (!is_hers(r, index, &mother, &r->patient.id[i]))
            own.id[own.n++] = r->patient.id[i];
    if (own.n == r->patient.n)
        return AN_OK;
    if (own.n == 0)
        rc = find_own(r, index, &mother, &own);
    if (rc != AN_OK)
        return rc;
    if (own.n == 0 && is_infant(r, index))
        return refuse(r, &where);
    if (own.n == 0) {
        hl7_reader_warn(r, AN_CODE, "said to be the mother's number, too",
                        &where);
        return AN_OK;
    }
    hl7_reader_warn(r, AN_CODE,
                    "the mother's number among the child's: it was passed over",
                    &where);
    r->patient = own;
    return AN_OK;
}

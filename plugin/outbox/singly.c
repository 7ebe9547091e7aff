/* SPDX-License-Identifier: Apache-2.0 */
/* For a receiver without transactions: entries one by one, in their order, which
 * is that of what refers to what.  The row keeps which are done. */
#include "plugin/outbox/deliver_int.h"

#include "base/json_out.h"

enum { DONE_BYTES = 1 << 20 };

/* ["Device/1", "RiskAssessment/7"]: where those that are done are kept. */
static enum an_code read_done(struct pl_carriage *c, size_t *n,
                              struct an_err *err)
{
    const struct an_json *list = NULL;
    enum an_code rc = AN_OK;

    *n = 0;
    if (c->row->done.n)
        rc = an_json_read(c->arena, &(struct an_json_limits){0}, c->row->done,
                          &list, NULL);
    if (rc == AN_NOMEM)
        return an_fail_nomem(err);
    if (rc != AN_OK || !an_json_is(list, AN_JSON_ARRAY))
        return AN_OK;
    for (const struct an_json *j = an_json_first(list);
         j && *n < c->r.n_entries; j = j->next)
        c->at[(*n)++].address = an_json_text(j);
    return AN_OK;
}

static enum an_code write_done(struct pl_carriage *c, size_t n,
                               struct an_err *err)
{
    struct an_json_out out;
    enum an_code rc = AN_OK;

    an_out_init(&out, c->arena, DONE_BYTES);
    an_out_array(&out);
    for (size_t i = 0; rc == AN_OK && i < n; i++) {
        struct an_str address;

        rc = pl_carriage_address(c, i, &address, err);
        an_out_str(&out, address);
    }
    an_out_end(&out);
    return rc == AN_OK ? an_out_done(&out, &c->out->done, err) : rc;
}

/* A reference by identifier holds within transactions only. */
static enum an_code find_patient(struct pl_carriage *c, struct an_str *patient,
                                 struct an_err *err)
{
    struct an_str path = fhir_request_patient(&c->r);
    size_t n = 0;
    enum an_code rc;

    *patient = AN_STR("");
    c->out->result.fate = PL_FATE_TAKEN;
    if (path.n == 0)
        return AN_OK;
    rc = pl_carriage_search(c, path, patient, &n, err);
    if (rc != AN_OK || c->out->result.fate != PL_FATE_TAKEN)
        return rc;
    if (n == 0)
        c->out->result =
            (struct pl_post_result){.fate = PL_FATE_LATER, .error = 404};
    if (n > 1)
        c->out->result =
            (struct pl_post_result){.fate = PL_FATE_REFUSED, .error = 412};
    return AN_OK;
}

/* Whether this entry is done now, or is to be asked for otherwise. */
static enum an_code take_one(struct pl_carriage *c, size_t i,
                             const struct fhir_request_one *one,
                             const struct pl_post_answer *a, bool *again,
                             struct an_err *err)
{
    bool learnt = false;
    enum an_code rc;

    if (c->out->result.fate == PL_FATE_TAKEN) {
        *again =
            one->creates && c->is_kept[i] && a->status == 200 && a->location.n;
        pl_carriage_learn(c, i, one->creates ? a->location : AN_STR(""),
                          a->version, PL_SENT_OURS);
        return AN_OK;
    }
    if (c->at[i].version.n == 0 || (a->status != 409 && a->status != 412))
        return AN_OK;
    {
        struct pl_post_result conflict = c->out->result;

        rc = pl_carriage_examine(c, i, &learnt, err);
        if (rc != AN_OK || c->out->result.fate != PL_FATE_TAKEN)
            return rc;
        *again = learnt;
        c->out->result = conflict;
        c->out->result.fate = PL_FATE_LATER;
    }
    return AN_OK;
}

static bool is_left(const struct pl_carriage *c, size_t i)
{
    for (size_t k = 0; k < c->r.n_entries; k++)
        if (c->at[k].left_out && c->r.entry[i].target.n &&
            an_str_eq(c->r.entry[k].id, c->r.entry[i].target))
            return true;
    return c->at[i].left_out;
}

static enum an_code send_one(struct pl_carriage *c, size_t i,
                             struct an_str patient, struct an_err *err)
{
    enum an_code rc = AN_OK;
    bool again = true;

    for (unsigned round = 0; rc == AN_OK && again && round < PL_ROUNDS;
         round++) {
        struct fhir_request_one one;
        struct pl_post_answer answer;
        bool there = false;

        again = false;
        c->out->result.fate = PL_FATE_TAKEN;
        if (!c->r.entry[i].has_identifier && c->mode == FHIR_REQUEST_POST)
            rc = pl_carriage_is_there(c, i, &there, err);
        if (rc != AN_OK || there || is_left(c, i))
            return rc;
        rc = fhir_request_one(c->arena, &c->r, i, c->mode, c->at, patient, &one,
                              err);
        if (rc == AN_OK) {
            struct pl_post_request q = {.method = one.creates ? PL_POST_POST
                                                              : PL_POST_PUT,
                                        .path = one.path,
                                        .body = one.body,
                                        .if_match = one.if_match,
                                        .if_none_exist = one.if_none_exist};

            rc = pl_carriage_ask(c, &q, &answer, err);
        }
        if (rc == AN_OK)
            rc = take_one(c, i, &one, &answer, &again, err);
    }
    if (again && c->out->result.fate == PL_FATE_TAKEN)
        c->out->result.fate = PL_FATE_LATER;
    return rc;
}

enum an_code pl_carriage_singly(struct pl_carriage *c, struct an_err *err)
{
    struct an_str patient = {NULL, 0};
    size_t n = 0;
    enum an_code rc = read_done(c, &n, err);

    if (rc == AN_OK)
        rc = find_patient(c, &patient, err);
    while (rc == AN_OK && n < c->r.n_entries &&
           c->out->result.fate == PL_FATE_TAKEN) {
        rc = send_one(c, n, patient, err);
        if (rc == AN_OK && c->out->result.fate == PL_FATE_TAKEN)
            n++;
    }
    return rc == AN_OK && n ? write_done(c, n, err) : rc;
}

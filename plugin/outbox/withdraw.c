/* SPDX-License-Identifier: Apache-2.0 */
/* A resource that is taken back: what the receiver has of it is read, its status
 * becomes entered-in-error, and a Provenance says why.  What somebody has made
 * more of than a draft is left alone. */
#include "plugin/outbox/deliver_int.h"

static struct an_str member(const struct an_json *j, const char *key)
{
    return an_json_text(an_json_get(j, an_str_c(key)));
}

/* One entry stands for it, so that what is learnt goes the usual way. */
static enum an_code set_up(struct pl_carriage *c, const struct an_json *what,
                           struct an_err *err)
{
    struct pl_sent sent;
    enum an_code rc;

    c->r.entry = an_arena_get(c->arena, 1, sizeof(*c->r.entry));
    c->at = an_arena_get(c->arena, 1, sizeof(*c->at));
    c->is_kept = an_arena_get(c->arena, 1, sizeof(*c->is_kept));
    c->out->sent = an_arena_get(c->arena, 1, sizeof(*c->out->sent));
    if (c->r.entry == NULL || c->at == NULL || c->is_kept == NULL ||
        c->out->sent == NULL)
        return an_fail_nomem(err);
    c->r.n_entries = 1;
    c->r.entry[0].id = member(what, "resource");
    c->r.entry[0].type = member(what, "type");
    rc = pl_sent_get(c->d->options.reader, c->arena, c->r.entry[0].id, &sent,
                     err);
    if (rc == AN_NOTFOUND)
        return AN_OK;
    c->is_kept[0] = rc == AN_OK;
    c->at[0].address = rc == AN_OK ? sent.address : AN_STR("");
    c->at[0].left_out = rc == AN_OK && sent.state == PL_SENT_TAKEN_OVER;
    return rc;
}

/* Made under a name of the receiver's, and not noted. */
static enum an_code find(struct pl_carriage *c, struct an_err *err)
{
    const struct an_str part[] = {
        c->r.entry[0].type, AN_STR("?identifier=urn%3Aietf%3Arfc%3A3986%7C"),
        AN_STR("urn%3Auuid%3A"), c->r.entry[0].id};
    struct an_str path;
    size_t n;
    enum an_code rc = pl_carriage_text(c->arena, part, 4, &path, err);

    return rc == AN_OK ? pl_carriage_search(c, path, &c->at[0].address, &n, err)
                       : rc;
}

static enum an_code put_provenance(struct pl_carriage *c,
                                   const struct an_json *what,
                                   struct an_str target, struct an_err *err)
{
    struct fhir_withdrawal w = {.resource = c->r.entry[0].id,
                                .target = target,
                                .recorded = member(what, "recorded"),
                                .software = c->d->options.software,
                                .reason = member(what, "reason")};
    struct pl_post_request q = {.method = PL_POST_PUT};
    struct pl_post_answer answer;
    struct an_str id;
    enum an_code rc = fhir_request_nullified(c->arena, &w, &id, &q.body, err);

    if (rc == AN_OK && c->mode == FHIR_REQUEST_POST) {
        q.method = PL_POST_POST;
        q.path = AN_STR("Provenance");
    } else if (rc == AN_OK) {
        const struct an_str part[] = {AN_STR("Provenance/"), id};

        rc = pl_carriage_text(c->arena, part, 2, &q.path, err);
    }
    return rc == AN_OK ? pl_carriage_ask(c, &q, &answer, err) : rc;
}

/* *goes_on: its Provenance is to follow. */
static enum an_code put_status(struct pl_carriage *c, struct an_str address,
                               const struct pl_post_answer *read, bool *goes_on,
                               struct an_err *err)
{
    struct pl_post_request q = {.method = PL_POST_PUT, .path = address};
    const struct an_str etag[] = {AN_STR("W/\""), read->version, AN_STR("\"")};
    const struct an_json *theirs = NULL;
    struct pl_post_answer answer;
    bool is_new = false;
    enum an_code rc = pl_carriage_read(c, read->body, &theirs, err);

    *goes_on = false;
    if (rc != AN_OK || theirs == NULL)
        return rc;
    rc = fhir_request_withdraw(c->arena, theirs, &q.body, &is_new, err);
    *goes_on = rc == AN_OK && !is_new;
    if (rc != AN_OK || !is_new)
        return rc;
    if (!fhir_request_is_draft(theirs)) {
        pl_carriage_learn(c, 0, AN_STR(""), read->version, PL_SENT_TAKEN_OVER);
        c->out->result = (struct pl_post_result){.fate = PL_FATE_LEFT};
        return AN_OK;
    }
    if (read->version.n && c->d->options.versions)
        rc = pl_carriage_text(c->arena, etag, 3, &q.if_match, err);
    if (rc == AN_OK)
        rc = pl_carriage_ask(c, &q, &answer, err);
    if (rc != AN_OK)
        return rc;
    /* Somebody wrote it meanwhile: it is read again. */
    if (answer.status == 412)
        c->out->result.fate = PL_FATE_LATER;
    *goes_on = c->out->result.fate == PL_FATE_TAKEN;
    if (*goes_on)
        pl_carriage_learn(c, 0, AN_STR(""), answer.version, PL_SENT_OURS);
    return AN_OK;
}

/* *there: what stands at the receiver has been read. */
static enum an_code read_theirs(struct pl_carriage *c, struct an_str *address,
                                struct pl_post_answer *read, bool *there,
                                struct an_err *err)
{
    struct pl_post_request q = {.method = PL_POST_GET};
    enum an_code rc = AN_OK;

    *there = false;
    if (c->mode == FHIR_REQUEST_POST && c->at[0].address.n == 0) {
        rc = find(c, err);
        /* It never came there. */
        if (rc != AN_OK || c->at[0].address.n == 0)
            return rc;
    }
    rc = pl_carriage_address(c, 0, &q.path, err);
    if (rc == AN_OK)
        rc = pl_carriage_ask(c, &q, read, err);
    if (rc != AN_OK)
        return rc;
    *address = q.path;
    *there = c->out->result.fate == PL_FATE_TAKEN;
    if (read->status == 404 || read->status == 410)
        c->out->result.fate = PL_FATE_TAKEN;
    return AN_OK;
}

enum an_code pl_carriage_withdraw(struct pl_carriage *c, struct an_err *err)
{
    const struct an_json *what = NULL;
    struct pl_post_answer read;
    struct an_str address = AN_STR("");
    bool there = false, goes_on = false;
    enum an_code rc = pl_carriage_read(c, c->row->payload, &what, err);

    if (rc == AN_OK)
        rc = set_up(c, what, err);
    if (rc == AN_OK && c->at[0].left_out) {
        c->out->result = (struct pl_post_result){.fate = PL_FATE_LEFT};
        return AN_OK;
    }
    if (rc == AN_OK)
        rc = read_theirs(c, &address, &read, &there, err);
    if (rc == AN_OK && there)
        rc = put_status(c, address, &read, &goes_on, err);
    return rc == AN_OK && goes_on ? put_provenance(c, what, address, err) : rc;
}

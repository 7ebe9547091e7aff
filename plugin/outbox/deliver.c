/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/outbox/deliver.h"

#include "base/buf.h"
#include "plugin/host/thread.h"
#include "plugin/outbox/deliver_int.h"

enum { TEXT_BYTES = 8192, ASK_AGAIN_MS = 60000 };

void pl_deliverer_init(struct pl_deliverer *d,
                       const struct pl_deliverer_options *options)
{
    /* Until a statement was read, a server is taken for one that can all. */
    *d = (struct pl_deliverer){
        .options = *options,
        .ability = {.transaction = true,
                    .updates = true,
                    .creates_once = true,
                    .versions = true,
                    .finds_provenance = options->mode != CFG_DELIVERY_AUTO}};
}

/* ---- what the files share -------------------------------------------------------- */

enum an_code pl_carriage_text(struct an_arena *arena, const struct an_str *part,
                              size_t n, struct an_str *out, struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, arena, TEXT_BYTES);
    for (size_t i = 0; i < n; i++)
        an_buf_put(&b, part[i]);
    return an_buf_done(&b, out, err);
}

enum an_code pl_carriage_address(const struct pl_carriage *c, size_t i,
                                 struct an_str *out, struct an_err *err)
{
    const struct an_str part[] = {c->r.entry[i].type, AN_STR("/"),
                                  c->r.entry[i].id};

    *out = c->at[i].address;
    return out->n ? AN_OK : pl_carriage_text(c->arena, part, 3, out, err);
}

void pl_carriage_learn(struct pl_carriage *c, size_t i, struct an_str address,
                       struct an_str version, enum pl_sent_state state)
{
    struct pl_sent *sent = c->out->sent;
    size_t k = 0;

    if (address.n)
        c->at[i].address = address;
    c->at[i].version = c->d->options.versions ? version : AN_STR("");
    if (state == PL_SENT_TAKEN_OVER)
        c->at[i].left_out = true;
    if (!c->is_kept[i])
        return;
    while (k < c->out->n_sent && !an_str_eq(sent[k].resource, c->r.entry[i].id))
        k++;
    if (k == c->out->n_sent)
        c->out->n_sent++;
    sent[k] = (struct pl_sent){.resource = c->r.entry[i].id,
                               .address = c->at[i].address,
                               .version = version,
                               .state = state};
}

enum an_code pl_carriage_read(struct pl_carriage *c, struct an_str body,
                              const struct an_json **root, struct an_err *err)
{
    enum an_code rc =
        an_json_read(c->arena, &(struct an_json_limits){0}, body, root, NULL);

    if (rc != AN_OK || !an_json_is(*root, AN_JSON_OBJECT))
        *root = NULL;
    return rc == AN_NOMEM ? an_fail_nomem(err) : AN_OK;
}

/* What calls itself FHIR and cannot be read is a proxy's or half an answer. */
enum an_code pl_carriage_ask(struct pl_carriage *c,
                             const struct pl_post_request *q,
                             struct pl_post_answer *answer, struct an_err *err)
{
    const struct an_json *root;
    enum an_code rc = pl_post_ask(c->d->options.post, c->arena, q, answer, err);

    if (rc == AN_OK && answer->result.fate == PL_FATE_TAKEN && answer->body.n &&
        answer->body.p[0] != '<') {
        rc = pl_carriage_read(c, answer->body, &root, err);
        if (rc == AN_OK &&
            an_json_text(an_json_get(root, AN_STR("resourceType"))).n == 0)
            answer->result = (struct pl_post_result){.fate = PL_FATE_LATER,
                                                     .error = PL_POST_FOREIGN};
    }
    c->out->result = answer->result;
    return rc;
}

/* ---- what it can --------------------------------------------------------------- */

/* Read when it is first needed and when it is in doubt, once a minute at most. */
static enum an_code look_at_server(struct pl_carriage *c, struct an_err *err)
{
    struct pl_post_request q = {.method = PL_POST_GET,
                                .path = AN_STR("metadata")};
    struct pl_deliverer *d = c->d;
    struct pl_post_answer answer;
    struct pl_ability ability;
    enum an_code rc;

    if (d->options.mode != CFG_DELIVERY_AUTO ||
        (d->is_known && !d->is_doubted) ||
        (d->asked_ms && pl_now_ms() - d->asked_ms < ASK_AGAIN_MS))
        return AN_OK;
    d->asked_ms = pl_now_ms();
    rc = pl_carriage_ask(c, &q, &answer, err);
    if (rc != AN_OK || c->out->result.fate != PL_FATE_TAKEN)
        return rc;
    rc = pl_ability_read(c->arena, answer.body, &ability, NULL);
    if (rc == AN_OK) {
        d->ability = ability;
        d->is_known = true;
        d->is_doubted = false;
    }
    return rc == AN_NOMEM ? an_fail_nomem(err) : AN_OK;
}

static enum fhir_request_mode mode_of(const struct pl_deliverer *d)
{
    if (d->options.mode == CFG_DELIVERY_POST)
        return FHIR_REQUEST_POST;
    return d->options.mode == CFG_DELIVERY_AUTO && !d->ability.updates &&
                   d->ability.creates_once
               ? FHIR_REQUEST_POST
               : FHIR_REQUEST_PUT;
}

/* ---- what is known --------------------------------------------------------------- */

static enum an_code recall_entry(struct pl_carriage *c, size_t i,
                                 struct an_err *err)
{
    struct pl_deliverer *d = c->d;
    struct pl_sent sent;
    enum an_code rc =
        pl_sent_get(d->options.reader, c->arena, c->r.entry[i].id, &sent, err);

    if (rc == AN_NOTFOUND)
        return AN_OK;
    if (rc != AN_OK)
        return rc;
    c->is_kept[i] = true;
    c->at[i].address = sent.address;
    if (d->options.versions && d->ability.versions)
        c->at[i].version = sent.version;
    c->at[i].left_out = sent.state == PL_SENT_TAKEN_OVER;
    return AN_OK;
}

static enum an_code recall_all(struct pl_carriage *c, struct an_err *err)
{
    size_t n = c->r.n_entries;
    enum an_code rc = AN_OK;

    c->at = an_arena_get(c->arena, n + 1, sizeof(*c->at));
    c->is_kept = an_arena_get(c->arena, n + 1, sizeof(*c->is_kept));
    c->out->sent = an_arena_get(c->arena, n + 1, sizeof(*c->out->sent));
    if (c->at == NULL || c->is_kept == NULL || c->out->sent == NULL)
        return an_fail_nomem(err);
    for (size_t i = 0; rc == AN_OK && i < n; i++)
        if (c->r.entry[i].has_identifier)
            rc = recall_entry(c, i, err);
    return rc;
}

/* What tells of something that is left alone is left out with it.  False when
 * nothing is left to say but who we are. */
static bool leave_out(struct pl_carriage *c)
{
    bool any = false, is_said = c->r.n_entries == 0;

    for (size_t i = 0; i < c->r.n_entries; i++)
        if (c->r.entry[i].target.n)
            for (size_t k = 0; k < c->r.n_entries; k++)
                if (c->at[k].left_out &&
                    an_str_eq(c->r.entry[k].id, c->r.entry[i].target))
                    c->at[i].left_out = true;
    for (size_t i = 0; i < c->r.n_entries; i++) {
        any = any || c->at[i].left_out;
        is_said = is_said || (!c->at[i].left_out &&
                              !an_str_eq(c->r.entry[i].type, AN_STR("Device")));
    }
    return is_said || !any;
}

/* ---- a transaction --------------------------------------------------------------- */

/* "200 OK": it was there already, and what was sent for it was passed over. */
static bool was_there(const struct an_json *response)
{
    return an_str_starts(an_json_text(an_json_get(response, AN_STR("status"))),
                         AN_STR("200"));
}

static bool is_created(const struct pl_carriage *c, size_t i)
{
    return c->mode == FHIR_REQUEST_POST && c->at[i].address.n == 0;
}

/* *again: something that was to be created is there, and is to be updated. */
static enum an_code learn_bundle(struct pl_carriage *c, struct an_str body,
                                 bool *again, struct an_err *err)
{
    const struct an_json *root, *list, *e;
    enum an_code rc = pl_carriage_read(c, body, &root, err);

    *again = false;
    if (rc != AN_OK || root == NULL)
        return rc;
    list = an_json_get(root, AN_STR("entry"));
    e = an_json_is(list, AN_JSON_ARRAY) ? an_json_first(list) : NULL;
    for (size_t i = 0; e && i < c->r.n_entries; i++) {
        const struct an_json *response;
        struct an_str address, version, etag;

        if (c->at[i].left_out)
            continue;
        response = an_json_get(e, AN_STR("response"));
        e = e->next;
        if (!c->r.entry[i].has_identifier)
            continue;
        pl_post_location(
            an_json_text(an_json_get(response, AN_STR("location"))), &address,
            &version);
        etag =
            pl_post_etag(an_json_text(an_json_get(response, AN_STR("etag"))));
        *again = *again || (c->is_kept[i] && is_created(c, i) && address.n &&
                            was_there(response));
        pl_carriage_learn(c, i,
                          c->mode == FHIR_REQUEST_POST ? address : AN_STR(""),
                          etag.n ? etag : version, PL_SENT_OURS);
    }
    return AN_OK;
}

/* 409 and 412: each that was asked for by its version. */
static enum an_code examine_all(struct pl_carriage *c, bool *again,
                                struct an_err *err)
{
    struct pl_post_result conflict = c->out->result;
    enum an_code rc = AN_OK;
    bool any = false;

    *again = false;
    for (size_t i = 0; rc == AN_OK && i < c->r.n_entries; i++) {
        bool learnt = false;

        if (c->at[i].left_out || c->at[i].version.n == 0)
            continue;
        any = true;
        rc = pl_carriage_examine(c, i, &learnt, err);
        if (rc == AN_OK && c->out->result.fate != PL_FATE_TAKEN)
            return rc;
        *again = *again || learnt;
    }
    c->out->result = conflict;
    /* It will have been somebody's passing write. */
    if (any)
        c->out->result.fate = PL_FATE_LATER;
    return rc;
}

/* Provenance that a delivery before this one has made. */
static enum an_code pass_over_made(struct pl_carriage *c, struct an_err *err)
{
    enum an_code rc = AN_OK;

    for (size_t i = 0; rc == AN_OK && i < c->r.n_entries; i++) {
        bool there = false;

        if (c->mode != FHIR_REQUEST_POST || c->r.entry[i].has_identifier ||
            c->at[i].left_out)
            continue;
        rc = pl_carriage_is_there(c, i, &there, err);
        c->at[i].left_out = there;
    }
    return rc;
}

static enum an_code send_bundle(struct pl_carriage *c, bool *again,
                                struct an_err *err)
{
    struct pl_post_request q = {.method = PL_POST_POST};
    struct pl_post_answer answer;
    enum an_code rc = pass_over_made(c, err);

    *again = false;
    if (rc == AN_OK)
        rc = fhir_request_bundle(c->arena, &c->r, c->mode, c->at, &q.body, err);
    if (rc == AN_OK)
        rc = pl_carriage_ask(c, &q, &answer, err);
    if (rc != AN_OK)
        return rc;
    if (c->out->result.fate == PL_FATE_TAKEN)
        return learn_bundle(c, answer.body, again, err);
    return answer.status == 409 || answer.status == 412
               ? examine_all(c, again, err)
               : AN_OK;
}

static enum an_code send_all(struct pl_carriage *c, struct an_err *err)
{
    enum an_code rc = AN_OK;
    bool again = true;

    for (unsigned i = 0; rc == AN_OK && again && i < PL_ROUNDS; i++) {
        again = false;
        if (!leave_out(c)) {
            c->out->result =
                (struct pl_post_result){.fate = PL_FATE_LEFT, .error = 0};
            return AN_OK;
        }
        rc = c->r.n_entries && !c->d->ability.transaction
                 ? pl_carriage_singly(c, err)
                 : send_bundle(c, &again, err);
    }
    if (again && c->out->result.fate == PL_FATE_TAKEN)
        c->out->result.fate = PL_FATE_LATER;
    return rc;
}

enum an_code pl_deliver(struct pl_deliverer *d, struct an_arena *arena,
                        const struct pl_outbox_row *row,
                        struct pl_delivered *out, struct an_err *err)
{
    struct pl_carriage c = {.d = d, .arena = arena, .row = row, .out = out};
    enum an_code rc;

    *out = (struct pl_delivered){.result = {.fate = PL_FATE_LATER}};
    rc = look_at_server(&c, err);
    if (rc != AN_OK || out->result.fate == PL_FATE_STOPPED)
        return rc;
    c.mode = mode_of(d);
    if (row->kind == PL_OUTBOX_WITHDRAWAL)
        return pl_carriage_withdraw(&c, err);
    rc = fhir_request_read(arena, row->payload, &c.r, err);
    if (rc == AN_OK)
        rc = recall_all(&c, err);
    if (rc == AN_OK)
        rc = send_all(&c, err);
    if (rc == AN_OK &&
        (out->result.fate == PL_FATE_REFUSED || out->result.error == 404))
        d->is_doubted = true;
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a resource of ours at the receiver. */
#include "plugin/outbox/deliver_int.h"

static struct an_str member(const struct an_json *j, const char *key)
{
    return an_json_text(an_json_get(j, an_str_c(key)));
}

enum an_code pl_carriage_examine(struct pl_carriage *c, size_t i, bool *learnt,
                                 struct an_err *err)
{
    struct pl_post_request q = {.method = PL_POST_GET};
    const struct fhir_request_entry *e = &c->r.entry[i];
    const struct an_json *theirs = NULL;
    struct pl_post_answer answer;
    struct an_str version;
    enum an_code rc = pl_carriage_address(c, i, &q.path, err);

    *learnt = false;
    if (rc == AN_OK)
        rc = pl_carriage_ask(c, &q, &answer, err);
    if (rc != AN_OK)
        return rc;
    if (answer.status == 404 || answer.status == 410) {
        c->out->result.fate = PL_FATE_TAKEN;
        *learnt = true;
        pl_carriage_learn(c, i, AN_STR(""), AN_STR(""), PL_SENT_TAKEN_OVER);
        return AN_OK;
    }
    if (c->out->result.fate != PL_FATE_TAKEN) {
        if (c->out->result.fate == PL_FATE_REFUSED)
            c->out->result.fate = PL_FATE_LATER;
        return AN_OK;
    }
    rc = pl_carriage_read(c, answer.body, &theirs, err);
    if (rc != AN_OK || theirs == NULL)
        return rc;
    version = answer.version.n
                  ? answer.version
                  : member(an_json_get(theirs, AN_STR("meta")), "versionId");
    if (an_str_eq(version, c->at[i].version))
        return AN_OK;
    *learnt = true;
    pl_carriage_learn(c, i, AN_STR(""), version,
                      fhir_request_is_draft(theirs) &&
                              fhir_request_stands(e->resource, theirs)
                          ? PL_SENT_OURS
                          : PL_SENT_TAKEN_OVER);
    return AN_OK;
}

enum an_code pl_carriage_search(struct pl_carriage *c, struct an_str path,
                                struct an_str *address, size_t *n,
                                struct an_err *err)
{
    struct pl_post_request q = {.method = PL_POST_GET, .path = path};
    const struct an_json *root, *list;
    struct pl_post_answer answer;
    enum an_code rc = pl_carriage_ask(c, &q, &answer, err);

    *address = AN_STR("");
    *n = 0;
    if (rc != AN_OK || c->out->result.fate != PL_FATE_TAKEN)
        return rc;
    rc = pl_carriage_read(c, answer.body, &root, err);
    if (rc != AN_OK)
        return rc;
    list = an_json_get(root, AN_STR("entry"));
    if (!an_json_is(list, AN_JSON_ARRAY))
        return AN_OK;
    for (const struct an_json *e = an_json_first(list); e; e = e->next) {
        const struct an_json *resource = an_json_get(e, AN_STR("resource"));
        const struct an_str part[] = {member(resource, "resourceType"),
                                      AN_STR("/"), member(resource, "id")};

        if (!an_str_starts(path, part[0]) || part[2].n == 0)
            continue; /* an OperationOutcome beside what was found */
        if ((*n)++ == 0)
            rc = pl_carriage_text(c->arena, part, 3, address, err);
    }
    return rc;
}

/* Of the same target and the same moment.  Where that cannot be asked, or is not
 * answered, it is taken for not there. */
enum an_code pl_carriage_is_there(struct pl_carriage *c, size_t i, bool *there,
                                  struct an_err *err)
{
    struct an_str target = AN_STR(""), path, found;
    struct pl_post_result before = c->out->result;
    size_t n = 0;
    enum an_code rc;

    *there = false;
    for (size_t k = 0; k < c->r.n_entries; k++)
        if (an_str_eq(c->r.entry[k].id, c->r.entry[i].target))
            target = c->at[k].address;
    if (target.n == 0 || !c->d->ability.finds_provenance)
        return AN_OK;
    {
        const struct an_str part[] = {
            AN_STR("Provenance?target="), target, AN_STR("&recorded="),
            member(c->r.entry[i].resource, "recorded")};

        rc = pl_carriage_text(c->arena, part, 4, &path, err);
    }
    if (rc == AN_OK)
        rc = pl_carriage_search(c, path, &found, &n, err);
    *there = rc == AN_OK && n > 0;
    c->out->result = before;
    return rc;
}

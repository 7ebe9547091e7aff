/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a deletion, of which a server tells the resource's id only. */
#include "plugin/notice_int.h"

#include "base/buf.h"
#include "base/json.h"
#include "plugin/deletions.h"
#include "plugin/host/thread.h"

enum { PATH_BYTES = 256 };

static void count(struct pl_noticing *k, bool withdrawn)
{
    atomic_fetch_add(withdrawn ? &k->u->n_withdrawn : &k->u->n_not_ours, 1);
}

static bool is_history(struct pl_noticing *k, struct an_str bytes)
{
    struct an_mark mark = an_arena_mark(k->arena);
    const struct an_json *root;
    bool is = an_json_read(k->arena, &(struct an_json_limits){0}, bytes, &root,
                           NULL) == AN_OK &&
              an_str_eq(an_json_text(an_json_get(root, AN_STR("type"))),
                        AN_STR("history"));

    an_arena_rewind(k->arena, mark);
    return is;
}

/* Does it tell of this deletion?  A history from a replica that lags does not, and
 * says only what was there before. */
static bool tells_of(struct pl_noticing *k, struct an_str bytes,
                     const struct fhir_deletion *d)
{
    struct an_mark mark = an_arena_mark(k->arena);
    struct fhir_deletion *list;
    bool does = false;
    size_t n;

    if (fhir_deletions_read(k->arena, bytes, &list, &n, NULL) == AN_OK)
        for (size_t i = 0; i < n; i++)
            does = does || (an_str_eq(list[i].type, d->type) &&
                            an_str_eq(list[i].id, d->id));
    an_arena_rewind(k->arena, mark);
    return does;
}

/* In the server's own words: the deletion, when it was, and a version before it
 * that says whose it was.  False when it has no such words. */
static bool by_history(struct pl_noticing *k, const struct fhir_deletion *d)
{
    struct pl_fetch_answer answer;
    struct an_str path, url = AN_STR("");
    struct an_buf b;

    if (k->u->all->options->fhir_url.n == 0)
        return false;
    an_buf_init(&b, k->arena, PATH_BYTES);
    an_buf_put(&b, d->type);
    an_buf_put_char(&b, '/');
    an_buf_put(&b, d->id);
    an_buf_put_c(&b, "/_history?_count=10");
    if (an_buf_done(&b, &path, NULL) == AN_OK && pl_notice_reach(k))
        url = pl_notice_address(k, path);
    if (url.n == 0 || !pl_notice_get(k, url, &answer))
        return false;
    if (pl_fetch_fate(&answer) == PL_FETCH_LATER)
        pl_notice_fault(k, AN_IO, answer.status);
    if (pl_fetch_fate(&answer) != PL_FETCH_GOT || !is_history(k, answer.body) ||
        !tells_of(k, answer.body, d))
        return false;
    atomic_fetch_add(&k->u->n_fetched, 1);
    pl_notice_put(k, answer.body);
    return pl_notice_is_good(k) && k->n_parts > 0;
}

static enum an_code find_owner(struct pl_noticing *k, struct pl_deletion *d,
                               struct an_err *err)
{
    struct pl_engine *e = k->u->all->source.engine;
    int64_t until_ms = pl_now_ms() + k->u->all->options->fhir_timeout_ms;
    struct pl_reader *reader = NULL;
    enum an_code rc = pl_engine_reader(e, &reader, err);

    if (rc == AN_OK)
        rc = pl_deletions_find(reader, k->arena, &pl_engine_settings(e)->fhir,
                               d, 1, until_ms, err);
    pl_reader_close(reader);
    return rc;
}

static void put_one(struct pl_noticing *k, struct fhir_deletion d,
                    const struct pl_deletion_owner *owner)
{
    int64_t now_us = pl_engine_now_us(k->u->all->source.engine);
    struct an_err err = {.code = AN_OK};
    char at[AN_TIME_TEXT_BYTES];
    struct an_str bytes;

    d.at = pl_deletion_at(now_us, owner, at);
    if (fhir_deletions_write(k->arena, &owner->patient, &d, 1, &bytes, &err) ==
        AN_OK)
        pl_notice_put(k, bytes);
    else
        pl_notice_refuse(k, PL_FAILED, &err);
}

/* In ours, as of now, at each patient who has it. */
static void by_store(struct pl_noticing *k, const struct fhir_deletion *said)
{
    struct pl_deletion d = {.said = *said};
    struct an_err err = {.code = AN_OK};

    if (find_owner(k, &d, &err) != AN_OK) {
        pl_notice_refuse(k, PL_FAILED, &err);
        return;
    }
    for (const struct pl_deletion_owner *o = d.owner; o && pl_notice_is_good(k);
         o = o->next)
        put_one(k, d.said, o);
    if (pl_notice_is_good(k))
        count(k, d.owner != NULL);
}

/* The same id at another server is another thing.  Who says more than "Type/id" has
 * to name ours, and where we know of none there is none to name. */
static bool is_elsewhere(struct pl_noticing *k, struct an_str reference)
{
    if (fhir_reference_local(reference).p == reference.p)
        return false;
    if (k->u->all->options->fhir_url.n == 0 ||
        !pl_notice_is_absolute(reference))
        return true;
    return pl_notice_reach(k) && pl_notice_address(k, reference).n == 0;
}

void pl_notice_withdraw(struct pl_noticing *k, struct an_str reference)
{
    static const struct an_err
        nothing = {.code = AN_TYPE,
                   .what = "a deletion of no resource of FHIR R4"},
        elsewhere = {.code = AN_UNSUPPORTED,
                     .what = "a deletion of a resource that is "
                             "not under fhir.url"};
    const struct pl_settings *s = pl_engine_settings(k->u->all->source.engine);
    struct fhir_deletion d;

    if (!fhir_deletion_of(fhir_reference_local(reference), &d))
        pl_notice_refuse(k, PL_REFUSED, &nothing);
    else if (is_elsewhere(k, reference))
        pl_notice_refuse(k, PL_REFUSED, &elsewhere);
    else if (!pl_notice_is_good(k))
        return;
    else if (fhir_deletion_fact(k->arena, &s->fhir, &d).n == 0)
        count(k, false);
    else if (by_history(k, &d))
        count(k, true);
    else if (pl_notice_is_good(k))
        by_store(k, &d);
}

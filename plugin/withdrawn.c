/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a deletion, of which a server tells the resource's id only. */
#include "plugin/notice_int.h"

#include "base/buf.h"
#include "base/json.h"
#include "plugin/deletions.h"

enum {
    PATH_BYTES = 256,
    WITHDRAWN_AT_ONCE = 100 /* messages: the keeper ends a longer list */
};

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

/* Does it tell of this deletion, and when it was?  A history from a replica that lags
 * does not, and says only what was there before.  Of several it is the newest. */
static bool tells_of(struct pl_noticing *k, struct an_str bytes,
                     struct fhir_deletion *d)
{
    struct an_mark mark = an_arena_mark(k->arena);
    struct fhir_deletion *list;
    size_t n, i = 0;

    if (fhir_deletions_read(k->arena, bytes, &list, &n, NULL) != AN_OK)
        n = 0;
    while (i < n &&
           !(an_str_eq(list[i].type, d->type) && an_str_eq(list[i].id, d->id)))
        i++;
    if (i < n)
        d->at = list[i].at;
    else
        an_arena_rewind(k->arena, mark);
    return i < n;
}

/* In the server's own words: the deletion, when it was, and a version before it
 * that says whose it was.  False when it has no such words. */
static bool by_history(struct pl_noticing *k, struct fhir_deletion *d)
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

/* At each patient who has it, and once it comes; all that waits besides. */
static enum an_code note(struct pl_noticing *k, const struct fhir_deletion *d,
                         size_t *n_found, struct an_err *err)
{
    const struct pl_subscriptions_source *source = &k->u->all->source;
    struct pl_settling by = {.engine = source->engine,
                             .feed = an_str_c(k->u->feed),
                             .most = WITHDRAWN_AT_ONCE,
                             .answered = source->answered,
                             .user = source->user};
    struct pl_reader *reader = NULL;
    enum an_code rc = pl_engine_reader(source->engine, &reader, err);

    if (rc == AN_OK)
        rc = pl_deletions_note(source->engine, reader, k->arena, d, 1, n_found,
                               err);
    /* It is kept, and to be sent it again would date one without a moment anew: what
     * fails here, the keeper tries and tells of. */
    if (rc == AN_OK)
        (void)!pl_deletions_settle(&by, reader, NULL);
    pl_reader_close(reader);
    return rc;
}

/* The server's history need not tell all whose it was.  One that tells of it and not
 * when, by no version either, may have made it anew since: it has the last word. */
static void withdraw(struct pl_noticing *k, struct fhir_deletion *d,
                     struct an_str at)
{
    bool is_told = by_history(k, d);
    struct an_err err = {.code = AN_OK};
    size_t n_found = 0;

    if (!pl_notice_is_good(k))
        return;
    if (!is_told && d->at.n == 0)
        d->at = at;
    if ((is_told && d->at.n == 0) || note(k, d, &n_found, &err) == AN_OK)
        count(k, is_told || n_found);
    else
        pl_notice_refuse(k, PL_FAILED, &err);
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

void pl_notice_withdraw(struct pl_noticing *k, struct an_str reference,
                        struct an_str at)
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
    else
        withdraw(k, &d, at);
}

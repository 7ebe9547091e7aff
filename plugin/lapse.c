/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/lapse.h"

enum { PAGE = 64 };

struct lapsing {
    struct pl_reader *r;
    struct an_arena *arena;
    const struct pl_history *history;
    const struct pl_saying *saying;
    size_t n_saying;
    struct an_str *lapsed;
    size_t n, room;
};

static bool is_said(const struct lapsing *k, struct an_str resource)
{
    for (size_t i = 0; i < k->n_saying; i++)
        if (an_str_eq(k->saying[i].resource, resource))
            return true;
    return false;
}

/* The record has it still, from that message or of that fact as it was: a fact
 * that another message has said anew was corrected. */
static bool stands(const struct ctx_timeline *t, const struct ctx_event *e)
{
    for (size_t i = 0; i < t->n_events; i++)
        if (t->event[i]->kind == e->kind &&
            an_str_eq(t->event[i]->message, e->message) &&
            an_str_eq(t->event[i]->place, e->place))
            return true;
    return false;
}

static bool put(struct lapsing *k, struct an_str resource)
{
    if (k->n == k->room) {
        size_t room = k->room ? 2 * k->room : PAGE;
        struct an_str *more = an_arena_get(k->arena, room, sizeof(*more));

        if (more == NULL)
            return false;
        for (size_t i = 0; i < k->n; i++)
            more[i] = k->lapsed[i];
        k->lapsed = more;
        k->room = room;
    }
    k->lapsed[k->n++] = resource;
    return true;
}

static enum an_code judge(struct lapsing *k, const struct pl_suggestion *s,
                          struct an_err *err)
{
    struct ctx_suggestion was;
    struct pl_sent sent;
    enum an_code rc;

    if (is_said(k, s->resource))
        return AN_OK;
    /* Most were never sent: their evidence need not be read. */
    rc = pl_sent_get(k->r, k->arena, s->resource, &sent, err);
    if (rc != AN_OK || sent.state != PL_SENT_OURS)
        return rc == AN_NOTFOUND ? AN_OK : rc;
    rc = pl_suggestion_recall(k->arena, s, &was, err);
    if (rc != AN_OK) /* of a damaged one nobody can say */
        return rc == AN_INTEGRITY ? AN_OK : rc;
    for (size_t i = 0; i < was.n_evidence; i++)
        if (!stands(&k->history->timeline, was.evidence[i].event))
            return put(k, s->resource) ? AN_OK : an_fail_nomem(err);
    return AN_OK;
}

static enum an_code of_member(struct lapsing *k,
                              const struct ctx_identifier *id,
                              struct an_err *err)
{
    const struct pl_suggestion *list;
    int64_t after = 0;
    enum an_code rc;
    size_t n;

    do {
        rc = pl_suggestions(k->r, k->arena, id, after, PAGE, &list, &n, err);
        for (size_t i = 0; rc == AN_OK && i < n; i++)
            rc = judge(k, &list[i], err);
        if (n)
            after = list[n - 1].id;
    } while (rc == AN_OK && n == PAGE);
    return rc;
}

enum an_code pl_lapses(struct pl_reader *r, struct an_arena *arena,
                       const struct pl_history *history,
                       const struct pl_saying *saying, size_t n,
                       const struct an_str **lapsed, size_t *n_lapsed,
                       struct an_err *err)
{
    struct lapsing k = {.r = r,
                        .arena = arena,
                        .history = history,
                        .saying = saying,
                        .n_saying = n};
    enum an_code rc = AN_OK;

    for (size_t i = 0; rc == AN_OK && i < history->person.n_members; i++)
        rc = of_member(&k, &history->person.member[i].id, err);
    *lapsed = k.lapsed;
    *n_lapsed = k.n;
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What one notification leads to. */
#include "plugin/notice_int.h"

#include "base/buf.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

enum {
    URL_BYTES = 8000,
    PAGES = 1000,
    OVERLAP_S = 600, /* of two searches: the clocks are two machines' */
    FIRST_S = 86400  /* how far back the first one looks */
};

static void fetch_one(struct pl_noticing *k, struct an_str reference)
{
    static const struct an_err elsewhere = {
        .code = AN_UNSUPPORTED,
        .what = "a resource that is not under fhir.url is not fetched"};
    struct pl_fetch_answer answer;
    struct an_str url;

    if (!pl_notice_reach(k))
        return;
    url = pl_notice_address(k, reference);
    if (url.n == 0) {
        atomic_fetch_add(&k->u->n_faults, 1);
        pl_notice_refuse(k, PL_REFUSED, &elsewhere);
        return;
    }
    if (!pl_notice_get(k, url, &answer))
        return;
    /* Gone since, be it that this is what the notification is about: who has
     * it by the name alone is told of a deletion in no other way. */
    if (answer.status == 410)
        pl_notice_withdraw(k, reference, AN_STR(""));
    if (answer.status == 404 || answer.status == 410)
        return;
    if (pl_fetch_fate(&answer) != PL_FETCH_GOT) {
        pl_notice_fault(k, AN_IO, answer.status);
        return;
    }
    atomic_fetch_add(&k->u->n_fetched, 1);
    pl_notice_put(k, answer.body);
}

/* ---- a search, for a notification that says nothing ----------------------- */

static bool first_page(struct pl_noticing *k, int64_t from_us,
                       struct an_str *url)
{
    struct an_str criteria = k->u->search;
    char since[AN_TIME_TEXT_BYTES];
    struct an_buf b;
    struct an_str path;
    bool asks = memchr(criteria.p, '?', criteria.n) != NULL;

    (void)an_time_print_instant(from_us, since);
    an_buf_init(&b, k->arena, URL_BYTES);
    an_buf_put(&b, criteria);
    if (!asks || criteria.p[criteria.n - 1] != '?')
        an_buf_put_char(&b, asks ? '&' : '?');
    an_buf_put_c(&b, "_lastUpdated=ge");
    an_buf_put_c(&b, since);
    an_buf_put_c(&b, "&_count=200");
    return an_buf_done(&b, &path, NULL) == AN_OK &&
           pl_fetch_url(k->fetch, k->arena, path, url, NULL) == AN_OK;
}

/* The next page's address; "" after the last. */
static struct an_str page_read(struct pl_noticing *k, struct an_str body)
{
    const struct an_json *root;
    struct an_str url = AN_STR("");

    if (an_json_read(k->arena, &(struct an_json_limits){0}, body, &root,
                     NULL) != AN_OK) {
        pl_notice_fault(k, AN_SYNTAX, 200);
        return url;
    }
    if (an_json_first(an_json_get(root, AN_STR("entry")))) {
        pl_notice_put(k, body);
        atomic_fetch_add(&k->u->n_fetched, 1);
    }
    for (const struct an_json *l =
             an_json_first(an_json_get(root, AN_STR("link")));
         l; l = l->next)
        if (an_str_eq(an_json_text(an_json_get(l, AN_STR("relation"))),
                      AN_STR("next"))) {
            url = pl_notice_address(
                k, an_json_text(an_json_get(l, AN_STR("url"))));
            if (url.n == 0 && pl_notice_is_good(k))
                pl_notice_fault(k, AN_UNSUPPORTED, 200);
        }
    return url;
}

/* One page; the address of the next in `at`, "" after the last. */
static void turn_page(struct pl_noticing *k, char at[URL_BYTES])
{
    struct an_mark mark = an_arena_mark(k->arena);
    struct an_str next = AN_STR("");
    struct pl_fetch_answer answer;

    if (!pl_notice_get(k, an_str_c(at), &answer))
        return;
    if (pl_fetch_fate(&answer) != PL_FETCH_GOT)
        pl_notice_fault(k, AN_IO, answer.status);
    else
        next = page_read(k, answer.body);
    if (next.n >= URL_BYTES && pl_notice_is_good(k))
        pl_notice_fault(k, AN_LIMIT, 200);
    if (!pl_notice_is_good(k))
        return;
    memcpy(at, next.p, next.n);
    at[next.n] = '\0';
    pl_notice_give_back(k, mark);
}

/* From when on: the last search, else the first number, else a day ago. */
static int64_t search_from_us(struct pl_subscription *u, int64_t now_us)
{
    int64_t from_us = now_us - FIRST_S * 1000000LL, known_us;

    pthread_mutex_lock(&u->lock);
    known_us = u->searched_us ? u->searched_us : u->begun_us;
    if (u->searched_us || (known_us && known_us < from_us))
        from_us = known_us - OVERLAP_S * 1000000LL;
    pthread_mutex_unlock(&u->lock);
    return from_us;
}

static void search(struct pl_noticing *k)
{
    int64_t now_us = pl_engine_now_us(k->u->all->source.engine);
    struct an_str first = AN_STR("");
    char url[URL_BYTES] = "";

    if (k->u->search.n == 0) {
        atomic_fetch_add(&k->u->n_faults, 1);
        an_log(pl_engine_log(k->u->all->source.engine),
               AN_EVENT_SUBSCRIPTION_FAULT, k->u->number, AN_UNSUPPORTED, 0);
        return;
    }
    pthread_mutex_lock(&k->u->searching);
    if (pl_notice_reach(k) &&
        (!first_page(k, search_from_us(k->u, now_us), &first) ||
         first.n >= sizeof(url)))
        k->out->verdict = PL_FAILED;
    if (pl_notice_is_good(k))
        memcpy(url, first.p, first.n);
    for (int page = 0; pl_notice_is_good(k) && url[0] && page < PAGES; page++)
        turn_page(k, url);
    if (pl_notice_is_good(k) && url[0])
        pl_notice_fault(k, AN_LIMIT, 200);
    if (pl_notice_is_good(k)) {
        pthread_mutex_lock(&k->u->lock);
        k->u->searched_us = now_us;
        pthread_mutex_unlock(&k->u->lock);
    }
    pthread_mutex_unlock(&k->u->searching);
}

/* ---- a notification with a state ------------------------------------------ */

/* What it brings and what it names; numbers are noted when all of it is there. */
static void take_events(struct pl_noticing *k, struct an_str bytes,
                        const struct fhir_notification *n)
{
    if (n->n_events || n->n_resources)
        pl_notice_put(k, bytes);
    for (size_t i = 0; pl_notice_is_good(k) && i < n->n_events; i++)
        if ((n->event[i].is_gone || !n->event[i].is_here) &&
            n->event[i].focus.n) {
            struct an_mark mark = an_arena_mark(k->arena);

            if (n->event[i].is_gone)
                pl_notice_withdraw(k, n->event[i].focus, n->event[i].at);
            else
                fetch_one(k, n->event[i].focus);
            pl_notice_give_back(k, mark);
        }
    /* Content "empty": something happened, and not a word what. */
    if (pl_notice_is_good(k) && n->type == FHIR_NOTICE_EVENT &&
        n->n_resources == 0 && (n->n_events == 0 || n->event[0].focus.n == 0))
        search(k);
    if (pl_notice_is_good(k))
        pl_subscribed_note(k->u, n);
}

/* ---- what was missed ------------------------------------------------------ */

enum came {
    CAME_ALL,  /* the gap is closed */
    CAME_NONE, /* the server has no $events, or not these any more */
    CAME_LATER /* ask again */
};

/* The oldest gap; false when there is none. */
static bool oldest_gap(struct pl_subscription *u, struct pl_range *gap)
{
    bool is_one;

    pthread_mutex_lock(&u->lock);
    is_one = u->events.n_gaps > 0;
    if (is_one)
        *gap = u->events.gap[0];
    pthread_mutex_unlock(&u->lock);
    return is_one;
}

/* One at a time; false when somebody is at it. */
static bool begin_filling(struct pl_subscription *u)
{
    bool mine;

    pthread_mutex_lock(&u->lock);
    mine = !u->filling && u->all->options->fhir_url.n;
    u->filling = u->filling || mine;
    pthread_mutex_unlock(&u->lock);
    return mine;
}

static void end_filling(struct pl_subscription *u)
{
    pthread_mutex_lock(&u->lock);
    u->filling = false;
    pthread_mutex_unlock(&u->lock);
}

/* The address that asks for it; "" when it cannot be asked for. */
static struct an_str gap_address(struct pl_noticing *k,
                                 const struct pl_range *gap)
{
    struct pl_subscription *u = k->u;
    char text[PL_REFERENCE_BYTES + 128] = "";
    struct an_str path;

    pthread_mutex_lock(&u->lock);
    if (u->reference[0] && !u->cannot_query)
        (void)snprintf(text, sizeof(text),
                       "%s/$events?eventsSinceNumber=%lld&eventsUntilNumber="
                       "%lld&content=full-resource",
                       u->reference, (long long)gap->from,
                       (long long)gap->until);
    pthread_mutex_unlock(&u->lock);
    return text[0] && an_arena_str(k->arena, an_str_c(text), &path)
               ? pl_notice_address(k, path)
               : AN_STR("");
}

/* Of an answer to $events: what it brings is taken as if it had been sent. */
static enum came take_missed(struct pl_noticing *k, const struct pl_range *gap,
                             struct an_str bytes)
{
    struct pl_range left;
    struct fhir_notification n;

    if (fhir_notification_read(k->arena, bytes, &n, NULL) != AN_OK)
        return CAME_NONE;
    n.type = FHIR_NOTICE_QUERY_EVENT;
    take_events(k, bytes, &n);
    if (!pl_notice_is_good(k))
        return CAME_LATER;
    return oldest_gap(k->u, &left) && left.from <= gap->until ? CAME_NONE
                                                              : CAME_ALL;
}

static enum came ask_events(struct pl_noticing *k, const struct pl_range *gap)
{
    struct pl_fetch_answer answer;
    struct an_str url;
    enum pl_fetch_fate fate;

    if (!pl_notice_reach(k))
        return CAME_LATER;
    url = gap_address(k, gap);
    if (url.n == 0)
        return CAME_NONE;
    if (!pl_notice_get(k, url, &answer))
        return CAME_LATER;
    fate = pl_fetch_fate(&answer);
    if (fate == PL_FETCH_LATER)
        pl_notice_fault(k, AN_IO, answer.status);
    if (fate != PL_FETCH_REFUSED)
        return fate == PL_FETCH_GOT ? take_missed(k, gap, answer.body)
                                    : CAME_LATER;
    pthread_mutex_lock(&k->u->lock);
    k->u->cannot_query = true;
    pthread_mutex_unlock(&k->u->lock);
    return CAME_NONE;
}

/* All that is newer, since nobody can say what is missing.  Numbers that were
 * given out before are not asked for any more, but counted apart: what they stood
 * for was found unless it was a deletion, which no search returns. */
static void search_instead(struct pl_noticing *k)
{
    struct pl_subscription *u = k->u;
    int64_t last, n, missing;

    if (u->search.n == 0)
        return;
    pthread_mutex_lock(&u->lock);
    last = u->events.last;
    pthread_mutex_unlock(&u->lock);
    search(k);
    if (!pl_notice_is_good(k))
        return;
    pthread_mutex_lock(&u->lock);
    n = pl_sequence_close(&u->events, last);
    missing = pl_sequence_missing(&u->events);
    u->n_searched += (uint64_t)n;
    pthread_mutex_unlock(&u->lock);
    if (n)
        an_log(pl_engine_log(u->all->source.engine),
               AN_EVENT_SUBSCRIPTION_SEARCHED, u->number, (uint64_t)n,
               (uint64_t)missing);
}

/* What was missed.  The notification is answered as it was, whatever comes of
 * this: a gap that stays is asked for again by the next one. */
static void fill_gaps(struct pl_noticing *k)
{
    struct pl_noticed apart = {.verdict = PL_ACCEPTED};
    struct pl_noticing inner = {.u = k->u, .arena = k->arena, .out = &apart};
    struct pl_range gap;
    enum came came = CAME_ALL;

    if (!oldest_gap(k->u, &gap) || !begin_filling(k->u))
        return;
    while (came == CAME_ALL && oldest_gap(k->u, &gap))
        came = ask_events(&inner, &gap);
    if (came == CAME_NONE)
        search_instead(&inner);
    pl_fetch_close(inner.fetch);
    end_filling(k->u);
}

static void take_notification(struct pl_noticing *k, struct an_str bytes,
                              const struct fhir_notification *n)
{
    if (n->type == FHIR_NOTICE_HANDSHAKE || n->type == FHIR_NOTICE_HEARTBEAT ||
        n->type == FHIR_NOTICE_QUERY_STATUS)
        pl_subscribed_note(k->u, n);
    else
        take_events(k, bytes, n);
    if (!pl_notice_is_good(k))
        return;
    fill_gaps(k);
    /* HAPI FHIR posts it as it would a transaction, and takes anything but a
     * Bundle for a failure: it would send it again and again. */
    k->out->answer =
        AN_STR("{\"resourceType\":\"Bundle\",\"type\":\"batch-response\"}");
}

/* ---- all of it ---------------------------------------------------------- */

/* "Type/id" of the address it was sent to. */
static struct an_str named(struct pl_noticing *k, const struct pl_notice *in)
{
    struct an_str reference = AN_STR("");
    struct an_buf b;

    an_buf_init(&b, k->arena, URL_BYTES);
    an_buf_put(&b, in->type);
    an_buf_put_char(&b, '/');
    an_buf_put(&b, in->id);
    return an_buf_done(&b, &reference, NULL) == AN_OK ? reference : AN_STR("");
}

void pl_subscription_take(struct pl_subscription *u, struct an_arena *arena,
                          const struct pl_notice *in, struct pl_noticed *out)
{
    struct pl_noticing k = {.u = u, .arena = arena, .out = out};
    struct fhir_notification n;
    struct an_err err = {.code = AN_OK};
    enum an_code rc;

    *out = (struct pl_noticed){.verdict = PL_ACCEPTED};
    atomic_fetch_add(&u->n_notices, 1);
    if (in->is_deleted) {
        pl_notice_withdraw(&k, named(&k, in), AN_STR(""));
        if (pl_notice_is_good(&k) && out->answer.n == 0)
            pl_notice_refuse(&k, PL_ACCEPTED, NULL);
    } else if (an_str_trim(in->body).n == 0) {
        if (in->type.n)
            fetch_one(&k, named(&k, in));
        else
            search(&k);
        if (pl_notice_is_good(&k) && out->answer.n == 0)
            pl_notice_refuse(&k, PL_ACCEPTED, NULL);
    } else {
        rc = fhir_notification_read(arena, in->body, &n, &err);
        if (rc == AN_OK)
            take_notification(&k, in->body, &n);
        else if (rc == AN_TYPE || rc == AN_CODE || rc == AN_MISSING)
            pl_notice_refuse(&k, PL_REFUSED, &err);
        else
            pl_notice_put(&k, in->body);
    }
    pl_fetch_close(k.fetch);
}

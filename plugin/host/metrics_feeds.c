/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of subscriptions and feeds. */
#include "plugin/host/metrics_int.h"

#include "plugin/host/thread.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* A metric of one name stands together. */
static const struct {
    const char *name, *type, *help, *fate;
    size_t at; /* in the counts */
} counted[] = {
    {"subscription_notices_total", "counter", "Notifications that came.",
     "known", offsetof(struct pl_subscription_counts, n_notices)},
    {"subscription_notices_total", NULL, NULL, "stranger",
     offsetof(struct pl_subscription_counts, n_strangers)},
    {"subscription_fetches_total", "counter",
     "Resources and pages fetched because a notification named them.", "got",
     offsetof(struct pl_subscription_counts, n_fetched)},
    {"subscription_fetches_total", NULL, NULL, "failed",
     offsetof(struct pl_subscription_counts, n_faults)},
    {"subscription_deletions_total", "counter",
     "Deletions that were told, by what became of them.", "withdrawn",
     offsetof(struct pl_subscription_counts, n_withdrawn)},
    {"subscription_deletions_total", NULL, NULL, "not-ours",
     offsetof(struct pl_subscription_counts, n_not_ours)},
    {"subscription_events_total", "counter",
     "Numbered events that did not come in their order.", "missed",
     offsetof(struct pl_subscription_counts, n_missed)},
    {"subscription_events_total", NULL, NULL, "recovered",
     offsetof(struct pl_subscription_counts, n_recovered)},
    {"subscription_events_total", NULL, NULL, "searched",
     offsetof(struct pl_subscription_counts, n_searched)},
    {"subscription_missing", "gauge", "Numbered events that are missing now.",
     NULL, offsetof(struct pl_subscription_counts, n_missing)},
};

/* The configuration named it: no byte of a message is in a label. */
static void put_counted(struct an_buf *b, size_t row,
                        const struct pl_subscription_counts *c)
{
    uint64_t value;

    memcpy(&value, (const char *)c + counted[row].at, sizeof(value));
    an_buf_put_c(b, "anamnesis_");
    an_buf_put_c(b, counted[row].name);
    an_buf_put_c(b, "{subscription=\"");
    an_buf_put(b, c->name);
    if (counted[row].fate) {
        an_buf_put_c(b, "\",fate=\"");
        an_buf_put_c(b, counted[row].fate);
    }
    an_buf_put_c(b, "\"} ");
    an_buf_put_u64(b, value);
    an_buf_put_char(b, '\n');
}

static void put_subscriptions(struct an_buf *b, struct pl_subscriptions *all)
{
    size_t n = pl_subscriptions_n(all);
    struct pl_subscription_counts *c = an_arena_get(b->arena, n, sizeof(*c));

    for (size_t i = 0; c && i < n; i++)
        c[i] = pl_subscription_count(pl_subscription_at(all, i));
    for (size_t row = 0; c && row < sizeof(counted) / sizeof(counted[0]);
         row++) {
        if (counted[row].type)
            metric(b, counted[row].name, counted[row].type, counted[row].help);
        for (size_t i = 0; i < n; i++)
            put_counted(b, row, &c[i]);
    }
}

/* A sender's name comes out of its messages, so a label is its hash, as in the
 * log; the command feeds tells which is which. */
static void sample_feed(struct an_buf *b, const char *name, uint64_t hash,
                        uint64_t value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "{feed=\"%016" PRIx64 "\"}", hash);
    sample(b, name, text, value);
}

static uint64_t seconds(int64_t ms)
{
    return ms > 0 ? (uint64_t)ms / 1000 : 0;
}

static void put_silence(struct an_buf *b, const struct pl_feed_state *s,
                        size_t n)
{
    metric(b, "feed_silent", "gauge",
           "1 while a sender is silent for longer than usual.");
    for (size_t i = 0; i < n; i++)
        sample_feed(b, "feed_silent", s[i].hash, s[i].is_silent);
    metric(b, "feed_silence_seconds", "gauge",
           "How long a sender has been silent, since the start at most.");
    for (size_t i = 0; i < n; i++)
        sample_feed(b, "feed_silence_seconds", s[i].hash,
                    seconds(s[i].silent_ms));
    metric(b, "feed_silence_limit_seconds", "gauge",
           "From where on that is too long; 0: it is not judged.");
    for (size_t i = 0; i < n; i++)
        sample_feed(b, "feed_silence_limit_seconds", s[i].hash,
                    seconds(s[i].limit_ms));
}

static void put_watched(struct an_buf *b, const struct pl_feed_state *s,
                        size_t n)
{
    put_silence(b, s, n);
    metric(b, "feed_late_seconds", "gauge",
           "How much older than usual messages are when they come.");
    for (size_t i = 0; i < n; i++)
        sample_feed(b, "feed_late_seconds", s[i].hash, seconds(s[i].late_ms));
    metric(b, "feed_missing", "gauge",
           "Numbers of MSH-13 that are missing now.");
    for (size_t i = 0; i < n; i++)
        sample_feed(b, "feed_missing", s[i].hash, (uint64_t)s[i].n_missing);
    metric(b, "feed_missed_total", "counter",
           "Numbers of MSH-13 that did not come in their order.");
    for (size_t i = 0; i < n; i++)
        sample_feed(b, "feed_missed_total", s[i].hash, s[i].n_missed);
}

void pl_put_feeds(struct an_buf *b, struct pl_server *s)
{
    struct pl_feeds *feeds = pl_engine_feeds(s->running.engine);
    struct pl_feeds_now now = {.us = pl_engine_now_us(s->running.engine),
                               .ms = pl_now_ms()};
    const struct pl_feed_state *list;
    size_t n = 0;

    list = feeds ? pl_feeds_list(feeds, b->arena, &now, &n) : NULL;
    if (list)
        put_watched(b, list, n);
    if (s->subscriptions && pl_subscriptions_n(s->subscriptions))
        put_subscriptions(b, s->subscriptions);
}

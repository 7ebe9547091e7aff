/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of subscriptions and feeds. */
#include "plugin/host/metrics_int.h"

/* The configuration named it: no byte of a message is in a label. */
static void sample_named(struct an_buf *b, const char *name,
                         struct an_str subscription, const char *more,
                         uint64_t value)
{
    an_buf_put_c(b, "anamnesis_");
    an_buf_put_c(b, name);
    an_buf_put_c(b, "{subscription=\"");
    an_buf_put(b, subscription);
    an_buf_put_c(b, more);
    an_buf_put_c(b, "\"} ");
    an_buf_put_u64(b, value);
    an_buf_put_char(b, '\n');
}

static void put_notices(struct an_buf *b, struct pl_subscriptions *all)
{
    metric(b, "subscription_notices_total", "counter",
           "Notifications that came.");
    for (size_t i = 0; i < pl_subscriptions_n(all); i++) {
        struct pl_subscription_counts c =
            pl_subscription_count(pl_subscription_at(all, i));

        sample_named(b, "subscription_notices_total", c.name, "\",fate=\"known",
                     c.n_notices);
        sample_named(b, "subscription_notices_total", c.name,
                     "\",fate=\"stranger", c.n_strangers);
    }
    metric(b, "subscription_fetches_total", "counter",
           "Resources and pages fetched because a notification named them.");
    for (size_t i = 0; i < pl_subscriptions_n(all); i++) {
        struct pl_subscription_counts c =
            pl_subscription_count(pl_subscription_at(all, i));

        sample_named(b, "subscription_fetches_total", c.name, "\",fate=\"got",
                     c.n_fetched);
        sample_named(b, "subscription_fetches_total", c.name,
                     "\",fate=\"failed", c.n_faults);
    }
}

static void put_numbers(struct an_buf *b, struct pl_subscriptions *all)
{
    metric(b, "subscription_events_total", "counter",
           "Numbered events that did not come in their order.");
    for (size_t i = 0; i < pl_subscriptions_n(all); i++) {
        struct pl_subscription_counts c =
            pl_subscription_count(pl_subscription_at(all, i));

        sample_named(b, "subscription_events_total", c.name, "\",fate=\"missed",
                     c.n_missed);
        sample_named(b, "subscription_events_total", c.name,
                     "\",fate=\"recovered", c.n_recovered);
    }
    metric(b, "subscription_missing", "gauge",
           "Numbered events that are missing now.");
    for (size_t i = 0; i < pl_subscriptions_n(all); i++) {
        struct pl_subscription_counts c =
            pl_subscription_count(pl_subscription_at(all, i));

        sample_named(b, "subscription_missing", c.name, "",
                     (uint64_t)c.n_missing);
    }
}

void pl_put_feeds(struct an_buf *b, struct pl_server *s)
{
    if (s->subscriptions && pl_subscriptions_n(s->subscriptions)) {
        put_notices(b, s->subscriptions);
        put_numbers(b, s->subscriptions);
    }
}

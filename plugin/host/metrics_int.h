/* SPDX-License-Identifier: Apache-2.0 */
/* How a metric is written, for the files that have some. */
#ifndef PLUGIN_HOST_METRICS_INT_H
#define PLUGIN_HOST_METRICS_INT_H

#include "plugin/host/serve.h"

#include "base/buf.h"
#include "plugin/store/reader.h"

static inline void metric(struct an_buf *b, const char *name, const char *type,
                          const char *help)
{
    an_buf_put_c(b, "# HELP anamnesis_");
    an_buf_put_c(b, name);
    an_buf_put_char(b, ' ');
    an_buf_put_c(b, help);
    an_buf_put_c(b, "\n# TYPE anamnesis_");
    an_buf_put_c(b, name);
    an_buf_put_char(b, ' ');
    an_buf_put_c(b, type);
    an_buf_put_char(b, '\n');
}

static inline void sample(struct an_buf *b, const char *name, const char *label,
                          uint64_t value)
{
    an_buf_put_c(b, "anamnesis_");
    an_buf_put_c(b, name);
    an_buf_put_c(b, label);
    an_buf_put_char(b, ' ');
    an_buf_put_u64(b, value);
    an_buf_put_char(b, '\n');
}

/* Of subscriptions and feeds (metrics_feeds.c). */
void pl_put_feeds(struct an_buf *b, struct pl_server *s);
/* Of the listeners (metrics_listen.c). */
void pl_put_listeners(struct an_buf *b, struct pl_server *s);
/* Of cards and what became of them (metrics_cards.c). */
void pl_put_cards(struct an_buf *b, struct pl_reader *reader);

#endif

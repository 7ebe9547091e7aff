/* SPDX-License-Identifier: Apache-2.0 */
/* Delivers what the store's outbox holds: one thread, each patient's Bundles in
 * order, again and again until the server takes or refuses them.
 *
 *     pl_outbox_open(&options, &outbox, err);
 *     ...
 *     pl_store_conclude(...), pl_outbox_wake(outbox);
 *     ...
 *     pl_outbox_close(outbox, grace_ms);
 *
 * 2xx is delivered.  4xx is dead and told to the audit trail, but for those that
 * may pass (401, 403, 404, 408, 409, 429); they and all else are tried again
 * after a pause that doubles from retry_first_ms to retry_max_ms, drawn from its
 * upper half so that many rows do not come back at once, and as long as the
 * server asks.  After several failures in a row nobody is asked for such a
 * pause: one row then tries.
 *
 * What is sent twice (a process that died before it noted the answer) is the
 * same resources, with the same ids in them; deliver.h says in which form, and
 * what becomes of a resource that somebody else has changed.  Nothing is sent while the policy
 * keeps the outbox closed (off, shadow); rows wait.  Without a url they wait
 * too.  Bodies are never logged.
 *
 * Thread-safety: shared.  Ownership: the options' texts, store, log and policy
 * must live until the close. */
#ifndef PLUGIN_OUTBOX_OUTBOX_H
#define PLUGIN_OUTBOX_OUTBOX_H

#include "base/log.h"
#include "plugin/outbox/smart.h"
#include "plugin/store/conclude.h"
#include "plugin/trust/stage.h"

struct pl_outbox;

struct pl_outbox_options {
    const char *url;               /* "" is none: rows stay in the store */
    const char *token_file;        /* "" is none */
    struct pl_smart_options smart; /* in its place, with a client_id; base,
                                      times, log and clock are ours */
    enum cfg_delivery mode;
    bool versions; /* If-Match, of what the server answered before */
    int64_t timeout_ms, retry_first_ms, retry_max_ms;
    struct pl_store *store;
    const char *store_path; /* of the same store, to read from */
    const char *key_file;   /* its keys; NULL: none */
    const struct pl_policy *policy;
    struct an_log *log; /* may be NULL */
    an_clock *clock;    /* UTC microseconds */
};

struct pl_outbox_counts {
    uint64_t n_delivered, n_refused, n_retried, n_left; /* since the opening */
    bool is_broken; /* after failures in a row nobody is asked for a while */
};

/* As configured.  Store, path, policy, log and clock are the engine's. */
struct pl_outbox_options pl_outbox_options_of(const struct cfg_options *o);

/* What pl_file_read says of the token's file, AN_CONFIG (it holds none),
 * AN_NOMEM, AN_IO, and what opening a reader says. */
enum an_code pl_outbox_open(const struct pl_outbox_options *options,
                            struct pl_outbox **out, struct an_err *err)
    __attribute__((warn_unused_result));

/* There may be something new.  It looks by itself once a second too, since
 * another program may have released a text. */
void pl_outbox_wake(struct pl_outbox *o);

void pl_outbox_counts(struct pl_outbox *o, struct pl_outbox_counts *out);

/* An attempt that runs has grace_ms to end; what is not delivered stays in the
 * store.  NULL is nothing to close. */
void pl_outbox_close(struct pl_outbox *o, int64_t grace_ms);

#endif

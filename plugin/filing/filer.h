/* SPDX-License-Identifier: Apache-2.0 */
/* Sends what the store's rows for the HL7 version 2 receiver name: one thread,
 * each patient's messages in order.
 *
 *     pl_filer_open(&options, &filer, err);
 *     ...
 *     pl_store_conclude(...), pl_filer_wake(filer);
 *     ...
 *     pl_filer_close(filer, grace_ms);
 *
 * When a row's turn comes its message is made, once, and kept (store/filing.h);
 * what is sent again after a failure or a crash is the same bytes with the same
 * MSH-10.  AA and CA are delivered.  AR and CR are dead, and so are AE and CE
 * after options.errors of them; dead rows are told to the audit trail.  All else
 * (no connection, no answer, one that names another message, bytes that are no
 * acknowledgement) is tried again after a pause that doubles from retry_first to
 * retry_max, as long as it takes.  After several failures of the connection in a
 * row nobody is asked for such a pause.
 *
 * Nothing is sent while the policy keeps this way closed; what may not leave when
 * its turn comes is dead.  Messages are never logged.
 *
 * Thread-safety: shared.  Ownership: the options' members must live until the
 * close. */
#ifndef PLUGIN_FILING_FILER_H
#define PLUGIN_FILING_FILER_H

#include "base/log.h"
#include "config/options.h"
#include "plugin/store/filing.h"

struct pl_filer;

struct pl_filer_options {
    const struct cfg_options *options;
    struct pl_store *store;
    const struct pl_policy *policy;
    struct an_log *log; /* may be NULL */
    an_clock *clock;    /* UTC microseconds */
};

struct pl_filer_counts {
    uint64_t n_delivered, n_refused, n_retried; /* since the opening */
};

/* What pl_fields_read says of the site's file, AN_NOMEM, AN_IO, and what opening
 * a reader says. */
enum an_code pl_filer_open(const struct pl_filer_options *options,
                           struct pl_filer **out, struct an_err *err)
    __attribute__((warn_unused_result));

/* There may be something new.  It looks by itself once a second too. */
void pl_filer_wake(struct pl_filer *f);

void pl_filer_counts(struct pl_filer *f, struct pl_filer_counts *out);

/* An attempt that runs has grace_ms to end; connecting may take five seconds
 * more.  What is not delivered stays in the store.  NULL is nothing to close. */
void pl_filer_close(struct pl_filer *f, int64_t grace_ms);

#endif

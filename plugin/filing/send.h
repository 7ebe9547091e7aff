/* SPDX-License-Identifier: Apache-2.0 */
/* One message to an MLLP receiver, with or without TLS, and what its
 * acknowledgement means.
 *
 *     pl_send_open(&options, &sender, err);
 *     error = pl_send(sender, message);
 *     if (error == PL_FILING_NONE) ...               -- it has it
 *     pl_send_close(sender);
 *
 * AA and CA are taken when MSA-2 is the message's MSH-10.  Where MSH-15 and
 * MSH-16 of the message ask for two acknowledgements both are waited for on the
 * same connection; one that comes by another connection is not known here.  After
 * any failure the connection is closed and the next message opens another, so that
 * no late answer is taken for a later message's.
 *
 * Thread-safety: confined, but for pl_send_stop.  Ownership: the options' texts
 * must live until the close. */
#ifndef PLUGIN_FILING_SEND_H
#define PLUGIN_FILING_SEND_H

#include "config/options.h"
#include "plugin/store/filing.h"

struct pl_send;

/* AN_NOMEM. */
enum an_code pl_send_open(const struct cfg_options *options,
                          struct pl_send **out, struct an_err *err)
    __attribute__((warn_unused_result));
/* NULL is nothing to close. */
void pl_send_close(struct pl_send *s);

enum pl_filing_error pl_send(struct pl_send *s, struct an_str message);

/* From any thread: the attempt that runs fails, and so does each one after. */
void pl_send_stop(struct pl_send *s);
bool pl_send_is_stopped(struct pl_send *s);

#endif

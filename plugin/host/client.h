/* SPDX-License-Identifier: Apache-2.0 */
/* A sender: one MLLP connection, with or without TLS, that waits for each answer.
 *
 * Thread-safety: confined.  Ownership: an answer lives until the next send. */
#ifndef PLUGIN_HOST_CLIENT_H
#define PLUGIN_HOST_CLIENT_H

#include "config/value.h"
#include "hl7/ack.h"
#include "hl7/mllp.h"
#include "plugin/host/client_tls.h"

struct pl_client {
    int fd;
    struct pl_client_tls *tls; /* NULL: none */
    struct hl7_mllp deframer;
    struct an_arena arena;
    bool is_broken; /* a message or an answer is half-way: nothing may follow */
};

/* AN_IO with the address as the place. */
enum an_code pl_client_open(struct pl_client *c,
                            const struct cfg_address *address, int timeout_ms,
                            struct an_err *err)
    __attribute__((warn_unused_result));
/* Over TLS; fails as pl_client_tls_open, too. */
enum an_code pl_client_open_tls(struct pl_client *c,
                                const struct cfg_address *address,
                                const struct pl_client_keys *keys,
                                int timeout_ms, struct an_err *err)
    __attribute__((warn_unused_result));

/* Send one message, wait for its acknowledgement and read it: the last one,
 * where MSH-15 and MSH-16 ask for two.  Where a success is not to be
 * acknowledged nothing is waited for, and *answer says AA.  Answers that name
 * another message are passed over.  AN_IO when the
 * connection fails or the time is up: the message may or may not have been
 * stored, and can be sent again, over another connection.  This one then takes
 * no more: part of the message may be on its way, with TLS even in the library,
 * and what followed would end in the same frame.  AN_MISSING, AN_CODE for an
 * answer that is no acknowledgement. */
enum an_code pl_client_send(struct pl_client *c, struct an_str message,
                            struct hl7_answer *answer, struct an_err *err)
    __attribute__((warn_unused_result));

void pl_client_close(struct pl_client *c);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What stands before the CDS services: who may call (plugin/jose/trust.h), and
 * which pages of browsers may read the answer (CORS).
 *
 * It is asked for /cds-services and all below it, what is there and what is not.
 * With cds.clients a call brings a token of one of them, made out to cds.url and
 * the path that it asks; without, it comes from this machine or cds.open is
 * true.  A preflight (OPTIONS) brings no token and gets no data.
 *
 * Thread-safety: shared. */
#ifndef PLUGIN_HOST_CDS_GATE_H
#define PLUGIN_HOST_CDS_GATE_H

#include "config/options.h"
#include "plugin/host/http.h"
#include "plugin/jose/trust.h"

struct pl_cds_gate;

/* The options must outlive it.  AN_CONFIG, AN_IO and the like, with their
 * place, for cds.clients and the key sets that are files. */
enum an_code pl_cds_gate_open(const struct cfg_options *options,
                              struct an_log *log, struct pl_cds_gate **out,
                              struct an_err *err)
    __attribute__((warn_unused_result));
/* NULL is nothing to close. */
void pl_cds_gate_close(struct pl_cds_gate *gate);

/* As pl_http_calls has them: 0, 204 for a preflight, 401, 429 or 500. */
unsigned pl_cds_gate_guard(struct pl_cds_gate *gate, struct pl_http_request *q);
void pl_cds_gate_answer(const struct pl_cds_gate *gate,
                        struct pl_http_request *q, struct pl_http_response *r);

struct pl_trust_counts pl_cds_gate_counts(struct pl_cds_gate *gate);

#endif

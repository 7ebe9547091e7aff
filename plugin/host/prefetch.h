/* SPDX-License-Identifier: Apache-2.0 */
/* What a CDS client did not prefetch, read at its FHIR server with the token of
 * its call.
 *
 *     pl_prefetch_fill(&options, arena, body, fhir_cds_history,
 *                      FHIR_CDS_N_HISTORY, &request, err);
 *     p = fhir_cds_prefetched(&request, AN_STR("patient"));
 *
 * It happens when fhirServer is one of `server` to the letter, but for a last
 * slash, and fhirAuthorization has a Bearer token that is not over and is for
 * this patient or for any.  A key that is absent is asked for; of one that is
 * there with a next page, the pages that follow.  What is null, empty or failed
 * is not asked again.
 *
 * The token goes to that server's base and to no other address, whatever a page
 * names; it is in no error, log or store.  An answer that is no FHIR, too long,
 * of another type or of another patient makes its key one that failed; the
 * others stay.  Where that is the key `patient`, nothing more is asked.  All of
 * it ends at timeout_ms or when the token does: what was not asked by then stays
 * absent.
 *
 * Thread-safety: shared.  Ownership: the arena's. */
#ifndef PLUGIN_HOST_PREFETCH_H
#define PLUGIN_HOST_PREFETCH_H

#include "base/log.h"
#include "fhir/cds.h"

enum { PL_PREFETCH_PAGES = 10 }; /* of one key */

struct pl_prefetch_options {
    const struct an_str *server;
    size_t n_servers;
    int64_t timeout_ms;      /* for all of it */
    size_t max_answer_bytes; /* of all answers together */
    struct an_log *log;
};

/* request->prefetch is then what was there and what was read.  AN_NOMEM; all
 * else that can go wrong is a state of a key. */
enum an_code pl_prefetch_fill(const struct pl_prefetch_options *options,
                              struct an_arena *arena, struct an_str body,
                              const struct fhir_cds_query *query, size_t n,
                              struct fhir_cds_request *request,
                              struct an_err *err)
    __attribute__((warn_unused_result));

#endif

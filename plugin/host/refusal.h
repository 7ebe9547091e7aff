/* SPDX-License-Identifier: Apache-2.0 */
/* What the listener refuses itself, in the words of FHIR: an OperationOutcome
 * for the status that the response has.
 *
 * Thread-safety: confined.  Ownership: the request's arena. */
#ifndef PLUGIN_HOST_REFUSAL_H
#define PLUGIN_HOST_REFUSAL_H

#include "plugin/host/http.h"

/* Sets body and content type; leaves them when there is no memory. */
void pl_refusal(struct pl_http_request *q, struct pl_http_response *r);

#endif

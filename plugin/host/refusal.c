/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/host/refusal.h"

#include "fhir/outcome.h"

static const char fhir_type[] = "application/fhir+json; charset=utf-8";

void pl_refusal(struct pl_http_request *q, struct pl_http_response *r)
{
    static const struct {
        unsigned status;
        enum an_code code;
        const char *what;
    } known[] = {{403, AN_INTEGRITY, "no certificate that is trusted here"},
                 {404, AN_NOTFOUND, "there is nothing at this path"},
                 {405, AN_UNSUPPORTED, "not by this method"},
                 {413, AN_LIMIT, "longer than listen.http.max_body"},
                 {429, AN_BUSY, "too many calls: try again"},
                 {503, AN_BUSY, "not now: try again"}};
    struct an_err err = {.code = AN_SYNTAX, .what = "the request is malformed"};

    /* Nothing else is said to whom we do not know. */
    if (r->status == 401) {
        r->body = AN_STR("{\"resourceType\":\"OperationOutcome\",\"issue\":["
                         "{\"severity\":\"error\",\"code\":\"login\"}]}");
        r->content_type = fhir_type;
        return;
    }
    if (r->status >= 500)
        err = (struct an_err){.code = AN_INTERNAL, .what = "a fault of ours"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].status == r->status)
            err = (struct an_err){.code = known[i].code, .what = known[i].what};
    if (fhir_outcome(q->arena, &err, NULL, 0, &r->body, NULL) == AN_OK)
        r->content_type = fhir_type;
}

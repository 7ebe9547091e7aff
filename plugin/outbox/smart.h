/* SPDX-License-Identifier: Apache-2.0 */
/* A bearer token by SMART Backend Services (SMART App Launch 2.2): asked for
 * with an assertion (plugin/jose/assertion.h), kept until shortly before it
 * expires, asked for anew when the server answers 401.
 *
 *     pl_smart_open(&options, &smart, err);
 *     struct pl_post_bearer bearer = pl_smart_bearer(smart);   -- for post.h
 *     ...
 *     pl_smart_close(smart);
 *
 * Where tokens are asked for is token_url, else what the server's
 * .well-known/smart-configuration says, if that is https or the server itself.
 * The file of keys is read for each token.  After a failure nobody is asked for
 * a pause that doubles from a second to five minutes.  Neither a token nor an
 * assertion is ever logged.
 *
 * Thread-safety: confined, but for pl_smart_stop.  Ownership: the options' texts
 * must live as long as it. */
#ifndef PLUGIN_OUTBOX_SMART_H
#define PLUGIN_OUTBOX_SMART_H

#include "base/log.h"
#include "plugin/outbox/post.h"

struct pl_smart;

struct pl_smart_options {
    const char *base;      /* of the FHIR server */
    const char *token_url; /* "": discovered */
    const char *client_id, *key_file, *scope;
    int64_t timeout_ms;
    struct an_log *log; /* may be NULL */
    an_clock *clock;    /* UTC microseconds */
};

/* Why there is no token; logged as a number. */
#define PL_SMART_FAULTS(X)                                                     \
    X(NONE, "")                                                                \
    X(UNREACHED, "the server for tokens does not answer, or no JSON")          \
    X(INVALID_CLIENT, "invalid_client: it does not know client or key")        \
    X(INVALID_GRANT, "invalid_grant: it does not take the assertion")          \
    X(UNAUTHORIZED, "unauthorized_client: the client may not do so")           \
    X(INVALID_SCOPE, "invalid_scope: the client may not have outbox.scope")    \
    X(INVALID_REQUEST, "invalid_request: it does not understand")              \
    X(UNSUPPORTED, "unsupported_grant_type: it has no backend services")       \
    X(OTHER, "it refuses and does not say why")                                \
    X(DISCOVERY, "smart-configuration names no address for tokens to use")     \
    X(KEYS, "our keys cannot be used there")                                   \
    X(TOKEN, "its answer is no bearer token")

enum pl_smart_fault {
#define X(name, text) PL_SMART_##name,
    PL_SMART_FAULTS(X)
#undef X
        PL_N_SMART_FAULTS
};

const char *pl_smart_text(unsigned fault);

/* What reading the keys says, AN_CONFIG for a base that is none, AN_NOMEM. */
enum an_code pl_smart_open(const struct pl_smart_options *options,
                           struct pl_smart **out, struct an_err *err)
    __attribute__((warn_unused_result));
/* NULL is nothing to close. */
void pl_smart_close(struct pl_smart *s);
/* From any thread: what is being asked is given up. */
void pl_smart_stop(struct pl_smart *s);

/* AN_BUSY while there is none: pl_smart_last says why. */
struct pl_post_bearer pl_smart_bearer(struct pl_smart *s);
enum pl_smart_fault pl_smart_last(const struct pl_smart *s);

#endif

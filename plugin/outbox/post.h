/* SPDX-License-Identifier: Apache-2.0 */
/* One POST of one Bundle to a FHIR server, by libcurl: certificates are
 * checked, nothing is followed, the answer's body is thrown away.
 *
 *     pl_post_open(&options, &post, err);
 *     if (pl_post_send(post, arena, bundle, &result, err) == AN_OK)
 *         note(result.fate, result.error);
 *     pl_post_close(post);
 *
 * Thread-safety: confined, but for pl_post_stop.  Ownership: the options'
 * texts must live as long as the post. */
#ifndef PLUGIN_OUTBOX_POST_H
#define PLUGIN_OUTBOX_POST_H

#include "base/arena.h"
#include "base/err.h"

struct pl_post;

struct pl_post_options {
    const char *url;
    const char *token_file; /* "" is none; read for each attempt, so that it
                               may be renewed */
    int64_t timeout_ms;     /* of one attempt, connecting included */
};

#define PL_FATES(X)                                                            \
    X(TAKEN, "taken")     /* 2xx */                                            \
    X(REFUSED, "refused") /* 4xx: again would be refused again */              \
    X(LATER, "later")     /* 4xx that may pass, the rest, and no answer */     \
    X(STOPPED, "stopped") /* by pl_post_stop; the server may have it */

enum pl_fate {
#define X(name, text) PL_FATE_##name,
    PL_FATES(X)
#undef X
        PL_N_FATES
};

/* A 2xx whose body is something else than FHIR: a proxy or a log-in page. */
enum { PL_POST_FOREIGN = 999 };

/* Whatever a server asks for, no more than a day. */
enum { PL_POST_AFTER_MAX_MS = 86400000 };

struct pl_post_result {
    enum pl_fate fate;
    int error; /* HTTP status; libcurl's code, which is under 100; or
                  PL_POST_FOREIGN */
    int64_t retry_after_ms; /* what the server asked for, or 0 */
};

/* What pl_file_read says of the token's file, AN_CONFIG (it holds none),
 * AN_NOMEM. */
enum an_code pl_post_open(const struct pl_post_options *options,
                          struct pl_post **out, struct an_err *err)
    __attribute__((warn_unused_result));
/* NULL is nothing to close. */
void pl_post_close(struct pl_post *p);

/* AN_OK whatever the server says.  Otherwise as pl_post_open, and nothing was
 * sent. */
enum an_code pl_post_send(struct pl_post *p, struct an_arena *arena,
                          struct an_str bytes, struct pl_post_result *out,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* From any thread: an attempt that runs at `at_ms` of pl_now_ms is given up,
 * and so is each one after. */
void pl_post_stop(struct pl_post *p, int64_t at_ms);

/* What an answer means.  `type` is its Content-Type, NULL for none. */
struct pl_post_result pl_post_judge(int curl_code, long status,
                                    const char *type);

#endif

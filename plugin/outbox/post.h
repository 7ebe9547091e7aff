/* SPDX-License-Identifier: Apache-2.0 */
/* One request to the FHIR server that receives what we say, by libcurl:
 * certificates are checked, nothing is followed, the token goes to that server's
 * base and nowhere else.
 *
 *     pl_post_open(&options, &post, err);
 *     struct pl_post_request q = {.method = PL_POST_POST, .body = bundle};
 *     if (pl_post_ask(post, arena, &q, &answer, err) == AN_OK)
 *         note(answer.result.fate, answer.result.error);
 *     pl_post_close(post);
 *
 * Thread-safety: confined, but for pl_post_stop.  Ownership: the options'
 * texts must live as long as the post; answers are the arena's. */
#ifndef PLUGIN_OUTBOX_POST_H
#define PLUGIN_OUTBOX_POST_H

#include "base/arena.h"
#include "base/err.h"

struct pl_post;

/* Where the token comes from.  `get` gives "Authorization: Bearer ...", "" for
 * none; after a 401 it is asked once with `renew`. */
struct pl_post_bearer {
    enum an_code (*get)(void *ctx, struct an_arena *arena, bool renew,
                        struct an_str *header, struct an_err *err);
    void *ctx;
};

struct pl_post_options {
    const char *url;
    const char *token_file; /* "" is none; read for each attempt, so that it
                               may be renewed */
    const struct pl_post_bearer
        *bearer;        /* in place of the file; NULL is none */
    int64_t timeout_ms; /* of one attempt, connecting included */
};

#define PL_FATES(X)                                                            \
    X(TAKEN, "taken")     /* 2xx */                                            \
    X(REFUSED, "refused") /* 4xx: again would be refused again */              \
    X(LATER, "later")     /* 4xx that may pass, the rest, and no answer */     \
    X(STOPPED, "stopped") /* by pl_post_stop; the server may have it */        \
    X(LEFT, "left")       /* all of it is others' now: nothing was sent */

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

/* What is taken of an answer's body; of a longer one nothing. */
enum { PL_POST_BODY_BYTES = 16 << 20 };

struct pl_post_result {
    enum pl_fate fate;
    int error; /* HTTP status; libcurl's code, which is under 100; or
                  PL_POST_FOREIGN */
    int64_t retry_after_ms; /* what the server asked for, or 0 */
};

enum pl_post_method { PL_POST_POST, PL_POST_PUT, PL_POST_GET };

struct pl_post_request {
    enum pl_post_method method;
    struct an_str path; /* under the base: "Device/17"; "" is the base itself */
    struct an_str body;
    struct an_str if_match, if_none_exist; /* header values; "" is none */
};

struct pl_post_answer {
    struct pl_post_result result;
    long status;            /* 0: there was none */
    struct an_str body;     /* "" of anything that is no FHIR */
    struct an_str location; /* "Device/17", of its Location header */
    struct an_str version;  /* "3", of its ETag, else of its Location */
};

/* What pl_file_read says of the token's file, AN_CONFIG (it holds none),
 * AN_NOMEM. */
enum an_code pl_post_open(const struct pl_post_options *options,
                          struct pl_post **out, struct an_err *err)
    __attribute__((warn_unused_result));
/* NULL is nothing to close. */
void pl_post_close(struct pl_post *p);

/* AN_OK whatever the server says.  Otherwise as pl_post_open and as the bearer,
 * and nothing was sent. */
enum an_code pl_post_ask(struct pl_post *p, struct an_arena *arena,
                         const struct pl_post_request *q,
                         struct pl_post_answer *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* From any thread: an attempt that runs at `at_ms` of pl_now_ms is given up,
 * and so is each one after. */
void pl_post_stop(struct pl_post *p, int64_t at_ms);

/* What an answer means.  `type` is its Content-Type, NULL for none. */
struct pl_post_result pl_post_judge(int curl_code, long status,
                                    const char *type);

/* "Device/17" and "3" of "https://h/fhir/Device/17/_history/3", with or without
 * what is before and behind; "" for what is not there. */
void pl_post_location(struct an_str said, struct an_str *address,
                      struct an_str *version);
/* "3" of W/"3"; "" for what is none. */
struct an_str pl_post_etag(struct an_str said);

#endif

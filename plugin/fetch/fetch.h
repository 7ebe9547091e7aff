/* SPDX-License-Identifier: Apache-2.0 */
/* One request to a FHIR server, by libcurl: certificates are checked, nothing is
 * followed, the token goes to that server's own origin and nowhere else.
 *
 *     pl_fetch_open(&options, &fetch, err);
 *     struct pl_fetch_request q = {.url = url, .limit_bytes = 16 << 20};
 *     if (pl_fetch_ask(fetch, arena, &q, &answer, err) == AN_OK &&
 *         pl_fetch_fate(&answer) == PL_FETCH_GOT)
 *         read(answer.body);
 *     pl_fetch_close(fetch);
 *
 * Thread-safety: confined, but for pl_fetch_stop.  Ownership: the options' texts
 * must live as long as the fetch; answers are the arena's. */
#ifndef PLUGIN_FETCH_FETCH_H
#define PLUGIN_FETCH_FETCH_H

#include "base/arena.h"
#include "base/err.h"

struct pl_fetch;

struct pl_fetch_options {
    const char *base;       /* "https://h/fhir", with or without a last slash */
    const char *token_file; /* "" is none; read for each request */
    const char *no_token;   /* the error's text when that file holds none */
    int64_t timeout_ms; /* to connect, and of silence; of a whole request that
                           has no sink */
};

enum pl_fetch_method {
    PL_FETCH_GET,
    PL_FETCH_POST,
    PL_FETCH_PUT,
    PL_FETCH_DELETE
};

enum { PL_FETCH_HEADERS = 6, PL_FETCH_VALUE_BYTES = 2048 };

struct pl_fetch_answer {
    long status;            /* 0: there was none, or not all of it */
    int error;              /* libcurl's code then */
    int64_t retry_after_ms; /* as asked for, a day at most; -1: not asked */
    /* Of its header, "" where it has none. */
    struct an_str type; /* Content-Type without parameters */
    struct an_str content_location, location, etag, encoding, content_range,
        cache_control;
    struct an_str body; /* "" with a sink */
};

/* Takes the body of an answer of status 200 or 206 in place of the arena.
 * What these two fail with, pl_fetch_ask fails with. */
struct pl_fetch_sink {
    enum an_code (*begin)(void *ctx, const struct pl_fetch_answer *header,
                          struct an_err *err);
    enum an_code (*put)(void *ctx, struct an_str bytes, struct an_err *err);
    void *ctx;
};

struct pl_fetch_request {
    enum pl_fetch_method method;
    const char *url; /* absolute */
    struct an_str body;
    const char *header[PL_FETCH_HEADERS]; /* "Name: value"; up to a NULL */
    bool anonymous;                       /* without the token */
    size_t limit_bytes;                   /* of a body that goes to the arena */
    int64_t timeout_ms;                   /* 0: the options' */
    const struct pl_fetch_sink *sink;
};

/* AN_CONFIG: the base is no address of http or https; what pl_token_header says
 * of the token's file. */
enum an_code pl_fetch_open(const struct pl_fetch_options *options,
                           struct pl_fetch **out, struct an_err *err)
    __attribute__((warn_unused_result));
/* NULL is nothing to close. */
void pl_fetch_close(struct pl_fetch *f);

/* AN_OK whatever the server says, or does not.  AN_LIMIT when the body is longer
 * than limit_bytes; AN_TYPE for an address that is none, or of another origin
 * and not anonymous; AN_BUSY when it was stopped; and as pl_fetch_open. */
enum an_code pl_fetch_ask(struct pl_fetch *f, struct an_arena *arena,
                          const struct pl_fetch_request *q,
                          struct pl_fetch_answer *out, struct an_err *err)
    __attribute__((warn_unused_result));

/* From any thread: what runs is given up, and what comes after. */
void pl_fetch_stop(struct pl_fetch *f);

/* The base and what follows it: "https://h/fhir" "/" path. */
enum an_code pl_fetch_url(const struct pl_fetch *f, struct an_arena *arena,
                          struct an_str path, struct an_str *url,
                          struct an_err *err)
    __attribute__((warn_unused_result));

/* Scheme, host and port are the base's; the path lies under it, too. */
bool pl_fetch_is_origin(const struct pl_fetch *f, const char *url);
bool pl_fetch_is_under(const struct pl_fetch *f, const char *url);

enum pl_fetch_fate {
    PL_FETCH_GOT,    /* 2xx */
    PL_FETCH_LATER,  /* no answer, 408, 429, 502, 503, 504, 5xx of a proxy */
    PL_FETCH_REFUSED /* the rest: again would be refused again */
};

/* 500 with an OperationOutcome is the server's word; without, a mishap. */
enum pl_fetch_fate pl_fetch_fate(const struct pl_fetch_answer *a);

#endif

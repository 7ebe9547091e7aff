/* SPDX-License-Identifier: Apache-2.0 */
/* A FHIR server of the test's own that keeps what it takes: PUT, POST, GET,
 * transactions, conditional create, If-Match, versions; durable where it has a
 * file.
 *
 *     port = keeper_start(&(struct keeper_ways){.updates = true, ...}, 0);
 *     ...
 *     ck_assert_str_eq(keeper_get("RiskAssessment/x", &version), ...);
 *     keeper_stop();
 *
 * One at a time.  What it keeps stays until the next start without a file. */
#ifndef TESTS_KEEPER_H
#define TESTS_KEEPER_H

#include "base/str.h"

struct keeper_ways {
    bool transaction, updates, creates_once; /* says its statement */
    bool no_version;                         /* answers without versions */
    bool own_ids;         /* PUT to an id that is not there: 405 */
    bool silent_once;     /* takes the next write, and closes unanswered */
    unsigned refuse_next; /* this status for the next write, taken or not */
    const char *body;     /* of that answer, as HTML */
    const char *file;     /* what is taken is written there first; NULL */
    bool wants_token;     /* "Bearer good-N": N the newest token */
    bool garbage;         /* 200 and no JSON for the next write, taken or not */
};

uint16_t keeper_start(const struct keeper_ways *ways, uint16_t port);
void keeper_stop(void);
struct keeper_ways *keeper_ways(void); /* to change them between requests */

/* The resource as it stands; NULL for none. */
const char *keeper_get(const char *address, int *version);
/* Somebody else writes it. */
void keeper_put(const char *address, const char *body);
size_t keeper_n(const char *type);
/* The n-th address of that type, from 0. */
const char *keeper_nth(const char *type, size_t n);
size_t keeper_n_writes(void); /* requests that changed something or failed */
size_t keeper_n_tokens(void); /* asked for */
const char *keeper_assertion(void); /* of the last of those */
/* What the next requests for tokens are answered with; NULL: a token. */
void keeper_token_error(const char *error);

#endif

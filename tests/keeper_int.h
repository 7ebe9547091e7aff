/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.c answers; keeper_kept.c keeps, under the other's lock. */
#ifndef TESTS_KEEPER_INT_H
#define TESTS_KEEPER_INT_H

#include "tests/keeper.h"

enum { KEEPER_ADDRESS = 160 };

struct kept {
    char address[KEEPER_ADDRESS]; /* "Device/1" */
    int version;
    char *body;
};

/* One answer. */
struct answer {
    unsigned status;
    char location[2 * KEEPER_ADDRESS], etag[32];
    const char *type;
    char *body; /* malloc'd or NULL */
};

struct request {
    const char *method, *path, *query, *if_match, *if_none_exist, *bearer;
    struct an_str body;
};

/* All of it anew, from the file where there is one; false: it cannot be. */
bool keeper_open(const struct keeper_ways *ways);
void keeper_close(void);
const struct kept *keeper_find(const char *address);
const struct kept *keeper_at(size_t i); /* NULL behind the last */
/* By the UUID that a search for an identifier ends in. */
const struct kept *keeper_identified(const char *type, const char *query);
void keeper_set(const char *address, int version, struct an_str body);
/* A PUT, a POST, or a transaction where there is no path. */
void keeper_write(const struct request *q, struct answer *a);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A web server of the test's own on 127.0.0.1 that answers by a table, which
 * may be exchanged while it runs. */
#ifndef TESTS_SCRIPT_SERVER_H
#define TESTS_SCRIPT_SERVER_H

#include <stddef.h>
#include <stdint.h>

struct script_page {
    const char *path; /* without the query; what is not listed is 404 */
    unsigned status;
    const char *type, *body, *cache_control; /* each may be NULL */
    unsigned delay_ms;
};

enum { SCRIPT_PAGES = 24 };

/* The pages must outlive the server.  Returns the port. */
uint16_t script_start(const struct script_page *page, size_t n);
void script_set(const struct script_page *page, size_t n);
void script_stop(void);
/* Requests so far: of all; of that path of the table in use. */
unsigned script_count(void);
unsigned script_count_of(const char *path);
/* The Authorization header of the last one, "" for none. */
const char *script_authorization(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A FHIR server of the test's own: answers by a script, and remembers what it
 * was sent. */
#ifndef TESTS_OUTBOX_SERVER_H
#define TESTS_OUTBOX_SERVER_H

#include "base/str.h"

enum { SERVER_MOST = 64, SERVER_BODY_BYTES = 512 };

/* Instead of a status. */
enum { ANSWER_CLOSE = 1, ANSWER_SILENCE = 2 };

struct server_answer {
    unsigned status;
    const char *type; /* NULL: none */
};

/* Answers in turn, the last one again and again.  Returns the port. */
uint16_t server_start(const struct server_answer *answer, size_t n);
void server_stop(void);

/* Called for each request before it is answered, in the server's thread. */
void server_on_request(void (*hook)(void));

size_t server_n_requests(void);
/* Wait until there were n; false after ten seconds. */
bool server_wait(size_t n);
const char *server_body(size_t i);
/* Of the last request; "" without one. */
const char *server_authorization(void);

void server_sleep_ms(int ms);

#endif

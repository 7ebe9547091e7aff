/* SPDX-License-Identifier: Apache-2.0 */
/* What the suites of the ABI share: a host with a folder, and its messages.  They
 * run over both transports: tests/abi.t has the engine in its own process
 * (abi_here.c), tests/abi_helper.t the client of one that `anamnesis serve` has
 * (abi_there.c). */
#ifndef TESTS_ABI_HELP_H
#define TESTS_ABI_HELP_H

#include "plugin/anamnesis.h"
#include "tests/folder.h"
#include "tests/suite.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { TEST_YAML_BYTES = 8192, TEST_ADT_BYTES = 1024 };

struct test_host {
    const struct anamnesis_plugin *p;
    struct anamnesis_host host; /* logs to the fields below */
    struct anamnesis_engine *engine;
    struct test_folder folder;
    char yaml[TEST_YAML_BYTES]; /* the engine's */
    const char *config;         /* what create is given */
    char helper[1024];          /* that, of the client */
    char socket[64];
    const char *group; /* of the socket; NULL: none */
    int server;        /* its process, 0: none */
    atomic_int n_lines, n_asked;
    char line[512];  /* the last one */
    int cancel_from; /* is_cancelled says so from that question on; 0: no */
    bool dies_when_asked; /* by SIGKILL */
    unsigned pause_s;     /* before the first of the answers */
};

/* A host on a folder of its own; `stage` as in the configuration. */
void test_host_make(struct test_host *t, const char *stage);
/* The configuration again, with one line more. */
void test_host_write(struct test_host *t, const char *stage, const char *line);
/* What create wants to be there: nothing, or the server. */
void test_host_serve(struct test_host *t);
void test_host_open(struct test_host *t);  /* both; ends the test */
void test_host_close(struct test_host *t); /* destroy */
void test_host_drop(struct test_host *t);  /* with its folder */

/* ---- the transport: abi_here.c or abi_there.c ---------------------------- */

extern const bool test_is_helper;

/* Sets t->config; test_transport_stop may be called at any time. */
void test_transport_start(struct test_host *t);
void test_transport_stop(struct test_host *t);

/* ---- messages ------------------------------------------------------------ */

/* An ADT message about an invented patient. */
void test_adt(char text[TEST_ADT_BYTES], const char *event, int n, int patient);

/* What came of one message: its status and, for each kind, how many results. */
struct test_came {
    anamnesis_status status;
    unsigned n[ANAMNESIS_STATUS + 1];
    char first[2048]; /* the first result, cut */
    bool is_transaction, has_risk, has_provenance, is_marked; /* the last */
    struct anamnesis_error error;
};

void test_send(struct test_host *t, const char *text, uint32_t flags,
               uint32_t deadline_ms, struct test_came *came);
/* A file below examples/story. */
void test_send_file(struct test_host *t, const char *name, uint32_t flags,
                    uint32_t deadline_ms, struct test_came *came);
/* What p->status says. */
void test_status_json(struct test_host *t, char json[4096]);

/* `both` over either transport, `here` in this process only. */
Suite *test_both_suite(const char *name, const TTest *const *both,
                       size_t n_both, const TTest *const *here, size_t n_here,
                       void (*set_up)(void), void (*tear_down)(void));

#endif

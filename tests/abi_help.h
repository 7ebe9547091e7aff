/* SPDX-License-Identifier: Apache-2.0 */
/* What the suites of the ABI share: a host with a folder, and its messages. */
#ifndef TESTS_ABI_HELP_H
#define TESTS_ABI_HELP_H

#include "plugin/anamnesis.h"
#include "tests/folder.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { TEST_YAML_BYTES = 8192, TEST_ADT_BYTES = 1024 };

struct test_host {
    const struct anamnesis_plugin *p;
    struct anamnesis_host host; /* logs to the fields below */
    struct anamnesis_engine *engine;
    struct test_folder folder;
    char yaml[TEST_YAML_BYTES];
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
void test_host_open(struct test_host *t);  /* create; ends the test */
void test_host_close(struct test_host *t); /* destroy */
void test_host_drop(struct test_host *t);  /* with its folder */

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

#endif

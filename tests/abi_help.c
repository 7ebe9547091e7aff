/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/abi_help.h"

#include "tests/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void take_line(void *host_data, int32_t level, const char *line,
                      size_t n)
{
    struct test_host *t = host_data;

    if (level >= ANAMNESIS_LOG_WARN)
        (void)snprintf(t->line, sizeof(t->line), "%.*s", (int)n, line);
    atomic_fetch_add(&t->n_lines, 1);
}

static int32_t is_cancelled(void *host_data, const char *message_id)
{
    struct test_host *t = host_data;
    int n = atomic_fetch_add(&t->n_asked, 1) + 1;

    (void)message_id;
    if (t->dies_when_asked)
        (void)raise(SIGKILL);
    if (t->pause_s && n == 1)
        (void)sleep(t->pause_s);
    return t->cancel_from && n >= t->cancel_from;
}

static const struct anamnesis_host_cancel cancel = {
    .struct_size = sizeof(cancel), .is_cancelled = is_cancelled};

static const void *get_extension(void *host_data, const char *id)
{
    (void)host_data;
    return strcmp(id, ANAMNESIS_HOST_CANCEL) == 0 ? &cancel : NULL;
}

static const char *root(void)
{
    const char *top = getenv("top_srcdir");

    return top ? top : ".";
}

void test_host_write(struct test_host *t, const char *stage, const char *line)
{
    char path[TEST_PATH_BYTES];
    FILE *f;

    test_folder_file(&t->folder, "authorities.tsv", path);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    (void)fputs("LAKESIDE\turn:oid:2.999.1.7\n", f);
    (void)fclose(f);
    (void)snprintf(t->yaml, sizeof(t->yaml),
                   "environment: demo\n"
                   "stage: %s\n"
                   "clock: messages\n"
                   "workers: 2\n"
                   "tables: {authorities: \"%s\"}\n"
                   "outcomes: \"%s/config/outcomes\"\n"
                   "model: {path: \"%s/config/model/default\", keys: "
                   "\"%s/config/model/keys\"}\n"
                   "store: {path: \"%s/store.db\"}\n"
                   "%s\n",
                   stage, path, root(), root(), root(), t->folder.path, line);
}

void test_host_make(struct test_host *t, const char *stage)
{
    struct anamnesis_error error = {.struct_size = sizeof(error)};

    memset(t, 0, sizeof(*t));
    t->p = anamnesis_plugin_entry(ANAMNESIS_ABI_MAJOR, &error);
    ck_assert_ptr_nonnull(t->p);
    t->host = (struct anamnesis_host){.struct_size = sizeof(t->host),
                                      .host_data = t,
                                      .name = "test",
                                      .log = take_line,
                                      .get_extension = get_extension};
    test_folder_make(&t->folder);
    test_host_write(t, stage, "");
}

void test_host_serve(struct test_host *t)
{
    test_transport_start(t);
}

void test_host_open(struct test_host *t)
{
    struct anamnesis_error error = {.struct_size = sizeof(error)};

    test_host_serve(t);
    if (t->p->create(&t->host, t->config, strlen(t->config), &t->engine,
                     &error))
        ck_abort_msg("create: %d, %s", error.code, error.text);
}

void test_host_close(struct test_host *t)
{
    t->p->destroy(t->engine);
    t->engine = NULL;
    test_transport_stop(t);
}

void test_host_drop(struct test_host *t)
{
    test_host_close(t);
    test_folder_drop(&t->folder);
}

void test_adt(char text[TEST_ADT_BYTES], const char *event, int n, int patient)
{
    (void)snprintf(
        text, TEST_ADT_BYTES,
        "MSH|^~\\&|ADT|LAKESIDE|ANAMNESIS|LAKESIDE|20260315113000-0500||"
        "ADT^%s|N%d|P|2.5.1\r"
        "EVN|%s|20260315113000-0500\r"
        "PID|1||%d^^^LAKESIDE^MR||Invented^Person||19530417|F\r"
        "PV1|1|I|4WEST||||||||||||||||V%d^^^LAKESIDE^VN|||||||||||||||||01|||"
        "|||||20260310102500-0500|20260315112000-0500\r",
        event, n, event, patient, patient);
}

static void describe(struct test_came *came, const char *text)
{
    came->is_transaction = strstr(text, "\"type\":\"transaction\"") != NULL;
    came->has_risk = strstr(text, "\"RiskAssessment\"") != NULL;
    came->has_provenance = strstr(text, "\"Provenance\"") != NULL;
    came->is_marked = strstr(text, "HTEST") != NULL;
}

static void send(struct test_host *t, struct anamnesis_message *in,
                 struct test_came *came)
{
    struct anamnesis_result one = {.struct_size = sizeof(one)};
    struct anamnesis_results *results;

    memset(came, 0, sizeof(*came));
    came->error.struct_size = sizeof(came->error);
    in->struct_size = sizeof(*in);
    in->message_id = "a test";
    came->status = t->p->process(t->engine, in, &results, &came->error);
    for (uint32_t i = 0; i < t->p->result_count(results); i++) {
        ck_assert_int_eq(t->p->result_at(results, i, &one), ANAMNESIS_OK);
        ck_assert_uint_le(one.kind, ANAMNESIS_STATUS);
        came->n[one.kind]++;
        ck_assert_uint_eq(one.data[one.n], 0);
        if (i == 0)
            (void)snprintf(came->first, sizeof(came->first), "%s",
                           (const char *)one.data);
        describe(came, (const char *)one.data);
    }
    t->p->results_free(results);
}

void test_send(struct test_host *t, const char *text, uint32_t flags,
               uint32_t deadline_ms, struct test_came *came)
{
    struct anamnesis_message in = {.flags = flags,
                                   .data = (const uint8_t *)text,
                                   .n = strlen(text),
                                   .content_type = ANAMNESIS_TYPE_HL7,
                                   .deadline_ms = deadline_ms};

    send(t, &in, came);
}

void test_send_file(struct test_host *t, const char *name, uint32_t flags,
                    uint32_t deadline_ms, struct test_came *came)
{
    enum { BYTES = 1 << 20 };

    char path[TEST_PATH_BYTES], *bytes = malloc(BYTES);
    struct anamnesis_message in = {.flags = flags, .deadline_ms = deadline_ms};
    FILE *f;

    (void)snprintf(path, sizeof(path), "%.300s/examples/story/%.100s", root(),
                   name);
    f = fopen(path, "rb");
    ck_assert_ptr_nonnull(bytes);
    ck_assert_ptr_nonnull(f);
    in.n = fread(bytes, 1, BYTES, f);
    (void)fclose(f);
    in.data = (const uint8_t *)bytes;
    in.content_type =
        bytes[0] == '{' ? ANAMNESIS_TYPE_FHIR : ANAMNESIS_TYPE_HL7;
    send(t, &in, came);
    free(bytes);
}

void test_status_json(struct test_host *t, char json[4096])
{
    struct anamnesis_result one = {.struct_size = sizeof(one)};
    struct anamnesis_results *results;

    ck_assert_int_eq(t->p->status(t->engine, &results, NULL), ANAMNESIS_OK);
    ck_assert_int_eq(t->p->result_at(results, 0, &one), ANAMNESIS_OK);
    ck_assert_uint_eq(one.kind, ANAMNESIS_STATUS);
    (void)snprintf(json, 4096, "%s", (const char *)one.data);
    t->p->results_free(results);
}

Suite *test_both_suite(const char *name, const TTest *const *both,
                       size_t n_both, const TTest *const *here, size_t n_here,
                       void (*set_up)(void), void (*tear_down)(void))
{
    enum { MOST = 64 };

    const TTest *all[MOST];
    size_t n = n_both;

    if (n_both + n_here > MOST)
        abort();
    memcpy(all, both, n_both * sizeof(all[0]));
    if (!test_is_helper) {
        memcpy(all + n, here, n_here * sizeof(all[0]));
        n += n_here;
    }
    return test_suite_around(name, all, n, set_up, tear_down);
}

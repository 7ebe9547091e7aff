/* SPDX-License-Identifier: Apache-2.0 */
/* The table: sizes, arguments, engines that are shared, reload. */
#include "tests/abi_help.h"
#include "tests/suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

Suite *abi_engine_suite(void);

static struct test_host t;

static void set_up(void)
{
    test_host_make(&t, "off");
}

static void tear_down(void)
{
    test_host_drop(&t);
}

static struct anamnesis_error fresh(void)
{
    return (struct anamnesis_error){.struct_size =
                                        sizeof(struct anamnesis_error)};
}

START_TEST(the_entry_refuses_another_major_version)
{
    struct anamnesis_error e = fresh();

    ck_assert_ptr_null(anamnesis_plugin_entry(ANAMNESIS_ABI_MAJOR + 1, &e));
    ck_assert_int_eq(e.code, ANAMNESIS_E_VERSION);
    ck_assert_ptr_null(anamnesis_plugin_entry(0, NULL));
    ck_assert_uint_eq(t.p->struct_size, sizeof(*t.p));
    ck_assert_uint_eq(t.p->abi_major, ANAMNESIS_ABI_MAJOR);
    ck_assert_ptr_nonnull(t.p->get_extension(ANAMNESIS_CHART));
    ck_assert_ptr_null(t.p->get_extension("anamnesis.nothing/1"));
    ck_assert_ptr_null(t.p->get_extension(NULL));
}
END_TEST

START_TEST(what_is_missing_is_an_argument_error)
{
    struct anamnesis_error e = fresh();
    struct anamnesis_results *r;
    struct anamnesis_message in = {.struct_size = 8};

    ck_assert_int_eq(t.p->create(NULL, "", 0, &t.engine, &e),
                     ANAMNESIS_E_ARGUMENT);
    ck_assert_int_eq(t.p->create(&t.host, NULL, 1, &t.engine, &e),
                     ANAMNESIS_E_ARGUMENT);
    ck_assert_int_eq(t.p->create(&t.host, "", 0, NULL, &e),
                     ANAMNESIS_E_ARGUMENT);
    ck_assert_int_eq(t.p->process(NULL, &in, &r, &e), ANAMNESIS_E_ARGUMENT);
    ck_assert_int_eq(t.p->status(NULL, &r, &e), ANAMNESIS_E_ARGUMENT);
    ck_assert_int_eq(t.p->reload(NULL, "", 0, &e), ANAMNESIS_E_ARGUMENT);
    ck_assert_int_eq(t.p->drain(NULL, 0), ANAMNESIS_E_ARGUMENT);
    t.p->destroy(NULL);
    t.p->results_free(NULL);
    ck_assert_uint_eq(t.p->result_count(NULL), 0);
    test_host_open(&t);
    ck_assert_int_eq(t.p->process(t.engine, &in, &r, &e), ANAMNESIS_E_ARGUMENT);
    ck_assert_ptr_null(r);
    in = (struct anamnesis_message){.struct_size = sizeof(in),
                                    .data = (const uint8_t *)"MSH",
                                    .n = 3,
                                    .content_type = "text/plain"};
    ck_assert_int_eq(t.p->process(t.engine, &in, &r, &e), ANAMNESIS_E_ARGUMENT);
    in.content_type = ANAMNESIS_TYPE_HL7;
    in.flags = 1u << 20;
    ck_assert_int_eq(t.p->process(t.engine, &in, &r, &e), ANAMNESIS_E_ARGUMENT);
    ck_assert_int_eq(t.p->process(t.engine, &in, NULL, &e),
                     ANAMNESIS_E_ARGUMENT);
}
END_TEST

/* A host that was compiled before a field came, or after us. */
START_TEST(older_and_newer_hosts_are_served)
{
    struct {
        struct anamnesis_message known;
        uint64_t later[4];
    } newer = {.later = {~UINT64_C(0)}};
    struct {
        struct anamnesis_result known;
        uint64_t later;
    } view = {.later = 5};
    struct anamnesis_host old = {
        .struct_size = offsetof(struct anamnesis_host, name),
        .name = (const char *)1, /* beyond: never looked at */
        .log = NULL};
    char text[TEST_ADT_BYTES];
    struct anamnesis_results *r;

    t.host = old;
    test_host_open(&t);
    test_adt(text, "A01", 1, 7);
    newer.known =
        (struct anamnesis_message){.struct_size = sizeof(newer),
                                   .data = (const uint8_t *)text,
                                   .n = strlen(text),
                                   .content_type = "X-Application/HL7-v2+er7; "
                                                   "charset=utf-8"};
    ck_assert_int_eq(t.p->process(t.engine, &newer.known, &r, NULL),
                     ANAMNESIS_OK);
    view.known.struct_size = sizeof(view);
    ck_assert_int_eq(t.p->result_at(r, 0, &view.known), ANAMNESIS_OK);
    ck_assert_uint_eq(view.later, 0); /* what we do not know is not left */
    ck_assert_uint_eq(view.known.struct_size, sizeof(view));
    view.known.struct_size = offsetof(struct anamnesis_result, data);
    ck_assert_int_eq(t.p->result_at(r, 0, &view.known), ANAMNESIS_E_ARGUMENT);
    view.known.struct_size = sizeof(view.known);
    ck_assert_int_eq(t.p->result_at(r, 1, &view.known), ANAMNESIS_E_ARGUMENT);
    ck_assert_int_eq(t.p->result_at(r, 0, NULL), ANAMNESIS_E_ARGUMENT);
    t.p->results_free(r);
    newer.known.struct_size =
        offsetof(struct anamnesis_message, message_id); /* an older one */
    newer.known.message_id = (const char *)1;
    ck_assert_int_eq(t.p->process(t.engine, &newer.known, &r, NULL),
                     ANAMNESIS_OK);
    t.p->results_free(r);
}
END_TEST

START_TEST(an_error_fits_what_the_caller_has)
{
    struct anamnesis_error e = fresh();

    e.struct_size = offsetof(struct anamnesis_error, text) + 5;
    memset(e.text, 'x', sizeof(e.text));
    ck_assert_ptr_null(anamnesis_plugin_entry(99, &e));
    ck_assert_str_eq(e.text, "the ");
    ck_assert_int_eq(e.text[5], 'x');
    e.struct_size = 4;
    e.code = 17;
    ck_assert_ptr_null(anamnesis_plugin_entry(99, &e));
    ck_assert_int_eq(e.code, 17);
}
END_TEST

START_TEST(a_wrong_configuration_is_told_with_its_place)
{
    static const char wrong[] = "environment: demo\nstage: sideways\n";
    struct anamnesis_error e = fresh();

    ck_assert_int_eq(t.p->create(&t.host, wrong, strlen(wrong), &t.engine, &e),
                     ANAMNESIS_E_CONFIG);
    ck_assert_ptr_null(t.engine);
    ck_assert_ptr_nonnull(strstr(e.text, "configuration:2:8"));
}
END_TEST

START_TEST(the_same_configuration_is_one_engine)
{
    struct anamnesis_engine *second;
    char text[TEST_ADT_BYTES], json[4096];
    struct anamnesis_error e = fresh();
    struct test_came came;

    test_host_open(&t);
    ck_assert_int_eq(
        t.p->create(&t.host, t.config, strlen(t.config), &second, &e), 0);
    test_adt(text, "A01", 1, 7);
    test_send(&t, text, 0, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
    t.p->destroy(t.engine);
    t.engine = second;
    test_status_json(&t, json);
    ck_assert_ptr_nonnull(strstr(json, "\"accepted\":1"));
    test_send(&t, text, 0, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
    test_status_json(&t, json);
    ck_assert_ptr_nonnull(strstr(json, "\"duplicate\":1"));
}
END_TEST

START_TEST(a_store_has_one_configuration_at_a_time)
{
    struct anamnesis_engine *second;
    struct anamnesis_error e = fresh();

    test_host_open(&t);
    test_host_write(&t, "off", "zone: Europe/Berlin");
    ck_assert_int_eq(t.p->create(&t.host, t.yaml, strlen(t.yaml), &second, &e),
                     ANAMNESIS_E_CONFLICT);
    test_host_close(&t);
    test_host_open(&t); /* now it is free */
}
END_TEST

START_TEST(a_bad_reload_keeps_the_old_configuration)
{
    char text[TEST_ADT_BYTES], json[4096], path[TEST_PATH_BYTES];
    struct anamnesis_error e = fresh();
    struct test_came came;

    test_host_open(&t);
    ck_assert_int_eq(t.p->reload(t.engine, "stage: no", 9, &e),
                     ANAMNESIS_E_CONFIG);
    ck_assert_str_ne(e.text, "");
    /* One whose second half fails: the outbox has no token. */
    test_folder_file(&t.folder, "no-such-token", path);
    (void)snprintf(text, sizeof(text),
                   "outbox: {url: \"http://127.0.0.1:9/fhir\", test_target: "
                   "true, token_file: \"%.300s\"}",
                   path);
    test_host_write(&t, "off", text);
    ck_assert_int_ne(t.p->reload(t.engine, t.yaml, strlen(t.yaml), &e),
                     ANAMNESIS_OK);
    test_adt(text, "A01", 1, 7);
    test_send(&t, text, 0, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
    test_status_json(&t, json);
    ck_assert_ptr_nonnull(strstr(json, "\"stage\":\"off\""));
}
END_TEST

START_TEST(a_reload_is_for_all_who_share)
{
    struct anamnesis_engine *second;
    struct anamnesis_error e = fresh();
    char json[4096];

    test_host_open(&t);
    ck_assert_int_eq(t.p->create(&t.host, t.yaml, strlen(t.yaml), &second, &e),
                     0);
    test_host_write(&t, "shadow", "");
    if (t.p->reload(second, t.yaml, strlen(t.yaml), &e) != 0)
        ck_abort_msg("reload: %s", e.text);
    test_status_json(&t, json);
    ck_assert_ptr_nonnull(strstr(json, "\"stage\":\"shadow\""));
    ck_assert_ptr_nonnull(strstr(json, "\"thinks\":true"));
    ck_assert_ptr_nonnull(strstr(json, "\"demonstrator\":true"));
    t.p->destroy(t.engine);
    /* And who comes later finds it by its new configuration. */
    ck_assert_int_eq(
        t.p->create(&t.host, t.yaml, strlen(t.yaml), &t.engine, &e), 0);
    t.p->destroy(second);
}
END_TEST

static atomic_bool over;

static void *keep_sending(void *arg)
{
    char text[TEST_ADT_BYTES];
    struct test_came came;

    (void)arg;
    for (int n = 0; !atomic_load(&over); n++) {
        test_adt(text, "A01", n, n % 5);
        test_send(&t, text, 0, 0, &came);
        ck_assert_int_eq(came.status, ANAMNESIS_OK);
    }
    return NULL;
}

START_TEST(messages_go_on_while_it_reloads)
{
    enum { N = 4, RELOADS = 6 };

    struct anamnesis_error e = fresh();
    pthread_t thread[N];

    atomic_store(&over, false);
    test_host_open(&t);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, keep_sending, NULL),
                         0);
    for (int i = 0; i < RELOADS; i++) {
        if (!test_is_helper)
            test_host_write(&t, "off",
                            i % 2 ? "zone: UTC" : "zone: Europe/Berlin");
        if (t.p->reload(t.engine, t.config, strlen(t.config), &e) != 0)
            ck_abort_msg("reload: %s", e.text);
    }
    atomic_store(&over, true);
    for (int i = 0; i < N; i++)
        (void)pthread_join(thread[i], NULL);
    ck_assert_int_eq(t.p->drain(t.engine, 1000), ANAMNESIS_OK);
}
END_TEST

/* One key more, before those that were there; moved in place. */
static void put_key(const char *path, int n)
{
    char part[TEST_PATH_BYTES + 8];
    FILE *f;

    (void)snprintf(part, sizeof(part), "%s.new", path);
    f = fopen(part, "w");
    ck_assert_ptr_nonnull(f);
    for (; n >= 0; n--)
        (void)fprintf(f, "%064x\n", (unsigned)n + 1);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(chmod(part, 0600), 0);
    ck_assert_int_eq(rename(part, path), 0);
}

/* Calls under way end on a core that was opened with the older keys. */
START_TEST(messages_go_on_while_the_key_of_the_store_changes)
{
    enum { N = 4, RELOADS = 6 };

    struct anamnesis_error e = fresh();
    char path[TEST_PATH_BYTES], line[TEST_PATH_BYTES + 32], *at;
    pthread_t thread[N];

    test_folder_file(&t.folder, "keys", path);
    put_key(path, 0);
    (void)snprintf(line, sizeof(line), ", key_file: \"%s\"}\n", path);
    at = strstr(t.yaml, "store.db\"}");
    ck_assert_ptr_nonnull(at);
    ck_assert_uint_lt(strlen(t.yaml) + strlen(line), sizeof(t.yaml));
    (void)snprintf(at + strlen("store.db\""),
                   sizeof(t.yaml) - (size_t)(at - t.yaml) -
                       strlen("store.db\""),
                   "%s", line);
    atomic_store(&over, false);
    test_host_open(&t);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, keep_sending, NULL),
                         0);
    for (int i = 1; i <= RELOADS; i++) {
        put_key(path, i);
        if (t.p->reload(t.engine, t.yaml, strlen(t.yaml), &e) != 0)
            ck_abort_msg("reload: %s", e.text);
    }
    atomic_store(&over, true);
    for (int i = 0; i < N; i++)
        (void)pthread_join(thread[i], NULL);
    ck_assert_int_eq(t.p->drain(t.engine, 1000), ANAMNESIS_OK);
}
END_TEST

Suite *abi_engine_suite(void)
{
    const TTest *const both[] = {
        the_entry_refuses_another_major_version,
        what_is_missing_is_an_argument_error,
        older_and_newer_hosts_are_served,
        an_error_fits_what_the_caller_has,
        the_same_configuration_is_one_engine,
        messages_go_on_while_it_reloads,
    };
    /* Of the engine's configuration, which a client does not have. */
    const TTest *const here[] = {
        a_wrong_configuration_is_told_with_its_place,
        a_store_has_one_configuration_at_a_time,
        a_bad_reload_keeps_the_old_configuration,
        a_reload_is_for_all_who_share,
        messages_go_on_while_the_key_of_the_store_changes,
    };

    return test_both_suite("abi/engine", both, sizeof(both) / sizeof(both[0]),
                           here, sizeof(here) / sizeof(here[0]), set_up,
                           tear_down);
}

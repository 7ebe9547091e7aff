/* SPDX-License-Identifier: Apache-2.0 */
/* Engines as numbers: what is stale or made up is found out. */
#include "plugin/abi/handles_int.h"
#include "tests/abi_help.h"
#include "tests/suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

Suite *abi_handles_suite(void);

/* The table never looks into an engine. */
static struct anamnesis_engine *engine_number(size_t i)
{
    static char some[ABI_HANDLES + 1];
    void *p = &some[i];

    return p;
}

START_TEST(a_number_leads_to_its_engine_until_it_is_dropped)
{
    int64_t a = abi_handle_new(engine_number(0));
    int64_t b = abi_handle_new(engine_number(1));

    ck_assert_int_gt(a, 0);
    ck_assert_int_ne(a, b);
    ck_assert_ptr_eq(abi_handle_take(a), engine_number(0));
    abi_handle_give(a);
    ck_assert_ptr_eq(abi_handle_drop(a), engine_number(0));
    ck_assert_ptr_null(abi_handle_take(a));
    ck_assert_ptr_null(abi_handle_drop(a));
    ck_assert_ptr_eq(abi_handle_drop(b), engine_number(1));
}
END_TEST

START_TEST(a_place_that_is_used_again_has_another_number)
{
    int64_t old = abi_handle_new(engine_number(0)), new;

    (void)abi_handle_drop(old);
    new = abi_handle_new(engine_number(1));
    ck_assert_int_ne(old, new);
    ck_assert_ptr_null(abi_handle_take(old));
    ck_assert_ptr_eq(abi_handle_drop(new), engine_number(1));
}
END_TEST

START_TEST(made_up_numbers_are_nothing)
{
    static const int64_t made_up[] = {
        0,         -1,    1,         2,         65535,
        65536,     65537, INT64_MAX, INT64_MIN, (INT64_C(1) << 16) | 1025,
        0x7FFF0001};

    for (size_t i = 0; i < sizeof(made_up) / sizeof(made_up[0]); i++) {
        ck_assert_ptr_null(abi_handle_take(made_up[i]));
        ck_assert_ptr_null(abi_handle_drop(made_up[i]));
    }
}
END_TEST

START_TEST(so_many_and_no_more)
{
    int64_t handle[ABI_HANDLES];

    for (size_t i = 0; i < ABI_HANDLES; i++) {
        handle[i] = abi_handle_new(engine_number(i));
        ck_assert_int_gt(handle[i], 0);
    }
    ck_assert_int_eq(abi_handle_new(engine_number(ABI_HANDLES)), 0);
    for (size_t i = 0; i < ABI_HANDLES; i++)
        ck_assert_ptr_eq(abi_handle_drop(handle[i]), engine_number(i));
}
END_TEST

static atomic_int dropped;

static void *drop(void *handle)
{
    ck_assert_ptr_eq(abi_handle_drop(*(int64_t *)handle), engine_number(0));
    atomic_store(&dropped, 1);
    return NULL;
}

START_TEST(a_drop_waits_for_who_has_it)
{
    int64_t handle = abi_handle_new(engine_number(0));
    pthread_t thread;

    ck_assert_ptr_nonnull(abi_handle_take(handle));
    ck_assert_int_eq(pthread_create(&thread, NULL, drop, &handle), 0);
    /* Once the drop has begun nobody gets it any more. */
    while (abi_handle_take(handle))
        abi_handle_give(handle);
    ck_assert_int_eq(atomic_load(&dropped), 0);
    abi_handle_give(handle);
    (void)pthread_join(thread, NULL);
    ck_assert_int_eq(atomic_load(&dropped), 1);
}
END_TEST

/* ---- the flat face ------------------------------------------------------ */

START_TEST(the_flat_face_says_what_the_table_says)
{
    struct test_host t;
    char text[TEST_ADT_BYTES], err[64] = "?";
    int64_t engine;
    uint8_t *out;
    int32_t n;

    test_host_make(&t, "off");
    test_host_serve(&t);
    engine = anamnesis_flat_create(t.config, (int32_t)strlen(t.config), err,
                                   sizeof(err));
    ck_assert_msg(engine > 0, "%s", err);
    ck_assert_str_eq(err, "");
    test_adt(text, "A01", 1, 7);
    ck_assert_int_eq(anamnesis_flat_process(
                         engine, (const uint8_t *)text, (int32_t)strlen(text),
                         ANAMNESIS_TYPE_HL7, "m1", 0, 0, &out, &n, NULL, 0),
                     ANAMNESIS_OK);
    ck_assert_int_eq(n, (int32_t)strlen((char *)out));
    ck_assert_ptr_nonnull(strstr((char *)out, "{\"code\":0,\"results\":[{"
                                              "\"kind\":1,\"contentType\":"));
    ck_assert_ptr_nonnull(strstr((char *)out, "MSA|AA|N1"));
    anamnesis_flat_free(out);
    ck_assert_int_eq(anamnesis_flat_status(engine, &out, &n, NULL, 0), 0);
    ck_assert_ptr_nonnull(strstr((char *)out, "\\\"accepted\\\":1"));
    anamnesis_flat_free(out);
    anamnesis_flat_free(NULL);
    ck_assert_int_eq(anamnesis_flat_drain(engine, 1000), ANAMNESIS_OK);
    ck_assert_int_eq(
        anamnesis_flat_reload(engine, "stage: bad", 10, err, sizeof(err)),
        ANAMNESIS_E_CONFIG);
    ck_assert_str_ne(err, "");
    ck_assert_int_eq(anamnesis_flat_destroy(engine), ANAMNESIS_OK);
    ck_assert_int_eq(anamnesis_flat_destroy(engine), ANAMNESIS_E_ARGUMENT);
    test_host_drop(&t);
}
END_TEST

START_TEST(an_answer_in_another_character_set_is_base64)
{
    struct test_host t;
    char text[TEST_ADT_BYTES], err[64];
    int64_t engine;
    uint8_t *out;
    int32_t n;

    test_host_make(&t, "off");
    test_host_serve(&t);
    engine = anamnesis_flat_create(t.config, (int32_t)strlen(t.config), err,
                                   sizeof(err));
    test_adt(text, "A01", 1, 7);
    memcpy(strstr(text, "ADT|LAKE"),
           "\xC4"
           "DT|LAKE",
           8); /* a name in 8859 */
    ck_assert_int_eq(anamnesis_flat_process(engine, (const uint8_t *)text,
                                            (int32_t)strlen(text),
                                            ANAMNESIS_TYPE_HL7, NULL, 0, 0,
                                            &out, &n, err, sizeof(err)),
                     ANAMNESIS_OK);
    ck_assert_ptr_nonnull(out);
    ck_assert_int_gt(n, 0);
    ck_assert_ptr_null(strstr((char *)out, "\xC4"));
    anamnesis_flat_free(out);
    (void)anamnesis_flat_destroy(engine);
    test_host_drop(&t);
}
END_TEST

START_TEST(no_number_crashes_the_flat_face)
{
    static const int64_t made_up[] = {0, -3, 1, 77, 65537, INT64_MAX};
    char err[8];
    uint8_t *out;
    int32_t n;

    for (size_t i = 0; i < sizeof(made_up) / sizeof(made_up[0]); i++) {
        int64_t h = made_up[i];

        ck_assert_int_eq(anamnesis_flat_process(h, NULL, 0, "", NULL, 0, 0,
                                                &out, &n, err, sizeof(err)),
                         ANAMNESIS_E_ARGUMENT);
        ck_assert_uint_eq(strlen(err), sizeof(err) - 1); /* cut to fit */
        ck_assert_int_eq(anamnesis_flat_reload(h, "", 0, NULL, 0),
                         ANAMNESIS_E_ARGUMENT);
        ck_assert_int_eq(anamnesis_flat_status(h, &out, &n, err, 0),
                         ANAMNESIS_E_ARGUMENT);
        ck_assert_int_eq(anamnesis_flat_drain(h, 0), ANAMNESIS_E_ARGUMENT);
        ck_assert_int_eq(anamnesis_flat_destroy(h), ANAMNESIS_E_ARGUMENT);
    }
    ck_assert_int_eq(anamnesis_flat_create(NULL, 3, err, sizeof(err)),
                     ANAMNESIS_E_ARGUMENT);
    ck_assert_int_eq(anamnesis_flat_create("", -1, err, sizeof(err)),
                     ANAMNESIS_E_ARGUMENT);
    ck_assert_int_eq(
        anamnesis_flat_process(1, NULL, 0, "", NULL, 0, 0, NULL, NULL, NULL, 0),
        ANAMNESIS_E_ARGUMENT);
}
END_TEST

Suite *abi_handles_suite(void)
{
    const TTest *const tests[] = {
        a_number_leads_to_its_engine_until_it_is_dropped,
        a_place_that_is_used_again_has_another_number,
        made_up_numbers_are_nothing,
        so_many_and_no_more,
        a_drop_waits_for_who_has_it,
        the_flat_face_says_what_the_table_says,
        an_answer_in_another_character_set_is_base64,
        no_number_crashes_the_flat_face,
    };

    return TEST_SUITE("abi/handles", tests);
}

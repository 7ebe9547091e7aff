/* SPDX-License-Identifier: Apache-2.0 */
/* Two tenants in one process, each with a store of its own: nothing of one is
 * ever seen at the other. */
#include "tests/abi_help.h"
#include "tests/suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_IDS = 512, ID_BYTES = 40, N_EACH = 12 };

Suite *abi_tenant_suite(void);

static struct test_host north, south;

static void set_up(void)
{
    test_host_make(&north, "live");
    test_host_make(&south, "live");
    test_host_write(&north, "live", "tenant: north");
    test_host_write(&south, "live", "tenant: south");
    test_host_open(&north);
    test_host_open(&south);
}

static void tear_down(void)
{
    test_host_drop(&north);
    test_host_drop(&south);
}

/* The same patient's number, admitted and discharged, at one of them. */
static void tell(struct test_host *at)
{
    char text[TEST_ADT_BYTES];
    struct test_came came;

    test_send_file(at, "history.json", ANAMNESIS_MSG_HISTORICAL, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
    test_adt(text, "A03", 1, 100042);
    test_send(at, text, 0, 0, &came);
    ck_assert_int_eq(came.status, ANAMNESIS_OK);
    ck_assert_uint_eq(came.n[ANAMNESIS_FHIR_BUNDLE], 1);
}

/* What opening a chart gives, "" where there is nothing to say; NULL: nobody is
 * known by that number.  The caller's. */
static char *chart_of(struct test_host *at, const char *patient)
{
    const struct anamnesis_chart *chart = at->p->get_extension(ANAMNESIS_CHART);
    struct anamnesis_result one = {.struct_size = sizeof(one)};
    struct anamnesis_results *r;
    char *text = NULL;

    if (chart->ask(at->engine, "", patient, "Practitioner/7", 0, &r, NULL) ==
        ANAMNESIS_OK) {
        text = strdup(at->p->result_at(r, 0, &one) == ANAMNESIS_OK
                          ? (const char *)one.data
                          : "");
        ck_assert_ptr_nonnull(text);
    }
    at->p->results_free(r);
    return text;
}

struct ids {
    char id[MOST_IDS][ID_BYTES];
    size_t n;
};

/* Every id of a resource in a Bundle. */
static void ids_of(const char *json, struct ids *out)
{
    static const char key[] = "\"id\":\"";

    out->n = 0;
    while ((json = strstr(json, key)) && out->n < MOST_IDS) {
        json += strlen(key);
        (void)snprintf(out->id[out->n++], ID_BYTES, "%.*s",
                       (int)strcspn(json, "\""), json);
    }
}

START_TEST(who_is_known_at_one_is_nobody_at_the_other)
{
    char *here, *there;

    tell(&north);
    here = chart_of(&north, "100042");
    there = chart_of(&south, "100042");
    ck_assert_ptr_nonnull(here);
    ck_assert_ptr_null(there);
    free(here);
}
END_TEST

START_TEST(the_same_patient_has_other_ids_at_each)
{
    static struct ids a, b;
    char *here, *there;

    tell(&north);
    tell(&south);
    here = chart_of(&north, "100042");
    there = chart_of(&south, "100042");
    ck_assert_ptr_nonnull(here);
    ck_assert_ptr_nonnull(there);
    ids_of(here, &a);
    ids_of(there, &b);
    ck_assert_uint_gt(a.n, 3);
    ck_assert_uint_eq(a.n, b.n);
    for (size_t i = 0; i < a.n; i++)
        for (size_t k = 0; k < b.n; k++)
            ck_assert_str_ne(a.id[i], b.id[k]);
    ck_assert_ptr_nonnull(strstr(here, "north"));
    ck_assert_ptr_null(strstr(here, "south"));
    ck_assert_ptr_null(strstr(there, "north"));
    free(here);
    free(there);
}
END_TEST

START_TEST(the_store_of_one_is_refused_to_the_other)
{
    struct anamnesis_error e = {.struct_size = sizeof(e)};
    struct anamnesis_engine *second = NULL;
    struct test_folder own = south.folder;

    test_host_close(&north);
    test_host_close(&south);
    south.folder = north.folder;
    test_host_write(&south, "live", "tenant: south");
    ck_assert_int_ne(south.p->create(&south.host, south.yaml,
                                     strlen(south.yaml), &second, &e),
                     ANAMNESIS_OK);
    ck_assert_ptr_nonnull(strstr(e.text, "another tenant"));
    ck_assert_ptr_null(second);
    south.folder = own;
    test_host_open(&north); /* nothing was changed */
}
END_TEST

static void *fill(void *arg)
{
    struct test_host *at = arg;
    int first = at == &north ? 1000 : 2000;
    char text[TEST_ADT_BYTES];
    struct test_came came;

    for (int i = 0; i < N_EACH; i++) {
        test_adt(text, "A01", first + i, first + i);
        test_send(at, text, 0, 0, &came);
        ck_assert_int_eq(came.status, ANAMNESIS_OK);
    }
    return NULL;
}

START_TEST(at_the_same_time_too_nothing_crosses)
{
    pthread_t thread[2];
    char number[16], *here, *there;

    ck_assert_int_eq(pthread_create(&thread[0], NULL, fill, &north), 0);
    ck_assert_int_eq(pthread_create(&thread[1], NULL, fill, &south), 0);
    for (int i = 0; i < 2; i++)
        (void)pthread_join(thread[i], NULL);
    for (int i = 0; i < 2 * N_EACH; i++) {
        int n = i < N_EACH ? 1000 + i : 2000 + i - N_EACH;

        (void)snprintf(number, sizeof(number), "%d", n);
        here = chart_of(&north, number);
        there = chart_of(&south, number);
        ck_assert_int_eq(here != NULL, n < 2000);
        ck_assert_int_eq(there != NULL, n >= 2000);
        free(here);
        free(there);
    }
}
END_TEST

Suite *abi_tenant_suite(void)
{
    const TTest *const test[] = {who_is_known_at_one_is_nobody_at_the_other,
                                 the_same_patient_has_other_ids_at_each,
                                 the_store_of_one_is_refused_to_the_other,
                                 at_the_same_time_too_nothing_crosses};

    return test_suite_around("abi/tenant", test, sizeof(test) / sizeof(test[0]),
                             set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/fetch/fetch.h"
#include "tests/bulk_server.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *fetch_ask_suite(void);

static struct pl_fetch *open_at(const char *base)
{
    struct pl_fetch_options o = {
        .base = base, .token_file = "", .no_token = "none", .timeout_ms = 2000};
    struct pl_fetch *f = NULL;

    return pl_fetch_open(&o, &f, NULL) == AN_OK ? f : NULL;
}

static const struct {
    const char *base, *url;
    bool origin, under;
} addresses[] = {
    {"https://h.example/fhir", "https://h.example/fhir/Patient/1", true, true},
    {"https://h.example/fhir/", "https://h.example/fhir/Patient/1", true, true},
    {"https://h.example/fhir", "https://H.EXAMPLE:443/fhir", true, true},
    {"https://h.example/fhir", "https://h.example/fhirs/Patient/1", true,
     false},
    {"https://h.example/fhir", "https://h.example/fhir/../x", true, false},
    {"https://h.example/fhir", "http://h.example/fhir/x", false, false},
    {"https://h.example/fhir", "https://h.example:8443/fhir/x", false, false},
    {"https://h.example/fhir", "https://h.example.evil/fhir/x", false, false},
    {"https://h.example/fhir", "https://h.example@evil/fhir/x", false, false},
    {"https://h.example/fhir", "file:///etc/passwd", false, false},
    {"https://h.example/fhir", "Patient/1", false, false},
    {"https://h.example", "https://h.example/Patient/1", true, true},
};

START_TEST(knows_its_own_server)
{
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct pl_fetch *f = open_at(addresses[i].base);

        ck_assert_ptr_nonnull(f);
        ck_assert_msg(pl_fetch_is_origin(f, addresses[i].url) ==
                          addresses[i].origin,
                      "origin, case %zu", i);
        ck_assert_msg(pl_fetch_is_under(f, addresses[i].url) ==
                          addresses[i].under,
                      "under, case %zu", i);
        pl_fetch_close(f);
    }
    ck_assert_ptr_null(open_at("ftp://h.example/fhir"));
    ck_assert_ptr_null(open_at(""));
}
END_TEST

static const struct {
    long status;
    const char *type;
    enum pl_fetch_fate fate;
} fates[] = {
    {200, "", PL_FETCH_GOT},
    {202, "", PL_FETCH_GOT},
    {0, "", PL_FETCH_LATER},
    {301, "", PL_FETCH_REFUSED},
    {400, "", PL_FETCH_REFUSED},
    {404, "", PL_FETCH_REFUSED},
    {408, "", PL_FETCH_LATER},
    {429, "", PL_FETCH_LATER},
    {500, "text/html", PL_FETCH_LATER},
    {500, "application/fhir+json", PL_FETCH_REFUSED},
    {501, "", PL_FETCH_REFUSED},
    {503, "application/fhir+json", PL_FETCH_LATER},
};

START_TEST(each_status_means_one_thing)
{
    for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
        struct pl_fetch_answer a = {.status = fates[i].status,
                                    .type = an_str_c(fates[i].type)};

        ck_assert_msg(pl_fetch_fate(&a) == fates[i].fate, "case %zu", i);
    }
}
END_TEST

START_TEST(a_body_is_bounded_and_an_address_elsewhere_not_asked)
{
    struct bulk_plan plan = {.n_files = 1, .n_lines = 100};
    struct pl_fetch_answer a;
    struct an_arena arena;
    struct pl_fetch *f;
    char base[64], url[96];
    struct pl_fetch_request q = {.url = url, .limit_bytes = 1000};

    (void)snprintf(base, sizeof(base), "http://127.0.0.1:%u/fhir",
                   (unsigned)bulk_start(&plan));
    (void)snprintf(url, sizeof(url), "%s/file/output/0", base);
    f = open_at(base);
    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(pl_fetch_ask(f, &arena, &q, &a, NULL), AN_LIMIT);
    q.limit_bytes = 1 << 16;
    ck_assert_int_eq(pl_fetch_ask(f, &arena, &q, &a, NULL), AN_OK);
    ck_assert_int_eq(a.status, 200);
    ck_assert_an_str_eq(a.type, "application/fhir+ndjson");
    (void)snprintf(url, sizeof(url), "http://localhost:1/fhir/x");
    ck_assert_int_eq(pl_fetch_ask(f, &arena, &q, &a, NULL), AN_TYPE);
    q.anonymous = true;
    ck_assert_int_eq(pl_fetch_ask(f, &arena, &q, &a, NULL), AN_OK);
    ck_assert_int_eq(a.status, 0);
    ck_assert_int_ne(a.error, 0);
    pl_fetch_stop(f);
    ck_assert_int_eq(pl_fetch_ask(f, &arena, &q, &a, NULL), AN_BUSY);
    pl_fetch_close(f);
    an_arena_free(&arena);
    bulk_stop();
}
END_TEST

Suite *fetch_ask_suite(void)
{
    const TTest *const list[] = {
        knows_its_own_server, each_status_means_one_thing,
        a_body_is_bounded_and_an_address_elsewhere_not_asked};

    return TEST_SUITE("fetch: ask", list);
}

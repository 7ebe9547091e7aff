/* SPDX-License-Identifier: Apache-2.0 */
#include "fhir/conceptmap.h"

#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *fhir_conceptmap_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 8 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

#define MAP(groups) "{\"resourceType\":\"ConceptMap\",\"group\":[" groups "]}"
#define GROUP(elements)                                                        \
    "{\"source\":\"urn:id:L\",\"target\":\"http://loinc.org\","                \
    "\"element\":[" elements "]}"
#define TARGET(code, equivalence)                                              \
    "{\"code\":\"" code "\",\"display\":\"D\",\"equivalence\":\"" equivalence  \
    "\"}"
#define ELEMENT(code, targets)                                                 \
    "{\"code\":\"" code "\",\"display\":\"S\",\"target\":[" targets "]}"

START_TEST(takes_what_says_as_much_and_else_what_is_wider)
{
    static const struct {
        const char *targets, *code; /* NULL: no row */
        size_t n_ignored;
    } c[] = {
        {TARGET("1", "equivalent"), "1", 0},
        {TARGET("1", "equal"), "1", 0},
        {TARGET("1", "wider"), "1", 0},
        {TARGET("1", "subsumes"), "1", 0},
        {TARGET("1", "narrower"), NULL, 1},
        {TARGET("1", "specializes"), NULL, 1},
        {TARGET("1", "relatedto"), NULL, 1},
        {TARGET("1", "inexact"), NULL, 1},
        {TARGET("1", "disjoint"), NULL, 1},
        {"{\"equivalence\":\"unmatched\"}", NULL, 1},
        {TARGET("1", "wider") "," TARGET("2", "equal"), "2", 1},
        {TARGET("1", "equal") "," TARGET("2", "wider"), "1", 1},
        {TARGET("1", "narrower") "," TARGET("2", "wider"), "2", 1},
        {TARGET("1", "equal") "," TARGET("1", "equivalent"), "1", 1},
        {"{\"code\":\"1\",\"equivalence\":\"equal\",\"dependsOn\":"
         "[{\"property\":\"p\",\"value\":\"v\"}]}",
         NULL, 1},
        {"", NULL, 1},
    };

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        struct fhir_conceptmap m;
        char text[1024];

        (void)snprintf(text, sizeof(text),
                       "{\"resourceType\":\"ConceptMap\",\"group\":[{"
                       "\"source\":\"urn:id:L\",\"target\":\"http://loinc.org"
                       "\",\"element\":[{\"code\":\"A\",\"target\":[%s]}]}]}",
                       c[i].targets);
        ck_assert_int_eq(
            fhir_conceptmap_read(&arena, an_str_c(text), "m.json", &m, NULL),
            AN_OK);
        ck_assert_uint_eq(m.n_rows, c[i].code != NULL);
        ck_assert_uint_eq(m.n_ignored, c[i].n_ignored);
        if (c[i].code) {
            ck_assert_an_str_eq(m.row[0].from.system, "urn:id:L");
            ck_assert_an_str_eq(m.row[0].from.code, "A");
            ck_assert_an_str_eq(m.row[0].to.system, "http://loinc.org");
            ck_assert_an_str_eq(m.row[0].to.code, c[i].code);
        }
    }
}
END_TEST

START_TEST(reads_several_groups_in_order_of_codes)
{
    static const char text[] =
        MAP(GROUP(ELEMENT("B", TARGET("2", "equal")) "," ELEMENT(
            "A",
            TARGET(
                "1",
                "equal"))) ","
                           "{\"target\":\"http://snomed.info/"
                           "sct\",\"element\":[" ELEMENT(
                               "C",
                               TARGET(
                                   "3",
                                   "wider")) "]}," GROUP(ELEMENT("A",
                                                                 TARGET(
                                                                     "1",
                                                                     "equa"
                                                                     "l"))) ",{"
                                                                            "}");
    struct ctx_site site = {.n_codes = 0};
    struct fhir_conceptmap m;
    struct ctx_map map = {.file = "m.json"};
    const struct ctx_code c = {AN_STR(""), AN_STR("C"), AN_STR("")};

    ck_assert_int_eq(
        fhir_conceptmap_read(&arena, an_str_c(text), "m.json", &m, NULL),
        AN_OK);
    ck_assert_uint_eq(m.n_rows, 3);
    ck_assert_an_str_eq(m.row[0].from.code, "C"); /* of no system */
    ck_assert_an_str_eq(m.row[1].from.code, "A");
    ck_assert_an_str_eq(m.row[2].from.code, "B");
    ck_assert_int_eq(
        ctx_site_add_codes(&arena, &map, m.row, m.n_rows, &site, NULL), AN_OK);
    ck_assert_an_str_eq(ctx_site_code(&site, &c)->system,
                        "http://snomed.info/sct");
}
END_TEST

START_TEST(refuses_a_wrong_map_and_says_where)
{
    static const struct {
        const char *text;
        enum an_code code;
        const char *where;
    } c[] = {
        {"{\n  \"resourceType\": \"ConceptMap\",\n  \"group\": [,]\n}",
         AN_SYNTAX, "m.json:3:14"},
        {"[]", AN_TYPE, "m.json#"},
        {"{\"resourceType\":\"ValueSet\"}", AN_TYPE, "m.json#/resourceType"},
        {"{\"resourceType\":\"ConceptMap\",\"group\":{}}", AN_TYPE,
         "m.json#/group"},
        {MAP("1"), AN_TYPE, "m.json#/group/0"},
        {MAP("{\"source\":1}"), AN_TYPE, "m.json#/group/0/source"},
        {MAP("{},{\"element\":{}}"), AN_TYPE, "m.json#/group/1/element"},
        {MAP("{\"element\":[" ELEMENT("A", TARGET("1", "equal")) "]}"),
         AN_MISSING, "m.json#/group/0/target"},
        {MAP(GROUP("{}")), AN_MISSING, "m.json#/group/0/element/0/code"},
        {MAP(GROUP(ELEMENT("A", TARGET("1", "equal")) ",{\"code\":7}")),
         AN_TYPE, "m.json#/group/0/element/1/code"},
        {MAP(GROUP(ELEMENT("A", TARGET("1", "similar")))), AN_CODE,
         "m.json#/group/0/element/0/target/0/equivalence"},
        {MAP(GROUP(ELEMENT("A", "{\"code\":\"1\"}"))), AN_MISSING,
         "m.json#/group/0/element/0/target/0/equivalence"},
        {MAP(GROUP(ELEMENT("A", "{\"equivalence\":\"equal\"}"))), AN_MISSING,
         "m.json#/group/0/element/0/target/0/code"},
        {MAP(GROUP(ELEMENT("A", "{\"code\":\"1\",\"relationship\":"
                                "\"equivalent\"}"))),
         AN_UNSUPPORTED, "m.json#/group/0/element/0/target/0/relationship"},
        {MAP(GROUP(
             ELEMENT("A", TARGET("1", "wider") "," TARGET("2", "subsumes")))),
         AN_CONFLICT, "m.json#/group/0/element/0/target/1/code"},
        {MAP(GROUP(ELEMENT("A", TARGET("1", "equal")) "," ELEMENT(
             "A", TARGET("2", "equal")))),
         AN_CONFLICT, "m.json#/group"},
        {MAP("{\"modifierExtension\":[]}"), AN_UNSUPPORTED,
         "m.json#/group/0/modifierExtension"},
    };

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        struct fhir_conceptmap m;
        struct an_err err;
        char where[AN_PATH_BYTES + 32];

        ck_assert_int_eq(fhir_conceptmap_read(&arena, an_str_c(c[i].text),
                                              "m.json", &m, &err),
                         c[i].code);
        (void)an_where_print(&err.where, where, sizeof(where));
        ck_assert_str_eq(where, c[i].where);
    }
}
END_TEST

/* Of a long name the end is shown, and the pointer whole. */
START_TEST(a_long_file_name_does_not_hide_the_place)
{
    char file[300], where[AN_PATH_BYTES + 32];
    struct fhir_conceptmap m;
    struct an_err err;

    memset(file, 'x', sizeof(file));
    memcpy(file + sizeof(file) - 8, "/m.json", 8);
    ck_assert_int_eq(fhir_conceptmap_read(&arena, AN_STR("[]"), file, &m, &err),
                     AN_TYPE);
    (void)an_where_print(&err.where, where, sizeof(where));
    ck_assert_uint_eq(strlen(where), AN_PATH_BYTES - 1);
    ck_assert_str_eq(where + strlen(where) - 8, "/m.json#");
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    static const char text[] = MAP(GROUP(ELEMENT("A", TARGET("1", "equal"))));
    enum an_code rc = AN_NOMEM;
    long n = 0;

    for (; rc == AN_NOMEM && n < 100; n++) {
        struct ctx_map map = {.file = "m.json"};
        struct ctx_site site = {.n_codes = 0};
        struct fhir_conceptmap m;

        an_arena_reset(&arena);
        arena.fail_after = n;
        rc = fhir_conceptmap_read(&arena, an_str_c(text), "m.json", &m, NULL);
        if (rc == AN_OK)
            rc = ctx_site_add_codes(&arena, &map, m.row, m.n_rows, &site, NULL);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(rc, AN_OK);
    ck_assert_int_gt(n, 3);
}
END_TEST

Suite *fhir_conceptmap_suite(void)
{
    const TTest *const test[] = {
        takes_what_says_as_much_and_else_what_is_wider,
        reads_several_groups_in_order_of_codes,
        refuses_a_wrong_map_and_says_where,
        a_long_file_name_does_not_hide_the_place,
        survives_each_failed_allocation,
    };

    return test_suite_around("fhir/conceptmap", test,
                             sizeof(test) / sizeof(test[0]), set_up, tear_down);
}

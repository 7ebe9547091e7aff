/* SPDX-License-Identifier: Apache-2.0 */
#include "context/localise.h"
#include "tests/suite.h"

Suite *context_localise_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static struct ctx_event event_of(const char *system, const char *code)
{
    return (struct ctx_event){
        .kind = CTX_OBSERVATION,
        .concept = {an_str_c(system), an_str_c(code), AN_STR("Creatinine")}};
}

START_TEST(maps_a_local_code_and_keeps_what_was_said)
{
    struct ctx_code alias = {AN_STR("urn:id:L"), AN_STR("K"), AN_STR("")};
    struct ctx_event e[3] = {event_of("urn:id:L", "CREA"),
                             event_of("urn:id:X", "Q"),
                             event_of("http://loinc.org", "2160-0")};
    struct ctx_part part = {.event = e, .n_events = 3};
    struct ctx_reading r = {.part = &part, .n_parts = 1};
    struct ctx_site site = {.n_codes = 0};
    struct an_err err;

    e[1].alias = &alias;
    e[1].n_aliases = 1;
    ck_assert_int_eq(
        ctx_site_read_codes(
            &arena,
            AN_STR("# two rows\nurn:id:L\tCREA\thttp://loinc.org\t2160-0\tCr\n"
                   "urn:id:L\tK\thttp://loinc.org\t2823-3\tPotassium\r\n"),
            "t.tsv", &site, &err),
        AN_OK);
    ck_assert_int_eq(ctx_localise(&arena, &site, &r, &err), AN_OK);
    ck_assert_an_str_eq(e[0].concept.code, "2160-0");
    ck_assert_uint_eq(e[0].n_aliases, 1);
    ck_assert_an_str_eq(e[0].alias[0].code, "CREA");
    /* Known by its alias: both are kept. */
    ck_assert_an_str_eq(e[1].concept.code, "2823-3");
    ck_assert_uint_eq(e[1].n_aliases, 2);
    ck_assert_an_str_eq(e[1].alias[1].code, "Q");
    ck_assert_uint_eq(e[2].n_aliases, 0);
}
END_TEST

START_TEST(gives_one_authority_one_name)
{
    struct ctx_part part = {
        .patient = {AN_STR("LAKESIDE"), AN_STR("7"), AN_STR("MR")}};
    struct ctx_claim claim = {
        .current = {AN_STR("LAKESIDE"), AN_STR("7"), AN_STR("MR")},
        .prior = {AN_STR("OTHER"), AN_STR("8"), AN_STR("MR")}};
    struct ctx_reading r = {
        .part = &part, .n_parts = 1, .claim = &claim, .n_claims = 1};
    struct ctx_site site = {.n_codes = 0};
    struct an_err err;

    ck_assert_int_eq(
        ctx_site_read_authorities(&arena, AN_STR("LAKESIDE\turn:oid:2.999.1\n"),
                                  "a.tsv", &site, &err),
        AN_OK);
    ck_assert_int_eq(ctx_localise(&arena, &site, &r, &err), AN_OK);
    ck_assert_an_str_eq(part.patient.authority, "urn:oid:2.999.1");
    ck_assert_an_str_eq(claim.current.authority, "urn:oid:2.999.1");
    ck_assert_an_str_eq(claim.prior.authority, "OTHER");
}
END_TEST

START_TEST(refuses_a_wrong_table_and_says_where)
{
    static const struct {
        const char *text;
        enum an_code code;
        unsigned line;
    } cases[] = {{"a\tb\tc\td\te\n\n# x\na\tb\tc\td\n", AN_SYNTAX, 4},
                 {"a\tb\tc\td\te\tf\n", AN_SYNTAX, 1},
                 {"a\tb\tc\td\te\na\tb\tx\ty\tz\n", AN_CONFLICT, 2},
                 {"a\tb\tc\t\te\n", AN_MISSING, 1},
                 {"a\tb\t\td\te\n", AN_MISSING, 1},
                 {"a\t\tc\td\te\n", AN_MISSING, 1}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ctx_site site = {.n_codes = 0};
        struct an_err err;

        ck_assert_int_eq(ctx_site_read_codes(&arena, an_str_c(cases[i].text),
                                             "t.tsv", &site, &err),
                         cases[i].code);
        ck_assert_str_eq(err.where.path, "t.tsv");
        ck_assert_uint_eq(err.where.line, cases[i].line);
        ck_assert_uint_eq(site.n_codes, 0);
    }
}
END_TEST

/* The order of files is the site's word on which of them to believe. */
START_TEST(the_first_file_that_has_a_code_decides)
{
    static const char own[] = "urn:id:L\tA\ts\t1\tOne\n"
                              "urn:id:L\tB\t\t\tnot yet\n";
    static const char theirs[] = "urn:id:L\tA\ts\t2\tTwo\n"
                                 "urn:id:L\tB\ts\t3\tThree\n"
                                 "urn:id:L\tC\ts\t4\tFour\n";
    static const struct ctx_code a = {AN_STR_INIT("urn:id:L"), AN_STR_INIT("A"),
                                      AN_STR_INIT("")};
    static const struct ctx_code b = {AN_STR_INIT("urn:id:L"), AN_STR_INIT("B"),
                                      AN_STR_INIT("")};
    struct ctx_site site = {.n_codes = 0}, other = {.n_codes = 0};

    ck_assert_int_eq(
        ctx_site_read_codes(&arena, an_str_c(own), "own", &site, NULL), AN_OK);
    ck_assert_ptr_null(ctx_site_code(&site, &b));
    ck_assert_int_eq(
        ctx_site_read_codes(&arena, an_str_c(theirs), "theirs", &site, NULL),
        AN_OK);
    ck_assert_uint_eq(site.n_codes, 3);
    ck_assert_an_str_eq(ctx_site_code(&site, &a)->code, "1");
    ck_assert_an_str_eq(ctx_site_code(&site, &b)->code, "3");
    ck_assert_uint_eq(site.n_maps, 2);
    ck_assert_str_eq(site.map[0].file, "own");
    ck_assert_uint_eq(site.map[0].n_rows, 1);
    ck_assert_uint_eq(site.map[0].n_unfilled, 1);
    ck_assert_uint_eq(site.map[1].n_rows, 3);
    ck_assert_uint_eq(site.map[1].n_covered, 1);

    ck_assert_int_eq(
        ctx_site_read_codes(&arena, an_str_c(theirs), "theirs", &other, NULL),
        AN_OK);
    ck_assert_int_eq(
        ctx_site_read_codes(&arena, an_str_c(own), "own", &other, NULL), AN_OK);
    ck_assert_an_str_eq(ctx_site_code(&other, &a)->code, "2");
}
END_TEST

/* From a file to another too, in whatever order they are; what it was called on the
 * way stays beside it. */
START_TEST(follows_what_a_code_means_to_the_end)
{
    static const char *const file[] = {
        "urn:id:L\tCREA\turn:id:H\tC1\tCreatinine of the house\n"
        "urn:id:H\tSAME\turn:id:H\tSAME\tIts own name\n",
        "urn:id:H\tC1\thttp://loinc.org\t2160-0\t\n"};

    for (size_t order = 0; order < 2; order++) {
        struct ctx_code alias = {AN_STR("urn:id:H"), AN_STR("C1"), AN_STR("")};
        struct ctx_event e[4] = {
            event_of("urn:id:L", "CREA"), event_of("urn:id:H", "C1"),
            event_of("urn:id:H", "SAME"), event_of("urn:id:L", "CREA")};
        struct ctx_part part = {.event = e, .n_events = 4};
        struct ctx_reading r = {.part = &part, .n_parts = 1};
        struct ctx_site site = {.n_codes = 0};

        e[3].alias = &alias;
        e[3].n_aliases = 1;
        for (size_t i = 0; i < 2; i++)
            ck_assert_int_eq(ctx_site_read_codes(&arena,
                                                 an_str_c(file[i ^ order]), "t",
                                                 &site, NULL),
                             AN_OK);
        ck_assert_int_eq(ctx_localise(&arena, &site, &r, NULL), AN_OK);
        ck_assert_an_str_eq(e[0].concept.code, "2160-0");
        ck_assert_an_str_eq(e[0].concept.display, "Creatinine of the house");
        ck_assert_uint_eq(e[0].n_aliases, 2);
        ck_assert_an_str_eq(e[0].alias[0].code, "CREA");
        ck_assert_an_str_eq(e[0].alias[1].code, "C1");
        ck_assert_an_str_eq(e[1].concept.code, "2160-0");
        ck_assert_uint_eq(e[1].n_aliases, 1);
        ck_assert_an_str_eq(e[2].concept.code, "SAME");
        ck_assert_an_str_eq(e[2].concept.display, "Its own name");
        ck_assert_uint_eq(e[2].n_aliases, 0);
        /* The sender said both: it stands there once. */
        ck_assert_an_str_eq(e[3].concept.code, "2160-0");
        ck_assert_uint_eq(e[3].n_aliases, 2);
        /* To do it again changes nothing. */
        ck_assert_int_eq(ctx_localise(&arena, &site, &r, NULL), AN_OK);
        ck_assert_uint_eq(e[0].n_aliases, 2);
    }
}
END_TEST

START_TEST(follows_the_names_of_an_authority_to_the_end)
{
    struct ctx_part part[3] = {
        {.patient = {AN_STR("LAKESIDE"), AN_STR("7"), AN_STR("MR")}},
        {.patient = {AN_STR("LS"), AN_STR("7"), AN_STR("MR")}},
        {.patient = {AN_STR("urn:oid:2.999.1"), AN_STR("7"), AN_STR("MR")}}};
    struct ctx_reading r = {.part = part, .n_parts = 3};
    struct ctx_site site = {.n_codes = 0};

    ck_assert_int_eq(
        ctx_site_read_authorities(&arena,
                                  AN_STR("LAKESIDE\tLS\nLS\turn:oid:2.999.1\n"
                                         "urn:oid:2.999.1\turn:oid:2.999.1\n"),
                                  "a.tsv", &site, NULL),
        AN_OK);
    ck_assert_int_eq(ctx_localise(&arena, &site, &r, NULL), AN_OK);
    for (size_t i = 0; i < 3; i++)
        ck_assert_an_str_eq(part[i].patient.authority, "urn:oid:2.999.1");
}
END_TEST

/* Nine steps are more than anybody means. */
START_TEST(refuses_what_leads_back_to_itself_and_says_where)
{
    static const struct {
        const char *first, *second;
        unsigned line; /* of the second */
    } cases[] = {
        {"", "s\ta\ts\tb\t\n\ns\tb\ts\ta\t\n", 1},
        {"s\ta\ts\tb\t\n", "x\ty\ts\ta\t\ns\tb\ts\ta\t\n", 2},
        /* What the first decides leads nowhere. */
        {"s\ta\ts\tb\t\n", "s\ta\ts\ta2\t\ns\ta2\ts\ta\t\n", 0},
        {"s\t1\ts\t2\t\ns\t2\ts\t3\t\ns\t3\ts\t4\t\ns\t4\ts\t5\t\n",
         "s\t5\ts\t6\t\ns\t6\ts\t7\t\ns\t7\ts\t8\t\ns\t8\ts\t9\t\n", 0},
        {"s\t1\ts\t2\t\ns\t2\ts\t3\t\ns\t3\ts\t4\t\ns\t4\ts\t5\t\n",
         "s\t9\ts\tx\t\ns\t5\ts\t6\t\ns\t6\ts\t7\t\ns\t7\ts\t8\t\n"
         "s\t8\ts\t9\t\n",
         2},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ctx_site site = {.n_codes = 0};
        struct an_err err = {.code = AN_OK};
        size_t n;

        ck_assert_int_eq(ctx_site_read_codes(&arena, an_str_c(cases[i].first),
                                             "1.tsv", &site, NULL),
                         AN_OK);
        n = site.n_codes;
        ck_assert_int_eq(ctx_site_read_codes(&arena, an_str_c(cases[i].second),
                                             "2.tsv", &site, &err),
                         cases[i].line ? AN_CONFLICT : AN_OK);
        if (cases[i].line == 0)
            continue;
        ck_assert_str_eq(err.where.path, "2.tsv");
        ck_assert_uint_eq(err.where.line, cases[i].line);
        ck_assert_uint_eq(site.n_codes, n);
    }
}
END_TEST

START_TEST(refuses_names_that_lead_back_to_themselves)
{
    struct ctx_site site = {.n_codes = 0};
    struct an_err err;

    ck_assert_int_eq(ctx_site_read_authorities(
                         &arena, AN_STR("X\tY\n# comment\nB\tA\nA\tB\n"),
                         "a.tsv", &site, &err),
                     AN_CONFLICT);
    ck_assert_str_eq(err.where.path, "a.tsv");
    ck_assert_uint_eq(err.where.line, 4);
    ck_assert_uint_eq(site.n_authorities, 0);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    enum an_code got = AN_NOMEM;
    long n = 0;

    for (; got == AN_NOMEM && n < 100; n++) {
        struct ctx_event e = event_of("urn:id:L", "CREA");
        struct ctx_part part = {.event = &e, .n_events = 1};
        struct ctx_reading r = {.part = &part, .n_parts = 1};
        struct ctx_site site = {.n_codes = 0};
        struct an_err err;

        arena.fail_after = n;
        got = ctx_site_read_codes(&arena, AN_STR("urn:id:L\tCREA\ta\tb\tc\n"),
                                  "t.tsv", &site, &err);
        if (got == AN_OK)
            got = ctx_localise(&arena, &site, &r, &err);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 1);
}
END_TEST

Suite *context_localise_suite(void)
{
    const TTest *const test[] = {
        maps_a_local_code_and_keeps_what_was_said,
        gives_one_authority_one_name,
        refuses_a_wrong_table_and_says_where,
        the_first_file_that_has_a_code_decides,
        follows_what_a_code_means_to_the_end,
        follows_the_names_of_an_authority_to_the_end,
        refuses_what_leads_back_to_itself_and_says_where,
        refuses_names_that_lead_back_to_themselves,
        survives_each_failed_allocation};
    Suite *s = suite_create("context/localise");
    TCase *tc = tcase_create("context/localise");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    for (size_t i = 0; i < sizeof(test) / sizeof(test[0]); i++)
        tcase_add_test(tc, test[i]);
    suite_add_tcase(s, tc);
    return s;
}

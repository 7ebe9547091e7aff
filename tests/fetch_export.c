/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fetch_help.h"
#include "tests/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

Suite *fetch_export_suite(void);

enum { TEXT_BYTES = 1 << 20 };

static struct test_export t;

static void ends(enum an_code want)
{
    char said[512];
    enum an_code rc = test_export_run(&t);

    an_err_print(&t.err, said, sizeof(said));
    ck_assert_msg(rc == want, "code %d, not %d: %s", (int)rc, (int)want,
                  rc ? said : "");
}

START_TEST(brings_each_file_whole_and_deletes_the_job)
{
    struct bulk_plan plan = {.n_files = 3,
                             .n_lines = 20,
                             .n_polls = 3,
                             .errors = true,
                             .empty = true};
    char *text = malloc(TEXT_BYTES);

    ck_assert_ptr_nonnull(text);
    test_export_begin(&t, &plan);
    ends(AN_OK);
    for (unsigned i = 0; i < 2; i++) {
        char name[64];

        bulk_file(i, text, TEXT_BYTES);
        (void)snprintf(name, sizeof(name), "001-Observation-%04u.ndjson",
                       i + 1);
        ck_assert_msg(test_export_holds(&t, name, text), "%s", name);
    }
    /* Nothing in it: nothing to be loaded. */
    ck_assert(!test_export_holds(&t, "001-Observation-0003.ndjson", NULL));
    ck_assert(test_export_holds(&t, ".export/001-error-0001.ndjson", NULL));
    ck_assert_str_eq(t.result.time, "2026-02-03T04:05:06.789Z");
    ck_assert_uint_eq(t.result.n_files, 3);
    ck_assert_uint_eq(t.result.n_resources, 40);
    ck_assert_uint_eq(t.result.n_error_files, 1);
    ck_assert_uint_eq(t.result.n_errors, 1);
    ck_assert_uint_eq(t.told[PL_EXPORT_WAITS], 3);
    ck_assert_uint_eq(bulk_count().polled, 4);
    ck_assert_uint_eq(bulk_count().deleted, 1);
    ck_assert_ptr_nonnull(strstr(bulk_request(), "/fhir/$export;"));
    ck_assert_ptr_null(strstr(bulk_request(), "_since"));
    free(text);
    test_export_end(&t);
}
END_TEST

START_TEST(asks_as_it_was_told_and_goes_on_from_the_last_time)
{
    struct bulk_plan plan = {.n_files = 1, .n_lines = 2};

    test_export_begin(&t, &plan);
    t.options.since = AN_STR("last");
    ends(AN_NOTFOUND);
    t.options.since = AN_STR("2026-01-01T00:00:00+01:00");
    t.options.types = AN_STR("Patient,Observation");
    t.options.group = AN_STR("a b");
    ends(AN_OK);
    ck_assert_str_eq(
        bulk_request(),
        "/fhir/Group/a b/$export;_outputFormat=application/fhir+ndjson;"
        "_since=2026-01-01T00:00:00+01:00;_type=Patient,Observation;");
    t.options.since = AN_STR("last");
    ends(AN_OK);
    ck_assert_ptr_nonnull(
        strstr(bulk_request(), "_since=2026-02-03T04:05:06.789Z;"));
    ck_assert_int_eq(t.result.run, 2);
    test_export_is_whole(&t, 2, 2);
    test_export_end(&t);
}
END_TEST

START_TEST(waits_as_it_is_asked_and_repeats_what_passes)
{
    struct bulk_plan plan = {.n_files = 1,
                             .n_lines = 2,
                             .n_polls = 1,
                             .retry_after_s = 1,
                             .mishap = {{"$export", 1, 429, 0, NULL},
                                        {"/job/", 1, 503, 0, NULL},
                                        {"/job/", 2, 500, 0, "transient"},
                                        {"/file/", 1, 503, 0, "throttled"}}};

    test_export_begin(&t, &plan);
    ends(AN_OK);
    ck_assert_uint_eq(t.told[PL_EXPORT_REPEATS], 4);
    ck_assert_uint_eq(t.told[PL_EXPORT_WAITS], 1);
    test_export_is_whole(&t, 1, 2);
    test_export_end(&t);
}
END_TEST

static const struct {
    struct bulk_mishap mishap;
    enum an_code code;
    const char *place;
} refusals[] = {
    {{"$export", 1, 400, 0, "not-supported"},
     AN_CONFIG,
     "$export (HTTP 400, not-supported)"},
    {{"$export", 1, 404, 0, NULL}, AN_CONFIG, "$export (HTTP 404)"},
    {{"$export", 1, 200, 0, NULL}, AN_TYPE, "$export (HTTP 200)"},
    {{"/job/", 1, 500, 0, "exception"},
     AN_IO,
     "its status (HTTP 500, exception)"},
    {{"/job/", 1, 404, 0, NULL}, AN_NOTFOUND, "its status (HTTP 404)"},
    {{"/job/", 1, 401, 0, "login"}, AN_CONFIG, "its status (HTTP 401, login)"},
    {{"/file/output/0", 1, 403, 0, "a<b>"},
     AN_IO,
     "001-Observation-0001 (HTTP 403)"},
    {{"/file/output/0", 1, 404, 0, NULL},
     AN_NOTFOUND,
     "001-Observation-0001 (HTTP 404)"},
};

/* And the same call again does it. */
START_TEST(a_refusal_has_its_place_and_the_next_call_goes_on)
{
    struct bulk_plan plan = {.n_files = 1, .n_lines = 2};

    plan.mishap[0] = refusals[_i].mishap;
    test_export_begin(&t, &plan);
    ends(refusals[_i].code);
    ck_assert_str_eq(t.err.where.path, refusals[_i].place);
    ends(AN_OK);
    test_export_is_whole(&t, 1, 2);
    test_export_end(&t);
}
END_TEST

START_TEST(patience_ends)
{
    struct bulk_plan plan = {.n_files = 1, .n_lines = 2};

    test_export_begin(&t, &plan);
    bulk_stop();
    t.options.patience_ms = 1500;
    ends(AN_IO);
    ck_assert_ptr_nonnull(strstr(t.err.where.path, "$export (libcurl "));
    ck_assert_uint_gt(t.told[PL_EXPORT_REPEATS], 2);
    (void)bulk_start(&plan);
    test_export_end(&t);
}
END_TEST

/* gzip, tags, ranges: what comes after a break in the middle. */
START_TEST(a_file_that_breaks_off_goes_on_or_starts_over)
{
    struct bulk_plan plan = {.n_files = 2,
                             .n_lines = 50,
                             .gzip = (_i & 1) != 0,
                             .tags = (_i & 2) != 0,
                             .ranges = (_i & 4) != 0,
                             .mishap = {{"/file/output/0", 1, 0, 700, NULL},
                                        {"/file/output/1", 2, 0, 100, NULL},
                                        {"/file/output/1", 1, 0, 300, NULL}}};
    bool goes_on = plan.tags && plan.ranges;

    test_export_begin(&t, &plan);
    ends(AN_OK);
    test_export_is_whole(&t, 2, 50);
    ck_assert_uint_eq(bulk_count().ranged, goes_on ? 3 : 0);
    ck_assert_uint_eq(bulk_count().whole, goes_on ? 2 : 5);
    ck_assert(test_export_holds(&t,
                                plan.gzip ? "001-Observation-0001.ndjson.gz"
                                          : "001-Observation-0001.ndjson",
                                NULL));
    test_export_end(&t);
}
END_TEST

START_TEST(a_part_of_something_else_is_not_believed)
{
    struct bulk_plan plan = {.n_files = 1,
                             .n_lines = 5,
                             .tags = true,
                             .ranges = true,
                             .mishap = {{"/file/", 1, 403, 0, NULL}}};

    test_export_begin(&t, &plan);
    ends(AN_IO);
    test_export_write(&t, ".export/001-Observation-0001.part",
                      "{\"resourceType\":\"Lies\"}\n");
    test_export_write(&t, ".export/001-Observation-0001.tag", "\n\"old\"\n");
    ends(AN_OK);
    test_export_is_whole(&t, 1, 5);
    test_export_end(&t);
}
END_TEST

static const struct {
    struct bulk_plan plan;
    enum an_code code;
} odd[] = {
    {{.n_files = 1, .n_lines = 2, .page = true}, AN_TYPE},
    {{.n_files = 1, .n_lines = 2, .miscount = 1}, AN_INTEGRITY},
    {{.n_files = 1, .n_lines = 2, .elsewhere = true, .token = "s3cret"},
     AN_UNSUPPORTED},
};

START_TEST(what_is_no_export_never_gets_a_name)
{
    struct bulk_plan plan = odd[_i].plan;

    test_export_begin(&t, &plan);
    if (plan.token) {
        char path[FETCH_PATH_BYTES + 16];

        (void)snprintf(path, sizeof(path), "%s.token", t.folder);
        t.options.token_file = path;
        ends(AN_NOTFOUND);
        {
            FILE *f = fopen(path, "w");

            ck_assert_ptr_nonnull(f);
            (void)fputs("s3cret\n", f);
            (void)fclose(f);
        }
        ends(odd[_i].code);
    } else {
        ends(odd[_i].code);
    }
    test_export_is_whole(&t, 0, 0);
    test_export_end(&t);
}
END_TEST

START_TEST(another_question_and_another_process_wait)
{
    struct bulk_plan plan = {
        .n_files = 1, .n_lines = 2, .mishap = {{"/file/", 1, 403, 0, NULL}}};

    test_export_begin(&t, &plan);
    ends(AN_IO);
    t.options.types = AN_STR("Patient");
    ends(AN_CONFLICT);
    t.options.types = AN_STR("");
    ends(AN_OK);
    ck_assert_uint_eq(bulk_count().kicked, 1);
    test_export_end(&t);
}
END_TEST

/* A disk that is full, as a limit on the size of a file shows it. */
START_TEST(a_full_disk_is_told_and_nothing_is_lost)
{
    struct bulk_plan plan = {
        .n_files = 1, .n_lines = 100, .tags = true, .ranges = true};
    struct rlimit old, small;

    test_export_begin(&t, &plan);
    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 10000;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    ends(AN_IO);
    ck_assert_int_ne(t.err.sys, 0);
    ck_assert_ptr_nonnull(strstr(t.err.where.path, "0001.part"));
    test_export_is_whole(&t, 0, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    ends(AN_OK);
    ck_assert_uint_eq(bulk_count().ranged, 1);
    test_export_is_whole(&t, 1, 100);
    test_export_end(&t);
}
END_TEST

START_TEST(what_is_gone_comes_as_deletions)
{
    struct bulk_plan plan = {.n_files = 1, .n_lines = 1, .deleted = true};

    test_export_begin(&t, &plan);
    ends(AN_OK);
    ck_assert(test_export_holds(&t, "001-deleted-0001.ndjson", NULL));
    ck_assert_uint_eq(t.result.n_deleted_files, 1);
    test_export_is_whole(&t, 2, 1);
    test_export_end(&t);
}
END_TEST

/* Five files on three pages, one of errors and one of deletions on each. */
START_TEST(each_page_of_the_manifest_is_walked)
{
    struct bulk_plan plan = {
        .n_files = 5,
        .n_lines = 1,
        .n_pages = 3,
        .errors = true,
        .deleted = true,
        .mishap = {{"/page/1", 1, 202, 0, NULL}, {"/page/2", 1, 503, 0, NULL}}};
    char text[4096];

    test_export_begin(&t, &plan);
    ends(AN_OK);
    test_export_is_whole(&t, 8, 1);
    for (unsigned i = 0; i < 5; i++) {
        char name[64];

        bulk_file(i, text, sizeof(text));
        (void)snprintf(name, sizeof(name), "001-Observation-%04u.ndjson",
                       i + 1);
        ck_assert_msg(test_export_holds(&t, name, text), "%s", name);
    }
    ck_assert(test_export_holds(&t, "001-deleted-0003.ndjson", NULL));
    ck_assert(test_export_holds(&t, ".export/001-error-0003.ndjson", NULL));
    ck_assert(test_export_holds(&t, ".export/manifest-001-0003.json", NULL));
    ck_assert_uint_eq(t.result.n_files, 8);
    ck_assert_uint_eq(t.result.n_deleted_files, 3);
    ck_assert_uint_eq(t.result.n_error_files, 3);
    ck_assert_uint_eq(t.result.n_errors, 3);
    ck_assert_uint_eq(bulk_count().paged, 2);
    ck_assert_uint_eq(t.told[PL_EXPORT_WAITS], 1);
    ck_assert_uint_eq(t.told[PL_EXPORT_REPEATS], 1);
    ck_assert_uint_eq(bulk_count().deleted, 1);
    test_export_end(&t);
}
END_TEST

/* What is there is asked for once, whichever page the failure was on. */
/* What it tells meanwhile is neither the whole nor an end. */
START_TEST(manifests_may_be_partial)
{
    struct bulk_plan plan = {.n_files = 4,
                             .n_lines = 2,
                             .n_pages = 2,
                             .n_polls = 2,
                             .partial = true};

    test_export_begin(&t, &plan);
    t.options.partial = true;
    ends(AN_OK);
    ck_assert_ptr_nonnull(
        strstr(bulk_request(), "allowPartialManifests=true;"));
    ck_assert_uint_eq(t.told[PL_EXPORT_WAITS], 2);
    ck_assert_uint_eq(t.told[PL_EXPORT_PLAIN], 0);
    ck_assert_uint_eq(bulk_count().paged, 1);
    ck_assert_uint_eq(t.result.n_files, 4);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(bulk_asked(i), 1);
    test_export_end(&t);
}
END_TEST

START_TEST(a_server_without_partial_manifests_is_asked_without)
{
    struct bulk_plan plan = {.n_files = 1, .n_lines = 2, .strict = true};

    plan.mishap[0] = (struct bulk_mishap){"/job/", 1, 401, 0, "login"};
    test_export_begin(&t, &plan);
    t.options.partial = true;
    ends(AN_CONFIG);
    ck_assert_ptr_null(strstr(bulk_request(), "allowPartialManifests"));
    ck_assert_uint_eq(t.told[PL_EXPORT_PLAIN], 1);
    /* The same call goes on with it. */
    ends(AN_OK);
    ck_assert_uint_eq(t.told[PL_EXPORT_RESUMED], 1);
    ck_assert_uint_eq(bulk_count().kicked, 1);
    test_export_is_whole(&t, 1, 2);
    test_export_end(&t);
    /* One that refuses all of it is asked twice, and no more. */
    plan = (struct bulk_plan){
        .mishap = {{"$export", 1, 400, 0, NULL}, {"$export", 1, 400, 0, NULL}}};
    test_export_begin(&t, &plan);
    t.options.partial = true;
    ends(AN_CONFIG);
    ck_assert_uint_eq(bulk_count().refused, 2);
    test_export_end(&t);
}
END_TEST

START_TEST(a_page_that_fails_is_gone_on_from)
{
    struct bulk_plan plan = {.n_files = 6,
                             .n_lines = 2,
                             .n_pages = 3,
                             .mishap = {{"/page/2", 1, 403, 0, NULL},
                                        {"/file/output/5", 1, 403, 0, NULL}}};

    test_export_begin(&t, &plan);
    ends(AN_CONFIG);
    ck_assert_str_eq(t.err.where.path, "page 3 of its manifest (HTTP 403)");
    test_export_is_whole(&t, 4, 2);
    ends(AN_IO);
    test_export_is_whole(&t, 5, 2);
    ends(AN_OK);
    test_export_is_whole(&t, 6, 2);
    ck_assert_uint_eq(bulk_count().kicked, 1);
    ck_assert_uint_eq(bulk_count().polled, 1);
    ck_assert_uint_eq(bulk_count().paged, 2);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_uint_eq(bulk_asked(i), 1);
    ck_assert_uint_eq(t.result.n_files, 6);
    test_export_end(&t);
}
END_TEST

START_TEST(a_page_that_is_forgotten_begins_anew)
{
    struct bulk_plan plan = {.n_files = 2,
                             .n_lines = 2,
                             .n_pages = 2,
                             .mishap = {{"/page/1", 1, 404, 0, NULL}}};

    test_export_begin(&t, &plan);
    ends(AN_NOTFOUND);
    ends(AN_OK);
    ck_assert_uint_eq(bulk_count().kicked, 2);
    ck_assert_int_eq(t.result.run, 2);
    test_export_end(&t);
}
END_TEST

START_TEST(pages_that_lead_astray_are_not_followed)
{
    struct bulk_plan plan = {
        .n_files = 3, .n_lines = 2, .n_pages = _i == 2 ? 3 : 2};

    plan.strays = _i == 0;
    plan.turns = _i == 1;
    plan.circles = _i == 2;
    test_export_begin(&t, &plan);
    ends(_i == 0 ? AN_UNSUPPORTED : AN_TYPE);
    ck_assert_uint_eq(bulk_count().paged, (unsigned)_i);
    ck_assert_uint_eq(bulk_count().deleted, 0);
    test_export_end(&t);
}
END_TEST

Suite *fetch_export_suite(void)
{
    const TTest *const list[] = {
        brings_each_file_whole_and_deletes_the_job,
        asks_as_it_was_told_and_goes_on_from_the_last_time,
        waits_as_it_is_asked_and_repeats_what_passes,
        patience_ends,
        a_part_of_something_else_is_not_believed,
        another_question_and_another_process_wait,
        a_full_disk_is_told_and_nothing_is_lost,
        what_is_gone_comes_as_deletions,
        each_page_of_the_manifest_is_walked,
        manifests_may_be_partial,
        a_server_without_partial_manifests_is_asked_without,
        a_page_that_fails_is_gone_on_from,
        a_page_that_is_forgotten_begins_anew};
    Suite *s = TEST_SUITE("fetch: export", list);
    TCase *c = tcase_create("each");

    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, a_refusal_has_its_place_and_the_next_call_goes_on, 0,
                        (int)(sizeof(refusals) / sizeof(refusals[0])));
    tcase_add_loop_test(c, a_file_that_breaks_off_goes_on_or_starts_over, 0, 8);
    tcase_add_loop_test(c, what_is_no_export_never_gets_a_name, 0,
                        (int)(sizeof(odd) / sizeof(odd[0])));
    tcase_add_loop_test(c, pages_that_lead_astray_are_not_followed, 0, 3);
    suite_add_tcase(s, c);
    return s;
}

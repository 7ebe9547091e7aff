/* SPDX-License-Identifier: Apache-2.0 */
/* What a CDS client says became of cards. */
#include "fhir/cds_feedback.h"

#include "base/buf.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *fhir_feedback_suite(void);

#define CARD "11111111-2222-5333-8444-555555555555"
#define OTHER "99999999-2222-5333-8444-555555555555"
#define AT "\"outcomeTimestamp\":\"2026-03-11T12:00:00Z\""

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 16 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static enum an_code read_all(const char *text, const struct fhir_feedback **f,
                             size_t *n, struct an_err *err)
{
    return fhir_feedback_read(&arena, an_str_c(text), f, n, err);
}

static const char whole[] =
    "{\"feedback\":[{\"card\":\"" CARD "\",\"outcome\":\"accepted\","
    "\"acceptedSuggestions\":[{\"id\":\"" OTHER "\",\"more\":1}]," AT "},"
    "{\"card\":\"urn:uuid:99999999-2222-5333-8444-55555555555A\",\"outcome\":"
    "\"overridden\",\"overrideReason\":{\"reason\":{\"system\":\"urn:s\","
    "\"code\":\"known\",\"display\":\"Known\"},\"userComment\":\"seen\"},"
    "\"outcomeTimestamp\":\"2026-03-11T13:00:00.5+01:00\"},"
    "{\"card\":\"" CARD "\",\"outcome\":\"overridden\",\"overrideReason\":"
    "{\"code\":\"x\",\"system\":\"urn:s\"}," AT "},"
    "{\"card\":\"" CARD "\",\"outcome\":\"overridden\",\"overrideReason\":"
    "{\"userComment\":\"no\"}," AT "},"
    "{\"card\":\"" CARD "\",\"outcome\":\"overridden\",\"overrideReason\":null,"
    "\"acceptedSuggestions\":[]," AT "}]}";

START_TEST(reads_each_entry_as_it_was_said)
{
    const struct fhir_feedback *f;
    size_t n;

    ck_assert_int_eq(read_all(whole, &f, &n, NULL), AN_OK);
    ck_assert_uint_eq(n, 5);
    ck_assert(f[0].accepted && !f[1].accepted);
    ck_assert_an_str_eq(f[0].card, CARD);
    ck_assert_uint_eq(f[0].n_suggestions, 1);
    ck_assert_an_str_eq(f[0].suggestion[0], OTHER);
    ck_assert_int_eq(f[0].at_us, INT64_C(1773230400000000));
    /* The prefix goes, letters become small, the moment is one. */
    ck_assert_an_str_eq(f[1].card, "99999999-2222-5333-8444-55555555555a");
    ck_assert_int_eq(f[1].at_us, f[0].at_us + 500000);
    ck_assert_an_str_eq(f[1].reason.system, "urn:s");
    ck_assert_an_str_eq(f[1].reason.code, "known");
    ck_assert_an_str_eq(f[1].reason.display, "Known");
    ck_assert_an_str_eq(f[1].comment, "seen");
    /* A bare Coding, a comment alone, no reason at all. */
    ck_assert_an_str_eq(f[2].reason.code, "x");
    ck_assert_uint_eq(f[2].comment.n, 0);
    ck_assert_uint_eq(f[3].reason.code.n, 0);
    ck_assert_an_str_eq(f[3].comment, "no");
    ck_assert_uint_eq(f[4].reason.code.n + f[4].comment.n, 0);
}
END_TEST

START_TEST(a_body_without_entries_says_nothing)
{
    const struct fhir_feedback *f;
    size_t n;

    ck_assert_int_eq(read_all("{\"feedback\":[]}", &f, &n, NULL), AN_OK);
    ck_assert_uint_eq(n, 0);
}
END_TEST

#define ENTRY(more) "{\"feedback\":[{\"card\":\"" CARD "\"," AT more "}]}"
#define OVER ",\"outcome\":\"overridden\""
#define YES ",\"outcome\":\"accepted\""

static const struct {
    const char *text;
    enum an_code code;
    const char *path;
} wrong[] = {
    {"", AN_SYNTAX, ""},
    {"{\"feedback\":[", AN_SYNTAX, NULL},
    {"[]", AN_TYPE, ""},
    {"{}", AN_MISSING, "feedback"},
    {"{\"feedback\":{}}", AN_TYPE, "feedback"},
    {"{\"feedback\":[7]}", AN_TYPE, "feedback[0]"},
    {"{\"feedback\":[{}]}", AN_MISSING, "feedback[0].card"},
    {"{\"feedback\":[{\"card\":7}]}", AN_TYPE, "feedback[0].card"},
    {"{\"feedback\":[{\"card\":\"\"}]}", AN_TYPE, "feedback[0].card"},
    {"{\"feedback\":[{\"card\":\"" CARD "0\"}]}", AN_TYPE, "feedback[0].card"},
    {ENTRY(""), AN_MISSING, "feedback[0].outcome"},
    /* cds-fb-1 */
    {ENTRY(",\"outcome\":\"ignored\""), AN_CODE, "feedback[0].outcome"},
    {ENTRY(",\"outcome\":[]"), AN_TYPE, "feedback[0].outcome"},
    /* cds-fb-2 */
    {ENTRY(YES), AN_MISSING, "feedback[0].acceptedSuggestions"},
    {ENTRY(YES ",\"acceptedSuggestions\":[]"), AN_MISSING,
     "feedback[0].acceptedSuggestions"},
    {ENTRY(YES ",\"acceptedSuggestions\":{}"), AN_TYPE,
     "feedback[0].acceptedSuggestions"},
    {ENTRY(YES ",\"acceptedSuggestions\":[{\"id\":\"" CARD "\"},{}]"),
     AN_MISSING, "feedback[0].acceptedSuggestions[1].id"},
    {ENTRY(YES ",\"acceptedSuggestions\":[{\"id\":\"x\"}]"), AN_TYPE,
     "feedback[0].acceptedSuggestions[0].id"},
    /* cds-fb-3 */
    {ENTRY(OVER ",\"overrideReason\":{}"), AN_MISSING,
     "feedback[0].overrideReason"},
    {ENTRY(OVER ",\"overrideReason\":\"x\""), AN_TYPE,
     "feedback[0].overrideReason"},
    {ENTRY(OVER ",\"overrideReason\":{\"reason\":\"x\"}"), AN_TYPE,
     "feedback[0].overrideReason.reason"},
    {ENTRY(OVER ",\"overrideReason\":{\"reason\":{\"system\":\"s\"}}"),
     AN_MISSING, "feedback[0].overrideReason.reason.code"},
    {ENTRY(OVER ",\"overrideReason\":{\"code\":7}"), AN_TYPE,
     "feedback[0].overrideReason.code"},
    {ENTRY(OVER ",\"overrideReason\":{\"userComment\":7}"), AN_TYPE,
     "feedback[0].overrideReason.userComment"},
    {"{\"feedback\":[{\"card\":\"" CARD "\"" OVER "}]}", AN_MISSING,
     "feedback[0].outcomeTimestamp"},
    {"{\"feedback\":[{\"card\":\"" CARD "\"" OVER
     ",\"outcomeTimestamp\":\"2026-03-11\"}]}",
     AN_TYPE, "feedback[0].outcomeTimestamp"},
    {"{\"feedback\":[{\"card\":\"" CARD "\"" OVER
     ",\"outcomeTimestamp\":\"2026-03-11T12:00:00\"}]}",
     AN_TYPE, "feedback[0].outcomeTimestamp"},
};

START_TEST(says_where_a_body_is_wrong)
{
    const struct fhir_feedback *f;
    struct an_err err;
    size_t n;

    ck_assert_int_eq(read_all(wrong[_i].text, &f, &n, &err), wrong[_i].code);
    if (wrong[_i].path)
        ck_assert_str_eq(err.where.path, wrong[_i].path);
    ck_assert_uint_eq(n, 0);
}
END_TEST

/* A comment of `n` letters. */
static struct an_str commented(size_t n)
{
    struct an_str out = AN_STR("");
    struct an_buf b;

    an_buf_init(&b, &arena, 1 << 20);
    an_buf_put_c(&b, "{\"feedback\":[{\"card\":\"" CARD "\"" OVER "," AT
                     ",\"overrideReason\":{\"userComment\":\"");
    for (size_t i = 0; i < n; i++)
        an_buf_put_char(&b, 'a');
    an_buf_put_c(&b, "\"}}]}");
    ck_assert_int_eq(an_buf_done(&b, &out, NULL), AN_OK);
    return out;
}

START_TEST(a_comment_and_the_number_of_entries_are_bounded)
{
    const struct fhir_feedback *f;
    struct an_str body = AN_STR("");
    struct an_err err;
    struct an_buf b;
    size_t n;

    ck_assert_int_eq(fhir_feedback_read(&arena,
                                        commented(FHIR_FEEDBACK_COMMENT_BYTES),
                                        &f, &n, &err),
                     AN_OK);
    ck_assert_int_eq(
        fhir_feedback_read(&arena, commented(FHIR_FEEDBACK_COMMENT_BYTES + 1),
                           &f, &n, &err),
        AN_LIMIT);
    ck_assert_str_eq(err.where.path, "feedback[0].overrideReason.userComment");
    an_buf_init(&b, &arena, 1 << 20);
    an_buf_put_c(&b, "{\"feedback\":[0");
    for (int i = 0; i < FHIR_FEEDBACK_ENTRIES; i++)
        an_buf_put_c(&b, ",0");
    an_buf_put_c(&b, "]}");
    ck_assert_int_eq(an_buf_done(&b, &body, NULL), AN_OK);
    ck_assert_int_eq(fhir_feedback_read(&arena, body, &f, &n, &err), AN_LIMIT);
    ck_assert_str_eq(err.where.path, "feedback");
}
END_TEST

START_TEST(no_error_has_a_byte_of_a_comment)
{
    const struct fhir_feedback *f;
    struct an_err err;
    char text[512];
    size_t n;

    ck_assert_int_ne(
        read_all(ENTRY(OVER ",\"overrideReason\":{\"userComment\":\"Zebra\","
                            "\"reason\":{\"code\":[\"Zebra\"]}}"),
                 &f, &n, &err),
        AN_OK);
    an_err_print(&err, text, sizeof(text));
    ck_assert_ptr_null(strstr(text, "Zebra"));
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    const struct fhir_feedback *f;
    enum an_code got = AN_NOMEM;
    size_t n = 0;
    long i = 0;

    for (; got == AN_NOMEM && i < 1000; i++) {
        an_arena_reset(&arena);
        arena.fail_after = i;
        got = read_all(whole, &f, &n, NULL);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(i, 5);
    ck_assert_uint_eq(n, 5);
}
END_TEST

Suite *fhir_feedback_suite(void)
{
    Suite *suite = suite_create("fhir/feedback");
    TCase *cases = tcase_create("feedback");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, reads_each_entry_as_it_was_said);
    tcase_add_test(cases, a_body_without_entries_says_nothing);
    tcase_add_loop_test(cases, says_where_a_body_is_wrong, 0,
                        sizeof(wrong) / sizeof(wrong[0]));
    tcase_add_test(cases, a_comment_and_the_number_of_entries_are_bounded);
    tcase_add_test(cases, no_error_has_a_byte_of_a_comment);
    tcase_add_test(cases, survives_each_failed_allocation);
    suite_add_tcase(suite, cases);
    return suite;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which OBX are lines of a report and which are results: the rules of
 * hl7/narrative_int.h, one by one. */
#include "base/buf.h"
#include "hl7/html.h"
#include "hl7/narrative_int.h"
#include "hl7/read.h"
#include "tests/suite.h"

#include <string.h>

Suite *hl7_narrative_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 256 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

#define HEAD                                                                   \
    "MSH|^~\\&|APP|FAC|||20240305120000||ORU^R01|C1|P|2.5.1\r"                 \
    "PID|1||77^^^FAC^MR\r"                                                     \
    "OBR|1||F1^RIS|XR^Chest^99R|||20240305080000|||||||||||||||||F\r"

static enum an_code read_message(struct an_str text, struct ctx_reading *r)
{
    static const struct hl7_settings settings;
    struct hl7_message *m = an_arena_get(&arena, 1, sizeof(*m));
    enum an_code rc = hl7_read(&arena, text, NULL, NULL, m, NULL);

    return rc == AN_OK ? hl7_events(&arena, &settings, m, r, NULL) : rc;
}

/* The text of the report, "|", and the codes of the observations. */
static struct an_str said(const struct ctx_reading *r)
{
    struct an_buf b;
    struct an_str text;

    an_buf_init(&b, &arena, 1 << 20);
    for (size_t i = 0; i < r->part[0].n_events; i++) {
        const struct ctx_event *e = &r->part[0].event[i];

        if (e->kind == CTX_REPORT) {
            an_buf_put(&b, e->value.text);
            an_buf_put_char(&b, '|');
        } else {
            an_buf_put_char(&b, ' ');
            an_buf_put(&b, e->concept.code);
        }
    }
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text;
}

#define LONG                                                                   \
    "The patient was seen in the outpatient clinic and was well; there was "   \
    "neither pain nor fever, and the wound had healed without a trace of any " \
    "infection in it at all."

static const struct {
    const char *name, *obx, *want;
} cases[] = {
    {"lines without a code", "OBX|1|TX|||One||||||F\rOBX|2|ST|||Two||||||F\r",
     "One\nTwo|"},
    {"a local code again and again, with or without sub-ids",
     "OBX|1|TX|N^Note^99L|1|One||||||F\rOBX|2|TX|N^Note^99L|2|Two||||||F\r",
     "Note:\nOne\nTwo|"},
    {"a string under a repeated local code and one sub-id",
     "OBX|1|ST|N^Note^99L||One||||||F\rOBX|2|ST|N^Note^99L||Two||||||F\r",
     "Note:\nOne\nTwo|"},
    {"strings that sub-ids keep apart are results",
     "OBX|1|ST|N^Germ^99L|1|One||||||F\rOBX|2|ST|N^Germ^99L|2|Two||||||F\r",
     "| N N"},
    {"strings of one LOINC code are results",
     "OBX|1|ST|600-7^Germ^LN||One||||||F\rOBX|2|ST|600-7^Germ^LN||Two||||||F\r",
     "| 600-7 600-7"},
    {"text of one LOINC code is lines, unless sub-ids keep it apart",
     "OBX|1|TX|600-7^Germ^LN||One||||||F\rOBX|2|TX|600-7^Germ^LN||Two||||||F\r"
     "OBX|3|TX|10-9^Germ^LN|1|One||||||F\rOBX|4|TX|10-9^Germ^LN|2|Two||||||F\r",
     "Germ:\nOne\nTwo| 10-9 10-9"},
    {"text at two moments is two results",
     "OBX|1|TX|U^Urine^99L||clear||||||F|||20240305\r"
     "OBX|2|TX|U^Urine^99L||red||||||F|||20240306\r",
     "| U U"},
    {"a short text under a code of its own is a result",
     "OBX|1|TX|C^Colour^99L||yellow||||||F\r", "| C"},
    {"a long one is a section", "OBX|1|TX|C^Course^99L||" LONG "||||||F\r",
     "Course:\n" LONG "|"},
    {"the report's own code is not a heading",
     "OBX|1|TX|XR^Chest^99R||Clear.||||||F\r"
     "OBX|2|TX|XR&IMP^Chest^99R||Well.||||||F\r",
     "Clear.\nImpression:\nWell.|"},
    {"under the report's own code a word is a result, a sentence text",
     "OBX|1|TX|XR^Chest^99R||Negative||||||F\r"
     "OBR|2||F2|YR^Hand^99R\r"
     "OBX|1|TX|YR^Hand^99R||There is no fracture of any of its bones.\r",
     "| XRThere is no fracture of any of its bones.|"},
    {"a code may stand in the alternate alone",
     "OBX|1|TX|^^^AC^Accession^L|1|17||||||F\r"
     "OBX|2|TX|^^^G^Gene^L|2|Absent||||||F\r",
     "| AC G"},
    {"text with a reference range is a result",
     "OBX|1|TX|G^Gene^99L|1|Absent||Present||||F\r"
     "OBX|2|TX|G^Gene^99L|2|Absent||Present||||F\r",
     "| G G"},
    {"a section without words has no heading",
     "OBX|1|ED|A^A^99L||^TEXT^html^Base64^||||||F\r"
     "OBX|2|TX|B&IMP^B^99L||||||||F\rOBX|3|TX|B&IMP^B^99L||Well.||||||F\r"
     "OBX|4|TX|C&REC^C^99L||||||||F\r",
     "Impression:\nWell.|"},
    {"nor is its heading another's",
     "OBX|1|TX|B&IMP^B^99L||||||||F\r"
     "OBX|2|TX|XR^Chest^99R||There is no fracture of any of its bones.\r",
     "There is no fracture of any of its bones.|"},
    {"numbers and text with a unit are results",
     "OBX|1|ST|||12||||||F\rOBX|2|TX|A^A^99L||3|mm|||||F\r"
     "OBX|3|TX|A^A^99L||4|mm|||||F\rOBX|4|NM|B^B^99L||5||||||F\r",
     "| A A B"},
    {"what is withdrawn or not there yet is not said",
     "OBX|1|TX|||One||||||F\rOBX|2|TX|||Two||||||W\rOBX|3|TX|||Three||||||X\r"
     "OBX|4|TX|||Four||||||O\r",
     "One|"},
    {"results of the next order are not of this text",
     "OBX|1|TX|||One||||||F\rOBR|2||F2|YR^Hand^99R\rOBX|1|TX|||Two||||||F\r",
     "One|Two|"},
    {"an ORC ends the results above it",
     "OBX|1|TX|||One||||||F\rORC|RE\rOBX|1|TX|||Two||||||F\r", "One|"},
    {"hexadecimal text, and data that are no text",
     "OBX|1|ED|A^A^99L||^TEXT^plain^Hex^4f6b0D0a21||||||F\r"
     "OBX|2|ED|B^B^99L||^I|M^j p\\F\\g^Base64^AAAA||||||F\r",
     "A:\nOk\n!| B"},
};

START_TEST(tells_lines_from_results)
{
    struct ctx_reading r;
    struct an_buf b;
    struct an_str in, got;

    an_buf_init(&b, &arena, 1 << 20);
    an_buf_put_c(&b, HEAD);
    an_buf_put_c(&b, cases[_i].obx);
    ck_assert_int_eq(an_buf_done(&b, &in, NULL), AN_OK);
    ck_assert_int_eq(read_message(in, &r), AN_OK);
    got = said(&r);
    ck_assert_msg(an_str_eq(got, an_str_c(cases[_i].want)),
                  "%s: got\n%.*s\nwant\n%s", cases[_i].name, AN_STR_ARG(got),
                  cases[_i].want);
}
END_TEST

static const struct ctx_event *report_of(const struct ctx_reading *r)
{
    for (size_t i = 0; i < r->part[0].n_events; i++)
        if (r->part[0].event[i].kind == CTX_REPORT)
            return &r->part[0].event[i];
    ck_abort_msg("no report");
}

START_TEST(cuts_a_long_text_between_characters_and_says_so)
{
    struct ctx_reading r;
    struct an_buf b;
    struct an_str in, text;
    char place[64];

    an_buf_init(&b, &arena, 16 << 20);
    an_buf_put_c(&b, HEAD);
    for (int i = 0; i < 5000; i++)
        an_buf_put_c(&b, "OBX|1|TX|||\xC3\xA4\xC3\xB6\xC3\xBC "
                         "\xC3\xA4\xC3\xB6\xC3\xBC "
                         "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC"
                         "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC"
                         "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC"
                         "\xC3\xA4\xC3\xB6\xC3\xBC||||||F\r");
    ck_assert_int_eq(an_buf_done(&b, &in, NULL), AN_OK);
    ck_assert_int_eq(read_message(in, &r), AN_OK);
    text = report_of(&r)->value.text;
    ck_assert_uint_le(text.n, HL7_TEXT_BYTES);
    ck_assert_uint_gt(text.n, HL7_TEXT_BYTES - 100);
    ck_assert(hl7_utf8_valid(text));
    ck_assert_uint_eq(r.n_warnings, 1);
    ck_assert_int_eq(r.warning[0].code, AN_LIMIT);
    an_where_print(&r.warning[0].where, place, sizeof(place));
    ck_assert_str_eq(place, "OBR[1]");
    ck_assert_uint_eq(r.part[0].n_events, 1);
}
END_TEST

static const struct {
    const char *html, *text;
} pages[] = {
    {"", ""},
    {"plain", "plain"},
    {"<html><head><title>T</title></head><body><p>One</p>\n<p>Two  words</p>",
     "One\nTwo words\n"},
    {"<head><meta x><style>y</style><body>no head ends here",
     "no head ends here"},
    {"a<br/>b<BR>c", "a\nb\nc"},
    {"<table><tr><td>Na</td><td>140</td></tr><tr><td>K</td><td>4</td></tr>",
     "Na 140\nK 4\n"},
    {"x<script>if (a < b) c();</script>y<style>p {}</style>z", "xyz"},
    {"x<!-- <p> no -->y<!-- to the end", "xy"},
    {"a &lt; b &amp;&nbsp;c&#228;&#xE4;&#x1F600;&unknown;&",
     "a < b & c\xC3\xA4\xC3\xA4\xF0\x9F\x98\x80&unknown;&"},
    {"&#0;&#55296;&#99999999;&#x;&#1114112;", "&#99999999;&#x;"},
    {"3 < 4 <", "3 < 4 <"},
    {"a <b c", "a <b c"},
    {"<b>bold</b>er", "bolder"},
    {"<>", "<>"},
    {"</>x", "x"},
};

START_TEST(reads_the_words_of_html)
{
    struct an_str text;

    ck_assert_int_eq(
        hl7_html_text(&arena, an_str_c(pages[_i].html), &text, NULL), AN_OK);
    ck_assert_an_str_eq(text, pages[_i].text);
}
END_TEST

START_TEST(hostile_html_takes_one_pass)
{
    static const char *const again[] = {"<a", "<!--", "<script>", "&#1", "<"};
    struct an_str in, text;

    for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
        struct an_buf b;

        an_arena_reset(&arena);
        an_buf_init(&b, &arena, 8 << 20);
        for (int k = 0; k < 500000; k++)
            an_buf_put_c(&b, again[i]);
        ck_assert_int_eq(an_buf_done(&b, &in, NULL), AN_OK);
        ck_assert_int_eq(hl7_html_text(&arena, in, &text, NULL), AN_OK);
    }
}
END_TEST

/* Many repetitions, many codes: nothing that is asked for each of them may look
 * at all of them.  It took minutes when it did. */
START_TEST(is_not_quadratic)
{
    struct ctx_reading r;
    struct an_buf b;
    struct an_str in;

    an_buf_init(&b, &arena, 64 << 20);
    an_buf_put_c(&b, HEAD "OBX|1|NM|2160-0^C^LN||1");
    for (int i = 0; i < 300000; i++)
        an_buf_put_c(&b, "~2");
    an_buf_put_c(&b, "\rOBX|2|TX|||1");
    for (int i = 0; i < 300000; i++)
        an_buf_put_c(&b, "~2");
    an_buf_put_c(&b, "\rOBX|3|ED|||^TEXT^plain^A^1");
    for (int i = 0; i < 300000; i++)
        an_buf_put_c(&b, "~^TEXT^plain^A^1");
    for (int i = 0; i < 30000; i++) {
        an_buf_put_c(&b, "\rOBX|1|TX|A");
        an_buf_put_u64(&b, (uint64_t)(i * 7919 % 30011));
        an_buf_put_c(&b, "^A^99L||1||||||F\rOBX|1|ST|48004-6^D^LN|");
        an_buf_put_u64(&b, (uint64_t)(i * 7919 % 30011));
        an_buf_put_c(&b, "|c.1A>G||||||F");
    }
    an_buf_put_c(&b, "\r");
    ck_assert_int_eq(an_buf_done(&b, &in, NULL), AN_OK);
    ck_assert_int_eq(read_message(in, &r), AN_OK);
    ck_assert_uint_gt(r.part[0].n_events, 60000);
    ck_assert_uint_gt(r.n_warnings, 0);
}
END_TEST

START_TEST(a_note_before_the_patient_is_about_nobody)
{
    struct ctx_reading r;

    ck_assert_int_eq(
        read_message(AN_STR("MSH|^~\\&|APP|FAC|||20240305120000||SIU^S12\r"
                            "SCH|A1||||||C^Check|||||20240306\r"
                            "NTE|1||about the appointment\rPID|1||77\r"),
                     &r),
        AN_OK);
    ck_assert_uint_eq(r.n_parts, 1);
    ck_assert_uint_eq(r.part[0].n_events, 0);
}
END_TEST

Suite *hl7_narrative_suite(void)
{
    const TTest *const test[] = {
        cuts_a_long_text_between_characters_and_says_so, is_not_quadratic,
        hostile_html_takes_one_pass, a_note_before_the_patient_is_about_nobody};
    Suite *s = suite_create("hl7/narrative");
    TCase *tc = tcase_create("hl7/narrative");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, tells_lines_from_results, 0,
                        (int)(sizeof(cases) / sizeof(cases[0])));
    tcase_add_loop_test(tc, reads_the_words_of_html, 0,
                        (int)(sizeof(pages) / sizeof(pages[0])));
    for (size_t i = 0; i < sizeof(test) / sizeof(test[0]); i++)
        tcase_add_test(tc, test[i]);
    suite_add_tcase(s, tc);
    return s;
}

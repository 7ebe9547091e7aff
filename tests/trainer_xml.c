/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the texts are, what is written is XML. */
#include "tests/model_random.h"
#include "tests/suite.h"
#include "tests/xml_read.h"
#include "trainer/package/xml.h"

#include <stdio.h>

Suite *trainer_xml_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, (size_t)64 << 20);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

START_TEST(whatever_the_text_is_the_xml_is_well_formed)
{
    struct test_random r = {7};

    for (int round = 0; round < 300; round++) {
        char text[64];
        struct tr_xml x;
        struct an_str xml;

        for (size_t i = 0; i < sizeof(text); i++)
            text[i] = (char)(test_uniform(&r) * 256);
        tr_xml_begin(&x, &arena, "Root", "urn:a&b", 1 << 16);
        tr_xml_open(&x, "Inner");
        tr_xml_leaf(&x, "Leaf", (struct an_str){text, sizeof(text)});
        ck_assert_int_eq(tr_xml_done(&x, &xml, NULL), AN_OK);
        ck_assert(xml_is_well_formed(xml));
        for (size_t i = 0; i < xml.n; i++)
            ck_assert(xml.p[i] == '\n' || xml.p[i] == '\t' ||
                      (unsigned char)xml.p[i] >= 0x20);
    }
}
END_TEST

START_TEST(xml_says_what_it_can_and_marks_the_rest)
{
    static const struct {
        struct an_str text;
        const char *as;
    } cases[] = {
        {AN_STR_INIT("a<b & \"c\" > d\r"),
         "a&lt;b &amp; &quot;c&quot; &gt; d&#13;"},
        {AN_STR_INIT("\xC3\xA9 \xF0\x9F\x98\x80"), "\xC3\xA9 \xF0\x9F\x98\x80"},
        {AN_STR_INIT("\x01"), "\xEF\xBF\xBD"},
        {AN_STR_INIT("\xEF\xBF\xBE"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {AN_STR_INIT("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {AN_STR_INIT("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {AN_STR_INIT("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char wanted[256];
        struct tr_xml x;
        struct an_str xml;

        tr_xml_begin(&x, &arena, "R", "n", 1 << 12);
        tr_xml_leaf(&x, "L", cases[i].text);
        ck_assert_int_eq(tr_xml_done(&x, &xml, NULL), AN_OK);
        snprintf(wanted, sizeof(wanted), "<L>%s</L>", cases[i].as);
        ck_assert_msg(xml_find(xml, wanted, 0) < xml.n, "%zu", i);
    }
}
END_TEST

START_TEST(xml_that_is_none_is_refused)
{
    struct an_str xml;
    struct tr_xml x;

    tr_xml_begin(&x, &arena, "R", "n", 1 << 12);
    tr_xml_close(&x);
    tr_xml_close(&x);
    ck_assert_int_eq(tr_xml_done(&x, &xml, NULL), AN_INTERNAL);
    tr_xml_begin(&x, &arena, "R", "n", 1 << 12);
    for (int i = 0; i < TR_XML_DEPTH; i++)
        tr_xml_open(&x, "E");
    ck_assert_int_eq(tr_xml_done(&x, &xml, NULL), AN_LIMIT);
    tr_xml_begin(&x, &arena, "R", "n", 40);
    ck_assert_int_eq(tr_xml_done(&x, &xml, NULL), AN_LIMIT);
}
END_TEST

Suite *trainer_xml_suite(void)
{
    const TTest *const tests[] = {
        whatever_the_text_is_the_xml_is_well_formed,
        xml_says_what_it_can_and_marks_the_rest,
        xml_that_is_none_is_refused,
    };

    return test_suite_around("trainer/xml", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}

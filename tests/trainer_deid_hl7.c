/* SPDX-License-Identifier: Apache-2.0 */
/* HL7v2 messages, de-identified. */
#include "base/buf.h"
#include "base/random.h"
#include "tests/deid_help.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *trainer_deid_hl7_suite(void);

#define MSH                                                                    \
    "MSH|^~\\&|ZQAPP|ZQHOSP|ZQR|ZQF|20140506070809||ORU^R01^ORU_R01|ZQ1|P|"    \
    "2.5.1||||||UNICODE UTF-8\r"
#define PID                                                                    \
    "PID|1|ZQ2|4711^^^ZQH^MR~078-05-1123^^^SSA^SS|ZQ4|Zqsmith^Zqanna|Zqmoth^"  \
    "X|19500317|F|Zqalias|2106-3^White^HL70005|1 Zq Street^^Zqtown^MA^02138^"  \
    "USA|Zqcounty|555-867-5309|555-1|EN|M|ZQREL|ZQACCT|078-05-1123|ZQDL||"     \
    "2186-5^Not^HL70189|Zqborn||||||20141103|Y\r"

/* The first segment of that name in a message that was de-identified. */
static const char *segment(const char *out, const char *id)
{
    static char copy[512];
    const char *at = strstr(out, id);
    size_t n = at ? strcspn(at, "\r") : 0;

    snprintf(copy, sizeof(copy), "%.*s", (int)n, at ? at : "");
    return copy;
}

static const char *left(const char *segments, const char *id)
{
    char text[1024];

    snprintf(text, sizeof(text), MSH PID "%s\r", segments);
    return segment(deid_er7(text), id);
}

START_TEST(of_who_it_is_only_coarse_facts_stay)
{
    const char *out = deid_er7(MSH PID "NK1|1|Zqwife\rZPI|Zq\rGT1|1|Zq\r");
    char number[21] = "";

    ck_assert_int_eq(strncmp(segment(out, "MSH"),
                             "MSH|^~\\&|||||2014||ORU^R01^ORU_R01|", 35),
                     0);
    ck_assert_int_eq(
        sscanf(segment(out, "PID"), "PID|1||%20[0-9a-f]^^^^MR", number), 1);
    ck_assert_uint_eq(strlen(number), 20);
    ck_assert_str_eq(segment(out, "PID") + 33,
                     "||||1950|F||2106-3^^HL70005|^^^MA^021^USA|||||M||||||"
                     "2186-5^^HL70189|||||||2014|Y");
    deid_lacks(out, "Zq");
    deid_lacks(out, "ZQ");
    deid_lacks(out, "4711");
    deid_lacks(out, "078-05");
    deid_lacks(out, "NK1");
    deid_lacks(out, "GT1");
}
END_TEST

START_TEST(of_an_address_abroad_no_postal_code_stays)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"^^^^02138^USA", "^^^^021^USA"},
        {"^^^^02138^US", "^^^^021^US"},
        {"^^^^02138", "^^^^021"},
        {"^^^^10115^DEU", "^^^^^DEU"},
        {"^^^^10115^Deutschland", ""},
        {"^^^^10115^DEU~^^^^02138", "^^^^^DEU~^^^^021"},
    };
    char text[128], whole[128];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text),
                 "MSH|^~\\&|||||2014||ADT^A08|1|P|2.5\rPID|1||||||||||%s\r",
                 cases[i].in);
        snprintf(whole, sizeof(whole), "PID|1%s%s",
                 cases[i].out[0] ? "||||||||||" : "", cases[i].out);
        ck_assert_str_eq(segment(deid_er7(text), "PID"), whole);
    }
    deid_lacks(
        deid_json("{\"resourceType\":\"Patient\",\"id\":\"1\",\"address\":"
                  "[{\"postalCode\":\"10115\",\"country\":\"DE\"}]}"),
        "postalCode");
}
END_TEST

START_TEST(blanks_and_case_make_no_other_patient)
{
    static const char *const same[][2] = {
        {"4711^^^H^MR", " 4711 ^^^H ^MR"},
        {"C757873D-EC9A-4326-A141-556F43239520",
         "c757873d-ec9a-4326-a141-556f43239520"},
    };
    static const char visit[] =
        "MSH|^~\\&|||||20140506||ADT^A08|1|P|2.5\rPID|||%s\r";
    struct tr_deid_alike alike;
    char text[128], first[256];

    deid_begin(TR_DEID_DATE_SHIFT);
    for (size_t i = 0; i < 2; i++) {
        snprintf(text, sizeof(text), visit, same[i][0]);
        snprintf(first, sizeof(first), "%s", deid_er7(text));
        snprintf(text, sizeof(text), visit, same[i][1]);
        ck_assert_str_eq(deid_er7(text), first);
    }
    tr_deid_people_alike(&deid.people, &alike);
    ck_assert_uint_eq(alike.n_people, 2);
}
END_TEST

START_TEST(an_observation_stays_where_its_type_can_be_vouched_for)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"OBX|1|NM|8302-2^Zq^LN||170.5|cm|||||F|||20140506",
         "OBX|1|NM|8302-2^^LN||170.5|cm|||||F|||2014"},
        {"OBX|1|NM|8302-2^Zq^LN||170.5|zqunit", "OBX|1|NM|8302-2^^LN"},
        {"OBX|1|NM|1^Zq^99ZQ||078051123", "OBX|1|NM"},
        {"OBX|1|NM|30525-0^Age^LN||97|a", "OBX|1|NM|30525-0^^LN||90|a"},
        {"OBX|1|NM|30525-0^Age^LN||97", "OBX|1|NM|30525-0^^LN||90"},
        {"OBX|1|NM|ZQ^Age^99ZQ^30525-0^Age^LN||97", "OBX|1|NM|30525-0^^LN||90"},
        {"OBX|1|NM|30525-0^Age^LN||97|mg", "OBX|1|NM|30525-0^^LN|||mg"},
        {"OBX|1|NM|21112-8^Zq^LN||19570312|mg", "OBX|1|NM|21112-8^^LN|||mg"},
        {"OBX|1|NM|45401-7^Zq^LN||02138", "OBX|1|NM|45401-7^^LN"},
        {"OBX|1|SN|8302-2^Zq^LN||<^5", "OBX|1|SN|8302-2^^LN||<^5"},
        {"OBX|1|SN|8302-2^Zq^LN||Zq^1^-^2", "OBX|1|SN|8302-2^^LN||^1^-^2"},
        {"OBX|1|ST|8302-2^Zq^LN||Zq text", "OBX|1|ST|8302-2^^LN"},
        {"OBX|1|ST|8302-2^Zq^LN|1.2.1|170|cm",
         "OBX|1|ST|8302-2^^LN|1.2.1|170|cm"},
        {"OBX|1|ST|8302-2^Zq^LN|078.05.1120|170|cm",
         "OBX|1|ST|8302-2^^LN||170|cm"},
        {"OBX|1|ST|8302-2^Zq^LN||170|cm", "OBX|1|ST|8302-2^^LN||170|cm"},
        {"OBX|1|ST|8302-2^Zq^LN||4711", "OBX|1|ST|8302-2^^LN"},
        {"OBX|1|TX|8302-2^Zq^LN||Zq", "OBX|1||8302-2^^LN"},
        {"OBX|1|ED|8302-2^Zq^LN||^Zq", "OBX|1||8302-2^^LN"},
        {"OBX|1|CWE|8302-2^Zq^LN||44054006^Zq^SCT^zq^Zq^99ZQ",
         "OBX|1|CWE|8302-2^^LN||44054006^^SCT"},
        {"OBX|1|CWE|8302-2^Zq^LN||zq^Zq^99ZQ^44054006^Zq^SCT",
         "OBX|1|CWE|8302-2^^LN||44054006^^SCT"},
        {"OBX|1|DT|8302-2^Zq^LN||20140102", "OBX|1|DT|8302-2^^LN||2014"},
        {"OBX|1|DT|8302-2^Zq^LN||19240102", "OBX|1|DT|8302-2^^LN"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_str_eq(left(cases[i].in, "OBX"), cases[i].out);
}
END_TEST

START_TEST(fields_without_a_row_are_emptied_and_others_stay_at_their_place)
{
    static const struct {
        const char *id, *in, *out;
    } cases[] = {
        {"PV1",
         "PV1|1|I|ZQW^1^2|E|ZQ5|ZQW|ZQD^Zq|ZQD|ZQD|MED|||R|7||VIP|ZQD||V19^^^"
         "Z|||||||||||||||||01||||||||20140102|20140105",
         NULL},
        {"DG1", "DG1|1||E11.9^Zq^I10|Zq text|20140506|F||||||||||||Zqdoc",
         "DG1|1||E11.9^^I10||2014|F"},
        {"AL1", "AL1|1|DA^Zq^HL70127|44054006^Zq^SCT|SV|Zq hives|20140506",
         "AL1|1|DA|44054006^^SCT|SV||2014"},
        {"EVN", "EVN|A01|20140506||Zq|ZQOP|20140506|Zq",
         "EVN|A01|2014||||2014"},
        {"NTE", "NTE|1||Zq", ""},
        /* Whole fields too far to the left: a number that counts nothing. */
        {"PV1", "PV1|4711471|Zq|I", "PV1"},
        {"OBR", "OBR|4711471|||44054006^Zq^SCT", "OBR||||44054006^^SCT"},
        {"IN1", "IN1|1|ZQPLAN|ZQ|Zq Ins", "IN1|1"},
        {"RXA", "RXA|0|1|20140506|20140506|140^Zq^CVX|0.5|mL||Zq",
         "RXA||1|2014|2014|140^^CVX|0.5|mL"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *out = left(cases[i].in, cases[i].id);

        deid_lacks(out, "Zq");
        deid_lacks(out, "ZQ");
        if (cases[i].out && strcmp(cases[i].id, "RXA") != 0)
            ck_assert_str_eq(out, cases[i].out);
    }
    deid_has(left(cases[0].in, "PV1"), "PV1|1|I||E||||||MED|||R|7||VIP|||");
    deid_has(left(cases[0].in, "PV1"), "|01||||||||2014|2014");
    deid_lacks(left(cases[0].in, "PV1"), "V19");
    deid_has(left(cases[8].in, "RXA"), "|2014|2014|140^^CVX|0.5|mL");
}
END_TEST

static void after(const char *out, const char *id, unsigned field,
                  char value[32])
{
    const char *p = segment(out, id);

    while (field-- && p)
        p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL;
    snprintf(value, 32, "%.*s", p ? (int)strcspn(p, "|^\r") : 0, p ? p : "");
}

START_TEST(a_patients_dates_move_alike_in_every_message)
{
    char a[32], b[32], c[32];
    const char *out;

    deid_begin(TR_DEID_DATE_SHIFT);
    out = deid_er7(MSH PID "OBR|1||||||20140506070809\r");
    after(out, "OBR|", 7, a);
    after(out, "MSH|", 6, b);
    ck_assert_str_eq(a, b);
    ck_assert_str_ne(a, "20140506070809");
    ck_assert_uint_eq(strlen(a), 14);
    ck_assert_str_eq(a + 8, "070809");
    /* Another message, where an authority is not said and another number is
     * first. */
    out = deid_er7("MSH|^~\\&|B||||20140506070809||ADT^A08|2|P|2.5\rPID|||"
                   "V9^^^^VN~4711^^^^MR\r");
    after(out, "MSH|", 6, c);
    ck_assert_str_eq(a, c);
    /* An observed birth is a year, as PID-7 is. */
    out = deid_er7(MSH PID "OBX|1|DT|21112-8^Zq^LN||19570612\r");
    after(out, "OBX|", 5, c);
    ck_assert_str_eq(c, "1957");
    /* Two patients in a message: each its own. */
    out = deid_er7(MSH PID
                   "OBR|1||||||20140506\rPID|||12^^^^MR\rPV1||I"
                   "||||||||||||||||||||||||||||||||||||||||||20140506\r");
    after(out, "OBR|", 7, a);
    after(out, "PV1|", 44, b);
    ck_assert_str_ne(a, b);
    ck_assert_uint_eq(strlen(b), 8);
    /* Nobody: nothing to move by. */
    out = deid_er7(MSH "OBR|1||||||20140506\r");
    after(out, "OBR|", 7, a);
    ck_assert_str_eq(a, "");
}
END_TEST

START_TEST(out_of_memory_is_said_wherever_it_comes)
{
    for (long i = 0; i < 4000; i++) {
        struct an_arena small;
        struct an_str out;
        enum an_code code;

        an_arena_init(&small, 64 << 20);
        small.fail_after = i;
        code = tr_deid_hl7(&deid, &small, AN_STR(MSH PID), &out, NULL);
        an_arena_free(&small);
        if (code == AN_OK)
            return;
        ck_assert_int_eq(code, AN_NOMEM);
    }
    ck_abort_msg("it never had enough");
}
END_TEST

static uint64_t drawn, key;

static size_t below(size_t n)
{
    return (size_t)(an_random(key, drawn++) % n);
}

START_TEST(no_canary_comes_through)
{
    static const char *const ids[] = {"PID", "PV1", "OBX", "OBR", "DG1", "NTE",
                                      "ZPI", "ORC", "RXE", "MRG", "IN1", "TXA",
                                      "PRB", "AL1", "SPM", "NK1", "EVN", "FT1"};
    static const char *const pieces[] = {"|",
                                         "|",
                                         "|",
                                         "|",
                                         "^",
                                         "^",
                                         "~",
                                         "&",
                                         "Canary Zq",
                                         "zqcanary",
                                         "canary^zq^LN",
                                         "zq^canary^SCT",
                                         "canary^^HL70005",
                                         "20140506zq",
                                         "TX",
                                         "123456789012",
                                         "canary\\T\\zq",
                                         "CWE",
                                         "NM",
                                         "zq^^^canary^MR"};

    for (int i = 0; i < 6000; i++) {
        struct an_str text;
        const char *out;
        struct an_buf b;

        if (i == 3000)
            deid_begin(TR_DEID_DATE_SHIFT);
        an_arena_reset(&deid_arena);
        key = (uint64_t)i;
        drawn = 0;
        an_buf_init(&b, &deid_arena, 1 << 20);
        an_buf_put_c(&b, "MSH|^~\\&|canary|zq|||20140506||zq^canary");
        for (size_t k = below(8); k < 12; k++) {
            an_buf_put_char(&b, '\r');
            an_buf_put_c(&b, ids[below(18)]);
            for (size_t f = below(90); f > 0; f--)
                an_buf_put_c(&b, pieces[below(20)]);
        }
        ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
        out = deid_er7(text.p);
        deid_lacks(out, "anary");
        deid_lacks(out, "zq");
        deid_lacks(out, "Zq");
        deid_lacks(out, "123456789");
    }
}
END_TEST

Suite *trainer_deid_hl7_suite(void)
{
    const TTest *const list[] = {
        of_who_it_is_only_coarse_facts_stay,
        of_an_address_abroad_no_postal_code_stays,
        blanks_and_case_make_no_other_patient,
        an_observation_stays_where_its_type_can_be_vouched_for,
        fields_without_a_row_are_emptied_and_others_stay_at_their_place,
        a_patients_dates_move_alike_in_every_message,
        out_of_memory_is_said_wherever_it_comes,
        no_canary_comes_through,
    };

    return test_suite_around("trainer/deid/hl7", list,
                             sizeof(list) / sizeof(list[0]), deid_set_up,
                             deid_tear_down);
}

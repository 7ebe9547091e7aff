/* SPDX-License-Identifier: Apache-2.0 */
/* What a Bundle says of the values of a message: each in FHIR's form, and of any
 * length. */
#include "hl7/convert.h"
#include "tests/hl7_convert_help.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *hl7_convert_values_suite(void);

/* ---- values --------------------------------------------------------------- */

START_TEST(numbers_keep_their_digits)
{
    const char *json = convert(MSH("ORU^R01^ORU_R01", "C1") PID ORDER OBX1 OBX2
                               "OBX|3|NM|1-8^X^LN||007.50|g\r"
                               "OBX|4|NM|1-9^Y^LN||many|g\r");

    ck_assert_ptr_nonnull(strstr(json, "\"value\":1.10"));
    ck_assert_ptr_nonnull(strstr(json, "\"value\":4.5"));
    ck_assert_ptr_nonnull(strstr(json, "\"value\":7.50"));
    ck_assert_ptr_null(strstr(json, "\"value\":many"));
}
END_TEST

#define OBX(type, value) "OBX|1|" type "|1-8^X^LN||" value "||||||F\r"
#define ACC(degree) "ACC|20260228080000|C^Car^L||||||||||" degree "\r"
/* A dispense, its limit a day, and the cumulative one. */
#define CDO(a_day, limit)                                                      \
    MSH("RDS^O13", "1")                                                        \
    PID "ORC|RE|1|2\rRXD|1|723^A^RXNORM|20260301|21||||||||" a_day             \
        "\rCDO|1|A|" limit "\r"
#define SCH(number, unit)                                                      \
    "SCH|1|1||||||CHECKUP|" number "|" unit "|^^^20260301080000\r"

/* One value of a message, and what the Bundle says of it; NULL: nothing. */
static const struct {
    const char *message, *path, *said;
} values[] = {
    {MSH("ADT^A04^ADT_A01", "1") PID PV1 ACC("-007"),
     "\"valueInteger\":", "-7"},
    {MSH("ADT^A04^ADT_A01", "1") PID PV1 ACC("-7"), "\"valueInteger\":", "-7"},
    {MSH("ADT^A04^ADT_A01", "1") PID PV1 ACC("+007"), "\"valueInteger\":", "7"},
    {MSH("ADT^A04^ADT_A01", "1") PID PV1 ACC("-000"), "\"valueInteger\":", "0"},
    {MSH("ADT^A04^ADT_A01", "1") PID PV1 ACC("-2147483647"),
     "\"valueInteger\":", "-2147483647"},
    {MSH("ADT^A04^ADT_A01", "1") PID PV1 ACC("2147483648"),
     "\"valueInteger\":", NULL},
    {MSH("ADT^A04^ADT_A01", "1") PID PV1 ACC("--7"), "\"valueInteger\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("TM", "1015"),
     "\"valueTime\":", "\"10:15:00\""},
    {MSH("ORU^R01", "1") PID ORDER OBX("TM", "235959.9"),
     "\"valueTime\":", "\"23:59:59\""},
    {MSH("ORU^R01", "1") PID ORDER OBX("TM", "10:15"),
     "\"valueTime\":", "\"10:15:00\""},
    {MSH("ORU^R01", "1") PID ORDER OBX("TM", "10:15:30"),
     "\"valueTime\":", "\"10:15:30\""},
    {MSH("ORU^R01", "1") PID ORDER OBX("TM", "10:15-30"),
     "\"valueTime\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("TM", "1:15"), "\"valueTime\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("TM", "24:00"), "\"valueTime\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("RP", "http://a.example/1^^IM^MRXS"),
     "\"presentedForm\":[{\"url\":", "\"http://a.example/1\""},
    {MSH("ORU^R01", "1") PID ORDER "SPM|1|||BLD||NONE\r",
     "\"additiveCodeableConcept\":{\"coding\":[{\"code\":\"NONE\",\"system\":",
     "\"http://terminology.hl7.org/CodeSystem/v2-0371\""},
    {CDO("", "100^mg|1^d"),
     "\"maxDosePerPeriod\":{\"numerator\":{\"value\":100,\"code\":", "\"mg\""},
    {CDO("3", "100^mg|1^d"),
     "\"maxDosePerPeriod\":{\"numerator\":{\"value\":", "3"},
    {CDO("3", "100^mg|1^d"),
     "\"note\":[{\"text\":", "\"Cumulative dosage limit: 100 mg in 1 d\""},
    {MSH("ORU^R01", "1") PID ORDER OBX("TM", "235960"),
     "\"valueTime\":", "\"23:59:59\""},
    {MSH("ORU^R01", "1") PID ORDER OBX("TM", "101561"), "\"valueTime\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("TM", "101599"), "\"valueTime\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("TM", "1060"), "\"valueTime\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("TM", "2400"), "\"valueTime\":", NULL},
    {MSH("SIU^S12", "1") SCH("30", "min") PID,
     "\"end\":", "\"2026-03-01T08:30:00+01:00\""},
    {MSH("SIU^S12", "1") SCH("366", "d") PID,
     "\"end\":", "\"2027-03-02T08:00:00+01:00\""},
    {MSH("SIU^S12", "1") SCH("367", "d") PID, "\"end\":", NULL},
    {MSH("SIU^S12", "1") SCH("8785", "h") PID, "\"end\":", NULL},
    {MSH("SIU^S12", "1") SCH("30", "fortnights") PID, "\"end\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("ED", "^AP^PDF^Base64^AAE="),
     "\"data\":", "\"AAE=\""},
    {MSH("ORU^R01", "1") PID ORDER OBX("ED", "^AP^PDF^Base64^AA==\\.br\\"),
     "\"data\":", "\"AA==\""},
    {MSH("ORU^R01", "1") PID ORDER OBX("ED", "^AP^PDF^Base64^AAEC\\.br\\AAE="),
     "\"data\":", "\"AAECAAE=\""},
    {MSH("ORU^R01", "1") PID ORDER OBX("ED", "^AP^PDF^Base64^AA=A"),
     "\"data\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("ED", "^AP^PDF^Base64^AAE"),
     "\"data\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("ED", "^AP^PDF^Base64^A==="),
     "\"data\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("ED", "^AP^PDF^Base64^===="),
     "\"data\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("ED", "^AP^PDF^Base64^AA==AAE="),
     "\"data\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("ED", "^AP^PDF^Hex^4f6B"),
     "\"data\":", "\"T2s=\""},
    {MSH("ORU^R01", "1") PID ORDER OBX("ED", "^AP^PDF^hex^4f6"),
     "\"data\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("ED", "^AP^PDF^Hex^4f6g"),
     "\"data\":", NULL},
    {MSH("ORU^R01", "1") PID ORDER OBX("ED", "^TEXT^plain^A^ok"),
     "\"data\":", "\"b2s=\""},
    {MSH("ORU^R01", "1") PID ORDER OBX("ED", "^AP^PDF^Base64^AAE*"),
     "\"data\":", NULL},
};

START_TEST(values_have_fhirs_form_or_are_left_out)
{
    const char *json = convert(values[_i].message);
    const char *at = strstr(json, values[_i].path);

    if (values[_i].said == NULL) {
        ck_assert_msg(at == NULL, "%.60s", at);
        return;
    }
    ck_assert_msg(at != NULL, "%s", json);
    at += strlen(values[_i].path);
    ck_assert_msg(strncmp(at, values[_i].said, strlen(values[_i].said)) == 0 &&
                      strchr(",}", at[strlen(values[_i].said)]) != NULL,
                  "%.60s", at);
}
END_TEST

START_TEST(times_say_the_zone_and_no_more_than_was_said)
{
    const char *json =
        convert(MSH("ADT^A01^ADT_A01", "A1") "EVN||20260228\r" PID PV1);

    ck_assert_ptr_nonnull(strstr(json, "\"2026-02-28T08:00:00+01:00\""));
    ck_assert_ptr_nonnull(strstr(json, "\"birthDate\":\"1962-07-14\""));
}
END_TEST

START_TEST(what_fhir_cannot_say_is_left_out)
{
    const char *json = convert(MSH(
        "ADT^A08^ADT_A01", "A1") "PID|1||4711^^^HOSP^MR||\"\"||19620231|Q\r");

    ck_assert_ptr_null(strstr(json, "birthDate"));
    ck_assert_ptr_null(strstr(json, "\"gender\":\"Q\""));
    ck_assert_ptr_null(strstr(json, "\\\"\\\""));
    ck_assert_ptr_null(strstr(json, "null"));
    ck_assert_ptr_null(strstr(json, "[]"));
    ck_assert_ptr_null(strstr(json, "{}"));
}
END_TEST

START_TEST(who_is_unknown_is_unknown_once)
{
    const char *json =
        convert(MSH("ORU^R01^ORU_R01", "C1") "PID|1\rOBR|1||7|1^A\r");
    const char *subject = strstr(json, "\"subject\":");

    ck_assert_ptr_nonnull(subject);
    ck_assert_ptr_null(strstr(json, "]\"extension\""));
    ck_assert_ptr_null(strstr(json, "}],\"extension\""));
}
END_TEST

/* One doctor, said three times; what disagrees is as it was said first. */
static const struct {
    const char *first, *second, *third, *names;
} pieces[] = {
    {"^^^^^", "Arzt^^^^^", "Arzt^Anna^Maria^^Dr.^",
     "\"name\":[{\"family\":\"Arzt\",\"given\":[\"Anna\",\"Maria\"],"
     "\"prefix\":[\"Dr.\"]}]"},
    {"Arzt^Anna^^^^", "Arzt^Anna^Maria^^^", "Arzt^Anna^^^Dr.^",
     "\"name\":[{\"family\":\"Arzt\",\"given\":[\"Anna\",\"Maria\"],"
     "\"prefix\":[\"Dr.\"]}]"},
    {"Arzt^Anna^^^^", "Berg^Bernd^Max^^Dr.^", "^Anna^^^^",
     "\"name\":[{\"family\":\"Arzt\",\"given\":[\"Anna\"]}]"},
    {"Arzt^Anna^^^^", "Arzt^Bernd^Max^^Dr.^", "Arzt^A.^^^^",
     "\"name\":[{\"family\":\"Arzt\",\"given\":[\"Anna\"]}]"},
    {"Arzt^Anna^^^^", "Arzt^Anna^^^^", "Arzt^Anna^^^^",
     "\"name\":[{\"family\":\"Arzt\",\"given\":[\"Anna\"]}]"},
};

START_TEST(who_is_named_in_pieces_is_one_of_all_of_them)
{
    char text[1024];
    const char *json, *whole;

    (void)snprintf(text, sizeof(text),
                   MSH("ORU^R01^ORU_R01", "1") PID
                   "PV1|1|I|||||12^%s^^HOSP|12^%s^^HOSP|12^%s^^HOSP\r",
                   pieces[_i].first, pieces[_i].second, pieces[_i].third);
    json = convert(text);
    ck_assert_uint_eq(convert_times(json, "{\"resourceType\":\"Practitioner\""),
                      1);
    ck_assert_msg(strstr(json, pieces[_i].names) != NULL, "%s", json);
    whole = convert(MSH("ORU^R01^ORU_R01", "2") PID
                    "PV1|1|I|||||12^Other^^^^^^^HOSP\r");
    ck_assert_str_eq(convert_id(json, "Practitioner", 0),
                     convert_id(whole, "Practitioner", 0));
}
END_TEST

/* Names of another use are others, and each is filled by its own. */
START_TEST(what_is_of_another_use_does_not_disagree)
{
    const char *json =
        convert(MSH("ORU^R01^ORU_R01", "1") PID
                "PV1|1|I|||||12^Arzt^^^^^^^HOSP^L|12^Doc^^^^^^^HOSP^N|"
                "12^Arzt^Anna^^^^^^HOSP^L\r");

    ck_assert_msg(strstr(json,
                         "\"name\":[{\"use\":\"official\",\"family\":\"Arzt\","
                         "\"given\":[\"Anna\"]},"
                         "{\"use\":\"nickname\",\"family\":\"Doc\"}]") != NULL,
                  "%s", json);
}
END_TEST

/* Nobody has a thousand names, and what repeats is not looked through for ever. */
START_TEST(what_is_said_of_one_ends_somewhere)
{
    enum { PLACES = 2000, FIELD_BYTES = PLACES * 32 };
    char *field = an_arena_get(&convert_arena, FIELD_BYTES, 1);
    const char *json;
    size_t n = 0;

    ck_assert_ptr_nonnull(field);
    for (int i = 0; i < PLACES; i++)
        n += (size_t)snprintf(field + n, FIELD_BYTES - n,
                              "%sW^^^^^^^^^%d&&1.2.%d&ISO", i ? "~" : "", i, i);
    json = convert(convert_joined(
        MSH("ADT^A04", "1") PID "ROL|1|AD|PP|12^Arzt|||||||||", field, "\r"));
    ck_assert_uint_eq(convert_times(json, "{\"resourceType\":\"Location\""), 1);
    ck_assert_uint_eq(convert_times(json, "urn:oid:1.2."), 31);
}
END_TEST

START_TEST(escapes_and_characters_are_text)
{
    const char *json = convert(
        MSH("ADT^A08^ADT_A01", "A1") "PID|1||4711^^^HOSP^MR||M\xfcller \\T\\ "
                                     "S\xf6hne\\.br\\GmbH\\X07\\\r");

    ck_assert_ptr_nonnull(
        strstr(json, "M\xc3\xbcller & S\xc3\xb6hne\\nGmbH\""));
}
END_TEST

/* ---- length --------------------------------------------------------------- */

/* 2 MiB of words. */
static const char *long_words(void)
{
    return convert_repeated("", "a word and ", (2 << 20) / 11);
}

/* No part of a name is too long for it: the message without a control id, an
 * identifier, somebody without one. */
START_TEST(what_names_something_may_be_long)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {MSH("ORU^R01^ORU_R01", "") PID "OBR|1|||X^X^L\rOBX|1|TX|1-8^A^L||",
         "||||||F\r"},
        {"MSH|^~\\&|LAB|HOSP|||20260301||ORU^R01|", "|P|2.5.1\r" PID},
        {MSH("ADT^A08", "C1") "PID|1||", "^^^HOSP^MR||A\r"},
        {MSH("ADT^A08", "C1") PID "PV1|1|I|||||^", "\r"},
    };
    const char *words = long_words();

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *one =
            convert(convert_joined(cases[i].before, words, cases[i].after));
        const char *two =
            convert(convert_joined(cases[i].before, words + 1, cases[i].after));

        ck_assert_str_ne(one, two);
        ck_assert_str_eq(one, convert(convert_joined(cases[i].before, words,
                                                     cases[i].after)));
    }
}
END_TEST

/* Without a control id, another message is another. */
START_TEST(without_a_control_id_the_bytes_name_the_message)
{
    const char *words = long_words();
    const char *one =
        convert(convert_joined(MSH("ORU^R01", "") PID "NTE|1||", words, "\r"));
    const char *two = convert(
        convert_joined(MSH("ORU^R01", "") PID "NTE|1||", words + 1, "\r"));

    ck_assert_str_eq(convert_id(one, "Patient", 0),
                     convert_id(two, "Patient", 0));
    ck_assert_str_ne(convert_id(one, "MessageHeader", 0),
                     convert_id(two, "MessageHeader", 0));
}
END_TEST

#define LINE                                                                   \
    "a line of a report, as long as many a system writes them, up to here, "   \
    "and no more"

/* Over 4 MiB of lines, what separates them counted. */
enum { N_LINES = 53000, LINE_BYTES = sizeof(LINE), STRING_BYTES = 1 << 20 };
_Static_assert(N_LINES *LINE_BYTES > 4 << 20, "long enough");

/* The string that begins so ends with how much was sent of it. */
static void ends_with_its_length(const char *json, const char *begin,
                                 size_t sent)
{
    const char *at = strstr(json, begin), *end;
    char note[64];
    int n = snprintf(note, sizeof(note), "[cut: %zu bytes]\"", sent);

    ck_assert_msg(at != NULL, "%s", begin);
    end = strchr(at + strlen(begin), '"') + 1;
    ck_assert_msg(memcmp(end - n, note, (size_t)n) == 0, "%.80s", end - 80);
    /* Line feeds are two bytes of JSON. */
    ck_assert_int_gt(end - at, STRING_BYTES - 64);
    ck_assert_int_lt(end - at, STRING_BYTES / 64 * 65);
}

/* FHIR's strings end at 1 MiB (R4 2.24.0.1); the message does not fail. */
START_TEST(a_long_text_is_cut_and_says_so)
{
    static const struct {
        const char *before, *line, *after, *begin;
        size_t n_more; /* bytes beside the lines */
    } cases[] = {
        {MSH("ORU^R01", "1") PID ORDER "OBX|1|TX|1-8^A^L||", LINE "~",
         "end||||||F\r", "\"valueString\":\"a line", 3},
        {MSH("ORU^R01", "1") PID ORDER OBX1 "NTE|1||", LINE "~", "end\r",
         "\"note\":[{\"text\":\"a line", 3},
        {MSH("SIU^S12", "1") SCH("30", "min") "NTE|1||end\r",
         "NTE|1||" LINE "\r", PID, "\"comment\":\"end\\na line", 3},
        {"MSH|^~\\&|LAB|HOSP|||20260301||ADT^", LINE ".", "end|1\r" PID,
         "\"display\":\"ADT^a line", 7},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *lines = convert_repeated("", cases[i].line, N_LINES);

        ends_with_its_length(
            convert(convert_joined(cases[i].before, lines, cases[i].after)),
            cases[i].begin, (size_t)N_LINES * LINE_BYTES + cases[i].n_more);
        an_arena_reset(&convert_arena);
    }
}
END_TEST

static size_t data_bytes(const char *json)
{
    const char *data = strstr(json, "\"data\":\"");

    ck_assert_ptr_nonnull(data);
    return strcspn(data + 8, "\"");
}

START_TEST(a_long_document_is_whole)
{
    const char *said = convert_joined(
        MSH("MDM^T02", "1") PID "TXA|1|DS|TX|20260301||||||||D1\r"
                                "OBX|1|TX|DS^Summary||",
        convert_repeated("", LINE "~", N_LINES), "end||||||F\r");
    const char *scanned = convert_joined(
        MSH("MDM^T02", "1") PID "TXA|1|DS|AP|20260301||||||||D1\r"
                                "OBX|1|ED|DS^Summary||^AP^PDF^Base64^",
        convert_repeated("", "AAECAwQF", STRING_BYTES / 4), "||||||F\r");

    ck_assert_uint_eq(data_bytes(convert(said)),
                      ((size_t)N_LINES * LINE_BYTES + 3 + 2) / 3 * 4);
    ck_assert_uint_eq(data_bytes(convert(scanned)), STRING_BYTES * 2);
}
END_TEST

/* What is just long enough stays; what is cut is cut between characters. */
START_TEST(a_text_is_cut_behind_a_character)
{
    const char *half = convert_repeated("", "\xc3\xa9", STRING_BYTES / 2 - 1);
    const char *json;

    json = convert(convert_joined(
        MSH("ORU^R01", "1") PID ORDER "OBX|1|ST|1-8^A^L||ab", half, "\r"));
    ck_assert_ptr_null(strstr(json, "[cut:"));
    for (int i = 0; i < 2; i++) {
        json = convert(convert_joined(
            i ? MSH("ORU^R01", "1") PID ORDER "OBX|1|ST|1-8^A^L||abc"
              : MSH("ORU^R01", "1") PID ORDER "OBX|1|ST|1-8^A^L||abcd",
            half, "\r"));
        ck_assert_ptr_nonnull(
            strstr(json, i ? "\xc3\xa9\\n[cut: 1048577 bytes]\""
                           : "\xc3\xa9\\n[cut: 1048578 bytes]\""));
    }
}
END_TEST

Suite *hl7_convert_values_suite(void)
{
    const TTest *const tests[] = {
        numbers_keep_their_digits,
        times_say_the_zone_and_no_more_than_was_said,
        what_fhir_cannot_say_is_left_out,
        who_is_unknown_is_unknown_once,
        what_is_of_another_use_does_not_disagree,
        what_is_said_of_one_ends_somewhere,
        escapes_and_characters_are_text,
        what_names_something_may_be_long,
        without_a_control_id_the_bytes_name_the_message,
        a_long_text_is_cut_and_says_so,
        a_long_document_is_whole,
        a_text_is_cut_behind_a_character,
    };
    Suite *suite = test_suite_around("hl7/convert_values", tests,
                                     sizeof(tests) / sizeof(tests[0]),
                                     convert_set_up, convert_tear_down);
    TCase *tc = tcase_create("values");

    tcase_add_checked_fixture(tc, convert_set_up, convert_tear_down);
    tcase_add_loop_test(tc, who_is_named_in_pieces_is_one_of_all_of_them, 0,
                        sizeof(pieces) / sizeof(pieces[0]));
    tcase_add_loop_test(tc, values_have_fhirs_form_or_are_left_out, 0,
                        sizeof(values) / sizeof(values[0]));
    suite_add_tcase(suite, tc);
    return suite;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a Bundle says of the values of a message: each in FHIR's form, and of any
 * length. */
#include "hl7/convert.h"
#include "tests/hl7_convert_help.h"
#include "tests/suite.h"

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

Suite *hl7_convert_values_suite(void)
{
    const TTest *const tests[] = {
        numbers_keep_their_digits,
        times_say_the_zone_and_no_more_than_was_said,
        what_fhir_cannot_say_is_left_out,
        who_is_unknown_is_unknown_once,
        escapes_and_characters_are_text,
        what_names_something_may_be_long,
        without_a_control_id_the_bytes_name_the_message,
    };
    Suite *suite = test_suite_around("hl7/convert_values", tests,
                                     sizeof(tests) / sizeof(tests[0]),
                                     convert_set_up, convert_tear_down);
    TCase *tc = tcase_create("values");

    tcase_add_checked_fixture(tc, convert_set_up, convert_tear_down);
    tcase_add_loop_test(tc, values_have_fhirs_form_or_are_left_out, 0,
                        sizeof(values) / sizeof(values[0]));
    suite_add_tcase(suite, tc);
    return suite;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as FHIR Bundles: what holds whatever the maps say (names, links,
 * order, memory), and tests/golden/convert-* for what the maps say. */
#include "base/buf.h"
#include "base/json.h"
#include "hl7/convert.h"
#include "hl7/read.h"
#include "tests/golden_folder.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *hl7_convert_suite(void);

enum { ARENA_BYTES = 64 << 20, TEXT_BYTES = 1 << 16 };

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, ARENA_BYTES);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static enum an_code convert_to(const char *text, enum hl7_bundle bundle,
                               struct hl7_converted *out, struct an_err *err)
{
    const struct hl7_convert_settings settings = {.zone = {.offset_min = 60},
                                                  .bundle = bundle};
    struct hl7_message *m = an_arena_get(&arena, 1, sizeof(*m));
    enum an_code rc;

    if (m == NULL)
        return an_fail_nomem(err);
    rc = hl7_read(&arena, an_str_c(text), NULL, NULL, m, err);
    return rc == AN_OK ? hl7_convert(&arena, &settings, m, out, err) : rc;
}

static const char *convert(const char *text)
{
    struct hl7_converted out;
    struct an_err err;

    ck_assert_msg(convert_to(text, HL7_BUNDLE_MESSAGE, &out, &err) == AN_OK,
                  "%s", err.what);
    return out.json.p;
}

/* How often `part` stands in `text`. */
static unsigned times(const char *text, const char *part)
{
    unsigned n = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        n++;
    }
    return n;
}

/* The id of the n-th resource of a type (0-based), in a static buffer. */
static const char *id_of(const char *json, const char *type, unsigned n)
{
    static char id[4][37];
    static unsigned turn;
    char head[80];

    turn = (turn + 1) % 4;
    (void)snprintf(head, sizeof(head), "{\"resourceType\":\"%s\",\"id\":\"",
                   type);
    for (;; n--) {
        json = strstr(json, head);
        ck_assert_msg(json != NULL, "no %s", type);
        json += strlen(head);
        if (n == 0)
            break;
    }
    memcpy(id[turn], json, 36);
    return id[turn];
}

#define MSH(type, id)                                                          \
    "MSH|^~\\&|LAB|HOSP|ENGINE|HOSP|20260301120000||" type "|" id "|P|2.5.1\r"
#define PID                                                                    \
    "PID|1||4711^^^HOSP^MR||Muster^Erika^Maria||19620714|F|||Hauptstr. "       \
    "1^^Ulm^^89073^DE\r"
#define PV1                                                                    \
    "PV1|1|I|W1^101^A||||||||||||||||V-77|||||||||||||||||||||||||"            \
    "20260228080000\r"
#define ORDER                                                                  \
    "ORC|RE|P-1^EHR|F-1^LAB\r"                                                 \
    "OBR|1|P-1^EHR|F-1^LAB|24323-8^CMP^LN|||20260301073000|||||||"             \
    "||||||||20260301110000||LAB|F\r"
#define OBX1 "OBX|1|NM|2160-0^Creatinine^LN||1.10|mg/dL|0.7-1.3|N|||F\r"
#define OBX2 "OBX|2|NM|2823-3^Potassium^LN||+4.5|mmol/L|3.5-5.1||||F\r"
#define SPM "SPM|1|S-9&EHR^S-9&LAB||BLD^Blood^HL70487\r"

/* ---- names ---------------------------------------------------------------- */

START_TEST(the_same_message_is_the_same_bytes)
{
    const char *text = MSH("ORU^R01^ORU_R01", "C1") PID PV1 ORDER OBX1 OBX2 SPM;

    ck_assert_str_eq(convert(text), convert(text));
}
END_TEST

START_TEST(the_same_things_have_the_same_ids_in_other_messages)
{
    const char *lab = convert(MSH("ORU^R01^ORU_R01", "C1") PID PV1 ORDER OBX1);
    const char *corrected =
        convert(MSH("ORU^R01^ORU_R01", "C2") PID PV1 ORDER OBX1);
    const char *admit =
        convert(MSH("ADT^A01^ADT_A01", "A1") "EVN||20260228080000\r" PID PV1);

    ck_assert_str_eq(id_of(lab, "Patient", 0), id_of(admit, "Patient", 0));
    ck_assert_str_eq(id_of(lab, "Encounter", 0), id_of(admit, "Encounter", 0));
    ck_assert_str_eq(id_of(lab, "Observation", 0),
                     id_of(corrected, "Observation", 0));
    ck_assert_str_eq(id_of(lab, "DiagnosticReport", 0),
                     id_of(corrected, "DiagnosticReport", 0));
    ck_assert_str_ne(id_of(lab, "MessageHeader", 0),
                     id_of(corrected, "MessageHeader", 0));
}
END_TEST

START_TEST(two_people_of_one_number_at_two_authorities_are_two)
{
    const char *here = convert(MSH("ADT^A08^ADT_A01", "1") PID);
    const char *there =
        convert(MSH("ADT^A08^ADT_A01", "2") "PID|1||4711^^^OTHER^MR||X\r");

    ck_assert_str_ne(id_of(here, "Patient", 0), id_of(there, "Patient", 0));
}
END_TEST

START_TEST(what_has_no_name_gets_the_place_in_the_message)
{
    const char *text =
        MSH("ORU^R01^ORU_R01", "C1") PID "OBR|1|||X^X^L\r" OBX1 OBX1;
    const char *json = convert(text);

    ck_assert_uint_eq(times(json, "\"resourceType\":\"Observation\""), 2);
    ck_assert_str_ne(id_of(json, "Observation", 0),
                     id_of(json, "Observation", 1));
}
END_TEST

/* A message's head, and one segment so often. */
static const char *repeated(const char *head, const char *segment, unsigned n)
{
    struct an_buf b;
    struct an_str text;

    an_buf_init(&b, &arena, 1 << 20);
    an_buf_put_c(&b, head);
    while (n--)
        an_buf_put_c(&b, segment);
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text.p;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 36);
}

START_TEST(a_thousand_twins_have_a_thousand_names)
{
    static const char head[] = "{\"resourceType\":\"Observation\",\"id\":\"";
    static char id[1000][36];
    const char *json = convert(repeated(
        MSH("ORU^R01^ORU_R01", "C1") PID ORDER,
        "OBX|1|NM|2160-0^Creatinine^LN||1|mg/dL|||||F|||||12^Arzt\r", 1000));
    const char *at = json;

    for (size_t i = 0; i < 1000; i++) {
        at = strstr(at, head);
        ck_assert_ptr_nonnull(at);
        at += sizeof(head) - 1;
        memcpy(id[i], at, 36);
    }
    ck_assert_ptr_null(strstr(at, head));
    qsort(id, 1000, sizeof(id[0]), by_bytes);
    for (size_t i = 1; i < 1000; i++)
        ck_assert_int_ne(memcmp(id[i - 1], id[i], 36), 0);
    ck_assert_uint_eq(times(json, "{\"resourceType\":\"Practitioner\""), 1);
}
END_TEST

/* A number that looks like the one a twin was given is another name. */
START_TEST(who_looks_like_a_twin_is_none)
{
    const char *json = convert(MSH("ORU^R01^ORU_R01", "C1") PID ORDER
                               "OBX|1|NM|1-8^A^LN|#1|1||||||F\r"
                               "OBX|2|NM|1-8^A^LN||2||||||F\r"
                               "OBX|3|NM|1-8^A^LN||3||||||F\r"
                               "OBX|4|NM|1-8^A^LN|#1|4||||||F\r"
                               "OBX|5|NM|1-8^A^LN||5||||||F\r");

    for (unsigned i = 1; i < 5; i++)
        for (unsigned k = 0; k < i; k++)
            ck_assert_str_ne(id_of(json, "Observation", i),
                             id_of(json, "Observation", k));
}
END_TEST

/* Everybody who is named twice is there once (pain 13). */
START_TEST(one_practitioner_is_one_resource)
{
    const char *json = convert(
        MSH("ORU^R01^ORU_R01", "C1") PID
        "PV1|1|I|||||12^Arzt^Anna^^^^^^HOSP|||||||||12^Arzt^Anna^^^^^^HOSP\r");

    ck_assert_uint_eq(times(json, "\"resourceType\":\"Practitioner\""), 1);
}
END_TEST

/* ---- links ---------------------------------------------------------------- */

static bool refers(const char *json, const char *id)
{
    char text[80];

    (void)snprintf(text, sizeof(text), "{\"reference\":\"urn:uuid:%s\"}", id);
    return strstr(json, text) != NULL;
}

START_TEST(results_hang_together_whatever_the_order)
{
    const char *after =
        convert(MSH("ORU^R01^ORU_R01", "C1") PID ORDER OBX1 SPM);
    const char *before =
        convert(MSH("ORU^R01^ORU_R01", "C1") PID ORDER SPM OBX1);
    const char *json[] = {after, before};

    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(times(json[i], "\"resourceType\":\"Observation\""),
                          1);
        ck_assert(refers(json[i], id_of(json[i], "Observation", 0)));
        ck_assert(refers(json[i], id_of(json[i], "Specimen", 0)));
        ck_assert(refers(json[i], id_of(json[i], "Patient", 0)));
    }
    ck_assert_str_eq(id_of(after, "Observation", 0),
                     id_of(before, "Observation", 0));
}
END_TEST

/* No group's data in the next (pain 15). */
START_TEST(a_second_order_has_nothing_of_the_first)
{
    const char *json = convert(
        MSH("ORU^R01^ORU_R01", "C1") PID ORDER OBX1 SPM
        "ORC|RE|P-2^EHR|F-2^LAB\rOBR|2|P-2^EHR|F-2^LAB|718-7^Hb^LN\r" OBX2);
    const char *id = id_of(json, "DiagnosticReport", 1);
    char head[64];
    const char *second, *end;

    (void)snprintf(head, sizeof(head), "\"id\":\"%s\"", id);
    second = strstr(json, head);
    ck_assert_uint_eq(times(json, "\"resourceType\":\"DiagnosticReport\""), 2);
    ck_assert_ptr_nonnull(strstr(second, "718-7"));
    /* The specimen is the first one's. */
    ck_assert_ptr_nonnull(strstr(json, "\"specimen\":["));
    end = strstr(second, "\"fullUrl\"");
    ck_assert(end == NULL || strstr(second, "\"specimen\":[") == NULL ||
              strstr(second, "\"specimen\":[") > end);
}
END_TEST

START_TEST(two_patients_keep_their_own)
{
    const char *json = convert(MSH("ORU^R01^ORU_R01", "C1") PID ORDER OBX1
                               "PID|2||4712^^^HOSP^MR||Muster^Max\r"
                               "OBR|1|P-9^EHR|F-9^LAB|24323-8^CMP^LN\r" OBX2);

    ck_assert_uint_eq(times(json, "\"resourceType\":\"Patient\""), 2);
    ck_assert_str_ne(id_of(json, "Observation", 0),
                     id_of(json, "Observation", 1));
}
END_TEST

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

/* ---- the Bundle ----------------------------------------------------------- */

START_TEST(a_bundle_of_each_kind)
{
    const char *text = MSH("ADT^A01^ADT_A01", "A1") PID PV1;
    struct hl7_converted out;
    struct an_err err;

    ck_assert_int_eq(convert_to(text, HL7_BUNDLE_MESSAGE, &out, &err), AN_OK);
    ck_assert_ptr_nonnull(strstr(out.json.p, "\"type\":\"message\""));
    ck_assert_ptr_nonnull(
        strstr(out.json.p, "\"resource\":{\"resourceType\":\"MessageHeader\""));
    ck_assert_ptr_null(strstr(out.json.p, "\"request\""));
    ck_assert_int_eq(convert_to(text, HL7_BUNDLE_TRANSACTION, &out, &err),
                     AN_OK);
    ck_assert_uint_eq(times(out.json.p, "\"method\":\"PUT\""), out.n_resources);
    ck_assert_int_eq(convert_to(text, HL7_BUNDLE_COLLECTION, &out, &err),
                     AN_OK);
    ck_assert_ptr_nonnull(strstr(out.json.p, "\"type\":\"collection\""));
}
END_TEST

START_TEST(fields_that_were_used_are_told)
{
    struct hl7_converted out;
    struct an_err err;

    ck_assert_int_eq(convert_to(MSH("ADT^A01^ADT_A01", "A1") PID
                                "ZZZ|1|unknown to all\r",
                                HL7_BUNDLE_MESSAGE, &out, &err),
                     AN_OK);
    ck_assert((out.used[1] & (UINT64_C(1) << 3)) != 0);
    ck_assert((out.used[1] & (UINT64_C(1) << 4)) == 0);
    ck_assert_uint_eq(out.used[2], 0);
}
END_TEST

START_TEST(odd_messages_convert)
{
    static const char *const odd[] = {
        "MSH|^~\\&\r",
        "MSH|^~\\&|||||||ADT^A01\rPID\rPV1\rOBX\rNTE\rORC\rOBR\rSPM\r",
        ("MSH|^~\\&|||||||ORU\rOBX|1|NM|A||1~2~3\rOBX|2|ED|B||^^^Base64^!!\r"
         "OBX|3|ED|B||^AP^PDF^Hex^0g\rOBX|4|SN|B||^^^^\rOBX|5|ZZ|B||x\r"),
        "MSH|^~\\&|||||||ADT^A40\rPID|1\rMRG|\rPID|2\rMRG|7\r",
    };

    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        ck_assert_ptr_nonnull(strstr(convert(odd[i]), "\"Bundle\""));
}
END_TEST

/* With every allocation failing once on the way: refused, or whole. */
START_TEST(survives_each_failed_allocation)
{
    const char *text = MSH("ORU^R01^ORU_R01", "C1") PID PV1 ORDER OBX1 SPM;
    char *whole = strdup(convert(text));
    struct hl7_converted out;
    struct an_err err;
    long n = 0;

    ck_assert_ptr_nonnull(whole);
    for (;; n++) {
        enum an_code rc;

        an_arena_reset(&arena);
        arena.fail_after = n;
        rc = convert_to(text, HL7_BUNDLE_MESSAGE, &out, &err);
        arena.fail_after = -1;
        if (rc == AN_OK)
            break;
        ck_assert_msg(rc == AN_NOMEM || rc == AN_LIMIT, "%ld: %s", n, err.what);
    }
    ck_assert_str_eq(out.json.p, whole);
    ck_assert_int_gt(n, 50);
    free(whole);
}
END_TEST

/* ---- what the maps say ---------------------------------------------------- */

static void compare_folder(const char *folder)
{
    char path[512];
    struct an_str message;
    struct hl7_converted out;
    struct an_err err;

    an_arena_reset(&arena);
    (void)snprintf(path, sizeof(path), "%s/in.hl7", folder);
    message = golden_load(path);
    ck_assert_msg(message.p != NULL, "%s", path);
    ck_assert_msg(convert_to(message.p, HL7_BUNDLE_MESSAGE, &out, &err) ==
                      AN_OK,
                  "%s: %s", path, err.what);
    golden_compare(folder, "bundle.json", golden_lines(&arena, out.json));
    free((void *)(uintptr_t)message.p);
}

START_TEST(converts_as_the_golden_files_say)
{
    ck_assert_uint_ge(golden_each("convert-", compare_folder), 12);
}
END_TEST

Suite *hl7_convert_suite(void)
{
    const TTest *const tests[] = {
        the_same_message_is_the_same_bytes,
        the_same_things_have_the_same_ids_in_other_messages,
        two_people_of_one_number_at_two_authorities_are_two,
        what_has_no_name_gets_the_place_in_the_message,
        a_thousand_twins_have_a_thousand_names,
        who_looks_like_a_twin_is_none,
        one_practitioner_is_one_resource,
        results_hang_together_whatever_the_order,
        a_second_order_has_nothing_of_the_first,
        two_patients_keep_their_own,
        numbers_keep_their_digits,
        times_say_the_zone_and_no_more_than_was_said,
        what_fhir_cannot_say_is_left_out,
        who_is_unknown_is_unknown_once,
        escapes_and_characters_are_text,
        a_bundle_of_each_kind,
        fields_that_were_used_are_told,
        odd_messages_convert,
        survives_each_failed_allocation,
        converts_as_the_golden_files_say,
    };

    Suite *suite =
        test_suite_around("hl7/convert", tests,
                          sizeof(tests) / sizeof(tests[0]), set_up, tear_down);
    TCase *tc = tcase_create("values");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, values_have_fhirs_form_or_are_left_out, 0,
                        sizeof(values) / sizeof(values[0]));
    suite_add_tcase(suite, tc);
    return suite;
}

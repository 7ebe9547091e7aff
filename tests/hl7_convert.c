/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as FHIR Bundles: what holds whatever the maps say (names, links,
 * order, memory), and tests/golden/convert-* for what the maps say. */
#include "base/json.h"
#include "hl7/convert.h"
#include "tests/golden_folder.h"
#include "tests/hl7_convert_help.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *hl7_convert_suite(void);

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

    ck_assert_str_eq(convert_id(lab, "Patient", 0),
                     convert_id(admit, "Patient", 0));
    ck_assert_str_eq(convert_id(lab, "Encounter", 0),
                     convert_id(admit, "Encounter", 0));
    ck_assert_str_eq(convert_id(lab, "Observation", 0),
                     convert_id(corrected, "Observation", 0));
    ck_assert_str_eq(convert_id(lab, "DiagnosticReport", 0),
                     convert_id(corrected, "DiagnosticReport", 0));
    ck_assert_str_ne(convert_id(lab, "MessageHeader", 0),
                     convert_id(corrected, "MessageHeader", 0));
}
END_TEST

START_TEST(two_people_of_one_number_at_two_authorities_are_two)
{
    const char *here = convert(MSH("ADT^A08^ADT_A01", "1") PID);
    const char *there =
        convert(MSH("ADT^A08^ADT_A01", "2") "PID|1||4711^^^OTHER^MR||X\r");

    ck_assert_str_ne(convert_id(here, "Patient", 0),
                     convert_id(there, "Patient", 0));
}
END_TEST

START_TEST(what_has_no_name_gets_the_place_in_the_message)
{
    const char *text =
        MSH("ORU^R01^ORU_R01", "C1") PID "OBR|1|||X^X^L\r" OBX1 OBX1;
    const char *json = convert(text);

    ck_assert_uint_eq(convert_times(json, "\"resourceType\":\"Observation\""),
                      2);
    ck_assert_str_ne(convert_id(json, "Observation", 0),
                     convert_id(json, "Observation", 1));
}
END_TEST

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 36);
}

START_TEST(a_thousand_twins_have_a_thousand_names)
{
    static const char head[] = "{\"resourceType\":\"Observation\",\"id\":\"";
    static char id[1000][36];
    const char *json = convert(convert_repeated(
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
    ck_assert_uint_eq(convert_times(json, "{\"resourceType\":\"Practitioner\""),
                      1);
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
            ck_assert_str_ne(convert_id(json, "Observation", i),
                             convert_id(json, "Observation", k));
}
END_TEST

/* A row's field is read repetition by repetition, also in its conditions. */
START_TEST(each_repetition_keeps_its_own)
{
    const char *json = convert(
        MSH("ADT^A08", "1") "PID|1||1^^^A^MR~2^^^B^PI~^^^C^SS~~2^^^B^PI~3\r"
                            "OBX|1|CE|1-8^A^LN||a^A^L~b^B^M~c\r");

    ck_assert_uint_eq(convert_times(json, "\"value\":\"2\",\"assigner\""), 1);
    ck_assert_ptr_nonnull(strstr(
        json, "\"Medical record number\"}]},\"value\":\"1\",\"assigner\""));
    ck_assert_ptr_nonnull(strstr(json, "}},{\"value\":\"3\"}]"));
    ck_assert_ptr_nonnull(strstr(json, "\"urn:id:L\",\"code\":\"a\""));
    ck_assert_ptr_nonnull(strstr(json, "\"urn:id:M\",\"code\":\"b\""));
    ck_assert_ptr_nonnull(strstr(json, "[{\"code\":\"c\"}]"));
}
END_TEST

/* Everybody who is named twice is there once (pain 13). */
START_TEST(one_practitioner_is_one_resource)
{
    const char *json = convert(
        MSH("ORU^R01^ORU_R01", "C1") PID
        "PV1|1|I|||||12^Arzt^Anna^^^^^^HOSP|||||||||12^Arzt^Anna^^^^^^HOSP\r");

    ck_assert_uint_eq(convert_times(json, "\"resourceType\":\"Practitioner\""),
                      1);
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
        ck_assert_uint_eq(
            convert_times(json[i], "\"resourceType\":\"Observation\""), 1);
        ck_assert(refers(json[i], convert_id(json[i], "Observation", 0)));
        ck_assert(refers(json[i], convert_id(json[i], "Specimen", 0)));
        ck_assert(refers(json[i], convert_id(json[i], "Patient", 0)));
    }
    ck_assert_str_eq(convert_id(after, "Observation", 0),
                     convert_id(before, "Observation", 0));
}
END_TEST

/* No group's data in the next (pain 15). */
START_TEST(a_second_order_has_nothing_of_the_first)
{
    const char *json = convert(
        MSH("ORU^R01^ORU_R01", "C1") PID ORDER OBX1 SPM
        "ORC|RE|P-2^EHR|F-2^LAB\rOBR|2|P-2^EHR|F-2^LAB|718-7^Hb^LN\r" OBX2);
    const char *id = convert_id(json, "DiagnosticReport", 1);
    char head[64];
    const char *second, *end;

    (void)snprintf(head, sizeof(head), "\"id\":\"%s\"", id);
    second = strstr(json, head);
    ck_assert_uint_eq(
        convert_times(json, "\"resourceType\":\"DiagnosticReport\""), 2);
    ck_assert_ptr_nonnull(strstr(second, "718-7"));
    /* The specimen is the first one's. */
    ck_assert_ptr_nonnull(strstr(json, "\"specimen\":["));
    end = strstr(second, "\"fullUrl\"");
    ck_assert(end == NULL || strstr(second, "\"specimen\":[") == NULL ||
              strstr(second, "\"specimen\":[") > end);
}
END_TEST

/* Who takes part in an order may stand between its ORC and itself (HL7 v2.7). */
#define TAKE_PART                                                              \
    "PRT|1|AD||OP^Ordering Provider^HL70912|66^Arzt^Anna^^^^^^HOSP\r"          \
    "PRT|2|AD||RCT^Results Copies To^HL70912|67^Haus^Max^^^^^^HOSP\r"          \
    "PRT|3|AD||EQUIP^Equipment^HL70912||||||CATH-1^ACME\r"
#define RXO "RXO|A^Aspirin^L|100||mg^mg^L\r"
#define RXE "RXE||A^Aspirin^L|100||mg^mg^L\r"
static const struct {
    const char *head, *between, *order, *rest, *element;
} taking_part[] = {
    {MSH("OML^O21^OML_O21", "1"), "", "OBR|1|P-1^EHR||24323-8^CMP^LN\r", "",
     "\"requester\":{\"reference\""},
    {MSH("ORU^R01^ORU_R01", "1"), "TQ1|1\r", "OBR|1|P-1^EHR||1-8^CMP^LN\r",
     OBX1, "\"requester\":{\"reference\""},
    {MSH("ORU^R01^ORU_R01", "1"), "", "OBR|1|P-1^EHR||1-8^CMP^LN\r",
     "OBR|2|P-1^EHR||2-6^BMP^LN\r" OBX1, "\"requester\":{\"reference\""},
    {MSH("OMP^O09^OMP_O09", "1"), "NTE|1||x\r", RXO, "",
     "\"supportingInformation\":[{\"reference\""},
    {MSH("RDE^O11^RDE_O11", "1"), "", RXO, RXE,
     "\"supportingInformation\":[{\"reference\""},
    {MSH("RDE^O11^RDE_O11", "1"), "ZXX|1\r", RXE, "TQ1|1||BID\r",
     "\"supportingInformation\":[{\"reference\""},
    {MSH("RDS^O13^RDS_O13", "1"), "", "RXD|1|A^Aspirin^L|20260301|1\r", "",
     "\"supportingInformation\":[{\"reference\""},
};

START_TEST(who_stands_above_an_order_takes_part_in_it)
{
    const char *between = taking_part[_i].between, *rest = taking_part[_i].rest;
    char above[1024], below[1024];
    const char *json;

    (void)snprintf(above, sizeof(above),
                   "%s" PID "ORC|NW|P-1^EHR\r%s" TAKE_PART "%s%s",
                   taking_part[_i].head, between, taking_part[_i].order, rest);
    (void)snprintf(below, sizeof(below),
                   "%s" PID "ORC|NW|P-1^EHR\r%s%s" TAKE_PART "%s",
                   taking_part[_i].head, between, taking_part[_i].order, rest);
    json = convert(above);
    ck_assert_uint_eq(convert_times(json, "\"code\":\"OP\""), 1);
    ck_assert_uint_eq(convert_times(json, "\"code\":\"RCT\""), 1);
    ck_assert_uint_eq(convert_times(json, "\"CATH-1\""), 1);
    ck_assert_uint_eq(convert_times(json, taking_part[_i].element), 1);
    ck_assert_str_eq(json, convert(below));
}
END_TEST

/* An ORC without an order, and one below its OBR: nobody is read twice, or as of
 * the order that comes. */
START_TEST(who_takes_part_in_one_order_is_in_no_other)
{
    const char *alone = convert(MSH("ORU^R01^ORU_R01", "1") PID
                                "ORC|NW|P-1^EHR\r" TAKE_PART "ORC|NW|P-2^EHR\r"
                                "OBR|1|P-2^EHR||1-8^CMP^LN\r" OBX1);
    const char *below =
        convert(MSH("ORU^R01^ORU_R01", "1") PID
                "OBR|1|P-1^EHR||1-8^CMP^LN\r"
                "ORC|NW|P-1^EHR\r" TAKE_PART OBX1 "ORC|NW|P-2^EHR\r"
                "OBR|1|P-2^EHR||1-8^CMP^LN\r" OBX1);

    ck_assert_ptr_null(strstr(alone, "\"code\":\"OP\""));
    ck_assert_uint_eq(convert_times(below, "\"code\":\"OP\""), 1);
    ck_assert_uint_eq(convert_times(below, "\"requester\":{"), 1);
    ck_assert_ptr_nonnull(strstr(below, "\"requester\":{"));
    ck_assert(strstr(below, "\"requester\":{") < strstr(below, "\"P-2\""));
}
END_TEST

/* The set id of a TQ1 counts only where there is another one. */
START_TEST(the_only_timing_is_of_the_only_dosage)
{
#define RXE_1 "RXE|1^BID|A^Aspirin^L|100||mg^mg^L||Take with food\r"
    static const struct {
        const char *segments;
        unsigned n_dosages;
    } cases[] = {
        {RXE_1, 1},
        {RXE_1 "TQ1|1|2^TAB\r", 1},
        {RXE_1 "TQ1|2|2^TAB\r", 1},
        {RXE_1 "TQ1||2^TAB\r", 1},
        {RXE_1 "TQ1|1|2^TAB\rTQ1|2|3^TAB\r", 2},
        {RXE_1 "TQ1|2|2^TAB\rTQ1|3|3^TAB\r", 2},
        {"TQ1|1|2^TAB\r" RXE_1 "TQ1|2|3^TAB\r", 2},
        {RXO "TQ1|2|2^TAB\r", 1},
        {"RXG|1|1|1^BID|A^Aspirin^L|100||mg^mg^L\rTQ1|2|2^TAB\r", 1},
        {RXE_1 "TQ1|2|2^TAB\rORC|NW|P-2^EHR\r" RXE_1 "TQ1|2|2^TAB\r", 2},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *json = convert(convert_joined(MSH("RDE^O11^RDE_O11", "1")
                                                      PID "ORC|NW|P-1^EHR\r",
                                                  cases[i].segments, ""));

        ck_assert_msg(convert_times(json, "\"doseAndRate\":") ==
                          cases[i].n_dosages,
                      "%zu: %s", i, json);
    }
#undef RXE_1
}
END_TEST

/* Each order's charge goes to the account below it (BLG), and nowhere where no
 * account is: not to that of the order before or after. */
START_TEST(a_charge_goes_to_the_account_of_its_own_order)
{
    static const char charge[] = "FT1|1|||20260301|20260301|CG|80053^CMP^C4\r";
    const char *json =
        convert(convert_joined(MSH("ORM^O01^ORM_O01", "1") PID ORDER, charge,
                               "BLG|||ACC-1^^^HOSP^AN\rCTI|T-1\r"
                               "ORC|RE|P-2^EHR\rOBR|1|P-2^EHR||1^X^L\r"
                               "FT1|2|||20260301|20260301|CG|84132^K^C4\r"
                               "ORC|RE|P-3^EHR\rOBR|1|P-3^EHR||2^Y^L\r"
                               "BLG|||ACC-3^^^HOSP^AN\r"));
    const char *first = strstr(json, "\"code\":\"80053\"");
    const char *second = strstr(json, "\"code\":\"84132\"");
    char account[64];

    ck_assert(first && second && first < second);
    ck_assert_uint_eq(convert_times(json, "\"resourceType\":\"Account\""), 2);
    ck_assert_uint_eq(convert_times(json, "\"account\":["), 1);
    snprintf(account, sizeof(account),
             "\"account\":[{\"reference\":\"urn:uuid:%s",
             convert_id(json, "Account", 0));
    ck_assert_ptr_nonnull(strstr(first, account));
    ck_assert_ptr_null(strstr(second, account));
}
END_TEST

/* What a container of a specimen holds: a control is made of it, and no additive
 * of it. */
START_TEST(a_control_is_made_of_what_its_container_holds)
{
#define CONTROL(role)                                                          \
    MSH("OUL^R22^OUL_R22", "1")                                                \
    "SPM|1|S-1&EHR^S-1&LAB||PLAS^Plasma^HL70487|||||||" role "\r"              \
    "SAC|||T-1\rINV|C-1^Control^L|OK|CO|V-1\r"                                 \
    "OBR|1|P-1^EHR||2823-3^K^LN\r" OBX2
    const char *control = convert(CONTROL("Q^Control specimen^HL70369"));
    const char *patient = convert(CONTROL("P^Patient specimen^HL70369"));

    ck_assert_ptr_nonnull(strstr(control, "\"resourceType\":\"Substance\""));
    ck_assert_ptr_nonnull(strstr(control, "\"subject\":{\"reference\""));
    ck_assert_ptr_null(strstr(control, "additiveReference"));
    ck_assert_ptr_nonnull(strstr(patient, "additiveReference"));
#undef CONTROL
}
END_TEST

/* INV stands in messages of analysers too, where there is no specimen. */
START_TEST(a_substance_alone_is_a_substance)
{
    const char *json =
        convert(MSH("INU^U05^INU_U05",
                    "1") "EQU|A^LAB|20260301\rINV|DIL^Diluent^L|EE|DI|B-1\r");

    ck_assert_uint_eq(convert_times(json, "\"resourceType\":\"Substance\""), 1);
    ck_assert_ptr_nonnull(strstr(json, "\"status\":\"inactive\""));
    ck_assert_ptr_null(strstr(json, "\"resourceType\":\"Specimen\""));
}
END_TEST

START_TEST(two_patients_keep_their_own)
{
    const char *json = convert(MSH("ORU^R01^ORU_R01", "C1") PID ORDER OBX1
                               "PID|2||4712^^^HOSP^MR||Muster^Max\r"
                               "OBR|1|P-9^EHR|F-9^LAB|24323-8^CMP^LN\r" OBX2);

    ck_assert_uint_eq(convert_times(json, "\"resourceType\":\"Patient\""), 2);
    ck_assert_str_ne(convert_id(json, "Observation", 0),
                     convert_id(json, "Observation", 1));
}
END_TEST

/* What R4 wants of a resource by elements.tsv: a reference that was never made
 * leaves it out; one to somebody who says nothing is somebody unknown; one that
 * need not be there goes. */
START_TEST(a_reference_that_must_be_there_is_there)
{
#define DB1 "DB1|1|PT||Y|20260101\r"
    static const struct {
        const char *text;
        unsigned n_conditions, n_unknown, n_subjects;
    } cases[] = {
        {MSH("ADT^A04", "1") PID DB1, 1, 0, 1},
        {MSH("ADT^A04", "1") "PV1|1|I\r" DB1, 0, 0, 0},
        {MSH("ADT^A04", "1") "PV1|1|I\rPID|1\r" DB1, 1, 1, 1},
        {MSH("ORU^R01", "1") "PID|1\rOBR|1||7|1^A\r" OBX1, 0, 1, 1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *json = convert(cases[i].text);

        ck_assert_uint_eq(convert_times(json, "\"resourceType\":\"Condition\""),
                          cases[i].n_conditions);
        ck_assert_uint_eq(convert_times(json, "\"subject\":{\"extension\""),
                          cases[i].n_unknown);
        ck_assert_uint_eq(convert_times(json, "\"subject\":{"),
                          cases[i].n_subjects);
    }
}
END_TEST

/* So it is inside of a resource: where somebody was before is no place. */
START_TEST(a_part_that_lacks_its_reference_is_left_out)
{
    const char *json =
        convert(MSH("ADT^A02", "1") PID "PV1|1|I|W1^101|||^^^^^^^^^^SITE\r");

    ck_assert_ptr_nonnull(strstr(json, "\"location\":[{\"location\""));
    ck_assert_uint_eq(convert_times(json, "\"status\":\"completed\""), 0);
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
    ck_assert_uint_eq(convert_times(out.json.p, "\"method\":\"PUT\""),
                      out.n_resources);
    ck_assert_int_eq(convert_to(text, HL7_BUNDLE_COLLECTION, &out, &err),
                     AN_OK);
    ck_assert_ptr_nonnull(strstr(out.json.p, "\"type\":\"collection\""));
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

        an_arena_reset(&convert_arena);
        convert_arena.fail_after = n;
        rc = convert_to(text, HL7_BUNDLE_MESSAGE, &out, &err);
        convert_arena.fail_after = -1;
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

    an_arena_reset(&convert_arena);
    (void)snprintf(path, sizeof(path), "%s/in.hl7", folder);
    message = golden_load(path);
    ck_assert_msg(message.p != NULL, "%s", path);
    ck_assert_msg(convert_to(message.p, HL7_BUNDLE_MESSAGE, &out, &err) ==
                      AN_OK,
                  "%s: %s", path, err.what);
    golden_compare(folder, "bundle.json",
                   golden_lines(&convert_arena, out.json));
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
        each_repetition_keeps_its_own,
        one_practitioner_is_one_resource,
        results_hang_together_whatever_the_order,
        a_second_order_has_nothing_of_the_first,
        who_takes_part_in_one_order_is_in_no_other,
        the_only_timing_is_of_the_only_dosage,
        a_charge_goes_to_the_account_of_its_own_order,
        a_control_is_made_of_what_its_container_holds,
        a_substance_alone_is_a_substance,
        two_patients_keep_their_own,
        a_reference_that_must_be_there_is_there,
        a_part_that_lacks_its_reference_is_left_out,
        a_bundle_of_each_kind,
        odd_messages_convert,
        survives_each_failed_allocation,
        converts_as_the_golden_files_say,
    };

    Suite *s = test_suite_around("hl7/convert", tests,
                                 sizeof(tests) / sizeof(tests[0]),
                                 convert_set_up, convert_tear_down);
    TCase *tables = tcase_create("tables");

    tcase_add_checked_fixture(tables, convert_set_up, convert_tear_down);
    tcase_add_loop_test(tables, who_stands_above_an_order_takes_part_in_it, 0,
                        (int)(sizeof(taking_part) / sizeof(taking_part[0])));
    suite_add_tcase(s, tables);
    return s;
}

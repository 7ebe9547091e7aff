/* SPDX-License-Identifier: Apache-2.0 */
/* What stands around an order: notes above it, and who takes part in what is
 * given. */
#include "tests/hl7_convert_help.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *hl7_convert_orders_suite(void);

#define AP                                                                     \
    "PRT|1|AD||AP^Administering Provider^HL70912|66^Pflege^Petra^^^^^^HOSP\r"
#define RCT "PRT|2|AD||RCT^Results Copies To^HL70912|67^Haus^Max^^^^^^HOSP\r"
#define PUMP "PRT|3|AD||EQUIP^Equipment^HL70912||||||PUMP-1^ACME\r"
#define NOTE_1 "NTE|1||afraid of needles\r"
#define NOTE_2 "NTE|2||calls at nine\r"
#define ORC1 "ORC|NW|P-1^EHR\r"
#define OBR1 "OBR|1|P-1^EHR||2823-3^Potassium^LN\r"
#define RXO1 "RXO|A^Aspirin^L|100||mg^mg^L\r"
#define RXE1 "RXE||A^Aspirin^L|100||mg^mg^L\r"
#define RXD1 "RXD|1|A^Aspirin^L|20260301|1\r"
#define RXG1 "RXG|1||^^^20260302080000|A^Aspirin^L|10||mg\r"
#define RXA1 "RXA|0|1|20260302080000||A^Aspirin^L|10|mg\r"
#define CVX "RXA|0|1|20260301||141^Influenza^CVX|0.5|mL\r"

/* The resource of a type that says `part`; the text ends with it. */
static const char *resource_with(const char *json, const char *type,
                                 const char *part)
{
    static char text[16384];
    char head[80];

    (void)snprintf(head, sizeof(head), "{\"resourceType\":\"%s\"", type);
    while ((json = strstr(json, head)) != NULL) {
        const char *end = strstr(json, "\"fullUrl\"");
        size_t n = end ? (size_t)(end - json) : strlen(json);

        ck_assert_uint_lt(n, sizeof(text));
        memcpy(text, json, n);
        text[n] = '\0';
        if (strstr(text, part))
            return text;
        json += n;
    }
    ck_abort_msg("no %s says %s", type, part);
    return NULL;
}

/* ---- notes ---------------------------------------------------------------- */

static const struct {
    const char *head, *before, *order, *rest, *type;
} noted[] = {
    {MSH("ORM^O01^ORM_O01", "1"), ORC1 OBR1, "OBR|2|P-2^EHR||1-8^CMP^LN\r",
     NOTE_2, "ServiceRequest"},
    {MSH("OML^O21^OML_O21", "1"), ORC1 OBR1 OBX1,
     "TQ1|1||||||20260301\rOBR|2|P-2^EHR||1-8^CMP^LN\r", "", "ServiceRequest"},
    {MSH("ORU^R01^ORU_R01", "1"), ORC1 OBR1 OBX1, "OBR|2|P-2^EHR||1-8^C^LN\r",
     OBX1, "ServiceRequest"},
    {MSH("OUL^R22^OUL_R22", "1"), SPM ORC1 OBR1 OBX1,
     "OBR|2|P-2^EHR||1-8^C^LN\r", OBX1, "ServiceRequest"},
    {MSH("PPR^PC1^PPR_PC1", "1"),
     "PRB|AD|20260301|I10^Hypertension^I10|PB-1^EHR\r",
     "OBR|2|P-2^EHR||1-8^C^LN\r", "", "ServiceRequest"},
    {MSH("DFT^P03^DFT_P03", "1"), "FT1|1|||20260301||CG|99^Visit^L\r",
     "OBR|2|P-2^EHR||1-8^C^LN\r", "", "ServiceRequest"},
    {MSH("ORM^O01^ORM_O01", "1"), ORC1 OBR1, RXO1, "", "MedicationRequest"},
    {MSH("OMP^O09^OMP_O09", "1"), ORC1 RXO1, "ZXX|1\r" RXO1, "RXR|PO\r",
     "MedicationRequest"},
    {MSH("RDE^O11^RDE_O11", "1"), ORC1 RXE1, RXE1, "RXR|PO\r",
     "MedicationRequest"},
    {MSH("RDE^O11^RDE_O11", "1"), ORC1 RXE1, RXO1, RXE1, "MedicationRequest"},
    {MSH("RGV^O15^RGV_O15", "1"), ORC1 RXG1, RXG1, "", "MedicationRequest"},
    {MSH("RDS^O13^RDS_O13", "1"), ORC1 RXD1, RXD1, "", "MedicationDispense"},
    {MSH("RAS^O17^RAS_O17", "1"), ORC1 RXA1, RXA1, "RXR|PO\r",
     "MedicationAdministration"},
    {MSH("VXU^V04^VXU_V04", "1"), ORC1 CVX, CVX, "", "Immunization"},
};

/* It is not about what came before, and one that stands below is told apart only
 * where the report has it (ORU, OUL). */
START_TEST(a_note_above_an_order_is_about_that_order)
{
    const char *head = convert_joined(noted[_i].head, PID, noted[_i].before);
    const char *above = convert_joined("ORC|NW|P-2^EHR\r" NOTE_1,
                                       noted[_i].order, noted[_i].rest);
    const char *json = convert(convert_joined(head, above, ""));
    bool report = strstr(head, "|ORU") || strstr(head, "|OUL");
    const char *at;

    ck_assert_uint_eq(convert_times(json, "afraid of needles"), 1);
    at = resource_with(json, noted[_i].type, "afraid of needles");
    ck_assert_msg(strstr(at, "\"P-2\"") ||
                      strcmp(noted[_i].type, "MedicationDispense") == 0 ||
                      strcmp(noted[_i].type, "Immunization") == 0,
                  "%s", at);
    above = convert_joined("ORC|NW|P-2^EHR\r", noted[_i].order,
                           convert_joined(NOTE_1, noted[_i].rest, ""));
    if (report)
        ck_assert_ptr_nonnull(
            resource_with(convert(convert_joined(head, above, "")),
                          "DiagnosticReport", "afraid of needles"));
    else
        ck_assert_str_eq(json, convert(convert_joined(head, above, "")));
}
END_TEST

START_TEST(notes_above_and_below_an_order_keep_their_turn)
{
    const char *json = convert(MSH(
        "ORM^O01^ORM_O01", "1") PID ORC1 NOTE_1 NOTE_2 OBR1 "NTE|1||third\r");
    const char *one = strstr(json, "needles"), *two = strstr(json, "at nine");
    const char *three = strstr(json, "third");

    ck_assert(one && two && three && one < two && two < three);
    ck_assert_uint_eq(convert_times(json, "\"note\":["), 1);
}
END_TEST

/* An order without details has the note; an ORC below its OBR is no new order. */
START_TEST(a_note_without_an_order_below_stays_where_it_is)
{
    const char *alone = convert(MSH("ORM^O01^ORM_O01", "1") PID ORC1 NOTE_1
                                "ORC|NW|P-2^EHR\rOBR|1|P-2^EHR||1-8^C^LN\r");
    const char *below =
        convert(MSH("OUL^R22^OUL_R22", "1") PID SPM OBR1 ORC1 NOTE_1 OBX1);

    ck_assert_ptr_nonnull(
        strstr(resource_with(alone, "ServiceRequest", "afraid of needles"),
               "\"P-1\""));
    ck_assert_uint_eq(convert_times(alone, "afraid of needles"), 1);
    ck_assert_ptr_nonnull(
        resource_with(below, "DiagnosticReport", "afraid of needles"));
    ck_assert_uint_eq(convert_times(below, "afraid of needles"), 1);
}
END_TEST

/* ---- who takes part ------------------------------------------------------- */

static const struct {
    const char *head, *orc, *order, *type;
} given[] = {
    {MSH("RAS^O17^RAS_O17", "1"), ORC1, RXA1, "MedicationAdministration"},
    {MSH("RAS^O17^RAS_O17", "1"), ORC1 RXO1 ORC1, RXA1,
     "MedicationAdministration"},
    {MSH("RAS^O17^RAS_O17", "1"), "", RXA1, "MedicationAdministration"},
    {MSH("RAR^RAR^RAR_RAR", "1"), ORC1, RXA1, "MedicationAdministration"},
    {MSH("VXU^V04^VXU_V04", "1"), ORC1, CVX, "Immunization"},
    {MSH("VXU^V04^VXU_V04", "1"), "", CVX, "Immunization"},
    {MSH("RSP^K11^RSP_K11", "1"), ORC1, CVX, "Immunization"},
};

START_TEST(who_gave_it_is_its_performer)
{
    const char *head = convert_joined(given[_i].head, PID, given[_i].orc);
    const char *below =
        convert_joined(given[_i].order, AP RCT PUMP, "RXR|PO\r");
    const char *json = convert(convert_joined(head, below, ""));
    bool vaccine = strcmp(given[_i].type, "Immunization") == 0;
    const char *at = resource_with(json, given[_i].type, "\"performer\":[");
    char role[80];

    ck_assert_uint_eq(convert_times(at, "\"performer\":["), 1);
    ck_assert_uint_eq(convert_times(at, "\"actor\":"), 1);
    ck_assert_uint_eq(convert_times(at, "\"code\":\"AP\""), 1);
    (void)snprintf(role, sizeof(role), "\"actor\":{\"reference\":\"urn:uuid:%s",
                   convert_id(json, "PractitionerRole", 0));
    ck_assert_ptr_nonnull(strstr(at, role));
    ck_assert_uint_eq(convert_times(at, "\"device\":["), vaccine ? 0 : 1);
    ck_assert_uint_eq(convert_times(at, "\"supportingInformation\":["),
                      vaccine ? 0 : 1);
    ck_assert_ptr_null(strstr(json, "\"resourceType\":\"CareTeam\""));
    if (given[_i].orc[0]) {
        below = convert_joined(AP RCT PUMP, given[_i].order, "RXR|PO\r");
        ck_assert_str_eq(json, convert(convert_joined(head, below, "")));
    }
}
END_TEST

START_TEST(each_performer_is_one_beside_those_of_the_order_and_the_dose)
{
    const char *json = convert(
        MSH("RAS^O17^RAS_O17", "1") PID
        "ORC|RE|P-1^EHR||||||||||12^Arzt^Anna\r"
        "RXA|0|1|20260302080000||A^Aspirin^L|10|mg|||65^Pflege^Paul\r" AP
        "PRT|2|AD||VP^Verifier^HL70912|67^Haus^Max\r");
    const char *at =
        resource_with(json, "MedicationAdministration", "\"performer\":[");

    ck_assert_uint_eq(convert_times(at, "\"actor\":"), 4);
    ck_assert_uint_eq(convert_times(at, "\"function\":"), 4);
    ck_assert_uint_eq(convert_times(at, "\"code\":\"VP\""), 1);
}
END_TEST

START_TEST(who_is_to_give_it_is_the_performer_of_the_request)
{
    const char *head = MSH("RGV^O15^RGV_O15", "1") PID ORC1;
    const char *json = convert(
        convert_joined(head, RXE1 "ORC|RE|P-1^EHR\r" RXG1, AP RCT PUMP));
    const char *at = resource_with(json, "MedicationRequest", "instance-order");

    ck_assert_uint_eq(convert_times(at, "\"performer\":{"), 1);
    ck_assert_uint_eq(convert_times(at, "\"supportingInformation\":["), 1);
    ck_assert_uint_eq(convert_times(json, "\"supportingInformation\":["), 1);
    at = strstr(at, "\"supportingInformation\":[");
    ck_assert_uint_ge(convert_times(at, "\"reference\""), 3);
    ck_assert_str_eq(
        json, convert(convert_joined(head, RXE1 "ORC|RE|P-1^EHR\r" AP RCT PUMP,
                                     RXG1)));
}
END_TEST

/* A vaccine that was not given (998) is no vaccination, nor the one before it. */
START_TEST(nobody_takes_part_in_what_was_not_given)
{
    const char *json = convert(MSH("VXU^V04^VXU_V04", "1") PID ORC1 CVX
                               "ORC|RE|P-2^EHR\r"
                               "RXA|0|1|20260301||998^No vaccine^CVX|999\r" AP);

    ck_assert_ptr_nonnull(strstr(json, "\"resourceType\":\"Immunization\""));
    ck_assert_ptr_null(strstr(json, "\"performer\":"));
}
END_TEST

Suite *hl7_convert_orders_suite(void)
{
    const TTest *const tests[] = {
        notes_above_and_below_an_order_keep_their_turn,
        a_note_without_an_order_below_stays_where_it_is,
        each_performer_is_one_beside_those_of_the_order_and_the_dose,
        who_is_to_give_it_is_the_performer_of_the_request,
        nobody_takes_part_in_what_was_not_given,
    };

    Suite *s = test_suite_around("hl7/convert-orders", tests,
                                 sizeof(tests) / sizeof(tests[0]),
                                 convert_set_up, convert_tear_down);
    TCase *tables = tcase_create("tables");

    tcase_add_checked_fixture(tables, convert_set_up, convert_tear_down);
    tcase_add_loop_test(tables, a_note_above_an_order_is_about_that_order, 0,
                        (int)(sizeof(noted) / sizeof(noted[0])));
    tcase_add_loop_test(tables, who_gave_it_is_its_performer, 0,
                        (int)(sizeof(given) / sizeof(given[0])));
    suite_add_tcase(s, tables);
    return s;
}

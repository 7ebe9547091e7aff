/* SPDX-License-Identifier: Apache-2.0 */
/* What stands around an order: notes above it. */
#include "tests/hl7_convert_help.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

Suite *hl7_convert_orders_suite(void);

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

Suite *hl7_convert_orders_suite(void)
{
    const TTest *const tests[] = {
        notes_above_and_below_an_order_keep_their_turn,
        a_note_without_an_order_below_stays_where_it_is,
    };

    Suite *s = test_suite_around("hl7/convert-orders", tests,
                                 sizeof(tests) / sizeof(tests[0]),
                                 convert_set_up, convert_tear_down);
    TCase *tables = tcase_create("tables");

    tcase_add_checked_fixture(tables, convert_set_up, convert_tear_down);
    tcase_add_loop_test(tables, a_note_above_an_order_is_about_that_order, 0,
                        (int)(sizeof(noted) / sizeof(noted[0])));
    suite_add_tcase(s, tables);
    return s;
}

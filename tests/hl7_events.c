/* SPDX-License-Identifier: Apache-2.0 */
/* What messages say: the rows of config/tables/hl7-events.tsv, one by one. */
#include "base/buf.h"
#include "hl7/events.h"
#include "hl7/read.h"
#include "tests/suite.h"

#include <string.h>

Suite *hl7_events_suite(void);

enum { ARENA_BYTES = 8 << 20 };

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, ARENA_BYTES);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static enum an_code read_text(const char *text, struct ctx_reading *r,
                              struct an_err *err)
{
    struct hl7_settings settings = {.zone = {.offset_min = 60}};
    struct hl7_message *m = an_arena_get(&arena, 1, sizeof(*m));
    enum an_code rc;

    if (m == NULL)
        return an_fail_nomem(err);
    rc = hl7_read(&arena, an_str_c(text), NULL, NULL, m, err);
    return rc == AN_OK ? hl7_events(&arena, &settings, m, r, err) : rc;
}

static void put_value(struct an_buf *b, const struct ctx_value *v)
{
    an_buf_put(b, v->comparator);
    an_buf_put(b, v->literal);
    an_buf_put(b, v->code.code);
    an_buf_put(b, v->text);
    if (v->unit.n) {
        an_buf_put_char(b, ' ');
        an_buf_put(b, v->unit);
    }
}

/* One line an event that is neither birth nor sex: what a reader of the table
 * wants to see. */
static struct an_str lines(const struct ctx_reading *r)
{
    struct an_buf b;
    struct an_str text;
    char time[AN_TIME_TEXT_BYTES];

    an_buf_init(&b, &arena, 1 << 20);
    for (size_t p = 0; p < r->n_parts; p++) {
        for (size_t i = 0; i < r->part[p].n_events; i++) {
            const struct ctx_event *e = &r->part[p].event[i];

            if (e->kind == CTX_BIRTH || e->kind == CTX_SEX)
                continue;
            an_time_print_fhir(e->effective, time);
            an_buf_put_c(&b, time);
            an_buf_put_char(&b, ' ');
            an_buf_put_c(&b, ctx_kind_text(e->kind));
            an_buf_put_char(&b, ' ');
            an_buf_put_c(&b, ctx_status_text(e->status));
            an_buf_put_c(&b, " [");
            an_buf_put(&b, e->concept.code.n ? e->concept.code
                                             : e->concept.display);
            an_buf_put_c(&b, "] ");
            put_value(&b, &e->value);
            if (e->flag.n) {
                an_buf_put_char(&b, '!');
                an_buf_put(&b, e->flag);
            }
            an_buf_put_c(&b, " @");
            an_buf_put(&b, e->place);
            an_buf_put_char(&b, '\n');
        }
    }
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text;
}

#define MSH(type) "MSH|^~\\&|APP|FAC|||20240305120000||" type "|C1|P|2.5.1\r"
#define PID "PID|1||77^^^FAC^MR||Doe^Ann||19600102|F\r"

static const struct {
    const char *name, *message, *want;
} cases[] = {
    {"an admission takes PV1-44, then EVN-6, then EVN-2",
     MSH("ADT^A01") "EVN|A01|20240305115500|||20240305115000|\r" PID
                    "PV1|1|I|W^1^A||||||||||||||||V1^^^FAC\r",
     "2024-03-05T11:55:00+01:00 admission final [IMP]  @PV1[1]-2\n"},
    {"a pre-admission is planned",
     MSH("ADT^A05") PID "PV1|1|P|||||||||||||||||V1\r"
                        "PV2||||||||20240310080000\r",
     "2024-03-10T08:00:00+01:00 admission planned [PRENC]  @PV2[1]\n"},
    {"a pre-admission that names no day is of today",
     MSH("ADT^A05") PID "PV1|1|P|||||||||||||||||V1\rPV2|||I10^^I10C\r",
     "2024-03-05T12:00:00+01:00 admission planned [PRENC]  @PV1[1]-2\n"
     "2024-03-05T12:00:00+01:00 condition preliminary [I10]  @PV2[1]-3\n"},
    {"a discharge is planned, and then it is not",
     MSH("ADT^A16") PID "PV1|1|I|||||||||||||||||V1\r"
                        "PV2|||||||||20240307\r",
     "2024-03-07 discharge planned [IMP]  @PV2[1]\n"},
    {"a pending discharge is cancelled",
     MSH("ADT^A25") PID "PV1|1|I|||||||||||||||||V1\r",
     "2024-03-05T12:00:00+01:00 discharge cancelled [IMP]  @PV1[1]-2\n"},
    {"a cancelled admission withdraws it",
     MSH("ADT^A11") PID "PV1|1|I|||||||||||||||||V1\r",
     "2024-03-05T12:00:00+01:00 admission cancelled [IMP]  @PV1[1]-2\n"},
    {"a discharge says where to",
     MSH("ADT^A03") PID
     "PV1|1|I|||||||||||||||||V1|||||||||||||||||01|||||||||20240305110000\r",
     "2024-03-05T11:00:00+01:00 discharge final [IMP] 01 @PV1[1]-2\n"},
    {"a cancelled discharge withdraws it",
     MSH("ADT^A13") PID "PV1|1|I|||||||||||||||||V1\r",
     "2024-03-05T12:00:00+01:00 discharge cancelled [IMP]  @PV1[1]-2\n"},
    {"a transfer says to which bed",
     MSH("ADT^A02") "EVN|A02|20240305115500||||20240305113000\r" PID
                    "PV1|1|I|W^2^B||||||||||||||||V1\r",
     "2024-03-05T11:30:00+01:00 transfer final [IMP] W^2^B @PV1[1]-2\n"},
    {"an update without an admission time says nothing of admissions",
     MSH("ADT^A08") PID "PV1|1|I|||||||||||||||||V1\r", ""},
    {"diagnoses by type, time and action",
     MSH("ADT^A08") PID "DG1|1||I10^High blood pressure^I10C||20240301|F\r"
                        "DG1|2||I50.9^^I10C|||A\r"
                        "DG1|3|||Sore toe||W\r"
                        "DG1|4||J18.9^^I10C||20240302|F|||||||||||||||D\r",
     "2024-03-01 condition final [I10]  @DG1[1]-3\n"
     "2024-03-05T12:00:00+01:00 condition preliminary [I50.9]  @DG1[2]-3\n"
     "2024-03-05T12:00:00+01:00 condition preliminary [Sore toe]  @DG1[3]-4\n"
     "2024-03-02 condition entered in error [J18.9]  @DG1[4]-3\n"},
    {"procedures and allergies",
     MSH("ADT^A08") PID "PR1|1||0DTJ4ZZ^Appendix^I10P||202403041530\r"
                        "AL1|1|DA|7980^Penicillin^RXNORM|SV|Hives~Itching\r",
     "2024-03-04T15:30:00+01:00 procedure final [0DTJ4ZZ]  @PR1[1]-3\n"
     "2024-03-05T12:00:00+01:00 allergy final [7980] Hives\nItching"
     " @AL1[1]-3\n"},
    {"results by type, with unit, flag and status",
     MSH("ORU^R01") PID
     "OBR|1||F1^LAB|24323-8^Panel^LN|||20240305080000|||||||||||||||||F\r"
     "OBX|1|NM|2160-0^Creatinine^LN||0.90|MG/DL|0.5-1.1|N|||F\r"
     "OBX|2|SN|33762-6^NT-proBNP^LN||<^50|pg/mL||L|||P\r"
     "OBX|3|SN|5048-4^ANA^LN||^1^:^128||||||F\r"
     "OBX|4|CWE|882-1^Group^LN||A^A pos^L||||||C\r"
     "OBX|5|ST|777-3^Platelets^LN||210|x10^9/L|||||F\r"
     "OBX|6|ST|8251-1^Comment^LN||210||||||F\r"
     "OBX|7|TX|8251-1^Comment^LN||one~two||||||D\r"
     "OBX|8|NM|2823-3^Potassium^LN||haemolysed|mmol/L|||||X\r"
     "OBX|9|ED|11524-6^ECG^LN||^image^png^Base64^AAAA||||||F\r",
     "2024-03-05T08:00:00+01:00 report final [24323-8] [image/png, 3 bytes]"
     " @OBR[1]-4\n"
     "2024-03-05T08:00:00+01:00 observation final [2160-0] 0.90 mg/dL!N"
     " @OBX[1]-5\n"
     "2024-03-05T08:00:00+01:00 observation preliminary [33762-6] <50 pg/mL!L"
     " @OBX[2]-5\n"
     "2024-03-05T08:00:00+01:00 observation final [5048-4] 1:128 @OBX[3]-5\n"
     "2024-03-05T08:00:00+01:00 observation corrected [882-1] A @OBX[4]-5\n"
     "2024-03-05T08:00:00+01:00 observation final [777-3] 210 10*9/L"
     " @OBX[5]-5\n"
     "2024-03-05T08:00:00+01:00 observation final [8251-1] 210 @OBX[6]-5\n"
     "2024-03-05T08:00:00+01:00 observation entered in error [8251-1] one"
     " @OBX[7]-5[1]\n"
     "2024-03-05T08:00:00+01:00 observation entered in error [8251-1] two"
     " @OBX[7]-5[2]\n"
     "2024-03-05T08:00:00+01:00 observation cancelled [2823-3] haemolysed"
     " @OBX[8]-5\n"
     "2024-03-05T08:00:00+01:00 observation final [11524-6]  @OBX[9]-5\n"},
    {"units as devices (ISO 11073) and laboratories without a slash write them",
     MSH("ORU^R01") PID "OBR|1||F1^LAB|85353-1^Vitals^LN|||20240305080000\r"
                        "OBX|1|NM|8480-6^Systolic^LN||171.28|MDC_DIM_MMHG\r"
                        "OBX|2|NM|8867-4^Pulse^LN||86|MDC_DIM_BEAT_PER_MIN\r"
                        "OBX|3|NM|8310-5^Temperature^LN||36.19|MDC_DIM_DEGC\r"
                        "OBX|4||3151-8^Oxygen^LN||5|MDC_DIM_X_L_PER_MIN\r"
                        "OBX|5||3150-6^Oxygen^LN||28|MDC_DIM_PERCENT\r"
                        "OBX|6|NM|14682-9^Creatinine^LN||121.00|UMOLL|49 - 92\r"
                        "OBX|7|NM|2823-3^Potassium^LN||4.78|MMOLL\r"
                        "OBX|8|NM|33914-3^eGFR^LN||<15|MLMIN|[ ]\r",
     "2024-03-05T08:00:00+01:00 report final [85353-1]  @OBR[1]-4\n"
     "2024-03-05T08:00:00+01:00 observation final [8480-6] 171.28 mm[Hg]"
     " @OBX[1]-5\n"
     "2024-03-05T08:00:00+01:00 observation final [8867-4] 86 /min"
     " @OBX[2]-5\n"
     "2024-03-05T08:00:00+01:00 observation final [8310-5] 36.19 Cel"
     " @OBX[3]-5\n"
     "2024-03-05T08:00:00+01:00 observation final [3151-8] 5 L/min"
     " @OBX[4]-5\n"
     "2024-03-05T08:00:00+01:00 observation final [3150-6] 28 %"
     " @OBX[5]-5\n"
     "2024-03-05T08:00:00+01:00 observation final [14682-9] 121.00 umol/L"
     " @OBX[6]-5\n"
     "2024-03-05T08:00:00+01:00 observation final [2823-3] 4.78 mmol/L"
     " @OBX[7]-5\n"
     "2024-03-05T08:00:00+01:00 observation final [33914-3] <15 mL/min"
     " @OBX[8]-5\n"},
    {"a note belongs to what stands above it",
     MSH("ORU^R01") PID "OBR|1||F1|24323-8^Panel^LN|||20240305080000\r"
                        "NTE|1||Fasting\r"
                        "OBX|1|NM|2160-0^Creatinine^LN||0.9\r"
                        "NTE|1||Twice~measured\r",
     "2024-03-05T08:00:00+01:00 report final [24323-8]  @OBR[1]-4\n"
     "2024-03-05T08:00:00+01:00 note final [24323-8] Fasting @NTE[1]\n"
     "2024-03-05T08:00:00+01:00 observation final [2160-0] 0.9 @OBX[1]-5\n"
     "2024-03-05T08:00:00+01:00 note final [2160-0] Twice\nmeasured"
     " @NTE[2]\n"},
    {"an order is planned until it is cancelled",
     MSH("ORM^O01") PID "ORC|NW|P1|||||||20240305115900\r"
                        "OBR|1|P1||71020^Chest^C4\r"
                        "ORC|CA|P2\rOBR|2|P2||71021^Chest^C4\r",
     "2024-03-05T11:59:00+01:00 order planned [71020]  @OBR[1]-4\n"
     "2024-03-05T12:00:00+01:00 order cancelled [71021]  @OBR[2]-4\n"},
    {"a prescription, its amount, and its end",
     MSH("RDE^O11") PID
     "ORC|NW|R1|||||||20240305115900\r"
     "RXE|^^^20240305130000|860975^Metformin^RXNORM|500||mg\r"
     "ORC|DC|R2|||||||20240305115900\r"
     "RXE|^^^20240101080000|314076^Lisinopril^RXNORM|10||mg\r",
     "2024-03-05T11:59:00+01:00 medication order final [860975] 500 mg"
     " @RXE[1]-2\n"
     "2024-01-01T08:00:00+01:00 medication order final [314076] 10 mg"
     " @RXE[2]-2\n"},
    {"a vaccination given and one refused",
     MSH("VXU^V04") PID
     "ORC|RE|V1\rRXA|0|1|20240305||140^Flu^CVX|0.5|mL|||||||||||||CP|A\r"
     "ORC|RE|V2\rRXA|0|1|20240305||133^PCV^CVX|999||||||||||||||RE\r",
     "2024-03-05 immunization final [140] 0.5 mL @RXA[1]-5\n"
     "2024-03-05 immunization cancelled [133] 999 @RXA[2]-5\n"},
    {"a document has the text of its OBX segments",
     MSH("MDM^T02") PID "TXA|1|DS|TX|20240305110000||||||||D1|||||AU\r"
                        "OBX|1|TX|18842-5^Summary^LN||First line.\r"
                        "OBX|2|TX|18842-5^Summary^LN||Second \\T\\ last.\r",
     "2024-03-05T11:00:00+01:00 document final [DS] First line.\n"
     "Second & last. @TXA[1]-2\n"},
    {"a death with and without its time",
     MSH("ADT^A08") "PID|1||77^^^FAC^MR||||||||||||||||||||||||||20240304|Y\r",
     "2024-03-04 death final [death]  @PID[1]\n"},
    {"a death of which only the fact is known",
     MSH("ADT^A08") "PID|1||77^^^FAC^MR|||||||||||||||||||||||||||Y\r",
     "2024-03-05T12:00:00+01:00 death final [death]  @PID[1]\n"},
    {"results after the specimen are results all the same",
     MSH("ORU^R01") PID "OBR|1||F1|6463-4^Culture^LN\r"
                        "SPM|1|||119339001^Stool^SCT|||||||||||||20240303\r"
                        "OBX|1|ST|6463-4^Culture^LN||no growth\r",
     "2024-03-05T12:00:00+01:00 report final [6463-4]  @OBR[1]-4\n"
     "2024-03-03 observation final [6463-4] no growth @OBX[1]-5\n"},
    {"a note above an order is about that order",
     MSH("ORM^O01") PID "DG1|1||I10^^I10C\rORC|NW|P1\rOBR|1|P1||1-8^A^LN\r"
                        "ORC|NW|P2\rNTE|1||first\rTQ1|1\rNTE|2||second\r"
                        "OBR|2|P2||2-6^B^LN\rNTE|1||third\r",
     "2024-03-05T12:00:00+01:00 condition final [I10]  @DG1[1]-3\n"
     "2024-03-05T12:00:00+01:00 order planned [1-8]  @OBR[1]-4\n"
     "2024-03-05T12:00:00+01:00 order planned [2-6]  @OBR[2]-4\n"
     "2024-03-05T12:00:00+01:00 note final [2-6] first @NTE[1]\n"
     "2024-03-05T12:00:00+01:00 note final [2-6] second @NTE[2]\n"
     "2024-03-05T12:00:00+01:00 note final [2-6] third @NTE[3]\n"},
    {"a note above a pharmacy order, too",
     MSH("RDE^O11") PID "ORC|NW|P1\rNTE|1||prescriber's\rRXO|A^A^L|1||mg\r"
                        "NTE|1||below\rRXE||A^A^L|1||mg\rNTE|1||pharmacy's\r",
     "2024-03-05T12:00:00+01:00 note final [A] prescriber's @NTE[1]\n"
     "2024-03-05T12:00:00+01:00 note final [A] below @NTE[2]\n"
     "2024-03-05T12:00:00+01:00 medication order final [A] 1 mg @RXE[1]-2\n"
     "2024-03-05T12:00:00+01:00 note final [A] pharmacy's @NTE[3]\n"},
    {"a note of an order without details is about nothing else",
     MSH("ORU^R01") PID "OBR|1||F1|1-8^A^LN\rOBX|1|ST|1-8^A^LN||x\r"
                        "ORC|RE|P2\rNTE|1||alone\rORC|RE|P3\r",
     "2024-03-05T12:00:00+01:00 report final [1-8]  @OBR[1]-4\n"
     "2024-03-05T12:00:00+01:00 observation final [1-8] x @OBX[1]-5\n"
     "2024-03-05T12:00:00+01:00 note final [comment] alone @NTE[1]\n"},
};

START_TEST(says_what_the_table_says)
{
    struct ctx_reading r;
    struct an_err err;
    struct an_str got;

    ck_assert_int_eq(read_text(cases[_i].message, &r, &err), AN_OK);
    got = lines(&r);
    ck_assert_msg(an_str_eq(got, an_str_c(cases[_i].want)),
                  "%s: got\n%.*s\nwant\n%s", cases[_i].name, AN_STR_ARG(got),
                  cases[_i].want);
}
END_TEST

START_TEST(refuses_data_about_nobody_and_says_where)
{
    static const char *const messages[] = {
        MSH("ORU^R01") "OBX|1|NM|2160-0^C^LN||1\r",
        MSH("ORU^R01") "PID|1||||Doe\rOBX|1|NM|2160-0^C^LN||1\r",
        MSH("ADT^A40") "PID|1||||Doe\rMRG|55\r"};
    char place[64];

    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct ctx_reading r;
        struct an_err err;

        ck_assert_int_eq(read_text(messages[i], &r, &err), AN_MISSING);
        an_where_print(&err.where, place, sizeof(place));
        ck_assert_str_eq(place, "PID[1]-3");
    }
}
END_TEST

START_TEST(keeps_two_patients_apart)
{
    struct ctx_reading r;
    struct an_err err;

    ck_assert_int_eq(
        read_text(MSH("ORU^R01") PID
                  "PV1|1|I|||||||||||||||||V1\rORC|RE||F1\rOBR|1||F1|1-8^A^LN\r"
                  "OBX|1|NM|1-8^A^LN||1\r"
                  "PID|2||88^^^FAC^MR\rOBR|1|||2-6^B^LN\r"
                  "OBX|1|NM|2-6^B^LN||2\r",
                  &r, &err),
        AN_OK);
    ck_assert_uint_eq(r.n_parts, 2);
    ck_assert_an_str_eq(r.part[0].patient.value, "77");
    ck_assert_an_str_eq(r.part[1].patient.value, "88");
    for (size_t i = 0; i < r.part[1].n_events; i++) {
        const struct ctx_event *e = &r.part[1].event[i];

        /* Neither the visit nor the order of the first patient. */
        ck_assert_uint_eq(e->encounter.n, 0);
        ck_assert(!an_str_starts(e->fact, AN_STR("obx||F1")));
    }
}
END_TEST

START_TEST(a_correction_is_a_version_of_the_same_fact)
{
    static const char *const messages[] = {
        MSH("ORU^R01") PID "OBR|1|P1|F1^LAB|X^P^L\r"
                           "OBX|2|NM|2160-0^Creatinine^LN|1|7.1||||||P\r",
        MSH("ORU^R01") PID "ORC|RE|P1|F1^LAB\rOBR|1|||X^P^L\r"
                           "OBX|1|NM|2160-0^Creatinine^LN|1|1.7||||||C\r"};
    struct an_str fact[2];

    for (size_t i = 0; i < 2; i++) {
        struct ctx_reading r;
        struct an_err err;

        ck_assert_int_eq(read_text(messages[i], &r, &err), AN_OK);
        fact[i] = r.part[0].event[r.part[0].n_events - 1].fact;
    }
    ck_assert_an_str_eq(fact[0], "obx|LAB|F1|2160-0|1");
    ck_assert(an_str_eq(fact[0], fact[1]));
}
END_TEST

/* Of a note above an order and one below it neither is a version of the other,
 * whichever message says them. */
START_TEST(a_note_above_an_order_is_another_fact_than_one_below)
{
    struct ctx_reading above, below;
    struct an_err err;

    ck_assert_int_eq(read_text(MSH("ORM^O01") PID
                               "ORC|NW|P1\rNTE|1||x\rOBR|1|P1||1-8^A^LN\r",
                               &above, &err),
                     AN_OK);
    ck_assert_int_eq(read_text(MSH("ORM^O01") PID
                               "ORC|NW|P1\rOBR|1|P1||1-8^A^LN\rNTE|1||x\r",
                               &below, &err),
                     AN_OK);
    ck_assert_uint_eq(above.part[0].n_events, 4);
    ck_assert_uint_eq(below.part[0].n_events, 4);
    ck_assert_an_str_eq(above.part[0].event[3].fact, "nte|APP|P1|1-8|order|1");
    ck_assert_an_str_eq(below.part[0].event[3].fact, "nte|APP|P1|1-8||1");
}
END_TEST

START_TEST(uses_another_field_when_a_time_cannot_be_read_and_says_so)
{
    struct ctx_reading r;
    struct an_err err;
    char place[64];

    ck_assert_int_eq(
        read_text(MSH("ADT^A08") PID "DG1|1||I10^^I10C||soon\r", &r, &err),
        AN_OK);
    ck_assert_an_str_eq(lines(&r), "2024-03-05T12:00:00+01:00 condition final"
                                   " [I10]  @DG1[1]-3\n");
    ck_assert_uint_eq(r.n_warnings, 1);
    an_where_print(&r.warning[0].where, place, sizeof(place));
    ck_assert_str_eq(place, "DG1[1]-5");
}
END_TEST

START_TEST(names_code_systems_by_their_uri)
{
    static const char *const want[][2] = {
        {"http://loinc.org", "2160-0"},
        {"urn:id:LN", "CREA"},
        {"urn:id:99LAB", "CREA"},
        {"http://terminology.hl7.org/CodeSystem/v2-0487", "BLD"},
        {"", "CREA"},
        {"http://loinc.org", "2160-0"}};
    struct ctx_reading r;
    struct an_err err;

    ck_assert_int_eq(read_text(MSH("ORU^R01") PID
                               "OBX|1|NM|2160-0^C^LN||1\r"
                               "OBX|2|NM|CREA^C^LN||1\r"
                               "OBX|3|NM|CREA^C^99LAB||1\r"
                               "OBX|4|NM|BLD^C^HL70487||1\r"
                               "OBX|5|NM|CREA||1\r"
                               "OBX|6|NM|CREA^C^99LAB^2160-0^C^LN||1\r",
                               &r, &err),
                     AN_OK);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        const struct ctx_event *e = &r.part[0].event[2 + i];

        ck_assert_an_str_eq(e->concept.system, want[i][0]);
        ck_assert_an_str_eq(e->concept.code, want[i][1]);
        ck_assert_uint_eq(e->n_aliases, i == 5);
    }
    ck_assert_an_str_eq(r.part[0].event[7].alias[0].code, "CREA");
}
END_TEST

START_TEST(counts_every_segment)
{
    struct ctx_reading r;
    struct an_err err;

    ck_assert_int_eq(read_text(MSH("ORU^R01") PID "NK1|1\rZZ1|1\rZZ1|2\r"
                                                  "OBX|1|NM|1-8^A^LN||1\r",
                               &r, &err),
                     AN_OK);
    for (size_t i = 0; i < r.n_accounts; i++) {
        const struct ctx_account *a = &r.account[i];
        bool unused = a->name.p[0] == 'Z' || a->name.p[0] == 'N';

        ck_assert_uint_eq(a->n_seen, a->name.p[0] == 'Z' ? 2 : 1);
        ck_assert_uint_eq(a->n_used, unused ? 0 : 1);
    }
    ck_assert_uint_eq(r.n_accounts, 5);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    const char *text = cases[12].message;
    enum an_code got = AN_NOMEM;
    long n = 0;

    for (; got == AN_NOMEM && n < 1000; n++) {
        struct ctx_reading r;
        struct an_err err;

        an_arena_reset(&arena);
        arena.fail_after = n;
        got = read_text(text, &r, &err);
    }
    arena.fail_after = -1;
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 10);
}
END_TEST

START_TEST(refuses_a_message_type_that_is_none)
{
    static char text[8192] = "MSH|^~\\&|A|B|||20240305||";
    size_t n = strlen(text);
    struct ctx_reading r;
    struct an_err err;

    memset(text + n, 'T', 4096);
    ck_assert_int_eq(read_text(text, &r, &err), AN_OK);
    text[n + 4096] = 'T';
    ck_assert_int_eq(read_text(text, &r, &err), AN_LIMIT);
    ck_assert_uint_eq(err.where.byte, n);
}
END_TEST

/* A note of 4 MiB in lines: whole, and in no time that a test would notice. */
START_TEST(reads_a_long_note)
{
    enum { N_LINES = 55000 };
    struct ctx_reading r;
    struct an_str text;
    struct an_err err;
    struct an_buf b;

    tear_down();
    an_arena_init(&arena, 64 << 20);
    an_buf_init(&b, &arena, 8 << 20);
    an_buf_put_c(&b, MSH("ORU^R01") PID "OBR|1||F1|1-8^A^LN\rNTE|1||");
    for (int i = 0; i < N_LINES; i++)
        an_buf_put_c(&b, "as long as a line of a report is, when its end is "
                         "where a printer's was: here~");
    an_buf_put_c(&b, "end\r");
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    ck_assert_int_eq(read_text(text.p, &r, &err), AN_OK);
    ck_assert_uint_eq(r.n_parts, 1);
    for (size_t i = 0; i < r.part[0].n_events; i++)
        if (r.part[0].event[i].kind == CTX_NOTE)
            text = r.part[0].event[i].value.text;
    ck_assert_uint_gt(text.n, 1 << 22);
    ck_assert(an_str_starts(text, AN_STR("as long as")));
    ck_assert(an_str_ends(text, AN_STR(" here\nend")));
}
END_TEST

Suite *hl7_events_suite(void)
{
    const TTest *const test[] = {
        refuses_data_about_nobody_and_says_where,
        keeps_two_patients_apart,
        a_note_above_an_order_is_another_fact_than_one_below,
        a_correction_is_a_version_of_the_same_fact,
        uses_another_field_when_a_time_cannot_be_read_and_says_so,
        names_code_systems_by_their_uri,
        counts_every_segment,
        reads_a_long_note,
        refuses_a_message_type_that_is_none,
        survives_each_failed_allocation};
    Suite *s = suite_create("hl7/events");
    TCase *tc = tcase_create("hl7/events");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, says_what_the_table_says, 0,
                        (int)(sizeof(cases) / sizeof(cases[0])));
    for (size_t i = 0; i < sizeof(test) / sizeof(test[0]); i++)
        tcase_add_test(tc, test[i]);
    suite_add_tcase(s, tc);
    return s;
}

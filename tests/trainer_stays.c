/* SPDX-License-Identifier: Apache-2.0 */
/* Diabetes 130: from small invented tables to events, word for word, and to the
 * answers of the question that the table is about. */
#include "base/buf.h"
#include "runtime/encode.h"
#include "tests/study_said.h"
#include "tests/suite.h"
#include "trainer/dataset/diabetes130.h"
#include "trainer/dataset/icd9.h"
#include "trainer/file.h"

#include <stdio.h>
#include <stdlib.h>

Suite *trainer_stays_suite(void);

enum { SAYS_BYTES = 512, N_COLUMNS = 50 };

static struct study_said said;

static void set_up(void)
{
    study_said_begin(&said);
}

static void tear_down(void)
{
    study_said_end(&said);
}

static const char *const column[N_COLUMNS][2] = {
    {"encounter_id", "1"},
    {"patient_nbr", "1"},
    {"race", "?"},
    {"gender", "Female"},
    {"age", "[70-80)"},
    {"weight", "?"},
    {"admission_type_id", "1"},
    {"discharge_disposition_id", "1"},
    {"admission_source_id", "7"},
    {"time_in_hospital", "3"},
    {"payer_code", "?"},
    {"medical_specialty", "?"},
    {"num_lab_procedures", "41"},
    {"num_procedures", "0"},
    {"num_medications", "12"},
    {"number_outpatient", "0"},
    {"number_emergency", "1"},
    {"number_inpatient", "2"},
    {"diag_1", "428"},
    {"diag_2", "?"},
    {"diag_3", "?"},
    {"number_diagnoses", "9"},
    {"max_glu_serum", "None"},
    {"A1Cresult", "None"},
    {"metformin", "No"},
    {"repaglinide", "No"},
    {"nateglinide", "No"},
    {"chlorpropamide", "No"},
    {"glimepiride", "No"},
    {"acetohexamide", "No"},
    {"glipizide", "No"},
    {"glyburide", "No"},
    {"tolbutamide", "No"},
    {"pioglitazone", "No"},
    {"rosiglitazone", "No"},
    {"acarbose", "No"},
    {"miglitol", "No"},
    {"troglitazone", "No"},
    {"tolazamide", "No"},
    {"examide", "No"},
    {"citoglipton", "No"},
    {"insulin", "No"},
    {"glyburide-metformin", "No"},
    {"glipizide-metformin", "No"},
    {"glimepiride-pioglitazone", "No"},
    {"metformin-rosiglitazone", "No"},
    {"metformin-pioglitazone", "No"},
    {"change", "No"},
    {"diabetesMed", "No"},
    {"readmitted", "NO"},
};

static char table[STUDY_TEXT_BYTES];
static size_t n_table;

static void put_field(size_t i, const char *value)
{
    n_table += (size_t)snprintf(table + n_table, sizeof(table) - n_table,
                                "%s%c", value, i + 1 < N_COLUMNS ? ',' : '\n');
}

static void begin_table(void)
{
    n_table = 0;
    for (size_t i = 0; i < N_COLUMNS; i++)
        put_field(i, column[i][0]);
}

/* A row that differs in "name=value,name=value". */
static void put_row(const char *but)
{
    size_t n = 0, n_but = *but != '\0';

    for (const char *p = but; *p; p++)
        n_but += *p == ',';
    for (size_t i = 0; i < N_COLUMNS; i++) {
        const struct an_str name = an_str_c(column[i][0]);
        struct an_str rest = an_str_c(but), part, key;
        char value[SAYS_BYTES];

        (void)snprintf(value, sizeof(value), "%s", column[i][1]);
        while (an_str_cut(&rest, ',', &part))
            if (an_str_cut(&part, '=', &key) && an_str_eq(key, name)) {
                (void)snprintf(value, sizeof(value), "%.*s", AN_STR_ARG(part));
                n++;
            }
        put_field(i, value);
    }
    ck_assert_uint_eq(n, n_but);
}

static void end_table(void)
{
    study_said_file(&said, "diabetic_data.csv",
                    (struct an_str){table, n_table});
}

#define ACT "http://terminology.hl7.org/CodeSystem/v3-ActCode|IMP"
#define OWN "urn:id:diabetes130|"
#define A "] diabetic_data.csv:3"
#define B "] diabetic_data.csv:2"
#define IN_A " in " OWN "10 [10|"
#define IN_B " in " OWN "20 [20|"

static const char *const two_stays[] = {
    "person 5: 2 to 585 + 0 us",
    "birth -27393 [birth] diabetic_data.csv:3",
    "sex -27393 = female [sex] diabetic_data.csv:3",
    "admission 0 " ACT IN_A "admission" A,
    "discharge 2 " ACT IN_A "discharge" A,
    "condition 2 http://snomed.info/sct|385763009" IN_A "hospice" A,
    "condition 2 http://hl7.org/fhir/sid/icd-9-cm|038" IN_A "diag_1" A,
    "condition 2 http://hl7.org/fhir/sid/icd-9-cm|250.1" IN_A "diag_2" A,
    "observation 2 " OWN "time_in_hospital 2 (2) d" IN_A "time_in_hospital" A,
    "observation 2 " OWN "num_lab_procedures 41 (41) 1" IN_A
    "num_lab_procedures" A,
    "observation 2 " OWN "num_procedures 0 (0) 1" IN_A "num_procedures" A,
    "observation 2 " OWN "num_medications 12 (12) 1" IN_A "num_medications" A,
    "observation 2 " OWN "number_outpatient 0 (0) 1" IN_A "number_outpatient" A,
    "observation 2 " OWN "number_emergency 1 (1) 1" IN_A "number_emergency" A,
    "observation 2 " OWN "number_inpatient 2 (2) 1" IN_A "number_inpatient" A,
    "observation 2 " OWN "number_diagnoses 9 (9) 1" IN_A "number_diagnoses" A,
    "observation 2 " OWN "discharge_disposition_id = 14" IN_A
    "discharge_disposition_id" A,
    "observation 2 " OWN "admission_type_id = 1" IN_A "admission_type_id" A,
    "observation 2 " OWN "admission_source_id = 7" IN_A "admission_source_id" A,
    "observation 2 " OWN "medical_specialty = Cardiology" IN_A
    "medical_specialty" A,
    "observation 2 " OWN "A1Cresult = >8" IN_A "A1Cresult" A,
    "observation 2 " OWN "change = Ch" IN_A "change" A,
    "observation 2 " OWN "diabetesMed = Yes" IN_A "diabetesMed" A,
    "medication given 2 " OWN "metformin" IN_A "metformin" A,
    "medication given 2 " OWN "glipizide" IN_A "glipizide" A,
    "medication given 2 " OWN "glipizide-down" IN_A "glipizide-down" A,
    "medication given 2 " OWN "insulin" IN_A "insulin" A,
    "medication given 2 " OWN "insulin-up" IN_A "insulin-up" A,
    "admission 182 " ACT IN_B "admission" B,
    "discharge 185 " ACT IN_B "discharge" B,
    "condition 185 http://hl7.org/fhir/sid/icd-9-cm|428" IN_B "diag_1" B,
    "observation 185 " OWN "time_in_hospital 3 (3) d" IN_B "time_in_hospital" B,
    "observation 185 " OWN "num_lab_procedures 41 (41) 1" IN_B
    "num_lab_procedures" B,
    "observation 185 " OWN "num_procedures 0 (0) 1" IN_B "num_procedures" B,
    "observation 185 " OWN "num_medications 12 (12) 1" IN_B "num_medications" B,
    "observation 185 " OWN "number_outpatient 0 (0) 1" IN_B
    "number_outpatient" B,
    "observation 185 " OWN "number_emergency 1 (1) 1" IN_B "number_emergency" B,
    "observation 185 " OWN "number_inpatient 2 (2) 1" IN_B "number_inpatient" B,
    "observation 185 " OWN "number_diagnoses 9 (9) 1" IN_B "number_diagnoses" B,
    "observation 185 " OWN "discharge_disposition_id = 1" IN_B
    "discharge_disposition_id" B,
    "observation 185 " OWN "admission_type_id = 1" IN_B "admission_type_id" B,
    "observation 185 " OWN "admission_source_id = 7" IN_B
    "admission_source_id" B,
    "observation 185 " OWN "change = No" IN_B "change" B,
    "observation 185 " OWN "diabetesMed = No" IN_B "diabetesMed" B,
    "admission 200 " ACT " [20|readmission] diabetic_data.csv:2",
};

/* What was said, line by line, is that; it is forgotten. */
static void check_two_stays(void)
{
    struct an_str rest = {said.text, said.n}, line;
    size_t n = 0;

    while (an_str_cut(&rest, '\n', &line) && line.n) {
        ck_assert_uint_lt(n, sizeof(two_stays) / sizeof(two_stays[0]));
        ck_assert_an_str_eq(line, two_stays[n]);
        n++;
    }
    ck_assert_uint_eq(n, sizeof(two_stays) / sizeof(two_stays[0]));
    said.n = 0;
}

START_TEST(diabetes130_becomes_these_events_and_no_others)
{
    char path[TEST_PATH_BYTES];

    begin_table();
    put_row("encounter_id=20,patient_nbr=5,readmitted=<30");
    put_row("encounter_id=10,patient_nbr=5,readmitted=>30,time_in_hospital=2,"
            "diag_1=38,diag_2=250.1,diag_3=38,medical_specialty=Cardiology,"
            "A1Cresult=>8,metformin=Steady,insulin=Up,glipizide=Down,"
            "diabetesMed=Yes,discharge_disposition_id=14,change=Ch");
    end_table();
    ck_assert_int_eq(
        tr_diabetes130_read(said.folder.path, study_said_take, &said, NULL),
        AN_OK);
    check_two_stays();
    test_folder_file(&said.folder, "diabetic_data.csv", path);
    ck_assert_int_eq(tr_diabetes130_read(path, study_said_take, &said, NULL),
                     AN_OK);
    check_two_stays();
}
END_TEST

/* What is asked, at which discharge of person 1, and what became of it. */
struct asked {
    const struct adv_outcome *o;
    int64_t at_day;
    float to_days; /* 0: not at risk */
    bool event;
};

static enum an_code ask(void *arg, const struct tr_record *r,
                        struct an_err *err)
{
    const struct asked *a = arg;
    const int64_t at_us = STUDY_INDEX_US + a->at_day * AN_US_PER_DAY;
    const struct tr_follow_up f =
        study_said_follow(&said.arena, a->o, r, at_us);

    (void)err;
    ck_assert_int_ge(at_us, r->from_us);
    ck_assert_msg(f.event == a->event && f.to_days == a->to_days,
                  "at day %lld: %g %u", (long long)a->at_day, (double)f.to_days,
                  f.event);
    return AN_OK;
}

static struct adv_outcome the_readmission(const char *exclude)
{
    const char *top = getenv("top_srcdir");
    struct adv_outcome o;
    struct an_str bytes, all;
    struct an_buf b;
    char path[1024];

    (void)snprintf(path, sizeof(path),
                   "%s/config/outcomes/readmission-30d.yaml", top ? top : ".");
    ck_assert_int_eq(tr_file_map(path, &bytes, NULL), AN_OK);
    an_buf_init(&b, &said.arena, 1 << 16);
    for (struct an_str rest = bytes, line; an_str_cut(&rest, '\n', &line);) {
        an_buf_put(&b, line);
        an_buf_put_char(&b, '\n');
        if (an_str_eq(line, AN_STR("exclude:")))
            an_buf_put_c(&b, exclude);
    }
    ck_assert_int_eq(an_buf_done(&b, &all, NULL), AN_OK);
    ck_assert_int_eq(adv_outcome_read(&said.arena, all, "o.yaml", &o, NULL),
                     AN_OK);
    tr_file_unmap(bytes);
    return o;
}

START_TEST(who_came_back_within_thirty_days_is_the_answer_at_a_discharge)
{
    static const struct {
        const char *first, *last; /* rows of a person; last NULL: none */
        int64_t at_day;
        float to_days;
        bool event;
    } c[] = {
        {"readmitted=<30", NULL, 3, 15, true},
        {"readmitted=>30", NULL, 3, 180, true}, /* beyond the horizon */
        {"readmitted=NO", NULL, 3, 400, false},
        {"readmitted=<30", "readmitted=NO", 3, 15, true},
        {"readmitted=<30", "readmitted=NO", 21, 400, false},
        {"readmitted=>30", "readmitted=<30", 3, 180, true},
        {"readmitted=>30", "readmitted=<30", 186, 15, true},
        {"readmitted=NO", "readmitted=NO", 3, 400, true},
        {"readmitted=NO", "readmitted=<30", 406, 15, true},
        /* dead, which a later encounter belies */
        {"discharge_disposition_id=11", NULL, 3, 0, false},
        {"discharge_disposition_id=19,readmitted=<30", NULL, 3, 0, false},
        {"discharge_disposition_id=20", NULL, 3, 0, false},
        {"discharge_disposition_id=21", NULL, 3, 0, false},
        {"discharge_disposition_id=11,readmitted=<30", "readmitted=NO", 3, 15,
         true},
        {"readmitted=<30", "discharge_disposition_id=11", 3, 15, true},
        /* hospice: at risk unless the outcome says otherwise */
        {"discharge_disposition_id=13", NULL, 3, 400, false},
    };
    const struct adv_outcome o = the_readmission("");

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        struct asked a = {&o, c[i].at_day, c[i].to_days, c[i].event};
        char last[SAYS_BYTES];

        begin_table();
        put_row(c[i].first);
        (void)snprintf(last, sizeof(last), "encounter_id=2,%s",
                       c[i].last ? c[i].last : "");
        if (c[i].last)
            put_row(last);
        end_table();
        ck_assert_int_eq(tr_diabetes130_read(said.folder.path, ask, &a, NULL),
                         AN_OK);
    }
}
END_TEST

START_TEST(an_outcome_can_leave_out_who_went_to_a_hospice)
{
    static const char *const by[] = {
        "  codes:\n    - {system: snomed, code: \"385763009\", text: \"H\"}\n",
        "  codes:\n    - {system: \"urn:id:diabetes130\", code: hospice, text: "
        "\"H\"}\n"};

    for (size_t i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
        const struct adv_outcome o = the_readmission(by[i]);
        struct asked a = {&o, 3, 0, false};

        for (int to = 13; to <= 14; to++) {
            char row[SAYS_BYTES];

            (void)snprintf(row, sizeof(row),
                           "discharge_disposition_id=%d,readmitted=<30", to);
            begin_table();
            put_row(row);
            end_table();
            ck_assert_int_eq(
                tr_diabetes130_read(said.folder.path, ask, &a, NULL), AN_OK);
        }
    }
}
END_TEST

static enum an_code check_keys(void *arg, const struct tr_record *r,
                               struct an_err *err)
{
    (void)err;
    for (size_t i = 0; i < r->n_events; i++) {
        const struct ctx_event *e = &r->event[i];
        struct an_str key;

        if (e->kind == CTX_BIRTH || e->kind == CTX_DEATH)
            continue;
        ck_assert(rt_event_key(&said.arena, e, &key));
        if (e->kind == CTX_OBSERVATION && e->value.kind == CTX_VALUE_CODE) {
            ck_assert(rt_answer_key(&said.arena, e, &key));
            ++*(int *)arg;
        } else if (e->kind == CTX_OBSERVATION) {
            ck_assert_int_eq(e->value.kind, CTX_VALUE_QUANTITY);
        }
    }
    return AN_OK;
}

START_TEST(every_event_can_become_an_item_and_each_answer_one_of_its_own)
{
    int n_answers = 0;

    begin_table();
    put_row("payer_code=MC,medical_specialty=Family/GeneralPractice,"
            "max_glu_serum=>300,A1Cresult=Norm,insulin=Down");
    end_table();
    ck_assert_int_eq(
        tr_diabetes130_read(said.folder.path, check_keys, &n_answers, NULL),
        AN_OK);
    ck_assert_int_eq(n_answers, 9);
}
END_TEST

START_TEST(diabetes130_says_which_row_is_wrong)
{
    static const struct {
        const char *row;
        enum an_code code;
        const char *says; /* without the file and the column's number */
    } c[] = {
        {"encounter_id=x", AN_TYPE, "[encounter_id]:3: not a whole number"},
        {"patient_nbr=-1", AN_TYPE, "[patient_nbr]:3: a number out of range"},
        {"gender=F", AN_CODE,
         "[gender]:3: none of Male, Female, Unknown/Invalid"},
        {"age=75", AN_TYPE, "[age]:3: no age band as in [70-80)"},
        {"age=[80-70)", AN_TYPE, "[age]:3: no age band as in [70-80)"},
        {"age=[70-)", AN_TYPE, "[age]:3: no age band as in [70-80)"},
        {"time_in_hospital=0", AN_TYPE,
         "[time_in_hospital]:3: a number out of range"},
        {"num_medications=many", AN_TYPE,
         "[num_medications]:3: not a whole number"},
        {"discharge_disposition_id=home", AN_TYPE,
         "[discharge_disposition_id]:3: not a whole number"},
        {"readmitted=>90", AN_CODE, "[readmitted]:3: none of <30, >30, NO"},
        {"readmitted=", AN_CODE, "[readmitted]:3: none of <30, >30, NO"},
        {"insulin=Yes", AN_CODE, "[insulin]:3: none of No, Steady, Up, Down"},
        {"diag_2=flu", AN_CODE, "[diag_2]:3: no code of ICD-9-CM"},
        {"payer_code=", AN_CODE, "[payer_code]:3: no word of up to 64 letters"},
        {"medical_specialty=Heart surgery", AN_CODE,
         "[medical_specialty]:3: no word of up to 64 letters"},
        {"encounter_id=1,patient_nbr=1", AN_CONFLICT,
         ":3: an encounter is there twice"},
    };

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        char row[SAYS_BYTES], says[SAYS_BYTES], want[SAYS_BYTES];
        struct an_err err = {0};

        begin_table();
        put_row("");
        (void)snprintf(row, sizeof(row), "%s%s",
                       strstr(c[i].row, "encounter_id") ? ""
                                                        : "encounter_id=2,",
                       c[i].row);
        put_row(row);
        end_table();
        ck_assert_int_eq(
            tr_diabetes130_read(said.folder.path, study_said_take, &said, &err),
            c[i].code);
        if (c[i].code != AN_CONFLICT)
            ck_assert_uint_gt(err.where.column, 0);
        err.where.column = 0;
        (void)snprintf(want, sizeof(want), "diabetic_data.csv%s", c[i].says);
        ck_assert_str_eq(study_said_error(&err, says), want);
        ck_assert_uint_eq(said.n, 0);
    }
}
END_TEST

START_TEST(a_column_that_is_not_there_is_named)
{
    struct an_err err = {0};
    char says[SAYS_BYTES];

    begin_table();
    table[0] = 'E';
    end_table();
    ck_assert_int_eq(
        tr_diabetes130_read(said.folder.path, study_said_take, &said, &err),
        AN_MISSING);
    ck_assert_str_eq(study_said_error(&err, says),
                     "diabetic_data.csv[encounter_id]:1: "
                     "a column is not there");
}
END_TEST

START_TEST(an_unknown_sex_is_none)
{
    begin_table();
    put_row("gender=Unknown/Invalid");
    end_table();
    ck_assert_int_eq(
        tr_diabetes130_read(said.folder.path, study_said_take, &said, NULL),
        AN_OK);
    ck_assert_ptr_null(strstr(said.text, "\nsex "));
    ck_assert_ptr_nonnull(strstr(said.text, "\nbirth "));
}
END_TEST

START_TEST(codes_of_icd_9_get_their_zeros_back)
{
    static const char *const c[][2] = {
        {"8", "008"},     {"38", "038"},  {"428", "428"}, {"250.83", "250.83"},
        {"8.5", "008.5"}, {"V57", "V57"}, {"V1", "V01"},  {"V58.61", "V58.61"},
        {"E909", "E909"}, {"E9", "E009"}, {"", NULL},     {"?", NULL},
        {"4280", NULL},   {"V570", NULL}, {"250.", NULL}, {"250.833", NULL},
        {"250.8x", NULL}, {"I50", NULL},  {"V", NULL},    {".5", NULL},
        {"250 ", NULL}};

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        struct an_str code = {NULL, 0};
        enum an_code got =
            tr_icd9_mend(&said.arena, an_str_c(c[i][0]), &code, NULL);

        ck_assert_int_eq(got, c[i][1] ? AN_OK : AN_CODE);
        if (c[i][1])
            ck_assert_an_str_eq(code, c[i][1]);
    }
}
END_TEST

START_TEST(diabetes130_ends_cleanly_without_memory)
{
    enum an_code code = AN_NOMEM;
    long n = 0;

    begin_table();
    put_row("diag_1=8,insulin=Up,discharge_disposition_id=13");
    put_row("encounter_id=2,readmitted=<30");
    put_row("patient_nbr=2");
    end_table();
    for (; code == AN_NOMEM && n < 2000; n++) {
        an_arena_reset(&said.arena);
        said.arena.fail_after = n;
        said.n = 0;
        code = tr_diabetes130_read_in(&said.arena, said.folder.path,
                                      study_said_take, &said, NULL);
    }
    said.arena.fail_after = -1;
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(n, 100);
}
END_TEST

Suite *trainer_stays_suite(void)
{
    const TTest *const tests[] = {
        diabetes130_becomes_these_events_and_no_others,
        who_came_back_within_thirty_days_is_the_answer_at_a_discharge,
        an_outcome_can_leave_out_who_went_to_a_hospice,
        every_event_can_become_an_item_and_each_answer_one_of_its_own,
        diabetes130_says_which_row_is_wrong,
        a_column_that_is_not_there_is_named,
        an_unknown_sex_is_none,
        codes_of_icd_9_get_their_zeros_back,
        diabetes130_ends_cleanly_without_memory,
    };

    return test_suite_around("trainer/stays", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}

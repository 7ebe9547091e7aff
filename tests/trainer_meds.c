/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of MEDS: what a code is, and from small invented tables to events,
 * word for word. */
#include "tests/model_random.h"
#include "tests/study_said.h"
#include "tests/suite.h"
#include "trainer/meds/code.h"
#include "trainer/meds/meds.h"

#include <stdio.h>
#include <sys/stat.h>

Suite *trainer_meds_suite(void);

static struct study_said said;

static void set_up(void)
{
    study_said_begin(&said);
}

static void tear_down(void)
{
    study_said_end(&said);
}

/* ---- codes ----------------------------------------------------------------- */

static const struct {
    const char *text, *is; /* kind system|code unit = answer; local */
} codes[] = {
    {"LOINC//718-7//g/dL", "observation http://loinc.org|718-7 g/dL"},
    {"loinc//8867-4///min", "observation http://loinc.org|8867-4 /min"},
    {"SNOMED//38341003", "condition http://snomed.info/sct|38341003"},
    {"SNOMED CT//38341003", "condition http://snomed.info/sct|38341003"},
    {"PROCEDURE//SNOMED//80146002",
     "procedure http://snomed.info/sct|80146002"},
    {"ICD-10-CM//I50.9", "condition http://hl7.org/fhir/sid/icd-10-cm|I50.9"},
    {"DIAGNOSIS//ICD//10//I509",
     "condition http://hl7.org/fhir/sid/icd-10-cm|I509"},
    {"DIAGNOSIS//ICD//9//4280",
     "condition http://hl7.org/fhir/sid/icd-9-cm|4280"},
    {"PROCEDURE//ICD//10//02HV33Z",
     "procedure http://www.cms.gov/Medicare/Coding/ICD10|02HV33Z"},
    {"PROCEDURE//ICD//9//3893", "procedure urn:id:ICD9PROC|3893; local"},
    {"RxNorm//197361",
     "medication order http://www.nlm.nih.gov/research/umls/rxnorm|197361"},
    {"CVX//140", "immunization http://hl7.org/fhir/sid/cvx|140"},
    {"LAB//50912//mg/dL", "observation urn:id:LAB|50912 mg/dL; local"},
    {"MEDICATION//Heparin",
     "medication order urn:id:MEDICATION|Heparin; local"},
    {"PAYER//x", "observation urn:id:PAYER|x; local"},
    {"odd", "observation urn:id:meds|odd; local"},
    {"LAB", "observation urn:id:meds|LAB; local"},
    {"urn:id:nafld//fib4//1", "observation urn:id:nafld|fib4 1; local"},
    {"http://example.org/codes//a",
     "observation http://example.org/codes|a; local"},
    {"http://fdasis.nlm.nih.gov//XYZ",
     "observation http://fdasis.nlm.nih.gov|XYZ"},
    {"LOINC//72166-2=SNOMED//266919005",
     "observation http://loinc.org|72166-2 = "
     "http://snomed.info/sct|266919005"},
    {"LAB//a=b", "observation urn:id:LAB|a=b; local"},
    {"KIND//procedure", "procedure |"},
    {"KIND//medication", "medication order |"},
    {"KIND//nonsense", "observation urn:id:KIND|nonsense; local"},
    {"MEDS_BIRTH", "birth |"},
    {"MEDS_DEATH", "death |"},
    {"GENDER//F", "sex |female"},
    {"SEX//male", "sex |male"},
    {"SEX//x", "sex |unknown"},
    {"HOSPITAL_ADMISSION//URGENT//ED",
     "admission http://terminology.hl7.org/CodeSystem/v3-ActCode|IMP"},
    {"ED_OUT//HOME",
     "discharge http://terminology.hl7.org/CodeSystem/v3-ActCode|EMER"},
    {"ADMISSION//AMB",
     "admission http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB"},
};

static void say_code(const struct tr_meds_code *c, char *text, size_t n)
{
    int at = snprintf(text, n, "%s %.*s|%.*s", ctx_kind_text(c->kind),
                      AN_STR_ARG(c->code.system), AN_STR_ARG(c->code.code));

    if (c->unit.n)
        at += snprintf(text + at, n - (size_t)at, " %.*s", AN_STR_ARG(c->unit));
    if (c->answer.code.n)
        at +=
            snprintf(text + at, n - (size_t)at, " = %.*s|%.*s",
                     AN_STR_ARG(c->answer.system), AN_STR_ARG(c->answer.code));
    if (c->local)
        (void)snprintf(text + at, n - (size_t)at, "; local");
}

START_TEST(a_code_is_read_by_the_table)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct tr_meds_code c;
        char text[256];

        ck_assert_int_eq(
            tr_meds_code_read(&said.arena, an_str_c(codes[i].text), &c, NULL),
            AN_OK);
        say_code(&c, text, sizeof(text));
        ck_assert_msg(an_str_eq(an_str_c(text), an_str_c(codes[i].is)),
                      "%s is %s", codes[i].text, text);
    }
}
END_TEST

/* What a vocabulary calls it, as text and back. */
static const struct {
    const char *key, *unit, *text;
} keys[] = {
    {"http://loinc.org|718-7", "g/dL", "LOINC//718-7//g/dL"},
    {"http://loinc.org|8867-4", "/min", "LOINC//8867-4///min"},
    {"http://snomed.info/sct|38341003", "", "SNOMED//38341003"},
    {"urn:id:nafld|fib4", "1", "urn:id:nafld//fib4//1"},
    {"http://example.org/x|y", "", "http://example.org/x//y"},
    {"encounter|admission-IMP", "", "ADMISSION//IMP"},
    {"encounter|discharge-AMB", "", "DISCHARGE//AMB"},
    {"sex|female", "", "SEX//female"},
    {"kind|condition", "", "KIND//condition"},
    {"http://loinc.org|72166-2=http://snomed.info/sct|266919005", "",
     "LOINC//72166-2=SNOMED//266919005"},
};

static void put_back(struct an_buf *b, const struct tr_meds_code *c)
{
    if (c->answer.code.n == 0 && c->code.code.n == 0)
        return;
    an_buf_put(b, c->code.system);
    an_buf_put_char(b, '|');
    an_buf_put(b, c->code.code);
    if (c->answer.code.n) {
        an_buf_put_char(b, '=');
        an_buf_put(b, c->answer.system);
        an_buf_put_char(b, '|');
        an_buf_put(b, c->answer.code);
    }
}

START_TEST(a_key_is_written_as_it_is_read)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct tr_meds_code c;
        struct an_str text, key;
        struct an_buf b;

        an_buf_init(&b, &said.arena, 4096);
        tr_meds_code_put(&b, an_str_c(keys[i].key), an_str_c(keys[i].unit));
        ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
        ck_assert_msg(an_str_eq(text, an_str_c(keys[i].text)), "%.*s",
                      AN_STR_ARG(text));
        ck_assert_int_eq(tr_meds_code_read(&said.arena, text, &c, NULL), AN_OK);
        ck_assert(an_str_eq(c.unit, an_str_c(keys[i].unit)));
        an_buf_init(&b, &said.arena, 4096);
        put_back(&b, &c);
        ck_assert_int_eq(an_buf_done(&b, &key, NULL), AN_OK);
        if (c.kind == CTX_CONDITION || c.kind == CTX_OBSERVATION)
            ck_assert_msg(key.n == 0 || an_str_eq(key, an_str_c(keys[i].key)),
                          "%.*s", AN_STR_ARG(key));
    }
}
END_TEST

/* Parts of codes in any order: what is read is of the text, and of a kind. */
START_TEST(any_text_is_a_code_or_an_error)
{
    static const char *const parts[] = {
        "//", "/",          "=",         "LOINC",     "SNOMED",   "KIND", "ICD",
        "10", "LAB",        "urn:",      "http://",   "SEX",      "a",    ";",
        "|",  "MEDS_BIRTH", "condition", "DIAGNOSIS", "\xC3\xA9", " "};
    struct test_random r = {3};

    for (int round = 0; round < 20000; round++) {
        const struct an_mark mark = an_arena_mark(&said.arena);
        struct tr_meds_code c;
        char text[128];
        size_t n = 0;
        bool sure;

        for (int i = test_below(&r, 7); i > 0; i--)
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s",
                                  parts[test_below(&r, 20)]);
        if (tr_meds_code_read(&said.arena, (struct an_str){text, n}, &c,
                              NULL) != AN_OK) {
            ck_assert_uint_eq(n, 0);
            continue;
        }
        ck_assert_uint_lt(c.kind, CTX_N_KINDS);
        ck_assert(c.kind == CTX_SEX || c.code.code.n <= n);
        ck_assert_uint_le(c.unit.n, n);
        ck_assert_uint_le(c.answer.code.n, n);
        ck_assert_uint_le(tr_meds_parent_kind((struct an_str){text, n}, &sure),
                          CTX_N_KINDS);
        an_arena_rewind(&said.arena, mark);
    }
}
END_TEST

/* ---- tables ---------------------------------------------------------------- */

#define SAY(...)                                                               \
    (said.n += (size_t)snprintf(said.text + said.n,                            \
                                sizeof(said.text) - said.n, __VA_ARGS__))

static enum an_code take(void *arg, const struct tr_record *r,
                         struct an_err *err)
{
    (void)arg;
    (void)err;
    SAY("subject %lld split %d%s%s local %zu static %zu\n", (long long)r->id,
        r->split, r->watched ? " observed" : "", r->unasked ? " unasked" : "",
        r->n_local, r->n_static);
    if (r->watched)
        SAY("from %lld until %lld\n",
            (long long)(r->from_us - STUDY_INDEX_US) / 1000000,
            (long long)(r->until_us - STUDY_INDEX_US) / 1000000);
    for (size_t i = 0; i < r->n_events; i++) {
        const struct ctx_event *e = &r->event[i];

        SAY("%s %lld", ctx_kind_text(e->kind),
            (long long)(e->effective.us - STUDY_INDEX_US) / 1000000);
        if (e->concept.code.n + e->concept.display.n)
            SAY(" %.*s|%.*s (%.*s)", AN_STR_ARG(e->concept.system),
                AN_STR_ARG(e->concept.code), AN_STR_ARG(e->concept.display));
        if (e->value.kind == CTX_VALUE_QUANTITY)
            SAY(" %.*s %.*s", AN_STR_ARG(e->value.literal),
                AN_STR_ARG(e->value.unit));
        if (e->value.kind == CTX_VALUE_CODE)
            SAY(" = %.*s", AN_STR_ARG(e->value.code.code));
        if (e->flag.n)
            SAY(" flag %.*s", AN_STR_ARG(e->flag));
        SAY("\n");
        ck_assert_uint_eq(e->value.text.n, 0);
        ck_assert(e->kind == CTX_BIRTH || e->kind == CTX_SEX ||
                  e->available_us == e->effective.us);
        for (size_t k = 0; k < i; k++)
            ck_assert(!an_str_eq(e->fact, r->event[k].fact));
    }
    return AN_OK;
}

static void below(const char *name)
{
    char path[TEST_PATH_BYTES];

    test_folder_file(&said.folder, name, path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

START_TEST(tables_become_these_events_and_no_others)
{
    study_said_file(
        &said, "data.csv",
        AN_STR("text_value,subject_id,time,code,numeric_value,flag\n"
               "secret,7,2000-01-01 00:01:00,LOINC//718-7//g/dL,13.50,L\n"
               ",7,1999-12-31,MEDS_BIRTH,,\n"
               ",-3,2000-01-01T00:00:10.5Z,SNOMED//80146002,,\n"
               ",7,,GENDER//F,,\n"
               ",7,,RACE//x,,\n"
               ",7,2000-01-01T00:00:05,\"PAYER//a, b\",,\n"
               ",7,2000-01-02,MEDS_DEATH,,\n"
               ",7,2000-01-01 00:00:00,ANAMNESIS_OBSERVED_FROM,,\n"
               ",7,2000-01-01 00:02:00,ANAMNESIS_OBSERVED_UNTIL,,\n"
               ",7,2000-01-01 00:00:07,KIND//condition,,\n"
               ",7,2000-01-01 00:00:08,LAB//1,,\n"
               ",7,2000-01-01 00:00:09,LOINC//1=SNOMED//2,4,\n"));
    study_said_file(&said, "codes.csv",
                    AN_STR("code,description,parent_codes\n"
                           "SNOMED//80146002,Appendectomy,KIND//procedure\n"
                           "LAB//1,,LOINC/2160-0\n"
                           "\"PAYER//a, b\",A payer,RxNorm/1; SNOMED/2\n"));
    study_said_file(&said, "subject_splits.csv",
                    AN_STR("subject_id,split\n7,held_out\n-3,tuning\n"));
    ck_assert_int_eq(tr_meds_read(said.folder.path, take, NULL, NULL), AN_OK);
    ck_assert_str_eq(
        said.text,
        "subject -3 split 2 local 0 static 0\n"
        "procedure 10 http://snomed.info/sct|80146002 (Appendectomy)\n"
        "subject 7 split 3 observed unasked local 2 static 1\n"
        "from 0 until 120\n"
        "birth -86400\n"
        "sex -86400 = female\n"
        "medication order 5 urn:id:PAYER|a, b (A payer)\n"
        "condition 7 | (unknown)\n"
        "observation 8 urn:id:LAB|1 ()\n"
        "observation 9 http://loinc.org|1 () = 2\n"
        "observation 60 http://loinc.org|718-7 () 13.50 g/dL flag L\n"
        "death 86400\n");
}
END_TEST

static const char one_row[] = "subject_id,time,code,numeric_value\n"
                              "1,2000-01-01,SNOMED//1,\n";

START_TEST(folders_of_files_are_walked_and_one_file_is_read_alone)
{
    char path[TEST_PATH_BYTES];

    below("data");
    below("data/train");
    below("metadata");
    study_said_file(&said, "data/train/0.csv", an_str_c(one_row));
    study_said_file(&said, "data/1.csv",
                    AN_STR("subject_id,time,code,numeric_value\n"
                           "2,2000-01-01,SNOMED//1,\n"));
    study_said_file(&said, "data/notes.txt", AN_STR("not read"));
    study_said_file(&said, "metadata/subject_splits.csv",
                    AN_STR("subject_id,split\n1,train\n"));
    ck_assert_int_eq(tr_meds_read(said.folder.path, take, NULL, NULL), AN_OK);
    ck_assert_str_eq(said.text, "subject 2 split 0 local 0 static 0\n"
                                "condition 0 http://snomed.info/sct|1 ()\n"
                                "subject 1 split 1 local 0 static 0\n"
                                "condition 0 http://snomed.info/sct|1 ()\n");
    said.n = 0;
    test_folder_file(&said.folder, "data/1.csv", path);
    ck_assert_int_eq(tr_meds_read(path, take, NULL, NULL), AN_OK);
    ck_assert_str_eq(said.text, "subject 2 split 0 local 0 static 0\n"
                                "condition 0 http://snomed.info/sct|1 ()\n");
}
END_TEST

/* Subject 1 has been there. */
static enum an_code refuse(void *arg, const struct tr_record *r,
                           struct an_err *err)
{
    bool *seen = arg;

    if (r->id == 1 && *seen)
        return an_fail(err, AN_CONFLICT, "two persons have one number", 0);
    *seen |= r->id == 1;
    return AN_OK;
}

START_TEST(wrong_tables_are_refused_with_file_line_and_column)
{
    static const struct {
        const char *name, *bytes, *error;
    } wrong[] = {
        {"data.csv", "subject_id,time,code\n", "data.csv"},
        {"data.csv", "subject_id,time,code,numeric_value\nx,,a,\n",
         "data.csv[subject_id]:2:1: not a whole number"},
        {"data.csv", "subject_id,time,code,numeric_value\n1,2000,a,\n",
         "data.csv[time]:2:3: expected a time, such as 2000-01-31 10:00:00"},
        {"data.csv",
         "subject_id,time,code,numeric_value\n1,2000-02-30 10:00:00,a,\n",
         "data.csv[time]:2:3: expected a time, such as 2000-01-31 10:00:00"},
        {"data.csv", "subject_id,time,code,numeric_value\n1,2000-01-01,,\n",
         "data.csv[code]:2:14: a row without a code"},
        {"data.csv",
         "subject_id,time,code,numeric_value\n1,2000-01-01,a,1.2.3\n",
         "data.csv[numeric_value]:2:16: "},
        {"subject_splits.csv", "subject_id,split\n1,trian\n",
         "subject_splits.csv[split]:2:3: expected train, tuning or held_out"},
        {"subject_splits.csv", "subject_id,split\n1,train\n2,train\n1,train\n",
         "subject_splits.csv:4: a subject is there twice"},
        {"codes.csv", "code,description\n,x\n",
         "codes.csv[code]:2:1: a row without a code"},
        {"codes.csv", "cod,description\nx,x\n", "codes.csv"},
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char says[STUDY_SAYS_BYTES];
        struct an_err err;

        study_said_file(&said, "data.csv", an_str_c(one_row));
        study_said_file(&said, "codes.csv", AN_STR("code\nSNOMED//1\n"));
        study_said_file(&said, "subject_splits.csv",
                        AN_STR("subject_id,split\n"));
        study_said_file(&said, wrong[i].name, an_str_c(wrong[i].bytes));
        ck_assert_int_ne(tr_meds_read(said.folder.path, take, NULL, &err),
                         AN_OK);
        ck_assert_msg(an_str_starts(an_str_c(study_said_error(&err, says)),
                                    an_str_c(wrong[i].error)),
                      "%zu: %s", i, study_said_error(&err, says));
    }
}
END_TEST

START_TEST(a_subject_in_two_files_and_a_folder_without_data_are_refused)
{
    char says[STUDY_SAYS_BYTES];
    bool seen = false;
    struct an_err err;

    ck_assert_int_eq(tr_meds_read(said.folder.path, take, NULL, &err),
                     AN_NOTFOUND);
    below("data");
    ck_assert_int_eq(tr_meds_read(said.folder.path, take, NULL, &err),
                     AN_NOTFOUND);
    study_said_file(&said, "data/0.csv", an_str_c(one_row));
    study_said_file(&said, "data/1.csv", an_str_c(one_row));
    ck_assert_int_eq(tr_meds_read(said.folder.path, refuse, &seen, &err),
                     AN_CONFLICT);
    ck_assert_str_eq(study_said_error(&err, says),
                     "1.csv:2: a subject is in two files");
    ck_assert_int_eq(tr_meds_read("/no/such/folder", take, NULL, &err),
                     AN_NOTFOUND);
}
END_TEST

Suite *trainer_meds_suite(void)
{
    const TTest *const tests[] = {
        a_code_is_read_by_the_table,
        a_key_is_written_as_it_is_read,
        any_text_is_a_code_or_an_error,
        tables_become_these_events_and_no_others,
        folders_of_files_are_walked_and_one_file_is_read_alone,
        wrong_tables_are_refused_with_file_line_and_column,
        a_subject_in_two_files_and_a_folder_without_data_are_refused,
    };

    return test_suite_around("trainer/meds", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}

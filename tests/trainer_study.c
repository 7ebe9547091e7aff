/* SPDX-License-Identifier: Apache-2.0 */
/* The NAFLD study: from small invented tables to events, word for word. */
#include "tests/study_said.h"
#include "tests/suite.h"
#include "trainer/dataset/nafld.h"

#include <stdio.h>

Suite *trainer_study_suite(void);

static struct study_said said;

static void set_up(void)
{
    study_said_begin(&said);
}

static void tear_down(void)
{
    study_said_end(&said);
}

static const char people_csv[] =
    "status,futime,id,age,male,bmi,case.id,note\r\n"
    "1,1000,7,60,1,NA,3,\"said \"\"so\"\", once\"\r\n"
    "0,500,3,50,0,24.50,NA,\r\n";
static const char values_csv[] = "id,days,test,value\n"
                                 "7,-10,hdl,40\n"
                                 "7,-10,chol,40\n"
                                 "3,0,sbp,120\n"
                                 "3,0,dbp,120\n"
                                 "7,-10,hdl,41\n"
                                 "7,-10,chol,41\n"
                                 "7,5,sbp,13682\n"
                                 "7,6,sbp,50\n"
                                 "7,7,sbp,49.9\n"
                                 "7,8,sbp,300\n"
                                 "3,501,hdl,50\n"
                                 "3,500,fib4,2.750\n"
                                 "3,2,hdl,33.0\n"
                                 "3,2,hdl,33.0\n"
                                 "7,1000,smoke,1\n";
static const char diagnoses_csv[] = "id,days,event\n"
                                    "7,1000,stroke\n"
                                    "7,1001,MI\n"
                                    "3,10,htn\n"
                                    "3,-400,ang/isc\n"
                                    "3,10,htn\n"
                                    "3,20,htn";

static void put_nafld(void)
{
    study_said_file(&said, "nafld1.csv", an_str_c(people_csv));
    study_said_file(&said, "nafld2.csv", an_str_c(values_csv));
    study_said_file(&said, "nafld3.csv", an_str_c(diagnoses_csv));
}

START_TEST(nafld_becomes_these_events_and_no_others)
{
    struct tr_nafld_counts n;

    put_nafld();
    ck_assert_int_eq(tr_nafld_read_in(&said.arena, said.folder.path,
                                      study_said_take, &said, &n, NULL),
                     AN_OK);
    ck_assert_str_eq(
        said.text,
        "person 3: 0 to 500 + 1 us\n"
        "birth -18262 [birth] nafld1.csv:3\n"
        "sex -18262 = female [sex] nafld1.csv:3\n"
        "observation 0 http://loinc.org|39156-5 24.50 (24.5) kg/m2 [bmi|0] "
        "nafld1.csv:3\n"
        "observation 2 http://loinc.org|2085-9 33.0 (33) mg/dL [hdl|2] "
        "nafld2.csv:14\n"
        "observation 0 http://loinc.org|8480-6 120 (120) mm[Hg] [sbp|0] "
        "nafld2.csv:4\n"
        "observation 500 urn:id:nafld|fib4 2.750 (2.75) 1 [fib4|500] "
        "nafld2.csv:13\n"
        "condition 10 http://snomed.info/sct|38341003 [htn|10] nafld3.csv:4\n"
        "condition 20 http://snomed.info/sct|38341003 [htn|20] nafld3.csv:7\n"
        "condition -400 urn:id:nafld|ang-isc [ang/isc|-400] nafld3.csv:5\n"
        "person 7: 0 to 1000 + 1 us\n"
        "birth -21915 [birth] nafld1.csv:2\n"
        "sex -21915 = male [sex] nafld1.csv:2\n"
        "observation -10 http://loinc.org|2085-9 40.500000 (40.5) mg/dL "
        "[hdl|-10] nafld2.csv:2\n"
        "observation 6 http://loinc.org|8480-6 50 (50) mm[Hg] [sbp|6] "
        "nafld2.csv:9\n"
        "observation 8 http://loinc.org|8480-6 300 (300) mm[Hg] [sbp|8] "
        "nafld2.csv:11\n"
        "observation 1000 urn:id:nafld|smoke 1 (1) 1 [smoke|1000] "
        "nafld2.csv:16\n"
        "condition 1000 http://snomed.info/sct|230690007 [stroke|1000] "
        "nafld3.csv:2\n"
        "death 1000 [death] nafld1.csv:2\n");
    ck_assert(n.people == 2 && n.values == 7 && n.diagnoses == 4);
    ck_assert(n.copies == 3 && n.slips == 2 && n.repeated == 3 && n.late == 2);
}
END_TEST

static void read_outcome(const char *yaml, struct adv_outcome *o)
{
    ck_assert_int_eq(
        adv_outcome_read(&said.arena, an_str_c(yaml), "o.yaml", o, NULL),
        AN_OK);
}

static enum an_code check_death(void *arg, const struct tr_record *r,
                                struct an_err *err)
{
    const struct adv_outcome *o = arg;
    const struct tr_follow_up f =
        study_said_follow(&said.arena, o, r, STUDY_INDEX_US);

    (void)err;
    ck_assert_uint_eq(f.event, r->id == 7);
    ck_assert(f.from_days == 0 && (int)f.to_days == (r->id == 7 ? 1000 : 500));
    return AN_OK;
}

START_TEST(a_death_on_the_last_day_is_seen)
{
    struct adv_outcome o;

    put_nafld();
    read_outcome("id: death\ntitle: {en: Death}\nuse: Test.\n"
                 "event: {kinds: [death]}\nstart: {from: now}\n"
                 "exclude: {before: yes}\nhorizons_days: [365]\n"
                 "audience: [clinician]\npatient: never\nthreshold: off\n",
                 &o);
    ck_assert_int_eq(tr_nafld_read(said.folder.path, check_death, &o, NULL),
                     AN_OK);
}
END_TEST

START_TEST(nafld_says_which_row_is_wrong)
{
    static const struct {
        const char *file;
        struct an_str bytes;
        enum an_code code;
        const char *says;
    } c[] = {
        {"nafld1.csv", AN_STR_INIT("id,age,male,bmi,status\n"), AN_MISSING,
         "nafld1.csv[futime]:1: a column is not there"},
        {"nafld1.csv",
         AN_STR_INIT("id,age,male,bmi,futime,status\n3,5x,0,NA,1,0\n"), AN_TYPE,
         "nafld1.csv[age]:2:3: not a whole number"},
        {"nafld1.csv",
         AN_STR_INIT("id,age,male,bmi,futime,status\n3,50,2,NA,1,0\n"), AN_TYPE,
         "nafld1.csv[male]:2:6: a number out of range"},
        {"nafld1.csv",
         AN_STR_INIT("id,age,male,bmi,futime,status\n3,50,0,thin,1,0\n"),
         AN_TYPE, "nafld1.csv[bmi]:2:8: not a number"},
        {"nafld1.csv",
         AN_STR_INIT("id,age,male,bmi,futime,status\n"
                     "3,50,0,NA,1,0\n7,50,0,NA,1,0\n3,51,0,NA,1,0\n"),
         AN_CONFLICT, "nafld1.csv:4: a person is there twice"},
        {"nafld1.csv", AN_STR_INIT(""), AN_SYNTAX,
         "nafld1.csv:1: a table without a line that names its columns"},
        {"nafld2.csv", AN_STR_INIT("id,days,test,value\n3,1,hdl,high\n"),
         AN_TYPE, "nafld2.csv[value]:2:9: not a number"},
        {"nafld2.csv", AN_STR_INIT("id,days,test,value\n3,1,ldl,100\n"),
         AN_CODE, "nafld2.csv[test]:2:5: a test that the study does not have"},
        {"nafld2.csv", AN_STR_INIT("id,days,test,value\n3,1,hdl,1\n4,1,hdl,1"),
         AN_NOTFOUND,
         "nafld2.csv[id]:3:1: a person whom nafld1.csv does not have"},
        {"nafld2.csv", AN_STR_INIT("id,days,test,value\n4,1,chol,1\n"),
         AN_NOTFOUND,
         "nafld2.csv[id]:2:1: a person whom nafld1.csv does not have"},
        {"nafld2.csv", AN_STR_INIT("id,days,test,value\n3,1,hdl\0,1\n"),
         AN_SYNTAX, "nafld2.csv:2:8: a NUL in a table"},
        {"nafld2.csv", AN_STR_INIT("id,days,test,value\n3,1,\"hdl,1\n"),
         AN_SYNTAX, "nafld2.csv:2:5: a quote that is never closed"},
        {"nafld3.csv", AN_STR_INIT("id,days,event\n3,1,gout\n"), AN_CODE,
         "nafld3.csv[event]:2:5: a diagnosis that the study does not have"},
        {"nafld3.csv", AN_STR_INIT("id,days,event\n5,1,htn\n"), AN_NOTFOUND,
         "nafld3.csv[id]:2:1: a person whom nafld1.csv does not have"},
        {"nafld3.csv", AN_STR_INIT("id,days,event\n3,soon,htn\n"), AN_TYPE,
         "nafld3.csv[days]:2:3: not a whole number"},
    };

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        struct an_err err = {0};
        char says[STUDY_SAYS_BYTES];

        put_nafld();
        study_said_file(&said, c[i].file, c[i].bytes);
        ck_assert_int_eq(
            tr_nafld_read(said.folder.path, study_said_take, &said, &err),
            c[i].code);
        ck_assert_str_eq(study_said_error(&err, says), c[i].says);
        ck_assert_uint_eq(said.n, 0);
    }
}
END_TEST

static enum an_code refuse(void *arg, const struct tr_record *r,
                           struct an_err *err)
{
    (void)r;
    ++*(int *)arg;
    return an_fail(err, AN_BUSY, "enough", 0);
}

START_TEST(what_the_callback_fails_with_ends_the_reading)
{
    int n = 0;

    put_nafld();
    ck_assert_int_eq(tr_nafld_read(said.folder.path, refuse, &n, NULL),
                     AN_BUSY);
    ck_assert_int_eq(n, 1);
}
END_TEST

/* Rows of a test as a number, in the order of people and days. */
struct rows {
    struct an_str code;
    uint64_t hash;
    size_t n;
};

static enum an_code add_rows(void *arg, const struct tr_record *r,
                             struct an_err *err)
{
    struct rows *rows = arg;

    (void)err;
    for (size_t i = 0; i < r->n_events; i++) {
        const struct ctx_event *e = &r->event[i];
        char row[STUDY_SAYS_BYTES];
        struct rows *of = rows;
        int n;

        if (e->kind != CTX_OBSERVATION)
            continue;
        while (of->code.n && !an_str_eq(of->code, e->concept.code))
            of++;
        n = snprintf(row, sizeof(row), "%llu %llu %lld %.17g",
                     (unsigned long long)of->hash, (unsigned long long)r->id,
                     (long long)e->effective.us, e->value.number);
        of->code = e->concept.code;
        of->hash = an_str_hash((struct an_str){row, (size_t)n});
        of->n++;
    }
    return AN_OK;
}

START_TEST(no_two_tests_have_the_same_rows)
{
    struct rows rows[8] = {{.n = 0}};
    size_t n = 0;

    put_nafld();
    ck_assert_int_eq(tr_nafld_read(said.folder.path, add_rows, rows, NULL),
                     AN_OK);
    while (rows[n].n)
        n++;
    ck_assert_uint_eq(n, 5); /* with the body mass index */
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert(rows[i].hash != rows[k].hash);
}
END_TEST

START_TEST(nafld_ends_cleanly_without_memory)
{
    enum an_code code = AN_NOMEM;
    long n = 0;

    put_nafld();
    for (; code == AN_NOMEM && n < 1000; n++) {
        an_arena_reset(&said.arena);
        said.arena.fail_after = n;
        said.n = 0;
        code = tr_nafld_read_in(&said.arena, said.folder.path, study_said_take,
                                &said, NULL, NULL);
    }
    said.arena.fail_after = -1;
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(n, 50);
}
END_TEST

Suite *trainer_study_suite(void)
{
    const TTest *const tests[] = {
        nafld_becomes_these_events_and_no_others,
        a_death_on_the_last_day_is_seen,
        nafld_says_which_row_is_wrong,
        what_the_callback_fails_with_ends_the_reading,
        no_two_tests_have_the_same_rows,
        nafld_ends_cleanly_without_memory,
    };

    return test_suite_around("trainer/study", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}

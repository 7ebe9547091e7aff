/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/nafld.h"

#include "base/buf.h"
#include "base/decimal.h"
#include "base/sort.h"
#include "trainer/dataset/csv.h"
#include "trainer/dataset/study.h"

#include <stdlib.h>

#define SNOMED "http://snomed.info/sct"
#define LOINC "http://loinc.org"
#define LOCAL "urn:id:nafld"
#define PEOPLE "nafld1.csv"
#define VALUES "nafld2.csv"
#define DIAGNOSES "nafld3.csv"

/* 2000-01-01T00:00Z: the study has no dates. */
#define INDEX_US (INT64_C(946684800) * 1000000)
/* As the study itself counts years. */
#define US_PER_YEAR INT64_C(31557600000000)

#define MOST_BYTES ((size_t)8 << 30)

enum {
    PATH_BYTES = 4096,
    OLDEST_YEARS = 130,
    LONGEST_DAYS = 50000,
    LARGEST_VALUE = 1000000000,
    MEAN_PLACES = 6
};

/* What the tables call it, and what it is.  A standard code only where it means
 * just that: FIB-4 and smoking as 0 or 1 have none that is sure, and "ang/isc"
 * is two things. */
struct word {
    const char *name;
    struct ctx_code code;
};

/*        name, system, code, display */
#define WORD(name, system, code, display)                                      \
    {                                                                          \
        name,                                                                  \
        {                                                                      \
            AN_STR_INIT(system), AN_STR_INIT(code), AN_STR_INIT(display)       \
        }                                                                      \
    }

static const struct test {
    struct word word;
    const char *unit; /* UCUM */
    double low, high; /* what is outside is a slip */
} tests[] = {
    {WORD("hdl", LOINC, "2085-9",
          "Cholesterol in HDL [Mass/volume] in Serum or Plasma"),
     "mg/dL", -LARGEST_VALUE, LARGEST_VALUE},
    {WORD("sbp", LOINC, "8480-6", "Systolic blood pressure"), "mm[Hg]", 50,
     300},
    {WORD("fib4", LOCAL, "fib4", "FIB-4 index"), "1", -LARGEST_VALUE,
     LARGEST_VALUE},
    {WORD("smoke", LOCAL, "smoke", "Smoking (1 yes, 0 no)"), "1",
     -LARGEST_VALUE, LARGEST_VALUE},
};

static const char *const copies[] = {"chol", "dbp"};

static const struct word diagnoses[] = {
    WORD("htn", SNOMED, "38341003", "Hypertensive disorder"),
    WORD("dyslipidemia", SNOMED, "370992007", "Dyslipidemia"),
    WORD("diabetes", SNOMED, "73211009", "Diabetes mellitus"),
    WORD("nafld", SNOMED, "197315008", "Nonalcoholic fatty liver disease"),
    WORD("ang/isc", LOCAL, "ang-isc", "Angina or ischemic heart disease"),
    WORD("stroke", SNOMED, "230690007", "Cerebrovascular accident"),
    WORD("afib", SNOMED, "49436004", "Atrial fibrillation"),
    WORD("heart failure", SNOMED, "84114007", "Heart failure"),
    WORD("MI", SNOMED, "22298006", "Myocardial infarction"),
    WORD("cardiac arrest", SNOMED, "410429000", "Cardiac arrest"),
};

static const struct ctx_code bmi = {
    AN_STR_INIT(LOINC), AN_STR_INIT("39156-5"),
    AN_STR_INIT("Body mass index (BMI) [Ratio]")};

enum {
    N_TESTS = sizeof(tests) / sizeof(tests[0]),
    N_COPIES = sizeof(copies) / sizeof(copies[0]),
    N_DIAGNOSES = sizeof(diagnoses) / sizeof(diagnoses[0])
};

struct person {
    int64_t id, age_years, followed_days;
    struct an_str bmi_literal; /* "" when unknown */
    double bmi;
    uint32_t line;
    bool male, died;
};

/* A row of nafld2.csv or nafld3.csv. */
struct row {
    uint32_t person, line; /* person: by id */
    int32_t day;
    uint32_t what; /* of tests or diagnoses */
    double number;
    struct an_str literal;
};

struct study {
    struct an_arena *arena;
    const char *folder;
    struct tr_nafld_counts *counts;
    struct tr_csv table[3]; /* open until the end: rows are views of them */
    struct person *person;
    struct row *value, *diagnosis;
    size_t n_people, n_values, n_diagnoses;
};

/* ---- tables ---------------------------------------------------------------- */

static enum an_code open_table(struct study *s, struct tr_csv *t,
                               const char *name, struct tr_csv_column *column,
                               size_t n, struct an_err *err)
{
    struct an_str path;
    struct an_buf b;
    enum an_code code;

    an_buf_init(&b, s->arena, PATH_BYTES);
    an_buf_put_c(&b, s->folder);
    an_buf_put_char(&b, '/');
    an_buf_put_c(&b, name);
    code = an_buf_done(&b, &path, err);
    if (code == AN_OK)
        code = tr_csv_open(t, s->arena, path.p, err);
    return code == AN_OK ? tr_csv_find(t, column, n, err) : code;
}

static int person_cmp(const void *a, const void *b)
{
    const struct person *x = a, *y = b;

    return x->id != y->id ? (x->id < y->id ? -1 : 1)
                          : (x->line > y->line) - (x->line < y->line);
}

static enum an_code sort(struct an_arena *arena, void *all, size_t n,
                         size_t size, int (*cmp)(const void *a, const void *b),
                         struct an_err *err)
{
    struct an_mark mark = an_arena_mark(arena);
    void *scratch = an_arena_get(arena, n / 2 + 1, size);

    if (scratch == NULL)
        return an_fail_nomem(err);
    an_sort(all, n, size, scratch, cmp);
    an_arena_rewind(arena, mark);
    return AN_OK;
}

enum { ID, AGE, MALE, BMI, FOLLOWED, DIED, N_OF_PEOPLE };

static enum an_code read_person(const struct tr_csv *t,
                                const struct tr_csv_column *c, struct person *p,
                                struct an_err *err)
{
    int64_t male = 0, died = 0;
    enum an_code code = tr_csv_int(t, &c[ID], 0, INT64_MAX, &p->id, err);

    if (code == AN_OK)
        code = tr_csv_int(t, &c[AGE], 0, OLDEST_YEARS, &p->age_years, err);
    if (code == AN_OK)
        code = tr_csv_int(t, &c[MALE], 0, 1, &male, err);
    if (code == AN_OK && !an_str_eq(tr_csv_text(t, &c[BMI]), AN_STR("NA")))
        code = tr_csv_number(t, &c[BMI], &p->bmi_literal, &p->bmi, err);
    if (code == AN_OK)
        code = tr_csv_int(t, &c[FOLLOWED], 0, LONGEST_DAYS, &p->followed_days,
                          err);
    if (code == AN_OK)
        code = tr_csv_int(t, &c[DIED], 0, 1, &died, err);
    p->line = t->row.line;
    p->male = male;
    p->died = died;
    return code;
}

static enum an_code read_people(struct study *s, struct an_err *err)
{
    struct tr_csv_column c[N_OF_PEOPLE] = {
        [ID] = {"id", 0},   [AGE] = {"age", 0},         [MALE] = {"male", 0},
        [BMI] = {"bmi", 0}, [FOLLOWED] = {"futime", 0}, [DIED] = {"status", 0}};
    struct tr_csv *t = &s->table[0];
    enum an_code code = open_table(s, t, PEOPLE, c, N_OF_PEOPLE, err);
    bool any;

    if (code != AN_OK)
        return code;
    s->person = an_arena_get(s->arena, tr_csv_most_rows(t), sizeof(*s->person));
    if (s->person == NULL)
        return an_fail_nomem(err);
    while ((code = tr_csv_next(t, &any, err)) == AN_OK && any &&
           (code = read_person(t, c, &s->person[s->n_people], err)) == AN_OK)
        s->n_people++;
    if (code == AN_OK)
        code = sort(s->arena, s->person, s->n_people, sizeof(*s->person),
                    person_cmp, err);
    for (size_t i = 1; i < s->n_people && code == AN_OK; i++)
        if (s->person[i].id == s->person[i - 1].id)
            code = an_fail_line(err, AN_CONFLICT, "a person is there twice",
                                t->file, s->person[i].line, 0);
    return code;
}

static int id_cmp(const void *key, const void *one)
{
    const int64_t id = *(const int64_t *)key;
    const struct person *p = one;

    return (id > p->id) - (id < p->id);
}

enum { WHO, DAY, WHAT, NUMBER };

/* Who and when. */
static enum an_code read_row(const struct study *s, const struct tr_csv *t,
                             const struct tr_csv_column *c, struct row *r,
                             bool *in_time, struct an_err *err)
{
    int64_t id = 0, day = 0;
    const struct person *p;
    enum an_code code = tr_csv_int(t, &c[WHO], 0, INT64_MAX, &id, err);

    if (code == AN_OK)
        code = tr_csv_int(t, &c[DAY], -LONGEST_DAYS, LONGEST_DAYS, &day, err);
    if (code != AN_OK)
        return code;
    p = bsearch(&id, s->person, s->n_people, sizeof(*p), id_cmp);
    if (p == NULL)
        return tr_csv_fail(t, &c[WHO], AN_NOTFOUND,
                           "a person whom " PEOPLE " does not have", err);
    r->person = (uint32_t)(p - s->person);
    r->day = (int32_t)day;
    r->line = t->row.line;
    *in_time = day <= p->followed_days;
    return AN_OK;
}

static bool is_copy(struct an_str name)
{
    for (size_t i = 0; i < N_COPIES; i++)
        if (an_str_eq(name, an_str_c(copies[i])))
            return true;
    return false;
}

/* A row that is kept is the last of s->value. */
static enum an_code read_value(struct study *s, struct tr_csv *t,
                               const struct tr_csv_column *c,
                               struct an_err *err)
{
    const struct an_str name = tr_csv_text(t, &c[WHAT]);
    struct row *r = &s->value[s->n_values];
    bool in_time = false;
    enum an_code code = read_row(s, t, c, r, &in_time, err);

    if (code == AN_OK)
        code = tr_csv_number(t, &c[NUMBER], &r->literal, &r->number, err);
    if (code != AN_OK)
        return code;
    if (is_copy(name)) {
        s->counts->copies++;
        return AN_OK;
    }
    for (r->what = 0; r->what < N_TESTS; r->what++)
        if (an_str_eq(name, an_str_c(tests[r->what].word.name)))
            break;
    if (r->what == N_TESTS)
        return tr_csv_fail(t, &c[WHAT], AN_CODE,
                           "a test that the study does not have", err);
    if (r->number < tests[r->what].low || r->number > tests[r->what].high)
        s->counts->slips++;
    else if (!in_time)
        s->counts->late++;
    else
        s->n_values++;
    return AN_OK;
}

static enum an_code read_diagnosis(struct study *s, struct tr_csv *t,
                                   const struct tr_csv_column *c,
                                   struct an_err *err)
{
    const struct an_str name = tr_csv_text(t, &c[WHAT]);
    struct row *r = &s->diagnosis[s->n_diagnoses];
    bool in_time = false;
    enum an_code code = read_row(s, t, c, r, &in_time, err);

    if (code != AN_OK)
        return code;
    for (r->what = 0; r->what < N_DIAGNOSES; r->what++)
        if (an_str_eq(name, an_str_c(diagnoses[r->what].name)))
            break;
    if (r->what == N_DIAGNOSES)
        return tr_csv_fail(t, &c[WHAT], AN_CODE,
                           "a diagnosis that the study does not have", err);
    if (in_time)
        s->n_diagnoses++;
    else
        s->counts->late++;
    return AN_OK;
}

/* By person, then what is the same fact together; the rest so that the order
 * of rows in the file does not matter. */
static int row_cmp(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->person != y->person)
        return x->person < y->person ? -1 : 1;
    if (x->what != y->what)
        return x->what < y->what ? -1 : 1;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    if (x->number < y->number || x->number > y->number)
        return x->number < y->number ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static enum an_code read_values(struct study *s, struct an_err *err)
{
    struct tr_csv_column c[] = {[WHO] = {"id", 0},
                                [DAY] = {"days", 0},
                                [WHAT] = {"test", 0},
                                [NUMBER] = {"value", 0}};
    struct tr_csv *t = &s->table[1];
    enum an_code code = open_table(s, t, VALUES, c, NUMBER + 1, err);
    bool any;

    if (code != AN_OK)
        return code;
    s->value = an_arena_get(s->arena, tr_csv_most_rows(t), sizeof(*s->value));
    if (s->value == NULL)
        return an_fail_nomem(err);
    while ((code = tr_csv_next(t, &any, err)) == AN_OK && any &&
           (code = read_value(s, t, c, err)) == AN_OK) {
    }
    return code == AN_OK ? sort(s->arena, s->value, s->n_values,
                                sizeof(*s->value), row_cmp, err)
                         : code;
}

static enum an_code read_diagnoses(struct study *s, struct an_err *err)
{
    struct tr_csv_column c[] = {
        [WHO] = {"id", 0}, [DAY] = {"days", 0}, [WHAT] = {"event", 0}};
    struct tr_csv *t = &s->table[2];
    enum an_code code = open_table(s, t, DIAGNOSES, c, WHAT + 1, err);
    bool any;

    if (code != AN_OK)
        return code;
    s->diagnosis =
        an_arena_get(s->arena, tr_csv_most_rows(t), sizeof(*s->diagnosis));
    if (s->diagnosis == NULL)
        return an_fail_nomem(err);
    while ((code = tr_csv_next(t, &any, err)) == AN_OK && any &&
           (code = read_diagnosis(s, t, c, err)) == AN_OK) {
    }
    return code == AN_OK ? sort(s->arena, s->diagnosis, s->n_diagnoses,
                                sizeof(*s->diagnosis), row_cmp, err)
                         : code;
}

/* ---- events ---------------------------------------------------------------- */

static int64_t us_of(int64_t day)
{
    return INDEX_US + day * AN_US_PER_DAY;
}

/* "hdl|-459" */
static struct an_str fact_of(struct tr_study *to, const char *name, int64_t day)
{
    struct an_str text = {NULL, 0};
    struct an_buf b;

    an_buf_init(&b, to->arena, PATH_BYTES);
    an_buf_put_i64(&b, day);
    to->failed |= an_buf_done(&b, &text, NULL) != AN_OK;
    return tr_study_join(to, an_str_c(name), AN_STR("|"), text);
}

/* Rows from r on, before `end`, that are of one fact. */
static size_t same_fact(const struct row *r, const struct row *end)
{
    size_t n = 1;

    while (r + n < end && r[n].person == r->person && r[n].what == r->what &&
           r[n].day == r->day)
        n++;
    return n;
}

/* Sorted by number: the first and the last tell whether all are the same. */
static struct ctx_value value_of(struct tr_study *to, const struct row *r,
                                 size_t n)
{
    const char *unit = tests[r->what].unit;
    char text[AN_DECIMAL_TEXT_BYTES];
    struct an_str mean;
    double number = 0;

    if (!(r[0].number < r[n - 1].number))
        return tr_study_quantity(r->literal, r->number, unit);
    for (size_t i = 0; i < n; i++)
        number += r[i].number / (double)n;
    mean = (struct an_str){text, an_decimal_print(number, MEAN_PLACES, text)};
    mean = tr_study_join(to, mean, AN_STR(""), AN_STR(""));
    (void)an_decimal_parse(mean, &number);
    return tr_study_quantity(mean, number, unit);
}

static void put_values(struct study *s, struct tr_study *to, size_t n)
{
    const struct row *r = s->value, *end = r + n;

    for (size_t same; r < end; r += same) {
        const char *name = tests[r->what].word.name;
        struct ctx_event *e =
            tr_study_add(to, CTX_OBSERVATION, us_of(r->day),
                         fact_of(to, name, r->day), VALUES, r->line);

        same = same_fact(r, end);
        e->concept = tests[r->what].word.code;
        e->value = value_of(to, r, same);
        s->counts->values++;
        s->counts->repeated += same - 1;
    }
    s->value += n;
    s->n_values -= n;
}

static void put_diagnoses(struct study *s, struct tr_study *to, size_t n)
{
    const struct row *r = s->diagnosis, *end = r + n;

    for (size_t same; r < end; r += same) {
        const struct word *w = &diagnoses[r->what];
        struct ctx_event *e =
            tr_study_add(to, CTX_CONDITION, us_of(r->day),
                         fact_of(to, w->name, r->day), DIAGNOSES, r->line);

        same = same_fact(r, end);
        e->concept = w->code;
        s->counts->diagnoses++;
        s->counts->repeated += same - 1;
    }
    s->diagnosis += n;
    s->n_diagnoses -= n;
}

static size_t rows_of(const struct row *r, size_t n, uint32_t person)
{
    size_t of = 0;

    while (of < n && r[of].person == person)
        of++;
    return of;
}

/* What is left of the values and diagnoses begins with this person's. */
static enum an_code hand_over(struct study *s, uint32_t person,
                              tr_take_record *take, void *arg,
                              struct an_err *err)
{
    const struct person *p = &s->person[person];
    const size_t n_values = rows_of(s->value, s->n_values, person),
                 n_diagnoses = rows_of(s->diagnosis, s->n_diagnoses, person);
    /* Whoever was seen to the last moment of the last day, whether they died
     * in it or not: the end must not tell. */
    struct tr_record record = {.id = (uint64_t)p->id,
                               .watched = true,
                               .from_us = INDEX_US,
                               .until_us = us_of(p->followed_days) + 1};
    struct an_mark mark = an_arena_mark(s->arena);
    struct tr_study to;
    struct ctx_event *e;
    enum an_code code;

    tr_study_begin(&to, s->arena, LOCAL, 4 + n_values + n_diagnoses);
    tr_study_born(&to, INDEX_US - p->age_years * US_PER_YEAR,
                  p->male ? "male" : "female", PEOPLE, p->line);
    if (p->bmi_literal.n) {
        e = tr_study_add(&to, CTX_OBSERVATION, INDEX_US, AN_STR("bmi|0"),
                         PEOPLE, p->line);
        e->concept = bmi;
        e->value = tr_study_quantity(p->bmi_literal, p->bmi, "kg/m2");
    }
    put_values(s, &to, n_values);
    put_diagnoses(s, &to, n_diagnoses);
    if (p->died)
        (void)tr_study_add(&to, CTX_DEATH, us_of(p->followed_days),
                           AN_STR("death"), PEOPLE, p->line);
    code = tr_study_hand_over(&to, &record, take, arg, err);
    an_arena_rewind(s->arena, mark);
    s->counts->people++;
    return code;
}

enum an_code tr_nafld_read_in(struct an_arena *arena, const char *folder,
                              tr_take_record *take, void *arg,
                              struct tr_nafld_counts *counts,
                              struct an_err *err)
{
    struct tr_nafld_counts unused = {.people = 0};
    struct study s = {
        .arena = arena, .folder = folder, .counts = counts ? counts : &unused};
    enum an_code code;

    *s.counts = (struct tr_nafld_counts){.people = 0};
    code = read_people(&s, err);
    if (code == AN_OK)
        code = read_values(&s, err);
    if (code == AN_OK)
        code = read_diagnoses(&s, err);
    for (size_t i = 0; i < s.n_people && code == AN_OK; i++)
        code = hand_over(&s, (uint32_t)i, take, arg, err);
    for (size_t i = 0; i < sizeof(s.table) / sizeof(s.table[0]); i++)
        tr_csv_close(&s.table[i]);
    return code;
}

enum an_code tr_nafld_read(const char *folder, tr_take_record *take, void *arg,
                           struct an_err *err)
{
    struct an_arena arena;
    enum an_code code;

    an_arena_init(&arena, MOST_BYTES);
    code = tr_nafld_read_in(&arena, folder, take, arg, NULL, err);
    an_arena_free(&arena);
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/dataset/diabetes130.h"

#include "base/buf.h"
#include "base/sort.h"
#include "trainer/dataset/csv.h"
#include "trainer/dataset/icd9.h"
#include "trainer/dataset/study.h"

#include <sys/stat.h>

#define LOCAL "urn:id:diabetes130"
#define TABLE "diabetic_data.csv"

/* 2000-01-01T00:00Z: the table has no dates. */
#define FIRST_US (INT64_C(946684800) * 1000000)
#define US_PER_YEAR INT64_C(31557600000000)
#define MOST_BYTES ((size_t)8 << 30)

enum {
    PATH_BYTES = 4096,
    SOON_DAYS = 15,   /* "<30": in the middle of it */
    LATER_DAYS = 180, /* ">30" */
    NEVER_DAYS = 400, /* "NO", and yet; so long is everybody watched */
    LONGEST_DAYS = 3660,
    MOST_THINGS = 1000000, /* in a count */
    OLDEST_YEARS = 150,
    ANSWER_BYTES = 64,
    EVENTS_PER_STAY = 80
};

/* ---- columns --------------------------------------------------------------- */

static const char *const diagnosis_name[] = {"diag_1", "diag_2", "diag_3"};

static const struct {
    const char *name, *display, *unit; /* UCUM */
} number[] = {
    {"time_in_hospital", "Days in hospital", "d"},
    {"num_lab_procedures", "Lab tests in the stay", "1"},
    {"num_procedures", "Procedures in the stay", "1"},
    {"num_medications", "Drugs in the stay", "1"},
    {"number_outpatient", "Outpatient visits in the year before", "1"},
    {"number_emergency", "Emergency visits in the year before", "1"},
    {"number_inpatient", "Inpatient visits in the year before", "1"},
    {"number_diagnoses", "Diagnoses of the stay", "1"},
};

static const struct {
    const char *name, *display;
    const char *nothing; /* what says that there is no answer */
} answer[] = {
    {"discharge_disposition_id", "Discharge disposition", "?"},
    {"admission_type_id", "Admission type", "?"},
    {"admission_source_id", "Admission source", "?"},
    {"payer_code", "Payer", "?"},
    {"medical_specialty", "Specialty of the admitting physician", "?"},
    {"max_glu_serum", "Glucose, highest", "None"},
    {"A1Cresult", "Hemoglobin A1c", "None"},
    {"change", "Change of diabetes drugs", "?"},
    {"diabetesMed", "Any diabetes drug", "?"},
};

static const char *const drug[] = {"metformin",
                                   "repaglinide",
                                   "nateglinide",
                                   "chlorpropamide",
                                   "glimepiride",
                                   "acetohexamide",
                                   "glipizide",
                                   "glyburide",
                                   "tolbutamide",
                                   "pioglitazone",
                                   "rosiglitazone",
                                   "acarbose",
                                   "miglitol",
                                   "troglitazone",
                                   "tolazamide",
                                   "examide",
                                   "citoglipton",
                                   "insulin",
                                   "glyburide-metformin",
                                   "glipizide-metformin",
                                   "glimepiride-pioglitazone",
                                   "metformin-rosiglitazone",
                                   "metformin-pioglitazone"};

enum {
    N_DIAGNOSES = sizeof(diagnosis_name) / sizeof(diagnosis_name[0]),
    N_NUMBERS = sizeof(number) / sizeof(number[0]),
    N_ANSWERS = sizeof(answer) / sizeof(answer[0]),
    N_DRUGS = sizeof(drug) / sizeof(drug[0])
};

/* All that is read, group after group. */
enum {
    ENCOUNTER,
    PATIENT,
    GENDER,
    AGE,
    READMITTED,
    DIAGNOSIS,
    NUMBER = DIAGNOSIS + N_DIAGNOSES,
    DAYS = NUMBER, /* the first of them */
    ANSWER = NUMBER + N_NUMBERS,
    DISPOSITION = ANSWER, /* the first of them */
    DRUG = ANSWER + N_ANSWERS,
    N_COLUMNS = DRUG + N_DRUGS
};

static void name_columns(struct tr_csv_column c[N_COLUMNS])
{
    c[ENCOUNTER].name = "encounter_id";
    c[PATIENT].name = "patient_nbr";
    c[GENDER].name = "gender";
    c[AGE].name = "age";
    c[READMITTED].name = "readmitted";
    for (size_t i = 0; i < N_DIAGNOSES; i++)
        c[DIAGNOSIS + i].name = diagnosis_name[i];
    for (size_t i = 0; i < N_NUMBERS; i++)
        c[NUMBER + i].name = number[i].name;
    for (size_t i = 0; i < N_ANSWERS; i++)
        c[ANSWER + i].name = answer[i].name;
    for (size_t i = 0; i < N_DRUGS; i++)
        c[DRUG + i].name = drug[i];
}

/* ---- rows ------------------------------------------------------------------ */

/* Where an encounter stands; the rest is read again with its person. */
struct row {
    int64_t patient, encounter;
    struct tr_csv_place place;
};

struct study {
    struct an_arena *arena;
    struct tr_csv table;
    struct tr_csv_column column[N_COLUMNS];
    struct row *row; /* by patient, then encounter */
    size_t n_rows;
};

static int row_cmp(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->patient != y->patient)
        return x->patient < y->patient ? -1 : 1;
    if (x->encounter != y->encounter)
        return x->encounter < y->encounter ? -1 : 1;
    return (x->place.byte > y->place.byte) - (x->place.byte < y->place.byte);
}

static enum an_code read_row(struct study *s, struct row *r, struct an_err *err)
{
    struct tr_csv *t = &s->table;
    enum an_code code =
        tr_csv_int(t, &s->column[PATIENT], 0, INT64_MAX, &r->patient, err);

    if (code == AN_OK)
        code = tr_csv_int(t, &s->column[ENCOUNTER], 0, INT64_MAX, &r->encounter,
                          err);
    r->place = t->row;
    return code;
}

static enum an_code sort_rows(struct study *s, struct an_err *err)
{
    void *scratch = an_arena_get(s->arena, s->n_rows / 2 + 1, sizeof(*s->row));

    if (scratch == NULL)
        return an_fail_nomem(err);
    an_sort(s->row, s->n_rows, sizeof(*s->row), scratch, row_cmp);
    for (size_t i = 1; i < s->n_rows; i++)
        if (s->row[i].patient == s->row[i - 1].patient &&
            s->row[i].encounter == s->row[i - 1].encounter)
            return an_fail_line(err, AN_CONFLICT, "an encounter is there twice",
                                s->table.file, s->row[i].place.line, 0);
    return AN_OK;
}

static enum an_code read_rows(struct study *s, struct an_err *err)
{
    struct an_mark mark;
    enum an_code code;
    bool any;

    s->row =
        an_arena_get(s->arena, tr_csv_most_rows(&s->table), sizeof(*s->row));
    if (s->row == NULL)
        return an_fail_nomem(err);
    mark = an_arena_mark(s->arena);
    while ((code = tr_csv_next(&s->table, &any, err)) == AN_OK && any &&
           (code = read_row(s, &s->row[s->n_rows], err)) == AN_OK) {
        an_arena_rewind(s->arena, mark);
        s->n_rows++;
    }
    return code == AN_OK ? sort_rows(s, err) : code;
}

/* ---- an encounter's fields ------------------------------------------------- */

/* Who it is, and what decides when things happen. */
struct stay {
    uint32_t line;
    int64_t number;   /* of the encounter */
    int64_t birth_us; /* as if it were the first */
    const char *sex;  /* NULL when unknown */
    int64_t days, next_days;
    bool readmitted, hospice, died;
};

static enum an_code read_readmitted(struct study *s, struct stay *stay,
                                    struct an_err *err)
{
    static const struct {
        const char *text;
        int days;
        bool readmitted;
    } is[] = {{"<30", SOON_DAYS, true},
              {">30", LATER_DAYS, true},
              {"NO", NEVER_DAYS, false}};
    const struct tr_csv_column *c = &s->column[READMITTED];

    for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
        if (!an_str_eq(tr_csv_text(&s->table, c), an_str_c(is[i].text)))
            continue;
        stay->next_days = is[i].days;
        stay->readmitted = is[i].readmitted;
        return AN_OK;
    }
    return tr_csv_fail(&s->table, c, AN_CODE, "none of <30, >30, NO", err);
}

/* "[70-80)" */
static enum an_code read_birth(struct study *s, int64_t *birth_us,
                               struct an_err *err)
{
    struct an_str rest = tr_csv_text(&s->table, &s->column[AGE]), from;
    uint64_t low, high;

    if (rest.n < 2 || rest.p[0] != '[' || rest.p[rest.n - 1] != ')')
        return tr_csv_fail(&s->table, &s->column[AGE], AN_TYPE,
                           "no age band as in [70-80)", err);
    rest = an_str_sub(rest, 1, rest.n - 2);
    if (!an_str_cut(&rest, '-', &from) || !an_str_u64(from, &low) ||
        !an_str_u64(rest, &high) || low >= high || high > OLDEST_YEARS)
        return tr_csv_fail(&s->table, &s->column[AGE], AN_TYPE,
                           "no age band as in [70-80)", err);
    *birth_us = FIRST_US - (int64_t)(low + high) * US_PER_YEAR / 2;
    return AN_OK;
}

static enum an_code read_sex(struct study *s, const char **sex,
                             struct an_err *err)
{
    const struct an_str text = tr_csv_text(&s->table, &s->column[GENDER]);

    *sex = NULL;
    if (an_str_eq(text, AN_STR("Male")))
        *sex = "male";
    else if (an_str_eq(text, AN_STR("Female")))
        *sex = "female";
    else if (!an_str_eq(text, AN_STR("Unknown/Invalid")))
        return tr_csv_fail(&s->table, &s->column[GENDER], AN_CODE,
                           "none of Male, Female, Unknown/Invalid", err);
    return AN_OK;
}

static enum an_code read_stay(struct study *s, const struct row *r,
                              struct stay *stay, struct an_err *err)
{
    int64_t disposition = 0;
    bool any;
    enum an_code code;

    *stay = (struct stay){.line = r->place.line, .number = r->encounter};
    tr_csv_seek(&s->table, r->place);
    code = tr_csv_next(&s->table, &any, err);
    if (code == AN_OK)
        code = tr_csv_int(&s->table, &s->column[DAYS], 1, LONGEST_DAYS,
                          &stay->days, err);
    if (code == AN_OK)
        code = tr_csv_int(&s->table, &s->column[DISPOSITION], 1, 99,
                          &disposition, err);
    /* IDs_mapping.csv: "Expired", three times with hospice and Medicaid. */
    stay->died = disposition == 11 || (disposition >= 19 && disposition <= 21);
    stay->hospice = disposition == 13 || disposition == 14;
    if (code == AN_OK)
        code = read_birth(s, &stay->birth_us, err);
    if (code == AN_OK)
        code = read_sex(s, &stay->sex, err);
    return code == AN_OK ? read_readmitted(s, stay, err) : code;
}

/* A word that can be a code. */
static bool is_word(struct an_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] > '~')
            return false;
    return text.n > 0 && text.n <= ANSWER_BYTES;
}

/* ---- events ---------------------------------------------------------------- */

/* One encounter as it becomes events. */
struct writer {
    struct study *s;
    struct tr_study to;
    struct stay stay;
    struct an_str id, visit; /* "2278392", "urn:id:diabetes130|2278392" */
    int64_t us;              /* of its discharge */
};

static struct ctx_event *put(struct writer *w, unsigned kind, int64_t us,
                             struct an_str what)
{
    struct ctx_event *e = tr_study_add(
        &w->to, kind, us, tr_study_join(&w->to, w->id, AN_STR("|"), what),
        TABLE, w->stay.line);

    e->encounter = w->visit;
    return e;
}

static const struct ctx_code inpatient = {
    AN_STR_INIT("http://terminology.hl7.org/CodeSystem/v3-ActCode"),
    AN_STR_INIT("IMP"), AN_STR_INIT("inpatient encounter")};

static enum an_code put_diagnoses(struct writer *w, struct an_err *err)
{
    const struct tr_csv *t = &w->s->table;
    struct an_str seen[N_DIAGNOSES];
    size_t n = 0;

    for (size_t i = 0; i < N_DIAGNOSES; i++) {
        const struct tr_csv_column *c = &w->s->column[DIAGNOSIS + i];
        const struct an_str text = tr_csv_text(t, c);
        bool again = false;
        enum an_code code;

        if (an_str_eq(text, AN_STR("?")))
            continue;
        code = tr_icd9_mend(w->s->arena, text, &seen[n], err);
        if (code == AN_CODE)
            return tr_csv_fail(t, c, code, "no code of ICD-9-CM", err);
        if (code != AN_OK)
            return code;
        for (size_t k = 0; k < n; k++)
            again |= an_str_eq(seen[k], seen[n]);
        if (again)
            continue;
        put(w, CTX_CONDITION, w->us, an_str_c(c->name))->concept =
            (struct ctx_code){AN_STR("http://hl7.org/fhir/sid/icd-9-cm"),
                              seen[n++], AN_STR("")};
    }
    return AN_OK;
}

static enum an_code put_numbers(struct writer *w, struct an_err *err)
{
    const struct tr_csv *t = &w->s->table;

    for (size_t i = 0; i < N_NUMBERS; i++) {
        const struct tr_csv_column *c = &w->s->column[NUMBER + i];
        const struct an_str name = an_str_c(c->name);
        struct an_str literal = {NULL, 0};
        struct ctx_event *e;
        double value = 0;
        int64_t whole = 0;
        enum an_code code = tr_csv_int(t, c, 0, MOST_THINGS, &whole, err);

        if (code == AN_OK)
            code = tr_csv_number(t, c, &literal, &value, err);
        if (code != AN_OK)
            return code;
        e = put(w, CTX_OBSERVATION, w->us, name);
        e->concept = tr_study_code(&w->to, name, an_str_c(number[i].display));
        e->value = tr_study_quantity(literal, value, number[i].unit);
    }
    return AN_OK;
}

static enum an_code put_answers(struct writer *w, struct an_err *err)
{
    const struct tr_csv *t = &w->s->table;

    for (size_t i = 0; i < N_ANSWERS; i++) {
        const struct tr_csv_column *c = &w->s->column[ANSWER + i];
        const struct an_str name = an_str_c(c->name), text = tr_csv_text(t, c),
                            display = an_str_c(answer[i].display);
        struct ctx_event *e;

        if (an_str_eq(text, an_str_c(answer[i].nothing)))
            continue;
        if (!is_word(text))
            return tr_csv_fail(t, c, AN_CODE, "no word of up to 64 letters",
                               err);
        e = put(w, CTX_OBSERVATION, w->us, name);
        e->concept = tr_study_code(&w->to, name, display);
        e->value.kind = CTX_VALUE_CODE;
        e->value.code = tr_study_code(
            &w->to, text, tr_study_join(&w->to, display, AN_STR(": "), text));
    }
    return AN_OK;
}

static void put_drug(struct writer *w, struct an_str name)
{
    put(w, CTX_MEDICATION_GIVEN, w->us, name)->concept =
        tr_study_code(&w->to, name, name);
}

static enum an_code put_drugs(struct writer *w, struct an_err *err)
{
    const struct tr_csv *t = &w->s->table;

    for (size_t i = 0; i < N_DRUGS; i++) {
        const struct tr_csv_column *c = &w->s->column[DRUG + i];
        const struct an_str name = an_str_c(c->name), text = tr_csv_text(t, c);
        const bool up = an_str_eq(text, AN_STR("Up"));

        if (an_str_eq(text, AN_STR("No")))
            continue;
        put_drug(w, name);
        if (up || an_str_eq(text, AN_STR("Down")))
            put_drug(w, tr_study_join(&w->to, name, AN_STR("-"),
                                      up ? AN_STR("up") : AN_STR("down")));
        else if (!an_str_eq(text, AN_STR("Steady")))
            return tr_csv_fail(t, c, AN_CODE, "none of No, Steady, Up, Down",
                               err);
    }
    return AN_OK;
}

static void put_hospice(struct writer *w)
{
    static const struct ctx_code own = {AN_STR_INIT(LOCAL),
                                        AN_STR_INIT("hospice"),
                                        AN_STR_INIT("Discharged to hospice")};
    struct ctx_event *e = put(w, CTX_CONDITION, w->us, AN_STR("hospice"));

    e->concept = (struct ctx_code){AN_STR("http://snomed.info/sct"),
                                   AN_STR("385763009"), AN_STR("Hospice care")};
    e->alias = &own;
    e->n_aliases = 1;
}

/* The encounter whose row is the current one, admitted at that moment. */
static enum an_code put_stay(struct writer *w, int64_t admitted_us,
                             struct an_err *err)
{
    struct an_str id = {NULL, 0};
    struct an_buf b;
    enum an_code code;

    an_buf_init(&b, w->s->arena, PATH_BYTES);
    an_buf_put_i64(&b, w->stay.number);
    code = an_buf_done(&b, &id, err);
    if (code != AN_OK)
        return code;
    w->id = id;
    w->visit = tr_study_join(&w->to, AN_STR(LOCAL), AN_STR("|"), id);
    w->us = admitted_us + w->stay.days * AN_US_PER_DAY;
    put(w, CTX_ADMISSION, admitted_us, AN_STR("admission"))->concept =
        inpatient;
    put(w, CTX_DISCHARGE, w->us, AN_STR("discharge"))->concept = inpatient;
    if (w->stay.hospice)
        put_hospice(w);
    code = put_diagnoses(w, err);
    if (code == AN_OK)
        code = put_numbers(w, err);
    if (code == AN_OK)
        code = put_answers(w, err);
    return code == AN_OK ? put_drugs(w, err) : code;
}

/* After the last row: what became of them, and how long they were watched. */
static void put_end(struct writer *w, struct tr_record *record)
{
    record->until_us = w->us + NEVER_DAYS * AN_US_PER_DAY;
    if (w->stay.died) {
        (void)put(w, CTX_DEATH, w->us, AN_STR("death"));
        record->until_us = w->us + 1; /* death itself is seen */
    } else if (w->stay.readmitted) {
        struct ctx_event *e =
            put(w, CTX_ADMISSION, w->us + w->stay.next_days * AN_US_PER_DAY,
                AN_STR("readmission"));

        e->concept = inpatient;
        e->encounter = AN_STR(""); /* another, of which there is no row */
    }
}

/* A person's rows. */
static enum an_code hand_over(struct study *s, const struct row *r, size_t n,
                              tr_take_record *take, void *arg,
                              struct an_err *err)
{
    struct tr_record record = {.id = (uint64_t)r->patient, .watched = true};
    struct an_mark mark = an_arena_mark(s->arena);
    struct writer w = {.s = s};
    int64_t us = FIRST_US;
    enum an_code code = AN_OK;

    tr_study_begin(&w.to, s->arena, LOCAL, 3 + n * EVENTS_PER_STAY);
    for (size_t i = 0; i < n && code == AN_OK; i++) {
        code = read_stay(s, &r[i], &w.stay, err);
        if (code == AN_OK && i == 0)
            tr_study_born(&w.to, w.stay.birth_us, w.stay.sex, TABLE,
                          w.stay.line);
        if (code == AN_OK)
            code = put_stay(&w, us, err);
        if (i == 0)
            record.from_us = w.us;
        us = w.us + w.stay.next_days * AN_US_PER_DAY;
    }
    if (code == AN_OK) {
        put_end(&w, &record);
        code = tr_study_hand_over(&w.to, &record, take, arg, err);
    }
    an_arena_rewind(s->arena, mark);
    return code;
}

static size_t rows_of(const struct row *r, size_t n)
{
    size_t of = 1;

    while (of < n && r[of].patient == r->patient)
        of++;
    return of;
}

/* ---- reading --------------------------------------------------------------- */

/* The table, named itself or by its folder. */
static enum an_code open_table(struct study *s, const char *file_or_folder,
                               struct an_err *err)
{
    struct stat st;
    struct an_str path;
    struct an_buf b;
    enum an_code code;

    an_buf_init(&b, s->arena, PATH_BYTES);
    an_buf_put_c(&b, file_or_folder);
    if (stat(file_or_folder, &st) == 0 && S_ISDIR(st.st_mode))
        an_buf_put(&b, AN_STR("/" TABLE));
    code = an_buf_done(&b, &path, err);
    if (code == AN_OK)
        code = tr_csv_open(&s->table, s->arena, path.p, err);
    name_columns(s->column);
    return code == AN_OK ? tr_csv_find(&s->table, s->column, N_COLUMNS, err)
                         : code;
}

enum an_code tr_diabetes130_read_in(struct an_arena *arena,
                                    const char *file_or_folder,
                                    tr_take_record *take, void *arg,
                                    struct an_err *err)
{
    struct study s = {.arena = arena};
    enum an_code code = open_table(&s, file_or_folder, err);

    if (code == AN_OK)
        code = read_rows(&s, err);
    for (size_t i = 0, n; i < s.n_rows && code == AN_OK; i += n) {
        n = rows_of(&s.row[i], s.n_rows - i);
        code = hand_over(&s, &s.row[i], n, take, arg, err);
    }
    tr_csv_close(&s.table);
    return code;
}

enum an_code tr_diabetes130_read(const char *file_or_folder,
                                 tr_take_record *take, void *arg,
                                 struct an_err *err)
{
    struct an_arena arena;
    enum an_code code;

    an_arena_init(&arena, MOST_BYTES);
    code = tr_diabetes130_read_in(&arena, file_or_folder, take, arg, err);
    an_arena_free(&arena);
    return code;
}

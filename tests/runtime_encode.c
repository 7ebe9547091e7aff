/* SPDX-License-Identifier: Apache-2.0 */
/* What the model reads of a record: names, scales, positions, wide facts. */
#include "runtime/encode.h"
#include "runtime/wide.h"
#include "tests/suite.h"

#include <math.h>
#include <string.h>

Suite *runtime_encode_suite(void);

#define LN "http://loinc.org"
#define SCT "http://snomed.info/sct"
#define ICD "http://hl7.org/fhir/sid/icd-10-cm"
#define DAY INT64_C(86400000000)

static const char text[] =
    "{\"concepts\": ["
    "{\"key\": \"" SCT "|38341003\", \"parents\": [\"kind|condition\"],"
    " \"seen\": 7, \"display\": \"Hypertension\"},"
    "{\"key\": \"" ICD "|I50\", \"parents\": [\"kind|condition\"]},"
    "{\"key\": \"encounter|admission-IMP\", \"parents\": [\"kind|encounter\"]},"
    "{\"key\": \"" LN "|2160-0\", \"parents\": [\"kind|observation\"]},"
    "{\"key\": \"" LN "|72166-2\"},"
    "{\"key\": \"" LN "|72166-2=" SCT "|8517006\"},"
    "{\"key\": \"sex|female\", \"parents\": [\"kind|sex\"]},"
    "{\"key\": \"kind|condition\"}, {\"key\": \"kind|encounter\"},"
    "{\"key\": \"kind|observation\"}, {\"key\": \"kind|sex\"}],"
    "\"targets\": 3,"
    "\"values\": [{\"key\": \"" LN "|2160-0\", \"unit\": \"mg/dL\","
    " \"log\": true, \"mean\": 0, \"sd\": 0.5}],"
    "\"same\": ["
    "{\"from\": \"encounter|admission-ACUTE\","
    " \"to\": \"encounter|admission-IMP\"},"
    "{\"from\": \"" LN "|14682-9\", \"unit\": \"umol/L\","
    " \"to\": \"" LN "|2160-0\", \"to_unit\": \"mg/dL\","
    " \"factor\": 0.011312},"
    "{\"from\": \"" LN "|38483-4\", \"to\": \"" LN "|2160-0\"}],"
    "\"under\": ["
    "{\"from\": \"" ICD "|I1\", \"to\": \"" ICD "|I50\"},"
    "{\"from\": \"" ICD "|I10\", \"to\": \"" SCT "|38341003\"},"
    "{\"from\": \"" ICD "|I50\", \"to\": \"" ICD "|I50\"}]}";

enum { HYPERTENSION, I50, ADMISSION, CREATININE, SMOKING, EX_SMOKER, FEMALE };

static struct an_arena arena;
static struct rt_vocabulary v;

static enum an_code read(const char *json, struct rt_vocabulary *out,
                         struct an_err *err)
{
    const struct an_json *root;

    ck_assert_uint_eq(an_json_read(&arena, &(struct an_json_limits){0},
                                   an_str_c(json), &root, NULL),
                      AN_OK);
    return rt_vocabulary_read(&arena, root, out, err);
}

static void set_up(void)
{
    an_arena_init(&arena, 64 << 20);
    ck_assert_int_eq(read(text, &v, NULL), AN_OK);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static int32_t find(const char *system, const char *code)
{
    return rt_vocabulary_find(&v, an_str_c(system), an_str_c(code));
}

START_TEST(a_code_is_found_by_its_own_key_its_twin_or_its_beginning)
{
    ck_assert_int_eq(find(SCT, "38341003"), HYPERTENSION);
    ck_assert_int_eq(find(LN, "38483-4"), CREATININE);
    ck_assert_int_eq(find("encounter", "admission-ACUTE"), ADMISSION);
    ck_assert_int_eq(find(ICD, "I50.9"), I50);
    ck_assert_int_eq(find(ICD, "I10"), HYPERTENSION); /* the longest wins */
    ck_assert_int_eq(find(ICD, "I11.0"), I50);
    ck_assert_int_eq(find(ICD, "J45"), RT_NO_ROW);
    ck_assert_int_eq(find(ICD, ""), RT_NO_ROW);
    ck_assert_int_eq(find("", ""), RT_NO_ROW);
    ck_assert_int_eq(v.concept[HYPERTENSION].n_seen, 7);
}
END_TEST

START_TEST(a_code_of_any_length_is_looked_up_safely)
{
    char longest[2000];

    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    ck_assert_int_eq(find(longest, longest), RT_NO_ROW);
    ck_assert_int_eq(find(LN, longest), RT_NO_ROW);
    ck_assert_int_eq(find(longest, "1"), RT_NO_ROW);
}
END_TEST

START_TEST(a_value_is_scaled_in_the_unit_it_was_trained_in)
{
    const struct {
        const char *code, *unit;
        double value;
        int32_t row;
        double z;
    } c[] = {
        {"2160-0", "mg/dL", 1, 0, 0},
        {"2160-0", "mg/dL", 2.718281828, 0, 2},
        {"38483-4", "mg/dL", 1, 0, 0},
        {"14682-9", "umol/L", 88.4017, 0, 0},
        {"14682-9", "mmol/L", 0.0884017, 0, 0},
        {"14682-9", "meq/L", 1, RT_NO_ROW, 0},
        {"2160-0", "g/L", 0.01, 0, 0},
        {"2160-0", "mg/L", 27.18281828, 0, 2},
        {"2160-0", "umol/L", 1, RT_NO_ROW, 0},
        {"2160-0", "", 1, RT_NO_ROW, 0},
        {"2160-0", "mg/dL", 1e30, 0, RT_LARGEST_Z},
        {"2160-0", "mg/dL", 0, 0, -RT_LARGEST_Z},
        {"2160-0", "mg/dL", -5, 0, -RT_LARGEST_Z},
        {"718-7", "g/dL", 13, RT_NO_ROW, 0},
    };

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        float z = 0;

        ck_assert_int_eq(
            rt_vocabulary_value(&v, AN_STR(LN), an_str_c(c[i].code),
                                an_str_c(c[i].unit), c[i].value, &z),
            c[i].row);
        ck_assert_double_eq_tol((double)z, c[i].z, 1e-4);
    }
}
END_TEST

#define BINS(bins)                                                             \
    "{\"concepts\": [{\"key\": \"a\"}], \"targets\": 0, \"values\": ["         \
    "{\"key\": \"a\", \"mean\": 0, \"sd\": 1, " bins "}]}"

/* An edge is in the bin above it; the ends have no end. */
START_TEST(a_value_in_a_bin_is_read_as_its_middle)
{
    const struct {
        double value, z;
    } c[] = {{-1e30, -2},  {8, -2},   {9, 0.25},  {10, 0.25},
             {10.9, 0.25}, {11, 1.5}, {1e30, 1.5}};
    struct rt_vocabulary binned;

    ck_assert_int_eq(read("{\"concepts\": [{\"key\": \"" LN "|2160-0\"}],"
                          "\"targets\": 0, \"values\": [{"
                          "\"key\": \"" LN "|2160-0\", \"unit\": \"u\","
                          "\"mean\": 10, \"sd\": 2, \"edges\": [-0.5, 0.5],"
                          "\"middles\": [-2, 0.25, 1.5]}]}",
                          &binned, NULL),
                     AN_OK);
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        float z = 0;

        ck_assert_int_eq(rt_vocabulary_value(&binned, AN_STR(LN),
                                             AN_STR("2160-0"), AN_STR("u"),
                                             c[i].value, &z),
                         0);
        ck_assert_double_eq_tol((double)z, c[i].z, 1e-6);
    }
}
END_TEST

START_TEST(a_vocabulary_that_contradicts_itself_is_refused)
{
    const struct {
        const char *json;
        enum an_code code;
    } c[] = {
        {"{\"targets\": 0}", AN_OK},
        {"{}", AN_TYPE},
        {"{\"concepts\": [{\"key\": \"a\"}], \"targets\": 2}", AN_TYPE},
        {BINS("\"edges\": [0], \"middles\": [-1, 1]"), AN_OK},
        {BINS("\"edges\": [], \"middles\": [0]"), AN_OK},
        {BINS("\"edges\": [0], \"middles\": [0]"), AN_TYPE},
        {BINS("\"edges\": [0]"), AN_TYPE},
        {BINS("\"middles\": [0]"), AN_TYPE},
        {BINS("\"edges\": [1, 0], \"middles\": [0, 1, 2]"), AN_TYPE},
        {BINS("\"edges\": [0, 0], \"middles\": [0, 1, 2]"), AN_TYPE},
        {BINS("\"edges\": [\"0\"], \"middles\": [0, 1]"), AN_TYPE},
        {BINS("\"edges\": [0], \"middles\": [0, 7]"), AN_TYPE},
        {"{\"concepts\": [{\"display\": \"a\"}], \"targets\": 0}", AN_MISSING},
        {"{\"concepts\": [{\"key\": \"a\"}, {\"key\": \"a\"}],"
         "\"targets\": 0}",
         AN_CONFLICT},
        {"{\"concepts\": [{\"key\": \"a\", \"parents\": [\"b\"]}],"
         "\"targets\": 0}",
         AN_CODE},
        {"{\"concepts\": [{\"key\": \"a\", \"parents\":"
         "[\"a\", \"a\", \"a\", \"a\", \"a\"]}], \"targets\": 0}",
         AN_LIMIT},
        {"{\"concepts\": [{\"key\": \"a\", \"ages\": [15, 55],"
         "\"sexes\": [\"female\"]}], \"targets\": 0}",
         AN_OK},
        {"{\"concepts\": [{\"key\": \"a\", \"ages\": [55, 15]}],"
         "\"targets\": 0}",
         AN_TYPE},
        {"{\"concepts\": [{\"key\": \"a\", \"ages\": [15]}],"
         "\"targets\": 0}",
         AN_TYPE},
        {"{\"concepts\": [{\"key\": \"a\", \"ages\": [-5, 55]}],"
         "\"targets\": 0}",
         AN_TYPE},
        {"{\"concepts\": [{\"key\": \"a\", \"once\": 1}],"
         "\"targets\": 0}",
         AN_TYPE},
        {"{\"concepts\": [{\"key\": \"a\", \"sexes\": []}],"
         "\"targets\": 0}",
         AN_TYPE},
        {"{\"concepts\": [{\"key\": \"a\", \"sexes\": [\"other\"]}],"
         "\"targets\": 0}",
         AN_TYPE},
        {"{\"targets\": 0, \"values\": [{\"key\": \"a\", \"mean\": 1,"
         "\"sd\": 0}]}",
         AN_TYPE},
        {"{\"targets\": 0, \"values\": [{\"key\": \"b\", \"mean\": 1,"
         "\"sd\": 1}, {\"key\": \"a\", \"mean\": 1, \"sd\": 1}]}",
         AN_CONFLICT},
        {"{\"targets\": 0, \"same\": [{\"from\": \"a\"}]}", AN_MISSING},
        {"{\"targets\": 0, \"under\": [{\"from\": \"a\", \"to\": \"b\"},"
         "{\"from\": \"a\", \"to\": \"c\"}]}",
         AN_CONFLICT},
    };

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        struct rt_vocabulary other;
        struct an_err err = {.code = AN_OK};

        ck_assert_int_eq(read(c[i].json, &other, &err), c[i].code);
        if (c[i].code != AN_OK)
            ck_assert(
                an_str_starts(an_str_c(err.where.path), AN_STR("vocabulary.")));
    }
}
END_TEST

/* ---- a record --------------------------------------------------------------- */

static struct ctx_event make(enum ctx_kind kind, const char *system,
                             const char *code, int64_t day, int64_t known_day)
{
    return (struct ctx_event){
        .kind = (uint8_t)kind,
        .status = CTX_STATUS_FINAL,
        .effective = {.us = day * DAY, .precision = AN_TIME_SECOND},
        .available_us = known_day * DAY,
        .concept = {.system = an_str_c(system), .code = an_str_c(code)}};
}

enum { N_EVENTS = 9 };

static void record(struct ctx_event e[N_EVENTS])
{
    e[0] = make(CTX_BIRTH, "", "", -3653, -99999);
    e[1] = make(CTX_SEX, "", "", -3653, -99999);
    e[1].value.kind = CTX_VALUE_CODE;
    e[1].value.code.code = AN_STR("female");
    e[2] = make(CTX_CONDITION, ICD, "I10", 1, 1);
    e[3] = make(CTX_ADMISSION, "", "IMP", 10, 10);
    e[4] = make(CTX_OBSERVATION, LN, "14682-9", 10, 12); /* reported late */
    e[4].value = (struct ctx_value){.kind = CTX_VALUE_QUANTITY,
                                    .number = 88.4017,
                                    .unit = AN_STR("umol/L")};
    e[4].low = AN_STR("40");
    e[4].high = AN_STR("80");
    e[5] = make(CTX_OBSERVATION, LN, "72166-2", 12, 12);
    e[5].value.kind = CTX_VALUE_CODE;
    e[5].value.code = (struct ctx_code){AN_STR(SCT), AN_STR("8517006"), {0}};
    e[6] = make(CTX_DISCHARGE, "", "IMP", 14, 14);
    e[7] = make(CTX_CONDITION, "urn:id:X", "local", 20, 20);
    e[8] = make(CTX_DEATH, "", "", 30, 30);
}

static struct rt_encoded encode(const struct ctx_event *e, size_t n,
                                int64_t now_us)
{
    struct ctx_timeline t;
    struct rt_encoded out;

    ck_assert_int_eq(ctx_timeline_build(&arena, e, n, CTX_AS_OF_ALL, &t, NULL),
                     AN_OK);
    ck_assert_int_eq(rt_encode(&arena, &v, &t, now_us, &out, NULL), AN_OK);
    return out;
}

START_TEST(events_stand_where_they_became_known)
{
    struct ctx_event e[N_EVENTS];
    struct rt_encoded x;
    const struct rt_position *p;

    record(e);
    x = encode(e, N_EVENTS, 40 * DAY);
    p = x.history.position;
    /* Condition with sex, admission, two results, discharge, a local code,
     * and the question. */
    ck_assert_uint_eq(x.history.n_positions, 6);
    ck_assert_uint_eq(x.history.n_items, 7);
    ck_assert(x.has_birth && x.is_dead);
    ck_assert_uint_eq(x.n_read, 7);
    ck_assert_uint_eq(x.n_unknown, 2); /* discharge and the local code */
    ck_assert_uint_eq(p[0].n_items, 2);
    ck_assert_int_eq(x.history.item[0].concept, FEMALE);
    ck_assert_int_eq(x.history.item[1].concept, HYPERTENSION);
    ck_assert_double_eq_tol((double)p[0].age_days, 3654, 1e-3);
    ck_assert_uint_eq(p[2].n_items, 2);
    ck_assert_double_eq_tol(p[2].time_days, 11, 1e-9);
    ck_assert_double_eq_tol((double)p[2].since_admission_days, 2, 1e-6);
    ck_assert_double_eq_tol((double)p[2].since_previous_days, 2, 1e-6);
    ck_assert(p[4].since_admission_days < 0);
    ck_assert_uint_eq(p[5].n_items, 0);
    ck_assert_double_eq_tol(p[5].time_days, 39, 1e-9);
}
END_TEST

START_TEST(an_item_says_value_flag_answer_and_kind)
{
    struct ctx_event e[N_EVENTS];
    struct rt_encoded x;
    bool creatinine = false, answer = false, local = false;

    record(e);
    x = encode(e, N_EVENTS, 40 * DAY);
    for (size_t i = 0; i < x.history.n_items; i++) {
        const struct rt_item *item = &x.history.item[i];

        if (item->concept == CREATININE) {
            creatinine = true;
            ck_assert_int_eq(item->value_row, 0);
            ck_assert_double_eq_tol((double)item->value_z, 0, 1e-4);
            ck_assert_int_eq(item->flag, RT_FLAG_H); /* by its own range */
            ck_assert_ptr_eq(x.event[i], &e[4]);
        }
        answer |= item->concept == EX_SMOKER;
        if (x.event[i] == &e[7]) {
            local = true;
            ck_assert_int_eq(item->concept, RT_NO_ROW);
            ck_assert_int_eq(item->parent[0],
                             rt_vocabulary_row(&v, AN_STR("kind|condition")));
        }
    }
    ck_assert(creatinine && answer && local);
}
END_TEST

/* Codes alone; of an unknown one, that something was then. */
START_TEST(a_model_may_read_no_parents)
{
    struct ctx_event e[N_EVENTS];
    struct rt_encoded with, without;

    record(e);
    with = encode(e, N_EVENTS, 40 * DAY);
    v.no_parents = true;
    without = encode(e, N_EVENTS, 40 * DAY);
    ck_assert_uint_eq(without.history.n_positions, with.history.n_positions);
    ck_assert_uint_eq(without.history.n_items, with.history.n_items - 2);
    ck_assert_uint_eq(without.n_unknown, with.n_unknown);
    for (size_t i = 0; i < without.history.n_items; i++) {
        ck_assert_int_ne(without.history.item[i].concept, RT_NO_ROW);
        for (unsigned k = 0; k < RT_MAX_PARENTS; k++)
            ck_assert_int_eq(without.history.item[i].parent[k], RT_NO_ROW);
    }
}
END_TEST

START_TEST(nothing_from_after_the_question_changes_what_is_read)
{
    struct ctx_event e[N_EVENTS];

    record(e);
    for (int64_t day = 1; day < 35; day++) {
        struct ctx_event known[N_EVENTS];
        struct rt_encoded all, then;
        size_t n = 0;

        for (size_t i = 0; i < N_EVENTS; i++)
            if (rt_known_us(&e[i]) <= day * DAY || e[i].kind == CTX_BIRTH)
                known[n++] = e[i];
        all = encode(e, N_EVENTS, day * DAY);
        then = encode(known, n, day * DAY);
        ck_assert_uint_eq(all.history.n_positions, then.history.n_positions);
        ck_assert_uint_eq(all.history.n_items, then.history.n_items);
        ck_assert_mem_eq(all.history.position, then.history.position,
                         all.history.n_positions * sizeof(struct rt_position));
        ck_assert_mem_eq(all.history.item, then.history.item,
                         all.history.n_items * sizeof(struct rt_item));
    }
}
END_TEST

START_TEST(withdrawn_and_planned_events_are_not_read)
{
    struct ctx_event e[2] = {make(CTX_CONDITION, ICD, "I10", 1, 1),
                             make(CTX_PROCEDURE, SCT, "1", 2, 2)};

    e[1].status = CTX_STATUS_PLANNED;
    ck_assert_uint_eq(encode(e, 2, 9 * DAY).n_read, 1);
    e[1].status = CTX_STATUS_ENTERED_IN_ERROR;
    ck_assert_uint_eq(encode(e, 2, 9 * DAY).n_read, 1);
    ck_assert_uint_eq(encode(e, 0, 9 * DAY).history.n_positions, 1);
}
END_TEST

/* ---- wide -------------------------------------------------------------------- */

static enum an_code read_wide(const char *json, const struct rt_feature **f,
                              size_t *n)
{
    const struct an_json *root;

    ck_assert_uint_eq(an_json_read(&arena, &(struct an_json_limits){0},
                                   an_str_c(json), &root, NULL),
                      AN_OK);
    return rt_wide_read(&arena, root, &v, f, n, NULL);
}

START_TEST(wide_facts_are_those_of_the_moment)
{
    static const char json[] =
        "[{\"what\": \"age\", \"mean\": 10, \"sd\": 2},"
        "{\"what\": \"age_square\", \"mean\": 10, \"sd\": 2},"
        "{\"what\": \"ever\", \"key\": \"" SCT "|38341003\"},"
        "{\"what\": \"ever\", \"key\": \"kind|condition\"},"
        "{\"what\": \"recent\", \"key\": \"" SCT "|38341003\"},"
        "{\"what\": \"last\", \"key\": \"" LN "|2160-0\"},"
        "{\"what\": \"measured\", \"key\": \"" LN "|2160-0\"},"
        "{\"what\": \"count\", \"key\": \"kind|condition\", \"days\": 5},"
        "{\"what\": \"count\", \"key\": \"kind|condition\"},"
        "{\"what\": \"positions\"},"
        "{\"what\": \"mean\", \"key\": \"" LN "|2160-0\"},"
        "{\"what\": \"lowest\", \"key\": \"" LN "|2160-0\"},"
        "{\"what\": \"highest\", \"key\": \"" LN "|2160-0\"}]";
    struct ctx_event e[N_EVENTS];
    const struct rt_feature *f;
    struct rt_encoded x;
    float w[13];
    size_t n;

    record(e);
    e[4].value.number = 88.4017 * 2.718281828;
    x = encode(e, N_EVENTS, 40 * DAY);
    ck_assert_int_eq(read_wide(json, &f, &n), AN_OK);
    ck_assert_uint_eq(n, 13);

    rt_wide(f, n, &x.history, 0, w);
    ck_assert_double_eq_tol((double)w[0], (3654 / 365.25 - 10) / 2, 1e-5);
    ck_assert_double_eq_tol((double)w[1], (double)(w[0] * w[0]), 1e-6);
    ck_assert_double_eq_tol((double)w[2], 1, 1e-12);
    ck_assert_double_eq_tol((double)w[4], 1, 1e-12);
    ck_assert_double_eq_tol((double)w[5], 0, 1e-12);
    ck_assert_double_eq_tol((double)w[6], 0, 1e-12);
    ck_assert_double_eq_tol((double)w[9], 0, 1e-12);

    rt_wide(f, n, &x.history, 4, w); /* day 20 */
    ck_assert_double_eq_tol((double)w[3], 1, 1e-12);
    ck_assert_double_eq_tol((double)w[4], exp(-19 / 365.25), 1e-5);
    ck_assert_double_eq_tol((double)w[5], 2, 1e-4);
    ck_assert_double_eq_tol((double)w[6], 1, 1e-12);
    ck_assert_double_eq_tol((double)w[7], log1p(1), 1e-6);
    ck_assert_double_eq_tol((double)w[8], log1p(2), 1e-6);
    ck_assert_double_eq_tol((double)w[9], log1p(4), 1e-6);
    for (int i = 10; i < 13; i++)
        ck_assert_double_eq_tol((double)w[i], 2, 1e-4);
}
END_TEST

/* Values 1, -2, none, 4: an extreme is one that was measured, never the 0 of
 * who was not. */
START_TEST(mean_and_extremes_are_of_the_values_so_far)
{
    static const struct rt_feature f[3] = {{RT_FEATURE_MEAN, 3, 0, 0, 1},
                                           {RT_FEATURE_LOWEST, 3, 0, 0, 1},
                                           {RT_FEATURE_HIGHEST, 3, 0, 0, 1}};
    static const float want[5][3] = {
        {0, 0, 0}, {1, 1, 1}, {-0.5F, -2, 1}, {-0.5F, -2, 1}, {1, -2, 4}};
    struct rt_position p[5];
    struct rt_item item[4];
    const struct rt_history h = {p, 5, item, 4};
    const float z[4] = {1, -2, 0, 4};
    const uint32_t without_the_first = 0;
    float got[3];

    for (int i = 0; i < 4; i++)
        item[i] = (struct rt_item){
            3, {-1, -1, -1, -1}, i == 2 ? RT_NO_ROW : 0, z[i], RT_FLAG_NONE};
    for (int i = 0; i < 5; i++) {
        p[i] = (struct rt_position){.time_days = i,
                                    .first_item = i ? (uint32_t)i - 1 : 0,
                                    .n_items = i ? 1 : 0};
        rt_wide(f, 3, &h, (size_t)i, got);
        ck_assert_mem_eq(got, want[i], sizeof(got));
    }
    /* Of -2 alone the highest is -2. */
    rt_wide_without(f, 3, &h, 2, &without_the_first, 1, want[2], got);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq_tol((double)got[i], -2, 1e-12);
}
END_TEST

START_TEST(wide_facts_that_cannot_be_computed_are_refused)
{
    const struct rt_feature *f;
    size_t n;

    ck_assert_int_eq(read_wide("[{\"what\": \"shoe\"}]", &f, &n), AN_CODE);
    ck_assert_int_eq(
        read_wide("[{\"what\": \"ever\", \"key\": \"x\"}]", &f, &n), AN_CODE);
    ck_assert_int_eq(read_wide("[{\"what\": \"age\", \"sd\": 0}]", &f, &n),
                     AN_TYPE);
}
END_TEST

START_TEST(without_memory_nothing_is_half_done)
{
    struct ctx_event e[N_EVENTS];
    struct ctx_timeline t;
    enum an_code code = AN_NOMEM;

    record(e);
    ck_assert_int_eq(
        ctx_timeline_build(&arena, e, N_EVENTS, CTX_AS_OF_ALL, &t, NULL),
        AN_OK);
    for (long after = 0; code != AN_OK; after++) {
        struct rt_encoded x;

        arena.fail_after = after;
        code = rt_encode(&arena, &v, &t, 40 * DAY, &x, NULL);
        ck_assert(code == AN_OK || code == AN_NOMEM);
        ck_assert_int_lt(after, 100);
    }
    arena.fail_after = -1;
}
END_TEST

Suite *runtime_encode_suite(void)
{
    const TTest *const tests[] = {
        a_code_is_found_by_its_own_key_its_twin_or_its_beginning,
        a_code_of_any_length_is_looked_up_safely,
        a_value_is_scaled_in_the_unit_it_was_trained_in,
        a_value_in_a_bin_is_read_as_its_middle,
        a_vocabulary_that_contradicts_itself_is_refused,
        events_stand_where_they_became_known,
        an_item_says_value_flag_answer_and_kind,
        a_model_may_read_no_parents,
        nothing_from_after_the_question_changes_what_is_read,
        withdrawn_and_planned_events_are_not_read,
        wide_facts_are_those_of_the_moment,
        mean_and_extremes_are_of_the_values_so_far,
        wide_facts_that_cannot_be_computed_are_refused,
        without_memory_nothing_is_half_done,
    };

    return test_suite_around("runtime/encode", tests,
                             sizeof(tests) / sizeof(tests[0]), set_up,
                             tear_down);
}

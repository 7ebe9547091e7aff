/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/operated.h"

#include "runtime/safetensors.h"
#include "tests/model_random.h"
#include "tests/suite.h"
#include "trainer/dataset/dataset.h"
#include "trainer/file.h"
#include "trainer/fit/fit.h"

#include <cblas.h>
#include <math.h>

#define SCT "http://snomed.info/sct"
#define LN "http://loinc.org"
#define DAY INT64_C(86400000000)
#define YEAR_2010 (INT64_C(1262304000) * 1000000)

enum { EVENTS = 10 };

const double operated_effect = -0.8;

const struct ctx_code operated_code[OPERATED_N] = {
    {AN_STR_INIT("urn:x:op"), AN_STR_INIT("A"), AN_STR_INIT("")},
    {AN_STR_INIT("urn:x:op"), AN_STR_INIT("B"), AN_STR_INIT("")},
    {AN_STR_INIT("urn:x:op"), AN_STR_INIT("C"), AN_STR_INIT("")}};

double operated_risk(bool has_condition, int procedure)
{
    const double log_odds = -1.7 + (has_condition ? 1.1 : 0) +
                            (procedure == OPERATED_B ? operated_effect : 0);

    return 1 / (1 + exp(-log_odds));
}

/* ---- events ------------------------------------------------------------------ */

struct life {
    struct ctx_event event[EVENTS];
    size_t n;
};

static struct ctx_event *add(struct life *l, enum ctx_kind kind,
                             const char *system, struct an_str code,
                             int64_t at_us)
{
    struct ctx_event *e = &l->event[l->n++];

    *e = (struct ctx_event){.kind = (uint8_t)kind,
                            .status = CTX_STATUS_FINAL,
                            .effective = an_time_us(at_us),
                            .available_us = at_us,
                            .concept = {an_str_c(system), code, AN_STR("")}};
    return e;
}

static void add_value(struct life *l, int64_t at_us, double value)
{
    struct ctx_event *e = add(l, CTX_OBSERVATION, LN, AN_STR("2160-0"), at_us);

    e->value = (struct ctx_value){
        .kind = CTX_VALUE_QUANTITY, .number = value, .unit = AN_STR("mg/dL")};
}

/* What was known before the procedure. */
static void live(struct life *l, double age_years, bool female,
                 bool has_condition, int64_t at_us)
{
    struct ctx_event *sex;

    add(l, CTX_BIRTH, "", AN_STR(""),
        at_us - (int64_t)(age_years * 365.25 * (double)DAY));
    sex = add(l, CTX_SEX, "", AN_STR(""), 0);
    sex->effective.precision = AN_TIME_NONE;
    sex->value.kind = CTX_VALUE_CODE;
    sex->value.code.code = female ? AN_STR("female") : AN_STR("male");
    add_value(l, at_us - 300 * DAY, 1);
    if (has_condition)
        add(l, CTX_CONDITION, SCT, AN_STR("38341003"), at_us - 200 * DAY);
    add_value(l, at_us - 10 * DAY, 1.1);
}

static int choose(double age_years, bool has_condition, struct test_random *r)
{
    const double u = test_uniform(r);

    if (u < 0.01)
        return OPERATED_C;
    if (age_years >= OPERATED_OLD)
        return OPERATED_A;
    return test_uniform(r) < (has_condition ? 0.7 : 0.35) ? OPERATED_B
                                                          : OPERATED_A;
}

static void operate(struct life *l, struct test_random *r)
{
    const double age_years = 30 + 50 * test_uniform(r);
    const bool female = test_uniform(r) < 0.5;
    const bool has_condition = test_uniform(r) < 0.5;
    const int64_t at_us = YEAR_2010 + test_below(r, 1000) * DAY;
    const int procedure = choose(age_years, has_condition, r);

    *l = (struct life){.n = 0};
    live(l, age_years, female, has_condition, at_us);
    add(l, CTX_PROCEDURE, operated_code[procedure].system.p,
        operated_code[procedure].code, at_us);
    if (test_uniform(r) < operated_risk(has_condition, procedure))
        add(l, CTX_CONDITION, SCT, AN_STR("230690007"),
            at_us + (1 + test_below(r, OPERATED_DAYS - 2)) * DAY);
    add_value(l, at_us + 90 * DAY, 0.9);
}

/* ---- from people to a package -------------------------------------------------- */

static void put(const struct test_folder *folder, const char *name,
                struct an_str text)
{
    char path[TEST_PATH_BYTES];

    test_folder_file(folder, name, path);
    ck_assert_int_eq(tr_file_write(path, text, NULL), AN_OK);
}

static void read_people(struct tr_people *people, size_t n, uint64_t seed)
{
    struct test_random r = {seed};

    tr_people_init(people, (size_t)1 << 30);
    for (size_t i = 0; i < n; i++) {
        struct life l;
        struct tr_record record;

        operate(&l, &r);
        record =
            (struct tr_record){.id = i + 1, .event = l.event, .n_events = l.n};
        ck_assert_int_eq(tr_people_take_record(people, &record, NULL), AN_OK);
    }
    ck_assert_int_eq(tr_people_gather(people, NULL), AN_OK);
}

static void make_data(struct operated *o, size_t n, uint64_t seed)
{
    struct tr_dataset_how how;
    struct tr_outcomes outcomes;
    struct tr_concepts concepts;
    struct tr_people people;
    struct tr_dataset d;

    put(&o->folder, "complication.yaml",
        AN_STR("id: complication\ntitle: {en: Complication}\nuse: Test.\n"
               "event:\n  kinds: [condition]\n  codes:\n"
               "    - {system: snomed, code: \"230690007\", text: \"It\"}\n"
               "start: {from: now, gap_days: 0}\nexclude: {before: yes}\n"
               "horizons_days: [30]\naudience: [clinician]\npatient: never\n"
               "threshold: off\n"));
    ck_assert_int_eq(
        tr_outcomes_read(&o->arena, o->folder.path, &outcomes, NULL), AN_OK);
    ck_assert_int_eq(
        tr_concepts_read(&o->arena, AN_STR(""), "t", &concepts, NULL), AN_OK);
    read_people(&people, n, seed);
    tr_dataset_how_init(&how);
    how.has_seed = true;
    how.seed = seed;
    how.share[TR_TRAIN] = 65;
    how.share[TR_TUNE] = 25;
    how.share[TR_TEST] = 10;
    ck_assert_int_eq(tr_dataset_make(&o->arena, &people, &outcomes, &concepts,
                                     &how, &d, NULL),
                     AN_OK);
    ck_assert_int_eq(tr_dataset_write(&o->arena, &d, &people, &outcomes,
                                      o->folder.path, NULL),
                     AN_OK);
    tr_people_release(&people);
}

static void fit_model(struct operated *o, const struct tr_data *data)
{
    char hex[AN_SHA256_HEX + 1];
    double share_k[RT_MAX_OUTCOMES];
    struct tr_settings s;
    struct an_json_out w;
    struct an_str bytes;
    struct tr_fit f;

    tr_settings_init(&s);
    s.epochs = 16;
    s.rate_weight = 1; /* who has which is read off the rates */
    s.batch_rows = 400;
    s.layers = 1;
    s.channels = 32;
    s.heads = 2;
    s.positions = 12;
    s.rank = 4;
    s.rate = 4e-3;
    ck_assert_int_eq(tr_fit_init(&f, &data->cohort, &s, NULL, NULL), AN_OK);
    while (!tr_fit_done(&f))
        ck_assert_int_eq(tr_fit_step(&f, NULL), AN_OK);
    tr_fit_take_best(&f);
    tr_fit_share(&f, share_k);
    ck_assert_int_eq(rt_safetensors_write(&o->arena, &f.params.model.shape,
                                          f.params.value, &bytes, NULL),
                     AN_OK);
    put(&o->folder, "model.safetensors", bytes);
    an_out_init(&w, &o->arena, 1 << 20);
    an_out_object(&w);
    rt_shape_write(&w, &f.params.model.shape);
    an_hex_print(data->cohort.sizes.vocabulary_sha256, TR_DIGEST_BYTES, hex);
    an_out_key_str(&w, "vocabulary_sha256", an_str_c(hex));
    an_out_end(&w);
    ck_assert_int_eq(an_out_done(&w, &bytes, NULL), AN_OK);
    put(&o->folder, "fit.json", bytes);
    tr_fit_release(&f);
}

static void pack(struct operated *o, const struct tr_data *data,
                 bool demonstrator)
{
    struct tr_package_how how = {.name = AN_STR("operated"),
                                 .version = AN_STR("1"),
                                 .source = AN_STR("Invented."),
                                 .demonstrator = demonstrator,
                                 .limits = {2, 0.5, 18, 110, 0}};
    struct an_public_key key;
    struct tr_fitted fitted;
    struct tr_judgement j;

    ck_assert_int_eq(
        tr_fitted_open(&fitted, &o->arena, o->folder.path, data, NULL), AN_OK);
    ck_assert_int_eq(tr_judge(&o->arena, data, &fitted, &j, NULL), AN_OK);
    ck_assert_int_eq(tr_judge_refusals(&o->arena, data, &how.limits,
                                       &how.population, &j, NULL),
                     AN_OK);
    ck_assert_int_eq(tr_package_write(&o->arena, data, &fitted, &j, &how,
                                      o->packed.path, &key, NULL),
                     AN_OK);
    tr_fitted_close(&fitted);
}

void operated_begin(struct operated *o, size_t n_people, uint64_t seed,
                    bool demonstrator)
{
    struct tr_data data;
    struct an_err err;

    openblas_set_num_threads(1);
    test_folder_make(&o->folder);
    test_folder_make(&o->packed);
    an_arena_init(&o->arena, (size_t)2 << 30);
    make_data(o, n_people, seed);
    ck_assert_int_eq(tr_data_open(&data, &o->arena, o->folder.path, NULL),
                     AN_OK);
    fit_model(o, &data);
    pack(o, &data, demonstrator);
    tr_data_close(&data);
    ck_assert_int_eq(tr_package_open(&o->package, &o->arena, o->packed.path,
                                     NULL, &o->files, &err),
                     AN_OK);
    ck_assert_int_eq(
        rt_predictor_init(&o->predictor, &o->arena, &o->package, &err), AN_OK);
}

void operated_end(struct operated *o)
{
    tr_package_close(&o->files);
    an_arena_free(&o->arena);
    test_folder_drop(&o->packed);
    test_folder_drop(&o->folder);
}

struct ctx_timeline operated_patient(struct operated *o, double age_years,
                                     bool has_condition, int64_t *now_us)
{
    struct life *l = an_arena_get(&o->arena, 1, sizeof(*l));
    const struct ctx_event **list =
        an_arena_get(&o->arena, EVENTS, sizeof(const struct ctx_event *));

    ck_assert(l && list);
    *now_us = YEAR_2010 + 500 * DAY;
    live(l, age_years, true, has_condition, *now_us);
    for (size_t i = 0; i < l->n; i++)
        list[i] = &l->event[i];
    return (struct ctx_timeline){list, l->n, *now_us};
}

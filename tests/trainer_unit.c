/* SPDX-License-Identifier: Apache-2.0 */
/* What the trainer makes of values in several units, the runtime reads. */
#include "context/unit.h"
#include "runtime/vocabulary.h"
#include "tests/suite.h"
#include "trainer/dataset/catalogue.h"

#include <math.h>

Suite *trainer_unit_suite(void);

#define LN "http://loinc.org"

static const char table[] =
    "same\t" LN "|14682-9\tumol/L\t" LN "|2160-0\tmg/dL\t0.0113120\tmolar\n";

/* People with one value each: `n_first` in one unit, the rest in another. */
static enum an_code add_people(struct tr_catalogue *c, const char *code,
                               const char *unit, double factor, int n)
{
    for (int i = 0; i < n; i++) {
        struct ctx_event e = {
            .kind = CTX_OBSERVATION,
            .status = CTX_STATUS_FINAL,
            .effective = an_time_us(1000000),
            .concept = {AN_STR(LN), an_str_c(code), AN_STR("Hemoglobin")}};
        const struct ctx_event *list[] = {&e};
        struct ctx_timeline t = {.event = list, .n_events = 1};
        enum an_code rc;

        e.value = (struct ctx_value){.kind = CTX_VALUE_QUANTITY,
                                     .number = factor * (10 + i % 7),
                                     .unit = an_str_c(unit)};
        rc = tr_catalogue_add(c, &t, NULL);
        if (rc != AN_OK)
            return rc;
    }
    return AN_OK;
}

static void write_out(struct tr_catalogue *c, struct an_arena *arena,
                      uint32_t value_bins, struct rt_vocabulary *v)
{
    const struct tr_catalogue_how how = {.min_people = 5,
                                         .max_concepts = 100,
                                         .min_values = 20,
                                         .value_bins = value_bins};
    const struct an_json *root;
    struct an_json_out w;
    struct an_str json;
    struct an_err err;

    an_out_init(&w, arena, 1 << 20);
    ck_assert_int_eq(tr_catalogue_write(c, &how, &w, &err), AN_OK);
    ck_assert_int_eq(an_out_done(&w, &json, &err), AN_OK);
    ck_assert_int_eq(
        an_json_read(arena, &(struct an_json_limits){0}, json, &root, &err),
        AN_OK);
    ck_assert_int_eq(rt_vocabulary_read(arena, root, v, &err), AN_OK);
}

static double z_of(const struct rt_vocabulary *v, const char *code,
                   const char *unit, double value)
{
    float z = NAN;

    ck_assert_int_eq(rt_vocabulary_value(v, AN_STR(LN), an_str_c(code),
                                         an_str_c(unit), value, &z),
                     0);
    return (double)z;
}

/* Neither order nor unit of what a sender says may change what a model sees. */
START_TEST(one_scale_for_all_units_of_a_quantity)
{
    for (int order = 0; order < 2; order++) {
        struct tr_concepts concepts;
        struct tr_catalogue c;
        struct rt_vocabulary v;
        struct an_arena arena;

        an_arena_init(&arena, 16 << 20);
        ck_assert_int_eq(
            tr_concepts_read(&arena, an_str_c(table), "t", &concepts, NULL),
            AN_OK);
        tr_catalogue_init(&c, &concepts);
        if (order)
            ck_assert_int_eq(add_people(&c, "718-7", "g/L", 10, 14), AN_OK);
        ck_assert_int_eq(add_people(&c, "718-7", "g/dL", 1, 35), AN_OK);
        if (!order)
            ck_assert_int_eq(add_people(&c, "718-7", "g/L", 10, 14), AN_OK);
        write_out(&c, &arena, 0, &v);
        ck_assert_uint_eq(v.n_scales, 1);
        ck_assert_an_str_eq(v.scale[0].unit, "g/dL"); /* said most often */
        ck_assert_double_eq_tol((double)v.scale[0].mean, 13, 1e-6);
        ck_assert_double_eq(z_of(&v, "718-7", "g/dL", 14),
                            z_of(&v, "718-7", "g/L", 140));
        ck_assert_double_eq(z_of(&v, "718-7", "g/dL", 14),
                            z_of(&v, "718-7", "mg/mL", 140));
        tr_catalogue_release(&c);
        an_arena_free(&arena);
    }
}
END_TEST

/* 49 values, seven of each from 10 to 16. */
START_TEST(bins_are_as_even_as_ties_let_them_be)
{
    static const struct {
        uint32_t bins;
        size_t edges;
        double said, middle; /* a value, and whose z it is read as */
    } c[] = {
        {1, 0, 10, 13},    {1, 0, 99, 13},     {2, 1, 12.9, 11},
        {2, 1, 13, 14.5},  {3, 2, 1, 10.5},    {3, 2, 11.9, 10.5},
        {3, 2, 12, 12.5},  {3, 2, 13.9, 12.5}, {3, 2, 14, 15},
        {3, 2, 1e6, 15},   {256, 6, 10, 10},   {256, 6, 15.5, 15},
        {256, 6, 1e6, 16},
    };
    struct tr_concepts concepts;
    struct an_arena arena;

    an_arena_init(&arena, 16 << 20);
    ck_assert_int_eq(
        tr_concepts_read(&arena, an_str_c(table), "t", &concepts, NULL), AN_OK);
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        struct rt_vocabulary v;
        struct tr_catalogue t;

        tr_catalogue_init(&t, &concepts);
        ck_assert_int_eq(add_people(&t, "718-7", "g/dL", 1, 49), AN_OK);
        write_out(&t, &arena, c[i].bins, &v);
        ck_assert_uint_eq(v.n_scales, 1);
        ck_assert_uint_eq(v.scale[0].n_edges, c[i].edges);
        ck_assert_double_eq_tol(z_of(&v, "718-7", "g/dL", c[i].said),
                                (c[i].middle - 13) / (double)v.scale[0].sd,
                                1e-5);
        tr_catalogue_release(&t);
    }
    an_arena_free(&arena);
}
END_TEST

START_TEST(a_row_of_concepts_serves_every_unit_of_its_quantity)
{
    struct tr_concepts concepts;
    struct an_arena arena;
    struct rt_same same;

    an_arena_init(&arena, 1 << 20);
    ck_assert_int_eq(
        tr_concepts_read(&arena, an_str_c(table), "t", &concepts, NULL), AN_OK);
    same = tr_concepts_same(&concepts, AN_STR(LN "|14682-9"), AN_STR("mmol/L"));
    ck_assert_an_str_eq(same.to, LN "|2160-0");
    ck_assert_an_str_eq(same.to_unit, "mg/dL");
    ck_assert_double_eq_tol(same.factor, 11.312, 1e-9);
    same = tr_concepts_same(&concepts, AN_STR(LN "|14682-9"), AN_STR("g/L"));
    ck_assert_an_str_eq(same.to, LN "|14682-9");
    an_arena_free(&arena);
}
END_TEST

Suite *trainer_unit_suite(void)
{
    const TTest *const test[] = {
        one_scale_for_all_units_of_a_quantity,
        bins_are_as_even_as_ties_let_them_be,
        a_row_of_concepts_serves_every_unit_of_its_quantity,
    };

    return TEST_SUITE("trainer/unit", test);
}

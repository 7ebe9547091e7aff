/* SPDX-License-Identifier: Apache-2.0 */
#include "context/unit.h"
#include "tests/suite.h"

#include <math.h>

Suite *context_unit_suite(void);

/* The table as it is compiled in: each row is a case. */
static const struct {
    const char *unit, *canonical;
    double factor, divisor, offset;
} row[] = {
#include "config/tables/measures.inc"
};
enum { N_ROWS = sizeof(row) / sizeof(row[0]) };

static const struct {
    const char *sent, *ucum;
} spelling[] = {
#include "config/tables/units.inc"
};

START_TEST(converts_what_is_commensurable)
{
    static const struct {
        double value;
        const char *from, *to;
        double want;
    } c[] = {
        {126, "mg/dL", "g/L", 1.26},
        {13.5, "g/dL", "g/L", 135},
        {5.4, "10*3/uL", "10*9/L", 5.4},
        {4.5, "10*6/uL", "10*12/L", 4.5},
        {250000, "/uL", "10*9/L", 250},
        {98.6, "[degF]", "Cel", 37},
        {37, "Cel", "[degF]", 98.6},
        {310.15, "K", "Cel", 37},
        {150, "[lb_av]", "kg", 68.0388555},
        {70, "[in_i]", "cm", 177.8},
        {16, "kPa", "mm[Hg]", 120.0102},
        {12, "cm[H2O]", "mm[Hg]", 8.8267353},
        {40, "U/L", "mU/mL", 40},
        {0.5, "ukat/L", "U/L", 30},
        {4.2, "m[IU]/L", "u[IU]/mL", 4.2},
        {350, "ng/mL", "ug/L", 350},
        {1.5, "g/(24.h)", "mg/d", 1500},
        {0.42, "L/L", "%", 42},
        {72, "/min", "Hz", 1.2},
        {5.5, "mmol/L", "mmol/L", 5.5},
        {2, "mg", "mg", 2},
    };

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        double got = -1;

        ck_assert_msg(ctx_unit_convert(c[i].value, an_str_c(c[i].from),
                                       an_str_c(c[i].to), &got),
                      "%s to %s", c[i].from, c[i].to);
        ck_assert_double_eq_tol(got, c[i].want, 1e-6 * fabs(c[i].want));
    }
}
END_TEST

/* What takes the analyte, the valence or a definition of its own. */
START_TEST(converts_nothing_that_units_alone_cannot_tell)
{
    static const struct {
        const char *from, *to;
    } c[] = {{"mmol/L", "mg/dL"},
             {"meq/L", "mmol/L"},
             {"[IU]/L", "U/L"},
             {"mmol/mol", "%"},
             {"mL/min", "mL/min/{1.73_m2}"},
             {"mg/g", "mg/mmol"},
             {"g/L", "g"},
             {"mg/dL", ""},
             {"", "mg/dL"},
             {"furlong", "cm"}};

    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        double got = -1;

        ck_assert_msg(
            !ctx_unit_convert(1, an_str_c(c[i].from), an_str_c(c[i].to), &got),
            "%s to %s", c[i].from, c[i].to);
        ck_assert_double_eq(got, -1);
    }
}
END_TEST

/* Every pair of units of a quantity: there and back is the same value, but for
 * the last bits, and the canonical value does not depend on the way. */
START_TEST(there_and_back_is_the_same_value)
{
    static const double value[] = {0, 0.0005, 0.1, 1, 7.35, 98.6, 1234567};
    size_t n_pairs = 0;

    for (size_t a = 0; a < N_ROWS; a++) {
        for (size_t b = 0; b < N_ROWS; b++) {
            struct an_str from = an_str_c(row[a].unit);
            struct an_str to = an_str_c(row[b].unit), one, other;

            ck_assert_int_eq(ctx_unit_alike(from, to),
                             an_str_eq(an_str_c(row[a].canonical),
                                       an_str_c(row[b].canonical)));
            if (!ctx_unit_alike(from, to))
                continue;
            n_pairs++;
            for (size_t i = 0; i < sizeof(value) / sizeof(value[0]); i++) {
                double v = value[i], there, back, x, y;
                /* Where zero is elsewhere, digits are lost to the offset. */
                double offset = fabs(row[a].offset) + fabs(row[b].offset);
                double far = 16 * (fabs(v) + 4 * offset) * 0x1p-53;

                ck_assert(ctx_unit_convert(v, from, to, &there));
                ck_assert(ctx_unit_convert(there, to, from, &back));
                ck_assert_msg(fabs(back - v) <= far, "%s to %s: %.17g %.17g",
                              row[a].unit, row[b].unit, v, back);
                ck_assert(ctx_unit_canonical(v, from, &x, &one));
                ck_assert(ctx_unit_canonical(there, to, &y, &other));
                ck_assert(an_str_eq(one, other));
                ck_assert(fabs(x - y) <= 16 * (fabs(x) + 4 * offset) * 0x1p-53);
            }
        }
    }
    ck_assert_uint_gt(n_pairs, 1000);
}
END_TEST

/* Powers of ten lose nothing at all. */
START_TEST(a_shift_of_the_point_is_exact)
{
    double got;

    for (int i = 1; i < 10000; i++) {
        double tenths = i / 10.0;

        ck_assert(ctx_unit_convert(i, AN_STR("g/L"), AN_STR("g/dL"), &got));
        ck_assert_double_eq(got, tenths);
        ck_assert(ctx_unit_convert(tenths, AN_STR("10*9/L"), AN_STR("10*3/uL"),
                                   &got));
        ck_assert_double_eq(got, tenths);
    }
}
END_TEST

START_TEST(the_canonical_unit_is_its_own)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        struct an_str canonical;
        double v;

        ck_assert(ctx_unit_canonical(42.5, an_str_c(row[i].canonical), &v,
                                     &canonical));
        ck_assert_double_eq(v, 42.5);
        ck_assert_an_str_eq(canonical, row[i].canonical);
        ck_assert(row[i].factor > 0 && row[i].divisor > 0);
        /* So that a sender's unit and UCUM's are one unit. */
        ck_assert_an_str_eq(ctx_unit_ucum(an_str_c(row[i].unit)), row[i].unit);
    }
}
END_TEST

START_TEST(a_spelling_leads_to_ucum_and_stays_there)
{
    for (size_t i = 0; i < sizeof(spelling) / sizeof(spelling[0]); i++)
        ck_assert_an_str_eq(ctx_unit_ucum(an_str_c(spelling[i].ucum)),
                            spelling[i].ucum);
    ck_assert_an_str_eq(ctx_unit_ucum(AN_STR("x10^9/L")), "10*9/L");
    ck_assert_an_str_eq(ctx_unit_ucum(AN_STR("\302\265mol/L")), "umol/L");
    ck_assert_an_str_eq(ctx_unit_ucum(AN_STR("cups")), "cups");
    ck_assert_ptr_null(ctx_unit_known(AN_STR("cups")).p);
}
END_TEST

Suite *context_unit_suite(void)
{
    const TTest *const test[] = {
        converts_what_is_commensurable,
        converts_nothing_that_units_alone_cannot_tell,
        there_and_back_is_the_same_value,
        a_shift_of_the_point_is_exact,
        the_canonical_unit_is_its_own,
        a_spelling_leads_to_ucum_and_stays_there,
    };

    return TEST_SUITE("unit", test);
}

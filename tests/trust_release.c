/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/trust/release.h"
#include "tests/suite.h"

Suite *trust_release_suite(void);

static const struct {
    unsigned from, to;
    bool may;
} cases[] = {
    {PL_RELEASE_NONE, PL_RELEASE_RELEASED, false},
    {PL_RELEASE_NONE, PL_RELEASE_WITHHELD, false},
    {PL_RELEASE_WAITING, PL_RELEASE_RELEASED, true},
    {PL_RELEASE_WAITING, PL_RELEASE_WITHHELD, true},
    {PL_RELEASE_RELEASED, PL_RELEASE_RELEASED, false},
    {PL_RELEASE_RELEASED, PL_RELEASE_WITHHELD, true},
    {PL_RELEASE_WITHHELD, PL_RELEASE_RELEASED, true},
    {PL_RELEASE_WITHHELD, PL_RELEASE_WITHHELD, false},
    {PL_N_RELEASES, PL_RELEASE_RELEASED, false},
};

enum { N_CASES = sizeof(cases) / sizeof(cases[0]) };

static struct pl_release_case text_for_patient(unsigned from, unsigned to)
{
    return (struct pl_release_case){.from = from,
                                    .to = to,
                                    .kind = CTX_SUGGEST_SUMMARY,
                                    .audience = CTX_FOR_PATIENT};
}

START_TEST(goes_the_ways_of_the_drawing_and_no_other)
{
    for (size_t i = 0; i < N_CASES; i++) {
        struct pl_release_case c = text_for_patient(cases[i].from, cases[i].to);

        ck_assert_msg(pl_release_check(&c, NULL) ==
                          (cases[i].may ? AN_OK : AN_CONFLICT),
                      "case %zu", i);
        c.superseded = true;
        ck_assert_int_eq(pl_release_check(&c, NULL), AN_CONFLICT);
    }
}
END_TEST

START_TEST(what_is_never_for_patients_can_be_withheld_but_not_released)
{
    struct pl_release_case c =
        text_for_patient(PL_RELEASE_WAITING, PL_RELEASE_RELEASED);
    struct an_err err;

    c.never_patient = true;
    ck_assert_int_eq(pl_release_check(&c, &err), AN_CONFLICT);
    ck_assert_str_eq(err.what,
                     "it is of a kind that is never shown to patients");
    c.never_patient = false;
    c.kind = CTX_SUGGEST_COMPARISON;
    ck_assert_int_eq(pl_release_check(&c, NULL), AN_CONFLICT);
    c.kind = CTX_SUGGEST_DOSING;
    ck_assert_int_eq(pl_release_check(&c, NULL), AN_CONFLICT);
    c.kind = CTX_SUGGEST_DIFFERENTIAL;
    ck_assert_int_eq(pl_release_check(&c, NULL), AN_CONFLICT);
    c.to = PL_RELEASE_WITHHELD;
    ck_assert_int_eq(pl_release_check(&c, NULL), AN_OK);
}
END_TEST

START_TEST(asks_for_one_of_two_words)
{
    struct pl_release_case c =
        text_for_patient(PL_RELEASE_WAITING, PL_RELEASE_WAITING);

    ck_assert_int_eq(pl_release_check(&c, NULL), AN_TYPE);
    c.to = PL_RELEASE_NONE;
    ck_assert_int_eq(pl_release_check(&c, NULL), AN_TYPE);
}
END_TEST

START_TEST(only_what_is_for_the_patient_begins_by_waiting)
{
    struct ctx_suggestion s = {.audience = CTX_FOR_CLINICIAN};

    ck_assert_int_eq(pl_release_first(&s), PL_RELEASE_NONE);
    s.patient_facing = true;
    ck_assert_int_eq(pl_release_first(&s), PL_RELEASE_WAITING);
    s.patient_facing = false;
    s.audience = CTX_FOR_PATIENT;
    ck_assert_int_eq(pl_release_first(&s), PL_RELEASE_WAITING);
}
END_TEST

Suite *trust_release_suite(void)
{
    const TTest *const test[] = {
        goes_the_ways_of_the_drawing_and_no_other,
        what_is_never_for_patients_can_be_withheld_but_not_released,
        asks_for_one_of_two_words,
        only_what_is_for_the_patient_begins_by_waiting};

    return TEST_SUITE("trust/release", test);
}

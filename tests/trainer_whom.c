/* SPDX-License-Identifier: Apache-2.0 */
/* Of whom a code was recorded, and that the bounds point at nobody. */
#include "tests/suite.h"
#include "trainer/dataset/whom.h"

#include <math.h>
#include <string.h>

Suite *trainer_whom_suite(void);

/* One record each of n women at ages from, from + 1, ... */
static struct tr_whom women(uint32_t n, double from)
{
    struct tr_whom w = {0};

    for (uint32_t i = 0; i < n; i++)
        tr_whom_add(&w, i + 1, from + (double)i, RT_FEMALE);
    return w;
}

START_TEST(a_bound_is_the_third_persons_and_wider_by_five_years)
{
    /* 18, 19, ... 41: the third youngest is 20, the third oldest 39. */
    const struct tr_whom w = women(24, 18);
    const struct rt_whom is = tr_whom_bounds(&w);

    ck_assert_uint_eq(is.age_from, 15);
    ck_assert_uint_eq(is.age_to, 45);
    ck_assert_uint_eq(is.sexes, RT_FEMALE);
    ck_assert(rt_plausible(&is, 15, RT_FEMALE, false));
    ck_assert(rt_plausible(&is, 44.9, RT_FEMALE, false));
    ck_assert(rt_plausible(&is, 30, 0, false));
    ck_assert(rt_plausible(&is, (double)NAN, RT_FEMALE, false));
    ck_assert(!rt_plausible(&is, 45, RT_FEMALE, false));
    ck_assert(!rt_plausible(&is, 14.9, RT_FEMALE, false));
    ck_assert(!rt_plausible(&is, 72, RT_FEMALE, false));
    ck_assert(!rt_plausible(&is, 30, RT_MALE, false));
}
END_TEST

START_TEST(who_is_at_the_end_moves_no_bound)
{
    struct tr_whom w = women(24, 21);
    const struct rt_whom before = tr_whom_bounds(&w);
    struct rt_whom after;

    tr_whom_add(&w, 101, 2, RT_FEMALE);
    tr_whom_add(&w, 102, 97, RT_FEMALE);
    after = tr_whom_bounds(&w);
    ck_assert_uint_eq(after.age_from, before.age_from);
    ck_assert_uint_eq(after.age_to, before.age_to);
}
END_TEST

START_TEST(of_too_few_people_nothing_is_said)
{
    struct tr_whom w = women(TR_WHOM_PEOPLE - 1, 40);
    const struct rt_whom none = tr_whom_bounds(&w);
    struct rt_whom some;

    /* Many records of one person are one person. */
    for (int i = 0; i < 50; i++)
        tr_whom_add(&w, TR_WHOM_PEOPLE - 1, 60 + i, RT_FEMALE);
    some = tr_whom_bounds(&w);
    ck_assert_uint_eq(some.age_to, 0);
    ck_assert_uint_eq(none.age_to, 0);
    ck_assert(!rt_plausible(&none, 42, RT_FEMALE, false));
    ck_assert(!rt_plausible(&none, (double)NAN, 0, false));
    tr_whom_add(&w, TR_WHOM_PEOPLE, 42, RT_FEMALE);
    some = tr_whom_bounds(&w);
    ck_assert_uint_gt(some.age_to, 0);
}
END_TEST

START_TEST(the_order_of_a_persons_records_does_not_matter)
{
    struct tr_whom up = {0}, down = {0};
    struct rt_whom a, b;

    for (uint32_t person = 1; person <= 12; person++)
        for (uint32_t k = 0; k < 30; k++) {
            tr_whom_add(&up, person, 20 + k + person, RT_MALE);
            tr_whom_add(&down, person, 49 - k + person, RT_MALE);
        }
    a = tr_whom_bounds(&up);
    b = tr_whom_bounds(&down);
    /* The third youngest began at 23, the third oldest ended at 59. */
    ck_assert_uint_eq(a.age_from, 15);
    ck_assert_uint_eq(a.age_to, 65);
    ck_assert_uint_eq(b.age_from, a.age_from);
    ck_assert_uint_eq(b.age_to, a.age_to);
}
END_TEST

START_TEST(a_slip_at_a_desk_is_no_evidence_of_a_sex)
{
    struct tr_whom w = women(98, 0);

    tr_whom_add(&w, 201, 30, RT_MALE);
    ck_assert_uint_eq(tr_whom_bounds(&w).sexes, RT_FEMALE);
    tr_whom_add(&w, 202, 30, RT_MALE);
    ck_assert_uint_eq(tr_whom_bounds(&w).sexes, RT_FEMALE | RT_MALE);
}
END_TEST

START_TEST(what_nobody_gets_again_is_not_named_for_who_has_it)
{
    struct tr_whom w = women(12, 40);
    struct rt_whom is = tr_whom_bounds(&w);

    ck_assert(is.once);
    ck_assert(rt_plausible(&is, 45, RT_FEMALE, false));
    ck_assert(!rt_plausible(&is, 45, RT_FEMALE, true));
    /* Said twice of one moment is not had again. */
    tr_whom_add(&w, 12, 51, RT_FEMALE);
    ck_assert(tr_whom_bounds(&w).once);
    tr_whom_add(&w, 12, 52, RT_FEMALE);
    is = tr_whom_bounds(&w);
    ck_assert(!is.once);
    ck_assert(rt_plausible(&is, 45, RT_FEMALE, true));
}
END_TEST

START_TEST(what_is_written_is_read)
{
    const struct tr_whom some = women(24, 18), few = women(3, 18);
    struct an_arena arena;
    struct an_json_out out;
    struct an_str text;
    const struct an_json *json;
    struct rt_whom is;

    an_arena_init(&arena, 1 << 20);
    an_out_init(&out, &arena, 1 << 16);
    an_out_object(&out);
    tr_whom_write(&some, &out);
    an_out_end(&out);
    ck_assert_int_eq(an_out_done(&out, &text, NULL), AN_OK);
    ck_assert_an_str_eq(text, "{\"ages\":[15,45],\"sexes\":[\"female\"],"
                              "\"once\":true}");
    ck_assert_int_eq(
        an_json_read(&arena, &(struct an_json_limits){0}, text, &json, NULL),
        AN_OK);
    ck_assert(rt_whom_read(json, &is));
    ck_assert_uint_eq(is.age_from, 15);
    ck_assert_uint_eq(is.age_to, 45);
    ck_assert_uint_eq(is.sexes, RT_FEMALE);
    ck_assert(is.once);

    an_out_init(&out, &arena, 1 << 16);
    an_out_object(&out);
    tr_whom_write(&few, &out);
    an_out_end(&out);
    ck_assert_int_eq(an_out_done(&out, &text, NULL), AN_OK);
    ck_assert_an_str_eq(text, "{}");
    an_arena_free(&arena);
}
END_TEST

Suite *trainer_whom_suite(void)
{
    const TTest *const tests[] = {
        a_bound_is_the_third_persons_and_wider_by_five_years,
        who_is_at_the_end_moves_no_bound,
        of_too_few_people_nothing_is_said,
        the_order_of_a_persons_records_does_not_matter,
        a_slip_at_a_desk_is_no_evidence_of_a_sex,
        what_nobody_gets_again_is_not_named_for_who_has_it,
        what_is_written_is_read,
    };

    return TEST_SUITE("trainer/whom", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/sequence.h"
#include "tests/suite.h"

Suite *consult_sequence_suite(void);

/* What each number is, and how many are missing after it. */
static const struct {
    int64_t number;
    enum pl_sequence_news news;
    int64_t missing;
} steps[] = {
    {5, PL_SEQUENCE_FIRST, 0},   {6, PL_SEQUENCE_NEXT, 0},
    {6, PL_SEQUENCE_AGAIN, 0},   {10, PL_SEQUENCE_GAP, 3},
    {8, PL_SEQUENCE_LATE, 2},    {8, PL_SEQUENCE_AGAIN, 2},
    {12, PL_SEQUENCE_GAP, 3},    {7, PL_SEQUENCE_LATE, 2},
    {11, PL_SEQUENCE_LATE, 1},   {9, PL_SEQUENCE_LATE, 0},
    {3, PL_SEQUENCE_AGAIN, 0},   {20, PL_SEQUENCE_GAP, 7},
    {1, PL_SEQUENCE_RESTART, 0}, {2, PL_SEQUENCE_NEXT, 0},
};

START_TEST(knows_what_is_missing)
{
    struct pl_sequence s = {.known = false};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        enum pl_sequence_news news =
            pl_sequence_note(&s, steps[i].number, true);

        ck_assert_msg(news == steps[i].news &&
                          pl_sequence_missing(&s) == steps[i].missing,
                      "step %zu: %d, %lld missing", i, (int)news,
                      (long long)pl_sequence_missing(&s));
    }
    ck_assert_uint_eq(s.n_missed, 11);
    ck_assert_uint_eq(s.n_late, 4);
}
END_TEST

START_TEST(a_sequence_that_does_not_restart_believes_no_one)
{
    struct pl_sequence s = {.known = false};

    pl_sequence_begin(&s, 0);
    ck_assert_int_eq(pl_sequence_note(&s, 1, false), PL_SEQUENCE_NEXT);
    ck_assert_int_eq(pl_sequence_up_to(&s, 4), 3);
    ck_assert_int_eq(pl_sequence_up_to(&s, 3), 0);
    ck_assert_int_eq(pl_sequence_note(&s, 1, false), PL_SEQUENCE_AGAIN);
    ck_assert_int_eq(pl_sequence_missing(&s), 3);
}
END_TEST

/* Three new ones that all were there make a series; a break in them does not, nor
 * does what came before. */
START_TEST(a_sender_may_count_anew_from_anywhere)
{
    static const struct {
        int64_t number;
        bool is_new;
        enum pl_sequence_news news;
    } step[] = {
        {1000, true, PL_SEQUENCE_FIRST}, {1003, true, PL_SEQUENCE_GAP},
        {500, true, PL_SEQUENCE_AGAIN},  {501, true, PL_SEQUENCE_AGAIN},
        {503, true, PL_SEQUENCE_AGAIN},  {504, false, PL_SEQUENCE_AGAIN},
        {505, false, PL_SEQUENCE_AGAIN}, {506, false, PL_SEQUENCE_AGAIN},
        {0, false, PL_SEQUENCE_AGAIN},   {504, true, PL_SEQUENCE_AGAIN},
        {1004, true, PL_SEQUENCE_NEXT},  {505, true, PL_SEQUENCE_AGAIN},
        {506, true, PL_SEQUENCE_AGAIN},  {507, true, PL_SEQUENCE_RESTART},
        {508, true, PL_SEQUENCE_NEXT},   {510, true, PL_SEQUENCE_GAP}};
    struct pl_sequence s = {.known = false};

    for (size_t i = 0; i < sizeof(step) / sizeof(step[0]); i++)
        ck_assert_msg(pl_sequence_note(&s, step[i].number, step[i].is_new) ==
                          step[i].news,
                      "step %zu", i);
    ck_assert_int_eq(s.last, 510);
    ck_assert_int_eq(pl_sequence_missing(&s), 1);
    ck_assert_uint_eq(s.n_missed, 3);
}
END_TEST

/* Of 2-3, 5 and 7-9 those that begin up to 5. */
START_TEST(a_gap_can_be_closed)
{
    static const int64_t there[] = {1, 4, 6, 10};
    struct pl_sequence s = {.known = false};

    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++)
        (void)pl_sequence_note(&s, there[i], false);
    ck_assert_int_eq(pl_sequence_missing(&s), 6);
    ck_assert_int_eq(pl_sequence_close(&s, 1), 0);
    ck_assert_int_eq(pl_sequence_close(&s, 5), 3);
    ck_assert_int_eq(pl_sequence_missing(&s), 3);
    ck_assert_int_eq(pl_sequence_note(&s, 5, false), PL_SEQUENCE_AGAIN);
    ck_assert_int_eq(pl_sequence_note(&s, 8, false), PL_SEQUENCE_LATE);
    ck_assert_int_eq(pl_sequence_close(&s, s.last), 2);
    ck_assert_int_eq(pl_sequence_missing(&s), 0);
    ck_assert_uint_eq(s.n_missed, 6);
}
END_TEST

/* Every second one of many: the oldest gaps are forgotten, none is invented. */
START_TEST(too_many_gaps_do_no_harm)
{
    struct pl_sequence s = {.known = false};

    for (int64_t n = 0; n < 200; n += 2)
        (void)pl_sequence_note(&s, n, false);
    ck_assert_uint_eq(s.n_gaps, PL_SEQUENCE_GAPS);
    ck_assert_int_eq(pl_sequence_missing(&s), PL_SEQUENCE_GAPS);
    ck_assert_uint_eq(s.n_missed, 99);
    for (int64_t n = 199; n > 0; n--)
        (void)pl_sequence_note(&s, n, false);
    ck_assert_int_eq(pl_sequence_missing(&s), 0);
    ck_assert_int_eq(s.last, 199);
}
END_TEST

Suite *consult_sequence_suite(void)
{
    const TTest *const list[] = {
        knows_what_is_missing, a_sequence_that_does_not_restart_believes_no_one,
        a_sender_may_count_anew_from_anywhere, a_gap_can_be_closed,
        too_many_gaps_do_no_harm};

    return TEST_SUITE("plugin/sequence", list);
}

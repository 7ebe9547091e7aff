/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sort.h"
#include "tests/suite.h"

#include <string.h>

Suite *base_sort_suite(void);

struct card {
    uint8_t suit, number, dealt;
};

static int by_number(const void *a, const void *b)
{
    const struct card *x = a, *y = b;

    return x->number - y->number;
}

START_TEST(sorts_and_keeps_equal_ones_in_order)
{
    uint32_t random = 1;

    for (size_t n = 0; n < 200; n++) {
        struct card card[200], scratch[101];
        size_t n_of[256] = {0};

        memset(scratch, 0xA5, sizeof(scratch));
        for (size_t i = 0; i < n; i++) {
            random = random * 1664525 + 1013904223;
            card[i] =
                (struct card){7, (uint8_t)(random >> 24 & 31), (uint8_t)i};
            n_of[card[i].number]++;
        }
        an_sort(card, n, sizeof(card[0]), scratch, by_number);
        for (size_t i = 0; i < n; i++) {
            ck_assert_uint_eq(card[i].suit, 7);
            ck_assert_uint_gt(n_of[card[i].number]--, 0);
            if (i == 0)
                continue;
            ck_assert_uint_le(card[i - 1].number, card[i].number);
            if (card[i - 1].number == card[i].number)
                ck_assert_uint_lt(card[i - 1].dealt, card[i].dealt);
        }
        for (size_t i = n / 2 + 1; i < 101; i++)
            ck_assert_uint_eq(scratch[i].suit, 0xA5);
    }
}
END_TEST

Suite *base_sort_suite(void)
{
    const TTest *const test[] = {sorts_and_keeps_equal_ones_in_order};

    return TEST_SUITE("base/sort", test);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/deid/check_digit.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool tr_deid_is_loinc(struct an_str code)
{
    unsigned sum = 0;

    if (an_str_starts(code, AN_STR("LA")) || an_str_starts(code, AN_STR("LP")))
        return true;
    if (code.n < 3 || code.p[code.n - 2] != '-' ||
        !is_digit(code.p[code.n - 1]))
        return false;
    for (size_t i = code.n - 2, turn = 0; i-- > 0; turn++) {
        unsigned digit = (unsigned)(code.p[i] - '0');

        if (!is_digit(code.p[i]))
            return false;
        if (turn % 2 == 0)
            digit = digit < 5 ? 2 * digit : 2 * digit - 9;
        sum += digit;
    }
    return (sum + (unsigned)(code.p[code.n - 1] - '0')) % 10 == 0;
}

/* The product in the symmetries of a pentagon: 0 to 4 turn, 5 to 9 mirror. */
static unsigned dihedral(unsigned a, unsigned b)
{
    if (a < 5)
        return b < 5 ? (a + b) % 5 : 5 + (a + b) % 5;
    return b < 5 ? 5 + (a - b) % 5 : (a - b + 5) % 5;
}

/* Verhoeff's permutation, `times` over. */
static unsigned permuted(unsigned digit, size_t times)
{
    static const unsigned once[] = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};

    while (times--)
        digit = once[digit];
    return digit;
}

/* The two digits before the check digit: core or extension; concept,
 * description, relationship. */
static bool is_partition(char first, char second)
{
    return (first == '0' || first == '1') && second >= '0' && second <= '2';
}

bool tr_deid_is_sctid(struct an_str code)
{
    unsigned check = 0;

    if (code.n < 6 || code.n > 18 ||
        !is_partition(code.p[code.n - 3], code.p[code.n - 2]))
        return false;
    for (size_t i = code.n, place = 0; i-- > 0; place++) {
        if (!is_digit(code.p[i]))
            return false;
        check =
            dihedral(check, permuted((unsigned)(code.p[i] - '0'), place % 8));
    }
    return check == 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The noise of private fits: how it is spread, and that nothing repeats it but
 * its key. */
#include "tests/suite.h"
#include "trainer/privacy/noise.h"

#include <math.h>
#include <string.h>

Suite *trainer_noise_suite(void);

static const uint8_t key_a[TR_SECRET_BYTES] = {1, 2, 3};
static const uint8_t key_b[TR_SECRET_BYTES] = {1, 2, 4};

/* Twenty bins of equal chance, and the variance: both within four standard
 * deviations of what chi-square says of 1e5 draws. */
START_TEST(noise_is_normal)
{
    enum { N = 100000, BINS = 20 };
    static float x[N];
    struct tr_secret s;
    double count[BINS] = {0}, sum = 0, squares = 0, chi = 0, next = 0;

    ck_assert_int_eq(tr_secret_init(&s, key_a, NULL), AN_OK);
    ck_assert_int_eq(tr_secret_blur(&s, x, N, 3, 0.5, NULL), AN_OK);
    for (int i = 0; i < N; i++) {
        const double z = (double)x[i] / 1.5;

        sum += z;
        squares += z * z;
        next += i ? z * (double)x[i - 1] / 1.5 : 0;
        count[(int)(BINS * 0.5 * erfc(-z / sqrt(2)))]++;
    }
    for (int i = 0; i < BINS; i++)
        chi += pow(count[i] - (double)N / BINS, 2) / ((double)N / BINS);
    ck_assert_double_lt(fabs(squares - N), 4 * sqrt(2.0 * N));
    ck_assert_double_lt(fabs(sum), 4 * sqrt(N));
    ck_assert_double_lt(fabs(next), 4 * sqrt(N));
    ck_assert_double_lt(fabs(chi - (BINS - 1)), 4 * sqrt(2.0 * (BINS - 1)));
    tr_secret_release(&s);
}
END_TEST

START_TEST(noise_is_of_its_key)
{
    const uint8_t *const key[] = {key_a, key_a, key_b, NULL, NULL};
    static double u[5][600];

    for (int i = 0; i < 5; i++) {
        struct tr_secret s;

        ck_assert_int_eq(tr_secret_init(&s, key[i], NULL), AN_OK);
        for (int k = 0; k < 600; k++) {
            ck_assert_int_eq(tr_secret_uniform(&s, &u[i][k], NULL), AN_OK);
            ck_assert(u[i][k] >= 0 && u[i][k] < 1);
        }
        tr_secret_release(&s);
    }
    ck_assert_mem_eq(u[0], u[1], sizeof(u[0]));
    for (int i = 0; i < 5; i++)
        for (int k = i + 1; k < 5; k++)
            ck_assert(k == 1 || memcmp(u[i], u[k], sizeof(u[i])) != 0);
}
END_TEST

Suite *trainer_noise_suite(void)
{
    const TTest *const tests[] = {
        noise_is_normal,
        noise_is_of_its_key,
    };

    return TEST_SUITE("trainer/noise", tests);
}

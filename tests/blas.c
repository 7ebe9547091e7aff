/* SPDX-License-Identifier: Apache-2.0 */
/* The BLAS of libanamnesis.so gives many threads what it gives one: every
 * product, to the bit.  Shapes as in the model, so that each way in of a product
 * is walked. */
#include "tests/suite.h"

#include <cblas.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static Suite *blas_suite(void);
Suite *(*const test_suites[])(void) = {blas_suite, NULL};

enum { M = 64, N = 384, K = 128, THREADS = 8, ROUNDS = 1500 };

static float a[M * K], b[K * N], product[M * N], row[N];
static atomic_int n_wrong;

static void fill(float *x, size_t n)
{
    uint32_t state = 20241105;

    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)(state >> 8) / (float)(1u << 24) - 0.5F;
    }
}

static void multiply(float *to_mn, float *to_n)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, M, N, K, 1.0F, a, K,
                b, N, 0.0F, to_mn, N);
    cblas_sgemv(CblasRowMajor, CblasTrans, K, N, 1.0F, b, N, a, 1, 0.0F, to_n,
                1);
}

static void *many(void *arg)
{
    float *mine = calloc(M * N + N, sizeof(*mine));

    (void)arg;
    for (int i = 0; mine && i < ROUNDS; i++) {
        memset(mine, 0, (M * N + N) * sizeof(*mine));
        multiply(mine, mine + (size_t)M * N);
        if (memcmp(mine, product, sizeof(product)) != 0 ||
            memcmp(mine + (size_t)M * N, row, sizeof(row)) != 0)
            atomic_fetch_add(&n_wrong, 1);
    }
    free(mine);
    return NULL;
}

START_TEST(eight_threads_get_what_one_gets)
{
    pthread_t thread[THREADS];

    fill(a, sizeof(a) / sizeof(a[0]));
    fill(b, sizeof(b) / sizeof(b[0]));
    openblas_set_num_threads(1);
    multiply(product, row);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, many, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(thread[i], NULL);
    ck_assert_int_eq(atomic_load(&n_wrong), 0);
}
END_TEST

static Suite *blas_suite(void)
{
    const TTest *const tests[] = {eight_threads_get_what_one_gets};

    return TEST_SUITE("abi/blas", tests);
}

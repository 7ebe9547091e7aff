/* SPDX-License-Identifier: Apache-2.0 */
/* What every benchmark here shares.  A benchmark is tests/bench_<x>.c, built
 * and run by `make bench`; it prints rows of name, value and unit, apart by
 * tabs, so that two runs can be compared with join(1).
 *
 *     double t0 = bench_now_s();
 *     for (size_t i = 0; i < n; i++)
 *         work(i);
 *     bench_row("hl7/parse", bytes / (bench_now_s() - t0) / 1e6, "MB/s");
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <stdio.h>
#include <time.h>

/* Seconds since some moment; never goes back. */
static inline double bench_now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline void bench_row(const char *name, double value, const char *unit)
{
    printf("%s\t%.4g\t%s\n", name, value, unit);
    (void)fflush(stdout);
}

/* The compiler may not drop the work that made this value. */
static inline void bench_keep(const void *value)
{
    __asm__ volatile("" : : "g"(value) : "memory");
}

#endif

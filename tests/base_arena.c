/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/buf.h"
#include "tests/suite.h"

#include <string.h>

Suite *base_arena_suite(void);

START_TEST(gives_zeroed_aligned_memory_even_after_reuse)
{
    struct an_arena a;

    an_arena_init(&a, 1 << 20);
    for (int round = 0; round < 3; round++) {
        for (size_t n = 1; n < 3000; n += 97) {
            unsigned char *p = an_arena_get(&a, n, 1);

            ck_assert_ptr_nonnull(p);
            ck_assert_uint_eq((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < n; i++)
                ck_assert_uint_eq(p[i], 0);
            memset(p, 0xA5, n);
        }
        an_arena_reset(&a);
    }
    an_arena_free(&a);
}
END_TEST

START_TEST(stops_at_its_limit_and_stays_usable)
{
    struct an_arena a;

    an_arena_init(&a, 1000);
    ck_assert_ptr_null(an_arena_get(&a, 1001, 1));
    ck_assert_ptr_null(an_arena_get(&a, SIZE_MAX / 2, 4));
    ck_assert_ptr_null(an_arena_get(&a, SIZE_MAX - 3, 1));
    ck_assert_ptr_nonnull(an_arena_get(&a, 900, 1));
    ck_assert_ptr_null(an_arena_get(&a, 200, 1));
    ck_assert_ptr_nonnull(an_arena_get(&a, 16, 1));
    an_arena_free(&a);
}
END_TEST

START_TEST(rewinds_to_a_mark_across_blocks)
{
    struct an_arena a;
    struct an_mark mark;
    char *kept;

    an_arena_init(&a, 64 << 20);
    kept = an_arena_get(&a, 4, 1);
    memcpy(kept, "kept", 4);
    mark = an_arena_mark(&a);
    for (int i = 0; i < 100; i++)
        ck_assert_ptr_nonnull(an_arena_get(&a, 100000, 1));
    an_arena_rewind(&a, mark);
    ck_assert_uint_eq(a.used_bytes, 16);
    ck_assert_uint_ge(a.peak_bytes, 10000000);
    ck_assert_int_eq(memcmp(kept, "kept", 4), 0);
    an_arena_free(&a);
    ck_assert_uint_eq(a.used_bytes, 0);
}
END_TEST

START_TEST(fails_on_request)
{
    struct an_arena a;

    an_arena_init(&a, 1000);
    a.fail_after = 1;
    ck_assert_ptr_nonnull(an_arena_get(&a, 1, 1));
    ck_assert_ptr_null(an_arena_get(&a, 1, 1));
    a.fail_after = -1;
    ck_assert_ptr_nonnull(an_arena_get(&a, 1, 1));
    an_arena_free(&a);
}
END_TEST

START_TEST(buffer_grows_and_says_when_it_could_not)
{
    struct an_arena a;
    struct an_buf b;
    struct an_str bytes;
    struct an_err err;

    an_arena_init(&a, 1 << 20);
    an_buf_init(&b, &a, 1000);
    ck_assert_int_eq(an_buf_done(&b, &bytes, &err), AN_OK);
    ck_assert_an_str_eq(bytes, "");
    an_buf_put_i64(&b, INT64_MIN);
    an_buf_put_char(&b, ' ');
    an_buf_put_digits(&b, 7, 3);
    ck_assert_int_eq(an_buf_done(&b, &bytes, &err), AN_OK);
    ck_assert_an_str_eq(bytes, "-9223372036854775808 007");
    for (int i = 0; i < 100; i++)
        an_buf_put(&b, AN_STR("0123456789"));
    ck_assert_int_eq(an_buf_done(&b, &bytes, &err), AN_LIMIT);
    an_arena_free(&a);
}
END_TEST

START_TEST(buffer_fills_exactly_to_its_limit)
{
    struct an_arena a;
    struct an_buf b;
    struct an_str bytes;

    an_arena_init(&a, 1 << 20);
    an_buf_init(&b, &a, 10);
    an_buf_put(&b, AN_STR("0123456789"));
    ck_assert_int_eq(an_buf_done(&b, &bytes, NULL), AN_OK);
    an_buf_put_char(&b, 'x');
    ck_assert_int_eq(an_buf_done(&b, &bytes, NULL), AN_LIMIT);
    an_arena_free(&a);
}
END_TEST

Suite *base_arena_suite(void)
{
    const TTest *const test[] = {gives_zeroed_aligned_memory_even_after_reuse,
                                 stops_at_its_limit_and_stays_usable,
                                 rewinds_to_a_mark_across_blocks,
                                 fails_on_request,
                                 buffer_grows_and_says_when_it_could_not,
                                 buffer_fills_exactly_to_its_limit};

    return TEST_SUITE("base/arena", test);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/varint.h"
#include "tests/suite.h"

Suite *base_varint_suite(void);

START_TEST(reads_what_it_writes)
{
    for (unsigned shift = 0; shift < 64; shift++) {
        const uint64_t v[] = {UINT64_C(1) << shift, (UINT64_C(1) << shift) - 1,
                              UINT64_MAX >> shift};

        for (size_t i = 0; i < 3; i++) {
            char bytes[AN_VARINT_BYTES];
            size_t n = an_varint_put(v[i], bytes);
            uint64_t back = ~v[i];

            for (size_t cut = 0; cut < n; cut++)
                ck_assert_uint_eq(
                    an_varint_get((struct an_str){bytes, cut}, &back), 0);
            ck_assert_uint_eq(back, ~v[i]);
            ck_assert_uint_eq(
                an_varint_get((struct an_str){bytes, sizeof(bytes)}, &back), n);
            ck_assert(back == v[i]);
        }
    }
}
END_TEST

START_TEST(refuses_more_than_64_bits)
{
    uint64_t v = 7;

    ck_assert_uint_eq(
        an_varint_get(AN_STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), &v),
        0);
    ck_assert_uint_eq(
        an_varint_get(AN_STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x01"),
                      &v),
        0);
    ck_assert_uint_eq(v, 7);
}
END_TEST

START_TEST(zigzag_keeps_every_sign)
{
    static const int64_t v[] = {0, -1, 1, -2, INT64_MAX, INT64_MIN};
    static const uint64_t z[] = {0, 1, 2, 3, UINT64_MAX - 1, UINT64_MAX};

    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        ck_assert(an_zigzag(v[i]) == z[i]);
        ck_assert(an_unzigzag(z[i]) == v[i]);
    }
}
END_TEST

Suite *base_varint_suite(void)
{
    const TTest *const test[] = {reads_what_it_writes,
                                 refuses_more_than_64_bits,
                                 zigzag_keeps_every_sign};

    return TEST_SUITE("base/varint", test);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/json_out.h"
#include "tests/suite.h"

#include <math.h>

Suite *base_json_out_suite(void);

static void write_sample(struct an_json_out *w)
{
    an_out_object(w);
    an_out_key_str(w, "text", AN_STR("a\"b\\c\n\x01\xC3\xA9/"));
    an_out_key_str(w, "empty", AN_STR(""));
    an_out_key(w, "list");
    an_out_array(w);
    an_out_number(w, AN_STR("+05.10"));
    an_out_number(w, AN_STR("0.010"));
    an_out_fixed(w, 2.0 / 3, 3);
    an_out_i64(w, INT64_MIN);
    an_out_bool(w, true);
    an_out_null(w);
    an_out_object(w);
    an_out_end(w);
    an_out_array(w);
    an_out_end(w);
    an_out_str(w, AN_STR(""));
    an_out_json(w, AN_STR("{\"a\": [1.0]}"));
    an_out_end(w);
    an_out_name(w, AN_STR("a\"b"));
    an_out_null(w);
    an_out_end(w);
}

START_TEST(writes_in_order_and_exactly)
{
    static const char want[] =
        "{\"text\":\"a\\\"b\\\\c\\n\\u0001\xC3\xA9/\",\"list\":[5.10,0.010,"
        "0.667,-9223372036854775808,true,null,{},[],\"\",{\"a\": [1.0]}],"
        "\"a\\\"b\":null}";
    struct an_arena a;
    struct an_json_out w;
    struct an_str got;
    const struct an_json *root;

    an_arena_init(&a, 1 << 20);
    an_out_init(&w, &a, 1 << 16);
    write_sample(&w);
    ck_assert_int_eq(an_out_done(&w, &got, NULL), AN_OK);
    ck_assert_an_str_eq(got, want);
    ck_assert_int_eq(
        an_json_read(&a, &(struct an_json_limits){0}, got, &root, NULL), AN_OK);
    an_arena_free(&a);
}
END_TEST

START_TEST(writes_what_was_read_as_it_was_said)
{
    static const char text[] =
        "{\"a\":[0.010,1E5,-0,1e400,true,false,null,{},[],\"\\u0001\"],"
        "\"b\\\"\":{\"c\":\"\"}}";
    struct an_arena a;
    struct an_json_out w;
    struct an_str got;
    const struct an_json *root;

    an_arena_init(&a, 1 << 20);
    ck_assert_int_eq(an_json_read(&a, &(struct an_json_limits){0},
                                  an_str_c(text), &root, NULL),
                     AN_OK);
    an_out_init(&w, &a, 1 << 16);
    an_out_tree(&w, root);
    ck_assert_int_eq(an_out_done(&w, &got, NULL), AN_OK);
    ck_assert_an_str_eq(got, text);
    an_arena_free(&a);
}
END_TEST

static void no_value(struct an_json_out *w)
{
    (void)w;
}

static void left_open(struct an_json_out *w)
{
    an_out_array(w);
}

static void ended_twice(struct an_json_out *w)
{
    an_out_array(w);
    an_out_end(w);
    an_out_end(w);
}

static void two_values(struct an_json_out *w)
{
    an_out_null(w);
    an_out_null(w);
}

static void member_without_name(struct an_json_out *w)
{
    an_out_object(w);
    an_out_str(w, AN_STR("x"));
    an_out_null(w);
    an_out_end(w);
}

static void name_without_value(struct an_json_out *w)
{
    an_out_object(w);
    an_out_key(w, "x");
    an_out_end(w);
}

static void name_in_array(struct an_json_out *w)
{
    an_out_array(w);
    an_out_key(w, "x");
    an_out_end(w);
}

static void not_a_number(struct an_json_out *w)
{
    an_out_fixed(w, (double)NAN, 2);
}

static void no_literal(struct an_json_out *w)
{
    an_out_number(w, AN_STR("1,5"));
}

static void latin_1(struct an_json_out *w)
{
    an_out_str(w, AN_STR("caf\xE9"));
}

static void too_deep(struct an_json_out *w)
{
    for (int i = 0; i <= AN_OUT_DEPTH; i++)
        an_out_array(w);
    for (int i = 0; i <= AN_OUT_DEPTH; i++)
        an_out_end(w);
}

static void too_long(struct an_json_out *w)
{
    an_out_array(w);
    for (int i = 0; i < 1000; i++)
        an_out_i64(w, i);
    an_out_end(w);
}

START_TEST(says_at_the_end_what_went_wrong)
{
    static const struct {
        void (*write)(struct an_json_out *w);
        enum an_code want;
    } cases[] = {
        {no_value, AN_INTERNAL},
        {left_open, AN_INTERNAL},
        {ended_twice, AN_INTERNAL},
        {two_values, AN_INTERNAL},
        {member_without_name, AN_INTERNAL},
        {name_without_value, AN_INTERNAL},
        {name_in_array, AN_INTERNAL},
        {not_a_number, AN_TYPE},
        {no_literal, AN_TYPE},
        {latin_1, AN_TYPE},
        {too_deep, AN_LIMIT},
        {too_long, AN_LIMIT},
    };
    struct an_arena a;

    an_arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct an_json_out w;
        struct an_str got;
        struct an_err err;

        an_out_init(&w, &a, 1000);
        cases[i].write(&w);
        ck_assert_int_eq(an_out_done(&w, &got, &err), cases[i].want);
        ck_assert_ptr_nonnull(err.what);
        an_arena_reset(&a);
    }
    an_arena_free(&a);
}
END_TEST

START_TEST(nests_to_its_limit)
{
    struct an_arena a;
    struct an_json_out w;
    struct an_str got;

    an_arena_init(&a, 1 << 20);
    an_out_init(&w, &a, 1000);
    for (int i = 0; i < AN_OUT_DEPTH; i++)
        an_out_array(&w);
    for (int i = 0; i < AN_OUT_DEPTH; i++)
        an_out_end(&w);
    ck_assert_int_eq(an_out_done(&w, &got, NULL), AN_OK);
    ck_assert_uint_eq(got.n, 2 * AN_OUT_DEPTH);
    an_arena_free(&a);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct an_arena a;
    struct an_str got;
    enum an_code code = AN_NOMEM;
    long n = 0;

    an_arena_init(&a, 1 << 20);
    for (; code == AN_NOMEM && n < 100; n++) {
        struct an_json_out w;

        an_arena_reset(&a);
        a.fail_after = n;
        an_out_init(&w, &a, 1 << 16);
        write_sample(&w);
        code = an_out_done(&w, &got, NULL);
    }
    ck_assert_int_eq(code, AN_OK);
    ck_assert_int_gt(n, 3);
    an_arena_free(&a);
}
END_TEST

Suite *base_json_out_suite(void)
{
    const TTest *const test[] = {
        writes_in_order_and_exactly, says_at_the_end_what_went_wrong,
        nests_to_its_limit, writes_what_was_read_as_it_was_said,
        survives_each_failed_allocation};

    return TEST_SUITE("base/json_out", test);
}

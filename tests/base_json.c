/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *base_json_suite(void);

static const struct an_json_limits no_limits;

static bool knows(struct an_str key)
{
    return an_str_eq(key, AN_STR("code")) || an_str_eq(key, AN_STR("entry")) ||
           an_str_eq(key, AN_STR("resource"));
}

static enum an_code read_text(struct an_arena *a, struct an_str text,
                              const struct an_json **root, struct an_err *err)
{
    const struct an_json_limits limits = {.knows = knows};

    return an_json_read(a, &limits, text, root, err);
}

START_TEST(accepts_what_rfc_8259_accepts)
{
    static const char *const cases[] = {
        "{}",
        "[]",
        "0",
        "-0",
        "\"\"",
        "null",
        "true",
        " false ",
        "\t\r\n[ 1 , 2 ]\n",
        "[1e5,1E+5,1e-5,0.1,-0.0]",
        "12345678901234567890123456789012345678901234567890",
        "{\"a\":{\"a\":{\"a\":[[[]]]}}}",
        "{\"\":0}",
        "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
        "[\"\\u00e9\\u20AC\\ud83d\\ude00\"]",
        "[\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"]",
        "[\"\x7F\"]",
        "[\"\xF4\x8F\xBF\xBF\xED\x9F\xBF\xEE\x80\x80\"]",
        "[\"\\uFFFF\"]",
        "[\"a/b\"]",
        "[[],[[]],{},[{}]]"};
    struct an_arena a;

    an_arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct an_json *root = NULL;
        struct an_err err;

        ck_assert_msg(read_text(&a, an_str_c(cases[i]), &root, &err) == AN_OK,
                      "%s", cases[i]);
        ck_assert_ptr_nonnull(root);
        an_arena_reset(&a);
    }
    an_arena_free(&a);
}
END_TEST

START_TEST(refuses_the_rest_and_says_where)
{
    static const struct {
        const char *text;
        size_t byte; /* SIZE_MAX: anywhere inside */
        const char *path;
    } cases[] = {
        {"", 0, ""},
        {" \n\t\r ", 0, ""},
        {"\xEF\xBB\xBF{}", 0, ""},
        {"{", 1, ""},
        {"[1,", 3, "[1]"},
        {"\"abc", 4, ""},
        {"\"abc\\\"", 6, ""},
        {"tru", 3, ""},
        {"-", 1, ""},
        {"{} x", SIZE_MAX, ""},
        {"[] []", SIZE_MAX, ""},
        {"[1 2]", SIZE_MAX, "[1]"},
        {"[1,]", SIZE_MAX, "[1]"},
        {"{\"a\"}", SIZE_MAX, "?"},
        {"{\"a\":1,}", SIZE_MAX, ""},
        {"{a:1}", SIZE_MAX, ""},
        {"{1:1}", SIZE_MAX, ""},
        {"{'a':1}", SIZE_MAX, ""},
        {"[01]", SIZE_MAX, "[1]"},
        {"[1.]", SIZE_MAX, "[0]"},
        {"[.5]", SIZE_MAX, "[0]"},
        {"[+1]", SIZE_MAX, "[0]"},
        {"[1e]", SIZE_MAX, "[0]"},
        {"[-]", SIZE_MAX, "[0]"},
        {"[0x1]", SIZE_MAX, "[1]"},
        {"[NaN]", SIZE_MAX, "[0]"},
        {"[Infinity]", SIZE_MAX, "[0]"},
        {"[True]", SIZE_MAX, "[0]"},
        {"[nul]", SIZE_MAX, "[0]"},
        {"/* c */ 1", SIZE_MAX, ""},
        {"[1] // c", SIZE_MAX, ""},
        {"]", SIZE_MAX, ""},
        {"[}", SIZE_MAX, "[0]"},
        {"[\"\\x\"]", SIZE_MAX, "[0]"},
        {"[\"\\u12G4\"]", SIZE_MAX, "[0]"},
        {"[\"\\u12\"]", SIZE_MAX, "[0]"},
        {"\"\\", 2, ""},
        {"\\", SIZE_MAX, ""},
        {"[\"a\tb\"]", SIZE_MAX, "[0]"},
        {"[\"a\nb\"]", SIZE_MAX, "[0]"},
        {"[1,\f2]", 3, ""},
        {"[1,\v2]", 3, ""},
        {"[\"\x01\"]", 2, ""},
        {"[\"\x80\"]", 2, ""},
        {"[\"\xC0\xAF\"]", 2, ""},
        {"[\"\xE0\x80\xAF\"]", 2, ""},
        {"[\"\xED\xA0\x80\"]", 2, ""},
        {"[\"\xF0\x80\x80\xAF\"]", 2, ""},
        {"[\"\xF4\x90\x80\x80\"]", 2, ""},
        {"[\"\xF5\x80\x80\x80\"]", 2, ""},
        {"[\"ab\xE2\x82\"]", 4, ""},
        {"[\"\xE2\x82", 2, ""},
        {"[\"\\u0000\"]", 2, ""},
        {"[\"x\\ud800\"]", 3, ""},
        {"[\"\\udc00\"]", 2, ""},
        {"[\"\\ud800\\u0041\"]", 2, ""},
        {"[\"\\ud800\\ud800\"]", 2, ""},
        {"[\"\\ud800x\"]", 2, ""},
        {"{\"entry\":[{},{\"resource\":{\"code\":1,\"code\":2}}]}", SIZE_MAX,
         "entry[1].resource.code"},
        {"{\"Miller\":{\"code\":[1,2,x]}}", SIZE_MAX, "?.code[2]"},
        {"{\"x\":1,\"\\u0078\":2}", SIZE_MAX, "?"},
    };
    struct an_arena a;

    an_arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct an_json *root = NULL;
        struct an_err err;
        size_t n = strlen(cases[i].text);

        ck_assert_msg(read_text(&a, an_str_c(cases[i].text), &root, &err) ==
                          AN_SYNTAX,
                      "%s", cases[i].text);
        ck_assert_ptr_null(root);
        ck_assert_ptr_nonnull(err.what);
        ck_assert_msg(err.where.byte <= n, "%s", cases[i].text);
        if (cases[i].byte != SIZE_MAX)
            ck_assert_msg(err.where.byte == cases[i].byte, "%s: %zu",
                          cases[i].text, err.where.byte);
        ck_assert_msg(strcmp(err.where.path, cases[i].path) == 0, "%s: %s",
                      cases[i].text, err.where.path);
        an_arena_reset(&a);
    }
    an_arena_free(&a);
}
END_TEST

START_TEST(refuses_a_nul_byte_where_it_stands)
{
    struct an_arena a;
    struct an_err err;
    const struct an_json *root;

    an_arena_init(&a, 1 << 20);
    ck_assert_int_eq(read_text(&a, AN_STR("[1]\0"), &root, &err), AN_SYNTAX);
    ck_assert_uint_eq(err.where.byte, 3);
    an_arena_free(&a);
}
END_TEST

START_TEST(keeps_literals_and_decodes_text)
{
    static const char text[] =
        "{\"n\":0.010,\"big\":-12345678901234567890e-400,\"i\":-42,"
        "\"s\":\"a\\u00e9\\ud83d\\ude00\\n\\\"/\",\"plain\":\"view\","
        "\"t\":true,\"f\":false,\"z\":null,\"l\":[1,\"2\",[]]}";
    struct an_str in = an_str_c(text);
    struct an_arena a;
    struct an_err err;
    const struct an_json *root, *plain;
    double d;
    int64_t i = 0;
    bool b;

    an_arena_init(&a, 1 << 20);
    ck_assert_int_eq(read_text(&a, in, &root, &err), AN_OK);
    ck_assert_uint_eq(root->n, 9);
    ck_assert_an_str_eq(an_json_literal(an_json_get(root, AN_STR("n"))),
                        "0.010");
    ck_assert(an_json_double(an_json_get(root, AN_STR("n")), &d));
    ck_assert(d > 0.0099 && d < 0.0101);
    ck_assert_an_str_eq(an_json_literal(an_json_get(root, AN_STR("big"))),
                        "-12345678901234567890e-400");
    ck_assert(an_json_i64(an_json_get(root, AN_STR("i")), &i));
    ck_assert_int_eq(i, -42);
    ck_assert(!an_json_i64(an_json_get(root, AN_STR("n")), &i));
    ck_assert_an_str_eq(an_json_text(an_json_get(root, AN_STR("s"))),
                        "a\xC3\xA9\xF0\x9F\x98\x80\n\"/");
    plain = an_json_get(root, AN_STR("plain"));
    ck_assert_an_str_eq(an_json_text(plain), "view");
    ck_assert(plain->as.text > in.p && plain->as.text < in.p + in.n);
    ck_assert(an_json_bool(an_json_get(root, AN_STR("t")), &b) && b);
    ck_assert(an_json_bool(an_json_get(root, AN_STR("f")), &b) && !b);
    ck_assert(an_json_is(an_json_get(root, AN_STR("z")), AN_JSON_NULL));
    /* Asking for another kind, or for what is not there, is no fault. */
    ck_assert_uint_eq(an_json_text(an_json_get(root, AN_STR("n"))).n, 0);
    ck_assert(!an_json_bool(plain, &b));
    ck_assert_ptr_null(an_json_get(plain, AN_STR("x")));
    ck_assert_ptr_null(
        an_json_get(an_json_get(root, AN_STR("x")), AN_STR("y")));
    ck_assert_an_str_eq(
        an_json_text(an_json_at(an_json_get(root, AN_STR("l")), 1)), "2");
    ck_assert_ptr_null(an_json_at(an_json_get(root, AN_STR("l")), 3));
    an_arena_free(&a);
}
END_TEST

START_TEST(integers_stop_at_64_bits)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t want;
    } cases[] = {{"9223372036854775807", true, INT64_MAX},
                 {"-9223372036854775808", true, INT64_MIN},
                 {"9223372036854775808", false, 0},
                 {"-9223372036854775809", false, 0},
                 {"-0", true, 0},
                 {"1e2", false, 0},
                 {"\"1\"", false, 0}};
    struct an_arena a;

    an_arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct an_json *root;
        int64_t got = 0;

        ck_assert_int_eq(read_text(&a, an_str_c(cases[i].text), &root, NULL),
                         AN_OK);
        ck_assert_int_eq(an_json_i64(root, &got), cases[i].ok);
        ck_assert_int_eq(got, cases[i].want);
    }
    an_arena_free(&a);
}
END_TEST

/* `open` n times, `middle`, `close` n times. */
static struct an_str nested(struct an_arena *a, char open, char close, size_t n)
{
    char *p = an_arena_get(a, 2 * n + 1, 1);

    ck_assert_ptr_nonnull(p);
    memset(p, open, n);
    memset(p + n, close, n);
    return (struct an_str){p, 2 * n};
}

START_TEST(stops_at_each_limit)
{
    struct an_json_limits limits = {.depth = 5};
    struct an_arena a;
    struct an_err err;
    const struct an_json *root;

    an_arena_init(&a, 1 << 20);
    ck_assert_int_eq(
        an_json_read(&a, &limits, nested(&a, '[', ']', 5), &root, &err), AN_OK);
    ck_assert_int_eq(
        an_json_read(&a, &limits, nested(&a, '[', ']', 6), &root, &err),
        AN_LIMIT);
    ck_assert_str_eq(err.where.path, "[0][0][0][0][0]");
    /* The hard ceiling, whatever is asked, and hopeless depth. */
    limits.depth = 100000;
    ck_assert_int_eq(an_json_read(&a, &limits,
                                  nested(&a, '[', ']', AN_JSON_MAX_DEPTH),
                                  &root, &err),
                     AN_OK);
    ck_assert_int_eq(an_json_read(&a, &limits,
                                  nested(&a, '[', ']', AN_JSON_MAX_DEPTH + 1),
                                  &root, &err),
                     AN_LIMIT);
    ck_assert_int_eq(
        an_json_read(&a, &limits, nested(&a, '[', ']', 100000), &root, &err),
        AN_LIMIT);
    limits = (struct an_json_limits){.nodes = 3};
    ck_assert_int_eq(an_json_read(&a, &limits, AN_STR("[1,2]"), &root, &err),
                     AN_OK);
    ck_assert_int_eq(an_json_read(&a, &limits, AN_STR("[1,2,3]"), &root, &err),
                     AN_LIMIT);
    limits = (struct an_json_limits){.bytes = 3};
    ck_assert_int_eq(an_json_read(&a, &limits, AN_STR("[1]"), &root, &err),
                     AN_OK);
    ck_assert_int_eq(an_json_read(&a, &limits, AN_STR("[12]"), &root, &err),
                     AN_LIMIT);
    an_arena_free(&a);
}
END_TEST

START_TEST(finds_a_name_twice_among_many)
{
    enum { N = 5000 };
    struct an_arena a;
    struct an_err err;
    const struct an_json *root;
    char *text;

    an_arena_init(&a, 16 << 20);
    text = an_arena_get(&a, 16 * N, 1);
    ck_assert_ptr_nonnull(text);
    for (int again = -1; again < N; again += 499) {
        size_t n = 0;

        text[n++] = '{';
        for (int i = 0; i < N; i++)
            n += (size_t)snprintf(text + n, 16, "%s\"k%d\":0", i ? "," : "",
                                  i == again ? (again + 77) % N : i * 7919 % N);
        text[n++] = '}';
        ck_assert_int_eq(
            an_json_read(&a, &no_limits, (struct an_str){text, n}, &root, &err),
            again < 0 ? AN_OK : AN_SYNTAX);
    }
    an_arena_free(&a);
}
END_TEST

/* Big strings of each kind, so that yajl's buffers grow to their foretold
 * sizes, and the same cut short at its end. */
START_TEST(yajl_never_needs_more_memory_than_was_reserved)
{
    static const char *const piece[] = {"x", "\\n", "\\u20ac", "\\\""};
    struct an_arena a;
    struct an_err err;
    const struct an_json *root;

    an_arena_init(&a, 64 << 20);
    for (size_t p = 0; p < 4; p++) {
        for (size_t n = 1; n < 70000; n = n * 3 / 2 + 1) {
            size_t each = strlen(piece[p]), used = 0;
            char *text = an_arena_get(&a, n * each + 8, 1);

            ck_assert_ptr_nonnull(text);
            memcpy(text, "[\"", 2);
            for (used = 2; used < 2 + n * each; used += each)
                memcpy(text + used, piece[p], each);
            ck_assert_int_eq(an_json_read(&a, &no_limits,
                                          (struct an_str){text, used}, &root,
                                          &err),
                             AN_SYNTAX);
            memcpy(text + used, "\"]", 2);
            ck_assert_int_eq(an_json_read(&a, &no_limits,
                                          (struct an_str){text, used + 2},
                                          &root, &err),
                             AN_OK);
            ck_assert_uint_eq(an_json_at(root, 0)->n, n * (p == 2 ? 3 : 1));
            an_arena_reset(&a);
        }
    }
    an_arena_free(&a);
}
END_TEST

START_TEST(survives_each_failed_allocation)
{
    struct an_arena a;
    struct an_err err;
    const struct an_json *root;
    enum an_code got = AN_NOMEM;
    char text[4096];
    size_t used = 0;
    long n = 0;

    used += (size_t)snprintf(text, sizeof(text), "{\"list\":[");
    for (int i = 0; i < 120; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\"\\n\"",
                                 i ? "," : "");
    used += (size_t)snprintf(text + used, sizeof(text) - used, "]");
    for (int i = 0; i < 40; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 ",\"k%d\":%d", i, i);
    used += (size_t)snprintf(text + used, sizeof(text) - used, "}");
    an_arena_init(&a, 1 << 20);
    for (; got == AN_NOMEM && n < 1000; n++) {
        an_arena_reset(&a);
        a.fail_after = n;
        got = an_json_read(&a, &no_limits, (struct an_str){text, used}, &root,
                           &err);
    }
    ck_assert_int_eq(got, AN_OK);
    ck_assert_int_gt(n, 100);
    an_arena_free(&a);
}
END_TEST

Suite *base_json_suite(void)
{
    const TTest *const test[] = {accepts_what_rfc_8259_accepts,
                                 refuses_the_rest_and_says_where,
                                 refuses_a_nul_byte_where_it_stands,
                                 keeps_literals_and_decodes_text,
                                 integers_stop_at_64_bits,
                                 stops_at_each_limit,
                                 finds_a_name_twice_among_many,
                                 yajl_never_needs_more_memory_than_was_reserved,
                                 survives_each_failed_allocation};

    return TEST_SUITE("base/json", test);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "tests/suite.h"

Suite *base_base64_suite(void);

static struct an_arena arena;

static void set_up(void)
{
    an_arena_init(&arena, 1 << 16);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static bool decode(struct an_str text, struct an_str *bytes)
{
    struct an_buf b;
    bool said;

    an_buf_init(&b, &arena, 1 << 12);
    said = an_buf_put_unbase64(&b, text);
    ck_assert_int_eq(an_buf_done(&b, bytes, NULL), AN_OK);
    return said;
}

/* RFC 4648 section 10, and how senders really write it. */
static const struct {
    const char *text, *bytes;
} said[] = {
    {"", ""},
    {"Zg==", "f"},
    {"Zm8=", "fo"},
    {"Zm9v", "foo"},
    {"Zm9vYg==", "foob"},
    {"Zm9vYmE=", "fooba"},
    {"Zm9vYmFy", "foobar"},
    {"//77", "\xFF\xFE\xFB"},
    {"Zg", "f"},
    {"Zm8", "fo"},
    {" Zm9v\r\n\tYmFy ", "foobar"},
    {"Zg= =", "f"},
};

START_TEST(decodes_base64_as_its_rfc_does)
{
    struct an_str got;

    ck_assert(decode(an_str_c(said[_i].text), &got));
    ck_assert_an_str_eq(got, said[_i].bytes);
}
END_TEST

static const char *const none[] = {
    "Z", "Zm9vY", "Zm9*", "Zg==Zg==", "Zg===", "Zm-_", "%PDF", "Zg==x"};

START_TEST(refuses_what_is_not_base64)
{
    struct an_str got;

    ck_assert_msg(!decode(an_str_c(none[_i]), &got), "%s", none[_i]);
}
END_TEST

START_TEST(gives_back_what_was_encoded)
{
    char bytes[64];
    struct an_buf b;
    struct an_str text, got;

    for (size_t n = 0; n <= sizeof(bytes); n++) {
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)(i * 37 + n);
        an_arena_reset(&arena);
        an_buf_init(&b, &arena, 1 << 12);
        an_buf_put_base64(&b, (struct an_str){bytes, n});
        ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
        ck_assert(decode(text, &got));
        ck_assert(an_str_eq(got, (struct an_str){bytes, n}));
    }
}
END_TEST

Suite *base_base64_suite(void)
{
    Suite *s = suite_create("base/base64");
    TCase *tc = tcase_create("base/base64");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, decodes_base64_as_its_rfc_does, 0,
                        (int)(sizeof(said) / sizeof(said[0])));
    tcase_add_loop_test(tc, refuses_what_is_not_base64, 0,
                        (int)(sizeof(none) / sizeof(none[0])));
    tcase_add_test(tc, gives_back_what_was_encoded);
    suite_add_tcase(s, tc);
    return s;
}

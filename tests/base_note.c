/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/note.h"
#include "tests/suite.h"

#include <stdio.h>

Suite *base_note_suite(void);

/* The example of C2SP's signed-note. */
#define FOO                                                                    \
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define SIGNED                                                                 \
    "\xe2\x80\x94 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ON" \
    "ncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
#define MESSAGE "This is an example message.\n"
/* By a key that nobody here knows. */
#define STRANGER "\xe2\x80\x94 example.com/bar AAAAAAECAwQ=\n"

/* The secret of RFC 8032 7.1, test 2, in the frame of RFC 8410. */
static const char pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";

static struct an_arena arena;
static struct an_note_key foo, ours;

static void set_up(void)
{
    struct an_public_key public;

    an_arena_init(&arena, 64 << 20);
    ck_assert_int_eq(an_note_key_parse(&arena, AN_STR(FOO), &foo, NULL), AN_OK);
    ck_assert_int_eq(an_key_public(an_str_c(pem), &public, NULL), AN_OK);
    ck_assert_int_eq(an_note_key_of(AN_STR("ours"), &public, &ours, NULL),
                     AN_OK);
}

static void tear_down(void)
{
    an_arena_free(&arena);
}

static enum an_code opens(const char *note, const struct an_note_key *known,
                          size_t n)
{
    struct an_str text = AN_STR("");
    struct an_err err;
    enum an_code code =
        an_note_open(&arena, an_str_c(note), known, n, &text, &err);

    ck_assert(code != AN_OK || an_str_starts(an_str_c(note), text));
    return code;
}

START_TEST(keys_are_said_as_the_standard_says)
{
    struct an_str text;
    char hex[2 * AN_KEY_BYTES + 1];

    an_hex_print(foo.id, sizeof(foo.id), hex);
    ck_assert_str_eq(hex, "530d903a");
    an_hex_print(foo.key.b, sizeof(foo.key.b), hex);
    ck_assert_str_eq(hex, "e932791ae6e7a840a46164c904786426d5e7821dd8b29a00d61c"
                          "ae72afdd4da4");
    ck_assert_int_eq(an_note_key_print(&arena, &foo, &text, NULL), AN_OK);
    ck_assert_an_str_eq(text, FOO);
}
END_TEST

START_TEST(what_is_no_key_is_refused)
{
    static const struct {
        const char *text;
        enum an_code code;
    } cases[] = {
        {"", AN_SYNTAX},
        {"example.com/foo", AN_SYNTAX},
        {"example.com/foo+530d903a", AN_SYNTAX},
        {"example.com/foo+530d90+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         AN_SYNTAX},
        {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
         AN_SYNTAX},
        {"example.com/foo+530d903a+AQ==", AN_UNSUPPORTED},
        /* Another kind of key, another name, another id. */
        {"example.com/"
         "foo+530d903a+BukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         AN_UNSUPPORTED},
        {"example.com/"
         "fou+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         AN_INTEGRITY},
        {"example.com/"
         "foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         AN_INTEGRITY},
        {"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", AN_SYNTAX},
    };
    static const char *const names[] = {"",
                                        "a b",
                                        "a+b",
                                        "a\tb",
                                        "a\xc2\xa0"
                                        "b",
                                        "a\xe2\x80\x83"
                                        "b",
                                        "a\xe3\x80\x80",
                                        "a\xff",
                                        "a\x7f"};
    struct an_note_key key;
    struct an_err err;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_int_eq(
            an_note_key_parse(&arena, an_str_c(cases[i].text), &key, &err),
            cases[i].code);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert_int_eq(
            an_note_key_of(an_str_c(names[i]), &foo.key, &key, &err),
            AN_SYNTAX);
    ck_assert_int_eq(an_note_key_of(AN_STR("r\xc3\xa9gion\xe2\x80\x94"),
                                    &foo.key, &key, &err),
                     AN_OK);
}
END_TEST

START_TEST(opens_the_note_of_the_standard)
{
    struct an_str text;

    ck_assert_int_eq(
        an_note_open(&arena, AN_STR(MESSAGE "\n" SIGNED), &foo, 1, &text, NULL),
        AN_OK);
    ck_assert_an_str_eq(text, MESSAGE);
    /* Those whom nobody knows do not matter, before or after. */
    ck_assert_int_eq(opens(MESSAGE "\n" STRANGER SIGNED STRANGER, &foo, 1),
                     AN_OK);
}
END_TEST

START_TEST(a_note_that_no_known_key_signed_is_refused)
{
    ck_assert_int_eq(opens(MESSAGE "\n" STRANGER, &foo, 1), AN_INTEGRITY);
    ck_assert_int_eq(opens(MESSAGE "\n" SIGNED, &ours, 1), AN_INTEGRITY);
    ck_assert_int_eq(opens(MESSAGE "\n" SIGNED, NULL, 0), AN_INTEGRITY);
}
END_TEST

START_TEST(a_known_key_has_to_be_right_whoever_else_signed)
{
    struct an_note_key both[2] = {foo, ours};
    struct an_str note, text;
    char bad[1024];

    ck_assert_int_eq(an_note_sign(&arena, AN_STR(MESSAGE), &ours, an_str_c(pem),
                                  &note, NULL),
                     AN_OK);
    ck_assert_int_eq(an_note_open(&arena, note, both, 2, &text, NULL), AN_OK);
    snprintf(bad, sizeof(bad), "%.*s%s", AN_STR_ARG(note), SIGNED);
    ck_assert_int_eq(opens(bad, both, 2), AN_OK);
    /* One byte of what the first signed. */
    *strstr(bad, "Uw2QOk") = 'U';
    strstr(bad, "Uw2QOk")[8] ^= 1;
    ck_assert_int_eq(opens(bad, both, 2), AN_INTEGRITY);
    ck_assert_int_eq(opens(bad, &ours, 1), AN_OK);
}
END_TEST

START_TEST(one_changed_byte_of_the_text_is_refused)
{
    char note[] = MESSAGE "\n" SIGNED;

    for (size_t i = 0; i < sizeof(MESSAGE) - 2; i++) {
        note[i] ^= 2;
        ck_assert_int_ne(opens(note, &foo, 1), AN_OK);
        note[i] ^= 2;
    }
    ck_assert_int_eq(opens(note, &foo, 1), AN_OK);
}
END_TEST

START_TEST(what_is_no_note_is_refused)
{
    static const char *const cases[] = {
        "",
        "\n",
        "\n\n",
        MESSAGE,
        MESSAGE "\n",
        MESSAGE SIGNED,
        MESSAGE "\r\n\n" SIGNED,
        "a\tb\n\n" SIGNED,
        "a\x7f\n\n" SIGNED,
        "a\xff\n\n" SIGNED,
        MESSAGE "\nexample.com/foo AAAAAAECAwQ=\n" SIGNED,
        MESSAGE "\n\xe2\x80\x94 example.com/foo\n",
        MESSAGE "\n\xe2\x80\x94  AAAAAAECAwQ=\n",
        MESSAGE "\n\xe2\x80\x94 a+b AAAAAAECAwQ=\n" SIGNED,
        MESSAGE "\n\xe2\x80\x94 example.com/bar AAAAAA==\n" SIGNED,
        MESSAGE "\n\xe2\x80\x94 example.com/bar AAAAAAECAwQ\n" SIGNED,
        MESSAGE "\n\xe2\x80\x94 example.com/bar AAAAAAECAwR=\n" SIGNED,
        MESSAGE "\n\xe2\x80\x94 example.com/bar AAAAAAEC AwQ=\n" SIGNED,
    };
    char long_one[] = MESSAGE "\n" SIGNED;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(opens(cases[i], &foo, 1) == AN_SYNTAX, "%s", cases[i]);
    long_one[sizeof(long_one) - 2] = ' '; /* no line end at the end */
    ck_assert_int_eq(opens(long_one, &foo, 1), AN_SYNTAX);
    /* A known key, and less than a signature. */
    ck_assert_int_eq(
        opens(MESSAGE "\n\xe2\x80\x94 example.com/foo Uw2QOkk=\n", &foo, 1),
        AN_INTEGRITY);
}
END_TEST

START_TEST(too_many_signatures_are_refused)
{
    struct an_str note, text;
    struct an_err err;

    for (int n = AN_NOTE_SIGNATURES - 1; n <= AN_NOTE_SIGNATURES; n++) {
        struct an_buf b;

        an_buf_init(&b, &arena, AN_NOTE_BYTES);
        an_buf_put_c(&b, MESSAGE "\n");
        for (int i = 0; i < n; i++)
            an_buf_put_c(&b, STRANGER);
        an_buf_put_c(&b, SIGNED);
        ck_assert_int_eq(an_buf_done(&b, &note, NULL), AN_OK);
        ck_assert_int_eq(an_note_open(&arena, note, &foo, 1, &text, &err),
                         n < AN_NOTE_SIGNATURES ? AN_OK : AN_LIMIT);
    }
}
END_TEST

START_TEST(signs_only_what_can_be_opened)
{
    struct an_str note;
    struct an_err err;

    ck_assert_int_eq(an_note_sign(&arena, AN_STR("no end"), &ours,
                                  an_str_c(pem), &note, &err),
                     AN_SYNTAX);
    ck_assert_int_eq(an_note_sign(&arena, AN_STR("a\rb\n"), &ours,
                                  an_str_c(pem), &note, &err),
                     AN_SYNTAX);
    ck_assert_int_eq(
        an_note_sign(&arena, AN_STR(MESSAGE), &foo, an_str_c(pem), &note, &err),
        AN_CONFLICT);
    ck_assert_int_eq(an_note_sign(&arena, AN_STR(MESSAGE), &ours,
                                  AN_STR("no key"), &note, &err),
                     AN_SYNTAX);
}
END_TEST

START_TEST(a_checkpoint_comes_back)
{
    static const char text[] = "example.com/behind-the-sofa\n20852163\n"
                               "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
    struct an_checkpoint c;
    struct an_str again;

    ck_assert_int_eq(an_checkpoint_read(&arena, an_str_c(text), &c, NULL),
                     AN_OK);
    ck_assert_an_str_eq(c.origin, "example.com/behind-the-sofa");
    ck_assert_uint_eq(c.size, 20852163);
    for (size_t i = 0; i < sizeof(c.root.b); i++)
        ck_assert_uint_eq(c.root.b[i], i);
    ck_assert_int_eq(an_checkpoint_write(&arena, &c, &again, NULL), AN_OK);
    ck_assert_an_str_eq(again, text);
    c.origin = AN_STR("two\nlines");
    ck_assert_int_eq(an_checkpoint_write(&arena, &c, &again, NULL), AN_SYNTAX);
    c.origin = AN_STR("");
    ck_assert_int_eq(an_checkpoint_write(&arena, &c, &again, NULL), AN_SYNTAX);
}
END_TEST

START_TEST(what_is_no_checkpoint_is_refused)
{
#define ROOT "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    static const struct {
        const char *text;
        enum an_code code;
    } cases[] = {
        {"log\n7\n" ROOT "\n", AN_OK},
        {"log\n0\n" ROOT "\n", AN_OK},
        {"log\n7\n" ROOT "\nmore\nand more\n", AN_OK},
        {"", AN_SYNTAX},
        {"log\n7\n" ROOT, AN_SYNTAX},
        {"log\n7\n", AN_SYNTAX},
        {"\n7\n" ROOT "\n", AN_SYNTAX},
        {"log\n\n" ROOT "\n", AN_SYNTAX},
        {"log\n07\n" ROOT "\n", AN_SYNTAX},
        {"log\n-7\n" ROOT "\n", AN_SYNTAX},
        {"log\n+7\n" ROOT "\n", AN_SYNTAX},
        {"log\n18446744073709551616\n" ROOT "\n", AN_SYNTAX},
        {"log\n7\nAAECAwQ=\n", AN_SYNTAX},
        {"log\n7\n" ROOT "AA==\n", AN_SYNTAX},
        {"log\n7\n" ROOT "\n\n", AN_SYNTAX},
        {"log\r\n7\n" ROOT "\n", AN_SYNTAX},
    };
    struct an_checkpoint c;
    struct an_err err;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(an_checkpoint_read(&arena, an_str_c(cases[i].text), &c,
                                         &err) == cases[i].code,
                      "%s", cases[i].text);
}
END_TEST

START_TEST(without_memory_it_says_so)
{
    struct an_note_key key;
    struct an_checkpoint c;
    struct an_str text;
    struct an_err err;
    long n = 0;
    bool done = false;

    for (; !done; n++) {
        arena.fail_after = n;
        done = an_note_key_parse(&arena, AN_STR(FOO), &key, &err) == AN_OK &&
               an_note_key_print(&arena, &foo, &text, &err) == AN_OK &&
               an_note_sign(&arena, AN_STR("l\n7\n" ROOT "\n"), &ours,
                            an_str_c(pem), &text, &err) == AN_OK &&
               an_note_open(&arena, text, &ours, 1, &text, &err) == AN_OK &&
               an_checkpoint_read(&arena, text, &c, &err) == AN_OK &&
               an_checkpoint_write(&arena, &c, &text, &err) == AN_OK;
        ck_assert(done || err.code == AN_NOMEM);
        arena.fail_after = -1;
        ck_assert_int_lt(n, 100);
    }
    ck_assert_int_gt(n, 4);
}
END_TEST

Suite *base_note_suite(void)
{
    const TTest *const list[] = {
        keys_are_said_as_the_standard_says,
        what_is_no_key_is_refused,
        opens_the_note_of_the_standard,
        a_note_that_no_known_key_signed_is_refused,
        a_known_key_has_to_be_right_whoever_else_signed,
        one_changed_byte_of_the_text_is_refused,
        what_is_no_note_is_refused,
        too_many_signatures_are_refused,
        signs_only_what_can_be_opened,
        a_checkpoint_comes_back,
        what_is_no_checkpoint_is_refused,
        without_memory_it_says_so,
    };

    return test_suite_around("base/note", list, sizeof(list) / sizeof(list[0]),
                             set_up, tear_down);
}

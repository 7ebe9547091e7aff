/* SPDX-License-Identifier: Apache-2.0 */
/* Properties over generated messages, fixed seed: print(parse(x)) == x; an edit
 * changes its value and nothing else; escaping is undone by unescaping. */
#include "hl7/edit.h"
#include "hl7/print.h"
#include "hl7/read.h"
#include "tests/suite.h"

#include <string.h>

Suite *hl7_property_suite(void);

enum { N_MESSAGES = 3000, TEXT_BYTES = 2048 };

static uint64_t seed;
static struct an_arena arena;

static size_t below(size_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % n);
}

static void start(void)
{
    seed = 20240305;
    an_arena_init(&arena, 16U << 20);
}

struct text {
    char p[TEXT_BYTES];
    size_t n;
};

static void add(struct text *t, const char *s)
{
    size_t n = strlen(s);

    if (t->n + n < sizeof(t->p)) {
        memcpy(t->p + t->n, s, n);
        t->n += n;
    }
}

static struct an_str generate(struct text *t)
{
    static const char *const header[] = {"MSH|^~\\&", "MSH|^~\\&#", "MSH#!@%*",
                                         "\vMSH|^~",  "MSH|",       "MSH|^~&"};
    static const char *const eol[] = {"\r", "\n", "\r\n", "\r\r"};
    static const char *const piece[] = {
        "|",     "|",  "|", "|",        "^",    "^",  "&", "~",
        "\\T\\", "\\", "A", "x1",       "Ada",  "",   "#", "!",
        "@",     "*",  "%", "\xC3\xA9", "\xE9", "\n", " "};
    static const char *const id[] = {"PID", "OBX", "ZZ1", "nte", "X", "MSH"};
    const char *end = eol[below(4)];

    t->n = 0;
    add(t, header[below(6)]);
    for (size_t i = 0, n = below(8); i <= n; i++) {
        if (i)
            add(t, id[below(6)]);
        for (size_t j = 0, k = below(30); j < k; j++)
            add(t, piece[below(sizeof(piece) / sizeof(piece[0]))]);
        add(t, below(20) ? end : eol[below(4)]);
    }
    return (struct an_str){t->p, t->n};
}

START_TEST(prints_what_it_parsed)
{
    static struct text t;
    struct hl7_message m;
    struct an_str printed;

    start();
    for (int i = 0; i < N_MESSAGES; i++) {
        struct an_str in = generate(&t);

        ck_assert_int_eq(hl7_parse(&arena, in, NULL, &m, NULL), AN_OK);
        ck_assert_int_eq(hl7_print(&m, &arena, &printed, NULL), AN_OK);
        ck_assert(an_str_eq(in, printed));
        an_arena_reset(&arena);
    }
    an_arena_free(&arena);
}
END_TEST

/* Everything but segment s's field f, in one string; its empty fields do not
 * count, nor does an MSH-1 that an edit had to add. */
static struct an_str without(const struct hl7_message *m, size_t s, size_t f)
{
    static struct text t[2];
    static int which;
    struct text *to = &t[which ^= 1];

    to->n = 0;
    for (size_t i = 0; i < m->n_segments; i++)
        for (size_t j = 0; j <= hl7_n_fields(m, i); j++) {
            struct an_str v = hl7_get(m, i, j, 0, 0, 0);

            if (i == s && (j == f || v.n == 0 || j == 1))
                continue;
            ck_assert_uint_lt(to->n + v.n + 1, sizeof(to->p));
            memcpy(to->p + to->n, v.p ? v.p : "", v.n);
            to->n += v.n;
            to->p[to->n++] = '\n';
        }
    return (struct an_str){to->p, to->n};
}

START_TEST(an_edit_changes_its_value_and_nothing_else)
{
    static const char *const value[] = {"", "new", "a|b^c~d&e\\f", "x#!@%*\n"};
    static struct text t;
    struct hl7_message m, again;
    size_t n_done = 0;

    start();
    for (int i = 0; i < N_MESSAGES; i++, an_arena_reset(&arena)) {
        struct an_str in = generate(&t), printed, before, text;
        struct hl7_text got;
        size_t s, f, r, c, sub;

        ck_assert_int_eq(hl7_parse(&arena, in, NULL, &m, NULL), AN_OK);
        s = below(m.n_segments);
        f = 2 + below(10);
        r = below(4);
        c = below(4);
        sub = below(4);
        before = without(&m, s, f);
        text = an_str_c(value[below(4)]);
        if (hl7_set(&m, s, f, r, c, sub, text, NULL) != AN_OK)
            continue;
        n_done++;
        ck_assert_int_eq(hl7_print(&m, &arena, &printed, NULL), AN_OK);
        ck_assert_int_eq(hl7_parse(&arena, printed, NULL, &again, NULL), AN_OK);
        ck_assert_int_eq(
            hl7_text(&again, hl7_get(&again, s, f, r, c, sub), &got, NULL),
            AN_OK);
        ck_assert(an_str_eq(got.s, text));
        ck_assert(an_str_eq(before, without(&again, s, f)));
    }
    ck_assert_uint_gt(n_done, N_MESSAGES / 4);
    an_arena_free(&arena);
}
END_TEST

START_TEST(unescaping_undoes_escaping)
{
    struct hl7_delims d = hl7_delims_recommended;
    char text[40];

    start();
    for (int i = 0; i < N_MESSAGES; i++, an_arena_reset(&arena)) {
        struct an_str in = {text, below(sizeof(text))}, raw;
        struct hl7_text out;

        for (size_t j = 0; j < in.n; j++)
            text[j] =
                below(2) ? (char)below(128) : "|^~\\&#.XFHE\r\n"[below(13)];
        d.truncation = below(2) ? '#' : '\0';
        ck_assert_int_eq(hl7_escape(&d, &arena, in, &raw, NULL), AN_OK);
        ck_assert_int_eq(hl7_unescape(&d, NULL, &arena, raw, &out, NULL),
                         AN_OK);
        ck_assert(an_str_eq(in, out.s));
        ck_assert_uint_eq(out.n_odd, 0);
        ck_assert(raw.n == 0 || memchr(raw.p, '|', raw.n) == NULL);
    }
    an_arena_free(&arena);
}
END_TEST

Suite *hl7_property_suite(void)
{
    const TTest *const test[] = {prints_what_it_parsed,
                                 an_edit_changes_its_value_and_nothing_else,
                                 unescaping_undoes_escaping};

    return TEST_SUITE("hl7/property", test);
}

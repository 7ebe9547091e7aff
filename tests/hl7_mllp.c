/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/mllp.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *hl7_mllp_suite(void);

enum { MAX_FRAME_BYTES = 40 };

struct heard {
    char text[2048]; /* frames as [offset:bytes], long ones as <offset> */
    size_t n;
    size_t most_bytes;
};

static void hear(struct heard *h, enum hl7_mllp_got got,
                 const struct hl7_mllp_frame *f)
{
    int n = snprintf(h->text + h->n, sizeof(h->text) - h->n,
                     got == HL7_MLLP_FRAME ? "[%d:%.*s]" : "<%d>",
                     (int)f->offset, AN_STR_ARG(f->bytes));

    ck_assert_int_gt(n, 0);
    h->n += (size_t)n;
    ck_assert_uint_lt(h->n, sizeof(h->text));
}

static void take_frames(struct hl7_mllp *d, struct heard *h)
{
    struct hl7_mllp_frame frame;
    enum hl7_mllp_got got;

    while ((got = hl7_mllp_next(d, &frame)) != HL7_MLLP_MORE)
        hear(h, got, &frame);
}

/* Feed s in steps of `step` bytes, growing the buffer when it asks for it. */
static void feed(struct hl7_mllp *d, struct an_str s, size_t step,
                 struct heard *h)
{
    while (s.n) {
        char *p;
        size_t room = hl7_mllp_space(d, &p), n;

        if (room == 0) {
            size_t size = hl7_mllp_wanted(d);

            ck_assert_uint_gt(size, d->size);
            p = realloc(d->buf, size);
            ck_assert_ptr_nonnull(p);
            hl7_mllp_resize(d, p, size);
            if (size > h->most_bytes)
                h->most_bytes = size;
            continue;
        }
        n = s.n < step ? s.n : step;
        n = n < room ? n : room;
        memcpy(p, s.p, n);
        hl7_mllp_filled(d, n);
        s = an_str_sub(s, n, s.n);
        take_frames(d, h);
    }
}

static const struct {
    const char *in, *heard;
    uint64_t n_junk;
    size_t n_lost;
} cases[] = {
    {"\vMSH|a\x1C\r", "[1:MSH|a]", 0, 0},
    {"\vMSH|a\x1C\r\vMSH|b\x1C\r", "[1:MSH|a][9:MSH|b]", 0, 0},
    {"\v\x1C\r", "[1:]", 0, 0},
    {"junk\vMSH|a\x1C\rmore", "[5:MSH|a]", 8, 0},
    {"\r\n\vMSH|a\x1C\r\n\r\vMSH|b\x1C\r", "[3:MSH|a][13:MSH|b]", 0, 0},
    {"\vMSH|a\x1C\vMSH|b\x1C\r", "[1:MSH|a][8:MSH|b]", 0, 0},
    {"\vMSH|a\x1Cx\x1C\r", "[1:MSH|a\x1Cx]", 0, 0},
    {"\vMSH|a\x1C\x1C\r", "[1:MSH|a\x1C]", 0, 0},
    {"\vMSH|a\vb\x1C\r", "[1:MSH|a\vb]", 0, 0},
    {"\vMSH|a\vMSH|b\x1C\r", "[7:MSH|b]", 5, 0},
    {"\vMSH|0123456789012345678901234567890123456789\x1C\r\vMSH|b\x1C\r",
     "<1>[48:MSH|b]", 46, 0},
    {"\vMSH|123456789012345678901234567890123456\x1C\r",
     "[1:MSH|123456789012345678901234567890123456]", 0, 0},
    {"\vMSH|a", "", 0, 5},
    {"\v", "", 0, 0},
    {"MSH|a\r", "", 6, 0},
    {"", "", 0, 0},
};

START_TEST(finds_frames_however_the_stream_is_cut)
{
    for (size_t step = 1; step < 60; step++) {
        struct heard h = {.n = 0};
        struct an_err err;
        struct hl7_mllp d;
        size_t n_lost;
        enum an_code code;

        hl7_mllp_init(&d, MAX_FRAME_BYTES);
        feed(&d, an_str_c(cases[_i].in), step, &h);
        ck_assert_str_eq(h.text, cases[_i].heard);
        ck_assert_uint_eq(d.n_junk_bytes, cases[_i].n_junk);
        ck_assert_uint_le(h.most_bytes, MAX_FRAME_BYTES + 4);
        code = hl7_mllp_close(&d, &n_lost, &err);
        ck_assert_uint_eq(n_lost, cases[_i].n_lost);
        if (strcmp(cases[_i].in, "\v") != 0)
            ck_assert_int_eq(code, n_lost ? AN_SYNTAX : AN_OK);
        free(d.buf);
    }
}
END_TEST

START_TEST(reports_junk_with_the_frame_after_it)
{
    static const char in[] = "\vMSH|a\x1C\rHTTP/1.1\r\vMSH|b\x1C\r";
    struct hl7_mllp_frame frame;
    char buf[sizeof(in)];
    struct hl7_mllp d;
    char *p;

    hl7_mllp_init(&d, sizeof(buf));
    hl7_mllp_resize(&d, buf, sizeof(buf));
    ck_assert_uint_eq(hl7_mllp_space(&d, &p), sizeof(buf));
    memcpy(p, in, sizeof(in) - 1);
    hl7_mllp_filled(&d, sizeof(in) - 1);
    ck_assert_int_eq(hl7_mllp_next(&d, &frame), HL7_MLLP_FRAME);
    ck_assert_uint_eq(frame.junk_bytes, 0);
    ck_assert_int_eq(hl7_mllp_next(&d, &frame), HL7_MLLP_FRAME);
    ck_assert_uint_eq(frame.junk_bytes, 9);
    ck_assert_uint_eq(frame.junk_offset, 8);
    ck_assert_uint_eq(d.n_frames, 2);
}
END_TEST

START_TEST(gives_a_frame_whose_last_byte_never_comes)
{
    struct heard h = {.n = 0};
    struct hl7_mllp_frame frame;
    struct hl7_mllp d;

    hl7_mllp_init(&d, MAX_FRAME_BYTES);
    feed(&d, AN_STR("\vMSH|a"), 3, &h);
    ck_assert(!hl7_mllp_idle(&d, &frame));
    ck_assert_uint_eq(hl7_mllp_pending(&d), 5);
    feed(&d, AN_STR("\x1C"), 1, &h);
    ck_assert(hl7_mllp_idle(&d, &frame));
    ck_assert_an_str_eq(frame.bytes, "MSH|a");
    ck_assert(!hl7_mllp_idle(&d, &frame));
    feed(&d, AN_STR("\r\vMSH|b\x1C\r"), 2, &h);
    ck_assert_str_eq(h.text, "[9:MSH|b]");
    ck_assert_uint_eq(d.n_junk_bytes, 0);
    free(d.buf);
}
END_TEST

START_TEST(says_how_many_bytes_were_lost_and_from_where)
{
    struct heard h = {.n = 0};
    struct hl7_mllp d;
    struct an_err err;
    size_t n_lost;

    hl7_mllp_init(&d, MAX_FRAME_BYTES);
    feed(&d, AN_STR("\vMSH|a\x1C\r\vMSH|cut"), 7, &h);
    ck_assert_int_eq(hl7_mllp_close(&d, &n_lost, &err), AN_SYNTAX);
    ck_assert_uint_eq(n_lost, 7);
    ck_assert_uint_eq(err.where.byte, 9);
    free(d.buf);
}
END_TEST

/* A thousand frames a byte at a time through a buffer that fits one. */
START_TEST(keeps_its_buffer_small_over_a_long_stream)
{
    struct hl7_mllp d;
    struct heard h = {.n = 0};

    hl7_mllp_init(&d, 1U << 20);
    for (int i = 0; i < 1000; i++) {
        h.n = 0;
        feed(&d, AN_STR("\vMSH|0123456789\x1C\r\v"), 1, &h);
        ck_assert_uint_gt(h.n, 0);
        h.n = 0;
        feed(&d, AN_STR("MSH|x\x1C\r"), 5, &h);
    }
    ck_assert_uint_eq(d.n_frames, 2000);
    ck_assert_uint_le(h.most_bytes, 4096);
    free(d.buf);
}
END_TEST

START_TEST(frames_what_it_can_read_back)
{
    struct an_arena arena;
    struct an_str framed;

    an_arena_init(&arena, 1U << 20);
    ck_assert_int_eq(hl7_mllp_frame(&arena, AN_STR("MSH|a\r"), &framed, NULL),
                     AN_OK);
    ck_assert_an_str_eq(framed, "\vMSH|a\r\x1C\r");
    ck_assert_int_eq(
        hl7_mllp_frame(&arena, AN_STR("MSH|\x1C\r"), &framed, NULL), AN_SYNTAX);
    arena.fail_after = 0;
    ck_assert_int_eq(hl7_mllp_frame(&arena, AN_STR(""), &framed, NULL),
                     AN_NOMEM);
    an_arena_free(&arena);
}
END_TEST

Suite *hl7_mllp_suite(void)
{
    const TTest *const test[] = {
        reports_junk_with_the_frame_after_it,
        gives_a_frame_whose_last_byte_never_comes,
        says_how_many_bytes_were_lost_and_from_where,
        keeps_its_buffer_small_over_a_long_stream,
        frames_what_it_can_read_back,
    };
    Suite *s = TEST_SUITE("hl7/mllp", test);
    TCase *tc = tcase_create("cases");

    tcase_add_loop_test(tc, finds_frames_however_the_stream_is_cut, 0,
                        sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(s, tc);
    return s;
}

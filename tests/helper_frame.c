/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: what was put is got, and nothing beyond the bounds is asked for. */
#include "plugin/helper/link.h"
#include "tests/abi_help.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

Suite *helper_frame_suite(void);

/* The reader is fed `step` bytes at a time at most. */
static enum helper_got feed(struct helper_reader *r, const uint8_t *bytes,
                            size_t n, size_t step)
{
    enum helper_got got;
    uint8_t *p;
    size_t room;

    while ((got = helper_reader_room(r, &p, &room)) == HELPER_MORE && n) {
        size_t some = n < step ? n : step;

        if (some > room)
            some = room;
        memcpy(p, bytes, some);
        helper_reader_fed(r, some);
        bytes += some;
        n -= some;
    }
    return got;
}

static void put_process(struct helper_out *out, const char *id)
{
    helper_out_begin(out, HELPER_PROCESS);
    helper_put_u32(out, 3);
    helper_put_u32(out, 250);
    helper_put_text(out, "host");
    helper_put_text(out, "text/x");
    helper_put_text(out, id);
}

START_TEST(a_question_comes_as_it_was_put)
{
    static struct helper_out out;
    struct helper_reader r;
    struct helper_ask ask;

    put_process(&out, NULL);
    helper_put_u32(&out, 0x64636261); /* the message: "abcd" */
    ck_assert(helper_out_end(&out, 0));
    for (size_t step = 1; step < out.n; step++) {
        helper_reader_init(&r, HELPER_SERVER);
        ck_assert_int_eq(feed(&r, out.bytes, out.n, step), HELPER_FRAME);
        ck_assert(helper_read_ask(&r, &ask));
        ck_assert_uint_eq(ask.flags, 3);
        ck_assert_uint_eq(ask.deadline_ms, 250);
        ck_assert_str_eq(ask.host, "host");
        ck_assert_str_eq(ask.content_type, "text/x");
        ck_assert_ptr_null(ask.message_id);
        ck_assert_uint_eq(ask.n, 4);
        ck_assert_mem_eq(ask.data, "abcd", 4);
        helper_reader_release(&r);
    }
}
END_TEST

START_TEST(a_body_cut_short_is_no_question)
{
    static struct helper_out out;
    struct helper_reader r;
    struct helper_ask ask;

    put_process(&out, "id");
    for (size_t n = HELPER_HEAD_BYTES; n < out.n; n++) {
        struct helper_out cut = out;

        cut.n = n;
        ck_assert(helper_out_end(&cut, 0));
        helper_reader_init(&r, HELPER_SERVER);
        ck_assert_int_eq(feed(&r, cut.bytes, cut.n, 1000), HELPER_FRAME);
        ck_assert(!helper_read_ask(&r, &ask));
        helper_reader_release(&r);
    }
}
END_TEST

static enum helper_got head(enum helper_side side, uint32_t n, uint32_t type)
{
    const uint8_t bytes[] = {(uint8_t)n,
                             (uint8_t)(n >> 8),
                             (uint8_t)(n >> 16),
                             (uint8_t)(n >> 24),
                             (uint8_t)type,
                             (uint8_t)(type >> 8),
                             (uint8_t)(type >> 16),
                             (uint8_t)(type >> 24)};
    struct helper_reader r;
    enum helper_got got;

    helper_reader_init(&r, side);
    got = feed(&r, bytes, sizeof(bytes), sizeof(bytes));
    /* A length alone gets at most a first piece of memory. */
    ck_assert_uint_le(r.room, 4096);
    helper_reader_release(&r);
    return got;
}

START_TEST(lengths_and_types_are_bounded_on_both_sides)
{
    ck_assert_int_eq(head(HELPER_SERVER, HELPER_MESSAGE_BYTES, HELPER_PROCESS),
                     HELPER_MORE);
    ck_assert_int_eq(head(HELPER_SERVER, UINT32_MAX, HELPER_PROCESS),
                     HELPER_BAD);
    ck_assert_int_eq(head(HELPER_SERVER,
                          HELPER_MESSAGE_BYTES + HELPER_SMALL_BYTES + 1,
                          HELPER_PROCESS),
                     HELPER_BAD);
    ck_assert_int_eq(head(HELPER_SERVER, HELPER_SMALL_BYTES + 1, HELPER_CHART),
                     HELPER_BAD);
    ck_assert_int_eq(head(HELPER_SERVER, 0, HELPER_STATUS), HELPER_FRAME);
    ck_assert_int_eq(head(HELPER_SERVER, 1, HELPER_STATUS), HELPER_BAD);
    ck_assert_int_eq(head(HELPER_SERVER, 0, HELPER_ANSWER), HELPER_BAD);
    ck_assert_int_eq(head(HELPER_CLIENT, 0, HELPER_STATUS), HELPER_BAD);
    ck_assert_int_eq(head(HELPER_CLIENT, UINT32_MAX, HELPER_ANSWER),
                     HELPER_BAD);
    ck_assert_int_eq(head(HELPER_CLIENT, HELPER_ANSWER_BYTES, HELPER_ANSWER),
                     HELPER_MORE);
    ck_assert_int_eq(head(HELPER_SERVER, 0, 0), HELPER_BAD);
    ck_assert_int_eq(head(HELPER_SERVER, 0, HELPER_ANSWER + 1), HELPER_BAD);
    ck_assert_int_eq(head(HELPER_CLIENT, 0, UINT32_MAX), HELPER_BAD);
}
END_TEST

START_TEST(an_answer_has_what_its_lengths_say)
{
    static struct helper_out out;
    struct helper_answer answer;
    struct helper_reader r;

    for (unsigned lie = 0; lie < 4; lie++) {
        helper_out_begin(&out, HELPER_ANSWER);
        helper_put_u32(&out, (uint32_t)-5);
        helper_put_text(&out, "why");
        helper_put_u32(&out, lie == 1 ? HELPER_RESULTS + 1 : 2);
        for (uint32_t i = 1; i <= 2; i++) {
            helper_put_u32(&out, i);
            helper_put_text(&out, lie == 2 ? NULL : "type");
            helper_put_u32(&out, lie == 3 ? 5 : 4 * (i - 1));
        }
        helper_put_u32(&out, 0x64636261);
        ck_assert(helper_out_end(&out, 0));
        helper_reader_init(&r, HELPER_CLIENT);
        ck_assert_int_eq(feed(&r, out.bytes, out.n, 3), HELPER_FRAME);
        ck_assert_int_eq(helper_read_answer(&r, &answer), lie == 0);
        if (lie == 0) {
            ck_assert_int_eq(answer.status, -5);
            ck_assert_str_eq(answer.text, "why");
            ck_assert_uint_eq(answer.result[0].n, 0);
            ck_assert_mem_eq(answer.result[1].data, "abcd", 4);
        }
        helper_reader_release(&r);
    }
}
END_TEST

START_TEST(what_does_not_fit_is_not_sent)
{
    static struct helper_out out;
    static char text[4 * HELPER_TEXT_BYTES];

    memset(text, 'x', sizeof(text) - 1);
    helper_out_begin(&out, HELPER_CHART);
    for (int i = 0; i < 9; i++)
        helper_put_text(&out, text); /* each is cut to a kilobyte */
    ck_assert(out.bad && !helper_out_end(&out, 0));
    put_process(&out, "id");
    ck_assert(helper_out_end(&out, HELPER_MESSAGE_BYTES));
    ck_assert(!helper_out_end(&out, (size_t)HELPER_MESSAGE_BYTES * 2));
}
END_TEST

/* ---- over a socket ------------------------------------------------------ */

static int end[2];

static void connect_both(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, end),
                     0);
}

START_TEST(a_peer_that_is_slow_or_gone_is_told_apart)
{
    static struct helper_out out;
    struct helper_reader r;
    struct iovec part = {.iov_base = out.bytes};
    int64_t began_ms = helper_now_ms();

    connect_both();
    helper_reader_init(&r, HELPER_SERVER);
    ck_assert_int_eq(helper_link_receive(end[0], &r, began_ms + 50),
                     HELPER_TOOK_TOO_LONG);
    ck_assert_int_ge(helper_now_ms() - began_ms, 49);
    ck_assert(!helper_reader_is_amid(&r) && !helper_link_stirs(end[0]));
    put_process(&out, "id");
    ck_assert(helper_out_end(&out, 0));
    part.iov_len = 5; /* half a head */
    ck_assert_int_eq(helper_link_send(end[1], &part, 1, began_ms + 5000),
                     HELPER_WENT_WELL);
    ck_assert_int_eq(helper_link_receive(end[0], &r, helper_now_ms() + 20),
                     HELPER_TOOK_TOO_LONG);
    ck_assert(helper_reader_is_amid(&r));
    (void)close(end[1]);
    ck_assert_int_eq(helper_link_receive(end[0], &r, helper_now_ms() + 5000),
                     HELPER_HUNG_UP);
    ck_assert(helper_link_stirs(end[0]));
    /* And writing to it is no signal. */
    ck_assert_int_eq(helper_link_put(end[0], &out, helper_now_ms() + 5000),
                     HELPER_HUNG_UP);
    helper_reader_release(&r);
    (void)close(end[0]);
}
END_TEST

START_TEST(a_peer_that_takes_nothing_holds_nobody)
{
    static struct helper_out out;
    char *much = calloc(1, 8 << 20);
    struct iovec part[2] = {{.iov_base = out.bytes},
                            {.iov_base = much, .iov_len = 8 << 20}};
    int64_t began_ms = helper_now_ms();

    connect_both();
    put_process(&out, "id");
    ck_assert(helper_out_end(&out, part[1].iov_len));
    part[0].iov_len = out.n;
    ck_assert_int_eq(helper_link_send(end[0], part, 2, began_ms + 60),
                     HELPER_TOOK_TOO_LONG);
    ck_assert_int_lt(helper_now_ms() - began_ms, 5000);
    free(much);
    (void)close(end[0]);
    (void)close(end[1]);
}
END_TEST

Suite *helper_frame_suite(void)
{
    const TTest *const tests[] = {
        a_question_comes_as_it_was_put,
        a_body_cut_short_is_no_question,
        lengths_and_types_are_bounded_on_both_sides,
        an_answer_has_what_its_lengths_say,
        what_does_not_fit_is_not_sent,
        a_peer_that_is_slow_or_gone_is_told_apart,
        a_peer_that_takes_nothing_holds_nobody,
    };

    return TEST_SUITE("helper/frame", tests);
}

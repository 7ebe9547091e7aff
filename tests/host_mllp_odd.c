/* SPDX-License-Identifier: Apache-2.0 */
/* MLLP as it happens: senders that vanish, stall, babble or are too many. */
#include "tests/host_net.h"
#include "tests/host_peer.h"
#include "tests/suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

Suite *host_mllp_odd_suite(void);

static void open_default(enum peer_mode mode)
{
    struct pl_mllp_options options = peer_options();

    peer_open(&options, mode);
}

static struct pl_mllp_counts counts(void)
{
    return pl_mllp_counts(peer_server());
}

START_TEST(drops_the_answer_to_a_sender_that_has_gone)
{
    int fd, other;

    open_default(PEER_HOLD);
    fd = peer_connect();
    ck_assert(net_send_frame(fd, AN_STR("MSH|1")));
    ck_assert(net_wait(peer_n_messages, 1));
    /* A reset, not a half-close: nobody is there any more. */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
               sizeof(struct linger));
    close(fd);
    ck_assert(net_wait(peer_n_lost, 1));
    /* The next sender gets the same slot and must not get that answer. */
    other = peer_connect();
    ck_assert(net_send_frame(other, AN_STR("MSH|2")));
    ck_assert(net_wait(peer_n_messages, 2));
    peer_answer(0, "to the first");
    ck_assert(net_wait(peer_n_dropped, 1));
    peer_answer(1, "to the second");
    ck_assert(net_expect_frame(other, "to the second"));
    close(other);
    peer_close(1000);
}
END_TEST

START_TEST(drops_a_second_answer_to_one_message)
{
    int fd;

    open_default(PEER_HOLD);
    fd = peer_connect();
    ck_assert(net_send_frame(fd, AN_STR("MSH|1")));
    ck_assert(net_wait(peer_n_messages, 1));
    peer_answer(0, "first");
    peer_answer(0, "second");
    ck_assert(net_wait(peer_n_dropped, 1));
    ck_assert(net_expect_frame(fd, "first"));
    ck_assert(net_send_frame(fd, AN_STR("MSH|2")));
    ck_assert(net_wait(peer_n_messages, 2));
    peer_answer(0, "first again");
    peer_answer(1, "third");
    ck_assert(net_expect_frame(fd, "third"));
    close(fd);
    peer_close(1000);
}
END_TEST

START_TEST(refuses_a_frame_that_is_too_long)
{
    char *text = malloc(200000), got[100];
    int fd;

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', 200000);
    open_default(PEER_ECHO);
    fd = peer_connect();
    ck_assert(net_send_frame(fd, (struct an_str){text, 10000}));
    ck_assert(net_wait(peer_n_messages, 1));
    ck_assert_uint_gt(net_receive(fd, got, sizeof(got), "\x1C\r"), 0);
    /* The refusal is heard although not all was read. */
    ck_assert(net_send(fd, AN_STR("\x0BMSH|^~\\&|")));
    (void)net_send(fd, (struct an_str){text, 200000});
    ck_assert(net_expect_frame(fd, "NAK"));
    ck_assert(net_is_closed(fd));
    ck_assert_int_eq(peer_bad().why, AN_LIMIT);
    ck_assert_uint_eq(peer_bad().byte, 10004);
    ck_assert_uint_eq(peer_n_messages(), 1);
    close(fd);
    free(text);
    peer_close(1000);
}
END_TEST

START_TEST(refuses_a_stream_that_is_no_mllp)
{
    char noise[2000];
    int fd;

    open_default(PEER_ECHO);
    memset(noise, 'G', sizeof(noise));
    fd = peer_connect();
    ck_assert(net_send(fd, (struct an_str){noise, sizeof(noise)}));
    ck_assert(net_expect_frame(fd, "NAK"));
    ck_assert(net_is_closed(fd));
    ck_assert_int_eq(peer_bad().why, AN_SYNTAX);
    ck_assert_uint_eq(peer_bad().byte, 0);
    close(fd);
    peer_close(1000);
}
END_TEST

START_TEST(says_that_a_frame_was_cut_off_by_the_end)
{
    int fd;

    open_default(PEER_ECHO);
    fd = peer_connect();
    ck_assert(net_send(fd, AN_STR("\r\n\x0BMSH|half")));
    shutdown(fd, SHUT_WR);
    ck_assert(net_expect_frame(fd, "NAK"));
    ck_assert(net_is_closed(fd));
    ck_assert_int_eq(peer_bad().why, AN_MISSING);
    ck_assert_uint_eq(peer_bad().byte, 3);
    ck_assert_uint_eq(peer_n_lost(), 1);
    ck_assert_uint_eq(peer_n_messages(), 0);
    close(fd);
    peer_close(1000);
}
END_TEST

START_TEST(passes_over_a_frame_that_began_anew)
{
    int fd;

    open_default(PEER_ECHO);
    fd = peer_connect();
    ck_assert(net_send(fd, AN_STR("noise\x0BMSH|old\x0BMSH|new\x1C\r")));
    ck_assert(net_expect_frame(fd, "ACK:MSH|new"));
    ck_assert_uint_eq(peer_n_bad(), 0);
    ck_assert_uint_gt(counts().junk, 5);
    close(fd);
    peer_close(1000);
}
END_TEST

START_TEST(takes_a_frame_whose_last_byte_was_left_out)
{
    struct pl_mllp_options options = peer_options();
    int fd;

    options.idle_ms = 5000;
    peer_open(&options, PEER_ECHO);
    fd = peer_connect();
    ck_assert(net_send(fd, AN_STR("\x0BMSH|1\x1C")));
    ck_assert(net_expect_frame(fd, "ACK:MSH|1"));
    ck_assert(net_send(fd, AN_STR("\x0BMSH|2\x1C")));
    shutdown(fd, SHUT_WR);
    ck_assert(net_expect_frame(fd, "ACK:MSH|2"));
    ck_assert(net_is_closed(fd));
    close(fd);
    peer_close(1000);
}
END_TEST

START_TEST(has_a_clock_for_each_state)
{
    int idle, slow, unanswered;

    open_default(PEER_HOLD);
    idle = peer_connect();
    slow = peer_connect();
    unanswered = peer_connect();
    ck_assert(net_send(slow, AN_STR("\x0BMSH|")));
    ck_assert(net_send_frame(unanswered, AN_STR("MSH|1")));
    /* Dripping does not help: the clock is that of the frame. */
    for (int i = 0; i < 100 && counts().frame_timeouts == 0; i++) {
        net_sleep_ms(50);
        (void)net_send(slow, AN_STR("x"));
    }
    ck_assert(net_is_closed(idle));
    ck_assert(net_is_closed(unanswered));
    /* A socket is closed before it is counted as closed. */
    for (int i = 0; i < 100 && counts().open > 0; i++)
        net_sleep_ms(50);
    ck_assert_uint_eq(counts().idle, 1);
    ck_assert_uint_eq(counts().frame_timeouts, 1);
    ck_assert_uint_eq(counts().answer_timeouts, 1);
    ck_assert_uint_eq(counts().open, 0);
    close(idle);
    close(slow);
    close(unanswered);
    peer_close(1000);
}
END_TEST

START_TEST(never_closes_an_idle_connection_if_told_so)
{
    struct pl_mllp_options options = peer_options();
    int fd;

    options.idle_ms = 0;
    peer_open(&options, PEER_ECHO);
    fd = peer_connect();
    net_sleep_ms(700);
    ck_assert(net_send_frame(fd, AN_STR("MSH|1")));
    ck_assert(net_expect_frame(fd, "ACK:MSH|1"));
    close(fd);
    peer_close(1000);
}
END_TEST

static uint64_t write_timeouts(void)
{
    return counts().write_timeouts;
}

START_TEST(gives_up_on_a_peer_that_does_not_read)
{
    static char answer[8 << 20];
    int fd, other;

    open_default(PEER_HOLD);
    fd = peer_connect();
    other = peer_connect();
    ck_assert(net_send_frame(fd, AN_STR("MSH|1")));
    ck_assert(net_wait(peer_n_messages, 1));
    memset(answer, 'x', sizeof(answer));
    ck_assert(pl_mllp_answer(peer_server(), (struct pl_conn_ref){0, 1},
                             (struct an_str){answer, sizeof(answer)}));
    /* Others are served meanwhile. */
    ck_assert(net_send_frame(other, AN_STR("MSH|2")));
    ck_assert(net_wait(peer_n_messages, 2));
    peer_answer(1, "meanwhile");
    ck_assert(net_expect_frame(other, "meanwhile"));
    ck_assert(net_wait(write_timeouts, 1));
    close(fd);
    close(other);
    peer_close(1000);
}
END_TEST

START_TEST(closes_when_the_message_cannot_be_taken_at_all)
{
    int fd;

    open_default(PEER_BREAK);
    fd = peer_connect();
    ck_assert(net_send_frame(fd, AN_STR("MSH|1")));
    ck_assert(net_is_closed(fd));
    close(fd);
    peer_close(1000);
}
END_TEST

START_TEST(turns_away_one_more_than_allowed)
{
    struct pl_mllp_options options = peer_options();
    int a, b, c;

    options.max_connections = 2;
    options.idle_ms = 0;
    peer_open(&options, PEER_ECHO);
    a = peer_connect();
    b = peer_connect();
    ck_assert(net_wait(peer_n_accepted, 2));
    c = peer_connect();
    ck_assert(net_is_closed(c));
    ck_assert_uint_eq(peer_n_refused(), 1);
    ck_assert(net_send_frame(b, AN_STR("MSH|1")));
    ck_assert(net_expect_frame(b, "ACK:MSH|1"));
    close(a);
    close(c);
    while (peer_n_open() > 1)
        net_sleep_ms(1);
    c = peer_connect();
    ck_assert(net_send_frame(c, AN_STR("MSH|2")));
    ck_assert(net_expect_frame(c, "ACK:MSH|2"));
    close(b);
    close(c);
    peer_close(1000);
}
END_TEST

START_TEST(survives_without_file_descriptors)
{
    struct pl_mllp_options options = peer_options();
    struct rlimit before, few;
    int a, b;

    options.idle_ms = 0;
    peer_open(&options, PEER_ECHO);
    a = peer_connect();
    b = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert(net_wait(peer_n_accepted, 1));
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    /* The next descriptor would be the first free number: allow none. */
    few = before;
    few.rlim_cur = (rlim_t)b + 1;
    close(b);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    b = peer_connect(); /* takes the last one; the server finds none */
    ck_assert(net_is_closed(b));
    ck_assert(net_wait(peer_n_refused, 1));
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    close(b);
    ck_assert(net_send_frame(a, AN_STR("MSH|1")));
    ck_assert(net_expect_frame(a, "ACK:MSH|1"));
    b = peer_connect();
    ck_assert(net_send_frame(b, AN_STR("MSH|2")));
    ck_assert(net_expect_frame(b, "ACK:MSH|2"));
    close(a);
    close(b);
    peer_close(1000);
}
END_TEST

static bool waits_for_no_pending(void)
{
    for (int i = 0; i < 5000 && pl_mllp_counts(peer_server()).pending; i++)
        net_sleep_ms(1);
    return pl_mllp_counts(peer_server()).pending == 0;
}

static void sends_and_waits(size_t n, struct an_str end)
{
    struct pl_mllp_options options = peer_options();
    char *text = malloc(n);
    int fd[2];

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', n);
    text[0] = '\v';
    options.max_frame_bytes = 1 << 20;
    options.max_pending_bytes = 3 << 19;
    options.frame_ms = 20000;
    options.idle_ms = 0;
    peer_open(&options, PEER_ECHO);
    for (uint64_t i = 0; i < 2; i++) {
        fd[i] = peer_connect();
        ck_assert(net_send(fd[i], (struct an_str){text, n}));
        ck_assert(net_send(fd[i], end));
        ck_assert(net_wait(peer_n_messages, i + 1));
        ck_assert(waits_for_no_pending());
    }
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).refused_pending, 0);
    ck_assert_uint_eq(peer_n_open(), 2);
    close(fd[0]);
    close(fd[1]);
    free(text);
    peer_close(1000);
}

/* Of frames that need a buffer of 1 MB there is room for one; LF behind the last
 * is what some senders end with. */
START_TEST(a_connection_that_waits_has_no_share_of_memory)
{
    sends_and_waits(700000, AN_STR("\x1c\r"));
    sends_and_waits(700000, AN_STR("\x1c\r\n"));
    sends_and_waits(200000, AN_STR("\x1c\r"));
    sends_and_waits(200000, AN_STR("\x1c\r\n"));
}
END_TEST

Suite *host_mllp_odd_suite(void)
{
    const TTest *const test[] = {drops_the_answer_to_a_sender_that_has_gone,
                                 drops_a_second_answer_to_one_message,
                                 refuses_a_frame_that_is_too_long,
                                 refuses_a_stream_that_is_no_mllp,
                                 says_that_a_frame_was_cut_off_by_the_end,
                                 passes_over_a_frame_that_began_anew,
                                 takes_a_frame_whose_last_byte_was_left_out,
                                 has_a_clock_for_each_state,
                                 never_closes_an_idle_connection_if_told_so,
                                 gives_up_on_a_peer_that_does_not_read,
                                 closes_when_the_message_cannot_be_taken_at_all,
                                 turns_away_one_more_than_allowed,
                                 a_connection_that_waits_has_no_share_of_memory,
                                 survives_without_file_descriptors};

    return TEST_SUITE("host/mllp_odd", test);
}

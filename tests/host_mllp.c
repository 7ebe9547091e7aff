/* SPDX-License-Identifier: Apache-2.0 */
/* MLLP as it should be: frames, order, many senders, stopping. */
#include "plugin/host/thread.h"
#include "tests/host_net.h"
#include "tests/host_peer.h"
#include "tests/suite.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

Suite *host_mllp_suite(void);

static void open_default(enum peer_mode mode)
{
    struct pl_mllp_options options = peer_options();

    peer_open(&options, mode);
}

START_TEST(answers_a_message_and_keeps_the_connection)
{
    int fd;

    open_default(PEER_ECHO);
    fd = peer_connect();
    for (int i = 0; i < 3; i++) {
        ck_assert(net_send_frame(fd, AN_STR("MSH|^~\\&|one")));
        ck_assert(net_expect_frame(fd, "ACK:MSH|^~\\&|one"));
    }
    close(fd);
    peer_close(1000);
}
END_TEST

START_TEST(joins_frames_sent_byte_by_byte)
{
    static const char frame[] = "\x0BMSH|bytes\x1C\r";
    int fd;

    open_default(PEER_ECHO);
    fd = peer_connect();
    for (size_t i = 0; i + 1 < sizeof(frame); i++) {
        ck_assert(net_send(fd, (struct an_str){frame + i, 1}));
        net_sleep_ms(2);
    }
    ck_assert(net_expect_frame(fd, "ACK:MSH|bytes"));
    close(fd);
    peer_close(1000);
}
END_TEST

START_TEST(answers_pipelined_messages_one_by_one_in_order)
{
    char want[32];
    int fd;

    open_default(PEER_HOLD);
    fd = peer_connect();
    for (int i = 0; i < 20; i++) {
        snprintf(want, sizeof(want), "MSH|%d", i);
        ck_assert(net_send_frame(fd, an_str_c(want)));
    }
    for (uint64_t i = 0; i < 20; i++) {
        ck_assert(net_wait(peer_n_messages, i + 1));
        net_sleep_ms(2);
        ck_assert_uint_eq(peer_n_messages(), i + 1); /* one in flight */
        snprintf(want, sizeof(want), "MSH|%d", (int)i);
        ck_assert_str_eq(peer_message(i), want);
        peer_answer(i, want);
        ck_assert(net_expect_frame(fd, want));
    }
    close(fd);
    peer_close(1000);
}
END_TEST

struct sender {
    pthread_t thread;
    int number;
    bool ok;
};

static void *send_many(void *arg)
{
    struct sender *me = arg;
    char message[64], want[80];
    int fd = peer_connect();

    me->ok = true;
    for (int i = 0; i < 50 && me->ok; i++) {
        snprintf(message, sizeof(message), "MSH|%d|%d", me->number, i);
        snprintf(want, sizeof(want), "ACK:%s", message);
        me->ok =
            net_send_frame(fd, an_str_c(message)) && net_expect_frame(fd, want);
    }
    close(fd);
    return NULL;
}

START_TEST(serves_many_senders_each_its_own_answers)
{
    struct sender sender[32];

    open_default(PEER_ECHO);
    for (int i = 0; i < 32; i++) {
        sender[i].number = i;
        ck_assert_int_eq(
            pl_thread_start(&sender[i].thread, send_many, &sender[i], NULL),
            AN_OK);
    }
    for (int i = 0; i < 32; i++) {
        pthread_join(sender[i].thread, NULL);
        ck_assert_msg(sender[i].ok, "sender %d", i);
    }
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).messages, 1600);
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).answers, 1600);
    ck_assert_uint_eq(peer_n_dropped(), 0);
    peer_close(1000);
}
END_TEST

START_TEST(answers_after_a_half_close)
{
    int fd;

    open_default(PEER_ECHO);
    fd = peer_connect();
    ck_assert(net_send_frame(fd, AN_STR("MSH|1")));
    ck_assert(net_send_frame(fd, AN_STR("MSH|2")));
    shutdown(fd, SHUT_WR);
    ck_assert(net_expect_frame(fd, "ACK:MSH|1"));
    ck_assert(net_expect_frame(fd, "ACK:MSH|2"));
    ck_assert(net_is_closed(fd));
    ck_assert_uint_eq(peer_n_lost(), 0);
    close(fd);
    peer_close(1000);
}
END_TEST

START_TEST(carries_messages_and_answers_of_any_size)
{
    struct pl_mllp_options options = peer_options();
    static const size_t sizes[] = {0, 1, 4095, 4096, 65536, 1 << 20, 3 << 20};
    char *text = malloc(3 << 20);
    int fd;

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', 3 << 20);
    options.max_frame_bytes = 3 << 20;
    options.frame_ms = options.write_ms = 5000;
    peer_open(&options, PEER_HOLD);
    fd = peer_connect();
    for (uint64_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t n = sizes[i] ? sizes[i] : 1, left = n + 3;
        char *got = malloc(left + 1);

        ck_assert_ptr_nonnull(got);
        ck_assert(net_send_frame(fd, (struct an_str){text, sizes[i]}));
        ck_assert(net_wait(peer_n_messages, i + 1));
        ck_assert(pl_mllp_answer(peer_server(), (struct pl_conn_ref){0, i + 1},
                                 (struct an_str){text, n}));
        ck_assert_uint_eq(net_receive(fd, got, left + 1, NULL), left);
        ck_assert_int_eq(got[left - 1], '\r');
        free(got);
    }
    free(text);
    close(fd);
    peer_close(1000);
}
END_TEST

static uint64_t n_in(void)
{
    return pl_mllp_counts(peer_server()).bytes_in;
}

static uint64_t n_ended(void)
{
    return peer_n_accepted() - peer_n_open();
}

/* A frame of 700 KB needs a buffer of 1 MB: there is room for one. */
START_TEST(frames_that_arrive_share_a_bounded_memory)
{
    enum { FRAME_BYTES = 700000 };
    struct pl_mllp_options options = peer_options();
    char *text = malloc(FRAME_BYTES);
    int a, b, c;

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', FRAME_BYTES);
    text[0] = '\v';
    options.max_frame_bytes = 1 << 20;
    options.max_pending_bytes = 3 << 19;
    options.frame_ms = options.idle_ms = 20000;
    peer_open(&options, PEER_ECHO);
    a = peer_connect();
    ck_assert(net_send(a, (struct an_str){text, FRAME_BYTES}));
    ck_assert(net_wait(n_in, FRAME_BYTES));
    ck_assert_uint_ge(pl_mllp_counts(peer_server()).pending, FRAME_BYTES);
    b = peer_connect();
    (void)net_send(b, (struct an_str){text, FRAME_BYTES});
    ck_assert(net_expect_frame(b, "NAK"));
    ck_assert(net_is_closed(b));
    close(b);
    ck_assert_int_eq(peer_bad().why, AN_BUSY);
    ck_assert_uint_eq(peer_bad().byte, 1);
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).refused_pending, 1);
    ck_assert_uint_le(pl_mllp_counts(peer_server()).pending,
                      options.max_pending_bytes);
    /* Small ones never wait for that room. */
    c = peer_connect();
    ck_assert(net_send_frame(c, AN_STR("MSH|small")));
    ck_assert(net_expect_frame(c, "ACK:MSH|small"));
    /* Whoever had it goes on, and leaves it to the next. */
    ck_assert(net_send(a, AN_STR("\x1c\r")));
    ck_assert(net_wait(peer_n_messages, 2));
    close(a);
    ck_assert(net_send_frame(c, (struct an_str){text + 1, FRAME_BYTES - 1}));
    ck_assert(net_wait(peer_n_messages, 3));
    close(c);
    ck_assert(net_wait(n_ended, 3));
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).pending, 0);
    free(text);
    peer_close(1000);
}
END_TEST

START_TEST(sends_nothing_for_an_empty_answer)
{
    int fd;

    open_default(PEER_HOLD);
    fd = peer_connect();
    ck_assert(net_send_frame(fd, AN_STR("MSH|1")));
    ck_assert(net_send_frame(fd, AN_STR("MSH|2")));
    ck_assert(net_wait(peer_n_messages, 1));
    peer_answer(0, "");
    ck_assert(net_wait(peer_n_messages, 2));
    peer_answer(1, "ACK 2");
    ck_assert(net_expect_frame(fd, "ACK 2"));
    close(fd);
    peer_close(1000);
}
END_TEST

START_TEST(holds_the_sender_back_while_the_queue_is_full)
{
    struct pl_mllp_options options = peer_options();
    char frame[1003];
    size_t n_sent = 0;
    int fd;

    options.answer_ms = 5000;
    peer_open(&options, PEER_BUSY);
    fd = peer_connect();
    memset(frame, 'x', sizeof(frame));
    frame[0] = 0x0B;
    frame[1001] = 0x1C;
    frame[1002] = '\r';
    /* Only the kernel's buffers and one read take any of it. */
    while (n_sent < (64U << 20)) {
        ssize_t n = send(fd, frame, sizeof(frame), MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n <= 0)
            break;
        n_sent += (size_t)n;
        if (n < (ssize_t)sizeof(frame))
            break;
    }
    ck_assert_uint_lt(n_sent, 64U << 20);
    ck_assert_uint_le(pl_mllp_counts(peer_server()).bytes_in, 64 << 10);
    ck_assert_uint_eq(peer_n_messages(), 0);
    peer_mode_set(PEER_ECHO);
    ck_assert(net_wait(peer_n_messages, 50));
    close(fd);
    peer_close(1000);
}
END_TEST

START_TEST(finishes_what_is_in_flight_when_it_stops)
{
    int busy, idle;

    open_default(PEER_ECHO);
    busy = peer_connect();
    idle = peer_connect();
    ck_assert(net_send_frame(idle, AN_STR("MSH|0")));
    ck_assert(net_expect_frame(idle, "ACK:MSH|0"));
    peer_mode_set(PEER_HOLD);
    ck_assert(net_send_frame(busy, AN_STR("MSH|1")));
    ck_assert(net_send_frame(busy, AN_STR("MSH|2")));
    ck_assert(net_wait(peer_n_messages, 2));
    peer_answer(1, "late");
    pl_mllp_stop(peer_server(), 5000);
    ck_assert(net_expect_frame(busy, "late"));
    /* The second one was not accepted: no answer says that it was. */
    ck_assert(!net_expect_frame(busy, "any"));
    ck_assert(net_is_closed(idle));
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).open, 0);
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).cut_off, 0);
    close(busy);
    close(idle);
    peer_close(0);
}
END_TEST

/* It stops in another thread, since it waits for what the test does next. */
static void *stop_in_time(void *grace_ms)
{
    pl_mllp_stop(peer_server(), *(const int64_t *)grace_ms);
    return NULL;
}

START_TEST(finishes_a_frame_that_has_begun_when_it_stops)
{
    int64_t grace_ms = 5000;
    struct pl_mllp_options options = peer_options();
    int begun, never, quiet;
    pthread_t thread;

    options.frame_ms = 400;
    peer_open(&options, PEER_ECHO);
    begun = peer_connect();
    never = peer_connect();
    quiet = peer_connect();
    ck_assert(net_send(begun, AN_STR("\x0BMSH|be")));
    ck_assert(net_send(never, AN_STR("\x0BMSH|never")));
    ck_assert(net_wait(peer_n_accepted, 3));
    net_sleep_ms(50);
    ck_assert_int_eq(pl_thread_start(&thread, stop_in_time, &grace_ms, NULL),
                     AN_OK);
    ck_assert(net_is_closed(quiet));
    /* Slower than the stop, and with one more that nobody will answer. */
    net_sleep_ms(100);
    ck_assert(net_send(begun, AN_STR("gun\x1C\r\x0BMSH|more\x1C\r")));
    ck_assert(net_expect_frame(begun, "ACK:MSH|begun"));
    ck_assert(net_is_closed(begun));
    close(begun);
    /* Its own clock ends the other long before the grace does. */
    ck_assert(net_is_closed(never));
    pthread_join(thread, NULL);
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).messages, 1);
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).answers, 1);
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).cut_off, 0);
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).frame_timeouts, 1);
    close(never);
    close(quiet);
    peer_close(0);
}
END_TEST

START_TEST(waits_for_room_in_the_queue_while_it_stops)
{
    int64_t grace_ms = 5000;
    struct pl_mllp_options options = peer_options();
    pthread_t thread;
    int fd;

    options.answer_ms = 5000;
    peer_open(&options, PEER_BUSY);
    fd = peer_connect();
    ck_assert(net_send_frame(fd, AN_STR("MSH|parked")));
    net_sleep_ms(50);
    ck_assert_int_eq(pl_thread_start(&thread, stop_in_time, &grace_ms, NULL),
                     AN_OK);
    net_sleep_ms(50);
    peer_mode_set(PEER_ECHO);
    ck_assert(net_expect_frame(fd, "ACK:MSH|parked"));
    pthread_join(thread, NULL);
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).held_back, 1);
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).cut_off, 0);
    close(fd);
    peer_close(0);
}
END_TEST

START_TEST(stops_at_once_when_it_is_hurried)
{
    int64_t grace_ms = 60000, began = pl_now_ms();
    struct pl_mllp_options options = peer_options();
    pthread_t thread;
    int fd;

    options.answer_ms = 60000;
    peer_open(&options, PEER_HOLD);
    fd = peer_connect();
    ck_assert(net_send_frame(fd, AN_STR("MSH|held")));
    ck_assert(net_wait(peer_n_messages, 1));
    ck_assert_int_eq(pl_thread_start(&thread, stop_in_time, &grace_ms, NULL),
                     AN_OK);
    net_sleep_ms(50);
    ck_assert_uint_eq(peer_n_open(), 1);
    pl_mllp_hurry(peer_server());
    pthread_join(thread, NULL);
    ck_assert_int_lt(pl_now_ms() - began, 5000);
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).cut_off, 1);
    ck_assert(net_is_closed(fd));
    close(fd);
    peer_close(0);
}
END_TEST

static uint64_t refused_address(void)
{
    return pl_mllp_counts(peer_server()).refused_address;
}

static uint64_t refused_many(void)
{
    return pl_mllp_counts(peer_server()).refused_many;
}

/* From 127.0.0.N. */
static int connect_from(uint8_t n)
{
    struct sockaddr_in from = {.sin_family = AF_INET},
                       to = {.sin_family = AF_INET};
    const struct timeval limit = {.tv_sec = 5};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    from.sin_addr.s_addr = htonl(0x7F000000U | n);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(pl_mllp_port(peer_server()));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&from, sizeof(from)), 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

START_TEST(lets_in_listed_addresses_only)
{
    struct cfg_network listed[2];
    struct pl_mllp_options options = peer_options();
    int in, out;

    ck_assert(cfg_value_network(AN_STR("127.0.0.16/28"), &listed[0]));
    ck_assert(cfg_value_network(AN_STR("2001:db8::/32"), &listed[1]));
    options.peers = (struct pl_peers){listed, 2};
    peer_open(&options, PEER_ECHO);
    in = connect_from(31);
    ck_assert(net_send_frame(in, AN_STR("MSH|in")));
    ck_assert(net_expect_frame(in, "ACK:MSH|in"));
    out = connect_from(32);
    ck_assert(net_is_closed(out));
    ck_assert(net_wait(refused_address, 1));
    ck_assert_uint_eq(peer_n_refused(), 0);
    ck_assert(net_send_frame(in, AN_STR("MSH|still")));
    ck_assert(net_expect_frame(in, "ACK:MSH|still"));
    close(in);
    close(out);
    peer_close(1000);
}
END_TEST

START_TEST(lets_in_so_many_of_one_address)
{
    struct pl_mllp_options options = peer_options();
    int first, second, third, other, again;

    options.max_per_peer = 2;
    peer_open(&options, PEER_ECHO);
    first = connect_from(1);
    second = connect_from(1);
    third = connect_from(1);
    ck_assert(net_is_closed(third));
    ck_assert(net_wait(refused_many, 1));
    other = connect_from(2);
    ck_assert(net_send_frame(other, AN_STR("MSH|other")));
    ck_assert(net_expect_frame(other, "ACK:MSH|other"));
    /* Who leaves makes room. */
    close(first);
    for (int i = 0; i < 1000 && peer_n_open() > 2; i++)
        net_sleep_ms(1);
    again = connect_from(1);
    ck_assert(net_send_frame(again, AN_STR("MSH|again")));
    ck_assert(net_expect_frame(again, "ACK:MSH|again"));
    close(second);
    close(third);
    close(other);
    close(again);
    peer_close(1000);
}
END_TEST

START_TEST(writes_two_answers_in_two_frames)
{
    int fd;

    open_default(PEER_HOLD);
    fd = peer_connect();
    ck_assert(net_send_frame(fd, AN_STR("MSH|1")));
    ck_assert(net_send_frame(fd, AN_STR("MSH|2")));
    ck_assert(net_wait(peer_n_messages, 1));
    ck_assert(pl_mllp_answer_both(peer_server(), (struct pl_conn_ref){0, 1},
                                  AN_STR("CA"), AN_STR("AA")));
    ck_assert(net_expect_frame(fd, "CA"));
    ck_assert(net_expect_frame(fd, "AA"));
    ck_assert(net_wait(peer_n_messages, 2));
    peer_answer(1, "next");
    ck_assert(net_expect_frame(fd, "next"));
    close(fd);
    peer_close(1000);
}
END_TEST

START_TEST(cuts_off_what_does_not_finish_in_time)
{
    int64_t began = pl_now_ms();
    int fd;

    open_default(PEER_HOLD);
    fd = peer_connect();
    ck_assert(net_send_frame(fd, AN_STR("MSH|1")));
    ck_assert(net_wait(peer_n_messages, 1));
    pl_mllp_stop(peer_server(), 50);
    ck_assert_int_lt(pl_now_ms() - began, 4000);
    ck_assert_uint_eq(pl_mllp_counts(peer_server()).cut_off, 1);
    peer_answer(0, "too late");
    ck_assert(net_is_closed(fd));
    close(fd);
    peer_close(0);
}
END_TEST

START_TEST(names_the_address_that_is_in_use)
{
    struct pl_mllp_options options = peer_options();
    const struct pl_mllp_calls calls = {NULL, NULL, NULL};
    struct pl_mllp *second;
    struct an_err err;
    char text[200], want[100];

    peer_open(&options, PEER_ECHO);
    options.address.port = pl_mllp_port(peer_server());
    ck_assert_int_eq(pl_mllp_open(&options, &calls, NULL, &second, &err),
                     AN_IO);
    ck_assert_ptr_null(second);
    an_err_print(&err, text, sizeof(text));
    snprintf(want, sizeof(want),
             "127.0.0.1:%u: cannot listen there (Address already in use)",
             options.address.port);
    ck_assert_str_eq(text, want);
    options.address.host = AN_STR("no.such.host.invalid");
    ck_assert_int_eq(pl_mllp_open(&options, &calls, NULL, &second, &err),
                     AN_IO);
    ck_assert_str_eq(err.what, "no such host");
    pl_mllp_close(NULL);
    peer_close(0);
}
END_TEST

Suite *host_mllp_suite(void)
{
    const TTest *const test[] = {answers_a_message_and_keeps_the_connection,
                                 joins_frames_sent_byte_by_byte,
                                 answers_pipelined_messages_one_by_one_in_order,
                                 serves_many_senders_each_its_own_answers,
                                 answers_after_a_half_close,
                                 carries_messages_and_answers_of_any_size,
                                 frames_that_arrive_share_a_bounded_memory,
                                 sends_nothing_for_an_empty_answer,
                                 holds_the_sender_back_while_the_queue_is_full,
                                 finishes_what_is_in_flight_when_it_stops,
                                 finishes_a_frame_that_has_begun_when_it_stops,
                                 waits_for_room_in_the_queue_while_it_stops,
                                 stops_at_once_when_it_is_hurried,
                                 lets_in_listed_addresses_only,
                                 lets_in_so_many_of_one_address,
                                 writes_two_answers_in_two_frames,
                                 cuts_off_what_does_not_finish_in_time,
                                 names_the_address_that_is_in_use};

    return TEST_SUITE("host/mllp", test);
}
